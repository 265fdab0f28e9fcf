/* A file of candles: CSV, gzip or plain, "open_time_ms,open,high,low,close,volume" a line. Checked to the last digit. */
/* SPDX-License-Identifier: MIT */
#ifndef WICK_SIMULATOR_CANDLE_FILE_H
#define WICK_SIMULATOR_CANDLE_FILE_H

#include "tools/simulator/market.h"

/* The candles of one file, oldest first. */
struct candle_series {
    struct market_candle *candles; /* owned */
    size_t count;
};

/* Takes SYMBOL_INTERVAL.csv.gz or SYMBOL_INTERVAL.csv apart. ERROR_ARGUMENT. */
int candle_file_read_name(const char *file, char symbol[MARKET_NAME_SIZE], uint32_t *interval_s) MUST_CHECK;

/* Reads a whole file; its candles lie on the grid of `interval_s`. The symbol's scales become the decimals that the
 * file has. The message of an error begins with "PATH:LINE: " where there is a line to blame. */
int candle_file_read(const char *path, uint32_t interval_s, struct market_symbol *symbol,
                     struct candle_series *out) MUST_CHECK;

#endif
