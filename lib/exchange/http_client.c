/* Transfers: one easy handle each, with the buffer of its body; libcurl drives them inside the loop (curl_loop.h). */
/* SPDX-License-Identifier: MIT */
#include "lib/exchange/http_client.h"

#include "lib/base/clock.h"
#include "lib/exchange/curl_loop.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum {
    BODY_INITIAL = 32 * 1024,
    STALLED_BYTES_PER_S = 1000, /* slower than this for so long counts as a time-out */
    STALLED_S = 5,
    CONNECTION_LIFE_S = 600, /* then a new one is made, so that changes of the host's address are followed */
    HEADER_NUMBER_MAX = 1000000000,
    HEADER_TIME_SIZE = 64,
};

/* One easy handle, the buffer of its body, and what its headers said. */
struct transfer {
    struct http_client *client;
    CURL *easy;
    char *body;
    size_t size, capacity;
    bool too_long;
    int used_weight, retry_after_s; /* -1: not told */
    int64_t retry_at_s, date_s;     /* since 1970; -1: not told */
    int64_t sent_us;
    uint64_t tag;
    char message[CURL_ERROR_SIZE];
    struct transfer *next_free;
};

struct http_client {
    struct curl_loop curl;
    http_done_fn done;
    void *user;
    const char *used_weight_header;
    int free_count;
    struct transfer *free;
    int transfer_count;
    struct transfer transfers[HTTP_CONNECTIONS_MAX];
};

/* Makes room for `more` bytes of body; false when it would be too long, or memory is out. */
static bool transfer_reserve(struct transfer *transfer, size_t more)
{
    if (more > HTTP_BODY_MAX - transfer->size)
        return false;
    size_t wanted = transfer->size + more;
    if (wanted <= transfer->capacity)
        return true;
    size_t capacity = transfer->capacity;
    while (capacity < wanted)
        capacity *= 2;
    char *body = realloc(transfer->body, capacity);
    if (body == NULL)
        return false;
    transfer->body = body;
    transfer->capacity = capacity;
    return true;
}

static size_t on_body(char *bytes, size_t one, size_t count, void *user)
{
    (void)one;
    struct transfer *transfer = user;
    if (!transfer_reserve(transfer, count)) {
        transfer->too_long = true;
        return 0;
    }
    memcpy(transfer->body + transfer->size, bytes, count);
    transfer->size += count;
    return count;
}

/* The number a header "name: 123" carries, or -1 if it is another header or no number. */
static int header_number(const char *line, size_t length, const char *name)
{
    size_t at = strlen(name);
    if (length <= at || strncasecmp(line, name, at) != 0 || line[at] != ':')
        return -1;
    for (at++; at < length && (line[at] == ' ' || line[at] == '\t'); at++)
        ;
    int64_t number = -1;
    for (; at < length && line[at] >= '0' && line[at] <= '9' && number < HEADER_NUMBER_MAX; at++)
        number = (number < 0 ? 0 : number) * 10 + (line[at] - '0');
    for (; at < length && strchr(" \t\r\n", line[at]) != NULL; at++)
        ;
    return at == length && number <= HEADER_NUMBER_MAX ? (int)number : -1;
}

/* The time a header "name: Tue, 01 Sep 2026 10:00:00 GMT" carries, seconds since 1970, or -1. RFC 9110, 5.6.7. */
static int64_t header_time(const char *line, size_t length, const char *name)
{
    char text[HEADER_TIME_SIZE];
    size_t at = strlen(name);
    if (length <= at + 1 || strncasecmp(line, name, at) != 0 || line[at] != ':' || length - at > sizeof text)
        return -1;
    memcpy(text, line + at + 1, length - at - 1);
    text[length - at - 1] = '\0';
    return (int64_t)curl_getdate(text, NULL);
}

/* A time at which to come again becomes a number of seconds: from the time that the same answer says it is, or from
 * ours. */
