/* Binance spot: its requests, its price list and what its statuses mean. The simulated exchange speaks the same.
 *
 * Source: binance-spot-api-docs, rest-api.md and errors.md. */
/* SPDX-License-Identifier: MIT */
#include "lib/exchange/binance_read.h"
#include "lib/exchange/exchange.h"
#include "lib/exchange/read.h"
#include "lib/exchange/request.h"
#include "lib/base/interval.h"

#include <assert.h>
#include <inttypes.h>

enum {
    WEIGHT_TIME = 1,
    WEIGHT_EXCHANGE_INFO = 20,
    WEIGHT_TICKERS = 2, /* of up to 20 symbols; 21 to 100 would cost 40 */
    WEIGHT_ALL_TICKERS = 80,
    WEIGHT_CANDLES = 2,
    TICKERS_PER_CALL = 20,
};

static int time_request(const char *base_url, struct exchange_request *out)
{
    return request_begin(out, base_url, "/api/v3/time", WEIGHT_TIME);
}

static int instruments_request(const char *base_url, const char *cursor, struct exchange_request *out)
{
    (void)cursor; /* the list has one page */
    return request_begin(out, base_url, "/api/v3/exchangeInfo", WEIGHT_EXCHANGE_INFO);
}

/* ticker/24hr rather than the pair ticker/bookTicker and ticker/price: for 250 symbols the pair costs 8 instead of 26
 * of the 200 that a tick of two seconds may cost, and a third of the bytes, but a row of it is put together from two
 * moments, and a URL has room for so many symbols only. Here bid, ask and last are of one moment, a wrong symbol
 * spoils 20 rows and not all, and the calls run side by side. 20 symbols a call, because 50 would cost 20 times as
 * much as 20. The closeTime of a row is the time of its last trade, not of its quote, and is not used. */
static int tickers_request(const char *base_url, const char *const *symbols, size_t count,
                           struct exchange_request *out)
{
    assert(count <= TICKERS_PER_CALL);
    if (count == 0)
        return request_begin(out, base_url, "/api/v3/ticker/24hr", WEIGHT_ALL_TICKERS);
    int code = request_begin(out, base_url, "/api/v3/ticker/24hr?symbols=%5B", WEIGHT_TICKERS);
    for (size_t i = 0; i < count && code == 0; i++)
        code = request_append(out, "%s%%22%s%%22", i > 0 ? "%2C" : "", symbols[i]);
    return code != 0 ? code : request_append(out, "%%5D");
}

static int candles_request(const char *base_url, const char *symbol, uint32_t interval_s, int64_t first_open_ms,
                           int64_t last_open_ms, int64_t exchange_ms, struct exchange_request *out)
{
    (void)exchange_ms;
    const char *interval = interval_name(interval_s);
    if (interval == NULL)
        return error_set(ERROR_ARGUMENT, "no interval of %" PRIu32 " s", interval_s);
    assert(first_open_ms <= last_open_ms);
    int64_t wanted = (last_open_ms - first_open_ms) / ((int64_t)interval_s * 1000) + 1;
    int code = request_begin(out, base_url, "/api/v3/klines", WEIGHT_CANDLES);
    if (code != 0)
        return code;
    return request_append(out, "?symbol=%s&interval=%s&startTime=%" PRId64 "&endTime=%" PRId64 "&limit=%" PRId64, symbol,
                  interval, first_open_ms, last_open_ms, wanted < EXCHANGE_CANDLES_MAX ? wanted : EXCHANGE_CANDLES_MAX);
}

/* What the statuses and Binance's own codes mean. Rows in the order in which they are tried; 0 matches all. */
static const struct {
    int status, code;
    enum exchange_verdict verdict;
} meanings[] = {
    {418, 0, EXCHANGE_BANNED},
    {429, 0, EXCHANGE_SLOW},
    {403, 0, EXCHANGE_SLOW}, /* the firewall in front: too many requests, or odd ones */
    {0, -1003, EXCHANGE_SLOW},
    {0, -1000, EXCHANGE_RETRY}, /* unknown error while processing */
    {0, -1001, EXCHANGE_RETRY}, /* disconnected */
    {0, -1006, EXCHANGE_RETRY}, /* unexpected response from the engine */
    {0, -1007, EXCHANGE_RETRY}, /* the engine did not answer in time */
    {0, -1008, EXCHANGE_RETRY}, /* overloaded */
    {0, -1121, EXCHANGE_UNKNOWN}, /* invalid symbol */
    {0, -1100, EXCHANGE_UNKNOWN}, /* illegal characters in a parameter: no other has any but the symbols */
    {408, 0, EXCHANGE_RETRY},
    {400, 0, EXCHANGE_REFUSED},
    {401, 0, EXCHANGE_REFUSED},
    {404, 0, EXCHANGE_REFUSED},
    {451, 0, EXCHANGE_REFUSED}, /* a region that is not served */
};

static enum exchange_verdict judge(const struct exchange_answer *answer)
{
    if (answer->status == 200 && (body_begins(answer, "{") || body_begins(answer, "[")))
        return EXCHANGE_OK;
    int code = 0;
    char text[128] = "";
    if (binance_read_error(answer, &code, text, sizeof text) == 0)
        (void)error_set(ERROR_PROTOCOL, "HTTP %d: %d %s", answer->status, code, text);
    else
        (void)strange_answer(answer, "Binance");
    for (size_t i = 0; i < sizeof meanings / sizeof meanings[0]; i++)
        if ((meanings[i].status == 0 || meanings[i].status == answer->status) &&
            (meanings[i].code == 0 || meanings[i].code == code))
            return meanings[i].verdict;
    return EXCHANGE_RETRY;
}

static const uint32_t intervals[] = {60,    180,   300,   900,   1800,  3600,   7200,
                                     14400, 21600, 28800, 43200, 86400, 604800, 0};

extern const struct exchange_stream exchange_binance_stream, exchange_simulated_stream;
extern const struct exchange exchange_binance, exchange_simulated;

/* The interface: all but the name and the addresses. */
#define BINANCE_INTERFACE                                                                                              \
    .weight_limit = 6000, .weight_window_ms = 60000, .weight_window_whole = true, .intervals = intervals,              \
    .tickers_per_call = TICKERS_PER_CALL, .candles_per_call = EXCHANGE_CANDLES_MAX,                                    \
    .used_weight_header = "x-mbx-used-weight-1m", .time_request = time_request,                                        \
    .instruments_request = instruments_request, .tickers_request = tickers_request,                                    \
    .candles_request = candles_request, .judge = judge, .read_time = binance_read_time,                                \
    .read_instruments = binance_read_instruments, .read_tickers = binance_read_tickers,                                \
    .read_candles = binance_read_candles

const struct exchange exchange_binance = {
    .name = "binance",
    .base_url = "https://api.binance.com",
    .stream = &exchange_binance_stream,
    BINANCE_INTERFACE,
};

/* wick-simulator, by default at the address of the first example in docs/simulator.md. */
const struct exchange exchange_simulated = {
    .name = EXCHANGE_SIMULATED,
    .base_url = "http://127.0.0.1:9000",
    .stream = &exchange_simulated_stream,
    BINANCE_INTERFACE,
};
