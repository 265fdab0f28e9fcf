/* Binance spot: the bodies of its answers. The four readers are those of struct exchange. */
/* SPDX-License-Identifier: MIT */
#ifndef WICK_EXCHANGE_BINANCE_READ_H
#define WICK_EXCHANGE_BINANCE_READ_H

#include "lib/exchange/exchange.h"

/* Reads {"code":-1121,"msg":"Invalid symbol."}; the text is cut at `capacity`. ERROR_PROTOCOL if it is none. */
int binance_read_error(const struct exchange_answer *answer, int *code, char *text, size_t capacity) MUST_CHECK;

/* {"serverTime":1616592268319} */
int binance_read_time(const struct exchange_answer *answer, int64_t *exchange_ms) MUST_CHECK;

/* exchangeInfo of any year: the limits of a symbol stand in a list of filters, the smallest notional in MIN_NOTIONAL
 * until 2023 and in NOTIONAL since. Symbols whose name is not made of A-Z 0-9 - _ / . : are passed over. */
int binance_read_instruments(const struct exchange_answer *answer, exchange_instrument_fn fn, exchange_refused_fn refused,
                             void *user, char next[EXCHANGE_CURSOR_SIZE]) MUST_CHECK;

/* ticker/24hr, one object or an array of them. */
int binance_read_tickers(const struct exchange_answer *answer, exchange_ticker_fn fn, exchange_refused_fn refused,
                         void *user) MUST_CHECK;

/* klines: arrays of open time, open, high, low, close, volume, close time and more. */
int binance_read_candles(const struct exchange_answer *answer, uint32_t interval_s, exchange_candle_fn fn,
                         exchange_refused_fn refused, void *user) MUST_CHECK;

#endif
