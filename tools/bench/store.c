/* The SQLite store beside a bare loop of prepared upserts that writes the same rows. */
/* SPDX-License-Identifier: MIT */
#include "lib/store/store.h"
#include "tools/bench/bench.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { SERIES = 250, DEPTH = 100, ROWS = SERIES * DEPTH };

static char folder[64];
static struct store store;
static sqlite3 *bare;
static sqlite3_stmt *upsert;
static struct store_candle *rows;
static int64_t next_open_ms; /* each run writes candles that are new to both */
static struct store_result last;

static void on_done(void *user, const struct store_result *result)
{
    (void)user;
    last = *result;
}

static int open_bare(void)
{
    char path[128];
    (void)snprintf(path, sizeof path, "%s/bare.db", folder);
    if (sqlite3_open(path, &bare) != SQLITE_OK ||
        sqlite3_exec(bare,
                     "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;"
                     "CREATE TABLE candles (series_id INTEGER, open_time_ms INTEGER, open INTEGER, high INTEGER,"
                     " low INTEGER, close INTEGER, volume INTEGER, price_scale INTEGER, volume_scale INTEGER,"
                     " PRIMARY KEY (series_id, open_time_ms)) WITHOUT ROWID",
                     NULL, NULL, NULL) != SQLITE_OK ||
        sqlite3_prepare_v3(bare,
                           "INSERT INTO candles VALUES (?,?,?,?,?,?,?,?,?) ON CONFLICT DO UPDATE SET open=excluded.open,"
                           " high=excluded.high, low=excluded.low, close=excluded.close, volume=excluded.volume"
                           " WHERE close IS NOT excluded.close",
                           -1, SQLITE_PREPARE_PERSISTENT, &upsert, NULL) != SQLITE_OK)
        return error_set(ERROR_STORE, "bare SQLite: %s", sqlite3_errmsg(bare));
    return 0;
}

static int set_up(void)
{
    char url[128];
    (void)snprintf(folder, sizeof folder, "/tmp/wick-bench-XXXXXX");
    rows = calloc(ROWS, sizeof *rows);
    if (rows == NULL || mkdtemp(folder) == NULL)
        return error_set(ERROR_SYSTEM, "no memory or no temporary folder");
    (void)snprintf(url, sizeof url, "sqlite:%s/wick.db", folder);
    int code = store_open(&store, url);
    if (code == 0)
        store.kind->advance(&store, 0);
    return code == 0 ? open_bare() : code;
}

static void tear_down(void)
{
    static const char *const names[] = {"wick.db", "wick.db-wal", "wick.db-shm", "bare.db", "bare.db-wal", "bare.db-shm"};
    char path[128];
    store_close(&store);
    (void)sqlite3_finalize(upsert);
    (void)sqlite3_close(bare);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        (void)snprintf(path, sizeof path, "%s/%s", folder, names[i]);
        (void)unlink(path);
    }
    (void)rmdir(folder);
    free(rows);
}

static void make_rows(void)
{
    for (int i = 0; i < ROWS; i++) {
        struct store_candle *row = &rows[i];
        int64_t open_ms = next_open_ms + i % DEPTH * 60000;
        *row = (struct store_candle){.exchange = "bench",
                                     .event = {.interval_s = 60,
                                               .candle = {.open_time_ms = open_ms,
                                                          .open = 9780544,
                                                          .high = 9781359 + i,
                                                          .low = 9767602,
                                                          .close = 9769128 + i,
                                                          .volume = 7650422,
                                                          .price_scale = 2,
                                                          .volume_scale = 5}}};
        (void)snprintf(row->event.symbol, sizeof row->event.symbol, "S%03dUSDT", i / DEPTH);
    }
}

static int write_ours(void)
{
    next_open_ms += (int64_t)DEPTH * 60000;
    make_rows();
    const struct store_batch batch = {.candles = rows, .candle_count = ROWS};
    last = (struct store_result){.code = ERROR_AGAIN};
    store.kind->write(&store, &batch, on_done, NULL);
    if (last.code != 0 || last.changed != ROWS)
        return error_set(ERROR_STORE, "the store wrote %llu rows: %s", (unsigned long long)last.changed, last.message);
    return 0;
}

static int write_bare(void)
{
    make_rows();
    if (sqlite3_exec(bare, "BEGIN", NULL, NULL, NULL) != SQLITE_OK)
        return error_set(ERROR_STORE, "bare SQLite: %s", sqlite3_errmsg(bare));
    for (int i = 0; i < ROWS; i++) {
        const struct candle *candle = &rows[i].event.candle;
        const int64_t values[] = {i / DEPTH,   candle->open_time_ms, candle->open,        candle->high,        candle->low,
                                  candle->close, candle->volume,       candle->price_scale, candle->volume_scale};
        for (int column = 0; column < 9; column++)
            (void)sqlite3_bind_int64(upsert, column + 1, values[column]);
        if (sqlite3_step(upsert) != SQLITE_DONE || sqlite3_reset(upsert) != SQLITE_OK)
            return error_set(ERROR_STORE, "bare SQLite: %s", sqlite3_errmsg(bare));
    }
    return sqlite3_exec(bare, "COMMIT", NULL, NULL, NULL) == SQLITE_OK ? 0 : error_set(ERROR_STORE, "bare SQLite");
}

const struct bench bench_store[] = {
    {"store a candle", "SQLite, 25,000 new rows a transaction, beside a bare loop of prepared upserts", 1.18, ROWS, NULL, false, set_up,
     write_ours, write_bare, tear_down},
    {0},
};
