/* Two versions side by side, as in every rolling deploy: each reads what the other writes. */
/* SPDX-License-Identifier: MIT */
#include "tests/harness.h"
#include "tests/unit/codec.h"
#include "tests/unit/message_values.h"

#include <stdio.h>
#include <string.h>

enum { BUFFER_SIZE = 65536, ROUNDS = 20000 };

typedef char aligned_struct[VALUES_STRUCT_SIZE] __attribute__((aligned(16)));

static uint8_t bytes[BUFFER_SIZE];

static int find_record(const struct codec *codec, const char *name)
{
    for (int i = 0; i < codec->record_count; i++)
        if (strcmp(codec->records[i].name, name) == 0)
            return i;
    return -1;
}

/* ---- comparing what was written with what was read ---- */

static void compare(const struct codec *from, int from_record, const char *sent, const struct codec *to, int to_record,
                    const char *got);

static void compare_list(const struct codec *from, const struct field_row *sent_field, const char *sent,
                         const struct codec *to, const struct field_row *got_field, const char *got)
{
    struct list a = *(const struct list *)(const void *)sent, b = *(const struct list *)(const void *)got;
    aligned_struct row_a, row_b;
    while (from->next(&a, (int)sent_field->record, row_a)) {
        CU_ASSERT_FATAL(to->next(&b, (int)got_field->record, row_b));
        compare(from, (int)sent_field->record, row_a, to, (int)got_field->record, row_b);
    }
    CU_ASSERT_FATAL(!to->next(&b, (int)got_field->record, row_b));
}

static void compare_choice(const struct field_row *field, const char *sent, const char *got)
{
    int value = *(const int *)(const void *)sent, read = *(const int *)(const void *)got;
    CU_ASSERT_EQUAL_FATAL(read, value < (int)field->maximum ? value : field->fallback);
}

static void compare(const struct codec *from, int from_record, const char *sent, const struct codec *to, int to_record,
                    const char *got)
{
    const struct record_row *a = &from->records[from_record], *b = &to->records[to_record];
    for (size_t i = 0; i < b->field_count; i++) {
        const struct field_row *field = &b->fields[i];
        const char *at = got + field->offset;
        if (i >= a->field_count) {
            CU_ASSERT_FATAL(field->missing != NULL);
            CU_ASSERT_EQUAL_FATAL(memcmp(at, field->missing, field->size), 0);
        } else if (field->kind == FIELD_PART) {
            compare(from, (int)a->fields[i].record, sent + a->fields[i].offset, to, (int)field->record, at);
        } else if (field->kind == FIELD_LIST) {
            compare_list(from, &a->fields[i], sent + a->fields[i].offset, to, field, at);
        } else if (field->kind == FIELD_CHOICE) {
            compare_choice(field, sent + a->fields[i].offset, at);
        } else {
            CU_ASSERT_EQUAL_FATAL(memcmp(at, sent + a->fields[i].offset, field->size), 0);
        }
    }
}

/* Every message that both know, many times. */
static void exchange(const struct codec *from, const struct codec *to)
{
    int shared = 0;
    for (int i = 0; i < ROUNDS; i++) {
        int record = i % from->record_count, other = find_record(to, from->records[record].name);
        aligned_struct sent, got;
        size_t size;
        if (from->records[record].number == 0 || other < 0)
            continue;
        shared++;
        values_fill(from->records, record, sent);
        CU_ASSERT_EQUAL_FATAL(from->encode(record, sent, bytes, sizeof bytes, &size), 0);
        int code = to->decode(other, bytes, size, got);
        if (code != 0)
            CU_FAIL_FATAL(error_message());
        compare(from, record, sent, to, other, got);
    }
    CU_ASSERT(shared > 0);
}

/* ---- tests ---- */

static void the_previous_version_is_read(void)
{
    exchange(&codec_previous, &codec_today);
}

static void the_previous_version_reads_this_one(void)
{
    exchange(&codec_today, &codec_previous);
}

static void a_made_up_earlier_version_is_read(void)
{
    exchange(&codec_older, &codec_newer);
}

static void a_made_up_later_version_is_read(void)
{
    exchange(&codec_newer, &codec_older);
}

