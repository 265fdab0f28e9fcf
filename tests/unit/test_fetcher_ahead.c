/* The whole fetcher where something is dated wrongly: candles in the store from later than the exchange's clock. They are
 * passed over, and the market goes on as if they were not there. */
/* SPDX-License-Identifier: MIT */
#include "lib/runtime/metrics.h"
#include "tests/harness.h"
#include "tests/unit/fetcher_stage.h"

enum { HISTORY_BEGINS = 80, AHEAD_MS = 8 * 3600000, TWELVE_MINUTES = 12 * STAGE_MINUTE_MS };

/* Runs through two times at which streamed candles are confirmed, and checks that nothing was lacking. */
static void follow_and_check(int64_t first)
{
    unsigned published = stage.candles_published;
    stage_run(2000);
    CU_ASSERT_EQUAL(stage.status, PROCESS_STATUS_READY);
    stage_run(TWELVE_MINUTES);
    CU_ASSERT_EQUAL(stage.status, PROCESS_STATUS_READY);
    CU_ASSERT(stage.candles_published - published >= 11 * STAGE_SYMBOLS);
    CU_ASSERT(stage_store_has(first, stage_closed() - 2));
    CU_ASSERT_EQUAL(stage.published_wrongly, 0);
    CU_ASSERT_EQUAL(stage.stored_wrongly, 0);
    CU_ASSERT_EQUAL(metric_value(METRIC_history_candles_wanted), metric_value(METRIC_history_candles_stored));
    stage_kill();
}

static void begin(bool streams, bool honours_times)
{
    stage_set(1);
    stage.streams = streams;
    stage.honours_times = honours_times;
    stage.depth_days = 1;
}

static void check_candles_ahead(bool streams, bool honours_times)
{
    begin(streams, honours_times);
    stage_start();
    follow_and_check(0);
    stage.ahead_ms[1] = AHEAD_MS;
    stage.ahead_ms[2] = INT64_C(3000000000000); /* 2119 */
    stage_run(3 * STAGE_MINUTE_MS);
    stage_start();
    follow_and_check(0);
}

static void candles_ahead_in_the_store_stop_no_market(void)
{
    for (int way = 0; way < 4; way++)
        check_candles_ahead(way % 2 == 1, way / 2 == 1);
}

/* The store has nothing of a market but what is wrong. */
static void a_market_of_which_only_such_candles_are_stored_begins_anew(void)
{
    for (int way = 0; way < 4; way++) {
        begin(way % 2 == 1, way / 2 == 1);
        stage.ahead_ms[0] = stage.ahead_ms[1] = AHEAD_MS;
        stage_start();
        follow_and_check(0);
    }
}

static void a_clock_that_is_off_for_an_answer_changes_nothing(void)
{
    const int64_t offs_ms[] = {24 * 3600000, -24 * 3600000, 90000, -90000};
    for (int way = 0; way < 8; way++) {
        begin(way % 2 == 1, true);
        stage.clock_off_ms = offs_ms[way / 2];
        stage.clock_off_for = 1; /* the first one */
        stage_start();
        stage_run(2000);
        CU_ASSERT_EQUAL(stage.status, PROCESS_STATUS_READY);
        for (int i = 0; i < 3; i++) {
            stage_run(2 * STAGE_MINUTE_MS);
            stage.clock_off_for = 3;
        }
        follow_and_check(0);
        CU_ASSERT_EQUAL(stage.clock_off_for, 0);
    }
}

static void a_clock_that_moves_on_is_followed(void)
{
    for (int way = 0; way < 2; way++) {
        begin(way == 1, true);
        stage_start();
        stage_run(3 * STAGE_MINUTE_MS);
        stage.clock_moved_ms = 5 * 3600000;
        stage_run(STAGE_MINUTE_MS);
        follow_and_check(0);
    }
}

/* What the ring holds is from after what the clock says now: it begins anew, and passes over what the store has of that. */
static void a_clock_that_goes_back_is_followed_by_a_new_start(void)
{
    for (int way = 0; way < 2; way++) {
        begin(way == 1, true);
        stage_start();
        stage_run(3 * STAGE_MINUTE_MS);
        stage.may_fail = true;
        stage.clock_moved_ms = -30 * STAGE_MINUTE_MS;
        stage_run(STAGE_MINUTE_MS);
        CU_ASSERT_EQUAL(stage.failures, 1);
        stage.may_fail = false;
        stage_kill();
        stage_start();
        stage_run(20000); /* the lease has to end first */
        CU_ASSERT_EQUAL(stage.status, PROCESS_STATUS_READY);
        stage_run(5 * STAGE_MINUTE_MS);
        CU_ASSERT_EQUAL(stage.status, PROCESS_STATUS_READY);
        CU_ASSERT(stage_store_has(0, stage_closed() - 2));
        stage_kill();
    }
}

const char *const suite_name = "fetcher ahead";

const struct test suite_tests[] = {
    {"candles ahead in the store stop no market", candles_ahead_in_the_store_stop_no_market},
    {"a market of which only such candles are stored begins anew",
     a_market_of_which_only_such_candles_are_stored_begins_anew},
    {"a clock that is off for an answer changes nothing", a_clock_that_is_off_for_an_answer_changes_nothing},
    {"a clock that moves on is followed", a_clock_that_moves_on_is_followed},
    {"a clock that goes back is followed by a new start", a_clock_that_goes_back_is_followed_by_a_new_start},
    {NULL, NULL},
};
