/* Measurements: each sets ours beside a peer or a limit that does the same work, in turn, in one run. What counts is
 * the ratio of their medians; single times say more about the machine than about the program. */
/* SPDX-License-Identifier: MIT */
#ifndef WICK_BENCH_BENCH_H
#define WICK_BENCH_BENCH_H

#include "lib/base/error.h"

#include <stdbool.h>
#include <stddef.h>

/* What the command line gives; NULL: not given, and what needs it is left out. */
struct bench_given {
    const char *exchange_url; /* of a simulated exchange with 250 symbols or more, */
    const char *symbols;      /* some of them, with commas */
    const char *database_url; /* an empty PostgreSQL database */
};
extern struct bench_given bench_given;

struct bench {
    const char *name;
    const char *sentence; /* what is done, and beside what */
    double budget;        /* the ratio ours / peer should be at most */
    size_t items;         /* done by one run of either */
    const char *const *need; /* a member of bench_given without which it is left out; NULL: none */
    bool wall;               /* another process does the work: the time that passes counts, not our CPU's */
    /* Prepares what both need. */
    int (*set_up)(void);
    int (*ours)(void);
    int (*peer)(void);
    void (*tear_down)(void);
};

/* All measurements of a file; the row with name NULL ends them. */
extern const struct bench bench_codec[];
extern const struct bench bench_fetch[];
extern const struct bench bench_postgres[];
extern const struct bench bench_series[];
extern const struct bench bench_store[];

/* Keeps a value from being optimised away. */
static inline void bench_keep(double value)
{
    static volatile double kept;
    kept = value;
    (void)kept;
}

#endif
