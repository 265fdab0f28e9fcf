/* Candles that the exchange changed after they were taken. */
/* SPDX-License-Identifier: MIT */
#include "fetcher/revisions.h"

#include "lib/base/log.h"
#include "lib/runtime/metrics.h"
#include "proto/shard.h"

#include <string.h>

void revisions_init(struct revisions *revisions, struct archive *archive)
{
    revisions->archive = archive;
}

static uint64_t hash_of_key(const struct series *series, int64_t open_time_ms)
{
    uint64_t key[2] = {series->id, (uint64_t)open_time_ms};
    uint64_t hash = hash64(key, sizeof key);
    return hash != 0 ? hash : 1;
}

static uint64_t hash_of_value(const struct candle *candle)
{
    int64_t value[] = {candle->open,   candle->high,        candle->low,         candle->close,
                       candle->volume, candle->price_scale, candle->volume_scale};
    return hash64(value, sizeof value);
}

/* Whether this value of the candle was not the last one seen; it is from now on. */
static bool is_news(struct revisions *revisions, const struct series *series, const struct candle *candle)
{
    uint64_t key = hash_of_key(series, candle->open_time_ms), value = hash_of_value(candle);
    size_t at = key % REVISIONS_SEEN;
    if (revisions->seen[at].candle == key && revisions->seen[at].value == value)
        return false;
    revisions->seen[at].candle = key;
    revisions->seen[at].value = value;
    return true;
}

void revisions_take(struct revisions *revisions, const struct series *series, const struct candle *candle, bool late)
{
    if (revisions->count == REVISIONS_WAITING || !is_news(revisions, series, candle))
        return;
    revisions->waiting[revisions->count++] = (struct revision){
        .index = (uint32_t)market_index(revisions->archive->market, series),
        .id = series->id,
        .late = late,
        .candle = *candle,
    };
    metric_add(late ? METRIC_candles_late_total : METRIC_candles_revised_total, 1);
    revisions->unlogged++;
}

/* What becomes of one that waits. The store must have the first value before another: it goes there by way of the ring.
 * What has left the ring unstored is fetched again, as it is by then. */
enum fate { FATE_SEND, FATE_WAIT, FATE_FORGET };

static enum fate fate_of(const struct revision *revision, const struct series *series)
{
    if (series == NULL || series->ring.count == 0 ||
        revision->candle.open_time_ms < ring_at(&series->ring, 0)->open_time_ms)
        return FATE_FORGET;
    return revision->candle.open_time_ms <= series->stored_through_ms ? FATE_SEND : FATE_WAIT;
}

/* Moves what can be sent into the rows of a message; returns how many. Of two values of a candle the later comes last,
 * and the last one counts. */
static size_t gather(struct revisions *revisions)
{
    size_t kept = 0, count = 0;
    for (size_t i = 0; i < revisions->count; i++) {
        struct revision *revision = &revisions->waiting[i];
        const struct series *series = market_series(revisions->archive->market, revision->index, revision->id);
        enum fate fate = fate_of(revision, series);
        if (fate == FATE_WAIT || (fate == FATE_SEND && count == REVISIONS_BATCH)) {
            revisions->waiting[kept++] = *revision;
            continue;
        }
        if (fate == FATE_FORGET)
            continue;
        struct candle_event *row = &revisions->rows[count++];
        memcpy(row->symbol, series->symbol, sizeof row->symbol);
        row->interval_s = series->interval_s;
        row->candle = revision->candle;
    }
    revisions->count = kept;
    return count;
}

static void send(struct revisions *revisions)
{
    if (revisions->sending || revisions->count == 0 || outbox_is_full(&revisions->archive->outbox))
        return;
    size_t count = gather(revisions);
    if (count == 0)
        return;
    struct store_candles message = {.rows = list_of(revisions->rows, count)};
    if (archive_push(revisions->archive, &message, ARCHIVE_TAG_REVISIONS) == 0)
        revisions->sending = true;
    else
        log_error("revisions_not_sent", log_int("count", (int64_t)count), log_text("error", error_message()));
}

void revisions_on_ack(struct revisions *revisions)
{
    revisions->sending = false;
}

void revisions_on_tick(struct revisions *revisions, int64_t now_ms)
{
    send(revisions);
    if (revisions->unlogged == 0 || now_ms - revisions->logged_ms < REVISIONS_LOG_MS)
        return;
    log_info("candles_revised", log_int("count", (int64_t)revisions->unlogged));
    revisions->logged_ms = now_ms;
    revisions->unlogged = 0;
}
