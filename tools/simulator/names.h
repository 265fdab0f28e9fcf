/* The symbols of a made-up market: first the well-known ones, then tickers that nobody has. */
/* SPDX-License-Identifier: MIT */
#ifndef WICK_SIMULATOR_NAMES_H
#define WICK_SIMULATOR_NAMES_H

#include "tools/simulator/market.h"

/* What a made-up price starts from. */
struct listing {
    char base[8];
    uint8_t price_scale, volume_scale;
    int64_t price;          /* in ticks: the middle that it moves around */
    int64_t turnover;       /* of a usual minute, in the quote asset */
    int64_t volatility_ppm; /* of a minute's return: one standard deviation, in millionths */
};

/* Writes the first `count` listings; the same for every seed but for the numbers of the made-up ones. */
void names_list(uint64_t seed, size_t count, struct listing *out);

#endif
