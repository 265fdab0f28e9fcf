/* lib/series: rings, candles, and the indicators against the values of TA-Lib. */
/* SPDX-License-Identifier: MIT */
#include "lib/series/indicator.h"
#include "lib/series/ring.h"
#include "tests/harness.h"
#include "tests/unit/candle_file.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MINUTE = 60, MINUTE_MS = 60000 };

static struct candle candle_at(int64_t minute)
{
    return (struct candle){
        .open_time_ms = minute * MINUTE_MS,
        .open = 100,
        .high = 120,
        .low = 90,
        .close = 110 + minute % 10,
        .volume = 5,
        .price_scale = 2,
        .volume_scale = 3,
    };
}

static int append(struct ring *ring, int64_t minute)
{
    struct candle candle = candle_at(minute);
    return ring_append(ring, &candle);
}

static int append_after_gap(struct ring *ring, int64_t minute)
{
    struct candle candle = candle_at(minute);
    return ring_append_after_gap(ring, &candle);
}

static void test_ring_keeps_the_newest(void)
{
    struct ring ring;
    CU_ASSERT_EQUAL_FATAL(ring_init(&ring, MINUTE, 5), 0);
    CU_ASSERT_EQUAL(ring_newest_ms(&ring), -1);
    CU_ASSERT_PTR_NULL(ring_find(&ring, 0));
    for (int64_t minute = 10; minute < 30; minute++) {
        CU_ASSERT_EQUAL(append(&ring, minute), 0);
        CU_ASSERT_EQUAL(ring_newest_ms(&ring), minute * MINUTE_MS);
        CU_ASSERT_EQUAL(ring.count, minute < 14 ? minute - 9 : 5);
        for (uint32_t i = 0; i < ring.count; i++)
            CU_ASSERT_EQUAL(ring_at(&ring, i)->open_time_ms, (minute - ring.count + 1 + i) * MINUTE_MS);
    }
    ring_clear(&ring);
    CU_ASSERT_EQUAL(ring_newest_ms(&ring), -1);
    CU_ASSERT_EQUAL(append(&ring, 3), 0);
    CU_ASSERT_EQUAL(ring.count, 1);
    ring_release(&ring);
}

static void test_ring_of_one_candle(void)
{
    struct ring ring;
    CU_ASSERT_EQUAL_FATAL(ring_init(&ring, MINUTE, 1), 0);
    CU_ASSERT_EQUAL(append(&ring, 7), 0);
    CU_ASSERT_EQUAL(append(&ring, 8), 0);
    CU_ASSERT_EQUAL(ring.count, 1);
    CU_ASSERT_PTR_NULL(ring_find(&ring, 7 * MINUTE_MS));
    CU_ASSERT_PTR_NOT_NULL(ring_find(&ring, 8 * MINUTE_MS));
    ring_release(&ring);
}

static void test_ring_refuses_what_does_not_follow(void)
{
    struct ring ring;
    CU_ASSERT_EQUAL_FATAL(ring_init(&ring, MINUTE, 4), 0);
    CU_ASSERT_EQUAL(append_after_gap(&ring, 10), 0);
    CU_ASSERT_EQUAL(append(&ring, 10), ERROR_EXISTS);
    CU_ASSERT_EQUAL(append(&ring, 9), ERROR_EXISTS);
    CU_ASSERT_EQUAL(append(&ring, 0), ERROR_EXISTS);
    CU_ASSERT_EQUAL(append(&ring, 12), ERROR_MISSING);
    struct candle between = candle_at(11);
    between.open_time_ms -= 1000;
    CU_ASSERT_EQUAL(ring_append(&ring, &between), ERROR_ARGUMENT);
    CU_ASSERT_EQUAL(ring_append_after_gap(&ring, &between), ERROR_ARGUMENT);
    CU_ASSERT_EQUAL(append_after_gap(&ring, 10), ERROR_EXISTS);
    CU_ASSERT_EQUAL(ring.count, 1);
    CU_ASSERT_EQUAL(append_after_gap(&ring, 14), 0);
    CU_ASSERT_EQUAL(append(&ring, 15), 0);
    CU_ASSERT_EQUAL(ring.count, 3);
    ring_release(&ring);
}

