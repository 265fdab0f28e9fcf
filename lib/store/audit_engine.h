/* What an engine gives to the audit: SQL with numbered parameters and rows of plain values. The statements themselves
 * are in audit.c, one text for both engines but for the few that each engine has to say in its own words. */
/* SPDX-License-Identifier: MIT */
#ifndef WICK_STORE_AUDIT_ENGINE_H
#define WICK_STORE_AUDIT_ENGINE_H

#include "lib/store/row.h"

enum { AUDIT_COLUMNS_MAX = 12, AUDIT_PARAMETERS_MAX = 12 };

/* Receives a row: integers, texts with their length, NULL as the integer 0 with `is_null` set. */
struct audit_row {
    struct cell cells[AUDIT_COLUMNS_MAX];
    bool is_null[AUDIT_COLUMNS_MAX];
};
typedef int (*audit_row_fn)(void *user, const struct audit_row *row);

struct audit_engine {
    const char *scheme, *other_scheme; /* as in struct store_kind */
    const char *begin_reading;         /* a transaction that sees one state */
    const char *has_key_sql;           /* one row if there is a unique key of candles */
    const char *damage_sql;            /* a row of text for each damage; NULL: the engine knows by itself */

    /* As audit_open, without the look at the schema. */
    int (*open)(void **state, const char *url);
    void (*close)(void *state);

    /* Runs a statement with the parameters $1 to $count. `fn` NULL: no rows are expected. *changed, if not NULL, becomes
     * the number of rows that were written. */
    int (*run)(void *state, const char *sql, const struct cell *parameters, int count, audit_row_fn fn, void *user,
               int64_t *changed);
};

extern const struct audit_engine sqlite_audit;
extern const struct audit_engine postgresql_audit;

#endif
