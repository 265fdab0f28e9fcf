/* What becomes of an answer, by its verdict. */
/* SPDX-License-Identifier: MIT */
#include "fetcher/poll.h"

#include "fetcher/streams.h"
#include "lib/base/clock.h"
#include "lib/base/log.h"
#include "lib/exchange/ban.h"
#include "lib/runtime/metrics.h"

enum { FAILURE_LOG_MS = 5000 /* failures are logged no more often, with their count */ };

/* The exchange wants us to stop. What it says holds for our restart too. Those that were under way with the first that
 * is refused say the same. */
static void obey(struct poll *poll, enum exchange_verdict verdict, const struct poll_flight *flight,
                 const struct http_result *result)
{
    int64_t now_ms = poll_exchange_ms(poll), before_ms = poll->budget.stopped_until_ms;
    metric_add(METRIC_exchange_limited_total, 1);
    poll->stopped_ms = poll->stopped_ms != 0 ? poll->stopped_ms : clock_monotonic_ms();
    stuck_copy_why(poll->stop_why, error_message());
    budget_stop(&poll->budget, verdict, result->answer.retry_after_s, flight->exchange_ms, now_ms, poll_random(poll));
    int64_t wait_ms = (poll->budget.stopped_until_ms - now_ms) / poll->clock.speed + 1;
    if (verdict == EXCHANGE_BANNED)
        streams_stop(poll->streams);
    if (poll->budget.stopped_until_ms == before_ms)
        return;
    if (now_ms >= before_ms)
        log_warn("exchange_says_stop", log_int("status", result->answer.status), log_int("wait_ms", wait_ms),
                 log_text("error", error_message()));
    poll->banned_until_ms = clock_wall_ms() + wait_ms;
    if (ban_save(poll->context->config->process_data_dir, poll->base_url, poll->banned_until_ms) != 0)
        log_error("ban_not_kept", log_text("error", error_message()));
}

static bool is_stuck(const struct poll *poll, const struct poll_flight *flight)
{
    if (flight->kind != POLL_CANDLES && flight->kind != POLL_FILL)
        return false;
    unsigned part = flight->kind == POLL_CANDLES ? STUCK_CANDLES : STUCK_HISTORY;
    return (poll->market->slots[flight->index].stuck >> part & 1u) != 0;
}

/* The history of a series does not go on: others get its place, until it is tried again. */
static void rest_history(struct poll *poll, struct series *series)
{
    stuck_note(&poll->stuck, series, STUCK_HISTORY, error_message());
    fill_rest(poll->fill, series);
    poll_fill(poll);
}

/* How many requests had succeeded when a job began to fail; NULL for what is not of one market. */
static uint64_t *failing_from(struct poll *poll, const struct poll_flight *flight)
{
    switch (flight->kind) {
    case POLL_CANDLES: return &poll->market->slots[flight->index].failing_from;
    case POLL_FILL: return &poll->market->slots[flight->index].fill.failing_from;
    case POLL_AGES: return &poll->universe->candidates[flight->index].failing_from;
    default: return NULL;
    }
}

/* A request that fails again and again while others succeed: nobody waits for what it should bring. */
static void look_for_stuck(struct poll *poll, const struct poll_flight *flight, uint32_t failures)
{
    uint64_t *from = failing_from(poll, flight);
    if (from == NULL)
        return;
    if (failures == 1)
        *from = poll->successes;
    if (failures < STUCK_FAILURES || poll->successes < *from + STUCK_OTHERS)
        return;
    struct series *series = &poll->market->slots[flight->index];
    if (flight->kind == POLL_CANDLES)
        stuck_note(&poll->stuck, series, STUCK_CANDLES, error_message());
    else if (flight->kind == POLL_FILL)
        rest_history(poll, series);
    else if (flight->kind == POLL_AGES && failures >= POLL_AGE_FAILURES)
        poll_no_age(poll, flight);
}

static void retry(struct poll *poll, const struct poll_flight *flight)
{
    uint32_t *failures = poll_failures(poll, flight);
    ++*failures;
    poll->failures += !is_stuck(poll, flight); /* what is stuck says nothing of the others */
    stuck_copy_why(poll->whys[flight->kind], error_message());
    metric_add(METRIC_exchange_failures_total, 1);
    poll->unlogged++;
    int64_t now_ms = clock_monotonic_ms(), delay_ms = intake_retry_ms(*failures, poll_random(poll));
    if (now_ms - poll->logged_ms >= FAILURE_LOG_MS) {
        log_warn("request_failed", log_text("request", poll_kind_name(flight->kind)), log_int("count", poll->unlogged),
                 log_int("again_ms", delay_ms), log_text("error", error_message()));
        poll->logged_ms = now_ms;
        poll->unlogged = 0;
    }
    look_for_stuck(poll, flight, *failures);
    if (is_stuck(poll, flight) && delay_ms < STUCK_AGAIN_MS)
        delay_ms = STUCK_AGAIN_MS;
    if (flight->kind != POLL_AGES || !poll->universe->candidates[flight->index].aged)
        poll_plan_again(poll, flight, delay_ms);
}

/* The exchange does not know a series, which was to be seen in its list, or will be. Of one that does not trade the
 * filler notes what it lacks; of one that is said to trade, nobody waits for it. */
