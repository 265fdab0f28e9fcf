/* The trader on its stage: nothing is lost and nothing is done twice, whatever fails and whenever it is killed. */
/* SPDX-License-Identifier: MIT */
#include "tests/unit/trader_stage.h"

#include "tests/harness.h"
#include "trader/trader.h"

#include <malloc.h>
#include <stdio.h>
#include <string.h>

/* ---- the way to the store ---- */

static void test_money_is_stored_in_order(void)
{
    stage_reset();
    stage_start_live();
    stage.mood.deaf = true; /* the first delivery is lost */
    struct signal signals[4];
    for (int i = 0; i < 4; i++) {
        signals[i] = stage_signal("sma_cross", i, i == 3 ? SIDE_SELL : SIDE_BUY, 0);
        stage_send_signal(1, &signals[i]);
    }
    stage_settle();
    stage.mood.deaf = false;
    stage_forget();
    stage_run(500);
    CU_ASSERT_EQUAL(stage.shelf.fill_count, 0); /* nothing may overtake what is lost */
    CU_ASSERT_EQUAL(stage_faults(), 0);
    stage_run(1000);
    CU_ASSERT_EQUAL(stage.shelf.fill_count, 3);
    CU_ASSERT_EQUAL(stage.shelf.outcome_count, 4);
    CU_ASSERT_EQUAL(stage.deliveries, 3); /* the lost one, the refusal, and the two that gathered */
    CU_ASSERT_EQUAL(stage.ack_count, 4);
    CU_ASSERT_EQUAL(stage_faults(), 0);
}

static void test_a_full_archive_holds_on(void)
{
    enum { SIGNALS = OUTBOX_ENTRIES_MAX + 200 };
    static struct signal signals[SIGNALS];
    stage_reset();
    stage_start_live();
    stage.mood.deaf = true;
    for (int i = 0; i < SIGNALS; i++) {
        char strategy[NAME_SIZE];
        (void)snprintf(strategy, sizeof strategy, "s%d", i);
        signals[i] = stage_signal(strategy, i % STAGE_MARKETS, SIDE_SELL, 0);
        stage_send_signal(1, &signals[i]);
        stage_settle();
    }
    CU_ASSERT(archive_is_full(&stage.trader->archive));
    CU_ASSERT_EQUAL(stage.trader->desk.outcomes[OUTCOME_REFUSED], OUTBOX_ENTRIES_MAX - 1);
    CU_ASSERT_EQUAL(stage.ack_count, 0);
    stage_run(100);
    CU_ASSERT_EQUAL(stage.status, PROCESS_STATUS_DEGRADED);
    stage.mood.deaf = false;
    stage_run(2000);
    CU_ASSERT_EQUAL(stage.ack_count, OUTBOX_ENTRIES_MAX - 1);
    for (int i = 0; i < SIGNALS; i++)
        stage_send_signal(1, &signals[i]);
    stage_run(100);
    CU_ASSERT_EQUAL(stage.shelf.outcome_count, SIGNALS);
    CU_ASSERT_EQUAL(stage.ack_count, OUTBOX_ENTRIES_MAX - 1 + SIGNALS);
    CU_ASSERT_EQUAL(stage.status, PROCESS_STATUS_READY);
}

static void test_gathering_is_bounded(void)
{
    enum { ROUNDS = 3 };
    stage_reset();
    stage_start_live();
    stage.mood.deaf = true;
    for (int round = 0; round < ROUNDS * 2; round++) {
        for (int market = 0; market < STAGE_MARKETS; market++) {
            struct signal signal = stage_signal("sma_cross", market, round % 2 ? SIDE_SELL : SIDE_BUY, 0);
            stage_send_signal(1, &signal);
        }
        stage_publish_tickers(stage.exchange_ms + 300000, 100);
    }
    CU_ASSERT_EQUAL(stage.trader->desk.outcomes[OUTCOME_FILLED], 1 + ARCHIVE_ROWS_MAX);
    CU_ASSERT(archive_is_full(&stage.trader->archive));
    stage.mood.deaf = false;
    stage_run(1500);
    CU_ASSERT_EQUAL(stage.shelf.fill_count, 1 + ARCHIVE_ROWS_MAX);
    CU_ASSERT(archive_is_empty(&stage.trader->archive));
    CU_ASSERT_EQUAL(stage_faults(), 0);
}

