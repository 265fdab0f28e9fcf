/* The limits: pure questions about a planned order, asked one after the other; the first that speaks decides. */
/* SPDX-License-Identifier: MIT */
#ifndef WICK_LEDGER_LIMITS_H
#define WICK_LEDGER_LIMITS_H

#include "lib/ledger/broker.h"
#include "lib/ledger/ledger.h"
#include "proto/message.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum reason {
#define REASON(name, outcome, sentence) REASON_##name,
#include "lib/ledger/reasons.def"
#undef REASON
    REASONS
};

struct reason_row {
    const char *name;
    enum outcome outcome;
    const char *sentence;
};

extern const struct reason_row reasons[REASONS];

/* What an order is for. */
enum purpose { PURPOSE_ENTRY = 1, PURPOSE_EXIT = 2, PURPOSE_FLATTEN = 4 };

/* An order as it would be made now. */
struct plan {
    bool fits; /* whether it could be worked out in 63 bits; the rest is set only then */
    struct price price;
    struct quantity quantity;
    struct amount notional, fee;
};

/* What the limits compare with, from the configuration. */
struct limits_options {
    int64_t open_positions;
    struct amount stake;
    int64_t signal_age; /* intervals */
    int64_t price_age;  /* ticks */
    int64_t tick_ms;    /* how often tickers come, in exchange time */
};

/* Everything that a limit may look at. */
struct limits_view {
    const struct limits_options *options;
    enum purpose purpose;
    enum trading_mode mode;
    int64_t exchange_ms;                 /* the newest time of the exchange's clock */
    const char *strategy;                /* whose signal it is; not asked for FLATTEN, as the next two */
    uint32_t interval_s;
    int64_t candle_time_ms;              /* open time of the signal's candle */
    const struct instrument *instrument; /* NULL: not known */
    const struct ticker *ticker;         /* NULL: none came yet */
    const struct holding *holding;       /* NULL: never held */
    bool order_open;                     /* the market has an order that is not final */
    uint32_t open_positions;
    struct amount cash;
    const struct plan *plan; /* asked only after instrument, ticker and holding were found good */
};

struct limit_row {
    enum reason reason;
    unsigned applies; /* the purposes it is asked for */
    bool (*speaks)(const struct limits_view *view);
    const char *option; /* that sets it; "": none */
    const char *sentence;
};

extern const struct limit_row limits[];
extern const size_t limit_count;

/* Works out the order: a sale of all that is held, or a purchase for the stake, within the instrument's maximum.
 * Instrument and ticker may be NULL and the book empty: then the plan does not fit, and a limit says why. */
struct plan plan_make(const struct broker *broker, const struct broker_terms *terms,
                      const struct broker_market *market, enum purpose purpose, const struct holding *holding,
                      struct amount stake);

/* The first limit that speaks against the order, or REASONS if none does. */
enum reason limits_check(const struct limits_view *view);

#endif
