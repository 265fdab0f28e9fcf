/* How a run goes, from what its processes say: the status line, and DATA/run.json. */
/* SPDX-License-Identifier: MIT */
#ifndef WICK_TOOLS_UP_REPORT_H
#define WICK_TOOLS_UP_REPORT_H

#include "tools/up/child.h"
#include "tools/up/terminal.h"

#include <stdint.h>

enum { REPORT_RATE_SAMPLES = 8 };

/* The candles published, at the times of the last samples; zeroed at first. */
struct rate {
    int64_t at_ms[REPORT_RATE_SAMPLES];
    double total[REPORT_RATE_SAMPLES];
    int count; /* samples taken so far */
};

/* Takes a sample. */
void rate_sample(struct rate *rate, int64_t at_ms, double total);

/* How many a second, over the samples that are kept; NAN with fewer than two. */
double rate_per_second(const struct rate *rate);

/* How many children are ready now; *waiting_for is set to the name of the first that is not, else NULL. */
int report_ready(const struct child *children, int count, const char **waiting_for);

/* What a run has come to; NAN: not known. Counts are those of this run. */
struct run_totals {
    double candles, signals, trades, equity;
};

/* Adds it up. */
void report_totals(const struct child *children, int count, struct run_totals *out);

/* What kind of run it is: whether simulated, on paper, in which asset. */
void report_kind(const struct plan *plan, struct run_status *out);

/* The numbers of the status line; state and elapsed_ms are the caller's. */
void report_status(const struct plan *plan, const struct child *children, int count, const struct rate *rate,
                   struct run_status *out);

/* Writes DATA/run.json. ERROR_SYSTEM. */
int report_write(const struct plan *plan, const struct child *children, int count, int64_t started_ms) MUST_CHECK;

#endif
