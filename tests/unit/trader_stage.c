/* The runtime's functions, played. Messages are encoded and decoded as on a wire, in memory that is there from the
 * start, so that a test can see whether the trader allocates. */
/* SPDX-License-Identifier: MIT */
#include "tests/unit/trader_stage.h"

#include "proto/shard.h"
#include "tests/harness.h"
#include "trader/trader.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct stage stage;

/* Whether two records, of whatever kind, name the same account. */
#define SAME_ACCOUNT(left, right)                                                                                     \
    (strcmp((left)->exchange, (right)->exchange) == 0 && strcmp((left)->quote_asset, (right)->quote_asset) == 0 &&    \
     (left)->mode == (right)->mode)

/* ---- what is on its way from the trader ---- */

enum { WIRE_BYTES = 1 << 23, WIRE_MESSAGES = 8192 };

static struct {
    uint8_t bytes[WIRE_BYTES];
    size_t used;
    struct sent {
        enum link link;
        struct peer peer;
        enum record record;
        size_t at, size;
    } sent[WIRE_MESSAGES];
    int count;
} wire;

static uint8_t draft[MESSAGE_SIZE_MAX];

int64_t loop_now_ms(const struct loop *loop)
{
    (void)loop;
    return stage.now_ms;
}

void loop_stop(struct loop *loop)
{
    (void)loop;
    stage.stopped = true;
}

int service_reconnect(struct service_context *context, enum link link)
{
    (void)context;
    stage.reconnects[link]++;
    return 0;
}

int service_send_bytes(struct service_context *context, enum link link, const struct peer *peer, const uint8_t *bytes,
                       size_t size)
{
    (void)context;
    if (wire.count == WIRE_MESSAGES || wire.used + size > WIRE_BYTES)
        abort(); /* a test that does not settle */
    struct sent *sent = &wire.sent[wire.count++];
    *sent = (struct sent){.link = link, .at = wire.used, .size = size};
    if (peer != NULL)
        sent->peer = *peer;
    memcpy(wire.bytes + wire.used, bytes, size);
    wire.used += size;
    return message_peek(bytes, size, &sent->record);
}

int service_send(struct service_context *context, enum link link, const struct peer *peer, enum record record,
                 const void *message)
{
    size_t size;
    int code = message_encode(record, message, draft, sizeof draft, &size);
    CU_ASSERT_EQUAL(code, 0);
    return code != 0 ? code : service_send_bytes(context, link, peer, draft, size);
}

int service_publish(struct service_context *context, enum link link, enum topic_kind kind, uint16_t shard,
                    enum record record, const void *message)
{
    size_t size;
    (void)context;
    CU_ASSERT(link == LINK_PORTFOLIO && kind == TOPIC_PORTFOLIO && shard == 0);
    int code = message_encode(record, message, draft, sizeof draft, &size);
    CU_ASSERT_EQUAL(code, 0);
    if (record == RECORD_portfolio) {
        stage.portfolios++;
        stage.portfolio = *(const struct portfolio *)message;
    } else {
        stage.events++;
        stage.event = *(const struct portfolio_event *)message;
    }
    return code;
}

void service_subscribe(struct service_context *context, enum link link, enum topic_kind kind, uint16_t shard)
{
    (void)context, (void)kind;
    CU_ASSERT(link == LINK_MARKET && shard == SHARDS);
}

void service_set_status(struct service_context *context, enum process_status status, const char *detail)
{
    (void)context;
    stage.status = status;
    (void)snprintf(stage.detail, sizeof stage.detail, "%s", detail);
}

struct process_state service_state(const struct service_context *context)
{
    return (struct process_state){.role = "trader", .instance = context->instance, .status = stage.status};
}

/* ---- the persister ---- */

static int find_outcome(struct key key)
{
    const struct shelf *shelf = &stage.shelf;
    int i = 0;
    while (i < shelf->outcome_count && (shelf->keys[i].low != key.low || shelf->keys[i].high != key.high))
        i++;
    return i;
}

