/* The configuration: where values come from, which win, and how errors read. */
/* SPDX-License-Identifier: MIT */
#include "lib/runtime/config.h"
#include "tests/harness.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static char errors[65536];
static mode_t file_mode = 0600;

/* Loads a configuration with this file text (NULL: none) and these flags; the errors go to `errors`. */
static int load(unsigned readers, const char *yaml, const char *const *flags, struct config **out)
{
    static char path[128];
    char *argv[16] = {"test"};
    int argc = 1;
    if (yaml != NULL) {
        (void)snprintf(path, sizeof path, "%s/wick.yaml", test_directory());
        FILE *file = fopen(path, "w");
        (void)fchmod(fileno(file), file_mode);
        (void)fputs(yaml, file);
        (void)fclose(file);
        argv[argc++] = "--config";
        argv[argc++] = path;
    }
    for (; flags != NULL && *flags != NULL; flags++)
        argv[argc++] = (char *)(uintptr_t)*flags;
    FILE *stream = fmemopen(errors, sizeof errors, "w");
    memset(errors, 0, sizeof errors);
    int code = config_load(readers, argc, argv, stream, out);
    (void)fclose(stream);
    return code;
}

/* What is wrong with a file, or with flags: some of the lines that are written. */
static void expect_refused(const char *yaml, const char *const *flags, const char *line)
{
    struct config *config = NULL;
    int code = load(EVERY_ROLE, yaml, flags, &config);
    if (code != ERROR_CONFIGURATION || strstr(errors, line) == NULL)
        (void)fprintf(stderr, "of:\n%s%s\nexpected: %s\ngot %d: %s\n", yaml != NULL ? yaml : "",
                      flags != NULL ? flags[0] : "", line, code, errors);
    CU_ASSERT_EQUAL(code, ERROR_CONFIGURATION);
    CU_ASSERT_PTR_NOT_NULL(strstr(errors, line));
    if (code == 0)
        config_destroy(config);
}

static void expect_flag_refused(const char *flag, const char *line)
{
    const char *const flags[] = {flag, NULL};
    expect_refused(NULL, flags, line);
}

static const struct option_row *option(const char *section, const char *key)
{
    for (size_t i = 0; i < option_count; i++)
        if (strcmp(options[i].section, section) == 0 && strcmp(options[i].key, key) == 0)
            return &options[i];
    CU_FAIL_FATAL("no such option");
    return NULL;
}

static void defaults_are_valid(void)
{
    struct config *config;
    CU_ASSERT_EQUAL_FATAL(load(EVERY_ROLE, NULL, NULL, &config), 0);
    CU_ASSERT_STRING_EQUAL(errors, "");
    CU_ASSERT_EQUAL(config->market_max_symbols, 250);
    CU_ASSERT_EQUAL(config->trader_stake, 10000000000);
    CU_ASSERT_STRING_EQUAL(config_origin(config, option("market", "max_symbols")), "default");
    config_destroy(config);
}

static void the_nearer_source_wins(void)
{
    struct config *config;
    static const char *const flags[] = {"--market.max_symbols", "7", "--sma_cross.enabled=false", NULL};
    (void)setenv("WICK_MARKET__MAX_SYMBOLS", "6", 1);
    (void)setenv("WICK_MARKET__HISTORY", "60", 1);
    CU_ASSERT_EQUAL_FATAL(load(EVERY_ROLE, "market:\n  max_symbols: 5\n  history: 70\n  intervals: [1m, 5m]\n", flags,
                               &config), 0);
    CU_ASSERT_EQUAL(config->market_max_symbols, 7);
    CU_ASSERT_EQUAL(config->market_history, 60);
    CU_ASSERT_STRING_EQUAL(config->market_intervals, "1m,5m");
    CU_ASSERT_FALSE(config->sma_cross_enabled);
    CU_ASSERT_STRING_EQUAL(config_origin(config, option("market", "history")), "environment WICK_MARKET__HISTORY");
    CU_ASSERT_PTR_NOT_NULL(strstr(config_origin(config, option("market", "intervals")), "wick.yaml:4:"));
    (void)unsetenv("WICK_MARKET__MAX_SYMBOLS");
    (void)unsetenv("WICK_MARKET__HISTORY");
    config_destroy(config);
}

