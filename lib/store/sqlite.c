/* SQLite: one file, write-ahead log. Opening, the schema, statements, errors, and the row of the engine. */
/* SPDX-License-Identifier: MIT */
#include "lib/store/sqlite.h"

#include "lib/base/clock.h"
#include "lib/store/engines.h"
#include "lib/store/migration.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* ---- errors ---- */

/* Whether the rows of a batch are to blame, and not the state of the file, the disk or its locks. */
static bool rows_are_to_blame(int reported)
{
    switch (reported & 0xff) {
    case SQLITE_CONSTRAINT:
    case SQLITE_MISMATCH:
    case SQLITE_TOOBIG:
        return true;
    default:
        return false;
    }
}

int sqlite_error(struct sqlite *sqlite, const char *doing)
{
    int reported = sqlite3_errcode(sqlite->database);
    int cause = sqlite3_system_errno(sqlite->database);
    bool told_more = cause != 0 && ((reported & 0xff) == SQLITE_CANTOPEN || (reported & 0xff) == SQLITE_IOERR);
    return error_set(rows_are_to_blame(reported) ? ERROR_STORE : ERROR_CONNECTION, "%s: %s%s%s", doing,
                     sqlite3_errmsg(sqlite->database), told_more ? ": " : "", told_more ? strerror(cause) : "");
}

/* ---- statements ---- */

int sqlite_run(struct sqlite *sqlite, const char *sql)
{
    if (sqlite3_exec(sqlite->database, sql, NULL, NULL, NULL) != SQLITE_OK)
        return sqlite_error(sqlite, "run SQL");
    return 0;
}

int sqlite_prepare(struct sqlite *sqlite, const char *sql, sqlite3_stmt **out)
{
    for (int i = 0; i < SQLITE_STATEMENTS_MAX; i++) {
        struct sqlite_statement *statement = &sqlite->statements[i];
        if (statement->sql == sql) {
            *out = statement->handle;
            return 0;
        }
        if (statement->sql != NULL)
            continue;
        if (sqlite3_prepare_v3(sqlite->database, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement->handle, NULL) !=
            SQLITE_OK)
            return sqlite_error(sqlite, "prepare a statement");
        statement->sql = sql;
        *out = statement->handle;
        return 0;
    }
    assert(false && "SQLITE_STATEMENTS_MAX is too small");
    return ERROR_FULL;
}

int sqlite_finish(struct sqlite *sqlite, sqlite3_stmt *statement)
{
    int stepped = sqlite3_step(statement);
    int code = stepped == SQLITE_DONE || stepped == SQLITE_ROW ? 0 : sqlite_error(sqlite, "write a row");
    sqlite->changed += code == 0 ? (uint64_t)sqlite3_changes64(sqlite->database) : 0; /* without those of triggers */
    (void)sqlite3_reset(statement); /* repeats the error of the step */
    return code;
}

int sqlite_begin(struct sqlite *sqlite)
{
    return sqlite_run(sqlite, "BEGIN IMMEDIATE");
}

int sqlite_end(struct sqlite *sqlite, int code)
{
    if (code == 0)
        code = sqlite_run(sqlite, "COMMIT");
    if (code != 0 && sqlite3_get_autocommit(sqlite->database) == 0)
        (void)sqlite3_exec(sqlite->database, "ROLLBACK", NULL, NULL, NULL); /* what failed first is what is reported */
    return code;
}

/* ---- the schema ---- */

static const char make_list_sql[] =
    "CREATE TABLE IF NOT EXISTS schema_migrations ("
    " version INTEGER PRIMARY KEY, name TEXT NOT NULL, applied_ms INTEGER NOT NULL)";
static const char schema_version_sql[] = "SELECT coalesce(max(version), 0) FROM schema_migrations";
static const char note_migration_sql[] =
    "INSERT INTO schema_migrations (version, name, applied_ms)"
    " VALUES (?1, ?2, CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER))";

