/* Bybit spot: the bodies of its answers, {"retCode":0,"retMsg":"OK","result":{..},"time":..} all of them. The four readers
 * are those of struct exchange. */
/* SPDX-License-Identifier: MIT */
#ifndef WICK_EXCHANGE_BYBIT_READ_H
#define WICK_EXCHANGE_BYBIT_READ_H

#include "lib/exchange/exchange.h"

/* Reads the code and the message of any answer; the text is cut at `capacity`. ERROR_PROTOCOL if it is none of Bybit's. */
int bybit_read_error(const struct exchange_answer *answer, int64_t *code, char *text, size_t capacity) MUST_CHECK;

/* {"timeSecond":"1688639403","timeNano":"1688639403423213947"} */
int bybit_read_time(const struct exchange_answer *answer, int64_t *exchange_ms) MUST_CHECK;

/* The limits of a symbol stand in lotSizeFilter and priceFilter; the largest order is the limit order's where both are
 * told. Symbols whose name messages cannot carry are passed over. */
int bybit_read_instruments(const struct exchange_answer *answer, exchange_instrument_fn fn, exchange_refused_fn refused,
                           void *user, char next[EXCHANGE_CURSOR_SIZE]) MUST_CHECK;

/* Prices that there are none of are empty texts. */
int bybit_read_tickers(const struct exchange_answer *answer, exchange_ticker_fn fn, exchange_refused_fn refused,
                       void *user) MUST_CHECK;

/* Arrays of open time, open, high, low, close, volume and turnover, the newest first. */
int bybit_read_candles(const struct exchange_answer *answer, uint32_t interval_s, exchange_candle_fn fn,
                       exchange_refused_fn refused, void *user) MUST_CHECK;

/* How Bybit spells an interval: minutes, or D and W. NULL: it has no such candles. */
const char *bybit_interval(uint32_t interval_s);

/* The length in s of an interval as Bybit spells it; 0: none of ours. */
uint32_t bybit_interval_length(const char *interval);

#endif
