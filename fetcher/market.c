/* The followed symbols and the rings of their series. */
/* SPDX-License-Identifier: MIT */
#include "fetcher/market.h"

#include "fetcher/stuck.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>

void market_init(struct market *market, const char *exchange)
{
    *market = (struct market){.exchange = exchange};
}

/* ---- symbols ---- */

/* The place of a symbol among the instruments, or where it would stand. */
static size_t place_of(const struct market *market, const char *symbol)
{
    size_t low = 0, high = market->instrument_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (strcmp(market->instruments[middle].symbol, symbol) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

struct instrument *market_instrument(struct market *market, const char *symbol)
{
    size_t at = place_of(market, symbol);
    return at < market->instrument_count && strcmp(market->instruments[at].symbol, symbol) == 0
               ? &market->instruments[at] : NULL;
}

static void insert_instrument(struct market *market, const struct instrument *instrument)
{
    size_t at = place_of(market, instrument->symbol);
    memmove(&market->instruments[at + 1], &market->instruments[at],
            (market->instrument_count - at) * sizeof *market->instruments);
    market->instruments[at] = *instrument;
    market->instrument_count++;
}

static void remove_instrument(struct market *market, const char *symbol)
{
    size_t at = place_of(market, symbol);
    assert(at < market->instrument_count && strcmp(market->instruments[at].symbol, symbol) == 0);
    market->instrument_count--;
    memmove(&market->instruments[at], &market->instruments[at + 1],
            (market->instrument_count - at) * sizeof *market->instruments);
}

/* ---- series ---- */

/* Where a series stands, or would stand, in the chain of its shard. */
static struct series **link_of(struct market *market, uint16_t shard, const char *symbol, uint32_t interval_s)
{
    struct series **link = &market->shards[shard];
    for (; *link != NULL; link = &(*link)->next) {
        int order = strcmp((*link)->symbol, symbol);
        if (order > 0 || (order == 0 && (*link)->interval_s >= interval_s))
            break;
    }
    return link;
}

struct series *market_find(struct market *market, const char *symbol, uint32_t interval_s)
{
    struct series *series = *link_of(market, shard_of(market->exchange, symbol), symbol, interval_s);
    return series != NULL && series->interval_s == interval_s && strcmp(series->symbol, symbol) == 0 ? series : NULL;
}

/* The first series of a symbol; the others follow it. */
static struct series *first_of_symbol(const struct market *market, const char *symbol)
{
    struct series *series = market->shards[shard_of(market->exchange, symbol)];
    while (series != NULL && strcmp(series->symbol, symbol) != 0)
        series = series->next;
    return series;
}

/* The next series of the same symbol, or NULL. */
static struct series *next_of_symbol(const struct series *series)
{
    return series->next != NULL && strcmp(series->next->symbol, series->symbol) == 0 ? series->next : NULL;
}

static struct series *take_slot(struct market *market)
{
    struct series *slot = market->free;
    if (slot != NULL)
        market->free = slot->next;
    else
        slot = &market->slots[market->slot_count++];
    return slot;
}

static void give_slot_back(struct market *market, struct series *slot)
{
    ring_release(&slot->ring);
    *slot = (struct series){.next = market->free};
    market->free = slot;
}

static int add_series(struct market *market, const struct instrument *instrument, uint32_t interval_s)
{
    struct ring ring;
    int code = ring_init(&ring, interval_s, market->ring_size);
    if (code != 0)
        return code;
    struct series *series = take_slot(market);
    *series = (struct series){
        .id = ++market->last_id,
        .interval_s = interval_s,
        .shard = shard_of(market->exchange, instrument->symbol),
        .halted = !instrument->trading,
        .fire_from_ms = -1,
        .searched_ms = -1,
        .stored_through_ms = -1,
        .stored_from_ms = -1,
        .dropped_through_ms = -1,
        .fill.top_ms = -1,
        .ring = ring,
    };
    memcpy(series->symbol, instrument->symbol, sizeof series->symbol);
    struct series **link = link_of(market, series->shard, series->symbol, interval_s);
    series->next = *link;
    *link = series;
    market->weights[series->shard]++;
    market->series_count++;
    return 0;
}

static void remove_series(struct market *market, struct series *series)
{
    struct series **link = link_of(market, series->shard, series->symbol, series->interval_s);
    assert(*link == series);
    *link = series->next;
    if (!series->leaving)
        market->weights[series->shard]--;
    market->series_count--;
    give_slot_back(market, series);
}

static void remove_symbol(struct market *market, const char *symbol)
{
    for (struct series *series; (series = first_of_symbol(market, symbol)) != NULL;)
        remove_series(market, series);
}

/* ---- coming and going ---- */

/* Turns a symbol round that is on its way in or out. */
static bool set_leaving(struct market *market, const char *symbol, bool leaving)
{
    struct series *series = first_of_symbol(market, symbol);
    if (series == NULL || series->leaving == leaving)
        return false;
    for (uint16_t shard = series->shard; series != NULL; series = next_of_symbol(series)) {
        series->leaving = leaving;
        series->followed = false;
        market->weights[shard] = leaving ? market->weights[shard] - 1 : market->weights[shard] + 1;
        market->departures[shard]++;
    }
    market->instruments_leaving = leaving ? market->instruments_leaving + 1 : market->instruments_leaving - 1;
    return true;
}

int market_add(struct market *market, const struct instrument *instrument)
{
    if (market_instrument(market, instrument->symbol) != NULL) {
        if (!set_leaving(market, instrument->symbol, false))
            return error_set(ERROR_EXISTS, "%s is followed already", instrument->symbol);
        market_set_instrument(market, instrument);
        return 0;
    }
    if (market->instrument_count == MARKET_SYMBOLS_MAX)
        return error_set(ERROR_FULL, "%d symbols are followed already", MARKET_SYMBOLS_MAX);
    for (size_t i = 0; i < market->interval_count; i++) {
        int code = add_series(market, instrument, market->intervals[i]);
        if (code != 0) {
            remove_symbol(market, instrument->symbol);
            return error_context(code, "%s", instrument->symbol);
        }
    }
    insert_instrument(market, instrument);
    return 0;
}

bool market_leave(struct market *market, const char *symbol)
{
    return set_leaving(market, symbol, true);
}

bool market_is_leaving(const struct market *market, const char *symbol)
{
    const struct series *series = first_of_symbol(market, symbol);
    return series != NULL && series->leaving;
}

/* Whether the store has every candle of a symbol. */
static bool is_stored(const struct series *series)
{
    for (; series != NULL; series = next_of_symbol(series))
        if (series->storing || series->waiting_to_store || series_unstored(series) > 0)
            return false;
    return true;
}

size_t market_release_left(struct market *market)
{
    size_t gone = 0;
    for (size_t i = market->instrument_count; i-- > 0 && market->instruments_leaving > 0;) {
        const char *symbol = market->instruments[i].symbol;
        const struct series *first = first_of_symbol(market, symbol);
        if (!first->leaving || !is_stored(first))
            continue;
        remove_symbol(market, symbol);
        remove_instrument(market, symbol);
        market->instruments_leaving--;
        gone++;
    }
    return gone;
}

void market_set_instrument(struct market *market, const struct instrument *instrument)
{
    struct instrument *known = market_instrument(market, instrument->symbol);
    assert(known != NULL);
    *known = *instrument;
    for (struct series *series = first_of_symbol(market, known->symbol); series != NULL;
         series = next_of_symbol(series)) {
        series->resumed = series->resumed || (series->halted && known->trading);
        series->halted = !known->trading;
    }
}

/* ---- life ---- */

static int allocate(struct market *market)
{
    market->instruments = calloc(MARKET_SYMBOLS_MAX, sizeof *market->instruments);
    market->slots = calloc(MARKET_SYMBOLS_MAX * market->interval_count, sizeof *market->slots);
    if (market->instruments == NULL || market->slots == NULL)
        return error_set(ERROR_MEMORY, "the list of %zu series", MARKET_SYMBOLS_MAX * market->interval_count);
    return 0;
}

int market_open(struct market *market, const struct instrument *instruments, size_t count, const uint32_t *intervals,
                size_t interval_count, uint32_t ring_size)
{
    assert(market->slots == NULL && count <= MARKET_SYMBOLS_MAX);
    assert(interval_count > 0 && interval_count <= MARKET_INTERVALS_MAX);
    memcpy(market->intervals, intervals, interval_count * sizeof *intervals);
    market->interval_count = interval_count;
    market->ring_size = ring_size;
    int code = allocate(market);
    for (size_t i = 0; i < count && code == 0; i++)
        code = market_add(market, &instruments[i]);
    if (code != 0)
        market_release(market);
    return code;
}

void market_release(struct market *market)
{
    for (size_t i = 0; i < market->slot_count; i++)
        ring_release(&market->slots[i].ring);
    free(market->slots);
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

/* ---- reading ---- */

struct series *market_next(const struct market *market, const struct series *after)
{
    for (size_t i = after != NULL ? market_index(market, after) + 1 : 0; i < market->slot_count; i++)
        if (market->slots[i].id != 0)
            return &market->slots[i];
    return NULL;
}

size_t market_index(const struct market *market, const struct series *series)
{
    assert(series >= market->slots && series < market->slots + market->slot_count);
    return (size_t)(series - market->slots);
}

struct series *market_series(const struct market *market, size_t index, uint64_t id)
{
    return index < market->slot_count && market->slots[index].id == id ? &market->slots[index] : NULL;
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
    return market->weights[shard];
}

uint64_t market_shard_departures(const struct market *market, uint16_t shard)
{
    assert(shard < SHARDS);
    return market->departures[shard];
}

size_t market_series_of_shard(const struct market *market, uint16_t shard, const struct series **out, size_t capacity)
{
    size_t count = 0;
    assert(shard < SHARDS);
    for (const struct series *series = market->shards[shard]; series != NULL; series = series->next) {
        if (series->leaving || !series->ready || series->fire_from_ms < 0)
            continue;
        if (count < capacity)
            out[count] = series;
        count++;
    }
    return count;
}

/* Whether nobody waits for a series any more; a beginning that is not confirmed comes from the store. */
static bool is_settled(const struct series *series)
{
    return series->ready || (series->stuck & 1u << STUCK_CANDLES) != 0;
}

size_t market_settled_of_shard(const struct market *market, uint16_t shard)
{
    size_t count = 0;
    assert(shard < SHARDS);
    for (const struct series *series = market->shards[shard]; series != NULL; series = series->next)
        count += !series->leaving && series->fire_from_ms >= 0 && is_settled(series);
    return count;
}

uint32_t series_unstored(const struct series *series)
{
    uint32_t count = 0;
    while (count < series->ring.count &&
           ring_at(&series->ring, series->ring.count - 1 - count)->open_time_ms > series->stored_through_ms)
        count++;
    return count;
}

bool series_is_behind(const struct series *series)
{
    return series->stored_through_ms >= 0 && series->dropped_through_ms > series->stored_through_ms;
}

size_t market_ready_count(const struct market *market)
{
    size_t count = 0;
    for (const struct series *series = NULL; (series = market_next(market, series)) != NULL;)
        count += series->ready;
    return count;
}

size_t market_settled_count(const struct market *market)
{
    size_t count = 0;
    for (const struct series *series = NULL; (series = market_next(market, series)) != NULL;)
        count += is_settled(series);
    return count;
}
