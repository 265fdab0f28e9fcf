/* Requests for leases of the store. */
/* SPDX-License-Identifier: MIT */
#include "lib/runtime/lease.h"

#include <stdio.h>

void lease_ask(struct service_context *context, const char *name, int64_t now_ms, bool release)
{
    struct lease_request request = {
        .holder = context->instance,
        .sent_ms = now_ms,
        .duration_ms = LEASE_DURATION_MS,
        .release = release,
    };
    (void)snprintf(request.name, sizeof request.name, "%s", name);
    if (!release)
        service_await(context, LINK_STORE, 0, LINK_SILENCE_MS);
    int code = service_send(context, LINK_STORE, NULL, RECORD_lease_request, &request);
    (void)code; /* nobody there: the next request follows soon */
}
