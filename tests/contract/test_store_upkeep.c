/* What the SQLite store does between pieces of work: the log stays bounded, old candles go. */
/* SPDX-License-Identifier: MIT */
#include "lib/base/clock.h"
#include "tests/contract/store_rows.h"
#include "tests/harness.h"

#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

static const int64_t day_ms = 86400000;
enum { ROWS = 10000, LOG_MAX = 64 << 20, QUIET_MS = 6000 };

static struct fixture fixture;
static struct store_candle rows[ROWS];
static int64_t next_ms;

/* Bytes in the write-ahead log. */
static int64_t log_size(void)
{
    char path[160];
    struct stat info;
    (void)snprintf(path, sizeof path, "%s-wal", fixture.path);
    CU_ASSERT_EQUAL_FATAL(stat(path, &info), 0);
    return info.st_size;
}

static void write_new_rows(void)
{
    for (int i = 0; i < ROWS; i++)
        rows[i] = candle_at("BTCUSDT", (next_ms += MINUTE_MS), i + 1);
    CU_ASSERT_EQUAL(write_candles(&fixture, rows, ROWS), 0);
    CU_ASSERT_EQUAL(fixture.result.changed, ROWS);
}

static void the_log_is_merged_between_writes_and_emptied_when_quiet(void)
{
    CU_ASSERT_TRUE_FATAL(fixture_make(&fixture, "sqlite"));
    fixture_open(&fixture);
    for (int i = 0; i < 60; i++) {
        write_new_rows();
        fixture.store.kind->advance(&fixture.store, clock_monotonic_ms());
        CU_ASSERT_TRUE(log_size() < LOG_MAX / 4);
    }
    CU_ASSERT_TRUE(log_size() > 0);
    fixture.store.kind->advance(&fixture.store, clock_monotonic_ms());
    fixture.store.kind->advance(&fixture.store, clock_monotonic_ms() + QUIET_MS);
    CU_ASSERT_EQUAL(log_size(), 0);
    expect_sql(&fixture, "SELECT count(*) FROM candles", "600000\n");
    fixture_close(&fixture);
}

static void the_log_is_bounded_also_without_a_pause(void)
{
    CU_ASSERT_TRUE_FATAL(fixture_make(&fixture, "sqlite"));
    fixture_open(&fixture);
    int64_t most = 0;
    for (int i = 0; i < 150; i++) {
        write_new_rows();
        most = log_size() > most ? log_size() : most;
    }
    CU_ASSERT_TRUE(most > LOG_MAX / 2); /* it was not merged in between */
    CU_ASSERT_TRUE(most < LOG_MAX + LOG_MAX / 4);
    fixture_close(&fixture);
}

/* Somebody reads for long, so that nothing he might still see is overwritten: writing goes on all the same. */
static void a_long_reader_stops_nobody(void)
{
    sqlite3 *reader;
    CU_ASSERT_TRUE_FATAL(fixture_make(&fixture, "sqlite"));
    fixture_open(&fixture);
    write_new_rows();
    CU_ASSERT_EQUAL_FATAL(sqlite3_open(fixture.path, &reader), SQLITE_OK);
    CU_ASSERT_EQUAL(sqlite3_exec(reader, "BEGIN; SELECT count(*) FROM candles", NULL, NULL, NULL), SQLITE_OK);
    for (int i = 0; i < 20; i++) {
        write_new_rows();
        fixture.store.kind->advance(&fixture.store, clock_monotonic_ms());
    }
    fixture.store.kind->advance(&fixture.store, clock_monotonic_ms() + QUIET_MS);
    CU_ASSERT_TRUE(fixture_is_ready(&fixture));
    CU_ASSERT_TRUE(log_size() > 0);
    CU_ASSERT_EQUAL(sqlite3_exec(reader, "COMMIT", NULL, NULL, NULL), SQLITE_OK);
    fixture.store.kind->advance(&fixture.store, clock_monotonic_ms() + 2 * QUIET_MS);
    CU_ASSERT_EQUAL(log_size(), 0);
    (void)sqlite3_close(reader);
    fixture_close(&fixture);
}

