/* Orders, keys, and the ledger's identity under random trading. */
/* SPDX-License-Identifier: MIT */
#include "lib/ledger/ledger.h"
#include "lib/ledger/order.h"
#include "lib/ledger/order_id.h"

#include "tests/harness.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COIN 100000000LL /* units of one whole quote asset */

/* ---- orders ---- */

static struct order an_order(void)
{
    return (struct order){.order_id = "wick-test", .symbol = "BTCUSDT", .exchange = "binance", .quote_asset = "USDT",
                          .quantity = 100};
}

static void test_every_edge_and_no_other(void)
{
    int allowed = 0;
    for (int state = 0; state < order_state_COUNT; state++) {
        for (int event = 0; event < ORDER_EVENTS; event++) {
            const struct order_edge_row *edge = NULL;
            int edges = 0;
            for (size_t i = 0; i < order_edge_count; i++) {
                if ((int)order_edges[i].from == state && (int)order_edges[i].event == event) {
                    edge = &order_edges[i];
                    edges++;
                }
            }
            struct order order = an_order();
            order.state = (enum order_state)state;
            order.updated_ms = 1;
            int code = order_apply(&order, (enum order_event)event, 2);
            CU_ASSERT(edges <= 1);
            CU_ASSERT_EQUAL(code, edge != NULL ? 0 : ERROR_ARGUMENT);
            CU_ASSERT_EQUAL(order.state, edge != NULL ? edge->to : (enum order_state)state);
            CU_ASSERT_EQUAL(order.updated_ms, edge != NULL ? 2 : 1);
            allowed += edge != NULL;
        }
    }
    CU_ASSERT_EQUAL((size_t)allowed, order_edge_count);
}

static void test_states_that_matter(void)
{
    struct order order = an_order();
    CU_ASSERT_EQUAL(order_apply(&order, ORDER_EVENT_send, 1), 0);
    CU_ASSERT_EQUAL(order_apply(&order, ORDER_EVENT_lose, 2), 0);
    CU_ASSERT_EQUAL(order.state, ORDER_STATE_UNKNOWN);
    CU_ASSERT_EQUAL(order_apply(&order, ORDER_EVENT_send, 3), ERROR_ARGUMENT); /* never sent again blindly */
    CU_ASSERT(strstr(error_message(), "unknown") != NULL && strstr(error_message(), "send") != NULL);
    CU_ASSERT_EQUAL(order_apply(&order, ORDER_EVENT_find_absent, 4), 0);
    CU_ASSERT_EQUAL(order.state, ORDER_STATE_INTENT);
    for (size_t i = 0; i < order_edge_count; i++) /* what is final moves only by a trade that is told late */
        if (order_state_is_final(order_edges[i].from))
            CU_ASSERT(order_edges[i].event == ORDER_EVENT_fill_part || order_edges[i].event == ORDER_EVENT_fill_rest);
}

static void test_fills_of_an_order(void)
{
    struct order order = an_order();
    CU_ASSERT_EQUAL(order_fill(&order, 10, 1), ERROR_ARGUMENT); /* nothing was sent */
    CU_ASSERT_EQUAL(order.filled, 0);
    CU_ASSERT_EQUAL(order_apply(&order, ORDER_EVENT_send, 1), 0);
    CU_ASSERT_EQUAL(order_fill(&order, 0, 2), ERROR_RANGE);
    CU_ASSERT_EQUAL(order_fill(&order, 101, 2), ERROR_RANGE); /* more than was asked for */
    CU_ASSERT_EQUAL(order_fill(&order, 40, 2), 0);
    CU_ASSERT_EQUAL(order.state, ORDER_STATE_PARTIAL);
    CU_ASSERT_EQUAL(order_apply(&order, ORDER_EVENT_cancel, 3), 0);
    CU_ASSERT_EQUAL(order_fill(&order, 10, 4), 0); /* told after the cancel */
    CU_ASSERT_EQUAL(order.state, ORDER_STATE_CANCELLED);
    CU_ASSERT_EQUAL(order_fill(&order, 50, 5), 0);
    CU_ASSERT_EQUAL(order.state, ORDER_STATE_FILLED);
    CU_ASSERT_EQUAL(order.filled, 100);
    CU_ASSERT_EQUAL(order_fill(&order, 1, 6), ERROR_RANGE);
}

/* ---- keys ---- */

