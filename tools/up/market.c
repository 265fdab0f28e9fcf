/* Names in a replay directory, and two small files: `market` says whose the data is, `simulator-clock` how far its
 * clock has come. */
/* SPDX-License-Identifier: MIT */
#include "tools/up/market.h"

#include "lib/base/clock.h"
#include "lib/base/interval.h"
#include "lib/exchange/exchange.h"
#include "tools/up/given.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char market_name[] = "market";
static const char clock_name[] = "simulator-clock";
static const char *const endings[] = {".csv.gz", ".csv"};

enum { IDENTITY_SIZE = FILE_PATH_SIZE + 64 };

/* Where the ending of a candle file's name begins; NULL for any other name. */
static const char *ending_of(const char *name)
{
    size_t length = strlen(name);
    for (size_t i = 0; i < sizeof endings / sizeof endings[0]; i++) {
        size_t size = strlen(endings[i]);
        if (length > size && strcmp(name + length - size, endings[i]) == 0)
            return name + length - size;
    }
    return NULL;
}

/* The interval in SYMBOL_INTERVAL.csv.gz; false for any other name. */
static bool interval_of_name(const char *name, char *out, size_t capacity)
{
    const char *ending = ending_of(name);
    const char *underscore = strrchr(name, '_');
    uint32_t seconds;
    if (ending == NULL || underscore == NULL || underscore == name || underscore > ending)
        return false;
    int length = snprintf(out, capacity, "%.*s", (int)(ending - underscore - 1), underscore + 1);
    return length > 0 && (size_t)length < capacity && interval_from_name(out, &seconds) == 0;
}

static int read_names(DIR *directory, const char *path, char *interval, size_t capacity, int64_t *count)
{
    char found[16];
    const struct dirent *entry;
    while ((entry = readdir(directory)) != NULL) {
        if (!interval_of_name(entry->d_name, found, sizeof found))
            continue;
        if (*count > 0 && strcmp(found, interval) != 0)
            return error_set(ERROR_SYNTAX, "replay directory %s: it holds candles of %s and of %s; expected one",
                             path, interval, found);
        (void)snprintf(interval, capacity, "%s", found);
        ++*count;
    }
    if (*count == 0)
        return error_set(ERROR_MISSING, "replay directory %s: it holds no file named SYMBOL_INTERVAL.csv.gz", path);
    return 0;
}

static int choose_replay(const char *path, struct market *market)
{
    DIR *directory = opendir(path);
    if (directory == NULL)
        return error_set(ERROR_SYSTEM, "replay directory %s: %s", path, strerror(errno));
    int64_t count = 0;
    int code = read_names(directory, path, market->intervals, sizeof market->intervals, &count);
    (void)closedir(directory);
    if (code == 0 && realpath(path, market->replay_dir) == NULL)
        code = error_set(ERROR_SYSTEM, "replay directory %s: %s", path, strerror(errno));
    if (code == 0 && market->symbols > count)
        market->symbols = count;
    return code;
}

int market_choose(const struct up_options *asked, const struct config *config, struct market *out)
{
    bool real = asked->exchange != NULL || (asked->replay == NULL && given(config, "exchange", "url"));
    *out = (struct market){.exchange = "binance", .symbols = config->market_max_symbols, .speed = 1};
    (void)snprintf(out->intervals, sizeof out->intervals, "%s", config->market_intervals);
    out->kind = real ? MARKET_REAL : asked->replay != NULL ? MARKET_REPLAYED : MARKET_GENERATED;
    if (real)
        out->exchange = asked->exchange != NULL ? asked->exchange : config->exchange_name;
    if (asked->symbols > 0)
        out->symbols = asked->symbols;
    if (asked->speed > 0)
        out->speed = asked->speed;
    else if (given(config, "exchange", "speed"))
        out->speed = config->exchange_speed;
    else if (out->kind == MARKET_GENERATED)
        out->speed = UP_SPEED_GENERATED;
    if (out->kind == MARKET_REPLAYED)
        return choose_replay(asked->replay, out);
    const struct exchange *exchange;
    if (asked->exchange != NULL && out->speed != 1)
        return error_set(ERROR_ARGUMENT, "--speed is %" PRId64 "; the clock of a real exchange runs at 1", out->speed);
    return exchange_find(out->exchange, &exchange);
}

