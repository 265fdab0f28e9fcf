/* What every request goes through: the budget, a fault if one is due, its endpoint, the journal, the answer. */
/* SPDX-License-Identifier: MIT */
#include "tools/simulator/simulator.h"

#include "lib/base/clock.h"
#include "lib/base/log.h"
#include "tools/simulator/api.h"
#include "tools/simulator/chronicle.h"
#include "tools/simulator/kline_faults.h"
#include "tools/simulator/streams.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define JSON_TYPE "application/json;charset=UTF-8"
#define HTML_TYPE "text/html;charset=UTF-8"

enum { IDLE_TIMEOUT_S = 75, UNKNOWN_PATH_WEIGHT = 1 };

static const char html_page[] = "<html>\n<head><title>503 Service Temporarily Unavailable</title></head>\n"
                                "<body><center><h1>503 Service Temporarily Unavailable</h1></center></body>\n</html>\n";

/* A request on its way to its answer. */
struct passage {
    struct api_call call;
    const struct endpoint *endpoint; /* NULL: there is none */
    enum fault fault;
    int64_t candle_ms; /* that a fault left out, by its open time; -1: none */
    int status, weight;
    const char *type;
};

int64_t simulator_now_ms(const struct simulator *simulator)
{
    return exchange_clock_at(&simulator->clock, clock_monotonic_us());
}

/* ---- the body ---- */

static void add_number_header(struct http_request *request, const char *name, int64_t value)
{
    char text[TEXT_INTEGER_SIZE + 1];
    *text_put_integer(text, value) = '\0';
    http_add_header(request, name, text);
}

static void note_ban(struct simulator *simulator, int64_t now_ms)
{
    log_warn("banned", log_int("until_ms", simulator->weight.banned_until_ms));
    struct text *line = journal_begin(&simulator->journal, now_ms, "ban");
    if (line == NULL)
        return;
    text_add(line, ",\"until\":");
    text_add_integer(line, simulator->weight.banned_until_ms);
    journal_end(&simulator->journal);
}

/* Answers 429 or 418. */
static void refuse(struct passage *passage, enum weight_verdict verdict)
{
    struct api_call *call = &passage->call;
    const struct weight_meter *weight = &call->simulator->weight;
    char until[TEXT_INTEGER_SIZE + 1];
    *text_put_integer(until, weight->banned_until_ms) = '\0';
    add_number_header(call->request, "Retry-After", weight_retry_after_s(weight, call->now_ms, verdict));
    passage->status = verdict == WEIGHT_BANNED ? api_fail(call, API_WEIGHT_BANNED, until, NULL)
                                               : api_fail(call, API_WEIGHT_OVER, NULL, NULL);
}

static void answer_page(struct passage *passage, int status)
{
    text_add(passage->call.body, html_page);
    passage->type = HTML_TYPE;
    passage->status = status;
}

/* Writes the body that a fault puts in place of the right one; false if this fault does not do so. */
static bool replace_body(struct passage *passage)
{
    switch (passage->fault) {
    case FAULT_status500: passage->status = api_fail(&passage->call, API_UNKNOWN, NULL, NULL); return true;
    case FAULT_status503: answer_page(passage, 503); return true;
    case FAULT_status429:
        http_add_header(passage->call.request, "Retry-After", "1");
        passage->status = api_fail(&passage->call, API_WEIGHT_OVER, NULL, NULL);
        return true;
    case FAULT_html: answer_page(passage, 200); return true;
    case FAULT_empty: passage->status = 200; return true;
    default: return false;
    }
}

/* Draws what befalls an answer with klines. */
static void damage_klines(struct passage *passage)
{
    struct fault_plan *faults = &passage->call.simulator->faults;
    enum fault fault = passage->fault == FAULT_NONE && passage->status == 200 ? faults_draw(faults, FAULT_WHEN_KLINES)
                                                                              : FAULT_NONE;
    if (fault != FAULT_NONE &&
        kline_fault_apply(passage->call.body, fault, passage->call.now_ms, faults, &passage->candle_ms))
        passage->fault = fault;
}