static struct signal a_signal(void)
{
    return (struct signal){.strategy = "sma_cross", .exchange = "binance", .symbol = "BTCUSDT", .interval_s = 300,
                           .candle_time_ms = 1733011200000, .side = SIDE_BUY, .price = 9753770, .price_scale = 2};
}

static void test_order_ids_are_fixed(void)
{
    char id[NAME_SIZE], trade[NAME_SIZE];
    struct signal signal = a_signal();
    order_id_of(signal_key(&signal), id);
    CU_ASSERT_STRING_EQUAL(id, "wick-oaslortm6lt75jfzmforkimg3i");
    paper_trade_id(id, trade);
    CU_ASSERT_STRING_EQUAL(trade, "wick-oaslortm6lt75jfzmforkimg3i-1");
    CU_ASSERT(strlen(id) == 31 && name_valid(id) && name_valid(trade));
    for (const char *at = id; *at != '\0'; at++)
        CU_ASSERT(isalnum((unsigned char)*at) || *at == '-');
    order_id_of((struct key){0, 0}, id);
    CU_ASSERT_STRING_EQUAL(id, "wick-aaaaaaaaaaaaaaaaaaaaaaaaaa");
    order_id_of((struct key){UINT64_MAX, UINT64_MAX}, id);
    CU_ASSERT_STRING_EQUAL(id, "wick-77777777777777777777777774");
    order_id_of(flatten_key("binance", "BTCUSDT", 1733011200000), id);
    CU_ASSERT_STRING_EQUAL(id, "wick-uvtpvjctqnqtkucijug5t3k2mq");
}

static bool same_key(struct key left, struct key right)
{
    return left.low == right.low && left.high == right.high;
}

static void test_keys_follow_from_the_key_only(void)
{
    struct signal signal = a_signal(), other;
    struct key key = signal_key(&signal);
    other = signal;
    other.sequence = 99;
    other.epoch = 7;
    other.price = 1;
    other.side = SIDE_SELL;
    CU_ASSERT(same_key(signal_key(&other), key));
    other = signal;
    other.candle_time_ms += 300000;
    CU_ASSERT(!same_key(signal_key(&other), key));
    other = signal;
    other.interval_s = 60;
    CU_ASSERT(!same_key(signal_key(&other), key));
    other = signal;
    memcpy(other.symbol, "BTCUSDC", 8);
    CU_ASSERT(!same_key(signal_key(&other), key));
    other = signal;
    memcpy(other.strategy, "sma_cros", 9);
    CU_ASSERT(!same_key(signal_key(&other), key));
    other = signal;
    memcpy(other.exchange, "kraken", 7);
    CU_ASSERT(!same_key(signal_key(&other), key));

    struct signal_outcome outcome = {.interval_s = signal.interval_s, .candle_time_ms = signal.candle_time_ms};
    memcpy(outcome.strategy, signal.strategy, NAME_SIZE);
    memcpy(outcome.exchange, signal.exchange, NAME_SIZE);
    memcpy(outcome.symbol, signal.symbol, SYMBOL_SIZE);
    CU_ASSERT(same_key(outcome_key(&outcome), key));
}

static struct key numbered_key(uint64_t number)
{
    return key_of((const char *)&number, sizeof number);
}

static void test_known_set_remembers_the_newest(void)
{
    enum { CAPACITY = 1024 };
    struct known_set set;
    CU_ASSERT_EQUAL_FATAL(known_set_init(&set, CAPACITY), 0);
    int wrong = 0;
    for (uint64_t i = 0; i < 20 * CAPACITY; i++) {
        wrong += !known_set_add(&set, numbered_key(i));
        wrong += known_set_add(&set, numbered_key(i)); /* a second time it is known */
        if (i >= CAPACITY) {
            wrong += !known_set_contains(&set, numbered_key(i - CAPACITY + 1)); /* the newest are always known */
            wrong += !known_set_contains(&set, numbered_key(i - test_random() % CAPACITY));
        }
        if (i >= 2 * CAPACITY)
            wrong += known_set_contains(&set, numbered_key(i - 2 * CAPACITY)); /* and never more than two generations */
        wrong += known_set_contains(&set, numbered_key(i + 1));
    }
    CU_ASSERT_EQUAL(wrong, 0);
    CU_ASSERT(known_set_add(&set, (struct key){0, 0})); /* the key that looks like a free slot */
    CU_ASSERT(known_set_contains(&set, (struct key){0, 0}));
    known_set_clear(&set);
    CU_ASSERT(!known_set_contains(&set, (struct key){0, 0}));
    CU_ASSERT(!known_set_contains(&set, numbered_key(20 * CAPACITY - 1)));
    known_set_release(&set);
}

