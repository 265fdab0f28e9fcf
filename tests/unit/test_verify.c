/* The examination of a series by itself: stretches and their reasons, slips of the scale; and times as texts. */
/* SPDX-License-Identifier: MIT */
#include "lib/series/candle.h"
#include "tests/harness.h"
#include "tools/common/time_text.h"
#include "tools/verify/examine.h"

#include <string.h>

const char *const suite_name = "verify";

enum { MINUTE_MS = 60000, FOUND_MAX = 16 };

static const int64_t start_ms = 1734739200000;
static const struct audit_series series = {.id = 1, .interval_s = 60, .exchange = "binance", .symbol = "BTCUSDT"};

static struct finding found[FOUND_MAX];
static size_t found_count;

static int keep(void *user, const struct finding *finding)
{
    (void)user;
    CU_ASSERT_FATAL(found_count < FOUND_MAX);
    found[found_count++] = *finding;
    return 0;
}

static int64_t minute(int64_t number)
{
    return start_ms + number * MINUTE_MS;
}

/* Examines candles of these minutes, ended by -1, with these prices (NULL: 100). */
static struct examination_summary examine(const int *minutes, const int64_t *prices, struct examined_absence *absences,
                                          size_t absence_count)
{
    struct examination examination = {
        .series = &series,
        .absences = absences,
        .absence_count = absence_count,
        .now_ms = minute(100000),
        .on_finding = keep,
    };
    found_count = 0;
    CU_ASSERT_EQUAL(examine_begin(&examination), 0);
    for (int i = 0; minutes[i] >= 0; i++) {
        int64_t price = prices != NULL ? prices[i] : 100;
        const struct audit_candle candle = {.open_time_ms = minute(minutes[i]), .open = price, .high = price, .low = price,
                                            .close = price};
        CU_ASSERT_EQUAL(examine_candle(&examination, &candle), 0);
    }
    CU_ASSERT_EQUAL(examine_end(&examination), 0);
    return examination.summary;
}

static void a_gap_is_cut_by_its_reasons(void)
{
    static const int minutes[] = {0, 10, -1};
    struct examined_absence absences[] = {
        {.absence = {minute(1), minute(2), "no_trades"}},
        {.absence = {minute(3), minute(4), "no_trades"}},
        {.absence = {minute(5), minute(5), "source_lacks"}},
        {.absence = {minute(8), minute(30), "source_lacks"}},
    };
    struct examination_summary summary = examine(minutes, NULL, absences, 4);
    CU_ASSERT_EQUAL(summary.explained_count, 2);
    CU_ASSERT_EQUAL(summary.explained[0].gaps, 1); /* two absences, one behind the other, are one stretch */
    CU_ASSERT_EQUAL(summary.explained[0].candles, 4);
    CU_ASSERT_EQUAL(summary.explained[1].gaps, 2);
    CU_ASSERT_EQUAL(summary.explained[1].candles, 3);
    CU_ASSERT_EQUAL(summary.holes, 1);
    CU_ASSERT_EQUAL_FATAL(found_count, 2);
    CU_ASSERT_EQUAL(found[0].damage, DAMAGE_HOLE);
    CU_ASSERT_EQUAL(found[0].first_ms, minute(6));
    CU_ASSERT_EQUAL(found[0].last_ms, minute(7));
    CU_ASSERT_EQUAL(found[1].damage, DAMAGE_ABSENCE_OVER_CANDLES); /* the last reaches over minute 10 */
}

static void a_series_without_a_gap_is_well(void)
{
    static const int minutes[] = {0, 1, 2, -1};
    struct examination_summary summary = examine(minutes, NULL, NULL, 0);
    CU_ASSERT_EQUAL(summary.candles, 3);
    CU_ASSERT_EQUAL(summary.last_ms, minute(2));
    CU_ASSERT_EQUAL(found_count, 0);
}

