/* The way of a request: its lines are checked, its body is collected, its route is found, its right is checked, and
 * then its handler runs. */
/* SPDX-License-Identifier: MIT */
#include "lib/runtime/http_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

void *http_on_request_line(void *user, const char *url, struct MHD_Connection *handle)
{
    struct http_connection *connection = http_connection_of(handle);
    (void)user;
    if (connection == NULL)
        return NULL;
    http_connection_set_deadline(connection, HTTP_HEADER_MS);
    connection->request = http_request_create(connection, url);
    return connection->request;
}

void http_on_request_end(void *user, struct MHD_Connection *handle, void **context,
                         enum MHD_RequestTerminationCode code)
{
    struct http_server *server = user;
    struct http_request *request = *context;
    struct http_connection *connection = http_connection_of(handle);
    (void)code;
    if (connection != NULL) {
        connection->request = NULL;
        if (connection->stream != NULL)
            http_stream_detach(connection->stream);
        /* An idle connection is closed by the daemon; one that trickles bytes into it, by this. */
        http_connection_set_deadline(connection, (int64_t)server->options.idle_timeout_s * 1000 + HTTP_HEADER_MS);
    }
    if (request == NULL)
        return;
    request->connection = NULL;
    request->method = request->path = "";
    if (request->owned && !server->closing) {
        request->next_orphan = server->orphans;
        server->orphans = request;
    } else {
        http_request_destroy(request);
    }
}

struct header_count {
    int host, content_length, transfer_encoding;
};

static enum MHD_Result count_header(void *user, enum MHD_ValueKind kind, const char *name, const char *value)
{
    struct header_count *count = user;
    (void)kind, (void)value;
    count->host += strcasecmp(name, MHD_HTTP_HEADER_HOST) == 0;
    count->content_length += strcasecmp(name, MHD_HTTP_HEADER_CONTENT_LENGTH) == 0;
    count->transfer_encoding += strcasecmp(name, MHD_HTTP_HEADER_TRANSFER_ENCODING) == 0;
    return MHD_YES;
}

/* The size that the headers announce; -1 if it is not a number or beyond HTTP_BODY_MAX. */
static long announced_body(const struct http_request *request)
{
    const char *text = http_header(request, MHD_HTTP_HEADER_CONTENT_LENGTH);
    long size = 0;
    for (; text != NULL && *text != '\0'; text++) {
        if (*text < '0' || *text > '9' || size > HTTP_BODY_MAX)
            return -1;
        size = size * 10 + (*text - '0');
    }
    return size > HTTP_BODY_MAX ? -1 : size;
}

static bool method_is_known(const char *method)
{
    static const char *const known[] = {"GET", "HEAD", "POST", "DELETE"};
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (strcmp(method, known[i]) == 0)
            return true;
    return false;
}

/* The status that refuses a request by its headers, or 0. */
static int refusal(const struct http_request *request)
{
    struct MHD_Connection *handle = request->connection->handle;
    struct header_count count = {0};
    (void)MHD_get_connection_values(handle, MHD_HEADER_KIND, count_header, &count);
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(handle, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);
    if (request->url_is_cut)
        return MHD_HTTP_URI_TOO_LONG;
    if (count.host > 1 || count.content_length > 1 || (count.content_length > 0 && count.transfer_encoding > 0))
        return MHD_HTTP_BAD_REQUEST;
    if (request->url[0] != '/' || strstr(request->url, "%00") != NULL)
        return MHD_HTTP_BAD_REQUEST;
    if (count.transfer_encoding > 0)
        return MHD_HTTP_LENGTH_REQUIRED;
    if (info != NULL && info->header_size > HTTP_HEADER_MAX)
        return MHD_HTTP_REQUEST_HEADER_FIELDS_TOO_LARGE;
    if (announced_body(request) < 0)
        return MHD_HTTP_CONTENT_TOO_LARGE;
    return method_is_known(request->method) ? 0 : MHD_HTTP_METHOD_NOT_ALLOWED;
}

static const char *refusal_text(int status)
{
    switch (status) {
    case MHD_HTTP_METHOD_NOT_ALLOWED: return "method not allowed\n";
    case MHD_HTTP_LENGTH_REQUIRED: return "a body needs a Content-Length\n";
    case MHD_HTTP_URI_TOO_LONG: return "the URL is too long\n";
    case MHD_HTTP_CONTENT_TOO_LARGE: return "the body is too large\n";
    case MHD_HTTP_REQUEST_HEADER_FIELDS_TOO_LARGE: return "the headers are too large\n";
    default: return "bad request\n";
    }
}

