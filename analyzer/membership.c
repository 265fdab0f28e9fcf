/* When to renew, and when what is held ends. */
/* SPDX-License-Identifier: MIT */
#include "analyzer/membership.h"

void membership_init(struct membership *membership, int64_t now_ms)
{
    *membership = (struct membership){.deadline_ms = INT64_MIN, .renew_ms = now_ms, .heard_ms = now_ms};
}

bool membership_must_renew(struct membership *membership, int64_t now_ms)
{
    if (now_ms < membership->renew_ms)
        return false;
    membership->renew_ms = now_ms + lease_pause_ms(membership->version != 0);
    return true;
}

void membership_hurry(struct membership *membership, int64_t now_ms)
{
    membership->renew_ms = now_ms;
}

bool membership_accept(struct membership *membership, const struct lease *lease, int64_t now_ms)
{
    membership->heard_ms = now_ms;
    int64_t deadline_ms = lease_ends_ms(lease->sent_ms, (int64_t)lease->duration_ms);
    if (lease->version <= membership->version || lease->sent_ms > now_ms || deadline_ms <= now_ms)
        return false;
    membership->version = lease->version;
    membership->deadline_ms = deadline_ms;
    return true;
}

bool membership_holds(const struct membership *membership, int64_t now_ms)
{
    return now_ms < membership->deadline_ms;
}

bool membership_ended(struct membership *membership, int64_t now_ms)
{
    if (membership->deadline_ms == INT64_MIN || membership_holds(membership, now_ms))
        return false;
    membership->deadline_ms = INT64_MIN;
    membership->version = 0;
    return true;
}

bool membership_must_reconnect(struct membership *membership, int64_t now_ms)
{
    if (now_ms - membership->heard_ms < MEMBERSHIP_SILENCE_MS)
        return false;
    membership->heard_ms = now_ms;
    return true;
}

int64_t membership_next_ms(const struct membership *membership)
{
    int64_t next_ms = membership->heard_ms + MEMBERSHIP_SILENCE_MS;
    if (membership->renew_ms < next_ms)
        next_ms = membership->renew_ms;
    bool ends_first = membership->deadline_ms != INT64_MIN && membership->deadline_ms < next_ms;
    return ends_first ? membership->deadline_ms : next_ms;
}
