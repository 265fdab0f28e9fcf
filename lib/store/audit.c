/* The statements of the audit, and rows into structs. */
/* SPDX-License-Identifier: MIT */
#include "lib/store/audit.h"

#include "lib/store/audit_engine.h"
#include "lib/store/migration.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

struct audit {
    const struct audit_engine *engine;
    void *state; /* the engine's */
    int64_t schema; /* its version */
    bool is_key_checked, has_key; /* of the table of candles; it is asked about once */
};

/* The versions of the schema that brought a table: before them a database says nothing of it. */
enum { SCHEMA_FIRST = 1, SCHEMA_REVISIONS = 2, SCHEMA_CLOCKS = 4 };

static const struct audit_engine *const engines[] = {&sqlite_audit, &postgresql_audit};

/* Who receives the rows of a statement, whatever the struct. */
struct receiver {
    union {
        audit_series_fn series;
        audit_candle_fn candle;
        audit_absence_fn absence;
        audit_stray_fn stray;
        audit_time_fn time;
        audit_text_fn text;
    } fn;
    void *user;
    const char *table; /* of strays */
};

static struct cell integer(int64_t value)
{
    return (struct cell){.integer = value};
}

static struct cell text(const char *value)
{
    return (struct cell){.text = value, .length = strlen(value)};
}

static int run(struct audit *audit, const char *sql, const struct cell *parameters, int count)
{
    return audit->engine->run(audit->state, sql, parameters, count, NULL, NULL, NULL);
}

static void copy_text(char *out, size_t capacity, struct cell cell)
{
    size_t length = cell.text == NULL ? 0 : cell.length < capacity ? cell.length : capacity - 1;
    memcpy(out, length > 0 ? cell.text : "", length);
    out[length] = '\0';
}

/* ---- opening ---- */

static int take_integer(void *user, const struct audit_row *row)
{
    *(int64_t *)user = row->cells[0].integer;
    return 0;
}

/* A database of a newer schema is left alone: what its tables mean is not known here. An older one can be read: steps add
 * tables, and have left those of the candles what they were. */
static int check_schema(struct audit *audit)
{
    int code = audit->engine->run(audit->state, "SELECT max(version) FROM schema_migrations", NULL, 0, take_integer,
                                  &audit->schema, NULL);
    if (code != 0)
        return error_context(code, "read the version of the schema (is this a database of Wick?)");
    if (audit->schema < SCHEMA_FIRST)
        return error_set(ERROR_STORE, "the database has no schema yet; any process of Wick that writes to it makes it");
    return migration_check(audit->engine->scheme, audit->schema);
}

static bool has_scheme(const char *url, const char *scheme)
{
    size_t length = scheme != NULL ? strlen(scheme) : 0;
    return length > 0 && strncmp(url, scheme, length) == 0 && url[length] == ':';
}

int audit_open(struct audit **out, const char *url)
{
    struct audit *audit = calloc(1, sizeof *audit);
    if (audit == NULL)
        return error_set(ERROR_MEMORY, "no memory for an audit");
    for (size_t i = 0; i < sizeof engines / sizeof engines[0]; i++)
        if (has_scheme(url, engines[i]->scheme) || has_scheme(url, engines[i]->other_scheme))
            audit->engine = engines[i];
    int code = audit->engine != NULL
                   ? audit->engine->open(&audit->state, url)
                   : error_set(ERROR_ARGUMENT, "a database URL begins with sqlite: or postgresql:, this one does not");
    if (code == 0)
        code = check_schema(audit);
    if (code != 0) {
        audit_close(audit);
        return code;
    }
    *out = audit;
    return 0;
}

void audit_close(struct audit *audit)
{
    if (audit == NULL)
        return;
    if (audit->state != NULL)
        audit->engine->close(audit->state);
    free(audit);
}

int audit_begin(struct audit *audit)
{
    return run(audit, audit->engine->begin_reading, NULL, 0);
}

int audit_end(struct audit *audit)
{
    return run(audit, "COMMIT", NULL, 0);
}

/* ---- reading ---- */

static int take_series(void *user, const struct audit_row *row)
{
    const struct receiver *receiver = user;
    struct audit_series series = {
        .id = row->cells[0].integer,
        .interval_s = row->cells[3].integer,
        .has_candles = !row->is_null[4],
        .oldest_ms = row->cells[4].integer,
        .newest_ms = row->cells[5].integer,
    };
    copy_text(series.exchange, sizeof series.exchange, row->cells[1]);
    copy_text(series.symbol, sizeof series.symbol, row->cells[2]);
    return receiver->fn.series(receiver->user, &series);
}

