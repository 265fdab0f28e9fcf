/* What the store knows: the newest candles of series into their rings, since when each series fires signals, and in which
 * markets a position or an order is open. A query at a time; one that stays unanswered, or of whose answer a part was
 * lost, is asked again. */
/* SPDX-License-Identifier: MIT */
#ifndef WICK_FETCHER_HYDRATE_H
#define WICK_FETCHER_HYDRATE_H

#include "fetcher/market.h"
#include "lib/runtime/service.h"

enum {
    HYDRATE_SILENCE_MS = 5000, /* no part of an answer for so long: ask again */
    HYDRATE_PAUSE_MS = 1000,   /* after an answer that says why there is none, or that lacks a part */
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

    /* Called for each market of which QUERY_KIND_LEDGER says that something is open in it. */
    void (*on_held)(void *user, const char *symbol);
    void *user;
};

/* Nothing is asked yet. */
void hydrate_init(struct hydrate *hydrate, struct service_context *context, struct market *market,
                  void (*on_held)(void *user, const char *symbol), void *user);

/* Begins QUERY_KIND_RECENT_CANDLES, of `limit` candles of each series that is not followed yet, or
 * QUERY_KIND_SERIES_STARTS of all, or QUERY_KIND_LEDGER, or QUERY_KIND_COVERAGE of all. */
void hydrate_begin(struct hydrate *hydrate, enum query_kind kind, uint32_t limit, int64_t now_ms);

/* Whether all that was begun was answered to its end. */
bool hydrate_is_done(const struct hydrate *hydrate);

/* One part of an answer. */
int hydrate_on_answer(struct hydrate *hydrate, const uint8_t *bytes, size_t size, int64_t now_ms) MUST_CHECK;

/* Asks again what was not answered. */
void hydrate_on_tick(struct hydrate *hydrate, int64_t now_ms);

#endif
