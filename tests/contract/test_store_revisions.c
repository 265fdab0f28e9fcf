/* The contract of the stores: revised candles, absences, what a series covers, and how an older database gets them. */
/* SPDX-License-Identifier: MIT */
#include "lib/store/audit.h"
#include "lib/store/migration.h"
#include "tests/contract/store_rows.h"
#include "tests/harness.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- revisions ---- */

static void check_revisions(struct fixture *fixture)
{
    struct store_candle rows[] = {candle_at("BTCUSDT", 0, 100), candle_at("BTCUSDT", MINUTE_MS, 200),
                                  candle_at("ETHUSDT", 0, 300)};
    CU_ASSERT_EQUAL(write_candles(fixture, rows, 3), 0);
    CU_ASSERT_EQUAL(write_candles(fixture, rows, 3), 0);
    expect_sql(fixture, "SELECT count(*) FROM candle_revisions", "0\n");
    rows[1].event.candle.close = 201;
    rows[1].event.candle.volume = 5;
    CU_ASSERT_EQUAL(write_candles(fixture, rows, 3), 0);
    CU_ASSERT_EQUAL(fixture->result.changed, 1);
    rows[1].event.candle.close = 202;
    CU_ASSERT_EQUAL(write_candles(fixture, rows, 3), 0);
    CU_ASSERT_EQUAL(write_candles(fixture, rows, 3), 0);
    expect_sql(fixture,
               "SELECT r.exchange, r.symbol, r.interval, r.open_time_ms, r.open, r.close, r.volume, c.close"
               " FROM v_candle_revisions r JOIN v_candles c ON c.symbol = r.symbol AND c.open_time_ms = r.open_time_ms"
               " ORDER BY r.close",
               "binance|BTCUSDT|1m|60000|2|2|0.001|2.02\nbinance|BTCUSDT|1m|60000|2|2.01|0.005|2.02\n");
    expect_sql(fixture, "SELECT count(*) FROM v_candle_revisions WHERE noticed_ms BETWEEN 1600000000000 AND 4000000000000",
               "2\n");
}

static void a_revised_candle_leaves_what_it_was(void)
{
    for_each_engine(check_revisions);
}

static void check_failed_revision(struct fixture *fixture)
{
    struct store_candle rows[] = {candle_at("BTCUSDT", 0, 100), candle_at("BTCUSDT", MINUTE_MS, 200)};
    CU_ASSERT_EQUAL(write_candles(fixture, rows, 1), 0);
    rows[0].event.candle.close = 101;
    rows[1].event.candle.price_scale = 19;
    CU_ASSERT_EQUAL(write_candles(fixture, rows, 2), ERROR_STORE);
    expect_sql(fixture, "SELECT (SELECT close FROM candles), (SELECT count(*) FROM candle_revisions)", "100|0\n");
}

static void a_refused_batch_revises_nothing(void)
{
    for_each_engine(check_failed_revision);
}

static void check_history(struct fixture *fixture)
{
    static struct store_candle rows[1000];
    for (int i = 0; i < 1000; i++)
        rows[i] = candle_at(i < 500 ? "BTCUSDT" : "ETHUSDT", i % 500 * MINUTE_MS, 100 + i);
    struct store_batch batch = {.candles = rows, .candle_count = 1000, .history = true};
    CU_ASSERT_EQUAL(fixture_write(fixture, &batch), 0);
    CU_ASSERT_EQUAL(fixture->result.changed, 1000);
    CU_ASSERT_EQUAL(fixture_write(fixture, &batch), 0); /* it was no history after all */
    CU_ASSERT_EQUAL(fixture->result.changed, 0);
    rows[700].event.candle.close++;
    CU_ASSERT_EQUAL(fixture_write(fixture, &batch), 0);
    CU_ASSERT_EQUAL(fixture->result.changed, 1);
    rows[3].event.candle.price_scale = 19;
    CU_ASSERT_EQUAL(fixture_write(fixture, &batch), ERROR_STORE);
    rows[3].event.candle.price_scale = 2;
    for (int i = 0; i < 1000; i++) /* half of it new */
        rows[i].event.candle.open_time_ms += 250 * MINUTE_MS;
    CU_ASSERT_EQUAL(fixture_write(fixture, &batch), 0);
    expect_sql(fixture, "SELECT count(*), count(DISTINCT symbol), max(open_time_ms) FROM v_candles", "1500|2|44940000\n");
}

