/* A server with routes of every sort, and clients that send raw bytes; one thread runs both. */
/* SPDX-License-Identifier: MIT */
#ifndef WICK_TESTS_HTTP_SITE_H
#define WICK_TESTS_HTTP_SITE_H

#include "lib/runtime/http_server.h"
#include "tests/harness.h"

enum { SITE_RIGHT = 1 }; /* that /secret needs; a request has it with the header X-Key: right */

struct site {
    struct loop *loop;
    struct http_server *server;
    int handled;                /* how often the handler of /hello and /secret ran */
    int asked_right;            /* what `allow` was asked for last */
    struct http_request *later; /* the request that waits */
    int waiting;                /* how many have come to wait */
    struct http_stream *stream; /* the stream that is open */
    int streams_closed;
};

extern struct site site;

/* Opens the server: with default options and rights, or with these. */
void site_open(void);
void site_open_with(struct http_server_options options);
void site_close(void);

struct client {
    int fd;
    char text[300000]; /* what has come, with a NUL */
    size_t length;
    bool closed; /* by the server */
};

/* Connects to the server; the test owns it until client_close. */
struct client *client_open(void);

/* Closes the socket, whatever is under way, and frees it. */
void client_close(struct client *client);

/* Takes what has come, without waiting. */
void client_read(struct client *client);
void send_bytes(struct client *client, const char *bytes, size_t size);
void send_text(struct client *client, const char *text);

/* Each runs the server until something has happened, or 20 s have passed: then false. */
bool client_sees(struct client *client, const char *needle);
bool client_is_closed(struct client *client);
bool pump_until(const int *counter, int count);

/* Whether a request, sent over a connection of its own, is answered by something with `needle` in it. */
bool answers(const char *request, const char *needle);

#endif
