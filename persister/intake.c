/* What the persister does with a message: it is put where it waits for the database. */
/* SPDX-License-Identifier: MIT */
#include "persister/state.h"

#include "lib/base/clock.h"
#include "lib/base/log.h"
#include "lib/runtime/metrics.h"

#include <string.h>

enum {
    GENERATION_MAX = INT32_MAX, /* higher ones do not fit a version */
    CLOCK_SLACK_MS = 60000,     /* by which a row may be ahead of the clock that came with it */
    REFUSED_LOG_MS = 600000,    /* rows that are dated wrongly are told no more often, with their count */
};

static bool is_waiting(const struct persister *persister, const struct peer *peer, uint64_t sequence)
{
    for (enum lane_kind kind = 0; kind < LANES; kind++)
        if (lane_has(&persister->lanes[kind], peer, sequence))
            return true;
    return false;
}

/* What a full batch does not take is sent again by its sender. */
static int taken(struct persister *persister, enum lane_kind kind, int code, size_t rows)
{
    if (code == ERROR_FULL) {
        metric_add(METRIC_messages_dropped_total, 1);
        return 0;
    }
    if (code == 0) {
        metric_add(METRIC_store_rows_total, (double)rows);
        struct lane_terms terms = persister_terms(persister);
        const struct lane *lane = &persister->lanes[kind];
        if (lane_is_due(lane, &terms, loop_now_ms(persister->context->loop)) || batch_waiting(lane->filling) == 1)
            persister_wake(persister);
    }
    return code;
}

/* Without a word on the exchange's clock, ours is the best there is. */
static int64_t newest_admitted_ms(const struct store_candles *message)
{
    return (message->exchange_ms > 0 ? message->exchange_ms : clock_wall_ms()) + CLOCK_SLACK_MS;
}

/* What is refused is as good as never sent: nobody sends it again, so it is told here. */
static void tell_refused(struct persister *persister, const char *exchange, const struct batch_door *door)
{
    int64_t now_ms = loop_now_ms(persister->context->loop);
    metric_add(METRIC_store_refused_total, (double)door->refused);
    persister->refused += door->refused;
    if (persister->refused == 0 || (persister->refused_ms != 0 && now_ms - persister->refused_ms < REFUSED_LOG_MS))
        return;
    log_warn("rows_dated_wrongly", log_int("rows", (int64_t)persister->refused), log_text("exchange", exchange),
             log_text("symbol", door->sample.symbol), log_int("interval_s", door->sample.interval_s),
             log_int("first_open_ms", door->sample.first_open_ms), log_int("last_open_ms", door->sample.last_open_ms),
             log_int("clock_ms", door->now_ms));
    persister->refused = 0;
    persister->refused_ms = now_ms;
}

static int on_candles(struct persister *persister, const struct peer *peer, const uint8_t *bytes, size_t size)
{
    struct store_candles message;
    int code = message_decode(RECORD_store_candles, bytes, size, &message);
    if (code < 0 || is_waiting(persister, peer, message.sequence))
        return code;
    struct batch_door door = {.now_ms = newest_admitted_ms(&message)};
    struct batch *batch = persister->lanes[LANE_CANDLES].filling;
    code = batch_take_candles(batch, peer, &message, &door, loop_now_ms(persister->context->loop));
    if (door.refused > 0)
        tell_refused(persister, message.exchange, &door);
    return taken(persister, LANE_CANDLES, code, message.rows.count + message.absences.count);
}

static int on_series(struct persister *persister, const struct peer *peer, const uint8_t *bytes, size_t size)
{
    struct store_series message;
    int code = message_decode(RECORD_store_series, bytes, size, &message);
    if (code < 0 || is_waiting(persister, peer, message.sequence))
        return code;
    struct batch *batch = persister->lanes[LANE_CANDLES].filling;
    code = batch_take_series(batch, peer, &message, loop_now_ms(persister->context->loop));
    return taken(persister, LANE_CANDLES, code, message.rows.count);
}

