/* The newest candles of one series, ascending and without a hole, in a ring of fixed size. */
/* SPDX-License-Identifier: MIT */
#ifndef WICK_SERIES_RING_H
#define WICK_SERIES_RING_H

#include "lib/base/error.h"
#include "proto/message.h"

#include <stdbool.h>
#include <stdint.h>

struct ring {
    uint32_t interval_s;
    uint32_t capacity;
    uint32_t first; /* index of the oldest */
    uint32_t count;
    struct candle *candles; /* capacity of them; owned */
};

/* ERROR_MEMORY. */
int ring_init(struct ring *ring, uint32_t interval_s, uint32_t capacity) MUST_CHECK;
void ring_release(struct ring *ring);

/* Appends a candle, dropping the oldest when full. It must open exactly one interval after the newest; an empty ring
 * takes any. ERROR_EXISTS if its time is in the ring's range or before; ERROR_MISSING if candles before it are
 * missing. */
int ring_append(struct ring *ring, const struct candle *candle) MUST_CHECK;

/* The candle that opened at open_time_ms, or NULL. */
const struct candle *ring_find(const struct ring *ring, int64_t open_time_ms);

/* The i-th oldest, i < count. */
const struct candle *ring_at(const struct ring *ring, uint32_t i);

/* Open time of the newest, or -1. */
int64_t ring_newest_ms(const struct ring *ring);

/* Whether a candle can be true: prices positive, high >= open, close, low <= open, close, volume >= 0, its open time
 * on the grid of the interval. ERROR_PROTOCOL with what is wrong. */
int candle_check(const struct candle *candle, uint32_t interval_s) MUST_CHECK;

/* Whether two candles say the same, whatever their scales. */
bool candle_equal(const struct candle *left, const struct candle *right);

#endif
