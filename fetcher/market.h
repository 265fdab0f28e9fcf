/* The market as the fetcher holds it: the followed symbols, and the newest candles of every series in rings.
 *
 * It is empty until the universe is known (market_open), then symbols come (market_add) and go. A series stands in a
 * slot that it keeps, so its address and its index hold as long as it is followed; who remembers one for longer
 * remembers its id too, which is never given again (market_series). A symbol goes in two steps: market_leave takes it
 * out of its shard, so that no analyzer gets it any more, and market_release_left gives its memory back once the store
 * has all of its candles. Only the fetcher's own files change the market; who assigns shards and answers snapshots
 * reads it through the functions below. */
/* SPDX-License-Identifier: MIT */
#ifndef WICK_FETCHER_MARKET_H
#define WICK_FETCHER_MARKET_H

#include "lib/base/error.h"
#include "lib/series/ring.h"
#include "proto/message.h"
#include "proto/shard.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    MARKET_SYMBOLS_MAX = 10000,
    MARKET_INTERVALS_MAX = 16,
    MARKET_SERIES_MAX = MARKET_SYMBOLS_MAX * MARKET_INTERVALS_MAX,
};

/* How far the fill of a series is, which knows more of it (fill.h). */
struct series_fill {
    uint32_t piece;        /* the piece that is being fetched, counted from 1; 0: none */
    uint32_t failures;     /* requests in a row that failed, */
    uint64_t failing_from; /* and how many others had succeeded before the first of them */
    uint32_t empty_pieces; /* in a row, backward */
    int64_t top_ms;        /* open time of the oldest stored candle when the fill began; -1: it has not */
    int64_t target_ms;     /* history is wanted from this open time on */
    int64_t searched_ms;   /* there is nothing from here to the oldest stored candle */
    int64_t rest_ms;       /* how long it rests while the exchange refuses it, and on our monotonic clock until when; */
    int64_t rest_until_ms; /* 0: not */
};

/* One symbol at one interval. */
struct series {
    uint64_t id;         /* of this stay in the market; 0: the slot is free */
    struct series *next; /* of the same shard, by symbol and interval; or the next free slot */
    char symbol[SYMBOL_SIZE];
    uint32_t interval_s;
    uint16_t shard;
    bool followed;        /* its candles are asked for */
    bool leaving;         /* its symbol goes: its candles are not asked for any more, no snapshot has it */
    bool halted;          /* its symbol does not trade, or is not listed: there is no hurry */
    bool refused;         /* the newest answer to a request for it: the exchange does not know it */
    unsigned stuck;       /* what of it does not go on, a bit each of stuck.h: nobody waits for it */
    bool resumed;         /* it trades again, and was not asked for since */
    bool ready;           /* caught up once since the start: its ring may be handed out, new candles are published */
    int64_t fire_from_ms; /* candles that open before it are history; -1 until the store has confirmed it */
    struct ring ring;     /* closed candles only; what is behind a shard's last sequence follows in its next message */

    int64_t history_from_ms;   /* where to begin while the ring is empty; open time */
    int64_t searched_ms;       /* the exchange has nothing between the newest and this open time, it is asked no more */
    int64_t quiet_through_ms;  /* a hole that ends by this open time is a time without trades, not asked for again */
    int64_t stored_through_ms; /* open time of the newest candle that the store has acked; -1: none */
    int64_t stored_from_ms;    /* of the oldest that it has, or of an absence before that; -1: not known, or none */
    int64_t dropped_through_ms; /* of the newest that left the ring before the store had it; -1: none */
    bool may_drop;             /* the store does not answer: the ring goes on without it */
    bool covered;              /* the store was asked how far back it has this series */
    struct series_fill fill;   /* what is fetched for the store alone */
    bool storing;              /* a batch with candles of it waits for its ack */
    bool waiting_to_store;     /* it stands in the archive's queue */
    bool full;                 /* its next candles wait until the store has acked some */
    int64_t tickers_rest_ms;   /* of a symbol's first series: the exchange does not know the symbol, its tickers are not
                                * asked for with others; by itself when this has passed, monotonic; 0: it knows it */
    int64_t read_ms;           /* exchange time of the newest answer through its newest closed candle; 0: none yet */
    bool streamed;             /* its candles come by stream: requests only confirm them, and fill in */
    int64_t confirm_ms;        /* exchange time of the next request that confirms; 0: not planned */
    uint32_t failures;         /* requests in a row that failed, */
    uint64_t failing_from;     /* and how many others had succeeded before the first of them */
    uint32_t fruitless;        /* answers in a row that brought nothing new */
    uint32_t hole_asks;        /* how often the hole behind the newest candle was seen, */
    int64_t hole_through_ms;   /* through this open time the last time */
};

