/* The WebSocket client against a server that is written by hand, in one loop. */
/* SPDX-License-Identifier: MIT */
#include "lib/exchange/websocket.h"
#include "lib/exchange/websocket_handshake.h"
#include "tests/contract/websocket_peer.h"
#include "tests/harness.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum { DEADLINE_MS = 60000, SEEN_MAX = 100, TEXT_KEPT = 64 };

/* What one connection has seen. */
struct seen {
    struct websocket *connection; /* NULL: gone */
    int opened, texts, ended;
    size_t bytes;
    char text[TEXT_KEPT]; /* the last one */
    char why[256];
};

static struct {
    struct loop *loop;
    struct websockets *client;
    bool inside;              /* a function of the client is at work: no callback may come */
    const int *counter;       /* run until it has come to `wanted` */
    int wanted;
    bool too_late;
    const char *first_text;   /* sent when a connection opens */
    bool close_on_text, close_on_open, close_on_end;
    struct seen seen[SEEN_MAX];
    int opened, texts, ended; /* of all connections */
} stage;

/* ---- the callbacks ---- */

static void look(void)
{
    CU_ASSERT_FALSE(stage.inside);
    if (stage.counter != NULL && *stage.counter >= stage.wanted)
        loop_stop(stage.loop);
}

static int say(struct seen *seen, const char *text, size_t size)
{
    stage.inside = true;
    int code = websocket_send(seen->connection, text, size);
    stage.inside = false;
    return code;
}

static void leave(struct seen *seen)
{
    bool was_inside = stage.inside;
    stage.inside = true;
    websocket_close(seen->connection);
    stage.inside = was_inside;
    seen->connection = NULL;
}

static void on_open(void *user)
{
    struct seen *seen = user;
    seen->opened++;
    stage.opened++;
    if (stage.first_text != NULL)
        CU_ASSERT_EQUAL(say(seen, stage.first_text, strlen(stage.first_text)), 0);
    look();
    if (stage.close_on_open)
        leave(seen);
}

static void on_text(void *user, const char *text, size_t size)
{
    struct seen *seen = user;
    CU_ASSERT_EQUAL(text[size], '\0');
    seen->texts++;
    seen->bytes += size;
    stage.texts++;
    (void)snprintf(seen->text, sizeof seen->text, "%s", text);
    look();
    if (stage.close_on_text)
        leave(seen);
}

static void on_end(void *user, const char *why)
{
    struct seen *seen = user;
    seen->ended++;
    stage.ended++;
    (void)snprintf(seen->why, sizeof seen->why, "%s", why);
    if (stage.close_on_end)
        websocket_close(seen->connection);
    seen->connection = NULL;
    look();
}

static const struct websocket_events callbacks = {on_open, on_text, on_end};

/* ---- the stage ---- */

static void on_deadline(void *user, int64_t now_ms)
{
    (void)user;
    (void)now_ms;
    stage.too_late = true;
    loop_stop(stage.loop);
}

static void set_stage(void)
{
    memset(&stage, 0, sizeof stage);
    stage.loop = loop_create();
    CU_ASSERT_PTR_NOT_NULL_FATAL(stage.loop);
    peer_server_open(stage.loop);
    CU_ASSERT_EQUAL_FATAL(websockets_open(&stage.client, stage.loop), 0);
    CU_ASSERT_FATAL(loop_add_timer(stage.loop, DEADLINE_MS, 0, on_deadline, NULL) >= 0);
}

static void clear_stage(void)
{
    websockets_close(stage.client);
    peer_server_close();
    loop_destroy(stage.loop);
}

static int try_open(int place, const char *url)
{
    struct seen *seen = &stage.seen[place];
    stage.inside = true;
    int code = websocket_open(stage.client, url, &callbacks, seen, &seen->connection);
    stage.inside = false;
    return code;
}

static struct seen *open_path(int place, const char *path)
{
    char url[128];
    (void)snprintf(url, sizeof url, "ws://127.0.0.1:%d%s", peer_server.port, path);
    CU_ASSERT_EQUAL_FATAL(try_open(place, url), 0);
    return &stage.seen[place];
}

/* Runs until a counter of the callbacks has come so far. */
static void run_until(const int *counter, int wanted)
{
    if (*counter >= wanted)
        return;
    stage.counter = counter;
    stage.wanted = wanted;
    CU_ASSERT_EQUAL(loop_run(stage.loop), 0);
    CU_ASSERT_FALSE_FATAL(stage.too_late);
}

