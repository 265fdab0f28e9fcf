/* Candle files as people have them: numbers, fields and lines of all kinds, units of time, archives, and rows out of
 * order. Values are invented. */
/* SPDX-License-Identifier: MIT */
#include "tests/harness.h"
#include "tools/common/files.h"
#include "tools/data/candle_table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zip.h>

const char *const suite_name = "candle files";

#define HEADER "open_time_ms,open,high,low,close,volume\n"
#define NUMBERS ",1.1,1.3,1.0,1.2,5"

enum { MINUTE_MS = 60000, REFUSALS_MAX = 20, REFUSAL_SIZE = 300 };

static const int64_t start_ms = 1735689600000, now_ms = 1735776000000; /* 2025-01-01 and a day later */

/* What became of a file. */
struct reading {
    int code;
    struct candle_table table;
    char refusals[REFUSALS_MAX][REFUSAL_SIZE];
    int refusal_count;
    char error[REFUSAL_SIZE];
};

static void note_refusal(void *user)
{
    struct reading *outcome = user;
    if (outcome->refusal_count < REFUSALS_MAX)
        (void)snprintf(outcome->refusals[outcome->refusal_count++], REFUSAL_SIZE, "%s", error_message());
}

static bool go_on(void *user)
{
    (void)user;
    return true;
}

static const char *path_of(const char *name)
{
    static char path[FILE_PATH_SIZE];
    CU_ASSERT_EQUAL_FATAL(file_path(test_directory(), name, path), 0);
    return path;
}

static const char *write_bytes(const char *name, const char *bytes, size_t size)
{
    const char *path = path_of(name);
    FILE *file = fopen(path, "wb");
    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    CU_ASSERT_EQUAL(fwrite(bytes, 1, size, file), size);
    CU_ASSERT_EQUAL(fclose(file), 0);
    return path;
}

static struct reading *read_path(const char *path, uint32_t interval_s, bool is_sparse)
{
    static struct reading outcome;
    const struct candle_table_wish wish = {.interval_s = interval_s, .now_ms = now_ms, .is_sparse = is_sparse};
    const struct candle_table_listener listener = {.user = &outcome, .refused = note_refusal, .goes_on = go_on};
    candle_table_release(&outcome.table);
    outcome = (struct reading){0};
    outcome.code = candle_table_read(&outcome.table, path, &wish, &listener);
    (void)snprintf(outcome.error, sizeof outcome.error, "%s", outcome.code != 0 ? error_message() : "");
    return &outcome;
}

/* The table of a file of minutes with this text. */
static struct reading *read_text(const char *text)
{
    return read_path(write_bytes("X_1m.csv", text, strlen(text)), 60, false);
}

/* Writes a file of these minutes after the start, each with a volume of its own; -1 ends them. */
static struct reading *read_minutes(const int *minutes)
{
    static char text[100000];
    size_t used = (size_t)snprintf(text, sizeof text, HEADER);
    for (int i = 0; minutes[i] >= 0; i++)
        used += (size_t)snprintf(text + used, sizeof text - used, "%lld,1.1,1.3,1.0,1.2,%d\n",
                                 (long long)(start_ms + minutes[i] * MINUTE_MS), minutes[i]);
    return read_text(text);
}

static void expect_minutes(const struct reading *outcome, const int *minutes)
{
    size_t count = 0;
    CU_ASSERT_EQUAL(outcome->code, 0);
    for (; minutes[count] >= 0; count++)
        if (count < outcome->table.count)
            CU_ASSERT_EQUAL(outcome->table.rows[count].candle.open_time_ms, start_ms + minutes[count] * MINUTE_MS);
    CU_ASSERT_EQUAL(outcome->table.count, count);
}

static void expect_said(const char *said, const char *expected)
{
    if (strstr(said, expected) == NULL)
        printf("\n  '%s' lacks '%s'", said, expected);
    CU_ASSERT_PTR_NOT_NULL(strstr(said, expected));
}

/* ---- numbers ---- */

static struct csv_field field_of(const char *text)
{
    return (struct csv_field){.text = text, .length = strlen(text)};
}

