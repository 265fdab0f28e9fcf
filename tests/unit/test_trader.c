/* The trader on its stage: the lease, decisions, what others are told, commands. */
/* SPDX-License-Identifier: MIT */
#include "tests/unit/trader_stage.h"

#include "tests/harness.h"
#include "trader/mode_file.h"
#include "trader/trader.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- the lease ---- */

static void test_tenure(void)
{
    struct tenure tenure = {0};
    struct lease_reply reply = {.name = "trader", .sent_ms = 1000, .granted = false, .generation = 4};
    CU_ASSERT_EQUAL(tenure_apply(&tenure, &reply), TENURE_UNCHANGED);
    CU_ASSERT(!tenure_is_valid(&tenure, 1000));
    reply.granted = true;
    CU_ASSERT_EQUAL(tenure_apply(&tenure, &reply), TENURE_GAINED);
    CU_ASSERT_EQUAL(tenure.generation, 4);
    CU_ASSERT(tenure_is_valid(&tenure, 1000 + 2499)); /* 3000 from when it was sent, less 500 */
    CU_ASSERT(!tenure_is_valid(&tenure, 1000 + 2500));
    reply.sent_ms = 3000;
    CU_ASSERT_EQUAL(tenure_apply(&tenure, &reply), TENURE_UNCHANGED);
    CU_ASSERT(tenure_is_valid(&tenure, 5499));
    reply.sent_ms = 2000; /* a late answer shortens nothing */
    CU_ASSERT_EQUAL(tenure_apply(&tenure, &reply), TENURE_UNCHANGED);
    CU_ASSERT(tenure_is_valid(&tenure, 5499));
    reply.generation = 6; /* somebody else had it in between */
    CU_ASSERT_EQUAL(tenure_apply(&tenure, &reply), TENURE_LOST);
    CU_ASSERT(!tenure_is_valid(&tenure, 5000));
    CU_ASSERT_EQUAL(tenure_apply(&tenure, &reply), TENURE_GAINED);
    reply.granted = false;
    CU_ASSERT_EQUAL(tenure_apply(&tenure, &reply), TENURE_LOST);
}

static void test_standby_waits(void)
{
    stage_reset();
    stage.shelf.holder = 1;
    stage.shelf.generation = 7;
    stage.shelf.expires_ms = stage.now_ms + 10000;
    stage_start();
    stage_publish_instruments();
    stage_publish_tickers(stage.exchange_ms, 100);
    stage_run(5000);
    CU_ASSERT_EQUAL(stage.status, PROCESS_STATUS_STANDBY);
    struct signal signal = stage_signal("sma_cross", 0, SIDE_BUY, 0);
    stage_send_signal(1, &signal);
    stage_run(1000);
    CU_ASSERT_EQUAL(stage.deliveries + stage.ack_count + stage.portfolios, 0);
    stage_run(6000);
    CU_ASSERT_EQUAL(stage.status, PROCESS_STATUS_READY);
    CU_ASSERT_EQUAL(stage.trader->tenure.generation, 8);
}

static void test_nothing_is_decided_without_a_renewed_lease(void)
{
    stage_reset();
    stage_start_live();
    stage.mood.away = true;
    stage_run(3000);
    CU_ASSERT_EQUAL(stage.status, PROCESS_STATUS_DEGRADED);
    struct signal signal = stage_signal("sma_cross", 0, SIDE_BUY, 0);
    stage_send_signal(1, &signal);
    CU_ASSERT_EQUAL(stage.trader->desk.outcomes[OUTCOME_FILLED], 0);
    stage.mood.away = false;
    stage_run(1000);
    CU_ASSERT_EQUAL(stage.status, PROCESS_STATUS_READY); /* nobody else had it: it goes on */
    stage_send_signal(1, &signal);
    stage_run(100);
    CU_ASSERT_EQUAL(stage_verdict(signal.sequence), VERDICT_ACCEPTED);
}

/* Whether the process ends by itself with status 1 when it does this. */
static bool ends(void (*act)(void))
{
    int status = 0;
    (void)fflush(stdout);
    pid_t child = fork();
    CU_ASSERT_FATAL(child >= 0);
    if (child == 0) {
        act();
        _exit(0);
    }
    CU_ASSERT_EQUAL(waitpid(child, &status, 0), child);
    return WIFEXITED(status) && WEXITSTATUS(status) == 1;
}

