/* SPDX-License-Identifier: MIT */
#include "tools/verify/source.h"

#include "lib/base/clock.h"
#include "lib/exchange/ban.h"
#include "lib/exchange/budget.h"
#include "lib/exchange/exchange_clock.h"
#include "lib/exchange/http_client.h"
#include "lib/runtime/loop.h"
#include "lib/series/candle.h"

#include <assert.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { URL_SIZE = 1000, TIMEOUT_MS = 10000, LOOK_MS = 100, FIRST_PAUSE_MS = 500 };

struct source {
    const struct exchange *exchange;
    char base_url[URL_SIZE];
    const char *data_dir;
    const volatile sig_atomic_t *interrupted;
    struct loop *loop;
    struct http_client *http;
    int pause_timer;
    struct exchange_clock clock;
    struct budget own, all; /* what we use, and what everybody does */

    /* The answer of the request under way. */
    bool answered;
    struct http_result result;
    char *body; /* a copy; owned */
    char failure[256];
};

/* ---- waiting ---- */

static void on_look(void *user, int64_t now_ms)
{
    struct source *source = user;
    (void)now_ms;
    if (*source->interrupted != 0)
        loop_stop(source->loop);
}

static void on_pause_over(void *user, int64_t now_ms)
{
    (void)now_ms;
    loop_stop(((struct source *)user)->loop);
}

static int check_interrupted(const struct source *source, int code)
{
    return code == 0 && *source->interrupted != 0 ? error_set(ERROR_AGAIN, "interrupted") : code;
}

static int pause_ms(struct source *source, int64_t duration_ms)
{
    loop_set_timer(source->loop, source->pause_timer, duration_ms);
    int code = loop_run(source->loop);
    loop_stop_timer(source->loop, source->pause_timer);
    return check_interrupted(source, code);
}

/* Waits until the request may be sent. */
static int wait_for_budget(struct source *source, int weight)
{
    for (;;) {
        int64_t now_ms = source_now_ms(source), again_ms = now_ms;
        if (budget_take(&source->all, BUDGET_closes, weight, now_ms, &again_ms) &&
            budget_take(&source->own, BUDGET_closes, weight, now_ms, &again_ms))
            return 0;
        int64_t wait_ms = again_ms - now_ms + 1;
        if (wait_ms > SOURCE_WAIT_MOST_MS)
            return error_set(ERROR_BANNED, "%s wants no requests for %lld s", source->exchange->name,
                             (long long)wait_ms / 1000);
        int code = pause_ms(source, wait_ms);
        if (code != 0)
            return code;
    }
}

/* ---- one request ---- */

static void on_answer(void *user, const struct http_result *result)
{
    struct source *source = user;
    source->answered = true;
    source->result = *result;
    (void)snprintf(source->failure, sizeof source->failure, "%s", result->code != 0 ? error_message() : "");
    if (result->code == 0 && (source->body = malloc(result->answer.size + 1)) != NULL) {
        memcpy(source->body, result->answer.body, result->answer.size);
        source->body[result->answer.size] = '\0';
    }
    loop_stop(source->loop);
}

/* Sends it once and waits for its answer, whose body is kept in the source. */
static int ask(struct source *source, const struct exchange_request *request)
{
    free(source->body);
    source->body = NULL;
    source->answered = false;
    int code = http_client_get(source->http, request->url, 0);
    while (code == 0 && !source->answered)
        code = check_interrupted(source, loop_run(source->loop));
    if (code != 0)
        return code;
    if (source->result.code != 0)
        return error_set(source->result.code, "%s", source->failure);
    if (source->body == NULL)
        return error_set(ERROR_MEMORY, "no memory for an answer");
    source->result.answer.body = source->body;
    return 0;
}

