/* Coinbase Advanced Trade: its public requests and what its statuses mean.
 *
 * Source: docs.cdp.coinbase.com, Advanced Trade API: get-public-products, get-public-product-candles, get-server-time,
 * rate limits. */
/* SPDX-License-Identifier: MIT */
#include "lib/exchange/coinbase.h"
#include "lib/exchange/read.h"
#include "lib/exchange/request.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* "Public endpoints: 10 requests per second" an address. Nobody is told how many are left. */
enum {
    WEIGHT_CALL = 1,
    CALLS = 10,
    CALLS_WINDOW_MS = 1000,
    TICKERS_PER_CALL = 100, /* what a URL has room for: the price of a call is the same for any number */
    CANDLES_PER_CALL = 300, /* "fewer than 350" */
};

static int time_request(const char *base_url, struct exchange_request *out)
{
    return request_begin(out, base_url, "/api/v3/brokerage/time", WEIGHT_CALL);
}

static int instruments_request(const char *base_url, const char *cursor, struct exchange_request *out)
{
    int code = request_begin(out, base_url, "/api/v3/brokerage/market/products?product_type=SPOT", WEIGHT_CALL);
    return code != 0 ? code : append_cursor(out, cursor);
}

/* Best bid and ask of many markets are told to customers only; price and volume are in the list of products. */
static int tickers_request(const char *base_url, const char *const *symbols, size_t count,
                           struct exchange_request *out)
{
    assert(count <= TICKERS_PER_CALL);
    int code = instruments_request(base_url, "", out);
    for (size_t i = 0; i < count && code == 0; i++)
        code = request_append(out, "&product_ids=%s", symbols[i]);
    return code;
}

/* Its own names of intervals, in the order of `intervals`. */
static const struct interval_spelling granularities[] = {
    {60, "ONE_MINUTE"}, {300, "FIVE_MINUTE"}, {900, "FIFTEEN_MINUTE"}, {1800, "THIRTY_MINUTE"},
    {3600, "ONE_HOUR"}, {7200, "TWO_HOUR"},   {21600, "SIX_HOUR"},     {86400, "ONE_DAY"},
    {0, NULL},
};

static const uint32_t intervals[] = {60, 300, 900, 1800, 3600, 7200, 21600, 86400, 0};

/* The end is the last moment of the last candle: right whether the exchange takes it as a part of the range or not. */
static int candles_request(const char *base_url, const char *symbol, uint32_t interval_s, int64_t first_open_ms,
                           int64_t last_open_ms, int64_t exchange_ms, struct exchange_request *out)
{
    (void)exchange_ms;
    assert(first_open_ms <= last_open_ms);
    const char *name = interval_spell(granularities, interval_s);
    if (name == NULL)
        return error_set(ERROR_ARGUMENT, "Coinbase has no candles of %" PRIu32 " s", interval_s);
    int64_t first_s = first_open_ms / 1000;
    int64_t count = (last_open_ms - first_open_ms) / ((int64_t)interval_s * 1000) + 1;
    if (count > CANDLES_PER_CALL)
        count = CANDLES_PER_CALL;
    int code = request_begin(out, base_url, "/api/v3/brokerage/market/products/", WEIGHT_CALL);
    if (code != 0)
        return code;
    return request_append(out, "%s/candles?start=%" PRId64 "&end=%" PRId64 "&granularity=%s", symbol, first_s,
                          first_s + count * (int64_t)interval_s - 1, name);
}

/* What the statuses and Coinbase's own errors mean. Rows in the order in which they are tried. */
static const struct meaning meanings[] = {
    {429, NULL, EXCHANGE_SLOW},
    {0, "RESOURCE_EXHAUSTED", EXCHANGE_SLOW},
    {0, "rate_limit_exceeded", EXCHANGE_SLOW},
    {403, "PERMISSION_DENIED", EXCHANGE_REFUSED},
    {403, NULL, EXCHANGE_SLOW}, /* the firewall in front */
    {0, "NOT_FOUND", EXCHANGE_UNKNOWN}, /* 404 as a rule, */
    {0, "INVALID_ARGUMENT", EXCHANGE_UNKNOWN}, /* and 400: of our arguments only the product may be wrong */
    {400, NULL, EXCHANGE_REFUSED},
    {401, NULL, EXCHANGE_REFUSED},
    {404, NULL, EXCHANGE_REFUSED},
    {451, NULL, EXCHANGE_REFUSED}, /* a region that is not served */
};

enum { MEANINGS = sizeof meanings / sizeof meanings[0] };

static enum exchange_verdict judge(const struct exchange_answer *answer)
{
    char name[64] = "", message[128] = "";
    int code = coinbase_read_error(answer, name, message);
    if (code == 0 && answer->status == 200 && name[0] == '\0')
        return EXCHANGE_OK;
    if (code != 0)
        (void)strange_answer(answer, "Coinbase");
    else
        (void)error_set(ERROR_PROTOCOL, "HTTP %d: %s %s", answer->status, name, message);
    return meaning_of(meanings, MEANINGS, answer->status, name);
}

const struct exchange exchange_coinbase = {
    .name = "coinbase",
    .base_url = "https://api.coinbase.com",
    .weight_limit = CALLS,
    .weight_window_ms = CALLS_WINDOW_MS,
    .tickers_per_call = TICKERS_PER_CALL,
    .candles_per_call = CANDLES_PER_CALL,
    .leaves_out_quiet = true,
    .intervals = intervals,
    .time_request = time_request,
    .instruments_request = instruments_request,
    .tickers_request = tickers_request,
    .candles_request = candles_request,
    .judge = judge,
    .read_time = coinbase_read_time,
    .read_instruments = coinbase_read_instruments,
    .read_tickers = coinbase_read_tickers,
    .read_candles = coinbase_read_candles,
    .stream = &exchange_coinbase_stream,
};
