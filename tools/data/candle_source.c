/* SPDX-License-Identifier: MIT */
#include "tools/data/candle_source.h"

#include "lib/base/interval.h"
#include "lib/series/candle.h"
#include "tools/common/time_text.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

enum { TIME = 0, OPEN, HIGH, LOW, CLOSE, VOLUME, OWN_COLUMNS, BINANCE_COLUMNS = 12 };

static const char *const column_names[OWN_COLUMNS] = {"open time", "open", "high", "low", "close", "volume"};

const char *const time_unit_names[TIME_UNITS] = {"seconds", "milliseconds", "microseconds", "nanoseconds"};

/* A candle closes at the end of its interval; local and foreign clocks may differ by this. */
static const int64_t clock_tolerance_ms = 60000;

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

static bool is_word(struct csv_field field, const char *word)
{
    return field.length == strlen(word) && strncasecmp(field.text, word, field.length) == 0;
}

/* Whether a line names the columns of a kind. They stand in the middle, too, where files were put together. */
static bool is_header(const struct csv_field *fields, int count)
{
    static const char *const names[OWN_COLUMNS] = {NULL, "open", "high", "low", "close", "volume"};
    bool named = (count == OWN_COLUMNS && is_word(fields[TIME], "open_time_ms")) ||
                 (count == BINANCE_COLUMNS && (is_word(fields[TIME], "open_time") || is_word(fields[TIME], "open time")));
    for (int i = OPEN; named && i < OWN_COLUMNS; i++)
        named = is_word(fields[i], names[i]);
    return named;
}

static int find_kind(struct candle_source *source, const char *line, size_t length)
{
    struct csv_field fields[BINANCE_COLUMNS];
    int count = csv_split(line, length, fields, BINANCE_COLUMNS);
    bool has_header = is_header(fields, count);
    source->columns = count;
    source->has_first = !has_header && count == BINANCE_COLUMNS && is_number(fields[TIME]);
    source->first = line;
    source->first_length = length;
    if (has_header || source->has_first)
        return 0;
    return error_set(ERROR_SYNTAX, "the line '%.*s', expected '" CSV_CANDLE_HEADER "', or the %d columns of Binance's dumps",
                     (int)(length < 60 ? length : 60), line, BINANCE_COLUMNS);
}

