/* GET requests to one host, many at once: libcurl's multi interface inside the process's loop.
 *
 * HTTP/1.1 with connections that are kept; http and https only, no redirects, no proxy, certificates checked. Handles
 * and buffers are made at the start; a buffer grows to the longest body it has held and is kept, up to
 * HTTP_BODY_KEPT. */
/* SPDX-License-Identifier: MIT */
#ifndef WICK_EXCHANGE_HTTP_CLIENT_H
#define WICK_EXCHANGE_HTTP_CLIENT_H

#include "lib/base/error.h"
#include "lib/exchange/exchange.h"
#include "lib/runtime/loop.h"

#include <stdint.h>

enum {
    HTTP_CONNECTIONS_MAX = 100,
    HTTP_BODY_MAX = 32 * 1024 * 1024, /* Binance's list of markets has three kilobytes a market */
    HTTP_BODY_KEPT = 8 * 1024 * 1024,
    HTTP_CONNECT_TIMEOUT_MS = 3000,
};

struct http_client; /* opaque */

struct http_client_options {
    int connections;   /* requests in flight at most, 1 to HTTP_CONNECTIONS_MAX */
    int64_t timeout_ms; /* of one request, from its start to its last byte */
    const char *used_weight_header; /* lower case; must stay valid; NULL: none */
};

/* How a request ended. `answer` is valid until the callback returns. */
struct http_result {
    int code; /* 0: an answer came, whatever its status; ERROR_TIMEOUT, ERROR_CONNECTION, or ERROR_PROTOCOL for one
                 that is no HTTP, cut off, or longer than HTTP_BODY_MAX: then the chain says what happened */
    struct exchange_answer answer;
    int64_t sent_us, received_us; /* monotonic */
    uint64_t tag;                 /* of the request */
};

/* Called once for each request, from the loop, never from http_client_get. It may begin others; the one that ended
 * makes room when it returns. */
typedef void (*http_done_fn)(void *user, const struct http_result *result);

/* ERROR_LIBRARY, ERROR_MEMORY, ERROR_FULL (the loop's timers). */
int http_client_open(struct http_client **out, struct loop *loop, const struct http_client_options *options,
                     http_done_fn done, void *user) MUST_CHECK;

/* Drops what is in flight without a callback and frees it. NULL is allowed. */
void http_client_close(struct http_client *client);

/* How many more requests may be begun now. */
int http_client_room(const struct http_client *client);

/* Begins a request. ERROR_FULL when there is no room; ERROR_LIBRARY. */
int http_client_get(struct http_client *client, const char *url, uint64_t tag) MUST_CHECK;

#endif
