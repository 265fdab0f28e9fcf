/* A WebSocket server inside the loop: it shakes hands, pings, counts what clients send, and bounds what waits for
 * those that read slowly. What is said is its user's. Its times are of this machine's clock. */
/* SPDX-License-Identifier: MIT */
#ifndef WICK_SIMULATOR_STREAM_SERVER_H
#define WICK_SIMULATOR_STREAM_SERVER_H

#include "lib/base/error.h"
#include "lib/runtime/loop.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    STREAM_CLIENTS_MAX = 64, /* further ones are not accepted */
    STREAM_TARGET_SIZE = 6000, /* of path and query, with a NUL */
    STREAM_TEXT_MAX = 64 * 1024, /* of what a client sends */
    STREAM_BACKLOG_MAX = 8 * 1024 * 1024, /* bytes that wait for a client; one that lets more wait is dropped */
    STREAM_TEXTS_PER_SECOND = 5, /* that a client may send, pongs among them */
    STREAM_PING_MS = 20000,
    STREAM_PONG_MS = 60000, /* without one the connection is closed */
};

struct stream_server; /* opaque */
struct stream_client; /* opaque; gone when on_end returns */

/* Called from the loop. In on_text the client may be answered and closed. */
struct stream_server_events {
    bool (*on_open)(void *user, struct stream_client *client, const char *target); /* false: answered with 404 */
    void (*on_text)(void *user, struct stream_client *client, const char *text, size_t size);
    void (*on_end)(void *user, struct stream_client *client, const char *why); /* of one that was open */
};

/* Listens; port 0 takes a free one. `events` must stay valid. ERROR_SYSTEM, ERROR_FULL, ERROR_MEMORY, ERROR_ARGUMENT
 * for an address that is none. */
int stream_server_open(struct stream_server **out, struct loop *loop, const char *address, int port,
                       const struct stream_server_events *events, void *user) MUST_CHECK;

/* Cuts all connections without callbacks. NULL is allowed. */
void stream_server_close(struct stream_server *server);

/* Where it listens. */
int stream_server_port(const struct stream_server *server);

/* Sends what waits for all clients; after a round of stream_send. */
void stream_server_flush(struct stream_server *server);

/* A number below STREAM_CLIENTS_MAX that no other client has as long as this one lives. */
size_t stream_client_place(const struct stream_client *client);

/* Adds a text to what waits for a client. It is sent by stream_server_flush, or when on_text returns. */
void stream_send(struct stream_client *client, const char *text, size_t size);

/* Closes with a code and a reason when what waits has been sent; cut: without a word, at once. on_end comes from
 * stream_server_flush, or when on_text returns. */
void stream_close(struct stream_client *client, uint16_t code, const char *reason);
void stream_cut(struct stream_client *client, const char *why);

#endif