static void lose_the_lease(void)
{
    stage.shelf.holder = 1;
    stage.shelf.generation++;
    stage.shelf.expires_ms = stage.now_ms + 100000;
    stage_run(2000);
}

static void write_with_an_old_lease(void)
{
    struct signal signal = stage_signal("sma_cross", 0, SIDE_BUY, 0);
    stage.shelf.generation++; /* known to the store before the trader asks again */
    stage_send_signal(1, &signal);
    stage_settle();
}

static void stay(void)
{
    stage_run(2000);
}

static void test_who_lost_the_lease_ends(void)
{
    stage_reset();
    stage_start_live();
    CU_ASSERT(!ends(stay));
    CU_ASSERT(ends(lose_the_lease));
    CU_ASSERT(ends(write_with_an_old_lease));
}

/* ---- deciding ---- */

static void test_a_signal_is_filled(void)
{
    stage_reset();
    stage_start_live();
    CU_ASSERT_EQUAL(stage.shelf.account_count, 1); /* a fresh store: the curve begins with the cash */
    CU_ASSERT_EQUAL(stage.shelf.accounts[0].equity, stage.config.trader_start_cash);
    CU_ASSERT_STRING_EQUAL(stage.detail, "paper, 0 positions, 0 signals");
    stage_forget();

    struct signal signal = stage_signal("sma_cross", 3, SIDE_BUY, 0);
    stage_send_signal(1, &signal);
    CU_ASSERT_EQUAL(stage.events, 1); /* told at once */
    CU_ASSERT_EQUAL(stage_verdict(signal.sequence), -1); /* acked only when it is durable */
    stage_settle();
    CU_ASSERT_EQUAL(stage_verdict(signal.sequence), VERDICT_ACCEPTED);
    CU_ASSERT_EQUAL(stage.deliveries, 1);
    CU_ASSERT_EQUAL(stage.rows_in_last, 5); /* outcome, order, fill, position, account in one piece */

    const struct signal_outcome *outcome = stage_outcome(&signal);
    CU_ASSERT_PTR_NOT_NULL_FATAL(outcome);
    CU_ASSERT_EQUAL(outcome->outcome, OUTCOME_FILLED);
    CU_ASSERT_STRING_EQUAL(outcome->reason, "filled");
    CU_ASSERT_EQUAL(outcome->decided_ms, stage.exchange_ms);
    const struct fill *fill = &stage.shelf.fills[0];
    CU_ASSERT_EQUAL(fill->price, 10013); /* 100.10 * 1.0002 = 100.12002, up */
    CU_ASSERT_EQUAL(fill->quantity, 9977);
    CU_ASSERT(fill->notional + fill->fee <= stage.config.trader_stake);
    CU_ASSERT_EQUAL(stage.shelf.orders[0].state, ORDER_STATE_FILLED);
    CU_ASSERT_EQUAL(stage.shelf.positions[0].cost, fill->notional);
    CU_ASSERT_EQUAL(stage.shelf.positions[0].mark, 10000);
    CU_ASSERT_EQUAL(stage.shelf.positions[0].unrealised, 9977000000 - fill->notional);
    CU_ASSERT_EQUAL(stage_faults(), 0);
    stage_run(50);
    CU_ASSERT_STRING_EQUAL(stage.detail, "paper, 1 positions, 1 signals");
}

static void test_every_signal_has_its_reason(void)
{
    stage_reset();
    stage.config.limits_open_positions = 2;
    stage_start_live();
    struct signal signal = stage_signal("sma_cross", 0, SIDE_BUY, 0);
    CU_ASSERT_STRING_EQUAL(stage_reason(&signal), "filled");
    signal = stage_signal("rsi_reversion", 0, SIDE_BUY, 0);
    CU_ASSERT_STRING_EQUAL(stage_reason(&signal), "position_open");
    signal = stage_signal("rsi_reversion", 0, SIDE_SELL, 1);
    CU_ASSERT_STRING_EQUAL(stage_reason(&signal), "other_strategy");
    signal = stage_signal("sma_cross", 1, SIDE_SELL, 0);
    CU_ASSERT_STRING_EQUAL(stage_reason(&signal), "no_position");
    signal = stage_signal("sma_cross", 1, SIDE_BUY, 1);
    CU_ASSERT_STRING_EQUAL(stage_reason(&signal), "filled");
    signal = stage_signal("sma_cross", 2, SIDE_BUY, 0);
    CU_ASSERT_STRING_EQUAL(stage_reason(&signal), "limit_open_positions");
    signal = stage_signal("sma_cross", 0, SIDE_SELL, 1);
    CU_ASSERT_STRING_EQUAL(stage_reason(&signal), "filled");
    CU_ASSERT_EQUAL(stage_faults(), 0);
    CU_ASSERT_EQUAL(stage.shelf.outcome_count, 7);
    CU_ASSERT_EQUAL(stage.shelf.fill_count, 3);
    CU_ASSERT(stage.shelf.fills[2].realised < 0); /* bought at the ask, sold at the bid */
    CU_ASSERT_EQUAL(stage.shelf.positions[0].quantity, 0);
}

