/* Writes JSON into a buffer of fixed size. Commas follow from what was written before; text is escaped, so that
 * nothing read from a network can break out of its string.
 *
 *     struct json_writer json = json_into(buffer, sizeof buffer);
 *     json_open_object(&json, NULL);
 *     json_decimal(&json, "price", 9753770, 2);      {"price":"97537.7"}
 *     json_close_object(&json);
 *
 * `key` is NULL inside an array and at the root. What does not fit sets `full` and the text must not be used. */
/* SPDX-License-Identifier: MIT */
#ifndef WICK_DASHBOARD_JSON_WRITER_H
#define WICK_DASHBOARD_JSON_WRITER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct json_writer {
    char *text;      /* the caller's; ends with a NUL after every call */
    size_t capacity; /* bytes, the NUL's too */
    size_t size;     /* bytes written, without the NUL */
    bool full;       /* something did not fit */
};

/* A writer at the beginning of `text`; capacity > 0. */
struct json_writer json_into(char *text, size_t capacity);

/* Begins an object; every one is closed by json_close_object. */
void json_open_object(struct json_writer *json, const char *key);

/* Ends the innermost object. */
void json_close_object(struct json_writer *json);

/* Begins an array, whose values have no key; every one is closed by json_close_array. */
void json_open_array(struct json_writer *json, const char *key);

/* Ends the innermost array. */
void json_close_array(struct json_writer *json);

/* Control characters, quotes, backslashes and '<' are escaped; a byte beyond ASCII, which no message of Wick can
 * carry, is written as U+FFFD. */
void json_text(struct json_writer *json, const char *key, const char *value);

/* A number: a time, a count. JavaScript reads it exactly up to 2^53. */
void json_integer(struct json_writer *json, const char *key, int64_t value);

/* The same for what has no sign. */
void json_unsigned(struct json_writer *json, const char *key, uint64_t value);

/* true or false. */
void json_bool(struct json_writer *json, const char *key, bool value);

/* mantissa * 10^-scale as a string with its shortest exact text: no reader rounds it. */
void json_decimal(struct json_writer *json, const char *key, int64_t mantissa, uint8_t scale);

/* Goes back to what was written when `size` was json->size, and is not full any more: a row that did not fit is
 * taken back whole. */
void json_rewind(struct json_writer *json, size_t size);

#endif
