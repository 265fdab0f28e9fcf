/* The adapters of OKX and Bybit: their requests, what their codes mean, and their reading of documented and recorded
 * answers. */
/* SPDX-License-Identifier: MIT */
#include "lib/exchange/exchange.h"
#include "tests/harness.h"
#include "tests/unit/exchange_rows.h"
#include "tests/unit/recording.h"

#include <stdio.h>
#include <string.h>

static const char base[] = "https://exchange.test";

static const struct exchange *adapter(const char *name)
{
    const struct exchange *exchange = NULL;
    CU_ASSERT_FATAL(exchange_find(name, &exchange) == 0);
    return exchange;
}

/* requests */

static void check_request(int code, const struct exchange_request *request, int weight, const char *path)
{
    CU_ASSERT_FATAL(code == 0);
    CU_ASSERT_EQUAL(request->weight, weight);
    CU_ASSERT(strncmp(request->url, base, strlen(base)) == 0);
    CU_ASSERT_STRING_EQUAL(request->url + strlen(base), path);
}

static void okx_requests_are_as_documented(void)
{
    const struct exchange *okx = adapter("okx");
    struct exchange_request request;
    check_request(okx->time_request(base, &request), &request, 4, "/api/v5/public/time");
    check_request(okx->instruments_request(base, "", &request), &request, 2, "/api/v5/public/instruments?instType=SPOT");
    check_request(okx->tickers_request(base, NULL, 0, &request), &request, 2, "/api/v5/market/tickers?instType=SPOT");
    CU_ASSERT_EQUAL(okx->tickers_per_call, 0);
}

/* The newest are elsewhere than the old; both bounds are outside what is asked for. */
static void okx_candles_are_asked_for_where_they_are(void)
{
    const struct exchange *okx = adapter("okx");
    const int64_t now_ms = 1700000000000, minute_ms = 60000, newest_ms = now_ms / minute_ms * minute_ms;
    struct exchange_request request;
    check_request(okx->candles_request(base, "BTC-USDT", 60, newest_ms - 2 * minute_ms, newest_ms - minute_ms, now_ms, &request),
                  &request, 1,
                  "/api/v5/market/candles?instId=BTC-USDT&bar=1m&before=1699999859999&after=1699999920001&limit=100");
    check_request(okx->candles_request(base, "BTC-USDT", 60, newest_ms - 1399 * minute_ms, newest_ms, now_ms, &request),
                  &request, 1,
                  "/api/v5/market/candles?instId=BTC-USDT&bar=1m&before=1699916039999&after=1699921980001&limit=100");
    check_request(okx->candles_request(base, "BTC-USDT", 60, newest_ms - 1400 * minute_ms, newest_ms, now_ms, &request),
                  &request, 2,
                  "/api/v5/market/history-candles?instId=BTC-USDT&bar=1m&before=1699915979999&after=1699921920001&limit=100");
    check_request(okx->candles_request(base, "BTC-USDT", 86400, 1699920000000, 1699920000000, now_ms, &request), &request, 1,
                  "/api/v5/market/candles?instId=BTC-USDT&bar=1Dutc&before=1699919999999&after=1699920000001&limit=100");
    check_request(okx->candles_request(base, "BTC-USDT", 60, 0, 0, now_ms, &request), &request, 2,
                  "/api/v5/market/history-candles?instId=BTC-USDT&bar=1m&before=0&after=1&limit=100");
}

