/* One loop over the children's outputs and ends, the signals, and the HTTP requests for their health. */
/* SPDX-License-Identifier: MIT */
#include "tools/up/supervisor.h"

#include "lib/base/clock.h"
#include "tools/common/run_file.h"
#include "tools/up/child.h"
#include "tools/up/report.h"
#include "tools/up/start.h"
#include "tools/up/terminal.h"

#include <errno.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    STARTING_TURN_MS = 50, /* the longest wait of the loop until all are ready, and while they stop */
    READY_TURN_MS = 250,
    STARTING_SCRAPE_MS = 100,
    READY_SCRAPE_MS = 1000,
    WRITE_AGAIN_MS = 2000,
};

enum phase { STARTING, READY, STOPPING };

struct supervisor {
    struct plan *plan;
    struct scraper *scraper;
    struct child *children; /* in the order in which they start; owned */
    int child_count;
    int signal_fd;
    enum phase phase;
    int64_t started_wall_ms;
    int64_t started_ms, ready_ms, stopping_ms; /* monotonic */
    int64_t scraped_ms, clock_saved_ms;        /* when it was last done */
    int stop_order; /* STOPPING: the kind that was told to stop last */
    bool was_killed; /* the time to stop by themselves is over */
    struct rate rate;
    struct start start;
    double first_equity;      /* the first that was known; NAN: none yet */
    struct run_totals totals; /* kept for the time when the processes have gone */
    bool changed;      /* run.json is out of date */
    bool cannot_write; /* what is kept in the data directory */
    int64_t write_ms;  /* when that is tried again */
    int code;     /* why the run has failed; 0: it has not */
    char failure[1024];
};

/* ---- stopping ---- */

static void begin_stop(struct supervisor *run, int64_t now_ms)
{
    if (run->phase == STOPPING)
        return;
    run->phase = STOPPING;
    run->stopping_ms = now_ms;
    run->stop_order = CHILD_KINDS;
    report_totals(run->children, run->child_count, &run->totals);
}

/* Keeps the first failure, whose message is in the error chain, for the run's result; and stops. */
static void fail(struct supervisor *run, int code)
{
    if (run->phase != STOPPING) {
        (void)snprintf(run->failure, sizeof run->failure, "%s", error_message());
        run->code = code;
    }
    begin_stop(run, clock_monotonic_ms());
}

static void signal_all(const struct supervisor *run, int signal)
{
    for (int i = 0; i < run->child_count; i++)
        child_signal(&run->children[i], signal);
}

static bool kind_runs(const struct supervisor *run, int kind)
{
    for (int i = 0; i < run->child_count; i++)
        if ((int)run->children[i].kind == kind && run->children[i].pid > 0)
            return true;
    return false;
}

/* Tells one kind after the other to stop, the next when the one before is gone: what a process says at its end finds
 * its receiver. True when all are gone. */
static bool stop_step(struct supervisor *run, int64_t now_ms)
{
    while (run->stop_order >= 0 && (run->stop_order == CHILD_KINDS || !kind_runs(run, run->stop_order))) {
        run->stop_order--;
        for (int i = 0; i < run->child_count; i++)
            if ((int)run->children[i].kind == run->stop_order)
                child_signal(&run->children[i], SIGTERM);
    }
    if (!run->was_killed && now_ms - run->stopping_ms >= SUPERVISOR_STOP_MS) {
        run->was_killed = true;
        signal_all(run, SIGKILL);
    }
    return run->stop_order < 0;
}

/* ---- starting ---- */

static int make_children(struct supervisor *run)
{
    run->children = calloc((size_t)plan_process_count(run->plan), sizeof *run->children);
    if (run->children == NULL)
        return error_set(ERROR_MEMORY, "no memory for the processes");
    for (int kind = 0; kind < CHILD_KINDS; kind++) {
        int count = kind == CHILD_ANALYZER ? (int)run->plan->options.analyzers : 1;
        if (kind == CHILD_SIMULATOR && !market_is_simulated(&run->plan->market))
            continue;
        for (int i = 0; i < count; i++) {
            int port = kind == CHILD_SIMULATOR ? run->plan->simulator_port : run->plan->health_port + run->child_count;
            struct child *child = &run->children[run->child_count];
            int code = child_init(child, (enum child_kind)kind, kind == CHILD_ANALYZER ? i + 1 : 0, port,
                                  run->plan->data_dir);
            if (code != 0)
                return code;
            run->child_count++;
        }
    }
    return 0;
}

