/* What all holders of leases have in common: how long one lasts, when to renew it, and when to stop before it ends. Times
 * are each process's own monotonic clock. Who holds one counts from when it sent its renewal, who grants it from when it
 * received that: so it ends at the holder first, by the time that the message took, and by a margin. */
/* SPDX-License-Identifier: MIT */
#ifndef WICK_RUNTIME_LEASE_H
#define WICK_RUNTIME_LEASE_H

#include "lib/runtime/service.h"

#include <stdbool.h>
#include <stdint.h>

enum {
    LEASE_DURATION_MS = 3000,
    LEASE_RENEWAL_MS = 1000, /* how often the holder asks */
    LEASE_ASKING_MS = 250,   /* and who wants to be the holder */
    /* The holder stops so much before the end, so that clocks of different speed and the work that it has begun cannot carry
     * it beyond. */
    LEASE_MARGIN_MS = 500,
};

/* Until when the holder may act whose renewal was sent at sent_ms and granted for duration_ms. */
static inline int64_t lease_ends_ms(int64_t sent_ms, int64_t duration_ms)
{
    return sent_ms + duration_ms - LEASE_MARGIN_MS;
}

/* How long to wait from one request to the next. */
static inline int64_t lease_pause_ms(bool held)
{
    return held ? LEASE_RENEWAL_MS : LEASE_ASKING_MS;
}

/* Asks the store for the lease `name`, or its renewal, or gives it back. What cannot be sent is asked for again at the next
 * time. The link is connected anew where nobody answers. */
void lease_ask(struct service_context *context, const char *name, int64_t now_ms, bool release);

#endif
