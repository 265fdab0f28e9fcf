/* wick status: what runs in a data directory and how it is, by each process's own word. */
/* SPDX-License-Identifier: MIT */
#include "lib/base/clock.h"
#include "lib/base/version.h"
#include "tools/common/json_text.h"
#include "tools/common/memory.h"
#include "tools/common/run_file.h"
#include "tools/common/scrape.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { STATUS_FAILED = 1, STATUS_USAGE = 2, STATUS_NOT_RUNNING = 3 };

/* One process of the run and what it said. */
struct row {
    const struct run_process *process;
    struct scrape scrape;
    const char *state;
    double memory_bytes; /* proportional */
};

struct overview {
    struct run_file run;
    struct row rows[RUN_PROCESSES_MAX];
    double memory_bytes; /* of all, the supervisor too */
    double candles, signals, equity;
    double history_wanted, history_stored; /* candles that are filled in */
    int ready;
};

/* ---- asking ---- */

static bool is_simulator(const struct run_process *process)
{
    return strcmp(process->role, "simulator") == 0;
}

/* Asks every process once; all have answered or failed when it returns. */
static int ask_all(struct overview *all)
{
    struct scraper *scraper = scraper_create();
    if (scraper == NULL)
        return ERROR_MEMORY;
    int code = 0, finished = 0;
    for (int i = 0; i < all->run.process_count; i++) {
        const struct run_process *process = &all->run.processes[i];
        bool simulator = is_simulator(process);
        all->rows[i].process = process;
        scrape_init(&all->rows[i].scrape, process->health_port, simulator ? "/api/v3/ping" : "/readyz", !simulator);
        scrape_begin(scraper, &all->rows[i].scrape);
    }
    while (code == 0 && finished < all->run.process_count) {
        code = scraper_wait(scraper, NULL, 0, 100);
        finished = 0;
        for (int i = 0; i < all->run.process_count; i++)
            finished += all->rows[i].scrape.rounds > 0;
    }
    for (int i = 0; i < all->run.process_count; i++)
        scrape_release(scraper, &all->rows[i].scrape);
    scraper_destroy(scraper);
    return code;
}

/* A count or an amount; "-" for what is not known. */
static const char *text_of(double value, int decimals, char out[48])
{
    if (isnan(value))
        return "-";
    (void)snprintf(out, 48, "%.*f", decimals, value);
    return out;
}

static void add_up(struct overview *all)
{
    all->memory_bytes = memory_of_pid(all->run.pid);
    all->candles = all->signals = all->equity = all->history_wanted = all->history_stored = NAN;
    for (int i = 0; i < all->run.process_count; i++) {
        struct row *row = &all->rows[i];
        const double *metrics = row->scrape.metrics;
        row->memory_bytes = isnan(metrics[METRIC_memory_proportional_bytes])
                                ? memory_of_pid(row->process->pid)
                                : metrics[METRIC_memory_proportional_bytes];
        bool ready = row->scrape.reached && row->scrape.ready;
        row->state = ready ? "ready" : row->scrape.reached ? "not ready" : "silent";
        all->ready += ready;
        all->memory_bytes += row->memory_bytes;
        if (strcmp(row->process->role, "fetcher") == 0) {
            all->candles = metrics[METRIC_candles_published_total];
            all->history_wanted = metrics[METRIC_history_candles_wanted];
            all->history_stored = metrics[METRIC_history_candles_stored];
        }
        if (strcmp(row->process->role, "trader") == 0) {
            all->signals = metrics[METRIC_signals_total];
            all->equity = metrics[METRIC_equity];
        }
    }
}

/* ---- telling ---- */

/* What a process says of its work: behind the status in "ready: 250 symbols". */
static const char *detail_of(const struct row *row)
{
    const char *status_end = row->scrape.reached && row->scrape.has_metrics ? strstr(row->scrape.words, ": ") : NULL;
    return status_end != NULL ? status_end + 2 : "";
}

/* Since when a process has not answered, in whole seconds; -1 for one that answers, or that has only just fallen silent. */
static int64_t silence_s(const struct row *row, int64_t now_ms)
{
    int64_t since_ms = row->process->silent_ms;
    return row->scrape.reached || since_ms == 0 ? -1 : (now_ms - since_ms) / 1000;
}

/* The state of a process, with its age where it does not answer. */
static const char *state_of(const struct row *row, int64_t now_ms, char out[32])
{
    int64_t silent_s = silence_s(row, now_ms);
    if (silent_s < 0)
        return row->state;
    (void)snprintf(out, 32, "%s %" PRId64 " s", row->state, silent_s);
    return out;
}

