/* What a process gives up at its start, so that less can be taken from it. */
/* SPDX-License-Identifier: MIT */
#ifndef WICK_RUNTIME_HARDENING_H
#define WICK_RUNTIME_HARDENING_H

#include "lib/base/error.h"

/* New files are the owner's alone; no core dumps; no other process of the user may read its memory or environment;
 * no privileges can be gained. ERROR_SYSTEM naming the step that the system refused. */
int hardening_apply(void) MUST_CHECK;

#endif
