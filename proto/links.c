/* The rows of links.def and roles.def. */
/* SPDX-License-Identifier: MIT */
#include "proto/links.h"

#include <string.h>
#include <zmq.h>

const struct link_row links[LINKS] = {
#define LINK(id, name, binder, bind, connect, roles, port, depth, full, carries)                                       \
    {name, ROLE_##binder, ZMQ_##bind, ZMQ_##connect, roles, port, depth, LINK_##full, carries},
#include "proto/links.def"
#undef LINK
};

const struct role_row roles[ROLES] = {
#define ROLE(id, name, sentence) {name, sentence},
#include "proto/roles.def"
#undef ROLE
};

int role_from_name(const char *name, enum role *out)
{
    for (int i = 0; i < ROLES; i++) {
        if (strcmp(roles[i].name, name) == 0) {
            *out = (enum role)i;
            return 0;
        }
    }
    return error_set(ERROR_ARGUMENT, "'%s' is no role; expected fetcher, analyzer, trader, persister or dashboard", name);
}

bool role_on_link(enum role role, enum link link)
{
    return links[link].binder == role || (links[link].connectors & (1u << role)) != 0;
}
