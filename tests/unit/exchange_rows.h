/* What tests of the exchange library share: the rows that readers hand out, kept and looked at. */
/* SPDX-License-Identifier: MIT */
#ifndef WICK_TESTS_EXCHANGE_ROWS_H
#define WICK_TESTS_EXCHANGE_ROWS_H

#include "lib/exchange/exchange.h"

/* Binance's adapter. */
const struct exchange *binance(void);

/* What the readers hand out. */
struct rows {
    size_t count, trading, priceless, impossible;
    uint32_t interval_s;
    const char *wanted; /* the symbol that is kept */
    struct instrument instrument;
    struct ticker ticker;
    struct candle candles[EXCHANGE_CANDLES_MAX];
};

/* Row readers whose `user` is a struct rows. */
int keep_instrument(void *user, const struct instrument *instrument);
int keep_ticker(void *user, const struct exchange_ticker *row);
int keep_candle(void *user, const struct candle *candle);

/* Reads a body as candles into *rows, which is emptied before. */
int read_klines(const char *body, size_t size, uint32_t interval_s, struct rows *rows);

#endif
