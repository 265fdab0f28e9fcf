/* The codec of proto/message.c, compiled for other tables than today's: what a process of another version reads and
 * writes. Two versions run side by side in a deploy. */
/* SPDX-License-Identifier: MIT */
#ifndef WICK_TESTS_CODEC_H
#define WICK_TESTS_CODEC_H

#include "proto/message.h"

/* One row of an enums.def. */
struct codec_value {
    const char *type;
    const char *name;
    int value;
};

/* One version. Records are numbered as in its own table: by their name they are found in another one. */
struct codec {
    const struct record_row *records;
    int record_count;
    const struct codec_value *values;
    size_t value_count;
    int (*encode)(int record, const void *value, uint8_t *buffer, size_t capacity, size_t *size);
    int (*decode)(int record, const uint8_t *bytes, size_t size, void *value);
    bool (*next)(struct list *list, int record, void *row);
};

/* Today's table; that of the version before, frozen in tests/unit/previous; and two small ones that are made up, in
 * tests/unit/older and tests/unit/newer: newer is older with what a version may add. */
extern const struct codec codec_today, codec_previous, codec_older, codec_newer;

#endif