struct market {
    const char *exchange; /* its name; valid as long as the market */
    uint64_t generation;  /* of the fetcher's lease; 0: none yet */
    uint64_t sequences[SHARDS]; /* of the last candles message of each shard in this epoch; 0: none */

    uint32_t intervals[MARKET_INTERVALS_MAX]; /* of every symbol, in s */
    size_t interval_count;
    uint32_t ring_size; /* candles of a series */

    struct instrument *instruments; /* the followed symbols, ascending by name; owned */
    size_t instrument_count, instruments_leaving;
    struct series *slots; /* MARKET_SYMBOLS_MAX * interval_count of them, in memory as far as they were used; owned */
    size_t slot_count;    /* those that were ever used: an index is below this */
    size_t series_count;  /* those in use */
    struct series *free;  /* the first free slot among them */
    uint64_t last_id;

    struct series *shards[SHARDS];    /* the first series of each */
    uint32_t weights[SHARDS];         /* how many are in it and not leaving */
    uint64_t departures[SHARDS];      /* how many have left it, or come back, since the start */
};

/* An empty market. */
void market_init(struct market *market, const char *exchange);

/* Makes room, and adds the instruments, each with a series of every interval; a ring holds ring_size candles.
 * ERROR_MEMORY; the codes of market_add. */
int market_open(struct market *market, const struct instrument *instruments, size_t count, const uint32_t *intervals,
                size_t interval_count, uint32_t ring_size) MUST_CHECK;
void market_release(struct market *market);

/* Follows one more symbol; its series are empty. One that was leaving stays instead, as it is. ERROR_EXISTS if it is
 * followed already, ERROR_FULL above MARKET_SYMBOLS_MAX, ERROR_MEMORY. */
int market_add(struct market *market, const struct instrument *instrument) MUST_CHECK;

/* A symbol shall go. False if it is not followed, or goes already. */
bool market_leave(struct market *market, const char *symbol);

/* Whether a symbol is on its way out. */
bool market_is_leaving(const struct market *market, const char *symbol);

/* Gives back the memory of the symbols that are leaving and of which the store has every candle. Returns how many
 * have gone; pointers to instruments are void then. */
size_t market_release_left(struct market *market);

/* Brings what is known of a followed symbol up to date: its steps, and whether it trades. */
void market_set_instrument(struct market *market, const struct instrument *instrument);

/* The series in turn: the first one after NULL, at the end NULL. The one given may have been released. */
struct series *market_next(const struct market *market, const struct series *after);

/* The index of a series, and the series that has an index and this id, or NULL if it has gone. */
size_t market_index(const struct market *market, const struct series *series);
struct series *market_series(const struct market *market, size_t index, uint64_t id);

/* Sets the lease's generation: a new stream epoch, in which sequences begin anew. */
void market_set_generation(struct market *market, uint64_t generation);

/* The epoch of the market link: generation << 32. */
uint64_t market_stream_epoch(const struct market *market);

/* The last sequence of a shard that was published in this epoch; 0: none. */
uint64_t market_sequence(const struct market *market, uint16_t shard);

/* How many series a shard has, ready or not; 0: it is empty and need not be assigned. */
uint32_t market_shard_weight(const struct market *market, uint16_t shard);

/* Grows each time a series leaves the shard, or returns before it has gone. */
uint64_t market_shard_departures(const struct market *market, uint16_t shard);

/* The series of a shard that can be handed out, by symbol and interval: those that are ready, and since when they fire
 * is confirmed. Writes at most `capacity` pointers, valid until the market changes, and returns how many there are. */
size_t market_series_of_shard(const struct market *market, uint16_t shard, const struct series **out, size_t capacity);

/* The series of a symbol and interval, or NULL. */
struct series *market_find(struct market *market, const char *symbol, uint32_t interval_s);

/* The instrument of a symbol, or NULL; valid until a symbol comes or goes. */
struct instrument *market_instrument(struct market *market, const char *symbol);

/* How many candles of a series the store has not acked; they are the newest of its ring. */
uint32_t series_unstored(const struct series *series);

/* Whether candles left the ring that the store has not: what follows them may not be stored before they are. */
bool series_is_behind(const struct series *series);

/* How many series are ready, and how many nobody waits for any more: they are ready, or stuck. */
size_t market_ready_count(const struct market *market);
size_t market_settled_count(const struct market *market);

/* How many of a shard's series nobody waits for any more. */
size_t market_settled_of_shard(const struct market *market, uint16_t shard);

#endif
