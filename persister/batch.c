/* Collecting deliveries, and cutting them into transactions. */
/* SPDX-License-Identifier: MIT */
#include "persister/batch.h"

#include "lib/series/candle.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

int batch_init(struct batch *batch, size_t candle_rows)
{
    *batch = (struct batch){.candle_capacity = candle_rows + BATCH_CANDLES_EXTRA};
    batch->candles = calloc(batch->candle_capacity, sizeof batch->candles[0]);
    batch->absences = calloc(BATCH_ABSENCES_MAX, sizeof batch->absences[0]);
    batch->series = calloc(BATCH_SERIES_MAX, sizeof batch->series[0]);
    batch->deliveries = calloc(BATCH_DELIVERIES_MAX, sizeof batch->deliveries[0]);
    bool complete = batch->candles != NULL && batch->absences != NULL && batch->series != NULL &&
                    batch->deliveries != NULL;
    for (enum ledger_table table = 0; table < LEDGER_TABLES; table++) {
        batch->ledger[table] = calloc(BATCH_LEDGER_MAX, records[ledger_tables[table].record].size);
        batch->versions[table] = calloc(BATCH_LEDGER_MAX, sizeof batch->versions[table][0]);
        complete = complete && batch->ledger[table] != NULL && batch->versions[table] != NULL;
    }
    if (complete)
        return 0;
    batch_release(batch);
    return error_set(ERROR_MEMORY, "no memory for a batch of %zu candles", candle_rows);
}

void batch_release(struct batch *batch)
{
    free(batch->candles);
    free(batch->absences);
    free(batch->series);
    free(batch->deliveries);
    for (enum ledger_table table = 0; table < LEDGER_TABLES; table++) {
        free(batch->ledger[table]);
        free(batch->versions[table]);
    }
    *batch = (struct batch){0};
}

/* ---- taking ---- */

/* The next delivery, not yet counted, or NULL when all are in use. */
static struct delivery *next_delivery(struct batch *batch, const struct peer *peer, uint64_t sequence)
{
    if (batch->delivery_count == BATCH_DELIVERIES_MAX)
        return NULL;
    struct delivery *delivery = &batch->deliveries[batch->delivery_count];
    *delivery = (struct delivery){.peer = *peer, .sequence = sequence, .before = batch->used};
    return delivery;
}

static void count_delivery(struct batch *batch, int64_t now_ms)
{
    if (batch->delivery_count++ == 0)
        batch->oldest_ms = now_ms;
}

static int full(const char *what)
{
    return error_set(ERROR_FULL, "no room for more %s until the database has taken what waits", what);
}

/* Whether a row of these open times may come in. */
static bool admit(struct batch_door *door, const char *symbol, uint32_t interval_s, int64_t first_ms, int64_t last_ms)
{
    if (candle_time_is_plausible(first_ms, door->now_ms) && candle_time_is_plausible(last_ms, door->now_ms))
        return true;
    if (door->refused++ == 0) {
        door->sample = (struct absence){.interval_s = interval_s, .first_open_ms = first_ms, .last_open_ms = last_ms};
        memcpy(door->sample.symbol, symbol, sizeof door->sample.symbol);
    }
    return false;
}

int batch_take_candles(struct batch *batch, const struct peer *peer, const struct store_candles *message,
                       struct batch_door *door, int64_t now_ms)
{
    struct delivery *delivery = next_delivery(batch, peer, message->sequence);
    if (delivery == NULL || message->rows.count > batch->candle_capacity - batch->used.candles ||
        message->absences.count > BATCH_ABSENCES_MAX - batch->used.absences)
        return full("candles");
    memcpy(delivery->exchange, message->exchange, sizeof delivery->exchange);
    delivery->history = message->history;
    delivery->exchange_ms = message->exchange_ms;
    struct list rows = message->rows, absences = message->absences;
    struct candle_event event;
    while (list_next(&rows, RECORD_candle_event, &event)) {
        int64_t open_ms = event.candle.open_time_ms;
        if (admit(door, event.symbol, event.interval_s, open_ms, open_ms))
            batch->candles[batch->used.candles++] = (struct store_candle){delivery->exchange, event};
    }
    struct absence absence;
    while (list_next(&absences, RECORD_absence, &absence))
        if (admit(door, absence.symbol, absence.interval_s, absence.first_open_ms, absence.last_open_ms))
            batch->absences[batch->used.absences++] = (struct store_absence){delivery->exchange, absence};
    count_delivery(batch, now_ms);
    return 0;
}

