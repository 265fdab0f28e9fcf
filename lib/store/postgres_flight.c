/* PostgreSQL: sending statements together, and sorting out what comes back. */
/* SPDX-License-Identifier: MIT */
#include "lib/store/postgres.h"

#include "lib/base/clock.h"

#include <assert.h>
#include <endian.h>
#include <stdio.h>
#include <string.h>

/* ---- sending ---- */

int postgres_send(struct postgres_session *session, const char *sql)
{
    struct postgres_parameters *parameters = &session->parameters;
    const char *values[POSTGRES_PARAMETERS_MAX];
    int formats[POSTGRES_PARAMETERS_MAX];
    if (parameters->code != 0)
        return parameters->code;
    for (int i = 0; i < parameters->count; i++) {
        values[i] = parameters_value(parameters, i);
        formats[i] = 1;
    }
    int sent = PQsendQueryParams(session->connection, sql, parameters->count, parameters->types, values,
                                 parameters->lengths, formats, 1);
    parameters_clear(parameters);
    return sent == 1 ? 0 : postgres_error(session, "send a statement");
}

/* How long what is asked of a server may wait for a lock, and take, before the server itself gives it up; and how long
 * it may keep silent before we do. */
static const struct {
    const char *lock_timeout, *statement_timeout; /* as PostgreSQL writes them */
    int64_t silence_ms;
} limits[] = {
    [STORE_WRITE] = {POSTGRES_WRITE_LOCK, POSTGRES_WRITE_TIME, 70000},
    [STORE_LEASE] = {"1s", "2s", 4000},
    [STORE_QUERY] = {"5s", "30s", 40000},
    [STORE_UPKEEP] = {"1s", "60s", 70000},
};

int64_t postgres_silence_ms(const struct postgres_session *session)
{
    if (session->pinging)
        return POSTGRES_PING_MS;
    if (session->work != NULL)
        return limits[session->work->kind].silence_ms;
    return session->migrating ? POSTGRES_MIGRATE_MS : POSTGRES_CONNECT_MS;
}

/* As SET LOCAL does it, but with parameters and without a warning that the transaction is implicit. */
int postgres_send_limits(struct postgres_session *session)
{
    enum store_work kind = session->work->kind;
    parameters_add_text(&session->parameters, limits[kind].lock_timeout);
    parameters_add_text(&session->parameters, limits[kind].statement_timeout);
    session->leading = 1;
    return postgres_send(session, "SELECT set_config('lock_timeout', $1, true),"
                                  " set_config('statement_timeout', $2, true)");
}

static void take_off(struct postgres_session *session, int code, postgres_result_fn on_result, postgres_end_fn on_end)
{
    assert(!session->flying);
    if (code != 0) {
        postgres_lost(session);
        return;
    }
    session->flying = true;
    session->flight_code = 0;
    session->flight_lost = false;
    session->on_result = on_result;
    session->on_end = on_end;
    session->deadline_ms = clock_monotonic_ms() + postgres_silence_ms(session);
    int unsent = PQflush(session->connection); /* a failure shows again when the answer is read */
    session->unflushed = unsent == 1;
}

void postgres_fly(struct postgres_session *session, int code, postgres_result_fn on_result, postgres_end_fn on_end)
{
    bool piped = PQpipelineStatus(session->connection) != PQ_PIPELINE_OFF;
    if (code == 0 && piped && PQpipelineSync(session->connection) != 1)
        code = postgres_error(session, "send a flight");
    take_off(session, code, on_result, on_end);
}

void postgres_fly_text(struct postgres_session *session, const char *sql, postgres_result_fn on_result,
                       postgres_end_fn on_end)
{
    int code = 0;
    if (PQsendQuery(session->connection, sql) != 1)
        code = postgres_error(session, "send SQL");
    take_off(session, code, on_result, on_end);
}

/* ---- errors ---- */

/* What an SQLSTATE that begins so means. All others may pass, as may a full disk or a lock: the same work can be handed
 * over again. */
static const struct sqlstate_row {
    const char *prefix;
    int code;
    bool lost; /* the connection is of no use any more, or leads to a server that does not take writes */
} sqlstates[] = {
    {"WK001", ERROR_DENIED, false}, /* our own, from require_generation() */
    {"23505", ERROR_EXISTS, false}, /* unique violation; only COPY can meet one */
    {"21", ERROR_STORE, false},     /* cardinality violation */
    {"22", ERROR_STORE, false},     /* data exception */
    {"23", ERROR_STORE, false},     /* constraint violation */
    {"08", ERROR_CONNECTION, true}, /* connection exception */
    {"25006", ERROR_CONNECTION, true}, /* read-only transaction: the server is a replica now */
    {"53300", ERROR_CONNECTION, true}, /* too many connections */
    {"57P", ERROR_CONNECTION, true},   /* the server shuts down or starts */
    {"", ERROR_CONNECTION, false},
};

static const struct sqlstate_row *meaning_of(const char *sqlstate)
{
    const struct sqlstate_row *row = sqlstates;
    while (strncmp(sqlstate, row->prefix, strlen(row->prefix)) != 0)
        row++;
    return row;
}

