/* The options that depend on what the exchange has: its intervals. */
/* SPDX-License-Identifier: MIT */
#ifndef WICK_EXCHANGE_EXCHANGE_CONFIG_H
#define WICK_EXCHANGE_EXCHANGE_CONFIG_H

#include "lib/exchange/exchange.h"
#include "lib/runtime/config.h"

#include <stdio.h>

/* The intervals of the configuration, each once. ERROR_CONFIGURATION, also for those that the exchange does not have;
 * for the interval of a day too, if the age of markets is asked for. */
int exchange_intervals(const struct config *config, const struct exchange *exchange, uint32_t *intervals,
                       size_t capacity, size_t *count) MUST_CHECK;

/* The same check for tools, before anything is started: writes an error with its place. ERROR_CONFIGURATION. */
int exchange_check_config(const struct config *config, const struct exchange *exchange, FILE *errors) MUST_CHECK;

#endif
