/* Which markets are followed. */
/* SPDX-License-Identifier: MIT */
#include "fetcher/universe.h"

#include "lib/base/decimal.h"
#include "lib/base/log.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const reason_names[] = {
#define UNIVERSE_REASON(name, sentence) #name,
#include "fetcher/universe_reasons.def"
};

const char *universe_reason_name(enum universe_reason reason)
{
    return reason_names[reason];
}

/* ---- options ---- */

int universe_init(struct universe *universe, const struct config *config)
{
    *universe = (struct universe){.config = config};
    universe->by_volume = strcmp(config->market_order, "volume") == 0;
    int code = symbol_words_init(&universe->words, config->market_symbols);
    if (code == 0) {
        universe->candidates = calloc(MARKET_SYMBOLS_MAX, sizeof *universe->candidates);
        universe->before = calloc(MARKET_SYMBOLS_MAX, sizeof *universe->before);
        universe->ranked = calloc(MARKET_SYMBOLS_MAX, sizeof *universe->ranked);
        if (universe->candidates == NULL || universe->before == NULL || universe->ranked == NULL)
            code = error_set(ERROR_MEMORY, "the list of markets");
    }
    if (code != 0)
        universe_release(universe);
    return code;
}

void universe_release(struct universe *universe)
{
    symbol_words_release(&universe->words);
    free(universe->candidates);
    free(universe->before);
    free(universe->ranked);
    *universe = (struct universe){.config = universe->config};
}

/* ---- what is known ---- */

void universe_begin(struct universe *universe)
{
    universe->count = 0;
    universe->left_out = 0;
}

static void add_candidate(struct universe *universe, const struct instrument *instrument, bool listed)
{
    if (universe->count == MARKET_SYMBOLS_MAX) {
        universe->left_out++;
        return;
    }
    universe->candidates[universe->count++] = (struct candidate){
        .instrument = *instrument, .listed = listed, .quote_volume = -1, .price = -1, .spread_ppm = -1, .oldest_ms = -1};
}

void universe_offer(struct universe *universe, const struct instrument *instrument)
{
    if (strcmp(instrument->quote_asset, universe->config->market_quote_asset) == 0)
        add_candidate(universe, instrument, true);
}

void universe_keep(struct universe *universe, struct market *market, const char *symbol)
{
    const struct instrument *instrument = market_instrument(market, symbol);
    if (instrument != NULL && !market_is_leaving(market, symbol))
        add_candidate(universe, instrument, true);
}

static int compare_names(const void *left, const void *right)
{
    return strcmp(((const struct candidate *)left)->instrument.symbol,
                  ((const struct candidate *)right)->instrument.symbol);
}

/* Sorts the candidates; of a name that came twice, one stays. */
static void sort(struct universe *universe)
{
    qsort(universe->candidates, universe->count, sizeof *universe->candidates, compare_names);
    size_t kept = 0;
    for (size_t i = 0; i < universe->count; i++)
        if (kept == 0 || compare_names(&universe->candidates[kept - 1], &universe->candidates[i]) != 0)
            universe->candidates[kept++] = universe->candidates[i];
    universe->count = kept;
}

static struct candidate *find(struct candidate *candidates, size_t count, const char *symbol)
{
    struct candidate key;
    if (count == 0 || text_copy(key.instrument.symbol, sizeof key.instrument.symbol, symbol, strlen(symbol)) != 0)
        return NULL;
    return bsearch(&key, candidates, count, sizeof key, compare_names);
}

struct candidate *universe_find(struct universe *universe, const char *symbol)
{
    return find(universe->candidates, universe->count, symbol);
}

/* Adds what is followed and not listed: it does not trade. */
static void add_unlisted(struct universe *universe, const struct market *market)
{
    size_t listed = universe->count;
    for (size_t i = 0; i < market->instrument_count; i++) {
        struct instrument instrument = market->instruments[i];
        instrument.trading = false;
        if (find(universe->candidates, listed, instrument.symbol) == NULL)
            add_candidate(universe, &instrument, false);
    }
}

int universe_listed(struct universe *universe, struct market *market)
{
    if (universe->count == 0)
        return error_set(ERROR_MISSING, "no market is paid in %s", universe->config->market_quote_asset);
    sort(universe);
    add_unlisted(universe, market);
    sort(universe);
    if (universe->left_out > 0)
        log_warn("symbols_left_out", log_int("count", (int64_t)universe->left_out));
    for (size_t i = 0; i < universe->count; i++) {
        struct candidate *candidate = &universe->candidates[i];
        const char *symbol = candidate->instrument.symbol;
        const struct candidate *before = find(universe->before, universe->before_count, symbol);
        candidate->followed = market_instrument(market, symbol) != NULL && !market_is_leaving(market, symbol);
        candidate->oldest_ms = before != NULL ? before->oldest_ms : -1;
    }
    return 0;
}

