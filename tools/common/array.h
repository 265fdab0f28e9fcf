/* Arrays that grow by doubling. */
/* SPDX-License-Identifier: MIT */
#ifndef WICK_TOOLS_COMMON_ARRAY_H
#define WICK_TOOLS_COMMON_ARRAY_H

#include "lib/base/error.h"

#include <stddef.h>

/* Makes room for one element more than `count` in an array of the heap; `size` bytes each. NULL with a capacity of 0 is
 * empty. ERROR_MEMORY, with the array as it was. */
int array_make_room(void **array, size_t count, size_t *capacity, size_t size) MUST_CHECK;

#endif
