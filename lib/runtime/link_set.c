/* Opens, proves, reads and writes the sockets of a process. */
/* SPDX-License-Identifier: MIT */
#include "lib/runtime/link_set.h"

#include "lib/base/clock.h"
#include "lib/runtime/address.h"
#include "lib/runtime/metrics.h"
#include "lib/runtime/zap.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zmq.h>

enum {
    READS_PER_TURN = 512, /* messages of one link that are handled before the loop looks elsewhere */
    TOPIC_SIZE_MAX = 8,
    RECONNECT_MS = 100,
    RECONNECT_MAX_MS = 2000,
    HANDSHAKE_MS = 5000,
    PROOF_MS = 5000,
};

/* Which of libzmq's I/O threads, as bits: looking up a host's name blocks the one that connects, so what is bound has
 * one of its own. Who binds nothing has only the first. */
enum { THREAD_CONNECT = 1, THREAD_BIND = 2 };

struct link_socket {
    struct link_set *set;
    enum link link;
    void *socket; /* NULL: this role is not on the link */
    bool bound;
};

struct link_set {
    enum role role;
    const struct config *config;
    const struct curve_keys *keys;
    struct loop *loop;
    link_input_fn on_input;
    void *user;
    void *context;
    void *zap;
    struct link_socket sockets[LINKS];
    zmq_msg_t frames[2]; /* the message being read */
};

static int failed(const char *what, enum link link)
{
    return error_set(ERROR_LIBRARY, "link %s: %s: %s", links[link].name, what, zmq_strerror(zmq_errno()));
}

/* ---- reading ---- */

/* Reads a message of up to two frames into the set's frames; what has more is thrown away and counted.
 * Returns the number of frames, 0 for one that was thrown away, -1 when nothing waits. */
static int receive(struct link_socket *at)
{
    zmq_msg_t *frames = at->set->frames;
    int count = 0;
    bool more = true;
    while (more) {
        zmq_msg_t rest;
        zmq_msg_t *frame = count < 2 ? &frames[count] : &rest;
        if (frame == &rest)
            (void)zmq_msg_init(&rest);
        if (zmq_msg_recv(frame, at->socket, ZMQ_DONTWAIT) < 0)
            return -1;
        more = zmq_msg_more(frame) != 0;
        count++;
        if (frame == &rest)
            (void)zmq_msg_close(&rest);
    }
    if (count <= 2)
        return count;
    metric_add(METRIC_messages_refused_total, 1);
    return 0;
}

/* Fills in what a message on this kind of socket means. False if it is malformed. */
static bool interpret(const struct link_socket *at, int count, struct link_input *input, struct peer *peer)
{
    zmq_msg_t *frames = at->set->frames;
    int type = at->bound ? links[at->link].bind_socket : links[at->link].connect_socket;
    zmq_msg_t *body = &frames[count - 1];
    *input = (struct link_input){.link = at->link, .bytes = zmq_msg_data(body), .size = zmq_msg_size(body)};
    if (type == ZMQ_ROUTER) {
        size_t size = zmq_msg_size(&frames[0]);
        if (count != 2 || size == 0 || size > sizeof peer->id)
            return false;
        memcpy(peer->id, zmq_msg_data(&frames[0]), size);
        peer->size = (uint8_t)size;
        input->peer = peer;
        return true;
    }
    if (count != 1)
        return false;
    if (type == ZMQ_SUB) { /* the topic stands in front of the message */
        if (input->size < TOPIC_SIZE)
            return false;
        input->bytes += TOPIC_SIZE;
        input->size -= TOPIC_SIZE;
    } else if (type == ZMQ_XPUB) { /* 1 or 0: subscribed or not; then the topic */
        if (input->size < 1 || input->size > 1 + TOPIC_SIZE_MAX)
            return false;
        input->topic = input->bytes[0] == 1 ? input->bytes + 1 : NULL;
        input->topic_size = input->size - 1;
        input->bytes = NULL;
        return input->topic != NULL;
    }
    return true;
}

