/* The whole fetcher on an exchange with streams: they spare requests, and whatever becomes of them, no candle is lost,
 * changed or published twice. */
/* SPDX-License-Identifier: MIT */
#include "lib/runtime/metrics.h"
#include "tests/harness.h"
#include "tests/unit/fetcher_stage.h"

enum { SETTLE_MS = 8000, SPEED = 100, TOPICS = 2 * STAGE_SYMBOLS, HISTORY_BEGINS = 80, FIRST_CLOSES = 200 };

static void begin(int64_t speed)
{
    stage_set(speed);
    stage.streams = true;
    stage_start();
    stage_run(2000);
    CU_ASSERT_EQUAL(stage.status, PROCESS_STATUS_READY);
    CU_ASSERT_EQUAL(metric_value(METRIC_stream_topics), TOPICS);
}

static void check_world(void)
{
    CU_ASSERT_EQUAL(stage.published_wrongly, 0);
    CU_ASSERT_EQUAL(stage.stored_wrongly, 0);
    CU_ASSERT_EQUAL(stage.requests_while_stopped, 0);
    CU_ASSERT_EQUAL(stage.stream_connections_while_stopped, 0);
}

/* Lets the faults end, and checks that the store has all that had closed by then. */
static void settle(int64_t first)
{
    int64_t closed = stage_closed();
    bool lacks_some = stage.faults.lacks_some;
    stage.faults = (struct stage_faults){.lacks_some = lacks_some};
    stage_run(SETTLE_MS);
    CU_ASSERT(stage_store_has(first, closed - 1));
    CU_ASSERT_EQUAL(stage.status, PROCESS_STATUS_READY);
    check_world();
    stage_kill();
}

/* Runs to `after_ms` behind the next close. */
static void run_past_close(int64_t after_ms)
{
    int64_t speed = stage_speed();
    stage_run((STAGE_MINUTE_MS - stage_exchange_ms() % STAGE_MINUTE_MS + after_ms + speed - 1) / speed);
}

static void streams_spare_requests(void)
{
    begin(1);
    double streamed = metric_value(METRIC_candles_streamed_total);
    unsigned requests = stage.requests, tickers = stage.tickers_published;
    stage_run(60 * STAGE_MINUTE_MS);
    CU_ASSERT_EQUAL(metric_value(METRIC_candles_streamed_total) - streamed, 60 * STAGE_SYMBOLS);
    CU_ASSERT_EQUAL(stage.candles_published, 60 * STAGE_SYMBOLS);
    CU_ASSERT(stage.tickers_published - tickers >= 358 * STAGE_SYMBOLS);
    /* The clock twice a minute, a list of markets, and each series every five minutes. */
    CU_ASSERT(stage.requests - requests <= 2 * 60 + 1 + STAGE_SYMBOLS * 60 / 5 + 5);
    CU_ASSERT(stage.requests - requests >= 2 * 60 + STAGE_SYMBOLS * (60 / 5 - 1));
    CU_ASSERT_EQUAL(stage.stream_connections, 1);
    settle(HISTORY_BEGINS);
}

static void a_candle_comes_with_its_close(void)
{
    begin(1);
    run_past_close(-100);
    unsigned published = stage.candles_published, requests = stage.requests;
    stage_run(1200);
    CU_ASSERT_EQUAL(stage.candles_published - published, STAGE_SYMBOLS);
    CU_ASSERT(stage.requests - requests <= 1); /* the clock */
    settle(HISTORY_BEGINS);
}

static void silence_is_noticed_and_rest_takes_over(void)
{
    begin(1);
    double silent = metric_value(METRIC_stream_silent_total);
    run_past_close(10000);
    stage.faults.streams_silent = true;
    stage_run(15000);
    CU_ASSERT_EQUAL(metric_value(METRIC_stream_topics), 0);
    CU_ASSERT(metric_value(METRIC_stream_silent_total) - silent >= STAGE_SYMBOLS);
    unsigned published = stage.candles_published, tickers = stage.tickers_published;
    run_past_close(1000);
    CU_ASSERT_EQUAL(stage.candles_published - published, STAGE_SYMBOLS); /* as if there had never been a stream */
    CU_ASSERT(stage.tickers_published - tickers >= 3 * STAGE_SYMBOLS);
    stage_run(5 * STAGE_MINUTE_MS);
    CU_ASSERT(stage.stream_connections > 2 && stage.stream_connections < 60);
    stage.faults.streams_silent = false;
    stage_run(2 * STAGE_MINUTE_MS);
    CU_ASSERT_EQUAL(metric_value(METRIC_stream_topics), TOPICS);
    settle(HISTORY_BEGINS);
}

