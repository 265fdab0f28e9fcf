/* Binance's adapter against hostile answers: what is odd is refused, never taken in part. */
/* SPDX-License-Identifier: MIT */
#include "lib/exchange/exchange.h"
#include "tests/harness.h"
#include "tests/unit/exchange_rows.h"
#include "tests/unit/recording.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KLINE(open, high, low, close, volume) \
    "[[60000," open "," high "," low "," close "," volume ",119999,\"1\",2,\"1\",\"1\",\"0\"]]"

static void candles_keep_every_digit(void)
{
    static struct rows rows;
    static const char body[] = KLINE("\"0.00001110\"", "\"0.00002000\"", "\"0.00001000\"", "0.000015", "\"12.50\"");
    CU_ASSERT_EQUAL(read_klines(body, strlen(body), 60, &rows), 0);
    CU_ASSERT_EQUAL(rows.count, 1);
    const struct candle *candle = &rows.candles[0];
    CU_ASSERT_EQUAL(candle->price_scale, 7);
    CU_ASSERT_EQUAL(candle->open, 111);
    CU_ASSERT_EQUAL(candle->high, 200);
    CU_ASSERT_EQUAL(candle->low, 100);
    CU_ASSERT_EQUAL(candle->close, 150);
    CU_ASSERT_EQUAL(candle->volume, 125);
    CU_ASSERT_EQUAL(candle->volume_scale, 1);
}

static void hostile_candles_are_refused(void)
{
    static const char *const bodies[] = {
        KLINE("null", "\"2\"", "\"1\"", "\"1\"", "\"1\""),
        KLINE("\"-1\"", "\"2\"", "\"1\"", "\"1\"", "\"1\""),
        KLINE("\"1\"", "\"NaN\"", "\"1\"", "\"1\"", "\"1\""),
        KLINE("NaN", "\"2\"", "\"1\"", "\"1\"", "\"1\""),
        KLINE("\"1\"", "\"2\"", "\"1\"", "\"1.123456789012345678901234567890\"", "\"1\""),
        KLINE("\"1000000000000\"", "\"2000000000000\"", "\"1\"", "\"1.123456789\"", "\"1\""),
        KLINE("\"1\"", "\"2\"", "\"1\"", "\"1\"", "\"-5\""),
        KLINE("\"1\"", "\"2\"", "\"1\"", "\"1\"", "[]"),
        KLINE("\"1\"", "\"2\"", "\"1\"", "\"1\"", "\"Infinity\""),
        "[[60000,\"1\",\"1\",\"1\",\"1\",\"1\"]]",
        "[[\"a\",\"1\",\"1\",\"1\",\"1\",\"1\",119999]]",
        "[[119999,\"1\",\"1\",\"1\",\"1\",\"1\",60000]]",
        "[[-60000,\"1\",\"1\",\"1\",\"1\",\"1\",-1]]",
        "[[60000.5,\"1\",\"1\",\"1\",\"1\",\"1\",119999.5]]",
        "[{\"open\":1}]",
        "{\"code\":-1121,\"msg\":\"Invalid symbol.\"}",
        "[60000,\"1\",\"1\",\"1\",\"1\",\"1\",119999]",
        "null",
        "",
    };
    static struct rows rows;
    for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++) {
        int code = read_klines(bodies[i], strlen(bodies[i]), 60, &rows);
        if (!nothing_taken(code, &rows))
            printf("taken: %s\n", bodies[i]);
        CU_ASSERT(nothing_taken(code, &rows));
    }
    CU_ASSERT_EQUAL(read_klines("[]", 2, 60, &rows), 0);
    CU_ASSERT_EQUAL(rows.count, 0);
}

static void impossible_candles_are_left_to_the_check(void)
{
    static const char *const bodies[] = {
        KLINE("\"0\"", "\"2\"", "\"0\"", "\"1\"", "\"1\""),
        KLINE("\"1\"", "\"1\"", "\"2\"", "\"1\"", "\"1\""), /* high and low in each other's place */
        KLINE("\"3\"", "\"2\"", "\"1\"", "\"1\"", "\"1\""),
    };
    static struct rows rows;
    for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++) {
        CU_ASSERT_EQUAL(read_klines(bodies[i], strlen(bodies[i]), 60, &rows), 0);
        CU_ASSERT_EQUAL(rows.impossible, 1);
    }
}

