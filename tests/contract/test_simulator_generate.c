/* The simulated exchange's made-up market: pure, possible, lively, and the same for ever. */
/* SPDX-License-Identifier: MIT */
#include "tests/harness.h"
#include "tools/simulator/generate.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MINUTE_MS = 60000 };

static const int64_t day_start_ms = 1734739200000; /* 2024-12-21T00:00Z */

/* Of the candles and names that seed 1 gives; another sum means another market for everybody. */
#define REFERENCE_SUM 1820536611459499549u

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

const char *const suite_name = "simulated exchange: made-up market";
const struct test suite_tests[] = {
    {"made-up candles are a function of seed, symbol and time", candles_are_a_function_of_seed_symbol_and_time},
    {"made-up candles are possible and join", made_up_candles_are_possible_and_join},
    {"the made-up market never changes", the_made_up_market_never_changes},
    {"the made-up market gives strategies something to do", the_made_up_market_gives_strategies_something_to_do},
    {"made-up symbols are all different", made_up_symbols_are_all_different},
    {NULL, NULL},
};
