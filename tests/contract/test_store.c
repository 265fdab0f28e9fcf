/* The contract of the stores: what is written, what is left alone, what is read back. Every engine must pass. */
/* SPDX-License-Identifier: MIT */
#include "lib/store/row.h"
#include "tests/contract/store_fixture.h"
#include "tests/harness.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MINUTE_MS = 60000 };

static struct store_candle candle_at(const char *symbol, int64_t open_time_ms, int64_t close)
{
    struct store_candle row = {
        .exchange = "binance",
        .event = {.interval_s = 60,
                  .candle = {.open_time_ms = open_time_ms, .open = close, .high = close, .low = close, .close = close,
                             .volume = 1, .price_scale = 2, .volume_scale = 3}},
    };
    (void)snprintf(row.event.symbol, sizeof row.event.symbol, "%s", symbol);
    return row;
}

static int write_candles(struct fixture *fixture, const struct store_candle *rows, size_t count)
{
    return fixture_write(fixture, &(struct store_batch){.candles = rows, .candle_count = count});
}

static void expect_sql(const struct fixture *fixture, const char *sql, const char *expected)
{
    char *text = fixture_sql(fixture, sql);
    if (strcmp(text, expected) != 0)
        printf("%s: %s\n expected: %s got: %s\n", fixture->engine, sql, expected, text);
    CU_ASSERT_STRING_EQUAL(text, expected);
    free(text);
}

/* Whether two structs of a record have equal fields, whatever is between and behind those. */
static bool same(enum record record, const void *left, const void *right)
{
    for (size_t i = 0; i < records[record].field_count; i++) {
        const struct field_row *field = &records[record].fields[i];
        struct cell a = row_get(field, left), b = row_get(field, right);
        if (a.length != b.length || a.integer != b.integer || (a.text != NULL && memcmp(a.text, b.text, a.length) != 0))
            return false;
    }
    return true;
}

/* ---- candles ---- */

static void check_same_batch(struct fixture *fixture)
{
    struct store_candle rows[1000];
    for (int i = 0; i < 1000; i++)
        rows[i] = candle_at(i % 2 == 0 ? "BTCUSDT" : "ETHUSDT", i / 2 * MINUTE_MS, 100 + i);
    CU_ASSERT_EQUAL(write_candles(fixture, rows, 1000), 0);
    CU_ASSERT_EQUAL(fixture->result.changed, 1000);
    CU_ASSERT_EQUAL(write_candles(fixture, rows, 1000), 0);
    CU_ASSERT_EQUAL(fixture->result.changed, 0);
    rows[7].event.candle.close++;
    CU_ASSERT_EQUAL(write_candles(fixture, rows, 1000), 0);
    CU_ASSERT_EQUAL(fixture->result.changed, 1);
    expect_sql(fixture, "SELECT count(*), count(DISTINCT symbol) FROM v_candles", "1000|2\n");
}

static void the_same_batch_twice_changes_nothing(void)
{
    for_each_engine(check_same_batch);
}

static void check_overlap(struct fixture *fixture)
{
    struct store_candle rows[60];
    for (int i = 0; i < 60; i++)
        rows[i] = candle_at("BTCUSDT", i * MINUTE_MS, i + 1);
    CU_ASSERT_EQUAL(write_candles(fixture, rows, 40), 0);
    CU_ASSERT_EQUAL(fixture->result.changed, 40);
    CU_ASSERT_EQUAL(write_candles(fixture, rows + 20, 40), 0);
    CU_ASSERT_EQUAL(fixture->result.changed, 20);
    expect_sql(fixture, "SELECT count(*), max(open_time_ms), min(open_time_ms) FROM candles", "60|3540000|0\n");
}

static void overlapping_batches_make_one_series(void)
{
    for_each_engine(check_overlap);
}

static void check_last_wins(struct fixture *fixture)
{
    const struct store_candle rows[] = {
        candle_at("BTCUSDT", MINUTE_MS, 1), candle_at("BTCUSDT", 0, 2), candle_at("BTCUSDT", MINUTE_MS, 3),
        candle_at("ETHUSDT", 0, 4),         candle_at("BTCUSDT", 0, 5), candle_at("BTCUSDT", MINUTE_MS, 6),
    };
    CU_ASSERT_EQUAL(write_candles(fixture, rows, 6), 0);
    CU_ASSERT_EQUAL(fixture->result.changed, 3);
    expect_sql(fixture, "SELECT symbol, open_time_ms, close FROM v_candles ORDER BY symbol, open_time_ms",
               "BTCUSDT|0|0.05\nBTCUSDT|60000|0.06\nETHUSDT|0|0.04\n");
}

