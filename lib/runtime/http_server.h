/* HTTP for health, dashboard and the simulated exchange: libmicrohttpd inside the process's own loop.
 *
 * Routes are a table; the right that a route needs is checked here, before its handler runs. A path that is not in
 * the table is a 404, a method that its routes lack a 405. Requests are small and bounded: URL 8 KiB (414), body
 * 64 KiB (413), 16 KiB of headers (431), GET, HEAD, POST and DELETE only. What two parties could read differently is
 * refused (400, 411): two Host or Content-Length headers, any Transfer-Encoding, a NUL in the URL. Nobody holds a
 * connection by being slow: headers come within 5 s, a body within 10 s, an answer is taken within 60 s. */
/* SPDX-License-Identifier: MIT */
#ifndef WICK_RUNTIME_HTTP_SERVER_H
#define WICK_RUNTIME_HTTP_SERVER_H

#include "lib/base/error.h"
#include "lib/runtime/loop.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct http_server;  /* opaque */
struct http_request; /* opaque; valid inside a handler only, unless it was answered by http_stream_begin */
struct http_stream;  /* opaque; a response that stays open: server-sent events */

struct http_route {
    const char *method; /* "GET", "POST", "DELETE"; HEAD goes to GET */
    const char *path;   /* exact, or with "*" at its end: a prefix */
    int right;          /* what the caller needs, by the meaning of http_server_options.allow; 0: nothing */
    void (*handle)(struct http_request *request, void *user); /* must answer before it returns */
};

struct http_server_options {
    const char *address; /* to bind: "127.0.0.1", "0.0.0.0"; */
    int port;            /* 0: any free one, see http_server_port */
    const struct http_route *routes;
    size_t route_count;
    void *user; /* given to handlers and allow */
    /* Whether this request has the right that its route needs; called for every route whose right is not 0. It must
     * answer the request itself when it returns false (401, 403). NULL: every such route is refused with 403. */
    bool (*allow)(struct http_request *request, int right, void *user);
    /* Headers put on every answer, "Name: value" lines, NULL at the end; may be NULL. */
    const char *const *headers;
    int connections_max; /* 0: 256 */
    int idle_timeout_s;  /* 0: 10; streams are exempt */
    int later_timeout_s; /* 0: 10; how long http_answer_later may take */
};

/* Binds and joins the loop. The routes and headers must stay valid. ERROR_ARGUMENT, ERROR_LIBRARY with the port in
 * the message when it is in use. */
int http_server_open(struct loop *loop, const struct http_server_options *options, struct http_server **out) MUST_CHECK;

/* The port it listens on. */
int http_server_port(const struct http_server *server);

/* Ends all streams and connections and frees it. NULL is allowed. */
void http_server_close(struct http_server *server);

/* The request. Strings live as long as the request; NULL where there is no such thing. Path and query arguments are
 * percent-decoded, cookies are as sent; a duplicate counts as its first value. */
const char *http_method(const struct http_request *request);
const char *http_path(const struct http_request *request);
const char *http_argument(const struct http_request *request, const char *name);
const char *http_header(const struct http_request *request, const char *name);
const char *http_cookie(const struct http_request *request, const char *name);
const char *http_client_address(const struct http_request *request); /* numeric, without the port */
const char *http_raw_query(const struct http_request *request);      /* as sent, without '?'; "" if none */
const uint8_t *http_body(const struct http_request *request, size_t *size);

/* Adds a header to the answer to come; name and value are copied. */
void http_add_header(struct http_request *request, const char *name, const char *value);

/* Answers. The body is copied. Exactly one answer per request. */
void http_answer(struct http_request *request, int status, const char *content_type, const void *body, size_t size);
void http_answer_text(struct http_request *request, int status, const char *text);

/* Answers with bytes that stay valid as long as the server (files that are part of the program). */
void http_answer_static(struct http_request *request, int status, const char *content_type, const void *body,
                        size_t size);

/* Called in a handler that will answer later: the connection waits until http_resume; for the simulator's delays and
 * the dashboard's history queries. `request` stays valid until http_resume, also when the client has gone or when
 * later_timeout_s has passed and it was answered 504: its answer is then dropped. Not after http_server_close. */
void http_answer_later(struct http_request *request);

/* Ends a delayed request, after one of the http_answer functions was called on it; it is no longer valid then. */
void http_resume(struct http_request *request);

/* Sends only the first `bytes` of the answer's body and then cuts the connection: a fault to order. Call it before
 * http_answer. */
void http_truncate(struct http_request *request, size_t bytes);

/* Closes the connection without any answer: a fault to order. */
void http_drop(struct http_request *request);

/* Answers 200 with an endless body, to which http_stream_write appends. At most 64 KiB wait for a slow client, then
 * the stream is closed. `on_close(stream, user)` is called once, before the stream is freed, and never from within
 * the functions below. NULL if memory is out: then answer otherwise. That a client has gone shows at a write. */
struct http_stream *http_stream_begin(struct http_request *request, const char *content_type,
                                      void (*on_close)(struct http_stream *stream, void *user), void *user);

/* Appends to a stream; false when it has ended (it will be freed after on_close). */
bool http_stream_write(struct http_stream *stream, const void *bytes, size_t size);

/* Ends a stream after what is queued was sent. */
void http_stream_end(struct http_stream *stream);

#endif
