/* The exchange library's pure parts: the JSON reader and Binance's adapter, against recorded and hostile answers. */
/* SPDX-License-Identifier: MIT */
#include "lib/exchange/exchange.h"
#include "lib/exchange/json.h"
#include "lib/series/candle.h"
#include "tests/harness.h"
#include "tests/unit/recording.h"

#include <stdlib.h>
#include <string.h>

static const char base[] = "https://exchange.test";

static const struct exchange *binance(void)
{
    const struct exchange *exchange = NULL;
    CU_ASSERT_FATAL(exchange_find("binance", &exchange) == 0);
    return exchange;
}

/* What the readers hand out. */
struct rows {
    size_t count, trading, priceless, impossible;
    uint32_t interval_s;
    const char *wanted; /* the symbol that is kept */
    struct instrument instrument;
    struct ticker ticker;
    struct candle candles[EXCHANGE_CANDLES_MAX];
};

static int keep_instrument(void *user, const struct instrument *instrument)
{
    struct rows *rows = user;
    rows->count++;
    rows->trading += instrument->trading;
    CU_ASSERT(symbol_valid(instrument->symbol) && symbol_valid(instrument->quote_asset));
    CU_ASSERT(instrument->tick_size > 0 && instrument->lot_step > 0 && instrument->minimum_notional >= 0);
    if (rows->wanted != NULL && strcmp(instrument->symbol, rows->wanted) == 0)
        rows->instrument = *instrument;
    return 0;
}

static int keep_ticker(void *user, const struct ticker *ticker)
{
    struct rows *rows = user;
    rows->count++;
    rows->priceless += ticker->last == 0;
    CU_ASSERT(ticker->bid >= 0 && ticker->ask >= 0 && ticker->last >= 0);
    if (rows->wanted != NULL && strcmp(ticker->symbol, rows->wanted) == 0)
        rows->ticker = *ticker;
    return 0;
}

static int keep_candle(void *user, const struct candle *candle)
{
    struct rows *rows = user;
    CU_ASSERT_FATAL(rows->count < EXCHANGE_CANDLES_MAX);
    rows->impossible += candle_check(candle, rows->interval_s) != 0;
    rows->candles[rows->count++] = *candle;
    return 0;
}

static int stop_at_once(void *user, const struct candle *candle)
{
    (void)user;
    (void)candle;
    return ERROR_FULL;
}

static int read_klines(const char *body, size_t size, uint32_t interval_s, struct rows *rows)
{
    *rows = (struct rows){.interval_s = interval_s};
    struct exchange_answer answer = {200, body, size, -1, -1};
    return binance()->read_candles(&answer, interval_s, keep_candle, rows);
}

/* JSON */

struct visit {
    size_t elements, members;
    char text[64];
};

static int visit_member(void *user, const char *key, size_t key_length, struct json_value member)
{
    struct visit *visit = user;
    visit->members++;
    if (key_length == 4 && memcmp(key, "text", 4) == 0) {
        const char *text;
        size_t length;
        int code = json_text(member, &text, &length);
        if (code != 0)
            return code;
        CU_ASSERT_FATAL(length < sizeof visit->text);
        memcpy(visit->text, text, length);
    }
    return 0;
}

static int visit_element(void *user, size_t index, struct json_value element)
{
    struct visit *visit = user;
    CU_ASSERT_EQUAL(index, visit->elements);
    visit->elements++;
    return json_each_member(element, visit_member, visit);
}

static int visit_document(const char *text, size_t size, struct visit *visit)
{
    *visit = (struct visit){0};
    struct json_value root;
    int code = json_parse(text, size, &root);
    if (code == 0)
        code = json_each_or_one(root, visit_element, visit);
    return code != 0 ? code : json_finish();
}

static void json_walks_a_document(void)
{
    static const char text[] = " [ {\"a\":1,\"te\\u0078t\":\"x\\n\\u20ac\"}, {}, {\"deep\":[[[{\"b\":[1,2]}]]],\"z\":null} ]\n";
    struct visit visit;
    CU_ASSERT_EQUAL(visit_document(text, strlen(text), &visit), 0);
    CU_ASSERT_EQUAL(visit.elements, 3);
    CU_ASSERT_EQUAL(visit.members, 4);
    CU_ASSERT_STRING_EQUAL(visit.text, "x\n\xe2\x82\xac");
    CU_ASSERT_EQUAL(visit_document("{\"text\":\"one\"}", 14, &visit), 0);
    CU_ASSERT_STRING_EQUAL(visit.text, "one");
}

