/* SPDX-License-Identifier: MIT */
#include "tools/verify/examine.h"

#include "lib/base/decimal.h"
#include "lib/base/interval.h"
#include "lib/series/candle.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* ---- telling ---- */

__attribute__((format(printf, 6, 7))) static int find(struct examination *examination, enum damage damage,
                                                      int64_t first_ms, int64_t last_ms, int64_t count,
                                                      const char *format, ...)
{
    struct finding finding = {
        .damage = damage,
        .series = examination->series,
        .first_ms = first_ms,
        .last_ms = last_ms,
        .count = count,
        .is_alike = damage == DAMAGE_DUPLICATE && !examination->copies_differ,
    };
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(finding.text, sizeof finding.text, format, arguments);
    va_end(arguments);
    if (damages[damage].grade == GRADE_WRONG)
        examination->summary.wrong++;
    else
        examination->summary.notes++;
    return examination->on_finding(examination->user, &finding);
}

/* ---- one candle by itself ---- */

static bool is_scale(int64_t scale)
{
    return scale >= 0 && scale <= DECIMAL_SCALE_MAX;
}

static bool is_on_grid(const struct examination *examination, int64_t open_time_ms)
{
    return open_time_ms >= 0 && interval_open_time((uint32_t)examination->series->interval_s, open_time_ms) == open_time_ms;
}

static bool has_closed(const struct examination *examination, int64_t open_time_ms)
{
    return open_time_ms <= examination->now_ms + EXAMINE_TOLERANCE_MS - examination->step_ms;
}

/* The damage of its numbers, or DAMAGES. */
static enum damage damage_of(const struct audit_candle *candle)
{
    if (!is_scale(candle->price_scale) || !is_scale(candle->volume_scale))
        return DAMAGE_SCALE;
    if (candle->open <= 0 || candle->high <= 0 || candle->low <= 0 || candle->close <= 0)
        return DAMAGE_PRICE_NOT_POSITIVE;
    if (candle->high < candle->low)
        return DAMAGE_HIGH_BELOW_LOW;
    if (candle->open > candle->high || candle->open < candle->low || candle->close > candle->high ||
        candle->close < candle->low)
        return DAMAGE_OUTSIDE_RANGE;
    if (candle->volume < 0)
        return DAMAGE_VOLUME_NEGATIVE;
    return DAMAGES;
}

static size_t put_price(char *out, int64_t mantissa, int64_t scale)
{
    return decimal_print((struct decimal){.mantissa = mantissa, .scale = (uint8_t)scale}, out);
}

/* Its numbers, for people. */
static void print_candle(const struct audit_candle *candle, char out[FINDING_TEXT_SIZE])
{
    char open[DECIMAL_TEXT_SIZE], high[DECIMAL_TEXT_SIZE], low[DECIMAL_TEXT_SIZE], close[DECIMAL_TEXT_SIZE];
    char volume[DECIMAL_TEXT_SIZE];
    if (!is_scale(candle->price_scale) || !is_scale(candle->volume_scale)) {
        (void)snprintf(out, FINDING_TEXT_SIZE, "price_scale %lld, volume_scale %lld", (long long)candle->price_scale,
                       (long long)candle->volume_scale);
        return;
    }
    (void)put_price(open, candle->open, candle->price_scale);
    (void)put_price(high, candle->high, candle->price_scale);
    (void)put_price(low, candle->low, candle->price_scale);
    (void)put_price(close, candle->close, candle->price_scale);
    (void)put_price(volume, candle->volume, candle->volume_scale);
    (void)snprintf(out, FINDING_TEXT_SIZE, "open %s, high %s, low %s, close %s, volume %s", open, high, low, close, volume);
}

static int report_candle(struct examination *examination, enum damage damage, const struct audit_candle *candle)
{
    char text[FINDING_TEXT_SIZE];
    print_candle(candle, text);
    return find(examination, damage, candle->open_time_ms, candle->open_time_ms, 1, "%s", text);
}

/* ---- copies ---- */

static bool is_copy(const struct audit_candle *left, const struct audit_candle *right)
{
    return left->open == right->open && left->high == right->high && left->low == right->low &&
           left->close == right->close && left->volume == right->volume && left->price_scale == right->price_scale &&
           left->volume_scale == right->volume_scale;
}

/* Reports the copies of the row before, once all have gone by. */
static int end_copies(struct examination *examination)
{
    if (examination->copies == 0)
        return 0;
    int64_t time_ms = examination->previous.open_time_ms;
    int code = find(examination, DAMAGE_DUPLICATE, time_ms, time_ms, examination->copies, "%lld more, %s",
                    (long long)examination->copies,
                    examination->copies_differ ? "with other values" : "with the same values");
    examination->copies = 0;
    examination->copies_differ = false;
    return code;
}

/* ---- times without candles ---- */

