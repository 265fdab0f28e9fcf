/* signal -> limits -> intent -> order -> fill -> outcome, in one go for a broker that is not live. */
/* SPDX-License-Identifier: MIT */
#include "trader/desk.h"

#include "lib/base/interval.h"
#include "lib/ledger/order.h"
#include "lib/ledger/order_id.h"

#include <assert.h>
#include <string.h>

/* An order that is about to be made: for a signal, or by hand. */
struct intent {
    enum purpose purpose;
    const char *strategy;
    const char *symbol;
    const struct signal *signal; /* NULL: by hand */
    struct key key;
};

/* What the broker's reports are applied to. */
struct execution {
    struct desk *desk;
    struct change *change;
    int code; /* of the first report that could not be applied */
};

/* The order and its fill change together, or neither does. */
static void on_report(void *user, const struct broker_report *report)
{
    struct execution *execution = user;
    struct change *change = execution->change;
    struct order order = change->order;
    if (execution->code != 0)
        return;
    int code = report->fill != NULL ? order_fill(&order, report->fill->quantity, report->time_ms)
                                    : order_apply(&order, report->event, report->time_ms);
    if (code == 0 && report->fill != NULL) {
        change->fill = *report->fill;
        code = ledger_apply(&execution->desk->ledger, &change->fill);
    }
    if (code == 0)
        change->order = order;
    execution->code = code;
}

static int make_order(const struct desk *desk, const struct intent *intent, const struct plan *plan,
                      const struct instrument *instrument, struct order *out)
{
    struct decimal quantity;
    int code = quantity_to_decimal(instrument, plan->quantity, &quantity);
    if (code != 0)
        return code;
    *out = (struct order){
        .side = intent->purpose == PURPOSE_ENTRY ? SIDE_BUY : SIDE_SELL,
        .state = ORDER_STATE_INTENT,
        .quantity = quantity.mantissa,
        .quantity_scale = quantity.scale,
        .created_ms = desk->exchange_ms,
        .updated_ms = desk->exchange_ms,
        .mode = desk->ledger.key.mode,
    };
    order_id_of(intent->key, out->order_id);
    memcpy(out->quote_asset, desk->ledger.key.quote_asset, NAME_SIZE);
    memcpy(out->strategy, intent->strategy, NAME_SIZE);
    memcpy(out->exchange, desk->options.exchange, NAME_SIZE);
    memcpy(out->symbol, intent->symbol, SYMBOL_SIZE);
    return 0;
}

/* Carries an order out whose intent needs no storing of its own, since nothing leaves this machine. */
static int trade(struct desk *desk, const struct intent *intent, const struct plan *plan,
                 const struct broker_market *market, struct change *change)
{
    assert(!desk->broker->live);
    struct execution execution = {.desk = desk, .change = change};
    int code = make_order(desk, intent, plan, market->instrument, &change->order);
    if (code == 0)
        code = desk->broker->submit(NULL, &desk->options.terms, market, &change->order, on_report, &execution);
    if (code == 0)
        code = execution.code;
    if (code != 0)
        return code;
    assert(change->order.state == ORDER_STATE_FILLED);

    struct decimal bid = {market->ticker->bid, market->ticker->price_scale};
    code = bid.mantissa > 0 ? ledger_mark(&desk->ledger, intent->symbol, bid) : 0;
    (void)code; /* a value that does not fit: it stays without a mark */
    change->position = ledger_position(&desk->ledger, ledger_find(&desk->ledger, intent->symbol));
    change->account = desk_account(desk);
    change->traded = true;
    change->counted = true;
    return 0;
}

/* Asks the limits and trades if they are silent. REASON_filled, or why not. */
static enum reason try_to_trade(struct desk *desk, const struct intent *intent, struct change *change)
{
    const struct market *market = markets_find(&desk->markets, intent->symbol);
    struct broker_market broker_market = {
        .instrument = market != NULL && market->listed ? &market->instrument : NULL,
        .ticker = market != NULL && market->quoted ? &market->ticker : NULL,
        .exchange_ms = desk->exchange_ms,
    };
    const struct holding *holding = ledger_find(&desk->ledger, intent->symbol);
    struct plan plan = plan_make(desk->broker, &desk->options.terms, &broker_market, intent->purpose, holding,
                                 desk->options.stake);
    struct limits_view view = {
        .options = &desk->options.limits,
        .purpose = intent->purpose,
        .mode = desk->mode,
        .exchange_ms = desk->exchange_ms,
        .strategy = intent->strategy,
        .interval_s = intent->signal != NULL ? intent->signal->interval_s : 0,
        .candle_time_ms = intent->signal != NULL ? intent->signal->candle_time_ms : 0,
        .instrument = broker_market.instrument,
        .ticker = broker_market.ticker,
        .holding = holding,
        .order_open = ledger_has_order(&desk->ledger, intent->symbol),
        .open_positions = desk->ledger.open_count,
        .cash = desk->ledger.totals.cash,
        .plan = &plan,
    };
    enum reason reason = limits_check(&view);
    if (reason != REASONS)
        return reason;
    return trade(desk, intent, &plan, &broker_market, change) == 0 ? REASON_filled : REASON_out_of_range;
}

