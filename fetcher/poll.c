/* The asking: jobs become requests as far as connections and budget allow, and requests become jobs again. */
/* SPDX-License-Identifier: MIT */
#include "fetcher/poll.h"

#include "fetcher/streams.h"
#include "lib/base/clock.h"
#include "lib/base/interval.h"
#include "lib/base/log.h"
#include "lib/exchange/ban.h"
#include "lib/runtime/metrics.h"
#include "lib/series/candle.h"

#include <assert.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TIMER_MOST_MS = 1000 };

static const enum budget_priority priorities[POLL_KINDS] = {
    [POLL_TIME] = BUDGET_closes,
    [POLL_INSTRUMENTS] = BUDGET_closes,
    [POLL_SCAN] = BUDGET_tickers,
    [POLL_CANDLES] = BUDGET_closes,
    [POLL_AGES] = BUDGET_tickers,
    [POLL_TICKERS] = BUDGET_tickers,
    [POLL_FILL] = BUDGET_backfill,
};

uint64_t poll_random(struct poll *poll)
{
    poll->random ^= poll->random << 13;
    poll->random ^= poll->random >> 7;
    poll->random ^= poll->random << 17;
    return poll->random;
}

int64_t poll_exchange_ms(const struct poll *poll)
{
    return exchange_clock_ms(&poll->clock, clock_monotonic_us());
}

/* Our monotonic clock, in ms, at which the exchange's will say `exchange_ms`; rounded up. */
static int64_t when_ms(const struct poll *poll, int64_t exchange_ms)
{
    return exchange_clock_when_us(&poll->clock, exchange_ms) / 1000 + 1;
}

/* ---- planning ---- */

uint32_t *poll_failures(struct poll *poll, const struct poll_flight *flight)
{
    switch (flight->kind) {
    case POLL_CANDLES: return &poll->market->slots[flight->index].failures;
    case POLL_TICKERS: return &poll->ticker_chunks[flight->index].failures;
    case POLL_FILL: return &poll->market->slots[flight->index].fill.failures;
    case POLL_AGES: return &poll->universe->candidates[flight->index].failures;
    default: return &poll->kind_failures[flight->kind];
    }
}

bool poll_is_wanted(const struct poll *poll, const struct poll_flight *flight)
{
    if (flight->kind == POLL_TICKERS)
        return flight->index < poll->chunk_count;
    if (flight->kind == POLL_AGES)
        return poll->universe->changing && flight->index < poll->universe->count;
    bool of_series = flight->kind == POLL_CANDLES || flight->kind == POLL_FILL;
    return !of_series || market_series(poll->market, flight->index, flight->series_id) != NULL;
}

static void set_due(struct poll *poll, const struct poll_flight *flight, int64_t due_ms)
{
    if (!poll_is_wanted(poll, flight) ||
        (flight->kind == POLL_CANDLES && !poll->market->slots[flight->index].followed))
        return;
    schedule_set(&poll->jobs[flight->kind], flight->index, due_ms);
}

void poll_plan_again(struct poll *poll, const struct poll_flight *flight, int64_t delay_ms)
{
    set_due(poll, flight, clock_monotonic_ms() + delay_ms);
}

/* Exchange time at which a series is asked for: when its next candle has closed; where that comes by stream, when it has
 * not come in time, or when it is the series' turn to be confirmed. */
static int64_t candles_due_ms(struct poll *poll, struct series *series)
{
    int64_t next_ms = intake_next_ms(series, poll->grace_ms);
    if (!series->streamed) {
        series->confirm_ms = 0;
        return next_ms;
    }
    if (series->confirm_ms == 0)
        series->confirm_ms = stream_confirm_ms(series, poll->confirm_ms, poll_exchange_ms(poll));
    next_ms += poll->fallback_ms;
    return next_ms < series->confirm_ms ? next_ms : series->confirm_ms;
}

static int64_t time_pause_ms(const struct poll *poll)
{
    if (!poll->clock.known)
        return POLL_CLOCK_AGAIN_MS;
    if (poll->clock.strays > 0)
        return POLL_TIME_DOUBT_MS;
    return poll->time_samples < POLL_TIME_FIRST ? POLL_TIME_FIRST_MS : POLL_TIME_MS;
}

