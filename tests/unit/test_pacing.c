/* The weight budget and the exchange's clock. */
/* SPDX-License-Identifier: MIT */
#include "lib/exchange/budget.h"
#include "lib/exchange/exchange_clock.h"
#include "tests/harness.h"

enum { MINUTE = 60000, RANDOM_TAKES = 1000000 };

/* A budget of `limit` in whole minutes, or in any stretch of window_ms. */
static struct budget minutes_of(int limit, int share_percent)
{
    struct exchange exchange = {.weight_limit = limit, .weight_window_ms = MINUTE, .weight_window_whole = true};
    struct budget budget;
    budget_init(&budget, &exchange, share_percent);
    return budget;
}

static struct budget stretches_of(int limit, int64_t window_ms)
{
    struct exchange exchange = {.weight_limit = limit, .weight_window_ms = window_ms};
    struct budget budget;
    budget_init(&budget, &exchange, 100);
    return budget;
}

static void a_minute_has_a_share_of_the_weight(void)
{
    struct budget budget = minutes_of(6000, 80);
    int64_t again = 0;
    int taken = 0;
    while (budget_take(&budget, BUDGET_orders, 2, 90000, &again))
        taken += 2;
    CU_ASSERT_EQUAL(taken, 4800);
    CU_ASSERT_EQUAL(again, 120000);
    CU_ASSERT_EQUAL(budget_used(&budget, 119999), 4800);
    CU_ASSERT(!budget_take(&budget, BUDGET_orders, 1, 119999, &again));
    CU_ASSERT(budget_take(&budget, BUDGET_orders, 20, 120000, &again));
    CU_ASSERT_EQUAL(budget_used(&budget, 120000), 20);
    CU_ASSERT_EQUAL(budget_used(&budget, 180000), 0);
}

static void a_clock_that_is_set_back_stops_nothing(void)
{
    struct budget minutes = minutes_of(100, 100), stretches = stretches_of(100, 1000);
    int64_t again = 0;
    for (int i = 0; i < 50; i++) { /* one window after another, long before those in which all was used */
        CU_ASSERT_EQUAL(budget_take(&minutes, BUDGET_orders, 100, i == 0 ? 900 * MINUTE : i * MINUTE, &again), true);
        CU_ASSERT_EQUAL(budget_take(&stretches, BUDGET_orders, 100, i == 0 ? 900 * MINUTE : i * MINUTE, &again), true);
    }
}

static void what_does_not_fit_waits(void)
{
    struct budget budget = minutes_of(100, 100);
    int64_t again = 0;
    CU_ASSERT(budget_take(&budget, BUDGET_orders, 90, 0, &again));
    CU_ASSERT(!budget_take(&budget, BUDGET_orders, 11, 0, &again));
    CU_ASSERT(budget_take(&budget, BUDGET_orders, 10, 0, &again));
    CU_ASSERT(!budget_take(&budget, BUDGET_orders, 1, 0, &again));
    CU_ASSERT(budget_take(&budget, BUDGET_backfill, 500, MINUTE, &again)); /* dearer than any minute: alone in one */
    CU_ASSERT(!budget_take(&budget, BUDGET_orders, 1, MINUTE, &again));
}

/* Orders have 10, closes 40, tickers 20 of a hundred. */
static void the_lower_leave_what_the_higher_may_need(void)
{
    struct budget budget = minutes_of(100, 100);
    int64_t again = 0;
    CU_ASSERT(budget_take(&budget, BUDGET_backfill, 30, 0, &again));
    CU_ASSERT(!budget_take(&budget, BUDGET_backfill, 1, 0, &again));
    CU_ASSERT_EQUAL(again, MINUTE);
    CU_ASSERT(budget_take(&budget, BUDGET_tickers, 20, 0, &again));
    CU_ASSERT(!budget_take(&budget, BUDGET_tickers, 1, 0, &again));
    CU_ASSERT(budget_take(&budget, BUDGET_closes, 40, 0, &again));
    CU_ASSERT(!budget_take(&budget, BUDGET_closes, 1, 0, &again));
    CU_ASSERT(budget_take(&budget, BUDGET_orders, 10, 0, &again));
    CU_ASSERT(budget_take(&budget, BUDGET_closes, 90, MINUTE, &again)); /* what nobody below has used is free */
    CU_ASSERT(!budget_take(&budget, BUDGET_backfill, 1, MINUTE, &again));
    CU_ASSERT_EQUAL(budget_used_by(&budget, BUDGET_closes, MINUTE), 90);
}

