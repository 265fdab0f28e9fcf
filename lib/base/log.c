/* Formats one event into a bounded line and writes it with one call, so that lines of processes never mix. */
/* SPDX-License-Identifier: MIT */
#include "lib/base/log.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { LINE_SIZE = 4096 };

struct line {
    char text[LINE_SIZE];
    size_t length; /* always <= LINE_SIZE - 1, which keeps room for the newline */
};

static const char *process_name = "wick";
static enum log_level least_level = LOG_LEVEL_INFO;
static const char *const level_names[] = {"debug", "info", "warn", "error"};

void log_open(const char *process, enum log_level level)
{
    process_name = process;
    least_level = level;
}

int log_level_from_name(const char *name)
{
    for (int i = 0; i < 4; i++)
        if (strcmp(level_names[i], name) == 0)
            return i;
    return -1;
}

static void add_byte(struct line *line, char byte)
{
    if (line->length < LINE_SIZE - 1)
        line->text[line->length++] = byte;
}

__attribute__((format(printf, 2, 3))) static void add_format(struct line *line, const char *format, ...)
{
    size_t room = LINE_SIZE - 1 - line->length;
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(line->text + line->length, room, format, arguments);
    va_end(arguments);
    if (length > 0)
        line->length += (size_t)length < room ? (size_t)length : (room > 0 ? room - 1 : 0);
}

static bool needs_quotes(const char *text)
{
    if (*text == '\0')
        return true;
    for (const unsigned char *at = (const unsigned char *)text; *at != 0; at++)
        if (*at <= ' ' || *at == '"' || *at == '=' || *at == '\\' || *at >= 0x7f)
            return true;
    return false;
}

static void add_text(struct line *line, const char *text)
{
    if (!needs_quotes(text)) {
        for (; *text != '\0'; text++)
            add_byte(line, *text);
        return;
    }
    add_byte(line, '"');
    for (const unsigned char *at = (const unsigned char *)text; *at != 0; at++) {
        if (*at == '"' || *at == '\\') {
            add_byte(line, '\\');
            add_byte(line, (char)*at);
        } else if (*at < ' ' || *at == 0x7f) {
            add_format(line, "\\x%02x", *at);
        } else {
            add_byte(line, (char)*at);
        }
    }
    add_byte(line, '"');
}

static void add_field(struct line *line, const struct log_field *field)
{
    add_format(line, " %s=", field->key);
    switch (field->type) {
    case LOG_FIELD_TEXT: add_text(line, field->text != NULL ? field->text : "-"); break;
    case LOG_FIELD_INT: add_format(line, "%" PRId64, field->integer); break;
    case LOG_FIELD_REAL: add_format(line, "%.6g", field->real); break;
    case LOG_FIELD_BOOL: add_format(line, "%s", field->integer ? "true" : "false"); break;
    }
}

void log_write(enum log_level level, const char *event, const struct log_field *fields)
{
    if (level < least_level)
        return;
    struct line line = {.length = 0};
    struct timespec now;
    struct tm utc;
    (void)clock_gettime(CLOCK_REALTIME, &now);
    (void)gmtime_r(&now.tv_sec, &utc);
    add_format(&line, "time=%04d-%02d-%02dT%02d:%02d:%02d.%03ldZ level=%s process=%s event=%s",
               utc.tm_year + 1900, utc.tm_mon + 1, utc.tm_mday, utc.tm_hour, utc.tm_min, utc.tm_sec,
               now.tv_nsec / 1000000, level_names[level], process_name, event);
    for (const struct log_field *field = fields; field->key != NULL; field++)
        add_field(&line, field);
    line.text[line.length++] = '\n';
    ssize_t ignored = write(STDERR_FILENO, line.text, line.length);
    (void)ignored;
}
