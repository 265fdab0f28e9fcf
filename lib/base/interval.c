/* The intervals that all supported exchanges share the meaning of. A week begins on Monday. */
/* SPDX-License-Identifier: MIT */
#include "lib/base/interval.h"

#include <string.h>

static const struct {
    const char *name;
    uint32_t seconds;
} rows[] = {
    {"1m", 60},     {"3m", 180},    {"5m", 300},    {"15m", 900},   {"30m", 1800},   {"1h", 3600},   {"2h", 7200},
    {"4h", 14400},  {"6h", 21600},  {"8h", 28800},  {"12h", 43200}, {"1d", 86400},   {"1w", 604800},
};

enum { ROWS = sizeof rows / sizeof rows[0], WEEK = 604800 };

/* 1970-01-05, the first Monday, in ms: weeks are counted from there. */
static const int64_t first_monday_ms = 4LL * 86400 * 1000;

int interval_from_name(const char *name, uint32_t *seconds)
{
    for (int i = 0; i < ROWS; i++) {
        if (strcmp(rows[i].name, name) == 0) {
            *seconds = rows[i].seconds;
            return 0;
        }
    }
    return error_set(ERROR_ARGUMENT, "'%s' is not an interval; expected 1m 3m 5m 15m 30m 1h 2h 4h 6h 8h 12h 1d or 1w",
                     name);
}

const char *interval_name(uint32_t seconds)
{
    for (int i = 0; i < ROWS; i++)
        if (rows[i].seconds == seconds)
            return rows[i].name;
    return NULL;
}

int64_t interval_open_time(uint32_t seconds, int64_t time_ms)
{
    int64_t length_ms = (int64_t)seconds * 1000;
    int64_t origin_ms = seconds == WEEK ? first_monday_ms : 0;
    return time_ms - (time_ms - origin_ms) % length_ms;
}
