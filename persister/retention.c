/* Reading the list. */
/* SPDX-License-Identifier: MIT */
#include "persister/retention.h"

#include "lib/base/interval.h"
#include "lib/runtime/config.h"

#include <stdbool.h>
#include <string.h>

enum { WORD_SIZE = 40, HOURS_MAX = 24 * 36500 /* a hundred years */ };

static const int64_t hour_ms = 3600000;

static int refuse(const char *word)
{
    return error_set(ERROR_CONFIGURATION,
                     "database.retention: '%s' is not INTERVAL=DAYSd, INTERVAL=HOURSh or INTERVAL=0, as in 1m=365d", word);
}

/* "365d", "36h" or "0" in ms; -1 for anything else. */
static int64_t read_duration(const char *text)
{
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

static bool is_given(const struct store_settings *settings, uint32_t interval_s)
{
    for (size_t i = 0; i < settings->retention_count; i++)
        if (settings->retentions[i].interval_s == interval_s)
            return true;
    return false;
}

static int read_word(const char *word, struct store_settings *settings)
{
    char name[WORD_SIZE];
    uint32_t interval_s;
    size_t length = strcspn(word, "=");
    if (word[length] == '\0')
        return refuse(word);
    memcpy(name, word, length);
    name[length] = '\0';
    int64_t keep_ms = read_duration(word + length + 1);
    if (keep_ms < 0 || interval_from_name(name, &interval_s) != 0)
        return refuse(word);
    if (is_given(settings, interval_s))
        return error_set(ERROR_CONFIGURATION, "database.retention: %s is given twice", name);
    if (keep_ms > 0)
        settings->retentions[settings->retention_count++] = (struct store_retention){interval_s, keep_ms};
    return 0;
}

int retention_read(const char *text, struct store_settings *settings)
{
    char word[WORD_SIZE];
    int code = 0;
    settings->retention_count = 0;
    while (code == 0 && config_next_word(&text, word, sizeof word)) {
        if (settings->retention_count == STORE_RETENTIONS_MAX)
            return error_set(ERROR_CONFIGURATION, "database.retention: more than %d intervals", STORE_RETENTIONS_MAX);
        code = read_word(word, settings);
    }
    return code;
}
