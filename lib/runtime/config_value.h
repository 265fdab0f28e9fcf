/* Private to the configuration: one option's value from text and back, and what its parts share. */
/* SPDX-License-Identifier: MIT */
#ifndef WICK_RUNTIME_CONFIG_VALUE_H
#define WICK_RUNTIME_CONFIG_VALUE_H

#include "lib/runtime/config.h"

enum { PLACE_SIZE = 512 };

/* Where a value came from. */
struct origin {
    char text[PLACE_SIZE]; /* "default", "environment WICK_A__B", "flag --a.b", "file:line:column" */
    int line;              /* in the file, from 1; 0: the file does not give it */
    int section_line;      /* of the section, if this is its first option; as `line` */
    bool refused;          /* somebody gave a value that was refused */
};

/* A configuration with what only its makers need. `config` comes first, so that a pointer to it is one to this. */
struct loaded {
    struct config config;
    struct origin *origins; /* one an option; owned */
    char **texts;           /* the text of WORD and WORDS values, one an option; owned */
    unsigned readers;       /* whose secrets are kept */
    FILE *errors;
    int error_count;
};

enum option_kept { KEPT_NUMBER, KEPT_WORD, KEPT_WORDS, KEPT_HIDDEN };

/* How an option's value is kept. */
enum option_kept config_kept(const struct option_row *option);

/* Writes an error as a line of its own, and counts it. */
void config_report(struct loaded *loaded, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Sets one option from text that stands at `place`; reports what is wrong with it. */
void config_set(struct loaded *loaded, size_t option, const char *text, size_t length, const char *place);

/* The option of a name whose parts may be in any case; option_count if there is none. */
size_t config_find(const char *section, size_t section_length, const char *key, size_t key_length);

/* Checks text against the option's row and stores it, if one of the readers may have it.
 * ERROR_CONFIGURATION with what was expected; ERROR_MEMORY. */
int config_value_set(struct loaded *loaded, size_t option, const char *text, size_t length) MUST_CHECK;

/* What text the option takes, for people: "an integer from 1 to 100". */
void config_value_expected(const struct option_row *row, char *out, size_t capacity);

/* Checks the form of a WORD, WORDS or HIDDEN value whose length is right, and brings it into its one spelling (an
 * exchange's or a choice's name in lower case). ERROR_CONFIGURATION with what was expected; a secret is not repeated. */
int config_form_check(const struct option_row *row, char *text) MUST_CHECK;

/* ERROR_CONFIGURATION: the text, unless it is a secret, is not what the option takes. */
int config_refuse(const struct option_row *row, const char *text, size_t length) MUST_CHECK;

/* Reads the YAML file; reports what is wrong with it. */
void config_read_file(struct loaded *loaded, const char *file);

/* Reports what does not go together, unless one of the values was refused already. */
void config_check_rules(struct loaded *loaded);

#endif
