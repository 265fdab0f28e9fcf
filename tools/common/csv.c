/* zlib unpacks and passes plain text through; lines are found in what it yields. */
/* SPDX-License-Identifier: MIT */
#include "tools/common/csv.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { TEXT_CAPACITY = 4 * (CSV_LINE_MAX + 1) };

int csv_open(struct csv_file *file, const char *path)
{
    struct csv_file opening = {.path = path, .text = malloc(TEXT_CAPACITY)};
    if (opening.text == NULL)
        return error_set(ERROR_MEMORY, "%s: no memory to read it", path);
    opening.stream = gzopen(path, "rbe");
    if (opening.stream == NULL) {
        free(opening.text);
        return error_set(ERROR_SYSTEM, "%s: %s", path, strerror(errno));
    }
    (void)gzbuffer(opening.stream, CSV_LINE_MAX + 1);
    *file = opening;
    return 0;
}

void csv_close(struct csv_file *file)
{
    if (file->stream != NULL)
        (void)gzclose_r(file->stream);
    free(file->text);
    file->stream = NULL;
    file->text = NULL;
}

/* Unpacks more behind what is left, which moves to the front. */
static int fill(struct csv_file *file)
{
    int status = Z_OK;
    memmove(file->text, file->text + file->start, file->end - file->start);
    file->end -= file->start;
    file->start = 0;
    int got = gzread(file->stream, file->text + file->end, (unsigned)(TEXT_CAPACITY - file->end));
    const char *reason = gzerror(file->stream, &status);
    if (got < 0 || (status != Z_OK && status != Z_STREAM_END))
        return error_set(ERROR_SYSTEM, "%s: %s", file->path, status == Z_ERRNO ? strerror(errno) : reason);
    file->end += (size_t)got;
    file->ended = got == 0;
    return 0;
}

int csv_next(struct csv_file *file, const char **line, size_t *length)
{
    const char *newline;
    int code = 0;
    while ((newline = memchr(file->text + file->start, '\n', file->end - file->start)) == NULL && !file->ended) {
        if (file->end - file->start > CSV_LINE_MAX) {
            file->line++;
            return csv_blame(file, error_set(ERROR_FULL, "a line of more than %d bytes", CSV_LINE_MAX));
        }
        code = fill(file);
        if (code != 0)
            return code;
    }
    *line = NULL;
    if (newline == NULL && file->start == file->end)
        return 0;
    *line = file->text + file->start;
    *length = newline != NULL ? (size_t)(newline - *line) : file->end - file->start;
    file->start += *length + (newline != NULL);
    file->line++;
    if (*length > 0 && (*line)[*length - 1] == '\r')
        --*length;
    return 0;
}

int64_t csv_bytes_read(const struct csv_file *file)
{
    return (int64_t)gzoffset(file->stream);
}

int csv_blame(const struct csv_file *file, int code)
{
    return error_context(code, "%s:%zu", file->path, file->line);
}

int csv_split(const char *line, size_t length, struct csv_field *fields, int capacity)
{
    int count = 0;
    for (size_t start = 0, at = 0; at <= length; at++) {
        if (at < length && line[at] != ',')
            continue;
        if (count < capacity)
            fields[count] = (struct csv_field){line + start, at - start};
        count++;
        start = at + 1;
    }
    return count;
}

int csv_shown(struct csv_field field)
{
    return field.length < CSV_SHOWN_MAX ? (int)field.length : CSV_SHOWN_MAX;
}

static int read_exponent_form(struct csv_field field, struct decimal *out)
{
    const char *mark = memchr(field.text, 'e', field.length);
    struct decimal number, exponent;
    if (mark == NULL)
        return ERROR_SYNTAX;
    size_t before = (size_t)(mark - field.text), skipped = before + 1;
    skipped += skipped < field.length && field.text[skipped] == '+';
    if (decimal_parse(field.text, before, &number) != 0 ||
        decimal_parse(field.text + skipped, field.length - skipped, &exponent) != 0 || exponent.scale != 0 ||
        exponent.mantissa < -DECIMAL_SCALE_MAX || exponent.mantissa > DECIMAL_SCALE_MAX)
        return ERROR_SYNTAX;
    int64_t scale = number.scale - exponent.mantissa;
    if (scale > DECIMAL_SCALE_MAX)
        return ERROR_RANGE;
    if (scale < 0 && __builtin_mul_overflow(number.mantissa, decimal_power_of_ten((uint8_t)-scale), &number.mantissa))
        return ERROR_RANGE;
    *out = (struct decimal){.mantissa = number.mantissa, .scale = (uint8_t)(scale < 0 ? 0 : scale)};
    return 0;
}

int csv_decimal(struct csv_field field, struct decimal *out)
{
    if (decimal_parse(field.text, field.length, out) == 0)
        return 0;
    int code = read_exponent_form(field, out);
    return code == 0 ? 0 : error_set(code, "'%.*s' is no decimal number", csv_shown(field), field.text);
}

bool csv_is_symbol_letter(char letter)
{
    return (letter >= 'A' && letter <= 'Z') || (letter >= '0' && letter <= '9') || letter == '-' || letter == '.' ||
           letter == '_';
}

size_t csv_name_length(const char *name)
{
    static const char *const extensions[] = {".csv.gz", ".csv"};
    size_t length = strlen(name);
    for (int i = 0; i < 2; i++) {
        size_t extension = strlen(extensions[i]);
        if (length > extension && strcmp(name + length - extension, extensions[i]) == 0)
            return length - extension;
    }
    return 0;
}
