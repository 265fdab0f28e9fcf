/* Any text as a message of the stream of every adapter: it is refused, or what it says is what messages may carry. */
/* SPDX-License-Identifier: MIT */
#include "lib/exchange/stream.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void require(bool holds)
{
    if (!holds)
        abort();
}

static void check_name(const char *name)
{
    size_t length = strnlen(name, STREAM_NAME_SIZE);
    require(length > 0 && length < STREAM_NAME_SIZE);
}

static void on_ticker(void *user, const char *name, const struct exchange_ticker *row)
{
    (void)user;
    const struct ticker *ticker = &row->ticker;
    check_name(name);
    require(ticker->symbol[0] == '\0' && ticker->price_scale <= DECIMAL_SCALE_MAX && ticker->time_ms >= 0);
    require(ticker->bid >= 0 && ticker->ask >= 0 && ticker->last >= 0);
}

static void on_candle(void *user, const char *name, uint32_t interval_s, const struct candle *candle, bool closed)
{
    const struct exchange_stream *stream = user;
    check_name(name);
    require(stream->has_interval(interval_s) && (stream->closes_candles || !closed));
    require(candle->open_time_ms >= 0 && candle->open >= 0 && candle->low >= 0 && candle->volume >= 0);
    require(candle->price_scale <= DECIMAL_SCALE_MAX && candle->volume_scale <= DECIMAL_SCALE_MAX);
}

static void on_answer(void *user, uint64_t id, bool accepted, const char *why)
{
    (void)user;
    (void)id;
    require(why != NULL && (accepted || strnlen(why, STREAM_MESSAGE_SIZE) < STREAM_MESSAGE_SIZE));
}

static void on_refused(void *user, const struct exchange_refusal *refusal)
{
    require(user != NULL && refusal->why[0] != '\0' && refusal->open_time_ms >= -1);
}

static void on_word(void *user)
{
    require(user != NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static const struct stream_events events = {on_ticker, on_candle, on_answer, on_word, on_word, on_refused};
    for (size_t i = 0; i < exchange_count; i++) {
        const struct exchange_stream *stream = exchanges[i]->stream;
        if (stream != NULL)
            require(stream->read((const char *)bytes, size, &events, (void *)(uintptr_t)stream) <= 0);
    }
    return 0;
}