static void history_that_is_there_already_is_written_like_anything_else(void)
{
    for_each_engine(check_history);
}

/* ---- absences ---- */

static struct store_absence absence_of(const char *symbol, int64_t first, int64_t last, enum absence_reason reason)
{
    struct store_absence row = {.exchange = "binance",
                                .absence = {.interval_s = 60, .first_open_ms = first * MINUTE_MS,
                                            .last_open_ms = last * MINUTE_MS, .reason = reason}};
    (void)snprintf(row.absence.symbol, sizeof row.absence.symbol, "%s", symbol);
    return row;
}

static int write_absences(struct fixture *fixture, const struct store_absence *rows, size_t count)
{
    return fixture_write(fixture, &(struct store_batch){.absences = rows, .absence_count = count});
}

static void check_absences(struct fixture *fixture)
{
    const struct store_absence rows[] = {
        absence_of("BTCUSDT", 20, 22, ABSENCE_REASON_NO_TRADES),
        absence_of("BTCUSDT", 0, 9, ABSENCE_REASON_BEFORE_LISTING),
        absence_of("ETHUSDT", 5, 5, ABSENCE_REASON_EXCHANGE_LACKS),
        absence_of("BTCUSDT", 20, 30, ABSENCE_REASON_SOURCE_LACKS), /* the first word stays */
    };
    CU_ASSERT_EQUAL(write_absences(fixture, rows, 4), 0);
    CU_ASSERT_EQUAL(fixture->result.changed, 3);
    CU_ASSERT_EQUAL(write_absences(fixture, rows, 4), 0);
    CU_ASSERT_EQUAL(fixture->result.changed, 0);
    expect_sql(fixture, "SELECT exchange, symbol, interval, first_open_ms, last_open_ms, reason FROM v_absences"
                        " ORDER BY symbol, first_open_ms",
               "binance|BTCUSDT|1m|0|540000|before_listing\nbinance|BTCUSDT|1m|1200000|1320000|no_trades\n"
               "binance|ETHUSDT|1m|300000|300000|exchange_lacks\n");

    struct query query = fixture_query_of(QUERY_KIND_ABSENCES, 100);
    CU_ASSERT_EQUAL(fixture_query(fixture, &query), 0);
    CU_ASSERT_EQUAL_FATAL(fixture->answer.absence_count, 3);
    CU_ASSERT_TRUE(same_row(RECORD_absence, &fixture->answer.absences[0], &rows[1].absence));
    CU_ASSERT_TRUE(same_row(RECORD_absence, &fixture->answer.absences[1], &rows[0].absence));
    CU_ASSERT_TRUE(same_row(RECORD_absence, &fixture->answer.absences[2], &rows[2].absence));
    (void)snprintf(query.symbol, sizeof query.symbol, "BTCUSDT");
    query.from_ms = 10 * MINUTE_MS;
    CU_ASSERT_EQUAL(fixture_query(fixture, &query), 0);
    CU_ASSERT_EQUAL_FATAL(fixture->answer.absence_count, 1);
    CU_ASSERT_EQUAL(fixture->answer.absences[0].first_open_ms, 20 * MINUTE_MS);
    query.from_ms = 0;
    query.to_ms = 20 * MINUTE_MS;
    CU_ASSERT_EQUAL(fixture_query(fixture, &query), 0);
    CU_ASSERT_EQUAL_FATAL(fixture->answer.absence_count, 1);
    CU_ASSERT_EQUAL(fixture->answer.absences[0].first_open_ms, 0);
}