/* What the table of this version must keep of the previous one's, or the two do not understand each other. */
static void the_table_only_grows(void)
{
    for (int i = 0; i < codec_previous.record_count; i++) {
        const struct record_row *before = &codec_previous.records[i];
        int now = find_record(&codec_today, before->name);
        CU_ASSERT_FATAL(now >= 0);
        const struct record_row *after = &codec_today.records[now];
        CU_ASSERT_EQUAL(after->number, before->number);
        CU_ASSERT_FATAL(after->field_count >= before->field_count);
        for (size_t f = 0; f < after->field_count; f++) {
            const struct field_row *field = &after->fields[f], *old = &before->fields[f];
            if (f >= before->field_count) {
                if (field->missing == NULL)
                    (void)printf("%s.%s is new: it must be ADDED, with a default\n", after->name, field->name);
                CU_ASSERT(field->missing != NULL);
                continue;
            }
            CU_ASSERT_STRING_EQUAL(field->name, old->name);
            CU_ASSERT_EQUAL(field->kind, old->kind);
            CU_ASSERT_STRING_EQUAL(field->type, old->type);
            CU_ASSERT(field->kind == FIELD_CHOICE || field->maximum == old->maximum);
        }
    }
}

static void enums_only_grow(void)
{
    for (size_t i = 0; i < codec_previous.value_count; i++) {
        const struct codec_value *before = &codec_previous.values[i], *after = NULL;
        for (size_t j = 0; j < codec_today.value_count && after == NULL; j++)
            if (strcmp(codec_today.values[j].type, before->type) == 0 && codec_today.values[j].value == before->value)
                after = &codec_today.values[j];
        CU_ASSERT_FATAL(after != NULL);
        CU_ASSERT_STRING_EQUAL(after->name, before->name);
    }
}

static void fields_with_a_default_stand_last(void)
{
    for (int i = 0; i < codec_today.record_count; i++) {
        const struct record_row *record = &codec_today.records[i];
        for (size_t f = 1; f < record->field_count; f++)
            CU_ASSERT(record->fields[f].missing != NULL || record->fields[f - 1].missing == NULL);
    }
}

/* An ack, [21, 256, 1], and what else may stand behind it. */
static int decode_ack(const uint8_t *tail, size_t size, uint8_t count, struct ack *ack)
{
    static const uint8_t known[] = {0x90, 0x15, 0xcd, 0x01, 0x00, 0x01};
    memcpy(bytes, known, sizeof known);
    memcpy(bytes + sizeof known, tail, size);
    bytes[0] |= count;
    return message_decode(RECORD_ack, bytes, sizeof known + size, ack);
}

static void any_kind_of_value_is_passed_over(void)
{
    static const struct {
        uint8_t size, bytes[24];
    } values[] = {
        {1, {0x07}}, {1, {0xff}}, {1, {0xc0}}, {1, {0xc2}}, {1, {0xc3}}, {2, {0xcc, 1}}, {3, {0xcd, 1, 2}},
        {5, {0xce, 1, 2, 3, 4}}, {9, {0xcf, 1, 2, 3, 4, 5, 6, 7, 8}}, {2, {0xd0, 1}}, {3, {0xd1, 1, 2}},
        {5, {0xd2, 1, 2, 3, 4}}, {9, {0xd3, 1, 2, 3, 4, 5, 6, 7, 8}}, {5, {0xca, 1, 2, 3, 4}},
        {9, {0xcb, 1, 2, 3, 4, 5, 6, 7, 8}}, {3, {0xa2, 'a', 'b'}}, {3, {0xd9, 1, 'a'}}, {4, {0xda, 0, 1, 'a'}},
        {6, {0xdb, 0, 0, 0, 1, 'a'}}, {4, {0xc4, 2, 1, 2}}, {4, {0xc5, 0, 1, 1}}, {6, {0xc6, 0, 0, 0, 1, 1}},
        {4, {0xc7, 1, 9, 1}}, {5, {0xc8, 0, 1, 9, 1}}, {7, {0xc9, 0, 0, 0, 1, 9, 1}}, {3, {0xd4, 9, 1}},
        {4, {0xd5, 9, 1, 2}}, {6, {0xd6, 9, 1, 2, 3, 4}}, {10, {0xd7, 9}}, {18, {0xd8, 9}}, {1, {0x90}}, {1, {0x80}},
        {4, {0x92, 0x91, 0x90, 1}}, {5, {0xdc, 0, 2, 1, 2}}, {7, {0xdd, 0, 0, 0, 2, 1, 2}}, {3, {0x81, 1, 0x90}},
        {5, {0xde, 0, 1, 1, 2}}, {7, {0xdf, 0, 0, 0, 1, 1, 2}},
    };
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        struct ack ack = {0};
        uint8_t size = values[i].size;
        CU_ASSERT_EQUAL(decode_ack(values[i].bytes, size, 4, &ack), 0);
        CU_ASSERT(ack.sequence == 256 && ack.verdict == VERDICT_DUPLICATE);
        for (uint8_t cut = 0; cut < size; cut++)
            CU_ASSERT_EQUAL(decode_ack(values[i].bytes, cut, 4, &ack), ERROR_PROTOCOL);
        CU_ASSERT_EQUAL(decode_ack(values[i].bytes, size, 5, &ack), ERROR_PROTOCOL); /* one more was promised */
        CU_ASSERT_EQUAL(decode_ack(values[i].bytes, size, 3, &ack), ERROR_PROTOCOL); /* one less */
    }
    struct ack ack;
    CU_ASSERT_EQUAL(decode_ack((const uint8_t[]){0xc1}, 1, 4, &ack), ERROR_PROTOCOL);
}

