/* The streams of Kraken and Coinbase: what they send, and their reading of documented and hostile messages. */
/* SPDX-License-Identifier: MIT */
#include "lib/exchange/stream.h"
#include "tests/harness.h"
#include "tests/unit/recording.h"
#include "tests/unit/said.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct instrument btcusd = {.symbol = "XXBTZUSD", .base_asset = "BTC", .quote_asset = "USD"};
static const struct instrument dogeeur = {.symbol = "XDGEUR", .base_asset = "DOGE", .quote_asset = "EUR"};
static const struct instrument product = {.symbol = "BTC-USD", .base_asset = "BTC", .quote_asset = "USD"};

/* Kraken */

static void kraken_is_subscribed_to(void)
{
    const struct exchange_stream *stream = adapter("kraken")->stream;
    const struct stream_topic candles[] = {{STREAM_CANDLES, 300, &btcusd}, {STREAM_CANDLES, 300, &dogeeur}};
    const struct stream_topic tickers[] = {{STREAM_TICKERS, 0, &btcusd}};
    char text[STREAM_MESSAGE_SIZE], name[STREAM_NAME_SIZE];
    CU_ASSERT_EQUAL(stream->subscribe(candles, 2, true, 7, text), 0);
    CU_ASSERT_STRING_EQUAL(text, "{\"method\":\"subscribe\",\"params\":{\"channel\":\"ohlc\",\"symbol\":[\"BTC/USD\","
                                 "\"DOGE/EUR\"],\"interval\":5},\"req_id\":7}");
    CU_ASSERT_EQUAL(stream->subscribe(tickers, 1, false, 8, text), 0);
    CU_ASSERT_STRING_EQUAL(text, "{\"method\":\"unsubscribe\",\"params\":{\"channel\":\"ticker\",\"symbol\":"
                                 "[\"BTC/USD\"]},\"req_id\":8}");
    CU_ASSERT_EQUAL(stream->stream_name(&dogeeur, name), 0);
    CU_ASSERT_STRING_EQUAL(name, "DOGE/EUR");
    CU_ASSERT(stream->has_interval(60) && stream->has_interval(86400) && !stream->has_interval(7200));
}

static void a_name_that_does_not_fit_is_refused(void)
{
    static const struct instrument longest = {.symbol = "A", .base_asset = "ABCDEFGHIJKLMNOPQRSTUVW",
                                              .quote_asset = "ABCDEFGHIJKLMNOPQRSTUVW"};
    const struct stream_topic topic = {STREAM_TICKERS, 0, &longest};
    char text[STREAM_MESSAGE_SIZE], name[STREAM_NAME_SIZE];
    CU_ASSERT_EQUAL(adapter("kraken")->stream->stream_name(&longest, name), ERROR_RANGE);
    CU_ASSERT_EQUAL(adapter("kraken")->stream->subscribe(&topic, 1, true, 1, text), ERROR_RANGE);
}

static void kraken_documented_messages_are_read(void)
{
    static const char *const values[] = {"106038.2", "106044.3", "106038.1", "106040.1", "30927.68066226"};
    struct said said;
    if (!hear_file("kraken", "kraken/nautilus_v2_ws_ticker_snapshot.json", &said))
        return;
    CU_ASSERT_EQUAL(said.tickers, 1);
    CU_ASSERT_STRING_EQUAL(said.name, "BTC/USD");
    check_prices(&said.ticker, "105944.2", "105944.3", "105899.4");
    CU_ASSERT_EQUAL(said.ticker.ticker.time_ms, 1671960659123);
    CU_ASSERT_DOUBLE_EQUAL(said.ticker.quote_volume, 163.28908096 * 105904.39279, 0.1);
    CU_ASSERT(hear_file("kraken", "kraken/nautilus_v2_ws_ohlc_update.json", &said));
    CU_ASSERT(said.candles == 1 && !said.closed && said.interval_s == 60);
    CU_ASSERT_STRING_EQUAL(said.name, "BTC/USD");
    check_candle(&said.candle, 1696436700000, values);
    CU_ASSERT(hear_file("kraken", "kraken/nautilus_v2_ws_subscribe_response.json", &said));
    CU_ASSERT(said.answers == 1 && said.accepted && said.id == 1);
    CU_ASSERT(hear_file("kraken", "kraken/nautilus_v2_ws_pong.json", &said));
    CU_ASSERT(said.pongs == 1 && said.answers == 0);
}

