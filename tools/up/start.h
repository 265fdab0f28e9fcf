/* Whether a start gets on. One that does not, because no market matches, the exchange cannot be reached or the like, is
 * ended with the cause that the process gave which is waited for. */
/* SPDX-License-Identifier: MIT */
#ifndef WICK_TOOLS_UP_START_H
#define WICK_TOOLS_UP_START_H

#include "lib/base/error.h"
#include "tools/up/child.h"

#include <stdint.h>

enum {
    START_STUCK_MS = 60000,  /* without a step, where the process that is waited for complains */
    START_SILENT_MS = 600000, /* where it does not: a migration of a large database says nothing and may last */
    START_MARKS = 4,
};

/* How far a start has come; zeroed at first. */
struct start {
    double best[START_MARKS]; /* ready processes, symbols, candles, history: the most so far */
    int64_t stepped_ms;       /* monotonic, when one of them grew */
};

/* Looks at the children of a run that is not ready. ERROR_TIMEOUT, with the cause, when it does not get on. */
int start_check(struct start *start, const struct child *children, int count, int64_t now_ms) MUST_CHECK;

#endif
