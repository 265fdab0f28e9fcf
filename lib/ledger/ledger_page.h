/* The page about the ledger, docs/ledger.md, written from the tables that the ledger works by. */
/* SPDX-License-Identifier: MIT */
#ifndef WICK_LEDGER_LEDGER_PAGE_H
#define WICK_LEDGER_LEDGER_PAGE_H

#include <stdio.h>

/* Writes the page as Markdown: amounts and rounding, the identity, outcomes and reasons, limits, states of orders. */
void ledger_print_page(FILE *out);

#endif