static void any_stretch_is_a_window(void)
{
    struct budget budget = stretches_of(10, 3200);
    int64_t again = 0;
    for (int i = 0; i < 10; i++)
        CU_ASSERT(budget_take(&budget, BUDGET_orders, 1, 1000 + 200 * i, &again));
    CU_ASSERT(!budget_take(&budget, BUDGET_orders, 1, 3000, &again));
    CU_ASSERT_EQUAL(again, 1000 + 3300); /* a slice more than the stretch */
    CU_ASSERT(!budget_take(&budget, BUDGET_orders, 3, 4299, &again));
    CU_ASSERT_EQUAL(again, 1400 + 3300);
    CU_ASSERT(budget_take(&budget, BUDGET_orders, 1, 4300, &again));
    CU_ASSERT(!budget_take(&budget, BUDGET_orders, 1, 4300, &again));
    CU_ASSERT(budget_take(&budget, BUDGET_orders, 10, 60000, &again));
}

/* What was taken, the newest last, as far back as a window reaches. */
struct takes {
    int64_t at_ms[4096];
    int weight[4096], priority[4096];
    size_t first, end;
};

static int taken_since(const struct takes *takes, int64_t since_ms, int priority_most)
{
    int sum = 0;
    for (size_t i = takes->first; i < takes->end; i++)
        if (takes->at_ms[i % 4096] >= since_ms && takes->priority[i % 4096] <= priority_most)
            sum += takes->weight[i % 4096];
    return sum;
}

/* Takes at random moments: no window ever has more than the limit, `again` is true, and whoever stays within the shares
 * down to his own never waits, whatever those below him do. */
static void take_at_random(struct budget *budget, bool whole, int64_t window_ms)
{
    static struct takes takes;
    int64_t now_ms = 1734739200000, again_ms;
    unsigned denied = 0, wrong = 0;
    takes.first = takes.end = 0;
    for (int i = 0; i < RANDOM_TAKES; i++) {
        now_ms += (int64_t)(test_random() % (test_random() % 100 == 0 ? (uint64_t)window_ms : 16));
        while (takes.first < takes.end && takes.at_ms[takes.first % 4096] <= now_ms - 2 * window_ms)
            takes.first++;
        enum budget_priority priority = (enum budget_priority)(test_random() % BUDGET_PRIORITIES);
        int weight = 1 + (int)(test_random() % 3);
        /* Slices make a window a little longer. */
        int64_t since_ms = whole ? now_ms - now_ms % window_ms : now_ms - budget->bucket_ms * budget->bucket_count;
        bool within = taken_since(&takes, since_ms, (int)priority) + weight <= budget->reserved[priority];
        if (!budget_take(budget, priority, weight, now_ms, &again_ms)) {
            denied++;
            wrong += within || again_ms <= now_ms || again_ms > now_ms + 2 * window_ms;
            continue;
        }
        CU_ASSERT_FATAL(takes.end - takes.first < 4096);
        takes.at_ms[takes.end % 4096] = now_ms;
        takes.weight[takes.end % 4096] = weight;
        takes.priority[takes.end++ % 4096] = (int)priority;
        since_ms = whole ? since_ms : now_ms - window_ms + 1;
        wrong += taken_since(&takes, since_ms, BUDGET_PRIORITIES) > budget->limit;
    }
    CU_ASSERT_EQUAL(wrong, 0);
    CU_ASSERT(denied > RANDOM_TAKES / 10);
}

static void no_window_ever_has_more(void)
{
    struct budget budget = stretches_of(40, 1000);
    take_at_random(&budget, false, 1000);
    budget = minutes_of(100, 100);
    budget.window_ms = budget.bucket_ms = 2000;
    take_at_random(&budget, true, 2000);
}

