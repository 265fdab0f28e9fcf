/* wick-bench: runs the measurements and prints a row for each. */
/* SPDX-License-Identifier: MIT */
#include "lib/base/clock.h"
#include "tools/bench/bench.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { RUNS = 9, EXIT_USAGE = 2 };

static const struct bench *const groups[] = {bench_codec, bench_series, bench_store};

/* CPU time of one run, nanoseconds an item. */
static int time_run(int (*run)(void), size_t items, double *out)
{
    int64_t before_us = clock_cpu_us();
    int code = run();
    *out = (double)(clock_cpu_us() - before_us) * 1000 / (double)items;
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
        code = time_run(bench->ours, bench->items, &unused);
    if (code == 0)
        code = time_run(bench->peer, bench->items, &unused);
    for (int i = 0; i < RUNS && code == 0; i++) {
        code = time_run(bench->ours, bench->items, &ours_ns[i]);
        if (code == 0)
            code = time_run(bench->peer, bench->items, &peer_ns[i]);
    }
    bench->tear_down();
    if (code < 0)
        return error_context(code, "%s", bench->name);
    *ours = median(ours_ns);
    *peer = median(peer_ns);
    return 0;
}

static int print(const struct bench *bench, bool json)
{
    double ours = 0, peer = 0;
    int code = measure(bench, &ours, &peer);
    if (code < 0)
        return code;
    double ratio = ours / peer;
    if (json)
        (void)printf("{\"name\":\"%s\",\"ours_ns\":%.2f,\"peer_ns\":%.2f,\"ratio\":%.3f,\"budget\":%.2f}\n", bench->name,
                     ours, peer, ratio, bench->budget);
    else
        (void)printf("%-20s %10.1f %10.1f %8.2f %8.2f  %-5s %s\n", bench->name, ours, peer, ratio, bench->budget,
                     ratio <= bench->budget ? "ok" : "over", bench->sentence);
    (void)fflush(stdout);
    return 0;
}

int main(int argc, char **argv)
{
    bool json = argc == 2 && strcmp(argv[1], "--json") == 0;
    if (argc == 2 && strcmp(argv[1], "--help") == 0) {
        (void)puts("usage: wick-bench [--json]\n\nMeasures Wick beside peers and limits that do the same work, in turn, "
                   "in one run;\nCPU time, medians. The ratio counts: a budget is the largest that is good.");
        return 0;
    }
    if (argc > 1 && !json) {
        (void)fprintf(stderr, "wick-bench: unknown option '%s'\n", argv[1]);
        return EXIT_USAGE;
    }
    if (!json)
        (void)printf("%-20s %10s %10s %8s %8s\n", "what", "ours ns", "peer ns", "ratio", "budget");
    for (size_t i = 0; i < sizeof groups / sizeof groups[0]; i++) {
        for (const struct bench *bench = groups[i]; bench->name != NULL; bench++) {
            if (print(bench, json) < 0) {
                (void)fprintf(stderr, "wick-bench: %s\n", error_message());
                return 1;
            }
        }
    }
    return 0;
}
