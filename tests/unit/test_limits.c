/* The limits one by one, plans, the paper broker, and the page about all of it. */
/* SPDX-License-Identifier: MIT */
#include "lib/ledger/limits.h"

#include "lib/ledger/ledger_page.h"
#include "tests/harness.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COIN 100000000LL /* units of one whole quote asset */

/* A view on a market where everything is well, for each purpose. */
struct good {
    struct limits_options options;
    struct instrument instrument;
    struct ticker ticker;
    struct holding holding;
    struct plan plan;
    struct limits_view view;
};

static void make_good(struct good *good, enum purpose purpose)
{
    int64_t close_ms = 1733011500000;
    *good = (struct good){
        .options = {.open_positions = 3, .stake = {100 * COIN}, .signal_age = 2, .price_age = 5, .tick_ms = 2000},
        .instrument = {.symbol = "BTCUSDT", .trading = true, .tick_size = 1, .price_scale = 2, .lot_step = 10,
                       .quantity_scale = 5, .minimum_quantity = 20, .minimum_notional = 5 * COIN},
        .ticker = {.symbol = "BTCUSDT", .bid = 9999, .ask = 10001, .price_scale = 2, .time_ms = close_ms},
        .holding = {.symbol = "BTCUSDT", .strategy = "sma_cross", .quantity = {100000, 5}, .cost = {99 * COIN}},
        .plan = {.fits = true, .price = {10001}, .quantity = {9999}, .notional = {99 * COIN}, .fee = {COIN / 10}},
    };
    good->view = (struct limits_view){
        .options = &good->options, .purpose = purpose, .mode = TRADING_MODE_ACTIVE, .exchange_ms = close_ms + 1,
        .strategy = "sma_cross", .interval_s = 300, .candle_time_ms = close_ms - 300000,
        .instrument = &good->instrument, .ticker = &good->ticker,
        .holding = purpose == PURPOSE_ENTRY ? NULL : &good->holding,
        .open_positions = 2, .cash = {1000 * COIN}, .plan = &good->plan,
    };
}

/* What makes each limit speak, and what comes as near to that as can be without. */
static void spoil(struct good *good, enum reason reason, bool just_not)
{
    struct limits_view *view = &good->view;
    switch (reason) {
    case REASON_stale_signal:
        view->exchange_ms = view->candle_time_ms + 3 * 300000 + !just_not;
        good->ticker.time_ms = view->exchange_ms;
        break;
    case REASON_halted: view->mode = just_not ? TRADING_MODE_ACTIVE : TRADING_MODE_HALTED; break;
    case REASON_paused: view->mode = just_not ? TRADING_MODE_ACTIVE : TRADING_MODE_PAUSED; break;
    case REASON_reduce_only: view->mode = just_not ? TRADING_MODE_ACTIVE : TRADING_MODE_REDUCE_ONLY; break;
    case REASON_unknown_market: view->instrument = just_not ? &good->instrument : NULL; break;
    case REASON_market_halted: good->instrument.trading = just_not; break;
    case REASON_no_price:
        good->ticker.ask = view->purpose == PURPOSE_ENTRY ? just_not : 0; /* only the side that is used counts */
        good->ticker.bid = view->purpose == PURPOSE_ENTRY ? 0 : just_not;
        break;
    case REASON_stale_price: good->ticker.time_ms = view->exchange_ms - 10000 - !just_not; break;
    case REASON_order_open: view->order_open = !just_not; break;
    case REASON_position_open:
        good->holding.quantity.mantissa = !just_not; /* a closed position is none */
        view->holding = &good->holding;
        break;
    case REASON_no_position: good->holding.quantity.mantissa = just_not; break;
    case REASON_other_strategy: view->strategy = just_not ? "sma_cross" : "sma_cros"; break;
    case REASON_limit_open_positions: view->open_positions = just_not ? 2 : 3; break;
    case REASON_out_of_range: good->plan.fits = just_not; break;
    case REASON_limit_stake: good->plan.notional.units = 100 * COIN + !just_not; break;
    case REASON_below_minimum: good->plan.notional.units = 5 * COIN - !just_not; break;
    case REASON_insufficient_cash: view->cash.units = 99 * COIN + COIN / 10 - !just_not; break;
    default: CU_FAIL("a limit without a test"); break;
    }
}

static void test_every_limit_speaks_at_its_boundary(void)
{
    static const enum purpose purposes[] = {PURPOSE_ENTRY, PURPOSE_EXIT, PURPOSE_FLATTEN};
    for (size_t i = 0; i < limit_count; i++) {
        for (int p = 0; p < 3; p++) {
            struct good good;
            bool applies = (limits[i].applies & (unsigned)purposes[p]) != 0;
            make_good(&good, purposes[p]);
            CU_ASSERT_EQUAL(limits_check(&good.view), REASONS);
            if (!applies)
                continue;
            spoil(&good, limits[i].reason, true);
            CU_ASSERT_EQUAL(limits_check(&good.view), REASONS);
            make_good(&good, purposes[p]);
            spoil(&good, limits[i].reason, false);
            CU_ASSERT_EQUAL(limits_check(&good.view), limits[i].reason);
        }
    }
}

