/* Binance spot: its WebSocket streams.
 *
 * Source: binance-spot-api-docs, web-socket-streams.md. A stream is named after the market in lower case and what is
 * told of it: btcusdt@kline_1m, btcusdt@ticker. A message is the event itself or, at the path /stream, an event inside
 * {"stream":..,"data":..}; both are read, and by their members, in whatever order they come. */
/* SPDX-License-Identifier: MIT */
#include "lib/base/interval.h"
#include "lib/exchange/read.h"
#include "lib/exchange/request.h"
#include "lib/exchange/stream.h"

#include <assert.h>
#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum {
    TOPICS_PER_REQUEST = 100, /* 100 of the longest names fill half of a text */
    HOUR_MS = 3600 * 1000,
};

static int stream_name(const struct instrument *instrument, char out[STREAM_NAME_SIZE])
{
    static_assert((int)SYMBOL_SIZE <= (int)STREAM_NAME_SIZE, "every symbol has a name");
    size_t i = 0;
    for (; instrument->symbol[i] != '\0'; i++)
        out[i] = (char)tolower((unsigned char)instrument->symbol[i]);
    out[i] = '\0';
    return 0;
}

static bool has_interval(uint32_t interval_s)
{
    return interval_name(interval_s) != NULL;
}

static int append_topic(char *out, const struct stream_topic *topic)
{
    char name[STREAM_NAME_SIZE];
    int code = stream_name(topic->instrument, name);
    if (code != 0)
        return code;
    if (topic->kind == STREAM_TICKERS)
        return text_append(out, STREAM_MESSAGE_SIZE, "\"%s@ticker\"", name);
    return text_append(out, STREAM_MESSAGE_SIZE, "\"%s@kline_%s\"", name, interval_name(topic->interval_s));
}

static int subscribe(const struct stream_topic *topics, size_t count, bool on, uint64_t id,
                     char out[STREAM_MESSAGE_SIZE])
{
    out[0] = '\0';
    int code = text_append(out, STREAM_MESSAGE_SIZE, "{\"method\":\"%s\",\"params\":[", on ? "SUBSCRIBE" : "UNSUBSCRIBE");
    for (size_t i = 0; i < count && code == 0; i++) {
        code = i > 0 ? text_append(out, STREAM_MESSAGE_SIZE, ",") : 0;
        if (code == 0)
            code = append_topic(out, &topics[i]);
    }
    return code != 0 ? code : text_append(out, STREAM_MESSAGE_SIZE, "],\"id\":%" PRIu64 "}", id);
}

/* what arrives */

enum {
    EVENT_TYPE, EVENT_TIME, EVENT_SYMBOL, EVENT_KLINE, EVENT_BID, EVENT_ASK, EVENT_LAST, EVENT_QUOTE_VOLUME, EVENT_ID,
    EVENT_ERROR, EVENT_CODE, EVENT_TEXT, EVENT_DATA, EVENTS
};
static const char *const event_names[EVENTS] = {"e", "E",  "s",     "k",    "b",   "a",   "c",
                                                "q", "id", "error", "code", "msg", "data"};
enum {
    TICKER_REQUIRED = 1u << EVENT_TIME | 1u << EVENT_SYMBOL | 1u << EVENT_BID | 1u << EVENT_ASK | 1u << EVENT_LAST,
    KLINE_REQUIRED = 1u << EVENT_SYMBOL | 1u << EVENT_KLINE,
};

enum { KLINE_OPEN_TIME, KLINE_CLOSE_TIME, KLINE_INTERVAL, KLINE_CLOSED, KLINE_OPEN, KLINES = KLINE_OPEN + CANDLE_VALUES };
static const char *const kline_names[KLINES] = {"t", "T", "i", "x", "o", "h", "l", "c", "v"};

struct kline {
    struct members members;
    int64_t open_time_ms, close_time_ms;
    char interval[8];
    bool closed;
    struct decimal values[CANDLE_VALUES];
};

