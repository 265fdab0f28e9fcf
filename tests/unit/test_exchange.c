/* Binance's adapter: its requests, and its reading of recorded answers. */
/* SPDX-License-Identifier: MIT */
#include "lib/exchange/exchange.h"
#include "lib/exchange/json.h"
#include "tests/harness.h"
#include "tests/unit/exchange_rows.h"
#include "tests/unit/recording.h"

#include <string.h>

static const char base[] = "https://exchange.test";

/* requests */

static void requests_are_as_documented(void)
{
    const struct exchange *exchange = binance();
    struct exchange_request request;
    CU_ASSERT_FATAL(exchange->time_request(base, &request) == 0);
    CU_ASSERT_STRING_EQUAL(request.url, "https://exchange.test/api/v3/time");
    CU_ASSERT_EQUAL(request.weight, 1);
    CU_ASSERT_FATAL(exchange->instruments_request(base, "", &request) == 0);
    CU_ASSERT_STRING_EQUAL(request.url, "https://exchange.test/api/v3/exchangeInfo");
    CU_ASSERT_EQUAL(request.weight, 20);
    const char *const symbols[] = {"BTCUSDT", "1INCHUSDT"};
    CU_ASSERT_FATAL(exchange->tickers_request(base, symbols, 2, &request) == 0);
    CU_ASSERT_STRING_EQUAL(request.url, "https://exchange.test/api/v3/ticker/24hr?symbols="
                                        "%5B%22BTCUSDT%22%2C%221INCHUSDT%22%5D");
    CU_ASSERT_EQUAL(request.weight, 2);
    CU_ASSERT_FATAL(exchange->tickers_request(base, NULL, 0, &request) == 0);
    CU_ASSERT_STRING_EQUAL(request.url, "https://exchange.test/api/v3/ticker/24hr");
    CU_ASSERT_EQUAL(request.weight, 80);
    CU_ASSERT_FATAL(exchange->candles_request(base, "BTCUSDT", 300, 1734739200000, 1734739800000, 1734739900000, &request) == 0);
    CU_ASSERT_STRING_EQUAL(request.url,
                           "https://exchange.test/api/v3/klines?symbol=BTCUSDT&interval=5m&startTime=1734739200000"
                           "&endTime=1734739800000&limit=3");
    CU_ASSERT_FATAL(exchange->candles_request(base, "BTCUSDT", 60, 0, 1734739800000, 1734739900000, &request) == 0);
    CU_ASSERT(strstr(request.url, "&limit=1000") != NULL);
    CU_ASSERT_EQUAL(exchange->candles_request(base, "BTCUSDT", 61, 0, 60000, 120000, &request), ERROR_ARGUMENT);
}

static void a_request_that_does_not_fit_is_refused(void)
{
    static const char rest[] = "/api/v3/ticker/24hr?symbols=%5B%22BTCUSDT%22%5D";
    char long_base[EXCHANGE_URL_SIZE];
    struct exchange_request request;
    const char *const symbols[] = {"BTCUSDT"};
    for (size_t length = EXCHANGE_URL_SIZE - 1; length > EXCHANGE_URL_SIZE - 100; length--) {
        memset(long_base, 'a', length);
        long_base[length] = '\0';
        CU_ASSERT_EQUAL(binance()->tickers_request(long_base, symbols, 1, &request),
                        length + strlen(rest) < EXCHANGE_URL_SIZE ? 0 : ERROR_RANGE);
    }
}

static void the_most_symbols_of_a_call_fit(void)
{
    const struct exchange *exchange = binance();
    const char *symbols[100];
    for (int i = 0; i < exchange->tickers_per_call; i++)
        symbols[i] = "ABCDEFGHIJKLMNOPQRSTUVW";
    char long_base[200];
    memset(long_base, 'a', sizeof long_base - 1);
    long_base[sizeof long_base - 1] = '\0';
    struct exchange_request request;
    CU_ASSERT_EQUAL(exchange->tickers_request(long_base, symbols, (size_t)exchange->tickers_per_call, &request), 0);
}

