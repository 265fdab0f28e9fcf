/* The WebSocket side of the adapters: what they send, and their reading of documented and recorded messages. */
/* SPDX-License-Identifier: MIT */
#include "lib/exchange/stream.h"
#include "lib/series/candle.h"
#include "tests/harness.h"
#include "tests/unit/recording.h"
#include "tests/unit/said.h"

#include <stdio.h>
#include <string.h>

static const struct instrument bnbbtc = {.symbol = "BNBBTC", .base_asset = "BNB", .quote_asset = "BTC"};
static const struct instrument btcusdt = {.symbol = "BTCUSDT", .base_asset = "BTC", .quote_asset = "USDT"};

/* every adapter */

static void what_every_stream_promises(void)
{
    static struct stream_topic topics[2048];
    static const struct instrument longest = {.symbol = "ABCDEFGHIJK-LMNOPQRSTUV", .base_asset = "ABCDEFGHIJK",
                                              .quote_asset = "LMNOPQRSTUV"};
    char text[STREAM_MESSAGE_SIZE], name[STREAM_NAME_SIZE];
    for (size_t i = 0; i < exchange_count; i++) {
        const struct exchange_stream *stream = exchanges[i]->stream;
        if (stream == NULL)
            continue;
        CU_ASSERT_FATAL(stream->topics_per_request > 0 && stream->topics_per_request <= 2048);
        CU_ASSERT(stream->topics_per_request <= stream->topics_per_connection && stream->requests_per_second > 0);
        CU_ASSERT((stream->ping == NULL) == (stream->ping_ms == 0));
        CU_ASSERT(stream->tickers_url != NULL || stream->candles_url != NULL);
        CU_ASSERT_EQUAL(stream->stream_name(&longest, name), 0);
        for (int topic = 0; topic < stream->topics_per_request; topic++)
            topics[topic] = (struct stream_topic){STREAM_TICKERS, 0, &longest};
        if (stream->tickers_url != NULL)
            CU_ASSERT_EQUAL(stream->subscribe(topics, (size_t)stream->topics_per_request, false, UINT64_MAX, text), 0);
        for (const uint32_t *interval = exchanges[i]->intervals; *interval != 0 && stream->candles_url != NULL; interval++) {
            for (int topic = 0; topic < stream->topics_per_request; topic++)
                topics[topic] = (struct stream_topic){STREAM_CANDLES, *interval, &longest};
            if (stream->has_interval(*interval))
                CU_ASSERT_EQUAL(stream->subscribe(topics, (size_t)stream->topics_per_request, false, UINT64_MAX, text),
                                0);
        }
    }
}

static void what_is_no_message_is_refused_everywhere(void)
{
    static const char *const texts[] = {"", "{", "[]", "null", "{\"a\":1}}", "<html>", "{\"data\":", "\"\""};
    struct said said;
    for (size_t i = 0; i < exchange_count; i++)
        for (size_t j = 0; exchanges[i]->stream != NULL && j < sizeof texts / sizeof texts[0]; j++) {
            CU_ASSERT_EQUAL(hear(exchanges[i]->name, texts[j], &said), ERROR_PROTOCOL);
            says_nothing(&said);
        }
}

/* Binance */

static void binance_is_subscribed_to(void)
{
    const struct exchange_stream *stream = adapter("binance")->stream;
    const struct stream_topic topics[] = {{STREAM_CANDLES, 3600, &btcusdt}, {STREAM_TICKERS, 0, &bnbbtc}};
    char text[STREAM_MESSAGE_SIZE], name[STREAM_NAME_SIZE];
    CU_ASSERT_EQUAL(stream->subscribe(topics, 2, true, 7, text), 0);
    CU_ASSERT_STRING_EQUAL(text, "{\"method\":\"SUBSCRIBE\",\"params\":[\"btcusdt@kline_1h\",\"bnbbtc@ticker\"],\"id\":7}");
    CU_ASSERT_EQUAL(stream->subscribe(topics, 1, false, 8, text), 0);
    CU_ASSERT_STRING_EQUAL(text, "{\"method\":\"UNSUBSCRIBE\",\"params\":[\"btcusdt@kline_1h\"],\"id\":8}");
    CU_ASSERT_EQUAL(stream->stream_name(&btcusdt, name), 0);
    CU_ASSERT_STRING_EQUAL(name, "btcusdt");
    CU_ASSERT(stream->has_interval(60) && stream->has_interval(604800) && !stream->has_interval(61));
}

