/* Private to the configuration: one option's value from text and back. */
/* SPDX-License-Identifier: MIT */
#ifndef WICK_RUNTIME_CONFIG_VALUE_H
#define WICK_RUNTIME_CONFIG_VALUE_H

#include "lib/runtime/config.h"

/* Where a value came from. */
struct origin {
    char text[160]; /* "default", "environment WICK_A__B", "flag --a.b", "file:line" */
};

/* A configuration with what only its makers need. `config` comes first, so that a pointer to it is one to this. */
struct loaded {
    struct config config;
    struct origin *origins; /* one an option; owned */
    char **texts;           /* the text of TEXT and LIST values, one an option; owned */
    unsigned readers;       /* whose values are kept */
    FILE *errors;
    int error_count;
};

/* Checks text against the option's row and stores it, if one of the readers may have it.
 * ERROR_CONFIGURATION with what was expected; ERROR_MEMORY. */
int config_value_set(struct loaded *loaded, size_t option, const char *text, size_t length) MUST_CHECK;

/* What text the option takes, for people: "an integer from 1 to 100". */
void config_value_expected(const struct option_row *row, char *out, size_t capacity);

#endif