bool universe_needs_tickers(const struct universe *universe)
{
    const struct config *config = universe->config;
    size_t competing = universe->count - universe->words.counts[SYMBOL_NAMED];
    bool chooses = universe->words.counts[SYMBOL_NAMED] == 0 || universe->words.counts[SYMBOL_MATCHED] > 0;
    if (!chooses || competing == 0)
        return false;
    return universe->by_volume || config->market_min_quote_volume > 0 || config->market_min_price > 0 ||
           config->market_max_price > 0 || config->market_max_spread_ppm > 0;
}

void universe_offer_ticker(struct universe *universe, const struct exchange_ticker *row)
{
    const struct ticker *ticker = &row->ticker;
    struct candidate *candidate = universe_find(universe, ticker->symbol);
    if (candidate == NULL)
        return;
    double scale = (double)decimal_power_of_ten(ticker->price_scale);
    candidate->quoted = true;
    candidate->quote_volume = row->quote_volume;
    candidate->price = ticker->last > 0 ? (double)ticker->last / scale : -1;
    candidate->spread_ppm = -1;
    if (ticker->bid > 0 && ticker->ask >= ticker->bid)
        candidate->spread_ppm = 2e6 * (double)(ticker->ask - ticker->bid) / (double)(ticker->ask + ticker->bid);
}

void universe_keep_ticker(struct universe *universe, const char *symbol)
{
    struct candidate *candidate = universe_find(universe, symbol);
    const struct candidate *before = find(universe->before, universe->before_count, symbol);
    if (candidate == NULL || !candidate->followed || before == NULL)
        return;
    candidate->quote_volume = before->quote_volume;
    candidate->price = before->price;
    candidate->spread_ppm = before->spread_ppm;
}

bool universe_is_quoted(const struct universe *universe)
{
    for (size_t i = 0; i < universe->count; i++)
        if (universe->candidates[i].quoted)
            return true;
    return false;
}

void universe_hold_none(struct universe *universe)
{
    for (size_t i = 0; i < universe->count; i++)
        universe->candidates[i].held = false;
}

void universe_hold(struct universe *universe, const char *symbol)
{
    struct candidate *candidate = universe_find(universe, symbol);
    if (candidate != NULL)
        candidate->held = true;
}

/* ---- the rules ---- */

/* What a market must be to be looked at: nothing of this changes from one hour to the next. */
static enum universe_reason judge_nature(const struct universe *universe, const struct candidate *candidate,
                                         int64_t exchange_ms)
{
    const char *symbol = candidate->instrument.symbol;
    if (symbol_words_leave_out(&universe->words, symbol))
        return UNIVERSE_left_out;
    if (symbol_words_name(&universe->words, symbol))
        return UNIVERSE_named;
    if (!symbol_words_match(&universe->words, symbol))
        return UNIVERSE_unmatched;
    if (candidate->followed)
        return UNIVERSE_matched;
    if (!candidate->instrument.trading)
        return UNIVERSE_halted;
    int64_t old_ms = exchange_ms - universe->config->market_min_age_days * UNIVERSE_DAY_MS;
    bool young = candidate->oldest_ms >= 0 ? candidate->oldest_ms > old_ms : candidate->aged;
    return universe->config->market_min_age_days > 0 && young ? UNIVERSE_young : UNIVERSE_matched;
}

/* What a market must keep to: all of this moves. What is not told is broken. */
static enum universe_reason judge_state(const struct universe *universe, const struct candidate *candidate)
{
    const struct config *config = universe->config;
    double one = (double)decimal_power_of_ten(AMOUNT_SCALE);
    if (!candidate->listed)
        return UNIVERSE_delisted;
    if (!candidate->instrument.trading) /* a halted one has odd tickers */
        return UNIVERSE_matched;
    if (config->market_min_quote_volume > 0 && candidate->quote_volume < (double)config->market_min_quote_volume)
        return UNIVERSE_volume;
    if ((config->market_min_price > 0 && candidate->price < (double)config->market_min_price / one) ||
        (config->market_max_price > 0 &&
         (candidate->price < 0 || candidate->price > (double)config->market_max_price / one)))
        return UNIVERSE_price;
    if (config->market_max_spread_ppm > 0 &&
        (candidate->spread_ppm < 0 || candidate->spread_ppm > (double)config->market_max_spread_ppm))
        return UNIVERSE_spread;
    return UNIVERSE_matched;
}

