/* What the store knows: the newest candles of series into their rings, since when each series fires signals, and in which
 * markets a position or an order is open. Nothing that it has from before 2009 or from after the exchange's clock counts:
 * one such candle, if it came into a ring, would be the newest for ever. A query at a time; one that stays unanswered, or of whose answer a part was
 * lost, is asked again. */
/* SPDX-License-Identifier: MIT */
#ifndef WICK_FETCHER_HYDRATE_H
#define WICK_FETCHER_HYDRATE_H

#include "fetcher/market.h"
#include "lib/exchange/exchange_clock.h"
#include "lib/runtime/service.h"

enum {
    HYDRATE_SILENCE_MS = 5000, /* no part of an answer for so long: ask again */
    HYDRATE_PAUSE_MS = 1000,   /* after an answer that says why there is none, or that lacks a part */
    HYDRATE_AHEAD_MS = 60000,  /* what is no further ahead of the exchange's clock than this is not worth a word */
    HYDRATE_SINGLES_MAX = 32,  /* the candles of more symbols are asked for all at once */
};

struct hydrate {
    struct service_context *context; /* borrowed */
    struct market *market;           /* borrowed */
    enum hydrate_state { HYDRATE_IDLE, HYDRATE_ASKING, HYDRATE_DONE } state;
    enum query_kind kind;
    char symbol[SYMBOL_SIZE]; /* whose candles are asked for; "-": all */
    uint64_t id;         /* of the newest query; answers to others are ignored */
    uint32_t parts;      /* of its answer that came */
    int64_t deadline_ms; /* monotonic; then it is asked again */
    uint32_t limit;      /* candles of a series */
    uint64_t candles;    /* taken into rings since the start */
    int64_t exchange_ms; /* the exchange's clock at the newest query: what the store has of later is wrong, and passed over */
    bool ahead;          /* for coverage: such candles are asked about, not the others */
    size_t ahead_series; /* that have some, by the answer that is coming in, */
    size_t ahead_told;   /* and as many as were told */
    struct series_coverage ahead_sample; /* the first of them */
    const struct exchange_clock *clock; /* borrowed; set by the caller after hydrate_init */

    /* Called for each market of which QUERY_KIND_LEDGER says that something is open in it. */
    void (*on_held)(void *user, const char *symbol);
    void *user;
};

/* Nothing is asked yet. */
void hydrate_init(struct hydrate *hydrate, struct service_context *context, struct market *market,
                  void (*on_held)(void *user, const char *symbol), void *user);

/* The clock must be known. Begins QUERY_KIND_RECENT_CANDLES, of `limit` candles of each series that is not followed yet, or
 * QUERY_KIND_SERIES_STARTS of all, or QUERY_KIND_LEDGER, or QUERY_KIND_COVERAGE of all. */
void hydrate_begin(struct hydrate *hydrate, enum query_kind kind, uint32_t limit, int64_t now_ms);

/* Whether all that was begun was answered to its end. */
bool hydrate_is_done(const struct hydrate *hydrate);

/* One part of an answer. */
int hydrate_on_answer(struct hydrate *hydrate, const uint8_t *bytes, size_t size, int64_t now_ms) MUST_CHECK;

/* Asks again what was not answered. */
void hydrate_on_tick(struct hydrate *hydrate, int64_t now_ms);

#endif