int batch_take_series(struct batch *batch, const struct peer *peer, const struct store_series *message, int64_t now_ms)
{
    struct delivery *delivery = next_delivery(batch, peer, message->sequence);
    if (delivery == NULL || message->rows.count > BATCH_SERIES_MAX - batch->used.series)
        return full("series");
    memcpy(delivery->exchange, message->exchange, sizeof delivery->exchange);
    struct list rows = message->rows;
    struct store_series_start *row = &batch->series[batch->used.series];
    for (; list_next(&rows, RECORD_series_start, &row->start); row++)
        row->exchange = delivery->exchange;
    batch->used.series += message->rows.count;
    count_delivery(batch, now_ms);
    return 0;
}

/* Where a row names its account; 0: it has none. */
static const struct account_place {
    size_t exchange, quote_asset;
} account_places[LEDGER_TABLES] = {
    [TABLE_ORDERS] = {offsetof(struct order, exchange), offsetof(struct order, quote_asset)},
    [TABLE_FILLS] = {offsetof(struct fill, exchange), offsetof(struct fill, quote_asset)},
    [TABLE_POSITIONS] = {offsetof(struct position, exchange), offsetof(struct position, quote_asset)},
    [TABLE_EQUITY] = {offsetof(struct account, exchange), offsetof(struct account, quote_asset)},
};

/* Gives a row that does not name its account the one of the batch. */
static void name_account(const struct batch *batch, enum ledger_table table, unsigned char *row)
{
    const struct account_place *place = &account_places[table];
    if (place->quote_asset == 0 || row[place->quote_asset] != '\0')
        return;
    memcpy(row + place->quote_asset, batch->quote_asset, sizeof batch->quote_asset);
    if (row[place->exchange] == '\0')
        memcpy(row + place->exchange, batch->exchange, sizeof batch->exchange);
}

static void take_rows(struct batch *batch, enum ledger_table table, struct list rows, uint64_t version)
{
    enum record record = ledger_tables[table].record;
    size_t size = records[record].size, at = batch->used.ledger[table];
    for (unsigned char *row; list_next(&rows, record, row = (unsigned char *)batch->ledger[table] + at * size); at++) {
        name_account(batch, table, row);
        batch->versions[table][at] = version;
    }
    batch->used.ledger[table] = at;
}

int batch_take_ledger(struct batch *batch, const struct peer *peer, const struct store_ledger *message, int64_t now_ms)
{
    const struct list lists[LEDGER_TABLES] = {
        [TABLE_SIGNALS] = message->outcomes,     [TABLE_ORDERS] = message->orders,   [TABLE_FILLS] = message->fills,
        [TABLE_POSITIONS] = message->positions, [TABLE_EQUITY] = message->accounts,
    };
    struct delivery *delivery = next_delivery(batch, peer, message->sequence);
    bool fits = delivery != NULL;
    for (enum ledger_table table = 0; table < LEDGER_TABLES; table++)
        fits = fits && lists[table].count <= BATCH_LEDGER_MAX - batch->used.ledger[table];
    if (!fits)
        return full("changes of the ledger");
    delivery->generation = message->generation;
    uint64_t version = message->generation << 32 | (message->sequence & UINT32_MAX);
    for (enum ledger_table table = 0; table < LEDGER_TABLES; table++)
        take_rows(batch, table, lists[table], version);
    count_delivery(batch, now_ms);
    return 0;
}

static bool same_peer(const struct peer *left, const struct peer *right)
{
    return left->size == right->size && memcmp(left->id, right->id, left->size) == 0;
}

bool batch_has(const struct batch *batch, const struct peer *peer, uint64_t sequence)
{
    for (size_t i = batch->settled; i < batch->delivery_count; i++)
        if (batch->deliveries[i].sequence == sequence && same_peer(&batch->deliveries[i].peer, peer))
            return true;
    return false;
}

/* ---- what waits ---- */

size_t batch_waiting(const struct batch *batch)
{
    return batch->delivery_count - batch->settled;
}

bool batch_has_ledger(const struct batch *batch)
{
    for (size_t i = batch->settled; i < batch->delivery_count; i++)
        if (batch->deliveries[i].generation != 0)
            return true;
    return false;
}

