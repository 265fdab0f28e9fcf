/* The audit's engine for PostgreSQL: blocking calls, rows one by one as they come, so that memory stays bounded. */
/* SPDX-License-Identifier: MIT */
#include "lib/store/audit_engine.h"

#include <assert.h>
#include <endian.h>
#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* OIDs of the types that occur, of pg_type.dat. */
enum { OID_BOOL = 16, OID_INT8 = 20, OID_INT2 = 21, OID_INT4 = 23, OID_TEXT = 25 };

enum { INTEGER_TEXT_SIZE = 24 };

/* What the server said, without what libpq adds: that could quote the URL. */
static int report(PGconn *connection, const PGresult *result)
{
    const char *message = result != NULL ? PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY) : NULL;
    const char *state = result != NULL ? PQresultErrorField(result, PG_DIAG_SQLSTATE) : NULL;
    if (message == NULL)
        return error_set(ERROR_CONNECTION, "postgresql: the connection to %s broke", PQhost(connection));
    bool away = state != NULL && (strncmp(state, "08", 2) == 0 || strncmp(state, "57", 2) == 0);
    return error_set(away ? ERROR_CONNECTION : ERROR_STORE, "postgresql: %s", message);
}

/* Why there is no connection: libpq's message, on one line, with the password blotted out. */
static int refuse(PGconn *connection)
{
    char message[256];
    const char *password = PQpass(connection);
    (void)snprintf(message, sizeof message, "%s", PQerrorMessage(connection));
    size_t length = password != NULL ? strlen(password) : 0;
    for (char *found = message; length > 0 && (found = strstr(found, password)) != NULL; found += length)
        memset(found, '*', length);
    for (char *newline = message; (newline = strchr(newline, '\n')) != NULL;)
        *newline = newline[1] == '\0' ? '\0' : ' ';
    return error_set(ERROR_CONNECTION, "postgresql: %s", message);
}

/* What the server remarks by the way is of no use to anybody here. */
static void drop_notice(void *user, const char *message)
{
    (void)user;
    (void)message;
}

static int open_connection(void **state, const char *url)
{
    char *complaint = NULL; /* it may quote the password */
    PQconninfoOption *parsed = PQconninfoParse(url, &complaint);
    PQfreemem(complaint);
    if (parsed == NULL)
        return error_set(ERROR_ARGUMENT, "this is no URL of a PostgreSQL database; expected "
                                         "postgresql://USER:PASSWORD@HOST:PORT/DATABASE?sslmode=require");
    PQconninfoFree(parsed);
    static const char *const keywords[] = {"dbname", "connect_timeout", "application_name", NULL};
    const char *const values[] = {url, "10", "wick-audit", NULL};
    PGconn *connection = PQconnectdbParams(keywords, values, 1);
    if (connection == NULL)
        return error_set(ERROR_MEMORY, "no memory for a connection");
    if (PQstatus(connection) != CONNECTION_OK) {
        int code = refuse(connection);
        PQfinish(connection);
        return code;
    }
    (void)PQsetNoticeProcessor(connection, drop_notice, NULL);
    *state = connection;
    return 0;
}

static void close_connection(void *state)
{
    PQfinish(state);
}

static int send_statement(PGconn *connection, const char *sql, const struct cell *parameters, int count)
{
    char integers[AUDIT_PARAMETERS_MAX][INTEGER_TEXT_SIZE];
    const char *values[AUDIT_PARAMETERS_MAX];
    Oid types[AUDIT_PARAMETERS_MAX];
    assert(count <= AUDIT_PARAMETERS_MAX);
    for (int i = 0; i < count; i++) {
        (void)snprintf(integers[i], sizeof integers[i], "%lld", (long long)parameters[i].integer);
        values[i] = parameters[i].text != NULL ? parameters[i].text : integers[i];
        types[i] = parameters[i].text != NULL ? OID_TEXT : OID_INT8;
    }
    if (PQsendQueryParams(connection, sql, count, types, values, NULL, NULL, 1) != 1 ||
        PQsetSingleRowMode(connection) != 1)
        return report(connection, NULL);
    return 0;
}