/* Whether the ring finds just the minutes of a list, among all from 0 to `end`. */
static bool finds_just(const struct ring *ring, const bool *present, int64_t end)
{
    for (int64_t minute = 0; minute < end; minute++) {
        const struct candle *found = ring_find(ring, minute * MINUTE_MS);
        bool in_range = ring->count > 0 && minute * MINUTE_MS >= ring_at(ring, 0)->open_time_ms;
        if ((found != NULL) != (in_range && present[minute]))
            return false;
        if (found != NULL && found->open_time_ms != minute * MINUTE_MS)
            return false;
        if (ring_find(ring, minute * MINUTE_MS + 1) != NULL)
            return false;
    }
    return true;
}

static void test_ring_finds_by_time_across_gaps(void)
{
    enum { END = 300 };
    for (unsigned gap_in = 1; gap_in <= 8; gap_in++) {
        struct ring ring;
        bool present[END] = {false};
        CU_ASSERT_EQUAL_FATAL(ring_init(&ring, MINUTE, 37), 0);
        for (int64_t minute = 0; minute < END; minute++) {
            if (gap_in > 1 && test_random() % gap_in == 0)
                continue;
            present[minute] = true;
            CU_ASSERT_EQUAL(append_after_gap(&ring, minute), 0);
            CU_ASSERT(minute % 20 != 0 || finds_just(&ring, present, END));
        }
        CU_ASSERT(finds_just(&ring, present, END));
        ring_release(&ring);
    }
}

static void test_candle_check(void)
{
    struct candle good = candle_at(3);
    CU_ASSERT_EQUAL(candle_check(&good, MINUTE), 0);
    CU_ASSERT_EQUAL(candle_check(&good, 300), ERROR_PROTOCOL);
    struct candle flat = {.open_time_ms = 0, .open = 1, .high = 1, .low = 1, .close = 1};
    CU_ASSERT_EQUAL(candle_check(&flat, MINUTE), 0);
    struct {
        const char *what;
        struct candle candle;
    } bad[10];
    for (size_t i = 0; i < 10; i++)
        bad[i].candle = good;
    bad[0].candle.open_time_ms += 1;
    bad[1].candle.open_time_ms = -MINUTE_MS;
    bad[2].candle.low = 0;
    bad[3].candle.low = -90;
    bad[4].candle.low = 101;
    bad[5].candle.close = 89;
    bad[6].candle.open = 121;
    bad[7].candle.high = 112;
    bad[8].candle.volume = -1;
    bad[9].candle.price_scale = 19;
    for (size_t i = 0; i < 10; i++)
        CU_ASSERT_EQUAL(candle_check(&bad[i].candle, MINUTE), ERROR_PROTOCOL);
    struct candle monday = flat;
    monday.open_time_ms = 4LL * 86400 * 1000;
    CU_ASSERT_EQUAL(candle_check(&monday, 604800), 0);
    CU_ASSERT_EQUAL(candle_check(&flat, 604800), ERROR_PROTOCOL);
}

static void test_a_candle_opens_between_2009_and_now(void)
{
    const int64_t now_ms = INT64_C(1735689630000);
    CU_ASSERT_TRUE(candle_time_is_plausible(now_ms, now_ms));
    CU_ASSERT_FALSE(candle_time_is_plausible(now_ms + 1, now_ms));
    CU_ASSERT_TRUE(candle_time_is_plausible(INT64_C(1230768000000), now_ms));
    CU_ASSERT_FALSE(candle_time_is_plausible(INT64_C(1230767999999), now_ms));
    CU_ASSERT_FALSE(candle_time_is_plausible(now_ms / 1000, now_ms)); /* seconds */
    CU_ASSERT_FALSE(candle_time_is_plausible(now_ms * 1000, now_ms)); /* microseconds */
    CU_ASSERT_FALSE(candle_time_is_plausible(INT64_MIN, INT64_MAX));
    CU_ASSERT_TRUE(candle_time_is_plausible(INT64_MAX, INT64_MAX)); /* where no clock is known */
}