static void names_are_found_or_refused(void)
{
    const struct exchange *exchange = NULL;
    CU_ASSERT_EQUAL(exchange_find("nowhere", &exchange), ERROR_ARGUMENT);
    CU_ASSERT(strstr(error_message(), "binance") != NULL);
    for (size_t i = 0; i < exchange_count; i++) {
        CU_ASSERT_EQUAL(exchange_find(exchanges[i]->name, &exchange), 0);
        CU_ASSERT_PTR_EQUAL(exchange, exchanges[i]);
    }
}

/* statuses */

static void statuses_are_judged(void)
{
    static const struct {
        int status;
        const char *body;
        enum exchange_verdict verdict;
    } cases[] = {
        {200, "{}", EXCHANGE_OK},
        {200, " [1]", EXCHANGE_OK},
        {200, "<html>", EXCHANGE_RETRY},
        {202, "", EXCHANGE_RETRY},
        {429, "{\"code\":-1003,\"msg\":\"Too much request weight used\"}", EXCHANGE_SLOW},
        {418, "{\"code\":-1003,\"msg\":\"Way too much request weight used\"}", EXCHANGE_BANNED},
        {418, "", EXCHANGE_BANNED},
        {429, "<html>", EXCHANGE_SLOW},
        {403, "<html>", EXCHANGE_SLOW},
        {400, "{\"code\":-1003,\"msg\":\"Too many requests\"}", EXCHANGE_SLOW},
        {400, "{\"code\":-1121,\"msg\":\"Invalid symbol.\"}", EXCHANGE_UNKNOWN},
        {400, "{\"code\":-1007,\"msg\":\"Timeout\"}", EXCHANGE_RETRY},
        {400, "{\"code\":-1008,\"msg\":\"Overloaded\"}", EXCHANGE_RETRY},
        {400, "", EXCHANGE_REFUSED},
        {401, "{\"code\":-2014,\"msg\":\"API-key format invalid.\"}", EXCHANGE_REFUSED},
        {404, "<html>", EXCHANGE_REFUSED},
        {451, "{\"code\":0,\"msg\":\"Service unavailable from a restricted location\"}", EXCHANGE_REFUSED},
        {500, "{\"code\":-1000,\"msg\":\"Unknown\"}", EXCHANGE_RETRY},
        {502, "<html>bad gateway</html>", EXCHANGE_RETRY},
        {503, "", EXCHANGE_RETRY},
        {301, "", EXCHANGE_RETRY},
        {0, "", EXCHANGE_RETRY},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct exchange_answer answer = answer_of(cases[i].status, cases[i].body);
        CU_ASSERT_EQUAL(binance()->judge(&answer), cases[i].verdict);
    }
}

static void recorded_errors_are_judged(void)
{
    static const struct {
        const char *file;
        int status;
        const char *words;
    } cases[] = {
        {"binance/error_apikey_format_-2014.json", 401, "-2014 API-key format invalid."},
        {"binance/error_cancel_unknown_order_-2011.json", 400, "-2011 Unknown order sent."},
        {"binance/error_illegal_path_klines.json", 400, "-1121 Invalid interval."},
        {"binance/error_insufficient_balance_-2010.json", 400, "-2010 "},
        {"binance/error_invalid_interval_-1120.json", 400, "-1120 Invalid interval."},
        {"binance/error_invalid_symbol_ticker_-1121.json", 400, "-1121 Invalid symbol."},
        {"binance/error_recvWindow_-1021.json", 400, "-1021 "},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct exchange_answer answer;
        if (!recording_read(cases[i].file, cases[i].status, &answer))
            continue;
        bool unknown = strstr(cases[i].words, "-1121") != NULL;
        CU_ASSERT_EQUAL(binance()->judge(&answer), unknown ? EXCHANGE_UNKNOWN : EXCHANGE_REFUSED);
        CU_ASSERT(strstr(error_message(), cases[i].words) != NULL);
        recording_release(&answer);
    }
    struct exchange_answer page;
    if (recording_read("_generic/html_instead_of_json_x-rates.txt", 200, &page)) {
        struct rows rows = {.interval_s = 60};
        CU_ASSERT_EQUAL(binance()->read_candles(&page, 60, keep_candle, note_refused, &rows), ERROR_PROTOCOL);
        CU_ASSERT_EQUAL(binance()->read_tickers(&page, keep_ticker, note_refused, &rows), ERROR_PROTOCOL);
        CU_ASSERT_EQUAL(binance()->read_instruments(&page, keep_instrument, note_refused, &rows, next_page), ERROR_PROTOCOL);
        CU_ASSERT_EQUAL(rows.count, 0);
        recording_release(&page);
    }
}

