/* What the tests of `wick up` share. */
/* SPDX-License-Identifier: MIT */
#ifndef WICK_TESTS_UNIT_UP_PARTS_H
#define WICK_TESTS_UNIT_UP_PARTS_H

#include "lib/runtime/config.h"

/* The configuration of the environment; the caller destroys it. */
struct config *load_config(void);

/* Makes a directory of the test's with these empty files, names with blanks between, and returns its path, which is
 * good until the next call. */
const char *make_directory(const char *name, const char *files);

#endif
