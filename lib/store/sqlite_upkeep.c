/* SQLite: what is done between pieces of work, in steps that are short: merging the log into the file, which SQLite
 * would otherwise do inside a commit, and deleting candles that were kept for long enough. */
/* SPDX-License-Identifier: MIT */
#include "lib/store/sqlite.h"

#include <assert.h>

enum {
    MERGE_PAGES = 1000,        /* of 4 KiB in the log, not merged yet, make a step due */
    LOG_PAGES_MAX = 16384,     /* more are merged before anything else is written: 64 MiB */
    TRUNCATE_AFTER_MS = 5000,  /* of quiet: the log is made empty */
    DELETE_ROWS = 1000,        /* in one step */
    STEP_MS = 100,             /* between two steps of deleting */
    ROUND_MS = 3600000,        /* between two rounds */
};

/* ---- the log ---- */

/* Called after each commit with the pages in the log. Being there, it keeps SQLite from merging by itself. */
static int on_commit(void *user, sqlite3 *database, const char *name, int pages)
{
    struct sqlite *sqlite = user;
    (void)database;
    (void)name;
    if (pages < sqlite->log_pages)
        sqlite->merged_pages = 0; /* it has begun anew */
    sqlite->log_pages = pages;
    sqlite->log_changed = true;
    return SQLITE_OK;
}

void sqlite_watch_log(struct sqlite *sqlite)
{
    sqlite->log_pages = sqlite->merged_pages = 0;
    (void)sqlite3_wal_hook(sqlite->database, on_commit, sqlite);
}

/* Merges what no reader needs. A reader that stays in a transaction only leaves more to be done later. */
static void merge(struct sqlite *sqlite, int mode)
{
    int pages = 0, merged = 0;
    (void)sqlite3_busy_timeout(sqlite->database, 0); /* a lock is not worth waiting for */
    if (sqlite3_wal_checkpoint_v2(sqlite->database, "main", mode, &pages, &merged) == SQLITE_OK && pages >= 0) {
        sqlite->log_pages = pages;
        sqlite->merged_pages = merged;
    }
    (void)sqlite3_busy_timeout(sqlite->database, SQLITE_BUSY_MS);
}

void sqlite_bound_log(struct sqlite *sqlite)
{
    if (sqlite->log_pages - sqlite->merged_pages >= LOG_PAGES_MAX)
        merge(sqlite, SQLITE_CHECKPOINT_PASSIVE);
}

static void merge_if_due(struct sqlite *sqlite, int64_t now_ms)
{
    if (sqlite->log_changed) {
        sqlite->log_changed = false;
        sqlite->quiet_since_ms = now_ms;
        if (sqlite->log_pages - sqlite->merged_pages >= MERGE_PAGES)
            merge(sqlite, SQLITE_CHECKPOINT_PASSIVE);
    } else if (sqlite->log_pages > 0 && now_ms - sqlite->quiet_since_ms >= TRUNCATE_AFTER_MS) {
        sqlite->quiet_since_ms = now_ms;
        merge(sqlite, SQLITE_CHECKPOINT_TRUNCATE);
    }
}

/* ---- what is kept ---- */

/* Only by a clock that candles bear out: one of any interval opened at most two of its lengths and a day before. An
 * exchange whose clock is years ahead, believed or not, is no reason to delete anything. */
static const char expire_before_sql[] =
    "SELECT exchange_ms - ?2 FROM exchange_clocks k WHERE exchange = ?1 AND EXISTS ("
    " SELECT 1 FROM series s CROSS JOIN candles c WHERE s.exchange = k.exchange AND c.series_id = s.id"
    "  AND c.open_time_ms <= k.exchange_ms AND c.open_time_ms > k.exchange_ms - 86400000 - s.interval_s * 2000)";
static const char delete_candles_sql[] =
    "DELETE FROM candles WHERE (series_id, open_time_ms) IN (SELECT series_id, open_time_ms FROM candles"
    "  WHERE series_id = ?1 AND open_time_ms < ?2 ORDER BY open_time_ms LIMIT ?3)";
static const char delete_revisions_sql[] = "DELETE FROM candle_revisions WHERE series_id = ?1 AND open_time_ms < ?2";
static const char delete_absences_sql[] = "DELETE FROM candle_absences WHERE series_id = ?1 AND last_open_ms < ?2";

static const struct store_retention *retention_of(const struct sqlite *sqlite, uint32_t interval_s)
{
    for (size_t i = 0; i < sqlite->settings.retention_count; i++)
        if (sqlite->settings.retentions[i].interval_s == interval_s)
            return &sqlite->settings.retentions[i];
    return NULL;
}

