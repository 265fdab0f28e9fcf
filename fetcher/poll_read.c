/* What is read from an answer, by its kind.
 *
 * Rows are kept aside until the whole body was read: what is cut off never leaves a trace. */
/* SPDX-License-Identifier: MIT */
#include "fetcher/poll.h"

#include "fetcher/streams.h"
#include "lib/base/clock.h"
#include "lib/base/log.h"
#include "lib/runtime/metrics.h"
#include "lib/series/candle.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define CLOCK_MAX_MS INT64_C(4102444800000) /* 2100: no exchange's clock is there yet, not even one that runs fast */

enum {
    ROWS_TOLD = 4,         /* of one answer the first so many rows that are passed over are told, all are counted */
};

/* ---- rows that are passed over ---- */

static void begin_reading(struct poll *poll, const char *kind, const char *symbol)
{
    poll->reading = kind;
    poll->reading_symbol = symbol;
    poll->row_count = 0;
    poll->refused_count = 0;
    poll->rows_told = 0;
}

static void tell_row(struct poll *poll, const struct exchange_refusal *refusal)
{
    if (poll->rows_told++ < ROWS_TOLD)
        refusals_tell(&poll->refusals, poll->reading, poll->reading_symbol, refusal);
    else
        metric_add(METRIC_rows_refused_total, 1);
}

static void pass_over(void *user, const struct exchange_refusal *refusal)
{
    struct poll *poll = user;
    tell_row(poll, refusal);
    if (refusal->open_time_ms >= 0 && poll->refused_count < EXCHANGE_CANDLES_MAX)
        poll->refused_ms[poll->refused_count++] = refusal->open_time_ms;
}

static void pass_over_market(void *user, const struct exchange_refusal *refusal)
{
    struct poll *poll = user;
    pass_over(poll, refusal);
    universe_keep(poll->universe, poll->market, refusal->name);
}

static void pass_over_scanned(void *user, const struct exchange_refusal *refusal)
{
    struct poll *poll = user;
    pass_over(poll, refusal);
    universe_keep_ticker(poll->universe, refusal->name);
}

static struct series *first_series(struct poll *poll, const char *symbol)
{
    return market_find(poll->market, symbol, poll->market->intervals[0]);
}

static void pass_over_named(struct poll *poll, const struct exchange_refusal *refusal)
{
    struct series *series = first_series(poll, refusal->name);
    pass_over(poll, refusal);
    if (series != NULL)
        stuck_note(&poll->stuck, series, STUCK_TICKERS, refusal->why);
}

/* A ticker that can be read; one that rests is for poll_tickers.c. */
static void clear_ticker(struct poll *poll, const char *symbol)
{
    struct series *series = poll->stuck.ever ? first_series(poll, symbol) : NULL;
    if (series != NULL && series->tickers_rest_ms == 0)
        stuck_clear(&poll->stuck, series, STUCK_TICKERS);
}

/* An error that names no symbol is told of those that lack, once the answer was read. */
static void pass_over_ticker(void *user, const struct exchange_refusal *refusal)
{
    struct poll *poll = user;
    if (refusal->name[0] != '\0')
        pass_over_named(poll, refusal);
    else
        (void)snprintf(poll->unnamed, sizeof poll->unnamed, "%s", refusal->why);
}

static bool was_read(const struct poll *poll, const char *symbol)
{
    for (size_t i = 0; i < poll->ticker_count; i++)
        if (strcmp(poll->ticker_rows[i].symbol, symbol) == 0)
            return true;
    return false;
}

static void tell_unnamed(struct poll *poll, const struct poll_flight *flight)
{
    const char *symbols[POLL_CHUNK_MAX];
    size_t count = poll_tickers_asked(poll, flight, symbols), missing = 0;
    for (size_t i = 0; i < count; i++)
        if (!was_read(poll, symbols[i])) {
            const struct exchange_refusal refusal = {i, symbols[i], -1, poll->unnamed};
            pass_over_named(poll, &refusal);
            missing++;
        }
    const struct exchange_refusal nobody = {0, "", -1, poll->unnamed};
    if (missing == 0)
        pass_over(poll, &nobody);
}

/* ---- time ---- */

