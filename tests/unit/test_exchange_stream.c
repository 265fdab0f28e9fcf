/* The WebSocket side of the adapters: what they send, and their reading of documented and recorded messages. */
/* SPDX-License-Identifier: MIT */
#include "lib/exchange/stream.h"
#include "lib/series/candle.h"
#include "tests/harness.h"
#include "tests/unit/recording.h"

#include <stdio.h>
#include <string.h>

/* What a message said: how often each, and the last of each. */
struct said {
    int tickers, candles, answers, pongs, goodbyes;
    char name[STREAM_NAME_SIZE];
    struct exchange_ticker ticker;
    struct candle candle;
    uint32_t interval_s;
    bool closed, accepted;
    uint64_t id;
    char why[256];
};

static void on_ticker(void *user, const char *name, const struct exchange_ticker *ticker)
{
    struct said *said = user;
    said->tickers++;
    said->ticker = *ticker;
    (void)snprintf(said->name, sizeof said->name, "%s", name);
    CU_ASSERT_STRING_EQUAL(ticker->ticker.symbol, "");
}

static void on_candle(void *user, const char *name, uint32_t interval_s, const struct candle *candle, bool closed)
{
    struct said *said = user;
    said->candles++;
    said->candle = *candle;
    said->interval_s = interval_s;
    said->closed = closed;
    (void)snprintf(said->name, sizeof said->name, "%s", name);
}

static void on_answer(void *user, uint64_t id, bool accepted, const char *why)
{
    struct said *said = user;
    said->answers++;
    said->id = id;
    said->accepted = accepted;
    (void)snprintf(said->why, sizeof said->why, "%s", why);
}

static void on_pong(void *user)
{
    ((struct said *)user)->pongs++;
}

static void on_goodbye(void *user)
{
    ((struct said *)user)->goodbyes++;
}

static const struct stream_events events = {on_ticker, on_candle, on_answer, on_pong, on_goodbye};

static const struct exchange *adapter(const char *name)
{
    const struct exchange *exchange = NULL;
    CU_ASSERT_FATAL(exchange_find(name, &exchange) == 0 && exchange->stream != NULL);
    return exchange;
}

/* Reads a message; what it said is in *said, which is emptied before. */
static int hear_bytes(const char *name, const char *text, size_t size, struct said *said)
{
    *said = (struct said){0};
    return adapter(name)->stream->read(text, size, &events, said);
}

static int hear(const char *name, const char *text, struct said *said)
{
    return hear_bytes(name, text, strlen(text), said);
}

/* Reads a whole recorded file as one message. False where there is none. */
static bool hear_file(const char *name, const char *path, struct said *said)
{
    struct exchange_answer recorded;
    if (!recording_read(path, 200, &recorded))
        return false;
    CU_ASSERT_EQUAL(hear_bytes(name, recorded.body, recorded.size, said), 0);
    recording_release(&recorded);
    return true;
}

static void says_nothing(const struct said *said)
{
    CU_ASSERT_EQUAL(said->tickers + said->candles + said->answers + said->pongs + said->goodbyes, 0);
}

static bool price_is(int64_t mantissa, uint8_t scale, const char *wanted)
{
    struct decimal number;
    CU_ASSERT_FATAL(decimal_parse(wanted, strlen(wanted), &number) == 0);
    return decimal_compare((struct decimal){mantissa, scale}, number) == 0;
}

static void check_prices(const struct exchange_ticker *row, const char *bid, const char *ask, const char *last)
{
    const struct ticker *ticker = &row->ticker;
    CU_ASSERT(price_is(ticker->bid, ticker->price_scale, bid));
    CU_ASSERT(price_is(ticker->ask, ticker->price_scale, ask));
    CU_ASSERT(price_is(ticker->last, ticker->price_scale, last));
}

/* open, high, low, close, volume */
static void check_candle(const struct candle *candle, int64_t open_time_ms, const char *const values[5])
{
    CU_ASSERT_EQUAL(candle->open_time_ms, open_time_ms);
    const int64_t prices[] = {candle->open, candle->high, candle->low, candle->close};
    for (int i = 0; i < 4; i++)
        CU_ASSERT(price_is(prices[i], candle->price_scale, values[i]));
    CU_ASSERT(price_is(candle->volume, candle->volume_scale, values[4]));
}

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
    CU_ASSERT_EQUAL(adapter("binance")->read_candles(&answer, 60, keep_candle, &candle), 0);
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
        BINANCE_KLINE("\"1e3\"", "119999", "1m"),
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
        if (code != ERROR_PROTOCOL)
            printf("taken: %s\n", texts[i]);
        CU_ASSERT_EQUAL(code, ERROR_PROTOCOL);
        says_nothing(&said);
    }
    CU_ASSERT_EQUAL(hear("binance", "{\"e\":\"24hrTicker\",\"E\":1,\"s\":\"\\u5e01\",\"b\":\"1\",\"a\":\"2\",\"c\":\"2\"}", &said), 0);
    says_nothing(&said);
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
    {NULL, NULL},
};
