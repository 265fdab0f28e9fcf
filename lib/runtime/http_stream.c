/* Answers that stay open: a bounded buffer between whoever writes and a client that may be slow.
 *
 * The daemon pulls: it asks read_stream for bytes. When there are none the connection is suspended, and the next
 * write resumes it. */
/* SPDX-License-Identifier: MIT */
#include "lib/runtime/http_internal.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK_SIZE = 4096 };

struct http_stream {
    struct http_connection *connection; /* NULL: it has ended */
    void (*on_close)(struct http_stream *stream, void *user);
    void *user;
    bool suspended; /* the daemon waits for bytes */
    bool ended;     /* no more bytes; what is queued goes out */
    bool broken;    /* no more bytes; what is queued is thrown away */
    size_t start, end; /* of what is queued */
    uint8_t bytes[HTTP_STREAM_BUFFER];
};

static void wake(struct http_stream *stream)
{
    if (!stream->suspended)
        return;
    stream->suspended = false;
    http_connection_resume(stream->connection);
}

static ssize_t read_stream(void *user, uint64_t position, char *out, size_t capacity)
{
    struct http_stream *stream = user;
    (void)position;
    if (stream->broken)
        return MHD_CONTENT_READER_END_WITH_ERROR;
    size_t waiting = stream->end - stream->start;
    if (waiting == 0 && stream->ended)
        return MHD_CONTENT_READER_END_OF_STREAM;
    if (waiting == 0) {
        stream->suspended = true;
        MHD_suspend_connection(stream->connection->handle);
        return 0;
    }
    size_t size = waiting < capacity ? waiting : capacity;
    memcpy(out, stream->bytes + stream->start, size);
    stream->start += size;
    return (ssize_t)size;
}

void http_stream_detach(struct http_stream *stream)
{
    stream->broken = true;
    stream->suspended = false;
    if (stream->connection != NULL)
        stream->connection->stream = NULL;
    stream->connection = NULL;
}

/* The daemon is done with the answer, however it ended. */
static void free_stream(void *user)
{
    struct http_stream *stream = user;
    http_stream_detach(stream);
    if (stream->on_close != NULL)
        stream->on_close(stream, stream->user);
    free(stream);
}

struct http_stream *http_stream_begin(struct http_request *request, const char *content_type,
                                      void (*on_close)(struct http_stream *stream, void *user), void *user)
{
    assert(request->response == NULL && request->connection != NULL);
    struct http_stream *stream = malloc(sizeof *stream);
    if (stream == NULL)
        return NULL;
    stream->connection = request->connection;
    stream->on_close = NULL; /* not before the caller knows that it has begun */
    stream->user = user;
    stream->suspended = stream->ended = stream->broken = false;
    stream->start = stream->end = 0;
    struct MHD_Response *response =
        MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, BLOCK_SIZE, read_stream, stream, free_stream);
    if (response == NULL) {
        free(stream);
        return NULL;
    }
    http_request_set_response(request, MHD_HTTP_OK, content_type, response);
    stream->on_close = on_close;
    request->connection->stream = stream;
    (void)MHD_set_connection_option(request->connection->handle, MHD_CONNECTION_OPTION_TIMEOUT, 0u);
    return stream;
}

static bool make_room(struct http_stream *stream, size_t size)
{
    size_t waiting = stream->end - stream->start;
    if (size > sizeof stream->bytes - waiting)
        return false;
    if (size > sizeof stream->bytes - stream->end) {
        memmove(stream->bytes, stream->bytes + stream->start, waiting);
        stream->start = 0;
        stream->end = waiting;
    }
    return true;
}

bool http_stream_write(struct http_stream *stream, const void *bytes, size_t size)
{
    if (stream->ended || stream->broken)
        return false;
    if (!make_room(stream, size)) {
        http_stream_abandon(stream);
        return false;
    }
    memcpy(stream->bytes + stream->end, bytes, size);
    stream->end += size;
    wake(stream);
    return true;
}

void http_stream_end(struct http_stream *stream)
{
    stream->ended = true;
    wake(stream);
}

void http_stream_abandon(struct http_stream *stream)
{
    if (stream->broken)
        return;
    stream->broken = true;
    http_connection_cut(stream->connection); /* a client that does not read would never let the daemon go on */
    wake(stream);
}
