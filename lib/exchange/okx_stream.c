/* OKX spot: its WebSocket channels.
 *
 * Source: OKX API v5, "WebSocket" (connect, subscribe, notification), "Tickers channel", "Candlesticks channel". Tickers
 * are at the public address, candles at the business one. {"arg":{"channel":..,"instId":..},"data":[..]} carries the rows
 * of REST; {"event":..} answers. As what the rows are stands beside them, a message is read twice, its head first. */
/* SPDX-License-Identifier: MIT */
#include "lib/exchange/okx_read.h"
#include "lib/exchange/request.h"
#include "lib/exchange/stream.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum {
    TOPICS_PER_REQUEST = 100,
    /* 480 times an hour may be subscribed or unsubscribed: where each topic counts, these can be left and taken up. */
    TOPICS_PER_CONNECTION = 240,
    PING_MS = 20000, /* a connection on which nothing was said for 30 s is closed */
    ROWS_MAX = 16,   /* of one message; it has one as a rule */
};

static const char candle_channel[] = "candle"; /* and the bar behind it */
static const char ticker_channel[] = "tickers";

static int stream_name(const struct instrument *instrument, char out[STREAM_NAME_SIZE])
{
    (void)snprintf(out, STREAM_NAME_SIZE, "%s", instrument->symbol);
    return 0;
}

static bool has_interval(uint32_t interval_s)
{
    return okx_bar(interval_s) != NULL;
}

static int subscribe(const struct stream_topic *topics, size_t count, bool on, uint64_t id,
                     char out[STREAM_MESSAGE_SIZE])
{
    out[0] = '\0';
    int code = text_append(out, STREAM_MESSAGE_SIZE, "{\"id\":\"%" PRIu64 "\",\"op\":\"%s\",\"args\":[", id,
                           on ? "subscribe" : "unsubscribe");
    for (size_t i = 0; i < count && code == 0; i++) {
        bool tickers = topics[i].kind == STREAM_TICKERS;
        code = text_append(out, STREAM_MESSAGE_SIZE, "%s{\"channel\":\"%s%s\",\"instId\":\"%s\"}", i > 0 ? "," : "",
                           tickers ? ticker_channel : candle_channel, tickers ? "" : okx_bar(topics[i].interval_s),
                           topics[i].instrument->symbol);
    }
    return code != 0 ? code : text_append(out, STREAM_MESSAGE_SIZE, "]}");
}

/* what arrives */

enum { HEAD_EVENT, HEAD_CODE, HEAD_TEXT, HEAD_ID, HEAD_ARGUMENT, HEADS };
static const char *const head_names[HEADS] = {"event", "code", "msg", "id", "arg"};
enum { ARGUMENT_CHANNEL, ARGUMENT_NAME, ARGUMENTS };
static const char *const argument_names[ARGUMENTS] = {"channel", "instId"};

struct head {
    struct members members, argument;
    char event[32], code[OKX_CODE_SIZE], text[160], channel[32];
    char name[SYMBOL_SIZE];
    uint64_t id;
};

static int read_argument_member(void *user, const char *key, size_t key_length, struct json_value value)
{
    struct head *head = user;
    int index;
    int code = members_index(&head->argument, key, key_length, &index);
    if (code != 0 || index < 0)
        return code;
    return index == ARGUMENT_CHANNEL ? read_short_text(value, head->channel, sizeof head->channel)
                                     : read_name(value, head->name);
}

static int read_head_member(void *user, const char *key, size_t key_length, struct json_value value)
{
    struct head *head = user;
    int index;
    int code = members_index(&head->members, key, key_length, &index);
    if (code != 0)
        return code;
    switch (index) {
    case HEAD_EVENT: return read_short_text(value, head->event, sizeof head->event);
    case HEAD_CODE: return read_short_text(value, head->code, sizeof head->code);
    case HEAD_TEXT: return read_short_text(value, head->text, sizeof head->text);
    case HEAD_ID: return read_request_id(value, &head->id);
    case HEAD_ARGUMENT: return json_each_member(value, read_argument_member, head);
    default: return 0;
    }
}

static int read_head(void *user, struct json_value root)
{
    return json_each_member(root, read_head_member, user);
}

/* The rows of a message, kept aside until it was read to its end. */
struct rows {
    bool found;
    const char *name; /* of the market */
    struct passing passing;
    size_t count;
    int (*read_row)(struct rows *rows, struct json_value value);
    struct exchange_ticker tickers[ROWS_MAX];
    struct candle candles[ROWS_MAX];
    bool closed[ROWS_MAX];
};