static void the_last_row_of_a_candle_wins(void)
{
    for_each_engine(check_last_wins);
}

static void check_exact_candles(struct fixture *fixture)
{
    const struct candle extremes[] = {
        {0, INT64_MAX, INT64_MAX, -INT64_MAX, 1, INT64_MAX, 18, 0},
        {MINUTE_MS, 9753770, 9753771, 9753769, 9753770, 575851554, 2, 0},
        {2 * MINUTE_MS, 111, 111, 111, 111, 0, 8, 18},
        {4102444800000, 1, 1, 1, 1, 1, 0, 1},
    };
    struct store_candle rows[4];
    for (int i = 0; i < 4; i++) {
        rows[i] = candle_at("BTCUSDT", 0, 0);
        rows[i].event.candle = extremes[i];
    }
    CU_ASSERT_EQUAL(write_candles(fixture, rows, 4), 0);
    struct query query = fixture_query_of(QUERY_KIND_CANDLES, 100);
    CU_ASSERT_EQUAL(fixture_query(fixture, &query), 0);
    CU_ASSERT_EQUAL_FATAL(fixture->answer.candle_count, 4);
    for (int i = 0; i < 4; i++)
        CU_ASSERT_TRUE(same(RECORD_candle, &fixture->answer.candles[i], &extremes[i]));
}

static void candles_come_back_to_the_last_digit(void)
{
    for_each_engine(check_exact_candles);
}

static void check_exchanges_apart(struct fixture *fixture)
{
    struct store_candle rows[] = {candle_at("BTCUSDT", 0, 1), candle_at("BTCUSDT", 0, 2), candle_at("BTCUSDT", 0, 3)};
    rows[1].exchange = "kraken";
    rows[2].event.interval_s = 300;
    CU_ASSERT_EQUAL(write_candles(fixture, rows, 3), 0);
    CU_ASSERT_EQUAL(fixture->result.changed, 3);
    expect_sql(fixture, "SELECT exchange, symbol, interval, close FROM v_candles ORDER BY exchange, interval",
               "binance|BTCUSDT|1m|0.01\nbinance|BTCUSDT|5m|0.03\nkraken|BTCUSDT|1m|0.02\n");
}

static void exchange_and_interval_tell_series_apart(void)
{
    for_each_engine(check_exchanges_apart);
}

static void check_bad_rows(struct fixture *fixture)
{
    struct store_candle rows[] = {candle_at("BTCUSDT", 0, 1), candle_at("BTCUSDT", MINUTE_MS, 2)};
    rows[1].event.candle.price_scale = 19;
    CU_ASSERT_EQUAL(write_candles(fixture, rows, 2), ERROR_STORE);
    CU_ASSERT_EQUAL(fixture->result.changed, 0);
    expect_sql(fixture, "SELECT count(*) FROM candles", "0\n");
    rows[1] = candle_at("BTCUSDT", MINUTE_MS, 2);
    rows[1].event.interval_s = 4000000000;
    CU_ASSERT_EQUAL(write_candles(fixture, rows, 2), ERROR_STORE);
    CU_ASSERT_TRUE(fixture_is_ready(fixture));
    CU_ASSERT_EQUAL(write_candles(fixture, rows, 1), 0);
    CU_ASSERT_EQUAL(fixture->result.changed, 1);
}

static void a_bad_row_fails_its_batch_and_nothing_else(void)
{
    for_each_engine(check_bad_rows);
}

/* ---- the ledger ---- */

static struct signal_outcome outcome_at(int64_t candle_time_ms, enum outcome outcome, const char *reason)
{
    struct signal_outcome row = {
        .strategy = "sma_cross", .exchange = "binance", .symbol = "BTCUSDT", .interval_s = 60,
        .candle_time_ms = candle_time_ms, .side = SIDE_BUY, .price = 9753770, .price_scale = 2, .outcome = outcome,
        .decided_ms = candle_time_ms + MINUTE_MS + 5,
    };
    (void)snprintf(row.reason, sizeof row.reason, "%s", reason);
    return row;
}

static struct fill fill_of(const char *trade_id, int64_t time_ms, int64_t quantity)
{
    struct fill row = {.order_id = "o-1", .strategy = "sma_cross", .exchange = "binance", .symbol = "BTCUSDT",
                       .side = SIDE_SELL, .price = 123456, .price_scale = 4, .quantity = quantity,
                       .quantity_scale = 3, .notional = 150000000, .fee = 1, .realised = -250000000,
                       .time_ms = time_ms};
    (void)snprintf(row.trade_id, sizeof row.trade_id, "%s", trade_id);
    return row;
}

