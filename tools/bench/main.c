/* wick-bench: runs the measurements and prints a row for each. */
/* SPDX-License-Identifier: MIT */
#include "lib/base/clock.h"
#include "lib/base/version.h"
#include "tools/bench/bench.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { RUNS = 9, EXIT_USAGE = 2 };

struct bench_given bench_given;
static const char *only; /* the name of the one measurement that is wanted; NULL: all */

static const struct bench *const groups[] = {bench_codec, bench_series, bench_store, bench_postgres, bench_fetch};

/* The time of one run, nanoseconds an item. */
static int time_run(const struct bench *bench, int (*run)(void), double *out)
{
    int64_t before_us = bench->wall ? clock_monotonic_us() : clock_cpu_us();
    int code = run();
    int64_t after_us = bench->wall ? clock_monotonic_us() : clock_cpu_us();
    *out = (double)(after_us - before_us) * 1000 / (double)bench->items;
    return code;
}

static int compare(const void *left, const void *right)
{
    double a = *(const double *)left, b = *(const double *)right;
    return (a > b) - (a < b);
}

static double median(double *values)
{
    qsort(values, RUNS, sizeof *values, compare);
    return values[RUNS / 2];
}

/* Runs ours and the peer in turn, once each to warm up. */
static int measure(const struct bench *bench, double *ours, double *peer)
{
    double ours_ns[RUNS], peer_ns[RUNS], unused;
    int code = bench->set_up();
    if (code == 0)
        code = time_run(bench, bench->ours, &unused);
    if (code == 0)
        code = time_run(bench, bench->peer, &unused);
    for (int i = 0; i < RUNS && code == 0; i++) {
        code = time_run(bench, bench->ours, &ours_ns[i]);
        if (code == 0)
            code = time_run(bench, bench->peer, &peer_ns[i]);
    }
    bench->tear_down();
    if (code < 0)
        return error_context(code, "%s", bench->name);
    *ours = median(ours_ns);
    *peer = median(peer_ns);
    return 0;
}

static int skip(const struct bench *bench, bool json)
{
    if (json)
        (void)printf("{\"name\":\"%s\",\"skipped\":true}\n", bench->name);
    else
        (void)printf("%-24s left out: it needs what the command line does not give\n", bench->name);
    return 0;
}

static int print(const struct bench *bench, bool json)
{
    double ours = 0, peer = 0;
    if (bench->need != NULL && *bench->need == NULL)
        return skip(bench, json);
    int code = measure(bench, &ours, &peer);
    if (code < 0)
        return code;
    double ratio = ours / peer;
    if (json)
        (void)printf("{\"name\":\"%s\",\"ours_ns\":%.2f,\"peer_ns\":%.2f,\"ratio\":%.3f,\"budget\":%.2f}\n", bench->name,
                     ours, peer, ratio, bench->budget);
    else
        (void)printf("%-24s %10.1f %10.1f %8.2f %8.2f  %-5s %s\n", bench->name, ours, peer, ratio, bench->budget,
                     ratio <= bench->budget ? "ok" : "over", bench->sentence);
    (void)fflush(stdout);
    return 0;
}

static int usage(FILE *file, int status)
{
    (void)fputs("usage: wick-bench [--json] [--exchange URL --symbols NAME,...] [--database URL] [--only NAME]\n\n"
                "Measures Wick beside peers and limits that do the same work, in turn, in one run; medians, CPU time, or\n"
                "the time that passes where a database works. The ratio counts: a budget is the largest that is good.\n\n"
                "  --json          a JSON object a line\n"
                "  --exchange URL  a simulated exchange, for the fetch cycle\n"
                "  --symbols LIST  250 of its markets\n"
                "  --database URL  an empty PostgreSQL database, for the store\n"
                "  --only NAME     this measurement alone\n",
                file);
    return status;
}

/* Reads the command line. An exit status, or -1 to go on. */
static int read_arguments(int argc, char **argv, bool *json)
{
    const struct {
        const char *name;
        const char **value;
    } given[] = {
        {"--exchange", &bench_given.exchange_url},
        {"--symbols", &bench_given.symbols},
        {"--database", &bench_given.database_url},
        {"--only", &only},
    };
    for (int i = 1; i < argc; i++) {
        size_t row = 0;
        if (strcmp(argv[i], "--help") == 0)
            return usage(stdout, 0);
        if (strcmp(argv[i], "--json") == 0) {
            *json = true;
            continue;
        }
        while (row < sizeof given / sizeof given[0] && strcmp(given[row].name, argv[i]) != 0)
            row++;
        if (row == sizeof given / sizeof given[0] || i + 1 == argc) {
            (void)fprintf(stderr, "wick-bench: unknown option, or one without its value: '%s'\n", argv[i]);
            return usage(stderr, EXIT_USAGE);
        }
        *given[row].value = argv[++i];
    }
    return -1;
}

int main(int argc, char **argv)
{
    bool json = false;
    int status = read_arguments(argc, argv, &json);
    if (version_asked(argc, argv))
        return 0;
    if (status >= 0)
        return status;
    if (!json)
        (void)printf("%-24s %10s %10s %8s %8s\n", "what", "ours ns", "peer ns", "ratio", "budget");
    for (size_t i = 0; i < sizeof groups / sizeof groups[0]; i++) {
        for (const struct bench *bench = groups[i]; bench->name != NULL; bench++) {
            if (only != NULL && strcmp(only, bench->name) != 0)
                continue;
            if (print(bench, json) < 0) {
                (void)fprintf(stderr, "wick-bench: %s\n", error_message());
                return 1;
            }
        }
    }
    return 0;
}