static void test_stale_signals_expire(void)
{
    stage_reset();
    stage_start_live();
    struct signal edge = stage_signal("sma_cross", 0, SIDE_BUY, 2); /* closed two intervals ago, to the millisecond */
    struct signal old = stage_signal("sma_cross", 1, SIDE_BUY, 3);
    CU_ASSERT_STRING_EQUAL(stage_reason(&edge), "filled");
    CU_ASSERT_STRING_EQUAL(stage_reason(&old), "stale_signal");
    CU_ASSERT_EQUAL(stage_outcome(&old)->outcome, OUTCOME_EXPIRED);
    struct signal later = stage_signal("sma_cross", 2, SIDE_BUY, 2);
    stage_publish_tickers(stage.exchange_ms + 1, 100);
    CU_ASSERT_STRING_EQUAL(stage_reason(&later), "stale_signal");
}

static void test_stale_prices_in_fast_time(void)
{
    stage_reset();
    stage.config.exchange_speed = 600; /* a tick is 100 ms of ours: a minute of the exchange's */
    stage_start_live();
    CU_ASSERT_EQUAL(stage.trader->desk.options.limits.tick_ms, 60000);
    struct ticker row = {.symbol = "COIN9USDT", .bid = 1, .ask = 1, .last = 1, .time_ms = stage.exchange_ms};
    struct tickers message = {.exchange_ms = stage.exchange_ms + 5 * 60000, .rows = list_of(&row, 1)};
    struct signal in_time = stage_signal("sma_cross", 0, SIDE_BUY, 0);
    struct signal too_late = stage_signal("sma_cross", 1, SIDE_BUY, 0);
    CU_ASSERT_EQUAL(stage_tell(LINK_MARKET, 0, RECORD_tickers, &message), 0);
    CU_ASSERT_STRING_EQUAL(stage_reason(&in_time), "filled");
    message.exchange_ms++;
    CU_ASSERT_EQUAL(stage_tell(LINK_MARKET, 0, RECORD_tickers, &message), 0);
    CU_ASSERT_STRING_EQUAL(stage_reason(&too_late), "stale_price");
}

static void test_repeated_signals(void)
{
    stage_reset();
    stage_start_live();
    stage.mood.silent = true; /* what is written is not acked */
    struct signal signal = stage_signal("sma_cross", 0, SIDE_BUY, 0);
    stage_send_signal(1, &signal);
    struct signal again = signal;
    again.sequence += 1000;
    again.epoch++;
    stage_send_signal(2, &again); /* the shard has another analyzer now */
    stage_settle();
    CU_ASSERT_EQUAL(stage.ack_count, 0);
    stage.mood.silent = false;
    stage_run(1200); /* the delivery is sent again */
    CU_ASSERT_EQUAL(stage.ack_count, 1);
    CU_ASSERT_EQUAL(stage.ack_peers[0], 2); /* the one who asked last is answered */
    CU_ASSERT_EQUAL(stage_verdict(again.sequence), VERDICT_ACCEPTED);
    stage_send_signal(1, &signal);
    stage_settle();
    CU_ASSERT_EQUAL(stage_verdict(signal.sequence), VERDICT_DUPLICATE);
    CU_ASSERT_EQUAL(stage.shelf.fill_count, 1);
    CU_ASSERT_EQUAL(stage.shelf.outcome_count, 1);
}

