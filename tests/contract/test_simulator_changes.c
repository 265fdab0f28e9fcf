/* What befalls a simulated market: candles that are revised, rows that are missing, symbols that come, go and halt. */
/* SPDX-License-Identifier: MIT */
#include "tests/harness.h"
#include "tools/simulator/chronicle.h"
#include "tools/simulator/generate.h"
#include "tools/simulator/kline_faults.h"
#include "tools/simulator/kline_rows.h"
#include "tools/simulator/statistics.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MINUTE_MS = 60000, SYMBOLS = 40 };

static const int64_t start_ms = 1734739200000; /* 2024-12-21T00:00Z */

static struct market *open_market(struct market_changes changes)
{
    struct market *market = NULL;
    const struct generate_options options = {.symbols = SYMBOLS, .seed = 3, .interval_s = 60, .start_ms = start_ms};
    CU_ASSERT_EQUAL_FATAL(generate_open(&options, &market), 0);
    market->changes = changes;
    return market;
}

static bool same(const struct market_candle *left, const struct market_candle *right)
{
    return memcmp(left, right, sizeof *left) == 0;
}

/* ---- revisions ---- */

static void revised_candles_are_a_function_of_the_plan_and_end_at_the_truth(void)
{
    const struct market_changes changes = {.revise_ppm = 10000, .revise_seed = 7};
    struct market *market = open_market(changes), *truth = open_market((struct market_changes){0});
    int revised = 0, close_changed = 0;
    for (size_t symbol = 0; symbol < SYMBOLS; symbol++) {
        for (size_t index = 5000; index < 5500; index++) {
            struct market_candle candle, told, first;
            int64_t until_ms = 0;
            market_closed(truth, symbol, index, 1, &candle);
            int64_t end_ms = candle.open_time_ms + MINUTE_MS;
            market_read(market, symbol, index, 1, end_ms + CHANGES_REVISED_MAX_MS, &told);
            CU_ASSERT_TRUE(same(&told, &candle));
            market_read(market, symbol, index, 1, end_ms, &told);
            if (!candle_told_first(market, symbol, &candle, &first, &until_ms)) {
                CU_ASSERT_TRUE(same(&told, &candle));
                continue;
            }
            revised++;
            close_changed += first.close != candle.close;
            CU_ASSERT_TRUE(same(&told, &first));
            CU_ASSERT_TRUE(first.volume >= 0 && first.volume < candle.volume);
            CU_ASSERT_TRUE(first.low <= first.close && first.close <= first.high);
            CU_ASSERT_TRUE(until_ms >= end_ms + CHANGES_REVISED_MIN_MS && until_ms < end_ms + CHANGES_REVISED_MAX_MS);
            market_read(market, symbol, index, 1, until_ms - 1, &told);
            CU_ASSERT_TRUE(same(&told, &first));
            market_read(market, symbol, index, 1, until_ms, &told);
            CU_ASSERT_TRUE(same(&told, &candle));
        }
    }
    CU_ASSERT_TRUE(revised > 120 && revised < 280); /* 1 % of 20,000 */
    CU_ASSERT_TRUE(close_changed > revised / 2);
    market_destroy(market);
    market_destroy(truth);
}

static void larger_klines_are_made_of_what_is_told(void)
{
    struct market *market = open_market((struct market_changes){.revise_ppm = 1000000});
    const struct kline_query query = {.symbol = 0, .interval_s = 300, .first_ms = start_ms, .last_ms = start_ms, .limit = 1};
    struct kline klines[KLINES_MAX];
    int64_t end_ms = start_ms + 5 * MINUTE_MS;
    CU_ASSERT_EQUAL_FATAL(klines_read(market, &query, end_ms, klines), 1);
    int64_t early = klines[0].candle.volume;
    CU_ASSERT_EQUAL_FATAL(klines_read(market, &query, end_ms + CHANGES_REVISED_MAX_MS, klines), 1);
    CU_ASSERT_TRUE(early < klines[0].candle.volume);
    market_destroy(market);
}

/* ---- symbols ---- */