static struct order order_of(const char *order_id, enum order_state state, int64_t created_ms)
{
    struct order row = {.strategy = "sma_cross", .exchange = "binance", .symbol = "BTCUSDT", .side = SIDE_BUY,
                        .state = state, .quantity = 1500, .filled = 0, .quantity_scale = 3,
                        .created_ms = created_ms, .updated_ms = created_ms};
    (void)snprintf(row.order_id, sizeof row.order_id, "%s", order_id);
    return row;
}

static struct position position_of(const char *symbol, int64_t quantity)
{
    struct position row = {.exchange = "binance", .strategy = "sma_cross", .quantity = quantity, .quantity_scale = 3,
                           .cost = 123 * 100000000LL, .realised = -5, .opened_ms = 1, .updated_ms = 2, .mark = 77,
                           .mark_scale = 1, .unrealised = -9};
    (void)snprintf(row.symbol, sizeof row.symbol, "%s", symbol);
    return row;
}

static struct account account_at(int64_t time_ms, int64_t cash)
{
    return (struct account){.time_ms = time_ms, .start = 1000, .cash = cash, .inventory = 20, .realised = -3,
                            .fees = 4, .unrealised = 5, .equity = cash + 25};
}

static void check_first_word(struct fixture *fixture)
{
    const struct signal_outcome outcomes[] = {outcome_at(0, OUTCOME_REFUSED, "stale"),
                                              outcome_at(0, OUTCOME_FILLED, "none")};
    const struct fill fills[] = {fill_of("t-1", 1, 10), fill_of("t-1", 2, 20)};
    const struct store_series_start starts[] = {{"binance", {"BTCUSDT", 60, 5000}}, {"binance", {"BTCUSDT", 60, 6000}}};
    struct store_batch batch = {.outcomes = outcomes, .outcome_count = 2, .fills = fills, .fill_count = 2,
                                .series = starts, .series_count = 2};
    CU_ASSERT_EQUAL(fixture_write(fixture, &batch), 0);
    CU_ASSERT_EQUAL(fixture->result.changed, 3);
    batch = (struct store_batch){.outcomes = outcomes + 1, .outcome_count = 1, .fills = fills + 1, .fill_count = 1,
                                 .series = starts + 1, .series_count = 1};
    CU_ASSERT_EQUAL(fixture_write(fixture, &batch), 0);
    CU_ASSERT_EQUAL(fixture->result.changed, 0);
    expect_sql(fixture, "SELECT outcome, reason FROM v_signals", "refused|stale\n");
    expect_sql(fixture, "SELECT quantity, time_ms FROM v_fills", "0.01|1\n");
    expect_sql(fixture, "SELECT fire_from_ms FROM series", "5000\n");
}

static void the_first_word_on_outcomes_fills_and_starts_stays(void)
{
    for_each_engine(check_first_word);
}

static void check_start_after_candles(struct fixture *fixture)
{
    struct store_candle candle = candle_at("BTCUSDT", 0, 1);
    CU_ASSERT_EQUAL(write_candles(fixture, &candle, 1), 0);
    struct query query = fixture_query_of(QUERY_KIND_SERIES_STARTS, 10);
    CU_ASSERT_EQUAL(fixture_query(fixture, &query), 0);
    CU_ASSERT_EQUAL(fixture->answer.series_count, 0);
    const struct store_series_start start = {"binance", {"BTCUSDT", 60, 5000}};
    CU_ASSERT_EQUAL(fixture_write(fixture, &(struct store_batch){.series = &start, .series_count = 1}), 0);
    CU_ASSERT_EQUAL(fixture->result.changed, 1);
    CU_ASSERT_EQUAL(fixture_query(fixture, &query), 0);
    CU_ASSERT_EQUAL_FATAL(fixture->answer.series_count, 1);
    CU_ASSERT_STRING_EQUAL(fixture->answer.series[0].symbol, "BTCUSDT");
    CU_ASSERT_EQUAL(fixture->answer.series[0].interval_s, 60);
    CU_ASSERT_EQUAL(fixture->answer.series[0].fire_from_ms, 5000);
}

static void a_start_may_come_after_the_candles(void)
{
    for_each_engine(check_start_after_candles);
}