#define CANDLE_ROW(begin, interval) \
    "{\"symbol\":\"BTC/USD\",\"open\":1,\"high\":2.5,\"low\":1,\"close\":2,\"trades\":1,\"volume\":3,\"vwap\":1.5," \
    "\"interval_begin\":\"" begin "\",\"interval\":" interval ",\"timestamp\":\"2024-02-29T00:05:00Z\"}"

static void kraken_snapshots_and_words_beside_are_read(void)
{
    static const char *const values[] = {"1", "2.5", "1", "2", "3"};
    struct said said;
    CU_ASSERT_EQUAL(hear("kraken", "{\"data\":[" CANDLE_ROW("2024-02-28T23:55:00Z", "5") ","
                                   CANDLE_ROW("2024-02-29T00:00:00.5Z", "5") "],\"channel\":\"ohlc\","
                                   "\"type\":\"snapshot\"}", &said), 0);
    CU_ASSERT(said.candles == 2 && said.interval_s == 300);
    check_candle(&said.candle, 1709164800500, values);
    CU_ASSERT_EQUAL(hear("kraken", "{\"channel\":\"heartbeat\"}", &said), 0);
    says_nothing(&said);
    CU_ASSERT_EQUAL(hear("kraken", "{\"channel\":\"status\",\"type\":\"update\",\"data\":[{\"api_version\":\"v2\","
                                   "\"connection_id\":1,\"system\":\"online\",\"version\":\"2.0.0\"}]}", &said), 0);
    says_nothing(&said);
}

static void kraken_answers_are_told(void)
{
    struct said said;
    CU_ASSERT_EQUAL(hear("kraken", "{\"error\":\"Currency pair not supported A/B\",\"method\":\"subscribe\","
                                   "\"req_id\":12,\"success\":false,\"symbol\":\"A/B\"}", &said), 0);
    CU_ASSERT(said.answers == 1 && !said.accepted && said.id == 12);
    CU_ASSERT_STRING_EQUAL(said.why, "Currency pair not supported A/B");
    CU_ASSERT_EQUAL(hear("kraken", "{\"error\":\"Already subscribed\",\"method\":\"subscribe\",\"req_id\":13,"
                                   "\"success\":false}", &said), 0);
    CU_ASSERT(said.answers == 1 && said.accepted && said.id == 13);
    CU_ASSERT_EQUAL(hear("kraken", "{\"error\":\"Malformed request\",\"success\":false}", &said), 0);
    CU_ASSERT(said.answers == 1 && !said.accepted && said.id == 0);
}

#define TICKER_ROW(members) "{\"channel\":\"ticker\",\"data\":[{\"symbol\":\"A/B\"," members "}]}"

static void kraken_numbers_may_have_exponents(void)
{
    struct said said;
    CU_ASSERT_EQUAL(hear("kraken", TICKER_ROW("\"bid\":8.6e-7,\"ask\":9E-07,\"last\":1.25e+1"), &said), 0);
    check_prices(&said.ticker, "0.00000086", "0.0000009", "12.5");
    CU_ASSERT_EQUAL(hear("kraken", TICKER_ROW("\"bid\":15e3,\"ask\":2e18,\"last\":0e5"), &said), 0);
    check_prices(&said.ticker, "15000", "2000000000000000000", "0");
}

