/* A market made up from a seed. Every candle is a function of the seed, the symbol and its open time, by arithmetic on
 * integers: any of them can be had at any time, in any order, on any machine, and a simulator that was killed goes on
 * with the same market. */
/* SPDX-License-Identifier: MIT */
#ifndef WICK_SIMULATOR_GENERATE_H
#define WICK_SIMULATOR_GENERATE_H

#include "tools/simulator/market.h"

enum {
    GENERATE_SYMBOLS_MAX = 20000,
    GENERATE_HISTORY = 10000, /* candles before the start */
};

struct generate_options {
    size_t symbols; /* 1 to GENERATE_SYMBOLS_MAX */
    uint64_t seed;
    uint32_t interval_s;
    int64_t start_ms; /* of the clock; history reaches back from here. Candles are the same whatever it is. */
};

/* ERROR_MEMORY. */
int generate_open(const struct generate_options *options, struct market **out) MUST_CHECK;

#endif
