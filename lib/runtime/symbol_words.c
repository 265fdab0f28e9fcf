/* Which symbols a list of words means. */
/* SPDX-License-Identifier: MIT */
#include "lib/runtime/symbol_words.h"

#include "lib/base/similar.h"
#include "lib/runtime/config.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* After a * that took too little, the match goes on with one character more of it. Only the last * needs to be
 * remembered, so this takes no more steps than pattern times symbol. */
bool symbol_matches(const char *pattern, const char *symbol)
{
    const char *star = NULL, *taken = NULL;
    while (*symbol != '\0') {
        if (*pattern == '*') {
            star = pattern++;
            taken = symbol;
        } else if (*pattern == '?' || *pattern == *symbol) {
            pattern++;
            symbol++;
        } else if (star != NULL) {
            pattern = star + 1;
            symbol = ++taken;
        } else {
            return false;
        }
    }
    return pattern[strspn(pattern, "*")] == '\0';
}

/* Whether a word, but for its wildcards, is spelled as a symbol can be. */
static bool is_spelled(const char *text)
{
    char plain[SYMBOL_SIZE];
    size_t length = strlen(text);
    if (length == 0 || length >= sizeof plain)
        return false;
    for (size_t i = 0; i <= length; i++)
        plain[i] = text[i] == '*' || text[i] == '?' ? 'X' : text[i];
    return symbol_valid(plain);
}

static int refuse_word(const char *word)
{
    char upper[2 * SYMBOL_SIZE + 2], hint[80];
    size_t length = 0;
    for (; word[length] != '\0' && length < sizeof upper - 1; length++)
        upper[length] = (char)toupper((unsigned char)word[length]);
    upper[length] = '\0';
    struct similar similar = {.wrong = word, .best = is_spelled(upper + (upper[0] == '!')) ? upper : NULL};
    return error_set(ERROR_CONFIGURATION,
                     "market.symbols: '%.40s' is not a market: expected up to %d of A-Z 0-9 - _ / . : or * and ? for any, "
                     "perhaps with a ! in front%s",
                     word, SYMBOL_SIZE - 1, similar_hint(&similar, hint, sizeof hint));
}

static int read_word(const char *word, struct symbol_word *out)
{
    bool out_of_it = word[0] == '!';
    const char *text = word + out_of_it;
    if (!is_spelled(text))
        return refuse_word(word);
    *out = (struct symbol_word){.kind = out_of_it ? SYMBOL_LEFT_OUT
                                        : strpbrk(text, "*?") != NULL ? SYMBOL_MATCHED : SYMBOL_NAMED};
    return text_copy(out->text, sizeof out->text, text, strlen(text));
}

static int compare_words(const void *left, const void *right)
{
    const struct symbol_word *a = left;
    const struct symbol_word *b = right;
    return a->kind != b->kind ? (int)a->kind - (int)b->kind : strcmp(a->text, b->text);
}

static void sort(struct symbol_words *words, size_t count)
{
    qsort(words->words, count, sizeof *words->words, compare_words);
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        if (kept > 0 && compare_words(&words->words[kept - 1], &words->words[i]) == 0)
            continue;
        words->words[kept++] = words->words[i];
        words->counts[words->words[kept - 1].kind]++;
    }
}

int symbol_words_init(struct symbol_words *words, const char *list)
{
    char word[2 * SYMBOL_SIZE + 2]; /* a longer one is cut, and still too long */
    size_t count = 0;
    *words = (struct symbol_words){0};
    for (const char *at = list; config_next_word(&at, word, sizeof word);)
        count++;
    words->words = calloc(count > 0 ? count : 1, sizeof *words->words);
    if (words->words == NULL)
        return error_set(ERROR_MEMORY, "market.symbols");
    count = 0;
    for (const char *at = list; config_next_word(&at, word, sizeof word); count++) {
        int code = read_word(word, &words->words[count]);
        if (code != 0) {
            symbol_words_release(words);
            return code;
        }
    }
    sort(words, count);
    return 0;
}

void symbol_words_release(struct symbol_words *words)
{
    free(words->words);
    *words = (struct symbol_words){0};
}

const struct symbol_word *symbol_words_of(const struct symbol_words *words, enum symbol_word_kind kind)
{
    const struct symbol_word *first = words->words;
    for (enum symbol_word_kind before = SYMBOL_NAMED; before < kind; before++)
        first += words->counts[before];
    return first;
}

bool symbol_words_name(const struct symbol_words *words, const char *symbol)
{
    struct symbol_word key = {.kind = SYMBOL_NAMED};
    return words->counts[SYMBOL_NAMED] > 0 && text_copy(key.text, sizeof key.text, symbol, strlen(symbol)) == 0 &&
           bsearch(&key, words->words, words->counts[SYMBOL_NAMED], sizeof key, compare_words) != NULL;
}

static bool any_matches(const struct symbol_words *words, enum symbol_word_kind kind, const char *symbol)
{
    const struct symbol_word *patterns = symbol_words_of(words, kind);
    for (size_t i = 0; i < words->counts[kind]; i++)
        if (symbol_matches(patterns[i].text, symbol))
            return true;
    return false;
}

bool symbol_words_match(const struct symbol_words *words, const char *symbol)
{
    return words->counts[SYMBOL_NAMED] + words->counts[SYMBOL_MATCHED] == 0 ||
           any_matches(words, SYMBOL_MATCHED, symbol);
}

bool symbol_words_leave_out(const struct symbol_words *words, const char *symbol)
{
    return any_matches(words, SYMBOL_LEFT_OUT, symbol);
}

int symbol_words_fit(const struct symbol_words *words, int64_t max_symbols)
{
    size_t named = words->counts[SYMBOL_NAMED];
    if (named > (size_t)max_symbols)
        return error_set(ERROR_CONFIGURATION, "market.symbols names %zu markets, market.max_symbols allows %" PRId64,
                         named, max_symbols);
    for (size_t i = 0; i < named; i++)
        if (symbol_words_leave_out(words, words->words[i].text))
            return error_set(ERROR_CONFIGURATION, "market.symbols: '%s' is both named and left out",
                             words->words[i].text);
    return 0;
}
