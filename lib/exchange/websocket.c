/* libcurl makes the connection (names, TCP, TLS) and hands over its socket; the handshake follows; then wslay reads and
 * writes the frames. Each step runs when the loop says that the socket is ready. */
/* SPDX-License-Identifier: MIT */
#include "lib/exchange/websocket.h"

#include "lib/base/clock.h"
#include "lib/exchange/curl_loop.h"
#include "lib/exchange/websocket_handshake.h"

#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wslay/wslay.h>

enum {
    WHY_SIZE = 256,
    ADDRESS_SIZE = 300, /* of host and port, with a NUL */
    TARGET_SIZE = 7000, /* of path and query, with a NUL */
    TURN_BYTES = 512 * 1024, /* read of one connection before others have their turn */
};

enum websocket_state {
    WEBSOCKET_CONNECTING, /* libcurl is at work */
    WEBSOCKET_UPGRADING,  /* the request is sent, or its answer awaited */
    WEBSOCKET_OPEN,
    WEBSOCKET_ENDED,  /* on_end is due */
    WEBSOCKET_CLOSED, /* by its user, during a callback of its own; freed when that returns */
};

struct websocket {
    struct websockets *client;
    struct websocket **place; /* that points to this one in the client's list */
    const struct websocket_events *events;
    void *user;
    enum websocket_state state;
    CURL *easy;
    curl_socket_t fd; /* watched in the loop once there is a connection; CURL_SOCKET_BAD before */
    wslay_event_context_ptr frames;
    int64_t deadline_ms; /* monotonic; to be open by then */
    char key[HANDSHAKE_KEY_SIZE];
    char request[HANDSHAKE_HEAD_SIZE]; /* both parts of the URL fit */
    size_t request_size, request_sent;
    char head[HANDSHAKE_HEAD_SIZE]; /* the answer, and behind it what came of the first frames */
    size_t head_size, head_taken;
    size_t turn_bytes; /* read in this turn */
    char message[CURL_ERROR_SIZE];
    char why[WHY_SIZE];
};

struct websockets {
    struct loop *loop;
    struct curl_loop curl;
    int timer; /* deadlines, and what was put off */
    struct websocket *serving; /* whose callback may be under way; NULL: none's */
    struct websocket *list[WEBSOCKET_CONNECTIONS_MAX];
    char text[WEBSOCKET_MESSAGE_MAX + 1]; /* the message that is handed out */
};

/* ---- the end ---- */

/* Frees it and makes its place free. */
static void destroy(struct websocket *connection)
{
    struct websockets *client = connection->client;
    if (connection->fd != CURL_SOCKET_BAD)
        loop_remove_fd(client->loop, connection->fd);
    if (connection->easy != NULL)
        (void)curl_multi_remove_handle(client->curl.multi, connection->easy); /* which closes the socket */
    curl_easy_cleanup(connection->easy);
    if (connection->frames != NULL)
        wslay_event_context_free(connection->frames);
    *connection->place = NULL;
    free(connection);
}

/* Notes that a connection is at its end; the first reason stays. Its user hears of it when the step at work is over. */
__attribute__((format(printf, 2, 3))) static void end(struct websocket *connection, const char *format, ...)
{
    if (connection->state >= WEBSOCKET_ENDED)
        return;
    va_list arguments;
    va_start(arguments, format);
    if (connection->why[0] == '\0')
        (void)vsnprintf(connection->why, sizeof connection->why, format, arguments);
    va_end(arguments);
    connection->state = WEBSOCKET_ENDED;
}

/* Runs one step of a connection and what follows from it. */
static void serve(struct websocket *connection, void (*step)(struct websocket *))
{
    struct websockets *client = connection->client;
    client->serving = connection;
    step(connection);
    if (connection->state == WEBSOCKET_ENDED)
        connection->events->on_end(connection->user, connection->why);
    client->serving = NULL;
    if (connection->state >= WEBSOCKET_ENDED)
        destroy(connection);
}

