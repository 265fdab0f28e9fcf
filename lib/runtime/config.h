/* The configuration: one YAML file, the environment over it, flags over that, all through the table options.def.
 * Every error is reported, each as file:line:column with what was expected. */
/* SPDX-License-Identifier: MIT */
#ifndef WICK_RUNTIME_CONFIG_H
#define WICK_RUNTIME_CONFIG_H

#include "lib/base/error.h"
#include "lib/base/secret.h"
#include "proto/links.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define EVERY_ROLE ((1u << ROLES) - 1)

enum option_type { OPTION_INTEGER, OPTION_BOOL, OPTION_TEXT, OPTION_LIST, OPTION_AMOUNT, OPTION_SECRET };

typedef int64_t option_INTEGER;
typedef bool option_BOOL;
typedef const char *option_TEXT;
typedef const char *option_LIST;
typedef int64_t option_AMOUNT; /* 10^-8 of the quote asset */
typedef struct secret option_SECRET;

/* The values: config->exchange_name, config->limits_open_positions, ... */
struct config {
#define SECTION(section, sentence)
#define OPTION(section, key, type, initial, minimum, maximum, unit, readers, sentence) option_##type section##_##key;
#include "lib/runtime/options.def"
#undef SECTION
#undef OPTION
};

struct option_row {
    const char *section, *key;
    enum option_type type;
    const char *initial; /* default, as text */
    int64_t minimum, maximum;
    const char *unit;
    unsigned readers; /* ROLE_BIT of each role that is given the value */
    const char *sentence;
    size_t offset; /* in struct config */
};

extern const struct option_row options[];
extern const size_t option_count;

/* Reads the configuration of a process of this role (ROLES: all of it, for tools).
 * Flags in argv: --config FILE, --section.key VALUE (or =VALUE), --help is for the caller. The environment's secrets
 * are erased from it after they were read. Writes every error to `errors`, one a line.
 * 0; ERROR_CONFIGURATION after errors were written; ERROR_ARGUMENT for a flag that does not exist (usage).
 * The result is owned by the caller until config_destroy. */
int config_load(unsigned readers, int argc, char **argv, FILE *errors, struct config **out) MUST_CHECK;
void config_destroy(struct config *config);

/* Where the value of an option came from: "default", "environment WICK_A__B", "flag --a.b" or "file:line". */
const char *config_origin(const struct config *config, const struct option_row *option);

/* Writes an option's value as text. A secret is written as "(secret)" or "(not given)". */
void config_print_value(const struct config *config, const struct option_row *option, FILE *out);

/* Takes the next word of a LIST value: *at moves behind it. False when there is none left. */
bool config_next_word(const char **at, char *word, size_t capacity);

/* The sample configuration, the table of options as Markdown, and the flags for --help. */
void config_print_sample(FILE *out);
void config_print_page(FILE *out);
void config_print_help(enum role role, FILE *out);

#endif
