/* How long candles are kept, as the configuration says it. Pure. */
/* SPDX-License-Identifier: MIT */
#ifndef WICK_PERSISTER_RETENTION_H
#define WICK_PERSISTER_RETENTION_H

#include "lib/base/error.h"
#include "lib/store/store.h"

/* Reads a list like "1m=365d,1h=0" into the settings: intervals, each with days or hours ("36h"), 0: for ever.
 * ERROR_CONFIGURATION with what is wrong; the settings may then have some of it. */
int retention_read(const char *text, struct store_settings *settings) MUST_CHECK;

#endif