static void test_the_first_limit_decides(void)
{
    struct good good;
    make_good(&good, PURPOSE_ENTRY);
    for (size_t i = limit_count; i-- > 0;) { /* the later ones speak already when an earlier one joins in */
        if ((limits[i].applies & PURPOSE_ENTRY) == 0)
            continue;
        spoil(&good, limits[i].reason, false);
        CU_ASSERT_EQUAL(limits_check(&good.view), limits[i].reason);
    }
}

static void test_limits_that_do_not_apply_are_silent(void)
{
    struct good good;
    make_good(&good, PURPOSE_EXIT);
    good.view.mode = TRADING_MODE_REDUCE_ONLY; /* exits are let through */
    good.view.open_positions = 100;
    good.view.cash.units = 0;
    good.options.stake.units = 1;
    CU_ASSERT_EQUAL(limits_check(&good.view), REASONS);
    make_good(&good, PURPOSE_FLATTEN); /* a sale by hand has no signal, and no mode holds it back */
    good.view.mode = TRADING_MODE_HALTED;
    good.view.strategy = NULL;
    good.view.candle_time_ms = 0;
    CU_ASSERT_EQUAL(limits_check(&good.view), REASONS);
}

static void test_ages_do_not_overflow(void)
{
    struct good good;
    make_good(&good, PURPOSE_ENTRY);
    good.view.exchange_ms = INT64_MAX;
    good.view.candle_time_ms = 0;
    CU_ASSERT_EQUAL(limits_check(&good.view), REASON_stale_signal);
    make_good(&good, PURPOSE_ENTRY);
    good.view.exchange_ms = 0; /* the candle closed after the newest ticker */
    CU_ASSERT_EQUAL(limits_check(&good.view), REASONS);
    good.view.interval_s = UINT32_MAX;
    good.view.candle_time_ms = INT64_MAX;
    good.options.signal_age = 100;
    CU_ASSERT_EQUAL(limits_check(&good.view), REASONS);
}

static void test_below_minimum_counts_lots(void)
{
    struct good good;
    make_good(&good, PURPOSE_EXIT);
    good.plan.quantity.lots = 2; /* 2 lots of 10 are the minimum of 20 */
    CU_ASSERT_EQUAL(limits_check(&good.view), REASONS);
    good.plan.quantity.lots = 1;
    CU_ASSERT_EQUAL(limits_check(&good.view), REASON_below_minimum);
    good.instrument.minimum_quantity = 0;
    good.instrument.minimum_notional = 0;
    CU_ASSERT_EQUAL(limits_check(&good.view), REASONS);
    good.plan.quantity.lots = 0; /* nothing at all is always too little */
    CU_ASSERT_EQUAL(limits_check(&good.view), REASON_below_minimum);
}

static void test_every_reason_has_its_limit(void)
{
    for (int reason = 0; reason < REASONS; reason++) {
        int rows = 0;
        for (size_t i = 0; i < limit_count; i++)
            rows += (int)limits[i].reason == reason;
        CU_ASSERT_EQUAL(rows, reason == REASON_filled ? 0 : 1);
        CU_ASSERT(name_valid(reasons[reason].name));
        CU_ASSERT_EQUAL(reasons[reason].outcome == OUTCOME_FILLED, reason == REASON_filled);
    }
}

/* ---- plans and the paper broker ---- */

static const struct broker_terms terms = {.fee_ppm = 1000, .slippage_ppm = 200};

static void test_plans(void)
{
    struct good good;
    make_good(&good, PURPOSE_ENTRY);
    struct broker_market market = {&good.instrument, &good.ticker, 5};
    struct plan plan = plan_make(&paper_broker, &terms, &market, PURPOSE_ENTRY, NULL, (struct amount){100 * COIN});
    CU_ASSERT(plan.fits);
    CU_ASSERT_EQUAL(plan.price.ticks, 10004); /* 100.01 * 1.0002 = 100.030002, up */
    CU_ASSERT_EQUAL(plan.quantity.lots, 9986);
    CU_ASSERT(plan.notional.units + plan.fee.units <= 100 * COIN);
    good.instrument.maximum_quantity = 1239; /* 123 lots of 10 */
    plan = plan_make(&paper_broker, &terms, &market, PURPOSE_ENTRY, NULL, (struct amount){100 * COIN});
    CU_ASSERT_EQUAL(plan.quantity.lots, 123);
    good.instrument.maximum_quantity = 0;

    good.holding.quantity = (struct decimal){100009, 5};
    plan = plan_make(&paper_broker, &terms, &market, PURPOSE_EXIT, &good.holding, (struct amount){0});
    CU_ASSERT(plan.fits);
    CU_ASSERT_EQUAL(plan.price.ticks, 9997); /* 99.99 * 0.9998 = 99.970002, down */
    CU_ASSERT_EQUAL(plan.quantity.lots, 10000);
    CU_ASSERT_EQUAL(plan.notional.units, 99970000000 / 10);

    good.ticker.ask = 0;
    plan = plan_make(&paper_broker, &terms, &market, PURPOSE_ENTRY, NULL, (struct amount){COIN});
    CU_ASSERT(!plan.fits);
    good.ticker.ask = INT64_MAX;
    plan = plan_make(&paper_broker, &terms, &market, PURPOSE_ENTRY, NULL, (struct amount){COIN});
    CU_ASSERT(!plan.fits);
    market.ticker = NULL;
    plan = plan_make(&paper_broker, &terms, &market, PURPOSE_ENTRY, NULL, (struct amount){COIN});
    CU_ASSERT(!plan.fits);
    market.instrument = NULL;
    plan = plan_make(&paper_broker, &terms, &market, PURPOSE_FLATTEN, NULL, (struct amount){COIN});
    CU_ASSERT(!plan.fits);
}

