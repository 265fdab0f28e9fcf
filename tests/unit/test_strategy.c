/* lib/strategy: the reference trades, start-independence, and the options. */
/* SPDX-License-Identifier: MIT */
#include "lib/series/indicator.h"
#include "lib/strategy/strategies.h"
#include "tests/harness.h"
#include "tests/unit/candle_file.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct config defaults = {
    .sma_cross_enabled = true,
    .sma_cross_fast = 10,
    .sma_cross_slow = 30,
    .rsi_reversion_enabled = true,
    .rsi_reversion_period = 14,
    .rsi_reversion_oversold = 30,
    .rsi_reversion_overbought = 70,
    .donchian_breakout_enabled = true,
    .donchian_breakout_period = 20,
};

static void *new_state(const struct strategy *strategy, const struct config *config)
{
    void *state = calloc(1, strategy->state_size(config));
    CU_ASSERT_PTR_NOT_NULL_FATAL(state);
    strategy->init(state, config);
    return state;
}

/* One trade of a reference list: indices of the candles whose open was the fill, and their opens. */
struct trade {
    uint64_t entry, exit;
    double entry_price, exit_price;
};

enum { TRADES_MAX = 1000 };

static size_t read_trades(const char *name, struct trade *trades)
{
    char path[256], line[512];
    (void)snprintf(path, sizeof path, "%s/reference/backtest/%s", test_shared_folder(), name);
    FILE *stream = fopen(path, "r");
    CU_ASSERT_PTR_NOT_NULL_FATAL(stream);
    CU_ASSERT_PTR_NOT_NULL(fgets(line, sizeof line, stream));
    size_t count = 0;
    while (count < TRADES_MAX && fgets(line, sizeof line, stream) != NULL) {
        struct trade *trade = &trades[count++];
        int read = sscanf(line, "%" SCNu64 ",%" SCNu64 ",%*d,%*d,%lf,%lf", &trade->entry, &trade->exit,
                          &trade->entry_price, &trade->exit_price);
        CU_ASSERT_EQUAL(read, 4);
    }
    (void)fclose(stream);
    return count;
}

/* Trades a strategy's decisions: enter when flat, leave when long, filled at the next open. */
static size_t trade(const struct strategy *strategy, const struct candle_file *file, struct trade *trades)
{
    void *state = new_state(strategy, &defaults);
    size_t count = 0;
    bool is_long = false;
    for (size_t i = 0; i + 1 < file->count; i++) {
        struct bar bar = candle_bar(&file->rows[i]);
        enum decision decision = strategy->next(state, &bar);
        double fill = candle_bar(&file->rows[i + 1]).open;
        if (decision == DECISION_BUY && !is_long) {
            CU_ASSERT_FATAL(count < TRADES_MAX);
            trades[count].entry = i + 1, trades[count].entry_price = fill;
            is_long = true;
        } else if (decision == DECISION_SELL && is_long) {
            trades[count].exit = i + 1, trades[count].exit_price = fill;
            is_long = false;
            count++;
        }
    }
    free(state);
    return count;
}

/* The reference decides by the level of a condition where it is flat or long, ours by its edge. The trades are the
 * same, all of them: what makes a strategy leave excludes what makes it enter, so on the candle that changed the
 * position the other condition is false, and the first candle on which it holds is its edge. */
static void compare_trades(const struct strategy *strategy, const char *reference, size_t expected_count)
{
    struct candle_file file = candle_file_read("reference/backtest/candles_1h.csv.gz");
    if (file.count == 0)
        return;
    static struct trade expected[TRADES_MAX], ours[TRADES_MAX];
    size_t expected_read = read_trades(reference, expected);
    size_t count = trade(strategy, &file, ours);
    CU_ASSERT_EQUAL(expected_read, expected_count);
    CU_ASSERT_EQUAL(count, expected_count);
    size_t different = 0;
    for (size_t i = 0; i < count && i < expected_read; i++)
        different += ours[i].entry != expected[i].entry || ours[i].exit != expected[i].exit ||
                     ours[i].entry_price != expected[i].entry_price || ours[i].exit_price != expected[i].exit_price;
    CU_ASSERT_EQUAL(different, 0);
    candle_file_release(&file);
}

