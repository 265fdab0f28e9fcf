/* The paths of the dashboard with what each needs, as a table, and the one place where that is checked. */
/* SPDX-License-Identifier: MIT */
#ifndef WICK_DASHBOARD_ROUTES_H
#define WICK_DASHBOARD_ROUTES_H

#include "lib/runtime/http_server.h"

#include <stddef.h>

/* What a route needs; flags. Every route but one of 0 needs HTTPS as well, where the page is served through it. */
enum need {
    NEED_NOTHING = 1 << 0,        /* anybody may */
    NEED_SESSION = 1 << 1,        /* else 401 */
    NEED_OWN_PAGE = 1 << 2,       /* sent by a page of this server, see origin.h; else 403 */
    NEED_JSON = 1 << 3,           /* Content-Type: application/json and at most REQUEST_BODY_MAX bytes; else 415, 413 */
    NEED_REQUESTED_WITH = 1 << 4, /* a header X-Requested-With, which no form can send; else 403 */
    COUNTS_AS_ACTION = 1 << 5,    /* keeps the session from running out */
};

enum { REQUEST_BODY_MAX = 4096 };

struct route_row {
    const char *method, *path;
    int needs;
    const char *sentence;
};

/* Routes for http_server_open, and the same rows for tests; both have route_count rows. docs/routes.md shows them. */
extern const struct http_route http_routes[];
extern const struct route_row route_rows[];
extern const size_t route_count;

/* Headers of every answer; with Strict-Transport-Security if the page is served through HTTPS. */
const char *const *route_headers(bool secure);

/* For http_server_options.allow, with the struct dashboard as `user`: checks what a route needs, and answers when
 * something is missing. */
bool route_allow(struct http_request *request, int needs, void *user);

#endif
