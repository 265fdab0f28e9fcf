/* WebSocket connections to exchanges (RFC 6455), inside the process's loop.
 *
 * ws and wss (certificates checked), no proxy, no redirects, no extensions; text messages, put together from their
 * fragments; the protocol's pings are answered. A connection is opened, speaks, and ends once, for whatever reason;
 * whoever wants another opens another. That the other side has fallen silent is for its user to notice. */
/* SPDX-License-Identifier: MIT */
#ifndef WICK_EXCHANGE_WEBSOCKET_H
#define WICK_EXCHANGE_WEBSOCKET_H

#include "lib/base/error.h"
#include "lib/runtime/loop.h"

#include <stddef.h>
#include <stdint.h>

enum {
    WEBSOCKET_MESSAGE_MAX = 1024 * 1024, /* of what is received; a longer one ends the connection */
    WEBSOCKET_QUEUE_MAX = 64,            /* texts that wait to be sent, of one connection */
    WEBSOCKET_CONNECT_TIMEOUT_MS = 10000,
    WEBSOCKET_CONNECTIONS_MAX = 64,
};

struct websockets; /* the client: opaque */
struct websocket;  /* a connection: opaque; gone when on_end returns, or after websocket_close */

/* Called from the loop, never from websocket_open, websocket_send or websocket_close, all of which they may call, for
 * any connection; not websockets_close. */
struct websocket_events {
    void (*on_open)(void *user);
    void (*on_text)(void *user, const char *text, size_t size); /* one whole message; ends with a NUL behind `size` */
    void (*on_end)(void *user, const char *why); /* could not connect, or was connected and is no more */
};

/* ERROR_LIBRARY, ERROR_MEMORY, ERROR_FULL (the loop's watches or timers). */
int websockets_open(struct websockets **out, struct loop *loop) MUST_CHECK;

/* Drops all connections without callbacks. NULL is allowed. */
void websockets_close(struct websockets *client);

/* Begins to connect to `url` (ws://HOST[:PORT][/PATH][?QUERY] or wss://...), which must be open within
 * WEBSOCKET_CONNECT_TIMEOUT_MS. `events` must stay valid. ERROR_ARGUMENT for a URL that is none; ERROR_FULL;
 * ERROR_MEMORY, ERROR_LIBRARY. */
int websocket_open(struct websockets *client, const char *url, const struct websocket_events *events, void *user,
                   struct websocket **out) MUST_CHECK;

/* Sends a text, a copy of which waits until the socket takes it. ERROR_FULL; ERROR_CONNECTION before on_open or when
 * the connection is ending; ERROR_MEMORY. */
int websocket_send(struct websocket *connection, const char *text, size_t size) MUST_CHECK;

/* Ends a connection, telling the other side as far as the socket takes it; on_end is not called. In on_end itself it
 * does nothing. */
void websocket_close(struct websocket *connection);

#endif
