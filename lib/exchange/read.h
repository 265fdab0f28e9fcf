/* What the adapters' readers are made of: members that are looked up by name, decimals that are not negative, a body
 * that is one JSON value, rows of candles, limits of orders, tables of what errors mean. Behind json.h, in front of the
 * adapters. */
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

/* Whether a member's name is `name`. */
bool key_is(const char *key, size_t length, const char *name);

/* A decimal that is not negative. ERROR_PROTOCOL. */
int read_not_negative(struct json_value value, struct decimal *out) MUST_CHECK;

/* The same, but null and an empty text are 0: how some say that there is none. */
int read_not_negative_or_none(struct json_value value, struct decimal *out) MUST_CHECK;

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

/* A name that messages may carry; where it is none, *out is empty. ERROR_PROTOCOL if it is no text. */
int read_name(struct json_value value, char out[SYMBOL_SIZE]) MUST_CHECK;

/* A candle of its opening time and its five numbers. ERROR_PROTOCOL as align_decimals. */
enum { CANDLE_OPEN, CANDLE_HIGH, CANDLE_LOW, CANDLE_CLOSE, CANDLE_VOLUME, CANDLE_VALUES };
int make_candle(int64_t open_time_ms, const struct decimal values[CANDLE_VALUES], struct candle *out) MUST_CHECK;

/* A time as "2023-10-04T16:25:00.000000000Z", cut to ms since 1970. ERROR_PROTOCOL if it is none, or before 1970. */
int read_utc_time(struct json_value value, int64_t *time_ms) MUST_CHECK;

/* Puts bid, ask and last into a ticker. ERROR_PROTOCOL as align_decimals. */
enum { PRICE_BID, PRICE_ASK, PRICE_LAST, PRICES };
int make_prices(const struct decimal prices[PRICES], struct ticker *out) MUST_CHECK;

/* A row that begins with the opening time in ms, open, high, low, close and volume. Where `flag_column` is not 0, that
 * column is 0 or 1 and goes to *flag. ERROR_PROTOCOL. */
int read_candle_row(struct json_value row, size_t flag_column, struct candle *out, bool *flag) MUST_CHECK;

/* What an exchange says of the prices and quantities of a market's orders; 0: nothing, or that there is no limit. */
struct limits {
    struct decimal tick, step;        /* 0: the smallest there are */
    struct decimal minimum, maximum;  /* quantity */
    struct decimal notional;          /* at least */
};

/* Puts them into an instrument. ERROR_PROTOCOL if they do not fit. */
int make_limits(const struct limits *limits, struct instrument *out) MUST_CHECK;

/* The number of ours that an answer to a text repeats, as a number or a text; 0 for anything else. ERROR_PROTOCOL for
 * an array or an object. */
int read_request_id(struct json_value value, uint64_t *out) MUST_CHECK;

/* Whether a body begins with `text`, blanks aside: a glance that spares reading a large body to know it is good. */
bool body_begins(const struct exchange_answer *answer, const char *text);

/* Candles that an exchange sends newest first, kept aside to be handed out oldest first. All zeros: none. */
struct newest_first {
    size_t count;
    struct candle candles[EXCHANGE_CANDLES_MAX];
};

/* Keeps a candle. ERROR_PROTOCOL if it is not older than the one before, or there are too many. */
int newest_first_add(struct newest_first *rows, const struct candle *candle) MUST_CHECK;

/* Keeps a row as read_candle_row reads it, its flag aside. ERROR_PROTOCOL as either. */
int newest_first_add_row(struct newest_first *rows, size_t index, struct json_value row, size_t flag_column) MUST_CHECK;

/* Hands them out, oldest first; what fn returned if it is not 0. */
int newest_first_hand_out(const struct newest_first *rows, exchange_candle_fn fn, void *user) MUST_CHECK;

/* How an exchange spells the length of a candle. A table of these ends with a row of zeros. */
struct interval_spelling {
    uint32_t interval_s;
    const char *text;
};

/* The text of a length; NULL if the table does not have it. */
const char *interval_spell(const struct interval_spelling *rows, uint32_t interval_s);

/* The length in s of a text; 0 if the table does not have it. */
uint32_t interval_spelled(const struct interval_spelling *rows, const char *text);

/* A row of what statuses and an exchange's own codes mean. */
struct meaning {
    int status;       /* HTTP; 0: any */
    const char *code; /* what the exchange's code begins with; NULL: any */
    enum exchange_verdict verdict;
};

/* The verdict of the first row that matches; EXCHANGE_RETRY if none does. */
enum exchange_verdict meaning_of(const struct meaning *rows, size_t count, int status, const char *code);

#endif
