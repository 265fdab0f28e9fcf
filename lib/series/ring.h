/* The newest candles of one series in a ring of fixed size: ascending, each once, and without a hole but where the
 * exchange itself has none. */
/* SPDX-License-Identifier: MIT */
#ifndef WICK_SERIES_RING_H
#define WICK_SERIES_RING_H

#include "lib/base/error.h"
#include "lib/series/candle.h"
#include "proto/message.h"

#include <stdint.h>

struct ring {
    uint32_t interval_s;
    uint32_t capacity;
    uint32_t first; /* index of the oldest */
    uint32_t count;
    struct candle *candles; /* capacity of them; owned */
};

/* An empty ring; capacity > 0. ERROR_MEMORY. */
int ring_init(struct ring *ring, uint32_t interval_s, uint32_t capacity) MUST_CHECK;
void ring_release(struct ring *ring);

/* Forgets all candles and keeps the memory. */
void ring_clear(struct ring *ring);

/* Appends a candle, dropping the oldest when full. It must open exactly one interval after the newest; an empty ring
 * takes any. ERROR_EXISTS if it does not open after the newest; ERROR_MISSING if candles before it are missing;
 * ERROR_ARGUMENT if it is not a whole number of intervals away. */
int ring_append(struct ring *ring, const struct candle *candle) MUST_CHECK;

/* The same for a candle that follows ones which the exchange itself lacks: it may open any whole number of intervals
 * after the newest. */
int ring_append_after_gap(struct ring *ring, const struct candle *candle) MUST_CHECK;

/* The candle that opened at open_time_ms, or NULL. Valid until the next append. */
const struct candle *ring_find(const struct ring *ring, int64_t open_time_ms);

/* The i-th oldest, i < count. Valid until the next append. */
const struct candle *ring_at(const struct ring *ring, uint32_t i);

/* Open time of the newest, or -1. */
int64_t ring_newest_ms(const struct ring *ring);

#endif
