/* What holds for every adapter: answers that are cut off, damaged or of somebody else never do more than fail. */
/* SPDX-License-Identifier: MIT */
#include "lib/base/interval.h"
#include "lib/exchange/exchange.h"
#include "tests/harness.h"
#include "tests/unit/exchange_rows.h"
#include "tests/unit/recording.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What Binance answers, and the simulated exchange. */
#define BINANCE_ANSWERS                                                                                                \
    "{\"serverTime\":1616592268319}",                                                                                  \
    "{\"symbols\":[{\"symbol\":\"AB\",\"status\":\"TRADING\",\"baseAsset\":\"A\",\"quoteAsset\":\"B\",\"filters\":["   \
    "{\"filterType\":\"PRICE_FILTER\",\"tickSize\":\"0.01\"},"                                                         \
    "{\"filterType\":\"LOT_SIZE\",\"stepSize\":\"1\",\"minQty\":\"1\",\"maxQty\":\"5\"}]},"                            \
    "{\"symbol\":\"CB\",\"status\":\"BREAK\",\"baseAsset\":\"C\",\"quoteAsset\":\"B\",\"filters\":[]}]}",              \
    "[{\"symbol\":\"AB\",\"bidPrice\":\"1\",\"askPrice\":\"1\",\"lastPrice\":\"1\",\"quoteVolume\":\"5\"},"            \
    "{\"symbol\":\"CB\",\"bidPrice\":\"1.5\",\"askPrice\":\"2\",\"lastPrice\":\"1\"}]",                                \
    "[[60000,\"1\",\"2\",\"1\",\"1.5\",\"7\",119999,\"1\",2,\"1\",\"1\",\"0\"],"                                       \
    "[120000,\"1\",\"2\",\"1\",\"1.5\",\"7\",179999,\"1\",2,\"1\",\"1\",\"0\"]]"

