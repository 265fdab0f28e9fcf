/* The market as the fetcher holds it: the followed symbols, and the newest candles of every series in rings.
 *
 * It is empty until the universe is known (market_open), then its size never changes. Series are kept in the order of
 * (shard, symbol, interval), so the series of one shard lie side by side. Only the fetcher's own files change it; who
 * assigns shards and answers snapshots reads it through the functions below. */
/* SPDX-License-Identifier: MIT */
#ifndef WICK_FETCHER_MARKET_H
#define WICK_FETCHER_MARKET_H

#include "lib/base/error.h"
#include "lib/series/ring.h"
#include "proto/message.h"
#include "proto/shard.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    MARKET_SYMBOLS_MAX = 10000,
    MARKET_INTERVALS_MAX = 16,
    MARKET_SERIES_MAX = MARKET_SYMBOLS_MAX * MARKET_INTERVALS_MAX,
};

/* One symbol at one interval. */
struct series {
    char symbol[SYMBOL_SIZE];
    uint32_t interval_s;
    uint16_t shard;
    bool ready;           /* caught up once since the start: its ring may be handed out, new candles are published */
    int64_t fire_from_ms; /* candles that open before it are history; -1 until the store has confirmed it */
    struct ring ring;     /* closed candles only; what is behind a shard's last sequence follows in its next message */

    int64_t history_from_ms;   /* where to begin while the ring is empty; open time */
    int64_t stored_through_ms; /* open time of the newest candle that the store has acked; -1: none */
    bool storing;              /* a batch with candles of it waits for its ack */
    bool waiting_to_store;     /* it stands in the archive's queue */
    bool full;                 /* its next candles wait until the store has acked some */
    uint32_t failures;         /* requests in a row that failed */
    uint32_t fruitless;        /* answers in a row that brought nothing new */
    uint32_t hole_asks;        /* how often the hole behind the newest candle was seen */
};

struct market {
    const char *exchange; /* its name; valid as long as the market */
    uint64_t generation;  /* of the fetcher's lease; 0: none yet */
    uint64_t sequences[SHARDS]; /* of the last candles message of each shard in this epoch; 0: none */

    struct instrument *instruments; /* the followed symbols, ascending by name; owned */
    size_t instrument_count;
    struct series *series; /* owned */
    size_t series_count;
    uint32_t shard_first[SHARDS + 1]; /* index of each shard's first series; of the next one's is its end */
};

/* An empty market. */
void market_init(struct market *market, const char *exchange);

/* Takes copies of the instruments, which become ascending by name, and makes a series of each with every interval.
 * All memory is allocated here. ERROR_MEMORY. */
int market_open(struct market *market, const struct instrument *instruments, size_t count, const uint32_t *intervals,
                size_t interval_count, uint32_t ring_size) MUST_CHECK;
void market_release(struct market *market);

/* Sets the lease's generation: a new stream epoch, in which sequences begin anew. */
void market_set_generation(struct market *market, uint64_t generation);

/* The epoch of the market link: generation << 32. */
uint64_t market_stream_epoch(const struct market *market);

/* The last sequence of a shard that was published in this epoch; 0: none. */
uint64_t market_sequence(const struct market *market, uint16_t shard);

/* How many series a shard has; 0: it is empty and need not be assigned. */
uint32_t market_shard_weight(const struct market *market, uint16_t shard);

/* The series of a shard, in order; writes at most `capacity` pointers, which stay valid, and returns how many there
 * are. */
size_t market_series_of_shard(const struct market *market, uint16_t shard, const struct series **out, size_t capacity);

/* Whether every series of a shard is ready, so that a snapshot of it can be given. */
bool market_shard_ready(const struct market *market, uint16_t shard);

/* The series of a symbol and interval, or NULL. */
struct series *market_find(struct market *market, const char *symbol, uint32_t interval_s);

/* The instrument of a symbol, or NULL. */
struct instrument *market_instrument(struct market *market, const char *symbol);

/* How many candles of a series the store has not acked; they are the newest of its ring. */
uint32_t series_unstored(const struct series *series);

/* How many series are ready. */
size_t market_ready_count(const struct market *market);

#endif
