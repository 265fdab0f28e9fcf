/* Kraken spot: its WebSocket interface, version 2.
 *
 * Source: docs.kraken.com, Spot WebSocket v2: ticker, ohlc, ping. Markets are named "BTC/USD". Numbers are JSON
 * numbers. A list of markets is subscribed to in one text and answered market by market. */
/* SPDX-License-Identifier: MIT */
#include "lib/exchange/json.h"
#include "lib/exchange/kraken.h"
#include "lib/exchange/read.h"
#include "lib/exchange/request.h"
#include "lib/exchange/stream.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

enum {
    TOPICS_PER_REQUEST = 100, /* 100 of the longest names fill half of a text */
    PING_MS = 20000,          /* a connection is closed after a minute in which nothing was said */
    MINUTES_MAX = 21600,      /* of the longest candle */
};

static int stream_name(const struct instrument *instrument, char out[STREAM_NAME_SIZE])
{
    out[0] = '\0';
    return text_append(out, STREAM_NAME_SIZE, "%s/%s", instrument->base_asset, instrument->quote_asset);
}

static bool has_interval(uint32_t interval_s)
{
    return exchange_has_interval(&exchange_kraken, interval_s);
}

/* A text names one channel and one length of candles. */
static int subscribe(const struct stream_topic *topics, size_t count, bool on, uint64_t id,
                     char out[STREAM_MESSAGE_SIZE])
{
    bool candles = topics[0].kind == STREAM_CANDLES;
    out[0] = '\0';
    int code = text_append(out, STREAM_MESSAGE_SIZE, "{\"method\":\"%s\",\"params\":{\"channel\":\"%s\",\"symbol\":[",
                           on ? "subscribe" : "unsubscribe", candles ? "ohlc" : "ticker");
    for (size_t i = 0; i < count && code == 0; i++) {
        char name[STREAM_NAME_SIZE];
        assert(topics[i].kind == topics[0].kind && topics[i].interval_s == topics[0].interval_s);
        code = stream_name(topics[i].instrument, name);
        if (code == 0)
            code = text_append(out, STREAM_MESSAGE_SIZE, "%s\"%s\"", i > 0 ? "," : "", name);
    }
    if (code == 0)
        code = text_append(out, STREAM_MESSAGE_SIZE, "]");
    if (code == 0 && candles)
        code = text_append(out, STREAM_MESSAGE_SIZE, ",\"interval\":%" PRIu32, topics[0].interval_s / 60);
    return code != 0 ? code : text_append(out, STREAM_MESSAGE_SIZE, "},\"req_id\":%" PRIu64 "}", id);
}

/* what arrives */

enum {
    ROW_SYMBOL, ROW_BID, ROW_ASK, ROW_LAST, ROW_VOLUME, ROW_AVERAGE, ROW_TIME, ROW_INTERVAL, ROW_BEGIN, ROW_OPEN,
    ROW_HIGH, ROW_LOW, ROW_CLOSE, ROWS
};
static const char *const row_names[ROWS] = {"symbol",    "bid",      "ask",            "last", "volume", "vwap",
                                            "timestamp", "interval", "interval_begin", "open", "high",   "low",
                                            "close"};
enum {
    TICKER_REQUIRED = 1u << ROW_SYMBOL | 1u << ROW_BID | 1u << ROW_ASK | 1u << ROW_LAST,
    CANDLE_REQUIRED = 1u << ROW_SYMBOL | 1u << ROW_INTERVAL | 1u << ROW_BEGIN | 1u << ROW_OPEN | 1u << ROW_HIGH |
                      1u << ROW_LOW | 1u << ROW_CLOSE | 1u << ROW_VOLUME,
};

struct row {
    struct members members;
    char name[STREAM_NAME_SIZE];
    struct decimal values[ROWS]; /* of the members that are decimals */
    int64_t time_ms, begin_ms, minutes;
};

enum { MESSAGE_DATA, MESSAGE_METHOD, MESSAGE_SUCCESS, MESSAGE_ERROR, MESSAGE_ID, MESSAGES };
static const char *const message_names[MESSAGES] = {"data", "method", "success", "error", "req_id"};

struct message {
    struct members members;
    const struct stream_events *events;
    void *user;
    struct passing passing;
    char method[32];
    char error[128];
    bool success;
    uint64_t id; /* of the request; 0: not told */
};

static int read_row_member(void *user, const char *key, size_t key_length, struct json_value value)
{
    struct row *row = user;
    int index;
    int code = members_index(&row->members, key, key_length, &index);
    if (code != 0 || index < 0)
        return code;
    switch (index) {
    case ROW_SYMBOL: return read_short_text(value, row->name, sizeof row->name);
    case ROW_TIME: return read_utc_time(value, &row->time_ms);
    case ROW_BEGIN: return read_utc_time(value, &row->begin_ms);
    case ROW_INTERVAL: return json_integer(value, &row->minutes);
    default: return read_not_negative(value, &row->values[index]);
    }
}

