/* What waits for the database: changes of the ledger have batches of their own, so that they wait for no more than one
 * transaction of candles, which is kept short. Candles, new or old, and the series they are of stay in the order in which
 * they came: their sender relies on it. Pure. */
/* SPDX-License-Identifier: MIT */
#ifndef WICK_PERSISTER_LANES_H
#define WICK_PERSISTER_LANES_H

#include "persister/batch.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The most urgent first. */
enum lane_kind {
    LANE_LEDGER,  /* changes of the ledger: a trader and its analyzers wait for each */
    LANE_CANDLES, /* candles, absences, and the series they are of */
    LANES
};

enum {
    LANE_TRANSACTION_MS = 40, /* a transaction of candles should take no longer; */
    LANE_ROWS_MIN = 500,      /* it has at least so many rows, or one delivery, however slow the database is, */
    LANE_ROWS_FIRST = 2000,   /* and this many at first */
};

struct lane {
    struct batch batches[2];
    struct batch *filling; /* takes deliveries */
    struct batch *writing; /* is cut into transactions; filled no more until all of it is answered */
};

/* When a lane's batch is written. */
struct lane_terms {
    size_t batch_rows; /* when it has so many rows, */
    int64_t batch_ms;  /* or has waited for so long */
    bool at_once;      /* or in any case */
};

/* How many rows a transaction of candles may have, by how long the last ones took. */
struct lane_pace {
    size_t rows;     /* in use */
    size_t rows_max; /* a batch has no more */
};

/* An empty lane, as batch_init. ERROR_MEMORY. */
int lane_init(struct lane *lane, size_t candle_rows) MUST_CHECK;
void lane_release(struct lane *lane);

/* Whether a delivery waits in it already. */
bool lane_has(const struct lane *lane, const struct peer *peer, uint64_t sequence);

/* Deliveries that were not answered yet, and their rows. */
size_t lane_waiting(const struct lane *lane);
size_t lane_rows(const struct lane *lane);

/* Whether the batch that is being filled should be written now; the ledger's is as soon as there is anything in it. */
bool lane_is_due(const struct lane *lane, const struct lane_terms *terms, int64_t now_ms);

/* Lets the batch that was filled be written, and the empty one be filled. */
void lane_swap(struct lane *lane);

/* Which lane is written next, of those that want it; `last` is the one written last. The ledger, but not twice in a row
 * while candles wait: a transaction of it is short, and many of them would hold them up. LANES if none wants. */
enum lane_kind lane_choose(const bool wants[LANES], enum lane_kind last);

/* Before anything was measured. */
void lane_pace_init(struct lane_pace *pace, size_t rows_max);

/* A transaction of candles with so many rows has taken so long. One that took longer than LANE_TRANSACTION_MS lets the
 * next have fewer, at least half as many; one at least half full that took less than half of it, twice as many. */
void lane_pace_note(struct lane_pace *pace, size_t rows, int64_t took_ms);

#endif
