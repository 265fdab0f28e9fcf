/* The rows that the exchange library's readers hand out. */
/* SPDX-License-Identifier: MIT */
#include "tests/unit/exchange_rows.h"

#include "lib/series/candle.h"
#include "tests/harness.h"

#include <stdio.h>
#include <string.h>

char next_page[EXCHANGE_CURSOR_SIZE];

const struct exchange *binance(void)
{
    const struct exchange *exchange = NULL;
    CU_ASSERT_FATAL(exchange_find("binance", &exchange) == 0);
    return exchange;
}

int keep_instrument(void *user, const struct instrument *instrument)
{
    struct rows *rows = user;
    rows->count++;
    rows->trading += instrument->trading;
    CU_ASSERT(symbol_valid(instrument->symbol) && symbol_valid(instrument->quote_asset));
    CU_ASSERT(instrument->tick_size > 0 && instrument->lot_step > 0 && instrument->minimum_notional >= 0);
    if (rows->wanted != NULL && strcmp(instrument->symbol, rows->wanted) == 0)
        rows->instrument = *instrument;
    return 0;
}

int keep_ticker(void *user, const struct exchange_ticker *row)
{
    struct rows *rows = user;
    const struct ticker *ticker = &row->ticker;
    rows->count++;
    rows->priceless += ticker->last == 0;
    CU_ASSERT(ticker->bid >= 0 && ticker->ask >= 0 && ticker->last >= 0);
    if (rows->wanted != NULL && strcmp(ticker->symbol, rows->wanted) == 0)
        rows->ticker = *ticker;
    return 0;
}

int keep_candle(void *user, const struct candle *candle)
{
    struct rows *rows = user;
    CU_ASSERT_FATAL(rows->count < EXCHANGE_CANDLES_MAX);
    rows->impossible += candle_check(candle, rows->interval_s) != 0;
    rows->candles[rows->count++] = *candle;
    return 0;
}

void note_refused(void *user, const struct exchange_refusal *refusal)
{
    struct rows *rows = user;
    rows->refused++;
    rows->refused_ms = refusal->open_time_ms;
    (void)snprintf(rows->name, sizeof rows->name, "%s", refusal->name);
    (void)snprintf(rows->why, sizeof rows->why, "%s", refusal->why);
    CU_ASSERT(refusal->why[0] != '\0' && refusal->open_time_ms >= -1);
}

bool nothing_taken(int code, const struct rows *rows)
{
    return code == ERROR_PROTOCOL || (code == 0 && rows->count == 0 && rows->refused > 0);
}

int read_klines(const char *body, size_t size, uint32_t interval_s, struct rows *rows)
{
    *rows = (struct rows){.interval_s = interval_s};
    struct exchange_answer answer = {200, body, size, -1, -1};
    return binance()->read_candles(&answer, interval_s, keep_candle, note_refused, rows);
}