static void store_outcomes(struct list *list)
{
    struct signal_outcome row;
    struct shelf *shelf = &stage.shelf;
    while (list_next(list, RECORD_signal_outcome, &row)) {
        struct key key = outcome_key(&row);
        if (find_outcome(key) < shelf->outcome_count || shelf->outcome_count == STAGE_ROWS_MAX)
            continue;
        shelf->keys[shelf->outcome_count] = key;
        order_id_of(key, shelf->order_ids[shelf->outcome_count]);
        shelf->outcomes[shelf->outcome_count++] = row;
    }
}

static void store_trades(struct store_ledger *message)
{
    struct shelf *shelf = &stage.shelf;
    struct order order;
    struct fill fill;
    struct position position;
    while (list_next(&message->orders, RECORD_order, &order)) {
        int i = 0;
        while (i < shelf->order_count && strcmp(shelf->orders[i].order_id, order.order_id) != 0)
            i++;
        shelf->orders[i] = order;
        shelf->order_count += i == shelf->order_count;
    }
    while (list_next(&message->fills, RECORD_fill, &fill)) {
        int i = 0;
        while (i < shelf->fill_count && strcmp(shelf->fills[i].trade_id, fill.trade_id) != 0)
            i++;
        if (i == shelf->fill_count)
            shelf->fills[shelf->fill_count++] = fill;
    }
    while (list_next(&message->positions, RECORD_position, &position)) {
        int i = 0;
        while (i < shelf->position_count && !(strcmp(shelf->positions[i].symbol, position.symbol) == 0 &&
                                              SAME_ACCOUNT(&shelf->positions[i], &position)))
            i++;
        CU_ASSERT_FATAL(i < STAGE_POSITIONS_MAX);
        shelf->positions[i] = position;
        shelf->position_count += i == shelf->position_count;
    }
}

static void store_accounts(struct list *list)
{
    struct account row;
    struct shelf *shelf = &stage.shelf;
    while (list_next(list, RECORD_account, &row)) {
        int i = 0;
        while (i < shelf->account_count &&
               !(shelf->accounts[i].time_ms == row.time_ms && SAME_ACCOUNT(&shelf->accounts[i], &row)))
            i++;
        shelf->accounts[i] = row;
        shelf->account_count += i == shelf->account_count;
    }
}

static void on_store_ledger(const uint8_t *bytes, size_t size)
{
    struct store_ledger message;
    if (stage.mood.deaf)
        return;
    CU_ASSERT_EQUAL_FATAL(message_decode(RECORD_store_ledger, bytes, size, &message), 0);
    stage.deliveries++;
    stage.rows_in_last = (int)(message.outcomes.count + message.orders.count + message.fills.count +
                               message.positions.count + message.accounts.count);
    struct ack ack = {.sequence = message.sequence, .verdict = stage.mood.verdict};
    if (message.generation < stage.shelf.generation)
        ack.verdict = VERDICT_FENCED;
    if (ack.verdict == VERDICT_ACCEPTED) {
        store_outcomes(&message.outcomes);
        store_trades(&message);
        store_accounts(&message.accounts);
    }
    if (!stage.mood.silent)
        CU_ASSERT_EQUAL(stage_tell(LINK_STORE, 0, RECORD_ack, &ack), 0);
}

static void on_lease_request(const uint8_t *bytes, size_t size)
{
    struct lease_request request;
    struct shelf *shelf = &stage.shelf;
    CU_ASSERT_EQUAL_FATAL(message_decode(RECORD_lease_request, bytes, size, &request), 0);
    CU_ASSERT_STRING_EQUAL(request.name, "trader");
    if (request.release) {
        stage.releases++;
        if (shelf->holder == request.holder)
            shelf->expires_ms = 0;
        return;
    }
    bool granted = shelf->holder == request.holder || stage.now_ms >= shelf->expires_ms;
    if (granted) {
        shelf->generation += shelf->holder != request.holder;
        shelf->holder = request.holder;
        shelf->expires_ms = stage.now_ms + request.duration_ms;
    }
    struct lease_reply reply = {
        .name = "trader", .sent_ms = request.sent_ms, .granted = granted, .generation = shelf->generation};
    if (!stage.mood.silent)
        CU_ASSERT_EQUAL(stage_tell(LINK_STORE, 0, RECORD_lease_reply, &reply), 0);
}

