/* The way of candles to the store: what a series' ring holds and the store has not acked goes there, in batches, in
 * order, one batch of a series at a time. The ring is the only buffer. Also how series get their beginning stored. */
/* SPDX-License-Identifier: MIT */
#ifndef WICK_FETCHER_ARCHIVE_H
#define WICK_FETCHER_ARCHIVE_H

#include "fetcher/market.h"
#include "lib/exchange/exchange_clock.h"
#include "lib/runtime/outbox.h"

enum {
    ARCHIVE_WINDOW = 16,      /* batches that wait for their ack */
    ARCHIVE_BATCH_MAX = 1000, /* candles of one */
    ARCHIVE_ABSENCES_MAX = 500, /* of one message, as in messages.def */
    ARCHIVE_STALL_MS = 3000,
    ARCHIVE_DIRECT = 8,       /* messages beside the batches: beginnings, and what others send */
    ARCHIVE_SERIES_MAX = 2000, /* beginnings of one message, as in messages.def */
};

/* What an ack is for; lower tags are those of the batches. */
enum archive_tag {
    ARCHIVE_TAG_STARTS = ARCHIVE_WINDOW,
    ARCHIVE_TAG_REVISIONS,
    ARCHIVE_TAG_FILL, /* and those above, one a slot */
};

/* What the store will have once a batch is acked. */
struct archive_promise {
    struct series *series;
    int64_t from_ms, through_ms;
};

struct archive_batch {
    bool used;
    size_t candle_count;
    size_t count;
    struct archive_promise promises[ARCHIVE_BATCH_MAX];
};

struct archive {
    struct service_context *context; /* borrowed */
    struct market *market;           /* borrowed */
    int timer;                       /* sends on the loop's next turn */
    struct outbox outbox;
    struct archive_batch batches[ARCHIVE_WINDOW];
    struct candle_event rows[ARCHIVE_BATCH_MAX]; /* of the batch that is being made */
    struct absence absences[ARCHIVE_ABSENCES_MAX]; /* the same */
    size_t absence_count;
    enum absence_reason reason; /* of a hole that the exchange has left again and again */

    /* Series with candles to be stored: a queue, each at most once. */
    uint32_t *queue; /* indices; as many as the market has slots; owned */
    size_t queue_capacity, queue_first, queue_count;

    struct series_start starts[ARCHIVE_SERIES_MAX];
    int64_t moved_ms;        /* monotonic: when the store last acked something, or nothing waited for it */
    uint32_t starts_waiting; /* messages with beginnings that are not acked */

    /* Called for each series of which the store has acked candles: its ring has room again. */
    void (*on_stored)(void *user, struct series *series);
    /* Called for the ack of what archive_push has sent. `accepted` is false if the store will never take it. */
    void (*on_direct)(void *user, uint64_t tag, bool accepted);
    void *user;
    const struct exchange_clock *clock; /* borrowed: it goes with all candles; NULL: it is never known */
};

/* Before the market is open; on_stored, on_direct, user and clock are set by the caller. ERROR_FULL (the
 * loop's timers). */
int archive_open(struct archive *archive, struct service_context *context, struct market *market) MUST_CHECK;

/* After the market was opened. ERROR_MEMORY. */
int archive_prepare(struct archive *archive) MUST_CHECK;
void archive_release(struct archive *archive);

/* A series' ring has candles that the store has not. */
void archive_mark(struct archive *archive, struct series *series);

/* Sends, for every series whose beginning the store has not confirmed, the open time of the candle that is forming at
 * exchange_ms. What the store then has is to be asked from it: the first word on each stays. ERROR_FULL when a message
 * did not fit the window: call it again. */
int archive_propose_starts(struct archive *archive, int64_t exchange_ms) MUST_CHECK;

/* Sends candles and absences that do not come from rings; sequence, exchange and its clock are set here. ERROR_FULL
 * when too much waits for its ack: try again later. */
int archive_push(struct archive *archive, struct store_candles *message, uint64_t tag) MUST_CHECK;

/* An ack over the store link. */
int archive_on_ack(struct archive *archive, const uint8_t *bytes, size_t size) MUST_CHECK;

/* Whether the store has acked nothing of what waits for it for ARCHIVE_STALL_MS. */
bool archive_is_stalled(const struct archive *archive, int64_t now_ms);

/* Whether the store has acked everything. */
bool archive_is_empty(const struct archive *archive);

/* Resends. */
void archive_on_tick(struct archive *archive, int64_t now_ms);

#endif
