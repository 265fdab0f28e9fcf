/* The fetcher process: its parts, and the stages of its start.
 *
 * It waits for the lease, asks the exchange for its clock and its markets, and the store in which of them something is
 * open, chooses, takes from the store what that has of the chosen, has the beginnings of new series stored, and then
 * follows the market. When markets are looked at anew, those that came go the same way again while the others are
 * followed. A lease that runs out only pauses it. */
/* SPDX-License-Identifier: MIT */
#include "fetcher/fetcher.h"

#include "fetcher/archive.h"
#include "fetcher/control.h"
#include "fetcher/hydrate.h"
#include "fetcher/lease.h"
#include "fetcher/poll.h"
#include "fetcher/publish.h"
#include "fetcher/refresh.h"
#include "fetcher/status.h"
#include "fetcher/streams.h"
#include "fetcher/universe.h"
#include "lib/base/clock.h"
#include "lib/base/log.h"
#include "lib/exchange/exchange_config.h"
#include "lib/runtime/metrics.h"
#include "lib/strategy/strategy.h"

#include <string.h>

enum {
    TICK_MS = 50,
    REPORT_MS = 1000,
    INSTRUMENTS_MS = 60000,
    STARTS_PAUSE_MS = 1000,
    COVERAGE_FIRST_ID = 1000000000, /* so that its answers cannot be taken for those of the others */
    STOP_MS = 1000, /* how long a stop waits for the store's acks */
    REPORT_ROWS_MAX = 300,
};

enum stage {
    STAGE_ASKING_MARKET, /* for the exchange's clock and markets */
    STAGE_ASKING_HELD,   /* in which of those that are chosen something is open, from the store */
    STAGE_HYDRATING,     /* the rings of those that came, from the store */
    STAGE_ASKING_STARTS, /* since when series fire, from the store */
    STAGE_PROPOSING,     /* beginnings of new series, to the store; then it is asked for them again */
    STAGE_FOLLOWING,
    STAGE_ASKING_LEFT,   /* following: whether something is open in those that are leaving */
};

/* What was logged of the lease last. */
enum lease_word { LEASE_AWAY, LEASE_HELD, LEASE_ALONE };

struct fetcher {
    struct service_context *context;
    enum stage stage;
    bool held;     /* we act as the fetcher */
    enum lease_word lease_word;
    bool stalled;  /* the store does not answer */
    bool chosen;   /* the universe has candidates to act on */
    bool complete; /* all series were up to date once */
    bool stopping; /* the lease was given back; what the store has not acked is still on its way */
    uint32_t ring_size;
    uint32_t intervals[MARKET_INTERVALS_MAX];
    size_t interval_count;
    int64_t proposed_ms, reported_ms, instruments_ms; /* monotonic, of the last time */
    struct market market;
    struct universe universe;
    struct refresh refresh;
    struct publish publish;
    struct archive archive;
    struct revisions revisions;
    struct filler fill;
    struct poll poll;
    struct streams streams;
    struct hydrate hydrate, coverage;
    uint64_t covered_id; /* series up to this id were asked for with the newest question for coverage */
    struct lease_state lease;
    struct control control;
    struct process_state states[REPORT_ROWS_MAX];
};

/* ---- stages ---- */

static void tell_size(const struct fetcher *fetcher)
{
    metric_set(METRIC_symbols, (double)fetcher->market.instrument_count);
    metric_set(METRIC_series, (double)fetcher->market.series_count);
}

static void ask_held(struct fetcher *fetcher, enum stage stage, int64_t now_ms)
{
    fetcher->stage = stage;
    fetcher->refresh.arrived = 0;
    universe_hold_none(&fetcher->universe);
    hydrate_begin(&fetcher->hydrate, QUERY_KIND_LEDGER, MARKET_SYMBOLS_MAX, now_ms);
}

static void on_held(void *user, const char *symbol)
{
    struct fetcher *fetcher = user;
    if (fetcher->stage == STAGE_ASKING_HELD)
        universe_hold(&fetcher->universe, symbol);
    else
        (void)refresh_hold(&fetcher->refresh, symbol);
}

