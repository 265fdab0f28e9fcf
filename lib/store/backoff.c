/* Doubling pauses. */
/* SPDX-License-Identifier: MIT */
#include "lib/store/backoff.h"

#include "lib/base/clock.h"
#include "proto/shard.h"

void backoff_reset(struct backoff *backoff)
{
    backoff->pause_ms = 0;
}

int64_t backoff_next(struct backoff *backoff)
{
    int64_t doubled = 2 * backoff->pause_ms;
    if (doubled < BACKOFF_FIRST_MS)
        doubled = BACKOFF_FIRST_MS;
    backoff->pause_ms = doubled < BACKOFF_LAST_MS ? doubled : BACKOFF_LAST_MS;
    uint64_t seed[2] = {backoff->random, (uint64_t)clock_monotonic_us()};
    backoff->random = hash64(seed, sizeof seed);
    return backoff->pause_ms + (int64_t)(backoff->random % (uint64_t)(backoff->pause_ms / 4 + 1));
}
