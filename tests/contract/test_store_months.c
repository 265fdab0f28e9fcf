/* The partitions of candles in PostgreSQL: made when they are needed, by whoever needs them, and dropped when all in
 * them has been kept for long enough. */
/* SPDX-License-Identifier: MIT */
#include "lib/base/clock.h"
#include "tests/contract/store_rows.h"
#include "tests/harness.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const int64_t day_ms = 86400000;
static const int64_t june_2021_ms = 1622505600000;
enum { DAYS = 100 };

static struct fixture fixture;

/* A candle a day from June 2021 on, of one-minute or one-hour candles. */
static void make_days(struct store_candle rows[DAYS], const char *symbol, uint32_t interval_s)
{
    for (int i = 0; i < DAYS; i++) {
        rows[i] = candle_at(symbol, june_2021_ms + i * day_ms, i + 1);
        rows[i].event.interval_s = interval_s;
    }
}

static const char months_sql[] =
    "SELECT name, from_ms, to_ms FROM candle_partitions WHERE to_ms < 1640995200000 ORDER BY to_ms";

static void a_candle_gets_the_partition_of_its_month(void)
{
    static struct store_candle rows[DAYS];
    if (!fixture_make(&fixture, "postgresql"))
        return;
    fixture_open(&fixture);
    make_days(rows, "BTCUSDT", 60);
    CU_ASSERT_EQUAL(write_candles(&fixture, rows, DAYS), 0);
    CU_ASSERT_EQUAL(fixture.result.changed, DAYS);
    expect_sql(&fixture, months_sql,
               "candles_2021_06|1622505600000|1625097600000\ncandles_2021_07|1625097600000|1627776000000\n"
               "candles_2021_08|1627776000000|1630454400000\ncandles_2021_09|1630454400000|1633046400000\n");
    expect_sql(&fixture, "SELECT count(*), min(open_time_ms), max(open_time_ms) FROM candles_2021_07",
               "31|1625097600000|1627689600000\n");
    expect_sql(&fixture, "SELECT count(*) FROM v_candles", "100\n");
    expect_sql(&fixture, "SELECT count(*) FROM pg_indexes WHERE tablename = 'candles_2021_07'", "1\n");
    struct query query = fixture_query_of(QUERY_KIND_CANDLES, 60);
    CU_ASSERT_EQUAL(fixture_query(&fixture, &query), 0);
    CU_ASSERT_EQUAL_FATAL(fixture.answer.candle_count, 60);
    CU_ASSERT_EQUAL(fixture.answer.candles[0].open_time_ms, june_2021_ms + 40 * day_ms);
    fixture_close(&fixture);
}

/* This month and the two that follow it, as the calendar has them, have a partition each. */
static bool is_made_ahead(const struct fixture *open)
{
    char sql[300];
    (void)snprintf(sql, sizeof sql,
                   "SELECT count(*) FROM candle_partitions JOIN generate_series(0, 2) i"
                   " ON from_ms = ms_of(month_of(%lld) + i * interval '1 month')"
                   " AND to_ms = ms_of(month_of(%lld) + (i + 1) * interval '1 month')",
                   (long long)clock_wall_ms(), (long long)clock_wall_ms());
    char *made = fixture_sql(open, sql);
    bool enough = strcmp(made, "3\n") == 0;
    free(made);
    return enough;
}

static void months_are_made_ahead(void)
{
    if (!fixture_make(&fixture, "postgresql"))
        return;
    fixture_open(&fixture);
    CU_ASSERT_TRUE(fixture_until(&fixture, is_made_ahead));
    expect_sql(&fixture, "SELECT count(*) FROM pg_class WHERE relname = 'candles_old'", "0\n");
    fixture_close(&fixture);
}

