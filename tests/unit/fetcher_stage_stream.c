/* The streams of the played exchange, behind the functions of the WebSocket client: Binance's format. Each second of its
 * clock it tells the tickers, each second one the forming candles, and each candle's close as soon as it is over. */
/* SPDX-License-Identifier: MIT */
#include "tests/unit/fetcher_stage.h"

#include "lib/exchange/websocket.h"
#include "tests/harness.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CONNECTIONS = 16, ANSWERS = 8, ROUND_MS = 1000, ROUND_LEAST_US = 5000, EARLY_MS = 2000 };
static const int64_t lifetime_ms = 24LL * 3600 * 1000;

/* What is subscribed to on a connection. */
struct websocket {
    bool used, open, refused, mute;
    int64_t due_us;         /* when it opens, or answers */
    int64_t opened_ms;      /* exchange time */
    int64_t told_minute;    /* the newest whose close was told */
    bool tickers[STAGE_SYMBOLS], candles[STAGE_SYMBOLS];
    int64_t answers[ANSWERS];
    bool denied[ANSWERS];
    int answer_count;
    const struct websocket_events *events;
    void *user;
};

static struct {
    struct websocket connections[CONNECTIONS];
    int64_t round_us;
    unsigned rounds;
    int64_t speed;
} streams;

static void end(struct websocket *connection, const char *why)
{
    struct websocket ended = *connection;
    *connection = (struct websocket){0};
    ended.events->on_end(ended.user, why);
}

/* ---- what is told ---- */

static void tell(struct websocket *connection, const char *text)
{
    if (stage.faults.streams_silent || stage_happens(stage.faults.stream_lost))
        return;
    stage.stream_messages++;
    connection->events->on_text(connection->user, text, strlen(text));
}

static void tell_ticker(struct websocket *connection, int symbol)
{
    char text[256];
    (void)snprintf(text, sizeof text,
                   "{\"e\":\"24hrTicker\",\"E\":%" PRId64 ",\"s\":\"%cUSDT\",\"c\":\"10\",\"b\":\"9\",\"a\":\"11\",\"q\":\"1\"}",
                   stage_exchange_ms(), 'A' + symbol);
    tell(connection, text);
}

/* One that is called closed before it is has not its last close yet. */
static void tell_candle(struct websocket *connection, int symbol, int64_t minute, bool closed)
{
    char text[512];
    struct candle candle = stage_truth(symbol, minute);
    bool over = minute < stage_closed();
    (void)snprintf(text, sizeof text,
                   "{\"e\":\"kline\",\"E\":%" PRId64 ",\"s\":\"%cUSDT\",\"k\":{\"t\":%" PRId64 ",\"T\":%" PRId64
                   ",\"i\":\"1m\",\"o\":\"%" PRId64 ".%02" PRId64 "\",\"c\":\"%" PRId64 ".%02" PRId64
                   "\",\"h\":\"12.00\",\"l\":\"9.00\",\"v\":\"%" PRId64 "\",\"x\":%s}}",
                   stage_exchange_ms(), 'A' + symbol, candle.open_time_ms, candle.open_time_ms + STAGE_MINUTE_MS - 1,
                   candle.open / 100, candle.open % 100, over ? candle.close / 100 : 9, over ? candle.close % 100 : 50,
                   candle.volume, closed ? "true" : "false");
    tell(connection, text);
}

static void tell_candles(struct websocket *connection, int symbol)
{
    int64_t forming = stage_closed(), minute_ms = stage_exchange_ms() % STAGE_MINUTE_MS;
    if (connection->told_minute < forming - 1 && !stage_lacks(symbol, forming - 1))
        tell_candle(connection, symbol, forming - 1, true);
    if (stage_lacks(symbol, forming))
        return;
    bool early = stage.faults.streams_early && minute_ms >= STAGE_MINUTE_MS - EARLY_MS;
    if (early || streams.rounds % 2 == 0)
        tell_candle(connection, symbol, forming, early);
}

static void tell_round(struct websocket *connection)
{
    for (int symbol = 0; symbol < STAGE_SYMBOLS && connection->open; symbol++) {
        if (stage.faults.mute && connection->mute && symbol == 1)
            continue;
        if (connection->tickers[symbol])
            tell_ticker(connection, symbol);
        if (connection->candles[symbol])
            tell_candles(connection, symbol);
    }
    connection->told_minute = stage_closed() - 1;
}

/* A connection that has reached its age is cut, whatever is on it. */
static void cut_old(struct websocket *connection)
{
    if (!connection->open || stage_exchange_ms() - connection->opened_ms < lifetime_ms)
        return;
    for (int symbol = 0; symbol < STAGE_SYMBOLS; symbol++)
        stage.stream_topics_cut += connection->tickers[symbol] + connection->candles[symbol];
    end(connection, "24 hours are over");
}

/* ---- when ---- */

static struct websocket *first_due(void)
{
    struct websocket *first = NULL;
    for (int i = 0; i < CONNECTIONS; i++) {
        struct websocket *connection = &streams.connections[i];
        if (connection->used && (!connection->open || connection->answer_count > 0) &&
            (first == NULL || connection->due_us < first->due_us))
            first = connection;
    }
    return first;
}

