/* One file of candles into the store: what is new or different is written, what is stored already is passed over. */
/* SPDX-License-Identifier: MIT */
#ifndef WICK_TOOLS_DATA_IMPORT_FILE_H
#define WICK_TOOLS_DATA_IMPORT_FILE_H

#include "lib/store/audit.h"
#include "lib/store/store.h"
#include "tools/common/progress.h"
#include "tools/data/candle_source.h"
#include "tools/data/file_list.h"

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

enum {
    IMPORT_BATCH_ROWS = 5000,
    IMPORT_REFUSALS_SHOWN = 10, /* of a file; the rest is counted */
};

/* What became of the rows of one file, or of all. What is to be in the store is counted once it is committed. */
struct import_counts {
    int64_t rows; /* the sum of the next four */
    int64_t added, changed, unchanged, refused;
    int64_t gaps, gap_candles; /* stretches without candles between two rows of the file, and candles missing in them */
    int64_t absent_candles;    /* of those: recorded as absent from the source */
    int64_t rounded;           /* volumes that have more decimals than are kept */
    int64_t units[TIME_UNITS]; /* times that were told in which unit */
    int64_t turned;            /* files that have their newest rows first */
};

/* Adds what is counted to a sum. */
void import_counts_add(struct import_counts *sum, const struct import_counts *counts);

struct import {
    struct store *store;
    struct audit *audit; /* reads what is stored */
    const char *exchange;
    int64_t now_ms; /* of the exchange's clock, as far as it is known: later candles are refused */
    bool absences;  /* stretches that a file lacks are recorded */
    bool is_sparse; /* rows of a file may be far apart */
    const volatile sig_atomic_t *interrupted;
    struct progress *progress;
    int64_t bytes_all, bytes_before; /* of all files on disk, and of those that are done */
};

/* Imports one file as this series; `size` is that of the file. Refused rows are told on standard error. ERROR_AGAIN when it
 * was interrupted; whatever the code, *counts tells what is stored of it. Codes of candle_table_read, of the audit and of
 * database_write. */
int import_file(const struct import *import, const struct listed_file *file, const char *symbol, uint32_t interval_s,
                struct import_counts *counts) MUST_CHECK;

#endif
