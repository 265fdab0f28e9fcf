/* Money as integers. A price is a number of ticks, a quantity a number of lot steps, an amount a number of 10^-8 of
 * the quote asset; each has a struct of its own, so that the compiler keeps them apart. What a tick and a lot step
 * are worth stands in the market's struct instrument.
 *
 * Intermediates have 128 bits. Every function checks for overflow, writes its result only on success, and where
 * digits are lost its caller has said which way. */
/* SPDX-License-Identifier: MIT */
#ifndef WICK_LEDGER_MONEY_H
#define WICK_LEDGER_MONEY_H

#include "lib/base/decimal.h"
#include "lib/base/error.h"
#include "proto/message.h"

#include <stddef.h>
#include <stdint.h>

enum { PPM = 1000000 }; /* parts of one million: the unit of fees and slippage */

struct price {
    int64_t ticks; /* of instrument.tick_size */
};

struct quantity {
    int64_t lots; /* of instrument.lot_step */
};

struct amount {
    int64_t units; /* 10^-AMOUNT_SCALE of the quote asset */
};

/* left + right and left - right. ERROR_RANGE. */
int amount_add(struct amount left, struct amount right, struct amount *out) MUST_CHECK;
int amount_subtract(struct amount left, struct amount right, struct amount *out) MUST_CHECK;

/* What a quantity costs at a price. ERROR_RANGE. */
int amount_of(struct decimal price, struct decimal quantity, enum rounding rounding, struct amount *out) MUST_CHECK;

/* The fee on a value traded, 0 <= ppm <= PPM, rounded up. ERROR_RANGE. */
int amount_fee(struct amount notional, int64_t ppm, struct amount *out) MUST_CHECK;

/* whole * part / all, rounded down, for 0 <= part <= all and 0 < all; exactly `whole` when part == all. */
struct amount amount_share(struct amount whole, int64_t part, int64_t all);

/* Reads exact decimal text. ERROR_SYNTAX; ERROR_RANGE if it does not fit or has more than AMOUNT_SCALE decimals. */
int amount_parse(const char *text, size_t length, struct amount *out) MUST_CHECK;

/* Writes the shortest exact text with a NUL and returns its length. */
size_t amount_print(struct amount amount, char out[DECIMAL_TEXT_SIZE]);

/* Whether the steps of an instrument can be counted in: tick and lot step positive, scales within range, limits not
 * negative. ERROR_ARGUMENT with what is wrong. The functions below assert it. */
int instrument_check(const struct instrument *instrument) MUST_CHECK;

/* A price of this market in ticks, and back, exactly. ERROR_RANGE. */
int price_from(const struct instrument *instrument, struct decimal value, enum rounding rounding,
               struct price *out) MUST_CHECK;
int price_to_decimal(const struct instrument *instrument, struct price price, struct decimal *out) MUST_CHECK;

/* A price moved by ppm against who trades on this side at it: up for a buyer, down for a seller, to whole ticks the
 * same way, but never below one tick. The price must be positive, 0 <= ppm <= PPM. ERROR_RANGE. */
int price_worsen(struct price price, enum side side, int64_t ppm, struct price *out) MUST_CHECK;

/* A quantity of this market in lots, and back, exactly. ERROR_RANGE. */
int quantity_from(const struct instrument *instrument, struct decimal value, enum rounding rounding,
                  struct quantity *out) MUST_CHECK;
int quantity_to_decimal(const struct instrument *instrument, struct quantity quantity, struct decimal *out) MUST_CHECK;

/* The value of a quantity at a price. ERROR_RANGE. */
int notional(const struct instrument *instrument, struct price price, struct quantity quantity, enum rounding rounding,
             struct amount *out) MUST_CHECK;

/* The largest quantity whose notional (rounded up) and fee (rounded up) together are within the stake; it may be 0.
 * The price must be positive, the stake not negative, 0 <= fee_ppm <= PPM. ERROR_RANGE. */
int quantity_for(const struct instrument *instrument, struct price price, struct amount stake, int64_t fee_ppm,
                 struct quantity *out) MUST_CHECK;

#endif
