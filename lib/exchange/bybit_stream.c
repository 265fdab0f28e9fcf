/* Bybit spot: its WebSocket topics.
 *
 * Source: Bybit API v5, websocket/wss-authentication (limits, heartbeat, subscription) and websocket/public/kline. Of its
 * topics candles alone are used: that of tickers tells spot markets no bid and no ask, twenty times a second each, where
 * one request tells all of all of them.
 *
 * {"topic":"kline.1.BTCUSDT","data":[{..}],"ts":..,"type":"snapshot"}; as what the rows are stands beside them, a message
 * is read twice, its head first. */
/* SPDX-License-Identifier: MIT */
#include "lib/exchange/bybit_read.h"
#include "lib/exchange/read.h"
#include "lib/exchange/request.h"
#include "lib/exchange/stream.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum {
    TOPICS_PER_REQUEST = 10,
    TOPICS_PER_CONNECTION = 500, /* 21,000 characters hold so many of the longest */
    PING_MS = 20000,
    ROWS_MAX = 16, /* of one message; it has one, or two at a close */
};

static int stream_name(const struct instrument *instrument, char out[STREAM_NAME_SIZE])
{
    (void)snprintf(out, STREAM_NAME_SIZE, "%s", instrument->symbol);
    return 0;
}

static bool has_interval(uint32_t interval_s)
{
    return bybit_interval(interval_s) != NULL;
}

static int subscribe(const struct stream_topic *topics, size_t count, bool on, uint64_t id,
                     char out[STREAM_MESSAGE_SIZE])
{
    out[0] = '\0';
    int code = text_append(out, STREAM_MESSAGE_SIZE, "{\"req_id\":\"%" PRIu64 "\",\"op\":\"%s\",\"args\":[", id,
                           on ? "subscribe" : "unsubscribe");
    for (size_t i = 0; i < count && code == 0; i++)
        code = text_append(out, STREAM_MESSAGE_SIZE, "%s\"kline.%s.%s\"", i > 0 ? "," : "",
                           bybit_interval(topics[i].interval_s), topics[i].instrument->symbol);
    return code != 0 ? code : text_append(out, STREAM_MESSAGE_SIZE, "]}");
}

/* what arrives */

enum { HEAD_TOPIC, HEAD_OPERATION, HEAD_SUCCESS, HEAD_TEXT, HEAD_ID, HEADS };
static const char *const head_names[HEADS] = {"topic", "op", "success", "ret_msg", "req_id"};

struct head {
    struct members members;
    char topic[64], operation[16], text[160];
    bool success;
    uint64_t id;
};

static int read_head_member(void *user, const char *key, size_t key_length, struct json_value value)
{
    struct head *head = user;
    int index;
    int code = members_index(&head->members, key, key_length, &index);
    if (code != 0)
        return code;
    switch (index) {
    case HEAD_TOPIC: return read_short_text(value, head->topic, sizeof head->topic);
    case HEAD_OPERATION: return read_short_text(value, head->operation, sizeof head->operation);
    case HEAD_SUCCESS: return json_boolean(value, &head->success);
    case HEAD_TEXT: return read_short_text(value, head->text, sizeof head->text);
    case HEAD_ID: return read_request_id(value, &head->id);
    default: return 0;
    }
}

static int read_head(void *user, struct json_value root)
{
    return json_each_member(root, read_head_member, user);
}

/* The market and the length of the candles of "kline.1.BTCUSDT". False for any other topic. */
static bool read_topic(const char *topic, char name[STREAM_NAME_SIZE], uint32_t *interval_s)
{
    char interval[8];
    int end = 0;
    if (sscanf(topic, "kline.%7[0-9DWM].%n", interval, &end) != 1 || end == 0 || !symbol_valid(topic + end))
        return false;
    *interval_s = bybit_interval_length(interval);
    (void)snprintf(name, STREAM_NAME_SIZE, "%s", topic + end);
    return *interval_s != 0;
}

enum { KLINE_START, KLINE_END, KLINE_CLOSED, KLINE_OPEN, KLINES = KLINE_OPEN + CANDLE_VALUES };
static const char *const kline_names[KLINES] = {"start", "end", "confirm", "open", "high", "low", "close", "volume"};

struct kline {
    struct members members;
    int64_t start_ms, end_ms;
    bool closed;
    struct decimal values[CANDLE_VALUES];
};

/* The rows of a message, kept aside until it was read to its end. */
struct rows {
    bool found;
    const char *name; /* of the market */
    struct passing passing;
    uint32_t interval_s;
    size_t count;
    struct candle candles[ROWS_MAX];
    bool closed[ROWS_MAX];
};

