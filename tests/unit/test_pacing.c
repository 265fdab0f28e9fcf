/* The weight budget and the exchange's clock. */
/* SPDX-License-Identifier: MIT */
#include "lib/exchange/budget.h"
#include "lib/exchange/exchange_clock.h"
#include "tests/harness.h"

enum { MINUTE = 60000 };

static void a_minute_has_a_share_of_the_weight(void)
{
    struct budget budget;
    int64_t again = 0;
    budget_init(&budget, 6000, 80);
    int taken = 0;
    while (budget_take(&budget, 2, 90000, &again))
        taken += 2;
    CU_ASSERT_EQUAL(taken, 4800);
    CU_ASSERT_EQUAL(again, 120000);
    CU_ASSERT_EQUAL(budget_used(&budget, 119999), 4800);
    CU_ASSERT(!budget_take(&budget, 1, 119999, &again));
    CU_ASSERT(budget_take(&budget, 20, 120000, &again));
    CU_ASSERT_EQUAL(budget_used(&budget, 120000), 20);
    CU_ASSERT_EQUAL(budget_used(&budget, 180000), 0);
}

static void what_does_not_fit_waits(void)
{
    struct budget budget;
    int64_t again = 0;
    budget_init(&budget, 100, 100);
    CU_ASSERT(budget_take(&budget, 90, 0, &again));
    CU_ASSERT(!budget_take(&budget, 11, 0, &again));
    CU_ASSERT(budget_take(&budget, 10, 0, &again));
    CU_ASSERT(!budget_take(&budget, 1, 0, &again));
    CU_ASSERT(budget_take(&budget, 500, MINUTE, &again)); /* dearer than any minute: alone in one */
    CU_ASSERT(!budget_take(&budget, 1, MINUTE, &again));
}

static void headers_correct_upwards_only(void)
{
    struct budget budget;
    int64_t again = 0;
    budget_init(&budget, 1000, 50);
    CU_ASSERT(budget_take(&budget, 100, MINUTE, &again));
    budget_correct(&budget, 40, MINUTE + 10, MINUTE + 20);
    CU_ASSERT_EQUAL(budget_used(&budget, MINUTE), 100);
    budget_correct(&budget, 450, MINUTE + 10, MINUTE + 20);
    CU_ASSERT_EQUAL(budget_used(&budget, MINUTE), 450);
    CU_ASSERT(!budget_take(&budget, 51, MINUTE + 30, &again));
    CU_ASSERT(budget_take(&budget, 50, MINUTE + 30, &again));
    budget_correct(&budget, -1, MINUTE + 30, MINUTE + 40);
    CU_ASSERT_EQUAL(budget_used(&budget, MINUTE), 500);
    budget_correct(&budget, 499, 2 * MINUTE - 1, 2 * MINUTE + 1); /* whose minute was it? */
    CU_ASSERT_EQUAL(budget_used(&budget, 2 * MINUTE + 1), 0);
    CU_ASSERT(budget_take(&budget, 500, 2 * MINUTE + 1, &again));
}

static void a_stop_lasts_as_long_as_the_exchange_says(void)
{
    struct budget budget;
    int64_t again = 0;
    budget_init(&budget, 6000, 80);
    budget_stop(&budget, EXCHANGE_SLOW, 7, 100000);
    CU_ASSERT(!budget_take(&budget, 1, 106999, &again));
    CU_ASSERT_EQUAL(again, 107000);
    CU_ASSERT(budget_take(&budget, 1, 107000, &again));
    budget_stop(&budget, EXCHANGE_SLOW, -1, 130000);
    CU_ASSERT(!budget_take(&budget, 1, 179999, &again));
    CU_ASSERT_EQUAL(again, 180000);
    budget_stop(&budget, EXCHANGE_BANNED, -1, 130000);
    CU_ASSERT_EQUAL(budget.stopped_until_ms, 250000);
    budget_stop(&budget, EXCHANGE_SLOW, 1, 130000);
    CU_ASSERT_EQUAL(budget.stopped_until_ms, 250000);
    budget_stop(&budget, EXCHANGE_BANNED, 259200, 130000); /* three days */
    CU_ASSERT_EQUAL(budget.stopped_until_ms, 130000 + 259200000LL);
    CU_ASSERT(!budget_take(&budget, 1, 250000, &again));
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
    exchange_clock_init(&clock, 1, 0, 0);
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
    {"what does not fit waits for the next minute", what_does_not_fit_waits},
    {"headers correct the count upwards only", headers_correct_upwards_only},
    {"a stop lasts as long as the exchange says", a_stop_lasts_as_long_as_the_exchange_says},
    {"the clock runs with its speed", the_clock_runs_with_its_speed},
    {"the first sample may lie before the guess", the_first_sample_may_lie_before_the_guess},
    {"slow samples yield to fast ones", slow_samples_yield_to_fast_ones},
    {"the clock never steps back", the_clock_never_steps_back},
    {"when and what agree", when_and_what_agree},
    {NULL, NULL},
};
