/* Reads candle files for tests, through the exact decimals that the product uses. */
/* SPDX-License-Identifier: MIT */
#include "tests/unit/candle_file.h"

#include "lib/base/decimal.h"
#include "tests/harness.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

enum { COLUMNS = 6, LINE = 256 };

/* Splits a line at its commas, in place. False if it has not just COLUMNS of them. */
static bool split(char *line, char *columns[COLUMNS])
{
    line[strcspn(line, "\r\n")] = '\0';
    for (int i = 0; i < COLUMNS; i++) {
        columns[i] = line;
        line = line == NULL ? NULL : strchr(line, ',');
        if ((line == NULL) != (i == COLUMNS - 1))
            return false;
        if (line != NULL)
            *line++ = '\0';
    }
    return true;
}

static bool read_row(char *line, struct candle *candle)
{
    char *columns[COLUMNS];
    struct decimal prices[4], volume;
    if (!split(line, columns) || decimal_parse(columns[5], strlen(columns[5]), &volume) < 0)
        return false;
    uint8_t scale = 0;
    for (int i = 0; i < 4; i++) {
        if (decimal_parse(columns[i + 1], strlen(columns[i + 1]), &prices[i]) < 0)
            return false;
        if (prices[i].scale > scale)
            scale = prices[i].scale;
    }
    int64_t *out[4] = {&candle->open, &candle->high, &candle->low, &candle->close};
    for (int i = 0; i < 4; i++)
        if (decimal_rescale(prices[i], scale, ROUND_DOWN, out[i]) < 0)
            return false;
    candle->open_time_ms = strtoll(columns[0], NULL, 10);
    candle->price_scale = scale;
    candle->volume = volume.mantissa;
    candle->volume_scale = volume.scale;
    return true;
}

static void read_rows(gzFile stream, struct candle_file *file)
{
    char line[LINE];
    size_t capacity = 0;
    (void)gzgets(stream, line, sizeof line); /* the header */
    while (gzgets(stream, line, sizeof line) != NULL) {
        if (file->count == capacity) {
            capacity = capacity == 0 ? 4096 : 2 * capacity;
            file->rows = realloc(file->rows, capacity * sizeof *file->rows);
            CU_ASSERT_PTR_NOT_NULL_FATAL(file->rows);
        }
        if (!read_row(line, &file->rows[file->count++])) {
            CU_FAIL("a malformed row in a candle file");
            file->count = 0;
            return;
        }
    }
}

struct candle_file candle_file_read(const char *path)
{
    struct candle_file file = {0};
    const char *folder = test_shared_folder();
    if (folder == NULL) {
        test_skip("the folder of shared market data is not there");
        return file;
    }
    char full[512];
    (void)snprintf(full, sizeof full, "%s/%s", folder, path);
    gzFile stream = gzopen(full, "rb");
    CU_ASSERT_PTR_NOT_NULL(stream);
    if (stream == NULL)
        return file;
    read_rows(stream, &file);
    (void)gzclose(stream);
    CU_ASSERT(file.count > 0);
    return file;
}

void candle_file_release(struct candle_file *file)
{
    free(file->rows);
    *file = (struct candle_file){0};
}
