/* One request: its accessors, and how an answer is put together. */
/* SPDX-License-Identifier: MIT */
#include "lib/runtime/http_internal.h"

#include <assert.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

struct http_request *http_request_create(struct http_connection *connection, const char *url)
{
    size_t length = strnlen(url, HTTP_URL_MAX);
    struct http_request *request = malloc(sizeof *request + length + 1);
    if (request == NULL)
        return NULL;
    memset(request, 0, offsetof(struct http_request, added));
    request->server = connection->server;
    request->connection = connection;
    request->method = request->path = "";
    request->url_is_cut = url[length] != '\0';
    memcpy(request->url, url, length);
    request->url[length] = '\0';
    return request;
}

void http_request_destroy(struct http_request *request)
{
    if (request->response != NULL)
        MHD_destroy_response(request->response);
    free(request->body);
    free(request);
}

/* ---- what was asked ---- */

static struct MHD_Connection *handle_of(const struct http_request *request)
{
    return request->connection == NULL ? NULL : request->connection->handle;
}

static const char *lookup(const struct http_request *request, enum MHD_ValueKind kind, const char *name)
{
    struct MHD_Connection *handle = handle_of(request);
    return handle == NULL ? NULL : MHD_lookup_connection_value(handle, kind, name);
}

const char *http_method(const struct http_request *request)
{
    return request->method;
}

const char *http_path(const struct http_request *request)
{
    return request->path;
}

const char *http_argument(const struct http_request *request, const char *name)
{
    return lookup(request, MHD_GET_ARGUMENT_KIND, name);
}

const char *http_header(const struct http_request *request, const char *name)
{
    return lookup(request, MHD_HEADER_KIND, name);
}

const char *http_cookie(const struct http_request *request, const char *name)
{
    return lookup(request, MHD_COOKIE_KIND, name);
}

const char *http_client_address(const struct http_request *request)
{
    return request->address;
}

const char *http_raw_query(const struct http_request *request)
{
    const char *mark = strchr(request->url, '?');
    return mark == NULL ? "" : mark + 1;
}

const uint8_t *http_body(const struct http_request *request, size_t *size)
{
    *size = request->body_size;
    return request->body;
}

/* ---- the answer ---- */

void http_add_header(struct http_request *request, const char *name, const char *value)
{
    size_t name_size = strlen(name) + 1, value_size = strlen(value) + 1;
    assert(request->added_size + name_size + value_size <= sizeof request->added);
    memcpy(request->added + request->added_size, name, name_size);
    memcpy(request->added + request->added_size + name_size, value, value_size);
    request->added_size += name_size + value_size;
}

static void add_server_headers(struct MHD_Response *response, const char *const *headers)
{
    for (; headers != NULL && *headers != NULL; headers++) {
        char name[64];
        const char *colon = strstr(*headers, ": ");
        assert(colon != NULL && (size_t)(colon - *headers) < sizeof name);
        size_t length = (size_t)(colon - *headers);
        memcpy(name, *headers, length);
        name[length] = '\0';
        (void)MHD_add_response_header(response, name, colon + 2);
    }
}

void http_request_set_response(struct http_request *request, int status, const char *content_type,
                               struct MHD_Response *response)
{
    assert(request->response == NULL);
    if (response == NULL) { /* memory is out: the client sees a closed connection */
        request->dropped = true;
        return;
    }
    if (content_type != NULL)
        (void)MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, content_type);
    add_server_headers(response, request->server->options.headers);
    for (size_t at = 0; at < request->added_size;) {
        const char *name = request->added + at;
        const char *value = name + strlen(name) + 1;
        (void)MHD_add_response_header(response, name, value);
        at += (size_t)(value - name) + strlen(value) + 1;
    }
    request->response = response;
    request->status = status;
}

/* The body of an answer that is to be cut. */
struct cut_body {
    size_t size, cut_at;
    uint8_t bytes[];
};