static void the_first_word_on_an_absence_stays(void)
{
    for_each_engine(check_absences);
}

static void check_bad_absence(struct fixture *fixture)
{
    const struct store_absence row = absence_of("BTCUSDT", 5, 4, ABSENCE_REASON_NO_TRADES);
    const struct store_candle candle = candle_at("BTCUSDT", 0, 1);
    struct store_batch batch = {.candles = &candle, .candle_count = 1, .absences = &row, .absence_count = 1};
    CU_ASSERT_EQUAL(fixture_write(fixture, &batch), ERROR_STORE);
    expect_sql(fixture, "SELECT (SELECT count(*) FROM candles) + (SELECT count(*) FROM candle_absences)", "0\n");
}

static void an_absence_that_ends_before_it_begins_is_refused(void)
{
    for_each_engine(check_bad_absence);
}

/* ---- coverage ---- */

static void expect_coverage(const struct fixture *fixture, size_t i, const char *symbol, int64_t oldest, int64_t newest)
{
    const struct series_coverage *row = &fixture->answer.coverages[i];
    CU_ASSERT_STRING_EQUAL(row->symbol, symbol);
    CU_ASSERT_EQUAL(row->interval_s, 60);
    CU_ASSERT_EQUAL(row->oldest_ms, oldest * MINUTE_MS);
    CU_ASSERT_EQUAL(row->newest_ms, newest * MINUTE_MS);
}

static void check_coverage(struct fixture *fixture)
{
    struct store_candle rows[] = {
        candle_at("ETHUSDT", 70000 * (int64_t)MINUTE_MS, 1), candle_at("BTCUSDT", 12 * MINUTE_MS, 1),
        candle_at("BTCUSDT", 10 * MINUTE_MS, 1),             candle_at("ETHUSDT", 50 * MINUTE_MS, 1),
        candle_at("BTCUSDT", 5 * MINUTE_MS, 1),
    };
    const struct store_absence absences[] = {
        absence_of("BTCUSDT", 3, 9, ABSENCE_REASON_EXCHANGE_LACKS), absence_of("BTCUSDT", 0, 2, ABSENCE_REASON_BEFORE_LISTING),
        absence_of("ETHUSDT", 60, 70, ABSENCE_REASON_NO_TRADES),    absence_of("XRPUSDT", 0, 9, ABSENCE_REASON_BEFORE_LISTING),
    };
    rows[4].exchange = "kraken";
    struct query query = fixture_query_of(QUERY_KIND_COVERAGE, 100);
    CU_ASSERT_EQUAL(fixture_query(fixture, &query), 0);
    CU_ASSERT_EQUAL(fixture->answer.coverage_count, 0);
    CU_ASSERT_EQUAL(write_candles(fixture, rows, 5), 0);
    CU_ASSERT_EQUAL(fixture_query(fixture, &query), 0);
    CU_ASSERT_EQUAL_FATAL(fixture->answer.coverage_count, 2);
    expect_coverage(fixture, 0, "BTCUSDT", 10, 12);
    expect_coverage(fixture, 1, "ETHUSDT", 50, 70000);
    CU_ASSERT_EQUAL(write_absences(fixture, absences, 4), 0);
    CU_ASSERT_EQUAL(fixture_query(fixture, &query), 0);
    CU_ASSERT_EQUAL_FATAL(fixture->answer.coverage_count, 2); /* a series without any candle has no newest one */
    expect_coverage(fixture, 0, "BTCUSDT", 0, 12);
    expect_coverage(fixture, 1, "ETHUSDT", 50, 70000); /* an absence behind the oldest candle moves nothing */
    query.limit = 1;
    CU_ASSERT_EQUAL(fixture_query(fixture, &query), 0);
    CU_ASSERT_EQUAL(fixture->answer.coverage_count, 1);
    query.limit = 100;
    query.from_ms = 1 * MINUTE_MS;
    query.to_ms = 70000 * (int64_t)MINUTE_MS; /* as if the newest candle were not there */
    CU_ASSERT_EQUAL(fixture_query(fixture, &query), 0);
    CU_ASSERT_EQUAL_FATAL(fixture->answer.coverage_count, 2);
    expect_coverage(fixture, 0, "BTCUSDT", 3, 12);
    expect_coverage(fixture, 1, "ETHUSDT", 50, 50);
    query.from_ms = query.to_ms;
    query.to_ms = 0; /* or as if there were no other */
    CU_ASSERT_EQUAL(fixture_query(fixture, &query), 0);
    CU_ASSERT_EQUAL_FATAL(fixture->answer.coverage_count, 1);
    expect_coverage(fixture, 0, "ETHUSDT", 70000, 70000);
}

