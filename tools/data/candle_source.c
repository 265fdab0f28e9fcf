/* SPDX-License-Identifier: MIT */
#include "tools/data/candle_source.h"

#include "lib/base/interval.h"
#include "lib/series/candle.h"

#include <string.h>

enum { TIME = 0, OPEN, HIGH, LOW, CLOSE, VOLUME, OWN_COLUMNS, BINANCE_COLUMNS = 12 };

static const char *const column_names[OWN_COLUMNS] = {"open time", "open", "high", "low", "close", "volume"};

/* Times above are in us: as ms it would be the year 5138. */
static const int64_t ms_most = 100000000000000;

/* ---- the name ---- */

static const char *file_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash != NULL ? slash + 1 : path;
}

/* Whether a text is digits and dashes, as "2024-12-01" is. */
static bool is_date(const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++)
        if ((text[i] < '0' || text[i] > '9') && text[i] != '-')
            return false;
    return true;
}

/* The word from `from` up to a dash or the end, as an interval. */
static bool read_interval(const char *name, size_t from, size_t length, size_t *end, uint32_t *interval_s)
{
    char word[8] = {0};
    const char *dash = memchr(name + from, '-', length - from);
    *end = dash != NULL ? (size_t)(dash - name) : length;
    if (*end - from >= sizeof word)
        return false;
    memcpy(word, name + from, *end - from);
    return interval_from_name(word, interval_s) == 0;
}

/* Where the symbol ends in a name: in front of the last '_' or '-' behind which an interval stands, and then at most a
 * date. 0 if there is no such place. */
static size_t split_name(const char *name, size_t length, uint32_t *interval_s)
{
    for (size_t at = length; at-- > 1;) {
        size_t end;
        if ((name[at] == '_' || name[at] == '-') && read_interval(name, at + 1, length, &end, interval_s) &&
            is_date(name + end, length - end))
            return at;
    }
    return 0;
}

int candle_source_name(const char *path, char symbol[SYMBOL_SIZE], uint32_t *interval_s)
{
    const char *name = file_of(path);
    uint32_t found_s = 0;
    size_t length = csv_name_length(name), end = split_name(name, length, &found_s);
    bool fits = end > 0 && end < SYMBOL_SIZE;
    for (size_t i = 0; fits && i < end; i++)
        fits = csv_is_symbol_letter(name[i]);
    if (!fits)
        return error_set(ERROR_ARGUMENT, "%s: the name tells no symbol and interval; expected one like "
                                         "BTCUSDT_1m.csv.gz or BTCUSDT-1m-2024-12.csv, or --symbol and --interval", path);
    if (symbol != NULL) {
        memcpy(symbol, name, end);
        symbol[end] = '\0';
    }
    if (interval_s != NULL)
        *interval_s = found_s;
    return 0;
}

/* ---- opening ---- */

static bool is_number(struct csv_field field)
{
    struct decimal number;
    return csv_decimal(field, &number) == 0;
}

static int find_kind(struct candle_source *source, const char *line, size_t length)
{
    struct csv_field fields[BINANCE_COLUMNS];
    int count = csv_split(line, length, fields, BINANCE_COLUMNS);
    bool own_header = length == strlen(CSV_CANDLE_HEADER) && memcmp(line, CSV_CANDLE_HEADER, length) == 0;
    bool binance_header = count == BINANCE_COLUMNS && fields[TIME].length == strlen("open_time") &&
                          memcmp(fields[TIME].text, "open_time", fields[TIME].length) == 0;
    source->columns = own_header ? OWN_COLUMNS : BINANCE_COLUMNS;
    source->has_first = count == BINANCE_COLUMNS && is_number(fields[TIME]);
    source->first = line;
    source->first_length = length;
    if (own_header || binance_header || source->has_first)
        return 0;
    if (length >= 4 && memcmp(line, "PK\x03\x04", 4) == 0)
        return error_set(ERROR_SYNTAX, "this is a zip archive; unpack it first");
    return error_set(ERROR_SYNTAX, "the line '%.*s', expected '" CSV_CANDLE_HEADER "', or the %d columns of Binance's dumps",
                     (int)(length < 60 ? length : 60), line, BINANCE_COLUMNS);
}

