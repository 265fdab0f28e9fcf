/* Decimals, intervals, shards, errors and the log. */
/* SPDX-License-Identifier: MIT */
#include "lib/base/decimal.h"
#include "lib/base/interval.h"
#include "lib/base/log.h"
#include "proto/shard.h"
#include "lib/base/similar.h"
#include "tests/harness.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int parse(const char *text, struct decimal *out)
{
    return decimal_parse(text, strlen(text), out);
}

static void text_is_read_exactly(void)
{
    static const struct {
        const char *text;
        int64_t mantissa;
        uint8_t scale;
    } rows[] = {
        {"0", 0, 0},           {"-0", 0, 0},         {"1", 1, 0},
        {"97537.70000000", 975377, 1}, {"0.00000111", 111, 8}, {"1216008582742.00000000", 1216008582742, 0},
        {"-3.50", -35, 1},     {"0.0", 0, 0},        {"9223372036854775807", INT64_MAX, 0},
        {"9.223372036854775807", INT64_MAX, 18},     {"0.000000000000000001", 1, 18},
        {"100", 100, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct decimal value;
        CU_ASSERT_EQUAL(parse(rows[i].text, &value), 0);
        CU_ASSERT_EQUAL(value.mantissa, rows[i].mantissa);
        CU_ASSERT_EQUAL(value.scale, rows[i].scale);
    }
}

static void other_text_is_refused(void)
{
    static const char *const syntax[] = {"",    "-",    ".",   "1.",  ".5",  "+1",   "1e5", "1E5",  " 1",  "1 ",
                                         "1,5", "0x10", "nan", "inf", "--1", "1.-5", "1..2", "1.2.3", "null", "2e-08"};
    static const char *const range[] = {"9223372036854775808", "-9223372036854775809", "0.0000000000000000001",
                                        "123456789012345678901234567890"};
    struct decimal value = {.mantissa = 42, .scale = 7};
    for (size_t i = 0; i < sizeof syntax / sizeof syntax[0]; i++)
        CU_ASSERT_EQUAL(parse(syntax[i], &value), ERROR_SYNTAX);
    for (size_t i = 0; i < sizeof range / sizeof range[0]; i++)
        CU_ASSERT_EQUAL(parse(range[i], &value), ERROR_RANGE);
    CU_ASSERT_EQUAL(value.mantissa, 42); /* written only on success */
}

static void powers_of_ten_are_read(void)
{
    static const struct {
        const char *text;
        int64_t mantissa;
        uint8_t scale;
    } rows[] = {
        {"1.01E2", 101, 0},   {"1e-8", 1, 8},    {"8.6000e-7", 86, 8},  {"-2.5e+3", -2500, 0},
        {"0e-99", 0, 0},      {"0.00E400", 0, 0}, {"1500e-3", 15, 1},    {"9.223372036854775807e18", INT64_MAX, 0},
        {"1e-18", 1, 18},     {"1.20300000E-05", 1203, 8}, {"1e18", 1000000000000000000, 0}, {"12.50", 125, 1},
        {"0.0000000000000000001e1", 1, 18},
    };
    static const char *const syntax[] = {"1e", "1E+", "2e-0.8", "e5", "1.e5", "1e5e5", "1e--5", "1e5 ", "", "nan", "1e0x1"};
    static const char *const range[] = {"1e19", "1e-19", "1e99999999999", "1.5e-18", "9223372036854775808"};
    struct decimal value;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        CU_ASSERT_EQUAL(decimal_parse_scientific(rows[i].text, strlen(rows[i].text), &value), 0);
        CU_ASSERT(value.mantissa == rows[i].mantissa && value.scale == rows[i].scale);
    }
    for (size_t i = 0; i < sizeof syntax / sizeof syntax[0]; i++)
        CU_ASSERT_EQUAL(decimal_parse_scientific(syntax[i], strlen(syntax[i]), &value), ERROR_SYNTAX);
    for (size_t i = 0; i < sizeof range / sizeof range[0]; i++)
        CU_ASSERT_EQUAL(decimal_parse_scientific(range[i], strlen(range[i]), &value), ERROR_RANGE);
}

