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

enum option_type {
#define TYPE(name, c_type, kept, expected) OPTION_##name,
#include "lib/runtime/option_types.def"
#undef TYPE
};

#define TYPE(name, c_type, kept, expected) typedef c_type option_##name;
#include "lib/runtime/option_types.def"
#undef TYPE

/* The values: config->exchange_name, config->limits_open_positions, ... */
struct config {
    const struct loaded *loaded; /* where they came from; NULL in one that was not read by config_load */
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
    const char *unit; /* of a number; the choices of a CHOICE and the schemes of a URL, with | between them */
    unsigned readers; /* ROLE_BIT of each role that is given the value */
    const char *sentence;
    size_t offset; /* in struct config */
};

extern const struct option_row options[];
extern const size_t option_count;

/* Reads the configuration of a process of this role (EVERY_ROLE: all of it, for tools) and checks all of it, each value
 * and what does not go together: what is accepted here no process refuses later, but for what the exchange and the
 * machine have to say. Flags in argv: --config FILE, --section.key VALUE (or =VALUE), --help is for the caller. The
 * environment's secrets are erased from it after they were read. Writes every error to `errors`, one a line, with its
 * place; none repeats a secret.
 * 0; ERROR_CONFIGURATION after errors were written; ERROR_ARGUMENT for a flag that does not exist (usage).
 * The result is owned by the caller until config_destroy. */
int config_load(unsigned readers, int argc, char **argv, FILE *errors, struct config **out) MUST_CHECK;
void config_destroy(struct config *config);

/* Whether the option is a secret: its value is printed nowhere. */
bool option_is_secret(const struct option_row *option);

/* Where the value of an option came from: "default", "environment WICK_A__B", "flag --a.b" or "file:line:column";
 * "default" in a configuration that config_load did not read. */
const char *config_origin(const struct config *config, const struct option_row *option);

/* Writes an option's value as text. A secret is written as "(secret)" or "(not given)". */
void config_print_value(const struct config *config, const struct option_row *option, FILE *out);

/* Takes the next word of a WORDS value: *at moves behind it. False when there is none left. */
bool config_next_word(const char **at, char *word, size_t capacity);

/* How long candles of an interval are kept. */
struct retention {
    uint32_t interval_s;
    int64_t keep_ms; /* 0: for ever */
};

/* Reads one word of database.retention, as "1m=365d". ERROR_CONFIGURATION with what was expected. */
int config_read_retention(const char *word, struct retention *out) MUST_CHECK;

/* The sample configuration, the table of options as Markdown, and the flags for --help. */
void config_print_sample(FILE *out);
void config_print_page(FILE *out);
void config_print_help(enum role role, FILE *out);

#endif
