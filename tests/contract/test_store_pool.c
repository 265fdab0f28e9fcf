/* The connections of the PostgreSQL store: what goes on beside what, how many there are, and what one that died costs.
 * Looks into the engine's state where a clock would have to be waited for. */
/* SPDX-License-Identifier: MIT */
#include "lib/base/clock.h"
#include "lib/store/postgres.h"
#include "tests/contract/store_rows.h"
#include "tests/harness.h"

#include <libpq-fe.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct fixture fixture;

static struct postgres *pool_of(struct fixture *open)
{
    return open->store.state;
}

/* ---- several pieces of work ---- */

enum { QUERIES = 12 };

static struct asked {
    bool done;
    int code;
    size_t rows;
    unsigned parts;
} asked[QUERIES];
static unsigned calls; /* of callbacks, since the last turn began */

static void on_part(void *user, const struct store_part *part)
{
    struct asked *one = user;
    CU_ASSERT_FALSE(one->done);
    one->rows += part->candle_count + part->position_count;
    one->parts++;
    calls++;
}

static void on_done(void *user, const struct store_result *result)
{
    struct asked *one = user;
    CU_ASSERT_FALSE(one->done);
    one->done = true;
    one->code = result->code;
    calls++;
}

static void ask(struct asked *one, const struct query *query)
{
    *one = (struct asked){0};
    CU_ASSERT_TRUE(fixture.store.kind->takes(&fixture.store, STORE_QUERY));
    fixture.store.kind->query(&fixture.store, query, on_part, on_done, one);
}

static bool all_done(const struct fixture *open)
{
    (void)open;
    for (int i = 0; i < QUERIES; i++)
        if (!asked[i].done)
            return false;
    return true;
}

static bool first_done(const struct fixture *open)
{
    (void)open;
    return asked[0].done;
}

/* ---- what holds things up ---- */

static PGconn *outsider(const char *sql)
{
    char url[256];
    postgres_server_url(fixture_server(), fixture.path, POSTGRES_SERVER_PASSWORD, url);
    PGconn *connection = PQconnectdb(url);
    PGresult *result = PQexec(connection, sql);
    CU_ASSERT_EQUAL_FATAL(PQresultStatus(result), PGRES_COMMAND_OK);
    PQclear(result);
    return connection;
}

static PGconn *lock_candles(void)
{
    PGconn *connection = outsider("BEGIN");
    PGresult *result = PQexec(connection, "LOCK TABLE candles IN ACCESS EXCLUSIVE MODE");
    CU_ASSERT_EQUAL_FATAL(PQresultStatus(result), PGRES_COMMAND_OK);
    PQclear(result);
    return connection;
}

static bool open_candles(void)
{
    static struct store_candle rows[3000];
    for (int i = 0; i < 3000; i++)
        rows[i] = candle_at(i < 1500 ? "BTCUSDT" : "ETHUSDT", i % 1500 * (int64_t)MINUTE_MS, i + 1);
    fixture_open(&fixture);
    return write_candles(&fixture, rows, 3000) == 0;
}

/* ---- tests ---- */

static void queries_are_answered_side_by_side(void)
{
    if (!fixture_make(&fixture, "postgresql"))
        return;
    CU_ASSERT_TRUE_FATAL(open_candles());
    struct query query = fixture_query_of(QUERY_KIND_RECENT_CANDLES, 1500);
    for (int i = 0; i < QUERIES; i++)
        ask(&asked[i], &query);
    bool more = true;
    while (more) { /* no turn has more than one message for the owner */
        struct store_wait wait;
        calls = 0;
        fixture.store.kind->advance(&fixture.store, clock_monotonic_ms());
        CU_ASSERT_TRUE(calls <= 1);
        fixture.store.kind->wait(&fixture.store, &wait);
        more = !all_done(&fixture);
    }
    CU_ASSERT_TRUE(fixture.store.pool.connections > 3);
    CU_ASSERT_TRUE(fixture.store.pool.waits > 0);
    for (int i = 0; i < QUERIES; i++) {
        CU_ASSERT_EQUAL(asked[i].code, 0);
        CU_ASSERT_EQUAL(asked[i].rows, 3000);
        CU_ASSERT_EQUAL(asked[i].parts, 6);
    }
    fixture_close(&fixture);
}