static void check_versions(struct fixture *fixture)
{
    const struct order orders[] = {order_of("o-1", ORDER_STATE_FILLED, 1), order_of("o-1", ORDER_STATE_SENT, 1)};
    const struct position positions[] = {position_of("BTCUSDT", 10), position_of("BTCUSDT", 20)};
    const struct account accounts[] = {account_at(1, 100), account_at(1, 200)};
    const uint64_t versions[] = {1ULL << 32 | 7, 1ULL << 32 | 6};
    struct store_batch batch = {
        .orders = orders, .order_versions = versions, .order_count = 2, .positions = positions,
        .position_versions = versions, .position_count = 2, .accounts = accounts, .account_versions = versions,
        .account_count = 2};
    CU_ASSERT_EQUAL(fixture_write(fixture, &batch), 0);
    CU_ASSERT_EQUAL(fixture->result.changed, 3);
    /* The same again, and what was overtaken alone, change nothing. */
    CU_ASSERT_EQUAL(fixture_write(fixture, &batch), 0);
    CU_ASSERT_EQUAL(fixture->result.changed, 0);
    struct store_batch late = {.orders = orders + 1, .order_versions = versions + 1, .order_count = 1,
                               .positions = positions + 1, .position_versions = versions + 1, .position_count = 1,
                               .accounts = accounts + 1, .account_versions = versions + 1, .account_count = 1};
    CU_ASSERT_EQUAL(fixture_write(fixture, &late), 0);
    CU_ASSERT_EQUAL(fixture->result.changed, 0);
    expect_sql(fixture, "SELECT state FROM v_orders", "filled\n");
    expect_sql(fixture, "SELECT quantity FROM v_positions", "0.01\n");
    expect_sql(fixture, "SELECT cash FROM v_equity", "0.000001\n");
    /* The next generation begins to count anew and is newer all the same. */
    const uint64_t next = 2ULL << 32 | 1;
    late.order_versions = late.position_versions = late.account_versions = &next;
    CU_ASSERT_EQUAL(fixture_write(fixture, &late), 0);
    CU_ASSERT_EQUAL(fixture->result.changed, 3);
    expect_sql(fixture, "SELECT state FROM v_orders", "sent\n");
}

static void a_delivery_that_was_overtaken_overwrites_nothing(void)
{
    for_each_engine(check_versions);
}

static void check_equal_versions(struct fixture *fixture)
{
    const struct order orders[] = {order_of("o-1", ORDER_STATE_SENT, 1), order_of("o-1", ORDER_STATE_FILLED, 1)};
    CU_ASSERT_EQUAL(fixture_write(fixture, &(struct store_batch){.orders = orders, .order_count = 2}), 0);
    expect_sql(fixture, "SELECT state FROM v_orders", "filled\n");
    CU_ASSERT_EQUAL(fixture_write(fixture, &(struct store_batch){.orders = orders, .order_count = 1}), 0);
    CU_ASSERT_EQUAL(fixture->result.changed, 1);
    expect_sql(fixture, "SELECT state FROM v_orders", "sent\n");
}

static void among_equal_versions_the_last_row_wins(void)
{
    for_each_engine(check_equal_versions);
}

static void check_whole_batch(struct fixture *fixture)
{
    struct order bad = order_of("o-2", ORDER_STATE_SENT, 1);
    const struct fill fill = fill_of("t-1", 1, 10);
    struct store_candle candle = candle_at("BTCUSDT", 0, 1);
    bad.quantity_scale = 200;
    struct store_batch batch = {.orders = &bad, .order_count = 1, .fills = &fill, .fill_count = 1, .candles = &candle,
                                .candle_count = 1};
    CU_ASSERT_EQUAL(fixture_write(fixture, &batch), ERROR_STORE);
    expect_sql(fixture, "SELECT (SELECT count(*) FROM fills) + (SELECT count(*) FROM candles)", "0\n");
    CU_ASSERT_EQUAL(fixture_write(fixture, &(struct store_batch){0}), 0);
    CU_ASSERT_EQUAL(fixture->result.changed, 0);
}

static void a_batch_is_written_as_a_whole_or_not_at_all(void)
{
    for_each_engine(check_whole_batch);
}

static void check_fence(struct fixture *fixture)
{
    const struct fill fills[] = {fill_of("t-1", 1, 10), fill_of("t-2", 2, 10), fill_of("t-3", 3, 10)};
    struct store_batch batch = {.fills = fills, .fill_count = 1, .ledger_generation = 1};
    CU_ASSERT_EQUAL(fixture_write(fixture, &batch), 0); /* nobody has leased anything yet */
    CU_ASSERT_EQUAL(fixture_lease(fixture, "trader", 1, 0, false), 0);
    batch.fills = fills + 1;
    CU_ASSERT_EQUAL(fixture_write(fixture, &batch), 0);
    CU_ASSERT_EQUAL(fixture_lease(fixture, "trader", 2, 1000, false), 0);
    CU_ASSERT_EQUAL_FATAL(fixture->result.generation, 2);
    batch.fills = fills + 2;
    CU_ASSERT_EQUAL(fixture_write(fixture, &batch), ERROR_DENIED);
    batch.ledger_generation = 2;
    CU_ASSERT_EQUAL(fixture_write(fixture, &batch), 0);
    expect_sql(fixture, "SELECT trade_id FROM v_fills ORDER BY 1", "t-1\nt-2\nt-3\n");
}

