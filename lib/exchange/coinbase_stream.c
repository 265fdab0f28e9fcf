/* Coinbase Advanced Trade: its WebSocket channels ticker, candles and heartbeats.
 *
 * Source: docs.cdp.coinbase.com, Advanced Trade WebSocket: channels, rate limits. Candles are those of five minutes
 * and no others. A text names one channel; it is answered by a list of all that is subscribed to, without an id. */
/* SPDX-License-Identifier: MIT */
#include "lib/exchange/coinbase.h"
#include "lib/exchange/json.h"
#include "lib/exchange/read.h"
#include "lib/exchange/request.h"
#include "lib/exchange/stream.h"

#include <inttypes.h>
#include <string.h>

enum {
    CANDLE_INTERVAL_S = 300,
    TOPICS_PER_REQUEST = 100, /* 100 of the longest names fill half of a text */
};

static int stream_name(const struct instrument *instrument, char out[STREAM_NAME_SIZE])
{
    out[0] = '\0';
    return text_append(out, STREAM_NAME_SIZE, "%s", instrument->symbol);
}

static bool has_interval(uint32_t interval_s)
{
    return interval_s == CANDLE_INTERVAL_S;
}

static int subscribe(const struct stream_topic *topics, size_t count, bool on, uint64_t id,
                     char out[STREAM_MESSAGE_SIZE])
{
    (void)id;
    out[0] = '\0';
    int code = text_append(out, STREAM_MESSAGE_SIZE, "{\"type\":\"%s\",\"channel\":\"%s\",\"product_ids\":[",
                           on ? "subscribe" : "unsubscribe",
                           topics[0].kind == STREAM_CANDLES ? "candles" : "ticker");
    for (size_t i = 0; i < count && code == 0; i++)
        code = text_append(out, STREAM_MESSAGE_SIZE, "%s\"%s\"", i > 0 ? "," : "", topics[i].instrument->symbol);
    return code != 0 ? code : text_append(out, STREAM_MESSAGE_SIZE, "]}");
}

/* what arrives */

enum { ROW_NAME = CANDLE_VALUES, ROW_START, ROW_BID, ROW_ASK, ROW_LAST, ROW_DAY_VOLUME, ROWS };
static const char *const row_names[ROWS] = {"open",  "high",     "low",      "close", "volume",     "product_id",
                                            "start", "best_bid", "best_ask", "price", "volume_24_h"};
enum {
    TICKER_REQUIRED = 1u << ROW_NAME | 1u << ROW_BID | 1u << ROW_ASK | 1u << ROW_LAST,
    CANDLE_REQUIRED = ((1u << CANDLE_VALUES) - 1) | 1u << ROW_NAME | 1u << ROW_START,
};

struct row {
    struct members members;
    char name[STREAM_NAME_SIZE];
    struct decimal values[ROWS]; /* of the members that are decimals */
    int64_t start_s;
};

enum { MESSAGE_CHANNEL, MESSAGE_TIME, MESSAGE_EVENTS, MESSAGE_TYPE, MESSAGE_TEXT, MESSAGES };
static const char *const message_names[MESSAGES] = {"channel", "timestamp", "events", "type", "message"};

struct message {
    struct members members;
    const struct stream_events *events;
    void *user;
    struct passing passing;
    char channel[32], type[16], text[128];
    int64_t time_ms; /* 0: not told yet */
};

static int read_row_member(void *user, const char *key, size_t key_length, struct json_value value)
{
    struct row *row = user;
    int index;
    int code = members_index(&row->members, key, key_length, &index);
    if (code != 0 || index < 0)
        return code;
    switch (index) {
    case ROW_NAME: return read_short_text(value, row->name, sizeof row->name);
    case ROW_START: return json_integer(value, &row->start_s);
    default: return read_not_negative_or_none(value, &row->values[index]);
    }
}

static int read_row(struct row *row, struct json_value value, unsigned required)
{
    *row = (struct row){.members = {row_names, ROWS, 0}};
    int code = json_each_member(value, read_row_member, row);
    return code != 0 ? code : members_check(&row->members, required);
}