static void more_candles_than_asked_for_are_refused(void)
{
    char *body = malloc((EXCHANGE_CANDLES_MAX + 1) * 80);
    CU_ASSERT_FATAL(body != NULL);
    static struct rows rows;
    for (int count = EXCHANGE_CANDLES_MAX; count <= EXCHANGE_CANDLES_MAX + 1; count++) {
        size_t used = 0;
        for (int i = 0; i < count; i++)
            used += (size_t)snprintf(body + used, 80, "%c[%d,\"1\",\"1\",\"1\",\"1\",\"0\",%d]", i == 0 ? '[' : ',',
                                     i * 60000, i * 60000 + 59999);
        body[used++] = ']';
        CU_ASSERT_EQUAL(read_klines(body, used, 60, &rows), 0);
        CU_ASSERT_EQUAL(rows.refused, count - EXCHANGE_CANDLES_MAX);
        CU_ASSERT_EQUAL(rows.count, EXCHANGE_CANDLES_MAX);
    }
    free(body);
}

static void hostile_tickers_are_refused(void)
{
    static const char *const bodies[] = {
        "[{\"symbol\":\"A\",\"bidPrice\":\"1\",\"askPrice\":\"1\"}]",
        "[{\"bidPrice\":\"1\",\"askPrice\":\"1\",\"lastPrice\":\"1\"}]",
        "[{\"symbol\":\"A\",\"bidPrice\":null,\"askPrice\":\"1\",\"lastPrice\":\"1\"}]",
        "[{\"symbol\":\"A\",\"bidPrice\":\"-1\",\"askPrice\":\"1\",\"lastPrice\":\"1\"}]",
        "[{\"symbol\":\"A\",\"bidPrice\":\"1\",\"askPrice\":\"nan\",\"lastPrice\":\"1\"}]",
        "[{\"symbol\":\"A\",\"bidPrice\":\"1\",\"bidPrice\":\"2\",\"askPrice\":\"1\",\"lastPrice\":\"1\"}]",
        "[{\"symbol\":7,\"symbol\":\"A\",\"bidPrice\":\"1\",\"askPrice\":\"1\",\"lastPrice\":\"1\"}]",
        "[{\"symbol\":[],\"bidPrice\":\"1\",\"askPrice\":\"1\",\"lastPrice\":\"1\"}]",
        "[[]]", "[1]", "{}", "{\"code\":-1121,\"msg\":\"Invalid symbol.\"}",
    };
    for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++) {
        struct rows rows = {0};
        struct exchange_answer answer = answer_of(200, bodies[i]);
        int code = binance()->read_tickers(&answer, keep_ticker, note_refused, &rows);
        CU_ASSERT(nothing_taken(code, &rows));
        CU_ASSERT_EQUAL(rows.count, 0);
    }
    struct rows rows = {.wanted = "AB"};
    struct exchange_answer answer =
        answer_of(200, "[{\"lastPrice\":3.5,\"askPrice\":\"4.00\",\"x\":[{\"symbol\":1}],\"symbol\":\"AB\","
                       "\"bidPrice\":\"3\"},{\"symbol\":\"a b\",\"bidPrice\":1,\"askPrice\":1,\"lastPrice\":1}]");
    CU_ASSERT_EQUAL(binance()->read_tickers(&answer, keep_ticker, note_refused, &rows), 0);
    CU_ASSERT_EQUAL(rows.count, 1);
    CU_ASSERT_EQUAL(rows.ticker.price_scale, 1);
    CU_ASSERT_EQUAL(rows.ticker.bid, 30);
    CU_ASSERT_EQUAL(rows.ticker.ask, 40);
    CU_ASSERT_EQUAL(rows.ticker.last, 35);
    CU_ASSERT_EQUAL(rows.ticker.time_ms, 0);
}

#define SYMBOL(filters) \
    "{\"symbols\":[{\"symbol\":\"AB\",\"status\":\"TRADING\",\"baseAsset\":\"A\",\"quoteAsset\":\"B\"," \
    "\"filters\":[" filters "]}]}"
#define PRICE(tick) "{\"filterType\":\"PRICE_FILTER\",\"tickSize\":" tick "}"
#define LOT(step, least, most) \
    "{\"stepSize\":" step ",\"minQty\":" least ",\"maxQty\":" most ",\"filterType\":\"LOT_SIZE\"}"

static void hostile_instruments_are_refused(void)
{
    static const char *const bodies[] = {
        "[]", "{}", "{\"symbols\":{}}", "{\"symbols\":[1]}", "{\"symbols\":[{}]}", "{\"symbols\":[],\"symbols\":[]}",
        SYMBOL(PRICE("null")), SYMBOL(PRICE("\"-0.01\"")), SYMBOL("{\"tickSize\":\"1\"}"),
        SYMBOL("7"), SYMBOL("{\"filterType\":\"NOTIONAL\",\"minNotional\":\"1000000000000\"}"),
        "{\"symbols\":[{\"symbol\":\"AB\",\"baseAsset\":\"A\",\"quoteAsset\":\"B\",\"filters\":[]}]}",
        "{\"symbols\":[{\"symbol\":null,\"status\":\"TRADING\",\"baseAsset\":\"A\",\"quoteAsset\":\"B\",\"filters\":[]}]}",
    };
    for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++) {
        struct rows rows = {0};
        struct exchange_answer answer = answer_of(200, bodies[i]);
        int code = binance()->read_instruments(&answer, keep_instrument, note_refused, &rows, next_page);
        if (!nothing_taken(code, &rows))
            printf("taken: %s\n", bodies[i]);
        CU_ASSERT(nothing_taken(code, &rows));
    }
}

