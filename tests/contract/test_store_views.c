/* The views: the same names and columns in both engines, and every number exact to the last digit. */
/* SPDX-License-Identifier: MIT */
#include "lib/base/decimal.h"
#include "lib/base/interval.h"
#include "tests/contract/store_fixture.h"
#include "tests/harness.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROWS = 4000 };

static struct fixture fixture;

/* A number of any length and sign. */
static int64_t random_mantissa(void)
{
    int64_t value = (int64_t)(test_random() >> (1 + test_random() % 63));
    while (test_random() % 4 == 0)
        value = value / 10 * 10;
    return test_random() % 3 == 0 ? -value : value;
}

static uint8_t random_scale(void)
{
    return (uint8_t)(test_random() % (DECIMAL_SCALE_MAX + 1));
}

static const char *print(int64_t mantissa, uint8_t scale)
{
    static char texts[16][DECIMAL_TEXT_SIZE];
    static unsigned next;
    char *text = texts[next++ % 16];
    (void)decimal_print((struct decimal){mantissa, scale}, text);
    return text;
}

/* Compares two texts of many lines and shows the first that differs. */
static void expect_lines(const char *engine, const char *got, const char *expected)
{
    size_t at = 0, line = 0;
    while (got[at] != '\0' && got[at] == expected[at]) {
        if (got[at] == '\n')
            line = at + 1;
        at++;
    }
    if (got[at] != expected[at])
        printf("%s: expected %.*s, got %.*s\n", engine, (int)strcspn(expected + line, "\n"), expected + line,
               (int)strcspn(got + line, "\n"), got + line);
    CU_ASSERT_EQUAL(got[at], expected[at]);
}

static void expect_view(const struct fixture *open, const char *sql, FILE *expected, char **expected_text)
{
    char *got = fixture_sql(open, sql);
    (void)fclose(expected);
    expect_lines(open->engine, got, *expected_text);
    free(got);
    free(*expected_text);
    *expected_text = NULL;
}

/* ---- random numbers ---- */

static void check_candles(struct fixture *open)
{
    static struct store_candle rows[ROWS];
    char *text = NULL;
    size_t size;
    FILE *expected = open_memstream(&text, &size);
    for (int i = 0; i < ROWS; i++) {
        struct candle candle = {i, random_mantissa(), random_mantissa(), random_mantissa(), random_mantissa(),
                                random_mantissa(), random_scale(), random_scale()};
        if (i < 4) /* the ends of the range */
            candle.open = i % 2 == 0 ? INT64_MAX : -INT64_MAX;
        rows[i] = (struct store_candle){"binance", {"BTCUSDT", 300, candle}};
        (void)fprintf(expected, "%d|%s|%s|%s|%s|%s\n", i, print(candle.open, candle.price_scale),
                      print(candle.high, candle.price_scale), print(candle.low, candle.price_scale),
                      print(candle.close, candle.price_scale), print(candle.volume, candle.volume_scale));
    }
    CU_ASSERT_EQUAL(fixture_write(open, &(struct store_batch){.candles = rows, .candle_count = ROWS}), 0);
    expect_view(open,
                "SELECT open_time_ms, open, high, low, close, volume FROM v_candles"
                " WHERE exchange = 'binance' AND symbol = 'BTCUSDT' AND interval = '5m' ORDER BY open_time_ms",
                expected, &text);
}

static void v_candles_is_exact(void)
{
    for_each_engine(check_candles);
}

