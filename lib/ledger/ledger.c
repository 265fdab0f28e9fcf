/* Every change is worked out on copies with checked arithmetic, then put in place as a whole, then checked. */
/* SPDX-License-Identifier: MIT */
#include "lib/ledger/ledger.h"

#include "lib/ledger/order.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

int ledger_init(struct ledger *ledger, const struct account_key *key, struct amount start)
{
    *ledger = (struct ledger){.key = *key};
    int code = symbol_table_init(&ledger->symbols);
    if (code == 0)
        code = known_set_init(&ledger->trades, LEDGER_TRADES_KNOWN);
    ledger->holdings = calloc(MARKETS_MAX, sizeof *ledger->holdings);
    ledger->orders = calloc(LEDGER_ORDERS_MAX, sizeof *ledger->orders);
    if (code == 0 && (ledger->holdings == NULL || ledger->orders == NULL))
        code = error_set(ERROR_MEMORY, "a ledger of %d markets", MARKETS_MAX);
    if (code != 0) {
        ledger_release(ledger);
        return code;
    }
    ledger->totals = (struct totals){.start = start, .cash = start};
    return 0;
}

void ledger_release(struct ledger *ledger)
{
    symbol_table_release(&ledger->symbols);
    known_set_release(&ledger->trades);
    free(ledger->holdings);
    free(ledger->orders);
    *ledger = (struct ledger){0};
}

void ledger_clear(struct ledger *ledger, struct amount start)
{
    symbol_table_clear(&ledger->symbols);
    known_set_clear(&ledger->trades);
    ledger->open_count = 0;
    ledger->order_count = 0;
    ledger->day_start_ms = 0;
    ledger->day_start_equity = (struct amount){0};
    ledger->totals = (struct totals){.start = start, .cash = start};
}

/* 128 bits wide, so that no sum of these can overflow. */
static bool identity_holds(const struct totals *totals)
{
    return (__int128)totals->cash.units + totals->inventory.units ==
           (__int128)totals->start.units + totals->realised.units - totals->fees.units;
}

static bool equity_fits(const struct totals *totals)
{
    __int128 equity = (__int128)totals->cash.units + totals->inventory.units + totals->unrealised.units;
    return equity <= INT64_MAX && equity >= INT64_MIN;
}

static int add_to(struct amount *value, struct amount by)
{
    return amount_add(*value, by, value);
}

static int take_from(struct amount *value, struct amount by)
{
    return amount_subtract(*value, by, value);
}

static bool is_open(const struct holding *holding)
{
    return holding->quantity.mantissa > 0;
}

static int revalue(struct holding *holding)
{
    struct amount value;
    holding->unrealised = (struct amount){0};
    if (!is_open(holding) || holding->mark.mantissa <= 0)
        return 0;
    int code = amount_of(holding->mark, holding->quantity, ROUND_DOWN, &value);
    return code != 0 ? code : amount_subtract(value, holding->cost, &holding->unrealised);
}

/* The row of a symbol's holding, made empty if the symbol is new. */
static int find_row(struct ledger *ledger, const char *symbol)
{
    uint32_t known = ledger->symbols.count;
    int row = symbol_table_add(&ledger->symbols, symbol);
    if (row >= 0 && (uint32_t)row == known) {
        ledger->holdings[row] = (struct holding){0};
        memcpy(ledger->holdings[row].symbol, ledger->symbols.symbols[row], SYMBOL_SIZE);
    }
    return row;
}

/* Puts a holding and the totals that go with it in place. */
static int put(struct ledger *ledger, int row, const struct holding *holding, const struct totals *totals)
{
    struct holding *old = &ledger->holdings[row];
    struct totals next = *totals;
    int code = take_from(&next.unrealised, old->unrealised);
    if (code == 0)
        code = add_to(&next.unrealised, holding->unrealised);
    if (code == 0 && !equity_fits(&next))
        code = error_set(ERROR_RANGE, "the equity needs more than 63 bits");
    if (code != 0)
        return code;
    ledger->open_count = ledger->open_count - is_open(old) + is_open(holding);
    *old = *holding;
    ledger->totals = next;
    return 0;
}

