/* Flags of the small programs, as a table: "--name", "--name VALUE" or "--name=VALUE", in any order among the operands. */
/* SPDX-License-Identifier: MIT */
#ifndef WICK_TOOLS_COMMON_FLAGS_H
#define WICK_TOOLS_COMMON_FLAGS_H

#include "lib/base/error.h"

#include <stdbool.h>
#include <stddef.h>

/* One flag; `text` for one that takes a value, `set` for one that does not. */
struct flag {
    const char *name; /* without "--"; NULL ends the table */
    bool *set;
    const char **text;
};

/* Reads argv[1] and following. Operands move to the front of argv, from argv[0] on; *operands becomes their number. A
 * lone "--" makes operands of all that follows. ERROR_ARGUMENT with the flag and what was expected. */
int flags_read(const struct flag *flags, int argc, char **argv, int *operands) MUST_CHECK;

#endif
