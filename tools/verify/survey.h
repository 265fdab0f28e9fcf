/* The search through a whole store, series by series, seeing one state of the database. Memory grows with the number of
 * series and with the absences of the one at hand, not with the candles. */
/* SPDX-License-Identifier: MIT */
#ifndef WICK_VERIFY_SURVEY_H
#define WICK_VERIFY_SURVEY_H

#include "tools/common/database.h"
#include "tools/common/progress.h"
#include "tools/verify/examine.h"

#include <signal.h>

/* Which series; NULL or 0: all. */
struct survey_filter {
    const char *exchange, *symbol;
    uint32_t interval_s;
};

/* Who is told; each but `finding` may be NULL. A code other than 0 ends the survey. */
struct survey_listener {
    void *user;
    finding_fn finding;
    explained_fn explained;
    /* A series is through. */
    int (*series)(void *user, const struct audit_series *series, const struct examination_summary *summary);
};

struct survey {
    struct audit *audit;
    struct survey_filter filter;
    const struct database_choice *choice;
    int64_t now_ms; /* of the exchange's clock: candles that close later are of the future. 0: as each exchange's is known */
    const volatile sig_atomic_t *interrupted;
    struct progress *progress;
    struct survey_listener listener;
};

/* The time that counts for an exchange. Codes of the audit. */
int survey_now(const struct survey *survey, const char *exchange, int64_t *now_ms) MUST_CHECK;

/* ERROR_AGAIN when it was interrupted; codes of the audit and of the listener. Series in findings live until it returns. */
int survey_run(const struct survey *survey) MUST_CHECK;

#endif
