/* A ban of the exchange, kept in a small file so that a restart does not forget it. */
/* SPDX-License-Identifier: MIT */
#ifndef WICK_FETCHER_BAN_H
#define WICK_FETCHER_BAN_H

#include "lib/base/error.h"

#include <stdint.h>

/* Until when (our wall clock, ms) nothing may be sent to this base URL; 0: nothing is known of a ban.
 * A file that cannot be understood counts as no ban: the exchange will say it again. */
int64_t ban_load(const char *directory, const char *base_url);

/* Writes it, whole or not at all. ERROR_SYSTEM. */
int ban_save(const char *directory, const char *base_url, int64_t until_wall_ms) MUST_CHECK;

#endif
