/* The candles of a batch in the order of their key, each key once: an engine that writes them so touches each page
 * of the table once, and two writers that meet do not deadlock. */
/* SPDX-License-Identifier: MIT */
#ifndef WICK_STORE_CANDLE_ORDER_H
#define WICK_STORE_CANDLE_ORDER_H

#include "lib/base/error.h"
#include "lib/store/series_map.h"
#include "lib/store/store.h"

#include <stddef.h>
#include <stdint.h>

struct candle_slot {
    int64_t open_time_ms;
    int32_t series_id;
    uint32_t row; /* index in the batch */
};

/* A zeroed order is empty. */
struct candle_order {
    struct candle_slot *slots; /* ascending by series_id, open_time_ms; owned */
    size_t count, capacity;
};

/* Frees it; a zeroed one is allowed. */
void candle_order_release(struct candle_order *order);

/* Orders the candles of a batch, whose series must all be in the map (ERROR_MISSING otherwise). Of several candles
 * with the same key only the last is in the order. ERROR_MEMORY. */
int candle_order_build(struct candle_order *order, const struct store_batch *batch, const struct series_map *map)
    MUST_CHECK;

#endif
