/* The pipeline as data: the roles, and the links between them with who binds, who may connect, and where. */
/* SPDX-License-Identifier: MIT */
#ifndef WICK_PROTO_LINKS_H
#define WICK_PROTO_LINKS_H

#include "lib/base/error.h"

#include <stdbool.h>
#include <stdint.h>

enum role {
#define ROLE(id, name, sentence) ROLE_##id,
#include "proto/roles.def"
#undef ROLE
    ROLES
};

#define ROLE_BIT(id) (1u << ROLE_##id)

enum link {
#define LINK(id, name, binder, bind, connect, roles, port, depth, full, carries) LINK_##id,
#include "proto/links.def"
#undef LINK
    LINKS
};

enum when_full { LINK_DROP, LINK_HOLD };

enum { LINK_BASE_PORT = 5550 }; /* the port column of links.def is relative to this one */

struct link_row {
    const char *name;
    enum role binder;
    int bind_socket, connect_socket; /* ZMQ socket types */
    unsigned connectors;             /* ROLE_BIT of each role that may connect */
    int port;
    int depth; /* high-water mark, messages */
    enum when_full when_full;
    const char *carries;
};

extern const struct link_row links[LINKS];

struct role_row {
    const char *name;
    const char *sentence;
};

extern const struct role_row roles[ROLES];

/* The role of a name. ERROR_ARGUMENT if there is none. */
int role_from_name(const char *name, enum role *out) MUST_CHECK;

/* Whether a process of this role has a socket on this link, bound or connected. */
bool role_on_link(enum role role, enum link link);

#endif