static void json_refuses_what_is_none(void)
{
    static const char *const texts[] = {
        "", " ", "null", "1", "\"a\"", "<!DOCTYPE html><html></html>", "[", "]", "{]", "[}", "[1 2]", "[{\"a\":1},]x]",
        "[{}] [{}]", "[{}]]", "{\"text\":\"\x80\"}", "{\"text\":\"a}", "{\"text\":tru}", "{\"text\":nan}",
        "{\"text\" 1}", "{1:2}", "[{\"text\":\"\\ud800\"}]", "[{\"text\":\"\\q\"}]", "[1]", "[[]]", "\xef\xbb\xbf[",
    };
    struct visit visit;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        int code = visit_document(texts[i], strlen(texts[i]), &visit);
        if (code != ERROR_PROTOCOL)
            printf("taken: %s\n", texts[i]);
        CU_ASSERT_EQUAL(code, ERROR_PROTOCOL);
    }
}

static void json_refuses_every_cut(void)
{
    static const char text[] = "[{\"text\":\"abc\",\"n\":[1,{\"k\":2}]},{\"text\":\"de\",\"m\":{\"a\":[]}}]";
    struct visit visit;
    CU_ASSERT_EQUAL(visit_document(text, strlen(text), &visit), 0);
    for (size_t size = 0; size < strlen(text); size++)
        CU_ASSERT_EQUAL(visit_document(text, size, &visit), ERROR_PROTOCOL);
}

static void json_bounds_size_and_depth(void)
{
    struct visit visit;
    char *large = malloc(JSON_SIZE_MAX + 2);
    CU_ASSERT_FATAL(large != NULL);
    memset(large, ' ', JSON_SIZE_MAX + 2);
    memcpy(large, "[]", 2);
    CU_ASSERT_EQUAL(visit_document(large, JSON_SIZE_MAX, &visit), 0);
    CU_ASSERT_EQUAL(visit_document(large, JSON_SIZE_MAX + 1, &visit), ERROR_PROTOCOL);
    size_t depth = 500000; /* skipped without recursion */
    memcpy(large, "{\"a\":", 5);
    memset(large + 5, '[', depth);
    memset(large + 5 + depth, ']', depth);
    large[5 + 2 * depth] = '}';
    int code = visit_document(large, 6 + 2 * depth, &visit);
    CU_ASSERT(code == 0 || code == ERROR_PROTOCOL);
    CU_ASSERT_EQUAL(visit_document(large, 5 + depth, &visit), ERROR_PROTOCOL);
    free(large);
}

static int take_numbers(void *user, size_t index, struct json_value element)
{
    struct decimal *out = user;
    (void)index;
    return json_decimal(element, out);
}

static int take_integer(void *user, size_t index, struct json_value element)
{
    (void)index;
    return json_integer(element, user);
}

