/* SPDX-License-Identifier: MIT */
#include "tools/verify/fetch.h"

#include "lib/base/clock.h"
#include "lib/base/interval.h"
#include "tools/common/database.h"
#include "tools/verify/source.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A fetch at work. */
struct work {
    const struct repair *repair;
    struct source *source; /* of the exchange at hand; NULL: it cannot be asked */
    char exchange[NAME_SIZE];
    struct store_candle rows[EXCHANGE_CANDLES_MAX]; /* of one request */
    size_t row_count;
    struct store_absence absences[EXCHANGE_CANDLES_MAX];
    size_t absence_count;
    const struct stretch *stretch; /* at hand */
    int64_t fetched, absent;       /* candles of it */
    bool is_store_lost;            /* nothing can be written any more */
};

/* ---- the exchange ---- */

/* Turns to the exchange of the stretch. One that cannot be asked is told of once. */
static int turn_to(struct work *work, const char *name)
{
    const struct repair *repair = work->repair;
    if (strcmp(work->exchange, name) == 0)
        return 0;
    source_close(work->source);
    work->source = NULL;
    (void)snprintf(work->exchange, sizeof work->exchange, "%s", name);
    const struct source_options options = {
        .exchange = name,
        .url = strcmp(name, repair->main_exchange) == 0 ? repair->exchange_url : NULL,
        .data_dir = repair->data_dir,
        .interrupted = repair->survey.interrupted,
    };
    int code = source_open(&work->source, &options);
    if (code != 0 && code != ERROR_AGAIN)
        report_action(repair->report, "cannot ask", NULL, 0, 0, 0, error_message());
    return code == ERROR_AGAIN ? code : 0;
}

/* ---- one request ---- */

static int take_candle(void *user, const struct candle *candle)
{
    struct work *work = user;
    if (work->row_count == EXCHANGE_CANDLES_MAX)
        return error_set(ERROR_PROTOCOL, "more candles than were asked for");
    struct store_candle *row = &work->rows[work->row_count++];
    *row = (struct store_candle){
        .exchange = work->stretch->series.exchange,
        .event = {.interval_s = (uint32_t)work->stretch->series.interval_s, .candle = *candle},
    };
    (void)snprintf(row->event.symbol, sizeof row->event.symbol, "%s", work->stretch->series.symbol);
    return 0;
}

static void add_absence(struct work *work, int64_t first_ms, int64_t last_ms)
{
    const struct audit_series *series = &work->stretch->series;
    bool quiet = source_exchange(work->source)->leaves_out_quiet;
    struct store_absence *absence = &work->absences[work->absence_count++];
    *absence = (struct store_absence){
        .exchange = series->exchange,
        .absence = {.interval_s = (uint32_t)series->interval_s,
                    .first_open_ms = first_ms,
                    .last_open_ms = last_ms,
                    .reason = quiet ? ABSENCE_REASON_NO_TRADES : ABSENCE_REASON_EXCHANGE_LACKS},
    };
    (void)snprintf(absence->absence.symbol, sizeof absence->absence.symbol, "%s", series->symbol);
    work->absent += (last_ms - first_ms) / (series->interval_s * 1000) + 1;
}

/* What is missing in an answer, between first and last, as absences. */
static void list_absences(struct work *work, int64_t first_ms, int64_t last_ms)
{
    int64_t step_ms = work->stretch->series.interval_s * 1000, next_ms = first_ms;
    for (size_t i = 0; i < work->row_count; i++) {
        int64_t time_ms = work->rows[i].event.candle.open_time_ms;
        if (time_ms > next_ms)
            add_absence(work, next_ms, time_ms - step_ms);
        next_ms = time_ms + step_ms;
    }
    if (next_ms <= last_ms && work->absence_count < EXCHANGE_CANDLES_MAX)
        add_absence(work, next_ms, last_ms);
}