static void bybit_requests_are_as_documented(void)
{
    const struct exchange *bybit = adapter("bybit");
    struct exchange_request request;
    check_request(bybit->time_request(base, &request), &request, 1, "/v5/market/time");
    check_request(bybit->instruments_request(base, "", &request), &request, 1, "/v5/market/instruments-info?category=spot");
    check_request(bybit->tickers_request(base, NULL, 0, &request), &request, 1, "/v5/market/tickers?category=spot");
    check_request(bybit->candles_request(base, "BTCUSDT", 3600, 3600000, 7200000, 99999999, &request), &request, 1,
                  "/v5/market/kline?category=spot&symbol=BTCUSDT&interval=60&start=3600000&end=7200000&limit=1000");
    check_request(bybit->candles_request(base, "BTCUSDT", 60, 0, 600000000, 999999999, &request), &request, 1,
                  "/v5/market/kline?category=spot&symbol=BTCUSDT&interval=1&start=0&end=59940000&limit=1000");
    check_request(bybit->candles_request(base, "BTCUSDT", 604800, 345600000, 345600000, 999999999, &request), &request, 1,
                  "/v5/market/kline?category=spot&symbol=BTCUSDT&interval=W&start=345600000&end=345600000&limit=1000");
}

static void intervals_are_those_that_can_be_asked_for(void)
{
    static const char *const names[] = {"okx", "bybit"};
    struct exchange_request request;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        const struct exchange *exchange = adapter(names[i]);
        for (const uint32_t *interval = exchange->intervals; *interval != 0; interval++)
            CU_ASSERT_EQUAL(exchange->candles_request(base, "A", *interval, 0, 0, 1, &request), 0);
        CU_ASSERT_EQUAL(exchange->candles_request(base, "A", 28800, 0, 0, 1, &request), ERROR_ARGUMENT);
        CU_ASSERT(strstr(error_message(), "28800 s") != NULL);
        CU_ASSERT_EQUAL(exchange->candles_request(base, "A", 61, 0, 0, 1, &request), ERROR_ARGUMENT);
    }
}

/* verdicts */

struct verdict_case {
    const char *exchange;
    int status;
    const char *body;
    enum exchange_verdict verdict;
    const char *words; /* of the error message; NULL: none */
};

static void check_verdict(const struct verdict_case *row)
{
    struct exchange_answer answer = answer_of(row->status, row->body);
    enum exchange_verdict verdict = adapter(row->exchange)->judge(&answer);
    if (verdict != row->verdict)
        printf("%s: HTTP %d %s: %d\n", row->exchange, row->status, row->body, (int)verdict);
    CU_ASSERT_EQUAL(verdict, row->verdict);
    if (row->words != NULL && strstr(error_message(), row->words) == NULL) {
        printf("%s lacks '%s'\n", error_message(), row->words);
        CU_FAIL("words");
    }
}