static void json_numbers_are_exact(void)
{
    struct json_value root;
    struct decimal decimal = {0};
    static const struct {
        const char *text;
        int64_t mantissa;
        uint8_t scale;
        int code;
    } cases[] = {
        {"[\"0.00000111\"]", 111, 8, 0},         {"[0.10 ]", 1, 1, 0},
        {"[9007199254740993]", 9007199254740993, 0, 0}, {"[\"9223372036854775807\"]", INT64_MAX, 0, 0},
        {"[-1.5\n]", -15, 1, 0},                 {"[\"2e-08\"]", 0, 0, ERROR_PROTOCOL},
        {"[2e-08]", 0, 0, ERROR_PROTOCOL},       {"[\"NaN\"]", 0, 0, ERROR_PROTOCOL},
        {"[NaN]", 0, 0, ERROR_PROTOCOL},         {"[null]", 0, 0, ERROR_PROTOCOL},
        {"[true]", 0, 0, ERROR_PROTOCOL},        {"[\"\"]", 0, 0, ERROR_PROTOCOL},
        {"[\" 1\"]", 0, 0, ERROR_PROTOCOL},      {"[\"+1\"]", 0, 0, ERROR_PROTOCOL},
        {"[1x]", 0, 0, ERROR_PROTOCOL},          {"[\"Infinity\"]", 0, 0, ERROR_PROTOCOL},
        {"[\"0.123456789012345678901234567891\"]", 0, 0, ERROR_PROTOCOL},
        {"[\"123456789012345678901234567890\"]", 0, 0, ERROR_PROTOCOL},
        {"[{}]", 0, 0, ERROR_PROTOCOL},          {"[\"1.\"]", 0, 0, ERROR_PROTOCOL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int code = json_parse(cases[i].text, strlen(cases[i].text), &root);
        if (code == 0)
            code = json_each_element(root, take_numbers, &decimal);
        CU_ASSERT_EQUAL(code, cases[i].code);
        if (code == 0) {
            CU_ASSERT_EQUAL(decimal.mantissa, cases[i].mantissa);
            CU_ASSERT_EQUAL(decimal.scale, cases[i].scale);
        }
    }
    int64_t integer = 0;
    CU_ASSERT_FATAL(json_parse("[1.5]", 5, &root) == 0);
    CU_ASSERT_EQUAL(json_each_element(root, take_integer, &integer), ERROR_PROTOCOL);
    CU_ASSERT_FATAL(json_parse("[\"17\"]", 6, &root) == 0);
    CU_ASSERT_EQUAL(json_each_element(root, take_integer, &integer), 0);
    CU_ASSERT_EQUAL(integer, 17);
}

/* requests */

static void requests_are_as_documented(void)
{
    const struct exchange *exchange = binance();
    struct exchange_request request;
    CU_ASSERT_FATAL(exchange->time_request(base, &request) == 0);
    CU_ASSERT_STRING_EQUAL(request.url, "https://exchange.test/api/v3/time");
    CU_ASSERT_EQUAL(request.weight, 1);
    CU_ASSERT_FATAL(exchange->instruments_request(base, &request) == 0);
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
    CU_ASSERT_FATAL(exchange->candles_request(base, "BTCUSDT", 300, 1734739200000, 1734739800000, &request) == 0);
    CU_ASSERT_STRING_EQUAL(request.url,
                           "https://exchange.test/api/v3/klines?symbol=BTCUSDT&interval=5m&startTime=1734739200000"
                           "&endTime=1734739800000&limit=3");
    CU_ASSERT_FATAL(exchange->candles_request(base, "BTCUSDT", 60, 0, 1734739800000, &request) == 0);
    CU_ASSERT(strstr(request.url, "&limit=1000") != NULL);
    CU_ASSERT_EQUAL(exchange->candles_request(base, "BTCUSDT", 61, 0, 60000, &request), ERROR_ARGUMENT);
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
        {429, "{\"code\":-1003,\"msg\":\"Too much request weight used\"}", EXCHANGE_SLOW},
        {418, "{\"code\":-1003,\"msg\":\"Way too much request weight used\"}", EXCHANGE_BANNED},
        {418, "", EXCHANGE_BANNED},
        {429, "<html>", EXCHANGE_SLOW},
        {403, "<html>", EXCHANGE_SLOW},
        {400, "{\"code\":-1003,\"msg\":\"Too many requests\"}", EXCHANGE_SLOW},
        {400, "{\"code\":-1121,\"msg\":\"Invalid symbol.\"}", EXCHANGE_REFUSED},
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
        CU_ASSERT_EQUAL(binance()->judge(&answer), EXCHANGE_REFUSED);
        CU_ASSERT(strstr(error_message(), cases[i].words) != NULL);
        recording_release(&answer);
    }
    struct exchange_answer page;
    if (recording_read("_generic/html_instead_of_json_x-rates.txt", 200, &page)) {
        struct rows rows = {.interval_s = 60};
        CU_ASSERT_EQUAL(binance()->read_candles(&page, 60, keep_candle, &rows), ERROR_PROTOCOL);
        CU_ASSERT_EQUAL(binance()->read_tickers(&page, keep_ticker, &rows), ERROR_PROTOCOL);
        CU_ASSERT_EQUAL(binance()->read_instruments(&page, keep_instrument, &rows), ERROR_PROTOCOL);
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
        CU_ASSERT_EQUAL(binance()->read_instruments(&answer, keep_instrument, &rows), 0);
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
    CU_ASSERT_EQUAL(binance()->read_instruments(&answer, keep_instrument, &rows), 0);
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
        CU_ASSERT_EQUAL(binance()->read_tickers(&answer, keep_ticker, &rows), 0);
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
        CU_ASSERT_EQUAL(read_klines(answer.body, answer.size, cases[i].interval_s * 2, &rows), ERROR_PROTOCOL);
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
    struct decimal theirs;
    CU_ASSERT_FATAL(column < 6 && json_decimal(value, &theirs) == 0);
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

/* hostile answers */

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
        KLINE("\"1\"", "\"2\"", "\"2e-08\"", "\"1\"", "\"1\""),
        KLINE("\"1\"", "\"2\"", "2e-08", "\"1\"", "\"1\""),
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
        "[[60000,\"1\",\"1\",\"1\",\"1\",\"1\",119999],[60000,\"1\",\"1\",\"1\",\"1\",\"1\",119999]]",
        "[[120000,\"1\",\"1\",\"1\",\"1\",\"1\",179999],[60000,\"1\",\"1\",\"1\",\"1\",\"1\",119999]]",
        "[{\"open\":1}]",
        "{\"code\":-1121,\"msg\":\"Invalid symbol.\"}",
        "[60000,\"1\",\"1\",\"1\",\"1\",\"1\",119999]",
        "null",
        "",
    };
    static struct rows rows;
    for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++) {
        int code = read_klines(bodies[i], strlen(bodies[i]), 60, &rows);
        if (code != ERROR_PROTOCOL)
            printf("taken: %s\n", bodies[i]);
        CU_ASSERT_EQUAL(code, ERROR_PROTOCOL);
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
        CU_ASSERT_EQUAL(read_klines(body, used, 60, &rows), count <= EXCHANGE_CANDLES_MAX ? 0 : ERROR_PROTOCOL);
        CU_ASSERT_EQUAL(rows.count, EXCHANGE_CANDLES_MAX);
    }
    free(body);
}