static void on_readable(void *user, int events)
{
    struct link_socket *at = user;
    struct link_set *set = at->set;
    (void)events;
    for (int i = 0; i < READS_PER_TURN && at->socket != NULL; i++) {
        struct link_input input;
        struct peer peer = {.size = 0};
        int count = receive(at);
        if (count < 0)
            return;
        if (count > 0 && interpret(at, count, &input, &peer))
            set->on_input(set->user, &input);
    }
}

static void on_zap(void *user, int events)
{
    struct link_set *set = user;
    (void)events;
    zap_answer(set->zap, set->keys);
}

/* ---- opening ---- */

struct socket_option {
    int option, value;
};

static int set_options(void *socket, const struct socket_option *rows, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (zmq_setsockopt(socket, rows[i].option, &rows[i].value, sizeof rows[i].value) != 0)
            return -1;
    return 0;
}

/* Limits and time-outs, the same for every socket but for its high-water mark and thread. */
static int set_limits(void *socket, enum link link, int type, bool bound)
{
    int depth = links[link].depth;
    const struct socket_option rows[] = {
        {ZMQ_SNDHWM, type == ZMQ_SUB ? 0 : depth}, /* a SUB loses subscriptions beyond it */
        {ZMQ_RCVHWM, depth},
        {ZMQ_LINGER, 0},
        {ZMQ_RECONNECT_IVL, RECONNECT_MS},
        {ZMQ_RECONNECT_IVL_MAX, RECONNECT_MAX_MS},
        {ZMQ_HANDSHAKE_IVL, HANDSHAKE_MS},
        {ZMQ_CONNECT_TIMEOUT, HANDSHAKE_MS},
        {ZMQ_TCP_KEEPALIVE, 1},
        {ZMQ_TCP_KEEPALIVE_IDLE, 10},
        {ZMQ_TCP_KEEPALIVE_INTVL, 5},
        {ZMQ_TCP_KEEPALIVE_CNT, 3},
        {ZMQ_TCP_MAXRT, 10000},
        {ZMQ_IMMEDIATE, type == ZMQ_DEALER},
    };
    const int64_t largest = MESSAGE_SIZE_MAX + 64;
    const uint64_t thread = bound ? THREAD_BIND : THREAD_CONNECT;
    if (set_options(socket, rows, sizeof rows / sizeof rows[0]) != 0 ||
        zmq_setsockopt(socket, ZMQ_MAXMSGSIZE, &largest, sizeof largest) != 0 ||
        zmq_setsockopt(socket, ZMQ_AFFINITY, &thread, sizeof thread) != 0)
        return failed("set an option", link);
    return 0;
}

static int set_server_keys(const struct link_set *set, void *socket, enum link link)
{
    const struct socket_option server = {ZMQ_CURVE_SERVER, 1};
    const char *secret = secret_reveal(&set->keys->secret_key);
    if (set_options(socket, &server, 1) != 0 ||
        zmq_setsockopt(socket, ZMQ_CURVE_SECRETKEY, secret, CURVE_TEXT_SIZE) != 0 ||
        zmq_setsockopt(socket, ZMQ_ZAP_DOMAIN, links[link].name, strlen(links[link].name)) != 0)
        return failed("set the keys", link);
    return 0;
}

static int set_client_keys(void *socket, enum link link, const char *server_key, const char *public_key,
                           const char *secret_key)
{
    if (zmq_setsockopt(socket, ZMQ_CURVE_SERVERKEY, server_key, CURVE_TEXT_SIZE) != 0 ||
        zmq_setsockopt(socket, ZMQ_CURVE_PUBLICKEY, public_key, CURVE_TEXT_SIZE) != 0 ||
        zmq_setsockopt(socket, ZMQ_CURVE_SECRETKEY, secret_key, CURVE_TEXT_SIZE) != 0)
        return failed("set the keys", link);
    return 0;
}

