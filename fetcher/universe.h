/* Which markets are followed: those that the configuration names, or the first max_symbols that trade in the quote
 * asset, by name. */
/* SPDX-License-Identifier: MIT */
#ifndef WICK_FETCHER_UNIVERSE_H
#define WICK_FETCHER_UNIVERSE_H

#include "fetcher/market.h"
#include "lib/runtime/config.h"

struct universe {
    const struct config *config;  /* borrowed */
    struct instrument *offered;   /* those that come into question; owned */
    size_t count;
    size_t left_out;              /* that there was no room for */
};

/* ERROR_MEMORY. */
int universe_init(struct universe *universe, const struct config *config) MUST_CHECK;
void universe_release(struct universe *universe);

/* Before a list is read, and for each of its rows. */
void universe_begin(struct universe *universe);
void universe_offer(struct universe *universe, const struct instrument *instrument);

/* After it was read: the chosen ones, ascending by name, are the first of `offered`. Returns how many. Names of the
 * configuration that are not among them are logged. */
size_t universe_choose(struct universe *universe);

/* Brings the followed instruments up to date; one that the exchange no longer lists does not trade. Returns how many
 * changed. */
size_t universe_update(struct universe *universe, struct market *market);

/* The intervals of the configuration, each once. ERROR_CONFIGURATION. */
int universe_intervals(const struct config *config, uint32_t intervals[MARKET_INTERVALS_MAX], size_t *count)
    MUST_CHECK;

#endif
