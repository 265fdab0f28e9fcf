/* The followed symbols and the rings of their series. */
/* SPDX-License-Identifier: MIT */
#include "fetcher/market.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

void market_init(struct market *market, const char *exchange)
{
    *market = (struct market){.exchange = exchange};
}

static int compare_instruments(const void *left, const void *right)
{
    return strcmp(((const struct instrument *)left)->symbol, ((const struct instrument *)right)->symbol);
}

static int compare_series(const void *left, const void *right)
{
    const struct series *a = left;
    const struct series *b = right;
    if (a->shard != b->shard)
        return a->shard < b->shard ? -1 : 1;
    int order = strcmp(a->symbol, b->symbol);
    if (order != 0)
        return order;
    return (a->interval_s > b->interval_s) - (a->interval_s < b->interval_s);
}

static void name_series(struct market *market, const uint32_t *intervals, size_t interval_count)
{
    for (size_t i = 0; i < market->series_count; i++) {
        struct series *series = &market->series[i];
        memcpy(series->symbol, market->instruments[i / interval_count].symbol, sizeof series->symbol);
        series->interval_s = intervals[i % interval_count];
        series->shard = shard_of(market->exchange, series->symbol);
        series->fire_from_ms = -1;
        series->stored_through_ms = -1;
    }
    qsort(market->series, market->series_count, sizeof *market->series, compare_series);
}

static void index_shards(struct market *market)
{
    uint32_t at = 0;
    for (uint32_t shard = 0; shard < SHARDS; shard++) {
        market->shard_first[shard] = at;
        while (at < market->series_count && market->series[at].shard == shard)
            at++;
    }
    market->shard_first[SHARDS] = at;
    assert(at == market->series_count);
}

int market_open(struct market *market, const struct instrument *instruments, size_t count, const uint32_t *intervals,
                size_t interval_count, uint32_t ring_size)
{
    assert(market->series == NULL && count > 0 && count <= MARKET_SYMBOLS_MAX);
    assert(interval_count > 0 && interval_count <= MARKET_INTERVALS_MAX);
    market->instruments = calloc(count, sizeof *market->instruments);
    market->series = calloc(count * interval_count, sizeof *market->series);
    if (market->instruments == NULL || market->series == NULL) {
        market_release(market);
        return error_set(ERROR_MEMORY, "room for %zu series", count * interval_count);
    }
    memcpy(market->instruments, instruments, count * sizeof *instruments);
    qsort(market->instruments, count, sizeof *market->instruments, compare_instruments);
    market->instrument_count = count;
    market->series_count = count * interval_count;
    name_series(market, intervals, interval_count);
    index_shards(market);
    for (size_t i = 0; i < market->series_count; i++) {
        struct series *series = &market->series[i];
        int code = ring_init(&series->ring, series->interval_s, ring_size);
        if (code != 0) {
            market_release(market);
            return error_context(code, "room for the candles of %zu series", count * interval_count);
        }
    }
    return 0;
}

void market_release(struct market *market)
{
    for (size_t i = 0; i < market->series_count; i++)
        ring_release(&market->series[i].ring);
    free(market->series);
    free(market->instruments);
    market_init(market, market->exchange);
}

void market_set_generation(struct market *market, uint64_t generation)
{
    if (generation == market->generation)
        return;
    market->generation = generation;
    memset(market->sequences, 0, sizeof market->sequences);
}

uint64_t market_stream_epoch(const struct market *market)
{
    return market->generation << 32;
}

uint64_t market_sequence(const struct market *market, uint16_t shard)
{
    assert(shard < SHARDS);
    return market->sequences[shard];
}

uint32_t market_shard_weight(const struct market *market, uint16_t shard)
{
    assert(shard < SHARDS);
    return market->shard_first[shard + 1] - market->shard_first[shard];
}

size_t market_series_of_shard(const struct market *market, uint16_t shard, const struct series **out, size_t capacity)
{
    uint32_t weight = market_shard_weight(market, shard);
    for (uint32_t i = 0; i < weight && i < capacity; i++)
        out[i] = &market->series[market->shard_first[shard] + i];
    return weight;
}

bool market_shard_ready(const struct market *market, uint16_t shard)
{
    assert(shard < SHARDS);
    for (uint32_t i = market->shard_first[shard]; i < market->shard_first[shard + 1]; i++)
        if (!market->series[i].ready)
            return false;
    return true;
}

struct series *market_find(struct market *market, const char *symbol, uint32_t interval_s)
{
    uint16_t shard = shard_of(market->exchange, symbol);
    for (uint32_t i = market->shard_first[shard]; i < market->shard_first[shard + 1]; i++)
        if (market->series[i].interval_s == interval_s && strcmp(market->series[i].symbol, symbol) == 0)
            return &market->series[i];
    return NULL;
}

struct instrument *market_instrument(struct market *market, const char *symbol)
{
    struct instrument key;
    if (market->instrument_count == 0 || text_copy(key.symbol, sizeof key.symbol, symbol, strlen(symbol)) != 0)
        return NULL;
    return bsearch(&key, market->instruments, market->instrument_count, sizeof key, compare_instruments);
}

uint32_t series_unstored(const struct series *series)
{
    uint32_t count = 0;
    while (count < series->ring.count &&
           ring_at(&series->ring, series->ring.count - 1 - count)->open_time_ms > series->stored_through_ms)
        count++;
    return count;
}

size_t market_ready_count(const struct market *market)
{
    size_t count = 0;
    for (size_t i = 0; i < market->series_count; i++)
        count += market->series[i].ready;
    return count;
}