static void kraken_hostile_messages_are_refused(void)
{
    static const char *const texts[] = {
        TICKER_ROW("\"bid\":1,\"ask\":2"),
        TICKER_ROW("\"bid\":1,\"ask\":2,\"last\":null"),
        TICKER_ROW("\"bid\":-1,\"ask\":2,\"last\":1"),
        TICKER_ROW("\"bid\":1e19,\"ask\":2,\"last\":1"),
        TICKER_ROW("\"bid\":99999e17,\"ask\":2,\"last\":1"),
        TICKER_ROW("\"bid\":1.5e-18,\"ask\":2,\"last\":1"),
        TICKER_ROW("\"bid\":\"1e\",\"ask\":2,\"last\":1"),
        TICKER_ROW("\"bid\":\"1e+-2\",\"ask\":2,\"last\":1"),
        TICKER_ROW("\"bid\":\"1e1.5\",\"ask\":2,\"last\":1"),
        TICKER_ROW("\"bid\":\"e5\",\"ask\":2,\"last\":1"),
        TICKER_ROW("\"bid\":1,\"bid\":1,\"ask\":2,\"last\":1"),
        TICKER_ROW("\"bid\":1,\"ask\":2,\"last\":1,\"timestamp\":\"yesterday\""),
        TICKER_ROW("\"bid\":1,\"ask\":2,\"last\":1,\"timestamp\":5"),
        TICKER_ROW("\"bid\":9000000000000000000,\"ask\":0.1,\"last\":1"),
        "{\"data\":[{\"bid\":1,\"ask\":2,\"last\":1}]}",
        "{\"data\":{}}",
        "{\"data\":[7]}",
        "{\"data\":[" CANDLE_ROW("2024-02-29T00:00:00Z", "0") "]}",
        "{\"data\":[" CANDLE_ROW("2024-02-29T00:00:00Z", "-5") "]}",
        "{\"data\":[" CANDLE_ROW("2024-02-29T00:00:00Z", "99999999999") "]}",
        "{\"data\":[" CANDLE_ROW("2024-02-29T00:00:00", "5") "]}",
        "{\"data\":[" CANDLE_ROW("2024-02-29 00:00:00Z", "5") "]}",
        "{\"data\":[" CANDLE_ROW("2024-13-29T00:00:00Z", "5") "]}",
        "{\"data\":[" CANDLE_ROW("2024-00-29T00:00:00Z", "5") "]}",
        "{\"data\":[" CANDLE_ROW("2024-02-29T24:00:00Z", "5") "]}",
        "{\"data\":[" CANDLE_ROW("2024-02-29T00:00:00.Z", "5") "]}",
        "{\"data\":[" CANDLE_ROW("2024-02-29T00:00:00+01:00", "5") "]}",
        "{\"data\":[" CANDLE_ROW("1969-02-28T00:00:00Z", "5") "]}",
        "{\"data\":[" CANDLE_ROW("", "5") "]}",
        "{\"success\":1,\"req_id\":1}",
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct said said;
        int code = hear("kraken", texts[i], &said);
        if (code != ERROR_PROTOCOL && (code != 0 || said.refused == 0))
            printf("taken: %s\n", texts[i]);
        CU_ASSERT(code == ERROR_PROTOCOL || (code == 0 && said.refused > 0));
        says_nothing(&said);
    }
}

/* Coinbase */

static void coinbase_is_subscribed_to(void)
{
    const struct exchange_stream *stream = adapter("coinbase")->stream;
    const struct stream_topic candles[] = {{STREAM_CANDLES, 300, &product}};
    const struct stream_topic tickers[] = {{STREAM_TICKERS, 0, &product}, {STREAM_TICKERS, 0, &btcusd}};
    char text[STREAM_MESSAGE_SIZE], name[STREAM_NAME_SIZE];
    CU_ASSERT_EQUAL(stream->subscribe(candles, 1, true, 7, text), 0);
    CU_ASSERT_STRING_EQUAL(text, "{\"type\":\"subscribe\",\"channel\":\"candles\",\"product_ids\":[\"BTC-USD\"]}");
    CU_ASSERT_EQUAL(stream->subscribe(tickers, 2, false, 8, text), 0);
    CU_ASSERT_STRING_EQUAL(text, "{\"type\":\"unsubscribe\",\"channel\":\"ticker\",\"product_ids\":[\"BTC-USD\","
                                 "\"XXBTZUSD\"]}");
    CU_ASSERT_EQUAL(stream->stream_name(&product, name), 0);
    CU_ASSERT_STRING_EQUAL(name, "BTC-USD");
    CU_ASSERT(stream->has_interval(300) && !stream->has_interval(60) && !stream->has_interval(3600));
}

