/* The HTTP server over real sockets, driven with raw bytes: what clients may send, and what they must not. */
/* SPDX-License-Identifier: MIT */
#include "lib/base/clock.h"
#include "lib/runtime/http_server.h"
#include "tests/harness.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { DEADLINE_MS = 20000, RIGHT_USER = 1 };

/* ---- the server under test ---- */

static struct {
    struct loop *loop;
    struct http_server *server;
    int handled;                   /* how often a handler ran */
    int asked_right;               /* what `allow` was asked for last */
    struct http_request *later;    /* the request that waits */
    int waiting;                   /* how many have come to wait */
    struct http_stream *stream;    /* the stream that is open */
    int streams_closed;
} site;

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
    {"GET", "/files/*", 0, handle_show},    {"GET", "/secret", RIGHT_USER, handle_hello},
    {"POST", "/size", 0, handle_size},      {"GET", "/later", 0, handle_later},
    {"GET", "/cut", 0, handle_cut},         {"GET", "/drop", 0, handle_drop},
    {"GET", "/stream", 0, handle_stream},
};

static const char *const headers[] = {"X-Everywhere: yes", "X-Frame-Options: DENY", NULL};

static void site_open_with(struct http_server_options options)
{
    memset(&site, 0, sizeof site);
    site.loop = loop_create();
    CU_ASSERT_PTR_NOT_NULL_FATAL(site.loop);
    options.address = "127.0.0.1";
    options.routes = routes;
    options.route_count = sizeof routes / sizeof routes[0];
    options.headers = headers;
    CU_ASSERT_EQUAL_FATAL(http_server_open(site.loop, &options, &site.server), 0);
    CU_ASSERT_TRUE(http_server_port(site.server) > 0);
}

static void site_open(void)
{
    site_open_with((struct http_server_options){.allow = allow});
}

static void site_close(void)
{
    http_server_close(site.server);
    loop_destroy(site.loop);
}

/* ---- a client ---- */

struct client {
    int fd;
    char text[300000]; /* what has come, with a NUL */
    size_t length;
    bool closed; /* by the server */
};

static struct client *client_open(void)
{
    struct client *client = calloc(1, sizeof *client);
    CU_ASSERT_PTR_NOT_NULL_FATAL(client);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)http_server_port(site.server))};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    client->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    CU_ASSERT_EQUAL_FATAL(connect(client->fd, (struct sockaddr *)&address, sizeof address), 0);
    return client;
}

static void client_close(struct client *client)
{
    (void)close(client->fd);
    free(client);
}

static void client_read(struct client *client)
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

static bool client_sees(struct client *client, const char *needle)
{
    return pump((struct wait){.client = client, .needle = needle});
}

static bool client_is_closed(struct client *client)
{
    return pump((struct wait){.client = client});
}

static void send_bytes(struct client *client, const char *bytes, size_t size)
{
    CU_ASSERT_EQUAL(send(client->fd, bytes, size, MSG_NOSIGNAL), (ssize_t)size);
}

static void send_text(struct client *client, const char *text)
{
    send_bytes(client, text, strlen(text));
}

/* Whether a request is answered by something with `needle` in it. */
static bool answers(const char *request, const char *needle)
{
    struct client *client = client_open();
    send_text(client, request);
    bool seen = client_sees(client, needle);
    if (!seen)
        printf("asked:\n%.300s\ngot:\n%.600s\n", request, client->text);
    client_close(client);
    return seen;
}

/* ---- routes and rights ---- */

static void answers_with_all_headers(void)
{
    site_open();
    struct client *client = client_open();
    send_text(client, "GET /hello HTTP/1.1\r\nHost: x\r\n\r\n");
    CU_ASSERT_TRUE(client_sees(client, "\r\n\r\nhello"));
    CU_ASSERT_PTR_NOT_NULL(strstr(client->text, "HTTP/1.1 200 OK\r\n"));
    CU_ASSERT_PTR_NOT_NULL(strstr(client->text, "\r\nContent-Length: 5\r\n"));
    CU_ASSERT_PTR_NOT_NULL(strstr(client->text, "\r\nX-Everywhere: yes\r\n"));
    CU_ASSERT_PTR_NOT_NULL(strstr(client->text, "\r\nX-Frame-Options: DENY\r\n"));
    CU_ASSERT_PTR_NOT_NULL(strstr(client->text, "\r\nX-Added: yes\r\n"));
    client_close(client);
    CU_ASSERT_TRUE(answers("GET /nope HTTP/1.1\r\nHost: x\r\n\r\n", "X-Everywhere: yes"));
    site_close();
}