static void symbols_come_go_and_halt_at_their_moments(void)
{
    const struct market_changes changes = {.listed = 2,
                                           .list_ms = start_ms + 10 * MINUTE_MS,
                                           .delisted = 3,
                                           .delist_ms = start_ms + 20 * MINUTE_MS,
                                           .halted = 1,
                                           .halt_ms = start_ms + 30 * MINUTE_MS,
                                           .halt_end_ms = start_ms + 40 * MINUTE_MS};
    struct market *market = open_market(changes);
    static const struct {
        size_t symbol;
        int minute;
        enum symbol_state state;
    } rows[] = {{39, 9, SYMBOL_ABSENT},   {38, 9, SYMBOL_ABSENT},   {38, 10, SYMBOL_TRADING}, {37, 9, SYMBOL_TRADING},
                {37, 20, SYMBOL_ABSENT},  {35, 20, SYMBOL_ABSENT},  {35, 19, SYMBOL_TRADING}, {34, 20, SYMBOL_TRADING},
                {34, 29, SYMBOL_TRADING}, {34, 30, SYMBOL_HALTED},  {34, 39, SYMBOL_HALTED},  {34, 40, SYMBOL_TRADING},
                {33, 35, SYMBOL_TRADING}, {0, 1000, SYMBOL_TRADING}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        CU_ASSERT_EQUAL(symbol_state(market, rows[i].symbol, start_ms + rows[i].minute * MINUTE_MS), rows[i].state);
    market_destroy(market);
}

static void a_listed_symbol_has_no_candles_from_before(void)
{
    struct market *market = open_market((struct market_changes){.listed = 1, .list_ms = start_ms + 10 * MINUTE_MS});
    struct kline klines[KLINES_MAX];
    int64_t now_ms = start_ms + 20 * MINUTE_MS + 1;
    struct kline_query query = {
        .symbol = SYMBOLS - 1, .interval_s = 60, .first_ms = -1, .last_ms = INT64_MAX, .limit = 500};
    CU_ASSERT_EQUAL(klines_read(market, &query, now_ms, klines), 11);
    CU_ASSERT_EQUAL(klines[0].candle.open_time_ms, start_ms + 10 * MINUTE_MS);
    query.first_ms = start_ms;
    CU_ASSERT_EQUAL(klines_read(market, &query, now_ms, klines), 11);
    query.last_ms = start_ms + 5 * MINUTE_MS;
    CU_ASSERT_EQUAL(klines_read(market, &query, now_ms, klines), 0);
    query = (struct kline_query){.symbol = 0, .interval_s = 60, .first_ms = -1, .last_ms = INT64_MAX, .limit = 500};
    CU_ASSERT_EQUAL(klines_read(market, &query, now_ms, klines), 500);
    struct day day = {0};
    struct day_summary summary = day_summarise(&day, market, SYMBOLS - 1, now_ms);
    CU_ASSERT_EQUAL(summary.trades, 4 * 10 + candle_trades(&summary.newest));
    market_destroy(market);
}

static void a_halted_symbol_stands_still(void)
{
    const struct market_changes changes = {
        .halted = 1, .halt_ms = start_ms + 10 * MINUTE_MS, .halt_end_ms = start_ms + 15 * MINUTE_MS};
    struct market *market = open_market(changes), *truth = open_market((struct market_changes){0});
    struct kline klines[KLINES_MAX], true_klines[KLINES_MAX];
    const struct kline_query query = {
        .symbol = SYMBOLS - 1, .interval_s = 60, .first_ms = start_ms, .last_ms = INT64_MAX, .limit = 20};
    CU_ASSERT_EQUAL_FATAL(klines_read(market, &query, start_ms + 60 * MINUTE_MS, klines), 20);
    CU_ASSERT_EQUAL_FATAL(klines_read(truth, &query, start_ms + 60 * MINUTE_MS, true_klines), 20);
    for (int i = 0; i < 20; i++) {
        const struct market_candle *candle = &klines[i].candle;
        bool halted = i >= 10 && i < 15;
        CU_ASSERT_EQUAL(same(candle, &true_klines[i].candle), !halted);
        if (halted) {
            CU_ASSERT_EQUAL(candle->volume, 0);
            CU_ASSERT_TRUE(candle->open == klines[9].candle.close && candle->high == candle->open &&
                           candle->low == candle->open && candle->close == candle->open);
        }
    }
    market_destroy(market);
    market_destroy(truth);
}

/* ---- rows that are missing ---- */

/* Twenty rows, the last of which is forming at `now_ms`. */
static void write_rows(struct text *body, int64_t *now_ms)
{
    struct market *market = open_market((struct market_changes){0});
    struct kline klines[KLINES_MAX];
    const struct kline_query query = {.symbol = 0, .interval_s = 60, .first_ms = -1, .last_ms = INT64_MAX, .limit = 20};
    *now_ms = start_ms + 30000;
    size_t count = klines_read(market, &query, *now_ms, klines);
    body->length = 0;
    text_add(body, "[");
    for (size_t i = 0; i < count; i++)
        kline_write(body, &klines[i], &market->symbols[0], 60);
    body->bytes[body->length - 1] = ']';
    market_destroy(market);
}

static int count_rows(const struct text *body, int64_t open_ms)
{
    char needle[40];
    int count = 0, length = open_ms < 0 ? snprintf(needle, sizeof needle, "[1")
                                        : snprintf(needle, sizeof needle, "[%lld,", (long long)open_ms);
    for (size_t i = 0; i + (size_t)length <= body->length; i++)
        count += memcmp(body->bytes + i, needle, (size_t)length) == 0;
    return count;
}

static void rows_are_left_out_of_answers(void)
{
    struct fault_plan plan = {.state = 1};
    struct text body = {0};
    int64_t now_ms, open_ms;
    bool seen[20] = {false};
    int different = 0;
    for (int i = 0; i < 300; i++) {
        write_rows(&body, &now_ms);
        CU_ASSERT_EQUAL_FATAL(count_rows(&body, -1), 20);
        CU_ASSERT_TRUE_FATAL(kline_fault_apply(&body, FAULT_missing_candle, now_ms, &plan, &open_ms));
        CU_ASSERT_EQUAL(count_rows(&body, -1), 19);
        CU_ASSERT_EQUAL(count_rows(&body, open_ms), 0);
        CU_ASSERT_TRUE(body.bytes[0] == '[' && body.bytes[1] == '[' && memcmp(body.bytes + body.length - 2, "]]", 2) == 0);
        int64_t place = (start_ms - open_ms) / MINUTE_MS; /* the forming one is 0, the newest closed one 1 */
        CU_ASSERT_TRUE_FATAL(place >= 2 && place < 20);
        different += !seen[place];
        seen[place] = true;
    }
    CU_ASSERT_EQUAL(different, 18);
    write_rows(&body, &now_ms);
    CU_ASSERT_TRUE(kline_fault_apply(&body, FAULT_late_kline, now_ms, &plan, &open_ms));
    CU_ASSERT_EQUAL(open_ms, start_ms - MINUTE_MS);
    CU_ASSERT_EQUAL(count_rows(&body, -1), 18);
    CU_ASSERT_EQUAL(memcmp(body.bytes + body.length - 2, "]]", 2), 0);
    for (int i = 0; i < 18; i++)
        CU_ASSERT_EQUAL(kline_fault_apply(&body, FAULT_late_kline, now_ms, &plan, &open_ms), true);
    CU_ASSERT_TRUE(body.length == 2 && memcmp(body.bytes, "[]", 2) == 0);
    CU_ASSERT_FALSE(kline_fault_apply(&body, FAULT_late_kline, now_ms, &plan, &open_ms));
    CU_ASSERT_FALSE(kline_fault_apply(&body, FAULT_missing_candle, now_ms, &plan, &open_ms));
    text_release(&body);
}

/* ---- the chronicle ---- */

static int count_in(const char *text, const char *needle)
{
    int count = 0;
    for (const char *at = text; (at = strstr(at, needle)) != NULL; at++)
        count++;
    return count;
}

static void the_journal_tells_every_change_once(void)
{
    const struct market_changes changes = {.listed = 2,
                                           .list_ms = start_ms + MINUTE_MS,
                                           .delisted = 1,
                                           .delist_ms = start_ms + 2 * MINUTE_MS,
                                           .halted = 1,
                                           .halt_ms = start_ms + 3 * MINUTE_MS,
                                           .halt_end_ms = start_ms + 4 * MINUTE_MS,
                                           .revise_ppm = 500000};
    struct market *market = open_market(changes);
    char path[300];
    struct journal journal;
    (void)snprintf(path, sizeof path, "%s/chronicle", test_directory());
    CU_ASSERT_EQUAL_FATAL(journal_open(&journal, path), 0);
    int64_t written_ms = start_ms;
    int expected = 0;
    for (int64_t now_ms = start_ms; now_ms <= start_ms + 5 * MINUTE_MS; now_ms += 7000)
        chronicle_write(&journal, market, &written_ms, now_ms);
    chronicle_write(&journal, market, &written_ms, start_ms + 5 * MINUTE_MS);
    for (size_t symbol = 0; symbol < SYMBOLS; symbol++) {
        for (size_t index = GENERATE_HISTORY; index < GENERATE_HISTORY + 5; index++) {
            struct market_candle candle, first;
            int64_t until_ms;
            market_closed(market, symbol, index, 1, &candle);
            expected += symbol_state(market, symbol, candle.open_time_ms + MINUTE_MS) != SYMBOL_ABSENT &&
                        candle_told_first(market, symbol, &candle, &first, &until_ms);
        }
    }
    journal_close(&journal);
    static char text[200000];
    FILE *file = fopen(path, "r");
    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    text[fread(text, 1, sizeof text - 1, file)] = '\0';
    (void)fclose(file);
    CU_ASSERT_TRUE(expected > 60);
    CU_ASSERT_EQUAL(count_in(text, "\"event\":\"revise\""), expected);
    static const char *const events[] = {"list", "delist", "halt", "resume"};
    for (size_t i = 0; i < 4; i++) {
        char needle[40];
        (void)snprintf(needle, sizeof needle, "\"event\":\"%s\"", events[i]);
        CU_ASSERT_EQUAL(count_in(text, needle), 1);
    }
    CU_ASSERT_PTR_NOT_NULL(strstr(text, market->symbols[SYMBOLS - 4].name)); /* the halted one */
    market_destroy(market);
}

const char *const suite_name = "simulated exchange: changes of the market";
const struct test suite_tests[] = {
    {"revised candles are a function of the plan and end at the truth",
     revised_candles_are_a_function_of_the_plan_and_end_at_the_truth},
    {"larger klines are made of what is told", larger_klines_are_made_of_what_is_told},
    {"symbols come, go and halt at their moments", symbols_come_go_and_halt_at_their_moments},
    {"a listed symbol has no candles from before", a_listed_symbol_has_no_candles_from_before},
    {"a halted symbol stands still", a_halted_symbol_stands_still},
    {"rows are left out of answers", rows_are_left_out_of_answers},
    {"the journal tells every change once", the_journal_tells_every_change_once},
    {NULL, NULL},
};