static void a_candle_that_does_not_come_is_asked_for(void)
{
    begin(1);
    run_past_close(-1500);
    stage.faults.streams_silent = true;
    unsigned published = stage.candles_published;
    stage_run(1500 + 4000);
    CU_ASSERT_EQUAL(stage.candles_published, published);
    stage_run(2000);
    CU_ASSERT_EQUAL(stage.candles_published - published, STAGE_SYMBOLS);
    settle(HISTORY_BEGINS);
}

static void a_silent_subscription_moves_to_another_connection(void)
{
    begin(1);
    CU_ASSERT_EQUAL(stage_streams_open(), 1);
    stage.faults.mute = true;
    unsigned published = stage.candles_published;
    stage_run(15000);
    CU_ASSERT_EQUAL(metric_value(METRIC_stream_topics), TOPICS - 2);
    stage_run(4 * STAGE_MINUTE_MS);
    CU_ASSERT(stage.candles_published - published >= 4 * STAGE_SYMBOLS);
    CU_ASSERT_EQUAL(stage_streams_open(), 2);
    CU_ASSERT(metric_value(METRIC_stream_topics) >= TOPICS - 1); /* its price stands still, so its ticker is not missed */
    settle(HISTORY_BEGINS);
}

/* The words that come after the refusal revive nothing: the symbol rests, and REST brings its candles at their close. */
static void what_rests_is_not_revived_by_a_late_word(void)
{
    stage_set(1);
    stage.streams = stage.faults.streams_deny = true;
    stage_start();
    stage_run(5000);
    CU_ASSERT_EQUAL(metric_value(METRIC_stream_topics), TOPICS - 2);
    run_past_close(-100);
    unsigned published = stage.candles_published;
    stage_run(1200);
    CU_ASSERT_EQUAL(stage.candles_published - published, STAGE_SYMBOLS);
    settle(HISTORY_BEGINS);
}

static void lost_words_cost_no_candle(void)
{
    begin(SPEED);
    double streamed = metric_value(METRIC_candles_streamed_total);
    stage.faults = (struct stage_faults){.stream_lost = 300, .omitted = 20, .status500 = 20};
    stage_run(120000);
    CU_ASSERT(metric_value(METRIC_candles_streamed_total) - streamed > 100);
    settle(HISTORY_BEGINS);
}

static void what_is_called_closed_too_early_is_not_taken(void)
{
    begin(1);
    stage.faults.streams_early = true;
    stage_run(20 * STAGE_MINUTE_MS);
    CU_ASSERT_EQUAL(stage.candles_published, 20 * STAGE_SYMBOLS);
    settle(HISTORY_BEGINS);
}

static void cuts_cost_no_candle(void)
{
    begin(SPEED);
    double reconnects = metric_value(METRIC_stream_reconnects_total);
    for (int i = 0; i < 60; i++) {
        stage_run((int64_t)(test_random() % 2000));
        stage_cut_streams();
    }
    stage_run(5000);
    CU_ASSERT_EQUAL(metric_value(METRIC_stream_topics), TOPICS);
    CU_ASSERT(metric_value(METRIC_stream_reconnects_total) - reconnects > 30);
    settle(HISTORY_BEGINS);
}

static void connections_are_not_tried_too_often(void)
{
    begin(1);
    unsigned connections = stage.stream_connections;
    stage.faults.streams_refused = true;
    stage_cut_streams();
    stage_run(5 * 60000);
    CU_ASSERT(stage.stream_connections - connections >= 8);
    CU_ASSERT(stage.stream_connections - connections <= 20); /* the pauses grow */
    stage.faults.streams_refused = false;
    stage_run(120000);
    CU_ASSERT_EQUAL(metric_value(METRIC_stream_topics), TOPICS);
    settle(HISTORY_BEGINS);
}

