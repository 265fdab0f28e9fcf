/* Candles for the store alone. */
/* SPDX-License-Identifier: MIT */
#include "fetcher/fill.h"

#include "fetcher/intake.h"
#include "lib/base/clock.h"
#include "lib/base/interval.h"
#include "lib/base/log.h"
#include "lib/runtime/metrics.h"
#include "lib/series/candle.h"

#include <assert.h>
#include <string.h>

enum { DAY_MS = 86400000, LOG_PERCENT = 10 };

void fill_init(struct filler *fill, struct archive *archive, const struct exchange *exchange, int64_t depth_days,
               int64_t cpu_percent)
{
    fill->archive = archive;
    fill->market = archive->market;
    fill->exchange = exchange;
    fill->depth_ms = depth_days * DAY_MS;
    pace_init(&fill->pace, cpu_percent, clock_monotonic_us(), clock_cpu_us());
}

static int64_t interval_of(const struct series *series)
{
    return (int64_t)series->interval_s * 1000;
}

/* ---- what is missing ---- */

/* Since when history of a series is wanted, and can be had. */
static int64_t target_of(const struct filler *fill, const struct series *series, int64_t exchange_ms)
{
    int64_t target_ms = interval_open_time(series->interval_s, exchange_ms - fill->depth_ms);
    int64_t reach = fill->exchange->candles_reach - FILL_REACH_SPARE;
    int64_t reach_ms = interval_open_time(series->interval_s, exchange_ms) - reach * interval_of(series);
    if (fill->exchange->candles_reach > 0 && reach_ms > target_ms)
        target_ms = reach_ms;
    return target_ms > CANDLE_TIME_MIN_MS ? target_ms : intake_oldest_ms(series->interval_s);
}

static bool wants_history(const struct filler *fill, const struct series *series)
{
    return fill->depth_ms > 0 && series->covered && series->followed && series->stored_from_ms >= 0;
}

static void count_progress(struct filler *fill)
{
    fill->wanted = fill->stored = 0;
    for (const struct series *series = NULL; (series = market_next(fill->market, series)) != NULL;) {
        const struct series_fill *state = &series->fill;
        if (state->top_ms <= state->target_ms)
            continue;
        int64_t oldest_ms = series->stored_from_ms > state->target_ms ? series->stored_from_ms : state->target_ms;
        fill->wanted += (state->top_ms - state->target_ms) / interval_of(series);
        fill->stored += (state->top_ms - oldest_ms) / interval_of(series);
    }
    metric_set(METRIC_history_candles_wanted, (double)fill->wanted);
    metric_set(METRIC_history_candles_stored, (double)fill->stored);
}

static void log_progress(struct filler *fill)
{
    int64_t percent = fill->wanted > 0 ? fill->stored * 100 / fill->wanted : 0;
    if (percent / LOG_PERCENT == fill->told_percent / LOG_PERCENT)
        return;
    fill->told_percent = percent;
    log_info("history", log_int("percent", percent), log_int("stored", fill->stored), log_int("wanted", fill->wanted));
}

static bool rests(const struct series *series, int64_t now_ms)
{
    return series->fill.rest_until_ms > now_ms;
}

void fill_look(struct filler *fill, int64_t exchange_ms)
{
    int64_t now_ms = clock_monotonic_ms();
    fill->behind = fill->pressing = 0;
    fill->on = fill->on || market_settled_count(fill->market) == fill->market->series_count;
    for (struct series *series = NULL; (series = market_next(fill->market, series)) != NULL;) {
        fill->behind += series_is_behind(series);
        fill->pressing += series_is_behind(series) && !rests(series, now_ms);
        if (series->fill.top_ms >= 0 || !wants_history(fill, series))
            continue;
        series->fill.target_ms = target_of(fill, series, exchange_ms);
        series->fill.top_ms = series->fill.searched_ms = series->stored_from_ms;
    }
    metric_set(METRIC_series_behind, (double)fill->behind);
    count_progress(fill);
    log_progress(fill);
}

/* The range of the next piece of what was dropped. */
static bool next_dropped(const struct filler *fill, const struct series *series, struct fill_piece *out)
{
    int64_t interval_ms = interval_of(series);
    out->dropped = true;
    out->first_ms = series->stored_through_ms + interval_ms;
    out->last_ms = ring_at(&series->ring, 0)->open_time_ms - interval_ms;
    int64_t most_ms = out->first_ms + (fill->exchange->candles_per_call - 1) * interval_ms;
    if (out->last_ms > most_ms)
        out->last_ms = most_ms;
    return !series->storing;
}