static void an_old_generation_writes_nothing(void)
{
    for_each_engine(check_fence);
}

/* ---- leases ---- */

static void check_leases(struct fixture *fixture)
{
    const uint64_t first = UINT64_MAX, second = 7; /* all 64 bits are kept */
    CU_ASSERT_EQUAL(fixture_lease(fixture, "fetcher", first, 60000, true), 0);
    CU_ASSERT_FALSE(fixture->result.granted);
    CU_ASSERT_EQUAL(fixture->result.generation, 0);
    CU_ASSERT_EQUAL(fixture_lease(fixture, "fetcher", first, 60000, false), 0);
    CU_ASSERT_TRUE(fixture->result.granted);
    CU_ASSERT_EQUAL(fixture->result.generation, 1);
    CU_ASSERT_EQUAL(fixture_lease(fixture, "fetcher", second, 60000, false), 0);
    CU_ASSERT_FALSE(fixture->result.granted);
    CU_ASSERT_EQUAL(fixture->result.generation, 1);
    CU_ASSERT_EQUAL(fixture_lease(fixture, "fetcher", first, 60000, false), 0); /* renewed */
    CU_ASSERT_TRUE(fixture->result.granted);
    CU_ASSERT_EQUAL(fixture->result.generation, 1);
    CU_ASSERT_EQUAL(fixture_lease(fixture, "trader", second, 60000, false), 0); /* another lease */
    CU_ASSERT_TRUE(fixture->result.granted);
    CU_ASSERT_EQUAL(fixture_lease(fixture, "fetcher", second, 0, true), 0); /* not its to give back */
    CU_ASSERT_FALSE(fixture->result.granted);
    CU_ASSERT_EQUAL(fixture->result.generation, 1);
    CU_ASSERT_EQUAL(fixture_lease(fixture, "fetcher", second, 60000, false), 0);
    CU_ASSERT_FALSE(fixture->result.granted);
    CU_ASSERT_EQUAL(fixture_lease(fixture, "fetcher", first, 0, true), 0);
    CU_ASSERT_FALSE(fixture->result.granted);
    CU_ASSERT_EQUAL(fixture_lease(fixture, "fetcher", second, 60000, false), 0);
    CU_ASSERT_TRUE(fixture->result.granted);
    CU_ASSERT_EQUAL(fixture->result.generation, 2);
}

static void a_lease_has_one_holder(void)
{
    for_each_engine(check_leases);
}

static bool second_holder_gets_it(const struct fixture *fixture)
{
    struct fixture *asking = (struct fixture *)(uintptr_t)fixture;
    return fixture_lease(asking, "trader", 2, 60000, false) == 0 && asking->result.granted;
}

static void check_expiry(struct fixture *fixture)
{
    CU_ASSERT_EQUAL(fixture_lease(fixture, "trader", 1, 300, false), 0);
    CU_ASSERT_TRUE(fixture->result.granted);
    CU_ASSERT_EQUAL(fixture_lease(fixture, "trader", 2, 60000, false), 0);
    CU_ASSERT_FALSE(fixture->result.granted);
    CU_ASSERT_TRUE(fixture_until(fixture, second_holder_gets_it));
    CU_ASSERT_EQUAL(fixture->result.generation, 2);
    CU_ASSERT_EQUAL(fixture_lease(fixture, "trader", 1, 300, false), 0);
    CU_ASSERT_FALSE(fixture->result.granted);
    fixture_close(fixture);
    fixture_open(fixture);
    CU_ASSERT_EQUAL(fixture_lease(fixture, "trader", 1, 300, false), 0);
    CU_ASSERT_FALSE(fixture->result.granted);
    CU_ASSERT_EQUAL(fixture->result.generation, 2);
}

static void a_lease_runs_out_and_survives_a_restart(void)
{
    for_each_engine(check_expiry);
}

/* ---- queries ---- */