int audit_list_series(struct audit *audit, audit_series_fn fn, void *user)
{
    static const char sql[] =
        "SELECT id, exchange, symbol, interval_s,"
        "  (SELECT min(open_time_ms) FROM candles WHERE series_id = id),"
        "  (SELECT max(open_time_ms) FROM candles WHERE series_id = id)"
        " FROM series ORDER BY exchange, symbol, interval_s, id";
    struct receiver receiver = {.fn.series = fn, .user = user};
    return audit->engine->run(audit->state, sql, NULL, 0, take_series, &receiver, NULL);
}

static int take_candle(void *user, const struct audit_row *row)
{
    const struct receiver *receiver = user;
    const struct cell *cells = row->cells;
    const struct audit_candle candle = {
        .open_time_ms = cells[0].integer,
        .open = cells[1].integer,
        .high = cells[2].integer,
        .low = cells[3].integer,
        .close = cells[4].integer,
        .volume = cells[5].integer,
        .price_scale = cells[6].integer,
        .volume_scale = cells[7].integer,
    };
    return receiver->fn.candle(receiver->user, &candle);
}

int audit_candles(struct audit *audit, int64_t series_id, int64_t from_ms, int64_t to_ms, audit_candle_fn fn,
                  void *user)
{
    static const char sql[] =
        "SELECT open_time_ms, open, high, low, close, volume, price_scale, volume_scale FROM candles"
        " WHERE series_id = $1 AND open_time_ms >= $2 AND open_time_ms < $3 ORDER BY open_time_ms";
    const struct cell parameters[] = {integer(series_id), integer(from_ms), integer(to_ms)};
    struct receiver receiver = {.fn.candle = fn, .user = user};
    return audit->engine->run(audit->state, sql, parameters, 3, take_candle, &receiver, NULL);
}

static int take_absence(void *user, const struct audit_row *row)
{
    const struct receiver *receiver = user;
    struct audit_absence absence = {
        .first_open_ms = row->cells[0].integer,
        .last_open_ms = row->cells[1].integer,
    };
    copy_text(absence.reason, sizeof absence.reason, row->cells[2]);
    return receiver->fn.absence(receiver->user, &absence);
}

int audit_absences(struct audit *audit, int64_t series_id, audit_absence_fn fn, void *user)
{
    static const char sql[] = "SELECT first_open_ms, last_open_ms, reason FROM candle_absences WHERE series_id = $1"
                              " ORDER BY first_open_ms, last_open_ms";
    const struct cell parameters[] = {integer(series_id)};
    struct receiver receiver = {.fn.absence = fn, .user = user};
    if (audit->schema < SCHEMA_REVISIONS)
        return 0;
    return audit->engine->run(audit->state, sql, parameters, 1, take_absence, &receiver, NULL);
}

static int take_time(void *user, const struct audit_row *row)
{
    const struct receiver *receiver = user;
    return receiver->fn.time(receiver->user, row->cells[0].integer);
}

int audit_lost_revised(struct audit *audit, int64_t series_id, audit_time_fn fn, void *user)
{
    static const char sql[] =
        "SELECT DISTINCT r.open_time_ms FROM candle_revisions r WHERE r.series_id = $1"
        " AND r.open_time_ms >= (SELECT min(open_time_ms) FROM candles WHERE series_id = $1)"
        " AND NOT EXISTS (SELECT 1 FROM candles c WHERE c.series_id = $1 AND c.open_time_ms = r.open_time_ms)"
        " ORDER BY r.open_time_ms";
    const struct cell parameters[] = {integer(series_id)};
    struct receiver receiver = {.fn.time = fn, .user = user};
    if (audit->schema < SCHEMA_REVISIONS)
        return 0;
    return audit->engine->run(audit->state, sql, parameters, 1, take_time, &receiver, NULL);
}

int audit_exchange_clock(struct audit *audit, const char *exchange, int64_t *exchange_ms)
{
    static const char sql[] = "SELECT exchange_ms FROM exchange_clocks WHERE exchange = $1";
    const struct cell parameters[] = {text(exchange)};
    int64_t told_ms = 0;
    int code = 0;
    if (audit->schema >= SCHEMA_CLOCKS)
        code = audit->engine->run(audit->state, sql, parameters, 1, take_integer, &told_ms, NULL);
    if (code == 0)
        *exchange_ms = told_ms;
    return code;
}

/* ---- strays ---- */

/* The tables whose rows belong to a series. The ids in a table are stepped through by its key, which is quick where it
 * has one; where a lost key would make each step read the whole table, they are read all at once. */