/* The range of the next piece of a series. False if it lacks nothing that may be asked for now. */
static bool next_range(const struct filler *fill, const struct series *series, struct fill_piece *out)
{
    if (series_is_behind(series))
        return next_dropped(fill, series, out);
    const struct series_fill *state = &series->fill;
    if (!fill->on || fill->pressing > 0 || state->top_ms < 0 || !wants_history(fill, series))
        return false;
    int64_t interval_ms = interval_of(series);
    out->dropped = false;
    out->last_ms = state->searched_ms - interval_ms;
    out->first_ms = out->last_ms - (fill->exchange->candles_per_call - 1) * interval_ms;
    if (out->first_ms < state->target_ms)
        out->first_ms = state->target_ms;
    return out->first_ms <= out->last_ms;
}

/* ---- pieces ---- */

/* A piece that is free; one whose series has gone before it was stored is. */
static struct fill_piece *free_piece(struct filler *fill)
{
    for (size_t i = 0; i < FILL_WINDOW; i++) {
        struct fill_piece *piece = &fill->pieces[i];
        if (piece->state == FILL_FREE ||
            (piece->state == FILL_ASKING && market_series(fill->market, piece->index, piece->id) == NULL))
            return piece;
    }
    return NULL;
}

static void begin_piece(struct filler *fill, struct fill_piece *piece, struct series *series)
{
    piece->state = FILL_ASKING;
    piece->index = (uint32_t)market_index(fill->market, series);
    piece->id = series->id;
    piece->asks = piece->refused = 0;
    piece->count = 0;
    piece->length = (size_t)((piece->last_ms - piece->first_ms) / interval_of(series)) + 1;
    assert(piece->length <= EXCHANGE_CANDLES_MAX);
    for (size_t i = 0; i < piece->length; i++)
        piece->candles[i].open_time_ms = -1;
    series->fill.piece = (uint32_t)(piece - fill->pieces) + 1;
}

struct series *fill_begin(struct filler *fill)
{
    struct fill_piece *piece = free_piece(fill);
    int64_t now_ms = clock_monotonic_ms();
    for (size_t step = 0; piece != NULL && step < fill->market->slot_count; step++) {
        struct series *series = &fill->market->slots[fill->cursor % fill->market->slot_count];
        fill->cursor = (fill->cursor + 1) % fill->market->slot_count;
        if (series->id == 0 || series->fill.piece != 0 || rests(series, now_ms) || !next_range(fill, series, piece))
            continue;
        begin_piece(fill, piece, series);
        return series;
    }
    return NULL;
}

static struct fill_piece *piece_of(struct filler *fill, const struct series *series)
{
    return series->fill.piece != 0 ? &fill->pieces[series->fill.piece - 1] : NULL;
}

const struct fill_piece *fill_piece_of(const struct filler *fill, const struct series *series)
{
    const struct fill_piece *piece = series->fill.piece != 0 ? &fill->pieces[series->fill.piece - 1] : NULL;
    return piece != NULL && piece->state == FILL_ASKING ? piece : NULL;
}

static void end_piece(struct fill_piece *piece, struct series *series)
{
    piece->state = FILL_FREE;
    series->fill.piece = 0;
}

int64_t fill_free_ms(struct filler *fill, int64_t now_ms)
{
    int64_t wait_us = pace_wait_us(&fill->pace, clock_monotonic_us(), clock_cpu_us());
    return wait_us == 0 || fill->pressing > 0 ? now_ms : now_ms + wait_us / 1000 + 1;
}

/* ---- what came ---- */

static void add_absence(struct filler *fill, const struct series *series, int64_t first_ms, int64_t last_ms,
                        enum absence_reason reason)
{
    struct absence *absence = &fill->absences[fill->absence_count++];
    *absence = (struct absence){
        .interval_s = series->interval_s, .first_open_ms = first_ms, .last_open_ms = last_ms, .reason = reason};
    memcpy(absence->symbol, series->symbol, sizeof absence->symbol);
}

