/* The market link. */
/* SPDX-License-Identifier: MIT */
#include "fetcher/publish.h"

#include "lib/base/log.h"
#include "lib/runtime/metrics.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

static void on_timer(void *user, int64_t now_ms)
{
    (void)now_ms;
    publish_flush(user);
}

int publish_open(struct publish *publish, struct service_context *context, struct market *market)
{
    publish->context = context;
    publish->market = market;
    publish->timer = loop_add_timer(context->loop, 0, 0, on_timer, publish);
    if (publish->timer < 0)
        return publish->timer;
    loop_stop_timer(context->loop, publish->timer);
    return 0;
}

static void forget_candles(struct publish *publish)
{
    for (size_t i = 0; i < publish->shard_count; i++)
        publish->first[publish->shards[i]] = publish->last[publish->shards[i]] = 0;
    publish->candle_count = 0;
    publish->shard_count = 0;
}

/* A message that could not be encoded is our own fault; it is told once a message and nothing waits for it. */
static void send(struct publish *publish, enum topic_kind kind, uint16_t shard, enum record record,
                 const void *message)
{
    if (service_publish(publish->context, LINK_MARKET, kind, shard, record, message) != 0)
        log_error("publish_failed", log_text("message", records[record].name), log_text("error", error_message()));
}

static void send_shard(struct publish *publish, uint16_t shard)
{
    size_t count = 0;
    for (uint16_t at = publish->first[shard]; at != 0; at = publish->next[at - 1])
        publish->rows[count++] = publish->candles[at - 1];
    struct candles message = {
        .epoch = market_stream_epoch(publish->market),
        .shard = shard,
        .sequence = ++publish->market->sequences[shard],
        .exchange_ms = publish->exchange_ms,
        .rows = list_of(publish->rows, count),
    };
    send(publish, TOPIC_CANDLES, shard, RECORD_candles, &message);
}

void publish_flush(struct publish *publish)
{
    for (size_t i = 0; i < publish->shard_count; i++)
        send_shard(publish, publish->shards[i]);
    publish->candles_published += publish->candle_count;
    metric_add(METRIC_candles_published_total, (double)publish->candle_count);
    forget_candles(publish);
}

void publish_set_on(struct publish *publish, bool on)
{
    publish->on = on;
    if (on)
        return;
    publish_flush(publish);
    publish->ticker_count = 0;
}

static void collect(struct publish *publish, const struct series *series, const struct candle *candle)
{
    if (publish->candle_count == PUBLISH_ROWS_MAX)
        publish_flush(publish);
    struct candle_event *event = &publish->candles[publish->candle_count++];
    memcpy(event->symbol, series->symbol, sizeof event->symbol);
    event->interval_s = series->interval_s;
    event->candle = *candle;
    uint16_t at = (uint16_t)publish->candle_count;
    publish->next[at - 1] = 0;
    if (publish->first[series->shard] == 0) {
        publish->first[series->shard] = at;
        publish->shards[publish->shard_count++] = series->shard;
    } else {
        publish->next[publish->last[series->shard] - 1] = at;
    }
    publish->last[series->shard] = at;
}

void publish_candles(struct publish *publish, const struct series *series, uint32_t count, int64_t exchange_ms)
{
    assert(count <= series->ring.count);
    if (!publish->on || count == 0)
        return;
    publish->exchange_ms = exchange_ms;
    for (uint32_t i = series->ring.count - count; i < series->ring.count; i++)
        collect(publish, series, ring_at(&series->ring, i));
    loop_set_timer(publish->context->loop, publish->timer, 0);
}

void publish_ticker(struct publish *publish, const struct ticker *ticker, int64_t exchange_ms)
{
    if (!publish->on)
        return;
    if (publish->ticker_count == PUBLISH_ROWS_MAX)
        publish_tickers(publish);
    publish->exchange_ms = exchange_ms;
    publish->tickers[publish->ticker_count++] = *ticker;
}

void publish_tickers(struct publish *publish)
{
    if (publish->ticker_count == 0)
        return;
    struct tickers message = {.exchange_ms = publish->exchange_ms,
                              .rows = list_of(publish->tickers, publish->ticker_count)};
    send(publish, TOPIC_TICKERS, 0, RECORD_tickers, &message);
    metric_add(METRIC_tickers_total, (double)publish->ticker_count);
    publish->ticker_count = 0;
}

void publish_instruments(struct publish *publish, int64_t exchange_ms)
{
    const struct market *market = publish->market;
    for (size_t from = 0; publish->on && from < market->instrument_count; from += PUBLISH_INSTRUMENTS_MAX) {
        size_t left = market->instrument_count - from;
        struct instruments message = {.exchange_ms = exchange_ms};
        (void)snprintf(message.exchange, sizeof message.exchange, "%s", market->exchange);
        message.rows = list_of(market->instruments + from, left < PUBLISH_INSTRUMENTS_MAX ? left
                                                                                          : PUBLISH_INSTRUMENTS_MAX);
        send(publish, TOPIC_INSTRUMENTS, 0, RECORD_instruments, &message);
    }
}