static void numbers_are_read_to_the_last_digit(void)
{
    static const struct {
        const char *text;
        int64_t mantissa;
        uint8_t scale;
        bool rounded;
    } rows[] = {
        {"1.1E-5", 11, 6, false},
        {"1.1e-5", 11, 6, false},
        {"5E3", 5000, 0, false},
        {"5e+3", 5000, 0, false},
        {"-1.50", -15, 1, false},
        {"0e5", 0, 0, false},
        {"-0.0", 0, 0, false},
        {"000123.4500", 12345, 2, false},
        {"9223372036854775807", INT64_MAX, 0, false},
        {"92233720368.54775807", INT64_MAX, 8, false},
        {"0.000000000000000001", 1, 18, false},
        {"1000000000000000000000e-21", 1, 0, false},
        {"0.0000000000000000000000000000000000000000e30", 0, 0, false},
        {"0.0041251399999999997", 412514, 8, true},
        {"1.2204460492503131e-16", 122, 18, true},
        {"7e-19", 1, 18, true},
        {"5e-19", 0, 0, true},                    /* half, to even */
        {"15e-19", 2, 18, true},
        {"25e-19", 2, 18, true},
        {"2500001e-24", 3, 18, true},             /* more than half */
        {"4e-400", 0, 0, true},
        {"-0.0000000000000000016", -2, 18, true},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct decimal number;
        bool rounded;
        CU_ASSERT_EQUAL(csv_decimal_rounded(field_of(rows[i].text), &number, &rounded), 0);
        if (number.mantissa != rows[i].mantissa || number.scale != rows[i].scale || rounded != rows[i].rounded)
            printf("\n  %s: %lld %u %d", rows[i].text, (long long)number.mantissa, number.scale, rounded);
        CU_ASSERT_EQUAL(number.mantissa, rows[i].mantissa);
        CU_ASSERT_EQUAL(number.scale, rows[i].scale);
        CU_ASSERT_EQUAL(rounded, rows[i].rounded);
        CU_ASSERT_EQUAL(csv_decimal(field_of(rows[i].text), &number), rows[i].rounded ? ERROR_RANGE : 0);
    }
}

