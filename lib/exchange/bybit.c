/* Bybit spot: its requests, what an address may ask, and what its codes mean.
 *
 * Source: Bybit API v5: market/time, market/instruments-info, market/tickers, market/kline, rate-limit, error. Where no
 * category is given Bybit takes "linear", the futures: it is always given. */
/* SPDX-License-Identifier: MIT */
#include "lib/exchange/bybit_read.h"
#include "lib/exchange/read.h"
#include "lib/exchange/request.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>

/* An address may send 600 requests of any kind in any five seconds. */
enum { WEIGHT_LIMIT = 600, WEIGHT_WINDOW_MS = 5000, WEIGHT_CALL = 1 };

static int time_request(const char *base_url, struct exchange_request *out)
{
    return request_begin(out, base_url, "/v5/market/time", WEIGHT_CALL);
}

/* The list of spot markets has come on one page so far; those of other categories come on several. */
static int instruments_request(const char *base_url, const char *cursor, struct exchange_request *out)
{
    int code = request_begin(out, base_url, "/v5/market/instruments-info?category=spot", WEIGHT_CALL);
    return code != 0 ? code : append_cursor(out, cursor);
}

static int tickers_request(const char *base_url, const char *const *symbols, size_t count,
                           struct exchange_request *out)
{
    (void)symbols;
    assert(count == 0);
    return request_begin(out, base_url, "/v5/market/tickers?category=spot", WEIGHT_CALL);
}

/* Of more candles than the limit the newest are given: no more may be asked for. */
static int candles_request(const char *base_url, const char *symbol, uint32_t interval_s, int64_t first_open_ms,
                           int64_t last_open_ms, int64_t exchange_ms, struct exchange_request *out)
{
    (void)exchange_ms;
    assert(first_open_ms <= last_open_ms);
    const char *interval = bybit_interval(interval_s);
    if (interval == NULL)
        return error_set(ERROR_ARGUMENT, "Bybit has no candles of %" PRIu32 " s", interval_s);
    int64_t most_ms = first_open_ms + (EXCHANGE_CANDLES_MAX - 1) * (int64_t)interval_s * 1000;
    int64_t last_ms = last_open_ms < most_ms ? last_open_ms : most_ms;
    int code = request_begin(out, base_url, "/v5/market/kline?category=spot", WEIGHT_CALL);
    if (code != 0)
        return code;
    return request_append(out, "&symbol=%s&interval=%s&start=%" PRId64 "&end=%" PRId64 "&limit=%d", symbol, interval,
                          first_open_ms, last_ms, EXCHANGE_CANDLES_MAX);
}

/* What the codes mean, which come with status 200, and the statuses of what stands in front. Rows in the order in which
 * they are tried. */
static const struct meaning meanings[] = {
    {403, NULL, EXCHANGE_BANNED}, /* "access too frequent": ten minutes; or a country that is not served */
    {429, NULL, EXCHANGE_SLOW},
    {0, "10006:", EXCHANGE_SLOW},  /* too many visits */
    {0, "10018:", EXCHANGE_SLOW},  /* the same, of the address */
    {0, "10429:", EXCHANGE_SLOW},  /* system level frequency protection */
    {0, "429:", EXCHANGE_SLOW},    /* a high load */
    {0, "10000:", EXCHANGE_RETRY}, /* the server timed out */
    {0, "10016:", EXCHANGE_RETRY}, /* a server error, or a restart */
    {0, "10019:", EXCHANGE_RETRY}, /* a restart */
    {0, "10001:", EXCHANGE_UNKNOWN}, /* parameters: of ours only the symbol may be wrong */
    {0, "10029:", EXCHANGE_UNKNOWN},
    {0, "170121:", EXCHANGE_UNKNOWN},
    {200, "1", EXCHANGE_REFUSED},  /* 10017 path, 10009 and 10024 region, ... */
    {400, NULL, EXCHANGE_REFUSED},
    {401, NULL, EXCHANGE_REFUSED},
    {404, NULL, EXCHANGE_REFUSED},
    {451, NULL, EXCHANGE_REFUSED},
};

enum { MEANINGS = sizeof meanings / sizeof meanings[0] };

static enum exchange_verdict judge(const struct exchange_answer *answer)
{
    if (answer->status == 200 && body_begins(answer, "{\"retCode\":0,"))
        return EXCHANGE_OK;
    int64_t code = 0;
    char message[128], text[160] = "";
    bool understood = bybit_read_error(answer, &code, message, sizeof message) == 0;
    if (understood && answer->status == 200 && code == 0)
        return EXCHANGE_OK;
    if (understood) {
        (void)snprintf(text, sizeof text, "%" PRId64 ": %s", code, message);
        (void)error_set(ERROR_PROTOCOL, "HTTP %d: %s", answer->status, text);
    } else {
        (void)strange_answer(answer, "Bybit");
    }
    return meaning_of(meanings, MEANINGS, answer->status, text);
}

static const uint32_t intervals[] = {60, 180, 300, 900, 1800, 3600, 7200, 14400, 21600, 43200, 86400, 604800, 0};

extern const struct exchange_stream exchange_bybit_stream;
extern const struct exchange exchange_bybit;

const struct exchange exchange_bybit = {
    .name = "bybit",
    .base_url = "https://api.bybit.com",
    .weight_limit = WEIGHT_LIMIT,
    .weight_window_ms = WEIGHT_WINDOW_MS,
    .ban_ms = 10 * 60 * 1000,
    .candles_per_call = EXCHANGE_CANDLES_MAX,
    .intervals = intervals,
    .time_request = time_request,
    .instruments_request = instruments_request,
    .tickers_request = tickers_request,
    .candles_request = candles_request,
    .judge = judge,
    .read_time = bybit_read_time,
    .read_instruments = bybit_read_instruments,
    .read_tickers = bybit_read_tickers,
    .read_candles = bybit_read_candles,
    .stream = &exchange_bybit_stream,
};