static void check_recent(struct fixture *fixture)
{
    static struct store_candle rows[3 * 700];
    static const char *const symbols[] = {"AAA", "BBB", "CCC"};
    for (int i = 0; i < 2100; i++)
        rows[i] = candle_at(symbols[i % 3], i / 3 * MINUTE_MS, i + 1);
    for (int i = 0; i < 2100; i += 3)
        rows[i].exchange = "kraken";
    CU_ASSERT_EQUAL(write_candles(fixture, rows, 2100), 0);
    struct query query = fixture_query_of(QUERY_KIND_RECENT_CANDLES, 640);
    CU_ASSERT_EQUAL(fixture_query(fixture, &query), 0);
    const struct answer_rows *answer = &fixture->answer;
    CU_ASSERT_EQUAL_FATAL(answer->candle_count, 2 * 640);
    CU_ASSERT_EQUAL(answer->parts, 4);
    for (size_t i = 0; i < answer->candle_count; i++) {
        CU_ASSERT_STRING_EQUAL(answer->symbols[i], answer->symbols[i / 640 * 640]);
        CU_ASSERT_EQUAL(answer->candles[i].open_time_ms, (60 + (int64_t)i % 640) * MINUTE_MS);
    }
    CU_ASSERT_STRING_NOT_EQUAL(answer->symbols[0], answer->symbols[640]);
    query.limit = 5000; /* more than there are */
    CU_ASSERT_EQUAL(fixture_query(fixture, &query), 0);
    CU_ASSERT_EQUAL(answer->candle_count, 1400);
    query.limit = 0;
    CU_ASSERT_EQUAL(fixture_query(fixture, &query), 0);
    CU_ASSERT_EQUAL(answer->candle_count, 0);
}

static void recent_candles_are_the_newest_of_each_series(void)
{
    for_each_engine(check_recent);
}

static void expect_candles(struct fixture *fixture, int64_t from_ms, int64_t to_ms, uint32_t limit, int64_t first_ms,
                           size_t count)
{
    struct query query = fixture_query_of(QUERY_KIND_CANDLES, limit);
    (void)snprintf(query.symbol, sizeof query.symbol, "BTCUSDT");
    query.interval_s = 60;
    query.from_ms = from_ms;
    query.to_ms = to_ms;
    CU_ASSERT_EQUAL(fixture_query(fixture, &query), 0);
    CU_ASSERT_EQUAL_FATAL(fixture->answer.candle_count, count);
    for (size_t i = 0; i < count; i++)
        CU_ASSERT_EQUAL(fixture->answer.candles[i].open_time_ms, first_ms + (int64_t)i * MINUTE_MS);
}

static void check_candle_range(struct fixture *fixture)
{
    struct store_candle rows[200];
    for (int i = 0; i < 200; i++)
        rows[i] = candle_at(i < 100 ? "BTCUSDT" : "ETHUSDT", i % 100 * MINUTE_MS, 1);
    CU_ASSERT_EQUAL(write_candles(fixture, rows, 200), 0);
    expect_candles(fixture, 0, 0, 1000, 0, 100);
    expect_candles(fixture, 0, 0, 10, 90 * MINUTE_MS, 10);
    expect_candles(fixture, 10 * MINUTE_MS, 20 * MINUTE_MS, 1000, 10 * MINUTE_MS, 10);
    expect_candles(fixture, 10 * MINUTE_MS, 20 * MINUTE_MS, 3, 17 * MINUTE_MS, 3);
    expect_candles(fixture, 1, MINUTE_MS, 10, 0, 0);
    expect_candles(fixture, 99 * MINUTE_MS, 0, 1, 99 * MINUTE_MS, 1);
    struct query nothing = fixture_query_of(QUERY_KIND_CANDLES, 10);
    (void)snprintf(nothing.symbol, sizeof nothing.symbol, "NOSUCH");
    CU_ASSERT_EQUAL(fixture_query(fixture, &nothing), 0);
    CU_ASSERT_EQUAL(fixture->answer.candle_count, 0);
}

static void candles_are_the_newest_of_a_range_ascending(void)
{
    for_each_engine(check_candle_range);
}

