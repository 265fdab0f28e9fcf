/* What the files of the PostgreSQL engine share. Nothing here waits: libpq runs in its non-blocking mode, what has to
 * be waited for comes out through wait(), and every call of advance() goes as far as it can.
 *
 * Statements are sent in flights: all at once, in a pipeline, answered in order. A flight is one transaction, without
 * BEGIN and COMMIT: PostgreSQL makes what stands before a pipeline's Sync an implicit one. No state is kept in a
 * session, so that a pooler may give each flight another one. */
/* SPDX-License-Identifier: MIT */
#ifndef WICK_STORE_POSTGRES_H
#define WICK_STORE_POSTGRES_H

#include "lib/store/backoff.h"
#include "lib/store/candle_order.h"
#include "lib/store/postgres_parameters.h"
#include "lib/store/row.h"
#include "lib/store/select.h"
#include "lib/store/series_map.h"
#include "lib/store/store.h"

#include <libpq-fe.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum postgres_state {
    POSTGRES_AWAY,       /* not connected; tries again at the deadline */
    POSTGRES_CONNECTING, /* libpq negotiates */
    POSTGRES_PREPARING,  /* the schema is brought up to date */
    POSTGRES_READY,      /* idle */
    POSTGRES_WORKING,    /* a write, lease or query is under way */
    POSTGRES_STATES
};

enum { POSTGRES_TIMEOUT_MS = 10000 /* silence of a server that owes an answer, before it is given up */ };

struct postgres;

/* Receives one result of a flight, which has no error, and owns it. A code ends the flight with it. */
typedef int (*postgres_result_fn)(struct postgres *postgres, PGresult *result);

/* Called when a flight is over: with 0 after its commit, or with ERROR_STORE or ERROR_DENIED and nothing written. A
 * lost connection does not come here: postgres_lost() has dealt with it. */
typedef void (*postgres_end_fn)(struct postgres *postgres, int code);

/* The write, lease or query under way. */
struct postgres_work {
    struct store_batch batch;
    struct lease_request request;
    struct query query;
    struct select_parameters parameters;
    struct select_place sent, received; /* how far the statements of the query were sent, and answered */
    store_part_fn part;
    store_done_fn done;
    void *user;
    struct store_result result;
};

struct postgres {
    struct store *store;
    PQconninfoOption *options; /* the URL, taken apart; owned; has the password */
    enum postgres_state state;
    PGconn *connection; /* NULL: away */
    PostgresPollingStatusType polling; /* what CONNECTING waits for */
    bool unflushed;      /* libpq has more to send than the socket took */
    int64_t deadline_ms; /* monotonic; of the state */
    struct backoff backoff;
    int schema_version;  /* while PREPARING */

    bool flying; /* a flight is under way */
    int flight_code;          /* its first error; those that follow are consequences */
    char flight_message[256]; /* of that error */
    postgres_result_fn on_result;
    postgres_end_fn on_end;
    PGresult *rows; /* of a query, being handed out; nothing else is received meanwhile */
    int next_row;

    struct postgres_work work;
    struct postgres_parameters parameters;
    struct series_map series;
    struct candle_order order;
    struct part_buffer buffer;
};

/* ---- postgres.c ---- */

/* The one place where the state changes. */
void postgres_enter(struct postgres *postgres, enum postgres_state state);

/* Begins a piece of work if the database is ready; otherwise answers it with ERROR_CONNECTION and returns false. */
bool postgres_begin_work(struct postgres *postgres, struct postgres_work work);

/* Ends the work under way and calls back. `code` comes with its message in the error chain. */
void postgres_end_work(struct postgres *postgres, int code);

/* ---- postgres_connection.c ---- */

/* Takes the URL apart. ERROR_ARGUMENT, without a word of the URL. */
int postgres_parse_url(struct postgres *postgres, const char *url) MUST_CHECK;

/* Begins to connect, and goes on with it; PREPARING follows. */
void postgres_connect(struct postgres *postgres);
void postgres_connect_on(struct postgres *postgres);

/* Gives the connection up for the reason in the error chain, and fails the work under way with ERROR_CONNECTION. */
void postgres_lost(struct postgres *postgres);

/* Puts what libpq said last into the error chain, on one line and without the password. Returns ERROR_CONNECTION. */
int postgres_error(struct postgres *postgres, const char *doing) MUST_CHECK;

/* ---- postgres_flight.c ---- */

/* Adds a statement with the parameters collected, which are cleared. Results are binary. */
int postgres_send(struct postgres *postgres, const char *sql) MUST_CHECK;

/* Ends the list of statements and lets them go. `code` is that of sending them: a failure gives the connection up. */
void postgres_fly(struct postgres *postgres, int code, postgres_result_fn on_result, postgres_end_fn on_end);

/* The same for SQL text of several statements, outside of a pipeline. */
void postgres_fly_text(struct postgres *postgres, const char *sql, postgres_result_fn on_result,
                       postgres_end_fn on_end);

/* Sends and receives what can be without waiting. */
void postgres_exchange(struct postgres *postgres);

/* Makes the flight under way end with a code, whose message is in the error chain. */
void postgres_fail_flight(struct postgres *postgres, int code);

/* A result that nobody needs. */
int postgres_ignore(struct postgres *postgres, PGresult *result) MUST_CHECK;

/* One value of a binary result, by the field it is for. */
struct cell postgres_cell(const PGresult *result, int row, int column, const struct field_row *field);
int64_t postgres_integer(const PGresult *result, int row, int column);

/* ---- postgres_schema.c ---- */

/* Begins to bring the schema up to date; READY follows. */
void postgres_prepare(struct postgres *postgres);

/* Adds the statement that reads the ids of all series, and takes its result. */
int postgres_send_load_series(struct postgres *postgres) MUST_CHECK;
int postgres_take_series(struct postgres *postgres, PGresult *result) MUST_CHECK;

/* ---- postgres_query.c ---- */

/* Hands out one part of the rows that were received. */
void postgres_hand_out(struct postgres *postgres);

/* The members of struct store_kind in postgres_write.c and postgres_query.c. */
void postgres_write(struct store *store, const struct store_batch *batch, store_done_fn done, void *user);
void postgres_lease(struct store *store, const struct lease_request *request, store_done_fn done, void *user);
void postgres_query(struct store *store, const struct query *query, store_part_fn part, store_done_fn done,
                    void *user);

#endif
