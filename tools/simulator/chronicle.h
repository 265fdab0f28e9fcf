/* What happens to the market, written into the journal as the clock passes it: symbols that come, go, halt and go on,
 * and candles that are told otherwise at first. */
/* SPDX-License-Identifier: MIT */
#ifndef WICK_SIMULATOR_CHRONICLE_H
#define WICK_SIMULATOR_CHRONICLE_H

#include "tools/simulator/journal.h"
#include "tools/simulator/market.h"

/* Writes what happened after *written_ms and up to `now_ms`, which becomes *written_ms. */
void chronicle_write(struct journal *journal, const struct market *market, int64_t *written_ms, int64_t now_ms);

#endif
