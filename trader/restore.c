/* The start: the lease, then the ledger, the known signals and the day from the store, then the market.
 * Every question can be asked again from the beginning: what came of its answer before is thrown away. */
/* SPDX-License-Identifier: MIT */
#include "trader/state.h"

#include "lib/base/log.h"
#include "trader/mode_file.h"

#include <string.h>

static void ask(struct trader *trader, struct service_context *context, int64_t now_ms)
{
    struct desk *desk = &trader->desk;
    const struct account_key *account = &desk->ledger.key;
    struct query query = {.id = ++trader->restore.query, .symbol = "-", .mode = account->mode};
    memcpy(query.exchange, account->exchange, NAME_SIZE);
    memcpy(query.quote_asset, account->quote_asset, NAME_SIZE);
    switch (trader->phase) {
    case PHASE_LEDGER:
        ledger_clear(&desk->ledger, desk->options.start_cash);
        trader->restore.found = false;
        query.kind = QUERY_KIND_LEDGER;
        query.limit = MARKETS_MAX;
        break;
    case PHASE_SIGNALS:
        known_set_clear(&desk->known);
        query.kind = QUERY_KIND_SIGNALS;
        query.limit = DESK_SIGNALS_KNOWN;
        break;
    case PHASE_DAY:
        trader->restore.day_found = false;
        query.kind = QUERY_KIND_EQUITY;
        query.from_ms = desk->account_ms - desk->account_ms % DAY_MS;
        query.limit = 2;
        break;
    default:
        return;
    }
    trader->restore.parts = 0;
    trader->restore.ask_ms = now_ms + RESTORE_SILENCE_MS;
    int code = service_send(context, LINK_HISTORY, NULL, RECORD_query, &query);
    if (code != 0)
        trader->restore.ask_ms = now_ms + RESTORE_RETRY_MS; /* the persister is not there yet */
}

void restore_begin(struct trader *trader, struct service_context *context, int64_t now_ms)
{
    struct desk *desk = &trader->desk;
    if (mode_file_load(context->config->process_data_dir, &desk->mode) != 0) {
        log_error("mode_unreadable", log_text("reason", error_message()), log_text("mode", "halted"));
        desk->mode = TRADING_MODE_HALTED;
    }
    log_info("lease_gained", log_int("generation", (int64_t)trader->tenure.generation),
             log_text("mode", trading_mode_name(desk->mode)));
    trader->broadcast.curve_ms = now_ms;
    trader->phase = PHASE_LEDGER;
    ask(trader, context, now_ms);
}

void restore_tick(struct trader *trader, struct service_context *context, int64_t now_ms)
{
    if (now_ms >= trader->restore.ask_ms)
        ask(trader, context, now_ms);
}

static int take_ledger(struct trader *trader, struct answer *answer)
{
    struct ledger *ledger = &trader->desk.ledger;
    struct account account;
    struct position position;
    struct order order;
    int code = 0;
    while (code == 0 && list_next(&answer->accounts, RECORD_account, &account)) {
        code = ledger_restore_account(ledger, &account);
        trader->desk.account_ms = account.time_ms;
        trader->restore.found = true;
    }
    while (code == 0 && list_next(&answer->positions, RECORD_position, &position))
        code = ledger_restore_position(ledger, &position);
    while (code == 0 && list_next(&answer->orders, RECORD_order, &order))
        code = ledger_restore_order(ledger, &order);
    if (code == 0 && answer->last)
        code = ledger_verify(ledger);
    return code;
}

static int take_rows(struct trader *trader, struct answer *answer)
{
    struct signal_outcome outcome;
    struct account account;
    switch (trader->phase) {
    case PHASE_LEDGER:
        return take_ledger(trader, answer);
    case PHASE_SIGNALS:
        while (list_next(&answer->outcomes, RECORD_signal_outcome, &outcome))
            (void)known_set_add(&trader->desk.known, outcome_key(&outcome));
        return 0;
    default:
        /* The first row of the day is its start. Whether that day is over the exchange's clock will tell. */
        if (!trader->restore.day_found && list_next(&answer->accounts, RECORD_account, &account)) {
            trader->restore.day_found = true;
            trader->desk.ledger.day_start_ms = account.time_ms - account.time_ms % DAY_MS;
            trader->desk.ledger.day_start_equity = (struct amount){account.equity};
        }
        return 0;
    }
}

static void log_restored(const struct trader *trader)
{
    const struct ledger *ledger = &trader->desk.ledger;
    char cash[DECIMAL_TEXT_SIZE], equity[DECIMAL_TEXT_SIZE];
    amount_print(ledger->totals.cash, cash);
    amount_print(ledger_equity(ledger), equity);
    log_info("ledger_restored", log_text("exchange", ledger->key.exchange),
             log_text("quote_asset", ledger->key.quote_asset), log_text("mode", account_mode_name(ledger->key.mode)),
             log_bool("fresh", !trader->restore.found), log_text("cash", cash),
             log_text("equity", equity), log_int("positions", ledger->open_count),
             log_int("orders", ledger->order_count));
}

static void next_phase(struct trader *trader, struct service_context *context)
{
    trader->phase = trader->phase == PHASE_LEDGER    ? PHASE_SIGNALS
                    : trader->phase == PHASE_SIGNALS && trader->restore.found ? PHASE_DAY
                                                                              : PHASE_MARKET;
    if (trader->phase != PHASE_MARKET) {
        ask(trader, context, loop_now_ms(context->loop));
        return;
    }
    trader->restore.ask_ms = INT64_MAX;
    log_restored(trader);
    restore_check_market(trader, context);
}

/* This answer is of no more use: it is asked again after a pause. */
static void delay(struct trader *trader, const char *reason, int64_t now_ms)
{
    log_warn("restore_delayed", log_text("reason", reason));
    trader->restore.query++;
    trader->restore.ask_ms = now_ms + RESTORE_RETRY_MS;
}

void restore_answer(struct trader *trader, struct service_context *context, struct answer *answer)
{
    int64_t now_ms = loop_now_ms(context->loop);
    bool asked = trader->phase == PHASE_LEDGER || trader->phase == PHASE_SIGNALS || trader->phase == PHASE_DAY;
    if (!asked || answer->id != trader->restore.query)
        return; /* of a question that was asked again since */
    if (answer->error[0] != '\0') {
        delay(trader, answer->error, now_ms);
        return;
    }
    if (answer->part != trader->restore.parts) {
        delay(trader, "a part of the answer was lost", now_ms);
        return;
    }
    trader->restore.parts++;
    trader->restore.ask_ms = now_ms + RESTORE_SILENCE_MS;
    if (take_rows(trader, answer) != 0)
        trader_break(trader, "ledger_unsound");
    else if (answer->last)
        next_phase(trader, context);
}

void restore_check_market(struct trader *trader, struct service_context *context)
{
    struct desk *desk = &trader->desk;
    if (trader->phase != PHASE_MARKET || desk->markets.listed == 0 || desk->markets.quoted == 0)
        return;
    trader->phase = PHASE_LIVE;
    if (ledger_turn_day(&desk->ledger, desk->exchange_ms))
        trader->broadcast.curve_ms = CURVE_DUE;
    if (!trader->restore.found) { /* the curve begins with the cash */
        struct change first = {.counted = true, .account = desk_account(desk)};
        trader_record(trader, context, &first, NULL);
        trader->broadcast.curve_ms = loop_now_ms(context->loop);
    }
    trader->broadcast.due = true;
    log_info("live", log_text("broker", desk->broker->name), log_int("markets", desk->markets.listed));
}