/* The exchange wants us to stop; that holds for everybody here. */
static void obey(struct source *source, enum exchange_verdict verdict, int64_t sent_ms)
{
    int64_t now_ms = source_now_ms(source);
    int retry_after_s = source->result.answer.retry_after_s;
    budget_stop(&source->all, verdict, retry_after_s, sent_ms, now_ms, 0);
    budget_stop(&source->own, verdict, retry_after_s, sent_ms, now_ms, 0);
    int64_t until_ms = clock_wall_ms() + source->all.stopped_until_ms - now_ms;
    if (until_ms > ban_load(source->data_dir, source->base_url) &&
        ban_save(source->data_dir, source->base_url, until_ms) != 0)
        (void)fprintf(stderr, "wick verify: %s\n", error_message());
}

/* What an answer means: 0 to read it; ERROR_TIMEOUT to ask again; other codes to give up. */
static int judge(struct source *source)
{
    const struct http_result *result = &source->result;
    int64_t now_ms = source_now_ms(source);
    int64_t sent_ms = now_ms - (result->received_us - result->sent_us) / 1000;
    enum exchange_verdict verdict = source->exchange->judge(&result->answer);
    budget_correct(&source->all, result->answer.used_weight, sent_ms, now_ms);
    switch (verdict) {
    case EXCHANGE_OK:
        budget_succeeded(&source->all, sent_ms);
        return 0;
    case EXCHANGE_SLOW:
    case EXCHANGE_BANNED:
        obey(source, verdict, sent_ms);
        return ERROR_TIMEOUT;
    case EXCHANGE_RETRY:
        return ERROR_TIMEOUT;
    default:
        return error_context(ERROR_DENIED, "%s refuses", source->exchange->name);
    }
}

static bool is_worth_another(int code)
{
    return code == ERROR_TIMEOUT || code == ERROR_CONNECTION || code == ERROR_PROTOCOL;
}

/* Asks until there is an answer that can be read, with growing pauses. */
static int get(struct source *source, const struct exchange_request *request)
{
    int64_t delay_ms = FIRST_PAUSE_MS;
    for (int attempt = 1;; attempt++) {
        int code = wait_for_budget(source, request->weight);
        if (code == 0)
            code = ask(source, request);
        if (code == 0)
            code = judge(source);
        if (code == 0 || attempt == SOURCE_ATTEMPTS || !is_worth_another(code))
            return code;
        code = pause_ms(source, delay_ms);
        if (code != 0)
            return code;
        delay_ms *= 2;
    }
}

/* ---- opening ---- */

static int learn_time(struct source *source)
{
    struct exchange_request *request = malloc(sizeof *request);
    int64_t exchange_ms = 0;
    int code = request != NULL ? source->exchange->time_request(source->base_url, request)
                               : error_set(ERROR_MEMORY, "no memory for a request");
    if (code == 0)
        code = get(source, request);
    if (code == 0)
        code = source->exchange->read_time(&source->result.answer, &exchange_ms);
    free(request);
    if (code == 0)
        exchange_clock_sample(&source->clock, source->result.sent_us, source->result.received_us, exchange_ms);
    return code;
}

/* The loop blocks the signals that it reads itself; here a flag is looked at. */
static void unblock_signals(void)
{
    sigset_t signals;
    (void)sigemptyset(&signals);
    (void)sigaddset(&signals, SIGINT);
    (void)sigaddset(&signals, SIGTERM);
    (void)pthread_sigmask(SIG_UNBLOCK, &signals, NULL);
}

static int open_loop(struct source *source)
{
    const struct http_client_options options = {
        .connections = 1,
        .timeout_ms = TIMEOUT_MS,
        .used_weight_header = source->exchange->used_weight_header,
    };
    source->loop = loop_create();
    if (source->loop == NULL)
        return ERROR_MEMORY;
    unblock_signals();
    source->pause_timer = loop_add_timer(source->loop, 0, 0, on_pause_over, source);
    int look = loop_add_timer(source->loop, LOOK_MS, LOOK_MS, on_look, source);
    if (source->pause_timer < 0 || look < 0)
        return ERROR_FULL;
    loop_stop_timer(source->loop, source->pause_timer);
    return http_client_open(&source->http, source->loop, &options, on_answer, source);
}

