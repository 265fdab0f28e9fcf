/* What is said of markets that cannot be brought up to date. */
/* SPDX-License-Identifier: MIT */
#include "fetcher/stuck.h"
#include "tests/harness.h"

#include <stdio.h>
#include <string.h>

enum { SYMBOLS = 40, MINUTE_MS = 60000 };

static struct market market;
static struct stuck stuck;

static void begin(void)
{
    static const uint32_t intervals[] = {60, 3600};
    struct instrument instruments[SYMBOLS] = {0};
    for (int i = 0; i < SYMBOLS; i++)
        (void)snprintf(instruments[i].symbol, SYMBOL_SIZE, "M%02dUSDT", i);
    market_init(&market, "x");
    CU_ASSERT_EQUAL_FATAL(market_open(&market, instruments, SYMBOLS, intervals, 2, 5), 0);
    stuck_init(&stuck, &market);
}

static struct series *series_of(int number, uint32_t interval_s)
{
    char symbol[SYMBOL_SIZE];
    (void)snprintf(symbol, sizeof symbol, "M%02dUSDT", number);
    return market_find(&market, symbol, interval_s);
}

static const char *words(size_t size)
{
    static char text[400];
    memset(text, 'x', sizeof text);
    stuck_describe(&stuck, text, size);
    CU_ASSERT_FATAL(strlen(text) < size);
    return text;
}

static void each_part_is_named_with_its_reason(void)
{
    begin();
    CU_ASSERT_STRING_EQUAL(words(160), "");
    stuck_note(&stuck, series_of(1, 60), STUCK_CANDLES, "Invalid symbol.");
    CU_ASSERT_STRING_EQUAL(words(160), "not up to date: M01USDT 1m: Invalid symbol.");
    stuck_note(&stuck, series_of(2, 3600), STUCK_HISTORY, "no");
    stuck_note(&stuck, series_of(3, 60), STUCK_TICKERS, "gone");
    CU_ASSERT_STRING_EQUAL(words(160), "not up to date: M01USDT 1m: Invalid symbol., M02USDT 1h history: no, "
                                       "M03USDT tickers: gone");
    stuck_note(&stuck, series_of(1, 60), STUCK_CANDLES, "another"); /* the newest reason counts */
    stuck_clear(&stuck, series_of(2, 3600), STUCK_HISTORY);
    stuck_clear(&stuck, series_of(2, 3600), STUCK_CANDLES); /* it was not */
    CU_ASSERT_STRING_EQUAL(words(160), "not up to date: M01USDT 1m: another, M03USDT tickers: gone");
    market_release(&market);
}

static void of_many_the_first_are_named(void)
{
    begin();
    for (int i = 0; i < SYMBOLS; i++)
        stuck_note(&stuck, series_of(i, 60), STUCK_CANDLES, "a reason that is longer than what there is room for");
    CU_ASSERT_EQUAL(stuck_count(&stuck), SYMBOLS);
    for (size_t size = 2; size <= 160; size++)
        CU_ASSERT_PTR_NOT_NULL(words(size)); /* never more than there is room for */
    CU_ASSERT_STRING_EQUAL(words(100),
                           "not up to date: M00USDT 1m: a reason that is longer than what there  and 39 more");
    for (int i = 0; i < STUCK_NAMED_MAX; i++)
        stuck_clear(&stuck, series_of(i, 60), STUCK_CANDLES);
    CU_ASSERT_STRING_EQUAL(words(100), "not up to date: 24");
    for (int i = 0; i < SYMBOLS; i++)
        stuck_clear(&stuck, series_of(i, 60), STUCK_CANDLES);
    CU_ASSERT_STRING_EQUAL(words(160), "");
    market_release(&market);
}

static void words_are_as_messages_carry_them(void)
{
    begin();
    stuck_note(&stuck, series_of(1, 60), STUCK_CANDLES, "l\xc3\xa4uft\nnicht");
    CU_ASSERT_STRING_EQUAL(words(160), "not up to date: M01USDT 1m: l??uft?nicht");
    market_release(&market);
}

/* Neither readiness nor a shard waits for what is stuck with its candles; history and tickers are no reason. */
static void what_is_stuck_is_settled(void)
{
    begin();
    struct series *series = series_of(1, 60);
    stuck_note(&stuck, series, STUCK_HISTORY, "no");
    stuck_note(&stuck, series, STUCK_TICKERS, "no");
    CU_ASSERT_EQUAL(market_settled_count(&market), 0);
    stuck_note(&stuck, series, STUCK_CANDLES, "no");
    CU_ASSERT_EQUAL(market_settled_count(&market), 1);
    CU_ASSERT_EQUAL(market_ready_count(&market), 0);
    CU_ASSERT_EQUAL(market_settled_of_shard(&market, series->shard), 0); /* its beginning is not known */
    series->fire_from_ms = 0;
    CU_ASSERT_EQUAL(market_settled_of_shard(&market, series->shard), 1);
    market_release(&market);
}

static void names_of_those_that_went_are_forgotten(void)
{
    begin();
    stuck_note(&stuck, series_of(1, 60), STUCK_CANDLES, "no");
    CU_ASSERT(market_leave(&market, "M01USDT"));
    CU_ASSERT_EQUAL(market_release_left(&market), 1);
    CU_ASSERT_STRING_EQUAL(words(160), "");
    market_release(&market);
}

static void late_is_not_stuck(void)
{
    struct series minute = {.interval_s = 60}, day = {.interval_s = 86400};
    CU_ASSERT(!stuck_is_behind(&minute, 0, 5 * MINUTE_MS - 1));
    CU_ASSERT(stuck_is_behind(&minute, 0, 5 * MINUTE_MS));
    CU_ASSERT(!stuck_is_behind(&day, 0, STUCK_BEHIND_MS - 1));
    CU_ASSERT(stuck_is_behind(&day, 0, STUCK_BEHIND_MS));
}

const char *const suite_name = "stuck";

const struct test suite_tests[] = {
    {"each part is named with its reason", each_part_is_named_with_its_reason},
    {"of many the first are named", of_many_the_first_are_named},
    {"words are as messages carry them", words_are_as_messages_carry_them},
    {"what is stuck is settled", what_is_stuck_is_settled},
    {"names of those that went are forgotten", names_of_those_that_went_are_forgotten},
    {"late is not stuck", late_is_not_stuck},
    {NULL, NULL},
};
