/* Lines are found in what unpacking yields; a number that is too long for the quick way is read digit by digit. */
/* SPDX-License-Identifier: MIT */
#include "tools/common/csv.h"

#include <stdlib.h>
#include <string.h>

enum {
    TEXT_CAPACITY = 4 * (CSV_LINE_MAX + 1),
    CSV_NUMBER_MAX = 200,  /* letters of a number */
    LONG_DIGITS_MAX = CSV_NUMBER_MAX,
    EXPONENT_MAX = 10000, /* what is beyond is as large, or as small */
};

/* What some programs put in front of UTF-8. */
static const char byte_order_mark[] = "\xef\xbb\xbf";

int csv_open(struct csv_file *file, const char *path)
{
    struct csv_file opening = {.path = path, .text = malloc(TEXT_CAPACITY)};
    if (opening.text == NULL)
        return error_set(ERROR_MEMORY, "%s: no memory to read it", path);
    int code = unpack_open(&opening.bytes, path);
    if (code != 0) {
        free(opening.text);
        return code;
    }
    *file = opening;
    return 0;
}

void csv_close(struct csv_file *file)
{
    unpack_close(&file->bytes);
    free(file->text);
    file->text = NULL;
}

/* Unpacks more behind what is left, which moves to the front. */
static int fill(struct csv_file *file)
{
    size_t got = 0;
    memmove(file->text, file->text + file->start, file->end - file->start);
    file->end -= file->start;
    file->start = 0;
    int code = unpack_read(&file->bytes, file->text + file->end, TEXT_CAPACITY - file->end, &got);
    if (code != 0)
        return code;
    file->end += got;
    file->ended = got == 0;
    return 0;
}

/* ---- lines ---- */

static bool is_blank(char letter)
{
    return letter == ' ' || letter == '\t' || letter == '\r';
}