static void a_lifetime_is_overlapped(void)
{
    begin(1000);
    double least = TOPICS;
    for (int i = 0; i < 1000; i++) {
        stage_run(100); /* at the end the first connection's day is over */
        if (metric_value(METRIC_stream_topics) < least)
            least = metric_value(METRIC_stream_topics);
    }
    CU_ASSERT_EQUAL(least, TOPICS);
    CU_ASSERT_EQUAL(stage.stream_connections, 2);
    CU_ASSERT_EQUAL(stage.stream_topics_cut, 0);
    CU_ASSERT_EQUAL(stage_streams_open(), 1);
    settle(FIRST_CLOSES); /* minutes pass before the start is over */
}

/* The fault stays: what the exchange has now is what it has. */
static void confirmations_see_what_the_exchange_changes(void)
{
    stage_set(SPEED);
    stage.streams = stage.faults.revises = true;
    double streamed = metric_value(METRIC_candles_streamed_total);
    stage_start();
    stage_run(60000);
    int64_t closed = stage_closed();
    stage_run(SETTLE_MS); /* two periods */
    CU_ASSERT(metric_value(METRIC_candles_streamed_total) - streamed >= 80 * STAGE_SYMBOLS); /* by how well the clock is known */
    CU_ASSERT(stage.revisions >= 20);
    CU_ASSERT(stage_store_has(HISTORY_BEGINS, closed - 1));
    check_world();
    stage_kill();
}

static void streams_follow_the_market(void)
{
    stage_set(SPEED);
    stage.streams = true;
    stage.refresh_s = 100;
    stage.unlisted[4] = true;
    stage_start();
    stage_run(3000);
    CU_ASSERT_EQUAL(metric_value(METRIC_stream_topics), TOPICS - 2);
    stage_list(4, true);
    stage_run(4000);
    CU_ASSERT_EQUAL(metric_value(METRIC_stream_topics), TOPICS);
    unsigned texts = stage.stream_texts;
    stage_list(1, false);
    stage_run(15000);
    CU_ASSERT_EQUAL(metric_value(METRIC_stream_topics), TOPICS - 2);
    CU_ASSERT_EQUAL(stage.stream_texts - texts, 2); /* tickers and candles are given up */
    CU_ASSERT_EQUAL(stage.stream_connections, 1);
    check_world();
    stage_kill();
}

static void a_lost_lease_ends_the_streams(void)
{
    begin(SPEED);
    stage.lease_taken = true;
    stage_run(5000);
    CU_ASSERT_EQUAL(stage_streams_open(), 0);
    unsigned connections = stage.stream_connections, published = stage.candles_published;
    stage_run(10000);
    CU_ASSERT_EQUAL(stage.stream_connections, connections);
    CU_ASSERT_EQUAL(stage.candles_published, published);
    stage.lease_taken = false;
    stage_run(5000);
    CU_ASSERT_EQUAL(metric_value(METRIC_stream_topics), TOPICS);
    settle(HISTORY_BEGINS);
}

/* The persister is restarted, or is away for longer: the lease ends, then we act without; nothing is connected anew. */
static void an_outage_of_the_store_costs_no_connection(void)
{
    static const int64_t outages_ms[] = {1400, 3500, 4000, 5500, 30000};
    begin(1);
    for (size_t i = 0; i < sizeof outages_ms / sizeof *outages_ms; i++) {
        run_past_close(-1500); /* a close is in it */
        stage.persister_away = true;
        stage_run(outages_ms[i]);
        CU_ASSERT_EQUAL(metric_value(METRIC_lease_held), outages_ms[i] < 1500);
        stage.persister_away = false;
        stage_run(6000);
        CU_ASSERT_EQUAL(metric_value(METRIC_lease_held), 1);
        CU_ASSERT_EQUAL(metric_value(METRIC_stream_topics), TOPICS);
    }
    CU_ASSERT_EQUAL(stage.stream_connections, 1);
    CU_ASSERT_EQUAL(stage.candles_published, 5 * STAGE_SYMBOLS);
    settle(HISTORY_BEGINS);
}

