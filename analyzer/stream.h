/* Where one shard stands in the stream of candle messages, without a socket: which messages to take, when one is
 * missing, and when a snapshot is needed.
 *
 * The subscription stands before the first snapshot is asked for. What comes before the snapshot is dropped but
 * remembered, so that a snapshot older than it is noticed at once. */
/* SPDX-License-Identifier: MIT */
#ifndef WICK_ANALYZER_STREAM_H
#define WICK_ANALYZER_STREAM_H

#include "proto/message.h"

#include <stdbool.h>
#include <stdint.h>

enum { STREAM_ASK_AGAIN_MS = 500 };

struct stream {
    bool live;               /* in order up to `sequence` of `epoch`; otherwise a snapshot is needed */
    uint64_t epoch, sequence;
    uint64_t seen_epoch, seen_sequence; /* the newest message that was dropped for want of a snapshot */
    uint64_t promised;                  /* what the last lease said was published; ours must reach it by the next */
    struct {
        uint64_t epoch, sequence;
        uint16_t part; /* the last one taken; 0: none */
    } arriving;        /* the snapshot that comes in parts */
    int64_t asked_ms;  /* monotonic, when a snapshot was asked for or a part came; INT64_MIN: ask at once */
};

enum stream_step {
    STREAM_SKIP, /* it is known already, or cannot be used now */
    STREAM_TAKE, /* it is the next one */
    STREAM_GAP,  /* something before it is missing: a snapshot is needed from now on */
};

/* A shard that was just granted: needs a snapshot. */
void stream_reset(struct stream *stream);

/* Stops being in order, for the owner's reasons; the next snapshot is not asked for before not_before_ms. */
void stream_break(struct stream *stream, int64_t not_before_ms);

/* A candles message of this shard came. */
enum stream_step stream_on_candles(struct stream *stream, uint64_t epoch, uint64_t sequence);

/* A lease said that messages up to `sequence` were published. True if an earlier such word was not kept: messages
 * were lost, and a snapshot is needed. */
bool stream_on_promise(struct stream *stream, uint64_t sequence);

/* A part of a snapshot came: whether it is the next one of an answer that is wanted. */
bool stream_takes_part(struct stream *stream, const struct snapshot *snapshot, int64_t now_ms);

/* That part was applied. True if it was the last one and the stream is in order now. */
bool stream_part_applied(struct stream *stream, const struct snapshot *snapshot);

/* Whether to ask for a snapshot now; whether one was asked for and may still come. */
bool stream_must_ask(const struct stream *stream, int64_t now_ms);
bool stream_is_asking(const struct stream *stream, int64_t now_ms);

/* A snapshot was asked for. */
void stream_asked(struct stream *stream, int64_t now_ms);

#endif
