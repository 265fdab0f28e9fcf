/* Integers are written eight digits at a time. */
/* SPDX-License-Identifier: MIT */
#include "tools/simulator/text.h"

#include "lib/base/decimal.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

enum { WIRE_DECIMALS = 8 };

static const uint64_t eight_zeros = 0x3030303030303030; /* "00000000" */

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "digits are put together as little-endian words");

/* ---- numbers ---- */

/* The eight digits of a value below 10^8, one a byte, the first in the lowest byte. Each step halves the numbers that
 * stand side by side in the word: 4+4 digits, 2+2+2+2, then single ones; divisions are multiplications by rounded
 * reciprocals that are exact in these ranges. */
static inline uint64_t eight_digits(uint32_t value)
{
    uint64_t fours = value / 10000 | (uint64_t)(value % 10000) << 32;
    uint64_t hundreds = (fours * 10486 >> 20) & 0x0000007f0000007f;
    uint64_t twos = hundreds | (fours - hundreds * 100) << 16;
    uint64_t tens = (twos * 103 >> 10) & 0x000f000f000f000f;
    return tens | (twos - tens * 10) << 8;
}

static void put_word(char *at, uint64_t word)
{
    memcpy(at, &word, sizeof word);
}

/* Writes without zeros in front; may scribble on up to seven bytes behind the end. */
static inline char *put_magnitude(char *at, uint64_t value)
{
    enum { EIGHT_DIGITS = 100000000 };
    if (value >= EIGHT_DIGITS) {
        at = put_magnitude(at, value / EIGHT_DIGITS);
        put_word(at, eight_digits((uint32_t)(value % EIGHT_DIGITS)) | eight_zeros);
        return at + 8;
    }
    uint64_t digits = eight_digits((uint32_t)value);
    int zeros = __builtin_ctzll(digits | 1ull << 56) / 8; /* the last digit stays, even if it is zero */
    put_word(at, (digits | eight_zeros) >> (zeros * 8));
    return at + 8 - zeros;
}

/* The magnitude of a value whose sign, if any, is written. */
static uint64_t put_sign(char **at, int64_t value)
{
    if (value >= 0)
        return (uint64_t)value;
    *(*at)++ = '-';
    return 0 - (uint64_t)value;
}

char *text_put_integer(char *at, int64_t value)
{
    uint64_t magnitude = put_sign(&at, value);
    return put_magnitude(at, magnitude);
}

/* value / 10^scale. Divisors that the compiler knows become multiplications, five times as fast as a division. */
static uint64_t whole_part(uint64_t value, uint8_t scale)
{
    switch (scale) {
    case 0: return value;
    case 1: return value / 10;
    case 2: return value / 100;
    case 3: return value / 1000;
    case 4: return value / 10000;
    case 5: return value / 100000;
    case 6: return value / 1000000;
    case 7: return value / 10000000;
    default: return value / 100000000;
    }
}

char *text_put_amount(char *at, int64_t mantissa, uint8_t scale)
{
    assert(scale <= WIRE_DECIMALS);
    *at++ = '"';
    uint64_t magnitude = put_sign(&at, mantissa);
    uint64_t whole = whole_part(magnitude, scale);
    uint64_t rest = magnitude - whole * (uint64_t)decimal_power_of_ten(scale);
    at = put_magnitude(at, whole);
    *at++ = '.';
    uint64_t fraction = rest * (uint64_t)decimal_power_of_ten((uint8_t)(WIRE_DECIMALS - scale));
    put_word(at, eight_digits((uint32_t)fraction) | eight_zeros);
    at[WIRE_DECIMALS] = '"';
    return at + WIRE_DECIMALS + 1;
}

/* ---- text that grows ---- */

void text_release(struct text *text)
{
    free(text->bytes);
    *text = (struct text){0};
}

char *text_reserve(struct text *text, size_t size)
{
    if (text->capacity - text->length < size) {
        size_t capacity = (text->capacity + size) * 2;
        char *grown = realloc(text->bytes, capacity);
        if (grown == NULL) {
            (void)fputs("wick-simulator: memory ran out\n", stderr);
            abort();
        }
        text->bytes = grown;
        text->capacity = capacity;
    }
    return text->bytes + text->length;
}

void text_commit(struct text *text, const char *end)
{
    assert(end >= text->bytes && (size_t)(end - text->bytes) <= text->capacity);
    text->length = (size_t)(end - text->bytes);
}

void text_add_bytes(struct text *text, const char *bytes, size_t size)
{
    if (size == 0)
        return;
    memcpy(text_reserve(text, size), bytes, size);
    text->length += size;
}

void text_add(struct text *text, const char *string)
{
    text_add_bytes(text, string, strlen(string));
}

void text_add_integer(struct text *text, int64_t value)
{
    text_commit(text, text_put_integer(text_reserve(text, TEXT_INTEGER_SIZE), value));
}

void text_add_amount(struct text *text, int64_t mantissa, uint8_t scale)
{
    text_commit(text, text_put_amount(text_reserve(text, TEXT_AMOUNT_SIZE), mantissa, scale));
}

void text_add_json(struct text *text, const char *string)
{
    static const char hex[] = "0123456789abcdef";
    text_add(text, "\"");
    for (const unsigned char *at = (const unsigned char *)string; *at != '\0'; at++) {
        char *out = text_reserve(text, 6);
        if (*at == '"' || *at == '\\') {
            *out++ = '\\';
            *out++ = (char)*at;
        } else if (*at >= ' ' && *at < 0x7f) {
            *out++ = (char)*at;
        } else {
            out = text_put(out, "\\u00");
            *out++ = hex[*at >> 4];
            *out++ = hex[*at & 15];
        }
        text_commit(text, out);
    }
    text_add(text, "\"");
}
