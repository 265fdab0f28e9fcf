/* Indicators beside the least code that gives the same numbers: sums, a scan, no checks. */
/* SPDX-License-Identifier: MIT */
#include "lib/series/indicator.h"
#include "tools/bench/bench.h"

#include <math.h>
#include <stdlib.h>

enum { CANDLES = 1000000, SMA = 20, CHANNEL = 20, RSI = 14 };

static double *closes;
static struct window *window;

static int set_up(void)
{
    closes = calloc(CANDLES, sizeof *closes);
    window = calloc(1, window_size(CHANNEL > SMA ? CHANNEL : SMA));
    if (closes == NULL || window == NULL)
        return error_set(ERROR_MEMORY, "no memory");
    for (int i = 0; i < CANDLES; i++)
        closes[i] = 100 + 10 * sin(i / 50.0) + (i * 7919 % 101) / 100.0;
    return 0;
}

static void tear_down(void)
{
    free(closes);
    free(window);
}

static int mean_ours(void)
{
    double sum = 0;
    window_init(window, SMA);
    for (int i = 0; i < CANDLES; i++) {
        window_push(window, closes[i]);
        if (window_full(window))
            sum += window_mean(window);
    }
    bench_keep(sum);
    return 0;
}

static int mean_plain(void)
{
    double sum = 0;
    for (int i = SMA - 1; i < CANDLES; i++) {
        double total = 0;
        for (int j = i - SMA + 1; j <= i; j++)
            total += closes[j];
        sum += total / SMA;
    }
    bench_keep(sum);
    return 0;
}

static int channel_ours(void)
{
    double sum = 0;
    window_init(window, CHANNEL);
    for (int i = 0; i < CANDLES; i++) {
        window_push(window, closes[i]);
        if (window_full(window))
            sum += window_maximum(window) - window_minimum(window);
    }
    bench_keep(sum);
    return 0;
}

static int channel_plain(void)
{
    double sum = 0;
    for (int i = CHANNEL - 1; i < CANDLES; i++) {
        double highest = closes[i], lowest = closes[i];
        for (int j = 1; j < CHANNEL; j++) {
            highest = closes[i - j] > highest ? closes[i - j] : highest;
            lowest = closes[i - j] < lowest ? closes[i - j] : lowest;
        }
        sum += highest - lowest;
    }
    bench_keep(sum);
    return 0;
}

static int rsi_ours(void)
{
    struct rsi rsi;
    double sum = 0, value;
    rsi_init(&rsi, RSI);
    for (int i = 0; i < CANDLES; i++)
        if (rsi_push(&rsi, closes[i], &value))
            sum += value;
    bench_keep(sum);
    return 0;
}

static int rsi_plain(void)
{
    double sum = 0, gain = 0, loss = 0;
    for (int i = 1; i < CANDLES; i++) {
        double change = closes[i] - closes[i - 1];
        gain = (gain * (RSI - 1) + (change > 0 ? change : 0)) / RSI;
        loss = (loss * (RSI - 1) + (change < 0 ? -change : 0)) / RSI;
        sum += 100 * gain / (gain + loss);
    }
    bench_keep(sum);
    return 0;
}

const struct bench bench_series[] = {
    {"SMA(20)", "from the window alone, beside a plain sum over it", 1.5, CANDLES, NULL, false, set_up, mean_ours, mean_plain,
     tear_down},
    {"Donchian(20)", "highest and lowest, beside a plain scan", 2.0, CANDLES, NULL, false, set_up, channel_ours, channel_plain,
     tear_down},
    {"RSI(14)", "Wilder's, beside the bare recurrence", 2.0, CANDLES, NULL, false, set_up, rsi_ours, rsi_plain, tear_down},
    {0},
};
