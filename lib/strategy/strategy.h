/* A strategy: a function of closed candles that decides to enter or to leave. One strategy a file.
 *
 * It does not know what is held, what time it is, or which market it sees: whoever runs it, from whenever on, comes
 * to the same decisions. It decides on the edge of a condition between the last two candles, where undefined counts
 * as false. Its state holds indicators of lib/series only, so its warm-up follows from theirs. */
/* SPDX-License-Identifier: MIT */
#ifndef WICK_STRATEGY_STRATEGY_H
#define WICK_STRATEGY_STRATEGY_H

#include "lib/base/error.h"
#include "lib/runtime/config.h"
#include "lib/series/candle.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    STRATEGIES_MAX = 16,
    /* Candles of a series that may close while nobody analyses it, and are decided on by whoever takes it over. */
    STRATEGY_UNATTENDED_CANDLES = 128,
    STRATEGY_RING_MIN = 50, /* candles that are kept of a series however little the strategies need */
};

enum decision { DECISION_NONE, DECISION_BUY, DECISION_SELL };

struct strategy {
    const char *name; /* also the section of its options; what they must not be together stands in config_rules.c */

    bool (*enabled)(const struct config *config);

    /* Bytes of state that one series needs with these options. */
    size_t (*state_size)(const struct config *config);

    /* How many candles must have been fed, the one decided on included, for a decision to count. */
    uint32_t (*warm_up)(const struct config *config);

    /* Prepares zeroed memory of state_size bytes, aligned for a double, that will not be moved (it may point into
     * itself). Owns nothing else; there is no release. */
    void (*init)(void *state, const struct config *config);

    /* Feeds the next closed candle and decides. Allocates nothing. */
    enum decision (*next)(void *state, const struct bar *bar);
};

/* All strategies, one line each in strategy.c. */
extern const struct strategy *const strategies[];
extern const size_t strategy_count; /* at most STRATEGIES_MAX */

/* The longest warm-up of the enabled strategies, candles. */
uint32_t strategies_warm_up(const struct config *config);

/* How many candles of each series the fetcher keeps: the longest warm-up and STRATEGY_UNATTENDED_CANDLES, at least
 * STRATEGY_RING_MIN. */
uint32_t strategies_ring_size(const struct config *config);

#endif