static int read_kline_member(void *user, const char *key, size_t key_length, struct json_value value)
{
    struct kline *kline = user;
    int index;
    int code = members_index(&kline->members, key, key_length, &index);
    if (code != 0 || index < 0)
        return code;
    switch (index) {
    case KLINE_START: return json_integer(value, &kline->start_ms);
    case KLINE_END: return json_integer(value, &kline->end_ms);
    case KLINE_CLOSED: return json_boolean(value, &kline->closed);
    default: return read_not_negative(value, &kline->values[index - KLINE_OPEN]);
    }
}

static int read_kline(void *user, size_t index, struct json_value value)
{
    struct rows *rows = user;
    struct kline kline = {.members = {kline_names, KLINES, 0}};
    int code = rows->count < ROWS_MAX ? 0 : error_set(ERROR_PROTOCOL, "too many rows");
    if (code == 0)
        code = json_each_member(value, read_kline_member, &kline);
    if (code == 0)
        code = members_check(&kline.members, (1u << KLINES) - 1);
    if (code == 0 && (kline.start_ms < 0 || kline.end_ms < 0 ||
                      kline.end_ms - kline.start_ms != (int64_t)rows->interval_s * 1000 - 1))
        code = error_set(ERROR_PROTOCOL, "a candle from %" PRId64 " to %" PRId64, kline.start_ms, kline.end_ms);
    if (code == 0)
        code = make_candle(kline.start_ms, kline.values, &rows->candles[rows->count]);
    if (code != 0)
        return pass_over(&rows->passing, code, index, rows->name, kline.start_ms > 0 ? kline.start_ms : -1);
    rows->closed[rows->count++] = kline.closed;
    return 0;
}

static int read_data_member(void *user, const char *key, size_t key_length, struct json_value value)
{
    struct rows *rows = user;
    if (!key_is(key, key_length, "data"))
        return 0;
    if (rows->found)
        return error_set(ERROR_PROTOCOL, "member 'data' twice");
    rows->found = true;
    return json_each_element(value, read_kline, rows);
}

static int read_data(void *user, struct json_value root)
{
    return json_each_member(root, read_data_member, user);
}

static int tell_candles(const struct exchange_answer *message, const char *topic, const struct stream_events *events,
                        void *user)
{
    char name[STREAM_NAME_SIZE];
    struct rows rows = {.name = name, .passing = {.refused = events->on_refused, .user = user}};
    if (!read_topic(topic, name, &rows.interval_s))
        return 0; /* a topic that was never asked for */
    int code = read_whole(message, read_data, &rows);
    if (code != 0)
        return error_context(code, "%s", topic);
    for (size_t i = 0; i < rows.count; i++)
        events->on_candle(user, name, rows.interval_s, &rows.candles[i], rows.closed[i]);
    return 0;
}

/* A pong of spot is an answer to the operation "ping"; elsewhere the operation is "pong". */
static void tell_answer(const struct head *head, const struct stream_events *events, void *user)
{
    if (strcmp(head->operation, "ping") == 0 || strcmp(head->operation, "pong") == 0)
        events->on_pong(user);
    else if ((head->members.seen & 1u << HEAD_SUCCESS) != 0)
        events->on_answer(user, head->id, head->success, head->success ? "" : head->text);
}

static int read_message(const char *text, size_t size, const struct stream_events *events, void *user)
{
    const struct exchange_answer message = {.status = 200, .body = text, .size = size};
    struct head head = {.members = {head_names, HEADS, 0}};
    int code = read_whole(&message, read_head, &head);
    if (code == 0 && head.topic[0] != '\0')
        code = tell_candles(&message, head.topic, events, user);
    else if (code == 0)
        tell_answer(&head, events, user);
    return code != 0 ? error_context(code, "stream") : 0;
}

extern const struct exchange_stream exchange_bybit_stream;

const struct exchange_stream exchange_bybit_stream = {
    .candles_url = "wss://stream.bybit.com/v5/public/spot",
    .topics_per_connection = TOPICS_PER_CONNECTION,
    .topics_per_request = TOPICS_PER_REQUEST,
    .requests_per_second = 5,
    .ping_ms = PING_MS,
    .ping = "{\"op\":\"ping\"}",
    .silence_ms = 0, /* "push frequency 1-60 s": no oftener than the shortest candles close */
    .closes_candles = true,
    .stream_name = stream_name,
    .has_interval = has_interval,
    .subscribe = subscribe,
    .read = read_message,
};
