/* The simulated exchange's parts, without a socket: clock, budget, faults, files, candles, statistics, rendering. What
 * it says over HTTP is tested with a client of the real exchange, in ccxt/. */
/* SPDX-License-Identifier: MIT */
#include "tests/harness.h"
#include "tools/simulator/candle_file.h"
#include "tools/simulator/clock.h"
#include "tools/simulator/faults.h"
#include "tools/simulator/generate.h"
#include "tools/simulator/journal.h"
#include "tools/simulator/kline_rows.h"
#include "tools/simulator/options.h"
#include "tools/simulator/replay.h"
#include "tools/simulator/statistics.h"
#include "tools/simulator/weight.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MINUTE_MS = 60000 };

static const int64_t day_start_ms = 1734739200000; /* 2024-12-21T00:00Z */

/* Of the candles and names that seed 1 gives; another sum means another market for everybody. */
#define REFERENCE_SUM 1820536611459499549u

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

/* ---- faults ---- */

static void faults_come_at_their_rates_and_from_their_seed(void)
{
    struct fault_plan plan = {.state = 7}, again = {.state = 7};
    CU_ASSERT_EQUAL(faults_read("status500=0.1,drop=0.05", &plan), 0);
    CU_ASSERT_EQUAL(faults_read("status500=0.1,drop=0.05", &again), 0);
    int counts[FAULTS + 1] = {0};
    for (int i = 0; i < 100000; i++) {
        enum fault fault = faults_draw(&plan);
        CU_ASSERT_EQUAL(fault, faults_draw(&again));
        counts[fault]++;
    }
    CU_ASSERT_TRUE(counts[FAULT_status500] > 9500 && counts[FAULT_status500] < 10500);
    CU_ASSERT_TRUE(counts[FAULT_drop] > 4600 && counts[FAULT_drop] < 5400);
    CU_ASSERT_EQUAL(counts[FAULT_status500] + counts[FAULT_drop] + counts[FAULT_NONE], 100000);
    CU_ASSERT_EQUAL(faults_read("html=1", &plan), 0);
    CU_ASSERT_EQUAL(faults_draw(&plan), FAULT_html);
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
    CU_ASSERT_EQUAL(faults_draw(&plan), FAULT_NONE);
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

/* ---- candle files ---- */

#define HEADER "open_time_ms,open,high,low,close,volume\n"
#define FIRST_ROW "1734739200000,10.5,11,10.25,10.75,100\n"

static const char *write_file(const char *folder, const char *name, const char *text)
{
    static char path[300];
    (void)snprintf(path, sizeof path, "%s/%s", test_directory(), folder);
    (void)mkdir(path, 0755);
    (void)snprintf(path, sizeof path, "%s/%s/%s", test_directory(), folder, name);
    FILE *file = fopen(path, "w");
    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    CU_ASSERT_TRUE(fputs(text, file) >= 0);
    CU_ASSERT_EQUAL(fclose(file), 0);
    return path;
}

static void candles_are_read_into_ticks_and_lots(void)
{
    struct market_symbol symbol = {0};
    struct candle_series series = {0};
    const char *path = write_file("read", "A_1m.csv",
                                  HEADER FIRST_ROW "1734739260000,10.75,10.75,10.75,10.75,0\r\n"
                                                   "1734739380000,10.750,12,10.7500,11.1234,0.00000001");
    CU_ASSERT_EQUAL_FATAL(candle_file_read(path, 60, &symbol, &series), 0);
    CU_ASSERT_EQUAL(series.count, 3);
    CU_ASSERT_EQUAL(symbol.price_scale, 4);
    CU_ASSERT_EQUAL(symbol.volume_scale, 8);
    CU_ASSERT_EQUAL(series.candles[0].open, 105000);
    CU_ASSERT_EQUAL(series.candles[0].volume, 10000000000);
    CU_ASSERT_EQUAL(series.candles[2].open_time_ms, 1734739380000);
    CU_ASSERT_EQUAL(series.candles[2].close, 111234);
    CU_ASSERT_EQUAL(series.candles[2].volume, 1);
    free(series.candles);
}

static void wrong_lines_are_named(void)
{
    const struct {
        const char *text, *where, *what;
    } rows[] = {
        {"", ":1: ", "the file ends"},
        {"time,o,h,l,c,v\n" FIRST_ROW, ":1: ", "expected 'open_time_ms,open,high,low,close,volume'"},
        {HEADER, ":2: ", "at least one candle"},
        {HEADER FIRST_ROW "\n", ":3: ", "1 fields, expected 6"},
        {HEADER FIRST_ROW "1734739260000,1,1,1,1\n", ":3: ", "5 fields"},
        {HEADER FIRST_ROW "1734739260000,1,1,1,1,1,1\n", ":3: ", "7 fields"},
        {HEADER "abc,1,1,1,1,1\n", ":2: ", "open_time_ms 'abc'"},
        {HEADER "1734739200000.5,1,1,1,1,1\n", ":2: ", "whole milliseconds"},
        {HEADER "1734739200001,1,1,1,1,1\n", ":2: ", "expected a multiple of 1m"},
        {HEADER FIRST_ROW FIRST_ROW, ":3: ", "expected one after 1734739200000"},
        {HEADER FIRST_ROW "1734739140000,1,1,1,1,1\n", ":3: ", "expected one after"},
        {HEADER "1734739200000,1,1,1,1e5,1\n", ":2: ", "close '1e5', expected a decimal number"},
        {HEADER "1734739200000,1,1,1,nan,1\n", ":2: ", "close 'nan'"},
        {HEADER "1734739200000,1,1,1,,1\n", ":2: ", "close ''"},
        {HEADER "1734739200000,1,1,1,0.123456789,1\n", ":2: ", "at most 8 decimals"},
        {HEADER "1734739200000,0,1,0,1,1\n", ":2: ", "not positive"},
        {HEADER "1734739200000,-1,1,-1,1,1\n", ":2: ", "not positive"},
        {HEADER "1734739200000,5,4,1,3,1\n", ":2: ", "high is below"},
        {HEADER "1734739200000,3,5,4,5,1\n", ":2: ", "low is above"},
        {HEADER "1734739200000,1,1,1,1,-1\n", ":2: ", "volume is negative"},
        {HEADER "1734739200000,1,1,1,1,99999999999999999\n", ":2: ", "volume '99999999999999999'"},
        {HEADER "1734739200000,1,1,1,1,99999999999999\n1734739260000,1,1,1,1,0.00000001\n", ":3: ", "too many digits"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct market_symbol symbol = {0};
        struct candle_series series = {0};
        char expected[400];
        const char *path = write_file("wrong", "A_1m.csv", rows[i].text);
        (void)snprintf(expected, sizeof expected, "%s%s", path, rows[i].where);
        CU_ASSERT_TRUE(candle_file_read(path, 60, &symbol, &series) < 0);
        CU_ASSERT_EQUAL(strncmp(error_message(), expected, strlen(expected)), 0);
        CU_ASSERT_PTR_NOT_NULL(strstr(error_message(), rows[i].what));
        CU_ASSERT_PTR_NULL(series.candles);
    }
}

static void file_names_are_taken_apart(void)
{
    char symbol[MARKET_NAME_SIZE];
    uint32_t interval_s = 0;
    CU_ASSERT_EQUAL(candle_file_read_name("BTCUSDT_5m.csv.gz", symbol, &interval_s), 0);
    CU_ASSERT_STRING_EQUAL(symbol, "BTCUSDT");
    CU_ASSERT_EQUAL(interval_s, 300);
    CU_ASSERT_EQUAL(candle_file_read_name("A_B_1d.csv", symbol, &interval_s), 0);
    CU_ASSERT_STRING_EQUAL(symbol, "A_B");
    const char *const wrong[] = {"BTCUSDT.csv.gz", "_5m.csv", "BTCUSDT_7m.csv", "btcusdt_5m.csv", "BTCUSDT_5m.txt",
                                 "BTCUSDT_5m", "ABCDEFGHIJKLMNOPQRSTU_5m.csv", "BTC/USDT_5m.csv", "_.csv", NULL};
    for (int i = 0; wrong[i] != NULL; i++)
        CU_ASSERT_EQUAL(candle_file_read_name(wrong[i], symbol, &interval_s), ERROR_ARGUMENT);
}

/* ---- replay ---- */

/* Opens a folder of the test's directory; errors go to `text`. */
static int open_folder(const char *folder, char *text, size_t capacity, struct market **out)
{
    char path[300];
    (void)snprintf(path, sizeof path, "%s/%s", test_directory(), folder);
    text[0] = '\0';
    FILE *errors = fmemopen(text, capacity, "w");
    CU_ASSERT_PTR_NOT_NULL_FATAL(errors);
    int code = replay_open(path, errors, out);
    (void)fclose(errors);
    return code;
}

static void every_wrong_file_is_reported(void)
{
    char errors[4096];
    struct market *market = NULL;
    (void)write_file("mixed", "AUSDT_1m.csv", HEADER FIRST_ROW);
    (void)write_file("mixed", "BUSDT_1m.csv", HEADER FIRST_ROW "x\n");
    (void)write_file("mixed", "CUSDT_1m.csv", "nothing");
    (void)write_file("mixed", "DUSDT_5m.csv", HEADER FIRST_ROW);
    (void)write_file("mixed", "README.md", "not a candle file");
    CU_ASSERT_EQUAL(open_folder("mixed", errors, sizeof errors, &market), ERROR_CONFIGURATION);
    CU_ASSERT_PTR_NOT_NULL(strstr(errors, "/BUSDT_1m.csv:3: 1 fields"));
    CU_ASSERT_PTR_NOT_NULL(strstr(errors, "/CUSDT_1m.csv:1: header 'nothing'"));
    CU_ASSERT_PTR_NOT_NULL(strstr(errors, "/DUSDT_5m.csv: interval 5m, expected 1m"));
    CU_ASSERT_PTR_NOT_NULL(strstr(error_message(), "3 of 4 candle files"));
    (void)write_file("empty", "README.md", "no candles here");
    CU_ASSERT_EQUAL(open_folder("empty", errors, sizeof errors, &market), ERROR_CONFIGURATION);
    CU_ASSERT_PTR_NOT_NULL(strstr(error_message(), "no candle files"));
    CU_ASSERT_EQUAL(open_folder("absent", errors, sizeof errors, &market), ERROR_CONFIGURATION);
    CU_ASSERT_PTR_NOT_NULL(strstr(error_message(), "No such file"));
    (void)write_file("twice", "AUSDT_1m.csv", HEADER FIRST_ROW);
    (void)write_file("twice", "AUSDT_1m.csv.gz", HEADER FIRST_ROW);
    CU_ASSERT_EQUAL(open_folder("twice", errors, sizeof errors, &market), ERROR_CONFIGURATION);
    CU_ASSERT_PTR_NOT_NULL(strstr(error_message(), "AUSDT is there twice"));
    CU_ASSERT_PTR_NULL(market);
}

/* A market of one symbol: `count` one-minute candles but for those that `is_gap` names. */
static struct market *open_minutes(int count, bool (*is_gap)(int minute))
{
    static int serial;
    char folder[32], errors[1000];
    char *text = malloc((size_t)count * 80 + 100);
    CU_ASSERT_PTR_NOT_NULL_FATAL(text);
    size_t length = (size_t)snprintf(text, 80, "%s", HEADER);
    for (int i = 0; i < count; i++) {
        if (is_gap != NULL && is_gap(i))
            continue;
        int open = 1000 + (int)(test_random() % 200), close = 1000 + (int)(test_random() % 200);
        int high = (open > close ? open : close) + (int)(test_random() % 50);
        int low = (open < close ? open : close) - (int)(test_random() % 50);
        length += (size_t)snprintf(text + length, 80, "%lld,%d.%02d,%d.%02d,%d.%02d,%d.%02d,%d.5\n",
                                   (long long)(day_start_ms + (int64_t)i * MINUTE_MS), open / 100, open % 100,
                                   high / 100, high % 100, low / 100, low % 100, close / 100, close % 100,
                                   (int)(test_random() % 900));
    }
    (void)snprintf(folder, sizeof folder, "minutes%d", ++serial);
    (void)write_file(folder, "AUSDT_1m.csv", text);
    free(text);
    struct market *market = NULL;
    CU_ASSERT_EQUAL_FATAL(open_folder(folder, errors, sizeof errors, &market), 0);
    return market;
}

static bool gap_at_20_to_59(int minute)
{
    return minute >= 20 && minute < 60;
}

static void the_clock_starts_behind_the_warm_up(void)
{
    struct market *market = open_minutes(1008, NULL);
    CU_ASSERT_EQUAL(market->start_ms, day_start_ms + (int64_t)REPLAY_WARM_UP * MINUTE_MS);
    market_destroy(market);
    market = open_minutes(1007, NULL);
    CU_ASSERT_EQUAL(market->start_ms, day_start_ms + 251 * MINUTE_MS);
    market_destroy(market);
    market = open_minutes(1, NULL);
    CU_ASSERT_EQUAL(market->start_ms, day_start_ms);
    market_destroy(market);
}

static void names_are_split_at_the_quote_asset(void)
{
    const char *const rows[][3] = {{"ETHUSDT", "ETH", "USDT"},     {"BTCFDUSD", "BTC", "FDUSD"}, {"ETHBTC", "ETH", "BTC"},
                                   {"USDCUSDT", "USDC", "USDT"},   {"BTCEUR", "BTC", "EUR"},     {"BTCUSD", "BTC", "USD"},
                                   {"FOOXYZ", "FOO", "XYZ"},       {"USDT", "U", "SDT"},         {"AB", "AB", ""}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct market_symbol symbol = {0};
        (void)snprintf(symbol.name, sizeof symbol.name, "%s", rows[i][0]);
        market_split_name(&symbol);
        CU_ASSERT_STRING_EQUAL(symbol.base, rows[i][1]);
        CU_ASSERT_STRING_EQUAL(symbol.quote, rows[i][2]);
    }
}

/* ---- the forming candle ---- */

static void a_forming_candle_grows_into_the_whole_one(void)
{
    for (int i = 0; i < 2000; i++) {
        struct market_candle whole = {.open = 1000 + (int64_t)(test_random() % 100),
                                      .close = 1000 + (int64_t)(test_random() % 100),
                                      .volume = (int64_t)(test_random() % 1000000)};
        whole.high = (whole.open > whole.close ? whole.open : whole.close) + (int64_t)(test_random() % 50);
        whole.low = (whole.open < whole.close ? whole.open : whole.close) - (int64_t)(test_random() % 50);
        struct market_candle before = whole;
        candle_form(&before, 0, MINUTE_MS);
        CU_ASSERT_TRUE(before.open == whole.open && before.high == whole.open && before.low == whole.open);
        CU_ASSERT_TRUE(before.close == whole.open && before.volume == 0);
        for (int64_t elapsed_ms = 0; elapsed_ms <= MINUTE_MS; elapsed_ms += 1 + (int64_t)(test_random() % 5000)) {
            struct market_candle part = whole;
            candle_form(&part, elapsed_ms, MINUTE_MS);
            CU_ASSERT_TRUE(part.open == whole.open && part.high <= whole.high && part.low >= whole.low);
            CU_ASSERT_TRUE(part.high >= before.high && part.low <= before.low && part.volume >= before.volume);
            CU_ASSERT_TRUE(part.close <= part.high && part.close >= part.low && part.open <= part.high);
            before = part;
        }
        struct market_candle end = whole;
        candle_form(&end, MINUTE_MS, MINUTE_MS);
        CU_ASSERT_EQUAL(memcmp(&end, &whole, sizeof end), 0);
        struct market_candle last = whole;
        candle_form(&last, MINUTE_MS - 1, MINUTE_MS);
        CU_ASSERT_TRUE(last.high == whole.high && last.low == whole.low);
    }
}

static void quote_volume_is_exact_and_saturates(void)
{
    const struct market_symbol symbol = {.price_scale = 2, .volume_scale = 5};
    const struct market_candle candle = {.open = 9753771, .high = 9753771, .low = 9753771, .close = 9753771, .volume = 150000};
    CU_ASSERT_EQUAL(candle_quote(&candle, &symbol), 14630656500000); /* 97537.71 * 1.5 */
    const struct market_symbol whole = {.price_scale = 0, .volume_scale = 0};
    const struct market_candle large = {.open = 1000000, .high = 1000000, .low = 1000000, .close = 1000000, .volume = 10000000000};
    CU_ASSERT_EQUAL(candle_quote(&large, &whole), INT64_MAX);
    const struct market_symbol fine = {.price_scale = 8, .volume_scale = 8};
    const struct market_candle tiny = {.open = 300000000, .high = 300000000, .low = 300000000, .close = 300000000, .volume = 5};
    CU_ASSERT_EQUAL(candle_quote(&tiny, &fine), 15);
}

/* ---- klines ---- */

static struct kline klines[KLINES_MAX];

static size_t ask(const struct market *market, uint32_t interval_s, int64_t first_ms, int64_t last_ms, size_t limit,
                  int64_t now_ms)
{
    const struct kline_query query = {
        .interval_s = interval_s, .first_ms = first_ms, .last_ms = last_ms, .limit = limit};
    return klines_read(market, &query, now_ms, klines);
}

static void klines_are_found_by_time_and_limit(void)
{
    struct market *market = open_minutes(200, NULL);
    int64_t now_ms = day_start_ms + 100 * MINUTE_MS + 30000;
    CU_ASSERT_EQUAL(ask(market, 60, -1, INT64_MAX, 10, now_ms), 10);
    CU_ASSERT_EQUAL(klines[9].candle.open_time_ms, day_start_ms + 100 * MINUTE_MS);
    CU_ASSERT_EQUAL(klines[0].candle.open_time_ms, day_start_ms + 91 * MINUTE_MS);
    CU_ASSERT_EQUAL(ask(market, 60, -1, INT64_MAX, 1000, now_ms), 101);
    CU_ASSERT_EQUAL(ask(market, 60, day_start_ms + 1, INT64_MAX, 1000, now_ms), 100);
    CU_ASSERT_EQUAL(klines[0].candle.open_time_ms, day_start_ms + MINUTE_MS);
    CU_ASSERT_EQUAL(ask(market, 60, day_start_ms, INT64_MAX, 5, now_ms), 5);
    CU_ASSERT_EQUAL(klines[4].candle.open_time_ms, day_start_ms + 4 * MINUTE_MS);
    CU_ASSERT_EQUAL(ask(market, 60, day_start_ms, day_start_ms + 2 * MINUTE_MS, 500, now_ms), 3);
    CU_ASSERT_EQUAL(ask(market, 60, day_start_ms, day_start_ms + 3 * MINUTE_MS - 1, 500, now_ms), 3);
    CU_ASSERT_EQUAL(ask(market, 60, -1, day_start_ms + 2 * MINUTE_MS, 2, now_ms), 2);
    CU_ASSERT_EQUAL(klines[1].candle.open_time_ms, day_start_ms + 2 * MINUTE_MS);
    CU_ASSERT_EQUAL(ask(market, 60, day_start_ms + 5 * MINUTE_MS, day_start_ms, 500, now_ms), 0);
    CU_ASSERT_EQUAL(ask(market, 60, now_ms + 1, INT64_MAX, 500, now_ms), 0);
    CU_ASSERT_EQUAL(ask(market, 60, -1, day_start_ms - 1, 500, now_ms), 0);
    CU_ASSERT_EQUAL(ask(market, 60, -1, INT64_MAX, 500, day_start_ms - 1), 0);
    market_destroy(market);
}

static void klines_end_with_the_data(void)
{
    struct market *market = open_minutes(50, NULL);
    struct market_candle last;
    market->kind->read(market, 0, 49, 1, &last);
    int64_t now_ms = day_start_ms + 500 * MINUTE_MS;
    CU_ASSERT_EQUAL(ask(market, 60, -1, INT64_MAX, 3, now_ms), 3);
    CU_ASSERT_EQUAL(memcmp(&klines[2].candle, &last, sizeof last), 0);
    struct market_candle newest = market_newest(market, 0, now_ms);
    CU_ASSERT_EQUAL(newest.close, last.close);
    newest = market_newest(market, 0, day_start_ms - 1);
    CU_ASSERT_TRUE(newest.close == newest.open && newest.volume == 0 && newest.close > 0);
    market_destroy(market);
}

/* Folds the one-minute klines of a span by hand and compares. */
static void check_folded(const struct market *market, const struct kline *folded, uint32_t interval_s, int64_t now_ms)
{
    static struct kline minutes[KLINES_MAX];
    int64_t open_ms = folded->candle.open_time_ms;
    const struct kline_query query = {.interval_s = 60, .first_ms = open_ms,
                                      .last_ms = open_ms + (int64_t)interval_s * 1000 - 1, .limit = 1000};
    size_t count = klines_read(market, &query, now_ms, minutes);
    CU_ASSERT_TRUE_FATAL(count > 0);
    int64_t high = 0, low = INT64_MAX, volume = 0, quote = 0, trades = 0;
    for (size_t i = 0; i < count; i++) {
        high = minutes[i].candle.high > high ? minutes[i].candle.high : high;
        low = minutes[i].candle.low < low ? minutes[i].candle.low : low;
        volume += minutes[i].candle.volume;
        quote += minutes[i].quote;
        trades += minutes[i].trades;
    }
    CU_ASSERT_EQUAL(folded->candle.open, minutes[0].candle.open);
    CU_ASSERT_EQUAL(folded->candle.close, minutes[count - 1].candle.close);
    CU_ASSERT_TRUE(folded->candle.high == high && folded->candle.low == low && folded->candle.volume == volume);
    CU_ASSERT_TRUE(folded->quote == quote && folded->trades == trades);
}

static void larger_klines_are_folded_from_smaller(void)
{
    static const uint32_t intervals[] = {180, 300, 900, 3600};
    struct market *market = open_minutes(400, gap_at_20_to_59);
    CU_ASSERT_TRUE(klines_serve(market, 60) && klines_serve(market, 604800));
    CU_ASSERT_FALSE(klines_serve(market, 30));
    int64_t now_ms = day_start_ms + 333 * MINUTE_MS + 17000;
    for (size_t i = 0; i < sizeof intervals / sizeof intervals[0]; i++) {
        uint32_t interval_s = intervals[i];
        for (int form = 0; form < 2; form++) {
            size_t count = ask(market, interval_s, form == 0 ? -1 : day_start_ms, INT64_MAX, 1000, now_ms);
            int64_t previous_ms = 0;
            CU_ASSERT_TRUE(count > 4);
            for (size_t j = 0; j < count; j++) {
                CU_ASSERT_EQUAL(klines[j].candle.open_time_ms % ((int64_t)interval_s * 1000), 0);
                CU_ASSERT_TRUE(klines[j].candle.open_time_ms > previous_ms);
                previous_ms = klines[j].candle.open_time_ms;
                check_folded(market, &klines[j], interval_s, now_ms);
            }
        }
        CU_ASSERT_EQUAL(ask(market, interval_s, -1, INT64_MAX, 2, now_ms), 2);
        check_folded(market, &klines[0], interval_s, now_ms);
        CU_ASSERT_EQUAL(ask(market, interval_s, day_start_ms, INT64_MAX, 1, now_ms), 1);
        CU_ASSERT_EQUAL(klines[0].candle.open_time_ms, day_start_ms);
        check_folded(market, &klines[0], interval_s, now_ms);
    }
    CU_ASSERT_EQUAL(ask(market, 900, -1, day_start_ms + 50 * MINUTE_MS, 3, now_ms), 2);
    CU_ASSERT_EQUAL(klines[1].candle.open_time_ms, day_start_ms + 15 * MINUTE_MS);
    market_destroy(market);
}

/* ---- rows ---- */

static void kept_rows_say_what_fresh_ones_say(void)
{
    struct market *market = open_minutes(3000, gap_at_20_to_59);
    struct kline_rows kept = {0};
    struct text out = {0}, expected = {0};
    size_t available = market->kind->locate(market, 0, INT64_MAX);
    for (int i = 0; i < 400; i++) {
        size_t index = test_random() % available, count = test_random() % 300;
        size_t end = index + count < available ? index + count : available;
        out.length = expected.length = 0;
        kline_rows_write(&kept, market, 0, index, end, &out);
        for (size_t at = index; at < end; at++) {
            struct kline kline;
            market->kind->read(market, 0, at, 1, &kline.candle);
            kline.quote = candle_quote(&kline.candle, &market->symbols[0]);
            kline.trades = candle_trades(&kline.candle);
            kline_write(&expected, &kline, &market->symbols[0], 60);
        }
        CU_ASSERT_EQUAL_FATAL(out.length, expected.length);
        CU_ASSERT_TRUE(out.length == 0 || memcmp(out.bytes, expected.bytes, out.length) == 0);
        CU_ASSERT_TRUE(kept.count <= KLINE_ROWS_MAX);
    }
    text_release(&out);
    text_release(&expected);
    kline_rows_release(&kept);
    market_destroy(market);
}

static void a_kline_is_written_as_the_exchange_does(void)
{
    const struct market_symbol symbol = {.price_scale = 2, .volume_scale = 3};
    const struct kline kline = {{day_start_ms, 100, 250, 50, 200, 4000}, 600000000, 4};
    struct text out = {0};
    kline_write(&out, &kline, &symbol, 300);
    text_add_bytes(&out, "", 1);
    CU_ASSERT_STRING_EQUAL(out.bytes, "[1734739200000,\"1.00000000\",\"2.50000000\",\"0.50000000\",\"2.00000000\","
                                      "\"4.00000000\",1734739499999,\"6.00000000\",4,\"2.20000000\",\"3.30000000\","
                                      "\"0\"],");
    text_release(&out);
}

/* ---- statistics ---- */

/* The statistics of a day, summed up afresh. */
static void check_day(const struct market *market, const struct day_summary *day, int64_t now_ms)
{
    size_t first = market->kind->locate(market, 0, now_ms - STATISTICS_WINDOW_MS + 1);
    size_t end = market_visible(market, 0, now_ms);
    int64_t high = 0, low = INT64_MAX, volume = 0, quote = 0;
    for (size_t i = first; i < end; i++) {
        struct market_candle candle;
        market_read(market, 0, i, 1, now_ms, &candle);
        high = candle.high > high ? candle.high : high;
        low = candle.low < low ? candle.low : low;
        volume += candle.volume;
        quote += candle_quote(&candle, &market->symbols[0]);
        if (i == first)
            CU_ASSERT_EQUAL(day->open, candle.open);
        if (i + 1 == end)
            CU_ASSERT_EQUAL(day->newest.close, candle.close);
    }
    CU_ASSERT_TRUE(day->high == high && day->low == low);
    CU_ASSERT_TRUE(day->volume == volume && day->quote == quote);
}

static void statistics_are_those_of_the_last_day(void)
{
    struct market *market = open_minutes(4000, gap_at_20_to_59);
    struct day day = {0};
    int64_t now_ms = day_start_ms;
    while (now_ms < day_start_ms + 3900 * MINUTE_MS) {
        struct day_summary summary = day_summarise(&day, market, 0, now_ms);
        check_day(market, &summary, now_ms);
        int64_t step = (int64_t)(test_random() % 100);
        now_ms += step == 0 ? 2000 * MINUTE_MS : step < 50 ? 7000 : step * 1000 * 10;
    }
    now_ms = day_start_ms + 6000 * MINUTE_MS;
    struct day_summary quiet = day_summarise(&day, market, 0, now_ms);
    CU_ASSERT_TRUE(quiet.volume == 0 && quiet.high == quiet.low && quiet.open == quiet.newest.close);
    CU_ASSERT_EQUAL(quiet.first_trade, -1);
    now_ms = day_start_ms + 1000 * MINUTE_MS;
    struct day_summary back = day_summarise(&day, market, 0, now_ms); /* a clock may also be set back */
    check_day(market, &back, now_ms);
    market_destroy(market);
}

/* ---- the made-up market ---- */

static struct market *generate(size_t symbols, uint64_t seed, uint32_t interval_s, int64_t start_ms)
{
    struct market *market = NULL;
    const struct generate_options options = {
        .symbols = symbols, .seed = seed, .interval_s = interval_s, .start_ms = start_ms};
    CU_ASSERT_EQUAL_FATAL(generate_open(&options, &market), 0);
    return market;
}

static void candles_are_a_function_of_seed_symbol_and_time(void)
{
    struct market *one = generate(40, 5, 60, day_start_ms), *other = generate(50, 5, 60, day_start_ms + 77 * MINUTE_MS);
    struct market *stranger = generate(40, 6, 60, day_start_ms);
    int differ = 0;
    for (int i = 0; i < 3000; i++) {
        struct market_candle block[70], single, later, foreign;
        size_t symbol = test_random() % 40, index = 100 + test_random() % 9000;
        one->kind->read(one, symbol, index, 70, block);
        one->kind->read(one, symbol, index + 69, 1, &single);
        CU_ASSERT_EQUAL(memcmp(&single, &block[69], sizeof single), 0);
        other->kind->read(other, symbol, index - 77 + 69, 1, &later);
        CU_ASSERT_EQUAL(memcmp(&single, &later, sizeof single), 0);
        stranger->kind->read(stranger, symbol, index + 69, 1, &foreign);
        differ += foreign.close != single.close;
        CU_ASSERT_EQUAL(one->kind->locate(one, symbol, single.open_time_ms), index + 69);
        CU_ASSERT_EQUAL(one->kind->locate(one, symbol, single.open_time_ms + 1), index + 70);
    }
    CU_ASSERT_TRUE(differ > 2900);
    market_destroy(one);
    market_destroy(other);
    market_destroy(stranger);
}

static void made_up_candles_are_possible_and_join(void)
{
    static const uint32_t intervals[] = {60, 300, 3600, 86400};
    for (size_t i = 0; i < 4; i++) {
        struct market *market = generate(100, i, intervals[i], day_start_ms);
        CU_ASSERT_EQUAL(market_visible(market, 0, day_start_ms), GENERATE_HISTORY + 1);
        for (size_t symbol = 0; symbol < 100; symbol++) {
            struct market_candle candles[200];
            market->kind->read(market, symbol, test_random() % 9000, 200, candles);
            for (int j = 0; j < 200; j++) {
                const struct market_candle *candle = &candles[j];
                CU_ASSERT_TRUE(candle->low > 0 && candle->low <= candle->open && candle->low <= candle->close);
                CU_ASSERT_TRUE(candle->high >= candle->open && candle->high >= candle->close && candle->volume > 0);
                CU_ASSERT_TRUE(j == 0 || candle->open == candles[j - 1].close);
                CU_ASSERT_EQUAL(candle->open_time_ms % ((int64_t)intervals[i] * 1000), 0);
            }
        }
        market_destroy(market);
    }
}

/* The reference of the made-up market: the same numbers on every machine, compiler and build. */
static void the_made_up_market_never_changes(void)
{
    struct market *market = generate(60, 1, 60, day_start_ms);
    uint64_t sum = 14695981039346656037u;
    for (size_t symbol = 0; symbol < 60; symbol++) {
        struct market_candle candles[100];
        market->kind->read(market, symbol, 5000, 100, candles);
        for (int i = 0; i < 100; i++) {
            const int64_t numbers[] = {candles[i].open_time_ms, candles[i].open, candles[i].high, candles[i].low,
                                       candles[i].close, candles[i].volume};
            for (int j = 0; j < 6; j++)
                sum = (sum ^ (uint64_t)numbers[j]) * 1099511628211u;
        }
        for (const char *at = market->symbols[symbol].name; *at != '\0'; at++)
            sum = (sum ^ (uint64_t)*at) * 1099511628211u;
    }
    CU_ASSERT_EQUAL(sum, REFERENCE_SUM);
    if (sum != REFERENCE_SUM)
        printf("the sum is %lluu\n", (unsigned long long)sum);
    market_destroy(market);
}

/* How often the three textbook signals occur in `count` candles. */
static void count_signals(const struct market_candle *candles, int count, int *crosses, int *breakouts, int *oversold)
{
    int64_t up = 0, down = 0;
    bool was_above = false, was_low = false;
    for (int i = 1; i < count; i++) {
        int64_t change = candles[i].close - candles[i - 1].close, fast = 0, slow = 0, top = 0;
        up += ((change > 0 ? change * 1000 : 0) - up) / 14;
        down += ((change < 0 ? -change * 1000 : 0) - down) / 14;
        if (i < 60)
            continue;
        for (int j = 0; j < 50; j++) {
            slow += candles[i - j].close;
            fast += j < 20 ? candles[i - j].close : 0;
            top = j > 0 && j <= 20 && candles[i - j].high > top ? candles[i - j].high : top;
        }
        bool above = fast * 50 > slow * 20, low = up * 70 < down * 30;
        *crosses += above && !was_above;
        *breakouts += candles[i].close > top;
        *oversold += low && !was_low;
        was_above = above;
        was_low = low;
    }
}

static void the_made_up_market_gives_strategies_something_to_do(void)
{
    enum { CANDLES = 5000 };
    struct market *market = generate(50, 9, 60, day_start_ms);
    struct market_candle *candles = calloc(CANDLES, sizeof *candles);
    CU_ASSERT_PTR_NOT_NULL_FATAL(candles);
    int crosses = 0, breakouts = 0, oversold = 0;
    for (size_t symbol = 0; symbol < 50; symbol++) {
        market->kind->read(market, symbol, 0, CANDLES, candles);
        count_signals(candles, CANDLES, &crosses, &breakouts, &oversold);
    }
    /* Real candles, per 1,000: 11.2 crosses, 65 closes above the channel, 14.6 dips (20 symbols, one minute, May 2021);
     * 11.9, 55, 12.6 (250 symbols, five minutes, December 2024). */
    CU_ASSERT_TRUE(crosses > 250 * 6 && crosses < 250 * 20);
    CU_ASSERT_TRUE(breakouts > 250 * 35 && breakouts < 250 * 120);
    CU_ASSERT_TRUE(oversold > 250 * 7 && oversold < 250 * 25);
    free(candles);
    market_destroy(market);
}

static void made_up_symbols_are_all_different(void)
{
    struct market *market = generate(GENERATE_SYMBOLS_MAX, 1, 60, day_start_ms); /* checks that itself */
    CU_ASSERT_STRING_EQUAL(market->symbols[0].name, "BTCUSDT");
    for (size_t i = 0; i < market->symbol_count; i++) {
        size_t length = strlen(market->symbols[i].base);
        CU_ASSERT_TRUE(length >= 2 && length <= 6);
        CU_ASSERT_EQUAL(market_find(market, market->symbols[i].name), (long)i);
    }
    CU_ASSERT_EQUAL(market_find(market, "NOSUCH"), -1);
    market_destroy(market);
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
                                 "\"query\":\"x=1\\u000a\",\"status\":200,\"weight\":2,\"used\":7,\"fault\":\"delay\"}\n"
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

/* ---- real data ---- */

static void real_candles_are_served_to_the_last_digit(void)
{
    const char *shared = test_shared_folder();
    char path[300];
    (void)snprintf(path, sizeof path, "%s/market/binance_spot_5m_wide_2024-12", shared == NULL ? "" : shared);
    if (shared == NULL || access(path, R_OK) != 0) {
        test_skip("no real candles beside the project");
        return;
    }
    struct market *market = NULL;
    CU_ASSERT_EQUAL_FATAL(replay_open(path, stderr, &market), 0);
    CU_ASSERT_EQUAL(market->symbol_count, 250);
    CU_ASSERT_EQUAL(market->start_ms, day_start_ms + (int64_t)REPLAY_WARM_UP * 300000);
    long symbol = market_find(market, "BTCUSDT");
    CU_ASSERT_TRUE_FATAL(symbol >= 0);
    const struct kline_query query = {.symbol = (size_t)symbol, .interval_s = 300, .first_ms = -1, .last_ms = INT64_MAX, .limit = 505};
    CU_ASSERT_EQUAL_FATAL(klines_read(market, &query, market->start_ms, klines), 505);
    struct text out = {0};
    kline_write(&out, &klines[1], &market->symbols[symbol], 300);
    static const char expected[] = "[1734739500000,\"97691.29000000\",\"97706.71000000\",\"97423.02000000\","
                                   "\"97537.71000000\",\"140.22431000\",1734739799999,";
    CU_ASSERT_EQUAL(strncmp(out.bytes, expected, strlen(expected)), 0);
    CU_ASSERT_EQUAL(klines[504].candle.volume, 0);
    text_release(&out);
    market_destroy(market);
}

const char *const suite_name = "simulated exchange";
const struct test suite_tests[] = {
    {"the clock runs at its speed", the_clock_runs_at_its_speed},
    {"an origin gives the same clock again", an_origin_gives_the_same_clock_again},
    {"weight is counted by the minute", weight_is_counted_by_the_minute},
    {"bans double and end", bans_double_and_end},
    {"a planned ban comes by itself", a_planned_ban_comes_by_itself},
    {"faults come at their rates and from their seed", faults_come_at_their_rates_and_from_their_seed},
    {"wrong faults are named", wrong_faults_are_named},
    {"amounts are written with eight decimals", amounts_are_written_with_eight_decimals},
    {"integers are written as printf does", integers_are_written_as_printf_does},
    {"JSON strings are escaped", json_strings_are_escaped},
    {"candles are read into ticks and lots", candles_are_read_into_ticks_and_lots},
    {"wrong lines are named", wrong_lines_are_named},
    {"file names are taken apart", file_names_are_taken_apart},
    {"every wrong file of a directory is reported", every_wrong_file_is_reported},
    {"a replay's clock starts behind the warm-up", the_clock_starts_behind_the_warm_up},
    {"names are split at the quote asset", names_are_split_at_the_quote_asset},
    {"a forming candle grows into the whole one", a_forming_candle_grows_into_the_whole_one},
    {"quote volume is exact and saturates", quote_volume_is_exact_and_saturates},
    {"klines are found by time and limit", klines_are_found_by_time_and_limit},
    {"klines end with the data", klines_end_with_the_data},
    {"larger klines are folded from smaller ones", larger_klines_are_folded_from_smaller},
    {"kept rows say what fresh ones say", kept_rows_say_what_fresh_ones_say},
    {"a kline is written as the exchange does", a_kline_is_written_as_the_exchange_does},
    {"statistics are those of the last day", statistics_are_those_of_the_last_day},
    {"made-up candles are a function of seed, symbol and time", candles_are_a_function_of_seed_symbol_and_time},
    {"made-up candles are possible and join", made_up_candles_are_possible_and_join},
    {"the made-up market never changes", the_made_up_market_never_changes},
    {"the made-up market gives strategies something to do", the_made_up_market_gives_strategies_something_to_do},
    {"made-up symbols are all different", made_up_symbols_are_all_different},
    {"the journal has a line for each event", the_journal_has_a_line_for_each_event},
    {"options are read by the table", options_are_read_by_the_table},
    {"real candles are served to the last digit", real_candles_are_served_to_the_last_digit},
    {NULL, NULL},
};
