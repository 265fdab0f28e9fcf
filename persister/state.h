/* What the persister's files share: its state, and who calls whom.
 *
 * Messages are taken in intake.c and only queue. Work for the database is begun in one place, persister_attend() in
 * work.c: as much of it at a time as the store takes, but never two writes or two leases. */
/* SPDX-License-Identifier: MIT */
#ifndef WICK_PERSISTER_STATE_H
#define WICK_PERSISTER_STATE_H

#include "lib/runtime/service.h"
#include "lib/store/store.h"
#include "persister/batch.h"
#include "persister/board.h"
#include "persister/history.h"
#include "persister/lease.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { PERSISTER_TICK_MS = 250 };

struct persister {
    struct service_context *context;
    struct store store;
    struct batch batches[2];
    struct batch *filling; /* takes deliveries */
    struct batch *writing; /* is cut into transactions; filled no more until all of it is answered */
    size_t tried;          /* deliveries of the transaction under way */
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

/* Whether the batch that is being filled should be written now. */
bool persister_is_due(const struct persister *persister, int64_t now_ms);

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
