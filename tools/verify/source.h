/* An exchange that missing candles are asked from: one request at a time, within a small share of its request weight,
 * beside whatever else asks it from this address. Waits for each answer. */
/* SPDX-License-Identifier: MIT */
#ifndef WICK_VERIFY_SOURCE_H
#define WICK_VERIFY_SOURCE_H

#include "lib/exchange/exchange.h"

#include <signal.h>

enum {
    SOURCE_SHARE_PERCENT = 10,  /* of the exchange's request weight that is used here at most, */
    SOURCE_ALL_PERCENT = 80,    /* and that everybody on this address uses together, as the exchange tells */
    SOURCE_WAIT_MOST_MS = 90000, /* a longer stop is not waited for */
    SOURCE_ATTEMPTS = 6,
};

struct source; /* opaque */

struct source_options {
    const char *exchange; /* the name of an adapter */
    const char *url;      /* base URL; NULL or empty: the exchange's own */
    const char *data_dir; /* where the file of a ban is */
    const volatile sig_atomic_t *interrupted;
};

/* Finds the adapter and asks for the exchange's time. ERROR_ARGUMENT for an exchange that has no adapter; ERROR_BANNED
 * while it has banned us; ERROR_AGAIN when interrupted; ERROR_CONNECTION, ERROR_TIMEOUT, ERROR_PROTOCOL. */
int source_open(struct source **out, const struct source_options *options) MUST_CHECK;

/* NULL is allowed. */
void source_close(struct source *source);

/* Its adapter. */
const struct exchange *source_exchange(const struct source *source);

/* The exchange's clock, ms since 1970 UTC. */
int64_t source_now_ms(const struct source *source);

/* The candles of a series that open from first to last and have closed, at most candles_per_call of them in one
 * request. Codes as source_open, ERROR_ARGUMENT for an interval that it does not have, ERROR_DENIED when it refuses the
 * request, as for a symbol it does not know. */
int source_candles(struct source *source, const char *symbol, uint32_t interval_s, int64_t first_open_ms,
                   int64_t last_open_ms, exchange_candle_fn fn, void *user) MUST_CHECK;

#endif
