/* A window that slides: what enters is added, what leaves is taken off, and only when an extreme leaves is the window
 * read again. */
/* SPDX-License-Identifier: MIT */
#include "tools/simulator/statistics.h"

enum { CHUNK = 64 };

static void add(struct day *day, const struct market_candle *candle, const struct market_symbol *symbol)
{
    bool none = day->first == day->end;
    day->high = none || candle->high > day->high ? candle->high : day->high;
    day->low = none || candle->low < day->low ? candle->low : day->low;
    day->volume += candle->volume;
    day->quote += candle_quote(candle, symbol);
    day->trades += candle_trades(candle);
    day->end++;
}

/* Adds the candles up to index `end`. */
static void extend(struct day *day, const struct market *market, size_t symbol, size_t end)
{
    struct market_candle candles[CHUNK];
    while (day->end < end) {
        size_t size = end - day->end < CHUNK ? end - day->end : CHUNK;
        market_closed(market, symbol, day->end, size, candles);
        for (size_t i = 0; i < size; i++)
            add(day, &candles[i], &market->symbols[symbol]);
    }
}

static void restart(struct day *day, size_t first)
{
    *day = (struct day){.first = first, .end = first};
}

/* Takes off the candles before index `first`; the window is read anew when that takes its high or low away. */
static void shorten(struct day *day, const struct market *market, size_t symbol, size_t first)
{
    bool extreme_left = false;
    for (; day->first < first; day->first++) {
        struct market_candle candle;
        market_closed(market, symbol, day->first, 1, &candle);
        extreme_left = extreme_left || candle.high == day->high || candle.low == day->low;
        day->volume -= candle.volume;
        day->quote -= candle_quote(&candle, &market->symbols[symbol]);
        day->trades -= candle_trades(&candle);
    }
    if (extreme_left) {
        size_t end = day->end;
        restart(day, first);
        extend(day, market, symbol, end);
    }
}

static void move(struct day *day, const struct market *market, size_t symbol, size_t first, size_t end)
{
    if (first >= day->end || first < day->first || end < day->end)
        restart(day, first);
    else
        shorten(day, market, symbol, first);
    extend(day, market, symbol, end);
}

/* The open of the window, and the close before it. */
static void note_edges(struct day_summary *summary, const struct market *market, size_t symbol, size_t first,
                       int64_t now_ms)
{
    struct market_candle candle;
    market_read(market, symbol, first, 1, now_ms, &candle);
    summary->open = summary->previous_close = candle.open;
    if (first > symbol_first(market, symbol)) {
        market_closed(market, symbol, first - 1, 1, &candle);
        summary->previous_close = candle.close;
    }
}

struct day_summary day_summarise(struct day *day, const struct market *market, size_t symbol, int64_t now_ms)
{
    struct day_summary summary = {.newest = market_newest(market, symbol, now_ms), .first_trade = -1, .last_trade = -1};
    const struct market_candle *newest = &summary.newest;
    size_t visible = market_visible(market, symbol, now_ms);
    size_t first = market->kind->locate(market, symbol, now_ms - STATISTICS_WINDOW_MS + 1);
    size_t least = symbol_first(market, symbol);
    first = first > least ? first : least;
    if (first >= visible) { /* nothing opened in 24 hours: the price stands */
        int64_t price = newest->close;
        summary.open = summary.high = summary.low = summary.previous_close = price;
        return summary;
    }
    move(day, market, symbol, first, visible - 1);
    note_edges(&summary, market, symbol, first, now_ms);
    bool alone = day->first == day->end;
    summary.high = alone || newest->high > day->high ? newest->high : day->high;
    summary.low = alone || newest->low < day->low ? newest->low : day->low;
    summary.volume = day->volume + newest->volume;
    __int128 quote = day->quote + candle_quote(newest, &market->symbols[symbol]);
    summary.quote = quote > INT64_MAX ? INT64_MAX : (int64_t)quote;
    summary.trades = day->trades + candle_trades(newest);
    if (summary.trades > 0) {
        summary.first_trade = (int64_t)first * MARKET_TRADES_A_CANDLE;
        summary.last_trade = (int64_t)visible * MARKET_TRADES_A_CANDLE - 1;
    }
    return summary;
}
