/* The codec beside msgpack-c, which writes the same bytes by hand-written calls and reads them into its own tree. */
/* SPDX-License-Identifier: MIT */
#include "proto/message.h"
#include "tools/bench/bench.h"

#include <msgpack.h>
#include <stdio.h>
#include <string.h>

enum { ROWS = 250, MESSAGES = 400, BUFFER = 64 * 1024 };

static struct candle_event rows[ROWS];
static uint8_t bytes[BUFFER];
static size_t size;

static struct candles message(void)
{
    return (struct candles){
        .epoch = 1ull << 32, .shard = 7, .sequence = 42, .exchange_ms = 1734739500000, .rows = list_of(rows, ROWS)};
}

static int set_up(void)
{
    for (int i = 0; i < ROWS; i++) {
        rows[i] = (struct candle_event){.interval_s = 300,
                                        .candle = {.open_time_ms = 1734739200000,
                                                   .open = 9780544 + i,
                                                   .high = 9781359 + i,
                                                   .low = 9767602 + i,
                                                   .close = 9769128 + i,
                                                   .volume = 7650422,
                                                   .price_scale = 2,
                                                   .volume_scale = 5}};
        (void)snprintf(rows[i].symbol, sizeof rows[i].symbol, "S%03dUSDT", i);
    }
    struct candles value = message();
    return message_encode(RECORD_candles, &value, bytes, sizeof bytes, &size);
}

static void tear_down(void)
{
}

static int read_ours(void)
{
    int64_t sum = 0;
    for (int i = 0; i < MESSAGES; i++) {
        struct candles value;
        struct candle_event row;
        int code = message_decode(RECORD_candles, bytes, size, &value);
        if (code < 0)
            return code;
        while (list_next(&value.rows, RECORD_candle_event, &row))
            sum += row.candle.close;
    }
    bench_keep((double)sum);
    return 0;
}

static int read_msgpack(void)
{
    int64_t sum = 0;
    msgpack_unpacked result;
    msgpack_unpacked_init(&result);
    for (int i = 0; i < MESSAGES; i++) {
        size_t offset = 0;
        if (msgpack_unpack_next(&result, (const char *)bytes, size, &offset) != MSGPACK_UNPACK_SUCCESS)
            return error_set(ERROR_PROTOCOL, "msgpack-c does not read what was written");
        const msgpack_object_array list = result.data.via.array.ptr[5].via.array;
        for (uint32_t row = 0; row < list.size; row++)
            sum += list.ptr[row].via.array.ptr[2].via.array.ptr[4].via.i64;
    }
    msgpack_unpacked_destroy(&result);
    bench_keep((double)sum);
    return 0;
}

static int write_ours(void)
{
    static uint8_t out[BUFFER];
    size_t written = 0;
    for (int i = 0; i < MESSAGES; i++) {
        struct candles value = message();
        int code = message_encode(RECORD_candles, &value, out, sizeof out, &written);
        if (code < 0)
            return code;
    }
    bench_keep((double)written);
    return 0;
}

static void pack_candle(msgpack_packer *packer, const struct candle *candle)
{
    msgpack_pack_array(packer, 8);
    msgpack_pack_int64(packer, candle->open_time_ms);
    msgpack_pack_int64(packer, candle->open);
    msgpack_pack_int64(packer, candle->high);
    msgpack_pack_int64(packer, candle->low);
    msgpack_pack_int64(packer, candle->close);
    msgpack_pack_int64(packer, candle->volume);
    msgpack_pack_uint8(packer, candle->price_scale);
    msgpack_pack_uint8(packer, candle->volume_scale);
}

static int write_msgpack(void)
{
    msgpack_sbuffer buffer;
    msgpack_packer packer;
    msgpack_sbuffer_init(&buffer);
    msgpack_packer_init(&packer, &buffer, msgpack_sbuffer_write);
    for (int i = 0; i < MESSAGES; i++) {
        msgpack_sbuffer_clear(&buffer);
        msgpack_pack_array(&packer, 6);
        msgpack_pack_int(&packer, 2);
        msgpack_pack_uint64(&packer, 1ull << 32);
        msgpack_pack_uint16(&packer, 7);
        msgpack_pack_uint64(&packer, 42);
        msgpack_pack_int64(&packer, 1734739500000);
        msgpack_pack_array(&packer, ROWS);
        for (int row = 0; row < ROWS; row++) {
            msgpack_pack_array(&packer, 3);
            msgpack_pack_str_with_body(&packer, rows[row].symbol, strlen(rows[row].symbol));
            msgpack_pack_uint32(&packer, rows[row].interval_s);
            pack_candle(&packer, &rows[row].candle);
        }
    }
    bool same = buffer.size == size && memcmp(buffer.data, bytes, size) == 0;
    msgpack_sbuffer_destroy(&buffer);
    return same ? 0 : error_set(ERROR_PROTOCOL, "msgpack-c writes other bytes");
}

const struct bench bench_codec[] = {
    {"read a candle", "checked as a whole, then decoded row by row, beside msgpack-c reading the same bytes unchecked", 2.5, ROWS *MESSAGES, NULL, false, set_up,
     read_ours, read_msgpack, tear_down},
    {"write a candle", "through the table, beside calls of msgpack-c written out by hand", 3.0, ROWS *MESSAGES, NULL, false, set_up,
     write_ours, write_msgpack, tear_down},
    {0},
};
