/* Kraken spot: what its files share. The four readers of bodies are those of struct exchange. */
/* SPDX-License-Identifier: MIT */
#ifndef WICK_EXCHANGE_KRAKEN_H
#define WICK_EXCHANGE_KRAKEN_H

#include "lib/exchange/exchange.h"

extern const struct exchange exchange_kraken;
extern const struct exchange_stream exchange_kraken_stream;

/* An answer has 720 candles, the forming one among them, and older ones cannot be had. */
enum { KRAKEN_CANDLES_CLOSED = 719 };

/* Kraken's first error in {"error":["EQuery:Unknown asset pair"],"result":..}, cut at `capacity`; empty if there is
 * none, or only warnings. Whether the result has a member goes to *has_result. ERROR_PROTOCOL if the body is no such
 * answer, as the pages of the proxy in front are none. */
int kraken_read_error(const struct exchange_answer *answer, char *text, size_t capacity, bool *has_result) MUST_CHECK;

/* Writes the asset of `length` bytes as the rest of the world calls it: BTC for XBT, DOGE for XDG, others as they are.
 * ERROR_RANGE if it does not fit. */
int kraken_asset_name(const char *asset, size_t length, char out[SYMBOL_SIZE]) MUST_CHECK;

/* Time: {"unixtime":1577873240} */
int kraken_read_time(const struct exchange_answer *answer, int64_t *exchange_ms) MUST_CHECK;

/* AssetPairs of any year: the price step is tick_size where there is one and a number of decimals before. A market's
 * symbol is its key; its assets come from wsname, "XBT/USD". Pairs without one were dark pools, which have no market
 * data, and are passed over. */
int kraken_read_instruments(const struct exchange_answer *answer, exchange_instrument_fn fn, exchange_refused_fn refused,
                            void *user, char next[EXCHANGE_CURSOR_SIZE]) MUST_CHECK;

/* Ticker: an object of pairs; a=[ask, ..], b=[bid, ..], c=[last, ..], v and p: volume and its average price today and
 * in 24 hours. It does not say when. */
int kraken_read_tickers(const struct exchange_answer *answer, exchange_ticker_fn fn, exchange_refused_fn refused,
                        void *user) MUST_CHECK;

/* OHLC: under the pair's name beside "last", arrays of time in s, open, high, low, close, average, volume, trades. */
int kraken_read_candles(const struct exchange_answer *answer, uint32_t interval_s, exchange_candle_fn fn,
                        exchange_refused_fn refused, void *user) MUST_CHECK;

#endif
