/* wslay makes and reads the frames, into and out of buffers of ours; a round of messages is one write a client. */
/* SPDX-License-Identifier: MIT */
#include "tools/simulator/stream_server.h"

#include "lib/base/clock.h"
#include "lib/exchange/websocket_handshake.h"
#include "tools/simulator/text.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <wslay/wslay.h>

enum { PATIENCE_MS = 10000, TICK_MS = 500, WHY_SIZE = 128, BACKLOG = 64 };

enum client_state {
    CLIENT_ASKING, /* its request has not come as a whole */
    CLIENT_OPEN,
    CLIENT_CLOSING, /* ends when what waits has been sent */
    CLIENT_ENDED,
};

struct stream_client {
    struct stream_server *server;
    size_t place;
    int fd;
    enum client_state state;
    bool was_open;
    wslay_event_context_ptr frames;
    struct text out; /* what waits */
    size_t sent;     /* of it */
    char head[HANDSHAKE_HEAD_SIZE]; /* the request, and behind it what came of the first frames */
    size_t head_size, head_taken;
    int64_t since_ms; /* connected, or began to end; of the monotonic clock as all times here */
    int64_t pinged_ms, ponged_ms;
    int64_t second; /* to which texts belong */
    int texts;
    char why[WHY_SIZE];
};

struct stream_server {
    struct loop *loop;
    int fd, port, timer;
    const struct stream_server_events *events;
    void *user;
    struct stream_client *clients[STREAM_CLIENTS_MAX];
};

/* ---- the end ---- */

static void destroy(struct stream_client *client)
{
    loop_remove_fd(client->server->loop, client->fd);
    (void)close(client->fd);
    wslay_event_context_free(client->frames);
    text_release(&client->out);
    client->server->clients[client->place] = NULL;
    free(client);
}

void stream_cut(struct stream_client *client, const char *why)
{
    if (client->why[0] == '\0')
        (void)snprintf(client->why, sizeof client->why, "%s", why);
    client->state = CLIENT_ENDED;
}

/* Its end, once the close frame that waits has been sent. */
static void begin_end(struct stream_client *client, const char *why)
{
    (void)snprintf(client->why, sizeof client->why, "%s", why);
    client->state = CLIENT_CLOSING;
    client->since_ms = clock_monotonic_ms();
}

/* Sends what waits, and sees what has become of the client: it may be gone afterwards. */
static void settle(struct stream_client *client)
{
    while (client->state != CLIENT_ENDED && client->sent < client->out.length) {
        ssize_t size = send(client->fd, client->out.bytes + client->sent, client->out.length - client->sent,
                            MSG_NOSIGNAL | MSG_DONTWAIT);
        if (size < 0 && errno == EAGAIN)
            break;
        if (size <= 0)
            stream_cut(client, "cut by the client");
        else
            client->sent += (size_t)size;
    }
    bool waits = client->sent < client->out.length;
    if (!waits)
        client->out.length = client->sent = 0;
    else if (client->out.length - client->sent > STREAM_BACKLOG_MAX)
        stream_cut(client, "too slow");
    if (client->state == CLIENT_CLOSING && !waits)
        client->state = CLIENT_ENDED;
    if (client->state != CLIENT_ENDED) {
        int reads = client->state == CLIENT_CLOSING ? 0 : LOOP_READ;
        loop_change_fd(client->server->loop, client->fd, reads | (waits ? LOOP_WRITE : 0));
        return;
    }
    if (client->was_open)
        client->server->events->on_end(client->server->user, client, client->why);
    destroy(client);
}

void stream_server_flush(struct stream_server *server)
{
    for (size_t i = 0; i < STREAM_CLIENTS_MAX; i++)
        if (server->clients[i] != NULL)
            settle(server->clients[i]);
}

/* ---- sending ---- */

/* Forgets what was sent once it is half of the buffer. */
static void make_room(struct stream_client *client)
{
    if (client->sent < client->out.length / 2)
        return;
    client->out.length -= client->sent;
    memmove(client->out.bytes, client->out.bytes + client->sent, client->out.length);
    client->sent = 0;
}

static ssize_t frames_send(wslay_event_context_ptr frames, const uint8_t *bytes, size_t size, int flags, void *user)
{
    struct stream_client *client = user;
    (void)frames;
    (void)flags;
    text_add_bytes(&client->out, (const char *)bytes, size);
    return (ssize_t)size;
}

static void queue_frame(struct stream_client *client, uint8_t opcode, const char *bytes, size_t size)
{
    if (client->state != CLIENT_OPEN || client->out.length - client->sent > STREAM_BACKLOG_MAX)
        return;
    make_room(client);
    const struct wslay_event_msg message = {.opcode = opcode, .msg = (const uint8_t *)bytes, .msg_length = size};
    if (wslay_event_queue_msg(client->frames, &message) != 0 || wslay_event_send(client->frames) != 0)
        stream_cut(client, "memory is out");
}

