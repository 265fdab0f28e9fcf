/* Records as rows of a table: each field of messages.def is one column, an integer or a text. Both engines write and
 * read rows through these, so that neither knows any record by name. */
/* SPDX-License-Identifier: MIT */
#ifndef WICK_STORE_ROW_H
#define WICK_STORE_ROW_H

#include "lib/base/error.h"
#include "lib/store/store.h"
#include "proto/message.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The value of one column. A choice is stored as its name, so that the tables can be read without this program. */
struct cell {
    const char *text; /* NULL: it is the integer. Need not end with a NUL. */
    size_t length;    /* of the text */
    int64_t integer;
};

/* Whether a field is stored as text. */
bool field_is_text(const struct field_row *field);

/* A record that belongs to a series begins with the fields symbol and interval_s, for which its table has series_id. */
enum { ROW_SERIES_FIELDS = 2 };

/* The column of a field, read from the struct at `row`. The text belongs to the row or is constant. */
struct cell row_get(const struct field_row *field, const void *row);

/* Writes a column into the struct at `row`. ERROR_STORE if the database holds what the field cannot. */
int row_set(const struct field_row *field, void *row, struct cell cell) MUST_CHECK;

enum ledger_table {
#define TABLE(id, record, member) TABLE_##id,
#include "lib/store/tables.def"
#undef TABLE
    LEDGER_TABLES
};

/* Where the rows of a ledger table stand in a batch. */
struct ledger_table_row {
    enum record record;
    size_t rows, versions, count; /* offsets in struct store_batch */
};

extern const struct ledger_table_row ledger_tables[LEDGER_TABLES];

/* The rows that a batch has for a table, and the version of each. */
size_t ledger_count(const struct store_batch *batch, enum ledger_table table);
const void *ledger_row(const struct store_batch *batch, enum ledger_table table, size_t i);
int64_t ledger_version(const struct store_batch *batch, enum ledger_table table, size_t i);

/* Whether a batch changes the ledger. */
bool has_ledger_rows(const struct store_batch *batch);

/* Memory for one part of an answer, whatever its record. */
union part_row {
    struct candle candle;
    struct series_start series;
    struct series_coverage coverage;
    struct absence absence;
#define TABLE(id, record, member) struct record member;
#include "lib/store/tables.def"
#undef TABLE
};

struct part_buffer {
    union part_row rows[STORE_PART_ROWS]; /* an array of the record's struct, not of the union */
    size_t count;
};

/* The struct behind the last one in the buffer, of `size` bytes. Asserts that there is room. */
void *part_buffer_next(struct part_buffer *buffer, size_t size);

#endif
