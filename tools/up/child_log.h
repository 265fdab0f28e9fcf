/* The log of one process: what it writes to standard error, kept in DATA/log/NAME.log and looked at line by line.
 * The file of the run before, or of more than CHILD_LOG_MAX bytes, becomes NAME.log.1. */
/* SPDX-License-Identifier: MIT */
#ifndef WICK_TOOLS_UP_CHILD_LOG_H
#define WICK_TOOLS_UP_CHILD_LOG_H

#include "lib/base/error.h"
#include "tools/common/files.h"

#include <stddef.h>

enum {
    CHILD_LOG_MAX = 8 * 1024 * 1024,
    CHILD_LOG_LINE = 4097, /* a longer line is looked at in pieces */
    CHILD_LOG_TAIL = 20,   /* lines that child_log_tail gives at most */
};

struct child_log {
    char path[FILE_PATH_SIZE];
    int fd;
    size_t written; /* bytes in the file */
    char line[CHILD_LOG_LINE];
    size_t length;
};

/* Is called for each complete line, without its newline. */
typedef void (*child_line_fn)(void *user, const char *line);

/* Opens an empty log. ERROR_SYSTEM with the path. */
int child_log_open(struct child_log *log, const char *data_dir, const char *name) MUST_CHECK;
void child_log_close(struct child_log *log);

/* Keeps bytes and calls back for the lines that they complete. A full disk loses them. */
void child_log_write(struct child_log *log, const char *bytes, size_t size, child_line_fn fn, void *user);

/* Calls back for the last lines of the file, at most CHILD_LOG_TAIL. */
void child_log_tail(const struct child_log *log, child_line_fn fn, void *user);

#endif