/* The code of a failed result, with the server's message, which says nothing of passwords, in the chain. */
static int result_error(struct postgres_session *session, const PGresult *result)
{
    const char *sqlstate = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    const char *message = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
    session->flight_lost = message == NULL || sqlstate == NULL || meaning_of(sqlstate)->lost;
    if (message == NULL || sqlstate == NULL)
        return postgres_error(session, "read an answer");
    if (strcmp(sqlstate, "23514") == 0 && PQresultErrorField(result, PG_DIAG_CONSTRAINT_NAME) == NULL) {
        session->pool->month_count = 0; /* no rule is broken: somebody has dropped the partition */
        return error_set(ERROR_CONNECTION, "%s (SQLSTATE %s)", message, sqlstate);
    }
    return error_set(meaning_of(sqlstate)->code, "%s (SQLSTATE %s)", message, sqlstate);
}

void postgres_fail_flight(struct postgres_session *session, int code)
{
    if (session->flight_code != 0)
        return;
    session->flight_code = code;
    (void)snprintf(session->flight_message, sizeof session->flight_message, "%s", error_message());
}

/* ---- receiving ---- */

static void land(struct postgres_session *session)
{
    int code = session->flight_code;
    session->flying = false;
    session->leading = 0;
    if (code != 0)
        code = error_set(code, "%s", session->flight_message);
    if (code == ERROR_CONNECTION && session->flight_lost)
        postgres_lost(session);
    else
        session->on_end(session, code);
}

static void take_good_result(struct postgres_session *session, PGresult *result)
{
    if (session->flight_code != 0 || session->leading > 0) {
        session->leading -= session->leading > 0;
        PQclear(result);
        return;
    }
    int code = session->on_result(session, result);
    if (code != 0)
        postgres_fail_flight(session, code);
}

static void take_error(struct postgres_session *session, PGresult *result)
{
    if (session->flight_code == 0)
        postgres_fail_flight(session, result_error(session, result));
    PQclear(result);
}

static void take_copy(struct postgres_session *session)
{
    int code = postgres_put_copy(session);
    if (code == 0)
        return;
    session->flight_lost = true;
    postgres_fail_flight(session, code);
}

/* One result; NULL ends what one statement has sent. False when the flight is over. */
static bool take_result(struct postgres_session *session, PGresult *result)
{
    bool piped = PQpipelineStatus(session->connection) != PQ_PIPELINE_OFF;
    if (result == NULL)
        return piped;
    switch (PQresultStatus(result)) {
    case PGRES_PIPELINE_SYNC:
        PQclear(result);
        return false;
    case PGRES_TUPLES_OK:
    case PGRES_COMMAND_OK:
        take_good_result(session, result);
        return true;
    case PGRES_COPY_IN:
        PQclear(result);
        take_copy(session);
        return PQstatus(session->connection) == CONNECTION_OK;
    case PGRES_PIPELINE_ABORTED:
        PQclear(result);
        return true;
    default:
        take_error(session, result);
        return PQstatus(session->connection) == CONNECTION_OK;
    }
}

static void receive(struct postgres_session *session)
{
    while (session->flying && session->rows == NULL && PQisBusy(session->connection) == 0) {
        session->deadline_ms = clock_monotonic_ms() + postgres_silence_ms(session);
        if (!take_result(session, PQgetResult(session->connection)))
            land(session);
    }
}

void postgres_exchange(struct postgres_session *session)
{
    int unsent = PQflush(session->connection);
    int received = PQconsumeInput(session->connection);
    session->unflushed = unsent == 1;
    if (session->flying)
        receive(session); /* also after a failure: the server may have said why */
    if (session->connection == NULL || (received == 1 && unsent >= 0 && PQstatus(session->connection) == CONNECTION_OK))
        return;
    int code = postgres_error(session, "exchange");
    (void)code;
    postgres_lost(session);
}

/* ---- results ---- */

int postgres_ignore(struct postgres_session *session, PGresult *result)
{
    (void)session;
    PQclear(result);
    return 0;
}

int64_t postgres_integer(const PGresult *result, int row, int column)
{
    const char *bytes = PQgetvalue(result, row, column);
    uint16_t two;
    uint32_t four;
    uint64_t eight;
    switch (PQgetlength(result, row, column)) {
    case 1: /* boolean */
        return bytes[0];
    case sizeof two:
        memcpy(&two, bytes, sizeof two);
        return (int16_t)be16toh(two);
    case sizeof four:
        memcpy(&four, bytes, sizeof four);
        return (int32_t)be32toh(four);
    default:
        assert(PQgetlength(result, row, column) == sizeof eight);
        memcpy(&eight, bytes, sizeof eight);
        return (int64_t)be64toh(eight);
    }
}

struct cell postgres_cell(const PGresult *result, int row, int column, const struct field_row *field)
{
    if (field_is_text(field))
        return (struct cell){.text = PQgetvalue(result, row, column),
                             .length = (size_t)PQgetlength(result, row, column)};
    return (struct cell){.integer = postgres_integer(result, row, column)};
}
