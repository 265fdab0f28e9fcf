/* What is taken from an answer: only closed candles, in order, each once; and when to ask again. Pure.
 *
 * A candle has closed when the exchange's clock, at the time the request was sent, was past its close by a grace: an
 * exchange may still correct it in the moments after. */
/* SPDX-License-Identifier: MIT */
#ifndef WICK_FETCHER_INTAKE_H
#define WICK_FETCHER_INTAKE_H

#include "fetcher/market.h"

enum {
    INTAKE_HOLE_ASKS = 2,       /* a hole is asked for so often again before it counts as the exchange's own */
    INTAKE_QUIET_SETTLED = 3,   /* where times without trades are left out, a hole so many candles old is one */
    INTAKE_FRUITLESS_ASKS = 2,  /* a tail that is missing is asked for so often again before a series may be ready */
    INTAKE_GRACE_MS = 500,      /* of exchange time, */
    INTAKE_GRACE_WALL_MS = 20,  /* and at least this much of ours */
};

/* The open time of the oldest candle that there can be of an interval, whatever is asked for. */
int64_t intake_oldest_ms(uint32_t interval_s);

/* The grace in exchange time, at this speed. */
int64_t intake_grace_ms(int64_t speed);

/* Open time of the newest candle that has closed at `exchange_ms`. */
int64_t intake_last_closed_ms(uint32_t interval_s, int64_t exchange_ms, int64_t grace_ms);

/* Open time of the newest candle that need not be asked for: the exchange gave it, or has none of it; -1: neither. */
int64_t intake_known_ms(const struct series *series);

/* The open time of the oldest candle that there can be of an interval. */
int64_t intake_oldest_ms(uint32_t interval_s);

/* Exchange time from which on the next candle can be asked for. */
int64_t intake_next_ms(const struct series *series, int64_t grace_ms);

/* How many candles a request reads again, so that changes of them are seen: those that had closed for less than reread_s
 * when the series was read last, which may be long ago, at least one, and at most half of what one answer holds, since
 * new ones must come too. When it was read last is not known after a start: then three times as many as in good times. */
int64_t intake_reread(const struct series *series, int64_t reread_s, int candles_per_call);

/* The open time with which a request of this series begins: `reread` candles before what is not known yet, but none
 * that is older than the ring; or where its history begins. */
int64_t intake_first_ms(const struct series *series, int64_t reread);

/* What a candle of the exchange that is not newer than the newest says about the ring. */
enum intake_change {
    INTAKE_SAME,
    INTAKE_REVISED, /* the ring has another of this open time */
    INTAKE_LATE,    /* the ring has none, where there was none to be had */
    INTAKE_OLDER,   /* it is older than the ring: nothing can be said */
};
enum intake_change intake_compare(const struct series *series, const struct candle *row);

struct intake {
    uint32_t appended; /* candles that went into the ring: its newest */
    uint32_t refused;  /* impossible ones */
    uint32_t absent;   /* that the exchange itself lacks */
    uint32_t dropped;  /* that left the ring and that the store has not */
    bool hole;         /* candles are missing before one that is there, or where the history begins: ask again */
    bool full;         /* the ring has no room before the store has acked: ask again after that */
    bool complete;     /* the series is there through the last candle that was asked for */
};

/* Takes the rows of a valid answer, ascending, to a request through `last_open_ms`, into the series' ring, which may
 * not lose a candle that the store has not acked, unless the store does not answer (series.may_drop): then the oldest go
 * and are fetched again for it later. Rows that are not newer than the newest, or older than the
 * history that is wanted, are passed over. Counts what the series has to remember. */
void intake_take(struct series *series, const struct candle *rows, size_t count, int64_t last_open_ms,
                 struct intake *out);

/* After an answer without a new candle: whether the exchange was asked often enough for what there is through
 * `last_open_ms` to believe that it has nothing; then the series goes on behind that. Twice again after the first time,
 * not at all where a time without candles only goes on. */
bool intake_pass_over(struct series *series, const struct intake *intake, int64_t last_open_ms);

/* How long to wait, on our clock, before the same is asked again: after `failures` requests in a row that failed, and
 * after `fruitless` answers without the candle. `random` is any number; it spreads those who wait. */
int64_t intake_retry_ms(uint32_t failures, uint64_t random);
int64_t intake_again_ms(uint32_t fruitless, int64_t speed, uint64_t random);

#endif