static const struct account *newest_account(const struct query *query)
{
    const struct shelf *shelf = &stage.shelf;
    const struct account *newest = NULL;
    for (int i = 0; i < shelf->account_count; i++)
        if (SAME_ACCOUNT(&shelf->accounts[i], query) &&
            (newest == NULL || shelf->accounts[i].time_ms > newest->time_ms))
            newest = &shelf->accounts[i];
    return newest;
}

static uint32_t parts_sent; /* of the newest answer */

static void send_part(struct answer *part)
{
    part->part = parts_sent++;
    if (stage.mood.loses_part == parts_sent)
        stage.mood.loses_part = 0;
    else
        CU_ASSERT_EQUAL(stage_tell(LINK_HISTORY, 0, RECORD_answer, part), 0);
}

static void answer_ledger(const struct query *query)
{
    const struct account *account = newest_account(query);
    struct answer part = {.id = query->id, .symbol = "-"};
    part.accounts = list_of(account, account != NULL);
    send_part(&part);
    struct position open[STAGE_MARKETS];
    size_t count = 0;
    for (int i = 0; i < stage.shelf.position_count; i++)
        if (stage.shelf.positions[i].quantity != 0 && SAME_ACCOUNT(&stage.shelf.positions[i], query))
            open[count++] = stage.shelf.positions[i];
    part = (struct answer){.id = query->id, .symbol = "-", .positions = list_of(open, count)};
    send_part(&part);
}

static void answer_equity(const struct query *query)
{
    const struct account *first = NULL;
    for (int i = 0; i < stage.shelf.account_count; i++) {
        const struct account *row = &stage.shelf.accounts[i];
        if (SAME_ACCOUNT(row, query) && row->time_ms >= query->from_ms && (first == NULL || row->time_ms < first->time_ms))
            first = row;
    }
    struct answer part = {.id = query->id, .symbol = "-", .accounts = list_of(first, first != NULL)};
    send_part(&part);
}

static void answer_signals(const struct query *query)
{
    enum { PART = 500 };
    for (int at = 0; at < stage.shelf.outcome_count; at += PART) {
        int count = stage.shelf.outcome_count - at < PART ? stage.shelf.outcome_count - at : PART;
        struct answer part = {.id = query->id, .symbol = "-"};
        part.outcomes = list_of(&stage.shelf.outcomes[at], (size_t)count);
        send_part(&part);
    }
}

static void on_query(const uint8_t *bytes, size_t size)
{
    struct query query;
    CU_ASSERT_EQUAL_FATAL(message_decode(RECORD_query, bytes, size, &query), 0);
    CU_ASSERT_STRING_EQUAL(query.exchange, stage.config.exchange_name);
    if (stage.mood.silent)
        return;
    parts_sent = 0;
    switch (query.kind) {
    case QUERY_KIND_LEDGER: answer_ledger(&query); break;
    case QUERY_KIND_SIGNALS: answer_signals(&query); break;
    case QUERY_KIND_EQUITY: answer_equity(&query); break;
    default: CU_FAIL("a question that the trader has no use for"); break;
    }
    struct answer end = {.id = query.id, .last = true, .symbol = "-"};
    send_part(&end);
}

/* ---- analyzers and dashboards ---- */

