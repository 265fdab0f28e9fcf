/* The exchange's streams: tickers and closed candles that come without being asked for.
 *
 * Connections are opened as many as the market needs, and what it needs is subscribed to. A candle that arrives goes the
 * way of those that REST brings (intake.h), if it follows the newest one; if it leaves a hole, REST is asked. A
 * subscription that speaks is alive, and then REST confirms its series now and then, and asks at once when a candle has
 * not come in time; one that is silent is left to REST until it speaks again. Nothing depends on streams: where there
 * are none, all of this does nothing.
 *
 * streams.c opens and closes the connections and gives them their subscriptions, stream_speak.c asks for these,
 * stream_read.c takes what arrives, stream_watch.c notices silence and hands connections over before they come to their
 * end. */
/* SPDX-License-Identifier: MIT */
#ifndef WICK_FETCHER_STREAMS_H
#define WICK_FETCHER_STREAMS_H

#include "fetcher/poll.h"
#include "fetcher/stream_rules.h"
#include "lib/exchange/websocket.h"

enum {
    STREAM_LINKS_MAX = 32,
    STREAM_BATCH_MAX = 256, /* topics of a text */
    STREAM_REST_MS = 3600000, /* so long a subscription that gets nowhere is not asked for */
};

/* One connection. */
struct stream_link {
    struct streams *streams;
    enum { STREAM_LINK_FREE, STREAM_LINK_CONNECTING, STREAM_LINK_OPEN } state;
    const char *url;
    struct websocket *socket; /* owned; NULL while it is free */
    int64_t since_ms;         /* monotonic, of its state */
    int64_t heard_ms, said_ms; /* monotonic, of the last text in and out; since_ms if there is none */
    int successor, predecessor; /* links: the one that takes over its subscriptions, and the one whose it takes; -1 */
    bool spoke;               /* something arrived */
    bool leaving;             /* the exchange said that it closes it */
    bool idle;                /* there is nothing to subscribe to or to give up */
};

struct streams {
    struct poll *poll; /* borrowed, with all that it borrows */
    const struct exchange_stream *stream; /* NULL: REST alone */
    const char *tickers_url, *candles_url; /* NULL: not by stream */
    struct websockets *client; /* owned */
    bool on;                   /* connections are kept, */
    bool heeded;               /* and what they bring counts: we act as the fetcher */
    struct subscriptions subscriptions;
    struct stream_link links[STREAM_LINKS_MAX];
    struct stream_attempts attempts;
    uint64_t texts;            /* sent; the id of the last one */
    int64_t watched_ms;        /* monotonic, of the last time, as the following */
    int64_t tickers_ms;
    int64_t logged_ms;
    int64_t silence_logged_ms;
    uint32_t silent;           /* subscriptions that fell silent since that was logged */
    uint32_t unlogged;         /* messages that could not be read, and refusals, since one was logged */
    bool waiting;              /* there may be subscriptions without a link */
    size_t alive_series;       /* series whose candles come by stream */
    bool crowded;              /* there is no room for all subscriptions; it was logged */

    struct stream_topic topics[STREAM_BATCH_MAX]; /* of the text that is being made */
    struct subscription *batch[STREAM_BATCH_MAX];
    char text[STREAM_MESSAGE_SIZE];
};

/* Decides whether there are streams: the exchange has some, and exchange.stream_url does not say "none", nor is it empty
 * where exchange.url leads elsewhere. `poll` is open. Codes as websockets_open. */
int streams_open(struct streams *streams, struct poll *poll) MUST_CHECK;
void streams_close(struct streams *streams);

/* Whether anything is connected, and whether what comes is taken. When they are switched off, all connections end; while
 * nothing is taken, they are kept and no new ones are opened. */
void streams_set_on(struct streams *streams, bool on, bool heeded);

/* The exchange wants to hear nothing from us: all connections end, and begin again when it may be asked again. */
void streams_stop(struct streams *streams);

/* The market was opened or has changed: subscribes to what is new in it, and gives up what is no more. What cannot be had
 * for want of memory is logged and left to REST. */
void streams_follow(struct streams *streams);

/* Connects, subscribes, watches, publishes the tickers that came. */
void streams_on_tick(struct streams *streams, int64_t now_ms);

/* What the asking wants to know: whether a market's tickers come without a request, and whether those of all markets that
 * trade do. */
bool streams_bring_tickers(struct streams *streams, const char *symbol);
bool streams_bring_all_tickers(struct streams *streams);

/* What the asking has to tell: a ticker that REST brought, which is to be published only if this is true, as a newer one
 * may have been; and `appended` candles of a series that REST brought. */
bool streams_admit_ticker(struct streams *streams, const struct ticker *ticker);
void streams_note_candles(struct streams *streams, const struct series *series, uint32_t appended);

/* Between the four files. Whether subscription `row` is spoken on; takes it off its link; ends a link, with its
 * subscriptions; opens one to `url` and returns its index, or -1 when that may not be now; gives a subscription up where
 * it is silent. */
void streams_set_alive(struct streams *streams, struct subscription *row, bool alive);
void streams_drop(struct streams *streams, struct subscription *row);
void streams_end_link(struct streams *streams, struct stream_link *link);
int streams_open_link(struct streams *streams, const char *url, int64_t now_ms);
void streams_move(struct streams *streams, struct subscription *row);

/* Between streams.c and stream_read.c: a text that arrived. */
void streams_read(struct stream_link *link, const char *text, size_t size);

/* Between streams.c and stream_speak.c: says what there is to say, on every link. */
void streams_speak(struct streams *streams, int64_t now_ms);

/* Between streams.c and stream_watch.c: looks after all links and subscriptions. */
void streams_watch(struct streams *streams, int64_t now_ms);

#endif
