/* One outbox for everything; what is under way and what waits are told apart by delivery numbers. */
/* SPDX-License-Identifier: MIT */
#include "trader/archive.h"

#include <assert.h>
#include <string.h>

void archive_init(struct archive *archive)
{
    outbox_init(&archive->outbox, LINK_STORE, OUTBOX_ENTRIES_MAX);
    archive->under_way = 0;
    archive->waiting_count = 0;
    archive->next.outcomes = archive->next.trades = 0;
    archive->next.counted = false;
}

void archive_release(struct archive *archive)
{
    outbox_release(&archive->outbox);
}

bool archive_is_full(const struct archive *archive)
{
    /* One place is kept for the delivery that gathers. */
    return archive->outbox.used + 1 >= archive->outbox.window || archive->next.trades == ARCHIVE_ROWS_MAX;
}

static bool gathers(const struct archive *archive)
{
    return archive->next.trades > 0 || archive->next.counted;
}

bool archive_is_empty(const struct archive *archive)
{
    return archive->outbox.used == 0 && !gathers(archive);
}

uint32_t archive_depth(const struct archive *archive)
{
    return archive->outbox.used + archive->next.trades;
}

void answer(struct service_context *context, enum link link, const struct origin *origin, enum verdict verdict)
{
    struct ack ack = {.sequence = origin->sequence, .verdict = verdict};
    int code = service_send(context, link, &origin->peer, RECORD_ack, &ack);
    (void)code;
}

static void wait_for(struct archive *archive, const struct change *change, const struct origin *origin,
                     uint64_t delivery)
{
    assert(archive->waiting_count < ARCHIVE_WAITING_MAX);
    archive->waiting[archive->waiting_count++] = (struct waiting){
        .key = outcome_key(&change->outcome),
        .peer = origin->peer,
        .sequence = origin->sequence,
        .delivery = delivery,
    };
}

static void gather(struct gathering *next, const struct change *change)
{
    if (change->decided)
        next->outcome[next->outcomes++] = change->outcome;
    if (change->traded) {
        assert(next->trades < ARCHIVE_ROWS_MAX);
        next->order[next->trades] = change->order;
        next->fill[next->trades] = change->fill;
        next->position[next->trades] = change->position;
        next->trades++;
    }
    if (change->counted) {
        next->account = change->account;
        next->counted = true;
    }
}

/* Hands over what has gathered, if nothing of its kind is under way. */
static int send_gathered(struct archive *archive, struct service_context *context, uint64_t generation)
{
    struct gathering *next = &archive->next;
    if (archive->under_way != 0 || !gathers(archive))
        return 0;
    uint64_t delivery = outbox_next(&archive->outbox);
    struct store_ledger message = {
        .sequence = delivery,
        .generation = generation,
        .outcomes = list_of(next->outcome, next->outcomes),
        .orders = list_of(next->order, next->trades),
        .fills = list_of(next->fill, next->trades),
        .positions = list_of(next->position, next->trades),
        .accounts = list_of(&next->account, next->counted),
    };
    int code = outbox_push(&archive->outbox, context, RECORD_store_ledger, &message, 0);
    if (code != 0)
        return code;
    archive->under_way = delivery;
    for (uint32_t i = 0; i < archive->waiting_count; i++)
        if (archive->waiting[i].delivery == 0)
            archive->waiting[i].delivery = delivery;
    next->outcomes = next->trades = 0;
    next->counted = false;
    return 0;
}

static int send_outcome(struct archive *archive, struct service_context *context, uint64_t generation,
                        const struct signal_outcome *outcome)
{
    struct store_ledger message = {
        .sequence = outbox_next(&archive->outbox),
        .generation = generation,
        .outcomes = list_of(outcome, 1),
    };
    return outbox_push(&archive->outbox, context, RECORD_store_ledger, &message, 0);
}

int archive_put(struct archive *archive, struct service_context *context, uint64_t generation,
                const struct change *change, const struct origin *origin)
{
    bool alone = change->decided && !change->traded && !change->counted;
    assert(!archive_is_full(archive) || (!change->decided && !change->traded));
    uint64_t delivery = alone ? outbox_next(&archive->outbox) : 0;
    if (change->decided && origin != NULL)
        wait_for(archive, change, origin, delivery);
    if (alone)
        return send_outcome(archive, context, generation, &change->outcome);
    gather(&archive->next, change);
    return send_gathered(archive, context, generation);
}

bool archive_note_repetition(struct archive *archive, struct key key, const struct origin *origin)
{
    for (uint32_t i = 0; i < archive->waiting_count; i++) {
        struct waiting *waiting = &archive->waiting[i];
        if (waiting->key.low != key.low || waiting->key.high != key.high)
            continue;
        waiting->peer = origin->peer;
        waiting->sequence = origin->sequence;
        return true;
    }
    return false;
}

int archive_acked(struct archive *archive, struct service_context *context, uint64_t generation, uint64_t sequence)
{
    uint64_t tag;
    if (!outbox_ack(&archive->outbox, sequence, &tag))
        return 0; /* a repeated ack */
    for (uint32_t i = 0; i < archive->waiting_count;) {
        struct waiting *waiting = &archive->waiting[i];
        if (waiting->delivery != sequence) {
            i++;
            continue;
        }
        struct origin origin = {waiting->peer, waiting->sequence};
        answer(context, LINK_SIGNALS, &origin, VERDICT_ACCEPTED);
        *waiting = archive->waiting[--archive->waiting_count];
    }
    if (archive->under_way == sequence)
        archive->under_way = 0;
    return send_gathered(archive, context, generation);
}

void archive_tick(struct archive *archive, struct service_context *context, int64_t now_ms)
{
    outbox_tick(&archive->outbox, context, now_ms);
}
