/* The place of a shard in its stream of candle messages. */
/* SPDX-License-Identifier: MIT */
#include "analyzer/stream.h"
#include "tests/harness.h"

static struct snapshot part_of(uint64_t stream_epoch, uint64_t sequence, uint16_t part, uint16_t parts)
{
    return (struct snapshot){.stream_epoch = stream_epoch, .sequence = sequence, .part = part, .parts = parts};
}

/* Hands a part to a stream; whether it was taken, and whether the stream is in order after it. */
static bool give_part(struct stream *stream, struct snapshot part, bool *done)
{
    *done = false;
    if (!stream_takes_part(stream, &part, 1000))
        return false;
    *done = stream_part_applied(stream, &part);
    return true;
}

static struct stream live_stream(uint64_t epoch, uint64_t sequence)
{
    struct stream stream;
    bool done;
    stream_reset(&stream);
    CU_ASSERT(give_part(&stream, part_of(epoch, sequence, 1, 1), &done) && done && stream.live);
    return stream;
}

static void test_stream_takes_what_follows(void)
{
    struct stream stream = live_stream(5, 10);
    CU_ASSERT_EQUAL(stream_on_candles(&stream, 5, 9), STREAM_SKIP);
    CU_ASSERT_EQUAL(stream_on_candles(&stream, 5, 10), STREAM_SKIP);
    CU_ASSERT_EQUAL(stream_on_candles(&stream, 5, 11), STREAM_TAKE);
    CU_ASSERT_EQUAL(stream_on_candles(&stream, 5, 11), STREAM_SKIP);
    CU_ASSERT_EQUAL(stream_on_candles(&stream, 4, 99), STREAM_SKIP); /* a fetcher that is not the one any more */
    CU_ASSERT_EQUAL(stream_on_candles(&stream, 5, 12), STREAM_TAKE);
    CU_ASSERT_FALSE(stream_must_ask(&stream, 99999));
}

static void test_stream_notices_a_hole(void)
{
    struct stream stream = live_stream(5, 10);
    CU_ASSERT_EQUAL(stream_on_candles(&stream, 5, 12), STREAM_GAP);
    CU_ASSERT(stream_must_ask(&stream, 0));
    CU_ASSERT_EQUAL(stream_on_candles(&stream, 5, 13), STREAM_SKIP);
    bool done;
    /* A snapshot that is older than what was dropped would leave a hole. */
    CU_ASSERT(give_part(&stream, part_of(5, 12, 1, 1), &done));
    CU_ASSERT(!done && !stream.live && stream_must_ask(&stream, 1000));
    CU_ASSERT(give_part(&stream, part_of(5, 13, 1, 1), &done));
    CU_ASSERT(done && stream.live);
    CU_ASSERT_EQUAL(stream_on_candles(&stream, 5, 14), STREAM_TAKE);
}

static void test_stream_follows_a_new_epoch(void)
{
    struct stream stream = live_stream(5, 10);
    CU_ASSERT_EQUAL(stream_on_candles(&stream, 6, 1), STREAM_GAP);
    bool done;
    CU_ASSERT(give_part(&stream, part_of(5, 10, 1, 1), &done)); /* of the old fetcher, on its way still */
    CU_ASSERT_FALSE(done);
    CU_ASSERT(give_part(&stream, part_of(6, 1, 1, 1), &done));
    CU_ASSERT(done);
    CU_ASSERT_EQUAL(stream_on_candles(&stream, 6, 2), STREAM_TAKE);
    /* The first message of an epoch is a gap too: what was published last in the old one is not known. */
    stream = live_stream(5, 0);
    CU_ASSERT_EQUAL(stream_on_candles(&stream, 6, 1), STREAM_GAP);
}

