/* SPDX-License-Identifier: MIT */
#include "tools/verify/spelling.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A series by what is left of its names. */
struct plain {
    char names[NAME_SIZE + SYMBOL_SIZE];
    const struct audit_series *series;
};

static void append_plain(char *out, const char *name)
{
    size_t used = strlen(out);
    for (; *name != '\0'; name++)
        if (isalnum((unsigned char)*name))
            out[used++] = (char)tolower((unsigned char)*name);
    out[used] = '\0';
}

static int compare(const void *left, const void *right)
{
    const struct plain *one = left, *other = right;
    int order = strcmp(one->names, other->names);
    if (order == 0)
        order = (one->series->interval_s > other->series->interval_s) - (one->series->interval_s < other->series->interval_s);
    return order != 0 ? order : (one->series->id > other->series->id) - (one->series->id < other->series->id);
}

static int report(const struct plain *first, const struct plain *second, finding_fn fn, void *user)
{
    struct finding finding = {.damage = DAMAGE_SPELLING, .series = second->series, .count = 1};
    (void)snprintf(finding.text, sizeof finding.text, "also as %s %s", first->series->exchange, first->series->symbol);
    return fn(user, &finding);
}

int spelling_check(const struct audit_series *series, size_t count, finding_fn fn, void *user)
{
    struct plain *plains = calloc(count + 1, sizeof *plains);
    if (plains == NULL)
        return error_set(ERROR_MEMORY, "no memory for the names of %zu series", count);
    for (size_t i = 0; i < count; i++) {
        plains[i].series = &series[i];
        append_plain(plains[i].names, series[i].exchange);
        append_plain(plains[i].names, series[i].symbol);
    }
    qsort(plains, count, sizeof *plains, compare);
    int code = 0;
    for (size_t i = 1; i < count && code == 0; i++)
        if (strcmp(plains[i - 1].names, plains[i].names) == 0 &&
            plains[i - 1].series->interval_s == plains[i].series->interval_s)
            code = report(&plains[i - 1], &plains[i], fn, user);
    free(plains);
    return code;
}
