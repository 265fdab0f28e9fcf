/* What a text has to look like to be an option's value. Pure, but for the error's message. */
/* SPDX-License-Identifier: MIT */
#include "lib/runtime/config_value.h"

#include "lib/base/interval.h"
#include "lib/base/similar.h"
#include "lib/runtime/curve.h"
#include "lib/runtime/symbol_words.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

enum { WORD_SIZE = 80, NAME_SIZE_MAX = 64 };

bool config_next_word(const char **at, char *word, size_t capacity)
{
    const char *text = *at + strspn(*at, ", \t");
    size_t length = strcspn(text, ", \t");
    *at = text + length;
    if (length == 0)
        return false;
    if (length >= capacity)
        length = capacity - 1;
    memcpy(word, text, length);
    word[length] = '\0';
    return true;
}

/* ---- one of several ---- */

static const char *const exchange_names[] = {
#define EXCHANGE(name, separator) #name,
#include "proto/exchanges.def"
#undef EXCHANGE
    NULL};

static int refuse_with_hint(const struct option_row *row, const char *text, const struct similar *similar)
{
    char hint[100], expected[160];
    config_value_expected(row, expected, sizeof expected);
    return error_set(ERROR_CONFIGURATION, "%s.%s: '%.60s' is not %s%s", row->section, row->key, text, expected,
                     similar_hint(similar, hint, sizeof hint));
}

static int check_exchange(const struct option_row *row, char *text)
{
    struct similar similar = {.wrong = text};
    for (size_t i = 0; exchange_names[i] != NULL; i++) {
        if (strcasecmp(exchange_names[i], text) == 0) {
            memcpy(text, exchange_names[i], strlen(exchange_names[i]));
            return 0;
        }
        similar_offer(&similar, exchange_names[i]);
    }
    return refuse_with_hint(row, text, &similar);
}

static int check_choice(const struct option_row *row, char *text)
{
    char names[8][NAME_SIZE_MAX];
    size_t count = 0;
    struct similar similar = {.wrong = text};
    for (const char *at = row->unit; *at != '\0' && count < 8; at += at[0] == '|') {
        size_t length = strcspn(at, "|");
        if (length < NAME_SIZE_MAX) {
            memcpy(names[count], at, length);
            names[count][length] = '\0';
            if (strcasecmp(names[count], text) == 0) {
                memcpy(text, names[count], length);
                return 0;
            }
            similar_offer(&similar, names[count++]);
        }
        at += length;
    }
    return refuse_with_hint(row, text, &similar);
}

/* ---- one word ---- */

static int check_asset(const struct option_row *row, char *text)
{
    char upper[WORD_SIZE];
    size_t length = strlen(text);
    for (size_t i = 0; i <= length && i < WORD_SIZE; i++)
        upper[i] = (char)toupper((unsigned char)text[i]);
    bool is_spelled = strspn(upper, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") == length;
    if (is_spelled && strcmp(text, upper) == 0)
        return 0;
    struct similar similar = {.wrong = text, .best = is_spelled ? upper : NULL};
    return refuse_with_hint(row, text, &similar);
}

static int check_address(const struct option_row *row, char *text)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.:-_%*";
    size_t length = strlen(text);
    if (text[0] == '[' && length < WORD_SIZE && text[length - 1] == ']')
        return error_set(ERROR_CONFIGURATION, "%s.%s: '%s' stands in brackets; expected '%.*s'", row->section, row->key,
                         text, (int)length - 2, text + 1);
    return strspn(text, letters) == length ? 0 : config_refuse(row, text, length);
}

/* The scheme, "://" and something behind it; a scheme "none" of the row stands alone. */
static int check_url(const struct option_row *row, char *text)
{
    for (const char *at = row->unit; *at != '\0'; at += *at == '|') {
        size_t length = strcspn(at, "|");
        bool fits = strncasecmp(text, at, length) == 0;
        if (fits && strncmp(at, "none", 4) == 0 && text[length] == '\0') {
            memcpy(text, at, length);
            return 0;
        }
        if (fits && strncmp(text + length, "://", 3) == 0 && text[length + 3] != '\0' && strpbrk(text, " \t\"") == NULL)
            return 0;
        at += length;
    }
    if (strchr(text, '@') != NULL) /* perhaps a password */
        return error_set(ERROR_CONFIGURATION, "%s.%s: the scheme is none of %s", row->section, row->key, row->unit);
    return config_refuse(row, text, strlen(text));
}

static int check_key(const struct option_row *row, char *text)
{
    char what[80];
    (void)snprintf(what, sizeof what, "%s.%s", row->section, row->key);
    return curve_key_check(what, text);
}

static int check_password_hash(const struct option_row *row, char *text)
{
    return strncmp(text, "$argon2id$", 10) == 0 ? 0 : config_refuse(row, text, strlen(text));
}