static void check_ledger_rows(struct fixture *fixture)
{
    struct signal_outcome outcomes[900];
    struct order orders[40];
    struct fill fills[40];
    for (int i = 0; i < 900; i++) {
        outcomes[i] = outcome_at(i * MINUTE_MS, i % 2 == 0 ? OUTCOME_FILLED : OUTCOME_EXPIRED, "none");
        (void)snprintf(outcomes[i].symbol, SYMBOL_SIZE, "%s", i % 3 == 0 ? "ETHUSDT" : "BTCUSDT");
    }
    for (int i = 0; i < 40; i++) {
        char id[NAME_SIZE];
        (void)snprintf(id, sizeof id, "id-%02d", i);
        orders[i] = order_of(id, (enum order_state)(i % (int)order_state_COUNT), i);
        fills[i] = fill_of(id, i, i + 1);
    }
    struct store_batch batch = {.outcomes = outcomes, .outcome_count = 900, .orders = orders, .order_count = 40,
                                .fills = fills, .fill_count = 40};
    CU_ASSERT_EQUAL(fixture_write(fixture, &batch), 0);
    CU_ASSERT_EQUAL(fixture->result.changed, 980);

    struct query query = fixture_query_of(QUERY_KIND_SIGNALS, 5000);
    CU_ASSERT_EQUAL(fixture_query(fixture, &query), 0);
    CU_ASSERT_EQUAL_FATAL(fixture->answer.outcome_count, 900);
    CU_ASSERT_EQUAL(fixture->answer.parts, 2);
    for (int i = 0; i < 900; i++)
        CU_ASSERT_TRUE(same(RECORD_signal_outcome, &fixture->answer.outcomes[i], &outcomes[899 - i]));
    (void)snprintf(query.symbol, sizeof query.symbol, "ETHUSDT");
    query.limit = 7;
    CU_ASSERT_EQUAL(fixture_query(fixture, &query), 0);
    CU_ASSERT_EQUAL_FATAL(fixture->answer.outcome_count, 7);
    CU_ASSERT_EQUAL(fixture->answer.outcomes[0].candle_time_ms, 897 * MINUTE_MS);
    CU_ASSERT_EQUAL(fixture->answer.outcomes[6].candle_time_ms, 879 * MINUTE_MS);

    query = fixture_query_of(QUERY_KIND_ORDERS, 10);
    query.to_ms = 30;
    CU_ASSERT_EQUAL(fixture_query(fixture, &query), 0);
    CU_ASSERT_EQUAL_FATAL(fixture->answer.order_count, 10);
    for (int i = 0; i < 10; i++)
        CU_ASSERT_TRUE(same(RECORD_order, &fixture->answer.orders[i], &orders[29 - i]));

    query = fixture_query_of(QUERY_KIND_FILLS, 100);
    query.from_ms = 35;
    CU_ASSERT_EQUAL(fixture_query(fixture, &query), 0);
    CU_ASSERT_EQUAL_FATAL(fixture->answer.fill_count, 5);
    for (int i = 0; i < 5; i++)
        CU_ASSERT_TRUE(same(RECORD_fill, &fixture->answer.fills[i], &fills[39 - i]));
    query.exchange[0] = 'k'; /* another exchange */
    CU_ASSERT_EQUAL(fixture_query(fixture, &query), 0);
    CU_ASSERT_EQUAL(fixture->answer.fill_count, 0);
}

static void signals_orders_and_fills_come_newest_first(void)
{
    for_each_engine(check_ledger_rows);
}

static void check_ledger(struct fixture *fixture)
{
    struct query query = fixture_query_of(QUERY_KIND_LEDGER, 1);
    CU_ASSERT_EQUAL(fixture_query(fixture, &query), 0);
    CU_ASSERT_EQUAL(fixture->answer.account_count + fixture->answer.position_count + fixture->answer.order_count, 0);
    struct order orders[order_state_COUNT];
    for (enum order_state state = 0; state < order_state_COUNT; state++) {
        char id[NAME_SIZE];
        (void)snprintf(id, sizeof id, "order-%u", state);
        orders[state] = order_of(id, state, state);
    }
    const struct position positions[] = {position_of("BTCUSDT", 5), position_of("ETHUSDT", 0), position_of("AAA", -1)};
    const struct account accounts[] = {account_at(10, 100), account_at(30, 300), account_at(20, 200)};
    struct store_batch batch = {.orders = orders, .order_count = order_state_COUNT, .positions = positions,
                                .position_count = 3, .accounts = accounts, .account_count = 3};
    CU_ASSERT_EQUAL(fixture_write(fixture, &batch), 0);
    CU_ASSERT_EQUAL(fixture_query(fixture, &query), 0);
    const struct answer_rows *answer = &fixture->answer;
    CU_ASSERT_EQUAL_FATAL(answer->account_count, 1);
    CU_ASSERT_TRUE(same(RECORD_account, &answer->accounts[0], &accounts[1]));
    CU_ASSERT_EQUAL_FATAL(answer->position_count, 2);
    CU_ASSERT_TRUE(same(RECORD_position, &answer->positions[0], &positions[2]));
    CU_ASSERT_TRUE(same(RECORD_position, &answer->positions[1], &positions[0]));
    CU_ASSERT_EQUAL_FATAL(answer->order_count, 5);
    for (size_t i = 0; i < answer->order_count; i++)
        CU_ASSERT_TRUE(answer->orders[i].state <= ORDER_STATE_PARTIAL ||
                       answer->orders[i].state == ORDER_STATE_UNKNOWN);
    expect_sql(fixture, "SELECT symbol, quantity, cost, realised FROM v_positions ORDER BY symbol",
               "AAA|-0.001|123|-0.00000005\nBTCUSDT|0.005|123|-0.00000005\n");
}

