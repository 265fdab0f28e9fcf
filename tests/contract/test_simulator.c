/* The simulated exchange's parts, without a socket: clock, budget, faults, numbers on the wire, journal, options. What
 * it says over HTTP is tested with a client of the real exchange, in ccxt/. */
/* SPDX-License-Identifier: MIT */
#include "tests/harness.h"
#include "tools/simulator/clock.h"
#include "tools/simulator/faults.h"
#include "tools/simulator/journal.h"
#include "tools/simulator/options.h"
#include "tools/simulator/weight.h"

#include <stdio.h>
#include <string.h>

enum { MINUTE_MS = 60000 };

static const int64_t day_start_ms = 1734739200000; /* 2024-12-21T00:00Z */

/* ---- clock ---- */

static void the_clock_runs_at_its_speed(void)
{
    struct exchange_clock clock = {.origin_monotonic_ms = 1000, .origin_exchange_ms = day_start_ms};
    CU_ASSERT_EQUAL(exchange_clock_read_speed("600", &clock.speed_thousandths), 0);
    CU_ASSERT_EQUAL(exchange_clock_at(&clock, 1000000), day_start_ms);
    CU_ASSERT_EQUAL(exchange_clock_at(&clock, 1001000), day_start_ms + 600);
    CU_ASSERT_EQUAL(exchange_clock_at(&clock, 1100000), day_start_ms + MINUTE_MS);
    CU_ASSERT_EQUAL(exchange_clock_read_speed("0.5", &clock.speed_thousandths), 0);
    CU_ASSERT_EQUAL(exchange_clock_at(&clock, 3000000), day_start_ms + 1000);
    const char *const wrong[] = {"", "0", "-1", "x", "1e3", "0.0001", "1000001", "1 ", NULL};
    for (int i = 0; wrong[i] != NULL; i++)
        CU_ASSERT_EQUAL(exchange_clock_read_speed(wrong[i], &clock.speed_thousandths), ERROR_ARGUMENT);
    CU_ASSERT_EQUAL(clock.speed_thousandths, 500);
}

static void an_offset_moves_the_clock(void)
{
    const struct exchange_clock clock = {
        .origin_exchange_ms = day_start_ms, .speed_thousandths = 2000, .offset_ms = -3000};
    CU_ASSERT_EQUAL(exchange_clock_at(&clock, 1000000), day_start_ms + 2000 - 3000);
}

static void an_origin_gives_the_same_clock_again(void)
{
    int64_t monotonic_ms = 0, exchange_ms = 0;
    CU_ASSERT_EQUAL(exchange_clock_read_origin("12345:1734739200000", &monotonic_ms, &exchange_ms), 0);
    CU_ASSERT_EQUAL(monotonic_ms, 12345);
    CU_ASSERT_EQUAL(exchange_ms, day_start_ms);
    const char *const wrong[] = {"", ":", "1", "1:", ":1", "a:1", "1:-1", "1:2:3", "1.5:2", NULL};
    for (int i = 0; wrong[i] != NULL; i++)
        CU_ASSERT_EQUAL(exchange_clock_read_origin(wrong[i], &monotonic_ms, &exchange_ms), ERROR_ARGUMENT);
}

/* ---- weight ---- */

static void weight_is_counted_by_the_minute(void)
{
    struct weight_meter meter = {0};
    bool new_ban = false;
    int64_t now_ms = day_start_ms + 10500;
    CU_ASSERT_EQUAL(weight_charge(&meter, now_ms, WEIGHT_LIMIT, &new_ban), WEIGHT_OK);
    CU_ASSERT_EQUAL(weight_charge(&meter, now_ms, 1, &new_ban), WEIGHT_OVER);
    CU_ASSERT_EQUAL(meter.used, WEIGHT_LIMIT + 1);
    CU_ASSERT_EQUAL(weight_retry_after_s(&meter, now_ms, WEIGHT_OVER), 50);
    CU_ASSERT_EQUAL(weight_retry_after_s(&meter, day_start_ms + MINUTE_MS - 1, WEIGHT_OVER), 1);
    CU_ASSERT_EQUAL(weight_charge(&meter, day_start_ms + MINUTE_MS, 80, &new_ban), WEIGHT_OK);
    CU_ASSERT_EQUAL(meter.used, 80);
    CU_ASSERT_FALSE(new_ban);
}

