/* One function a limit, in the order of limits.def, and the loop that asks them. */
/* SPDX-License-Identifier: MIT */
#include "lib/ledger/limits.h"

#include <string.h>

const struct reason_row reasons[REASONS] = {
#define REASON(name, outcome, sentence) {#name, OUTCOME_##outcome, sentence},
#include "lib/ledger/reasons.def"
#undef REASON
};

static bool is_entry(const struct limits_view *view)
{
    return view->purpose == PURPOSE_ENTRY;
}

static bool is_held(const struct holding *holding)
{
    return holding != NULL && holding->quantity.mantissa > 0;
}

/* Whether later - earlier > count * unit, whatever the sizes. */
static bool is_older(int64_t later_ms, int64_t earlier_ms, int64_t count, int64_t unit_ms)
{
    return (__int128)later_ms - earlier_ms > (__int128)count * unit_ms;
}

static bool limit_stale_signal(const struct limits_view *view)
{
    int64_t interval_ms = (int64_t)view->interval_s * 1000;
    return is_older(view->exchange_ms, view->candle_time_ms, view->options->signal_age + 1, interval_ms);
}

static bool limit_halted(const struct limits_view *view)
{
    return view->mode == TRADING_MODE_HALTED;
}

static bool limit_paused(const struct limits_view *view)
{
    return view->mode == TRADING_MODE_PAUSED;
}

static bool limit_reduce_only(const struct limits_view *view)
{
    return view->mode == TRADING_MODE_REDUCE_ONLY;
}

static bool limit_unknown_market(const struct limits_view *view)
{
    return view->instrument == NULL;
}

static bool limit_market_halted(const struct limits_view *view)
{
    return !view->instrument->trading;
}

static bool limit_no_price(const struct limits_view *view)
{
    return view->ticker == NULL || (is_entry(view) ? view->ticker->ask : view->ticker->bid) <= 0;
}

static bool limit_stale_price(const struct limits_view *view)
{
    return is_older(view->exchange_ms, view->ticker->time_ms, view->options->price_age, view->options->tick_ms);
}

static bool limit_order_open(const struct limits_view *view)
{
    return view->order_open;
}

static bool limit_position_open(const struct limits_view *view)
{
    return is_held(view->holding);
}

static bool limit_no_position(const struct limits_view *view)
{
    return !is_held(view->holding);
}

static bool limit_other_strategy(const struct limits_view *view)
{
    return strcmp(view->holding->strategy, view->strategy) != 0;
}

static bool limit_limit_open_positions(const struct limits_view *view)
{
    return view->open_positions >= view->options->open_positions;
}

static bool limit_out_of_range(const struct limits_view *view)
{
    return !view->plan->fits;
}

static bool limit_limit_stake(const struct limits_view *view)
{
    return view->plan->notional.units > view->options->stake.units;
}

static bool limit_below_minimum(const struct limits_view *view)
{
    const struct instrument *instrument = view->instrument;
    __int128 quantity = (__int128)view->plan->quantity.lots * instrument->lot_step;
    return quantity == 0 || quantity < instrument->minimum_quantity ||
           view->plan->notional.units < instrument->minimum_notional;
}

static bool limit_insufficient_cash(const struct limits_view *view)
{
    return (__int128)view->plan->notional.units + view->plan->fee.units > view->cash.units;
}

#define ENTRY PURPOSE_ENTRY
#define EXIT PURPOSE_EXIT
#define FLATTEN PURPOSE_FLATTEN
const struct limit_row limits[] = {
#define LIMIT(name, applies, option, sentence) {REASON_##name, applies, limit_##name, option, sentence},
#include "lib/ledger/limits.def"
#undef LIMIT
};
#undef ENTRY
#undef EXIT
#undef FLATTEN

const size_t limit_count = sizeof limits / sizeof limits[0];

/* All that is held, in whole lots; what is less than a lot stays. */
static int plan_sale(const struct instrument *instrument, const struct holding *holding, struct plan *plan)
{
    struct decimal held = holding != NULL ? holding->quantity : (struct decimal){0};
    return quantity_from(instrument, held, ROUND_DOWN, &plan->quantity);
}

static void cap_quantity(const struct instrument *instrument, struct quantity *quantity)
{
    int64_t most = instrument->maximum_quantity / instrument->lot_step;
    if (instrument->maximum_quantity > 0 && quantity->lots > most)
        quantity->lots = most;
}

struct plan plan_make(const struct broker *broker, const struct broker_terms *terms,
                      const struct broker_market *market, enum purpose purpose, const struct holding *holding,
                      struct amount stake)
{
    struct plan plan = {0};
    const struct instrument *instrument = market->instrument;
    if (instrument == NULL || market->ticker == NULL)
        return plan;
    bool buying = purpose == PURPOSE_ENTRY;
    int code = broker->quote(terms, market, buying ? SIDE_BUY : SIDE_SELL, &plan.price);
    if (code == 0)
        code = buying ? quantity_for(instrument, plan.price, stake, terms->fee_ppm, &plan.quantity)
                      : plan_sale(instrument, holding, &plan);
    if (code != 0)
        return plan;
    cap_quantity(instrument, &plan.quantity);
    code = notional(instrument, plan.price, plan.quantity, buying ? ROUND_UP : ROUND_DOWN, &plan.notional);
    if (code == 0)
        code = amount_fee(plan.notional, terms->fee_ppm, &plan.fee);
    plan.fits = code == 0;
    return plan;
}

enum reason limits_check(const struct limits_view *view)
{
    for (size_t i = 0; i < limit_count; i++)
        if ((limits[i].applies & (unsigned)view->purpose) != 0 && limits[i].speaks(view))
            return limits[i].reason;
    return REASONS;
}
