/* The queries that wait for the database, and the answers that are being sent, in parts, which are counted; the last
 * message of an answer carries no rows and says so. Parts of several answers mix; the asker tells them apart by the
 * query's id. */
/* SPDX-License-Identifier: MIT */
#ifndef WICK_PERSISTER_HISTORY_H
#define WICK_PERSISTER_HISTORY_H

#include "lib/runtime/service.h"
#include "lib/store/store.h"
#include "proto/message.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    HISTORY_QUERIES_MAX = 64, /* that wait */
    HISTORY_ANSWERS_MAX = 32, /* that are being answered */
    HISTORY_AWAY_MS = 5000,  /* a query that has waited so long for the database is answered with an error */
    HISTORY_STUCK_MS = 1000, /* an asker who takes nothing for so long gets no more */
};

struct history_entry {
    struct peer peer;
    struct query query;
    int64_t received_ms; /* monotonic */
};

struct history;

/* A query under way. */
struct history_answer {
    struct history *history; /* NULL: a free place */
    struct history_entry asked;
    uint32_t parts;     /* that were made of the answer */
    bool asker_is_gone; /* the rest of the answer goes nowhere */
};

struct history {
    struct service_context *context;
    struct history_entry entries[HISTORY_QUERIES_MAX]; /* oldest first */
    size_t count;
    struct history_answer answers[HISTORY_ANSWERS_MAX];
    struct peer unsent_to;
    struct history_answer *unsent_of; /* NULL: it is over with this message */
    size_t unsent;                    /* bytes of a message that the link did not take yet */
    int64_t unsent_since_ms;          /* monotonic */
    uint8_t bytes[MESSAGE_SIZE_MAX];
};

/* Puts a query into the queue; answers with an error when that is full. */
void history_add(struct history *history, const struct peer *peer, const struct query *query, int64_t now_ms);

/* Takes the oldest query as one under way. NULL if there is none, or no place for an answer. */
struct history_answer *history_next(struct history *history);

/* Answers with an error the queries that have waited too long for a database that is away. */
void history_expire(struct history *history, int64_t now_ms, const char *why);

/* Sends a part of the answer. Nothing may be unsent. */
void history_send_part(struct history_answer *answer, const struct store_part *part);

/* Sends the end of the answer, whose place is free then; `error` is "" or why it is not complete. Nothing may be
 * unsent. */
void history_send_end(struct history_answer *answer, const char *error);

/* Tries to send what the link did not take. True when nothing is left: the next part may come, of whatever answer. */
bool history_flush(struct history *history, int64_t now_ms);

/* Answers a query for processes, which the database has no part in. */
void history_send_processes(struct history *history, const struct peer *peer, uint64_t id,
                            const struct process_state *rows, size_t count);

#endif
