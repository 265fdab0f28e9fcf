/* The codec: walks the table of a record's fields, in both directions. */
/* SPDX-License-Identifier: MIT */
#include "proto/message.h"

#include "proto/skip.h"

#include <assert.h>
#include <endian.h>
#include <math.h>
#include <msgpack.h>
#include <string.h>

enum {
    ROW_SIZE_MAX = 512, /* the largest struct that may stand in a list */
    SYMBOL_LENGTH_MIN = 1,
};

/* ---- the table ---- */

/* What every field has; `given` points to its default. */
#define COMMON(owner, member, given, given_text)                                                                       \
    .name = #member, .offset = offsetof(struct owner, member), .size = sizeof((struct owner *)NULL)->member,           \
    .missing = given, .missing_text = given_text

#define PLAIN_ROW(owner, member, type_name, unit_name, text, given, given_text)                                        \
    {COMMON(owner, member, given, given_text), .kind = FIELD_##type_name, .record = RECORDS, .type = #type_name,       \
     .unit = unit_name, .sentence = text},
#define CHOICE_ROW(owner, member, type_name, text, given, given_text)                                                  \
    {COMMON(owner, member, given, given_text), .kind = FIELD_CHOICE, .record = RECORDS, .maximum = type_name##_COUNT,  \
     .fallback = type_name##_FALLBACK, .type = #type_name, .unit = "", .sentence = text},
#define PART_ROW(owner, member, type_name, text)                                                                       \
    {COMMON(owner, member, NULL, NULL), .kind = FIELD_PART, .record = RECORD_##type_name, .type = #type_name,          \
     .unit = "", .sentence = text},
#define LIST_ROW(owner, member, type_name, most, text, given, given_text)                                              \
    {COMMON(owner, member, given, given_text), .kind = FIELD_LIST, .record = RECORD_##type_name, .maximum = most,      \
     .type = #type_name, .unit = "rows", .sentence = text},

#define RECORD(record, sentence) static const struct field_row record##_fields[] = {
#define MESSAGE(record, number, sentence) static const struct field_row record##_fields[] = {
#define FIELD(record, field, type, unit, sentence) PLAIN_ROW(record, field, type, unit, sentence, NULL, NULL)
#define ADDED(record, field, type, value, unit, sentence)                                                              \
    PLAIN_ROW(record, field, type, unit, sentence, (&(const field_##type){value}), #value)
#define CHOICE(record, field, type, sentence) CHOICE_ROW(record, field, type, sentence, NULL, NULL)
#define ADDED_CHOICE(record, field, type, value, sentence)                                                             \
    CHOICE_ROW(record, field, type, sentence, (&(const enum type){value}), #value)
#define PART(record, field, type, sentence) PART_ROW(record, field, type, sentence)
#define LIST(record, field, type, max, sentence) LIST_ROW(record, field, type, max, sentence, NULL, NULL)
#define ADDED_LIST(record, field, type, max, sentence)                                                                 \
    LIST_ROW(record, field, type, max, sentence, (&(const struct list){0}), "no rows")
#define END(record) };
#include "proto/messages.def"

const struct record_row records[RECORDS] = {
#define ROW(record, number, sentence)                                                                                  \
    {#record, number, sizeof(struct record), record##_fields, sizeof record##_fields / sizeof record##_fields[0],      \
     sentence},
#define RECORD(record, sentence) ROW(record, 0, sentence)
#define MESSAGE(record, number, sentence) ROW(record, number, sentence)
#include "proto/messages.def"
#undef ROW
};

#define CHOICE(record, field, type, sentence) static_assert(sizeof(enum type) == sizeof(uint32_t), "an enum is 32 bits");
#define LIST(record, field, type, max, sentence) static_assert(sizeof(struct type) <= ROW_SIZE_MAX, "a row fits");
#include "proto/messages.def"

#define ENUM(type, fallback, sentence)                                                                                 \
    const char *type##_name(enum type value)                                                                           \
    {                                                                                                                  \
        static const char *const names[] = {
#define VALUE(type, constant, name, sentence) [constant] = name,
#define END(type)                                                                                                      \
    }                                                                                                                  \
    ;                                                                                                                  \
    assert((size_t)value < sizeof names / sizeof names[0]);                                                            \
    return names[value];                                                                                               \
    }
#include "proto/enums.def"

/* ---- text ---- */

/* Which kinds of text a byte may stand in. */
enum { IN_SYMBOL = 1, IN_NAME = 2, IN_TEXT = 4 };

#define EVERYWHERE (IN_SYMBOL | IN_NAME | IN_TEXT)
static const uint8_t byte_classes[256] = {
    [' ' ... ','] = IN_TEXT,   ['-' ... '.'] = EVERYWHERE, ['/'] = IN_SYMBOL | IN_TEXT, ['0' ... ':'] = EVERYWHERE,
    [';' ... '@'] = IN_TEXT,   ['A' ... 'Z'] = EVERYWHERE, ['[' ... '^'] = IN_TEXT,     ['_'] = EVERYWHERE,
    ['`'] = IN_TEXT,           ['a' ... 'z'] = IN_NAME | IN_TEXT,                       ['{' ... '~'] = IN_TEXT,
};
#undef EVERYWHERE

/* What the kind of a text field allows. */
struct text_rule {
    size_t least, size; /* bytes; size counts the NUL */
    uint8_t class;
};

static inline struct text_rule text_rule(enum field_kind kind)
{
    switch (kind) {
    case FIELD_SYMBOL: return (struct text_rule){SYMBOL_LENGTH_MIN, SYMBOL_SIZE, IN_SYMBOL};
    case FIELD_NAME: return (struct text_rule){0, NAME_SIZE, IN_NAME};
    default: return (struct text_rule){0, TEXT_SIZE, IN_TEXT};
    }
}

static bool text_allowed(enum field_kind kind, const char *text, size_t length)
{
    struct text_rule rule = text_rule(kind);
    if (length < rule.least || length >= rule.size)
        return false;
    uint8_t common = rule.class;
    for (size_t i = 0; i < length; i++)
        common &= byte_classes[(uint8_t)text[i]];
    return common != 0;
}

bool symbol_valid(const char *text)
{
    return text_allowed(FIELD_SYMBOL, text, strlen(text));
}

bool name_valid(const char *text)
{
    return text_allowed(FIELD_NAME, text, strlen(text));
}

int text_copy(char *out, size_t capacity, const char *text, size_t length)
{
    if (length >= capacity)
        return error_set(ERROR_RANGE, "'%.*s' is longer than %zu bytes", (int)(length < 64 ? length : 64), text,
                         capacity - 1);
    memcpy(out, text, length);
    out[length] = '\0';
    return 0;
}

/* ---- writing ---- */

/* Where msgpack-c writes to: bytes of a fixed size. */
struct writer {
    uint8_t *bytes;
    size_t capacity, size;
    bool full;
    msgpack_packer packer;
};

static int writer_append(void *user, const char *bytes, size_t size)
{
    struct writer *writer = user;
    if (size > writer->capacity - writer->size) {
        writer->full = true;
        return -1;
    }
    memcpy(writer->bytes + writer->size, bytes, size);
    writer->size += size;
    return 0;
}

static int write_record(struct writer *writer, enum record record, const void *value);

static int refuse(const struct field_row *field, const char *why)
{
    return error_set(ERROR_ARGUMENT, "field %s %s", field->name, why);
}

static int write_text(struct writer *writer, const struct field_row *field, const char *text)
{
    size_t length = strnlen(text, text_rule(field->kind).size);
    if (!text_allowed(field->kind, text, length))
        return refuse(field, "holds text that its type does not allow");
    msgpack_pack_str(&writer->packer, length);
    msgpack_pack_str_body(&writer->packer, text, length);
    return 0;
}

static int write_list(struct writer *writer, const struct field_row *field, const struct list *list)
{
    if (list->count > field->maximum)
        return refuse(field, "has more rows than its type allows");
    assert(list->count == 0 || list->rows != NULL);
    msgpack_pack_array(&writer->packer, list->count);
    const char *row = list->rows;
    for (uint32_t i = 0; i < list->count; i++, row += records[field->record].size) {
        int code = write_record(writer, field->record, row);
        if (code < 0)
            return error_context(code, "%s row %u", field->name, i);
    }
    return 0;
}

static int write_field(struct writer *writer, const struct field_row *field, const void *at)
{
    msgpack_packer *packer = &writer->packer;
    switch (field->kind) {
    case FIELD_U8: msgpack_pack_uint8(packer, *(const uint8_t *)at); return 0;
    case FIELD_U16: msgpack_pack_uint16(packer, *(const uint16_t *)at); return 0;
    case FIELD_U32: msgpack_pack_uint32(packer, *(const uint32_t *)at); return 0;
    case FIELD_U64: msgpack_pack_uint64(packer, *(const uint64_t *)at); return 0;
    case FIELD_TIME:
        if (*(const int64_t *)at < 0)
            return refuse(field, "is a time before 1970");
        msgpack_pack_int64(packer, *(const int64_t *)at);
        return 0;
    case FIELD_I64: msgpack_pack_int64(packer, *(const int64_t *)at); return 0;
    case FIELD_F64:
        if (!isfinite(*(const double *)at))
            return refuse(field, "is not a finite number");
        msgpack_pack_double(packer, *(const double *)at);
        return 0;
    case FIELD_BOOL:
        if (*(const bool *)at)
            msgpack_pack_true(packer);
        else
            msgpack_pack_false(packer);
        return 0;
    case FIELD_CHOICE:
        if (*(const uint32_t *)at >= field->maximum)
            return refuse(field, "is no value of its enum");
        msgpack_pack_uint32(packer, *(const uint32_t *)at);
        return 0;
    case FIELD_SYMBOL:
    case FIELD_NAME:
    case FIELD_TEXT: return write_text(writer, field, at);
    case FIELD_PART: return write_record(writer, field->record, at);
    case FIELD_LIST: return write_list(writer, field, at);
    }
    return 0;
}

static int write_fields(struct writer *writer, enum record record, const void *value)
{
    const struct record_row *row = &records[record];
    for (size_t i = 0; i < row->field_count; i++) {
        const struct field_row *field = &row->fields[i];
        int code = write_field(writer, field, (const char *)value + field->offset);
        if (code < 0)
            return code;
    }
    return 0;
}

static int write_record(struct writer *writer, enum record record, const void *value)
{
    msgpack_pack_array(&writer->packer, records[record].field_count);
    return write_fields(writer, record, value);
}

int message_encode(enum record record, const void *value, uint8_t *buffer, size_t capacity, size_t *size)
{
    const struct record_row *row = &records[record];
    assert(row->number != 0);
    struct writer writer = {.bytes = buffer, .capacity = capacity < MESSAGE_SIZE_MAX ? capacity : MESSAGE_SIZE_MAX};
    msgpack_packer_init(&writer.packer, &writer, writer_append);
    msgpack_pack_array(&writer.packer, row->field_count + 1);
    msgpack_pack_int(&writer.packer, row->number);
    int code = write_fields(&writer, record, value);
    if (code < 0)
        return error_context(code, "encode %s", row->name);
    if (writer.full)
        return error_set(ERROR_FULL, "encode %s: more than %zu bytes", row->name, writer.capacity);
    *size = writer.size;
    return 0;
}

/* ---- reading ---- */

struct reader {
    const uint8_t *at, *end;
};

#define INLINED static inline __attribute__((always_inline))

/* On the cold side, so that the readers below are small enough to be put in one piece. */
__attribute__((cold, noinline)) static int broken(const char *what)
{
    return error_set(ERROR_PROTOCOL, "%s", what);
}

/* Takes `size` bytes, 1, 2, 4 or 8, as a big-endian number. */
INLINED int read_bytes(struct reader *reader, size_t size, uint64_t *out)
{
    const uint8_t *at = reader->at;
    uint16_t two;
    uint32_t four;
    if ((size_t)(reader->end - at) < size)
        return broken("the message ends too early");
    switch (size) {
    case 1: *out = at[0]; break;
    case 2: memcpy(&two, at, 2), *out = be16toh(two); break;
    case 4: memcpy(&four, at, 4), *out = be32toh(four); break;
    default: memcpy(out, at, 8), *out = be64toh(*out); break;
    }
    reader->at += size;
    return 0;
}

/* An integer of any msgpack form, as its bits and whether they mean a negative number. */
INLINED int read_integer(struct reader *reader, uint64_t *bits, bool *negative)
{
    *negative = false;
    if (reader->at == reader->end)
        return broken("the message ends too early");
    uint8_t head = *reader->at++;
    if (head <= 0x7f) {
        *bits = head;
        return 0;
    }
    if (head >= 0xe0) {
        *bits = (uint64_t)(int64_t)(int8_t)head;
        *negative = true;
        return 0;
    }
    if (head >= 0xcc && head <= 0xcf)
        return read_bytes(reader, (size_t)1 << (head - 0xcc), bits);
    if (head < 0xd0 || head > 0xd3)
        return broken("an integer was expected");
    size_t size = (size_t)1 << (head - 0xd0);
    int code = read_bytes(reader, size, bits);
    if (code < 0)
        return code;
    unsigned shift = 64 - (unsigned)size * 8;
    int64_t value = (int64_t)(*bits << shift) >> shift;
    *bits = (uint64_t)value;
    *negative = value < 0;
    return 0;
}

INLINED int read_unsigned(struct reader *reader, uint64_t maximum, uint64_t *out)
{
    bool negative;
    int code = read_integer(reader, out, &negative);
    if (code < 0)
        return code;
    return negative || *out > maximum ? broken("a number is outside of its range") : 0;
}

INLINED int read_signed(struct reader *reader, int64_t minimum, int64_t *out)
{
    uint64_t bits = 0;
    bool negative;
    int code = read_integer(reader, &bits, &negative);
    if (code < 0)
        return code;
    if ((!negative && bits > INT64_MAX) || (int64_t)bits < minimum)
        return broken("a number is outside of its range");
    *out = (int64_t)bits;
    return 0;
}

static int read_double(struct reader *reader, double *out)
{
    uint64_t head = 0, bits = 0;
    int code = read_bytes(reader, 1, &head);
    if (code == 0 && head != 0xcb)
        code = broken("a floating-point number was expected");
    if (code == 0)
        code = read_bytes(reader, 8, &bits);
    if (code < 0)
        return code;
    memcpy(out, &bits, sizeof *out);
    return isfinite(*out) ? 0 : broken("a number is not finite");
}

static int read_bool(struct reader *reader, bool *out)
{
    uint64_t head = 0;
    int code = read_bytes(reader, 1, &head);
    if (code < 0)
        return code;
    if (head != 0xc2 && head != 0xc3)
        return broken("true or false was expected");
    *out = head == 0xc3;
    return 0;
}

static int read_text(struct reader *reader, enum field_kind kind, char *out)
{
    uint64_t head = 0, length = 0;
    int code = read_bytes(reader, 1, &head);
    if (code < 0)
        return code;
    if ((head & 0xe0) == 0xa0)
        length = head & 0x1f;
    else if (head == 0xd9)
        code = read_bytes(reader, 1, &length);
    else
        code = broken("text was expected");
    if (code < 0)
        return code;
    if (length > (size_t)(reader->end - reader->at))
        return broken("the message ends too early");
    if (!text_allowed(kind, (const char *)reader->at, length))
        return broken("text does not fit the type of its field");
    memcpy(out, reader->at, length);
    memset(out + length, 0, text_rule(kind).size - length);
    reader->at += length;
    return 0;
}

/* The header of an array. Every element takes at least a byte, so a count beyond what is left is a lie. */
INLINED int read_array(struct reader *reader, uint64_t *count)
{
    uint64_t head = 0;
    int code = read_bytes(reader, 1, &head);
    if (code < 0)
        return code;
    if ((head & 0xf0) == 0x90)
        *count = head & 0x0f;
    else if (head == 0xdc || head == 0xdd)
        code = read_bytes(reader, head == 0xdc ? 2 : 4, count);
    else
        code = broken("an array was expected");
    if (code == 0 && *count > (size_t)(reader->end - reader->at))
        code = broken("an array is longer than the message");
    return code;
}

static int read_record(struct reader *reader, enum record record, void *out);

/* Checks all rows of a list and notes where they are. */
static int read_list(struct reader *reader, const struct field_row *field, struct list *out)
{
    uint64_t count = 0;
    int code = read_array(reader, &count);
    if (code < 0)
        return code;
    if (count > field->maximum)
        return broken("a list has more rows than its type allows");
    const uint8_t *first = reader->at;
    _Alignas(max_align_t) char row[ROW_SIZE_MAX];
    for (uint64_t i = 0; i < count; i++) {
        code = read_record(reader, field->record, row);
        if (code < 0)
            return error_context(code, "row %u", (unsigned)i);
    }
    *out = (struct list){.bytes = first, .size = (size_t)(reader->at - first), .count = (uint32_t)count};
    return 0;
}

INLINED int read_small(struct reader *reader, const struct field_row *field, void *at)
{
    static const uint64_t maxima[] = {[FIELD_U8] = UINT8_MAX, [FIELD_U16] = UINT16_MAX, [FIELD_U32] = UINT32_MAX};
    uint64_t value = 0;
    int code = read_unsigned(reader, maxima[field->kind], &value);
    if (code < 0)
        return code;
    if (field->kind == FIELD_U8)
        *(uint8_t *)at = (uint8_t)value;
    else if (field->kind == FIELD_U16)
        *(uint16_t *)at = (uint16_t)value;
    else
        *(uint32_t *)at = (uint32_t)value;
    return 0;
}

/* A value that is not known comes from a later version. */
INLINED int read_choice(struct reader *reader, const struct field_row *field, void *at)
{
    uint64_t value = 0;
    int code = read_unsigned(reader, UINT32_MAX, &value);
    if (code < 0)
        return code;
    if (value >= field->maximum && field->fallback == CHOICE_REFUSED)
        return broken("a number is no value of its enum");
    *(uint32_t *)at = value < field->maximum ? (uint32_t)value : (uint32_t)field->fallback;
    return 0;
}

INLINED int read_field(struct reader *reader, const struct field_row *field, void *at)
{
    switch (field->kind) {
    case FIELD_U8:
    case FIELD_U16:
    case FIELD_U32: return read_small(reader, field, at);
    case FIELD_CHOICE: return read_choice(reader, field, at);
    case FIELD_U64: return read_unsigned(reader, UINT64_MAX, at);
    case FIELD_I64: return read_signed(reader, INT64_MIN, at);
    case FIELD_TIME: return read_signed(reader, 0, at);
    case FIELD_F64: return read_double(reader, at);
    case FIELD_BOOL: return read_bool(reader, at);
    case FIELD_SYMBOL:
    case FIELD_NAME:
    case FIELD_TEXT: return read_text(reader, field->kind, at);
    case FIELD_PART: return read_record(reader, field->record, at);
    case FIELD_LIST: return read_list(reader, field, at);
    }
    return broken("a field of no known kind");
}

/* The fields of a sender of another version: those that it does not have yet, and those that are not known here. */
__attribute__((cold, noinline)) static int read_difference(struct reader *reader, const struct record_row *row,
                                                           uint64_t count, char *out)
{
    for (size_t i = count; i < row->field_count; i++) {
        const struct field_row *field = &row->fields[i];
        if (field->missing == NULL)
            return error_context(broken("it is missing"), "%s.%s", row->name, field->name);
        memcpy(out + field->offset, field->missing, field->size);
    }
    if (count <= row->field_count)
        return 0;
    int code = msgpack_pass_over(&reader->at, reader->end, count - row->field_count);
    return code < 0 ? error_context(code, "%s, behind the fields that are known", row->name) : 0;
}

/* `count` fields are on the wire. */
static int read_fields(struct reader *reader, const struct record_row *row, uint64_t count, void *out)
{
    size_t known = count < row->field_count ? (size_t)count : row->field_count;
    for (size_t i = 0; i < known; i++) {
        int code = read_field(reader, &row->fields[i], (char *)out + row->fields[i].offset);
        if (code < 0)
            return error_context(code, "%s.%s", row->name, row->fields[i].name);
    }
    return count == row->field_count ? 0 : read_difference(reader, row, count, out);
}

static int read_record(struct reader *reader, enum record record, void *out)
{
    uint64_t count = 0;
    int code = read_array(reader, &count);
    return code < 0 ? code : read_fields(reader, &records[record], count, out);
}

/* The number in front of a message, and how many fields follow it. */
static int read_head(struct reader *reader, uint64_t *number, uint64_t *count)
{
    int code = read_array(reader, count);
    if (code == 0 && *count == 0)
        code = broken("a message has a number in front");
    if (code == 0)
        code = read_unsigned(reader, INT32_MAX, number);
    if (code == 0)
        *count -= 1;
    return code;
}

int message_peek(const uint8_t *bytes, size_t size, enum record *record)
{
    struct reader reader = {bytes, bytes + size};
    uint64_t number = 0, count = 0;
    if (size > MESSAGE_SIZE_MAX)
        return broken("the message is too long");
    int code = read_head(&reader, &number, &count);
    if (code < 0)
        return code;
    for (int i = 0; i < RECORDS; i++) {
        if (number != 0 && records[i].number == (int)number) {
            *record = (enum record)i;
            return 0;
        }
    }
    return broken("no message has this number");
}

int message_decode(enum record record, const uint8_t *bytes, size_t size, void *value)
{
    const struct record_row *row = &records[record];
    assert(row->number != 0);
    enum { STRUCT_SIZE_MAX = 1024 };
    assert(row->size <= STRUCT_SIZE_MAX);
    _Alignas(max_align_t) char draft[STRUCT_SIZE_MAX];
    struct reader reader = {bytes, bytes + size};
    uint64_t number = 0, count = 0;
    if (size > MESSAGE_SIZE_MAX)
        return broken("the message is too long");
    int code = read_head(&reader, &number, &count);
    if (code == 0 && number != (uint64_t)row->number)
        code = broken("it is another message");
    if (code == 0)
        code = read_fields(&reader, row, count, draft);
    if (code == 0 && reader.at != reader.end)
        code = broken("bytes follow the message");
    if (code < 0)
        return error_context(code, "decode %s", row->name);
    memcpy(value, draft, row->size);
    return 0;
}

bool list_next(struct list *list, enum record record, void *row)
{
    if (list->count == 0)
        return false;
    list->count--;
    if (list->rows != NULL) {
        memcpy(row, list->rows, records[record].size);
        list->rows = (const char *)list->rows + records[record].size;
        return true;
    }
    struct reader reader = {list->bytes, list->bytes + list->size};
    int code = read_record(&reader, record, row);
    assert(code == 0); /* message_decode has read it before */
    list->size -= (size_t)(reader.at - list->bytes);
    list->bytes = reader.at;
    return true;
}