/* What is particular to a kind of socket. */
static int set_behaviour(void *socket, enum link link, int type)
{
    const struct socket_option mandatory = {ZMQ_ROUTER_MANDATORY, 1}; /* an error instead of a silent loss */
    const struct socket_option verbose = {ZMQ_XPUB_VERBOSER, 1};      /* every subscription is seen, repeated ones too */
    if ((type == ZMQ_ROUTER && set_options(socket, &mandatory, 1) != 0) ||
        (type == ZMQ_XPUB && set_options(socket, &verbose, 1) != 0))
        return failed("set an option", link);
    return 0;
}

static int port_of(const struct link_set *set, enum link link)
{
    return (int)set->config->links_base_port + links[link].port - LINK_BASE_PORT;
}

/* libzmq takes a name for IPv6, or does not, by an option of the socket; a name that has both is connected by IPv4. */
static int set_family(void *socket, enum link link, bool ipv6)
{
    const struct socket_option family = {ZMQ_IPV6, ipv6};
    return set_options(socket, &family, 1) == 0 ? 0 : failed("choose IPv4 or IPv6", link);
}

/* libzmq looks up no names to bind to. What is no address here may be an interface there, as eth0. */
static int bind_socket(const struct link_set *set, void *socket, enum link link)
{
    char endpoint[128], host[ADDRESS_TEXT_SIZE];
    struct address address;
    if (address_resolve(set->config->links_bind_address, port_of(set, link), &address) == 0)
        address_print(&address, host);
    else
        (void)snprintf(host, sizeof host, "%s", set->config->links_bind_address);
    (void)snprintf(endpoint, sizeof endpoint, "tcp://%s:%d", host, port_of(set, link));
    int code = set_family(socket, link, host[0] == '[');
    if (code == 0 && zmq_bind(socket, endpoint) != 0)
        code = error_set(ERROR_SYSTEM, "bind link %s to %s: %s (set links.base_port to move the links)",
                         links[link].name, endpoint, zmq_strerror(zmq_errno()));
    return code;
}

static const char *host_of(const struct config *config, enum role role)
{
    switch (role) {
    case ROLE_FETCHER: return config->links_fetcher;
    case ROLE_TRADER: return config->links_trader;
    default: return config->links_persister;
    }
}

enum { ENDPOINT_SIZE = 256 };

static void write_endpoint(const struct link_set *set, enum link link, char out[ENDPOINT_SIZE])
{
    const char *host = host_of(set->config, links[link].binder);
    (void)snprintf(out, ENDPOINT_SIZE, address_is_ipv6(host) ? "tcp://[%s]:%d" : "tcp://%s:%d", host,
                   port_of(set, link));
}

static int connect_socket(const struct link_set *set, void *socket, enum link link)
{
    char endpoint[ENDPOINT_SIZE];
    write_endpoint(set, link, endpoint);
    int code = set_family(socket, link, address_is_ipv6(host_of(set->config, links[link].binder)));
    if (code == 0 && zmq_connect(socket, endpoint) != 0)
        code = error_set(ERROR_SYSTEM, "connect link %s to %s: %s", links[link].name, endpoint,
                         zmq_strerror(zmq_errno()));
    return code;
}

static int open_link(struct link_set *set, enum link link)
{
    struct link_socket *at = &set->sockets[link];
    *at = (struct link_socket){.set = set, .link = link, .bound = links[link].binder == set->role};
    int type = at->bound ? links[link].bind_socket : links[link].connect_socket;
    at->socket = zmq_socket(set->context, type);
    if (at->socket == NULL)
        return failed("open a socket", link);
    int code = set_limits(at->socket, link, type, at->bound);
    if (code == 0)
        code = set_behaviour(at->socket, link, type);
    if (code == 0 && at->bound)
        code = set_server_keys(set, at->socket, link);
    else if (code == 0)
        code = set_client_keys(at->socket, link, set->keys->public_keys[links[link].binder],
                               set->keys->public_keys[set->role], secret_reveal(&set->keys->secret_key));
    if (code == 0)
        code = at->bound ? bind_socket(set, at->socket, link) : connect_socket(set, at->socket, link);
    if (code == 0)
        code = loop_add_socket(set->loop, at->socket, on_readable, at);
    return code;
}

