/* The HTTP server over real sockets, driven with raw bytes: what clients may send, and what they must not. */
/* SPDX-License-Identifier: MIT */
#include "tests/contract/http_site.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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
    CU_ASSERT_EQUAL(site.asked_right, SITE_RIGHT);
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
    const char *body = "POST /size HTTP/1.1\r\nHost: x\r\nContent-Length: 65536\r\n\r\n%";
    CU_ASSERT_TRUE(answers_size(body, 65536, "size=65536"));
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
    {NULL, NULL},
};
