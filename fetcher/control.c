/* Answers renewals with leases, and requests with snapshots. */
/* SPDX-License-Identifier: MIT */
#include "fetcher/control.h"

#include "lib/base/clock.h"
#include "lib/base/log.h"
#include "lib/runtime/metrics.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int control_init(struct control *control, struct service_context *context, struct market *market)
{
    memset(control, 0, sizeof *control);
    control->context = context;
    control->market = market;
    shards_init(&control->shards);
    control->candles = calloc(CONTROL_CANDLES_MAX, sizeof *control->candles);
    return control->candles == NULL ? error_set(ERROR_MEMORY, "the candles of a snapshot") : 0;
}

void control_release(struct control *control)
{
    free(control->candles);
    control->candles = NULL;
}

/* ---- leases ---- */

static void send_lease(struct control *control, int worker)
{
    struct lease lease;
    shards_lease(&control->shards, worker, &lease, control->rows);
    for (uint32_t i = 0; i < lease.granted.count; i++)
        control->rows[i].sequence = market_sequence(control->market, control->rows[i].shard);
    int code = service_send(control->context, LINK_CONTROL, &control->workers[worker].peer, RECORD_lease, &lease);
    if (code < 0)
        log_debug("lease_not_sent", log_text("reason", error_message()));
}

static void send_changed_leases(struct control *control)
{
    for (int worker; (worker = shards_next_changed(&control->shards)) != SHARD_NOBODY;)
        send_lease(control, worker);
}

static int on_renew(struct control *control, const struct peer *peer, const uint8_t *bytes, size_t size)
{
    struct renew renewal;
    int worker;
    int code = message_decode(RECORD_renew, bytes, size, &renewal);
    if (code == 0)
        code = shards_renew(&control->shards, loop_now_ms(control->context->loop), &renewal, &worker);
    if (code < 0)
        return code;
    if (worker != SHARD_NOBODY) {
        control->workers[worker] = (struct control_worker){.peer = *peer, .state = renewal.state};
        control->workers[worker].state.heard_ms = clock_wall_ms();
        send_lease(control, worker);
    }
    send_changed_leases(control);
    return 0;
}

/* ---- snapshots ---- */

/* Copies the newest candles of a ring into one piece. */
static size_t copy_candles(const struct ring *ring, struct candle *out)
{
    uint32_t count = ring->count < CONTROL_CANDLES_MAX ? ring->count : CONTROL_CANDLES_MAX;
    for (uint32_t i = 0; i < count; i++)
        out[i] = *ring_at(ring, ring->count - count + i);
    return count;
}

static int send_part(struct control *control, const struct peer *peer, struct snapshot *snapshot,
                     const struct series *series)
{
    snapshot->part++;
    snapshot->interval_s = series->interval_s;
    snapshot->fire_from_ms = series->fire_from_ms;
    (void)snprintf(snapshot->symbol, sizeof snapshot->symbol, "%s", series->symbol);
    snapshot->rows = list_of(control->candles, copy_candles(&series->ring, control->candles));
    return service_send(control->context, LINK_CONTROL, peer, RECORD_snapshot, snapshot);
}

static int send_snapshot(struct control *control, const struct peer *peer, const struct snapshot_request *request)
{
    size_t count = market_series_of_shard(control->market, request->shard, control->series, CONTROL_SERIES_MAX);
    if (count > CONTROL_SERIES_MAX)
        return error_set(ERROR_FULL, "%zu series are in one shard", count);
    struct snapshot snapshot = {
        .shard = request->shard,
        .epoch = request->epoch,
        .stream_epoch = market_stream_epoch(control->market),
        .sequence = market_sequence(control->market, request->shard),
        .parts = (uint16_t)count,
        .symbol = "-",
    };
    (void)snprintf(snapshot.exchange, sizeof snapshot.exchange, "%s", control->market->exchange);
    if (count == 0)
        return service_send(control->context, LINK_CONTROL, peer, RECORD_snapshot, &snapshot);
    int code = 0;
    for (size_t i = 0; i < count && code == 0; i++)
        code = send_part(control, peer, &snapshot, control->series[i]);
    return code;
}

static bool same_peer(const struct peer *left, const struct peer *right)
{
    return left->size == right->size && memcmp(left->id, right->id, left->size) == 0;
}

/* Only the holder of the lease with just this epoch is answered; others asked before they knew better. */
static int on_snapshot_request(struct control *control, const struct peer *peer, const uint8_t *bytes, size_t size)
{
    struct snapshot_request request;
    int code = message_decode(RECORD_snapshot_request, bytes, size, &request);
    if (code < 0)
        return code;
    if (request.shard >= SHARDS)
        return error_set(ERROR_PROTOCOL, "a snapshot of shard %u was asked for", request.shard);
    int worker = shards_holder(&control->shards, request.shard, request.epoch);
    if (worker == SHARD_NOBODY || !same_peer(peer, &control->workers[worker].peer))
        return 0;
    code = send_snapshot(control, peer, &request);
    if (code < 0)
        log_debug("snapshot_not_sent", log_int("shard", request.shard), log_text("reason", error_message()));
    return 0;
}

/* ---- the whole ---- */

int control_on_message(struct control *control, const struct peer *peer, enum record record, const uint8_t *bytes,
                       size_t size)
{
    if (record == RECORD_renew)
        return on_renew(control, peer, bytes, size);
    if (record == RECORD_snapshot_request)
        return on_snapshot_request(control, peer, bytes, size);
    return error_set(ERROR_PROTOCOL, "a message %s came over the control link", records[record].name);
}

/* A shard is handed out first when a snapshot of it has all of its series but for those that are stuck. From then on
 * its holder is told, by a new epoch, when a series is ready that was not, and when one has left. */
static void follow_shard(struct control *control, uint16_t shard)
{
    uint32_t known = control->shards.slots[shard].weight, all = market_shard_weight(control->market, shard);
    uint64_t departures = market_shard_departures(control->market, shard);
    if (known == all && departures == control->departures[shard])
        return;
    uint32_t ready = (uint32_t)market_series_of_shard(control->market, shard, NULL, 0);
    bool waits = known == 0 && ready < all &&
                 (ready == 0 || market_settled_of_shard(control->market, shard) < all);
    if (waits || ready > CONTROL_SERIES_MAX)
        return;
    if (ready != known || departures != control->departures[shard])
        shards_change(&control->shards, shard, ready);
    control->departures[shard] = departures;
}

void control_on_tick(struct control *control, int64_t now_ms)
{
    for (uint16_t shard = 0; shard < SHARDS; shard++)
        follow_shard(control, shard);
    shards_tick(&control->shards, now_ms);
    send_changed_leases(control);
    metric_set(METRIC_analyzers, shards_worker_count(&control->shards));
    metric_set(METRIC_shards_assigned, shards_assigned_count(&control->shards));
    metric_add(METRIC_shards_moved_total, (double)(control->shards.moved_total - control->moved_counted));
    control->moved_counted = control->shards.moved_total;
}

void control_set_generation(struct control *control, uint64_t generation)
{
    shards_set_generation(&control->shards, generation);
    send_changed_leases(control);
}

size_t control_states(const struct control *control, struct process_state *out, size_t capacity)
{
    size_t count = 0;
    for (int i = 0; i < SHARD_WORKERS_MAX && count < capacity; i++)
        if (control->shards.workers[i].instance != 0)
            out[count++] = control->workers[i].state;
    return count;
}
