/* A sorted array that is moved by memmove: it is short, and read more often than written. */
/* SPDX-License-Identifier: MIT */
#include "dashboard/recent.h"

#include "proto/message.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

int recent_init(struct recent *recent, const struct recent_kind *kind)
{
    recent->kind = kind;
    recent->count = 0;
    recent->rows = calloc(kind->capacity, kind->row_size);
    recent->dirty = calloc(kind->capacity, sizeof *recent->dirty);
    if (recent->rows != NULL && recent->dirty != NULL)
        return 0;
    recent_release(recent);
    return error_set(ERROR_MEMORY, "no memory for the recent rows");
}

void recent_release(struct recent *recent)
{
    free(recent->rows);
    free(recent->dirty);
    recent->rows = NULL;
    recent->dirty = NULL;
    recent->count = 0;
}

const void *recent_row(const struct recent *recent, size_t place)
{
    assert(place < recent->kind->capacity);
    return recent->rows + place * recent->kind->row_size;
}

static size_t find(const struct recent *recent, const void *row)
{
    size_t place = 0;
    while (place < recent->count && !recent->kind->same(recent_row(recent, place), row))
        place++;
    return place;
}

/* Moves the rows [from, from + count) to another place. */
static void move(struct recent *recent, size_t to, size_t from, size_t count)
{
    size_t size = recent->kind->row_size;
    memmove(recent->rows + to * size, recent->rows + from * size, count * size);
    memmove(recent->dirty + to, recent->dirty + from, count * sizeof *recent->dirty);
}

static void insert(struct recent *recent, const void *row)
{
    const struct recent_kind *kind = recent->kind;
    size_t place = 0;
    while (place < recent->count && kind->time_ms(recent_row(recent, place)) > kind->time_ms(row))
        place++;
    if (recent->count < kind->capacity)
        recent->count++;
    move(recent, place + 1, place, recent->count - place - 1);
    memcpy(recent->rows + place * kind->row_size, row, kind->row_size);
    recent->dirty[place] = true;
}

bool recent_put(struct recent *recent, const void *row)
{
    const struct recent_kind *kind = recent->kind;
    size_t place = find(recent, row);
    if (place < recent->count) {
        const void *known = recent_row(recent, place);
        if (memcmp(known, row, kind->row_size) == 0 || kind->time_ms(known) > kind->time_ms(row))
            return false;
        move(recent, place, place + 1, recent->count - place - 1);
        recent->count--;
    }
    if (recent->count == kind->capacity &&
        kind->time_ms(recent_row(recent, recent->count - 1)) > kind->time_ms(row))
        return false;
    insert(recent, row);
    return true;
}

/* ---- the kinds ---- */

static bool same_signal(const void *left, const void *right)
{
    const struct signal_outcome *a = left, *b = right;
    return a->candle_time_ms == b->candle_time_ms && a->interval_s == b->interval_s &&
           strcmp(a->symbol, b->symbol) == 0 && strcmp(a->strategy, b->strategy) == 0 &&
           strcmp(a->exchange, b->exchange) == 0;
}

static int64_t signal_time(const void *row)
{
    return ((const struct signal_outcome *)row)->decided_ms;
}

static bool same_order(const void *left, const void *right)
{
    const struct order *a = left, *b = right;
    return strcmp(a->order_id, b->order_id) == 0;
}

static int64_t order_time(const void *row)
{
    return ((const struct order *)row)->updated_ms;
}

static bool same_fill(const void *left, const void *right)
{
    const struct fill *a = left, *b = right;
    return strcmp(a->trade_id, b->trade_id) == 0 && strcmp(a->symbol, b->symbol) == 0 &&
           strcmp(a->exchange, b->exchange) == 0;
}

static int64_t fill_time(const void *row)
{
    return ((const struct fill *)row)->time_ms;
}

const struct recent_kind recent_signals = {sizeof(struct signal_outcome), 100, same_signal, signal_time};
const struct recent_kind recent_orders = {sizeof(struct order), 50, same_order, order_time};
const struct recent_kind recent_fills = {sizeof(struct fill), 50, same_fill, fill_time};
