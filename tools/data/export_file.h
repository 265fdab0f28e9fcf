/* A series of the store as a candle file, to the last digit. */
/* SPDX-License-Identifier: MIT */
#ifndef WICK_TOOLS_DATA_EXPORT_FILE_H
#define WICK_TOOLS_DATA_EXPORT_FILE_H

#include "lib/store/audit.h"

#include <signal.h>
#include <stdint.h>

struct export_range {
    int64_t from_ms, to_ms; /* from_ms <= open time < to_ms */
};

/* Writes the candles of a series, ascending, under a header line. `path` NULL: to standard output; a path that ends with
 * ".gz" is packed. A file appears under its name when it is whole. *rows becomes how many there are. ERROR_SYSTEM with
 * the path; ERROR_STORE for values that no candle has; ERROR_AGAIN when it was interrupted; codes of the audit. */
int export_file(struct audit *audit, const struct audit_series *series, const struct export_range *range,
                const char *path, const volatile sig_atomic_t *interrupted, int64_t *rows) MUST_CHECK;

#endif
