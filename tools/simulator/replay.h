/* A market that was: candle files of a directory, replayed on one clock. */
/* SPDX-License-Identifier: MIT */
#ifndef WICK_SIMULATOR_REPLAY_H
#define WICK_SIMULATOR_REPLAY_H

#include "tools/simulator/market.h"

#include <stdio.h>

enum { REPLAY_WARM_UP = 504 }; /* candles that lie before the clock's start where there are twice as many */

/* Reads all SYMBOL_INTERVAL.csv.gz and .csv files of a directory; all must have one interval. Writes the first error
 * of every file to `errors`, one a line, and then returns ERROR_CONFIGURATION with a message that sums them up. */
int replay_open(const char *directory, FILE *errors, struct market **out) MUST_CHECK;

#endif
