/* The whole fetcher while everything that can go wrong does so together: the store away or full for longer than rings
 * hold, markets that come and go, streams that fail, faulty answers, lost messages, kills. Whatever happens, in the end
 * the store has every series without a hole but for what the exchange lacks. */
/* SPDX-License-Identifier: MIT */
#include "lib/runtime/metrics.h"
#include "tests/harness.h"
#include "tests/unit/fetcher_stage.h"

/* The market's minutes that are played, of STAGE_MINUTES; what a refused request may wait, and then some. */
enum { SPEED = 100, LAST_MINUTE = 3000, SETTLE_MS = 150000 };

static void begin(bool streams)
{
    stage_set(SPEED);
    stage.streams = streams;
    stage.refresh_s = 100;
    stage_start();
}

/* The store takes nothing for longer than rings hold; nobody dies, so all of it is fetched again for the store alone. */
static void refill(void)
{
    double refilled = metric_value(METRIC_candles_refilled_total);
    stage_run(5000);
    stage.persister_full = true;
    stage_run(250000);
    stage.persister_full = false;
    stage_run(10000);
    CU_ASSERT(metric_value(METRIC_candles_refilled_total) - refilled > 100);
}

static struct stage_faults some_faults(void)
{
    return (struct stage_faults){
        .cut = 20, .status500 = 20, .timeout = 10, .omitted = 5, .lost = 20, .lacks_some = true, .stream_lost = 50,
        .streams_silent = test_random() % 4 == 0,
        .streams_refused = test_random() % 4 == 0,
        .streams_early = test_random() % 4 == 0,
        .mute = test_random() % 4 == 0,
    };
}

static void restart(void)
{
    stage_kill();
    stage_run((int64_t)(test_random() % 1000));
    stage.loses_part = test_random() % 4 == 0 ? (unsigned)(test_random() % STAGE_SYMBOLS) : 0;
    stage_start();
}

/* The first and the third symbol stay; what is said of the others' candles while they are gone is theirs. */
static void come_or_go(void)
{
    static const int moving[] = {1, 3, 4};
    int symbol = moving[test_random() % 3];
    if (test_random() % 3 == 0)
        stage.held[symbol] = !stage.held[symbol];
    else
        stage_list(symbol, stage.unlisted[symbol]);
}

/* A time of trouble with the store, with kills in it and while it is refilled. */
static void trouble_the_store(void)
{
    stage.persister_full = test_random() % 2 == 0;
    stage.persister_away = !stage.persister_full;
    for (int steps = (int)(test_random() % 4); steps >= 0; steps--) {
        stage_run((int64_t)(test_random() % 80000));
        if (test_random() % 4 == 0)
            restart();
        if (test_random() % 3 == 0)
            come_or_go();
    }
    stage.persister_full = stage.persister_away = false;
    while (test_random() % 2 != 0) {
        stage_run((int64_t)(test_random() % 1500));
        restart();
    }
}

static void check(void)
{
    stage.faults = (struct stage_faults){.lacks_some = true};
    for (int symbol = 0; symbol < STAGE_SYMBOLS; symbol++) {
        stage.held[symbol] = false;
        stage_list(symbol, true);
    }
    stage_run(SETTLE_MS);
    CU_ASSERT_EQUAL(metric_value(METRIC_symbols), STAGE_SYMBOLS);
    CU_ASSERT_EQUAL(metric_value(METRIC_series_behind), 0);
    CU_ASSERT_EQUAL(stage.status, PROCESS_STATUS_READY);
    CU_ASSERT(stage_store_is_whole());
    CU_ASSERT(stage_store_has(stage_closed() - 20, stage_closed() - 10));
    CU_ASSERT_EQUAL(stage.published_wrongly, 0);
    CU_ASSERT_EQUAL(stage.stored_wrongly, 0);
}

static void play(bool streams)
{
    begin(streams);
    refill();
    double dropped = metric_value(METRIC_candles_dropped_total);
    while (stage_closed() < LAST_MINUTE) {
        stage.faults = some_faults();
        switch (test_random() % 8) {
        case 0: trouble_the_store(); break;
        case 1: come_or_go(); break;
        case 2: restart(); break;
        case 3: stage_cut_streams(); break;
        default: break;
        }
        stage_run((int64_t)(test_random() % 4000));
    }
    check();
    CU_ASSERT(metric_value(METRIC_candles_dropped_total) - dropped > 100);
    stage_kill();
}

static void by_request(void)
{
    play(false);
}

static void by_stream(void)
{
    play(true);
}

const char *const suite_name = "fetcher's holes";

const struct test suite_tests[] = {
    {"whatever happens, no hole is left: requests", by_request},
    {"whatever happens, no hole is left: streams", by_stream},
    {NULL, NULL},
};