static void on_answer_to_peer(const struct sent *sent, const uint8_t *bytes)
{
    struct ack ack;
    if (sent->record == RECORD_portfolio) {
        CU_ASSERT_EQUAL_FATAL(message_decode(RECORD_portfolio, bytes, sent->size, &stage.portfolio), 0);
        stage.portfolios_sent++;
        return;
    }
    CU_ASSERT_EQUAL_FATAL(message_decode(RECORD_ack, bytes, sent->size, &ack), 0);
    if (sent->link == LINK_COMMAND) {
        stage.command_acks[stage.command_ack_count++ % 16] = ack;
    } else {
        stage.ack_peers[stage.ack_count % STAGE_ROWS_MAX] = sent->peer.id[0];
        stage.acks[stage.ack_count++ % STAGE_ROWS_MAX] = ack;
    }
}

static void deliver(const struct sent *sent)
{
    const uint8_t *bytes = wire.bytes + sent->at;
    if (sent->link == LINK_SIGNALS || sent->link == LINK_COMMAND)
        on_answer_to_peer(sent, bytes);
    else if (stage.mood.away)
        return;
    else if (sent->record == RECORD_store_ledger)
        on_store_ledger(bytes, sent->size);
    else if (sent->record == RECORD_lease_request)
        on_lease_request(bytes, sent->size);
    else if (sent->record == RECORD_query)
        on_query(bytes, sent->size);
    else
        stage.reports += sent->record == RECORD_process_report;
}

void stage_settle(void)
{
    for (int i = 0; i < wire.count && stage.trader != NULL; i++)
        deliver(&wire.sent[i]);
    wire.count = 0;
    wire.used = 0;
}

void stage_run(int64_t milliseconds)
{
    for (int64_t passed = 0; passed < milliseconds; passed += STAGE_STEP_MS) {
        stage.now_ms += STAGE_STEP_MS;
        trader_service.on_tick(&stage.context, stage.trader, stage.now_ms);
        stage_settle();
    }
}

int stage_tell(enum link link, uint8_t peer, enum record record, const void *message)
{
    static uint8_t bytes[MESSAGE_SIZE_MAX];
    size_t size;
    struct peer from = {.id = {peer}, .size = 1};
    CU_ASSERT_EQUAL_FATAL(message_encode(record, message, bytes, sizeof bytes, &size), 0);
    stage.context.heard_ms[link] = stage.now_ms;
    return trader_service.on_message(&stage.context, stage.trader, link, &from, record, bytes, size);
}

/* ---- the market ---- */

static void name_market(int market, char out[SYMBOL_SIZE])
{
    (void)snprintf(out, SYMBOL_SIZE, "COIN%dUSDT", market);
}

void stage_publish_instruments(void)
{
    struct instrument rows[STAGE_MARKETS];
    for (int i = 0; i < STAGE_MARKETS; i++) {
        rows[i] = (struct instrument){.base_asset = "COIN", .quote_asset = "USDT", .trading = true, .price_scale = 2,
                                      .tick_size = 1, .quantity_scale = 4, .lot_step = 1, .minimum_quantity = 1,
                                      .minimum_notional = 500000000};
        name_market(i, rows[i].symbol);
    }
    struct instruments message = {.exchange_ms = stage.exchange_ms, .rows = list_of(rows, STAGE_MARKETS)};
    (void)snprintf(message.exchange, sizeof message.exchange, "%s", stage.config.exchange_name);
    CU_ASSERT_EQUAL(stage_tell(LINK_MARKET, 0, RECORD_instruments, &message), 0);
}

void stage_publish_tickers(int64_t exchange_ms, int factor)
{
    struct ticker rows[STAGE_MARKETS];
    for (int i = 0; i < STAGE_MARKETS; i++) {
        rows[i] = (struct ticker){.bid = 100 * factor, .ask = 100 * factor + 10, .last = 100 * factor,
                                  .price_scale = 2, .time_ms = exchange_ms};
        name_market(i, rows[i].symbol);
    }
    stage.exchange_ms = exchange_ms;
    struct tickers message = {.exchange_ms = exchange_ms, .rows = list_of(rows, STAGE_MARKETS)};
    CU_ASSERT_EQUAL(stage_tell(LINK_MARKET, 0, RECORD_tickers, &message), 0);
    stage_settle();
}