static int prepare(struct source *source, const struct source_options *options)
{
    int code = exchange_find(options->exchange, &source->exchange);
    if (code != 0)
        return code;
    bool has_url = options->url != NULL && options->url[0] != '\0';
    (void)snprintf(source->base_url, sizeof source->base_url, "%s", has_url ? options->url : source->exchange->base_url);
    for (size_t length = strlen(source->base_url); length > 0 && source->base_url[length - 1] == '/';)
        source->base_url[--length] = '\0';
    source->data_dir = options->data_dir;
    source->interrupted = options->interrupted;
    int64_t left_ms = ban_load(source->data_dir, source->base_url) - clock_wall_ms();
    if (left_ms > 0)
        return error_set(ERROR_BANNED, "%s has asked us to stop; nothing is sent for another %lld s",
                         source->exchange->name, (long long)left_ms / 1000 + 1);
    exchange_clock_init(&source->clock, 1, clock_monotonic_us(), clock_wall_ms());
    budget_init(&source->own, source->exchange, SOURCE_SHARE_PERCENT);
    budget_init(&source->all, source->exchange, SOURCE_ALL_PERCENT);
    code = open_loop(source);
    return code == 0 ? learn_time(source) : code;
}

int source_open(struct source **out, const struct source_options *options)
{
    struct source *source = calloc(1, sizeof *source);
    if (source == NULL)
        return error_set(ERROR_MEMORY, "no memory for an exchange");
    int code = prepare(source, options);
    if (code != 0) {
        source_close(source);
        return code;
    }
    *out = source;
    return 0;
}

void source_close(struct source *source)
{
    if (source == NULL)
        return;
    http_client_close(source->http);
    if (source->loop != NULL)
        loop_destroy(source->loop);
    free(source->body);
    free(source);
}

const struct exchange *source_exchange(const struct source *source)
{
    return source->exchange;
}

int64_t source_now_ms(const struct source *source)
{
    return exchange_clock_ms(&source->clock, clock_monotonic_us());
}

/* ---- candles ---- */

/* What of an answer is wanted. */
struct filter {
    int64_t first_ms, last_ms, now_ms, step_ms;
    exchange_candle_fn fn;
    void *user;
};

static int pass_on(void *user, const struct candle *candle)
{
    const struct filter *filter = user;
    int64_t time_ms = candle->open_time_ms;
    bool wanted = time_ms >= filter->first_ms && time_ms <= filter->last_ms && time_ms + filter->step_ms <= filter->now_ms;
    if (!wanted || candle_check(candle, (uint32_t)(filter->step_ms / 1000)) != 0)
        return 0; /* one that cannot be true is as good as missing */
    return filter->fn(filter->user, candle);
}

int source_candles(struct source *source, const char *symbol, uint32_t interval_s, int64_t first_open_ms,
                   int64_t last_open_ms, exchange_candle_fn fn, void *user)
{
    struct filter filter = {
        .first_ms = first_open_ms,
        .last_ms = last_open_ms,
        .now_ms = source_now_ms(source),
        .step_ms = (int64_t)interval_s * 1000,
        .fn = fn,
        .user = user,
    };
    if (!exchange_has_interval(source->exchange, interval_s))
        return error_set(ERROR_ARGUMENT, "%s has no candles of %u s", source->exchange->name, interval_s);
    struct exchange_request *request = malloc(sizeof *request);
    int code = request != NULL ? source->exchange->candles_request(source->base_url, symbol, interval_s, first_open_ms,
                                                                   last_open_ms, filter.now_ms, request)
                               : error_set(ERROR_MEMORY, "no memory for a request");
    if (code == 0)
        code = get(source, request);
    if (code == 0)
        code = source->exchange->read_candles(&source->result.answer, interval_s, pass_on, NULL, &filter);
    free(request);
    return code;
}
