/* OKX spot: the bodies of its answers, {"code":"0","msg":"","data":[..]} all of them, and the rows that its streams share
 * with them. The four readers are those of struct exchange. */
/* SPDX-License-Identifier: MIT */
#ifndef WICK_EXCHANGE_OKX_READ_H
#define WICK_EXCHANGE_OKX_READ_H

#include "lib/exchange/json.h"
#include "lib/exchange/read.h"

enum { OKX_CODE_SIZE = 16, OKX_CONFIRM = 8 /* the column of a candle that is 1 when it has closed */ };

/* Reads the code and the message of any answer, each cut at its capacity. ERROR_PROTOCOL if it is none of OKX's. */
int okx_read_error(const struct exchange_answer *answer, char code[OKX_CODE_SIZE], char *text, size_t capacity)
    MUST_CHECK;

/* [{"ts":"1597026383085"}] */
int okx_read_time(const struct exchange_answer *answer, int64_t *exchange_ms) MUST_CHECK;

/* The smallest order is told as a quantity, never as an amount. Instruments that are not spot, or whose name messages
 * cannot carry, are passed over. */
int okx_read_instruments(const struct exchange_answer *answer, exchange_instrument_fn fn, exchange_refused_fn refused,
                         void *user, char next[EXCHANGE_CURSOR_SIZE]) MUST_CHECK;

/* Prices that there are none of are empty texts. */
int okx_read_tickers(const struct exchange_answer *answer, exchange_ticker_fn fn, exchange_refused_fn refused,
                     void *user) MUST_CHECK;

/* Arrays of open time, open, high, low, close, volume and more, the newest first. */
int okx_read_candles(const struct exchange_answer *answer, uint32_t interval_s, exchange_candle_fn fn,
                     exchange_refused_fn refused, void *user) MUST_CHECK;

/* One ticker, of an answer or of the stream; its time is when it last changed; its symbol is empty if messages cannot
 * carry it. ERROR_PROTOCOL; then the symbol of *out is the row's if it was read before. */
int okx_read_ticker(struct json_value value, struct exchange_ticker *out) MUST_CHECK;

/* Bars are named like Wick's intervals but for the capital H, D and W; from six hours on they begin at the hours of Hong
 * Kong unless "utc" is behind. NULL: OKX has no such candles. */
const char *okx_bar(uint32_t interval_s);

/* The length in s of a bar; 0: none of ours. */
uint32_t okx_bar_interval(const char *bar);

#endif
