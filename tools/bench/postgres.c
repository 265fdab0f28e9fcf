/* The PostgreSQL store beside bare libpq loops that write the same rows into a table of the same columns: the upsert
 * of a batch, and the load of history. */
/* SPDX-License-Identifier: MIT */
#include "lib/base/clock.h"
#include "lib/store/store.h"
#include "tools/bench/bench.h"

#include <arpa/inet.h>
#include <endian.h>
#include <libpq-fe.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    SERIES = 250,
    UPSERT_DEPTH = 20, /* candles of a series in a batch */
    HISTORY_DEPTH = 100,
    ROWS_MAX = SERIES * HISTORY_DEPTH,
    COLUMNS = 9,
    PATIENCE_MS = 30000,
    OID_INT2 = 21, /* pg_type.dat */
    OID_INT4 = 23,
    OID_INT8 = 20,
    OID_INT2_ARRAY = 1005,
    OID_INT4_ARRAY = 1007,
    OID_INT8_ARRAY = 1016,
    CELL_SIZE = 4 + 8, /* length and value, at most */
    ARRAY_HEADER = 20,
};

/* The bare table's columns: series, time, four prices, volume, two scales. */
static const struct {
    unsigned element, array;
    int width; /* bytes */
} columns[COLUMNS] = {
    {OID_INT4, OID_INT4_ARRAY, 4}, {OID_INT8, OID_INT8_ARRAY, 8}, {OID_INT8, OID_INT8_ARRAY, 8},
    {OID_INT8, OID_INT8_ARRAY, 8}, {OID_INT8, OID_INT8_ARRAY, 8}, {OID_INT8, OID_INT8_ARRAY, 8},
    {OID_INT8, OID_INT8_ARRAY, 8}, {OID_INT2, OID_INT2_ARRAY, 2}, {OID_INT2, OID_INT2_ARRAY, 2},
};

static struct store store;
static PGconn *bare;
static struct store_candle rows[ROWS_MAX];
static char *buffer; /* of the bare loops */
static int64_t next_open_ms = 1700000000000 / 60000 * 60000; /* each run writes candles that are new to both */
static struct store_result last;

/* ---- the rows ---- */

static void make_rows(int depth)
{
    next_open_ms += (int64_t)depth * 60000;
    for (int i = 0; i < SERIES * depth; i++) {
        struct store_candle *row = &rows[i];
        *row = (struct store_candle){.exchange = "bench",
                                     .event = {.interval_s = 60,
                                               .candle = {.open_time_ms = next_open_ms + i % depth * 60000,
                                                          .open = 9780544,
                                                          .high = 9781359 + i,
                                                          .low = 9767602,
                                                          .close = 9769128 + i,
                                                          .volume = 7650422,
                                                          .price_scale = 2,
                                                          .volume_scale = 5}}};
        (void)snprintf(row->event.symbol, sizeof row->event.symbol, "S%03dUSDT", i / depth);
    }
}

static int64_t cell(const struct store_candle *row, int index, int depth, int column)
{
    const struct candle *candle = &row->event.candle;
    const int64_t values[COLUMNS] = {index / depth, candle->open_time_ms, candle->open,        candle->high,         candle->low,
                                     candle->close, candle->volume,       candle->price_scale, candle->volume_scale};
    return values[column];
}

static char *put(char *at, int width, int64_t value)
{
    uint64_t big = htobe64((uint64_t)value);
    memcpy(at, (char *)&big + 8 - width, (size_t)width);
    return at + width;
}

/* ---- ours ---- */

static void on_done(void *user, const struct store_result *result)
{
    (void)user;
    last = *result;
}

/* Lets the store go on until `over` says so. */
static int drive(bool (*over)(void))
{
    int64_t end_ms = clock_monotonic_ms() + PATIENCE_MS;
    while (!over()) {
        struct store_wait wait;
        int64_t now_ms = clock_monotonic_ms();
        if (now_ms > end_ms)
            return error_set(ERROR_TIMEOUT, "the store: %s", store.text);
        store.kind->wait(&store, &wait);
        struct pollfd watched = {.fd = wait.fd,
                                 .events = (short)((wait.read ? POLLIN : 0) | (wait.write ? POLLOUT : 0))};
        int64_t pause_ms = wait.deadline_ms > now_ms + 100 ? 100 : wait.deadline_ms - now_ms;
        (void)poll(&watched, 1, pause_ms > 0 ? (int)pause_ms : 0);
        store.kind->advance(&store, clock_monotonic_ms());
    }
    return 0;
}

static bool is_ready(void)
{
    return store.kind->ready(&store);
}

static bool is_written(void)
{
    return last.code != ERROR_AGAIN;
}

static int write_ours(int depth, bool history)
{
    make_rows(depth);
    const struct store_batch batch = {
        .candles = rows, .candle_count = (size_t)(SERIES * depth), .history = history};
    last = (struct store_result){.code = ERROR_AGAIN};
    store.kind->write(&store, &batch, on_done, NULL);
    int code = drive(is_written);
    if (code == 0 && (last.code != 0 || last.changed != (uint64_t)(SERIES * depth)))
        return error_set(ERROR_STORE, "the store wrote %llu rows: %s", (unsigned long long)last.changed, last.message);
    return code;
}

static int upsert_ours(void)
{
    return write_ours(UPSERT_DEPTH, false);
}

static int load_ours(void)
{
    return write_ours(HISTORY_DEPTH, true);
}