struct signal stage_signal(const char *strategy, int market, enum side side, int candles)
{
    static uint64_t sequence;
    struct signal signal = {.sequence = ++sequence, .epoch = 1ULL << 32, .interval_s = 300, .side = side,
                            .price = 10000, .price_scale = 2};
    (void)snprintf(signal.strategy, sizeof signal.strategy, "%s", strategy);
    (void)snprintf(signal.exchange, sizeof signal.exchange, "%s", stage.config.exchange_name);
    name_market(market, signal.symbol);
    signal.shard = shard_of(signal.exchange, signal.symbol);
    signal.candle_time_ms = stage.exchange_ms - stage.exchange_ms % 300000 - 300000 * (1 + (int64_t)candles);
    return signal;
}

void stage_send_signal(uint8_t analyzer, const struct signal *signal)
{
    int code = stage_tell(LINK_SIGNALS, analyzer, RECORD_signal, signal);
    CU_ASSERT(code == 0 || code == ERROR_PROTOCOL);
}

/* ---- life ---- */

void stage_reset(void)
{
    stage_kill();
    stage = (struct stage){.now_ms = 1000000, .exchange_ms = 1733011200000};
    stage.config.exchange_name = "binance";
    stage.config.exchange_speed = 1;
    stage.config.market_quote_asset = "USDT";
    stage.config.market_tick_ms = 2000;
    stage.config.trader_start_cash = 1000000000000;
    stage.config.trader_stake = 10000000000;
    stage.config.trader_fee_ppm = 1000;
    stage.config.trader_slippage_ppm = 200;
    stage.config.limits_open_positions = 50;
    stage.config.limits_stake = 100000000000;
    stage.config.limits_signal_age = 2;
    stage.config.limits_price_age = 5;
    stage.config.process_data_dir = test_directory();
    char path[256];
    (void)snprintf(path, sizeof path, "%s/trading-mode", test_directory());
    (void)remove(path);
}

void stage_start(void)
{
    static uint64_t instance = 100;
    stage_kill();
    stage.context = (struct service_context){
        .role = ROLE_TRADER, .config = &stage.config, .instance = ++instance, .started_ms = stage.now_ms};
    stage.stopped = false;
    for (int link = 0; link < LINKS; link++)
        stage.context.heard_ms[link] = stage.now_ms;
    stage.trader = calloc(1, trader_service.state_size);
    CU_ASSERT_PTR_NOT_NULL_FATAL(stage.trader);
    CU_ASSERT_EQUAL_FATAL(trader_service.open(&stage.context, stage.trader), 0);
}

void stage_kill(void)
{
    wire.count = 0;
    wire.used = 0;
    if (stage.trader == NULL)
        return;
    trader_service.close(&stage.context, stage.trader);
    free(stage.trader);
    stage.trader = NULL;
}

void stage_start_live(void)
{
    stage_start();
    stage_run(100);
    stage_publish_instruments();
    stage_publish_tickers(stage.exchange_ms, 100);
    /* After a crash the old lease has to run out first. */
    for (int i = 0; i < 100 && stage.trader->phase != PHASE_LIVE; i++)
        stage_run(STAGE_STEP_MS);
    CU_ASSERT_EQUAL_FATAL(stage.trader->phase, PHASE_LIVE);
    stage_run(STAGE_STEP_MS);
}

void stage_forget(void)
{
    stage.ack_count = stage.command_ack_count = stage.deliveries = stage.rows_in_last = 0;
    stage.events = stage.portfolios = stage.portfolios_sent = stage.reports = stage.releases = 0;
}

