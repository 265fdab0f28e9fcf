/* Measurements: each sets ours beside a peer or a limit that does the same work, in turn, in one run. What counts is
 * the ratio of their medians; single times say more about the machine than about the program. */
/* SPDX-License-Identifier: MIT */
#ifndef WICK_BENCH_BENCH_H
#define WICK_BENCH_BENCH_H

#include "lib/base/error.h"

#include <stddef.h>

struct bench {
    const char *name;
    const char *sentence; /* what is done, and beside what */
    double budget;        /* the ratio ours / peer should be at most */
    size_t items;         /* done by one run of either */
    /* Prepares what both need. */
    int (*set_up)(void);
    int (*ours)(void);
    int (*peer)(void);
    void (*tear_down)(void);
};

/* All measurements of a file; the row with name NULL ends them. */
extern const struct bench bench_codec[];
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
