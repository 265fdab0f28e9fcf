/* Open addressing over row numbers; the symbols themselves lie densely beside it. */
/* SPDX-License-Identifier: MIT */
#include "lib/ledger/symbol_table.h"

#include "proto/shard.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum { SLOTS = 32768 }; /* a power of two, more than three times MARKETS_MAX */
static_assert(MARKETS_MAX < UINT16_MAX && MARKETS_MAX * 3 < SLOTS, "rows fit their slots, and probes end");

int symbol_table_init(struct symbol_table *table)
{
    *table = (struct symbol_table){
        .slots = calloc(SLOTS, sizeof *table->slots),
        .symbols = calloc(MARKETS_MAX, sizeof *table->symbols),
    };
    if (table->slots == NULL || table->symbols == NULL) {
        symbol_table_release(table);
        return error_set(ERROR_MEMORY, "a table of %d markets", MARKETS_MAX);
    }
    return 0;
}

void symbol_table_release(struct symbol_table *table)
{
    free(table->slots);
    free(table->symbols);
    *table = (struct symbol_table){0};
}

void symbol_table_clear(struct symbol_table *table)
{
    memset(table->slots, 0, SLOTS * sizeof *table->slots);
    table->count = 0;
}

/* The slot of the symbol, or the free one where it belongs. */
static uint16_t *find_slot(const struct symbol_table *table, const char *symbol)
{
    size_t i = (size_t)hash64(symbol, strlen(symbol)) % SLOTS;
    while (table->slots[i] != 0 && strcmp(table->symbols[table->slots[i] - 1], symbol) != 0)
        i = (i + 1) % SLOTS;
    return &table->slots[i];
}

int symbol_table_find(const struct symbol_table *table, const char *symbol)
{
    return *find_slot(table, symbol) - 1;
}

int symbol_table_add(struct symbol_table *table, const char *symbol)
{
    uint16_t *slot = find_slot(table, symbol);
    if (*slot != 0)
        return *slot - 1;
    if (table->count == MARKETS_MAX)
        return error_set(ERROR_FULL, "more than %d markets", MARKETS_MAX);
    int code = text_copy(table->symbols[table->count], SYMBOL_SIZE, symbol, strlen(symbol));
    if (code != 0)
        return code;
    *slot = (uint16_t)++table->count;
    return *slot - 1;
}
