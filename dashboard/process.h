/* The dashboard's state: what its files share. */
/* SPDX-License-Identifier: MIT */
#ifndef WICK_DASHBOARD_PROCESS_H
#define WICK_DASHBOARD_PROCESS_H

#include "dashboard/command.h"
#include "dashboard/history.h"
#include "dashboard/login.h"
#include "dashboard/session.h"
#include "dashboard/stream.h"
#include "dashboard/view.h"
#include "lib/runtime/http_server.h"
#include "lib/runtime/service.h"

enum { STATE_JSON_SIZE = 2 * 1024 * 1024 };

struct dashboard {
    struct service_context *context;
    struct http_server *server;
    struct login login;
    struct session_table sessions;
    struct view view;
    struct streams streams;
    struct history history;
    struct commands commands;
    char *json; /* STATE_JSON_SIZE bytes to write answers into, owned */

    int64_t trader_heard_ms;    /* monotonic; the last message of the trader */
    int64_t command_heard_ms;   /* the same, of the link that commands go over */
    int64_t trader_asked_ms;    /* the last portfolio_request */
    bool trader_silent;
    int64_t persister_heard_ms; /* the last answer about the processes */
    bool persister_silent;
    int64_t processes_asked_ms;
    int64_t recent_asked_ms;    /* the last time the newest signals, orders and fills were asked for */
    bool recent_wanted;         /* something may have been missed */
};

/* The session of a request's cookie, or NULL. */
struct session *dashboard_session(struct dashboard *dashboard, const struct http_request *request);

/* The address to throttle and log a request by. */
void dashboard_client(const struct dashboard *dashboard, const struct http_request *request,
                      char out[CLIENT_KEY_SIZE]);

/* The monotonic clock of this turn of the loop. */
static inline int64_t dashboard_now(const struct dashboard *dashboard)
{
    return loop_now_ms(dashboard->context->loop);
}

#endif
