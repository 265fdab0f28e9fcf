/* The analyzer: holds leases of shards, follows their candles, and sends what the strategies decide. */
/* SPDX-License-Identifier: MIT */
#include "analyzer/analyzer.h"

#include "analyzer/membership.h"
#include "analyzer/shard_work.h"
#include "analyzer/signals.h"
#include "lib/base/log.h"
#include "lib/runtime/metrics.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum {
    TICK_MS = 100,
    STATUS_MS = 1000,
    SNAPSHOTS_MAX = 8, /* shards whose snapshots are asked for at the same time */
};

struct analyzer {
    struct service_context *context;
    struct membership membership;
    struct work work;
    struct signals signals;
    uint16_t next_to_ask;             /* shard; so that all have their turn */
    bool joined;                      /* a lease came since the start */
    bool unsettled;                   /* a shard that is held lacks its snapshot, or may since the last tick */
    int64_t status_ms;                /* when the status is told next */
    uint64_t analysed_counted;        /* of work.candles_analysed, what the metric has; likewise: */
    uint64_t snapshots_counted, gaps_counted;
    struct shard_lease rows[SHARDS];  /* of the renewal that is being sent */
};

/* ---- the sink of the work ---- */

static bool has_room(void *user)
{
    struct analyzer *analyzer = user;
    return signals_have_room(&analyzer->signals, (uint32_t)analyzer->work.strategies.count);
}

static void take(void *user, const struct signal *signal)
{
    struct analyzer *analyzer = user;
    signals_take(&analyzer->signals, signal);
}

/* ---- leases ---- */

/* Writes what is held, and with epoch 0 what was until the lease ended, to analyzer->rows. */
static size_t list_shards(struct analyzer *analyzer, uint32_t *held)
{
    size_t count = 0;
    *held = 0;
    for (uint16_t i = 0; i < SHARDS; i++) {
        const struct shard_work *shard = &analyzer->work.shards[i];
        if (!shard->held && !shard->lapsed)
            continue;
        analyzer->rows[count++] = (struct shard_lease){
            .shard = i, .epoch = shard->held ? shard->epoch : 0, .sequence = shard->stream.sequence};
        *held += shard->held;
    }
    return count;
}

static void renew(struct analyzer *analyzer, int64_t now_ms, bool leaving)
{
    uint32_t held = 0;
    size_t count = leaving ? 0 : list_shards(analyzer, &held);
    struct renew renewal = {
        .sent_ms = now_ms,
        .version = analyzer->membership.version,
        .leaving = leaving,
        .state = service_state(analyzer->context),
        .held = list_of(analyzer->rows, count),
    };
    renewal.state.work = analyzer->work.candles_analysed;
    renewal.state.shards = held;
    int code = service_send(analyzer->context, LINK_CONTROL, NULL, RECORD_renew, &renewal);
    if (code < 0)
        log_debug("renewal_not_sent", log_text("reason", error_message()));
}

static void drop_all(struct analyzer *analyzer)
{
    uint32_t dropped = 0;
    for (uint16_t i = 0; i < SHARDS; i++) {
        if (!analyzer->work.shards[i].held)
            continue;
        work_lapse(&analyzer->work, i);
        service_unsubscribe(analyzer->context, LINK_MARKET, TOPIC_CANDLES, i);
        dropped++;
    }
    log_warn("lease_ended", log_int("shards", dropped));
}

/* Asks snapshots for held shards that need one, a few at a time; none while signals cannot be taken. */
static void ask_snapshots(struct analyzer *analyzer, int64_t now_ms)
{
    uint32_t asking = 0;
    analyzer->unsettled = false;
    for (int i = 0; i < SHARDS; i++) {
        const struct shard_work *shard = &analyzer->work.shards[i];
        asking += shard->held && stream_is_asking(&shard->stream, now_ms);
        analyzer->unsettled = analyzer->unsettled || (shard->held && !shard->stream.live);
    }
    if (!has_room(analyzer))
        return;
    for (int i = 0; i < SHARDS && asking < SNAPSHOTS_MAX; i++) {
        uint16_t index = analyzer->next_to_ask;
        struct shard_work *shard = &analyzer->work.shards[index];
        analyzer->next_to_ask = (uint16_t)((index + 1) % SHARDS);
        if (!shard->held || !stream_must_ask(&shard->stream, now_ms))
            continue;
        struct snapshot_request request = {.shard = index, .epoch = shard->epoch};
        int code = service_send(analyzer->context, LINK_CONTROL, NULL, RECORD_snapshot_request, &request);
        if (code < 0)
            return; /* the next tick tries again */
        stream_asked(&shard->stream, now_ms);
        asking++;
    }
}

