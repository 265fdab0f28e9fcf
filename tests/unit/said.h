/* What a message of a stream says to whoever listens. */
/* SPDX-License-Identifier: MIT */
#ifndef WICK_TESTS_SAID_H
#define WICK_TESTS_SAID_H

#include "lib/exchange/stream.h"

#include <stdbool.h>
#include <stddef.h>

/* What a message said: how often each, and the last of each. */
struct said {
    int tickers, candles, answers, pongs, goodbyes, refused;
    char name[STREAM_NAME_SIZE];
    struct exchange_ticker ticker;
    struct candle candle;
    uint32_t interval_s;
    bool closed, accepted;
    uint64_t id;
    char why[256];
    char refused_name[64], refused_why[200]; /* of the last row that was passed over, */
    int64_t refused_ms;                      /* and its open time */
};

/* The adapter of a name, which has a stream. */
const struct exchange *adapter(const char *name);

/* Reads a message with an adapter's stream; what it said is in *said, which is emptied before. */
int hear_bytes(const char *name, const char *text, size_t size, struct said *said);
int hear(const char *name, const char *text, struct said *said);

/* Reads a whole recorded file as one message. False where there is none. */
bool hear_file(const char *name, const char *path, struct said *said);

/* Asserts that nothing was said. */
void says_nothing(const struct said *said);

/* Asserts the prices of a ticker, and the values of a candle: open, high, low, close, volume. */
void check_prices(const struct exchange_ticker *row, const char *bid, const char *ask, const char *last);
void check_candle(const struct candle *candle, int64_t open_time_ms, const char *const values[5]);

#endif