static void a_code_of_the_receiver_stops_the_reading(void)
{
    struct exchange_answer answer = answer_of(200, KLINE("\"1\"", "\"2\"", "\"1\"", "\"1\"", "\"1\""));
    CU_ASSERT_EQUAL(binance()->read_candles(&answer, 60, stop_at_once, NULL), ERROR_FULL);
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
        CU_ASSERT_EQUAL(binance()->read_tickers(&answer, keep_ticker, &rows), ERROR_PROTOCOL);
        CU_ASSERT_EQUAL(rows.count, 0);
    }
    struct rows rows = {.wanted = "AB"};
    struct exchange_answer answer =
        answer_of(200, "[{\"lastPrice\":3.5,\"askPrice\":\"4.00\",\"x\":[{\"symbol\":1}],\"symbol\":\"AB\","
                       "\"bidPrice\":\"3\"},{\"symbol\":\"a b\",\"bidPrice\":1,\"askPrice\":1,\"lastPrice\":1}]");
    CU_ASSERT_EQUAL(binance()->read_tickers(&answer, keep_ticker, &rows), 0);
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
        SYMBOL(PRICE("null")), SYMBOL(PRICE("\"-0.01\"")), SYMBOL(PRICE("\"1e-2\"")), SYMBOL("{\"tickSize\":\"1\"}"),
        SYMBOL("7"), SYMBOL("{\"filterType\":\"NOTIONAL\",\"minNotional\":\"1000000000000\"}"),
        "{\"symbols\":[{\"symbol\":\"AB\",\"baseAsset\":\"A\",\"quoteAsset\":\"B\",\"filters\":[]}]}",
        "{\"symbols\":[{\"symbol\":null,\"status\":\"TRADING\",\"baseAsset\":\"A\",\"quoteAsset\":\"B\","
        "\"filters\":[]}]}",
    };
    for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++) {
        struct rows rows = {0};
        struct exchange_answer answer = answer_of(200, bodies[i]);
        int code = binance()->read_instruments(&answer, keep_instrument, &rows);
        if (code != ERROR_PROTOCOL)
            printf("taken: %s\n", bodies[i]);
        CU_ASSERT_EQUAL(code, ERROR_PROTOCOL);
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
        CU_ASSERT_EQUAL(binance()->read_instruments(&answer, keep_instrument, &rows), 0);
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
    CU_ASSERT_EQUAL(binance()->read_instruments(&answer, keep_instrument, &rows), 0);
    CU_ASSERT_EQUAL(rows.count, 2);
    CU_ASSERT_EQUAL(rows.trading, 0);
    CU_ASSERT_STRING_EQUAL(rows.instrument.symbol, "OK");
}

