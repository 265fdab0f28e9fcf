/* The dashboard process itself, in a child, spoken to over HTTP: what it lets in, what it answers, when it starts. */
/* SPDX-License-Identifier: MIT */
#include "dashboard/dashboard.h"
#include "dashboard/routes.h"
#include "lib/base/clock.h"
#include "tests/harness.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/wait.h>
#include <unistd.h>

enum { ANSWER_SIZE = 512 * 1024, DEADLINE_MS = 20000 };

static const char password[] = "correct horse battery";
static pid_t child;
static int port;
static char answer[ANSWER_SIZE]; /* the last one, as it came */
static char session[256];        /* the cookies of the last login, as a Cookie line */

/* ---- the process ---- */

static int free_port(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    CU_ASSERT_FATAL(bind(fd, (const struct sockaddr *)&address, size) == 0);
    CU_ASSERT_FATAL(getsockname(fd, (struct sockaddr *)&address, &size) == 0);
    (void)close(fd);
    return ntohs(address.sin_port);
}

/* Runs the dashboard with a flag of its own; its log goes to a file. */
static pid_t start(const char *flag, const char *value)
{
    char port_text[16], log_path[128], data[128], base[16];
    (void)snprintf(port_text, sizeof port_text, "%d", port);
    (void)snprintf(log_path, sizeof log_path, "%s/log", test_directory());
    (void)snprintf(data, sizeof data, "%s/data", test_directory());
    (void)snprintf(base, sizeof base, "%d", 20000 + (int)getpid() % 10000); /* it only connects */
    (void)fflush(stdout);
    pid_t pid = fork();
    if (pid != 0)
        return pid;
    (void)unsetenv("DASHBOARD_PASSWORD");
    (void)unsetenv("DASHBOARD_PASSWORD_HASH");
    (void)unsetenv("PORT");
    int log = open(log_path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    (void)dup2(log, STDERR_FILENO);
    const char *arguments[] = {"wick-dashboard", "--dashboard.port", port_text, "--process.data_dir", data,
                               "--links.base_port", base, flag, value, NULL};
    _exit(service_main(&dashboard_service, flag == NULL ? 7 : 9, (char **)(uintptr_t)arguments));
}

static int connect_to_it(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    address.sin_port = htons((uint16_t)port);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (connect(fd, (const struct sockaddr *)&address, sizeof address) == 0)
        return fd;
    (void)close(fd);
    return -1;
}

static void stop(void)
{
    int status = -1;
    (void)kill(child, SIGTERM);
    (void)waitpid(child, &status, 0);
    CU_ASSERT(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static void open_it(const char *flag, const char *value)
{
    int64_t until_ms = clock_monotonic_ms() + DEADLINE_MS;
    int fd;
    port = free_port();
    child = start(flag, value);
    while ((fd = connect_to_it()) < 0 && clock_monotonic_ms() < until_ms)
        (void)poll(NULL, 0, 10);
    CU_ASSERT_FATAL(fd >= 0);
    (void)close(fd);
}

/* ---- requests ---- */

/* Appends what comes to `answer`. False at the end of the stream or when time is up. */
static bool read_more(int fd, size_t *size, int64_t until_ms)
{
    struct pollfd wait = {.fd = fd, .events = POLLIN};
    int64_t left_ms = until_ms - clock_monotonic_ms();
    if (left_ms <= 0 || poll(&wait, 1, (int)left_ms) <= 0)
        return false;
    ssize_t count = read(fd, answer + *size, sizeof answer - 1 - *size);
    if (count <= 0)
        return false;
    *size += (size_t)count;
    answer[*size] = '\0';
    return true;
}

static int send_request(const char *method, const char *path, const char *headers, const char *body)
{
    char text[16384];
    int fd = connect_to_it();
    CU_ASSERT_FATAL(fd >= 0);
    int length = snprintf(text, sizeof text,
                          "%s %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nConnection: close\r\nContent-Length: %zu\r\n%s\r\n%s",
                          method, path, port, strlen(body), headers, body);
    CU_ASSERT_FATAL(length > 0 && (size_t)length < sizeof text);
    CU_ASSERT_FATAL(write(fd, text, (size_t)length) == length);
    return fd;
}

/* The status of the answer, which is in `answer` with its headers. */
static int request(const char *method, const char *path, const char *headers, const char *body)
{
    size_t size = 0;
    int fd = send_request(method, path, headers, body);
    answer[0] = '\0';
    while (read_more(fd, &size, clock_monotonic_ms() + DEADLINE_MS))
        continue;
    (void)close(fd);
    return strncmp(answer, "HTTP/1.1 ", 9) == 0 ? (int)strtol(answer + 9, NULL, 10) : 0;
}

/* The value of a header of `answer`, or NULL; `nth` from 0. */
static const char *header(const char *name, int nth)
{
    static char value[512];
    for (const char *line = strstr(answer, "\r\n"); line != NULL && strncmp(line, "\r\n\r\n", 4) != 0;
         line = strstr(line + 2, "\r\n")) {
        size_t length = strlen(name);
        if (strncasecmp(line + 2, name, length) != 0 || line[2 + length] != ':' || nth-- > 0)
            continue;
        const char *begin = line + 2 + length + 2;
        (void)snprintf(value, sizeof value, "%.*s", (int)strcspn(begin, "\r"), begin);
        return value;
    }
    return NULL;
}

static int post(const char *path, const char *more_headers, const char *body)
{
    char headers[1024];
    (void)snprintf(headers, sizeof headers, "Sec-Fetch-Site: same-origin\r\nContent-Type: application/json\r\n%s",
                   more_headers);
    return request("POST", path, headers, body);
}

static int log_in(const char *headers)
{
    char body[128];
    (void)snprintf(body, sizeof body, "{\"password\":\"%s\"}", password);
    int status = post("/login", headers, body);
    if (status == 204) {
        char sid[128], device[128];
        (void)snprintf(sid, sizeof sid, "%s", header("Set-Cookie", 0));
        (void)snprintf(device, sizeof device, "%s", header("Set-Cookie", 1));
        (void)snprintf(session, sizeof session, "Cookie: %.*s; %.*s\r\n", (int)strcspn(sid, ";"), sid,
                       (int)strcspn(device, ";"), device);
    }
    return status;
}

/* ---- tests ---- */

static void check_exit(const char *flag, const char *value, int expected, const char *said)
{
    char path[128], text[4096] = "";
    int status = -1;
    port = free_port();
    pid_t pid = start(flag, value);
    (void)waitpid(pid, &status, 0);
    CU_ASSERT(WIFEXITED(status) && WEXITSTATUS(status) == expected);
    (void)snprintf(path, sizeof path, "%s/log", test_directory());
    FILE *file = fopen(path, "r");
    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    text[fread(text, 1, sizeof text - 1, file)] = '\0';
    (void)fclose(file);
    CU_ASSERT_PTR_NOT_NULL(strstr(text, said));
    CU_ASSERT_PTR_NULL(strstr(text, "eleven char"));
}

static void it_does_not_start_without_a_password(void)
{
    check_exit(NULL, NULL, 4, "dashboard.password_hash");
    check_exit("--dashboard.password", "eleven char", 4, "12 to 255 bytes");
    check_exit("--dashboard.password_hash", "eleven char", 4, "Argon2id");
}

/* A path that a row of the table stands for. */
static void path_of(const struct route_row *row, char *out, size_t capacity)
{
    (void)snprintf(out, capacity, "%s", row->path);
    char *star = strchr(out, '*');
    if (star != NULL)
        (void)snprintf(star, capacity - (size_t)(star - out), "-0/x.js");
}

static void every_route_that_needs_a_session_answers_401_without_one(void)
{
    int checked = 0;
    for (size_t i = 0; i < route_count; i++) {
        const struct route_row *row = &route_rows[i];
        char path[128];
        path_of(row, path, sizeof path);
        bool is_post = strcmp(row->method, "POST") == 0;
        const char *own = "Sec-Fetch-Site: same-origin\r\nX-Requested-With: x\r\nContent-Type: application/json\r\n";
        int status = request(row->method, path, is_post ? own : "", is_post ? "{\"action\":\"halt\"}" : "");
        if (row->needs & NEED_SESSION) {
            CU_ASSERT_EQUAL(status, 401);
            CU_ASSERT_PTR_NOT_NULL(strstr(answer, "{\"error\":\"log in first\"}"));
            CU_ASSERT_EQUAL(request(row->method, path, "Cookie: sid=AAAA; __Host-sid=AAAA\r\n", ""), 401);
            checked++;
        } else if (!is_post) {
            CU_ASSERT(status != 401);
        }
    }
    CU_ASSERT(checked >= 10);
    /* What is open is a short list. A new row that needs no session must be meant. */
    CU_ASSERT_EQUAL(route_count - (size_t)checked, 5);
}

static void every_path_of_the_api_needs_a_session(void)
{
    for (size_t i = 0; i < route_count; i++)
        if (strncmp(route_rows[i].path, "/api/", 5) == 0)
            CU_ASSERT(route_rows[i].needs & NEED_SESSION);
    CU_ASSERT_EQUAL(request("GET", "/api/v1/other", "", ""), 404);
    CU_ASSERT_EQUAL(request("GET", "/api/v1/state/", "", ""), 404);
    CU_ASSERT_EQUAL(request("GET", "//api/v1/state", "", ""), 404);
    CU_ASSERT_EQUAL(request("HEAD", "/api/v1/state", "", ""), 401);
    CU_ASSERT(request("GET", "/assets/login-0/../../api/v1/state", "", "") != 200);
    CU_ASSERT_EQUAL(request("POST", "/api/v1/state", "", ""), 405);
    CU_ASSERT_EQUAL(request("TRACE", "/", "", ""), 405);
}

static void a_person_sees_the_login_page_instead(void)
{
    CU_ASSERT_EQUAL(request("GET", "/", "Accept: text/html,*/*\r\n", ""), 401);
    CU_ASSERT_PTR_NOT_NULL(strstr(answer, "<form id=\"login-form\">"));
    CU_ASSERT_PTR_NULL(strstr(answer, "positions-panel"));
    CU_ASSERT_EQUAL(request("GET", "/login", "", ""), 200);
    CU_ASSERT_PTR_NOT_NULL(strstr(answer, "<form id=\"login-form\">"));
    CU_ASSERT_EQUAL(request("GET", "/healthz", "", ""), 200);
    CU_ASSERT_STRING_EQUAL(strstr(answer, "\r\n\r\n") + 4, "ok");
}

static void every_answer_carries_the_headers(void)
{
    static const char *const names[] = {"Content-Security-Policy", "X-Content-Type-Options", "X-Frame-Options",
                                        "Referrer-Policy", "Cross-Origin-Opener-Policy", "Permissions-Policy",
                                        "Cross-Origin-Resource-Policy"};
    static const char *const paths[] = {"/", "/login", "/healthz", "/api/v1/state", "/nothing"};
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        (void)request("GET", paths[i], "", "");
        for (size_t j = 0; j < sizeof names / sizeof names[0]; j++)
            CU_ASSERT_PTR_NOT_NULL(header(names[j], 0));
        CU_ASSERT_PTR_NULL(header("Server", 0));
        CU_ASSERT_PTR_NULL(header("Strict-Transport-Security", 0)); /* this is plain HTTP */
        CU_ASSERT_PTR_NULL(header("Access-Control-Allow-Origin", 0));
    }
    (void)request("GET", "/login", "", "");
    CU_ASSERT_STRING_EQUAL(header("Cache-Control", 0), "no-store");
    CU_ASSERT_PTR_NULL(strstr(header("Content-Security-Policy", 0), "unsafe"));
}

static void other_pages_may_not_post(void)
{
    char host[128], body[128];
    (void)snprintf(host, sizeof host, "Origin: http://127.0.0.1:%d\r\nContent-Type: application/json\r\n", port);
    (void)snprintf(body, sizeof body, "{\"password\":\"%s\"}", password);
    CU_ASSERT_EQUAL(request("POST", "/login", "Content-Type: application/json\r\n", body), 403);
    CU_ASSERT_EQUAL(request("POST", "/login", "Sec-Fetch-Site: cross-site\r\nContent-Type: application/json\r\n", body),
                    403);
    CU_ASSERT_EQUAL(request("POST", "/login", "Origin: http://evil\r\nContent-Type: application/json\r\n", body), 403);
    CU_ASSERT_EQUAL(request("POST", "/login", "Sec-Fetch-Site: same-origin\r\nContent-Type: text/plain\r\n", body), 415);
    CU_ASSERT_EQUAL(request("POST", "/login", host, body), 204);
}

static void a_login_opens_what_a_logout_closes(void)
{
    char first[256];
    CU_ASSERT_EQUAL_FATAL(log_in(""), 204);
    CU_ASSERT_PTR_NOT_NULL(strstr(header("Set-Cookie", 0), "; HttpOnly; SameSite=Strict"));
    CU_ASSERT_EQUAL(request("GET", "/api/v1/state", session, ""), 200);
    CU_ASSERT_PTR_NOT_NULL(strstr(answer, "\"portfolio\":{\"known\":false"));
    CU_ASSERT_STRING_EQUAL(header("Cache-Control", 0), "no-store");
    CU_ASSERT_EQUAL(request("GET", "/", session, ""), 200);
    CU_ASSERT_PTR_NOT_NULL(strstr(answer, "positions-panel"));
    (void)snprintf(first, sizeof first, "%s", session);
    CU_ASSERT_EQUAL_FATAL(log_in(session), 204); /* a new token, and the old one is worth nothing */
    CU_ASSERT(strcmp(first, session) != 0);
    CU_ASSERT_EQUAL(request("GET", "/api/v1/state", first, ""), 401);
    CU_ASSERT_EQUAL(request("POST", "/logout", session, ""), 403); /* not from our page */
    CU_ASSERT_EQUAL(post("/logout", session, ""), 204);
    CU_ASSERT_PTR_NOT_NULL(header("Clear-Site-Data", 0));
    CU_ASSERT_EQUAL(request("GET", "/api/v1/state", session, ""), 401);
}

static void assets_are_kept_for_ever_and_only_the_login_is_open(void)
{
    char page[8192], path[128], tag[1024];
    CU_ASSERT_EQUAL_FATAL(log_in(session), 204);
    CU_ASSERT_EQUAL(request("GET", "/", session, ""), 200);
    (void)snprintf(page, sizeof page, "%s", strstr(answer, "\r\n\r\n"));
    for (const char *at = page; (at = strstr(at, "\"/assets/")) != NULL; at++) {
        (void)snprintf(path, sizeof path, "%.*s", (int)strcspn(at + 1, "\""), at + 1);
        CU_ASSERT_EQUAL(request("GET", path, session, ""), 200);
        CU_ASSERT_STRING_EQUAL(header("Cache-Control", 0), "public, max-age=31536000, immutable");
        (void)snprintf(tag, sizeof tag, "If-None-Match: %s\r\n%s", header("ETag", 0), session);
        CU_ASSERT_EQUAL(request("GET", path, tag, ""), 304);
        bool is_open = strncmp(path, "/assets/login", 13) == 0;
        CU_ASSERT_EQUAL(request("GET", path, "", ""), is_open ? 200 : 401);
    }
    CU_ASSERT_EQUAL(request("GET", "/assets/app-0/app.html", session, ""), 404);
}

static void questions_are_checked_and_silence_is_said(void)
{
    char headers[512];
    CU_ASSERT_EQUAL_FATAL(log_in(session), 204);
    CU_ASSERT_EQUAL(request("GET", "/api/v1/candles", session, ""), 400);
    CU_ASSERT_PTR_NOT_NULL(strstr(answer, "{\"error\":\"\\\"symbol\\\" is needed"));
    CU_ASSERT_EQUAL(request("GET", "/api/v1/equity?limit=x", session, ""), 400);
    /* There is no trader and no persister here. */
    CU_ASSERT_EQUAL(request("GET", "/api/v1/equity", session, ""), 503);
    CU_ASSERT_EQUAL(post("/api/v1/command", session, "{\"action\":\"pause\"}"), 403); /* no X-Requested-With */
    (void)snprintf(headers, sizeof headers, "X-Requested-With: x\r\n%s", session);
    CU_ASSERT_EQUAL(post("/api/v1/command", headers, "{\"action\":\"explode\"}"), 400);
    CU_ASSERT_EQUAL(post("/api/v1/command", headers, "{\"action\":\"pause\"}"), 503);
    CU_ASSERT_PTR_NOT_NULL(header("Retry-After", 0));
    CU_ASSERT_EQUAL(post("/api/v1/active", session, ""), 204);
}

/* Reads a stream until `text` has come; false if it ended or time is up. */
static bool read_until(int fd, const char *text, size_t *size)
{
    int64_t until_ms = clock_monotonic_ms() + DEADLINE_MS;
    while (strstr(answer, text) == NULL)
        if (!read_more(fd, size, until_ms))
            return false;
    return true;
}

static void a_stream_resumes_and_ends_with_its_session(void)
{
    char headers[512], id[64];
    size_t size = 0;
    CU_ASSERT_EQUAL_FATAL(log_in(session), 204);
    answer[0] = '\0';
    int fd = send_request("GET", "/api/v1/stream", session, "");
    CU_ASSERT(read_until(fd, "retry: ", &size));
    CU_ASSERT_STRING_EQUAL(header("Content-Type", 0), "text/event-stream");
    CU_ASSERT_STRING_EQUAL(header("Cache-Control", 0), "no-store, no-transform");
    CU_ASSERT(read_until(fd, "event: process\ndata: {\"processes\":[{\"role\":\"dashboard\"", &size));
    const char *at = strstr(answer, "id: ");
    CU_ASSERT_PTR_NOT_NULL_FATAL(at);
    (void)snprintf(id, sizeof id, "%.*s", (int)strcspn(at + 4, "\n"), at + 4);
    (void)close(fd);

    (void)snprintf(headers, sizeof headers, "Last-Event-ID: %s\r\n%s", id, session);
    answer[0] = '\0';
    size = 0;
    fd = send_request("GET", "/api/v1/stream", headers, "");
    CU_ASSERT(read_until(fd, "event: process", &size));
    CU_ASSERT_PTR_NULL(strstr(answer, "resync"));
    CU_ASSERT_PTR_NULL(strstr(answer, id)); /* that one was seen */

    int other = send_request("POST", "/logout", "Sec-Fetch-Site: same-origin\r\n", ""); /* nobody's session */
    (void)close(other);
    char kept[512];
    (void)snprintf(kept, sizeof kept, "Sec-Fetch-Site: same-origin\r\n%s", session);
    other = send_request("POST", "/logout", kept, "");
    while (read_more(fd, &size, clock_monotonic_ms() + DEADLINE_MS))
        continue;
    CU_ASSERT(poll(&(struct pollfd){.fd = fd, .events = POLLIN}, 1, 0) == 1); /* ended, not out of time */
    (void)close(other);
    (void)close(fd);
}

static void an_unknown_id_asks_for_the_state(void)
{
    size_t size = 0;
    CU_ASSERT_EQUAL_FATAL(log_in(session), 204);
    answer[0] = '\0';
    int fd = send_request("GET", "/api/v1/stream?after=0000000000000000-7", session, "");
    CU_ASSERT(read_until(fd, "event: resync\ndata: {}\n\n", &size));
    (void)close(fd);
}

static void guessing_is_slowed_down_but_the_owner_gets_in(void)
{
    char known[256];
    CU_ASSERT_EQUAL_FATAL(log_in(session), 204);
    (void)snprintf(known, sizeof known, "%s", session);
    int refused = 0, throttled = 0;
    for (int i = 0; i < 12; i++) {
        int status = post("/login", "", "{\"password\":\"wrong wrong wrong\"}");
        refused += status == 401;
        throttled += status == 429;
        if (status == 429)
            CU_ASSERT_PTR_NOT_NULL(header("Retry-After", 0));
    }
    CU_ASSERT(refused >= 1 && throttled >= 1);
    CU_ASSERT_EQUAL(refused + throttled, 12);
    CU_ASSERT_EQUAL(log_in(""), 429); /* from the same address, with the right password */
    CU_ASSERT_EQUAL(log_in(known), 204);
}

static void on_plain_http(void (*test)(void))
{
    open_it("--dashboard.password", password);
    session[0] = '\0';
    test();
    stop();
}

#define PLAIN(test)            \
    static void run_##test(void) \
    {                          \
        on_plain_http(test);   \
    }
PLAIN(every_route_that_needs_a_session_answers_401_without_one)
PLAIN(every_path_of_the_api_needs_a_session)
PLAIN(a_person_sees_the_login_page_instead)
PLAIN(every_answer_carries_the_headers)
PLAIN(other_pages_may_not_post)
PLAIN(a_login_opens_what_a_logout_closes)
PLAIN(assets_are_kept_for_ever_and_only_the_login_is_open)
PLAIN(questions_are_checked_and_silence_is_said)
PLAIN(a_stream_resumes_and_ends_with_its_session)
PLAIN(an_unknown_id_asks_for_the_state)
PLAIN(guessing_is_slowed_down_but_the_owner_gets_in)

static void behind_https_plain_http_is_refused(void)
{
    open_it("--dashboard.secure_cookie=true", "--dashboard.password=correct horse battery");
    CU_ASSERT_EQUAL(request("GET", "/login", "", ""), 403);
    CU_ASSERT_EQUAL(request("GET", "/login", "X-Forwarded-Proto: http\r\n", ""), 403);
    CU_ASSERT_EQUAL(request("GET", "/healthz", "", ""), 200);
    CU_ASSERT_EQUAL(request("GET", "/login", "X-Forwarded-Proto: https\r\n", ""), 200);
    CU_ASSERT_PTR_NOT_NULL(header("Strict-Transport-Security", 0));
    CU_ASSERT_EQUAL(log_in("X-Forwarded-Proto: https\r\n"), 204);
    CU_ASSERT_EQUAL(strncmp(session, "Cookie: __Host-sid=", 19), 0);
    CU_ASSERT_PTR_NOT_NULL(strstr(header("Set-Cookie", 0), "; Secure"));
    stop();
}

const char *const suite_name = "dashboard: http";
const struct test suite_tests[] = {
    {"it does not start without a password", it_does_not_start_without_a_password},
    {"every route that needs a session answers 401 without one",
     run_every_route_that_needs_a_session_answers_401_without_one},
    {"every path of the API needs a session", run_every_path_of_the_api_needs_a_session},
    {"a person sees the login page instead", run_a_person_sees_the_login_page_instead},
    {"every answer carries the headers", run_every_answer_carries_the_headers},
    {"other pages may not post", run_other_pages_may_not_post},
    {"a login opens what a logout closes", run_a_login_opens_what_a_logout_closes},
    {"assets are kept for ever, and only the login's are open",
     run_assets_are_kept_for_ever_and_only_the_login_is_open},
    {"questions are checked and silence is said", run_questions_are_checked_and_silence_is_said},
    {"a stream resumes and ends with its session", run_a_stream_resumes_and_ends_with_its_session},
    {"an unknown id asks for the state", run_an_unknown_id_asks_for_the_state},
    {"guessing is slowed down, but the owner gets in", run_guessing_is_slowed_down_but_the_owner_gets_in},
    {"behind HTTPS plain HTTP is refused", behind_https_plain_http_is_refused},
    {NULL, NULL},
};
