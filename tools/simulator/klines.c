/* Finds the candles of a query by index and folds them into the interval that was asked for. */
/* SPDX-License-Identifier: MIT */
#include "tools/simulator/klines.h"

#include "lib/base/interval.h"

#include <assert.h>

enum { CHUNK = 64 }; /* candles read at once */

bool klines_serve(const struct market *market, uint32_t interval_s)
{
    return interval_s >= market->interval_s && interval_s % market->interval_s == 0;
}

static void begin(struct kline *kline, const struct market_candle *candle, int64_t open_time_ms)
{
    *kline = (struct kline){.candle = *candle};
    kline->candle.open_time_ms = open_time_ms;
    kline->candle.volume = 0;
}

static void fold(struct kline *kline, const struct market_candle *candle, const struct market_symbol *symbol)
{
    struct market_candle *sum = &kline->candle;
    sum->high = candle->high > sum->high ? candle->high : sum->high;
    sum->low = candle->low < sum->low ? candle->low : sum->low;
    sum->close = candle->close;
    sum->volume += candle->volume;
    if (__builtin_add_overflow(kline->quote, candle_quote(candle, symbol), &kline->quote))
        kline->quote = INT64_MAX;
    kline->trades += candle_trades(candle);
}

/* Where the newest `limit` klines before index `end` begin. */
static size_t first_of_newest(const struct market *market, const struct kline_query *query, size_t end)
{
    if (query->interval_s == market->interval_s)
        return end > query->limit ? end - query->limit : 0;
    for (size_t i = 0; i < query->limit && end > 0; i++) {
        struct market_candle candle;
        market->kind->read(market, query->symbol, end - 1, 1, &candle);
        int64_t open_time_ms = interval_open_time(query->interval_s, candle.open_time_ms);
        end = market->kind->locate(market, query->symbol, open_time_ms);
    }
    return end;
}

size_t klines_find(const struct market *market, const struct kline_query *query, int64_t now_ms, size_t *first)
{
    assert(query->limit >= 1 && query->limit <= KLINES_MAX && klines_serve(market, query->interval_s));
    size_t visible = market_visible(market, query->symbol, now_ms), least = symbol_first(market, query->symbol);
    size_t end = visible;
    if (query->last_ms < now_ms) {
        /* A kline belongs if its own open time does, whatever candles it is made of. */
        int64_t last_open_ms = interval_open_time(query->interval_s, query->last_ms);
        end = market->kind->locate(market, query->symbol, last_open_ms + (int64_t)query->interval_s * 1000);
        end = end < visible ? end : visible;
    }
    if (query->first_ms < 0) {
        end = end > least ? end : least;
        *first = first_of_newest(market, query, end);
        *first = *first > least ? *first : least;
        return end;
    }
    int64_t length_ms = (int64_t)query->interval_s * 1000;
    int64_t first_open_ms = interval_open_time(query->interval_s, query->first_ms);
    first_open_ms += first_open_ms < query->first_ms ? length_ms : 0;
    *first = market->kind->locate(market, query->symbol, first_open_ms);
    *first = *first > least ? *first : least;
    end = end > *first ? end : *first;
    if (query->interval_s == market->interval_s && end - *first > query->limit)
        end = *first + query->limit;
    return end;
}

size_t klines_read(const struct market *market, const struct kline_query *query, int64_t now_ms,
                   struct kline out[KLINES_MAX])
{
    struct market_candle candles[CHUNK];
    size_t index = 0, count = 0;
    size_t end = klines_find(market, query, now_ms, &index);
    while (index < end) {
        size_t size = end - index < CHUNK ? end - index : CHUNK;
        market_read(market, query->symbol, index, size, now_ms, candles);
        for (size_t i = 0; i < size; i++) {
            int64_t open_time_ms = interval_open_time(query->interval_s, candles[i].open_time_ms);
            if (count == 0 || out[count - 1].candle.open_time_ms != open_time_ms) {
                if (count == query->limit)
                    return count;
                begin(&out[count++], &candles[i], open_time_ms);
            }
            fold(&out[count - 1], &candles[i], &market->symbols[query->symbol]);
        }
        index += size;
    }
    return count;
}
