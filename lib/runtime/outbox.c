/* The window of deliveries that wait for their ack. */
/* SPDX-License-Identifier: MIT */
#include "lib/runtime/outbox.h"

#include "lib/runtime/metrics.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* Encoding takes place here first, so that an entry is no larger than what it holds. */
static uint8_t draft[MESSAGE_SIZE_MAX];

void outbox_init(struct outbox *outbox, enum link link, uint32_t window)
{
    assert(window > 0 && window <= OUTBOX_ENTRIES_MAX);
    *outbox = (struct outbox){.link = link, .window = window, .next_sequence = 1};
}

void outbox_release(struct outbox *outbox)
{
    for (int i = 0; i < OUTBOX_ENTRIES_MAX; i++)
        free(outbox->entries[i].bytes);
    *outbox = (struct outbox){.link = outbox->link};
}

uint64_t outbox_next(const struct outbox *outbox)
{
    return outbox->next_sequence;
}

static struct outbox_entry *free_entry(struct outbox *outbox)
{
    for (uint32_t i = 0; i < outbox->window; i++)
        if (outbox->entries[i].sequence == 0)
            return &outbox->entries[i];
    return NULL;
}

/* An entry keeps its memory between uses; it grows in steps, so that after a while nothing is allocated. */
static int reserve(struct outbox_entry *entry, size_t size)
{
    enum { STEP = 512 };
    if (entry->capacity >= size)
        return 0;
    size_t capacity = (size + STEP - 1) / STEP * STEP;
    uint8_t *bytes = realloc(entry->bytes, capacity);
    if (bytes == NULL)
        return error_set(ERROR_MEMORY, "no memory for a delivery of %zu bytes", size);
    entry->bytes = bytes;
    entry->capacity = capacity;
    return 0;
}

static void try_to_send(struct outbox *outbox, struct outbox_entry *entry, struct service_context *context,
                        int64_t now_ms)
{
    if (entry->sent_ms >= 0)
        metric_add(METRIC_messages_resent_total, 1);
    entry->sent_ms = now_ms;
    int code = service_send_bytes(context, outbox->link, NULL, entry->bytes, entry->size);
    (void)code; /* nobody there or no room: the next tick tries again */
}

int outbox_push(struct outbox *outbox, struct service_context *context, enum record record, const void *message,
                uint64_t tag)
{
    size_t size;
    struct outbox_entry *entry = free_entry(outbox);
    if (entry == NULL)
        return error_set(ERROR_FULL, "%u deliveries wait for their ack", outbox->used);
    int code = message_encode(record, message, draft, sizeof draft, &size);
    if (code == 0)
        code = reserve(entry, size);
    if (code < 0)
        return code;
    memcpy(entry->bytes, draft, size);
    entry->size = size;
    entry->sequence = outbox->next_sequence++;
    entry->sent_ms = -1;
    entry->tag = tag;
    if (outbox->used++ == 0)
        outbox->waiting_ms = loop_now_ms(context->loop);
    try_to_send(outbox, entry, context, loop_now_ms(context->loop));
    return 0;
}

bool outbox_ack(struct outbox *outbox, uint64_t sequence, uint64_t *tag)
{
    for (uint32_t i = 0; i < outbox->window; i++) {
        struct outbox_entry *entry = &outbox->entries[i];
        if (sequence != 0 && entry->sequence == sequence) {
            *tag = entry->tag;
            entry->sequence = 0;
            outbox->used--;
            return true;
        }
    }
    return false;
}

/* The oldest entry that is due, or NULL. */
static struct outbox_entry *oldest_due(struct outbox *outbox, int64_t now_ms)
{
    struct outbox_entry *oldest = NULL;
    for (uint32_t i = 0; i < outbox->window; i++) {
        struct outbox_entry *entry = &outbox->entries[i];
        bool due = entry->sequence != 0 && entry->sent_ms + OUTBOX_RESEND_MS <= now_ms;
        if (due && (oldest == NULL || entry->sequence < oldest->sequence))
            oldest = entry;
    }
    return oldest;
}

void outbox_tick(struct outbox *outbox, struct service_context *context, int64_t now_ms)
{
    if (outbox->used == 0)
        return;
    service_await(context, outbox->link, outbox->waiting_ms, LINK_SILENCE_MS);
    for (struct outbox_entry *entry; (entry = oldest_due(outbox, now_ms)) != NULL;)
        try_to_send(outbox, entry, context, now_ms);
}
