/* The way from the desk to the store: changes of the ledger wait here until they are durable, and only then are the
 * signals that caused them acked.
 *
 * Refused signals go out at once, each for itself; they depend on nothing. Changes that move money depend on each
 * other: a position stored without the one before it would break the ledger's identity for who restores it. So one
 * delivery of them is under way at a time, and what happens meanwhile gathers for the next. */
/* SPDX-License-Identifier: MIT */
#ifndef WICK_TRADER_ARCHIVE_H
#define WICK_TRADER_ARCHIVE_H

#include "lib/base/error.h"
#include "lib/ledger/order_id.h"
#include "lib/runtime/outbox.h"
#include "lib/runtime/service.h"
#include "trader/desk.h"

#include <stdbool.h>
#include <stdint.h>

enum {
    ARCHIVE_ROWS_MAX = 64, /* trades in one delivery; the bound of the lists of store_ledger */
    ARCHIVE_WAITING_MAX = OUTBOX_ENTRIES_MAX + 2 * ARCHIVE_ROWS_MAX, /* signals whose outcome is not durable yet */
};

/* A signal that is acked when its outcome is durable. */
struct waiting {
    struct key key;      /* of the signal */
    struct peer peer;    /* who sent it last */
    uint64_t sequence;   /* of that sending */
    uint64_t delivery;   /* in the outbox; 0: gathers for the next one */
};

/* Trades that gather for the next delivery. */
struct gathering {
    uint32_t outcomes, trades;
    bool counted; /* account is set */
    struct signal_outcome outcome[ARCHIVE_ROWS_MAX];
    struct order order[ARCHIVE_ROWS_MAX];
    struct fill fill[ARCHIVE_ROWS_MAX];
    struct position position[ARCHIVE_ROWS_MAX];
    struct account account;
};

struct archive {
    struct outbox outbox;
    uint64_t under_way; /* sequence of the delivery that holds trades or totals; 0: none */
    struct gathering next;
    struct waiting waiting[ARCHIVE_WAITING_MAX]; /* waiting_count in use, in no order */
    uint32_t waiting_count;
};

/* Where a signal came from. */
struct origin {
    struct peer peer;
    uint64_t sequence;
};

/* Nothing waits and nothing is under way. Owns memory only once something was put. */
void archive_init(struct archive *archive);
void archive_release(struct archive *archive);

/* Whether nothing more may be decided until the store has acked some. */
bool archive_is_full(const struct archive *archive);

/* Whether everything is durable. */
bool archive_is_empty(const struct archive *archive);

/* Deliveries and gathered changes that wait for the store. */
uint32_t archive_depth(const struct archive *archive);

/* Takes a change; `origin` is who sent the signal, NULL if none did. The archive must not be full, though a change
 * of the totals alone is always taken. Codes as outbox_push, but for ERROR_FULL: the change cannot be stored. */
int archive_put(struct archive *archive, struct service_context *context, uint64_t generation,
                const struct change *change, const struct origin *origin) MUST_CHECK;

/* If the outcome of this signal is on its way to the store, remembers who asks and returns true: the ack will come. */
bool archive_note_repetition(struct archive *archive, struct key key, const struct origin *origin);

/* A delivery is durable: acks its signals and sends what has gathered. Codes as archive_put. */
int archive_acked(struct archive *archive, struct service_context *context, uint64_t generation,
                  uint64_t sequence) MUST_CHECK;

/* Sends again what was not acked in time. */
void archive_tick(struct archive *archive, struct service_context *context, int64_t now_ms);

/* Answers a message that is sent until it is acked. An answer that cannot be sent is dropped: it will be asked for
 * again. */
void answer(struct service_context *context, enum link link, const struct origin *origin, enum verdict verdict);

#endif
