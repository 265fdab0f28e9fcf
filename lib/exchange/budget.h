/* The budget of request weight: how much may be sent in the exchange's window, by whom, and since when nothing at all.
 *
 * A window is a number of buckets. An exchange that counts in whole minutes of its clock has one of a minute; for one
 * that counts in any stretch of a time, the stretch is cut into BUDGET_SLICES and one slice more is counted, so that no
 * stretch, wherever it begins, has more than the limit. Pure: whoever calls brings the exchange's time. */
/* SPDX-License-Identifier: MIT */
#ifndef WICK_EXCHANGE_BUDGET_H
#define WICK_EXCHANGE_BUDGET_H

#include "lib/exchange/exchange.h"

#include <stdbool.h>
#include <stdint.h>

enum budget_priority {
#define BUDGET_SHARE(name, reserved, sentence) BUDGET_##name,
#include "lib/exchange/budget_shares.def"
    BUDGET_PRIORITIES
};

enum {
    BUDGET_SLICES = 32,
    BUDGET_OTHERS = BUDGET_PRIORITIES, /* what others on our address have used, as the exchange tells */
};

struct budget_bucket {
    int64_t number;                  /* of the exchange's clock, since 1970, in lengths of a bucket */
    int used[BUDGET_PRIORITIES + 1]; /* weight, by who used it */
};

struct budget {
    int limit;                         /* weight that may be used in a window */
    int reserved[BUDGET_PRIORITIES];   /* of it */
    int64_t bucket_ms;
    uint32_t bucket_count;             /* in a window */
    struct budget_bucket buckets[BUDGET_SLICES + 1]; /* by number modulo bucket_count */
    int64_t window_ms;
    int64_t ban_ms;           /* as in struct exchange */
    int64_t stopped_from_ms;  /* exchange time of the newest stop */
    int64_t stopped_until_ms; /* exchange time before which nothing may be sent; 0: it may */
    uint32_t stops;           /* in a row */
};

/* `share_percent` of the weight that the exchange allows. */
void budget_init(struct budget *budget, const struct exchange *exchange, int share_percent);

/* Takes `weight` if it may be sent now by one of this priority: if it fits the window together with what is reserved for
 * those above and not used by them. If not, false, and *again_ms is the exchange time at which to ask again. A weight
 * that would never fit is let through in a window in which nothing was used. */
bool budget_take(struct budget *budget, enum budget_priority priority, int weight, int64_t exchange_now_ms,
                 int64_t *again_ms);

/* Corrects the count by what the exchange said (exchange_answer.used_weight; -1 is ignored) in an answer to a request
 * that was sent at `sent_ms` and came at `received_ms`, exchange time. Only ever raises it: requests that are under
 * way are in our count and not yet in the exchange's. */
void budget_correct(struct budget *budget, int used_weight, int64_t sent_ms, int64_t received_ms);

/* The exchange asked for a stop (EXCHANGE_SLOW or EXCHANGE_BANNED) of `retry_after_s` seconds of its clock, in the
 * answer to a request that was sent at `sent_ms`. -1: it did not say; then a window, or for a ban ban_ms or two minutes,
 * twice as long each time that it says so again after we have waited, up to an hour or three days, and up to half as
 * much more by `random`, which is any number. A stop lasts at least a second and is never shortened. */
void budget_stop(struct budget *budget, enum exchange_verdict verdict, int retry_after_s, int64_t sent_ms,
                 int64_t exchange_now_ms, uint64_t random);

/* A request that was sent at `sent_ms` was answered as it should be: a stop before it is over. */
void budget_succeeded(struct budget *budget, int64_t sent_ms);

/* The exchange's clock turns out to say `exchange_now_ms` where it was thought to say `thought_ms`: what was used and a
 * stop move along. */
void budget_move(struct budget *budget, int64_t thought_ms, int64_t exchange_now_ms);

/* The weight used in the window that ends now: in all, or by one priority (BUDGET_OTHERS: by others). */
int budget_used(const struct budget *budget, int64_t exchange_now_ms);
int budget_used_by(const struct budget *budget, int priority, int64_t exchange_now_ms);

#endif
