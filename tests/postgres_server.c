/* initdb, postgres, and waiting for them. */
/* SPDX-License-Identifier: MIT */
#include "tests/postgres_server.h"

#include <arpa/inet.h>
#include <glob.h>
#include <grp.h>
#include <libpq-fe.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { START_ATTEMPTS = 1500, START_PAUSE_MS = 20 };

/* ---- the programs ---- */

/* The path of one of the server's programs, of the newest version installed; false if there is none. */
static bool find_program(const char *name, char out[256])
{
    glob_t found;
    char pattern[128];
    (void)snprintf(pattern, sizeof pattern, "/usr/lib/postgresql/*/bin/%s", name);
    if (glob(pattern, 0, NULL, &found) != 0)
        return false;
    (void)snprintf(out, 256, "%s", found.gl_pathv[found.gl_pathc - 1]);
    globfree(&found);
    return true;
}

const char *postgres_server_missing(void)
{
    char path[256];
    if (!find_program("initdb", path) || !find_program("postgres", path))
        return "no PostgreSQL server is installed (/usr/lib/postgresql/*/bin)";
    return NULL;
}

/* Whom the server runs as: nobody else than ourselves, unless that is root. */
static const struct passwd *server_user(void)
{
    if (geteuid() != 0)
        return getpwuid(geteuid());
    const struct passwd *user = getpwnam("postgres");
    return user != NULL ? user : getpwnam("nobody");
}

static void become(const struct passwd *user)
{
    if (geteuid() == 0 && (setgroups(0, NULL) != 0 || setgid(user->pw_gid) != 0 || setuid(user->pw_uid) != 0))
        _exit(126);
    (void)prctl(PR_SET_PDEATHSIG, SIGQUIT); /* never outlive the test */
}

pid_t postgres_server_launch(const struct postgres_server *server, const char *path, char *const arguments[])
{
    char log[160];
    const struct passwd *user = server_user();
    if (user == NULL)
        return -1;
    (void)snprintf(log, sizeof log, "%s/log", server->directory);
    pid_t child = fork();
    if (child != 0)
        return child;
    become(user);
    if (chdir(server->directory) != 0 || freopen(log, "a", stdout) == NULL || dup2(STDOUT_FILENO, STDERR_FILENO) < 0)
        _exit(126);
    (void)execv(path, arguments);
    _exit(127);
}

static pid_t launch(const struct postgres_server *server, const char *name, char *const arguments[])
{
    char path[256];
    return find_program(name, path) ? postgres_server_launch(server, path, arguments) : -1;
}

/* ---- making it ---- */

static bool prepare_directory(struct postgres_server *server, const char *directory)
{
    const struct passwd *user = server_user();
    (void)snprintf(server->directory, sizeof server->directory, "%s/postgres", directory);
    return user != NULL && chmod(directory, 0711) == 0 && mkdir(server->directory, 0700) == 0 &&
           chown(server->directory, user->pw_uid, user->pw_gid) == 0;
}

static bool write_password(const struct postgres_server *server, char path[160])
{
    (void)snprintf(path, 160, "%s/password", server->directory);
    FILE *file = fopen(path, "w");
    if (file == NULL)
        return false;
    (void)fprintf(file, "%s\n", POSTGRES_SERVER_PASSWORD);
    return fclose(file) == 0 && chmod(path, 0644) == 0;
}

static bool make_data(struct postgres_server *server)
{
    char data[160], password[160], password_option[200];
    (void)snprintf(data, sizeof data, "%s/data", server->directory);
    if (!write_password(server, password))
        return false;
    (void)snprintf(password_option, sizeof password_option, "--pwfile=%s", password);
    char *arguments[] = {"initdb",      "-D",          data,          "-U", POSTGRES_SERVER_USER, "--auth-local=trust",
                         "--auth-host=scram-sha-256", password_option, "-E", "UTF8",               "--locale=C",
                         "--no-sync",   NULL};
    int status = -1;
    pid_t child = launch(server, "initdb", arguments);
    return child > 0 && waitpid(child, &status, 0) == child && status == 0;
}

int postgres_server_free_port(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    int port = 0, descriptor = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (descriptor >= 0 && bind(descriptor, (struct sockaddr *)&address, size) == 0 &&
        getsockname(descriptor, (struct sockaddr *)&address, &size) == 0)
        port = ntohs(address.sin_port);
    (void)close(descriptor);
    return port;
}

static void conninfo_of(const struct postgres_server *server, const char *database, char out[256])
{
    (void)snprintf(out, 256, "host=%s port=%d user=%s dbname=%s", server->directory, server->port,
                   POSTGRES_SERVER_USER, database);
}

static bool await_start(struct postgres_server *server)
{
    char conninfo[256];
    conninfo_of(server, "postgres", conninfo);
    for (int i = 0; i < START_ATTEMPTS; i++) {
        if (PQping(conninfo) == PQPING_OK)
            return true;
        if (waitpid(server->process, NULL, WNOHANG) != 0)
            break;
        (void)poll(NULL, 0, START_PAUSE_MS);
    }
    printf("the PostgreSQL server did not start; see %s/log\n", server->directory);
    return false;
}

bool postgres_server_start(struct postgres_server *server)
{
    char data[160], port[16];
    (void)snprintf(data, sizeof data, "%s/data", server->directory);
    (void)snprintf(port, sizeof port, "%d", server->port);
    char *arguments[] = {"postgres", "-D", data, "-k", server->directory, "-p", port, "-c", "listen_addresses=127.0.0.1",
                         "-c", "fsync=off", "-c", "full_page_writes=off", "-c", "shared_buffers=16MB", "-c",
                         "max_connections=40", "-c", "autovacuum=off", NULL};
    server->process = launch(server, "postgres", arguments);
    return server->process > 0 && await_start(server);
}

bool postgres_server_create(struct postgres_server *server, const char *directory)
{
    *server = (struct postgres_server){.port = postgres_server_free_port()};
    if (!prepare_directory(server, directory) || !make_data(server)) {
        printf("initdb failed; see %s/log\n", server->directory);
        return false;
    }
    return postgres_server_start(server);
}

void postgres_server_stop(struct postgres_server *server, int signal)
{
    if (server->process <= 0)
        return;
    (void)kill(server->process, signal);
    (void)waitpid(server->process, NULL, 0);
    server->process = 0;
}

/* ---- using it ---- */

void postgres_server_url(const struct postgres_server *server, const char *database, const char *password,
                         char out[256])
{
    (void)snprintf(out, 256, "postgresql://%s:%s@127.0.0.1:%d/%s", POSTGRES_SERVER_USER, password, server->port,
                   database);
}

bool postgres_server_run(const struct postgres_server *server, const char *database, const char *sql)
{
    char conninfo[256];
    conninfo_of(server, database, conninfo);
    PGconn *connection = PQconnectdb(conninfo);
    PGresult *result = PQexec(connection, sql);
    ExecStatusType status = PQresultStatus(result);
    bool done = status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK;
    if (!done)
        printf("%s: %s\n", sql, PQerrorMessage(connection));
    PQclear(result);
    PQfinish(connection);
    return done;
}