/* Hammers until a ban comes; returns its length in seconds. */
static int hammer(struct weight_meter *meter, int64_t now_ms)
{
    bool new_ban = false;
    for (int i = 0; i < WEIGHT_PATIENCE + 2 && !new_ban; i++) {
        enum weight_verdict verdict = weight_charge(meter, now_ms, WEIGHT_LIMIT, &new_ban);
        CU_ASSERT_EQUAL(verdict == WEIGHT_BANNED, new_ban);
    }
    CU_ASSERT_TRUE(new_ban);
    return weight_retry_after_s(meter, now_ms, WEIGHT_BANNED);
}

static void bans_double_and_end(void)
{
    struct weight_meter meter = {0};
    bool new_ban = false;
    int64_t now_ms = day_start_ms;
    for (int expected = WEIGHT_FIRST_BAN_S; expected < WEIGHT_LONGEST_BAN_S; expected *= 2) {
        CU_ASSERT_EQUAL(hammer(&meter, now_ms), expected);
        CU_ASSERT_EQUAL(weight_charge(&meter, meter.banned_until_ms - 1, 1, &new_ban), WEIGHT_BANNED);
        CU_ASSERT_FALSE(new_ban);
        now_ms = meter.banned_until_ms;
        CU_ASSERT_EQUAL(weight_charge(&meter, now_ms, 1, &new_ban), WEIGHT_OK);
        now_ms += MINUTE_MS;
    }
    CU_ASSERT_EQUAL(hammer(&meter, now_ms), WEIGHT_LONGEST_BAN_S);
    CU_ASSERT_EQUAL(hammer(&meter, meter.banned_until_ms + MINUTE_MS), WEIGHT_LONGEST_BAN_S);
}

static void a_planned_ban_comes_by_itself(void)
{
    struct weight_meter meter = {.planned_ban_ms = day_start_ms, .planned_ban_end_ms = day_start_ms + 30000};
    bool new_ban = true;
    CU_ASSERT_EQUAL(weight_charge(&meter, day_start_ms - 1, 1, &new_ban), WEIGHT_OK);
    CU_ASSERT_FALSE(new_ban);
    CU_ASSERT_EQUAL(weight_charge(&meter, day_start_ms + 10000, 1, &new_ban), WEIGHT_BANNED);
    CU_ASSERT_TRUE(new_ban);
    CU_ASSERT_EQUAL(weight_retry_after_s(&meter, day_start_ms + 10000, WEIGHT_BANNED), 20);
    CU_ASSERT_EQUAL(weight_charge(&meter, day_start_ms + 10001, 1, &new_ban), WEIGHT_BANNED);
    CU_ASSERT_FALSE(new_ban);
    CU_ASSERT_EQUAL(weight_charge(&meter, day_start_ms + 30000, 1, &new_ban), WEIGHT_OK);
}

static void a_planned_burst_refuses_and_does_not_ban(void)
{
    struct weight_meter meter = {.planned_limit_ms = day_start_ms + 1000, .planned_limit_end_ms = day_start_ms + 91000};
    bool new_ban = false;
    CU_ASSERT_EQUAL(weight_charge(&meter, day_start_ms, 1, &new_ban), WEIGHT_OK);
    for (int i = 0; i < 200; i++)
        CU_ASSERT_EQUAL(weight_charge(&meter, day_start_ms + 1000, 1, &new_ban), WEIGHT_OVER);
    CU_ASSERT_FALSE(new_ban);
    CU_ASSERT_EQUAL(weight_retry_after_s(&meter, day_start_ms + 1000, WEIGHT_OVER), 90);
    CU_ASSERT_EQUAL(weight_charge(&meter, day_start_ms + 90999, 1, &new_ban), WEIGHT_OVER);
    CU_ASSERT_EQUAL(weight_charge(&meter, day_start_ms + 91000, 1, &new_ban), WEIGHT_OK);
}

/* ---- faults ---- */