static struct signal_outcome make_outcome(const struct desk *desk, const struct signal *signal, enum reason reason)
{
    struct signal_outcome outcome = {
        .interval_s = signal->interval_s,
        .candle_time_ms = signal->candle_time_ms,
        .side = signal->side,
        .price = signal->price,
        .price_scale = signal->price_scale,
        .outcome = reasons[reason].outcome,
        .decided_ms = desk->exchange_ms,
    };
    memcpy(outcome.strategy, signal->strategy, NAME_SIZE);
    memcpy(outcome.exchange, signal->exchange, NAME_SIZE);
    memcpy(outcome.symbol, signal->symbol, SYMBOL_SIZE);
    int code = text_copy(outcome.reason, sizeof outcome.reason, reasons[reason].name, strlen(reasons[reason].name));
    assert(code == 0);
    (void)code;
    return outcome;
}

static int check_signal(const struct desk *desk, const struct signal *signal)
{
    if (signal->strategy[0] == '\0' || strcmp(signal->exchange, desk->options.exchange) != 0)
        return error_set(ERROR_ARGUMENT, "a signal of '%s' on '%s'", signal->strategy, signal->exchange);
    if (signal->shard != shard_of(signal->exchange, signal->symbol))
        return error_set(ERROR_ARGUMENT, "%s is not of shard %u", signal->symbol, signal->shard);
    if (interval_name(signal->interval_s) == NULL ||
        interval_open_time(signal->interval_s, signal->candle_time_ms) != signal->candle_time_ms)
        return error_set(ERROR_ARGUMENT, "no candle of %u s of %s opens at %lld", signal->interval_s, signal->symbol,
                         (long long)signal->candle_time_ms);
    if (signal->price <= 0 || signal->price_scale > DECIMAL_SCALE_MAX)
        return error_set(ERROR_ARGUMENT, "a signal of %s without a price", signal->symbol);
    return 0;
}

/* Whether this market may merely not have been told of yet: right after the start messages are still coming. */
static bool is_settling(const struct desk *desk, const char *symbol)
{
    const struct market *market = markets_find(&desk->markets, symbol);
    if (market != NULL && market->listed && market->quoted)
        return false;
    return desk->exchange_ms - desk->first_exchange_ms < DESK_SETTLE_TICKS * desk->options.limits.tick_ms;
}

enum desk_answer desk_take_signal(struct desk *desk, const struct signal *signal, struct change *change)
{
    if (check_signal(desk, signal) != 0)
        return DESK_INVALID;
    struct key key = signal_key(signal);
    if (known_set_contains(&desk->known, key))
        return DESK_DUPLICATE;
    if (signal->epoch < desk->epochs[signal->shard])
        return DESK_FENCED;
    desk->epochs[signal->shard] = signal->epoch;
    if (is_settling(desk, signal->symbol))
        return DESK_LATER;

    struct intent intent = {
        .purpose = signal->side == SIDE_BUY ? PURPOSE_ENTRY : PURPOSE_EXIT,
        .strategy = signal->strategy,
        .symbol = signal->symbol,
        .signal = signal,
        .key = key,
    };
    *change = (struct change){.decided = true};
    enum reason reason = try_to_trade(desk, &intent, change);
    change->outcome = make_outcome(desk, signal, reason);
    (void)known_set_add(&desk->known, key);
    desk->outcomes[change->outcome.outcome]++;
    return DESK_DECIDED;
}

enum reason desk_flatten(struct desk *desk, uint32_t row, struct change *change)
{
    assert(row < desk->ledger.symbols.count);
    const struct holding *holding = &desk->ledger.holdings[row];
    struct intent intent = {
        .purpose = PURPOSE_FLATTEN,
        .strategy = holding->strategy,
        .symbol = holding->symbol,
        .key = flatten_key(desk->options.exchange, holding->symbol, desk->exchange_ms),
    };
    *change = (struct change){0};
    enum reason reason = try_to_trade(desk, &intent, change);
    return reason == REASON_filled ? REASONS : reason;
}
