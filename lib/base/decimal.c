/* Exact conversion between decimal text and scaled integers; 128-bit intermediates, every step checked. */
/* SPDX-License-Identifier: MIT */
#include "lib/base/decimal.h"

#include <assert.h>
#include <endian.h>
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

/* ---- eight digits at once ----
 *
 * Most of what an exchange sends is numbers of this length, so they are read without a branch for each digit: eight
 * characters are one word, the first of them in its lowest byte. */

enum { WORD = 8, SHORT_MAX = 16 };
#define EVERY_BYTE 0x0101010101010101u

static uint64_t load_word(const char *text)
{
    uint64_t word;
    memcpy(&word, text, WORD);
    return le64toh(word);
}

/* The word with its first `count` characters replaced by '0', count < 8. */
static uint64_t zero_first(uint64_t word, size_t count)
{
    uint64_t first = (UINT64_C(1) << 8 * count) - 1;
    return (word & ~first) | (EVERY_BYTE * '0' & first);
}

static bool all_digits(uint64_t word)
{
    uint64_t high = EVERY_BYTE * 0xf0;
    return ((word & high) | ((word + EVERY_BYTE * 6) & high) >> 4) == EVERY_BYTE * 0x33;
}

/* The number that eight digits are: pairs, then pairs of pairs, then the two halves. */
static int64_t value_of(uint64_t word)
{
    word = (word & EVERY_BYTE * 0x0f) * (1 + (10 << 8)) >> 8;
    word = (word & 0x00ff00ff00ff00ff) * (1 + (100 << 16)) >> 16;
    return (int64_t)((word & 0x0000ffff0000ffff) * (1 + (UINT64_C(10000) << 32)) >> 32);
}

/* Where the first point stands in the word; 8: it has none. */
static size_t find_point(uint64_t word)
{
    uint64_t other = word ^ EVERY_BYTE * '.';
    uint64_t found = (other - EVERY_BYTE) & ~other & EVERY_BYTE * 0x80;
    return found != 0 ? (size_t)__builtin_ctzll(found) / 8 : WORD;
}

/* 8 to 16 digits, without a point. */
static bool parse_short_integer(uint64_t head, uint64_t tail, size_t length, struct decimal *out)
{
    if (!all_digits(head) || !all_digits(tail))
        return false;
    size_t behind = length - WORD; /* digits that only the tail has */
    *out = (struct decimal){
        .mantissa = value_of(head) * powers[behind] + (behind > 0 ? value_of(zero_first(tail, WORD - behind)) : 0)};
    return true;
}

/* Up to 7 digits, a point, and up to 8 digits: 8 to 16 characters in all. The zeros at the end of the fraction are
 * shifted out of its word. */
static bool parse_short_fraction(uint64_t head, uint64_t tail, size_t length, size_t point, struct decimal *out)
{
    size_t scale = length - point - 1;
    if (point == 0 || scale == 0 || scale > WORD)
        return false;
    uint64_t whole = head << 8 * (WORD - point) | (EVERY_BYTE * '0' >> 8 * point);
    uint64_t fraction = scale < WORD ? zero_first(tail, WORD - scale) : tail;
    if (!all_digits(whole) || !all_digits(fraction))
        return false;
    uint64_t not_zero = fraction ^ EVERY_BYTE * '0';
    if (not_zero == 0) {
        *out = (struct decimal){.mantissa = value_of(whole)};
        return true;
    }
    size_t zeros = (size_t)__builtin_clzll(not_zero) / 8;
    fraction = zeros > 0 ? fraction << 8 * zeros | (EVERY_BYTE * '0' >> 8 * (WORD - zeros)) : fraction;
    scale -= zeros;
    *out = (struct decimal){.mantissa = value_of(whole) * powers[scale] + value_of(fraction), .scale = (uint8_t)scale};
    return true;
}