int candle_source_open(struct candle_source *source, const char *path, uint32_t interval_s)
{
    const char *line;
    size_t length;
    *source = (struct candle_source){.interval_s = interval_s, .previous_ms = -1};
    int code = csv_open(&source->file, path);
    if (code != 0)
        return code;
    code = csv_next(&source->file, &line, &length);
    if (code == 0 && line == NULL)
        code = error_set(ERROR_SYNTAX, "%s: the file is empty, expected '" CSV_CANDLE_HEADER "'", path);
    else if (code == 0 && (code = find_kind(source, line, length)) != 0)
        code = csv_blame(&source->file, code);
    if (code != 0)
        candle_source_close(source);
    return code;
}

void candle_source_close(struct candle_source *source)
{
    csv_close(&source->file);
}

/* ---- one row ---- */

static int read_field(const struct csv_field *fields, int column, struct decimal *out)
{
    struct csv_field field = fields[column];
    int code = csv_decimal(field, out);
    if (code == ERROR_SYNTAX)
        return error_set(ERROR_SYNTAX, "%s '%.*s', expected a decimal number", column_names[column], csv_shown(field),
                         field.text);
    if (code != 0)
        return error_set(ERROR_RANGE, "%s '%.*s', expected a number of at most 18 decimals and 63 bits",
                         column_names[column], csv_shown(field), field.text);
    return 0;
}

static int read_time(const struct csv_field *fields, int64_t *open_time_ms)
{
    struct decimal time;
    int code = read_field(fields, TIME, &time);
    if (code != 0)
        return code;
    bool is_us = time.mantissa > ms_most;
    if (time.scale != 0 || (is_us && time.mantissa % 1000 != 0))
        return error_set(ERROR_SYNTAX, "open time '%.*s', expected whole milliseconds", csv_shown(fields[TIME]),
                         fields[TIME].text);
    *open_time_ms = is_us ? time.mantissa / 1000 : time.mantissa;
    return 0;
}

/* Brings the four prices to one scale: the largest of theirs. */
static int read_amounts(const struct csv_field *fields, struct candle *out)
{
    struct decimal numbers[OWN_COLUMNS];
    int64_t *const prices[OWN_COLUMNS] = {NULL, &out->open, &out->high, &out->low, &out->close, NULL};
    int code = 0;
    out->price_scale = 0;
    for (int i = OPEN; i <= VOLUME && code == 0; i++) {
        code = read_field(fields, i, &numbers[i]);
        if (code == 0 && i < VOLUME && numbers[i].scale > out->price_scale)
            out->price_scale = numbers[i].scale;
    }
    for (int i = OPEN; i < VOLUME && code == 0; i++)
        if (decimal_rescale(numbers[i], out->price_scale, ROUND_DOWN, prices[i]) != 0)
            code = error_set(ERROR_RANGE, "%s '%.*s', expected fewer digits beside the decimals of the other prices",
                             column_names[i], csv_shown(fields[i]), fields[i].text);
    if (code == 0) {
        out->volume = numbers[VOLUME].mantissa;
        out->volume_scale = numbers[VOLUME].scale;
    }
    return code;
}

static int read_row(struct candle_source *source, const char *line, size_t length, struct candle *out)
{
    struct csv_field fields[BINANCE_COLUMNS];
    struct candle candle;
    int count = csv_split(line, length, fields, BINANCE_COLUMNS);
    if (count != source->columns)
        return error_set(ERROR_SYNTAX, "%d fields, expected %d", count, source->columns);
    int code = read_time(fields, &candle.open_time_ms);
    if (code == 0)
        code = read_amounts(fields, &candle);
    if (code == 0)
        code = candle_check(&candle, source->interval_s);
    if (code != 0)
        return code;
    if (candle.open_time_ms <= source->previous_ms)
        return error_set(ERROR_RANGE, "open time %lld, expected one after %lld, the row before",
                         (long long)candle.open_time_ms, (long long)source->previous_ms);
    source->previous_ms = candle.open_time_ms;
    *out = candle;
    return 0;
}

int candle_source_next(struct candle_source *source, struct candle *out, bool *more)
{
    const char *line = source->first;
    size_t length = source->first_length;
    int code = 0;
    if (!source->has_first)
        code = csv_next(&source->file, &line, &length);
    source->has_first = false;
    *more = code != 0 || line != NULL;
    if (code != 0 || line == NULL)
        return code;
    code = read_row(source, line, length, out);
    return code != 0 ? csv_blame(&source->file, code) : 0;
}