/* ---- bare libpq ---- */

static int check(PGresult *result, ExecStatusType expected)
{
    int code = PQresultStatus(result) == expected ? 0
                                                  : error_set(ERROR_STORE, "bare libpq: %s", PQerrorMessage(bare));
    PQclear(result);
    return code;
}

/* A one-dimensional array without NULLs (array_recv). Returns its length in bytes. */
static int put_array(char *at, int depth, int column)
{
    int count = SERIES * depth, width = columns[column].width;
    char *end = at;
    const int64_t header[] = {1, 0, columns[column].element, count, 1};
    for (size_t i = 0; i < sizeof header / sizeof header[0]; i++)
        end = put(end, 4, header[i]);
    for (int i = 0; i < count; i++)
        end = put(put(end, 4, width), width, cell(&rows[i], i, depth, column));
    return (int)(end - at);
}

static int upsert_bare(void)
{
    const char *values[COLUMNS];
    int lengths[COLUMNS], formats[COLUMNS];
    char *at = buffer;
    make_rows(UPSERT_DEPTH);
    for (int column = 0; column < COLUMNS; column++) {
        values[column] = at;
        lengths[column] = put_array(at, UPSERT_DEPTH, column);
        formats[column] = 1;
        at += lengths[column];
    }
    return check(PQexecPrepared(bare, "upsert", COLUMNS, values, lengths, formats, 1), PGRES_COMMAND_OK);
}

static int load_bare(void)
{
    static const char signature[] = "PGCOPY\n\377\r\n\0\0\0\0\0\0\0\0";
    make_rows(HISTORY_DEPTH);
    char *at = buffer;
    memcpy(at, signature, sizeof signature);
    at += 19; /* the signature's eleven bytes, flags, no extension */
    for (int i = 0; i < SERIES * HISTORY_DEPTH; i++) {
        at = put(at, 2, COLUMNS);
        for (int column = 0; column < COLUMNS; column++)
            at = put(put(at, 4, columns[column].width), columns[column].width,
                     cell(&rows[i], i, HISTORY_DEPTH, column));
    }
    at = put(at, 2, -1);
    int code = check(PQexec(bare, "COPY bare_candles FROM STDIN (FORMAT binary)"), PGRES_COPY_IN);
    if (code == 0 && (PQputCopyData(bare, buffer, (int)(at - buffer)) != 1 || PQputCopyEnd(bare, NULL) != 1))
        code = error_set(ERROR_STORE, "bare libpq: %s", PQerrorMessage(bare));
    return code != 0 ? code : check(PQgetResult(bare), PGRES_COMMAND_OK);
}

/* ---- set-up ---- */

static int open_bare(void)
{
    static const char table[] =
        "DROP TABLE IF EXISTS bare_candles; CREATE TABLE bare_candles (series_id integer NOT NULL, open_time_ms bigint"
        " NOT NULL, open bigint NOT NULL, high bigint NOT NULL, low bigint NOT NULL, close bigint NOT NULL, volume"
        " bigint NOT NULL, price_scale smallint NOT NULL, volume_scale smallint NOT NULL, PRIMARY KEY (series_id,"
        " open_time_ms))";
    static const char upsert[] =
        "INSERT INTO bare_candles SELECT * FROM unnest($1, $2, $3, $4, $5, $6, $7, $8, $9)"
        " ON CONFLICT (series_id, open_time_ms) DO UPDATE SET open = excluded.open, high = excluded.high,"
        " low = excluded.low, close = excluded.close, volume = excluded.volume WHERE (bare_candles.open,"
        " bare_candles.high, bare_candles.low, bare_candles.close, bare_candles.volume) IS DISTINCT FROM"
        " (excluded.open, excluded.high, excluded.low, excluded.close, excluded.volume)";
    Oid types[COLUMNS];
    for (int i = 0; i < COLUMNS; i++)
        types[i] = columns[i].array;
    bare = PQconnectdb(bench_given.database_url);
    if (PQstatus(bare) != CONNECTION_OK)
        return error_set(ERROR_CONNECTION, "bare libpq: %s", PQerrorMessage(bare));
    int code = check(PQexec(bare, table), PGRES_COMMAND_OK);
    return code != 0 ? code : check(PQprepare(bare, "upsert", upsert, COLUMNS, types), PGRES_COMMAND_OK);
}

static int set_up(void)
{
    buffer = malloc((size_t)ROWS_MAX * COLUMNS * CELL_SIZE + COLUMNS * ARRAY_HEADER);
    if (buffer == NULL)
        return error_set(ERROR_MEMORY, "no memory");
    int code = store_open(&store, bench_given.database_url);
    if (code == 0)
        code = drive(is_ready);
    return code == 0 ? open_bare() : code;
}

static void tear_down(void)
{
    store_close(&store);
    PQfinish(bare);
    free(buffer);
}

const struct bench bench_postgres[] = {
    {"upsert into PostgreSQL", "5,000 new rows a transaction, beside a prepared statement with binary arrays", 1.11,
     SERIES *UPSERT_DEPTH, &bench_given.database_url, true, set_up, upsert_ours, upsert_bare, tear_down},
    {"load into PostgreSQL", "25,000 old candles, beside COPY BINARY straight into a bare table", 1.18,
     SERIES *HISTORY_DEPTH, &bench_given.database_url, true, set_up, load_ours, load_bare, tear_down},
    {0},
};
