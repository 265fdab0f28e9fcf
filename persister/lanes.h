/* What waits for the database, by how urgent it is: each lane has batches of its own, so that nothing is held up by what
 * is less urgent than itself for longer than one transaction. Pure. */
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
    LANE_NEW,     /* new candles, and the series they are of */
    LANE_HISTORY, /* old candles, of which there is no end for hours */
    LANES
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

/* Which lane is written next, of those that want it; `last` is the one written last. The most urgent, but the ledger not
 * twice in a row while another waits: a transaction of it is short, and many of them would hold up all candles. LANES if
 * none wants. */
enum lane_kind lane_choose(const bool wants[LANES], enum lane_kind last);

#endif
