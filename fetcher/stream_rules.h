/* The rules of streams: what a candle that arrives is worth, when silence is too long, when REST looks after them, when
 * a connection may be tried. Pure. */
/* SPDX-License-Identifier: MIT */
#ifndef WICK_FETCHER_STREAM_RULES_H
#define WICK_FETCHER_STREAM_RULES_H

#include "fetcher/subscriptions.h"

enum {
    STREAM_SILENCE_MS = 14000,      /* of exchange time, the longest that is waited for a word; noticed within 15 s */
    STREAM_SILENCE_TIMES = 4,       /* a subscription may miss so many of its words */
    STREAM_SILENCE_LEAST_MS = 5000,
    STREAM_PATIENCE_MS = 1000,      /* of our time: no silence is shorter, however fast the exchange's clock runs */
    STREAM_FALLBACK_WALL_MS = 250,  /* the same for the time that a closed candle may take */
    STREAM_MISSED_CANDLES = 2,      /* closes that REST saw and a subscription did not, before it moves elsewhere */
    STREAM_MISSED_TICKERS = 20,     /* prices, the same */
    STREAM_ATTEMPT_MS = 2000,       /* between two attempts to connect, in the long run: half of what Binance allows, */
    STREAM_ATTEMPTS = 20,           /* but for so many at once */
};

/* `ms` of exchange time on our clock, but at least `least_ms`. */
int64_t stream_wall_ms(int64_t ms, int64_t speed, int64_t least_ms);

/* How long a subscription may say nothing, in ms of our clock; 0: for ever. `tick_ms`: of ticker polls, our clock. */
int64_t stream_silence_ms(const struct exchange_stream *stream, enum stream_kind kind, int64_t speed, int64_t tick_ms);

/* What to do with a candle that a stream calls closed. */
enum stream_verdict {
    STREAM_TAKE,  /* it follows what is known, or says it again: through the intake */
    STREAM_ASK,   /* it leaves a hole, or is early by our estimate of the exchange's clock: REST brings it */
    STREAM_LEAVE, /* the series is not caught up: REST is at it */
};
enum stream_verdict stream_judge(const struct series *series, const struct candle *candle, int64_t exchange_ms);

/* Takes in a word on a candle from a stream without closing words. Where it shows that the candle before has closed, and
 * the clock says so too (`grace_ms` after its close), true and that candle in *out; each once. */
bool stream_closes(struct subscription *subscription, const struct candle *candle, int64_t exchange_ms,
                   int64_t grace_ms, struct candle *out);

/* Exchange time at which REST next confirms a series, after `after_ms`: once in `confirm_ms`, or in two of its intervals if
 * that is longer, each series at its own time in the period. */
int64_t stream_confirm_ms(const struct series *series, int64_t confirm_ms, int64_t after_ms);

/* The open time with which a confirming request begins: two periods back, so that each candle is read twice, as far as
 * the ring and `most` candles reach. */
int64_t stream_confirm_from_ms(const struct series *series, int64_t confirm_ms, int64_t most);

/* Whether what arrives on connection `link` may speak for a subscription: it is there, or on the one that `link` takes over
 * from, `predecessor` (SUBSCRIPTION_NO_LINK: from none). A subscription that is on no connection has no word. */
bool stream_carries(const struct subscription *subscription, int link, int predecessor);

/* How many attempts to connect were made, as a time that they use up. */
struct stream_attempts {
    int64_t paid_until_ms; /* monotonic */
    uint32_t failures;     /* in a row */
    int64_t not_before_ms; /* monotonic; the pause after a failure */
};

/* Whether a connection may be tried now; then it counts. */
bool stream_attempt(struct stream_attempts *attempts, int64_t now_ms);

/* One failed: the pause grows, up to a minute and a half more by chance. */
void stream_failed(struct stream_attempts *attempts, int64_t now_ms, uint64_t random);

#endif
