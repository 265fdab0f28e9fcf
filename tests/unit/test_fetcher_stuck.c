/* The whole fetcher on an exchange that says nothing useful of one market: the others do not notice, and the status names
 * it. */
/* SPDX-License-Identifier: MIT */
#include "lib/runtime/metrics.h"
#include "tests/harness.h"
#include "tests/unit/fetcher_stage.h"

#include <string.h>

enum { SPEED = 100, HISTORY_BEGINS = 80, DEPTH_DAYS = 3 };

/* The start with a fault, which the others do not notice. */
static void begin(struct stage_faults faults)
{
    stage_set(1);
    stage.depth_days = DEPTH_DAYS;
    stage.faults = faults;
    stage_start();
    stage_run(20000);
    CU_ASSERT_EQUAL(stage.status, PROCESS_STATUS_READY);
}

static bool others_have(int64_t first, int64_t last)
{
    bool all = true;
    for (int symbol = 0; symbol < STAGE_SYMBOLS; symbol++)
        all = all && (symbol == 1 || stage_symbol_has(symbol, first, last));
    return all;
}

static bool says(const char *words)
{
    return strstr(stage.detail, words) != NULL;
}

/* Nothing of the market came, everything of the others, and their history too; then it comes as well. */
static void play(struct stage_faults faults, int64_t again_ms)
{
    begin(faults);
    CU_ASSERT(says("not up to date: BUSDT 1m: "));
    CU_ASSERT_EQUAL(metric_value(METRIC_series_stuck), 1);
    stage_run(10 * STAGE_MINUTE_MS);
    CU_ASSERT_EQUAL(stage.status, PROCESS_STATUS_READY);
    CU_ASSERT(others_have(0, stage_closed() - 2)); /* the market began in minute 0 */
    CU_ASSERT_EQUAL(stage.candles_published, 10 * (STAGE_SYMBOLS - 1));
    CU_ASSERT(stage_asked(1) < 40);
    stage.faults = (struct stage_faults){0};
    stage_run(again_ms);
    CU_ASSERT(!says("not up to date"));
    CU_ASSERT_EQUAL(metric_value(METRIC_series_stuck), 0);
    CU_ASSERT(stage_store_has(HISTORY_BEGINS + 10, stage_closed() - 2));
    CU_ASSERT_EQUAL(stage.published_wrongly, 0);
    CU_ASSERT_EQUAL(stage.stored_wrongly, 0);
    stage_kill();
}

static void a_market_whose_candles_are_refused_holds_up_nothing(void)
{
    play((struct stage_faults){.refuses_candles = true}, 70000);
}

static void a_market_whose_candles_cannot_be_read_holds_up_nothing(void)
{
    play((struct stage_faults){.breaks_candles = true}, 50000);
}

/* The market was followed before: its history and its newest candles are named. */
static void refused_history_is_named_and_goes_on_later(void)
{
    stage_set(1);
    stage.depth_days = DEPTH_DAYS;
    stage_start();
    stage_run(1500);
    stage_kill();
    stage_store_clear();
    begin((struct stage_faults){0});
    stage_kill();
    stage_run(5 * STAGE_MINUTE_MS);
    begin((struct stage_faults){.refuses_candles = true});
    CU_ASSERT(says("BUSDT 1m"));
    stage.faults = (struct stage_faults){0};
    stage_run(130000);
    CU_ASSERT(!says("not up to date"));
    CU_ASSERT(stage_store_has(0, stage_closed() - 2));
    stage_kill();
}

/* An exchange that answers nothing at all is no matter of its markets. */
static void an_outage_makes_no_market_stuck(void)
{
    begin((struct stage_faults){0});
    stage.faults.status500 = 1000;
    stage_run(5 * STAGE_MINUTE_MS);
    CU_ASSERT_EQUAL(stage.status, PROCESS_STATUS_DEGRADED);
    CU_ASSERT_EQUAL(metric_value(METRIC_series_stuck), 0);
    stage.faults.status500 = 0;
    stage_run(STAGE_MINUTE_MS);
    CU_ASSERT_EQUAL(stage.status, PROCESS_STATUS_READY);
    CU_ASSERT(stage_store_has(0, stage_closed() - 2));
    stage_kill();
}

/* Who is told to wait has no market to show: that is no good state, and it is said for how long. */
static void an_exchange_that_wants_no_requests_is_named(void)
{
    begin((struct stage_faults){0});
    stage.faults.status429 = 1000;
    stage_run(20000);
    CU_ASSERT_EQUAL(stage.status, PROCESS_STATUS_DEGRADED);
    CU_ASSERT(says("; the exchange wants no requests for "));
    CU_ASSERT(says(" s: HTTP 4"));
    stage.faults.status429 = 0;
    stage_run(STAGE_MINUTE_MS);
    CU_ASSERT_EQUAL(stage.status, PROCESS_STATUS_READY);
    CU_ASSERT(!says("wants no requests"));
    CU_ASSERT_EQUAL(stage.requests_while_stopped, 0);
    stage_kill();
}

