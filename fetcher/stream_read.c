/* What arrives by stream: candles to the intake, tickers kept until the next tick, answers to what was asked for. */
/* SPDX-License-Identifier: MIT */
#include "fetcher/streams.h"

#include "lib/base/clock.h"
#include "lib/base/log.h"
#include "lib/runtime/metrics.h"

#include <string.h>

enum {
    LOG_MS = 5000,               /* what cannot be read, or was refused, is logged no more often, with its count */
    REFUSED_REST_MS = 10 * 60000, /* what the exchange refuses by itself is asked for again after so long */
};

static void log_refusal(struct streams *streams, const char *event, const char *why)
{
    int64_t now_ms = clock_monotonic_ms();
    streams->unlogged++;
    if (streams->logged_ms != 0 && now_ms - streams->logged_ms < LOG_MS)
        return;
    log_warn(event, log_int("count", streams->unlogged), log_text("error", why));
    streams->logged_ms = now_ms;
    streams->unlogged = 0;
}

/* A word on a subscription, by the link that it is on or by the one that takes over. */
static struct subscription *hear(const struct stream_link *link, const char *name, uint32_t interval_s)
{
    struct streams *streams = link->streams;
    struct subscription *row = subscriptions_find_name(&streams->subscriptions, name, interval_s);
    int index = (int)(link - streams->links);
    if (row == NULL || !row->wanted || !stream_carries(row, index, link->predecessor))
        return NULL;
    row->heard_ms = clock_monotonic_ms();
    row->next_heard = row->next_heard || row->link != index;
    row->missed = 0;
    row->moves = 0;
    if (!row->alive)
        streams_set_alive(streams, row, true);
    return row;
}

static void on_ticker(void *user, const char *name, const struct exchange_ticker *ticker)
{
    const struct stream_link *link = user;
    struct subscription *row = hear(link, name, 0);
    if (row == NULL || ticker->ticker.last == 0)
        return;
    struct ticker next = ticker->ticker;
    memcpy(next.symbol, row->instrument.symbol, sizeof next.symbol);
    if (next.time_ms == 0)
        next.time_ms = poll_exchange_ms(link->streams->poll);
    if (next.time_ms < row->ticker.newest.time_ms)
        return;
    row->ticker.newest = next;
    row->ticker.fresh = true;
}

static void take_candle(struct streams *streams, struct series *series, const struct candle *candle)
{
    struct poll *poll = streams->poll;
    struct poll_flight flight = {
        .kind = POLL_CANDLES,
        .index = (uint32_t)market_index(poll->market, series),
        .series_id = series->id,
        .last_open_ms = candle->open_time_ms,
        .exchange_ms = poll_exchange_ms(poll),
    };
    struct intake intake;
    switch (stream_judge(series, candle, flight.exchange_ms)) {
    case STREAM_LEAVE: break;
    case STREAM_ASK: poll_hurry(poll, series); break;
    case STREAM_TAKE:
        poll_take(poll, &flight, candle, 1, &intake);
        metric_add(METRIC_candles_streamed_total, intake.appended);
        poll_replan(poll, series);
        break;
    }
}

static void on_candle(void *user, const char *name, uint32_t interval_s, const struct candle *candle, bool closed)
{
    const struct stream_link *link = user;
    struct streams *streams = link->streams;
    struct poll *poll = streams->poll;
    struct candle ended = *candle;
    struct subscription *row = hear(link, name, interval_s);
    if (row == NULL)
        return;
    if (!streams->stream->closes_candles)
        closed = stream_closes(row, candle, poll_exchange_ms(poll), poll->grace_ms, &ended);
    struct series *series = closed ? market_find(poll->market, row->instrument.symbol, interval_s) : NULL;
    if (series != NULL && streams->heeded)
        take_candle(streams, series, &ended);
}

/* Of a request that was refused every subscription is asked for by itself, and one that was alone rests. */
static void refuse(struct subscription *row, uint64_t id)
{
    bool alone = row->alone;
    row->alone = true;
    if (row->next_request == id)
        row->next_request = 0;
    if (row->request != id)
        return;
    row->request = 0;
    if (!alone)
        return;
    subscription_clear(row); /* it never spoke */
    row->rest_until_ms = clock_monotonic_ms() + REFUSED_REST_MS;
}

static void on_answer(void *user, uint64_t id, bool accepted, const char *why)
{
    struct stream_link *link = user;
    struct streams *streams = link->streams;
    if (accepted)
        return;
    log_refusal(streams, "stream_request_refused", why);
    for (size_t i = 0; id != 0 && i < streams->subscriptions.count; i++) {
        struct subscription *row = &streams->subscriptions.rows[i];
        if (row->request == id || row->next_request == id)
            refuse(row, id);
    }
    link->idle = false;
}

static void on_pong(void *user)
{
    (void)user; /* that something arrived was noted */
}

static void on_goodbye(void *user)
{
    struct stream_link *link = user;
    link->leaving = true;
}

static void on_refused(void *user, const struct exchange_refusal *refusal)
{
    const struct stream_link *link = user;
    refusals_tell(&link->streams->poll->refusals, "stream", "", refusal);
}

static const struct stream_events events = {
    .on_ticker = on_ticker,
    .on_candle = on_candle,
    .on_answer = on_answer,
    .on_pong = on_pong,
    .on_goodbye = on_goodbye,
    .on_refused = on_refused,
};

void streams_read(struct stream_link *link, const char *text, size_t size)
{
    struct streams *streams = link->streams;
    metric_add(METRIC_stream_messages_total, 1);
    if (streams->stream->read(text, size, &events, link) == 0)
        return;
    metric_add(METRIC_stream_unread_total, 1);
    log_refusal(streams, "stream_not_understood", error_message());
}
