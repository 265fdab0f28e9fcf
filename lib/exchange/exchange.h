/* An exchange: how one exchange's REST interface is asked and read. An adapter is one file with one const struct.
 *
 * Adapters are pure: they write the URL of a request and read the body of its answer. Sending, pacing, retrying and
 * deciding what to ask next belong to the fetcher. What differs between exchanges (order, units, columns, where the
 * forming candle stands, how errors are told, spelling, prices in weight) ends inside the adapter. */
/* SPDX-License-Identifier: MIT */
#ifndef WICK_EXCHANGE_EXCHANGE_H
#define WICK_EXCHANGE_EXCHANGE_H

#include "lib/base/error.h"
#include "proto/message.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    EXCHANGE_URL_SIZE = 4096,
    EXCHANGE_CANDLES_MAX = 1000, /* rows of one candle answer, at most */
    EXCHANGE_CURSOR_SIZE = 512,  /* of where the next page of a list begins, with its NUL */
    EXCHANGE_PAGES_MAX = 100,    /* of one list: more are no list */
};

/* The name of the simulated exchange: what it makes up or replays is stored and shown under this name, never under that
 * of the exchange whose interface it speaks. */
#define EXCHANGE_SIMULATED "simulated"

/* A request to be sent: where, and what it costs. */
struct exchange_request {
    char url[EXCHANGE_URL_SIZE]; /* complete */
    int weight;                  /* by the exchange's price list; corrected by the answer's headers */
};

/* What the status and the headers of an answer say about it, the same for every exchange. */
enum exchange_verdict {
    EXCHANGE_OK,       /* read the body */
    EXCHANGE_RETRY,    /* a fault of the exchange or the network: 5xx, HTML, half a body; ask again later */
    EXCHANGE_SLOW,     /* too many requests (429): send nothing until retry_after_s has passed */
    EXCHANGE_BANNED,   /* banned (418): the same, and it survives a restart */
    EXCHANGE_REFUSED,  /* the request itself is wrong, or this region is not served */
    EXCHANGE_UNKNOWN,  /* a symbol of the request is unknown: of many, ask for fewer until the culprit is known */
};

struct exchange_answer {
    int status;            /* HTTP */
    const char *body;
    size_t size;
    int used_weight;       /* from the headers; -1: not told */
    int retry_after_s;     /* from the headers, in seconds of the exchange's clock; -1: not told */
};

/* A ticker, and what only the choice of markets asks about. */
struct exchange_ticker {
    struct ticker ticker;
    double quote_volume; /* of the last 24 hours, in the quote asset; -1: not told */
};

/* A row of an answer that was passed over. An answer is as good as each of its rows: one that cannot be read, or cannot
 * be true, costs itself and not its neighbours. */
struct exchange_refusal {
    size_t row;           /* its number in the answer, from 0 */
    const char *name;     /* the market's, printable; "" where the row does not say or it could not be read */
    int64_t open_time_ms; /* of a candle, as it stands there, on the grid or not; -1: not told, or not read */
    const char *why;      /* what was wrong, with the text that was, printable ASCII */
};

/* Called for each row that is passed over; its texts are valid until it returns. Like rows, refusals count only when the
 * reader has returned 0. */
typedef void (*exchange_refused_fn)(void *user, const struct exchange_refusal *refusal);

/* The row reader: called once for each good row of an answer; a code other than 0 stops the reading and is returned. Rows
 * are handed out while the body is read: keep them aside until the reader has returned 0, as what follows may be cut
 * off. */
typedef int (*exchange_instrument_fn)(void *user, const struct instrument *instrument);
typedef int (*exchange_ticker_fn)(void *user, const struct exchange_ticker *ticker);
typedef int (*exchange_candle_fn)(void *user, const struct candle *candle);

struct exchange_stream;

