/* What people read about the options, printed from their rows. */
/* SPDX-License-Identifier: MIT */
#include "lib/runtime/config.h"
#include "lib/runtime/config_value.h"

#include <ctype.h>
#include <string.h>

static const struct {
    const char *name, *sentence;
} sections[] = {
#define SECTION(section, sentence) {#section, sentence},
#define OPTION(section, key, type, initial, minimum, maximum, unit, readers, sentence)
#include "lib/runtime/options.def"
#undef SECTION
#undef OPTION
};

enum { SECTION_COUNT = sizeof sections / sizeof sections[0] };

static void print_default(const struct option_row *row, FILE *out)
{
    bool number = config_kept(row) == KEPT_NUMBER;
    (void)fprintf(out, number ? "%s" : "\"%s\"", row->initial);
}

void config_print_sample(FILE *out)
{
    (void)fputs("# Every option with its default. Remove the '#' in front of what you change.\n", out);
    for (int s = 0; s < SECTION_COUNT; s++) {
        (void)fprintf(out, "\n# %s\n%s:\n", sections[s].sentence, sections[s].name);
        for (size_t i = 0; i < option_count; i++) {
            if (strcmp(options[i].section, sections[s].name) != 0)
                continue;
            (void)fprintf(out, "  # %s\n  #%s: ", options[i].sentence, options[i].key);
            print_default(&options[i], out);
            (void)fputc('\n', out);
        }
    }
}

static void print_variable(const struct option_row *row, FILE *out)
{
    (void)fputs("WICK_", out);
    for (const char *at = row->section; *at != '\0'; at++)
        (void)fputc(toupper((unsigned char)*at), out);
    (void)fputs("__", out);
    for (const char *at = row->key; *at != '\0'; at++)
        (void)fputc(toupper((unsigned char)*at), out);
}

static void print_page_row(const struct option_row *row, FILE *out)
{
    char expected[160];
    bool has_unit = config_kept(row) == KEPT_NUMBER && row->unit[0] != '\0';
    config_value_expected(row, expected, sizeof expected);
    (void)fprintf(out, "| `%s` | %s%s%s | ", row->key, expected, has_unit ? ", " : "", has_unit ? row->unit : "");
    if (row->initial[0] != '\0')
        (void)fprintf(out, "`%s`", row->initial);
    (void)fprintf(out, " | %s | `", row->sentence);
    print_variable(row, out);
    (void)fputs("` |\n", out);
}

void config_print_page(FILE *out)
{
    (void)fputs("# Configuration\n\n"
                "One YAML file (`--config FILE` or `WICK_CONFIG`), the environment over the file, flags over the\n"
                "environment. A flag is `--section.key VALUE` or `--section.key=VALUE`: of every process, of `./wick up`, which\n"
                "hands it to its processes, and of `./wick config`. (`up` itself settles where its processes are: their health\n"
                "ports, and the addresses of the links.) Unknown keys, values out of range and values that do not go together\n"
                "stop the start with status 4; all errors are reported at once, each with its place. `./wick config` makes the\n"
                "same check, prints the merged configuration and where each value came from; `./wick config --sample` prints a\n"
                "file to begin with.\n\n"
                "Words that begin with `*` or `!` stand in quotes: `symbols: [\"*USDT\", \"!*UPUSDT\"]`. Anchors, aliases and\n"
                "tags of YAML are not taken, and a name stands once in the file. A file that holds a password, a key or another\n"
                "secret must not be readable for everybody (`chmod 640`). Quotes around a variable's whole value, as Docker's\n"
                "`--env-file` keeps them, are taken off, except from a password, where they are refused.\n\n"
                "This page is printed by the program (`wick-pages configuration`).\n",
                out);
    for (int s = 0; s < SECTION_COUNT; s++) {
        (void)fprintf(out, "\n## %s\n\n%c%s.\n\n", sections[s].name, toupper((unsigned char)sections[s].sentence[0]),
                      sections[s].sentence + 1);
        (void)fputs("| option | takes | default | what it is | environment |\n|---|---|---|---|---|\n", out);
        for (size_t i = 0; i < option_count; i++)
            if (strcmp(options[i].section, sections[s].name) == 0)
                print_page_row(&options[i], out);
    }
}

void config_print_help(enum role role, FILE *out)
{
    (void)fprintf(out, "usage: wick-%s [--config FILE] [--section.key VALUE ...]\n\nThe %s %s.\n\noptions:\n",
                  roles[role].name, roles[role].name, roles[role].sentence);
    for (size_t i = 0; i < option_count; i++) {
        char flag[80];
        if ((options[i].readers & (1u << role)) == 0)
            continue;
        (void)snprintf(flag, sizeof flag, "--%s.%s", options[i].section, options[i].key);
        (void)fprintf(out, "  %-34s %s", flag, options[i].sentence);
        if (options[i].initial[0] != '\0')
            (void)fprintf(out, " (%s)", options[i].initial);
        (void)fputc('\n', out);
    }
}
