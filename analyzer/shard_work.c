/* Applies what comes over the stream and in snapshots to the series of the held shards. */
/* SPDX-License-Identifier: MIT */
#include "analyzer/shard_work.h"

#include "lib/base/interval.h"
#include "lib/series/candle.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void work_init(struct work *work, const struct config *config, const struct work_sink *sink)
{
    memset(work, 0, sizeof *work);
    work->sink = *sink;
    work->series_limit = ANALYZER_SERIES_MAX;
    strategy_set_init(&work->strategies, config);
}

static void free_series(struct series_work *series)
{
    while (series != NULL) {
        struct series_work *next = series->next;
        free(series);
        series = next;
    }
}

void work_release(struct work *work)
{
    for (int i = 0; i < SHARDS; i++)
        free_series(work->shards[i].series);
    free_series(work->spare);
    memset(work, 0, sizeof *work);
}

/* ---- the memory of series ---- */

/* Moves the series of shards that sleep to the spare ones. */
static void collect_sleepers(struct work *work)
{
    for (int i = 0; i < SHARDS; i++) {
        struct shard_work *shard = &work->shards[i];
        while (!shard->held && shard->series != NULL) {
            struct series_work *series = shard->series;
            shard->series = series->next;
            series->next = work->spare;
            work->spare = series;
        }
    }
}

static int take_series(struct work *work, struct series_work **out)
{
    if (work->spare == NULL)
        collect_sleepers(work);
    if (work->spare == NULL && work->series_allocated >= work->series_limit)
        return error_set(ERROR_FULL, "an analyzer takes at most %" PRIu32 " series; start more of them",
                         work->series_limit);
    if (work->spare != NULL) {
        *out = work->spare;
        work->spare = work->spare->next;
        return 0;
    }
    *out = calloc(1, series_work_size(&work->strategies));
    if (*out == NULL)
        return error_set(ERROR_MEMORY, "the state of one more series");
    work->series_allocated++;
    return 0;
}

static struct series_work *find_series(const struct shard_work *shard, const char *symbol, uint32_t interval_s)
{
    for (struct series_work *series = shard->series; series != NULL; series = series->next)
        if (series->interval_s == interval_s && strcmp(series->symbol, symbol) == 0)
            return series;
    return NULL;
}

static int find_or_add_series(struct work *work, struct shard_work *shard, const struct snapshot *snapshot,
                              struct series_work **out)
{
    *out = find_series(shard, snapshot->symbol, snapshot->interval_s);
    if (*out != NULL)
        return 0;
    if (interval_name(snapshot->interval_s) == NULL)
        return error_set(ERROR_PROTOCOL, "no interval has %" PRIu32 " seconds", snapshot->interval_s);
    int code = take_series(work, out);
    if (code < 0)
        return code;
    series_work_init(*out, snapshot->symbol, snapshot->interval_s);
    series_work_restart(*out, &work->strategies);
    (*out)->next = shard->series;
    shard->series = *out;
    return 0;
}

/* ---- leases ---- */

bool work_grant(struct work *work, uint16_t index, uint64_t epoch, uint64_t published)
{
    assert(index < SHARDS);
    struct shard_work *shard = &work->shards[index];
    bool is_new = !shard->held;
    if (is_new || shard->epoch != epoch)
        stream_reset(&shard->stream);
    else
        work->gaps += stream_on_promise(&shard->stream, published);
    shard->held = true;
    shard->lapsed = false;
    shard->epoch = epoch;
    return is_new;
}

void work_revoke(struct work *work, uint16_t index)
{
    assert(index < SHARDS);
    work->shards[index].held = false;
    work->shards[index].lapsed = false;
    stream_reset(&work->shards[index].stream);
}

void work_lapse(struct work *work, uint16_t index)
{
    work_revoke(work, index);
    work->shards[index].lapsed = true;
}

void work_forget(struct work *work, uint16_t index, int64_t now_ms)
{
    assert(index < SHARDS);
    struct shard_work *shard = &work->shards[index];
    for (struct series_work *series = shard->series; series != NULL; series = series->next)
        series_work_restart(series, &work->strategies);
    stream_break(&shard->stream, now_ms + STREAM_ASK_AGAIN_MS);
}

/* ---- candles ---- */

static void send_signal(struct work *work, uint16_t index, const struct series_work *series,
                        const struct candle *candle, const struct series_decision *decision)
{
    struct signal signal = {
        .shard = index,
        .epoch = work->shards[index].epoch,
        .interval_s = series->interval_s,
        .candle_time_ms = candle->open_time_ms,
        .side = decision->decision == DECISION_BUY ? SIDE_BUY : SIDE_SELL,
        .price = candle->close,
        .price_scale = candle->price_scale,
    };
    (void)snprintf(signal.strategy, sizeof signal.strategy, "%s", decision->strategy->name);
    (void)snprintf(signal.exchange, sizeof signal.exchange, "%s", work->shards[index].exchange);
    (void)snprintf(signal.symbol, sizeof signal.symbol, "%s", series->symbol);
    work->sink.take(work->sink.user, &signal);
}

/* Feeds one candle, if it is new. ERROR_AGAIN when the sink has no room. */
static int feed_candle(struct work *work, uint16_t index, struct series_work *series, const struct candle *candle)
{
    struct series_decision decisions[STRATEGIES_MAX];
    if (candle->open_time_ms <= series->last_ms)
        return 0;
    int code = candle_check(candle, series->interval_s);
    if (code < 0)
        return error_context(code, "%s", series->symbol);
    if (!work->sink.has_room(work->sink.user))
        return ERROR_AGAIN;
    size_t count = series_work_feed(series, &work->strategies, candle, decisions);
    for (size_t i = 0; i < count; i++)
        send_signal(work, index, series, candle, &decisions[i]);
    work->candles_analysed++;
    return 0;
}