/* Starts what does not run. The fetcher's first start waits until the simulated exchange answers. */
static void start_missing(struct supervisor *run)
{
    for (int i = 0; i < run->child_count && run->phase != STOPPING; i++) {
        struct child *child = &run->children[i];
        if (child->pid > 0)
            continue;
        if (child->kind == CHILD_FETCHER && child->starts == 0 && run->children[0].kind == CHILD_SIMULATOR &&
            !run->children[0].scrape.ready)
            continue;
        int code = child_start(child, run->plan);
        if (code != 0)
            fail(run, code);
        run->changed = true;
    }
}

/* ---- what children write, and how they end ---- */

struct line_context {
    struct supervisor *run;
    struct child *child;
};

static void on_line(void *user, const char *line)
{
    struct line_context *context = user;
    bool is_error = strstr(line, " level=error ") != NULL;
    if (context->child->kind == CHILD_SIMULATOR)
        market_learn_clock(&context->run->plan->market, line);
    if (is_error)
        (void)snprintf(context->child->last_error, sizeof context->child->last_error, "%s", line);
    if (!is_error && strstr(line, " level=warn ") == NULL)
        return;
    (void)snprintf(context->child->last_warning, sizeof context->child->last_warning, "%s", line);
    context->child->warned_ms = clock_monotonic_ms();
    if (context->run->phase != STOPPING)
        terminal_warning(context->child->name, line);
}

static void show_line(void *user, const char *line)
{
    (void)user;
    terminal_line("  %s", line);
}

static void describe_end(int status, char *out, size_t capacity)
{
    if (WIFSIGNALED(status))
        (void)snprintf(out, capacity, "was killed by signal %d (%s)", WTERMSIG(status), strsignal(WTERMSIG(status)));
    else
        (void)snprintf(out, capacity, "ended with exit status %d", WEXITSTATUS(status));
}

/* Whether starting again makes no sense: the same would happen again. */
static bool is_hopeless(const struct child *child, int status)
{
    if (!WIFEXITED(status))
        return false;
    int code = WEXITSTATUS(status);
    return code == EXIT_USAGE || code == EXIT_CONFIGURATION || code == EXIT_NO_PROGRAM ||
           (code != 0 && !child->was_ready && strstr(child->last_error, "in use") != NULL);
}

static void give_up(struct supervisor *run, const struct child *child, const char *end, const char *why, int code)
{
    fail(run, error_set(code, "%s %s%s", child->name, end, why));
    terminal_line("%s %s%s; its last lines (%s):", child->name, end, why, child->log.path);
    child_log_tail(&child->log, show_line, NULL);
}

static void on_end(struct supervisor *run, struct child *child, int status)
{
    char end[100];
    scrape_release(run->scraper, &child->scrape);
    run->changed = true;
    if (run->phase == STOPPING)
        return;
    describe_end(status, end, sizeof end);
    enum life_verdict verdict = lives_died(&child->lives, clock_monotonic_ms(), child->was_ready);
    if (is_hopeless(child, status))
        give_up(run, child, end, "", WEXITSTATUS(status) == EXIT_CONFIGURATION ? ERROR_CONFIGURATION : ERROR_SYSTEM);
    else if (verdict == LIFE_TOO_OFTEN)
        give_up(run, child, end, ", more often than 20 times in a minute", ERROR_SYSTEM);
    else if (verdict == LIFE_NEVER_READY)
        give_up(run, child, end, " for the fifth time in a row without having been ready", ERROR_SYSTEM);
    else
        terminal_warning(child->name, end);
}

/* ---- what the outside says ---- */

static void on_signal(struct supervisor *run, int64_t now_ms)
{
    struct signalfd_siginfo info;
    while (read(run->signal_fd, &info, sizeof info) == (ssize_t)sizeof info) {
        if (run->phase == STOPPING) /* asked twice: at once */
            run->stopping_ms = now_ms - SUPERVISOR_STOP_MS;
        begin_stop(run, now_ms);
    }
}

