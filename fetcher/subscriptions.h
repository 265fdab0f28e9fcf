/* What is wanted of the exchange's streams: a row for the tickers of each market and for the candles of each series
 * that can be had so, what became of it, and the last that was heard. Pure: connections are in streams.h. */
/* SPDX-License-Identifier: MIT */
#ifndef WICK_FETCHER_SUBSCRIPTIONS_H
#define WICK_FETCHER_SUBSCRIPTIONS_H

#include "fetcher/market.h"
#include "lib/exchange/stream.h"

enum { SUBSCRIPTION_NO_LINK = -1 };

struct subscription {
    struct instrument instrument; /* its market when it was subscribed to */
    char name[STREAM_NAME_SIZE];  /* of the market, in the stream */
    enum stream_kind kind;
    uint32_t interval_s;          /* of candles; 0 for tickers */
    bool wanted;                  /* the market still has it; otherwise it is given up */
    bool alive;                   /* it speaks: REST need not ask */
    bool alone;                   /* a request with others was refused: it goes by itself */
    int link, shunned;            /* the connection that carries it, and the one that it was silent on, or none */
    uint64_t request, next_request; /* the texts that asked for it, there and on the link's successor; 0: not yet */
    int64_t asked_ms;             /* monotonic, of the text */
    int64_t heard_ms;             /* monotonic, of the last word on it; 0: none on this link */
    int64_t rest_until_ms;        /* monotonic; it is not asked for before */
    bool next_heard;              /* the link's successor brought a word on it */
    uint32_t missed;              /* what REST brought while it was silent, in a row */
    uint32_t moves;               /* from link to link because of that */
    union {
        struct {
            struct ticker newest;
            int64_t shown_ms; /* time of the newest that was published, by exchange's clock */
            bool fresh;       /* not published yet */
        } ticker;
        struct {
            struct candle forming, before; /* its last words on the newest candle and the one before; 0: none */
        } candle;
    };
};

struct subscriptions {
    struct subscription *rows;     /* ascending by kind, symbol and interval; owned */
    struct subscription **by_name; /* the rows, ascending by kind, interval and name; owned */
    size_t count;
};

/* No rows. */
void subscriptions_init(struct subscriptions *subscriptions);
void subscriptions_release(struct subscriptions *subscriptions);

/* Compares with the market: what is new in it gets a row, what is no more is not wanted, and such rows as are on no link
 * vanish. Markets that do not trade are not wanted; nor is what the stream has no name for, or no candles of that
 * length. ERROR_MEMORY, and then nothing has changed. */
int subscriptions_follow(struct subscriptions *subscriptions, struct market *market,
                         const struct exchange_stream *stream) MUST_CHECK;

/* The row of a symbol (interval 0: its tickers), or of a name in the stream; NULL if there is none. Valid until the next
 * subscriptions_follow. */
struct subscription *subscriptions_find(struct subscriptions *subscriptions, const char *symbol, uint32_t interval_s);
struct subscription *subscriptions_find_name(struct subscriptions *subscriptions, const char *name,
                                             uint32_t interval_s);

/* Takes a row off its link: as if it had never been subscribed to. */
void subscription_clear(struct subscription *subscription);

#endif
