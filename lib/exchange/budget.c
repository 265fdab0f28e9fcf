/* The budget of request weight. */
/* SPDX-License-Identifier: MIT */
#include "lib/exchange/budget.h"

#include <assert.h>
#include <string.h>

enum {
    STOP_LEAST_MS = 1000,
    STOP_MOST_MS = 3600000,
    BAN_MS = 120000, /* Binance's shortest; its longest are three days */
    BAN_MOST_MS = 259200000,
    DOUBLINGS_MOST = 11,
};

/* percent, by priority */
static const int shares[] = {
#define BUDGET_SHARE(priority, reserved, sentence) (reserved),
#include "lib/exchange/budget_shares.def"
};

void budget_init(struct budget *budget, const struct exchange *exchange, int share_percent)
{
    assert(exchange->weight_limit > 0 && exchange->weight_window_ms > 0 && share_percent >= 1 && share_percent <= 100);
    *budget = (struct budget){
        .limit = (int)((int64_t)exchange->weight_limit * share_percent / 100),
        .window_ms = exchange->weight_window_ms,
        .ban_ms = exchange->ban_ms,
        .bucket_ms = exchange->weight_window_ms,
        .bucket_count = 1,
    };
    if (budget->limit < 1)
        budget->limit = 1;
    if (!exchange->weight_window_whole) {
        budget->bucket_ms = (exchange->weight_window_ms + BUDGET_SLICES - 1) / BUDGET_SLICES;
        budget->bucket_count = BUDGET_SLICES + 1;
    }
    for (int i = 0; i < BUDGET_PRIORITIES; i++)
        budget->reserved[i] = (int)((int64_t)budget->limit * shares[i] / 100);
}

/* What one has used in the window that ends with the bucket `last`, without the buckets before `first`. */
static int used_between(const struct budget *budget, int priority, int64_t first, int64_t last)
{
    int used = 0;
    for (uint32_t i = 0; i < budget->bucket_count; i++) {
        const struct budget_bucket *bucket = &budget->buckets[i];
        if (bucket->number >= first && bucket->number <= last)
            used += bucket->used[priority];
    }
    return used;
}

static int all_between(const struct budget *budget, int64_t first, int64_t last)
{
    int used = 0;
    for (int i = 0; i <= BUDGET_OTHERS; i++)
        used += used_between(budget, i, first, last);
    return used;
}

/* Whether `weight` fits in beside what was used from the bucket `first` on and what is kept for those above. Alone in a
 * window anything does: if it is more than there ever is, it would wait for ever. */
static bool fits(const struct budget *budget, enum budget_priority priority, int weight, int64_t first, int64_t last)
{
    int used = all_between(budget, first, last), kept = 0;
    for (int above = 0; above < (int)priority; above++) {
        int left = budget->reserved[above] - used_between(budget, above, first, last);
        kept += left > 0 ? left : 0;
    }
    return used == 0 || weight <= budget->limit - used - kept;
}

/* The bucket of a time, which begins with nothing used. What was counted for later times is of a clock that has been set
 * back since: the first requests are sent by our own, before the exchange has told its time. */
static struct budget_bucket *enter(struct budget *budget, int64_t exchange_now_ms)
{
    int64_t number = exchange_now_ms / budget->bucket_ms;
    struct budget_bucket *bucket = &budget->buckets[number % budget->bucket_count];
    if (bucket->number != number)
        *bucket = (struct budget_bucket){.number = number};
    return bucket;
}

/* The first number of the window that ends with bucket `last`. */
static int64_t first_of(const struct budget *budget, int64_t last)
{
    return last - budget->bucket_count + 1;
}

bool budget_take(struct budget *budget, enum budget_priority priority, int weight, int64_t exchange_now_ms,
                 int64_t *again_ms)
{
    assert(weight >= 0);
    if (exchange_now_ms < budget->stopped_until_ms) {
        *again_ms = budget->stopped_until_ms;
        return false;
    }
    struct budget_bucket *bucket = enter(budget, exchange_now_ms);
    int64_t last = bucket->number, first = first_of(budget, last);
    if (fits(budget, priority, weight, first, last)) {
        bucket->used[priority] += weight;
        return true;
    }
    int64_t leaving = first; /* the last bucket that has to leave the window before it fits */
    while (leaving < last && !fits(budget, priority, weight, leaving + 1, last))
        leaving++;
    *again_ms = (leaving + budget->bucket_count) * budget->bucket_ms;
    return false;
}

