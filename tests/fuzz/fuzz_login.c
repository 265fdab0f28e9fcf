/* Any bytes as the body that a browser sends: refused, or the one member's value, which fits its place. */
/* SPDX-License-Identifier: MIT */
#include "dashboard/json_reader.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    char value[64];
    memset(value, 'x', sizeof value);
    if (json_read_member(bytes, size, "password", value, sizeof value) == 0) {
        if (strnlen(value, sizeof value) == sizeof value)
            abort();
    } else if (value[0] != 'x') {
        abort(); /* written only on success */
    }
    return 0;
}
