/* All candles of one file, in order. A file is read as a whole before anything of it is used: only then it is known
 * whether its rows are those of its interval, and which of them stand out of order. */
/* SPDX-License-Identifier: MIT */
#ifndef WICK_TOOLS_DATA_CANDLE_TABLE_H
#define WICK_TOOLS_DATA_CANDLE_TABLE_H

#include "tools/data/candle_source.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { CANDLE_TABLE_ROWS_MAX = 1 << 25 /* 64 years of minutes, 2 GB */ };

struct table_row {
    struct candle candle;
    uint32_t line;           /* of the file */
    uint32_t refused_before; /* rows in front of it in the file that were refused when they were read */
    bool is_broken;          /* a row that was refused may belong between it and the row before: what was there is not known */
};

/* A zeroed table is empty. */
struct candle_table {
    const char *path; /* must stay valid */
    struct table_row *rows; /* ascending, each time once; owned */
    size_t count, capacity;

    /* Counted on the way. */
    int64_t refused;  /* rows that were refused */
    int64_t repeated; /* rows that say what another row of the file says */
    int64_t rounded;  /* volumes with decimals that were rounded away */
    int64_t units[TIME_UNITS]; /* times that are told in which unit */
    bool turned;      /* the file has its newest rows first */
};

/* What a file is said to be. */
struct candle_table_wish {
    uint32_t interval_s;
    int64_t now_ms; /* no candle opens later */
    bool is_sparse; /* rows may be far apart: their steps say nothing about the interval */
};

/* Who is told. */
struct candle_table_listener {
    void *user;
    void (*refused)(void *user);  /* a row: error_message() names it, and says why */
    bool (*goes_on)(void *user); /* asked now and then; false ends the reading */
};

/* Reads a file and puts its rows in order: one with its newest rows first is turned round, rows that repeat another one are
 * left out, and the fewest rows that others stand out of order with are refused. ERROR_AGAIN when it was told to end;
 * ERROR_FULL beyond CANDLE_TABLE_ROWS_MAX; ERROR_ARGUMENT when the file as a whole is not of this interval, with the one
 * that it seems to be; codes of candle_source_open and of reading. The chain begins with the path. The table is to be
 * released in any case. */
int candle_table_read(struct candle_table *table, const char *path, const struct candle_table_wish *wish,
                      const struct candle_table_listener *listener) MUST_CHECK;
void candle_table_release(struct candle_table *table);

/* The second half by itself: puts rows in the order of a file in order. ERROR_MEMORY. */
int candle_table_arrange(struct candle_table *table, const struct candle_table_listener *listener) MUST_CHECK;

#endif