static void a_refused_number_names_the_limit(void)
{
    static const struct {
        const char *text, *why;
    } rows[] = {
        {"98765432109.87654321", "expected at most 92233720368.54775807: 63 bits with 8 decimals"},
        {"9223372036854775808", "expected at most 9223372036854775807: 63 bits with 0 decimals"},
        {"1e19", "expected at most 9223372036854775807: 63 bits with 0 decimals"},
        {"1e99999999999999999", "expected at most 9223372036854775807: 63 bits with 0 decimals"},
        {"10.0000000000000000001", "expected at most 9.223372036854775807: 63 bits with 18 decimals"},
        {"0.1234567890123456789", "expected at most 18 decimals"},
        {"9.2233720368547758079", "expected at most 9.223372036854775807: 63 bits with 18 decimals"},
        {"", "expected a decimal number"},
        {"NaN", "expected a decimal number"},
        {"1.", "expected a decimal number"},
        {".5", "expected a decimal number"},
        {"+1", "expected a decimal number"},
        {"--1", "expected a decimal number"},
        {"1e", "expected a decimal number"},
        {"1e1.5", "expected a decimal number"},
        {"1e5e5", "expected a decimal number"},
        {"1e+-5", "expected a decimal number"},
        {"1,5", "expected a decimal number"},
        {"0x10", "expected a decimal number"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct decimal number;
        CU_ASSERT_NOT_EQUAL(csv_decimal(field_of(rows[i].text), &number), 0);
        expect_said(error_message(), rows[i].why);
    }
}

static void fields_are_split(void)
{
    static const char line[] = "\"1\", 2 ,\"3,5\",\t4\t,,\"\"";
    static const char *const expected[] = {"1", "2", "3,5", "4", "", ""};
    struct csv_field fields[6];
    CU_ASSERT_EQUAL_FATAL(csv_split(line, strlen(line), fields, 6), 6);
    for (int i = 0; i < 6; i++) {
        CU_ASSERT_EQUAL(fields[i].length, strlen(expected[i]));
        CU_ASSERT_EQUAL(strncmp(fields[i].text, expected[i], fields[i].length), 0);
    }
    CU_ASSERT_EQUAL(csv_split("a,b,c", 5, fields, 2), 3);
}

/* ---- lines ---- */

static void files_of_other_programs_are_read(void)
{
    static const char *const texts[] = {
        "\xef\xbb\xbf" HEADER "1735689600000" NUMBERS "\n",
        "open_time_ms,open,high,low,close,volume\r\n1735689600000" NUMBERS "\r\n",
        HEADER "1735689600000" NUMBERS,
        "\"open_time_ms\",\"open\",\"high\",\"low\",\"close\",\"volume\"\n1735689600000" NUMBERS "\n",
        HEADER "\"1735689600000\",\"1.1\",\"1.3\",\"1.0\",\"1.2\",\"5\"\n",
        HEADER "1735689600000, 1.1, 1.3, 1.0, 1.2, 5 \n",
        "Open_time_ms,Open,High,Low,Close,Volume\n1735689600000" NUMBERS "\n",
        "\n\r\n" HEADER "\n1735689600000" NUMBERS "\n\n \n\r\n",
        HEADER HEADER "1735689600000" NUMBERS "\n" HEADER,
        HEADER "1735689600000.000,1.1E0,13e-1,1.0,1.2,5.0\n",
        HEADER "1.7356896e12" NUMBERS "\n",
        "\xef\xbb\xbf" "1735689600000" NUMBERS ",1735689659999,6,1,2,3,0\n",
        "Open time,Open,High,Low,Close,Volume,Close time,a,b,c,d,e\n1735689600000" NUMBERS ",1,6,1,2,3,0\n",
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        const struct reading *outcome = read_text(texts[i]);
        expect_minutes(outcome, (const int[]){0, -1});
        CU_ASSERT_EQUAL(outcome->table.refused, 0);
        if (outcome->table.count == 1)
            CU_ASSERT_EQUAL(outcome->table.rows[0].candle.close, 12);
    }
    CU_ASSERT_EQUAL(read_text(HEADER)->code, 0);
    CU_ASSERT_EQUAL(read_text("")->code, ERROR_SYNTAX);
    CU_ASSERT_EQUAL(read_text("\n\n")->code, ERROR_SYNTAX);
    CU_ASSERT_EQUAL(read_text("open_time_ms,close,high,low,open,volume\n")->code, ERROR_SYNTAX);
}

/* ---- time ---- */

static void the_unit_of_a_time_is_recognised(void)
{
    static const char *const behind[TIME_UNITS] = {"", "000", "000000", "000000000"};
    for (int unit = 0; unit < TIME_UNITS; unit++) {
        char text[400];
        (void)snprintf(text, sizeof text, HEADER "1735689600%s" NUMBERS "\n1735689660%s" NUMBERS "\n1735689720%s" NUMBERS "\n",
                       behind[unit], behind[unit], behind[unit]);
        const struct reading *outcome = read_text(text);
        expect_minutes(outcome, (const int[]){0, 1, 2, -1});
        CU_ASSERT_EQUAL(outcome->table.units[unit], 3);
    }
    const struct reading *outcome = read_text(HEADER "1735689600000" NUMBERS "\n1735689660000000" NUMBERS "\n");
    expect_minutes(outcome, (const int[]){0, 1, -1});
    outcome = read_text(HEADER "1735689600000001" NUMBERS "\n1735689660.5" NUMBERS "\n");
    CU_ASSERT_EQUAL(outcome->refusal_count, 2);
    expect_said(outcome->refusals[0], "X_1m.csv:2: open time '1735689600000001', expected whole milliseconds");
    expect_said(outcome->refusals[1], "X_1m.csv:3: open time '1735689660.5', expected whole milliseconds");
}

static void a_time_that_cannot_be_costs_its_row_alone(void)
{
    static const struct {
        const char *time, *why;
    } rows[] = {
        {"4070908800000", "which is 2099-01-01T00:00Z, expected one that is not past now"},
        {"4070908800", "which is 2099-01-01T00:00Z, expected one that is not past now"},
        {"4070908800000000000", "which is 2099-01-01T00:00Z, expected one that is not past now"},
        {"1735776060000", "which is 2025-01-02T00:01Z, expected one that is not past now"},
        {"1230767940000", "which is 2008-12-31T23:59Z, expected 2009-01-01 or later"},
        {"0", "which is 1970-01-01T00:00Z, expected 2009-01-01 or later"},
        {"-1735689720000", "expected 2009-01-01 or later"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char text[500];
        (void)snprintf(text, sizeof text, HEADER "1735689600000" NUMBERS "\n1735689660000" NUMBERS "\n%s" NUMBERS
                       "\n1735689780000" NUMBERS "\n1735689840000" NUMBERS "\n", rows[i].time);
        const struct reading *outcome = read_text(text);
        expect_minutes(outcome, (const int[]){0, 1, 3, 4, -1});
        CU_ASSERT_EQUAL(outcome->refusal_count, 1);
        expect_said(outcome->refusals[0], "X_1m.csv:4: open time ");
        expect_said(outcome->refusals[0], rows[i].why);
        CU_ASSERT_TRUE(outcome->table.rows[2].is_broken);
        CU_ASSERT_FALSE(outcome->table.rows[3].is_broken);
    }
    static const char day[] = HEADER "1735689600000" NUMBERS "\n1735776000000" NUMBERS "\n";
    const struct reading *outcome = read_path(write_bytes("X_1d.csv", day, strlen(day)), 86400, false);
    expect_minutes(outcome, (const int[]){0, -1});
    expect_said(outcome->refusals[0], "expected a candle that has closed");
}

static void a_file_of_another_interval_is_refused(void)
{
    const struct reading *outcome = read_minutes((const int[]){0, 60, 120, 240, 300, -1});
    CU_ASSERT_EQUAL(outcome->code, ERROR_ARGUMENT);
    expect_said(outcome->error, "X_1m.csv: the smallest step is 60 intervals of 1m; is this 1h?");
    outcome = read_minutes((const int[]){0, 7, 14, 21, 28, 35, 42, 49, 56, 63, 70, -1});
    CU_ASSERT_EQUAL(outcome->code, ERROR_ARGUMENT);
    expect_said(outcome->error, "the smallest step is 7 intervals of 1m");
    expect_minutes(read_minutes((const int[]){0, 2, 7, 9, -1}), (const int[]){0, 2, 7, 9, -1});
    expect_minutes(read_minutes((const int[]){0, 60, -1}), (const int[]){0, 60, -1});
    (void)read_minutes((const int[]){0, 5, 10, 20, -1});
    expect_minutes(read_path(path_of("X_1m.csv"), 60, true), (const int[]){0, 5, 10, 20, -1});
    (void)read_minutes((const int[]){58, 59, 60, 61, 62, -1});
    outcome = read_path(path_of("X_1m.csv"), 3600, false);
    CU_ASSERT_EQUAL(outcome->code, ERROR_ARGUMENT);
    expect_said(outcome->error, "4 of 5 rows are off the grid of 1h; is this 1m?");
}

/* ---- order ---- */

static void a_file_that_is_newest_first_is_turned_round(void)
{
    const struct reading *outcome = read_minutes((const int[]){9, 8, 7, 6, 5, 3, 2, 1, 0, -1});
    expect_minutes(outcome, (const int[]){0, 1, 2, 3, 5, 6, 7, 8, 9, -1});
    CU_ASSERT_TRUE(outcome->table.turned);
    CU_ASSERT_EQUAL(outcome->table.refused, 0);
    CU_ASSERT_FALSE(outcome->table.rows[4].is_broken);
    outcome = read_minutes((const int[]){9, 8, 7, 700, 5, 3, 2, 1, 0, -1});
    expect_minutes(outcome, (const int[]){0, 1, 2, 3, 5, 7, 8, 9, -1});
    expect_said(outcome->refusals[0], "X_1m.csv:5: open time 2025-01-01T11:40Z, expected one after 2025-01-01T00:05Z and "
                                      "before 2025-01-01T00:07Z, the rows around it");
}

static void rows_out_of_order_cost_themselves_alone(void)
{
    static const struct {
        int minutes[20], kept[20], refused;
    } files[] = {
        {{0, 1, 2, 900, 4, 5, 6, -1}, {0, 1, 2, 4, 5, 6, -1}, 1},
        {{0, 1, 2, 900, 901, 902, 3, 4, 5, 6, 7, -1}, {0, 1, 2, 3, 4, 5, 6, 7, -1}, 3},
        {{500, 501, 502, 3, 503, 504, -1}, {500, 501, 502, 503, 504, -1}, 1},
        {{500, 501, 502, 503, 1, -1}, {500, 501, 502, 503, -1}, 1},
        {{900, 1, 2, 3, 4, -1}, {1, 2, 3, 4, -1}, 1},
        {{0, 1, 2, 3, 4, 2, 3, 4, 5, 6, -1}, {0, 1, 2, 3, 4, 5, 6, -1}, 0},
    };
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        const struct reading *outcome = read_minutes(files[i].minutes);
        expect_minutes(outcome, files[i].kept);
        CU_ASSERT_EQUAL(outcome->table.refused, files[i].refused);
        CU_ASSERT_EQUAL(outcome->refusal_count, files[i].refused);
        CU_ASSERT_FALSE(outcome->table.turned);
    }
    CU_ASSERT_TRUE(read_minutes(files[0].minutes)->table.rows[3].is_broken);
    const struct reading *twice = read_minutes(files[1].minutes); /* broken where they stand, and behind all */
    for (size_t i = 0; i < twice->table.count; i++)
        CU_ASSERT_EQUAL(twice->table.rows[i].is_broken, i == 3);
    twice = read_minutes((const int[]){0, 1, 2, 8, 9, 5, 10, 11, -1});
    for (size_t i = 0; i < twice->table.count; i++)
        CU_ASSERT_EQUAL(twice->table.rows[i].is_broken, i == 3 || i == 5);
    const struct reading *last = read_minutes(files[5].minutes);
    CU_ASSERT_EQUAL(last->table.repeated, 3);
    CU_ASSERT_FALSE(last->table.rows[5].is_broken);
}

static void a_repeated_row_is_one(void)
{
    const struct reading *outcome = read_text(HEADER "1735689600000,1.1,1.3,1,1.2,5\n1735689600000,1.10,1.30,1.0,1.20,5.0\n"
                                              "1735689660000,1.1,1.3,1,1.2,5\n1735689660000,1.1,1.3,1,1.2,6\n");
    expect_minutes(outcome, (const int[]){0, 1, -1});
    CU_ASSERT_EQUAL(outcome->table.repeated, 1);
    CU_ASSERT_EQUAL(outcome->table.refused, 1);
    CU_ASSERT_EQUAL(outcome->table.rows[1].candle.volume, 5);
    expect_said(outcome->refusals[0], "X_1m.csv:5: open time 2025-01-01T00:01Z, expected one after 2025-01-01T00:01Z");
}

/* The order of a file of random times, compared with what trying all sequences finds. */
static void the_fewest_rows_are_refused(void)
{
    for (int round = 0; round < 2000; round++) {
        int minutes[12], best[12], longest = 0, up = 0, down = 0;
        int count = (int)(test_random() % 11) + 1;
        for (int i = 0; i < count; i++) {
            bool repeats = true;
            while (repeats) {
                minutes[i] = (int)(test_random() % 900);
                repeats = false;
                for (int j = 0; j < i; j++)
                    repeats = repeats || minutes[j] == minutes[i];
            }
            up += i > 0 && minutes[i] > minutes[i - 1];
            down += i > 0 && minutes[i] < minutes[i - 1];
        }
        minutes[count] = -1;
        for (int i = 0; i < count; i++) {
            best[i] = 1;
            for (int j = 0; j < i; j++)
                if ((down > up ? minutes[j] > minutes[i] : minutes[j] < minutes[i]) && best[j] >= best[i])
                    best[i] = best[j] + 1;
            longest = best[i] > longest ? best[i] : longest;
        }
        (void)read_minutes(minutes);
        const struct reading *outcome = read_path(path_of("X_1m.csv"), 60, true);
        CU_ASSERT_EQUAL(outcome->code, 0);
        CU_ASSERT_EQUAL((int)outcome->table.count, longest);
        CU_ASSERT_EQUAL((int)outcome->table.refused, count - longest);
        for (size_t i = 1; i < outcome->table.count; i++)
            CU_ASSERT_TRUE(outcome->table.rows[i].candle.open_time_ms > outcome->table.rows[i - 1].candle.open_time_ms);
    }
}

/* ---- archives ---- */

static const char *write_archive(const char *name, const char *const *entries, size_t count, const char *text)
{
    int reason;
    const char *path = path_of(name);
    zip_t *archive = zip_open(path, ZIP_CREATE | ZIP_TRUNCATE, &reason);
    CU_ASSERT_PTR_NOT_NULL_FATAL(archive);
    for (size_t i = 0; i < count; i++) {
        zip_source_t *source = zip_source_buffer(archive, text, strlen(text), 0);
        CU_ASSERT_TRUE(zip_file_add(archive, entries[i], source, 0) >= 0);
    }
    CU_ASSERT_EQUAL_FATAL(zip_close(archive), 0);
    return path;
}

static void archives_are_read(void)
{
    static const char text[] = HEADER "1735689600000" NUMBERS "\n1735689660000" NUMBERS "\n";
    static const char *const entries[] = {"X-1m-2025-01.csv", "X-1m-2025-01.csv.CHECKSUM", "__MACOSX/X.csv"};
    const char *path = write_archive("X-1m-2025-01.zip", entries, 3, text);
    char symbol[SYMBOL_SIZE];
    uint32_t interval_s;
    CU_ASSERT_EQUAL(candle_source_name(path, symbol, &interval_s), 0);
    CU_ASSERT_STRING_EQUAL(symbol, "X");
    expect_minutes(read_path(path, 60, false), (const int[]){0, 1, -1});
    static const char *const two[] = {"A.csv", "B.csv"};
    expect_said(read_path(write_archive("Y_1m.zip", two, 2, text), 60, false)->error,
                "Y_1m.zip: the archive holds 2 CSV files, expected one; unpack it first");
    static const char *const none[] = {"A.txt"};
    expect_said(read_path(write_archive("Z_1m.zip", none, 1, text), 60, false)->error, "Z_1m.zip: the archive holds 0 CSV files");
    static const char torn[] = "PK\x03\x04 torn";
    const struct reading *outcome = read_path(write_bytes("T_1m.zip", torn, sizeof torn), 60, false);
    CU_ASSERT_EQUAL(outcome->code, ERROR_SYSTEM);
    expect_said(outcome->error, "T_1m.zip: ");
}

/* A damaged file is named once, whatever unpacks it. */
static void the_path_stands_once(void)
{
    static const char damaged[] = "\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03 this is no deflated text";
    const char *path = write_bytes("D_1m.csv.gz", damaged, sizeof damaged - 1);
    const struct reading *outcome = read_path(path, 60, false);
    CU_ASSERT_EQUAL(outcome->code, ERROR_SYSTEM);
    const char *first = strstr(outcome->error, path);
    CU_ASSERT_PTR_NOT_NULL_FATAL(first);
    CU_ASSERT_PTR_NULL(strstr(first + 1, path));
}

const struct test suite_tests[] = {
    {"numbers are read to the last digit", numbers_are_read_to_the_last_digit},
    {"a refused number names the limit", a_refused_number_names_the_limit},
    {"fields are split", fields_are_split},
    {"files of other programs are read", files_of_other_programs_are_read},
    {"the unit of a time is recognised", the_unit_of_a_time_is_recognised},
    {"a time that cannot be costs its row alone", a_time_that_cannot_be_costs_its_row_alone},
    {"a file of another interval is refused", a_file_of_another_interval_is_refused},
    {"a file that is newest first is turned round", a_file_that_is_newest_first_is_turned_round},
    {"rows out of order cost themselves alone", rows_out_of_order_cost_themselves_alone},
    {"a repeated row is one", a_repeated_row_is_one},
    {"the fewest rows are refused", the_fewest_rows_are_refused},
    {"archives are read", archives_are_read},
    {"the path stands once", the_path_stands_once},
    {NULL, NULL},
};
