/* Rows that are passed over are all counted, and each is told once. */
/* SPDX-License-Identifier: MIT */
#include "fetcher/refusals.h"
#include "lib/runtime/metrics.h"
#include "tests/harness.h"

static void tell(struct refusals *refusals, const char *kind, const char *symbol, int64_t open_time_ms, const char *why)
{
    const struct exchange_refusal refusal = {.name = "", .open_time_ms = open_time_ms, .why = why};
    refusals_tell(refusals, kind, symbol, &refusal);
}

static void a_row_is_told_once_and_counted_each_time(void)
{
    static struct refusals refusals;
    double before = metric_value(METRIC_rows_refused_total);
    for (int i = 0; i < 5; i++) {
        tell(&refusals, i < 3 ? "candles" : "fill", "AB", 60000, "got null");
        tell(&refusals, "candles", "AB", 120000, "got null"); /* another candle, */
        tell(&refusals, "candles", "CB", 60000, "got null");  /* another market, */
        tell(&refusals, "candles", "AB", 60000, "got NaN");   /* another reason */
    }
    CU_ASSERT_EQUAL(refusals.next, 4);
    CU_ASSERT_EQUAL(metric_value(METRIC_rows_refused_total) - before, 20);
}

static void what_is_remembered_has_a_bound(void)
{
    static struct refusals refusals;
    for (int i = 0; i < REFUSALS_REMEMBERED + 3; i++)
        tell(&refusals, "candles", "AB", i * 60000, "got null");
    CU_ASSERT_EQUAL(refusals.next, 3);
}

const char *const suite_name = "refusals";

const struct test suite_tests[] = {
    {"a row is told once and counted each time", a_row_is_told_once_and_counted_each_time},
    {"what is remembered has a bound", what_is_remembered_has_a_bound},
    {NULL, NULL},
};