static int64_t integer_of(const char *bytes, int length)
{
    uint16_t two;
    uint32_t four;
    uint64_t eight;
    switch (length) {
    case 1: /* boolean */
        return bytes[0];
    case sizeof two:
        memcpy(&two, bytes, sizeof two);
        return (int16_t)be16toh(two);
    case sizeof four:
        memcpy(&four, bytes, sizeof four);
        return (int32_t)be32toh(four);
    default:
        assert(length == sizeof eight);
        memcpy(&eight, bytes, sizeof eight);
        return (int64_t)be64toh(eight);
    }
}

static void read_row(const PGresult *result, struct audit_row *row)
{
    int columns = PQnfields(result);
    assert(columns <= AUDIT_COLUMNS_MAX);
    for (int i = 0; i < columns; i++) {
        Oid type = PQftype(result, i);
        bool is_integer = type == OID_INT8 || type == OID_INT4 || type == OID_INT2 || type == OID_BOOL;
        const char *bytes = PQgetvalue(result, 0, i);
        int length = PQgetlength(result, 0, i);
        row->is_null[i] = PQgetisnull(result, 0, i) == 1;
        row->cells[i] = (struct cell){0};
        if (row->is_null[i])
            continue;
        if (is_integer)
            row->cells[i].integer = integer_of(bytes, length);
        else
            row->cells[i] = (struct cell){.text = bytes, .length = (size_t)length};
    }
}

/* Makes the server stop sending what nobody wants any more. */
static void cancel(PGconn *connection)
{
    char complaint[256];
    PGcancel *handle = PQgetCancel(connection);
    if (handle == NULL)
        return;
    (void)PQcancel(handle, complaint, sizeof complaint); /* if it fails, the rest is read and dropped all the same */
    PQfreeCancel(handle);
}

static int take_result(PGconn *connection, PGresult *result, audit_row_fn fn, void *user, int64_t *changed)
{
    struct audit_row row;
    switch (PQresultStatus(result)) {
    case PGRES_SINGLE_TUPLE:
        if (fn == NULL)
            return 0;
        read_row(result, &row);
        return fn(user, &row);
    case PGRES_COMMAND_OK:
        if (changed != NULL)
            *changed = strtoll(PQcmdTuples(result), NULL, 10);
        return 0;
    case PGRES_TUPLES_OK: /* the end of the rows */
        return 0;
    default:
        return report(connection, result);
    }
}

static int run(void *state, const char *sql, const struct cell *parameters, int count, audit_row_fn fn, void *user,
               int64_t *changed)
{
    PGconn *connection = state;
    PGresult *result;
    int code = send_statement(connection, sql, parameters, count);
    while ((result = PQgetResult(connection)) != NULL) {
        if (code == 0) {
            code = take_result(connection, result, fn, user, changed);
            if (code != 0 && PQresultStatus(result) == PGRES_SINGLE_TUPLE)
                cancel(connection);
        }
        PQclear(result);
    }
    return code;
}

const struct audit_engine postgresql_audit = {
    .scheme = "postgresql",
    .other_scheme = "postgres",
    .begin_reading = "BEGIN ISOLATION LEVEL REPEATABLE READ",
    .has_key_sql = "SELECT 1 FROM pg_index WHERE indrelid = 'candles'::regclass AND indisunique AND indisvalid AND"
                   " (SELECT array_agg(attname::text ORDER BY attname) FROM pg_attribute"
                   "  WHERE attrelid = indrelid AND attnum = ANY (indkey)) = '{open_time_ms,series_id}'",
    .damage_sql = NULL,
    .open = open_connection,
    .close = close_connection,
    .run = run,
};
