/* What all markets share: names, look-up, and what is visible at a moment. */
/* SPDX-License-Identifier: MIT */
#include "tools/simulator/market.h"

#include "lib/base/decimal.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* ---- names ---- */

/* Longer names before those they end with. The amounts are in 10^-8. */
static const struct {
    const char *name;
    int64_t least_notional;
} quotes[] = {
    {"FDUSD", 500000000}, {"USDT", 500000000}, {"USDC", 500000000}, {"BUSD", 500000000}, {"TUSD", 500000000},
    {"USDP", 500000000},  {"DAI", 500000000},  {"BTC", 10000},      {"ETH", 100000},     {"BNB", 1000000},
    {"EUR", 500000000},   {"GBP", 500000000},  {"TRY", 1000000000}, {"BRL", 1000000000}, {"JPY", 10000000000},
    {"USD", 500000000},
};

enum { QUOTES = sizeof quotes / sizeof quotes[0] };

static size_t quote_length(const char *name, size_t length)
{
    for (int i = 0; i < QUOTES; i++) {
        size_t suffix = strlen(quotes[i].name);
        if (length > suffix && strcmp(name + length - suffix, quotes[i].name) == 0)
            return suffix;
    }
    return length > 3 ? 3 : 0;
}

void market_split_name(struct market_symbol *symbol)
{
    size_t length = strlen(symbol->name);
    size_t base = length - quote_length(symbol->name, length);
    memcpy(symbol->base, symbol->name, base);
    symbol->base[base] = '\0';
    memcpy(symbol->quote, symbol->name + base, length - base + 1);
}

int64_t market_least_notional(const char *quote)
{
    for (int i = 0; i < QUOTES; i++)
        if (strcmp(quotes[i].name, quote) == 0)
            return quotes[i].least_notional;
    return 500000000;
}

static int compare_names(const void *left, const void *right, void *user)
{
    const struct market *market = user;
    return strcmp(market->symbols[*(const uint32_t *)left].name, market->symbols[*(const uint32_t *)right].name);
}

int market_index(struct market *market)
{
    assert(market->by_name == NULL && market->symbol_count > 0);
    market->by_name = calloc(market->symbol_count, sizeof *market->by_name);
    if (market->by_name == NULL)
        return error_set(ERROR_MEMORY, "no memory for %zu symbols", market->symbol_count);
    for (size_t i = 0; i < market->symbol_count; i++)
        market->by_name[i] = (uint32_t)i;
    qsort_r(market->by_name, market->symbol_count, sizeof *market->by_name, compare_names, market);
    for (size_t i = 1; i < market->symbol_count; i++)
        if (compare_names(&market->by_name[i - 1], &market->by_name[i], market) == 0)
            return error_set(ERROR_EXISTS, "symbol %s is there twice", market->symbols[market->by_name[i]].name);
    return 0;
}

long market_find(const struct market *market, const char *name)
{
    size_t first = 0, end = market->symbol_count;
    while (first < end) {
        size_t middle = first + (end - first) / 2;
        int order = strcmp(name, market->symbols[market->by_name[middle]].name);
        if (order == 0)
            return (long)market->by_name[middle];
        if (order < 0)
            end = middle;
        else
            first = middle + 1;
    }
    return -1;
}

void market_release(struct market *market)
{
    free(market->symbols);
    free(market->by_name);
}

void market_destroy(struct market *market)
{
    if (market != NULL)
        market->kind->destroy(market);
}

/* ---- one candle ---- */

static int64_t share(int64_t amount, int64_t part, int64_t whole)
{
    return (int64_t)((__int128)amount * part / whole);
}

