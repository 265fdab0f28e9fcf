/* The fetcher's rules of streams, and its table of subscriptions. */
/* SPDX-License-Identifier: MIT */
#include "fetcher/stream_rules.h"
#include "fetcher/subscriptions.h"
#include "tests/harness.h"

#include <stdio.h>
#include <string.h>

enum { MINUTE = 60000, CAPACITY = 50 };

static struct candle candle_of(int64_t minute)
{
    return (struct candle){minute * MINUTE, 10, 12, 9, 11, 5, 0, 0};
}

/* A series whose ring holds the candles of the minutes [first, last]. */
static struct series series_of(const char *symbol, int64_t first, int64_t last)
{
    struct series series = {.interval_s = 60, .ready = true, .searched_ms = -1};
    (void)snprintf(series.symbol, sizeof series.symbol, "%s", symbol);
    CU_ASSERT_FATAL(ring_init(&series.ring, 60, CAPACITY) == 0);
    for (int64_t minute = first; minute <= last; minute++) {
        struct candle candle = candle_of(minute);
        CU_ASSERT_FATAL(ring_append(&series.ring, &candle) == 0);
    }
    return series;
}

/* ---- rules ---- */

static void only_a_connection_that_carries_it_speaks_for_a_subscription(void)
{
    struct subscription row = {.link = 2};
    CU_ASSERT(stream_carries(&row, 2, SUBSCRIPTION_NO_LINK));
    CU_ASSERT(stream_carries(&row, 4, 2));
    CU_ASSERT(!stream_carries(&row, 4, 3));
    CU_ASSERT(!stream_carries(&row, 4, SUBSCRIPTION_NO_LINK));
    row.link = SUBSCRIPTION_NO_LINK;
    CU_ASSERT(!stream_carries(&row, 4, SUBSCRIPTION_NO_LINK));
}

static void a_candle_must_follow_and_be_over(void)
{
    struct series series = series_of("AB", 1, 5);
    struct candle known = candle_of(4), next = candle_of(6), far = candle_of(7);
    CU_ASSERT_EQUAL(stream_judge(&series, &known, 7 * MINUTE), STREAM_TAKE);
    CU_ASSERT_EQUAL(stream_judge(&series, &next, 7 * MINUTE), STREAM_TAKE);
    CU_ASSERT_EQUAL(stream_judge(&series, &next, 7 * MINUTE - 1), STREAM_ASK);
    CU_ASSERT_EQUAL(stream_judge(&series, &far, 9 * MINUTE), STREAM_ASK);
    series.ready = false;
    CU_ASSERT_EQUAL(stream_judge(&series, &next, 7 * MINUTE), STREAM_LEAVE);
    ring_clear(&series.ring);
    series.ready = true;
    CU_ASSERT_EQUAL(stream_judge(&series, &next, 7 * MINUTE), STREAM_LEAVE);
    ring_release(&series.ring);
}

static bool hear(struct subscription *row, int64_t minute, int64_t close, int64_t exchange_ms, struct candle *out)
{
    struct candle candle = candle_of(minute);
    candle.close = close;
    return stream_closes(row, &candle, exchange_ms, 500, out);
}

static void the_next_candle_closes_the_one_before(void)
{
    struct subscription row = {.kind = STREAM_CANDLES, .interval_s = 60};
    struct candle out = {0};
    CU_ASSERT(!hear(&row, 5, 10, 5 * MINUTE + 1000, &out));
    CU_ASSERT(!hear(&row, 5, 11, 5 * MINUTE + 59000, &out));
    CU_ASSERT(!hear(&row, 6, 10, 6 * MINUTE + 100, &out)); /* within the grace */
    CU_ASSERT(!hear(&row, 5, 12, 6 * MINUTE + 200, &out)); /* a late trade of the one before */
    CU_ASSERT(hear(&row, 6, 10, 6 * MINUTE + 500, &out));
    CU_ASSERT_EQUAL(out.open_time_ms, 5 * MINUTE);
    CU_ASSERT_EQUAL(out.close, 12);
    CU_ASSERT(!hear(&row, 6, 10, 6 * MINUTE + 600, &out)); /* once */
    CU_ASSERT(hear(&row, 9, 10, 9 * MINUTE + 600, &out));  /* minutes without trades have no candle */
    CU_ASSERT_EQUAL(out.open_time_ms, 6 * MINUTE);
    CU_ASSERT(!hear(&row, 2, 10, 9 * MINUTE + 700, &out));
}

