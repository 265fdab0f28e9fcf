/* The contract of the stores: what is written, what is left alone, who holds a lease. Every engine must pass. */
/* SPDX-License-Identifier: MIT */
#include "tests/contract/store_rows.h"
#include "tests/harness.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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
        CU_ASSERT_TRUE(same_row(RECORD_candle, &fixture->answer.candles[i], &extremes[i]));
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
    {NULL, NULL},
};
