/* Pauses between attempts to reach a database: doubling from 0.25 to 10 s, each with up to a quarter more at random,
 * so that many who lost it do not come back at once. */
/* SPDX-License-Identifier: MIT */
#ifndef WICK_STORE_BACKOFF_H
#define WICK_STORE_BACKOFF_H

#include <stdint.h>

enum { BACKOFF_FIRST_MS = 250, BACKOFF_LAST_MS = 10000 };

/* A zeroed one begins with the shortest pause. */
struct backoff {
    int64_t pause_ms; /* the last one, without its random part; 0: none yet */
    uint64_t random;  /* state of the generator */
};

/* Forgets the failures; call it when something worked. */
void backoff_reset(struct backoff *backoff);

/* The next pause in ms; longer each time. */
int64_t backoff_next(struct backoff *backoff);

#endif
