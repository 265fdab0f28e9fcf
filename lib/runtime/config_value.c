/* The types of options: how each is read from text, checked, kept and printed. */
/* SPDX-License-Identifier: MIT */
#include "lib/runtime/config_value.h"

#include "lib/base/decimal.h"
#include "proto/message.h"

#include <inttypes.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    enum option_kept kept;
    const char *expected;
} types[] = {
#define TYPE(name, c_type, kept, expected) [OPTION_##name] = {KEPT_##kept, expected},
#include "lib/runtime/option_types.def"
#undef TYPE
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

enum option_kept config_kept(const struct option_row *option)
{
    return types[option->type].kept;
}

bool option_is_secret(const struct option_row *option)
{
    return config_kept(option) == KEPT_HIDDEN;
}

/* "volume, name" of "volume|name", with a word in front. */
static void print_choices(const char *before, const char *choices, char *out, size_t capacity)
{
    size_t used = (size_t)snprintf(out, capacity, "%s", before);
    for (const char *at = choices; *at != '\0' && used + 3 < capacity; at++) {
        if (*at == '|')
            out[used++] = ',';
        out[used++] = *at == '|' ? ' ' : *at;
        out[used] = '\0';
    }
}

static const char exchange_choices[] =
#define EXCHANGE(name, separator) "|" #name
#include "proto/exchanges.def"
#undef EXCHANGE
    ;

void config_value_expected(const struct option_row *row, char *out, size_t capacity)
{
    const char *expected = types[row->type].expected;
    switch (row->type) {
    case OPTION_INTEGER:
        (void)snprintf(out, capacity, "an integer from %" PRId64 " to %" PRId64, row->minimum, row->maximum);
        break;
    case OPTION_AMOUNT:
        (void)snprintf(out, capacity, "a decimal number from %" PRId64 " to %" PRId64 " with at most %d decimals",
                       row->minimum, row->maximum, AMOUNT_SCALE);
        break;
    case OPTION_CHOICE: print_choices("one of ", row->unit, out, capacity); break;
    case OPTION_EXCHANGE: print_choices("one of ", exchange_choices + 1, out, capacity); break;
    case OPTION_URL: print_choices("a URL of scheme ", row->unit, out, capacity); break;
    default:
        if (expected[0] != '\0')
            (void)snprintf(out, capacity, "%s", expected);
        else
            (void)snprintf(out, capacity, "%s of %" PRId64 " to %" PRId64 " bytes",
                           option_is_secret(row) ? "secret" : "text", row->minimum, row->maximum);
    }
}

int config_refuse(const struct option_row *row, const char *text, size_t length)
{
    char expected[160];
    config_value_expected(row, expected, sizeof expected);
    if (option_is_secret(row))
        return error_set(ERROR_CONFIGURATION, "%s.%s: expected %s", row->section, row->key, expected);
    return error_set(ERROR_CONFIGURATION, "%s.%s: '%.*s' is not %s", row->section, row->key,
                     (int)(length < 60 ? length : 60), text, expected);
}

static int set_integer(const struct option_row *row, const char *text, size_t length, int64_t *out)
{
    struct decimal value;
    if (decimal_parse(text, length, &value) < 0 || value.scale != 0 || value.mantissa < row->minimum ||
        value.mantissa > row->maximum)
        return config_refuse(row, text, length);
    *out = value.mantissa;
    return 0;
}

static int set_amount(const struct option_row *row, const char *text, size_t length, int64_t *out)
{
    struct decimal value;
    int64_t units;
    if (decimal_parse(text, length, &value) < 0 || value.scale > AMOUNT_SCALE ||
        decimal_rescale(value, AMOUNT_SCALE, ROUND_DOWN, &units) < 0)
        return config_refuse(row, text, length);
    int64_t one = decimal_power_of_ten(AMOUNT_SCALE);
    if (units < row->minimum * one || units > row->maximum * one)
        return config_refuse(row, text, length);
    *out = units;
    return 0;
}

static int set_bool(const struct option_row *row, const char *text, size_t length, bool *out)
{
    bool yes = length == 4 && memcmp(text, "true", 4) == 0;
    bool no = length == 5 && memcmp(text, "false", 5) == 0;
    if (!yes && !no)
        return config_refuse(row, text, length);
    *out = yes;
    return 0;
}

/* Keeps a text that was checked: a secret where one of the readers may have it, another one in `texts`. */
static int keep_text(struct loaded *loaded, size_t option, const char *text)
{
    void *at = (char *)&loaded->config + options[option].offset;
    if (option_is_secret(&options[option])) {
        if ((options[option].readers & loaded->readers) == 0)
            return 0;
        secret_release(at);
        return secret_init(at, text, strlen(text));
    }
    char *copy = strdup(text);
    if (copy == NULL)
        return error_set(ERROR_MEMORY, "no memory for the configuration");
    free(loaded->texts[option]);
    loaded->texts[option] = copy;
    *(const char **)at = copy;
    return 0;
}

/* Where the default is empty, an empty text means the same and needs no form. */
static int set_text(struct loaded *loaded, size_t option, const char *text, size_t length)
{
    const struct option_row *row = &options[option];
    bool is_empty = length == 0 && row->initial[0] == '\0';
    if (!is_empty && ((int64_t)length < row->minimum || (int64_t)length > row->maximum || memchr(text, '\n', length) ||
                      memchr(text, '\0', length)))
        return config_refuse(row, text, length);
    char *copy = strndup(text, length);
    if (copy == NULL)
        return error_set(ERROR_MEMORY, "no memory for the configuration");
    int code = is_empty ? 0 : config_form_check(row, copy);
    if (code == 0)
        code = keep_text(loaded, option, copy);
    sodium_memzero(copy, length);
    free(copy);
    return code;
}

int config_value_set(struct loaded *loaded, size_t option, const char *text, size_t length)
{
    const struct option_row *row = &options[option];
    void *at = (char *)&loaded->config + row->offset;
    switch (row->type) {
    case OPTION_INTEGER: return set_integer(row, text, length, at);
    case OPTION_AMOUNT: return set_amount(row, text, length, at);
    case OPTION_BOOL: return set_bool(row, text, length, at);
    default: return set_text(loaded, option, text, length);
    }
}

void config_print_value(const struct config *config, const struct option_row *row, FILE *out)
{
    const void *at = (const char *)config + row->offset;
    char text[DECIMAL_TEXT_SIZE];
    switch (row->type) {
    case OPTION_INTEGER: (void)fprintf(out, "%" PRId64, *(const int64_t *)at); break;
    case OPTION_BOOL: (void)fputs(*(const bool *)at ? "true" : "false", out); break;
    case OPTION_AMOUNT:
        (void)decimal_print((struct decimal){.mantissa = *(const int64_t *)at, .scale = AMOUNT_SCALE}, text);
        (void)fputs(text, out);
        break;
    default:
        if (option_is_secret(row))
            (void)fputs(secret_is_given(at) ? "(secret)" : "(not given)", out);
        else
            (void)fputs(*(const char *const *)at, out);
    }
}
