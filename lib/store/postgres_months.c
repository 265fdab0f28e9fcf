/* PostgreSQL: the partitions of candles, and how long candles are kept. */
/* SPDX-License-Identifier: MIT */
#include "lib/store/postgres.h"

#include "lib/base/clock.h"

#include <stdlib.h>
#include <string.h>

enum {
    DAY_MS = 86400000,
    AHEAD = 3,               /* months that have a partition from this one on */
    DELETE_ROWS = 5000,      /* in one step of the upkeep */
    REST_MS = 3600000,       /* for how long a month must not have grown before its times are indexed */
    UPKEEP_MS = 3600000,     /* between two rounds of it */
    UPKEEP_PAUSE_MS = 100,   /* between two steps */
    UPKEEP_AGAIN_MS = 60000, /* after one that failed */
};

static const char ensure_sql[] = "SELECT ensure_candle_months($1)";
static const char ensure_ahead_sql[] =
    "SELECT ensure_candle_months(array_agg(ms_of(month_of(now_ms) + i * interval '1 month')))"
    " FROM generate_series(0, $2 - 1) i, (SELECT $1 AS now_ms UNION SELECT exchange_ms FROM exchange_clocks) clocks";
static const char partitions_sql[] =
    "SELECT coalesce(from_ms, -9223372036854775807), to_ms FROM candle_partitions WHERE to_ms IS NOT NULL";
static const char index_sql[] = "SELECT index_candle_month($1)";
static const char drop_sql[] = "SELECT drop_expired_candle_months($1, $2)";
static const char delete_sql[] = "SELECT delete_expired_candles($1::integer, $2, $3)";

/* ---- what there is ---- */

static bool has_month(const struct postgres *pool, int64_t time_ms)
{
    for (size_t i = 0; i < pool->month_count; i++)
        if (time_ms >= pool->months[i].from_ms && time_ms < pool->months[i].to_ms)
            return true;
    return false;
}

int postgres_take_months(struct postgres *pool, const PGresult *result)
{
    size_t count = (size_t)PQntuples(result);
    struct postgres_month *months = realloc(pool->months, (count + 1) * sizeof months[0]);
    if (months == NULL)
        return error_set(ERROR_MEMORY, "no memory for %zu partitions", count);
    pool->months = months;
    pool->month_count = count;
    for (size_t i = 0; i < count; i++)
        months[i] = (struct postgres_month){postgres_integer(result, (int)i, 0), postgres_integer(result, (int)i, 1)};
    return 0;
}

/* ---- what a batch needs ---- */

/* Whether candle i of a batch is the first of its day that has no partition. */
static bool lacks_month(const struct postgres *pool, const struct store_batch *batch, size_t i)
{
    int64_t time_ms = batch->candles[i].event.candle.open_time_ms;
    if (i > 0 && batch->candles[i - 1].event.candle.open_time_ms / DAY_MS == time_ms / DAY_MS)
        return false; /* it goes where its neighbour goes */
    return !has_month(pool, time_ms);
}

size_t postgres_count_lacking(const struct postgres *pool, const struct store_batch *batch)
{
    size_t count = 0;
    for (size_t i = 0; i < batch->candle_count; i++)
        count += lacks_month(pool, batch, i);
    return count;
}

int postgres_send_ensure(struct postgres_session *session, size_t count)
{
    const struct store_batch *batch = &session->work->batch;
    struct postgres_parameters *parameters = &session->parameters;
    parameters_add_array(parameters, ELEMENT_INT8, count);
    for (size_t i = 0; i < batch->candle_count; i++)
        if (lacks_month(session->pool, batch, i))
            parameters_put_integer(parameters, ELEMENT_INT8, batch->candles[i].event.candle.open_time_ms);
    int code = postgres_send(session, ensure_sql);
    return code == 0 ? postgres_send(session, partitions_sql) : code;
}

/* ---- upkeep ---- */

