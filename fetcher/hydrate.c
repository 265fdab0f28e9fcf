/* What the store knows. */
/* SPDX-License-Identifier: MIT */
#include "fetcher/hydrate.h"

#include "lib/base/clock.h"
#include "lib/base/interval.h"
#include "lib/base/log.h"
#include "lib/series/candle.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

void hydrate_init(struct hydrate *hydrate, struct service_context *context, struct market *market,
                  void (*on_held)(void *user, const char *symbol), void *user)
{
    *hydrate = (struct hydrate){.context = context, .market = market, .on_held = on_held, .user = user};
}

/* Which candles a query is about: those that have opened by the exchange's clock, or those that have not. */
static void set_times(struct hydrate *hydrate, struct query *query)
{
    hydrate->exchange_ms = exchange_clock_ms(hydrate->clock, clock_monotonic_us());
    hydrate->ahead_series = 0;
    if (hydrate->kind != QUERY_KIND_RECENT_CANDLES && hydrate->kind != QUERY_KIND_COVERAGE)
        return;
    query->from_ms = hydrate->ahead ? hydrate->exchange_ms + HYDRATE_AHEAD_MS : CANDLE_TIME_MIN_MS;
    query->to_ms = hydrate->ahead ? 0 : hydrate->exchange_ms;
}

static void ask(struct hydrate *hydrate, int64_t now_ms)
{
    struct query query = {.id = ++hydrate->id, .kind = hydrate->kind, .limit = hydrate->limit};
    set_times(hydrate, &query);
    memcpy(query.symbol, hydrate->symbol, sizeof query.symbol);
    (void)snprintf(query.exchange, sizeof query.exchange, "%s", hydrate->market->exchange);
    int code = service_send(hydrate->context, LINK_HISTORY, NULL, RECORD_query, &query);
    hydrate->parts = 0;
    hydrate->deadline_ms = now_ms + (code == 0 ? HYDRATE_SILENCE_MS : HYDRATE_PAUSE_MS);
}

/* The first symbol behind `symbol` whose series are not followed yet, or NULL. */
static const char *next_new_symbol(const struct hydrate *hydrate, const char *symbol)
{
    const char *next = NULL;
    for (const struct series *series = NULL; (series = market_next(hydrate->market, series)) != NULL;)
        if (!series->followed && !series->leaving && strcmp(series->symbol, symbol) > 0 &&
            (next == NULL || strcmp(series->symbol, next) < 0))
            next = series->symbol;
    return next;
}

/* Whether the series that are not followed yet are few beside those that are. */
static bool are_few(const struct hydrate *hydrate)
{
    size_t count = 0;
    for (const struct series *series = NULL; (series = market_next(hydrate->market, series)) != NULL;)
        count += !series->followed && !series->leaving;
    return count < hydrate->market->series_count && count <= HYDRATE_SINGLES_MAX * hydrate->market->interval_count;
}

static void begin(struct hydrate *hydrate, const char *symbol, int64_t now_ms)
{
    (void)snprintf(hydrate->symbol, sizeof hydrate->symbol, "%s", symbol);
    hydrate->state = HYDRATE_ASKING;
    ask(hydrate, now_ms);
}

void hydrate_begin(struct hydrate *hydrate, enum query_kind kind, uint32_t limit, int64_t now_ms)
{
    const char *first = kind == QUERY_KIND_RECENT_CANDLES && are_few(hydrate) ? next_new_symbol(hydrate, "") : NULL;
    hydrate->kind = kind;
    hydrate->limit = limit;
    hydrate->ahead = false;
    begin(hydrate, first != NULL ? first : "-", now_ms);
}

bool hydrate_is_done(const struct hydrate *hydrate)
{
    return hydrate->state == HYDRATE_DONE;
}

/* Whether a stored candle may be: its time is over by the exchange's clock, or it was stored by mistake. */
static bool is_over(const struct hydrate *hydrate, const struct candle *candle, uint32_t interval_s)
{
    int64_t interval_ms = (int64_t)interval_s * 1000;
    return candle_time_is_plausible(candle->open_time_ms, hydrate->exchange_ms - interval_ms) &&
           candle_check(candle, interval_s) == 0;
}

/* Stored candles are history without holes but for what the exchange lacks: they come into the ring as they are. A
 * part that comes again brings nothing new. */
static void take_candles(struct hydrate *hydrate, struct answer *answer)
{
    struct series *series = market_find(hydrate->market, answer->symbol, answer->interval_s);
    struct candle candle;
    while (list_next(&answer->candles, RECORD_candle, &candle)) {
        if (series == NULL || series->followed || !is_over(hydrate, &candle, series->interval_s) ||
            ring_append_after_gap(&series->ring, &candle) != 0)
            continue;
        series->stored_through_ms = candle.open_time_ms;
        hydrate->candles++;
    }
}

static void take_starts(struct hydrate *hydrate, struct answer *answer)
{
    struct series_start start;
    while (list_next(&answer->series, RECORD_series_start, &start)) {
        struct series *series = market_find(hydrate->market, start.symbol, start.interval_s);
        if (series != NULL)
            series->fire_from_ms = start.fire_from_ms;
    }
}

