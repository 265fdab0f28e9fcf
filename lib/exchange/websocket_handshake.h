/* How an HTTP/1.1 connection becomes a WebSocket (RFC 6455, section 4), on both sides: what is written, and whether
 * what came is the right answer. No sockets here. */
/* SPDX-License-Identifier: MIT */
#ifndef WICK_EXCHANGE_WEBSOCKET_HANDSHAKE_H
#define WICK_EXCHANGE_WEBSOCKET_HANDSHAKE_H

#include "lib/base/error.h"

#include <stdbool.h>
#include <stddef.h>

enum {
    HANDSHAKE_HEAD_SIZE = 8192, /* of a request or an answer, up to the blank line and with it */
    HANDSHAKE_KEY_SIZE = 25,    /* 16 bytes in base 64, with a NUL */
    HANDSHAKE_ACCEPT_SIZE = 29, /* 20 bytes in base 64, with a NUL */
};

/* Draws the key of a request. */
void handshake_key(char key[HANDSHAKE_KEY_SIZE]);

/* What the server must answer to a key: base 64 of the SHA-1 of the key and a constant. `key` may be any text. */
void handshake_accept(const char *key, char accept[HANDSHAKE_ACCEPT_SIZE]);

/* Where the head that `bytes` begin with ends, behind its blank line; 0: not yet. */
size_t handshake_head_end(const char *bytes, size_t size);

/* Client. Writes the request with a NUL; returns its length. `target` is path and query, `host` has the port where it is
 * not the usual one; together they must be shorter than the head by 200. */
size_t handshake_request(const char *host, const char *target, const char *key, char out[HANDSHAKE_HEAD_SIZE]);

/* Client. Reads the whole head of an answer. ERROR_PROTOCOL tells what was answered instead of the right thing. */
int handshake_read_answer(const char *head, size_t size, const char *key) MUST_CHECK;

/* Server. Reads the whole head of a request: its target (path and query, at most target_size - 1 bytes) and its key.
 * ERROR_PROTOCOL for one that does not ask for a WebSocket. */
int handshake_read_request(const char *head, size_t size, char *target, size_t target_size,
                           char key[HANDSHAKE_KEY_SIZE]) MUST_CHECK;

/* Server. Writes the answer with a NUL; returns its length. */
size_t handshake_answer(const char *key, char out[HANDSHAKE_HEAD_SIZE]);

#endif
