/* Streaming indicators. Each is a small struct that the caller places, fed one value a candle.
 *
 * A windowed one is a function of its window alone, bit for bit: the same window gives the same bits, whenever the
 * feeding began. A recursive one forgets its seed; WARM_UP says after how many candles the seed's weight is below
 * 1e-15, so that whoever feeds at least that many agrees with everybody else to the last decision. */
/* SPDX-License-Identifier: MIT */
#ifndef WICK_SERIES_INDICATOR_H
#define WICK_SERIES_INDICATOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A window of the last `period` values, in memory the caller gives behind the struct. */
struct window {
    uint32_t period;
    uint32_t count; /* values seen, up to period */
    uint32_t next;  /* where the next one goes */
    double values[];
};

/* Bytes for a window of `period` values, a multiple of 8. */
size_t window_size(uint32_t period);
void window_init(struct window *window, uint32_t period);
void window_push(struct window *window, double value);
static inline bool window_full(const struct window *window)
{
    return window->count == window->period;
}

/* Simple moving average: the arithmetic mean of the window, summed oldest first. Defined when the window is full. */
double window_mean(const struct window *window);
/* Largest and smallest value of the window (Donchian channel). Defined when the window is full. */
double window_maximum(const struct window *window);
double window_minimum(const struct window *window);

/* Wilder's relative strength index (New Concepts in Technical Trading Systems, 1978):
 * averages of gains and losses, seeded with the mean of the first `period` changes, then smoothed by 1/period.
 * 100 * G / (G + L), 0 if both are 0. */
struct rsi {
    uint32_t period;
    uint32_t count; /* closes seen, up to period + 1 */
    double previous_close;
    double gain, loss;
};

void rsi_init(struct rsi *rsi, uint32_t period);
/* Feeds a close; true and *value when it is defined. */
bool rsi_push(struct rsi *rsi, double close, double *value);
/* Candles until the seed's weight ((period - 1) / period)^n is below 1e-15, the seed's own candles included. */
uint32_t rsi_warm_up(uint32_t period);

#endif
