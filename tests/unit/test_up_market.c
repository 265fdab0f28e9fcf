/* What `wick up` follows, and that a data directory holds one market's data. */
/* SPDX-License-Identifier: MIT */
#include "tests/harness.h"
#include "tests/unit/up_parts.h"
#include "tools/common/market_file.h"
#include "tools/up/market.h"
#include "tools/up/options.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *const suite_name = "up market";

static void choose(const struct up_options *asked, int wanted, struct market *market)
{
    static char name[NAME_SIZE];
    struct config *config = load_config();
    CU_ASSERT_EQUAL(market_choose(asked, config, market), wanted);
    (void)snprintf(name, sizeof name, "%s", market->exchange); /* it may be the configuration's */
    market->exchange = name;
    config_destroy(config);
}

static void markets_have_their_defaults(void)
{
    struct market market;
    choose(&(struct up_options){.analyzers = 1}, 0, &market);
    CU_ASSERT_EQUAL(market.kind, MARKET_GENERATED);
    CU_ASSERT_STRING_EQUAL(market.exchange, "simulated");
    CU_ASSERT_EQUAL(market.speed, 20);
    CU_ASSERT_EQUAL(market.symbols, 250);
    CU_ASSERT_STRING_EQUAL(market.intervals, "1m");
    choose(&(struct up_options){.exchange = "binance"}, 0, &market);
    CU_ASSERT_EQUAL(market.kind, MARKET_REAL);
    CU_ASSERT_EQUAL(market.speed, 1);
    choose(&(struct up_options){.exchange = "binance", .speed = 2}, ERROR_ARGUMENT, &market);
    choose(&(struct up_options){.exchange = "simulated", .speed = 2}, 0, &market);
    CU_ASSERT_EQUAL(market.kind, MARKET_GENERATED);
    choose(&(struct up_options){.exchange = "nowhere"}, ERROR_ARGUMENT, &market);
    CU_ASSERT_PTR_NOT_NULL(strstr(error_message(), "binance"));
}

static void a_configured_address_is_followed_as_it_is(void)
{
    struct market market;
    (void)setenv("WICK_EXCHANGE__URL", "http://127.0.0.1:1234", 1);
    choose(&(struct up_options){.analyzers = 1}, 0, &market);
    CU_ASSERT_EQUAL(market.kind, MARKET_REAL);
    choose(&(struct up_options){.replay = make_directory("over-url", "BTCUSDT_1h.csv.gz")}, 0, &market);
    CU_ASSERT_EQUAL(market.kind, MARKET_REPLAYED);
    CU_ASSERT_STRING_EQUAL(market.exchange, "simulated");
    (void)unsetenv("WICK_EXCHANGE__URL");
}

static void a_configured_name_is_followed(void)
{
    struct market market;
    (void)setenv("WICK_EXCHANGE__NAME", "kraken", 1);
    choose(&(struct up_options){.analyzers = 1}, 0, &market);
    CU_ASSERT_EQUAL(market.kind, MARKET_REAL);
    CU_ASSERT_STRING_EQUAL(market.exchange, "kraken");
    choose(&(struct up_options){.exchange = "simulated"}, 0, &market);
    CU_ASSERT_EQUAL(market.kind, MARKET_GENERATED);
    CU_ASSERT_STRING_EQUAL(market.exchange, "simulated");
    (void)setenv("WICK_EXCHANGE__NAME", "simulated", 1);
    choose(&(struct up_options){.analyzers = 1}, 0, &market);
    CU_ASSERT_EQUAL(market.kind, MARKET_GENERATED);
    (void)setenv("WICK_EXCHANGE__URL", "http://127.0.0.1:1234", 1);
    (void)setenv("WICK_EXCHANGE__SPEED", "50", 1);
    choose(&(struct up_options){.analyzers = 1}, 0, &market);
    CU_ASSERT_EQUAL(market.kind, MARKET_REAL);
    CU_ASSERT_STRING_EQUAL(market.exchange, "simulated");
    CU_ASSERT_EQUAL(market.speed, 50);
    (void)unsetenv("WICK_EXCHANGE__SPEED");
    (void)unsetenv("WICK_EXCHANGE__URL");
    (void)unsetenv("WICK_EXCHANGE__NAME");
}