/* recorded answers */

static void recorded_time_is_read(void)
{
    struct exchange_answer answer;
    int64_t time_ms = 0;
    if (!recording_read("binance/time.json", 200, &answer))
        return;
    CU_ASSERT_EQUAL(binance()->read_time(&answer, &time_ms), 0);
    CU_ASSERT_EQUAL(time_ms, 1616592268319);
    recording_release(&answer);
}

static void recorded_instruments_are_read(void)
{
    static const struct {
        const char *file;
        size_t count, trading;
        struct instrument btcusdt;
    } cases[] = {
        {"binance/exchangeInfo_all_2019-08-22_v1.json.gz", 595, 546,
         {"BTCUSDT", "BTC", "USDT", true, 2, 1, 6, 1, 1, 9000000000, 1000000000}},
        {"binance/exchangeInfo_all_2021-05-14.json.gz", 1436, 1025,
         {"BTCUSDT", "BTC", "USDT", true, 2, 1, 6, 1, 1, 9000000000, 1000000000}},
        {"binance/exchangeInfo_all_2024-09-08.json.gz", 1248, 1248,
         {"BTCUSDT", "BTC", "USDT", true, 2, 1, 5, 1, 1, 900000000, 500000000}},
        {"binance/exchangeInfo_25symbols_2025-08-07.json.gz", 25, 12,
         {"BTCUSDT", "BTC", "USDT", true, 2, 1, 5, 1, 1, 900000000, 500000000}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct exchange_answer answer;
        struct rows rows = {.wanted = "BTCUSDT"};
        if (!recording_read(cases[i].file, 200, &answer))
            continue;
        CU_ASSERT_EQUAL(binance()->read_instruments(&answer, keep_instrument, note_refused, &rows, next_page), 0);
        CU_ASSERT_EQUAL(rows.count, cases[i].count);
        CU_ASSERT_EQUAL(rows.trading, cases[i].trading);
        const struct instrument *wanted = &cases[i].btcusdt;
        CU_ASSERT_STRING_EQUAL(rows.instrument.base_asset, wanted->base_asset);
        CU_ASSERT_STRING_EQUAL(rows.instrument.quote_asset, wanted->quote_asset);
        CU_ASSERT_EQUAL(rows.instrument.price_scale, wanted->price_scale);
        CU_ASSERT_EQUAL(rows.instrument.tick_size, wanted->tick_size);
        CU_ASSERT_EQUAL(rows.instrument.quantity_scale, wanted->quantity_scale);
        CU_ASSERT_EQUAL(rows.instrument.lot_step, wanted->lot_step);
        CU_ASSERT_EQUAL(rows.instrument.minimum_quantity, wanted->minimum_quantity);
        CU_ASSERT_EQUAL(rows.instrument.maximum_quantity, wanted->maximum_quantity);
        CU_ASSERT_EQUAL(rows.instrument.minimum_notional, wanted->minimum_notional);
        recording_release(&answer);
    }
}

static void documented_instrument_without_filters_is_read(void)
{
    struct exchange_answer answer;
    struct rows rows = {.wanted = "ETHBTC"};
    if (!recording_read("binance/docs_exchangeInfo.json", 200, &answer))
        return;
    CU_ASSERT_EQUAL(binance()->read_instruments(&answer, keep_instrument, note_refused, &rows, next_page), 0);
    CU_ASSERT_EQUAL(rows.count, 1);
    CU_ASSERT_EQUAL(rows.instrument.price_scale, 8);
    CU_ASSERT_EQUAL(rows.instrument.tick_size, 1);
    CU_ASSERT_EQUAL(rows.instrument.maximum_quantity, 0);
    recording_release(&answer);
}

static void recorded_tickers_are_read(void)
{
    static const struct {
        const char *file, *symbol;
        size_t count, priceless;
        int64_t bid, ask, last;
        uint8_t scale;
    } cases[] = {
        {"binance/ticker24hr_LTCBTC.json", "LTCBTC", 1, 0, 344400, 344600, 344600, 8},
        {"binance/ticker24hr_gct_0_symbolETHBTC.json", "ETHBTC", 1, 0, 0, 0, 0, 0},
        {"binance/ticker24hr_gct_2_symbolBTCUSDT.json", "BTCUSDT", 1, 0, 0, 0, 0, 0},
        {"binance/ticker24hr_gct_4_symbols5B22BTCUSDT222C22ETHUSD.json", "ETHUSDT", 2, 0, 250971, 250972, 250972, 2},
        {"binance/ticker24hr_all_2019-08-22_v1.json.gz", "ETHBTC", 595, 51, 18647, 18650, 18647, 6},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct exchange_answer answer;
        struct rows rows = {.wanted = cases[i].symbol};
        if (!recording_read(cases[i].file, 200, &answer))
            continue;
        CU_ASSERT_EQUAL(binance()->read_tickers(&answer, keep_ticker, note_refused, &rows), 0);
        CU_ASSERT_EQUAL(rows.count, cases[i].count);
        CU_ASSERT_EQUAL(rows.priceless, cases[i].priceless);
        CU_ASSERT_STRING_EQUAL(rows.ticker.symbol, cases[i].symbol);
        CU_ASSERT(rows.ticker.ask > rows.ticker.bid && rows.ticker.bid > 0);
        if (cases[i].last > 0) {
            struct decimal bid = {rows.ticker.bid, rows.ticker.price_scale};
            struct decimal ask = {rows.ticker.ask, rows.ticker.price_scale};
            struct decimal last = {rows.ticker.last, rows.ticker.price_scale};
            CU_ASSERT_EQUAL(decimal_compare(bid, (struct decimal){cases[i].bid, cases[i].scale}), 0);
            CU_ASSERT_EQUAL(decimal_compare(ask, (struct decimal){cases[i].ask, cases[i].scale}), 0);
            CU_ASSERT_EQUAL(decimal_compare(last, (struct decimal){cases[i].last, cases[i].scale}), 0);
        }
        recording_release(&answer);
    }
}

static void recorded_candles_are_read(void)
{
    static const struct {
        const char *file;
        uint32_t interval_s;
        size_t count;
        int64_t first_ms, last_ms;
    } cases[] = {
        {"binance/klines_BTCUSDT_1m_500_2021-06-24.json.gz", 60, 500, 1624529580000, 1624559520000},
        {"binance/klines_BTCUSDT_1m_limit1.json", 60, 1, 1624559520000, 1624559520000},
        {"binance/klines_LTCBTC_1h_2rows.json", 3600, 2, 1616025600000, 1616029200000},
        {"binance/klines_gct_00.json", 300, 24, 1586987400000, 1586994300000},
        {"binance/klines_gct_04.json.gz", 86400, 372, 1546041600000, 1578096000000},
        {"binance/klines_gct_06.json.gz", 3600, 468, 1591880400000, 1593572400000},
        {"binance/klines_gct_08.json.gz", 86400, 366, 1546300800000, 1577836800000},
        {"binance/klines_gct_10.json", 3600, 176, 1672516800000, 1673146800000},
        {"binance/klines_gct_12.json", 300, 24, 1577836800000, 1577843700000},
    };
    static struct rows rows;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct exchange_answer answer;
        if (!recording_read(cases[i].file, 200, &answer))
            continue;
        CU_ASSERT_EQUAL(read_klines(answer.body, answer.size, cases[i].interval_s, &rows), 0);
        CU_ASSERT_EQUAL(rows.count, cases[i].count);
        CU_ASSERT_EQUAL(rows.impossible, 0);
        CU_ASSERT_EQUAL(rows.candles[0].open_time_ms, cases[i].first_ms);
        CU_ASSERT_EQUAL(rows.candles[rows.count - 1].open_time_ms, cases[i].last_ms);
        CU_ASSERT_EQUAL(read_klines(answer.body, answer.size, cases[i].interval_s * 2, &rows), 0);
        CU_ASSERT(rows.count == 0 && rows.refused == cases[i].count);
        recording_release(&answer);
    }
}

