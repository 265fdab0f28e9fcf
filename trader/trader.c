/* The trader as a service: hands messages to the part that they are for, and keeps the lease. */
/* SPDX-License-Identifier: MIT */
#include "trader/trader.h"

#include "lib/base/log.h"
#include "lib/runtime/metrics.h"
#include "trader/state.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { TICK_MS = 50, STOP_MS = 2000 };

bool trader_may_act(const struct trader *trader, int64_t now_ms)
{
    return trader->phase == PHASE_LIVE && !trader->stopping && tenure_is_valid(&trader->tenure, now_ms);
}

void trader_fail(const char *event)
{
    log_error(event, log_text("reason", error_message()));
    _exit(EXIT_FAILURE);
}

void trader_break(struct trader *trader, const char *event)
{
    log_error(event, log_text("reason", error_message()));
    (void)snprintf(trader->broken, sizeof trader->broken, "%s", error_message());
    trader->phase = PHASE_BROKEN;
}

static void log_fill(const struct change *change)
{
    const struct fill *fill = &change->fill;
    char price[DECIMAL_TEXT_SIZE], quantity[DECIMAL_TEXT_SIZE];
    decimal_print((struct decimal){fill->price, fill->price_scale}, price);
    decimal_print((struct decimal){fill->quantity, fill->quantity_scale}, quantity);
    log_info("fill", log_text("strategy", fill->strategy), log_text("symbol", fill->symbol),
             log_text("side", side_name(fill->side)), log_text("price", price), log_text("quantity", quantity),
             log_text("order", fill->order_id));
}

void trader_record(struct trader *trader, struct service_context *context, const struct change *change,
                   const struct origin *origin)
{
    static const enum metric by_outcome[outcome_COUNT] = {
        [OUTCOME_FILLED] = METRIC_signals_filled_total,
        [OUTCOME_EXPIRED] = METRIC_signals_expired_total,
        [OUTCOME_REFUSED] = METRIC_signals_refused_total,
        [OUTCOME_OTHER] = METRIC_signals_refused_total, /* none is decided here */
    };
    if (archive_put(&trader->archive, context, trader->tenure.generation, change, origin) != 0)
        trader_fail("change_not_storable"); /* memory is ahead of the store: start again from there */
    portfolio_publish_event(trader, context, change);
    if (change->decided) {
        metric_add(METRIC_signals_total, 1);
        metric_add(by_outcome[change->outcome.outcome], 1);
    }
    if (change->traded)
        log_fill(change);
}

/* ---- messages ---- */

static int take_signal(struct trader *trader, struct service_context *context, const struct peer *peer,
                       const uint8_t *bytes, size_t size)
{
    struct signal signal;
    struct change change;
    int code = message_decode(RECORD_signal, bytes, size, &signal);
    if (code != 0)
        return code;
    struct origin origin = {*peer, signal.sequence};
    if (!trader_may_act(trader, loop_now_ms(context->loop)) ||
        archive_note_repetition(&trader->archive, signal_key(&signal), &origin) || archive_is_full(&trader->archive))
        return 0; /* not acked: it comes again */
    switch (desk_take_signal(&trader->desk, &signal, &change)) {
    case DESK_DECIDED:
        trader_record(trader, context, &change, &origin);
        return 0;
    case DESK_DUPLICATE:
        metric_add(METRIC_signals_duplicate_total, 1);
        answer(context, LINK_SIGNALS, &origin, VERDICT_DUPLICATE);
        return 0;
    case DESK_FENCED:
        metric_add(METRIC_signals_fenced_total, 1);
        answer(context, LINK_SIGNALS, &origin, VERDICT_FENCED);
        return 0;
    case DESK_INVALID:
        answer(context, LINK_SIGNALS, &origin, VERDICT_INVALID);
        return ERROR_PROTOCOL; /* the runtime counts and logs it */
    case DESK_LATER:
        return 0;
    }
    return 0;
}

static int take_tickers(struct trader *trader, struct service_context *context, const uint8_t *bytes, size_t size)
{
    struct tickers tickers;
    uint32_t refused;
    bool day_turned;
    int code = message_decode(RECORD_tickers, bytes, size, &tickers);
    if (code != 0)
        return code;
    metric_add(METRIC_tickers_total, tickers.rows.count);
    desk_take_tickers(&trader->desk, &tickers, &refused, &day_turned);
    trader->broadcast.due = true;
    if (day_turned)
        trader->broadcast.curve_ms = CURVE_DUE;
    restore_check_market(trader, context);
    flatten_step(trader, context);
    return refused == 0 ? 0 : ERROR_PROTOCOL;
}

