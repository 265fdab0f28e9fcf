/* Ctrl-C and SIGTERM as a flag that is looked at between two pieces of work. */
/* SPDX-License-Identifier: MIT */
#ifndef WICK_TOOLS_COMMON_STOP_H
#define WICK_TOOLS_COMMON_STOP_H

#include <signal.h>

/* From now on these signals set the flag, which is returned; a second one ends the program at once. */
const volatile sig_atomic_t *stop_on_signals(void);

#endif