static void binance_documented_messages_are_read(void)
{
    struct said said;
    if (!hear_file("binance", "binance/docs_ws_kline.json", &said))
        return;
    CU_ASSERT_EQUAL(said.candles, 1);
    CU_ASSERT_STRING_EQUAL(said.name, "bnbbtc");
    CU_ASSERT_EQUAL(said.interval_s, 60);
    CU_ASSERT(!said.closed);
    check_candle(&said.candle, 1672515780000, (const char *const[]){"0.001", "0.0025", "0.0015", "0.002", "1000"});
    CU_ASSERT_EQUAL(candle_check(&said.candle, 60), ERROR_PROTOCOL); /* the document's low is above its open */
    CU_ASSERT(hear_file("binance", "binance/docs_ws_ticker.json", &said));
    CU_ASSERT_EQUAL(said.tickers, 1);
    CU_ASSERT_STRING_EQUAL(said.name, "bnbbtc");
    check_prices(&said.ticker, "0.0024", "0.0026", "0.0025");
    CU_ASSERT_DOUBLE_EQUAL(said.ticker.quote_volume, 18, 0);
    CU_ASSERT_EQUAL(said.ticker.ticker.time_ms, 1672515782136);
    CU_ASSERT(hear_file("binance", "binance/docs_ws_miniTicker.json", &said));
    says_nothing(&said);
    CU_ASSERT(hear_file("binance", "binance/docs_ws_bookTicker.json", &said));
    says_nothing(&said);
}

#define BINANCE_KLINE(open, close_time, interval) \
    "{\"e\":\"kline\",\"E\":1,\"s\":\"BTCUSDT\",\"k\":{\"t\":60000,\"T\":" close_time ",\"i\":\"" interval \
    "\",\"o\":" open ",\"c\":\"1.50\",\"h\":\"2.00\",\"l\":\"1.00\",\"v\":\"12.50\",\"x\":true,\"n\":3}}"

static int keep_candle(void *user, const struct candle *candle)
{
    *(struct candle *)user = *candle;
    return 0;
}

static void binance_candles_are_those_of_rest(void)
{
    static const char row[] = "[[60000,\"1.10\",\"2.00\",\"1.00\",\"1.50\",\"12.50\",119999,\"1\",3,\"1\",\"1\",\"0\"]]";
    struct exchange_answer answer = answer_of(200, row);
    struct candle candle;
    struct said said;
    CU_ASSERT_EQUAL(adapter("binance")->read_candles(&answer, 60, keep_candle, NULL, &candle), 0);
    CU_ASSERT_EQUAL(hear("binance", BINANCE_KLINE("\"1.10\"", "119999", "1m"), &said), 0);
    CU_ASSERT(said.candles == 1 && said.closed && said.interval_s == 60);
    CU_ASSERT(candle_equal(&said.candle, &candle));
    CU_ASSERT(said.candle.price_scale == candle.price_scale && said.candle.volume_scale == candle.volume_scale);
    CU_ASSERT_EQUAL(hear("binance", "{\"stream\":\"btcusdt@kline_1m\",\"data\":" BINANCE_KLINE("\"1.10\"", "119999", "1m") "}",
                         &said), 0);
    CU_ASSERT(said.candles == 1 && candle_equal(&said.candle, &candle));
}

