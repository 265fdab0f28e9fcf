/* PostgreSQL: the states of a session, and the row of the engine. */
/* SPDX-License-Identifier: MIT */
#include "lib/store/postgres.h"

#include "lib/base/clock.h"
#include "lib/store/engines.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

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

void postgres_enter(struct postgres_session *session, enum postgres_state state)
{
    assert(may_follow(session->state, state));
    session->state = state;
    session->idle_since_ms = clock_monotonic_ms();
    session->deadline_ms = session->idle_since_ms + postgres_silence_ms(session);
    if (state == POSTGRES_READY)
        postgres_tell(session->pool);
}

static const struct postgres_session *any_usable(const struct postgres *pool)
{
    for (size_t i = 0; i < POSTGRES_SESSIONS_MAX; i++)
        if (pool->sessions[i].state == POSTGRES_READY || pool->sessions[i].state == POSTGRES_WORKING)
            return &pool->sessions[i];
    return NULL;
}

void postgres_tell(struct postgres *pool)
{
    const struct postgres_session *session = any_usable(pool);
    char *text = pool->store->text;
    if (session == NULL)
        (void)snprintf(text, sizeof pool->store->text, "postgresql: %.240s", error_message());
    else if (!pool->write_fails)
        (void)snprintf(text, sizeof pool->store->text, "postgresql %.80s on %.120s", PQdb(session->connection),
                       PQhost(session->connection));
}

/* ---- the row of the engine ---- */

static int open_store(struct store *store, const char *url, const struct store_settings *settings)
{
    struct postgres *pool = store->state;
    pool->store = store;
    pool->settings = *settings;
    for (size_t i = 0; i < POSTGRES_SESSIONS_MAX; i++) {
        pool->sessions[i].pool = pool;
        pool->sessions[i].watched_fd = -1;
    }
    int code = postgres_parse_url(pool, url);
    if (code != 0)
        return code;
    pool->poller = epoll_create1(EPOLL_CLOEXEC);
    if (pool->poller < 0) {
        PQconninfoFree(pool->options);
        return error_set(ERROR_SYSTEM, "epoll_create1: %s", strerror(errno));
    }
    (void)snprintf(store->text, sizeof store->text, "postgresql: connecting");
    postgres_dispatch(pool, clock_monotonic_ms());
    return 0;
}

static void close_store(struct store *store)
{
    struct postgres *pool = store->state;
    for (size_t i = 0; i < POSTGRES_SESSIONS_MAX; i++) {
        PQclear(pool->sessions[i].rows);
        PQfinish(pool->sessions[i].connection);
        parameters_release(&pool->sessions[i].parameters);
    }
    (void)close(pool->poller);
    PQconninfoFree(pool->options);
    free(pool->months);
    series_map_release(&pool->series);
    candle_order_release(&pool->order);
}

static bool is_ready(const struct store *store)
{
    const struct postgres *pool = store->state;
    return any_usable(pool) != NULL && !pool->write_fails;
}

static bool is_idle(const struct store *store)
{
    const struct postgres *pool = store->state;
    bool idle = pool->lease.state == WORK_NONE && pool->write.state == WORK_NONE;
    for (size_t i = 0; i < POSTGRES_QUERIES_MAX; i++)
        idle = idle && pool->queries[i].state == WORK_NONE;
    return idle;
}

static bool takes(const struct store *store, enum store_work work)
{
    const struct postgres *pool = store->state;
    if (any_usable(pool) == NULL)
        return false;
    switch (work) {
    case STORE_LEASE:
        return pool->lease.state == WORK_NONE;
    case STORE_WRITE:
        return pool->write.state == WORK_NONE &&
               (!pool->write_fails || clock_monotonic_ms() >= pool->write_again_ms);
    case STORE_QUERY:
        return postgres_takes_query(pool);
    case STORE_UPKEEP:
        return false;
    }
    return false;
}

/* Whether rows or results of the session are here already, without a descriptor becoming ready for them. */
static bool has_more(const struct postgres_session *session)
{
    return session->rows != NULL || (session->flying && PQisBusy(session->connection) == 0);
}

static int64_t session_deadline(const struct postgres_session *session)
{
    if (session->state == POSTGRES_AWAY || postgres_is_held(session))
        return INT64_MAX;
    if (has_more(session))
        return 0;
    return session->state == POSTGRES_READY ? INT64_MAX : session->deadline_ms;
}

static void wait_for(const struct store *store, struct store_wait *out)
{
    const struct postgres *pool = store->state;
    *out = (struct store_wait){.fd = pool->poller, .read = true, .deadline_ms = postgres_dispatch_deadline(pool)};
    for (size_t i = 0; i < POSTGRES_SESSIONS_MAX; i++) {
        int64_t deadline_ms = session_deadline(&pool->sessions[i]);
        if (deadline_ms < out->deadline_ms)
            out->deadline_ms = deadline_ms;
    }
}

/* Gives up a server that owes an answer and keeps silent. */
static void check_deadline(struct postgres_session *session, int64_t now_ms)
{
    bool owes = session->state == POSTGRES_CONNECTING || session->state == POSTGRES_PREPARING ||
                (session->state == POSTGRES_WORKING && session->rows == NULL);
    if (!owes || now_ms < session->deadline_ms)
        return;
    int code = error_set(ERROR_CONNECTION, "no answer within %lld s",
                         (long long)(postgres_silence_ms(session) / 1000));
    (void)code;
    postgres_lost(session);
}

static void advance_session(struct postgres_session *session, int64_t now_ms)
{
    bool asks = session->work != NULL && session->work->kind == STORE_QUERY;
    if (session->state == POSTGRES_AWAY || (asks && (session->pool->spoke || postgres_is_held(session))))
        return;
    if (session->state == POSTGRES_CONNECTING)
        postgres_connect_on(session);
    else if (session->rows == NULL)
        postgres_exchange(session);
    if (session->rows != NULL)
        postgres_hand_out(session);
    check_deadline(session, now_ms);
}

static void advance(struct store *store, int64_t now_ms)
{
    struct postgres *pool = store->state;
    pool->spoke = false;
    pool->next_session = (pool->next_session + 1) % POSTGRES_SESSIONS_MAX;
    for (size_t i = 0; i < POSTGRES_SESSIONS_MAX; i++)
        advance_session(&pool->sessions[(pool->next_session + i) % POSTGRES_SESSIONS_MAX], now_ms);
    postgres_dispatch(pool, now_ms);
}

const struct store_kind postgresql_store = {
    .scheme = "postgresql",
    .other_scheme = "postgres",
    .state_size = sizeof(struct postgres),
    .open = open_store,
    .close = close_store,
    .ready = is_ready,
    .idle = is_idle,
    .takes = takes,
    .wait = wait_for,
    .advance = advance,
    .write = postgres_write,
    .lease = postgres_lease,
    .query = postgres_query,
};
