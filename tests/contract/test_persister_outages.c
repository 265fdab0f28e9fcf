/* The persister as a process over PostgreSQL, while connections, the server and the persister itself are cut off in the
 * middle of transactions: what was acked is in the database, what was not is written once, and /readyz says what is
 * wrong. */
/* SPDX-License-Identifier: MIT */
#include "lib/base/clock.h"
#include "tests/contract/persister_fixture.h"
#include "tests/contract/store_rows.h"
#include "tests/harness.h"

#include <libpq-fe.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    DELIVERIES = 16,
    ROWS = 2000,      /* of each: together more than both batches of the persister hold */
    HELD_ROWS = 14000, /* what they hold with the defaults: twice database.batch_rows and a full message */
    RESEND_MS = 300,
};

#define ASLEEP " FROM pg_stat_activity WHERE application_name = 'wick' AND wait_event = 'PgSleep'"

static struct client fetcher;
static struct fixture fixture;
static int64_t sent_ms; /* when everything without an ack was sent last */

/* ---- the database, behind the persister's back ---- */

static int64_t number_of(const char *sql)
{
    char *text = fixture_sql(&fixture, sql);
    int64_t number = strtoll(text, NULL, 10);
    free(text);
    return number;
}

static void run(const char *sql)
{
    CU_ASSERT_TRUE_FATAL(postgres_server_run(fixture_server(), fixture.path, sql));
}

/* ---- deliveries ---- */

static size_t count_acked(void)
{
    size_t count = 0;
    for (int i = 1; i <= DELIVERIES; i++) {
        CU_ASSERT_TRUE(fetcher.verdicts[i] == -1 || fetcher.verdicts[i] == VERDICT_ACCEPTED);
        count += fetcher.verdicts[i] == VERDICT_ACCEPTED;
    }
    return count;
}

/* Sends what has no ack, now and then, and takes acks. */
static void go_on(void)
{
    if (clock_monotonic_ms() - sent_ms > RESEND_MS) {
        for (int i = 1; i <= DELIVERIES; i++)
            if (fetcher.verdicts[i] < 0)
                client_send_candles(&fetcher, (uint64_t)i, (int64_t)i * ROWS, ROWS, 60);
        sent_ms = clock_monotonic_ms();
    }
    client_turn();
}

static void go_on_until(bool (*condition)(void))
{
    int64_t deadline_ms = clock_monotonic_ms() + 2 * PERSISTER_PATIENCE_MS;
    while (!condition()) {
        CU_ASSERT_TRUE_FATAL(clock_monotonic_ms() < deadline_ms);
        go_on();
    }
}

static bool all_are_acked(void)
{
    return count_acked() == DELIVERIES;
}

static bool a_transaction_is_under_way(void)
{
    return number_of("SELECT count(*)" ASLEEP) > 0;
}

static bool one_was_cut(void)
{
    return number_of("SELECT count(pg_terminate_backend(pid))" ASLEEP) > 0;
}

static const char *said; /* what /readyz is to contain */

static bool readyz_says_it(void)
{
    static char page[PERSISTER_PAGE_SIZE];
    persister_page("/readyz", page);
    return strstr(page, " 503 ") != NULL && strstr(page, said) != NULL;
}

static void await_readyz(const char *text)
{
    said = text;
    go_on_until(readyz_says_it);
}

/* A metric that is there once; -1 if it is not. */
static double metric_of(const char *name)
{
    static char page[PERSISTER_PAGE_SIZE];
    char line[80];
    persister_page("/metrics", page);
    (void)snprintf(line, sizeof line, "\n%s", name);
    const char *found = strstr(page, line);
    const char *number = found != NULL ? strchr(found, ' ') : NULL;
    return number != NULL ? strtod(number, NULL) : -1;
}

static bool messages_were_dropped(void)
{
    return metric_of("wick_messages_dropped_total") > 0;
}

static bool rows_wait(void)
{
    return metric_of("wick_store_waiting_rows") > 0;
}

/* ---- before and after ---- */

/* A database in which each transaction takes long enough to be met in the middle; its persister and a fetcher. */
static bool begin(void)
{
    if (!fixture_make(&fixture, "postgresql"))
        return false;
    sent_ms = 0;
    persister_start(fixture.url, "5");
    client_open(&fetcher, ROLE_FETCHER);
    CU_ASSERT_EQUAL_FATAL(client_deliver_candles(&fetcher, DELIVERIES + 1, 0, 1, 60), VERDICT_ACCEPTED);
    run("CREATE FUNCTION dawdle() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(0.2); RETURN NULL; END $$;"
        "CREATE TRIGGER dawdle AFTER INSERT ON candles EXECUTE FUNCTION dawdle()");
    return true;
}

