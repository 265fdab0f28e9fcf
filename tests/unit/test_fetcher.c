/* The whole fetcher against a played exchange and a played persister, with faults: every candle that has closed is
 * published in order and stored, each once, and nothing else ever is. */
/* SPDX-License-Identifier: MIT */
#include "lib/runtime/metrics.h"
#include "tests/harness.h"
#include "tests/unit/fetcher_stage.h"

/* After this long everything that closed before must be in the store. */
enum { SETTLE_MS = 8000, SPEED = 100 };

/* 200 and a half minutes of the market are over at the start, 120 are fetched when nothing delays it. */
enum { HISTORY = 120, HISTORY_BEGINS = 80, FIRST_CLOSES = 200 };

static void check_world(void)
{
    CU_ASSERT_EQUAL(stage.published_wrongly, 0);
    CU_ASSERT_EQUAL(stage.stored_wrongly, 0);
    CU_ASSERT_EQUAL(stage.requests_while_stopped, 0);
}

/* Lets the faults end, and checks that the store has all that had closed by then. */
static void settle(int64_t first)
{
    int64_t closed = stage_closed();
    bool lacks_some = stage.faults.lacks_some;
    stage.faults = (struct stage_faults){.lacks_some = lacks_some};
    stage.persister_away = false;
    stage_run(SETTLE_MS);
    CU_ASSERT(stage_store_has(first, closed - 1));
    CU_ASSERT_EQUAL(stage.status, PROCESS_STATUS_READY);
    check_world();
}

static void a_fresh_start_takes_history_and_follows(void)
{
    stage_set(1);
    stage_start();
    stage_run(2000);
    CU_ASSERT_EQUAL(stage.status, PROCESS_STATUS_READY);
    CU_ASSERT(stage_store_has(HISTORY_BEGINS, 199));
    CU_ASSERT_EQUAL(stage.candles_published, 0); /* history is no news */
    for (int symbol = 0; symbol < STAGE_SYMBOLS; symbol++)
        CU_ASSERT_EQUAL(stage_start_of(symbol), 200);
    stage_run(10 * STAGE_MINUTE_MS);
    CU_ASSERT_EQUAL(stage.candles_published, 10 * STAGE_SYMBOLS);
    CU_ASSERT(stage_store_has(HISTORY_BEGINS, 209));
    CU_ASSERT(stage.tickers_published >= 60 * STAGE_SYMBOLS && stage.tickers_published <= 62 * STAGE_SYMBOLS);
    CU_ASSERT(stage.instruments_published >= 10);
    check_world();
    stage_kill();
}

static void few_requests_are_enough(void)
{
    stage_set(1);
    stage_start();
    stage_run(60 * STAGE_MINUTE_MS);
    /* A candle request a series and minute, a ticker request each ten seconds, the clock twice a minute, the list of
     * markets once an hour; and the start. */
    CU_ASSERT(stage.requests <= 60 * (STAGE_SYMBOLS + 6 + 2) + 1 + 30);
    check_world();
    stage_kill();
}

static void a_restart_goes_on_where_the_store_is(void)
{
    stage_set(SPEED);
    stage_start();
    stage_run(20000);
    CU_ASSERT_EQUAL(stage.status, PROCESS_STATUS_READY);
    int64_t start = stage_start_of(0);
    unsigned stored = stage.stored_rows;
    stage_kill();
    stage_run(10000);
    stage_start();
    stage_run(5000);
    CU_ASSERT_EQUAL(stage.status, PROCESS_STATUS_READY);
    CU_ASSERT_EQUAL(stage_start_of(0), start);
    CU_ASSERT(stage.stored_rows - stored < 60 * STAGE_SYMBOLS); /* only what is new */
    settle(HISTORY_BEGINS);
    CU_ASSERT_EQUAL(stage.generation, 2);
    stage_kill();
}