static int open_market(struct fetcher *fetcher)
{
    if (fetcher->market.slots != NULL)
        return 0;
    int code = market_open(&fetcher->market, NULL, 0, fetcher->intervals, fetcher->interval_count, fetcher->ring_size);
    return code != 0 ? code : archive_prepare(&fetcher->archive);
}

/* The size of the market has changed. */
static int resize(struct fetcher *fetcher)
{
    tell_size(fetcher);
    int code = poll_prepare(&fetcher->poll);
    if (fetcher->poll.following)
        streams_follow(&fetcher->streams);
    return code;
}

/* Those that came, or stay after all, begin with what the store has of them. */
static void go_on_with_arrived(struct fetcher *fetcher, int64_t now_ms)
{
    fetcher->stage = STAGE_FOLLOWING;
    if (fetcher->refresh.arrived > 0) {
        fetcher->stage = STAGE_HYDRATING;
        hydrate_begin(&fetcher->hydrate, QUERY_KIND_RECENT_CANDLES, fetcher->ring_size, now_ms);
    } else {
        fetcher->universe.changing = fetcher->chosen;
    }
}

/* What is held is known too: the market becomes what was chosen. */
static int change_market(struct fetcher *fetcher, int64_t now_ms)
{
    bool first = fetcher->market.slots == NULL;
    int code = open_market(fetcher);
    if (code != 0)
        return code;
    fetcher->chosen = false;
    (void)universe_choose(&fetcher->universe, poll_exchange_ms(&fetcher->poll));
    size_t changed = refresh_apply(&fetcher->refresh, first, now_ms);
    if (changed > 0)
        code = resize(fetcher);
    if (code == 0)
        poll_resume(&fetcher->poll);
    if (changed > 0 && !first)
        publish_instruments(&fetcher->publish, poll_exchange_ms(&fetcher->poll));
    go_on_with_arrived(fetcher, now_ms);
    return code;
}

static size_t unconfirmed_starts(const struct fetcher *fetcher)
{
    size_t count = 0;
    for (const struct series *series = NULL; (series = market_next(&fetcher->market, series)) != NULL;)
        count += series->fire_from_ms < 0;
    return count;
}

static void ask_starts(struct fetcher *fetcher, int64_t now_ms)
{
    fetcher->stage = STAGE_ASKING_STARTS;
    hydrate_begin(&fetcher->hydrate, QUERY_KIND_SERIES_STARTS, MARKET_SERIES_MAX, now_ms);
}

/* A beginning holds once the store says so; what we propose may not be its first word. */
static void propose_starts(struct fetcher *fetcher, int64_t now_ms)
{
    if (fetcher->proposed_ms != 0 && now_ms - fetcher->proposed_ms < STARTS_PAUSE_MS)
        return;
    fetcher->stage = STAGE_PROPOSING;
    fetcher->proposed_ms = now_ms;
    if (archive_propose_starts(&fetcher->archive, poll_exchange_ms(&fetcher->poll)) != 0)
        log_warn("starts_not_sent", log_text("error", error_message()));
}

static void follow(struct fetcher *fetcher)
{
    fetcher->stage = STAGE_FOLLOWING;
    fetcher->universe.changing = false;
    log_info("following", log_int("symbols", (int64_t)fetcher->market.instrument_count),
             log_int("series", (int64_t)fetcher->market.series_count),
             log_int("candles_from_store", (int64_t)fetcher->hydrate.candles));
    publish_instruments(&fetcher->publish, poll_exchange_ms(&fetcher->poll));
    poll_follow(&fetcher->poll);
    streams_follow(&fetcher->streams);
}

static void ask_whats_next(struct fetcher *fetcher, int64_t now_ms)
{
    if (fetcher->stage != STAGE_ASKING_MARKET && fetcher->stage != STAGE_FOLLOWING)
        return;
    if (fetcher->chosen && fetcher->poll.clock.known)
        ask_held(fetcher, STAGE_ASKING_HELD, now_ms);
    else if (refresh_must_ask(&fetcher->refresh, now_ms))
        ask_held(fetcher, STAGE_ASKING_LEFT, now_ms);
}

