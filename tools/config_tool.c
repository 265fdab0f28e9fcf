/* wick config: the merged configuration and where each value came from. */
/* SPDX-License-Identifier: MIT */
#include "lib/base/version.h"
#include "lib/exchange/exchange_config.h"

#include <stdio.h>
#include <string.h>

enum { STATUS_FAILED = 1, STATUS_USAGE = 2, STATUS_CONFIGURATION = 4 };

static const char usage[] =
    "usage: wick config [--config FILE] [--section.key VALUE ...]   what holds, and where each value came from\n"
    "       wick config --sample                                    a file to begin with\n"
    "       wick config --page                                      docs/configuration.md\n";

static void print_merged(const struct config *config)
{
    const char *section = "";
    for (size_t i = 0; i < option_count; i++) {
        const struct option_row *option = &options[i];
        if (strcmp(section, option->section) != 0)
            printf("%s%s:\n", section[0] != '\0' ? "\n" : "", option->section);
        section = option->section;
        printf("  %s: ", option->key);
        config_print_value(config, option, stdout);
        printf("  # %s\n", config_origin(config, option));
    }
}

static int print_configuration(int argc, char **argv)
{
    struct config *config = NULL;
    const struct exchange *exchange;
    int code = config_load(EVERY_ROLE, argc, argv, stderr, &config);
    if (code == 0)
        code = exchange_find(config->exchange_name, &exchange);
    if (code == 0)
        code = exchange_check_config(config, exchange, stderr);
    if (code == 0)
        print_merged(config);
    config_destroy(config);
    if (code == 0)
        return 0;
    fprintf(stderr, "wick config: %s\n", error_message());
    if (code == ERROR_ARGUMENT)
        return STATUS_USAGE;
    return code == ERROR_CONFIGURATION ? STATUS_CONFIGURATION : STATUS_FAILED;
}

int main(int argc, char **argv)
{
    if (version_asked(argc, argv))
        return 0;
    if (argc == 2 && strcmp(argv[1], "--help") == 0)
        fputs(usage, stdout);
    else if (argc == 2 && strcmp(argv[1], "--sample") == 0)
        config_print_sample(stdout);
    else if (argc == 2 && strcmp(argv[1], "--page") == 0)
        config_print_page(stdout);
    else
        return print_configuration(argc, argv);
    return 0;
}
