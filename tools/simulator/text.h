/* Text that grows, and the numbers of the exchange's wire format written by hand: this is most of the work of an
 * answer with a thousand candles. */
/* SPDX-License-Identifier: MIT */
#ifndef WICK_SIMULATOR_TEXT_H
#define WICK_SIMULATOR_TEXT_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum {
    TEXT_INTEGER_SIZE = 28, /* the longest integer, and what is scribbled behind it */
    TEXT_AMOUNT_SIZE = 40,  /* the longest amount with its quotes, and what is scribbled behind it */
};

struct text {
    char *bytes; /* owned */
    size_t length, capacity;
};

/* Frees it; the struct is zeroed and may be used again. */
void text_release(struct text *text);

/* Makes room for `size` more bytes and returns where they go; the process ends when memory is out. */
char *text_reserve(struct text *text, size_t size);

/* Ends a stretch written behind text_reserve: `end` is behind the last byte. */
void text_commit(struct text *text, const char *end);

/* Appends a string without its NUL, bytes, or an integer in decimal. */
void text_add(struct text *text, const char *string);
void text_add_bytes(struct text *text, const char *bytes, size_t size);
void text_add_integer(struct text *text, int64_t value);

/* An amount as text_put_amount writes it. */
void text_add_amount(struct text *text, int64_t mantissa, uint8_t scale);

/* `string` as JSON writes it, with its quotes; bytes beyond ASCII become \u00XX. */
void text_add_json(struct text *text, const char *string);

/* Each writes at `at` and returns the end; up to seven bytes behind it are scribbled on. */
static inline char *text_put(char *at, const char *string)
{
    size_t length = strlen(string);
    memcpy(at, string, length);
    return at + length;
}

/* In decimal; reserve TEXT_INTEGER_SIZE. */
char *text_put_integer(char *at, int64_t value);

/* mantissa * 10^-scale as a string with 8 decimals: "97537.71000000", with the quotes; scale <= 8. */
char *text_put_amount(char *at, int64_t mantissa, uint8_t scale);

#endif