/* A good answer for each reader, of two rows where there are rows. */
static const struct sample {
    const char *exchange, *time, *instruments, *tickers, *candles;
} samples[] = {
    {"binance", BINANCE_ANSWERS},
    {"simulated", BINANCE_ANSWERS},
    {"kraken", "{\"error\":[],\"result\":{\"unixtime\":1577873240,\"rfc1123\":\"x\"}}",
     "{\"error\":[],\"result\":{\"AB\":{\"wsname\":\"A/B\",\"base\":\"A\",\"pair_decimals\":1,\"lot_decimals\":8,"
     "\"ordermin\":\"0.1\"},\"CB\":{\"wsname\":\"C/B\",\"base\":\"C\",\"pair_decimals\":2,\"lot_decimals\":8,"
     "\"status\":\"online\"}}}",
     "{\"error\":[],\"result\":{\"AB\":{\"a\":[\"1\",\"1\"],\"b\":[\"1\",\"1\"],\"c\":[\"1\",\"1\"],"
     "\"v\":[\"1\",\"2\"],\"p\":[\"1\",\"2\"]},\"CB\":{\"a\":[\"2\"],\"b\":[\"1.5\"],\"c\":[\"1\"]}}}",
     "{\"error\":[],\"result\":{\"AB\":[[60,\"1\",\"2\",\"1\",\"1.5\",\"1\",\"7\",2],"
     "[120,\"1\",\"2\",\"1\",\"1.5\",\"1\",\"7\",2]],\"last\":60}}"},
    {"okx", "{\"code\":\"0\",\"msg\":\"\",\"data\":[{\"ts\":\"1597026383085\"}]}",
     "{\"code\":\"0\",\"msg\":\"\",\"data\":[{\"instId\":\"A-B\",\"baseCcy\":\"A\",\"quoteCcy\":\"B\",\"tickSz\":\"0.01\","
     "\"lotSz\":\"0.1\",\"minSz\":\"1\",\"maxLmtSz\":\"\",\"state\":\"live\",\"instType\":\"SPOT\"},"
     "{\"instId\":\"C-B\",\"baseCcy\":\"C\",\"quoteCcy\":\"B\",\"tickSz\":\"0.01\",\"lotSz\":\"0.1\",\"minSz\":\"1\","
     "\"maxLmtSz\":\"5\",\"state\":\"suspend\",\"instType\":\"SPOT\"}]}",
     "{\"code\":\"0\",\"msg\":\"\",\"data\":[{\"instType\":\"SPOT\",\"instId\":\"A-B\",\"last\":\"1\",\"askPx\":\"1\","
     "\"bidPx\":\"1\",\"volCcy24h\":\"5\",\"ts\":\"1\"},{\"instType\":\"SPOT\",\"instId\":\"C-B\",\"last\":\"1\","
     "\"askPx\":\"2\",\"bidPx\":\"1.5\",\"volCcy24h\":\"5\",\"ts\":\"1\"}]}",
     "{\"code\":\"0\",\"msg\":\"\",\"data\":[[\"120000\",\"1\",\"2\",\"1\",\"1.5\",\"7\",\"1\",\"1\",\"0\"],"
     "[\"60000\",\"1\",\"2\",\"1\",\"1.5\",\"7\",\"1\",\"1\",\"1\"]]}"},
    {"bybit",
     "{\"retCode\":0,\"retMsg\":\"OK\",\"result\":{\"timeSecond\":\"1688639403\",\"timeNano\":\"1688639403423213947\"},"
     "\"retExtInfo\":{},\"time\":1688639403423}",
     "{\"retCode\":0,\"retMsg\":\"OK\",\"result\":{\"category\":\"spot\",\"list\":[{\"symbol\":\"AB\",\"baseCoin\":\"A\","
     "\"quoteCoin\":\"B\",\"status\":\"Trading\",\"lotSizeFilter\":{\"basePrecision\":\"0.1\",\"minOrderQty\":\"1\","
     "\"maxLimitOrderQty\":\"5\",\"minOrderAmt\":\"5\"},\"priceFilter\":{\"tickSize\":\"0.01\"}},{\"symbol\":\"CB\","
     "\"baseCoin\":\"C\",\"quoteCoin\":\"B\",\"status\":\"Trading\",\"lotSizeFilter\":{\"basePrecision\":\"0.1\","
     "\"minOrderQty\":\"1\",\"maxOrderQty\":\"5\",\"minOrderAmt\":\"5\"},\"priceFilter\":{\"tickSize\":\"0.01\"}}]},"
     "\"retExtInfo\":{},\"time\":1}",
     "{\"retCode\":0,\"retMsg\":\"OK\",\"result\":{\"category\":\"spot\",\"list\":[{\"symbol\":\"AB\",\"bid1Price\":\"1\","
     "\"ask1Price\":\"1\",\"lastPrice\":\"1\",\"turnover24h\":\"5\"},{\"symbol\":\"CB\",\"bid1Price\":\"1.5\","
     "\"ask1Price\":\"2\",\"lastPrice\":\"1\",\"turnover24h\":\"5\"}]},\"retExtInfo\":{},\"time\":1}",
     "{\"retCode\":0,\"retMsg\":\"OK\",\"result\":{\"category\":\"spot\",\"symbol\":\"AB\",\"list\":["
     "[\"120000\",\"1\",\"2\",\"1\",\"1.5\",\"7\",\"1\"],[\"60000\",\"1\",\"2\",\"1\",\"1.5\",\"7\",\"1\"]]},"
     "\"retExtInfo\":{},\"time\":1}"},
    {"coinbase", "{\"iso\":\"x\",\"epochSeconds\":\"1701129622\",\"epochMillis\":\"1701129622115\"}",
     "{\"products\":[{\"product_id\":\"A-B\",\"base_currency_id\":\"A\",\"quote_currency_id\":\"B\",\"status\":\"online\","
     "\"quote_increment\":\"0.01\",\"base_increment\":\"0.001\",\"base_min_size\":\"0.1\"},"
     "{\"product_id\":\"C-B\",\"base_currency_id\":\"C\",\"quote_currency_id\":\"B\",\"status\":\"\","
     "\"quote_increment\":\"0.01\",\"base_increment\":\"0.001\",\"base_min_size\":\"0.1\"}],\"num_products\":2}",
     "{\"products\":[{\"product_id\":\"A-B\",\"price\":\"1\",\"volume_24h\":\"3\"},"
     "{\"product_id\":\"C-B\",\"price\":\"1\",\"best_bid_price\":\"1.5\",\"best_ask_price\":\"2\"}]}",
     "{\"candles\":[{\"start\":\"120\",\"low\":\"1\",\"high\":\"2\",\"open\":\"1\",\"close\":\"1.5\",\"volume\":\"7\"},"
     "{\"start\":\"60\",\"low\":\"1\",\"high\":\"2\",\"open\":\"1\",\"close\":\"1.5\",\"volume\":\"7\"}]}"},
};

enum { SAMPLES = sizeof samples / sizeof samples[0], READERS = 4 };

static const char *sample_of(const struct sample *sample, int reader)
{
    const char *const bodies[READERS] = {sample->time, sample->instruments, sample->tickers, sample->candles};
    return bodies[reader];
}

