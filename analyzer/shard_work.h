/* The work on the shards that this process holds: their place in the stream, and their series. No socket.
 *
 * The series of a shard are those of its last snapshot: the fetcher gives a shard a new epoch when one joins or leaves.
 * A shard that was taken away keeps its series, asleep, until the memory is needed: given back, it goes on from the
 * snapshot's first new candle and sends nothing twice. */
/* SPDX-License-Identifier: MIT */
#ifndef WICK_ANALYZER_SHARD_WORK_H
#define WICK_ANALYZER_SHARD_WORK_H

#include "analyzer/series_work.h"
#include "analyzer/stream.h"
#include "lib/base/error.h"
#include "proto/shard.h"

#include <stdbool.h>
#include <stdint.h>

enum { ANALYZER_SERIES_MAX = 16384 }; /* series of one process, asleep ones too */

struct shard_work {
    bool held;
    bool lapsed; /* it was held until the lease ended, and would be taken back */
    uint64_t epoch; /* of the lease */
    char exchange[NAME_SIZE]; /* by the snapshot's word */
    struct stream stream;
    struct series_work *series; /* owned */
    uint32_t round;             /* counts the snapshots, whole or not */
};

/* Where decisions go. */
struct work_sink {
    void *user;
    /* Whether the decisions of one more candle can be taken, one of every strategy. */
    bool (*has_room)(void *user);
    /* Takes one; `signal` is complete but for its sequence. */
    void (*take)(void *user, const struct signal *signal);
};

struct work {
    struct strategy_set strategies;
    struct work_sink sink;
    struct shard_work shards[SHARDS];
    struct series_work *spare;   /* owned */
    uint32_t series_allocated;   /* in shards and spare */
    uint32_t series_limit;       /* ANALYZER_SERIES_MAX, less in tests */
    uint64_t candles_analysed;
    uint64_t snapshots, gaps;
};

/* config must outlive it. */
void work_init(struct work *work, const struct config *config, const struct work_sink *sink);
void work_release(struct work *work);

/* A lease lists a shard. True if it was not held before (so its topic is to be subscribed). Under a new epoch it needs
 * a new snapshot; otherwise `published`, the sequence in the lease, shows whether messages were lost. */
bool work_grant(struct work *work, uint16_t shard, uint64_t epoch, uint64_t published);

/* A shard is not held any more, because the lease does not list it. */
void work_revoke(struct work *work, uint16_t shard);

/* The same because the lease itself has ended. */
void work_lapse(struct work *work, uint16_t shard);

/* A signal of this shard was refused as coming from a lease that is over, so it got no outcome: decides on the newest
 * candles once more when the shard is, or comes to be, held. */
void work_forget(struct work *work, uint16_t shard, int64_t now_ms);

/* A candles message, a part of a snapshot. What is not held or not wanted is skipped; when the sink has no room the
 * rest waits for another snapshot. ERROR_PROTOCOL for impossible candles; ERROR_FULL when there are too many series;
 * ERROR_MEMORY. After an error the shard needs another snapshot. */
int work_on_candles(struct work *work, const struct candles *candles, int64_t now_ms) MUST_CHECK;
int work_on_snapshot(struct work *work, const struct snapshot *snapshot, int64_t now_ms) MUST_CHECK;

/* What is held: shards, series, different symbols; and shards in order with the stream. */
struct work_count {
    uint32_t shards, live, series, symbols;
};
struct work_count work_count(const struct work *work);

#endif
