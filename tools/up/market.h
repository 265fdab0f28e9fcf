/* What a run follows: a real exchange, or the simulated one with a generated or a replayed market. A data directory
 * belongs to one market, whose clock never goes back. */
/* SPDX-License-Identifier: MIT */
#ifndef WICK_TOOLS_UP_MARKET_H
#define WICK_TOOLS_UP_MARKET_H

#include "lib/base/error.h"
#include "lib/runtime/config.h"
#include "tools/common/files.h"
#include "tools/up/options.h"

#include <stdbool.h>
#include <stdint.h>

enum market_kind {
    MARKET_GENERATED, /* by the simulated exchange, from a seed */
    MARKET_REPLAYED,  /* by the simulated exchange, from files */
    MARKET_REAL,      /* an exchange, or whatever exchange.url names */
};

/* How far ahead the clock that is kept on disk runs, so that a run that was killed never goes back. */
enum { MARKET_CLOCK_AHEAD_MS = 5000, MARKET_CLOCK_SAVE_MS = 2000 };

struct market {
    enum market_kind kind;
    const char *exchange;             /* its name in the configuration */
    char replay_dir[FILE_PATH_SIZE];  /* absolute; MARKET_REPLAYED */
    char intervals[100];              /* of the replay's files, else of the configuration; with commas */
    int64_t symbols;                  /* followed at most */
    int64_t speed;                    /* of the exchange's clock */
    uint64_t seed;                    /* MARKET_GENERATED */
    int64_t origin_monotonic_ms;      /* at this moment of our monotonic clock ... */
    int64_t origin_exchange_ms;       /* ... the simulated exchange's clock showed this; 0: not known yet */
};

static inline bool market_is_simulated(const struct market *market)
{
    return market->kind != MARKET_REAL;
}

/* Whether what is followed is stored as simulated: also another's simulated exchange, at an address that is configured. */
bool market_is_named_simulated(const struct market *market);

/* Settles what is followed, from the arguments and the configuration; reads the names in the replay directory.
 * ERROR_ARGUMENT for an exchange that is not known, or a speed that it cannot have; ERROR_SYSTEM, ERROR_MISSING and
 * ERROR_SYNTAX for what is wrong with the directory. */
int market_choose(const struct up_options *asked, const struct config *config, struct market *out) MUST_CHECK;

/* Ties the data directory to the market, or checks that it belongs to it; sets seed and origin, which go on where
 * the last run in this directory stopped. ERROR_EXISTS when it belongs to another market. */
int market_open(const char *data_dir, struct market *market) MUST_CHECK;

/* Takes the origin of the clock from the line that the simulated exchange logs when it is ready: a replay without a
 * kept clock starts where the exchange chooses. Other lines and later origins change nothing. */
void market_learn_clock(struct market *market, const char *line);

/* The simulated exchange's clock at a moment of our monotonic clock. */
int64_t market_clock_ms(const struct market *market, int64_t monotonic_ms);

/* Keeps the clock: while running one that is a little ahead, at the end (`stopped`) the exact one. Nothing while it is
 * not known. */
int market_save_clock(const char *data_dir, const struct market *market, int64_t monotonic_ms, bool stopped)
    MUST_CHECK;

/* One line for people: "simulated exchange, 250 generated markets, 1m, 20 times faster". */
void market_describe(const struct market *market, char *out, size_t capacity);

#endif