static void faults_come_at_their_rates_and_from_their_seed(void)
{
    struct fault_plan plan = {.state = 7}, again = {.state = 7};
    CU_ASSERT_EQUAL(faults_read("status500=0.1,drop=0.05", &plan), 0);
    CU_ASSERT_EQUAL(faults_read("status500=0.1,drop=0.05", &again), 0);
    int counts[FAULTS + 1] = {0};
    for (int i = 0; i < 100000; i++) {
        enum fault fault = faults_draw(&plan, FAULT_WHEN_REQUEST);
        CU_ASSERT_EQUAL(fault, faults_draw(&again, FAULT_WHEN_REQUEST));
        counts[fault]++;
    }
    CU_ASSERT_TRUE(counts[FAULT_status500] > 9500 && counts[FAULT_status500] < 10500);
    CU_ASSERT_TRUE(counts[FAULT_drop] > 4600 && counts[FAULT_drop] < 5400);
    CU_ASSERT_EQUAL(counts[FAULT_status500] + counts[FAULT_drop] + counts[FAULT_NONE], 100000);
    CU_ASSERT_EQUAL(faults_read("status500=1,missing_candle=1,silent_stream=1,stream_drop=1,revise=1", &plan), 0);
    CU_ASSERT_EQUAL(faults_draw(&plan, FAULT_WHEN_REQUEST), FAULT_status500);
    CU_ASSERT_EQUAL(faults_draw(&plan, FAULT_WHEN_KLINES), FAULT_missing_candle);
    CU_ASSERT_EQUAL(faults_draw(&plan, FAULT_WHEN_SUBSCRIPTION), FAULT_silent_stream);
    CU_ASSERT_EQUAL(faults_draw(&plan, FAULT_WHEN_CONNECTION), FAULT_stream_drop);
    CU_ASSERT_EQUAL(faults_read("html=1", &plan), 0);
    CU_ASSERT_EQUAL(faults_draw(&plan, FAULT_WHEN_CONNECTION), FAULT_NONE);
    CU_ASSERT_EQUAL(faults_draw(&plan, FAULT_WHEN_REQUEST), FAULT_html);
}

static void wrong_faults_are_named(void)
{
    struct fault_plan plan = {0};
    const struct {
        const char *text, *expected;
    } rows[] = {{"nope=0.1", "'nope'"},          {"drop", "'drop'"},   {"drop=2", "'2'"},  {"drop=-0.1", "'-0.1'"},
                {"drop=x", "'x'"},               {"", "''"},           {"drop=0.1,", "''"},
                {"drop=0.6,empty=0.5", "more than 1"}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        CU_ASSERT_EQUAL(faults_read(rows[i].text, &plan), ERROR_ARGUMENT);
        CU_ASSERT_PTR_NOT_NULL(strstr(error_message(), rows[i].expected));
    }
    CU_ASSERT_EQUAL(faults_draw(&plan, FAULT_WHEN_REQUEST), FAULT_NONE);
}

/* ---- text ---- */

static void amounts_are_written_with_eight_decimals(void)
{
    const struct {
        int64_t mantissa;
        uint8_t scale;
        const char *text;
    } rows[] = {{9753771, 2, "\"97537.71000000\""},
                {0, 0, "\"0.00000000\""},
                {1, 8, "\"0.00000001\""},
                {-1, 8, "\"-0.00000001\""},
                {-123456789, 5, "\"-1234.56789000\""},
                {115394521129, 0, "\"115394521129.00000000\""},
                {99999999, 0, "\"99999999.00000000\""},
                {100000000, 0, "\"100000000.00000000\""},
                {INT64_MAX, 0, "\"9223372036854775807.00000000\""},
                {INT64_MIN, 8, "\"-92233720368.54775808\""}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char text[TEXT_AMOUNT_SIZE];
        *text_put_amount(text, rows[i].mantissa, rows[i].scale) = '\0';
        CU_ASSERT_STRING_EQUAL(text, rows[i].text);
    }
}

static void integers_are_written_as_printf_does(void)
{
    for (int i = 0; i < 200000; i++) {
        int64_t value = (int64_t)test_random() >> (test_random() % 64);
        char text[TEXT_INTEGER_SIZE], expected[32];
        *text_put_integer(text, value) = '\0';
        (void)snprintf(expected, sizeof expected, "%lld", (long long)value);
        CU_ASSERT_STRING_EQUAL_FATAL(text, expected);
    }
}

static void json_strings_are_escaped(void)
{
    struct text text = {0};
    text_add_json(&text, "a\"b\\c\nd\x7f\xff");
    text_add_bytes(&text, "", 1);
    CU_ASSERT_STRING_EQUAL(text.bytes, "\"a\\\"b\\\\c\\u000ad\\u007f\\u00ff\"");
    text_release(&text);
}

/* ---- journal and options ---- */

