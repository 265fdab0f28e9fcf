/* The table of what is wanted of the streams. */
/* SPDX-License-Identifier: MIT */
#include "fetcher/subscriptions.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

void subscriptions_init(struct subscriptions *subscriptions)
{
    *subscriptions = (struct subscriptions){0};
}

void subscriptions_release(struct subscriptions *subscriptions)
{
    free(subscriptions->rows);
    free(subscriptions->by_name);
    subscriptions_init(subscriptions);
}

void subscription_clear(struct subscription *row)
{
    row->link = SUBSCRIPTION_NO_LINK;
    row->request = row->next_request = 0;
    row->heard_ms = 0;
    row->next_heard = false;
    row->missed = 0;
    row->alive = false;
}

/* ---- order ---- */

/* Tickers, whose interval is 0, come first. */
static int compare_rows(const void *left, const void *right)
{
    const struct subscription *a = left;
    const struct subscription *b = right;
    if (a->kind != b->kind)
        return a->kind == STREAM_TICKERS ? -1 : 1;
    int order = strcmp(a->instrument.symbol, b->instrument.symbol);
    return order != 0 ? order : (a->interval_s > b->interval_s) - (a->interval_s < b->interval_s);
}

static int compare_names(const struct subscription *a, const struct subscription *b)
{
    if (a->kind != b->kind)
        return a->kind == STREAM_TICKERS ? -1 : 1;
    if (a->interval_s != b->interval_s)
        return a->interval_s < b->interval_s ? -1 : 1;
    return strcmp(a->name, b->name);
}

static int compare_name_pointers(const void *left, const void *right)
{
    return compare_names(*(struct subscription *const *)left, *(struct subscription *const *)right);
}

struct subscription *subscriptions_find(struct subscriptions *subscriptions, const char *symbol, uint32_t interval_s)
{
    struct subscription key = {.kind = interval_s == 0 ? STREAM_TICKERS : STREAM_CANDLES, .interval_s = interval_s};
    if (subscriptions->count == 0 ||
        text_copy(key.instrument.symbol, sizeof key.instrument.symbol, symbol, strlen(symbol)) != 0)
        return NULL;
    return bsearch(&key, subscriptions->rows, subscriptions->count, sizeof key, compare_rows);
}

struct subscription *subscriptions_find_name(struct subscriptions *subscriptions, const char *name,
                                             uint32_t interval_s)
{
    struct subscription key = {.kind = interval_s == 0 ? STREAM_TICKERS : STREAM_CANDLES, .interval_s = interval_s};
    if (text_copy(key.name, sizeof key.name, name, strlen(name)) != 0)
        return NULL;
    const struct subscription *sought = &key;
    if (subscriptions->count == 0)
        return NULL;
    struct subscription **found = bsearch(&sought, subscriptions->by_name, subscriptions->count,
                                          sizeof *subscriptions->by_name, compare_name_pointers);
    return found != NULL ? *found : NULL;
}

static void sort(struct subscriptions *subscriptions)
{
    qsort(subscriptions->rows, subscriptions->count, sizeof *subscriptions->rows, compare_rows);
    for (size_t i = 0; i < subscriptions->count; i++)
        subscriptions->by_name[i] = &subscriptions->rows[i];
    qsort(subscriptions->by_name, subscriptions->count, sizeof *subscriptions->by_name, compare_name_pointers);
}

/* ---- following the market ---- */

/* The list that is being made. */
struct draft {
    struct subscriptions *old;
    const struct exchange_stream *stream;
    struct subscription *rows;
    size_t count, capacity;
};

/* Adds a row for what is wanted: as it was, or a new one. */
static void want(struct draft *draft, const struct instrument *instrument, uint32_t interval_s)
{
    assert(draft->count < draft->capacity);
    struct subscription *row = &draft->rows[draft->count];
    struct subscription *known = subscriptions_find(draft->old, instrument->symbol, interval_s);
    *row = known != NULL ? *known : (struct subscription){
        .instrument = *instrument,
        .kind = interval_s == 0 ? STREAM_TICKERS : STREAM_CANDLES,
        .interval_s = interval_s,
        .link = SUBSCRIPTION_NO_LINK,
        .shunned = SUBSCRIPTION_NO_LINK,
    };
    row->wanted = true;
    if (known != NULL || draft->stream->stream_name(instrument, row->name) == 0)
        draft->count++;
    if (known != NULL)
        known->wanted = true;
}

static void draft_market(struct draft *draft, struct market *market)
{
    for (size_t i = 0; i < draft->old->count; i++)
        draft->old->rows[i].wanted = false;
    for (size_t i = 0; draft->stream->tickers_url != NULL && i < market->instrument_count; i++)
        if (market->instruments[i].trading && !market_is_leaving(market, market->instruments[i].symbol))
            want(draft, &market->instruments[i], 0);
    for (const struct series *series = NULL;
         draft->stream->candles_url != NULL && (series = market_next(market, series)) != NULL;) {
        const struct instrument *instrument = market_instrument(market, series->symbol);
        if (instrument != NULL && instrument->trading && !series->leaving &&
            draft->stream->has_interval(series->interval_s))
            want(draft, instrument, series->interval_s);
    }
    for (size_t i = 0; i < draft->old->count; i++)
        if (!draft->old->rows[i].wanted && draft->old->rows[i].link != SUBSCRIPTION_NO_LINK)
            draft->rows[draft->count++] = draft->old->rows[i];
}

int subscriptions_follow(struct subscriptions *subscriptions, struct market *market,
                         const struct exchange_stream *stream)
{
    size_t capacity = market->instrument_count + market->series_count + subscriptions->count;
    struct subscriptions next = {
        .rows = calloc(capacity + 1, sizeof *next.rows),
        .by_name = calloc(capacity + 1, sizeof *next.by_name),
    };
    if (next.rows == NULL || next.by_name == NULL) {
        subscriptions_release(&next);
        return error_set(ERROR_MEMORY, "room for %zu subscriptions", capacity);
    }
    struct draft draft = {.old = subscriptions, .stream = stream, .rows = next.rows, .capacity = capacity};
    draft_market(&draft, market);
    next.count = draft.count;
    sort(&next);
    subscriptions_release(subscriptions);
    *subscriptions = next;
    return 0;
}