static void write_body(struct passage *passage)
{
    struct simulator *simulator = passage->call.simulator;
    bool new_ban = false;
    enum weight_verdict verdict = weight_charge(&simulator->weight, passage->call.now_ms, passage->weight, &new_ban);
    if (new_ban)
        note_ban(simulator, passage->call.now_ms);
    if (verdict != WEIGHT_OK) {
        refuse(passage, verdict);
        return;
    }
    passage->fault = faults_draw(&simulator->faults, FAULT_WHEN_REQUEST);
    if (replace_body(passage))
        return;
    if (passage->endpoint != NULL) {
        passage->status = passage->endpoint->answer(&passage->call);
        if (passage->endpoint->answer == answer_klines)
            damage_klines(passage);
    } else {
        text_add(passage->call.body, "<html><body><h2>404 Not found</h2></body></html>");
        passage->type = HTML_TYPE;
        passage->status = 404;
    }
}

/* ---- the answer ---- */

static void write_down(const struct passage *passage)
{
    const struct http_request *request = passage->call.request;
    struct journal *journal = &passage->call.simulator->journal;
    const char *fault = passage->fault == FAULT_NONE ? NULL : fault_name(passage->fault);
    struct text *line = fault == NULL ? NULL : journal_begin(journal, passage->call.now_ms, "fault");
    if (line != NULL) {
        text_add(line, ",\"fault\":");
        text_add_json(line, fault);
        text_add(line, ",\"path\":");
        text_add_json(line, http_path(request));
        if (passage->candle_ms >= 0) {
            text_add(line, ",\"open_time\":");
            text_add_integer(line, passage->candle_ms);
        }
        journal_end(journal);
    }
    journal_request(journal, passage->call.now_ms,
                    &(struct journal_request){
                        .method = http_method(request),
                        .path = http_path(request),
                        .query = http_raw_query(request),
                        .status = passage->fault == FAULT_drop ? 0 : passage->status,
                        .weight = passage->weight,
                        .used = passage->call.simulator->weight.used,
                        .fault = fault,
                    });
}

/* Holds an answer back that was given; false when too many are held back already. */
static bool delay(struct simulator *simulator, struct http_request *request)
{
    if (simulator->delayed_count == SIMULATOR_DELAYED_MAX)
        return false;
    size_t place = (simulator->delayed_first + simulator->delayed_count) % SIMULATOR_DELAYED_MAX;
    simulator->delayed[place] =
        (struct delayed){.request = request, .due_ms = clock_monotonic_ms() + simulator->fault_delay_ms};
    if (simulator->delayed_count++ == 0)
        loop_set_timer(simulator->loop, simulator->delay_timer, simulator->fault_delay_ms);
    http_answer_later(request);
    return true;
}

static void on_delay(void *user, int64_t now_ms)
{
    struct simulator *simulator = user;
    while (simulator->delayed_count > 0) {
        struct delayed *oldest = &simulator->delayed[simulator->delayed_first];
        if (oldest->due_ms > now_ms) {
            loop_set_timer(simulator->loop, simulator->delay_timer, oldest->due_ms - now_ms);
            return;
        }
        simulator->delayed_first = (simulator->delayed_first + 1) % SIMULATOR_DELAYED_MAX;
        simulator->delayed_count--;
        http_resume(oldest->request);
    }
}

static void send_answer(struct passage *passage)
{
    struct http_request *request = passage->call.request;
    const struct text *body = passage->call.body;
    add_number_header(request, "X-MBX-USED-WEIGHT", passage->call.simulator->weight.used);
    add_number_header(request, "X-MBX-USED-WEIGHT-1M", passage->call.simulator->weight.used);
    if (passage->fault == FAULT_drop) {
        http_drop(request);
        return;
    }
    if (passage->fault == FAULT_truncate)
        http_truncate(request, body->length / 2);
    if (passage->fault == FAULT_delay)
        (void)delay(passage->call.simulator, request);
    http_answer(request, passage->status, passage->type, body->bytes, body->length);
}

static void on_request(struct http_request *request, void *user)
{
    struct simulator *simulator = user;
    simulator->body.length = 0;
    struct passage passage = {
        .call = {.simulator = simulator,
                 .request = request,
                 .now_ms = simulator_now_ms(simulator),
                 .body = &simulator->body},
        .endpoint = endpoint_find(http_method(request), http_path(request)),
        .fault = FAULT_NONE,
        .candle_ms = -1,
        .type = JSON_TYPE,
    };
    passage.weight = passage.endpoint == NULL ? UNKNOWN_PATH_WEIGHT : passage.endpoint->weight(request);
    write_body(&passage);
    write_down(&passage);
    send_answer(&passage);
}