static void test_candle_equal_whatever_the_scale(void)
{
    struct candle left = candle_at(3), right = left;
    CU_ASSERT(candle_equal(&left, &right));
    right.open *= 10, right.high *= 10, right.low *= 10, right.close *= 10;
    CU_ASSERT_FALSE(candle_equal(&left, &right));
    right.price_scale += 1;
    CU_ASSERT(candle_equal(&left, &right));
    right.volume *= 1000, right.volume_scale += 3;
    CU_ASSERT(candle_equal(&left, &right));
    struct bar a = candle_bar(&left), b = candle_bar(&right);
    CU_ASSERT_EQUAL(memcmp(&a, &b, sizeof a), 0);
    CU_ASSERT_EQUAL(a.close, 1.13);
    CU_ASSERT_EQUAL(a.volume, 0.005);
    int64_t *fields[] = {&right.open_time_ms, &right.open, &right.high, &right.low, &right.close, &right.volume};
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        *fields[i] += 1;
        CU_ASSERT_FALSE(candle_equal(&left, &right));
        *fields[i] -= 1;
    }
}

/* The reference candles, or an empty list where they are not there. */
static struct candle_file reference_candles(void)
{
    return candle_file_read("reference/indicators/candles_2000.csv");
}

/* Reads a reference file "index,real" into values[count], NAN where it is undefined. */
static void read_reference(const char *name, double *values, size_t count)
{
    char path[256], line[128];
    (void)snprintf(path, sizeof path, "%s/reference/indicators/%s", test_shared_folder(), name);
    FILE *stream = fopen(path, "r");
    CU_ASSERT_PTR_NOT_NULL_FATAL(stream);
    CU_ASSERT_PTR_NOT_NULL(fgets(line, sizeof line, stream));
    size_t row = 0;
    for (; row < count && fgets(line, sizeof line, stream) != NULL; row++) {
        const char *text = strchr(line, ',') + 1;
        values[row] = *text == '\n' ? NAN : strtod(text, NULL);
    }
    (void)fclose(stream);
    CU_ASSERT_EQUAL(row, count);
}

static bool agrees(double ours, double theirs)
{
    return fabs(ours - theirs) <= 1e-9 * fabs(theirs);
}

/* Compares one windowed indicator of one column with a reference file, defined where it is defined. */
static void compare_window(const char *name, size_t column, double (*indicator)(const struct window *))
{
    struct candle_file file = reference_candles();
    if (file.count == 0)
        return;
    double *expected = calloc(file.count, sizeof *expected);
    read_reference(name, expected, file.count);
    struct window *window = malloc(window_size(20));
    window_init(window, 20);
    size_t wrong = 0, defined = 0;
    for (size_t i = 0; i < file.count; i++) {
        struct bar bar = candle_bar(&file.rows[i]);
        double columns[] = {bar.open, bar.high, bar.low, bar.close};
        window_push(window, columns[column]);
        wrong += window_full(window) != !isnan(expected[i]);
        if (!window_full(window))
            continue;
        defined++;
        wrong += !agrees(indicator(window), expected[i]);
    }
    CU_ASSERT_EQUAL(wrong, 0);
    CU_ASSERT_EQUAL(defined, file.count - 19);
    free(window);
    free(expected);
    candle_file_release(&file);
}

static void test_mean_agrees_with_talib(void)
{
    compare_window("talib_sma_20.csv", 3, window_mean);
}

static void test_extremes_agree_with_talib(void)
{
    compare_window("talib_max_20.csv", 1, window_maximum);
    compare_window("talib_min_20.csv", 2, window_minimum);
}

static void test_rsi_agrees_with_talib(void)
{
    struct candle_file file = reference_candles();
    if (file.count == 0)
        return;
    double *expected = calloc(file.count, sizeof *expected);
    read_reference("talib_rsi_14.csv", expected, file.count);
    struct rsi rsi;
    rsi_init(&rsi, 14);
    size_t wrong = 0;
    for (size_t i = 0; i < file.count; i++) {
        double value = -1;
        bool defined = rsi_push(&rsi, candle_bar(&file.rows[i]).close, &value);
        wrong += defined != !isnan(expected[i]);
        wrong += defined ? !agrees(value, expected[i]) : value != -1;
    }
    CU_ASSERT_EQUAL(wrong, 0);
    free(expected);
    candle_file_release(&file);
}

