/* Checked integer money; every division goes through decimal_divide, which rounds as it is told. */
/* SPDX-License-Identifier: MIT */
#include "lib/ledger/money.h"

#include <assert.h>
#include <stdbool.h>

static int out_of_range(const char *what)
{
    return error_set(ERROR_RANGE, "%s needs more than 63 bits", what);
}

int amount_add(struct amount left, struct amount right, struct amount *out)
{
    int64_t units;
    if (__builtin_add_overflow(left.units, right.units, &units))
        return out_of_range("a sum of amounts");
    *out = (struct amount){units};
    return 0;
}

int amount_subtract(struct amount left, struct amount right, struct amount *out)
{
    int64_t units;
    if (__builtin_sub_overflow(left.units, right.units, &units))
        return out_of_range("a difference of amounts");
    *out = (struct amount){units};
    return 0;
}

/* 10^exponent beyond what 64 bits hold; exponent <= 2 * DECIMAL_SCALE_MAX. */
static __int128 wide_power_of_ten(int exponent)
{
    int low = exponent < DECIMAL_SCALE_MAX ? exponent : DECIMAL_SCALE_MAX;
    return (__int128)decimal_power_of_ten((uint8_t)low) * decimal_power_of_ten((uint8_t)(exponent - low));
}

int amount_of(struct decimal price, struct decimal quantity, enum rounding rounding, struct amount *out)
{
    __int128 product = (__int128)price.mantissa * quantity.mantissa;
    int surplus = price.scale + quantity.scale - AMOUNT_SCALE; /* decimals too many */
    if (surplus < 0 && __builtin_mul_overflow(product, wide_power_of_ten(-surplus), &product))
        return out_of_range("a notional");
    return decimal_divide(product, wide_power_of_ten(surplus > 0 ? surplus : 0), rounding, &out->units);
}

int amount_fee(struct amount value, int64_t ppm, struct amount *out)
{
    assert(ppm >= 0 && ppm <= PPM);
    return decimal_divide((__int128)value.units * ppm, PPM, ROUND_UP, &out->units);
}

struct amount amount_share(struct amount whole, int64_t part, int64_t all)
{
    assert(all > 0 && part >= 0 && part <= all);
    return (struct amount){(int64_t)((__int128)whole.units * part / all)};
}

int amount_parse(const char *text, size_t length, struct amount *out)
{
    struct decimal value = {0};
    int code = decimal_parse(text, length, &value);
    if (code != 0)
        return code;
    if (value.scale > AMOUNT_SCALE)
        return error_set(ERROR_RANGE, "an amount has at most %d decimals", AMOUNT_SCALE);
    return decimal_rescale(value, AMOUNT_SCALE, ROUND_DOWN, &out->units);
}

size_t amount_print(struct amount amount, char out[DECIMAL_TEXT_SIZE])
{
    return decimal_print((struct decimal){.mantissa = amount.units, .scale = AMOUNT_SCALE}, out);
}

int instrument_check(const struct instrument *instrument)
{
    if (instrument->tick_size <= 0 || instrument->price_scale > DECIMAL_SCALE_MAX)
        return error_set(ERROR_ARGUMENT, "%s has no usable tick size", instrument->symbol);
    if (instrument->lot_step <= 0 || instrument->quantity_scale > DECIMAL_SCALE_MAX)
        return error_set(ERROR_ARGUMENT, "%s has no usable lot step", instrument->symbol);
    if (instrument->minimum_quantity < 0 || instrument->maximum_quantity < 0 || instrument->minimum_notional < 0)
        return error_set(ERROR_ARGUMENT, "%s has a negative limit", instrument->symbol);
    return 0;
}

/* value / (step * 10^-scale), rounded. Both products fit: 2^63 * 10^18 < 2^127. */
static int count_steps(struct decimal value, int64_t step, uint8_t scale, enum rounding rounding, int64_t *out)
{
    assert(step > 0);
    __int128 numerator = (__int128)value.mantissa * decimal_power_of_ten(scale);
    __int128 denominator = (__int128)step * decimal_power_of_ten(value.scale);
    return decimal_divide(numerator, denominator, rounding, out);
}

static int steps_to_decimal(int64_t count, int64_t step, uint8_t scale, struct decimal *out)
{
    int64_t mantissa;
    if (__builtin_mul_overflow(count, step, &mantissa))
        return out_of_range("a price or quantity");
    *out = (struct decimal){.mantissa = mantissa, .scale = scale};
    return 0;
}

int price_from(const struct instrument *instrument, struct decimal value, enum rounding rounding, struct price *out)
{
    return count_steps(value, instrument->tick_size, instrument->price_scale, rounding, &out->ticks);
}

int price_to_decimal(const struct instrument *instrument, struct price price, struct decimal *out)
{
    return steps_to_decimal(price.ticks, instrument->tick_size, instrument->price_scale, out);
}

int price_worsen(struct price price, enum side side, int64_t ppm, struct price *out)
{
    assert(price.ticks > 0 && ppm >= 0 && ppm <= PPM);
    bool buy = side == SIDE_BUY;
    __int128 moved = (__int128)price.ticks * (buy ? PPM + ppm : PPM - ppm);
    int64_t ticks;
    int code = decimal_divide(moved, PPM, buy ? ROUND_UP : ROUND_DOWN, &ticks);
    if (code != 0)
        return code;
    *out = (struct price){ticks > 0 ? ticks : 1};
    return 0;
}

int quantity_from(const struct instrument *instrument, struct decimal value, enum rounding rounding,
                  struct quantity *out)
{
    return count_steps(value, instrument->lot_step, instrument->quantity_scale, rounding, &out->lots);
}

int quantity_to_decimal(const struct instrument *instrument, struct quantity quantity, struct decimal *out)
{
    return steps_to_decimal(quantity.lots, instrument->lot_step, instrument->quantity_scale, out);
}

int notional(const struct instrument *instrument, struct price price, struct quantity quantity, enum rounding rounding,
             struct amount *out)
{
    struct decimal price_decimal = {0}, quantity_decimal = {0};
    int code = price_to_decimal(instrument, price, &price_decimal);
    if (code == 0)
        code = quantity_to_decimal(instrument, quantity, &quantity_decimal);
    return code != 0 ? code : amount_of(price_decimal, quantity_decimal, rounding, out);
}

/* No search is needed. With S the stake and p the fee rate, the largest whole n with n + ceil(n p) <= S is
 * floor(S / (1 + p)); and with v the value of one lot, ceil(q v) <= n holds just when q <= n / v. */
int quantity_for(const struct instrument *instrument, struct price price, struct amount stake, int64_t fee_ppm,
                 struct quantity *out)
{
    assert(price.ticks > 0 && stake.units >= 0 && fee_ppm >= 0 && fee_ppm <= PPM);
    struct decimal value = {0};
    int64_t without_fee = 0;
    int code = price_to_decimal(instrument, price, &value);
    if (code == 0)
        code = decimal_divide((__int128)stake.units * PPM, PPM + fee_ppm, ROUND_DOWN, &without_fee);
    if (code != 0)
        return code;

    __int128 numerator = without_fee;
    __int128 denominator = (__int128)value.mantissa * instrument->lot_step;
    int surplus = value.scale + instrument->quantity_scale - AMOUNT_SCALE;
    __int128 *scaled = surplus > 0 ? &numerator : &denominator;
    if (__builtin_mul_overflow(*scaled, wide_power_of_ten(surplus > 0 ? surplus : -surplus), scaled))
        return out_of_range("a quantity");
    return decimal_divide(numerator, denominator, ROUND_DOWN, &out->lots);
}