/* What is not answered to its end is asked for again by the part that asks. */
static int answered(struct fetcher *fetcher, int64_t now_ms)
{
    switch (fetcher->stage) {
    case STAGE_ASKING_HELD: return change_market(fetcher, now_ms);
    case STAGE_HYDRATING: ask_starts(fetcher, now_ms); break;
    case STAGE_ASKING_STARTS:
        if (!fetcher->poll.clock.known)
            break;
        if (unconfirmed_starts(fetcher) == 0)
            follow(fetcher);
        else
            propose_starts(fetcher, now_ms);
        break;
    case STAGE_ASKING_LEFT:
        refresh_heard(&fetcher->refresh);
        go_on_with_arrived(fetcher, now_ms);
        break;
    case STAGE_ASKING_MARKET:
    case STAGE_PROPOSING:
    case STAGE_FOLLOWING: break;
    }
    return 0;
}

/* Goes on where an answer was waited for. Memory that is missing is a reason to begin anew. */
static void advance(struct fetcher *fetcher, int64_t now_ms)
{
    if (!fetcher->held)
        return;
    ask_whats_next(fetcher, now_ms);
    if (fetcher->stage == STAGE_PROPOSING && fetcher->archive.starts_waiting == 0)
        ask_starts(fetcher, now_ms);
    int code = hydrate_is_done(&fetcher->hydrate) ? answered(fetcher, now_ms) : 0;
    if (code != 0)
        service_fail(fetcher->context, error_context(code, "the market cannot be changed"));
}

/* The candidates were chosen. They are acted on when the stage allows it. */
static int on_chosen(void *user, size_t count)
{
    struct fetcher *fetcher = user;
    if (count == 0)
        return error_set(ERROR_MISSING, "no market keeps to the rules of the section 'market'");
    fetcher->chosen = true;
    if (fetcher->held)
        ask_whats_next(fetcher, clock_monotonic_ms());
    return 0;
}

/* Those that have left go when the store has all of them. */
static void release_left(struct fetcher *fetcher)
{
    int code = refresh_release(&fetcher->refresh) > 0 ? resize(fetcher) : 0;
    if (code != 0)
        service_fail(fetcher->context, error_context(code, "the market cannot be changed"));
}

/* ---- lease ---- */

static void set_held(struct fetcher *fetcher, bool held)
{
    fetcher->held = held;
    publish_set_on(&fetcher->publish, held);
    poll_set_on(&fetcher->poll, held);
}

/* What may be done, and what was said of it last: to act without an answer is not to hold the lease. */
static void tell_lease(struct fetcher *fetcher, bool held, int64_t now_ms)
{
    static const char *const events[] = {
        [LEASE_AWAY] = "lease_lost", [LEASE_HELD] = "lease_taken", [LEASE_ALONE] = "acting_without_lease"};
    bool has = lease_is_held(&fetcher->lease, now_ms);
    enum lease_word word = !held ? LEASE_AWAY : has ? LEASE_HELD : LEASE_ALONE;
    if (word != fetcher->lease_word)
        log_info(events[word], log_int("generation", (int64_t)fetcher->lease.generation));
    fetcher->lease_word = word;
    metric_set(METRIC_lease_held, has);
}

/* Streams stay connected while only nobody answers: to hear is allowed, and to connect anew would cost seconds.
 *
 * While nobody answers, the shards stay with who has them: the generation is still ours, and if another one gets it,
 * its epochs are newer. Only when another one has it are they given up. */
