/* Coinbase Advanced Trade: what its files share. The four readers of bodies are those of struct exchange. */
/* SPDX-License-Identifier: MIT */
#ifndef WICK_EXCHANGE_COINBASE_H
#define WICK_EXCHANGE_COINBASE_H

#include "lib/exchange/exchange.h"

extern const struct exchange exchange_coinbase;
extern const struct exchange_stream exchange_coinbase_stream;

/* Reads {"error":"NOT_FOUND","message":"..","error_details":".."}: `name` is the error's, empty if the object has none;
 * both are cut at their capacity. ERROR_PROTOCOL if the body is no object. */
int coinbase_read_error(const struct exchange_answer *answer, char name[64], char message[128]) MUST_CHECK;

/* time: {"iso":"..","epochSeconds":"1701129622","epochMillis":"1701129622115"} */
int coinbase_read_time(const struct exchange_answer *answer, int64_t *exchange_ms) MUST_CHECK;

/* products: {"products":[..]}. The price step is price_increment where it is told and quote_increment before 2024. What
 * is no spot market, or has a name that messages cannot carry, is passed over. */
int coinbase_read_instruments(const struct exchange_answer *answer, exchange_instrument_fn fn, exchange_refused_fn refused,
                              void *user, char next[EXCHANGE_CURSOR_SIZE]) MUST_CHECK;

/* products again, as tickers. The members for bid and ask are mostly empty: 0 then. */
int coinbase_read_tickers(const struct exchange_answer *answer, exchange_ticker_fn fn, exchange_refused_fn refused,
                          void *user) MUST_CHECK;

/* candles: {"candles":[..]}, newest first. */
int coinbase_read_candles(const struct exchange_answer *answer, uint32_t interval_s, exchange_candle_fn fn,
                          exchange_refused_fn refused, void *user) MUST_CHECK;

#endif