/* Whether a row is of this account; ERROR_ARGUMENT if not. */
static int check_account(const struct ledger *ledger, const char *exchange, const char *quote_asset,
                         enum account_mode mode)
{
    const struct account_key *own = &ledger->key;
    if (strcmp(exchange, own->exchange) == 0 && strcmp(quote_asset, own->quote_asset) == 0 && mode == own->mode)
        return 0;
    return error_set(ERROR_ARGUMENT, "it is of the account %s %s %s, the ledger of %s %s %s", exchange, quote_asset,
                     account_mode_name(mode), own->exchange, own->quote_asset, account_mode_name(own->mode));
}

int ledger_restore_account(struct ledger *ledger, const struct account *account)
{
    int code = check_account(ledger, account->exchange, account->quote_asset, account->mode);
    if (code != 0)
        return error_context(code, "the totals");
    ledger->totals = (struct totals){
        .start = {account->start},
        .cash = {account->cash},
        .inventory = {account->inventory},
        .realised = {account->realised},
        .fees = {account->fees},
        .unrealised = ledger->totals.unrealised, /* follows from the positions */
    };
    return 0;
}

int ledger_restore_position(struct ledger *ledger, const struct position *position)
{
    int code = check_account(ledger, position->exchange, position->quote_asset, position->mode);
    if (code != 0)
        return error_context(code, "the position of %s", position->symbol);
    if (position->quantity < 0 || position->cost < 0 || position->mark < 0 ||
        position->quantity_scale > DECIMAL_SCALE_MAX || position->mark_scale > DECIMAL_SCALE_MAX)
        return error_set(ERROR_ARGUMENT, "the position of %s is impossible", position->symbol);
    struct holding holding = {
        .quantity = {position->quantity, position->quantity_scale},
        .cost = {position->cost},
        .realised = {position->realised},
        .mark = {position->mark, position->mark_scale},
        .opened_ms = position->opened_ms,
        .updated_ms = position->updated_ms,
    };
    memcpy(holding.symbol, position->symbol, SYMBOL_SIZE);
    memcpy(holding.strategy, position->strategy, NAME_SIZE);
    code = revalue(&holding);
    int row = code == 0 ? find_row(ledger, position->symbol) : code;
    return row < 0 ? row : put(ledger, row, &holding, &ledger->totals);
}

int ledger_restore_order(struct ledger *ledger, const struct order *order)
{
    int code = check_account(ledger, order->exchange, order->quote_asset, order->mode);
    return code != 0 ? error_context(code, "order %s", order->order_id) : ledger_keep_order(ledger, order);
}

int ledger_verify(const struct ledger *ledger)
{
    const struct totals *totals = &ledger->totals;
    char left[2][DECIMAL_TEXT_SIZE], right[3][DECIMAL_TEXT_SIZE];
    amount_print(totals->cash, left[0]);
    amount_print(totals->inventory, left[1]);
    amount_print(totals->start, right[0]);
    amount_print(totals->realised, right[1]);
    amount_print(totals->fees, right[2]);
    if (!identity_holds(totals))
        return error_set(ERROR_ARGUMENT, "cash %s + inventory %s is not start %s + realised %s - fees %s", left[0],
                         left[1], right[0], right[1], right[2]);
    if (!equity_fits(totals))
        return error_set(ERROR_RANGE, "the equity needs more than 63 bits");
    __int128 cost = 0;
    for (uint32_t row = 0; row < ledger->symbols.count; row++) {
        const struct holding *holding = &ledger->holdings[row];
        if (!is_open(holding) && holding->cost.units != 0)
            return error_set(ERROR_ARGUMENT, "nothing of %s is held, but it has a cost", holding->symbol);
        cost += holding->cost.units;
    }
    if (cost != totals->inventory.units) {
        char text[DECIMAL_TEXT_SIZE] = "more than fits";
        if (cost <= INT64_MAX)
            amount_print((struct amount){(int64_t)cost}, text);
        return error_set(ERROR_ARGUMENT, "the open positions cost %s, but the inventory is %s", text, left[1]);
    }
    return 0;
}

