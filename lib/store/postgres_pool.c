/* PostgreSQL: which session does which work, and how many sessions there are. */
/* SPDX-License-Identifier: MIT */
#include "lib/store/postgres.h"

#include "lib/base/clock.h"

#include <assert.h>
#include <stdio.h>

enum { RESERVED = 2 /* sessions that queries leave to writing and leases */ };

/* ---- counting ---- */

static size_t count_sessions(const struct postgres *pool, enum postgres_state from, enum postgres_state to)
{
    size_t count = 0;
    for (size_t i = 0; i < POSTGRES_SESSIONS_MAX; i++)
        count += pool->sessions[i].state >= from && pool->sessions[i].state <= to;
    return count;
}

size_t postgres_usable(const struct postgres *pool)
{
    return count_sessions(pool, POSTGRES_READY, POSTGRES_WORKING);
}

size_t postgres_open_sessions(const struct postgres *pool)
{
    return count_sessions(pool, POSTGRES_CONNECTING, POSTGRES_WORKING);
}

static size_t most_sessions(const struct postgres *pool)
{
    return pool->settings.pool_size + pool->settings.pool_overflow;
}

static size_t count_queries(const struct postgres *pool, enum postgres_work_state state)
{
    size_t count = 0;
    for (size_t i = 0; i < POSTGRES_QUERIES_MAX; i++)
        count += pool->queries[i].state == state;
    return count;
}

static size_t count_waiting(const struct postgres *pool)
{
    return count_queries(pool, WORK_WAITS) + (pool->lease.state == WORK_WAITS) + (pool->write.state == WORK_WAITS);
}

bool postgres_takes_query(const struct postgres *pool)
{
    size_t most = most_sessions(pool) > RESERVED ? most_sessions(pool) - RESERVED : 1;
    size_t queries = POSTGRES_QUERIES_MAX - count_queries(pool, WORK_NONE);
    return queries < most && queries < POSTGRES_QUERIES_MAX;
}

bool postgres_is_held(const struct postgres_session *session)
{
    return session->pool->store->holds_answers && session->work != NULL && session->work->kind == STORE_QUERY;
}

/* ---- the end of work ---- */

static void call_back(struct postgres *pool, struct postgres_work *work, int code)
{
    struct store_result result = work->result;
    result.code = code;
    if (code != 0) {
        result.changed = 0;
        (void)snprintf(result.message, sizeof result.message, "%.255s", error_message());
    }
    pool->spoke = pool->spoke || work->kind == STORE_QUERY;
    work->state = WORK_NONE;
    work->done(work->user, &result);
}

/* Remembers that the server answers and still does not write, or that it writes again. */
static void note_write(struct postgres *pool, int code)
{
    if (code == ERROR_CONNECTION) {
        pool->write_fails = true;
        pool->write_again_ms = clock_monotonic_ms() + backoff_next(&pool->write_backoff);
        (void)snprintf(pool->store->text, sizeof pool->store->text, "postgresql: writing fails: %.220s",
                       error_message());
    } else if (pool->write_fails) {
        pool->write_fails = false;
        backoff_reset(&pool->write_backoff);
        postgres_tell(pool);
    }
}

void postgres_end_work(struct postgres_session *session, int code)
{
    struct postgres *pool = session->pool;
    struct postgres_work *work = session->work;
    session->work = NULL;
    postgres_enter(session, POSTGRES_READY);
    if (code == 0)
        backoff_reset(&pool->backoff);
    if (work->kind == STORE_WRITE)
        note_write(pool, code);
    call_back(pool, work, code);
}

void postgres_drop_work(struct postgres_session *session)
{
    struct postgres_work *work = session->work;
    session->work = NULL;
    if (work == NULL)
        return;
    if (session->pinging)
        work->state = WORK_WAITS; /* it has not begun: another session takes it */
    else
        call_back(session->pool, work, ERROR_CONNECTION);
    session->pinging = false;
}

/* ---- giving work to sessions ---- */

static void on_alive(struct postgres_session *session, int code)
{
    session->pinging = false;
    if (code != 0)
        postgres_end_work(session, code);
    else
        session->work->begin(session);
}

