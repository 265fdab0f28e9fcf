/* The codec: what is written is read back, and what is not right is refused. Every record of the table takes part. */
/* SPDX-License-Identifier: MIT */
#include "proto/message.h"
#include "tests/harness.h"
#include "tests/unit/message_values.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { STRUCT_SIZE = VALUES_STRUCT_SIZE, BUFFER_SIZE = 65536 };

/* ---- comparing ---- */

static bool same(enum record record, const char *left, const char *right);

static bool same_list(const struct field_row *field, const char *left, const char *right)
{
    struct list a = *(const struct list *)left, b = *(const struct list *)right;
    char row_a[STRUCT_SIZE] __attribute__((aligned(16))), row_b[STRUCT_SIZE] __attribute__((aligned(16)));
    if (a.count != b.count)
        return false;
    while (list_next(&a, field->record, row_a))
        if (!list_next(&b, field->record, row_b) || !same(field->record, row_a, row_b))
            return false;
    return !list_next(&b, field->record, row_b);
}

static bool same(enum record record, const char *left, const char *right)
{
    static const size_t sizes[] = {
        [FIELD_U8] = 1,   [FIELD_U16] = 2,  [FIELD_U32] = 4,    [FIELD_U64] = 8,
        [FIELD_I64] = 8,  [FIELD_TIME] = 8, [FIELD_F64] = 8,    [FIELD_BOOL] = 1,
        [FIELD_CHOICE] = 4, [FIELD_SYMBOL] = SYMBOL_SIZE, [FIELD_NAME] = NAME_SIZE, [FIELD_TEXT] = TEXT_SIZE,
    };
    for (size_t i = 0; i < records[record].field_count; i++) {
        const struct field_row *field = &records[record].fields[i];
        const char *a = left + field->offset, *b = right + field->offset;
        bool equal = field->kind == FIELD_PART   ? same(field->record, a, b)
                     : field->kind == FIELD_LIST ? same_list(field, a, b)
                                                 : memcmp(a, b, sizes[field->kind]) == 0;
        if (!equal)
            return false;
    }
    return true;
}

/* A random message of any kind, encoded. */
static size_t random_message(enum record record, char *value, uint8_t *bytes)
{
    size_t size = 0;
    values_fill(records, (int)record, value);
    CU_ASSERT_EQUAL_FATAL(message_encode(record, value, bytes, BUFFER_SIZE, &size), 0);
    return size;
}

static enum record next_message(int *at)
{
    do
        *at = (*at + 1) % RECORDS;
    while (records[*at].number == 0);
    return (enum record)*at;
}

static char value[STRUCT_SIZE] __attribute__((aligned(16))), again[STRUCT_SIZE] __attribute__((aligned(16)));
static uint8_t bytes[BUFFER_SIZE], twice[BUFFER_SIZE];

/* ---- tests ---- */

static void every_message_survives(void)
{
    int at = 0;
    for (int i = 0; i < 20000; i++) {
        enum record record = next_message(&at), peeked;
        size_t size = random_message(record, value, bytes), size_again;
        CU_ASSERT_EQUAL_FATAL(message_peek(bytes, size, &peeked), 0);
        CU_ASSERT_EQUAL_FATAL(peeked, record);
        CU_ASSERT_EQUAL_FATAL(message_decode(record, bytes, size, again), 0);
        if (!same(record, value, again))
            CU_FAIL_FATAL("a message came back different");
        CU_ASSERT_EQUAL_FATAL(message_encode(record, value, twice, sizeof twice, &size_again), 0);
        CU_ASSERT_FATAL(size == size_again && memcmp(bytes, twice, size) == 0);
    }
}

static void a_message_cut_anywhere_is_refused(void)
{
    int at = 0;
    for (int i = 0; i < 200; i++) {
        enum record record = next_message(&at);
        size_t size = random_message(record, value, bytes);
        for (size_t cut = 0; cut < size; cut++)
            CU_ASSERT_EQUAL_FATAL(message_decode(record, bytes, cut, again), ERROR_PROTOCOL);
        bytes[size] = 0xc0;
        CU_ASSERT_EQUAL_FATAL(message_decode(record, bytes, size + 1, again), ERROR_PROTOCOL);
    }
}

static void flipped_bits_never_break_the_reader(void)
{
    int at = 0;
    for (int i = 0; i < 200000; i++) {
        enum record record = next_message(&at);
        size_t size = random_message(record, value, bytes);
        bytes[test_random() % size] ^= (uint8_t)(1u << (test_random() % 8));
        if (message_decode(record, bytes, size, again) == 0)
            (void)same(record, again, again); /* whatever it says now, its lists can be read to their end */
    }
}

