/* The newest rows of one kind (signals, orders, fills), newest first, each once by its key, however often and in
 * whatever order they are heard of: live, again after a gap, or from the history. */
/* SPDX-License-Identifier: MIT */
#ifndef WICK_DASHBOARD_RECENT_H
#define WICK_DASHBOARD_RECENT_H

#include "lib/base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What distinguishes the kinds. */
struct recent_kind {
    size_t row_size;
    size_t capacity;                                      /* rows that are kept */
    bool (*same)(const void *left, const void *right);    /* whether two rows have the same key */
    int64_t (*time_ms)(const void *row);                  /* what they are ordered by; of one key, the later wins */
};

extern const struct recent_kind recent_signals; /* struct signal_outcome, 100 */
extern const struct recent_kind recent_orders;  /* struct order, 50 */
extern const struct recent_kind recent_fills;   /* struct fill, 50 */

struct recent {
    const struct recent_kind *kind;
    size_t count;
    uint8_t *rows; /* owned */
    bool *dirty;   /* owned; whether a row is new or changed and the pages were not told yet */
};

/* ERROR_MEMORY. */
int recent_init(struct recent *recent, const struct recent_kind *kind) MUST_CHECK;
void recent_release(struct recent *recent);

/* Takes a row. False if that changed nothing: it was there, or something later of its key was, or it is older than
 * all that are kept. */
bool recent_put(struct recent *recent, const void *row);

/* The row at a place, 0 the newest. */
const void *recent_row(const struct recent *recent, size_t place);

#endif
