/* Reading exchange JSON: a small C face of simdjson's On-Demand parser. json.cc is the project's only C++ file.
 *
 * A document is read forwards, once, in the order in which it stands, one document at a time in a thread. Numbers are
 * handed out as the text they are written in. Every failure is ERROR_PROTOCOL with what was expected. What nobody
 * reads is skipped without recursion; no exception leaves the file. */
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

enum {
    JSON_SIZE_MAX = 32 * 1024 * 1024, /* bytes of a document */
    JSON_SIZE_KEPT = 8 * 1024 * 1024, /* of the buffers that are kept for the next one */
};

/* One value inside the current document; small, copied freely, to be read once, before anything behind it is. */
struct json_value {
    uint64_t hidden[3];
};

/* Begins a document, an array or an object of `size` bytes. The bytes are copied into a buffer of the thread, which
 * grows to the longest document and is kept, up to JSON_SIZE_KEPT. ERROR_PROTOCOL if it is no JSON or too long; ERROR_MEMORY. */
int json_parse(const char *text, size_t size, struct json_value *root) MUST_CHECK;

/* Whether the document itself is broken, so that nothing behind this place can be read. Where an error was only in what
 * a value says, the reading may go on with the next element or member. */
bool json_is_broken(void);

/* After the last value was read: the document ends there and nothing follows it. A body that was cut off fails here
 * or before. */
int json_finish(void) MUST_CHECK;

/* Calls fn for the value's elements if it is an array, for the value alone if it is an object. */
int json_each_or_one(struct json_value value, int (*fn)(void *user, size_t index, struct json_value element),
                     void *user) MUST_CHECK;

/* Calls fn for each element of an array, in order. A code other than 0 stops and is returned. */
int json_each_element(struct json_value array, int (*fn)(void *user, size_t index, struct json_value element),
                      void *user) MUST_CHECK;

/* Calls fn for each member of an object, in order; `key` has no NUL. A code other than 0 stops and is returned.
 * A member that fn does not read is skipped. An ERROR_PROTOCOL of fn gets the key in front of its message. */
int json_each_member(struct json_value object,
                     int (*fn)(void *user, const char *key, size_t key_length, struct json_value member), void *user)
    MUST_CHECK;

/* A string's text, unescaped, or a number's digits as written; valid until the next json_parse; no NUL.
 * ERROR_PROTOCOL for anything else, null too. */
int json_text(struct json_value value, const char **text, size_t *length) MUST_CHECK;

/* A decimal, written as a string ("0.10") or as a number (0.10), as decimal_parse_scientific takes it: 1e-8 too, no NaN. */
int json_decimal(struct json_value value, struct decimal *out) MUST_CHECK;

/* The first `count` elements of an array as decimals; what follows them is skipped. For rows of numbers, which most of an
 * exchange's bytes are. ERROR_PROTOCOL also if there are fewer. */
int json_decimals(struct json_value array, struct decimal *out, size_t count) MUST_CHECK;

/* An integer, written as a number or as a string. */
int json_integer(struct json_value value, int64_t *out) MUST_CHECK;

/* Whether a value is null; it may still be read otherwise. */
bool json_is_null(struct json_value value);

/* Whether a value is an object; it may still be read. */
bool json_is_object(struct json_value value);

/* true or false. */
int json_boolean(struct json_value value, bool *out) MUST_CHECK;

#ifdef __cplusplus
}
#endif
#endif
