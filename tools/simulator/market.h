/* A market: symbols and their candles, as they will be once they have closed. Where they come from is a kind
 * (replay.c, generate.c); what of them is visible at a moment, the forming candle above all, is worked out here and
 * is the same for every kind. */
/* SPDX-License-Identifier: MIT */
#ifndef WICK_SIMULATOR_MARKET_H
#define WICK_SIMULATOR_MARKET_H

#include "lib/base/error.h"
#include "tools/simulator/changes.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    MARKET_NAME_SIZE = 21,     /* of a symbol, with its NUL: what the exchange allows */
    MARKET_SCALE_MAX = 8,      /* decimals on the wire */
    MARKET_TRADES_A_CANDLE = 4 /* at its open, at both extremes and at its close */
};

struct market_symbol {
    char name[MARKET_NAME_SIZE];
    char base[MARKET_NAME_SIZE];
    char quote[MARKET_NAME_SIZE];
    uint8_t price_scale;  /* a tick is 10^-price_scale of the quote asset */
    uint8_t volume_scale; /* a lot is 10^-volume_scale of the base asset */
};

/* Prices in ticks, the volume in lots. */
struct market_candle {
    int64_t open_time_ms;
    int64_t open, high, low, close;
    int64_t volume;
};

struct market;

struct market_kind {
    const char *name;
    /* How many candles of this symbol open before `time_ms`. */
    size_t (*locate)(const struct market *market, size_t symbol, int64_t time_ms);
    /* Writes the candles index .. index + count - 1; they must exist. Counted from the oldest, which is 0. */
    void (*read)(const struct market *market, size_t symbol, size_t index, size_t count, struct market_candle *out);
    void (*destroy)(struct market *market);
};

/* What every kind begins with. */
struct market {
    const struct market_kind *kind;
    uint32_t interval_s;           /* of the candles it has */
    int64_t start_ms;              /* where its clock starts, unless it is told otherwise */
    struct market_symbol *symbols; /* owned, as is by_name */
    uint32_t *by_name;             /* indices of symbols, by their names' order */
    size_t symbol_count;
    struct market_changes changes; /* set before anything is read; zeroed: none */
};

/* Fills by_name; call it once, when the symbols stand. ERROR_MEMORY, ERROR_EXISTS for a symbol that is there twice. */
int market_index(struct market *market) MUST_CHECK;

/* Frees what the common part owns; for the kinds' destroy. */
void market_release(struct market *market);

/* Frees a market of any kind; NULL is allowed. */
void market_destroy(struct market *market);

/* The index of a symbol, or -1. */
long market_find(const struct market *market, const char *name);

/* Splits a symbol's name behind its base asset ("ETHUSDT": ETH, USDT); a quote asset that is not known is taken to be
 * its last three letters. */
void market_split_name(struct market_symbol *symbol);

/* The least order value in a quote asset, in 10^-8 of it. */
int64_t market_least_notional(const char *quote);

/* Reads candles as they are once they have closed and nothing more changes them: the truth. */
void market_closed(const struct market *market, size_t symbol, size_t index, size_t count, struct market_candle *out);

/* How many candles of this symbol have opened by `now_ms`; the last of them may still be forming. */
size_t market_visible(const struct market *market, size_t symbol, int64_t now_ms);

/* Reads visible candles as they are told at `now_ms`: the forming one as far as it has come, and those that are going to
 * be revised as they are told before that. */
void market_read(const struct market *market, size_t symbol, size_t index, size_t count, int64_t now_ms,
                 struct market_candle *out);

/* The newest candle as it stands at `now_ms`. Before a symbol's first one: its first price, nothing traded. */
struct market_candle market_newest(const struct market *market, size_t symbol, int64_t now_ms);

/* Cuts a candle to its first `elapsed_ms` of `length_ms`. Its price runs from the open to one extreme, to the other,
 * to the close, a third of the time each: the low comes first when the candle rises. */
void candle_form(struct market_candle *candle, int64_t elapsed_ms, int64_t length_ms);

/* The quote asset that changed hands in a candle, in 10^-8: its volume at the mean of its four prices. Saturates. */
int64_t candle_quote(const struct market_candle *candle, const struct market_symbol *symbol);

/* How many trades a whole candle had: one for each of its four prices, as far as its lots reach. */
int64_t candle_trades(const struct market_candle *candle);

#endif