/* Makes what is held what the lease lists. Returns how many shards were let go. */
static uint32_t obey(struct analyzer *analyzer, const struct lease *lease)
{
    bool granted[SHARDS] = {false};
    uint32_t dropped = 0;
    struct list rows = lease->granted;
    for (struct shard_lease row; list_next(&rows, RECORD_shard_lease, &row);) {
        if (row.shard >= SHARDS)
            continue;
        granted[row.shard] = true;
        if (work_grant(&analyzer->work, row.shard, row.epoch, row.sequence))
            service_subscribe(analyzer->context, LINK_MARKET, TOPIC_CANDLES, row.shard);
    }
    for (uint16_t i = 0; i < SHARDS; i++) {
        bool was_held = analyzer->work.shards[i].held;
        if (granted[i])
            continue;
        work_revoke(&analyzer->work, i);
        if (was_held)
            service_unsubscribe(analyzer->context, LINK_MARKET, TOPIC_CANDLES, i);
        dropped += was_held;
    }
    return dropped;
}

static int on_lease(struct analyzer *analyzer, const uint8_t *bytes, size_t size, int64_t now_ms)
{
    struct lease lease;
    int code = message_decode(RECORD_lease, bytes, size, &lease);
    uint64_t gaps = analyzer->work.gaps;
    if (code < 0 || !membership_accept(&analyzer->membership, &lease, now_ms))
        return code;
    if (obey(analyzer, &lease) > 0) {
        membership_hurry(&analyzer->membership, now_ms); /* somebody waits for them */
        if (membership_must_renew(&analyzer->membership, now_ms))
            renew(analyzer, now_ms, false);
    }
    if (analyzer->work.gaps > gaps) /* the fetcher that holds the lease has published, and it did not come */
        service_await(analyzer->context, LINK_MARKET, 0, LINK_SILENCE_MS);
    if (!analyzer->joined)
        log_info("joined", log_int("shards", lease.granted.count));
    analyzer->joined = true;
    ask_snapshots(analyzer, now_ms);
    return 0;
}

/* ---- candles and acks ---- */

static int on_candles(struct analyzer *analyzer, const uint8_t *bytes, size_t size, int64_t now_ms)
{
    struct candles candles;
    int code = message_decode(RECORD_candles, bytes, size, &candles);
    if (code < 0 || !membership_holds(&analyzer->membership, now_ms))
        return code;
    analyzer->unsettled = true; /* the next tick asks a snapshot if one is needed */
    return work_on_candles(&analyzer->work, &candles, now_ms);
}

static int on_snapshot(struct analyzer *analyzer, const uint8_t *bytes, size_t size, int64_t now_ms)
{
    struct snapshot snapshot;
    int code = message_decode(RECORD_snapshot, bytes, size, &snapshot);
    if (code < 0 || !membership_holds(&analyzer->membership, now_ms))
        return code;
    code = work_on_snapshot(&analyzer->work, &snapshot, now_ms);
    if (snapshot.part == snapshot.parts)
        ask_snapshots(analyzer, now_ms);
    return code;
}

static int on_ack(struct analyzer *analyzer, const uint8_t *bytes, size_t size, int64_t now_ms)
{
    struct ack ack;
    uint16_t shard;
    int code = message_decode(RECORD_ack, bytes, size, &ack);
    if (code == 0 && signals_on_ack(&analyzer->signals, &ack, &shard)) {
        work_forget(&analyzer->work, shard, now_ms);
        analyzer->unsettled = true;
    }
    return code;
}

/* Which message of which link goes where. */
static const struct {
    enum link link;
    enum record record;
    int (*receive)(struct analyzer *analyzer, const uint8_t *bytes, size_t size, int64_t now_ms);
} receivers[] = {
    {LINK_MARKET, RECORD_candles, on_candles},
    {LINK_CONTROL, RECORD_lease, on_lease},
    {LINK_CONTROL, RECORD_snapshot, on_snapshot},
    {LINK_SIGNALS, RECORD_ack, on_ack},
};

