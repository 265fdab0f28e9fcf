/* What wick verify writes: text for people, or JSON: an array with an object a line, each with its "type". */
/* SPDX-License-Identifier: MIT */
#ifndef WICK_VERIFY_REPORT_H
#define WICK_VERIFY_REPORT_H

#include "tools/verify/survey.h"

#include <stdbool.h>

enum { REPORT_SHOWN = 20 /* findings of one damage and series in the text */ };

struct report {
    bool json, all, gaps; /* as in --json, --all, --gaps */
    struct progress *progress;

    /* Counted on the way. */
    int64_t series, candles, wrong, notes;
    int64_t found[DAMAGES];
    struct explained explained[EXAMINE_REASONS_MAX];
    size_t explained_count;

    /* Private. */
    bool has_rows;               /* of JSON */
    const struct audit_series *series_at; /* whose findings are shown */
    int64_t shown[DAMAGES];      /* of it */
};

/* The listener of a survey that reports. */
struct survey_listener report_listener(struct report *report);

/* Writes what --repair has done: a verb ("removed", "fetched", "absent", "failed", ...) and its object. `series` may be
 * NULL. */
void report_action(struct report *report, const char *verb, const struct audit_series *series, int64_t first_ms,
                   int64_t last_ms, int64_t count, const char *text);

/* Ends what was begun where the sums are not known: it failed, or was interrupted. */
void report_break_off(struct report *report);

/* Writes the sums, and ends it. */
void report_end(struct report *report);

#endif
