/* When a lease is asked for. */
/* SPDX-License-Identifier: MIT */
#include "persister/lease.h"

#include <string.h>

static const char trader_lease[] = "trader";

static bool same_request(const struct lease_request *left, const struct lease_request *right)
{
    return left->holder == right->holder && strcmp(left->name, right->name) == 0;
}

int lease_desk_add(struct lease_desk *desk, const struct peer *peer, const struct lease_request *request,
                   int64_t now_ms)
{
    bool renews = request->holder == desk->trader_holder && request->holder != 0 && !request->release;
    bool waits = strcmp(request->name, trader_lease) == 0 && !renews;
    struct lease_entry entry = {
        .peer = *peer, .request = *request, .received_ms = now_ms, .after = waits ? desk->ledger_taken : 0};
    for (size_t i = 0; i < desk->count; i++) {
        if (same_request(&desk->entries[i].request, request)) {
            entry.after = desk->entries[i].after; /* it goes on waiting for what it waited for */
            desk->entries[i] = entry;
            return 0;
        }
    }
    if (desk->count == LEASE_REQUESTS_MAX)
        return error_set(ERROR_FULL, "%d requests for leases wait for the database", LEASE_REQUESTS_MAX);
    desk->entries[desk->count++] = entry;
    return 0;
}

static void remove_entry(struct lease_desk *desk, size_t i)
{
    desk->count--;
    memmove(&desk->entries[i], &desk->entries[i + 1], (desk->count - i) * sizeof desk->entries[0]);
}

bool lease_desk_next(struct lease_desk *desk, int64_t now_ms, struct lease_entry *out)
{
    for (size_t i = 0; i < desk->count;) {
        const struct lease_entry *entry = &desk->entries[i];
        if (now_ms - entry->received_ms > entry->request.duration_ms && !entry->request.release) {
            remove_entry(desk, i);
        } else if (entry->after > desk->ledger_settled) {
            i++;
        } else {
            *out = *entry;
            remove_entry(desk, i);
            return true;
        }
    }
    return false;
}

void lease_desk_learn(struct lease_desk *desk, const char *name, uint64_t generation)
{
    if (strcmp(name, trader_lease) != 0)
        return;
    desk->generation_known = true;
    if (generation > desk->trader_generation)
        desk->trader_generation = generation;
}

void lease_desk_grant(struct lease_desk *desk, const struct lease_request *request, bool granted)
{
    if (strcmp(request->name, trader_lease) != 0)
        return;
    if (granted)
        desk->trader_holder = request->holder;
    else if (desk->trader_holder == request->holder)
        desk->trader_holder = 0;
}

bool lease_desk_fences(const struct lease_desk *desk, uint64_t generation)
{
    return generation == 0 || generation < desk->trader_generation;
}

struct lease_request lease_desk_question(void)
{
    struct lease_request question = {.release = true}; /* by holder 0, who holds nothing */
    memcpy(question.name, trader_lease, sizeof trader_lease);
    return question;
}
