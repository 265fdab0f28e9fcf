/* Reads candles from text into integers. The scale of a column grows as decimals turn up; rows read before are
 * brought to it. */
/* SPDX-License-Identifier: MIT */
#include "tools/simulator/candle_file.h"

#include "lib/base/decimal.h"
#include "lib/base/interval.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#define HEADER "open_time_ms,open,high,low,close,volume"

enum { COLUMNS = 6, TIME = 0, OPEN, HIGH, LOW, CLOSE, VOLUME };

static const char *const column_names[COLUMNS] = {"open_time_ms", "open", "high", "low", "close", "volume"};

/* Four prices must add up without overflow, and so must the volumes of a week of minutes. */
static const int64_t price_max = INT64_MAX / 4, volume_max = INT64_MAX / 16384;

/* A file at work. */
struct reader {
    const char *path;
    size_t line; /* from 1 */
    uint32_t interval_s;
    struct market_symbol *symbol;
    struct candle_series series;
    size_t capacity;
};

struct field {
    const char *text;
    size_t length;
};

static int refuse(const struct reader *reader, int code)
{
    return error_context(code, "%s:%zu", reader->path, reader->line);
}

/* ---- the name ---- */

static bool is_symbol_letter(char letter)
{
    return (letter >= 'A' && letter <= 'Z') || (letter >= '0' && letter <= '9') || letter == '-' || letter == '.' ||
           letter == '_';
}

static size_t length_without_extension(const char *file)
{
    static const char *const extensions[] = {".csv.gz", ".csv"};
    size_t length = strlen(file);
    for (int i = 0; i < 2; i++) {
        size_t extension = strlen(extensions[i]);
        if (length > extension && strcmp(file + length - extension, extensions[i]) == 0)
            return length - extension;
    }
    return 0;
}

int candle_file_read_name(const char *file, char symbol[MARKET_NAME_SIZE], uint32_t *interval_s)
{
    char interval[8] = {0};
    size_t length = length_without_extension(file), split = length;
    while (split > 0 && file[split - 1] != '_')
        split--;
    size_t name = split > 0 ? split - 1 : 0;
    bool fits = name > 0 && name < MARKET_NAME_SIZE && length - split < sizeof interval;
    for (size_t i = 0; fits && i < name; i++)
        fits = is_symbol_letter(file[i]);
    if (fits)
        memcpy(interval, file + split, length - split);
    uint32_t seconds = 0;
    if (!fits || interval_from_name(interval, &seconds) != 0)
        return error_set(ERROR_ARGUMENT, "the file's name, expected SYMBOL_INTERVAL.csv.gz such as BTCUSDT_1m.csv.gz");
    memcpy(symbol, file, name);
    symbol[name] = '\0';
    *interval_s = seconds;
    return 0;
}

/* ---- one row ---- */

static int split_row(const char *line, size_t length, struct field fields[COLUMNS])
{
    int count = 0;
    for (size_t start = 0, at = 0; at <= length; at++) {
        if (at < length && line[at] != ',')
            continue;
        if (count < COLUMNS)
            fields[count] = (struct field){line + start, at - start};
        count++;
        start = at + 1;
    }
    if (count != COLUMNS)
        return error_set(ERROR_SYNTAX, "%d fields, expected %d (" HEADER ")", count, COLUMNS);
    return 0;
}

/* Reads "2.9e-7", as some programs write small numbers; exact like the plain form. */
static int read_exponent_form(struct field field, struct decimal *out)
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

static int read_number(struct field field, int column, struct decimal *out)
{
    int shown = field.length < 40 ? (int)field.length : 40;
    if (decimal_parse(field.text, field.length, out) != 0 && read_exponent_form(field, out) != 0)
        return error_set(ERROR_SYNTAX, "%s '%.*s', expected a decimal number", column_names[column], shown, field.text);
    if (out->scale > (column == TIME ? 0 : MARKET_SCALE_MAX))
        return error_set(ERROR_SYNTAX, "%s '%.*s', expected %s", column_names[column], shown, field.text,
                         column == TIME ? "whole milliseconds" : "at most 8 decimals");
    return 0;
}

