/* SPDX-License-Identifier: MIT */
#include "tools/up/start.h"

#include "tools/up/report.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* Whether a mark has grown; one that is not known (NAN) has not. */
static bool step(double *best, double now)
{
    bool grown = now > *best;
    if (grown)
        *best = now;
    return grown;
}

static bool has_stepped(struct start *start, const struct child *children, int count)
{
    static const enum metric of_fetcher[START_MARKS - 1] = {METRIC_symbols, METRIC_candles_published_total,
                                                            METRIC_history_candles_stored};
    const char *waiting_for;
    bool stepped = step(&start->best[0], report_ready(children, count, &waiting_for));
    for (int i = 0; i < count; i++)
        for (int mark = 1; mark < START_MARKS && children[i].kind == CHILD_FETCHER; mark++)
            stepped = step(&start->best[mark], child_count(&children[i], of_fetcher[mark - 1])) || stepped;
    return stepped;
}

/* What the process says of its trouble: the error of its last warning, that warning, or its word on its state. */
static void cause_of(const struct child *child, char *out, size_t capacity)
{
    static const char key[] = " error=\"", event[] = " event=";
    const char *error = strstr(child->last_warning, key);
    const char *warning = strstr(child->last_warning, event);
    if (error != NULL)
        (void)snprintf(out, capacity, "%.*s", (int)strcspn(error + sizeof key - 1, "\""), error + sizeof key - 1);
    else if (warning != NULL)
        (void)snprintf(out, capacity, "%s", warning + sizeof event - 1);
    else
        (void)snprintf(out, capacity, "%s", child->scrape.words[0] != '\0' ? child->scrape.words : "it does not say why");
}

int start_check(struct start *start, const struct child *children, int count, int64_t now_ms)
{
    char cause[512];
    if (has_stepped(start, children, count) || start->stepped_ms == 0)
        start->stepped_ms = now_ms;
    int i = 0;
    while (i < count && children[i].pid > 0 && children[i].scrape.ready)
        i++;
    if (i == count)
        return 0;
    bool complains = children[i].warned_ms != 0 && now_ms - children[i].warned_ms <= START_STUCK_MS;
    int64_t limit_ms = complains ? START_STUCK_MS : START_SILENT_MS;
    if (now_ms - start->stepped_ms < limit_ms)
        return 0;
    cause_of(&children[i], cause, sizeof cause);
    return error_set(ERROR_TIMEOUT, "the start does not get on: for %d s %s has not become ready: %s (--wait goes on waiting)",
                     (int)(limit_ms / 1000), children[i].name, cause);
}
