/* Who analyses what: the leases of the shards, without a socket.
 *
 * The worker that calls itself by an instance id renews every second, and holds what the newest lease it has acted on
 * lists, until SHARD_LEASE_MS after it sent the renewal that this lease answers. The same lease ends here that long
 * after the renewal was received, which is later; so no two workers ever hold a shard at once, whatever is lost or
 * late, and whoever was asleep is told apart by the epoch of the assignment.
 *
 *     FREE -> ASSIGNED -> REVOKING -> ASSIGNED to another
 *
 * A shard that is to move disappears from its worker's lease. It is given on when a renewal shows that this worker
 * has acted on such a lease, or when its lease is over. Assignment is sticky and by weight. */
/* SPDX-License-Identifier: MIT */
#ifndef WICK_FETCHER_SHARDS_H
#define WICK_FETCHER_SHARDS_H

#include "lib/base/error.h"
#include "proto/message.h"
#include "proto/shard.h"

#include <stdbool.h>
#include <stdint.h>

enum {
    SHARD_WORKERS_MAX = 256,
    SHARD_LEASE_MS = 3000,
    SHARD_SETTLE_MS = 1000, /* nothing is moved for so long after somebody came or went */
    SHARD_ROUND_MS = 1000,  /* from one round of moves to the next */
    SHARD_MOVES_MAX = 16,   /* shards that one round moves */
    /* Workers that come together, as after a start, are waited for before the first takes all: until none came for
     * the one time, or since the first for the other. */
    SHARD_GATHER_QUIET_MS = 250,
    SHARD_GATHER_MS = 1000,
};

enum { SHARD_NOBODY = -1 };

struct shard_slot {
    enum shard_state { SHARD_FREE, SHARD_ASSIGNED, SHARD_REVOKING } state;
    int worker;               /* whose lease lists it, or did; SHARD_NOBODY when free */
    int destination;          /* who shall have it; SHARD_NOBODY: whoever has least when it is free */
    uint32_t weight;          /* series in it; 0: not assigned */
    uint64_t epoch;           /* of the assignment */
    uint64_t revoked_version; /* revoking: of the first lease without it; 0: none was made yet */
    uint64_t last_instance;   /* who had it last; 0: nobody yet */
};

struct shard_worker {
    uint64_t instance;  /* 0: this row is unused */
    int64_t renewed_ms; /* our clock, when its newest renewal was received */
    int64_t sent_ms;    /* its clock, when it sent that */
    uint32_t load;      /* weight of the shards whose destination it is */
    bool changed;       /* its lease changed since one was made */
};

struct shards {
    uint64_t generation; /* of the fetcher's own lease; 0: none, nothing is assigned */
    uint32_t counter;    /* of assignments in this generation */
    uint64_t version;    /* of the newest lease made */
    int64_t gather_ms, joined_ms, changed_ms, round_ms; /* first and last joining, last coming or going, last round */
    uint64_t moved_total; /* assignments to another worker than the last */
    struct shard_slot slots[SHARDS];
    struct shard_worker workers[SHARD_WORKERS_MAX];
};

/* No generation, no workers, every shard free and empty. */
void shards_init(struct shards *shards);

/* Begins a generation: whoever holds a shard keeps it under a new epoch. 0: all is forgotten. */
void shards_set_generation(struct shards *shards, uint64_t generation);

/* How many series a shard has; one of weight 0 is not assigned. */
void shards_set_weight(struct shards *shards, uint16_t shard, uint32_t weight);

/* The series of a shard have changed: sets how many it has, and gives it a new epoch, so that its holder asks for a
 * snapshot of what it has now. */
void shards_change(struct shards *shards, uint16_t shard, uint32_t weight);

/* Takes a renewal, received at now_ms of a monotonic clock. *worker is the index of who sent it, or SHARD_NOBODY if
 * there is nothing to answer: it leaves, or the renewal is older than one received before. What it lists, even if only
 * as held before, and nobody holds is given to it, under a new epoch. ERROR_FULL if there are too many workers, ERROR_PROTOCOL. */
int shards_renew(struct shards *shards, int64_t now_ms, const struct renew *renewal, int *worker) MUST_CHECK;

/* Ends leases that have run out, gives out what is free, begins moves. */
void shards_tick(struct shards *shards, int64_t now_ms);

/* Makes the lease of a worker: the whole list, in rows, which *lease then refers to. The rows' sequences are left 0. */
void shards_lease(struct shards *shards, int worker, struct lease *lease, struct shard_lease rows[SHARDS]);

/* The next worker whose lease changed since it was made, or SHARD_NOBODY. */
int shards_next_changed(const struct shards *shards);

/* The worker that holds a shard under just this epoch, or SHARD_NOBODY. */
int shards_holder(const struct shards *shards, uint16_t shard, uint64_t epoch);

/* Workers with a lease; shards assigned. */
uint32_t shards_worker_count(const struct shards *shards);
uint32_t shards_assigned_count(const struct shards *shards);

#endif
