/* Strategy: buy what was sold too much, sell what was bought too much, by Wilder's RSI.
 *
 * Buy on the candle where the RSI is below `oversold` and was not on the candle before; sell on the candle where it is
 * above `overbought` and was not. */
/* SPDX-License-Identifier: MIT */
#include "lib/series/indicator.h"
#include "lib/strategy/strategies.h"

struct rsi_reversion {
    struct rsi rsi;
    double oversold, overbought;   /* the levels */
    bool was_below, was_above;     /* on the candle before */
};

static bool enabled(const struct config *config)
{
    return config->rsi_reversion_enabled;
}

static size_t state_size(const struct config *config)
{
    (void)config;
    return sizeof(struct rsi_reversion);
}

static uint32_t warm_up(const struct config *config)
{
    return rsi_warm_up((uint32_t)config->rsi_reversion_period) + 1; /* the edge looks at two candles */
}

static void init(void *state, const struct config *config)
{
    struct rsi_reversion *reversion = state;
    rsi_init(&reversion->rsi, (uint32_t)config->rsi_reversion_period);
    reversion->oversold = (double)config->rsi_reversion_oversold;
    reversion->overbought = (double)config->rsi_reversion_overbought;
}

static enum decision next(void *state, const struct bar *bar)
{
    struct rsi_reversion *reversion = state;
    double rsi = 0;
    bool defined = rsi_push(&reversion->rsi, bar->close, &rsi);
    bool below = defined && indicator_compare(rsi, reversion->oversold) < 0;
    bool above = defined && indicator_compare(rsi, reversion->overbought) > 0;
    bool fell = below && !reversion->was_below;
    bool rose = above && !reversion->was_above;
    reversion->was_below = below;
    reversion->was_above = above;
    return fell ? DECISION_BUY : rose ? DECISION_SELL : DECISION_NONE;
}

const struct strategy rsi_reversion = {
    .name = "rsi_reversion",
    .enabled = enabled,
    .state_size = state_size,
    .warm_up = warm_up,
    .init = init,
    .next = next,
};
