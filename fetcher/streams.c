/* The streams: which connections there are, and what each of them carries. */
/* SPDX-License-Identifier: MIT */
#include "fetcher/streams.h"

#include "lib/base/clock.h"
#include "lib/base/log.h"
#include "lib/runtime/metrics.h"

#include <assert.h>
#include <string.h>

enum {
    NO_LINK = SUBSCRIPTION_NO_LINK,
    MOVES_MAX = 3,             /* a subscription that is silent wherever it goes rests then */
};

/* ---- links ---- */

void streams_set_alive(struct streams *streams, struct subscription *row, bool alive)
{
    row->alive = alive;
    if (row->kind != STREAM_CANDLES)
        return;
    struct series *series = market_find(streams->poll->market, row->instrument.symbol, row->interval_s);
    if (series == NULL)
        return;
    series->streamed = alive;
    poll_replan(streams->poll, series);
}

void streams_drop(struct streams *streams, struct subscription *row)
{
    if (row->alive)
        streams_set_alive(streams, row, false);
    subscription_clear(row);
    streams->waiting = true;
}

/* What was already asked for on the successor goes there, the rest is free to go anywhere. */
static void release_rows(struct streams *streams, int index, int successor)
{
    for (size_t i = 0; i < streams->subscriptions.count; i++) {
        struct subscription *row = &streams->subscriptions.rows[i];
        if (row->link != index)
            continue;
        if (successor != NO_LINK && row->next_request != 0) {
            row->link = successor;
            row->request = row->next_request;
            row->next_request = 0;
            row->next_heard = false;
        } else {
            streams_drop(streams, row);
        }
    }
}

/* The successor of a link failed before it had taken over. */
static void forget_successor(struct streams *streams, int index)
{
    streams->links[index].successor = NO_LINK;
    for (size_t i = 0; i < streams->subscriptions.count; i++)
        if (streams->subscriptions.rows[i].link == index) {
            streams->subscriptions.rows[i].next_request = 0;
            streams->subscriptions.rows[i].next_heard = false;
        }
}

static void free_link(struct streams *streams, struct stream_link *link)
{
    int index = (int)(link - streams->links);
    release_rows(streams, index, link->successor);
    if (link->successor != NO_LINK)
        streams->links[link->successor].predecessor = NO_LINK;
    if (link->predecessor != NO_LINK)
        forget_successor(streams, link->predecessor);
    *link = (struct stream_link){.streams = streams, .successor = NO_LINK, .predecessor = NO_LINK};
}

void streams_end_link(struct streams *streams, struct stream_link *link)
{
    if (link->socket != NULL)
        websocket_close(link->socket);
    link->socket = NULL;
    free_link(streams, link);
}

static void on_open(void *user)
{
    struct stream_link *link = user;
    link->state = STREAM_LINK_OPEN;
    link->since_ms = link->heard_ms = clock_monotonic_ms();
    link->said_ms = 0;
    log_info("stream_opened", log_int("link", link - link->streams->links), log_text("url", link->url));
}

static void on_text(void *user, const char *text, size_t size)
{
    struct stream_link *link = user;
    link->heard_ms = clock_monotonic_ms();
    link->spoke = true;
    link->streams->attempts.failures = 0;
    streams_read(link, text, size);
}

static void on_end(void *user, const char *why)
{
    struct stream_link *link = user;
    struct streams *streams = link->streams;
    log_warn("stream_ended", log_int("link", link - streams->links), log_text("url", link->url),
             log_text("error", why));
    if (!link->spoke)
        stream_failed(&streams->attempts, clock_monotonic_ms(), poll_random(streams->poll));
    metric_add(METRIC_stream_reconnects_total, 1);
    link->socket = NULL;
    free_link(streams, link);
}

static const struct websocket_events link_events = {.on_open = on_open, .on_text = on_text, .on_end = on_end};

/* The first link that is not in use, or STREAM_LINKS_MAX. */
static int free_link_of(const struct streams *streams)
{
    int index = 0;
    while (index < STREAM_LINKS_MAX && streams->links[index].state != STREAM_LINK_FREE)
        index++;
    return index;
}

int streams_open_link(struct streams *streams, const char *url, int64_t now_ms)
{
    int index = free_link_of(streams);
    if (index == STREAM_LINKS_MAX || !poll_may_ask(streams->poll) || !stream_attempt(&streams->attempts, now_ms))
        return NO_LINK;
    struct stream_link *link = &streams->links[index];
    *link = (struct stream_link){.streams = streams, .url = url, .since_ms = now_ms, .heard_ms = now_ms,
                                 .successor = NO_LINK, .predecessor = NO_LINK};
    if (websocket_open(streams->client, url, &link_events, link, &link->socket) != 0) {
        log_error("stream_not_opened", log_text("url", url), log_text("error", error_message()));
        stream_failed(&streams->attempts, now_ms, poll_random(streams->poll));
        return NO_LINK;
    }
    link->state = STREAM_LINK_CONNECTING;
    return index;
}