static void check_trades(struct fixture *open)
{
    static struct fill fills[ROWS];
    static struct order orders[ROWS];
    char *fill_text = NULL, *order_text = NULL;
    size_t fill_size, order_size;
    FILE *fill_lines = open_memstream(&fill_text, &fill_size), *order_lines = open_memstream(&order_text, &order_size);
    for (int i = 0; i < ROWS; i++) {
        struct fill fill = {.order_id = "o", .strategy = "s", .exchange = "binance", .symbol = "BTCUSDT",
                            .quote_asset = "USDT", .side = SIDE_SELL, .price = random_mantissa(), .price_scale = random_scale(),
                            .quantity = random_mantissa(), .quantity_scale = random_scale(),
                            .notional = random_mantissa(), .fee = random_mantissa(), .realised = random_mantissa(),
                            .time_ms = i};
        struct order order = {.strategy = "s", .exchange = "binance", .symbol = "BTCUSDT", .side = SIDE_BUY,
                              .quote_asset = "EUR", .mode = ACCOUNT_MODE_LIVE, .state = ORDER_STATE_PARTIAL, .quantity = random_mantissa(), .filled = random_mantissa(),
                              .quantity_scale = random_scale(), .created_ms = i, .updated_ms = i + 1};
        (void)snprintf(fill.trade_id, sizeof fill.trade_id, "%d", i);
        (void)snprintf(order.order_id, sizeof order.order_id, "%d", i);
        fills[i] = fill;
        orders[i] = order;
        (void)fprintf(fill_lines, "%d|o|s|binance|BTCUSDT|sell|%s|%s|%s|%s|%s|%d|USDT|paper\n", i,
                      print(fill.price, fill.price_scale), print(fill.quantity, fill.quantity_scale),
                      print(fill.notional, 8), print(fill.fee, 8), print(fill.realised, 8), i);
        (void)fprintf(order_lines, "%d|s|binance|BTCUSDT|buy|partial|%s|%s|%d|%d|EUR|live\n", i,
                      print(order.quantity, order.quantity_scale), print(order.filled, order.quantity_scale), i, i + 1);
    }
    struct store_batch batch = {.fills = fills, .fill_count = ROWS, .orders = orders, .order_count = ROWS};
    CU_ASSERT_EQUAL(fixture_write(open, &batch), 0);
    expect_view(open, "SELECT * FROM v_fills ORDER BY time_ms", fill_lines, &fill_text);
    expect_view(open, "SELECT * FROM v_orders ORDER BY created_ms", order_lines, &order_text);
}

static void v_fills_and_v_orders_are_exact(void)
{
    for_each_engine(check_trades);
}

static void check_amounts(struct fixture *open)
{
    static struct account accounts[ROWS];
    static struct position positions[ROWS];
    char *equity_text = NULL, *position_text = NULL;
    size_t equity_size, position_size;
    FILE *equity_lines = open_memstream(&equity_text, &equity_size);
    FILE *position_lines = open_memstream(&position_text, &position_size);
    for (int i = 0; i < ROWS; i++) {
        struct account account = {i, 0, random_mantissa(), 0, random_mantissa(), random_mantissa(), random_mantissa(),
                                  random_mantissa(), "binance", "USDT", ACCOUNT_MODE_PAPER};
        struct position position = {.exchange = "binance", .quote_asset = "BTC", .mode = ACCOUNT_MODE_LIVE, .strategy = "s",
                                    .quantity = i % 5 == 0 ? 0 : random_mantissa() | 1,
                                    .quantity_scale = random_scale(), .cost = random_mantissa(),
                                    .realised = random_mantissa(), .opened_ms = i, .updated_ms = i + 1};
        (void)snprintf(position.symbol, sizeof position.symbol, "S%d", i);
        accounts[i] = account;
        positions[i] = position;
        (void)fprintf(equity_lines, "%d|%s|%s|%s|%s|%s|binance|USDT|paper\n", i, print(account.equity, 8), print(account.cash, 8),
                      print(account.unrealised, 8), print(account.realised, 8), print(account.fees, 8));
        if (i % 5 != 0)
            (void)fprintf(position_lines, "binance|S%d|s|%s|%s|%s|%d|%d|BTC|live\n", i,
                          print(position.quantity, position.quantity_scale), print(position.cost, 8),
                          print(position.realised, 8), i, i + 1);
    }
    struct store_batch batch = {.accounts = accounts, .account_count = ROWS, .positions = positions,
                                .position_count = ROWS};
    CU_ASSERT_EQUAL(fixture_write(open, &batch), 0);
    expect_view(open, "SELECT * FROM v_equity ORDER BY time_ms", equity_lines, &equity_text);
    expect_view(open, "SELECT * FROM v_positions ORDER BY opened_ms", position_lines, &position_text);
}

static void v_equity_and_v_positions_are_exact(void)
{
    for_each_engine(check_amounts);
}

/* ---- names ---- */

static void check_signals(struct fixture *open)
{
    static struct signal_outcome rows[(int)outcome_COUNT * (int)side_COUNT];
    char *text = NULL;
    size_t size, count = 0;
    FILE *expected = open_memstream(&text, &size);
    for (enum outcome outcome = 0; outcome < outcome_COUNT; outcome++) {
        for (enum side side = 0; side < side_COUNT; side++, count++) {
            rows[count] = (struct signal_outcome){
                .strategy = "rsi", .exchange = "binance", .symbol = "A-B_C.D", .interval_s = 86400,
                .candle_time_ms = (int64_t)count, .side = side, .price = 111, .price_scale = 8, .outcome = outcome,
                .reason = "none"};
            (void)fprintf(expected, "rsi|binance|A-B_C.D|1d|%zu|%s|0.00000111|%s|none\n", count, side_name(side),
                          outcome_name(outcome));
        }
    }
    CU_ASSERT_EQUAL(fixture_write(open, &(struct store_batch){.outcomes = rows, .outcome_count = count}), 0);
    expect_view(open, "SELECT * FROM v_signals ORDER BY candle_time_ms", expected, &text);
}

