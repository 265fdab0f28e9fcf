/* Which of many jobs is due: a time for each, and a cursor that gives each its turn. Pure. */
/* SPDX-License-Identifier: MIT */
#ifndef WICK_FETCHER_SCHEDULE_H
#define WICK_FETCHER_SCHEDULE_H

#include "lib/base/error.h"

#include <stddef.h>
#include <stdint.h>

#define SCHEDULE_NEVER INT64_MAX

struct schedule {
    int64_t *due_ms; /* of each job, monotonic; SCHEDULE_NEVER: it waits for something else. Owned */
    size_t count;
    size_t cursor;       /* where the search goes on */
    int64_t earliest_ms; /* no job is due before this */
};

/* `count` jobs, none of them due. ERROR_MEMORY. */
int schedule_init(struct schedule *schedule, size_t count) MUST_CHECK;
void schedule_release(struct schedule *schedule);

/* Makes it at least `count` jobs; new ones are not due. ERROR_MEMORY: it is as it was. */
int schedule_grow(struct schedule *schedule, size_t count) MUST_CHECK;

/* Sets when a job is due. */
void schedule_set(struct schedule *schedule, size_t job, int64_t due_ms);

/* The next job that is due, which is SCHEDULE_NEVER from then on, or -1. */
int64_t schedule_take(struct schedule *schedule, int64_t now_ms);

/* When schedule_take should be tried next; SCHEDULE_NEVER if nothing is planned. It may be too early, never too late. */
int64_t schedule_earliest(const struct schedule *schedule);

/* Makes every job that is planned for later due now. */
void schedule_hurry(struct schedule *schedule, int64_t now_ms);

#endif