static void close_link(struct link_set *set, enum link link, int linger_ms)
{
    struct link_socket *at = &set->sockets[link];
    if (at->socket == NULL)
        return;
    const struct socket_option linger = {ZMQ_LINGER, linger_ms};
    loop_remove_socket(set->loop, at->socket);
    (void)set_options(at->socket, &linger, 1);
    (void)zmq_close(at->socket);
    at->socket = NULL;
}

static bool binds_any(enum role role)
{
    for (int link = 0; link < LINKS; link++)
        if (links[link].binder == role)
            return true;
    return false;
}

static int open_all(struct link_set *set)
{
    set->context = zmq_ctx_new();
    if (set->context == NULL || zmq_ctx_set(set->context, ZMQ_IO_THREADS, binds_any(set->role) ? 2 : 1) != 0)
        return error_set(ERROR_LIBRARY, "start ZeroMQ: %s", zmq_strerror(zmq_errno()));
    set->zap = zap_open(set->context); /* before any other socket: without a handler libzmq admits everybody */
    if (set->zap == NULL)
        return ERROR_LIBRARY;
    int code = loop_add_socket(set->loop, set->zap, on_zap, set);
    for (int link = 0; link < LINKS && code == 0; link++)
        if (role_on_link(set->role, (enum link)link))
            code = open_link(set, (enum link)link);
    return code;
}

int link_set_open(enum role role, const struct config *config, const struct curve_keys *keys, struct loop *loop,
                  link_input_fn on_input, void *user, struct link_set **out)
{
    struct link_set *set = calloc(1, sizeof *set);
    if (set == NULL)
        return error_set(ERROR_MEMORY, "no memory for the links");
    *set = (struct link_set){
        .role = role, .config = config, .keys = keys, .loop = loop, .on_input = on_input, .user = user};
    (void)zmq_msg_init(&set->frames[0]);
    (void)zmq_msg_init(&set->frames[1]);
    int code = open_all(set);
    if (code < 0) {
        link_set_close(set, 0);
        return code;
    }
    *out = set;
    return 0;
}

void link_set_close(struct link_set *set, int linger_ms)
{
    if (set == NULL)
        return;
    for (int link = 0; link < LINKS; link++)
        close_link(set, (enum link)link, linger_ms);
    if (set->zap != NULL) {
        loop_remove_socket(set->loop, set->zap);
        (void)zmq_close(set->zap);
    }
    (void)zmq_msg_close(&set->frames[0]);
    (void)zmq_msg_close(&set->frames[1]);
    if (set->context != NULL)
        (void)zmq_ctx_term(set->context);
    free(set);
}

int link_set_reconnect(struct link_set *set, enum link link)
{
    char endpoint[ENDPOINT_SIZE];
    assert(!set->sockets[link].bound);
    if (links[link].connect_socket != ZMQ_SUB) {
        close_link(set, link, 0);
        return open_link(set, link);
    }
    write_endpoint(set, link, endpoint);
    if (zmq_disconnect(set->sockets[link].socket, endpoint) != 0)
        return failed("disconnect", link);
    return connect_socket(set, set->sockets[link].socket, link);
}

/* ---- writing ---- */

static int send_failed(enum link link)
{
    int reason = zmq_errno();
    if (reason == EAGAIN)
        return error_set(ERROR_FULL, "link %s: the queue is full or nobody is connected", links[link].name);
    return error_set(ERROR_CONNECTION, "link %s: %s", links[link].name, zmq_strerror(reason));
}