static void lying_counts_cost_nothing(void)
{
    static const uint8_t bombs[][8] = {
        {0xdd, 0xff, 0xff, 0xff, 0xff}, {0xdc, 0xff, 0xff}, {0x95, 0x02, 0xdd, 0x7f, 0xff, 0xff, 0xff},
        {0x96, 0x02, 0x01, 0x01, 0x01, 0x01, 0xdc, 0xff}, {0xc9, 0xff, 0xff, 0xff, 0xff}, {0xdf, 0xff, 0xff, 0xff, 0xff},
    };
    enum record record;
    for (size_t i = 0; i < sizeof bombs / sizeof bombs[0]; i++) {
        CU_ASSERT_EQUAL(message_decode(RECORD_candles, bombs[i], sizeof bombs[i], again), ERROR_PROTOCOL);
        if (message_peek(bombs[i], sizeof bombs[i], &record) == 0)
            CU_ASSERT_EQUAL(record, RECORD_candles);
    }
}

static void what_a_reader_would_refuse_is_not_written(void)
{
    size_t size;
    struct signal signal = {.strategy = "sma_cross", .exchange = "binance", .symbol = "BTCUSDT", .interval_s = 60};
    CU_ASSERT_EQUAL(message_encode(RECORD_signal, &signal, bytes, sizeof bytes, &size), 0);
    signal.symbol[0] = 'b';
    CU_ASSERT_EQUAL(message_encode(RECORD_signal, &signal, bytes, sizeof bytes, &size), ERROR_ARGUMENT);
    signal.symbol[0] = '\0';
    CU_ASSERT_EQUAL(message_encode(RECORD_signal, &signal, bytes, sizeof bytes, &size), ERROR_ARGUMENT);
    memset(signal.symbol, 'A', sizeof signal.symbol); /* no NUL */
    CU_ASSERT_EQUAL(message_encode(RECORD_signal, &signal, bytes, sizeof bytes, &size), ERROR_ARGUMENT);
    (void)snprintf(signal.symbol, sizeof signal.symbol, "BTCUSDT");
    signal.candle_time_ms = -1;
    CU_ASSERT_EQUAL(message_encode(RECORD_signal, &signal, bytes, sizeof bytes, &size), ERROR_ARGUMENT);
    signal.candle_time_ms = 0;
    signal.side = (enum side)2;
    CU_ASSERT_EQUAL(message_encode(RECORD_signal, &signal, bytes, sizeof bytes, &size), ERROR_ARGUMENT);
    signal.side = SIDE_SELL;
    CU_ASSERT_EQUAL(message_encode(RECORD_signal, &signal, bytes, 20, &size), ERROR_FULL);
    struct ticker row = {.symbol = "A"};
    struct tickers tickers = {.rows = list_of(&row, 1001)};
    CU_ASSERT_EQUAL(message_encode(RECORD_tickers, &tickers, bytes, sizeof bytes, &size), ERROR_ARGUMENT);
}

static void the_wire_is_as_documented(void)
{
    static const uint8_t wire[] = {0x93, 0x15, 0xcd, 0x01, 0x00, 0x01}; /* [21, 256, 1] */
    struct ack ack = {.sequence = 256, .verdict = VERDICT_DUPLICATE};
    size_t size;
    CU_ASSERT_EQUAL(message_encode(RECORD_ack, &ack, bytes, sizeof bytes, &size), 0);
    CU_ASSERT_EQUAL(size, sizeof wire);
    CU_ASSERT_EQUAL(memcmp(bytes, wire, sizeof wire), 0);
}

static void numbers_and_names_are_unique(void)
{
    for (int i = 0; i < RECORDS; i++)
        for (int j = 0; j < i; j++) {
            CU_ASSERT_STRING_NOT_EQUAL(records[i].name, records[j].name);
            CU_ASSERT(records[i].number == 0 || records[i].number != records[j].number);
        }
    CU_ASSERT_STRING_EQUAL(outcome_name(OUTCOME_REFUSED), "refused");
    CU_ASSERT_STRING_EQUAL(side_name(SIDE_BUY), "buy");
}

const char *const suite_name = "message";
const struct test suite_tests[] = {
    {"every message survives", every_message_survives},
    {"a message that is cut anywhere is refused", a_message_cut_anywhere_is_refused},
    {"flipped bits never break the reader", flipped_bits_never_break_the_reader},
    {"lying counts cost nothing", lying_counts_cost_nothing},
    {"what a reader would refuse is not written", what_a_reader_would_refuse_is_not_written},
    {"the wire is as documented", the_wire_is_as_documented},
    {"numbers and names are unique", numbers_and_names_are_unique},
    {0},
};
