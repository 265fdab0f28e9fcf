/* zlib unpacks gzip and passes plain text through; libzip reads archives. */
/* SPDX-License-Identifier: MIT */
#include "tools/common/unpack.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BUFFER_SIZE = 65536, MAGIC_SIZE = 4 };

/* Whether a file begins as a zip archive does, also as one that is empty. A pipe cannot be looked into. */
static bool is_archive(const char *path)
{
    char magic[MAGIC_SIZE] = "";
    struct stat status;
    int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (file < 0)
        return false;
    bool read_all = fstat(file, &status) == 0 && S_ISREG(status.st_mode) && pread(file, magic, sizeof magic, 0) == MAGIC_SIZE;
    (void)close(file);
    return read_all && (memcmp(magic, "PK\x03\x04", MAGIC_SIZE) == 0 || memcmp(magic, "PK\x05\x06", MAGIC_SIZE) == 0);
}

/* What macOS adds to an archive beside the file itself has no candles. */
static bool is_csv(const char *name)
{
    size_t length = strlen(name);
    return length > strlen(".csv") && strcasecmp(name + length - strlen(".csv"), ".csv") == 0 &&
           strncmp(name, "__MACOSX/", strlen("__MACOSX/")) != 0;
}

static int find_entry(struct unpack *unpack, zip_uint64_t *index)
{
    zip_int64_t entries = zip_get_num_entries(unpack->archive, 0);
    int found = 0;
    for (zip_int64_t i = 0; i < entries; i++) {
        const char *name = zip_get_name(unpack->archive, (zip_uint64_t)i, 0);
        if (name == NULL || !is_csv(name))
            continue;
        *index = (zip_uint64_t)i;
        found++;
    }
    if (found != 1)
        return error_set(ERROR_SYNTAX, "%s: the archive holds %d CSV files, expected one%s", unpack->path, found,
                         found > 1 ? "; unpack it first" : "");
    return 0;
}

static int open_entry(struct unpack *unpack)
{
    zip_uint64_t index = 0;
    zip_stat_t status;
    int code = find_entry(unpack, &index);
    if (code != 0)
        return code;
    unpack->entry = zip_fopen_index(unpack->archive, index, 0);
    if (unpack->entry == NULL || zip_stat_index(unpack->archive, index, 0, &status) != 0)
        return error_set(ERROR_SYSTEM, "%s: %s", unpack->path, zip_strerror(unpack->archive));
    unpack->size = (status.valid & ZIP_STAT_SIZE) != 0 ? (int64_t)status.size : 0;
    unpack->packed = (status.valid & ZIP_STAT_COMP_SIZE) != 0 ? (int64_t)status.comp_size : 0;
    return 0;
}

static int open_archive(struct unpack *unpack)
{
    int reason = 0;
    unpack->archive = zip_open(unpack->path, ZIP_RDONLY, &reason);
    if (unpack->archive != NULL)
        return open_entry(unpack);
    zip_error_t error;
    zip_error_init_with_code(&error, reason);
    int code = error_set(ERROR_SYSTEM, "%s: %s", unpack->path, zip_error_strerror(&error));
    zip_error_fini(&error);
    return code;
}

static int open_stream(struct unpack *unpack)
{
    unpack->stream = gzopen(unpack->path, "rbe");
    if (unpack->stream == NULL)
        return error_set(ERROR_SYSTEM, "%s: %s", unpack->path, strerror(errno));
    (void)gzbuffer(unpack->stream, BUFFER_SIZE);
    return 0;
}

int unpack_open(struct unpack *unpack, const char *path)
{
    struct unpack opening = {.path = path};
    int code = is_archive(path) ? open_archive(&opening) : open_stream(&opening);
    if (code != 0)
        unpack_close(&opening);
    *unpack = opening;
    return code;
}

void unpack_close(struct unpack *unpack)
{
    if (unpack->stream != NULL)
        (void)gzclose_r(unpack->stream);
    if (unpack->entry != NULL)
        (void)zip_fclose(unpack->entry);
    if (unpack->archive != NULL)
        zip_discard(unpack->archive);
    *unpack = (struct unpack){.path = unpack->path};
}

/* What zlib says, without the path that it puts in front. */
static const char *stream_reason(const struct unpack *unpack, const char *said)
{
    size_t length = strlen(unpack->path);
    bool has_path = strncmp(said, unpack->path, length) == 0 && strncmp(said + length, ": ", 2) == 0;
    return has_path ? said + length + 2 : said;
}

static int read_stream(struct unpack *unpack, char *out, size_t capacity, size_t *got)
{
    int status = Z_OK;
    int count = gzread(unpack->stream, out, (unsigned)capacity);
    const char *said = gzerror(unpack->stream, &status);
    if (count < 0 || (status != Z_OK && status != Z_STREAM_END))
        return error_set(ERROR_SYSTEM, "%s: %s", unpack->path,
                         status == Z_ERRNO ? strerror(errno) : stream_reason(unpack, said));
    *got = (size_t)count;
    return 0;
}

int unpack_read(struct unpack *unpack, char *out, size_t capacity, size_t *got)
{
    if (unpack->entry == NULL)
        return read_stream(unpack, out, capacity, got);
    zip_int64_t count = zip_fread(unpack->entry, out, capacity);
    if (count < 0)
        return error_set(ERROR_SYSTEM, "%s: %s", unpack->path, zip_file_strerror(unpack->entry));
    unpack->read += count;
    *got = (size_t)count;
    return 0;
}

int64_t unpack_bytes_read(const struct unpack *unpack)
{
    if (unpack->entry == NULL)
        return (int64_t)gzoffset(unpack->stream);
    return unpack->size > 0 ? (int64_t)((double)unpack->packed * (double)unpack->read / (double)unpack->size) : 0;
}
