/* The truth about the played market: which candles there are, when they come, and how they change. */
/* SPDX-License-Identifier: MIT */
#include "tests/unit/fetcher_stage.h"

#include "lib/base/decimal.h"
#include "proto/shard.h"

#include <string.h>

int stage_symbol(const char *symbol)
{
    return symbol[0] >= 'A' && symbol[0] < 'A' + STAGE_SYMBOLS && strcmp(symbol + 1, "USDT") == 0 ? symbol[0] - 'A' : -1;
}

/* How long ago a candle has closed. */
static int64_t age_ms(int64_t minute)
{
    return stage_exchange_ms() - STAGE_ORIGIN_MS - (minute + 1) * STAGE_MINUTE_MS;
}

bool stage_moves(int symbol, int64_t minute)
{
    return stage.faults.moves_candles && symbol == 1 && minute % 9 == 4;
}

bool stage_lacks(int symbol, int64_t minute)
{
    if (stage_moves(symbol, minute))
        return true;
    if (stage.faults.late && symbol == 3 && minute % 23 == 5 && age_ms(minute) < 6 * STAGE_MINUTE_MS)
        return true;
    return minute < 0 || minute >= STAGE_MINUTES || (stage.faults.lacks_some && symbol == 2 && minute % 17 == 3);
}

/* How often a candle was changed since its close. */
static int64_t revisions_of(int symbol, int64_t minute)
{
    if (!stage.faults.revises || (minute + symbol) % 13 != 5)
        return 0;
    bool twice = (minute + symbol) % 26 == 5;
    return (age_ms(minute) >= STAGE_MINUTE_MS) + (twice && age_ms(minute) >= 5 * STAGE_MINUTE_MS / 2);
}

struct candle stage_truth(int symbol, int64_t minute)
{
    uint64_t key[2] = {(uint64_t)symbol, (uint64_t)minute};
    int64_t noise = (int64_t)(hash64(key, sizeof key) % 100);
    int64_t close = 1100 - noise - revisions_of(symbol, minute);
    return (struct candle){STAGE_ORIGIN_MS + minute * STAGE_MINUTE_MS, 1000 + noise, 1200, 900, close, noise, 2, 0};
}

/* The close in hundredths, as the truth has it. */
int64_t stage_close_of(const struct candle *candle)
{
    int64_t close = candle->close;
    for (int scale = candle->price_scale; scale < 2; scale++)
        close *= 10;
    return close;
}

/* Whether a candle is as the exchange has it, or had it before it changed it. */
bool stage_is_true(int symbol, const struct candle *candle)
{
    int64_t minute = (candle->open_time_ms - STAGE_ORIGIN_MS) / STAGE_MINUTE_MS;
    if (symbol < 0 || stage_lacks(symbol, minute))
        return false;
    struct candle expected = stage_truth(symbol, minute);
    int64_t back = stage_close_of(candle) - expected.close;
    if (back > 0 && back <= revisions_of(symbol, minute))
        expected.close += back;
    struct decimal ours[] = {{candle->open, candle->price_scale}, {candle->close, candle->price_scale},
                             {candle->volume, candle->volume_scale}};
    struct decimal theirs[] = {{expected.open, 2}, {expected.close, 2}, {expected.volume, 0}};
    for (int i = 0; i < 3; i++)
        if (decimal_compare(ours[i], theirs[i]) != 0)
            return false;
    return stage_exchange_ms() >= candle->open_time_ms + STAGE_MINUTE_MS;
}