/* What is heard while we may not act goes nowhere, and another holder's word ends the connections. */
static void without_the_lease_streams_are_only_heard(void)
{
    begin(1);
    run_past_close(-2600); /* the lease lasts for 1.5 to 2.5 s more, and 3.75 to 4.75 s on it is acted without */
    stage.persister_away = true;
    unsigned published = stage.candles_published, messages = stage.stream_messages;
    stage_run(3700);
    CU_ASSERT(stage.stream_messages - messages >= 3 * STAGE_SYMBOLS);
    CU_ASSERT_EQUAL(stage.candles_published, published);
    CU_ASSERT_EQUAL(stage_streams_open(), 1);
    stage.lease_taken = true;
    stage.persister_away = false;
    stage_run(2000);
    CU_ASSERT_EQUAL(stage_streams_open(), 0);
    CU_ASSERT_EQUAL(stage.status, PROCESS_STATUS_STANDBY);
    CU_ASSERT_EQUAL(stage.candles_published, published);
    stage.lease_taken = false;
    stage_run(5000);
    CU_ASSERT_EQUAL(metric_value(METRIC_stream_topics), TOPICS);
    settle(HISTORY_BEGINS);
}

static void bans_are_obeyed(void)
{
    begin(10);
    stage.faults.status429 = 200;
    for (int i = 0; i < 30; i++) {
        stage_run(500 + (int64_t)(test_random() % 6000));
        stage_kill();
        stage_run((int64_t)(test_random() % 500));
        stage_start();
    }
    CU_ASSERT(stage.stops > 10);
    stage.faults.status429 = 0;
    stage_run(SETTLE_MS);
    settle(HISTORY_BEGINS);
}

static void whatever_happens_no_candle_is_lost(void)
{
    begin(SPEED);
    for (int i = 0; i < 150; i++) {
        stage.faults = (struct stage_faults){
            .cut = 20, .status500 = 20, .timeout = 10, .lost = 20, .lacks_some = true, .stream_lost = 50,
            .streams_silent = test_random() % 4 == 0,
            .streams_refused = test_random() % 4 == 0,
            .streams_early = test_random() % 4 == 0,
            .mute = test_random() % 4 == 0,
        };
        stage_run((int64_t)(test_random() % 3000));
        if (test_random() % 2 == 0)
            stage_cut_streams();
        if (test_random() % 4 != 0)
            continue;
        stage_kill();
        stage_run((int64_t)(test_random() % 1000));
        stage_start();
    }
    stage_run(SETTLE_MS);
    settle(FIRST_CLOSES);
}

const char *const suite_name = "fetcher with streams";

const struct test suite_tests[] = {
    {"streams spare requests", streams_spare_requests},
    {"a candle comes with its close", a_candle_comes_with_its_close},
    {"silence is noticed and REST takes over", silence_is_noticed_and_rest_takes_over},
    {"a candle that does not come is asked for", a_candle_that_does_not_come_is_asked_for},
    {"a silent subscription moves to another connection", a_silent_subscription_moves_to_another_connection},
    {"what rests is not revived by a late word", what_rests_is_not_revived_by_a_late_word},
    {"lost words cost no candle", lost_words_cost_no_candle},
    {"what is called closed too early is not taken", what_is_called_closed_too_early_is_not_taken},
    {"cuts cost no candle", cuts_cost_no_candle},
    {"connections are not tried too often", connections_are_not_tried_too_often},
    {"a lifetime is overlapped", a_lifetime_is_overlapped},
    {"confirmations see what the exchange changes", confirmations_see_what_the_exchange_changes},
    {"streams follow the market", streams_follow_the_market},
    {"a lost lease ends the streams", a_lost_lease_ends_the_streams},
    {"an outage of the store costs no connection", an_outage_of_the_store_costs_no_connection},
    {"without the lease streams are only heard", without_the_lease_streams_are_only_heard},
    {"bans are obeyed", bans_are_obeyed},
    {"whatever happens, no candle is lost", whatever_happens_no_candle_is_lost},
    {NULL, NULL},
};