static void every_error_is_reported_with_its_place(void)
{
    struct config *config;
    (void)setenv("WICK_MARKET__NONSENSE", "1", 1);
    CU_ASSERT_EQUAL(load(EVERY_ROLE,
                         "limits:\n  open_positions: 25x\n  stakes: 3\n  stake: 1e3\nmarkets:\n  a: b\ntrader:\n"
                         "  start_cash: [1]\n",
                         NULL, &config),
                    ERROR_CONFIGURATION);
    (void)unsetenv("WICK_MARKET__NONSENSE");
    CU_ASSERT_PTR_NOT_NULL(strstr(errors, "wick.yaml:2:19: error: limits.open_positions: '25x' is not an integer from "
                                          "1 to 1000"));
    CU_ASSERT_PTR_NOT_NULL(strstr(errors, "wick.yaml:3:3: error: unknown option 'stakes' in section 'limits'"));
    CU_ASSERT_PTR_NOT_NULL(strstr(errors, "wick.yaml:4:10: error: limits.stake: '1e3' is not a decimal number"));
    CU_ASSERT_PTR_NOT_NULL(strstr(errors, "wick.yaml:5:1: error: unknown section 'markets'"));
    CU_ASSERT_PTR_NOT_NULL(strstr(errors, "wick.yaml:8:3: error: trader.start_cash: expected a decimal number"));
    CU_ASSERT_PTR_NOT_NULL(strstr(errors, "environment WICK_MARKET__NONSENSE: error: there is no such option"));
    CU_ASSERT_PTR_NOT_NULL(strstr(error_message(), "6 error(s)"));
}

static void broken_yaml_is_reported_with_its_place(void)
{
    struct config *config;
    CU_ASSERT_EQUAL(load(EVERY_ROLE, "market:\n  history: [1\n", NULL, &config), ERROR_CONFIGURATION);
    CU_ASSERT_PTR_NOT_NULL(strstr(errors, "wick.yaml:"));
    CU_ASSERT_EQUAL(load(EVERY_ROLE, "- a\n", NULL, &config), ERROR_CONFIGURATION);
    CU_ASSERT_EQUAL_FATAL(load(EVERY_ROLE, "# nothing\n", NULL, &config), 0);
    config_destroy(config);
}

static void what_is_no_text_is_not_parsed(void)
{
    struct config *config;
    CU_ASSERT_EQUAL(load(EVERY_ROLE, "%YAML 1.2\n", NULL, &config), ERROR_CONFIGURATION);
    CU_ASSERT_PTR_NOT_NULL(strstr(errors, "wick.yaml:1:1: error: a YAML directive"));
    CU_ASSERT_EQUAL(load(EVERY_ROLE, "market:\n  quote_asset: U\305\n", NULL, &config), ERROR_CONFIGURATION);
    CU_ASSERT_PTR_NOT_NULL(strstr(errors, "wick.yaml:2:17: error: byte 0xc5, expected text in UTF-8"));
    CU_ASSERT_EQUAL(load(EVERY_ROLE, "# \001\n", NULL, &config), ERROR_CONFIGURATION);
    CU_ASSERT_PTR_NOT_NULL(strstr(errors, "wick.yaml:1:3: error: byte 0x01"));
    CU_ASSERT_EQUAL_FATAL(load(EVERY_ROLE, "# 100 % gr\303\266\303\237er\n", NULL, &config), 0);
    config_destroy(config);
}