static void two_writers_make_the_same_months(void)
{
    static struct fixture other;
    static struct store_candle rows[DAYS], others[DAYS];
    if (!fixture_make(&fixture, "postgresql"))
        return;
    other = fixture;
    fixture_open(&fixture);
    fixture_open(&other);
    make_days(rows, "BTCUSDT", 60);
    make_days(others, "ETHUSDT", 60);
    fixture_begin_write(&fixture, &(struct store_batch){.candles = rows, .candle_count = DAYS});
    fixture_begin_write(&other, &(struct store_batch){.candles = others, .candle_count = DAYS, .history = true});
    while (!fixture.done || !other.done) {
        fixture_turn(&fixture);
        fixture_turn(&other);
    }
    CU_ASSERT_EQUAL(fixture.result.code, 0);
    CU_ASSERT_EQUAL(other.result.code, 0);
    expect_sql(&fixture, "SELECT symbol, count(*) FROM v_candles GROUP BY 1 ORDER BY 1", "BTCUSDT|100\nETHUSDT|100\n");
    fixture_close(&other);
    fixture_close(&fixture);
}

static void a_month_dropped_by_somebody_is_made_again(void)
{
    static struct store_candle rows[DAYS];
    if (!fixture_make(&fixture, "postgresql"))
        return;
    fixture_open(&fixture);
    make_days(rows, "BTCUSDT", 60);
    for (int history = 0; history < 2; history++) {
        struct store_batch batch = {.candles = rows, .candle_count = DAYS, .history = history == 1};
        CU_ASSERT_EQUAL(fixture_write(&fixture, &batch), 0);
        fixture_execute(&fixture, "DROP TABLE candles_2021_06, candles_2021_07, candles_2021_08, candles_2021_09");
        CU_ASSERT_EQUAL(fixture_write(&fixture, &batch), ERROR_CONNECTION); /* to be handed over again, not refused */
        CU_ASSERT_EQUAL(fixture_write(&fixture, &batch), 0);
        CU_ASSERT_EQUAL(fixture.result.changed, DAYS);
        fixture_execute(&fixture, "TRUNCATE candles");
    }
    fixture_close(&fixture);
}

/* ---- the index on the time ---- */

static const char indexed_sql[] = "SELECT name FROM candle_partitions WHERE has_time_index ORDER BY 1";
static const char all_of_2021[] = "candles_2021_06\ncandles_2021_07\ncandles_2021_08\ncandles_2021_09\n";

static void a_month_over_is_indexed_once_it_rests(void)
{
    static struct store_candle rows[DAYS];
    if (!fixture_make(&fixture, "postgresql"))
        return;
    fixture_open(&fixture);
    make_days(rows, "BTCUSDT", 60);
    CU_ASSERT_EQUAL(write_candles(&fixture, rows, DAYS - 20), 0); /* none in September */
    expect_sql(&fixture, "SELECT index_candle_month(1000000)", "0\n");
    expect_sql(&fixture, "SELECT name FROM candle_months_over ORDER BY 1",
               "candles_2021_06\ncandles_2021_07\ncandles_2021_08\n");
    fixture_execute(&fixture, "UPDATE candle_months_over SET since_ms = since_ms - 2000000");
    fixture_execute(&fixture, "INSERT INTO candles SELECT 1625097600000 + n, 1, 1, 1, 1, 1, 1, 0, 0"
                              " FROM generate_series(1, 1000) n"); /* July grows again */
    for (int i = 0; i < 2; i++)
        expect_sql(&fixture, "SELECT index_candle_month(1000000)", "1\n");
    expect_sql(&fixture, "SELECT index_candle_month(1000000)", "0\n");
    expect_sql(&fixture, indexed_sql, "candles_2021_06\ncandles_2021_08\n");
    expect_sql(&fixture, "SELECT name FROM candle_months_over", "candles_2021_07\n");
    fixture_close(&fixture);
}

static bool is_indexed(const struct fixture *open)
{
    char *names = fixture_sql(open, indexed_sql);
    bool all = strcmp(names, all_of_2021) == 0;
    free(names);
    return all;
}