static void answers_wait_for_an_owner_who_holds_them(void)
{
    if (!fixture_make(&fixture, "postgresql"))
        return;
    CU_ASSERT_TRUE_FATAL(open_candles());
    struct query query = fixture_query_of(QUERY_KIND_RECENT_CANDLES, 1500);
    for (int i = 0; i < QUERIES; i++)
        ask(&asked[i], &query);
    fixture.store.holds_answers = true;
    calls = 0;
    CU_ASSERT_EQUAL(fixture_lease(&fixture, "fetcher", 1, 60000, false), 0); /* all else goes on */
    CU_ASSERT_TRUE(fixture.result.granted);
    CU_ASSERT_EQUAL(calls, 0);
    fixture.store.holds_answers = false;
    CU_ASSERT_TRUE(fixture_until(&fixture, all_done));
    for (int i = 0; i < QUERIES; i++)
        CU_ASSERT_EQUAL(asked[i].rows, 3000);
    fixture_close(&fixture);
}

/* The round of upkeep with which a store begins is over, and the next one is far away. */
static bool upkeep_rests(const struct fixture *open)
{
    const struct postgres *pool = open->store.state;
    return pool->upkeep.state == WORK_NONE && pool->upkeep_ms > clock_monotonic_ms() + 3 * POSTGRES_SPARE_MS;
}

static void check_locked_table(void)
{
    struct store_candle row = candle_at("BTCUSDT", 0, 77);
    struct query candles = fixture_query_of(QUERY_KIND_RECENT_CANDLES, 10), ledger = fixture_query_of(QUERY_KIND_LEDGER, 1);
    CU_ASSERT_TRUE_FATAL(open_candles());
    CU_ASSERT_TRUE_FATAL(fixture_until(&fixture, upkeep_rests)); /* it would wait for the lock too, and others for it */
    CU_ASSERT_EQUAL(fixture_lease(&fixture, "trader", 1, 60000, false), 0);
    PGconn *other = lock_candles();
    for (int i = 1; i < QUERIES; i++)
        asked[i].done = true;
    ask(&asked[0], &candles);
    struct fill fill = fill_of("t-1", 1, 10);
    struct store_batch batch = {.candles = &row, .candle_count = 1, .fills = &fill, .fill_count = 1,
                                .ledger_generation = 1};
    fixture_begin_write(&fixture, &batch);
    CU_ASSERT_FALSE(fixture.store.kind->takes(&fixture.store, STORE_WRITE));
    /* The same trader's lease, and a query of other tables, while both wait for the lock. */
    struct asked *second = &asked[1];
    ask(second, &ledger);
    struct lease_request renewal = {.name = "trader", .holder = 1, .duration_ms = 60000};
    struct asked renewed = {0};
    fixture.store.kind->lease(&fixture.store, &renewal, on_done, &renewed);
    while (!(renewed.done && second->done) && !fixture.done)
        fixture_turn(&fixture);
    CU_ASSERT_FALSE(fixture.done);
    CU_ASSERT_EQUAL(renewed.code, 0);
    CU_ASSERT_EQUAL(second->code, 0);
    /* The lock does not go away in time: nothing is written, and it is said why. */
    CU_ASSERT_EQUAL(fixture_end(&fixture), ERROR_CONNECTION);
    CU_ASSERT_PTR_NOT_NULL(strstr(fixture.result.message, "lock timeout"));
    CU_ASSERT_FALSE(fixture_is_ready(&fixture));
    CU_ASSERT_PTR_NOT_NULL(strstr(fixture.store.text, "writing fails: canceling statement due to lock timeout"));
    CU_ASSERT_FALSE(fixture.store.kind->takes(&fixture.store, STORE_WRITE)); /* it rests before the next attempt */
    CU_ASSERT_TRUE(fixture.store.kind->takes(&fixture.store, STORE_LEASE));
    PQfinish(other);
    CU_ASSERT_TRUE(fixture_until(&fixture, first_done));
    CU_ASSERT_EQUAL(fixture_write(&fixture, &batch), 0);
    CU_ASSERT_EQUAL(fixture.result.changed, 2);
    CU_ASSERT_TRUE(fixture_is_ready(&fixture));
    CU_ASSERT_PTR_NULL(strstr(fixture.store.text, "fails"));
    fixture_close(&fixture);
}