static void codes_are_judged(void)
{
    static const struct verdict_case cases[] = {
        {"okx", 200, "{\"code\":\"0\",\"msg\":\"\",\"data\":[]}", EXCHANGE_OK, NULL},
        {"okx", 200, " { \"msg\" : \"\", \"data\":[{\"code\":\"50011\"}], \"code\" : \"0\" }", EXCHANGE_OK, NULL},
        {"okx", 200, "{\"code\":\"50011\",\"msg\":\"Rate limit reached.\"}", EXCHANGE_SLOW, "50011 Rate limit reached."},
        {"okx", 429, "{\"code\":\"50011\",\"msg\":\"Too Many Requests\"}", EXCHANGE_SLOW, "HTTP 429: 50011"},
        {"okx", 429, "{\"code\":\"50013\",\"msg\":\"Systems are busy.\"}", EXCHANGE_RETRY, "50013"},
        {"okx", 200, "{\"code\":\"50013\",\"msg\":\"Systems are busy.\"}", EXCHANGE_RETRY, NULL},
        {"okx", 503, "{\"code\":\"50001\",\"msg\":\"Service temporarily unavailable.\"}", EXCHANGE_RETRY, NULL},
        {"okx", 400, "{\"code\":\"50004\",\"msg\":\"timeout\"}", EXCHANGE_RETRY, NULL},
        {"okx", 500, "{\"code\":\"50026\",\"msg\":\"System error\"}", EXCHANGE_RETRY, NULL},
        {"okx", 200, "{\"code\":\"51001\",\"msg\":\"Instrument ID does not exist\",\"data\":[]}", EXCHANGE_UNKNOWN,
         "51001 Instrument ID does not exist"},
        {"okx", 400, "{\"code\":\"51000\",\"msg\":\"Parameter bar error\"}", EXCHANGE_REFUSED, NULL},
        {"okx", 200, "{\"code\":\"1\",\"msg\":\"Operation failed.\"}", EXCHANGE_RETRY, NULL},
        {"okx", 200, "<html>maintenance</html>", EXCHANGE_RETRY, "no answer of OKX's"},
        {"okx", 200, "{\"code\":\"0\"", EXCHANGE_RETRY, NULL},
        {"okx", 429, "<html>", EXCHANGE_SLOW, NULL},
        {"okx", 403, "<html>", EXCHANGE_SLOW, NULL},
        {"okx", 404, "", EXCHANGE_REFUSED, NULL},
        {"okx", 451, "", EXCHANGE_REFUSED, NULL},
        {"okx", 502, "<html>", EXCHANGE_RETRY, NULL},
        {"okx", 0, "", EXCHANGE_RETRY, NULL},
        {"bybit", 200, "{\"retCode\":0,\"retMsg\":\"OK\",\"result\":{}}", EXCHANGE_OK, NULL},
        {"bybit", 200, "{ \"retMsg\" : \"OK\", \"result\" : {\"retCode\":10006}, \"retCode\" : 0 }", EXCHANGE_OK, NULL},
        {"bybit", 200, "{\"retCode\":10006,\"retMsg\":\"Too many visits!\"}", EXCHANGE_SLOW, "10006: Too many visits!"},
        {"bybit", 200, "{\"retCode\":10018,\"retMsg\":\"Exceeded the IP Rate Limit.\"}", EXCHANGE_SLOW, NULL},
        {"bybit", 200, "{\"retCode\":10016,\"retMsg\":\"Server error.\"}", EXCHANGE_RETRY, NULL},
        {"bybit", 200, "{\"retCode\":10000,\"retMsg\":\"Server Timeout\"}", EXCHANGE_RETRY, NULL},
        {"bybit", 200, "{\"retCode\":10001,\"retMsg\":\"Not supported symbols\"}", EXCHANGE_UNKNOWN, "10001"},
        {"bybit", 200, "{\"retCode\":170121,\"retMsg\":\"Invalid symbol.\"}", EXCHANGE_UNKNOWN, NULL},
        {"bybit", 200, "{\"retCode\":-1,\"retMsg\":\"request expired\"}", EXCHANGE_RETRY, NULL},
        {"bybit", 403, "access too frequent", EXCHANGE_BANNED, "HTTP 403"},
        {"bybit", 429, "", EXCHANGE_SLOW, NULL},
        {"bybit", 404, "", EXCHANGE_REFUSED, NULL},
        {"bybit", 200, "<html>", EXCHANGE_RETRY, "no answer of Bybit's"},
        {"bybit", 503, "", EXCHANGE_RETRY, NULL},
        {"bybit", 0, "", EXCHANGE_RETRY, NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        check_verdict(&cases[i]);
}

/* time */

static void times_are_read(void)
{
    static const struct {
        const char *exchange, *file;
        int64_t time_ms;
    } cases[] = {
        {"okx", "okx/jkorf_GetServerTime.json", 1597026383085},
        {"bybit", "bybit/docs_time.json", 1688639403423},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct exchange_answer answer;
        int64_t time_ms = 0;
        if (!recording_read(cases[i].file, 200, &answer))
            continue;
        CU_ASSERT_EQUAL(adapter(cases[i].exchange)->judge(&answer), EXCHANGE_OK);
        CU_ASSERT_EQUAL(adapter(cases[i].exchange)->read_time(&answer, &time_ms), 0);
        CU_ASSERT_EQUAL(time_ms, cases[i].time_ms);
        recording_release(&answer);
    }
}

/* instruments */

static void check_instrument(const struct instrument *found, const struct instrument *wanted)
{
    CU_ASSERT_STRING_EQUAL(found->symbol, wanted->symbol);
    CU_ASSERT_STRING_EQUAL(found->base_asset, wanted->base_asset);
    CU_ASSERT_STRING_EQUAL(found->quote_asset, wanted->quote_asset);
    CU_ASSERT_EQUAL(found->trading, wanted->trading);
    CU_ASSERT_EQUAL(found->price_scale, wanted->price_scale);
    CU_ASSERT_EQUAL(found->tick_size, wanted->tick_size);
    CU_ASSERT_EQUAL(found->quantity_scale, wanted->quantity_scale);
    CU_ASSERT_EQUAL(found->lot_step, wanted->lot_step);
    CU_ASSERT_EQUAL(found->minimum_quantity, wanted->minimum_quantity);
    CU_ASSERT_EQUAL(found->maximum_quantity, wanted->maximum_quantity);
    CU_ASSERT_EQUAL(found->minimum_notional, wanted->minimum_notional);
}

static void recorded_instruments_are_read(void)
{
    static const struct {
        const char *exchange, *file;
        size_t count, trading;
        struct instrument wanted;
    } cases[] = {
        {"okx", "okx/instruments_SPOT_2022-05-13a.json.gz", 513, 513,
         {"BTC-USDT", "BTC", "USDT", true, 1, 1, 8, 1, 1000, 999999999900000000, 0}},
        {"okx", "okx/docs_instruments.json", 1, 1,
         {"BTC-EUR", "BTC", "EUR", true, 0, 1, 8, 1, 1000, 999999999900000000, 0}},
        {"bybit", "bybit/docs_instruments_spot.json", 1, 1,
         {"BTCUSDT", "BTC", "USDT", true, 1, 1, 6, 1, 11, 83000000, 500000000}},
        {"bybit", "bybit/jkorf_GetSpotSymbols.json", 1, 1,
         {"BTCUSDT", "BTC", "USDT", true, 2, 1, 6, 1, 48, 71739562, 100000000}},
        {"bybit", "bybit/nautilus_http_get_instruments_spot.json", 2, 2,
         {"ETHUSDT", "ETH", "USDT", true, 2, 1, 5, 1, 100, 100000000, 1000000000}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct exchange_answer answer;
        struct rows rows = {.wanted = cases[i].wanted.symbol};
        if (!recording_read(cases[i].file, 200, &answer))
            continue;
        CU_ASSERT_EQUAL(adapter(cases[i].exchange)->read_instruments(&answer, keep_instrument, note_refused, &rows, next_page), 0);
        CU_ASSERT_EQUAL(rows.count, cases[i].count);
        CU_ASSERT_EQUAL(rows.trading, cases[i].trading);
        check_instrument(&rows.instrument, &cases[i].wanted);
        recording_release(&answer);
    }
}

#define OKX_SPOT(name, state, tick) \
    "{\"instType\":\"SPOT\",\"instId\":\"" name "\",\"baseCcy\":\"A\",\"quoteCcy\":\"B\",\"tickSz\":\"" tick \
    "\",\"lotSz\":\"0.1\",\"minSz\":\"1\",\"maxLmtSz\":\"\",\"state\":\"" state "\"}"
#define BYBIT_SPOT(name, status) \
    "{\"symbol\":\"" name "\",\"baseCoin\":\"A\",\"quoteCoin\":\"B\",\"status\":\"" status "\",\"lotSizeFilter\":" \
    "{\"basePrecision\":\"0.1\",\"minOrderQty\":\"1\",\"minOrderAmt\":\"5\"},\"priceFilter\":{\"tickSize\":\"0.5\"}}"

static void only_what_trades_is_trading(void)
{
    static const char okx[] = "{\"code\":\"0\",\"data\":[" OKX_SPOT("A-B", "live", "0.5") "," OKX_SPOT("C-B", "suspend", "0.5") ","
                              OKX_SPOT("D-B", "preopen", "") "," OKX_SPOT("E-B", "live", "") "," OKX_SPOT("\\u5e01", "live", "1")
                              ",{\"instType\":\"SWAP\",\"instId\":\"F-B\",\"baseCcy\":\"\",\"quoteCcy\":\"\",\"tickSz\":\"1\","
                              "\"lotSz\":\"1\",\"minSz\":\"1\",\"state\":\"live\"}]}";
    static const char bybit[] = "{\"retCode\":0,\"result\":{\"list\":[" BYBIT_SPOT("AB", "Trading") "," BYBIT_SPOT("CB", "Closed") ","
                                BYBIT_SPOT("a b", "Trading") "]}}";
    struct rows rows = {.wanted = "A-B"};
    struct exchange_answer answer = answer_of(200, okx);
    CU_ASSERT_EQUAL(adapter("okx")->read_instruments(&answer, keep_instrument, note_refused, &rows, next_page), 0);
    CU_ASSERT(rows.count == 4 && rows.trading == 1 && rows.instrument.maximum_quantity == 0);
    rows = (struct rows){.wanted = "AB"};
    answer = answer_of(200, bybit);
    CU_ASSERT_EQUAL(adapter("bybit")->read_instruments(&answer, keep_instrument, note_refused, &rows, next_page), 0);
    CU_ASSERT(rows.count == 2 && rows.trading == 1 && rows.instrument.maximum_quantity == 0);
}

/* tickers */

static int keep_row(void *user, const struct exchange_ticker *row)
{
    *(struct exchange_ticker *)user = *row;
    return 0;
}

static void check_ticker(const struct exchange_ticker *row, const struct ticker *wanted, double quote_volume)
{
    CU_ASSERT_STRING_EQUAL(row->ticker.symbol, wanted->symbol);
    CU_ASSERT_EQUAL(row->ticker.bid, wanted->bid);
    CU_ASSERT_EQUAL(row->ticker.ask, wanted->ask);
    CU_ASSERT_EQUAL(row->ticker.last, wanted->last);
    CU_ASSERT_EQUAL(row->ticker.price_scale, wanted->price_scale);
    CU_ASSERT_EQUAL(row->ticker.time_ms, 0);
    CU_ASSERT_DOUBLE_EQUAL(row->quote_volume, quote_volume, 1e-6);
}

static void documented_tickers_are_read(void)
{
    static const struct {
        const char *exchange, *file;
        struct ticker wanted;
        double quote_volume;
    } cases[] = {
        {"okx", "okx/docs_tickers.json", {"BTC-USD-SWAP", 888888, 999999, 999999, 2, 0}, 2222},
        {"okx", "okx/jkorf_GetTickers.json", {"BTC-USD-SWAP", 888888, 999999, 999999, 2, 0}, 2222},
        {"bybit", "bybit/docs_tickers_spot.json", {"BTCUSDT", 2051796, 2052777, 2053313, 2, 0}, 243765620.65899866},
        {"bybit", "bybit/jkorf_GetSpotTickers.json", {"BTCUSDT", 2051796, 2052777, 2053313, 2, 0}, 243765620.65899866},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct exchange_answer answer;
        struct exchange_ticker row = {0};
        if (!recording_read(cases[i].file, 200, &answer))
            continue;
        CU_ASSERT_EQUAL(adapter(cases[i].exchange)->read_tickers(&answer, keep_row, NULL, &row), 0);
        check_ticker(&row, &cases[i].wanted, cases[i].quote_volume);
        recording_release(&answer);
    }
}

static void prices_may_be_none(void)
{
    struct exchange_ticker row = {0};
    struct exchange_answer answer = answer_of(200, "{\"code\":\"0\",\"data\":[{\"instId\":\"A-B\",\"last\":\"\",\"askPx\":\"1.5\","
                                                   "\"bidPx\":\"\",\"ts\":\"1\"}]}");
    CU_ASSERT_EQUAL(adapter("okx")->read_tickers(&answer, keep_row, NULL, &row), 0);
    check_ticker(&row, &(struct ticker){"A-B", 0, 15, 0, 1, 0}, -1);
    answer = answer_of(200, "{\"retCode\":0,\"result\":{\"list\":[{\"symbol\":\"AB\",\"bid1Price\":\"\",\"ask1Price\":\"2\","
                            "\"lastPrice\":\"0\",\"turnover24h\":\"0\"}]}}");
    CU_ASSERT_EQUAL(adapter("bybit")->read_tickers(&answer, keep_row, NULL, &row), 0);
    check_ticker(&row, &(struct ticker){"AB", 0, 2, 0, 0, 0}, 0);
}

/* candles */

static int read_rows(const char *exchange, const char *body, uint32_t interval_s, struct rows *rows)
{
    *rows = (struct rows){.interval_s = interval_s};
    struct exchange_answer answer = answer_of(200, body);
    return adapter(exchange)->read_candles(&answer, interval_s, keep_candle, note_refused, rows);
}

static void candles_are_handed_out_oldest_first(void)
{
    static struct rows rows;
    CU_ASSERT_EQUAL(read_rows("okx", "{\"code\":\"0\",\"msg\":\"\",\"data\":["
                                     "[\"120000\",\"2\",\"3\",\"1.5\",\"2.5\",\"10.0\",\"1\",\"1\",\"0\"],"
                                     "[\"60000\",\"1\",\"2.25\",\"1\",\"2\",\"0\",\"0\",\"0\",\"1\"]]}", 60, &rows), 0);
    CU_ASSERT(rows.count == 2 && rows.impossible == 0);
    CU_ASSERT(rows.candles[0].open_time_ms == 60000 && rows.candles[1].open_time_ms == 120000);
    CU_ASSERT(rows.candles[0].high == 225 && rows.candles[0].price_scale == 2 && rows.candles[0].volume == 0);
    CU_ASSERT(rows.candles[1].close == 25 && rows.candles[1].volume == 10 && rows.candles[1].volume_scale == 0);
    CU_ASSERT_EQUAL(read_rows("bybit", "{\"retCode\":0,\"retMsg\":\"OK\",\"result\":{\"symbol\":\"A\",\"list\":["
                                       "[\"120000\",\"2\",\"3\",\"1.5\",\"2.5\",\"10.0\",\"1\"],"
                                       "[\"60000\",\"1\",\"2.25\",\"1\",\"2\",\"0\",\"0\"]]},\"time\":1}", 60, &rows), 0);
    CU_ASSERT(rows.count == 2 && rows.impossible == 0);
    CU_ASSERT(rows.candles[0].open_time_ms == 60000 && rows.candles[1].open_time_ms == 120000);
}

static void documented_candles_are_read(void)
{
    static const char *const files[] = {"bybit/docs_kline.json", "bybit/jkorf_GetKlines.json"};
    static struct rows rows;
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        struct exchange_answer answer;
        rows = (struct rows){.interval_s = 3600};
        if (!recording_read(files[i], 200, &answer))
            continue;
        CU_ASSERT_EQUAL(adapter("bybit")->read_candles(&answer, 3600, keep_candle, note_refused, &rows), 0);
        CU_ASSERT(rows.count == 3 && rows.impossible == 0);
        CU_ASSERT_EQUAL(rows.candles[0].open_time_ms, 1670601600000);
        CU_ASSERT_EQUAL(rows.candles[2].open_time_ms, 1670608800000);
        recording_release(&answer);
    }
}

/* OKX's documents have two rows of one time, which cannot be. */
static void rows_that_cannot_be_are_refused(void)
{
    static const char *const okx_files[] = {"okx/docs_candles.json", "okx/jkorf_GetKlines.json"};
    static const char *const okx_bodies[] = {
        "{\"code\":\"0\",\"data\":[[\"60000\",\"1\",\"1\",\"1\",\"1\",\"1\"]]}",
        "{\"code\":\"0\",\"data\":[[\"60000\",\"1\",\"1\",\"1\",\"1\",\"1\",\"1\",\"1\",\"2\"]]}",
        "{\"code\":\"0\",\"data\":[[\"-1\",\"1\",\"1\",\"1\",\"1\",\"1\",\"1\",\"1\",\"1\"]]}",
        "{\"code\":\"0\",\"data\":[[\"60000\",\"-1\",\"1\",\"1\",\"1\",\"1\",\"1\",\"1\",\"1\"]]}",
        "{\"code\":\"0\",\"data\":[[\"60000\",\"\",\"1\",\"1\",\"1\",\"1\",\"1\",\"1\",\"1\"]]}",
        "{\"code\":\"1\",\"msg\":\"no\",\"data\":[]}",
        "{\"code\":\"0\",\"msg\":\"\"}",
        "{\"code\":\"0\",\"data\":{}}",
        "{\"data\":[]}",
    };
    static const char *const bybit_bodies[] = {
        "{\"retCode\":0,\"result\":{\"list\":[[\"60000\",\"1\",\"1\",\"1\",\"1\"]]}}",
        "{\"retCode\":0,\"result\":{\"list\":[[\"60000\",\"1\",\"1\",\"1\",\"1\",\"-1\",\"1\"]]}}",
        "{\"retCode\":0,\"result\":{}}",
        "{\"retCode\":0,\"result\":[]}",
        "{\"retCode\":0,\"retMsg\":\"OK\"}",
        "{\"retCode\":10001,\"result\":{\"list\":[]}}",
        "{\"result\":{\"list\":[]}}",
    };
    static struct rows rows;
    for (size_t i = 0; i < sizeof okx_bodies / sizeof okx_bodies[0]; i++)
        CU_ASSERT(nothing_taken(read_rows("okx", okx_bodies[i], 60, &rows), &rows));
    for (size_t i = 0; i < sizeof bybit_bodies / sizeof bybit_bodies[0]; i++)
        CU_ASSERT(nothing_taken(read_rows("bybit", bybit_bodies[i], 60, &rows), &rows));
    for (size_t i = 0; i < sizeof okx_files / sizeof okx_files[0]; i++) {
        struct exchange_answer answer;
        rows = (struct rows){.interval_s = 60};
        if (!recording_read(okx_files[i], 200, &answer))
            continue;
        CU_ASSERT_EQUAL(adapter("okx")->read_candles(&answer, 60, keep_candle, note_refused, &rows), 0);
        CU_ASSERT(rows.count > 0 && rows.refused > 0 && strstr(rows.why, "twice") != NULL);
        recording_release(&answer);
    }
}

const char *const suite_name = "OKX and Bybit";

const struct test suite_tests[] = {
    {"OKX: requests are as documented", okx_requests_are_as_documented},
    {"OKX: candles are asked for where they are", okx_candles_are_asked_for_where_they_are},
    {"Bybit: requests are as documented", bybit_requests_are_as_documented},
    {"intervals are those that can be asked for", intervals_are_those_that_can_be_asked_for},
    {"codes are judged", codes_are_judged},
    {"times are read", times_are_read},
    {"recorded instruments are read", recorded_instruments_are_read},
    {"only what trades is trading", only_what_trades_is_trading},
    {"documented tickers are read", documented_tickers_are_read},
    {"prices may be none", prices_may_be_none},
    {"candles are handed out oldest first", candles_are_handed_out_oldest_first},
    {"documented candles are read", documented_candles_are_read},
    {"rows that cannot be are refused", rows_that_cannot_be_are_refused},
    {NULL, NULL},
};