void poll_plan(struct poll *poll, const struct poll_flight *flight)
{
    switch (flight->kind) {
    case POLL_TIME:
        poll_plan_again(poll, flight, time_pause_ms(poll));
        break;
    case POLL_INSTRUMENTS: poll_plan_again(poll, flight, poll->refresh_ms); break;
    case POLL_SCAN: break; /* the list asks for it */
    case POLL_AGES:
        if (!poll->universe->candidates[flight->index].aged)
            poll_plan_again(poll, flight, POLL_CLOCK_AGAIN_MS);
        break;
    case POLL_TICKERS: poll_plan_again(poll, flight, poll->tick_ms); break;
    case POLL_CANDLES:
        if (poll_is_wanted(poll, flight))
            set_due(poll, flight, when_ms(poll, candles_due_ms(poll, &poll->market->slots[flight->index])));
        break;
    case POLL_FILL: break; /* when there is a piece to be asked for */
    case POLL_KINDS: break;
    }
}

/* The job of a series, unless its request is under way: then it is planned by the answer. */
static bool find_job(const struct poll *poll, const struct series *series, struct poll_flight *out)
{
    *out = (struct poll_flight){
        .kind = POLL_CANDLES, .index = (uint32_t)market_index(poll->market, series), .series_id = series->id};
    for (int i = 0; i < HTTP_CONNECTIONS_MAX; i++) {
        const struct poll_flight *flight = &poll->flights[i];
        if (flight->used && flight->kind == POLL_CANDLES && flight->index == out->index)
            return false;
    }
    return true;
}

void poll_replan(struct poll *poll, struct series *series)
{
    struct poll_flight job;
    bool tried = series->failures > 0 || series->hole_asks > 0 || series->fruitless > 0 || series->full;
    if (tried || !find_job(poll, series, &job))
        return;
    poll_plan(poll, &job);
    loop_set_timer(poll->context->loop, poll->timer, 0);
}

void poll_hurry(struct poll *poll, struct series *series)
{
    struct poll_flight job;
    if (series->full || !find_job(poll, series, &job))
        return;
    set_due(poll, &job, when_ms(poll, intake_next_ms(series, poll->grace_ms)));
    loop_set_timer(poll->context->loop, poll->timer, 0);
}

/* ---- requests ---- */

/* The next job of a kind that is due, or -1; a series that is not followed any more has none. */
static int64_t take_of_kind(struct poll *poll, enum poll_kind kind, int64_t now_ms)
{
    int64_t job;
    do
        job = schedule_take(&poll->jobs[kind], now_ms);
    while (job >= 0 && ((kind == POLL_CANDLES && !poll->market->slots[job].followed) ||
                        (kind == POLL_FILL && poll->market->slots[job].id == 0)));
    return job;
}

/* When a kind may send, on our monotonic clock. */
static int64_t free_ms(struct poll *poll, enum poll_kind kind, int64_t now_ms)
{
    int64_t blocked_ms = poll->blocked_until_ms[priorities[kind]];
    int64_t fill_ms = kind == POLL_FILL ? fill_free_ms(poll->fill, now_ms) : 0;
    return fill_ms > blocked_ms ? fill_ms : blocked_ms;
}

/* Takes the next job that is due, of the first kind that has one and may send. */
static bool take_job(struct poll *poll, int64_t now_ms, struct poll_flight *out)
{
    for (enum poll_kind kind = 0; kind < POLL_KINDS; kind++) {
        if (schedule_earliest(&poll->jobs[kind]) > now_ms || free_ms(poll, kind, now_ms) > now_ms)
            continue;
        int64_t job = take_of_kind(poll, kind, now_ms);
        if (job < 0)
            continue;
        *out = (struct poll_flight){.kind = kind, .index = (uint32_t)job};
        if (kind == POLL_CANDLES || kind == POLL_FILL)
            out->series_id = poll->market->slots[job].id;
        return true;
    }
    return false;
}

