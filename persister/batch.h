/* What waits for a commit: the rows of both links' messages, collected into arrays of fixed size, and for each
 * delivery who is to be told what became of it. Pure: no socket, no database. */
/* SPDX-License-Identifier: MIT */
#ifndef WICK_PERSISTER_BATCH_H
#define WICK_PERSISTER_BATCH_H

#include "lib/base/error.h"
#include "lib/runtime/service.h"
#include "lib/store/row.h"
#include "lib/store/store.h"
#include "proto/message.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    BATCH_DELIVERIES_MAX = 1024,
    BATCH_SERIES_MAX = 20000,  /* rows; ten full messages */
    BATCH_ABSENCES_MAX = 5000, /* rows; ten full messages */
    BATCH_LEDGER_MAX = 2048,   /* rows of each ledger table */
    BATCH_CANDLES_EXTRA = 2000, /* candles above the number that makes a transaction due: one full message */
};

/* How many rows of each kind. */
struct batch_counts {
    size_t candles;
    size_t absences;
    size_t series;
    size_t ledger[LEDGER_TABLES];
};

/* One message, all of which is written or nothing. */
struct delivery {
    struct peer peer;
    uint64_t sequence;
    uint64_t generation;        /* of a change of the ledger; 0: it is none */
    bool history;               /* its candles are old ones that are probably new to the store */
    char exchange[NAME_SIZE];   /* its candles, absences and series point here */
    int64_t exchange_ms;        /* the exchange's clock as it tells it; 0: it does not */
    struct batch_counts before; /* rows of the deliveries in front of it */
};

/* What decides which rows of a delivery are let in, and what became of those that were not. */
struct batch_door {
    int64_t now_ms; /* the exchange's clock: rows of later are refused, as those from before 2009 are */
    size_t refused;
    struct absence sample; /* the first that was refused, a candle as an absence of its own length; the reason says nothing */
};

struct batch {
    struct store_candle *candles; /* owned, like all arrays here */
    struct store_absence *absences;
    struct store_series_start *series;
    void *ledger[LEDGER_TABLES]; /* arrays of the table's record */
    uint64_t *versions[LEDGER_TABLES];
    char exchange[NAME_SIZE];    /* the account of rows of the ledger that name none, as those of a trader of the version */
    char quote_asset[NAME_SIZE]; /* before do not; set by the owner */
    size_t candle_capacity;
    struct batch_counts used;
    struct delivery *deliveries;
    size_t delivery_count;
    size_t settled;    /* deliveries from the front that were answered */
    size_t suspects;   /* deliveries from the front one of which the database refuses; 0: nothing is known */
    int64_t oldest_ms; /* monotonic; when the first delivery was taken */
};

/* `candle_rows` is how many candles make a transaction due. ERROR_MEMORY. */
int batch_init(struct batch *batch, size_t candle_rows) MUST_CHECK;
void batch_release(struct batch *batch);

/* Takes a message, whole or not at all: ERROR_FULL when there is no room for it. Of candles and absences, those that the
 * door refuses are left out, and counted there; the delivery is answered like any other. */
int batch_take_candles(struct batch *batch, const struct peer *peer, const struct store_candles *message,
                       struct batch_door *door, int64_t now_ms) MUST_CHECK;
int batch_take_series(struct batch *batch, const struct peer *peer, const struct store_series *message,
                      int64_t now_ms) MUST_CHECK;
int batch_take_ledger(struct batch *batch, const struct peer *peer, const struct store_ledger *message,
                      int64_t now_ms) MUST_CHECK;

/* Whether this delivery is waiting here already, so that its repetition can be ignored. */
bool batch_has(const struct batch *batch, const struct peer *peer, uint64_t sequence);

/* Deliveries that were not answered yet, changes of the ledger among them, and their rows. */
size_t batch_waiting(const struct batch *batch);
bool batch_has_ledger(const struct batch *batch);
size_t batch_rows(const struct batch *batch);

/* The delivery at the front; there must be one. */
const struct delivery *batch_front(const struct batch *batch);

/* Whether a delivery changes the ledger under a generation that is over, `generation` being the current one. */
bool delivery_is_fenced(const struct delivery *delivery, uint64_t generation);

/* What to write next: deliveries from the front on, up to the first that is fenced, with at most `rows_max` rows or of
 * one delivery. Their number; 0 if the front one is fenced or there is none. *out points into the batch. */
size_t batch_next(const struct batch *batch, uint64_t generation, size_t rows_max, struct store_batch *out);

/* `count` deliveries from the front were answered. An emptied batch can be filled anew. */
void batch_settle(struct batch *batch, size_t count);

/* The last `count` deliveries tried together were refused: half of them are tried next. Asserts count > 1: one alone
 * is the bad one. */
void batch_suspect(struct batch *batch, size_t count);

#endif
