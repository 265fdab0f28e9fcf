/* wick-pages NAME: prints a page of docs/. wick-pages --all DIR: writes all of them. The test `tidy` compares each with
 * its file. */
/* SPDX-License-Identifier: MIT */
#include "lib/base/version.h"
#include "tools/pages/pages.h"

#include "lib/ledger/ledger_page.h"
#include "lib/runtime/config.h"

#include <string.h>

static const struct {
    const char *name; /* also of the file: docs/NAME.md */
    void (*print)(FILE *out);
} pages[] = {
    {"configuration", config_print_page},
    {"errors", errors_print_page},
    {"ledger", ledger_print_page},
    {"links", links_print_page},
    {"messages", messages_print_page},
    {"metrics", metrics_print_page},
    {"routes", routes_print_page},
};

enum { PAGES = sizeof pages / sizeof pages[0], STATUS_FAILED = 1, STATUS_USAGE = 2 };

static int usage(FILE *out)
{
    fputs("usage: wick-pages --all DIR, or wick-pages NAME, one of:\n", out);
    for (int i = 0; i < PAGES; i++)
        fprintf(out, "%s\n", pages[i].name);
    return out == stdout ? 0 : STATUS_USAGE;
}

static int write_all(const char *directory)
{
    for (int i = 0; i < PAGES; i++) {
        char path[4096];
        (void)snprintf(path, sizeof path, "%s/%s.md", directory, pages[i].name);
        FILE *out = fopen(path, "we");
        if (out != NULL)
            pages[i].print(out);
        if (out == NULL || ferror(out) != 0 || fclose(out) != 0) {
            perror(path);
            return STATUS_FAILED;
        }
    }
    return 0;
}

int main(int argc, char **argv)
{
    if (version_asked(argc, argv))
        return 0;
    if (argc == 2 && strcmp(argv[1], "--help") == 0)
        return usage(stdout);
    if (argc == 3 && strcmp(argv[1], "--all") == 0)
        return write_all(argv[2]);
    for (int i = 0; argc == 2 && i < PAGES; i++) {
        if (strcmp(pages[i].name, argv[1]) == 0) {
            pages[i].print(stdout);
            return ferror(stdout) != 0;
        }
    }
    return usage(stderr);
}
