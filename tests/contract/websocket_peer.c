/* Sockets that do not block, frames taken apart by hand. */
/* SPDX-License-Identifier: MIT */
#include "tests/contract/websocket_peer.h"

#include "lib/exchange/websocket_handshake.h"
#include "tests/harness.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct peer_server peer_server;

void peer_cut(struct peer *peer)
{
    if (peer->fd < 0)
        return;
    loop_remove_fd(peer_server.loop, peer->fd);
    (void)close(peer->fd);
    peer->fd = -1;
}

void peer_send(struct peer *peer, const void *bytes, size_t size)
{
    const char *at = bytes;
    while (size > 0 && peer->fd >= 0) {
        ssize_t sent = send(peer->fd, at, size, MSG_NOSIGNAL | MSG_DONTWAIT);
        CU_ASSERT_FATAL(sent > 0);
        at += sent;
        size -= (size_t)sent;
    }
}

void peer_frame(struct peer *peer, int first_byte, const void *payload, size_t size)
{
    uint8_t head[10] = {(uint8_t)first_byte};
    size_t length = size < 126 ? 0 : size < 65536 ? 2 : 8;
    head[1] = (uint8_t)(length == 0 ? size : length == 2 ? 126 : 127);
    for (size_t i = 0; i < length; i++)
        head[2 + i] = (uint8_t)(size >> 8 * (length - 1 - i));
    peer_send(peer, head, 2 + length);
    peer_send(peer, payload, size);
}

/* ---- what comes ---- */

static void take_frame(struct peer *peer, int first_byte, char *payload, size_t size)
{
    switch (first_byte) {
    case FRAME_TEXT:
        if (peer_server.on_text != NULL)
            peer_server.on_text(peer, payload, size);
        else
            peer_frame(peer, FRAME_TEXT, payload, size);
        break;
    case FRAME_PONG: peer_server.pongs++; break;
    case FRAME_CLOSE:
        peer_server.closes++;
        peer_server.close_code = size >= 2 ? (uint8_t)payload[0] << 8 | (uint8_t)payload[1] : 0;
        break;
    default: CU_FAIL("a client sends whole texts, pongs and closes");
    }
}

/* Takes the frame that the input begins with; how many bytes it had, 0 if it is not whole. */
static size_t take_first(struct peer *peer)
{
    const uint8_t *bytes = (const uint8_t *)peer->input;
    if (peer->size < 6)
        return 0;
    CU_ASSERT_FATAL((bytes[1] & 0x80) != 0); /* a client must mask (RFC 6455, 5.1) */
    size_t length = bytes[1] & 0x7f, head = 2, more = length == 126 ? 2 : length == 127 ? 8 : 0;
    if (peer->size < head + more + 4)
        return 0;
    length = more == 0 ? length : 0;
    for (size_t i = 0; i < more; i++)
        length = length << 8 | bytes[head + i];
    head += more;
    if (peer->size < head + 4 + length)
        return 0;
    char *payload = peer->input + head + 4;
    for (size_t i = 0; i < length; i++)
        payload[i] = (char)((uint8_t)payload[i] ^ bytes[head + i % 4]);
    take_frame(peer, bytes[0], payload, length);
    return head + 4 + length;
}

static size_t take_request(struct peer *peer)
{
    char key[HANDSHAKE_KEY_SIZE], answer[HANDSHAKE_HEAD_SIZE];
    size_t head = handshake_head_end(peer->input, peer->size);
    if (head == 0)
        return 0;
    CU_ASSERT_EQUAL_FATAL(handshake_read_request(peer->input, head, peer->path, sizeof peer->path, key), 0);
    peer->upgraded = 1;
    if (peer_server.on_request != NULL) {
        peer_server.on_request(peer, key);
        return head;
    }
    size_t length = handshake_answer(key, answer);
    peer_send(peer, answer, length);
    if (peer_server.on_upgraded != NULL)
        peer_server.on_upgraded(peer);
    return head;
}

static void on_bytes(void *user, int events)
{
    struct peer *peer = user;
    (void)events;
    CU_ASSERT_FATAL(peer->size < sizeof peer->input);
    ssize_t got = recv(peer->fd, peer->input + peer->size, sizeof peer->input - peer->size, MSG_DONTWAIT);
    if (got < 0 && errno == EAGAIN)
        return;
    if (got <= 0) {
        peer_server.gone++;
        peer_cut(peer);
        return;
    }
    peer->size += (size_t)got;
    for (size_t taken; peer->fd >= 0 && (taken = peer->upgraded ? take_first(peer) : take_request(peer)) > 0;) {
        peer->size -= taken;
        memmove(peer->input, peer->input + taken, peer->size);
    }
}

static void on_accept(void *user, int events)
{
    (void)user;
    (void)events;
    int fd = accept(peer_server.fd, NULL, NULL);
    CU_ASSERT_FATAL(fd >= 0);
    for (int i = 0; i < PEERS_MAX; i++) {
        struct peer *peer = &peer_server.peers[i];
        if (peer->fd >= 0)
            continue;
        peer->fd = fd;
        peer->size = 0;
        peer->upgraded = 0;
        peer_server.accepted++;
        CU_ASSERT_EQUAL_FATAL(loop_add_fd(peer_server.loop, fd, LOOP_READ, on_bytes, peer), 0);
        return;
    }
    CU_FAIL_FATAL("no more than PEERS_MAX connections at once");
}

/* ---- opening and closing ---- */

void peer_server_open(struct loop *loop)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    memset(&peer_server, 0, sizeof peer_server);
    for (int i = 0; i < PEERS_MAX; i++)
        peer_server.peers[i].fd = -1;
    peer_server.loop = loop;
    peer_server.fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    CU_ASSERT_FATAL(peer_server.fd >= 0);
    int room = 4 * 1024 * 1024; /* so that what a test sends at once fits */
    (void)setsockopt(peer_server.fd, SOL_SOCKET, SO_SNDBUF, &room, sizeof room);
    CU_ASSERT_FATAL(bind(peer_server.fd, (struct sockaddr *)&address, size) == 0 && listen(peer_server.fd, 100) == 0);
    CU_ASSERT_FATAL(getsockname(peer_server.fd, (struct sockaddr *)&address, &size) == 0);
    peer_server.port = ntohs(address.sin_port);
    CU_ASSERT_EQUAL_FATAL(loop_add_fd(loop, peer_server.fd, LOOP_READ, on_accept, NULL), 0);
}

void peer_server_close(void)
{
    for (int i = 0; i < PEERS_MAX; i++)
        peer_cut(&peer_server.peers[i]);
    loop_remove_fd(peer_server.loop, peer_server.fd);
    (void)close(peer_server.fd);
}