/* As deep as a message is long, and counts that no message can hold: neither the stack nor time is spent on them. */
static void what_is_passed_over_is_bounded(void)
{
    static uint8_t deep[BUFFER_SIZE - 64];
    static const uint8_t lies[][10] = {
        {0xdd, 0xff, 0xff, 0xff, 0xff}, {0xdf, 0xff, 0xff, 0xff, 0xff}, {0xdb, 0xff, 0xff, 0xff, 0xff},
        {0xc6, 0xff, 0xff, 0xff, 0xff}, {0xc9, 0xff, 0xff, 0xff, 0xff}, {0xde, 0xff, 0xff}, {0x9f}, {0x8f}, {0xbf},
    };
    struct ack ack;
    memset(deep, 0x91, sizeof deep);
    CU_ASSERT_EQUAL(decode_ack(deep, sizeof deep, 4, &ack), ERROR_PROTOCOL);
    deep[sizeof deep - 1] = 0x90;
    CU_ASSERT_EQUAL(decode_ack(deep, sizeof deep, 4, &ack), 0);
    for (size_t i = 0; i < sizeof lies / sizeof lies[0]; i++)
        CU_ASSERT_EQUAL(decode_ack(lies[i], sizeof lies[i], 4, &ack), ERROR_PROTOCOL);
}

static void a_field_without_a_default_may_not_be_missing(void)
{
    static const uint8_t short_ack[] = {0x92, 0x15, 0x01}, empty[] = {0x90}, none[] = {0x91, 0x15};
    struct ack ack;
    CU_ASSERT_EQUAL(message_decode(RECORD_ack, short_ack, sizeof short_ack, &ack), ERROR_PROTOCOL);
    CU_ASSERT_EQUAL(message_decode(RECORD_ack, none, sizeof none, &ack), ERROR_PROTOCOL);
    CU_ASSERT_EQUAL(message_decode(RECORD_ack, empty, sizeof empty, &ack), ERROR_PROTOCOL);
}

static void values_that_are_not_known_have_a_fallback(void)
{
    static const uint8_t later_ack[] = {0x93, 0x15, 0x01, 0xcd, 0x27, 0x0f}, huge[] = {0x93, 0x15, 0x01, 0xcf, 1, 0, 0, 0,
                                                                                     0, 0, 0, 0};
    struct ack ack;
    struct signal signal = {.strategy = "s", .exchange = "e", .symbol = "A", .side = SIDE_SELL};
    size_t size;
    CU_ASSERT_EQUAL_FATAL(message_decode(RECORD_ack, later_ack, sizeof later_ack, &ack), 0);
    CU_ASSERT_EQUAL(ack.verdict, VERDICT_OTHER);
    CU_ASSERT_EQUAL(message_decode(RECORD_ack, huge, sizeof huge, &ack), ERROR_PROTOCOL);
    CU_ASSERT_EQUAL_FATAL(message_encode(RECORD_signal, &signal, bytes, sizeof bytes, &size), 0);
    CU_ASSERT_EQUAL_FATAL(bytes[size - 3], SIDE_SELL); /* price and its scale follow */
    bytes[size - 3] = 2;
    CU_ASSERT_EQUAL(message_decode(RECORD_signal, bytes, size, &signal), ERROR_PROTOCOL); /* neither buy nor sell */
}

const char *const suite_name = "versions";
const struct test suite_tests[] = {
    {"the previous version is read", the_previous_version_is_read},
    {"the previous version reads this one", the_previous_version_reads_this_one},
    {"a made-up earlier version is read", a_made_up_earlier_version_is_read},
    {"a made-up later version is read", a_made_up_later_version_is_read},
    {"the table only grows", the_table_only_grows},
    {"enums only grow", enums_only_grow},
    {"fields with a default stand last", fields_with_a_default_stand_last},
    {"any kind of value is passed over", any_kind_of_value_is_passed_over},
    {"what is passed over is bounded", what_is_passed_over_is_bounded},
    {"a field without a default may not be missing", a_field_without_a_default_may_not_be_missing},
    {"values that are not known have a fallback", values_that_are_not_known_have_a_fallback},
    {0},
};