static int read_ticker_row(struct rows *rows, struct json_value value)
{
    struct exchange_ticker *row = &rows->tickers[rows->count];
    int code = okx_read_ticker(value, row);
    row->ticker.symbol[0] = '\0';
    return code;
}

static int read_closing_row(struct rows *rows, struct json_value value)
{
    return read_candle_row(value, OKX_CONFIRM, &rows->candles[rows->count], &rows->closed[rows->count]);
}

static int read_row(void *user, size_t index, struct json_value value)
{
    struct rows *rows = user;
    bool fits = rows->count < ROWS_MAX;
    if (fits)
        rows->candles[rows->count].open_time_ms = -1;
    int code = fits ? rows->read_row(rows, value) : error_set(ERROR_PROTOCOL, "too many rows");
    if (code != 0)
        return pass_over(&rows->passing, code, index, rows->name, fits ? rows->candles[rows->count].open_time_ms : -1);
    rows->count++;
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
    return json_each_element(value, read_row, rows);
}

static int read_data(void *user, struct json_value root)
{
    return json_each_member(root, read_data_member, user);
}

static int tell_rows(const struct exchange_answer *message, const struct head *head, const struct stream_events *events,
                     void *user)
{
    uint32_t interval_s = 0;
    struct rows rows = {.read_row = read_ticker_row, .name = head->name,
                        .passing = {.refused = events->on_refused, .user = user}};
    if (strcmp(head->channel, ticker_channel) != 0) {
        if (strncmp(head->channel, candle_channel, strlen(candle_channel)) == 0)
            interval_s = okx_bar_interval(head->channel + strlen(candle_channel));
        if (interval_s == 0)
            return 0; /* a channel that was never asked for */
        rows.read_row = read_closing_row;
    }
    int code = read_whole(message, read_data, &rows);
    if (code != 0)
        return error_context(code, "%s", head->channel);
    for (size_t i = 0; i < rows.count && head->name[0] != '\0'; i++) {
        if (interval_s == 0)
            events->on_ticker(user, head->name, &rows.tickers[i]);
        else
            events->on_candle(user, head->name, interval_s, &rows.candles[i], rows.closed[i]);
    }
    return 0;
}

/* The notice 64008 comes 30 s before a service is upgraded. */
static void tell_event(const struct head *head, const struct stream_events *events, void *user)
{
    char why[200] = "";
    bool refused = strcmp(head->event, "error") == 0;
    if (refused)
        (void)snprintf(why, sizeof why, "%s %s", head->code, head->text);
    if (refused || strcmp(head->event, "subscribe") == 0 || strcmp(head->event, "unsubscribe") == 0)
        events->on_answer(user, head->id, !refused, why);
    else if (strcmp(head->event, "notice") == 0 && strcmp(head->code, "64008") == 0)
        events->on_goodbye(user);
}

static int read_message(const char *text, size_t size, const struct stream_events *events, void *user)
{
    if (size == strlen("pong") && memcmp(text, "pong", size) == 0) {
        events->on_pong(user);
        return 0;
    }
    const struct exchange_answer message = {.status = 200, .body = text, .size = size};
    struct head head = {.members = {head_names, HEADS, 0}, .argument = {argument_names, ARGUMENTS, 0}};
    int code = read_whole(&message, read_head, &head);
    if (code == 0 && head.event[0] == '\0')
        code = tell_rows(&message, &head, events, user);
    else if (code == 0)
        tell_event(&head, events, user);
    return code != 0 ? error_context(code, "stream") : 0;
}

extern const struct exchange_stream exchange_okx_stream;

const struct exchange_stream exchange_okx_stream = {
    .tickers_url = "wss://ws.okx.com:8443/ws/v5/public",
    .candles_url = "wss://ws.okx.com:8443/ws/v5/business",
    .topics_per_connection = TOPICS_PER_CONNECTION,
    .topics_per_request = TOPICS_PER_REQUEST,
    .requests_per_second = 3,
    .ping_ms = PING_MS,
    .ping = "ping",
    .silence_ms = 0, /* a push a second at most, and only for what has changed */
    .closes_candles = true,
    .stream_name = stream_name,
    .has_interval = has_interval,
    .subscribe = subscribe,
    .read = read_message,
};