static void filters_are_read_in_both_generations(void)
{
    static const char *const bodies[] = {
        SYMBOL(PRICE("\"0.00010000\"") "," LOT("\"0.10\"", "\"0.10\"", "\"5000.55\"") ","
               "{\"filterType\":\"MIN_NOTIONAL\",\"minNotional\":\"10.5\"}"),
        SYMBOL("{\"minNotional\":10.5,\"filterType\":\"NOTIONAL\"},{\"filterType\":\"MARKET_LOT_SIZE\","
               "\"stepSize\":\"9\",\"minQty\":\"9\",\"maxQty\":\"9\"}," LOT("0.1", "0.1", "5000.55") ","
               PRICE("0.0001")),
    };
    for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++) {
        struct rows rows = {.wanted = "AB"};
        struct exchange_answer answer = answer_of(200, bodies[i]);
        CU_ASSERT_EQUAL(binance()->read_instruments(&answer, keep_instrument, note_refused, &rows, next_page), 0);
        CU_ASSERT_EQUAL(rows.trading, 1);
        CU_ASSERT_EQUAL(rows.instrument.price_scale, 4);
        CU_ASSERT_EQUAL(rows.instrument.tick_size, 1);
        CU_ASSERT_EQUAL(rows.instrument.quantity_scale, 1);
        CU_ASSERT_EQUAL(rows.instrument.lot_step, 1);
        CU_ASSERT_EQUAL(rows.instrument.minimum_quantity, 1);
        CU_ASSERT_EQUAL(rows.instrument.maximum_quantity, 50005);
        CU_ASSERT_EQUAL(rows.instrument.minimum_notional, 1050000000);
    }
}

static void unnameable_symbols_are_passed_over(void)
{
    struct rows rows = {.wanted = "OK"};
    struct exchange_answer answer =
        answer_of(200, "{\"symbols\":["
                       "{\"symbol\":\"\\u5e01USDT\",\"status\":\"TRADING\",\"baseAsset\":\"\\u5e01\","
                       "\"quoteAsset\":\"USDT\",\"filters\":[]},"
                       "{\"symbol\":\"AVERYLONGSYMBOLTHATDOESNOTFIT\",\"status\":\"TRADING\",\"baseAsset\":\"A\","
                       "\"quoteAsset\":\"B\",\"filters\":[]},"
                       "{\"symbol\":\"OK\",\"status\":\"BREAK\",\"baseAsset\":\"O\",\"quoteAsset\":\"K\","
                       "\"filters\":[],\"isSpotTradingAllowed\":true},"
                       "{\"symbol\":\"NOSPOT\",\"status\":\"TRADING\",\"baseAsset\":\"O\",\"quoteAsset\":\"K\","
                       "\"filters\":[],\"isSpotTradingAllowed\":false}]}");
    CU_ASSERT_EQUAL(binance()->read_instruments(&answer, keep_instrument, note_refused, &rows, next_page), 0);
    CU_ASSERT_EQUAL(rows.count, 2);
    CU_ASSERT_EQUAL(rows.trading, 0);
    CU_ASSERT_STRING_EQUAL(rows.instrument.symbol, "OK");
}

static void hostile_times_are_refused(void)
{
    static const char *const bodies[] = {"{}", "{\"serverTime\":null}", "{\"serverTime\":-5}", "{\"serverTime\":0}",
                                         "{\"serverTime\":1.5}", "{\"serverTime\":99999999999999999999}", "[]",
                                         "{\"serverTime\":1,\"serverTime\":2}"};
    for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++) {
        int64_t time_ms;
        struct exchange_answer answer = answer_of(200, bodies[i]);
        CU_ASSERT_EQUAL(binance()->read_time(&answer, &time_ms), ERROR_PROTOCOL);
    }
}

const char *const suite_name = "exchange, hostile";

const struct test suite_tests[] = {
    {"candles keep every digit", candles_keep_every_digit},
    {"hostile candles are refused", hostile_candles_are_refused},
    {"impossible candles are left to the check", impossible_candles_are_left_to_the_check},
    {"more candles than asked for are refused", more_candles_than_asked_for_are_refused},
    {"hostile tickers are refused", hostile_tickers_are_refused},
    {"hostile instruments are refused", hostile_instruments_are_refused},
    {"filters are read in both generations", filters_are_read_in_both_generations},
    {"unnameable symbols are passed over", unnameable_symbols_are_passed_over},
    {"hostile times are refused", hostile_times_are_refused},
    {NULL, NULL},
};
