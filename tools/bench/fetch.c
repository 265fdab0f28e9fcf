/* A fetch cycle, 5 requests for the tickers of 50 markets and 250 for 100 candles, through our client and readers,
 * beside a bare libcurl loop that makes the same requests and throws the answers away. */
/* SPDX-License-Identifier: MIT */
#include "lib/exchange/http_client.h"
#include "tools/bench/bench.h"

#include <curl/curl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    MARKETS = 250,
    CHUNK = 50, /* symbols of a ticker request */
    CHUNKS = MARKETS / CHUNK,
    REQUESTS = CHUNKS + MARKETS,
    CANDLES = 100, /* of a candle request */
    CONNECTIONS = 20,
    TIMEOUT_MS = 10000,
};

static char urls[REQUESTS][EXCHANGE_URL_SIZE];
static const struct exchange *exchange;
static struct loop *loop;
static struct http_client *client;
static CURLM *multi;
static CURL *handles[CONNECTIONS];
static int next, ended;
static size_t rows; /* read in this cycle */
static int failure; /* the first of this cycle */
static size_t bytes;

/* ---- the requests ---- */

/* Splits the list of the command line. ERROR_ARGUMENT if it is too short. */
static int read_symbols(char names[MARKETS][SYMBOL_SIZE])
{
    const char *at = bench_given.symbols != NULL ? bench_given.symbols : "";
    for (size_t i = 0; i < MARKETS; i++) {
        size_t length = strcspn(at, ",");
        if (text_copy(names[i], SYMBOL_SIZE, at, length) != 0 || !symbol_valid(names[i]))
            return error_set(ERROR_ARGUMENT, "--symbols: expected %d names with commas, got %zu", MARKETS, i);
        at += length + (at[length] == ',');
    }
    return 0;
}

/* Written out, as the adapter asks for 20 symbols at once, which costs less weight. */
static void write_tickers_url(char (*names)[SYMBOL_SIZE], char *url)
{
    FILE *out = fmemopen(url, EXCHANGE_URL_SIZE, "w");
    if (out == NULL)
        return;
    (void)fprintf(out, "%s/api/v3/ticker/24hr?symbols=%%5B", bench_given.exchange_url);
    for (size_t i = 0; i < CHUNK; i++)
        (void)fprintf(out, "%s%%22%s%%22", i > 0 ? "%2C" : "", names[i]);
    (void)fprintf(out, "%%5D");
    (void)fclose(out);
}

static int write_urls(void)
{
    static char names[MARKETS][SYMBOL_SIZE];
    int code = read_symbols(names);
    if (code != 0)
        return code;
    for (size_t i = 0; i < CHUNKS; i++)
        write_tickers_url(names + i * CHUNK, urls[i]);
    for (size_t i = 0; i < MARKETS; i++)
        (void)snprintf(urls[CHUNKS + i], EXCHANGE_URL_SIZE, "%s/api/v3/klines?symbol=%.*s&interval=1m&limit=%d",
                       bench_given.exchange_url, SYMBOL_SIZE - 1, names[i], CANDLES);
    return 0;
}

/* ---- ours ---- */

static int on_ticker(void *user, const struct exchange_ticker *ticker)
{
    (void)user;
    rows += ticker->ticker.last > 0;
    return 0;
}

static int on_candle(void *user, const struct candle *candle)
{
    (void)user;
    rows += candle->close > 0;
    return 0;
}

static int read_answer(const struct http_result *result)
{
    if (result->code != 0)
        return result->code;
    if (exchange->judge(&result->answer) != EXCHANGE_OK)
        return ERROR_PROTOCOL;
    return result->tag < CHUNKS ? exchange->read_tickers(&result->answer, on_ticker, NULL, NULL)
                                : exchange->read_candles(&result->answer, 60, on_candle, NULL, NULL);
}

/* The request that has just ended makes room when its callback returns: then the next can begin. */
static void begin_next(void *user, int64_t now_ms)
{
    (void)user;
    (void)now_ms;
    while (next < REQUESTS && http_client_room(client) > 0 && failure == 0) {
        failure = http_client_get(client, urls[next], (uint64_t)next);
        next++;
    }
}

static int timer;