static int explain(struct examination *examination, int64_t first_ms, int64_t last_ms, const char *reason)
{
    struct examination_summary *summary = &examination->summary;
    int64_t count = (last_ms - first_ms) / examination->step_ms + 1;
    size_t i = 0;
    while (i < summary->explained_count && strcmp(summary->explained[i].reason, reason) != 0)
        i++;
    if (i == EXAMINE_REASONS_MAX)
        i--;
    if (i == summary->explained_count) {
        (void)snprintf(summary->explained[i].reason, sizeof summary->explained[i].reason, "%s", reason);
        summary->explained_count++;
    }
    summary->explained[i].gaps++;
    summary->explained[i].candles += count;
    if (examination->on_explained == NULL)
        return 0;
    return examination->on_explained(examination->user, examination->series, first_ms, last_ms, count, reason);
}

static int report_hole(struct examination *examination, int64_t first_ms, int64_t last_ms)
{
    int64_t count = (last_ms - first_ms) / examination->step_ms + 1;
    examination->summary.holes++;
    examination->summary.hole_candles += count;
    return find(examination, DAMAGE_HOLE, first_ms, last_ms, count, "%lld missing", (long long)count);
}

/* The reason of the absence that covers a time, and until when without a break; or NULL, and until when there is none. */
static const char *reason_at(const struct examination *examination, int64_t time_ms, int64_t *until_ms)
{
    const char *reason = NULL;
    for (size_t i = examination->absence_at; i < examination->absence_count; i++) {
        const struct audit_absence *absence = &examination->absences[i].absence;
        if (absence->first_open_ms > time_ms) {
            if (reason == NULL && absence->first_open_ms - examination->step_ms < *until_ms)
                *until_ms = absence->first_open_ms - examination->step_ms;
            break;
        }
        if (absence->last_open_ms >= time_ms && reason == NULL) {
            reason = absence->reason;
            if (absence->last_open_ms < *until_ms)
                *until_ms = absence->last_open_ms;
        }
    }
    return reason;
}

/* No candle opens from first to last: cuts it into stretches of one explanation each. */
static int explain_gap(struct examination *examination, int64_t first_ms, int64_t last_ms)
{
    int code = 0;
    while (examination->absence_at < examination->absence_count &&
           examination->absences[examination->absence_at].absence.last_open_ms < first_ms)
        examination->absence_at++;
    while (code == 0 && first_ms <= last_ms) {
        int64_t until_ms = last_ms, more_ms;
        const char *reason = reason_at(examination, first_ms, &until_ms);
        while (reason != NULL && until_ms < last_ms) { /* absences that follow each other are one stretch */
            more_ms = last_ms;
            const char *next = reason_at(examination, until_ms + examination->step_ms, &more_ms);
            if (next == NULL || strcmp(next, reason) != 0)
                break;
            until_ms = more_ms;
        }
        code = reason != NULL ? explain(examination, first_ms, until_ms, reason)
                              : report_hole(examination, first_ms, until_ms);
        first_ms = until_ms + examination->step_ms;
    }
    return code;
}

static void count_in_absences(struct examination *examination, int64_t open_time_ms)
{
    while (examination->absence_at < examination->absence_count &&
           examination->absences[examination->absence_at].absence.last_open_ms < open_time_ms)
        examination->absence_at++;
    for (size_t i = examination->absence_at; i < examination->absence_count; i++) {
        if (examination->absences[i].absence.first_open_ms > open_time_ms)
            break;
        if (examination->absences[i].absence.last_open_ms >= open_time_ms)
            examination->absences[i].candles++;
    }
}

/* ---- prices that jump by a power of ten ---- */

static double value(int64_t mantissa, int64_t scale)
{
    return decimal_to_double((struct decimal){.mantissa = mantissa, .scale = (uint8_t)scale});
}

/* The power of ten, not 0, that lies within 12 % of the ratio of an open to the close before; 0: there is none. */
static int power_between(const struct audit_candle *before, const struct audit_candle *candle)
{
    if (before->price_scale == candle->price_scale && (double)candle->open < 5 * (double)before->close &&
        (double)before->close < 5 * (double)candle->open)
        return 0;
    double distance = log10(value(candle->open, candle->price_scale) / value(before->close, before->price_scale));
    double power = nearbyint(distance);
    return fabs(distance - power) < 0.05 ? (int)power : 0;
}

/* A jump that was not undone. */
static int end_slip(struct examination *examination)
{
    int power = examination->slip;
    int64_t first_ms = examination->slip_first_ms;
    examination->slip = 0;
    if (power == 0)
        return 0;
    return find(examination, DAMAGE_LEVEL_CHANGE, first_ms, first_ms, examination->slip_candles, "by 10^%d", power);
}

