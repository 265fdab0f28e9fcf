/* Candle intervals: their names, lengths and the grid that open times lie on. */
/* SPDX-License-Identifier: MIT */
#ifndef WICK_BASE_INTERVAL_H
#define WICK_BASE_INTERVAL_H

#include "lib/base/error.h"

#include <stdint.h>

/* The seconds of "1m", "5m", "1h", "1d" and the other names of the table in interval.c.
 * ERROR_ARGUMENT for any other text. */
int interval_from_name(const char *name, uint32_t *seconds) MUST_CHECK;

/* The name of a length in seconds, or NULL if no interval has that length. */
const char *interval_name(uint32_t seconds);

/* The open time of the candle that is forming at `time_ms`; both in ms since 1970 UTC. */
int64_t interval_open_time(uint32_t seconds, int64_t time_ms);

#endif