int link_set_send(struct link_set *set, enum link link, const struct peer *peer, const uint8_t *bytes, size_t size)
{
    void *socket = set->sockets[link].socket;
    assert(socket != NULL);
    if (peer != NULL && zmq_send(socket, peer->id, peer->size, ZMQ_SNDMORE | ZMQ_DONTWAIT) < 0)
        return send_failed(link);
    if (zmq_send(socket, bytes, size, ZMQ_DONTWAIT) < 0)
        return send_failed(link);
    return 0;
}

void link_set_subscribe(struct link_set *set, enum link link, const uint8_t *topic, size_t size, bool on)
{
    int code = zmq_setsockopt(set->sockets[link].socket, on ? ZMQ_SUBSCRIBE : ZMQ_UNSUBSCRIBE, topic, size);
    assert(code == 0);
    (void)code;
}

/* ---- the proof ---- */

/* Waits until the monitor says how a stranger's handshake ended, answering ZAP meanwhile. */
static int await_refusal(struct link_set *set, void *monitor, enum link link)
{
    int64_t deadline_ms = clock_monotonic_ms() + PROOF_MS;
    while (clock_monotonic_ms() < deadline_ms) {
        zmq_pollitem_t items[] = {{.socket = set->zap, .events = ZMQ_POLLIN}, {.socket = monitor, .events = ZMQ_POLLIN}};
        (void)zmq_poll(items, 2, 100);
        zap_answer(set->zap, set->keys);
        uint8_t event[6];
        char address[256];
        if (zmq_recv(monitor, event, sizeof event, ZMQ_DONTWAIT) != (int)sizeof event)
            continue;
        (void)zmq_recv(monitor, address, sizeof address, ZMQ_DONTWAIT);
        int number = event[0] | event[1] << 8;
        if (number == ZMQ_EVENT_HANDSHAKE_SUCCEEDED)
            return error_set(ERROR_DENIED, "link %s admitted a stranger's key", links[link].name);
        if (number == ZMQ_EVENT_HANDSHAKE_FAILED_AUTH)
            return 0;
    }
    return error_set(ERROR_TIMEOUT, "link %s gave a stranger's key no answer", links[link].name);
}

static int prove_link(struct link_set *set, enum link link)
{
    char public_key[CURVE_TEXT_SIZE], secret_key[CURVE_TEXT_SIZE], endpoint[128], place[64];
    const struct socket_option linger = {ZMQ_LINGER, 0};
    size_t size = sizeof endpoint;
    (void)snprintf(place, sizeof place, "inproc://proof-%s", links[link].name);
    void *stranger = zmq_socket(set->context, links[link].connect_socket);
    void *monitor = zmq_socket(set->context, ZMQ_PAIR);
    int code = curve_pair_create(public_key, secret_key);
    if (stranger == NULL || monitor == NULL || set_options(stranger, &linger, 1) != 0 ||
        set_options(monitor, &linger, 1) != 0 ||
        zmq_getsockopt(set->sockets[link].socket, ZMQ_LAST_ENDPOINT, endpoint, &size) != 0 ||
        zmq_socket_monitor(stranger, place, ZMQ_EVENT_HANDSHAKE_SUCCEEDED | ZMQ_EVENT_HANDSHAKE_FAILED_AUTH) != 0 ||
        zmq_connect(monitor, place) != 0)
        code = failed("prepare the proof", link);
    if (code == 0)
        code = set_client_keys(stranger, link, set->keys->public_keys[set->role], public_key, secret_key);
    if (code == 0)
        code = set_family(stranger, link, strchr(endpoint, '[') != NULL);
    if (code == 0 && zmq_connect(stranger, endpoint) != 0)
        code = failed("connect as a stranger", link);
    if (code == 0)
        code = await_refusal(set, monitor, link);
    if (stranger != NULL)
        (void)zmq_close(stranger);
    if (monitor != NULL)
        (void)zmq_close(monitor);
    return code;
}

int link_set_prove(struct link_set *set)
{
    int code = 0;
    for (int link = 0; link < LINKS && code == 0; link++)
        if (set->sockets[link].socket != NULL && set->sockets[link].bound)
            code = prove_link(set, (enum link)link);
    return code;
}
