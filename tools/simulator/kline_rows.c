/* A window of rendered rows that grows at its end and is cut at its beginning. */
/* SPDX-License-Identifier: MIT */
#include "tools/simulator/kline_rows.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

enum { CHUNK = 64, ROW_SIZE = 400 /* of one row, at most */ };

int64_t kline_taker_share(int64_t amount, const struct market_candle *candle)
{
    return amount / 100 * (candle->close >= candle->open ? 55 : 45);
}

void kline_write(struct text *out, const struct kline *kline, const struct market_symbol *symbol, uint32_t interval_s)
{
    const struct market_candle *candle = &kline->candle;
    const int64_t prices[] = {candle->open, candle->high, candle->low, candle->close};
    char *at = text_reserve(out, ROW_SIZE);
    *at++ = '[';
    at = text_put_integer(at, candle->open_time_ms);
    for (int i = 0; i < 4; i++) {
        *at++ = ',';
        at = text_put_amount(at, prices[i], symbol->price_scale);
    }
    *at++ = ',';
    at = text_put_amount(at, candle->volume, symbol->volume_scale);
    *at++ = ',';
    at = text_put_integer(at, candle->open_time_ms + (int64_t)interval_s * 1000 - 1);
    *at++ = ',';
    at = text_put_amount(at, kline->quote, MARKET_SCALE_MAX);
    *at++ = ',';
    at = text_put_integer(at, kline->trades);
    *at++ = ',';
    at = text_put_amount(at, kline_taker_share(candle->volume, candle), symbol->volume_scale);
    *at++ = ',';
    at = text_put_amount(at, kline_taker_share(kline->quote, candle), MARKET_SCALE_MAX);
    text_commit(out, text_put(at, ",\"0\"],"));
}

void kline_rows_release(struct kline_rows *rows)
{
    text_release(&rows->text);
    free(rows->ends);
    *rows = (struct kline_rows){0};
}

static void restart(struct kline_rows *rows, size_t first)
{
    rows->text.length = 0;
    rows->first = first;
    rows->count = 0;
}

static uint32_t start_of(const struct kline_rows *rows, size_t index)
{
    return index == rows->first ? 0 : rows->ends[index - rows->first - 1];
}

/* Cuts the rows before `first`. */
static void forget(struct kline_rows *rows, size_t first)
{
    uint32_t cut = start_of(rows, first);
    size_t gone = first - rows->first;
    rows->text.length -= cut;
    rows->count -= gone;
    memmove(rows->text.bytes, rows->text.bytes + cut, rows->text.length);
    for (size_t i = 0; i < rows->count; i++)
        rows->ends[i] = rows->ends[i + gone] - cut;
    rows->first = first;
}

/* Renders the closed candles index .. end - 1. Where each row ends in the text goes to `ends`, unless that is NULL. */
static void render(const struct market *market, size_t symbol, size_t index, size_t end, struct text *out,
                   uint32_t *ends)
{
    const struct market_symbol *names = &market->symbols[symbol];
    struct market_candle candles[CHUNK];
    while (index < end) {
        size_t size = end - index < CHUNK ? end - index : CHUNK;
        market_closed(market, symbol, index, size, candles);
        for (size_t i = 0; i < size; i++) {
            const struct kline kline = {candles[i], candle_quote(&candles[i], names), candle_trades(&candles[i])};
            kline_write(out, &kline, names, market->interval_s);
            if (ends != NULL)
                *ends++ = (uint32_t)out->length;
        }
        index += size;
    }
}

/* Adds the rows behind those that are there, up to index `end`. */
static void extend(struct kline_rows *rows, const struct market *market, size_t symbol, size_t end)
{
    size_t next = rows->first + rows->count;
    if (next >= end)
        return;
    render(market, symbol, next, end, &rows->text, rows->ends + rows->count);
    rows->count = end - rows->first;
}

void kline_rows_write(struct kline_rows *rows, const struct market *market, size_t symbol, size_t index, size_t end,
                      struct text *out)
{
    assert(index <= end && end - index <= KLINES_MAX);
    if (index == end)
        return;
    if (end - index > KLINE_ROWS_MAX) {
        render(market, symbol, index, end, out, NULL);
        return;
    }
    if (rows->ends == NULL && (rows->ends = calloc(KLINE_ROWS_MAX, sizeof *rows->ends)) == NULL) {
        (void)fputs("wick-simulator: memory ran out\n", stderr);
        abort();
    }
    if (index < rows->first || index > rows->first + rows->count)
        restart(rows, index);
    if (end - rows->first > KLINE_ROWS_MAX)
        forget(rows, index);
    extend(rows, market, symbol, end);
    uint32_t start = start_of(rows, index);
    text_add_bytes(out, rows->text.bytes + start, rows->ends[end - rows->first - 1] - start);
}