static int check_fill(const struct ledger *ledger, const struct fill *fill)
{
    int code = check_account(ledger, fill->exchange, fill->quote_asset, fill->mode);
    if (code != 0)
        return error_context(code, "trade %s", fill->trade_id);
    if (fill->quantity <= 0 || fill->quantity_scale > DECIMAL_SCALE_MAX || fill->notional < 0 || fill->fee < 0)
        return error_set(ERROR_ARGUMENT, "trade %s is impossible", fill->trade_id);
    if (known_set_contains(&ledger->trades, trade_key(fill)))
        return error_set(ERROR_EXISTS, "trade %s was applied before", fill->trade_id);
    return 0;
}

/* Brings what is held and what is traded to the finer of their two scales. */
static int align(struct holding *holding, const struct fill *fill, int64_t *traded)
{
    struct decimal quantity = {fill->quantity, fill->quantity_scale};
    uint8_t scale = quantity.scale;
    if (is_open(holding) && holding->quantity.scale > scale)
        scale = holding->quantity.scale;
    int64_t held;
    int code = decimal_rescale(holding->quantity, scale, ROUND_DOWN, &held);
    if (code == 0)
        code = decimal_rescale(quantity, scale, ROUND_DOWN, traded);
    if (code == 0)
        holding->quantity = (struct decimal){held, scale};
    return code;
}

static int buy(struct holding *holding, struct totals *totals, const struct fill *fill, int64_t traded)
{
    struct amount value = {fill->notional};
    if (!is_open(holding)) {
        memcpy(holding->strategy, fill->strategy, NAME_SIZE);
        holding->opened_ms = fill->time_ms;
        holding->mark = (struct decimal){0};
    }
    if (__builtin_add_overflow(holding->quantity.mantissa, traded, &holding->quantity.mantissa))
        return error_set(ERROR_RANGE, "the position of %s needs more than 63 bits", fill->symbol);
    int code = add_to(&holding->cost, value);
    if (code == 0)
        code = take_from(&totals->cash, value);
    return code != 0 ? code : add_to(&totals->inventory, value);
}

/* Cost leaves with what is sold, in proportion; the last sale takes all that is left of it. */
static int sell(struct holding *holding, struct totals *totals, struct fill *fill, int64_t traded)
{
    if (traded > holding->quantity.mantissa)
        return error_set(ERROR_RANGE, "trade %s sells more of %s than is held", fill->trade_id, fill->symbol);
    struct amount value = {fill->notional};
    struct amount released = amount_share(holding->cost, traded, holding->quantity.mantissa);
    struct amount profit;
    holding->quantity.mantissa -= traded;
    holding->cost.units -= released.units;
    int code = amount_subtract(value, released, &profit);
    if (code == 0)
        code = add_to(&holding->realised, profit);
    if (code == 0)
        code = add_to(&totals->realised, profit);
    if (code == 0)
        code = take_from(&totals->inventory, released);
    if (code == 0)
        code = add_to(&totals->cash, value);
    if (code == 0)
        fill->realised = profit.units;
    return code;
}

int ledger_apply(struct ledger *ledger, struct fill *fill)
{
    int code = check_fill(ledger, fill);
    int row = code == 0 ? find_row(ledger, fill->symbol) : code;
    if (row < 0)
        return row;
    struct holding holding = ledger->holdings[row];
    struct totals totals = ledger->totals;
    struct fill applied = *fill;
    int64_t traded;
    code = align(&holding, fill, &traded);
    if (code == 0)
        code = fill->side == SIDE_BUY ? buy(&holding, &totals, fill, traded)
                                      : sell(&holding, &totals, &applied, traded);
    if (code == 0)
        code = take_from(&totals.cash, (struct amount){fill->fee});
    if (code == 0)
        code = add_to(&totals.fees, (struct amount){fill->fee});
    if (code == 0)
        code = revalue(&holding);
    holding.updated_ms = fill->time_ms;
    if (code == 0)
        code = put(ledger, row, &holding, &totals);
    if (code != 0)
        return code;

    *fill = applied;
    (void)known_set_add(&ledger->trades, trade_key(fill));
    assert(identity_holds(&ledger->totals));
    assert(holding.quantity.mantissa >= 0 && (is_open(&holding) || holding.cost.units == 0));
    return 0;
}

