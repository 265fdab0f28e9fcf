/* What two options must not be together. What an exchange can do is not known here: lib/exchange checks that. */
/* SPDX-License-Identifier: MIT */
#include "lib/runtime/config_value.h"

#include "lib/runtime/symbol_words.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

#define NO_OPTION SIZE_MAX
#define VALUE(section, key) offsetof(struct config, section##_##key)

/* `low` must be below `high`, or equal to it where equality is allowed. */
static const struct order_rule {
    size_t low, high;  /* integers or amounts, as offsets in struct config */
    size_t enabled_by; /* a BOOL without which the rule does not hold; NO_OPTION: it always holds */
    bool or_equal;
    bool zero_is_off; /* a `high` of 0 is no bound */
} order_rules[] = {
    {VALUE(sma_cross, fast), VALUE(sma_cross, slow), VALUE(sma_cross, enabled), false, false},
    {VALUE(rsi_reversion, oversold), VALUE(rsi_reversion, overbought), VALUE(rsi_reversion, enabled), false, false},
    {VALUE(market, min_price), VALUE(market, max_price), NO_OPTION, true, true},
    {VALUE(trader, stake), VALUE(limits, stake), NO_OPTION, true, false},
    {VALUE(database, pool_min), VALUE(database, pool_size), NO_OPTION, true, false},
};

/* At least one of these must be true. */
static const size_t strategies_enabled[] = {
    VALUE(sma_cross, enabled),
    VALUE(rsi_reversion, enabled),
    VALUE(donchian_breakout, enabled),
};

static const struct {
    const char *name, *separator;
} spellings[] = {
#define EXCHANGE(name, separator) {#name, separator},
#include "proto/exchanges.def"
#undef EXCHANGE
};

/* The option whose value stands at this offset of struct config. */
static size_t option_at(size_t offset)
{
    size_t i = 0;
    while (i < option_count && options[i].offset != offset)
        i++;
    assert(i < option_count);
    return i;
}

static bool is_given(const struct loaded *loaded, size_t option)
{
    return strcmp(loaded->origins[option].text, "default") != 0;
}

/* Where somebody has to change something: at the first of two options, unless only the other was given. */
static const char *place_of(const struct loaded *loaded, size_t first, size_t second)
{
    return loaded->origins[!is_given(loaded, first) && is_given(loaded, second) ? second : first].text;
}

static void value_text(const struct loaded *loaded, size_t option, char *out, size_t capacity)
{
    FILE *stream = fmemopen(out, capacity, "w");
    out[0] = '\0';
    if (stream == NULL)
        return;
    config_print_value(&loaded->config, &options[option], stream);
    (void)fclose(stream);
}

static void check_order(struct loaded *loaded, const struct order_rule *rule)
{
    const char *config = (const char *)&loaded->config;
    size_t low = option_at(rule->low), high = option_at(rule->high);
    int64_t low_value = *(const int64_t *)(config + rule->low), high_value = *(const int64_t *)(config + rule->high);
    bool is_off = (rule->enabled_by != NO_OPTION && !*(const bool *)(config + rule->enabled_by)) ||
                  (rule->zero_is_off && high_value == 0) || loaded->origins[low].refused ||
                  loaded->origins[high].refused;
    if (is_off || low_value < high_value || (rule->or_equal && low_value == high_value))
        return;
    char low_text[40], high_text[40];
    value_text(loaded, low, low_text, sizeof low_text);
    value_text(loaded, high, high_text, sizeof high_text);
    config_report(loaded, "%s: error: %s.%s is %s, it must be %s %s.%s, which is %s", place_of(loaded, low, high),
                  options[low].section, options[low].key, low_text, rule->or_equal ? "at most" : "below",
                  options[high].section, options[high].key, high_text);
}

static void check_strategies(struct loaded *loaded)
{
    enum { STRATEGIES = sizeof strategies_enabled / sizeof strategies_enabled[0] };
    size_t changed = 0;
    for (size_t i = 0; i < STRATEGIES; i++) {
        if (*(const bool *)((const char *)&loaded->config + strategies_enabled[i]))
            return;
        changed = option_at(strategies_enabled[i]);
    }
    config_report(loaded, "%s: error: no strategy is enabled", loaded->origins[changed].text);
}

/* ccxt and many others write BTC/USDT whatever the exchange does; none of ours has such a symbol. */
static bool symbols_are_spelled(struct loaded *loaded, size_t option)
{
    char word[2 * SYMBOL_SIZE];
    const char *separator = "";
    for (size_t i = 0; i < sizeof spellings / sizeof spellings[0]; i++)
        if (strcmp(spellings[i].name, loaded->config.exchange_name) == 0)
            separator = spellings[i].separator;
    for (const char *at = loaded->config.market_symbols; config_next_word(&at, word, sizeof word);) {
        char *slash = strchr(word, '/');
        if (slash == NULL)
            continue;
        *slash = '\0';
        config_report(loaded, "%s: error: market.symbols: '%s/%s' is not spelled as %s does; did you mean '%s%s%s'?",
                      loaded->origins[option].text, word, slash + 1, loaded->config.exchange_name, word, separator,
                      slash + 1);
        return false;
    }
    return true;
}

static void check_symbols(struct loaded *loaded)
{
    size_t option = option_at(VALUE(market, symbols)), most = option_at(VALUE(market, max_symbols));
    struct symbol_words words;
    if (loaded->origins[option].refused || loaded->origins[most].refused || !symbols_are_spelled(loaded, option))
        return;
    int code = symbol_words_init(&words, loaded->config.market_symbols);
    if (code == 0) {
        code = symbol_words_fit(&words, loaded->config.market_max_symbols);
        symbol_words_release(&words);
    }
    if (code != 0)
        config_report(loaded, "%s: error: %s", place_of(loaded, option, most), error_message());
}

void config_check_rules(struct loaded *loaded)
{
    for (size_t i = 0; i < sizeof order_rules / sizeof order_rules[0]; i++)
        check_order(loaded, &order_rules[i]);
    check_strategies(loaded);
    check_symbols(loaded);
}
