/* What can be asked is a table; each part of an answer is written as JSON when it comes. */
/* SPDX-License-Identifier: MIT */
#include "dashboard/history.h"

#include "dashboard/process.h"
#include "dashboard/reply.h"
#include "dashboard/view_json.h"
#include "lib/base/interval.h"
#include "lib/base/log.h"

#include <stdlib.h>
#include <string.h>

enum {
    ROW_JSON_MAX = 640,           /* bytes of one row at most: eight names and texts, seven numbers */
    FRAME_JSON_MAX = 256,         /* of what is around the rows */
    TIME_MS_MAX = 0x7fffffffffff, /* some 4,000 years */
};

struct history_kind {
    const char *path;
    enum query_kind kind;
    const char *key;    /* of the array in the answer */
    enum record record; /* of its rows */
    size_t list_offset; /* in struct answer */
    uint32_t limit_default, limit_max;
    void (*write)(struct json_writer *json, const void *row);
};

static const struct history_kind kinds[] = {
    {"/api/v1/candles", QUERY_KIND_CANDLES, "candles", RECORD_candle, offsetof(struct answer, candles), 500, 5000,
     json_candle},
    {"/api/v1/signals", QUERY_KIND_SIGNALS, "signals", RECORD_signal_outcome, offsetof(struct answer, outcomes), 100,
     1000, json_signal},
    {"/api/v1/orders", QUERY_KIND_ORDERS, "orders", RECORD_order, offsetof(struct answer, orders), 100, 1000,
     json_order},
    {"/api/v1/fills", QUERY_KIND_FILLS, "fills", RECORD_fill, offsetof(struct answer, fills), 100, 1000, json_fill},
    {"/api/v1/equity", QUERY_KIND_EQUITY, "equity", RECORD_account, offsetof(struct answer, accounts), 1000, 5000,
     json_account_point},
};

static const struct history_kind *kind_of_path(const char *path)
{
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        if (strcmp(kinds[i].path, path) == 0)
            return &kinds[i];
    return NULL;
}

static const struct history_kind *kind_of_query(enum query_kind kind)
{
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        if (kinds[i].kind == kind)
            return &kinds[i];
    return NULL;
}

/* ---- arguments ---- */

/* A whole number of decimal digits; NULL gives `initial`. */
static int read_number(const char *name, const char *text, int64_t minimum, int64_t maximum, int64_t initial,
                       int64_t *out)
{
    struct decimal number;
    if (text == NULL) {
        *out = initial;
        return 0;
    }
    if (strspn(text, "0123456789") != strlen(text) || decimal_parse(text, strlen(text), &number) < 0 ||
        number.mantissa < minimum || number.mantissa > maximum)
        return error_set(ERROR_ARGUMENT, "\"%s\" must be a whole number from %lld to %lld", name, (long long)minimum,
                         (long long)maximum);
    *out = number.mantissa;
    return 0;
}

static int read_times(const struct history_arguments *arguments, struct query *query)
{
    int code = read_number("from", arguments->from, 0, TIME_MS_MAX, 0, &query->from_ms);
    if (code == 0)
        code = read_number("to", arguments->to, 0, TIME_MS_MAX, 0, &query->to_ms);
    if (code == 0 && query->to_ms != 0 && query->to_ms <= query->from_ms)
        code = error_set(ERROR_ARGUMENT, "\"to\" must be later than \"from\" (ms since 1970 UTC)");
    return code;
}

static int read_series(const struct history_arguments *arguments, bool needed, const char *intervals,
                       struct query *query)
{
    char first[16] = "";
    const char *symbol = arguments->symbol != NULL ? arguments->symbol : "-";
    if (needed && arguments->symbol == NULL)
        return error_set(ERROR_ARGUMENT, "\"symbol\" is needed, as the exchange spells it: symbol=BTCUSDT");
    if (!symbol_valid(symbol) || text_copy(query->symbol, sizeof query->symbol, symbol, strlen(symbol)) < 0)
        return error_set(ERROR_ARGUMENT, "\"symbol\" must be spelt as the exchange does: symbol=BTCUSDT");
    (void)config_next_word(&intervals, first, sizeof first);
    const char *interval = arguments->interval != NULL ? arguments->interval : first;
    if (needed && interval_from_name(interval, &query->interval_s) < 0)
        return error_set(ERROR_ARGUMENT, "\"interval\" must be the name of a candle length, like 1m, 5m or 1h");
    return 0;
}

