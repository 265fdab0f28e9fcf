/* What the files of the PostgreSQL engine share. Nothing here waits: libpq runs in its non-blocking mode, what has to
 * be waited for comes out through wait(), and every call of advance() goes as far as it can.
 *
 * A session is one connection and the work that it does; the pool has several and gives each piece of work one: one
 * for leases alone, one for the write under way, the others for queries. Statements are sent in flights: all at once,
 * in a pipeline, answered in order. A flight is one transaction, without BEGIN and COMMIT: PostgreSQL makes what stands
 * before a pipeline's Sync an implicit one. No state is kept in a session of the server, so that a pooler may give each
 * flight another one. */
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
    POSTGRES_AWAY,       /* not connected: a free place of the pool */
    POSTGRES_CONNECTING, /* libpq negotiates */
    POSTGRES_PREPARING,  /* the schema is brought up to date */
    POSTGRES_READY,      /* idle */
    POSTGRES_WORKING,    /* a write, lease or query is under way */
    POSTGRES_STATES
};

enum {
    POSTGRES_CONNECT_MS = 10000,   /* silence of a server that is connected to, before it is given up */
    POSTGRES_MIGRATE_MS = 1800000, /* of one that changes its schema */
    POSTGRES_PING_MS = 3000,       /* of one that is asked whether it is still there */
    POSTGRES_STALE_MS = 15000,     /* a session that was idle for so long is asked so before it is used */
    POSTGRES_SPARE_MS = 60000,     /* one above pool_min that was idle for so long is closed */
    POSTGRES_OVERFLOW_MS = 5000,   /* one above pool_size likewise */
    POSTGRES_LOOK_MS = 100,        /* how often waiting work and spare sessions are looked at */
    POSTGRES_SESSIONS_MAX = 2 * STORE_POOL_MAX,
    POSTGRES_QUERIES_MAX = 32, /* that run or wait for a session */
};

/* How long a write may wait for a lock, and each of its statements may take, as PostgreSQL writes it. */
#define POSTGRES_WRITE_LOCK "5s"
#define POSTGRES_WRITE_TIME "60s"

struct postgres;
struct postgres_session;

/* Receives one result of a flight, which has no error, and owns it. A code ends the flight with it. */
typedef int (*postgres_result_fn)(struct postgres_session *session, PGresult *result);

/* Called when a flight is over: with 0 after its commit, or with a code and nothing written. A lost connection does not
 * come here: postgres_lost() has dealt with it. */
typedef void (*postgres_end_fn)(struct postgres_session *session, int code);

/* A write, lease or query. */
struct postgres_work {
    enum postgres_work_state { WORK_NONE, WORK_WAITS, WORK_RUNS } state;
    enum store_work kind;
    uint64_t number;  /* in the order in which work was handed over */
    int64_t since_ms; /* monotonic; when that was */
    bool waited;      /* for a session; counted once */
    void (*begin)(struct postgres_session *session);
    struct store_batch batch;
    struct lease_request request;
    struct query query;
    struct select_parameters parameters; /* points into `query` */
    struct select_place sent, received; /* how far the statements of the query were sent, and answered */
    store_part_fn part;
    store_done_fn done;
    void *user;
    struct store_result result;
};

struct postgres_session {
    struct postgres *pool;
    enum postgres_state state;
    PGconn *connection;                /* NULL: away */
    PostgresPollingStatusType polling; /* what CONNECTING waits for */
    bool unflushed;      /* libpq has more to send than the socket took */
    int64_t deadline_ms; /* monotonic; when its silence has lasted too long */
    int64_t idle_since_ms;
    int schema_version;  /* while PREPARING */
    bool migrating;      /* the schema is being changed, which may take long */
    int watched_fd;      /* as the poller knows it; -1: it does not */
    unsigned watched;    /* events */