static void binance_answers_are_told(void)
{
    static const struct {
        const char *text;
        uint64_t id;
        bool accepted;
        const char *why;
    } cases[] = {
        {"{\"result\":null,\"id\":3}", 3, true, ""},
        {"{\"id\":4,\"result\":[\"btcusdt@ticker\"]}", 4, true, ""},
        {"{\"error\":{\"code\":2,\"msg\":\"Invalid request\"},\"id\":5}", 5, false, "2 Invalid request"},
        {"{\"code\":3,\"msg\":\"Invalid JSON\",\"id\":null}", 0, false, "3 Invalid JSON"},
        {"{\"code\":1,\"msg\":\"Invalid value type\"}", 0, false, "1 Invalid value type"},
    };
    struct said said;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        CU_ASSERT_EQUAL(hear("binance", cases[i].text, &said), 0);
        CU_ASSERT_EQUAL(said.answers, 1);
        CU_ASSERT_EQUAL(said.id, cases[i].id);
        CU_ASSERT_EQUAL(said.accepted, cases[i].accepted);
        CU_ASSERT_STRING_EQUAL(said.why, cases[i].why);
    }
}

static void binance_says_goodbye(void)
{
    struct said said;
    CU_ASSERT_EQUAL(hear("binance", "{\"e\":\"serverShutdown\",\"E\":1770123456789}", &said), 0);
    CU_ASSERT_EQUAL(said.goodbyes, 1);
    CU_ASSERT_EQUAL(hear("binance", "{\"stream\":\"!serverShutdown\",\"data\":{\"e\":\"serverShutdown\",\"E\":1}}", &said), 0);
    CU_ASSERT_EQUAL(said.goodbyes, 1);
}

static void binance_hostile_messages_are_refused(void)
{
    static const char *const texts[] = {
        BINANCE_KLINE("\"-1\"", "119999", "1m"),
        BINANCE_KLINE("null", "119999", "1m"),
        BINANCE_KLINE("\"1\"", "119999", "5m"),
        BINANCE_KLINE("\"1\"", "120000", "1m"),
        BINANCE_KLINE("\"1\"", "60999", "1s"),
        "{\"e\":\"kline\",\"s\":\"BTCUSDT\"}",
        "{\"e\":\"kline\",\"s\":\"BTCUSDT\",\"k\":[]}",
        "{\"e\":\"kline\",\"s\":\"BTCUSDT\",\"k\":{\"t\":60000}}",
        "{\"e\":\"24hrTicker\",\"E\":1,\"s\":\"BTCUSDT\",\"b\":\"1\",\"a\":\"2\"}",
        "{\"e\":\"24hrTicker\",\"E\":1,\"s\":\"BTCUSDT\",\"b\":\"1\",\"a\":\"2\",\"c\":\"-2\"}",
        "{\"e\":\"24hrTicker\",\"E\":-1,\"s\":\"BTCUSDT\",\"b\":\"1\",\"a\":\"2\",\"c\":\"2\"}",
        "{\"e\":\"24hrTicker\",\"e\":\"kline\"}",
        "{\"data\":{\"data\":{\"e\":\"serverShutdown\"}}}",
        "{\"id\":{}}",
    };
    struct said said;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        int code = hear("binance", texts[i], &said);
        if (code != ERROR_PROTOCOL && (code != 0 || said.refused == 0))
            printf("taken: %s\n", texts[i]);
        CU_ASSERT(code == ERROR_PROTOCOL || (code == 0 && said.refused > 0));
        says_nothing(&said);
    }
    CU_ASSERT_EQUAL(hear("binance", "{\"e\":\"24hrTicker\",\"E\":1,\"s\":\"\\u5e01\",\"b\":\"1\",\"a\":\"2\",\"c\":\"2\"}", &said), 0);
    says_nothing(&said);
}

/* OKX */

