/* Which keys were seen lately, in memory of a fixed size.
 *
 * Two generations of `capacity` keys each: when the newer one is full it becomes the older one, and what was the
 * older one is forgotten. So the newest `capacity` keys are always known, and never more than twice as many. */
/* SPDX-License-Identifier: MIT */
#ifndef WICK_LEDGER_KNOWN_SET_H
#define WICK_LEDGER_KNOWN_SET_H

#include "lib/base/error.h"
#include "lib/ledger/order_id.h"

#include <stdbool.h>
#include <stdint.h>

struct known_set {
    uint32_t capacity;         /* keys in one generation; a power of two */
    uint32_t count;            /* keys in the newer generation */
    uint32_t older_count;      /* keys in the older one */
    struct key *newer, *older; /* 2 * capacity slots each, open addressing; owned */
};

/* `capacity` must be a power of two. ERROR_MEMORY. */
int known_set_init(struct known_set *set, uint32_t capacity) MUST_CHECK;
void known_set_release(struct known_set *set);

/* Forgets everything. */
void known_set_clear(struct known_set *set);

/* Whether the key was added. */
bool known_set_contains(const struct known_set *set, struct key key);

/* Adds a key; true if it was not known. */
bool known_set_add(struct known_set *set, struct key key);

#endif
