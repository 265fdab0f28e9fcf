/* What the trader knows of every market: its instrument and its newest ticker, as the fetcher publishes them. */
/* SPDX-License-Identifier: MIT */
#ifndef WICK_TRADER_MARKETS_H
#define WICK_TRADER_MARKETS_H

#include "lib/base/error.h"
#include "lib/ledger/symbol_table.h"
#include "proto/message.h"

#include <stdbool.h>

struct market {
    struct instrument instrument;
    struct ticker ticker;
    bool listed; /* the instrument has come and can be counted in */
    bool quoted; /* a ticker has come */
};

struct markets {
    struct symbol_table symbols; /* row by symbol */
    struct market *rows;         /* MARKETS_MAX, symbols.count in use; owned */
    uint32_t listed, quoted;     /* markets of which an instrument, a ticker has come */
};

/* ERROR_MEMORY; nothing is allocated later. */
int markets_init(struct markets *markets) MUST_CHECK;
void markets_release(struct markets *markets);

/* Takes what has come. ERROR_ARGUMENT for an instrument whose steps cannot be counted in (the market is then not
 * listed) or a ticker that cannot be true; ERROR_FULL. */
int markets_take_instrument(struct markets *markets, const struct instrument *instrument) MUST_CHECK;
int markets_take_ticker(struct markets *markets, const struct ticker *ticker) MUST_CHECK;

/* The market of a symbol, or NULL if nothing of it has come. */
const struct market *markets_find(const struct markets *markets, const char *symbol);

#endif
