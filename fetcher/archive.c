/* The way of candles to the store. */
/* SPDX-License-Identifier: MIT */
#include "fetcher/archive.h"

#include "lib/base/clock.h"
#include "lib/base/interval.h"
#include "lib/base/log.h"
#include "lib/runtime/metrics.h"

#include <assert.h>
#include <stdlib.h>
#include <stdio.h>
#include <string.h>

static void send_batches(struct archive *archive);

static void on_timer(void *user, int64_t now_ms)
{
    (void)now_ms;
    send_batches(user);
}

int archive_open(struct archive *archive, struct service_context *context, struct market *market)
{
    archive->context = context;
    archive->market = market;
    outbox_init(&archive->outbox, LINK_STORE, ARCHIVE_WINDOW + ARCHIVE_DIRECT);
    archive->timer = loop_add_timer(context->loop, 0, 0, on_timer, archive);
    if (archive->timer < 0)
        return archive->timer;
    loop_stop_timer(context->loop, archive->timer);
    return 0;
}

int archive_prepare(struct archive *archive)
{
    assert(archive->queue == NULL);
    archive->queue_capacity = MARKET_SYMBOLS_MAX * archive->market->interval_count;
    archive->queue = calloc(archive->queue_capacity, sizeof *archive->queue);
    return archive->queue != NULL ? 0 : error_set(ERROR_MEMORY, "the queue to the store");
}

void archive_release(struct archive *archive)
{
    outbox_release(&archive->outbox);
    free(archive->queue);
    archive->queue = NULL;
}

void archive_mark(struct archive *archive, struct series *series)
{
    if (series->waiting_to_store || series->storing)
        return;
    assert(archive->queue_count < archive->queue_capacity);
    series->waiting_to_store = true;
    archive->queue[(archive->queue_first + archive->queue_count++) % archive->queue_capacity] =
        (uint32_t)market_index(archive->market, series);
    loop_set_timer(archive->context->loop, archive->timer, 0);
}

static struct series *next_in_queue(struct archive *archive)
{
    struct series *series = &archive->market->slots[archive->queue[archive->queue_first]];
    archive->queue_first = (archive->queue_first + 1) % archive->queue_capacity;
    archive->queue_count--;
    series->waiting_to_store = false;
    return series;
}

/* A hole in the ring was asked for again and again: it is told together with the candle behind it. */
static void add_absence(struct archive *archive, const struct series *series, int64_t before_ms, int64_t open_ms)
{
    int64_t interval_ms = (int64_t)series->interval_s * 1000;
    if (before_ms < 0 || open_ms - before_ms <= interval_ms)
        return;
    struct absence *absence = &archive->absences[archive->absence_count++];
    *absence = (struct absence){
        .interval_s = series->interval_s,
        .first_open_ms = before_ms + interval_ms,
        .last_open_ms = open_ms - interval_ms,
        .reason = archive->reason,
    };
    memcpy(absence->symbol, series->symbol, sizeof absence->symbol);
}

/* Puts what the store lacks of a series into the batch, as far as there is room. */
static void add_series(struct archive *archive, struct archive_batch *batch, struct series *series)
{
    uint32_t unstored = series_is_behind(series) ? 0 : series_unstored(series);
    size_t room = ARCHIVE_BATCH_MAX - batch->candle_count;
    uint32_t taken = unstored < room ? unstored : (uint32_t)room;
    uint32_t from = series->ring.count - unstored, i = from;
    for (; i < from + taken && archive->absence_count < ARCHIVE_ABSENCES_MAX; i++) {
        int64_t before_ms = i > 0 ? ring_at(&series->ring, i - 1)->open_time_ms : series->stored_through_ms;
        add_absence(archive, series, before_ms, ring_at(&series->ring, i)->open_time_ms);
        struct candle_event *row = &archive->rows[batch->candle_count++];
        memcpy(row->symbol, series->symbol, sizeof row->symbol);
        row->interval_s = series->interval_s;
        row->candle = *ring_at(&series->ring, i);
    }
    if (i == from)
        return;
    series->storing = true;
    batch->promises[batch->count++] = (struct archive_promise){
        series, ring_at(&series->ring, from)->open_time_ms, ring_at(&series->ring, i - 1)->open_time_ms};
}

int archive_push(struct archive *archive, struct store_candles *message, uint64_t tag)
{
    message->sequence = outbox_next(&archive->outbox);
    if (archive->clock != NULL && archive->clock->known)
        message->exchange_ms = exchange_clock_ms(archive->clock, clock_monotonic_us());
    (void)snprintf(message->exchange, sizeof message->exchange, "%s", archive->market->exchange);
    return outbox_push(&archive->outbox, archive->context, RECORD_store_candles, message, tag);
}

static struct archive_batch *free_batch(struct archive *archive, uint64_t *index)
{
    for (uint64_t i = 0; i < ARCHIVE_WINDOW; i++) {
        if (!archive->batches[i].used) {
            *index = i;
            return &archive->batches[i];
        }
    }
    return NULL;
}

