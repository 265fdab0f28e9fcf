/* The simulated exchange's replayed market: candle files, the forming candle, klines, statistics. */
/* SPDX-License-Identifier: MIT */
#include "tests/harness.h"
#include "tools/simulator/candle_file.h"
#include "tools/simulator/kline_rows.h"
#include "tools/simulator/replay.h"
#include "tools/simulator/statistics.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MINUTE_MS = 60000 };

static const int64_t day_start_ms = 1734739200000; /* 2024-12-21T00:00Z */

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
                                                   "1734739380000,10.750,12,10.7500,11.1234,0.00000001\n"
                                                   "1734739440000,1e1,1.25e+1,10,12,2.9e-7");
    CU_ASSERT_EQUAL_FATAL(candle_file_read(path, 60, &symbol, &series), 0);
    CU_ASSERT_EQUAL(series.count, 4);
    CU_ASSERT_EQUAL(series.candles[3].open, 100000);
    CU_ASSERT_EQUAL(series.candles[3].high, 125000);
    CU_ASSERT_EQUAL(series.candles[3].volume, 29);
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
        {HEADER FIRST_ROW "\n1\n", ":4: ", "1 fields, expected 6"},
        {HEADER FIRST_ROW "1734739260000,1,1,1,1\n", ":3: ", "5 fields"},
        {HEADER FIRST_ROW "1734739260000,1,1,1,1,1,1\n", ":3: ", "7 fields"},
        {HEADER "abc,1,1,1,1,1\n", ":2: ", "open_time_ms 'abc'"},
        {HEADER "1734739200000.5,1,1,1,1,1\n", ":2: ", "whole milliseconds"},
        {HEADER "1734739200001,1,1,1,1,1\n", ":2: ", "expected a multiple of 1m"},
        {HEADER FIRST_ROW FIRST_ROW, ":3: ", "expected one after 1734739200000"},
        {HEADER FIRST_ROW "1734739140000,1,1,1,1,1\n", ":3: ", "expected one after"},
        {HEADER "1734739200000,1,1,1,1e,1\n", ":2: ", "close '1e', expected a decimal number"},
        {HEADER "1734739200000,1,1,1,e1,1\n", ":2: ", "close 'e1'"},
        {HEADER "1734739200000,1,1,1,1e1.5,1\n", ":2: ", "close '1e1.5'"},
        {HEADER "1734739200000,1,1,1,1e99,1\n", ":2: ", "close '1e99'"},
        {HEADER "1734739200000,1,1,1,1e18,1\n", ":2: ", "high is below"},
        {HEADER "1734739200000,1,1,1,12e18,1\n", ":2: ", "close '12e18'"},
        {HEADER "1734739200000,1,1,1,1,2.9e-9\n", ":2: ", "at most 8 decimals"},
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
    const char *const rows[][3] = {
        {"ETHUSDT", "ETH", "USDT"}, {"BTCFDUSD", "BTC", "FDUSD"}, {"ETHBTC", "ETH", "BTC"},
        {"USDCUSDT", "USDC", "USDT"}, {"BTCEUR", "BTC", "EUR"}, {"BTCUSD", "BTC", "USD"},
        {"FOOXYZ", "FOO", "XYZ"}, {"USDT", "U", "SDT"}, {"AB", "AB", ""},
    };
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

/* What changes hands in a candle whose four prices are one. */
static int64_t quote_at(int64_t price, int64_t volume, uint8_t price_scale, uint8_t volume_scale)
{
    const struct market_symbol symbol = {.price_scale = price_scale, .volume_scale = volume_scale};
    const struct market_candle candle = {0, price, price, price, price, volume};
    return candle_quote(&candle, &symbol);
}

static void quote_volume_is_exact_and_saturates(void)
{
    CU_ASSERT_EQUAL(quote_at(9753771, 150000, 2, 5), 14630656500000); /* 97537.71 * 1.5 */
    CU_ASSERT_EQUAL(quote_at(300000000, 5, 8, 8), 15);                /* 3 * 0.00000005 */
    CU_ASSERT_EQUAL(quote_at(1000000, 10000000000, 0, 0), INT64_MAX);
    CU_ASSERT_EQUAL(quote_at(92233720368, 1, 0, 0), 9223372036800000000);
    CU_ASSERT_EQUAL(quote_at(92233720369, 1, 0, 0), INT64_MAX);
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

/* ---- real data ---- */

static void a_candle_that_spans_much_is_kept_whole(void)
{
    struct market *market = NULL;
    struct market_candle candle;
    (void)write_file("tall", "AUSDT_1m.csv", HEADER "60000,1,1000.00000001,1,500,7\n"
                                             "180000,500,500.00000003,0.00000001,2,0\n");
    char text[200];
    CU_ASSERT_EQUAL_FATAL(open_folder("tall", text, sizeof text, &market), 0);
    CU_ASSERT_EQUAL(market->kind->locate(market, 0, 60001), 1);
    market->kind->read(market, 0, 0, 1, &candle);
    CU_ASSERT(candle.high == 100000000001 && candle.low == 100000000 && candle.volume == 7);
    market->kind->read(market, 0, 1, 1, &candle);
    CU_ASSERT(candle.open_time_ms == 180000 && candle.high == 50000000003 && candle.low == 1 && candle.close == 200000000);
    market_destroy(market);
}

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
    const struct kline_query query = {
        .symbol = (size_t)symbol, .interval_s = 300, .first_ms = -1, .last_ms = INT64_MAX, .limit = 505};
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

const char *const suite_name = "simulated exchange: replay";
const struct test suite_tests[] = {
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
    {"a candle that spans much is kept whole", a_candle_that_spans_much_is_kept_whole},
    {"real candles are served to the last digit", real_candles_are_served_to_the_last_digit},
    {NULL, NULL},
};
