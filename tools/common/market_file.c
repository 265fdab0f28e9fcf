/* A directory is tied once; nothing changes the line afterwards. */
/* SPDX-License-Identifier: MIT */
#include "tools/common/market_file.h"

#include <stdio.h>
#include <string.h>

static const char file_name[] = "market";

/* As what earlier versions stored the simulated exchange's candles. */
#define EARLIER_NAME "binance"

int market_file_read(const char *data_dir, char out[MARKET_FILE_SIZE])
{
    char path[FILE_PATH_SIZE];
    int code = file_path(data_dir, file_name, path);
    if (code == 0)
        code = file_read_line(path, out, MARKET_FILE_SIZE);
    return code != 0 ? error_context(code, "%s", path) : 0;
}

static int write_line(const char *data_dir, const char *market)
{
    char path[FILE_PATH_SIZE];
    int code = file_path(data_dir, file_name, path);
    return code == 0 ? file_write(path, market, strlen(market)) : code;
}

/* Whether a line is of a version that stored what was simulated under a real exchange's name. */
static bool is_earlier(const char *held)
{
    return strncmp(held, "generated ", strlen("generated ")) == 0 || strncmp(held, "replayed ", strlen("replayed ")) == 0;
}

bool market_file_is_earlier(const char *data_dir)
{
    char held[MARKET_FILE_SIZE];
    return market_file_read(data_dir, held) == 0 && is_earlier(held);
}

static int refuse(const char *data_dir, const char *held, const char *market)
{
    if (is_earlier(held))
        return error_set(ERROR_EXISTS, "%s holds simulated data (%s) that an earlier version stored as those of " EARLIER_NAME
                         "; it can be read (wick export, wick verify), but nothing is added to it; give another --data for %s",
                         data_dir, held, market);
    return error_set(ERROR_EXISTS, "%s holds the data of another market (%s) than is asked for (%s); give another --data",
                     data_dir, held, market);
}

int market_file_tie(const char *data_dir, const char *market)
{
    char held[MARKET_FILE_SIZE];
    int code = market_file_read(data_dir, held);
    if (code == ERROR_MISSING)
        return write_line(data_dir, market);
    return code == 0 && strcmp(held, market) != 0 ? refuse(data_dir, held, market) : code;
}

/* The name in a line: its second word if the first is "exchange", else the first. */
static void name_of(const char *held, char out[NAME_SIZE])
{
    static const char word[] = "exchange ";
    const char *name = strncmp(held, word, sizeof word - 1) == 0 ? held + sizeof word - 1 : held;
    (void)snprintf(out, NAME_SIZE, "%.*s", (int)strcspn(name, " "), is_earlier(held) ? EARLIER_NAME : name);
}

int market_file_exchange(const char *data_dir, char out[NAME_SIZE])
{
    char held[MARKET_FILE_SIZE];
    int code = market_file_read(data_dir, held);
    if (code == 0)
        name_of(held, out);
    return code;
}

int market_file_tie_exchange(const char *data_dir, const char *exchange)
{
    char held[MARKET_FILE_SIZE], wanted[MARKET_FILE_SIZE], name[NAME_SIZE];
    (void)snprintf(wanted, sizeof wanted, "exchange %s", exchange);
    int code = market_file_read(data_dir, held);
    if (code == ERROR_MISSING)
        return write_line(data_dir, wanted);
    if (code != 0)
        return code;
    name_of(held, name);
    return is_earlier(held) || strcmp(name, exchange) != 0 ? refuse(data_dir, held, wanted) : 0;
}