/* ---- bytes ---- */

static const char *words(const struct websocket *connection, CURLcode result)
{
    return connection->message[0] != '\0' ? connection->message : curl_easy_strerror(result);
}

/* Sends what the socket takes, of up to `size` bytes; -1: nothing now, or the connection has ended. */
static ssize_t send_bytes(struct websocket *connection, const void *bytes, size_t size)
{
    size_t sent = 0;
    CURLcode result = curl_easy_send(connection->easy, bytes, size, &sent);
    if (result == CURLE_OK)
        return (ssize_t)sent;
    if (result != CURLE_AGAIN)
        end(connection, "sending failed: %s", words(connection, result));
    return -1;
}

static ssize_t receive_bytes(struct websocket *connection, void *bytes, size_t size)
{
    size_t received = 0;
    CURLcode result = curl_easy_recv(connection->easy, bytes, size, &received);
    if (result == CURLE_OK && received > 0)
        return (ssize_t)received;
    if (result == CURLE_OK)
        end(connection, "the other side cut the connection");
    else if (result != CURLE_AGAIN)
        end(connection, "receiving failed: %s", words(connection, result));
    return -1;
}

/* ---- frames ---- */

/* What wslay is told when there are no bytes, or none can be sent. */
static ssize_t refuse(struct websocket *connection, wslay_event_context_ptr frames)
{
    wslay_event_set_error(frames, connection->state == WEBSOCKET_OPEN ? WSLAY_ERR_WOULDBLOCK
                                                                      : WSLAY_ERR_CALLBACK_FAILURE);
    return -1;
}

static ssize_t frames_receive(wslay_event_context_ptr frames, uint8_t *bytes, size_t size, int flags, void *user)
{
    struct websocket *connection = user;
    (void)flags;
    size_t left = connection->head_size - connection->head_taken;
    if (connection->state == WEBSOCKET_OPEN && left > 0) {
        size = size < left ? size : left;
        memcpy(bytes, connection->head + connection->head_taken, size);
        connection->head_taken += size;
        return (ssize_t)size;
    }
    if (connection->state != WEBSOCKET_OPEN || connection->turn_bytes >= TURN_BYTES)
        return refuse(connection, frames);
    ssize_t received = receive_bytes(connection, bytes, size);
    if (received < 0)
        return refuse(connection, frames);
    connection->turn_bytes += (size_t)received;
    return received;
}

static ssize_t frames_send(wslay_event_context_ptr frames, const uint8_t *bytes, size_t size, int flags, void *user)
{
    struct websocket *connection = user;
    (void)flags;
    ssize_t sent = connection->state == WEBSOCKET_OPEN ? send_bytes(connection, bytes, size) : -1;
    return sent < 0 ? refuse(connection, frames) : sent;
}

static int frames_mask(wslay_event_context_ptr frames, uint8_t *bytes, size_t size, void *user)
{
    (void)frames;
    (void)user;
    randombytes_buf(bytes, size);
    return 0;
}

static void frames_message(wslay_event_context_ptr frames, const struct wslay_event_on_msg_recv_arg *message,
                           void *user)
{
    struct websocket *connection = user;
    char *text = connection->client->text;
    if (connection->state != WEBSOCKET_OPEN)
        return;
    if (wslay_event_get_queued_msg_count(frames) > WEBSOCKET_QUEUE_MAX) {
        end(connection, "the other side sends pings and takes no answers");
        return;
    }
    switch (message->opcode) {
    case WSLAY_TEXT_FRAME:
        if (message->msg_length > 0)
            memcpy(text, message->msg, message->msg_length);
        text[message->msg_length] = '\0';
        connection->events->on_text(connection->user, text, message->msg_length);
        return;
    case WSLAY_BINARY_FRAME: end(connection, "the other side sent bytes, expected text"); return;
    case WSLAY_CONNECTION_CLOSE: { /* the reason follows the two bytes of the code */
        bool told = message->msg_length > 2;
        (void)snprintf(connection->why, sizeof connection->why, "the other side closed the connection: %d %.*s",
                       message->status_code, told ? (int)message->msg_length - 2 : 0,
                       told ? (const char *)message->msg + 2 : "");
        return;
    }
    default: return; /* pings are answered by wslay */
    }
}

