/* What the adapters' readers are made of: members that are looked up by name, decimals that are not negative, a body
 * that is one JSON value. Behind json.h, in front of the adapters. */
/* SPDX-License-Identifier: MIT */
#ifndef WICK_EXCHANGE_READ_H
#define WICK_EXCHANGE_READ_H

#include "lib/exchange/exchange.h"
#include "lib/exchange/json.h"

/* Which members of an object have been seen. */
struct members {
    const char *const *names;
    int count;
    unsigned seen; /* a bit a name */
};

/* The index of a member's name, or -1 if it is not among those we read. ERROR_PROTOCOL if it comes again. */
int members_index(struct members *members, const char *key, size_t length, int *index) MUST_CHECK;

/* ERROR_PROTOCOL if one of the required members, a bit each, was not seen. */
int members_check(const struct members *members, unsigned required) MUST_CHECK;

/* A decimal that is not negative. ERROR_PROTOCOL. */
int read_not_negative(struct json_value value, struct decimal *out) MUST_CHECK;

/* A number that is not negative, only roughly needed: more digits than a decimal has are no error. ERROR_PROTOCOL. */
int read_roughly(struct json_value value, double *out) MUST_CHECK;

/* A string or number as text, cut at the capacity. ERROR_PROTOCOL. */
int read_short_text(struct json_value value, char *out, size_t capacity) MUST_CHECK;

/* The body's one root value through `fn`, and nothing behind it. ERROR_PROTOCOL, or what fn returned. */
int read_whole(const struct exchange_answer *answer, int (*fn)(void *user, struct json_value root), void *user)
    MUST_CHECK;

/* Puts `count` decimals on one scale, the largest among them. ERROR_PROTOCOL if one does not fit. */
int align_decimals(const struct decimal *decimals, size_t count, int64_t *const *mantissas, uint8_t *scale)
    MUST_CHECK;

#endif