static int schema_version(struct sqlite *sqlite, int *version)
{
    sqlite3_stmt *statement;
    int code = sqlite_prepare(sqlite, schema_version_sql, &statement);
    if (code != 0)
        return code;
    int stepped = sqlite3_step(statement);
    if (stepped == SQLITE_ROW)
        *version = sqlite3_column_int(statement, 0);
    else
        code = sqlite_error(sqlite, "read the version of the schema");
    (void)sqlite3_reset(statement);
    return code;
}

static int apply_migration(struct sqlite *sqlite, const struct migration *migration)
{
    sqlite3_stmt *note;
    int code = sqlite_run(sqlite, migration->sql);
    if (code == 0)
        code = sqlite_prepare(sqlite, note_migration_sql, &note);
    if (code != 0)
        return error_context(code, "migration %d (%s)", migration->version, migration->name);
    (void)sqlite3_bind_int(note, 1, migration->version);
    (void)sqlite3_bind_text(note, 2, migration->name, -1, SQLITE_STATIC);
    return sqlite_finish(sqlite, note);
}

static int migrate(struct sqlite *sqlite)
{
    int version = 0;
    int code = sqlite_begin(sqlite); /* of two that start at once, one waits here */
    if (code != 0)
        return code;
    code = sqlite_run(sqlite, make_list_sql);
    if (code == 0)
        code = schema_version(sqlite, &version);
    if (code == 0)
        code = migration_check(sqlite_store.scheme, version);
    const struct migration *next;
    while (code == 0 && (next = migration_find(sqlite_store.scheme, ++version)) != NULL)
        code = apply_migration(sqlite, next);
    return sqlite_end(sqlite, code);
}

/* ---- opening and closing ---- */

/* Finalises the statements and closes the file. */
static void shut(struct sqlite *sqlite)
{
    for (int i = 0; i < SQLITE_STATEMENTS_MAX; i++)
        (void)sqlite3_finalize(sqlite->statements[i].handle);
    memset(sqlite->statements, 0, sizeof sqlite->statements);
    if (sqlite3_close(sqlite->database) != SQLITE_OK)
        assert(false && "a statement of the database was not finalised");
    sqlite->database = NULL;
    sqlite->flushes_commits = false;
}

/* Closes the file and says why in the store's text; it is opened again after a pause. */
static void go_away(struct sqlite *sqlite)
{
    sqlite->store->is_held = (sqlite3_errcode(sqlite->database) & 0xff) == SQLITE_BUSY;
    shut(sqlite);
    sqlite->retry_ms = clock_monotonic_ms() + backoff_next(&sqlite->backoff);
    (void)snprintf(sqlite->store->text, sizeof sqlite->store->text, "sqlite %.100s: %.140s", sqlite->path,
                   error_message());
}

static int prepare_database(struct sqlite *sqlite)
{
    (void)sqlite3_busy_timeout(sqlite->database, SQLITE_BUSY_MS);
    (void)sqlite3_db_config(sqlite->database, SQLITE_DBCONFIG_DEFENSIVE, 1, (int *)NULL);
    (void)sqlite3_db_config(sqlite->database, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, (int *)NULL);
    int code = sqlite_run(sqlite, "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;"
                                  "PRAGMA cell_size_check = ON; PRAGMA temp_store = MEMORY;"
                                  "PRAGMA journal_size_limit = 67108864");
    if (code == 0)
        code = migrate(sqlite);
    if (code == 0)
        code = sqlite_load_series(sqlite);
    sqlite_watch_log(sqlite);
    return code;
}

/* SQLite says of a place that cannot be written to that a file is missing there, its log for one. Returns the code, with
 * the true cause where that is it. */
static int explain(const struct sqlite *sqlite, int code)
{
    char folder[sizeof sqlite->path];
    memcpy(folder, sqlite->path, sizeof folder);
    char *slash = strrchr(folder, '/');
    if (slash != NULL)
        slash[slash == folder] = '\0';
    const char *place = slash != NULL ? folder : ".";
    if (code != ERROR_CONNECTION || access(place, F_OK) != 0)
        return code;
    if (access(place, W_OK) != 0)
        return error_set(code, "its folder cannot be written to: %s", strerror(errno));
    if (access(sqlite->path, F_OK) == 0 && access(sqlite->path, W_OK) != 0)
        return error_set(code, "the file cannot be written to: %s", strerror(errno));
    return code;
}