static void test_symbol_table(void)
{
    struct symbol_table table;
    CU_ASSERT_EQUAL_FATAL(symbol_table_init(&table), 0);
    int wrong = 0;
    for (int i = 0; i < MARKETS_MAX; i++) {
        char symbol[SYMBOL_SIZE];
        (void)snprintf(symbol, sizeof symbol, "S%dUSDT", i);
        wrong += symbol_table_find(&table, symbol) != -1;
        wrong += symbol_table_add(&table, symbol) != i;
        wrong += symbol_table_add(&table, symbol) != i;
        wrong += symbol_table_find(&table, symbol) != i;
    }
    CU_ASSERT_EQUAL(wrong, 0);
    CU_ASSERT_EQUAL(symbol_table_find(&table, "S9999USDT"), 9999);
    CU_ASSERT_EQUAL(symbol_table_add(&table, "ONEMORE"), ERROR_FULL);
    symbol_table_clear(&table);
    CU_ASSERT_EQUAL(symbol_table_find(&table, "S9999USDT"), -1);
    CU_ASSERT_EQUAL(symbol_table_add(&table, "ONEMORE"), 0);
    symbol_table_release(&table);
}

/* ---- the ledger ---- */

static int trade_number;

static struct fill a_fill(const char *symbol, enum side side, int64_t quantity, int64_t value, int64_t fee)
{
    struct fill fill = {.strategy = "sma_cross", .exchange = "binance", .quote_asset = "USDT", .side = side, .price = 1,
                        .quantity = quantity, .notional = value, .fee = fee, .time_ms = 1000};
    (void)snprintf(fill.trade_id, sizeof fill.trade_id, "t-%d", ++trade_number);
    (void)snprintf(fill.symbol, sizeof fill.symbol, "%s", symbol);
    return fill;
}

static void open_ledger(struct ledger *ledger, int64_t start)
{
    const struct account_key own = {.exchange = "binance", .quote_asset = "USDT", .mode = ACCOUNT_MODE_PAPER};
    CU_ASSERT_EQUAL_FATAL(ledger_init(ledger, &own, (struct amount){start}), 0);
}

static void test_a_round_trip(void)
{
    struct ledger ledger;
    open_ledger(&ledger, 10000 * COIN);
    struct fill fill = a_fill("BTCUSDT", SIDE_BUY, 3, 100 * COIN, COIN / 10);
    CU_ASSERT_EQUAL(ledger_apply(&ledger, &fill), 0);
    CU_ASSERT_EQUAL(ledger.totals.cash.units, 9900 * COIN - COIN / 10);
    CU_ASSERT_EQUAL(ledger.totals.inventory.units, 100 * COIN);
    CU_ASSERT_EQUAL(ledger.open_count, 1);
    CU_ASSERT_EQUAL(ledger_equity(&ledger).units, 10000 * COIN - COIN / 10); /* no mark yet */

    CU_ASSERT_EQUAL(ledger_mark(&ledger, "BTCUSDT", (struct decimal){35, 0}), 0);
    CU_ASSERT_EQUAL(ledger.totals.unrealised.units, 5 * COIN);
    CU_ASSERT_EQUAL(ledger_equity(&ledger).units, 10005 * COIN - COIN / 10);

    fill = a_fill("BTCUSDT", SIDE_SELL, 1, 40 * COIN, COIN / 25);
    CU_ASSERT_EQUAL(ledger_apply(&ledger, &fill), 0);
    CU_ASSERT_EQUAL(fill.realised, 40 * COIN - 100 * COIN / 3);
    CU_ASSERT_EQUAL(ledger_find(&ledger, "BTCUSDT")->cost.units, 100 * COIN - 100 * COIN / 3);
    CU_ASSERT_EQUAL(ledger.totals.unrealised.units, 70 * COIN - (100 * COIN - 100 * COIN / 3));

    fill = a_fill("BTCUSDT", SIDE_SELL, 2, 60 * COIN, 0);
    CU_ASSERT_EQUAL(ledger_apply(&ledger, &fill), 0);
    const struct holding *holding = ledger_find(&ledger, "BTCUSDT");
    CU_ASSERT_PTR_NOT_NULL_FATAL(holding);
    CU_ASSERT_EQUAL(holding->cost.units, 0);
    CU_ASSERT_EQUAL(holding->quantity.mantissa, 0);
    CU_ASSERT_EQUAL(holding->unrealised.units, 0);
    CU_ASSERT_EQUAL(holding->realised.units, 0); /* 40 + 60 - 100, to the last unit */
    CU_ASSERT_EQUAL(ledger.totals.fees.units, COIN / 10 + COIN / 25);
    CU_ASSERT_EQUAL(ledger.totals.cash.units, 10000 * COIN - ledger.totals.fees.units);
    CU_ASSERT_EQUAL(ledger.open_count, 0);
    CU_ASSERT_EQUAL(ledger_verify(&ledger), 0);
    ledger_release(&ledger);
}

