/* Random values for the fields of any table. */
/* SPDX-License-Identifier: MIT */
#include "tests/unit/message_values.h"

#include "tests/harness.h"

#include <string.h>

enum { ROWS_MAX = 3 };

static char row_memory[64 * 1024] __attribute__((aligned(16)));
static size_t row_memory_used;

static void *take(size_t size)
{
    void *at = row_memory + row_memory_used;
    row_memory_used += (size + 15) / 16 * 16;
    CU_ASSERT_FATAL(row_memory_used <= sizeof row_memory);
    return at;
}

static uint64_t random_bits(void)
{
    return test_random() >> (test_random() % 64); /* all magnitudes */
}

static void random_text(char *out, size_t least, size_t size, const char *alphabet)
{
    size_t length = least + test_random() % (size - least);
    for (size_t i = 0; i < length; i++)
        out[i] = alphabet[test_random() % strlen(alphabet)];
    memset(out + length, 0, size - length);
}

static void fill(const struct record_row *table, int record, char *out);

static void fill_field(const struct record_row *table, const struct field_row *field, char *at)
{
    switch (field->kind) {
    case FIELD_U8: *(uint8_t *)at = (uint8_t)test_random(); break;
    case FIELD_U16: *(uint16_t *)at = (uint16_t)random_bits(); break;
    case FIELD_U32: *(uint32_t *)at = (uint32_t)random_bits(); break;
    case FIELD_U64: *(uint64_t *)at = random_bits(); break;
    case FIELD_I64: *(int64_t *)at = (int64_t)random_bits(); break;
    case FIELD_TIME: *(int64_t *)at = (int64_t)(random_bits() >> 1); break;
    case FIELD_F64: *(double *)at = (double)(int64_t)random_bits() / 1024; break;
    case FIELD_BOOL: *(bool *)at = test_random() % 2; break;
    case FIELD_CHOICE: *(uint32_t *)at = (uint32_t)(test_random() % field->maximum); break;
    case FIELD_SYMBOL: random_text(at, 1, SYMBOL_SIZE, "ABCXYZ0189-_/.:"); break;
    case FIELD_NAME: random_text(at, 0, NAME_SIZE, "ABCxyz019-_.:"); break;
    case FIELD_TEXT: random_text(at, 0, TEXT_SIZE, "aZ 09 ~!\"'"); break;
    case FIELD_PART: fill(table, (int)field->record, at); break;
    case FIELD_LIST: {
        uint32_t limit = field->maximum < ROWS_MAX ? field->maximum : ROWS_MAX;
        uint32_t count = (uint32_t)(test_random() % (limit + 1));
        char *rows = take(table[field->record].size * (count + 1));
        for (uint32_t i = 0; i < count; i++)
            fill(table, (int)field->record, rows + i * table[field->record].size);
        *(struct list *)at = list_of(rows, count);
        break;
    }
    }
}

static void fill(const struct record_row *table, int record, char *out)
{
    memset(out, 0, table[record].size);
    for (size_t i = 0; i < table[record].field_count; i++)
        fill_field(table, &table[record].fields[i], out + table[record].fields[i].offset);
}

void values_fill(const struct record_row *table, int record, char *out)
{
    row_memory_used = 0;
    fill(table, record, out);
}