/* What wslay found wrong, by the code that it closes the connection with. */
static void end_by_code(struct websocket *connection)
{
    switch (wslay_event_get_status_code_sent(connection->frames)) {
    case WSLAY_CODE_MESSAGE_TOO_BIG:
        end(connection, "the other side sent a message of more than %d bytes", WEBSOCKET_MESSAGE_MAX);
        return;
    case WSLAY_CODE_INVALID_FRAME_PAYLOAD_DATA: end(connection, "the other side sent text that is no UTF-8"); return;
    default: end(connection, "the other side broke the protocol of WebSocket"); return;
    }
}

static void watch(struct websocket *connection)
{
    bool writes = connection->state == WEBSOCKET_UPGRADING ? connection->request_sent < connection->request_size
                                                           : wslay_event_want_write(connection->frames) != 0;
    loop_change_fd(connection->client->loop, connection->fd, LOOP_READ | (writes ? LOOP_WRITE : 0));
}

/* When a connection needs the timer, ms from now; INT64_MAX: not at all. */
static int64_t due_in_ms(const struct websocket *connection, int64_t now_ms)
{
    if (connection->state < WEBSOCKET_OPEN)
        return connection->deadline_ms > now_ms ? connection->deadline_ms - now_ms : 0;
    /* More has come than one turn may take, and TLS may hold it back, of which no poll tells. */
    return connection->state == WEBSOCKET_OPEN && connection->turn_bytes >= TURN_BYTES ? 0 : INT64_MAX;
}

static void plan(struct websockets *client)
{
    int64_t delay_ms = INT64_MAX, now_ms = clock_monotonic_ms();
    for (int i = 0; i < WEBSOCKET_CONNECTIONS_MAX; i++) {
        int64_t due_ms = client->list[i] == NULL ? INT64_MAX : due_in_ms(client->list[i], now_ms);
        delay_ms = due_ms < delay_ms ? due_ms : delay_ms;
    }
    if (delay_ms < INT64_MAX)
        loop_set_timer(client->loop, client->timer, delay_ms);
}

/* Reads and writes frames as far as the socket goes. */
static void pass_frames(struct websocket *connection)
{
    connection->turn_bytes = 0;
    int received = wslay_event_recv(connection->frames);
    int sent = connection->state == WEBSOCKET_OPEN ? wslay_event_send(connection->frames) : 0;
    if (connection->state != WEBSOCKET_OPEN)
        return;
    if (received == WSLAY_ERR_NOMEM || sent == WSLAY_ERR_NOMEM) {
        end(connection, "memory is out");
    } else if (received != 0 || sent != 0 || wslay_event_get_read_enabled(connection->frames) == 0) {
        end_by_code(connection);
    } else {
        watch(connection);
        if (connection->turn_bytes >= TURN_BYTES)
            plan(connection->client);
    }
}

/* ---- becoming open ---- */

static int open_frames(struct websocket *connection)
{
    static const struct wslay_event_callbacks callbacks = {
        .recv_callback = frames_receive,
        .send_callback = frames_send,
        .genmask_callback = frames_mask,
        .on_msg_recv_callback = frames_message,
    };
    if (wslay_event_context_client_init(&connection->frames, &callbacks, connection) != 0)
        return error_set(ERROR_MEMORY, "the frames of a WebSocket");
    wslay_event_config_set_max_recv_msg_length(connection->frames, WEBSOCKET_MESSAGE_MAX);
    return 0;
}

static void send_request(struct websocket *connection)
{
    while (connection->state == WEBSOCKET_UPGRADING && connection->request_sent < connection->request_size) {
        ssize_t sent = send_bytes(connection, connection->request + connection->request_sent,
                                  connection->request_size - connection->request_sent);
        if (sent < 0)
            return;
        connection->request_sent += (size_t)sent;
    }
}