static int wait_for_events(struct supervisor *run)
{
    enum { FDS_MAX = 1 + 2 * RUN_PROCESSES_MAX };
    struct curl_waitfd fds[FDS_MAX];
    unsigned count = 0;
    fds[count++] = (struct curl_waitfd){.fd = run->signal_fd, .events = CURL_WAIT_POLLIN};
    for (int i = 0; i < run->child_count; i++) {
        const struct child *child = &run->children[i];
        if (child->pid_fd >= 0)
            fds[count++] = (struct curl_waitfd){.fd = child->pid_fd, .events = CURL_WAIT_POLLIN};
        if (child->output >= 0)
            fds[count++] = (struct curl_waitfd){.fd = child->output, .events = CURL_WAIT_POLLIN};
    }
    return scraper_wait(run->scraper, fds, count, run->phase == READY ? READY_TURN_MS : STARTING_TURN_MS);
}

/* Notes when a process last answered: run.json says so of one that has fallen silent. */
static void hear(struct supervisor *run, struct child *child)
{
    bool reached = child->pid > 0 && child->scrape.reached;
    if (reached)
        child->heard_ms = clock_wall_ms();
    run->changed = run->changed || reached != child->was_reached;
    child->was_reached = reached;
}

static void serve_children(struct supervisor *run)
{
    for (int i = 0; i < run->child_count; i++) {
        struct child *child = &run->children[i];
        struct line_context context = {.run = run, .child = child};
        int status;
        child_read(child, on_line, &context);
        if (child_ended(child, &status, on_line, &context))
            on_end(run, child, status);
        else
            child->was_ready = child->was_ready || child->scrape.ready;
        hear(run, child);
    }
}

/* ---- time passes ---- */

static void scrape_all(struct supervisor *run, int64_t now_ms)
{
    if (run->phase == STOPPING ||
        now_ms - run->scraped_ms < (run->phase == READY ? READY_SCRAPE_MS : STARTING_SCRAPE_MS))
        return;
    run->scraped_ms = now_ms;
    for (int i = 0; i < run->child_count; i++) {
        const struct child *child = &run->children[i];
        if (child->kind == CHILD_FETCHER && !isnan(child_count(child, METRIC_candles_published_total)))
            rate_sample(&run->rate, now_ms, child_count(child, METRIC_candles_published_total));
        if (child->kind == CHILD_TRADER && isnan(run->first_equity))
            run->first_equity = child->scrape.metrics[METRIC_equity];
        if (child->pid > 0)
            scrape_begin(run->scraper, &run->children[i].scrape);
    }
}

static void check_readiness(struct supervisor *run, int64_t now_ms)
{
    const char *waiting_for;
    if (run->phase == STARTING && report_ready(run->children, run->child_count, &waiting_for) == run->child_count) {
        run->phase = READY;
        run->ready_ms = now_ms;
        terminal_line("ready after %.2f s", (double)(now_ms - run->started_ms) / 1000);
    }
    if (run->phase == STARTING && !run->plan->options.wait) {
        int code = start_check(&run->start, run->children, run->child_count, now_ms);
        if (code != 0)
            fail(run, code);
    }
    if (run->plan->options.for_s == 0)
        return;
    if (run->phase == STARTING && !run->plan->options.wait && now_ms - run->started_ms >= SUPERVISOR_READY_LIMIT_MS)
        fail(run, error_set(ERROR_TIMEOUT, "%s was not ready in %d s", waiting_for, SUPERVISOR_READY_LIMIT_MS / 1000));
    if (run->phase == READY && now_ms - run->ready_ms >= run->plan->options.for_s * 1000)
        begin_stop(run, now_ms);
}

static void show_status(const struct supervisor *run, int64_t now_ms)
{
    static const char *const names[] = {[STARTING] = "starting", [READY] = "ready", [STOPPING] = "stopping"};
    struct run_status status = {.state = names[run->phase]};
    report_status(run->plan, run->children, run->child_count, &run->rate, &status);
    if (run->phase == STOPPING)
        status.equity = run->totals.equity;
    if (run->phase == READY && status.ready < status.processes)
        status.state = "mending";
    if (run->phase == STOPPING)
        status.waiting_for = NULL;
    status.elapsed_ms = now_ms - (run->phase == READY ? run->ready_ms : run->started_ms);
    terminal_status(&status, now_ms);
}