/* Adds the rows of an answer that can be true to what answers before it had. */
static void merge(struct fill_piece *piece, const struct series *series, const struct candle *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (rows[i].open_time_ms < piece->first_ms || rows[i].open_time_ms > piece->last_ms)
            continue;
        if (candle_check(&rows[i], series->interval_s) != 0) {
            metric_add(METRIC_candles_refused_total, 1);
            piece->refused++;
            continue;
        }
        struct candle *place = &piece->candles[(rows[i].open_time_ms - piece->first_ms) / interval_of(series)];
        piece->count += place->open_time_ms < 0;
        *place = rows[i];
    }
}

void fill_refuse(struct filler *fill, struct series *series, int64_t open_time_ms)
{
    struct fill_piece *piece = piece_of(fill, series);
    assert(piece != NULL && piece->state == FILL_ASKING);
    piece->refused += open_time_ms >= piece->first_ms && open_time_ms < piece->last_ms + interval_of(series);
}

static void add_row(struct filler *fill, const struct series *series, const struct candle *candle)
{
    struct candle_event *row = &fill->rows[fill->row_count++];
    memcpy(row->symbol, series->symbol, sizeof row->symbol);
    row->interval_s = series->interval_s;
    row->candle = *candle;
}

/* Forward from what is stored: the candles, and the holes before and behind them. Returns how far the store reaches
 * then: what there is no room to explain is left for the next piece. */
static int64_t write_forward(struct filler *fill, const struct series *series, const struct fill_piece *piece,
                             enum absence_reason reason)
{
    int64_t interval_ms = interval_of(series), next_ms = piece->first_ms;
    for (size_t i = 0; i <= piece->length; i++) {
        bool ends = i == piece->length;
        if (!ends && piece->candles[i].open_time_ms < 0)
            continue;
        int64_t open_ms = ends ? piece->last_ms + interval_ms : piece->candles[i].open_time_ms;
        if (open_ms > next_ms && fill->absence_count == ARCHIVE_ABSENCES_MAX)
            return next_ms - interval_ms;
        if (open_ms > next_ms)
            add_absence(fill, series, next_ms, open_ms - interval_ms, reason);
        next_ms = open_ms;
        if (ends)
            break;
        add_row(fill, series, &piece->candles[i]);
        next_ms += interval_ms;
    }
    return piece->last_ms;
}

/* Backward from what is stored: the candles, and the holes behind them. Returns how far the store reaches then. */
static int64_t write_backward(struct filler *fill, const struct series *series, const struct fill_piece *piece)
{
    int64_t interval_ms = interval_of(series), before_ms = series->stored_from_ms;
    size_t first = piece->length;
    for (size_t i = piece->length; i-- > 0;) {
        int64_t open_ms = piece->candles[i].open_time_ms;
        bool hole = open_ms >= 0 && open_ms + interval_ms < before_ms;
        if (open_ms < 0)
            continue;
        if (hole && fill->absence_count == ARCHIVE_ABSENCES_MAX)
            break;
        if (hole)
            add_absence(fill, series, open_ms + interval_ms, before_ms - interval_ms, fill->archive->reason);
        before_ms = open_ms;
        first = i;
    }
    for (size_t i = first; i < piece->length; i++)
        if (piece->candles[i].open_time_ms >= 0)
            add_row(fill, series, &piece->candles[i]);
    return before_ms;
}

static enum fill_verdict send(struct filler *fill, const struct series *series, struct fill_piece *piece)
{
    struct store_candles message = {
        .history = !piece->dropped,
        .rows = list_of(fill->rows, fill->row_count),
        .absences = list_of(fill->absences, fill->absence_count),
    };
    if (archive_push(fill->archive, &message, ARCHIVE_TAG_FILL + (uint64_t)(piece - fill->pieces)) != 0) {
        log_warn("piece_not_sent", log_text("symbol", series->symbol), log_text("error", error_message()));
        return FILL_AGAIN;
    }
    piece->state = FILL_STORING;
    return FILL_SENT;
}

/* A piece of history without a candle. The market is no older when a long time has none; where every interval has a
 * candle, a short one may be an exchange that was away. Rows that cannot be true are there all the same: there is more. */