/* Reads until the blank line; what comes behind it stays for the frames. */
static void read_answer(struct websocket *connection)
{
    size_t head = 0;
    while (connection->state == WEBSOCKET_UPGRADING && head == 0) {
        if (connection->head_size == sizeof connection->head) {
            end(connection, "the answer to the handshake has no end");
            return;
        }
        ssize_t received = receive_bytes(connection, connection->head + connection->head_size,
                                         sizeof connection->head - connection->head_size);
        if (received < 0)
            return;
        connection->head_size += (size_t)received;
        head = handshake_head_end(connection->head, connection->head_size);
    }
    int code = handshake_read_answer(connection->head, head, connection->key);
    if (code == 0)
        code = open_frames(connection);
    if (code != 0) {
        end(connection, "%s", error_message());
        return;
    }
    connection->head_taken = head;
    connection->state = WEBSOCKET_OPEN;
    connection->events->on_open(connection->user);
}

static void upgrade(struct websocket *connection)
{
    send_request(connection);
    if (connection->state == WEBSOCKET_UPGRADING)
        read_answer(connection);
    if (connection->state == WEBSOCKET_OPEN)
        pass_frames(connection); /* TLS may have read more than the answer */
    else if (connection->state == WEBSOCKET_UPGRADING)
        watch(connection);
}

static void on_ready(void *user, int events)
{
    struct websocket *connection = user;
    (void)events;
    serve(connection, connection->state == WEBSOCKET_UPGRADING ? upgrade : pass_frames);
}

/* The socket is connected: from here on it is ours. */
static void take_over(struct websocket *connection)
{
    curl_socket_t fd = CURL_SOCKET_BAD;
    CURLcode result = curl_easy_getinfo(connection->easy, CURLINFO_ACTIVESOCKET, &fd);
    if (result != CURLE_OK || fd == CURL_SOCKET_BAD) {
        end(connection, "libcurl lost the connection: %s", curl_easy_strerror(result));
        return;
    }
    if (loop_add_fd(connection->client->loop, fd, LOOP_READ | LOOP_WRITE, on_ready, connection) != 0) {
        end(connection, "%s", error_message());
        return;
    }
    connection->fd = fd;
    connection->state = WEBSOCKET_UPGRADING;
    upgrade(connection);
}

static void fail_to_connect(struct websocket *connection)
{
    end(connection, "could not connect: %s", connection->message);
}

static void on_connected(void *user, CURL *easy, CURLcode result)
{
    (void)user;
    struct websocket *connection = NULL;
    (void)curl_easy_getinfo(easy, CURLINFO_PRIVATE, (char **)&connection);
    if (result != CURLE_OK && connection->message[0] == '\0')
        (void)snprintf(connection->message, sizeof connection->message, "%s", curl_easy_strerror(result));
    serve(connection, result == CURLE_OK ? take_over : fail_to_connect);
}

/* ---- the timer ---- */

static void catch_up(struct websocket *connection)
{
    if (connection->state == WEBSOCKET_OPEN)
        pass_frames(connection);
    else
        end(connection, "no answer to the handshake within %d ms", WEBSOCKET_CONNECT_TIMEOUT_MS);
}

static void on_timer(void *user, int64_t now_ms)
{
    struct websockets *client = user;
    for (int i = 0; i < WEBSOCKET_CONNECTIONS_MAX; i++)
        if (client->list[i] != NULL && due_in_ms(client->list[i], now_ms) == 0)
            serve(client->list[i], catch_up);
    plan(client);
}

/* ---- opening ---- */

