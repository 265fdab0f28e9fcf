/* The market follows the universe. */
/* SPDX-License-Identifier: MIT */
#include "fetcher/refresh.h"

#include "lib/base/log.h"
#include "lib/runtime/metrics.h"

#include <string.h>

void refresh_init(struct refresh *refresh, struct universe *universe, struct market *market)
{
    *refresh = (struct refresh){.universe = universe, .market = market};
}

static bool add(struct refresh *refresh, const struct candidate *candidate, bool first)
{
    const char *symbol = candidate->instrument.symbol;
    if (market_add(refresh->market, &candidate->instrument) != 0) {
        log_error("symbol_not_added", log_text("symbol", symbol), log_text("error", error_message()));
        return false;
    }
    refresh->arrived++;
    if (first)
        return true;
    metric_add(METRIC_symbols_added_total, 1);
    log_info("symbol_added", log_text("symbol", symbol), log_text("reason", universe_reason_name(candidate->reason)));
    return true;
}

static void leave(struct refresh *refresh, const struct candidate *candidate, int64_t now_ms)
{
    (void)market_leave(refresh->market, candidate->instrument.symbol);
    refresh->state = REFRESH_LEAVING;
    refresh->since_ms = now_ms;
    metric_add(METRIC_symbols_removed_total, 1);
    log_info("symbol_removed", log_text("symbol", candidate->instrument.symbol),
             log_text("reason", universe_reason_name(candidate->reason)));
}

/* Brings a followed instrument up to date. True if it changed. */
static bool update(struct refresh *refresh, const struct instrument *now)
{
    const struct instrument *known = market_instrument(refresh->market, now->symbol);
    if (known == NULL || memcmp(known, now, sizeof *now) == 0)
        return false;
    if (known->trading != now->trading)
        log_info("trading_changed", log_text("symbol", now->symbol), log_bool("trading", now->trading));
    market_set_instrument(refresh->market, now);
    return true;
}

static bool apply(struct refresh *refresh, const struct candidate *candidate, bool first, int64_t now_ms)
{
    if (candidate->chosen && !candidate->followed)
        return add(refresh, candidate, first);
    bool changed = update(refresh, &candidate->instrument);
    if (!candidate->followed || candidate->chosen)
        return changed;
    leave(refresh, candidate, now_ms);
    return true;
}

size_t refresh_apply(struct refresh *refresh, bool first, int64_t now_ms)
{
    size_t changed = 0, held = 0;
    refresh->arrived = 0;
    for (size_t i = 0; i < refresh->universe->count; i++) {
        const struct candidate *candidate = &refresh->universe->candidates[i];
        changed += apply(refresh, candidate, first, now_ms);
        held += candidate->chosen && candidate->reason == UNIVERSE_held;
    }
    metric_set(METRIC_symbols_held, (double)held);
    universe_settle(refresh->universe);
    return changed;
}

bool refresh_must_ask(const struct refresh *refresh, int64_t now_ms)
{
    return refresh->state == REFRESH_LEAVING && now_ms - refresh->since_ms >= REFRESH_SETTLE_MS;
}

bool refresh_hold(struct refresh *refresh, const char *symbol)
{
    if (!market_is_leaving(refresh->market, symbol))
        return false;
    struct instrument instrument = *market_instrument(refresh->market, symbol);
    struct candidate candidate = {.instrument = instrument, .reason = UNIVERSE_held};
    return add(refresh, &candidate, false);
}

void refresh_heard(struct refresh *refresh)
{
    refresh->state = refresh->market->instruments_leaving > 0 ? REFRESH_RELEASING : REFRESH_STEADY;
}

size_t refresh_release(struct refresh *refresh)
{
    if (refresh->state != REFRESH_RELEASING)
        return 0;
    size_t gone = market_release_left(refresh->market);
    if (refresh->market->instruments_leaving == 0)
        refresh->state = REFRESH_STEADY;
    return gone;
}
