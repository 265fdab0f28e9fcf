/* Decimal numbers as exchanges write them: text on the wire, an integer and a scale in memory, nothing lost. */
/* SPDX-License-Identifier: MIT */
#ifndef WICK_BASE_DECIMAL_H
#define WICK_BASE_DECIMAL_H

#include "lib/base/error.h"

#include <stddef.h>
#include <stdint.h>

enum {
    DECIMAL_SCALE_MAX = 18, /* digits behind the point */
    DECIMAL_TEXT_SIZE = 40, /* the longest text of decimal_print, with its NUL */
};

/* The number mantissa * 10^-scale; 0 <= scale <= DECIMAL_SCALE_MAX. */
struct decimal {
    int64_t mantissa;
    uint8_t scale;
};

enum rounding { ROUND_DOWN, ROUND_UP, ROUND_HALF_EVEN }; /* down and up are towards and away from zero */

/* Reads "[-]digits[.digits]" and nothing else: no exponent, no sign but '-', no blanks, at least one digit on each
 * side of a point. Zeros at the end of the fraction are dropped, so equal numbers give equal structs.
 * `text` need not end with a NUL. ERROR_SYNTAX; ERROR_RANGE if it does not fit 63 bits or 18 decimals. */
int decimal_parse(const char *text, size_t length, struct decimal *out) MUST_CHECK;

/* The same as machines write it, with or without "e[+-]digits" or "E[+-]digits" behind: "1.01E2" is 101, "1e-8" is
 * 0.00000001. For what comes from exchanges and files; people's own numbers have no exponent. */
int decimal_parse_scientific(const char *text, size_t length, struct decimal *out) MUST_CHECK;

/* Writes the shortest exact text ("97537.7", "0.00000111", "-3") with a NUL and returns its length. */
size_t decimal_print(struct decimal value, char out[DECIMAL_TEXT_SIZE]);

/* The same number with another scale. ERROR_RANGE when it overflows. Where digits are lost, `rounding` says how. */
int decimal_rescale(struct decimal value, uint8_t scale, enum rounding rounding, int64_t *mantissa) MUST_CHECK;

/* The nearest double; the same one that strtod gives for the number's text, while |mantissa| < 2^53. */
double decimal_to_double(struct decimal value);

/* -1, 0 or 1 as left is less than, equal to or greater than right; exact for all scales. */
int decimal_compare(struct decimal left, struct decimal right);

/* 10^exponent for 0 <= exponent <= 18. */
int64_t decimal_power_of_ten(uint8_t exponent);

/* numerator / denominator, rounded; denominator > 0. ERROR_RANGE if the result needs more than 63 bits. */
int decimal_divide(__int128 numerator, __int128 denominator, enum rounding rounding, int64_t *out) MUST_CHECK;

#endif
