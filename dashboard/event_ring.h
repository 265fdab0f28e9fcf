/* The last events that pages were sent, so that a page which was away for a moment goes on where it was.
 *
 * An event's id is "<run>-<number>": the run is drawn at start, so that an id of an earlier run is recognised. */
/* SPDX-License-Identifier: MIT */
#ifndef WICK_DASHBOARD_EVENT_RING_H
#define WICK_DASHBOARD_EVENT_RING_H

#include "lib/base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    EVENTS_MAX = 1024,                     /* that are kept at most */
    EVENT_RING_BYTES = 4 * 1024 * 1024,    /* their bytes at most */
    EVENT_SIZE_MAX = 32 * 1024,            /* of one event */
    EVENT_REPLAY_BYTES = 48 * 1024,        /* what a page gets again at most; it must fit what a stream may queue */
    EVENT_ID_SIZE = 40,                    /* the text of an id with its NUL */
};

struct event {
    uint64_t number;
    size_t offset, size; /* of its bytes in the ring */
};

struct event_ring {
    uint64_t run;
    uint64_t last_number; /* 0: none yet */
    size_t count;
    struct event events[EVENTS_MAX]; /* event n stands at n % EVENTS_MAX */
    char *bytes;                     /* EVENT_RING_BYTES, owned */
    size_t next_offset;
};

/* ERROR_MEMORY. */
int event_ring_init(struct event_ring *ring, uint64_t run) MUST_CHECK;
void event_ring_release(struct event_ring *ring);

/* Adds an event with one line of data (no line break in it) and returns its bytes as they go over a stream, valid
 * until the next one is added. `name` and `data` together stay below EVENT_SIZE_MAX - 128. */
const char *event_ring_add(struct event_ring *ring, const char *name, const char *data, size_t *size);

/* The id of the newest event. */
void event_ring_id(const struct event_ring *ring, char out[EVENT_ID_SIZE]);

/* What a page that has seen the event `id` still needs: the number of the first event it lacks, with which
 * event_ring_get begins; last_number + 1 if it lacks none. False if they are not all here any more, are too many
 * bytes to be sent at once, or the id is not of this run: then the page must fetch the whole state. */
bool event_ring_resume(const struct event_ring *ring, const char *id, uint64_t *first);

/* The bytes of an event that is kept. */
const char *event_ring_get(const struct event_ring *ring, uint64_t number, size_t *size);

#endif
