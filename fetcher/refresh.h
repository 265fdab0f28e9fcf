/* The market follows the universe: what was chosen comes, what was not goes.
 *
 * A symbol goes in three steps. It leaves its shard, so that no analyzer decides on it any more; after
 * REFRESH_SETTLE_MS, when what was decided before has become an order or nothing, the store is asked once more what is
 * held, and what is held stays; the others' memory is given back when the store has all of their candles. */
/* SPDX-License-Identifier: MIT */
#ifndef WICK_FETCHER_REFRESH_H
#define WICK_FETCHER_REFRESH_H

#include "fetcher/universe.h"

enum { REFRESH_SETTLE_MS = 5000 }; /* more than the lease of a shard */

struct refresh {
    struct universe *universe; /* borrowed */
    struct market *market;     /* borrowed */
    enum { REFRESH_STEADY, REFRESH_LEAVING, REFRESH_RELEASING } state; /* of those that are leaving */
    int64_t since_ms; /* monotonic; when the last one left */
    size_t arrived;   /* symbols that the last choice added */
};

/* Nobody is leaving. Universe and market must outlive it. */
void refresh_init(struct refresh *refresh, struct universe *universe, struct market *market);

/* Acts on what was chosen and settles it. Returns how many symbols came, left or changed: then others have to know.
 * `first`: the market was empty, so that who comes is no news. A symbol for which there is no room is logged. */
size_t refresh_apply(struct refresh *refresh, bool first, int64_t now_ms);

/* Whether what is held is to be asked for again, before those that are leaving go. */
bool refresh_must_ask(const struct refresh *refresh, int64_t now_ms);

/* The answer to that: something is held in this market, so it stays. True if it was leaving. */
bool refresh_hold(struct refresh *refresh, const char *symbol);

/* All of that answer was heard: the others may go. */
void refresh_heard(struct refresh *refresh);

/* Gives back what can be given back. Returns how many symbols went. */
size_t refresh_release(struct refresh *refresh);

#endif