static void printing_and_reading_are_inverse(void)
{
    for (int i = 0; i < 1000000; i++) {
        struct decimal value = {.mantissa = (int64_t)(test_random() >> (test_random() % 64)),
                                .scale = (uint8_t)(test_random() % (DECIMAL_SCALE_MAX + 1))};
        if (test_random() % 2)
            value.mantissa = value.mantissa == INT64_MIN ? 0 : -value.mantissa;
        if (value.mantissa == INT64_MIN)
            continue; /* its magnitude does not fit 63 bits and is not read */
        char text[DECIMAL_TEXT_SIZE];
        struct decimal again;
        size_t length = decimal_print(value, text);
        if (length != strlen(text) || decimal_parse(text, length, &again) != 0 || decimal_compare(value, again) != 0)
            CU_FAIL_FATAL("a number did not survive");
    }
}

/* A number read one character at a time, up to 18 characters without a sign. */
static bool read_slowly(const char *text, size_t length, struct decimal *out)
{
    size_t digits = 0, point = length;
    *out = (struct decimal){0};
    for (size_t i = 0; i < length; i++) {
        if (text[i] == '.' && point == length && i > 0) {
            point = i;
        } else if (text[i] >= '0' && text[i] <= '9') {
            out->mantissa = out->mantissa * 10 + (text[i] - '0');
            digits++;
        } else {
            return false;
        }
    }
    out->scale = (uint8_t)(point < length ? length - point - 1 : 0);
    return digits > 0 && (point == length || out->scale > 0);
}

/* Whatever its length and wherever its point, and with characters beside the digits, a text reads as it does slowly. The
 * text ends where its memory ends. */
static void every_length_is_read_alike(void)
{
    static const char odd[] = "./:-a\"\0\x80";
    for (int i = 0; i < 1000000; i++) {
        size_t length = test_random() % 19, point = test_random() % 24;
        char *text = malloc(length > 0 ? length : 1);
        CU_ASSERT_FATAL(text != NULL);
        for (size_t at = 0; at < length; at++)
            text[at] = (char)(test_random() % 4 == 0 ? '0' : '0' + test_random() % 10);
        if (length > 0 && test_random() % 4 == 0)
            text[test_random() % length] = odd[test_random() % (sizeof odd - 1)];
        if (point < length)
            text[point] = '.';
        struct decimal slowly, value;
        bool expected = (length == 0 || text[0] != '-') && read_slowly(text, length, &slowly);
        bool signed_text = length > 0 && text[0] == '-';
        if (!signed_text && ((decimal_parse(text, length, &value) == 0) != expected ||
                             (expected && decimal_compare(value, slowly) != 0) ||
                             (expected && value.scale > 0 && value.mantissa % 10 == 0)))
            CU_FAIL_FATAL("a number is read in two ways");
        free(text);
    }
}