static const struct instrument btc_usdt = {.symbol = "BTC-USDT", .base_asset = "BTC", .quote_asset = "USDT"};

static void okx_is_subscribed_to(void)
{
    const struct exchange_stream *stream = adapter("okx")->stream;
    const struct stream_topic topics[] = {{STREAM_CANDLES, 86400, &btc_usdt}, {STREAM_TICKERS, 0, &btc_usdt}};
    char text[STREAM_MESSAGE_SIZE], name[STREAM_NAME_SIZE];
    CU_ASSERT_EQUAL(stream->subscribe(topics, 2, true, 7, text), 0);
    CU_ASSERT_STRING_EQUAL(text, "{\"id\":\"7\",\"op\":\"subscribe\",\"args\":["
                                 "{\"channel\":\"candle1Dutc\",\"instId\":\"BTC-USDT\"},"
                                 "{\"channel\":\"tickers\",\"instId\":\"BTC-USDT\"}]}");
    CU_ASSERT_EQUAL(stream->subscribe(&topics[1], 1, false, 8, text), 0);
    CU_ASSERT_STRING_EQUAL(text, "{\"id\":\"8\",\"op\":\"unsubscribe\",\"args\":["
                                 "{\"channel\":\"tickers\",\"instId\":\"BTC-USDT\"}]}");
    CU_ASSERT_EQUAL(stream->stream_name(&btc_usdt, name), 0);
    CU_ASSERT_STRING_EQUAL(name, "BTC-USDT");
    CU_ASSERT(stream->has_interval(60) && !stream->has_interval(28800));
}

static void okx_candles_are_those_of_rest(void)
{
    static const char row[] = "[\"60000\",\"1.10\",\"2.00\",\"1.00\",\"1.50\",\"12.50\",\"1\",\"1\",\"1\"]";
    char text[512];
    struct candle candle;
    struct said said;
    (void)snprintf(text, sizeof text, "{\"code\":\"0\",\"msg\":\"\",\"data\":[%s]}", row);
    struct exchange_answer answer = answer_of(200, text);
    CU_ASSERT_EQUAL(adapter("okx")->read_candles(&answer, 60, keep_candle, NULL, &candle), 0);
    (void)snprintf(text, sizeof text, "{\"data\":[%s],\"arg\":{\"channel\":\"candle1m\",\"instId\":\"BTC-USDT\"}}", row);
    CU_ASSERT_EQUAL(hear("okx", text, &said), 0);
    CU_ASSERT(said.candles == 1 && said.closed && said.interval_s == 60);
    CU_ASSERT_STRING_EQUAL(said.name, "BTC-USDT");
    CU_ASSERT(candle_equal(&said.candle, &candle));
    CU_ASSERT(said.candle.price_scale == candle.price_scale && said.candle.volume_scale == candle.volume_scale);
}

static void okx_documented_messages_are_read(void)
{
    struct said said;
    if (!hear_file("okx", "okx/nautilus_ws_tickers.json", &said))
        return;
    CU_ASSERT_EQUAL(said.tickers, 1);
    CU_ASSERT_STRING_EQUAL(said.name, "BTC-USDT");
    check_prices(&said.ticker, "8888.88", "9999.99", "9999.99");
    CU_ASSERT_DOUBLE_EQUAL(said.ticker.quote_volume, 2222, 0);
    CU_ASSERT_EQUAL(said.ticker.ticker.time_ms, 1597026383085);
    CU_ASSERT(hear_file("okx", "okx/nautilus_ws_candle.json", &said));
    says_nothing(&said); /* a day that opens at midnight of Hong Kong */
}