static void test_refused_fills_change_nothing(void)
{
    struct ledger ledger;
    open_ledger(&ledger, 1000 * COIN);
    struct fill bought = a_fill("BTCUSDT", SIDE_BUY, 5, 100 * COIN, 1);
    CU_ASSERT_EQUAL(ledger_apply(&ledger, &bought), 0);
    struct totals before = ledger.totals;

    CU_ASSERT_EQUAL(ledger_apply(&ledger, &bought), ERROR_EXISTS);
    struct fill fill = a_fill("BTCUSDT", SIDE_SELL, 6, 1, 1);
    CU_ASSERT_EQUAL(ledger_apply(&ledger, &fill), ERROR_RANGE); /* more than is held */
    fill = a_fill("ETHUSDT", SIDE_SELL, 1, 1, 1);
    CU_ASSERT_EQUAL(ledger_apply(&ledger, &fill), ERROR_RANGE); /* nothing is held */
    fill = a_fill("BTCUSDT", SIDE_BUY, 0, 1, 1);
    CU_ASSERT_EQUAL(ledger_apply(&ledger, &fill), ERROR_ARGUMENT);
    fill = a_fill("BTCUSDT", SIDE_BUY, 1, -1, 1);
    CU_ASSERT_EQUAL(ledger_apply(&ledger, &fill), ERROR_ARGUMENT);
    fill = a_fill("BTCUSDT", SIDE_BUY, 1, 1, -1);
    CU_ASSERT_EQUAL(ledger_apply(&ledger, &fill), ERROR_ARGUMENT);
    fill = a_fill("BTCUSDT", SIDE_BUY, INT64_MAX, 1, 1);
    CU_ASSERT_EQUAL(ledger_apply(&ledger, &fill), ERROR_RANGE);
    fill = a_fill("BTCUSDT", SIDE_BUY, 1, INT64_MAX, 1);
    CU_ASSERT_EQUAL(ledger_apply(&ledger, &fill), ERROR_RANGE);
    fill = a_fill("BTCUSDT", SIDE_BUY, 1, 1, INT64_MAX);
    CU_ASSERT_EQUAL(ledger_apply(&ledger, &fill), ERROR_RANGE);
    fill = a_fill("BTCUSDT", SIDE_BUY, 1, 1, 1);
    memcpy(fill.exchange, "kraken", 7);
    CU_ASSERT_EQUAL(ledger_apply(&ledger, &fill), ERROR_ARGUMENT);
    CU_ASSERT_EQUAL(ledger_mark(&ledger, "BTCUSDT", (struct decimal){0, 0}), ERROR_ARGUMENT);
    CU_ASSERT_EQUAL(ledger_mark(&ledger, "BTCUSDT", (struct decimal){INT64_MAX, 0}), ERROR_RANGE);
    CU_ASSERT_EQUAL(ledger_mark(&ledger, "NOTHELD", (struct decimal){0, 0}), 0);

    CU_ASSERT_EQUAL(memcmp(&before, &ledger.totals, sizeof before), 0);
    CU_ASSERT_EQUAL(ledger.open_count, 1);
    CU_ASSERT_EQUAL(ledger_verify(&ledger), 0);
    fill = bought;
    memcpy(fill.symbol, "ETHUSDT", 8); /* trade ids are a market's own */
    CU_ASSERT_EQUAL(ledger_apply(&ledger, &fill), 0);
    ledger_release(&ledger);
}