static void test_a_change_that_the_store_refuses_stops_trading(void)
{
    stage_reset();
    stage_start_live();
    stage.mood.verdict = VERDICT_INVALID;
    struct signal signal = stage_signal("sma_cross", 0, SIDE_BUY, 0);
    stage_send_signal(1, &signal);
    stage_settle();
    stage_run(100);
    CU_ASSERT_EQUAL(stage.status, PROCESS_STATUS_DEGRADED);
    CU_ASSERT(strstr(stage.detail, "store") != NULL);
    stage.mood.verdict = VERDICT_ACCEPTED;
    struct signal other = stage_signal("sma_cross", 1, SIDE_BUY, 0);
    stage_send_signal(1, &other);
    stage_run(100);
    CU_ASSERT_EQUAL(stage_verdict(other.sequence), -1);
    CU_ASSERT_EQUAL(stage.shelf.outcome_count, 0);
}

/* ---- restarts ---- */

static void test_a_restart_changes_nothing(void)
{
    stage_reset();
    stage_start_live();
    struct signal signals[3] = {stage_signal("sma_cross", 0, SIDE_BUY, 0), stage_signal("sma_cross", 1, SIDE_SELL, 0),
                                stage_signal("rsi_reversion", 2, SIDE_BUY, 0)};
    for (int i = 0; i < 3; i++)
        CU_ASSERT_STRING_NOT_EQUAL(stage_reason(&signals[i]), "none");
    stage_publish_tickers(stage.exchange_ms + 2000, 110);
    struct totals before = stage.trader->desk.ledger.totals;
    struct amount day_start = stage.trader->desk.ledger.day_start_equity;
    int accounts = stage.shelf.account_count;
    for (int i = 0; i < 2; i++) {
        stage_start_live();
        stage_publish_tickers(stage.exchange_ms, 110);
        CU_ASSERT_EQUAL(memcmp(&before, &stage.trader->desk.ledger.totals, sizeof before), 0);
        CU_ASSERT_EQUAL(stage.trader->desk.ledger.day_start_equity.units, day_start.units);
        CU_ASSERT_EQUAL(stage.shelf.account_count, accounts); /* nothing is written by starting */
        for (int k = 0; k < 3; k++) {
            signals[k].sequence += 100;
            stage_send_signal(1, &signals[k]);
            stage_settle();
            CU_ASSERT_EQUAL(stage_verdict(signals[k].sequence), VERDICT_DUPLICATE);
        }
    }
    struct signal leave = stage_signal("rsi_reversion", 2, SIDE_SELL, 1);
    CU_ASSERT_STRING_EQUAL(stage_reason(&leave), "filled"); /* it still owns its position */
    CU_ASSERT_EQUAL(stage_faults(), 0);
}

static void start_on(const char *exchange, const char *quote_asset, int64_t start_cash)
{
    stage.config.exchange_name = exchange;
    stage.config.market_quote_asset = quote_asset;
    stage.config.trader_start_cash = start_cash;
    stage_start_live();
}

/* One store, one exchange after the other: each account begins with its own cash, and goes on where it was left. */
static void test_each_account_has_its_own_books(void)
{
    enum { ACCOUNTS = 4 };
    static const struct {
        const char *exchange, *quote_asset;
        int64_t cash;
    } accounts[ACCOUNTS] = {{"binance", "USDT", 1000000000000}, {"kraken", "EUR", 500000000000},
                            {"binance", "EUR", 700000000000}, {"kraken", "USDT", 300000000000}};
    struct totals totals[ACCOUNTS] = {0};
    stage_reset();
    stage.shelf.accounts[0] = (struct account){.time_ms = stage.exchange_ms, .start = 7, .cash = 7, .equity = 7,
                                               .exchange = "binance", .quote_asset = "USDT",
                                               .mode = ACCOUNT_MODE_LIVE};
    stage.shelf.account_count = 1;
    for (int i = 0; i < 3 * ACCOUNTS; i++) {
        int k = i % ACCOUNTS;
        start_on(accounts[k].exchange, accounts[k].quote_asset, accounts[k].cash);
        const struct ledger *ledger = &stage.trader->desk.ledger;
        if (i < ACCOUNTS) {
            CU_ASSERT_EQUAL(ledger->totals.cash.units, accounts[k].cash);
        } else {
            CU_ASSERT_EQUAL(memcmp(&totals[k], &ledger->totals, sizeof totals[k]), 0);
        }
        CU_ASSERT_EQUAL(ledger->open_count, (uint32_t)(i / ACCOUNTS));
        struct signal enter = stage_signal("sma_cross", i, SIDE_BUY, 0);
        CU_ASSERT_STRING_EQUAL(stage_reason(&enter), "filled");
        stage_run(1000);
        totals[k] = ledger->totals;
        CU_ASSERT_EQUAL(stage_faults(), 0);
        CU_ASSERT_STRING_EQUAL(stage.portfolio.account.exchange, accounts[k].exchange);
        CU_ASSERT_STRING_EQUAL(stage.portfolio.account.quote_asset, accounts[k].quote_asset);
    }
    start_on("binance", "USDT", 1);
    struct signal leave = stage_signal("sma_cross", 0, SIDE_SELL, 0); /* of the candle that it entered on */
    leave.candle_time_ms -= 300000;
    CU_ASSERT_STRING_EQUAL(stage_reason(&leave), "filled");
    CU_ASSERT_EQUAL(stage_faults(), 0);
    CU_ASSERT_EQUAL(stage.shelf.accounts[0].cash, 7); /* real money is no business of paper's */
}

