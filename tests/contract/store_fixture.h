/* What the tests of the stores share: an empty database of either engine, and a store driven to the end of each piece
 * of work. */
/* SPDX-License-Identifier: MIT */
#ifndef WICK_TESTS_STORE_FIXTURE_H
#define WICK_TESTS_STORE_FIXTURE_H

#include "lib/store/store.h"
#include "tests/pgbouncer_server.h"
#include "tests/postgres_server.h"

#include <stdbool.h>
#include <stddef.h>

enum { FIXTURE_ROWS_MAX = 8192, FIXTURE_TIMEOUT_MS = 30000 };

/* All parts of one answer, put together. */
struct answer_rows {
    struct candle candles[FIXTURE_ROWS_MAX];
    char symbols[FIXTURE_ROWS_MAX][SYMBOL_SIZE]; /* of each candle */
    size_t candle_count;
    struct series_start series[FIXTURE_ROWS_MAX];
    size_t series_count;
    struct signal_outcome outcomes[FIXTURE_ROWS_MAX];
    size_t outcome_count;
    struct order orders[FIXTURE_ROWS_MAX];
    size_t order_count;
    struct fill fills[FIXTURE_ROWS_MAX];
    size_t fill_count;
    struct position positions[FIXTURE_ROWS_MAX];
    size_t position_count;
    struct account accounts[FIXTURE_ROWS_MAX];
    size_t account_count;
    struct series_coverage coverages[FIXTURE_ROWS_MAX];
    size_t coverage_count;
    struct absence absences[FIXTURE_ROWS_MAX];
    size_t absence_count;
    size_t parts;
};

struct fixture {
    const char *engine; /* the scheme */
    char url[256];
    char path[128]; /* of the file (SQLite) or the name of the database (PostgreSQL) */
    struct store store;
    struct store_result result; /* of the last piece of work */
    bool done;
    struct answer_rows answer; /* of the last query */
};

/* The server that the PostgreSQL databases are on; started on first use. NULL: there is none. */
struct postgres_server *fixture_server(void);

/* The PgBouncer in front of it; likewise. */
struct pgbouncer_server *fixture_pooler(void);

/* Calls `check` with the fixture of a fresh database of each engine, its store open and ready, and of PostgreSQL once
 * more through PgBouncer. An engine that this machine lacks is skipped visibly. */
void for_each_engine(void (*check)(struct fixture *fixture));

/* Makes an empty database of an engine, without opening it. False if this machine lacks the engine. */
bool fixture_make(struct fixture *fixture, const char *engine);

/* The same for PostgreSQL, reached through PgBouncer. */
bool fixture_make_pooled(struct fixture *fixture);

/* Opens and closes the store. fixture_open waits until it is ready and fails the test if it does not get so. */
void fixture_open(struct fixture *fixture);
void fixture_close(struct fixture *fixture);

/* Waits for a moment as the store asks, and lets it go on. */
void fixture_turn(struct fixture *fixture);

/* Lets the store go on until the condition holds; false after FIXTURE_TIMEOUT_MS. */
bool fixture_until(struct fixture *fixture, bool (*condition)(const struct fixture *fixture));
bool fixture_is_ready(const struct fixture *fixture);
bool fixture_is_away(const struct fixture *fixture);

/* Hands work over and drives it to its end. Each returns the code; more is in fixture->result and ->answer. */
int fixture_write(struct fixture *fixture, const struct store_batch *batch);
int fixture_lease(struct fixture *fixture, const char *name, uint64_t holder, uint32_t duration_ms, bool release);
int fixture_query(struct fixture *fixture, const struct query *query);

/* Begins a write, and drives what was begun to its end. */
void fixture_begin_write(struct fixture *fixture, const struct store_batch *batch);
int fixture_end(struct fixture *fixture);

/* Runs SQL behind the store's back and returns its rows, "a|b" each with a line feed; the text is the caller's to
 * free. Fails the test on an error. */
char *fixture_sql(const struct fixture *fixture, const char *sql);

/* Runs SQL of any length and number of statements, whose rows nobody needs. */
void fixture_execute(const struct fixture *fixture, const char *sql);

/* A query of a kind for everything of the exchange "binance" and its paper account in USDT, with a limit. */
struct query fixture_query_of(enum query_kind kind, uint32_t limit);

#endif
