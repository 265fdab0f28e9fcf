/* The position in a shard's stream. */
/* SPDX-License-Identifier: MIT */
#include "analyzer/stream.h"

void stream_reset(struct stream *stream)
{
    *stream = (struct stream){.asked_ms = INT64_MIN};
}

void stream_break(struct stream *stream, int64_t not_before_ms)
{
    stream->live = false;
    stream->promised = 0;
    stream->arriving.part = 0;
    stream->asked_ms = not_before_ms == INT64_MIN ? INT64_MIN : not_before_ms - STREAM_ASK_AGAIN_MS;
}

/* Whether (epoch, sequence) comes after another such pair. */
static bool is_after(uint64_t epoch, uint64_t sequence, uint64_t other_epoch, uint64_t other_sequence)
{
    return epoch > other_epoch || (epoch == other_epoch && sequence > other_sequence);
}

static void drop(struct stream *stream, uint64_t epoch, uint64_t sequence)
{
    if (is_after(epoch, sequence, stream->seen_epoch, stream->seen_sequence)) {
        stream->seen_epoch = epoch;
        stream->seen_sequence = sequence;
    }
}

enum stream_step stream_on_candles(struct stream *stream, uint64_t epoch, uint64_t sequence)
{
    if (!stream->live) {
        drop(stream, epoch, sequence);
        return STREAM_SKIP;
    }
    if (!is_after(epoch, sequence, stream->epoch, stream->sequence))
        return STREAM_SKIP;
    if (epoch != stream->epoch || sequence != stream->sequence + 1) {
        stream_break(stream, INT64_MIN);
        drop(stream, epoch, sequence);
        return STREAM_GAP;
    }
    stream->sequence = sequence;
    return STREAM_TAKE;
}

bool stream_on_promise(struct stream *stream, uint64_t sequence)
{
    bool broken = stream->live && stream->sequence < stream->promised;
    if (broken)
        stream_break(stream, INT64_MIN);
    else if (stream->live)
        stream->promised = sequence;
    return broken;
}

bool stream_takes_part(struct stream *stream, const struct snapshot *snapshot, int64_t now_ms)
{
    bool first = snapshot->part <= 1;
    bool follows = snapshot->part == stream->arriving.part + 1 && stream->arriving.part > 0 &&
                   snapshot->stream_epoch == stream->arriving.epoch && snapshot->sequence == stream->arriving.sequence;
    if (stream->live || snapshot->part > snapshot->parts || (!first && !follows))
        return false;
    stream->arriving.epoch = snapshot->stream_epoch;
    stream->arriving.sequence = snapshot->sequence;
    stream->arriving.part = snapshot->part;
    stream->asked_ms = now_ms;
    return true;
}

bool stream_part_applied(struct stream *stream, const struct snapshot *snapshot)
{
    if (snapshot->part < snapshot->parts)
        return false;
    stream->arriving.part = 0;
    if (is_after(stream->seen_epoch, stream->seen_sequence, snapshot->stream_epoch, snapshot->sequence)) {
        stream->asked_ms = INT64_MIN; /* overtaken by a message that was dropped */
        return false;
    }
    stream->live = true;
    stream->epoch = snapshot->stream_epoch;
    stream->sequence = snapshot->sequence;
    stream->promised = 0;
    return true;
}

bool stream_must_ask(const struct stream *stream, int64_t now_ms)
{
    return !stream->live && !stream_is_asking(stream, now_ms);
}

bool stream_is_asking(const struct stream *stream, int64_t now_ms)
{
    return !stream->live && stream->asked_ms != INT64_MIN && now_ms - stream->asked_ms < STREAM_ASK_AGAIN_MS;
}

void stream_asked(struct stream *stream, int64_t now_ms)
{
    stream->asked_ms = now_ms;
    stream->arriving.part = 0;
}
