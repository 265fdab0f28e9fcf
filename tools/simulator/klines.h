/* Klines: candles as the exchange serves them, of the market's own interval or of any multiple of it. */
/* SPDX-License-Identifier: MIT */
#ifndef WICK_SIMULATOR_KLINES_H
#define WICK_SIMULATOR_KLINES_H

#include "tools/simulator/market.h"

enum { KLINES_MAX = 1000, KLINES_DEFAULT = 500 };

struct kline {
    struct market_candle candle;
    int64_t quote; /* 10^-8 of the quote asset */
    int64_t trades;
};

struct kline_query {
    size_t symbol;
    uint32_t interval_s; /* one that klines_serve */
    int64_t first_ms;    /* open times from here; -1: the newest `limit` */
    int64_t last_ms;     /* open times up to here, inclusive */
    size_t limit;        /* 1 to KLINES_MAX */
};

/* Whether this market can serve an interval: its own, or one that is made of whole candles of its own. */
bool klines_serve(const struct market *market, uint32_t interval_s);

/* Finds the visible candles that a query is made of: from *first up to the result. Those of the query's limit first
 * for a query with first_ms, else the newest; of larger intervals, the limit must still be kept while folding. */
size_t klines_find(const struct market *market, const struct kline_query *query, int64_t now_ms, size_t *first);

/* Writes the klines that a query asks for as they stand at `now_ms`, oldest first; returns how many. The last one may
 * be forming. Where the market has no candle, there is no kline. */
size_t klines_read(const struct market *market, const struct kline_query *query, int64_t now_ms,
                   struct kline out[KLINES_MAX]);

#endif