static void test_finer_steps_join(void)
{
    struct ledger ledger;
    open_ledger(&ledger, 1000 * COIN);
    struct fill fill = a_fill("BTCUSDT", SIDE_BUY, 15, 30 * COIN, 0);
    fill.quantity_scale = 1; /* 1.5 */
    CU_ASSERT_EQUAL(ledger_apply(&ledger, &fill), 0);
    fill = a_fill("BTCUSDT", SIDE_BUY, 5, COIN, 0);
    fill.quantity_scale = 2; /* 0.05 */
    CU_ASSERT_EQUAL(ledger_apply(&ledger, &fill), 0);
    const struct holding *holding = ledger_find(&ledger, "BTCUSDT");
    CU_ASSERT_EQUAL(decimal_compare(holding->quantity, (struct decimal){155, 2}), 0);
    fill = a_fill("BTCUSDT", SIDE_SELL, 155, 31 * COIN, 0);
    fill.quantity_scale = 2;
    CU_ASSERT_EQUAL(ledger_apply(&ledger, &fill), 0);
    CU_ASSERT_EQUAL(holding->cost.units, 0);
    CU_ASSERT_EQUAL(ledger.open_count, 0);
    ledger_release(&ledger);
}

/* The reference: sums over all fills, in 128 bits, and nothing else. */
struct reference {
    __int128 cash, realised, fees;
    int64_t held[8], cost[8];
};

static void refer(struct reference *reference, int market, const struct fill *fill)
{
    reference->fees += fill->fee;
    reference->cash += (fill->side == SIDE_BUY ? -fill->notional : fill->notional) - fill->fee;
    if (fill->side == SIDE_BUY) {
        reference->held[market] += fill->quantity;
        reference->cost[market] += fill->notional;
        return;
    }
    int64_t released = (int64_t)((__int128)reference->cost[market] * fill->quantity / reference->held[market]);
    reference->held[market] -= fill->quantity;
    reference->cost[market] -= released;
    reference->realised += fill->notional - released;
}

static int disagreements(const struct ledger *ledger, const struct reference *reference)
{
    __int128 inventory = 0;
    int wrong = 0;
    for (int market = 0; market < 8; market++) {
        char symbol[SYMBOL_SIZE];
        (void)snprintf(symbol, sizeof symbol, "M%d", market);
        const struct holding *holding = ledger_find(ledger, symbol);
        inventory += reference->cost[market];
        if (holding != NULL)
            wrong += holding->quantity.mantissa != reference->held[market] ||
                     holding->cost.units != reference->cost[market] || holding->quantity.mantissa < 0 ||
                     (holding->quantity.mantissa == 0 && holding->cost.units != 0);
    }
    const struct totals *totals = &ledger->totals;
    wrong += totals->cash.units != reference->cash || totals->realised.units != reference->realised ||
             totals->fees.units != reference->fees || totals->inventory.units != inventory;
    wrong += totals->cash.units + totals->inventory.units !=
             totals->start.units + totals->realised.units - totals->fees.units;
    return wrong;
}

/* A random trade: a purchase, a partial sale, a sale of everything, or sometimes a trade told twice. */
static struct fill random_trade(const struct reference *reference, int market, const struct fill *last)
{
    char symbol[SYMBOL_SIZE];
    (void)snprintf(symbol, sizeof symbol, "M%d", market);
    int64_t held = reference->held[market];
    unsigned dice = (unsigned)(test_random() % 10);
    int64_t value = (int64_t)(test_random() % (1000 * COIN)), fee = (int64_t)(test_random() % COIN);
    if (dice == 0 && last->quantity > 0)
        return *last;
    if (dice < 5 || held == 0)
        return a_fill(symbol, SIDE_BUY, 1 + (int64_t)(test_random() % 1000000), value, fee);
    int64_t quantity = dice < 7 ? held : 1 + (int64_t)(test_random() % (uint64_t)(held + held / 8 + 1));
    return a_fill(symbol, SIDE_SELL, quantity, value, fee);
}

