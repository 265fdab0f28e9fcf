/* The whole fetcher while markets come and go, against a played exchange and a played persister. */
/* SPDX-License-Identifier: MIT */
#include "lib/runtime/metrics.h"
#include "tests/harness.h"
#include "tests/unit/fetcher_stage.h"

enum { SPEED = 100, REFRESH_S = 100, REFRESH_MS = 1000, SETTLE_MS = 8000, FIRST_CLOSES = 200, HISTORY = 120 };

/* A fetcher that looks at the markets every second of ours. */
static void begin(void)
{
    stage_set(SPEED);
    stage.refresh_s = REFRESH_S;
}

static void check_world(void)
{
    CU_ASSERT_EQUAL(stage.published_wrongly, 0);
    CU_ASSERT_EQUAL(stage.stored_wrongly, 0);
    CU_ASSERT_EQUAL(stage.status, PROCESS_STATUS_READY);
}

static void a_new_market_is_followed(void)
{
    begin();
    stage.unlisted[4] = true;
    double added = metric_value(METRIC_symbols_added_total);
    stage_start();
    stage_run(5000);
    CU_ASSERT_EQUAL(stage.status, PROCESS_STATUS_READY);
    CU_ASSERT_EQUAL(metric_value(METRIC_symbols), 4);
    CU_ASSERT_EQUAL(stage_asked(4), 0);
    stage_list(4, true);
    int64_t listed = stage_closed();
    stage_run(5000);
    CU_ASSERT_EQUAL(stage.status, PROCESS_STATUS_READY);
    CU_ASSERT_EQUAL(metric_value(METRIC_symbols), 5);
    CU_ASSERT_EQUAL(metric_value(METRIC_symbols_added_total) - added, 1);
    CU_ASSERT(stage_start_of(4) >= listed);
    stage_run(5000);
    CU_ASSERT(stage_symbol_has(4, listed - HISTORY + 10, stage_closed() - 10));
    CU_ASSERT(stage_store_has(listed - HISTORY + 10, stage_closed() - 10));
    check_world();
    stage_kill();
}

static void a_delisted_market_goes(void)
{
    begin();
    stage_start();
    stage_run(5000);
    stage_list(1, false);
    int64_t delisted = stage_closed();
    stage_run(2 * REFRESH_MS + 10000);
    CU_ASSERT_EQUAL(metric_value(METRIC_symbols), 4);
    unsigned asked = stage_asked(1);
    stage_run(10000);
    CU_ASSERT_EQUAL(stage_asked(1), asked);
    CU_ASSERT(stage_symbol_has(1, FIRST_CLOSES, delisted - 1));
    for (int symbol = 0; symbol < STAGE_SYMBOLS; symbol++)
        CU_ASSERT(symbol == 1 || stage_symbol_has(symbol, FIRST_CLOSES, stage_closed() - 10));
    check_world();
    stage_kill();
}

static void a_market_that_returns_has_no_hole(void)
{
    begin();
    stage_start();
    stage_run(5000);
    stage_list(3, false);
    stage_run(40000); /* more than the ring holds */
    CU_ASSERT_EQUAL(metric_value(METRIC_symbols), 4);
    stage_list(3, true);
    stage_run(10000);
    CU_ASSERT_EQUAL(metric_value(METRIC_symbols), 5);
    CU_ASSERT_EQUAL(stage_start_of(3), FIRST_CLOSES);
    CU_ASSERT(stage_store_has(FIRST_CLOSES, stage_closed() - 10));
    check_world();
    stage_kill();
}

static void an_open_position_keeps_its_market(void)
{
    begin();
    stage.held[2] = true;
    stage_start();
    stage_run(5000);
    stage_list(2, false);
    stage_run(20000);
    CU_ASSERT_EQUAL(metric_value(METRIC_symbols), 5);
    CU_ASSERT_EQUAL(metric_value(METRIC_symbols_held), 1);
    stage.held[2] = false;
    stage_run(15000);
    CU_ASSERT_EQUAL(metric_value(METRIC_symbols), 4);
    stage_list(2, true);
    stage_run(10000);
    CU_ASSERT_EQUAL(metric_value(METRIC_symbols), 5);
    CU_ASSERT(stage_store_has(FIRST_CLOSES, stage_closed() - 10));
    check_world();
    stage_kill();
}

