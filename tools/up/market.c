/* Names in a replay directory, and two small files: `market` says whose the data is (tools/common/market_file.h),
 * `simulator-clock` how far its clock has come. */
/* SPDX-License-Identifier: MIT */
#include "tools/up/market.h"

#include "lib/base/clock.h"
#include "lib/base/interval.h"
#include "lib/exchange/exchange_config.h"
#include "tools/common/market_file.h"
#include "tools/up/given.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const char clock_name[] = "simulator-clock";
static const char *const endings[] = {".csv.gz", ".csv"};

/* The beginning of the line of a generated market, before its seed. */
static const char generated_line[] = EXCHANGE_SIMULATED " generated ";

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

/* Whether an exchange itself is followed: one that is named, or whatever answers at an address that is configured. */
static bool is_real(const struct up_options *asked, const struct config *config)
{
    if (asked->replay != NULL)
        return false;
    if (given(config, "exchange", "url"))
        return true;
    if (asked->exchange == NULL && !given(config, "exchange", "name"))
        return false;
    return strcasecmp(asked->exchange != NULL ? asked->exchange : config->exchange_name, EXCHANGE_SIMULATED) != 0;
}

bool market_is_named_simulated(const struct market *market)
{
    return strcmp(market->exchange, EXCHANGE_SIMULATED) == 0;
}

int market_choose(const struct up_options *asked, const struct config *config, struct market *out)
{
    bool real = is_real(asked, config);
    *out = (struct market){.exchange = EXCHANGE_SIMULATED, .symbols = config->market_max_symbols, .speed = 1};
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
    if (real && asked->exchange != NULL && strcasecmp(asked->exchange, EXCHANGE_SIMULATED) != 0 && out->speed != 1)
        return error_set(ERROR_ARGUMENT, "--speed is %" PRId64 "; the clock of a real exchange runs at 1", out->speed);
    int code = exchange_find(out->exchange, &exchange);
    if (code == 0) {
        out->exchange = exchange->name; /* as it is spelled everywhere */
        code = exchange_check_config(config, exchange, stderr);
    }
    return code;
}

static void identify(const struct market *market, char out[MARKET_FILE_SIZE])
{
    switch (market->kind) {
    case MARKET_GENERATED:
        if (market->seed != 0)
            (void)snprintf(out, MARKET_FILE_SIZE, "%s%" PRIu64, generated_line, market->seed);
        else
            (void)snprintf(out, MARKET_FILE_SIZE, "%s generated", market->exchange);
        break;
    case MARKET_REPLAYED:
        (void)snprintf(out, MARKET_FILE_SIZE, "%s replayed %s", market->exchange, market->replay_dir);
        break;
    case MARKET_REAL: (void)snprintf(out, MARKET_FILE_SIZE, "exchange %s", market->exchange); break;
    }
}

/* The seed of a directory's generated market: drawn once. 0 if it holds another market. */
static int choose_seed(const char *data_dir, uint64_t *seed)
{
    char held[MARKET_FILE_SIZE];
    int code = market_file_read(data_dir, held);
    if (code != 0 && code != ERROR_MISSING)
        return code;
    if (code == ERROR_MISSING)
        *seed = 1 + randombytes_uniform(UINT32_MAX); /* 0 is none */
    else
        *seed = strncmp(held, generated_line, sizeof generated_line - 1) == 0
                    ? strtoull(held + sizeof generated_line - 1, NULL, 10)
                    : 0;
    return 0;
}

static int open_identity(const char *data_dir, struct market *market)
{
    char mine[MARKET_FILE_SIZE];
    int code = market->kind == MARKET_GENERATED ? choose_seed(data_dir, &market->seed) : 0;
    if (code != 0)
        return code;
    identify(market, mine);
    return market_file_tie(data_dir, mine);
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