static void test_sma_cross_makes_the_reference_trades(void)
{
    compare_trades(&sma_cross, "trades_c1h_sma_fixed.csv", 379);
}

static void test_rsi_reversion_makes_the_reference_trades(void)
{
    compare_trades(&rsi_reversion, "trades_c1h_rsi_fixed.csv", 73);
}

static void test_donchian_breakout_makes_the_reference_trades(void)
{
    compare_trades(&donchian_breakout, "trades_c1h_donch_fixed.csv", 257);
}

/* Decisions of a strategy that is fed rows[start..count), written to decisions[start..count). */
static void decide(const struct strategy *strategy, const struct config *config, const struct bar *bars, size_t start,
                   size_t count, uint8_t *decisions)
{
    void *state = new_state(strategy, config);
    for (size_t i = start; i < count; i++)
        decisions[i] = (uint8_t)strategy->next(state, &bars[i]);
    free(state);
}

/* Feeds from every `step`-th candle on, and counts the decisions that count and differ from those of who was fed from
 * the first candle; *decided counts decisions that are not none. */
static size_t count_differences(const struct strategy *strategy, const struct config *config, const struct bar *bars,
                                size_t count, size_t step, size_t *decided)
{
    uint8_t *first = calloc(count, 1), *other = calloc(count, 1);
    size_t warm_up = strategy->warm_up(config), differences = 0;
    decide(strategy, config, bars, 0, count, first);
    for (size_t i = warm_up - 1; i < count; i++)
        *decided += first[i] != DECISION_NONE;
    for (size_t start = step; start + warm_up <= count; start += step) {
        /* Far enough beyond the warm-up to see that nothing comes up later either. */
        size_t end = start + warm_up + 1500 < count ? start + warm_up + 1500 : count;
        decide(strategy, config, bars, start, end, other);
        differences += memcmp(first + start + warm_up - 1, other + start + warm_up - 1, end - start - warm_up + 1) != 0;
    }
    free(first);
    free(other);
    return differences;
}

static void compare_starts_of_all(const struct config *config, const struct bar *bars, size_t count, size_t step)
{
    for (size_t i = 0; i < strategy_count; i++) {
        size_t decided = 0;
        CU_ASSERT_EQUAL(count_differences(strategies[i], config, bars, count, step, &decided), 0);
        CU_ASSERT(decided > 0);
    }
}

static void compare_starts_of_file(const char *path)
{
    struct candle_file file = candle_file_read(path);
    if (file.count == 0)
        return;
    struct bar *bars = calloc(file.count, sizeof *bars);
    for (size_t i = 0; i < file.count; i++)
        bars[i] = candle_bar(&file.rows[i]);
    compare_starts_of_all(&defaults, bars, file.count, 37);
    struct config other = defaults;
    other.sma_cross_fast = 3, other.sma_cross_slow = 7;
    other.rsi_reversion_period = 5;
    other.donchian_breakout_period = 50;
    compare_starts_of_all(&other, bars, file.count, 101);
    free(bars);
    candle_file_release(&file);
}

/* A low price with few ticks makes ties; a large one moves; 1000CAT has candles without a trade. */
static void test_decisions_do_not_depend_on_the_start(void)
{
    static const char *const paths[] = {
        "market/binance_spot_5m_wide_2024-12/1000CATUSDT_5m.csv.gz",
        "market/binance_spot_5m_2022-08/BTCUSDT_5m.csv.gz",
        "market/binance_spot_5m_2022-08/XLMUSDT_5m.csv.gz",
        "market/binance_spot_1m_2021-05/BTTUSDT_1m.csv.gz",
    };
    if (test_shared_folder() == NULL) {
        test_skip("the folder of shared market data is not there");
        return;
    }
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++)
        compare_starts_of_file(paths[i]);
}

