/* The configuration: where values come from, which win, and how errors read. */
/* SPDX-License-Identifier: MIT */
#include "lib/runtime/config.h"
#include "tests/harness.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char errors[16384];

/* Loads a configuration with this file text (NULL: none) and these flags; the errors go to `errors`. */
static int load(unsigned readers, const char *yaml, const char *const *flags, struct config **out)
{
    static char path[128];
    char *argv[16] = {"test"};
    int argc = 1;
    if (yaml != NULL) {
        (void)snprintf(path, sizeof path, "%s/wick.yaml", test_directory());
        FILE *file = fopen(path, "w");
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
    {"words are taken one by one", words_are_taken_one_by_one},
    {0},
};