static void refuses_what_is_not_in_the_table(void)
{
    site_open();
    CU_ASSERT_TRUE(answers("GET /nope HTTP/1.1\r\nHost: x\r\n\r\n", "404 Not Found"));
    CU_ASSERT_TRUE(answers("GET /hello/ HTTP/1.1\r\nHost: x\r\n\r\n", "404 Not Found"));
    CU_ASSERT_TRUE(answers("GET /HELLO HTTP/1.1\r\nHost: x\r\n\r\n", "404 Not Found"));
    CU_ASSERT_TRUE(answers("POST /hello HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n", "405 Method Not Allowed"));
    CU_ASSERT_TRUE(answers("POST /hello HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n", "\r\nAllow: GET\r\n"));
    CU_ASSERT_TRUE(answers("PATCH /show HTTP/1.1\r\nHost: x\r\n\r\n", "405 Method Not Allowed"));
    CU_ASSERT_TRUE(answers("TRACE /hello HTTP/1.1\r\nHost: x\r\n\r\n", "405 Method Not Allowed"));
    CU_ASSERT_TRUE(answers("OPTIONS /hello HTTP/1.1\r\nHost: x\r\n\r\n", "405 Method Not Allowed"));
    CU_ASSERT_TRUE(answers("CONNECT x:1 HTTP/1.1\r\nHost: x\r\n\r\n", "400 Bad Request"));
    CU_ASSERT_EQUAL(site.handled, 0);
    site_close();
}

static void checks_the_right_before_the_handler(void)
{
    site_open();
    CU_ASSERT_TRUE(answers("GET /secret HTTP/1.1\r\nHost: x\r\n\r\n", "401 Unauthorized"));
    CU_ASSERT_TRUE(answers("HEAD /secret HTTP/1.1\r\nHost: x\r\n\r\n", "401 Unauthorized"));
    CU_ASSERT_TRUE(answers("GET /secret?x HTTP/1.1\r\nHost: x\r\nX-Key: wrong\r\n\r\n", "401 Unauthorized"));
    CU_ASSERT_EQUAL(site.handled, 0);
    CU_ASSERT_EQUAL(site.asked_right, RIGHT_USER);
    CU_ASSERT_TRUE(answers("GET /secret HTTP/1.1\r\nHost: x\r\nX-Key: right\r\n\r\n", "200 OK"));
    CU_ASSERT_EQUAL(site.handled, 1);
    site_close();
    site_open_with((struct http_server_options){.allow = NULL});
    CU_ASSERT_TRUE(answers("GET /secret HTTP/1.1\r\nHost: x\r\nX-Key: right\r\n\r\n", "403 Forbidden"));
    CU_ASSERT_EQUAL(site.handled, 0);
    site_close();
}

