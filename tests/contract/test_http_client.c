/* The HTTP client against the runtime's own HTTP server, in one loop. */
/* SPDX-License-Identifier: MIT */
#include "lib/exchange/http_client.h"
#include "lib/runtime/http_server.h"
#include "tests/harness.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { LARGE = 1024 * 1024, CONNECTIONS = 4, DEADLINE_MS = 60000 };

/* How long the client waits for an answer: for one that comes, and for one that does not. */
enum { PATIENT_MS = 30000, IMPATIENT_MS = 400 };

/* ---- the server ---- */

static char large[HTTP_BODY_MAX + 1]; /* a body */
static int served;

static void serve_small(struct http_request *request, void *user)
{
    (void)user;
    served++;
    http_add_header(request, "X-MBX-USED-WEIGHT-1M", "1234");
    http_answer_text(request, 200, http_raw_query(request));
}

static void serve_odd_headers(struct http_request *request, void *user)
{
    (void)user;
    http_add_header(request, "x-mbx-used-weight-1m", "many");
    http_add_header(request, "Retry-After", "soon");
    http_answer_text(request, 200, "odd");
}

/* A time to come again, as HTTP writes it: half an hour ahead, or long ago. */
static void serve_dated(struct http_request *request, void *user)
{
    char text[64];
    (void)user;
    time_t at = time(NULL) + 1800;
    struct tm parts;
    (void)gmtime_r(&at, &parts);
    (void)strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", &parts);
    bool past = strcmp(http_raw_query(request), "past") == 0;
    http_add_header(request, "Retry-After", past ? "Wed, 21 Oct 2015 07:28:00 GMT" : text);
    http_answer_text(request, 429, "{}");
}

static void serve_stop(struct http_request *request, void *user)
{
    (void)user;
    http_add_header(request, "Retry-After", "17");
    http_answer_text(request, 429, "{}");
}

static void serve_redirect(struct http_request *request, void *user)
{
    (void)user;
    http_add_header(request, "Location", "/small");
    http_answer_text(request, 302, "");
}

static void serve_large(struct http_request *request, void *user)
{
    (void)user;
    http_answer_static(request, 200, "text/plain", large, LARGE);
}

static void serve_too_large(struct http_request *request, void *user)
{
    (void)user;
    http_answer_static(request, 200, "text/plain", large, HTTP_BODY_MAX + 1);
}

static void serve_cut(struct http_request *request, void *user)
{
    (void)user;
    http_truncate(request, 1000);
    http_answer_static(request, 200, "text/plain", large, LARGE);
}

static void serve_nothing(struct http_request *request, void *user)
{
    (void)user;
    http_drop(request);
}

static void serve_later(struct http_request *request, void *user)
{
    (void)user;
    http_answer_later(request);
}

static const struct http_route routes[] = {
    {"GET", "/small", 0, serve_small},       {"GET", "/odd", 0, serve_odd_headers}, {"GET", "/stop", 0, serve_stop},
    {"GET", "/redirect", 0, serve_redirect}, {"GET", "/large", 0, serve_large},     {"GET", "/too-large", 0, serve_too_large},
    {"GET", "/dated", 0, serve_dated},       {"GET", "/cut", 0, serve_cut},         {"GET", "/nothing", 0, serve_nothing},
    {"GET", "/later", 0, serve_later},
};

/* ---- the client ---- */

struct seen {
    int code, status, used_weight, retry_after_s;
    size_t size;
    char body[64];
    char message[256];
};

static struct {
    struct loop *loop;
    struct http_server *server;
    struct http_client *client;
    int deadline;
    bool too_late;
    int waiting;
    int again; /* requests that the callback still has to begin */
    struct seen seen[200];
} stage;

static void get(const char *path, uint64_t tag)
{
    char url[128];
    (void)snprintf(url, sizeof url, "http://127.0.0.1:%d%s", http_server_port(stage.server), path);
    CU_ASSERT_FATAL(http_client_get(stage.client, url, tag) == 0);
    stage.waiting++;
}

