/* Streams in rounds: what has closed since the last one, then, if it is time, what is forming and the tickers. A stream
 * that several clients follow is written once. */
/* SPDX-License-Identifier: MIT */
#include "tools/simulator/streams.h"

#include "lib/base/clock.h"
#include "lib/base/interval.h"
#include "tools/simulator/stream_events.h"
#include "tools/simulator/stream_request.h"
#include "tools/simulator/stream_server.h"

#include <stdio.h>
#include <stdlib.h>

enum { TOPICS_INITIAL = 256, SILENCES_MAX = 4096, GOING_AWAY = 1001 };

/* A connection. */
struct subscriber {
    struct stream_client *client; /* NULL: none at this place */
    bool wrapped;                 /* events come as {"stream":..,"data":..} */
    bool warned;                  /* of its end */
    bool silent;
    size_t count;       /* streams */
    int64_t ends_ms;    /* by the exchange's clock */
    enum fault fault;   /* that will befall it, or FAULT_NONE */
    int64_t fault_ms;   /* when; monotonic */
};

/* A subscription that is going to fall silent. */
struct silence {
    size_t place, topic;
    int64_t due_ms; /* monotonic */
};

struct streams {
    struct simulator *simulator;
    struct stream_server *server;
    int timer;
    int64_t lifetime_ms, fault_ms;
    int64_t closed_ms;                /* candles that end by then have been told; a market's edge */
    int64_t next_klines_ms, next_tickers_ms; /* monotonic */
    struct topic *topics;             /* owned */
    size_t topic_count, topic_capacity;
    size_t silence_count;
    struct silence silences[SILENCES_MAX];
    struct subscriber subscribers[STREAM_CLIENTS_MAX];
    struct stream_request request;
    struct text event, wrapped;
};

static struct subscriber *subscriber_of(struct streams *streams, const struct stream_client *client)
{
    return &streams->subscribers[stream_client_place(client)];
}

/* ---- the list of streams ---- */

/* The place of a stream in the list, where it is added; -1: there is no such stream. */
static long find_topic(struct streams *streams, const char *name)
{
    for (size_t i = 0; i < streams->topic_count; i++)
        if (strcmp(streams->topics[i].name, name) == 0)
            return (long)i;
    struct topic topic;
    if (!topic_read(streams->simulator->market, name, &topic))
        return -1;
    if (streams->topic_count == streams->topic_capacity) {
        size_t capacity = streams->topic_capacity == 0 ? TOPICS_INITIAL : 2 * streams->topic_capacity;
        struct topic *topics = reallocarray(streams->topics, capacity, sizeof *topics);
        if (topics == NULL)
            return -1;
        streams->topics = topics;
        streams->topic_capacity = capacity;
    }
    streams->topics[streams->topic_count] = topic;
    return (long)streams->topic_count++;
}

/* ---- faults ---- */

static void note_fault(struct streams *streams, enum fault fault, size_t place, const char *stream)
{
    struct journal *journal = &streams->simulator->journal;
    struct text *line = journal_begin(journal, simulator_now_ms(streams->simulator), "fault");
    if (line == NULL)
        return;
    text_add(line, ",\"fault\":");
    text_add_json(line, fault_name(fault));
    text_add(line, ",\"client\":");
    text_add_integer(line, (int64_t)place);
    if (stream != NULL) {
        text_add(line, ",\"stream\":");
        text_add_json(line, stream);
    }
    journal_end(journal);
}

/* Draws what will befall a subscription. */
static void doom(struct streams *streams, size_t place, size_t topic)
{
    struct fault_plan *faults = &streams->simulator->faults;
    if (faults_draw(faults, FAULT_WHEN_SUBSCRIPTION) == FAULT_NONE || streams->silence_count == SILENCES_MAX)
        return;
    streams->silences[streams->silence_count++] = (struct silence){
        place, topic, clock_monotonic_ms() + faults_draw_below(faults, streams->fault_ms)};
}

/* Silences the subscriptions whose time has come; forgets those that are over. */
static void fall_silent(struct streams *streams, int64_t now_ms)
{
    size_t kept = 0;
    for (size_t i = 0; i < streams->silence_count; i++) {
        struct silence silence = streams->silences[i];
        struct topic *topic = &streams->topics[silence.topic];
        uint64_t bit = 1ull << silence.place;
        if ((topic->clients & bit) == 0)
            continue;
        if (silence.due_ms > now_ms) {
            streams->silences[kept++] = silence;
            continue;
        }
        topic->silent |= bit;
        note_fault(streams, FAULT_silent_stream, silence.place, topic->name);
    }
    streams->silence_count = kept;
}

