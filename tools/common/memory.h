/* How much memory a process takes. */
/* SPDX-License-Identifier: MIT */
#ifndef WICK_TOOLS_COMMON_MEMORY_H
#define WICK_TOOLS_COMMON_MEMORY_H

#include <sys/types.h>

/* The proportional set size in bytes: its own memory and its share of what it shares. 0 if the process is gone, or
 * hides it from us as the hardened ones do, which tell it themselves in their metrics. */
double memory_of_pid(pid_t pid);

#endif
