/* Kraken spot: its requests, what it lets an address ask, and what its errors mean.
 *
 * Source: docs.kraken.com, Spot REST API: get-ticker-information, get-ohlc-data, get-tradable-asset-pairs, errors. */
/* SPDX-License-Identifier: MIT */
#include "lib/exchange/exchange.h"
#include "lib/exchange/kraken.h"
#include "lib/exchange/read.h"
#include "lib/exchange/request.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>

/* Kraken names no weights: it counts calls of an address, those for candles also by pair, and tells nobody how many are
 * left. "Calling the public endpoints at a frequency of 1 per second (or less) would remain within the rate limits"
 * (support.kraken.com, "What are the API rate limits?"). Ten in any ten seconds keeps that and lets a tick be sent at
 * once. */
enum {
    WEIGHT_CALL = 1,
    CALLS = 10,
    CALLS_WINDOW_MS = 10000,
    TICKERS_PER_CALL = 100, /* what a URL has room for: the price of a call is the same for any number */
};

static int time_request(const char *base_url, struct exchange_request *out)
{
    return request_begin(out, base_url, "/0/public/Time", WEIGHT_CALL);
}

static int instruments_request(const char *base_url, const char *cursor, struct exchange_request *out)
{
    (void)cursor; /* the list has one page */
    return request_begin(out, base_url, "/0/public/AssetPairs", WEIGHT_CALL);
}

static int tickers_request(const char *base_url, const char *const *symbols, size_t count,
                           struct exchange_request *out)
{
    assert(count <= TICKERS_PER_CALL);
    int code = request_begin(out, base_url, "/0/public/Ticker", WEIGHT_CALL);
    for (size_t i = 0; i < count && code == 0; i++)
        code = request_append(out, "%s%s", i > 0 ? "," : "?pair=", symbols[i]);
    return code;
}

/* `since` is the time behind which candles are wanted: the one before the first. There is no parameter for the last:
 * whatever there is up to the forming candle comes along. */
static int candles_request(const char *base_url, const char *symbol, uint32_t interval_s, int64_t first_open_ms,
                           int64_t last_open_ms, int64_t exchange_ms, struct exchange_request *out)
{
    (void)exchange_ms;
    assert(first_open_ms <= last_open_ms);
    if (!exchange_has_interval(&exchange_kraken, interval_s))
        return error_set(ERROR_ARGUMENT, "Kraken has no candles of %" PRIu32 " s", interval_s);
    int64_t since_s = first_open_ms / 1000 - (int64_t)interval_s;
    int code = request_begin(out, base_url, "/0/public/OHLC", WEIGHT_CALL);
    if (code != 0)
        return code;
    return request_append(out, "?pair=%s&interval=%" PRIu32 "&since=%" PRId64, symbol, interval_s / 60,
                          since_s > 0 ? since_s : 0);
}

/* What the statuses and Kraken's own errors mean. Those come with status 200; statuses are those of the proxy in
 * front. Rows in the order in which they are tried. */
static const struct meaning meanings[] = {
    {429, NULL, EXCHANGE_SLOW},
    {403, NULL, EXCHANGE_SLOW}, /* the proxy's firewall */
    {400, NULL, EXCHANGE_REFUSED},
    {401, NULL, EXCHANGE_REFUSED},
    {404, NULL, EXCHANGE_REFUSED},
    {451, NULL, EXCHANGE_REFUSED}, /* a region that is not served */
    {200, "EAPI:Rate limit exceeded", EXCHANGE_SLOW},
    {200, "EGeneral:Too many requests", EXCHANGE_SLOW},
    {200, "EService:Throttled", EXCHANGE_SLOW}, /* too many at the same time */
    {200, "EService: Throttled", EXCHANGE_SLOW},
    {200, "EGeneral:Temporary lockout", EXCHANGE_BANNED},
    {200, "EService", EXCHANGE_RETRY}, /* unavailable, busy, a deadline that has passed */
    {200, "EGeneral:Internal error", EXCHANGE_RETRY},
    {200, "EGeneral:Unknown error", EXCHANGE_RETRY},
    {200, "EDatabase", EXCHANGE_RETRY},
    {200, "EQuery:Unknown asset", EXCHANGE_UNKNOWN},
    {200, "EQuery:Invalid asset", EXCHANGE_UNKNOWN},
    {200, "E", EXCHANGE_REFUSED}, /* EGeneral:Invalid arguments, ... */
};

enum { MEANINGS = sizeof meanings / sizeof meanings[0] };

static enum exchange_verdict judge(const struct exchange_answer *answer)
{
    if (answer->status == 200 && body_begins(answer, "{\"error\":[],"))
        return EXCHANGE_OK;
    char text[128];
    bool has_result;
    int code = kraken_read_error(answer, text, sizeof text, &has_result);
    if (code == 0 && text[0] == '\0' && answer->status == 200)
        return EXCHANGE_OK;
    enum exchange_verdict verdict = meaning_of(meanings, MEANINGS, answer->status, text);
    bool of_some = verdict == EXCHANGE_REFUSED || verdict == EXCHANGE_UNKNOWN;
    if (code == 0 && has_result && of_some && answer->status == 200)
        return EXCHANGE_OK; /* an error for one pair beside the result of the others */
    if (code != 0) /* not Kraken speaks but something in front of it */
        (void)strange_answer(answer, "Kraken");
    else
        (void)error_set(ERROR_PROTOCOL, "HTTP %d: %s", answer->status, text);
    return verdict;
}

/* It has weeks, too, but they begin on Thursday, as 1970 did. */
static const uint32_t intervals[] = {60, 300, 900, 1800, 3600, 14400, 86400, 0};

const struct exchange exchange_kraken = {
    .name = "kraken",
    .base_url = "https://api.kraken.com",
    .weight_limit = CALLS,
    .weight_window_ms = CALLS_WINDOW_MS,
    .tickers_per_call = TICKERS_PER_CALL,
    .candles_per_call = KRAKEN_CANDLES_CLOSED,
    .candles_reach = KRAKEN_CANDLES_CLOSED,
    .intervals = intervals,
    .time_request = time_request,
    .instruments_request = instruments_request,
    .tickers_request = tickers_request,
    .candles_request = candles_request,
    .judge = judge,
    .read_time = kraken_read_time,
    .read_instruments = kraken_read_instruments,
    .read_tickers = kraken_read_tickers,
    .read_candles = kraken_read_candles,
    .stream = &exchange_kraken_stream,
};