static int next_line(struct csv_file *file, const char **line, size_t *length)
{
    const char *newline;
    while ((newline = memchr(file->text + file->start, '\n', file->end - file->start)) == NULL && !file->ended) {
        if (file->end - file->start > CSV_LINE_MAX) {
            file->line++;
            return csv_blame(file, error_set(ERROR_FULL, "a line of more than %d bytes", CSV_LINE_MAX));
        }
        int code = fill(file);
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
    return 0;
}

int csv_next(struct csv_file *file, const char **line, size_t *length)
{
    for (;;) {
        int code = next_line(file, line, length);
        if (code != 0 || *line == NULL)
            return code;
        size_t mark = strlen(byte_order_mark);
        if (file->line == 1 && *length >= mark && memcmp(*line, byte_order_mark, mark) == 0) {
            *line += mark;
            *length -= mark;
        }
        while (*length > 0 && is_blank((*line)[*length - 1]))
            --*length;
        if (*length > 0)
            return 0;
    }
}

int64_t csv_bytes_read(const struct csv_file *file)
{
    return unpack_bytes_read(&file->bytes);
}

int csv_blame(const struct csv_file *file, int code)
{
    return error_context(code, "%s:%zu", file->path, file->line);
}

/* ---- fields ---- */

/* A field without blanks around it, and without the quotes that some programs put around every field. */
static struct csv_field trim(const char *text, size_t length)
{
    while (length > 0 && is_blank(text[0])) {
        text++;
        length--;
    }
    while (length > 0 && is_blank(text[length - 1]))
        length--;
    bool quoted = length >= 2 && text[0] == '"' && text[length - 1] == '"';
    return quoted ? (struct csv_field){text + 1, length - 2} : (struct csv_field){text, length};
}

int csv_split(const char *line, size_t length, struct csv_field *fields, int capacity)
{
    int count = 0;
    bool quoted = false;
    for (size_t start = 0, at = 0; at <= length; at++) {
        if (at < length && line[at] == '"')
            quoted = !quoted;
        if (at < length && (line[at] != ',' || quoted))
            continue;
        if (count < capacity)
            fields[count] = trim(line + start, at - start);
        count++;
        start = at + 1;
    }
    return count;
}

int csv_shown(struct csv_field field)
{
    return field.length < CSV_SHOWN_MAX ? (int)field.length : CSV_SHOWN_MAX;
}

/* ---- numbers ---- */

/* A number of any length: 0.DIGITS * 10^point. */
struct long_number {
    bool negative;
    char digits[LONG_DIGITS_MAX]; /* without zeros in front and behind */
    int count, point;
};

/* Reads digits, leaving out the zeros in front of the first other one. Returns how many there were. */
static int read_long_digits(const char *text, size_t length, struct long_number *number, int *zeros)
{
    int count = 0;
    for (; (size_t)count < length && text[count] >= '0' && text[count] <= '9'; count++) {
        if (number->count == 0 && text[count] == '0')
            ++*zeros;
        else if (number->count < LONG_DIGITS_MAX)
            number->digits[number->count++] = text[count];
    }
    return count;
}

/* Digits, with or without a sign. */
static bool read_exponent(const char *text, size_t length, int *exponent)
{
    size_t at = length > 0 && (text[0] == '-' || text[0] == '+');
    int power = 0;
    if (at == length)
        return false;
    for (; at < length && text[at] >= '0' && text[at] <= '9'; at++)
        power = power < EXPONENT_MAX ? power * 10 + (text[at] - '0') : EXPONENT_MAX;
    *exponent = text[0] == '-' ? -power : power;
    return at == length;
}

/* Reads "[-]digits[.digits][e[+-]digits]", of at most CSV_NUMBER_MAX letters. */
static bool read_long(struct csv_field field, struct long_number *out)
{
    struct long_number number = {.negative = field.length > 0 && field.text[0] == '-'};
    const char *at = field.text + number.negative, *end = field.text + field.length;
    int whole_zeros = 0, zeros = 0, exponent = 0;
    if (field.length > CSV_NUMBER_MAX)
        return false;
    int whole = read_long_digits(at, (size_t)(end - at), &number, &whole_zeros);
    at += whole;
    if (whole == 0)
        return false;
    number.point = number.count;
    if (at < end && *at == '.') {
        int fraction = read_long_digits(at + 1, (size_t)(end - at - 1), &number, &zeros);
        if (fraction == 0)
            return false;
        at += 1 + fraction;
    }
    if (at < end && (*at == 'e' || *at == 'E')) {
        if (!read_exponent(at + 1, (size_t)(end - at - 1), &exponent))
            return false;
        at = end;
    }
    number.point += exponent - zeros;
    while (number.count > 0 && number.digits[number.count - 1] == '0')
        number.count--;
    *out = number;
    return at == end;
}

/* The number cut after `kept` of its digits, and rounded to the nearest there, to the even one of two. False: more than 63
 * bits. */
static bool round_long(const struct long_number *number, int kept, int64_t *mantissa)
{
    int64_t value = 0;
    for (int i = 0; i < kept && i < number->count; i++)
        if (__builtin_mul_overflow(value, 10, &value) || __builtin_add_overflow(value, number->digits[i] - '0', &value))
            return false;
    if (kept >= 0 && kept < number->count) {
        int next = number->digits[kept] - '0';
        bool half = next == 5 && kept + 1 == number->count;
        int up = next > 5 || (next == 5 && !half) || (half && value % 2 != 0);
        if (__builtin_add_overflow(value, up, &value))
            return false;
    }
    *mantissa = number->negative ? -value : value;
    return true;
}

/* What a number cannot be, said by the limit that it is beyond. */
static int refuse_long(struct csv_field field, int scale)
{
    char most[DECIMAL_TEXT_SIZE];
    int decimals = scale < 0 ? 0 : scale;
    (void)decimal_print((struct decimal){.mantissa = INT64_MAX, .scale = (uint8_t)decimals}, most);
    return error_set(ERROR_RANGE, "'%.*s', expected at most %s: 63 bits with %d decimals", csv_shown(field), field.text,
                     most, decimals);
}

int csv_decimal_rounded(struct csv_field field, struct decimal *out, bool *rounded)
{
    struct long_number number;
    *rounded = false;
    if (decimal_parse(field.text, field.length, out) == 0)
        return 0;
    if (!read_long(field, &number))
        return error_set(ERROR_SYNTAX, "'%.*s', expected a decimal number", csv_shown(field), field.text);
    int scale = number.count == 0 ? 0 : number.count - number.point, kept = number.count;
    if (scale > DECIMAL_SCALE_MAX) {
        kept -= scale - DECIMAL_SCALE_MAX;
        scale = DECIMAL_SCALE_MAX;
        *rounded = true;
    }
    struct decimal value = {.scale = (uint8_t)(scale < 0 ? 0 : scale)};
    if (!round_long(&number, kept, &value.mantissa))
        return refuse_long(field, scale);
    for (; scale < 0; scale++)
        if (__builtin_mul_overflow(value.mantissa, 10, &value.mantissa))
            return refuse_long(field, scale);
    for (; value.scale > 0 && value.mantissa % 10 == 0; value.scale--)
        value.mantissa /= 10;
    *out = value;
    return 0;
}

int csv_decimal(struct csv_field field, struct decimal *out)
{
    struct decimal number;
    bool rounded;
    int code = csv_decimal_rounded(field, &number, &rounded);
    if (code == 0 && rounded)
        code = error_set(ERROR_RANGE, "'%.*s', expected at most %d decimals", csv_shown(field), field.text,
                         DECIMAL_SCALE_MAX);
    if (code == 0)
        *out = number;
    return code;
}

bool csv_is_symbol_letter(char letter)
{
    return (letter >= 'A' && letter <= 'Z') || (letter >= '0' && letter <= '9') || letter == '-' || letter == '.' ||
           letter == '_';
}

size_t csv_name_length(const char *name)
{
    static const char *const extensions[] = {".csv.gz", ".csv.zip", ".csv", ".zip"};
    size_t length = strlen(name);
    for (size_t i = 0; i < sizeof extensions / sizeof extensions[0]; i++) {
        size_t extension = strlen(extensions[i]);
        if (length > extension && strcmp(name + length - extension, extensions[i]) == 0)
            return length - extension;
    }
    return 0;
}