/* Another reader's numbers of the same recording: rows of [time, open, high, low, close, volume] in an object. */
struct oracle {
    const struct rows *rows;
    size_t row;
};

static int compare_column(void *user, size_t column, struct json_value value)
{
    struct oracle *oracle = user;
    const struct candle *candle = &oracle->rows->candles[oracle->row];
    const int64_t mantissas[] = {candle->open_time_ms, candle->open, candle->high, candle->low, candle->close,
                                 candle->volume};
    uint8_t scale = column == 0 ? 0 : column == 5 ? candle->volume_scale : candle->price_scale;
    struct decimal theirs = {0};
    CU_ASSERT_FATAL(column < 6);
    CU_ASSERT(json_decimal(value, &theirs) == 0);
    CU_ASSERT_EQUAL(decimal_compare((struct decimal){mantissas[column], scale}, theirs), 0);
    return 0;
}

static int compare_row(void *user, size_t row, struct json_value value)
{
    struct oracle *oracle = user;
    oracle->row = row;
    CU_ASSERT_FATAL(row < oracle->rows->count);
    return json_each_element(value, compare_column, oracle);
}

static int compare_parsed(void *user, const char *key, size_t key_length, struct json_value value)
{
    return key_length == 6 && memcmp(key, "parsed", 6) == 0 ? json_each_element(value, compare_row, user) : 0;
}