static int on_ledger(struct persister *persister, const struct peer *peer, const uint8_t *bytes, size_t size)
{
    struct store_ledger message;
    int code = message_decode(RECORD_store_ledger, bytes, size, &message);
    if (code < 0 || is_waiting(persister, peer, message.sequence))
        return code;
    if (message.generation > GENERATION_MAX || lease_desk_fences(&persister->desk, message.generation)) {
        persister_ack(persister, peer, message.sequence, VERDICT_FENCED);
        return 0;
    }
    struct batch *batch = persister->lanes[LANE_LEDGER].filling;
    code = batch_take_ledger(batch, peer, &message, loop_now_ms(persister->context->loop));
    persister->desk.ledger_taken += code == 0;
    return taken(persister, LANE_LEDGER, code, message.outcomes.count + message.orders.count + message.fills.count +
                                                   message.positions.count + message.accounts.count);
}

static int on_lease_request(struct persister *persister, const struct peer *peer, const uint8_t *bytes, size_t size)
{
    struct lease_request request;
    int code = message_decode(RECORD_lease_request, bytes, size, &request);
    if (code == 0)
        code = lease_desk_add(&persister->desk, peer, &request, loop_now_ms(persister->context->loop));
    persister_wake(persister);
    return code;
}

static int on_report(struct persister *persister, const struct peer *peer, const uint8_t *bytes, size_t size)
{
    struct process_report report;
    struct process_state row;
    (void)peer;
    int code = message_decode(RECORD_process_report, bytes, size, &report);
    if (code < 0)
        return code;
    while (list_next(&report.rows, RECORD_process_state, &row))
        board_put(&persister->board, &row, clock_wall_ms());
    return 0;
}

static void answer_processes(struct persister *persister, const struct peer *peer, uint64_t id)
{
    struct process_state *rows = persister->processes;
    rows[0] = service_state(persister->context);
    rows[0].work = (uint64_t)metric_value(METRIC_store_rows_total);
    size_t count = 1 + board_read(&persister->board, clock_wall_ms(), rows + 1);
    history_send_processes(&persister->history, peer, id, rows, count);
}

static int on_query(struct persister *persister, const struct peer *peer, const uint8_t *bytes, size_t size)
{
    struct query query;
    int code = message_decode(RECORD_query, bytes, size, &query);
    if (code < 0)
        return code;
    if (query.kind == QUERY_KIND_PROCESSES) {
        answer_processes(persister, peer, query.id);
        return 0;
    }
    if (query.kind == QUERY_KIND_EQUITY && query.quote_asset[0] == '\0') /* a curve is of one account */
        memcpy(query.quote_asset, persister->lanes[LANE_LEDGER].filling->quote_asset, sizeof query.quote_asset);
    history_add(&persister->history, peer, &query, loop_now_ms(persister->context->loop));
    persister_wake(persister);
    return 0;
}

/* Everything that is received, and by which link. */
static const struct handler {
    enum link link;
    enum record record;
    int (*handle)(struct persister *persister, const struct peer *peer, const uint8_t *bytes, size_t size);
} handlers[] = {
    {LINK_STORE, RECORD_store_candles, on_candles},
    {LINK_STORE, RECORD_store_series, on_series},
    {LINK_STORE, RECORD_store_ledger, on_ledger},
    {LINK_STORE, RECORD_lease_request, on_lease_request},
    {LINK_STORE, RECORD_process_report, on_report},
    {LINK_HISTORY, RECORD_query, on_query},
};

int persister_on_message(struct service_context *context, void *state, enum link link, const struct peer *peer,
                         enum record record, const uint8_t *bytes, size_t size)
{
    (void)context;
    for (size_t i = 0; i < sizeof handlers / sizeof handlers[0]; i++)
        if (handlers[i].link == link && handlers[i].record == record)
            return handlers[i].handle(state, peer, bytes, size);
    return error_set(ERROR_PROTOCOL, "a %s does not belong on this link", records[record].name);
}
