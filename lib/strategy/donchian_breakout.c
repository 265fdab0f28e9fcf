/* Strategy: the close breaks out of the range of the candles before it, the Donchian channel.
 *
 * Buy on the candle whose close is above the highest high of the `period` candles before it, where the close before
 * was not above its own; sell on the candle whose close is below the lowest low, likewise. */
/* SPDX-License-Identifier: MIT */
#include "lib/series/indicator.h"
#include "lib/strategy/strategies.h"

struct donchian_breakout {
    struct window *highs, *lows; /* behind this struct; without the candle that is decided on */
    bool was_above, was_below;   /* on the candle before */
};

static bool enabled(const struct config *config)
{
    return config->donchian_breakout_enabled;
}

static size_t state_size(const struct config *config)
{
    return sizeof(struct donchian_breakout) + 2 * window_size((uint32_t)config->donchian_breakout_period);
}

static uint32_t warm_up(const struct config *config)
{
    return (uint32_t)config->donchian_breakout_period + 2; /* the candle itself, and the edge looks at two */
}

static void init(void *state, const struct config *config)
{
    struct donchian_breakout *donchian = state;
    uint32_t period = (uint32_t)config->donchian_breakout_period;
    donchian->highs = (struct window *)(donchian + 1);
    donchian->lows = (struct window *)((uint8_t *)donchian->highs + window_size(period));
    window_init(donchian->highs, period);
    window_init(donchian->lows, period);
}

static enum decision next(void *state, const struct bar *bar)
{
    struct donchian_breakout *donchian = state;
    bool defined = window_full(donchian->highs);
    bool above = defined && bar->close > window_maximum(donchian->highs);
    bool below = defined && bar->close < window_minimum(donchian->lows);
    bool broke_up = above && !donchian->was_above;
    bool broke_down = below && !donchian->was_below;
    window_push(donchian->highs, bar->high);
    window_push(donchian->lows, bar->low);
    donchian->was_above = above;
    donchian->was_below = below;
    return broke_up ? DECISION_BUY : broke_down ? DECISION_SELL : DECISION_NONE;
}

const struct strategy donchian_breakout = {
    .name = "donchian_breakout",
    .enabled = enabled,
    .state_size = state_size,
    .warm_up = warm_up,
    .init = init,
    .next = next,
};
