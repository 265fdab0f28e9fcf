/* Events lie one behind the other in a ring of bytes; an event never wraps, the rest of the ring is left unused. */
/* SPDX-License-Identifier: MIT */
#include "dashboard/event_ring.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int event_ring_init(struct event_ring *ring, uint64_t run)
{
    memset(ring, 0, sizeof *ring);
    ring->run = run;
    ring->bytes = malloc(EVENT_RING_BYTES);
    return ring->bytes != NULL ? 0 : error_set(ERROR_MEMORY, "no memory for the events");
}

void event_ring_release(struct event_ring *ring)
{
    free(ring->bytes);
    memset(ring, 0, sizeof *ring);
}

static uint64_t oldest_number(const struct event_ring *ring)
{
    return ring->last_number - ring->count + 1;
}

static const struct event *event_of(const struct event_ring *ring, uint64_t number)
{
    return &ring->events[number % EVENTS_MAX];
}

/* Begins at the front again. What lies between here and the end is the oldest and goes, so that the oldest event is
 * always the next one in the way. */
static void wrap(struct event_ring *ring)
{
    while (ring->count > 0 && event_of(ring, oldest_number(ring))->offset >= ring->next_offset)
        ring->count--;
    ring->next_offset = 0;
}

/* Forgets the oldest events until `size` bytes at next_offset belong to nobody. */
static void make_room(struct event_ring *ring, size_t size)
{
    if (ring->next_offset + size > EVENT_RING_BYTES)
        wrap(ring);
    if (ring->count == EVENTS_MAX)
        ring->count--;
    while (ring->count > 0) {
        const struct event *oldest = event_of(ring, oldest_number(ring));
        if (oldest->offset + oldest->size <= ring->next_offset || oldest->offset >= ring->next_offset + size)
            break;
        ring->count--;
    }
}

const char *event_ring_add(struct event_ring *ring, const char *name, const char *data, size_t *size)
{
    make_room(ring, EVENT_SIZE_MAX);
    uint64_t number = ring->last_number + 1;
    char *bytes = ring->bytes + ring->next_offset;
    int length = snprintf(bytes, EVENT_SIZE_MAX, "id: %016" PRIx64 "-%" PRIu64 "\nevent: %s\ndata: %s\n\n", ring->run,
                          number, name, data);
    assert(length > 0 && length < EVENT_SIZE_MAX);
    ring->events[number % EVENTS_MAX] =
        (struct event){.number = number, .offset = ring->next_offset, .size = (size_t)length};
    ring->next_offset += (size_t)length;
    ring->last_number = number;
    ring->count++;
    *size = (size_t)length;
    return bytes;
}

void event_ring_id(const struct event_ring *ring, char out[EVENT_ID_SIZE])
{
    (void)snprintf(out, EVENT_ID_SIZE, "%016" PRIx64 "-%" PRIu64, ring->run, ring->last_number);
}

/* Reads "<16 hexadecimal digits>-<number>" of this run. */
static bool parse_id(const struct event_ring *ring, const char *id, uint64_t *number)
{
    char run[EVENT_ID_SIZE];
    int length = snprintf(run, sizeof run, "%016" PRIx64 "-", ring->run);
    uint64_t value = 0;
    if (strncmp(id, run, (size_t)length) != 0 || id[length] == '\0' || strlen(id) >= EVENT_ID_SIZE)
        return false;
    for (const char *at = id + length; *at != '\0'; at++) {
        if (*at < '0' || *at > '9' || value > UINT64_MAX / 10 - 1)
            return false;
        value = value * 10 + (uint64_t)(*at - '0');
    }
    *number = value;
    return true;
}

bool event_ring_resume(const struct event_ring *ring, const char *id, uint64_t *first)
{
    uint64_t seen = 0;
    size_t bytes = 0;
    if (!parse_id(ring, id, &seen) || seen > ring->last_number || seen + 1 < oldest_number(ring))
        return false;
    for (uint64_t number = seen + 1; number <= ring->last_number; number++)
        bytes += event_of(ring, number)->size;
    if (bytes > EVENT_REPLAY_BYTES)
        return false;
    *first = seen + 1;
    return true;
}

const char *event_ring_get(const struct event_ring *ring, uint64_t number, size_t *size)
{
    assert(number <= ring->last_number && number >= oldest_number(ring));
    const struct event *event = event_of(ring, number);
    assert(event->number == number);
    *size = event->size;
    return ring->bytes + event->offset;
}
