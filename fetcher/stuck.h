/* Markets that cannot be brought up to date: which they are, and the exchange's reason, for the status and the log.
 *
 * A series is stuck in a part of its work from the answer on that shows that asking again does not help, until one brings
 * it on. Nobody waits for it then: neither readiness, nor its shard, nor the history of others. It is asked for again at
 * a modest pace. Of many that are stuck the first few are named with their reasons; all are counted and logged. */
/* SPDX-License-Identifier: MIT */
#ifndef WICK_FETCHER_STUCK_H
#define WICK_FETCHER_STUCK_H

#include "fetcher/market.h"

enum {
    STUCK_FAILURES = 5,     /* requests in a row that failed, */
    STUCK_OTHERS = 3,       /* while so many others succeeded; */
    STUCK_FRUITLESS = 6,    /* answers in a row without the candle that is due, */
    STUCK_BEHIND_MS = 600000, /* when it is due for this long, or for five of its intervals; exchange time */
    STUCK_AGAIN_MS = 30000, /* what fails is tried again after so long, on our clock */
    STUCK_NAMED_MAX = 16,
    STUCK_WHY_SIZE = 96,
};

/* What of a series does not go on; a bit each in series.stuck. */
enum stuck_part {
    STUCK_CANDLES, /* its newest candles */
    STUCK_HISTORY, /* what is fetched for the store alone */
    STUCK_TICKERS, /* its symbol's tickers; noted at the symbol's first series */
    STUCK_PARTS
};

/* One that is named. */
struct stuck_name {
    uint32_t index; /* of the series, */
    uint64_t id;    /* which may have gone meanwhile */
    enum stuck_part part;
    char why[STUCK_WHY_SIZE];
};

struct stuck {
    const struct market *market; /* borrowed */
    struct stuck_name names[STUCK_NAMED_MAX]; /* in the order in which they came */
    size_t count;
    bool ever; /* anything was stuck since the start: otherwise nobody need look */
};

/* Nothing is stuck. */
void stuck_init(struct stuck *stuck, const struct market *market);

/* A part of a series is stuck, by the reason `why`: logged when it was not before. */
void stuck_note(struct stuck *stuck, struct series *series, enum stuck_part part, const char *why);

/* It goes on: logged when it was stuck. */
void stuck_clear(struct stuck *stuck, struct series *series, enum stuck_part part);

/* Whether a series is due for too long to be only late: its next candle could be asked for at `due_ms` of exchange time. */
bool stuck_is_behind(const struct series *series, int64_t due_ms, int64_t exchange_ms);

/* How many parts of series are stuck. */
size_t stuck_count(const struct stuck *stuck);

/* Whether the newest candles of every series are stuck. */
bool stuck_is_everything(const struct stuck *stuck);

/* An exchange's words, as far as there is room, in characters that a message may carry. */
void stuck_copy_why(char out[STUCK_WHY_SIZE], const char *why);

/* Writes those that are stuck in a few words, as "not up to date: AAAUSDT 1m: Invalid symbol. and 2 more", or an empty
 * text if there are none. Forgets the names of those that have gone. */
void stuck_describe(struct stuck *stuck, char *out, size_t size);

#endif