static void poll_peer(void *user, int64_t now_ms)
{
    (void)user;
    (void)now_ms;
    look();
}

/* The same for a counter of the server's, which stops no loop by itself. */
static void run_until_peer(const int *counter, int wanted)
{
    int timer = loop_add_timer(stage.loop, 0, 5, poll_peer, NULL);
    CU_ASSERT_FATAL(timer >= 0);
    run_until(counter, wanted);
    loop_remove_timer(stage.loop, timer);
}

/* Opens a path and runs to its end, of which `why` must be said. */
static void expect_end(const char *path, const char *why)
{
    struct seen *seen = open_path(0, path);
    run_until(&stage.ended, 1);
    CU_ASSERT_PTR_NOT_NULL(strstr(seen->why, why));
    if (strstr(seen->why, why) == NULL)
        printf("expected '%s', got '%s'\n", why, seen->why);
}

static void the_handshake_is_that_of_the_rfc(void)
{
    char accept[HANDSHAKE_ACCEPT_SIZE], first[HANDSHAKE_KEY_SIZE], second[HANDSHAKE_KEY_SIZE];
    handshake_accept("dGhlIHNhbXBsZSBub25jZQ==", accept); /* RFC 6455, 1.3 */
    CU_ASSERT_STRING_EQUAL(accept, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    handshake_key(first);
    handshake_key(second);
    CU_ASSERT_TRUE(strlen(first) == 24 && strcmp(first, second) != 0);
}

/* ---- texts ---- */

static void texts_go_both_ways(void)
{
    set_stage();
    char *long_text = malloc(100000);
    CU_ASSERT_PTR_NOT_NULL_FATAL(long_text);
    memset(long_text, 'x', 100000);
    stage.first_text = "hello";
    struct seen *seen = open_path(0, "/ws?a=b");
    run_until(&seen->texts, 1);
    CU_ASSERT_STRING_EQUAL(seen->text, "hello");
    CU_ASSERT_STRING_EQUAL(peer_server.peers[0].path, "/ws?a=b");
    CU_ASSERT_EQUAL(say(seen, "", 0), 0);
    run_until(&seen->texts, 2);
    CU_ASSERT_STRING_EQUAL(seen->text, "");
    CU_ASSERT_EQUAL(say(seen, long_text, 100000), 0);
    run_until(&seen->texts, 3);
    CU_ASSERT_EQUAL(seen->bytes, 100005);
    free(long_text);
    clear_stage();
}

static void send_fragments(struct peer *peer)
{
    peer_frame(peer, FRAME_TEXT_BEGINS, "one ", 4);
    peer_frame(peer, FRAME_PING, "are you there?", 14);
    peer_frame(peer, FRAME_CONTINUES, "", 0);
    peer_frame(peer, FRAME_CONTINUES, "two ", 4);
    peer_frame(peer, FRAME_ENDS, "three", 5);
}

static void fragments_are_joined_and_pings_between_them_answered(void)
{
    set_stage();
    peer_server.on_upgraded = send_fragments;
    struct seen *seen = open_path(0, "/");
    run_until(&seen->texts, 1);
    CU_ASSERT_STRING_EQUAL(seen->text, "one two three");
    run_until_peer(&peer_server.pongs, 1);
    clear_stage();
}

static void send_much(struct peer *peer)
{
    static char text[60000];
    memset(text, 'm', sizeof text);
    for (int i = 0; i < 40; i++)
        peer_frame(peer, FRAME_TEXT, text, sizeof text);
}

static void more_than_one_turn_takes_arrives(void)
{
    set_stage();
    peer_server.on_upgraded = send_much;
    struct seen *seen = open_path(0, "/");
    run_until(&seen->texts, 40);
    CU_ASSERT_EQUAL(seen->bytes, 40 * 60000);
    clear_stage();
}

static void fifty_connections_do_not_mix(void)
{
    set_stage();
    enum { CONNECTIONS = 50, ROUNDS = 20 };
    for (int i = 0; i < CONNECTIONS; i++)
        (void)open_path(i, "/");
    run_until(&stage.opened, CONNECTIONS);
    for (int round = 0; round < ROUNDS; round++) {
        for (int i = 0; i < CONNECTIONS; i++) {
            char text[32];
            int length = snprintf(text, sizeof text, "%d of %d", round, i);
            CU_ASSERT_EQUAL(say(&stage.seen[i], text, (size_t)length), 0);
        }
    }
    run_until(&stage.texts, CONNECTIONS * ROUNDS);
    for (int i = 0; i < CONNECTIONS; i++) {
        char expected[32];
        (void)snprintf(expected, sizeof expected, "%d of %d", ROUNDS - 1, i);
        CU_ASSERT_EQUAL(stage.seen[i].texts, ROUNDS);
        CU_ASSERT_STRING_EQUAL(stage.seen[i].text, expected);
    }
    clear_stage();
}

/* ---- limits ---- */

static void what_is_no_url_is_refused(void)
{
    set_stage();
    static const char *const urls[] = {"", "nonsense", "http://127.0.0.1/", "ws://", "file:///etc/hostname",
                                       "wss://bad host/"};
    for (size_t i = 0; i < sizeof urls / sizeof urls[0]; i++)
        CU_ASSERT_EQUAL(try_open(0, urls[i]), ERROR_ARGUMENT);
    char url[9000] = "ws://127.0.0.1/";
    memset(url + strlen(url), 'x', 8000);
    CU_ASSERT_EQUAL(try_open(0, url), ERROR_ARGUMENT);
    CU_ASSERT_EQUAL(peer_server.accepted, 0);
    clear_stage();
}

static void connections_and_texts_have_limits(void)
{
    set_stage();
    for (int i = 0; i < WEBSOCKET_CONNECTIONS_MAX; i++)
        (void)open_path(i, "/");
    CU_ASSERT_EQUAL(try_open(WEBSOCKET_CONNECTIONS_MAX, "ws://127.0.0.1/"), ERROR_FULL);
    CU_ASSERT_EQUAL(say(&stage.seen[0], "x", 1), ERROR_CONNECTION);
    run_until(&stage.opened, WEBSOCKET_CONNECTIONS_MAX);
    for (int i = 0; i < WEBSOCKET_QUEUE_MAX; i++)
        CU_ASSERT_EQUAL(say(&stage.seen[0], "x", 1), 0);
    CU_ASSERT_EQUAL(say(&stage.seen[0], "x", 1), ERROR_FULL);
    run_until(&stage.texts, WEBSOCKET_QUEUE_MAX);
    CU_ASSERT_EQUAL(say(&stage.seen[0], "x", 1), 0);
    leave(&stage.seen[1]);
    (void)open_path(1, "/");
    run_until(&stage.opened, WEBSOCKET_CONNECTIONS_MAX + 1);
    clear_stage();
}

static void send_too_long(struct peer *peer)
{
    static char part[WEBSOCKET_MESSAGE_MAX / 2];
    memset(part, 'l', sizeof part);
    peer_frame(peer, FRAME_TEXT_BEGINS, part, sizeof part);
    peer_frame(peer, FRAME_CONTINUES, part, sizeof part);
    peer_frame(peer, FRAME_ENDS, part, 1);
}

static void send_longest(struct peer *peer)
{
    static char text[WEBSOCKET_MESSAGE_MAX];
    memset(text, 'l', sizeof text);
    peer_frame(peer, FRAME_TEXT, text, sizeof text);
}

static void the_longest_message_arrives_and_a_longer_one_ends_the_connection(void)
{
    set_stage();
    peer_server.on_upgraded = send_longest;
    struct seen *seen = open_path(0, "/");
    run_until(&seen->texts, 1);
    CU_ASSERT_EQUAL(seen->bytes, WEBSOCKET_MESSAGE_MAX);
    leave(seen);
    peer_server.on_upgraded = send_too_long;
    expect_end("/", "more than 1048576 bytes");
    CU_ASSERT_EQUAL(seen->texts, 1);
    clear_stage();
}

/* Pings for ever, reading no pong. */
static void send_pings(void *user, int events)
{
    struct peer *peer = user;
    (void)events;
    static char frames[200 * 127];
    for (size_t i = 0; i < sizeof frames; i += 127) {
        memset(frames + i, 'p', 127);
        frames[i] = (char)FRAME_PING;
        frames[i + 1] = 125;
    }
    static size_t at;
    ssize_t sent = send(peer->fd, frames + at, sizeof frames - at, MSG_NOSIGNAL | MSG_DONTWAIT);
    at = sent > 0 ? (at + (size_t)sent) % sizeof frames : at;
    if (stage.ended > 0)
        peer_cut(peer);
}

static void begin_pings(struct peer *peer)
{
    loop_remove_fd(stage.loop, peer->fd);
    CU_ASSERT_EQUAL_FATAL(loop_add_fd(stage.loop, peer->fd, LOOP_WRITE, send_pings, peer), 0);
}

static void pings_whose_answers_are_not_taken_end_the_connection(void)
{
    set_stage();
    peer_server.on_upgraded = begin_pings;
    expect_end("/", "takes no answers");
    clear_stage();
}

/* ---- ends ---- */

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
    set_stage();
    (void)open_path(0, "/");
    run_until(&stage.opened, 1);
    CU_ASSERT_EQUAL(stage.ended, 0);
    clear_stage();
    name_a_proxy(false);
}