static int64_t *amount_of(struct market_candle *candle, int column)
{
    int64_t *const amounts[COLUMNS] = {NULL, &candle->open, &candle->high, &candle->low, &candle->close,
                                       &candle->volume};
    return amounts[column];
}

static int64_t amount_max(int column)
{
    return column == VOLUME ? volume_max : price_max;
}

/* Brings one column of all rows so far to a larger scale. */
static int raise_column(struct reader *reader, int column, int64_t factor)
{
    for (size_t i = 0; i < reader->series.count; i++) {
        int64_t *amount = amount_of(&reader->series.candles[i], column);
        if (__builtin_mul_overflow(*amount, factor, amount) || *amount > amount_max(column))
            return error_set(ERROR_RANGE, "%s has too many digits for its decimals, expected less",
                             column_names[column]);
    }
    return 0;
}

static int raise_scale(struct reader *reader, int column, uint8_t scale)
{
    uint8_t *now = column == VOLUME ? &reader->symbol->volume_scale : &reader->symbol->price_scale;
    if (scale <= *now)
        return 0;
    int64_t factor = decimal_power_of_ten((uint8_t)(scale - *now));
    int code = 0;
    for (int i = column == VOLUME ? VOLUME : OPEN; code == 0 && i <= (column == VOLUME ? VOLUME : CLOSE); i++)
        code = raise_column(reader, i, factor);
    *now = scale;
    return code;
}

static int read_amounts(struct reader *reader, const struct field fields[COLUMNS], struct market_candle *candle)
{
    struct decimal numbers[COLUMNS];
    for (int i = OPEN; i < COLUMNS; i++) {
        int code = read_number(fields[i], i, &numbers[i]);
        if (code == 0)
            code = raise_scale(reader, i, numbers[i].scale);
        if (code != 0)
            return code;
    }
    for (int i = OPEN; i < COLUMNS; i++) {
        uint8_t scale = i == VOLUME ? reader->symbol->volume_scale : reader->symbol->price_scale;
        int64_t *amount = amount_of(candle, i);
        if (decimal_rescale(numbers[i], scale, ROUND_DOWN, amount) != 0 || *amount > amount_max(i))
            return error_set(ERROR_RANGE, "%s '%.*s', expected a smaller number", column_names[i],
                             fields[i].length < 40 ? (int)fields[i].length : 40, fields[i].text);
    }
    return 0;
}

/* A candle that cannot have been. */
static int check_candle(const struct market_candle *candle)
{
    if (candle->low <= 0)
        return error_set(ERROR_RANGE, "a price that is not positive, expected all four above 0");
    if (candle->high < candle->open || candle->high < candle->close || candle->high < candle->low)
        return error_set(ERROR_RANGE, "high is below another price, expected the highest of the four");
    if (candle->low > candle->open || candle->low > candle->close)
        return error_set(ERROR_RANGE, "low is above another price, expected the lowest of the four");
    if (candle->volume < 0)
        return error_set(ERROR_RANGE, "volume is negative, expected 0 or more");
    return 0;
}

static int check_time(const struct reader *reader, int64_t open_time_ms)
{
    if (open_time_ms < 0 || interval_open_time(reader->interval_s, open_time_ms) != open_time_ms)
        return error_set(ERROR_RANGE, "open_time_ms %lld, expected a multiple of %s", (long long)open_time_ms,
                         interval_name(reader->interval_s));
    if (reader->series.count > 0) {
        long long before = (long long)reader->series.candles[reader->series.count - 1].open_time_ms;
        if (open_time_ms <= before)
            return error_set(ERROR_RANGE, "open_time_ms %lld, expected one after %lld, the line before",
                             (long long)open_time_ms, before);
    }
    return 0;
}

static int append(struct reader *reader, const struct market_candle *candle)
{
    if (reader->series.count == reader->capacity) {
        size_t capacity = reader->capacity == 0 ? 2048 : reader->capacity * 2;
        struct market_candle *grown = realloc(reader->series.candles, capacity * sizeof *grown);
        if (grown == NULL)
            return error_set(ERROR_MEMORY, "no memory for %zu candles", capacity);
        reader->series.candles = grown;
        reader->capacity = capacity;
    }
    reader->series.candles[reader->series.count++] = *candle;
    return 0;
}