/* Something is entered in the moment in which its market leaves. */
static void a_position_that_comes_late_keeps_it_too(void)
{
    begin();
    stage_start();
    stage_run(5000);
    double removed = metric_value(METRIC_symbols_removed_total);
    stage_list(2, false);
    while (metric_value(METRIC_symbols_removed_total) == removed)
        stage_run(10);
    stage.held[2] = true;
    stage_run(20000);
    CU_ASSERT_EQUAL(metric_value(METRIC_symbols), 5);
    CU_ASSERT_EQUAL(metric_value(METRIC_symbols_held), 1);
    check_world();
    stage_kill();
}

static void nobody_leaves_without_the_store(void)
{
    begin();
    stage_start();
    stage_run(5000);
    stage.persister_away = true;
    stage_list(1, false);
    stage_run(60000);
    CU_ASSERT_EQUAL(metric_value(METRIC_symbols), 5);
    stage.persister_away = false;
    stage_run(20000);
    CU_ASSERT_EQUAL(metric_value(METRIC_symbols), 4);
    check_world();
    stage_kill();
}

/* What was dropped of it cannot be had any more: the store is told so, and has what came after. */
static void a_delisted_market_goes_without_what_was_dropped(void)
{
    begin();
    stage_start();
    stage_run(5000);
    stage.persister_away = true;
    stage_run(250000); /* more than the ring holds */
    stage_list(1, false);
    int64_t delisted = stage_closed();
    stage.persister_away = false;
    stage_run(20000);
    CU_ASSERT_EQUAL(metric_value(METRIC_symbols), 5);
    CU_ASSERT_EQUAL(metric_value(METRIC_series_behind), 1);
    stage_run(5 * 60000); /* it is asked for seldom */
    CU_ASSERT_EQUAL(metric_value(METRIC_symbols), 4);
    CU_ASSERT_EQUAL(metric_value(METRIC_series_behind), 0);
    CU_ASSERT(stage.absences > 0);
    CU_ASSERT(stage_store_is_whole());
    CU_ASSERT(stage_symbol_has(1, delisted - HISTORY / 2, delisted - 1));
    check_world();
    stage_kill();
}

/* It stays, since something is held in it. */
static void a_market_that_is_not_known_is_asked_for_seldom(void)
{
    stage_set(1);
    stage.refresh_s = 60;
    stage.held[2] = true;
    stage_start();
    stage_run(5000);
    stage_list(2, false);
    stage_run(10 * STAGE_MINUTE_MS);
    unsigned asked = stage_asked(2);
    stage_run(180 * STAGE_MINUTE_MS);
    CU_ASSERT(stage_asked(2) - asked >= 2 && stage_asked(2) - asked <= 4);
    CU_ASSERT_EQUAL(metric_value(METRIC_symbols), 5);
    stage_list(2, true);
    stage_run(5 * STAGE_MINUTE_MS);
    CU_ASSERT(stage_store_has(FIRST_CLOSES, stage_closed() - 2));
    check_world();
    stage_kill();
}

static void a_halted_market_is_not_asked_in_vain(void)
{
    stage_set(1);
    stage.refresh_s = 60;
    stage_start();
    stage_run(5000);
    stage.halted_from = stage_closed();
    stage.halted[0] = true;
    stage_run(5 * STAGE_MINUTE_MS);
    unsigned asked = stage_asked(0);
    stage_run(60 * STAGE_MINUTE_MS);
    CU_ASSERT(stage_asked(0) - asked >= 55 && stage_asked(0) - asked <= 61);
    CU_ASSERT_EQUAL(metric_value(METRIC_symbols), 5);
    check_world();
    stage.halted[0] = false;
    stage_run(3 * STAGE_MINUTE_MS);
    CU_ASSERT(stage_store_has(FIRST_CLOSES, stage_closed() - 2));
    check_world();
    stage_kill();
}