int candle_source_open(struct candle_source *source, const char *path, uint32_t interval_s, int64_t now_ms)
{
    const char *line;
    size_t length;
    *source = (struct candle_source){.interval_s = interval_s, .now_ms = now_ms, .previous_ms = -1};
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

/* ---- the time of a row ---- */

/* Decimals of a volume that no column has room for are noise of binary fractions; another number that has them is
 * refused. */
static int read_number(struct csv_field field, int column, struct decimal *out, bool *rounded)
{
    char why[256];
    int code = column == VOLUME ? csv_decimal_rounded(field, out, rounded) : csv_decimal(field, out);
    if (code == 0)
        return 0;
    (void)snprintf(why, sizeof why, "%s", error_message());
    return error_set(code, "%s %s", column_names[column], why);
}

/* What a unit is in ms: multiplied or divided. */
static const struct {
    int64_t times, parts;
} unit_ms[TIME_UNITS] = {{1000, 1}, {1, 1}, {1, 1000}, {1, 1000000}};

/* The unit of a time: the one in which it lies between 2009 and now, else the one in which it comes closest to our days. */
static enum time_unit unit_of(int64_t number, int64_t now_ms)
{
    static const int64_t year_5138[] = {100000000000, 100000000000000, 100000000000000000};
    int unit = UNIT_S;
    int64_t time_ms;
    for (; unit < TIME_UNITS; unit++)
        if (!__builtin_mul_overflow(number, unit_ms[unit].times, &time_ms) &&
            candle_time_is_plausible(time_ms / unit_ms[unit].parts, now_ms))
            return unit;
    for (unit = UNIT_S; unit < UNIT_NS && number >= year_5138[unit]; unit++)
        ;
    return unit;
}

static int refuse_time(struct csv_field field, int64_t time_ms, const char *why)
{
    char text[TIME_TEXT_SIZE];
    time_print(time_ms, text);
    return error_set(ERROR_RANGE, "open time %.*s, which is %s, %s", csv_shown(field), field.text, text, why);
}

static int64_t greatest_divisor(int64_t left, int64_t right)
{
    while (right != 0) {
        int64_t rest = left % right;
        left = right;
        right = rest;
    }
    return left;
}

/* Notes a time that can be, for what the times of the file are as a whole. */
static void note_time(struct candle_source *source, int64_t time_ms, enum time_unit unit)
{
    int64_t step_ms = source->previous_ms < 0 ? 0 : time_ms - source->previous_ms;
    source->times++;
    source->steps += step_ms != 0;
    source->units[unit]++;
    source->off_grid += interval_open_time(source->interval_s, time_ms) != time_ms;
    source->step_ms = greatest_divisor(step_ms < 0 ? -step_ms : step_ms, source->step_ms);
    source->previous_ms = time_ms;
}

static int read_time(struct candle_source *source, struct csv_field field, int64_t *open_time_ms)
{
    struct decimal time;
    bool rounded;
    int code = read_number(field, TIME, &time, &rounded);
    if (code != 0)
        return code;
    if (time.mantissa < 0)
        return error_set(ERROR_RANGE, "open time '%.*s', expected 2009-01-01 or later", csv_shown(field), field.text);
    enum time_unit unit = unit_of(time.mantissa, source->now_ms);
    if (time.scale != 0 || time.mantissa % unit_ms[unit].parts != 0)
        return error_set(ERROR_SYNTAX, "open time '%.*s', expected whole milliseconds", csv_shown(field), field.text);
    int64_t time_ms = time.mantissa * unit_ms[unit].times / unit_ms[unit].parts;
    if (!candle_time_is_plausible(time_ms, INT64_MAX))
        return refuse_time(field, time_ms, "expected 2009-01-01 or later");
    if (!candle_time_is_plausible(time_ms, source->now_ms))
        return refuse_time(field, time_ms, "expected one that is not past now");
    note_time(source, time_ms, unit);
    if (time_ms + (int64_t)source->interval_s * 1000 > source->now_ms + clock_tolerance_ms)
        return refuse_time(field, time_ms, "expected a candle that has closed");
    *open_time_ms = time_ms;
    return 0;
}

/* ---- the numbers of a row ---- */

/* Brings the four prices to one scale: the largest of theirs. */
static int read_amounts(const struct csv_field *fields, struct candle *out, bool *rounded)
{
    struct decimal numbers[OWN_COLUMNS];
    int64_t *const prices[OWN_COLUMNS] = {NULL, &out->open, &out->high, &out->low, &out->close, NULL};
    int code = 0;
    out->price_scale = 0;
    for (int i = OPEN; i <= VOLUME && code == 0; i++) {
        code = read_number(fields[i], i, &numbers[i], rounded);
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

static int read_row(struct candle_source *source, const struct csv_field *fields, int count, struct candle *out)
{
    struct candle candle;
    bool rounded = false;
    if (count != source->columns)
        return error_set(ERROR_SYNTAX, "%d fields, expected %d", count, source->columns);
    int code = read_time(source, fields[TIME], &candle.open_time_ms);
    if (code == 0)
        code = read_amounts(fields, &candle, &rounded);
    if (code == 0)
        code = candle_check(&candle, source->interval_s);
    if (code != 0)
        return code;
    source->rounded += rounded;
    *out = candle;
    return 0;
}

int candle_source_next(struct candle_source *source, struct candle *out, bool *more)
{
    struct csv_field fields[BINANCE_COLUMNS];
    const char *line = source->first;
    size_t length = source->first_length;
    int code = 0, count;
    do {
        if (!source->has_first)
            code = csv_next(&source->file, &line, &length);
        source->has_first = false;
        *more = code != 0 || line != NULL;
        if (code != 0 || line == NULL)
            return code;
        count = csv_split(line, length, fields, BINANCE_COLUMNS);
    } while (is_header(fields, count));
    code = read_row(source, fields, count, out);
    return code != 0 ? csv_blame(&source->file, code) : 0;
}