/* What a broker reported, in order. */
struct reported {
    int count;
    enum order_event events[4];
    struct fill fill;
};

static void note(void *user, const struct broker_report *report)
{
    struct reported *reported = user;
    CU_ASSERT_FATAL(reported->count < 4);
    reported->events[reported->count++] = report->event;
    if (report->fill != NULL)
        reported->fill = *report->fill;
    CU_ASSERT_EQUAL(report->time_ms, 5);
}

static void test_paper_fills(void)
{
    struct good good;
    make_good(&good, PURPOSE_ENTRY);
    struct broker_market market = {&good.instrument, &good.ticker, 5};
    struct order order = {.order_id = "wick-test", .symbol = "BTCUSDT", .exchange = "binance", .quantity = 100};
    order.quantity = 99860;
    order.quantity_scale = 5;
    struct reported reported = {0};
    CU_ASSERT_EQUAL(paper_broker.submit(NULL, &terms, &market, &order, note, &reported), 0);
    CU_ASSERT_EQUAL(reported.count, 2);
    CU_ASSERT_EQUAL(reported.events[0], ORDER_EVENT_send);
    CU_ASSERT_EQUAL(reported.events[1], ORDER_EVENT_fill_part);
    CU_ASSERT_EQUAL(reported.fill.price, 10004);
    CU_ASSERT_EQUAL(reported.fill.quantity, 99860);
    CU_ASSERT_EQUAL(reported.fill.notional, 9989994400); /* 100.04 * 0.9986 */
    CU_ASSERT_EQUAL(reported.fill.fee, 9989995);         /* 9989994.4, up */
    CU_ASSERT_STRING_EQUAL(reported.fill.trade_id, "wick-test-1");
    CU_ASSERT_STRING_EQUAL(reported.fill.order_id, "wick-test");

    order.side = SIDE_SELL;
    order.quantity = 1;
    order.quantity_scale = 8;
    reported = (struct reported){0};
    CU_ASSERT_EQUAL(paper_broker.submit(NULL, &terms, &market, &order, note, &reported), 0);
    CU_ASSERT_EQUAL(reported.fill.price, 9997);
    CU_ASSERT_EQUAL(reported.fill.notional, 99); /* 99.97, down */
    CU_ASSERT_EQUAL(reported.fill.fee, 1);

    good.ticker.bid = 0;
    reported = (struct reported){0};
    CU_ASSERT_EQUAL(paper_broker.submit(NULL, &terms, &market, &order, note, &reported), ERROR_MISSING);
    good.ticker.bid = INT64_MAX;
    order.quantity = INT64_MAX;
    CU_ASSERT_EQUAL(paper_broker.submit(NULL, &terms, &market, &order, note, &reported), ERROR_RANGE);
    CU_ASSERT_EQUAL(reported.count, 0); /* nothing was told of what did not happen */
}

/* ---- the page ---- */

static void test_the_page_is_up_to_date(void)
{
    char *printed = NULL, stored[32768];
    size_t size = 0;
    FILE *out = open_memstream(&printed, &size);
    CU_ASSERT_PTR_NOT_NULL_FATAL(out);
    ledger_print_page(out);
    CU_ASSERT_EQUAL(fclose(out), 0);
    FILE *file = fopen("docs/ledger.md", "r");
    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    size_t stored_size = fread(stored, 1, sizeof stored, file);
    (void)fclose(file);
    CU_ASSERT(stored_size == size && memcmp(stored, printed, size) == 0);
    CU_ASSERT(strstr(printed, "| `stale_signal` | expired |") != NULL);
    free(printed);
}

const char *const suite_name = "limits";
const struct test suite_tests[] = {
    {"every limit speaks beyond its boundary and is silent at it", test_every_limit_speaks_at_its_boundary},
    {"of several limits the first decides", test_the_first_limit_decides},
    {"limits that do not apply are silent", test_limits_that_do_not_apply_are_silent},
    {"ages do not overflow", test_ages_do_not_overflow},
    {"the minimum counts whole lots", test_below_minimum_counts_lots},
    {"every reason but filled has one limit", test_every_reason_has_its_limit},
    {"plans: stake, maximum, all that is held", test_plans},
    {"the paper broker rounds everything against us", test_paper_fills},
    {"docs/ledger.md is what the tables say", test_the_page_is_up_to_date},
    {NULL, NULL},
};