/* A series whose candles do not come with the answer would begin anew, behind a hole. */
static void a_lost_part_of_an_answer_is_no_hole(void)
{
    stage_set(SPEED);
    stage_start();
    stage_run(5000);
    for (unsigned part = 1; part < STAGE_SYMBOLS; part++) {
        stage_kill();
        stage_run(2 * HISTORY * STAGE_MINUTE_MS / SPEED);
        stage.loses_part = part;
        stage_start();
        stage_run(5000);
        CU_ASSERT_EQUAL(stage.loses_part, 0);
        settle(HISTORY_BEGINS);
        CU_ASSERT(stage_store_is_whole());
    }
    stage_kill();
}

static void a_stop_gives_the_lease_back(void)
{
    stage_set(1);
    stage_start();
    stage_run(2000);
    stage_stop();
    stage_run(100);
    stage_start();
    stage_run(1000); /* less than the lease would have lasted */
    CU_ASSERT_EQUAL(stage.generation, 2);
    CU_ASSERT_EQUAL(stage.status, PROCESS_STATUS_READY);
    stage_kill();
}

static void a_stop_waits_for_the_store(void)
{
    stage_set(SPEED);
    stage_start();
    stage_run(5000);
    bool ever_behind = false;
    for (int i = 0; i < 40; i++) {
        for (int step = 0; step < 2000 && stage_store_has_published(); step++)
            stage_run(1); /* until a candle was published that the store has not yet */
        ever_behind = ever_behind || !stage_store_has_published();
        stage_stop();
        CU_ASSERT(stage_store_has_published());
        stage_start();
        stage_run(2000);
    }
    CU_ASSERT(ever_behind);
    check_world();
    stage_kill();
}

static void a_standby_sends_nothing(void)
{
    stage_set(1);
    stage.lease_taken = true;
    stage_start();
    stage_run(30000);
    CU_ASSERT_EQUAL(stage.requests, 0);
    CU_ASSERT_EQUAL(stage.instruments_published + stage.tickers_published, 0);
    CU_ASSERT_EQUAL(stage.status, PROCESS_STATUS_STANDBY);
    stage.lease_taken = false;
    stage_run(5000);
    CU_ASSERT_EQUAL(stage.status, PROCESS_STATUS_READY);
    stage_kill();
}

static void a_lost_lease_pauses_everything(void)
{
    stage_set(SPEED);
    stage_start();
    stage_run(5000);
    stage.lease_taken = true;
    stage_run(2000); /* the next renewal is refused */
    unsigned requests = stage.requests, published = stage.candles_published;
    stage_run(20000);
    CU_ASSERT_EQUAL(stage.requests, requests);
    CU_ASSERT_EQUAL(stage.candles_published, published);
    CU_ASSERT_EQUAL(stage.status, PROCESS_STATUS_STANDBY);
    stage.lease_taken = false;
    settle(HISTORY_BEGINS);
    CU_ASSERT(stage.candles_published > published + 30 * STAGE_SYMBOLS); /* the gap came first, in order */
    stage_kill();
}

static void nothing_is_lost_while_the_persister_is_away(void)
{
    stage_set(SPEED);
    stage_start();
    stage_run(5000);
    stage.persister_away = true;
    stage_run(2500); /* within the lease candles go on */
    CU_ASSERT(stage.candles_published > 0);
    double dropped = metric_value(METRIC_candles_dropped_total);
    stage_run(200000); /* more than three hundred minutes, twice what the ring holds */
    unsigned published = stage.candles_published;
    stage_run(6000);
    CU_ASSERT(stage.candles_published >= published + 9 * STAGE_SYMBOLS); /* the market goes on */
    CU_ASSERT_EQUAL(stage.status, PROCESS_STATUS_DEGRADED);
    CU_ASSERT(metric_value(METRIC_candles_dropped_total) - dropped > 100 * STAGE_SYMBOLS);
    CU_ASSERT(!stage_store_has(HISTORY_BEGINS, stage_closed() - 1));
    settle(HISTORY_BEGINS);
    CU_ASSERT(stage_store_is_whole());
    CU_ASSERT_EQUAL(metric_value(METRIC_series_behind), 0);
    stage_kill();
}