static void follow_lease(struct fetcher *fetcher, int64_t now_ms)
{
    bool held = !fetcher->stopping && lease_may_act(&fetcher->lease, now_ms);
    if (held != fetcher->held)
        set_held(fetcher, held);
    tell_lease(fetcher, held, now_ms);
    streams_set_on(&fetcher->streams, held || (!fetcher->stopping && lease_may_return(&fetcher->lease)), held);
    if (held) {
        market_set_generation(&fetcher->market, fetcher->lease.generation);
        control_set_generation(&fetcher->control, fetcher->lease.generation);
    } else if (fetcher->lease.refused) {
        control_set_generation(&fetcher->control, 0);
    }
}

static void keep_lease(struct fetcher *fetcher, int64_t now_ms)
{
    if (fetcher->stopping)
        return;
    lease_on_tick(&fetcher->lease, now_ms);
    follow_lease(fetcher, now_ms);
}

/* A stop ends when the store has everything. */
static void end_stop(struct fetcher *fetcher)
{
    if (fetcher->stopping && archive_is_empty(&fetcher->archive))
        loop_stop(fetcher->context->loop);
}

/* ---- the store ---- */

/* While the store does not answer, the rings of the series that are followed go on without it. */
static void follow_store(struct fetcher *fetcher, int64_t now_ms)
{
    bool stalled = archive_is_stalled(&fetcher->archive, now_ms);
    if (stalled != fetcher->stalled)
        log_warn(stalled ? "store_is_away" : "store_is_back",
                 log_int("dropped", (int64_t)metric_value(METRIC_candles_dropped_total)));
    if (!stalled && !fetcher->stalled)
        return;
    fetcher->stalled = stalled;
    for (struct series *series = NULL; (series = market_next(&fetcher->market, series)) != NULL;) {
        series->may_drop = stalled && series->ready;
        if (series->may_drop)
            poll_on_stored(&fetcher->poll, series);
    }
}

/* Asks how far back the store has the series, when new ones have come, and what is to be fetched for it. */
static void fill_store(struct fetcher *fetcher, int64_t now_ms)
{
    if (!fetcher->poll.following || !fetcher->held)
        return;
    if (fetcher->coverage.state == HYDRATE_DONE)
        for (struct series *series = NULL; (series = market_next(&fetcher->market, series)) != NULL;)
            series->covered = series->covered || series->id <= fetcher->covered_id;
    if (fetcher->coverage.state != HYDRATE_ASKING && fetcher->covered_id < fetcher->market.last_id) {
        fetcher->covered_id = fetcher->market.last_id;
        hydrate_begin(&fetcher->coverage, QUERY_KIND_COVERAGE, MARKET_SERIES_MAX, now_ms);
    }
    fill_look(&fetcher->fill, poll_exchange_ms(&fetcher->poll));
    poll_fill(&fetcher->poll);
}

/* ---- reports ---- */

static void tell_status(struct fetcher *fetcher)
{
    char detail[TEXT_SIZE];
    const struct status_parts parts = {
        .lease = &fetcher->lease, .poll = &fetcher->poll, .held = fetcher->held, .stalled = fetcher->stalled};
    enum process_status status = status_describe(&parts, &fetcher->complete, detail);
    service_set_status(fetcher->context, status, detail);
}

static void report(struct fetcher *fetcher)
{
    metric_set(METRIC_series_stuck, (double)stuck_count(&fetcher->poll.stuck));
    metric_set(METRIC_series_waiting,
               fetcher->poll.following ? (double)poll_waiting(&fetcher->poll) : 0);
    fetcher->states[0] = service_state(fetcher->context);
    fetcher->states[0].work = fetcher->publish.candles_published;
    fetcher->states[0].shards = shards_assigned_count(&fetcher->control.shards);
    size_t count = 1 + control_states(&fetcher->control, fetcher->states + 1, REPORT_ROWS_MAX - 1);
    struct process_report message = {.rows = list_of(fetcher->states, count)};
    int code = service_send(fetcher->context, LINK_STORE, NULL, RECORD_process_report, &message);
    (void)code; /* nobody there: the next second tells more */
}

/* ---- the service ---- */

static void on_stored(void *user, struct series *series)
{
    struct fetcher *fetcher = user;
    poll_on_stored(&fetcher->poll, series);
}