int history_query(const char *path, const struct history_arguments *arguments, const char *intervals,
                  struct query *query)
{
    const struct history_kind *kind = kind_of_path(path);
    int64_t limit = 0;
    if (kind == NULL)
        return error_set(ERROR_ARGUMENT, "there is no such history");
    int code = read_series(arguments, kind->kind == QUERY_KIND_CANDLES, intervals, query);
    if (code == 0)
        code = read_times(arguments, query);
    if (code == 0)
        code = read_number("limit", arguments->limit, 1, kind->limit_max, kind->limit_default, &limit);
    query->kind = kind->kind;
    query->limit = (uint32_t)limit;
    return code;
}

/* ---- asking ---- */

static struct question *find_question(struct history *history, uint64_t id)
{
    for (size_t i = 0; i < QUESTIONS_MAX; i++)
        if (history->questions[i].id == id)
            return &history->questions[i];
    return NULL;
}

static void forget(struct question *question)
{
    free(question->json.text);
    *question = (struct question){0};
}

/* Ends a question whose answer was given to its request. */
static void finish(struct question *question)
{
    struct http_request *request = question->request;
    forget(question);
    http_resume(request);
}

int history_name_account(const struct config *config, const struct view *view, struct query *query)
{
    const char *exchange = config->exchange_name, *quote_asset = config->market_quote_asset;
    query->mode = view->portfolio.account.mode;
    int code = text_copy(query->exchange, sizeof query->exchange, exchange, strlen(exchange));
    if (code != 0)
        return code;
    return text_copy(query->quote_asset, sizeof query->quote_asset, quote_asset, strlen(quote_asset));
}

/* Sends a query whose question stands at `place`, about the account that is shown. */
static int send_query(struct dashboard *dashboard, struct question *place, struct query *query)
{
    int code = history_name_account(dashboard->context->config, &dashboard->view, query);
    if (code < 0)
        return code;
    query->id = dashboard->history.last_id + 1;
    code = service_send(dashboard->context, LINK_HISTORY, NULL, RECORD_query, query);
    if (code < 0)
        return code;
    dashboard->history.last_id = query->id;
    place->id = query->id;
    place->kind = query->kind;
    place->deadline_ms = dashboard_now(dashboard) + QUESTION_TIMEOUT_MS;
    return 0;
}

int history_ask(struct dashboard *dashboard, enum query_kind kind, uint32_t limit)
{
    struct query query = {.kind = kind, .symbol = "-", .limit = limit};
    struct question *place = find_question(&dashboard->history, 0);
    if (place == NULL)
        return error_set(ERROR_FULL, "%d questions to the history wait already", QUESTIONS_MAX);
    return send_query(dashboard, place, &query);
}

static int begin_answer(struct question *place, const struct query *query)
{
    const struct history_kind *kind = kind_of_query(query->kind);
    size_t capacity = (size_t)query->limit * ROW_JSON_MAX + FRAME_JSON_MAX;
    char *text = malloc(capacity);
    if (text == NULL)
        return error_set(ERROR_MEMORY, "no memory for the answer");
    place->json = json_into(text, capacity);
    json_open_object(&place->json, NULL);
    if (query->kind == QUERY_KIND_CANDLES) {
        const char *interval = interval_name(query->interval_s);
        json_text(&place->json, "symbol", query->symbol);
        json_text(&place->json, "interval", interval != NULL ? interval : "");
    }
    json_open_array(&place->json, kind->key);
    return 0;
}

static void ask_for(struct dashboard *dashboard, struct http_request *request, struct query *query)
{
    struct question *place = find_question(&dashboard->history, 0);
    if (place == NULL) {
        reply_retry(request, 503, 1000, "too many questions to the history wait already");
        return;
    }
    if (begin_answer(place, query) < 0 || send_query(dashboard, place, query) < 0) {
        forget(place);
        reply_retry(request, 503, 1000, "the history cannot be asked now");
        return;
    }
    place->request = request;
    http_answer_later(request);
}

