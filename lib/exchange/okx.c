/* OKX spot: its requests, what an address may ask, and what its codes mean.
 *
 * Source: OKX API v5, "Order Book Trading", "Public Data" and "Error Code". */
/* SPDX-License-Identifier: MIT */
#include "lib/base/interval.h"
#include "lib/exchange/okx_read.h"
#include "lib/exchange/request.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* OKX counts each path by itself: 40 candle requests in any two seconds, 20 for tickers, instruments and old candles,
 * 10 for the time. One budget of 40 in which each costs its share keeps all of these. */
enum {
    WEIGHT_LIMIT = 40,
    WEIGHT_WINDOW_MS = 2000,
    WEIGHT_CANDLES = 1,
    WEIGHT_OLD_CANDLES = 2,
    WEIGHT_TICKERS = 2,
    WEIGHT_INSTRUMENTS = 2,
    WEIGHT_TIME = 4,
};

enum {
    /* market/candles gives up to 300, market/history-candles 100: as one series may need both, each is asked for what
     * both give. */
    CANDLES_PER_CALL = 100,
    /* market/candles has the newest 1,440. A few less are counted upon: the clock goes on while a request waits. */
    RECENT_CANDLES = 1400,
};

static int time_request(const char *base_url, struct exchange_request *out)
{
    return request_begin(out, base_url, "/api/v5/public/time", WEIGHT_TIME);
}

static int instruments_request(const char *base_url, const char *cursor, struct exchange_request *out)
{
    (void)cursor; /* the list has one page */
    return request_begin(out, base_url, "/api/v5/public/instruments?instType=SPOT", WEIGHT_INSTRUMENTS);
}

static int tickers_request(const char *base_url, const char *const *symbols, size_t count,
                           struct exchange_request *out)
{
    (void)symbols;
    assert(count == 0);
    return request_begin(out, base_url, "/api/v5/market/tickers?instType=SPOT", WEIGHT_TICKERS);
}

/* "after" is the time before which candles are wanted, "before" that behind which; neither includes the time itself. */
static int candles_request(const char *base_url, const char *symbol, uint32_t interval_s, int64_t first_open_ms,
                           int64_t last_open_ms, int64_t exchange_ms, struct exchange_request *out)
{
    assert(first_open_ms <= last_open_ms);
    const char *bar = okx_bar(interval_s);
    if (bar == NULL)
        return error_set(ERROR_ARGUMENT, "OKX has no candles of %" PRIu32 " s", interval_s);
    int64_t length_ms = (int64_t)interval_s * 1000;
    int64_t most_ms = first_open_ms + (CANDLES_PER_CALL - 1) * length_ms;
    int64_t last_ms = last_open_ms < most_ms ? last_open_ms : most_ms;
    bool recent = interval_open_time(interval_s, exchange_ms) - first_open_ms < RECENT_CANDLES * length_ms;
    int code = request_begin(out, base_url, recent ? "/api/v5/market/candles" : "/api/v5/market/history-candles",
                             recent ? WEIGHT_CANDLES : WEIGHT_OLD_CANDLES);
    if (code != 0)
        return code;
    return request_append(out, "?instId=%s&bar=%s&before=%" PRId64 "&after=%" PRId64 "&limit=%d", symbol, bar,
                          first_open_ms > 0 ? first_open_ms - 1 : 0, last_ms + 1, CANDLES_PER_CALL);
}

/* What the codes mean, which come with status 200 or others, and the statuses of what stands in front. Rows in the
 * order in which they are tried. */
static const struct meaning meanings[] = {
    {0, "50011", EXCHANGE_SLOW},  /* rate limit reached */
    {0, "50040", EXCHANGE_SLOW},  /* too frequent operations */
    {0, "50001", EXCHANGE_RETRY}, /* temporarily unavailable */
    {0, "50004", EXCHANGE_RETRY}, /* the request timed out */
    {0, "50013", EXCHANGE_RETRY}, /* busy, though with status 429 */
    {0, "50026", EXCHANGE_RETRY}, /* system error */
    {0, "51001", EXCHANGE_UNKNOWN}, /* the instrument does not exist */
    {429, NULL, EXCHANGE_SLOW},
    {403, NULL, EXCHANGE_SLOW}, /* the firewall in front */
    {0, "5", EXCHANGE_REFUSED}, /* parameters, instruments, regions */
    {400, NULL, EXCHANGE_REFUSED},
    {401, NULL, EXCHANGE_REFUSED},
    {404, NULL, EXCHANGE_REFUSED},
    {410, NULL, EXCHANGE_REFUSED}, /* a path that is no more */
    {451, NULL, EXCHANGE_REFUSED}, /* a region that is not served */
};

enum { MEANINGS = sizeof meanings / sizeof meanings[0] };

static enum exchange_verdict judge(const struct exchange_answer *answer)
{
    if (answer->status == 200 && body_begins(answer, "{\"code\":\"0\","))
        return EXCHANGE_OK;
    char code[OKX_CODE_SIZE] = "", text[128] = "";
    bool understood = okx_read_error(answer, code, text, sizeof text) == 0;
    if (understood && answer->status == 200 && strcmp(code, "0") == 0)
        return EXCHANGE_OK;
    if (understood)
        (void)error_set(ERROR_PROTOCOL, "HTTP %d: %s %s", answer->status, code, text);
    else
        (void)strange_answer(answer, "OKX");
    return meaning_of(meanings, MEANINGS, answer->status, code);
}

static const uint32_t intervals[] = {60, 180, 300, 900, 1800, 3600, 7200, 14400, 21600, 43200, 86400, 604800, 0};

extern const struct exchange_stream exchange_okx_stream;
extern const struct exchange exchange_okx;

const struct exchange exchange_okx = {
    .name = "okx",
    .base_url = "https://www.okx.com",
    .weight_limit = WEIGHT_LIMIT,
    .weight_window_ms = WEIGHT_WINDOW_MS,
    .candles_per_call = CANDLES_PER_CALL,
    .intervals = intervals,
    .time_request = time_request,
    .instruments_request = instruments_request,
    .tickers_request = tickers_request,
    .candles_request = candles_request,
    .judge = judge,
    .read_time = okx_read_time,
    .read_instruments = okx_read_instruments,
    .read_tickers = okx_read_tickers,
    .read_candles = okx_read_candles,
    .stream = &exchange_okx_stream,
};