static int send_ensure_ahead(struct postgres_session *session)
{
    parameters_add_integer(&session->parameters, clock_wall_ms());
    parameters_add_integer(&session->parameters, AHEAD);
    return postgres_send(session, ensure_ahead_sql);
}

static int send_drop(struct postgres_session *session)
{
    const struct store_settings *settings = &session->pool->settings;
    struct postgres_parameters *parameters = &session->parameters;
    parameters_add_array(parameters, ELEMENT_INT4, settings->retention_count);
    for (size_t i = 0; i < settings->retention_count; i++)
        parameters_put_integer(parameters, ELEMENT_INT4, settings->retentions[i].interval_s);
    parameters_add_array(parameters, ELEMENT_INT8, settings->retention_count);
    for (size_t i = 0; i < settings->retention_count; i++)
        parameters_put_integer(parameters, ELEMENT_INT8, settings->retentions[i].keep_ms);
    return postgres_send(session, drop_sql);
}

static int send_delete(struct postgres_session *session, const struct store_retention *retention)
{
    parameters_add_integer(&session->parameters, retention->interval_s);
    parameters_add_integer(&session->parameters, retention->keep_ms);
    parameters_add_integer(&session->parameters, DELETE_ROWS);
    return postgres_send(session, delete_sql);
}

static int send_index(struct postgres_session *session)
{
    parameters_add_integer(&session->parameters, REST_MS);
    return postgres_send(session, index_sql);
}

/* The steps of a round: partitions ahead, indexes for those that rest, those that may go, then each interval's candles.
 * Indexes come one by one, candles in portions, until nothing is left. */
enum { STEP_AHEAD, STEP_INDEX, STEP_DROP, STEP_DELETE };

static int send_step(struct postgres_session *session)
{
    size_t step = session->pool->upkeep_step;
    switch (step) {
    case STEP_AHEAD:
        return send_ensure_ahead(session);
    case STEP_INDEX:
        return send_index(session);
    case STEP_DROP:
        return send_drop(session);
    default:
        return send_delete(session, &session->pool->settings.retentions[step - STEP_DELETE]);
    }
}

/* Whether a step that has done `count` pieces has to be done again. */
static bool is_unfinished(size_t step, uint64_t count)
{
    return step == STEP_INDEX ? count > 0 : step >= STEP_DELETE && count >= DELETE_ROWS;
}

/* What a step has done: nothing comes back from the first. */
static int take_count(struct postgres_session *session, PGresult *result)
{
    if (session->pool->upkeep_step != STEP_AHEAD)
        session->work->result.changed = (uint64_t)postgres_integer(result, 0, 0);
    PQclear(result);
    return 0;
}

static void begin_upkeep(struct postgres_session *session)
{
    int code = postgres_send_limits(session);
    if (code == 0)
        code = send_step(session);
    postgres_fly(session, code, take_count, postgres_end_work);
}

static void on_upkept(void *user, const struct store_result *result)
{
    struct postgres *pool = user;
    size_t retentions = pool->settings.retention_count, steps = retentions > 0 ? STEP_DELETE + retentions : STEP_DROP;
    int64_t pause_ms = UPKEEP_PAUSE_MS;
    if (result->code != 0)
        pause_ms = UPKEEP_AGAIN_MS;
    else if (!is_unfinished(pool->upkeep_step, result->changed))
        pool->upkeep_step++;
    if (pool->upkeep_step == steps) {
        pool->upkeep_step = 0;
        pause_ms = UPKEEP_MS;
    }
    pool->upkeep_ms = clock_monotonic_ms() + pause_ms;
}

void postgres_keep_up(struct postgres *pool, int64_t now_ms)
{
    if (now_ms < pool->upkeep_ms || pool->upkeep.state != WORK_NONE || postgres_usable(pool) == 0)
        return;
    pool->upkeep = (struct postgres_work){.state = WORK_WAITS,
                                          .kind = STORE_UPKEEP,
                                          .since_ms = now_ms,
                                          .waited = true, /* nobody is kept waiting by it */
                                          .begin = begin_upkeep,
                                          .done = on_upkept,
                                          .user = pool};
}