static int watch_level(struct examination *examination, const struct audit_candle *candle)
{
    int power = examination->is_priced ? power_between(&examination->priced, candle) : 0, code = 0;
    int64_t last_ms = examination->priced.open_time_ms;
    examination->priced = *candle;
    examination->is_priced = true;
    if (power != 0 && power == -examination->slip) {
        examination->slip = 0;
        return find(examination, DAMAGE_SCALE_SLIP, examination->slip_first_ms, last_ms, examination->slip_candles,
                    "by 10^%d", -power);
    }
    if (examination->slip != 0 && (power != 0 || ++examination->slip_candles > EXAMINE_SLIP_CANDLES))
        code = end_slip(examination);
    if (power != 0) {
        examination->slip = power;
        examination->slip_first_ms = candle->open_time_ms;
        examination->slip_candles = 1;
    }
    return code;
}

/* ---- the rows ---- */

bool absence_is_possible(const struct audit_absence *absence, uint32_t interval_s, int64_t now_ms)
{
    return absence->first_open_ms >= 0 && absence->first_open_ms <= absence->last_open_ms &&
           interval_open_time(interval_s, absence->first_open_ms) == absence->first_open_ms &&
           interval_open_time(interval_s, absence->last_open_ms) == absence->last_open_ms &&
           candle_time_is_plausible(absence->last_open_ms, now_ms + EXAMINE_TOLERANCE_MS);
}

int examine_begin(struct examination *examination)
{
    size_t kept = 0;
    int code = 0;
    examination->step_ms = examination->series->interval_s * 1000;
    examination->next_ms = INT64_MIN;
    for (size_t i = 0; i < examination->absence_count && code == 0; i++) {
        const struct audit_absence *absence = &examination->absences[i].absence;
        if (absence_is_possible(absence, (uint32_t)examination->series->interval_s, examination->now_ms))
            examination->absences[kept++] = examination->absences[i];
        else
            code = find(examination, DAMAGE_ABSENCE_IMPOSSIBLE, absence->first_open_ms, absence->last_open_ms, 1, "%s",
                        absence->reason);
    }
    examination->absence_count = kept;
    return code;
}

/* A candle whose time can be: the series goes on behind it. */
static int take_in(struct examination *examination, const struct audit_candle *candle)
{
    int64_t time_ms = candle->open_time_ms, next_ms = examination->next_ms;
    int code = 0;
    if (next_ms != INT64_MIN && time_ms > next_ms)
        code = explain_gap(examination, next_ms, time_ms - examination->step_ms);
    count_in_absences(examination, time_ms);
    examination->next_ms = time_ms + examination->step_ms;
    return code;
}

int examine_candle(struct examination *examination, const struct audit_candle *candle)
{
    struct examination_summary *summary = &examination->summary;
    int64_t time_ms = candle->open_time_ms;
    bool repeats = summary->candles > 0 && time_ms == examination->previous.open_time_ms;
    int code = 0;
    if (repeats) {
        examination->copies++;
        examination->copies_differ = examination->copies_differ || !is_copy(candle, &examination->previous);
    } else {
        code = end_copies(examination);
    }
    if (summary->candles++ == 0)
        summary->first_ms = time_ms;
    summary->last_ms = time_ms;
    examination->previous = *candle;
    enum damage damage = damage_of(candle);
    if (code == 0 && damage != DAMAGES)
        code = report_candle(examination, damage, candle);
    if (code != 0 || repeats)
        return code;
    if (!is_on_grid(examination, time_ms))
        return report_candle(examination, DAMAGE_OFF_GRID, candle);
    if (!candle_time_is_plausible(time_ms, INT64_MAX))
        return report_candle(examination, DAMAGE_TOO_EARLY, candle);
    if (!has_closed(examination, time_ms))
        return report_candle(examination, DAMAGE_FUTURE, candle);
    code = take_in(examination, candle);
    return code == 0 && damage == DAMAGES ? watch_level(examination, candle) : code;
}

int examine_end(struct examination *examination)
{
    int code = end_copies(examination);
    int64_t covered_ms = INT64_MIN;
    if (code == 0)
        code = end_slip(examination);
    for (size_t i = 0; i < examination->absence_count && code == 0; i++) {
        const struct examined_absence *examined = &examination->absences[i];
        const struct audit_absence *absence = &examined->absence;
        if (examined->candles > 0)
            code = find(examination, DAMAGE_ABSENCE_OVER_CANDLES, absence->first_open_ms, absence->last_open_ms,
                        examined->candles, "%s, %lld candles", absence->reason, (long long)examined->candles);
        if (code == 0 && absence->first_open_ms <= covered_ms)
            code = find(examination, DAMAGE_ABSENCE_OVERLAP, absence->first_open_ms, absence->last_open_ms, 1, "%s",
                        absence->reason);
        if (absence->last_open_ms > covered_ms)
            covered_ms = absence->last_open_ms;
    }
    return code;
}
