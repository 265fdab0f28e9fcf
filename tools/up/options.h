/* The arguments of `wick up`. */
/* SPDX-License-Identifier: MIT */
#ifndef WICK_TOOLS_UP_OPTIONS_H
#define WICK_TOOLS_UP_OPTIONS_H

#include "lib/base/error.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

enum {
    UP_ANALYZERS_DEFAULT = 20,
    UP_ANALYZERS_MAX = 200,
    UP_SPEED_GENERATED = 20, /* how fast the generated market runs unless told */
    UP_SETTINGS_MAX = 64,    /* flags --section.key, with their values */
};

/* What was given; 0 or NULL: not given. Strings are those of argv. */
struct up_options {
    bool help;
    bool wait;
    const char *exchange;
    const char *replay;
    int64_t speed;
    int64_t symbols;
    int64_t analyzers; /* never 0: the default is filled in */
    const char *data;
    int64_t port;
    const char *config;
    const char *database;
    int64_t for_s;
    const char *settings[2 * UP_SETTINGS_MAX]; /* flags --section.key as they were written, for config_load */
    int setting_count;                         /* strings in it */
};

/* Reads argv, with values as "--name VALUE" or "--name=VALUE". ERROR_ARGUMENT with what was wrong, where, and what
 * was expected. */
int up_options_read(int argc, char **argv, struct up_options *out) MUST_CHECK;

/* What --help prints. */
void up_options_help(FILE *out);

#endif