struct message {
    struct members members; /* of the event and of what it is wrapped in */
    char type[32];
    int64_t time_ms, code;
    uint64_t id;
    char name[SYMBOL_SIZE]; /* lower case; empty: none that we could have asked for */
    struct decimal prices[PRICES];
    double quote_volume;
    char text[160];
    uint32_t interval_s;
    bool closed;
    struct candle candle;
    int64_t open_time_ms; /* of the candle; -1: not read */
    char failure[160];    /* of the first member that could not be read; empty: none */
};

static int read_kline_member(void *user, const char *key, size_t key_length, struct json_value value)
{
    struct kline *kline = user;
    int index;
    int code = members_index(&kline->members, key, key_length, &index);
    if (code != 0 || index < 0)
        return code;
    switch (index) {
    case KLINE_OPEN_TIME: return json_integer(value, &kline->open_time_ms);
    case KLINE_CLOSE_TIME: return json_integer(value, &kline->close_time_ms);
    case KLINE_INTERVAL: return read_short_text(value, kline->interval, sizeof kline->interval);
    case KLINE_CLOSED: return json_boolean(value, &kline->closed);
    default: return read_not_negative(value, &kline->values[index - KLINE_OPEN]);
    }
}

static int read_kline(struct message *message, struct json_value value)
{
    struct kline kline = {.members = {kline_names, KLINES, 0}};
    int code = json_each_member(value, read_kline_member, &kline);
    if ((kline.members.seen & 1u << KLINE_OPEN_TIME) != 0 && kline.open_time_ms > 0)
        message->open_time_ms = kline.open_time_ms;
    if (code == 0)
        code = members_check(&kline.members, (1u << KLINES) - 1);
    if (code != 0)
        return code;
    if (interval_from_name(kline.interval, &message->interval_s) != 0)
        return error_set(ERROR_PROTOCOL, "a candle of '%s'", kline.interval);
    if (kline.open_time_ms < 0 || kline.close_time_ms - kline.open_time_ms != (int64_t)message->interval_s * 1000 - 1)
        return error_set(ERROR_PROTOCOL, "a candle of %s from %" PRId64 " to %" PRId64, kline.interval,
                         kline.open_time_ms, kline.close_time_ms);
    message->closed = kline.closed;
    return make_candle(kline.open_time_ms, kline.values, &message->candle);
}

static int read_lower_case(struct json_value value, char out[SYMBOL_SIZE])
{
    int code = read_name(value, out);
    for (char *at = out; code == 0 && *at != '\0'; at++)
        *at = (char)tolower((unsigned char)*at);
    return code;
}

static int read_member(void *user, const char *key, size_t key_length, struct json_value value);

static int read_event_member(struct message *message, const char *key, size_t key_length, struct json_value value)
{
    int index;
    int code = members_index(&message->members, key, key_length, &index);
    if (code != 0 || index < 0)
        return code;
    switch (index) {
    case EVENT_TYPE: return read_short_text(value, message->type, sizeof message->type);
    case EVENT_TIME: return json_integer(value, &message->time_ms);
    case EVENT_SYMBOL: return read_lower_case(value, message->name);
    case EVENT_KLINE: return read_kline(message, value);
    case EVENT_QUOTE_VOLUME: return read_roughly(value, &message->quote_volume);
    case EVENT_ID: return read_request_id(value, &message->id);
    case EVENT_CODE: return json_integer(value, &message->code);
    case EVENT_TEXT: return read_short_text(value, message->text, sizeof message->text);
    case EVENT_ERROR: case EVENT_DATA: return json_each_member(value, read_member, message);
    default: return read_not_negative(value, &message->prices[index - EVENT_BID]);
    }
}

/* A member that cannot be read is noted, so that the message is read to its end and says whose it is. */
static int read_member(void *user, const char *key, size_t key_length, struct json_value value)
{
    struct message *message = user;
    int code = read_event_member(message, key, key_length, value);
    if (code != ERROR_PROTOCOL || json_is_broken())
        return code;
    if (message->failure[0] == '\0')
        (void)snprintf(message->failure, sizeof message->failure, "%.*s: %.120s", (int)(key_length < 16 ? key_length : 16),
                       key, error_message());
    return 0;
}