static void a_slip_goes_there_and_back(void)
{
    static const int minutes[] = {0, 1, 2, 3, 4, -1};
    static const int64_t slipped[] = {100, 1010, 990, 101, 100}, crash[] = {100, 30, 28, 90, 100},
                         stays[] = {100, 100, 10000, 10100, 9900}, drop[] = {1000, 100, 10, 100, 1000};
    (void)examine(minutes, slipped, NULL, 0);
    CU_ASSERT_EQUAL_FATAL(found_count, 1);
    CU_ASSERT_EQUAL(found[0].damage, DAMAGE_SCALE_SLIP);
    CU_ASSERT_EQUAL(found[0].first_ms, minute(1));
    CU_ASSERT_EQUAL(found[0].last_ms, minute(2));
    (void)examine(minutes, crash, NULL, 0);
    CU_ASSERT_EQUAL(found_count, 0);
    (void)examine(minutes, stays, NULL, 0);
    CU_ASSERT_EQUAL_FATAL(found_count, 1);
    CU_ASSERT_EQUAL(found[0].damage, DAMAGE_LEVEL_CHANGE);
    CU_ASSERT_EQUAL(found[0].first_ms, minute(2));
    (void)examine(minutes, drop, NULL, 0);
    CU_ASSERT_EQUAL(found[0].damage, DAMAGE_LEVEL_CHANGE);
    CU_ASSERT_EQUAL(found[1].damage, DAMAGE_SCALE_SLIP);
}

static void times_are_read_and_written(void)
{
    static const struct {
        const char *text;
        int64_t time_ms;
    } rows[] = {
        {"1734739200000", 1734739200000}, {"2024-12-21", 1734739200000},           {"2024-12-21T00:00Z", 1734739200000},
        {"0", 0},                         {"2024-12-21 12:30:15", 1734784215000}, {"2024-02-29T23:59:59Z", 1709251199000},
    };
    static const char *const wrong[] = {"", "soon", "-1", "1.5", "2024-02-30", "2024-13-01", "2024-12-21T25:00", "1e12", NULL};
    int64_t time_ms = 0;
    char text[TIME_TEXT_SIZE];
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        CU_ASSERT_EQUAL(time_read(rows[i].text, &time_ms), 0);
        CU_ASSERT_EQUAL(time_ms, rows[i].time_ms);
    }
    for (int i = 0; wrong[i] != NULL; i++)
        CU_ASSERT_EQUAL(time_read(wrong[i], &time_ms), ERROR_SYNTAX);
    time_print(1734784215020, text);
    CU_ASSERT_STRING_EQUAL(text, "2024-12-21T12:30:15.020Z");
    time_print(start_ms, text);
    CU_ASSERT_STRING_EQUAL(text, "2024-12-21T00:00Z");
    time_print(-5, text);
    CU_ASSERT_STRING_EQUAL(text, "-5");
}

static void times_that_cannot_be_are_found(void)
{
    static const int minutes[] = {0, 1, 99999, 100000, 100001, -1};
    struct examined_absence absences[] = {
        {.absence = {60000, 120000, "source_lacks"}}, /* 1970 */
        {.absence = {minute(2), minute(99998), "source_lacks"}},
        {.absence = {minute(100000), minute(1000000), "source_lacks"}},
    };
    struct examination_summary summary = examine(minutes, NULL, absences, 3);
    CU_ASSERT_EQUAL(summary.holes, 0);
    CU_ASSERT_EQUAL_FATAL(found_count, 3);
    CU_ASSERT_EQUAL(found[0].damage, DAMAGE_ABSENCE_IMPOSSIBLE);
    CU_ASSERT_EQUAL(found[0].first_ms, 60000);
    CU_ASSERT_EQUAL(found[1].damage, DAMAGE_ABSENCE_IMPOSSIBLE);
    CU_ASSERT_EQUAL(found[1].last_ms, minute(1000000));
    CU_ASSERT_EQUAL(found[2].damage, DAMAGE_FUTURE); /* a minute may be the difference of two clocks */
    CU_ASSERT_EQUAL(found[2].first_ms, minute(100001));
    const struct audit_absence times[] = {
        {CANDLE_TIME_MIN_MS - MINUTE_MS, CANDLE_TIME_MIN_MS, ""},
        {CANDLE_TIME_MIN_MS - 2 * MINUTE_MS, CANDLE_TIME_MIN_MS - MINUTE_MS, ""},
        {minute(0), minute(11), ""},
        {minute(0), minute(12), ""},
        {minute(3), minute(2), ""},
        {minute(3), minute(4) + 1, ""},
    };
    static const bool possible[] = {true, false, true, false, false, false};
    for (size_t i = 0; i < sizeof times / sizeof times[0]; i++)
        CU_ASSERT_EQUAL(absence_is_possible(&times[i], 60, minute(10)), possible[i]);
}

const struct test suite_tests[] = {
    {"times that cannot be are found", times_that_cannot_be_are_found},
    {"a gap is cut into stretches by what explains them", a_gap_is_cut_by_its_reasons},
    {"a series without a gap is well", a_series_without_a_gap_is_well},
    {"a slip of the scale goes there and back, a crash is none", a_slip_goes_there_and_back},
    {"times are read and written", times_are_read_and_written},
    {NULL, NULL},
};
