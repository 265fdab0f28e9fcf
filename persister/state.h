/* What the persister's files share: its state, and who calls whom.
 *
 * Messages are taken in intake.c and only queue. Work for the database is begun in one place, persister_attend() in
 * work.c: as much of it at a time as the store takes, but never two writes or two leases. */
/* SPDX-License-Identifier: MIT */
#ifndef WICK_PERSISTER_STATE_H
#define WICK_PERSISTER_STATE_H

#include "lib/runtime/service.h"
#include "lib/store/store.h"
#include "persister/board.h"
#include "persister/history.h"
#include "persister/lanes.h"
#include "persister/lease.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { PERSISTER_TICK_MS = 250 };

struct persister {
    struct service_context *context;
    struct store store;
    struct lane lanes[LANES];
    enum lane_kind written; /* whose transaction is under way, or was the last */
    size_t tried;           /* deliveries of the transaction under way, */
    size_t tried_rows;      /* their rows, */
    int64_t begun_ms;       /* and when it began; monotonic */
    struct lane_pace pace;
    struct lease_desk desk;
    struct lease_entry lease; /* the request under way */
    struct history history;
    bool query_is_next; /* writing and answering take turns where the store does one thing at a time */
    size_t refused;        /* rows that were dated wrongly, and not told yet, */
    int64_t refused_ms;    /* monotonic; when the last were told */
    uint64_t pool_waits; /* of the store, as far as they are in the metric */
    struct board board;
    struct process_state processes[1 + BOARD_ROWS_MAX]; /* an answer: its own row and the board's */
    int timer;
    int watched_fd;
    bool stopping;
};

/* ---- work.c ---- */

/* Sends the answer to a delivery. */
void persister_ack(struct persister *persister, const struct peer *peer, uint64_t sequence, enum verdict verdict);

/* When batches are written. */
struct lane_terms persister_terms(const struct persister *persister);

/* Deliveries of all lanes that were not answered yet, and their rows. */
size_t persister_waiting(const struct persister *persister);
size_t persister_rows(const struct persister *persister);

/* Lets the database go on, begins what can be begun, and sets what to be woken by. A loop_timer_fn; `user` is the
 * persister. */
void persister_attend(void *user, int64_t now_ms);

/* Lets persister_attend() run once all messages that are here have been read: they share a transaction. */
void persister_wake(struct persister *persister);

/* ---- intake.c ---- */

/* The process's on_message. */
int persister_on_message(struct service_context *context, void *state, enum link link, const struct peer *peer,
                         enum record record, const uint8_t *bytes, size_t size);

#endif