static double random_price(void)
{
    return (double)(test_random() % 100000 + 1) / 100;
}

/* Feeds two windows from different starts and expects the same bits wherever both are full. */
static void compare_starts(uint32_t period, size_t start)
{
    enum { VALUES = 400 };
    static double values[VALUES];
    for (size_t i = 0; i < VALUES; i++)
        values[i] = i % 97 < 40 ? 0.1 : random_price();
    struct window *from_first = malloc(window_size(period));
    struct window *from_start = malloc(window_size(period));
    window_init(from_first, period);
    window_init(from_start, period);
    for (size_t i = 0; i < VALUES; i++) {
        window_push(from_first, values[i]);
        if (i < start)
            continue;
        window_push(from_start, values[i]);
        CU_ASSERT_EQUAL(window_full(from_start), i + 1 >= start + period);
        if (!window_full(from_start))
            continue;
        double left[] = {window_mean(from_first), window_maximum(from_first), window_minimum(from_first)};
        double right[] = {window_mean(from_start), window_maximum(from_start), window_minimum(from_start)};
        CU_ASSERT_EQUAL(memcmp(left, right, sizeof left), 0);
    }
    free(from_first);
    free(from_start);
}

static void test_windows_do_not_remember_the_past(void)
{
    for (uint32_t period = 1; period <= 35; period++)
        for (size_t start = 1; start < 40; start += 3)
            compare_starts(period, start);
}

/* Against the plainest way to say it: look at the last `period` values. */
static void compare_with_the_plain_way(uint32_t period)
{
    enum { VALUES = 200 };
    double values[VALUES];
    struct window *window = malloc(window_size(period));
    window_init(window, period);
    for (size_t i = 0; i < VALUES; i++) {
        values[i] = i % 5 == 0 ? -random_price() : random_price();
        window_push(window, values[i]);
        if (i + 1 < period)
            continue;
        double sum = 0, largest = -INFINITY, smallest = INFINITY;
        for (size_t k = i + 1 - period; k <= i; k++) {
            sum += values[k];
            largest = fmax(largest, values[k]);
            smallest = fmin(smallest, values[k]);
        }
        CU_ASSERT_DOUBLE_EQUAL(window_mean(window), sum / period, 1e-9);
        CU_ASSERT_EQUAL(window_maximum(window), largest);
        CU_ASSERT_EQUAL(window_minimum(window), smallest);
    }
    free(window);
}

static void test_windows_of_every_length(void)
{
    for (uint32_t period = 1; period <= 64; period++)
        compare_with_the_plain_way(period);
}

static void test_equal_on_paper_is_equal(void)
{
    CU_ASSERT_EQUAL(indicator_compare(1, 2), -1);
    CU_ASSERT_EQUAL(indicator_compare(2, 1), 1);
    CU_ASSERT_EQUAL(indicator_compare(0, 0), 0);
    CU_ASSERT_EQUAL(indicator_compare(-1, 0), -1);
    CU_ASSERT_EQUAL(indicator_compare(0.1 + 0.2, 0.3), 0);
    /* The smallest difference that means of prices can have: a tick of 0.01 in 300 candles of 100000. */
    CU_ASSERT_EQUAL(indicator_compare(100000.0 + 0.01 / 300, 100000.0), 1);
    /* A price that stands still: all its means are equal, whatever the window. */
    for (uint32_t period = 1; period <= 300; period++) {
        double price = random_price();
        struct window *window = malloc(window_size(period));
        window_init(window, period);
        for (uint32_t i = 0; i < period; i++)
            window_push(window, price);
        CU_ASSERT_EQUAL(indicator_compare(window_mean(window), price), 0);
        free(window);
    }
}

