/* The environment and the arguments of one process of a run. A process is given the options of its role and no
 * others, so that each secret reaches only who needs it. */
/* SPDX-License-Identifier: MIT */
#ifndef WICK_TOOLS_UP_ENVIRONMENT_H
#define WICK_TOOLS_UP_ENVIRONMENT_H

#include "lib/base/error.h"
#include "tools/up/plan.h"

#include <stddef.h>

enum {
    STRINGS_MAX = 160,
    STRINGS_SIZE = 256 * 1024,
};

/* Strings for execve, its arguments or its environment. Erase them with strings_release: they may hold secrets. */
struct strings {
    char *strings[STRINGS_MAX + 1]; /* they point into text; NULL at the end */
    int count;
    int code; /* of the first string that did not fit; 0: all did */
    char text[STRINGS_SIZE];
    size_t used;
};

/* Erases them. */
void strings_release(struct strings *strings);

/* Builds the environment of a process: what every program needs of ours, the options that we were given by our
 * environment, and what the plan settles. `role` ROLES: the simulated exchange, which takes arguments instead.
 * ERROR_FULL, ERROR_MEMORY. */
int environment_build(const struct plan *plan, enum role role, int health_port, struct strings *out) MUST_CHECK;

/* Builds the arguments of the simulated exchange. ERROR_FULL. */
int simulator_arguments(const struct plan *plan, struct strings *out) MUST_CHECK;

#endif
