/* Times as people and scripts write them: ms since 1970 UTC, or ISO 8601 in UTC. */
/* SPDX-License-Identifier: MIT */
#ifndef WICK_TOOLS_COMMON_TIME_TEXT_H
#define WICK_TOOLS_COMMON_TIME_TEXT_H

#include "lib/base/error.h"

#include <stdint.h>

enum { TIME_TEXT_SIZE = 32 };

/* Reads "1734739200000", "2024-12-21", "2024-12-21T12:30" or "2024-12-21T12:30:15", the last two also with a space for
 * the T and with a Z behind. Years 1970 to 9999. ERROR_SYNTAX. */
int time_read(const char *text, int64_t *time_ms) MUST_CHECK;

/* Writes "2024-12-21T12:30Z", with seconds and milliseconds only where they are not 0; a time outside of the years
 * 1970 to 9999 as ms. */
void time_print(int64_t time_ms, char out[TIME_TEXT_SIZE]);

#endif