int websockets_open(struct websockets **out, struct loop *loop)
{
    struct websockets *client = calloc(1, sizeof *client);
    if (client == NULL)
        return error_set(ERROR_MEMORY, "the WebSocket client");
    client->loop = loop;
    client->timer = -1;
    int code = curl_loop_open(&client->curl, loop, WEBSOCKET_CONNECTIONS_MAX, on_connected, client);
    if (code == 0 && sodium_init() < 0)
        code = error_set(ERROR_LIBRARY, "libsodium does not start");
    if (code == 0)
        code = client->timer = loop_add_timer(loop, 0, 0, on_timer, client);
    if (code < 0) {
        websockets_close(client);
        return error_context(code, "WebSocket client");
    }
    loop_stop_timer(loop, client->timer);
    *out = client;
    return 0;
}

void websockets_close(struct websockets *client)
{
    if (client == NULL)
        return;
    for (int i = 0; i < WEBSOCKET_CONNECTIONS_MAX; i++)
        if (client->list[i] != NULL)
            destroy(client->list[i]);
    curl_loop_close(&client->curl);
    if (client->timer >= 0)
        loop_remove_timer(client->loop, client->timer);
    free(client);
}

/* One part of a URL; NULL if it has none. The caller frees it with curl_free. */
static char *part_of(CURLU *url, CURLUPart part)
{
    char *text = NULL;
    return curl_url_get(url, part, &text, 0) == CURLUE_OK ? text : NULL;
}

/* Writes the request of the handshake, and turns the URL into one that libcurl connects to. */
static int write_request(struct websocket *connection, CURLU *url)
{
    char address[ADDRESS_SIZE], target[TARGET_SIZE];
    char *scheme = part_of(url, CURLUPART_SCHEME), *host = part_of(url, CURLUPART_HOST);
    char *port = part_of(url, CURLUPART_PORT), *path = part_of(url, CURLUPART_PATH);
    char *query = part_of(url, CURLUPART_QUERY);
    bool secure = scheme != NULL && strcmp(scheme, "wss") == 0, plain = scheme != NULL && strcmp(scheme, "ws") == 0;
    int code = 0;
    if ((!secure && !plain) || host == NULL || path == NULL ||
        curl_url_set(url, CURLUPART_SCHEME, secure ? "https" : "http", 0) != CURLUE_OK)
        code = error_set(ERROR_ARGUMENT, "expected ws://HOST[:PORT][/PATH] or wss://...");
    else if (snprintf(address, sizeof address, "%s%s%s", host, port != NULL ? ":" : "", port != NULL ? port : "") >=
                 ADDRESS_SIZE ||
             snprintf(target, sizeof target, "%s%s%s", path, query != NULL ? "?" : "", query != NULL ? query : "") >=
                 TARGET_SIZE)
        code = error_set(ERROR_ARGUMENT, "the URL is too long");
    else
        connection->request_size = handshake_request(address, target, connection->key, connection->request);
    curl_free(scheme);
    curl_free(host);
    curl_free(port);
    curl_free(path);
    curl_free(query);
    return code;
}

static int configure(struct websocket *connection, const char *url)
{
    static const struct {
        CURLoption option;
        long value;
    } numbers[] = {
        {CURLOPT_CONNECT_ONLY, 1},
        {CURLOPT_FRESH_CONNECT, 1},
        {CURLOPT_NOSIGNAL, 1},
        {CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1}, /* TLS must not agree on HTTP/2 */
        {CURLOPT_TCP_KEEPALIVE, 1},
        {CURLOPT_CONNECTTIMEOUT_MS, WEBSOCKET_CONNECT_TIMEOUT_MS},
    };
    CURL *easy = connection->easy;
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
        if (curl_easy_setopt(easy, numbers[i].option, numbers[i].value) != CURLE_OK)
            return error_set(ERROR_LIBRARY, "libcurl refused an option");
    bool set = curl_easy_setopt(easy, CURLOPT_URL, url) == CURLE_OK &&
               curl_easy_setopt(easy, CURLOPT_PROXY, "") == CURLE_OK &&
               curl_easy_setopt(easy, CURLOPT_PRIVATE, connection) == CURLE_OK &&
               curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, connection->message) == CURLE_OK;
    return set ? 0 : error_set(ERROR_LIBRARY, "libcurl refused an option");
}