static int take_instruments(struct trader *trader, struct service_context *context, const uint8_t *bytes, size_t size)
{
    struct instruments instruments;
    uint32_t refused;
    int code = message_decode(RECORD_instruments, bytes, size, &instruments);
    if (code != 0)
        return code;
    desk_take_instruments(&trader->desk, &instruments, &refused);
    restore_check_market(trader, context);
    return refused == 0 ? 0 : ERROR_PROTOCOL;
}

static int take_lease_reply(struct trader *trader, struct service_context *context, const uint8_t *bytes, size_t size)
{
    struct lease_reply reply;
    int code = message_decode(RECORD_lease_reply, bytes, size, &reply);
    if (code != 0)
        return code;
    if (strcmp(reply.name, "trader") != 0)
        return error_set(ERROR_PROTOCOL, "a lease of '%s'", reply.name);
    if (trader->stopping)
        return 0;
    trader->refused = !reply.granted;
    switch (tenure_apply(&trader->tenure, &reply)) {
    case TENURE_GAINED:
        restore_begin(trader, context, loop_now_ms(context->loop));
        return 0;
    case TENURE_LOST:
        (void)error_set(ERROR_DENIED, "another trader holds the lease or has held it");
        trader_fail("lease_lost");
    case TENURE_UNCHANGED:
        return 0;
    }
    return 0;
}

static int take_store_ack(struct trader *trader, struct service_context *context, const uint8_t *bytes, size_t size)
{
    struct ack ack;
    int code = message_decode(RECORD_ack, bytes, size, &ack);
    if (code != 0)
        return code;
    if (ack.verdict == VERDICT_OTHER)
        return 0; /* it is sent again */
    if (ack.verdict == VERDICT_FENCED) {
        (void)error_set(ERROR_DENIED, "another trader holds the lease");
        trader_fail("fenced");
    }
    if (ack.verdict == VERDICT_INVALID) {
        (void)error_set(ERROR_STORE, "the store will not take a change of the ledger");
        trader_break(trader, "change_refused");
        return 0;
    }
    if (archive_acked(&trader->archive, context, trader->tenure.generation, ack.sequence) != 0)
        trader_fail("change_not_storable");
    flatten_step(trader, context);
    return 0;
}

static int take_answer(struct trader *trader, struct service_context *context, const uint8_t *bytes, size_t size)
{
    struct answer part;
    int code = message_decode(RECORD_answer, bytes, size, &part);
    if (code == 0)
        restore_answer(trader, context, &part);
    return code;
}

static int take_command(struct trader *trader, struct service_context *context, const struct peer *peer,
                        const uint8_t *bytes, size_t size)
{
    struct command command;
    int code = message_decode(RECORD_command, bytes, size, &command);
    if (code != 0 || !trader_may_act(trader, loop_now_ms(context->loop)))
        return code;
    struct origin origin = {*peer, command.sequence};
    return command_take(trader, context, &origin, command.action);
}

static int take_portfolio_request(struct trader *trader, struct service_context *context, const struct peer *peer,
                                  const uint8_t *bytes, size_t size)
{
    struct portfolio_request request;
    int code = message_decode(RECORD_portfolio_request, bytes, size, &request);
    if (code == 0)
        portfolio_send(trader, context, peer);
    return code;
}

static int on_message(struct service_context *context, void *state, enum link link, const struct peer *peer,
                      enum record record, const uint8_t *bytes, size_t size)
{
    struct trader *trader = state;
    if (link == LINK_SIGNALS && record == RECORD_signal)
        return take_signal(trader, context, peer, bytes, size);
    if (link == LINK_MARKET && record == RECORD_tickers)
        return take_tickers(trader, context, bytes, size);
    if (link == LINK_MARKET && record == RECORD_instruments)
        return take_instruments(trader, context, bytes, size);
    if (link == LINK_STORE && record == RECORD_ack)
        return take_store_ack(trader, context, bytes, size);
    if (link == LINK_STORE && record == RECORD_lease_reply)
        return take_lease_reply(trader, context, bytes, size);
    if (link == LINK_HISTORY && record == RECORD_answer)
        return take_answer(trader, context, bytes, size);
    if (link == LINK_COMMAND && record == RECORD_command)
        return take_command(trader, context, peer, bytes, size);
    if (link == LINK_COMMAND && record == RECORD_portfolio_request)
        return take_portfolio_request(trader, context, peer, bytes, size);
    return error_set(ERROR_PROTOCOL, "%s does not belong on link %s", records[record].name, links[link].name);
}