static void on_done(void *user, const struct http_result *result)
{
    CU_ASSERT_PTR_EQUAL(user, &stage);
    struct seen *seen = &stage.seen[result->tag];
    *seen = (struct seen){result->code, result->answer.status, result->answer.used_weight,
                          result->answer.retry_after_s, result->answer.size, "", ""};
    size_t kept = result->answer.size < sizeof seen->body ? result->answer.size : sizeof seen->body - 1;
    memcpy(seen->body, result->answer.body, kept);
    if (result->code != 0)
        (void)snprintf(seen->message, sizeof seen->message, "%s", error_message());
    CU_ASSERT(result->received_us >= result->sent_us && result->sent_us > 0);
    stage.waiting--;
    if (stage.again > 0 && http_client_room(stage.client) > 0) {
        stage.again--;
        get("/small?again", 100 + (uint64_t)stage.again);
    }
    if (stage.waiting == 0)
        loop_stop(stage.loop);
}

static void on_deadline(void *user, int64_t now_ms)
{
    (void)user;
    (void)now_ms;
    stage.too_late = true;
    loop_stop(stage.loop);
}

static void set_stage(int timeout_ms)
{
    memset(&stage, 0, sizeof stage);
    memset(large, 'x', sizeof large);
    stage.loop = loop_create();
    CU_ASSERT_FATAL(stage.loop != NULL);
    struct http_server_options server = {.address = "127.0.0.1", .routes = routes,
                                         .route_count = sizeof routes / sizeof routes[0]};
    CU_ASSERT_FATAL(http_server_open(stage.loop, &server, &stage.server) == 0);
    struct http_client_options client = {CONNECTIONS, timeout_ms, "x-mbx-used-weight-1m"};
    CU_ASSERT_FATAL(http_client_open(&stage.client, stage.loop, &client, on_done, &stage) == 0);
    CU_ASSERT_EQUAL(http_client_room(stage.client), CONNECTIONS);
    stage.deadline = loop_add_timer(stage.loop, DEADLINE_MS, 0, on_deadline, NULL);
}

/* Runs until every request has ended. */
static void run(void)
{
    CU_ASSERT_EQUAL(loop_run(stage.loop), 0);
    CU_ASSERT_FATAL(!stage.too_late);
    CU_ASSERT_EQUAL(http_client_room(stage.client), CONNECTIONS);
}

static void clear_stage(void)
{
    http_client_close(stage.client);
    http_server_close(stage.server);
    loop_destroy(stage.loop);
}

static const struct seen *ask(const char *path)
{
    get(path, 0);
    run();
    return &stage.seen[0];
}

/* ---- the tests ---- */

static void an_answer_comes_with_what_its_headers_say(void)
{
    set_stage(PATIENT_MS);
    const struct seen *seen = ask("/small?symbols=%5B%22A%22%5D");
    CU_ASSERT_EQUAL(seen->code, 0);
    CU_ASSERT_EQUAL(seen->status, 200);
    CU_ASSERT_EQUAL(seen->used_weight, 1234);
    CU_ASSERT_EQUAL(seen->retry_after_s, -1);
    CU_ASSERT_STRING_EQUAL(seen->body, "symbols=%5B%22A%22%5D");
    seen = ask("/stop");
    CU_ASSERT_EQUAL(seen->status, 429);
    CU_ASSERT_EQUAL(seen->used_weight, -1);
    CU_ASSERT_EQUAL(seen->retry_after_s, 17);
    seen = ask("/odd");
    CU_ASSERT_EQUAL(seen->used_weight, -1);
    CU_ASSERT_EQUAL(seen->retry_after_s, -1);
    seen = ask("/dated");
    CU_ASSERT_EQUAL(seen->status, 429);
    CU_ASSERT(seen->retry_after_s > 1700 && seen->retry_after_s <= 1801);
    seen = ask("/dated?past");
    CU_ASSERT_EQUAL(seen->retry_after_s, 0);
    seen = ask("/no-such-page");
    CU_ASSERT_EQUAL(seen->code, 0);
    CU_ASSERT_EQUAL(seen->status, 404);
    clear_stage();
}

