/* The ids that the database gave to the series, in memory: exchange, symbol, interval -> id. */
/* SPDX-License-Identifier: MIT */
#ifndef WICK_STORE_SERIES_MAP_H
#define WICK_STORE_SERIES_MAP_H

#include "lib/base/error.h"
#include "lib/store/store.h"
#include "proto/message.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SERIES_MAP_MAX = 1 << 20 }; /* 10,000 symbols in each of 13 intervals, eight times over */

struct series_entry {
    char exchange[NAME_SIZE];
    char symbol[SYMBOL_SIZE];
    uint32_t interval_s;
    int32_t id;
};

/* A zeroed map is empty. */
struct series_map {
    struct series_entry *entries; /* in the order they were added; owned */
    uint32_t *slots;              /* hash table of indexes + 1; 0: free; owned */
    size_t count, capacity;       /* of the entries; there are twice as many slots */
};

/* Forgets all series and keeps the memory. */
void series_map_clear(struct series_map *map);
void series_map_release(struct series_map *map);

/* Adds a series or gives a known one another id. ERROR_MEMORY; ERROR_FULL at SERIES_MAP_MAX. */
int series_map_put(struct series_map *map, const struct series_entry *entry) MUST_CHECK;

/* The series, or NULL. */
const struct series_entry *series_map_find(const struct series_map *map, const char *exchange, const char *symbol,
                                           uint32_t interval_s);

/* Whether two candles of a batch are of one series; neighbours mostly are. */
bool is_same_series(const struct store_candle *left, const struct store_candle *right);

/* Adds to `missing`, with id 0, each series that the candles and absences of a batch name and that is not in the map.
 * Codes as series_map_put. */
int series_map_list_missing(const struct series_map *map, const struct store_batch *batch,
                            struct series_map *missing) MUST_CHECK;

/* The first series from index `*at` on that a query means: its exchange ("": any), symbol ("-": any) and interval
 * (0: any). Moves *at behind it; NULL when there is none left. */
const struct series_entry *series_map_next(const struct series_map *map, const struct query *query, size_t *at);

#endif