static void test_an_unsound_ledger_is_not_traded_on(void)
{
    stage_reset();
    stage.shelf.accounts[0] = (struct account){
        .time_ms = 1, .start = 1000, .cash = 999, .exchange = "binance", .quote_asset = "USDT"};
    stage.shelf.account_count = 1;
    stage_start();
    stage_run(200);
    stage_publish_instruments();
    stage_publish_tickers(stage.exchange_ms, 100);
    stage_run(2000);
    CU_ASSERT_EQUAL(stage.status, PROCESS_STATUS_DEGRADED);
    CU_ASSERT(strstr(stage.detail, "0.00000999") != NULL); /* with the numbers */
    struct signal signal = stage_signal("sma_cross", 0, SIDE_BUY, 0);
    stage_send_signal(1, &signal);
    stage_run(100);
    CU_ASSERT_EQUAL(stage.deliveries + stage.ack_count + stage.portfolios, 0);
}

static void test_restoring_is_patient(void)
{
    stage_reset();
    stage_start_live();
    struct signal signal = stage_signal("sma_cross", 0, SIDE_BUY, 0);
    CU_ASSERT_STRING_EQUAL(stage_reason(&signal), "filled");
    stage_start();
    stage_run(3100); /* the old lease runs out */
    stage_kill();
    stage_start();
    stage.mood.silent = true;
    stage_run(3500);
    stage.mood.silent = false;
    stage_run(1000);
    struct answer error = {.id = stage.trader->restore.query, .last = true, .symbol = "-"};
    (void)snprintf(error.error, sizeof error.error, "the database is away");
    CU_ASSERT_EQUAL(stage_tell(LINK_HISTORY, 0, RECORD_answer, &error), 0);
    stage_run(8000);
    stage_publish_instruments();
    stage_publish_tickers(stage.exchange_ms, 100);
    stage_run(100);
    CU_ASSERT_EQUAL(stage.trader->phase, PHASE_LIVE);
    CU_ASSERT_EQUAL(stage.trader->desk.ledger.open_count, 1);
    struct answer stray = {.id = stage.trader->restore.query, .last = true, .symbol = "-"};
    CU_ASSERT_EQUAL(stage_tell(LINK_HISTORY, 0, RECORD_answer, &stray), 0); /* changes nothing any more */
    CU_ASSERT_EQUAL(stage.trader->phase, PHASE_LIVE);
}

/* Whichever part of whichever answer is lost, nothing of the ledger is. */
static void test_restoring_misses_no_part(void)
{
    stage_reset();
    stage_start_live();
    struct signal signal = stage_signal("sma_cross", 0, SIDE_BUY, 0);
    CU_ASSERT_STRING_EQUAL(stage_reason(&signal), "filled");
    for (uint32_t part = 1; part <= 2; part++) {
        stage_start();
        stage.mood.loses_part = part;
        stage_run(3100); /* the old lease runs out */
        stage_run(8000);
        stage_publish_instruments();
        stage_publish_tickers(stage.exchange_ms, 100);
        stage_run(100);
        CU_ASSERT_EQUAL(stage.mood.loses_part, 0);
        CU_ASSERT_EQUAL(stage.trader->phase, PHASE_LIVE);
        CU_ASSERT_EQUAL(stage.trader->desk.ledger.open_count, 1);
        stage_kill();
    }
}

/* One step of somebody who wishes the pipeline ill. */
static void harm(void)
{
    switch (test_random() % 12) {
    case 0:
        stage_start_live(); /* SIGKILL, and started again */
        break;
    case 1:
    case 2:
        stage.mood = (struct persister_mood){.deaf = test_random() % 2, .silent = test_random() % 2};
        stage_run(200);
        stage.mood = (struct persister_mood){0};
        break;
    case 3:
        stage.mood.away = true;
        stage_run((int64_t)(test_random() % 1500));
        stage.mood.away = false;
        break;
    default:
        stage_run((int64_t)(test_random() % 300));
        break;
    }
}

