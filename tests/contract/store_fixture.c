/* Fresh databases, and a small loop. */
/* SPDX-License-Identifier: MIT */
#include "tests/contract/store_fixture.h"

#include "lib/base/clock.h"
#include "tests/harness.h"

#include <libpq-fe.h>
#include <poll.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- databases ---- */

static struct postgres_server server;

static struct pgbouncer_server pooler;

static void stop_server(void)
{
    pgbouncer_server_stop(&pooler);
    postgres_server_stop(&server, SIGQUIT);
}

struct postgres_server *fixture_server(void)
{
    static enum { UNTRIED, RUNS, MISSING } state;
    if (state == UNTRIED) {
        const char *missing = postgres_server_missing();
        state = missing == NULL && postgres_server_create(&server, test_directory()) ? RUNS : MISSING;
        if (missing != NULL)
            test_skip(missing);
        else
            CU_ASSERT_EQUAL(state, RUNS);
        (void)atexit(stop_server);
    }
    return state == RUNS ? &server : NULL;
}

struct pgbouncer_server *fixture_pooler(void)
{
    static enum { UNTRIED, RUNS, MISSING } state;
    if (state == UNTRIED && fixture_server() != NULL) {
        const char *missing = pgbouncer_server_missing();
        state = missing == NULL && pgbouncer_server_start(&pooler, fixture_server()) ? RUNS : MISSING;
        if (missing != NULL)
            test_skip(missing);
        else
            CU_ASSERT_EQUAL(state, RUNS);
    }
    return state == RUNS ? &pooler : NULL;
}

bool fixture_make_pooled(struct fixture *fixture)
{
    if (fixture_pooler() == NULL || !fixture_make(fixture, "postgresql"))
        return false;
    pgbouncer_server_url(&pooler, fixture->path, fixture->url);
    return true;
}

bool fixture_make(struct fixture *fixture, const char *engine)
{
    static int number;
    char sql[160];
    *fixture = (struct fixture){.engine = engine};
    number++;
    if (strcmp(engine, "sqlite") == 0) {
        (void)snprintf(fixture->path, sizeof fixture->path, "%s/store-%d.db", test_directory(), number);
        (void)snprintf(fixture->url, sizeof fixture->url, "sqlite:%s", fixture->path);
        return true;
    }
    if (fixture_server() == NULL)
        return false;
    (void)snprintf(fixture->path, sizeof fixture->path, "store_%d", number);
    (void)snprintf(sql, sizeof sql, "CREATE DATABASE %s", fixture->path);
    CU_ASSERT_TRUE_FATAL(postgres_server_run(&server, "postgres", sql));
    postgres_server_url(&server, fixture->path, POSTGRES_SERVER_PASSWORD, fixture->url);
    return true;
}

void for_each_engine(void (*check)(struct fixture *fixture))
{
    static struct fixture fixture;
    for (size_t i = 0; i < store_kind_count; i++) {
        if (!fixture_make(&fixture, store_kinds[i]->scheme))
            continue;
        fixture_open(&fixture);
        check(&fixture);
        fixture_close(&fixture);
    }
    if (!fixture_make_pooled(&fixture))
        return;
    fixture_open(&fixture);
    check(&fixture);
    fixture_close(&fixture);
}

/* ---- driving ---- */

/* Waits as the store asks, but looks at the condition every TURN_MS, and goes on. */
void fixture_turn(struct fixture *fixture)
{
    enum { TURN_MS = 20 };
    const struct store_kind *kind = fixture->store.kind;
    struct store_wait wait;
    kind->wait(&fixture->store, &wait);
    int64_t now_ms = clock_monotonic_ms();
    int64_t until_ms = wait.deadline_ms < now_ms + TURN_MS ? wait.deadline_ms : now_ms + TURN_MS;
    struct pollfd descriptor = {.fd = wait.fd,
                                .events = (short)((wait.read ? POLLIN : 0) | (wait.write ? POLLOUT : 0))};
    (void)poll(&descriptor, 1, until_ms > now_ms ? (int)(until_ms - now_ms) : 0);
    kind->advance(&fixture->store, clock_monotonic_ms());
}

bool fixture_until(struct fixture *fixture, bool (*condition)(const struct fixture *fixture))
{
    int64_t deadline_ms = clock_monotonic_ms() + FIXTURE_TIMEOUT_MS;
    while (!condition(fixture)) {
        if (clock_monotonic_ms() >= deadline_ms)
            return false;
        fixture_turn(fixture);
    }
    return true;
}

bool fixture_is_ready(const struct fixture *fixture)
{
    return fixture->store.kind->ready(&fixture->store);
}

bool fixture_is_away(const struct fixture *fixture)
{
    return !fixture->store.kind->ready(&fixture->store);
}

static bool is_done(const struct fixture *fixture)
{
    return fixture->done;
}

void fixture_open(struct fixture *fixture)
{
    CU_ASSERT_EQUAL_FATAL(store_open(&fixture->store, fixture->url), 0);
    if (!fixture_until(fixture, fixture_is_ready)) {
        printf("%s: %s\n", fixture->engine, fixture->store.text);
        CU_FAIL_FATAL("the store did not get ready");
    }
}

void fixture_close(struct fixture *fixture)
{
    store_close(&fixture->store);
}

static void on_done(void *user, const struct store_result *result)
{
    struct fixture *fixture = user;
    CU_ASSERT_FALSE(fixture->done);
    fixture->result = *result;
    fixture->done = true;
}

int fixture_end(struct fixture *fixture)
{
    if (!fixture_until(fixture, is_done))
        CU_FAIL_FATAL("the work did not end");
    if (fixture->result.code != 0 && fixture->result.message[0] == '\0')
        CU_FAIL("a failure without a message");
    return fixture->result.code;
}

