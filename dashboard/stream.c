/* An event is written once into the ring and from there to every stream. A page that cannot keep up is cut off by the
 * server's limit on queued bytes and resumes; when it lacks too much it is told to fetch the state. */
/* SPDX-License-Identifier: MIT */
#include "dashboard/stream.h"

#include "dashboard/process.h"
#include "dashboard/reply.h"
#include "dashboard/view_json.h"
#include "lib/runtime/metrics.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

int streams_init(struct streams *streams, uint64_t run)
{
    memset(streams->places, 0, sizeof streams->places);
    return event_ring_init(&streams->events, run);
}

void streams_release(struct streams *streams)
{
    event_ring_release(&streams->events);
}

static void on_close(struct http_stream *stream, void *user)
{
    struct stream_place *place = user;
    if (place->stream == stream)
        *place = (struct stream_place){0};
}

/* A stream that does not take it has ended; on_close frees its place. */
static void write_to(struct stream_place *place, const char *bytes, size_t size, int64_t now_ms)
{
    place->written_ms = now_ms;
    if (!http_stream_write(place->stream, bytes, size))
        place->ending = true;
}

/* ---- what everyone is told ---- */

static void publish(struct streams *streams, const char *name, const struct json_writer *json, int64_t now_ms)
{
    size_t size = 0;
    assert(!json->full);
    const char *bytes = event_ring_add(&streams->events, name, json->text, &size);
    for (size_t i = 0; i < STREAMS_MAX; i++)
        if (streams->places[i].stream != NULL && !streams->places[i].ending)
            write_to(&streams->places[i], bytes, size, now_ms);
}

static void publish_portfolio(struct streams *streams, struct view *view, bool trader_silent, int64_t now_ms)
{
    char text[2048];
    struct json_writer json = json_into(text, sizeof text);
    if (!view->portfolio_dirty)
        return;
    view->portfolio_dirty = false;
    json_portfolio(&json, NULL, view, trader_silent);
    publish(streams, "pnl", &json, now_ms);
}

static const struct {
    const char *name;
    bool (*write)(struct json_writer *json, struct view *view);
} events_of_rows[] = {
    {"position", json_changed_positions},
    {"order", json_changed_orders},
    {"signal", json_changed_signals},
    {"process", json_changed_processes},
};

void streams_flush(struct streams *streams, struct view *view, bool trader_silent, int64_t now_ms)
{
    char text[EVENT_DATA_SIZE];
    publish_portfolio(streams, view, trader_silent, now_ms);
    for (size_t i = 0; i < sizeof events_of_rows / sizeof events_of_rows[0]; i++) {
        struct json_writer json = json_into(text, sizeof text);
        if (events_of_rows[i].write(&json, view))
            publish(streams, events_of_rows[i].name, &json, now_ms);
    }
    view_drop_ended(view);
}

size_t streams_sweep(struct streams *streams, const struct session_table *sessions, int64_t now_ms)
{
    static const char heartbeat[] = ":\n\n";
    size_t count = 0;
    for (size_t i = 0; i < STREAMS_MAX; i++) {
        struct stream_place *place = &streams->places[i];
        if (place->stream == NULL)
            continue;
        count++;
        if (place->ending)
            continue;
        if (!session_alive(sessions, place->session_id, now_ms) || now_ms - place->opened_ms >= STREAM_LIFETIME_MS) {
            place->ending = true;
            http_stream_end(place->stream);
        } else if (now_ms - place->written_ms >= STREAM_HEARTBEAT_MS) {
            write_to(place, heartbeat, sizeof heartbeat - 1, now_ms);
        }
    }
    return count;
}

/* ---- a page begins to listen ---- */

static void greet(struct streams *streams, struct stream_place *place, const char *last_id, int64_t now_ms)
{
    char text[256], id[EVENT_ID_SIZE];
    uint64_t first = streams->events.last_number + 1;
    bool resumes = last_id == NULL || event_ring_resume(&streams->events, last_id, &first);
    int length = snprintf(text, sizeof text, "retry: %d\n\n", STREAM_RETRY_MS);
    write_to(place, text, (size_t)length, now_ms);
    if (!resumes) {
        event_ring_id(&streams->events, id);
        length = snprintf(text, sizeof text, "id: %s\nevent: resync\ndata: {}\n\n", id);
        write_to(place, text, (size_t)length, now_ms);
    }
    for (uint64_t number = first; !place->ending && number <= streams->events.last_number; number++) {
        size_t size = 0;
        const char *bytes = event_ring_get(&streams->events, number, &size);
        write_to(place, bytes, size, now_ms);
    }
}

static struct stream_place *free_place(struct streams *streams)
{
    for (size_t i = 0; i < STREAMS_MAX; i++)
        if (streams->places[i].stream == NULL)
            return &streams->places[i];
    return NULL;
}

void stream_handle(struct http_request *request, void *user)
{
    struct dashboard *dashboard = user;
    struct stream_place *place = free_place(&dashboard->streams);
    const struct session *session = dashboard_session(dashboard, request);
    const char *header_id = http_header(request, "Last-Event-ID");
    const char *argument_id = http_argument(request, "after");
    char last_id[EVENT_ID_SIZE];
    const char *given = header_id != NULL ? header_id : argument_id;
    (void)snprintf(last_id, sizeof last_id, "%s", given != NULL ? given : "");
    if (place == NULL || session == NULL) {
        reply_retry(request, 503, 5000, "too many pages listen already");
        return;
    }
    http_add_header(request, "Cache-Control", "no-store, no-transform");
    http_add_header(request, "X-Accel-Buffering", "no");
    *place = (struct stream_place){
        .session_id = session->id, .opened_ms = dashboard_now(dashboard), .written_ms = dashboard_now(dashboard)};
    place->stream = http_stream_begin(request, "text/event-stream", on_close, place);
    if (place->stream == NULL) {
        *place = (struct stream_place){0};
        reply_retry(request, 503, 1000, "no stream can be opened now");
        return;
    }
    metric_set(METRIC_event_streams, (double)streams_sweep(&dashboard->streams, &dashboard->sessions,
                                                           dashboard_now(dashboard)));
    greet(&dashboard->streams, place, given != NULL ? last_id : NULL, dashboard_now(dashboard));
}