void history_handle(struct http_request *request, void *user)
{
    struct dashboard *dashboard = user;
    const char *intervals = dashboard->context->config->market_intervals;
    struct query query = {0};
    struct history_arguments arguments = {
        .symbol = http_argument(request, "symbol"),
        .interval = http_argument(request, "interval"),
        .from = http_argument(request, "from"),
        .to = http_argument(request, "to"),
        .limit = http_argument(request, "limit"),
    };
    if (history_query(http_path(request), &arguments, intervals, &query) < 0) {
        reply_error(request, 400, error_message());
        return;
    }
    ask_for(dashboard, request, &query);
}

/* ---- answers ---- */

static void write_rows(struct question *question, const struct answer *answer)
{
    union {
        struct candle candle;
        struct signal_outcome signal;
        struct order order;
        struct fill fill;
        struct account account;
    } row;
    const struct history_kind *kind = kind_of_query(question->kind);
    struct list rows = *(const struct list *)((const char *)answer + kind->list_offset);
    while (list_next(&rows, kind->record, &row))
        kind->write(&question->json, &row);
}

static void answer_request(struct question *question, const struct answer *answer)
{
    if (answer->error[0] != '\0') {
        reply_error(question->request, 503, answer->error);
        finish(question);
        return;
    }
    write_rows(question, answer);
    if (!answer->last)
        return;
    json_close_array(&question->json);
    json_close_object(&question->json);
    reply_json(question->request, 200, &question->json);
    finish(question);
}

static void answer_view(struct dashboard *dashboard, const struct question *question, const struct answer *answer)
{
    struct view *view = &dashboard->view;
    if (answer->error[0] != '\0') {
        log_debug("history_refused", log_text("kind", query_kind_name(question->kind)),
                  log_text("error", answer->error));
        return;
    }
    view_take_signals(view, answer->outcomes);
    view_take_orders(view, answer->orders);
    view_take_fills(view, answer->fills);
    if (question->kind == QUERY_KIND_PROCESSES)
        view_take_processes(view, answer->processes, answer->last);
}

/* A question of the view has no answer, or not all of it. The processes are asked for every second anyway. */
static void give_up(struct dashboard *dashboard, struct question *question)
{
    dashboard->recent_wanted = dashboard->recent_wanted || question->kind != QUERY_KIND_PROCESSES;
    forget(question);
}

/* A part of the answer was lost: who asked is to ask again. */
static void refuse_incomplete(struct dashboard *dashboard, struct question *question)
{
    log_warn("history_incomplete", log_text("kind", query_kind_name(question->kind)));
    if (question->request == NULL) {
        give_up(dashboard, question);
        return;
    }
    reply_retry(question->request, 503, 1000, "a part of the answer was lost, ask again");
    finish(question);
}

void history_take(struct dashboard *dashboard, const struct answer *answer)
{
    struct question *question = answer->id != 0 ? find_question(&dashboard->history, answer->id) : NULL;
    if (question == NULL)
        return; /* it was given up */
    if (answer->error[0] == '\0' && answer->part != question->parts) {
        refuse_incomplete(dashboard, question);
        return;
    }
    question->parts++;
    if (question->request != NULL) {
        answer_request(question, answer);
        return;
    }
    answer_view(dashboard, question, answer);
    if (answer->error[0] != '\0')
        give_up(dashboard, question);
    else if (answer->last)
        forget(question);
}

void history_tick(struct dashboard *dashboard, int64_t now_ms)
{
    for (size_t i = 0; i < QUESTIONS_MAX; i++) {
        struct question *question = &dashboard->history.questions[i];
        if (question->id == 0 || now_ms < question->deadline_ms)
            continue;
        if (question->request == NULL) {
            give_up(dashboard, question);
            continue;
        }
        reply_error(question->request, 504, "the history has not answered");
        finish(question);
    }
}

void history_release(struct history *history)
{
    for (size_t i = 0; i < QUESTIONS_MAX; i++)
        forget(&history->questions[i]);
}