static void the_store_sees_to_the_indexes(void)
{
    static struct store_candle rows[DAYS];
    if (!fixture_make(&fixture, "postgresql"))
        return;
    fixture_open(&fixture);
    make_days(rows, "BTCUSDT", 60);
    CU_ASSERT_EQUAL(write_candles(&fixture, rows, DAYS), 0);
    expect_sql(&fixture, "SELECT index_candle_month(1000000)", "0\n");
    fixture_execute(&fixture, "UPDATE candle_months_over SET since_ms = 0");
    fixture_close(&fixture);
    fixture_open(&fixture);
    CU_ASSERT_TRUE(fixture_until(&fixture, is_indexed));
    CU_ASSERT_EQUAL(write_candles(&fixture, rows, DAYS), 0);
    CU_ASSERT_EQUAL(fixture.result.changed, 0);
    fixture_close(&fixture);
}

/* ---- what is kept ---- */

static bool is_expired(const struct fixture *open)
{
    char *count = fixture_sql(open, "SELECT count(*) FROM v_candles WHERE interval = '1m'"
                                    " AND open_time_ms < 1622505600000 + 69 * 86400000::bigint");
    bool expired = strcmp(count, "0\n") == 0;
    free(count);
    return expired;
}

/* Opens a store of the database that keeps one-minute candles for 30 days. */
static void open_keeping_a_month(struct fixture *store)
{
    struct store_settings settings = store_settings_default;
    settings.retention_count = 1;
    settings.retentions[0] = (struct store_retention){60, 30 * day_ms};
    CU_ASSERT_EQUAL_FATAL(store_open_with(&store->store, store->url, &settings), 0);
}

static int tell_clock(const char *exchange, int64_t exchange_ms)
{
    return fixture_write(&fixture, &(struct store_batch){.clock = {exchange, exchange_ms}});
}

static void old_candles_go_by_interval_and_empty_months_with_them(void)
{
    static struct store_candle minutes[DAYS], hours[DAYS];
    if (!fixture_make(&fixture, "postgresql"))
        return;
    fixture_open(&fixture);
    make_days(minutes, "BTCUSDT", 60);
    make_days(hours, "BTCUSDT", 3600);
    CU_ASSERT_EQUAL(write_candles(&fixture, minutes, DAYS), 0);
    CU_ASSERT_EQUAL(write_candles(&fixture, hours + 31, DAYS - 31), 0); /* none in June */
    minutes[0].event.candle.close++;
    CU_ASSERT_EQUAL(write_candles(&fixture, minutes, DAYS), 0);
    CU_ASSERT_EQUAL(tell_clock("binance", june_2021_ms + (DAYS - 1) * day_ms), 0);
    CU_ASSERT_EQUAL(fixture.result.changed, 0);
    fixture_close(&fixture);
    open_keeping_a_month(&fixture);
    CU_ASSERT_TRUE(fixture_until(&fixture, is_expired));
    expect_sql(&fixture, "SELECT interval, count(*), min(open_time_ms) FROM v_candles GROUP BY 1 ORDER BY 1",
               "1h|69|1625184000000\n1m|31|1628467200000\n");
    expect_sql(&fixture, months_sql,
               "candles_2021_07|1625097600000|1627776000000\ncandles_2021_08|1627776000000|1630454400000\n"
               "candles_2021_09|1630454400000|1633046400000\n"
               "candles_2021_10|1633046400000|1635724800000\ncandles_2021_11|1635724800000|1638316800000\n");
    expect_sql(&fixture, "SELECT count(*) FROM candle_revisions", "0\n");
    fixture_close(&fixture);
}

/* What the upkeep does, at once. */
static const char drop_sql[] = "SELECT drop_expired_candle_months('{60}', '{2592000000}')";
static const char delete_sql[] = "SELECT delete_expired_candles(60, 2592000000, 5000)";