/* A recorder's lines: a time and ": " before what was received; others are what it did itself. */
static void okx_recorded_messages_are_read(void)
{
    struct exchange_answer file;
    int tickers = 0, answers = 0, unasked = 0;
    if (!recording_read("okx/ws/public_v5_2022-05-13.txt", 200, &file))
        return;
    for (size_t at = 0; at < file.size;) {
        const char *line = file.body + at, *end = memchr(line, '\n', file.size - at);
        size_t length = end != NULL ? (size_t)(end - line) : file.size - at;
        const char *text = line[0] == '1' ? memchr(line, '{', length) : NULL;
        struct said said;
        at += length + 1;
        if (text == NULL)
            continue;
        CU_ASSERT_EQUAL(hear_bytes("okx", text, length - (size_t)(text - line), &said), 0);
        CU_ASSERT(said.tickers + said.answers <= 1 && said.candles + said.pongs + said.goodbyes == 0);
        CU_ASSERT(said.tickers == 0 || (said.ticker.ticker.bid > 0 && said.ticker.ticker.ask > said.ticker.ticker.bid));
        CU_ASSERT(said.answers == 0 || (said.accepted && said.id == 0));
        tickers += said.tickers;
        answers += said.answers;
        unasked += said.tickers + said.answers == 0;
    }
    printf("okx/ws/public_v5_2022-05-13.txt: %d tickers, %d answers, %d of channels not asked for\n", tickers, answers, unasked);
    CU_ASSERT(tickers == 13 && answers == 15 && unasked == 29);
    recording_release(&file);
}

static void okx_events_are_told(void)
{
    struct said said;
    CU_ASSERT_EQUAL(hear("okx", "pong", &said), 0);
    CU_ASSERT(said.pongs == 1 && said.answers == 0);
    CU_ASSERT_EQUAL(hear("okx", "{\"id\":\"12\",\"event\":\"subscribe\",\"arg\":{\"channel\":\"tickers\",\"instId\":\"A-B\"},"
                                "\"connId\":\"accb8e21\"}", &said), 0);
    CU_ASSERT(said.answers == 1 && said.accepted && said.id == 12);
    CU_ASSERT_EQUAL(hear("okx", "{\"event\":\"error\",\"code\":\"60018\",\"msg\":\"Wrong channel\",\"connId\":\"a\",\"id\":\"9\"}",
                         &said), 0);
    CU_ASSERT(said.answers == 1 && !said.accepted && said.id == 9);
    CU_ASSERT_STRING_EQUAL(said.why, "60018 Wrong channel");
    CU_ASSERT_EQUAL(hear("okx", "{\"event\":\"notice\",\"code\":\"64008\",\"msg\":\"will soon be closed\",\"connId\":\"a\"}",
                         &said), 0);
    CU_ASSERT(said.goodbyes == 1 && said.answers == 0);
    CU_ASSERT_EQUAL(hear("okx", "{\"event\":\"channel-conn-count\",\"channel\":\"orders\",\"connCount\":\"2\"}", &said), 0);
    says_nothing(&said);
}

static void okx_hostile_messages_are_refused(void)
{
    static const char *const texts[] = {
        "{\"arg\":{\"channel\":\"tickers\",\"instId\":\"A-B\"},\"data\":{}}",
        "{\"arg\":{\"channel\":\"tickers\",\"instId\":\"A-B\"},\"data\":[{\"instId\":\"A-B\",\"ts\":\"1\"}]}",
        "{\"arg\":{\"channel\":\"tickers\",\"instId\":\"A-B\"},\"data\":[],\"data\":[]}",
        "{\"arg\":{\"channel\":\"candle1m\",\"instId\":\"A-B\"},\"data\":[[\"1\",\"1\",\"1\",\"1\",\"1\",\"1\"]]}",
        "{\"arg\":{\"channel\":\"candle1m\",\"instId\":\"A-B\"},\"data\":[[\"1\",\"1\",\"1\",\"1\",\"1\",\"1\",\"1\",\"1\",\"7\"]]}",
        "{\"arg\":[]}",
        "{\"event\":{}}",
        "ping",
        "pong pong",
    };
    struct said said;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        int code = hear("okx", texts[i], &said);
        CU_ASSERT(code == ERROR_PROTOCOL || (code == 0 && said.refused > 0));
        says_nothing(&said);
    }
}

