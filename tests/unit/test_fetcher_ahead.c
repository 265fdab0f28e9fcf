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

const char *const suite_name = "fetcher ahead";

const struct test suite_tests[] = {
    {"candles ahead in the store stop no market", candles_ahead_in_the_store_stop_no_market},
    {"a market of which only such candles are stored begins anew",
     a_market_of_which_only_such_candles_are_stored_begins_anew},
    {NULL, NULL},
};
