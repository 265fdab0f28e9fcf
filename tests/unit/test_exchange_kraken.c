/* The adapters of Kraken and Coinbase: their requests, what their errors mean, what they make of good and hostile
 * answers. */
/* SPDX-License-Identifier: MIT */
#include "lib/exchange/exchange.h"
#include "tests/harness.h"
#include "tests/unit/exchange_rows.h"
#include "tests/unit/recording.h"
#include "tests/unit/said.h"

#include <stdio.h>
#include <string.h>

static const char base[] = "https://exchange.test";

/* requests */

static void check_request(int code, const struct exchange_request *request, const char *path)
{
    CU_ASSERT_FATAL(code == 0);
    CU_ASSERT_EQUAL(request->weight, 1);
    CU_ASSERT(strncmp(request->url, base, strlen(base)) == 0);
    CU_ASSERT_STRING_EQUAL(request->url + strlen(base), path);
}

static void kraken_requests_are_as_documented(void)
{
    const struct exchange *kraken = adapter("kraken");
    struct exchange_request request;
    const char *const symbols[] = {"XXBTZUSD", "ADAEUR"};
    check_request(kraken->time_request(base, &request), &request, "/0/public/Time");
    check_request(kraken->instruments_request(base, "", &request), &request, "/0/public/AssetPairs");
    check_request(kraken->tickers_request(base, NULL, 0, &request), &request, "/0/public/Ticker");
    check_request(kraken->tickers_request(base, symbols, 2, &request), &request, "/0/public/Ticker?pair=XXBTZUSD,ADAEUR");
    /* what is behind `since` is sent: the candle before the first is named, and never a time before 1970 */
    check_request(kraken->candles_request(base, "XXBTZUSD", 300, 1700000100000, 1700003400000, 1700003700000, &request),
                  &request, "/0/public/OHLC?pair=XXBTZUSD&interval=5&since=1699999800");
    check_request(kraken->candles_request(base, "XXBTZUSD", 86400, 0, 0, 1700003700000, &request), &request,
                  "/0/public/OHLC?pair=XXBTZUSD&interval=1440&since=0");
}

static void coinbase_requests_are_as_documented(void)
{
    const struct exchange *coinbase = adapter("coinbase");
    struct exchange_request request;
    const char *const symbols[] = {"BTC-USD", "ETH-EUR"};
    check_request(coinbase->time_request(base, &request), &request, "/api/v3/brokerage/time");
    check_request(coinbase->instruments_request(base, "", &request), &request,
                  "/api/v3/brokerage/market/products?product_type=SPOT");
    check_request(coinbase->tickers_request(base, symbols, 2, &request), &request,
                  "/api/v3/brokerage/market/products?product_type=SPOT&product_ids=BTC-USD&product_ids=ETH-EUR");
    check_request(coinbase->candles_request(base, "BTC-USD", 60, 1700000040000, 1700000100000, 1700000200000, &request),
                  &request,
                  "/api/v3/brokerage/market/products/BTC-USD/candles?start=1700000040&end=1700000159"
                  "&granularity=ONE_MINUTE");
    /* never more than 300, however many are wanted */
    check_request(coinbase->candles_request(base, "BTC-USD", 86400, 0, 1700000000000, 1700000200000, &request), &request,
                  "/api/v3/brokerage/market/products/BTC-USD/candles?start=0&end=25919999&granularity=ONE_DAY");
}

/* statuses */

struct judged {
    const char *exchange;
    int status;
    const char *body;
    enum exchange_verdict verdict;
    const char *words; /* of the error */
};