static void coinbase_documented_messages_are_read(void)
{
    static const char *const values[] = {"68900", "68950", "68850", "68920.5", "42.15"};
    struct said said;
    if (!hear_file("coinbase", "coinbase_advanced/nautilus_ws_ticker.json", &said))
        return;
    CU_ASSERT_EQUAL(said.tickers, 1);
    CU_ASSERT_STRING_EQUAL(said.name, "BTC-USD");
    check_prices(&said.ticker, "68900", "68901", "68900.5");
    CU_ASSERT_EQUAL(said.ticker.ticker.time_ms, 1775572203000);
    CU_ASSERT_DOUBLE_EQUAL(said.ticker.quote_volume, 15328.12345678 * 68900.5, 1);
    CU_ASSERT(hear_file("coinbase", "coinbase_advanced/nautilus_ws_candles.json", &said));
    CU_ASSERT(said.candles == 1 && !said.closed && said.interval_s == 300);
    check_candle(&said.candle, 1775521800000, values);
    CU_ASSERT(hear_file("coinbase", "coinbase_advanced/nautilus_ws_heartbeats.json", &said));
    CU_ASSERT(said.pongs == 1 && said.answers == 0);
    CU_ASSERT(hear_file("coinbase", "coinbase_advanced/nautilus_ws_subscriptions.json", &said));
    CU_ASSERT(said.answers == 1 && said.accepted && said.id == 0);
}

#define TICKERS_OF(members) "{\"channel\":\"ticker\",\"events\":[{\"tickers\":[{\"product_id\":\"A-B\"," members "}]}]}"
#define CANDLES_OF(start, open) \
    "{\"events\":[{\"candles\":[{\"start\":" start ",\"high\":\"2\",\"low\":\"1\",\"open\":" open "," \
    "\"close\":\"1\",\"volume\":\"1\",\"product_id\":\"A-B\"}]}]}"

static void coinbase_other_words_are_read(void)
{
    struct said said;
    CU_ASSERT_EQUAL(hear("coinbase", "{\"type\":\"error\",\"message\":\"no such product\"}", &said), 0);
    CU_ASSERT(said.answers == 1 && !said.accepted && said.id == 0);
    CU_ASSERT_STRING_EQUAL(said.why, "no such product");
    CU_ASSERT_EQUAL(hear("coinbase", TICKERS_OF("\"price\":\"1.5\",\"best_bid\":\"\",\"best_ask\":\"2\""), &said), 0);
    CU_ASSERT(said.tickers == 1 && said.ticker.quote_volume < 0 && said.ticker.ticker.time_ms == 0);
    check_prices(&said.ticker, "0", "2", "1.5");
    CU_ASSERT_EQUAL(hear("coinbase", "{\"channel\":\"status\",\"events\":[{\"products\":[{\"id\":\"A-B\"}]}]}", &said), 0);
    says_nothing(&said);
}