static void try_to_open(struct sqlite *sqlite)
{
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
    int code = 0;
    if (sqlite3_open_v2(sqlite->path, &sqlite->database, flags, NULL) != SQLITE_OK)
        code = sqlite_error(sqlite, "open the file");
    if (code == 0)
        code = prepare_database(sqlite);
    code = explain(sqlite, code);
    if (code != 0)
        go_away(sqlite);
    else
        (void)snprintf(sqlite->store->text, sizeof sqlite->store->text, "sqlite %.200s", sqlite->path);
}

void sqlite_done(struct sqlite *sqlite, int code, struct store_result result, store_done_fn done, void *user)
{
    result.code = code;
    if (code != 0)
        (void)snprintf(result.message, sizeof result.message, "%.255s", error_message());
    if (code == ERROR_CONNECTION && sqlite->database != NULL)
        go_away(sqlite);
    done(user, &result);
}

/* ---- the row of the engine ---- */

static int open_store(struct store *store, const char *url, const struct store_settings *settings)
{
    struct sqlite *sqlite = store->state;
    sqlite->settings = *settings; /* those of the pool mean nothing here: there is one connection */
    const char *path = strchr(url, ':') + 1;
    if (*path == '\0')
        return error_set(ERROR_ARGUMENT, "the URL sqlite: lacks a path; expected sqlite:PATH, as in sqlite:wick.db");
    if (strlen(path) >= sizeof sqlite->path)
        return error_set(ERROR_ARGUMENT, "the path of the database is longer than %zu bytes", sizeof sqlite->path - 1);
    memcpy(sqlite->path, path, strlen(path) + 1);
    sqlite->store = store;
    try_to_open(sqlite);
    return 0;
}

static void close_store(struct store *store)
{
    struct sqlite *sqlite = store->state;
    shut(sqlite);
    series_map_release(&sqlite->series);
    candle_order_release(&sqlite->order);
}

static bool is_ready(const struct store *store)
{
    return ((const struct sqlite *)store->state)->database != NULL;
}

static bool is_idle(const struct store *store)
{
    return !((const struct sqlite *)store->state)->query.active;
}

static bool takes(const struct store *store, enum store_work work)
{
    (void)work; /* one thing at a time */
    return is_ready(store) && is_idle(store);
}

static void wait_for(const struct store *store, struct store_wait *out)
{
    const struct sqlite *sqlite = store->state;
    *out = (struct store_wait){.fd = -1, .deadline_ms = INT64_MAX};
    if (sqlite->query.active)
        out->deadline_ms = store->holds_answers ? INT64_MAX : 0; /* at once */
    else if (sqlite->database == NULL)
        out->deadline_ms = sqlite->retry_ms;
    else
        out->deadline_ms = sqlite_upkeep_ms(sqlite);
}

static void advance(struct store *store, int64_t now_ms)
{
    struct sqlite *sqlite = store->state;
    if (sqlite->query.active && !store->holds_answers)
        sqlite_query_advance(sqlite);
    else if (sqlite->database != NULL && !sqlite->query.active)
        sqlite_keep_up(sqlite, now_ms);
    else if (sqlite->database == NULL && now_ms >= sqlite->retry_ms)
        try_to_open(sqlite);
    store->pool.connections = sqlite->database != NULL;
    store->pool.used = sqlite->query.active;
}

const struct store_kind sqlite_store = {
    .scheme = "sqlite",
    .state_size = sizeof(struct sqlite),
    .open = open_store,
    .close = close_store,
    .ready = is_ready,
    .idle = is_idle,
    .takes = takes,
    .wait = wait_for,
    .advance = advance,
    .write = sqlite_write,
    .lease = sqlite_lease,
    .query = sqlite_query,
};
