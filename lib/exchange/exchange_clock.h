/* The exchange's clock, as far as we know it: estimated from answers that carry its time, and its speed.
 *
 * Between samples it runs with our monotonic clock, `speed` times as fast. Where a new sample says that it was behind,
 * it jumps forward; where it was ahead, it runs at half its speed until the truth has caught up. It never steps
 * backwards. Pure: whoever calls brings the monotonic time. */
/* SPDX-License-Identifier: MIT */
#ifndef WICK_EXCHANGE_EXCHANGE_CLOCK_H
#define WICK_EXCHANGE_EXCHANGE_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

struct exchange_clock {
    int64_t speed;        /* how much faster than ours it runs; 1 or more */
    bool known;           /* a sample was taken */
    int64_t anchor_us;    /* monotonic: where the last sample that was taken puts `anchor_ms` */
    int64_t anchor_ms;    /* exchange time */
    int64_t shown_us;     /* monotonic: when that sample was taken, */
    int64_t shown_ms;     /* and what the clock said then: it is never behind half its speed from here on */
    int64_t round_trip_us; /* how long a round trip the next sample may have to be taken */
};

/* Begins with a guess, which the first sample replaces. */
void exchange_clock_init(struct exchange_clock *clock, int64_t speed, int64_t mono_us, int64_t guess_ms);

/* An answer that carries the exchange's time `server_ms` was asked for at `sent_us` and came at `received_us`. The
 * exchange read its clock in between; the middle is taken. Of several samples, those with the shortest round trips
 * count; an old one yields to a slower one sooner or later. */
void exchange_clock_sample(struct exchange_clock *clock, int64_t sent_us, int64_t received_us, int64_t server_ms);

/* The exchange's time, ms since 1970 UTC. */
int64_t exchange_clock_ms(const struct exchange_clock *clock, int64_t mono_us);

/* The first monotonic time, in us, at which exchange_clock_ms will say `exchange_ms` or more, as it looks now. */
int64_t exchange_clock_when_us(const struct exchange_clock *clock, int64_t exchange_ms);

#endif
