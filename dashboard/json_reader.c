/* A parser of one fixed shape, so that what comes before the login is a hundred lines and no library. */
/* SPDX-License-Identifier: MIT */
#include "dashboard/json_reader.h"

#include <sodium.h>
#include <stdbool.h>
#include <string.h>

enum { STRING_SIZE_MAX = 4096 }; /* the longest key or value that is looked at, with its NUL */

struct reader {
    const uint8_t *at, *end;
};

static void skip_blanks(struct reader *reader)
{
    while (reader->at < reader->end && strchr(" \t\r\n", *reader->at) != NULL && *reader->at != '\0')
        reader->at++;
}

static bool take(struct reader *reader, char token)
{
    skip_blanks(reader);
    if (reader->at == reader->end || *reader->at != (uint8_t)token)
        return false;
    reader->at++;
    return true;
}

/* Four hexadecimal digits, or -1. */
static int32_t take_code_unit(struct reader *reader)
{
    int32_t unit = 0;
    if (reader->end - reader->at < 4)
        return -1;
    for (int i = 0; i < 4; i++) {
        const char *digits = "0123456789abcdef";
        uint8_t byte = *reader->at++;
        const char *digit = byte == '\0' ? NULL : strchr(digits, byte >= 'A' && byte <= 'F' ? byte + 32 : byte);
        if (digit == NULL)
            return -1;
        unit = unit * 16 + (int32_t)(digit - digits);
    }
    return unit;
}

/* The code point after "\u", of one unit or of a surrogate pair, or -1. RFC 8259, section 7. */
static int32_t take_code_point(struct reader *reader)
{
    int32_t first = take_code_unit(reader);
    if (first < 0xd800 || first > 0xdfff)
        return first;
    if (first > 0xdbff || reader->end - reader->at < 2 || reader->at[0] != '\\' || reader->at[1] != 'u')
        return -1;
    reader->at += 2;
    int32_t second = take_code_unit(reader);
    if (second < 0xdc00 || second > 0xdfff)
        return -1;
    return 0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00);
}

static size_t write_utf8(int32_t point, char out[4])
{
    if (point < 0x80) {
        out[0] = (char)point;
        return 1;
    }
    size_t size = point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
    static const uint8_t lead[] = {0, 0, 0xc0, 0xe0, 0xf0};
    for (size_t i = size - 1; i > 0; i--, point >>= 6)
        out[i] = (char)(0x80 | (point & 0x3f));
    out[0] = (char)(lead[size] | point);
    return size;
}

/* What follows a backslash, as bytes; 0 if that is no escape. */
static size_t take_escape(struct reader *reader, char out[4])
{
    static const char names[] = "\"\\/bfnrt";
    static const char meanings[] = "\"\\/\b\f\n\r\t";
    if (reader->at == reader->end)
        return 0;
    uint8_t name = *reader->at++;
    if (name == 'u') {
        int32_t point = take_code_point(reader);
        return point > 0 ? write_utf8(point, out) : 0; /* a NUL would end the text early */
    }
    const char *found = name == '\0' ? NULL : strchr(names, name);
    if (found == NULL)
        return 0;
    out[0] = meanings[found - names];
    return 1;
}

/* A string with its quotes; ERROR_RANGE if it needs more than STRING_SIZE_MAX bytes. */
static int take_string(struct reader *reader, char out[STRING_SIZE_MAX])
{
    size_t size = 0;
    if (!take(reader, '"'))
        return error_set(ERROR_SYNTAX, "a string was expected");
    while (reader->at < reader->end && *reader->at != '"') {
        char bytes[4] = {(char)*reader->at++};
        size_t count = 1;
        if ((uint8_t)bytes[0] < 0x20)
            return error_set(ERROR_SYNTAX, "a string with a control character");
        if (bytes[0] == '\\')
            count = take_escape(reader, bytes);
        if (count == 0)
            return error_set(ERROR_SYNTAX, "a string with an unknown escape");
        if (size + count >= STRING_SIZE_MAX)
            return error_set(ERROR_RANGE, "a string is too long");
        memcpy(out + size, bytes, count);
        size += count;
    }
    out[size] = '\0';
    return take(reader, '"') ? 0 : error_set(ERROR_SYNTAX, "a string does not end");
}

static int read_object(struct reader *reader, const char *key, char text[STRING_SIZE_MAX])
{
    if (!take(reader, '{'))
        return error_set(ERROR_SYNTAX, "a JSON object was expected");
    int code = take_string(reader, text);
    if (code < 0)
        return code;
    if (strcmp(text, key) != 0)
        return error_set(ERROR_SYNTAX, "the only member must be \"%s\"", key);
    if (!take(reader, ':'))
        return error_set(ERROR_SYNTAX, "a colon was expected");
    code = take_string(reader, text);
    if (code < 0)
        return code;
    if (!take(reader, '}'))
        return error_set(ERROR_SYNTAX, "the only member must be \"%s\"", key);
    skip_blanks(reader);
    return reader->at == reader->end ? 0 : error_set(ERROR_SYNTAX, "something follows the object");
}

int json_read_member(const uint8_t *body, size_t size, const char *key, char *value, size_t capacity)
{
    struct reader reader = {.at = body, .end = body + size};
    char text[STRING_SIZE_MAX];
    int code = read_object(&reader, key, text);
    if (code == 0 && strlen(text) >= capacity)
        code = error_set(ERROR_RANGE, "\"%s\" is too long", key);
    if (code == 0)
        memcpy(value, text, strlen(text) + 1);
    sodium_memzero(text, sizeof text); /* it may be a password */
    return code;
}
