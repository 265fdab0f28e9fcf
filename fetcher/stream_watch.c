/* The watchdogs of the streams: silent subscriptions are left to REST, silent connections given up, and those whose end
 * is near handed over before it. */
/* SPDX-License-Identifier: MIT */
#include "fetcher/streams.h"

#include "lib/base/clock.h"
#include "lib/base/log.h"
#include "lib/runtime/metrics.h"

enum {
    NO_LINK = SUBSCRIPTION_NO_LINK,
    WATCH_MS = 250,
    LINK_PATIENCE_MS = 2000,    /* of our time: no connection is given up earlier */
    LIFETIME_MARGIN_MS = 600000, /* of exchange time: so long before its end a connection is handed over, */
    LIFETIME_STAGGER_MS = 60000, /* the next one so much earlier, */
    LIFETIME_WALL_MS = 10000,   /* and all of them at least so long before on our clock */
    TAKE_OVER_MS = 10000,       /* of exchange time, that the successor may wait for all its subscriptions to speak */
    SILENCE_LOG_MS = 10000,     /* silent subscriptions are logged no more often, with their count */
};

/* ---- subscriptions ---- */

static void log_silence(struct streams *streams, const struct subscription *row, uint32_t count, int64_t now_ms)
{
    streams->silent += count;
    if (streams->silent == 0 || (streams->silence_logged_ms != 0 && now_ms - streams->silence_logged_ms < SILENCE_LOG_MS))
        return;
    log_info("stream_silent", log_int("subscriptions", streams->silent),
             log_text("symbol", row != NULL ? row->instrument.symbol : ""));
    streams->silent = 0;
    streams->silence_logged_ms = now_ms;
}

/* Candles that fall silent are counted; that a market has no new ticker is nothing out of the ordinary. */
static void watch_rows(struct streams *streams, int64_t now_ms)
{
    const struct poll *poll = streams->poll;
    const struct subscription *silent = NULL;
    uint32_t count = 0, alive = 0;
    streams->alive_series = 0;
    int64_t bounds_ms[] = {
        [STREAM_TICKERS] = stream_silence_ms(streams->stream, STREAM_TICKERS, poll->clock.speed, poll->tick_ms),
        [STREAM_CANDLES] = stream_silence_ms(streams->stream, STREAM_CANDLES, poll->clock.speed, poll->tick_ms),
    };
    for (size_t i = 0; i < streams->subscriptions.count; i++) {
        struct subscription *row = &streams->subscriptions.rows[i];
        int64_t bound_ms = bounds_ms[row->kind];
        if (row->alive && bound_ms > 0 && now_ms - row->heard_ms > bound_ms) {
            streams_set_alive(streams, row, false);
            silent = row;
            count += row->kind == STREAM_CANDLES;
        }
        alive += row->alive;
        streams->waiting = streams->waiting || (row->wanted && row->link == NO_LINK && row->rest_until_ms <= now_ms);
        streams->alive_series += row->alive && row->kind == STREAM_CANDLES;
    }
    metric_add(METRIC_stream_silent_total, count);
    metric_set(METRIC_stream_topics, alive);
    log_silence(streams, silent, count, now_ms);
}

/* ---- links ---- */

/* What a link carries: subscriptions, those of them that were asked for, those that its successor has asked for, and
 * those that it has heard. */
struct cargo {
    uint32_t rows, asked, handed_over, heard;
};

static void weigh(const struct streams *streams, struct cargo cargo[STREAM_LINKS_MAX])
{
    for (int i = 0; i < STREAM_LINKS_MAX; i++)
        cargo[i] = (struct cargo){0};
    for (size_t i = 0; i < streams->subscriptions.count; i++) {
        const struct subscription *row = &streams->subscriptions.rows[i];
        if (row->link == NO_LINK)
            continue;
        struct cargo *of = &cargo[row->link];
        of->rows++;
        of->asked += row->request != 0;
        of->handed_over += row->next_request != 0;
        of->heard += row->next_heard;
    }
}

/* Whether nothing at all has come for long, though something was asked for. */
static bool is_silent(const struct streams *streams, const struct stream_link *link, const struct cargo *cargo,
                      int64_t now_ms)
{
    int64_t bound_ms = stream_wall_ms(STREAM_SILENCE_MS, streams->poll->clock.speed, LINK_PATIENCE_MS);
    uint32_t asked = cargo[link - streams->links].asked;
    if (link->predecessor != NO_LINK)
        asked += cargo[link->predecessor].handed_over;
    return link->state == STREAM_LINK_OPEN && asked > 0 && now_ms - link->heard_ms > bound_ms;
}

