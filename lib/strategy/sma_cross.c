/* Strategy: a fast simple moving average of the closes crosses a slow one.
 *
 * Buy on the candle where the fast average is above the slow one and was not on the candle before; sell on the candle
 * where it is below and was not. */
/* SPDX-License-Identifier: MIT */
#include "lib/series/indicator.h"
#include "lib/strategy/strategies.h"

struct sma_cross {
    struct window *fast, *slow; /* behind this struct */
    bool defined;               /* whether the candle before had both averages */
    int order;                  /* and how fast compared to slow there: -1, 0, 1 */
};

static bool enabled(const struct config *config)
{
    return config->sma_cross_enabled;
}

static size_t state_size(const struct config *config)
{
    return sizeof(struct sma_cross) + window_size((uint32_t)config->sma_cross_fast) +
           window_size((uint32_t)config->sma_cross_slow);
}

static uint32_t warm_up(const struct config *config)
{
    return (uint32_t)config->sma_cross_slow + 1; /* the edge looks at two candles */
}

static void init(void *state, const struct config *config)
{
    struct sma_cross *sma = state;
    uint32_t fast = (uint32_t)config->sma_cross_fast;
    sma->fast = (struct window *)(sma + 1);
    sma->slow = (struct window *)((uint8_t *)sma->fast + window_size(fast));
    window_init(sma->fast, fast);
    window_init(sma->slow, (uint32_t)config->sma_cross_slow);
}

static enum decision next(void *state, const struct bar *bar)
{
    struct sma_cross *sma = state;
    window_push(sma->fast, bar->close);
    window_push(sma->slow, bar->close);
    if (!window_full(sma->slow))
        return DECISION_NONE;
    int order = indicator_compare(window_mean(sma->fast), window_mean(sma->slow));
    bool crossed_up = sma->defined && order > 0 && sma->order <= 0;
    bool crossed_down = sma->defined && order < 0 && sma->order >= 0;
    sma->defined = true;
    sma->order = order;
    return crossed_up ? DECISION_BUY : crossed_down ? DECISION_SELL : DECISION_NONE;
}

const struct strategy sma_cross = {
    .name = "sma_cross",
    .enabled = enabled,
    .state_size = state_size,
    .warm_up = warm_up,
    .init = init,
    .next = next,
};
