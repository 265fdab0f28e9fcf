/* Reading exchange JSON: a small C face of simdjson's On-Demand parser. json.cc is the project's only C++ file.
 *
 * A document is read forwards, once, in the order in which it stands. Numbers are handed out as the text they are
 * written in. Every failure is ERROR_PROTOCOL with what was expected; depth and size are bounded. */
/* SPDX-License-Identifier: MIT */
#ifndef WICK_EXCHANGE_JSON_H
#define WICK_EXCHANGE_JSON_H

#include "lib/base/decimal.h"
#include "lib/base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct json_parser; /* opaque; keeps its buffers between documents */

/* One value inside the current document; small, copied freely, valid until the next json_parse. */
struct json_value {
    uint64_t hidden[8];
};

struct json_parser *json_parser_create(void);
void json_parser_destroy(struct json_parser *parser);

/* Begins a document of `size` bytes; the bytes are copied. ERROR_PROTOCOL if it is no JSON. */
int json_parse(struct json_parser *parser, const char *text, size_t size, struct json_value *root) MUST_CHECK;

/* After the last value was read: the document ends there and nothing follows it. A body that was cut off fails here
 * or before. */
int json_finish(struct json_parser *parser) MUST_CHECK;

/* Calls fn for each element of an array, in order. A code other than 0 stops and is returned. */
int json_each_element(struct json_value array, int (*fn)(void *user, size_t index, struct json_value element),
                      void *user) MUST_CHECK;

/* Calls fn for each member of an object, in order; `key` has no NUL. A code other than 0 stops and is returned.
 * A member that fn does not read is skipped. */
int json_each_member(struct json_value object,
                     int (*fn)(void *user, const char *key, size_t key_length, struct json_value member), void *user)
    MUST_CHECK;

/* A string's text, unescaped, or a number's digits as written; valid until the next json_parse; no NUL. */
int json_text(struct json_value value, const char **text, size_t *length) MUST_CHECK;

/* A decimal, written as a string ("0.10") or as a number (0.10). */
int json_decimal(struct json_value value, struct decimal *out) MUST_CHECK;

/* An integer, written as a number or as a string. */
int json_integer(struct json_value value, int64_t *out) MUST_CHECK;

int json_boolean(struct json_value value, bool *out) MUST_CHECK;

#ifdef __cplusplus
}
#endif
#endif