static void test_rsi_warm_up_forgets_the_seed(void)
{
    for (uint32_t period = 2; period <= 100; period++) {
        uint32_t after_seed = rsi_warm_up(period) - (period + 1);
        double keep = (double)(period - 1) / period;
        CU_ASSERT(pow(keep, after_seed) < 1e-15 * (1 + 1e-9));
        CU_ASSERT(pow(keep, after_seed - 1.0) >= 1e-15 * (1 - 1e-9));
    }
    CU_ASSERT_EQUAL(rsi_warm_up(14), 482);
}

static void test_rsi_at_its_ends(void)
{
    struct rsi up, down, still;
    rsi_init(&up, 3), rsi_init(&down, 3), rsi_init(&still, 3);
    double value;
    for (int i = 0; i < 40; i++) {
        value = -1;
        CU_ASSERT_EQUAL(rsi_push(&up, 10 + i, &value), i >= 3);
        CU_ASSERT(i < 3 || value == 100);
        CU_ASSERT_EQUAL(rsi_push(&down, 100 - i, &value), i >= 3);
        CU_ASSERT(i < 3 || value == 0);
        CU_ASSERT_FALSE(rsi_push(&still, 0.1, &value));
    }
    /* By hand: changes +2 -1 +3 seed G = 5/3, L = 1/3; then -4: G = 10/9, L = (2/3 + 4)/3 = 14/9. */
    struct rsi rsi;
    rsi_init(&rsi, 3);
    const double closes[] = {10, 12, 11, 14, 10};
    for (size_t i = 0; i < 3; i++)
        CU_ASSERT_FALSE(rsi_push(&rsi, closes[i], &value));
    CU_ASSERT(rsi_push(&rsi, closes[3], &value));
    CU_ASSERT_DOUBLE_EQUAL(value, 500.0 / 6, 1e-12);
    CU_ASSERT(rsi_push(&rsi, closes[4], &value));
    CU_ASSERT_DOUBLE_EQUAL(value, 1000.0 / 24, 1e-12);
}

/* A long memory and a short one must not disagree because the price stood still: both stop being defined. */
static void test_rsi_of_a_price_that_stands_still(void)
{
    struct rsi rsi;
    rsi_init(&rsi, 14);
    double value = 0, last = 0;
    for (int i = 0; i < 100; i++)
        (void)rsi_push(&rsi, 100 + i % 7, &value);
    uint32_t defined = 0;
    while (rsi_push(&rsi, 100, &last))
        defined++;
    CU_ASSERT(defined > 100 && defined < rsi_warm_up(14));
    for (int i = 0; i < 20000; i++)
        CU_ASSERT_FALSE(rsi_push(&rsi, 100, &last));
    CU_ASSERT(rsi_push(&rsi, 101, &last));
    CU_ASSERT_DOUBLE_EQUAL(last, 100, 1e-9);
}

const char *const suite_name = "series";
const struct test suite_tests[] = {
    {"a ring keeps the newest candles in order", test_ring_keeps_the_newest},
    {"a ring may hold a single candle", test_ring_of_one_candle},
    {"a ring refuses what does not follow", test_ring_refuses_what_does_not_follow},
    {"a ring finds by time, across gaps too", test_ring_finds_by_time_across_gaps},
    {"an impossible candle is refused", test_candle_check},
    {"a candle opens between 2009 and now", test_a_candle_opens_between_2009_and_now},
    {"equal candles are equal whatever their scales", test_candle_equal_whatever_the_scale},
    {"the mean agrees with TA-Lib", test_mean_agrees_with_talib},
    {"the extremes agree with TA-Lib", test_extremes_agree_with_talib},
    {"the RSI agrees with TA-Lib", test_rsi_agrees_with_talib},
    {"a window's values do not depend on where feeding began", test_windows_do_not_remember_the_past},
    {"windows of every length say what the plain way says", test_windows_of_every_length},
    {"means that are equal on paper compare as equal", test_equal_on_paper_is_equal},
    {"the RSI's warm-up is the shortest that forgets the seed", test_rsi_warm_up_forgets_the_seed},
    {"the RSI at its ends and by hand", test_rsi_at_its_ends},
    {"the RSI is undefined when the price has stood still for long", test_rsi_of_a_price_that_stands_still},
    {0},
};
