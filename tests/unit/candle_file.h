/* Candle files (CSV, gzip or plain) for tests: open_time_ms,open,high,low,close,volume under a header line. */
/* SPDX-License-Identifier: MIT */
#ifndef WICK_TESTS_CANDLE_FILE_H
#define WICK_TESTS_CANDLE_FILE_H

#include "proto/message.h"

#include <stddef.h>

struct candle_file {
    struct candle *rows; /* owned */
    size_t count;
};

/* Reads ../shared/<path>. A file that is there and cannot be read fails the test; where the folder of shared data is
 * missing, it skips visibly. The count is 0 in both cases. */
struct candle_file candle_file_read(const char *path);
void candle_file_release(struct candle_file *file);

#endif
