/* What the files of the SQLite engine share. A database is one file and one connection; it is closed on every
 * trouble that may pass and opened again after a pause, so that there is one way back from all of them. */
/* SPDX-License-Identifier: MIT */
#ifndef WICK_STORE_SQLITE_H
#define WICK_STORE_SQLITE_H

#include "lib/store/backoff.h"
#include "lib/store/candle_order.h"
#include "lib/store/row.h"
#include "lib/store/select.h"
#include "lib/store/series_map.h"
#include "lib/store/store.h"

#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    SQLITE_PATH_SIZE = 1024,
    SQLITE_BUSY_MS = 100, /* how long a lock of another program is waited for; the process stands still meanwhile */
    SQLITE_STATEMENTS_MAX = 40,
};

/* A prepared statement, found again by the address of its text. */
struct sqlite_statement {
    const char *sql;
    sqlite3_stmt *handle; /* owned */
};

/* A query that is being answered, part by part. */
struct sqlite_query {
    bool active;
    struct query query;
    struct select_parameters parameters; /* points into `query` */
    struct select_place place;
    sqlite3_stmt *statement; /* being stepped; NULL: between two statements */
    store_part_fn part;
    store_done_fn done;
    void *user;
};

struct sqlite {
    struct store *store;
    char path[SQLITE_PATH_SIZE];
    sqlite3 *database; /* NULL: away */
    struct backoff backoff;
    int64_t retry_ms; /* monotonic; when to open again */
    struct sqlite_statement statements[SQLITE_STATEMENTS_MAX];
    bool flushes_commits; /* synchronous=FULL is on */
    uint64_t changed;     /* rows that the statements of the batch have written */
    struct store_settings settings;
    int log_pages, merged_pages; /* in the log since it began anew, and those of them that are in the file too */
    bool log_changed;            /* since the last look */
    int64_t quiet_since_ms;      /* monotonic; the last look at which it had changed */
    size_t expire_series;        /* whose old candles go next, an index in `series` */
    int64_t expire_ms;           /* monotonic; when */
    struct series_map series;
    struct candle_order order;
    struct sqlite_query query;
    struct part_buffer buffer;
};

/* The code for what SQLite reported last, with its message and `doing` in the chain: ERROR_STORE where the rows are
 * to blame, else ERROR_CONNECTION. */
int sqlite_error(struct sqlite *sqlite, const char *doing) MUST_CHECK;

/* Runs statements without results. Codes as sqlite_error. */
int sqlite_run(struct sqlite *sqlite, const char *sql) MUST_CHECK;

/* The prepared statement of a constant text, ready to be bound. Codes as sqlite_error. */
int sqlite_prepare(struct sqlite *sqlite, const char *sql, sqlite3_stmt **out) MUST_CHECK;

/* Steps a statement that yields no row, counts what it changed, and resets it. Codes as sqlite_error. */
int sqlite_finish(struct sqlite *sqlite, sqlite3_stmt *statement) MUST_CHECK;

/* Begins and ends a transaction that writes. A code of the work in between rolls it back and is returned. */
int sqlite_begin(struct sqlite *sqlite) MUST_CHECK;
int sqlite_end(struct sqlite *sqlite, int code) MUST_CHECK;

/* Ends a piece of work: closes the database where that is how to go on, and calls back. */
void sqlite_done(struct sqlite *sqlite, int code, struct store_result result, store_done_fn done, void *user);

/* Reads the ids of all series anew. */
int sqlite_load_series(struct sqlite *sqlite) MUST_CHECK;

/* Lets SQLite tell of the growth of its log from now on, and leave the merging of it to us. */
void sqlite_watch_log(struct sqlite *sqlite);

/* Merges the log if it has become too long; for who writes without a pause. */
void sqlite_bound_log(struct sqlite *sqlite);

/* One short step of what is done between pieces of work, if any is due. The database must be open and idle. What fails
 * here is tried again later. */
void sqlite_keep_up(struct sqlite *sqlite, int64_t now_ms);

/* When sqlite_keep_up has something to do at the latest, if nothing is written before; monotonic. The database must be
 * open. */
int64_t sqlite_upkeep_ms(const struct sqlite *sqlite);

/* The members of struct store_kind that sqlite_write.c and sqlite_query.c implement. */
void sqlite_write(struct store *store, const struct store_batch *batch, store_done_fn done, void *user);
void sqlite_lease(struct store *store, const struct lease_request *request, store_done_fn done, void *user);
void sqlite_query(struct store *store, const struct query *query, store_part_fn part, store_done_fn done, void *user);

/* Goes on with the query under way until it has a part or is done. */
void sqlite_query_advance(struct sqlite *sqlite);

#endif
