/* SPDX-License-Identifier: MIT */
#include "tools/verify/report.h"

#include "lib/base/interval.h"
#include "tools/common/json_text.h"
#include "tools/common/time_text.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { COUNT_SIZE = 32 };

/* ---- pieces ---- */

/* 5101 as "5,101". */
static const char *grouped(int64_t count, char out[COUNT_SIZE])
{
    char digits[COUNT_SIZE];
    int length = snprintf(digits, sizeof digits, "%" PRId64, count), used = 0;
    for (int i = 0; i < length; i++) {
        if (i > 0 && (length - i) % 3 == 0)
            out[used++] = ',';
        out[used++] = digits[i];
    }
    out[used] = '\0';
    return out;
}

static const char *interval_text(int64_t interval_s, char out[COUNT_SIZE])
{
    const char *name = interval_s > 0 && interval_s <= INT32_MAX ? interval_name((uint32_t)interval_s) : NULL;
    if (name != NULL)
        return name;
    (void)snprintf(out, COUNT_SIZE, "%" PRId64 "s", interval_s);
    return out;
}

static void print_series(const struct audit_series *series)
{
    char interval[COUNT_SIZE];
    if (series != NULL)
        printf(" %s %s %s", series->exchange, series->symbol, interval_text(series->interval_s, interval));
}

static void print_times(int64_t first_ms, int64_t last_ms)
{
    char first[TIME_TEXT_SIZE], last[TIME_TEXT_SIZE];
    time_print(first_ms, first);
    time_print(last_ms, last);
    if (first_ms == last_ms)
        printf(" %s", first);
    else
        printf(" %s .. %s", first, last);
}

static void begin_json(struct report *report, const char *type)
{
    printf("%s{\"type\": \"%s\"", report->has_rows ? ",\n" : "[\n", type);
    report->has_rows = true;
}

static void print_json_series(const struct audit_series *series)
{
    char interval[COUNT_SIZE];
    if (series == NULL)
        return;
    printf(", \"exchange\": ");
    json_text_print(stdout, series->exchange);
    printf(", \"symbol\": ");
    json_text_print(stdout, series->symbol);
    printf(", \"interval\": \"%s\"", interval_text(series->interval_s, interval));
}

static void print_json_times(int64_t first_ms, int64_t last_ms, int64_t count)
{
    printf(", \"first_open_ms\": %" PRId64 ", \"last_open_ms\": %" PRId64 ", \"count\": %" PRId64, first_ms, last_ms, count);
}

/* ---- findings ---- */

static void end_series_shown(struct report *report, const struct audit_series *series)
{
    char count[COUNT_SIZE];
    for (enum damage damage = 0; damage < DAMAGES; damage++) {
        if (!report->json && !report->all && report->shown[damage] > REPORT_SHOWN) {
            printf("%s", damages[damage].name);
            print_series(report->series_at);
            printf(": %s more; --all shows them\n", grouped(report->shown[damage] - REPORT_SHOWN, count));
        }
        report->shown[damage] = 0;
    }
    report->series_at = series;
}

static void print_finding(const struct finding *finding)
{
    const struct damage_row *damage = &damages[finding->damage];
    printf("%s%s", damage->name, damage->grade == GRADE_NOTE ? " (note)" : "");
    print_series(finding->series);
    if (finding->first_ms != 0 || finding->last_ms != 0)
        print_times(finding->first_ms, finding->last_ms);
    printf(": %s%s%s\n", damage->sentence, finding->text[0] != '\0' ? ": " : "", finding->text);
}

static int on_finding(void *user, const struct finding *finding)
{
    struct report *report = user;
    progress_erase(report->progress);
    report->found[finding->damage]++;
    if (damages[finding->damage].grade == GRADE_WRONG)
        report->wrong++;
    else
        report->notes++;
    if (finding->series != report->series_at)
        end_series_shown(report, finding->series);
    if (report->json) {
        begin_json(report, "finding");
        printf(", \"damage\": \"%s\", \"grade\": \"%s\"", damages[finding->damage].name,
               damages[finding->damage].grade == GRADE_NOTE ? "note" : "wrong");
        print_json_series(finding->series);
        print_json_times(finding->first_ms, finding->last_ms, finding->count);
        printf(", \"text\": ");
        json_text_print(stdout, finding->text);
        printf("}");
    } else if (++report->shown[finding->damage] <= REPORT_SHOWN || report->all) {
        print_finding(finding);
    }
    return 0;
}

static int on_explained(void *user, const struct audit_series *series, int64_t first_ms, int64_t last_ms, int64_t count,
                        const char *reason)
{
    struct report *report = user;
    char number[COUNT_SIZE];
    if (!report->gaps)
        return 0;
    progress_erase(report->progress);
    if (report->json) {
        begin_json(report, "gap");
        print_json_series(series);
        print_json_times(first_ms, last_ms, count);
        printf(", \"reason\": ");
        json_text_print(stdout, reason);
        printf("}");
    } else {
        printf("gap");
        print_series(series);
        print_times(first_ms, last_ms);
        printf(": %s candles, %s\n", grouped(count, number), reason);
    }
    return 0;
}

/* ---- series ---- */

