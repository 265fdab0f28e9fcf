/* Candles from files of two kinds: Wick's own (a header and six columns) and Binance's public dumps (twelve columns, with
 * or without a header; open times in ms, since 2025 in us). Every row is checked; one that cannot be true is refused by
 * itself, and the reading goes on. */
/* SPDX-License-Identifier: MIT */
#ifndef WICK_TOOLS_DATA_CANDLE_SOURCE_H
#define WICK_TOOLS_DATA_CANDLE_SOURCE_H

#include "proto/message.h"
#include "tools/common/csv.h"

struct candle_source {
    struct csv_file file;
    uint32_t interval_s;

    /* Private. */
    int columns;
    bool has_first; /* the first line is a row, kept in `first` */
    const char *first;
    size_t first_length;
    int64_t previous_ms; /* open time of the row before; -1: none */
};

/* Finds symbol and interval in a file's name, its path ignored: SYMBOL_INTERVAL.csv.gz, or SYMBOL-INTERVAL with a date
 * or nothing behind it, as in BTCUSDT-1m-2024-12.csv. Each may be NULL when it is known already. ERROR_ARGUMENT. */
int candle_source_name(const char *path, char symbol[SYMBOL_SIZE], uint32_t *interval_s) MUST_CHECK;

/* Opens a file whose candles have this length, and finds out which kind it is. ERROR_SYSTEM, ERROR_MEMORY; ERROR_SYNTAX
 * for a file of neither kind. The chain begins with the path. */
int candle_source_open(struct candle_source *source, const char *path, uint32_t interval_s) MUST_CHECK;
void candle_source_close(struct candle_source *source);

/* The next candle; *more is false behind the last. ERROR_SYNTAX, ERROR_RANGE or ERROR_PROTOCOL, with "PATH:LINE" in
 * front, for a row that is refused: the next call goes on behind it. Any other code when the file cannot be read on. */
int candle_source_next(struct candle_source *source, struct candle *out, bool *more) MUST_CHECK;

#endif
