/* SQLite: queries, a part at a time. */
/* SPDX-License-Identifier: MIT */
#include "lib/store/sqlite.h"

#include <assert.h>
#include <string.h>

static void bind_parameters(sqlite3_stmt *statement, const struct select_parameters *parameters)
{
    static const char *const names[SELECT_PARAMETERS] = {"$1", "$2", "$3", "$4", "$5", "$6", "$7", "$8", "$9"};
    for (int i = 0; i < SELECT_PARAMETERS; i++) {
        struct cell cell = select_parameter(parameters, i);
        int place = sqlite3_bind_parameter_index(statement, names[i]);
        if (place == 0)
            continue;
        if (cell.text != NULL)
            (void)sqlite3_bind_text(statement, place, cell.text, (int)cell.length, SQLITE_STATIC);
        else
            (void)sqlite3_bind_int64(statement, place, cell.integer);
    }
}

/* Begins the next statement of the query. *more is false if there is none. */
static int begin_statement(struct sqlite *sqlite, bool *more)
{
    struct sqlite_query *query = &sqlite->query;
    *more = select_place_next(&query->place, &sqlite->series, &query->query);
    if (!*more)
        return 0;
    query->parameters.series_id = query->place.series.id;
    int code = sqlite_prepare(sqlite, query->place.select->sql, &query->statement);
    if (code != 0)
        return code;
    assert((size_t)sqlite3_column_count(query->statement) == records[query->place.select->record].field_count);
    bind_parameters(query->statement, &query->parameters);
    return 0;
}

static void end_statement(struct sqlite_query *query)
{
    if (query->statement != NULL)
        (void)sqlite3_reset(query->statement);
    query->statement = NULL;
}

static int read_row(sqlite3_stmt *statement, const struct record_row *record, void *row)
{
    int code = 0;
    for (size_t i = 0; i < record->field_count && code == 0; i++) {
        struct cell cell = {0};
        if (field_is_text(&record->fields[i])) {
            cell.text = (const char *)sqlite3_column_text(statement, (int)i);
            cell.length = (size_t)sqlite3_column_bytes(statement, (int)i);
        } else {
            cell.integer = sqlite3_column_int64(statement, (int)i);
        }
        code = row_set(&record->fields[i], row, cell);
    }
    return code;
}

/* Fills the buffer from the statement until it is full or the statement ends. */
static int read_rows(struct sqlite *sqlite)
{
    struct sqlite_query *query = &sqlite->query;
    const struct record_row *record = &records[query->place.select->record];
    while (sqlite->buffer.count < STORE_PART_ROWS) {
        int stepped = sqlite3_step(query->statement);
        if (stepped == SQLITE_DONE) {
            end_statement(query);
            return 0;
        }
        if (stepped != SQLITE_ROW)
            return sqlite_error(sqlite, query->place.select->name);
        int code = read_row(query->statement, record, part_buffer_next(&sqlite->buffer, record->size));
        if (code != 0)
            return code;
    }
    return 0;
}

static void finish_query(struct sqlite *sqlite, int code)
{
    end_statement(&sqlite->query);
    sqlite->query.active = false;
    sqlite_done(sqlite, code, (struct store_result){0}, sqlite->query.done, sqlite->query.user);
}

void sqlite_query_advance(struct sqlite *sqlite)
{
    struct sqlite_query *query = &sqlite->query;
    bool more = true;
    int code = query->statement == NULL ? begin_statement(sqlite, &more) : 0;
    sqlite->buffer.count = 0;
    if (code == 0 && more)
        code = read_rows(sqlite);
    if (code == 0 && sqlite->buffer.count > 0) {
        struct store_part part = select_part(&query->place, &sqlite->buffer);
        query->part(query->user, &part);
    }
    if (code != 0 || !more)
        finish_query(sqlite, code);
}

void sqlite_query(struct store *store, const struct query *query, store_part_fn part, store_done_fn done, void *user)
{
    struct sqlite *sqlite = store->state;
    assert(!sqlite->query.active && select_exists(query->kind));
    int code = 0;
    if (sqlite->database == NULL)
        code = error_set(ERROR_CONNECTION, "%s", store->text);
    else if (query->kind == QUERY_KIND_RECENT_CANDLES)
        code = sqlite_load_series(sqlite); /* somebody else may have added some */
    if (code != 0) {
        sqlite_done(sqlite, code, (struct store_result){0}, done, user);
        return;
    }
    sqlite->query = (struct sqlite_query){.active = true, .query = *query, .part = part, .done = done, .user = user};
    sqlite->query.parameters = select_parameters_of(&sqlite->query.query);
}
