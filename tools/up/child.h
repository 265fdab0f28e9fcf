/* One process of a run: how it is started, what it writes, and how it ended. */
/* SPDX-License-Identifier: MIT */
#ifndef WICK_TOOLS_UP_CHILD_H
#define WICK_TOOLS_UP_CHILD_H

#include "lib/base/error.h"
#include "tools/common/run_file.h"
#include "tools/common/scrape.h"
#include "tools/up/child_log.h"
#include "tools/up/lives.h"
#include "tools/up/plan.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* The kinds in the order in which they start; they stop in the reverse order. */
enum child_kind { CHILD_SIMULATOR, CHILD_PERSISTER, CHILD_FETCHER, CHILD_TRADER, CHILD_ANALYZER, CHILD_DASHBOARD };
enum { CHILD_KINDS = CHILD_DASHBOARD + 1 };

struct child_row {
    const char *name, *program;
    enum role role;         /* ROLES: the simulated exchange */
    const char *ready_path; /* answers 200 when it is ready */
};

extern const struct child_row child_rows[CHILD_KINDS];

/* Exit statuses after which starting again makes no sense, because nothing will have changed. */
enum { EXIT_USAGE = 2, EXIT_CONFIGURATION = 4, EXIT_NO_PROGRAM = 127 };

struct child {
    enum child_kind kind;
    char name[RUN_NAME_SIZE]; /* the kind's, numbered where there are several */
    int health_port;
    pid_t pid;  /* 0: not running */
    int pid_fd; /* readable when it has ended; -1: not running */
    int output; /* its standard output and error; -1: closed */
    int64_t started_ms; /* wall clock, of this life */
    bool was_ready;     /* in this life */
    int starts;
    struct lives lives;
    struct child_log log;
    struct scrape scrape;
    double counted[METRICS]; /* what its earlier lives had counted */
    char last_error[512];    /* the last line of level error in this life */
    char last_warning[512];  /* the last line of level warn or error in this life */
    int64_t warned_ms;       /* monotonic, when it came; 0: never */
    bool was_reached;        /* by the scrape before */
    int64_t heard_ms;        /* wall clock, when it last answered; 0: never */
};

/* Prepares a child; `number` is 0 where there is one of its kind. ERROR_SYSTEM: its log cannot be opened. */
int child_init(struct child *child, enum child_kind kind, int number, int health_port, const char *data_dir) MUST_CHECK;

/* Starts it in a process group of its own; the kernel kills it when this process dies.
 * ERROR_FULL, ERROR_MEMORY, ERROR_SYSTEM. */
int child_start(struct child *child, const struct plan *plan) MUST_CHECK;

/* Reads what it has written, calling back for each line. */
void child_read(struct child *child, child_line_fn fn, void *user);

/* Whether it has ended: then *status is as from waitpid, all it wrote was read, and it counts as not running. */
bool child_ended(struct child *child, int *status, child_line_fn fn, void *user);

/* Sends a signal, if it runs. */
void child_signal(const struct child *child, int signal);

/* A metric over all its lives; NAN if it was never told. */
double child_count(const struct child *child, enum metric metric);

/* Its proportional set size in bytes, by its own word or the kernel's; 0 if neither says. */
double child_memory(const struct child *child);

#endif