/* Whether the exchange is about to close a link. */
static bool is_old(const struct streams *streams, const struct stream_link *link, int64_t now_ms)
{
    int64_t lifetime_ms = streams->stream->lifetime_ms, speed = streams->poll->clock.speed;
    if (link->state != STREAM_LINK_OPEN || lifetime_ms == 0)
        return link->state == STREAM_LINK_OPEN && link->leaving;
    int64_t margin_ms = LIFETIME_MARGIN_MS + (link - streams->links) * LIFETIME_STAGGER_MS;
    if (margin_ms < LIFETIME_WALL_MS * speed)
        margin_ms = LIFETIME_WALL_MS * speed;
    if (margin_ms > lifetime_ms / 4)
        margin_ms = lifetime_ms / 4;
    return link->leaving || (now_ms - link->since_ms) * speed >= lifetime_ms - margin_ms;
}

static void begin_handing_over(struct streams *streams, struct stream_link *link, int64_t now_ms)
{
    int successor = streams_open_link(streams, link->url, now_ms);
    if (successor == NO_LINK)
        return;
    link->successor = successor;
    streams->links[successor].predecessor = (int)(link - streams->links);
}

/* The old link ends when the new one has asked for everything and heard of it, or has waited long enough. */
static bool is_handed_over(const struct streams *streams, const struct stream_link *link, const struct cargo *cargo,
                           int64_t now_ms)
{
    const struct stream_link *next = &streams->links[link->successor];
    int64_t patience_ms = stream_wall_ms(TAKE_OVER_MS, streams->poll->clock.speed, LINK_PATIENCE_MS);
    return next->state == STREAM_LINK_OPEN && cargo->handed_over == cargo->rows &&
           (cargo->heard == cargo->rows || (next->spoke && now_ms - next->said_ms >= patience_ms));
}

static void end_handing_over(struct streams *streams, struct stream_link *link, const struct cargo *cargo)
{
    log_info("stream_handed_over", log_int("link", link - streams->links), log_int("to", link->successor),
             log_int("subscriptions", cargo->rows));
    metric_add(METRIC_stream_reconnects_total, 1);
    streams_end_link(streams, link);
}

static void give_up(struct streams *streams, struct stream_link *link, const struct cargo *cargo, int64_t now_ms)
{
    log_warn("stream_connection_silent", log_int("link", link - streams->links), log_text("url", link->url),
             log_int("subscriptions", cargo->rows));
    metric_add(METRIC_stream_silent_total, cargo->rows);
    metric_add(METRIC_stream_reconnects_total, 1);
    if (!link->spoke)
        stream_failed(&streams->attempts, now_ms, poll_random(streams->poll));
    streams_end_link(streams, link);
}

/* Looks after one link; true if it is no more, and so the others do not carry what they did. */
static bool watch_link(struct streams *streams, struct stream_link *link, const struct cargo *all, int64_t now_ms)
{
    const struct cargo *cargo = &all[link - streams->links];
    bool hands_over = link->successor != NO_LINK, takes_over = link->predecessor != NO_LINK;
    if (is_silent(streams, link, all, now_ms)) {
        give_up(streams, link, cargo, now_ms);
    } else if (hands_over && is_handed_over(streams, link, cargo, now_ms)) {
        end_handing_over(streams, link, cargo);
    } else if (!hands_over && !takes_over && cargo->rows == 0 && link->state == STREAM_LINK_OPEN) {
        streams_end_link(streams, link); /* it carries nothing any more */
    } else {
        if (!hands_over && !takes_over && is_old(streams, link, now_ms))
            begin_handing_over(streams, link, now_ms);
        return false;
    }
    return true;
}

void streams_watch(struct streams *streams, int64_t now_ms)
{
    struct cargo cargo[STREAM_LINKS_MAX];
    int open = 0;
    if (now_ms - streams->watched_ms < WATCH_MS)
        return;
    streams->watched_ms = now_ms;
    watch_rows(streams, now_ms);
    weigh(streams, cargo);
    for (int i = 0; i < STREAM_LINKS_MAX; i++)
        if (streams->links[i].state != STREAM_LINK_FREE && watch_link(streams, &streams->links[i], cargo, now_ms))
            break;
    for (int i = 0; i < STREAM_LINKS_MAX; i++)
        open += streams->links[i].state == STREAM_LINK_OPEN;
    metric_set(METRIC_stream_connections, open);
}
