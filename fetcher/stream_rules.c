/* The rules of streams. */
/* SPDX-License-Identifier: MIT */
#include "fetcher/stream_rules.h"

#include "fetcher/intake.h"
#include "lib/base/interval.h"

#include <string.h>

enum {
    PAUSE_FIRST_MS = 500,
    PAUSE_DOUBLINGS = 7,
    CONFIRM_CANDLES = 2, /* long candles are confirmed when there are so many new ones */
    TICKER_TICKS = 3, /* a market that says nothing for so many ticks is polled */
};

static int64_t larger(int64_t left, int64_t right)
{
    return left > right ? left : right;
}

static int64_t smaller(int64_t left, int64_t right)
{
    return left < right ? left : right;
}

int64_t stream_wall_ms(int64_t ms, int64_t speed, int64_t least_ms)
{
    return larger(ms / speed, least_ms);
}

int64_t stream_silence_ms(const struct exchange_stream *stream, enum stream_kind kind, int64_t speed, int64_t tick_ms)
{
    if (kind == STREAM_TICKERS)
        return larger(smaller(TICKER_TICKS * tick_ms, STREAM_SILENCE_MS / speed), STREAM_PATIENCE_MS);
    if (stream->silence_ms == 0)
        return 0;
    int64_t silence_ms = larger(STREAM_SILENCE_TIMES * stream->silence_ms, STREAM_SILENCE_LEAST_MS);
    return stream_wall_ms(smaller(silence_ms, STREAM_SILENCE_MS), speed, STREAM_PATIENCE_MS);
}

enum stream_verdict stream_judge(const struct series *series, const struct candle *candle, int64_t exchange_ms)
{
    int64_t interval_ms = (int64_t)series->interval_s * 1000;
    if (!series->ready || series->ring.count == 0)
        return STREAM_LEAVE;
    if (candle->open_time_ms > intake_known_ms(series) + interval_ms)
        return STREAM_ASK;
    return candle->open_time_ms + interval_ms <= exchange_ms ? STREAM_TAKE : STREAM_ASK;
}

bool stream_closes(struct subscription *subscription, const struct candle *candle, int64_t exchange_ms,
                   int64_t grace_ms, struct candle *out)
{
    struct candle *forming = &subscription->candle.forming, *before = &subscription->candle.before;
    if (candle->open_time_ms > forming->open_time_ms) {
        *before = *forming;
        *forming = *candle;
    } else if (candle->open_time_ms == forming->open_time_ms) {
        *forming = *candle;
    } else if (candle->open_time_ms == before->open_time_ms) {
        *before = *candle; /* a trade that was late */
    }
    if (before->open_time_ms == 0 ||
        before->open_time_ms > intake_last_closed_ms(subscription->interval_s, exchange_ms, grace_ms))
        return false;
    *out = *before;
    before->open_time_ms = 0;
    return true;
}

static int64_t period_ms(const struct series *series, int64_t confirm_ms)
{
    return larger(confirm_ms, CONFIRM_CANDLES * (int64_t)series->interval_s * 1000);
}

int64_t stream_confirm_ms(const struct series *series, int64_t confirm_ms, int64_t after_ms)
{
    int64_t period = period_ms(series, confirm_ms);
    uint64_t key = hash64(series->symbol, strlen(series->symbol)) + series->interval_s;
    int64_t phase = (int64_t)(hash64(&key, sizeof key) % (uint64_t)period);
    return after_ms - (after_ms - phase) % period + period;
}

int64_t stream_confirm_from_ms(const struct series *series, int64_t confirm_ms, int64_t most)
{
    int64_t interval_ms = (int64_t)series->interval_s * 1000;
    int64_t count = smaller(2 * period_ms(series, confirm_ms) / interval_ms, most - 2);
    int64_t from_ms = ring_newest_ms(&series->ring) - count * interval_ms;
    return larger(from_ms, ring_at(&series->ring, 0)->open_time_ms);
}

bool stream_carries(const struct subscription *subscription, int link, int predecessor)
{
    return subscription->link != SUBSCRIPTION_NO_LINK &&
           (subscription->link == link || subscription->link == predecessor);
}

bool stream_attempt(struct stream_attempts *attempts, int64_t now_ms)
{
    if (now_ms < attempts->not_before_ms ||
        attempts->paid_until_ms - now_ms > (int64_t)(STREAM_ATTEMPTS - 1) * STREAM_ATTEMPT_MS)
        return false;
    attempts->paid_until_ms = larger(attempts->paid_until_ms, now_ms) + STREAM_ATTEMPT_MS;
    return true;
}

void stream_failed(struct stream_attempts *attempts, int64_t now_ms, uint64_t random)
{
    int64_t pause_ms = (int64_t)PAUSE_FIRST_MS << smaller(attempts->failures, PAUSE_DOUBLINGS);
    attempts->failures++;
    attempts->not_before_ms = now_ms + pause_ms + (int64_t)(random % (uint64_t)(pause_ms / 2 + 1));
}
