/* Questions to the history, over the link of that name: for a browser, whose request is answered when the last part
 * has come, and for the dashboard's own view. */
/* SPDX-License-Identifier: MIT */
#ifndef WICK_DASHBOARD_HISTORY_H
#define WICK_DASHBOARD_HISTORY_H

#include "dashboard/json_writer.h"
#include "dashboard/view.h"
#include "lib/base/error.h"
#include "lib/runtime/config.h"
#include "lib/runtime/http_server.h"
#include "proto/message.h"

struct dashboard;

enum { QUESTIONS_MAX = 16, QUESTION_TIMEOUT_MS = 5000 };

struct question {
    uint64_t id; /* 0: free */
    enum query_kind kind;
    uint32_t parts;               /* of the answer that came */
    int64_t deadline_ms;          /* monotonic */
    struct http_request *request; /* NULL: for the view */
    struct json_writer json;      /* the answer so far; its text is owned */
};

struct history {
    uint64_t last_id;
    struct question questions[QUESTIONS_MAX];
};

/* Arguments of a request, checked: see history_handle. */
struct history_arguments {
    const char *symbol, *interval; /* NULL: not given */
    const char *from, *to, *limit;
};

/* Makes the query of a path ("/api/v1/candles") from its arguments; id and account are left alone.
 * ERROR_ARGUMENT with a sentence for the caller. `intervals` is the configured LIST, whose first one is the default. */
int history_query(const char *path, const struct history_arguments *arguments, const char *intervals,
                  struct query *query) MUST_CHECK;

/* Names the account that is shown, to which every question is restricted: exchange and quote asset that are configured,
 * in the mode that the trader trades in; paper until it is heard. ERROR_RANGE for a name that is too long. */
int history_name_account(const struct config *config, const struct view *view, struct query *query) MUST_CHECK;

/* GET /api/v1/{candles,signals,orders,fills,equity}; `user` is the struct dashboard. */
void history_handle(struct http_request *request, void *user);

/* Asks for the newest `limit` rows of a kind, of the account that is shown, for the view. ERROR_FULL, or as
 * service_send. */
int history_ask(struct dashboard *dashboard, enum query_kind kind, uint32_t limit) MUST_CHECK;

/* One part of an answer. */
void history_take(struct dashboard *dashboard, const struct answer *answer);

/* Answers 504 to those that wait for too long. What the view lacks is asked for again. */
void history_tick(struct dashboard *dashboard, int64_t now_ms);

/* Forgets all questions; for the end of the process, after the server was closed. */
void history_release(struct history *history);

#endif