/* The rows in front of the delivery at index `i`, which may be one behind the last. */
static const struct batch_counts *rows_before(const struct batch *batch, size_t i)
{
    return i < batch->delivery_count ? &batch->deliveries[i].before : &batch->used;
}

static size_t sum(const struct batch_counts *counts)
{
    size_t rows = counts->candles + counts->absences + counts->series;
    for (enum ledger_table table = 0; table < LEDGER_TABLES; table++)
        rows += counts->ledger[table];
    return rows;
}

size_t batch_rows(const struct batch *batch)
{
    return sum(&batch->used) - sum(rows_before(batch, batch->settled));
}

const struct delivery *batch_front(const struct batch *batch)
{
    assert(batch_waiting(batch) > 0);
    return &batch->deliveries[batch->settled];
}

bool delivery_is_fenced(const struct delivery *delivery, uint64_t generation)
{
    return delivery->generation != 0 && delivery->generation < generation;
}

/* ---- cutting ---- */

/* Whether all candles of the deliveries from `first` to `end` are history. */
static bool is_history(const struct batch *batch, size_t first, size_t end)
{
    for (size_t i = first; i < end; i++)
        if (!batch->deliveries[i].history && rows_before(batch, i + 1)->candles > rows_before(batch, i)->candles)
            return false;
    return true;
}

/* The newest word on an exchange's clock. History says nothing new of it, and is written fastest when nothing else is
 * written with it. */
static struct store_clock clock_of(const struct batch *batch, size_t first, size_t end)
{
    for (size_t i = end; i-- > first;)
        if (batch->deliveries[i].exchange_ms > 0 && !batch->deliveries[i].history)
            return (struct store_clock){batch->deliveries[i].exchange, batch->deliveries[i].exchange_ms};
    return (struct store_clock){0};
}

/* The rows of the deliveries from `first` to `end`, without copying any. */
static struct store_batch rows_of(const struct batch *batch, size_t first, size_t end)
{
    const struct batch_counts *from = rows_before(batch, first), *to = rows_before(batch, end);
    struct store_batch out = {
        .candles = batch->candles + from->candles,
        .candle_count = to->candles - from->candles,
        .history = is_history(batch, first, end),
        .clock = clock_of(batch, first, end),
        .absences = batch->absences + from->absences,
        .absence_count = to->absences - from->absences,
        .series = batch->series + from->series,
        .series_count = to->series - from->series,
    };
    unsigned char *bytes = (unsigned char *)&out;
    for (enum ledger_table table = 0; table < LEDGER_TABLES; table++) {
        const struct ledger_table_row *place = &ledger_tables[table];
        size_t at = from->ledger[table];
        const unsigned char *rows = batch->ledger[table];
        *(const void **)(void *)(bytes + place->rows) = rows + at * records[place->record].size;
        *(const uint64_t **)(void *)(bytes + place->versions) = batch->versions[table] + at;
        *(size_t *)(void *)(bytes + place->count) = to->ledger[table] - at;
    }
    return out;
}

size_t batch_next(const struct batch *batch, uint64_t generation, size_t rows_max, struct store_batch *out)
{
    uint64_t oldest_generation = 0;
    size_t front = sum(rows_before(batch, batch->settled));
    size_t count = 0, most = batch->suspects > 0 ? (batch->suspects + 1) / 2 : batch_waiting(batch);
    while (count < most) {
        const struct delivery *delivery = &batch->deliveries[batch->settled + count];
        size_t rows = sum(rows_before(batch, batch->settled + count + 1)) - front;
        if (delivery_is_fenced(delivery, generation) || (count > 0 && rows > rows_max))
            break;
        if (delivery->generation != 0 && (oldest_generation == 0 || delivery->generation < oldest_generation))
            oldest_generation = delivery->generation;
        count++;
    }
    *out = rows_of(batch, batch->settled, batch->settled + count);
    out->ledger_generation = oldest_generation;
    return count;
}

void batch_settle(struct batch *batch, size_t count)
{
    assert(count <= batch_waiting(batch));
    batch->settled += count;
    batch->suspects = batch->suspects > count ? batch->suspects - count : 0;
    if (batch->settled < batch->delivery_count)
        return;
    batch->settled = batch->delivery_count = 0;
    batch->used = (struct batch_counts){0};
}

void batch_suspect(struct batch *batch, size_t count)
{
    assert(count > 1 && count <= batch_waiting(batch));
    batch->suspects = count;
}
