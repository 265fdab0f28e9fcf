/* Names that follow from what they name: whoever decides on the same signal, whenever, gives its order the same id. */
/* SPDX-License-Identifier: MIT */
#ifndef WICK_LEDGER_ORDER_ID_H
#define WICK_LEDGER_ORDER_ID_H

#include "proto/message.h"

#include <stddef.h>
#include <stdint.h>

/* 128 bits that stand for a natural key: BLAKE2b of its text. Two keys that differ do not meet. */
struct key {
    uint64_t low, high;
};

/* The key of any text. */
struct key key_of(const char *text, size_t length);

/* The key of a signal: strategy, exchange, symbol, interval, open time of its candle. */
struct key signal_key(const struct signal *signal);

/* The same for a signal that is already stored with its outcome. */
struct key outcome_key(const struct signal_outcome *outcome);

/* The key of the order that sells a market by hand at a time of the exchange's clock. */
struct key flatten_key(const char *exchange, const char *symbol, int64_t time_ms);

/* The key of a trade: exchange, symbol, trade id. */
struct key trade_key(const struct fill *fill);

/* The client order id of a key: "wick-" and 26 of a-z 2-7, so 31 bytes of the 36 that exchanges allow. */
void order_id_of(struct key key, char out[NAME_SIZE]);

/* The id of an order's only trade on paper: the order's id and "-1". */
void paper_trade_id(const char *order_id, char out[NAME_SIZE]);

#endif
