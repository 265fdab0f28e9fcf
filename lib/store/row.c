/* Columns from fields and back, by the table of records. */
/* SPDX-License-Identifier: MIT */
#include "lib/store/row.h"

#include <assert.h>
#include <string.h>

/* Every value of every enum, by the name of its type. */
static const struct choice_row {
    const char *type;
    const char *name;
    int value;
    int fallback;
} choices[] = {
#define VALUE(type, id, name, sentence) {#type, name, id, type##_FALLBACK},
#include "proto/enums.def"
};

enum { CHOICES = sizeof choices / sizeof choices[0] };

static const char *choice_name(const char *type, int value)
{
    for (size_t i = 0; i < CHOICES; i++)
        if (choices[i].value == value && strcmp(choices[i].type, type) == 0)
            return choices[i].name;
    assert(false && "a choice outside its enum was decoded");
    return "";
}

/* A name that is not known was written by a later version. */
static int choice_value(const char *type, struct cell cell, int *out)
{
    int fallback = CHOICE_REFUSED;
    for (size_t i = 0; i < CHOICES; i++) {
        if (strcmp(choices[i].type, type) != 0)
            continue;
        fallback = choices[i].fallback;
        if (strlen(choices[i].name) == cell.length &&
            memcmp(choices[i].name, cell.text, cell.length) == 0) {
            *out = choices[i].value;
            return 0;
        }
    }
    if (fallback != CHOICE_REFUSED) {
        *out = fallback;
        return 0;
    }
    return error_set(ERROR_STORE, "the database holds '%.*s' where a %s is expected",
                     (int)(cell.length < 40 ? cell.length : 40), cell.text, type);
}

bool field_is_text(const struct field_row *field)
{
    switch (field->kind) {
    case FIELD_SYMBOL:
    case FIELD_NAME:
    case FIELD_TEXT:
    case FIELD_CHOICE:
        return true;
    default:
        return false;
    }
}

static struct cell integer_cell(int64_t integer)
{
    return (struct cell){.integer = integer};
}

static struct cell text_cell(const char *text)
{
    return (struct cell){.text = text, .length = strlen(text)};
}

struct cell row_get(const struct field_row *field, const void *row)
{
    const unsigned char *at = (const unsigned char *)row + field->offset;
    switch (field->kind) {
    case FIELD_U8:
        return integer_cell(*at);
    case FIELD_U32:
        return integer_cell(*(const uint32_t *)(const void *)at);
    case FIELD_I64:
    case FIELD_TIME:
        return integer_cell(*(const int64_t *)(const void *)at);
    case FIELD_SYMBOL:
    case FIELD_NAME:
    case FIELD_TEXT:
        return text_cell((const char *)at);
    case FIELD_CHOICE:
        return text_cell(choice_name(field->type, *(const int *)(const void *)at));
    default:
        assert(false && "no table has a column of this kind");
        return integer_cell(0);
    }
}

static size_t text_capacity(enum field_kind kind)
{
    return kind == FIELD_SYMBOL ? SYMBOL_SIZE : kind == FIELD_NAME ? NAME_SIZE : TEXT_SIZE;
}

static int set_text(const struct field_row *field, unsigned char *at, struct cell cell)
{
    if (field->kind == FIELD_CHOICE)
        return choice_value(field->type, cell, (int *)(void *)at);
    if (text_copy((char *)at, text_capacity(field->kind), cell.text, cell.length) != 0)
        return error_set(ERROR_STORE, "the database holds too long a %s", field->name);
    return 0;
}

static int set_integer(const struct field_row *field, unsigned char *at, int64_t integer)
{
    int64_t most = field->kind == FIELD_U8 ? UINT8_MAX : field->kind == FIELD_U32 ? UINT32_MAX : INT64_MAX;
    int64_t least = field->kind == FIELD_I64 ? INT64_MIN : 0;
    if (integer < least || integer > most)
        return error_set(ERROR_STORE, "the database holds %lld as %s", (long long)integer, field->name);
    if (field->kind == FIELD_U8)
        *at = (uint8_t)integer;
    else if (field->kind == FIELD_U32)
        *(uint32_t *)(void *)at = (uint32_t)integer;
    else
        *(int64_t *)(void *)at = integer;
    return 0;
}

int row_set(const struct field_row *field, void *row, struct cell cell)
{
    unsigned char *at = (unsigned char *)row + field->offset;
    if ((cell.text != NULL) != field_is_text(field))
        return error_set(ERROR_STORE, "the database holds a value of another type as %s", field->name);
    return cell.text != NULL ? set_text(field, at, cell) : set_integer(field, at, cell.integer);
}

const struct ledger_table_row ledger_tables[LEDGER_TABLES] = {
#define TABLE(id, record, member)                                                                                      \
    [TABLE_##id] = {RECORD_##record, offsetof(struct store_batch, member##s),                                          \
                    offsetof(struct store_batch, member##_versions), offsetof(struct store_batch, member##_count)},
#include "lib/store/tables.def"
#undef TABLE
};

size_t ledger_count(const struct store_batch *batch, enum ledger_table table)
{
    return *(const size_t *)(const void *)((const unsigned char *)batch + ledger_tables[table].count);
}

const void *ledger_row(const struct store_batch *batch, enum ledger_table table, size_t i)
{
    const struct ledger_table_row *place = &ledger_tables[table];
    const void *rows = *(const void *const *)(const void *)((const unsigned char *)batch + place->rows);
    return (const unsigned char *)rows + i * records[place->record].size;
}

int64_t ledger_version(const struct store_batch *batch, enum ledger_table table, size_t i)
{
    size_t place = ledger_tables[table].versions;
    const uint64_t *versions = *(const uint64_t *const *)(const void *)((const unsigned char *)batch + place);
    return versions != NULL ? (int64_t)versions[i] : 0;
}

bool has_ledger_rows(const struct store_batch *batch)
{
    for (enum ledger_table table = 0; table < LEDGER_TABLES; table++)
        if (ledger_count(batch, table) > 0)
            return true;
    return false;
}

void *part_buffer_next(struct part_buffer *buffer, size_t size)
{
    assert(buffer->count < STORE_PART_ROWS && size <= sizeof buffer->rows[0]);
    return (unsigned char *)buffer->rows + size * buffer->count++;
}