void fixture_begin_write(struct fixture *fixture, const struct store_batch *batch)
{
    struct store_batch passing = *batch; /* the arrays stay, the struct need not */
    fixture->done = false;
    fixture->store.kind->write(&fixture->store, &passing, on_done, fixture);
    memset(&passing, 0xee, sizeof passing);
}

int fixture_write(struct fixture *fixture, const struct store_batch *batch)
{
    fixture_begin_write(fixture, batch);
    int code = fixture_end(fixture);
    CU_ASSERT_TRUE(fixture->store.kind->idle(&fixture->store));
    return code;
}

int fixture_lease(struct fixture *fixture, const char *name, uint64_t holder, uint32_t duration_ms, bool release)
{
    struct lease_request request = {.holder = holder, .duration_ms = duration_ms, .release = release};
    (void)snprintf(request.name, sizeof request.name, "%s", name);
    fixture->done = false;
    fixture->store.kind->lease(&fixture->store, &request, on_done, fixture);
    return fixture_end(fixture);
}

/* ---- answers ---- */

static void gather(void *to, size_t *have, const void *from, size_t count, size_t size)
{
    CU_ASSERT_FATAL(count <= STORE_PART_ROWS && *have + count <= FIXTURE_ROWS_MAX);
    if (count > 0)
        memcpy((unsigned char *)to + *have * size, from, count * size);
    *have += count;
}

#define GATHER(member, counter)                                                                                        \
    gather(answer->member, &answer->counter, part->member, part->counter, sizeof answer->member[0])

static void on_part(void *user, const struct store_part *part)
{
    struct fixture *fixture = user;
    struct answer_rows *answer = &fixture->answer;
    CU_ASSERT_FALSE(fixture->done);
    answer->parts++;
    for (size_t i = 0; i < part->candle_count; i++)
        (void)snprintf(answer->symbols[answer->candle_count + i], SYMBOL_SIZE, "%s", part->symbol);
    GATHER(candles, candle_count);
    GATHER(series, series_count);
    GATHER(outcomes, outcome_count);
    GATHER(orders, order_count);
    GATHER(fills, fill_count);
    GATHER(positions, position_count);
    GATHER(accounts, account_count);
    GATHER(coverages, coverage_count);
    GATHER(absences, absence_count);
}

int fixture_query(struct fixture *fixture, const struct query *query)
{
    memset(&fixture->answer, 0, sizeof fixture->answer);
    fixture->done = false;
    fixture->store.kind->query(&fixture->store, query, on_part, on_done, fixture);
    int code = fixture_end(fixture);
    CU_ASSERT_TRUE(fixture->store.kind->idle(&fixture->store));
    return code;
}

struct query fixture_query_of(enum query_kind kind, uint32_t limit)
{
    return (struct query){.kind = kind, .exchange = "binance", .symbol = "-", .limit = limit, .quote_asset = "USDT"};
}

/* ---- SQL ---- */

static void print_sqlite(const struct fixture *fixture, const char *sql, FILE *out)
{
    sqlite3 *database;
    sqlite3_stmt *statement;
    CU_ASSERT_EQUAL_FATAL(sqlite3_open(fixture->path, &database), SQLITE_OK);
    if (sqlite3_prepare_v2(database, sql, -1, &statement, NULL) != SQLITE_OK) {
        printf("%s: %s\n", sql, sqlite3_errmsg(database));
        CU_FAIL_FATAL("SQL is refused");
    }
    while (sqlite3_step(statement) == SQLITE_ROW)
        for (int i = 0; i < sqlite3_column_count(statement); i++)
            (void)fprintf(out, "%s%s", (const char *)sqlite3_column_text(statement, i),
                          i + 1 < sqlite3_column_count(statement) ? "|" : "\n");
    (void)sqlite3_finalize(statement);
    (void)sqlite3_close(database);
}

static void print_postgres(const struct fixture *fixture, const char *sql, FILE *out)
{
    PGconn *connection = PQconnectdb(fixture->url);
    PGresult *result = PQexec(connection, sql);
    if (PQresultStatus(result) != PGRES_TUPLES_OK && PQresultStatus(result) != PGRES_COMMAND_OK) {
        printf("%s: %s\n", sql, PQerrorMessage(connection));
        CU_FAIL_FATAL("SQL is refused");
    }
    for (int row = 0; row < PQntuples(result); row++)
        for (int i = 0; i < PQnfields(result); i++)
            (void)fprintf(out, "%s%s", PQgetvalue(result, row, i), i + 1 < PQnfields(result) ? "|" : "\n");
    PQclear(result);
    PQfinish(connection);
}

void fixture_execute(const struct fixture *fixture, const char *sql)
{
    sqlite3 *database;
    if (strcmp(fixture->engine, "sqlite") != 0) {
        CU_ASSERT_TRUE_FATAL(postgres_server_run(&server, fixture->path, sql));
        return;
    }
    CU_ASSERT_EQUAL_FATAL(sqlite3_open(fixture->path, &database), SQLITE_OK);
    CU_ASSERT_EQUAL_FATAL(sqlite3_exec(database, sql, NULL, NULL, NULL), SQLITE_OK);
    (void)sqlite3_close(database);
}

char *fixture_sql(const struct fixture *fixture, const char *sql)
{
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    CU_ASSERT_PTR_NOT_NULL_FATAL(out);
    if (strcmp(fixture->engine, "sqlite") == 0)
        print_sqlite(fixture, sql, out);
    else
        print_postgres(fixture, sql, out);
    (void)fclose(out);
    return text;
}
