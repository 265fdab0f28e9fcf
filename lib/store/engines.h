/* The engines that store.c registers. */
/* SPDX-License-Identifier: MIT */
#ifndef WICK_STORE_ENGINES_H
#define WICK_STORE_ENGINES_H

#include "lib/store/store.h"

extern const struct store_kind sqlite_store;
extern const struct store_kind postgresql_store;

#endif
