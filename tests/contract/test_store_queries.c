/* The contract of the stores: what is read back. Every engine must pass. */
/* SPDX-License-Identifier: MIT */
#include "tests/contract/store_rows.h"
#include "tests/harness.h"

#include <stdio.h>
#include <string.h>

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
    query.limit = 10;
    query.to_ms = 600 * MINUTE_MS; /* what is later takes no place of the limit */
    CU_ASSERT_EQUAL(fixture_query(fixture, &query), 0);
    CU_ASSERT_EQUAL_FATAL(answer->candle_count, 2 * 10);
    CU_ASSERT_EQUAL(answer->candles[9].open_time_ms, 599 * MINUTE_MS);
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
        CU_ASSERT_TRUE(same_row(RECORD_signal_outcome, &fixture->answer.outcomes[i], &outcomes[899 - i]));
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
        CU_ASSERT_TRUE(same_row(RECORD_order, &fixture->answer.orders[i], &orders[29 - i]));

    query = fixture_query_of(QUERY_KIND_FILLS, 100);
    query.from_ms = 35;
    CU_ASSERT_EQUAL(fixture_query(fixture, &query), 0);
    CU_ASSERT_EQUAL_FATAL(fixture->answer.fill_count, 5);
    for (int i = 0; i < 5; i++)
        CU_ASSERT_TRUE(same_row(RECORD_fill, &fixture->answer.fills[i], &fills[39 - i]));
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
    CU_ASSERT_TRUE(same_row(RECORD_account, &answer->accounts[0], &accounts[1]));
    CU_ASSERT_EQUAL_FATAL(answer->position_count, 3); /* a closed one too: its profit goes on from there */
    CU_ASSERT_TRUE(same_row(RECORD_position, &answer->positions[0], &positions[2]));
    CU_ASSERT_TRUE(same_row(RECORD_position, &answer->positions[1], &positions[0]));
    CU_ASSERT_TRUE(same_row(RECORD_position, &answer->positions[2], &positions[1]));
    CU_ASSERT_EQUAL_FATAL(answer->order_count, 5);
    for (size_t i = 0; i < answer->order_count; i++)
        CU_ASSERT_TRUE(answer->orders[i].state <= ORDER_STATE_PARTIAL ||
                       answer->orders[i].state == ORDER_STATE_UNKNOWN);
    expect_sql(fixture, "SELECT symbol, quantity, cost, realised FROM v_positions ORDER BY symbol",
               "AAA|-0.001|123|-0.00000005\nBTCUSDT|0.005|123|-0.00000005\n");
}

/* A later version has written names that this one does not know; a side that is neither of the two is damage. */
static void check_names_of_a_later_version(struct fixture *fixture)
{
    const struct order order = order_of("order-1", ORDER_STATE_FILLED, 1);
    const struct signal_outcome outcome = outcome_at(1, OUTCOME_FILLED, "filled");
    struct store_batch batch = {.orders = &order, .order_count = 1, .outcomes = &outcome, .outcome_count = 1};
    CU_ASSERT_EQUAL(fixture_write(fixture, &batch), 0);
    fixture_execute(fixture, "UPDATE orders SET state = 'amended'");
    fixture_execute(fixture, "UPDATE signals SET outcome = 'netted'");
    struct query query = fixture_query_of(QUERY_KIND_LEDGER, 1);
    CU_ASSERT_EQUAL(fixture_query(fixture, &query), 0);
    CU_ASSERT_EQUAL_FATAL(fixture->answer.order_count, 1);
    CU_ASSERT_EQUAL(fixture->answer.orders[0].state, ORDER_STATE_UNKNOWN);
    query = fixture_query_of(QUERY_KIND_SIGNALS, 1);
    CU_ASSERT_EQUAL(fixture_query(fixture, &query), 0);
    CU_ASSERT_EQUAL_FATAL(fixture->answer.outcome_count, 1);
    CU_ASSERT_EQUAL(fixture->answer.outcomes[0].outcome, OUTCOME_OTHER);
    fixture_execute(fixture, "UPDATE signals SET side = 'netted'");
    CU_ASSERT_EQUAL(fixture_query(fixture, &query), ERROR_STORE);
}

static void names_of_a_later_version_are_read(void)
{
    for_each_engine(check_names_of_a_later_version);
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

const char *const suite_name = "store queries";
const struct test suite_tests[] = {
    {"recent candles are the newest of each series", recent_candles_are_the_newest_of_each_series},
    {"candles are the newest of a range, ascending", candles_are_the_newest_of_a_range_ascending},
    {"signals, orders and fills come newest first", signals_orders_and_fills_come_newest_first},
    {"the ledger is what a trader goes on from", the_ledger_is_what_a_trader_goes_on_from},
    {"names of a later version are read", names_of_a_later_version_are_read},
    {"the equity curve is thinned evenly", the_equity_curve_is_thinned_evenly},
    {NULL, NULL},
};
