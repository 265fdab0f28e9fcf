/* The recordings of exchanges, one by one, and what a reading of one is compared with. */
/* SPDX-License-Identifier: MIT */
#ifndef WICK_TESTS_RECORDINGS_H
#define WICK_TESTS_RECORDINGS_H

#include "lib/exchange/exchange.h"

#include <stdbool.h>
#include <stddef.h>

enum { ROWS_MAX = 4000 }; /* of one recording */

/* All that the readers of an adapter made of a recording. */
struct reading {
    struct instrument instruments[ROWS_MAX];
    struct exchange_ticker tickers[ROWS_MAX];
    struct candle candles[EXCHANGE_CANDLES_MAX];
    size_t instrument_count, ticker_count, candle_count;
    size_t refused; /* rows that were passed over, */
    char why[200];  /* and what was wrong with the last of them */
};

/* Values that were compared with another reading. */
struct agreement {
    size_t compared, agreed;
    size_t explained; /* of those that differ, with a reason in recordings.def */
    size_t files;
};

/* Compares a reading, field by field, with that of ccxt, which lies in the exchange's folder parsed_ccxt under the
 * recording's name; prints every value that differs and has no reason, and adds to *sum. False if there is no such file.
 * A difference without a reason, or a reason that explains another number of them, fails the test. */
bool oracle_compare(const char *folder, const char *file, const struct reading *reading, struct agreement *sum);

#endif