static void test_identity_under_random_trading(void)
{
    int wrong = 0, refused = 0, closed = 0;
    struct ledger ledger;
    open_ledger(&ledger, 10000000 * COIN);
    for (int round = 0; round < 200; round++) {
        struct reference reference = {.cash = 10000000 * COIN};
        struct fill last = {0};
        ledger_clear(&ledger, (struct amount){10000000 * COIN});
        for (int i = 0; i < 1000; i++) {
            int market = (int)(test_random() % 8);
            struct fill fill = random_trade(&reference, market, &last);
            market = fill.symbol[1] - '0';
            bool again = strcmp(fill.trade_id, last.trade_id) == 0;
            bool oversold = fill.side == SIDE_SELL && fill.quantity > reference.held[market];
            int code = ledger_apply(&ledger, &fill);
            wrong += code != (again ? ERROR_EXISTS : oversold ? ERROR_RANGE : 0);
            if (code == 0) {
                refer(&reference, market, &fill);
                closed += reference.held[market] == 0;
                last = fill;
            }
            refused += code != 0;
            wrong += ledger_mark(&ledger, fill.symbol, (struct decimal){1 + (int64_t)(test_random() % 100000), 5}) != 0;
            wrong += disagreements(&ledger, &reference);
        }
        wrong += ledger_verify(&ledger) != 0;
    }
    CU_ASSERT_EQUAL(wrong, 0);
    CU_ASSERT(refused > 1000 && closed > 1000);
    ledger_release(&ledger);
}

static void test_unrealised_is_the_sum_of_the_positions(void)
{
    struct ledger ledger;
    int wrong = 0;
    open_ledger(&ledger, 10000000 * COIN);
    for (int i = 0; i < 20000; i++) {
        char symbol[SYMBOL_SIZE];
        (void)snprintf(symbol, sizeof symbol, "U%d", (int)(test_random() % 50));
        if (test_random() % 4 == 0) {
            struct fill fill = a_fill(symbol, test_random() % 2 ? SIDE_BUY : SIDE_SELL,
                                      1 + (int64_t)(test_random() % 1000), (int64_t)(test_random() % COIN), 3);
            int code = ledger_apply(&ledger, &fill);
            wrong += code != 0 && code != ERROR_RANGE;
        }
        wrong += ledger_mark(&ledger, symbol, (struct decimal){1 + (int64_t)(test_random() % 5000), 3}) != 0;
    }
    int64_t unrealised = 0;
    uint32_t open = 0;
    for (uint32_t row = 0; row < ledger.symbols.count; row++) {
        unrealised += ledger.holdings[row].unrealised.units;
        open += ledger.holdings[row].quantity.mantissa > 0;
    }
    CU_ASSERT_EQUAL(wrong, 0);
    CU_ASSERT_EQUAL(unrealised, ledger.totals.unrealised.units);
    CU_ASSERT_EQUAL(open, ledger.open_count);
    CU_ASSERT(open > 10);
    ledger_release(&ledger);
}

static void test_restored_as_it_was(void)
{
    struct ledger before, after;
    open_ledger(&before, 1000 * COIN);
    open_ledger(&after, 1);
    struct fill fill = a_fill("BTCUSDT", SIDE_BUY, 7, 100 * COIN, 5);
    CU_ASSERT_EQUAL(ledger_apply(&before, &fill), 0);
    fill = a_fill("ETHUSDT", SIDE_BUY, 3, 50 * COIN, 5);
    CU_ASSERT_EQUAL(ledger_apply(&before, &fill), 0);
    fill = a_fill("BTCUSDT", SIDE_SELL, 2, 30 * COIN, 5);
    CU_ASSERT_EQUAL(ledger_apply(&before, &fill), 0);
    CU_ASSERT_EQUAL(ledger_mark(&before, "BTCUSDT", (struct decimal){19, 0}), 0);

    struct account account = ledger_account(&before, 77);
    CU_ASSERT_EQUAL(account.time_ms, 77);
    CU_ASSERT_EQUAL(account.equity, account.cash + account.inventory + account.unrealised);
    for (uint32_t row = 0; row < before.symbols.count; row++) {
        struct position position = ledger_position(&before, &before.holdings[row]);
        CU_ASSERT_EQUAL(ledger_restore_position(&after, &position), 0);
    }
    CU_ASSERT_EQUAL(ledger_restore_account(&after, &account), 0);
    struct order order = an_order();
    CU_ASSERT_EQUAL(ledger_restore_order(&after, &order), 0);
    CU_ASSERT(ledger_has_order(&after, "BTCUSDT") && !ledger_has_order(&after, "ETHUSDT"));
    CU_ASSERT_EQUAL(ledger_verify(&after), 0);
    CU_ASSERT_EQUAL(memcmp(&before.totals, &after.totals, sizeof before.totals), 0);
    CU_ASSERT_EQUAL(after.open_count, 2);
    CU_ASSERT_STRING_EQUAL(ledger_find(&after, "BTCUSDT")->strategy, "sma_cross");
    ledger_release(&before);
    ledger_release(&after);
}