/* Opens the store so that it keeps one-minute candles for 30 days. */
static void open_again_keeping_a_month(void)
{
    struct store_settings settings = store_settings_default;
    settings.retention_count = 1;
    settings.retentions[0] = (struct store_retention){60, 30 * day_ms};
    CU_ASSERT_EQUAL_FATAL(store_open_with(&fixture.store, fixture.url, &settings), 0);
}

/* The same with an empty one. */
static void open_keeping_a_month(void)
{
    CU_ASSERT_TRUE_FATAL(fixture_make(&fixture, "sqlite"));
    open_again_keeping_a_month();
}

/* Enough steps for a round and a half. */
static void keep_up(void)
{
    for (int i = 1; i < 10; i++)
        fixture.store.kind->advance(&fixture.store, clock_monotonic_ms() + i * QUIET_MS);
}

static void old_candles_go_by_interval(void)
{
    static struct store_candle days[200];
    const struct store_absence absence = {"binance", {"BTCUSDT", 60, 0, 5 * day_ms, ABSENCE_REASON_NO_TRADES}};
    open_keeping_a_month();
    for (int i = 0; i < 200; i++) {
        days[i] = candle_at("BTCUSDT", i % 100 * day_ms, i + 1);
        days[i].event.interval_s = i < 100 ? 60 : 3600;
    }
    struct store_batch batch = {.candles = days, .candle_count = 200, .absences = &absence, .absence_count = 1,
                                .clock = {"binance", 99 * day_ms}};
    CU_ASSERT_EQUAL(fixture_write(&fixture, &batch), 0);
    days[3].event.candle.close++;
    CU_ASSERT_EQUAL(fixture_write(&fixture, &batch), 0);
    keep_up();
    expect_sql(&fixture, "SELECT interval, count(*), min(open_time_ms) FROM v_candles GROUP BY 1 ORDER BY 1",
               "1h|100|0\n1m|31|5961600000\n");
    expect_sql(&fixture, "SELECT (SELECT count(*) FROM candle_absences), (SELECT count(*) FROM candle_revisions)",
               "0|0\n");
    fixture_close(&fixture);
}

static void a_candle_of_the_future_deletes_nothing(void)
{
    struct store_candle candles[] = {candle_at("BTCUSDT", 80 * day_ms, 1), candle_at("BTCUSDT", 90 * day_ms, 2),
                                     candle_at("ETHUSDT", 40000 * day_ms, 3)};
    open_keeping_a_month();
    struct store_batch batch = {.candles = candles, .candle_count = 3};
    CU_ASSERT_EQUAL(fixture_write(&fixture, &batch), 0);
    keep_up(); /* no clock is known: all is kept */
    expect_sql(&fixture, "SELECT count(*) FROM candles", "3\n");
    batch.clock = (struct store_clock){"kraken", 40001 * day_ms}; /* of another exchange */
    CU_ASSERT_EQUAL(fixture_write(&fixture, &batch), 0);
    keep_up();
    expect_sql(&fixture, "SELECT count(*) FROM candles", "3\n");
    batch.clock = (struct store_clock){"binance", 100 * day_ms};
    CU_ASSERT_EQUAL(fixture_write(&fixture, &batch), 0);
    keep_up();
    expect_sql(&fixture, "SELECT count(*) FROM candles", "3\n");
    fixture_close(&fixture);
}

/* A clock that no candle bears out deletes nothing, however often it is told; the right one does. Candles of another
 * exchange do not bear it out. */