static const struct owned_table {
    const char *name;
    int schema;           /* since which it is there */
    bool has_candles_key; /* it is the table whose key may be lost */
    const char *stray_sql, *slow_stray_sql;
} owned_tables[] = {
#define STEPPED(table, first, last)                                                                                    \
    "WITH RECURSIVE ids(id) AS (SELECT min(series_id) FROM " table " UNION ALL SELECT (SELECT min(series_id) FROM "    \
    table " WHERE series_id > ids.id) FROM ids WHERE ids.id IS NOT NULL)"                                              \
    " SELECT t.series_id, min(t." first "), max(t." last "), count(*) FROM " table " t WHERE t.series_id IN ("         \
    "  SELECT id FROM ids WHERE id IS NOT NULL AND id NOT IN (SELECT id FROM series))"                                 \
    " GROUP BY t.series_id ORDER BY t.series_id"
#define AT_ONCE(table, first, last)                                                                                    \
    "SELECT t.series_id, min(t." first "), max(t." last "), count(*) FROM " table " t"                                 \
    " WHERE t.series_id NOT IN (SELECT id FROM series) GROUP BY t.series_id ORDER BY t.series_id"
#define OWNED(table, schema, is_candles, first, last)                                                                  \
    {table, schema, is_candles, STEPPED(table, first, last), AT_ONCE(table, first, last)}
    OWNED("candles", SCHEMA_FIRST, true, "open_time_ms", "open_time_ms"),
    OWNED("candle_absences", SCHEMA_REVISIONS, false, "first_open_ms", "last_open_ms"),
    OWNED("candle_revisions", SCHEMA_REVISIONS, false, "open_time_ms", "open_time_ms"),
};

static int take_stray(void *user, const struct audit_row *row)
{
    const struct receiver *receiver = user;
    const struct audit_stray stray = {
        .table = receiver->table,
        .series_id = row->cells[0].integer,
        .first_ms = row->cells[1].integer,
        .last_ms = row->cells[2].integer,
        .count = row->cells[3].integer,
    };
    return receiver->fn.stray(receiver->user, &stray);
}

int audit_strays(struct audit *audit, audit_stray_fn fn, void *user)
{
    bool has_key;
    int code = audit_has_key(audit, &has_key);
    for (size_t i = 0; code == 0 && i < sizeof owned_tables / sizeof owned_tables[0]; i++) {
        const struct owned_table *table = &owned_tables[i];
        struct receiver receiver = {.fn.stray = fn, .user = user, .table = table->name};
        const char *sql = table->has_candles_key && !has_key ? table->slow_stray_sql : table->stray_sql;
        if (audit->schema >= table->schema)
            code = audit->engine->run(audit->state, sql, NULL, 0, take_stray, &receiver, NULL);
    }
    return code;
}

/* ---- the database itself ---- */

static int take_text(void *user, const struct audit_row *row)
{
    const struct receiver *receiver = user;
    char line[200];
    copy_text(line, sizeof line, row->cells[0]);
    return receiver->fn.text(receiver->user, line);
}

int audit_damage(struct audit *audit, audit_text_fn fn, void *user)
{
    struct receiver receiver = {.fn.text = fn, .user = user};
    if (audit->engine->damage_sql == NULL)
        return 0;
    return audit->engine->run(audit->state, audit->engine->damage_sql, NULL, 0, take_text, &receiver, NULL);
}

int audit_has_key(struct audit *audit, bool *has)
{
    int64_t found = 0;
    int code = audit->is_key_checked ? 0 : audit->engine->run(audit->state, audit->engine->has_key_sql, NULL, 0,
                                                              take_integer, &found, NULL);
    if (code != 0)
        return code;
    audit->has_key = audit->is_key_checked ? audit->has_key : found != 0;
    audit->is_key_checked = true;
    *has = audit->has_key;
    return 0;
}

int audit_make_key(struct audit *audit)
{
    audit->is_key_checked = false;
    return run(audit, "CREATE UNIQUE INDEX candles_key ON candles (series_id, open_time_ms)", NULL, 0);
}

/* ---- mending ---- */

static const char keep_removed_sql[] =
    "CREATE TABLE IF NOT EXISTS candles_removed (removed_ms bigint NOT NULL, reason text NOT NULL,"
    " exchange text NOT NULL, symbol text NOT NULL, interval_s bigint NOT NULL, series_id bigint NOT NULL,"
    " open_time_ms bigint NOT NULL, open bigint NOT NULL, high bigint NOT NULL, low bigint NOT NULL,"
    " close bigint NOT NULL, volume bigint NOT NULL, price_scale bigint NOT NULL, volume_scale bigint NOT NULL)";

int audit_change_begin(struct audit *audit)
{
    int code = run(audit, "BEGIN", NULL, 0);
    if (code != 0)
        return code;
    code = run(audit, keep_removed_sql, NULL, 0);
    return code != 0 ? audit_change_end(audit, code) : 0;
}

int audit_change_end(struct audit *audit, int code)
{
    if (code == 0)
        return run(audit, "COMMIT", NULL, 0);
    char message[512];
    size_t length = strlen(error_message());
    copy_text(message, sizeof message, (struct cell){.text = error_message(), .length = length});
    (void)!run(audit, "ROLLBACK", NULL, 0); /* what failed first is what is reported */
    return error_set(code, "%s", message);
}

