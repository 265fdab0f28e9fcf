/* Reads candles from text into integers. The scale of a column grows as decimals turn up; rows read before are
 * brought to it. */
/* SPDX-License-Identifier: MIT */
#include "tools/simulator/candle_file.h"

#include "lib/base/decimal.h"
#include "lib/base/interval.h"
#include "tools/common/csv.h"

#include <stdlib.h>
#include <string.h>

enum { COLUMNS = 6, TIME = 0, OPEN, HIGH, LOW, CLOSE, VOLUME };

static const char *const column_names[COLUMNS] = {"open_time_ms", "open", "high", "low", "close", "volume"};

/* Four prices must add up without overflow, and so must the volumes of a week of minutes. */
static const int64_t price_max = INT64_MAX / 4, volume_max = INT64_MAX / 16384;

/* A file at work. */
struct reader {
    struct csv_file file;
    uint32_t interval_s;
    struct market_symbol *symbol;
    struct candle_series series;
    size_t capacity;
};

/* ---- the name ---- */

int candle_file_read_name(const char *file, char symbol[MARKET_NAME_SIZE], uint32_t *interval_s)
{
    char interval[8] = {0};
    size_t length = csv_name_length(file), split = length;
    while (split > 0 && file[split - 1] != '_')
        split--;
    size_t name = split > 0 ? split - 1 : 0;
    bool fits = name > 0 && name < MARKET_NAME_SIZE && length - split < sizeof interval;
    for (size_t i = 0; fits && i < name; i++)
        fits = csv_is_symbol_letter(file[i]);
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

static int split_row(const char *line, size_t length, struct csv_field fields[COLUMNS])
{
    int count = csv_split(line, length, fields, COLUMNS);
    if (count != COLUMNS)
        return error_set(ERROR_SYNTAX, "%d fields, expected %d (" CSV_CANDLE_HEADER ")", count, COLUMNS);
    return 0;
}

static int read_number(struct csv_field field, int column, struct decimal *out)
{
    int shown = csv_shown(field);
    if (csv_decimal(field, out) != 0)
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

static int read_amounts(struct reader *reader, const struct csv_field fields[COLUMNS], struct market_candle *candle)
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
                             csv_shown(fields[i]), fields[i].text);
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
    struct csv_field fields[COLUMNS];
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

static int read_line(struct reader *reader, const char *line, size_t length)
{
    if (reader->file.line > 1)
        return read_row(reader, line, length);
    if (length != strlen(CSV_CANDLE_HEADER) || memcmp(line, CSV_CANDLE_HEADER, length) != 0)
        return error_set(ERROR_SYNTAX, "header '%.*s', expected '" CSV_CANDLE_HEADER "'", (int)(length < 60 ? length : 60),
                         line);
    return 0;
}

static int read_lines(struct reader *reader)
{
    const char *line;
    size_t length;
    for (;;) {
        int code = csv_next(&reader->file, &line, &length);
        if (code != 0 || line == NULL)
            return code;
        code = read_line(reader, line, length);
        if (code != 0)
            return csv_blame(&reader->file, code);
    }
}

static int read_file(struct reader *reader)
{
    int code = read_lines(reader);
    if (code != 0 || reader->series.count > 0)
        return code;
    reader->file.line++;
    return csv_blame(&reader->file, error_set(ERROR_SYNTAX, "the file ends, expected %s",
                                              reader->file.line == 1 ? "'" CSV_CANDLE_HEADER "'" : "at least one candle"));
}

int candle_file_read(const char *path, uint32_t interval_s, struct market_symbol *symbol, struct candle_series *out)
{
    symbol->price_scale = symbol->volume_scale = 0;
    struct reader reader = {.interval_s = interval_s, .symbol = symbol};
    int code = csv_open(&reader.file, path);
    if (code != 0)
        return code;
    code = read_file(&reader);
    csv_close(&reader.file);
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
