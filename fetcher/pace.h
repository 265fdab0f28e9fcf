/* How fast work that nobody waits for may go: so that the process, with all else that it does, uses a given share of
 * one core. Credit grows with time and is paid for with CPU time; work begins while there is some. Pure. */
/* SPDX-License-Identifier: MIT */
#ifndef WICK_FETCHER_PACE_H
#define WICK_FETCHER_PACE_H

#include <stdint.h>

enum {
    PACE_CREDIT_US = 50000, /* of CPU time that can be saved up, */
    PACE_DEBT_US = 500000,  /* or owed: a busy start is forgiven after a while */
};

struct pace {
    int64_t percent;  /* of a core */
    int64_t credit_us; /* CPU time */
    int64_t now_us, cpu_us; /* when it was last counted: our clock, and the CPU time used since the start */
};

/* `percent` of a core, above 0. */
void pace_init(struct pace *pace, int64_t percent, int64_t now_us, int64_t cpu_us);

/* Counts what was used since the last call. Returns how long to wait, in us, if nothing else is used meanwhile; 0: work
 * may begin. */
int64_t pace_wait_us(struct pace *pace, int64_t now_us, int64_t cpu_us);

#endif
