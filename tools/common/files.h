/* Small private files of a data directory: one line each, written as a whole or not at all. */
/* SPDX-License-Identifier: MIT */
#ifndef WICK_TOOLS_COMMON_FILES_H
#define WICK_TOOLS_COMMON_FILES_H

#include "lib/base/error.h"

#include <stddef.h>

enum { FILE_PATH_SIZE = 4096 };

/* directory/name. ERROR_RANGE if it does not fit. */
int file_path(const char *directory, const char *name, char out[FILE_PATH_SIZE]) MUST_CHECK;

/* Reads the first line, without its end, into `out` with a NUL. ERROR_MISSING when there is no such file;
 * ERROR_RANGE when the line does not fit; ERROR_SYSTEM. The path is not in the message. */
int file_read_line(const char *path, char *out, size_t capacity) MUST_CHECK;

/* Replaces the file by these bytes and a newline, readable by the owner only: written beside it, then renamed.
 * ERROR_SYSTEM with the path. */
int file_write(const char *path, const char *bytes, size_t size) MUST_CHECK;

/* Creates a directory, its parents too, for the owner only. One that exists is left as it is. ERROR_SYSTEM. */
int directory_create(const char *path) MUST_CHECK;

#endif
