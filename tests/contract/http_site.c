/* The routes of the server under test, and the turns that it and its clients take. */
/* SPDX-License-Identifier: MIT */
#include "tests/contract/http_site.h"

#include "lib/base/clock.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { DEADLINE_MS = 20000 };

/* ---- the server under test ---- */

struct site site;

static void handle_hello(struct http_request *request, void *user)
{
    (void)user;
    site.handled++;
    http_add_header(request, "X-Added", "yes");
    http_answer_text(request, 200, "hello");
}

/* Shows what the server understood of a request. */
static void handle_show(struct http_request *request, void *user)
{
    char text[4096];
    size_t size = 0;
    const uint8_t *body = http_body(request, &size);
    const char *a = http_argument(request, "a"), *cookie = http_cookie(request, "sid");
    const char *agent = http_header(request, "user-agent");
    (void)user;
    int length = snprintf(text, sizeof text, "method=%s path=%s a=%s raw=%s cookie=%s agent=%s from=%s body=%.*s",
                          http_method(request), http_path(request), a == NULL ? "(none)" : a, http_raw_query(request),
                          cookie == NULL ? "(none)" : cookie, agent == NULL ? "(none)" : agent,
                          http_client_address(request), (int)(size < 100 ? size : 100), (const char *)body);
    size_t shown = (size_t)length < sizeof text ? (size_t)length : sizeof text - 1;
    http_answer(request, 200, "text/plain", text, shown);
}

static void handle_size(struct http_request *request, void *user)
{
    char text[32];
    size_t size = 0;
    (void)user, (void)http_body(request, &size);
    (void)snprintf(text, sizeof text, "size=%zu", size);
    http_answer_text(request, 200, text);
}

static void handle_later(struct http_request *request, void *user)
{
    (void)user;
    site.later = request;
    site.waiting++;
    http_answer_later(request);
}

static void handle_cut(struct http_request *request, void *user)
{
    (void)user;
    http_truncate(request, 4);
    http_answer_text(request, 200, "12345678");
}

static void handle_drop(struct http_request *request, void *user)
{
    (void)user;
    http_drop(request);
}

static void on_stream_close(struct http_stream *stream, void *user)
{
    CU_ASSERT_PTR_EQUAL(stream, site.stream);
    CU_ASSERT_PTR_EQUAL(user, &site);
    site.stream = NULL;
    site.streams_closed++;
}

static void handle_stream(struct http_request *request, void *user)
{
    (void)user;
    site.stream = http_stream_begin(request, "text/event-stream", on_stream_close, &site);
    CU_ASSERT_PTR_NOT_NULL_FATAL(site.stream);
    CU_ASSERT_TRUE(http_stream_write(site.stream, "first\n", 6));
}

static bool allow(struct http_request *request, int right, void *user)
{
    (void)user;
    site.asked_right = right;
    const char *key = http_header(request, "X-Key");
    if (key != NULL && strcmp(key, "right") == 0)
        return true;
    http_answer_text(request, 401, "who are you");
    return false;
}

static const struct http_route routes[] = {
    {"GET", "/hello", 0, handle_hello},     {"GET", "/show", 0, handle_show},
    {"POST", "/show", 0, handle_show},      {"DELETE", "/show", 0, handle_show},
    {"GET", "/files/*", 0, handle_show},    {"GET", "/secret", SITE_RIGHT, handle_hello},
    {"POST", "/size", 0, handle_size},      {"GET", "/later", 0, handle_later},
    {"GET", "/cut", 0, handle_cut},         {"GET", "/drop", 0, handle_drop},
    {"GET", "/stream", 0, handle_stream},
};

static const char *const headers[] = {"X-Everywhere: yes", "X-Frame-Options: DENY", NULL};

void site_open_with(struct http_server_options options)
{
    memset(&site, 0, sizeof site);
    site.loop = loop_create();
    CU_ASSERT_PTR_NOT_NULL_FATAL(site.loop);
    if (options.address == NULL)
        options.address = "127.0.0.1";
    options.routes = routes;
    options.route_count = sizeof routes / sizeof routes[0];
    options.headers = headers;
    CU_ASSERT_EQUAL_FATAL(http_server_open(site.loop, &options, &site.server), 0);
    CU_ASSERT_TRUE(http_server_port(site.server) > 0);
}

void site_open(void)
{
    site_open_with((struct http_server_options){.allow = allow});
}

void site_close(void)
{
    http_server_close(site.server);
    loop_destroy(site.loop);
}

/* ---- a client ---- */

struct client *client_open(void)
{
    struct client *client = calloc(1, sizeof *client);
    CU_ASSERT_PTR_NOT_NULL_FATAL(client);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)http_server_port(site.server))};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    client->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    CU_ASSERT_EQUAL_FATAL(connect(client->fd, (struct sockaddr *)&address, sizeof address), 0);
    return client;
}

void client_close(struct client *client)
{
    (void)close(client->fd);
    free(client);
}

void client_read(struct client *client)
{
    while (!client->closed && client->length + 1 < sizeof client->text) {
        ssize_t size = recv(client->fd, client->text + client->length, sizeof client->text - client->length - 1,
                            MSG_DONTWAIT);
        if (size < 0 && (errno == EAGAIN || errno == EINTR))
            return;
        client->closed = size <= 0;
        client->length += size > 0 ? (size_t)size : 0;
        client->text[client->length] = '\0';
    }
}

/* What pump waits for. */
struct wait {
    struct client *client; /* NULL: none reads */
    const char *needle;    /* to come; NULL: the connection's end */
    const int *counter;    /* or this number to be at least `count`; NULL: not */
    int count;
    int64_t deadline_ms;
    bool met;
};

static void on_pump(void *user, int64_t now_ms)
{
    struct wait *wait = user;
    if (wait->client != NULL)
        client_read(wait->client);
    if (wait->counter != NULL)
        wait->met = *wait->counter >= wait->count;
    else
        wait->met = wait->needle == NULL ? wait->client->closed : strstr(wait->client->text, wait->needle) != NULL;
    if (wait->met || now_ms >= wait->deadline_ms)
        loop_stop(site.loop);
}

/* Runs the server until what is waited for has happened. */
static bool pump(struct wait wait)
{
    wait.deadline_ms = clock_monotonic_ms() + DEADLINE_MS;
    int timer = loop_add_timer(site.loop, 0, 1, on_pump, &wait);
    CU_ASSERT_FATAL(timer >= 0);
    CU_ASSERT_EQUAL(loop_run(site.loop), 0);
    loop_remove_timer(site.loop, timer);
    return wait.met;
}

bool client_sees(struct client *client, const char *needle)
{
    return pump((struct wait){.client = client, .needle = needle});
}

bool client_is_closed(struct client *client)
{
    return pump((struct wait){.client = client});
}

void send_bytes(struct client *client, const char *bytes, size_t size)
{
    CU_ASSERT_EQUAL(send(client->fd, bytes, size, MSG_NOSIGNAL), (ssize_t)size);
}

void send_text(struct client *client, const char *text)
{
    send_bytes(client, text, strlen(text));
}

bool answers(const char *request, const char *needle)
{
    struct client *client = client_open();
    send_text(client, request);
    bool seen = client_sees(client, needle);
    if (!seen)
        printf("asked:\n%.300s\ngot:\n%.600s\n", request, client->text);
    client_close(client);
    return seen;
}

bool pump_until(const int *counter, int count)
{
    return pump((struct wait){.counter = counter, .count = count});
}
