/* When a process that keeps dying is given up. */
/* SPDX-License-Identifier: MIT */
#ifndef WICK_TOOLS_UP_LIVES_H
#define WICK_TOOLS_UP_LIVES_H

#include <stdbool.h>
#include <stdint.h>

enum {
    LIVES_DEATHS_MAX = 20, /* of one process ... */
    LIVES_WINDOW_MS = 60000, /* ... in this time */
    LIVES_STILLBORN_MAX = 5, /* deaths in a row without having been ready in between */
};

/* The deaths of one process; zeroed at first. */
struct lives {
    int64_t deaths_ms[LIVES_DEATHS_MAX]; /* monotonic; a ring of the last ones */
    int deaths;                          /* in all */
    int stillborn;                       /* in a row */
};

enum life_verdict {
    LIFE_AGAIN,      /* start it again */
    LIFE_TOO_OFTEN,  /* it has died more than LIVES_DEATHS_MAX times in LIVES_WINDOW_MS */
    LIFE_NEVER_READY /* LIVES_STILLBORN_MAX deaths in a row before it was ready */
};

/* Counts a death at `now_ms` of a life that had been ready or not, and says what to do. */
enum life_verdict lives_died(struct lives *lives, int64_t now_ms, bool was_ready);

#endif