static void refused_series(struct poll *poll, const struct poll_flight *flight)
{
    struct series *series = &poll->market->slots[flight->index];
    int64_t delay_ms = series->halted && flight->kind == POLL_CANDLES ? POLL_UNKNOWN_MS : POLL_REFUSED_MS;
    metric_add(METRIC_exchange_failures_total, 1);
    series->refused = true;
    if (flight->kind == POLL_CANDLES) {
        stuck_note(&poll->stuck, series, STUCK_CANDLES, error_message());
    } else if (fill_piece_of(poll->fill, series) != NULL) {
        if (!series->halted) {
            rest_history(poll, series);
            return;
        }
        if (fill_take_refusal(poll->fill, series) != FILL_AGAIN) {
            poll_fill(poll);
            return;
        }
    }
    poll_plan_again(poll, flight, delay_ms);
}

/* Whether a refusal may be about symbols: the exchange says so, or it does not like what we asked; a region that is not
 * served is another matter. */
static bool is_of_symbols(enum exchange_verdict verdict, const struct poll_flight *flight,
                          const struct exchange_answer *answer)
{
    if (flight->kind == POLL_TICKERS && flight->asked == 0)
        return false;
    return verdict == EXCHANGE_UNKNOWN || answer->status == 400 || answer->status == 404;
}

/* A ticker request is refused as a whole when one of its markets is gone; the list of markets may say which. */
static void refused(struct poll *poll, const struct poll_flight *flight, bool by_symbol)
{
    static const struct poll_flight list = {.kind = POLL_INSTRUMENTS};
    const char *symbol = "";
    if (flight->kind == POLL_AGES)
        symbol = poll->universe->candidates[flight->index].instrument.symbol;
    else if (flight->kind == POLL_TICKERS)
        symbol = flight->symbol;
    if (flight->kind == POLL_INSTRUMENTS)
        poll_begin_list(poll); /* the page may be gone */
    metric_add(METRIC_exchange_failures_total, 1);
    stuck_copy_why(poll->whys[flight->kind], error_message());
    if (flight->kind != POLL_TICKERS || !by_symbol)
        *poll_failures(poll, flight) += STUCK_FAILURES; /* to ask once more is of no use */
    log_warn("request_refused", log_text("request", poll_kind_name(flight->kind)), log_text("symbol", symbol),
             log_text("error", error_message()));
    if (flight->kind == POLL_TICKERS && clock_monotonic_ms() - poll->instruments_ms > POLL_INSTRUMENTS_SOON_MS) {
        poll->instruments_ms = clock_monotonic_ms();
        poll_plan_again(poll, &list, 0);
    }
    if (flight->kind == POLL_AGES)
        poll_set_age(poll, flight, -1); /* who has no candles is not old */
    else if (flight->kind == POLL_TICKERS)
        poll_tickers_refused(poll, flight, by_symbol);
    else
        poll_plan_again(poll, flight, POLL_REFUSED_MS);
}

static void succeeded(struct poll *poll, const struct poll_flight *flight)
{
    *poll_failures(poll, flight) = 0;
    poll->whys[flight->kind][0] = '\0';
    if (poll_stop_left_ms(poll) == 0)
        poll->stopped_ms = 0;
    if (flight->kind == POLL_CANDLES || flight->kind == POLL_FILL)
        poll->market->slots[flight->index].refused = false;
    budget_succeeded(&poll->budget, flight->exchange_ms);
    if (poll->failures >= POLL_TROUBLE) {
        log_info("exchange_answers_again", log_int("failures", poll->failures));
        for (int kind = 0; kind < POLL_KINDS; kind++)
            schedule_hurry(&poll->jobs[kind], clock_monotonic_ms());
    }
    poll->successes++;
    poll->failures = 0;
    bool next_page = flight->kind == POLL_INSTRUMENTS && poll->page > 0;
    if (flight->kind == POLL_TICKERS)
        poll_tickers_succeeded(poll, flight);
    else if (flight->kind != POLL_CANDLES && flight->kind != POLL_FILL && !next_page)
        poll_plan(poll, flight);
}

void poll_answer(struct poll *poll, const struct poll_flight *flight, const struct http_result *result)
{
    enum exchange_verdict verdict = EXCHANGE_RETRY;
    if (result->code == 0) {
        budget_correct(&poll->budget, result->answer.used_weight, flight->exchange_ms,
                       exchange_clock_ms(&poll->clock, result->received_us));
        verdict = poll->exchange->judge(&result->answer);
    }
    if (!poll_is_wanted(poll, flight) && verdict != EXCHANGE_SLOW && verdict != EXCHANGE_BANNED)
        return;
    switch (verdict) {
    case EXCHANGE_OK:
        if (poll_read(poll, flight, result) == 0)
            succeeded(poll, flight);
        else
            retry(poll, flight);
        break;
    case EXCHANGE_RETRY: retry(poll, flight); break;
    case EXCHANGE_REFUSED:
    case EXCHANGE_UNKNOWN:
        if (flight->kind == POLL_CANDLES || flight->kind == POLL_FILL)
            refused_series(poll, flight);
        else
            refused(poll, flight, is_of_symbols(verdict, flight, &result->answer));
        break;
    case EXCHANGE_SLOW:
    case EXCHANGE_BANNED:
        obey(poll, verdict, flight, result);
        poll_plan_again(poll, flight, 0);
        break;
    }
    if (poll->chooses)
        poll_choose(poll);
}