/* The same with the exchange's own holes in what was dropped, faults, and a kill in the middle of the refilling. */
static void what_was_dropped_is_fetched_again(void)
{
    stage_set(SPEED);
    stage.faults.lacks_some = true;
    stage_start();
    stage_run(5000);
    for (int i = 0; i < 4; i++) {
        stage.persister_away = true;
        stage_run(150000);
        stage.persister_away = false;
        bool killed = i % 2 == 0;
        stage.faults = (struct stage_faults){.cut = 50, .status500 = 50, .timeout = 20, .lacks_some = true};
        stage.faults.lost = killed ? 0 : 50;
        stage_run(300 + (int64_t)(test_random() % 2000));
        if (killed) {
            stage_kill();
            stage_start();
        }
        stage_run(5000);
        settle(HISTORY_BEGINS);
        CU_ASSERT(stage_store_is_whole());
    }
    stage_kill();
}

/* The market began 80 minutes before what is fetched at the start. */
static void history_is_filled_down_to_where_the_market_began(void)
{
    stage_set(1);
    stage.depth_days = 1;
    stage_start();
    stage_run(10000);
    CU_ASSERT(stage_store_has(0, 199));
    CU_ASSERT_EQUAL(stage.absences, STAGE_SYMBOLS); /* before the listing */
    CU_ASSERT_EQUAL(metric_value(METRIC_history_candles_stored), metric_value(METRIC_history_candles_wanted));
    CU_ASSERT(metric_value(METRIC_history_candles_wanted) > 1000 * STAGE_SYMBOLS);
    CU_ASSERT_EQUAL(stage.candles_published, 0);
    unsigned rows = stage.stored_rows;
    stage_kill();
    stage_start();
    stage_run(10000);
    CU_ASSERT_EQUAL(stage.absences, STAGE_SYMBOLS); /* it is not asked for again */
    CU_ASSERT(stage.stored_rows <= rows + 2 * STAGE_SYMBOLS);
    check_world();
    stage_kill();
}

static void a_fill_that_is_killed_goes_on(void)
{
    stage_set(SPEED);
    stage.depth_days = 1;
    stage.faults.lacks_some = true;
    stage_start();
    for (int i = 0; i < 60; i++) {
        stage.faults = (struct stage_faults){.cut = 50, .status500 = 50, .timeout = 20, .omitted = 5, .lost = 50, .lacks_some = true};
        stage.persister_away = test_random() % 5 == 0;
        stage_run((int64_t)(test_random() % 1500));
        stage_kill();
        stage.persister_away = false;
        stage_start();
    }
    stage_run(SETTLE_MS);
    settle(0);
    CU_ASSERT(stage_store_is_whole());
    stage_kill();
}

static void the_persister_may_come_later(void)
{
    stage_set(1);
    stage.persister_away = true;
    stage_start();
    stage_run(15000);
    CU_ASSERT_EQUAL(stage.requests, 0);
    CU_ASSERT_EQUAL(stage.status, PROCESS_STATUS_STARTING);
    stage.persister_away = false;
    stage_run(3000);
    CU_ASSERT_EQUAL(stage.status, PROCESS_STATUS_READY);
    stage_kill();
}

static void a_faulty_exchange_costs_no_candle(void)
{
    stage_set(SPEED);
    stage.faults = (struct stage_faults){.cut = 50, .status500 = 50, .timeout = 50, .omitted = 20};
    stage_start();
    stage_run(120000);
    CU_ASSERT(metric_value(METRIC_exchange_failures_total) > 50);
    /* A candle that was left out of three answers counts as absent: rarely enough not to happen here. */
    settle(HISTORY_BEGINS);
    stage_kill();
}

static void what_the_exchange_lacks_is_passed_over(void)
{
    stage_set(SPEED);
    stage.faults.lacks_some = true;
    double absent = metric_value(METRIC_candles_absent_total);
    stage_start();
    stage_run(60000);
    settle(HISTORY_BEGINS);
    CU_ASSERT(metric_value(METRIC_candles_absent_total) - absent >= 10);
    CU_ASSERT(stage.absences >= 10);
    CU_ASSERT(stage_store_is_whole()); /* the store knows why */
    stage_kill();
}

