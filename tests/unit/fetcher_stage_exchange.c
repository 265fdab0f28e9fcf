/* The played exchange, behind the functions of the HTTP client. */
/* SPDX-License-Identifier: MIT */
#include "tests/unit/fetcher_stage.h"

#include "lib/exchange/http_client.h"
#include "tests/harness.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CALLS = 32 };

#define YEARS_MS (1000 * INT64_C(86400000)) /* how far before what is asked for the candle of dates_back stands */

/* One request on its way. */
struct call {
    bool used;
    int64_t sent_us, due_us;
    uint64_t tag;
    int code, status, retry_after_s;
    char *body;
    size_t size;
};

static struct {
    struct call calls[CALLS];
    http_done_fn done;
    void *done_user;
    int room;
    int64_t stopped_from_us, stopped_until_ms; /* by a 429 or 418 that has arrived */
    unsigned asked[STAGE_SYMBOLS];             /* for candles */
} played;

static int64_t url_number(const char *url, const char *name)
{
    const char *at = strstr(url, name);
    CU_ASSERT_FATAL(at != NULL);
    return strtoll(at + strlen(name), NULL, 10);
}

/* The first daily candle that was asked for, if there is one. */
static void write_days(const char *url, FILE *body)
{
    int symbol = strstr(url, "symbol=")[7] - 'A';
    if (stage.young[symbol])
        (void)fprintf(body, "[]");
    else
        (void)fprintf(body, "[[%" PRId64 ",\"10\",\"12\",\"9\",\"11\",\"5\",%" PRId64 ",\"0\",1,\"0\",\"0\",\"0\"]]",
                      url_number(url, "startTime="), url_number(url, "startTime=") + 86399999);
}

static void write_klines(const char *url, FILE *body)
{
    int symbol = strstr(url, "symbol=")[7] - 'A';
    played.asked[symbol]++;
    int64_t from_ms = url_number(url, "startTime="), to_ms = url_number(url, "endTime=");
    int64_t limit = url_number(url, "limit="), rows = 0;
    bool dates_back = stage.faults.dates_back && symbol == 1;
    (void)fputc('[', body);
    if (dates_back)
        (void)fprintf(body, "[%" PRId64 ",\"10\",\"12\",\"9\",\"11\",\"5\",%" PRId64 ",\"0\",1,\"0\",\"0\",\"0\"]",
                      from_ms - YEARS_MS, from_ms - YEARS_MS + STAGE_MINUTE_MS - 1);
    for (int64_t minute = 0; minute <= stage_closed() && rows < limit; minute++) {
        struct candle candle = stage_truth(symbol, minute);
        if ((stage.halted[symbol] && minute >= stage.halted_from) || (stage_lacks(symbol, minute) && !stage_moves(symbol, minute)) || candle.open_time_ms < from_ms || candle.open_time_ms > to_ms ||
            stage_happens(stage.faults.omitted))
            continue;
        bool forming = minute == stage_closed();
        candle.open_time_ms += stage_moves(symbol, minute) ? 14789 : 0;
        (void)fprintf(body,
                      "%s[%" PRId64 ",\"%" PRId64 ".%02" PRId64 "\",\"12.00\",\"9.00\",\"%" PRId64 ".%02" PRId64
                      "\",\"%" PRId64 "\",%" PRId64 ",\"0\",1,\"0\",\"0\",\"0\"]",
                      rows++ > 0 || dates_back ? "," : "", candle.open_time_ms, candle.open / 100, candle.open % 100,
                      forming ? 9 : candle.close / 100, forming ? 50 : candle.close % 100, candle.volume,
                      candle.open_time_ms + STAGE_MINUTE_MS - 1);
    }
    (void)fputc(']', body);
}

static void write_info(FILE *body)
{
    (void)fprintf(body, "{\"symbols\":[");
    for (int symbol = 0, rows = 0; symbol < STAGE_SYMBOLS; symbol++)
        if (!stage.unlisted[symbol])
            (void)fprintf(body,
                          "%s{\"symbol\":\"%cUSDT\",\"status\":%s,\"baseAsset\":\"%c\",\"quoteAsset\":\"USDT\","
                          "\"filters\":[]}",
                          rows++ > 0 ? "," : "", 'A' + symbol,
                          stage.faults.breaks_rows && symbol == 1 ? "null"
                          : stage.halted[symbol] ? "\"BREAK\"" : "\"TRADING\"", 'A' + symbol);
    (void)fprintf(body, "]}");
}

/* How many rows a symbol has among the tickers that are asked for. */
static int ticker_rows_of(int symbol, const char *url)
{
    char name[16];
    (void)snprintf(name, sizeof name, "%%22%cUSDT%%22", 'A' + symbol);
    bool asked = !stage.unlisted[symbol] && (strstr(url, "symbols=") == NULL || strstr(url, name) != NULL);
    if (!asked || (stage.faults.hides_ticker && symbol == 1))
        return 0;
    return stage.faults.repeats_ticker && symbol == 0 ? 2 : 1;
}

static void write_tickers(const char *url, FILE *body)
{
    int rows = 0;
    (void)fputc('[', body);
    for (int symbol = 0; symbol < STAGE_SYMBOLS; symbol++)
        for (int row = ticker_rows_of(symbol, url); row > 0; row--)
            (void)fprintf(body, "%s{\"%s\":\"%cUSDT\",\"bidPrice\":%s,\"askPrice\":\"11\",\"lastPrice\":\"10\","
                          "\"quoteVolume\":\"%d.5\"}", rows++ > 0 ? "," : "",
                          stage.faults.unnames_tickers && symbol == 1 ? "what" : "symbol", 'A' + symbol,
                          stage.faults.breaks_tickers && symbol == 1 ? "null" : "\"9\"", 1000 * (symbol + 1));
    (void)fputc(']', body);
}

