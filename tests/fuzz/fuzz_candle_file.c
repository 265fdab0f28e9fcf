/* Any bytes as a file of candles, gzip or plain: refused with a message, or candles in order. */
/* SPDX-License-Identifier: MIT */
#include "tools/simulator/candle_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static int file = -1;
    char path[64];
    if (file < 0)
        file = memfd_create("candles", MFD_CLOEXEC);
    if (file < 0 || ftruncate(file, 0) != 0 || pwrite(file, bytes, size, 0) != (ssize_t)size)
        abort();
    (void)snprintf(path, sizeof path, "/proc/self/fd/%d", file);
    struct market_symbol symbol = {0};
    struct candle_series series = {0};
    if (candle_file_read(path, 60, &symbol, &series) < 0)
        return 0;
    for (size_t i = 1; i < series.count; i++)
        if (series.candles[i].open_time_ms <= series.candles[i - 1].open_time_ms)
            abort();
    free(series.candles);
    return 0;
}
