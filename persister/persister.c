/* The persister: holds the database, alone. It collects what fetcher and trader send until it is worth a transaction,
 * acks after the commit, answers questions to the history and grants leases. All its state is in the database: killed
 * at any moment and started again, it goes on where its senders stand. */
/* SPDX-License-Identifier: MIT */
#include "persister/persister.h"

#include "lib/base/log.h"
#include "lib/runtime/metrics.h"
#include "persister/retention.h"
#include "persister/state.h"

#include <string.h>

enum { STOP_MS = 3000 /* how long a stopping persister tries to commit what waits */ };

static void on_tick(struct service_context *context, void *state, int64_t now_ms)
{
    struct persister *persister = state;
    const struct store *store = &persister->store;
    bool ready = store->kind->ready(store);
    service_set_status(context, ready ? PROCESS_STATUS_READY : PROCESS_STATUS_DEGRADED, store->text);
    metric_set(METRIC_store_connected, ready);
    metric_set(METRIC_store_pool_connections, (double)store->pool.connections);
    metric_set(METRIC_store_pool_used, (double)store->pool.used);
    metric_add(METRIC_store_pool_waits_total, (double)(store->pool.waits - persister->pool_waits));
    persister->pool_waits = store->pool.waits;
    metric_set(METRIC_store_waiting_rows, (double)persister_rows(persister));
    if (!ready)
        history_expire(&persister->history, now_ms, store->text);
}

static int open_database(struct persister *persister)
{
    const struct config *config = persister->context->config;
    struct store_settings settings = {
        .pool_min = (unsigned)config->database_pool_min,
        .pool_size = (unsigned)config->database_pool_size,
        .pool_overflow = (unsigned)config->database_pool_overflow,
        .pool_wait_ms = config->database_pool_wait_ms,
        .pre_ping = config->database_pre_ping,
    };
    int code = retention_read(config->database_retention, &settings);
    if (code != 0)
        return code;
    code = store_open_with(&persister->store, secret_reveal(&config->database_url), &settings);
    return code == 0 ? 0 : error_context(code == ERROR_ARGUMENT ? ERROR_CONFIGURATION : code, "database.url");
}

static int open_lane(struct lane *lane, const struct config *config)
{
    const char *exchange = config->exchange_name, *quote_asset = config->market_quote_asset;
    int code = lane_init(lane, (size_t)config->database_batch_rows);
    for (int i = 0; i < 2 && code == 0; i++) {
        struct batch *batch = &lane->batches[i];
        code = text_copy(batch->exchange, sizeof batch->exchange, exchange, strlen(exchange));
        if (code == 0)
            code = text_copy(batch->quote_asset, sizeof batch->quote_asset, quote_asset, strlen(quote_asset));
    }
    return code;
}

static void release_lanes(struct persister *persister)
{
    for (enum lane_kind kind = 0; kind < LANES; kind++)
        lane_release(&persister->lanes[kind]);
}

static int open_persister(struct service_context *context, void *state)
{
    struct persister *persister = state;
    persister->context = context;
    persister->history.context = context;
    persister->watched_fd = -1;
    lane_pace_init(&persister->pace, (size_t)context->config->database_batch_rows);
    int code = 0;
    for (enum lane_kind kind = 0; kind < LANES && code == 0; kind++)
        code = open_lane(&persister->lanes[kind], context->config);
    if (code == 0) {
        persister->timer = loop_add_timer(context->loop, 0, 0, persister_attend, persister);
        code = persister->timer < 0 ? persister->timer : open_database(persister);
    }
    if (code != 0)
        release_lanes(persister);
    return code;
}

static void on_stop(struct service_context *context, void *state)
{
    struct persister *persister = state;
    persister->stopping = true;
    if (persister_waiting(persister) > 0) {
        context->stop_ms = STOP_MS;
        persister_wake(persister);
    }
}

static void close_persister(struct service_context *context, void *state)
{
    struct persister *persister = state;
    size_t unwritten = persister_rows(persister);
    if (unwritten > 0)
        log_warn("rows_unwritten", log_int("rows", (int64_t)unwritten), log_text("reason", persister->store.text));
    if (persister->watched_fd >= 0)
        loop_remove_fd(context->loop, persister->watched_fd);
    store_close(&persister->store);
    release_lanes(persister);
}

const struct service persister_service = {
    .role = ROLE_PERSISTER,
    .state_size = sizeof(struct persister),
    .tick_ms = PERSISTER_TICK_MS,
    .open = open_persister,
    .on_message = persister_on_message,
    .on_tick = on_tick,
    .on_stop = on_stop,
    .close = close_persister,
};