int ledger_mark(struct ledger *ledger, const char *symbol, struct decimal bid)
{
    int row = symbol_table_find(&ledger->symbols, symbol);
    if (row < 0 || !is_open(&ledger->holdings[row]))
        return 0;
    if (bid.mantissa <= 0 || bid.scale > DECIMAL_SCALE_MAX)
        return error_set(ERROR_ARGUMENT, "the bid of %s is not a price", symbol);
    struct holding holding = ledger->holdings[row];
    holding.mark = bid;
    int code = revalue(&holding);
    return code != 0 ? code : put(ledger, row, &holding, &ledger->totals);
}

bool ledger_turn_day(struct ledger *ledger, int64_t exchange_ms)
{
    int64_t midnight_ms = exchange_ms - exchange_ms % DAY_MS;
    if (midnight_ms <= ledger->day_start_ms)
        return false;
    ledger->day_start_ms = midnight_ms;
    ledger->day_start_equity = ledger_equity(ledger);
    return true;
}

int ledger_keep_order(struct ledger *ledger, const struct order *order)
{
    uint32_t i = 0;
    while (i < ledger->order_count && strcmp(ledger->orders[i].order_id, order->order_id) != 0)
        i++;
    bool kept = i < ledger->order_count;
    if (order_state_is_final(order->state)) {
        if (kept)
            ledger->orders[i] = ledger->orders[--ledger->order_count];
        return 0;
    }
    if (!kept && ledger->order_count == LEDGER_ORDERS_MAX)
        return error_set(ERROR_FULL, "more than %d orders are not final", LEDGER_ORDERS_MAX);
    ledger->orders[i] = *order;
    ledger->order_count += !kept;
    return 0;
}

bool ledger_has_order(const struct ledger *ledger, const char *symbol)
{
    for (uint32_t i = 0; i < ledger->order_count; i++)
        if (strcmp(ledger->orders[i].symbol, symbol) == 0)
            return true;
    return false;
}

const struct holding *ledger_find(const struct ledger *ledger, const char *symbol)
{
    int row = symbol_table_find(&ledger->symbols, symbol);
    return row < 0 ? NULL : &ledger->holdings[row];
}

struct amount ledger_equity(const struct ledger *ledger)
{
    const struct totals *totals = &ledger->totals;
    return (struct amount){totals->cash.units + totals->inventory.units + totals->unrealised.units};
}

struct account ledger_account(const struct ledger *ledger, int64_t time_ms)
{
    const struct totals *totals = &ledger->totals;
    struct account account = {
        .time_ms = time_ms,
        .start = totals->start.units,
        .cash = totals->cash.units,
        .inventory = totals->inventory.units,
        .realised = totals->realised.units,
        .fees = totals->fees.units,
        .unrealised = totals->unrealised.units,
        .equity = ledger_equity(ledger).units,
        .mode = ledger->key.mode,
    };
    memcpy(account.exchange, ledger->key.exchange, NAME_SIZE);
    memcpy(account.quote_asset, ledger->key.quote_asset, NAME_SIZE);
    return account;
}

struct position ledger_position(const struct ledger *ledger, const struct holding *holding)
{
    struct position position = {
        .quantity = holding->quantity.mantissa,
        .quantity_scale = holding->quantity.scale,
        .cost = holding->cost.units,
        .realised = holding->realised.units,
        .opened_ms = holding->opened_ms,
        .updated_ms = holding->updated_ms,
        .mark = holding->mark.mantissa,
        .mark_scale = holding->mark.scale,
        .unrealised = holding->unrealised.units,
        .mode = ledger->key.mode,
    };
    memcpy(position.exchange, ledger->key.exchange, NAME_SIZE);
    memcpy(position.quote_asset, ledger->key.quote_asset, NAME_SIZE);
    memcpy(position.symbol, holding->symbol, SYMBOL_SIZE);
    memcpy(position.strategy, holding->strategy, NAME_SIZE);
    return position;
}