static void headers_correct_upwards_only(void)
{
    struct budget budget = minutes_of(1000, 50);
    int64_t again = 0;
    CU_ASSERT(budget_take(&budget, BUDGET_orders, 100, MINUTE, &again));
    budget_correct(&budget, 40, MINUTE + 10, MINUTE + 20);
    CU_ASSERT_EQUAL(budget_used(&budget, MINUTE), 100);
    budget_correct(&budget, 450, MINUTE + 10, MINUTE + 20);
    CU_ASSERT_EQUAL(budget_used(&budget, MINUTE), 450);
    CU_ASSERT_EQUAL(budget_used_by(&budget, BUDGET_OTHERS, MINUTE), 350);
    CU_ASSERT(!budget_take(&budget, BUDGET_orders, 51, MINUTE + 30, &again));
    CU_ASSERT(budget_take(&budget, BUDGET_orders, 50, MINUTE + 30, &again));
    budget_correct(&budget, -1, MINUTE + 30, MINUTE + 40);
    CU_ASSERT_EQUAL(budget_used(&budget, MINUTE), 500);
    budget_correct(&budget, 499, 2 * MINUTE - 1, 2 * MINUTE + 1); /* whose minute was it? */
    CU_ASSERT_EQUAL(budget_used(&budget, 2 * MINUTE + 1), 0);
    CU_ASSERT(budget_take(&budget, BUDGET_orders, 500, 2 * MINUTE + 1, &again));
}

static void a_ban_lasts_as_long_as_the_exchange_is_known_for(void)
{
    const struct exchange known = {.weight_limit = 600, .weight_window_ms = 5000, .ban_ms = 10 * MINUTE};
    struct budget budget;
    budget_init(&budget, &known, 80);
    budget_stop(&budget, EXCHANGE_BANNED, -1, 900, 1000, 0);
    CU_ASSERT_EQUAL(budget.stopped_until_ms, 1000 + 10 * MINUTE);
    budget_init(&budget, &known, 80);
    budget_stop(&budget, EXCHANGE_BANNED, 7, 900, 1000, 0); /* what it says itself counts more */
    CU_ASSERT_EQUAL(budget.stopped_until_ms, 8000);
}

static void a_stop_lasts_as_long_as_the_exchange_says(void)
{
    struct budget budget = minutes_of(6000, 80);
    int64_t again = 0;
    budget_stop(&budget, EXCHANGE_SLOW, 7, 99000, 100000, 0);
    for (int priority = 0; priority < BUDGET_PRIORITIES; priority++) {
        CU_ASSERT(!budget_take(&budget, (enum budget_priority)priority, 1, 106999, &again));
        CU_ASSERT_EQUAL(again, 107000);
    }
    CU_ASSERT(budget_take(&budget, BUDGET_orders, 1, 107000, &again));
    budget_stop(&budget, EXCHANGE_SLOW, 0, 108000, 109000, 0); /* that would be a request at once */
    CU_ASSERT_EQUAL(budget.stopped_until_ms, 110000);
    budget_stop(&budget, EXCHANGE_BANNED, 259200, 129000, 130000, 0); /* three days */
    CU_ASSERT_EQUAL(budget.stopped_until_ms, 130000 + 259200000LL);
    budget_stop(&budget, EXCHANGE_SLOW, 1, 129000, 130000, 0);
    CU_ASSERT_EQUAL(budget.stopped_until_ms, 130000 + 259200000LL);
    CU_ASSERT(!budget_take(&budget, BUDGET_orders, 1, 250000, &again));
}

static void what_was_used_moves_with_the_clock(void)
{
    static const int64_t years_ms = 5LL * 365 * 86400000;
    const struct exchange *exchange;
    CU_ASSERT_FATAL(exchange_find("binance", &exchange) == 0);
    for (int direction = -1; direction <= 1; direction += 2) {
        struct budget budget;
        int64_t thought_ms = 1700000000000, now_ms = thought_ms + direction * years_ms, again_ms;
        budget_init(&budget, exchange, 100);
        CU_ASSERT(budget_take(&budget, BUDGET_orders, 5000, thought_ms, &again_ms));
        budget_stop(&budget, EXCHANGE_SLOW, 7, thought_ms, thought_ms, 0);
        budget_move(&budget, thought_ms, now_ms);
        CU_ASSERT_EQUAL(budget_used(&budget, now_ms), 5000);
        CU_ASSERT(!budget_take(&budget, BUDGET_orders, 1, now_ms, &again_ms));
        CU_ASSERT_EQUAL(again_ms, now_ms + 7000);
        CU_ASSERT(!budget_take(&budget, BUDGET_orders, 1001, now_ms + 7000, &again_ms));
        CU_ASSERT(again_ms <= now_ms + 67000); /* the next minute, not one of another year */
        CU_ASSERT(budget_take(&budget, BUDGET_orders, 5000, now_ms + 67000, &again_ms));
    }
}