/* ---- subscriptions ---- */

static void subscribe(struct streams *streams, size_t place, const char *name)
{
    long index = find_topic(streams, name); /* Binance acknowledges streams that do not exist, too */
    uint64_t bit = 1ull << place;
    if (index < 0 || (streams->topics[index].clients & bit) != 0)
        return;
    streams->topics[index].clients |= bit;
    streams->subscribers[place].count++;
    doom(streams, place, (size_t)index);
}

static void unsubscribe(struct streams *streams, size_t place, struct topic *topic)
{
    uint64_t bit = 1ull << place;
    streams->subscribers[place].count -= (topic->clients & bit) != 0;
    topic->clients &= ~bit;
    topic->silent &= ~bit;
}

/* ---- what clients say ---- */

static void write_subscriptions(struct streams *streams, size_t place, struct text *out)
{
    text_add(out, "[");
    for (size_t i = 0; i < streams->topic_count; i++) {
        if ((streams->topics[i].clients & 1ull << place) == 0)
            continue;
        text_add_json(out, streams->topics[i].name);
        text_add(out, ",");
    }
    out->length -= out->bytes[out->length - 1] == ',';
    text_add(out, "]");
}

static void write_error(struct text *out, int code, const char *message)
{
    text_add(out, "{\"error\":{\"code\":");
    text_add_integer(out, code);
    text_add(out, ",\"msg\":");
    text_add_json(out, message);
    text_add(out, "}");
}

/* Does what was asked for and writes the answer but for its id. */
static void do_request(struct streams *streams, size_t place, struct text *out)
{
    const struct stream_request *request = &streams->request;
    bool on = strcmp(request->method, "SUBSCRIBE") == 0;
    if (strcmp(request->method, "LIST_SUBSCRIPTIONS") == 0) {
        text_add(out, "{\"result\":");
        write_subscriptions(streams, place, out);
        return;
    }
    if (!on && strcmp(request->method, "UNSUBSCRIBE") != 0) {
        write_error(out, 2, "Invalid request: unknown method, expected one of SUBSCRIBE, UNSUBSCRIBE, LIST_SUBSCRIPTIONS");
        return;
    }
    if (on && (request->too_many || streams->subscribers[place].count + request->count > STREAMS_A_CLIENT)) {
        write_error(out, 2, "Invalid request: more than 1024 streams");
        return;
    }
    for (size_t i = 0; i < request->count; i++) {
        long index = on ? -1 : find_topic(streams, request->names[i]);
        if (on)
            subscribe(streams, place, request->names[i]);
        else if (index >= 0)
            unsubscribe(streams, place, &streams->topics[index]);
    }
    text_add(out, "{\"result\":null");
}

static void note_request(struct streams *streams, size_t place)
{
    struct journal *journal = &streams->simulator->journal;
    struct text *line = journal_begin(journal, simulator_now_ms(streams->simulator), "stream_request");
    if (line == NULL)
        return;
    text_add(line, ",\"client\":");
    text_add_integer(line, (int64_t)place);
    text_add(line, ",\"method\":");
    text_add_json(line, streams->request.method);
    text_add(line, ",\"streams\":");
    text_add_integer(line, (int64_t)streams->request.count);
    journal_end(journal);
}

static void play(struct streams *streams);

static void on_text(void *user, struct stream_client *client, const char *text, size_t size)
{
    struct streams *streams = user;
    struct text *out = &streams->event;
    size_t place = stream_client_place(client);
    play(streams); /* what is subscribed to now begins now */
    out->length = 0;
    if (stream_request_read(&streams->request, text, size) != 0) {
        write_error(out, 3, "Invalid JSON: expected {\"method\":..,\"params\":[..],\"id\":..}");
    } else {
        do_request(streams, place, out);
        note_request(streams, place);
    }
    text_add(out, ",\"id\":");
    if (streams->request.has_id)
        text_add_integer(out, streams->request.id);
    else
        text_add(out, "null");
    text_add(out, "}");
    stream_send(client, out->bytes, out->length);
}

/* ---- connections ---- */