/* What was planned by the clock as it was is planned anew. Rings that hold candles from after what it is now would wait
 * for that time: then it is begun anew, with what the store has of before it. */
static void on_clock_stepped(struct poll *poll, int64_t before_ms, int64_t now_ms)
{
    budget_move(&poll->budget, before_ms, now_ms);
    memset(poll->blocked_until_ms, 0, sizeof poll->blocked_until_ms);
    for (struct series *series = NULL; (series = market_next(poll->market, series)) != NULL;) {
        if (!series->followed)
            continue;
        if (intake_known_ms(series) > now_ms) {
            service_fail(poll->context, error_set(ERROR_PROTOCOL, "the exchange's clock went back by %" PRId64 " ms",
                                                  before_ms - now_ms));
            return;
        }
        series->confirm_ms = 0;
        poll_replan(poll, series);
    }
}

static int read_time(struct poll *poll, const struct http_result *result)
{
    int64_t server_ms, before_ms = exchange_clock_ms(&poll->clock, result->received_us);
    int code = poll->exchange->read_time(&result->answer, &server_ms);
    if (code == 0 && !candle_time_is_plausible(server_ms, CLOCK_MAX_MS))
        code = error_set(ERROR_PROTOCOL, "the exchange's clock says %" PRId64 " ms since 1970", server_ms);
    if (code != 0)
        return code;
    enum exchange_clock_word word = exchange_clock_sample(&poll->clock, result->sent_us, result->received_us, server_ms);
    if (word == EXCHANGE_CLOCK_DOUBTED && poll->clock.strays == 1)
        log_warn("exchange_clock_doubted", log_int("by_ms", server_ms - before_ms), log_int("speed", poll->clock.speed));
    if (word == EXCHANGE_CLOCK_STEPPED && poll->time_samples > 0)
        log_warn("exchange_clock_stepped", log_int("by_ms", server_ms - before_ms), log_int("speed", poll->clock.speed));
    if (word == EXCHANGE_CLOCK_STEPPED)
        on_clock_stepped(poll, before_ms, exchange_clock_ms(&poll->clock, result->received_us));
    poll->time_samples++;
    return 0;
}

/* ---- instruments ---- */

static int offer(void *user, const struct instrument *instrument)
{
    struct poll *poll = user;
    universe_offer(poll->universe, instrument);
    return 0;
}

void poll_begin_list(struct poll *poll)
{
    poll->page = 0;
    poll->cursor[0] = '\0';
}

/* Goes on with the page behind the one that was read. False: that was the last, or the list goes round in a circle. */
static bool go_to_page(struct poll *poll, const char *next)
{
    static const struct poll_flight list = {.kind = POLL_INSTRUMENTS};
    bool circle = strcmp(next, poll->cursor) == 0 || poll->page + 1 >= EXCHANGE_PAGES_MAX;
    if (next[0] != '\0' && circle)
        log_warn("list_without_end", log_int("page", poll->page));
    bool more = next[0] != '\0' && !circle;
    if (!more) {
        poll_begin_list(poll);
        return false;
    }
    poll->page++;
    (void)snprintf(poll->cursor, sizeof poll->cursor, "%s", next);
    poll_plan_again(poll, &list, 0);
    return true;
}

static int read_instruments(struct poll *poll, const struct http_result *result)
{
    char next[EXCHANGE_CURSOR_SIZE];
    if (poll->page == 0)
        universe_begin(poll->universe);
    begin_reading(poll, "instruments", "");
    int code = poll->exchange->read_instruments(&result->answer, offer, pass_over_market, poll, next);
    if (code == 0 && go_to_page(poll, next))
        return 0;
    if (code == 0)
        code = universe_listed(poll->universe, poll->market);
    if (code == 0)
        code = schedule_grow(&poll->jobs[POLL_AGES], poll->universe->count);
    if (code != 0)
        return code;
    poll->instruments_ms = clock_monotonic_ms();
    poll->ages_waiting = 0;
    poll->universe->changing = true;
    if (universe_needs_tickers(poll->universe))
        schedule_set(&poll->jobs[POLL_SCAN], 0, 0);
    else
        poll->chooses = true;
    return 0;
}

static int offer_ticker(void *user, const struct exchange_ticker *row)
{
    struct poll *poll = user;
    universe_offer_ticker(poll->universe, row);
    return 0;
}

