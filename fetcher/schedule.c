/* Which of many jobs is due. A search that finds none has seen them all and so knows the earliest. */
/* SPDX-License-Identifier: MIT */
#include "fetcher/schedule.h"

#include <assert.h>
#include <stdlib.h>

int schedule_init(struct schedule *schedule, size_t count)
{
    *schedule = (struct schedule){.count = count, .earliest_ms = SCHEDULE_NEVER};
    schedule->due_ms = malloc((count > 0 ? count : 1) * sizeof *schedule->due_ms);
    if (schedule->due_ms == NULL)
        return error_set(ERROR_MEMORY, "a schedule of %zu jobs", count);
    for (size_t i = 0; i < count; i++)
        schedule->due_ms[i] = SCHEDULE_NEVER;
    return 0;
}

int schedule_grow(struct schedule *schedule, size_t count)
{
    if (count <= schedule->count)
        return 0;
    int64_t *due_ms = realloc(schedule->due_ms, count * sizeof *due_ms);
    if (due_ms == NULL)
        return error_set(ERROR_MEMORY, "a schedule of %zu jobs", count);
    for (size_t i = schedule->count; i < count; i++)
        due_ms[i] = SCHEDULE_NEVER;
    schedule->due_ms = due_ms;
    schedule->count = count;
    return 0;
}

void schedule_release(struct schedule *schedule)
{
    free(schedule->due_ms);
    *schedule = (struct schedule){.earliest_ms = SCHEDULE_NEVER};
}

void schedule_set(struct schedule *schedule, size_t job, int64_t due_ms)
{
    assert(job < schedule->count);
    schedule->due_ms[job] = due_ms;
    if (due_ms < schedule->earliest_ms)
        schedule->earliest_ms = due_ms;
}

int64_t schedule_take(struct schedule *schedule, int64_t now_ms)
{
    if (schedule->earliest_ms > now_ms)
        return -1;
    int64_t earliest_ms = SCHEDULE_NEVER;
    for (size_t step = 0; step < schedule->count; step++) {
        size_t job = schedule->cursor;
        schedule->cursor = job + 1 < schedule->count ? job + 1 : 0;
        if (schedule->due_ms[job] <= now_ms) {
            schedule->due_ms[job] = SCHEDULE_NEVER;
            return (int64_t)job;
        }
        if (schedule->due_ms[job] < earliest_ms)
            earliest_ms = schedule->due_ms[job];
    }
    schedule->earliest_ms = earliest_ms;
    return -1;
}

int64_t schedule_earliest(const struct schedule *schedule)
{
    return schedule->earliest_ms;
}

void schedule_hurry(struct schedule *schedule, int64_t now_ms)
{
    for (size_t i = 0; i < schedule->count; i++)
        if (schedule->due_ms[i] != SCHEDULE_NEVER && schedule->due_ms[i] > now_ms)
            schedule_set(schedule, i, now_ms);
}
