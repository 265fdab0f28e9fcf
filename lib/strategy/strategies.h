/* The strategies by name, for the table in strategy.c. */
/* SPDX-License-Identifier: MIT */
#ifndef WICK_STRATEGY_STRATEGIES_H
#define WICK_STRATEGY_STRATEGIES_H

#include "lib/strategy/strategy.h"

extern const struct strategy sma_cross;
extern const struct strategy rsi_reversion;
extern const struct strategy donchian_breakout;

#endif
