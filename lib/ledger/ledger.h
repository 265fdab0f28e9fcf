/* The ledger: cash, what is held of each market, and what was earned and paid, exact to the last unit.
 *
 * It changes in two ways only: a fill is applied, once, and a market is marked at a price. After every change
 *     cash + inventory = start + realised - fees        (inventory: what the open positions cost)
 * holds, by assertion. It knows no socket and no clock; times are the exchange's and come with what it is given. */
/* SPDX-License-Identifier: MIT */
#ifndef WICK_LEDGER_LEDGER_H
#define WICK_LEDGER_LEDGER_H

#include "lib/base/error.h"
#include "lib/ledger/known_set.h"
#include "lib/ledger/money.h"
#include "lib/ledger/symbol_table.h"
#include "proto/message.h"

#include <stdbool.h>
#include <stdint.h>

enum {
    LEDGER_TRADES_KNOWN = 1 << 14, /* trades of which a repetition is noticed here; older ones the store knows */
    LEDGER_ORDERS_MAX = 1000,      /* orders that are not final */
    DAY_MS = 86400000,
};

/* What is held of one market. It stays, with a quantity of 0, when the position is closed. */
struct holding {
    char symbol[SYMBOL_SIZE];
    char strategy[NAME_SIZE]; /* that entered it, and alone may leave it */
    struct decimal quantity;  /* of the base asset, 0 or more */
    struct amount cost;       /* without fees */
    struct amount realised;   /* in this market so far, without fees */
    struct amount unrealised; /* value at the mark, rounded down, less cost; 0 without a mark */
    struct decimal mark;      /* the bid it is valued at; 0: none seen yet */
    int64_t opened_ms, updated_ms;
};

struct totals {
    struct amount start, cash, inventory, realised, fees, unrealised;
};

/* Which account a ledger keeps. Nothing of one account ever gets into another. */
struct account_key {
    char exchange[NAME_SIZE];
    char quote_asset[NAME_SIZE];
    enum account_mode mode;
};

struct ledger {
    struct account_key key;
    struct totals totals;
    struct symbol_table symbols; /* row of holdings by symbol */
    struct holding *holdings;    /* MARKETS_MAX, symbols.count in use; owned */
    uint32_t open_count;         /* holdings with a quantity */
    struct known_set trades;
    struct order *orders; /* LEDGER_ORDERS_MAX, order_count in use: those that are not final; owned */
    uint32_t order_count;
    int64_t day_start_ms;           /* midnight UTC of the exchange's clock; 0: no day has begun */
    struct amount day_start_equity; /* equity then */
};

/* An empty ledger of one account with this cash. ERROR_MEMORY; nothing is allocated later. */
int ledger_init(struct ledger *ledger, const struct account_key *key, struct amount start) MUST_CHECK;
void ledger_release(struct ledger *ledger);

/* Empties it again, for a restoration that starts anew. */
void ledger_clear(struct ledger *ledger, struct amount start);

/* Restoring: takes over what the store holds, row by row in any order; then ledger_verify says whether it is sound.
 * ERROR_ARGUMENT for a row that no ledger of this account can have written; ERROR_FULL; ERROR_RANGE. */
int ledger_restore_account(struct ledger *ledger, const struct account *account) MUST_CHECK;
int ledger_restore_position(struct ledger *ledger, const struct position *position) MUST_CHECK;
int ledger_restore_order(struct ledger *ledger, const struct order *order) MUST_CHECK;

/* Whether the identity holds and the open positions cost what the totals say. ERROR_ARGUMENT with the numbers. */
int ledger_verify(const struct ledger *ledger) MUST_CHECK;

/* Applies a trade and sets fill->realised. The first trade of a market that is not held makes fill->strategy the
 * owner. ERROR_EXISTS if it was applied before; ERROR_ARGUMENT for an impossible fill; ERROR_RANGE when more is sold
 * than is held, or a number overflows; ERROR_FULL. On errors nothing has changed. */
int ledger_apply(struct ledger *ledger, struct fill *fill) MUST_CHECK;

/* Values what is held of a market at its bid; nothing happens if nothing is held. ERROR_ARGUMENT for a bid that is not
 * positive, ERROR_RANGE; then the old mark stays. */
int ledger_mark(struct ledger *ledger, const char *symbol, struct decimal bid) MUST_CHECK;

/* Begins a new UTC day with the equity of now, if exchange_ms lies in a later day than the current one.
 * True if it did. */
bool ledger_turn_day(struct ledger *ledger, int64_t exchange_ms);

/* Keeps an order while it is not final, by its id; forgets it when it is. ERROR_FULL. */
int ledger_keep_order(struct ledger *ledger, const struct order *order) MUST_CHECK;

/* Whether an order of this market is not final. */
bool ledger_has_order(const struct ledger *ledger, const char *symbol);

/* What is or was held of a market, or NULL if it never was; valid until the ledger is released. */
const struct holding *ledger_find(const struct ledger *ledger, const char *symbol);

/* Cash, inventory and unrealised profit together. */
struct amount ledger_equity(const struct ledger *ledger);

/* The totals and a holding as messages carry them. */
struct account ledger_account(const struct ledger *ledger, int64_t time_ms);
struct position ledger_position(const struct ledger *ledger, const struct holding *holding);

#endif
