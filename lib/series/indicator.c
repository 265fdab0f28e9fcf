/* Windows and Wilder's averages. */
/* SPDX-License-Identifier: MIT */
#include "lib/series/indicator.h"

#include <assert.h>
#include <math.h>

int indicator_compare(double left, double right)
{
    double difference = left - right;
    if (fabs(difference) <= 1e-12 * fmax(fabs(left), fabs(right)))
        return 0;
    return difference < 0 ? -1 : 1;
}

size_t window_size(uint32_t period)
{
    assert(period > 0);
    return sizeof(struct window) + 2 * (size_t)period * sizeof(double);
}

void window_init(struct window *window, uint32_t period)
{
    assert(period > 0);
    *window = (struct window){.period = period};
}

/* The values of a full window, oldest first. */
static const double *in_order(const struct window *window)
{
    assert(window_full(window));
    return window->values + window->next;
}

double window_mean(const struct window *window)
{
    const double *values = in_order(window);
    double a = 0, b = 0, c = 0, d = 0;
    uint32_t i = 0;
    for (; i + 4 <= window->period; i += 4) {
        a += values[i];
        b += values[i + 1];
        c += values[i + 2];
        d += values[i + 3];
    }
    for (; i < window->period; i++)
        a += values[i];
    return ((a + b) + (c + d)) / window->period;
}

static inline double larger(double left, double right)
{
    return left > right ? left : right;
}

static inline double smaller(double left, double right)
{
    return left < right ? left : right;
}

double window_maximum(const struct window *window)
{
    const double *values = in_order(window);
    double a = values[0], b = a, c = a, d = a;
    uint32_t i = 0;
    for (; i + 4 <= window->period; i += 4) {
        a = larger(values[i], a);
        b = larger(values[i + 1], b);
        c = larger(values[i + 2], c);
        d = larger(values[i + 3], d);
    }
    for (; i < window->period; i++)
        a = larger(values[i], a);
    return larger(larger(a, b), larger(c, d));
}

double window_minimum(const struct window *window)
{
    const double *values = in_order(window);
    double a = values[0], b = a, c = a, d = a;
    uint32_t i = 0;
    for (; i + 4 <= window->period; i += 4) {
        a = smaller(values[i], a);
        b = smaller(values[i + 1], b);
        c = smaller(values[i + 2], c);
        d = smaller(values[i + 3], d);
    }
    for (; i < window->period; i++)
        a = smaller(values[i], a);
    return smaller(smaller(a, b), smaller(c, d));
}

void rsi_init(struct rsi *rsi, uint32_t period)
{
    assert(period >= 2);
    *rsi = (struct rsi){.period = period, .weight = 1.0 / period};
}

/* Adds one change to the sums of the seed, or, once they are complete, to the smoothed averages. */
static void add_change(struct rsi *rsi, double change)
{
    double gain = change > 0 ? change : 0;
    double loss = change < 0 ? -change : 0;
    if (rsi->count > rsi->period) {
        rsi->gain += (gain - rsi->gain) * rsi->weight;
        rsi->loss += (loss - rsi->loss) * rsi->weight;
        return;
    }
    rsi->gain += gain;
    rsi->loss += loss;
    rsi->count++;
    if (rsi->count > rsi->period) {
        rsi->gain /= rsi->period;
        rsi->loss /= rsi->period;
    }
}

bool rsi_push(struct rsi *rsi, double close, double *value)
{
    if (rsi->count == 0)
        rsi->count = 1;
    else
        add_change(rsi, close - rsi->previous_close);
    rsi->previous_close = close;
    double movement = rsi->gain + rsi->loss;
    if (rsi->count <= rsi->period || movement <= 1e-10 * fabs(close))
        return false;
    *value = 100 * rsi->gain / movement;
    return true;
}

uint32_t rsi_warm_up(uint32_t period)
{
    assert(period >= 2);
    uint32_t candles = period + 1; /* the seed's */
    for (double weight = 1; weight >= 1e-15; candles++)
        weight *= (double)(period - 1) / period;
    return candles;
}
