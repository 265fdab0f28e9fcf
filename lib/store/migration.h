/* The steps that bring a database's schema up to date: the files under migrations/, built into the program. A step
 * that was released is never changed; a new one is a new file NNN_name.ENGINE.sql for each engine. */
/* SPDX-License-Identifier: MIT */
#ifndef WICK_STORE_MIGRATION_H
#define WICK_STORE_MIGRATION_H

#include "lib/base/error.h"

#include <stddef.h>
#include <stdint.h>

struct migration {
    int version;        /* 1, 2, ... without a hole in each engine */
    const char *name;
    const char *engine; /* the scheme of its store kind */
    const char *sql;
};

/* All of them, ascending by version; generated. */
extern const struct migration migrations[];
extern const size_t migration_count;

/* The step of an engine that leads to `version`, or NULL. */
const struct migration *migration_find(const char *engine, int version);

/* Checks that a database of schema `version` may be used by this program. ERROR_STORE if it is newer. */
int migration_check(const char *engine, int64_t version) MUST_CHECK;

#endif
