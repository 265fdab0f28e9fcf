/* The rows of order_edges.def and the walk along them. */
/* SPDX-License-Identifier: MIT */
#include "lib/ledger/order.h"

#include <assert.h>

const struct order_event_row order_events[ORDER_EVENTS] = {
#define ORDER_EVENT(id, sentence) {#id, sentence},
#define ORDER_EDGE(from, event, to, sentence)
#include "lib/ledger/order_edges.def"
#undef ORDER_EVENT
#undef ORDER_EDGE
};

const struct order_edge_row order_edges[] = {
#define ORDER_EVENT(id, sentence)
#define ORDER_EDGE(from, event, to, sentence) {ORDER_STATE_##from, ORDER_EVENT_##event, ORDER_STATE_##to, sentence},
#include "lib/ledger/order_edges.def"
#undef ORDER_EVENT
#undef ORDER_EDGE
};

const size_t order_edge_count = sizeof order_edges / sizeof order_edges[0];

bool order_state_is_final(enum order_state state)
{
    return state == ORDER_STATE_FILLED || state == ORDER_STATE_CANCELLED || state == ORDER_STATE_EXPIRED ||
           state == ORDER_STATE_REJECTED;
}

int order_apply(struct order *order, enum order_event event, int64_t time_ms)
{
    assert(event < ORDER_EVENTS);
    for (size_t i = 0; i < order_edge_count; i++) {
        if (order_edges[i].from != order->state || order_edges[i].event != event)
            continue;
        order->state = order_edges[i].to;
        order->updated_ms = time_ms;
        return 0;
    }
    return error_set(ERROR_ARGUMENT, "order %s is %s: %s cannot happen to it", order->order_id,
                     order_state_name(order->state), order_events[event].name);
}

int order_fill(struct order *order, int64_t quantity, int64_t time_ms)
{
    int64_t left = order->quantity - order->filled;
    if (quantity <= 0 || quantity > left)
        return error_set(ERROR_RANGE, "order %s has %lld left, a trade of %lld does not fit", order->order_id,
                         (long long)left, (long long)quantity);
    int code = order_apply(order, quantity == left ? ORDER_EVENT_fill_rest : ORDER_EVENT_fill_part, time_ms);
    if (code == 0)
        order->filled += quantity;
    return code;
}