static void v_signals_has_names_not_numbers(void)
{
    for_each_engine(check_signals);
}

static void check_intervals(struct fixture *open)
{
    static const char *const names[] = {"1m", "3m", "5m", "15m", "30m", "1h", "2h", "4h", "6h", "8h", "12h", "1d", "1w"};
    char *text = NULL;
    size_t size;
    FILE *expected = open_memstream(&text, &size);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        uint32_t seconds = 0;
        CU_ASSERT_EQUAL(interval_from_name(names[i], &seconds), 0);
        (void)fprintf(expected, "%s|%u\n", names[i], seconds);
    }
    expect_view(open, "SELECT name, interval_s FROM intervals ORDER BY interval_s", expected, &text);
    const struct store_candle odd = {"binance", {"BTCUSDT", 7, {0, 1, 1, 1, 1, 1, 0, 0}}};
    CU_ASSERT_EQUAL(fixture_write(open, &(struct store_batch){.candles = &odd, .candle_count = 1}), 0);
    text = fixture_sql(open, "SELECT interval FROM v_candles");
    CU_ASSERT_STRING_EQUAL(text, "7s\n");
    free(text);
}

static void intervals_have_the_names_of_the_program(void)
{
    for_each_engine(check_intervals);
}

/* ---- columns ---- */

static const struct {
    const char *view, *columns;
} views[] = {
    {"v_candles", "exchange, symbol, interval, open_time_ms, open, high, low, close, volume"},
    {"v_signals", "strategy, exchange, symbol, interval, candle_time_ms, side, price, outcome, reason"},
    {"v_orders",
     "order_id, strategy, exchange, symbol, side, state, quantity, filled, created_ms, updated_ms,"
     " quote_asset, mode"},
    {"v_fills", "trade_id, order_id, strategy, exchange, symbol, side, price, quantity, notional, fee, realised, time_ms,"
                " quote_asset, mode"},
    {"v_positions", "exchange, symbol, strategy, quantity, cost, realised, opened_ms, updated_ms, quote_asset, mode"},
    {"v_equity", "time_ms, equity, cash, unrealised, realised, fees, exchange, quote_asset, mode"},
};

static void check_columns(struct fixture *open)
{
    for (size_t i = 0; i < sizeof views / sizeof views[0]; i++) {
        char sql[512];
        bool sqlite = strcmp(open->engine, "sqlite") == 0;
        (void)snprintf(sql, sizeof sql,
                       sqlite ? "SELECT group_concat(name, ', ') FROM pragma_table_info('%s')"
                              : "SELECT string_agg(column_name, ', ' ORDER BY ordinal_position)"
                                " FROM information_schema.columns WHERE table_name = '%s'",
                       views[i].view);
        char *columns = fixture_sql(open, sql);
        columns[strcspn(columns, "\n")] = '\0';
        CU_ASSERT_STRING_EQUAL(columns, views[i].columns);
        free(columns);
    }
}

static void both_engines_have_the_same_columns(void)
{
    for_each_engine(check_columns);
}

static void numbers_are_of_the_right_type(void)
{
    if (!fixture_make(&fixture, "postgresql"))
        return;
    fixture_open(&fixture);
    const struct store_candle row = {"binance", {"BTCUSDT", 60, {0, 3, 3, 3, 3, 1, 1, 0}}};
    CU_ASSERT_EQUAL(fixture_write(&fixture, &(struct store_batch){.candles = &row, .candle_count = 1}), 0);
    char *text = fixture_sql(&fixture, "SELECT pg_typeof(open), open * 3, sum(volume) OVER () FROM v_candles");
    CU_ASSERT_STRING_EQUAL(text, "numeric|0.9|1\n");
    free(text);
    fixture_close(&fixture);
}

const char *const suite_name = "store views";
const struct test suite_tests[] = {
    {"v_candles is exact", v_candles_is_exact},
    {"v_fills and v_orders are exact", v_fills_and_v_orders_are_exact},
    {"v_equity and v_positions are exact", v_equity_and_v_positions_are_exact},
    {"v_signals has names, not numbers", v_signals_has_names_not_numbers},
    {"intervals have the names of the program", intervals_have_the_names_of_the_program},
    {"both engines have the same columns", both_engines_have_the_same_columns},
    {"numbers are of the right type", numbers_are_of_the_right_type},
    {NULL, NULL},
};