/* ---- time ---- */

static void ask_for_lease(struct trader *trader, struct service_context *context, int64_t now_ms, bool release)
{
    trader->lease_asked_ms = now_ms;
    lease_ask(context, "trader", now_ms, release);
}

static void draw_curve(struct trader *trader, struct service_context *context, int64_t now_ms)
{
    bool due = trader->broadcast.curve_ms == CURVE_DUE || now_ms - trader->broadcast.curve_ms >= CURVE_PERIOD_MS;
    if (!due || !trader_may_act(trader, now_ms))
        return;
    trader->broadcast.curve_ms = now_ms;
    struct change point = {.counted = true, .account = desk_account(&trader->desk)};
    trader_record(trader, context, &point, NULL);
}

/* The lease is given back only when nothing of ours can still be written; otherwise it runs out by itself. */
static void finish_if_done(struct trader *trader, struct service_context *context, int64_t now_ms)
{
    if (!archive_is_empty(&trader->archive))
        return;
    if (trader->tenure.held)
        ask_for_lease(trader, context, now_ms, true);
    trader->tenure.held = false;
    loop_stop(context->loop);
}

static void on_tick(struct service_context *context, void *state, int64_t now_ms)
{
    struct trader *trader = state;
    archive_tick(&trader->archive, context, now_ms);
    if (trader->stopping) {
        finish_if_done(trader, context, now_ms);
        return;
    }
    if (now_ms - trader->lease_asked_ms >= lease_pause_ms(trader->tenure.held))
        ask_for_lease(trader, context, now_ms, false);
    if (trader->phase == PHASE_MARKET || trader->phase == PHASE_LIVE)
        service_await(context, LINK_MARKET, trader->market_ms, service_poll_silence_ms(context));
    else
        trader->market_ms = now_ms;
    restore_tick(trader, context, now_ms);
    flatten_step(trader, context);
    draw_curve(trader, context, now_ms);
    portfolio_publish_if_due(trader, context, now_ms);
    status_update(trader, context, now_ms);
    status_report(trader, context, now_ms);
}

static void on_subscribe(struct service_context *context, void *state, enum link link, const uint8_t *topic,
                         size_t size)
{
    struct trader *trader = state;
    (void)context, (void)link, (void)topic, (void)size;
    trader->broadcast.due = true;
}

/* ---- life ---- */

static int open_trader(struct service_context *context, void *state)
{
    struct trader *trader = state;
    struct desk_options chosen;
    int code = desk_options_read(context->config, &chosen);
    if (code == 0)
        code = desk_init(&trader->desk, &chosen, &paper_broker);
    if (code != 0)
        return code;
    archive_init(&trader->archive);
    trader->restore.ask_ms = INT64_MAX;
    trader->phase = PHASE_LEASE;
    service_subscribe(context, LINK_MARKET, TOPIC_INSTRUMENTS, SHARDS);
    service_subscribe(context, LINK_MARKET, TOPIC_TICKERS, SHARDS);
    ask_for_lease(trader, context, loop_now_ms(context->loop), false);
    status_update(trader, context, loop_now_ms(context->loop));
    return 0;
}

static void on_stop(struct service_context *context, void *state)
{
    struct trader *trader = state;
    trader->stopping = true;
    context->stop_ms = STOP_MS;
    finish_if_done(trader, context, loop_now_ms(context->loop));
}

static void close_trader(struct service_context *context, void *state)
{
    struct trader *trader = state;
    (void)context;
    if (!archive_is_empty(&trader->archive))
        log_warn("changes_not_stored", log_int("deliveries", archive_depth(&trader->archive)));
    archive_release(&trader->archive);
    desk_release(&trader->desk);
}

const struct service trader_service = {
    .role = ROLE_TRADER,
    .state_size = sizeof(struct trader),
    .tick_ms = TICK_MS,
    .open = open_trader,
    .on_message = on_message,
    .on_tick = on_tick,
    .on_subscribe = on_subscribe,
    .on_stop = on_stop,
    .close = close_trader,
};