/* Asks for at most candles_per_call candles; a second time if some are missing. */
static int fetch_page(struct work *work, int64_t first_ms, int64_t last_ms)
{
    const struct audit_series *series = &work->stretch->series;
    size_t wanted = (size_t)((last_ms - first_ms) / (series->interval_s * 1000)) + 1;
    int code = 0;
    work->row_count = work->absence_count = 0;
    for (int attempt = 0; attempt < 2 && code == 0 && work->row_count < wanted; attempt++) {
        work->row_count = 0;
        code = source_candles(work->source, series->symbol, (uint32_t)series->interval_s, first_ms, last_ms, take_candle,
                              work);
    }
    if (code != 0)
        return code;
    if (work->stretch->is_hole && work->row_count < wanted)
        list_absences(work, first_ms, last_ms);
    work->fetched += (int64_t)work->row_count;
    const struct store_batch batch = {
        .candles = work->rows,
        .candle_count = work->row_count,
        .absences = work->absences,
        .absence_count = work->absence_count,
    };
    if (work->row_count + work->absence_count > 0)
        code = database_write(work->repair->store, &batch);
    work->is_store_lost = code != 0;
    return code;
}

/* ---- stretches ---- */

/* The first open time of a stretch that the exchange still has. */
static int64_t reachable_from(const struct work *work, int64_t first_ms)
{
    const struct audit_series *series = &work->stretch->series;
    int64_t reach = source_exchange(work->source)->candles_reach, step_ms = series->interval_s * 1000;
    int64_t oldest_ms = interval_open_time((uint32_t)series->interval_s, source_now_ms(work->source)) - (reach - 1) * step_ms;
    return reach > 0 && oldest_ms > first_ms ? oldest_ms : first_ms;
}

static int fetch_pages(struct work *work)
{
    int64_t step_ms = work->stretch->series.interval_s * 1000;
    int most = source_exchange(work->source)->candles_per_call;
    int64_t page_ms = (most < EXCHANGE_CANDLES_MAX ? most : EXCHANGE_CANDLES_MAX) * step_ms;
    int64_t first_ms = reachable_from(work, work->stretch->first_ms), last_ms = work->stretch->last_ms;
    if (first_ms > work->stretch->first_ms)
        report_action(work->repair->report, "out of reach", &work->stretch->series, work->stretch->first_ms,
                      first_ms - step_ms < last_ms ? first_ms - step_ms : last_ms, 0,
                      "the exchange has only newer candles");
    int code = 0;
    for (int64_t at_ms = first_ms; at_ms <= last_ms && code == 0; at_ms += page_ms)
        code = fetch_page(work, at_ms, at_ms + page_ms - step_ms < last_ms ? at_ms + page_ms - step_ms : last_ms);
    return code;
}

/* Whether a code ends all, and not just what is asked of one series. */
static bool ends_all(const struct work *work, int code)
{
    return work->is_store_lost || code == ERROR_AGAIN || code == ERROR_MEMORY;
}

static int fetch_one(struct work *work, const struct stretch *stretch)
{
    struct report *report = work->repair->report;
    work->stretch = stretch;
    work->fetched = work->absent = 0;
    int code = turn_to(work, stretch->series.exchange);
    if (code != 0 || work->source == NULL)
        return code;
    code = fetch_pages(work);
    if (work->fetched > 0)
        report_action(report, "fetched", &stretch->series, stretch->first_ms, stretch->last_ms, work->fetched, "candles");
    if (work->absent > 0)
        report_action(report, "recorded as absent", &stretch->series, stretch->first_ms, stretch->last_ms, work->absent,
                      source_exchange(work->source)->leaves_out_quiet ? "no_trades" : "exchange_lacks");
    if (code != 0 && !ends_all(work, code))
        report_action(report, "not fetched", &stretch->series, stretch->first_ms, stretch->last_ms, 0, error_message());
    if (code == ERROR_BANNED) {
        source_close(work->source);
        work->source = NULL;
    }
    return ends_all(work, code) ? code : 0;
}

int fetch_stretches(const struct repair *repair, const struct stretch *stretches, size_t count)
{
    struct work *work = calloc(1, sizeof *work);
    if (work == NULL)
        return error_set(ERROR_MEMORY, "no memory for a fetch");
    work->repair = repair;
    int code = 0;
    for (size_t i = 0; i < count && code == 0; i++) {
        progress_show(repair->survey.progress, (double)i / (double)count, "%s %s", stretches[i].series.exchange,
                      stretches[i].series.symbol);
        code = fetch_one(work, &stretches[i]);
    }
    source_close(work->source);
    free(work);
    return code;
}