static void nobody_there_is_an_end(void)
{
    set_stage();
    CU_ASSERT_EQUAL(try_open(0, "ws://127.0.0.1:1/"), 0);
    run_until(&stage.ended, 1);
    CU_ASSERT_PTR_NOT_NULL(strstr(stage.seen[0].why, "could not connect"));
    CU_ASSERT_EQUAL(try_open(0, "ws://no-such-host.invalid/"), 0);
    run_until(&stage.ended, 2);
    CU_ASSERT_PTR_NOT_NULL(strstr(stage.seen[0].why, "could not connect"));
    CU_ASSERT_EQUAL(try_open(0, "wss://127.0.0.1:1/"), 0);
    run_until(&stage.ended, 3);
    CU_ASSERT_EQUAL(stage.opened, 0);
    clear_stage();
}

static void answer_wrongly(struct peer *peer, const char *key)
{
    char answer[HANDSHAKE_HEAD_SIZE], accept[HANDSHAKE_ACCEPT_SIZE];
    if (strcmp(peer->path, "/silent") == 0)
        return;
    if (strcmp(peer->path, "/garbage") == 0) {
        peer_send(peer, "\x16\x03\x01 no HTTP at all\r\n\r\n", 22);
    } else if (strcmp(peer->path, "/page") == 0) {
        static const char page[] = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
        peer_send(peer, page, sizeof page - 1);
    } else if (strcmp(peer->path, "/endless") == 0) {
        for (int i = 0; i < 200; i++)
            peer_send(peer, "X-More: and more and more and more and more and more\r\n", 54);
    } else if (strcmp(peer->path, "/cut") == 0) {
        peer_cut(peer);
    } else if (strcmp(peer->path, "/extension") == 0) {
        handshake_accept(key, accept);
        int length = snprintf(answer, sizeof answer,
                              "HTTP/1.1 101 Fine\r\nUpgrade: WebSocket\r\nConnection: keep-alive, Upgrade\r\n"
                              "Sec-WebSocket-Accept: %s\r\nSec-WebSocket-Extensions: permessage-deflate\r\n\r\n",
                              accept);
        peer_send(peer, answer, (size_t)length);
    } else {
        peer_send(peer, answer, handshake_answer("somebody else's key     ", answer));
    }
}

