/* PostgreSQL: the URL, connecting without waiting, losing the connection. */
/* SPDX-License-Identifier: MIT */
#include "lib/store/postgres.h"

#include <assert.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

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

int postgres_parse_url(struct postgres *postgres, const char *url)
{
    char *complaint = NULL; /* it may quote the password */
    postgres->options = PQconninfoParse(url, &complaint);
    PQfreemem(complaint);
    if (postgres->options == NULL)
        return error_set(ERROR_ARGUMENT, "this is no URL of a PostgreSQL database; expected "
                                         "postgresql://USER:PASSWORD@HOST:PORT/DATABASE?sslmode=require");
    return 0;
}

static const char *option_value(const struct postgres *postgres, const char *keyword)
{
    for (const PQconninfoOption *option = postgres->options; option->keyword != NULL; option++)
        if (strcmp(option->keyword, keyword) == 0)
            return option->val;
    return NULL;
}

/* The URL's options and the defaults for the rest, as libpq wants them. */
static void list_options(const struct postgres *postgres, const char **keywords, const char **values)
{
    int count = 0;
    for (const PQconninfoOption *option = postgres->options; option->keyword != NULL; option++) {
        if (option->val == NULL)
            continue;
        assert(count < KEYWORDS_MAX);
        keywords[count] = option->keyword;
        values[count++] = option->val;
    }
    for (int i = 0; i < DEFAULTS; i++) {
        if (option_value(postgres, connection_defaults[i].keyword) != NULL)
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

int postgres_error(struct postgres *postgres, const char *doing)
{
    char message[512];
    (void)snprintf(message, sizeof message, "%s", PQerrorMessage(postgres->connection));
    blot(message, option_value(postgres, "password"));
    put_on_one_line(message);
    return error_set(ERROR_CONNECTION, "%s: %s", doing, message);
}

void postgres_lost(struct postgres *postgres)
{
    bool working = postgres->state == POSTGRES_WORKING;
    (void)snprintf(postgres->store->text, sizeof postgres->store->text, "postgresql: %.240s", error_message());
    PQclear(postgres->rows);
    PQfinish(postgres->connection);
    postgres->rows = NULL;
    postgres->connection = NULL;
    postgres->flying = false;
    postgres->unflushed = false;
    postgres_enter(postgres, POSTGRES_AWAY);
    if (!working)
        return;
    struct postgres_work *work = &postgres->work;
    work->result = (struct store_result){.code = ERROR_CONNECTION};
    (void)snprintf(work->result.message, sizeof work->result.message, "%s", postgres->store->text);
    work->done(work->user, &work->result);
}

/* ---- connecting ---- */

static void ignore_notice(void *user, const char *message)
{
    (void)user;
    (void)message;
}

static int start_connecting(struct postgres *postgres)
{
    const char *keywords[KEYWORDS_MAX + 1], *values[KEYWORDS_MAX + 1];
    list_options(postgres, keywords, values);
    postgres->connection = PQconnectStartParams(keywords, values, 0);
    if (postgres->connection == NULL)
        return error_set(ERROR_CONNECTION, "connect: no memory");
    (void)PQsetNoticeProcessor(postgres->connection, ignore_notice, NULL);
    if (PQstatus(postgres->connection) == CONNECTION_BAD)
        return postgres_error(postgres, "connect");
    postgres->polling = PGRES_POLLING_WRITING; /* as libpq's manual asks before the first PQconnectPoll */
    return 0;
}

void postgres_connect(struct postgres *postgres)
{
    postgres_enter(postgres, POSTGRES_CONNECTING);
    if (start_connecting(postgres) != 0)
        postgres_lost(postgres);
}

/* PQconnectPoll must only be called when the socket is ready: earlier it takes an open connection for granted. */
static bool socket_is_ready(const struct postgres *postgres)
{
    struct pollfd descriptor = {.fd = PQsocket(postgres->connection),
                                .events = postgres->polling == PGRES_POLLING_WRITING ? POLLOUT : POLLIN};
    return descriptor.fd >= 0 && poll(&descriptor, 1, 0) > 0;
}

void postgres_connect_on(struct postgres *postgres)
{
    while (socket_is_ready(postgres)) {
        postgres->polling = PQconnectPoll(postgres->connection);
        if (postgres->polling == PGRES_POLLING_OK) {
            postgres_prepare(postgres);
            return;
        }
        if (postgres->polling == PGRES_POLLING_FAILED) {
            int code = postgres_error(postgres, "connect");
            (void)code;
            postgres_lost(postgres);
            return;
        }
    }
}
