/* Places in the list of symbols, and noise of a candle's name. */
/* SPDX-License-Identifier: MIT */
#include "tools/simulator/changes.h"

#include "lib/base/interval.h"
#include "tools/simulator/market.h"
#include "tools/simulator/noise.h"

static bool is_listed(const struct market *market, size_t symbol)
{
    return symbol >= market->symbol_count - market->changes.listed;
}

static bool is_delisted(const struct market *market, size_t symbol)
{
    const struct market_changes *changes = &market->changes;
    return !is_listed(market, symbol) && symbol >= market->symbol_count - changes->listed - changes->delisted;
}

static bool is_halted(const struct market *market, size_t symbol)
{
    const struct market_changes *changes = &market->changes;
    size_t end = market->symbol_count - changes->listed - changes->delisted;
    return symbol < end && symbol >= end - changes->halted;
}

enum symbol_state symbol_state(const struct market *market, size_t symbol, int64_t now_ms)
{
    const struct market_changes *changes = &market->changes;
    if ((is_listed(market, symbol) && now_ms < changes->list_ms) ||
        (is_delisted(market, symbol) && now_ms >= changes->delist_ms))
        return SYMBOL_ABSENT;
    bool halts = is_halted(market, symbol) && now_ms >= changes->halt_ms && now_ms < changes->halt_end_ms;
    return halts ? SYMBOL_HALTED : SYMBOL_TRADING;
}

size_t symbol_first(const struct market *market, size_t symbol)
{
    if (!is_listed(market, symbol))
        return 0;
    return market->kind->locate(market, symbol, interval_open_time(market->interval_s, market->changes.list_ms));
}

void symbol_halt(const struct market *market, size_t symbol, size_t count, struct market_candle *candles)
{
    const struct market_changes *changes = &market->changes;
    if (!is_halted(market, symbol))
        return;
    size_t first = market->kind->locate(market, symbol, changes->halt_ms);
    struct market_candle before;
    market->kind->read(market, symbol, first > 0 ? first - 1 : 0, 1, &before);
    int64_t price = first > 0 ? before.close : before.open;
    for (size_t i = 0; i < count; i++)
        if (candles[i].open_time_ms >= changes->halt_ms && candles[i].open_time_ms < changes->halt_end_ms)
            candles[i] = (struct market_candle){candles[i].open_time_ms, price, price, price, price, 0};
}

/* A number that is the symbol's own, whatever its place in the list. */
static uint64_t key_of(const struct market *market, size_t symbol)
{
    uint64_t key = market->changes.revise_seed;
    for (const char *at = market->symbols[symbol].name; *at != '\0'; at++)
        key = noise_at(key, (uint64_t)*at);
    return key;
}

bool candle_told_first(const struct market *market, size_t symbol, const struct market_candle *candle,
                       struct market_candle *first, int64_t *until_ms)
{
    enum { PPM = 1000000, VOLUME_PART = 50 };
    if (market->changes.revise_ppm == 0)
        return false;
    uint64_t noise = noise_at(key_of(market, symbol), (uint64_t)candle->open_time_ms);
    if ((int64_t)(noise % PPM) >= market->changes.revise_ppm || candle->volume == 0)
        return false;
    int64_t delay_ms = CHANGES_REVISED_MIN_MS +
                       (int64_t)(noise_mix(noise) % (CHANGES_REVISED_MAX_MS - CHANGES_REVISED_MIN_MS));
    *until_ms = candle->open_time_ms + (int64_t)market->interval_s * 1000 + delay_ms;
    *first = *candle; /* trades that came late are missing: less volume, and another close where there is room for it */
    first->volume -= candle->volume / VOLUME_PART + 1;
    first->close += candle->close < candle->high ? 1 : candle->close > candle->low ? -1 : 0;
    return true;
}