static void take_held(struct hydrate *hydrate, struct answer *answer)
{
    struct position position;
    struct order order;
    while (list_next(&answer->positions, RECORD_position, &position))
        if (position.quantity > 0)
            hydrate->on_held(hydrate->user, position.symbol);
    while (list_next(&answer->orders, RECORD_order, &order))
        hydrate->on_held(hydrate->user, order.symbol);
}

/* A store of an earlier version does not ask for the times of a coverage. */
static void take_coverages(struct hydrate *hydrate, struct answer *answer)
{
    struct series_coverage coverage;
    while (list_next(&answer->coverages, RECORD_series_coverage, &coverage)) {
        struct series *series = market_find(hydrate->market, coverage.symbol, coverage.interval_s);
        if (series == NULL || series->covered ||
            !candle_time_is_plausible(coverage.oldest_ms, hydrate->exchange_ms))
            continue;
        int64_t interval_ms = (int64_t)coverage.interval_s * 1000;
        series->stored_from_ms = interval_open_time(coverage.interval_s, coverage.oldest_ms + interval_ms - 1);
    }
}

/* What the store has of later than the exchange's clock. It stays there, and is overwritten when its time comes; what can
 * be done about it is for whoever reads the log. */
static void take_ahead(struct hydrate *hydrate, struct answer *answer)
{
    struct series_coverage coverage;
    while (list_next(&answer->coverages, RECORD_series_coverage, &coverage)) {
        if (coverage.newest_ms >= hydrate->exchange_ms + HYDRATE_AHEAD_MS && hydrate->ahead_series++ == 0)
            hydrate->ahead_sample = coverage;
    }
}

static void tell_ahead(struct hydrate *hydrate)
{
    const struct series_coverage *sample = &hydrate->ahead_sample;
    if (hydrate->ahead_series > hydrate->ahead_told)
        log_warn("stored_ahead_of_the_exchange", log_int("series", (int64_t)hydrate->ahead_series),
                 log_text("symbol", sample->symbol), log_int("interval_s", sample->interval_s),
                 log_int("newest_ms", sample->newest_ms), log_int("exchange_ms", hydrate->exchange_ms));
    hydrate->ahead_told = hydrate->ahead_series;
}

static void take(struct hydrate *hydrate, struct answer *answer)
{
    if (hydrate->kind == QUERY_KIND_RECENT_CANDLES)
        take_candles(hydrate, answer);
    else if (hydrate->kind == QUERY_KIND_SERIES_STARTS)
        take_starts(hydrate, answer);
    else if (hydrate->ahead)
        take_ahead(hydrate, answer);
    else if (hydrate->kind == QUERY_KIND_COVERAGE)
        take_coverages(hydrate, answer);
    else
        take_held(hydrate, answer);
}

/* A query was answered to its end: the next symbol, if symbols are asked for one by one. */
static void go_on(struct hydrate *hydrate, int64_t now_ms)
{
    const char *next = strcmp(hydrate->symbol, "-") == 0 ? NULL : next_new_symbol(hydrate, hydrate->symbol);
    if (hydrate->ahead)
        tell_ahead(hydrate);
    if (hydrate->kind == QUERY_KIND_COVERAGE && !hydrate->ahead) {
        hydrate->ahead = true;
        next = "-";
    }
    hydrate->state = HYDRATE_DONE;
    if (next != NULL)
        begin(hydrate, next, now_ms);
}

/* This answer is of no more use: it is asked again after a pause. */
static void give_up(struct hydrate *hydrate, const char *why, int64_t now_ms)
{
    log_warn("query_failed", log_text("kind", query_kind_name(hydrate->kind)), log_text("error", why));
    hydrate->id++;
    hydrate->deadline_ms = now_ms + HYDRATE_PAUSE_MS;
}

int hydrate_on_answer(struct hydrate *hydrate, const uint8_t *bytes, size_t size, int64_t now_ms)
{
    struct answer answer;
    int code = message_decode(RECORD_answer, bytes, size, &answer);
    if (code != 0)
        return code;
    if (hydrate->state != HYDRATE_ASKING || answer.id != hydrate->id)
        return 0;
    if (answer.error[0] != '\0') {
        give_up(hydrate, answer.error, now_ms);
        return 0;
    }
    if (answer.part != hydrate->parts) {
        give_up(hydrate, "a part of the answer was lost", now_ms);
        return 0;
    }
    hydrate->parts++;
    hydrate->deadline_ms = now_ms + HYDRATE_SILENCE_MS;
    take(hydrate, &answer);
    if (answer.last)
        go_on(hydrate, now_ms);
    return 0;
}

void hydrate_on_tick(struct hydrate *hydrate, int64_t now_ms)
{
    if (hydrate->state != HYDRATE_ASKING || now_ms < hydrate->deadline_ms)
        return;
    log_info("query_again", log_text("kind", query_kind_name(hydrate->kind)));
    ask(hydrate, now_ms);
}