static void a_replay_tells_interval_and_count(void)
{
    struct market market;
    const char *path = make_directory("replay", "BTCUSDT_5m.csv.gz ETHUSDT_5m.csv notes.txt x.csv.gz");
    choose(&(struct up_options){.replay = path}, 0, &market);
    CU_ASSERT_EQUAL(market.kind, MARKET_REPLAYED);
    CU_ASSERT_STRING_EQUAL(market.intervals, "5m");
    CU_ASSERT_EQUAL(market.symbols, 2);
    CU_ASSERT_EQUAL(market.speed, 1);
    CU_ASSERT_EQUAL(market.replay_dir[0], '/');
    choose(&(struct up_options){.replay = path, .symbols = 1, .speed = 600}, 0, &market);
    CU_ASSERT_EQUAL(market.symbols, 1);
    CU_ASSERT_EQUAL(market.speed, 600);
}

static void a_directory_that_cannot_be_replayed_is_refused(void)
{
    static const struct {
        const char *files;
        int code;
    } cases[] = {
        {"", ERROR_MISSING},
        {"BTCUSDT.csv.gz _5m.csv.gz BTCUSDT_5m.csv.bz2 BTCUSDT_.csv.gz .csv.gz BTCUSDT_7m.csv", ERROR_MISSING},
        {"BTCUSDT_5m.csv.gz ETHUSDT_1m.csv.gz", ERROR_SYNTAX},
    };
    struct market market;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char name[16];
        (void)snprintf(name, sizeof name, "bad-%zu", i);
        choose(&(struct up_options){.replay = make_directory(name, cases[i].files)}, cases[i].code, &market);
        CU_ASSERT_PTR_NOT_NULL(strstr(error_message(), name));
    }
    choose(&(struct up_options){.replay = "/no/such/directory"}, ERROR_SYSTEM, &market);
}

static void a_directory_belongs_to_one_market(void)
{
    const char *data_dir = make_directory("belongs", "");
    struct market generated = {.kind = MARKET_GENERATED, .exchange = "simulated", .speed = 20};
    struct market again = generated, real = {.kind = MARKET_REAL, .exchange = "binance"};
    CU_ASSERT_EQUAL(market_open(data_dir, &generated), 0);
    CU_ASSERT_NOT_EQUAL(generated.origin_exchange_ms, 0);
    CU_ASSERT_EQUAL(market_open(data_dir, &again), 0);
    CU_ASSERT_EQUAL(again.seed, generated.seed);
    CU_ASSERT_EQUAL(market_open(data_dir, &real), ERROR_EXISTS);
    CU_ASSERT_PTR_NOT_NULL(strstr(error_message(), "(simulated generated "));
    CU_ASSERT_PTR_NOT_NULL(strstr(error_message(), "(exchange binance); give another --data"));
    real.kind = MARKET_REPLAYED;
    CU_ASSERT_EQUAL(market_open(data_dir, &real), ERROR_EXISTS);
}

static void an_import_is_of_the_directorys_exchange(void)
{
    static const struct {
        const char *held, *exchange;
        int code;
    } cases[] = {
        {NULL, "kraken", 0},
        {"exchange kraken", "kraken", 0},
        {"exchange kraken", "binance", ERROR_EXISTS},
        {"exchange kraken", "krake", ERROR_EXISTS},
        {"exchange kraken", "exchange", ERROR_EXISTS},
        {"simulated generated 7", "simulated", 0},
        {"simulated replayed /some/folder", "simulated", 0},
        {"simulated generated 7", "binance", ERROR_EXISTS},
        {"generated 7", "simulated", ERROR_EXISTS}, /* of an earlier version, which stored it as Binance's: neither the */
        {"generated 7", "binance", ERROR_EXISTS},   /* simulator's of today nor Binance's own go into it */
        {"replayed /some/folder", "binance", ERROR_EXISTS},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char name[16], line[MARKET_FILE_SIZE];
        (void)snprintf(name, sizeof name, "import-%zu", i);
        const char *data_dir = make_directory(name, "");
        if (cases[i].held != NULL)
            CU_ASSERT_EQUAL(market_file_tie(data_dir, cases[i].held), 0);
        CU_ASSERT_EQUAL(market_file_tie_exchange(data_dir, cases[i].exchange), cases[i].code);
        CU_ASSERT(cases[i].code == 0 || strstr(error_message(), cases[i].held) != NULL);
        CU_ASSERT(cases[i].code == 0 || strstr(error_message(), cases[i].exchange) != NULL);
        CU_ASSERT_EQUAL(market_file_read(data_dir, line), 0);
        CU_ASSERT_STRING_EQUAL(line, cases[i].held != NULL ? cases[i].held : "exchange kraken");
    }
    struct market simulated = {.kind = MARKET_GENERATED, .exchange = "simulated", .speed = 20};
    CU_ASSERT_EQUAL(market_open(make_directory("import-0", ""), &simulated), ERROR_EXISTS);
    CU_ASSERT_PTR_NOT_NULL(strstr(error_message(), "(exchange kraken)"));
    CU_ASSERT_PTR_NOT_NULL(strstr(error_message(), "simulated"));
}

