/* Rows of an array by symbol: who keeps something a market finds its row here. Rows are numbered from 0 in the order
 * in which the symbols came, and none is ever taken away. */
/* SPDX-License-Identifier: MIT */
#ifndef WICK_LEDGER_SYMBOL_TABLE_H
#define WICK_LEDGER_SYMBOL_TABLE_H

#include "lib/base/error.h"
#include "proto/message.h"

#include <stdint.h>

enum { MARKETS_MAX = 10000 }; /* markets that a ledger and a trader can know */

struct symbol_table {
    uint32_t count;
    uint16_t *slots;              /* row + 1, 0: free; open addressing; owned */
    char (*symbols)[SYMBOL_SIZE]; /* by row; owned */
};

/* Room for MARKETS_MAX symbols. ERROR_MEMORY. */
int symbol_table_init(struct symbol_table *table) MUST_CHECK;
void symbol_table_release(struct symbol_table *table);

/* Forgets every symbol. */
void symbol_table_clear(struct symbol_table *table);

/* The row of a symbol, or -1. */
int symbol_table_find(const struct symbol_table *table, const char *symbol);

/* The row of a symbol, a new one if it has none yet; ERROR_FULL. */
int symbol_table_add(struct symbol_table *table, const char *symbol) MUST_CHECK;

#endif
