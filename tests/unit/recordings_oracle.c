/* What ccxt made of the same recordings: an independent reading, field by field. */
/* SPDX-License-Identifier: MIT */
#include "lib/base/decimal.h"
#include "lib/exchange/json.h"
#include "tests/harness.h"
#include "tests/unit/recording.h"
#include "tests/unit/recordings.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Differences that are understood. */
static const struct difference {
    const char *folder, *file, *field;
    size_t count;
    const char *reason;
} differences[] = {
#define READ(folder, file, readers, interval_s, rows)
#define ERROR_ANSWER(folder, file, verdict, words)
#define STREAM(folder, file, tickers, candles, others)
#define UNHEARD(folder, file, reason)
#define UNTRUE(folder, file, reader, interval_s, reason)
#define LEFT_OUT(folder, file, reason)
#define DIFFERENCE(folder, file, field, count, reason) {folder, file, field, count, reason},
#include "tests/unit/recordings.def"
    {NULL, NULL, NULL, 0, NULL},
};

enum { FIELDS_MAX = 9, TEXT_MAX = 32 };

/* A value of a row, ours or ccxt's: a text, a number, or neither. */
struct value {
    char text[TEXT_MAX];
    double number; /* NAN: none */
};

struct fields {
    const char *const *names; /* paths inside ccxt's row */
    int count;
    double tolerance; /* of numbers that were multiplied, relative */
};

static const char *const market_names[] = {
    "id",               "base",              "quote",             "active",         "precision.price",
    "precision.amount", "limits.amount.min", "limits.amount.max", "limits.cost.min"};
static const char *const ticker_names[] = {"bid", "ask", "last", "quoteVolume"};
static const char *const candle_names[] = {"time", "open", "high", "low", "close", "volume"};
static const struct fields market_fields = {market_names, 9, 0};
static const struct fields ticker_fields = {ticker_names, 4, 1e-9};
static const struct fields candle_fields = {candle_names, 6, 0};

struct comparison {
    const char *folder, *file;
    const struct reading *reading;
    const struct fields *fields;
    size_t rows;             /* of ccxt, so far */
    char path[64];           /* of the member that is being read */
    struct value theirs[FIELDS_MAX];
    size_t differing[FIELDS_MAX];
    size_t compared;
};

static void number_of(int64_t mantissa, uint8_t scale, struct value *out)
{
    out->number = decimal_to_double((struct decimal){mantissa, scale});
}

/* ours, in the order of the names above */

static bool our_market(const struct comparison *comparison, struct value ours[FIELDS_MAX])
{
    for (size_t i = 0; i < comparison->reading->instrument_count; i++) {
        const struct instrument *row = &comparison->reading->instruments[i];
        if (strcmp(row->symbol, comparison->theirs[0].text) != 0)
            continue;
        ours[0] = comparison->theirs[0];
        (void)snprintf(ours[1].text, TEXT_MAX, "%s", row->base_asset);
        (void)snprintf(ours[2].text, TEXT_MAX, "%s", row->quote_asset);
        ours[3].number = row->trading;
        number_of(row->tick_size, row->price_scale, &ours[4]);
        number_of(row->lot_step, row->quantity_scale, &ours[5]);
        number_of(row->minimum_quantity, row->quantity_scale, &ours[6]);
        number_of(row->maximum_quantity, row->quantity_scale, &ours[7]);
        number_of(row->minimum_notional, AMOUNT_SCALE, &ours[8]);
        return true;
    }
    return false;
}

/* Tickers stand in the order of the recording; ccxt knows them by a name of its own. */
static bool our_ticker(const struct comparison *comparison, struct value ours[FIELDS_MAX])
{
    if (comparison->rows >= comparison->reading->ticker_count)
        return false;
    const struct exchange_ticker *row = &comparison->reading->tickers[comparison->rows];
    number_of(row->ticker.bid, row->ticker.price_scale, &ours[0]);
    number_of(row->ticker.ask, row->ticker.price_scale, &ours[1]);
    number_of(row->ticker.last, row->ticker.price_scale, &ours[2]);
    ours[3].number = row->quote_volume;
    return true;
}