static void add_explained(struct report *report, const struct explained *explained)
{
    size_t i = 0;
    while (i < report->explained_count && strcmp(report->explained[i].reason, explained->reason) != 0)
        i++;
    if (i == EXAMINE_REASONS_MAX)
        i--;
    if (i == report->explained_count)
        report->explained[report->explained_count++] = (struct explained){0};
    (void)snprintf(report->explained[i].reason, sizeof report->explained[i].reason, "%s", explained->reason);
    report->explained[i].gaps += explained->gaps;
    report->explained[i].candles += explained->candles;
}

static void print_explained(const struct explained *explained, size_t count)
{
    char candles[COUNT_SIZE], gaps[COUNT_SIZE];
    for (size_t i = 0; i < count; i++)
        printf("; %s %s candles in %s gaps", explained[i].reason, grouped(explained[i].candles, candles),
               grouped(explained[i].gaps, gaps));
}

static void print_json_explained(const struct explained *explained, size_t count)
{
    printf(", \"explained\": {");
    for (size_t i = 0; i < count; i++) {
        printf("%s", i > 0 ? ", " : "");
        json_text_print(stdout, explained[i].reason);
        printf(": {\"gaps\": %" PRId64 ", \"candles\": %" PRId64 "}", explained[i].gaps, explained[i].candles);
    }
    printf("}");
}

static int on_series(void *user, const struct audit_series *series, const struct examination_summary *summary)
{
    struct report *report = user;
    char count[COUNT_SIZE], holes[COUNT_SIZE];
    progress_erase(report->progress);
    end_series_shown(report, NULL);
    report->series++;
    report->candles += summary->candles;
    for (size_t i = 0; i < summary->explained_count; i++)
        add_explained(report, &summary->explained[i]);
    if (report->json) {
        begin_json(report, "series");
        print_json_series(series);
        print_json_times(summary->first_ms, summary->last_ms, summary->candles);
        printf(", \"holes\": %" PRId64 ", \"hole_candles\": %" PRId64 ", \"wrong\": %" PRId64 ", \"notes\": %" PRId64,
               summary->holes, summary->hole_candles, summary->wrong, summary->notes);
        print_json_explained(summary->explained, summary->explained_count);
        printf("}");
        return 0;
    }
    printf("%s", summary->wrong > 0 ? "DAMAGED" : "ok");
    print_series(series);
    printf(": %s candles", grouped(summary->candles, count));
    if (summary->candles > 0)
        print_times(summary->first_ms, summary->last_ms);
    print_explained(summary->explained, summary->explained_count);
    if (summary->holes > 0)
        printf("; unexplained %s candles in %s holes", grouped(summary->hole_candles, count), grouped(summary->holes, holes));
    putchar('\n');
    return 0;
}

struct survey_listener report_listener(struct report *report)
{
    return (struct survey_listener){
        .user = report,
        .finding = on_finding,
        .explained = on_explained,
        .series = on_series,
    };
}

/* ---- repairs and the end ---- */

void report_action(struct report *report, const char *verb, const struct audit_series *series, int64_t first_ms,
                   int64_t last_ms, int64_t count, const char *text)
{
    char number[COUNT_SIZE];
    progress_erase(report->progress);
    if (report->json) {
        begin_json(report, "repair");
        printf(", \"action\": \"%s\"", verb);
        print_json_series(series);
        print_json_times(first_ms, last_ms, count);
        printf(", \"text\": ");
        json_text_print(stdout, text);
        printf("}");
        return;
    }
    printf("repair: %s", verb);
    print_series(series);
    if (first_ms != 0 || last_ms != 0)
        print_times(first_ms, last_ms);
    printf(": %s%s%s\n", grouped(count, number), text[0] != '\0' ? ", " : "", text);
}

void report_break_off(struct report *report)
{
    progress_erase(report->progress);
    if (report->has_rows)
        printf("\n]\n");
}

void report_end(struct report *report)
{
    char candles[COUNT_SIZE], wrong[COUNT_SIZE], number[COUNT_SIZE];
    end_series_shown(report, NULL);
    if (report->json) {
        begin_json(report, "summary");
        printf(", \"series\": %" PRId64 ", \"candles\": %" PRId64 ", \"wrong\": %" PRId64 ", \"notes\": %" PRId64,
               report->series, report->candles, report->wrong, report->notes);
        print_json_explained(report->explained, report->explained_count);
        printf(", \"found\": {");
        const char *separator = "";
        for (enum damage damage = 0; damage < DAMAGES; damage++) {
            if (report->found[damage] > 0) {
                printf("%s\"%s\": %" PRId64, separator, damages[damage].name, report->found[damage]);
                separator = ", ";
            }
        }
        printf("}}\n]\n");
        return;
    }
    printf("%" PRId64 " series, %s candles", report->series, grouped(report->candles, candles));
    print_explained(report->explained, report->explained_count);
    if (report->wrong == 0)
        printf("; nothing is wrong\n");
    else
        printf("; %s findings\n", grouped(report->wrong, wrong));
    for (enum damage damage = 0; damage < DAMAGES; damage++)
        if (report->found[damage] > 0)
            printf("  %s %s%s\n", grouped(report->found[damage], number), damages[damage].name,
                   damages[damage].grade == GRADE_NOTE ? " (note)" : "");
}