    bool flying; /* a flight is under way */
    int leading; /* results at its front that nobody needs */
    int flight_code;          /* its first error; those that follow are consequences */
    bool flight_lost;         /* after that error the connection is of no use */
    char flight_message[256]; /* of that error */
    postgres_result_fn on_result;
    postgres_end_fn on_end, on_copied;
    PGresult *rows; /* of a query, being handed out; nothing else is received meanwhile */
    int next_row;

    struct postgres_work *work; /* while WORKING */
    bool pinging;               /* it is asked whether it is still there; the work has not begun */
    struct postgres_parameters parameters;
};

/* The time of one partition of candles. */
struct postgres_month {
    int64_t from_ms, to_ms;
};

struct postgres {
    struct store *store;
    struct store_settings settings;
    PQconninfoOption *options; /* the URL, taken apart; owned; has the password */
    int poller;                /* an epoll descriptor with the sockets of all sessions */
    struct postgres_session sessions[POSTGRES_SESSIONS_MAX];
    size_t next_session;       /* who goes on first in the next call of advance */
    struct postgres_session *for_leases; /* does nothing else; NULL: none is ready yet */
    struct backoff backoff;
    int64_t retry_ms; /* monotonic; no connecting before */
    struct postgres_work lease, write, queries[POSTGRES_QUERIES_MAX];
    uint64_t number; /* of the last piece of work */
    bool spoke; /* the owner of a query was called back in this call of advance */

    /* While the server answers but does not write: a full disk, a locked table. */
    bool write_fails;
    struct backoff write_backoff;
    int64_t write_again_ms; /* monotonic */

    struct postgres_month *months; /* the partitions as they were when they were last looked at; owned */
    size_t month_count;
    struct postgres_work upkeep;
    size_t upkeep_step; /* of a round */
    int64_t upkeep_ms;  /* monotonic; when the next step is due */

    struct series_map series; /* only ever grows while somebody is connected: queries stand in it */
    struct candle_order order;
    struct part_buffer buffer;
};

/* ---- postgres.c ---- */

/* The one place where the state of a session changes. */
void postgres_enter(struct postgres_session *session, enum postgres_state state);

/* Says in the store's text how things are. */
void postgres_tell(struct postgres *pool);

/* ---- postgres_pool.c ---- */

/* Sessions that are connected and prepared, and those that are or want to be. */
size_t postgres_usable(const struct postgres *pool);
size_t postgres_open_sessions(const struct postgres *pool);

/* Hands work over: it runs once there is a session for it. Answered with ERROR_CONNECTION when there is none at all. */
void postgres_hand_over(struct postgres *pool, struct postgres_work *place, struct postgres_work work);

/* A free place for a query; there must be one. */
struct postgres_work *postgres_query_place(struct postgres *pool);
bool postgres_takes_query(const struct postgres *pool);

/* Whether the session has to wait until its query's owner takes answers. */
bool postgres_is_held(const struct postgres_session *session);

/* Gives idle sessions to the work that waits, opens and closes sessions, ends work that has waited for too
 * long. */
void postgres_dispatch(struct postgres *pool, int64_t now_ms);

/* When postgres_dispatch() has something to do at the latest. */
int64_t postgres_dispatch_deadline(const struct postgres *pool);

/* Ends the work of a session, which is idle again, and calls back. `code` comes with its message in the error chain. */
void postgres_end_work(struct postgres_session *session, int code);

/* What becomes of a session's work when its connection is lost, for the reason in the error chain. */
void postgres_drop_work(struct postgres_session *session);

/* ---- postgres_connection.c ---- */

/* Takes the URL apart. ERROR_ARGUMENT, without a word of the URL. */
int postgres_parse_url(struct postgres *pool, const char *url) MUST_CHECK;

/* Begins to connect, and goes on with it; PREPARING follows. */
void postgres_connect(struct postgres_session *session);
void postgres_connect_on(struct postgres_session *session);

/* Gives the connection up for the reason in the error chain. */
void postgres_lost(struct postgres_session *session);

/* Closes a connection that does nothing. */
void postgres_disconnect(struct postgres_session *session);

