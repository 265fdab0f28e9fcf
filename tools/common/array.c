/* SPDX-License-Identifier: MIT */
#include "tools/common/array.h"

#include <stdlib.h>

enum { FIRST_CAPACITY = 256 };

int array_make_room(void **array, size_t count, size_t *capacity, size_t size)
{
    if (count < *capacity)
        return 0;
    size_t grown = *capacity == 0 ? FIRST_CAPACITY : *capacity * 2;
    void *moved = realloc(*array, grown * size);
    if (moved == NULL)
        return error_set(ERROR_MEMORY, "no memory for %zu rows", grown);
    *array = moved;
    *capacity = grown;
    return 0;
}