static void an_empty_list_changes_nothing(void)
{
    begin();
    stage_start();
    stage_run(5000);
    for (int symbol = 0; symbol < STAGE_SYMBOLS; symbol++)
        stage.unlisted[symbol] = true;
    stage_run(20000);
    CU_ASSERT_EQUAL(metric_value(METRIC_symbols), 5);
    for (int symbol = 0; symbol < STAGE_SYMBOLS; symbol++)
        stage.unlisted[symbol] = false;
    stage_run(15000); /* the list is asked for again after ten seconds at most */
    CU_ASSERT(stage_store_has(FIRST_CLOSES, stage_closed() - 10));
    check_world();
    stage_kill();
}

/* Every age is known in the end, whatever becomes of the answers, and a market that is old enough by then is taken. */
static void young_markets_wait(void)
{
    begin();
    stage.faults = (struct stage_faults){.cut = 200, .status500 = 200, .timeout = 100, .lost = 100};
    stage.min_age_days = 30;
    stage.young[1] = stage.young[3] = true;
    stage_start();
    stage_run(30000);
    CU_ASSERT_EQUAL(metric_value(METRIC_symbols), 3);
    CU_ASSERT_EQUAL(stage_asked(1) + stage_asked(3), 0);
    stage.faults = (struct stage_faults){0};
    stage.young[3] = false;
    stage_run(SETTLE_MS);
    CU_ASSERT_EQUAL(metric_value(METRIC_symbols), 4);
    CU_ASSERT(stage_symbol_has(3, stage_closed() - HISTORY, stage_closed() - 10));
    check_world();
    stage_kill();
}

/* Whatever comes and goes, fails, is lost or dies: in the end the store has all of what is listed, without a hole. */
static void coming_and_going_costs_no_candle(void)
{
    begin();
    stage_start();
    for (int i = 0; i < 300; i++) {
        stage.faults = (struct stage_faults){.cut = 20, .status500 = 20, .timeout = 10, .lost = 20};
        int symbol = (int)(test_random() % STAGE_SYMBOLS);
        switch (test_random() % 8) {
        case 0: stage.held[symbol] = !stage.held[symbol]; break;
        case 1: stage.persister_away = !stage.persister_away; break;
        case 2:
            stage_kill();
            stage_run((int64_t)(test_random() % 1000));
            stage_start();
            break;
        default:
            if (symbol > 0)
                stage_list(symbol, stage.unlisted[symbol]);
            break;
        }
        stage_run((int64_t)(test_random() % 3000));
    }
    stage.faults = (struct stage_faults){0};
    stage.persister_away = false;
    for (int symbol = 0; symbol < STAGE_SYMBOLS; symbol++)
        stage_list(symbol, true);
    stage_run(80000); /* a market that was refused is asked for again after a minute */
    CU_ASSERT_EQUAL(metric_value(METRIC_symbols), STAGE_SYMBOLS);
    for (int symbol = 0; symbol < STAGE_SYMBOLS; symbol++) { /* one that was gone soon begins where it came again */
        int64_t oldest = (stage_store_oldest_ms(symbol) - STAGE_ORIGIN_MS) / STAGE_MINUTE_MS;
        CU_ASSERT(stage_symbol_has(symbol, oldest, stage_closed() - 10));
    }
    CU_ASSERT_EQUAL(stage.stored_wrongly, 0);
    stage_kill();
}

const char *const suite_name = "fetcher's universe";

const struct test suite_tests[] = {
    {"a new market is followed", a_new_market_is_followed},
    {"a delisted market goes", a_delisted_market_goes},
    {"a market that returns has no hole", a_market_that_returns_has_no_hole},
    {"an open position keeps its market", an_open_position_keeps_its_market},
    {"a position that comes late keeps it too", a_position_that_comes_late_keeps_it_too},
    {"nobody leaves without the store", nobody_leaves_without_the_store},
    {"a delisted market goes without what was dropped", a_delisted_market_goes_without_what_was_dropped},
    {"a market that is not known is asked for seldom", a_market_that_is_not_known_is_asked_for_seldom},
    {"a halted market is not asked in vain", a_halted_market_is_not_asked_in_vain},
    {"an empty list changes nothing", an_empty_list_changes_nothing},
    {"young markets wait", young_markets_wait},
    {"coming and going costs no candle", coming_and_going_costs_no_candle},
    {NULL, NULL},
};
