/* A store: a database behind one struct of functions. SQLite is the simple one, PostgreSQL the large one; both pass
 * the same contract tests and offer the same views.
 *
 * A store never blocks for longer than one local transaction. Work is handed over with begin and done when the
 * callback says so; an engine with a network behind it returns at once and goes on in advance(), which the owner
 * calls whenever the descriptor is ready or the deadline has come. At most one write is under way at a time, and one
 * lease; takes() says what an engine takes beside each other; the owner queues the rest. */
/* SPDX-License-Identifier: MIT */
#ifndef WICK_STORE_STORE_H
#define WICK_STORE_STORE_H

#include "lib/base/error.h"
#include "proto/message.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct store;

/* A row with the name that its message carries only once. */
struct store_candle {
    const char *exchange; /* at most NAME_SIZE - 1 bytes; valid until done */
    struct candle_event event;
};

struct store_series_start {
    const char *exchange;
    struct series_start start;
};

struct store_absence {
    const char *exchange;
    struct absence absence;
};

/* An exchange's clock, as its fetcher knows it. What is kept for how long counts from it; of an exchange whose clock was
 * never told, everything is kept. */
struct store_clock {
    const char *exchange; /* NULL: it is not told */
    int64_t exchange_ms;
};

/* What one transaction writes, all of it or nothing. Arrays are the caller's and stay valid until done; the struct
 * itself need not. Rows may repeat what is stored or each other: only what is new or different is written. Of outcomes,
 * fills and series starts the first word on a key stays for ever. Of the same candle the last row wins. Of the same
 * order, position or account the row with the highest version wins, among equals the last, whatever the order in which
 * they come: deliveries that are sent until they are acked overtake each other. */
struct store_batch {
    const struct store_candle *candles;
    size_t candle_count;
    bool history; /* the candles are old ones that are most probably new to the store, sorted by series and time */
    const struct store_absence *absences;
    size_t absence_count;
    const struct store_series_start *series;
    size_t series_count;
    const struct signal_outcome *outcomes;
    const uint64_t *outcome_versions; /* of each row: generation << 32 | its delivery; NULL: all 0 */
    size_t outcome_count;
    const struct order *orders;
    const uint64_t *order_versions; /* likewise, as below */
    size_t order_count;
    const struct fill *fills;
    const uint64_t *fill_versions;
    size_t fill_count;
    const struct position *positions; /* quantity 0 deletes it from v_positions, its realised profit stays */
    const uint64_t *position_versions;
    size_t position_count;
    const struct account *accounts; /* points of the equity curve, one a time_ms */
    const uint64_t *account_versions;
    size_t account_count;
    /* Who changes the ledger: with the lease "trader" at a higher generation, which is checked in the transaction
     * itself, nothing of the batch is written. 0: nobody asks. */
    uint64_t ledger_generation;
    struct store_clock clock; /* kept to the minute, and not counted among the rows that have changed */
};

/* The result of any work. `code` 0, or
 *   ERROR_CONNECTION  the database is away; nothing was written as far as can be known; the same work may be handed
 *                     over again, as often as needed;
 *   ERROR_STORE       the database refuses this work and will refuse it again (a constraint, a bad value);
 *   ERROR_DENIED      the batch comes from a generation that is over. */
struct store_result {
    int code;
    char message[256];
    uint64_t changed; /* rows that were new or different */
    /* For a lease: */
    bool granted;
    uint64_t generation; /* the lease's current one, granted or not; 0: it was never granted to anybody */
};

typedef void (*store_done_fn)(void *user, const struct store_result *result);

/* The rows of a query, in parts of at most STORE_PART_ROWS rows; `part` and its rows live until the callback
 * returns. The done callback follows the last part. One call of advance, or of query, calls back about one part or end
 * of a query at most, and about none while the store's holds_answers is set, so that an owner who cannot get rid of one
 * need not keep a second. */
enum {
    STORE_PART_ROWS = 500,
    STORE_ROWS_MAX = 100000, /* a query's limit is at most this */
    STORE_POOL_MAX = 100,    /* connections of a pool, and as many of its overflow */
    STORE_RETENTIONS_MAX = 16,
};
struct store_part {
    const char *symbol; /* of the candles; NULL: none */
    uint32_t interval_s;
    const struct candle *candles;
    size_t candle_count;
    const struct series_start *series;
    size_t series_count;
    const struct signal_outcome *outcomes;
    size_t outcome_count;
    const struct order *orders;
    size_t order_count;
    const struct fill *fills;
    size_t fill_count;
    const struct position *positions;
    size_t position_count;
    const struct account *accounts;
    size_t account_count;
    const struct series_coverage *coverages;
    size_t coverage_count;
    const struct absence *absences;
    size_t absence_count;
};
typedef void (*store_part_fn)(void *user, const struct store_part *part);