/* ---- what goes where ---- */

static const char *url_of(const struct streams *streams, enum stream_kind kind)
{
    return kind == STREAM_TICKERS ? streams->tickers_url : streams->candles_url;
}

/* How many subscriptions each link has, with those that it takes over. */
static void count_loads(const struct streams *streams, int loads[STREAM_LINKS_MAX])
{
    memset(loads, 0, STREAM_LINKS_MAX * sizeof *loads);
    for (size_t i = 0; i < streams->subscriptions.count; i++) {
        int link = streams->subscriptions.rows[i].link;
        if (link == NO_LINK)
            continue;
        loads[link]++;
        if (streams->links[link].successor != NO_LINK)
            loads[streams->links[link].successor]++;
    }
}

/* A link for a subscription that has none: one with room, or a new one. */
static int choose_link(struct streams *streams, const struct subscription *row, const int loads[STREAM_LINKS_MAX],
                       int64_t now_ms)
{
    const char *url = url_of(streams, row->kind);
    for (int i = 0; i < STREAM_LINKS_MAX; i++) {
        const struct stream_link *link = &streams->links[i];
        if (link->state != STREAM_LINK_FREE && strcmp(link->url, url) == 0 && i != row->shunned && !link->leaving &&
            link->successor == NO_LINK && loads[i] < streams->stream->topics_per_connection)
            return i;
    }
    return streams_open_link(streams, url, now_ms);
}

static void tell_crowded(struct streams *streams, bool crowded)
{
    if (crowded && !streams->crowded)
        log_warn("streams_full", log_int("connections", STREAM_LINKS_MAX));
    streams->crowded = crowded;
}

static void assign(struct streams *streams, int64_t now_ms)
{
    int loads[STREAM_LINKS_MAX];
    bool all = true;
    if (!streams->waiting)
        return;
    count_loads(streams, loads);
    for (size_t i = 0; i < streams->subscriptions.count; i++) {
        struct subscription *row = &streams->subscriptions.rows[i];
        if (!row->wanted || row->link != NO_LINK || row->rest_until_ms > now_ms)
            continue;
        int link = choose_link(streams, row, loads, now_ms);
        all = link != NO_LINK;
        if (!all)
            break;
        row->link = link;
        row->shunned = NO_LINK;
        loads[link]++;
        streams->links[link].idle = false;
    }
    streams->waiting = !all;
    tell_crowded(streams, !all && free_link_of(streams) == STREAM_LINKS_MAX);
}

void streams_move(struct streams *streams, struct subscription *row)
{
    int from = row->link;
    struct stream_link *link = &streams->links[from];
    struct stream_topic topic = {row->kind, row->interval_s, &row->instrument};
    metric_add(METRIC_stream_silent_total, 1);
    log_warn("stream_silent", log_text("symbol", row->instrument.symbol), log_int("interval_s", row->interval_s),
             log_int("link", from), log_int("missed", row->missed));
    if (link->state == STREAM_LINK_OPEN &&
        streams->stream->subscribe(&topic, 1, false, ++streams->texts, streams->text) == 0 &&
        websocket_send(link->socket, streams->text, strlen(streams->text)) != 0)
        log_warn("stream_not_told", log_text("error", error_message()));
    streams_drop(streams, row);
    row->shunned = from;
    if (++row->moves <= MOVES_MAX)
        return;
    row->moves = 0;
    row->rest_until_ms = clock_monotonic_ms() + STREAM_REST_MS;
}

/* ---- tickers ---- */

static void publish_fresh(struct streams *streams)
{
    for (size_t i = 0; i < streams->subscriptions.count; i++) {
        struct subscription *row = &streams->subscriptions.rows[i];
        if (row->kind != STREAM_TICKERS)
            break;
        if (!row->ticker.fresh)
            continue;
        row->ticker.fresh = false;
        row->ticker.shown_ms = row->ticker.newest.time_ms;
        publish_ticker(streams->poll->publish, &row->ticker.newest, poll_exchange_ms(streams->poll));
    }
    publish_tickers(streams->poll->publish);
}

bool streams_bring_tickers(struct streams *streams, const char *symbol)
{
    const struct subscription *row = subscriptions_find(&streams->subscriptions, symbol, 0);
    return row != NULL && row->alive;
}

bool streams_bring_all_tickers(struct streams *streams)
{
    const struct market *market = streams->poll->market;
    for (size_t i = 0; i < market->instrument_count; i++)
        if (market->instruments[i].trading && !streams_bring_tickers(streams, market->instruments[i].symbol))
            return false;
    return streams->stream != NULL;
}

static bool says_the_same(const struct ticker *left, const struct ticker *right)
{
    return left->last == right->last && left->bid == right->bid && left->ask == right->ask &&
           left->price_scale == right->price_scale;
}