static void test_fenced_and_invalid_signals(void)
{
    stage_reset();
    stage_start_live();
    struct signal first = stage_signal("sma_cross", 0, SIDE_BUY, 0);
    first.epoch += 5;
    CU_ASSERT_STRING_EQUAL(stage_reason(&first), "filled");
    struct signal older = stage_signal("sma_cross", 0, SIDE_SELL, 1);
    older.epoch += 4;
    CU_ASSERT_STRING_EQUAL(stage_reason(&older), "none");
    CU_ASSERT_EQUAL(stage_verdict(older.sequence), VERDICT_FENCED);
    older.epoch += 1; /* the holder sends it again */
    CU_ASSERT_STRING_EQUAL(stage_reason(&older), "filled");

    struct signal good = stage_signal("sma_cross", 1, SIDE_BUY, 0);
    struct signal bad[7];
    for (int i = 0; i < 7; i++)
        bad[i] = good;
    bad[0].shard = (uint16_t)((good.shard + 1) % SHARDS);
    bad[1].shard = UINT16_MAX;
    memcpy(bad[2].exchange, "kraken", 7);
    bad[3].interval_s = 7;
    bad[4].candle_time_ms += 1;
    bad[5].price = 0;
    bad[6].price_scale = 19;
    for (int i = 0; i < 7; i++) {
        bad[i].sequence = 9000 + (uint64_t)i;
        CU_ASSERT_EQUAL(stage_tell(LINK_SIGNALS, 1, RECORD_signal, &bad[i]), ERROR_PROTOCOL);
        stage_settle();
        CU_ASSERT_EQUAL(stage_verdict(bad[i].sequence), VERDICT_INVALID);
    }
    CU_ASSERT_EQUAL(stage.shelf.outcome_count, 2);
}

static void test_the_market_may_settle_first(void)
{
    stage_reset();
    stage_start();
    stage_run(100);
    struct signal early = stage_signal("sma_cross", 0, SIDE_BUY, 0);
    stage_send_signal(1, &early);
    stage_publish_instruments();
    stage_send_signal(1, &early); /* still no ticker */
    CU_ASSERT_EQUAL(stage.trader->phase, PHASE_MARKET);
    stage_publish_tickers(stage.exchange_ms, 100);
    CU_ASSERT_EQUAL(stage.trader->phase, PHASE_LIVE);
    struct signal stranger = stage_signal("sma_cross", 77, SIDE_BUY, 0);
    CU_ASSERT_STRING_EQUAL(stage_reason(&stranger), "none"); /* its instrument may be on its way */
    CU_ASSERT_EQUAL(stage_verdict(stranger.sequence), -1);
    CU_ASSERT_STRING_EQUAL(stage_reason(&early), "filled");
    stage_publish_tickers(stage.exchange_ms + 4000, 100); /* two ticks later it is not */
    CU_ASSERT_STRING_EQUAL(stage_reason(&stranger), "unknown_market");
}

static void test_what_cannot_be_true_is_refused(void)
{
    stage_reset();
    stage_start_live();
    struct instrument bad = {.symbol = "COIN0USDT", .base_asset = "COIN", .quote_asset = "USDT", .trading = true};
    struct instruments instruments = {.exchange = "binance", .rows = list_of(&bad, 1)};
    CU_ASSERT_EQUAL(stage_tell(LINK_MARKET, 0, RECORD_instruments, &instruments), ERROR_PROTOCOL);
    stage_publish_tickers(stage.exchange_ms + 10000, 100);
    struct signal signal = stage_signal("sma_cross", 0, SIDE_BUY, 0);
    CU_ASSERT_STRING_EQUAL(stage_reason(&signal), "unknown_market"); /* its tick size is 0 now */
    memcpy(instruments.exchange, "kraken", 7);
    CU_ASSERT_EQUAL(stage_tell(LINK_MARKET, 0, RECORD_instruments, &instruments), ERROR_PROTOCOL);

    struct ticker ticker = {.symbol = "COIN1USDT", .bid = -1, .ask = 1, .time_ms = stage.exchange_ms};
    struct tickers tickers = {.exchange_ms = stage.exchange_ms, .rows = list_of(&ticker, 1)};
    CU_ASSERT_EQUAL(stage_tell(LINK_MARKET, 0, RECORD_tickers, &tickers), ERROR_PROTOCOL);
    ticker = (struct ticker){.symbol = "COIN1USDT", .bid = 1, .ask = 1, .price_scale = 200, .time_ms = 1};
    CU_ASSERT_EQUAL(stage_tell(LINK_MARKET, 0, RECORD_tickers, &tickers), ERROR_PROTOCOL);
    struct signal other = stage_signal("sma_cross", 1, SIDE_BUY, 0);
    CU_ASSERT_STRING_EQUAL(stage_reason(&other), "filled"); /* at the last good ticker */
    struct ack ack = {.sequence = 1};
    CU_ASSERT_EQUAL(stage_tell(LINK_SIGNALS, 1, RECORD_ack, &ack), ERROR_PROTOCOL); /* not on this link */
}

