/* PostgreSQL: sending statements together, and sorting out what comes back. */
/* SPDX-License-Identifier: MIT */
#include "lib/store/postgres.h"

#include "lib/base/clock.h"

#include <assert.h>
#include <endian.h>
#include <stdio.h>
#include <string.h>

/* ---- sending ---- */

int postgres_send(struct postgres *postgres, const char *sql)
{
    struct postgres_parameters *parameters = &postgres->parameters;
    const char *values[POSTGRES_PARAMETERS_MAX];
    int formats[POSTGRES_PARAMETERS_MAX];
    if (parameters->code != 0)
        return parameters->code;
    for (int i = 0; i < parameters->count; i++) {
        values[i] = parameters_value(parameters, i);
        formats[i] = 1;
    }
    int sent = PQsendQueryParams(postgres->connection, sql, parameters->count, parameters->types, values,
                                 parameters->lengths, formats, 1);
    parameters_clear(parameters);
    return sent == 1 ? 0 : postgres_error(postgres, "send a statement");
}

static void take_off(struct postgres *postgres, int code, postgres_result_fn on_result, postgres_end_fn on_end)
{
    assert(!postgres->flying);
    if (code != 0) {
        postgres_lost(postgres);
        return;
    }
    postgres->flying = true;
    postgres->flight_code = 0;
    postgres->on_result = on_result;
    postgres->on_end = on_end;
    postgres->deadline_ms = clock_monotonic_ms() + POSTGRES_TIMEOUT_MS;
    int unsent = PQflush(postgres->connection); /* a failure shows again when the answer is read */
    postgres->unflushed = unsent == 1;
}

void postgres_fly(struct postgres *postgres, int code, postgres_result_fn on_result, postgres_end_fn on_end)
{
    bool piped = PQpipelineStatus(postgres->connection) != PQ_PIPELINE_OFF;
    if (code == 0 && piped && PQpipelineSync(postgres->connection) != 1)
        code = postgres_error(postgres, "send a flight");
    take_off(postgres, code, on_result, on_end);
}

void postgres_fly_text(struct postgres *postgres, const char *sql, postgres_result_fn on_result,
                       postgres_end_fn on_end)
{
    int code = 0;
    if (PQsendQuery(postgres->connection, sql) != 1)
        code = postgres_error(postgres, "send SQL");
    take_off(postgres, code, on_result, on_end);
}

/* ---- errors ---- */

/* What an SQLSTATE that begins so means for the work. All others may pass: the connection is given up, and the same
 * work handed over again. */
static const struct {
    const char *prefix;
    int code;
} sqlstates[] = {
    {"WK001", ERROR_DENIED}, /* our own, from require_generation() */
    {"21", ERROR_STORE},     /* cardinality violation */
    {"22", ERROR_STORE},     /* data exception */
    {"23", ERROR_STORE},     /* constraint violation */
};

static int code_of(const char *sqlstate)
{
    for (size_t i = 0; sqlstate != NULL && i < sizeof sqlstates / sizeof sqlstates[0]; i++)
        if (strncmp(sqlstate, sqlstates[i].prefix, strlen(sqlstates[i].prefix)) == 0)
            return sqlstates[i].code;
    return ERROR_CONNECTION;
}

/* The code of a failed result, with the server's message, which says nothing of passwords, in the chain. */
static int result_error(struct postgres *postgres, const PGresult *result)
{
    const char *sqlstate = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    const char *message = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
    if (message == NULL)
        return postgres_error(postgres, "read an answer");
    return error_set(code_of(sqlstate), "%s (SQLSTATE %s)", message, sqlstate != NULL ? sqlstate : "unknown");
}

void postgres_fail_flight(struct postgres *postgres, int code)
{
    if (postgres->flight_code != 0)
        return;
    postgres->flight_code = code;
    (void)snprintf(postgres->flight_message, sizeof postgres->flight_message, "%s", error_message());
}

/* ---- receiving ---- */

static void land(struct postgres *postgres)
{
    int code = postgres->flight_code;
    postgres->flying = false;
    if (code != 0)
        code = error_set(code, "%s", postgres->flight_message);
    if (code == ERROR_CONNECTION)
        postgres_lost(postgres);
    else
        postgres->on_end(postgres, code);
}

static void take_good_result(struct postgres *postgres, PGresult *result)
{
    if (postgres->flight_code != 0) {
        PQclear(result);
        return;
    }
    int code = postgres->on_result(postgres, result);
    if (code != 0)
        postgres_fail_flight(postgres, code);
}

/* One result; NULL ends what one statement has sent. False when the flight is over. */
static bool take_result(struct postgres *postgres, PGresult *result)
{
    bool piped = PQpipelineStatus(postgres->connection) != PQ_PIPELINE_OFF;
    if (result == NULL)
        return piped;
    switch (PQresultStatus(result)) {
    case PGRES_PIPELINE_SYNC:
        PQclear(result);
        return false;
    case PGRES_TUPLES_OK:
    case PGRES_COMMAND_OK:
        take_good_result(postgres, result);
        return true;
    case PGRES_PIPELINE_ABORTED:
        PQclear(result);
        return true;
    default:
        postgres_fail_flight(postgres, result_error(postgres, result));
        PQclear(result);
        return PQstatus(postgres->connection) == CONNECTION_OK;
    }
}

static void receive(struct postgres *postgres)
{
    while (postgres->flying && postgres->rows == NULL && PQisBusy(postgres->connection) == 0) {
        postgres->deadline_ms = clock_monotonic_ms() + POSTGRES_TIMEOUT_MS;
        if (!take_result(postgres, PQgetResult(postgres->connection)))
            land(postgres);
    }
}

void postgres_exchange(struct postgres *postgres)
{
    int unsent = PQflush(postgres->connection);
    int received = PQconsumeInput(postgres->connection);
    postgres->unflushed = unsent == 1;
    if (postgres->flying)
        receive(postgres); /* also after a failure: the server may have said why */
    if (postgres->connection == NULL || (received == 1 && unsent >= 0 && PQstatus(postgres->connection) == CONNECTION_OK))
        return;
    int code = postgres_error(postgres, "exchange");
    (void)code;
    postgres_lost(postgres);
}

/* ---- results ---- */

int postgres_ignore(struct postgres *postgres, PGresult *result)
{
    (void)postgres;
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
