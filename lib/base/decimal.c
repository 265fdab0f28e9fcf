/* Exact conversion between decimal text and scaled integers; 128-bit intermediates, every step checked. */
/* SPDX-License-Identifier: MIT */
#include "lib/base/decimal.h"

#include <assert.h>
#include <stdbool.h>
#include <string.h>

static const int64_t powers[DECIMAL_SCALE_MAX + 1] = {
    1,
    10,
    100,
    1000,
    10000,
    100000,
    1000000,
    10000000,
    100000000,
    1000000000,
    10000000000,
    100000000000,
    1000000000000,
    10000000000000,
    100000000000000,
    1000000000000000,
    10000000000000000,
    100000000000000000,
    1000000000000000000,
};

int64_t decimal_power_of_ten(uint8_t exponent)
{
    assert(exponent <= DECIMAL_SCALE_MAX);
    return powers[exponent];
}

static bool is_digit(char byte)
{
    return byte >= '0' && byte <= '9';
}

/* Appends a run of digits to *value; returns how many there were, or -1 on overflow. */
static int read_digits(const char *text, size_t length, int64_t *value)
{
    size_t count = 0;
    while (count < length && is_digit(text[count])) {
        if (__builtin_mul_overflow(*value, 10, value) ||
            __builtin_add_overflow(*value, text[count] - '0', value))
            return -1;
        count++;
    }
    return (int)count;
}

/* The length of the text without the zeros that end its fraction, and without a point left bare by that. */
static size_t length_without_zeros(const char *text, size_t length)
{
    const char *point = memchr(text, '.', length);
    if (point == NULL)
        return length;
    size_t least = (size_t)(point - text) + 1;
    while (length > least && text[length - 1] == '0')
        length--;
    return length;
}

/* What nearly all numbers are: at most 18 digits, no sign. One pass, which keeps the value up to the last digit that
 * is not a zero at the end of the fraction. False: the long way must look at it. */
static bool parse_short(const char *text, size_t length, struct decimal *out)
{
    enum { LENGTH_MAX = 18 };
    size_t point = length, scale = 0;
    int64_t value = 0, kept = 0;
    if (length == 0 || length > LENGTH_MAX)
        return false;
    for (size_t i = 0; i < length; i++) {
        unsigned digit = (unsigned)(unsigned char)text[i] - '0';
        if (digit > 9) {
            if (text[i] != '.' || i == 0 || i + 1 == length || point != length)
                return false;
            point = i;
            kept = value;
            continue;
        }
        value = value * 10 + digit;
        if (digit != 0 && point != length) {
            kept = value;
            scale = i - point;
        }
    }
    *out = (struct decimal){.mantissa = point == length ? value : kept, .scale = (uint8_t)scale};
    return true;
}

int decimal_parse(const char *text, size_t length, struct decimal *out)
{
    if (parse_short(text, length, out))
        return 0;
    bool negative = length > 0 && text[0] == '-';
    const char *digits = text + negative;
    size_t rest = length - negative;
    const char *point = memchr(digits, '.', rest);
    if (point != NULL && point + 1 == digits + rest)
        return error_set(ERROR_SYNTAX, "'%.*s' is not a decimal number", (int)(length < 64 ? length : 64), text);
    rest = length_without_zeros(digits, rest);

    int64_t mantissa = 0;
    int whole = read_digits(digits, rest, &mantissa);
    int fraction = 0;
    size_t used = whole > 0 ? (size_t)whole : 0;
    if (whole > 0 && used < rest && digits[used] == '.') {
        fraction = read_digits(digits + used + 1, rest - used - 1, &mantissa);
        used += 1 + (fraction > 0 ? (size_t)fraction : 0);
    }
    if (whole < 0 || fraction < 0 || fraction > DECIMAL_SCALE_MAX)
        return error_set(ERROR_RANGE, "'%.*s' has too many digits", (int)(length < 64 ? length : 64), text);
    if (whole == 0 || used != rest)
        return error_set(ERROR_SYNTAX, "'%.*s' is not a decimal number", (int)(length < 64 ? length : 64), text);
    *out = (struct decimal){.mantissa = negative ? -mantissa : mantissa, .scale = (uint8_t)fraction};
    return 0;
}

size_t decimal_print(struct decimal value, char out[DECIMAL_TEXT_SIZE])
{
    assert(value.scale <= DECIMAL_SCALE_MAX);
    uint64_t magnitude = value.mantissa < 0 ? 0 - (uint64_t)value.mantissa : (uint64_t)value.mantissa;
    int scale = value.scale;
    while (scale > 0 && magnitude % 10 == 0) {
        magnitude /= 10;
        scale--;
    }
    char reversed[DECIMAL_TEXT_SIZE];
    size_t length = 0;
    for (int i = 0; magnitude != 0 || i <= scale; i++) {
        if (i == scale && scale > 0)
            reversed[length++] = '.';
        reversed[length++] = (char)('0' + magnitude % 10);
        magnitude /= 10;
    }
    size_t at = 0;
    if (value.mantissa < 0)
        out[at++] = '-';
    while (length > 0)
        out[at++] = reversed[--length];
    out[at] = '\0';
    return at;
}

int decimal_divide(__int128 numerator, __int128 denominator, enum rounding rounding, int64_t *out)
{
    assert(denominator > 0);
    __int128 quotient = numerator / denominator;
    __int128 remainder = numerator % denominator;
    int away = 0; /* one step away from zero */
    if (remainder != 0) {
        __int128 magnitude = remainder < 0 ? -remainder : remainder;
        if (rounding == ROUND_UP)
            away = 1;
        else if (rounding == ROUND_HALF_EVEN)
            away = magnitude > denominator - magnitude || (magnitude == denominator - magnitude && quotient % 2 != 0);
    }
    quotient += numerator < 0 ? -away : away;
    if (quotient > INT64_MAX || quotient < INT64_MIN)
        return error_set(ERROR_RANGE, "the result of a division needs more than 64 bits");
    *out = (int64_t)quotient;
    return 0;
}

int decimal_rescale(struct decimal value, uint8_t scale, enum rounding rounding, int64_t *mantissa)
{
    assert(value.scale <= DECIMAL_SCALE_MAX && scale <= DECIMAL_SCALE_MAX);
    if (scale >= value.scale) {
        if (__builtin_mul_overflow(value.mantissa, powers[scale - value.scale], mantissa))
            return error_set(ERROR_RANGE, "a number does not fit 64 bits with %u decimals", scale);
        return 0;
    }
    return decimal_divide(value.mantissa, powers[value.scale - scale], rounding, mantissa);
}

double decimal_to_double(struct decimal value)
{
    /* Both operands are exact, so the division is the one rounding (powers of ten are exact up to 10^22). */
    return (double)value.mantissa / (double)powers[value.scale];
}

int decimal_compare(struct decimal left, struct decimal right)
{
    uint8_t scale = left.scale > right.scale ? left.scale : right.scale;
    __int128 a = (__int128)left.mantissa * powers[scale - left.scale];
    __int128 b = (__int128)right.mantissa * powers[scale - right.scale];
    return (a > b) - (a < b);
}
