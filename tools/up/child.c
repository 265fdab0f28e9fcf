/* fork, exec, and the pipe between. */
/* SPDX-License-Identifier: MIT */
#include "tools/up/child.h"

#include "lib/base/clock.h"
#include "tools/common/memory.h"
#include "tools/up/environment.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

const struct child_row child_rows[CHILD_KINDS] = {
    [CHILD_SIMULATOR] = {"simulator", "wick-simulator", ROLES, "/api/v3/ping"},
    [CHILD_PERSISTER] = {"persister", "wick-persister", ROLE_PERSISTER, "/readyz"},
    [CHILD_FETCHER] = {"fetcher", "wick-fetcher", ROLE_FETCHER, "/readyz"},
    [CHILD_TRADER] = {"trader", "wick-trader", ROLE_TRADER, "/readyz"},
    [CHILD_ANALYZER] = {"analyzer", "wick-analyzer", ROLE_ANALYZER, "/readyz"},
    [CHILD_DASHBOARD] = {"dashboard", "wick-dashboard", ROLE_DASHBOARD, "/readyz"},
};

int child_init(struct child *child, enum child_kind kind, int number, int health_port, const char *data_dir)
{
    *child = (struct child){.kind = kind, .health_port = health_port, .pid_fd = -1, .output = -1};
    if (number > 0)
        (void)snprintf(child->name, sizeof child->name, "%s-%02d", child_rows[kind].name, number);
    else
        (void)snprintf(child->name, sizeof child->name, "%s", child_rows[kind].name);
    scrape_init(&child->scrape, health_port, child_rows[kind].ready_path, child_rows[kind].role != ROLES);
    return child_log_open(&child->log, data_dir, child->name);
}

/* ---- starting ---- */

/* What one start needs; static because it is large, and erased after each use. */
static struct strings arguments, environment;

/* In the new process: only what is safe between fork and exec. */
static void become(const char *program, int output, pid_t parent)
{
    static const char no_program[] = "the program cannot be started: ";
    sigset_t none;
    (void)sigemptyset(&none);
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
    (void)signal(SIGPIPE, SIG_DFL);
    (void)setpgid(0, 0);
    /* The kernel kills us when the parent dies; if it already has, nobody would. */
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || getppid() != parent)
        _exit(1);
    int null = open("/dev/null", O_RDONLY);
    if (null < 0 || dup2(null, 0) < 0 || dup2(output, 1) < 0 || dup2(output, 2) < 0)
        _exit(1);
    (void)close_range(3, ~0u, CLOSE_RANGE_CLOEXEC);
    (void)execve(program, arguments.strings, environment.strings);
    const char *why = strerrordesc_np(errno);
    ssize_t ignored = write(2, no_program, sizeof no_program - 1);
    ignored = write(2, program, strlen(program));
    ignored = write(2, ": ", 2);
    ignored = write(2, why, strlen(why));
    ignored = write(2, "\n", 1);
    (void)ignored;
    _exit(EXIT_NO_PROGRAM);
}

static int start_process(struct child *child, const char *program)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0)
        return error_set(ERROR_SYSTEM, "start %s: %s", child->name, strerror(errno));
    pid_t parent = getpid();
    pid_t pid = fork();
    if (pid == 0)
        become(program, ends[1], parent);
    (void)close(ends[1]);
    int pid_fd = pid > 0 ? pidfd_open(pid, 0) : -1;
    if (pid_fd < 0) {
        int code = error_set(ERROR_SYSTEM, "start %s: %s", child->name, strerror(errno));
        (void)close(ends[0]);
        if (pid > 0)
            (void)kill(pid, SIGKILL);
        return code;
    }
    (void)fcntl(ends[0], F_SETFL, O_NONBLOCK);
    child->pid = pid;
    child->pid_fd = pid_fd;
    child->output = ends[0];
    return 0;
}

static int name_arguments(const struct child *child, const struct plan *plan)
{
    if (child->kind == CHILD_SIMULATOR)
        return simulator_arguments(plan, &arguments);
    (void)snprintf(arguments.text, sizeof arguments.text, "%s", child_rows[child->kind].program);
    arguments.strings[0] = arguments.text;
    arguments.strings[1] = NULL;
    return 0;
}

int child_start(struct child *child, const struct plan *plan)
{
    char program[FILE_PATH_SIZE];
    int code = file_path(plan->programs, child_rows[child->kind].program, program);
    if (code == 0)
        code = name_arguments(child, plan);
    if (code == 0)
        code = environment_build(plan, child_rows[child->kind].role, child->health_port, &environment);
    if (code == 0)
        code = start_process(child, program);
    strings_release(&environment);
    if (code != 0)
        return code;
    child->started_ms = clock_wall_ms();
    child->warned_ms = 0;
    child->was_ready = false;
    child->last_error[0] = child->last_warning[0] = '\0';
    child->starts++;
    return 0;
}

/* ---- watching ---- */

void child_read(struct child *child, child_line_fn fn, void *user)
{
    char bytes[16 * 1024];
    ssize_t size;
    while (child->output >= 0 && (size = read(child->output, bytes, sizeof bytes)) >= 0) {
        if (size == 0) {
            (void)close(child->output);
            child->output = -1;
            return;
        }
        child_log_write(&child->log, bytes, (size_t)size, fn, user);
        if (size < (ssize_t)sizeof bytes)
            return; /* the others want their turn */
    }
}

/* Counters begin at 0 in the next life: what this one had counted is kept. All else is forgotten. */
static void keep_counters(struct child *child)
{
    static const bool is_counter[METRICS] = {
#define COUNTER true
#define GAUGE false
#define METRIC(name, type, roles, sentence) [METRIC_##name] = type,
#include "lib/runtime/metrics.def"
#undef METRIC
#undef COUNTER
#undef GAUGE
    };
    for (int i = 0; i < METRICS; i++) {
        if (is_counter[i] && !isnan(child->scrape.metrics[i]))
            child->counted[i] += child->scrape.metrics[i];
        child->scrape.metrics[i] = is_counter[i] && !isnan(child->scrape.metrics[i]) ? 0 : NAN;
    }
    child->scrape.reached = child->scrape.ready = false;
}

bool child_ended(struct child *child, int *status, child_line_fn fn, void *user)
{
    if (child->pid == 0 || waitpid(child->pid, status, WNOHANG) != child->pid)
        return false;
    child_read(child, fn, user);
    if (child->output >= 0)
        (void)close(child->output);
    (void)close(child->pid_fd);
    child->output = child->pid_fd = -1;
    child->pid = 0;
    keep_counters(child);
    return true;
}

void child_signal(const struct child *child, int signal)
{
    if (child->pid > 0)
        (void)pidfd_send_signal(child->pid_fd, signal, NULL, 0);
}

double child_count(const struct child *child, enum metric metric)
{
    return child->counted[metric] + child->scrape.metrics[metric];
}

double child_memory(const struct child *child)
{
    double told = child->scrape.metrics[METRIC_memory_proportional_bytes];
    if (!isnan(told))
        return told;
    return child->pid > 0 ? memory_of_pid(child->pid) : 0;
}