static void serves_head_without_a_body(void)
{
    site_open();
    struct client *client = client_open();
    send_text(client, "HEAD /hello HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    CU_ASSERT_TRUE(client_is_closed(client));
    CU_ASSERT_PTR_NOT_NULL(strstr(client->text, "200 OK"));
    CU_ASSERT_PTR_NOT_NULL(strstr(client->text, "Content-Length: 5\r\n"));
    CU_ASSERT_PTR_NULL(strstr(client->text, "hello"));
    client_close(client);
    site_close();
}

static void understands_requests(void)
{
    site_open();
    CU_ASSERT_TRUE(answers("GET /show?a=1%2B2&a=3&b HTTP/1.1\r\nHost: x\r\n\r\n",
                           "method=GET path=/show a=1+2 raw=a=1%2B2&a=3&b cookie=(none)"));
    CU_ASSERT_TRUE(answers("GET /show HTTP/1.1\r\nHost: x\r\nCookie: b=2; sid=abc; sid=def\r\nUser-Agent: me\r\n\r\n",
                           "a=(none) raw= cookie=abc agent=me from=127.0.0.1"));
    CU_ASSERT_TRUE(answers("POST /show HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nabcd", "body=abcd"));
    CU_ASSERT_TRUE(answers("DELETE /show?a=x HTTP/1.1\r\nHost: x\r\n\r\n", "method=DELETE path=/show a=x"));
    CU_ASSERT_TRUE(answers("GET /files/..%2fa%20b HTTP/1.1\r\nHost: x\r\n\r\n", "path=/files/../a b"));
    CU_ASSERT_TRUE(answers("GET /hello HTTP/1.0\r\n\r\n", "200 OK"));
    site_close();
}

static void keeps_connections_and_answers_in_order(void)
{
    site_open();
    struct client *client = client_open();
    send_text(client, "GET /show?a=1 HTTP/1.1\r\nHost: x\r\n\r\nPOST /size HTTP/1.1\r\nHost: x\r\n"
                      "Content-Length: 3\r\n\r\nabcGET /show?a=3 HTTP/1.1\r\nHost: x\r\n\r\n");
    CU_ASSERT_TRUE(client_sees(client, "a=3"));
    const char *first = strstr(client->text, "a=1"), *second = strstr(client->text, "size=3");
    CU_ASSERT_PTR_NOT_NULL_FATAL(first);
    CU_ASSERT_PTR_NOT_NULL_FATAL(second);
    CU_ASSERT_TRUE(first < second && second < strstr(client->text, "a=3"));
    CU_ASSERT_FALSE(client->closed);
    client_close(client);
    site_close();
}

/* ---- what is refused ---- */

static void refuses_what_could_be_read_in_two_ways(void)
{
    site_open();
    CU_ASSERT_TRUE(answers("POST /size HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n"
                           "0\r\n\r\n", "400 Bad Request"));
    CU_ASSERT_TRUE(answers("POST /size HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n"
                           "0\r\n\r\n", "400 Bad Request"));
    CU_ASSERT_TRUE(answers("POST /size HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
                           "411 Length Required"));
    CU_ASSERT_TRUE(answers("POST /size HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
                           "411 Length Required"));
    CU_ASSERT_TRUE(answers("POST /size HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nContent-Length: 3\r\n\r\nabc",
                           "400 Bad Request"));
    CU_ASSERT_TRUE(answers("POST /size HTTP/1.1\r\nHost: x\r\nContent-Length: 3, 3\r\n\r\nabc", "400 Bad Request"));
    CU_ASSERT_TRUE(answers("GET /hello HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n", "400 Bad Request"));
    CU_ASSERT_TRUE(answers("GET /hello HTTP/1.1\r\n\r\n", "400 Bad Request"));
    CU_ASSERT_TRUE(answers("GET /show?a=%00b HTTP/1.1\r\nHost: x\r\n\r\n", "400 Bad Request"));
    CU_ASSERT_EQUAL(site.handled, 0);
    site_close();
}

static void a_smuggled_request_is_not_run(void)
{
    site_open();
    struct client *client = client_open();
    send_text(client, "POST /size HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n"
                      "0\r\n\r\nGET /hello HTTP/1.1\r\nHost: x\r\n\r\n");
    CU_ASSERT_TRUE(client_is_closed(client));
    CU_ASSERT_PTR_NULL(strstr(client->text, "hello"));
    CU_ASSERT_EQUAL(site.handled, 0);
    client_close(client);
    site_close();
}

static bool answers_size(const char *format, size_t fill, const char *needle)
{
    char *filler = malloc(fill + 1), *request = malloc(fill + 1000);
    CU_ASSERT_FATAL(filler != NULL && request != NULL);
    memset(filler, 'a', fill);
    filler[fill] = '\0';
    const char *mark = strchr(format, '%');
    (void)snprintf(request, fill + 1000, "%.*s%s%s", (int)(mark - format), format, filler, mark + 1);
    bool result = answers(request, needle);
    free(filler);
    free(request);
    return result;
}

static void bounds_urls_headers_and_bodies(void)
{
    site_open();
    const char *url = "GET /show?a=% HTTP/1.1\r\nHost: x\r\n\r\n";
    CU_ASSERT_TRUE(answers_size(url, 3000, "200 OK"));
    CU_ASSERT_TRUE(answers_size(url, 8192 - 8, "200 OK"));
    CU_ASSERT_TRUE(answers_size(url, 8192 - 7, "414 "));
    CU_ASSERT_TRUE(answers_size(url, 40000, "414 "));
    const char *header = "GET /hello HTTP/1.1\r\nHost: x\r\nX-Fill: %\r\n\r\n";
    CU_ASSERT_TRUE(answers_size(header, 8000, "200 OK"));
    CU_ASSERT_TRUE(answers_size(header, 16300, "200 OK"));
    CU_ASSERT_TRUE(answers_size(header, 16400, "431 "));
    CU_ASSERT_TRUE(answers_size(header, 40000, "431 "));
    CU_ASSERT_TRUE(answers_size("POST /size HTTP/1.1\r\nHost: x\r\nContent-Length: 65536\r\n\r\n%", 65536, "size=65536"));
    CU_ASSERT_TRUE(answers("POST /size HTTP/1.1\r\nHost: x\r\nContent-Length: 65537\r\n\r\n", "413 "));
    CU_ASSERT_TRUE(answers("POST /size HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999\r\n\r\n", "413 "));
    CU_ASSERT_TRUE(answers("POST /size HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n", "400 "));
    site_close();
}

static void survives_noise(void)
{
    site_open();
    for (int i = 0; i < 400; i++) {
        char bytes[600];
        struct client *client = client_open();
        int size = snprintf(bytes, sizeof bytes, "GET /show?a=1 HTTP/1.1\r\nHost: x\r\nCookie: sid=1\r\n\r\n");
        for (int change = 0; change < 1 + i % 8; change++)
            bytes[test_random() % (unsigned)size] = (char)test_random();
        send_bytes(client, bytes, (size_t)size);
        client_close(client);
        if (i % 8 == 7)
            CU_ASSERT_TRUE(answers("GET /hello HTTP/1.1\r\nHost: x\r\n\r\n", "200 OK"));
    }
    site_close();
}

/* ---- slow clients ---- */

/* Sends one byte each time it is called, as long as that works. */
static void on_trickle(void *user, int64_t now_ms)
{
    const struct client *client = user;
    (void)now_ms;
    (void)!send(client->fd, "a", 1, MSG_NOSIGNAL);
}

static void cuts_off_who_trickles(void)
{
    site_open();
    const char *const beginnings[] = {"", "GET /hello HTTP/1.1\r\nHost: x\r\nX-Fill: ",
                                      "POST /size HTTP/1.1\r\nHost: x\r\nContent-Length: 60000\r\n\r\n"};
    struct client *clients[3];
    int timers[3];
    for (int i = 0; i < 3; i++) {
        clients[i] = client_open();
        send_text(clients[i], beginnings[i]);
        timers[i] = loop_add_timer(site.loop, 0, 100, on_trickle, clients[i]);
    }
    for (int i = 0; i < 3; i++) {
        CU_ASSERT_TRUE(client_is_closed(clients[i]));
        loop_remove_timer(site.loop, timers[i]);
        client_close(clients[i]);
    }
    CU_ASSERT_TRUE(answers("GET /hello HTTP/1.1\r\nHost: x\r\n\r\n", "200 OK"));
    site_close();
}

static void closes_idle_connections(void)
{
    site_open_with((struct http_server_options){.idle_timeout_s = 1});
    struct client *silent = client_open(), *served = client_open();
    send_text(served, "GET /hello HTTP/1.1\r\nHost: x\r\n\r\n");
    CU_ASSERT_TRUE(client_sees(served, "hello"));
    CU_ASSERT_TRUE(client_is_closed(silent));
    CU_ASSERT_TRUE(client_is_closed(served));
    client_close(silent);
    client_close(served);
    site_close();
}

static void bounds_connections(void)
{
    site_open_with((struct http_server_options){.connections_max = 2});
    struct client *first = client_open(), *second = client_open(), *third = client_open();
    send_text(first, "GET /hello HTTP/1.1\r\nHost: x\r\n\r\n");
    send_text(second, "GET /hello HTTP/1.1\r\nHost: x\r\n\r\n");
    send_text(third, "GET /hello HTTP/1.1\r\nHost: x\r\n\r\n");
    CU_ASSERT_TRUE(client_sees(first, "hello"));
    CU_ASSERT_TRUE(client_sees(second, "hello"));
    CU_ASSERT_EQUAL(site.handled, 2);
    client_close(first);
    CU_ASSERT_TRUE(client_sees(third, "hello"));
    client_close(second);
    client_close(third);
    site_close();
}

/* ---- later, cut, dropped ---- */

static bool pump_until(const int *counter, int count)
{
    return pump((struct wait){.counter = counter, .count = count});
}

static void wait_for_later(void)
{
    CU_ASSERT_TRUE_FATAL(pump_until(&site.waiting, 1));
    CU_ASSERT_PTR_NOT_NULL_FATAL(site.later);
}

static void answers_later(void)
{
    site_open();
    struct client *client = client_open();
    send_text(client, "GET /later HTTP/1.1\r\nHost: x\r\n\r\nGET /hello HTTP/1.1\r\nHost: x\r\n\r\n");
    wait_for_later();
    CU_ASSERT_TRUE(answers("GET /hello HTTP/1.1\r\nHost: x\r\n\r\n", "200 OK"));
    client_read(client);
    CU_ASSERT_EQUAL(client->length, 0);
    http_add_header(site.later, "X-Late", "yes");
    http_answer_text(site.later, 200, "at last");
    http_resume(site.later);
    CU_ASSERT_TRUE(client_sees(client, "hello"));
    CU_ASSERT_PTR_NOT_NULL(strstr(client->text, "X-Late: yes"));
    CU_ASSERT_TRUE(strstr(client->text, "at last") < strstr(client->text, "hello"));
    client_close(client);
    site_close();
}

static void gives_up_on_a_late_answer(void)
{
    site_open_with((struct http_server_options){.later_timeout_s = 1});
    struct client *client = client_open();
    send_text(client, "GET /later HTTP/1.1\r\nHost: x\r\n\r\n");
    CU_ASSERT_TRUE(client_sees(client, "504 Gateway Time"));
    client_close(client);
    CU_ASSERT_TRUE(answers("GET /hello HTTP/1.1\r\nHost: x\r\n\r\n", "200 OK"));
    CU_ASSERT_STRING_EQUAL(http_raw_query(site.later), "");
    CU_ASSERT_PTR_NULL(http_argument(site.later, "a"));
    http_answer_text(site.later, 200, "too late");
    http_resume(site.later);
    site_close();
}

static void a_late_answer_may_find_nobody(void)
{
    site_open();
    struct client *client = client_open();
    send_text(client, "GET /later HTTP/1.1\r\nHost: x\r\n\r\n");
    wait_for_later();
    client_close(client);
    http_answer_text(site.later, 200, "nobody is there");
    http_resume(site.later);
    CU_ASSERT_TRUE(answers("GET /hello HTTP/1.1\r\nHost: x\r\n\r\n", "200 OK"));
    site_close();
}

static void cuts_and_drops_on_order(void)
{
    site_open();
    struct client *client = client_open();
    send_text(client, "GET /cut HTTP/1.1\r\nHost: x\r\n\r\n");
    CU_ASSERT_TRUE(client_is_closed(client));
    CU_ASSERT_PTR_NOT_NULL(strstr(client->text, "Content-Length: 8\r\n"));
    CU_ASSERT_PTR_NOT_NULL(strstr(client->text, "\r\n\r\n1234"));
    CU_ASSERT_PTR_NULL(strstr(client->text, "12345"));
    client_close(client);
    client = client_open();
    send_text(client, "GET /drop HTTP/1.1\r\nHost: x\r\n\r\n");
    CU_ASSERT_TRUE(client_is_closed(client));
    CU_ASSERT_EQUAL(client->length, 0);
    client_close(client);
    site_close();
}

/* ---- streams ---- */

static struct client *open_stream(void)
{
    struct client *client = client_open();
    send_text(client, "GET /stream HTTP/1.1\r\nHost: x\r\n\r\n");
    CU_ASSERT_TRUE(client_sees(client, "first\n"));
    CU_ASSERT_PTR_NOT_NULL(strstr(client->text, "text/event-stream"));
    CU_ASSERT_PTR_NOT_NULL_FATAL(site.stream);
    return client;
}

static void streams_as_it_is_written(void)
{
    site_open();
    struct client *client = open_stream();
    for (int i = 0; i < 200; i++) {
        char text[32];
        int length = snprintf(text, sizeof text, "event %d.\n", i);
        CU_ASSERT_TRUE(http_stream_write(site.stream, text, (size_t)length));
        CU_ASSERT_TRUE(client_sees(client, text));
    }
    http_stream_end(site.stream);
    CU_ASSERT_TRUE(client_sees(client, "\r\n0\r\n\r\n"));
    CU_ASSERT_TRUE(pump_until(&site.streams_closed, 1));
    send_text(client, "GET /hello HTTP/1.1\r\nHost: x\r\n\r\n");
    CU_ASSERT_TRUE(client_sees(client, "hello"));
    client_close(client);
    site_close();
    CU_ASSERT_EQUAL(site.streams_closed, 1);
}

static void drops_a_stream_that_nobody_reads(void)
{
    static char block[4096];
    memset(block, 'x', sizeof block);
    site_open();
    struct client *client = open_stream();
    struct client *other = client_open();
    bool taken = true;
    for (int i = 0; i < 10000 && taken; i++) { /* the sockets' own buffers take some megabytes first */
        taken = http_stream_write(site.stream, block, sizeof block);
        if (i % 8 == 7) {
            other->length = 0;
            other->text[0] = '\0';
            send_text(other, "GET /hello HTTP/1.1\r\nHost: x\r\n\r\n");
            CU_ASSERT_TRUE(client_sees(other, "hello"));
        }
    }
    CU_ASSERT_FALSE(taken);
    CU_ASSERT_TRUE(pump_until(&site.streams_closed, 1));
    client_close(client);
    client_close(other);
    site_close();
    CU_ASSERT_EQUAL(site.streams_closed, 1);
}

static void on_write(void *user, int64_t now_ms)
{
    (void)user, (void)now_ms;
    if (site.stream != NULL)
        (void)http_stream_write(site.stream, "tick\n", 5);
}

static void notices_that_a_reader_has_gone(void)
{
    site_open();
    client_close(open_stream());
    int timer = loop_add_timer(site.loop, 0, 5, on_write, NULL);
    CU_ASSERT_TRUE(pump_until(&site.streams_closed, 1));
    loop_remove_timer(site.loop, timer);
    site_close();
    CU_ASSERT_EQUAL(site.streams_closed, 1);
}

/* ---- closing ---- */

static void closes_with_everything_under_way(void)
{
    site_open();
    struct client *stream = open_stream(), *later = client_open(), *partial = client_open();
    send_text(partial, "POST /size HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc");
    send_text(later, "GET /later HTTP/1.1\r\nHost: x\r\n\r\n");
    wait_for_later();
    site_close();
    CU_ASSERT_EQUAL(site.streams_closed, 1);
    client_close(stream);
    client_close(later);
    client_close(partial);
}

static void names_the_port_that_is_taken(void)
{
    site_open();
    int port = http_server_port(site.server);
    struct http_server *second = NULL;
    const struct http_server_options options = {.address = "127.0.0.1", .port = port, .routes = routes};
    char expected[16];
    (void)snprintf(expected, sizeof expected, "port %d", port);
    CU_ASSERT_EQUAL(http_server_open(site.loop, &options, &second), ERROR_LIBRARY);
    CU_ASSERT_PTR_NOT_NULL(strstr(error_message(), expected));
    CU_ASSERT_PTR_NULL(second);
    const struct http_server_options wrong = {.address = "not-an-address", .routes = routes};
    CU_ASSERT_EQUAL(http_server_open(site.loop, &wrong, &second), ERROR_ARGUMENT);
    const struct http_server_options beyond = {.address = "127.0.0.1", .port = 70000, .routes = routes};
    CU_ASSERT_EQUAL(http_server_open(site.loop, &beyond, &second), ERROR_ARGUMENT);
    http_server_close(NULL);
    site_close();
}

const char *const suite_name = "HTTP server";
const struct test suite_tests[] = {
    {"answers with the headers of server and handler", answers_with_all_headers},
    {"refuses paths and methods that are not in the table", refuses_what_is_not_in_the_table},
    {"checks the right before the handler runs", checks_the_right_before_the_handler},
    {"serves HEAD without a body", serves_head_without_a_body},
    {"understands paths, arguments, cookies and bodies", understands_requests},
    {"keeps connections and answers in order", keeps_connections_and_answers_in_order},
    {"refuses what two parties could read differently", refuses_what_could_be_read_in_two_ways},
    {"does not run a smuggled request", a_smuggled_request_is_not_run},
    {"bounds URLs, headers and bodies", bounds_urls_headers_and_bodies},
    {"survives requests with bytes changed", survives_noise},
    {"cuts off a client that trickles", cuts_off_who_trickles},
    {"closes idle connections", closes_idle_connections},
    {"bounds the number of connections", bounds_connections},
    {"answers later", answers_later},
    {"answers 504 for a handler that takes too long", gives_up_on_a_late_answer},
    {"drops a late answer whose client has gone", a_late_answer_may_find_nobody},
    {"cuts and drops answers on order", cuts_and_drops_on_order},
    {"streams what is written as it is written", streams_as_it_is_written},
    {"drops a stream that nobody reads", drops_a_stream_that_nobody_reads},
    {"notices that a reader has gone", notices_that_a_reader_has_gone},
    {"closes with requests and streams under way", closes_with_everything_under_way},
    {"names the port that is taken", names_the_port_that_is_taken},
    {NULL, NULL},
};