static bool may_spend(struct poll *poll, enum budget_priority priority, int64_t now_ms)
{
    int64_t again_ms;
    if (budget_take(&poll->budget, priority, poll->request.weight, poll_exchange_ms(poll), &again_ms))
        return true;
    int64_t until_ms = when_ms(poll, again_ms);
    poll->blocked_until_ms[priority] = until_ms > now_ms ? until_ms : now_ms + 1;
    return false;
}

/* Sends a job's request, or plans it for later where the budget does not have it. False when nothing more can be sent
 * now. */
static bool launch(struct poll *poll, struct poll_flight *flight, int64_t now_ms)
{
    flight->exchange_ms = poll_exchange_ms(poll);
    int code = poll_make_request(poll, flight);
    if (code == ERROR_MISSING) {
        poll_plan(poll, flight);
        return true;
    }
    if (code != 0) {
        log_error("request_not_made", log_text("error", error_message()));
        poll_plan_again(poll, flight, POLL_REFUSED_MS);
        return true;
    }
    uint64_t slot = 0;
    while (slot < HTTP_CONNECTIONS_MAX && poll->flights[slot].used)
        slot++;
    assert(slot < HTTP_CONNECTIONS_MAX);
    if (!may_spend(poll, priorities[flight->kind], now_ms)) {
        set_due(poll, flight, now_ms);
        return true;
    }
    if (http_client_get(poll->http, poll->request.url, slot) != 0) {
        log_error("request_not_sent", log_text("error", error_message()));
        poll_plan_again(poll, flight, POLL_REFUSED_MS);
        return false;
    }
    flight->used = true;
    poll->flights[slot] = *flight;
    poll->tickers_under_way += flight->kind == POLL_TICKERS;
    metric_add(METRIC_exchange_requests_total, 1);
    return true;
}

/* ---- running ---- */

int64_t poll_stop_left_ms(const struct poll *poll)
{
    int64_t left_ms = poll->banned_until_ms != 0 ? poll->banned_until_ms - clock_wall_ms() : 0;
    return left_ms > 0 ? left_ms : 0;
}

bool poll_may_ask(const struct poll *poll)
{
    return poll->on && poll_stop_left_ms(poll) == 0;
}

static void set_timer(struct poll *poll, int64_t now_ms)
{
    int64_t next_ms = SCHEDULE_NEVER;
    for (enum poll_kind kind = 0; kind < POLL_KINDS; kind++) {
        int64_t due_ms = schedule_earliest(&poll->jobs[kind]), may_ms = free_ms(poll, kind, now_ms);
        due_ms = due_ms > may_ms ? due_ms : may_ms;
        next_ms = due_ms < next_ms ? due_ms : next_ms;
    }
    int64_t delay_ms = next_ms > now_ms ? next_ms - now_ms : 0;
    if (delay_ms < poll_stop_left_ms(poll))
        delay_ms = poll_stop_left_ms(poll);
    if (delay_ms > TIMER_MOST_MS || http_client_room(poll->http) == 0)
        delay_ms = TIMER_MOST_MS;
    loop_set_timer(poll->context->loop, poll->timer, delay_ms);
}

static void tell_metrics(const struct poll *poll)
{
    int64_t exchange_ms = poll_exchange_ms(poll);
    metric_set(METRIC_exchange_weight_used, budget_used(&poll->budget, exchange_ms));
    metric_set(METRIC_exchange_weight_closes, budget_used_by(&poll->budget, BUDGET_closes, exchange_ms));
    metric_set(METRIC_exchange_weight_tickers, budget_used_by(&poll->budget, BUDGET_tickers, exchange_ms));
    metric_set(METRIC_exchange_weight_backfill, budget_used_by(&poll->budget, BUDGET_backfill, exchange_ms));
    metric_set(METRIC_exchange_weight_others, budget_used_by(&poll->budget, BUDGET_OTHERS, exchange_ms));
    double banned_until_s = poll_stop_left_ms(poll) > 0 ? (double)(poll->banned_until_ms / 1000) : 0;
    metric_set(METRIC_exchange_banned_until_seconds, banned_until_s);
}