static void what_is_no_handshake_is_an_end(void)
{
    static const struct {
        const char *path, *why;
    } rows[] = {{"/garbage", "no HTTP at all"}, {"/page", "answered 'HTTP/1.1 200 OK'"}, {"/endless", "has no end"},
                {"/cut", "cut the connection"}, {"/extension", "extension"},             {"/key", "does not fit the key"}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        set_stage();
        peer_server.on_request = answer_wrongly;
        expect_end(rows[i].path, rows[i].why);
        CU_ASSERT_EQUAL(stage.opened, 0);
        clear_stage();
    }
}

static void a_handshake_without_an_answer_ends_in_time(void)
{
    set_stage();
    peer_server.on_request = answer_wrongly;
    expect_end("/silent", "within 10000 ms");
    clear_stage();
}

static void misbehave(struct peer *peer)
{
    if (strcmp(peer->path, "/close") == 0)
        peer_frame(peer, FRAME_CLOSE, "\x03\xe9maintenance", 13);
    else if (strcmp(peer->path, "/close-plain") == 0)
        peer_frame(peer, FRAME_CLOSE, "", 0);
    else if (strcmp(peer->path, "/cut") == 0)
        peer_cut(peer);
    else if (strcmp(peer->path, "/bytes") == 0)
        peer_frame(peer, FRAME_BINARY, "abc", 3);
    else if (strcmp(peer->path, "/utf8") == 0)
        peer_frame(peer, FRAME_TEXT, "a\xff", 2);
    else
        peer_frame(peer, 0xf3, "reserved bits", 13);
}

