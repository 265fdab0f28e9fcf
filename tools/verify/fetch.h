/* Stretches of series that are asked from their exchanges and written to the store. */
/* SPDX-License-Identifier: MIT */
#ifndef WICK_VERIFY_FETCH_H
#define WICK_VERIFY_FETCH_H

#include "tools/verify/repair.h"

/* Open times from first to last of one series. */
struct stretch {
    struct audit_series series;
    int64_t first_ms, last_ms;
    bool is_hole; /* it lies between candles: what the exchange lacks of it, asked twice, is recorded as absent */
};

/* Asks for all of them, those of one exchange together; they should come in the order of their series. Codes as
 * repair_run. */
int fetch_stretches(const struct repair *repair, const struct stretch *stretches, size_t count) MUST_CHECK;

#endif
