/* The lease that only one trader holds: pure, times are the monotonic clock and come with the calls. */
/* SPDX-License-Identifier: MIT */
#ifndef WICK_TRADER_TENURE_H
#define WICK_TRADER_TENURE_H

#include "lib/runtime/lease.h"

#include <stdbool.h>
#include <stdint.h>

struct tenure {
    bool held; /* it was granted and nobody else has had it since, as far as we were told */
    uint64_t generation;
    int64_t valid_until_ms; /* what is done after this may meet another holder */
};

enum tenure_change { TENURE_UNCHANGED, TENURE_GAINED, TENURE_LOST };

/* What an answer changes. TENURE_LOST: another one holds it or has held it since; then the lease is no longer held. */
enum tenure_change tenure_apply(struct tenure *tenure, const struct lease_reply *reply);

/* Whether the holder may act now. */
bool tenure_is_valid(const struct tenure *tenure, int64_t now_ms);

#endif
