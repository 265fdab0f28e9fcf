/* The links of one process: its ZeroMQ sockets, bound or connected as links.def says, all with CURVE.
 *
 * Who may connect is decided in the ZAP handler, which runs in the process's own loop (RFC 27), one domain a link;
 * so rights follow from the link that a message came by. libzmq 4.3.4: no ZMTP heartbeats (a stalled reader would
 * abort the process), SUB sockets without a send limit (else subscriptions are lost), no metadata on ROUTER. */
/* SPDX-License-Identifier: MIT */
#ifndef WICK_RUNTIME_LINK_SET_H
#define WICK_RUNTIME_LINK_SET_H

#include "lib/runtime/curve.h"
#include "lib/runtime/loop.h"
#include "lib/runtime/service.h"

struct link_set; /* opaque */

/* What comes in. `topic` is set on XPUB links, where a peer has subscribed to it; then bytes is NULL. */
struct link_input {
    enum link link;
    const struct peer *peer; /* ROUTER links */
    const uint8_t *bytes;
    size_t size;
    const uint8_t *topic;
    size_t topic_size;
};

typedef void (*link_input_fn)(void *user, const struct link_input *input);

/* Opens all links of a role. ERROR_SYSTEM naming the port when one is in use; ERROR_LIBRARY. The keys must stay. */
int link_set_open(enum role role, const struct config *config, const struct curve_keys *keys, struct loop *loop,
                  link_input_fn on_input, void *user, struct link_set **out) MUST_CHECK;

/* Closes them; what was sent gets up to `linger_ms` to leave. NULL is allowed. */
void link_set_close(struct link_set *set, int linger_ms);

/* Proves for every link this process binds that a stranger's key is refused: connects to itself with a random one.
 * ERROR_DENIED if it got in, ERROR_TIMEOUT if there was no answer. */
int link_set_prove(struct link_set *set) MUST_CHECK;

/* Sends bytes, with a peer on ROUTER links, with a topic on XPUB links. ERROR_FULL, ERROR_CONNECTION. */
int link_set_send(struct link_set *set, enum link link, const struct peer *peer, const uint8_t *bytes, size_t size)
    MUST_CHECK;
void link_set_subscribe(struct link_set *set, enum link link, const uint8_t *topic, size_t size, bool on);

/* Disconnects and connects anew. A DEALER gets a new socket, so that nothing that was meant for the old peer reaches the
 * new one late; a SUB keeps its own, and with it its subscriptions. */
int link_set_reconnect(struct link_set *set, enum link link) MUST_CHECK;

#endif
