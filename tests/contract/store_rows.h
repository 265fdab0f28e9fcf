/* Rows for the tests of the stores, and how they are written and compared. */
/* SPDX-License-Identifier: MIT */
#ifndef WICK_TESTS_STORE_ROWS_H
#define WICK_TESTS_STORE_ROWS_H

#include "tests/contract/store_fixture.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { MINUTE_MS = 60000 };

/* One-minute candles of "binance", price_scale 2; all other rows are of "sma_cross" and, but for positions, BTCUSDT. */
struct store_candle candle_at(const char *symbol, int64_t open_time_ms, int64_t close);
struct signal_outcome outcome_at(int64_t candle_time_ms, enum outcome outcome, const char *reason);
struct fill fill_of(const char *trade_id, int64_t time_ms, int64_t quantity);
struct order order_of(const char *order_id, enum order_state state, int64_t created_ms);
struct position position_of(const char *symbol, int64_t quantity);
struct account account_at(int64_t time_ms, int64_t cash);

/* Writes candles alone; the code. */
int write_candles(struct fixture *fixture, const struct store_candle *rows, size_t count);

/* Fails the test unless the SQL's rows are `expected`. */
void expect_sql(const struct fixture *fixture, const char *sql, const char *expected);

/* Whether two structs of a record have equal fields, whatever is between and behind those. */
bool same_row(enum record record, const void *left, const void *right);

#endif
