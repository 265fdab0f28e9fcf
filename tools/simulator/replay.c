/* Loads a directory into arrays; a candle is found by its open time. */
/* SPDX-License-Identifier: MIT */
#include "tools/simulator/replay.h"

#include "lib/base/interval.h"
#include "tools/simulator/candle_file.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* A candle as it is kept: a third smaller than when it is used. */
struct kept_candle {
    int64_t low, volume;
    uint32_t open, high, close; /* above the low */
    uint32_t step;              /* intervals since the series' first candle */
};

/* The candles of one symbol, ascending. */
struct kept_series {
    size_t count;
    int64_t first_ms, interval_ms;
    struct kept_candle *small;   /* owned; NULL when a candle is too tall for it: then they are in `whole` */
    struct market_candle *whole; /* owned */
};

struct replay {
    struct market market; /* first: a struct market * to a replay is a struct replay * */
    struct kept_series *series; /* one a symbol */
};

static const struct replay *replay_of(const struct market *market)
{
    return (const struct replay *)market;
}

/* ---- how candles are kept ---- */

static bool is_small(const struct market_candle *candle, const struct kept_series *series)
{
    return candle->high - candle->low <= UINT32_MAX &&
           (candle->open_time_ms - series->first_ms) / series->interval_ms <= UINT32_MAX;
}

/* Keeps what was read, and takes its memory. */
static int keep(struct kept_series *series, struct candle_series *read, uint32_t interval_s)
{
    *series = (struct kept_series){.count = read->count,
                                   .first_ms = read->candles[0].open_time_ms,
                                   .interval_ms = (int64_t)interval_s * 1000,
                                   .whole = read->candles};
    for (size_t i = 0; i < read->count; i++)
        if (!is_small(&read->candles[i], series))
            return 0;
    series->small = calloc(read->count, sizeof *series->small);
    if (series->small == NULL)
        return error_set(ERROR_MEMORY, "no memory for %zu candles", read->count);
    for (size_t i = 0; i < read->count; i++) {
        const struct market_candle *candle = &read->candles[i];
        series->small[i] = (struct kept_candle){
            .low = candle->low,
            .volume = candle->volume,
            .open = (uint32_t)(candle->open - candle->low),
            .high = (uint32_t)(candle->high - candle->low),
            .close = (uint32_t)(candle->close - candle->low),
            .step = (uint32_t)((candle->open_time_ms - series->first_ms) / series->interval_ms),
        };
    }
    free(series->whole);
    series->whole = NULL;
    return 0;
}

static int64_t open_time(const struct kept_series *series, size_t index)
{
    return series->small == NULL ? series->whole[index].open_time_ms
                                 : series->first_ms + series->small[index].step * series->interval_ms;
}

static struct market_candle candle_at(const struct kept_series *series, size_t index)
{
    if (series->small == NULL)
        return series->whole[index];
    const struct kept_candle *small = &series->small[index];
    return (struct market_candle){.open_time_ms = open_time(series, index),
                                  .open = small->low + small->open,
                                  .high = small->low + small->high,
                                  .low = small->low,
                                  .close = small->low + small->close,
                                  .volume = small->volume};
}

/* ---- the kind ---- */

static size_t replay_locate(const struct market *market, size_t symbol, int64_t time_ms)
{
    const struct kept_series *series = &replay_of(market)->series[symbol];
    size_t first = 0, end = series->count;
    while (first < end) {
        size_t middle = first + (end - first) / 2;
        if (open_time(series, middle) < time_ms)
            first = middle + 1;
        else
            end = middle;
    }
    return first;
}

static void replay_read(const struct market *market, size_t symbol, size_t index, size_t count,
                        struct market_candle *out)
{
    const struct kept_series *series = &replay_of(market)->series[symbol];
    assert(index + count <= series->count);
    for (size_t i = 0; i < count; i++)
        out[i] = candle_at(series, index + i);
}

static void replay_destroy(struct market *market)
{
    struct replay *replay = (struct replay *)market;
    for (size_t i = 0; i < market->symbol_count; i++) {
        free(replay->series[i].small);
        free(replay->series[i].whole);
    }
    free(replay->series);
    market_release(market);
    free(replay);
}

static const struct market_kind replay_kind = {
    .name = "replay",
    .locate = replay_locate,
    .read = replay_read,
    .destroy = replay_destroy,
};

