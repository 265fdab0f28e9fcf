/* JSON out: one function that appends bytes, and on top of it one for each kind of value. */
/* SPDX-License-Identifier: MIT */
#include "dashboard/json_writer.h"

#include "lib/base/decimal.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

struct json_writer json_into(char *text, size_t capacity)
{
    assert(capacity > 0);
    text[0] = '\0';
    return (struct json_writer){.text = text, .capacity = capacity};
}

static void append(struct json_writer *json, const char *bytes, size_t size)
{
    if (json->full || size >= json->capacity - json->size) {
        json->full = true;
        return;
    }
    memcpy(json->text + json->size, bytes, size);
    json->size += size;
    json->text[json->size] = '\0';
}

static void append_text(struct json_writer *json, const char *text)
{
    append(json, text, strlen(text));
}

static void append_escaped(struct json_writer *json, const char *value)
{
    append(json, "\"", 1);
    for (const char *at = value; *at != '\0'; at++) {
        unsigned char byte = (unsigned char)*at;
        char escape[8];
        if (byte >= 0x80) {
            append_text(json, "\\ufffd");
        } else if (byte < 0x20 || byte == 0x7f || byte == '<') {
            (void)snprintf(escape, sizeof escape, "\\u%04x", byte);
            append_text(json, escape);
        } else {
            if (byte == '"' || byte == '\\')
                append(json, "\\", 1);
            append(json, at, 1);
        }
    }
    append(json, "\"", 1);
}

/* The comma that a value needs unless it is the first in its object or array, and its key. */
static void begin_value(struct json_writer *json, const char *key)
{
    char last = json->size > 0 ? json->text[json->size - 1] : '{';
    if (last != '{' && last != '[')
        append(json, ",", 1);
    if (key != NULL) {
        append_escaped(json, key);
        append(json, ":", 1);
    }
}

void json_open_object(struct json_writer *json, const char *key)
{
    begin_value(json, key);
    append(json, "{", 1);
}

void json_close_object(struct json_writer *json)
{
    append(json, "}", 1);
}

void json_open_array(struct json_writer *json, const char *key)
{
    begin_value(json, key);
    append(json, "[", 1);
}

void json_close_array(struct json_writer *json)
{
    append(json, "]", 1);
}

void json_text(struct json_writer *json, const char *key, const char *value)
{
    begin_value(json, key);
    append_escaped(json, value);
}

void json_integer(struct json_writer *json, const char *key, int64_t value)
{
    char digits[24];
    (void)snprintf(digits, sizeof digits, "%" PRId64, value);
    begin_value(json, key);
    append_text(json, digits);
}

void json_unsigned(struct json_writer *json, const char *key, uint64_t value)
{
    char digits[24];
    (void)snprintf(digits, sizeof digits, "%" PRIu64, value);
    begin_value(json, key);
    append_text(json, digits);
}

void json_bool(struct json_writer *json, const char *key, bool value)
{
    begin_value(json, key);
    append_text(json, value ? "true" : "false");
}

void json_decimal(struct json_writer *json, const char *key, int64_t mantissa, uint8_t scale)
{
    char text[DECIMAL_TEXT_SIZE];
    (void)decimal_print((struct decimal){.mantissa = mantissa, .scale = scale}, text);
    json_text(json, key, text);
}

void json_rewind(struct json_writer *json, size_t size)
{
    assert(size <= json->size);
    json->size = size;
    json->text[size] = '\0';
    json->full = false;
}