static int read_scan(struct poll *poll, const struct http_result *result)
{
    begin_reading(poll, poll_kind_name(POLL_SCAN), "");
    int code = poll->exchange->read_tickers(&result->answer, offer_ticker, pass_over_scanned, poll);
    if (code == 0 && !universe_is_quoted(poll->universe))
        code = error_set(ERROR_PROTOCOL, "not a ticker of the markets that are listed");
    poll->chooses = code == 0;
    return code;
}

/* ---- tickers ---- */

static int keep_ticker(void *user, const struct exchange_ticker *row)
{
    struct poll *poll = user;
    const struct ticker *ticker = &row->ticker;
    const struct instrument *instrument = ticker->last != 0 ? market_instrument(poll->market, ticker->symbol) : NULL;
    size_t index = instrument != NULL ? (size_t)(instrument - poll->market->instruments) : poll->ticker_note_count;
    if (index >= poll->ticker_note_count)
        return 0;
    if (poll->ticker_notes[index].answer == poll->ticker_answer) {
        const struct exchange_refusal twice = {poll->ticker_count, ticker->symbol, -1, "its ticker stands there twice"};
        tell_row(poll, &twice);
        return 0;
    }
    poll->ticker_notes[index].answer = poll->ticker_answer;
    poll->ticker_rows[poll->ticker_count++] = *ticker;
    return 0;
}

static int read_tickers(struct poll *poll, const struct poll_flight *flight, const struct http_result *result)
{
    poll->ticker_count = 0;
    poll->ticker_answer++;
    poll->unnamed[0] = '\0';
    begin_reading(poll, "tickers", "");
    int code = poll->exchange->read_tickers(&result->answer, keep_ticker, pass_over_ticker, poll);
    if (code == 0 && poll->unnamed[0] != '\0')
        tell_unnamed(poll, flight);
    for (size_t i = 0; code == 0 && i < poll->ticker_count; i++) {
        clear_ticker(poll, poll->ticker_rows[i].symbol);
        if (poll->ticker_rows[i].time_ms == 0)
            poll->ticker_rows[i].time_ms = flight->exchange_ms;
        if (streams_admit_ticker(poll->streams, &poll->ticker_rows[i]))
            publish_ticker(poll->publish, &poll->ticker_rows[i], poll_exchange_ms(poll));
    }
    return code;
}

/* ---- candles ---- */

static int keep_candle(void *user, const struct candle *candle)
{
    struct poll *poll = user;
    if (poll->row_count == EXCHANGE_CANDLES_MAX)
        return error_set(ERROR_PROTOCOL, "more candles than were asked for");
    poll->rows[poll->row_count++] = *candle;
    return 0;
}

/* Whether a row is from before what was asked for. The one just before it comes along where an exchange takes the bound
 * for one that it leaves out, and is nothing to speak of. */
static bool is_unasked(const struct candle *row, const struct poll_flight *flight, uint32_t interval_s)
{
    return row->open_time_ms < flight->first_open_ms - (int64_t)interval_s * 1000;
}

/* Rows that can be read and cannot be true, stand off the grid, or were not asked for: who takes the rows passes them
 * over. */
static void tell_impossible(struct poll *poll, const struct poll_flight *flight, const struct series *series)
{
    for (size_t i = 0; i < poll->row_count; i++) {
        int code = candle_check(&poll->rows[i], series->interval_s);
        if (code == 0 && is_unasked(&poll->rows[i], flight, series->interval_s))
            code = error_set(ERROR_PROTOCOL, "candle of %" PRId64 ": it is older than what was asked for, from %" PRId64
                             " on", poll->rows[i].open_time_ms, flight->first_open_ms);
        if (code == 0)
            continue;
        const struct exchange_refusal refusal = {
            .row = i, .name = series->symbol, .open_time_ms = poll->rows[i].open_time_ms, .why = error_message()};
        tell_row(poll, &refusal);
    }
}