static void printing_is_canonical(void)
{
    static const struct {
        struct decimal value;
        const char *text;
    } rows[] = {
        {{.mantissa = 0, .scale = 8}, "0"},           {{.mantissa = 111, .scale = 8}, "0.00000111"},
        {{.mantissa = 9753770, .scale = 2}, "97537.7"}, {{.mantissa = -5, .scale = 1}, "-0.5"},
        {{.mantissa = 1000, .scale = 0}, "1000"},     {{.mantissa = INT64_MIN, .scale = 0}, "-9223372036854775808"},
        {{.mantissa = INT64_MIN, .scale = 18}, "-9.223372036854775808"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char text[DECIMAL_TEXT_SIZE];
        (void)decimal_print(rows[i].value, text);
        CU_ASSERT_STRING_EQUAL(text, rows[i].text);
    }
}

static void doubles_are_those_of_strtod(void)
{
    for (int i = 0; i < 1000000; i++) {
        struct decimal value = {.mantissa = (int64_t)(test_random() >> 11),
                                .scale = (uint8_t)(test_random() % (DECIMAL_SCALE_MAX + 1))};
        char text[DECIMAL_TEXT_SIZE];
        (void)decimal_print(value, text);
        if (decimal_to_double(value) != strtod(text, NULL))
            CU_FAIL_FATAL("a double differs");
    }
}

/* Rounding against long division done digit by digit on text would be the same code again; instead the defining
 * inequalities are checked in 128 bits: |n - q*d| against d. */
static void division_rounds_as_asked(void)
{
    for (int i = 0; i < 1000000; i++) {
        __int128 numerator = (__int128)(int64_t)test_random() * (int64_t)(test_random() >> 44);
        __int128 denominator = (int64_t)(test_random() >> (1 + test_random() % 62)) + 1;
        for (int rounding = ROUND_DOWN; rounding <= ROUND_HALF_EVEN; rounding++) {
            int64_t quotient;
            if (decimal_divide(numerator, denominator, (enum rounding)rounding, &quotient) != 0)
                continue;
            __int128 rest = numerator - (__int128)quotient * denominator;
            __int128 size = rest < 0 ? -rest : rest;
            bool toward_zero = rest == 0 || (rest > 0) == (numerator > 0);
            bool good = rounding == ROUND_DOWN ? size < denominator && toward_zero
                        : rounding == ROUND_UP ? size < denominator && (rest == 0 || !toward_zero)
                                               : size * 2 < denominator || (size * 2 == denominator && quotient % 2 == 0);
            if (!good)
                CU_FAIL_FATAL("a quotient is rounded wrongly");
        }
    }
    int64_t out;
    CU_ASSERT_EQUAL(decimal_divide((__int128)INT64_MAX * 2, 1, ROUND_DOWN, &out), ERROR_RANGE);
}

static void rescaling_checks_overflow(void)
{
    int64_t out = 7;
    CU_ASSERT_EQUAL(decimal_rescale((struct decimal){INT64_MAX, 0}, 1, ROUND_DOWN, &out), ERROR_RANGE);
    CU_ASSERT_EQUAL(decimal_rescale((struct decimal){15, 1}, 0, ROUND_HALF_EVEN, &out), 0);
    CU_ASSERT_EQUAL(out, 2);
    CU_ASSERT_EQUAL(decimal_rescale((struct decimal){25, 1}, 0, ROUND_HALF_EVEN, &out), 0);
    CU_ASSERT_EQUAL(out, 2);
    CU_ASSERT_EQUAL(decimal_rescale((struct decimal){-21, 1}, 0, ROUND_UP, &out), 0);
    CU_ASSERT_EQUAL(out, -3);
}

static void intervals_lie_on_their_grid(void)
{
    uint32_t seconds;
    CU_ASSERT_EQUAL(interval_from_name("5m", &seconds), 0);
    CU_ASSERT_EQUAL(seconds, 300);
    CU_ASSERT_STRING_EQUAL(interval_name(86400), "1d");
    CU_ASSERT_PTR_NULL(interval_name(61));
    CU_ASSERT_EQUAL(interval_from_name("5M", &seconds), ERROR_ARGUMENT);
    CU_ASSERT_EQUAL(interval_open_time(300, 1734739499999), 1734739200000);
    CU_ASSERT_EQUAL(interval_open_time(300, 1734739500000), 1734739500000);
    CU_ASSERT_EQUAL(interval_open_time(604800, 1734739200000), 1734307200000); /* Monday, 2024-12-16 */
}

static void shards_are_stable_and_spread(void)
{
    /* Fixed for ever: leases, epochs and topics of running systems hang on them. */
    CU_ASSERT_EQUAL(shard_of("binance", "BTCUSDT"), shard_of("binance", "BTCUSDT"));
    unsigned used[SHARDS] = {0}, distinct = 0;
    for (int i = 0; i < 10000; i++) {
        char symbol[32];
        (void)snprintf(symbol, sizeof symbol, "S%dUSDT", i);
        used[shard_of("binance", symbol)]++;
    }
    unsigned most = 0;
    for (int i = 0; i < SHARDS; i++) {
        distinct += used[i] > 0;
        most = used[i] > most ? used[i] : most;
    }
    CU_ASSERT(distinct > 1000);
    CU_ASSERT(most < 30);
}

static void error_messages_chain(void)
{
    (void)error_set(ERROR_SYSTEM, "open %s", "file");
    CU_ASSERT_EQUAL(error_context(ERROR_SYSTEM, "start"), ERROR_SYSTEM);
    CU_ASSERT_STRING_EQUAL(error_message(), "start: open file");
    (void)error_set(ERROR_FULL, "again: %s", error_message()); /* an argument inside the chain */
    CU_ASSERT_STRING_EQUAL(error_message(), "again: start: open file");
    CU_ASSERT_STRING_EQUAL(error_name(ERROR_TIMEOUT), "TIMEOUT");
    CU_ASSERT_STRING_EQUAL(error_name(-999), "UNKNOWN");
}

/* Runs log_write with standard error in a file and returns what was written. */
static const char *logged(void (*write_lines)(void))
{
    static char text[8192];
    char path[128];
    (void)snprintf(path, sizeof path, "%s/log", test_directory());
    FILE *file = fopen(path, "w+");
    int saved = dup(STDERR_FILENO);
    (void)dup2(fileno(file), STDERR_FILENO);
    write_lines();
    (void)dup2(saved, STDERR_FILENO);
    (void)close(saved);
    rewind(file);
    text[fread(text, 1, sizeof text - 1, file)] = '\0';
    (void)fclose(file);
    return text;
}

static void write_forged_line(void)
{
    log_open("test", LOG_LEVEL_INFO);
    log_debug("hidden");
    log_info("login", log_text("name", "a\nlevel=error event=forged \"x\""), log_int("n", -3), log_bool("ok", true),
             log_text("empty", ""), log_text("none", NULL));
}

static void a_line_cannot_be_forged(void)
{
    const char *text = logged(write_forged_line);
    CU_ASSERT_PTR_NULL(strstr(text, "hidden"));
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "level=info process=test event=login "
                                        "name=\"a\\x0alevel=error event=forged \\\"x\\\"\" n=-3 ok=true empty=\"\" "
                                        "none=-\n"));
    CU_ASSERT_EQUAL(strchr(text, '\n') - text, (long)strlen(text) - 1);
}