void stream_send(struct stream_client *client, const char *text, size_t size)
{
    queue_frame(client, WSLAY_TEXT_FRAME, text, size);
}

void stream_close(struct stream_client *client, uint16_t code, const char *reason)
{
    if (client->state != CLIENT_OPEN)
        return;
    begin_end(client, reason);
    if (wslay_event_queue_close(client->frames, code, (const uint8_t *)reason, strlen(reason)) != 0 ||
        wslay_event_send(client->frames) != 0)
        client->state = CLIENT_ENDED;
}

/* ---- receiving ---- */

static ssize_t frames_receive(wslay_event_context_ptr frames, uint8_t *bytes, size_t size, int flags, void *user)
{
    struct stream_client *client = user;
    (void)flags;
    size_t left = client->head_size - client->head_taken;
    if (client->state == CLIENT_OPEN && left > 0) {
        size = size < left ? size : left;
        memcpy(bytes, client->head + client->head_taken, size);
        client->head_taken += size;
        return (ssize_t)size;
    }
    ssize_t received = client->state == CLIENT_OPEN ? recv(client->fd, bytes, size, MSG_DONTWAIT) : -1;
    if (received > 0)
        return received;
    bool later = client->state == CLIENT_OPEN && received < 0 && (errno == EAGAIN || errno == EINTR);
    if (!later && client->state == CLIENT_OPEN)
        stream_cut(client, "cut by the client");
    wslay_event_set_error(frames, later ? WSLAY_ERR_WOULDBLOCK : WSLAY_ERR_CALLBACK_FAILURE);
    return -1;
}

/* Counts a frame of the client's; false when it was one too many in this second. */
static bool count_text(struct stream_client *client)
{
    int64_t second = clock_monotonic_ms() / 1000;
    if (second != client->second) {
        client->second = second;
        client->texts = 0;
    }
    if (++client->texts <= STREAM_TEXTS_PER_SECOND)
        return true;
    stream_close(client, WSLAY_CODE_POLICY_VIOLATION, "Too many requests");
    return false;
}

static void frames_message(wslay_event_context_ptr frames, const struct wslay_event_on_msg_recv_arg *message,
                           void *user)
{
    struct stream_client *client = user;
    const struct stream_server *server = client->server;
    (void)frames;
    if (client->state != CLIENT_OPEN || message->opcode == WSLAY_CONNECTION_CLOSE || !count_text(client))
        return;
    if (message->opcode == WSLAY_PONG)
        client->ponged_ms = clock_monotonic_ms();
    else if (message->opcode == WSLAY_TEXT_FRAME)
        server->events->on_text(server->user, client, (const char *)message->msg, message->msg_length);
}

static void pass_frames(struct stream_client *client)
{
    int code = wslay_event_recv(client->frames);
    if (client->state != CLIENT_OPEN)
        return;
    if (code != 0 || wslay_event_send(client->frames) != 0)
        stream_cut(client, "memory is out");
    else if (wslay_event_get_close_received(client->frames) != 0)
        begin_end(client, "closed by the client");
    else if (wslay_event_get_read_enabled(client->frames) == 0)
        begin_end(client, "the client broke the protocol");
}

/* ---- the handshake ---- */

