/* What tests of the exchange library share: the rows that readers hand out, kept and looked at. */
/* SPDX-License-Identifier: MIT */
#ifndef WICK_TESTS_EXCHANGE_ROWS_H
#define WICK_TESTS_EXCHANGE_ROWS_H

#include "lib/exchange/exchange.h"

/* Where the last list's next page begins. */
extern char next_page[EXCHANGE_CURSOR_SIZE];

/* Binance's adapter. */
const struct exchange *binance(void);

/* What the readers hand out. */
struct rows {
    size_t count, trading, priceless, impossible, refused;
    char name[64], why[200]; /* of the last row that was refused, */
    int64_t refused_ms;      /* and its open time */
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

/* Takes the rows that are passed over; its `user` is a struct rows. */
void note_refused(void *user, const struct exchange_refusal *refusal);

/* Whether a reader's code and rows say that nothing was taken: the answer was refused, or each of its rows. */
bool nothing_taken(int code, const struct rows *rows);

/* Reads a body as candles into *rows, which is emptied before. */
int read_klines(const char *body, size_t size, uint32_t interval_s, struct rows *rows);

#endif
