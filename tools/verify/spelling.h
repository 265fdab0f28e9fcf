/* Markets that are in a store twice, under names that differ in case and separators only. */
/* SPDX-License-Identifier: MIT */
#ifndef WICK_VERIFY_SPELLING_H
#define WICK_VERIFY_SPELLING_H

#include "tools/verify/damage.h"

#include <stddef.h>

/* Reports each series that another one of the list means too: the same interval, and the same letters and digits of
 * exchange and symbol, whatever their case ("BTC-USDT", "btc/usdt", "BTCUSDT"). Codes of `fn`; ERROR_MEMORY. */
int spelling_check(const struct audit_series *series, size_t count, finding_fn fn, void *user) MUST_CHECK;

#endif