static void test_unsound_ledgers_are_seen(void)
{
    struct ledger ledger;
    open_ledger(&ledger, 1);
    struct account account = {
        .start = 1000, .cash = 900, .inventory = 100, .exchange = "binance", .quote_asset = "USDT"};
    struct position position = {
        .exchange = "binance", .quote_asset = "USDT", .symbol = "BTCUSDT", .quantity = 1, .cost = 100};
    CU_ASSERT_EQUAL(ledger_restore_account(&ledger, &account), 0);
    CU_ASSERT_EQUAL(ledger_verify(&ledger), ERROR_ARGUMENT); /* the inventory is not there */
    CU_ASSERT(strstr(error_message(), "0.000001") != NULL);
    CU_ASSERT_EQUAL(ledger_restore_position(&ledger, &position), 0);
    CU_ASSERT_EQUAL(ledger_verify(&ledger), 0);
    account.cash = 901;
    CU_ASSERT_EQUAL(ledger_restore_account(&ledger, &account), 0);
    CU_ASSERT_EQUAL(ledger_verify(&ledger), ERROR_ARGUMENT);
    CU_ASSERT(strstr(error_message(), "0.00000901") != NULL); /* with the numbers */
    account.start = account.cash = INT64_MAX;
    account.realised = 100;
    CU_ASSERT_EQUAL(ledger_restore_account(&ledger, &account), 0);
    CU_ASSERT_EQUAL(ledger_verify(&ledger), ERROR_RANGE);

    position.quantity = -1;
    CU_ASSERT_EQUAL(ledger_restore_position(&ledger, &position), ERROR_ARGUMENT);
    position.quantity = 1;
    position.quantity_scale = 200;
    CU_ASSERT_EQUAL(ledger_restore_position(&ledger, &position), ERROR_ARGUMENT);
    position.quantity_scale = 0;
    memcpy(position.exchange, "kraken", 7);
    CU_ASSERT_EQUAL(ledger_restore_position(&ledger, &position), ERROR_ARGUMENT);
    ledger_release(&ledger);
}

static void name_account(char exchange[NAME_SIZE], char quote_asset[NAME_SIZE], const struct account_key *key)
{
    (void)memcpy(exchange, key->exchange, NAME_SIZE), (void)memcpy(quote_asset, key->quote_asset, NAME_SIZE);
}

/* Every kind of row, each time with one part of its account's name changed. */
static void test_rows_of_another_account_are_refused(void)
{
    static const struct account_key others[] = {
        {"kraken", "USDT", ACCOUNT_MODE_PAPER}, {"binance", "EUR", ACCOUNT_MODE_PAPER},
        {"binance", "USDT", ACCOUNT_MODE_LIVE}, {"binance", "", ACCOUNT_MODE_PAPER}, {"", "USDT", ACCOUNT_MODE_PAPER}};
    struct ledger ledger;
    open_ledger(&ledger, 5);
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        struct account account = {.start = 9, .cash = 9, .mode = others[i].mode};
        struct position position = {.symbol = "BTCUSDT", .quantity = 1, .cost = 1, .mode = others[i].mode};
        struct order order = {.order_id = "o", .symbol = "BTCUSDT", .mode = others[i].mode};
        struct fill fill = a_fill("BTCUSDT", SIDE_BUY, 1, 1, 1);
        name_account(account.exchange, account.quote_asset, &others[i]);
        name_account(position.exchange, position.quote_asset, &others[i]);
        name_account(order.exchange, order.quote_asset, &others[i]);
        name_account(fill.exchange, fill.quote_asset, &others[i]);
        fill.mode = others[i].mode;
        CU_ASSERT_EQUAL(ledger_restore_account(&ledger, &account), ERROR_ARGUMENT);
        CU_ASSERT_EQUAL(ledger_restore_position(&ledger, &position), ERROR_ARGUMENT);
        CU_ASSERT_EQUAL(ledger_restore_order(&ledger, &order), ERROR_ARGUMENT);
        CU_ASSERT_EQUAL(ledger_apply(&ledger, &fill), ERROR_ARGUMENT);
        CU_ASSERT_PTR_NOT_NULL(strstr(error_message(), "the ledger of binance USDT paper"));
    }
    CU_ASSERT_EQUAL(ledger.totals.cash.units, 5);
    ledger_release(&ledger);
}