static void a_missing_file_is_an_error(void)
{
    struct config *config;
    static const char *const flags[] = {"--config=/nowhere/wick.yaml", NULL};
    CU_ASSERT_EQUAL(load(EVERY_ROLE, NULL, flags, &config), ERROR_CONFIGURATION);
    CU_ASSERT_PTR_NOT_NULL(strstr(errors, "/nowhere/wick.yaml: error: cannot read the file: No such file"));
}

static void unknown_flags_are_usage(void)
{
    struct config *config;
    static const char *const unknown[] = {"--market.nonsense", "1", NULL}, *const bare[] = {"--market.history", NULL};
    CU_ASSERT_EQUAL(load(EVERY_ROLE, NULL, unknown, &config), ERROR_ARGUMENT);
    CU_ASSERT_PTR_NOT_NULL(strstr(error_message(), "--market.nonsense"));
    CU_ASSERT_EQUAL(load(EVERY_ROLE, NULL, bare, &config), ERROR_ARGUMENT);
    CU_ASSERT_PTR_NOT_NULL(strstr(error_message(), "needs a value"));
}

static void secrets_reach_their_readers_only_and_leave_the_environment(void)
{
    struct config *config;
    static const char canary[] = "canary-5f3a";
    (void)setenv("EXCHANGE_API_SECRET", canary, 1);
    const char *in_environment = getenv("EXCHANGE_API_SECRET");
    CU_ASSERT_EQUAL_FATAL(load(ROLE_BIT(TRADER), NULL, NULL, &config), 0);
    CU_ASSERT_STRING_EQUAL(secret_reveal(&config->exchange_api_secret), canary);
    CU_ASSERT_PTR_NULL(getenv("EXCHANGE_API_SECRET"));
    CU_ASSERT_STRING_EQUAL(in_environment, ""); /* erased, not only unset */
    char *printed = NULL;
    size_t size;
    FILE *stream = open_memstream(&printed, &size);
    for (size_t i = 0; i < option_count; i++)
        config_print_value(config, &options[i], stream);
    (void)fclose(stream);
    CU_ASSERT_PTR_NULL(strstr(printed, canary));
    free(printed);
    config_destroy(config);
    (void)setenv("EXCHANGE_API_SECRET", canary, 1);
    CU_ASSERT_EQUAL_FATAL(load(ROLE_BIT(ANALYZER), NULL, NULL, &config), 0);
    CU_ASSERT_FALSE(secret_is_given(&config->exchange_api_secret));
    CU_ASSERT_PTR_NULL(getenv("EXCHANGE_API_SECRET"));
    config_destroy(config);
}

static void a_secret_is_not_repeated_in_errors(void)
{
    struct config *config;
    CU_ASSERT_EQUAL(load(EVERY_ROLE, "links:\n  secret_key: canary-that-is-much-longer-than-forty-characters\n", NULL,
                         &config), ERROR_CONFIGURATION);
    CU_ASSERT_PTR_NULL(strstr(errors, "canary"));
    CU_ASSERT_PTR_NULL(strstr(error_message(), "canary"));
}

static void the_sample_is_valid_and_names_every_option(void)
{
    struct config *config;
    char *sample = NULL;
    size_t size;
    FILE *stream = open_memstream(&sample, &size);
    config_print_sample(stream);
    (void)fclose(stream);
    for (size_t i = 0; i < option_count; i++) {
        char line[64];
        (void)snprintf(line, sizeof line, "\n  #%s: ", options[i].key);
        CU_ASSERT_PTR_NOT_NULL(strstr(sample, line));
    }
    for (char *at = sample; (at = strstr(at, "\n  #")) != NULL; at++) /* "  #key: value" becomes "   key: value" */
        if (at[4] != ' ')
            at[3] = ' ';
    CU_ASSERT_EQUAL_FATAL(load(EVERY_ROLE, sample, NULL, &config), 0);
    CU_ASSERT_STRING_EQUAL(errors, "");
    free(sample);
    config_destroy(config);
}