static void send_batch(struct archive *archive, struct archive_batch *batch, uint64_t index)
{
    *batch = (struct archive_batch){.used = true};
    archive->absence_count = 0;
    while (archive->queue_count > 0 && batch->candle_count < ARCHIVE_BATCH_MAX &&
           archive->absence_count < ARCHIVE_ABSENCES_MAX)
        add_series(archive, batch, next_in_queue(archive));
    if (batch->count == 0) {
        batch->used = false; /* what waited has been overtaken by a hole: it comes back when that is filled */
        return;
    }
    struct store_candles message = {
        .rows = list_of(archive->rows, batch->candle_count),
        .absences = list_of(archive->absences, archive->absence_count),
    };
    int code = archive_push(archive, &message, index);
    if (code == 0)
        return;
    log_error("store_batch_refused", log_text("error", error_message()));
    batch->used = false;
    for (size_t i = 0; i < batch->count; i++) {
        batch->promises[i].series->storing = false;
        archive_mark(archive, batch->promises[i].series);
    }
}

static void send_batches(struct archive *archive)
{
    uint64_t index;
    struct archive_batch *batch;
    size_t rounds = ARCHIVE_WINDOW; /* what could not be taken stands in the queue again */
    while (rounds-- > 0 && archive->queue_count > 0 && !outbox_is_full(&archive->outbox) &&
           (batch = free_batch(archive, &index)) != NULL)
        send_batch(archive, batch, index);
}

static int push_starts(struct archive *archive, size_t count)
{
    struct store_series message = {
        .sequence = outbox_next(&archive->outbox),
        .rows = list_of(archive->starts, count),
    };
    (void)snprintf(message.exchange, sizeof message.exchange, "%s", archive->market->exchange);
    int code = outbox_push(&archive->outbox, archive->context, RECORD_store_series, &message, ARCHIVE_TAG_STARTS);
    if (code == 0)
        archive->starts_waiting++;
    return code;
}

int archive_propose_starts(struct archive *archive, int64_t exchange_ms)
{
    size_t count = 0;
    int code = 0;
    const struct series *series = NULL;
    while (code == 0 && (series = market_next(archive->market, series)) != NULL) {
        if (series->fire_from_ms >= 0)
            continue;
        struct series_start *start = &archive->starts[count++];
        memcpy(start->symbol, series->symbol, sizeof start->symbol);
        start->interval_s = series->interval_s;
        start->fire_from_ms = interval_open_time(series->interval_s, exchange_ms);
        if (count == ARCHIVE_SERIES_MAX) {
            code = push_starts(archive, count);
            count = 0;
        }
    }
    if (code == 0 && count > 0)
        code = push_starts(archive, count);
    return code;
}

/* The store has this batch, or will never take it: then the candles are lost to it, and that was logged. */
static void finish_batch(struct archive *archive, struct archive_batch *batch, bool accepted)
{
    assert(batch->used);
    batch->used = false;
    if (accepted)
        metric_add(METRIC_candles_stored_total, (double)batch->candle_count);
    for (size_t i = 0; i < batch->count; i++) {
        struct series *series = batch->promises[i].series;
        series->storing = false;
        series->stored_through_ms = batch->promises[i].through_ms;
        if (series->stored_from_ms < 0)
            series->stored_from_ms = batch->promises[i].from_ms;
        if (ring_newest_ms(&series->ring) > series->stored_through_ms)
            archive_mark(archive, series);
        archive->on_stored(archive->user, series);
    }
}

int archive_on_ack(struct archive *archive, const uint8_t *bytes, size_t size)
{
    struct ack ack;
    uint64_t tag;
    int code = message_decode(RECORD_ack, bytes, size, &ack);
    if (code != 0)
        return code;
    if (ack.verdict == VERDICT_OTHER)
        return 0; /* it is sent again */
    if (!outbox_ack(&archive->outbox, ack.sequence, &tag))
        return 0;
    archive->moved_ms = loop_now_ms(archive->context->loop);
    bool accepted = ack.verdict == VERDICT_ACCEPTED || ack.verdict == VERDICT_DUPLICATE;
    if (!accepted)
        log_error("store_refused", log_text("verdict", verdict_name(ack.verdict)));
    if (tag == ARCHIVE_TAG_STARTS)
        archive->starts_waiting--;
    else if (tag > ARCHIVE_TAG_STARTS)
        archive->on_direct(archive->user, tag, accepted);
    else
        finish_batch(archive, &archive->batches[tag], accepted);
    send_batches(archive);
    return 0;
}

bool archive_is_stalled(const struct archive *archive, int64_t now_ms)
{
    return archive->outbox.used > 0 && now_ms - archive->moved_ms > ARCHIVE_STALL_MS;
}

bool archive_is_empty(const struct archive *archive)
{
    return archive->queue_count == 0 && archive->outbox.used == 0;
}

void archive_on_tick(struct archive *archive, int64_t now_ms)
{
    if (archive->outbox.used == 0)
        archive->moved_ms = now_ms;
    outbox_tick(&archive->outbox, archive->context, now_ms);
    send_batches(archive);
}
