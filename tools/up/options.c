/* The arguments as a table. */
/* SPDX-License-Identifier: MIT */
#include "tools/up/options.h"

#include "lib/base/similar.h"

#include <errno.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

struct flag {
    const char *name, *value; /* the value's name in the help; "": it has none */
    bool is_number;
    int64_t minimum, maximum;
    size_t offset; /* in struct up_options */
    const char *sentence;
};

#define FIELD(member) offsetof(struct up_options, member)

static const struct flag flags[] = {
    {"exchange", "NAME", false, 0, 0, FIELD(exchange),
     "follow this one of `wick exchanges`: public data, no keys needed, paper money; simulated"},
    {"replay", "DIR", false, 0, 0, FIELD(replay),
     "the simulated exchange replays real candles: files SYMBOL_INTERVAL.csv.gz"},
    {"speed", "X", true, 1, 100000, FIELD(speed),
     "the simulated exchange's clock runs X times faster; 20, or 1 with --replay"},
    {"symbols", "N", true, 1, 10000, FIELD(symbols), "markets that are followed at most; 250"},
    {"analyzers", "N", true, 1, UP_ANALYZERS_MAX, FIELD(analyzers), "analyzers that are started; 20"},
    {"data", "DIR", false, 0, 0, FIELD(data), "directory of database, keys, password and logs; ./data"},
    {"port", "P", true, 1, 65535, FIELD(port), "the dashboard's port; 8080"},
    {"config", "FILE", false, 0, 0, FIELD(config), "configuration in YAML; see docs/configuration.md"},
    {"database", "URL", false, 0, 0, FIELD(database), "sqlite:PATH or postgresql://...; sqlite:DATA/wick.db"},
    {"wait", "", false, 0, 0, FIELD(wait),
     "go on waiting where a start does not get on; else it ends after 60 s with the cause"},
    {"for", "SECONDS", true, 1, 31536000, FIELD(for_s), "stop everything so long after it was ready, and exit 0"},
};

enum { FLAGS = sizeof flags / sizeof flags[0] };

void up_options_help(FILE *out)
{
    fputs("usage: wick up [OPTIONS]\n\n"
          "Runs everything on this machine: fetcher, analyzers, trader with paper money, persister, dashboard and,\n"
          "unless --exchange names a real one, the simulated exchange, which generates a market or replays one.\n"
          "Prints the dashboard's URL and password; Ctrl-C stops it all.\n\n",
          out);
    for (int i = 0; i < FLAGS; i++)
        fprintf(out, "  --%s %-*s %s\n", flags[i].name, (int)(18 - strlen(flags[i].name)), flags[i].value,
                flags[i].sentence);
    fputs("  --section.key VALUE  any option of the configuration, as --trader.stake 50; see docs/configuration.md\n"
          "\nExit status: 0 ok, 1 failed, 2 usage, 4 bad configuration, 5 the start did not get on.\n", out);
}

static const struct flag *find_flag(const char *name, size_t length)
{
    for (int i = 0; i < FLAGS; i++)
        if (strlen(flags[i].name) == length && memcmp(flags[i].name, name, length) == 0)
            return &flags[i];
    return NULL;
}

static int read_number(const struct flag *flag, const char *text, int64_t *out)
{
    char *end;
    errno = 0;
    long long number = strtoll(text, &end, 10);
    if (errno != 0 || end == text || *end != '\0' || number < flag->minimum || number > flag->maximum)
        return error_set(ERROR_ARGUMENT, "--%s is '%s'; expected a whole number from %" PRId64 " to %" PRId64,
                         flag->name, text, flag->minimum, flag->maximum);
    *out = number;
    return 0;
}

static int read_flag(const struct flag *flag, const char *text, struct up_options *out)
{
    void *member = (char *)out + flag->offset;
    if (flag->is_number)
        return read_number(flag, text, member);
    if (text[0] == '\0')
        return error_set(ERROR_ARGUMENT, "--%s is empty; expected %s", flag->name, flag->value);
    *(const char **)member = text;
    return 0;
}

/* Keeps a flag --section.key and its value for config_load. */
static int keep_setting(int argc, char **argv, int *i, size_t length, struct up_options *options)
{
    bool has_value = argv[*i][2 + length] == '=';
    int strings = has_value ? 1 : 2;
    if (!has_value && *i + 1 >= argc)
        return error_set(ERROR_ARGUMENT, "%s needs a value", argv[*i]);
    if (options->setting_count + strings > 2 * UP_SETTINGS_MAX)
        return error_set(ERROR_ARGUMENT, "more than %d flags --section.key", UP_SETTINGS_MAX);
    options->settings[options->setting_count++] = argv[*i];
    if (!has_value)
        options->settings[options->setting_count++] = argv[++*i];
    return 0;
}

/* What stands behind a = may be a secret, and so may a word that is no flag: neither is shown. */
static int refuse_argument(const char *argument, size_t length)
{
    char wrong[64], hint[100] = "";
    struct similar similar = {.wrong = wrong};
    if (strncmp(argument, "--", 2) != 0 && strpbrk(argument, ":@=$/") != NULL)
        return error_set(ERROR_ARGUMENT, "an argument is no option; `wick up --help` lists them");
    if (strncmp(argument, "--", 2) != 0)
        return error_set(ERROR_ARGUMENT, "'%s' is no option; `wick up --help` lists them", argument);
    (void)snprintf(wrong, sizeof wrong, "%.*s", (int)length, argument + 2);
    for (int i = 0; i < FLAGS; i++)
        similar_offer(&similar, flags[i].name);
    if (similar.best != NULL)
        (void)snprintf(hint, sizeof hint, "; did you mean '--%s'?", similar.best);
    return error_set(ERROR_ARGUMENT, "unknown option '--%s'%s; `wick up --help` lists them", wrong, hint);
}

static int read_argument(int argc, char **argv, int *i, struct up_options *options)
{
    const char *argument = argv[*i];
    if (strcmp(argument, "--help") == 0 || strcmp(argument, "-h") == 0) {
        options->help = true;
        return 0;
    }
    size_t length = strncmp(argument, "--", 2) == 0 ? strcspn(argument + 2, "=") : 0;
    const struct flag *flag = length > 0 ? find_flag(argument + 2, length) : NULL;
    if (flag == NULL && length > 0 && memchr(argument + 2, '.', length) != NULL)
        return keep_setting(argc, argv, i, length, options);
    if (flag == NULL)
        return refuse_argument(argument, length);
    if (flag->value[0] == '\0' && argument[2 + length] == '\0') {
        *(bool *)((char *)options + flag->offset) = true;
        return 0;
    }
    if (flag->value[0] == '\0')
        return error_set(ERROR_ARGUMENT, "--%s takes no value", flag->name);
    const char *text = argument[2 + length] == '=' ? argument + 3 + length : argv[++*i];
    if (text == NULL)
        return error_set(ERROR_ARGUMENT, "--%s needs a value: %s", flag->name, flag->value);
    return read_flag(flag, text, options);
}

int up_options_read(int argc, char **argv, struct up_options *out)
{
    struct up_options options = {.analyzers = UP_ANALYZERS_DEFAULT};
    for (int i = 1; i < argc; i++) {
        int code = read_argument(argc, argv, &i, &options);
        if (code != 0)
            return code;
    }
    if (options.exchange != NULL && options.replay != NULL)
        return error_set(ERROR_ARGUMENT, "--exchange and --replay exclude each other: a market is real or replayed");
    *out = options;
    return 0;
}