static void print_processes(const struct overview *all, int64_t now_ms)
{
    char state[32];
    printf("%s\n%s\n\n%-14s %-12s %8s %9s %9s %8s  %s\n", all->run.market, all->run.url, "process", "state", "pid",
           "uptime s", "restarts", "PSS MB", "detail");
    for (int i = 0; i < all->run.process_count; i++) {
        const struct row *row = &all->rows[i];
        printf("%-14s %-12s %8d %9" PRId64 " %9d %8.1f  %s\n", row->process->name, state_of(row, now_ms, state),
               row->process->pid, (now_ms - row->process->started_ms) / 1000, row->process->restarts,
               row->memory_bytes / 1e6, detail_of(row));
    }
}

static void print_text(const struct overview *all)
{
    char candles[48], signals[48], equity[48];
    print_processes(all, clock_wall_ms());
    printf("\n%d of %d ready, %.1f MB in all, %s candles published, %s signals, equity %s\n", all->ready,
           all->run.process_count, all->memory_bytes / 1e6, text_of(all->candles, 0, candles),
           text_of(all->signals, 0, signals), text_of(all->equity, 2, equity));
    if (all->history_stored < all->history_wanted) /* never where one is not known */
        printf("history %d %%: %.0f of %.0f candles\n", (int)(100 * all->history_stored / all->history_wanted),
               all->history_stored, all->history_wanted);
}

/* A number, or null where it is not known. */
static void print_number(const char *name, double value)
{
    if (isnan(value))
        printf(", \"%s\": null", name);
    else
        printf(", \"%s\": %.10g", name, value);
}

static void print_json(const struct overview *all)
{
    int64_t now_ms = clock_wall_ms();
    printf("{\"pid\": %d, \"url\": \"%s\", \"market\": ", all->run.pid, all->run.url);
    json_text_print(stdout, all->run.market);
    printf(", \"speed\": %" PRId64 ", \"uptime_ms\": %" PRId64, all->run.speed, now_ms - all->run.started_ms);
    print_number("memory_bytes", all->memory_bytes);
    print_number("candles", all->candles);
    print_number("signals", all->signals);
    print_number("equity", all->equity);
    print_number("history_wanted", all->history_wanted);
    print_number("history_stored", all->history_stored);
    printf(", \"ready\": %s, \"processes\": [", all->ready == all->run.process_count ? "true" : "false");
    for (int i = 0; i < all->run.process_count; i++) {
        const struct row *row = &all->rows[i];
        printf("%s\n{\"name\": \"%s\", \"role\": \"%s\", \"state\": \"%s\", \"pid\": %d, \"health_port\": %d, "
               "\"restarts\": %d, \"uptime_ms\": %" PRId64,
               i > 0 ? "," : "", row->process->name, row->process->role, row->state, row->process->pid,
               row->process->health_port, row->process->restarts, now_ms - row->process->started_ms);
        print_number("silent_s", silence_s(row, now_ms) < 0 ? NAN : (double)silence_s(row, now_ms));
        print_number("memory_bytes", row->memory_bytes);
        printf(", \"detail\": ");
        json_text_print(stdout, detail_of(row));
        printf("}");
    }
    printf("]}\n");
}

/* What --json says where there is no run to tell of. */
static void print_nothing(const char *why)
{
    printf("{\"pid\": null, \"ready\": false, \"processes\": [], \"error\": ");
    json_text_print(stdout, why);
    printf("}\n");
}

/* ---- arguments ---- */

static int usage(FILE *out)
{
    fputs("usage: wick status [--json] [--data DIR]\n\n"
          "What `wick up` runs in DIR (./data), and how it is; - is what is not known. Exit status 3 when nothing runs there;\n"
          "--json then says so in JSON, too.\n",
          out);
    return out == stdout ? 0 : STATUS_USAGE;
}

static int show(const char *data_dir, bool json)
{
    struct overview *all = calloc(1, sizeof *all);
    int pid, code = all != NULL ? run_lock_holder(data_dir, &pid) : ERROR_MEMORY;
    if (code == 0)
        code = run_file_read(data_dir, &all->run);
    int status = code == ERROR_MISSING ? STATUS_NOT_RUNNING : STATUS_FAILED;
    if (code == 0)
        code = ask_all(all);
    if (code == 0) {
        add_up(all);
        if (json)
            print_json(all);
        else
            print_text(all);
        status = 0;
    } else {
        if (json)
            print_nothing(error_message());
        fprintf(stderr, "wick status: %s\n", error_message());
    }
    free(all);
    return status;
}

int main(int argc, char **argv)
{
    const char *data_dir = "data";
    bool json = false;
    if (version_asked(argc, argv))
        return 0;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--help") == 0)
            return usage(stdout);
        if (strcmp(argv[i], "--json") == 0)
            json = true;
        else if (strcmp(argv[i], "--data") == 0 && i + 1 < argc)
            data_dir = argv[++i];
        else if (strncmp(argv[i], "--data=", 7) == 0)
            data_dir = argv[i] + 7;
        else
            return usage(stderr);
    }
    return show(data_dir, json);
}