static void on_direct(void *user, uint64_t tag, bool accepted)
{
    struct fetcher *fetcher = user;
    if (tag == ARCHIVE_TAG_REVISIONS) {
        revisions_on_ack(&fetcher->revisions);
    } else {
        fill_on_ack(&fetcher->fill, tag, accepted);
        poll_fill(&fetcher->poll);
    }
}

static int open_parts(struct fetcher *fetcher)
{
    struct service_context *context = fetcher->context;
    fetcher->archive.on_stored = on_stored;
    fetcher->archive.on_direct = on_direct;
    fetcher->archive.user = fetcher;
    fetcher->archive.clock = &fetcher->poll.clock;
    revisions_init(&fetcher->revisions, &fetcher->archive);
    int code = universe_init(&fetcher->universe, context->config);
    if (code == 0)
        code = publish_open(&fetcher->publish, context, &fetcher->market);
    if (code == 0)
        code = archive_open(&fetcher->archive, context, &fetcher->market);
    if (code == 0)
        code = control_init(&fetcher->control, context, &fetcher->market);
    if (code != 0)
        return code;
    fetcher->poll.context = context;
    fetcher->poll.market = &fetcher->market;
    fetcher->poll.publish = &fetcher->publish;
    fetcher->poll.archive = &fetcher->archive;
    fetcher->poll.revisions = &fetcher->revisions;
    fetcher->poll.fill = &fetcher->fill;
    fetcher->poll.universe = &fetcher->universe;
    fetcher->poll.on_chosen = on_chosen;
    fetcher->poll.user = fetcher;
    fetcher->poll.streams = &fetcher->streams;
    code = poll_open(&fetcher->poll);
    if (code != 0)
        return code;
    fetcher->archive.reason = fetcher->poll.exchange->leaves_out_quiet ? ABSENCE_REASON_NO_TRADES
                                                                       : ABSENCE_REASON_EXCHANGE_LACKS;
    fill_init(&fetcher->fill, &fetcher->archive, fetcher->poll.exchange, context->config->market_depth_days,
              context->config->market_fill_cpu_percent);
    return streams_open(&fetcher->streams, &fetcher->poll);
}

static int fetcher_open(struct service_context *context, void *state)
{
    struct fetcher *fetcher = state;
    fetcher->context = context;
    const struct exchange *exchange;
    int code = exchange_find(context->config->exchange_name, &exchange);
    if (code == 0)
        code = exchange_intervals(context->config, exchange, fetcher->intervals, MARKET_INTERVALS_MAX,
                                  &fetcher->interval_count);
    if (code != 0)
        return code;
    fetcher->ring_size = strategies_ring_size(context->config);
    market_init(&fetcher->market, context->config->exchange_name);
    hydrate_init(&fetcher->hydrate, context, &fetcher->market, on_held, fetcher);
    hydrate_init(&fetcher->coverage, context, &fetcher->market, on_held, fetcher);
    fetcher->hydrate.clock = fetcher->coverage.clock = &fetcher->poll.clock;
    fetcher->coverage.id = COVERAGE_FIRST_ID;
    refresh_init(&fetcher->refresh, &fetcher->universe, &fetcher->market);
    lease_init(&fetcher->lease, context);
    return open_parts(fetcher);
}

static int on_lease_reply(struct fetcher *fetcher, const uint8_t *bytes, size_t size)
{
    int64_t now_ms = clock_monotonic_ms();
    if (fetcher->stopping)
        return 0;
    int code = lease_on_reply(&fetcher->lease, bytes, size);
    if (code == 0)
        follow_lease(fetcher, now_ms);
    return code;
}

static int on_store_message(struct fetcher *fetcher, enum record record, const uint8_t *bytes, size_t size)
{
    if (record == RECORD_lease_reply)
        return on_lease_reply(fetcher, bytes, size);
    if (record != RECORD_ack)
        return error_set(ERROR_PROTOCOL, "%s on the store link", records[record].name);
    int code = archive_on_ack(&fetcher->archive, bytes, size);
    if (code == 0)
        end_stop(fetcher);
    return code;
}

