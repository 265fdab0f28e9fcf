/* Appends to a file of bounded size and cuts the stream into lines. */
/* SPDX-License-Identifier: MIT */
#include "tools/up/child_log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Moves the file out of the way and begins an empty one. */
static int begin_file(struct child_log *log)
{
    char before[FILE_PATH_SIZE + 4];
    (void)snprintf(before, sizeof before, "%s.1", log->path);
    (void)rename(log->path, before);
    log->fd = open(log->path, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600);
    log->written = 0;
    return log->fd >= 0 ? 0 : error_set(ERROR_SYSTEM, "open %s: %s", log->path, strerror(errno));
}

int child_log_open(struct child_log *log, const char *data_dir, const char *name)
{
    char file[64];
    (void)snprintf(file, sizeof file, "log/%s.log", name);
    log->length = 0;
    log->fd = -1;
    int code = file_path(data_dir, file, log->path);
    return code == 0 ? begin_file(log) : code;
}

void child_log_close(struct child_log *log)
{
    if (log->fd >= 0)
        (void)close(log->fd);
    log->fd = -1;
}

static void keep(struct child_log *log, const char *bytes, size_t size)
{
    if (log->fd < 0 || log->written + size > CHILD_LOG_MAX) { /* it is not open where the disk was full */
        child_log_close(log);
        (void)begin_file(log);
    }
    ssize_t written = log->fd >= 0 ? write(log->fd, bytes, size) : 0;
    log->written += written > 0 ? (size_t)written : 0;
}

static void end_line(struct child_log *log, child_line_fn fn, void *user)
{
    log->line[log->length] = '\0';
    log->length = 0;
    fn(user, log->line);
}

void child_log_write(struct child_log *log, const char *bytes, size_t size, child_line_fn fn, void *user)
{
    keep(log, bytes, size);
    for (size_t i = 0; i < size; i++) {
        if (bytes[i] == '\n' || log->length == sizeof log->line - 1)
            end_line(log, fn, user);
        if (bytes[i] != '\n' && bytes[i] != '\0')
            log->line[log->length++] = bytes[i];
    }
}

void child_log_tail(const struct child_log *log, child_line_fn fn, void *user)
{
    char bytes[16 * 1024];
    FILE *file = fopen(log->path, "re");
    if (file == NULL)
        return;
    if (log->written >= sizeof bytes)
        (void)fseek(file, -(long)(sizeof bytes - 1), SEEK_END);
    size_t size = fread(bytes, 1, sizeof bytes - 1, file);
    (void)fclose(file);
    bytes[size] = '\0';
    char *start = bytes + size;
    for (int lines = 0; start > bytes; start--)
        if (start[-1] == '\n' && start != bytes + size && ++lines == CHILD_LOG_TAIL)
            break;
    for (char *end; (end = strchr(start, '\n')) != NULL; start = end + 1) {
        *end = '\0';
        fn(user, start);
    }
    if (*start != '\0')
        fn(user, start);
}