static int tell_ticker(const struct message *message, const struct stream_events *events, void *user)
{
    struct exchange_ticker row = {.quote_volume = message->quote_volume};
    int code = members_check(&message->members, TICKER_REQUIRED);
    if (code == 0)
        code = make_prices(message->prices, &row.ticker);
    if (code != 0)
        return code;
    if (message->time_ms < 0)
        return error_set(ERROR_PROTOCOL, "time %" PRId64, message->time_ms);
    row.ticker.time_ms = message->time_ms;
    if (message->name[0] != '\0')
        events->on_ticker(user, message->name, &row);
    return 0;
}

static int tell_candle(const struct message *message, const struct stream_events *events, void *user)
{
    int code = members_check(&message->members, KLINE_REQUIRED);
    if (code == 0 && message->name[0] != '\0')
        events->on_candle(user, message->name, message->interval_s, &message->candle, message->closed);
    return code;
}

/* What has an id, or an error without one, answers a request. */
static void tell_answer(const struct message *message, const struct stream_events *events, void *user)
{
    bool refused = (message->members.seen & (1u << EVENT_ERROR | 1u << EVENT_CODE)) != 0;
    char why[200] = "";
    if (refused)
        (void)snprintf(why, sizeof why, "%" PRId64 " %s", message->code, message->text);
    if (refused || (message->members.seen & 1u << EVENT_ID) != 0)
        events->on_answer(user, message->id, !refused, why);
}

static bool is_type(const struct message *message, const char *type)
{
    return strcmp(message->type, type) == 0;
}

/* What the message says, once it was read to its end. */
static int tell(const struct message *message, const struct stream_events *events, void *user)
{
    struct passing passing = {.refused = events->on_refused, .user = user};
    bool ticker = is_type(message, "24hrTicker"), candle = is_type(message, "kline");
    int code = message->failure[0] != '\0' ? error_set(ERROR_PROTOCOL, "%s", message->failure) : 0;
    if (code == 0 && ticker)
        code = tell_ticker(message, events, user);
    else if (code == 0 && candle)
        code = tell_candle(message, events, user);
    else if (code == 0 && is_type(message, "serverShutdown"))
        events->on_goodbye(user);
    else if (code == 0)
        tell_answer(message, events, user);
    return code != 0 && (ticker || candle) ? pass_over(&passing, code, 0, message->name, message->open_time_ms) : code;
}

static int read_message(const char *text, size_t size, const struct stream_events *events, void *user)
{
    struct message message = {.members = {event_names, EVENTS, 0}, .quote_volume = -1, .open_time_ms = -1};
    struct json_value root;
    int code = json_parse(text, size, &root);
    if (code == 0)
        code = json_each_member(root, read_member, &message);
    if (code == 0)
        code = json_finish();
    if (code == 0)
        code = tell(&message, events, user);
    return code != 0 ? error_context(code, "stream: %s", message.type) : 0;
}

extern const struct exchange_stream exchange_binance_stream, exchange_simulated_stream;

/* Five messages a second are allowed, and the PONG to the server's PING is one.
 *
 * "Update speed 2000 ms", says the document of candles. Users report that a market without trades may fall silent for
 * longer: it is then taken for one whose stream is broken, and REST asked for its candle, which costs a weight of 2. */
#define BINANCE_STREAM                                                                                                 \
    .topics_per_connection = 1024, .topics_per_request = TOPICS_PER_REQUEST, .requests_per_second = 4,                 \
    .lifetime_ms = 24LL * HOUR_MS, .silence_ms = 2000, .closes_candles = true, .stream_name = stream_name,             \
    .has_interval = has_interval, .subscribe = subscribe, .read = read_message

const struct exchange_stream exchange_binance_stream = {
    .tickers_url = "wss://stream.binance.com:9443/ws",
    .candles_url = "wss://stream.binance.com:9443/ws",
    BINANCE_STREAM,
};

const struct exchange_stream exchange_simulated_stream = {
    .tickers_url = "ws://127.0.0.1:9001/ws",
    .candles_url = "ws://127.0.0.1:9001/ws",
    BINANCE_STREAM,
};