/* The name of a scheme is shown, what stands behind it may hold a password. */
static int check_database(const struct option_row *row, char *text)
{
    static const char *const schemes[] = {"sqlite", "postgresql", "postgres"};
    size_t length = strcspn(text, ":");
    bool has_scheme = text[length] == ':' && length > 0 && length < NAME_SIZE_MAX &&
                      strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+-.") >= length;
    for (size_t i = 0; i < sizeof schemes / sizeof schemes[0]; i++)
        if (has_scheme && strlen(schemes[i]) == length && memcmp(schemes[i], text, length) == 0)
            return text[length + 1] != '\0' ? 0 : config_refuse(row, text, strlen(text));
    if (!has_scheme || strncmp(text + length, "://", 3) != 0)
        return config_refuse(row, text, strlen(text));
    return error_set(ERROR_CONFIGURATION, "%s.%s: unknown scheme '%.*s'; expected sqlite:PATH or postgresql://...",
                     row->section, row->key, (int)length, text);
}

/* ---- words ---- */

static int check_intervals(const struct option_row *row, char *text)
{
    char word[WORD_SIZE];
    size_t count = 0;
    for (const char *at = text; config_next_word(&at, word, sizeof word); count++) {
        uint32_t seconds;
        if (interval_from_name(word, &seconds) != 0)
            return error_context(ERROR_CONFIGURATION, "%s.%s", row->section, row->key);
    }
    return count > 0 ? 0 : config_refuse(row, text, strlen(text));
}

static int check_symbols(const struct option_row *row, char *text)
{
    struct symbol_words words;
    int code = symbol_words_init(&words, text);
    (void)row; /* the message names it */
    if (code == 0)
        symbol_words_release(&words);
    return code;
}

static int refuse_retention(const char *word)
{
    return error_set(ERROR_CONFIGURATION,
                     "database.retention: '%.40s' is not INTERVAL=DAYSd, INTERVAL=HOURSh or INTERVAL=0, as in 1m=365d",
                     word);
}

/* "365d", "36h" or "0" in ms; -1 for anything else. */
static int64_t read_duration(const char *text)
{
    enum { HOURS_MAX = 24 * 36500 /* a hundred years */ };
    static const int64_t hour_ms = 3600000;
    int64_t number = 0;
    size_t digits = strspn(text, "0123456789");
    for (size_t i = 0; i < digits && number <= HOURS_MAX; i++)
        number = 10 * number + (text[i] - '0');
    bool days = strcmp(text + digits, "d") == 0;
    if (digits == 0 || !(days || strcmp(text + digits, "h") == 0 || strcmp(text, "0") == 0))
        return -1;
    number *= days ? 24 : 1;
    return number <= HOURS_MAX ? number * hour_ms : -1;
}

int config_read_retention(const char *word, struct retention *out)
{
    char name[WORD_SIZE];
    struct retention read;
    size_t length = strcspn(word, "=");
    if (word[length] == '\0' || length >= sizeof name)
        return refuse_retention(word);
    memcpy(name, word, length);
    name[length] = '\0';
    read.keep_ms = read_duration(word + length + 1);
    if (read.keep_ms < 0 || interval_from_name(name, &read.interval_s) != 0)
        return refuse_retention(word);
    *out = read;
    return 0;
}

static int check_retention(const struct option_row *row, char *text)
{
    enum { INTERVALS_MAX = 32 };
    char word[WORD_SIZE];
    uint32_t seen[INTERVALS_MAX];
    size_t count = 0;
    for (const char *at = text; config_next_word(&at, word, sizeof word);) {
        struct retention retention;
        int code = config_read_retention(word, &retention);
        if (code != 0)
            return code;
        for (size_t i = 0; i < count; i++)
            if (seen[i] == retention.interval_s)
                return error_set(ERROR_CONFIGURATION, "%s.%s: %s is given twice", row->section, row->key,
                                 interval_name(retention.interval_s));
        if (count < INTERVALS_MAX) /* there are fewer intervals */
            seen[count++] = retention.interval_s;
    }
    return 0;
}

/* ---- all ---- */

static int (*const checks[])(const struct option_row *row, char *text) = {
    [OPTION_CHOICE] = check_choice,
    [OPTION_EXCHANGE] = check_exchange,
    [OPTION_ASSET] = check_asset,
    [OPTION_ADDRESS] = check_address,
    [OPTION_URL] = check_url,
    [OPTION_KEY] = check_key,
    [OPTION_SECRET_KEY] = check_key,
    [OPTION_INTERVALS] = check_intervals,
    [OPTION_SYMBOLS] = check_symbols,
    [OPTION_RETENTION] = check_retention,
    [OPTION_PASSWORD_HASH] = check_password_hash,
    [OPTION_DATABASE] = check_database,
};

int config_form_check(const struct option_row *row, char *text)
{
    bool has_check = row->type < sizeof checks / sizeof checks[0] && checks[row->type] != NULL;
    return has_check ? checks[row->type](row, text) : 0;
}
