/* Candles that the exchange changed after they were taken, or has only now: for the store alone, which keeps the former
 * values. The rings keep what was published, since signals are a function of that.
 *
 * What is read again says the same thing again and again: a table remembers the newest value of each candle that was
 * noticed, so that each goes to the store once. The table has a fixed size; what is pushed out of it is only sent
 * again, which changes nothing in the store. */
/* SPDX-License-Identifier: MIT */
#ifndef WICK_FETCHER_REVISIONS_H
#define WICK_FETCHER_REVISIONS_H

#include "fetcher/archive.h"

enum {
    REVISIONS_SEEN = 16384,   /* candles that are remembered at most */
    REVISIONS_WAITING = 2000, /* that wait for the store at most; one more is noticed again with the next answer */
    REVISIONS_BATCH = 1000,   /* of one message */
    REVISIONS_LOG_MS = 5000,  /* they are logged no more often, with their count */
};

struct revision {
    uint32_t index; /* of the series, */
    uint64_t id;    /* which may have gone meanwhile */
    bool late;
    struct candle candle;
};

struct revisions {
    struct archive *archive; /* borrowed */
    struct {
        uint64_t candle; /* which one: a hash of its key; 0: none */
        uint64_t value;  /* a hash of what it said */
    } seen[REVISIONS_SEEN];
    struct revision waiting[REVISIONS_WAITING];
    size_t count;
    bool sending;                                /* a message waits for its ack */
    struct candle_event rows[REVISIONS_BATCH];   /* of the message that is being made */
    uint64_t unlogged;
    int64_t logged_ms; /* monotonic */
};

/* Nothing was noticed yet; `archive` is borrowed. */
void revisions_init(struct revisions *revisions, struct archive *archive);

/* A valid candle of an open time that the series has passed, which says something else than its ring, or that the ring
 * lacks (`late`). Counts it if it is news. */
void revisions_take(struct revisions *revisions, const struct series *series, const struct candle *candle, bool late);

/* The store has acked what was sent. */
void revisions_on_ack(struct revisions *revisions);

/* Sends those whose first value the store has, in one message at a time; logs. */
void revisions_on_tick(struct revisions *revisions, int64_t now_ms);

#endif