void candle_form(struct market_candle *candle, int64_t elapsed_ms, int64_t length_ms)
{
    assert(elapsed_ms >= 0 && length_ms >= 3);
    if (elapsed_ms >= length_ms)
        return;
    bool rises = candle->close >= candle->open;
    const int64_t path[] = {candle->open, rises ? candle->low : candle->high, rises ? candle->high : candle->low,
                            candle->close};
    int64_t third = length_ms / 3;
    int64_t leg = elapsed_ms / third < 2 ? elapsed_ms / third : 2;
    int64_t leg_length = leg < 2 ? third : length_ms - 2 * third;
    int64_t price = path[leg] + share(path[leg + 1] - path[leg], elapsed_ms - leg * third, leg_length);

    candle->high = candle->low = candle->open;
    for (int64_t i = 1; i <= leg + 1; i++) {
        int64_t reached = i <= leg ? path[i] : price;
        candle->high = reached > candle->high ? reached : candle->high;
        candle->low = reached < candle->low ? reached : candle->low;
    }
    candle->close = price;
    candle->volume = share(candle->volume, elapsed_ms, length_ms);
}

int64_t candle_quote(const struct market_candle *candle, const struct market_symbol *symbol)
{
    int64_t prices = candle->open + candle->high + candle->low + candle->close;
    int scale = symbol->price_scale + symbol->volume_scale;
    int64_t up = scale < MARKET_SCALE_MAX ? decimal_power_of_ten((uint8_t)(MARKET_SCALE_MAX - scale)) : 1;
    int64_t down = 4 * (scale > MARKET_SCALE_MAX ? decimal_power_of_ten((uint8_t)(scale - MARKET_SCALE_MAX)) : 1);
    int64_t product;
    if (!__builtin_mul_overflow(prices, candle->volume, &product) && !__builtin_mul_overflow(product, up, &product))
        return product / down;
    __int128 wide = (__int128)prices * candle->volume; /* below 2^126, and up is 1 where that is near */
    wide = wide > (__int128)INT64_MAX * down / up ? INT64_MAX : wide * up / down;
    return (int64_t)wide;
}

int64_t candle_trades(const struct market_candle *candle)
{
    return candle->volume < MARKET_TRADES_A_CANDLE ? candle->volume : MARKET_TRADES_A_CANDLE;
}

/* ---- what is visible ---- */

size_t market_visible(const struct market *market, size_t symbol, int64_t now_ms)
{
    return market->kind->locate(market, symbol, now_ms + 1);
}

void market_closed(const struct market *market, size_t symbol, size_t index, size_t count, struct market_candle *out)
{
    market->kind->read(market, symbol, index, count, out);
    symbol_halt(market, symbol, count, out);
}

/* Puts what is told at `now_ms` in place of a closed candle. */
static void tell(const struct market *market, size_t symbol, int64_t now_ms, struct market_candle *candle)
{
    struct market_candle first;
    int64_t until_ms;
    if (candle->open_time_ms + (int64_t)market->interval_s * 1000 <= now_ms &&
        candle_told_first(market, symbol, candle, &first, &until_ms) && now_ms < until_ms)
        *candle = first;
}

void market_read(const struct market *market, size_t symbol, size_t index, size_t count, int64_t now_ms,
                 struct market_candle *out)
{
    if (count == 0)
        return;
    market_closed(market, symbol, index, count, out);
    for (size_t i = 0; market->changes.revise_ppm > 0 && i < count; i++)
        tell(market, symbol, now_ms, &out[i]);
    struct market_candle *last = &out[count - 1];
    assert(last->open_time_ms <= now_ms);
    candle_form(last, now_ms - last->open_time_ms, (int64_t)market->interval_s * 1000);
}

struct market_candle market_newest(const struct market *market, size_t symbol, int64_t now_ms)
{
    struct market_candle candle;
    size_t visible = market_visible(market, symbol, now_ms);
    if (visible > 0) {
        market_read(market, symbol, visible - 1, 1, now_ms, &candle);
    } else {
        market_closed(market, symbol, 0, 1, &candle);
        candle_form(&candle, 0, (int64_t)market->interval_s * 1000);
    }
    return candle;
}
