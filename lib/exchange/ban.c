/* The file of a ban: one line, the time and the URL it holds for. */
/* SPDX-License-Identifier: MIT */
#include "lib/exchange/ban.h"

#include "lib/base/decimal.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { PATH_SIZE = 1100, LINE_SIZE = 300 };

static const char file_name[] = "fetcher-ban";

int64_t ban_load(const char *directory, const char *base_url)
{
    char path[PATH_SIZE], line[LINE_SIZE];
    (void)snprintf(path, sizeof path, "%s/%s", directory, file_name);
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return 0;
    char *read = fgets(line, sizeof line, file);
    (void)fclose(file);
    char *space = read != NULL ? strchr(line, ' ') : NULL;
    char *end = space != NULL ? strchr(space, '\n') : NULL;
    if (end == NULL)
        return 0;
    *end = '\0';
    struct decimal until;
    if (strcmp(space + 1, base_url) != 0 || decimal_parse(line, (size_t)(space - line), &until) != 0 ||
        until.scale != 0)
        return 0;
    return until.mantissa;
}

/* Writes all of a line to a new file and makes it durable. */
static int write_file(const char *path, const char *line, size_t length)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0)
        return error_set(ERROR_SYSTEM, "open %s: %s", path, strerror(errno));
    int code = 0;
    if (write(fd, line, length) != (ssize_t)length || fsync(fd) != 0)
        code = error_set(ERROR_SYSTEM, "write %s: %s", path, strerror(errno));
    (void)close(fd);
    return code;
}

int ban_save(const char *directory, const char *base_url, int64_t until_wall_ms)
{
    char path[PATH_SIZE], draft[PATH_SIZE], line[LINE_SIZE];
    (void)snprintf(path, sizeof path, "%s/%s", directory, file_name);
    (void)snprintf(draft, sizeof draft, "%s/%s.new", directory, file_name);
    int length = snprintf(line, sizeof line, "%" PRId64 " %s\n", until_wall_ms, base_url);
    if (length < 0 || length >= LINE_SIZE)
        return error_set(ERROR_RANGE, "the exchange's URL is too long");
    int code = write_file(draft, line, (size_t)length);
    if (code == 0 && rename(draft, path) != 0)
        code = error_set(ERROR_SYSTEM, "rename %s: %s", draft, strerror(errno));
    return code != 0 ? error_context(code, "keep a ban") : 0;
}
