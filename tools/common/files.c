/* Reading a line, replacing a file, making a directory. */
/* SPDX-License-Identifier: MIT */
#include "tools/common/files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int file_path(const char *directory, const char *name, char out[FILE_PATH_SIZE])
{
    int length = snprintf(out, FILE_PATH_SIZE, "%s/%s", directory, name);
    if (length < 0 || length >= FILE_PATH_SIZE)
        return error_set(ERROR_RANGE, "the path of %s is longer than %d bytes", name, FILE_PATH_SIZE - 1);
    return 0;
}

int file_read_line(const char *path, char *out, size_t capacity)
{
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return error_set(errno == ENOENT ? ERROR_MISSING : ERROR_SYSTEM, "%s", strerror(errno));
    size_t length = 0;
    int byte;
    while ((byte = getc(file)) != EOF && byte != '\n' && length < capacity)
        out[length++] = (char)byte;
    int failed = ferror(file);
    (void)fclose(file);
    if (failed)
        return error_set(ERROR_SYSTEM, "it cannot be read");
    if (length == capacity)
        return error_set(ERROR_RANGE, "its first line is longer than %zu bytes", capacity - 1);
    out[length] = '\0';
    return 0;
}

static int write_and_rename(int fd, const char *next, const char *path, const char *bytes, size_t size)
{
    int written = dprintf(fd, "%.*s\n", (int)size, bytes);
    int closed = close(fd);
    if (written == (int)size + 1 && closed == 0 && rename(next, path) == 0)
        return 0;
    int code = error_set(ERROR_SYSTEM, "write %s: %s", path, strerror(errno));
    (void)unlink(next);
    return code;
}

int file_write(const char *path, const char *bytes, size_t size)
{
    char next[FILE_PATH_SIZE + 8];
    (void)snprintf(next, sizeof next, "%s.next", path);
    int fd = open(next, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return error_set(ERROR_SYSTEM, "write %s: %s", next, strerror(errno));
    return write_and_rename(fd, next, path, bytes, size);
}

int directory_create(const char *path)
{
    char part[FILE_PATH_SIZE];
    size_t length = strlen(path);
    if (length == 0 || length >= sizeof part)
        return error_set(ERROR_SYSTEM, "create directory '%s': its name is empty or too long", path);
    for (size_t end = 1; end <= length; end++) {
        if (path[end] != '/' && path[end] != '\0')
            continue;
        memcpy(part, path, end);
        part[end] = '\0';
        if (mkdir(part, 0700) != 0 && errno != EEXIST)
            return error_set(ERROR_SYSTEM, "create directory %s: %s", part, strerror(errno));
    }
    struct stat status;
    if (stat(path, &status) != 0 || !S_ISDIR(status.st_mode))
        return error_set(ERROR_SYSTEM, "create directory %s: it is there and no directory", path);
    return 0;
}