static void identify(const struct market *market, char out[IDENTITY_SIZE])
{
    switch (market->kind) {
    case MARKET_GENERATED: (void)snprintf(out, IDENTITY_SIZE, "generated %" PRIu64, market->seed); break;
    case MARKET_REPLAYED: (void)snprintf(out, IDENTITY_SIZE, "replayed %s", market->replay_dir); break;
    case MARKET_REAL: (void)snprintf(out, IDENTITY_SIZE, "exchange %s", market->exchange); break;
    }
}

/* The seed of a directory's generated market: drawn once. 0 if `kept` names another kind of market. */
static uint64_t seed_of(const char *kept)
{
    static const char word[] = "generated ";
    if (kept == NULL)
        return randombytes_random();
    return strncmp(kept, word, sizeof word - 1) == 0 ? strtoull(kept + sizeof word - 1, NULL, 10) : 0;
}

static int open_identity(const char *data_dir, struct market *market)
{
    char path[FILE_PATH_SIZE];
    char kept[IDENTITY_SIZE];
    char mine[IDENTITY_SIZE];
    int code = file_path(data_dir, market_name, path);
    if (code != 0)
        return code;
    code = file_read_line(path, kept, sizeof kept);
    if (code != 0 && code != ERROR_MISSING)
        return error_context(code, "%s", path);
    bool is_new = code == ERROR_MISSING;
    if (market->kind == MARKET_GENERATED)
        market->seed = seed_of(is_new ? NULL : kept);
    identify(market, mine);
    if (is_new)
        return file_write(path, mine, strlen(mine));
    if (strcmp(kept, mine) != 0)
        return error_set(ERROR_EXISTS, "%s holds the data of another market (%s); give another --data", data_dir, kept);
    return 0;
}

int market_open(const char *data_dir, struct market *market)
{
    char path[FILE_PATH_SIZE];
    char kept[32];
    int code = open_identity(data_dir, market);
    if (code != 0 || !market_is_simulated(market))
        return code;
    code = file_path(data_dir, clock_name, path);
    if (code != 0)
        return code;
    market->origin_monotonic_ms = clock_monotonic_ms();
    code = file_read_line(path, kept, sizeof kept);
    if (code == 0)
        market->origin_exchange_ms = strtoll(kept, NULL, 10);
    else if (market->kind == MARKET_GENERATED)
        market->origin_exchange_ms = clock_wall_ms();
    return code == ERROR_MISSING ? 0 : code;
}

void market_learn_clock(struct market *market, const char *line)
{
    const char *origin = strstr(line, " origin_monotonic_ms=");
    int64_t monotonic_ms, exchange_ms;
    if (origin == NULL || market->origin_exchange_ms != 0 ||
        sscanf(origin, " origin_monotonic_ms=%" SCNd64 " origin_exchange_ms=%" SCNd64, &monotonic_ms, &exchange_ms) != 2)
        return;
    market->origin_monotonic_ms = monotonic_ms;
    market->origin_exchange_ms = exchange_ms;
}

int64_t market_clock_ms(const struct market *market, int64_t monotonic_ms)
{
    return market->origin_exchange_ms + (monotonic_ms - market->origin_monotonic_ms) * market->speed;
}

int market_save_clock(const char *data_dir, const struct market *market, int64_t monotonic_ms, bool stopped)
{
    char path[FILE_PATH_SIZE];
    char text[32];
    if (market->origin_exchange_ms == 0)
        return 0;
    int code = file_path(data_dir, clock_name, path);
    if (code != 0)
        return code;
    int64_t ahead_ms = stopped ? 0 : MARKET_CLOCK_AHEAD_MS * market->speed;
    int length = snprintf(text, sizeof text, "%" PRId64, market_clock_ms(market, monotonic_ms) + ahead_ms);
    return file_write(path, text, (size_t)length);
}

void market_describe(const struct market *market, char *out, size_t capacity)
{
    if (market->kind == MARKET_REAL)
        (void)snprintf(out, capacity, "%s, at most %" PRId64 " markets, %s", market->exchange, market->symbols,
                       market->intervals);
    else
        (void)snprintf(out, capacity, "simulated exchange, %" PRId64 " %s markets, %s, %" PRId64 " times faster",
                       market->symbols, market->kind == MARKET_REPLAYED ? "replayed" : "generated", market->intervals,
                       market->speed);
}
