/* The lease that makes this fetcher the only one. It is renewed each second; who holds it counts from when the request was
 * sent, and stops a margin earlier, so that what it has begun is over before the lease ends at the store. */
/* SPDX-License-Identifier: MIT */
#ifndef WICK_FETCHER_LEASE_H
#define WICK_FETCHER_LEASE_H

#include "lib/runtime/lease.h"

enum { LEASE_ALONE_ASKS = 12 }; /* so often it is asked in vain before we go on without */

struct lease_state {
    struct service_context *context; /* borrowed */
    int64_t held_until_ms; /* monotonic, without the margin; 0: never held, refused or given back */
    uint64_t generation;   /* of the newest grant */
    int64_t asked_ms;      /* when the newest request was sent; 0: never */
    uint32_t unanswered;   /* requests since the newest answer */
    bool refused;          /* the newest answer: another one holds it */
};

/* Nothing is held yet. */
void lease_init(struct lease_state *lease, struct service_context *context);

/* Asks for it, or for its renewal, when it is time. */
void lease_on_tick(struct lease_state *lease, int64_t now_ms);

/* A lease_reply over the store link. */
int lease_on_reply(struct lease_state *lease, const uint8_t *bytes, size_t size) MUST_CHECK;

/* Whether it is held now. */
bool lease_is_held(const struct lease_state *lease, int64_t now_ms);

/* Whether this process may act as the fetcher now: while it holds the lease, and, if it held it, while nobody answers for
 * so long that nobody else can have got it either. Should another one have it all the same, its generation is newer and
 * ours is ignored by all who know it. A process that was stopped for a while asks again first. */
bool lease_may_act(const struct lease_state *lease, int64_t now_ms);

/* Whether it was held and only nobody answers: it may come back at any moment. */
bool lease_may_return(const struct lease_state *lease);

/* Gives it back: another one need not wait for its end. */
void lease_give_back(struct lease_state *lease);

#endif
