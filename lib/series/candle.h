/* What can be said of one candle: whether it can be true, whether two say the same, and how analysis sees it. */
/* SPDX-License-Identifier: MIT */
#ifndef WICK_SERIES_CANDLE_H
#define WICK_SERIES_CANDLE_H

#include "lib/base/error.h"
#include "proto/message.h"

#include <stdbool.h>
#include <stdint.h>

/* The candle as analysis sees it: the double nearest to each decimal. */
struct bar {
    double open, high, low, close, volume;
};

/* 2009-01-01T00:00:00Z, when the first coin was mined: no candle of any market is older. */
#define CANDLE_TIME_MIN_MS INT64_C(1230768000000)

/* Whether a candle may open at this time: not before 2009-01-01, and not after `now_ms`, the exchange's clock, or the
 * wall clock where no exchange tells one; INT64_MAX where no clock is known. Both in ms since 1970 UTC. One time that
 * is wrong would move what is newest, and everything that is counted from it, so it is asked at every door. */
bool candle_time_is_plausible(int64_t open_time_ms, int64_t now_ms);

/* Whether a candle can be true: prices positive, high >= open, close, low <= open, close, volume >= 0, its open time
 * on the grid of the interval, scales that decimals have. ERROR_PROTOCOL with what is wrong. */
int candle_check(const struct candle *candle, uint32_t interval_s) MUST_CHECK;

/* Whether two candles say the same, whatever their scales. */
bool candle_equal(const struct candle *left, const struct candle *right);

/* The candle in doubles. Equal candles give equal bits, while the mantissas are below 2^53. */
struct bar candle_bar(const struct candle *candle);

#endif
