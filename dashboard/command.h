/* What a person asks of the trader: sent over the command link, answered to the browser when the trader has acked. */
/* SPDX-License-Identifier: MIT */
#ifndef WICK_DASHBOARD_COMMAND_H
#define WICK_DASHBOARD_COMMAND_H

#include "lib/base/error.h"
#include "lib/runtime/http_server.h"
#include "proto/message.h"

enum { COMMANDS_MAX = 8, COMMAND_TIMEOUT_MS = 5000 };

struct waiting_command {
    uint64_t sequence; /* 0: free */
    struct http_request *request;
    int64_t deadline_ms; /* monotonic */
    enum action action;
};

struct commands {
    uint64_t last_sequence;
    struct waiting_command waiting[COMMANDS_MAX];
};

/* The action of a name ("reduce_only"). ERROR_ARGUMENT with the names that exist. */
int action_from_name(const char *name, enum action *out) MUST_CHECK;

/* POST /api/v1/command; `user` is the struct dashboard. */
void command_handle(struct http_request *request, void *user);

/* An ack of the trader. */
void commands_ack(struct commands *commands, const struct ack *ack);

/* Answers 504 to those that wait for too long. */
void commands_tick(struct commands *commands, int64_t now_ms);

#endif