static void a_locked_table_delays_no_lease(void)
{
    if (fixture_make(&fixture, "postgresql"))
        check_locked_table();
    if (fixture_make_pooled(&fixture))
        check_locked_table();
}

static bool is_small(const struct fixture *open)
{
    return upkeep_rests(open) && open->store.pool.connections == 2 && open->store.pool.used == 0;
}

static void spare_connections_are_closed(void)
{
    if (!fixture_make(&fixture, "postgresql"))
        return;
    CU_ASSERT_TRUE_FATAL(open_candles());
    CU_ASSERT_TRUE(fixture_until(&fixture, is_small)); /* the minimum is opened without being needed */
    struct query query = fixture_query_of(QUERY_KIND_RECENT_CANDLES, 1500);
    for (int i = 0; i < QUERIES; i++)
        ask(&asked[i], &query);
    CU_ASSERT_TRUE(fixture_until(&fixture, all_done));
    size_t most = fixture.store.pool.connections;
    CU_ASSERT_TRUE(most > 2);
    fixture.store.kind->advance(&fixture.store, clock_monotonic_ms() + POSTGRES_SPARE_MS / 2);
    CU_ASSERT_TRUE(fixture.store.pool.connections <= 10); /* what was above pool_size has gone first */
    fixture.store.kind->advance(&fixture.store, clock_monotonic_ms() + 2 * POSTGRES_SPARE_MS);
    CU_ASSERT_EQUAL(fixture.store.pool.connections, 2);
    CU_ASSERT_EQUAL(fixture.store.pool.used, 0);
    CU_ASSERT_EQUAL(fixture_lease(&fixture, "fetcher", 1, 60000, false), 0);
    fixture_close(&fixture);
}

/* All backends of the database stop without a word, as behind a firewall that has forgotten them. */
static void signal_backends(int signal)
{
    char *pids = fixture_sql(&fixture, "SELECT pid FROM pg_stat_activity WHERE datname = current_database()"
                                       " AND pid <> pg_backend_pid()");
    for (char *at = pids; *at != '\0'; at++) {
        CU_ASSERT_EQUAL(kill((pid_t)strtol(at, &at, 10), signal), 0);
    }
    free(pids);
}

static void make_stale(struct postgres *pool)
{
    for (size_t i = 0; i < POSTGRES_SESSIONS_MAX; i++)
        pool->sessions[i].idle_since_ms -= POSTGRES_STALE_MS;
}

static void a_stale_connection_is_tested_before_it_is_used(void)
{
    if (!fixture_make(&fixture, "postgresql"))
        return;
    CU_ASSERT_TRUE_FATAL(open_candles());
    CU_ASSERT_TRUE(fixture_until(&fixture, is_small));
    signal_backends(SIGSTOP);
    make_stale(pool_of(&fixture));
    struct store_candle row = candle_at("BTCUSDT", 0, 5);
    fixture_begin_write(&fixture, &(struct store_batch){.candles = &row, .candle_count = 1});
    CU_ASSERT_EQUAL(pool_of(&fixture)->write.state, WORK_RUNS);
    /* Its silence has lasted: the work is not lost with the connection, another one does it. */
    fixture.store.kind->advance(&fixture.store, clock_monotonic_ms() + POSTGRES_PING_MS + 1);
    CU_ASSERT_FALSE(fixture.done);
    CU_ASSERT_EQUAL(fixture_end(&fixture), 0);
    CU_ASSERT_EQUAL(fixture.result.changed, 1);
    signal_backends(SIGCONT);
    make_stale(pool_of(&fixture));
    CU_ASSERT_EQUAL(fixture_lease(&fixture, "fetcher", 1, 60000, false), 0); /* a living one passes */
    fixture_close(&fixture);
}