static void all_markets_refused_is_not_ready(void)
{
    stage_set(1);
    for (int symbol = 0; symbol < STAGE_SYMBOLS; symbol++)
        stage.faults.refuses_candles = stage.unlisted[symbol] = symbol != 1;
    stage_start();
    stage_run(20000);
    CU_ASSERT_EQUAL(stage.status, PROCESS_STATUS_STARTING);
    CU_ASSERT(says("0 of 1 series are up to date; not up to date: BUSDT 1m: "));
    stage.faults.refuses_candles = false;
    stage_run(70000);
    CU_ASSERT_EQUAL(stage.status, PROCESS_STATUS_READY);
    stage.faults.refuses_candles = true;
    stage_run(70000);
    CU_ASSERT_EQUAL(stage.status, PROCESS_STATUS_DEGRADED);
    stage_kill();
}

/* It trades on: the next list may have it as it should be. Unknown before, it is no market. */
static void a_market_whose_row_is_bad_stays_as_it_was(void)
{
    for (int known = 0; known < 2; known++) {
        stage_set(1);
        stage.refresh_s = 30;
        stage.faults.breaks_rows = known == 0;
        stage_start();
        stage_run(2000);
        stage.faults.breaks_rows = true;
        stage_run(10 * STAGE_MINUTE_MS);
        CU_ASSERT_EQUAL(stage.status, PROCESS_STATUS_READY);
        CU_ASSERT_EQUAL(stage.candles_published, 10 * (STAGE_SYMBOLS - 1 + known));
        CU_ASSERT_EQUAL(stage.published_wrongly, 0);
        stage_kill();
    }
}

static void a_ticker_that_cannot_be_read_is_named(void)
{
    begin((struct stage_faults){.breaks_tickers = true});
    CU_ASSERT(says("not up to date: BUSDT tickers: "));
    unsigned tickers = stage.tickers_published;
    stage_run(STAGE_MINUTE_MS);
    CU_ASSERT(stage.tickers_published - tickers >= 5 * (STAGE_SYMBOLS - 1));
    stage.faults.breaks_tickers = false;
    stage_run(STAGE_MINUTE_MS);
    CU_ASSERT(!says("not up to date"));
    stage_kill();
}

/* Kraken's errors beside a result do not say whose they are: whose ticker lacks is named. */
static void a_ticker_that_nobody_is_named_for_is_named(void)
{
    begin((struct stage_faults){.unnames_tickers = true});
    CU_ASSERT(says("not up to date: BUSDT tickers: "));
    CU_ASSERT(!says("AUSDT"));
    stage_kill();
}

/* The others' come as ever, however long the answer is. */
static void a_ticker_that_is_not_told_is_named(void)
{
    double refused = metric_value(METRIC_rows_refused_total);
    begin((struct stage_faults){.repeats_ticker = true});
    CU_ASSERT(!says("not up to date"));
    CU_ASSERT(metric_value(METRIC_rows_refused_total) > refused);
    unsigned tickers = stage.tickers_published;
    stage_run(STAGE_MINUTE_MS);
    CU_ASSERT(stage.tickers_published - tickers >= 5 * STAGE_SYMBOLS);
    stage.faults.hides_ticker = true;
    stage_run(2 * STAGE_MINUTE_MS);
    CU_ASSERT_EQUAL(stage.status, PROCESS_STATUS_READY);
    CU_ASSERT(says("not up to date: BUSDT tickers: the exchange tells no price"));
    tickers = stage.tickers_published;
    stage_run(STAGE_MINUTE_MS);
    CU_ASSERT(stage.tickers_published - tickers >= 5 * (STAGE_SYMBOLS - 1));
    stage.faults.hides_ticker = false;
    stage_run(STAGE_MINUTE_MS);
    CU_ASSERT(!says("not up to date"));
    stage_kill();
}

/* As Binance's of February 2018: the good rows are kept, the others are absent, and history is filled to its end. */
static void rows_off_the_grid_cost_themselves_only(void)
{
    double refused = metric_value(METRIC_rows_refused_total);
    begin((struct stage_faults){.moves_candles = true});
    stage_run(10 * STAGE_MINUTE_MS);
    CU_ASSERT_EQUAL(stage.status, PROCESS_STATUS_READY);
    CU_ASSERT(!says("not up to date"));
    CU_ASSERT(stage_store_has(0, stage_closed() - 3));
    CU_ASSERT(stage_store_is_whole());
    CU_ASSERT(metric_value(METRIC_rows_refused_total) - refused >= 20);
    CU_ASSERT_EQUAL(stage.published_wrongly, 0);
    CU_ASSERT_EQUAL(stage.stored_wrongly, 0);
    stage_kill();
}