static void every_end_says_why_once(void)
{
    static const struct {
        const char *path, *why;
    } rows[] = {{"/close", "closed the connection: 1001 maintenance"},
                {"/close-plain", "closed the connection: 0"},
                {"/cut", "cut the connection"},
                {"/bytes", "expected text"},
                {"/utf8", "no UTF-8"},
                {"/reserved", "broke the protocol"}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        set_stage();
        peer_server.on_upgraded = misbehave;
        stage.close_on_end = i % 2 == 0; /* allowed, and changes nothing */
        expect_end(rows[i].path, rows[i].why);
        CU_ASSERT_EQUAL(stage.opened, 1);
        if (strcmp(rows[i].path, "/close") == 0) {
            run_until_peer(&peer_server.closes, 1);
            CU_ASSERT_EQUAL(peer_server.close_code, 1001);
        }
        CU_ASSERT_EQUAL(stage.ended, 1);
        clear_stage();
    }
}

static void closing_tells_the_other_side_and_nobody_here(void)
{
    set_stage();
    struct seen *seen = open_path(0, "/");
    run_until(&stage.opened, 1);
    leave(seen);
    run_until_peer(&peer_server.gone, 1);
    CU_ASSERT_EQUAL(peer_server.closes, 1);
    CU_ASSERT_EQUAL(peer_server.close_code, 1000);
    (void)open_path(1, "/"); /* while it is being made */
    leave(&stage.seen[1]);
    stage.close_on_open = true;
    (void)open_path(2, "/");
    run_until_peer(&peer_server.closes, 2);
    stage.close_on_open = false;
    stage.close_on_text = true;
    stage.first_text = "bye";
    struct seen *last = open_path(3, "/");
    run_until_peer(&peer_server.closes, 3);
    CU_ASSERT_EQUAL(last->texts, 1);
    CU_ASSERT_EQUAL(stage.ended, 0);
    clear_stage();
}

static void a_connection_may_be_closed_in_another_ones_callback(void)
{
    set_stage();
    struct seen *first = open_path(0, "/"), *second = open_path(1, "/");
    run_until(&stage.opened, 2);
    stage.close_on_text = true;
    CU_ASSERT_EQUAL(say(first, "x", 1), 0);
    CU_ASSERT_EQUAL(say(second, "x", 1), 0);
    run_until_peer(&peer_server.closes, 2);
    websockets_close(stage.client);
    stage.client = NULL;
    CU_ASSERT_EQUAL(stage.ended, 0);
    clear_stage();
}

const char *const suite_name = "WebSocket client";
const struct test suite_tests[] = {
    {"the handshake is that of the RFC", the_handshake_is_that_of_the_rfc},
    {"texts go both ways", texts_go_both_ways},
    {"fragments are joined and pings between them answered", fragments_are_joined_and_pings_between_them_answered},
    {"more than one turn takes arrives", more_than_one_turn_takes_arrives},
    {"fifty connections do not mix", fifty_connections_do_not_mix},
    {"what is no URL is refused", what_is_no_url_is_refused},
    {"connections and texts have limits", connections_and_texts_have_limits},
    {"the longest message arrives and a longer one ends the connection",
     the_longest_message_arrives_and_a_longer_one_ends_the_connection},
    {"pings whose answers are not taken end the connection", pings_whose_answers_are_not_taken_end_the_connection},
    {"a proxy of the environment is not used", a_proxy_of_the_environment_is_not_used},
    {"nobody there is an end", nobody_there_is_an_end},
    {"what is no handshake is an end", what_is_no_handshake_is_an_end},
    {"a handshake without an answer ends in time", a_handshake_without_an_answer_ends_in_time},
    {"every end says why, once", every_end_says_why_once},
    {"closing tells the other side and nobody here", closing_tells_the_other_side_and_nobody_here},
    {"a connection may be closed in another one's callback", a_connection_may_be_closed_in_another_ones_callback},
    {NULL, NULL},
};
