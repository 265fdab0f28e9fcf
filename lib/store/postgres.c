/* PostgreSQL: the states of the connection, and the row of the engine. */
/* SPDX-License-Identifier: MIT */
#include "lib/store/postgres.h"

#include "lib/base/clock.h"
#include "lib/store/engines.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

/* ---- states ---- */

static const struct {
    enum postgres_state from, to;
} edges[] = {
    {POSTGRES_AWAY, POSTGRES_CONNECTING},
    {POSTGRES_CONNECTING, POSTGRES_PREPARING},
    {POSTGRES_PREPARING, POSTGRES_READY},
    {POSTGRES_READY, POSTGRES_WORKING},
    {POSTGRES_WORKING, POSTGRES_READY},
    {POSTGRES_CONNECTING, POSTGRES_AWAY},
    {POSTGRES_PREPARING, POSTGRES_AWAY},
    {POSTGRES_READY, POSTGRES_AWAY},
    {POSTGRES_WORKING, POSTGRES_AWAY},
};

static bool may_follow(enum postgres_state from, enum postgres_state to)
{
    for (size_t i = 0; i < sizeof edges / sizeof edges[0]; i++)
        if (edges[i].from == from && edges[i].to == to)
            return true;
    return false;
}

void postgres_enter(struct postgres *postgres, enum postgres_state state)
{
    int64_t now_ms = clock_monotonic_ms();
    assert(may_follow(postgres->state, state));
    postgres->state = state;
    if (state == POSTGRES_AWAY)
        postgres->deadline_ms = now_ms + backoff_next(&postgres->backoff);
    else
        postgres->deadline_ms = now_ms + POSTGRES_TIMEOUT_MS;
    if (state == POSTGRES_READY)
        (void)snprintf(postgres->store->text, sizeof postgres->store->text, "postgresql %.80s on %.120s",
                       PQdb(postgres->connection), PQhost(postgres->connection));
}

/* ---- work ---- */

static void call_back(struct postgres_work *work, int code)
{
    work->result.code = code;
    if (code != 0) {
        work->result.changed = 0;
        (void)snprintf(work->result.message, sizeof work->result.message, "%.255s", error_message());
    }
    work->done(work->user, &work->result);
}

bool postgres_begin_work(struct postgres *postgres, struct postgres_work work)
{
    assert(postgres->state != POSTGRES_WORKING);
    if (postgres->state != POSTGRES_READY) {
        call_back(&work, error_set(ERROR_CONNECTION, "%s", postgres->store->text));
        return false;
    }
    postgres->work = work;
    postgres_enter(postgres, POSTGRES_WORKING);
    return true;
}

void postgres_end_work(struct postgres *postgres, int code)
{
    postgres_enter(postgres, POSTGRES_READY);
    if (code == 0)
        backoff_reset(&postgres->backoff);
    call_back(&postgres->work, code);
}

/* ---- the row of the engine ---- */

static int open_store(struct store *store, const char *url)
{
    struct postgres *postgres = store->state;
    postgres->store = store;
    int code = postgres_parse_url(postgres, url);
    if (code != 0)
        return code;
    (void)snprintf(store->text, sizeof store->text, "postgresql: connecting");
    postgres_connect(postgres);
    return 0;
}

static void close_store(struct store *store)
{
    struct postgres *postgres = store->state;
    PQclear(postgres->rows);
    PQfinish(postgres->connection);
    PQconninfoFree(postgres->options);
    parameters_release(&postgres->parameters);
    series_map_release(&postgres->series);
    candle_order_release(&postgres->order);
}

static bool is_ready(const struct store *store)
{
    const struct postgres *postgres = store->state;
    return postgres->state == POSTGRES_READY || postgres->state == POSTGRES_WORKING;
}

static bool is_idle(const struct store *store)
{
    return ((const struct postgres *)store->state)->state != POSTGRES_WORKING;
}

static void wait_for(const struct store *store, struct store_wait *out)
{
    const struct postgres *postgres = store->state;
    *out = (struct store_wait){.fd = -1, .deadline_ms = postgres->deadline_ms};
    if (postgres->state == POSTGRES_AWAY)
        return;
    out->fd = PQsocket(postgres->connection);
    if (postgres->rows != NULL || (postgres->flying && PQisBusy(postgres->connection) == 0)) {
        out->deadline_ms = 0; /* the next rows or results are here */
    } else if (postgres->state == POSTGRES_CONNECTING) {
        out->write = postgres->polling == PGRES_POLLING_WRITING;
        out->read = !out->write;
    } else {
        out->read = true;
        out->write = postgres->unflushed;
        if (postgres->state == POSTGRES_READY)
            out->deadline_ms = INT64_MAX;
    }
}

/* Gives up a server that owes an answer and keeps silent. */
static void check_deadline(struct postgres *postgres, int64_t now_ms)
{
    bool owes = postgres->state == POSTGRES_CONNECTING || postgres->state == POSTGRES_PREPARING ||
                (postgres->state == POSTGRES_WORKING && postgres->rows == NULL);
    if (!owes || now_ms < postgres->deadline_ms)
        return;
    int code = error_set(ERROR_CONNECTION, "no answer within %d s", POSTGRES_TIMEOUT_MS / 1000);
    (void)code;
    postgres_lost(postgres);
}

static void advance(struct store *store, int64_t now_ms)
{
    struct postgres *postgres = store->state;
    if (postgres->state == POSTGRES_AWAY) {
        if (now_ms >= postgres->deadline_ms)
            postgres_connect(postgres);
    } else if (postgres->state == POSTGRES_CONNECTING) {
        postgres_connect_on(postgres);
    } else if (postgres->rows == NULL) {
        postgres_exchange(postgres);
    }
    if (postgres->rows != NULL)
        postgres_hand_out(postgres);
    check_deadline(postgres, now_ms);
}

const struct store_kind postgresql_store = {
    .scheme = "postgresql",
    .other_scheme = "postgres",
    .state_size = sizeof(struct postgres),
    .open = open_store,
    .close = close_store,
    .ready = is_ready,
    .idle = is_idle,
    .wait = wait_for,
    .advance = advance,
    .write = postgres_write,
    .lease = postgres_lease,
    .query = postgres_query,
};