/* Begins to connect. */
static int begin(struct websocket *connection, const char *text)
{
    CURLU *url = curl_url();
    char *plain = NULL; /* the URL in libcurl's words */
    int code = 0;
    handshake_key(connection->key);
    connection->easy = curl_easy_init();
    if (url == NULL || connection->easy == NULL)
        code = error_set(ERROR_MEMORY, "the handle of a WebSocket");
    else if (curl_url_set(url, CURLUPART_URL, text, CURLU_NON_SUPPORT_SCHEME) != CURLUE_OK)
        code = error_set(ERROR_ARGUMENT, "no URL");
    else
        code = write_request(connection, url);
    if (code == 0 && (plain = part_of(url, CURLUPART_URL)) == NULL)
        code = error_set(ERROR_MEMORY, "the URL of a WebSocket");
    if (code == 0)
        code = configure(connection, plain);
    if (code == 0 && curl_multi_add_handle(connection->client->curl.multi, connection->easy) != CURLM_OK)
        code = error_set(ERROR_LIBRARY, "libcurl does not take the handle");
    curl_free(plain);
    curl_url_cleanup(url);
    return code;
}

static struct websocket **free_place(struct websockets *client)
{
    for (int i = 0; i < WEBSOCKET_CONNECTIONS_MAX; i++)
        if (client->list[i] == NULL)
            return &client->list[i];
    return NULL;
}

int websocket_open(struct websockets *client, const char *url, const struct websocket_events *events, void *user,
                   struct websocket **out)
{
    struct websocket **place = free_place(client);
    if (place == NULL)
        return error_set(ERROR_FULL, "there are %d WebSockets already", WEBSOCKET_CONNECTIONS_MAX);
    struct websocket *connection = calloc(1, sizeof *connection);
    if (connection == NULL)
        return error_set(ERROR_MEMORY, "a WebSocket");
    *connection = (struct websocket){.client = client,
                                     .place = place,
                                     .events = events,
                                     .user = user,
                                     .fd = CURL_SOCKET_BAD,
                                     .deadline_ms = clock_monotonic_ms() + WEBSOCKET_CONNECT_TIMEOUT_MS};
    *place = connection;
    int code = begin(connection, url);
    if (code != 0) {
        destroy(connection);
        return error_context(code, "WebSocket %.100s", url);
    }
    plan(client);
    *out = connection;
    return 0;
}

/* ---- in use ---- */

int websocket_send(struct websocket *connection, const char *text, size_t size)
{
    const struct wslay_event_msg message = {
        .opcode = WSLAY_TEXT_FRAME, .msg = (const uint8_t *)text, .msg_length = size};
    if (connection->state != WEBSOCKET_OPEN)
        return error_set(ERROR_CONNECTION, "the WebSocket is not open");
    if (wslay_event_get_queued_msg_count(connection->frames) >= WEBSOCKET_QUEUE_MAX)
        return error_set(ERROR_FULL, "%d texts wait to be sent already", WEBSOCKET_QUEUE_MAX);
    int code = wslay_event_queue_msg(connection->frames, &message);
    if (code == WSLAY_ERR_NO_MORE_MSG)
        return error_set(ERROR_CONNECTION, "the WebSocket is being closed");
    if (code != 0)
        return error_set(ERROR_MEMORY, "a text to be sent");
    watch(connection);
    return 0;
}

void websocket_close(struct websocket *connection)
{
    if (connection->state == WEBSOCKET_OPEN &&
        wslay_event_queue_close(connection->frames, WSLAY_CODE_NORMAL_CLOSURE, NULL, 0) == 0)
        (void)wslay_event_send(connection->frames); /* as far as the socket takes it */
    connection->state = WEBSOCKET_CLOSED;
    if (connection->client->serving != connection)
        destroy(connection);
}
