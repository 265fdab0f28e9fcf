/* The table, what guards it, and the handlers too small for a file of their own. */
/* SPDX-License-Identifier: MIT */
#include "dashboard/routes.h"

#include "dashboard/origin.h"
#include "dashboard/process.h"
#include "dashboard/reply.h"
#include "dashboard/view_json.h"
#include "lib/runtime/metrics.h"

#include <string.h>

/* ---- what a route needs ---- */

static bool is_secure(const struct http_request *request)
{
    const char *scheme = http_header(request, "X-Forwarded-Proto");
    return scheme != NULL && strcmp(scheme, "https") == 0;
}

static bool accepts(const struct http_request *request, const char *type)
{
    const char *accept = http_header(request, "Accept");
    return accept != NULL && strstr(accept, type) != NULL;
}

static bool has_json_type(const struct http_request *request)
{
    static const char json_type[] = "application/json";
    const char *type = http_header(request, "Content-Type");
    size_t length = sizeof json_type - 1;
    return type != NULL && strncasecmp(type, json_type, length) == 0 && strchr("; \t", type[length]) != NULL;
}

/* A person who has no session sees the login page where the page would be. */
static void refuse_without_session(struct http_request *request)
{
    http_add_header(request, "WWW-Authenticate", "Session realm=\"wick\"");
    if (strcmp(http_method(request), "POST") != 0 && accepts(request, "text/html"))
        reply_page(request, 401, "login.html");
    else
        reply_error(request, 401, "log in first");
}

/* Answers and returns false if the request itself is not as the route needs it. */
static bool check_shape(struct http_request *request, int needs)
{
    size_t size = 0;
    (void)http_body(request, &size);
    if ((needs & NEED_OWN_PAGE) && !origin_is_own(http_header(request, "Sec-Fetch-Site"),
                                                  http_header(request, "Origin"), http_header(request, "Host"))) {
        reply_error(request, 403, "only the dashboard's own page may send this");
        return false;
    }
    if ((needs & NEED_REQUESTED_WITH) && http_header(request, "X-Requested-With") == NULL) {
        reply_error(request, 403, "the header X-Requested-With is needed");
        return false;
    }
    if ((needs & NEED_JSON) && !has_json_type(request)) {
        reply_error(request, 415, "the content type must be application/json");
        return false;
    }
    if (size > REQUEST_BODY_MAX) {
        reply_error(request, 413, "the body is too large");
        return false;
    }
    return true;
}

static bool check_session(struct http_request *request, int needs, struct dashboard *dashboard)
{
    struct session *session = dashboard_session(dashboard, request);
    if (session == NULL) {
        refuse_without_session(request);
        return false;
    }
    if (needs & COUNTS_AS_ACTION)
        session_act(session, dashboard_now(dashboard));
    return true;
}

bool route_allow(struct http_request *request, int needs, void *user)
{
    struct dashboard *dashboard = user;
    bool allowed = true;
    metric_add(METRIC_http_requests_total, 1);
    if (dashboard->context->config->dashboard_secure_cookie && !is_secure(request)) {
        reply_error(request, 403, "HTTPS is needed");
        allowed = false;
    }
    if (allowed && (needs & NEED_SESSION))
        allowed = check_session(request, needs, dashboard);
    if (allowed)
        allowed = check_shape(request, needs);
    if (!allowed)
        metric_add(METRIC_http_refused_total, 1);
    return allowed;
}

/* ---- small handlers ---- */

static void route_healthz(struct http_request *request, void *user)
{
    (void)user;
    http_add_header(request, "Cache-Control", "no-store");
    http_answer_text(request, 200, "ok");
}

static void route_login_page(struct http_request *request, void *user)
{
    (void)user;
    reply_page(request, 200, "login.html");
}

/* The page is asked for by a person, so it counts as an action. */
static void route_app_page(struct http_request *request, void *user)
{
    struct dashboard *dashboard = user;
    session_act(dashboard_session(dashboard, request), dashboard_now(dashboard));
    reply_page(request, 200, "app.html");
}

static void route_asset(struct http_request *request, void *user)
{
    (void)user;
    reply_asset(request);
}

/* What browsers ask for by themselves, whatever a page says. */
static void route_icon(struct http_request *request, void *user)
{
    (void)user;
    reply_empty(request, 204);
}

static void route_active(struct http_request *request, void *user)
{
    (void)user;
    reply_empty(request, 204);
}

static void route_state(struct http_request *request, void *user)
{
    struct dashboard *dashboard = user;
    const struct config *config = dashboard->context->config;
    struct json_writer json = json_into(dashboard->json, STATE_JSON_SIZE);
    char id[EVENT_ID_SIZE];
    event_ring_id(&dashboard->streams.events, id);
    json_state(&json, &dashboard->view,
               &(struct view_facts){
                   .last_event_id = id,
                   .exchange = config->exchange_name,
                   .intervals = config->market_intervals,
                   .speed = config->exchange_speed,
                   .trader_silent = dashboard->trader_silent,
               });
    reply_json(request, 200, &json);
}

/* ---- tables ---- */

const struct http_route http_routes[] = {
#define ROUTE(method, path, needs, handler, sentence) {#method, path, needs, handler},
#include "dashboard/routes.def"
#undef ROUTE
};

const struct route_row route_rows[] = {
#define ROUTE(method, path, needs, handler, sentence) {#method, path, needs, sentence},
#include "dashboard/routes.def"
#undef ROUTE
};

const size_t route_count = sizeof route_rows / sizeof route_rows[0];

#define COMMON_HEADERS                                                                                               \
    "Content-Security-Policy: default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "       \
    "connect-src 'self'; font-src 'self'; base-uri 'none'; object-src 'none'; form-action 'self'; "                  \
    "frame-ancestors 'none'; require-trusted-types-for 'script'",                                                    \
        "X-Content-Type-Options: nosniff", "X-Frame-Options: DENY", "Referrer-Policy: no-referrer",                  \
        "Cross-Origin-Opener-Policy: same-origin", "Cross-Origin-Resource-Policy: same-origin",                      \
        "Permissions-Policy: geolocation=(), camera=(), microphone=(), payment=(), usb=()",                          \
        "Vary: Cookie, Origin, Sec-Fetch-Site"

static const char *const plain_headers[] = {COMMON_HEADERS, NULL};
static const char *const secure_headers[] = {
    COMMON_HEADERS, "Strict-Transport-Security: max-age=63072000; includeSubDomains", NULL};

const char *const *route_headers(bool secure)
{
    return secure ? secure_headers : plain_headers;
}
