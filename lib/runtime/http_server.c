/* The server: the daemon of libmicrohttpd driven by the loop, and its connections with their deadlines. */
/* SPDX-License-Identifier: MIT */
#include "lib/runtime/http_server.h"

#include "lib/base/log.h"
#include "lib/runtime/address.h"
#include "lib/runtime/http_internal.h"

#include <assert.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { CONNECTIONS_MAX = 256, IDLE_TIMEOUT_S = 10, BACKLOG = 128 };

/* ---- connections ---- */

void http_connection_cut(struct http_connection *connection)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection->handle, MHD_CONNECTION_INFO_CONNECTION_FD);
    if (info != NULL)
        (void)shutdown(info->connect_fd, SHUT_RDWR);
}

void http_connection_resume(struct http_connection *connection)
{
    MHD_resume_connection(connection->handle);
    loop_set_timer(connection->server->loop, connection->server->timer, 0);
}

void http_connection_set_deadline(struct http_connection *connection, int64_t after_ms)
{
    connection->deadline_ms = loop_now_ms(connection->server->loop) + after_ms;
}

struct http_connection *http_connection_of(struct MHD_Connection *handle)
{
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(handle, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    return info == NULL ? NULL : info->socket_context;
}

static void *connection_open(struct http_server *server, struct MHD_Connection *handle)
{
    struct http_connection *connection = calloc(1, sizeof *connection);
    if (connection == NULL)
        return NULL; /* its requests are refused */
    connection->handle = handle;
    connection->server = server;
    connection->next = server->connections;
    if (connection->next != NULL)
        connection->next->previous = connection;
    else
        loop_set_timer(server->loop, server->timer, HTTP_SWEEP_MS);
    server->connections = connection;
    http_connection_set_deadline(connection, HTTP_HEADER_MS);
    return connection;
}

static void connection_close(struct http_server *server, struct http_connection *connection)
{
    if (connection->previous != NULL)
        connection->previous->next = connection->next;
    else
        server->connections = connection->next;
    if (connection->next != NULL)
        connection->next->previous = connection->previous;
    free(connection);
}

static void on_connection(void *user, struct MHD_Connection *handle, void **context,
                          enum MHD_ConnectionNotificationCode code)
{
    struct http_server *server = user;
    if (code == MHD_CONNECTION_NOTIFY_STARTED)
        *context = connection_open(server, handle);
    else if (*context != NULL)
        connection_close(server, *context);
}

static void connection_expire(struct http_connection *connection)
{
    connection->deadline_ms = HTTP_NO_DEADLINE;
    if (connection->request != NULL && connection->request->phase == HTTP_PHASE_LATER)
        http_request_expire(connection->request);
    else
        http_connection_cut(connection);
}

/* ---- the daemon in the loop ---- */

/* Lets the daemon work until it waits for something; true if it still has work. */
static bool run_daemon(struct http_server *server)
{
    enum { RUNS_MAX = 16 }; /* then the loop's other sources have their turn */
    for (int i = 0; i < RUNS_MAX; i++) {
        unsigned long long wait_ms = 1;
        (void)MHD_run(server->daemon);
        if (MHD_get_timeout(server->daemon, &wait_ms) != MHD_YES || wait_ms > 0)
            return false;
    }
    return true;
}

static void on_ready(void *user, int events)
{
    struct http_server *server = user;
    (void)events;
    if (run_daemon(server))
        loop_set_timer(server->loop, server->timer, 0);
}

/* Also runs the daemon, which closes connections that are idle. */
static void on_timer(void *user, int64_t now_ms)
{
    struct http_server *server = user;
    for (struct http_connection *connection = server->connections; connection != NULL; connection = connection->next)
        if (connection->deadline_ms <= now_ms)
            connection_expire(connection);
    bool busy = run_daemon(server);
    if (server->connections != NULL || busy)
        loop_set_timer(server->loop, server->timer, busy ? 0 : HTTP_SWEEP_MS);
}

static void on_panic(void *user, const char *file, unsigned line, const char *reason)
{
    (void)user, (void)file;
    log_error("http_daemon_panic", log_text("reason", reason == NULL ? "" : reason), log_int("line", line));
    abort();
}

/* ---- opening and closing ---- */

static int bind_socket(int fd, const struct address *address)
{
    int on = 1;
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(fd, (const struct sockaddr *)&address->storage, address->length) != 0 || listen(fd, BACKLOG) != 0)
        return -1;
    return 0;
}