static void the_journal_has_a_line_for_each_event(void)
{
    char path[300], text[600] = {0};
    struct journal journal;
    (void)snprintf(path, sizeof path, "%s/journal", test_directory());
    CU_ASSERT_EQUAL_FATAL(journal_open(&journal, path), 0);
    journal_request(&journal, 5, &(struct journal_request){.method = "GET", .path = "/a\"b", .query = "x=1\n",
                                                           .status = 200, .weight = 2, .used = 7, .fault = "delay"});
    journal_close(&journal);
    CU_ASSERT_EQUAL_FATAL(journal_open(&journal, path), 0);
    CU_ASSERT_PTR_NOT_NULL(journal_begin(&journal, 6, "stop"));
    journal_end(&journal);
    journal_close(&journal);
    FILE *file = fopen(path, "r");
    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    CU_ASSERT_TRUE(fread(text, 1, sizeof text - 1, file) > 0);
    (void)fclose(file);
    CU_ASSERT_STRING_EQUAL(text, "{\"t\":5,\"event\":\"request\",\"method\":\"GET\",\"path\":\"/a\\\"b\","
                                 "\"query\":\"x=1\\u000a\",\"status\":200,\"weight\":2,\"used\":7,"
                                 "\"fault\":\"delay\"}\n"
                                 "{\"t\":6,\"event\":\"stop\"}\n");
    CU_ASSERT_EQUAL(journal_open(&journal, "/nonexistent/journal"), ERROR_SYSTEM);
    CU_ASSERT_EQUAL(journal_open(&journal, NULL), 0);
    CU_ASSERT_PTR_NULL(journal_begin(&journal, 6, "stop"));
    journal_close(&journal);
}

static int read_options(struct simulator_options *options, char *first, char *second, char *third)
{
    char program[] = "wick-simulator";
    char *argv[] = {program, first, second, third, NULL};
    int argc = 1;
    while (argv[argc] != NULL)
        argc++;
    return simulator_options_read(argc, argv, options);
}

static void options_are_read_by_the_table(void)
{
    char generate_flag[] = "--generate", count[] = "5", delay[] = "--fault-delay-ms=30", wrong[] = "--prot",
         help[] = "--help", help_value[] = "--help=1", word[] = "word";
    struct simulator_options options;
    CU_ASSERT_EQUAL(read_options(&options, generate_flag, count, delay), 0);
    CU_ASSERT_STRING_EQUAL(options.generate, "5");
    CU_ASSERT_STRING_EQUAL(options.fault_delay_ms, "30");
    CU_ASSERT_STRING_EQUAL(options.speed, "1");
    CU_ASSERT_PTR_NULL(options.replay);
    CU_ASSERT_PTR_NULL(options.help);
    CU_ASSERT_EQUAL(read_options(&options, help, NULL, NULL), 0);
    CU_ASSERT_PTR_NOT_NULL(options.help);
    CU_ASSERT_EQUAL(read_options(&options, wrong, count, NULL), ERROR_ARGUMENT);
    CU_ASSERT_PTR_NOT_NULL(strstr(error_message(), "'--prot'"));
    CU_ASSERT_EQUAL(read_options(&options, generate_flag, NULL, NULL), ERROR_ARGUMENT);
    CU_ASSERT_EQUAL(read_options(&options, help_value, NULL, NULL), ERROR_ARGUMENT);
    CU_ASSERT_EQUAL(read_options(&options, word, NULL, NULL), ERROR_ARGUMENT);
}

const char *const suite_name = "simulated exchange";
const struct test suite_tests[] = {
    {"the clock runs at its speed", the_clock_runs_at_its_speed},
    {"an offset moves the clock", an_offset_moves_the_clock},
    {"an origin gives the same clock again", an_origin_gives_the_same_clock_again},
    {"weight is counted by the minute", weight_is_counted_by_the_minute},
    {"bans double and end", bans_double_and_end},
    {"a planned ban comes by itself", a_planned_ban_comes_by_itself},
    {"a planned burst refuses and does not ban", a_planned_burst_refuses_and_does_not_ban},
    {"faults come at their rates and from their seed", faults_come_at_their_rates_and_from_their_seed},
    {"wrong faults are named", wrong_faults_are_named},
    {"amounts are written with eight decimals", amounts_are_written_with_eight_decimals},
    {"integers are written as printf does", integers_are_written_as_printf_does},
    {"JSON strings are escaped", json_strings_are_escaped},
    {"the journal has a line for each event", the_journal_has_a_line_for_each_event},
    {"options are read by the table", options_are_read_by_the_table},
    {NULL, NULL},
};
