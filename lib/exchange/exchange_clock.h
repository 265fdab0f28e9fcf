/* The exchange's clock, as far as we know it: estimated from answers that carry its time, and its speed.
 *
 * Between samples it runs with our monotonic clock, `speed` times as fast. Where a new sample says that it was behind,
 * it jumps forward; where it was ahead, it runs at half its speed until the truth has caught up. It never steps
 * backwards.
 *
 * An answer that is far off what the clock says, in either direction, is not believed at once: a day ahead for one answer,
 * and candles that are still forming would count as closed, and others as late. It takes EXCHANGE_CLOCK_AGREEING answers
 * in a row that agree with each other, over EXCHANGE_CLOCK_DOUBT_US; or, where they agree with nothing,
 * EXCHANGE_CLOCK_STRAYS of them. Then the clock steps to where they say, backwards too. The first answer of all is
 * believed if it agrees with the guess, or else with the next one.
 *
 * Pure: whoever calls brings the monotonic time. */
/* SPDX-License-Identifier: MIT */
#ifndef WICK_EXCHANGE_EXCHANGE_CLOCK_H
#define WICK_EXCHANGE_EXCHANGE_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

enum {
    EXCHANGE_CLOCK_OFF_MS = 1000, /* of our time, and the round trip: an answer that is further off disagrees */
    EXCHANGE_CLOCK_AGREEING = 4,
    EXCHANGE_CLOCK_STRAYS = 12,
    EXCHANGE_CLOCK_DOUBT_US = 10000000,
};

/* What became of an answer. */
enum exchange_clock_word {
    EXCHANGE_CLOCK_TAKEN,   /* it agrees, whether or not it says more than was known */
    EXCHANGE_CLOCK_DOUBTED, /* it is far off, and changes nothing yet; the next one should be asked for soon */
    EXCHANGE_CLOCK_STEPPED, /* the clock went to where it says: the first answers, or a jump that is believed */
};

struct exchange_clock {
    int64_t speed;        /* how much faster than ours it runs; 1 or more */
    bool known;           /* two answers have agreed, or one with the guess */
    bool anchored;        /* there was an answer */
    int64_t anchor_us;    /* monotonic: where the last sample that was taken puts `anchor_ms` */
    int64_t anchor_ms;    /* exchange time */
    int64_t shown_us;     /* monotonic: when that sample was taken, */
    int64_t shown_ms;     /* and what the clock said then: it is never behind half its speed from here on */
    int64_t round_trip_us; /* how long a round trip the next sample may have to be taken */
    /* Answers in a row that disagreed, and the line through the first of those at the end that agree with each other. */
    unsigned strays, agreeing;
    int64_t doubt_us, doubt_ms;
};

/* Begins with a guess, which the first sample replaces. The clock is known when that agrees, or the next one does. */
void exchange_clock_init(struct exchange_clock *clock, int64_t speed, int64_t mono_us, int64_t guess_ms);

/* An answer that carries the exchange's time `server_ms` was asked for at `sent_us` and came at `received_us`. The
 * exchange read its clock in between; the middle is taken. Of several samples, those with the shortest round trips
 * count; an old one yields to a slower one sooner or later. */
enum exchange_clock_word exchange_clock_sample(struct exchange_clock *clock, int64_t sent_us, int64_t received_us,
                                               int64_t server_ms);

/* The exchange's time, ms since 1970 UTC. */
int64_t exchange_clock_ms(const struct exchange_clock *clock, int64_t mono_us);

/* The first monotonic time, in us, at which exchange_clock_ms will say `exchange_ms` or more, as it looks now. */
int64_t exchange_clock_when_us(const struct exchange_clock *clock, int64_t exchange_ms);

#endif