static void test_killed_at_any_moment(void)
{
    enum { CANDLES = 60, PER_CANDLE = 12 };
    static struct signal signals[CANDLES * PER_CANDLE];
    static const char *const strategies[] = {"sma_cross", "rsi_reversion", "donchian_breakout"};
    stage_reset();
    stage_start_live();
    int count = 0, wrong = 0;
    for (int candle = 0; candle < CANDLES; candle++) {
        stage_publish_tickers(stage.exchange_ms + 300000, 90 + (int)(test_random() % 20));
        for (int i = 0; i < PER_CANDLE; i++)
            signals[count++] = stage_signal(strategies[test_random() % 3], (int)(test_random() % STAGE_MARKETS),
                                            test_random() % 2 ? SIDE_BUY : SIDE_SELL, 0);
        for (int i = count - PER_CANDLE; i < count; i++) {
            stage_send_signal(1, &signals[i]);
            harm();
            wrong += stage_faults();
        }
    }
    for (int round = 0; round < 5; round++) { /* analyzers send until acked */
        stage_run(1500);
        for (int i = 0; i < count; i++)
            if (stage_verdict(signals[i].sequence) < 0)
                stage_send_signal(1, &signals[i]);
    }
    stage_run(1500);
    int unanswered = 0, filled = 0;
    for (int i = 0; i < count; i++) {
        unanswered += stage_outcome(&signals[i]) == NULL || stage_verdict(signals[i].sequence) < 0;
        filled += stage_outcome(&signals[i]) != NULL && stage_outcome(&signals[i])->outcome == OUTCOME_FILLED;
    }
    CU_ASSERT_EQUAL(wrong, 0);
    CU_ASSERT_EQUAL(unanswered, 0);
    CU_ASSERT(filled > 50);
    CU_ASSERT_EQUAL(stage_faults(), 0);
}

/* ---- the end ---- */

static void test_it_says_goodbye(void)
{
    stage_reset();
    stage_start_live();
    stage.mood.deaf = true;
    struct signal signal = stage_signal("sma_cross", 0, SIDE_BUY, 0), late = stage_signal("sma_cross", 1, SIDE_BUY, 0);
    stage_send_signal(1, &signal);
    stage_settle();
    trader_service.on_stop(&stage.context, stage.trader);
    CU_ASSERT_EQUAL(stage.context.stop_ms, 2000);
    stage_send_signal(1, &late);
    stage_run(500);
    CU_ASSERT(!stage.stopped);
    CU_ASSERT_EQUAL(stage.releases, 0); /* what is on its way may still be written: nobody else may begin */
    stage.mood.deaf = false;
    stage_run(1000);
    CU_ASSERT(stage.stopped);
    CU_ASSERT_EQUAL(stage.releases, 1);
    CU_ASSERT_EQUAL(stage_verdict(signal.sequence), VERDICT_ACCEPTED);
    CU_ASSERT_PTR_NULL(stage_outcome(&late)); /* nothing is decided any more */
    int64_t before_ms = stage.now_ms;
    stage_start_live();
    CU_ASSERT(stage.now_ms - before_ms < 1000); /* the next one need not wait */
}

/* ---- memory ---- */

static void test_nothing_is_allocated_while_running(void)
{
    stage_reset();
    stage_start_live();
    size_t before = 0;
    for (int candle = 0; candle < 40; candle++) {
        stage_publish_tickers(stage.exchange_ms + 300000, 100);
        for (int i = 0; i < STAGE_MARKETS; i++) {
            struct signal signal = stage_signal("sma_cross", i, candle % 2 ? SIDE_SELL : SIDE_BUY, 0);
            stage_send_signal(1, &signal);
        }
        stage_run(500);
        if (candle == 9) /* the outbox has grown to what it needs */
            before = mallinfo2().uordblks;
    }
    CU_ASSERT_EQUAL(mallinfo2().uordblks, before);
    CU_ASSERT_EQUAL(stage.shelf.outcome_count, 40 * STAGE_MARKETS);
    stage_kill();
}

const char *const suite_name = "trader, failing";
const struct test suite_tests[] = {
    {"changes that move money are stored in order", test_money_is_stored_in_order},
    {"a full archive decides nothing, and loses nothing", test_a_full_archive_holds_on},
    {"what gathers for the store is bounded", test_gathering_is_bounded},
    {"a change that the store refuses stops trading", test_a_change_that_the_store_refuses_stops_trading},
    {"a restart changes nothing", test_a_restart_changes_nothing},
    {"each account has its own books", test_each_account_has_its_own_books},
    {"an unsound ledger is not traded on", test_an_unsound_ledger_is_not_traded_on},
    {"restoring asks until it is answered", test_restoring_is_patient},
    {"restoring misses no part of an answer", test_restoring_misses_no_part},
    {"killed at any moment: one outcome each, the identity holds", test_killed_at_any_moment},
    {"SIGTERM: the archive empties, then the lease is given back", test_it_says_goodbye},
    {"nothing is allocated while running", test_nothing_is_allocated_while_running},
    {NULL, NULL},
};