static void candles_agree_with_another_reader(void)
{
    static struct rows rows;
    struct exchange_answer answer, parsed;
    if (!recording_read("binance/klines_BTCUSDT_1m_500_2021-06-24.json.gz", 200, &answer))
        return;
    CU_ASSERT_EQUAL(read_klines(answer.body, answer.size, 60, &rows), 0);
    recording_release(&answer);
    if (!recording_read("binance/parsed_ccxt/klines_BTCUSDT_1m_500_2021-06-24.json", 200, &parsed))
        return;
    struct oracle oracle = {.rows = &rows};
    struct json_value root;
    CU_ASSERT_EQUAL(json_parse(parsed.body, parsed.size, &root), 0);
    CU_ASSERT_EQUAL(json_each_member(root, compare_parsed, &oracle), 0);
    CU_ASSERT_EQUAL(oracle.row, 499);
    recording_release(&parsed);
}

const char *const suite_name = "exchange";

const struct test suite_tests[] = {
    {"requests are as documented", requests_are_as_documented},
    {"a request that does not fit is refused", a_request_that_does_not_fit_is_refused},
    {"the most symbols of a call fit", the_most_symbols_of_a_call_fit},
    {"names of exchanges are found or refused", names_are_found_or_refused},
    {"statuses are judged", statuses_are_judged},
    {"recorded errors are judged", recorded_errors_are_judged},
    {"recorded time is read", recorded_time_is_read},
    {"recorded instruments are read", recorded_instruments_are_read},
    {"a documented instrument without filters is read", documented_instrument_without_filters_is_read},
    {"recorded tickers are read", recorded_tickers_are_read},
    {"recorded candles are read", recorded_candles_are_read},
    {"candles agree with another reader", candles_agree_with_another_reader},
    {NULL, NULL},
};