static void note_client(struct streams *streams, const char *event, size_t place, const char *key, const char *value)
{
    struct journal *journal = &streams->simulator->journal;
    struct text *line = journal_begin(journal, simulator_now_ms(streams->simulator), event);
    if (line == NULL)
        return;
    text_add(line, ",\"client\":");
    text_add_integer(line, (int64_t)place);
    text_add(line, ",\"");
    text_add(line, key);
    text_add(line, "\":");
    text_add_json(line, value);
    journal_end(journal);
}

/* Subscribes to the names between slashes. */
static void subscribe_list(struct streams *streams, size_t place, const char *list)
{
    while (*list != '\0' && streams->subscribers[place].count < STREAMS_A_CLIENT) {
        char name[TOPIC_NAME_SIZE];
        size_t length = strcspn(list, "/&");
        if (length < sizeof name) {
            memcpy(name, list, length);
            name[length] = '\0';
            subscribe(streams, place, name);
        }
        if (list[length] != '/')
            return;
        list += length + 1;
    }
}

/* %40 and %2F, which some clients write for @ and /. */
static void decode(char *text)
{
    char *to = text;
    for (const char *at = text; *at != '\0'; at++) {
        unsigned byte;
        if (at[0] == '%' && sscanf(at + 1, "%2x", &byte) == 1 && byte > ' ' && byte < 0x7f) {
            *to++ = (char)byte;
            at += 2;
        } else {
            *to++ = *at;
        }
    }
    *to = '\0';
}

/* Reads /ws, /ws/NAME/..., /stream?streams=NAME/..., and /stream/ws/..., which ccxt uses. */
static bool read_target(struct streams *streams, size_t place, const char *target)
{
    char text[STREAM_TARGET_SIZE];
    (void)snprintf(text, sizeof text, "%s", target);
    decode(text);
    if (strcmp(text, "/ws") == 0 || strncmp(text, "/stream/ws", 10) == 0)
        return true;
    if (strncmp(text, "/ws/", 4) == 0) {
        subscribe_list(streams, place, text + 4);
        return true;
    }
    streams->subscribers[place].wrapped = true;
    if (strcmp(text, "/stream") == 0)
        return true;
    if (strncmp(text, "/stream?streams=", 16) != 0)
        return false;
    subscribe_list(streams, place, text + 16);
    return true;
}

static void on_end(void *user, struct stream_client *client, const char *why)
{
    struct streams *streams = user;
    size_t place = stream_client_place(client);
    for (size_t i = 0; i < streams->topic_count; i++)
        unsubscribe(streams, place, &streams->topics[i]);
    fall_silent(streams, INT64_MIN); /* no silence may wait for the next client at this place */
    streams->subscribers[place].client = NULL;
    note_client(streams, "stream_end", place, "why", why);
}

static void plan(struct streams *streams);

static bool on_open(void *user, struct stream_client *client, const char *target)
{
    struct streams *streams = user;
    struct simulator *simulator = streams->simulator;
    struct subscriber *subscriber = subscriber_of(streams, client);
    size_t place = stream_client_place(client);
    play(streams);
    *subscriber = (struct subscriber){.client = client,
                                      .ends_ms = simulator_now_ms(simulator) + streams->lifetime_ms,
                                      .fault = faults_draw(&simulator->faults, FAULT_WHEN_CONNECTION)};
    if (subscriber->fault != FAULT_NONE)
        subscriber->fault_ms = clock_monotonic_ms() + faults_draw_below(&simulator->faults, streams->fault_ms);
    if (!read_target(streams, place, target)) {
        subscriber->client = NULL;
        return false;
    }
    note_client(streams, "stream_open", place, "path", target);
    plan(streams);
    return true;
}

/* What becomes of a connection: its fault, the warning of its end, its end. */
static void age(struct streams *streams, struct subscriber *subscriber, int64_t now_ms)
{
    int64_t exchange_ms = simulator_now_ms(streams->simulator);
    int64_t warning_ms = streams->lifetime_ms / 2 < STREAMS_WARNING_MS ? streams->lifetime_ms / 2 : STREAMS_WARNING_MS;
    if (subscriber->fault != FAULT_NONE && subscriber->fault_ms <= now_ms) {
        note_fault(streams, subscriber->fault, stream_client_place(subscriber->client), NULL);
        subscriber->silent = true;
        if (subscriber->fault == FAULT_stream_drop)
            stream_cut(subscriber->client, "cut by a fault");
        subscriber->fault = FAULT_NONE;
    }
    if (exchange_ms >= subscriber->ends_ms - warning_ms && !subscriber->warned && !subscriber->silent) {
        streams->event.length = 0;
        if (subscriber->wrapped)
            text_add(&streams->event, "{\"stream\":\"!serverShutdown\",\"data\":");
        event_write_goodbye(exchange_ms, &streams->event);
        if (subscriber->wrapped)
            text_add(&streams->event, "}");
        stream_send(subscriber->client, streams->event.bytes, streams->event.length);
        subscriber->warned = true;
    }
    if (exchange_ms >= subscriber->ends_ms)
        stream_close(subscriber->client, GOING_AWAY, "24 hours are over");
}

