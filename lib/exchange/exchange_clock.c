/* The exchange's clock: two lines, of which the one ahead holds.
 *
 * The true line goes through the last sample with the full slope. The held line starts at what was shown when that
 * sample was taken, with half the slope: it carries the clock on where the true line is behind what was shown. */
/* SPDX-License-Identifier: MIT */
#include "lib/exchange/exchange_clock.h"

#include <assert.h>

enum { US_PER_MS = 1000 };

/* Exchange time on a line through (us, ms) that gains speed / divisor. */
static int64_t line_ms(int64_t at_us, int64_t us, int64_t ms, int64_t speed, int64_t divisor)
{
    __int128 gained = (__int128)(at_us - us) * speed;
    int64_t per_ms = US_PER_MS * divisor;
    __int128 whole = gained / per_ms;
    if (gained < 0 && gained % per_ms != 0)
        whole--;
    return ms + (int64_t)whole;
}

/* When that line reaches `target_ms`, rounded up. */
static int64_t line_us(int64_t target_ms, int64_t us, int64_t ms, int64_t speed, int64_t divisor)
{
    __int128 needed = (__int128)(target_ms - ms) * US_PER_MS * divisor;
    __int128 whole = needed / speed;
    if (needed > 0 && needed % speed != 0)
        whole++;
    return us + (int64_t)whole;
}

void exchange_clock_init(struct exchange_clock *clock, int64_t speed, int64_t mono_us, int64_t guess_ms)
{
    assert(speed >= 1);
    *clock = (struct exchange_clock){
        .speed = speed,
        .anchor_us = mono_us,
        .anchor_ms = guess_ms,
        .shown_us = mono_us,
        .shown_ms = guess_ms,
        .round_trip_us = INT64_MAX,
    };
}

/* An answer, as far as it says something: the exchange's clock in the middle of its round trip, give or take half of it. */
struct sample {
    int64_t middle_us, received_us, round_trip_us;
    int64_t server_ms;
};

/* Whether it lies near the line through (us, ms). */
static bool agrees(const struct exchange_clock *clock, const struct sample *sample, int64_t us, int64_t ms)
{
    int64_t off_ms = sample->server_ms - line_ms(sample->middle_us, us, ms, clock->speed, 1);
    int64_t bound_ms = clock->speed * (EXCHANGE_CLOCK_OFF_MS + sample->round_trip_us / US_PER_MS);
    return off_ms <= bound_ms && off_ms >= -bound_ms;
}

/* Goes to where the answer says, in either direction. */
static enum exchange_clock_word step(struct exchange_clock *clock, const struct sample *sample)
{
    clock->anchor_us = clock->shown_us = sample->middle_us;
    clock->anchor_ms = clock->shown_ms = sample->server_ms;
    clock->round_trip_us = sample->round_trip_us;
    clock->anchored = true;
    clock->agreeing = 0;
    return EXCHANGE_CLOCK_STEPPED;
}

static void take(struct exchange_clock *clock, const struct sample *sample)
{
    if (sample->round_trip_us > clock->round_trip_us) {
        clock->round_trip_us += clock->round_trip_us / 4 + 1;
        return;
    }
    clock->shown_ms = exchange_clock_ms(clock, sample->received_us);
    clock->shown_us = sample->received_us;
    clock->anchor_us = sample->middle_us;
    clock->anchor_ms = sample->server_ms;
    clock->round_trip_us = sample->round_trip_us;
}

/* Counts an answer that disagrees. True when it is to be believed. */
static bool count_doubt(struct exchange_clock *clock, const struct sample *sample)
{
    if (clock->agreeing == 0 || !agrees(clock, sample, clock->doubt_us, clock->doubt_ms)) {
        clock->agreeing = 0;
        clock->doubt_us = sample->middle_us;
        clock->doubt_ms = sample->server_ms;
    }
    clock->agreeing++;
    clock->strays++;
    bool long_enough = sample->received_us - clock->doubt_us >= EXCHANGE_CLOCK_DOUBT_US;
    return (clock->agreeing >= EXCHANGE_CLOCK_AGREEING && long_enough) || clock->strays >= EXCHANGE_CLOCK_STRAYS;
}

enum exchange_clock_word exchange_clock_sample(struct exchange_clock *clock, int64_t sent_us, int64_t received_us,
                                               int64_t server_ms)
{
    assert(received_us >= sent_us);
    const struct sample sample = {
        .middle_us = sent_us + (received_us - sent_us) / 2,
        .received_us = received_us,
        .round_trip_us = received_us - sent_us,
        .server_ms = server_ms,
    };
    bool first = !clock->anchored;
    if (agrees(clock, &sample, clock->anchor_us, clock->anchor_ms)) {
        clock->known = true;
        clock->strays = clock->agreeing = 0;
        if (first)
            return step(clock, &sample);
        take(clock, &sample);
        return EXCHANGE_CLOCK_TAKEN;
    }
    bool believed = count_doubt(clock, &sample);
    if (clock->known && !believed)
        return EXCHANGE_CLOCK_DOUBTED;
    clock->known = clock->known || believed;
    clock->strays = believed ? 0 : clock->strays;
    return step(clock, &sample);
}

int64_t exchange_clock_ms(const struct exchange_clock *clock, int64_t mono_us)
{
    int64_t truth = line_ms(mono_us, clock->anchor_us, clock->anchor_ms, clock->speed, 1);
    if (mono_us < clock->shown_us)
        return truth;
    int64_t held = line_ms(mono_us, clock->shown_us, clock->shown_ms, clock->speed, 2);
    return truth > held ? truth : held;
}

int64_t exchange_clock_when_us(const struct exchange_clock *clock, int64_t exchange_ms)
{
    int64_t truth = line_us(exchange_ms, clock->anchor_us, clock->anchor_ms, clock->speed, 1);
    int64_t held = line_us(exchange_ms, clock->shown_us, clock->shown_ms, clock->speed, 2);
    if (held < clock->shown_us)
        return truth;
    return truth < held ? truth : held;
}