static struct bar bar_of_ticks(int64_t ticks)
{
    struct candle candle = {.open = ticks, .high = ticks, .low = ticks, .close = ticks, .price_scale = 4};
    return candle_bar(&candle);
}

/* A price that stands still for shorter and longer than any memory, then moves by a few ticks: exact ties, all of
 * which a running sum or a mean of other rounding would turn into signals for some and not for others. */
static void test_ties_do_not_depend_on_the_start(void)
{
    enum { BARS = 9000 };
    static struct bar bars[BARS];
    int64_t ticks = 123;
    size_t still = 0;
    for (size_t i = 0; i < BARS; i++) {
        if (still == 0) {
            ticks += (int64_t)(test_random() % 5) - 2;
            still = test_random() % 4 == 0 ? test_random() % 900 : test_random() % 12;
        } else {
            still--;
        }
        bars[i] = bar_of_ticks(ticks);
    }
    compare_starts_of_all(&defaults, bars, BARS, 7);
}

static void test_a_price_that_stands_still_decides_nothing(void)
{
    static const int64_t prices[] = {1, 3, 7, 123, 999, 123457};
    for (size_t i = 0; i < strategy_count; i++) {
        for (size_t p = 0; p < sizeof prices / sizeof prices[0]; p++) {
            void *state = new_state(strategies[i], &defaults);
            struct bar bar = bar_of_ticks(prices[p]);
            for (int k = 0; k < 2000; k++)
                CU_ASSERT_EQUAL(strategies[i]->next(state, &bar), DECISION_NONE);
            free(state);
        }
    }
}

static enum decision feed(const struct strategy *strategy, void *state, int64_t ticks)
{
    struct bar bar = bar_of_ticks(ticks);
    return strategy->next(state, &bar);
}

/* Averages of 2 and 4 closes, by hand. */
static void test_sma_cross_by_hand(void)
{
    struct config config = {.sma_cross_fast = 2, .sma_cross_slow = 4};
    void *state = new_state(&sma_cross, &config);
    static const struct {
        int64_t ticks;
        enum decision decision;
    } steps[] = {
        {10, DECISION_NONE}, {10, DECISION_NONE}, {10, DECISION_NONE},
        {20, DECISION_NONE}, /* 15 > 12.5, but nothing was defined before */
        {20, DECISION_NONE}, /* 20 > 15, and was */
        {20, DECISION_NONE}, {20, DECISION_NONE}, /* 20 = 20: neither */
        {30, DECISION_BUY},  /* up from a tie */
        {10, DECISION_NONE}, /* 20 = 20: a tie again */
        {30, DECISION_SELL}, /* 20 < 22.5: down from a tie */
        {40, DECISION_BUY},  /* 35 > 27.5 */
        {10, DECISION_NONE}, /* 25 > 22.5 */
        {10, DECISION_SELL}, /* 10 < 22.5 */
        {10, DECISION_NONE},
    };
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++)
        CU_ASSERT_EQUAL(feed(&sma_cross, state, steps[i].ticks), steps[i].decision);
    free(state);
}

static void test_donchian_breakout_by_hand(void)
{
    struct config config = {.donchian_breakout_period = 3};
    void *state = new_state(&donchian_breakout, &config);
    static const struct {
        int64_t ticks;
        enum decision decision;
    } steps[] = {
        {10, DECISION_NONE}, {12, DECISION_NONE}, {11, DECISION_NONE},
        {12, DECISION_NONE}, /* not above 12 */
        {13, DECISION_BUY},
        {14, DECISION_NONE}, /* still above: no edge */
        {14, DECISION_NONE},
        {15, DECISION_BUY},
        {14, DECISION_NONE}, /* not below 14 */
        {13, DECISION_SELL},
        {12, DECISION_NONE},
        {16, DECISION_BUY},
        {11, DECISION_SELL},
    };
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++)
        CU_ASSERT_EQUAL(feed(&donchian_breakout, state, steps[i].ticks), steps[i].decision);
    free(state);
}

