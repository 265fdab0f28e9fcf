/* How the trader is, for /readyz, metrics, reports and people. */
/* SPDX-License-Identifier: MIT */
#include "trader/state.h"

#include "lib/runtime/metrics.h"

#include <math.h>
#include <stdio.h>

enum { REPORT_PERIOD_MS = 1000 };

static uint64_t signals_decided(const struct desk *desk)
{
    uint64_t sum = 0;
    for (int i = 0; i < outcome_COUNT; i++)
        sum += desk->outcomes[i];
    return sum;
}

/* The words for each phase but LIVE. */
static const char *phase_text(enum phase phase)
{
    switch (phase) {
    case PHASE_LEASE: return "waits for the lease";
    case PHASE_LEDGER: return "reads the ledger";
    case PHASE_SIGNALS: return "reads the signals that were decided";
    case PHASE_DAY: return "reads the day's equity";
    case PHASE_MARKET: return "waits for the market";
    default: return "";
    }
}

static enum process_status describe_live(const struct trader *trader, int64_t now_ms, char *out, size_t capacity)
{
    const struct desk *desk = &trader->desk;
    enum process_status status = PROCESS_STATUS_DEGRADED;
    const char *trouble = "";
    if (!tenure_is_valid(&trader->tenure, now_ms))
        trouble = "; the lease is not renewed";
    else if (archive_is_full(&trader->archive))
        trouble = "; the store is behind";
    else
        status = PROCESS_STATUS_READY;
    (void)snprintf(out, capacity, "%s, %u positions, %llu signals%s%s%s", desk->broker->name, desk->ledger.open_count,
                   (unsigned long long)signals_decided(desk), desk->mode == TRADING_MODE_ACTIVE ? "" : ", ",
                   desk->mode == TRADING_MODE_ACTIVE ? "" : trading_mode_name(desk->mode), trouble);
    return status;
}

static void set_metrics(const struct trader *trader, int64_t now_ms)
{
    const struct ledger *ledger = &trader->desk.ledger;
    struct decimal equity = {ledger_equity(ledger).units, AMOUNT_SCALE};
    bool restored = trader->phase == PHASE_LIVE;
    metric_set(METRIC_open_positions, restored ? (double)ledger->open_count : (double)NAN);
    metric_set(METRIC_equity, restored ? decimal_to_double(equity) : (double)NAN);
    metric_set(METRIC_ledger_waiting, archive_depth(&trader->archive));
    metric_set(METRIC_lease_held, tenure_is_valid(&trader->tenure, now_ms));
}

void status_update(struct trader *trader, struct service_context *context, int64_t now_ms)
{
    char detail[TEXT_SIZE];
    enum process_status status = PROCESS_STATUS_STARTING;
    if (trader->phase == PHASE_LIVE) {
        status = describe_live(trader, now_ms, detail, sizeof detail);
    } else if (trader->phase == PHASE_BROKEN) {
        status = PROCESS_STATUS_DEGRADED;
        (void)snprintf(detail, sizeof detail, "%s", trader->broken);
    } else {
        if (trader->phase == PHASE_LEASE)
            status = trader->refused ? PROCESS_STATUS_STANDBY : PROCESS_STATUS_STARTING;
        (void)snprintf(detail, sizeof detail, "%s", phase_text(trader->phase));
    }
    service_set_status(context, status, detail);
    set_metrics(trader, now_ms);
}

void status_report(struct trader *trader, struct service_context *context, int64_t now_ms)
{
    if (now_ms - trader->reported_ms < REPORT_PERIOD_MS)
        return;
    trader->reported_ms = now_ms;
    struct process_state state = service_state(context);
    state.work = signals_decided(&trader->desk);
    struct process_report report = {.rows = list_of(&state, 1)};
    int code = service_send(context, LINK_STORE, NULL, RECORD_process_report, &report);
    (void)code; /* the next one follows in a second */
}
