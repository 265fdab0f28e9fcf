/* A PgBouncer of a test's own in front of its PostgreSQL server, in transaction mode: every transaction may get another
 * session of the server. Run as root, it is started as an unprivileged user, as PgBouncer demands. */
/* SPDX-License-Identifier: MIT */
#ifndef WICK_TESTS_PGBOUNCER_SERVER_H
#define WICK_TESTS_PGBOUNCER_SERVER_H

#include "tests/postgres_server.h"

#include <stdbool.h>
#include <sys/types.h>

struct pgbouncer_server {
    int port;
    pid_t process; /* 0: not running */
};

/* Why none can be started on this machine, or NULL if one can. */
const char *pgbouncer_server_missing(void);

/* Starts one for all databases of the server, with its files in the server's directory; returns when it answers. False,
 * with the reason on standard output, if it does not come up. */
bool pgbouncer_server_start(struct pgbouncer_server *pooler, const struct postgres_server *server);

/* Stops it at once, if it runs. */
void pgbouncer_server_stop(struct pgbouncer_server *pooler);

/* The URL of a database through it. */
void pgbouncer_server_url(const struct pgbouncer_server *pooler, const char *database, char out[256]);

#endif
