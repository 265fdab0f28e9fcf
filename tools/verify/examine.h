/* The examination of one series: its candles go by once, ascending, beside its absences. Pure; what is found goes to
 * callbacks as it is found. */
/* SPDX-License-Identifier: MIT */
#ifndef WICK_VERIFY_EXAMINE_H
#define WICK_VERIFY_EXAMINE_H

#include "tools/verify/damage.h"

#include <stddef.h>

enum {
    EXAMINE_REASONS_MAX = 8,
    EXAMINE_TOLERANCE_MS = 60000, /* how far the exchange's clock may be ahead of `now_ms` */
    EXAMINE_SLIP_CANDLES = 1000,  /* a slip that is not undone within so many is a change of the level */
};

/* An absence of the series, with what the examination learns of it. */
struct examined_absence {
    struct audit_absence absence;
    int64_t candles; /* that lie in it */
};

/* Stretches that are explained in the same way. */
struct explained {
    char reason[AUDIT_REASON_SIZE];
    int64_t gaps, candles;
};

/* What is known of a series at the end. */
struct examination_summary {
    int64_t candles; /* rows */
    int64_t first_ms, last_ms;
    struct explained explained[EXAMINE_REASONS_MAX]; /* more reasons than that are counted with the last */
    size_t explained_count;
    int64_t holes, hole_candles; /* that nothing explains */
    int64_t wrong, notes;        /* findings */
};

/* Receives a stretch without candles that an absence explains. */
typedef int (*explained_fn)(void *user, const struct audit_series *series, int64_t first_ms, int64_t last_ms,
                            int64_t count, const char *reason);

struct examination {
    const struct audit_series *series;
    struct examined_absence *absences; /* by their beginnings; those that are impossible are moved out of the way */
    size_t absence_count;
    int64_t now_ms; /* of the exchange's clock */
    finding_fn on_finding;
    explained_fn on_explained; /* NULL: not wanted */
    void *user;
    struct examination_summary summary;

    /* Private. */
    int64_t step_ms;
    struct audit_candle previous; /* the row before */
    int64_t copies;               /* of the previous row, beyond the first */
    bool copies_differ;
    int64_t next_ms;       /* open time behind the last good candle; INT64_MIN: none yet */
    size_t absence_at;     /* the first that does not end before the candle */
    struct audit_candle priced; /* the last candle whose prices can be compared */
    bool is_priced;
    int slip;              /* power of ten that prices have jumped by; 0: none */
    int64_t slip_first_ms, slip_candles;
};

/* Whether an absence can explain anything: it lies on the grid, in order, and not all before 2009 or beyond now. */
bool absence_is_possible(const struct audit_absence *absence, uint32_t interval_s, int64_t now_ms);

/* Begins: `absences` are the series' own, by their beginnings; the array is the caller's. Reports those that are
 * impossible. Codes are those of the callbacks; so with all that follow. */
int examine_begin(struct examination *examination) MUST_CHECK;

/* The next row; open times ascend or repeat. */
int examine_candle(struct examination *examination, const struct audit_candle *candle) MUST_CHECK;

/* Behind the last row. */
int examine_end(struct examination *examination) MUST_CHECK;

#endif