static void stops_without_an_end_double(void)
{
    struct budget budget = minutes_of(6000, 80);
    int64_t now_ms = 100000;
    for (int i = 0; i < 10; i++) {
        budget_stop(&budget, EXCHANGE_SLOW, -1, now_ms - 10, now_ms, 0);
        int64_t pause_ms = (int64_t)MINUTE << i;
        CU_ASSERT_EQUAL(budget.stopped_until_ms - now_ms, pause_ms < 3600000 ? pause_ms : 3600000);
        budget_stop(&budget, EXCHANGE_SLOW, -1, now_ms - 5, now_ms + 5, 0); /* was under way: the same stop */
        CU_ASSERT_EQUAL(budget.stops, (uint32_t)i + 1);
        now_ms = budget.stopped_until_ms + 100;
    }
    budget_succeeded(&budget, budget.stopped_until_ms - 1); /* sent before the stop */
    CU_ASSERT_EQUAL(budget.stops, 10);
    budget_succeeded(&budget, budget.stopped_until_ms);
    CU_ASSERT_EQUAL(budget.stops, 0);
    budget_stop(&budget, EXCHANGE_BANNED, -1, now_ms - 10, now_ms, 0);
    CU_ASSERT_EQUAL(budget.stopped_until_ms - now_ms, 2 * MINUTE);
    bool spread = false;
    for (int i = 0; i < 100; i++) {
        budget = minutes_of(6000, 80);
        budget_stop(&budget, EXCHANGE_SLOW, -1, 0, 1000, test_random());
        CU_ASSERT(budget.stopped_until_ms >= 1000 + MINUTE && budget.stopped_until_ms <= 1000 + MINUTE * 3 / 2);
        spread = spread || budget.stopped_until_ms > 1000 + MINUTE * 5 / 4;
    }
    CU_ASSERT(spread);
}

static void the_clock_runs_with_its_speed(void)
{
    struct exchange_clock clock;
    exchange_clock_init(&clock, 600, 1000000, 5000);
    CU_ASSERT_EQUAL(exchange_clock_ms(&clock, 1000000), 5000);
    CU_ASSERT_EQUAL(exchange_clock_ms(&clock, 2000000), 5000 + 600000);
    exchange_clock_sample(&clock, 2000000, 2002000, 1734739200000);
    CU_ASSERT_EQUAL(exchange_clock_ms(&clock, 2001000), 1734739200000);
    CU_ASSERT_EQUAL(exchange_clock_ms(&clock, 2002000), 1734739200600);
    CU_ASSERT_EQUAL(exchange_clock_when_us(&clock, 1734739200600), 2002000);
    CU_ASSERT_EQUAL(exchange_clock_when_us(&clock, 1734739200601), 2002002);
    CU_ASSERT_EQUAL(exchange_clock_ms(&clock, 2002002), 1734739200601);
}

static void the_first_sample_may_lie_before_the_guess(void)
{
    struct exchange_clock clock;
    exchange_clock_init(&clock, 1, 0, 9000000);
    exchange_clock_sample(&clock, 1000, 3000, 500);
    CU_ASSERT_EQUAL(exchange_clock_ms(&clock, 2000), 500);
    CU_ASSERT_EQUAL(exchange_clock_ms(&clock, 12000), 510);
}

static void slow_samples_yield_to_fast_ones(void)
{
    struct exchange_clock clock;
    exchange_clock_init(&clock, 1, 0, 100000);
    exchange_clock_sample(&clock, 0, 10000, 100000);
    CU_ASSERT_EQUAL(exchange_clock_ms(&clock, 5000), 100000);
    exchange_clock_sample(&clock, 20000, 120000, 999999); /* a round trip of 100 ms says little */
    CU_ASSERT_EQUAL(exchange_clock_ms(&clock, 120000), 100115);
    exchange_clock_sample(&clock, 200000, 202000, 100300);
    CU_ASSERT_EQUAL(exchange_clock_ms(&clock, 201000 + 1000), 100301);
    int taken = 0; /* but not for ever */
    for (int i = 1; i < 100 && taken == 0; i++) {
        int64_t sent = 1000000LL * i;
        exchange_clock_sample(&clock, sent, sent + 50000, 500000 + 1000 * i);
        if (exchange_clock_ms(&clock, sent + 50000) >= 500000)
            taken = i;
    }
    CU_ASSERT(taken > 5 && taken < 40);
}

