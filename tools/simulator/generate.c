/* The price of a symbol at a candle's edge is its middle price times 2^level. The level is a sum of noises, each with
 * its own period: random numbers on a grid, straight lines between them. Periods double from one candle to 8192, and
 * amplitudes grow with their square root, so that moves over n candles grow with the square root of n as a random
 * walk's do, while the sum stays bounded and the price comes back. (Midpoint displacement, Fournier, Fussell,
 * Carpenter: Computer rendering of stochastic models, 1982, turned into a function of time.) One number in sixteen is
 * three times as large: bursts and trends. */
/* SPDX-License-Identifier: MIT */
#include "tools/simulator/generate.h"

#include "lib/base/decimal.h"
#include "lib/base/interval.h"
#include "tools/simulator/names.h"
#include "tools/simulator/noise.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum { PERIODS = 14 };

/* 2^(k/2) in 2^-16. */
static const int64_t root_two_powers[PERIODS] = {65536,   92682,   131072,  185364,  262144,  370728,  524288,
                                                 741455,  1048576, 1482910, 2097152, 2965821, 4194304, 5931642};

/* The fixed seeds of what is drawn for a symbol. */
enum { DRAW_PHASE = 1, DRAW_CANDLE = 1000, DRAW_GRID = 2000 };

struct coin {
    uint64_t key;
    int64_t price;       /* ticks */
    int64_t volume;      /* lots in a usual candle */
    int64_t sigma;       /* of one candle's return: in 2^-32 of a doubling */
    int64_t range_ppm;   /* of one candle's return, in millionths */
    uint64_t phases[PERIODS];
};

struct generated {
    struct market market; /* first */
    int64_t length_ms;
    int64_t first_open_ms;
    struct coin *coins; /* one a symbol */
};

/* The two numbers between which the noise of one period runs now. */
struct stretch {
    int64_t cell; /* -1: none yet */
    int64_t left, right;
};

static const struct generated *generated_of(const struct market *market)
{
    return (const struct generated *)market;
}

/* ---- the price ---- */

/* A number of a period's grid, in 2^-16: mean 0, standard deviation about 1.2. */
static int64_t grid_number(const struct coin *coin, int period, int64_t cell)
{
    uint64_t noise = noise_at(coin->key + DRAW_GRID + (uint64_t)period, (uint64_t)cell);
    int64_t sum = (int64_t)(noise & 0xffff) + (int64_t)(noise >> 16 & 0xffff) + (int64_t)(noise >> 32 & 0xffff) +
                  (int64_t)(noise >> 48);
    int64_t number = (sum - 131070) * 113512 / 65536; /* four uniform numbers make a bell of deviation 1 */
    return (noise_mix(noise) & 15) == 0 ? number * 3 : number;
}

static int64_t level_at(const struct coin *coin, int64_t edge, struct stretch stretches[PERIODS])
{
    int64_t level = 0;
    for (int period = 0; period < PERIODS; period++) {
        struct stretch *stretch = &stretches[period];
        int64_t place = edge + (int64_t)coin->phases[period];
        int64_t cell = place >> period;
        if (stretch->cell != cell) {
            stretch->left = stretch->cell == cell - 1 && cell > 0 ? stretch->right : grid_number(coin, period, cell);
            stretch->right = grid_number(coin, period, cell + 1);
            stretch->cell = cell;
        }
        int64_t fraction = (place - (cell << period)) * 65536 >> period;
        int64_t number = stretch->left + (stretch->right - stretch->left) * fraction / 65536;
        int64_t amplitude = coin->sigma / 2 * root_two_powers[period] / 65536;
        level += amplitude * number / 65536;
    }
    return level;
}

/* 2^fraction for a fraction in 2^-32, in 2^-30; a polynomial of degree 5, off by less than 3e-7. */
static int64_t power_of_two(uint64_t fraction)
{
    static const uint64_t coefficients[] = {8064450, 38608921, 239772210, 1031451934, 2977069781};
    uint64_t sum = 0;
    for (int i = 0; i < 5; i++)
        sum = (uint64_t)((unsigned __int128)(sum + coefficients[i]) * fraction >> 32);
    return (int64_t)((sum + (1ull << 32)) >> 2);
}