static void run(struct poll *poll)
{
    struct poll_flight flight;
    int64_t now_ms = clock_monotonic_ms();
    if (!poll->on)
        return;
    while (poll_stop_left_ms(poll) == 0 && http_client_room(poll->http) > 0 && take_job(poll, now_ms, &flight) &&
           launch(poll, &flight, now_ms))
        ;
    set_timer(poll, now_ms);
    tell_metrics(poll);
}

static void on_timer(void *user, int64_t now_ms)
{
    (void)now_ms;
    run(user);
}

static void on_done(void *user, const struct http_result *result)
{
    struct poll *poll = user;
    struct poll_flight flight = poll->flights[result->tag];
    assert(flight.used);
    poll->flights[result->tag].used = false;
    poll->tickers_under_way -= flight.kind == POLL_TICKERS;
    if (poll->on)
        poll_answer(poll, &flight, result);
    else
        poll_plan_again(poll, &flight, 0);
    if (poll->tickers_under_way == 0)
        publish_tickers(poll->publish);
    loop_set_timer(poll->context->loop, poll->timer, 0);
}

/* ---- life ---- */

static int open_http(struct poll *poll)
{
    const struct config *config = poll->context->config;
    struct http_client_options client = {
        .connections = (int)config->exchange_connections,
        .timeout_ms = config->exchange_timeout_ms,
        .used_weight_header = poll->exchange->used_weight_header,
    };
    poll->timer = loop_add_timer(poll->context->loop, 0, 0, on_timer, poll);
    if (poll->timer < 0)
        return poll->timer;
    return http_client_open(&poll->http, poll->context->loop, &client, on_done, poll);
}

/* Room for `count` chunks of tickers. */
static int grow_tickers(struct poll *poll, size_t count)
{
    size_t had = poll->jobs[POLL_TICKERS].count;
    if (count <= had)
        return 0;
    struct ticker_chunk *chunks = realloc(poll->ticker_chunks, count * sizeof *chunks);
    if (chunks == NULL)
        return error_set(ERROR_MEMORY, "the jobs of the exchange");
    memset(chunks + had, 0, (count - had) * sizeof *chunks);
    poll->ticker_chunks = chunks;
    return schedule_grow(&poll->jobs[POLL_TICKERS], count);
}

void poll_choose(struct poll *poll)
{
    static const struct poll_flight list = {.kind = POLL_INSTRUMENTS};
    struct universe *universe = poll->universe;
    size_t count = universe_choose(universe, poll_exchange_ms(poll));
    poll->chooses = false;
    for (size_t i = universe_next_unaged(universe, 0); i < universe->count; i = universe_next_unaged(universe, i + 1)) {
        schedule_set(&poll->jobs[POLL_AGES], i, 0);
        poll->ages_waiting++;
    }
    if (poll->ages_waiting > 0 || poll->on_chosen(poll->user, count) == 0)
        return;
    log_warn("markets_not_chosen", log_text("error", error_message()));
    stuck_copy_why(poll->whys[POLL_INSTRUMENTS], error_message());
    universe->changing = false;
    poll_plan_again(poll, &list, POLL_INSTRUMENTS_AGAIN_MS);
}

static void set_url(struct poll *poll, const char *configured)
{
    (void)snprintf(poll->base_url, sizeof poll->base_url, "%s",
                   configured[0] != '\0' ? configured : poll->exchange->base_url);
    size_t length = strlen(poll->base_url);
    while (length > 0 && poll->base_url[length - 1] == '/')
        poll->base_url[--length] = '\0';
}