/* After a failure the shard needs a snapshot: at once when the sink only was full (the owner asks when it has room),
 * after a pause when something was wrong. */
static int give_up(struct shard_work *shard, int code, int64_t now_ms)
{
    stream_break(&shard->stream, code == ERROR_AGAIN ? INT64_MIN : now_ms + STREAM_ASK_AGAIN_MS);
    return code == ERROR_AGAIN ? 0 : code;
}

int work_on_candles(struct work *work, const struct candles *candles, int64_t now_ms)
{
    if (candles->shard >= SHARDS)
        return error_set(ERROR_PROTOCOL, "candles of shard %u", candles->shard);
    struct shard_work *shard = &work->shards[candles->shard];
    if (!shard->held)
        return 0;
    enum stream_step step = stream_on_candles(&shard->stream, candles->epoch, candles->sequence);
    work->gaps += step == STREAM_GAP;
    if (step != STREAM_TAKE)
        return 0;
    struct list rows = candles->rows;
    for (struct candle_event event; list_next(&rows, RECORD_candle_event, &event);) {
        struct series_work *series = find_series(shard, event.symbol, event.interval_s);
        int code = series == NULL ? 0 : feed_candle(work, candles->shard, series, &event.candle);
        if (code < 0)
            return give_up(shard, code, now_ms);
    }
    return 0;
}

/* ---- snapshots ---- */

/* The open time of the first of the newest candles of a snapshot, which are decided on by who takes a series over;
 * the others are its warm-up. */
static int64_t takeover_time(const struct snapshot *snapshot)
{
    struct list rows = snapshot->rows;
    uint32_t warm_up = rows.count > STRATEGY_UNATTENDED_CANDLES ? rows.count - STRATEGY_UNATTENDED_CANDLES : 0;
    struct candle candle;
    while (list_next(&rows, RECORD_candle, &candle))
        if (warm_up-- == 0)
            return candle.open_time_ms;
    return 0;
}

/* Feeds the candles of a snapshot that the series has not seen. Where they do not reach back to what it has seen, it
 * begins anew. */
static int feed_snapshot(struct work *work, struct series_work *series, const struct snapshot *snapshot)
{
    struct list rows = snapshot->rows;
    struct candle candle;
    series->fire_from_ms = snapshot->fire_from_ms;
    for (bool first = true; list_next(&rows, RECORD_candle, &candle); first = false) {
        if (first && (series->last_ms < 0 || candle.open_time_ms > series->last_ms)) {
            series_work_restart(series, &work->strategies);
            series->takeover_ms = takeover_time(snapshot);
        }
        int code = feed_candle(work, snapshot->shard, series, &candle);
        if (code < 0)
            return code;
    }
    return 0;
}

static int apply_part(struct work *work, struct shard_work *shard, const struct snapshot *snapshot)
{
    struct series_work *series;
    (void)snprintf(shard->exchange, sizeof shard->exchange, "%s", snapshot->exchange);
    shard->round += snapshot->part <= 1;
    if (snapshot->part == 0)
        return 0;
    int code = find_or_add_series(work, shard, snapshot, &series);
    if (code < 0)
        return code;
    series->round = shard->round;
    return feed_snapshot(work, series, snapshot);
}

/* Moves the series that are not in the snapshot that has just ended to the spare ones: they are followed no more. */
static void drop_left(struct work *work, struct shard_work *shard)
{
    for (struct series_work **link = &shard->series; *link != NULL;) {
        struct series_work *series = *link;
        if (series->round == shard->round) {
            link = &series->next;
            continue;
        }
        *link = series->next;
        series->next = work->spare;
        work->spare = series;
    }
}

int work_on_snapshot(struct work *work, const struct snapshot *snapshot, int64_t now_ms)
{
    if (snapshot->shard >= SHARDS)
        return error_set(ERROR_PROTOCOL, "a snapshot of shard %u", snapshot->shard);
    struct shard_work *shard = &work->shards[snapshot->shard];
    if (!shard->held || shard->epoch != snapshot->epoch || !stream_takes_part(&shard->stream, snapshot, now_ms))
        return 0;
    int code = apply_part(work, shard, snapshot);
    if (code < 0)
        return give_up(shard, code, now_ms);
    if (stream_part_applied(&shard->stream, snapshot)) {
        work->snapshots++;
        drop_left(work, shard);
    }
    return 0;
}

/* ---- counting ---- */

/* Whether no series further on in the list has this one's symbol. */
static bool last_of_symbol(const struct series_work *series)
{
    for (const struct series_work *other = series->next; other != NULL; other = other->next)
        if (strcmp(series->symbol, other->symbol) == 0)
            return false;
    return true;
}

struct work_count work_count(const struct work *work)
{
    struct work_count count = {0};
    for (int i = 0; i < SHARDS; i++) {
        const struct shard_work *shard = &work->shards[i];
        if (!shard->held)
            continue;
        count.shards++;
        count.live += shard->stream.live;
        for (const struct series_work *series = shard->series; series != NULL; series = series->next) {
            count.series++;
            count.symbols += last_of_symbol(series);
        }
    }
    return count;
}