static void test_orders_are_kept_until_they_are_final(void)
{
    struct ledger ledger;
    open_ledger(&ledger, 1);
    struct order order = an_order();
    for (int i = 0; i < LEDGER_ORDERS_MAX; i++) {
        (void)snprintf(order.order_id, sizeof order.order_id, "o-%d", i);
        CU_ASSERT_EQUAL(ledger_keep_order(&ledger, &order), 0);
    }
    CU_ASSERT_EQUAL(ledger_keep_order(&ledger, &order), 0); /* known: replaced */
    (void)snprintf(order.order_id, sizeof order.order_id, "one-more");
    CU_ASSERT_EQUAL(ledger_keep_order(&ledger, &order), ERROR_FULL);
    order.state = ORDER_STATE_FILLED;
    for (int i = 0; i < LEDGER_ORDERS_MAX; i++) {
        CU_ASSERT(ledger_has_order(&ledger, "BTCUSDT"));
        (void)snprintf(order.order_id, sizeof order.order_id, "o-%d", i);
        CU_ASSERT_EQUAL(ledger_keep_order(&ledger, &order), 0);
    }
    CU_ASSERT_EQUAL(ledger.order_count, 0);
    CU_ASSERT(!ledger_has_order(&ledger, "BTCUSDT"));
    ledger_release(&ledger);
}

static void test_days_turn_at_midnight_utc(void)
{
    struct ledger ledger;
    open_ledger(&ledger, 500);
    int64_t midnight_ms = 1733011200000; /* 2024-12-01 */
    CU_ASSERT(ledger_turn_day(&ledger, midnight_ms + 5));
    CU_ASSERT_EQUAL(ledger.day_start_ms, midnight_ms);
    CU_ASSERT_EQUAL(ledger.day_start_equity.units, 500);
    struct fill fill = a_fill("BTCUSDT", SIDE_BUY, 1, 100, 10);
    CU_ASSERT_EQUAL(ledger_apply(&ledger, &fill), 0);
    CU_ASSERT(!ledger_turn_day(&ledger, midnight_ms + DAY_MS - 1));
    CU_ASSERT_EQUAL(ledger.day_start_equity.units, 500);
    CU_ASSERT(ledger_turn_day(&ledger, midnight_ms + DAY_MS));
    CU_ASSERT_EQUAL(ledger.day_start_equity.units, 490);
    CU_ASSERT(!ledger_turn_day(&ledger, midnight_ms)); /* never backwards */
    ledger_release(&ledger);
}

const char *const suite_name = "ledger";
const struct test suite_tests[] = {
    {"an order follows every edge of the table and no other", test_every_edge_and_no_other},
    {"an unknown order is never sent again blindly; what is final stays so", test_states_that_matter},
    {"trades fill an order, in part, late, and never beyond it", test_fills_of_an_order},
    {"order ids are what they always were", test_order_ids_are_fixed},
    {"a key follows from the natural key and nothing else", test_keys_follow_from_the_key_only},
    {"the newest keys are known, the oldest forgotten, in bounds", test_known_set_remembers_the_newest},
    {"symbols find their rows, up to the last", test_symbol_table},
    {"bought, sold in part, sold: no cost is left over", test_a_round_trip},
    {"a fill that is refused changes nothing", test_refused_fills_change_nothing},
    {"quantities of different scales join exactly", test_finer_steps_join},
    {"200,000 random trades agree with the sums over all fills", test_identity_under_random_trading},
    {"unrealised profit is the sum over the positions", test_unrealised_is_the_sum_of_the_positions},
    {"a ledger is restored as it was", test_restored_as_it_was},
    {"a ledger that is not sound is seen, with the numbers", test_unsound_ledgers_are_seen},
    {"orders are kept until they are final, in bounds", test_orders_are_kept_until_they_are_final},
    {"rows of another account are refused", test_rows_of_another_account_are_refused},
    {"days turn at midnight UTC of the exchange's clock", test_days_turn_at_midnight_utc},
    {NULL, NULL},
};
