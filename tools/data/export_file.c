/* SPDX-License-Identifier: MIT */
#include "tools/data/export_file.h"

#include "lib/base/decimal.h"
#include "tools/common/csv.h"
#include "tools/common/files.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

enum { LINE_SIZE = 6 * DECIMAL_TEXT_SIZE };

struct work {
    gzFile out;
    const volatile sig_atomic_t *interrupted;
    int64_t rows;
};

static int write_text(struct work *work, const char *text, size_t size)
{
    if (gzwrite(work->out, text, (unsigned)size) == (int)size)
        return 0;
    return error_set(ERROR_SYSTEM, "write: %s", errno != 0 ? strerror(errno) : "refused");
}

static size_t put_number(char *at, int64_t mantissa, int64_t scale, char end)
{
    size_t length = decimal_print((struct decimal){.mantissa = mantissa, .scale = (uint8_t)scale}, at);
    at[length] = end;
    return length + 1;
}

static int write_candle(void *user, const struct audit_candle *candle)
{
    struct work *work = user;
    char line[LINE_SIZE];
    if (*work->interrupted != 0)
        return error_set(ERROR_AGAIN, "interrupted");
    if (candle->price_scale < 0 || candle->price_scale > DECIMAL_SCALE_MAX || candle->volume_scale < 0 ||
        candle->volume_scale > DECIMAL_SCALE_MAX)
        return error_set(ERROR_STORE, "the candle of %" PRId64 " has decimals that cannot be; see wick verify",
                         candle->open_time_ms);
    size_t used = put_number(line, candle->open_time_ms, 0, ',');
    used += put_number(line + used, candle->open, candle->price_scale, ',');
    used += put_number(line + used, candle->high, candle->price_scale, ',');
    used += put_number(line + used, candle->low, candle->price_scale, ',');
    used += put_number(line + used, candle->close, candle->price_scale, ',');
    used += put_number(line + used, candle->volume, candle->volume_scale, '\n');
    work->rows++;
    return write_text(work, line, used);
}

/* zlib writes plain text too when it is told to. */
static gzFile open_output(const char *draft, const char *path)
{
    size_t length = path != NULL ? strlen(path) : 0;
    bool packed = length > 3 && strcmp(path + length - 3, ".gz") == 0;
    if (path != NULL)
        return gzopen(draft, packed ? "wbe" : "wbeT");
    int fd = dup(STDOUT_FILENO);
    return fd >= 0 ? gzdopen(fd, "wbT") : NULL;
}

int export_file(struct audit *audit, const struct audit_series *series, const struct export_range *range,
                const char *path, const volatile sig_atomic_t *interrupted, int64_t *rows)
{
    const char *shown = path != NULL ? path : "standard output";
    char draft[FILE_PATH_SIZE] = "";
    if (path != NULL && (size_t)snprintf(draft, sizeof draft, "%s.part", path) >= sizeof draft)
        return error_set(ERROR_RANGE, "%s: the path is too long", path);
    struct work work = {.out = open_output(draft, path), .interrupted = interrupted};
    if (work.out == NULL)
        return error_set(ERROR_SYSTEM, "%s: %s", shown, strerror(errno));
    (void)gzbuffer(work.out, CSV_LINE_MAX + 1);
    int code = write_text(&work, CSV_CANDLE_HEADER "\n", strlen(CSV_CANDLE_HEADER) + 1);
    if (code == 0)
        code = audit_candles(audit, series->id, range->from_ms, range->to_ms, write_candle, &work);
    if (gzclose_w(work.out) != Z_OK && code == 0)
        code = error_set(ERROR_SYSTEM, "write: %s", strerror(errno));
    if (code == 0 && path != NULL && rename(draft, path) != 0)
        code = error_set(ERROR_SYSTEM, "rename: %s", strerror(errno));
    if (code != 0 && path != NULL)
        (void)unlink(draft);
    if (code != 0)
        return error_context(code, "%s", shown);
    *rows = work.rows;
    return 0;
}
