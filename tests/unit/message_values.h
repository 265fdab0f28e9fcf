/* Random messages of any kind. */
/* SPDX-License-Identifier: MIT */
#ifndef WICK_TESTS_MESSAGE_VALUES_H
#define WICK_TESTS_MESSAGE_VALUES_H

#include "proto/message.h"

enum { VALUES_STRUCT_SIZE = 1024 }; /* no record is larger */

/* Fills a struct of `record` in `table` with values that a writer takes: of all magnitudes, and with a few rows in each
 * list. The rows live until the next call. */
void values_fill(const struct record_row *table, int record, char *out);

#endif
