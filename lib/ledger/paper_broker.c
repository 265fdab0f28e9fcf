/* The paper broker: no exchange, no waiting, and nothing in our favour. */
/* SPDX-License-Identifier: MIT */
#include "lib/ledger/broker.h"
#include "lib/ledger/order_id.h"

#include <assert.h>
#include <string.h>

static int quote(const struct broker_terms *terms, const struct broker_market *market, enum side side,
                 struct price *out)
{
    const struct ticker *ticker = market->ticker;
    bool buying = side == SIDE_BUY;
    struct decimal seen = {buying ? ticker->ask : ticker->bid, ticker->price_scale};
    if (seen.mantissa <= 0)
        return error_set(ERROR_MISSING, "%s has no %s", ticker->symbol, buying ? "ask" : "bid");
    struct price price;
    int code = price_from(market->instrument, seen, buying ? ROUND_UP : ROUND_DOWN, &price);
    if (code != 0)
        return code;
    if (price.ticks == 0)
        price.ticks = 1; /* a bid below the first tick */
    return price_worsen(price, side, terms->slippage_ppm, out);
}

/* Value and fee of a trade, both rounded against us. */
static int cost_fill(const struct broker_terms *terms, enum side side, struct fill *fill)
{
    struct decimal price = {fill->price, fill->price_scale};
    struct decimal quantity = {fill->quantity, fill->quantity_scale};
    struct amount value, fee;
    int code = amount_of(price, quantity, side == SIDE_BUY ? ROUND_UP : ROUND_DOWN, &value);
    if (code == 0)
        code = amount_fee(value, terms->fee_ppm, &fee);
    if (code == 0) {
        fill->notional = value.units;
        fill->fee = fee.units;
    }
    return code;
}

static int submit(void *state, const struct broker_terms *terms, const struct broker_market *market,
                  const struct order *order, broker_report_fn report, void *user)
{
    (void)state;
    assert(order->state == ORDER_STATE_INTENT && order->filled == 0);
    struct price price;
    struct decimal exact;
    int code = quote(terms, market, order->side, &price);
    if (code == 0)
        code = price_to_decimal(market->instrument, price, &exact);
    if (code != 0)
        return code;
    struct fill fill = {
        .side = order->side,
        .price = exact.mantissa,
        .price_scale = exact.scale,
        .quantity = order->quantity,
        .quantity_scale = order->quantity_scale,
        .time_ms = market->exchange_ms,
        .mode = order->mode,
    };
    paper_trade_id(order->order_id, fill.trade_id);
    memcpy(fill.order_id, order->order_id, NAME_SIZE);
    memcpy(fill.strategy, order->strategy, NAME_SIZE);
    memcpy(fill.exchange, order->exchange, NAME_SIZE);
    memcpy(fill.symbol, order->symbol, SYMBOL_SIZE);
    memcpy(fill.quote_asset, order->quote_asset, NAME_SIZE);
    code = cost_fill(terms, order->side, &fill);
    if (code != 0)
        return code;

    struct broker_report happened = {
        .order_id = fill.order_id, .event = ORDER_EVENT_send, .time_ms = market->exchange_ms};
    report(user, &happened);
    happened.event = ORDER_EVENT_fill_part;
    happened.fill = &fill;
    report(user, &happened);
    return 0;
}

const struct broker paper_broker = {
    .name = "paper",
    .quote = quote,
    .submit = submit,
};
