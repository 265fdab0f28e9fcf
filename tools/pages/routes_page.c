/* The dashboard's paths, for people. What a row needs is taken from the words of the table itself. */
/* SPDX-License-Identifier: MIT */
#include "tools/pages/pages.h"

#include <string.h>

static const struct {
    const char *method, *path, *needs, *sentence;
} routes[] = {
#define ROUTE(method, path, needs, handle, sentence) {#method, path, #needs, sentence},
#include "dashboard/routes.def"
#undef ROUTE
};

static const struct {
    const char *word, *sentence;
} words[] = {
    {"NEED_SESSION", "a session"},
    {"NEED_OWN_PAGE", "sent by a page of this server"},
    {"NEED_JSON", "a JSON body"},
    {"NEED_REQUESTED_WITH", "the header X-Requested-With"},
};

static void print_needs(const char *needs, FILE *out)
{
    const char *comma = "";
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (strstr(needs, words[i].word) == NULL)
            continue;
        (void)fprintf(out, "%s%s", comma, words[i].sentence);
        comma = ", ";
    }
}

void routes_print_page(FILE *out)
{
    (void)fputs("# Paths of the dashboard\n\n"
                "Printed from `dashboard/routes.def` (`wick-pages routes`). What a path needs is checked before its handler\n"
                "runs; without a session everything but the login page, its assets and `/healthz` answers 401. A path\n"
                "ending in `*` is a prefix. What is not here is a 404.\n\n"
                "| path | needs | what it does |\n|---|---|---|\n", out);
    for (size_t i = 0; i < sizeof routes / sizeof routes[0]; i++) {
        (void)fprintf(out, "| `%s %s` | ", routes[i].method, routes[i].path);
        print_needs(routes[i].needs, out);
        (void)fprintf(out, " | %s |\n", routes[i].sentence);
    }
}
