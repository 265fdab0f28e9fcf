/* What is to be done is gathered by a survey first, and done when it is over: a survey reads, and nothing writes while
 * it does. */
/* SPDX-License-Identifier: MIT */
#include "tools/verify/repair.h"

#include "lib/base/clock.h"
#include "lib/base/interval.h"
#include "tools/common/array.h"
#include "tools/verify/fetch.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum { REMOVALS_A_TRANSACTION = 500 };

/* A finding, with its own copy of what it is about. */
struct mending {
    struct finding finding;
    struct audit_series series; /* if the finding has one */
    struct audit_stray stray;   /* likewise */
};

struct work {
    struct repair *repair;
    struct mending *actions; /* owned */
    size_t count, capacity;
    int64_t left_out; /* findings beyond REPAIR_ACTIONS_MAX */
    struct stretch *stretches; /* owned */
    size_t stretch_count, stretch_capacity;
};

/* ---- gathering ---- */

static int gather_finding(void *user, const struct finding *finding)
{
    struct work *work = user;
    if (work->count == REPAIR_ACTIONS_MAX) {
        work->left_out++;
        return 0;
    }
    int code = array_make_room((void **)&work->actions, work->count, &work->capacity, sizeof *work->actions);
    if (code != 0)
        return code;
    struct mending *action = &work->actions[work->count++];
    *action = (struct mending){.finding = *finding};
    if (finding->series != NULL)
        action->series = *finding->series;
    if (finding->stray != NULL)
        action->stray = *finding->stray;
    action->finding.series = NULL; /* they live no longer than the survey */
    action->finding.stray = NULL;
    return 0;
}

static int gather(struct work *work)
{
    struct survey survey = work->repair->survey;
    work->count = 0;
    survey.listener = (struct survey_listener){.user = work, .finding = gather_finding};
    return survey_run(&survey);
}

static enum damage_cure cure_of(const struct mending *action)
{
    return damages[action->finding.damage].cure;
}

static int add_stretch(struct work *work, const struct mending *action, bool is_hole)
{
    int code = array_make_room((void **)&work->stretches, work->stretch_count, &work->stretch_capacity,
                         sizeof *work->stretches);
    if (code == 0)
        work->stretches[work->stretch_count++] = (struct stretch){
            .series = action->series,
            .first_ms = action->finding.first_ms,
            .last_ms = action->finding.last_ms,
            .is_hole = is_hole,
        };
    return code;
}

/* ---- taking out ---- */

static int remove_one(struct work *work, const struct mending *action)
{
    const struct finding *finding = &action->finding;
    int64_t removed = 0;
    int64_t keep = finding->damage == DAMAGE_DUPLICATE && finding->is_alike ? 1 : 0;
    int code = audit_remove(work->repair->survey.audit, &action->series, finding->first_ms, keep,
                            damages[finding->damage].name, clock_wall_ms(), &removed);
    if (code == 0 && removed > 0)
        report_action(work->repair->report, "removed", &action->series, finding->first_ms, finding->last_ms, removed,
                      damages[finding->damage].name);
    bool may_exist = finding->damage != DAMAGE_OFF_GRID && finding->damage != DAMAGE_FUTURE &&
                     finding->damage != DAMAGE_TOO_EARLY && keep == 0;
    return code == 0 && may_exist ? add_stretch(work, action, false) : code;
}

static int remove_stray(struct work *work, const struct mending *action)
{
    const struct audit_stray *stray = &action->stray;
    int code = audit_remove_stray(work->repair->survey.audit, stray, damages[action->finding.damage].name, clock_wall_ms());
    if (code == 0)
        report_action(work->repair->report, "removed", NULL, stray->first_ms, stray->last_ms, stray->count,
                      action->finding.text);
    return code;
}

static int take_out_some(struct work *work, size_t *at)
{
    struct audit *audit = work->repair->survey.audit;
    int code = audit_change_begin(audit), done = 0;
    if (code != 0)
        return code;
    for (; *at < work->count && done < REMOVALS_A_TRANSACTION && code == 0; ++*at) {
        const struct mending *action = &work->actions[*at];
        if (cure_of(action) == CURE_REMOVE)
            code = remove_one(work, action);
        else if (cure_of(action) == CURE_STRAY)
            code = remove_stray(work, action);
        done += cure_of(action) == CURE_REMOVE || cure_of(action) == CURE_STRAY;
    }
    return audit_change_end(audit, code);
}

static bool needs(const struct work *work, enum damage_cure cure)
{
    for (size_t i = 0; i < work->count; i++)
        if (cure_of(&work->actions[i]) == cure)
            return true;
    return false;
}

static int take_out(struct work *work)
{
    int code = 0;
    if (!needs(work, CURE_REMOVE) && !needs(work, CURE_STRAY))
        return 0;
    for (size_t at = 0; at < work->count && code == 0;) {
        code = take_out_some(work, &at);
        if (code == 0 && *work->repair->survey.interrupted != 0)
            code = error_set(ERROR_AGAIN, "interrupted");
    }
    return code;
}

static int make_key(struct work *work)
{
    struct audit *audit = work->repair->survey.audit;
    if (!needs(work, CURE_KEY))
        return 0;
    int code = audit_make_key(audit);
    if (code != 0)
        return error_context(code, "make the key of the candles");
    report_action(work->repair->report, "made", NULL, 0, 0, 1, "the unique key of the candles");
    return 0;
}