/* The time before which candles of an exchange go; INT64_MIN: its clock was never told, or is not borne out. */
static int read_expiry(struct sqlite *sqlite, const char *exchange, const struct store_retention *retention,
                       int64_t *before_ms)
{
    sqlite3_stmt *statement;
    int code = sqlite_prepare(sqlite, expire_before_sql, &statement);
    if (code != 0)
        return code;
    (void)sqlite3_bind_text(statement, 1, exchange, -1, SQLITE_STATIC);
    (void)sqlite3_bind_int64(statement, 2, retention->keep_ms);
    int stepped = sqlite3_step(statement);
    *before_ms = stepped == SQLITE_ROW ? sqlite3_column_int64(statement, 0) : INT64_MIN;
    code = stepped == SQLITE_ROW || stepped == SQLITE_DONE ? 0 : sqlite_error(sqlite, "read the exchange's clock");
    (void)sqlite3_reset(statement);
    return code;
}

static int delete_by(struct sqlite *sqlite, const char *sql, int32_t series_id, int64_t before_ms)
{
    sqlite3_stmt *statement;
    int code = sqlite_prepare(sqlite, sql, &statement);
    if (code != 0)
        return code;
    (void)sqlite3_bind_int(statement, 1, series_id);
    (void)sqlite3_bind_int64(statement, 2, before_ms);
    if (sqlite3_bind_parameter_count(statement) == 3)
        (void)sqlite3_bind_int64(statement, 3, DELETE_ROWS);
    return sqlite_finish(sqlite, statement);
}

/* Deletes some candles of a series, and when those were the last ones what is known about such times. */
static int delete_some(struct sqlite *sqlite, int32_t series_id, int64_t before_ms, bool *more)
{
    int code = sqlite_begin(sqlite);
    if (code != 0)
        return code;
    sqlite->changed = 0;
    code = delete_by(sqlite, delete_candles_sql, series_id, before_ms);
    *more = sqlite->changed == DELETE_ROWS;
    if (code == 0 && !*more)
        code = delete_by(sqlite, delete_revisions_sql, series_id, before_ms);
    if (code == 0 && !*more)
        code = delete_by(sqlite, delete_absences_sql, series_id, before_ms);
    return sqlite_end(sqlite, code);
}

/* One step of a round: the next series, or the same once more. */
static void expire_step(struct sqlite *sqlite, int64_t now_ms)
{
    const struct series_entry *series = &sqlite->series.entries[sqlite->expire_series];
    const struct store_retention *retention = retention_of(sqlite, series->interval_s);
    int64_t before_ms = INT64_MIN;
    bool more = false;
    int code = read_expiry(sqlite, series->exchange, retention, &before_ms);
    if (code == 0 && before_ms > INT64_MIN)
        code = delete_some(sqlite, series->id, before_ms, &more);
    sqlite->expire_series += code != 0 || !more; /* what fails is left to the next round */
    sqlite->expire_ms = now_ms + STEP_MS;
}

static void expire_if_due(struct sqlite *sqlite, int64_t now_ms)
{
    if (sqlite->settings.retention_count == 0 || now_ms < sqlite->expire_ms)
        return;
    while (sqlite->expire_series < sqlite->series.count &&
           retention_of(sqlite, sqlite->series.entries[sqlite->expire_series].interval_s) == NULL)
        sqlite->expire_series++;
    if (sqlite->expire_series < sqlite->series.count) {
        expire_step(sqlite, now_ms);
        return;
    }
    sqlite->expire_series = 0;
    sqlite->expire_ms = now_ms + ROUND_MS;
}

/* ---- both ---- */

void sqlite_keep_up(struct sqlite *sqlite, int64_t now_ms)
{
    assert(sqlite->database != NULL && !sqlite->query.active);
    expire_if_due(sqlite, now_ms);
    merge_if_due(sqlite, now_ms);
}

int64_t sqlite_upkeep_ms(const struct sqlite *sqlite)
{
    int64_t next_ms = INT64_MAX;
    if (sqlite->settings.retention_count > 0)
        next_ms = sqlite->expire_ms;
    if (sqlite->log_changed && sqlite->log_pages - sqlite->merged_pages >= MERGE_PAGES)
        next_ms = 0;
    else if (sqlite->log_pages > 0 && sqlite->quiet_since_ms + TRUNCATE_AFTER_MS < next_ms)
        next_ms = sqlite->quiet_since_ms + TRUNCATE_AFTER_MS;
    return next_ms;
}