int stage_verdict(uint64_t sequence)
{
    int count = stage.ack_count < STAGE_ROWS_MAX ? stage.ack_count : STAGE_ROWS_MAX;
    for (int i = count - 1; i >= 0; i--)
        if (stage.acks[i].sequence == sequence)
            return (int)stage.acks[i].verdict;
    return -1;
}

const struct signal_outcome *stage_outcome(const struct signal *signal)
{
    int i = find_outcome(signal_key(signal));
    return i < stage.shelf.outcome_count ? &stage.shelf.outcomes[i] : NULL;
}

const char *stage_reason(const struct signal *signal)
{
    stage_send_signal(1, signal);
    stage_settle();
    const struct signal_outcome *outcome = stage_outcome(signal);
    return outcome != NULL ? outcome->reason : "none";
}

/* ---- what must hold of what is stored ---- */

static int position_faults(const struct position *position)
{
    int64_t held = 0;
    for (int i = 0; i < stage.shelf.fill_count; i++) {
        const struct fill *fill = &stage.shelf.fills[i];
        if (strcmp(fill->symbol, position->symbol) == 0 && SAME_ACCOUNT(fill, position))
            held += fill->side == SIDE_BUY ? fill->quantity : -fill->quantity;
    }
    return (held != position->quantity) + (position->quantity < 0) + (position->quantity == 0 && position->cost != 0);
}

/* The order of an outcome, or NULL. */
static const struct order *order_of(int outcome)
{
    for (int i = 0; i < stage.shelf.order_count; i++)
        if (strcmp(stage.shelf.orders[i].order_id, stage.shelf.order_ids[outcome]) == 0)
            return &stage.shelf.orders[i];
    return NULL;
}

static int order_faults(const struct order *order)
{
    int fills = 0;
    for (int i = 0; i < stage.shelf.fill_count; i++)
        fills += strcmp(stage.shelf.fills[i].order_id, order->order_id) == 0;
    return (fills != 1) + (order->state != ORDER_STATE_FILLED) + (order->filled != order->quantity);
}

static int account_faults(const struct account *account)
{
    int64_t cash = account->start, cost = 0, fees = 0, realised = 0;
    for (int i = 0; i < stage.shelf.fill_count; i++) {
        const struct fill *fill = &stage.shelf.fills[i];
        if (!SAME_ACCOUNT(fill, account))
            continue;
        cash += (fill->side == SIDE_BUY ? -fill->notional : fill->notional) - fill->fee;
        fees += fill->fee;
        realised += fill->realised;
    }
    for (int i = 0; i < stage.shelf.position_count; i++)
        cost += SAME_ACCOUNT(&stage.shelf.positions[i], account) ? stage.shelf.positions[i].cost : 0;
    return (account->cash + account->inventory != account->start + account->realised - account->fees) +
           (account->cash != cash) + (account->inventory != cost) + (account->fees != fees) +
           (account->realised != realised) +
           (account->equity != account->cash + account->inventory + account->unrealised);
}

int stage_faults(void)
{
    const struct shelf *shelf = &stage.shelf;
    int faults = shelf->fill_count != shelf->order_count;
    for (int i = 0; i < shelf->position_count; i++)
        faults += position_faults(&shelf->positions[i]);
    for (int i = 0; i < shelf->order_count; i++)
        faults += order_faults(&shelf->orders[i]);
    for (int i = 0; i < shelf->outcome_count; i++) {
        bool filled = shelf->outcomes[i].outcome == OUTCOME_FILLED;
        faults += (order_of(i) != NULL) != filled || shelf->outcomes[i].reason[0] == '\0';
    }
    for (int i = 0; i < shelf->account_count; i++) {
        struct query query = {.mode = shelf->accounts[i].mode};
        memcpy(query.exchange, shelf->accounts[i].exchange, NAME_SIZE);
        memcpy(query.quote_asset, shelf->accounts[i].quote_asset, NAME_SIZE);
        if (newest_account(&query) == &shelf->accounts[i])
            faults += account_faults(&shelf->accounts[i]);
    }
    return faults;
}