static void the_clock_never_steps_back(void)
{
    struct exchange_clock clock;
    exchange_clock_init(&clock, 10, 0, 0);
    exchange_clock_sample(&clock, 0, 0, 1000000);
    exchange_clock_sample(&clock, 1000000, 1000000, 1000000 + 9000); /* it was 1000 ms ahead */
    CU_ASSERT_EQUAL(exchange_clock_ms(&clock, 1000000), 1010000);
    CU_ASSERT_EQUAL(exchange_clock_ms(&clock, 1100000), 1010500); /* half its speed */
    CU_ASSERT_EQUAL(exchange_clock_ms(&clock, 1200000), 1011000); /* and the truth has caught up */
    CU_ASSERT_EQUAL(exchange_clock_ms(&clock, 1300000), 1012000);
    int64_t before = 0, now_us = 2000000;
    exchange_clock_sample(&clock, now_us, now_us, 1020000);
    for (int i = 0; i < 100000; i++) {
        now_us += (int64_t)(test_random() % 3000);
        int64_t shown = exchange_clock_ms(&clock, now_us);
        CU_ASSERT_FATAL(shown >= before);
        before = shown;
        if (i % 100 == 0) {
            int64_t truth = 1000000 + now_us / 100 + (int64_t)(test_random() % 200) - 100;
            exchange_clock_sample(&clock, now_us, now_us, truth);
            CU_ASSERT_FATAL(exchange_clock_ms(&clock, now_us) >= before);
        }
    }
}

static const int64_t second_us = 1000000, day_ms = 86400000, clock_began_ms = 1734739200000;

/* An answer at `at_us` that is off by so much; what became of it. */
static enum exchange_clock_word hear(struct exchange_clock *clock, int64_t at_us, int64_t off_ms)
{
    return exchange_clock_sample(clock, at_us - 10000, at_us + 10000, clock_began_ms + at_us / 1000 * clock->speed + off_ms);
}

static bool is_right(const struct exchange_clock *clock, int64_t at_us, int64_t off_ms)
{
    int64_t error_ms = exchange_clock_ms(clock, at_us) - (clock_began_ms + at_us / 1000 * clock->speed + off_ms);
    return error_ms <= 20 * clock->speed && error_ms >= -20 * clock->speed;
}

static struct exchange_clock known_clock(int64_t speed)
{
    struct exchange_clock clock;
    exchange_clock_init(&clock, speed, 0, 0);
    CU_ASSERT_EQUAL(hear(&clock, second_us, 0), EXCHANGE_CLOCK_STEPPED);
    CU_ASSERT_EQUAL(hear(&clock, 2 * second_us, 0), EXCHANGE_CLOCK_TAKEN);
    CU_ASSERT_TRUE(clock.known);
    return clock;
}

/* Each jump for so many answers as are not believed yet, again and again. */
static void a_jump_of_the_clock_is_not_believed_at_once(void)
{
    const int64_t jumps_ms[] = {day_ms, -day_ms, 3600000, -3600000, 5000, -5000, 100 * 365 * day_ms};
    for (size_t jump = 0; jump < sizeof jumps_ms / sizeof jumps_ms[0]; jump++) {
        struct exchange_clock clock = known_clock(1);
        int64_t now_us = 2 * second_us;
        for (int times = 1; times < 60; times++) {
            for (int i = 0; i < EXCHANGE_CLOCK_AGREEING - 1; i++) {
                now_us += 30 * second_us;
                CU_ASSERT_EQUAL(hear(&clock, now_us, jumps_ms[jump]), EXCHANGE_CLOCK_DOUBTED);
                CU_ASSERT_TRUE(is_right(&clock, now_us, 0));
            }
            now_us += 30 * second_us;
            CU_ASSERT_EQUAL(hear(&clock, now_us, 0), EXCHANGE_CLOCK_TAKEN);
        }
    }
}

static void a_jump_that_lasts_is_followed(void)
{
    const int64_t jumps_ms[] = {day_ms, -day_ms, 3600000, -3600000, 5000, -5000};
    for (size_t jump = 0; jump < sizeof jumps_ms / sizeof jumps_ms[0]; jump++) {
        struct exchange_clock clock = known_clock(1);
        int64_t now_us = 2 * second_us;
        int answers = 0;
        do
            now_us += 3 * second_us;
        while (hear(&clock, now_us, jumps_ms[jump]) == EXCHANGE_CLOCK_DOUBTED && ++answers < 100);
        CU_ASSERT_EQUAL(answers, 4); /* enough of them after nine seconds, and for long enough after twelve */
        CU_ASSERT_TRUE(is_right(&clock, now_us, jumps_ms[jump]));
        CU_ASSERT_EQUAL(hear(&clock, now_us + second_us, jumps_ms[jump]), EXCHANGE_CLOCK_TAKEN);
    }
}

