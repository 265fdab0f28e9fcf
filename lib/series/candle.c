/* The checks on a single candle, and its conversion to doubles. */
/* SPDX-License-Identifier: MIT */
#include "lib/series/candle.h"

#include "lib/base/decimal.h"
#include "lib/base/interval.h"

#include <inttypes.h>

bool candle_time_is_plausible(int64_t open_time_ms, int64_t now_ms)
{
    return open_time_ms >= CANDLE_TIME_MIN_MS && open_time_ms <= now_ms;
}

static int refuse(const struct candle *candle, const char *what)
{
    return error_set(ERROR_PROTOCOL, "candle of %" PRId64 ": %s", candle->open_time_ms, what);
}

int candle_check(const struct candle *candle, uint32_t interval_s)
{
    if (candle->open_time_ms < 0 || interval_open_time(interval_s, candle->open_time_ms) != candle->open_time_ms)
        return refuse(candle, "its open time is not on the grid of its interval");
    if (candle->price_scale > DECIMAL_SCALE_MAX || candle->volume_scale > DECIMAL_SCALE_MAX)
        return refuse(candle, "it has more than 18 decimals");
    if (candle->low <= 0)
        return refuse(candle, "its low is not positive");
    if (candle->low > candle->open || candle->low > candle->close)
        return refuse(candle, "its low is above its open or close");
    if (candle->high < candle->open || candle->high < candle->close)
        return refuse(candle, "its high is below its open or close");
    if (candle->volume < 0)
        return refuse(candle, "its volume is negative");
    return 0;
}

static struct decimal price(const struct candle *candle, int64_t mantissa)
{
    return (struct decimal){.mantissa = mantissa, .scale = candle->price_scale};
}

static struct decimal volume(const struct candle *candle)
{
    return (struct decimal){.mantissa = candle->volume, .scale = candle->volume_scale};
}

bool candle_equal(const struct candle *left, const struct candle *right)
{
    return left->open_time_ms == right->open_time_ms &&
           decimal_compare(price(left, left->open), price(right, right->open)) == 0 &&
           decimal_compare(price(left, left->high), price(right, right->high)) == 0 &&
           decimal_compare(price(left, left->low), price(right, right->low)) == 0 &&
           decimal_compare(price(left, left->close), price(right, right->close)) == 0 &&
           decimal_compare(volume(left), volume(right)) == 0;
}

struct bar candle_bar(const struct candle *candle)
{
    return (struct bar){
        .open = decimal_to_double(price(candle, candle->open)),
        .high = decimal_to_double(price(candle, candle->high)),
        .low = decimal_to_double(price(candle, candle->low)),
        .close = decimal_to_double(price(candle, candle->close)),
        .volume = decimal_to_double(volume(candle)),
    };
}
