/* What the tests of the persister as a process share: the process, and peers of it on its links. One of each at a time. */
/* SPDX-License-Identifier: MIT */
#ifndef WICK_TESTS_PERSISTER_FIXTURE_H
#define WICK_TESTS_PERSISTER_FIXTURE_H

#include "lib/runtime/curve.h"
#include "lib/runtime/link_set.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum { PERSISTER_PATIENCE_MS = 20000, PERSISTER_SEQUENCES = 4096, PERSISTER_PAGE_SIZE = 64 * 1024 };

/* Where the candles of client_send_candles begin. */
#define PERSISTER_CANDLES_MS INT64_C(1700000040000)

/* A fetcher or trader, and what the persister has told it. */
struct client {
    struct curve_keys keys;
    struct link_set *links;
    int verdicts[PERSISTER_SEQUENCES]; /* by sequence; -1: no ack yet */
    unsigned places[PERSISTER_SEQUENCES]; /* by sequence: the newest ack of it was the how-manieth of all */
    unsigned acks;
    struct lease_reply lease;
    bool lease_came;
    size_t candles, processes; /* rows of the answer */
    uint32_t parts;            /* of the newest answer */
    bool answered;             /* its last part came */
    char error[TEXT_SIZE];
};

/* Starts the persister of the same build over a database. */
void persister_start(const char *database_url, const char *batch_ms);

/* Sends it a signal and waits for its end; its status as waitpid has it. */
int persister_stop(int signal);

/* 0 if none runs. */
pid_t persister_process(void);

/* The page of a path of its health port; empty while nobody answers. */
void persister_page(const char *path, char out[PERSISTER_PAGE_SIZE]);

/* Opens and closes a peer of the persister. */
void client_open(struct client *client, enum role role);
void client_close(struct client *client);

/* Lets 5 ms pass, in which answers are taken. */
void client_turn(void);

/* Sends a message; one that nobody is connected for is dropped, as on a real link. */
void client_send(struct client *client, enum link link, enum record record, const void *message);

/* Sends a delivery again and again until its ack comes, and returns the verdict; -1 if none came. */
int client_deliver(struct client *client, enum record record, const void *message, uint64_t sequence);

/* Sends `count` candles of one series once, at most 2,000; `first` is the minute of the first. */
void client_send_candles(struct client *client, uint64_t sequence, int64_t first, size_t count, uint32_t interval_s);
int client_deliver_candles(struct client *client, uint64_t sequence, int64_t first, size_t count, uint32_t interval_s);

/* Asks until the answer has come whole. */
void client_ask(struct client *client, const struct query *query);

#endif
