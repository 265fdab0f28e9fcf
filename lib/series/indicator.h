/* Streaming indicators. Each is a small struct that the caller places, fed one value a candle.
 *
 * A windowed one is a function of its window alone, bit for bit: the same window gives the same bits, whenever the
 * feeding began. A recursive one forgets its seed; its _warm_up says after how many candles the seed's weight is below
 * 1e-15, so that whoever feeds at least that many agrees with everybody else to the last decision. */
/* SPDX-License-Identifier: MIT */
#ifndef WICK_SERIES_INDICATOR_H
#define WICK_SERIES_INDICATOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* -1, 0 or 1 as left is below, equal to or above right, for values that were calculated. Closer than 1e-12 of their
 * size is equal: prices are decimals, and averages of them that are equal on paper differ in the last bits of a
 * double, where they must not make a decision. Prices themselves compare with < and >. */
int indicator_compare(double left, double right);

/* A window of the last `period` values, in memory the caller gives behind the struct. Every value is kept twice,
 * `period` apart, so that the window always lies in one piece, oldest first. */
struct window {
    uint32_t period;
    uint32_t count; /* values seen, up to period */
    uint32_t next;  /* where the next one goes, below period; once full also where the oldest is */
    double values[];
};

/* Bytes for a window of `period` values, period > 0; a multiple of 8. */
size_t window_size(uint32_t period);

/* Makes `window`, window_size(period) bytes aligned for a double, an empty window. */
void window_init(struct window *window, uint32_t period);

/* Adds a value; the oldest one leaves a full window. */
static inline void window_push(struct window *window, double value)
{
    window->values[window->next] = value;
    window->values[window->next + window->period] = value;
    window->next = window->next + 1 == window->period ? 0 : window->next + 1;
    window->count += window->count < window->period;
}

/* Whether `period` values were pushed; what follows is defined only then. */
static inline bool window_full(const struct window *window)
{
    return window->count == window->period;
}

/* Simple moving average: the arithmetic mean of the window, summed oldest first in four interleaved sums. */
double window_mean(const struct window *window);

/* Largest and smallest value of the window (Donchian channel). */
double window_maximum(const struct window *window);
double window_minimum(const struct window *window);

/* Wilder's relative strength index (New Concepts in Technical Trading Systems, 1978):
 * averages of gains and losses, seeded with the mean of the first `period` changes, then smoothed by 1/period.
 * 100 * G / (G + L). */
struct rsi {
    uint32_t period;
    uint32_t count; /* closes seen, up to period + 1 */
    double weight;  /* of a new change in the averages, 1 / period */
    double previous_close;
    double gain, loss; /* the averages; while the seed is being gathered, sums */
};

/* An RSI that has seen nothing; period >= 2. */
void rsi_init(struct rsi *rsi, uint32_t period);

/* Feeds a close; true and *value when it is defined: from the seed on, but not while the price has stood still for so
 * long (G + L below 1e-10 of the close) that only what happened before anybody's warm-up is left to compare. */
bool rsi_push(struct rsi *rsi, double close, double *value);

/* Candles until the seed's weight ((period - 1) / period)^n is below 1e-15, the seed's own candles included. */
uint32_t rsi_warm_up(uint32_t period);

#endif