static enum fill_verdict take_nothing(struct filler *fill, struct series *series, struct fill_piece *piece)
{
    struct series_fill *state = &series->fill;
    if (piece->refused > 0) {
        add_absence(fill, series, piece->first_ms, series->stored_from_ms - interval_of(series), fill->archive->reason);
        piece->edge_ms = piece->first_ms;
        return send(fill, series, piece);
    }
    uint32_t least = fill->exchange->leaves_out_quiet ? FILL_EMPTY_PIECES : 1;
    bool ends = state->empty_pieces + 1 >= least && series->stored_from_ms - piece->first_ms >= FILL_EMPTY_MS;
    if (!ends && piece->first_ms > state->target_ms) {
        state->empty_pieces++;
        state->searched_ms = piece->first_ms;
        end_piece(piece, series);
        return FILL_NEXT;
    }
    bool quiet = fill->exchange->leaves_out_quiet && !ends;
    add_absence(fill, series, state->target_ms, series->stored_from_ms - interval_of(series),
                quiet ? ABSENCE_REASON_NO_TRADES : ABSENCE_REASON_BEFORE_LISTING);
    piece->edge_ms = state->target_ms;
    return send(fill, series, piece);
}

enum fill_verdict fill_take(struct filler *fill, struct series *series, const struct candle *rows, size_t count)
{
    struct fill_piece *piece = piece_of(fill, series);
    uint32_t asks = fill->exchange->leaves_out_quiet ? 1 : INTAKE_HOLE_ASKS;
    assert(piece != NULL && piece->state == FILL_ASKING);
    series->fill.rest_ms = 0;
    merge(piece, series, rows, count);
    if (piece->count == 0 && series->fill.empty_pieces > 0)
        asks = 0; /* one more of them */
    if (piece->count < piece->length && piece->asks < asks) {
        piece->asks++;
        return FILL_AGAIN;
    }
    fill->row_count = fill->absence_count = 0;
    if (piece->dropped)
        piece->edge_ms = write_forward(fill, series, piece, fill->archive->reason);
    else if (piece->count == 0)
        return take_nothing(fill, series, piece);
    else
        piece->edge_ms = write_backward(fill, series, piece);
    return send(fill, series, piece);
}

void fill_rest(struct filler *fill, struct series *series)
{
    struct fill_piece *piece = piece_of(fill, series);
    struct series_fill *state = &series->fill;
    state->rest_ms = state->rest_ms == 0 ? FILL_REST_MS : 2 * state->rest_ms;
    state->rest_ms = state->rest_ms < FILL_REST_MOST_MS ? state->rest_ms : FILL_REST_MOST_MS;
    state->rest_until_ms = clock_monotonic_ms() + state->rest_ms;
    if (piece != NULL && piece->state == FILL_ASKING)
        end_piece(piece, series);
}

enum fill_verdict fill_take_refusal(struct filler *fill, struct series *series)
{
    struct fill_piece *piece = piece_of(fill, series);
    assert(piece != NULL && piece->state == FILL_ASKING);
    if (piece->asks < INTAKE_HOLE_ASKS) {
        piece->asks++;
        return FILL_AGAIN;
    }
    if (!piece->dropped) {
        series->fill.target_ms = series->fill.searched_ms = series->stored_from_ms;
        end_piece(piece, series);
        return FILL_NEXT;
    }
    fill->row_count = fill->absence_count = 0;
    piece->edge_ms = write_forward(fill, series, piece, ABSENCE_REASON_EXCHANGE_LACKS);
    return send(fill, series, piece);
}

void fill_on_ack(struct filler *fill, uint64_t tag, bool accepted)
{
    assert(tag >= ARCHIVE_TAG_FILL && tag < ARCHIVE_TAG_FILL + FILL_WINDOW);
    struct fill_piece *piece = &fill->pieces[tag - ARCHIVE_TAG_FILL];
    struct series *series = market_series(fill->market, piece->index, piece->id);
    assert(piece->state == FILL_STORING);
    piece->state = FILL_FREE;
    if (accepted)
        metric_add(METRIC_candles_stored_total, (double)piece->count);
    if (series == NULL)
        return;
    series->fill.piece = 0;
    if (!piece->dropped) {
        series->stored_from_ms = series->fill.searched_ms = piece->edge_ms;
        series->fill.empty_pieces = 0;
        return;
    }
    metric_add(METRIC_candles_refilled_total, (double)piece->count);
    series->stored_through_ms = piece->edge_ms;
    if (!series_is_behind(series))
        archive_mark(fill->archive, series);
}