static void start(struct postgres_session *session, struct postgres_work *work, int64_t now_ms)
{
    const struct store_settings *settings = &session->pool->settings;
    work->state = WORK_RUNS;
    session->work = work;
    session->pinging = settings->pre_ping && now_ms - session->idle_since_ms >= POSTGRES_STALE_MS;
    postgres_enter(session, POSTGRES_WORKING);
    if (session->pinging)
        postgres_fly(session, postgres_send(session, "SELECT"), postgres_ignore, on_alive);
    else
        work->begin(session);
}

/* Whether the one session there is must do everything: the server has no room for more of us. */
static bool is_alone(const struct postgres *pool)
{
    return postgres_open_sessions(pool) == 1 && clock_monotonic_ms() < pool->retry_ms;
}

/* An idle session for work of this kind, or NULL. */
static struct postgres_session *find_idle(struct postgres *pool, enum store_work kind)
{
    if (pool->for_leases != NULL && (kind == STORE_LEASE || is_alone(pool)))
        return pool->for_leases->state == POSTGRES_READY ? pool->for_leases : NULL;
    for (size_t i = 0; i < POSTGRES_SESSIONS_MAX; i++)
        if (pool->sessions[i].state == POSTGRES_READY && &pool->sessions[i] != pool->for_leases)
            return &pool->sessions[i];
    return NULL;
}

static void try_to_start(struct postgres *pool, struct postgres_work *work, int64_t now_ms)
{
    if (work->state != WORK_WAITS)
        return;
    struct postgres_session *session = find_idle(pool, work->kind);
    if (session != NULL) {
        start(session, work, now_ms);
    } else if (!work->waited) {
        work->waited = true;
        pool->store->pool.waits++;
    }
}

/* The query that has waited longest, or NULL. */
static struct postgres_work *oldest_query(struct postgres *pool)
{
    struct postgres_work *oldest = NULL;
    for (size_t i = 0; i < POSTGRES_QUERIES_MAX; i++) {
        struct postgres_work *work = &pool->queries[i];
        if (work->state == WORK_WAITS && (oldest == NULL || work->number < oldest->number))
            oldest = work;
    }
    return oldest;
}

static void start_queries(struct postgres *pool, int64_t now_ms)
{
    struct postgres_work *work;
    while (!pool->spoke && !pool->store->holds_answers && (work = oldest_query(pool)) != NULL) {
        try_to_start(pool, work, now_ms);
        if (work->state == WORK_WAITS)
            return;
    }
}

/* ---- opening and closing sessions ---- */

static struct postgres_session *free_place(struct postgres *pool)
{
    for (size_t i = 0; i < POSTGRES_SESSIONS_MAX; i++)
        if (pool->sessions[i].state == POSTGRES_AWAY)
            return &pool->sessions[i];
    return NULL;
}

/* How many sessions there should be: one to find out how things are, then the minimum, then one for each piece of work
 * that has none. */
static size_t wanted_sessions(const struct postgres *pool)
{
    size_t usable = postgres_usable(pool);
    if (usable == 0)
        return 1;
    size_t wanted = usable + count_waiting(pool);
    if (wanted < pool->settings.pool_min)
        wanted = pool->settings.pool_min;
    return wanted < most_sessions(pool) ? wanted : most_sessions(pool);
}

static void open_sessions(struct postgres *pool, int64_t now_ms)
{
    while (postgres_open_sessions(pool) < wanted_sessions(pool) && now_ms >= pool->retry_ms) {
        struct postgres_session *session = free_place(pool);
        assert(session != NULL);
        postgres_connect(session);
    }
}

/* Since how long a session that is idle may go, in ms. */
static int64_t spare_ms(const struct postgres *pool)
{
    size_t open = postgres_open_sessions(pool);
    if (open <= pool->settings.pool_min)
        return INT64_MAX;
    return open > pool->settings.pool_size ? POSTGRES_OVERFLOW_MS : POSTGRES_SPARE_MS;
}

static bool is_spare(const struct postgres *pool, const struct postgres_session *session)
{
    return session->state == POSTGRES_READY && session != pool->for_leases;
}

static void close_spare_sessions(struct postgres *pool, int64_t now_ms)
{
    for (size_t i = 0; i < POSTGRES_SESSIONS_MAX; i++) {
        struct postgres_session *session = &pool->sessions[i];
        if (is_spare(pool, session) && now_ms - session->idle_since_ms >= spare_ms(pool))
            postgres_disconnect(session);
    }
}

