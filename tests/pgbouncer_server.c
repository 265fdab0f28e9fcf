/* PgBouncer's configuration, and waiting for it. */
/* SPDX-License-Identifier: MIT */
#include "tests/pgbouncer_server.h"

#include <libpq-fe.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { START_ATTEMPTS = 500, START_PAUSE_MS = 20 };

static const char program[] = "/usr/sbin/pgbouncer";

const char *pgbouncer_server_missing(void)
{
    return access(program, X_OK) == 0 ? NULL : "no PgBouncer is installed (/usr/sbin/pgbouncer)";
}

static bool write_file(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");
    if (file == NULL)
        return false;
    bool written = fputs(text, file) >= 0;
    return fclose(file) == 0 && chmod(path, 0644) == 0 && written;
}

static bool configure(const struct pgbouncer_server *pooler, const struct postgres_server *server, char path[160])
{
    char text[1024], users[160];
    (void)snprintf(path, 160, "%s/pgbouncer.ini", server->directory);
    (void)snprintf(users, sizeof users, "%s/pgbouncer.users", server->directory);
    (void)snprintf(text, sizeof text,
                   "[databases]\n"
                   "* = host=%s port=%d\n"
                   "[pgbouncer]\n"
                   "listen_addr = 127.0.0.1\n"
                   "listen_port = %d\n"
                   "unix_socket_dir =\n"
                   "auth_type = scram-sha-256\n"
                   "auth_file = %s\n"
                   "pool_mode = transaction\n"
                   "default_pool_size = 5\n"
                   "server_login_retry = 0.1\n"
                   "max_client_conn = 100\n",
                   server->directory, server->port, pooler->port, users);
    return write_file(users, "\"" POSTGRES_SERVER_USER "\" \"" POSTGRES_SERVER_PASSWORD "\"\n") &&
           write_file(path, text);
}

static bool await_start(const struct pgbouncer_server *pooler)
{
    char url[256];
    pgbouncer_server_url(pooler, "postgres", url);
    for (int i = 0; i < START_ATTEMPTS; i++) {
        if (PQping(url) == PQPING_OK)
            return true;
        if (waitpid(pooler->process, NULL, WNOHANG) != 0)
            break;
        (void)poll(NULL, 0, START_PAUSE_MS);
    }
    return false;
}

bool pgbouncer_server_start(struct pgbouncer_server *pooler, const struct postgres_server *server)
{
    char path[160];
    char *arguments[] = {"pgbouncer", path, NULL};
    *pooler = (struct pgbouncer_server){.port = postgres_server_free_port()};
    if (configure(pooler, server, path))
        pooler->process = postgres_server_launch(server, program, arguments);
    if (pooler->process > 0 && await_start(pooler))
        return true;
    printf("PgBouncer did not start; see %s/log\n", server->directory);
    return false;
}

void pgbouncer_server_stop(struct pgbouncer_server *pooler)
{
    if (pooler->process <= 0)
        return;
    (void)kill(pooler->process, SIGKILL);
    (void)waitpid(pooler->process, NULL, 0);
    pooler->process = 0;
}

void pgbouncer_server_url(const struct pgbouncer_server *pooler, const char *database, char out[256])
{
    (void)snprintf(out, 256, "postgresql://%s:%s@127.0.0.1:%d/%s", POSTGRES_SERVER_USER, POSTGRES_SERVER_PASSWORD,
                   pooler->port, database);
}
