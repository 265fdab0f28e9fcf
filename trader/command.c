/* Commands: what each does to the mode, and the sale of everything. */
/* SPDX-License-Identifier: MIT */
#include "trader/state.h"

#include "lib/base/log.h"
#include "trader/mode_file.h"

#include <assert.h>

/* The mode holds from now on, whether or not it could be written down; but who asked hears of a failure. */
static int set_mode(struct trader *trader, const struct service_context *context, enum trading_mode mode)
{
    log_info("mode", log_text("from", trading_mode_name(trader->desk.mode)), log_text("to", trading_mode_name(mode)));
    trader->desk.mode = mode;
    trader->broadcast.due = true;
    int code = mode_file_save(context->config->process_data_dir, mode);
    if (code != 0)
        log_error("mode_not_kept", log_text("reason", error_message()));
    return code;
}

static int begin_flattening(struct trader *trader, struct service_context *context, const struct origin *origin)
{
    struct flattening *flattening = &trader->flattening;
    /* What is paused or halted lets no entry through either, and stays so. */
    int code = trader->desk.mode == TRADING_MODE_ACTIVE
                   ? set_mode(trader, context, TRADING_MODE_REDUCE_ONLY) : 0;
    if (code != 0)
        return code;
    flattening->active = true;
    if (flattening->askers == FLATTEN_ASKERS_MAX)
        flattening->askers--; /* the last one gives way; it has waited least */
    flattening->asker[flattening->askers++] = *origin;
    flatten_step(trader, context);
    return 0;
}

int command_take(struct trader *trader, struct service_context *context, const struct origin *origin,
                 enum action action)
{
    static const enum trading_mode modes[action_COUNT] = {
        [ACTION_PAUSE] = TRADING_MODE_PAUSED,
        [ACTION_RESUME] = TRADING_MODE_ACTIVE,
        [ACTION_REDUCE_ONLY] = TRADING_MODE_REDUCE_ONLY,
        [ACTION_HALT] = TRADING_MODE_HALTED,
    };
    assert(action < action_COUNT);
    log_info("command", log_text("action", action_name(action)));
    if (action == ACTION_OTHER) {
        answer(context, LINK_COMMAND, origin, VERDICT_INVALID);
        return error_set(ERROR_PROTOCOL, "a command of a later version");
    }
    int code;
    if (action == ACTION_FLATTEN) {
        code = begin_flattening(trader, context, origin);
        if (code == 0)
            return 0; /* acked when nothing is left to sell */
    } else {
        trader->flattening = (struct flattening){0}; /* a new word replaces the old one */
        code = set_mode(trader, context, modes[action]);
    }
    answer(context, LINK_COMMAND, origin, code == 0 ? VERDICT_ACCEPTED : VERDICT_INVALID);
    return 0;
}

/* Sells what can be sold. Returns how many positions remain that may be sold later; dust never can. */
static uint32_t sell_all(struct trader *trader, struct service_context *context)
{
    const struct ledger *ledger = &trader->desk.ledger;
    uint32_t remaining = 0;
    struct change change;
    for (uint32_t row = 0; row < ledger->symbols.count; row++) {
        if (ledger->holdings[row].quantity.mantissa == 0)
            continue;
        if (archive_is_full(&trader->archive))
            return remaining + 1;
        enum reason reason = desk_flatten(&trader->desk, row, &change);
        if (reason == REASONS)
            trader_record(trader, context, &change, NULL);
        else
            remaining += reason != REASON_below_minimum;
    }
    return remaining;
}

void flatten_step(struct trader *trader, struct service_context *context)
{
    struct flattening *flattening = &trader->flattening;
    if (!flattening->active || !trader_may_act(trader, loop_now_ms(context->loop)))
        return;
    if (sell_all(trader, context) > 0 || !archive_is_empty(&trader->archive))
        return;
    log_info("flattened", log_int("positions", trader->desk.ledger.open_count));
    for (uint32_t i = 0; i < flattening->askers; i++)
        answer(context, LINK_COMMAND, &flattening->asker[i], VERDICT_ACCEPTED);
    *flattening = (struct flattening){0};
}
