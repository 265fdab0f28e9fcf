/* A PostgreSQL server of a test's own: made in the test's directory, reached through a free port, gone with the test.
 * Commits are not flushed. Run as root, it is started as an unprivileged user, as PostgreSQL demands. */
/* SPDX-License-Identifier: MIT */
#ifndef WICK_TESTS_POSTGRES_SERVER_H
#define WICK_TESTS_POSTGRES_SERVER_H

#include <stdbool.h>
#include <sys/types.h>

/* The superuser, and the password that connections over TCP have to give. */
#define POSTGRES_SERVER_USER "wick"
#define POSTGRES_SERVER_PASSWORD "cold-green-tea"

struct postgres_server {
    char directory[128]; /* data, and the unix socket */
    int port;
    pid_t process; /* 0: not running */
};

/* Why no server can be made on this machine, or NULL if one can. */
const char *postgres_server_missing(void);

/* Makes a server under `directory`, which is made passable for others, and starts it. False, with the reason on
 * standard output, if it does not come up. */
bool postgres_server_create(struct postgres_server *server, const char *directory);

/* Starts it again after a stop; returns when it answers. */
bool postgres_server_start(struct postgres_server *server);

/* Sends a signal (SIGQUIT: at once, without a checkpoint; SIGINT: orderly, connections are cut) and waits for the end
 * of the server. Does nothing if it does not run. */
void postgres_server_stop(struct postgres_server *server, int signal);

/* Starts a program as the server's user, in the server's directory, with its output in the file `log` there; it never
 * outlives the test. The child, or -1. */
pid_t postgres_server_launch(const struct postgres_server *server, const char *path, char *const arguments[]);

/* A port that nobody listens on. */
int postgres_server_free_port(void);

/* The URL of a database over TCP, with this password. */
void postgres_server_url(const struct postgres_server *server, const char *database, const char *password,
                         char out[256]);

/* Runs SQL in a database, over the unix socket, which asks for no password. False with the message printed. */
bool postgres_server_run(const struct postgres_server *server, const char *database, const char *sql);

#endif