static void a_clock_of_the_future_deletes_nothing(void)
{
    struct store_candle candles[] = {candle_at("BTCUSDT", 80 * day_ms, 1), candle_at("BTCUSDT", 120 * day_ms, 2),
                                     candle_at("BTCUSDT", 120 * day_ms, 3), candle_at("BTCUSDT", 3700 * day_ms, 4)};
    static const int64_t wrong_days[] = {3700, 40000, 122, 119};
    candles[2].event.interval_s = 3600;
    candles[3].exchange = "kraken";
    open_keeping_a_month();
    struct store_batch batch = {.candles = candles, .candle_count = 4};
    for (size_t i = 0; i < sizeof wrong_days / sizeof wrong_days[0]; i++) {
        batch.clock = (struct store_clock){"binance", wrong_days[i] * day_ms};
        CU_ASSERT_EQUAL(fixture_write(&fixture, &batch), 0);
        keep_up();
        expect_sql(&fixture, "SELECT count(*) FROM candles", "4\n");
        fixture_close(&fixture);
        open_again_keeping_a_month(); /* or the next round would come in an hour */
    }
    batch.clock.exchange_ms = 120 * day_ms + 1;
    CU_ASSERT_EQUAL(fixture_write(&fixture, &batch), 0);
    keep_up();
    expect_sql(&fixture, "SELECT count(*), min(open_time_ms) FROM candles", "3|10368000000\n");
    fixture_close(&fixture);
}

/* An owner who wakes up for nothing but what the store waits for: time goes from one deadline to the next. */
static void the_store_says_when_its_upkeep_is_due(void)
{
    static struct store_candle days[100];
    int64_t now_ms = clock_monotonic_ms();
    struct store_wait wait;
    open_keeping_a_month();
    for (int i = 0; i < 100; i++)
        days[i] = candle_at("BTCUSDT", i * day_ms, i + 1);
    struct store_batch batch = {.candles = days, .candle_count = 100, .clock = {"binance", 99 * day_ms}};
    CU_ASSERT_EQUAL(fixture_write(&fixture, &batch), 0);
    for (int i = 0; i < 20; i++) {
        fixture.store.kind->wait(&fixture.store, &wait);
        CU_ASSERT_TRUE_FATAL(wait.deadline_ms < INT64_MAX);
        now_ms = wait.deadline_ms > now_ms ? wait.deadline_ms : now_ms;
        fixture.store.kind->advance(&fixture.store, now_ms);
        fixture.store.kind->wait(&fixture.store, &wait);
        CU_ASSERT_TRUE_FATAL(wait.deadline_ms > now_ms); /* or the owner would turn without a rest */
    }
    expect_sql(&fixture, "SELECT count(*), min(open_time_ms) FROM candles", "31|5961600000\n");
    CU_ASSERT_EQUAL(log_size(), 0);
    fixture_close(&fixture);
}

static void the_log_is_merged_when_the_store_says(void)
{
    struct store_wait wait;
    CU_ASSERT_TRUE_FATAL(fixture_make(&fixture, "sqlite"));
    fixture_open(&fixture);
    write_new_rows();
    for (int i = 0; i < 9; i++) {
        write_new_rows();
        fixture.store.kind->wait(&fixture.store, &wait);
        if (wait.deadline_ms <= clock_monotonic_ms())
            fixture.store.kind->advance(&fixture.store, clock_monotonic_ms());
    }
    CU_ASSERT_TRUE(log_size() < LOG_MAX / 8);
    fixture_close(&fixture);
}

const char *const suite_name = "store upkeep";
const struct test suite_tests[] = {
    {"the log is merged between writes, and emptied when quiet", the_log_is_merged_between_writes_and_emptied_when_quiet},
    {"the log is bounded also without a pause", the_log_is_bounded_also_without_a_pause},
    {"a long reader stops nobody", a_long_reader_stops_nobody},
    {"old candles go by interval", old_candles_go_by_interval},
    {"a candle of the future deletes nothing", a_candle_of_the_future_deletes_nothing},
    {"a clock of the future deletes nothing", a_clock_of_the_future_deletes_nothing},
    {"the store says when its upkeep is due", the_store_says_when_its_upkeep_is_due},
    {"the log is merged when the store says", the_log_is_merged_when_the_store_says},
    {NULL, NULL},
};
