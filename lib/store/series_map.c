/* A hash table with linear probing over an array of series. Nothing is ever removed but all of it. */
/* SPDX-License-Identifier: MIT */
#include "lib/store/series_map.h"

#include "proto/shard.h"

#include <stdlib.h>
#include <string.h>

enum { CAPACITY_FIRST = 256 };

void series_map_clear(struct series_map *map)
{
    map->count = 0;
    if (map->slots != NULL)
        memset(map->slots, 0, 2 * map->capacity * sizeof map->slots[0]);
}

void series_map_release(struct series_map *map)
{
    free(map->entries);
    free(map->slots);
    *map = (struct series_map){0};
}

/* The slot where the series is, or where it would be put. The map has free slots. */
static uint32_t *find_slot(const struct series_map *map, const char *exchange, const char *symbol, uint32_t interval_s)
{
    uint64_t hash = hash64(symbol, strlen(symbol)) ^ (hash64(exchange, strlen(exchange)) << 1) ^ interval_s;
    size_t mask = 2 * map->capacity - 1;
    for (size_t i = hash & mask;; i = (i + 1) & mask) {
        uint32_t *slot = &map->slots[i];
        if (*slot == 0)
            return slot;
        const struct series_entry *entry = &map->entries[*slot - 1];
        if (entry->interval_s == interval_s && strcmp(entry->symbol, symbol) == 0 &&
            strcmp(entry->exchange, exchange) == 0)
            return slot;
    }
}

static int grow(struct series_map *map)
{
    if (map->capacity >= SERIES_MAP_MAX)
        return error_set(ERROR_FULL, "there are more than %d series", SERIES_MAP_MAX);
    struct series_map wider = {.capacity = map->capacity > 0 ? 2 * map->capacity : CAPACITY_FIRST};
    wider.entries = malloc(wider.capacity * sizeof wider.entries[0]);
    wider.slots = calloc(2 * wider.capacity, sizeof wider.slots[0]);
    if (wider.entries == NULL || wider.slots == NULL) {
        series_map_release(&wider);
        return error_set(ERROR_MEMORY, "no memory for %zu series", 2 * map->capacity);
    }
    for (; wider.count < map->count; wider.count++) {
        const struct series_entry *entry = &map->entries[wider.count];
        wider.entries[wider.count] = *entry;
        *find_slot(&wider, entry->exchange, entry->symbol, entry->interval_s) = (uint32_t)wider.count + 1;
    }
    series_map_release(map);
    *map = wider;
    return 0;
}

int series_map_put(struct series_map *map, const struct series_entry *entry)
{
    if (map->count == map->capacity) {
        int code = grow(map);
        if (code != 0)
            return code;
    }
    uint32_t *slot = find_slot(map, entry->exchange, entry->symbol, entry->interval_s);
    if (*slot == 0)
        *slot = (uint32_t)++map->count;
    map->entries[*slot - 1] = *entry;
    return 0;
}

const struct series_entry *series_map_find(const struct series_map *map, const char *exchange, const char *symbol,
                                           uint32_t interval_s)
{
    if (map->count == 0)
        return NULL;
    uint32_t slot = *find_slot(map, exchange, symbol, interval_s);
    return slot == 0 ? NULL : &map->entries[slot - 1];
}

bool is_same_series(const struct store_candle *left, const struct store_candle *right)
{
    return left->event.interval_s == right->event.interval_s && strcmp(left->event.symbol, right->event.symbol) == 0 &&
           (left->exchange == right->exchange || strcmp(left->exchange, right->exchange) == 0);
}

/* Adds a series to `missing` unless the map has it. */
static int list_if_missing(const struct series_map *map, const char *exchange, const char *symbol, uint32_t interval_s,
                           struct series_map *missing)
{
    if (series_map_find(map, exchange, symbol, interval_s) != NULL)
        return 0;
    struct series_entry entry = {.interval_s = interval_s};
    memcpy(entry.symbol, symbol, sizeof entry.symbol);
    int code = text_copy(entry.exchange, sizeof entry.exchange, exchange, strlen(exchange));
    return code == 0 ? series_map_put(missing, &entry) : code;
}

int series_map_list_missing(const struct series_map *map, const struct store_batch *batch, struct series_map *missing)
{
    int code = 0;
    for (size_t i = 0; i < batch->candle_count && code == 0; i++) {
        const struct store_candle *row = &batch->candles[i];
        if (i == 0 || !is_same_series(row, row - 1))
            code = list_if_missing(map, row->exchange, row->event.symbol, row->event.interval_s, missing);
    }
    for (size_t i = 0; i < batch->absence_count && code == 0; i++) {
        const struct store_absence *row = &batch->absences[i];
        code = list_if_missing(map, row->exchange, row->absence.symbol, row->absence.interval_s, missing);
    }
    return code;
}

const struct series_entry *series_map_next(const struct series_map *map, const struct query *query, size_t *at)
{
    while (*at < map->count) {
        const struct series_entry *entry = &map->entries[(*at)++];
        if ((query->exchange[0] == '\0' || strcmp(query->exchange, entry->exchange) == 0) &&
            (strcmp(query->symbol, "-") == 0 || strcmp(query->symbol, entry->symbol) == 0) &&
            (query->interval_s == 0 || query->interval_s == entry->interval_s))
            return entry;
    }
    return NULL;
}