/* ---- loading ---- */

static int is_candle_file(const struct dirent *entry)
{
    const char *name = entry->d_name;
    size_t length = strlen(name);
    return name[0] != '.' && ((length > 4 && strcmp(name + length - 4, ".csv") == 0) ||
                              (length > 7 && strcmp(name + length - 7, ".csv.gz") == 0));
}

static int compare_entries(const struct dirent **left, const struct dirent **right)
{
    return strcmp((*left)->d_name, (*right)->d_name);
}

static int load_file(struct replay *replay, const char *directory, const char *file)
{
    struct market *market = &replay->market;
    struct market_symbol *symbol = &market->symbols[market->symbol_count];
    uint32_t interval_s = 0;
    char path[4096];
    if ((size_t)snprintf(path, sizeof path, "%s/%s", directory, file) >= sizeof path)
        return error_set(ERROR_RANGE, "%s/%s: the path is too long", directory, file);
    int code = candle_file_read_name(file, symbol->name, &interval_s);
    if (code != 0)
        return error_context(code, "%s", path);
    if (market->interval_s != 0 && interval_s != market->interval_s)
        return error_set(ERROR_CONFIGURATION, "%s: interval %s, expected %s as in the files before it", path,
                         interval_name(interval_s), interval_name(market->interval_s));
    market->interval_s = interval_s;
    market_split_name(symbol);
    struct candle_series read = {0};
    code = candle_file_read(path, interval_s, symbol, &read);
    if (code != 0)
        return code;
    return keep(&replay->series[market->symbol_count++], &read, interval_s);
}

/* The clock starts behind the warm-up of the series that begins first, or behind a quarter of a short one. */
static int64_t first_start(const struct replay *replay)
{
    const struct kept_series *first = &replay->series[0];
    for (size_t i = 1; i < replay->market.symbol_count; i++)
        if (replay->series[i].first_ms < first->first_ms)
            first = &replay->series[i];
    size_t index = first->count >= 2 * REPLAY_WARM_UP ? REPLAY_WARM_UP : first->count / 4;
    return open_time(first, index);
}

static int load_files(struct replay *replay, const char *directory, struct dirent **entries, int count, FILE *errors)
{
    int failures = 0;
    for (int i = 0; i < count; i++) {
        if (load_file(replay, directory, entries[i]->d_name) == 0)
            continue;
        (void)fprintf(errors, "%s\n", error_message());
        failures++;
    }
    if (failures > 0)
        return error_set(ERROR_CONFIGURATION, "%d of %d candle files in %s cannot be used", failures, count, directory);
    replay->market.start_ms = first_start(replay);
    int code = market_index(&replay->market);
    return code == 0 ? 0 : error_context(ERROR_CONFIGURATION, "%s", directory);
}

static struct replay *create(size_t capacity)
{
    struct replay *replay = calloc(1, sizeof *replay);
    if (replay == NULL)
        return NULL;
    replay->market.kind = &replay_kind;
    replay->series = calloc(capacity, sizeof *replay->series);
    replay->market.symbols = calloc(capacity, sizeof *replay->market.symbols);
    if (replay->series != NULL && replay->market.symbols != NULL)
        return replay;
    replay_destroy(&replay->market);
    return NULL;
}

int replay_open(const char *directory, FILE *errors, struct market **out)
{
    struct dirent **entries = NULL;
    int count = scandir(directory, &entries, is_candle_file, compare_entries);
    if (count < 0)
        return error_set(ERROR_CONFIGURATION, "%s: %s, expected a directory of candle files", directory,
                         strerror(errno));
    int code = 0;
    struct replay *replay = NULL;
    if (count == 0)
        code = error_set(ERROR_CONFIGURATION, "%s: no candle files, expected SYMBOL_INTERVAL.csv.gz", directory);
    else if ((replay = create((size_t)count)) == NULL)
        code = error_set(ERROR_MEMORY, "no memory for %d series", count);
    else
        code = load_files(replay, directory, entries, count, errors);
    for (int i = 0; i < count; i++)
        free(entries[i]);
    free(entries);
    if (code != 0) {
        market_destroy(replay == NULL ? NULL : &replay->market);
        return code;
    }
    *out = &replay->market;
    return 0;
}