/* ---- rounds ---- */

/* Sends the event that was written to all that follow the stream. */
static void deliver(struct streams *streams, const struct topic *topic)
{
    struct text *wrapped = &streams->wrapped;
    wrapped->length = 0;
    for (uint64_t left = topic->clients & ~topic->silent; left != 0; left &= left - 1) {
        const struct subscriber *subscriber = &streams->subscribers[__builtin_ctzll(left)];
        const struct text *text = &streams->event;
        if (subscriber->silent)
            continue;
        if (subscriber->wrapped && wrapped->length == 0) {
            text_add(wrapped, "{\"stream\":\"");
            text_add(wrapped, topic->name); /* which was read, so that it has nothing to be escaped */
            text_add(wrapped, "\",\"data\":");
            text_add_bytes(wrapped, streams->event.bytes, streams->event.length);
            text_add(wrapped, "}");
        }
        text = subscriber->wrapped ? wrapped : text;
        stream_send(subscriber->client, text->bytes, text->length);
    }
}

/* Tells the candles that ended at `edge_ms`. */
static void tell_closes(struct streams *streams, int64_t edge_ms)
{
    for (size_t i = 0; i < streams->topic_count; i++) {
        const struct topic *topic = &streams->topics[i];
        int64_t length_ms = (int64_t)topic->interval_s * 1000;
        if (topic->kind != TOPIC_KLINE || topic->clients == 0 ||
            interval_open_time(topic->interval_s, edge_ms) != edge_ms)
            continue;
        int64_t open_ms = interval_open_time(topic->interval_s, edge_ms - length_ms);
        streams->event.length = 0;
        if (event_write_kline(streams->simulator, topic->symbol, topic->interval_s, open_ms, edge_ms, &streams->event))
            deliver(streams, topic);
    }
}

static void write_all_mini_tickers(struct simulator *simulator, int64_t now_ms, struct text *out)
{
    text_add(out, "[");
    for (size_t i = 0; i < simulator->market->symbol_count; i++) {
        if (symbol_state(simulator->market, i, now_ms) == SYMBOL_ABSENT)
            continue;
        event_write_mini_ticker(simulator, i, now_ms, out);
        text_add(out, ",");
    }
    out->length -= out->bytes[out->length - 1] == ',';
    text_add(out, "]");
}

/* Writes what a stream says of the present; false: nothing. */
static bool write_present(struct simulator *simulator, const struct topic *topic, int64_t now_ms, struct text *out)
{
    if (topic->kind == TOPIC_ALL_MINI_TICKERS) {
        write_all_mini_tickers(simulator, now_ms, out);
        return true;
    }
    if (symbol_state(simulator->market, topic->symbol, now_ms) == SYMBOL_ABSENT)
        return false;
    switch (topic->kind) {
    case TOPIC_KLINE: {
        int64_t open_ms = interval_open_time(topic->interval_s, now_ms);
        return event_write_kline(simulator, topic->symbol, topic->interval_s, open_ms, now_ms, out);
    }
    case TOPIC_TICKER: event_write_ticker(simulator, topic->symbol, now_ms, out); break;
    case TOPIC_MINI_TICKER: event_write_mini_ticker(simulator, topic->symbol, now_ms, out); break;
    default: event_write_book_ticker(simulator, topic->symbol, now_ms, out); break;
    }
    return true;
}

static void tell_present(struct streams *streams, bool klines, bool tickers, int64_t exchange_ms)
{
    for (size_t i = 0; i < streams->topic_count; i++) {
        const struct topic *topic = &streams->topics[i];
        if (topic->clients == 0 || !(topic->kind == TOPIC_KLINE ? klines : tickers))
            continue;
        streams->event.length = 0;
        if (write_present(streams->simulator, topic, exchange_ms, &streams->event))
            deliver(streams, topic);
    }
}

