/* What is said on the streams: subscriptions are asked for and given up, in texts of as many as go together and as fast as
 * the exchange allows, and connections that have nothing to say are pinged. */
/* SPDX-License-Identifier: MIT */
#include "fetcher/streams.h"

#include "lib/base/clock.h"
#include "lib/base/log.h"

#include <string.h>

enum {
    NO_LINK = SUBSCRIPTION_NO_LINK,
    PING_MS = 5000, /* a link on which we have said nothing for so long is pinged */
};

enum errand { ERRAND_NONE, ERRAND_SUBSCRIBE, ERRAND_TAKE_OVER, ERRAND_GIVE_UP };

/* What a link has to say of a subscription. */
static enum errand errand_of(const struct stream_link *link, const struct subscription *row)
{
    int index = (int)(link - link->streams->links);
    if (row->link == index && !row->wanted)
        return ERRAND_GIVE_UP;
    if (row->link == index && row->request == 0)
        return ERRAND_SUBSCRIBE;
    if (row->link != NO_LINK && row->link == link->predecessor && row->wanted && row->next_request == 0)
        return ERRAND_TAKE_OVER;
    return ERRAND_NONE;
}

/* Whether two subscriptions may go into one text, but for their errands. */
static bool go_together(const struct subscription *row, const struct subscription *first)
{
    return row->kind == first->kind && row->interval_s == first->interval_s && !row->alone;
}

/* Collects subscriptions of one kind and length with the same errand. */
static size_t collect(struct streams *streams, const struct stream_link *link, enum errand *errand)
{
    size_t count = 0, most = (size_t)streams->stream->topics_per_request;
    if (most > STREAM_BATCH_MAX)
        most = STREAM_BATCH_MAX;
    *errand = ERRAND_NONE;
    for (size_t i = 0; i < streams->subscriptions.count && count < most; i++) {
        struct subscription *row = &streams->subscriptions.rows[i];
        enum errand found = errand_of(link, row);
        if (found == ERRAND_NONE || (count > 0 && (found != *errand || !go_together(row, streams->batch[0]))))
            continue;
        *errand = found;
        streams->topics[count] = (struct stream_topic){row->kind, row->interval_s, &row->instrument};
        streams->batch[count++] = row;
        if (row->alone)
            break;
    }
    return count;
}

/* Writes a text of as many as fit. */
static size_t write_text(struct streams *streams, size_t count, bool on)
{
    while (count > 0 && streams->stream->subscribe(streams->topics, count, on, streams->texts + 1, streams->text) != 0)
        count /= 2;
    return count;
}

static void note_sent(struct streams *streams, struct subscription *row, enum errand errand, int64_t now_ms)
{
    row->asked_ms = now_ms;
    if (errand == ERRAND_SUBSCRIBE)
        row->request = streams->texts;
    else if (errand == ERRAND_TAKE_OVER)
        row->next_request = streams->texts;
    else
        streams_drop(streams, row);
}

static void speak(struct streams *streams, struct stream_link *link, int64_t now_ms)
{
    enum errand errand;
    size_t count = collect(streams, link, &errand);
    link->idle = count == 0;
    if (count == 0)
        return;
    size_t fitting = write_text(streams, count, errand != ERRAND_GIVE_UP);
    if (fitting == 0) { /* the stream has no words for it */
        streams_drop(streams, streams->batch[0]);
        streams->batch[0]->rest_until_ms = now_ms + STREAM_REST_MS;
        return;
    }
    link->said_ms = now_ms;
    if (websocket_send(link->socket, streams->text, strlen(streams->text)) != 0)
        return; /* it is full, or ending: again later */
    streams->texts++;
    for (size_t i = 0; i < fitting; i++)
        note_sent(streams, streams->batch[i], errand, now_ms);
}

static void ping(struct streams *streams, struct stream_link *link, int64_t now_ms)
{
    const struct exchange_stream *stream = streams->stream;
    int64_t pause_ms = stream->ping_ms < PING_MS ? stream->ping_ms : PING_MS;
    int64_t last_ms = link->said_ms > link->since_ms ? link->said_ms : link->since_ms;
    if (stream->ping == NULL || now_ms - last_ms < pause_ms)
        return;
    link->said_ms = now_ms;
    if (websocket_send(link->socket, stream->ping, strlen(stream->ping)) != 0)
        log_debug("stream_not_pinged", log_text("error", error_message()));
}

void streams_speak(struct streams *streams, int64_t now_ms)
{
    bool may_ask = poll_may_ask(streams->poll);
    for (int i = 0; i < STREAM_LINKS_MAX; i++) {
        struct stream_link *link = &streams->links[i];
        if (link->state != STREAM_LINK_OPEN || now_ms - link->said_ms < 1000 / streams->stream->requests_per_second)
            continue;
        if (!link->idle && may_ask)
            speak(streams, link, now_ms);
        else
            ping(streams, link, now_ms);
    }
}
