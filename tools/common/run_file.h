/* What runs in a data directory: the lock that one run holds, and DATA/run.json, which says what it started. */
/* SPDX-License-Identifier: MIT */
#ifndef WICK_TOOLS_COMMON_RUN_FILE_H
#define WICK_TOOLS_COMMON_RUN_FILE_H

#include "lib/base/error.h"

#include <stdint.h>

enum {
    RUN_PROCESSES_MAX = 256,
    RUN_NAME_SIZE = 40,
    RUN_TEXT_SIZE = 1024,
};

struct run_process {
    char name[RUN_NAME_SIZE]; /* unique in the run: "analyzer-07" */
    char role[RUN_NAME_SIZE];
    int pid;             /* 0: not running at the moment */
    int health_port;     /* of the loopback address */
    int restarts;
    int64_t started_ms;  /* wall clock, of this life */
    int64_t silent_ms;   /* wall clock, since when it has not answered; 0: it answers, or has never answered */
};

struct run_file {
    int pid;                     /* of the supervisor */
    char url[RUN_TEXT_SIZE];     /* the dashboard's */
    char market[RUN_TEXT_SIZE];  /* what is followed, for people */
    int64_t speed;               /* of the exchange's clock */
    int64_t started_ms;          /* wall clock */
    int process_count;
    struct run_process processes[RUN_PROCESSES_MAX];
};

/* Takes the lock of a data directory until the process ends. ERROR_EXISTS with the process that holds it;
 * ERROR_SYSTEM. */
int run_lock(const char *data_dir) MUST_CHECK;

/* The process that holds the lock. ERROR_MISSING when nothing runs there, or there is no such directory. */
int run_lock_holder(const char *data_dir, int *pid) MUST_CHECK;

/* Replaces DATA/run.json. ERROR_SYSTEM. */
int run_file_write(const char *data_dir, const struct run_file *run) MUST_CHECK;

/* Reads it. ERROR_MISSING, ERROR_SYNTAX. */
int run_file_read(const char *data_dir, struct run_file *out) MUST_CHECK;

/* Removes it. */
void run_file_remove(const char *data_dir);

#endif
