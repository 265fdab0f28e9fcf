/* An outbox for signals; an entry's tag is its shard. */
/* SPDX-License-Identifier: MIT */
#include "analyzer/signals.h"

#include "lib/base/log.h"
#include "lib/runtime/metrics.h"

#include <assert.h>

void signals_init(struct signals *signals, struct service_context *context)
{
    signals->context = context;
    signals->stalled = false;
    outbox_init(&signals->outbox, LINK_SIGNALS, OUTBOX_ENTRIES_MAX);
}

void signals_release(struct signals *signals)
{
    outbox_release(&signals->outbox);
}

bool signals_have_room(struct signals *signals, uint32_t count)
{
    const struct outbox *outbox = &signals->outbox;
    if (outbox->used + count > outbox->window)
        signals->stalled = true;
    else if (outbox->used <= outbox->window / 2)
        signals->stalled = false;
    return !signals->stalled;
}

void signals_take(struct signals *signals, const struct signal *signal)
{
    struct signal numbered = *signal;
    assert(!outbox_is_full(&signals->outbox));
    numbered.sequence = outbox_next(&signals->outbox);
    int code = outbox_push(&signals->outbox, signals->context, RECORD_signal, &numbered, signal->shard);
    if (code < 0) {
        log_error("signal_not_sent", log_text("symbol", signal->symbol), log_text("reason", error_message()));
        return;
    }
    metric_add(METRIC_signals_sent_total, 1);
    log_debug("signal", log_text("strategy", signal->strategy), log_text("symbol", signal->symbol),
              log_text("side", side_name(signal->side)), log_int("candle_ms", signal->candle_time_ms));
}

bool signals_on_ack(struct signals *signals, const struct ack *ack, uint16_t *shard)
{
    uint64_t tag;
    if (ack->verdict == VERDICT_OTHER || !outbox_ack(&signals->outbox, ack->sequence, &tag))
        return false; /* what no answer says anything about is sent again */
    if (ack->verdict == VERDICT_INVALID)
        log_error("signal_refused", log_int("sequence", (int64_t)ack->sequence), log_int("shard", (int64_t)tag));
    *shard = (uint16_t)tag;
    return ack->verdict == VERDICT_FENCED;
}

void signals_tick(struct signals *signals, int64_t now_ms)
{
    outbox_tick(&signals->outbox, signals->context, now_ms);
    metric_set(METRIC_signals_waiting, signals->outbox.used);
}
