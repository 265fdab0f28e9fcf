/* Orders, keys, the ledger's identity under random trading, the limits one by one, and the paper broker. */
/* SPDX-License-Identifier: MIT */
#include "lib/ledger/ledger.h"
#include "lib/ledger/ledger_page.h"
#include "lib/ledger/limits.h"

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
    return (struct order){.order_id = "wick-test", .symbol = "BTCUSDT", .exchange = "binance", .quantity = 100};
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
    struct fill fill = {.strategy = "sma_cross", .exchange = "binance", .side = side, .price = 1, .quantity = quantity,
                        .notional = value, .fee = fee, .time_ms = 1000};
    (void)snprintf(fill.trade_id, sizeof fill.trade_id, "t-%d", ++trade_number);
    (void)snprintf(fill.symbol, sizeof fill.symbol, "%s", symbol);
    return fill;
}

static void open_ledger(struct ledger *ledger, int64_t start)
{
    CU_ASSERT_EQUAL_FATAL(ledger_init(ledger, "binance", (struct amount){start}), 0);
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
    ledger_restore_account(&after, &account);
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
    struct account account = {.start = 1000, .cash = 900, .inventory = 100};
    struct position position = {.exchange = "binance", .symbol = "BTCUSDT", .quantity = 1, .cost = 100};
    ledger_restore_account(&ledger, &account);
    CU_ASSERT_EQUAL(ledger_verify(&ledger), ERROR_ARGUMENT); /* the inventory is not there */
    CU_ASSERT(strstr(error_message(), "0.000001") != NULL);
    CU_ASSERT_EQUAL(ledger_restore_position(&ledger, &position), 0);
    CU_ASSERT_EQUAL(ledger_verify(&ledger), 0);
    account.cash = 901;
    ledger_restore_account(&ledger, &account);
    CU_ASSERT_EQUAL(ledger_verify(&ledger), ERROR_ARGUMENT);
    CU_ASSERT(strstr(error_message(), "0.00000901") != NULL); /* with the numbers */
    account = (struct account){.start = INT64_MAX, .cash = INT64_MAX, .inventory = 100, .realised = 100};
    ledger_restore_account(&ledger, &account);
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

/* ---- limits ---- */

/* A view on a market where everything is well, for each purpose. */
struct good {
    struct limits_options options;
    struct instrument instrument;
    struct ticker ticker;
    struct holding holding;
    struct plan plan;
    struct limits_view view;
};

static void make_good(struct good *good, enum purpose purpose)
{
    int64_t close_ms = 1733011500000;
    *good = (struct good){
        .options = {.open_positions = 3, .stake = {100 * COIN}, .signal_age = 2, .price_age = 5, .tick_ms = 2000},
        .instrument = {.symbol = "BTCUSDT", .trading = true, .tick_size = 1, .price_scale = 2, .lot_step = 10,
                       .quantity_scale = 5, .minimum_quantity = 20, .minimum_notional = 5 * COIN},
        .ticker = {.symbol = "BTCUSDT", .bid = 9999, .ask = 10001, .price_scale = 2, .time_ms = close_ms},
        .holding = {.symbol = "BTCUSDT", .strategy = "sma_cross", .quantity = {100000, 5}, .cost = {99 * COIN}},
        .plan = {.fits = true, .price = {10001}, .quantity = {9999}, .notional = {99 * COIN}, .fee = {COIN / 10}},
    };
    good->view = (struct limits_view){
        .options = &good->options, .purpose = purpose, .mode = TRADING_MODE_ACTIVE, .exchange_ms = close_ms + 1,
        .strategy = "sma_cross", .interval_s = 300, .candle_time_ms = close_ms - 300000,
        .instrument = &good->instrument, .ticker = &good->ticker,
        .holding = purpose == PURPOSE_ENTRY ? NULL : &good->holding,
        .open_positions = 2, .cash = {1000 * COIN}, .plan = &good->plan,
    };
}

/* What makes each limit speak, and what comes as near to that as can be without. */
static void spoil(struct good *good, enum reason reason, bool just_not)
{
    struct limits_view *view = &good->view;
    switch (reason) {
    case REASON_stale_signal:
        view->exchange_ms = view->candle_time_ms + 3 * 300000 + !just_not;
        good->ticker.time_ms = view->exchange_ms;
        break;
    case REASON_halted: view->mode = just_not ? TRADING_MODE_ACTIVE : TRADING_MODE_HALTED; break;
    case REASON_paused: view->mode = just_not ? TRADING_MODE_ACTIVE : TRADING_MODE_PAUSED; break;
    case REASON_reduce_only: view->mode = just_not ? TRADING_MODE_ACTIVE : TRADING_MODE_REDUCE_ONLY; break;
    case REASON_unknown_market: view->instrument = just_not ? &good->instrument : NULL; break;
    case REASON_market_halted: good->instrument.trading = just_not; break;
    case REASON_no_price:
        good->ticker.ask = view->purpose == PURPOSE_ENTRY ? just_not : 0; /* only the side that is used counts */
        good->ticker.bid = view->purpose == PURPOSE_ENTRY ? 0 : just_not;
        break;
    case REASON_stale_price: good->ticker.time_ms = view->exchange_ms - 10000 - !just_not; break;
    case REASON_order_open: view->order_open = !just_not; break;
    case REASON_position_open:
        good->holding.quantity.mantissa = !just_not; /* a closed position is none */
        view->holding = &good->holding;
        break;
    case REASON_no_position: good->holding.quantity.mantissa = just_not; break;
    case REASON_other_strategy: view->strategy = just_not ? "sma_cross" : "sma_cros"; break;
    case REASON_limit_open_positions: view->open_positions = just_not ? 2 : 3; break;
    case REASON_out_of_range: good->plan.fits = just_not; break;
    case REASON_limit_stake: good->plan.notional.units = 100 * COIN + !just_not; break;
    case REASON_below_minimum: good->plan.notional.units = 5 * COIN - !just_not; break;
    case REASON_insufficient_cash: view->cash.units = 99 * COIN + COIN / 10 - !just_not; break;
    default: CU_FAIL("a limit without a test"); break;
    }
}

static void test_every_limit_speaks_at_its_boundary(void)
{
    static const enum purpose purposes[] = {PURPOSE_ENTRY, PURPOSE_EXIT, PURPOSE_FLATTEN};
    for (size_t i = 0; i < limit_count; i++) {
        for (int p = 0; p < 3; p++) {
            struct good good;
            bool applies = (limits[i].applies & (unsigned)purposes[p]) != 0;
            make_good(&good, purposes[p]);
            CU_ASSERT_EQUAL(limits_check(&good.view), REASONS);
            if (!applies)
                continue;
            spoil(&good, limits[i].reason, true);
            CU_ASSERT_EQUAL(limits_check(&good.view), REASONS);
            make_good(&good, purposes[p]);
            spoil(&good, limits[i].reason, false);
            CU_ASSERT_EQUAL(limits_check(&good.view), limits[i].reason);
        }
    }
}

static void test_the_first_limit_decides(void)
{
    struct good good;
    make_good(&good, PURPOSE_ENTRY);
    for (size_t i = limit_count; i-- > 0;) { /* the later ones speak already when an earlier one joins in */
        if ((limits[i].applies & PURPOSE_ENTRY) == 0)
            continue;
        spoil(&good, limits[i].reason, false);
        CU_ASSERT_EQUAL(limits_check(&good.view), limits[i].reason);
    }
}

static void test_limits_that_do_not_apply_are_silent(void)
{
    struct good good;
    make_good(&good, PURPOSE_EXIT);
    good.view.mode = TRADING_MODE_REDUCE_ONLY; /* exits are let through */
    good.view.open_positions = 100;
    good.view.cash.units = 0;
    good.options.stake.units = 1;
    CU_ASSERT_EQUAL(limits_check(&good.view), REASONS);
    make_good(&good, PURPOSE_FLATTEN); /* a sale by hand has no signal, and no mode holds it back */
    good.view.mode = TRADING_MODE_HALTED;
    good.view.strategy = NULL;
    good.view.candle_time_ms = 0;
    CU_ASSERT_EQUAL(limits_check(&good.view), REASONS);
}

static void test_ages_do_not_overflow(void)
{
    struct good good;
    make_good(&good, PURPOSE_ENTRY);
    good.view.exchange_ms = INT64_MAX;
    good.view.candle_time_ms = 0;
    CU_ASSERT_EQUAL(limits_check(&good.view), REASON_stale_signal);
    make_good(&good, PURPOSE_ENTRY);
    good.view.exchange_ms = 0; /* the candle closed after the newest ticker */
    CU_ASSERT_EQUAL(limits_check(&good.view), REASONS);
    good.view.interval_s = UINT32_MAX;
    good.view.candle_time_ms = INT64_MAX;
    good.options.signal_age = 100;
    CU_ASSERT_EQUAL(limits_check(&good.view), REASONS);
}

static void test_below_minimum_counts_lots(void)
{
    struct good good;
    make_good(&good, PURPOSE_EXIT);
    good.plan.quantity.lots = 2; /* 2 lots of 10 are the minimum of 20 */
    CU_ASSERT_EQUAL(limits_check(&good.view), REASONS);
    good.plan.quantity.lots = 1;
    CU_ASSERT_EQUAL(limits_check(&good.view), REASON_below_minimum);
    good.instrument.minimum_quantity = 0;
    good.instrument.minimum_notional = 0;
    CU_ASSERT_EQUAL(limits_check(&good.view), REASONS);
    good.plan.quantity.lots = 0; /* nothing at all is always too little */
    CU_ASSERT_EQUAL(limits_check(&good.view), REASON_below_minimum);
}

static void test_every_reason_has_its_limit(void)
{
    for (int reason = 0; reason < REASONS; reason++) {
        int rows = 0;
        for (size_t i = 0; i < limit_count; i++)
            rows += (int)limits[i].reason == reason;
        CU_ASSERT_EQUAL(rows, reason == REASON_filled ? 0 : 1);
        CU_ASSERT(name_valid(reasons[reason].name));
        CU_ASSERT_EQUAL(reasons[reason].outcome == OUTCOME_FILLED, reason == REASON_filled);
    }
}

/* ---- plans and the paper broker ---- */

static const struct broker_terms terms = {.fee_ppm = 1000, .slippage_ppm = 200};

static void test_plans(void)
{
    struct good good;
    make_good(&good, PURPOSE_ENTRY);
    struct broker_market market = {&good.instrument, &good.ticker, 5};
    struct plan plan = plan_make(&paper_broker, &terms, &market, PURPOSE_ENTRY, NULL, (struct amount){100 * COIN});
    CU_ASSERT(plan.fits);
    CU_ASSERT_EQUAL(plan.price.ticks, 10004); /* 100.01 * 1.0002 = 100.030002, up */
    CU_ASSERT_EQUAL(plan.quantity.lots, 9986);
    CU_ASSERT(plan.notional.units + plan.fee.units <= 100 * COIN);
    good.instrument.maximum_quantity = 1239; /* 123 lots of 10 */
    plan = plan_make(&paper_broker, &terms, &market, PURPOSE_ENTRY, NULL, (struct amount){100 * COIN});
    CU_ASSERT_EQUAL(plan.quantity.lots, 123);
    good.instrument.maximum_quantity = 0;

    good.holding.quantity = (struct decimal){100009, 5};
    plan = plan_make(&paper_broker, &terms, &market, PURPOSE_EXIT, &good.holding, (struct amount){0});
    CU_ASSERT(plan.fits);
    CU_ASSERT_EQUAL(plan.price.ticks, 9997); /* 99.99 * 0.9998 = 99.970002, down */
    CU_ASSERT_EQUAL(plan.quantity.lots, 10000);
    CU_ASSERT_EQUAL(plan.notional.units, 99970000000 / 10);

    good.ticker.ask = 0;
    plan = plan_make(&paper_broker, &terms, &market, PURPOSE_ENTRY, NULL, (struct amount){COIN});
    CU_ASSERT(!plan.fits);
    good.ticker.ask = INT64_MAX;
    plan = plan_make(&paper_broker, &terms, &market, PURPOSE_ENTRY, NULL, (struct amount){COIN});
    CU_ASSERT(!plan.fits);
    market.ticker = NULL;
    plan = plan_make(&paper_broker, &terms, &market, PURPOSE_ENTRY, NULL, (struct amount){COIN});
    CU_ASSERT(!plan.fits);
    market.instrument = NULL;
    plan = plan_make(&paper_broker, &terms, &market, PURPOSE_FLATTEN, NULL, (struct amount){COIN});
    CU_ASSERT(!plan.fits);
}

/* What a broker reported, in order. */
struct reported {
    int count;
    enum order_event events[4];
    struct fill fill;
};

static void note(void *user, const struct broker_report *report)
{
    struct reported *reported = user;
    CU_ASSERT_FATAL(reported->count < 4);
    reported->events[reported->count++] = report->event;
    if (report->fill != NULL)
        reported->fill = *report->fill;
    CU_ASSERT_EQUAL(report->time_ms, 5);
}

static void test_paper_fills(void)
{
    struct good good;
    make_good(&good, PURPOSE_ENTRY);
    struct broker_market market = {&good.instrument, &good.ticker, 5};
    struct order order = an_order();
    order.quantity = 99860;
    order.quantity_scale = 5;
    struct reported reported = {0};
    CU_ASSERT_EQUAL(paper_broker.submit(NULL, &terms, &market, &order, note, &reported), 0);
    CU_ASSERT_EQUAL(reported.count, 2);
    CU_ASSERT_EQUAL(reported.events[0], ORDER_EVENT_send);
    CU_ASSERT_EQUAL(reported.events[1], ORDER_EVENT_fill_part);
    CU_ASSERT_EQUAL(reported.fill.price, 10004);
    CU_ASSERT_EQUAL(reported.fill.quantity, 99860);
    CU_ASSERT_EQUAL(reported.fill.notional, 9989994400); /* 100.04 * 0.9986 */
    CU_ASSERT_EQUAL(reported.fill.fee, 9989995);         /* 9989994.4, up */
    CU_ASSERT_STRING_EQUAL(reported.fill.trade_id, "wick-test-1");
    CU_ASSERT_STRING_EQUAL(reported.fill.order_id, "wick-test");

    order.side = SIDE_SELL;
    order.quantity = 1;
    order.quantity_scale = 8;
    reported = (struct reported){0};
    CU_ASSERT_EQUAL(paper_broker.submit(NULL, &terms, &market, &order, note, &reported), 0);
    CU_ASSERT_EQUAL(reported.fill.price, 9997);
    CU_ASSERT_EQUAL(reported.fill.notional, 99); /* 99.97, down */
    CU_ASSERT_EQUAL(reported.fill.fee, 1);

    good.ticker.bid = 0;
    reported = (struct reported){0};
    CU_ASSERT_EQUAL(paper_broker.submit(NULL, &terms, &market, &order, note, &reported), ERROR_MISSING);
    good.ticker.bid = INT64_MAX;
    order.quantity = INT64_MAX;
    CU_ASSERT_EQUAL(paper_broker.submit(NULL, &terms, &market, &order, note, &reported), ERROR_RANGE);
    CU_ASSERT_EQUAL(reported.count, 0); /* nothing was told of what did not happen */
}

/* ---- the page ---- */

static void test_the_page_is_up_to_date(void)
{
    char *printed = NULL, stored[32768];
    size_t size = 0;
    FILE *out = open_memstream(&printed, &size);
    CU_ASSERT_PTR_NOT_NULL_FATAL(out);
    ledger_print_page(out);
    CU_ASSERT_EQUAL(fclose(out), 0);
    FILE *file = fopen("docs/ledger.md", "r");
    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    size_t stored_size = fread(stored, 1, sizeof stored, file);
    (void)fclose(file);
    CU_ASSERT(stored_size == size && memcmp(stored, printed, size) == 0);
    CU_ASSERT(strstr(printed, "| `stale_signal` | expired |") != NULL);
    free(printed);
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
    {"days turn at midnight UTC of the exchange's clock", test_days_turn_at_midnight_utc},
    {"every limit speaks beyond its boundary and is silent at it", test_every_limit_speaks_at_its_boundary},
    {"of several limits the first decides", test_the_first_limit_decides},
    {"limits that do not apply are silent", test_limits_that_do_not_apply_are_silent},
    {"ages do not overflow", test_ages_do_not_overflow},
    {"the minimum counts whole lots", test_below_minimum_counts_lots},
    {"every reason but filled has one limit", test_every_reason_has_its_limit},
    {"plans: stake, maximum, all that is held", test_plans},
    {"the paper broker rounds everything against us", test_paper_fills},
    {"docs/ledger.md is what the tables say", test_the_page_is_up_to_date},
    {NULL, NULL},
};