static int64_t round_us(void)
{
    return stage_streams_open() > 0 ? streams.round_us : INT64_MAX;
}

int64_t stage_stream_next_us(void)
{
    const struct websocket *first = first_due();
    int64_t due_us = first != NULL ? first->due_us : INT64_MAX;
    return due_us < round_us() ? due_us : round_us();
}

static void open_or_answer(struct websocket *connection)
{
    char text[64];
    if (connection->refused) {
        end(connection, "refused");
    } else if (!connection->open) {
        connection->open = true;
        connection->opened_ms = stage_exchange_ms();
        connection->told_minute = stage_closed() - 1;
        connection->events->on_open(connection->user);
    } else {
        const char *body = connection->denied[0] ? "\"error\":{\"code\":2,\"msg\":\"no\"}" : "\"result\":null";
        (void)snprintf(text, sizeof text, "{%s,\"id\":%" PRId64 "}", body, connection->answers[0]);
        size_t left = (size_t)--connection->answer_count;
        memmove(connection->answers, connection->answers + 1, left * sizeof connection->answers[0]);
        memmove(connection->denied, connection->denied + 1, left * sizeof connection->denied[0]);
        tell(connection, text);
    }
}

void stage_stream_deliver(void)
{
    struct websocket *first = first_due();
    if (first != NULL && first->due_us <= round_us()) {
        open_or_answer(first);
        return;
    }
    int64_t pause_us = ROUND_MS * 1000 / streams.speed;
    pause_us = pause_us > ROUND_LEAST_US ? pause_us : ROUND_LEAST_US;
    streams.round_us = stage_now_us() + pause_us + pause_us / 64; /* at another moment of each minute */
    streams.rounds++;
    for (int i = 0; i < CONNECTIONS; i++) {
        if (streams.connections[i].open)
            tell_round(&streams.connections[i]);
        cut_old(&streams.connections[i]);
    }
}

void stage_stream_clear(void)
{
    memset(&streams, 0, sizeof streams);
}

int stage_streams_open(void)
{
    int count = 0;
    for (int i = 0; i < CONNECTIONS; i++)
        count += streams.connections[i].open;
    return count;
}

void stage_cut_streams(void)
{
    for (int i = 0; i < CONNECTIONS; i++)
        if (streams.connections[i].open)
            end(&streams.connections[i], "cut");
}

/* ---- the client ---- */

int websockets_open(struct websockets **out, struct loop *loop)
{
    (void)out;
    (void)loop;
    stage_stream_clear();
    return 0;
}

void websockets_close(struct websockets *client)
{
    (void)client;
    stage_stream_clear();
}

int websocket_open(struct websockets *client, const char *url, const struct websocket_events *events, void *user,
                   struct websocket **out)
{
    (void)client;
    CU_ASSERT_STRING_EQUAL_FATAL(url, "ws://exchange.test/ws");
    struct websocket *connection = streams.connections;
    while (connection->used)
        connection++;
    *connection = (struct websocket){
        .used = true,
        .mute = stage.stream_connections == 0,
        .refused = stage.faults.streams_refused,
        .due_us = stage_now_us() + 500 + (int64_t)(test_random() % 5000),
        .events = events,
        .user = user,
    };
    streams.speed = stage_speed();
    stage.stream_connections++;
    stage.stream_connections_while_stopped += stage_exchange_stopped();
    *out = connection;
    return 0;
}

/* {"method":"SUBSCRIBE","params":["ausdt@ticker","ausdt@kline_1m"],"id":1} */
int websocket_send(struct websocket *connection, const char *text, size_t size)
{
    CU_ASSERT_FATAL(connection->open && strlen(text) == size && connection->answer_count < ANSWERS);
    bool on = strstr(text, "\"SUBSCRIBE\"") != NULL;
    for (int symbol = 0; symbol < STAGE_SYMBOLS; symbol++) {
        char ticker[32], candle[32];
        (void)snprintf(ticker, sizeof ticker, "\"%cusdt@ticker\"", 'a' + symbol);
        (void)snprintf(candle, sizeof candle, "\"%cusdt@kline_1m\"", 'a' + symbol);
        if (strstr(text, ticker) != NULL)
            connection->tickers[symbol] = on;
        if (strstr(text, candle) != NULL)
            connection->candles[symbol] = on;
    }
    const char *id = strstr(text, "\"id\":");
    CU_ASSERT_FATAL(id != NULL);
    connection->denied[connection->answer_count] = stage.faults.streams_deny && on && strstr(text, "\"busdt@") != NULL;
    connection->answers[connection->answer_count++] = strtoll(id + strlen("\"id\":"), NULL, 10);
    connection->due_us = stage_now_us() + 500;
    stage.stream_texts++;
    stage.stream_connections_while_stopped += stage_exchange_stopped();
    return 0;
}

void websocket_close(struct websocket *connection)
{
    *connection = (struct websocket){0};
}
