/* The WebSocket interface of an exchange, beside its REST interface: how tickers and candles are subscribed to, and how
 * what arrives is read. As pure as the rest of the adapter: connections, watchdogs and what to do when one falls silent
 * belong to the fetcher. */
/* SPDX-License-Identifier: MIT */
#ifndef WICK_EXCHANGE_STREAM_H
#define WICK_EXCHANGE_STREAM_H

#include "lib/exchange/exchange.h"

enum {
    STREAM_NAME_SIZE = 40,     /* of a market's name in the stream, with its NUL */
    STREAM_MESSAGE_SIZE = 8192, /* the longest text that is sent */
};

/* One thing that is subscribed to. */
enum stream_kind { STREAM_TICKERS, STREAM_CANDLES };

struct stream_topic {
    enum stream_kind kind;
    uint32_t interval_s; /* of candles; 0 for tickers */
    const struct instrument *instrument;
};

/* What one message of the exchange said. A message may say several things, each by one call, or nothing that matters.
 * `name` is the market's name in the stream, as stream_name writes it; valid until the callback returns. */
struct stream_events {
    void (*on_ticker)(void *user, const char *name, const struct exchange_ticker *ticker); /* its symbol is empty */
    void (*on_candle)(void *user, const char *name, uint32_t interval_s, const struct candle *candle, bool closed);
    void (*on_answer)(void *user, uint64_t id, bool accepted, const char *why); /* to a request; id 0: not told */
    void (*on_pong)(void *user);
    void (*on_goodbye)(void *user); /* the exchange is about to close the connection */
    exchange_refused_fn on_refused; /* a ticker or a candle that was passed over; its neighbours are told. NULL: nobody's */
};

struct exchange_stream {
    /* wss://..., without a slash at its end; tickers and candles may live at two addresses; NULL: not by stream. */
    const char *tickers_url, *candles_url;
    int topics_per_connection;
    int topics_per_request;
    int requests_per_second; /* texts that a client may send on a connection */
    int64_t ping_ms;         /* the exchange wants this text so often from a client that is otherwise quiet; */
    const char *ping;        /* NULL: the frames of the protocol suffice */
    int64_t lifetime_ms;     /* the exchange ends every connection after so long; 0: it does not say */
    int64_t silence_ms;      /* candles of a living market come at least this often, traded or not; 0: only when traded */
    bool closes_candles;     /* says of a candle that it has closed; otherwise the next one's first word does */

    /* The market's name in the stream. ERROR_RANGE. */
    int (*stream_name)(const struct instrument *instrument, char out[STREAM_NAME_SIZE]);

    /* Whether there are candles of this length. */
    bool (*has_interval)(uint32_t interval_s);

    /* Writes the text that subscribes (or, with `on` false, unsubscribes) 1 to topics_per_request topics of one kind
     * and, of candles, one length, with a NUL. `id` is not 0. ERROR_RANGE if it does not fit. */
    int (*subscribe)(const struct stream_topic *topics, size_t count, bool on, uint64_t id,
                     char out[STREAM_MESSAGE_SIZE]);

    /* Reads one text message. A ticker or a candle in it that cannot be read is refused, and the reading goes on.
     * ERROR_PROTOCOL with what was wrong with the message itself; then nothing of it was handed out that is not true. */
    int (*read)(const char *text, size_t size, const struct stream_events *events, void *user);
};

#endif
