/* Which markets are followed: a function of the exchange's list, its tickers, the ages of its markets, what is followed
 * now and what is held. Pure; who asks for all of this is poll.h, who acts on it refresh.h.
 *
 * Markets of the quote asset that market.symbols names are followed, and of those that it matches the first
 * market.max_symbols by quote volume or name that trade and keep to the rules (volume, age, price, spread). So that
 * nothing flaps, a market that is followed
 * - keeps its place until more than a tenth above max_symbols come before it,
 * - goes when it has broken a rule, or was not listed, in UNIVERSE_MISSES refreshes one after the other,
 * - stays while it does not trade,
 * - stays as long as a position or an order in it is open. */
/* SPDX-License-Identifier: MIT */
#ifndef WICK_FETCHER_UNIVERSE_H
#define WICK_FETCHER_UNIVERSE_H

#include "fetcher/market.h"
#include "lib/exchange/exchange.h"
#include "lib/runtime/config.h"
#include "lib/runtime/symbol_words.h"

enum {
    UNIVERSE_MISSES = 2,
    UNIVERSE_MARGIN = 10,  /* percent of max_symbols, at least one market */
    UNIVERSE_DAY_S = 86400,
    UNIVERSE_DAY_MS = 86400000,
};

enum universe_reason {
#define UNIVERSE_REASON(name, sentence) UNIVERSE_##name,
#include "fetcher/universe_reasons.def"
};

struct candidate {
    struct instrument instrument;
    bool listed;   /* the exchange has it in its list */
    bool followed; /* when the list was read */
    bool held;     /* a position or an order in it is open */
    bool quoted;   /* there is a ticker, so that the next three are known */
    double quote_volume, price, spread_ppm; /* -1: not told */
    int64_t oldest_ms; /* open time of its oldest daily candle that was seen; -1: none */
    bool aged;         /* its age was asked for since the list was read, */
    uint32_t failures; /* and so many such requests in a row failed */
    uint64_t failing_from; /* how many others had succeeded before the first of them */
    uint8_t misses;    /* refreshes in a row in which it broke a rule, or was not listed */
    bool chosen;
    enum universe_reason reason; /* for that */
};

struct universe {
    const struct config *config; /* borrowed */
    struct symbol_words words;
    bool by_volume;
    bool changing;     /* a list was read, and what follows from it is not settled: no other is to be read */
    struct candidate *candidates; /* once listed, ascending by name; MARKET_SYMBOLS_MAX; owned */
    size_t count;
    size_t left_out;   /* that there was no room for */
    struct candidate *before; /* those of the last refresh that was settled: what is remembered; owned */
    size_t before_count;
    struct candidate **ranked; /* room for those that compete; owned */
};

/* Reads the options, which config_load has checked. ERROR_CONFIGURATION for words of market.symbols that no market could
 * have; ERROR_MEMORY. */
int universe_init(struct universe *universe, const struct config *config) MUST_CHECK;
void universe_release(struct universe *universe);

/* The name of a reason. */
const char *universe_reason_name(enum universe_reason reason);

/* Before a list is read, for each of its rows, and when it was read: from then on the candidates stand in order, and
 * those that are followed and not listed are among them. ERROR_MISSING when no market of the quote asset is listed: then
 * this is no list to act on. */
void universe_begin(struct universe *universe);
void universe_offer(struct universe *universe, const struct instrument *instrument);
int universe_listed(struct universe *universe, struct market *market) MUST_CHECK;

/* A row of the list, or of the tickers, that could not be read: a market that is followed is as it was. Others are not
 * looked at. */
void universe_keep(struct universe *universe, struct market *market, const char *symbol);
void universe_keep_ticker(struct universe *universe, const char *symbol);

/* Whether the rules need the tickers of the whole exchange, and a row of them. */
bool universe_needs_tickers(const struct universe *universe);
void universe_offer_ticker(struct universe *universe, const struct exchange_ticker *row);

/* Whether any ticker was of a candidate. */
bool universe_is_quoted(const struct universe *universe);

/* Forgets what is held; something is held in this market. */
void universe_hold_none(struct universe *universe);
void universe_hold(struct universe *universe, const char *symbol);

/* Marks the chosen candidates, with the reason for each, and returns how many there are. It may be called again when
 * more is known. Ages that are not known count as high enough. */
size_t universe_choose(struct universe *universe, int64_t exchange_ms);

/* The next chosen candidate from index `from` on whose age is to be asked for, or `count`; and what came of it: the open
 * time of the oldest daily candle that it has, not before the one that would make it old enough, or -1 if there is
 * none. */
size_t universe_next_unaged(const struct universe *universe, size_t from);
void universe_set_age(struct universe *universe, size_t index, int64_t oldest_ms);

/* What was chosen is acted on: remembers what the next refresh has to know. Names of the configuration that are not
 * listed are logged. */
void universe_settle(struct universe *universe);

/* The candidate of a symbol, or NULL. */
struct candidate *universe_find(struct universe *universe, const char *symbol);

#endif
