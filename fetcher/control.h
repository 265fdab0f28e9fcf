/* The fetcher's end of the control link: leases of shards for the analyzers, and snapshots of what they hold. */
/* SPDX-License-Identifier: MIT */
#ifndef WICK_FETCHER_CONTROL_H
#define WICK_FETCHER_CONTROL_H

#include "fetcher/market.h"
#include "fetcher/shards.h"
#include "lib/runtime/service.h"

#include <stddef.h>
#include <stdint.h>

enum {
    CONTROL_SERIES_MAX = 2048,  /* series of one shard */
    CONTROL_CANDLES_MAX = 5000, /* candles of one snapshot, the newest; as messages.def */
};

struct control_worker {
    struct peer peer; /* where its newest renewal came from */
    struct process_state state;
};

struct control {
    struct service_context *context;
    struct market *market;
    struct shards shards;
    struct control_worker workers[SHARD_WORKERS_MAX]; /* beside shards.workers */
    uint64_t departures[SHARDS]; /* of the market, what the shards know of */
    uint64_t moved_counted; /* of shards.moved_total, what the metric has */
    struct shard_lease rows[SHARDS];                   /* of the lease that is being sent */
    const struct series *series[CONTROL_SERIES_MAX];   /* of the shard that is being sent */
    struct candle *candles;                            /* of the snapshot that is being sent; owned */
};

/* Begins without a generation: nothing is assigned and nobody is answered. Context and market must outlive it.
 * ERROR_MEMORY. */
int control_init(struct control *control, struct service_context *context, struct market *market) MUST_CHECK;
void control_release(struct control *control);

/* A message of the control link. ERROR_PROTOCOL for one that does not belong there; ERROR_FULL for too many
 * analyzers. A lease or snapshot that cannot be sent is no error: it will be asked for again. */
int control_on_message(struct control *control, const struct peer *peer, enum record record, const uint8_t *bytes,
                       size_t size) MUST_CHECK;

/* Ends and moves leases by this monotonic clock, and follows the market: a shard is assigned once all of its series
 * are ready, but for those that are stuck; later, series join it as they become ready, and leave it. */
void control_on_tick(struct control *control, int64_t now_ms);

/* The generation of the fetcher's own lease; 0 when it has lost it. Set the market's before. */
void control_set_generation(struct control *control, uint64_t generation);

/* The last word of each analyzer with a lease: writes at most `capacity` of them, and returns how many it wrote. */
size_t control_states(const struct control *control, struct process_state *out, size_t capacity);

#endif