/* Its speed is not what is configured: no two answers agree, and something has to be believed. */
static void answers_that_agree_with_nothing_are_followed_too(void)
{
    struct exchange_clock clock = known_clock(1);
    unsigned answers = 0;
    for (int64_t now_us = 5 * second_us; answers < 100; now_us += 3 * second_us, answers++)
        if (hear(&clock, now_us, (answers + 1) * 3600000) == EXCHANGE_CLOCK_STEPPED)
            break;
    CU_ASSERT_EQUAL(answers, EXCHANGE_CLOCK_STRAYS - 1);
}

static void a_first_answer_that_is_off_is_not_the_clock(void)
{
    const int64_t jumps_ms[] = {day_ms, -day_ms};
    for (int jump = 0; jump < 2; jump++) {
        struct exchange_clock clock;
        exchange_clock_init(&clock, 1, 0, clock_began_ms + 300);
        CU_ASSERT_EQUAL(hear(&clock, second_us, jumps_ms[jump]), EXCHANGE_CLOCK_STEPPED);
        CU_ASSERT_FALSE(clock.known);
        CU_ASSERT_EQUAL(hear(&clock, 2 * second_us, 0), EXCHANGE_CLOCK_STEPPED);
        CU_ASSERT_FALSE(clock.known);
        CU_ASSERT_EQUAL(hear(&clock, 3 * second_us, 0), EXCHANGE_CLOCK_TAKEN);
        CU_ASSERT_TRUE(clock.known);
        CU_ASSERT_TRUE(is_right(&clock, 3 * second_us, 0));
    }
    struct exchange_clock clock; /* but one that agrees with our own is */
    exchange_clock_init(&clock, 1, 0, clock_began_ms + 300);
    CU_ASSERT_EQUAL(hear(&clock, second_us, 0), EXCHANGE_CLOCK_STEPPED);
    CU_ASSERT_TRUE(clock.known);
}

static void when_and_what_agree(void)
{
    struct exchange_clock clock;
    exchange_clock_init(&clock, 7, 0, 0);
    exchange_clock_sample(&clock, 0, 0, 50000);
    exchange_clock_sample(&clock, 1000000, 1000000, 50000);
    for (int64_t target = 57000; target < 90000; target += 13) {
        int64_t when = exchange_clock_when_us(&clock, target);
        CU_ASSERT(exchange_clock_ms(&clock, when) >= target);
        CU_ASSERT(exchange_clock_ms(&clock, when - 2) < target || when <= 1000000);
    }
}

const char *const suite_name = "pacing";

const struct test suite_tests[] = {
    {"a minute has a share of the weight", a_minute_has_a_share_of_the_weight},
    {"a clock that is set back stops nothing", a_clock_that_is_set_back_stops_nothing},
    {"what does not fit waits for the next minute", what_does_not_fit_waits},
    {"the lower leave what the higher may need", the_lower_leave_what_the_higher_may_need},
    {"any stretch is a window", any_stretch_is_a_window},
    {"no window ever has more, whoever takes when", no_window_ever_has_more},
    {"headers correct the count upwards only", headers_correct_upwards_only},
    {"a stop lasts as long as the exchange says", a_stop_lasts_as_long_as_the_exchange_says},
    {"a ban lasts as long as the exchange is known for", a_ban_lasts_as_long_as_the_exchange_is_known_for},
    {"what was used moves with the clock", what_was_used_moves_with_the_clock},
    {"stops without an end double", stops_without_an_end_double},
    {"the clock runs with its speed", the_clock_runs_with_its_speed},
    {"the first sample may lie before the guess", the_first_sample_may_lie_before_the_guess},
    {"slow samples yield to fast ones", slow_samples_yield_to_fast_ones},
    {"the clock never steps back", the_clock_never_steps_back},
    {"when and what agree", when_and_what_agree},
    {"a jump of the clock is not believed at once", a_jump_of_the_clock_is_not_believed_at_once},
    {"a jump that lasts is followed", a_jump_that_lasts_is_followed},
    {"answers that agree with nothing are followed too", answers_that_agree_with_nothing_are_followed_too},
    {"a first answer that is off is not the clock", a_first_answer_that_is_off_is_not_the_clock},
    {NULL, NULL},
};