static void test_stream_puts_parts_together(void)
{
    struct stream stream;
    bool done;
    stream_reset(&stream);
    CU_ASSERT_FALSE(give_part(&stream, part_of(5, 10, 2, 3), &done)); /* the first is missing */
    CU_ASSERT(give_part(&stream, part_of(5, 10, 1, 3), &done) && !done);
    CU_ASSERT_FALSE(give_part(&stream, part_of(5, 10, 3, 3), &done));
    CU_ASSERT_FALSE(give_part(&stream, part_of(5, 11, 2, 3), &done)); /* of another answer */
    CU_ASSERT(give_part(&stream, part_of(5, 10, 2, 3), &done) && !done);
    CU_ASSERT(give_part(&stream, part_of(5, 11, 1, 3), &done) && !done); /* another answer begins */
    CU_ASSERT_FALSE(give_part(&stream, part_of(5, 10, 3, 3), &done));
    CU_ASSERT(give_part(&stream, part_of(5, 11, 2, 3), &done) && !done);
    CU_ASSERT_FALSE(give_part(&stream, part_of(5, 11, 4, 3), &done));
    CU_ASSERT(give_part(&stream, part_of(5, 11, 3, 3), &done) && done);
    CU_ASSERT_EQUAL(stream.sequence, 11);
    CU_ASSERT_FALSE(give_part(&stream, part_of(5, 12, 1, 1), &done)); /* not wanted any more */
    /* An empty shard. */
    stream_reset(&stream);
    CU_ASSERT(give_part(&stream, part_of(5, 0, 0, 0), &done) && done && stream.live);
}

static void test_stream_asks_with_pauses(void)
{
    struct stream stream;
    stream_reset(&stream);
    CU_ASSERT(stream_must_ask(&stream, 100));
    CU_ASSERT_FALSE(stream_is_asking(&stream, 100));
    stream_asked(&stream, 100);
    CU_ASSERT_FALSE(stream_must_ask(&stream, 100 + STREAM_ASK_AGAIN_MS - 1));
    CU_ASSERT(stream_is_asking(&stream, 100 + STREAM_ASK_AGAIN_MS - 1));
    CU_ASSERT(stream_must_ask(&stream, 100 + STREAM_ASK_AGAIN_MS));
    struct snapshot part = part_of(5, 10, 1, 2); /* a part that comes is a sign of life */
    CU_ASSERT(stream_takes_part(&stream, &part, 400));
    CU_ASSERT_FALSE(stream_must_ask(&stream, 100 + STREAM_ASK_AGAIN_MS));
    CU_ASSERT(stream_must_ask(&stream, 400 + STREAM_ASK_AGAIN_MS));
    stream_break(&stream, 2000);
    CU_ASSERT_FALSE(stream_must_ask(&stream, 1999));
    CU_ASSERT(stream_must_ask(&stream, 2000));
}

/* Messages that were lost at the end, where no later one shows the hole. */
static void test_stream_notices_a_broken_promise(void)
{
    struct stream stream = live_stream(5, 10);
    CU_ASSERT_FALSE(stream_on_promise(&stream, 12)); /* may be on their way */
    CU_ASSERT_EQUAL(stream_on_candles(&stream, 5, 11), STREAM_TAKE);
    CU_ASSERT(stream_on_promise(&stream, 12));
    CU_ASSERT(stream_must_ask(&stream, 0));
    stream = live_stream(5, 10);
    CU_ASSERT_FALSE(stream_on_promise(&stream, 11));
    CU_ASSERT_EQUAL(stream_on_candles(&stream, 5, 11), STREAM_TAKE);
    CU_ASSERT_FALSE(stream_on_promise(&stream, 13));
    CU_ASSERT(stream.live);
}

const char *const suite_name = "stream";
const struct test suite_tests[] = {
    {"the stream takes what follows, once", test_stream_takes_what_follows},
    {"the stream notices a hole, and a snapshot too old to fill it", test_stream_notices_a_hole},
    {"the stream follows a new epoch through a snapshot", test_stream_follows_a_new_epoch},
    {"the stream puts the parts of one answer together", test_stream_puts_parts_together},
    {"the stream asks with pauses", test_stream_asks_with_pauses},
    {"the stream notices messages lost at the end", test_stream_notices_a_broken_promise},
    {0},
};
