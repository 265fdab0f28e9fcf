/* What the desk is fed with, but for signals. */
/* SPDX-License-Identifier: MIT */
#include "trader/desk.h"

#include <string.h>

int desk_options_read(const struct config *config, struct desk_options *out)
{
    struct desk_options read = {
        .start_cash = {config->trader_start_cash},
        .stake = {config->trader_stake},
        .terms = {.fee_ppm = config->trader_fee_ppm, .slippage_ppm = config->trader_slippage_ppm},
        .limits = {
            .open_positions = config->limits_open_positions,
            .stake = {config->limits_stake},
            .signal_age = config->limits_signal_age,
            .price_age = config->limits_price_age,
            .tick_ms = config->market_tick_ms,
        },
    };
    int64_t fastest_ms = DESK_POLL_MIN_MS * config->exchange_speed;
    if (read.limits.tick_ms < fastest_ms)
        read.limits.tick_ms = fastest_ms;
    int code = text_copy(read.exchange, sizeof read.exchange, config->exchange_name,
                         strlen(config->exchange_name));
    if (code == 0)
        code = text_copy(read.quote_asset, sizeof read.quote_asset, config->market_quote_asset,
                         strlen(config->market_quote_asset));
    if (code == 0)
        *out = read;
    return code;
}

int desk_init(struct desk *desk, const struct desk_options *chosen, const struct broker *broker)
{
    *desk = (struct desk){.options = *chosen, .broker = broker, .mode = TRADING_MODE_ACTIVE};
    struct account_key key = {.mode = broker->live ? ACCOUNT_MODE_LIVE : ACCOUNT_MODE_PAPER};
    memcpy(key.exchange, chosen->exchange, sizeof key.exchange);
    memcpy(key.quote_asset, chosen->quote_asset, sizeof key.quote_asset);
    int code = markets_init(&desk->markets);
    if (code == 0)
        code = ledger_init(&desk->ledger, &key, chosen->start_cash);
    if (code == 0)
        code = known_set_init(&desk->known, DESK_SIGNALS_KNOWN);
    if (code != 0)
        desk_release(desk);
    return code;
}

void desk_release(struct desk *desk)
{
    markets_release(&desk->markets);
    ledger_release(&desk->ledger);
    known_set_release(&desk->known);
}

static void mark(struct desk *desk, const struct ticker *ticker)
{
    if (ticker->bid == 0)
        return;
    int code = ledger_mark(&desk->ledger, ticker->symbol, (struct decimal){ticker->bid, ticker->price_scale});
    (void)code; /* a value that does not fit: the old mark stays */
}

void desk_take_tickers(struct desk *desk, struct tickers *tickers, uint32_t *refused, bool *day_turned)
{
    struct ticker ticker;
    *refused = 0;
    while (list_next(&tickers->rows, RECORD_ticker, &ticker)) {
        if (markets_take_ticker(&desk->markets, &ticker) == 0)
            mark(desk, &ticker);
        else
            (*refused)++;
    }
    if (tickers->exchange_ms > desk->exchange_ms)
        desk->exchange_ms = tickers->exchange_ms;
    if (desk->first_exchange_ms == 0)
        desk->first_exchange_ms = desk->exchange_ms;
    *day_turned = ledger_turn_day(&desk->ledger, desk->exchange_ms);
}

void desk_take_instruments(struct desk *desk, struct instruments *instruments, uint32_t *refused)
{
    struct instrument instrument;
    *refused = 0;
    if (strcmp(instruments->exchange, desk->options.exchange) != 0) {
        *refused = instruments->rows.count;
        return;
    }
    while (list_next(&instruments->rows, RECORD_instrument, &instrument))
        *refused += markets_take_instrument(&desk->markets, &instrument) != 0;
}

struct account desk_account(struct desk *desk)
{
    desk->account_ms = desk->exchange_ms > desk->account_ms ? desk->exchange_ms : desk->account_ms + 1;
    return ledger_account(&desk->ledger, desk->account_ms);
}
