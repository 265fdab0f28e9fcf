/* The words of market.symbols: names of markets, patterns, and what is left out. Pure.
 *
 *     BTCUSDT     this market, whatever the rules say
 *     *USDT       the markets that match: * stands for any characters or none, ? for exactly one
 *     !*UPUSDT    not these, whoever else names them
 *
 * Upper and lower case differ, as in the exchange's own spelling. Where no pattern stands and no name, all match. */
/* SPDX-License-Identifier: MIT */
#ifndef WICK_RUNTIME_SYMBOL_WORDS_H
#define WICK_RUNTIME_SYMBOL_WORDS_H

#include "lib/base/error.h"
#include "proto/message.h"

#include <stdbool.h>
#include <stddef.h>

struct symbol_word {
    char text[SYMBOL_SIZE]; /* without the ! */
    enum symbol_word_kind { SYMBOL_NAMED, SYMBOL_MATCHED, SYMBOL_LEFT_OUT } kind;
};

struct symbol_words {
    struct symbol_word *words; /* by kind and text, each once; owned */
    size_t counts[SYMBOL_LEFT_OUT + 1]; /* of each kind */
};

/* Reads a list of words with commas or blanks between them. ERROR_CONFIGURATION for a word that no market could have
 * or match; ERROR_MEMORY. */
int symbol_words_init(struct symbol_words *words, const char *list) MUST_CHECK;
void symbol_words_release(struct symbol_words *words);

/* The words of one kind. */
const struct symbol_word *symbol_words_of(const struct symbol_words *words, enum symbol_word_kind kind);

/* Whether a symbol is named; is matched by a pattern, or by there being neither; is left out. */
bool symbol_words_name(const struct symbol_words *words, const char *symbol);
bool symbol_words_match(const struct symbol_words *words, const char *symbol);
bool symbol_words_leave_out(const struct symbol_words *words, const char *symbol);

/* Whether what is named can be followed: no more than `max_symbols` markets, and none that is left out too.
 * ERROR_CONFIGURATION. */
int symbol_words_fit(const struct symbol_words *words, int64_t max_symbols) MUST_CHECK;

/* Whether a symbol matches one pattern. */
bool symbol_matches(const char *pattern, const char *symbol);

#endif
