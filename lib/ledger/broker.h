/* A broker: who carries an order out. The paper broker does it at once and in memory; a live one sends it to the
 * exchange and hears later what became of it. Both tell it as events of order_edges.def, through one callback. */
/* SPDX-License-Identifier: MIT */
#ifndef WICK_LEDGER_BROKER_H
#define WICK_LEDGER_BROKER_H

#include "lib/base/error.h"
#include "lib/ledger/money.h"
#include "lib/ledger/order.h"
#include "proto/message.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What the configuration says about carrying out orders. */
struct broker_terms {
    int64_t fee_ppm;
    int64_t slippage_ppm;
};

/* The market as it is when an order is made; prices are positive on the side that is used. */
struct broker_market {
    const struct instrument *instrument;
    const struct ticker *ticker;
    int64_t exchange_ms; /* the exchange's clock */
};

/* What happened to an order. */
struct broker_report {
    const char *order_id;
    enum order_event event;  /* fill_part stands for any trade: order_fill tells a part from the rest */
    const struct fill *fill; /* of a trade, all but `realised` set; else NULL */
    int64_t time_ms;         /* by the exchange's clock */
};

typedef void (*broker_report_fn)(void *user, const struct broker_report *report);

struct broker {
    const char *name;

    /* Whether orders leave this machine. If so, the intent is stored and acked before submit is called; if not,
     * intent, fills and outcome are one change of the ledger. */
    bool live;

    /* Bytes of private state; 0: none. */
    size_t state_size;

    /* The price that an order of this side must reckon with: what its size, its limits and its cash are worked out
     * from. It is never better than what a fill can cost. ERROR_MISSING if that side of the book is empty;
     * ERROR_RANGE. */
    int (*quote)(const struct broker_terms *terms, const struct broker_market *market, enum side side,
                 struct price *out);

    /* Takes over an order in state INTENT. Reports come through `report`, which is called from here or from advance,
     * and start with `send`. A code says that nothing was sent and nothing was reported: ERROR_AGAIN, ERROR_RANGE. */
    int (*submit)(void *state, const struct broker_terms *terms, const struct broker_market *market,
                  const struct order *order, broker_report_fn report, void *user);

    /* Goes on with what waits for the exchange; does not block. NULL for a broker that is done when submit is. */
    void (*advance)(void *state, int64_t now_ms, broker_report_fn report, void *user);
};

/* Fills whole orders at once, at the ask (buy) or the bid (sell) of the ticker, moved by slippage_ppm against us and
 * rounded to ticks against us; notional and fee are rounded against us too. */
extern const struct broker paper_broker;

#endif
