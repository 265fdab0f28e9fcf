/* The candle files that the arguments of a command name: files, and directories with all that are below them. */
/* SPDX-License-Identifier: MIT */
#ifndef WICK_TOOLS_DATA_FILE_LIST_H
#define WICK_TOOLS_DATA_FILE_LIST_H

#include "lib/base/error.h"

#include <stddef.h>
#include <stdint.h>

struct listed_file {
    char *path; /* owned */
    int64_t size;
};

/* A zeroed list is empty. */
struct file_list {
    struct listed_file *files; /* owned */
    size_t count, capacity;
    int64_t size; /* of all */
};

/* Adds a file, whatever its name, or every *.csv and *.csv.gz below a directory, in the order of their paths; names that
 * begin with a dot are passed over. ERROR_SYSTEM with the path; ERROR_MISSING for a directory without such files. */
int file_list_add(struct file_list *list, const char *path) MUST_CHECK;
void file_list_release(struct file_list *list);

#endif