static void silence_is_noticed_in_time(void)
{
    struct exchange_stream stream = {.silence_ms = 2000};
    CU_ASSERT_EQUAL(stream_silence_ms(&stream, STREAM_CANDLES, 1, 2000), 8000);
    CU_ASSERT_EQUAL(stream_silence_ms(&stream, STREAM_CANDLES, 5, 400), 1600);
    CU_ASSERT_EQUAL(stream_silence_ms(&stream, STREAM_CANDLES, 1000, 100), STREAM_PATIENCE_MS);
    stream.silence_ms = 500;
    CU_ASSERT_EQUAL(stream_silence_ms(&stream, STREAM_CANDLES, 1, 2000), STREAM_SILENCE_LEAST_MS);
    stream.silence_ms = 10000;
    CU_ASSERT_EQUAL(stream_silence_ms(&stream, STREAM_CANDLES, 1, 2000), STREAM_SILENCE_MS);
    stream.silence_ms = 0;
    CU_ASSERT_EQUAL(stream_silence_ms(&stream, STREAM_CANDLES, 1, 2000), 0);
    CU_ASSERT_EQUAL(stream_silence_ms(&stream, STREAM_TICKERS, 1, 2000), 6000);
    CU_ASSERT_EQUAL(stream_silence_ms(&stream, STREAM_TICKERS, 1, 60000), STREAM_SILENCE_MS);
    CU_ASSERT_EQUAL(stream_silence_ms(&stream, STREAM_TICKERS, 100, 100), STREAM_PATIENCE_MS);
}

static void confirmations_are_spread_evenly(void)
{
    enum { SERIES = 1000, PERIOD = 300000 };
    int slots[10] = {0};
    for (int i = 0; i < SERIES; i++) {
        struct series series = {.interval_s = 60};
        (void)snprintf(series.symbol, sizeof series.symbol, "S%dUSDT", i);
        int64_t first_ms = stream_confirm_ms(&series, PERIOD, 1734739200000);
        CU_ASSERT(first_ms > 1734739200000 && first_ms <= 1734739200000 + PERIOD);
        CU_ASSERT_EQUAL(stream_confirm_ms(&series, PERIOD, first_ms - 1), first_ms);
        CU_ASSERT_EQUAL(stream_confirm_ms(&series, PERIOD, first_ms), first_ms + PERIOD);
        slots[(first_ms - 1734739200000 - 1) * 10 / PERIOD]++;
        series.interval_s = 86400;
        first_ms = stream_confirm_ms(&series, PERIOD, 1734739200000);
        CU_ASSERT_EQUAL(stream_confirm_ms(&series, PERIOD, first_ms), first_ms + 2 * 86400000);
    }
    for (int i = 0; i < 10; i++)
        CU_ASSERT(slots[i] > SERIES / 20 && slots[i] < SERIES / 5);
}

static void confirmations_reach_back(void)
{
    struct series series = series_of("AB", 1, 40);
    CU_ASSERT_EQUAL(stream_confirm_from_ms(&series, 300000, 1000), 30 * MINUTE);
    CU_ASSERT_EQUAL(stream_confirm_from_ms(&series, 10000, 1000), 36 * MINUTE);
    CU_ASSERT_EQUAL(stream_confirm_from_ms(&series, 3600000, 1000), MINUTE); /* what the ring has */
    CU_ASSERT_EQUAL(stream_confirm_from_ms(&series, 300000, 5), 37 * MINUTE); /* what one request has room for */
    ring_release(&series.ring);
}

static void attempts_have_a_bound(void)
{
    struct stream_attempts attempts = {0};
    int count = 0;
    for (int64_t now_ms = 1000000; now_ms < 1000000 + 300000; now_ms += 10)
        count += stream_attempt(&attempts, now_ms);
    CU_ASSERT_EQUAL(count, STREAM_ATTEMPTS + 300000 / STREAM_ATTEMPT_MS - 1);
    CU_ASSERT(count <= 300); /* what Binance allows in five minutes */
}

static void pauses_grow(void)
{
    struct stream_attempts attempts = {0};
    int64_t now_ms = 1000000, last_ms = 0;
    for (int i = 0; i < 12; i++) {
        stream_failed(&attempts, now_ms, 0);
        int64_t pause_ms = attempts.not_before_ms - now_ms;
        CU_ASSERT(i == 0 ? pause_ms == 500 : pause_ms == (last_ms < 64000 ? 2 * last_ms : last_ms));
        CU_ASSERT(!stream_attempt(&attempts, attempts.not_before_ms - 1));
        last_ms = pause_ms;
        now_ms = attempts.not_before_ms;
        CU_ASSERT(stream_attempt(&attempts, now_ms));
    }
    stream_failed(&attempts, now_ms, UINT64_MAX);
    CU_ASSERT(attempts.not_before_ms - now_ms > last_ms && attempts.not_before_ms - now_ms <= last_ms * 3 / 2);
}

/* ---- subscriptions ---- */

/* Markets are called by their base asset; some have no name. */
static int stream_name(const struct instrument *instrument, char out[STREAM_NAME_SIZE])
{
    if (instrument->base_asset[0] == '\0')
        return error_set(ERROR_RANGE, "no name");
    (void)snprintf(out, STREAM_NAME_SIZE, "%s", instrument->base_asset);
    return 0;
}

static bool has_interval(uint32_t interval_s)
{
    return interval_s == 60;
}

static const struct exchange_stream stream = {
    .tickers_url = "wss://a", .candles_url = "wss://a", .stream_name = stream_name, .has_interval = has_interval};

static struct instrument instrument_of(const char *symbol, const char *name)
{
    struct instrument instrument = {.trading = true};
    (void)snprintf(instrument.symbol, sizeof instrument.symbol, "%s", symbol);
    (void)snprintf(instrument.base_asset, sizeof instrument.base_asset, "%s", name);
    return instrument;
}