static void what_gets_no_connection_in_time_is_told_so(void)
{
    static const struct store_settings small = {.pool_min = 1, .pool_size = 3, .pool_wait_ms = FIXTURE_TIMEOUT_MS};
    if (!fixture_make(&fixture, "postgresql"))
        return;
    CU_ASSERT_TRUE_FATAL(open_candles());
    fixture_close(&fixture);
    CU_ASSERT_EQUAL_FATAL(store_open_with(&fixture.store, fixture.url, &small), 0);
    CU_ASSERT_TRUE_FATAL(fixture_until(&fixture, fixture_is_ready));
    PGconn *other = lock_candles();
    struct query candles = fixture_query_of(QUERY_KIND_RECENT_CANDLES, 10);
    for (int i = 1; i < QUERIES; i++)
        asked[i].done = true;
    ask(&asked[0], &candles);
    CU_ASSERT_FALSE(fixture.store.kind->takes(&fixture.store, STORE_QUERY)); /* the others are for a write and a lease */
    pool_of(&fixture)->settings.pool_size = 2;
    while (fixture.store.pool.connections < 2)
        fixture_turn(&fixture);
    pool_of(&fixture)->settings.pool_wait_ms = 100; /* not sooner: to connect takes its time */
    struct store_candle row = candle_at("BTCUSDT", 0, 5);
    fixture_begin_write(&fixture, &(struct store_batch){.candles = &row, .candle_count = 1});
    CU_ASSERT_EQUAL(fixture_end(&fixture), ERROR_CONNECTION);
    CU_ASSERT_PTR_NOT_NULL(strstr(fixture.result.message, "no connection was free within 100 ms"));
    PQfinish(other);
    CU_ASSERT_TRUE(fixture_until(&fixture, first_done));
    CU_ASSERT_EQUAL(write_candles(&fixture, &row, 1), 0);
    fixture_close(&fixture);
}

static void a_server_with_room_for_one_serves_with_one(void)
{
    char sql[200];
    if (!fixture_make(&fixture, "postgresql"))
        return;
    (void)snprintf(sql, sizeof sql, "ALTER DATABASE %s CONNECTION LIMIT 1", fixture.path);
    CU_ASSERT_TRUE(postgres_server_run(fixture_server(), "postgres", sql));
    CU_ASSERT_TRUE(postgres_server_run(fixture_server(), "postgres",
                                       "CREATE ROLE small LOGIN PASSWORD '" POSTGRES_SERVER_PASSWORD "'"));
    (void)snprintf(sql, sizeof sql, "ALTER DATABASE %s OWNER TO small", fixture.path);
    CU_ASSERT_TRUE(postgres_server_run(fixture_server(), "postgres", sql));
    (void)snprintf(fixture.url, sizeof fixture.url, "postgresql://small:%s@127.0.0.1:%d/%s", POSTGRES_SERVER_PASSWORD,
                   fixture_server()->port, fixture.path);
    CU_ASSERT_TRUE_FATAL(open_candles());
    CU_ASSERT_EQUAL(fixture_lease(&fixture, "trader", 1, 60000, false), 0);
    CU_ASSERT_TRUE(fixture.result.granted);
    struct query query = fixture_query_of(QUERY_KIND_RECENT_CANDLES, 100);
    CU_ASSERT_EQUAL(fixture_query(&fixture, &query), 0);
    CU_ASSERT_EQUAL(fixture.answer.candle_count, 200);
    CU_ASSERT_EQUAL(fixture.store.pool.connections, 1);
    fixture_close(&fixture);
}

const char *const suite_name = "store pool";
const struct test suite_tests[] = {
    {"queries are answered side by side", queries_are_answered_side_by_side},
    {"answers wait for an owner who holds them", answers_wait_for_an_owner_who_holds_them},
    {"a locked table delays no lease", a_locked_table_delays_no_lease},
    {"spare connections are closed", spare_connections_are_closed},
    {"a stale connection is tested before it is used", a_stale_connection_is_tested_before_it_is_used},
    {"what gets no connection in time is told so", what_gets_no_connection_in_time_is_told_so},
    {"a server with room for one serves with one", a_server_with_room_for_one_serves_with_one},
    {NULL, NULL},
};