/* ---- absences ---- */

/* The absences of one series, on their way to explain each time once and no candle. */
struct trim {
    struct audit_absence *before, *after; /* owned */
    size_t before_count, before_capacity, after_count, after_capacity, at;
    uint32_t interval_s;
    int64_t now_ms, step_ms, covered_ms; /* the last open time that `after` or a candle has */
};

static int take_absence(void *user, const struct audit_absence *absence)
{
    struct trim *trim = user;
    int code = array_make_room((void **)&trim->before, trim->before_count, &trim->before_capacity, sizeof *trim->before);
    if (code == 0)
        trim->before[trim->before_count++] = *absence;
    return code;
}

/* Keeps what the absences explain in front of `until_ms`. */
static int keep_until(struct trim *trim, int64_t until_ms)
{
    int code = 0;
    while (code == 0 && trim->at < trim->before_count && trim->before[trim->at].first_open_ms < until_ms) {
        struct audit_absence piece = trim->before[trim->at];
        bool ends = piece.last_open_ms < until_ms;
        if (piece.first_open_ms <= trim->covered_ms)
            piece.first_open_ms = trim->covered_ms + trim->step_ms;
        if (!ends)
            piece.last_open_ms = until_ms - trim->step_ms;
        if (absence_is_possible(&piece, trim->interval_s, trim->now_ms)) {
            code = array_make_room((void **)&trim->after, trim->after_count, &trim->after_capacity, sizeof *trim->after);
            if (code == 0)
                trim->after[trim->after_count++] = piece;
            trim->covered_ms = piece.last_open_ms;
        }
        if (!ends)
            break;
        trim->at++;
    }
    return code;
}

static int pass_candle(void *user, const struct audit_candle *candle)
{
    struct trim *trim = user;
    int code = keep_until(trim, candle->open_time_ms);
    if (candle->open_time_ms > trim->covered_ms)
        trim->covered_ms = candle->open_time_ms;
    return code;
}

static int replace_absences(struct audit *audit, int64_t series_id, const struct trim *trim)
{
    int code = audit_change_begin(audit);
    if (code != 0)
        return code;
    for (size_t i = 0; i < trim->before_count && code == 0; i++)
        code = audit_delete_absence(audit, series_id, trim->before[i].first_open_ms);
    for (size_t i = 0; i < trim->after_count && code == 0; i++)
        code = audit_add_absence(audit, series_id, &trim->after[i]);
    return audit_change_end(audit, code);
}

static int trim_series(struct work *work, const struct audit_series *series)
{
    struct audit *audit = work->repair->survey.audit;
    struct trim trim = {
        .interval_s = (uint32_t)series->interval_s,
        .step_ms = series->interval_s * 1000,
        .covered_ms = INT64_MIN,
    };
    int code = survey_now(&work->repair->survey, series->exchange, &trim.now_ms);
    if (code == 0)
        code = audit_absences(audit, series->id, take_absence, &trim);
    if (code == 0)
        code = audit_candles(audit, series->id, INT64_MIN, INT64_MAX, pass_candle, &trim);
    if (code == 0)
        code = keep_until(&trim, INT64_MAX);
    if (code == 0)
        code = replace_absences(audit, series->id, &trim);
    if (code == 0)
        report_action(work->repair->report, "trimmed", series, 0, 0, (int64_t)trim.before_count, "absences");
    free(trim.before);
    free(trim.after);
    return code;
}

static int trim_all(struct work *work)
{
    int64_t last_id = INT64_MIN; /* findings of a series follow each other */
    int code = 0;
    for (size_t i = 0; i < work->count && code == 0; i++) {
        const struct mending *action = &work->actions[i];
        if (cure_of(action) != CURE_TRIM || action->series.id == last_id)
            continue;
        last_id = action->series.id;
        code = trim_series(work, &action->series);
    }
    return code;
}

/* ---- fetching ---- */

static int fetch(struct work *work)
{
    int code = fetch_stretches(work->repair, work->stretches, work->stretch_count);
    work->stretch_count = 0;
    return code;
}

static int list_holes(struct work *work)
{
    int code = 0;
    for (size_t i = 0; i < work->count && code == 0; i++)
        if (cure_of(&work->actions[i]) == CURE_FETCH)
            code = add_stretch(work, &work->actions[i], work->actions[i].finding.damage == DAMAGE_HOLE);
    return code;
}

static int mend(struct work *work)
{
    int code = gather(work);
    if (code == 0)
        code = take_out(work);
    if (code == 0)
        code = make_key(work);
    if (code == 0)
        code = trim_all(work);
    if (code == 0)
        code = fetch(work); /* what was taken out */
    if (code == 0)
        code = gather(work); /* the holes that are left */
    if (code == 0)
        code = list_holes(work);
    return code == 0 ? fetch(work) : code;
}

int repair_run(struct repair *repair)
{
    struct work work = {.repair = repair};
    int code = mend(&work);
    if (work.left_out > 0)
        report_action(repair->report, "left for the next time", NULL, 0, 0, work.left_out, "findings");
    free(work.actions);
    free(work.stretches);
    return code;
}
