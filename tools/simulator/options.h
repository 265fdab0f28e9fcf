/* The command line of wick-simulator: one table of options. */
/* SPDX-License-Identifier: MIT */
#ifndef WICK_SIMULATOR_OPTIONS_H
#define WICK_SIMULATOR_OPTIONS_H

#include "lib/base/error.h"

#include <stdio.h>

struct simulator_options {
#define OPTION(name, argument, initial, sentence) const char *name;
#include "tools/simulator/options.def"
#undef OPTION
};

/* Reads --name VALUE and --name=VALUE; names have '-' for '_'. ERROR_ARGUMENT names what is not known or lacks its
 * value. Values are only taken, not judged; `help` is "" when it was asked for, else NULL. */
int simulator_options_read(int argc, char **argv, struct simulator_options *out) MUST_CHECK;

/* Writes the page of --help: options, then faults. */
void simulator_options_print_help(FILE *out);

#endif
