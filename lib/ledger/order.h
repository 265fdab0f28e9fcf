/* An order's life: a table of edges, and the one function that changes its state. */
/* SPDX-License-Identifier: MIT */
#ifndef WICK_LEDGER_ORDER_H
#define WICK_LEDGER_ORDER_H

#include "lib/base/error.h"
#include "proto/message.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum order_event {
#define ORDER_EVENT(id, sentence) ORDER_EVENT_##id,
#define ORDER_EDGE(from, event, to, sentence)
#include "lib/ledger/order_edges.def"
#undef ORDER_EVENT
#undef ORDER_EDGE
    ORDER_EVENTS
};

struct order_event_row {
    const char *name;
    const char *sentence;
};

struct order_edge_row {
    enum order_state from;
    enum order_event event;
    enum order_state to;
    const char *sentence;
};

extern const struct order_event_row order_events[ORDER_EVENTS];
extern const struct order_edge_row order_edges[];
extern const size_t order_edge_count;

/* Lets an event happen to an order at a time of the exchange's clock. For fills use order_fill.
 * ERROR_ARGUMENT for an edge that the table does not have; the order is unchanged then. */
int order_apply(struct order *order, enum order_event event, int64_t time_ms) MUST_CHECK;

/* Adds a trade's quantity, in 10^-order->quantity_scale, and applies fill_part or fill_rest by what is left.
 * ERROR_ARGUMENT as above; ERROR_RANGE if it is not positive or more than what is left. Unchanged on errors. */
int order_fill(struct order *order, int64_t quantity, int64_t time_ms) MUST_CHECK;

/* Whether no further answer about it is awaited: filled, cancelled, expired or rejected. */
bool order_state_is_final(enum order_state state);

#endif