static void the_ledger_is_what_a_trader_goes_on_from(void)
{
    for_each_engine(check_ledger);
}

static void expect_thinned(struct fixture *fixture, uint32_t limit, size_t count, int64_t first_ms, int64_t last_ms)
{
    struct query query = fixture_query_of(QUERY_KIND_EQUITY, limit);
    query.from_ms = 1000;
    query.to_ms = 101000;
    CU_ASSERT_EQUAL(fixture_query(fixture, &query), 0);
    const struct answer_rows *answer = &fixture->answer;
    CU_ASSERT_EQUAL_FATAL(answer->account_count, count);
    CU_ASSERT_EQUAL(answer->accounts[0].time_ms, first_ms);
    CU_ASSERT_EQUAL(answer->accounts[count - 1].time_ms, last_ms);
    int64_t widest_ms = 0;
    for (size_t i = 1; i < count; i++) {
        int64_t step_ms = answer->accounts[i].time_ms - answer->accounts[i - 1].time_ms;
        CU_ASSERT_TRUE(step_ms > 0);
        widest_ms = step_ms > widest_ms ? step_ms : widest_ms;
    }
    if (limit > 2)
        CU_ASSERT_TRUE(widest_ms <= 2 * (last_ms - first_ms) / (limit - 1) + 100);
}

static void check_equity(struct fixture *fixture)
{
    static struct account accounts[1200];
    for (int i = 0; i < 1200; i++)
        accounts[i] = account_at(i * 100, i);
    struct store_batch batch = {.accounts = accounts, .account_count = 1200};
    CU_ASSERT_EQUAL(fixture_write(fixture, &batch), 0);
    CU_ASSERT_EQUAL(fixture->result.changed, 1200);
    expect_thinned(fixture, 5000, 1000, 1000, 100900);
    expect_thinned(fixture, 1000, 1000, 1000, 100900);
    expect_thinned(fixture, 999, 999, 1000, 100900);
    expect_thinned(fixture, 100, 100, 1000, 100900);
    expect_thinned(fixture, 3, 3, 1000, 100900);
    expect_thinned(fixture, 2, 2, 1000, 100900);
    expect_thinned(fixture, 1, 1, 100900, 100900);
    struct query query = fixture_query_of(QUERY_KIND_EQUITY, 10);
    query.from_ms = 1000000;
    CU_ASSERT_EQUAL(fixture_query(fixture, &query), 0);
    CU_ASSERT_EQUAL(fixture->answer.account_count, 0);
}

static void the_equity_curve_is_thinned_evenly(void)
{
    for_each_engine(check_equity);
}

const char *const suite_name = "store";
const struct test suite_tests[] = {
    {"the same batch twice changes nothing", the_same_batch_twice_changes_nothing},
    {"overlapping batches make one series", overlapping_batches_make_one_series},
    {"the last row of a candle wins", the_last_row_of_a_candle_wins},
    {"candles come back to the last digit", candles_come_back_to_the_last_digit},
    {"exchange and interval tell series apart", exchange_and_interval_tell_series_apart},
    {"a bad row fails its batch and nothing else", a_bad_row_fails_its_batch_and_nothing_else},
    {"the first word on outcomes, fills and starts stays", the_first_word_on_outcomes_fills_and_starts_stays},
    {"a start may come after the candles", a_start_may_come_after_the_candles},
    {"a delivery that was overtaken overwrites nothing", a_delivery_that_was_overtaken_overwrites_nothing},
    {"among equal versions the last row wins", among_equal_versions_the_last_row_wins},
    {"a batch is written as a whole or not at all", a_batch_is_written_as_a_whole_or_not_at_all},
    {"an old generation writes nothing", an_old_generation_writes_nothing},
    {"a lease has one holder", a_lease_has_one_holder},
    {"a lease runs out and survives a restart", a_lease_runs_out_and_survives_a_restart},
    {"recent candles are the newest of each series", recent_candles_are_the_newest_of_each_series},
    {"candles are the newest of a range, ascending", candles_are_the_newest_of_a_range_ascending},
    {"signals, orders and fills come newest first", signals_orders_and_fills_come_newest_first},
    {"the ledger is what a trader goes on from", the_ledger_is_what_a_trader_goes_on_from},
    {"the equity curve is thinned evenly", the_equity_curve_is_thinned_evenly},
    {NULL, NULL},
};
