/* What befalls a market beside its candles: symbols that are listed, delisted or halted at a moment of the exchange's
 * clock, and candles that are told otherwise at first than they are later. All of it is a function of the plan, so a
 * simulator that was killed, and a second one that is asked for the truth, say the same. */
/* SPDX-License-Identifier: MIT */
#ifndef WICK_SIMULATOR_CHANGES_H
#define WICK_SIMULATOR_CHANGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct market;
struct market_candle;

enum { CHANGES_REVISED_MIN_MS = 1000, CHANGES_REVISED_MAX_MS = 300000 };

/* Symbols from the end of the market's list: first those that are listed, before them those that are delisted, before
 * them those that are halted. A count of 0: none. Times by the exchange's clock. */
struct market_changes {
    size_t listed, delisted, halted;
    int64_t list_ms, delist_ms;
    int64_t halt_ms, halt_end_ms;
    int64_t revise_ppm; /* of all candles */
    uint64_t revise_seed;
};

enum symbol_state {
    SYMBOL_TRADING,
    SYMBOL_HALTED, /* its price stands, nothing is traded */
    SYMBOL_ABSENT, /* not listed yet, or no longer */
};

enum symbol_state symbol_state(const struct market *market, size_t symbol, int64_t now_ms);

/* The first candle of a symbol that there is, by its index: those before its listing are not. */
size_t symbol_first(const struct market *market, size_t symbol);

/* Turns candles that open during a halt of this symbol into candles at the last price, without volume. */
void symbol_halt(const struct market *market, size_t symbol, size_t count, struct market_candle *candles);

/* Whether a candle is told otherwise at first: then *first is what is told, until *until_ms of the exchange's clock. */
bool candle_told_first(const struct market *market, size_t symbol, const struct market_candle *candle,
                       struct market_candle *first, int64_t *until_ms);

#endif
