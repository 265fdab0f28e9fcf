/* Reading the list. */
/* SPDX-License-Identifier: MIT */
#include "persister/retention.h"

#include "lib/runtime/config.h"

enum { WORD_SIZE = 80 };

static bool is_given(const struct store_settings *settings, uint32_t interval_s)
{
    for (size_t i = 0; i < settings->retention_count; i++)
        if (settings->retentions[i].interval_s == interval_s)
            return true;
    return false;
}

int retention_read(const char *text, struct store_settings *settings)
{
    char word[WORD_SIZE];
    settings->retention_count = 0;
    while (config_next_word(&text, word, sizeof word)) {
        struct retention retention;
        int code = config_read_retention(word, &retention);
        if (code != 0)
            return code;
        if (retention.keep_ms == 0)
            continue;
        if (settings->retention_count == STORE_RETENTIONS_MAX || is_given(settings, retention.interval_s))
            return error_set(ERROR_CONFIGURATION, "database.retention: '%s' is one too many", word);
        settings->retentions[settings->retention_count++] =
            (struct store_retention){retention.interval_s, retention.keep_ms};
    }
    return 0;
}
