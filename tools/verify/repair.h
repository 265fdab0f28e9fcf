/* Mending a store: what cannot be true is taken out and kept aside, what is missing is asked from the exchange, what the
 * exchange lacks too is recorded as absent. */
/* SPDX-License-Identifier: MIT */
#ifndef WICK_VERIFY_REPAIR_H
#define WICK_VERIFY_REPAIR_H

#include "lib/store/store.h"
#include "tools/verify/report.h"
#include "tools/verify/survey.h"

enum { REPAIR_ACTIONS_MAX = 1000000 /* findings that are mended in one go; the next go mends more */ };

struct repair {
    struct survey survey; /* what is looked at; its listener is not used */
    struct store *store;  /* the same database, for what is written */
    struct report *report;
    const char *main_exchange; /* whose base URL is `exchange_url`; of others it is their own */
    const char *exchange_url;  /* empty: the exchange's own */
    const char *data_dir;
};

/* Mends what can be mended and reports each step. What an exchange does not give is no failure here: it shows in the
 * next survey. ERROR_AGAIN when it was interrupted, between two steps that are whole; codes of the audit and of
 * database_write. */
int repair_run(struct repair *repair) MUST_CHECK;

#endif