static void coverage_is_the_ends_of_each_series(void)
{
    for_each_engine(check_coverage);
}

/* ---- an older database ---- */

/* A database as the first version of the program has left it, with a candle in it. */
static void make_first_version(struct fixture *fixture, const char *engine)
{
    const struct migration *first = migration_find(engine, 1);
    bool sqlite = strcmp(engine, "sqlite") == 0;
    fixture_execute(fixture, first->sql);
    fixture_execute(fixture, "CREATE TABLE schema_migrations (version integer PRIMARY KEY, name text NOT NULL,"
                     " applied_ms bigint NOT NULL)");
    fixture_execute(fixture, "INSERT INTO schema_migrations (version, name, applied_ms) VALUES (1, 'init', 1)");
    fixture_execute(fixture, sqlite ? "INSERT INTO series (id, exchange, symbol, interval_s) VALUES (1, 'binance', 'BTCUSDT', 60)"
                            : "INSERT INTO series (exchange, symbol, interval_s) VALUES ('binance', 'BTCUSDT', 60)");
    fixture_execute(fixture, "INSERT INTO candles (series_id, open_time_ms, open, high, low, close, volume, price_scale,"
                     " volume_scale) VALUES (1, 60000, 1, 1, 1, 1, 1, 2, 3)");
}

struct seen {
    struct audit_series series;
    int candles, others;
};

static int see_series(void *user, const struct audit_series *series)
{
    ((struct seen *)user)->series = *series;
    return 0;
}

static int see_candle(void *user, const struct audit_candle *candle)
{
    ((struct seen *)user)->candles += candle->open_time_ms == MINUTE_MS && candle->volume_scale == 3;
    return 0;
}

static int see_absence(void *user, const struct audit_absence *absence)
{
    (void)absence;
    return ((struct seen *)user)->others++;
}

static int see_time(void *user, int64_t open_time_ms)
{
    (void)open_time_ms;
    return ((struct seen *)user)->others++;
}

static int see_stray(void *user, const struct audit_stray *stray)
{
    (void)stray;
    return ((struct seen *)user)->others++;
}

static void check_reading_first_version(const char *engine)
{
    static struct fixture fixture;
    struct audit *audit = NULL;
    struct seen seen = {0};
    int64_t clock_ms = -1;
    if (!fixture_make(&fixture, engine))
        return;
    make_first_version(&fixture, engine);
    CU_ASSERT_EQUAL_FATAL(audit_open(&audit, fixture.url), 0);
    CU_ASSERT_EQUAL(audit_list_series(audit, see_series, &seen), 0);
    CU_ASSERT_STRING_EQUAL(seen.series.symbol, "BTCUSDT");
    CU_ASSERT_EQUAL(audit_candles(audit, seen.series.id, 0, INT64_MAX, see_candle, &seen), 0);
    CU_ASSERT_EQUAL(seen.candles, 1);
    CU_ASSERT_EQUAL(audit_absences(audit, seen.series.id, see_absence, &seen), 0);
    CU_ASSERT_EQUAL(audit_lost_revised(audit, seen.series.id, see_time, &seen), 0);
    CU_ASSERT_EQUAL(audit_strays(audit, see_stray, &seen), 0);
    CU_ASSERT_EQUAL(seen.others, 0);
    CU_ASSERT_EQUAL(audit_exchange_clock(audit, "binance", &clock_ms), 0);
    CU_ASSERT_EQUAL(clock_ms, 0);
    audit_close(audit);
    expect_sql(&fixture, "SELECT max(version) FROM schema_migrations", "1\n"); /* it is left as it is */
    fixture_execute(&fixture, "DELETE FROM schema_migrations");
    CU_ASSERT_EQUAL(audit_open(&audit, fixture.url), ERROR_STORE);
    CU_ASSERT_PTR_NOT_NULL(strstr(error_message(), "has no schema yet"));
}

