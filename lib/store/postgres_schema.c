/* PostgreSQL: from a new connection to one that may be worked with. All migrations are one transaction; of two
 * processes that start at once, one waits for the other's. */
/* SPDX-License-Identifier: MIT */
#include "lib/store/postgres.h"

#include "lib/store/engines.h"
#include "lib/store/migration.h"

#include <assert.h>
#include <string.h>

/* The number of the lock is arbitrary; the lock ends with the transaction, so it works through a pooler. */
static const char begin_sql[] =
    "BEGIN;"
    " SELECT pg_advisory_xact_lock(5640187711482037);"
    " CREATE TABLE IF NOT EXISTS schema_migrations ("
    "  version integer PRIMARY KEY, name text NOT NULL, applied_ms bigint NOT NULL);"
    " SELECT coalesce(max(version), 0) AS schema_version FROM schema_migrations";
static const char note_migration_sql[] =
    "INSERT INTO schema_migrations (version, name, applied_ms)"
    " VALUES ($1, $2, (extract(epoch FROM now()) * 1000)::bigint)";
static const char load_series_sql[] = "SELECT id, exchange, symbol, interval_s FROM series ORDER BY id";

/* ---- series ---- */

int postgres_send_load_series(struct postgres_session *session)
{
    return postgres_send(session, load_series_sql);
}

static int read_series(const PGresult *result, int row, struct series_entry *out)
{
    *out = (struct series_entry){
        .id = (int32_t)postgres_integer(result, row, 0),
        .interval_s = (uint32_t)postgres_integer(result, row, 3),
    };
    int code = text_copy(out->exchange, sizeof out->exchange, PQgetvalue(result, row, 1),
                         (size_t)PQgetlength(result, row, 1));
    if (code == 0)
        code = text_copy(out->symbol, sizeof out->symbol, PQgetvalue(result, row, 2),
                         (size_t)PQgetlength(result, row, 2));
    return code != 0 ? error_set(ERROR_CONNECTION, "the name of a series is too long") : 0;
}

int postgres_take_series(struct postgres_session *session, PGresult *result)
{
    int code = 0;
    for (int row = 0; row < PQntuples(result) && code == 0; row++) {
        struct series_entry entry;
        code = read_series(result, row, &entry);
        if (code == 0)
            code = series_map_put(&session->pool->series, &entry);
    }
    PQclear(result);
    return code == 0 ? 0 : ERROR_CONNECTION;
}

static void on_series_loaded(struct postgres_session *session, int code)
{
    if (code != 0)
        postgres_lost(session);
    else
        postgres_enter(session, POSTGRES_READY);
}

/* ---- migrations ---- */

static void forget_database(struct postgres *pool)
{
    series_map_clear(&pool->series);
    pool->month_count = 0;
}

static void on_committed(struct postgres_session *session, int code)
{
    if (code == 0 && PQenterPipelineMode(session->connection) != 1)
        code = postgres_error(session, "enter pipeline mode");
    if (code == 0)
        code = postgres_send_load_series(session);
    if (postgres_usable(session->pool) == 0) /* it may be another database, with other ids */
        forget_database(session->pool);
    if (code != 0)
        postgres_lost(session);
    else
        postgres_fly(session, 0, postgres_take_series, on_series_loaded);
}

static void apply_next(struct postgres_session *session, int code);

static void note_migration(struct postgres_session *session, int code)
{
    const struct migration *applied = migration_find(postgresql_store.scheme, session->schema_version + 1);
    if (code != 0) {
        postgres_lost(session);
        return;
    }
    assert(applied != NULL);
    session->schema_version++;
    parameters_add_integer(&session->parameters, applied->version);
    parameters_add_text(&session->parameters, applied->name);
    code = postgres_send(session, note_migration_sql);
    postgres_fly(session, code, postgres_ignore, apply_next);
}

/* Applies the migration that follows, or commits when there is none. */
static void apply_next(struct postgres_session *session, int code)
{
    if (code == 0)
        code = migration_check(postgresql_store.scheme, session->schema_version);
    if (code != 0) {
        postgres_lost(session);
        return;
    }
    const struct migration *next = migration_find(postgresql_store.scheme, session->schema_version + 1);
    session->migrating = next != NULL;
    if (next != NULL)
        postgres_fly_text(session, next->sql, postgres_ignore, note_migration);
    else
        postgres_fly_text(session, "COMMIT", postgres_ignore, on_committed);
}

/* The results of begin_sql are in text; the last is the version. */
static int take_version(struct postgres_session *session, PGresult *result)
{
    int column = PQfnumber(result, "schema_version");
    struct decimal version;
    int code = 0;
    if (column >= 0 && PQntuples(result) == 1) {
        code = decimal_parse(PQgetvalue(result, 0, column), (size_t)PQgetlength(result, 0, column), &version);
        session->schema_version = code == 0 ? (int)version.mantissa : 0;
    }
    PQclear(result);
    return code == 0 ? 0 : ERROR_CONNECTION;
}

void postgres_prepare(struct postgres_session *session)
{
    postgres_enter(session, POSTGRES_PREPARING);
    if (PQsetnonblocking(session->connection, 1) != 0) {
        int code = postgres_error(session, "set the connection non-blocking");
        (void)code;
        postgres_lost(session);
        return;
    }
    if (postgres_usable(session->pool) == 0)
        postgres_fly_text(session, begin_sql, take_version, apply_next);
    else
        on_committed(session, 0); /* another session has seen to the schema */
}
