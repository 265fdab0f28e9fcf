/* Well-known coins, and words of consonants and vowels numbered without repetition. */
/* SPDX-License-Identifier: MIT */
#include "tools/simulator/names.h"

#include "tools/simulator/noise.h"

#include <assert.h>
#include <string.h>

static const struct listing known[] = {
    {"BTC", 2, 5, 9750000, 1500000, 450},  {"ETH", 2, 4, 340000, 900000, 600},
    {"BNB", 2, 3, 68000, 150000, 500},     {"SOL", 2, 3, 19000, 400000, 800},
    {"XRP", 4, 0, 22500, 500000, 800},     {"DOGE", 5, 0, 32000, 300000, 950},
    {"ADA", 4, 1, 9200, 150000, 850},      {"TRX", 4, 1, 2500, 80000, 600},
    {"AVAX", 2, 2, 3800, 90000, 900},      {"LINK", 2, 2, 2300, 100000, 850},
    {"SHIB", 8, 0, 2200, 90000, 900},      {"DOT", 3, 2, 7100, 60000, 850},
    {"BCH", 1, 3, 4500, 50000, 800},       {"LTC", 2, 3, 10100, 70000, 750},
    {"UNI", 3, 2, 14100, 60000, 1000},     {"NEAR", 3, 1, 5200, 60000, 1000},
    {"PEPE", 8, 0, 1780, 250000, 1200},    {"ICP", 3, 2, 10400, 30000, 900},
    {"APT", 2, 2, 930, 40000, 950},        {"ETC", 2, 2, 2600, 40000, 850},
    {"FIL", 3, 2, 5100, 40000, 950},       {"ATOM", 3, 2, 6900, 35000, 850},
    {"ARB", 4, 1, 7700, 50000, 1000},      {"OP", 3, 2, 1900, 40000, 1000},
    {"INJ", 2, 2, 2050, 25000, 1000},      {"XLM", 4, 0, 3700, 60000, 900},
    {"HBAR", 5, 0, 28000, 60000, 1100},    {"AAVE", 2, 3, 33000, 60000, 1000},
    {"SUI", 4, 1, 42000, 150000, 1000},    {"ALGO", 4, 0, 3600, 25000, 950},
};

enum { KNOWN = sizeof known / sizeof known[0] };

/* How words are built: `letters` of consonant, vowel, consonant ...; each kind has so many words. */
static const struct {
    int letters;
    uint64_t words;
    int share; /* of sixteen made-up names */
} kinds[] = {{3, 2000, 1}, {4, 10000, 7}, {5, 200000, 5}, {6, 1000000, 3}};

enum { KINDS = sizeof kinds / sizeof kinds[0], SHARES = 16 };

/* A word of a kind by its number; different numbers below `words` give different words. */
static void spell(int kind, uint64_t number, char out[8])
{
    static const char consonants[] = "BCDFGHJKLMNPRSTVWXYZ", vowels[] = "AEIOU";
    enum { SPREAD = 7919, SHIFT = 1234 }; /* a prime that divides no count of words */
    uint64_t rest = (number * SPREAD + SHIFT) % kinds[kind].words;
    for (int i = 0; i < kinds[kind].letters; i++) {
        uint64_t radix = i % 2 == 0 ? 20 : 5;
        out[i] = (i % 2 == 0 ? consonants : vowels)[rest % radix];
        rest /= radix;
    }
    out[kinds[kind].letters] = '\0';
}

static bool is_known(const char *base)
{
    for (int i = 0; i < KNOWN; i++)
        if (strcmp(known[i].base, base) == 0)
            return true;
    return false;
}

static int kind_of(size_t index)
{
    int place = (int)(index % SHARES), kind = 0;
    while (place >= kinds[kind].share)
        place -= kinds[kind++].share;
    return kind;
}

/* Prices between 0.001 and 1000 with five digits; the dearer a coin, the finer its lots. */
static struct listing make_up(uint64_t seed, size_t index)
{
    static const uint8_t volume_scales[] = {3, 2, 1, 0, 0, 0};
    static const int64_t turnovers[] = {300, 1000, 3000, 10000, 30000, 60000};
    uint64_t noise = noise_at(seed, 0x6c697374 + index);
    uint8_t kind = (uint8_t)(noise % 6);
    return (struct listing){
        .price_scale = (uint8_t)(2 + kind),
        .volume_scale = volume_scales[kind],
        .price = 10000 + (int64_t)(noise >> 8) % 90000,
        .turnover = turnovers[(noise >> 32) % 6],
        .volatility_ppm = 500 + (int64_t)(noise >> 40) % 1000,
    };
}

void names_list(uint64_t seed, size_t count, struct listing *out)
{
    uint64_t used[KINDS] = {0};
    for (size_t i = 0; i < count; i++) {
        if (i < KNOWN) {
            out[i] = known[i];
            continue;
        }
        int kind = kind_of(i);
        out[i] = make_up(seed, i);
        do {
            assert(used[kind] < kinds[kind].words);
            spell(kind, used[kind]++, out[i].base);
        } while (is_known(out[i].base));
    }
}
