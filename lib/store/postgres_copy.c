/* PostgreSQL: candles by COPY. Format: "Binary Format" on PostgreSQL's page about COPY. */
/* SPDX-License-Identifier: MIT */
#include "lib/store/postgres.h"

#include <assert.h>
#include <endian.h>
#include <stdlib.h>
#include <string.h>

/* The columns in the order of the table, which is that of the record with the series between times and scales. */
static const char copy_sql[] =
    "SELECT set_config('lock_timeout', '" POSTGRES_WRITE_LOCK "', true),"
    "  set_config('statement_timeout', '" POSTGRES_WRITE_TIME "', true);"
    " COPY candles (series_id, open_time_ms, open, high, low, close, volume, price_scale, volume_scale)"
    " FROM STDIN (FORMAT binary)";

enum {
    COLUMNS = 9,
    ROW_SIZE = 2 + 4 + 4 + 6 * (4 + 8) + 2 * (4 + 2), /* a count, then each column behind its length */
    CHUNK_ROWS = 512,
};

static const char head[] = "PGCOPY\n\377\r\n\0\0\0\0\0\0\0\0\0"; /* signature, no flags, no extension */
static_assert(sizeof head - 1 == 11 + 4 + 4, "the header of COPY has 19 bytes");

/* ---- rows ---- */

static unsigned char *put2(unsigned char *at, uint16_t integer)
{
    uint16_t swapped = htobe16(integer);
    memcpy(at, &swapped, sizeof swapped);
    return at + sizeof swapped;
}

static unsigned char *put4(unsigned char *at, uint32_t integer)
{
    uint32_t swapped = htobe32(integer);
    memcpy(at, &swapped, sizeof swapped);
    return at + sizeof swapped;
}

static unsigned char *put_int2(unsigned char *at, uint16_t integer)
{
    return put2(put4(at, 2), integer);
}

static unsigned char *put_int4(unsigned char *at, uint32_t integer)
{
    return put4(put4(at, 4), integer);
}

static unsigned char *put_int8(unsigned char *at, int64_t integer)
{
    uint64_t swapped = htobe64((uint64_t)integer);
    at = put4(at, 8);
    memcpy(at, &swapped, sizeof swapped);
    return at + sizeof swapped;
}

static unsigned char *put_candle(unsigned char *at, int32_t series_id, const struct candle *candle)
{
    at = put2(at, COLUMNS);
    at = put_int4(at, (uint32_t)series_id);
    at = put_int8(at, candle->open_time_ms);
    at = put_int8(at, candle->open);
    at = put_int8(at, candle->high);
    at = put_int8(at, candle->low);
    at = put_int8(at, candle->close);
    at = put_int8(at, candle->volume);
    at = put_int2(at, candle->price_scale);
    return put_int2(at, candle->volume_scale);
}

static int put_rows(struct postgres_session *session, size_t from, size_t end)
{
    unsigned char bytes[CHUNK_ROWS * ROW_SIZE], *at = bytes;
    const struct candle_order *order = &session->pool->order;
    for (size_t i = from; i < end; i++) {
        const struct candle_slot *slot = &order->slots[i];
        at = put_candle(at, slot->series_id, &session->work->batch.candles[slot->row].event.candle);
    }
    if (PQputCopyData(session->connection, (const char *)bytes, (int)(at - bytes)) != 1)
        return postgres_error(session, "send candles");
    return 0;
}

int postgres_put_copy(struct postgres_session *session)
{
    static const unsigned char tail[] = {0xff, 0xff};
    size_t count = session->pool->order.count;
    int code = 0;
    if (PQputCopyData(session->connection, head, sizeof head - 1) != 1)
        return postgres_error(session, "send candles");
    for (size_t i = 0; i < count && code == 0; i += CHUNK_ROWS)
        code = put_rows(session, i, i + CHUNK_ROWS < count ? i + CHUNK_ROWS : count);
    if (code != 0)
        return code;
    if (PQputCopyData(session->connection, (const char *)tail, sizeof tail) != 1 ||
        PQputCopyEnd(session->connection, NULL) != 1)
        return postgres_error(session, "send candles");
    session->unflushed = PQflush(session->connection) == 1;
    return 0;
}

/* ---- the flight ---- */

static void on_landed(struct postgres_session *session, int code)
{
    postgres_end_fn on_end = session->on_copied;
    if (PQenterPipelineMode(session->connection) == 1) {
        on_end(session, code);
        return;
    }
    code = postgres_error(session, "enter pipeline mode");
    postgres_lost(session);
}

void postgres_copy(struct postgres_session *session, postgres_end_fn on_end)
{
    int code = candle_order_build(&session->pool->order, &session->work->batch, &session->pool->series);
    if (code != 0) {
        postgres_end_work(session, code);
        return;
    }
    session->on_copied = on_end;
    session->leading = 1;
    if (PQexitPipelineMode(session->connection) == 1) {
        postgres_fly_text(session, copy_sql, postgres_count_changed, on_landed);
        return;
    }
    code = postgres_error(session, "leave pipeline mode");
    postgres_lost(session);
}
