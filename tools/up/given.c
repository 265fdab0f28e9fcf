/* Questions to the table of options. */
/* SPDX-License-Identifier: MIT */
#include "tools/up/given.h"

#include <assert.h>
#include <string.h>

const struct option_row *option_named(const char *section, const char *key)
{
    size_t i = 0;
    while (i < option_count && (strcmp(options[i].section, section) != 0 || strcmp(options[i].key, key) != 0))
        i++;
    assert(i < option_count);
    return &options[i];
}

bool given(const struct config *config, const char *section, const char *key)
{
    return strcmp(config_origin(config, option_named(section, key)), "default") != 0;
}