static void the_exchanges_clock_never_goes_back(void)
{
    const char *data_dir = make_directory("clock", "");
    struct market first = {.kind = MARKET_GENERATED, .speed = 100}, second = first, third = first;
    CU_ASSERT_EQUAL(market_open(data_dir, &first), 0);
    int64_t now_ms = first.origin_monotonic_ms + 10000;
    CU_ASSERT_EQUAL(market_clock_ms(&first, now_ms), first.origin_exchange_ms + 1000000);
    CU_ASSERT_EQUAL(market_save_clock(data_dir, &first, now_ms, false), 0);
    CU_ASSERT_EQUAL(market_open(data_dir, &second), 0);
    CU_ASSERT_EQUAL(second.origin_exchange_ms, market_clock_ms(&first, now_ms + MARKET_CLOCK_AHEAD_MS));
    CU_ASSERT_EQUAL(market_save_clock(data_dir, &second, second.origin_monotonic_ms + 1, true), 0);
    CU_ASSERT_EQUAL(market_open(data_dir, &third), 0);
    CU_ASSERT_EQUAL(third.origin_exchange_ms, second.origin_exchange_ms + 100);
}

static void a_replays_clock_is_learnt_once(void)
{
    const char *data_dir = make_directory("learnt", "");
    struct market market = {.kind = MARKET_REPLAYED, .speed = 600};
    CU_ASSERT_EQUAL(market_open(data_dir, &market), 0);
    CU_ASSERT_EQUAL(market.origin_exchange_ms, 0);
    CU_ASSERT_EQUAL(market_save_clock(data_dir, &market, 1, true), 0);
    market_learn_clock(&market, "time=x level=info process=simulator event=something");
    CU_ASSERT_EQUAL(market.origin_exchange_ms, 0);
    market_learn_clock(&market, "event=ready port=1 origin_monotonic_ms=17 origin_exchange_ms=1734739200000");
    CU_ASSERT_EQUAL(market.origin_monotonic_ms, 17);
    CU_ASSERT_EQUAL(market.origin_exchange_ms, 1734739200000);
    market_learn_clock(&market, "event=ready port=1 origin_monotonic_ms=18 origin_exchange_ms=1734739200001");
    CU_ASSERT_EQUAL(market.origin_monotonic_ms, 17);
}

const struct test suite_tests[] = {
    {"markets have their defaults", markets_have_their_defaults},
    {"a configured address is followed as it is", a_configured_address_is_followed_as_it_is},
    {"a configured name is followed", a_configured_name_is_followed},
    {"a replay tells interval and count", a_replay_tells_interval_and_count},
    {"a directory that cannot be replayed is refused", a_directory_that_cannot_be_replayed_is_refused},
    {"a directory belongs to one market", a_directory_belongs_to_one_market},
    {"an import is of the directory's exchange", an_import_is_of_the_directorys_exchange},
    {"the exchange's clock never goes back", the_exchanges_clock_never_goes_back},
    {"a replay's clock is learnt once", a_replays_clock_is_learnt_once},
    {NULL, NULL},
};
