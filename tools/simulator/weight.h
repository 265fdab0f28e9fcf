/* Request weight: what clients may ask for in one minute of the exchange's clock, and what follows when they do not
 * care. One account for all clients, as they come from one machine. */
/* SPDX-License-Identifier: MIT */
#ifndef WICK_SIMULATOR_WEIGHT_H
#define WICK_SIMULATOR_WEIGHT_H

#include <stdbool.h>
#include <stdint.h>

enum {
    WEIGHT_LIMIT = 6000,       /* a minute */
    WEIGHT_PATIENCE = 50,      /* requests refused in one minute before a ban */
    WEIGHT_FIRST_BAN_S = 120,  /* each ban is twice as long as the one before */
    WEIGHT_LONGEST_BAN_S = 259200,
};

struct weight_meter {
    int64_t minute; /* of the exchange's clock, to which the counts belong */
    int used;
    int refused; /* in this minute */
    int bans;    /* so far */
    int64_t banned_until_ms;
    int64_t planned_ban_ms, planned_ban_end_ms; /* a ban that comes by itself; both 0: none */
    int64_t planned_limit_ms, planned_limit_end_ms; /* when every request is one too many; both 0: never */
};

enum weight_verdict { WEIGHT_OK, WEIGHT_OVER, WEIGHT_BANNED };

/* Charges a request. *new_ban tells whether it was the one that brought a ban. */
enum weight_verdict weight_charge(struct weight_meter *meter, int64_t now_ms, int weight, bool *new_ban);

/* For Retry-After: seconds until the minute, the planned time or the ban is over, rounded up, at least 1. */
int weight_retry_after_s(const struct weight_meter *meter, int64_t now_ms, enum weight_verdict verdict);

#endif