/* Copies of the rows of a key, all but $8 of them. */
static const char copy_removed_sql[] =
    "INSERT INTO candles_removed (removed_ms, reason, exchange, symbol, interval_s, series_id, open_time_ms, open,"
    "  high, low, close, volume, price_scale, volume_scale)"
    " SELECT $6, $7, $3, $4, $5, series_id, open_time_ms, open, high, low, close, volume, price_scale, volume_scale"
    "  FROM candles WHERE series_id = $1 AND open_time_ms = $2"
    "  LIMIT (SELECT count(*) - $8 FROM candles WHERE series_id = $1 AND open_time_ms = $2)";
static const char remove_sql[] = "DELETE FROM candles WHERE series_id = $1 AND open_time_ms = $2";
static const char put_back_sql[] =
    "INSERT INTO candles (series_id, open_time_ms, open, high, low, close, volume, price_scale, volume_scale)"
    " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";

/* A candle that is put back. */
struct kept {
    bool found;
    struct audit_candle candle;
};

static int keep_candle(void *user, const struct audit_candle *candle)
{
    *(struct kept *)user = (struct kept){.found = true, .candle = *candle};
    return 0;
}

static int put_back(struct audit *audit, int64_t series_id, const struct audit_candle *candle)
{
    const struct cell parameters[] = {
        integer(series_id),     integer(candle->open_time_ms), integer(candle->open),
        integer(candle->high),  integer(candle->low),          integer(candle->close),
        integer(candle->volume), integer(candle->price_scale), integer(candle->volume_scale),
    };
    return run(audit, put_back_sql, parameters, 9);
}

int audit_remove(struct audit *audit, const struct audit_series *series, int64_t open_time_ms, int64_t keep,
                 const char *reason, int64_t now_ms, int64_t *count)
{
    struct kept kept = {0};
    const struct cell parameters[] = {
        integer(series->id),         integer(open_time_ms), text(series->exchange), text(series->symbol),
        integer(series->interval_s), integer(now_ms),       text(reason),           integer(keep),
    };
    assert(keep == 0 || keep == 1);
    *count = 0;
    int code = audit_candles(audit, series->id, open_time_ms, open_time_ms + 1, keep_candle, &kept);
    if (code != 0 || !kept.found)
        return code;
    code = audit->engine->run(audit->state, copy_removed_sql, parameters, 8, NULL, NULL, count);
    if (code == 0)
        code = run(audit, remove_sql, parameters, 2);
    return code == 0 && keep > 0 ? put_back(audit, series->id, &kept.candle) : code;
}

int audit_remove_stray(struct audit *audit, const struct audit_stray *stray, const char *reason, int64_t now_ms)
{
    static const char copy_sql[] =
        "INSERT INTO candles_removed (removed_ms, reason, exchange, symbol, interval_s, series_id, open_time_ms, open,"
        "  high, low, close, volume, price_scale, volume_scale)"
        " SELECT $2, $3, '', '', 0, series_id, open_time_ms, open, high, low, close, volume, price_scale, volume_scale"
        "  FROM candles WHERE series_id = $1";
    static const struct {
        const char *table, *sql;
    } deletions[] = {
        {"candles", "DELETE FROM candles WHERE series_id = $1"},
        {"candle_absences", "DELETE FROM candle_absences WHERE series_id = $1"},
        {"candle_revisions", "DELETE FROM candle_revisions WHERE series_id = $1"},
    };
    const struct cell parameters[] = {integer(stray->series_id), integer(now_ms), text(reason)};
    int code = 0;
    if (strcmp(stray->table, "candles") == 0)
        code = run(audit, copy_sql, parameters, 3);
    for (size_t i = 0; code == 0 && i < sizeof deletions / sizeof deletions[0]; i++)
        if (strcmp(stray->table, deletions[i].table) == 0)
            code = run(audit, deletions[i].sql, parameters, 1);
    return code;
}

int audit_delete_absence(struct audit *audit, int64_t series_id, int64_t first_open_ms)
{
    const struct cell parameters[] = {integer(series_id), integer(first_open_ms)};
    return run(audit, "DELETE FROM candle_absences WHERE series_id = $1 AND first_open_ms = $2", parameters, 2);
}

int audit_add_absence(struct audit *audit, int64_t series_id, const struct audit_absence *absence)
{
    static const char sql[] = "INSERT INTO candle_absences (series_id, first_open_ms, last_open_ms, reason)"
                              " VALUES ($1, $2, $3, $4) ON CONFLICT (series_id, first_open_ms) DO NOTHING";
    const struct cell parameters[] = {integer(series_id), integer(absence->first_open_ms),
                                      integer(absence->last_open_ms), text(absence->reason)};
    return run(audit, sql, parameters, 4);
}
