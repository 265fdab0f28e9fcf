/* The holder's side of the leases, by this process's own monotonic clock and without a socket: when to renew, which
 * lease to believe, and when everything held is over. */
/* SPDX-License-Identifier: MIT */
#ifndef WICK_ANALYZER_MEMBERSHIP_H
#define WICK_ANALYZER_MEMBERSHIP_H

#include "lib/runtime/lease.h"

#include <stdbool.h>
#include <stdint.h>

/* When nothing was heard for so long, the connection is made anew (which resolves the fetcher's name again). */
enum { MEMBERSHIP_SILENCE_MS = LINK_SILENCE_MS };

struct membership {
    uint64_t version;    /* of the newest lease acted on; 0: none since the last one ended */
    int64_t deadline_ms; /* what is held ends then; INT64_MIN: nothing is held */
    int64_t renew_ms;    /* the next renewal is due then */
    int64_t heard_ms;    /* of the fetcher, or the last new connection */
};

/* Holds nothing; the first renewal is due at once. */
void membership_init(struct membership *membership, int64_t now_ms);

/* Whether a renewal is to be sent now; the caller sends it with sent_ms = now_ms. */
bool membership_must_renew(struct membership *membership, int64_t now_ms);

/* Makes the next renewal due at once: to let a shard go without delay. */
void membership_hurry(struct membership *membership, int64_t now_ms);

/* A lease came. True: it is to be acted on, and the deadline is its own. False: it is older than the newest, or over
 * already. */
bool membership_accept(struct membership *membership, const struct lease *lease, int64_t now_ms);

/* Whether what is held is held now. */
bool membership_holds(const struct membership *membership, int64_t now_ms);

/* True once when the lease has ended: everything is to be dropped. */
bool membership_ended(struct membership *membership, int64_t now_ms);

/* True when the connection is to be made anew. */
bool membership_must_reconnect(struct membership *membership, int64_t now_ms);

/* When the first of the above is next due. */
int64_t membership_next_ms(const struct membership *membership);

#endif