/* Every body that is cut anywhere is an error. */
static void cut_bodies_are_refused(void)
{
    static const char candles[] = KLINE("\"1\"", "\"2\"", "\"1\"", "\"1\"", "\"1\"");
    static const char tickers[] = "[{\"symbol\":\"A\",\"bidPrice\":\"1\",\"askPrice\":\"1\",\"lastPrice\":\"1\"},"
                                  "{\"symbol\":\"B\",\"bidPrice\":\"1\",\"askPrice\":\"1\",\"lastPrice\":\"1\"}]";
    static const char instruments[] = SYMBOL(PRICE("\"0.01\"") "," LOT("\"1\"", "\"1\"", "\"5\""));
    static const char time[] = "{\"serverTime\":1616592268319}";
    static struct rows rows;
    const struct exchange *exchange = binance();
    for (size_t size = 0; size < strlen(candles); size++)
        CU_ASSERT_EQUAL(read_klines(candles, size, 60, &rows), ERROR_PROTOCOL);
    for (size_t size = 0; size < strlen(tickers); size++) {
        struct exchange_answer answer = {200, tickers, size, -1, -1};
        CU_ASSERT_EQUAL(exchange->read_tickers(&answer, keep_ticker, &rows), ERROR_PROTOCOL);
    }
    for (size_t size = 0; size < strlen(instruments); size++) {
        struct exchange_answer answer = {200, instruments, size, -1, -1};
        CU_ASSERT_EQUAL(exchange->read_instruments(&answer, keep_instrument, &rows), ERROR_PROTOCOL);
    }
    for (size_t size = 0; size < strlen(time); size++) {
        struct exchange_answer answer = {200, time, size, -1, -1};
        int64_t time_ms = -1;
        CU_ASSERT_EQUAL(exchange->read_time(&answer, &time_ms), ERROR_PROTOCOL);
        CU_ASSERT_EQUAL(time_ms, -1);
    }
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

/* Bytes changed at random never do more than fail, and what is taken is within bounds. */
static void damaged_bodies_do_no_harm(void)
{
    static const char body[] = KLINE("\"0.5\"", "\"2.25\"", "\"0.125\"", "\"1\"", "\"100.00\"");
    static struct rows rows;
    char damaged[sizeof body];
    for (int round = 0; round < 20000; round++) {
        memcpy(damaged, body, sizeof body);
        for (unsigned long long i = 0; i <= test_random() % 3; i++)
            damaged[test_random() % (sizeof body - 1)] = (char)(test_random() & 0xff);
        int code = read_klines(damaged, sizeof body - 1, 60, &rows);
        CU_ASSERT(code == 0 || code == ERROR_PROTOCOL);
        CU_ASSERT(rows.count <= 1);
    }
}

const char *const suite_name = "exchange";

const struct test suite_tests[] = {
    {"a JSON document is walked", json_walks_a_document},
    {"what is no JSON is refused", json_refuses_what_is_none},
    {"a JSON document is refused wherever it is cut", json_refuses_every_cut},
    {"JSON is bounded in size and depth", json_bounds_size_and_depth},
    {"JSON numbers are exact", json_numbers_are_exact},
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
    {"candles keep every digit", candles_keep_every_digit},
    {"hostile candles are refused", hostile_candles_are_refused},
    {"impossible candles are left to the check", impossible_candles_are_left_to_the_check},
    {"more candles than asked for are refused", more_candles_than_asked_for_are_refused},
    {"a code of the receiver stops the reading", a_code_of_the_receiver_stops_the_reading},
    {"hostile tickers are refused", hostile_tickers_are_refused},
    {"hostile instruments are refused", hostile_instruments_are_refused},
    {"filters are read in both generations", filters_are_read_in_both_generations},
    {"unnameable symbols are passed over", unnameable_symbols_are_passed_over},
    {"cut bodies are refused", cut_bodies_are_refused},
    {"hostile times are refused", hostile_times_are_refused},
    {"damaged bodies do no harm", damaged_bodies_do_no_harm},
    {NULL, NULL},
};