static void answers_are_judged(void)
{
    static const struct judged cases[] = {
        {"kraken", 200, "{\"error\":[],\"result\":{}}", EXCHANGE_OK, ""},
        {"kraken", 200, " { \"result\" : {}, \"error\" : [ ] }", EXCHANGE_OK, ""},
        {"kraken", 200, "{\"error\":[\"WGeneral:Deprecated\"],\"result\":{}}", EXCHANGE_OK, ""},
        {"kraken", 200, "{\"error\":[\"WGeneral:x\",\"EQuery:Unknown asset pair\"]}", EXCHANGE_UNKNOWN, "EQuery:Unknown"},
        {"kraken", 200, "{\"error\":[\"EGeneral:Invalid arguments:interval\"]}", EXCHANGE_REFUSED, "interval"},
        {"kraken", 200, "{\"error\":[\"EAPI:Rate limit exceeded\"]}", EXCHANGE_SLOW, "EAPI"},
        {"kraken", 200, "{\"error\":[\"EGeneral:Too many requests\"]}", EXCHANGE_SLOW, "Too many"},
        {"kraken", 200, "{\"error\":[\"EService: Throttled: 1700000000\"]}", EXCHANGE_SLOW, "Throttled"},
        {"kraken", 200, "{\"error\":[\"EGeneral:Temporary lockout\"]}", EXCHANGE_BANNED, "lockout"},
        {"kraken", 200, "{\"error\":[\"EService:Unavailable\"]}", EXCHANGE_RETRY, "Unavailable"},
        {"kraken", 200, "{\"error\":[\"EService:Busy\"]}", EXCHANGE_RETRY, "Busy"},
        {"kraken", 200, "{\"error\":[\"EGeneral:Internal error\"]}", EXCHANGE_RETRY, "Internal"},
        {"kraken", 200, "{\"error\":[\"nobody knows\"]}", EXCHANGE_RETRY, "nobody knows"},
        {"kraken", 200, "{\"error\":[7.5]}", EXCHANGE_RETRY, "7.5"},
        {"kraken", 200, "{\"error\":[null]}", EXCHANGE_RETRY, "no answer of Kraken's"},
        {"kraken", 200, "{\"error\":\"EAPI:Rate limit exceeded\"}", EXCHANGE_RETRY, "no answer of Kraken's"},
        {"kraken", 200, "{\"result\":{}}", EXCHANGE_RETRY, "no answer of Kraken's"},
        {"kraken", 200, "<html>Cloudflare</html>", EXCHANGE_RETRY, "no answer of Kraken's"},
        {"kraken", 200, "", EXCHANGE_RETRY, "no answer of Kraken's"},
        {"kraken", 429, "<html>", EXCHANGE_SLOW, "429"},
        {"kraken", 403, "<html>", EXCHANGE_SLOW, "403"},
        {"kraken", 404, "{\"error\":[\"EGeneral:Unknown method\"]}", EXCHANGE_REFUSED, "Unknown method"},
        {"kraken", 451, "", EXCHANGE_REFUSED, "451"},
        {"kraken", 520, "<html>", EXCHANGE_RETRY, "520"},
        {"kraken", 503, "{\"error\":[],\"result\":{}}", EXCHANGE_RETRY, "503"},
        {"coinbase", 200, "{\"products\":[]}", EXCHANGE_OK, ""},
        {"coinbase", 200, "{\"error\":\"NOT_FOUND\",\"message\":\"no such product\"}", EXCHANGE_UNKNOWN, "no such product"},
        {"coinbase", 200, "{\"error\":\"INTERNAL\",\"message\":\"\"}", EXCHANGE_RETRY, "INTERNAL"},
        {"coinbase", 200, "<html>", EXCHANGE_RETRY, "200"},
        {"coinbase", 200, "OK", EXCHANGE_RETRY, "OK"},
        {"coinbase", 400, "{\"error\":\"INVALID_ARGUMENT\",\"error_details\":\"start\",\"message\":\"start is wrong\"}",
         EXCHANGE_UNKNOWN, "INVALID_ARGUMENT start is wrong"},
        {"coinbase", 401, "Unauthorized\n", EXCHANGE_REFUSED, "Unauthorized"},
        {"coinbase", 403, "{\"error\":\"PERMISSION_DENIED\",\"message\":\"m\"}", EXCHANGE_REFUSED, "PERMISSION_DENIED"},
        {"coinbase", 403, "<html>", EXCHANGE_SLOW, "403"},
        {"coinbase", 404, "{\"error\":\"NOT_FOUND\"}", EXCHANGE_UNKNOWN, "NOT_FOUND"},
        {"coinbase", 429, "too many requests", EXCHANGE_SLOW, "too many"},
        {"coinbase", 503, "{\"error\":\"RESOURCE_EXHAUSTED\"}", EXCHANGE_SLOW, "RESOURCE"},
        {"coinbase", 500, "{\"error\":\"INTERNAL\"}", EXCHANGE_RETRY, "INTERNAL"},
        {"coinbase", 502, "<html>", EXCHANGE_RETRY, "502"},
        {"coinbase", 0, "", EXCHANGE_RETRY, "HTTP 0"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct exchange_answer answer = answer_of(cases[i].status, cases[i].body);
        enum exchange_verdict verdict = adapter(cases[i].exchange)->judge(&answer);
        if (verdict != cases[i].verdict)
            printf("%s %d %s: %d\n", cases[i].exchange, cases[i].status, cases[i].body, (int)verdict);
        CU_ASSERT_EQUAL(verdict, cases[i].verdict);
        CU_ASSERT(verdict == EXCHANGE_OK || strstr(error_message(), cases[i].words) != NULL);
    }
}

/* instruments */

#define PAIRS_OF(pairs) "{\"error\":[],\"result\":{" pairs "}}"
#define PAIR(name, members) \
    "\"" name "\":{\"altname\":\"x\",\"base\":\"ZZ\",\"pair_decimals\":5,\"lot_decimals\":8," members "}"

static void check_instrument(const struct instrument *row, const struct instrument *wanted)
{
    CU_ASSERT_STRING_EQUAL(row->symbol, wanted->symbol);
    CU_ASSERT_STRING_EQUAL(row->base_asset, wanted->base_asset);
    CU_ASSERT_STRING_EQUAL(row->quote_asset, wanted->quote_asset);
    CU_ASSERT_EQUAL(row->trading, wanted->trading);
    CU_ASSERT(row->price_scale == wanted->price_scale && row->tick_size == wanted->tick_size);
    CU_ASSERT(row->quantity_scale == wanted->quantity_scale && row->lot_step == wanted->lot_step);
    CU_ASSERT_EQUAL(row->minimum_quantity, wanted->minimum_quantity);
    CU_ASSERT_EQUAL(row->maximum_quantity, wanted->maximum_quantity);
    CU_ASSERT_EQUAL(row->minimum_notional, wanted->minimum_notional);
}

static void kraken_pairs_become_instruments(void)
{
    static const char body[] = PAIRS_OF(
        PAIR("XXBTZUSD", "\"wsname\":\"XBT\\/USD\",\"status\":\"online\",\"tick_size\":\"0.5\",\"ordermin\":\"0.0001\","
                         "\"costmin\":\"0.5\"") ","
        PAIR("XDGEUR", "\"wsname\":\"XDG/EUR\",\"status\":\"cancel_only\",\"ordermin\":\"50\"") ","
        PAIR("ZZUSD", "\"wsname\":\"Z/USD\"") "," /* of the money of a state: ZZ is Kraken's name of Z */
        PAIR("XXBTZUSD.d", "\"status\":\"online\"") ","
        PAIR("A b", "\"wsname\":\"A/B\"") ","
        PAIR("LONG", "\"wsname\":\"ABCDEFGHIJKLMNOPQRSTUVWXYZ/B\""));
    static const struct instrument wanted[] = {
        {"XXBTZUSD", "BTC", "USD", true, 1, 5, 8, 1, 10000, 0, 50000000},
        {"XDGEUR", "DOGE", "EUR", false, 5, 1, 8, 1, 5000000000, 0, 0},
        {"ZZUSD", "Z", "USD", true, 5, 1, 4, 1, 0, 0, 0},
    };
    for (size_t i = 0; i < 3; i++) {
        struct rows rows = {.wanted = wanted[i].symbol};
        struct exchange_answer answer = answer_of(200, body);
        CU_ASSERT_EQUAL(adapter("kraken")->read_instruments(&answer, keep_instrument, note_refused, &rows, next_page), 0);
        CU_ASSERT_EQUAL(rows.count, 3);
        CU_ASSERT_EQUAL(rows.trading, 2);
        check_instrument(&rows.instrument, &wanted[i]);
    }
}

#define PRODUCTS_OF(rows) "{\"products\":[" rows "],\"num_products\":9,\"pagination\":{\"has_next\":false}}"
#define PRODUCT(name, members) \
    "{\"product_id\":\"" name "\",\"base_currency_id\":\"B\",\"quote_currency_id\":\"Q\",\"price\":\"2.5\"," \
    "\"quote_increment\":\"0.01\",\"base_increment\":\"0.001\",\"base_min_size\":\"0.1\",\"volume_24h\":\"4\"," members "}"

static void coinbase_products_become_instruments(void)
{
    static const char body[] = PRODUCTS_OF(
        PRODUCT("B-Q", "\"status\":\"online\",\"price_increment\":\"0.05\",\"base_max_size\":\"100.5\","
                       "\"quote_min_size\":\"1\",\"product_type\":\"SPOT\",\"trading_disabled\":false") ","
        PRODUCT("OLD-Q", "\"status\":\"online\",\"price_increment\":\"\",\"view_only\":true") ","
        PRODUCT("OFF-Q", "\"status\":\"delisted\"") ","
        PRODUCT("PERP-Q", "\"status\":\"online\",\"product_type\":\"FUTURE\"") ","
        PRODUCT("a b", "\"status\":\"online\""));
    static const struct instrument wanted[] = {
        {"B-Q", "B", "Q", true, 2, 5, 3, 1, 100, 100500, 100000000},
        {"OLD-Q", "B", "Q", false, 2, 1, 3, 1, 100, 0, 0},
        {"OFF-Q", "B", "Q", false, 2, 1, 3, 1, 100, 0, 0},
    };
    for (size_t i = 0; i < 3; i++) {
        struct rows rows = {.wanted = wanted[i].symbol};
        struct exchange_answer answer = answer_of(200, body);
        CU_ASSERT_EQUAL(adapter("coinbase")->read_instruments(&answer, keep_instrument, note_refused, &rows, next_page), 0);
        CU_ASSERT_EQUAL(rows.count, 3);
        CU_ASSERT_EQUAL(rows.trading, 1);
        check_instrument(&rows.instrument, &wanted[i]);
    }
}

static void hostile_instruments_are_refused(void)
{
    static const struct {
        const char *exchange, *body;
    } cases[] = {
        {"kraken", "[]"},
        {"kraken", "{\"error\":[]}"},
        {"kraken", "{\"error\":[],\"result\":[]}"},
        {"kraken", "{\"error\":[],\"result\":{},\"result\":{}}"},
        {"kraken", PAIRS_OF("\"A\":1")},
        {"kraken", PAIRS_OF("\"A\":{\"wsname\":\"A/B\"}")},
        {"kraken", PAIRS_OF(PAIR("A", "\"wsname\":null"))},
        {"kraken", PAIRS_OF(PAIR("A", "\"wsname\":\"A/B\",\"wsname\":\"A/B\""))},
        {"kraken", PAIRS_OF(PAIR("A", "\"wsname\":\"A/B\",\"ordermin\":\"-1\""))},
        {"kraken", PAIRS_OF(PAIR("A", "\"wsname\":\"A/B\",\"costmin\":\"99999999999999999\""))},
        {"kraken", PAIRS_OF(PAIR("A", "\"wsname\":\"A/B\",\"tick_size\":{}"))},
        {"kraken", PAIRS_OF("\"A\":{\"wsname\":\"A/B\",\"base\":\"A\",\"pair_decimals\":19,\"lot_decimals\":8}")},
        {"kraken", PAIRS_OF("\"A\":{\"wsname\":\"A/B\",\"base\":\"A\",\"pair_decimals\":-1,\"lot_decimals\":8}")},
        {"kraken", PAIRS_OF("\"A\":{\"wsname\":\"A/B\",\"base\":\"A\",\"pair_decimals\":1.5,\"lot_decimals\":8}")},
        {"coinbase", "[]"},
        {"coinbase", "{}"},
        {"coinbase", "{\"products\":{}}"},
        {"coinbase", "{\"products\":[7]}"},
        {"coinbase", "{\"products\":[{}]}"},
        {"coinbase", "{\"products\":[],\"products\":[]}"},
        {"coinbase", "{\"products\":[],\"pagination\":{\"has_next\":true}}"},
        {"coinbase", "{\"products\":[],\"pagination\":{\"has_next\":1}}"},
        {"coinbase", PRODUCTS_OF(PRODUCT("A", "\"status\":null"))},
        {"coinbase", PRODUCTS_OF(PRODUCT("A", "\"status\":\"online\",\"status\":\"online\""))},
        {"coinbase", PRODUCTS_OF(PRODUCT("A", "\"status\":\"online\",\"post_only\":\"no\""))},
        {"coinbase", PRODUCTS_OF(PRODUCT("A", "\"status\":\"online\",\"base_max_size\":\"-1\""))},
        {"coinbase", PRODUCTS_OF(PRODUCT("A", "\"status\":\"online\",\"quote_min_size\":\"99999999999999999\""))},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct rows rows = {0};
        struct exchange_answer answer = answer_of(200, cases[i].body);
        int code = adapter(cases[i].exchange)->read_instruments(&answer, keep_instrument, note_refused, &rows, next_page);
        if (!nothing_taken(code, &rows))
            printf("taken: %s\n", cases[i].body);
        CU_ASSERT(nothing_taken(code, &rows));
        CU_ASSERT_EQUAL(rows.count, 0);
    }
}

/* tickers */

static struct exchange_ticker kept;

static int keep_whole_ticker(void *user, const struct exchange_ticker *row)
{
    (*(int *)user)++;
    kept = *row;
    return 0;
}

static void read_one_ticker(const char *exchange, const char *body)
{
    int count = 0;
    struct exchange_answer answer = answer_of(200, body);
    CU_ASSERT_EQUAL(adapter(exchange)->read_tickers(&answer, keep_whole_ticker, NULL, &count), 0);
    CU_ASSERT_EQUAL(count, 1);
}

#define TICKER_OF(members) "{\"error\":[],\"result\":{\"A\":{" members "}}}"
#define PRICES_OF(bid, ask, last) "\"a\":[" ask ",\"1\"],\"b\":[" bid ",\"1\"],\"c\":[" last ",\"9\"]"

static void tickers_are_read(void)
{
    read_one_ticker("kraken", TICKER_OF(PRICES_OF("\"1.50\"", "\"2.25\"", "\"2\"")
                                        ",\"v\":[\"7\",\"3\"],\"p\":[\"9\",\"1.5\"],\"t\":[1,2],\"o\":\"1\""));
    CU_ASSERT_STRING_EQUAL(kept.ticker.symbol, "A");
    check_prices(&kept, "1.5", "2.25", "2");
    CU_ASSERT_EQUAL(kept.quote_volume, 4.5);
    read_one_ticker("kraken", TICKER_OF(PRICES_OF("\"0\"", "1.5", "\"0.000\"")));
    check_prices(&kept, "0", "1.5", "0");
    CU_ASSERT_EQUAL(kept.quote_volume, -1);
    read_one_ticker("coinbase", PRODUCTS_OF(PRODUCT("B-Q", "\"best_bid_price\":\"\",\"best_ask_price\":\"\"")));
    CU_ASSERT_STRING_EQUAL(kept.ticker.symbol, "B-Q");
    check_prices(&kept, "0", "0", "2.5");
    CU_ASSERT_EQUAL(kept.quote_volume, 10);
    read_one_ticker("coinbase", PRODUCTS_OF(PRODUCT("B-Q", "\"best_bid_price\":\"2.49\",\"best_ask_price\":\"2.6\","
                                                           "\"approximate_quote_24h_volume\":\"11.5\"")));
    check_prices(&kept, "2.49", "2.6", "2.5");
    CU_ASSERT_EQUAL(kept.quote_volume, 11.5);
    read_one_ticker("coinbase", "{\"products\":[{\"product_id\":\"NEW-Q\",\"price\":\"\",\"volume_24h\":\"\"}]}");
    check_prices(&kept, "0", "0", "0");
    CU_ASSERT_EQUAL(kept.quote_volume, -1);
}

static void hostile_tickers_are_refused(void)
{
    static const struct {
        const char *exchange, *body;
    } cases[] = {
        {"kraken", TICKER_OF("")},
        {"kraken", TICKER_OF("\"a\":[\"1\"],\"b\":[\"1\"]")},
        {"kraken", TICKER_OF("\"a\":[\"1\"],\"b\":[\"1\"],\"c\":[]")},
        {"kraken", TICKER_OF("\"a\":\"1\",\"b\":[\"1\"],\"c\":[\"1\"]")},
        {"kraken", TICKER_OF("\"a\":[\"1\"],\"a\":[\"1\"],\"b\":[\"1\"],\"c\":[\"1\"]")},
        {"kraken", TICKER_OF(PRICES_OF("null", "\"1\"", "\"1\""))},
        {"kraken", TICKER_OF(PRICES_OF("\"-1\"", "\"1\"", "\"1\""))},
        {"kraken", TICKER_OF(PRICES_OF("\"1\"", "\"1\"", "\"1\"") ",\"v\":[\"1\",\"-3\"]")},
        {"kraken", TICKER_OF(PRICES_OF("\"9000000000000000000\"", "\"1\"", "\"0.1\""))},
        {"kraken", "{\"error\":[],\"result\":{\"A\":[]}}"},
        {"kraken", "{\"error\":[],\"result\":7}"},
        {"coinbase", "{\"products\":[{\"product_id\":\"A\"}]}"},
        {"coinbase", "{\"products\":[{\"price\":\"1\"}]}"},
        {"coinbase", "{\"products\":[{\"product_id\":\"A\",\"price\":[]}]}"},
        {"coinbase", "{\"products\":[{\"product_id\":\"A\",\"price\":\"-1\"}]}"},
        {"coinbase", "{\"products\":[{\"product_id\":\"A\",\"price\":\"NaN\"}]}"},
        {"coinbase", "{\"products\":[{\"product_id\":\"A\",\"price\":\"1\",\"price\":\"2\"}]}"},
        {"coinbase", "{\"products\":[{\"product_id\":\"A\",\"price\":\"1\",\"volume_24h\":\"many\"}]}"},
        {"coinbase", "{\"products\":[{\"product_id\":\"A\",\"price\":\"1\",\"best_bid_price\":false}]}"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct rows rows = {0};
        struct exchange_answer answer = answer_of(200, cases[i].body);
        int code = adapter(cases[i].exchange)->read_tickers(&answer, keep_ticker, note_refused, &rows);
        if (!nothing_taken(code, &rows))
            printf("taken: %s\n", cases[i].body);
        CU_ASSERT(nothing_taken(code, &rows));
        CU_ASSERT_EQUAL(rows.count, 0);
    }
}

/* candles */

#define OHLC_OF(rows) "{\"error\":[],\"result\":{\"A\":[" rows "],\"last\":60}}"
#define OHLC(time, volume) "[" time ",\"2\",\"3\",\"1.50\",\"2.5\",\"9\"," volume ",7]"
#define ROW(start, volume) \
    "{\"start\":" start ",\"low\":\"1.50\",\"high\":\"3\",\"open\":\"2\",\"close\":\"2.5\",\"volume\":" volume "}"

static void candles_are_ascending_whatever_is_sent(void)
{
    static const char *const values[] = {"2", "3", "1.5", "2.5", "4.25"};
    static const struct {
        const char *exchange, *body;
    } cases[] = {
        {"kraken", OHLC_OF(OHLC("60", "\"4.25\"") "," OHLC("120", "\"4.250\"") "," OHLC("240", "4.25"))},
        {"coinbase", "{\"candles\":[" ROW("\"240\"", "\"4.25\"") "," ROW("120", "\"4.250\"") "," ROW("\"60\"", "4.25") "]}"},
    };
    static const int64_t times_ms[] = {60000, 120000, 240000};
    for (size_t i = 0; i < 2; i++) {
        static struct rows rows;
        rows = (struct rows){.interval_s = 60};
        struct exchange_answer answer = answer_of(200, cases[i].body);
        CU_ASSERT_EQUAL(adapter(cases[i].exchange)->read_candles(&answer, 60, keep_candle, note_refused, &rows), 0);
        CU_ASSERT_EQUAL(rows.count, 3);
        CU_ASSERT_EQUAL(rows.impossible, 0);
        for (size_t k = 0; k < 3; k++)
            check_candle(&rows.candles[k], times_ms[k], values);
    }
}

static void hostile_candles_are_refused(void)
{
    static const struct {
        const char *exchange, *body;
    } cases[] = {
        {"kraken", "{\"error\":[],\"result\":{\"last\":60}}"},
        {"kraken", "{\"error\":[],\"result\":{\"A\":[],\"B\":[],\"last\":60}}"},
        {"kraken", OHLC_OF(OHLC("-60", "\"1\""))},
        {"kraken", OHLC_OF(OHLC("60.5", "\"1\""))},
        {"kraken", OHLC_OF(OHLC("9223372036854775807", "\"1\""))},
        {"kraken", OHLC_OF(OHLC("60", "\"-1\""))},
        {"kraken", OHLC_OF(OHLC("60", "null"))},
        {"kraken", OHLC_OF("[60,\"2\",\"3\",\"1\",\"2\",\"9\"]")},
        {"kraken", OHLC_OF("{\"time\":60}")},
        {"coinbase", "{\"candles\":{}}"},
        {"coinbase", "{\"candles\":[[]]}"},
        {"coinbase", "{\"candles\":[" ROW("\"-60\"", "\"1\"") "]}"},
        {"coinbase", "{\"candles\":[" ROW("\"9223372036854775807\"", "\"1\"") "]}"},
        {"coinbase", "{\"candles\":[" ROW("\"60\"", "\"\"") "]}"},
        {"coinbase", "{\"candles\":[" ROW("\"60\"", "\"Infinity\"") "]}"},
        {"coinbase", "{\"candles\":[{\"start\":\"60\",\"low\":\"1\",\"high\":\"1\",\"open\":\"1\",\"close\":\"1\"}]}"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        static struct rows rows;
        rows = (struct rows){.interval_s = 60};
        struct exchange_answer answer = answer_of(200, cases[i].body);
        int code = adapter(cases[i].exchange)->read_candles(&answer, 60, keep_candle, note_refused, &rows);
        if (!nothing_taken(code, &rows))
            printf("taken: %s\n", cases[i].body);
        CU_ASSERT(nothing_taken(code, &rows));
    }
}

const char *const suite_name = "exchanges: Kraken and Coinbase";

const struct test suite_tests[] = {
    {"Kraken's requests are as documented", kraken_requests_are_as_documented},
    {"Coinbase's requests are as documented", coinbase_requests_are_as_documented},
    {"answers are judged", answers_are_judged},
    {"Kraken's pairs become instruments", kraken_pairs_become_instruments},
    {"Coinbase's products become instruments", coinbase_products_become_instruments},
    {"hostile instruments are refused", hostile_instruments_are_refused},
    {"tickers are read", tickers_are_read},
    {"hostile tickers are refused", hostile_tickers_are_refused},
    {"candles are ascending, whatever is sent", candles_are_ascending_whatever_is_sent},
    {"hostile candles are refused", hostile_candles_are_refused},
    {NULL, NULL},
};