/* Whether a market is wanted, before it has to compete with others. */
static enum universe_reason judge(struct universe *universe, struct candidate *candidate, int64_t exchange_ms)
{
    enum universe_reason nature = judge_nature(universe, candidate, exchange_ms);
    candidate->misses = 0;
    if (nature != UNIVERSE_matched && nature != UNIVERSE_named)
        return nature;
    enum universe_reason state = judge_state(universe, candidate);
    if (nature == UNIVERSE_named && state != UNIVERSE_delisted)
        return nature;
    if (state == UNIVERSE_matched)
        return state;
    const struct candidate *before =
        find(universe->before, universe->before_count, candidate->instrument.symbol);
    uint8_t misses = before != NULL ? before->misses : 0;
    candidate->misses = misses < UNIVERSE_MISSES ? (uint8_t)(misses + 1) : misses;
    return candidate->followed && candidate->misses < UNIVERSE_MISSES ? nature : state;
}

/* ---- the choice ---- */

static int compare_volumes(const void *left, const void *right)
{
    const struct candidate *a = *(struct candidate *const *)left;
    const struct candidate *b = *(struct candidate *const *)right;
    if (a->quote_volume != b->quote_volume)
        return a->quote_volume > b->quote_volume ? -1 : 1;
    return compare_names(a, b);
}

/* Chooses among the ranked: first those that are followed and not too far behind, or halted, then the best of the
 * others. */
static size_t choose_ranked(struct universe *universe, size_t count, size_t places)
{
    size_t margin = places * UNIVERSE_MARGIN / 100, taken = 0;
    size_t reach = places + (margin > 0 ? margin : places > 0);
    for (size_t i = 0; i < count && taken < places; i++) {
        struct candidate *candidate = universe->ranked[i];
        candidate->chosen = candidate->followed && (i < reach || !candidate->instrument.trading);
        taken += candidate->chosen;
    }
    for (size_t i = 0; i < count; i++) {
        struct candidate *candidate = universe->ranked[i];
        if (!candidate->chosen && taken < places) {
            candidate->chosen = true;
            taken++;
        }
        if (!candidate->chosen)
            candidate->reason = UNIVERSE_rank;
    }
    return taken;
}

static size_t add_held(struct universe *universe)
{
    size_t added = 0;
    for (size_t i = 0; i < universe->count; i++) {
        struct candidate *candidate = &universe->candidates[i];
        if (!candidate->held || candidate->chosen)
            continue;
        candidate->chosen = true;
        candidate->reason = UNIVERSE_held;
        added++;
    }
    return added;
}

size_t universe_choose(struct universe *universe, int64_t exchange_ms)
{
    size_t named = 0, competing = 0, most = (size_t)universe->config->market_max_symbols;
    for (size_t i = 0; i < universe->count; i++) {
        struct candidate *candidate = &universe->candidates[i];
        candidate->reason = judge(universe, candidate, exchange_ms);
        candidate->chosen = candidate->reason == UNIVERSE_named;
        named += candidate->chosen;
        if (candidate->reason == UNIVERSE_matched)
            universe->ranked[competing++] = candidate;
    }
    if (universe->by_volume)
        qsort(universe->ranked, competing, sizeof *universe->ranked, compare_volumes);
    return named + choose_ranked(universe, competing, most - named) + add_held(universe);
}

size_t universe_next_unaged(const struct universe *universe, size_t from)
{
    for (; universe->config->market_min_age_days > 0 && from < universe->count; from++) {
        const struct candidate *candidate = &universe->candidates[from];
        if (candidate->chosen && !candidate->followed && candidate->reason == UNIVERSE_matched && !candidate->aged &&
            candidate->oldest_ms < 0)
            return from;
    }
    return universe->count;
}

void universe_set_age(struct universe *universe, size_t index, int64_t oldest_ms)
{
    assert(index < universe->count);
    universe->candidates[index].aged = true;
    universe->candidates[index].oldest_ms = oldest_ms;
}

static void log_unlisted_names(struct universe *universe)
{
    for (size_t i = 0; i < universe->words.counts[SYMBOL_NAMED]; i++) {
        const char *name = universe->words.words[i].text;
        const struct candidate *candidate = universe_find(universe, name);
        if (candidate == NULL || !candidate->listed)
            log_warn("symbol_unknown", log_text("symbol", name),
                     log_text("quote_asset", universe->config->market_quote_asset));
    }
}

void universe_settle(struct universe *universe)
{
    log_unlisted_names(universe);
    struct candidate *settled = universe->candidates;
    universe->candidates = universe->before;
    universe->before = settled;
    universe->before_count = universe->count;
    universe->count = 0;
}
