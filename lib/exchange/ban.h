/* A ban of an exchange, kept in a small file of the data directory so that whoever asks that exchange next, after a
 * restart or beside the fetcher, does not forget it. */
/* SPDX-License-Identifier: MIT */
#ifndef WICK_EXCHANGE_BAN_H
#define WICK_EXCHANGE_BAN_H

#include "lib/base/error.h"

#include <stdint.h>

/* Until when (our wall clock, ms) nothing may be sent to this base URL; 0: nothing is known of a ban.
 * A file that cannot be understood counts as no ban: the exchange will say it again. */
int64_t ban_load(const char *directory, const char *base_url);

/* Writes it, whole or not at all. ERROR_SYSTEM. */
int ban_save(const char *directory, const char *base_url, int64_t until_wall_ms) MUST_CHECK;

#endif