static void write_time(FILE *body)
{
    bool off = stage.clock_off_for > 0;
    stage.clock_off_for -= off;
    (void)fprintf(body, "{\"serverTime\":%" PRId64 "}", stage_exchange_ms() + (off ? stage.clock_off_ms : 0));
}

static void write_body(struct call *call, const char *url)
{
    FILE *body = open_memstream(&call->body, &call->size);
    CU_ASSERT_FATAL(body != NULL);
    if (strstr(url, "interval=1d") != NULL)
        write_days(url, body);
    else if (strstr(url, "/klines") != NULL)
        write_klines(url, body);
    else if (strstr(url, "/exchangeInfo") != NULL)
        write_info(body);
    else if (strstr(url, "/ticker") != NULL)
        write_tickers(url, body);
    else
        write_time(body);
    CU_ASSERT_FATAL(fclose(body) == 0);
}

unsigned stage_asked(int symbol)
{
    return played.asked[symbol];
}

/* Whether a URL names a symbol that the exchange does not list. */
static bool is_unknown(const char *url)
{
    char name[16];
    for (int symbol = 0; symbol < STAGE_SYMBOLS; symbol++) {
        (void)snprintf(name, sizeof name, "%cUSDT", 'A' + symbol);
        if (stage.unlisted[symbol] && strstr(url, name) != NULL)
            return true;
    }
    return false;
}

/* Whether the played exchange refuses what it lists. */
static bool is_refused(const char *url)
{
    bool candles = stage.faults.refuses_candles && strstr(url, "/klines?symbol=BUSDT") != NULL;
    bool tickers = stage.faults.refuses_tickers && strstr(url, "/ticker") != NULL && strstr(url, "BUSDT") != NULL;
    return candles || tickers || (stage.faults.refuses_list && strstr(url, "/exchangeInfo") != NULL);
}

static void answer(struct call *call, const char *url)
{
    write_body(call, url);
    call->status = is_unknown(url) || is_refused(url) ? 400 : 200;
    if (stage.faults.breaks_candles && strstr(url, "/klines?symbol=BUSDT") != NULL)
        call->size = 1;
    call->code = stage_happens(stage.faults.timeout) ? ERROR_TIMEOUT : 0;
    if (stage_happens(stage.faults.status500))
        call->status = 500;
    if (stage_happens(stage.faults.cut))
        call->size = test_random() % call->size;
    if (stage_happens(stage.faults.status429)) {
        call->status = test_random() % 2 == 0 ? 429 : 418;
        call->retry_after_s = (int)(test_random() % 30);
    }
}

int http_client_open(struct http_client **out, struct loop *loop, const struct http_client_options *wanted,
                     http_done_fn done, void *user)
{
    (void)out;
    (void)loop;
    played.done = done;
    played.done_user = user;
    played.room = wanted->connections;
    return 0;
}

void stage_exchange_clear(void)
{
    for (int i = 0; i < CALLS; i++) {
        free(played.calls[i].body);
        played.calls[i] = (struct call){0};
    }
    played.stopped_until_ms = 0;
    memset(played.asked, 0, sizeof played.asked);
}

bool stage_exchange_stopped(void)
{
    return stage_now_us() > played.stopped_from_us && stage_exchange_ms() < played.stopped_until_ms;
}

void http_client_close(struct http_client *client)
{
    (void)client;
    stage_exchange_clear();
}

int http_client_room(const struct http_client *client)
{
    (void)client;
    return played.room;
}

int http_client_get(struct http_client *client, const char *url, uint64_t tag)
{
    (void)client;
    CU_ASSERT_FATAL(played.room > 0 && strncmp(url, "http://exchange.test/api/", 25) == 0);
    struct call *call = played.calls;
    while (call->used)
        call++;
    int64_t travel_us = 200 + (int64_t)(test_random() % 3000), now_us = stage_now_us();
    *call = (struct call){.used = true, .sent_us = now_us, .due_us = now_us + 2 * travel_us, .tag = tag, .retry_after_s = -1};
    stage.requests++;
    stage.requests_while_stopped += stage_exchange_stopped();
    played.room--;
    answer(call, url);
    return 0;
}

/* The call that is answered first, or NULL. */
static struct call *first_call(void)
{
    struct call *first = NULL;
    for (int i = 0; i < CALLS; i++)
        if (played.calls[i].used && (first == NULL || played.calls[i].due_us < first->due_us))
            first = &played.calls[i];
    return first;
}

int64_t stage_exchange_next_us(void)
{
    const struct call *first = first_call();
    return first != NULL ? first->due_us : INT64_MAX;
}

void stage_exchange_deliver(void)
{
    struct call *call = first_call();
    struct call ended = *call;
    *call = (struct call){0};
    if (ended.code == 0 && (ended.status == 429 || ended.status == 418)) {
        stage.stops++;
        played.stopped_from_us = stage_now_us();
        played.stopped_until_ms = stage_exchange_ms() + ended.retry_after_s * 1000;
    }
    struct http_result result = {
        .code = ended.code,
        .answer = {ended.status, ended.body, ended.size, -1, ended.retry_after_s},
        .sent_us = ended.sent_us,
        .received_us = stage_now_us(),
        .tag = ended.tag,
    };
    played.done(played.done_user, &result);
    played.room++;
    free(ended.body);
}
