/* The table of options and its reader. */
/* SPDX-License-Identifier: MIT */
#include "tools/simulator/options.h"

#include "tools/simulator/faults.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

struct option_row {
    const char *name, *argument, *initial, *sentence;
    size_t offset; /* of a const char * in struct simulator_options */
};

static const struct option_row rows[] = {
#define OPTION(name, argument, initial, sentence)                                                                      \
    {#name, argument, initial, sentence, offsetof(struct simulator_options, name)},
#include "tools/simulator/options.def"
#undef OPTION
};

enum { ROWS = sizeof rows / sizeof rows[0] };

static const char **value_of(struct simulator_options *options, const struct option_row *row)
{
    return (const char **)((char *)options + row->offset);
}

static bool names_equal(const char *flag, size_t length, const char *name)
{
    if (strlen(name) != length)
        return false;
    for (size_t i = 0; i < length; i++)
        if (flag[i] != (name[i] == '_' ? '-' : name[i]))
            return false;
    return true;
}

static const struct option_row *find_row(const char *flag, size_t length)
{
    for (int i = 0; i < ROWS; i++)
        if (names_equal(flag, length, rows[i].name))
            return &rows[i];
    return NULL;
}

int simulator_options_read(int argc, char **argv, struct simulator_options *out)
{
    for (int i = 0; i < ROWS; i++)
        *value_of(out, &rows[i]) = rows[i].initial;
    for (int i = 1; i < argc; i++) {
        const char *flag = argv[i];
        if (strncmp(flag, "--", 2) != 0)
            return error_set(ERROR_ARGUMENT, "unknown argument '%s'", flag);
        size_t length = strcspn(flag + 2, "=");
        const struct option_row *row = find_row(flag + 2, length);
        const char *equals = flag[2 + length] == '=' ? flag + 3 + length : NULL;
        if (row == NULL)
            return error_set(ERROR_ARGUMENT, "unknown option '%.*s'", (int)length + 2, flag);
        if (row->argument == NULL && equals != NULL)
            return error_set(ERROR_ARGUMENT, "option --%s takes no value", row->name);
        if (row->argument == NULL)
            *value_of(out, row) = "";
        else if (equals != NULL)
            *value_of(out, row) = equals;
        else if (++i < argc)
            *value_of(out, row) = argv[i];
        else
            return error_set(ERROR_ARGUMENT, "option %s lacks its value, %s", flag, row->argument);
    }
    return 0;
}

static void print_row(const struct option_row *row, FILE *out)
{
    char flag[64];
    size_t length = 0;
    for (const char *at = row->name; *at != '\0'; at++)
        flag[length++] = *at == '_' ? '-' : *at;
    flag[length] = '\0';
    (void)fprintf(out, "  --%s%s%s\n      %s", flag, row->argument != NULL ? " " : "",
                  row->argument != NULL ? row->argument : "", row->sentence);
    if (row->initial != NULL)
        (void)fprintf(out, " (default %s)", row->initial);
    (void)fputc('\n', out);
}

void simulator_options_print_help(FILE *out)
{
    (void)fputs("usage: wick-simulator (--replay DIR | --generate N) [options]\n\n"
                "A simulated exchange: Binance's spot REST interface over a market that is replayed or made up.\n\n"
                "Options\n",
                out);
    for (int i = 0; i < ROWS; i++)
        print_row(&rows[i], out);
    (void)fputs("\nFaults\n", out);
    faults_print(out);
}
