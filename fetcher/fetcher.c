/* The fetcher process: its parts, and the stages of its start.
 *
 * It waits for the lease, asks the exchange for its clock and its markets, takes from the store what that knows, has
 * the beginnings of new series stored, and then follows the market. A lease that runs out only pauses it. */
/* SPDX-License-Identifier: MIT */
#include "fetcher/fetcher.h"

#include "fetcher/archive.h"
#include "fetcher/control.h"
#include "fetcher/hydrate.h"
#include "fetcher/lease.h"
#include "fetcher/poll.h"
#include "fetcher/publish.h"
#include "fetcher/streams.h"
#include "fetcher/universe.h"
#include "lib/base/clock.h"
#include "lib/base/log.h"
#include "lib/runtime/metrics.h"
#include "lib/strategy/strategy.h"

#include <stdio.h>
#include <string.h>

enum {
    TICK_MS = 50,
    REPORT_MS = 1000,
    INSTRUMENTS_MS = 60000,
    STARTS_PAUSE_MS = 1000,
    STOP_MS = 1000, /* how long a stop waits for the store's acks */
    REPORT_ROWS_MAX = 300,
};

enum stage {
    STAGE_ASKING_MARKET, /* for the exchange's clock and markets */
    STAGE_HYDRATING,     /* the rings, from the store */
    STAGE_ASKING_STARTS, /* since when series fire, from the store */
    STAGE_PROPOSING,     /* beginnings of new series, to the store; then it is asked for them again */
    STAGE_FOLLOWING,
};

struct fetcher {
    struct service_context *context;
    enum stage stage;
    bool held;     /* we are the fetcher */
    bool stopping; /* the lease was given back; what the store has not acked is still on its way */
    uint32_t ring_size;
    uint32_t intervals[MARKET_INTERVALS_MAX];
    size_t interval_count;
    int64_t proposed_ms, reported_ms, instruments_ms; /* monotonic, of the last time */
    struct market market;
    struct universe universe;
    struct publish publish;
    struct archive archive;
    struct revisions revisions;
    struct poll poll;
    struct streams streams;
    struct hydrate hydrate;
    struct lease_state lease;
    struct control control;
    struct process_state states[REPORT_ROWS_MAX];
};

/* ---- stages ---- */

static int open_market(struct fetcher *fetcher, size_t count)
{
    int code = market_open(&fetcher->market, fetcher->universe.offered, count, fetcher->intervals,
                           fetcher->interval_count, fetcher->ring_size);
    if (code == 0)
        code = archive_prepare(&fetcher->archive);
    if (code == 0)
        code = poll_prepare(&fetcher->poll);
    metric_set(METRIC_symbols, (double)fetcher->market.instrument_count);
    metric_set(METRIC_series, (double)fetcher->market.series_count);
    return code;
}

/* The list of markets was read: the first one makes the market, later ones keep it up to date. */
static int on_instruments(void *user)
{
    struct fetcher *fetcher = user;
    if (fetcher->stage != STAGE_ASKING_MARKET) {
        if (universe_update(&fetcher->universe, &fetcher->market) > 0) {
            publish_instruments(&fetcher->publish, poll_exchange_ms(&fetcher->poll));
            streams_follow(&fetcher->streams);
        }
        return 0;
    }
    size_t count = universe_choose(&fetcher->universe);
    if (count == 0)
        return error_set(ERROR_MISSING, "no market is paid in %s", fetcher->context->config->market_quote_asset);
    int code = open_market(fetcher, count);
    if (code != 0)
        return code;
    fetcher->stage = STAGE_HYDRATING;
    hydrate_begin(&fetcher->hydrate, QUERY_KIND_RECENT_CANDLES, fetcher->ring_size, clock_monotonic_ms());
    return 0;
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
    log_info("following", log_int("symbols", (int64_t)fetcher->market.instrument_count),
             log_int("series", (int64_t)fetcher->market.series_count),
             log_int("candles_from_store", (int64_t)fetcher->hydrate.candles));
    publish_instruments(&fetcher->publish, poll_exchange_ms(&fetcher->poll));
    poll_follow(&fetcher->poll);
    streams_follow(&fetcher->streams);
}

/* Goes on where an answer was waited for. */
static void advance(struct fetcher *fetcher, int64_t now_ms)
{
    if (!fetcher->held)
        return;
    switch (fetcher->stage) {
    case STAGE_HYDRATING:
        if (hydrate_is_done(&fetcher->hydrate))
            ask_starts(fetcher, now_ms);
        break;
    case STAGE_ASKING_STARTS:
        if (!hydrate_is_done(&fetcher->hydrate) || !fetcher->poll.clock.known)
            break;
        if (unconfirmed_starts(fetcher) == 0)
            follow(fetcher);
        else
            propose_starts(fetcher, now_ms);
        break;
    case STAGE_PROPOSING:
        if (fetcher->archive.starts_waiting == 0)
            ask_starts(fetcher, now_ms);
        break;
    case STAGE_ASKING_MARKET:
    case STAGE_FOLLOWING: break;
    }
}

/* ---- lease ---- */

static void set_held(struct fetcher *fetcher, bool held)
{
    if (held != fetcher->held)
        log_info(held ? "lease_taken" : "lease_lost", log_int("generation", (int64_t)fetcher->lease.generation));
    fetcher->held = held;
    publish_set_on(&fetcher->publish, held);
    poll_set_on(&fetcher->poll, held);
    streams_set_on(&fetcher->streams, held);
    metric_set(METRIC_lease_held, held);
}