static void note_address(struct http_request *request)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(request->connection->handle, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    if (info == NULL)
        return;
    const void *address = info->client_addr->sa_family == AF_INET6
                              ? (const void *)&((const struct sockaddr_in6 *)info->client_addr)->sin6_addr
                              : (const void *)&((const struct sockaddr_in *)info->client_addr)->sin_addr;
    (void)inet_ntop(info->client_addr->sa_family, address, request->address, sizeof request->address);
}

/* The headers are complete. An answer given here also closes the connection: the body is not read. */
static enum MHD_Result take_headers(struct http_request *request, const char *method, const char *path)
{
    request->method = method;
    request->path = path;
    request->phase = HTTP_PHASE_BODY;
    note_address(request);
    http_connection_set_deadline(request->connection, HTTP_BODY_MS);
    int status = refusal(request);
    if (status != 0) {
        if (status == MHD_HTTP_METHOD_NOT_ALLOWED)
            http_add_header(request, MHD_HTTP_HEADER_ALLOW, "GET, HEAD, POST, DELETE");
        http_answer_text(request, status, refusal_text(status));
        return http_request_send(request);
    }
    request->body_capacity = (size_t)announced_body(request);
    if (request->body_capacity == 0)
        return MHD_YES;
    request->body = malloc(request->body_capacity);
    return request->body == NULL ? MHD_NO : MHD_YES;
}

static enum MHD_Result take_body(struct http_request *request, const char *bytes, size_t *size)
{
    if (*size > request->body_capacity - request->body_size)
        return MHD_NO;
    memcpy(request->body + request->body_size, bytes, *size);
    request->body_size += *size;
    *size = 0;
    return MHD_YES;
}

static bool path_matches(const char *pattern, const char *path)
{
    size_t length = strlen(pattern);
    if (length > 0 && pattern[length - 1] == '*')
        return strncmp(pattern, path, length - 1) == 0;
    return strcmp(pattern, path) == 0;
}

/* The route of a request, or NULL with the methods that its path has, "" if there is no such path. */
static const struct http_route *find_route(const struct http_request *request, char *methods, size_t capacity)
{
    const struct http_server_options *options = &request->server->options;
    const char *method = strcmp(request->method, "HEAD") == 0 ? "GET" : request->method;
    size_t used = 0;
    methods[0] = '\0';
    for (size_t i = 0; i < options->route_count; i++) {
        const struct http_route *route = &options->routes[i];
        if (!path_matches(route->path, request->path))
            continue;
        if (strcmp(route->method, method) == 0)
            return route;
        int length = snprintf(methods + used, capacity - used, "%s%s", used > 0 ? ", " : "", route->method);
        used += length > 0 && (size_t)length < capacity - used ? (size_t)length : 0;
    }
    return NULL;
}

static void route_request(struct http_request *request)
{
    const struct http_server_options *options = &request->server->options;
    char methods[64];
    const struct http_route *route = find_route(request, methods, sizeof methods);
    if (route == NULL && methods[0] == '\0') {
        http_answer_text(request, MHD_HTTP_NOT_FOUND, "not found\n");
    } else if (route == NULL) {
        http_add_header(request, MHD_HTTP_HEADER_ALLOW, methods);
        http_answer_text(request, MHD_HTTP_METHOD_NOT_ALLOWED, "method not allowed\n");
    } else if (route->right != 0 && options->allow == NULL) {
        http_answer_text(request, MHD_HTTP_FORBIDDEN, "forbidden\n");
    } else if (route->right == 0 || options->allow(request, route->right, options->user)) {
        route->handle(request, options->user);
    }
}

static enum MHD_Result finish_request(struct http_request *request)
{
    route_request(request);
    if (request->owned) {
        request->phase = HTTP_PHASE_LATER;
        http_connection_set_deadline(request->connection, (int64_t)request->server->options.later_timeout_s * 1000);
        MHD_suspend_connection(request->connection->handle);
        return MHD_YES;
    }
    http_connection_set_deadline(request->connection, HTTP_ANSWER_MS);
    if (request->connection->stream != NULL)
        request->connection->deadline_ms = HTTP_NO_DEADLINE;
    return http_request_send(request);
}

enum MHD_Result http_on_request(void *user, struct MHD_Connection *handle, const char *url, const char *method,
                                const char *version, const char *bytes, size_t *size, void **context)
{
    struct http_request *request = *context;
    (void)user, (void)handle, (void)version;
    if (request == NULL)
        return MHD_NO; /* no memory */
    switch (request->phase) {
    case HTTP_PHASE_HEADER: return take_headers(request, method, url);
    case HTTP_PHASE_BODY: return *size > 0 ? take_body(request, bytes, size) : finish_request(request);
    case HTTP_PHASE_LATER:
        http_connection_set_deadline(request->connection, HTTP_ANSWER_MS);
        return http_request_send(request);
    case HTTP_PHASE_ANSWER: break;
    }
    return MHD_YES;
}
