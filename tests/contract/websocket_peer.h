/* A WebSocket server for tests, byte by byte, in the client's loop: what it does with a connection follows from the path
 * that was asked for. */
/* SPDX-License-Identifier: MIT */
#ifndef WICK_TESTS_WEBSOCKET_PEER_H
#define WICK_TESTS_WEBSOCKET_PEER_H

#include "lib/runtime/loop.h"

#include <stddef.h>
#include <stdint.h>

enum { PEERS_MAX = 80, PEER_INPUT_MAX = 256 * 1024 };

/* The first byte of a frame. */
enum {
    FRAME_TEXT = 0x81,
    FRAME_TEXT_BEGINS = 0x01,
    FRAME_CONTINUES = 0x00,
    FRAME_ENDS = 0x80,
    FRAME_BINARY = 0x82,
    FRAME_CLOSE = 0x88,
    FRAME_PING = 0x89,
    FRAME_PONG = 0x8a,
};

struct peer {
    int fd; /* -1: free */
    int upgraded;
    char path[64];
    size_t size;
    char input[PEER_INPUT_MAX];
};

struct peer_server {
    struct loop *loop;
    int fd, port;
    int accepted, gone; /* connections so far; of them, ended by the client */
    int pongs, closes;  /* frames of the clients */
    int close_code;     /* of the last one */
    /* Called for a request of a WebSocket instead of the right answer; NULL: it is answered. */
    void (*on_request)(struct peer *peer, const char *key);
    void (*on_upgraded)(struct peer *peer);                                   /* NULL: nothing happens */
    void (*on_text)(struct peer *peer, const char *text, size_t size); /* NULL: echo */
    struct peer peers[PEERS_MAX];
};

extern struct peer_server peer_server;

/* Listens on a free port of this machine. */
void peer_server_open(struct loop *loop);
void peer_server_close(void);

/* Sends bytes, waiting for the client's reading if it must: only what socket buffers hold, or a client of a thread. */
void peer_send(struct peer *peer, const void *bytes, size_t size);

/* Sends a frame; the payload's length is written in the shortest of the three forms. */
void peer_frame(struct peer *peer, int first_byte, const void *payload, size_t size);

/* Cuts the connection. */
void peer_cut(struct peer *peer);

#endif
