/* The budget of request weight: how much may be sent in the current minute of the exchange's clock, and since when
 * nothing at all. Pure: whoever calls brings the exchange's time. */
/* SPDX-License-Identifier: MIT */
#ifndef WICK_EXCHANGE_BUDGET_H
#define WICK_EXCHANGE_BUDGET_H

#include "lib/exchange/exchange.h"

#include <stdbool.h>
#include <stdint.h>

struct budget {
    int limit;         /* weight that may be used in a minute */
    int64_t minute;    /* of the exchange's clock, since 1970 */
    int used;          /* in that minute, by our count or the exchange's, whichever is higher */
    int64_t stopped_until_ms; /* exchange time before which nothing may be sent; 0: it may */
};

/* `share_percent` of the weight that the exchange allows a minute. */
void budget_init(struct budget *budget, int weight_per_minute, int share_percent);

/* Takes `weight` if it may be sent now. If not, false, and *again_ms is the exchange time at which to ask again.
 * A weight above the whole limit is let through in a minute in which nothing was used. */
bool budget_take(struct budget *budget, int weight, int64_t exchange_now_ms, int64_t *again_ms);

/* Corrects the count by what the exchange said (exchange_answer.used_weight; -1 is ignored) in an answer to a request
 * that was sent at `sent_ms` and came at `received_ms`, exchange time. Only ever raises it: requests that are under
 * way are in our count and not yet in the exchange's. */
void budget_correct(struct budget *budget, int used_weight, int64_t sent_ms, int64_t received_ms);

/* The exchange asked for a stop (EXCHANGE_SLOW or EXCHANGE_BANNED) of `retry_after_s` seconds of its clock. -1: it did
 * not say; then the rest of the minute, or two minutes for a ban. A stop is never shortened. */
void budget_stop(struct budget *budget, enum exchange_verdict verdict, int retry_after_s, int64_t exchange_now_ms);

/* The weight used in the minute of `exchange_now_ms`. */
int budget_used(const struct budget *budget, int64_t exchange_now_ms);

#endif