static void count_intake(const struct poll *poll, const struct series *series, const struct intake *intake)
{
    bool odd = intake->refused > 0 || (intake->absent > 0 && !poll->exchange->leaves_out_quiet);
    metric_add(METRIC_candles_refused_total, intake->refused);
    metric_add(METRIC_candles_absent_total, intake->absent);
    metric_add(METRIC_candles_dropped_total, intake->dropped);
    if (odd)
        log_warn("candles_odd", log_text("symbol", series->symbol), log_int("interval_s", series->interval_s),
                 log_int("refused", intake->refused), log_int("absent", intake->absent),
                 log_int("newest_ms", ring_newest_ms(&series->ring)));
}

/* How long to wait for a candle that should be there and is not. */
static int64_t again_ms(struct poll *poll, const struct series *series)
{
    int64_t halted_ms = POLL_HALTED_MS / poll->clock.speed;
    if (series->halted && series->ready)
        return halted_ms > POLL_HALTED_LEAST_MS ? halted_ms : POLL_HALTED_LEAST_MS;
    return intake_again_ms(series->fruitless, poll->clock.speed, poll_random(poll));
}

/* When this series is asked for next: at its next close, when the store has made room, at once if the exchange has
 * more than one answer holds, or after a pause if it lacks what should be there. Where nothing was traded there may be
 * nothing: then it goes on with the next close, and so it does behind a hole that is longer than an answer. */
static void plan_candles(struct poll *poll, const struct poll_flight *flight, struct series *series,
                         const struct intake *intake)
{
    series->full = intake->full;
    if (intake->full)
        return;
    if (intake->complete)
        poll_plan(poll, flight);
    else if (intake->appended > 0 && !intake->hole)
        poll_plan_again(poll, flight, 0);
    else if ((poll->exchange->leaves_out_quiet || !flight->through) &&
             intake_pass_over(series, intake, flight->last_open_ms))
        poll_plan(poll, flight);
    else
        poll_plan_again(poll, flight, again_ms(poll, series));
}

/* Candles that are held already, or should be, and say something else now. */
static void take_changes(struct poll *poll, const struct series *series, const struct candle *rows, size_t count)
{
    int64_t newest_ms = ring_newest_ms(&series->ring);
    for (size_t i = 0; i < count && rows[i].open_time_ms <= newest_ms; i++) {
        enum intake_change change = intake_compare(series, &rows[i]);
        if ((change == INTAKE_REVISED || change == INTAKE_LATE) && candle_check(&rows[i], series->interval_s) == 0)
            revisions_take(poll->revisions, series, &rows[i], change == INTAKE_LATE);
    }
}

void poll_take(struct poll *poll, const struct poll_flight *flight, const struct candle *rows, size_t count,
               struct intake *out)
{
    struct series *series = &poll->market->slots[flight->index];
    take_changes(poll, series, rows, count);
    intake_take(series, rows, count, flight->last_open_ms, out);
    count_intake(poll, series, out);
    if (series->ready)
        publish_candles(poll->publish, series, out->appended, flight->exchange_ms);
    if (out->appended > 0 || out->complete)
        stuck_clear(&poll->stuck, series, STUCK_CANDLES);
    bool caught_up = out->complete || series->fruitless > INTAKE_FRUITLESS_ASKS;
    series->ready = series->ready || (caught_up && flight->through);
    if (out->appended > 0)
        archive_mark(poll->archive, series);
}

/* A candle that does not come however often it is asked for. */
static void look_for_lack(struct poll *poll, const struct poll_flight *flight, struct series *series,
                          const struct intake *intake)
{
    if (series->fruitless >= STUCK_FRUITLESS && !series->halted && !intake->hole &&
        stuck_is_behind(series, intake_next_ms(series, poll->grace_ms), flight->exchange_ms))
        stuck_note(&poll->stuck, series, STUCK_CANDLES, "the exchange has no new candle");
}