/* ---- what others are told ---- */

static void test_portfolio_is_published(void)
{
    stage_reset();
    stage_start_live();
    stage_forget();
    for (int i = 0; i < 20; i++) { /* a second of restless tickers */
        stage_publish_tickers(stage.exchange_ms + 100, 100 + i);
        stage_run(50);
    }
    CU_ASSERT_EQUAL(stage.portfolios, 5);
    stage_forget();
    stage_run(1000);
    CU_ASSERT(stage.portfolios <= 1); /* nothing changed */
    struct signal signal = stage_signal("sma_cross", 0, SIDE_BUY, 0);
    uint64_t sequence = stage.trader->broadcast.sequence;
    CU_ASSERT_STRING_EQUAL(stage_reason(&signal), "filled");
    CU_ASSERT_EQUAL(stage.event.sequence, sequence + 1);
    CU_ASSERT_EQUAL(stage.event.epoch, stage.shelf.generation);
    CU_ASSERT(stage.event.outcomes.count == 1 && stage.event.orders.count == 1 && stage.event.fills.count == 1);
    stage_run(200);
    CU_ASSERT_EQUAL(stage.portfolio.positions.count, 1);
    CU_ASSERT_EQUAL(stage.portfolio.sequence, sequence + 2);
    CU_ASSERT_STRING_EQUAL(stage.portfolio.quote_asset, "USDT");
    CU_ASSERT(!stage.portfolio.live);
    CU_ASSERT_EQUAL(stage.portfolio.day_start_equity, stage.config.trader_start_cash);

    struct portfolio_request request = {.sequence = 5};
    CU_ASSERT_EQUAL(stage_tell(LINK_COMMAND, 3, RECORD_portfolio_request, &request), 0);
    stage_settle();
    CU_ASSERT_EQUAL(stage.portfolios_sent, 1);
    CU_ASSERT_EQUAL(stage.portfolio.sequence, sequence + 2); /* as of what was published */
    CU_ASSERT(stage.reports >= 1);

    static const uint8_t topic[] = {'p'};
    stage_run(400);
    stage_forget();
    trader_service.on_subscribe(&stage.context, stage.trader, LINK_PORTFOLIO, topic, 1);
    stage_run(200);
    CU_ASSERT_EQUAL(stage.portfolios, 1); /* who joins is told */
}

static void test_the_curve_and_the_day(void)
{
    stage_reset();
    stage_start_live();
    struct signal signal = stage_signal("sma_cross", 0, SIDE_BUY, 0);
    CU_ASSERT_STRING_EQUAL(stage_reason(&signal), "filled");
    int points = stage.shelf.account_count;
    stage_run(10100);
    CU_ASSERT_EQUAL(stage.shelf.account_count, points + 1);
    stage_publish_tickers(stage.exchange_ms + DAY_MS, 120);
    stage_run(100);
    CU_ASSERT_EQUAL(stage.shelf.account_count, points + 2);
    const struct account *first = &stage.shelf.accounts[points + 1];
    CU_ASSERT_EQUAL(first->time_ms, stage.exchange_ms);
    CU_ASSERT_EQUAL(stage.trader->desk.ledger.day_start_equity.units, first->equity);
    stage_publish_tickers(stage.exchange_ms + 1000, 130);
    int64_t day_start = first->equity;
    stage_start_live();
    CU_ASSERT_EQUAL(stage.trader->desk.ledger.day_start_equity.units, day_start);
    stage_run(10100);
    stage_run(10100); /* the exchange's clock stands still; the curve's does not go back */
    for (int i = 1; i < stage.shelf.account_count; i++)
        CU_ASSERT(stage.shelf.accounts[i].time_ms > stage.shelf.accounts[i - 1].time_ms);
}

/* ---- commands ---- */

static void command(uint64_t sequence, enum action action)
{
    struct command message = {.sequence = sequence, .action = action};
    CU_ASSERT_EQUAL(stage_tell(LINK_COMMAND, 4, RECORD_command, &message), 0);
    stage_settle();
}

