/* What the adapters' readers are made of: members that are looked up by name, decimals that are not negative, a body
 * that is one JSON value, rows of candles, limits of orders, tables of what errors mean. Behind json.h, in front of the
 * adapters. */
/* SPDX-License-Identifier: MIT */
#ifndef WICK_EXCHANGE_READ_H
#define WICK_EXCHANGE_READ_H

#include "lib/exchange/exchange.h"
#include "lib/exchange/json.h"

/* Where the rows that are passed over are told, and how many there were of either kind. */
struct passing {
    exchange_refused_fn refused; /* NULL: nowhere */
    void *user;
    size_t good, bad; /* rows so far; `good` is the adapter's to count */
    char last[200];   /* what was wrong with the last bad one */
};

/* What becomes of a row that could not be read: it is told with the error chain, and 0 is returned, so that the reading
 * goes on with its neighbour. `name` is cut to what can be printed. `code` is returned with a context where the row is
 * not to blame: the document is broken, memory is out. */
int pass_over(struct passing *passing, int code, size_t row, const char *name, int64_t open_time_ms) MUST_CHECK;

/* ERROR_PROTOCOL where rows were passed over and none was good: that is a format which is not known here, not a list. */
int passing_check(const struct passing *passing) MUST_CHECK;

/* Writes `length` bytes with a NUL, cut at the capacity, each byte that is not printable ASCII as '?'. */
void make_printable(const char *text, size_t length, char *out, size_t capacity);

/* The first words of a body that is none of an exchange's answers: its text without tags, scripts and styles, blanks
 * drawn together, printable; "an empty body" where there is nothing. */
enum { WORDS_SIZE = 100 };
void answer_words(const struct exchange_answer *answer, char out[WORDS_SIZE]);

/* Sets the error of such an answer to a request to `exchange`: its status, what that means, its first words. Returns
 * ERROR_PROTOCOL. */
int strange_answer(const struct exchange_answer *answer, const char *exchange);

/* Puts "&cursor=" (or '?' where the URL has no query) and the cursor behind a URL; nothing for an empty one. What may not
 * stand in a URL is escaped; escapes that it has already stay. ERROR_RANGE if it does not fit. */
int append_cursor(struct exchange_request *request, const char *cursor) MUST_CHECK;

/* Reads where the next page begins; null is "". ERROR_PROTOCOL if it is too long, for a cursor that is cut is another. */
int read_cursor(struct json_value value, char next[EXCHANGE_CURSOR_SIZE]) MUST_CHECK;

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

/* Sets the error of a number that must not be negative and is. Returns ERROR_PROTOCOL. */
int refuse_negative(struct decimal value);

/* A decimal that is not negative. ERROR_PROTOCOL. */
int read_not_negative(struct json_value value, struct decimal *out) MUST_CHECK;

/* The same, but null and an empty text are 0: how some say that there is none. */
int read_not_negative_or_none(struct json_value value, struct decimal *out) MUST_CHECK;

/* The same for a limit: more than a decimal can say is 0, no limit. */
int read_maximum(struct json_value value, struct decimal *out) MUST_CHECK;

/* A number that is not negative, only roughly needed: more digits than a decimal has are no error. Null and an empty
 * text leave *out alone. ERROR_PROTOCOL. */
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
 * column is 0 or 1 and goes to *flag. ERROR_PROTOCOL; then the open time of *out is the row's if it was read, else -1. */
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

/* The candles of an answer, kept aside to be handed out oldest first, once each. */
struct candle_rows {
    struct passing passing;
    size_t count;
    struct candle candles[EXCHANGE_CANDLES_MAX];
};

/* Makes them none. */
void candle_rows_init(struct candle_rows *rows, exchange_refused_fn refused, void *user);

/* Takes what reading row `row` came to: the candle if `code` is 0, a refusal otherwise. ERROR_MEMORY, or ERROR_PROTOCOL
 * where the document is broken. */
int candle_rows_add(struct candle_rows *rows, int code, size_t row, const struct candle *candle) MUST_CHECK;

/* Takes a row as read_candle_row reads it, its flag aside. */
int candle_rows_add_row(struct candle_rows *rows, size_t index, struct json_value row, size_t flag_column) MUST_CHECK;

/* Hands them out, oldest first; of an open time that comes twice the first. What fn returned if it is not 0. */
int candle_rows_hand_out(struct candle_rows *rows, exchange_candle_fn fn) MUST_CHECK;

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