static int read_candles(struct poll *poll, const struct poll_flight *flight, const struct http_result *result)
{
    struct series *series = &poll->market->slots[flight->index];
    struct intake intake;
    begin_reading(poll, "candles", series->symbol);
    int code = poll->exchange->read_candles(&result->answer, series->interval_s, keep_candle, pass_over, poll);
    if (code != 0)
        return error_context(code, "%s", series->symbol);
    tell_impossible(poll, flight, series);
    if (poll->exchange->leaves_out_quiet)
        series->quiet_through_ms = intake_last_closed_ms(series->interval_s, flight->exchange_ms, poll->grace_ms) -
                                   INTAKE_QUIET_SETTLED * (int64_t)series->interval_s * 1000;
    poll_take(poll, flight, poll->rows, poll->row_count, &intake);
    if (flight->through)
        series->read_ms = flight->exchange_ms;
    if (series->confirm_ms != 0 && flight->exchange_ms >= series->confirm_ms)
        series->confirm_ms = stream_confirm_ms(series, poll->confirm_ms, flight->exchange_ms);
    streams_note_candles(poll->streams, series, intake.appended);
    plan_candles(poll, flight, series, &intake);
    look_for_lack(poll, flight, series, &intake);
    return 0;
}

/* ---- ages ---- */

void poll_set_age(struct poll *poll, const struct poll_flight *flight, int64_t oldest_ms)
{
    universe_set_age(poll->universe, flight->index, oldest_ms);
    poll->ages_waiting--;
    poll->chooses = poll->ages_waiting == 0;
}

/* It counts as young: the others do not wait for it. */
void poll_no_age(struct poll *poll, const struct poll_flight *flight)
{
    log_warn("age_not_known", log_text("symbol", poll->universe->candidates[flight->index].instrument.symbol),
             log_text("error", error_message()));
    poll_set_age(poll, flight, -1);
}

/* The oldest open time of the answer, of rows that were asked for; -1 if there is none. */
static int64_t oldest_asked_ms(const struct poll *poll, const struct poll_flight *flight)
{
    for (size_t i = 0; i < poll->row_count; i++)
        if (!is_unasked(&poll->rows[i], flight, UNIVERSE_DAY_S))
            return poll->rows[i].open_time_ms;
    return -1;
}

static int read_age(struct poll *poll, const struct poll_flight *flight, const struct http_result *result)
{
    const struct candidate *candidate = &poll->universe->candidates[flight->index];
    begin_reading(poll, "ages", candidate->instrument.symbol);
    int code = poll->exchange->read_candles(&result->answer, UNIVERSE_DAY_S, keep_candle, pass_over, poll);
    if (code != 0 && candidate->failures < POLL_AGE_FAILURES)
        return error_context(code, "%s", candidate->instrument.symbol);
    if (code != 0)
        poll_no_age(poll, flight);
    else
        poll_set_age(poll, flight, oldest_asked_ms(poll, flight));
    return 0;
}

/* ---- candles for the store alone ---- */

static int read_fill(struct poll *poll, const struct poll_flight *flight, const struct http_result *result)
{
    struct series *series = &poll->market->slots[flight->index];
    begin_reading(poll, "fill", series->symbol);
    int code = poll->exchange->read_candles(&result->answer, series->interval_s, keep_candle, pass_over, poll);
    if (code != 0)
        return error_context(code, "%s", series->symbol);
    tell_impossible(poll, flight, series);
    stuck_clear(&poll->stuck, series, STUCK_HISTORY);
    if (fill_piece_of(poll->fill, series) == NULL)
        return 0;
    for (size_t i = 0; i < poll->refused_count; i++)
        fill_refuse(poll->fill, series, poll->refused_ms[i]);
    switch (fill_take(poll->fill, series, poll->rows, poll->row_count)) {
    case FILL_AGAIN: poll_plan_again(poll, flight, intake_again_ms(1, poll->clock.speed, poll_random(poll))); break;
    case FILL_NEXT: poll_fill(poll); break;
    case FILL_SENT: break;
    }
    return 0;
}

/* ---- the whole ---- */

int poll_read(struct poll *poll, const struct poll_flight *flight, const struct http_result *result)
{
    switch (flight->kind) {
    case POLL_TIME: return read_time(poll, result);
    case POLL_INSTRUMENTS: return read_instruments(poll, result);
    case POLL_SCAN: return read_scan(poll, result);
    case POLL_AGES: return read_age(poll, flight, result);
    case POLL_TICKERS: return read_tickers(poll, flight, result);
    case POLL_CANDLES: return read_candles(poll, flight, result);
    case POLL_FILL: return read_fill(poll, flight, result);
    case POLL_KINDS: break;
    }
    return error_set(ERROR_ARGUMENT, "no such request");
}