/* Writes what is due of run.json and of the simulated exchange's clock. What failed stays due. */
static int write_files(struct supervisor *run, int64_t now_ms)
{
    const struct plan *plan = run->plan;
    int code = run->changed ? report_write(plan, run->children, run->child_count, run->started_wall_ms) : 0;
    run->changed = run->changed && code != 0;
    if (code != 0 || !market_is_simulated(&plan->market) || now_ms - run->clock_saved_ms < MARKET_CLOCK_SAVE_MS)
        return code;
    code = market_save_clock(plan->data_dir, &plan->market, now_ms, false);
    if (code == 0)
        run->clock_saved_ms = now_ms;
    return code;
}

/* A start that cannot write ends. Later a full disk ends nothing, here as little as in the processes: it is told once, and
 * tried again. */
static void keep_files(struct supervisor *run, int64_t now_ms)
{
    if (now_ms < run->write_ms)
        return;
    bool could_not = run->cannot_write;
    int code = write_files(run, now_ms);
    run->cannot_write = code != 0;
    if (code != 0)
        run->write_ms = now_ms + WRITE_AGAIN_MS;
    if (code != 0 && run->phase == STARTING)
        fail(run, code);
    else if (code != 0 && !could_not)
        terminal_line("%s; trying again", error_message());
    else if (code == 0 && could_not)
        terminal_line("%s can be written to again", run->plan->data_dir);
}

/* One turn of the loop; false when all is over. */
static bool turn(struct supervisor *run)
{
    start_missing(run);
    if (wait_for_events(run) != 0)
        fail(run, ERROR_LIBRARY);
    int64_t now_ms = clock_monotonic_ms();
    on_signal(run, now_ms);
    serve_children(run);
    scrape_all(run, now_ms);
    check_readiness(run, now_ms);
    keep_files(run, now_ms);
    show_status(run, now_ms);
    return run->phase != STOPPING || !stop_step(run, now_ms);
}

/* ---- all of it ---- */

static sigset_t stop_signals(void)
{
    sigset_t set;
    (void)sigemptyset(&set);
    (void)sigaddset(&set, SIGINT);
    (void)sigaddset(&set, SIGTERM);
    (void)sigaddset(&set, SIGHUP);
    return set;
}

void supervisor_hold_signals(void)
{
    const sigset_t set = stop_signals();
    (void)sigprocmask(SIG_BLOCK, &set, NULL);
}

static int watch_signals(struct supervisor *run)
{
    const sigset_t set = stop_signals();
    run->signal_fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
    (void)signal(SIGPIPE, SIG_IGN);
    return run->signal_fd >= 0 ? 0 : error_set(ERROR_SYSTEM, "signals: %s", strerror(errno));
}

/* What the run was, from what its processes said last. */
static void sum_up(const struct supervisor *run)
{
    char line[200];
    struct run_status status = {.signals = run->totals.signals};
    report_kind(run->plan, &status);
    status.elapsed_ms = run->stopping_ms - run->started_ms;
    run_summary_print(&status, run->totals.candles, run->totals.trades, run->totals.equity - run->first_equity, line,
                      sizeof line);
    terminal_line("%s", line);
    terminal_line("data in %s", run->plan->data_dir);
}

static void finish(struct supervisor *run)
{
    terminal_close();
    if (run->ready_ms != 0)
        sum_up(run);
    else if (run->code == 0 && run->started_ms != 0)
        terminal_line("stopped before it was ready; data in %s", run->plan->data_dir);
    if (market_is_simulated(&run->plan->market) &&
        market_save_clock(run->plan->data_dir, &run->plan->market, clock_monotonic_ms(), true) != 0)
        terminal_line("%s", error_message());
    run_file_remove(run->plan->data_dir);
    for (int i = 0; i < run->child_count; i++) {
        scrape_release(run->scraper, &run->children[i].scrape);
        child_log_close(&run->children[i].log);
    }
    scraper_destroy(run->scraper);
    free(run->children);
    if (run->signal_fd >= 0)
        (void)close(run->signal_fd);
}

int supervisor_run(struct plan *plan)
{
    struct supervisor run = {.plan = plan, .signal_fd = -1, .started_wall_ms = clock_wall_ms(), .first_equity = NAN};
    terminal_open();
    run.scraper = scraper_create();
    if (run.scraper == NULL)
        return ERROR_MEMORY;
    int code = watch_signals(&run);
    if (code == 0)
        code = make_children(&run);
    if (code == 0) {
        run.started_ms = clock_monotonic_ms();
        while (turn(&run))
            continue;
    }
    finish(&run);
    if (code == 0 && run.code != 0)
        code = error_set(run.code, "%s", run.failure);
    return code;
}