static void test_rsi_reversion_by_hand(void)
{
    struct config config = {
        .rsi_reversion_period = 2, .rsi_reversion_oversold = 30, .rsi_reversion_overbought = 70};
    void *state = new_state(&rsi_reversion, &config);
    static const struct {
        int64_t ticks;
        enum decision decision;
    } steps[] = {
        {100, DECISION_NONE}, {110, DECISION_NONE},
        {100, DECISION_NONE}, /* G = L = 5: 50 */
        {90, DECISION_BUY},   /* G = 2.5, L = 7.5: 25 */
        {80, DECISION_NONE},  /* below still */
        {120, DECISION_SELL}, /* G = 20.625, L = 4.375: 82.5 */
        {121, DECISION_NONE},
        {111, DECISION_NONE}, /* G = 5.41, L = 6.09: 47 */
        {131, DECISION_SELL},
    };
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++)
        CU_ASSERT_EQUAL(feed(&rsi_reversion, state, steps[i].ticks), steps[i].decision);
    free(state);
}

static void test_warm_ups_and_the_ring(void)
{
    CU_ASSERT_EQUAL(sma_cross.warm_up(&defaults), 31);
    CU_ASSERT_EQUAL(rsi_reversion.warm_up(&defaults), rsi_warm_up(14) + 1);
    CU_ASSERT_EQUAL(donchian_breakout.warm_up(&defaults), 22);
    CU_ASSERT_EQUAL(strategies_warm_up(&defaults), rsi_warm_up(14) + 1);
    CU_ASSERT_EQUAL(strategies_ring_size(&defaults), rsi_warm_up(14) + 1 + STRATEGY_UNATTENDED_CANDLES);
    struct config config = defaults;
    config.rsi_reversion_enabled = false;
    CU_ASSERT_EQUAL(strategies_warm_up(&config), 31);
    CU_ASSERT_EQUAL(strategies_ring_size(&config), 31 + STRATEGY_UNATTENDED_CANDLES);
}

/* The contract of every row: a name that is in the options, and no decision from memory that was not warmed. */
static void test_every_row(void)
{
    CU_ASSERT(strategy_count > 0 && strategy_count <= STRATEGIES_MAX);
    for (size_t i = 0; i < strategy_count; i++) {
        const struct strategy *strategy = strategies[i];
        CU_ASSERT(name_valid(strategy->name));
        CU_ASSERT(strategy->enabled(&defaults));
        CU_ASSERT_EQUAL(strategy->state_size(&defaults) % sizeof(double), 0);
        CU_ASSERT(strategy->warm_up(&defaults) > 1);
        for (size_t k = 0; k < i; k++)
            CU_ASSERT(strcmp(strategy->name, strategies[k]->name) != 0);
    }
}

const char *const suite_name = "strategy";
const struct test suite_tests[] = {
    {"every strategy keeps the contract of the table", test_every_row},
    {"sma_cross makes the reference trades", test_sma_cross_makes_the_reference_trades},
    {"rsi_reversion makes the reference trades", test_rsi_reversion_makes_the_reference_trades},
    {"donchian_breakout makes the reference trades", test_donchian_breakout_makes_the_reference_trades},
    {"sma_cross by hand, with ties", test_sma_cross_by_hand},
    {"rsi_reversion by hand", test_rsi_reversion_by_hand},
    {"donchian_breakout by hand", test_donchian_breakout_by_hand},
    {"decisions do not depend on the start, on real candles", test_decisions_do_not_depend_on_the_start},
    {"decisions do not depend on the start, where prices tie", test_ties_do_not_depend_on_the_start},
    {"a price that stands still decides nothing", test_a_price_that_stands_still_decides_nothing},
    {"warm-ups follow from the options, the ring's size from them", test_warm_ups_and_the_ring},
    {0},
};
