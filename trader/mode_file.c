/* One word in a file, replaced as a whole: written beside it, flushed, renamed. */
/* SPDX-License-Identifier: MIT */
#include "trader/mode_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { PATH_SIZE = 1100, WORD_SIZE = 32 };

static int make_path(const char *directory, const char *name, char out[PATH_SIZE])
{
    int length = snprintf(out, PATH_SIZE, "%s/%s", directory, name);
    return length > 0 && length < PATH_SIZE ? 0 : error_set(ERROR_SYSTEM, "the path of %s is too long", name);
}

static int mode_from_name(const char *name, enum trading_mode *mode)
{
    for (int i = 0; i < trading_mode_COUNT; i++) {
        if (i != TRADING_MODE_OTHER && strcmp(trading_mode_name((enum trading_mode)i), name) == 0) {
            *mode = (enum trading_mode)i;
            return 0;
        }
    }
    return error_set(ERROR_SYNTAX, "the file trading-mode names no mode");
}

int mode_file_load(const char *directory, enum trading_mode *mode)
{
    char path[PATH_SIZE], word[WORD_SIZE] = "";
    int code = make_path(directory, "trading-mode", path);
    if (code != 0)
        return code;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 && errno == ENOENT) {
        *mode = TRADING_MODE_ACTIVE;
        return 0;
    }
    ssize_t length = fd < 0 ? -1 : read(fd, word, sizeof word - 1);
    if (length < 0)
        code = error_set(ERROR_SYSTEM, "read %s: %s", path, strerror(errno));
    if (fd >= 0)
        (void)close(fd);
    if (code != 0)
        return code;
    word[strcspn(word, "\n")] = '\0';
    return mode_from_name(word, mode);
}

static int write_whole(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    size_t length = strlen(text);
    bool written = fd >= 0 && write(fd, text, length) == (ssize_t)length && fsync(fd) == 0;
    int reason = errno;
    if (fd >= 0 && close(fd) != 0 && written) {
        written = false;
        reason = errno;
    }
    return written ? 0 : error_set(ERROR_SYSTEM, "write %s: %s", path, strerror(reason));
}

/* A rename is durable only once its directory is. */
static int flush_directory(const char *directory)
{
    int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool flushed = fd >= 0 && fsync(fd) == 0;
    int reason = errno;
    if (fd >= 0)
        (void)close(fd);
    return flushed ? 0 : error_set(ERROR_SYSTEM, "flush %s: %s", directory, strerror(reason));
}

int mode_file_save(const char *directory, enum trading_mode mode)
{
    char path[PATH_SIZE], draft[PATH_SIZE], text[WORD_SIZE];
    int code = make_path(directory, "trading-mode", path);
    if (code == 0)
        code = make_path(directory, "trading-mode.new", draft);
    (void)snprintf(text, sizeof text, "%s\n", trading_mode_name(mode));
    if (code == 0)
        code = write_whole(draft, text);
    if (code == 0 && rename(draft, path) != 0)
        code = error_set(ERROR_SYSTEM, "rename %s: %s", draft, strerror(errno));
    return code != 0 ? code : flush_directory(directory);
}
