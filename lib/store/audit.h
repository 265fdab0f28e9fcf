/* The tables of candles as they are, whatever they hold: for tools that check, copy and mend a store, beside the
 * processes that use it. It has a connection of its own and waits for the database; nothing in it belongs into the
 * loop of a process.
 *
 * Values come out as the columns have them, unchecked: what can be in a damaged store fits these structs. */
/* SPDX-License-Identifier: MIT */
#ifndef WICK_STORE_AUDIT_H
#define WICK_STORE_AUDIT_H

#include "lib/base/error.h"
#include "proto/message.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct audit; /* opaque */

enum { AUDIT_REASON_SIZE = 40 };

struct audit_series {
    int64_t id;
    int64_t interval_s;
    char exchange[NAME_SIZE];
    char symbol[SYMBOL_SIZE];
    bool has_candles;
    int64_t oldest_ms, newest_ms; /* of its candles */
};

struct audit_candle {
    int64_t open_time_ms;
    int64_t open, high, low, close, volume;
    int64_t price_scale, volume_scale;
};

struct audit_absence {
    int64_t first_open_ms, last_open_ms;
    char reason[AUDIT_REASON_SIZE];
};

/* Rows of a table under an id that no series has. */
struct audit_stray {
    const char *table; /* "candles", "candle_absences", "candle_revisions" */
    int64_t series_id;
    int64_t first_ms, last_ms, count;
};

/* Receivers of rows. A code other than 0 ends the reading and is returned by it. They must not use the audit. */
typedef int (*audit_series_fn)(void *user, const struct audit_series *series);
typedef int (*audit_candle_fn)(void *user, const struct audit_candle *candle);
typedef int (*audit_absence_fn)(void *user, const struct audit_absence *absence);
typedef int (*audit_stray_fn)(void *user, const struct audit_stray *stray);
typedef int (*audit_time_fn)(void *user, int64_t open_time_ms);
typedef int (*audit_text_fn)(void *user, const char *text);

/* Opens the database of a URL as store_open does, but neither creates nor migrates it. One of an older schema can be read;
 * who wants to change it brings it up to date by store_open first. ERROR_ARGUMENT for a URL that makes no sense;
 * ERROR_MISSING for a file that does not exist; ERROR_CONNECTION; ERROR_STORE if its schema is newer than this program's,
 * or it has none. The password never gets into a message. */
int audit_open(struct audit **out, const char *url) MUST_CHECK;
void audit_close(struct audit *audit);

/* Makes all reading until audit_end see one state of the database. */
int audit_begin(struct audit *audit) MUST_CHECK;
int audit_end(struct audit *audit) MUST_CHECK;

/* All series by exchange, symbol and interval. Names that are too long are cut. ERROR_CONNECTION, ERROR_STORE; so with
 * all that follow. */
int audit_list_series(struct audit *audit, audit_series_fn fn, void *user) MUST_CHECK;

/* The candles of a series with from_ms <= open time < to_ms, ascending; a key that is there twice comes twice. */
int audit_candles(struct audit *audit, int64_t series_id, int64_t from_ms, int64_t to_ms, audit_candle_fn fn,
                  void *user) MUST_CHECK;

/* Its absences by their beginnings. */
int audit_absences(struct audit *audit, int64_t series_id, audit_absence_fn fn, void *user) MUST_CHECK;

/* The candles of which a revision is kept but no candle, not counting those before the series' oldest, ascending. */
int audit_lost_revised(struct audit *audit, int64_t series_id, audit_time_fn fn, void *user) MUST_CHECK;

/* The clock of an exchange as its fetcher last told it, ms since 1970 UTC; 0: it never did. */
int audit_exchange_clock(struct audit *audit, const char *exchange, int64_t *exchange_ms) MUST_CHECK;

/* Rows that belong to no series. */
int audit_strays(struct audit *audit, audit_stray_fn fn, void *user) MUST_CHECK;

/* What is wrong with the database itself, in its own words: damaged pages of a file. Reads all of a file. */
int audit_damage(struct audit *audit, audit_text_fn fn, void *user) MUST_CHECK;

/* Whether the table of candles has a unique key, and making one; ERROR_STORE while candles are there twice. */
int audit_has_key(struct audit *audit, bool *has) MUST_CHECK;
int audit_make_key(struct audit *audit) MUST_CHECK;

/* ---- mending ---- */

/* Everything between audit_change_begin and audit_change_end is one transaction; a code rolls it back and is returned. */
int audit_change_begin(struct audit *audit) MUST_CHECK;
int audit_change_end(struct audit *audit, int code) MUST_CHECK;

/* Takes the candles of an open time out of a series, all but `keep` of them, which must say the same. What is taken out
 * is kept in the table candles_removed with the reason and the time. *count becomes how many. */
int audit_remove(struct audit *audit, const struct audit_series *series, int64_t open_time_ms, int64_t keep,
                 const char *reason, int64_t now_ms, int64_t *count) MUST_CHECK;

/* Takes the rows of a stray out likewise; absences and revisions of nothing are dropped. */
int audit_remove_stray(struct audit *audit, const struct audit_stray *stray, const char *reason, int64_t now_ms)
    MUST_CHECK;

/* Deletes an absence by its beginning, and adds one. */
int audit_delete_absence(struct audit *audit, int64_t series_id, int64_t first_open_ms) MUST_CHECK;
int audit_add_absence(struct audit *audit, int64_t series_id, const struct audit_absence *absence) MUST_CHECK;

#endif