static bool our_candle(const struct comparison *comparison, struct value ours[FIELDS_MAX])
{
    if (comparison->rows >= comparison->reading->candle_count)
        return false;
    const struct candle *row = &comparison->reading->candles[comparison->rows];
    const int64_t prices[] = {row->open, row->high, row->low, row->close};
    ours[0].number = (double)row->open_time_ms;
    for (int i = 0; i < 4; i++)
        number_of(prices[i], row->price_scale, &ours[i + 1]);
    number_of(row->volume, row->volume_scale, &ours[5]);
    return true;
}

/* theirs */

static int read_value(struct json_value value, struct value *out)
{
    const char *text;
    size_t length;
    bool truth;
    if (json_is_null(value))
        return 0;
    if (json_text(value, &text, &length) != 0) {
        int code = json_boolean(value, &truth);
        out->number = truth;
        return code;
    }
    (void)snprintf(out->text, TEXT_MAX, "%.*s", (int)length, text);
    char *end = NULL;
    double number = strtod(out->text, &end);
    if (length > 0 && *end == '\0')
        *out = (struct value){.number = number};
    return 0;
}

static int read_member(void *user, const char *key, size_t key_length, struct json_value value)
{
    static const char *const objects[] = {"precision", "limits", "limits.amount", "limits.cost"};
    struct comparison *comparison = user;
    size_t length = strlen(comparison->path);
    int code = 0;
    (void)snprintf(comparison->path + length, sizeof comparison->path - length, "%s%.*s", length > 0 ? "." : "",
                   (int)key_length, key);
    for (size_t i = 0; i < sizeof objects / sizeof objects[0]; i++)
        if (strcmp(comparison->path, objects[i]) == 0 && !json_is_null(value))
            code = json_each_member(value, read_member, comparison);
    for (int i = 0; i < comparison->fields->count; i++)
        if (strcmp(comparison->path, comparison->fields->names[i]) == 0)
            code = read_value(value, &comparison->theirs[i]);
    comparison->path[length] = '\0';
    return code;
}

/* Two values agree if they are the same; what ccxt does not know is 0 with us. */
static bool agree(const struct value *ours, const struct value *theirs, double tolerance)
{
    if (theirs->text[0] != '\0' || ours->text[0] != '\0')
        return strcmp(ours->text, theirs->text) == 0;
    if (isnan(theirs->number))
        return ours->number == 0;
    return fabs(ours->number - theirs->number) <= tolerance * fabs(theirs->number);
}

static const struct difference *explanation(const struct comparison *comparison, const char *field)
{
    for (const struct difference *row = differences; row->folder != NULL; row++)
        if (strcmp(row->folder, comparison->folder) == 0 && strcmp(row->file, comparison->file) == 0 &&
            strcmp(row->field, field) == 0)
            return row;
    return NULL;
}

/* Counts a value that differs, and prints it if nobody has explained it. */
static void differ(struct comparison *comparison, int field, const struct value *ours)
{
    const struct value *theirs = &comparison->theirs[field];
    comparison->differing[field]++;
    if (explanation(comparison, comparison->fields->names[field]) == NULL)
        printf("      row %zu %s %s: ours %s %.17g, ccxt's %s %.17g\n", comparison->rows, comparison->theirs[0].text,
               comparison->fields->names[field], ours->text, ours->number, theirs->text, theirs->number);
}

/* Compares the row that was read last. Of one that we do not have, the name alone is compared. */
static void compare_row(struct comparison *comparison,
                        bool (*ours_of)(const struct comparison *comparison, struct value ours[FIELDS_MAX]))
{
    struct value ours[FIELDS_MAX] = {0};
    int fields = ours_of(comparison, ours) ? comparison->fields->count : 1;
    for (int i = 0; i < fields; i++) {
        comparison->compared++;
        if (!agree(&ours[i], &comparison->theirs[i], comparison->fields->tolerance))
            differ(comparison, i, &ours[i]);
    }
    comparison->rows++;
}