/* What the owner has to wait for before it calls advance again. */
struct store_wait {
    int fd;              /* -1: none */
    bool read, write;    /* on that descriptor */
    int64_t deadline_ms; /* monotonic; call advance then at the latest; INT64_MAX: never */
};

enum store_work {
    STORE_WRITE,
    STORE_LEASE,
    STORE_QUERY,
    STORE_UPKEEP, /* what a store does by itself; nobody hands it over */
};

/* How long the candles of an interval are kept, by the clock of their exchange that was told last. */
struct store_retention {
    uint32_t interval_s;
    int64_t keep_ms;
};

/* How an engine with a network behind it uses its connections; and what is kept. */
struct store_settings {
    unsigned pool_min;      /* connections that are kept open, 1 or more */
    unsigned pool_size;     /* that are kept for a while when they are idle, STORE_POOL_MAX at most */
    unsigned pool_overflow; /* more of them while there is work for them, STORE_POOL_MAX at most */
    int64_t pool_wait_ms;   /* how long a piece of work waits for a connection */
    bool pre_ping;          /* one that was idle for a while is tested before it is used */
    struct store_retention retentions[STORE_RETENTIONS_MAX]; /* of each interval once; the others are kept for ever */
    size_t retention_count;
};
extern const struct store_settings store_settings_default;

/* The connections of a store now. */
struct store_pool {
    size_t connections; /* that answer */
    size_t used;        /* that are doing work */
    uint64_t waits;     /* pieces of work that had to wait for one, since the store was opened */
};

struct store_kind {
    const char *scheme;       /* "sqlite", "postgresql" */
    const char *other_scheme; /* another spelling of it that is accepted, or NULL */
    size_t state_size;

    /* Begins to open the database that the URL names and to bring its schema up to date. Returns without waiting for
     * a network. ERROR_ARGUMENT for a URL that makes no sense. What is wrong with the database itself (away, wrong
     * password, no right) shows as ERROR_CONNECTION in results and in state_text; it goes on trying by itself, with
     * pauses from 0.25 to 10 s. The URL's password never gets into a message. */
    int (*open)(struct store *store, const char *url, const struct store_settings *settings);
    void (*close)(struct store *store);

    /* Whether the database answers, its schema is up to date, and the last write was not put off by its state (a full
     * disk, a locked table); work may be handed over in any case. */
    bool (*ready)(const struct store *store);

    /* Whether no work is under way. */
    bool (*idle)(const struct store *store);

    /* Whether a piece of work of this kind may be handed over now and would not be refused at once. */
    bool (*takes)(const struct store *store, enum store_work work);

    /* What there is to wait for. */
    void (*wait)(const struct store *store, struct store_wait *out);

    /* Does what can be done without waiting. Callbacks come from here, or from write, lease and query themselves.
     * A callback must not hand over the next work; that is for after the call has returned. */
    void (*advance)(struct store *store, int64_t now_ms);

    /* Writes a batch in one transaction; `done` comes after the commit. */
    void (*write)(struct store *store, const struct store_batch *batch, store_done_fn done, void *user);

    /* Takes, renews or gives back a lease: the row changes hands only when it has run out by the database's own
     * clock, and its generation grows each time it does. To give back what one does not hold changes nothing, and
     * so tells the generation. */
    void (*lease)(struct store *store, const struct lease_request *request, store_done_fn done, void *user);

    /* Answers a query of any kind but QUERY_KIND_PROCESSES. Rows of the ledger are filtered and sorted by when they
     * came to be: decided_ms, created_ms, time_ms. */
    void (*query)(struct store *store, const struct query *query, store_part_fn part, store_done_fn done, void *user);
};

/* A store is its kind and the kind's private state behind it. */
struct store {
    const struct store_kind *kind;
    void *state;       /* kind->state_size bytes, zeroed before open; owned */
    char text[256];    /* what it is doing or what is wrong, for people; never a secret */
    bool is_held;      /* it is not ready only because somebody else holds it, which passes by itself */
    struct store_pool pool;
    bool holds_answers; /* set by the owner: no part and no end of a query for now */
};

/* All engines, one line each in store.c. */
extern const struct store_kind *const store_kinds[];
extern const size_t store_kind_count;

/* Finds the engine by the URL's scheme and opens it. ERROR_ARGUMENT with the schemes that exist; ERROR_MEMORY. The
 * second is the same with store_settings_default. */
int store_open_with(struct store *store, const char *url, const struct store_settings *settings) MUST_CHECK;
int store_open(struct store *store, const char *url) MUST_CHECK;
void store_close(struct store *store);

#endif