static int hand_out_ticker(const struct message *message, const struct row *row)
{
    struct exchange_ticker ticker = {.ticker.time_ms = row->time_ms, .quote_volume = -1};
    const struct decimal prices[PRICES] = {row->values[ROW_BID], row->values[ROW_ASK], row->values[ROW_LAST]};
    int code = make_prices(prices, &ticker.ticker);
    if (code != 0)
        return code;
    const unsigned volume = 1u << ROW_VOLUME | 1u << ROW_AVERAGE;
    if ((row->members.seen & volume) == volume)
        ticker.quote_volume = decimal_to_double(row->values[ROW_VOLUME]) * decimal_to_double(row->values[ROW_AVERAGE]);
    message->events->on_ticker(message->user, row->name, &ticker);
    return 0;
}

/* Kraken does not say that a candle has closed. */
static int hand_out_candle(const struct message *message, const struct row *row)
{
    if (row->minutes <= 0 || row->minutes > MINUTES_MAX)
        return error_set(ERROR_PROTOCOL, "a candle of %" PRId64 " minutes", row->minutes);
    if (!has_interval((uint32_t)row->minutes * 60))
        return 0; /* one that was never asked for */
    const struct decimal values[CANDLE_VALUES] = {row->values[ROW_OPEN], row->values[ROW_HIGH], row->values[ROW_LOW],
                                                  row->values[ROW_CLOSE], row->values[ROW_VOLUME]};
    struct candle candle;
    int code = make_candle(row->begin_ms, values, &candle);
    if (code == 0)
        message->events->on_candle(message->user, row->name, (uint32_t)row->minutes * 60, &candle, false);
    return code;
}

/* A row says by its members what it is of; those of other channels (the system's status) matter to nobody. */
static int read_row(void *user, size_t index, struct json_value value)
{
    struct message *message = user;
    struct row row = {.members = {row_names, ROWS, 0}, .begin_ms = -1};
    int code = json_each_member(value, read_row_member, &row);
    bool candle = (row.members.seen & 1u << ROW_BEGIN) != 0;
    bool ticker = (row.members.seen & 1u << ROW_BID) != 0;
    if (code == 0 && (candle || ticker))
        code = members_check(&row.members, candle ? CANDLE_REQUIRED : TICKER_REQUIRED);
    if (code == 0 && row.name[0] == '\0')
        return 0; /* a row of no market */
    if (code == 0 && candle)
        code = hand_out_candle(message, &row);
    else if (code == 0 && ticker)
        code = hand_out_ticker(message, &row);
    return code != 0 ? pass_over(&message->passing, code, index, row.name, row.begin_ms) : 0;
}

static int read_message_member(void *user, const char *key, size_t key_length, struct json_value value)
{
    struct message *message = user;
    int index;
    int code = members_index(&message->members, key, key_length, &index);
    if (code != 0)
        return code;
    switch (index) {
    case MESSAGE_DATA: return json_each_element(value, read_row, message);
    case MESSAGE_METHOD: return read_short_text(value, message->method, sizeof message->method);
    case MESSAGE_SUCCESS: return json_boolean(value, &message->success);
    case MESSAGE_ERROR: return read_short_text(value, message->error, sizeof message->error);
    case MESSAGE_ID: return read_request_id(value, &message->id);
    default: return 0;
    }
}

/* Who subscribes to what he has is refused, and has it. */
static bool is_accepted(const struct message *message)
{
    static const char already[] = "Already subscribed";
    return message->success || strncmp(message->error, already, strlen(already)) == 0;
}

static int read_message_root(void *user, struct json_value root)
{
    struct message *message = user;
    int code = json_each_member(root, read_message_member, message);
    if (code != 0)
        return code;
    if (strcmp(message->method, "pong") == 0)
        message->events->on_pong(message->user);
    else if ((message->members.seen & 1u << MESSAGE_SUCCESS) != 0)
        message->events->on_answer(message->user, message->id, is_accepted(message), message->error);
    return 0;
}

static int read_message(const char *text, size_t size, const struct stream_events *events, void *user)
{
    struct message message = {.members = {message_names, MESSAGES, 0}, .events = events, .user = user,
                              .passing = {.refused = events->on_refused, .user = user}};
    const struct exchange_answer answer = {.body = text, .size = size};
    int code = read_whole(&answer, read_message_root, &message);
    return code != 0 ? error_context(code, "stream") : 0;
}

const struct exchange_stream exchange_kraken_stream = {
    .tickers_url = "wss://ws.kraken.com/v2",
    .candles_url = "wss://ws.kraken.com/v2",
    .topics_per_connection = 250, /* no limit is documented; one text of this many rows stays far below a message's */
    .topics_per_request = TOPICS_PER_REQUEST,
    .requests_per_second = 1, /* no number is documented, "rate limit exceeded" is */
    .ping_ms = PING_MS,
    .ping = "{\"method\":\"ping\"}",
    .stream_name = stream_name,
    .has_interval = has_interval,
    .subscribe = subscribe,
    .read = read_message,
};