struct exchange {
    const char *name;     /* as in the configuration */
    const char *base_url; /* the exchange's own */
    /* Request weight that it allows an address: weight_limit in any weight_window_ms; where weight_window_whole is
     * true, in each whole window of its clock (Binance's minute), otherwise in any stretch of that length. */
    int weight_limit;
    int64_t weight_window_ms;
    bool weight_window_whole;
    int64_t ban_ms; /* how long a ban lasts at least where the answer does not say; 0: unknown */
    int tickers_per_call;  /* symbols of one ticker request that are cheapest; 0: only all can be asked for */
    int candles_per_call;  /* closed candles that one request can return at most */
    int candles_reach;     /* the newest so many of a series can be had at all; 0: all that there ever were */
    bool leaves_out_quiet; /* an interval without trades has no candle */
    const uint32_t *intervals; /* lengths of candles that it has, in s, ascending, ended by 0 */
    const char *used_weight_header; /* the header that tells the weight used in the current minute, lower case */

    /* Each writes a request for `base_url` into *out. ERROR_RANGE if it does not fit. */
    int (*time_request)(const char *base_url, struct exchange_request *out);
    /* `cursor` is what read_instruments told of the page before; "" for the first. */
    int (*instruments_request)(const char *base_url, const char *cursor, struct exchange_request *out);
    /* `symbols` has 1 to tickers_per_call names; with a count of 0 all markets of the exchange are asked for. */
    int (*tickers_request)(const char *base_url, const char *const *symbols, size_t count,
                           struct exchange_request *out);
    /* Candles with first_open_ms <= open time <= last_open_ms, at most candles_per_call of them, from the first on.
     * `exchange_ms` is its clock now: some keep old candles elsewhere. An answer may have others too, and the forming
     * one. ERROR_ARGUMENT for an interval it does not have. */
    int (*candles_request)(const char *base_url, const char *symbol, uint32_t interval_s, int64_t first_open_ms,
                           int64_t last_open_ms, int64_t exchange_ms, struct exchange_request *out);

    /* What an answer means before its body is read; writes the exchange's own message, or the first words of a page
     * that is none of its answers, into the error chain when it is not EXCHANGE_OK. An error for some of the symbols
     * beside a result for the others is EXCHANGE_OK. */
    enum exchange_verdict (*judge)(const struct exchange_answer *answer);

    /* Each reads the body of an EXCHANGE_OK answer. ERROR_PROTOCOL when it is not what was asked for, with what was
     * wrong. A body that was cut off is always an error, never a shorter list. A row that is none, or has numbers that
     * are none, negative or too long, goes to `refused` (NULL: told to nobody), and the reading goes on. Whether a candle
     * can be true (candle_check) is for the fetcher to judge, row by row. */
    int (*read_time)(const struct exchange_answer *answer, int64_t *exchange_ms);
    /* Writes where the next page of the list begins into `next`, "" behind the last. A list in which no row is good is
     * an error. A largest quantity that is more than a message can say is none. */
    int (*read_instruments)(const struct exchange_answer *answer, exchange_instrument_fn fn, exchange_refused_fn refused,
                            void *user, char next[EXCHANGE_CURSOR_SIZE]);
    /* Rows without a last price (a market that never traded, or was closed) have 0 there. time_ms is 0 where the
     * exchange does not say since when a quote stands: it is then as new as the request. */
    int (*read_tickers)(const struct exchange_answer *answer, exchange_ticker_fn fn, exchange_refused_fn refused,
                        void *user);
    /* Strictly ascending by open time, in whatever order they come; the forming candle too, if it is in the answer: the
     * fetcher knows by the clock which have closed. Of an open time that comes twice the first row counts and the others
     * are refused, also those behind EXCHANGE_CANDLES_MAX. An answer may have no good row at all. */
    int (*read_candles)(const struct exchange_answer *answer, uint32_t interval_s, exchange_candle_fn fn,
                        exchange_refused_fn refused, void *user);

    const struct exchange_stream *stream; /* its WebSocket interface, in stream.h; NULL: REST alone */
};

/* The adapters, one line each in exchange.c. */
extern const struct exchange *const exchanges[];
extern const size_t exchange_count;

/* Whether an exchange has candles of this length. */
bool exchange_has_interval(const struct exchange *exchange, uint32_t interval_s);

/* The adapter of a name. ERROR_ARGUMENT with the names that exist. */
int exchange_find(const char *name, const struct exchange **out) MUST_CHECK;

#endif
