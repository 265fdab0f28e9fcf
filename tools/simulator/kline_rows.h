/* Klines as text. Closed candles never change, so the rows that were last asked for are kept as they were sent; long
 * stretches of history, which are asked for once, are not. */
/* SPDX-License-Identifier: MIT */
#ifndef WICK_SIMULATOR_KLINE_ROWS_H
#define WICK_SIMULATOR_KLINE_ROWS_H

#include "tools/simulator/klines.h"
#include "tools/simulator/text.h"

enum { KLINE_ROWS_MAX = 128 }; /* kept for a symbol; then those before the newest request go */

/* The rows of the closed candles first .. first + count - 1 of one symbol. Starts zeroed. */
struct kline_rows {
    struct text text; /* one behind the other, each with a comma behind it */
    size_t first, count;
    uint32_t *ends; /* in the text, behind each row's comma; owned, room for KLINE_ROWS_MAX */
};

/* Frees what is kept; a zeroed struct is allowed. */
void kline_rows_release(struct kline_rows *rows);

/* How much of an amount takers bought: more where the price rose. */
int64_t kline_taker_share(int64_t amount, const struct market_candle *candle);

/* Appends one kline and a comma. */
void kline_write(struct text *out, const struct kline *kline, const struct market_symbol *symbol, uint32_t interval_s);

/* Appends the closed candles index .. end - 1, at most KLINES_MAX of them, each with a comma behind it. */
void kline_rows_write(struct kline_rows *rows, const struct market *market, size_t symbol, size_t index, size_t end,
                      struct text *out);

#endif
