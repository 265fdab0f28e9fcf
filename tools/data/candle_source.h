/* Candles from files of two kinds: Wick's own (a header and six columns) and Binance's public dumps (twelve columns, with
 * or without a header). Open times may be in s, ms, us or ns: between 2009 and now a number can be only one of them. Every row
 * is checked by itself; one that cannot be true is refused, and the reading goes on. */
/* SPDX-License-Identifier: MIT */
#ifndef WICK_TOOLS_DATA_CANDLE_SOURCE_H
#define WICK_TOOLS_DATA_CANDLE_SOURCE_H

#include "proto/message.h"
#include "tools/common/csv.h"

enum time_unit { UNIT_S, UNIT_MS, UNIT_US, UNIT_NS, TIME_UNITS };

/* The name of a unit: "seconds". */
extern const char *const time_unit_names[TIME_UNITS];

struct candle_source {
    struct csv_file file;
    uint32_t interval_s;
    int64_t now_ms; /* no candle opens later */

    /* Of all rows whose times can be, as far as they have been read: */
    int64_t times, off_grid; /* how many there are, and how many lie off the grid of the interval */
    int64_t steps;           /* from one to another one behind it in the file */
    int64_t step_ms;         /* the greatest time that divides all of these; 0: there is none */
    int64_t units[TIME_UNITS]; /* how many are told in which unit */
    int64_t rounded;         /* volumes of good rows with decimals that were rounded away */

    /* Private. */
    int columns;
    bool has_first; /* the first line is a row, kept in `first` */
    const char *first;
    size_t first_length;
    int64_t previous_ms; /* the time before; -1: none */
};

/* Finds symbol and interval in a file's name, its path ignored: SYMBOL_INTERVAL.csv.gz, or SYMBOL-INTERVAL with a date
 * or nothing behind it, as in BTCUSDT-1m-2024-12.csv. Each may be NULL when it is known already. ERROR_ARGUMENT. */
int candle_source_name(const char *path, char symbol[SYMBOL_SIZE], uint32_t *interval_s) MUST_CHECK;

/* Opens a file whose candles have this length, and finds out which kind it is. ERROR_SYSTEM, ERROR_MEMORY; ERROR_SYNTAX
 * for a file of neither kind. The chain begins with the path. */
int candle_source_open(struct candle_source *source, const char *path, uint32_t interval_s, int64_t now_ms) MUST_CHECK;
void candle_source_close(struct candle_source *source);

/* The next candle; *more is false behind the last. Headers and blank lines between rows are passed over. ERROR_SYNTAX,
 * ERROR_RANGE or ERROR_PROTOCOL, with "PATH:LINE" in front, for a row that is refused: the next call goes on behind it.
 * Any other code when the file cannot be read on. */
int candle_source_next(struct candle_source *source, struct candle *out, bool *more) MUST_CHECK;

#endif