void budget_move(struct budget *budget, int64_t thought_ms, int64_t exchange_now_ms)
{
    int used[BUDGET_OTHERS + 1];
    int64_t last = thought_ms / budget->bucket_ms, by_ms = exchange_now_ms - thought_ms;
    for (int i = 0; i <= BUDGET_OTHERS; i++)
        used[i] = used_between(budget, i, first_of(budget, last), last);
    memset(budget->buckets, 0, sizeof budget->buckets);
    memcpy(enter(budget, exchange_now_ms)->used, used, sizeof used);
    if (budget->stopped_until_ms == 0)
        return;
    budget->stopped_from_ms += by_ms;
    budget->stopped_until_ms += by_ms;
}

/* What was sent in one whole window and answered in another may have been counted in either. */
void budget_correct(struct budget *budget, int used_weight, int64_t sent_ms, int64_t received_ms)
{
    if (budget->bucket_count == 1 && sent_ms / budget->bucket_ms != received_ms / budget->bucket_ms)
        return;
    struct budget_bucket *bucket = enter(budget, received_ms);
    int known = all_between(budget, first_of(budget, bucket->number), bucket->number);
    if (used_weight > known)
        bucket->used[BUDGET_OTHERS] += used_weight - known;
}

/* How long to stop when the exchange does not say. */
static int64_t guess_ms(const struct budget *budget, enum exchange_verdict verdict, uint64_t random)
{
    bool banned = verdict == EXCHANGE_BANNED;
    int64_t most = banned ? BAN_MOST_MS : STOP_MOST_MS;
    int64_t pause = budget->window_ms > STOP_LEAST_MS ? budget->window_ms : STOP_LEAST_MS;
    if (banned)
        pause = budget->ban_ms > 0 ? budget->ban_ms : BAN_MS;
    pause <<= budget->stops < DOUBLINGS_MOST ? budget->stops : DOUBLINGS_MOST;
    pause = pause < most ? pause : most;
    return pause + (int64_t)(random % (uint64_t)(pause / 2 + 1));
}

/* Requests that were under way when a stop began are refused too: that is the same stop. */
void budget_stop(struct budget *budget, enum exchange_verdict verdict, int retry_after_s, int64_t sent_ms,
                 int64_t exchange_now_ms, uint64_t random)
{
    assert(verdict == EXCHANGE_SLOW || verdict == EXCHANGE_BANNED);
    bool new_one = budget->stopped_until_ms == 0 || sent_ms > budget->stopped_from_ms;
    if (!new_one && retry_after_s < 0 && verdict == EXCHANGE_SLOW)
        return;
    int64_t wait_ms = retry_after_s >= 0 ? (int64_t)retry_after_s * 1000 : guess_ms(budget, verdict, random);
    if (wait_ms < STOP_LEAST_MS)
        wait_ms = STOP_LEAST_MS;
    if (exchange_now_ms + wait_ms > budget->stopped_until_ms)
        budget->stopped_until_ms = exchange_now_ms + wait_ms;
    if (!new_one)
        return;
    budget->stopped_from_ms = exchange_now_ms;
    budget->stops++;
}

void budget_succeeded(struct budget *budget, int64_t sent_ms)
{
    if (sent_ms >= budget->stopped_until_ms)
        budget->stops = 0;
}

int budget_used_by(const struct budget *budget, int priority, int64_t exchange_now_ms)
{
    int64_t last = exchange_now_ms / budget->bucket_ms;
    return used_between(budget, priority, first_of(budget, last), last);
}

int budget_used(const struct budget *budget, int64_t exchange_now_ms)
{
    int used = 0;
    for (int i = 0; i <= BUDGET_OTHERS; i++)
        used += budget_used_by(budget, i, exchange_now_ms);
    return used;
}
