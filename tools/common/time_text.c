/* The calendar is the Gregorian one, counted in days from 1970-01-01; timegm and gmtime_r know its rules. */
/* SPDX-License-Identifier: MIT */
#include "tools/common/time_text.h"

#include "lib/base/decimal.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

static const int64_t end_of_years_ms = 253402300800000; /* 10000-01-01 */

static const char *const formats[] = {"%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M:%S",
                                      "%Y-%m-%d %H:%M:%S"};

static int refuse(const char *text)
{
    return error_set(ERROR_SYNTAX, "'%.60s' is no time; expected ms since 1970, or 2024-12-21, or 2024-12-21T12:30Z", text);
}

int time_read(const char *text, int64_t *time_ms)
{
    struct decimal number;
    if (decimal_parse(text, strlen(text), &number) == 0) {
        if (number.scale != 0 || number.mantissa < 0 || number.mantissa >= end_of_years_ms)
            return refuse(text);
        *time_ms = number.mantissa;
        return 0;
    }
    for (size_t i = 0; i < sizeof formats / sizeof formats[0]; i++) {
        struct tm parts = {0};
        const char *end = strptime(text, formats[i], &parts);
        if (end == NULL || (end[0] != '\0' && strcmp(end, "Z") != 0))
            continue;
        struct tm given = parts;
        int64_t seconds = timegm(&parts);
        if (seconds < 0 || seconds * 1000 >= end_of_years_ms || parts.tm_mday != given.tm_mday) /* no 31st of June */
            return refuse(text);
        *time_ms = seconds * 1000;
        return 0;
    }
    return refuse(text);
}

void time_print(int64_t time_ms, char out[TIME_TEXT_SIZE])
{
    struct tm parts;
    time_t seconds = time_ms / 1000;
    if (time_ms < 0 || time_ms >= end_of_years_ms || gmtime_r(&seconds, &parts) == NULL) {
        (void)snprintf(out, TIME_TEXT_SIZE, "%lld", (long long)time_ms);
        return;
    }
    size_t used = strftime(out, TIME_TEXT_SIZE, "%Y-%m-%dT%H:%M", &parts);
    if (time_ms % 1000 != 0)
        used += (size_t)snprintf(out + used, TIME_TEXT_SIZE - used, ":%02d.%03d", parts.tm_sec, (int)(time_ms % 1000));
    else if (parts.tm_sec != 0)
        used += (size_t)snprintf(out + used, TIME_TEXT_SIZE - used, ":%02d", parts.tm_sec);
    (void)snprintf(out + used, TIME_TEXT_SIZE - used, "Z");
}