static void on_done(void *user, const struct http_result *result)
{
    (void)user;
    int code = read_answer(result);
    failure = failure != 0 ? failure : code;
    if (++ended == REQUESTS || failure != 0)
        loop_stop(loop);
    else if (next < REQUESTS)
        loop_set_timer(loop, timer, 0);
}

static int fetch_ours(void)
{
    next = ended = failure = 0;
    rows = 0;
    loop_set_timer(loop, timer, 0);
    int code = loop_run(loop);
    if (code == 0)
        code = failure;
    if (code == 0 && rows < MARKETS + MARKETS * CANDLES)
        return error_set(ERROR_PROTOCOL, "%zu rows were read, expected %d", rows, MARKETS + MARKETS * CANDLES);
    return code;
}

/* ---- bare libcurl ---- */

static size_t drop(char *data, size_t size, size_t count, void *user)
{
    (void)data;
    (void)user;
    bytes += size * count;
    return size * count;
}

static void begin_bare(CURL *handle)
{
    (void)curl_easy_setopt(handle, CURLOPT_URL, urls[next++]);
    (void)curl_multi_add_handle(multi, handle);
}

/* Goes on with each handle that has ended its transfer. */
static int end_bare(void)
{
    int left;
    for (CURLMsg *message; (message = curl_multi_info_read(multi, &left)) != NULL;) {
        if (message->msg != CURLMSG_DONE)
            continue;
        long status = 0;
        CURL *handle = message->easy_handle;
        if (message->data.result != CURLE_OK ||
            curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &status) != CURLE_OK || status != 200)
            return error_set(ERROR_PROTOCOL, "bare libcurl: status %ld", status);
        (void)curl_multi_remove_handle(multi, handle);
        ended++;
        if (next < REQUESTS)
            begin_bare(handle);
    }
    return 0;
}

static int fetch_bare(void)
{
    int running, code = 0;
    next = ended = 0;
    for (size_t i = 0; i < CONNECTIONS; i++)
        begin_bare(handles[i]);
    while (ended < REQUESTS && code == 0) {
        if (curl_multi_perform(multi, &running) != CURLM_OK ||
            (running > 0 && curl_multi_poll(multi, NULL, 0, TIMEOUT_MS, NULL) != CURLM_OK))
            return error_set(ERROR_LIBRARY, "bare libcurl");
        code = end_bare();
    }
    bench_keep((double)bytes);
    return code;
}

/* ---- set-up ---- */

static int open_bare(void)
{
    multi = curl_multi_init();
    for (size_t i = 0; i < CONNECTIONS; i++) {
        handles[i] = curl_easy_init();
        if (multi == NULL || handles[i] == NULL)
            return error_set(ERROR_LIBRARY, "bare libcurl");
        (void)curl_easy_setopt(handles[i], CURLOPT_WRITEFUNCTION, drop);
        (void)curl_easy_setopt(handles[i], CURLOPT_NOSIGNAL, 1L);
        (void)curl_easy_setopt(handles[i], CURLOPT_NOPROXY, "*");
    }
    return 0;
}

static int set_up(void)
{
    const struct http_client_options options = {.connections = CONNECTIONS, .timeout_ms = TIMEOUT_MS};
    int code = exchange_find("binance", &exchange);
    if (code == 0)
        code = write_urls();
    if (code != 0)
        return code;
    loop = loop_create();
    if (loop == NULL)
        return ERROR_MEMORY;
    timer = loop_add_timer(loop, 0, 0, begin_next, NULL);
    if (timer < 0)
        return timer;
    code = http_client_open(&client, loop, &options, on_done, NULL);
    return code != 0 ? code : open_bare();
}

static void tear_down(void)
{
    http_client_close(client);
    loop_destroy(loop);
    for (size_t i = 0; i < CONNECTIONS; i++)
        curl_easy_cleanup(handles[i]);
    (void)curl_multi_cleanup(multi);
}

const struct bench bench_fetch[] = {
    {"fetch a cycle", "255 requests and all rows read, beside a bare libcurl loop that reads nothing", 3.0, 1,
     &bench_given.exchange_url, false, set_up, fetch_ours, fetch_bare, tear_down},
    {0},
};
