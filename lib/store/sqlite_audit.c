/* The audit's engine for SQLite. Another program may write at the same time: its locks are waited for. */
/* SPDX-License-Identifier: MIT */
#include "lib/store/audit_engine.h"

#include <assert.h>
#include <ctype.h>
#include <limits.h>
#include <sqlite3.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BUSY_MS = 30000 };

static int report(sqlite3 *database)
{
    int reported = sqlite3_errcode(database) & 0xff;
    bool rows = reported == SQLITE_CONSTRAINT || reported == SQLITE_MISMATCH || reported == SQLITE_ERROR;
    return error_set(rows ? ERROR_STORE : ERROR_CONNECTION, "sqlite: %s", sqlite3_errmsg(database));
}

/* Whether SQLite cannot work beside a file only because nothing can be written there, and nobody else can write to it. */
static bool is_read_only(const char *path)
{
    char folder[PATH_MAX], log[PATH_MAX + sizeof "-wal"];
    struct stat status;
    if (realpath(path, folder) == NULL)
        return false;
    (void)snprintf(log, sizeof log, "%s-wal", folder);
    char *slash = strrchr(folder, '/');
    slash[slash == folder] = '\0';
    return access(folder, W_OK) != 0 && (stat(log, &status) != 0 || status.st_size == 0);
}

/* The file as it lies there, without locks and without the files that a write-ahead log needs beside it. */
static int open_immutable(const char *path, sqlite3 **database)
{
    char real[PATH_MAX], uri[3 * PATH_MAX + 32] = "file:";
    size_t used = strlen(uri);
    if (realpath(path, real) == NULL)
        return SQLITE_CANTOPEN;
    for (const char *at = real; *at != '\0'; at++) {
        bool plain = isalnum((unsigned char)*at) || strchr("/._-", *at) != NULL;
        used += (size_t)snprintf(uri + used, sizeof uri - used, plain ? "%c" : "%%%02X", (unsigned char)*at);
    }
    (void)snprintf(uri + used, sizeof uri - used, "?immutable=1");
    return sqlite3_open_v2(uri, database, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI | SQLITE_OPEN_NOMUTEX, NULL);
}

/* Opens a file so that it can be read, and written where that is possible at all. */
static int open_readable(const char *path, sqlite3 **database)
{
    static const char try_sql[] = "PRAGMA cell_size_check = ON; SELECT count(*) FROM sqlite_master";
    int opened = sqlite3_open_v2(path, database, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
    (void)sqlite3_busy_timeout(*database, BUSY_MS);
    if (opened == SQLITE_OK)
        opened = sqlite3_exec(*database, try_sql, NULL, NULL, NULL);
    if (opened == SQLITE_OK || !is_read_only(path))
        return opened;
    (void)sqlite3_close(*database);
    *database = NULL;
    opened = open_immutable(path, database);
    return opened == SQLITE_OK ? sqlite3_exec(*database, try_sql, NULL, NULL, NULL) : opened;
}

static int open_file(void **state, const char *url)
{
    const char *path = strchr(url, ':') + 1;
    if (*path == '\0')
        return error_set(ERROR_ARGUMENT, "the URL sqlite: lacks a path; expected sqlite:PATH, as in sqlite:wick.db");
    if (access(path, F_OK) != 0)
        return error_set(ERROR_MISSING, "there is no database %s", path);
    sqlite3 *database = NULL;
    if (open_readable(path, &database) != SQLITE_OK) {
        int code = error_context(report(database), "open %s", path);
        (void)sqlite3_close(database);
        return code;
    }
    *state = database;
    return 0;
}

static void close_file(void *state)
{
    if (sqlite3_close(state) != SQLITE_OK)
        assert(false && "a statement of the audit was not finalised");
}

static void bind(sqlite3_stmt *statement, const struct cell *parameters, int count)
{
    char name[16];
    for (int i = 0; i < count; i++) {
        (void)snprintf(name, sizeof name, "$%d", i + 1);
        int place = sqlite3_bind_parameter_index(statement, name);
        if (parameters[i].text != NULL)
            (void)sqlite3_bind_text(statement, place, parameters[i].text, (int)parameters[i].length, SQLITE_STATIC);
        else
            (void)sqlite3_bind_int64(statement, place, parameters[i].integer);
    }
}

static void read_row(sqlite3_stmt *statement, struct audit_row *row)
{
    int columns = sqlite3_column_count(statement);
    for (int i = 0; i < columns; i++) {
        row->is_null[i] = false;
        row->cells[i] = (struct cell){0};
        switch (sqlite3_column_type(statement, i)) {
        case SQLITE_INTEGER:
            row->cells[i].integer = sqlite3_column_int64(statement, i);
            break;
        case SQLITE_NULL:
            row->is_null[i] = true;
            break;
        default:
            row->cells[i].text = (const char *)sqlite3_column_text(statement, i);
            row->cells[i].length = (size_t)sqlite3_column_bytes(statement, i);
        }
    }
}

static int run(void *state, const char *sql, const struct cell *parameters, int count, audit_row_fn fn, void *user,
               int64_t *changed)
{
    sqlite3 *database = state;
    sqlite3_stmt *statement = NULL;
    struct audit_row row;
    if (sqlite3_prepare_v2(database, sql, -1, &statement, NULL) != SQLITE_OK)
        return report(database);
    assert(sqlite3_column_count(statement) <= AUDIT_COLUMNS_MAX);
    bind(statement, parameters, count);
    int code = 0, stepped;
    while ((stepped = sqlite3_step(statement)) == SQLITE_ROW && code == 0) {
        if (fn == NULL)
            continue;
        read_row(statement, &row);
        code = fn(user, &row);
        if (code != 0)
            break;
    }
    if (code == 0 && stepped != SQLITE_DONE)
        code = report(database);
    if (changed != NULL)
        *changed = sqlite3_changes64(database);
    (void)sqlite3_finalize(statement);
    return code;
}

const struct audit_engine sqlite_audit = {
    .scheme = "sqlite",
    .begin_reading = "BEGIN",
    .has_key_sql = "SELECT 1 FROM pragma_index_list('candles') AS list WHERE list.\"unique\" AND ("
                   " SELECT group_concat(name) FROM (SELECT name FROM pragma_index_info(list.name) ORDER BY seqno))"
                   " = 'series_id,open_time_ms'",
    .damage_sql = "SELECT quick_check FROM pragma_quick_check(100) WHERE quick_check <> 'ok'",
    .open = open_file,
    .close = close_file,
    .run = run,
};
