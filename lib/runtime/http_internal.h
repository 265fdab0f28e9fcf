/* What the parts of the HTTP server share: the server, its connections, its requests. Nobody else includes this. */
/* SPDX-License-Identifier: MIT */
#ifndef WICK_RUNTIME_HTTP_INTERNAL_H
#define WICK_RUNTIME_HTTP_INTERNAL_H

#include "lib/runtime/http_server.h"

#include <arpa/inet.h>
#include <microhttpd.h>

enum {
    HTTP_URL_MAX = 8192,
    HTTP_BODY_MAX = 65536,
    HTTP_HEADER_MAX = 16384,    /* the request line and all headers */
    HTTP_POOL_SIZE = 32768,     /* of one connection: what was received, parsed, and the answer's headers */
    HTTP_ADDED_SIZE = 2048,     /* all headers that a handler adds to one answer */
    HTTP_STREAM_BUFFER = 65536, /* what waits for a slow reader of a stream */
    HTTP_HEADER_MS = 5000,      /* a request must be complete this long after it began: its headers */
    HTTP_BODY_MS = 10000,       /* its body, after its headers */
    HTTP_ANSWER_MS = 60000,     /* its answer must be read, after it was given */
    HTTP_LATER_MS = 10000,      /* http_answer_later, unless the options say otherwise */
    HTTP_SWEEP_MS = 1000,       /* how often connections are held against these */
};

#define HTTP_NO_DEADLINE INT64_MAX

struct http_server {
    struct loop *loop;
    struct MHD_Daemon *daemon;
    int epoll_fd; /* owned by the daemon */
    int port;
    int timer; /* runs the daemon when a time-out or a sweep is due */
    bool closing;
    struct http_server_options options;
    struct http_connection *connections; /* all that are open */
    struct http_request *orphans;        /* their connection is gone, http_resume has not come yet */
};

/* Lives as long as the client's connection. */
struct http_connection {
    struct http_connection *next, *previous;
    struct MHD_Connection *handle;
    struct http_server *server;
    struct http_request *request; /* the one at work; NULL between requests */
    struct http_stream *stream;   /* the one that it carries; NULL: none */
    int64_t deadline_ms;          /* monotonic; when it passes, the connection is cut */
};

enum http_phase {
    HTTP_PHASE_HEADER, /* the request line has come */
    HTTP_PHASE_BODY,   /* the headers have come */
    HTTP_PHASE_LATER,  /* the handler has asked for time: suspended until http_resume */
    HTTP_PHASE_ANSWER, /* the answer is in the server's hands */
};

struct http_request {
    struct http_server *server;
    struct http_connection *connection; /* NULL: the client is gone */
    enum http_phase phase;
    bool owned;   /* http_answer_later was called, http_resume not yet: the memory is the handler's */
    bool expired; /* answered 504; what the handler answers is dropped */
    bool dropped; /* http_drop */
    bool truncated;
    bool url_is_cut; /* it was longer than HTTP_URL_MAX */
    size_t truncate_at;
    const char *method, *path; /* the daemon's, as long as the request */
    uint8_t *body;
    size_t body_size, body_capacity;
    struct MHD_Response *response; /* NULL: not answered yet */
    int status;
    char address[INET6_ADDRSTRLEN];
    struct http_request *next_orphan;
    size_t added_size;
    char added[HTTP_ADDED_SIZE]; /* name NUL value NUL, again and again; not zeroed */
    char url[];                  /* as sent, with the query */
};

/* The bytes of a request's URL are copied, at most HTTP_URL_MAX of them; NULL if memory is out. */
struct http_request *http_request_create(struct http_connection *connection, const char *url);
void http_request_destroy(struct http_request *request);

/* Gives the stored answer to the daemon; MHD_NO cuts the connection. */
enum MHD_Result http_request_send(struct http_request *request);

/* Answers 504 in place of a handler that took too long. */
void http_request_expire(struct http_request *request);

/* Makes `response` the request's answer, with all the headers it must carry; takes ownership. */
void http_request_set_response(struct http_request *request, int status, const char *content_type,
                               struct MHD_Response *response);

/* The connection is cut if nothing sets another deadline in time. */
void http_connection_set_deadline(struct http_connection *connection, int64_t after_ms);

/* Our struct for one of the daemon's connections; NULL if there was no memory for it. */
struct http_connection *http_connection_of(struct MHD_Connection *handle);

/* What the daemon calls, in this order, `user` being the server: the request line is complete, and what is returned
 * is the request's context from here on; headers, each piece of the body, the request's end have come; the request is
 * over, however it ended. */
void *http_on_request_line(void *user, const char *url, struct MHD_Connection *handle);
enum MHD_Result http_on_request(void *user, struct MHD_Connection *handle, const char *url, const char *method,
                                const char *version, const char *bytes, size_t *size, void **context);
void http_on_request_end(void *user, struct MHD_Connection *handle, void **context,
                         enum MHD_RequestTerminationCode code);

/* Takes a suspended connection up again on the loop's next turn. The daemon notices a resumed connection only when it
 * is run: it has no descriptor of its own for this when it is driven from outside. */
void http_connection_resume(struct http_connection *connection);

/* Cuts the socket; the daemon notices and cleans up. */
void http_connection_cut(struct http_connection *connection);

/* Throws away what is queued and cuts the connection. */
void http_stream_abandon(struct http_stream *stream);

/* The stream's connection is about to go. */
void http_stream_detach(struct http_stream *stream);

#endif
