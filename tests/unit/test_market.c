/* The market under random coming and going, against a model of it that is only a table. */
/* SPDX-License-Identifier: MIT */
#include "fetcher/market.h"
#include "tests/harness.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NAMES = 400, INTERVALS = 2, RING = 4, MINUTE_MS = 60000, OPERATIONS = 100000 };

static const uint32_t intervals[INTERVALS] = {60, 300};

/* What the market should be like. */
struct modelled {
    bool followed, leaving;
    uint64_t ids[INTERVALS];
    struct series *series[INTERVALS];
    int64_t newest_ms[INTERVALS], stored_ms[INTERVALS];
};

static struct modelled model[NAMES];
static struct market market;

static struct instrument instrument_of(int name)
{
    struct instrument instrument = {.trading = test_random() % 4 != 0, .tick_size = 1, .lot_step = 1};
    (void)snprintf(instrument.symbol, sizeof instrument.symbol, "S%dUSDT", name);
    (void)snprintf(instrument.base_asset, sizeof instrument.base_asset, "S%d", name);
    (void)snprintf(instrument.quote_asset, sizeof instrument.quote_asset, "USDT");
    return instrument;
}

static const char *symbol_of(int name)
{
    static char symbol[SYMBOL_SIZE];
    (void)snprintf(symbol, sizeof symbol, "S%dUSDT", name);
    return symbol;
}

static void add(int name)
{
    struct instrument instrument = instrument_of(name);
    struct modelled *known = &model[name];
    int code = market_add(&market, &instrument);
    CU_ASSERT_EQUAL(code, known->followed && !known->leaving ? ERROR_EXISTS : 0);
    bool stayed = known->followed;
    known->followed = true;
    known->leaving = false;
    for (int i = 0; i < INTERVALS && !stayed; i++) {
        struct series *series = market_find(&market, instrument.symbol, intervals[i]);
        CU_ASSERT_FATAL(series != NULL && series->ring.count == 0 && !series->ready && series->fire_from_ms == -1);
        for (int other = 0; other < NAMES; other++)
            CU_ASSERT_FATAL(model[other].ids[i] != series->id);
        known->series[i] = series;
        known->ids[i] = series->id;
        known->newest_ms[i] = known->stored_ms[i] = -1;
    }
}

static void leave(int name)
{
    CU_ASSERT_EQUAL(market_leave(&market, symbol_of(name)), model[name].followed && !model[name].leaving);
    model[name].leaving = model[name].followed;
}

static void append(int name)
{
    int i = (int)(test_random() % INTERVALS);
    struct modelled *known = &model[name];
    if (!known->followed)
        return;
    struct series *series = known->series[i];
    int64_t open_ms = known->newest_ms[i] < 0 ? 0 : known->newest_ms[i] + intervals[i] * 1000;
    struct candle candle = {.open_time_ms = open_ms, .open = 1, .high = 1, .low = 1, .close = 1};
    CU_ASSERT_EQUAL(ring_append(&series->ring, &candle), 0);
    known->newest_ms[i] = open_ms;
    series->ready = true;
    series->fire_from_ms = 0;
}

static void store(int name)
{
    for (int i = 0; i < INTERVALS && model[name].followed; i++) {
        model[name].stored_ms[i] = model[name].newest_ms[i];
        model[name].series[i]->stored_through_ms = model[name].newest_ms[i];
    }
}

static void release(void)
{
    size_t expected = 0;
    for (int name = 0; name < NAMES; name++) {
        struct modelled *known = &model[name];
        bool stored = true;
        for (int i = 0; i < INTERVALS; i++)
            stored = stored && known->stored_ms[i] == known->newest_ms[i];
        if (!known->followed || !known->leaving || !stored)
            continue;
        known->followed = known->leaving = false;
        expected++;
    }
    CU_ASSERT_EQUAL(market_release_left(&market), expected);
}

/* What is remembered of a series holds exactly as long as it is there. */
static void check_handles(void)
{
    for (int name = 0; name < NAMES; name++) {
        const struct modelled *known = &model[name];
        for (int i = 0; i < INTERVALS && known->ids[i] != 0; i++) {
            size_t index = market_index(&market, known->series[i]);
            struct series *found = market_series(&market, index, known->ids[i]);
            CU_ASSERT_PTR_EQUAL(found, known->followed ? known->series[i] : NULL);
            CU_ASSERT_PTR_EQUAL(market_find(&market, symbol_of(name), intervals[i]), found);
            if (found == NULL)
                continue;
            CU_ASSERT_EQUAL(ring_newest_ms(&found->ring), known->newest_ms[i]);
            CU_ASSERT_EQUAL(found->leaving, known->leaving);
        }
    }
}

static void check_shards(void)
{
    size_t total = 0, weights = 0;
    for (uint16_t shard = 0; shard < SHARDS; shard++) {
        const struct series *series[64];
        size_t count = market_series_of_shard(&market, shard, series, 64);
        CU_ASSERT_FATAL(count <= market_shard_weight(&market, shard) && count < 64);
        for (size_t i = 0; i < count; i++) {
            CU_ASSERT(series[i]->shard == shard && !series[i]->leaving && series[i]->ready);
            CU_ASSERT(i == 0 || strcmp(series[i - 1]->symbol, series[i]->symbol) < 0 ||
                      series[i - 1]->interval_s < series[i]->interval_s);
        }
        weights += market_shard_weight(&market, shard);
        for (const struct series *one = market.shards[shard]; one != NULL; one = one->next)
            total++;
    }
    CU_ASSERT_EQUAL(total, market.series_count);
    CU_ASSERT_EQUAL(weights, market.series_count - INTERVALS * market.instruments_leaving);
}