static int read_row(struct reader *reader, const char *line, size_t length)
{
    struct field fields[COLUMNS];
    struct decimal time;
    struct market_candle candle;
    int code = split_row(line, length, fields);
    if (code == 0)
        code = read_number(fields[TIME], TIME, &time);
    if (code == 0)
        code = check_time(reader, time.mantissa);
    if (code == 0)
        code = read_amounts(reader, fields, &candle);
    if (code == 0)
        code = check_candle(&candle);
    if (code != 0)
        return code;
    candle.open_time_ms = time.mantissa;
    return append(reader, &candle);
}

/* ---- the file ---- */

static int read_lines(struct reader *reader, const char *text, size_t size)
{
    for (size_t at = 0; at < size;) {
        const char *line = text + at;
        const char *newline = memchr(line, '\n', size - at);
        size_t length = newline == NULL ? size - at : (size_t)(newline - line);
        at += length + 1;
        if (length > 0 && line[length - 1] == '\r')
            length--;
        reader->line++;
        int code = 0;
        if (reader->line > 1)
            code = read_row(reader, line, length);
        else if (length != strlen(HEADER) || memcmp(line, HEADER, length) != 0)
            code = error_set(ERROR_SYNTAX, "header '%.*s', expected '" HEADER "'", (int)(length < 60 ? length : 60), line);
        if (code != 0)
            return refuse(reader, code);
    }
    if (reader->series.count == 0) {
        reader->line++;
        return refuse(reader, error_set(ERROR_SYNTAX, "the file ends, expected %s",
                                        reader->line == 1 ? "'" HEADER "'" : "at least one candle"));
    }
    return 0;
}

/* Unpacks a file into memory; zlib passes plain text through. */
static int load(const char *path, char **text, size_t *size)
{
    gzFile file = gzopen(path, "rb");
    if (file == NULL)
        return error_set(ERROR_SYSTEM, "%s: %s", path, strerror(errno));
    (void)gzbuffer(file, 65536);
    size_t capacity = 0, used = 0;
    char *bytes = NULL;
    int got;
    do {
        if (capacity - used < 65536) {
            char *grown = realloc(bytes, capacity = capacity * 2 + 262144);
            if (grown == NULL) {
                free(bytes);
                (void)gzclose_r(file);
                return error_set(ERROR_MEMORY, "%s: no memory for its text", path);
            }
            bytes = grown;
        }
        got = gzread(file, bytes + used, (unsigned)(capacity - used < (1u << 30) ? capacity - used : (1u << 30)));
        used += got > 0 ? (size_t)got : 0;
    } while (got > 0);
    int status = Z_OK;
    const char *reason = gzerror(file, &status);
    int code = 0;
    if (got < 0 || (status != Z_OK && status != Z_STREAM_END))
        code = error_set(ERROR_SYSTEM, "%s: %s", path, status == Z_ERRNO ? strerror(errno) : reason);
    (void)gzclose_r(file);
    if (code != 0) {
        free(bytes);
        return code;
    }
    *text = bytes;
    *size = used;
    return 0;
}

int candle_file_read(const char *path, uint32_t interval_s, struct market_symbol *symbol, struct candle_series *out)
{
    char *text = NULL;
    size_t size = 0;
    int code = load(path, &text, &size);
    if (code != 0)
        return code;
    symbol->price_scale = symbol->volume_scale = 0;
    struct reader reader = {.path = path, .interval_s = interval_s, .symbol = symbol};
    code = read_lines(&reader, text, size);
    free(text);
    if (code != 0) {
        free(reader.series.candles);
        return code;
    }
    struct market_candle *fitted = realloc(reader.series.candles, reader.series.count * sizeof *fitted);
    if (fitted != NULL)
        reader.series.candles = fitted;
    *out = reader.series;
    return 0;
}
