/* Questions to the table of options. */
/* SPDX-License-Identifier: MIT */
#include "tools/up/given.h"

#include <assert.h>
#include <string.h>

const struct option_row *option_named(const char *section, const char *key)
{
    for (size_t i = 0; i < option_count; i++)
        if (strcmp(options[i].section, section) == 0 && strcmp(options[i].key, key) == 0)
            return &options[i];
    assert(!"an option that exists");
    return NULL;
}

bool given(const struct config *config, const char *section, const char *key)
{
    return strcmp(config_origin(config, option_named(section, key)), "default") != 0;
}
