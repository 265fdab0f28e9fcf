/* Reads the only kind of JSON that a browser sends to Wick: one object with one member, whose value is a string. */
/* SPDX-License-Identifier: MIT */
#ifndef WICK_DASHBOARD_JSON_READER_H
#define WICK_DASHBOARD_JSON_READER_H

#include "lib/base/error.h"

#include <stddef.h>
#include <stdint.h>

/* Reads {"key": "value"} with blanks allowed between the tokens and nothing after it, undoes the escapes (\uXXXX
 * becomes UTF-8) and writes the value with its NUL to `value`, which is written only on success.
 * ERROR_SYNTAX for anything else: another or a second member, a NUL, a control character, half of a surrogate pair;
 * ERROR_RANGE when the value needs more than `capacity` bytes. */
int json_read_member(const uint8_t *body, size_t size, const char *key, char *value, size_t capacity) MUST_CHECK;

#endif
