/* The rows, with numbers that are easy to recognise. */
/* SPDX-License-Identifier: MIT */
#include "tests/contract/store_rows.h"

#include "lib/store/row.h"
#include "tests/harness.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct store_candle candle_at(const char *symbol, int64_t open_time_ms, int64_t close)
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

int write_candles(struct fixture *fixture, const struct store_candle *rows, size_t count)
{
    return fixture_write(fixture, &(struct store_batch){.candles = rows, .candle_count = count});
}

void expect_sql(const struct fixture *fixture, const char *sql, const char *expected)
{
    char *text = fixture_sql(fixture, sql);
    if (strcmp(text, expected) != 0)
        printf("%s: %s\n expected: %s got: %s\n", fixture->engine, sql, expected, text);
    CU_ASSERT_STRING_EQUAL(text, expected);
    free(text);
}

bool same_row(enum record record, const void *left, const void *right)
{
    for (size_t i = 0; i < records[record].field_count; i++) {
        const struct field_row *field = &records[record].fields[i];
        struct cell a = row_get(field, left), b = row_get(field, right);
        if (a.length != b.length || a.integer != b.integer || (a.text != NULL && memcmp(a.text, b.text, a.length) != 0))
            return false;
    }
    return true;
}

struct signal_outcome outcome_at(int64_t candle_time_ms, enum outcome outcome, const char *reason)
{
    struct signal_outcome row = {
        .strategy = "sma_cross", .exchange = "binance", .symbol = "BTCUSDT", .interval_s = 60,
        .candle_time_ms = candle_time_ms, .side = SIDE_BUY, .price = 9753770, .price_scale = 2, .outcome = outcome,
        .decided_ms = candle_time_ms + MINUTE_MS + 5,
    };
    (void)snprintf(row.reason, sizeof row.reason, "%s", reason);
    return row;
}

struct fill fill_of(const char *trade_id, int64_t time_ms, int64_t quantity)
{
    struct fill row = {.order_id = "o-1", .strategy = "sma_cross", .exchange = "binance", .symbol = "BTCUSDT",
                       .quote_asset = "USDT", .side = SIDE_SELL, .price = 123456, .price_scale = 4, .quantity = quantity,
                       .quantity_scale = 3, .notional = 150000000, .fee = 1, .realised = -250000000,
                       .time_ms = time_ms};
    (void)snprintf(row.trade_id, sizeof row.trade_id, "%s", trade_id);
    return row;
}

struct order order_of(const char *order_id, enum order_state state, int64_t created_ms)
{
    struct order row = {.strategy = "sma_cross", .exchange = "binance", .symbol = "BTCUSDT", .side = SIDE_BUY,
                        .quote_asset = "USDT", .state = state, .quantity = 1500, .filled = 0, .quantity_scale = 3,
                        .created_ms = created_ms, .updated_ms = created_ms};
    (void)snprintf(row.order_id, sizeof row.order_id, "%s", order_id);
    return row;
}

struct position position_of(const char *symbol, int64_t quantity)
{
    struct position row = {.exchange = "binance", .quote_asset = "USDT", .strategy = "sma_cross", .quantity = quantity, .quantity_scale = 3,
                           .cost = 123 * 100000000LL, .realised = -5, .opened_ms = 1, .updated_ms = 2, .mark = 77,
                           .mark_scale = 1, .unrealised = -9};
    (void)snprintf(row.symbol, sizeof row.symbol, "%s", symbol);
    return row;
}

struct account account_at(int64_t time_ms, int64_t cash)
{
    return (struct account){.time_ms = time_ms, .start = 1000, .cash = cash, .inventory = 20, .realised = -3,
                            .fees = 4, .unrealised = 5, .equity = cash + 25, .exchange = "binance",
                            .quote_asset = "USDT"};
}