static void test_modes_hold_and_survive(void)
{
    static const struct {
        enum action action;
        enum trading_mode mode;
        const char *entry, *leave;
    } rows[] = {
        {ACTION_PAUSE, TRADING_MODE_PAUSED, "paused", "paused"},
        {ACTION_HALT, TRADING_MODE_HALTED, "halted", "halted"},
        {ACTION_REDUCE_ONLY, TRADING_MODE_REDUCE_ONLY, "reduce_only", "no_position"},
        {ACTION_RESUME, TRADING_MODE_ACTIVE, "filled", "no_position"},
    };
    stage_reset();
    for (int i = 0; i < 4; i++) {
        stage_start_live();
        command(10 + (uint64_t)i, rows[i].action);
        CU_ASSERT_EQUAL(stage.command_acks[i].sequence, 10 + (uint64_t)i);
        CU_ASSERT_EQUAL(stage.command_acks[i].verdict, VERDICT_ACCEPTED);
        stage_start_live();
        CU_ASSERT_EQUAL(stage.trader->desk.mode, rows[i].mode);
        struct signal entry = stage_signal("sma_cross", i, SIDE_BUY, 0), leave = stage_signal("x", i + 9, SIDE_SELL, 0);
        CU_ASSERT_STRING_EQUAL(stage_reason(&entry), rows[i].entry);
        CU_ASSERT_STRING_EQUAL(stage_reason(&leave), rows[i].leave);
    }
    stage.config.process_data_dir = "/nowhere/at/all";
    command(99, ACTION_PAUSE);
    CU_ASSERT_EQUAL(stage.command_acks[4].verdict, VERDICT_INVALID); /* it holds, but would not survive */
    CU_ASSERT_EQUAL(stage.trader->desk.mode, TRADING_MODE_PAUSED);
    const struct command later = {.sequence = 100, .action = ACTION_OTHER};
    CU_ASSERT_EQUAL(stage_tell(LINK_COMMAND, 4, RECORD_command, &later), ERROR_PROTOCOL);
    stage_settle();
    CU_ASSERT_EQUAL(stage.command_ack_count, 6);
    CU_ASSERT_EQUAL(stage.command_acks[5].verdict, VERDICT_INVALID);
    CU_ASSERT_EQUAL(stage.trader->desk.mode, TRADING_MODE_PAUSED);
}

static void test_flatten_sells_everything(void)
{
    stage_reset();
    stage_start_live();
    for (int i = 0; i < 5; i++) {
        struct signal signal = stage_signal("sma_cross", i, SIDE_BUY, 0);
        CU_ASSERT_STRING_EQUAL(stage_reason(&signal), "filled");
    }
    /* One market has lost its bid: it is sold when it has one again. */
    struct ticker row = {.symbol = "COIN2USDT", .ask = 10000, .last = 10000, .price_scale = 2,
                         .time_ms = stage.exchange_ms};
    struct tickers tickers = {.exchange_ms = stage.exchange_ms, .rows = list_of(&row, 1)};
    CU_ASSERT_EQUAL(stage_tell(LINK_MARKET, 0, RECORD_tickers, &tickers), 0);
    command(1, ACTION_FLATTEN);
    stage_run(200);
    CU_ASSERT_EQUAL(stage.trader->desk.ledger.open_count, 1);
    CU_ASSERT_EQUAL(stage.command_ack_count, 0); /* it does not hold yet */
    CU_ASSERT_EQUAL(stage.trader->desk.mode, TRADING_MODE_REDUCE_ONLY);
    command(2, ACTION_FLATTEN); /* somebody is impatient */
    stage.mood.deaf = true;
    stage_publish_tickers(stage.exchange_ms + 2000, 100);
    stage_run(200);
    CU_ASSERT_EQUAL(stage.command_ack_count, 0); /* sold, but not yet stored */
    stage.mood.deaf = false;
    stage_run(1200);
    CU_ASSERT_EQUAL(stage.trader->desk.ledger.open_count, 0);
    CU_ASSERT_EQUAL(stage.command_ack_count, 2);
    CU_ASSERT_EQUAL(stage.shelf.fill_count, 10);
    CU_ASSERT_EQUAL(stage.shelf.outcome_count, 5); /* outcomes are of signals only */
    CU_ASSERT_EQUAL(stage.shelf.positions[0].cost, 0);
    CU_ASSERT_EQUAL(stage_faults(), 0);
    struct signal signal = stage_signal("sma_cross", 0, SIDE_BUY, 1);
    CU_ASSERT_STRING_EQUAL(stage_reason(&signal), "reduce_only");
    command(3, ACTION_HALT);
    command(4, ACTION_FLATTEN); /* nothing is held: it holds at once, and what was halted stays so */
    CU_ASSERT_EQUAL(stage.command_ack_count, 4);
    CU_ASSERT_EQUAL(stage.trader->desk.mode, TRADING_MODE_HALTED);
}

