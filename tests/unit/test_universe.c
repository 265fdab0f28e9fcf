/* Which markets are followed, by words, rules and what was followed before. */
/* SPDX-License-Identifier: MIT */
#include "fetcher/universe.h"
#include "lib/exchange/exchange_config.h"
#include "tests/harness.h"

#include <stdio.h>
#include <string.h>

static const int64_t now_ms = 1735689600000; /* 2025-01-01 */
static const uint32_t intervals[] = {60};

static struct config config;
static struct universe universe;
static struct market market;

static struct config plain_config(void)
{
    return (struct config){.market_symbols = "", .market_max_symbols = 100, .market_quote_asset = "USDT",
                           .market_order = "name", .market_intervals = "1m"};
}

static void begin(struct config with)
{
    config = with;
    CU_ASSERT_EQUAL_FATAL(universe_init(&universe, &config), 0);
    market_init(&market, "binance");
    CU_ASSERT_EQUAL_FATAL(market_open(&market, NULL, 0, intervals, 1, 4), 0);
}

static void end(void)
{
    universe_release(&universe);
    market_release(&market);
}

static struct instrument instrument_of(const char *symbol, const char *quote, bool trading)
{
    struct instrument instrument = {.trading = trading, .tick_size = 1, .lot_step = 1};
    (void)snprintf(instrument.symbol, sizeof instrument.symbol, "%s", symbol);
    (void)snprintf(instrument.quote_asset, sizeof instrument.quote_asset, "%s", quote);
    (void)snprintf(instrument.base_asset, sizeof instrument.base_asset, "X");
    return instrument;
}

/* A list of markets that trade; with a '-' in front one that does not. */
static void list(const char *symbols)
{
    char word[SYMBOL_SIZE + 1];
    universe_begin(&universe);
    for (const char *at = symbols; config_next_word(&at, word, sizeof word);) {
        struct instrument instrument = instrument_of(word + (word[0] == '-'), "USDT", word[0] != '-');
        universe_offer(&universe, &instrument);
    }
    CU_ASSERT_EQUAL(universe_listed(&universe, &market), 0);
}

static void quote(const char *symbol, double volume, int64_t last, int64_t bid, int64_t ask)
{
    struct exchange_ticker row = {.ticker = {.last = last, .bid = bid, .ask = ask, .price_scale = 2},
                                  .quote_volume = volume};
    (void)snprintf(row.ticker.symbol, SYMBOL_SIZE, "%s", symbol);
    universe_offer_ticker(&universe, &row);
}

/* The chosen ones, with blanks between. */
static const char *chosen(void)
{
    static char text[1000];
    size_t used = 0, count = universe_choose(&universe, now_ms), seen = 0;
    text[0] = '\0';
    for (size_t i = 0; i < universe.count; i++) {
        if (!universe.candidates[i].chosen)
            continue;
        seen++;
        used += (size_t)snprintf(text + used, sizeof text - used, "%s%s", used > 0 ? " " : "",
                                 universe.candidates[i].instrument.symbol);
    }
    CU_ASSERT_EQUAL(count, seen);
    return text;
}

static enum universe_reason reason_of(const char *symbol)
{
    return universe_find(&universe, symbol)->reason;
}

/* Acts on the choice. */
static void settle(void)
{
    for (size_t i = 0; i < universe.count; i++) {
        const struct candidate *candidate = &universe.candidates[i];
        if (candidate->chosen && !candidate->followed)
            CU_ASSERT_EQUAL(market_add(&market, &candidate->instrument), 0);
        if (!candidate->chosen && candidate->followed)
            CU_ASSERT(market_leave(&market, candidate->instrument.symbol));
    }
    (void)market_release_left(&market);
    universe_settle(&universe);
}