static void a_candle_of_the_future_deletes_nothing(void)
{
    static struct store_candle rows[DAYS];
    const struct store_candle future = candle_at("ETHUSDT", 4070908800000, 1); /* 2099 */
    if (!fixture_make(&fixture, "postgresql"))
        return;
    fixture_open(&fixture);
    make_days(rows, "BTCUSDT", 60);
    CU_ASSERT_EQUAL(write_candles(&fixture, rows, DAYS), 0);
    CU_ASSERT_EQUAL(write_candles(&fixture, &future, 1), 0);
    expect_sql(&fixture, drop_sql, "0\n"); /* no clock is known: all is kept */
    expect_sql(&fixture, delete_sql, "0\n");
    CU_ASSERT_EQUAL(tell_clock("kraken", june_2021_ms + 1000 * day_ms), 0); /* of another exchange */
    expect_sql(&fixture, drop_sql, "0\n");
    expect_sql(&fixture, delete_sql, "0\n");
    CU_ASSERT_EQUAL(tell_clock("binance", june_2021_ms + 31 * day_ms), 0);
    expect_sql(&fixture, drop_sql, "0\n");
    expect_sql(&fixture, delete_sql, "1\n");
    CU_ASSERT_EQUAL(tell_clock("binance", june_2021_ms + 61 * day_ms), 0);
    expect_sql(&fixture, drop_sql, "1\n");
    expect_sql(&fixture, "SELECT count(*), max(open_time_ms) FROM v_candles", "71|4070908800000\n");
    fixture_close(&fixture);
}

/* A clock that no candle bears out deletes nothing, however often it is told. */
static void a_clock_of_the_future_deletes_nothing(void)
{
    static struct store_candle rows[DAYS];
    static const int64_t wrong_days[] = {DAYS + 2, 3650, 20000};
    if (!fixture_make(&fixture, "postgresql"))
        return;
    fixture_open(&fixture);
    make_days(rows, "BTCUSDT", 60);
    CU_ASSERT_EQUAL(write_candles(&fixture, rows, DAYS), 0);
    for (size_t i = 0; i < sizeof wrong_days / sizeof wrong_days[0]; i++) {
        CU_ASSERT_EQUAL(tell_clock("binance", june_2021_ms + wrong_days[i] * day_ms), 0);
        expect_sql(&fixture, drop_sql, "0\n");
        expect_sql(&fixture, delete_sql, "0\n");
    }
    CU_ASSERT_EQUAL(tell_clock("binance", june_2021_ms + 65 * day_ms), 0);
    expect_sql(&fixture, drop_sql, "1\n");
    fixture_close(&fixture);
}

static bool is_made_ahead_in_2031(const struct fixture *open)
{
    char *made = fixture_sql(open, "SELECT count(*) FROM candle_partitions WHERE name LIKE 'candles_2031%'");
    bool enough = strcmp(made, "3\n") == 0;
    free(made);
    return enough;
}

static void months_are_made_ahead_of_the_exchange_s_clock_too(void)
{
    if (!fixture_make(&fixture, "postgresql"))
        return;
    fixture_open(&fixture);
    CU_ASSERT_EQUAL(tell_clock("binance", 1930000000000), 0); /* February 2031 */
    fixture_close(&fixture);
    fixture_open(&fixture);
    CU_ASSERT_TRUE(fixture_until(&fixture, is_made_ahead_in_2031));
    fixture_close(&fixture);
}

const char *const suite_name = "store months";
const struct test suite_tests[] = {
    {"a candle gets the partition of its month", a_candle_gets_the_partition_of_its_month},
    {"months are made ahead", months_are_made_ahead},
    {"two writers make the same months", two_writers_make_the_same_months},
    {"a month dropped by somebody is made again", a_month_dropped_by_somebody_is_made_again},
    {"a month that is over is indexed once it rests", a_month_over_is_indexed_once_it_rests},
    {"the store sees to the indexes", the_store_sees_to_the_indexes},
    {"old candles go by interval, and empty months with them", old_candles_go_by_interval_and_empty_months_with_them},
    {"a candle of the future deletes nothing", a_candle_of_the_future_deletes_nothing},
    {"a clock of the future deletes nothing", a_clock_of_the_future_deletes_nothing},
    {"months are made ahead of the exchange's clock too", months_are_made_ahead_of_the_exchange_s_clock_too},
    {NULL, NULL},
};
