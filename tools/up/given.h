/* Whether somebody gave an option a value, or it has its default. */
/* SPDX-License-Identifier: MIT */
#ifndef WICK_TOOLS_UP_GIVEN_H
#define WICK_TOOLS_UP_GIVEN_H

#include "lib/runtime/config.h"

#include <stdbool.h>

/* The row of an option that exists; anything else is a bug and asserted. */
const struct option_row *option_named(const char *section, const char *key);

/* Whether file, environment or flags gave it a value. */
bool given(const struct config *config, const char *section, const char *key);

#endif