/* While nobody answers, the shards stay with who has them: the generation is still ours, and if another one gets it,
 * its epochs are newer. Only when another one has it are they given up. */
static void follow_lease(struct fetcher *fetcher, int64_t now_ms)
{
    bool held = lease_is_held(&fetcher->lease, now_ms);
    if (held != fetcher->held)
        set_held(fetcher, held);
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

/* ---- reports ---- */

static void tell_status(struct fetcher *fetcher)
{
    char detail[TEXT_SIZE];
    size_t series = fetcher->market.series_count, ready = market_ready_count(&fetcher->market);
    enum process_status status = PROCESS_STATUS_STARTING;
    if (!fetcher->held) {
        status = fetcher->lease.refused ? PROCESS_STATUS_STANDBY
                 : fetcher->lease.generation != 0 ? PROCESS_STATUS_DEGRADED : PROCESS_STATUS_STARTING;
        (void)snprintf(detail, sizeof detail, "%s",
                       fetcher->lease.refused ? "another fetcher holds the lease" : "waiting for the persister");
    } else if (fetcher->stage == STAGE_ASKING_MARKET) {
        (void)snprintf(detail, sizeof detail, "waiting for the exchange");
    } else if (ready < series) {
        (void)snprintf(detail, sizeof detail, "%zu of %zu series are up to date", ready, series);
    } else {
        status = fetcher->poll.failures >= POLL_TROUBLE ? PROCESS_STATUS_DEGRADED : PROCESS_STATUS_READY;
        int length = snprintf(detail, sizeof detail, "%zu symbols, %zu series", fetcher->market.instrument_count, series);
        if (fetcher->streams.stream != NULL)
            length += snprintf(detail + length, sizeof detail - (size_t)length, "; streams %zu of %zu",
                               fetcher->streams.alive_series, series);
        if (status != PROCESS_STATUS_READY)
            (void)snprintf(detail + length, sizeof detail - (size_t)length, "; the exchange does not answer");
    }
    service_set_status(fetcher->context, status, detail);
}

static void report(struct fetcher *fetcher)
{
    metric_set(METRIC_series_waiting,
               fetcher->stage == STAGE_FOLLOWING ? (double)poll_waiting(&fetcher->poll) : 0);
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
    (void)accepted; /* what the store refuses for ever was logged */
    if (tag == ARCHIVE_TAG_REVISIONS)
        revisions_on_ack(&fetcher->revisions);
}

static int open_parts(struct fetcher *fetcher)
{
    struct service_context *context = fetcher->context;
    fetcher->archive.on_stored = on_stored;
    fetcher->archive.on_direct = on_direct;
    fetcher->archive.user = fetcher;
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
    fetcher->poll.universe = &fetcher->universe;
    fetcher->poll.on_instruments = on_instruments;
    fetcher->poll.user = fetcher;
    fetcher->poll.streams = &fetcher->streams;
    code = poll_open(&fetcher->poll);
    if (code != 0)
        return code;
    fetcher->archive.reason = fetcher->poll.exchange->leaves_out_quiet ? ABSENCE_REASON_NO_TRADES
                                                                       : ABSENCE_REASON_EXCHANGE_LACKS;
    return streams_open(&fetcher->streams, &fetcher->poll);
}

static int fetcher_open(struct service_context *context, void *state)
{
    struct fetcher *fetcher = state;
    fetcher->context = context;
    int code = strategies_check(context->config);
    if (code == 0)
        code = universe_intervals(context->config, fetcher->intervals, &fetcher->interval_count);
    if (code != 0)
        return code;
    fetcher->ring_size = strategies_ring_size(context->config);
    market_init(&fetcher->market, context->config->exchange_name);
    hydrate_init(&fetcher->hydrate, context, &fetcher->market);
    lease_init(&fetcher->lease, context, clock_monotonic_ms());
    return open_parts(fetcher);
}

static int on_lease_reply(struct fetcher *fetcher, const uint8_t *bytes, size_t size)
{
    int64_t now_ms = clock_monotonic_ms();
    if (fetcher->stopping)
        return 0;
    int code = lease_on_reply(&fetcher->lease, bytes, size, now_ms);
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
    end_stop(fetcher);
    return code;
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
        code = hydrate_on_answer(&fetcher->hydrate, bytes, size, clock_monotonic_ms());
    else
        return error_set(ERROR_PROTOCOL, "%s on the link %s", records[record].name, links[link].name);
    advance(fetcher, clock_monotonic_ms());
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
    control_on_tick(&fetcher->control, now_ms);
    streams_on_tick(&fetcher->streams, now_ms);
    advance(fetcher, now_ms);
    tell_status(fetcher);
    if (now_ms - fetcher->instruments_ms >= INSTRUMENTS_MS) {
        fetcher->instruments_ms = now_ms;
        publish_instruments(&fetcher->publish, poll_exchange_ms(&fetcher->poll));
    }
    if (now_ms - fetcher->reported_ms >= REPORT_MS) {
        fetcher->reported_ms = now_ms;
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
    set_held(fetcher, false);
    lease_give_back(&fetcher->lease);
    fetcher->stopping = true;
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