static int read_ticker(void *user, size_t index, struct json_value value)
{
    struct message *message = user;
    struct row row;
    struct exchange_ticker ticker = {.ticker.time_ms = message->time_ms, .quote_volume = -1};
    int code = read_row(&row, value, TICKER_REQUIRED);
    const struct decimal prices[PRICES] = {row.values[ROW_BID], row.values[ROW_ASK], row.values[ROW_LAST]};
    if (code == 0)
        code = make_prices(prices, &ticker.ticker);
    if (code != 0)
        return pass_over(&message->passing, code, index, row.name, -1);
    if ((row.members.seen & 1u << ROW_DAY_VOLUME) != 0)
        ticker.quote_volume = decimal_to_double(row.values[ROW_DAY_VOLUME]) * decimal_to_double(row.values[ROW_LAST]);
    message->events->on_ticker(message->user, row.name, &ticker);
    return 0;
}

/* Coinbase does not say that a candle has closed. */
static int read_candle(void *user, size_t index, struct json_value value)
{
    struct message *message = user;
    struct row row;
    struct candle candle;
    int code = read_row(&row, value, CANDLE_REQUIRED);
    if (code == 0 && (row.start_s < 0 || row.start_s > INT64_MAX / 1000))
        code = error_set(ERROR_PROTOCOL, "start %" PRId64, row.start_s);
    if (code == 0)
        code = make_candle(row.start_s * 1000, row.values, &candle);
    bool timed = row.start_s > 0 && row.start_s <= INT64_MAX / 1000;
    if (code != 0)
        return pass_over(&message->passing, code, index, row.name, timed ? row.start_s * 1000 : -1);
    message->events->on_candle(message->user, row.name, CANDLE_INTERVAL_S, &candle, false);
    return 0;
}

static int read_event_member(void *user, const char *key, size_t key_length, struct json_value value)
{
    if (key_is(key, key_length, "tickers"))
        return json_each_element(value, read_ticker, user);
    if (key_is(key, key_length, "candles"))
        return json_each_element(value, read_candle, user);
    return 0;
}

static int read_event(void *user, size_t index, struct json_value value)
{
    (void)index;
    return json_each_member(value, read_event_member, user);
}

static int read_message_member(void *user, const char *key, size_t key_length, struct json_value value)
{
    struct message *message = user;
    int index;
    int code = members_index(&message->members, key, key_length, &index);
    if (code != 0)
        return code;
    switch (index) {
    case MESSAGE_CHANNEL: return read_short_text(value, message->channel, sizeof message->channel);
    case MESSAGE_TIME: return read_utc_time(value, &message->time_ms);
    case MESSAGE_EVENTS: return json_each_element(value, read_event, message);
    case MESSAGE_TYPE: return read_short_text(value, message->type, sizeof message->type);
    case MESSAGE_TEXT: return read_short_text(value, message->text, sizeof message->text);
    default: return 0;
    }
}

static int read_message_root(void *user, struct json_value root)
{
    struct message *message = user;
    int code = json_each_member(root, read_message_member, message);
    if (code != 0)
        return code;
    if (strcmp(message->type, "error") == 0)
        message->events->on_answer(message->user, 0, false, message->text);
    else if (strcmp(message->channel, "subscriptions") == 0)
        message->events->on_answer(message->user, 0, true, "");
    else if (strcmp(message->channel, "heartbeats") == 0)
        message->events->on_pong(message->user);
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

const struct exchange_stream exchange_coinbase_stream = {
    .tickers_url = "wss://advanced-trade-ws.coinbase.com",
    .candles_url = "wss://advanced-trade-ws.coinbase.com",
    .topics_per_connection = 100, /* no limit is documented; fewer share one slow reader */
    .topics_per_request = TOPICS_PER_REQUEST,
    .requests_per_second = 4, /* eight texts a second are allowed an address without a key */
    /* A connection on which nothing happens is closed after 60 to 90 s. Who has subscribed to heartbeats hears one each
     * second; to do so again changes nothing. */
    .ping_ms = 20000,
    .ping = "{\"type\":\"subscribe\",\"channel\":\"heartbeats\"}",
    .stream_name = stream_name,
    .has_interval = has_interval,
    .subscribe = subscribe,
    .read = read_message,
};