/* The faults stay: what the exchange has now is what it has. */
static void what_the_exchange_changes_is_stored_once(void)
{
    stage_set(SPEED);
    stage.faults.revises = stage.faults.late = true;
    double revised = metric_value(METRIC_candles_revised_total), late = metric_value(METRIC_candles_late_total);
    stage_start();
    for (int i = 0; i < 10; i++) {
        stage_run(12000);
        if (i % 3 == 2) { /* the store is to have it all the same */
            stage_kill();
            stage_start();
        }
    }
    int64_t closed = stage_closed();
    stage_run(SETTLE_MS);
    CU_ASSERT(stage_store_has(HISTORY_BEGINS, closed - 1));
    CU_ASSERT(stage_store_is_whole());
    CU_ASSERT(stage.revisions > 50);
    CU_ASSERT(metric_value(METRIC_candles_late_total) - late >= 5);
    /* Noticed once each, and once more after a restart. */
    double noticed = metric_value(METRIC_candles_revised_total) - revised;
    CU_ASSERT(noticed >= stage.revisions && noticed <= stage.revisions + 3 * STAGE_SYMBOLS * 10);
    check_world();
    stage_kill();
}

static void stops_are_obeyed_across_restarts(void)
{
    stage_set(10);
    stage.faults.status429 = 200;
    stage_start();
    for (int i = 0; i < 30; i++) {
        stage_run(500 + (int64_t)(test_random() % 6000));
        stage_kill();
        stage_run((int64_t)(test_random() % 500));
        stage_start();
    }
    CU_ASSERT(stage.stops > 10);
    stage_run(SETTLE_MS);
    settle(FIRST_CLOSES);
    stage_kill();
}

static void lost_messages_cost_no_candle(void)
{
    stage_set(SPEED);
    stage.faults.lost = 100;
    stage_start();
    stage_run(60000);
    settle(FIRST_CLOSES);
    CU_ASSERT(stage.candles_published > 50 * STAGE_SYMBOLS);
    stage_kill();
}

static void kills_at_any_moment_cost_no_candle(void)
{
    stage_set(SPEED);
    stage_start();
    for (int i = 0; i < 150; i++) {
        stage.faults = (struct stage_faults){.cut = 20, .status500 = 20, .timeout = 10, .lost = 20, .lacks_some = true};
        stage.persister_away = test_random() % 5 == 0;
        stage_run((int64_t)(test_random() % 3000));
        stage.persister_away = false;
        if (test_random() % 2 == 0)
            continue;
        stage_kill();
        stage_run((int64_t)(test_random() % 1000));
        stage_start();
    }
    stage_run(SETTLE_MS);
    settle(FIRST_CLOSES);
    CU_ASSERT(stage.generation > 30);
    stage_kill();
}

const char *const suite_name = "fetcher";

const struct test suite_tests[] = {
    {"a fresh start takes history and follows", a_fresh_start_takes_history_and_follows},
    {"few requests are enough", few_requests_are_enough},
    {"a restart goes on where the store is", a_restart_goes_on_where_the_store_is},
    {"a lost part of an answer is no hole", a_lost_part_of_an_answer_is_no_hole},
    {"a stop gives the lease back", a_stop_gives_the_lease_back},
    {"a stop waits for the store", a_stop_waits_for_the_store},
    {"a standby sends nothing", a_standby_sends_nothing},
    {"a lost lease pauses everything", a_lost_lease_pauses_everything},
    {"nothing is lost while the persister is away", nothing_is_lost_while_the_persister_is_away},
    {"what was dropped is fetched again", what_was_dropped_is_fetched_again},
    {"history is filled down to where the market began", history_is_filled_down_to_where_the_market_began},
    {"a fill that is killed goes on", a_fill_that_is_killed_goes_on},
    {"the persister may come later", the_persister_may_come_later},
    {"a faulty exchange costs no candle", a_faulty_exchange_costs_no_candle},
    {"what the exchange lacks is passed over", what_the_exchange_lacks_is_passed_over},
    {"what the exchange changes is stored once", what_the_exchange_changes_is_stored_once},
    {"stops are obeyed across restarts", stops_are_obeyed_across_restarts},
    {"lost messages cost no candle", lost_messages_cost_no_candle},
    {"kills at any moment cost no candle", kills_at_any_moment_cost_no_candle},
    {NULL, NULL},
};