/* So much of the exchange's time, in ms of this machine's, rounded up. */
static int64_t wall_ms(const struct streams *streams, int64_t exchange_ms)
{
    int64_t speed = streams->simulator->clock.speed_thousandths;
    return (exchange_ms * 1000 + speed - 1) / speed;
}

/* Whether a round is due that comes every `period_ms` of the exchange's clock; then sets the time of the next. */
static bool is_due(const struct streams *streams, int64_t period_ms, int64_t now_ms, int64_t *next_ms)
{
    if (now_ms < *next_ms)
        return false;
    int64_t wait_ms = wall_ms(streams, period_ms);
    *next_ms = now_ms + (wait_ms < STREAMS_ROUND_MS ? STREAMS_ROUND_MS : wait_ms);
    return true;
}

/* Tells what there is to tell by now. */
static void play(struct streams *streams)
{
    int64_t now_ms = clock_monotonic_ms(), exchange_ms = simulator_now_ms(streams->simulator);
    int64_t step_ms = (int64_t)streams->simulator->market->interval_s * 1000;
    for (; streams->closed_ms + step_ms <= exchange_ms; streams->closed_ms += step_ms)
        tell_closes(streams, streams->closed_ms + step_ms);
    bool klines = is_due(streams, STREAMS_KLINE_MS, now_ms, &streams->next_klines_ms);
    bool tickers = is_due(streams, STREAMS_TICKER_MS, now_ms, &streams->next_tickers_ms);
    if (klines || tickers) {
        fall_silent(streams, now_ms);
        tell_present(streams, klines, tickers, exchange_ms);
    }
}

/* Sets the timer for the next round, if anybody listens. */
static void plan(struct streams *streams)
{
    bool anybody = false;
    for (size_t i = 0; i < STREAM_CLIENTS_MAX; i++)
        anybody = anybody || streams->subscribers[i].client != NULL;
    if (!anybody) {
        loop_stop_timer(streams->simulator->loop, streams->timer);
        return;
    }
    int64_t step_ms = (int64_t)streams->simulator->market->interval_s * 1000;
    int64_t now_ms = clock_monotonic_ms();
    int64_t delay_ms = wall_ms(streams, streams->closed_ms + step_ms - simulator_now_ms(streams->simulator));
    int64_t klines_ms = streams->next_klines_ms - now_ms, tickers_ms = streams->next_tickers_ms - now_ms;
    delay_ms = klines_ms < delay_ms ? klines_ms : delay_ms;
    delay_ms = tickers_ms < delay_ms ? tickers_ms : delay_ms;
    loop_set_timer(streams->simulator->loop, streams->timer, delay_ms > 1 ? delay_ms : 1);
}

static void on_timer(void *user, int64_t now_ms)
{
    struct streams *streams = user;
    play(streams);
    for (size_t i = 0; i < STREAM_CLIENTS_MAX; i++)
        if (streams->subscribers[i].client != NULL)
            age(streams, &streams->subscribers[i], now_ms);
    stream_server_flush(streams->server);
    plan(streams);
}

/* ---- opening and closing ---- */

int streams_open(struct streams **out, struct simulator *simulator, const char *address, int port, int64_t lifetime_ms,
                 int64_t fault_ms)
{
    static const struct stream_server_events events = {on_open, on_text, on_end};
    struct streams *streams = calloc(1, sizeof *streams);
    if (streams == NULL)
        return error_set(ERROR_MEMORY, "the streams");
    streams->simulator = simulator;
    streams->lifetime_ms = lifetime_ms;
    streams->fault_ms = fault_ms;
    streams->closed_ms = interval_open_time(simulator->market->interval_s, simulator_now_ms(simulator));
    streams->timer = loop_add_timer(simulator->loop, 0, 0, on_timer, streams);
    int code = streams->timer < 0 ? streams->timer
                                  : stream_server_open(&streams->server, simulator->loop, address, port, &events, streams);
    if (code != 0) {
        streams_close(streams);
        return code;
    }
    *out = streams;
    return 0;
}

void streams_close(struct streams *streams)
{
    if (streams == NULL)
        return;
    stream_server_close(streams->server);
    if (streams->timer >= 0)
        loop_remove_timer(streams->simulator->loop, streams->timer);
    free(streams->topics);
    text_release(&streams->event);
    text_release(&streams->wrapped);
    free(streams);
}

int streams_port(const struct streams *streams)
{
    return stream_server_port(streams->server);
}