/* Reads `size` bytes with a reader, in the order of the members of struct sample; how many rows it found. */
static int read_with(const struct exchange *exchange, int reader, const char *body, size_t size, size_t *rows_found)
{
    static struct rows rows;
    struct exchange_answer answer = {200, body, size, -1, -1};
    int64_t time_ms = 0;
    int code = 0;
    rows = (struct rows){.interval_s = 60};
    switch (reader) {
    case 0: code = exchange->read_time(&answer, &time_ms); break;
    case 1: code = exchange->read_instruments(&answer, keep_instrument, note_refused, &rows, next_page); break;
    case 2: code = exchange->read_tickers(&answer, keep_ticker, note_refused, &rows); break;
    default: code = exchange->read_candles(&answer, 60, keep_candle, note_refused, &rows); break;
    }
    CU_ASSERT((code == 0) == (time_ms > 0) || reader != 0);
    *rows_found = rows.count;
    return code;
}

static const struct exchange *adapter_of(const struct sample *sample)
{
    const struct exchange *exchange = NULL;
    CU_ASSERT_FATAL(exchange_find(sample->exchange, &exchange) == 0);
    return exchange;
}

static void every_adapter_has_samples(void)
{
    CU_ASSERT_EQUAL(SAMPLES, exchange_count);
    for (size_t i = 0; i < SAMPLES; i++)
        for (int reader = 0; reader < READERS; reader++) {
            const char *body = sample_of(&samples[i], reader);
            struct exchange_answer answer = answer_of(200, body);
            size_t rows;
            CU_ASSERT_EQUAL(adapter_of(&samples[i])->judge(&answer), EXCHANGE_OK);
            CU_ASSERT_EQUAL(read_with(adapter_of(&samples[i]), reader, body, strlen(body), &rows), 0);
            CU_ASSERT_EQUAL(rows, reader == 0 ? 0 : 2);
        }
}

static void what_every_adapter_promises(void)
{
    for (size_t i = 0; i < exchange_count; i++) {
        const struct exchange *exchange = exchanges[i];
        struct exchange_request request;
        CU_ASSERT(exchange->weight_limit > 0 && exchange->weight_window_ms > 0);
        CU_ASSERT(exchange->candles_per_call > 0 && exchange->candles_per_call <= EXCHANGE_CANDLES_MAX);
        CU_ASSERT(exchange->tickers_per_call >= 0 && exchange->candles_reach >= 0);
        CU_ASSERT((strncmp(exchange->base_url, "https://", 8) == 0) != (strcmp(exchange->name, EXCHANGE_SIMULATED) == 0));
        for (const uint32_t *interval = exchange->intervals; *interval != 0; interval++) {
            CU_ASSERT(interval_name(*interval) != NULL && (interval[1] == 0 || interval[1] > interval[0]));
            CU_ASSERT_EQUAL(exchange->candles_request("https://e.test", "A", *interval, 0, 0, 1, &request), 0);
            CU_ASSERT(request.weight > 0 && request.weight <= exchange->weight_limit);
        }
        CU_ASSERT_EQUAL(exchange->candles_request("https://e.test", "A", 61, 0, 0, 1, &request), ERROR_ARGUMENT);
        CU_ASSERT_EQUAL(exchange->candles_request("https://e.test", "A", 30, 0, 0, 1, &request), ERROR_ARGUMENT);
    }
}

static void the_most_symbols_of_a_call_fit(void)
{
    char long_base[200];
    const char *symbols[1000];
    memset(long_base, 'a', sizeof long_base - 1);
    long_base[sizeof long_base - 1] = '\0';
    for (size_t i = 0; i < sizeof symbols / sizeof symbols[0]; i++)
        symbols[i] = "ABCDEFGHIJKLMNOPQRSTUVW";
    for (size_t i = 0; i < exchange_count; i++) {
        struct exchange_request request;
        CU_ASSERT_FATAL(exchanges[i]->tickers_per_call <= 1000);
        CU_ASSERT_EQUAL(exchanges[i]->tickers_request(long_base, symbols, (size_t)exchanges[i]->tickers_per_call, &request),
                        0);
    }
}

/* However far it came: a body that is cut off is no answer. Nor is it judged worse than to be asked for again. */
static void cut_bodies_are_refused(void)
{
    for (size_t i = 0; i < SAMPLES; i++)
        for (int reader = 0; reader < READERS; reader++) {
            const char *body = sample_of(&samples[i], reader);
            for (size_t size = 0; size < strlen(body); size++) {
                struct exchange_answer answer = {200, body, size, -1, -1};
                enum exchange_verdict verdict = adapter_of(&samples[i])->judge(&answer);
                size_t rows;
                CU_ASSERT(verdict == EXCHANGE_OK || verdict == EXCHANGE_RETRY);
                CU_ASSERT_EQUAL(read_with(adapter_of(&samples[i]), reader, body, size, &rows), ERROR_PROTOCOL);
            }
        }
}

