/* Rows of answers and of streams that were passed over: each is counted, and told once with its name and its text. */
/* SPDX-License-Identifier: MIT */
#ifndef WICK_FETCHER_REFUSALS_H
#define WICK_FETCHER_REFUSALS_H

#include "lib/exchange/exchange.h"

enum { REFUSALS_REMEMBERED = 256 };

/* All zeros: none. */
struct refusals {
    uint64_t told[REFUSALS_REMEMBERED]; /* hashes of those that were told, the newest over the oldest */
    size_t next;
};

/* Counts a row that was passed over in an answer of this kind ("candles", ...), and logs it if it is not among those
 * that were told before, of whatever kind: the same candle comes by several. Where the row has no name, `symbol` is whose it is, or "". */
void refusals_tell(struct refusals *refusals, const char *kind, const char *symbol,
                   const struct exchange_refusal *refusal);

#endif
