/* Arithmetic from one clock to the other. */
/* SPDX-License-Identifier: MIT */
#include "tools/simulator/clock.h"

#include "lib/base/decimal.h"

#include <string.h>

int exchange_clock_read_speed(const char *text, int64_t *thousandths)
{
    struct decimal speed;
    if (decimal_parse(text, strlen(text), &speed) != 0 || speed.scale > 3)
        return error_set(ERROR_ARGUMENT, "'%.40s' is not a speed, expected a number such as 1, 0.5 or 600", text);
    int64_t value = 0;
    if (decimal_rescale(speed, 3, ROUND_DOWN, &value) != 0 || value < 1 || value > 1000000000)
        return error_set(ERROR_ARGUMENT, "speed %.40s is out of range, expected 0.001 to 1000000", text);
    *thousandths = value;
    return 0;
}

static int read_integer(const char *text, size_t length, int64_t *out)
{
    struct decimal value;
    if (decimal_parse(text, length, &value) != 0 || value.scale != 0)
        return -1;
    *out = value.mantissa;
    return 0;
}

int exchange_clock_read_origin(const char *text, int64_t *monotonic_ms, int64_t *exchange_ms)
{
    const char *colon = strchr(text, ':');
    int64_t monotonic, exchange;
    if (colon == NULL || read_integer(text, (size_t)(colon - text), &monotonic) != 0 ||
        read_integer(colon + 1, strlen(colon + 1), &exchange) != 0 || exchange < 0)
        return error_set(ERROR_ARGUMENT, "'%.60s' is not an origin, expected MONOTONIC_MS:EXCHANGE_MS", text);
    *monotonic_ms = monotonic;
    *exchange_ms = exchange;
    return 0;
}

int64_t exchange_clock_at(const struct exchange_clock *clock, int64_t monotonic_us)
{
    __int128 elapsed_us = (__int128)monotonic_us - (__int128)clock->origin_monotonic_ms * 1000;
    return clock->origin_exchange_ms + clock->offset_ms + (int64_t)(elapsed_us * clock->speed_thousandths / 1000000);
}