/* It is not taken for the market's beginning: then all until today would be a hole to ask for, answer by answer. */
static void rows_from_before_what_was_asked_for_are_passed_over(void)
{
    double refused = metric_value(METRIC_rows_refused_total);
    begin((struct stage_faults){.dates_back = true});
    CU_ASSERT(!says("not up to date"));
    stage_run(10 * STAGE_MINUTE_MS);
    CU_ASSERT_EQUAL(stage.status, PROCESS_STATUS_READY);
    CU_ASSERT(stage_store_has(0, stage_closed() - 2));
    CU_ASSERT_EQUAL(stage.candles_published, 10 * STAGE_SYMBOLS);
    CU_ASSERT(stage_asked(1) <= stage_asked(0) + 5);
    CU_ASSERT(metric_value(METRIC_rows_refused_total) > refused);
    CU_ASSERT_EQUAL(stage.published_wrongly, 0);
    CU_ASSERT_EQUAL(stage.stored_wrongly, 0);
    stage_kill();
}

/* What is asked for in vain of the whole exchange is said too, before there is a market and after. */
static void a_list_that_is_refused_is_named(void)
{
    stage_set(1);
    stage.refresh_s = 60;
    stage.faults.refuses_list = true;
    stage_start();
    stage_run(2000);
    CU_ASSERT_EQUAL(stage.status, PROCESS_STATUS_STARTING);
    CU_ASSERT(says("waiting for the exchange: HTTP 400"));
    stage.faults.refuses_list = false;
    stage_run(70000);
    CU_ASSERT_EQUAL(stage.status, PROCESS_STATUS_READY);
    CU_ASSERT(!says("list of markets"));
    stage.faults.refuses_list = true;
    stage_run(70000);
    CU_ASSERT_EQUAL(stage.status, PROCESS_STATUS_READY);
    CU_ASSERT(says("; no list of markets: HTTP 400"));
    stage.faults.refuses_list = false;
    stage_run(70000);
    CU_ASSERT(!says("list of markets"));
    stage_kill();
}

/* The batch of five is halved until the second is refused alone; the four others have their tickers all the time. */
static void the_culprit_of_a_batch_is_found(void)
{
    begin((struct stage_faults){.refuses_tickers = true});
    CU_ASSERT(says("not up to date: BUSDT tickers: "));
    unsigned tickers = stage.tickers_published, requests = stage.requests;
    stage_run(5 * STAGE_MINUTE_MS);
    CU_ASSERT(stage.tickers_published - tickers >= 29 * (STAGE_SYMBOLS - 1));
    CU_ASSERT(stage.requests - requests <= 5 * (STAGE_SYMBOLS + 6 + 2) + 5); /* no more than in good times */
    stage_run(10 * STAGE_MINUTE_MS); /* it was asked for again, by itself */
    CU_ASSERT(says("BUSDT tickers"));
    stage.faults.refuses_tickers = false;
    stage_run(10 * STAGE_MINUTE_MS);
    CU_ASSERT(!says("not up to date"));
    tickers = stage.tickers_published;
    stage_run(STAGE_MINUTE_MS);
    CU_ASSERT(stage.tickers_published - tickers >= 5 * STAGE_SYMBOLS);
    stage_kill();
}

const char *const suite_name = "fetcher with markets that are stuck";

const struct test suite_tests[] = {
    {"a market whose candles are refused holds up nothing", a_market_whose_candles_are_refused_holds_up_nothing},
    {"a market whose candles cannot be read holds up nothing", a_market_whose_candles_cannot_be_read_holds_up_nothing},
    {"refused history is named and goes on later", refused_history_is_named_and_goes_on_later},
    {"an outage makes no market stuck", an_outage_makes_no_market_stuck},
    {"an exchange that wants no requests is named", an_exchange_that_wants_no_requests_is_named},
    {"all markets refused is not ready", all_markets_refused_is_not_ready},
    {"a market whose row is bad stays as it was", a_market_whose_row_is_bad_stays_as_it_was},
    {"rows off the grid cost themselves only", rows_off_the_grid_cost_themselves_only},
    {"a ticker that cannot be read is named", a_ticker_that_cannot_be_read_is_named},
    {"a ticker that nobody is named for is named", a_ticker_that_nobody_is_named_for_is_named},
    {"a ticker that is not told is named", a_ticker_that_is_not_told_is_named},
    {"rows from before what was asked for are passed over", rows_from_before_what_was_asked_for_are_passed_over},
    {"a list that is refused is named", a_list_that_is_refused_is_named},
    {"the culprit of a batch is found", the_culprit_of_a_batch_is_found},
    {NULL, NULL},
};
