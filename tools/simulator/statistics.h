/* The statistics of the last 24 hours, kept for each symbol and moved on as the clock does. */
/* SPDX-License-Identifier: MIT */
#ifndef WICK_SIMULATOR_STATISTICS_H
#define WICK_SIMULATOR_STATISTICS_H

#include "tools/simulator/market.h"

enum { STATISTICS_WINDOW_MS = 86400000 };

/* Sums over the closed candles first .. end - 1 of a symbol. */
struct day {
    size_t first, end;
    int64_t high, low; /* over them; meaningless while there are none */
    int64_t volume, trades;
    __int128 quote;
};

/* What a ticker tells. Prices in ticks, volume in lots, quote in 10^-8. */
struct day_summary {
    struct market_candle newest; /* as it stands */
    int64_t open, high, low, previous_close;
    int64_t volume, quote, trades;
    int64_t first_trade, last_trade; /* ids; -1 if there was none */
};

/* The last 24 hours at `now_ms`: all candles that opened in them, the forming one as far as it has come. `day` starts
 * zeroed and is brought up to date. */
struct day_summary day_summarise(struct day *day, const struct market *market, size_t symbol, int64_t now_ms);

#endif