/* ---- the process ---- */

static int analyzer_open(struct service_context *context, void *state)
{
    struct analyzer *analyzer = state;
    analyzer->context = context;
    membership_init(&analyzer->membership, loop_now_ms(context->loop));
    work_init(&analyzer->work, context->config,
              &(struct work_sink){.user = analyzer, .has_room = has_room, .take = take});
    signals_init(&analyzer->signals, context);
    service_set_status(context, PROCESS_STATUS_STARTING, "waits for a lease");
    return 0;
}

static int analyzer_on_message(struct service_context *context, void *state, enum link link, const struct peer *peer,
                               enum record record, const uint8_t *bytes, size_t size)
{
    (void)peer;
    for (size_t i = 0; i < sizeof receivers / sizeof receivers[0]; i++)
        if (receivers[i].link == link && receivers[i].record == record)
            return receivers[i].receive(state, bytes, size, loop_now_ms(context->loop));
    return error_set(ERROR_PROTOCOL, "a message %s came over the %s link", records[record].name, links[link].name);
}

static void tell_status(struct analyzer *analyzer, int64_t now_ms)
{
    struct work_count count = work_count(&analyzer->work);
    bool holds = membership_holds(&analyzer->membership, now_ms);
    char detail[TEXT_SIZE];
    (void)snprintf(detail, sizeof detail, "%" PRIu32 " shards, %" PRIu32 " series", count.shards, count.series);
    if (holds)
        service_set_status(analyzer->context, PROCESS_STATUS_READY, detail);
    else if (analyzer->joined)
        service_set_status(analyzer->context, PROCESS_STATUS_DEGRADED, "the fetcher does not answer");
    metric_set(METRIC_shards_held, count.shards);
    metric_set(METRIC_series, count.series);
    metric_set(METRIC_symbols, count.symbols);
}

static void count_up(enum metric metric, uint64_t now, uint64_t *counted)
{
    metric_add(metric, (double)(now - *counted));
    *counted = now;
}

static void analyzer_on_tick(struct service_context *context, void *state, int64_t now_ms)
{
    struct analyzer *analyzer = state;
    if (membership_ended(&analyzer->membership, now_ms))
        drop_all(analyzer);
    if (membership_must_reconnect(&analyzer->membership, now_ms) && service_reconnect(context, LINK_CONTROL) < 0)
        log_warn("reconnect_failed", log_text("reason", error_message()));
    if (membership_must_renew(&analyzer->membership, now_ms))
        renew(analyzer, now_ms, false);
    ask_snapshots(analyzer, now_ms);
    signals_tick(&analyzer->signals, now_ms);
    count_up(METRIC_candles_analysed_total, analyzer->work.candles_analysed, &analyzer->analysed_counted);
    count_up(METRIC_snapshots_total, analyzer->work.snapshots, &analyzer->snapshots_counted);
    count_up(METRIC_gaps_total, analyzer->work.gaps, &analyzer->gaps_counted);
    if (now_ms < analyzer->status_ms)
        return;
    analyzer->status_ms = now_ms + STATUS_MS;
    tell_status(analyzer, now_ms);
}

/* What is counted and told waits for the next renewal. */
static int64_t analyzer_next_tick_ms(const void *state)
{
    const struct analyzer *analyzer = state;
    bool busy = analyzer->unsettled || analyzer->signals.outbox.used > 0;
    return busy ? 0 : membership_next_ms(&analyzer->membership);
}

static void analyzer_on_stop(struct service_context *context, void *state)
{
    struct analyzer *analyzer = state;
    renew(analyzer, loop_now_ms(context->loop), true);
}

static void analyzer_close(struct service_context *context, void *state)
{
    struct analyzer *analyzer = state;
    (void)context;
    signals_release(&analyzer->signals);
    work_release(&analyzer->work);
}

const struct service analyzer_service = {
    .role = ROLE_ANALYZER,
    .state_size = sizeof(struct analyzer),
    .tick_ms = TICK_MS,
    .open = analyzer_open,
    .on_message = analyzer_on_message,
    .on_tick = analyzer_on_tick,
    .next_tick_ms = analyzer_next_tick_ms,
    .on_stop = analyzer_on_stop,
    .close = analyzer_close,
};
