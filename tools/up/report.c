/* Adds up what the children told. */
/* SPDX-License-Identifier: MIT */
#include "tools/up/report.h"

#include "lib/runtime/address.h"
#include "tools/common/memory.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

void rate_sample(struct rate *rate, int64_t at_ms, double total)
{
    int slot = rate->count++ % REPORT_RATE_SAMPLES;
    rate->at_ms[slot] = at_ms;
    rate->total[slot] = total;
}

double rate_per_second(const struct rate *rate)
{
    if (rate->count < 2)
        return NAN;
    int newest = (rate->count - 1) % REPORT_RATE_SAMPLES;
    int oldest = rate->count < REPORT_RATE_SAMPLES ? 0 : rate->count % REPORT_RATE_SAMPLES;
    int64_t passed_ms = rate->at_ms[newest] - rate->at_ms[oldest];
    return passed_ms > 0 ? (rate->total[newest] - rate->total[oldest]) * 1000 / (double)passed_ms : NAN;
}

int report_ready(const struct child *children, int count, const char **waiting_for)
{
    int ready = 0;
    *waiting_for = NULL;
    for (int i = 0; i < count; i++) {
        bool is_ready = children[i].pid > 0 && children[i].scrape.ready;
        ready += is_ready;
        if (!is_ready && *waiting_for == NULL)
            *waiting_for = children[i].name;
    }
    return ready;
}

/* A metric of the first child of a kind, over all its lives. */
static double metric_of(const struct child *children, int count, enum child_kind kind, enum metric metric)
{
    for (int i = 0; i < count; i++)
        if (children[i].kind == kind)
            return child_count(&children[i], metric);
    return NAN;
}

/* The equity as the trader tells it, or (`last`) as it told it last; NAN where it is not known. */
static double equity_of(const struct child *children, int count, bool last)
{
    for (int i = 0; i < count; i++)
        if (children[i].kind == CHILD_TRADER && (children[i].scrape.reached || last))
            return children[i].scrape.metrics[METRIC_equity];
    return NAN;
}

void report_totals(const struct child *children, int count, struct run_totals *out)
{
    *out = (struct run_totals){
        .candles = metric_of(children, count, CHILD_FETCHER, METRIC_candles_published_total),
        .signals = metric_of(children, count, CHILD_TRADER, METRIC_signals_total),
        .trades = metric_of(children, count, CHILD_TRADER, METRIC_signals_filled_total),
        .equity = equity_of(children, count, true),
    };
}

void report_kind(const struct plan *plan, struct run_status *out)
{
    out->quote_asset = plan->config->market_quote_asset;
    out->speed = market_is_named_simulated(&plan->market) ? plan->market.speed : 0;
    out->is_paper = true; /* there is no broker for real orders */
}

void report_status(const struct plan *plan, const struct child *children, int count, const struct rate *rate,
                   struct run_status *out)
{
    out->processes = count;
    out->ready = report_ready(children, count, &out->waiting_for);
    out->symbols = metric_of(children, count, CHILD_FETCHER, METRIC_symbols);
    out->candles_per_s = rate_per_second(rate);
    out->signals = metric_of(children, count, CHILD_TRADER, METRIC_signals_total);
    out->equity = equity_of(children, count, false);
    out->analyzers = metric_of(children, count, CHILD_FETCHER, METRIC_analyzers);
    report_kind(plan, out);
    out->memory_bytes = memory_of_pid(getpid());
    for (int i = 0; i < count; i++)
        out->memory_bytes += child_memory(&children[i]);
}

static void dashboard_url(const struct plan *plan, char *out, size_t capacity)
{
    char host[ADDRESS_TEXT_SIZE];
    address_for_url(plan->config->dashboard_address, host, sizeof host);
    (void)snprintf(out, capacity, "http://%s:%d", host, plan->dashboard_port);
}

int report_write(const struct plan *plan, const struct child *children, int count, int64_t started_ms)
{
    static struct run_file run; /* large */
    run = (struct run_file){.pid = getpid(), .speed = plan->market.speed, .started_ms = started_ms};
    dashboard_url(plan, run.url, sizeof run.url);
    market_describe(&plan->market, run.market, sizeof run.market);
    for (int i = 0; i < count && i < RUN_PROCESSES_MAX; i++) {
        struct run_process *process = &run.processes[run.process_count++];
        (void)snprintf(process->name, sizeof process->name, "%s", children[i].name);
        (void)snprintf(process->role, sizeof process->role, "%s", child_rows[children[i].kind].name);
        process->pid = children[i].pid;
        process->health_port = children[i].health_port;
        process->restarts = children[i].starts > 0 ? children[i].starts - 1 : 0;
        process->started_ms = children[i].started_ms;
        process->silent_ms = children[i].was_reached ? 0 : children[i].heard_ms;
    }
    return run_file_write(plan->data_dir, &run);
}
