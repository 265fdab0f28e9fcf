/* DATA/market: the one line that says whose data a directory holds, so that no other market is mixed into it.
 *
 *     exchange NAME                 of a real exchange
 *     simulated generated SEED      of the simulated exchange, made up
 *     simulated replayed DIR        of the simulated exchange, from files
 *
 * Earlier versions stored what was simulated as Binance's and wrote `generated SEED` or `replayed DIR`: such a directory
 * can be read, but nothing more is put into it. */
/* SPDX-License-Identifier: MIT */
#ifndef WICK_TOOLS_COMMON_MARKET_FILE_H
#define WICK_TOOLS_COMMON_MARKET_FILE_H

#include "lib/base/error.h"
#include "proto/message.h"
#include "tools/common/files.h"

#include <stdbool.h>

enum { MARKET_FILE_SIZE = FILE_PATH_SIZE + 64 };

/* Reads the line of a directory. ERROR_MISSING when it has none; ERROR_RANGE, ERROR_SYSTEM with the path. */
int market_file_read(const char *data_dir, char out[MARKET_FILE_SIZE]) MUST_CHECK;

/* The exchange under whose name a directory's data are stored. ERROR_MISSING when it has no line; ERROR_RANGE, ERROR_SYSTEM
 * with the path. */
int market_file_exchange(const char *data_dir, char out[NAME_SIZE]) MUST_CHECK;

/* Whether an earlier version left simulated data in a directory, under the name of a real exchange. False if there is no
 * line, or none that can be read. */
bool market_file_is_earlier(const char *data_dir);

/* Ties a directory that has no line to `market`, or checks that it has this line. ERROR_EXISTS with both; ERROR_SYSTEM. */
int market_file_tie(const char *data_dir, const char *market) MUST_CHECK;

/* The same for who brings candles of an exchange from elsewhere: a directory without a line becomes that of a real
 * exchange, and one of any market of that exchange will do. ERROR_EXISTS with both; ERROR_SYSTEM. */
int market_file_tie_exchange(const char *data_dir, const char *exchange) MUST_CHECK;

#endif