static void check_acked(void)
{
    size_t acked = count_acked();
    CU_ASSERT_TRUE(number_of("SELECT count(*) FROM candles") >= (int64_t)acked * ROWS + 1);
}

static void end(void)
{
    go_on_until(all_are_acked);
    CU_ASSERT_EQUAL(number_of("SELECT count(*) FROM candles"), DELIVERIES * ROWS + 1);
    CU_ASSERT_EQUAL(number_of("SELECT count(*) FROM (SELECT DISTINCT series_id, open_time_ms FROM candles) AS each"),
                    DELIVERIES * ROWS + 1);
    CU_ASSERT_EQUAL(number_of("SELECT count(*) FROM candle_revisions"), 0);
    CU_ASSERT_EQUAL(persister_stop(SIGTERM), 0);
    client_close(&fetcher);
}

/* ---- tests ---- */

static void connections_cut_in_a_transaction_lose_nothing(void)
{
    if (!begin())
        return;
    for (int i = 0; i < 4; i++) {
        go_on_until(one_was_cut);
        check_acked();
    }
    end();
}

static void a_server_that_is_away_holds_acks_back_and_memory_stays_bounded(void)
{
    if (!begin())
        return;
    go_on_until(a_transaction_is_under_way);
    postgres_server_stop(fixture_server(), SIGQUIT);
    await_readyz("degraded: postgresql: ");
    size_t acked = count_acked();
    go_on_until(messages_were_dropped);
    go_on_until(rows_wait); /* as the newest tick has it: the last one may be from before there were any */
    CU_ASSERT_TRUE(metric_of("wick_store_waiting_rows") <= HELD_ROWS);
    CU_ASSERT_EQUAL(count_acked(), acked);
    CU_ASSERT_TRUE_FATAL(postgres_server_start(fixture_server()));
    check_acked();
    end();
}

static void a_persister_killed_in_a_transaction_loses_nothing(void)
{
    if (!begin())
        return;
    for (int i = 0; i < 3; i++) {
        go_on_until(a_transaction_is_under_way);
        (void)persister_stop(i == 1 ? SIGTERM : SIGKILL);
        check_acked();
        persister_start(fixture.url, "5");
    }
    end();
}

static void a_locked_table_is_waited_for_and_told(void)
{
    if (!begin())
        return;
    PGconn *other = PQconnectdb(fixture.url);
    go_on_until(a_transaction_is_under_way);
    PQclear(PQexec(other, "BEGIN"));
    PGresult *locked = PQexec(other, "LOCK TABLE candles IN ACCESS EXCLUSIVE MODE");
    CU_ASSERT_EQUAL(PQresultStatus(locked), PGRES_COMMAND_OK);
    PQclear(locked);
    await_readyz("degraded: postgresql: writing fails: canceling statement due to lock timeout");
    size_t acked = count_acked();
    go_on_until(messages_were_dropped);
    CU_ASSERT_EQUAL(count_acked(), acked);
    PQclear(PQexec(other, "ROLLBACK"));
    PQfinish(other);
    check_acked();
    end();
}

static void a_database_made_read_only_is_told_and_nothing_is_acked(void)
{
    char sql[200];
    if (!begin())
        return;
    go_on_until(a_transaction_is_under_way);
    (void)snprintf(sql, sizeof sql, "ALTER DATABASE %s SET default_transaction_read_only = on", fixture.path);
    run(sql);
    run("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'wick'");
    await_readyz("read-only");
    size_t acked = count_acked();
    go_on_until(messages_were_dropped);
    CU_ASSERT_EQUAL(count_acked(), acked);
    (void)snprintf(sql, sizeof sql, "ALTER DATABASE %s RESET default_transaction_read_only", fixture.path);
    CU_ASSERT_TRUE(postgres_server_run(fixture_server(), "postgres", sql));
    check_acked();
    end();
}

const char *const suite_name = "persister outages";
const struct test suite_tests[] = {
    {"connections cut in a transaction lose nothing", connections_cut_in_a_transaction_lose_nothing},
    {"a server that is away holds acks back, and memory stays bounded",
     a_server_that_is_away_holds_acks_back_and_memory_stays_bounded},
    {"a persister killed in a transaction loses nothing", a_persister_killed_in_a_transaction_loses_nothing},
    {"a locked table is waited for and told", a_locked_table_is_waited_for_and_told},
    {"a database made read-only is told, and nothing is acked", a_database_made_read_only_is_told_and_nothing_is_acked},
    {NULL, NULL},
};