static void check_lists(void)
{
    size_t followed = 0, leaving = 0, in_turn = 0;
    for (int name = 0; name < NAMES; name++) {
        const struct instrument *instrument = market_instrument(&market, symbol_of(name));
        CU_ASSERT_EQUAL(instrument != NULL, model[name].followed);
        CU_ASSERT_EQUAL(market_is_leaving(&market, symbol_of(name)), model[name].leaving);
        followed += model[name].followed;
        leaving += model[name].leaving;
    }
    for (size_t i = 1; i < market.instrument_count; i++)
        CU_ASSERT(strcmp(market.instruments[i - 1].symbol, market.instruments[i].symbol) < 0);
    for (struct series *series = NULL; (series = market_next(&market, series)) != NULL;)
        in_turn++;
    CU_ASSERT_EQUAL(market.instrument_count, followed);
    CU_ASSERT_EQUAL(market.instruments_leaving, leaving);
    CU_ASSERT_EQUAL(market.series_count, INTERVALS * followed);
    CU_ASSERT_EQUAL(in_turn, market.series_count);
    CU_ASSERT(market.slot_count <= INTERVALS * NAMES);
}

static void random_operations_agree_with_the_model(void)
{
    memset(model, 0, sizeof model);
    market_init(&market, "binance");
    CU_ASSERT_EQUAL_FATAL(market_open(&market, NULL, 0, intervals, INTERVALS, RING), 0);
    for (int i = 0; i < OPERATIONS; i++) {
        int name = (int)(test_random() % NAMES);
        switch (test_random() % 10) {
        case 0:
        case 1:
        case 2: add(name); break;
        case 3: leave(name); break;
        case 4: store(name); break;
        case 5: release(); break;
        default: append(name); break;
        }
        if (i % 500 != 0)
            continue;
        check_handles();
        check_shards();
        check_lists();
    }
    for (int name = 0; name < NAMES; name++) {
        leave(name);
        store(name);
    }
    release();
    CU_ASSERT_EQUAL(market.series_count + market.instrument_count, 0);
    check_lists();
    market_release(&market);
}

static void who_waits_for_the_store_does_not_go(void)
{
    market_init(&market, "binance");
    struct instrument instrument = instrument_of(1);
    CU_ASSERT_EQUAL_FATAL(market_open(&market, &instrument, 1, intervals, 1, RING), 0);
    struct series *series = market_find(&market, instrument.symbol, 60);
    struct candle candle = {.open_time_ms = MINUTE_MS, .open = 1, .high = 1, .low = 1, .close = 1};
    CU_ASSERT_EQUAL(ring_append(&series->ring, &candle), 0);
    CU_ASSERT(market_leave(&market, instrument.symbol));
    CU_ASSERT_EQUAL(market_release_left(&market), 0);
    series->stored_through_ms = MINUTE_MS;
    series->storing = true;
    CU_ASSERT_EQUAL(market_release_left(&market), 0);
    series->storing = false;
    series->waiting_to_store = true;
    CU_ASSERT_EQUAL(market_release_left(&market), 0);
    series->waiting_to_store = false;
    CU_ASSERT_EQUAL(market_release_left(&market), 1);
    CU_ASSERT_PTR_NULL(market_find(&market, instrument.symbol, 60));
    market_release(&market);
}

static void what_is_known_of_a_market_changes_its_series(void)
{
    market_init(&market, "binance");
    struct instrument instrument = instrument_of(1);
    instrument.trading = true;
    CU_ASSERT_EQUAL_FATAL(market_open(&market, &instrument, 1, intervals, 2, RING), 0);
    instrument.trading = false;
    instrument.tick_size = 5;
    market_set_instrument(&market, &instrument);
    for (int i = 0; i < 2; i++)
        CU_ASSERT(market_find(&market, instrument.symbol, intervals[i])->halted);
    CU_ASSERT_EQUAL(market_instrument(&market, instrument.symbol)->tick_size, 5);
    market_release(&market);
}

static void there_is_room_for_so_many(void)
{
    static const uint32_t one[] = {60};
    market_init(&market, "binance");
    CU_ASSERT_EQUAL_FATAL(market_open(&market, NULL, 0, one, 1, 1), 0);
    for (int i = 0; i < MARKET_SYMBOLS_MAX; i++) {
        struct instrument instrument = instrument_of(i);
        CU_ASSERT_EQUAL_FATAL(market_add(&market, &instrument), 0);
    }
    struct instrument more = instrument_of(MARKET_SYMBOLS_MAX);
    CU_ASSERT_EQUAL(market_add(&market, &more), ERROR_FULL);
    CU_ASSERT(market_leave(&market, symbol_of(77)));
    CU_ASSERT_EQUAL(market_release_left(&market), 1);
    CU_ASSERT_EQUAL(market_add(&market, &more), 0);
    market_release(&market);
}

const char *const suite_name = "market";

const struct test suite_tests[] = {
    {"random operations agree with the model", random_operations_agree_with_the_model},
    {"who waits for the store does not go", who_waits_for_the_store_does_not_go},
    {"what is known of a market changes its series", what_is_known_of_a_market_changes_its_series},
    {"there is room for so many", there_is_room_for_so_many},
    {NULL, NULL},
};