static void choose_for_leases(struct postgres *pool)
{
    for (size_t i = 0; i < POSTGRES_SESSIONS_MAX && pool->for_leases == NULL; i++)
        if (pool->sessions[i].state == POSTGRES_READY)
            pool->for_leases = &pool->sessions[i];
}

/* ---- waiting too long ---- */

static bool has_waited_enough(const struct postgres *pool, const struct postgres_work *work, int64_t now_ms)
{
    bool held = work->kind == STORE_QUERY && (pool->spoke || pool->store->holds_answers);
    return work->state == WORK_WAITS && !held &&
           (postgres_usable(pool) == 0 || now_ms - work->since_ms >= pool->settings.pool_wait_ms);
}

static void end_if_waited_enough(struct postgres *pool, struct postgres_work *work, int64_t now_ms)
{
    if (!has_waited_enough(pool, work, now_ms))
        return;
    if (postgres_usable(pool) == 0)
        call_back(pool, work, error_set(ERROR_CONNECTION, "%s", pool->store->text));
    else
        call_back(pool, work, error_set(ERROR_CONNECTION, "no connection was free within %lld ms (database.pool_wait_ms)",
                                        (long long)pool->settings.pool_wait_ms));
}

static void end_what_waited_enough(struct postgres *pool, int64_t now_ms)
{
    end_if_waited_enough(pool, &pool->lease, now_ms);
    end_if_waited_enough(pool, &pool->write, now_ms);
    end_if_waited_enough(pool, &pool->upkeep, now_ms);
    for (size_t i = 0; i < POSTGRES_QUERIES_MAX; i++)
        end_if_waited_enough(pool, &pool->queries[i], now_ms);
}

/* ---- the round ---- */

void postgres_dispatch(struct postgres *pool, int64_t now_ms)
{
    choose_for_leases(pool);
    postgres_keep_up(pool, now_ms);
    try_to_start(pool, &pool->lease, now_ms);
    try_to_start(pool, &pool->write, now_ms);
    start_queries(pool, now_ms);
    try_to_start(pool, &pool->upkeep, now_ms);
    end_what_waited_enough(pool, now_ms);
    close_spare_sessions(pool, now_ms);
    open_sessions(pool, now_ms);
    for (size_t i = 0; i < POSTGRES_SESSIONS_MAX; i++)
        postgres_watch(&pool->sessions[i]);
    pool->store->pool.connections = postgres_usable(pool);
    pool->store->pool.used = count_sessions(pool, POSTGRES_WORKING, POSTGRES_WORKING);
}

int64_t postgres_dispatch_deadline(const struct postgres *pool)
{
    int64_t deadline_ms = INT64_MAX;
    if (postgres_open_sessions(pool) < wanted_sessions(pool))
        deadline_ms = pool->retry_ms;
    if (pool->write_fails && pool->write_again_ms < deadline_ms)
        deadline_ms = pool->write_again_ms;
    if (pool->upkeep.state == WORK_NONE && postgres_usable(pool) > 0 && pool->upkeep_ms < deadline_ms)
        deadline_ms = pool->upkeep_ms;
    bool waits = count_waiting(pool) > 0 || pool->upkeep.state == WORK_WAITS, spare = spare_ms(pool) < INT64_MAX;
    int64_t later_ms = clock_monotonic_ms() + POSTGRES_LOOK_MS;
    return (waits || spare) && later_ms < deadline_ms ? later_ms : deadline_ms;
}

void postgres_hand_over(struct postgres *pool, struct postgres_work *place, struct postgres_work work)
{
    int64_t now_ms = clock_monotonic_ms();
    assert(place->state == WORK_NONE);
    work.state = WORK_WAITS;
    work.since_ms = now_ms;
    work.number = ++pool->number;
    *place = work;
    pool->spoke = false;
    postgres_dispatch(pool, now_ms);
}

struct postgres_work *postgres_query_place(struct postgres *pool)
{
    for (size_t i = 0; i < POSTGRES_QUERIES_MAX; i++)
        if (pool->queries[i].state == WORK_NONE)
            return &pool->queries[i];
    assert(false && "more queries were handed over than the store takes");
    return NULL;
}
