/* What is asked: from a job to a URL and its price. */
/* SPDX-License-Identifier: MIT */
#include "fetcher/poll.h"

#include "fetcher/stream_rules.h"
#include "lib/base/interval.h"

/* Whether it is a streamed series' turn to be confirmed: it is read again from further back. */
static bool is_confirming(const struct series *series, const struct poll_flight *flight)
{
    return series->streamed && series->ring.count > 0 && series->confirm_ms != 0 &&
           flight->exchange_ms >= series->confirm_ms;
}

/* The series is up to date; one whose turn it is to be confirmed waits for the next. */
static int nothing_to_ask(const struct poll *poll, struct series *series, int64_t exchange_ms)
{
    series->ready = true;
    if (series->confirm_ms != 0 && exchange_ms >= series->confirm_ms)
        series->confirm_ms = stream_confirm_ms(series, poll->confirm_ms, exchange_ms);
    return error_set(ERROR_MISSING, "no candle has closed");
}

/* ERROR_MISSING when nothing is to be asked for now: then the series is up to date. What the ring holds may even be
 * ahead of the exchange's clock, when that has gone back. */
static int request_candles(struct poll *poll, struct poll_flight *flight)
{
    struct series *series = &poll->market->slots[flight->index];
    int per_call = poll->exchange->candles_per_call;
    int64_t reread = intake_reread(series, poll->context->config->market_reread_s, per_call);
    int64_t first_ms = intake_first_ms(series, reread);
    int64_t closed_ms = intake_last_closed_ms(series->interval_s, flight->exchange_ms, poll->grace_ms);
    if (is_confirming(series, flight)) {
        int64_t confirm_from_ms = stream_confirm_from_ms(series, poll->confirm_ms, per_call);
        first_ms = confirm_from_ms < first_ms ? confirm_from_ms : first_ms;
    } else if (closed_ms <= intake_known_ms(series)) {
        return nothing_to_ask(poll, series, flight->exchange_ms);
    }
    if (closed_ms < first_ms)
        return nothing_to_ask(poll, series, flight->exchange_ms);
    int64_t reach_ms = first_ms + (per_call - 1) * (int64_t)series->interval_s * 1000;
    flight->through = reach_ms >= closed_ms;
    flight->last_open_ms = flight->through ? closed_ms : reach_ms;
    flight->first_open_ms = first_ms;
    return poll->exchange->candles_request(poll->base_url, series->symbol, series->interval_s, first_ms,
                                           flight->last_open_ms, flight->exchange_ms, &poll->request);
}

/* The daily candles of a market from the one on that would make it old enough. ERROR_MISSING before the exchange's
 * clock is known. */
static int request_age(struct poll *poll, struct poll_flight *flight)
{
    const char *symbol = poll->universe->candidates[flight->index].instrument.symbol;
    int64_t age_ms = poll->context->config->market_min_age_days * UNIVERSE_DAY_MS;
    int64_t first_ms = interval_open_time(UNIVERSE_DAY_S, flight->exchange_ms - age_ms);
    int64_t last_ms = intake_last_closed_ms(UNIVERSE_DAY_S, flight->exchange_ms, poll->grace_ms);
    if (!poll->clock.known)
        return error_set(ERROR_MISSING, "the exchange's clock is not known");
    flight->first_open_ms = first_ms;
    return poll->exchange->candles_request(poll->base_url, symbol, UNIVERSE_DAY_S, first_ms,
                                           last_ms > first_ms ? last_ms : first_ms, flight->exchange_ms, &poll->request);
}

/* A list is not read while what followed from the last one is under way. */
static int request_instruments(struct poll *poll)
{
    if (poll->universe->changing)
        return error_set(ERROR_MISSING, "the last list is not settled");
    return poll->exchange->instruments_request(poll->base_url, poll->cursor, &poll->request);
}

/* ERROR_MISSING when the store lacks nothing that may be asked for. */
static int request_fill(struct poll *poll, struct poll_flight *flight)
{
    const struct series *series = &poll->market->slots[flight->index];
    const struct fill_piece *piece = fill_piece_of(poll->fill, series);
    if (piece == NULL)
        return error_set(ERROR_MISSING, "nothing is missing");
    flight->first_open_ms = piece->first_ms;
    return poll->exchange->candles_request(poll->base_url, series->symbol, series->interval_s, piece->first_ms,
                                           piece->last_ms, flight->exchange_ms, &poll->request);
}

const char *poll_kind_name(enum poll_kind kind)
{
    static const char *const names[POLL_KINDS] = {"time", "instruments", "scan", "candles", "ages", "tickers", "fill"};
    return names[kind];
}

int poll_make_request(struct poll *poll, struct poll_flight *flight)
{
    switch (flight->kind) {
    case POLL_TIME: return poll->exchange->time_request(poll->base_url, &poll->request);
    case POLL_INSTRUMENTS: return request_instruments(poll);
    case POLL_SCAN: return poll->exchange->tickers_request(poll->base_url, NULL, 0, &poll->request);
    case POLL_AGES: return request_age(poll, flight);
    case POLL_TICKERS: return poll_request_tickers(poll, flight);
    case POLL_CANDLES: return request_candles(poll, flight);
    case POLL_FILL: return request_fill(poll, flight);
    case POLL_KINDS: break;
    }
    return error_set(ERROR_ARGUMENT, "no such request");
}
