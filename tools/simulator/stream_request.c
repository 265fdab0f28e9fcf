/* btcusdt@kline_1m, and JSON. */
/* SPDX-License-Identifier: MIT */
#include "tools/simulator/stream_request.h"

#include "lib/base/interval.h"
#include "lib/exchange/json.h"
#include "tools/simulator/klines.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

/* ---- names ---- */

static bool read_kind(const char *kind, struct topic *topic)
{
    static const struct {
        const char *name;
        enum topic_kind kind;
    } rows[] = {{"ticker", TOPIC_TICKER}, {"miniTicker", TOPIC_MINI_TICKER}, {"bookTicker", TOPIC_BOOK_TICKER}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (strcmp(kind, rows[i].name) == 0) {
            topic->kind = rows[i].kind;
            return true;
        }
    }
    topic->kind = TOPIC_KLINE;
    return strncmp(kind, "kline_", 6) == 0 && interval_from_name(kind + 6, &topic->interval_s) == 0;
}

bool topic_read(const struct market *market, const char *name, struct topic *topic)
{
    char symbol[MARKET_NAME_SIZE];
    *topic = (struct topic){.kind = TOPIC_ALL_MINI_TICKERS};
    (void)snprintf(topic->name, sizeof topic->name, "%s", name);
    if (strcmp(name, "!miniTicker@arr") == 0)
        return true;
    size_t length = strcspn(name, "@");
    if (name[length] != '@' || length >= sizeof symbol)
        return false;
    for (size_t i = 0; i < length; i++)
        symbol[i] = (char)toupper((unsigned char)name[i]);
    symbol[length] = '\0';
    long index = market_find(market, symbol);
    topic->symbol = (size_t)index;
    return index >= 0 && read_kind(name + length + 1, topic) &&
           (topic->kind != TOPIC_KLINE || klines_serve(market, topic->interval_s));
}

/* ---- requests ---- */

static int read_name(void *user, size_t index, struct json_value value)
{
    struct stream_request *request = user;
    const char *name;
    size_t length;
    int code = json_text(value, &name, &length);
    (void)index;
    if (code != 0)
        return code;
    if (request->count == STREAMS_A_CLIENT) {
        request->too_many = true;
        return 0;
    }
    if (length >= TOPIC_NAME_SIZE)
        return 0; /* a stream that there is not */
    memcpy(request->names[request->count], name, length);
    request->names[request->count++][length] = '\0';
    return 0;
}

static int read_member(void *user, const char *key, size_t key_length, struct json_value member)
{
    struct stream_request *request = user;
    const char *text;
    size_t length;
    if (key_length == 6 && memcmp(key, "params", 6) == 0)
        return json_each_element(member, read_name, request);
    if (key_length == 2 && memcmp(key, "id", 2) == 0) {
        request->has_id = true;
        return json_integer(member, &request->id);
    }
    if (key_length != 6 || memcmp(key, "method", 6) != 0)
        return 0;
    int code = json_text(member, &text, &length);
    if (code == 0)
        (void)snprintf(request->method, sizeof request->method, "%.*s", (int)length, text);
    return code;
}

int stream_request_read(struct stream_request *request, const char *text, size_t size)
{
    struct json_value root;
    request->method[0] = '\0';
    request->has_id = request->too_many = false;
    request->count = 0;
    int code = json_parse(text, size, &root);
    if (code == 0)
        code = json_each_member(root, read_member, request);
    return code == 0 ? json_finish() : code;
}
