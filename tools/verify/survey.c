/* SPDX-License-Identifier: MIT */
#include "tools/verify/survey.h"

#include "lib/base/interval.h"
#include "tools/common/array.h"
#include "tools/verify/spelling.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A survey at work. */
struct work {
    const struct survey *survey;
    struct audit_series *series; /* all of the store; owned */
    size_t count, capacity;
    size_t at; /* the one at hand */
    struct examined_absence *absences; /* of it; owned */
    size_t absence_count, absence_capacity;
    struct examination examination;
    int64_t candles; /* so far, of all */
};

static bool is_whole_store(const struct survey_filter *filter)
{
    return filter->exchange == NULL && filter->symbol == NULL && filter->interval_s == 0;
}

static bool is_wanted(const struct survey_filter *filter, const struct audit_series *series)
{
    return (filter->exchange == NULL || strcmp(filter->exchange, series->exchange) == 0) &&
           (filter->symbol == NULL || strcmp(filter->symbol, series->symbol) == 0) &&
           (filter->interval_s == 0 || filter->interval_s == series->interval_s);
}

static int tell(const struct work *work, const struct finding *finding)
{
    return work->survey->listener.finding(work->survey->listener.user, finding);
}

/* ---- the database as a whole ---- */

static int report_damage(void *user, const char *text)
{
    struct finding finding = {.damage = DAMAGE_DATABASE, .count = 1};
    (void)snprintf(finding.text, sizeof finding.text, "%s", text);
    return tell(user, &finding);
}

static int report_stray(void *user, const struct audit_stray *stray)
{
    struct finding finding = {
        .damage = DAMAGE_ORPHAN,
        .first_ms = stray->first_ms,
        .last_ms = stray->last_ms,
        .count = stray->count,
        .stray = stray,
    };
    (void)snprintf(finding.text, sizeof finding.text, "%" PRId64 " rows in %s under the series id %" PRId64, stray->count,
                   stray->table, stray->series_id);
    return tell(user, &finding);
}

static int check_whole(struct work *work)
{
    struct audit *audit = work->survey->audit;
    bool has_key = true;
    int code = audit_damage(audit, report_damage, work);
    if (code == 0)
        code = audit_has_key(audit, &has_key);
    if (code == 0 && !has_key)
        code = tell(work, &(struct finding){.damage = DAMAGE_KEY_LOST, .count = 1});
    if (code == 0)
        code = audit_strays(audit, report_stray, work);
    return code == 0 ? spelling_check(work->series, work->count, work->survey->listener.finding,
                                      work->survey->listener.user)
                     : code;
}

/* ---- one series ---- */

static int take_absence(void *user, const struct audit_absence *absence)
{
    struct work *work = user;
    int code = array_make_room((void **)&work->absences, work->absence_count, &work->absence_capacity, sizeof *work->absences);
    if (code == 0)
        work->absences[work->absence_count++] = (struct examined_absence){.absence = *absence};
    return code;
}

static int take_candle(void *user, const struct audit_candle *candle)
{
    struct work *work = user;
    const struct survey *survey = work->survey;
    const struct audit_series *series = &work->series[work->at];
    if (*survey->interrupted != 0)
        return error_set(ERROR_AGAIN, "interrupted");
    if (++work->candles % 4096 == 0)
        progress_show(survey->progress, (double)work->at / (double)work->count, "%s %s, %" PRId64 " candles",
                      series->exchange, series->symbol, work->candles);
    return examine_candle(&work->examination, candle);
}

static int report_lost_revised(void *user, int64_t open_time_ms)
{
    struct work *work = user;
    work->examination.summary.wrong++;
    return tell(work, &(struct finding){
                          .damage = DAMAGE_REVISION_LOST,
                          .series = &work->series[work->at],
                          .first_ms = open_time_ms,
                          .last_ms = open_time_ms,
                          .count = 1,
                      });
}

int survey_now(const struct survey *survey, const char *exchange, int64_t *now_ms)
{
    *now_ms = survey->now_ms;
    return survey->now_ms != 0 ? 0 : database_exchange_now(survey->audit, survey->choice, exchange, now_ms);
}

static int examine_rows(struct work *work)
{
    struct audit *audit = work->survey->audit;
    const struct audit_series *series = &work->series[work->at];
    int64_t now_ms = 0;
    work->absence_count = 0;
    int code = audit_absences(audit, series->id, take_absence, work);
    if (code == 0)
        code = survey_now(work->survey, series->exchange, &now_ms);
    work->examination = (struct examination){
        .series = series,
        .absences = work->absences,
        .absence_count = work->absence_count,
        .now_ms = now_ms,
        .on_finding = work->survey->listener.finding,
        .on_explained = work->survey->listener.explained,
        .user = work->survey->listener.user,
    };
    if (code == 0)
        code = examine_begin(&work->examination);
    if (code == 0)
        code = audit_candles(audit, series->id, INT64_MIN, INT64_MAX, take_candle, work);
    if (code == 0)
        code = examine_end(&work->examination);
    return code == 0 ? audit_lost_revised(audit, series->id, report_lost_revised, work) : code;
}

/* An interval that no clock can count by is only told of. */
static int examine_series(struct work *work)
{
    const struct audit_series *series = &work->series[work->at];
    bool countable = series->interval_s > 0 && series->interval_s <= INT32_MAX;
    struct finding finding = {.damage = DAMAGE_UNKNOWN_INTERVAL, .series = series, .count = 1};
    int code = 0;
    work->examination.summary = (struct examination_summary){0};
    if (!countable || interval_name((uint32_t)series->interval_s) == NULL) {
        (void)snprintf(finding.text, sizeof finding.text, "%" PRId64 " s", series->interval_s);
        code = tell(work, &finding);
    }
    if (code == 0 && countable)
        code = examine_rows(work);
    if (code == 0 && work->survey->listener.series != NULL)
        code = work->survey->listener.series(work->survey->listener.user, series, &work->examination.summary);
    return code;
}

static int take_series(void *user, const struct audit_series *series)
{
    struct work *work = user;
    int code = array_make_room((void **)&work->series, work->count, &work->capacity, sizeof *work->series);
    if (code == 0)
        work->series[work->count++] = *series;
    return code;
}

static int search(struct work *work)
{
    const struct survey *survey = work->survey;
    int code = audit_list_series(survey->audit, take_series, work);
    if (code == 0 && is_whole_store(&survey->filter))
        code = check_whole(work);
    for (work->at = 0; work->at < work->count && code == 0; work->at++)
        if (is_wanted(&survey->filter, &work->series[work->at]))
            code = examine_series(work);
    return code;
}

int survey_run(const struct survey *survey)
{
    struct work *work = calloc(1, sizeof *work);
    if (work == NULL)
        return error_set(ERROR_MEMORY, "no memory for a survey");
    work->survey = survey;
    int code = audit_begin(survey->audit);
    if (code == 0) {
        code = search(work);
        int ended = audit_end(survey->audit);
        code = code != 0 ? code : ended;
    }
    progress_erase(survey->progress);
    free(work->series);
    free(work->absences);
    free(work);
    return code;
}
