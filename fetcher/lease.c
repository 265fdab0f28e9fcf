/* The fetcher's lease. */
/* SPDX-License-Identifier: MIT */
#include "fetcher/lease.h"

#include "lib/base/log.h"

#include <string.h>

static const char lease_name[] = "fetcher";

void lease_init(struct lease_state *lease, struct service_context *context, int64_t now_ms)
{
    *lease = (struct lease_state){.context = context, .answered_ms = now_ms};
}

static void ask(const struct lease_state *lease, int64_t now_ms, bool release)
{
    struct lease_request request = {
        .holder = lease->context->instance,
        .sent_ms = now_ms,
        .duration_ms = LEASE_MS,
        .release = release,
    };
    memcpy(request.name, lease_name, sizeof lease_name);
    int code = service_send(lease->context, LINK_STORE, NULL, RECORD_lease_request, &request);
    (void)code; /* nobody there: the next second asks again */
}

void lease_on_tick(struct lease_state *lease, int64_t now_ms)
{
    int64_t pause_ms = lease_is_held(lease, now_ms) ? LEASE_RENEW_MS : LEASE_ASK_MS;
    if (lease->asked_ms != 0 && now_ms - lease->asked_ms < pause_ms)
        return;
    if (now_ms - lease->answered_ms > LEASE_SILENCE_MS) {
        lease->answered_ms = now_ms;
        if (service_reconnect(lease->context, LINK_STORE) != 0)
            log_warn("reconnect_failed", log_text("link", "store"), log_text("error", error_message()));
    }
    lease->asked_ms = now_ms;
    lease->unanswered++;
    ask(lease, now_ms, false);
}

int lease_on_reply(struct lease_state *lease, const uint8_t *bytes, size_t size, int64_t now_ms)
{
    struct lease_reply reply;
    int code = message_decode(RECORD_lease_reply, bytes, size, &reply);
    if (code != 0)
        return code;
    if (strcmp(reply.name, lease_name) != 0 || reply.sent_ms > lease->asked_ms)
        return error_set(ERROR_PROTOCOL, "an answer to a lease that was not asked for");
    lease->answered_ms = now_ms;
    lease->unanswered = 0;
    lease->refused = !reply.granted;
    if (!reply.granted) {
        lease->held_until_ms = 0;
        return 0;
    }
    lease->generation = reply.generation;
    int64_t until_ms = reply.sent_ms + LEASE_MS - LEASE_MARGIN_MS;
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
    ask(lease, lease->asked_ms, true);
}
