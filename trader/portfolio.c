/* What the dashboards are told: events at once, the whole portfolio every so often. */
/* SPDX-License-Identifier: MIT */
#include "trader/state.h"

#include "lib/runtime/config.h"

#include <stdio.h>

/* Only who holds the lease speaks for the ledger, and only once it is restored. */
static bool may_speak(const struct trader *trader)
{
    return trader->tenure.held && trader->phase == PHASE_LIVE;
}

static struct portfolio describe(struct trader *trader, const struct service_context *context)
{
    struct desk *desk = &trader->desk;
    const struct ledger *ledger = &desk->ledger;
    uint32_t count = 0;
    for (uint32_t row = 0; row < ledger->symbols.count && count < POSITIONS_SHOWN_MAX; row++)
        if (ledger->holdings[row].quantity.mantissa > 0)
            trader->broadcast.rows[count++] = ledger_position(ledger, &ledger->holdings[row]);
    struct portfolio portfolio = {
        .epoch = trader->tenure.generation,
        .sequence = trader->broadcast.sequence,
        .mode = desk->mode,
        .live = desk->broker->live,
        .day_start_equity = ledger->day_start_equity.units,
        .account = ledger_account(ledger, desk->exchange_ms),
        .positions = list_of(trader->broadcast.rows, count),
    };
    (void)snprintf(portfolio.quote_asset, sizeof portfolio.quote_asset, "%s", context->config->market_quote_asset);
    return portfolio;
}

static void publish(struct service_context *context, enum record record, const void *message)
{
    int code = service_publish(context, LINK_PORTFOLIO, TOPIC_PORTFOLIO, 0, record, message);
    (void)code; /* nobody listens, or too slowly: they notice the hole and ask */
}

void portfolio_publish_if_due(struct trader *trader, struct service_context *context, int64_t now_ms)
{
    struct broadcast *broadcast = &trader->broadcast;
    if (!broadcast->due || !may_speak(trader) || now_ms - broadcast->portfolio_ms < PORTFOLIO_PERIOD_MS)
        return;
    broadcast->due = false;
    broadcast->portfolio_ms = now_ms;
    broadcast->sequence++;
    struct portfolio portfolio = describe(trader, context);
    publish(context, RECORD_portfolio, &portfolio);
}

void portfolio_publish_event(struct trader *trader, struct service_context *context, const struct change *change)
{
    trader->broadcast.due = true;
    if (!may_speak(trader) || (!change->decided && !change->traded))
        return;
    struct portfolio_event event = {
        .epoch = trader->tenure.generation,
        .sequence = ++trader->broadcast.sequence,
        .outcomes = list_of(&change->outcome, change->decided),
        .orders = list_of(&change->order, change->traded),
        .fills = list_of(&change->fill, change->traded),
    };
    publish(context, RECORD_portfolio_event, &event);
}

void portfolio_send(struct trader *trader, struct service_context *context, const struct peer *peer)
{
    if (!may_speak(trader))
        return;
    struct portfolio portfolio = describe(trader, context);
    int code = service_send(context, LINK_COMMAND, peer, RECORD_portfolio, &portfolio);
    (void)code; /* it asks again */
}