/* Something behind the answer makes it none. */
static void bodies_with_more_behind_them_are_refused(void)
{
    static const char *const tails[] = {"}", "]", ",{}", "{}", "x]", "\x01}"};
    for (size_t i = 0; i < SAMPLES; i++)
        for (int reader = 0; reader < READERS; reader++)
            for (size_t tail = 0; tail < sizeof tails / sizeof tails[0]; tail++) {
                char body[2000];
                size_t rows;
                int length = snprintf(body, sizeof body, "%s%s", sample_of(&samples[i], reader), tails[tail]);
                CU_ASSERT_FATAL(length > 0 && (size_t)length < sizeof body);
                CU_ASSERT_EQUAL(read_with(adapter_of(&samples[i]), reader, body, (size_t)length, &rows), ERROR_PROTOCOL);
            }
}

/* Bytes changed at random never do more than fail, and what is taken is within bounds. */
static void damaged_bodies_do_no_harm(void)
{
    char damaged[2000];
    for (int round = 0; round < 40000; round++) {
        const struct sample *sample = &samples[test_random() % SAMPLES];
        int reader = (int)(test_random() % READERS);
        size_t size = strlen(sample_of(sample, reader)), rows;
        CU_ASSERT_FATAL(size < sizeof damaged);
        memcpy(damaged, sample_of(sample, reader), size);
        for (unsigned long long i = 0; i <= test_random() % 3; i++)
            damaged[test_random() % size] = (char)(test_random() & 0xff);
        struct exchange_answer answer = {200, damaged, size, -1, -1};
        (void)adapter_of(sample)->judge(&answer);
        int code = read_with(adapter_of(sample), reader, damaged, size, &rows);
        CU_ASSERT(code == 0 || code == ERROR_PROTOCOL);
        CU_ASSERT(rows <= 2);
    }
}

/* Pages of proxies, and answers of other exchanges. */
static void other_answers_are_refused(void)
{
    static const char *const bodies[] = {"", "<html><body>403</body></html>", "Unauthorized", "null", "[]", "{}", "7",
                                         "{\"error\":[]}", "{\"code\":\"0\",\"data\":{}}", "{\"retCode\":0}"};
    for (size_t i = 0; i < SAMPLES; i++)
        for (int reader = 0; reader < READERS; reader++) {
            size_t rows;
            for (size_t body = 0; body < sizeof bodies / sizeof bodies[0]; body++) {
                int code = read_with(adapter_of(&samples[i]), reader, bodies[body], strlen(bodies[body]), &rows);
                CU_ASSERT(rows == 0 && (code != 0 || strcmp(bodies[body], "[]") == 0));
            }
            for (size_t other = 0; other < SAMPLES; other++)
                if (strcmp(samples[other].time, samples[i].time) != 0)
                    CU_ASSERT(read_with(adapter_of(&samples[i]), reader, sample_of(&samples[other], reader),
                                        strlen(sample_of(&samples[other], reader)), &rows) == ERROR_PROTOCOL);
        }
}

static int stop_instrument(void *user, const struct instrument *row)
{
    (void)row;
    return *(int *)user;
}

static int stop_ticker(void *user, const struct exchange_ticker *row)
{
    (void)row;
    return *(int *)user;
}

static int stop_candle(void *user, const struct candle *row)
{
    (void)row;
    return *(int *)user;
}

static void a_code_of_the_receiver_stops_the_reading(void)
{
    int stop = ERROR_FULL;
    for (size_t i = 0; i < SAMPLES; i++) {
        const struct exchange *exchange = adapter_of(&samples[i]);
        struct exchange_answer instruments = answer_of(200, samples[i].instruments);
        struct exchange_answer tickers = answer_of(200, samples[i].tickers);
        struct exchange_answer candles = answer_of(200, samples[i].candles);
        CU_ASSERT_EQUAL(exchange->read_instruments(&instruments, stop_instrument, NULL, &stop, next_page), ERROR_FULL);
        CU_ASSERT_EQUAL(exchange->read_tickers(&tickers, stop_ticker, NULL, &stop), ERROR_FULL);
        CU_ASSERT_EQUAL(exchange->read_candles(&candles, 60, stop_candle, NULL, &stop), ERROR_FULL);
    }
}

const char *const suite_name = "exchanges, every adapter";

const struct test suite_tests[] = {
    {"every adapter has samples", every_adapter_has_samples},
    {"what every adapter promises", what_every_adapter_promises},
    {"the most symbols of a call fit", the_most_symbols_of_a_call_fit},
    {"cut bodies are refused", cut_bodies_are_refused},
    {"bodies with more behind them are refused", bodies_with_more_behind_them_are_refused},
    {"damaged bodies do no harm", damaged_bodies_do_no_harm},
    {"other answers are refused", other_answers_are_refused},
    {"a code of the receiver stops the reading", a_code_of_the_receiver_stops_the_reading},
    {NULL, NULL},
};