static int listen_on(const char *name, int port, int *out)
{
    struct address address;
    int code = address_resolve(name, port, &address);
    if (code != 0)
        return code;
    int fd = socket(address.storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0 || bind_socket(fd, &address) != 0)
        code = error_set(ERROR_LIBRARY, "listen on %s port %d: %s", name, port, strerror(errno));
    if (code != 0 && fd >= 0)
        (void)close(fd);
    if (code == 0)
        *out = fd;
    return code;
}

static int port_of(int fd)
{
    struct sockaddr_storage address;
    socklen_t length = sizeof address;
    if (getsockname(fd, (struct sockaddr *)&address, &length) != 0)
        return -1;
    return ntohs(address.ss_family == AF_INET6 ? ((const struct sockaddr_in6 *)&address)->sin6_port
                                               : ((const struct sockaddr_in *)&address)->sin_port);
}

/* The daemon owns `fd` from here on, if it starts. */
static int start_daemon(struct http_server *server, int fd)
{
    const struct http_server_options *options = &server->options;
    MHD_set_panic_func(on_panic, NULL);
    server->daemon = MHD_start_daemon(
        MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL, http_on_request, server, MHD_OPTION_LISTEN_SOCKET, fd,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)HTTP_POOL_SIZE, MHD_OPTION_CONNECTION_LIMIT,
        (unsigned)options->connections_max, MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)options->idle_timeout_s,
        MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_NOTIFY_CONNECTION, on_connection, server,
        MHD_OPTION_NOTIFY_COMPLETED, http_on_request_end, server, MHD_OPTION_URI_LOG_CALLBACK, http_on_request_line,
        server, MHD_OPTION_END);
    if (server->daemon == NULL) {
        (void)close(fd);
        return error_set(ERROR_LIBRARY, "start the HTTP server on port %d: %s", server->port, strerror(errno));
    }
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(server->daemon, MHD_DAEMON_INFO_EPOLL_FD);
    assert(info != NULL);
    server->epoll_fd = info->epoll_fd;
    return 0;
}

static void set_defaults(struct http_server_options *options)
{
    if (options->connections_max == 0)
        options->connections_max = CONNECTIONS_MAX;
    if (options->idle_timeout_s == 0)
        options->idle_timeout_s = IDLE_TIMEOUT_S;
    if (options->later_timeout_s == 0)
        options->later_timeout_s = HTTP_LATER_MS / 1000;
}

static int join_loop(struct http_server *server)
{
    server->timer = loop_add_timer(server->loop, 0, 0, on_timer, server);
    if (server->timer < 0)
        return server->timer;
    return loop_add_fd(server->loop, server->epoll_fd, LOOP_READ, on_ready, server);
}

int http_server_open(struct loop *loop, const struct http_server_options *options, struct http_server **out)
{
    int fd = -1;
    int code = listen_on(options->address, options->port, &fd);
    if (code != 0)
        return code;
    struct http_server *server = calloc(1, sizeof *server);
    if (server == NULL) {
        (void)close(fd);
        return error_set(ERROR_MEMORY, "no memory for the HTTP server");
    }
    *server = (struct http_server){.loop = loop, .timer = -1, .port = port_of(fd), .options = *options};
    set_defaults(&server->options);
    code = start_daemon(server, fd);
    if (code == 0)
        code = join_loop(server);
    if (code != 0) {
        http_server_close(server);
        return code;
    }
    *out = server;
    return 0;
}

int http_server_port(const struct http_server *server)
{
    return server->port;
}

/* The daemon cannot be stopped while connections are suspended. */
static void wake_all(struct http_server *server)
{
    for (struct http_connection *connection = server->connections; connection != NULL; connection = connection->next) {
        if (connection->stream != NULL)
            http_stream_abandon(connection->stream);
        else if (connection->request != NULL && connection->request->phase == HTTP_PHASE_LATER)
            http_connection_resume(connection);
    }
}

void http_server_close(struct http_server *server)
{
    if (server == NULL)
        return;
    server->closing = true;
    if (server->daemon != NULL) {
        wake_all(server);
        loop_remove_fd(server->loop, server->epoll_fd);
        if (server->timer >= 0) /* a connection that is accepted while stopping would set it */
            loop_stop_timer(server->loop, server->timer);
        MHD_stop_daemon(server->daemon);
    }
    if (server->timer >= 0)
        loop_remove_timer(server->loop, server->timer);
    while (server->orphans != NULL) {
        struct http_request *orphan = server->orphans;
        server->orphans = orphan->next_orphan;
        http_request_destroy(orphan);
    }
    free(server);
}
