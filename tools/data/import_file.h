/* One file of candles into the store: what is new or different is written, what is stored already is passed over. */
/* SPDX-License-Identifier: MIT */
#ifndef WICK_TOOLS_DATA_IMPORT_FILE_H
#define WICK_TOOLS_DATA_IMPORT_FILE_H

#include "lib/store/audit.h"
#include "lib/store/store.h"
#include "tools/common/progress.h"

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

enum {
    IMPORT_BATCH_ROWS = 5000,
    IMPORT_REFUSALS_SHOWN = 10, /* of a file; the rest is counted */
};

/* What became of the rows of one file, or of all. */
struct import_counts {
    int64_t rows; /* read: the sum of the next four */
    int64_t added, changed, unchanged, refused;
    int64_t gaps, gap_candles; /* stretches without candles between two rows of the file, and candles missing in them */
    int64_t absent_candles;    /* of those: recorded as absent from the source */
};

struct import {
    struct store *store;
    struct audit *audit; /* reads what is stored */
    const char *exchange;
    bool absences; /* stretches that a file lacks are recorded */
    const volatile sig_atomic_t *interrupted;
    struct progress *progress;
    int64_t bytes_all, bytes_before; /* of all files on disk, and of those that are done */
};

/* Imports one file as this series. Refused rows are told on standard error. ERROR_AGAIN when it was interrupted: what
 * was read until then is stored. Codes of reading, of the audit and of database_write. */
int import_file(const struct import *import, const char *path, const char *symbol, uint32_t interval_s,
                struct import_counts *counts) MUST_CHECK;

#endif