int poll_open(struct poll *poll)
{
    const struct config *config = poll->context->config;
    int code = exchange_find(config->exchange_name, &poll->exchange);
    if (code != 0)
        return code;
    assert(poll->exchange->tickers_per_call <= POLL_CHUNK_MAX);
    set_url(poll, config->exchange_url);
    int64_t speed = config->exchange_speed;
    int64_t refresh_ms = config->market_refresh_s * 1000 / speed;
    poll->refresh_ms = refresh_ms > POLL_REFRESH_LEAST_MS ? refresh_ms : POLL_REFRESH_LEAST_MS;
    poll->grace_ms = intake_grace_ms(speed);
    poll->confirm_ms = config->market_confirm_s * 1000;
    poll->fallback_ms = stream_wall_ms(config->market_fallback_ms, speed, STREAM_FALLBACK_WALL_MS) * speed;
    poll->random = poll->context->instance | 1;
    stuck_init(&poll->stuck, poll->market);
    poll->banned_until_ms = ban_load(config->process_data_dir, poll->base_url);
    budget_init(&poll->budget, poll->exchange, (int)config->exchange_weight_share);
    exchange_clock_init(&poll->clock, speed, clock_monotonic_us(), clock_wall_ms());
    code = open_http(poll);
    for (enum poll_kind kind = 0; kind < POLL_KINDS && code == 0; kind++)
        code = schedule_init(&poll->jobs[kind], kind < POLL_CANDLES ? 1 : 0);
    if (code != 0)
        return code;
    schedule_set(&poll->jobs[POLL_TIME], 0, 0);
    schedule_set(&poll->jobs[POLL_INSTRUMENTS], 0, 0);
    return 0;
}

void poll_close(struct poll *poll)
{
    http_client_close(poll->http);
    poll->http = NULL;
    for (int kind = 0; kind < POLL_KINDS; kind++)
        schedule_release(&poll->jobs[kind]);
    free(poll->ticker_chunks);
    free(poll->ticker_rows);
    free(poll->ticker_notes);
    poll->ticker_chunks = NULL;
    poll->ticker_rows = NULL;
    poll->ticker_notes = NULL;
    poll->ticker_note_count = 0;
}

void poll_set_on(struct poll *poll, bool on)
{
    if (on && !poll->on)
        loop_set_timer(poll->context->loop, poll->timer, 0);
    poll->on = on;
}

/* Divides the markets into chunks of `size`, or into none with 0, and returns what a poll of them costs. */
static int set_chunks(struct poll *poll, size_t size)
{
    const char *symbols[POLL_CHUNK_MAX];
    size_t markets = poll->market->instrument_count, count = size < markets ? size : markets;
    for (size_t i = 0; i < count; i++)
        symbols[i] = poll->market->instruments[i].symbol;
    poll->chunk_size = size;
    poll->chunk_count = size > 0 ? (uint32_t)((markets + size - 1) / size) : 1;
    int code = poll->exchange->tickers_request(poll->base_url, symbols, count, &poll->request);
    return code == 0 ? poll->request.weight * (int)poll->chunk_count : INT_MAX;
}

static void choose_chunks(struct poll *poll)
{
    int all = set_chunks(poll, 0), weight = all;
    int64_t tick_ms = poll->context->config->market_tick_ms / poll->clock.speed;
    if (poll->exchange->tickers_per_call > 0)
        weight = set_chunks(poll, (size_t)poll->exchange->tickers_per_call);
    if (weight > all)
        weight = set_chunks(poll, 0);
    int64_t least_ms =
        poll->budget.window_ms * weight * 100 / POLL_TICKERS_SHARE / poll->budget.limit / poll->clock.speed;
    poll->tick_ms = tick_ms > POLL_TICK_LEAST_MS ? tick_ms : POLL_TICK_LEAST_MS;
    if (poll->tick_ms < least_ms)
        poll->tick_ms = least_ms;
}

/* A row a market for what answers say; what was noted of tickers is begun anew, for the markets have moved. */
static int size_rows(struct poll *poll, size_t markets)
{
    size_t count = markets > 0 ? markets : 1;
    struct ticker *rows = realloc(poll->ticker_rows, count * sizeof *rows);
    if (rows != NULL)
        poll->ticker_rows = rows;
    struct ticker_note *notes = realloc(poll->ticker_notes, count * sizeof *notes);
    if (notes != NULL)
        poll->ticker_notes = notes;
    if (rows == NULL || notes == NULL)
        return error_set(ERROR_MEMORY, "room for the tickers");
    memset(notes, 0, count * sizeof *notes);
    poll->ticker_note_count = markets;
    return 0;
}

