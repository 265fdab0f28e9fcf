/* The table of strategies, and what follows from all rows together. */
/* SPDX-License-Identifier: MIT */
#include "lib/strategy/strategy.h"

#include "lib/strategy/strategies.h"

const struct strategy *const strategies[] = {
    &sma_cross,
    &rsi_reversion,
    &donchian_breakout,
};

const size_t strategy_count = sizeof strategies / sizeof strategies[0];

_Static_assert(sizeof strategies / sizeof strategies[0] <= STRATEGIES_MAX, "STRATEGIES_MAX is too small");

uint32_t strategies_warm_up(const struct config *config)
{
    uint32_t longest = 0;
    for (size_t i = 0; i < strategy_count; i++) {
        if (!strategies[i]->enabled(config))
            continue;
        uint32_t candles = strategies[i]->warm_up(config);
        if (candles > longest)
            longest = candles;
    }
    return longest;
}

uint32_t strategies_ring_size(const struct config *config)
{
    uint32_t candles = strategies_warm_up(config) + STRATEGY_UNATTENDED_CANDLES;
    return candles > STRATEGY_RING_MIN ? candles : STRATEGY_RING_MIN;
}