/* Bybit */

static void bybit_is_subscribed_to(void)
{
    const struct exchange_stream *stream = adapter("bybit")->stream;
    const struct stream_topic topics[] = {{STREAM_CANDLES, 3600, &btcusdt}, {STREAM_CANDLES, 604800, &bnbbtc}};
    char text[STREAM_MESSAGE_SIZE];
    CU_ASSERT_EQUAL(stream->subscribe(topics, 2, true, 7, text), 0);
    CU_ASSERT_STRING_EQUAL(text, "{\"req_id\":\"7\",\"op\":\"subscribe\",\"args\":[\"kline.60.BTCUSDT\",\"kline.W.BNBBTC\"]}");
    CU_ASSERT_EQUAL(stream->subscribe(topics, 1, false, 8, text), 0);
    CU_ASSERT_STRING_EQUAL(text, "{\"req_id\":\"8\",\"op\":\"unsubscribe\",\"args\":[\"kline.60.BTCUSDT\"]}");
    CU_ASSERT(stream->tickers_url == NULL && stream->has_interval(60) && !stream->has_interval(28800));
}

static void bybit_documented_messages_are_read(void)
{
    static const char *const files[] = {"bybit/docs_ws_kline.json", "bybit/nautilus_ws_kline.json"};
    struct said said;
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        if (!hear_file("bybit", files[i], &said))
            return;
        CU_ASSERT(said.candles == 1 && !said.closed && said.interval_s == 300);
        CU_ASSERT_STRING_EQUAL(said.name, "BTCUSDT");
        check_candle(&said.candle, 1672324800000, (const char *const[]){"16649.5", "16677", "16608", "16677", "2.081"});
        CU_ASSERT_EQUAL(candle_check(&said.candle, 300), 0);
    }
    CU_ASSERT(hear_file("bybit", "bybit/nautilus_ws_subscription_ack.json", &said));
    CU_ASSERT(said.answers == 1 && said.accepted && said.id == 0);
    CU_ASSERT(hear_file("bybit", "bybit/docs_ws_ticker.json", &said));
    says_nothing(&said);
    CU_ASSERT(hear_file("bybit", "bybit/nautilus_ws_ticker_linear.json", &said));
    says_nothing(&said);
}

#define BYBIT_KLINE(end, volume, confirm) \
    "{\"topic\":\"kline.1.BTCUSDT\",\"type\":\"snapshot\",\"ts\":1,\"data\":[{\"start\":60000,\"end\":" end ",\"interval\":\"1\"," \
    "\"open\":\"1.10\",\"close\":\"1.50\",\"high\":\"2.00\",\"low\":\"1.00\",\"volume\":" volume ",\"confirm\":" confirm "}]}"

static void bybit_candles_are_those_of_rest(void)
{
    static const char body[] = "{\"retCode\":0,\"result\":{\"list\":["
                               "[\"60000\",\"1.10\",\"2.00\",\"1.00\",\"1.50\",\"12.50\",\"1\"]]}}";
    struct exchange_answer answer = answer_of(200, body);
    struct candle candle;
    struct said said;
    CU_ASSERT_EQUAL(adapter("bybit")->read_candles(&answer, 60, keep_candle, NULL, &candle), 0);
    CU_ASSERT_EQUAL(hear("bybit", BYBIT_KLINE("119999", "\"12.5\"", "true"), &said), 0);
    CU_ASSERT(said.candles == 1 && said.closed && said.interval_s == 60 && candle_equal(&said.candle, &candle));
    CU_ASSERT(said.candle.price_scale == candle.price_scale && said.candle.volume_scale == candle.volume_scale);
}

