/* The types of options: how each is read from text, checked, kept and printed. */
/* SPDX-License-Identifier: MIT */
#include "lib/runtime/config_value.h"

#include "lib/base/decimal.h"
#include "proto/message.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static const char *const type_names[] = {
    [OPTION_INTEGER] = "integer", [OPTION_BOOL] = "true or false", [OPTION_TEXT] = "text",
    [OPTION_LIST] = "list",       [OPTION_AMOUNT] = "amount",      [OPTION_SECRET] = "secret",
};

const struct option_row options[] = {
#define SECTION(section, sentence)
#define OPTION(section, key, type, initial, minimum, maximum, unit, readers, sentence)                                 \
    {#section, #key,    OPTION_##type, initial,                                                                        \
     minimum,  maximum, unit,          readers,                                                                        \
     sentence, offsetof(struct config, section##_##key)},
#include "lib/runtime/options.def"
#undef SECTION
#undef OPTION
};

const size_t option_count = sizeof options / sizeof options[0];

void config_value_expected(const struct option_row *row, char *out, size_t capacity)
{
    switch (row->type) {
    case OPTION_INTEGER:
        (void)snprintf(out, capacity, "an integer from %" PRId64 " to %" PRId64, row->minimum, row->maximum);
        break;
    case OPTION_AMOUNT:
        (void)snprintf(out, capacity, "a decimal number from %" PRId64 " to %" PRId64 " with at most %d decimals",
                       row->minimum, row->maximum, AMOUNT_SCALE);
        break;
    case OPTION_BOOL: (void)snprintf(out, capacity, "true or false"); break;
    case OPTION_TEXT:
    case OPTION_LIST:
    case OPTION_SECRET:
        (void)snprintf(out, capacity, "%s of %" PRId64 " to %" PRId64 " bytes", type_names[row->type], row->minimum,
                       row->maximum);
        break;
    }
}

/* The chain says what the value is and what was expected; a secret's text is not repeated. */
static int refuse(const struct option_row *row, const char *text, size_t length)
{
    char expected[120];
    config_value_expected(row, expected, sizeof expected);
    if (row->type == OPTION_SECRET)
        return error_set(ERROR_CONFIGURATION, "%s.%s: expected %s", row->section, row->key, expected);
    return error_set(ERROR_CONFIGURATION, "%s.%s: '%.*s' is not %s", row->section, row->key,
                     (int)(length < 60 ? length : 60), text, expected);
}

static int set_integer(const struct option_row *row, const char *text, size_t length, int64_t *out)
{
    struct decimal value;
    if (decimal_parse(text, length, &value) < 0 || value.scale != 0 || value.mantissa < row->minimum ||
        value.mantissa > row->maximum)
        return refuse(row, text, length);
    *out = value.mantissa;
    return 0;
}

static int set_amount(const struct option_row *row, const char *text, size_t length, int64_t *out)
{
    struct decimal value;
    int64_t units;
    if (decimal_parse(text, length, &value) < 0 || value.scale > AMOUNT_SCALE ||
        decimal_rescale(value, AMOUNT_SCALE, ROUND_DOWN, &units) < 0)
        return refuse(row, text, length);
    int64_t one = decimal_power_of_ten(AMOUNT_SCALE);
    if (units < row->minimum * one || units > row->maximum * one)
        return refuse(row, text, length);
    *out = units;
    return 0;
}

static int set_bool(const struct option_row *row, const char *text, size_t length, bool *out)
{
    bool yes = length == 4 && memcmp(text, "true", 4) == 0;
    bool no = length == 5 && memcmp(text, "false", 5) == 0;
    if (!yes && !no)
        return refuse(row, text, length);
    *out = yes;
    return 0;
}

static int set_text(struct loaded *loaded, size_t option, const char *text, size_t length, const char **out)
{
    char *copy = strndup(text, length);
    if (copy == NULL)
        return error_set(ERROR_MEMORY, "no memory for the configuration");
    free(loaded->texts[option]);
    loaded->texts[option] = copy;
    *out = copy;
    return 0;
}

static int set_secret(const char *text, size_t length, struct secret *out)
{
    secret_release(out);
    return secret_init(out, text, length);
}

int config_value_set(struct loaded *loaded, size_t option, const char *text, size_t length)
{
    const struct option_row *row = &options[option];
    bool bounded = row->type == OPTION_TEXT || row->type == OPTION_LIST || row->type == OPTION_SECRET;
    if (bounded && ((int64_t)length < row->minimum || (int64_t)length > row->maximum || memchr(text, '\n', length)))
        return refuse(row, text, length);
    if (row->type == OPTION_SECRET && (row->readers & loaded->readers) == 0)
        return 0;
    void *at = (char *)&loaded->config + row->offset;
    switch (row->type) {
    case OPTION_INTEGER: return set_integer(row, text, length, at);
    case OPTION_AMOUNT: return set_amount(row, text, length, at);
    case OPTION_BOOL: return set_bool(row, text, length, at);
    case OPTION_TEXT:
    case OPTION_LIST: return set_text(loaded, option, text, length, at);
    case OPTION_SECRET: return set_secret(text, length, at);
    }
    return 0;
}

void config_print_value(const struct config *config, const struct option_row *row, FILE *out)
{
    const void *at = (const char *)config + row->offset;
    char text[DECIMAL_TEXT_SIZE];
    switch (row->type) {
    case OPTION_INTEGER: (void)fprintf(out, "%" PRId64, *(const int64_t *)at); break;
    case OPTION_BOOL: (void)fputs(*(const bool *)at ? "true" : "false", out); break;
    case OPTION_TEXT:
    case OPTION_LIST: (void)fputs(*(const char *const *)at, out); break;
    case OPTION_AMOUNT:
        (void)decimal_print((struct decimal){.mantissa = *(const int64_t *)at, .scale = AMOUNT_SCALE}, text);
        (void)fputs(text, out);
        break;
    case OPTION_SECRET: (void)fputs(secret_is_given(at) ? "(secret)" : "(not given)", out); break;
    }
}

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
