/* How far a long piece of work is, on standard error: a bar that is redrawn in place on a terminal, a line now and then
 * where there is none. */
/* SPDX-License-Identifier: MIT */
#ifndef WICK_TOOLS_COMMON_PROGRESS_H
#define WICK_TOOLS_COMMON_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

enum {
    PROGRESS_REDRAW_MS = 200, /* on a terminal */
    PROGRESS_PLAIN_MS = 5000, /* elsewhere */
};

struct progress {
    const char *what; /* "import"; must stay valid */
    bool is_terminal, is_drawn;
    int64_t shown_ms; /* monotonic; when it was shown last */
};

/* Begins; nothing is shown yet. */
void progress_open(struct progress *progress, const char *what);

/* Shows it if it is time to: the share that is done, 0 to 1, and a text for people. Cheap when it is not. */
void progress_show(struct progress *progress, double share, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Erases the bar, so that something else can be written. */
void progress_erase(struct progress *progress);

#endif