/* The price in ticks, at least 2, so that a bid fits below it. */
static int64_t price_at(const struct coin *coin, int64_t edge, struct stretch stretches[PERIODS])
{
    enum { DOUBLINGS_MAX = 6 };
    int64_t level = level_at(coin, edge, stretches);
    int64_t whole = level >> 32;
    if (whole < -DOUBLINGS_MAX || whole >= DOUBLINGS_MAX) {
        level = whole < 0 ? -((int64_t)DOUBLINGS_MAX << 32) : ((int64_t)DOUBLINGS_MAX << 32) - 1;
        whole = level >> 32;
    }
    int64_t price = coin->price * power_of_two((uint64_t)level & 0xffffffffu);
    price = whole >= 0 ? (price >> 30) << whole : price >> (30 - whole);
    return price < 2 ? 2 : price;
}

/* ---- one candle ---- */

static int64_t magnitude_of(int64_t value)
{
    return value < 0 ? -value : value;
}

/* A wick: mostly short, up to a usual candle's move. */
static int64_t wick(uint64_t noise, int64_t usual_move)
{
    int64_t part = (int64_t)(noise & 0x3ff);
    return usual_move * part / 1024 * part / 1024;
}

static void make_candle(const struct generated *generated, size_t symbol, int64_t edge, int64_t open, int64_t close,
                        struct market_candle *out)
{
    const struct coin *coin = &generated->coins[symbol];
    uint64_t noise = noise_at(coin->key + DRAW_CANDLE, (uint64_t)edge);
    int64_t usual_move = open * coin->range_ppm / 1000000;
    int64_t low = (open < close ? open : close) - wick(noise >> 10, usual_move);
    int64_t liveliness = 256 + 512 * magnitude_of(close - open) / (usual_move + 1); /* 1/256 of a usual candle */
    int64_t luck = 128 + (int64_t)(noise >> 20 & 0xff) * (int64_t)(noise >> 28 & 0xff) / 128;
    *out = (struct market_candle){
        .open_time_ms = edge * generated->length_ms,
        .open = open,
        .high = (open > close ? open : close) + wick(noise, usual_move),
        .low = low < 1 ? 1 : low,
        .close = close,
        .volume = 1 + coin->volume * (liveliness < 4096 ? liveliness : 4096) / 256 * luck / 256,
    };
}

/* ---- the kind ---- */

static size_t generated_locate(const struct market *market, size_t symbol, int64_t time_ms)
{
    const struct generated *generated = generated_of(market);
    (void)symbol;
    if (time_ms <= generated->first_open_ms)
        return 0;
    return (size_t)((time_ms - generated->first_open_ms - 1) / generated->length_ms) + 1;
}

static void generated_read(const struct market *market, size_t symbol, size_t index, size_t count,
                           struct market_candle *out)
{
    const struct generated *generated = generated_of(market);
    const struct coin *coin = &generated->coins[symbol];
    struct stretch stretches[PERIODS];
    for (int i = 0; i < PERIODS; i++)
        stretches[i].cell = -1;
    int64_t edge = generated->first_open_ms / generated->length_ms + (int64_t)index;
    int64_t open = price_at(coin, edge, stretches);
    for (size_t i = 0; i < count; i++, edge++) {
        int64_t close = price_at(coin, edge + 1, stretches);
        make_candle(generated, symbol, edge, open, close, &out[i]);
        open = close;
    }
}

static void generated_destroy(struct market *market)
{
    struct generated *generated = (struct generated *)market;
    free(generated->coins);
    market_release(market);
    free(generated);
}

static const struct market_kind generated_kind = {
    .name = "generate",
    .locate = generated_locate,
    .read = generated_read,
    .destroy = generated_destroy,
};

