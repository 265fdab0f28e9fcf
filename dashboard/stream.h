/* The streams of server-sent events: who listens, and what everyone is told. */
/* SPDX-License-Identifier: MIT */
#ifndef WICK_DASHBOARD_STREAM_H
#define WICK_DASHBOARD_STREAM_H

#include "dashboard/event_ring.h"
#include "dashboard/session.h"
#include "dashboard/view.h"
#include "lib/runtime/http_server.h"

enum {
    STREAMS_MAX = 32,
    STREAM_HEARTBEAT_MS = 15 * 1000, /* a comment, so that proxies keep the connection */
    STREAM_LIFETIME_MS = 90 * 1000,  /* then it ends and the page resumes: less than the patience of any proxy */
    STREAM_RETRY_MS = 250,           /* how long the page waits before it does */
    EVENT_DATA_SIZE = 8 * 1024,      /* JSON of one event: all kinds at once fit what may wait for a page */
};

struct stream_place {
    struct http_stream *stream; /* NULL: free */
    uint64_t session_id;
    int64_t opened_ms;
    int64_t written_ms; /* monotonic, the last byte */
    bool ending;
};

struct streams {
    struct event_ring events;
    struct stream_place places[STREAMS_MAX];
};

/* ERROR_MEMORY. `run` marks the ids of this process's events. */
int streams_init(struct streams *streams, uint64_t run) MUST_CHECK;
void streams_release(struct streams *streams);

/* Tells every page what changed in the view since the last flush: at most one event of each kind, of bounded size. */
void streams_flush(struct streams *streams, struct view *view, bool trader_silent, int64_t now_ms);

/* Ends the streams whose session is over or that are old, and keeps the others awake. Returns how many there are. */
size_t streams_sweep(struct streams *streams, const struct session_table *sessions, int64_t now_ms);

/* GET /api/v1/stream; `user` is the struct dashboard. */
void stream_handle(struct http_request *request, void *user);

#endif
