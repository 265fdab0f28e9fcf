/* The answers of the dashboard: JSON that no cache keeps, and files that every browser may keep for ever. */
/* SPDX-License-Identifier: MIT */
#ifndef WICK_DASHBOARD_REPLY_H
#define WICK_DASHBOARD_REPLY_H

#include "dashboard/json_writer.h"
#include "lib/runtime/http_server.h"

/* The JSON that was written; 500 if it did not fit its buffer. */
void reply_json(struct http_request *request, int status, const struct json_writer *json);

/* {"error": "..."} */
void reply_error(struct http_request *request, int status, const char *sentence);

/* The same with Retry-After. */
void reply_retry(struct http_request *request, int status, int64_t wait_ms, const char *sentence);

/* Nothing but a status. */
void reply_empty(struct http_request *request, int status);

/* A page ("app.html", "login.html"). */
void reply_page(struct http_request *request, int status, const char *name);

/* The file of the request's path, 304 if the browser has it, 404 if there is none. */
void reply_asset(struct http_request *request);

#endif
