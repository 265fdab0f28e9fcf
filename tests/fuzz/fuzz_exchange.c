/* Any body as any answer, for every adapter: it is refused, or its rows are what messages may carry. */
/* SPDX-License-Identifier: MIT */
#include "lib/exchange/exchange.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void require(bool holds)
{
    if (!holds)
        abort();
}

static int on_instrument(void *user, const struct instrument *instrument)
{
    (void)user;
    require(symbol_valid(instrument->symbol) && symbol_valid(instrument->base_asset));
    require(instrument->price_scale <= DECIMAL_SCALE_MAX && instrument->quantity_scale <= DECIMAL_SCALE_MAX);
    return 0;
}

static int on_ticker(void *user, const struct exchange_ticker *row)
{
    (void)user;
    const struct ticker *ticker = &row->ticker;
    require(symbol_valid(ticker->symbol) && ticker->price_scale <= DECIMAL_SCALE_MAX && ticker->time_ms >= 0);
    require(ticker->bid >= 0 && ticker->ask >= 0 && ticker->last >= 0);
    return 0;
}

static int on_candle(void *user, const struct candle *candle)
{
    int64_t *newest_ms = user;
    require(candle->open_time_ms > *newest_ms);
    require(candle->price_scale <= DECIMAL_SCALE_MAX && candle->volume_scale <= DECIMAL_SCALE_MAX);
    *newest_ms = candle->open_time_ms;
    return 0;
}

static void on_refused(void *user, const struct exchange_refusal *refusal)
{
    (void)user;
    for (const char *at = refusal->name; *at != '\0'; at++)
        require(*at >= ' ' && *at <= '~');
    for (const char *at = refusal->why; *at != '\0'; at++)
        require(*at >= ' ' && *at <= '~');
    require(refusal->open_time_ms >= -1 && refusal->why[0] != '\0');
}

static int read_any(const struct exchange *exchange, uint8_t which, const struct exchange_answer *answer)
{
    int64_t time_ms, newest_ms = -1;
    char next[EXCHANGE_CURSOR_SIZE];
    switch (which % 5) {
    case 0: return exchange->read_time(answer, &time_ms);
    case 1: return exchange->read_instruments(answer, on_instrument, on_refused, NULL, next);
    case 2: return exchange->read_tickers(answer, on_ticker, on_refused, NULL);
    case 3: return exchange->read_candles(answer, 60, on_candle, on_refused, &newest_ms);
    default: return exchange->judge(answer) == EXCHANGE_OK ? 0 : ERROR_PROTOCOL;
    }
}

/* The first byte chooses the reader, of every adapter; the second the status; the rest is the body. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static const int statuses[] = {200, 400, 403, 418, 429, 500, 503, 0};
    if (size < 2)
        return 0;
    const struct exchange_answer answer = {
        .status = statuses[bytes[1] % 8],
        .body = (const char *)bytes + 2,
        .size = size - 2,
        .used_weight = -1,
        .retry_after_s = -1,
    };
    for (size_t i = 0; i < exchange_count; i++)
        require(read_any(exchanges[i], bytes[0], &answer) <= 0);
    return 0;
}