/* Of each answer, one of the two that ask knows the number. */
static int on_answer(struct fetcher *fetcher, const uint8_t *bytes, size_t size)
{
    int64_t now_ms = clock_monotonic_ms();
    int code = hydrate_on_answer(&fetcher->hydrate, bytes, size, now_ms);
    return code != 0 ? code : hydrate_on_answer(&fetcher->coverage, bytes, size, now_ms);
}

static int fetcher_on_message(struct service_context *context, void *state, enum link link, const struct peer *peer,
                              enum record record, const uint8_t *bytes, size_t size)
{
    (void)context;
    struct fetcher *fetcher = state;
    int code;
    if (link == LINK_CONTROL)
        return control_on_message(&fetcher->control, peer, record, bytes, size);
    if (link == LINK_STORE)
        code = on_store_message(fetcher, record, bytes, size);
    else if (link == LINK_HISTORY && record == RECORD_answer)
        code = on_answer(fetcher, bytes, size);
    else
        return error_set(ERROR_PROTOCOL, "%s on the link %s", records[record].name, links[link].name);
    if (code == 0)
        advance(fetcher, clock_monotonic_ms()); /* otherwise the next tick does: the runtime logs this error */
    return code;
}

static void fetcher_on_tick(struct service_context *context, void *state, int64_t now_ms)
{
    (void)context;
    struct fetcher *fetcher = state;
    keep_lease(fetcher, now_ms);
    archive_on_tick(&fetcher->archive, now_ms);
    revisions_on_tick(&fetcher->revisions, now_ms);
    hydrate_on_tick(&fetcher->hydrate, now_ms);
    hydrate_on_tick(&fetcher->coverage, now_ms);
    follow_store(fetcher, now_ms);
    control_on_tick(&fetcher->control, now_ms);
    streams_on_tick(&fetcher->streams, now_ms);
    advance(fetcher, now_ms);
    release_left(fetcher);
    tell_status(fetcher);
    if (now_ms - fetcher->instruments_ms >= INSTRUMENTS_MS) {
        fetcher->instruments_ms = now_ms;
        publish_instruments(&fetcher->publish, poll_exchange_ms(&fetcher->poll));
    }
    if (now_ms - fetcher->reported_ms >= REPORT_MS) {
        fetcher->reported_ms = now_ms;
        fill_store(fetcher, now_ms);
        report(fetcher);
    }
}

static void fetcher_on_subscribe(struct service_context *context, void *state, enum link link, const uint8_t *topic,
                                 size_t size)
{
    (void)context;
    struct fetcher *fetcher = state;
    if (link == LINK_MARKET && size > 0 && topic[0] == TOPIC_INSTRUMENTS)
        publish_instruments(&fetcher->publish, poll_exchange_ms(&fetcher->poll));
}

static void fetcher_on_stop(struct service_context *context, void *state)
{
    struct fetcher *fetcher = state;
    lease_give_back(&fetcher->lease);
    fetcher->stopping = true;
    follow_lease(fetcher, clock_monotonic_ms());
    archive_on_tick(&fetcher->archive, clock_monotonic_ms());
    context->stop_ms = archive_is_empty(&fetcher->archive) ? 0 : STOP_MS;
}

static void fetcher_close(struct service_context *context, void *state)
{
    (void)context;
    struct fetcher *fetcher = state;
    streams_close(&fetcher->streams);
    poll_close(&fetcher->poll);
    control_release(&fetcher->control);
    archive_release(&fetcher->archive);
    universe_release(&fetcher->universe);
    market_release(&fetcher->market);
}

const struct service fetcher_service = {
    .role = ROLE_FETCHER,
    .state_size = sizeof(struct fetcher),
    .tick_ms = TICK_MS,
    .open = fetcher_open,
    .on_message = fetcher_on_message,
    .on_tick = fetcher_on_tick,
    .on_subscribe = fetcher_on_subscribe,
    .on_stop = fetcher_on_stop,
    .close = fetcher_close,
};
