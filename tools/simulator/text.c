/* Integers are written two digits at a time. */
/* SPDX-License-Identifier: MIT */
#include "tools/simulator/text.h"

#include "lib/base/decimal.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

enum { WIRE_DECIMALS = 8 };

static const char digit_pairs[] = "0001020304050607080910111213141516171819"
                                  "2021222324252627282930313233343536373839"
                                  "4041424344454647484950515253545556575859"
                                  "6061626364656667686970717273747576777879"
                                  "8081828384858687888990919293949596979899";

/* ---- numbers ---- */

/* Writes the last `count` digits of a value, with zeros in front. */
static void put_digits(char *at, uint64_t value, int count)
{
    while (count >= 2) {
        count -= 2;
        memcpy(at + count, &digit_pairs[value % 100 * 2], 2);
        value /= 100;
    }
    if (count == 1)
        *at = (char)('0' + value % 10);
}

static int count_digits(uint64_t value)
{
    int count = 1;
    for (; value >= 10000; value /= 10000)
        count += 4;
    return count + (value >= 10) + (value >= 100) + (value >= 1000);
}

static char *put_magnitude(char *at, uint64_t value)
{
    int count = count_digits(value);
    put_digits(at, value, count);
    return at + count;
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

char *text_put_amount(char *at, int64_t mantissa, uint8_t scale)
{
    assert(scale <= WIRE_DECIMALS);
    uint64_t one = (uint64_t)decimal_power_of_ten(scale);
    *at++ = '"';
    uint64_t magnitude = put_sign(&at, mantissa);
    at = put_magnitude(at, magnitude / one);
    *at++ = '.';
    put_digits(at, magnitude % one * (uint64_t)decimal_power_of_ten((uint8_t)(WIRE_DECIMALS - scale)), WIRE_DECIMALS);
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
