/* The requests for leases that wait for the database, and the fence that keeps an old trader from the ledger. Pure.
 *
 * The database decides who holds a lease. This desk decides when it is asked: a request for the trader's lease waits
 * until every change of the ledger that was taken before it is written or refused, so that a new trader reads a
 * ledger that is final. Who holds the lease already renews it at once: he is not to lose it because the database is slow
 * to write. */
/* SPDX-License-Identifier: MIT */
#ifndef WICK_PERSISTER_LEASE_H
#define WICK_PERSISTER_LEASE_H

#include "lib/runtime/service.h"
#include "proto/message.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { LEASE_REQUESTS_MAX = 16 };

struct lease_entry {
    struct peer peer;
    struct lease_request request;
    int64_t received_ms; /* monotonic */
    uint64_t after;      /* how many changes of the ledger must be settled first */
};

struct lease_desk {
    struct lease_entry entries[LEASE_REQUESTS_MAX]; /* oldest first */
    size_t count;
    uint64_t ledger_taken;      /* changes of the ledger taken into a batch so far */
    uint64_t ledger_settled;    /* those of them that were answered */
    bool generation_known;      /* false: the database must be asked before a change of the ledger is written */
    uint64_t trader_generation; /* the highest that was seen */
    uint64_t trader_holder;     /* who was granted the lease last, as far as is known; 0: nobody */
};

/* Puts a request into the queue; a newer one of the same holder for the same lease replaces the older. ERROR_FULL. */
int lease_desk_add(struct lease_desk *desk, const struct peer *peer, const struct lease_request *request,
                   int64_t now_ms) MUST_CHECK;

/* Takes the oldest request that may be put to the database now. False if there is none. Requests that have waited
 * for longer than the lease they ask for would last are dropped: their holder has given up. */
bool lease_desk_next(struct lease_desk *desk, int64_t now_ms, struct lease_entry *out);

/* What the database said about a lease. */
void lease_desk_learn(struct lease_desk *desk, const char *name, uint64_t generation);

/* A lease was granted to this holder, or not. */
void lease_desk_grant(struct lease_desk *desk, const struct lease_request *request, bool granted);

/* Whether a change of the ledger by this generation is refused at the door. */
bool lease_desk_fences(const struct lease_desk *desk, uint64_t generation);

/* A request that changes nothing and tells the generation of the trader's lease. */
struct lease_request lease_desk_question(void);

#endif