static int retry_after_s(const struct transfer *transfer)
{
    if (transfer->retry_after_s >= 0 || transfer->retry_at_s < 0)
        return transfer->retry_after_s;
    int64_t now_s = transfer->date_s >= 0 ? transfer->date_s : clock_wall_ms() / 1000;
    int64_t wait_s = transfer->retry_at_s - now_s;
    if (wait_s < 0)
        return 0;
    return wait_s < HEADER_NUMBER_MAX ? (int)wait_s : HEADER_NUMBER_MAX;
}

static size_t on_header(char *line, size_t one, size_t length, void *user)
{
    (void)one;
    struct transfer *transfer = user;
    const char *weight_header = transfer->client->used_weight_header;
    int number = weight_header != NULL ? header_number(line, length, weight_header) : -1;
    if (number >= 0)
        transfer->used_weight = number;
    number = header_number(line, length, "retry-after");
    if (number >= 0)
        transfer->retry_after_s = number;
    int64_t time_s = header_time(line, length, "retry-after");
    if (number < 0 && time_s >= 0)
        transfer->retry_at_s = time_s;
    time_s = header_time(line, length, "date");
    if (time_s >= 0)
        transfer->date_s = time_s;
    return length;
}

/* What libcurl's result means. The chain holds its words. */
static int result_code(const struct transfer *transfer, CURLcode result)
{
    const char *words = transfer->message[0] != '\0' ? transfer->message : curl_easy_strerror(result);
    switch (result) {
    case CURLE_OK: return 0;
    case CURLE_OPERATION_TIMEDOUT: return error_set(ERROR_TIMEOUT, "%s", words);
    case CURLE_WRITE_ERROR:
        return error_set(ERROR_PROTOCOL, "%s", transfer->too_long ? "the body is too long" : words);
    case CURLE_PARTIAL_FILE:
    case CURLE_WEIRD_SERVER_REPLY:
    case CURLE_BAD_CONTENT_ENCODING: return error_set(ERROR_PROTOCOL, "%s", words);
    default: return error_set(ERROR_CONNECTION, "%s", words);
    }
}

/* Makes a handle free; an uncommonly large buffer goes back to the system. */
static void release(struct http_client *client, struct transfer *transfer)
{
    char *body = transfer->capacity > HTTP_BODY_KEPT ? realloc(transfer->body, BODY_INITIAL) : NULL;
    if (body != NULL) {
        transfer->body = body;
        transfer->capacity = BODY_INITIAL;
    }
    transfer->next_free = client->free;
    client->free = transfer;
    client->free_count++;
}

static void on_done(void *user, CURL *easy, CURLcode result)
{
    struct http_client *client = user;
    struct transfer *transfer = NULL;
    long status = 0;
    (void)curl_easy_getinfo(easy, CURLINFO_PRIVATE, (char **)&transfer);
    (void)curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
    (void)curl_multi_remove_handle(client->curl.multi, easy);
    struct http_result ended = {
        .code = result_code(transfer, result),
        .answer = {(int)status, transfer->body, transfer->size, transfer->used_weight, retry_after_s(transfer)},
        .sent_us = transfer->sent_us,
        .received_us = clock_monotonic_us(),
        .tag = transfer->tag,
    };
    client->done(client->user, &ended);
    release(client, transfer);
}

/* What is the same for every request. */
static const struct {
    CURLoption option;
    long value;
} numbers[] = {
    {CURLOPT_NOSIGNAL, 1},
    {CURLOPT_FOLLOWLOCATION, 0},
    {CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1},
    {CURLOPT_TCP_KEEPALIVE, 1},
    {CURLOPT_MAXLIFETIME_CONN, CONNECTION_LIFE_S},
    {CURLOPT_CONNECTTIMEOUT_MS, HTTP_CONNECT_TIMEOUT_MS},
    {CURLOPT_LOW_SPEED_LIMIT, STALLED_BYTES_PER_S},
    {CURLOPT_LOW_SPEED_TIME, STALLED_S},
};