/* Lets the poller know what the session waits for. */
void postgres_watch(struct postgres_session *session);

/* Puts what libpq said last into the error chain, on one line and without the password. Returns ERROR_CONNECTION. */
int postgres_error(struct postgres_session *session, const char *doing) MUST_CHECK;

/* ---- postgres_flight.c ---- */

/* Adds a statement with the parameters collected, which are cleared. Results are binary. */
int postgres_send(struct postgres_session *session, const char *sql) MUST_CHECK;

/* Adds the statement that bounds how long those behind it may wait for a lock, and take. */
int postgres_send_limits(struct postgres_session *session) MUST_CHECK;

/* Ends the list of statements and lets them go. `code` is that of sending them: a failure gives the connection up. */
void postgres_fly(struct postgres_session *session, int code, postgres_result_fn on_result, postgres_end_fn on_end);

/* The same for SQL text of several statements, outside of a pipeline. */
void postgres_fly_text(struct postgres_session *session, const char *sql, postgres_result_fn on_result,
                       postgres_end_fn on_end);

/* Sends and receives what can be without waiting. */
void postgres_exchange(struct postgres_session *session);

/* Makes the flight under way end with a code, whose message is in the error chain. */
void postgres_fail_flight(struct postgres_session *session, int code);

/* A result that nobody needs. */
int postgres_ignore(struct postgres_session *session, PGresult *result) MUST_CHECK;

/* How long a server may keep silent during this kind of work, in ms. */
int64_t postgres_silence_ms(const struct postgres_session *session);

/* One value of a binary result, by the field it is for. */
struct cell postgres_cell(const PGresult *result, int row, int column, const struct field_row *field);
int64_t postgres_integer(const PGresult *result, int row, int column);

/* ---- postgres_schema.c ---- */

/* Begins to bring the schema up to date; READY follows. */
void postgres_prepare(struct postgres_session *session);

/* Adds the statement that reads the ids of all series, and takes its result. */
int postgres_send_load_series(struct postgres_session *session) MUST_CHECK;
int postgres_take_series(struct postgres_session *session, PGresult *result) MUST_CHECK;

/* ---- postgres_copy.c ---- */

/* Writes candles, in the order of the pool's candle_order, that are most probably new: by COPY, in a transaction of
 * their own. `on_end` may come with ERROR_EXISTS: some are there already, nothing was written. */
void postgres_copy(struct postgres_session *session, postgres_end_fn on_end);

/* Sends the candles once the server is ready for them. */
int postgres_put_copy(struct postgres_session *session) MUST_CHECK;

/* ---- postgres_write.c ---- */

/* Counts the rows that a statement has written, as those of the work. */
int postgres_count_changed(struct postgres_session *session, PGresult *result) MUST_CHECK;

/* ---- postgres_months.c ---- */

/* Takes the partitions that there are. ERROR_MEMORY. */
int postgres_take_months(struct postgres *pool, const PGresult *result) MUST_CHECK;

/* How many times of a batch's candles are to be named when the partitions that it lacks are made; 0: it lacks none. */
size_t postgres_count_lacking(const struct postgres *pool, const struct store_batch *batch);

/* Adds the statements that make them, and list all that there are. `count` as above. */
int postgres_send_ensure(struct postgres_session *session, size_t count) MUST_CHECK;

/* Puts the next step of the upkeep among the work that waits, when it is due. */
void postgres_keep_up(struct postgres *pool, int64_t now_ms);

/* ---- postgres_query.c ---- */

/* Hands out one part of the rows that were received. */
void postgres_hand_out(struct postgres_session *session);

/* The members of struct store_kind in postgres_write.c and postgres_query.c. */
void postgres_write(struct store *store, const struct store_batch *batch, store_done_fn done, void *user);
void postgres_lease(struct store *store, const struct lease_request *request, store_done_fn done, void *user);
void postgres_query(struct store *store, const struct query *query, store_part_fn part, store_done_fn done,
                    void *user);

#endif