static void a_database_of_the_first_version_is_read_as_it_is(void)
{
    for (size_t i = 0; i < store_kind_count; i++)
        check_reading_first_version(store_kinds[i]->scheme);
}

static void check_upgrade(const char *engine)
{
    static struct fixture fixture;
    if (!fixture_make(&fixture, engine))
        return;
    make_first_version(&fixture, engine);
    fixture_open(&fixture);
    expect_sql(&fixture, "SELECT symbol, open_time_ms, close FROM v_candles", "BTCUSDT|60000|0.01\n");
    /* What the first version goes on sending, still running. */
    fixture_execute(&fixture, "INSERT INTO candles (series_id, open_time_ms, open, high, low, close, volume, price_scale,"
                      " volume_scale) VALUES (1, 60000, 1, 1, 1, 2, 1, 2, 3), (1, 0, 1, 1, 1, 9, 1, 2, 3)"
                      " ON CONFLICT (series_id, open_time_ms) DO UPDATE SET close = excluded.close");
    struct store_candle rows[] = {candle_at("BTCUSDT", MINUTE_MS, 3), candle_at("BTCUSDT", 2 * MINUTE_MS, 4)};
    CU_ASSERT_EQUAL(write_candles(&fixture, rows, 2), 0);
    expect_sql(&fixture, "SELECT open_time_ms, close FROM v_candles ORDER BY 1", "0|0.09\n60000|0.03\n120000|0.04\n");
    expect_sql(&fixture, "SELECT open_time_ms, close FROM v_candle_revisions ORDER BY 2", "60000|0.01\n60000|0.02\n");
    if (strcmp(engine, "postgresql") == 0) /* the old table is a partition now, from the beginning to the end of a month */
        expect_sql(&fixture, "SELECT name, from_ms IS NULL, count(*) FROM candle_partitions, candles_old GROUP BY 1, 2"
                             " ORDER BY 1 DESC LIMIT 1",
                   "candles_old|t|3\n");
    fixture_close(&fixture);
}

static void a_database_of_the_first_version_is_brought_up_to_date(void)
{
    for (size_t i = 0; i < store_kind_count; i++)
        check_upgrade(store_kinds[i]->scheme);
}

const char *const suite_name = "store revisions";
const struct test suite_tests[] = {
    {"a revised candle leaves what it was", a_revised_candle_leaves_what_it_was},
    {"a refused batch revises nothing", a_refused_batch_revises_nothing},
    {"history that is there already is written like anything else",
     history_that_is_there_already_is_written_like_anything_else},
    {"the first word on an absence stays", the_first_word_on_an_absence_stays},
    {"an absence that ends before it begins is refused", an_absence_that_ends_before_it_begins_is_refused},
    {"coverage is the ends of each series", coverage_is_the_ends_of_each_series},
    {"a database of the first version is read as it is", a_database_of_the_first_version_is_read_as_it_is},
    {"a database of the first version is brought up to date", a_database_of_the_first_version_is_brought_up_to_date},
    {NULL, NULL},
};