static ssize_t read_cut_body(void *user, uint64_t position, char *out, size_t capacity)
{
    const struct cut_body *body = user;
    if (position >= body->cut_at)
        return MHD_CONTENT_READER_END_WITH_ERROR;
    size_t left = body->cut_at - (size_t)position;
    size_t size = left < capacity ? left : capacity;
    memcpy(out, body->bytes + position, size);
    return (ssize_t)size;
}

static struct MHD_Response *create_cut_response(const void *bytes, size_t size, size_t cut_at)
{
    struct cut_body *body = malloc(sizeof *body + size);
    if (body == NULL)
        return NULL;
    *body = (struct cut_body){.size = size, .cut_at = cut_at < size ? cut_at : size};
    if (size > 0)
        memcpy(body->bytes, bytes, size);
    /* One byte more is announced than will ever come, so that a cut behind the last byte is one too. */
    struct MHD_Response *response =
        MHD_create_response_from_callback(cut_at < size ? size : size + 1, 4096, read_cut_body, body, free);
    if (response == NULL)
        free(body);
    return response;
}

static void answer(struct http_request *request, int status, const char *content_type, const void *body, size_t size,
                   enum MHD_ResponseMemoryMode mode)
{
    if (request->expired)
        return;
    /* The daemon takes a pointer to non-const but does not write through it. */
    struct MHD_Response *response =
        request->truncated ? create_cut_response(body, size, request->truncate_at)
                           : MHD_create_response_from_buffer(size, (void *)(uintptr_t)(size > 0 ? body : ""), mode);
    http_request_set_response(request, status, content_type, response);
}

void http_answer(struct http_request *request, int status, const char *content_type, const void *body, size_t size)
{
    answer(request, status, content_type, body, size, MHD_RESPMEM_MUST_COPY);
}

void http_answer_text(struct http_request *request, int status, const char *text)
{
    http_answer(request, status, "text/plain; charset=utf-8", text, strlen(text));
}

void http_answer_static(struct http_request *request, int status, const char *content_type, const void *body,
                        size_t size)
{
    answer(request, status, content_type, body, size, MHD_RESPMEM_PERSISTENT);
}

void http_truncate(struct http_request *request, size_t bytes)
{
    assert(request->response == NULL);
    request->truncated = true;
    request->truncate_at = bytes;
}

void http_drop(struct http_request *request)
{
    request->dropped = true;
}

/* ---- later ---- */

void http_answer_later(struct http_request *request)
{
    assert(request->phase == HTTP_PHASE_BODY && !request->owned);
    request->owned = true;
}

void http_resume(struct http_request *request)
{
    assert(request->owned);
    request->owned = false;
    if (request->connection == NULL) {
        struct http_request **link = &request->server->orphans;
        while (*link != request)
            link = &(*link)->next_orphan;
        *link = request->next_orphan;
        http_request_destroy(request);
        return;
    }
    if (request->expired || request->phase != HTTP_PHASE_LATER)
        return; /* answered 504, or still inside its handler */
    assert(request->response != NULL || request->dropped);
    http_connection_resume(request->connection);
}

void http_request_expire(struct http_request *request)
{
    if (request->response != NULL) { /* the answer was there, but nobody gave the sign to send it */
        MHD_destroy_response(request->response);
        request->response = NULL;
    }
    http_answer_text(request, MHD_HTTP_GATEWAY_TIMEOUT, "no answer came in time\n");
    request->expired = true;
    http_connection_resume(request->connection);
}

enum MHD_Result http_request_send(struct http_request *request)
{
    request->phase = HTTP_PHASE_ANSWER;
    if (request->dropped)
        return MHD_NO;
    assert(request->response != NULL); /* exactly one answer per request */
    enum MHD_Result result = MHD_queue_response(handle_of(request), (unsigned)request->status, request->response);
    MHD_destroy_response(request->response);
    request->response = NULL;
    return result;
}
