/* The HTTP server over time: slow clients, answers that come later, streams, and its end. */
/* SPDX-License-Identifier: MIT */
#include "tests/contract/http_site.h"

#include "lib/runtime/address.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

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

/* Whether somebody answers at this address. */
static bool answers_at(const char *name, int port)
{
    struct address address;
    bool connected = false;
    if (address_resolve(name, port, &address) == 0) {
        int fd = socket(address.storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
        connected = fd >= 0 && connect(fd, (const struct sockaddr *)&address.storage, address.length) == 0;
        if (fd >= 0)
            (void)close(fd);
    }
    return connected;
}

static void listens_by_name_and_on_ipv6(void)
{
    static const char *const names[] = {"localhost", "127.0.0.1", "::1", "::"};
    int probe = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct address six;
    bool has_ipv6 = probe >= 0 && address_resolve("::1", 0, &six) == 0 &&
                    bind(probe, (const struct sockaddr *)&six.storage, six.length) == 0;
    if (probe >= 0)
        (void)close(probe);
    for (size_t i = 0; i < (has_ipv6 ? 4 : 2); i++) {
        site_open_with((struct http_server_options){.address = names[i]});
        CU_ASSERT(answers_at(strcmp(names[i], "::") == 0 ? "::1" : names[i], http_server_port(site.server)));
        site_close();
    }
    if (!has_ipv6)
        test_skip("there is no IPv6 here");
}

static void names_the_port_that_is_taken(void)
{
    site_open();
    int port = http_server_port(site.server);
    struct http_server *second = NULL;
    const struct http_server_options options = {.address = "127.0.0.1", .port = port};
    char expected[16];
    (void)snprintf(expected, sizeof expected, "port %d", port);
    CU_ASSERT_EQUAL(http_server_open(site.loop, &options, &second), ERROR_LIBRARY);
    CU_ASSERT_PTR_NOT_NULL(strstr(error_message(), expected));
    CU_ASSERT_PTR_NULL(second);
    const struct http_server_options wrong = {.address = "not-an-address"};
    CU_ASSERT_EQUAL(http_server_open(site.loop, &wrong, &second), ERROR_CONFIGURATION);
    const struct http_server_options beyond = {.address = "127.0.0.1", .port = 70000};
    CU_ASSERT_EQUAL(http_server_open(site.loop, &beyond, &second), ERROR_ARGUMENT);
    http_server_close(NULL);
    site_close();
}

const char *const suite_name = "HTTP server: slow clients, later answers, streams";
const struct test suite_tests[] = {
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
    {"listens by name and on IPv6", listens_by_name_and_on_ipv6},
    {"names the port that is taken", names_the_port_that_is_taken},
    {NULL, NULL},
};