static void refuse(struct stream_client *client, const char *status)
{
    text_add(&client->out, "HTTP/1.1 ");
    text_add(&client->out, status);
    text_add(&client->out, "\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    client->state = CLIENT_CLOSING;
}

static void answer_request(struct stream_client *client, size_t head)
{
    char target[STREAM_TARGET_SIZE], key[HANDSHAKE_KEY_SIZE], answer[HANDSHAKE_HEAD_SIZE];
    if (handshake_read_request(client->head, head, target, sizeof target, key) != 0) {
        refuse(client, "400 Bad Request");
        return;
    }
    client->head_taken = head;
    text_add_bytes(&client->out, answer, handshake_answer(key, answer));
    client->state = CLIENT_OPEN;
    client->pinged_ms = client->ponged_ms = clock_monotonic_ms();
    client->was_open = client->server->events->on_open(client->server->user, client, target);
    if (client->was_open) {
        pass_frames(client);
    } else {
        client->out.length = 0;
        refuse(client, "404 Not Found");
    }
}

static void read_request(struct stream_client *client)
{
    ssize_t received = recv(client->fd, client->head + client->head_size, sizeof client->head - client->head_size,
                            MSG_DONTWAIT);
    if (received < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (received <= 0) {
        stream_cut(client, "cut by the client");
        return;
    }
    client->head_size += (size_t)received;
    size_t head = handshake_head_end(client->head, client->head_size);
    if (head > 0)
        answer_request(client, head);
    else if (client->head_size == sizeof client->head)
        refuse(client, "431 Request Header Fields Too Large");
}

static void on_ready(void *user, int events)
{
    struct stream_client *client = user;
    if ((events & LOOP_READ) != 0 && client->state == CLIENT_ASKING)
        read_request(client);
    else if ((events & LOOP_READ) != 0 && client->state == CLIENT_OPEN)
        pass_frames(client);
    settle(client);
}

static struct stream_client *create_client(struct stream_server *server, size_t place, int fd)
{
    static const struct wslay_event_callbacks callbacks = {
        .recv_callback = frames_receive, .send_callback = frames_send, .on_msg_recv_callback = frames_message};
    struct stream_client *client = calloc(1, sizeof *client);
    if (client == NULL)
        return NULL;
    client->server = server;
    client->place = place;
    client->fd = fd;
    client->since_ms = clock_monotonic_ms();
    if (wslay_event_context_server_init(&client->frames, &callbacks, client) != 0) {
        free(client);
        return NULL;
    }
    wslay_event_config_set_max_recv_msg_length(client->frames, STREAM_TEXT_MAX);
    if (loop_add_fd(server->loop, fd, LOOP_READ, on_ready, client) != 0) {
        wslay_event_context_free(client->frames);
        free(client);
        return NULL;
    }
    return client;
}

static void on_accept(void *user, int events)
{
    struct stream_server *server = user;
    (void)events;
    int fd = accept4(server->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd < 0)
        return;
    for (size_t i = 0; i < STREAM_CLIENTS_MAX; i++)
        if (server->clients[i] == NULL) {
            server->clients[i] = create_client(server, i, fd);
            if (server->clients[i] != NULL)
                return;
            break;
        }
    (void)close(fd);
}

/* ---- the clock ---- */

static void check_client(struct stream_client *client, int64_t now_ms)
{
    if (client->state != CLIENT_OPEN && now_ms - client->since_ms >= PATIENCE_MS)
        stream_cut(client, "neither asks nor takes its answer");
    if (client->state != CLIENT_OPEN)
        return;
    if (now_ms - client->ponged_ms >= STREAM_PONG_MS) {
        stream_close(client, WSLAY_CODE_POLICY_VIOLATION, "Pong timeout");
    } else if (now_ms - client->pinged_ms >= STREAM_PING_MS) {
        char text[TEXT_INTEGER_SIZE];
        client->pinged_ms = now_ms;
        queue_frame(client, WSLAY_PING, text, (size_t)(text_put_integer(text, now_ms) - text));
    }
}

static void on_tick(void *user, int64_t now_ms)
{
    struct stream_server *server = user;
    for (size_t i = 0; i < STREAM_CLIENTS_MAX; i++)
        if (server->clients[i] != NULL)
            check_client(server->clients[i], now_ms);
    stream_server_flush(server);
}

/* ---- opening and closing ---- */

static int listen_at(struct stream_server *server, const char *address, int port)
{
    struct sockaddr_in place = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    socklen_t size = sizeof place;
    int on = 1;
    if (inet_pton(AF_INET, address, &place.sin_addr) != 1)
        return error_set(ERROR_ARGUMENT, "'%.60s' is no IPv4 address", address);
    server->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (server->fd < 0 || setsockopt(server->fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
        bind(server->fd, (struct sockaddr *)&place, size) != 0 || listen(server->fd, BACKLOG) != 0 ||
        getsockname(server->fd, (struct sockaddr *)&place, &size) != 0)
        return error_set(ERROR_SYSTEM, "listen on %s:%d for streams: %s", address, port, strerror(errno));
    server->port = ntohs(place.sin_port);
    return loop_add_fd(server->loop, server->fd, LOOP_READ, on_accept, server);
}

int stream_server_open(struct stream_server **out, struct loop *loop, const char *address, int port,
                       const struct stream_server_events *events, void *user)
{
    struct stream_server *server = calloc(1, sizeof *server);
    if (server == NULL)
        return error_set(ERROR_MEMORY, "the server of streams");
    *server = (struct stream_server){.loop = loop, .fd = -1, .timer = -1, .events = events, .user = user};
    int code = listen_at(server, address, port);
    if (code == 0)
        code = server->timer = loop_add_timer(loop, TICK_MS, TICK_MS, on_tick, server);
    if (code < 0) {
        stream_server_close(server);
        return code;
    }
    *out = server;
    return 0;
}

void stream_server_close(struct stream_server *server)
{
    if (server == NULL)
        return;
    for (size_t i = 0; i < STREAM_CLIENTS_MAX; i++)
        if (server->clients[i] != NULL)
            destroy(server->clients[i]);
    if (server->fd >= 0) {
        loop_remove_fd(server->loop, server->fd);
        (void)close(server->fd);
    }
    if (server->timer >= 0)
        loop_remove_timer(server->loop, server->timer);
    free(server);
}

int stream_server_port(const struct stream_server *server)
{
    return server->port;
}

size_t stream_client_place(const struct stream_client *client)
{
    return client->place;
}