static void open_market(struct market *market)
{
    static const uint32_t intervals[] = {60, 300};
    struct instrument instruments[] = {instrument_of("A", "z"), instrument_of("B", "y"), instrument_of("C", ""),
                                       instrument_of("D", "x")};
    instruments[3].trading = false;
    market_init(market, "binance");
    CU_ASSERT_FATAL(market_open(market, instruments, 4, intervals, 2, 10) == 0);
}

static void what_the_stream_has_is_wanted(void)
{
    struct market market;
    struct subscriptions subscriptions;
    open_market(&market);
    subscriptions_init(&subscriptions);
    CU_ASSERT_EQUAL(subscriptions_follow(&subscriptions, &market, &stream), 0);
    CU_ASSERT_EQUAL(subscriptions.count, 4); /* A and B: tickers, and candles of a minute */
    struct subscription *row = subscriptions_find(&subscriptions, "B", 60);
    CU_ASSERT_FATAL(row != NULL);
    CU_ASSERT(row->wanted && row->kind == STREAM_CANDLES && row->link == SUBSCRIPTION_NO_LINK);
    CU_ASSERT_PTR_EQUAL(subscriptions_find_name(&subscriptions, "y", 60), row);
    CU_ASSERT_PTR_EQUAL(subscriptions_find_name(&subscriptions, "z", 0), subscriptions_find(&subscriptions, "A", 0));
    CU_ASSERT_PTR_NULL(subscriptions_find(&subscriptions, "B", 300));
    CU_ASSERT_PTR_NULL(subscriptions_find(&subscriptions, "C", 0));
    CU_ASSERT_PTR_NULL(subscriptions_find(&subscriptions, "D", 60));
    CU_ASSERT_PTR_NULL(subscriptions_find_name(&subscriptions, "x", 0));
    CU_ASSERT_PTR_NULL(subscriptions_find_name(&subscriptions, "a name that is longer than any that there can be", 0));
    subscriptions_release(&subscriptions);
    CU_ASSERT_PTR_NULL(subscriptions_find(&subscriptions, "A", 0));
    CU_ASSERT_PTR_NULL(subscriptions_find_name(&subscriptions, "z", 0));
    market_release(&market);
}

static void subscriptions_follow_the_market(void)
{
    struct market market;
    struct subscriptions subscriptions;
    struct instrument halted = instrument_of("A", "z"), news = instrument_of("E", "w");
    open_market(&market);
    subscriptions_init(&subscriptions);
    CU_ASSERT_EQUAL(subscriptions_follow(&subscriptions, &market, &stream), 0);
    subscriptions_find(&subscriptions, "A", 60)->link = 3;
    subscriptions_find(&subscriptions, "B", 60)->link = 2;
    subscriptions_find(&subscriptions, "B", 60)->request = 17;
    halted.trading = false;
    market_set_instrument(&market, &halted);
    CU_ASSERT_EQUAL(market_add(&market, &news), 0);
    CU_ASSERT_EQUAL(subscriptions_follow(&subscriptions, &market, &stream), 0);
    CU_ASSERT_EQUAL(subscriptions_find(&subscriptions, "B", 60)->request, 17); /* as it was */
    CU_ASSERT(subscriptions_find(&subscriptions, "E", 0)->wanted);
    CU_ASSERT_PTR_NULL(subscriptions_find(&subscriptions, "A", 0)); /* it was on no link */
    CU_ASSERT_FATAL(subscriptions_find(&subscriptions, "A", 60) != NULL);
    CU_ASSERT(!subscriptions_find(&subscriptions, "A", 60)->wanted); /* to be given up */
    subscription_clear(subscriptions_find(&subscriptions, "A", 60));
    CU_ASSERT(market_leave(&market, "B"));
    CU_ASSERT_EQUAL(subscriptions_follow(&subscriptions, &market, &stream), 0);
    CU_ASSERT_PTR_NULL(subscriptions_find(&subscriptions, "A", 60));
    CU_ASSERT(!subscriptions_find(&subscriptions, "B", 60)->wanted);
    CU_ASSERT_EQUAL(subscriptions.count, 3);
    subscriptions_release(&subscriptions);
    market_release(&market);
}

const char *const suite_name = "stream rules";

const struct test suite_tests[] = {
    {"only a connection that carries it speaks for a subscription",
     only_a_connection_that_carries_it_speaks_for_a_subscription},
    {"a candle must follow and be over", a_candle_must_follow_and_be_over},
    {"the next candle closes the one before", the_next_candle_closes_the_one_before},
    {"silence is noticed in time", silence_is_noticed_in_time},
    {"confirmations are spread evenly", confirmations_are_spread_evenly},
    {"confirmations reach back", confirmations_reach_back},
    {"attempts have a bound", attempts_have_a_bound},
    {"pauses grow", pauses_grow},
    {"what the stream has is wanted", what_the_stream_has_is_wanted},
    {"subscriptions follow the market", subscriptions_follow_the_market},
    {NULL, NULL},
};
