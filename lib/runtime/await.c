/* Peers that owe something and are silent. */
/* SPDX-License-Identifier: MIT */
#include "lib/base/log.h"
#include "lib/runtime/metrics.h"
#include "lib/runtime/service.h"

void service_await(struct service_context *context, enum link link, int64_t since_ms, int64_t limit_ms)
{
    int64_t now_ms = loop_now_ms(context->loop), heard_ms = context->heard_ms[link];
    if (now_ms - (heard_ms > since_ms ? heard_ms : since_ms) < limit_ms)
        return;
    context->heard_ms[link] = now_ms; /* the new connection has its time too */
    metric_add(METRIC_reconnects_total, 1);
    log_debug("reconnect", log_text("link", links[link].name), log_int("silent_ms", limit_ms));
    if (service_reconnect(context, link) < 0)
        log_warn("reconnect_failed", log_text("link", links[link].name), log_text("reason", error_message()));
}

int64_t service_poll_silence_ms(const struct service_context *context)
{
    enum { POLLS = 3 };
    int64_t polls_ms = POLLS * context->config->market_tick_ms;
    return polls_ms > LINK_SILENCE_MS ? polls_ms : LINK_SILENCE_MS;
}