static void coinbase_hostile_messages_are_refused(void)
{
    static const char *const texts[] = {
        TICKERS_OF("\"price\":\"1\",\"best_bid\":\"1\""),
        TICKERS_OF("\"price\":\"-1\",\"best_bid\":\"1\",\"best_ask\":\"1\""),
        TICKERS_OF("\"price\":[],\"best_bid\":\"1\",\"best_ask\":\"1\""),
        TICKERS_OF("\"price\":\"1\",\"price\":\"1\",\"best_bid\":\"1\",\"best_ask\":\"1\""),
        CANDLES_OF("\"-300\"", "\"1\""),
        CANDLES_OF("\"9223372036854775807\"", "\"1\""),
        CANDLES_OF("\"soon\"", "\"1\""),
        CANDLES_OF("\"300\"", "{}"),
        "{\"events\":[{\"candles\":[{\"start\":\"300\"}]}]}",
        "{\"events\":{}}",
        "{\"events\":[7]}",
        "{\"events\":[{\"tickers\":{}}]}",
        "{\"timestamp\":\"2026-04-07\",\"events\":[]}",
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct said said;
        int code = hear("coinbase", texts[i], &said);
        if (code != ERROR_PROTOCOL && (code != 0 || said.refused == 0))
            printf("taken: %s\n", texts[i]);
        CU_ASSERT(code == ERROR_PROTOCOL || (code == 0 && said.refused > 0));
        says_nothing(&said);
    }
}

/* both */

static const char *const whole[][2] = {
    {"kraken", TICKER_ROW("\"bid\":1,\"ask\":2,\"last\":1.5,\"timestamp\":\"2024-02-29T00:00:00.25Z\"")},
    {"kraken", "{\"channel\":\"ohlc\",\"data\":[" CANDLE_ROW("2024-02-29T00:00:00Z", "5") "]}"},
    {"coinbase", TICKERS_OF("\"price\":\"1\",\"best_bid\":\"1\",\"best_ask\":\"2\"")},
    {"coinbase", CANDLES_OF("\"300\"", "\"1\"")},
};

static void cut_messages_are_refused(void)
{
    for (size_t i = 0; i < sizeof whole / sizeof whole[0]; i++) {
        struct said said;
        CU_ASSERT_EQUAL(hear(whole[i][0], whole[i][1], &said), 0);
        CU_ASSERT_EQUAL(said.tickers + said.candles, 1);
        for (size_t size = 0; size < strlen(whole[i][1]); size++)
            CU_ASSERT_EQUAL(hear_bytes(whole[i][0], whole[i][1], size, &said), ERROR_PROTOCOL);
    }
}

static void damaged_messages_do_no_harm(void)
{
    char damaged[1000];
    for (int round = 0; round < 20000; round++) {
        const char *const *sample = whole[test_random() % (sizeof whole / sizeof whole[0])];
        size_t size = strlen(sample[1]);
        struct said said;
        CU_ASSERT_FATAL(size < sizeof damaged);
        memcpy(damaged, sample[1], size);
        for (unsigned long long i = 0; i <= test_random() % 3; i++)
            damaged[test_random() % size] = (char)(test_random() & 0xff);
        int code = hear_bytes(sample[0], damaged, size, &said);
        CU_ASSERT(code == 0 || code == ERROR_PROTOCOL);
        CU_ASSERT(said.tickers + said.candles <= 1);
    }
}

const char *const suite_name = "exchange streams: Kraken and Coinbase";

const struct test suite_tests[] = {
    {"Kraken is subscribed to", kraken_is_subscribed_to},
    {"a name that does not fit is refused", a_name_that_does_not_fit_is_refused},
    {"Kraken's documented messages are read", kraken_documented_messages_are_read},
    {"Kraken's snapshots and words beside are read", kraken_snapshots_and_words_beside_are_read},
    {"Kraken's answers are told", kraken_answers_are_told},
    {"Kraken's numbers may have exponents", kraken_numbers_may_have_exponents},
    {"Kraken's hostile messages are refused", kraken_hostile_messages_are_refused},
    {"Coinbase is subscribed to", coinbase_is_subscribed_to},
    {"Coinbase's documented messages are read", coinbase_documented_messages_are_read},
    {"Coinbase's other words are read", coinbase_other_words_are_read},
    {"Coinbase's hostile messages are refused", coinbase_hostile_messages_are_refused},
    {"cut messages are refused", cut_messages_are_refused},
    {"damaged messages do no harm", damaged_messages_do_no_harm},
    {NULL, NULL},
};
