/* The fetcher's lease. */
/* SPDX-License-Identifier: MIT */
#include "fetcher/lease.h"

#include <string.h>

static const char lease_name[] = "fetcher";

void lease_init(struct lease_state *lease, struct service_context *context)
{
    *lease = (struct lease_state){.context = context};
}

void lease_on_tick(struct lease_state *lease, int64_t now_ms)
{
    if (lease->asked_ms != 0 && now_ms - lease->asked_ms < lease_pause_ms(lease_is_held(lease, now_ms)))
        return;
    lease->asked_ms = now_ms;
    lease->unanswered++;
    lease_ask(lease->context, lease_name, now_ms, false);
}

int lease_on_reply(struct lease_state *lease, const uint8_t *bytes, size_t size)
{
    struct lease_reply reply;
    int code = message_decode(RECORD_lease_reply, bytes, size, &reply);
    if (code != 0)
        return code;
    if (strcmp(reply.name, lease_name) != 0 || reply.sent_ms > lease->asked_ms)
        return error_set(ERROR_PROTOCOL, "an answer to a lease that was not asked for");
    lease->unanswered = 0;
    lease->refused = !reply.granted;
    if (!reply.granted) {
        lease->held_until_ms = 0;
        return 0;
    }
    lease->generation = reply.generation;
    int64_t until_ms = lease_ends_ms(reply.sent_ms, LEASE_DURATION_MS);
    if (until_ms > lease->held_until_ms)
        lease->held_until_ms = until_ms;
    return 0;
}

bool lease_is_held(const struct lease_state *lease, int64_t now_ms)
{
    return now_ms < lease->held_until_ms;
}

bool lease_may_act(const struct lease_state *lease, int64_t now_ms)
{
    return lease_is_held(lease, now_ms) || (lease_may_return(lease) && lease->unanswered >= LEASE_ALONE_ASKS);
}

bool lease_may_return(const struct lease_state *lease)
{
    return lease->held_until_ms != 0 && !lease->refused;
}

void lease_give_back(struct lease_state *lease)
{
    if (lease->held_until_ms == 0)
        return;
    lease->held_until_ms = 0;
    lease_ask(lease->context, lease_name, lease->asked_ms, true);
}
