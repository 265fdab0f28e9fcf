/* The budget of request weight. */
/* SPDX-License-Identifier: MIT */
#include "lib/exchange/budget.h"

#include <assert.h>

enum { MINUTE_MS = 60000, BAN_MS = 120000 };

void budget_init(struct budget *budget, int weight_per_minute, int share_percent)
{
    assert(weight_per_minute > 0 && share_percent >= 1 && share_percent <= 100);
    *budget = (struct budget){.limit = (int)((int64_t)weight_per_minute * share_percent / 100)};
    if (budget->limit < 1)
        budget->limit = 1;
}

/* A later minute begins with nothing used. An earlier one cannot come: the clock does not step back. */
static void enter_minute(struct budget *budget, int64_t exchange_now_ms)
{
    int64_t minute = exchange_now_ms / MINUTE_MS;
    if (minute == budget->minute)
        return;
    budget->minute = minute;
    budget->used = 0;
}

bool budget_take(struct budget *budget, int weight, int64_t exchange_now_ms, int64_t *again_ms)
{
    assert(weight >= 0);
    if (exchange_now_ms < budget->stopped_until_ms) {
        *again_ms = budget->stopped_until_ms;
        return false;
    }
    enter_minute(budget, exchange_now_ms);
    if (budget->used > 0 && weight > budget->limit - budget->used) {
        *again_ms = (budget->minute + 1) * MINUTE_MS;
        return false;
    }
    budget->used += weight;
    return true;
}

void budget_correct(struct budget *budget, int used_weight, int64_t sent_ms, int64_t received_ms)
{
    enter_minute(budget, received_ms);
    if (sent_ms / MINUTE_MS == received_ms / MINUTE_MS && used_weight > budget->used)
        budget->used = used_weight;
}

void budget_stop(struct budget *budget, enum exchange_verdict verdict, int retry_after_s, int64_t exchange_now_ms)
{
    assert(verdict == EXCHANGE_SLOW || verdict == EXCHANGE_BANNED);
    int64_t until = (exchange_now_ms / MINUTE_MS + 1) * MINUTE_MS;
    if (verdict == EXCHANGE_BANNED)
        until = exchange_now_ms + BAN_MS;
    if (retry_after_s >= 0)
        until = exchange_now_ms + (int64_t)retry_after_s * 1000;
    if (until > budget->stopped_until_ms)
        budget->stopped_until_ms = until;
}

int budget_used(const struct budget *budget, int64_t exchange_now_ms)
{
    return exchange_now_ms / MINUTE_MS == budget->minute ? budget->used : 0;
}