/* ---- making it ---- */

static int64_t integer_root(int64_t value)
{
    int64_t root = 0;
    for (int64_t bit = (int64_t)1 << 30; bit > 0; bit >>= 1)
        if ((root + bit) * (root + bit) <= value)
            root += bit;
    return root;
}

static void make_coin(struct coin *coin, const struct listing *listing, uint64_t key, uint32_t interval_s)
{
    enum { RANGE_MAX_PPM = 11000, PPM_OF_DOUBLING = 6196 /* 1e-6 / ln 2 in 2^-32 */ };
    int64_t minutes_root = integer_root((int64_t)interval_s * 1000000 / 60); /* thousandths */
    int64_t range_ppm = listing->volatility_ppm * minutes_root / 1000;
    *coin = (struct coin){.key = key, .price = listing->price};
    coin->range_ppm = range_ppm < RANGE_MAX_PPM ? range_ppm : RANGE_MAX_PPM;
    coin->sigma = coin->range_ppm * PPM_OF_DOUBLING;
    int64_t lots = listing->turnover * decimal_power_of_ten((uint8_t)(listing->price_scale + listing->volume_scale));
    coin->volume = lots / listing->price * interval_s / 60 + 1;
    for (int period = 0; period < PERIODS; period++)
        coin->phases[period] = noise_at(key + DRAW_PHASE, (uint64_t)period) & ((1u << period) - 1);
}

static void list_symbols(struct generated *generated, const struct listing *listings, uint64_t seed)
{
    static const char quote[] = "USDT";
    struct market *market = &generated->market;
    for (size_t i = 0; i < market->symbol_count; i++) {
        struct market_symbol *symbol = &market->symbols[i];
        size_t length = strlen(listings[i].base);
        memcpy(symbol->base, listings[i].base, length + 1);
        memcpy(symbol->name, listings[i].base, length);
        memcpy(symbol->name + length, quote, sizeof quote);
        memcpy(symbol->quote, quote, sizeof quote);
        symbol->price_scale = listings[i].price_scale;
        symbol->volume_scale = listings[i].volume_scale;
        make_coin(&generated->coins[i], &listings[i], noise_at(seed, i), market->interval_s);
    }
}

static int64_t first_open_ms(const struct generate_options *options)
{
    int64_t open_ms = interval_open_time(options->interval_s, options->start_ms);
    int64_t history_ms = (int64_t)options->interval_s * 1000 * GENERATE_HISTORY;
    return open_ms > history_ms ? open_ms - history_ms : open_ms % ((int64_t)options->interval_s * 1000);
}

int generate_open(const struct generate_options *options, struct market **out)
{
    assert(options->symbols >= 1 && options->symbols <= GENERATE_SYMBOLS_MAX);
    struct listing *listings = calloc(options->symbols, sizeof *listings);
    struct generated *generated = calloc(1, sizeof *generated);
    int code = 0;
    if (generated != NULL) {
        generated->market.kind = &generated_kind;
        generated->market.interval_s = options->interval_s;
        generated->market.start_ms = options->start_ms;
        generated->market.symbol_count = options->symbols;
        generated->market.symbols = calloc(options->symbols, sizeof *generated->market.symbols);
        generated->coins = calloc(options->symbols, sizeof *generated->coins);
        generated->length_ms = (int64_t)options->interval_s * 1000;
        generated->first_open_ms = first_open_ms(options);
    }
    if (listings == NULL || generated == NULL || generated->market.symbols == NULL || generated->coins == NULL) {
        code = error_set(ERROR_MEMORY, "no memory for %zu symbols", options->symbols);
    } else {
        names_list(options->seed, options->symbols, listings);
        list_symbols(generated, listings, options->seed);
        code = market_index(&generated->market);
    }
    free(listings);
    if (code == 0)
        *out = &generated->market;
    else if (generated != NULL)
        generated_destroy(&generated->market);
    return code;
}
