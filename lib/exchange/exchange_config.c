/* The options that depend on what the exchange has. */
/* SPDX-License-Identifier: MIT */
#include "lib/exchange/exchange_config.h"

#include "lib/base/interval.h"

#include <string.h>

enum { DAY_S = 86400, INTERVALS_MAX = 16, WORD_SIZE = 80 };

/* Names an interval that the exchange lacks, and those it has. */
static int refuse_interval(const struct exchange *exchange, const char *option, const char *name)
{
    char names[160] = "";
    size_t used = 0;
    for (const uint32_t *have = exchange->intervals; *have != 0; have++) {
        const char *known = interval_name(*have);
        int length = known == NULL ? 0 : snprintf(names + used, sizeof names - used, "%s%s", used > 0 ? ", " : "", known);
        if (length > 0 && (size_t)length < sizeof names - used)
            used += (size_t)length;
    }
    return error_set(ERROR_CONFIGURATION, "%s: %s has no candles of %s; it has %s", option, exchange->name, name, names);
}

static int add_interval(uint32_t seconds, uint32_t *intervals, size_t capacity, size_t *count)
{
    for (size_t i = 0; i < *count; i++)
        if (intervals[i] == seconds)
            return 0;
    if (*count == capacity)
        return error_set(ERROR_CONFIGURATION, "market.intervals: more than %zu", capacity);
    intervals[(*count)++] = seconds;
    return 0;
}

int exchange_intervals(const struct config *config, const struct exchange *exchange,
                       uint32_t *intervals, size_t capacity, size_t *count)
{
    char word[WORD_SIZE];
    *count = 0;
    for (const char *at = config->market_intervals; config_next_word(&at, word, sizeof word);) {
        uint32_t seconds;
        if (interval_from_name(word, &seconds) != 0)
            return error_context(ERROR_CONFIGURATION, "market.intervals");
        if (!exchange_has_interval(exchange, seconds))
            return refuse_interval(exchange, "market.intervals", word);
        int code = add_interval(seconds, intervals, capacity, count);
        if (code != 0)
            return code;
    }
    if (config->market_min_age_days > 0 && !exchange_has_interval(exchange, DAY_S))
        return refuse_interval(exchange, "market.min_age_days", "a day");
    return *count > 0 ? 0 : error_set(ERROR_CONFIGURATION, "market.intervals: none given");
}

/* The option to change: the age of markets needs days, everything else is about market.intervals. */
static const char *place_of(const struct config *config)
{
    const char *key = strstr(error_message(), "min_age_days") != NULL ? "min_age_days" : "intervals";
    for (size_t i = 0; i < option_count; i++)
        if (strcmp(options[i].section, "market") == 0 && strcmp(options[i].key, key) == 0)
            return config_origin(config, &options[i]);
    return "";
}

int exchange_check_config(const struct config *config, const struct exchange *exchange, FILE *errors)
{
    uint32_t intervals[INTERVALS_MAX];
    size_t count;
    int code = exchange_intervals(config, exchange, intervals, INTERVALS_MAX, &count);
    if (code != ERROR_CONFIGURATION)
        return code;
    (void)fprintf(errors, "%s: error: %s\n", place_of(config), error_message());
    return error_set(ERROR_CONFIGURATION, "the configuration has 1 error(s)");
}