/* What nearly all numbers are. False: they must be looked at digit by digit. */
static bool parse_short(const char *text, size_t length, struct decimal *out)
{
    if (length < WORD || length > SHORT_MAX)
        return false;
    uint64_t head = load_word(text), tail = load_word(text + length - WORD);
    size_t point = find_point(head);
    return point == WORD ? parse_short_integer(head, tail, length, out)
                         : parse_short_fraction(head, tail, length, point, out);
}

enum { EXPONENT_MAX = 1000 }; /* beyond it nothing but zero can be told */

/* The power of ten behind 'e' or 'E': digits, with or without a sign. */
static bool read_exponent(const char *text, size_t length, int *out)
{
    size_t at = length > 0 && (text[0] == '-' || text[0] == '+');
    bool negative = at == 1 && text[0] == '-';
    int power = 0;
    if (at == length)
        return false;
    for (; at < length; at++) {
        if (!is_digit(text[at]))
            return false;
        power = power * 10 + (text[at] - '0');
        power = power < EXPONENT_MAX ? power : EXPONENT_MAX;
    }
    *out = negative ? -power : power;
    return true;
}

/* mantissa * 10^-scale for any scale, as a decimal with the smallest scale there is. False: it does not fit. */
static bool normalise(int64_t mantissa, int scale, struct decimal *out)
{
    while (scale > 0 && mantissa % 10 == 0 && mantissa != 0) {
        mantissa /= 10;
        scale--;
    }
    for (; scale < 0 && mantissa != 0; scale++)
        if (__builtin_mul_overflow(mantissa, 10, &mantissa))
            return false;
    if (mantissa == 0)
        scale = 0;
    if (scale > DECIMAL_SCALE_MAX)
        return false;
    *out = (struct decimal){.mantissa = mantissa, .scale = (uint8_t)scale};
    return true;
}

/* Where the power of ten begins in a text; its length if it has none. */
static size_t find_exponent(const char *text, size_t length)
{
    size_t at = 0;
    while (at < length && text[at] != 'e' && text[at] != 'E')
        at++;
    return at;
}

int decimal_parse(const char *text, size_t length, struct decimal *out)
{
    if (parse_short(text, length, out))
        return 0;
    if (find_exponent(text, length) < length)
        return error_set(ERROR_SYNTAX, "'%.*s' is not a decimal number", (int)(length < 64 ? length : 64), text);
    return decimal_parse_scientific(text, length, out);
}

int decimal_parse_scientific(const char *text, size_t length, struct decimal *out)
{
    if (parse_short(text, length, out))
        return 0;
    int shown = (int)(length < 64 ? length : 64);
    bool negative = length > 0 && text[0] == '-';
    const char *digits = text + negative;
    size_t all = length - negative, rest = find_exponent(digits, all);
    int exponent = 0;
    const char *point = memchr(digits, '.', rest);
    if ((point != NULL && point + 1 == digits + rest) ||
        (rest < all && !read_exponent(digits + rest + 1, all - rest - 1, &exponent)))
        return error_set(ERROR_SYNTAX, "'%.*s' is not a decimal number", shown, text);
    rest = length_without_zeros(digits, rest);

    int64_t mantissa = 0;
    int whole = read_digits(digits, rest, &mantissa);
    int fraction = 0;
    size_t used = whole > 0 ? (size_t)whole : 0;
    if (whole > 0 && used < rest && digits[used] == '.') {
        fraction = read_digits(digits + used + 1, rest - used - 1, &mantissa);
        used += 1 + (fraction > 0 ? (size_t)fraction : 0);
    }
    if (whole == 0 || (whole > 0 && fraction >= 0 && used != rest))
        return error_set(ERROR_SYNTAX, "'%.*s' is not a decimal number", shown, text);
    if (whole < 0 || fraction < 0 || !normalise(negative ? -mantissa : mantissa, fraction - exponent, out))
        return error_set(ERROR_RANGE, "'%.*s' has too many digits", shown, text);
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