static void patterns_match_as_globs(void)
{
    static const struct {
        const char *pattern, *symbol;
        bool matches;
    } rows[] = {
        {"BTCUSDT", "BTCUSDT", true},  {"BTCUSDT", "BTCUSD", false}, {"BTCUSD", "BTCUSDT", false},
        {"*", "", true},               {"*", "BTCUSDT", true},       {"*USDT", "USDT", true},
        {"*USDT", "BTCUSDT", true},    {"*USDT", "USDTTRY", false},  {"BTC*", "BTCUSDT", true},
        {"BTC*", "XBTC", false},       {"?TC*", "BTCUSDT", true},    {"???", "BTC", true},
        {"???", "BTCU", false},        {"*UP*", "BTCUPUSDT", true},  {"*UP*", "BTCUSDT", false},
        {"**A**B**", "XAXBX", true},   {"*A*B", "ABABA", false},     {"*A*B", "ABAB", true},
        {"A?*C", "ABC", true},         {"A?*C", "AC", false},        {"", "", true},
        {"", "A", false},              {"BTC-USD", "BTC-USD", true}, {"*/USD*", "BTC/USDC", true},
        {"a*", "ABC", false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        CU_ASSERT_EQUAL(symbol_matches(rows[i].pattern, rows[i].symbol), rows[i].matches);
    /* Many stars take no exponential time. */
    CU_ASSERT_FALSE(symbol_matches("*A*A*A*A*A*A*A*A*A*A*AB", "AAAAAAAAAAAAAAAAAAAAAAA"));
}

static void words_name_match_and_leave_out(void)
{
    struct config with = plain_config();
    with.market_symbols = "*USDT, !*UPUSDT, !*DOWNUSDT !USDCUSDT,ODD";
    begin(with);
    list("BTCUSDT,ETHUPUSDT,ETHDOWNUSDT,USDCUSDT,-ODD,EVEN,-SLEEPUSDT");
    CU_ASSERT_STRING_EQUAL(chosen(), "BTCUSDT ODD"); /* a name is followed though it does not trade */
    CU_ASSERT_EQUAL(reason_of("BTCUSDT"), UNIVERSE_matched);
    CU_ASSERT_EQUAL(reason_of("ODD"), UNIVERSE_named);
    CU_ASSERT_EQUAL(reason_of("ETHUPUSDT"), UNIVERSE_left_out);
    CU_ASSERT_EQUAL(reason_of("USDCUSDT"), UNIVERSE_left_out);
    CU_ASSERT_EQUAL(reason_of("EVEN"), UNIVERSE_unmatched);
    CU_ASSERT_EQUAL(reason_of("SLEEPUSDT"), UNIVERSE_halted);
    end();
    with.market_symbols = "!A*";
    begin(with);
    list("AB,BA,BB");
    CU_ASSERT_STRING_EQUAL(chosen(), "BA BB");
    end();
    with.market_symbols = "BA";
    begin(with);
    list("AB,BA,BB");
    CU_ASSERT_STRING_EQUAL(chosen(), "BA");
    CU_ASSERT_FALSE(universe_needs_tickers(&universe));
    end();
}

static void only_the_quote_asset_counts(void)
{
    begin(plain_config());
    universe_begin(&universe);
    struct instrument other = instrument_of("ABTC", "BTC", true), ours = instrument_of("AUSDT", "USDT", true);
    universe_offer(&universe, &other);
    CU_ASSERT_EQUAL(universe_listed(&universe, &market), ERROR_MISSING);
    universe_offer(&universe, &ours);
    universe_offer(&universe, &ours); /* twice in a list is once */
    CU_ASSERT_EQUAL(universe_listed(&universe, &market), 0);
    CU_ASSERT_STRING_EQUAL(chosen(), "AUSDT");
    end();
}

static void bad_options_are_refused(void)
{
    static const char *const lists[] = {"btcusdt", "!", "BTCUSDT,ABCDEFGHIJKLMNOPQRSTUVWXYZ", "A$", "!!A"};
    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++) {
        struct config with = plain_config();
        with.market_symbols = lists[i];
        CU_ASSERT_EQUAL(universe_init(&universe, &with), ERROR_CONFIGURATION);
        CU_ASSERT_PTR_NOT_NULL(strstr(error_message(), "market.symbols"));
    }
}

static void intervals_are_the_exchanges(void)
{
    static const uint32_t has[] = {60, 300, 0};
    const struct exchange exchange = {.name = "test", .intervals = has};
    uint32_t out[MARKET_INTERVALS_MAX];
    size_t count;
    struct config with = plain_config();
    with.market_intervals = "1m,5m,1m";
    CU_ASSERT_EQUAL(exchange_intervals(&with, &exchange, out, MARKET_INTERVALS_MAX, &count), 0);
    CU_ASSERT(count == 2 && out[0] == 60 && out[1] == 300);
    with.market_intervals = "1m,15m";
    CU_ASSERT_EQUAL(exchange_intervals(&with, &exchange, out, MARKET_INTERVALS_MAX, &count), ERROR_CONFIGURATION);
    CU_ASSERT_PTR_NOT_NULL(strstr(error_message(), "15m; it has 1m, 5m"));
    with.market_intervals = "1m,7m";
    CU_ASSERT_EQUAL(exchange_intervals(&with, &exchange, out, MARKET_INTERVALS_MAX, &count), ERROR_CONFIGURATION);
    with.market_intervals = "";
    CU_ASSERT_EQUAL(exchange_intervals(&with, &exchange, out, MARKET_INTERVALS_MAX, &count), ERROR_CONFIGURATION);
    with.market_intervals = "1m", with.market_min_age_days = 3;
    CU_ASSERT_EQUAL(exchange_intervals(&with, &exchange, out, MARKET_INTERVALS_MAX, &count), ERROR_CONFIGURATION);
    CU_ASSERT_PTR_NOT_NULL(strstr(error_message(), "min_age_days"));
}

static void the_first_by_volume_are_followed(void)
{
    struct config with = plain_config();
    with.market_max_symbols = 3, with.market_order = "volume", with.market_symbols = "Z,*";
    begin(with);
    list("A,B,C,D,Z");
    CU_ASSERT(universe_needs_tickers(&universe));
    CU_ASSERT_FALSE(universe_is_quoted(&universe));
    quote("A", 10, 1, 1, 1), quote("B", 30, 1, 1, 1), quote("C", 20, 1, 1, 1); /* nothing of D */
    CU_ASSERT(universe_is_quoted(&universe));
    CU_ASSERT_STRING_EQUAL(chosen(), "B C Z"); /* the name has a place whatever its volume */
    CU_ASSERT_EQUAL(reason_of("A"), UNIVERSE_rank);
    end();
}

static void rules_of_the_state(void)
{
    struct config with = plain_config();
    with.market_min_quote_volume = 100;
    with.market_min_price = 50000000, with.market_max_price = 1000000000; /* 0.5 to 10 */
    with.market_max_spread_ppm = 10000;
    begin(with);
    list("GOOD,THIN,CHEAP,DEAR,WIDE,EMPTY,SILENT");
    quote("GOOD", 100, 100, 100, 101), quote("THIN", 99, 100, 100, 100), quote("CHEAP", 500, 49, 49, 49);
    quote("DEAR", 500, 1001, 1001, 1001), quote("WIDE", 500, 100, 100, 102), quote("EMPTY", 500, 100, 0, 0);
    CU_ASSERT_STRING_EQUAL(chosen(), "GOOD");
    CU_ASSERT_EQUAL(reason_of("THIN"), UNIVERSE_volume);
    CU_ASSERT_EQUAL(reason_of("CHEAP"), UNIVERSE_price);
    CU_ASSERT_EQUAL(reason_of("DEAR"), UNIVERSE_price);
    CU_ASSERT_EQUAL(reason_of("WIDE"), UNIVERSE_spread);
    CU_ASSERT_EQUAL(reason_of("EMPTY"), UNIVERSE_spread);
    CU_ASSERT_EQUAL(reason_of("SILENT"), UNIVERSE_volume);
    end();
}

/* Ages are asked for of those that would be chosen, and each but once. */
static void young_markets_wait(void)
{
    struct config with = plain_config();
    with.market_max_symbols = 2, with.market_min_age_days = 10;
    begin(with);
    list("A,B,C,D");
    CU_ASSERT_STRING_EQUAL(chosen(), "A B");
    CU_ASSERT_EQUAL(universe_next_unaged(&universe, 0), 0);
    CU_ASSERT_EQUAL(universe_next_unaged(&universe, 1), 1);
    CU_ASSERT_EQUAL(universe_next_unaged(&universe, 2), 4);
    universe_set_age(&universe, 0, now_ms - 10 * UNIVERSE_DAY_MS);
    universe_set_age(&universe, 1, now_ms - 9 * UNIVERSE_DAY_MS);
    CU_ASSERT_STRING_EQUAL(chosen(), "A C");
    CU_ASSERT_EQUAL(reason_of("B"), UNIVERSE_young);
    CU_ASSERT_EQUAL(universe_next_unaged(&universe, 0), 2);
    universe_set_age(&universe, 2, -1); /* no daily candle yet */
    CU_ASSERT_STRING_EQUAL(chosen(), "A D");
    universe_set_age(&universe, 3, now_ms - 11 * UNIVERSE_DAY_MS);
    CU_ASSERT_STRING_EQUAL(chosen(), "A D");
    CU_ASSERT_EQUAL(universe_next_unaged(&universe, 0), 4);
    settle();
    list("B,C,E"); /* A and D are not listed for a moment */
    CU_ASSERT_STRING_EQUAL(chosen(), "A D");
    settle();
    list("B,C,E");
    CU_ASSERT_STRING_EQUAL(chosen(), "C E"); /* B's age is remembered, C's was not known */
    CU_ASSERT_EQUAL(universe_next_unaged(&universe, 0), 2);
    end();
}

static void who_is_followed_keeps_a_place_within_the_margin(void)
{
    struct config with = plain_config();
    with.market_max_symbols = 20, with.market_order = "volume";
    begin(with);
    for (int round = 0; round < 4; round++) {
        /* B falls from the last place behind N0, then N1, then N2: the margin is two. */
        char symbols[400] = "";
        for (int i = 0; i < 19; i++)
            (void)snprintf(symbols + strlen(symbols), sizeof symbols - strlen(symbols), "A%02d,", i);
        (void)snprintf(symbols + strlen(symbols), sizeof symbols - strlen(symbols), "B,N0,N1,N2");
        list(symbols);
        for (int i = 0; i < 19; i++) {
            char symbol[8];
            (void)snprintf(symbol, sizeof symbol, "A%02u", (unsigned)i % 100);
            quote(symbol, 1000 - i, 1, 1, 1);
        }
        quote("B", 100, 1, 1, 1);
        quote("N0", round > 0 ? 150 : 50, 1, 1, 1), quote("N1", round > 1 ? 140 : 40, 1, 1, 1);
        quote("N2", round > 2 ? 130 : 30, 1, 1, 1);
        (void)chosen();
        CU_ASSERT_EQUAL(universe_find(&universe, "B")->chosen, round < 3);
        CU_ASSERT_EQUAL(universe_find(&universe, "N0")->chosen, round == 3);
        CU_ASSERT_FALSE(universe_find(&universe, "N1")->chosen);
        settle();
    }
    end();
}

static void one_bad_hour_is_forgiven(void)
{
    struct config with = plain_config();
    with.market_min_quote_volume = 100;
    begin(with);
    static const struct {
        double volume;
        bool followed;
    } hours[] = {{100, true}, {99, true}, {100, true}, {99, true}, {98, false}, {100, true}, {-1, true}, {-1, false}};
    for (size_t i = 0; i < sizeof hours / sizeof hours[0]; i++) {
        list("A,B");
        quote("A", 1000, 1, 1, 1), quote("B", hours[i].volume, 1, 1, 1);
        CU_ASSERT_STRING_EQUAL(chosen(), hours[i].followed ? "A B" : "A");
        settle();
    }
    end();
}

static void halted_stays_delisted_goes(void)
{
    struct config with = plain_config();
    with.market_min_quote_volume = 100, with.market_max_symbols = 2, with.market_order = "volume";
    begin(with);
    list("A,B,C");
    quote("A", 1000, 1, 1, 1), quote("B", 900, 1, 1, 1), quote("C", 800, 1, 1, 1);
    CU_ASSERT_STRING_EQUAL(chosen(), "A B");
    settle();
    for (int i = 0; i < 5; i++) {
        list("A,-B,C"); /* without a ticker, and with none of its volume left */
        quote("A", 1000, 1, 1, 1), quote("C", 800, 1, 1, 1);
        CU_ASSERT_STRING_EQUAL(chosen(), "A B");
        settle();
    }
    list("A,C");
    quote("A", 1000, 1, 1, 1), quote("C", 800, 1, 1, 1);
    CU_ASSERT_STRING_EQUAL(chosen(), "A B");
    CU_ASSERT_FALSE(universe_find(&universe, "B")->instrument.trading);
    settle();
    list("A,C");
    quote("A", 1000, 1, 1, 1), quote("C", 800, 1, 1, 1);
    CU_ASSERT_STRING_EQUAL(chosen(), "A C");
    CU_ASSERT_EQUAL(reason_of("B"), UNIVERSE_delisted);
    settle();
    CU_ASSERT_PTR_NULL(market_instrument(&market, "B"));
    end();
}

/* A row that cannot be read says nothing: who is followed stays as it was, with what was known of it. */
static void bad_rows_change_nothing(void)
{
    struct config with = plain_config();
    with.market_order = "volume";
    with.market_max_symbols = 2;
    begin(with);
    list("A,B,C");
    quote("A", 30, 1, 1, 1);
    quote("B", 20, 1, 1, 1);
    quote("C", 10, 1, 1, 1);
    CU_ASSERT_STRING_EQUAL(chosen(), "A B");
    settle();
    universe_begin(&universe);
    struct instrument b = instrument_of("B", "USDT", true), c = instrument_of("C", "USDT", true);
    universe_offer(&universe, &b);
    universe_offer(&universe, &c);
    universe_keep(&universe, &market, "A");
    universe_keep(&universe, &market, "UNKNOWN");
    CU_ASSERT_EQUAL(universe_listed(&universe, &market), 0);
    CU_ASSERT_EQUAL(universe.count, 3);
    CU_ASSERT(universe_find(&universe, "A")->listed && universe_find(&universe, "A")->instrument.trading);
    quote("C", 10, 1, 1, 1);
    universe_keep_ticker(&universe, "A");
    universe_keep_ticker(&universe, "B");
    universe_keep_ticker(&universe, "UNKNOWN");
    CU_ASSERT_STRING_EQUAL(chosen(), "A B");
    CU_ASSERT_EQUAL(universe_find(&universe, "B")->quote_volume, 20);
    end();
}

static void what_is_held_stays(void)
{
    struct config with = plain_config();
    with.market_max_symbols = 1, with.market_symbols = "A*";
    begin(with);
    list("AA,AB,BB");
    universe_hold(&universe, "BB"), universe_hold(&universe, "AB"), universe_hold(&universe, "NOSUCH");
    CU_ASSERT_STRING_EQUAL(chosen(), "AA AB BB"); /* beside max_symbols, though no word wants it */
    CU_ASSERT_EQUAL(reason_of("BB"), UNIVERSE_held);
    settle();
    for (int i = 0; i < 4; i++) {
        list("AA"); /* both are delisted */
        universe_hold(&universe, "BB");
        CU_ASSERT_STRING_EQUAL(chosen(), "AA BB");
        universe_hold_none(&universe);
        CU_ASSERT_STRING_EQUAL(chosen(), "AA");
        universe_hold(&universe, "BB");
        (void)chosen();
        settle();
    }
    end();
}

const char *const suite_name = "universe";

const struct test suite_tests[] = {
    {"patterns match as globs do", patterns_match_as_globs},
    {"words name, match and leave out", words_name_match_and_leave_out},
    {"only the quote asset counts", only_the_quote_asset_counts},
    {"bad options are refused", bad_options_are_refused},
    {"intervals are the exchange's", intervals_are_the_exchanges},
    {"the first by volume are followed", the_first_by_volume_are_followed},
    {"rules of volume, price and spread", rules_of_the_state},
    {"young markets wait", young_markets_wait},
    {"who is followed keeps a place within the margin", who_is_followed_keeps_a_place_within_the_margin},
    {"one bad hour is forgiven", one_bad_hour_is_forgiven},
    {"halted stays, delisted goes", halted_stays_delisted_goes},
    {"bad rows change nothing", bad_rows_change_nothing},
    {"what is held stays", what_is_held_stays},
    {NULL, NULL},
};
