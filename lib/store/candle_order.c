/* Sorting the candles of a batch by key. */
/* SPDX-License-Identifier: MIT */
#include "lib/store/candle_order.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

void candle_order_release(struct candle_order *order)
{
    free(order->slots);
    *order = (struct candle_order){0};
}

static int compare_keys(const struct candle_slot *left, const struct candle_slot *right)
{
    if (left->series_id != right->series_id)
        return left->series_id < right->series_id ? -1 : 1;
    return (left->open_time_ms > right->open_time_ms) - (left->open_time_ms < right->open_time_ms);
}

static int compare_slots(const void *left, const void *right)
{
    const struct candle_slot *a = left, *b = right;
    int order = compare_keys(a, b);
    return order != 0 ? order : (a->row > b->row) - (a->row < b->row);
}

static int reserve(struct candle_order *order, size_t count)
{
    if (count <= order->capacity)
        return 0;
    struct candle_slot *slots = realloc(order->slots, count * sizeof slots[0]);
    if (slots == NULL)
        return error_set(ERROR_MEMORY, "no memory to sort %zu candles", count);
    order->slots = slots;
    order->capacity = count;
    return 0;
}

/* Fills the slots in the order of the batch and says whether their keys already ascend. */
static int fill_slots(struct candle_order *order, const struct store_batch *batch, const struct series_map *map,
                      bool *ascending)
{
    const struct series_entry *series = NULL;
    *ascending = true;
    for (size_t i = 0; i < batch->candle_count; i++) {
        const struct store_candle *candle = &batch->candles[i];
        if (i == 0 || !is_same_series(candle, candle - 1))
            series = series_map_find(map, candle->exchange, candle->event.symbol, candle->event.interval_s);
        if (series == NULL)
            return error_set(ERROR_MISSING, "series %s %s has no id", candle->exchange, candle->event.symbol);
        order->slots[i] = (struct candle_slot){candle->event.candle.open_time_ms, series->id, (uint32_t)i};
        *ascending = *ascending && (i == 0 || compare_keys(&order->slots[i - 1], &order->slots[i]) < 0);
    }
    order->count = batch->candle_count;
    return 0;
}

static void keep_last_of_each_key(struct candle_order *order)
{
    size_t kept = 0;
    for (size_t i = 0; i < order->count; i++) {
        if (kept > 0 && compare_keys(&order->slots[kept - 1], &order->slots[i]) == 0)
            kept--;
        order->slots[kept++] = order->slots[i];
    }
    order->count = kept;
}

int candle_order_build(struct candle_order *order, const struct store_batch *batch, const struct series_map *map)
{
    bool ascending;
    int code = reserve(order, batch->candle_count);
    if (code == 0)
        code = fill_slots(order, batch, map, &ascending);
    if (code != 0 || ascending)
        return code;
    qsort(order->slots, order->count, sizeof order->slots[0], compare_slots);
    keep_last_of_each_key(order);
    return 0;
}