/* ---- words that YAML takes for something else ---- */

static void words_that_lack_their_quotes_are_shown_with_them(void)
{
    static const struct {
        const char *yaml, *line;
    } cases[] = {
        {"market:\n  symbols: *USDC\n", "wick.yaml:2:12: error: market.symbols: * begins an alias in YAML; write the word "
                                        "in quotes: \"*USDC\""},
        {"market:\n  symbols: [ABCUSDT, !*BULLUSDT]\n", "wick.yaml:2:22: error: market.symbols: ! begins a tag in YAML; "
                                                       "write the word in quotes: \"!*BULLUSDT\""},
        {"market:\n  symbols:\n  - \"*\"\n  - !ABCUSDT # not this\n", "wick.yaml:4:5: error: market.symbols: ! begins a "
                                                                     "tag in YAML; write the word in quotes: \"!ABCUSDT\"\n"},
        {"market:\n  symbols: *USDC, !*BULLUSDT\n", "write the word in quotes: \"*USDC, !*BULLUSDT\""},
        {"market:\n  symbols: [*, ABC*]\n", "write the word in quotes: \"*\""},
        {"market:\n  symbols: !ABC*,*USDC\n", "quotes: \"!ABC*,*USDC\""},
        {"market: &all\n  symbols: ABC\n", "wick.yaml:1:1: error: & begins an anchor in YAML, which is not taken here"},
        {"market:\n  symbols: &some ABC\n", "error: & begins an anchor"},
        {"market:\n  history: !!int 60\n", "error: market.history: ! begins a tag"},
        {"<<: *all\n", "error: * begins an alias"},
        {"*all : 1\n", "error: * begins an alias"},
        {"market:\n\thistory: 60\n", "wick.yaml:2:1: error: "},
        {"market:\n  history: 60\n---\nmarket:\n  history: 70\n", "wick.yaml:1:1: error: the file holds several documents"},
        {"market:\n  history: 60\nlimits:\nmarket:\n  order: name\n", "wick.yaml:4:1: error: section 'market' stands here "
                                                                    "again, first in line 1"},
        {"market:\n  history: 60\n  order: name\n  history: 70\n", "wick.yaml:4:3: error: option 'history' stands here "
                                                                 "again, first in line 2"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        expect_refused(cases[i].yaml, NULL, cases[i].line);
}

static void marks_and_line_ends_of_other_editors_are_read(void)
{
    struct config *config;
    CU_ASSERT_EQUAL_FATAL(load(EVERY_ROLE, "\xef\xbb\xbfmarket:\r\n  symbols: [ABCUSDT, \"!*UPUSDT\"]\r\n"
                                           "exchange:\r\n  name: KraKen\r\n", NULL, &config), 0);
    CU_ASSERT_STRING_EQUAL(config->market_symbols, "ABCUSDT,!*UPUSDT");
    CU_ASSERT_STRING_EQUAL(config->exchange_name, "kraken");
    config_destroy(config);
}

/* ---- values that would fail later ---- */

static void the_form_of_each_text_is_checked(void)
{
    static const struct {
        const char *flag, *line;
    } cases[] = {
        {"--market.order=random", "flag --market.order: error: market.order: 'random' is not one of volume, name"},
        {"--market.order=volum", "; did you mean 'volume'?"},
        {"--process.log_level=warning", "is not one of debug, info, warn, error; did you mean 'warn'?"},
        {"--exchange.name=coinbasepro", "is not one of binance, kraken, okx, bybit, coinbase, simulated; did you mean 'coinbase'?"},
        {"--market.intervals=1m,7m", "market.intervals: '7m' is not an interval; expected 1m 3m 5m"},
        {"--market.intervals=,", "market.intervals: ',' is not intervals"},
        {"--market.symbols=xyzusdt", "'xyzusdt' is not a market"},
        {"--market.symbols=!*upusdt", "; did you mean '!*UPUSDT'?"},
        {"--market.symbols=XYZ/USDT", "'XYZ/USDT' is not spelled as binance does; did you mean 'XYZUSDT'?"},
        {"--market.symbols=XYZ,!X*", "'XYZ' is both named and left out"},
        {"--market.quote_asset=usdc", "is not an asset in capital letters and digits, as USDT; did you mean 'USDC'?"},
        {"--database.retention=1m=30", "database.retention: '1m=30' is not INTERVAL=DAYSd"},
        {"--database.retention=7m=3d", "database.retention: '7m=3d' is not"},
        {"--database.retention=1h=3d, 1h=4d", "database.retention: 1h is given twice"},
        {"--dashboard.password=elevenchars", "dashboard.password: expected secret of 12 to 255 bytes"},
        {"--dashboard.password_hash=correcthorsebattery", "dashboard.password_hash: expected an Argon2id hash"},
        {"--dashboard.address=[::1]", "dashboard.address: '[::1]' stands in brackets; expected '::1'"},
        {"--dashboard.address=here and there", "is not an IPv4 or IPv6 address or a host's name"},
        {"--exchange.url=ftp://example.org", "is not a URL of scheme http, https"},
        {"--exchange.stream_url=no", "is not a URL of scheme ws, wss, none"},
        {"--links.trader_key=short", "links.trader_key: expected a CURVE key, 40 characters of Z85"},
        {"--database.url=mysql://me:hidden-word@db/wick", "database.url: unknown scheme 'mysql'; expected sqlite:PATH or"},
        {"--database.url=me:hidden-word@db/wick", "database.url: expected sqlite:PATH or postgresql://..."},
        {"--database.url=sqlite:", "database.url: expected sqlite:PATH"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        expect_flag_refused(cases[i].flag, cases[i].line);
        CU_ASSERT_PTR_NULL(strstr(errors, "hidden-word"));
        CU_ASSERT_PTR_NULL(strstr(errors, "elevenchars"));
        CU_ASSERT_PTR_NULL(strstr(errors, "correcthorse"));
    }
}

static void what_does_not_go_together_is_refused(void)
{
    static const struct {
        const char *yaml, *line;
    } cases[] = {
        {"sma_cross:\n  fast: 40\n", "wick.yaml:2:9: error: sma_cross.fast is 40, it must be below sma_cross.slow, which "
                                     "is 30"},
        {"sma_cross:\n  slow: 10\n", "wick.yaml:2:9: error: sma_cross.fast is 10, it must be below sma_cross.slow"},
        {"rsi_reversion: {oversold: 71}\n", "error: rsi_reversion.oversold is 71, it must be below"},
        {"trader:\n  stake: 1000.5\n", "wick.yaml:2:10: error: trader.stake is 1000.5, it must be at most limits.stake, which "
                                       "is 1000"},
        {"market: {min_price: 2, max_price: 1}\n", "error: market.min_price is 2, it must be at most market.max_price"},
        {"database: {pool_min: 11}\n", "error: database.pool_min is 11, it must be at most database.pool_size"},
        {"market: {symbols: \"A1,B1,C1\", max_symbols: 2}\n", "error: market.symbols names 3 markets, market.max_symbols "
                                                           "allows 2"},
        {"sma_cross: {enabled: false}\nrsi_reversion: {enabled: false}\ndonchian_breakout: {enabled: false}\n",
         "wick.yaml:3:30: error: no strategy is enabled"},
        {"exchange: {name: okx}\nmarket: {symbols: AB/CD}\n", "is not spelled as okx does; did you mean 'AB-CD'?"},
    };
    struct config *config;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        expect_refused(cases[i].yaml, NULL, cases[i].line);
    expect_refused("sma_cross: {fast: x, slow: 5}\n", NULL, "'x' is not an integer");
    CU_ASSERT_PTR_NULL(strstr(errors, "must be below")); /* what was refused is not compared */
    CU_ASSERT_EQUAL_FATAL(load(EVERY_ROLE, "sma_cross: {fast: 40, enabled: false}\nmarket: {min_price: 5}\n"
                                           "trader: {stake: 1000}\n", NULL, &config), 0);
    config_destroy(config);
}

static void names_that_were_mistyped_are_guessed(void)
{
    struct config *config;
    static const char *const flag[] = {"--market.max_symbol=3", NULL}, *const secret[] = {"--database.ulr=hidden-word", NULL};
    expect_refused("market:\n  max_symbls: 3\n", NULL, "unknown option 'max_symbls' in section 'market'; did you mean "
                                                        "'max_symbols'?");
    expect_refused("trader:\n  max_symbols: 3\n", NULL, "unknown option 'max_symbols' in section 'trader'; it belongs into "
                                                         "section 'market'");
    expect_refused("makret: {}\n", NULL, "unknown section 'makret'; did you mean 'market'?");
    (void)setenv("WICK_TRADER_STAKE", "5", 1);
    expect_refused(NULL, NULL, "environment WICK_TRADER_STAKE: error: there is no such option; did you mean "
                               "'WICK_TRADER__STAKE'?");
    (void)unsetenv("WICK_TRADER_STAKE");
    CU_ASSERT_EQUAL(load(EVERY_ROLE, NULL, flag, &config), ERROR_ARGUMENT);
    CU_ASSERT_PTR_NOT_NULL(strstr(error_message(), "'--market.max_symbol'; did you mean '--market.max_symbols'?"));
    CU_ASSERT_EQUAL(load(EVERY_ROLE, NULL, secret, &config), ERROR_ARGUMENT);
    CU_ASSERT_PTR_NULL(strstr(error_message(), "hidden-word"));
}

static void quotes_that_an_environment_file_keeps_are_taken_off(void)
{
    struct config *config;
    (void)setenv("WICK_MARKET__SYMBOLS", "\"ABCUSDT,XYZUSDT\"", 1);
    (void)setenv("DATABASE_URL", "'sqlite:other.db'", 1);
    CU_ASSERT_EQUAL_FATAL(load(EVERY_ROLE, NULL, NULL, &config), 0);
    CU_ASSERT_STRING_EQUAL(config->market_symbols, "ABCUSDT,XYZUSDT");
    CU_ASSERT_STRING_EQUAL(secret_reveal(&config->database_url), "sqlite:other.db");
    config_destroy(config);
    (void)unsetenv("WICK_MARKET__SYMBOLS");
    (void)setenv("DASHBOARD_PASSWORD", "'hidden words'", 1); /* they may belong to it */
    expect_refused(NULL, NULL, "environment DASHBOARD_PASSWORD: error: dashboard.password: the value stands in quotes");
    CU_ASSERT_PTR_NULL(strstr(errors, "hidden"));
    CU_ASSERT_PTR_NULL(getenv("DASHBOARD_PASSWORD"));
}

/* ---- secrets ---- */

static void no_error_shows_what_stands_near_a_secret(void)
{
    static const char *const texts[] = {
        "dashboard:\n  password: \"canary-one\\q\"\n",
        "dashboard:\n  password: 'canary-one\n",
        "dashboard:\n  password: *canary-one\n",
        "dashboard:\n  password: !canary-one two\n",
        "dashboard:\n  password: &canary-one two\n",
        "dashboard:\n  password: [canary-one, canary-two]\n",
        "dashboard:\n  password canary-one\n",
        "dashboard:\n  canary one: 1\n",
        "dashboard: canary-one\n",
        "canary-one: and:\n",
        "exchange:\n  api_secret: canary-one: x\n",
        "exchange:\n  api_secret: canary-one\n api_key: canary-two\n",
        "database:\n  url: postgres//me:canary-one@db\n",
        "database:\n  url postgresql://me:canary-one@db: x\n",
        "exchange:\n  url: me:canary-one@proxy\n",
    };
    struct config *config;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        CU_ASSERT_EQUAL(load(EVERY_ROLE, texts[i], NULL, &config), ERROR_CONFIGURATION);
        bool is_name = strncmp(texts[i], "canary-one:", 11) == 0; /* a section's name is no secret */
        if (!is_name && strstr(errors, "canary") != NULL)
            (void)fprintf(stderr, "of:\n%swas shown: %s\n", texts[i], errors);
        CU_ASSERT(is_name || strstr(errors, "canary") == NULL);
        CU_ASSERT_PTR_NULL(strstr(error_message(), "canary"));
    }
}

static void secrets_of_a_file_that_all_may_read_are_refused(void)
{
    static const char *const with[] = {"dashboard: {password: canary-one-two}\n", "exchange: {api_key: canary-one}\n",
                                       "database:\n  url: \"postgresql://me:canary-one@db/wick\"\n"};
    static const char without[] = "database:\n  url: postgresql://me@db/wick\nmarket:\n  history: 60\n";
    struct config *config;
    for (size_t i = 0; i < sizeof with / sizeof with[0]; i++) {
        file_mode = 0604;
        expect_refused(with[i], NULL, "everybody may read this file (mode 0604), and it holds a secret: chmod o-r ");
        CU_ASSERT_PTR_NULL(strstr(errors, "canary"));
        file_mode = 0640;
        CU_ASSERT_EQUAL_FATAL(load(EVERY_ROLE, with[i], NULL, &config), 0);
        config_destroy(config);
    }
    file_mode = 0644;
    CU_ASSERT_EQUAL_FATAL(load(EVERY_ROLE, without, NULL, &config), 0);
    config_destroy(config);
    file_mode = 0600;
}

static void words_are_taken_one_by_one(void)
{
    const char *at = " 1m,5m , 1h";
    char word[8];
    CU_ASSERT(config_next_word(&at, word, sizeof word) && strcmp(word, "1m") == 0);
    CU_ASSERT(config_next_word(&at, word, sizeof word) && strcmp(word, "5m") == 0);
    CU_ASSERT(config_next_word(&at, word, sizeof word) && strcmp(word, "1h") == 0);
    CU_ASSERT_FALSE(config_next_word(&at, word, sizeof word));
}

const char *const suite_name = "config";
const struct test suite_tests[] = {
    {"defaults are valid", defaults_are_valid},
    {"the nearer source wins", the_nearer_source_wins},
    {"every error is reported with its place", every_error_is_reported_with_its_place},
    {"broken YAML is reported with its place", broken_yaml_is_reported_with_its_place},
    {"what is no text is not parsed", what_is_no_text_is_not_parsed},
    {"a missing file is an error", a_missing_file_is_an_error},
    {"unknown flags are usage", unknown_flags_are_usage},
    {"secrets reach their readers only and leave the environment",
     secrets_reach_their_readers_only_and_leave_the_environment},
    {"a secret is not repeated in errors", a_secret_is_not_repeated_in_errors},
    {"the sample is valid and names every option", the_sample_is_valid_and_names_every_option},
    {"words that lack their quotes are shown with them", words_that_lack_their_quotes_are_shown_with_them},
    {"marks and line ends of other editors are read", marks_and_line_ends_of_other_editors_are_read},
    {"the form of each text is checked", the_form_of_each_text_is_checked},
    {"what does not go together is refused", what_does_not_go_together_is_refused},
    {"names that were mistyped are guessed", names_that_were_mistyped_are_guessed},
    {"quotes that an environment file keeps are taken off", quotes_that_an_environment_file_keeps_are_taken_off},
    {"no error shows what stands near a secret", no_error_shows_what_stands_near_a_secret},
    {"secrets of a file that all may read are refused", secrets_of_a_file_that_all_may_read_are_refused},
    {"words are taken one by one", words_are_taken_one_by_one},
    {0},
};