static bool configure(struct transfer *transfer, const struct http_client_options *options)
{
    CURL *easy = transfer->easy;
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
        if (curl_easy_setopt(easy, numbers[i].option, numbers[i].value) != CURLE_OK)
            return false;
    return curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)options->timeout_ms) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https") == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_PROXY, "") == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_USERAGENT, "wick") == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_PRIVATE, transfer) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, transfer->message) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_WRITEDATA, transfer) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_HEADERDATA, transfer) == CURLE_OK;
}

static int open_transfer(struct http_client *client, struct transfer *transfer,
                         const struct http_client_options *options)
{
    transfer->client = client;
    transfer->easy = curl_easy_init();
    transfer->body = malloc(BODY_INITIAL);
    transfer->capacity = BODY_INITIAL;
    if (transfer->easy == NULL || transfer->body == NULL)
        return error_set(ERROR_MEMORY, "a request's handle");
    if (!configure(transfer, options))
        return error_set(ERROR_LIBRARY, "libcurl refused an option");
    release(client, transfer);
    return 0;
}

int http_client_open(struct http_client **out, struct loop *loop, const struct http_client_options *options,
                     http_done_fn done, void *user)
{
    assert(options->connections >= 1 && options->connections <= HTTP_CONNECTIONS_MAX && options->timeout_ms > 0);
    struct http_client *client = calloc(1, sizeof *client);
    if (client == NULL)
        return error_set(ERROR_MEMORY, "the HTTP client");
    client->done = done;
    client->user = user;
    client->used_weight_header = options->used_weight_header;
    int code = curl_loop_open(&client->curl, loop, options->connections, on_done, client);
    for (; code == 0 && client->transfer_count < options->connections; client->transfer_count++)
        code = open_transfer(client, &client->transfers[client->transfer_count], options);
    if (code != 0) {
        http_client_close(client);
        return error_context(code, "HTTP client");
    }
    *out = client;
    return 0;
}

void http_client_close(struct http_client *client)
{
    if (client == NULL)
        return;
    for (int i = 0; i < client->transfer_count; i++) {
        struct transfer *transfer = &client->transfers[i];
        if (transfer->easy != NULL)
            (void)curl_multi_remove_handle(client->curl.multi, transfer->easy);
        curl_easy_cleanup(transfer->easy);
        free(transfer->body);
    }
    curl_loop_close(&client->curl);
    free(client);
}

int http_client_room(const struct http_client *client)
{
    return client->free_count;
}

int http_client_get(struct http_client *client, const char *url, uint64_t tag)
{
    struct transfer *transfer = client->free;
    if (transfer == NULL)
        return error_set(ERROR_FULL, "%d requests are in flight", client->transfer_count);
    /* Compression pays over the internet; on this machine or its network it costs more than it saves. */
    const char *encoding = strncmp(url, "https:", 6) == 0 ? "" : NULL;
    CURLcode set = curl_easy_setopt(transfer->easy, CURLOPT_URL, url);
    if (set == CURLE_OK)
        set = curl_easy_setopt(transfer->easy, CURLOPT_ACCEPT_ENCODING, encoding);
    if (set != CURLE_OK)
        return error_set(ERROR_LIBRARY, "libcurl: %s", curl_easy_strerror(set));
    transfer->size = 0;
    transfer->too_long = false;
    transfer->used_weight = -1;
    transfer->retry_after_s = -1;
    transfer->retry_at_s = transfer->date_s = -1;
    transfer->message[0] = '\0';
    transfer->tag = tag;
    transfer->sent_us = clock_monotonic_us();
    CURLMcode added = curl_multi_add_handle(client->curl.multi, transfer->easy);
    if (added != CURLM_OK)
        return error_set(ERROR_LIBRARY, "libcurl: %s", curl_multi_strerror(added));
    client->free = transfer->next_free;
    client->free_count--;
    return 0;
}
