/* Candles for the store alone, past rings and market link: what the rings dropped while the store was away, and history
 * below what the store has.
 *
 * Within a series the store has no hole but for absences. So what was dropped is fetched forward from the newest stored
 * candle until the ring goes on, and only then does the ring; history is fetched backward from the oldest stored candle.
 * In either direction each piece is stored before the next is asked for: a restart goes on where the store is. History
 * waits while anything that was dropped is missing, and is paced by the CPU time of the process. */
/* SPDX-License-Identifier: MIT */
#ifndef WICK_FETCHER_FILL_H
#define WICK_FETCHER_FILL_H

#include "fetcher/archive.h"
#include "fetcher/pace.h"
#include "lib/exchange/exchange.h"

enum {
    FILL_WINDOW = 4,       /* pieces that are being fetched, or wait for their ack */
    FILL_EMPTY_PIECES = 3, /* so many without a candle end the history where quiet times have none, */
    FILL_EMPTY_MS = 172800000, /* and everywhere so long a time: exchanges have been away for longer than a day */
    FILL_REST_MS = 60000, FILL_REST_MOST_MS = 960000, /* of our clock */
    FILL_REACH_SPARE = 5,  /* candles at the end of an exchange's reach that are left: it moves on meanwhile */
};

/* A part of a series that is fetched: candles with first_ms <= open time <= last_ms. */
struct fill_piece {
    enum fill_state { FILL_FREE, FILL_ASKING, FILL_STORING } state;
    uint32_t index;  /* of the series, */
    uint64_t id;     /* which may have gone meanwhile */
    bool dropped;    /* by the ring; otherwise it is history */
    int64_t first_ms, last_ms;
    int64_t edge_ms; /* how far the store reaches after the ack: forward, or backward */
    uint32_t asks;   /* answers that lacked something */
    uint32_t refused; /* rows of all answers that cannot be true */
    size_t length, count; /* candles that there may be, and that there are by all answers together */
    struct candle candles[EXCHANGE_CANDLES_MAX]; /* by their place in the piece; open time -1: not there */
};

struct filler {
    struct archive *archive; /* borrowed, as all up to the exchange */
    struct market *market;
    const struct exchange *exchange;
    int64_t depth_ms;    /* how far back history is wanted; 0: none */
    bool on;             /* history may be asked for: all series were ready once */
    size_t behind;       /* series of which dropped candles are missing, */
    size_t pressing;     /* and of them those that do not rest: history waits for them */
    struct pace pace;
    struct fill_piece pieces[FILL_WINDOW];
    size_t cursor;       /* the series whose turn it is */
    int64_t wanted, stored; /* candles of history, of all series since the start; those known to be absent count too */
    int64_t told_percent;   /* of that, in the log */
    struct candle_event rows[EXCHANGE_CANDLES_MAX]; /* of the message that is being made */
    struct absence absences[ARCHIVE_ABSENCES_MAX];
    size_t row_count, absence_count;
};

/* `depth_days` of history with at most `cpu_percent` of a core. The market is borrowed from the archive. */
void fill_init(struct filler *fill, struct archive *archive, const struct exchange *exchange, int64_t depth_days,
               int64_t cpu_percent);

/* Looks at every series, at most once a second: what is behind, since when history is wanted, the progress. */
void fill_look(struct filler *fill, int64_t exchange_ms);

/* Begins one more piece, of the next series in turn that lacks something. Returns the series, or NULL if there is none or
 * if all pieces are in use. */
struct series *fill_begin(struct filler *fill);

/* The piece of a series that is to be asked for, or NULL. */
const struct fill_piece *fill_piece_of(const struct filler *fill, const struct series *series);

/* When a request may be sent, on our monotonic clock. */
int64_t fill_free_ms(struct filler *fill, int64_t now_ms);

/* What becomes of an answer. */
enum fill_verdict {
    FILL_AGAIN, /* something is missing that may be there the next time */
    FILL_NEXT,  /* there was nothing to be stored */
    FILL_SENT,  /* to the store */
};

/* Takes the rows of a valid answer, ascending, to a request for the piece of a series. After FILL_NEXT, and after the ack
 * that follows FILL_SENT, the piece is over. */
enum fill_verdict fill_take(struct filler *fill, struct series *series, const struct candle *rows, size_t count);

/* Of the answer that is taken next: the exchange has a row for this open time, on the grid or not, that cannot be read. */
void fill_refuse(struct filler *fill, struct series *series, int64_t open_time_ms);

/* Gives up the piece of a series, if it has one that is being asked for: it rests for FILL_REST_MS, twice as long each time
 * up to FILL_REST_MOST_MS, and the history of others does not wait for it. */
void fill_rest(struct filler *fill, struct series *series);

/* What becomes of the request for the piece of a series that does not trade when the exchange refuses it. It may be gone
 * for good: after as many answers as a hole needs, the exchange counts as lacking what was dropped, so that the store
 * can go on behind it, and history ends where it is. */
enum fill_verdict fill_take_refusal(struct filler *fill, struct series *series);

/* The store has acked a piece, by its tag. */
void fill_on_ack(struct filler *fill, uint64_t tag, bool accepted);

#endif
