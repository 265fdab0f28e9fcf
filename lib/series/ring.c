/* A ring of candles whose open times tell almost exactly where each one stands. */
/* SPDX-License-Identifier: MIT */
#include "lib/series/ring.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>

int ring_init(struct ring *ring, uint32_t interval_s, uint32_t capacity)
{
    assert(interval_s > 0 && capacity > 0);
    *ring = (struct ring){.interval_s = interval_s, .capacity = capacity};
    ring->candles = calloc(capacity, sizeof *ring->candles);
    if (ring->candles == NULL)
        return error_set(ERROR_MEMORY, "a ring of %" PRIu32 " candles", capacity);
    return 0;
}

void ring_release(struct ring *ring)
{
    free(ring->candles);
    *ring = (struct ring){0};
}

void ring_clear(struct ring *ring)
{
    ring->first = 0;
    ring->count = 0;
}

static int64_t interval_ms(const struct ring *ring)
{
    return (int64_t)ring->interval_s * 1000;
}

const struct candle *ring_at(const struct ring *ring, uint32_t i)
{
    assert(i < ring->count);
    uint64_t at = (uint64_t)ring->first + i;
    return &ring->candles[at < ring->capacity ? at : at - ring->capacity];
}

int64_t ring_newest_ms(const struct ring *ring)
{
    return ring->count > 0 ? ring_at(ring, ring->count - 1)->open_time_ms : -1;
}

static void store(struct ring *ring, const struct candle *candle)
{
    uint64_t at = (uint64_t)ring->first + ring->count;
    ring->candles[at < ring->capacity ? at : at - ring->capacity] = *candle;
    if (ring->count < ring->capacity)
        ring->count++;
    else
        ring->first = ring->first + 1 < ring->capacity ? ring->first + 1 : 0;
}

int ring_append_after_gap(struct ring *ring, const struct candle *candle)
{
    int64_t newest_ms = ring_newest_ms(ring);
    if (ring->count > 0 && candle->open_time_ms <= newest_ms)
        return error_set(ERROR_EXISTS, "candle of %" PRId64 ": the newest is that of %" PRId64, candle->open_time_ms,
                         newest_ms);
    if (ring->count > 0 && (candle->open_time_ms - newest_ms) % interval_ms(ring) != 0)
        return error_set(ERROR_ARGUMENT, "candle of %" PRId64 ": not whole intervals after that of %" PRId64,
                         candle->open_time_ms, newest_ms);
    store(ring, candle);
    return 0;
}

int ring_append(struct ring *ring, const struct candle *candle)
{
    int64_t newest_ms = ring_newest_ms(ring);
    if (ring->count > 0 && candle->open_time_ms - newest_ms > interval_ms(ring))
        return error_set(ERROR_MISSING, "candle of %" PRId64 ": the newest is only that of %" PRId64,
                         candle->open_time_ms, newest_ms);
    return ring_append_after_gap(ring, candle);
}

const struct candle *ring_find(const struct ring *ring, int64_t open_time_ms)
{
    int64_t newest_ms = ring_newest_ms(ring);
    if (ring->count == 0 || open_time_ms > newest_ms || open_time_ms < ring_at(ring, 0)->open_time_ms)
        return NULL;
    /* Counted in intervals from either end: absent candles only ever bring a candle nearer to both ends, so the two
     * counts enclose its place, and are equal where nothing is absent. */
    int64_t last = (open_time_ms - ring_at(ring, 0)->open_time_ms) / interval_ms(ring);
    int64_t first = (int64_t)ring->count - 1 - (newest_ms - open_time_ms) / interval_ms(ring);
    if (first < 0)
        first = 0;
    if (last > (int64_t)ring->count - 1)
        last = (int64_t)ring->count - 1;
    while (first <= last) {
        int64_t middle = first + (last - first) / 2;
        const struct candle *candle = ring_at(ring, (uint32_t)middle);
        if (candle->open_time_ms == open_time_ms)
            return candle;
        if (candle->open_time_ms < open_time_ms)
            first = middle + 1;
        else
            last = middle - 1;
    }
    return NULL;
}
