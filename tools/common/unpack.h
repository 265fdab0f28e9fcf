/* The bytes of a file, unpacked on the way: gzip, a zip archive with one CSV file in it, or plain. */
/* SPDX-License-Identifier: MIT */
#ifndef WICK_TOOLS_COMMON_UNPACK_H
#define WICK_TOOLS_COMMON_UNPACK_H

#include "lib/base/error.h"

#include <stddef.h>
#include <stdint.h>
#include <zip.h>
#include <zlib.h>

/* A zeroed one is closed. */
struct unpack {
    const char *path; /* must stay valid */

    /* Private: `stream`, or `archive` and `entry`. */
    gzFile stream;
    zip_t *archive;
    zip_file_t *entry;
    int64_t size, read; /* of the entry, unpacked */
    int64_t packed;     /* its size in the archive */
};

/* What a file is tells its content, not its name; a pipe is gzip or plain. ERROR_SYSTEM for a file that cannot be read or
 * is damaged, ERROR_SYNTAX for an archive that does not hold exactly one CSV file, each with the path in front. */
int unpack_open(struct unpack *unpack, const char *path) MUST_CHECK;
void unpack_close(struct unpack *unpack);

/* Reads up to `capacity` bytes; *got becomes 0 at the end. ERROR_SYSTEM with the path for what is damaged or ends too
 * early. */
int unpack_read(struct unpack *unpack, char *out, size_t capacity, size_t *got) MUST_CHECK;

/* How many bytes of the file on disk have been read, about. */
int64_t unpack_bytes_read(const struct unpack *unpack);

#endif