static void write_long_line(void)
{
    static char value[10000];
    memset(value, 'x', sizeof value - 1);
    log_info("long", log_text("value", value), log_int("behind", 1));
}

static void a_long_line_is_cut(void)
{
    const char *text = logged(write_long_line);
    CU_ASSERT_EQUAL(strlen(text), 4096);
    CU_ASSERT_EQUAL(text[4095], '\n');
}

static const char *guess(const char *wrong)
{
    static char hint[80];
    static const char *const names[] = {"market", "dashboard", "database", "max_symbols", "min_price", "max_price", "warn"};
    struct similar similar = {.wrong = wrong};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        similar_offer(&similar, names[i]);
    return similar_hint(&similar, hint, sizeof hint);
}

static void mistyped_names_are_guessed(void)
{
    CU_ASSERT_STRING_EQUAL(guess("makret"), "; did you mean 'market'?"); /* two neighbours swapped are one mistake */
    CU_ASSERT_STRING_EQUAL(guess("DATABSE"), "; did you mean 'database'?");
    CU_ASSERT_STRING_EQUAL(guess("max_symbol"), "; did you mean 'max_symbols'?");
    CU_ASSERT_STRING_EQUAL(guess("mix_price"), "; did you mean 'min_price'?"); /* of equally near ones the first */
    CU_ASSERT_STRING_EQUAL(guess("warnings"), "; did you mean 'warn'?");
    CU_ASSERT_STRING_EQUAL(guess("trader"), "");
    CU_ASSERT_STRING_EQUAL(guess(""), "");
    CU_ASSERT_STRING_EQUAL(guess("a-name-that-is-longer-than-any-option-of-ours-has-ever-been-or-will-be"), "");
}

/* A quoted name must not tell a terminal what to do; letters of other languages and line feeds stay. */
static void messages_hold_nothing_for_a_terminal(void)
{
    CU_ASSERT_EQUAL(error_set(ERROR_SYNTAX, "the name '%s'", "\x1b[31m\a\r\x7f\xc3\xa9\tx\n"), ERROR_SYNTAX);
    CU_ASSERT_STRING_EQUAL(error_message(), "the name '?[31m???\xc3\xa9\tx\n'");
    CU_ASSERT_EQUAL(error_context(ERROR_SYNTAX, "file \x1b]0;x\a"), ERROR_SYNTAX);
    CU_ASSERT_STRING_EQUAL(error_message(), "file ?]0;x?: the name '?[31m???\xc3\xa9\tx\n'");
}

const char *const suite_name = "base";
const struct test suite_tests[] = {
    {"messages hold nothing for a terminal", messages_hold_nothing_for_a_terminal},
    {"mistyped names are guessed", mistyped_names_are_guessed},
    {"text is read exactly", text_is_read_exactly},
    {"other text is refused", other_text_is_refused},
    {"powers of ten are read", powers_of_ten_are_read},
    {"printing and reading are inverse", printing_and_reading_are_inverse},
    {"every length is read alike", every_length_is_read_alike},
    {"printing is canonical", printing_is_canonical},
    {"doubles are those of strtod", doubles_are_those_of_strtod},
    {"division rounds as asked", division_rounds_as_asked},
    {"rescaling checks overflow", rescaling_checks_overflow},
    {"intervals lie on their grid", intervals_lie_on_their_grid},
    {"shards are stable and spread", shards_are_stable_and_spread},
    {"error messages chain", error_messages_chain},
    {"a line of the log cannot be forged", a_line_cannot_be_forged},
    {"a long line is cut", a_long_line_is_cut},
    {0},
};
