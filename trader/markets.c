/* Rows by symbol, filled from two kinds of message in any order. */
/* SPDX-License-Identifier: MIT */
#include "trader/markets.h"

#include "lib/ledger/money.h"

#include <stdlib.h>

int markets_init(struct markets *markets)
{
    *markets = (struct markets){0};
    int code = symbol_table_init(&markets->symbols);
    if (code != 0)
        return code;
    markets->rows = calloc(MARKETS_MAX, sizeof *markets->rows);
    if (markets->rows != NULL)
        return 0;
    symbol_table_release(&markets->symbols);
    return error_set(ERROR_MEMORY, "no memory for %d markets", MARKETS_MAX);
}

void markets_release(struct markets *markets)
{
    symbol_table_release(&markets->symbols);
    free(markets->rows);
    *markets = (struct markets){0};
}

static int find_row(struct markets *markets, const char *symbol, struct market **out)
{
    uint32_t known = markets->symbols.count;
    int row = symbol_table_add(&markets->symbols, symbol);
    if (row < 0)
        return row;
    *out = &markets->rows[row];
    if ((uint32_t)row == known)
        **out = (struct market){0};
    return 0;
}

int markets_take_instrument(struct markets *markets, const struct instrument *instrument)
{
    struct market *market = NULL;
    int code = find_row(markets, instrument->symbol, &market);
    if (code != 0)
        return code;
    code = instrument_check(instrument);
    markets->listed = markets->listed - market->listed + (code == 0);
    market->listed = code == 0;
    market->instrument = *instrument;
    return code;
}

int markets_take_ticker(struct markets *markets, const struct ticker *ticker)
{
    struct market *market = NULL;
    if (ticker->price_scale > DECIMAL_SCALE_MAX || ticker->bid < 0 || ticker->ask < 0)
        return error_set(ERROR_ARGUMENT, "the ticker of %s cannot be true", ticker->symbol);
    int code = find_row(markets, ticker->symbol, &market);
    if (code != 0)
        return code;
    markets->quoted += !market->quoted;
    market->quoted = true;
    market->ticker = *ticker;
    return 0;
}

const struct market *markets_find(const struct markets *markets, const char *symbol)
{
    int row = symbol_table_find(&markets->symbols, symbol);
    return row < 0 ? NULL : &markets->rows[row];
}
