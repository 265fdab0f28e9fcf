/* Any bytes as a file that is imported, plain, gzip or zip: refused with a message, or candles that can be true, in order. */
/* SPDX-License-Identifier: MIT */
#include "lib/series/candle.h"
#include "tools/data/candle_table.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static const struct candle_table_wish wish = {.interval_s = 60, .now_ms = 1735776000000};

static void count_refused(void *user)
{
    if (error_message()[0] == '\0')
        abort();
    ++*(int64_t *)user;
}

static bool go_on(void *user)
{
    (void)user;
    return true;
}

static void check(const struct candle_table *table)
{
    for (size_t i = 0; i < table->count; i++) {
        const struct candle *candle = &table->rows[i].candle;
        if (candle_check(candle, wish.interval_s) != 0 || !candle_time_is_plausible(candle->open_time_ms, wish.now_ms) ||
            (i > 0 && candle->open_time_ms <= table->rows[i - 1].candle.open_time_ms))
            abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static int file = -1;
    char path[64];
    int64_t refused = 0;
    struct candle_table table;
    const struct candle_table_listener listener = {.user = &refused, .refused = count_refused, .goes_on = go_on};
    if (file < 0)
        file = memfd_create("candles", MFD_CLOEXEC);
    if (file < 0 || ftruncate(file, 0) != 0 || pwrite(file, bytes, size, 0) != (ssize_t)size)
        abort();
    (void)snprintf(path, sizeof path, "/proc/self/fd/%d", file);
    if (candle_table_read(&table, path, &wish, &listener) == 0)
        check(&table);
    if (table.refused != refused)
        abort();
    candle_table_release(&table);
    return 0;
}
