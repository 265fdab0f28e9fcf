/* Any bytes as any message: they are refused, or every field and row of them can be read and is in its range. */
/* SPDX-License-Identifier: MIT */
#include "proto/message.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void require(bool holds)
{
    if (!holds)
        abort();
}

static void check_record(enum record record, const char *value);

static void check_field(const struct field_row *field, const char *at)
{
    char row[1024] __attribute__((aligned(16)));
    struct list list;
    switch (field->kind) {
    case FIELD_SYMBOL: require(symbol_valid(at)); break;
    case FIELD_NAME: require(name_valid(at)); break;
    case FIELD_TEXT: require(strnlen(at, TEXT_SIZE) < TEXT_SIZE); break;
    case FIELD_TIME: require(*(const int64_t *)at >= 0); break;
    case FIELD_F64: require(isfinite(*(const double *)at)); break;
    case FIELD_CHOICE: require(*(const uint32_t *)at < field->maximum); break;
    case FIELD_PART: check_record(field->record, at); break;
    case FIELD_LIST:
        list = *(const struct list *)at;
        require(list.count <= field->maximum);
        while (list_next(&list, field->record, row))
            check_record(field->record, row);
        require(list.size == 0);
        break;
    default: break;
    }
}

static void check_record(enum record record, const char *value)
{
    for (size_t i = 0; i < records[record].field_count; i++)
        check_field(&records[record].fields[i], value + records[record].fields[i].offset);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    char value[1024] __attribute__((aligned(16)));
    enum record record;
    if (message_peek(bytes, size, &record) == 0 && message_decode(record, bytes, size, value) == 0)
        check_record(record, value);
    return 0;
}