int poll_prepare(struct poll *poll)
{
    uint32_t had = poll->chunk_count;
    int code = size_rows(poll, poll->market->instrument_count);
    if (code != 0)
        return code;
    choose_chunks(poll);
    code = grow_tickers(poll, poll->chunk_count);
    if (code == 0)
        code = schedule_grow(&poll->jobs[POLL_CANDLES], poll->market->slot_count);
    if (code == 0)
        code = schedule_grow(&poll->jobs[POLL_FILL], poll->market->slot_count);
    if (code != 0)
        return code;
    for (uint32_t chunk = 0; chunk < poll->chunk_count; chunk++)
        poll->ticker_chunks[chunk].count = 0; /* it may have other markets now */
    for (uint32_t chunk = poll->chunk_count; chunk < had; chunk++)
        schedule_set(&poll->jobs[POLL_TICKERS], chunk, SCHEDULE_NEVER);
    for (uint32_t chunk = had; chunk < poll->chunk_count && poll->following; chunk++)
        schedule_set(&poll->jobs[POLL_TICKERS], chunk, 0);
    return 0;
}

void poll_follow(struct poll *poll)
{
    int64_t history = poll->context->config->market_history, reach = poll->exchange->candles_reach - POLL_REACH_SPARE;
    if (poll->exchange->candles_reach > 0 && history > reach)
        history = reach;
    int64_t exchange_ms = poll_exchange_ms(poll);
    for (struct series *series = NULL; (series = market_next(poll->market, series)) != NULL;) {
        if (series->followed || series->leaving)
            continue;
        series->followed = true;
        int64_t closed_ms = intake_last_closed_ms(series->interval_s, exchange_ms, poll->grace_ms);
        int64_t from_ms = closed_ms - (history - 1) * series->interval_s * 1000;
        series->history_from_ms = from_ms > CANDLE_TIME_MIN_MS ? from_ms : intake_oldest_ms(series->interval_s);
        schedule_set(&poll->jobs[POLL_CANDLES], market_index(poll->market, series), 0);
    }
    for (uint32_t chunk = 0; chunk < poll->chunk_count && !poll->following; chunk++)
        schedule_set(&poll->jobs[POLL_TICKERS], chunk, 0);
    poll->following = true;
    loop_set_timer(poll->context->loop, poll->timer, 0);
}

void poll_resume(struct poll *poll)
{
    for (struct series *series = NULL; (series = market_next(poll->market, series)) != NULL;) {
        if (series->resumed && series->followed)
            schedule_set(&poll->jobs[POLL_CANDLES], market_index(poll->market, series), 0);
        if (series->resumed)
            series->fill.rest_until_ms = series->tickers_rest_ms = 0;
        if (series->resumed && series->refused && fill_piece_of(poll->fill, series) != NULL)
            schedule_set(&poll->jobs[POLL_FILL], market_index(poll->market, series), 0);
        series->resumed = false;
    }
    loop_set_timer(poll->context->loop, poll->timer, 0);
}

void poll_on_stored(struct poll *poll, struct series *series)
{
    struct poll_flight flight = {
        .kind = POLL_CANDLES, .index = (uint32_t)market_index(poll->market, series), .series_id = series->id};
    if (!series->full)
        return;
    series->full = false;
    poll_plan_again(poll, &flight, 0);
    loop_set_timer(poll->context->loop, poll->timer, 0);
}

void poll_fill(struct poll *poll)
{
    for (struct series *series; (series = fill_begin(poll->fill)) != NULL;) {
        schedule_set(&poll->jobs[POLL_FILL], market_index(poll->market, series), 0);
        loop_set_timer(poll->context->loop, poll->timer, 0);
    }
}

size_t poll_waiting(const struct poll *poll)
{
    int64_t exchange_ms = poll_exchange_ms(poll);
    size_t count = 0;
    for (const struct series *series = NULL; (series = market_next(poll->market, series)) != NULL;)
        count += series->followed && !series->halted && intake_next_ms(series, poll->grace_ms) <= exchange_ms;
    return count;
}