static void bybit_answers_are_told(void)
{
    struct said said;
    CU_ASSERT_EQUAL(hear("bybit", "{\"success\":true,\"ret_msg\":\"pong\",\"conn_id\":\"0970e817\",\"op\":\"ping\"}", &said), 0);
    CU_ASSERT(said.pongs == 1 && said.answers == 0);
    CU_ASSERT_EQUAL(hear("bybit", "{\"success\":true,\"ret_msg\":\"subscribe\",\"conn_id\":\"a\",\"req_id\":\"5\",\"op\":\"subscribe\"}",
                         &said), 0);
    CU_ASSERT(said.answers == 1 && said.accepted && said.id == 5);
    CU_ASSERT_EQUAL(hear("bybit", "{\"success\":false,\"ret_msg\":\"error:handler not found\",\"req_id\":\"6\",\"op\":\"subscribe\"}",
                         &said), 0);
    CU_ASSERT(said.answers == 1 && !said.accepted && said.id == 6);
    CU_ASSERT_STRING_EQUAL(said.why, "error:handler not found");
}

static void bybit_hostile_messages_are_refused(void)
{
    static const char *const texts[] = {
        BYBIT_KLINE("119998", "\"1\"", "true"),
        BYBIT_KLINE("119999", "\"-1\"", "true"),
        BYBIT_KLINE("119999", "null", "true"),
        BYBIT_KLINE("119999", "\"1\"", "1"),
        "{\"topic\":\"kline.1.A\",\"data\":{}}",
        "{\"topic\":\"kline.1.A\",\"data\":[{\"start\":60000}]}",
        "{\"topic\":\"kline.1.A\",\"data\":[],\"data\":[]}",
        "{\"success\":\"yes\"}",
    };
    static const char *const others[] = {
        "{\"topic\":\"kline.M.A\",\"data\":[]}", "{\"topic\":\"kline.1.\",\"data\":[]}",
        "{\"topic\":\"kline.7.A\",\"data\":[]}", "{\"topic\":\"publicTrade.A\",\"data\":[]}",
        "{\"topic\":\"kline.1\",\"data\":[]}",   "{\"topic\":\"kline..A\",\"data\":[]}", "{}",
    };
    struct said said;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        int code = hear("bybit", texts[i], &said);
        CU_ASSERT(code == ERROR_PROTOCOL || (code == 0 && said.refused > 0));
        says_nothing(&said);
    }
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        CU_ASSERT_EQUAL(hear("bybit", others[i], &said), 0);
        says_nothing(&said);
    }
}

const char *const suite_name = "exchange streams";

const struct test suite_tests[] = {
    {"what every stream promises", what_every_stream_promises},
    {"what is no message is refused everywhere", what_is_no_message_is_refused_everywhere},
    {"Binance is subscribed to", binance_is_subscribed_to},
    {"Binance's documented messages are read", binance_documented_messages_are_read},
    {"Binance's candles are those of REST", binance_candles_are_those_of_rest},
    {"Binance's answers are told", binance_answers_are_told},
    {"Binance says goodbye", binance_says_goodbye},
    {"Binance's hostile messages are refused", binance_hostile_messages_are_refused},
    {"OKX is subscribed to", okx_is_subscribed_to},
    {"OKX's candles are those of REST", okx_candles_are_those_of_rest},
    {"OKX's documented messages are read", okx_documented_messages_are_read},
    {"OKX's recorded messages are read", okx_recorded_messages_are_read},
    {"OKX's events are told", okx_events_are_told},
    {"OKX's hostile messages are refused", okx_hostile_messages_are_refused},
    {"Bybit is subscribed to", bybit_is_subscribed_to},
    {"Bybit's documented messages are read", bybit_documented_messages_are_read},
    {"Bybit's candles are those of REST", bybit_candles_are_those_of_rest},
    {"Bybit's answers are told", bybit_answers_are_told},
    {"Bybit's hostile messages are refused", bybit_hostile_messages_are_refused},
    {NULL, NULL},
};
