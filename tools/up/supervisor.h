/* Runs a plan: starts the processes in order, starts again what dies, shows how it goes, and stops them all. */
/* SPDX-License-Identifier: MIT */
#ifndef WICK_TOOLS_UP_SUPERVISOR_H
#define WICK_TOOLS_UP_SUPERVISOR_H

#include "lib/base/error.h"
#include "tools/up/plan.h"

enum {
    SUPERVISOR_STOP_MS = 10000,       /* for all processes to end by themselves; then they are killed */
    SUPERVISOR_READY_LIMIT_MS = 120000, /* a run with --for must be ready by then */
};

/* Lets the signals that end a run wait until supervisor_run looks at them. Call it before anything takes long. */
void supervisor_hold_signals(void);

/* Runs until SIGINT, SIGTERM or SIGHUP comes, --for is over, or a process has to be given up. 0; a code with its
 * message when the run has failed (ERROR_TIMEOUT: it was not ready in time), after everything was stopped. */
int supervisor_run(struct plan *plan) MUST_CHECK;

#endif
