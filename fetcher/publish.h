/* The market link: closed candles by shard, tickers, instruments.
 *
 * Rows are collected and go out when the loop has turned, or when there is no room for more. */
/* SPDX-License-Identifier: MIT */
#ifndef WICK_FETCHER_PUBLISH_H
#define WICK_FETCHER_PUBLISH_H

#include "fetcher/market.h"
#include "lib/runtime/service.h"

enum {
    PUBLISH_ROWS_MAX = 1000,       /* of a message, as in messages.def */
    PUBLISH_INSTRUMENTS_MAX = 500,
};

struct publish {
    struct service_context *context; /* borrowed */
    struct market *market;           /* borrowed */
    bool on;                         /* we hold the lease; otherwise nothing is collected */
    int64_t exchange_ms;             /* when the newest row was read, by the exchange's clock */
    int timer;                       /* flushes on the loop's next turn */

    /* Candles in the order they came, chained by shard. */
    struct candle_event candles[PUBLISH_ROWS_MAX];
    uint16_t next[PUBLISH_ROWS_MAX]; /* index of the next one of the same shard, plus 1; 0: none */
    uint16_t shards[PUBLISH_ROWS_MAX]; /* those that have candles, in the order they came */
    uint16_t first[SHARDS], last[SHARDS]; /* index plus 1; 0: none */
    size_t candle_count, shard_count;
    struct candle_event rows[PUBLISH_ROWS_MAX]; /* of the message that is being made */

    struct ticker tickers[PUBLISH_ROWS_MAX];
    size_t ticker_count;
    uint64_t candles_published; /* since the start */
};

/* ERROR_FULL (the loop's timers). */
int publish_open(struct publish *publish, struct service_context *context, struct market *market) MUST_CHECK;

/* Whether anything is collected. When it is switched off, candles that were collected before go out: they are in the
 * rings already and would never be sent again. */
void publish_set_on(struct publish *publish, bool on);

/* Collects the newest `count` candles of a series' ring, which were read at exchange_ms. */
void publish_candles(struct publish *publish, const struct series *series, uint32_t count, int64_t exchange_ms);

/* Collects a ticker; publish_tickers sends what was collected. */
void publish_ticker(struct publish *publish, const struct ticker *ticker, int64_t exchange_ms);
void publish_tickers(struct publish *publish);

/* Sends all instruments, now. */
void publish_instruments(struct publish *publish, int64_t exchange_ms);

/* Sends the candles that were collected, now. */
void publish_flush(struct publish *publish);

#endif
