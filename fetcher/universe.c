/* Which markets are followed. */
/* SPDX-License-Identifier: MIT */
#include "fetcher/universe.h"

#include "lib/base/interval.h"
#include "lib/base/log.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

int universe_init(struct universe *universe, const struct config *config)
{
    *universe = (struct universe){.config = config};
    universe->offered = malloc(MARKET_SYMBOLS_MAX * sizeof *universe->offered);
    return universe->offered != NULL ? 0 : error_set(ERROR_MEMORY, "the list of markets");
}

void universe_release(struct universe *universe)
{
    free(universe->offered);
    universe->offered = NULL;
}

void universe_begin(struct universe *universe)
{
    universe->count = 0;
    universe->left_out = 0;
}

static bool names_symbols(const struct config *config)
{
    const char *at = config->market_symbols;
    char word[SYMBOL_SIZE];
    return at != NULL && config_next_word(&at, word, sizeof word);
}

static bool is_named(const struct config *config, const char *symbol)
{
    char word[SYMBOL_SIZE];
    for (const char *at = config->market_symbols; config_next_word(&at, word, sizeof word);)
        if (strcmp(word, symbol) == 0)
            return true;
    return false;
}

void universe_offer(struct universe *universe, const struct instrument *instrument)
{
    const struct config *config = universe->config;
    bool wanted = strcmp(instrument->quote_asset, config->market_quote_asset) == 0;
    if (wanted && names_symbols(config))
        wanted = is_named(config, instrument->symbol);
    if (!wanted)
        return;
    if (universe->count == MARKET_SYMBOLS_MAX)
        universe->left_out++;
    else
        universe->offered[universe->count++] = *instrument;
}

static int compare_names(const void *left, const void *right)
{
    return strcmp(((const struct instrument *)left)->symbol, ((const struct instrument *)right)->symbol);
}

static const struct instrument *find(const struct universe *universe, const char *symbol)
{
    struct instrument key;
    if (text_copy(key.symbol, sizeof key.symbol, symbol, strlen(symbol)) != 0)
        return NULL;
    return bsearch(&key, universe->offered, universe->count, sizeof key, compare_names);
}

/* Sorts what was offered; of a name that came twice, one stays. */
static void sort(struct universe *universe)
{
    qsort(universe->offered, universe->count, sizeof *universe->offered, compare_names);
    size_t kept = 0;
    for (size_t i = 0; i < universe->count; i++)
        if (kept == 0 || strcmp(universe->offered[kept - 1].symbol, universe->offered[i].symbol) != 0)
            universe->offered[kept++] = universe->offered[i];
    universe->count = kept;
}

static void log_missing(const struct universe *universe)
{
    char word[SYMBOL_SIZE];
    for (const char *at = universe->config->market_symbols; config_next_word(&at, word, sizeof word);)
        if (find(universe, word) == NULL)
            log_warn("symbol_unknown", log_text("symbol", word),
                     log_text("quote_asset", universe->config->market_quote_asset));
}

size_t universe_choose(struct universe *universe)
{
    bool named = names_symbols(universe->config);
    sort(universe);
    if (named)
        log_missing(universe);
    if (universe->left_out > 0)
        log_warn("symbols_left_out", log_int("count", (int64_t)universe->left_out));
    size_t most = (size_t)universe->config->market_max_symbols;
    size_t chosen = 0;
    for (size_t i = 0; i < universe->count && chosen < most; i++)
        if (named || universe->offered[i].trading)
            universe->offered[chosen++] = universe->offered[i];
    universe->count = chosen;
    return chosen;
}

size_t universe_update(struct universe *universe, struct market *market)
{
    size_t changed = 0;
    sort(universe);
    for (size_t i = 0; i < market->instrument_count; i++) {
        struct instrument *known = &market->instruments[i];
        const struct instrument *now = find(universe, known->symbol);
        struct instrument next = now != NULL ? *now : *known;
        next.trading = now != NULL && now->trading;
        if (next.trading != known->trading)
            log_info("trading_changed", log_text("symbol", known->symbol), log_bool("trading", next.trading));
        changed += memcmp(&next, known, sizeof next) != 0;
        market_set_instrument(market, &next);
    }
    return changed;
}

int universe_intervals(const struct config *config, uint32_t intervals[MARKET_INTERVALS_MAX], size_t *count)
{
    char word[16];
    *count = 0;
    for (const char *at = config->market_intervals; config_next_word(&at, word, sizeof word);) {
        uint32_t seconds;
        if (interval_from_name(word, &seconds) != 0)
            return error_context(ERROR_CONFIGURATION, "market.intervals");
        bool known = false;
        for (size_t i = 0; i < *count; i++)
            known = known || intervals[i] == seconds;
        if (known)
            continue;
        if (*count == MARKET_INTERVALS_MAX)
            return error_set(ERROR_CONFIGURATION, "market.intervals: more than %d", MARKET_INTERVALS_MAX);
        intervals[(*count)++] = seconds;
    }
    return *count > 0 ? 0 : error_set(ERROR_CONFIGURATION, "market.intervals: none given");
}