/* Every path comes here, so that the journal has what nobody expected too. */
static const struct http_route routes[] = {
    {"GET", "/*", 0, on_request},
    {"POST", "/*", 0, on_request},
    {"DELETE", "/*", 0, on_request},
};

/* ---- opening and closing ---- */

static void on_journal(void *user, int64_t now_ms)
{
    struct simulator *simulator = user;
    (void)now_ms;
    chronicle_write(&simulator->journal, simulator->market, &simulator->chronicle_ms, simulator_now_ms(simulator));
    journal_flush(&simulator->journal);
}

static int allocate(struct simulator *simulator)
{
    size_t count = simulator->market->symbol_count;
    simulator->days = calloc(count, sizeof *simulator->days);
    simulator->rows = calloc(count, sizeof *simulator->rows);
    simulator->selected = calloc(count, sizeof *simulator->selected);
    simulator->marked = calloc(count, sizeof *simulator->marked);
    if (simulator->days == NULL || simulator->rows == NULL || simulator->selected == NULL || simulator->marked == NULL)
        return error_set(ERROR_MEMORY, "no memory for %zu symbols", count);
    return 0;
}

static void write_start(struct simulator *simulator)
{
    const struct market *market = simulator->market;
    struct text *line = journal_begin(&simulator->journal, simulator_now_ms(simulator), "start");
    if (line == NULL)
        return;
    text_add(line, ",\"market\":");
    text_add_json(line, market->kind->name);
    text_add(line, ",\"symbols\":");
    text_add_integer(line, (int64_t)market->symbol_count);
    text_add(line, ",\"interval_s\":");
    text_add_integer(line, market->interval_s);
    text_add(line, ",\"speed_thousandths\":");
    text_add_integer(line, simulator->clock.speed_thousandths);
    text_add(line, ",\"origin_monotonic_ms\":");
    text_add_integer(line, simulator->clock.origin_monotonic_ms);
    text_add(line, ",\"origin_exchange_ms\":");
    text_add_integer(line, simulator->clock.origin_exchange_ms);
    text_add(line, ",\"clock_offset_ms\":");
    text_add_integer(line, simulator->clock.offset_ms);
    text_add(line, ",\"stream_port\":");
    text_add_integer(line, streams_port(simulator->streams));
    journal_end(&simulator->journal);
    journal_flush(&simulator->journal);
}

int simulator_open(struct simulator *simulator, struct loop *loop, const char *address, int port, int stream_port)
{
    simulator->loop = loop;
    const struct http_server_options options = {
        .address = address,
        .port = port,
        .routes = routes,
        .route_count = sizeof routes / sizeof routes[0],
        .user = simulator,
        .idle_timeout_s = IDLE_TIMEOUT_S,
        .later_timeout_s = simulator->fault_delay_ms / 1000 + 10,
    };
    simulator->delay_timer = loop_add_timer(loop, 0, 0, on_delay, simulator);
    simulator->journal_timer = loop_add_timer(loop, JOURNAL_FLUSH_MS, JOURNAL_FLUSH_MS, on_journal, simulator);
    assert(simulator->delay_timer >= 0 && simulator->journal_timer >= 0);
    if (simulator->journal.fd < 0)
        loop_stop_timer(loop, simulator->journal_timer);
    simulator->chronicle_ms = simulator_now_ms(simulator);
    int code = allocate(simulator);
    if (code == 0)
        code = http_server_open(loop, &options, &simulator->server);
    if (code == 0)
        code = streams_open(&simulator->streams, simulator, address, stream_port, simulator->stream_lifetime_ms,
                            simulator->stream_fault_ms);
    if (code == 0)
        write_start(simulator);
    return code;
}

void simulator_close(struct simulator *simulator)
{
    if (simulator->server != NULL && journal_begin(&simulator->journal, simulator_now_ms(simulator), "stop") != NULL)
        journal_end(&simulator->journal);
    http_server_close(simulator->server);
    streams_close(simulator->streams);
    journal_close(&simulator->journal);
    for (size_t i = 0; simulator->rows != NULL && i < simulator->market->symbol_count; i++)
        kline_rows_release(&simulator->rows[i]);
    market_destroy(simulator->market);
    text_release(&simulator->body);
    free(simulator->days);
    free(simulator->rows);
    free(simulator->selected);
    free(simulator->marked);
}