bool streams_admit_ticker(struct streams *streams, const struct ticker *ticker)
{
    struct subscription *row = subscriptions_find(&streams->subscriptions, ticker->symbol, 0);
    if (row == NULL)
        return true;
    if (ticker->time_ms < row->ticker.newest.time_ms)
        return false;
    row->missed += row->request != 0 && !row->alive && !says_the_same(ticker, &row->ticker.newest);
    row->ticker.newest = *ticker;
    row->ticker.fresh = false;
    if (row->missed >= STREAM_MISSED_TICKERS)
        streams_move(streams, row);
    return true;
}

/* Candles that REST brought and the stream had not announced in any way, though it was subscribed to before they opened.
 * Where quiet markets are silent by rule, a candle without trades says nothing. */
void streams_note_candles(struct streams *streams, const struct series *series, uint32_t appended)
{
    struct subscription *row = subscriptions_find(&streams->subscriptions, series->symbol, series->interval_s);
    if (appended == 0 || row == NULL || row->link == NO_LINK || row->request == 0)
        return;
    const struct candle *newest = ring_at(&series->ring, series->ring.count - 1);
    if (streams->stream->silence_ms == 0 && newest->volume == 0)
        return;
    const struct poll *poll = streams->poll;
    int64_t age_ms = (poll_exchange_ms(poll) - newest->open_time_ms) / poll->clock.speed;
    int64_t opened_ms = clock_monotonic_ms() - age_ms;
    if (row->asked_ms > opened_ms)
        return;
    if (row->heard_ms >= opened_ms) {
        row->missed = 0;
        return;
    }
    if (row->alive)
        streams_set_alive(streams, row, false);
    if (++row->missed >= STREAM_MISSED_CANDLES)
        streams_move(streams, row);
}

/* ---- life ---- */

static void end_all(struct streams *streams)
{
    for (int i = 0; i < STREAM_LINKS_MAX; i++)
        if (streams->links[i].state != STREAM_LINK_FREE)
            streams_end_link(streams, &streams->links[i]);
    streams->alive_series = 0;
    metric_set(METRIC_stream_connections, 0);
    metric_set(METRIC_stream_topics, 0);
}

void streams_stop(struct streams *streams)
{
    end_all(streams);
}

void streams_set_on(struct streams *streams, bool on, bool heeded)
{
    if (streams->on && !on)
        end_all(streams);
    streams->on = on;
    streams->heeded = heeded;
}

void streams_follow(struct streams *streams)
{
    struct market *market = streams->poll->market;
    if (streams->stream == NULL)
        return;
    if (subscriptions_follow(&streams->subscriptions, market, streams->stream) != 0)
        log_error("streams_not_followed", log_text("error", error_message()));
    for (struct series *series = NULL; (series = market_next(market, series)) != NULL;) {
        const struct subscription *row = subscriptions_find(&streams->subscriptions, series->symbol, series->interval_s);
        series->streamed = row != NULL && row->wanted && row->alive;
    }
    streams->waiting = true;
    for (int i = 0; i < STREAM_LINKS_MAX; i++)
        streams->links[i].idle = false;
}

void streams_on_tick(struct streams *streams, int64_t now_ms)
{
    if (streams->stream == NULL || !streams->on)
        return;
    streams_watch(streams, now_ms);
    assign(streams, now_ms);
    streams_speak(streams, now_ms);
    if (!streams->heeded || now_ms - streams->tickers_ms < streams->poll->tick_ms)
        return;
    streams->tickers_ms = now_ms;
    publish_fresh(streams);
}

/* The streams of an exchange are not those of another address that its REST interface is asked at. */
static bool has_streams(const struct config *config, const struct exchange *exchange)
{
    if (exchange->stream == NULL || strcmp(config->exchange_stream_url, "none") == 0)
        return false;
    return config->exchange_stream_url[0] != '\0' || config->exchange_url[0] == '\0';
}

int streams_open(struct streams *streams, struct poll *poll)
{
    const struct config *config = poll->context->config;
    const char *url = config->exchange_stream_url;
    *streams = (struct streams){.poll = poll};
    for (int i = 0; i < STREAM_LINKS_MAX; i++)
        streams->links[i] = (struct stream_link){.streams = streams, .successor = NO_LINK, .predecessor = NO_LINK};
    if (!has_streams(config, poll->exchange))
        return 0;
    const struct exchange_stream *stream = poll->exchange->stream;
    assert(stream->topics_per_request > 0 && stream->topics_per_connection > 0 && stream->requests_per_second > 0);
    streams->tickers_url = stream->tickers_url != NULL && url[0] != '\0' ? url : stream->tickers_url;
    streams->candles_url = stream->candles_url != NULL && url[0] != '\0' ? url : stream->candles_url;
    int code = websockets_open(&streams->client, poll->context->loop);
    if (code == 0)
        streams->stream = stream;
    return code;
}

void streams_close(struct streams *streams)
{
    websockets_close(streams->client);
    streams->client = NULL;
    streams->stream = NULL;
    subscriptions_release(&streams->subscriptions);
}