/* Persister and fetcher may be one of two, and the other one is the right one; or have another address by now. */
static void test_silent_peers_are_left(void)
{
    stage_reset();
    stage_start_live();
    for (int i = 0; i < 20; i++) {
        stage_run(500);
        stage_publish_tickers(stage.exchange_ms + 500, 100);
    }
    CU_ASSERT(stage.reconnects[LINK_STORE] == 0 && stage.reconnects[LINK_MARKET] == 0);
    stage_run(service_poll_silence_ms(&stage.context) - 100);
    CU_ASSERT_EQUAL(stage.reconnects[LINK_MARKET], 0);
    stage_run(100);
    CU_ASSERT_EQUAL(stage.reconnects[LINK_MARKET], 1);
    CU_ASSERT_EQUAL(stage.reconnects[LINK_STORE], 0);
    stage.mood.away = true;
    stage_run(LINK_SILENCE_MS + 1000);
    CU_ASSERT_EQUAL(stage.reconnects[LINK_STORE], 1);
}

static void test_the_mode_file(void)
{
    enum trading_mode mode = TRADING_MODE_HALTED;
    char path[256];
    stage_reset();
    CU_ASSERT_EQUAL(mode_file_load(test_directory(), &mode), 0);
    CU_ASSERT_EQUAL(mode, TRADING_MODE_ACTIVE);
    CU_ASSERT_EQUAL(mode_file_save(test_directory(), TRADING_MODE_OTHER), 0);
    CU_ASSERT_EQUAL(mode_file_load(test_directory(), &mode), ERROR_SYNTAX); /* no mode to trade in */
    for (int i = 0; i < TRADING_MODE_OTHER; i++) {
        CU_ASSERT_EQUAL(mode_file_save(test_directory(), (enum trading_mode)i), 0);
        CU_ASSERT_EQUAL(mode_file_load(test_directory(), &mode), 0);
        CU_ASSERT_EQUAL((int)mode, i);
    }
    (void)snprintf(path, sizeof path, "%s/trading-mode", test_directory());
    int fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);
    CU_ASSERT_EQUAL(write(fd, "acti", 4), 4);
    (void)close(fd);
    CU_ASSERT_EQUAL(mode_file_load(test_directory(), &mode), ERROR_SYNTAX);
    stage_start_live(); /* what cannot be read is not taken for permission */
    CU_ASSERT_EQUAL(stage.trader->desk.mode, TRADING_MODE_HALTED);
}

const char *const suite_name = "trader";
const struct test suite_tests[] = {
    {"the lease, as its holder sees it", test_tenure},
    {"a standby waits until the lease is free", test_standby_waits},
    {"nothing is decided while the lease is not renewed", test_nothing_is_decided_without_a_renewed_lease},
    {"who lost the lease, or is fenced, ends with status 1", test_who_lost_the_lease_ends},
    {"a signal is filled: one delivery, acked when it is durable", test_a_signal_is_filled},
    {"every signal has its reason", test_every_signal_has_its_reason},
    {"a signal expires one millisecond after limits.signal_age intervals", test_stale_signals_expire},
    {"the age of a price counts polls, also in fast time", test_stale_prices_in_fast_time},
    {"a signal that comes again changes nothing, and who asks last is answered", test_repeated_signals},
    {"signals of old leases and impossible ones have no outcome", test_fenced_and_invalid_signals},
    {"a market may settle before it counts as unknown", test_the_market_may_settle_first},
    {"instruments and tickers that cannot be true are refused", test_what_cannot_be_true_is_refused},
    {"the portfolio is published, but not too often", test_portfolio_is_published},
    {"the equity curve and the day's start", test_the_curve_and_the_day},
    {"modes hold and survive a restart", test_modes_hold_and_survive},
    {"flatten sells everything and is acked when it has", test_flatten_sells_everything},
    {"a peer that owes something and is silent is left", test_silent_peers_are_left},
    {"the mode file is whole or refused", test_the_mode_file},
    {NULL, NULL},
};