static void empty_row(struct comparison *comparison)
{
    for (int i = 0; i < FIELDS_MAX; i++)
        comparison->theirs[i] = (struct value){.number = NAN};
}

static int read_market(void *user, size_t index, struct json_value value)
{
    (void)index;
    empty_row(user);
    int code = json_each_member(value, read_member, user);
    if (code == 0)
        compare_row(user, our_market);
    return code;
}

static int read_ticker(void *user, const char *key, size_t key_length, struct json_value value)
{
    struct comparison *comparison = user;
    empty_row(comparison);
    int code = json_each_member(value, read_member, comparison);
    (void)key;
    (void)key_length;
    if (code == 0)
        compare_row(comparison, our_ticker);
    return code;
}

static int read_candle_column(void *user, size_t index, struct json_value value)
{
    struct comparison *comparison = user;
    return index < FIELDS_MAX ? read_value(value, &comparison->theirs[index]) : 0;
}

static int read_candle(void *user, size_t index, struct json_value value)
{
    (void)index;
    empty_row(user);
    int code = json_each_element(value, read_candle_column, user);
    if (code == 0)
        compare_row(user, our_candle);
    return code;
}

static int read_root_member(void *user, const char *key, size_t key_length, struct json_value value)
{
    struct comparison *comparison = user;
    if (key_length != strlen("parsed") || memcmp(key, "parsed", key_length) != 0)
        return 0;
    if (comparison->reading->instrument_count > 0) {
        comparison->fields = &market_fields;
        return json_each_element(value, read_market, comparison);
    }
    if (comparison->reading->candle_count > 0) {
        comparison->fields = &candle_fields;
        return json_each_element(value, read_candle, comparison);
    }
    comparison->fields = &ticker_fields;
    return json_each_member(value, read_ticker, comparison);
}

/* Adds up, and holds the differences against their reasons. */
static void conclude(const struct comparison *comparison, struct agreement *sum)
{
    size_t differing = 0, explained = 0;
    for (int i = 0; i < comparison->fields->count; i++) {
        const struct difference *reason = explanation(comparison, comparison->fields->names[i]);
        CU_ASSERT_EQUAL(comparison->differing[i], reason != NULL ? reason->count : 0);
        differing += comparison->differing[i];
        explained += reason != NULL ? comparison->differing[i] : 0;
    }
    printf("      ccxt: %zu of %zu values agree\n", comparison->compared - differing, comparison->compared);
    for (int i = 0; i < comparison->fields->count; i++) {
        const struct difference *reason = explanation(comparison, comparison->fields->names[i]);
        if (reason != NULL)
            printf("      %zu times %s: %s\n", comparison->differing[i], comparison->fields->names[i], reason->reason);
    }
    sum->files++;
    sum->compared += comparison->compared;
    sum->agreed += comparison->compared - differing;
    sum->explained += explained;
}

bool oracle_compare(const char *folder, const char *file, const struct reading *reading, struct agreement *sum)
{
    char path[256];
    int stem = (int)(strstr(file, ".json") - file);
    (void)snprintf(path, sizeof path, "%s/parsed_ccxt/%.*s.json", folder, stem, file);
    if (!recording_exists(path))
        (void)snprintf(path, sizeof path, "%s/parsed_ccxt/%.*s.json.gz", folder, stem, file);
    struct exchange_answer parsed;
    if (!recording_exists(path) || !recording_read(path, 200, &parsed))
        return false;
    struct comparison comparison = {.folder = folder, .file = file, .reading = reading, .fields = &market_fields};
    struct json_value root;
    int code = json_parse(parsed.body, parsed.size, &root);
    if (code == 0)
        code = json_each_member(root, read_root_member, &comparison);
    CU_ASSERT_EQUAL(code, 0);
    CU_ASSERT_EQUAL(comparison.rows,
                    reading->instrument_count > 0 ? reading->instrument_count
                    : reading->candle_count > 0   ? reading->candle_count
                                                  : reading->ticker_count);
    conclude(&comparison, sum);
    recording_release(&parsed);
    return true;
}
