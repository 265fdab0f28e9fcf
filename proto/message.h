/* Messages: the C structs of messages.def, and one codec for all of them that is driven by the table.
 *
 * Writing goes through msgpack-c into a buffer of fixed size. Reading is ours: it is bounded by the table and by the
 * size of the message, checks every count, type and range, and allocates nothing. What a process of a later version has
 * appended to a record is passed over; what one of an earlier version does not have gets the default of its row. A
 * decoded list stays in the bytes it came in and is read row by row with list_next, so those bytes must outlive it. */
/* SPDX-License-Identifier: MIT */
#ifndef WICK_PROTO_MESSAGE_H
#define WICK_PROTO_MESSAGE_H

#include "lib/base/decimal.h"
#include "lib/base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    SYMBOL_SIZE = 24, /* bytes of a SYMBOL with its NUL */
    NAME_SIZE = 40,   /* of a NAME */
    TEXT_SIZE = 160,  /* of a TEXT */
    MESSAGE_SIZE_MAX = 1024 * 1024,
    AMOUNT_SCALE = 8, /* amounts are in 10^-8 of the quote asset */
    CHOICE_REFUSED = -1, /* the fallback of an enum that has none: values that are not known are refused */
};

/* The enums of enums.def: enum side { SIDE_BUY, SIDE_SELL, side_COUNT } and so on. */
#define ENUM(type, fallback, sentence) enum type {
#define VALUE(type, id, name, sentence) id,
#define END(type) type##_COUNT };
#include "proto/enums.def"

/* What a reader takes for a value that it does not know: verdict_FALLBACK and so on; CHOICE_REFUSED: it refuses it. */
enum {
#define ENUM(type, fallback, sentence) type##_FALLBACK = fallback,
#include "proto/enums.def"
};

/* The name of an enum's value ("buy"), by the functions side_name(), verdict_name() and so on. Asserts the range. */
#define ENUM(type, fallback, sentence) const char *type##_name(enum type value);
#include "proto/enums.def"

/* A list inside a message. A writer sets rows and count; a reader gets bytes and count, and reads with list_next. */
struct list {
    const void *rows;     /* array of the record's struct; NULL in a decoded message */
    const uint8_t *bytes; /* the first row on the wire; NULL in a message to be encoded */
    size_t size;          /* of the bytes */
    uint32_t count;       /* rows left to read, or to write */
};

typedef uint8_t field_U8;
typedef uint16_t field_U16;
typedef uint32_t field_U32;
typedef uint64_t field_U64;
typedef int64_t field_I64;
typedef int64_t field_TIME;
typedef double field_F64;
typedef bool field_BOOL;
typedef char field_SYMBOL[SYMBOL_SIZE];
typedef char field_NAME[NAME_SIZE];
typedef char field_TEXT[TEXT_SIZE];

/* The structs: struct candle { int64_t open_time_ms; ... }. */
#define RECORD(record, sentence) struct record {
#define MESSAGE(record, number, sentence) struct record {
#define FIELD(record, name, type, unit, sentence) field_##type name;
#define CHOICE(record, name, type, sentence) enum type name;
#define PART(record, name, type, sentence) struct type name;
#define LIST(record, name, type, max, sentence) struct list name;
#define END(record) };
#include "proto/messages.def"

/* The identity of each record and message: RECORD_candle, RECORD_signal, ... */
enum record {
#define RECORD(record, sentence) RECORD_##record,
#define MESSAGE(record, number, sentence) RECORD_##record,
#include "proto/messages.def"
    RECORDS
};

/* One row of a record's table, for the codec, the tests and the printed pages. */
struct field_row {
    const char *name;
    enum field_kind {
        FIELD_U8, FIELD_U16, FIELD_U32, FIELD_U64, FIELD_I64, FIELD_TIME, FIELD_F64, FIELD_BOOL,
        FIELD_SYMBOL, FIELD_NAME, FIELD_TEXT, FIELD_CHOICE, FIELD_PART, FIELD_LIST
    } kind;
    size_t offset;      /* in the struct */
    enum record record; /* PART, LIST: what it consists of */
    uint32_t maximum;   /* LIST: rows; CHOICE: number of values */
    int fallback;       /* CHOICE: what a value that is not known is read as, or CHOICE_REFUSED */
    size_t size;        /* in the struct */
    const void *missing;      /* its value if the sender does not have the field; NULL: every sender has it */
    const char *missing_text; /* the same for people */
    const char *type;   /* its name in the table */
    const char *unit;
    const char *sentence;
};

struct record_row {
    const char *name;
    int number; /* of a message; 0 for a record that is only a part */
    size_t size;
    const struct field_row *fields;
    size_t field_count;
    const char *sentence;
};

extern const struct record_row records[RECORDS];

/* Encodes *value, a struct of the message `record`, into buffer; *size is set to its length.
 * ERROR_FULL if it does not fit; ERROR_ARGUMENT if a field holds what its type does not allow (a bad symbol, a
 * number that is not finite, too long a list): nothing that a reader would refuse is ever sent. */
int message_encode(enum record record, const void *value, uint8_t *buffer, size_t capacity, size_t *size) MUST_CHECK;

/* The message that these bytes claim to be, from their first field. ERROR_PROTOCOL if they are none. */
int message_peek(const uint8_t *bytes, size_t size, enum record *record) MUST_CHECK;

/* Decodes bytes that must be exactly one message of kind `record` into *value, which is written only on success.
 * Checks the whole message, its lists too, also what it passes over. ERROR_PROTOCOL with what was wrong and where. */
int message_decode(enum record record, const uint8_t *bytes, size_t size, void *value) MUST_CHECK;

/* Decodes the next row of a list, of kind `record`, into *row. False when there is none left. The list must come
 * from message_decode (or from a writer: then rows are copied), which has checked it, so this cannot fail. */
bool list_next(struct list *list, enum record record, void *row);

/* A list of `count` rows to be written. */
static inline struct list list_of(const void *rows, size_t count)
{
    return (struct list){.rows = rows, .count = (uint32_t)count};
}

/* Copies text into a field of `capacity` bytes. ERROR_RANGE if it does not fit with its NUL. */
int text_copy(char *out, size_t capacity, const char *text, size_t length) MUST_CHECK;

/* Whether text may stand in a SYMBOL or NAME field. */
bool symbol_valid(const char *text);
bool name_valid(const char *text);

#endif