/* Nobody listens there: a connection that is made was made without it. */
static void name_a_proxy(bool on)
{
    static const char *const names[] = {"http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy",
                                        "ALL_PROXY",  "ws_proxy",    "wss_proxy"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        CU_ASSERT_FATAL((on ? setenv(names[i], "http://127.0.0.1:1", 1) : unsetenv(names[i])) == 0);
}

static void a_proxy_of_the_environment_is_not_used(void)
{
    name_a_proxy(true);
    set_stage(PATIENT_MS);
    const struct seen *seen = ask("/small?direct");
    CU_ASSERT(seen->code == 0 && seen->status == 200);
    CU_ASSERT_STRING_EQUAL(seen->body, "direct");
    clear_stage();
    name_a_proxy(false);
}

static void a_redirect_is_not_followed(void)
{
    set_stage(PATIENT_MS);
    served = 0;
    CU_ASSERT_EQUAL(ask("/redirect")->status, 302);
    CU_ASSERT_EQUAL(served, 0);
    clear_stage();
}

static void a_long_body_is_whole_and_a_longer_one_refused(void)
{
    set_stage(PATIENT_MS);
    CU_ASSERT_EQUAL(ask("/large")->code, 0);
    CU_ASSERT_EQUAL(stage.seen[0].size, LARGE);
    CU_ASSERT_EQUAL(ask("/too-large")->code, ERROR_PROTOCOL);
    CU_ASSERT(strstr(stage.seen[0].message, "too long") != NULL);
    CU_ASSERT_EQUAL(ask("/small")->code, 0);
    clear_stage();
}

static void a_body_that_is_cut_off_is_an_error(void)
{
    set_stage(PATIENT_MS);
    CU_ASSERT_EQUAL(ask("/cut")->code, ERROR_PROTOCOL);
    CU_ASSERT_EQUAL(ask("/small?x")->code, 0);
    CU_ASSERT_STRING_EQUAL(stage.seen[0].body, "x");
    clear_stage();
}

static void no_answer_is_an_error(void)
{
    set_stage(IMPATIENT_MS);
    CU_ASSERT_EQUAL(ask("/nothing")->code, ERROR_CONNECTION);
    CU_ASSERT_EQUAL(ask("/later")->code, ERROR_TIMEOUT);
    CU_ASSERT_EQUAL(http_client_get(stage.client, "http://127.0.0.1:1/", 0), 0);
    stage.waiting++;
    run();
    CU_ASSERT_EQUAL(stage.seen[0].code, ERROR_CONNECTION);
    CU_ASSERT_EQUAL(http_client_get(stage.client, "file:///etc/hostname", 0), 0);
    stage.waiting++;
    run();
    CU_ASSERT(stage.seen[0].code != 0);
    CU_ASSERT_EQUAL(stage.seen[0].size, 0);
    clear_stage();
}

static void no_more_than_the_limit_are_in_flight(void)
{
    set_stage(PATIENT_MS);
    for (uint64_t i = 0; i < CONNECTIONS; i++) {
        CU_ASSERT_EQUAL(http_client_room(stage.client), (int)(CONNECTIONS - i));
        get("/small?n", i);
    }
    CU_ASSERT_EQUAL(http_client_room(stage.client), 0);
    CU_ASSERT_EQUAL(http_client_get(stage.client, "http://127.0.0.1:1/", 9), ERROR_FULL);
    stage.again = 50;
    run();
    for (uint64_t i = 0; i < CONNECTIONS; i++)
        CU_ASSERT_STRING_EQUAL(stage.seen[i].body, "n");
    clear_stage();
}

static void a_callback_may_begin_the_next(void)
{
    set_stage(PATIENT_MS);
    get("/small?first", 0);
    stage.again = 50;
    run();
    CU_ASSERT_EQUAL(stage.again, 0);
    for (int i = 100; i < 150; i++) {
        CU_ASSERT_EQUAL(stage.seen[i].code, 0);
        CU_ASSERT_STRING_EQUAL(stage.seen[i].body, "again");
    }
    clear_stage();
}

static void closing_drops_what_is_in_flight(void)
{
    set_stage(PATIENT_MS);
    get("/later", 0);
    get("/large", 1);
    clear_stage();
    CU_ASSERT_EQUAL(stage.seen[0].status, 0);
    CU_ASSERT_EQUAL(stage.seen[1].status, 0);
}

const char *const suite_name = "http client";

const struct test suite_tests[] = {
    {"an answer comes with what its headers say", an_answer_comes_with_what_its_headers_say},
    {"a proxy of the environment is not used", a_proxy_of_the_environment_is_not_used},
    {"a redirect is not followed", a_redirect_is_not_followed},
    {"a long body is whole and a longer one refused", a_long_body_is_whole_and_a_longer_one_refused},
    {"a body that is cut off is an error", a_body_that_is_cut_off_is_an_error},
    {"no answer is an error", no_answer_is_an_error},
    {"no more than the limit are in flight", no_more_than_the_limit_are_in_flight},
    {"a callback may begin the next", a_callback_may_begin_the_next},
    {"closing drops what is in flight", closing_drops_what_is_in_flight},
    {NULL, NULL},
};
