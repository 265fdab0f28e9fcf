/* Prose stands here once; every table is a loop over rows. */
/* SPDX-License-Identifier: MIT */
#include "lib/ledger/ledger_page.h"

#include "lib/ledger/limits.h"
#include "lib/ledger/order.h"

static const char introduction[] =
    "# The ledger\n"
    "\n"
    "The trader writes it, alone (`lib/ledger/`, `trader/`). It is exact: money is never a floating-point number.\n"
    "This page is printed from the tables of the program.\n"
    "\n"
    "## Amounts and how they are rounded\n"
    "\n"
    "A price is a number of ticks, a quantity a number of lot steps, an amount a number of 10^-8 of the quote asset.\n"
    "Each has its own struct, products have 128 bits, and what does not fit is an error, never a wrong number.\n"
    "Where digits are lost they are lost against us:\n"
    "\n"
    "| what | how |\n"
    "|---|---|\n"
    "| quantity that a stake buys | the most lots whose value and fee are within the stake |\n"
    "| quantity that is sold | all that is held, down to whole lots |\n"
    "| price of a fill on paper | ask or bid, moved by `trader.slippage_ppm`, up for a purchase, down for a sale |\n"
    "| value of a fill | price * quantity, up for a purchase, down for a sale |\n"
    "| fee | value * `trader.fee_ppm` / 1000000, up |\n"
    "| cost released by a sale | cost * sold / held, down; all that is left when the position closes |\n"
    "| value of a position | bid * quantity, down |\n"
    "\n"
    "## The identity\n"
    "\n"
    "    cash + inventory = start + realised - fees\n"
    "\n"
    "Inventory is what the open positions cost. It is asserted after every change, to the last unit, and a trader\n"
    "whose restored ledger breaks it does not trade.\n"
    "\n"
    "| change | cash | inventory | realised | fees |\n"
    "|---|---|---|---|---|\n"
    "| purchase | - value - fee | + value | | + fee |\n"
    "| sale | + value - fee | - released cost | + value - released cost | + fee |\n"
    "| new bid | | | | |\n"
    "\n"
    "Unrealised profit is the value of the open positions at the bid less their cost; equity is cash + inventory +\n"
    "unrealised. A day begins at midnight UTC of the exchange's clock, with the equity of the first poll of the\n"
    "market after it. A fill is applied once by exchange, symbol and trade id.\n"
    "\n"
    "## The mode\n"
    "\n"
    "A person may pause trading, let only exits through, halt it, resume it, or sell everything (flatten: each\n"
    "position at the bid, again and again until none is left but what the exchange would not take; no entries\n"
    "follow). The mode outlives a restart in the file `trading-mode` of `process.data_dir`; a file that cannot be\n"
    "read counts as halted.\n";

static void print_reasons(FILE *out)
{
    (void)fputs("\n## Outcomes and reasons\n\n"
                "Every signal gets exactly one outcome, with a reason.\n\n"
                "| reason | outcome | why |\n|---|---|---|\n", out);
    for (int i = 0; i < REASONS; i++)
        (void)fprintf(out, "| `%s` | %s | %s |\n", reasons[i].name, outcome_name(reasons[i].outcome),
                      reasons[i].sentence);
}

static void print_purposes(unsigned applies, FILE *out)
{
    static const struct {
        enum purpose purpose;
        const char *name;
    } names[] = {{PURPOSE_ENTRY, "entry"}, {PURPOSE_EXIT, "exit"}, {PURPOSE_FLATTEN, "flatten"}};
    const char *comma = "";
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if ((applies & (unsigned)names[i].purpose) == 0)
            continue;
        (void)fprintf(out, "%s%s", comma, names[i].name);
        comma = ", ";
    }
}

static void print_limits(FILE *out)
{
    (void)fputs("\n## Limits\n\n"
                "Asked in this order before an order is made; the first that speaks gives the reason. Times are the\n"
                "exchange's. A tick is `market.tick_ms`, but at least 100 ms of our clock.\n\n"
                "| limit | asked for | speaks when | set by |\n|---|---|---|---|\n", out);
    for (size_t i = 0; i < limit_count; i++) {
        const struct limit_row *limit = &limits[i];
        (void)fprintf(out, "| `%s` | ", reasons[limit->reason].name);
        print_purposes(limit->applies, out);
        (void)fprintf(out, " | %s | ", limit->sentence);
        (void)fprintf(out, limit->option[0] != '\0' ? "`%s` |\n" : "%s|\n", limit->option);
    }
}

static void print_orders(FILE *out)
{
    (void)fputs("\n## States of an order\n\n"
                "What can happen to an order:\n\n| event | meaning |\n|---|---|\n", out);
    for (int i = 0; i < ORDER_EVENTS; i++)
        (void)fprintf(out, "| `%s` | %s |\n", order_events[i].name, order_events[i].sentence);
    (void)fputs("\nAnd what then becomes of it; an edge that is not in this table is refused:\n\n"
                "| from | event | to | why |\n|---|---|---|---|\n", out);
    for (size_t i = 0; i < order_edge_count; i++)
        (void)fprintf(out, "| %s | `%s` | %s | %s |\n", order_state_name(order_edges[i].from),
                      order_events[order_edges[i].event].name, order_state_name(order_edges[i].to),
                      order_edges[i].sentence);
}

void ledger_print_page(FILE *out)
{
    (void)fputs(introduction, out);
    print_reasons(out);
    print_limits(out);
    print_orders(out);
}
