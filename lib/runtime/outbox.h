/* What is sent until it is acked: a bounded window of encoded messages of one link, each with a sequence number of
 * its own, sent again when no ack comes in time. The receiver's natural keys make the repetition harmless. */
/* SPDX-License-Identifier: MIT */
#ifndef WICK_RUNTIME_OUTBOX_H
#define WICK_RUNTIME_OUTBOX_H

#include "lib/runtime/service.h"

enum { OUTBOX_ENTRIES_MAX = 1024, OUTBOX_RESEND_MS = 1000 };

struct outbox_entry {
    uint64_t sequence; /* 0: free */
    uint8_t *bytes;    /* owned; the encoded message */
    size_t size;
    size_t capacity;
    int64_t sent_ms; /* monotonic, of the last attempt; -1: never sent */
    uint64_t tag;    /* the owner's, handed back with the ack */
};

struct outbox {
    enum link link;
    uint32_t window; /* entries in use at most */
    uint32_t used;
    uint64_t next_sequence;
    int64_t waiting_ms; /* monotonic, since when something has been waiting for its ack without a break */
    struct outbox_entry entries[OUTBOX_ENTRIES_MAX];
};

/* `window` is how many messages may wait for their ack, at most OUTBOX_ENTRIES_MAX. */
void outbox_init(struct outbox *outbox, enum link link, uint32_t window);
void outbox_release(struct outbox *outbox);

/* The number the next message must carry in its `sequence` field. */
uint64_t outbox_next(const struct outbox *outbox);

static inline bool outbox_is_full(const struct outbox *outbox)
{
    return outbox->used >= outbox->window;
}

/* Encodes *message, whose `sequence` field is outbox_next(), keeps it, and sends it. ERROR_FULL when the window is
 * used up (nothing was taken); other codes as message_encode. A failing send is no error: it is tried again. */
int outbox_push(struct outbox *outbox, struct service_context *context, enum record record, const void *message,
                uint64_t tag) MUST_CHECK;

/* Forgets what was acked. True and its tag if it was waiting here; false for a repeated or unknown ack. */
bool outbox_ack(struct outbox *outbox, uint64_t sequence, uint64_t *tag);

/* Sends again what has waited longer than OUTBOX_RESEND_MS, oldest first. While something waits and nothing at all comes
 * over the link for LINK_SILENCE_MS, connects it anew. Call it on each tick. */
void outbox_tick(struct outbox *outbox, struct service_context *context, int64_t now_ms);

#endif
