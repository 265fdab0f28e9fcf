/* PostgreSQL: the URL, connecting without waiting, losing the connection. */
/* SPDX-License-Identifier: MIT */
#include "lib/store/postgres.h"

#include "lib/base/clock.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>

/* ---- the URL ---- */

/* What is set where the URL does not say: a dead server or network is noticed within half a minute also while nothing
 * is asked of it. */
static const struct {
    const char *keyword, *value;
} connection_defaults[] = {
    {"connect_timeout", "10"},    {"keepalives", "1"},          {"keepalives_idle", "15"},
    {"keepalives_interval", "5"}, {"keepalives_count", "3"},    {"tcp_user_timeout", "10000"},
    {"application_name", "wick"}, {"target_session_attrs", "read-write"},
};

enum { DEFAULTS = sizeof connection_defaults / sizeof connection_defaults[0], KEYWORDS_MAX = 64 };

int postgres_parse_url(struct postgres *pool, const char *url)
{
    char *complaint = NULL; /* it may quote the password */
    pool->options = PQconninfoParse(url, &complaint);
    PQfreemem(complaint);
    if (pool->options == NULL)
        return error_set(ERROR_ARGUMENT, "this is no URL of a PostgreSQL database; expected "
                                         "postgresql://USER:PASSWORD@HOST:PORT/DATABASE?sslmode=require");
    return 0;
}

static const char *option_value(const struct postgres *pool, const char *keyword)
{
    for (const PQconninfoOption *option = pool->options; option->keyword != NULL; option++)
        if (strcmp(option->keyword, keyword) == 0)
            return option->val;
    return NULL;
}

/* The URL's options and the defaults for the rest, as libpq wants them. */
static void list_options(const struct postgres *pool, const char **keywords, const char **values)
{
    int count = 0;
    for (const PQconninfoOption *option = pool->options; option->keyword != NULL; option++) {
        if (option->val == NULL)
            continue;
        assert(count < KEYWORDS_MAX);
        keywords[count] = option->keyword;
        values[count++] = option->val;
    }
    for (int i = 0; i < DEFAULTS; i++) {
        if (option_value(pool, connection_defaults[i].keyword) != NULL)
            continue;
        assert(count < KEYWORDS_MAX);
        keywords[count] = connection_defaults[i].keyword;
        values[count++] = connection_defaults[i].value;
    }
    keywords[count] = values[count] = NULL;
}

/* ---- errors ---- */

/* Blots out a text wherever it stands. */
static void blot(char *message, const char *secret)
{
    size_t length = secret != NULL ? strlen(secret) : 0;
    for (char *at = message; length > 0 && (at = strstr(at, secret)) != NULL; at += length)
        memset(at, '*', length);
}

static void put_on_one_line(char *message)
{
    size_t length = strlen(message);
    while (length > 0 && message[length - 1] == '\n')
        message[--length] = '\0';
    for (char *at = message; *at != '\0'; at++)
        if (*at == '\n' || *at == '\t')
            *at = ' ';
}

int postgres_error(struct postgres_session *session, const char *doing)
{
    char message[512];
    (void)snprintf(message, sizeof message, "%s", PQerrorMessage(session->connection));
    blot(message, option_value(session->pool, "password"));
    put_on_one_line(message);
    return error_set(ERROR_CONNECTION, "%s: %s", doing, message);
}

static void disconnect(struct postgres_session *session)
{
    PQclear(session->rows);
    PQfinish(session->connection); /* its socket leaves the poller by being closed */
    session->rows = NULL;
    session->connection = NULL;
    session->flying = false;
    session->unflushed = false;
    session->migrating = false;
    session->leading = 0;
    session->watched_fd = -1;
    if (session->pool->for_leases == session)
        session->pool->for_leases = NULL;
    postgres_enter(session, POSTGRES_AWAY);
}

void postgres_lost(struct postgres_session *session)
{
    struct postgres *pool = session->pool;
    disconnect(session);
    pool->retry_ms = clock_monotonic_ms() + backoff_next(&pool->backoff);
    postgres_tell(pool);
    postgres_drop_work(session);
}

void postgres_disconnect(struct postgres_session *session)
{
    assert(session->state == POSTGRES_READY);
    disconnect(session);
}

/* ---- connecting ---- */

static void ignore_notice(void *user, const char *message)
{
    (void)user;
    (void)message;
}

static int start_connecting(struct postgres_session *session)
{
    const char *keywords[KEYWORDS_MAX + 1], *values[KEYWORDS_MAX + 1];
    list_options(session->pool, keywords, values);
    session->connection = PQconnectStartParams(keywords, values, 0);
    if (session->connection == NULL)
        return error_set(ERROR_CONNECTION, "connect: no memory");
    (void)PQsetNoticeProcessor(session->connection, ignore_notice, NULL);
    if (PQstatus(session->connection) == CONNECTION_BAD)
        return postgres_error(session, "connect");
    session->polling = PGRES_POLLING_WRITING; /* as libpq's manual asks before the first PQconnectPoll */
    return 0;
}

void postgres_connect(struct postgres_session *session)
{
    postgres_enter(session, POSTGRES_CONNECTING);
    if (start_connecting(session) != 0)
        postgres_lost(session);
}

/* PQconnectPoll must only be called when the socket is ready: earlier it takes an open connection for granted. */
static bool socket_is_ready(const struct postgres_session *session)
{
    struct pollfd descriptor = {.fd = PQsocket(session->connection),
                                .events = session->polling == PGRES_POLLING_WRITING ? POLLOUT : POLLIN};
    return descriptor.fd >= 0 && poll(&descriptor, 1, 0) > 0;
}

void postgres_connect_on(struct postgres_session *session)
{
    while (socket_is_ready(session)) {
        session->polling = PQconnectPoll(session->connection);
        if (session->polling == PGRES_POLLING_OK) {
            postgres_prepare(session);
            return;
        }
        if (session->polling == PGRES_POLLING_FAILED) {
            int code = postgres_error(session, "connect");
            (void)code;
            postgres_lost(session);
            return;
        }
    }
}

/* ---- watching ---- */

static unsigned events_of(const struct postgres_session *session)
{
    if (session->state == POSTGRES_AWAY || postgres_is_held(session))
        return 0;
    if (session->state == POSTGRES_CONNECTING)
        return session->polling == PGRES_POLLING_WRITING ? EPOLLOUT : EPOLLIN;
    return session->unflushed ? EPOLLIN | EPOLLOUT : EPOLLIN;
}

/* Tells the poller what changed. While libpq connects it may close a socket and open the next under the same number,
 * which the poller then does not know although it seems to. */
void postgres_watch(struct postgres_session *session)
{
    unsigned events = events_of(session);
    int poller = session->pool->poller, fd = session->connection != NULL ? PQsocket(session->connection) : -1;
    if (session->watched_fd == fd && session->watched == events && session->state != POSTGRES_CONNECTING)
        return;
    if (session->watched_fd >= 0 && (session->watched_fd != fd || events == 0))
        (void)epoll_ctl(poller, EPOLL_CTL_DEL, session->watched_fd, NULL); /* unless it is closed already */
    session->watched_fd = events != 0 ? fd : -1;
    session->watched = events;
    struct epoll_event event = {.events = events};
    if (session->watched_fd >= 0 && epoll_ctl(poller, EPOLL_CTL_MOD, fd, &event) != 0 && errno == ENOENT)
        (void)epoll_ctl(poller, EPOLL_CTL_ADD, fd, &event); /* if it fails, the deadline still wakes the owner */
}
