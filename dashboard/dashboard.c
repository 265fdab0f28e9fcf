/* The only public process. It holds no exchange key and no database credential: what it shows it was told over the
 * portfolio link, or has asked the history for. */
/* SPDX-License-Identifier: MIT */
#include "dashboard/dashboard.h"

#include "dashboard/process.h"
#include "dashboard/origin.h"
#include "dashboard/routes.h"
#include "lib/base/log.h"
#include "lib/runtime/metrics.h"

#include <stdlib.h>
#include <string.h>

enum {
    TICK_MS = 250,           /* pages are told of changes as often */
    SILENCE_MS = 5000,       /* after which a process is said to be silent */
    ASK_AFTER_MS = 2000,     /* silence of the trader after which its snapshot is asked for */
    ASK_EVERY_MS = 1000,     /* and how often again */
    PROBE_MS = 3000,         /* the same of the link that commands go over: it must lead to the trader that acts */
    RECENT_EVERY_MS = 2000,  /* how often the newest rows are asked for at most */
};

void dashboard_client(const struct dashboard *dashboard, const struct http_request *request,
                      char out[CLIENT_KEY_SIZE])
{
    origin_client(http_client_address(request), http_header(request, "X-Forwarded-For"),
                  dashboard->context->config->dashboard_trusted_proxy, out);
}

/* ---- life ---- */

static int open_server(struct dashboard *dashboard)
{
    const struct config *config = dashboard->context->config;
    return http_server_open(dashboard->context->loop,
                            &(struct http_server_options){
                                .address = config->dashboard_address,
                                .port = (int)config->dashboard_port,
                                .routes = http_routes,
                                .route_count = route_count,
                                .user = dashboard,
                                .allow = route_allow,
                                .headers = route_headers(config->dashboard_secure_cookie),
                            },
                            &dashboard->server);
}

static void dashboard_close(struct service_context *context, void *state)
{
    struct dashboard *dashboard = state;
    (void)context;
    http_server_close(dashboard->server);
    history_release(&dashboard->history);
    streams_release(&dashboard->streams);
    view_release(&dashboard->view);
    login_release(&dashboard->login);
    free(dashboard->json);
}

static int open_parts(struct dashboard *dashboard)
{
    const struct config *config = dashboard->context->config;
    int code = login_init(&dashboard->login, &config->dashboard_password_hash, &config->dashboard_password);
    if (code == 0)
        code = view_init(&dashboard->view);
    if (code == 0)
        code = streams_init(&dashboard->streams, dashboard->context->instance);
    if (code == 0 && (dashboard->json = malloc(STATE_JSON_SIZE)) == NULL)
        code = error_set(ERROR_MEMORY, "no memory for answers");
    if (code == 0)
        code = open_server(dashboard);
    return code;
}

static int dashboard_open(struct service_context *context, void *state)
{
    struct dashboard *dashboard = state;
    dashboard->context = context;
    dashboard->recent_wanted = true;
    dashboard->trader_heard_ms = dashboard->persister_heard_ms = dashboard_now(dashboard);
    int code = open_parts(dashboard);
    if (code < 0) {
        dashboard_close(context, state);
        return code;
    }
    service_subscribe(context, LINK_PORTFOLIO, TOPIC_PORTFOLIO, SHARDS);
    service_set_status(context, PROCESS_STATUS_STARTING, "waiting for the trader");
    log_info("dashboard_open", log_text("address", context->config->dashboard_address),
             log_int("port", http_server_port(dashboard->server)));
    return 0;
}

/* ---- messages ---- */

static void note_step(struct dashboard *dashboard, enum view_step step)
{
    dashboard->trader_heard_ms = dashboard_now(dashboard);
    if (step == VIEW_GAP)
        dashboard->recent_wanted = true;
}

static int take_portfolio(struct dashboard *dashboard, const uint8_t *bytes, size_t size)
{
    struct portfolio portfolio;
    int code = message_decode(RECORD_portfolio, bytes, size, &portfolio);
    if (code == 0)
        note_step(dashboard, view_take_portfolio(&dashboard->view, &portfolio));
    return code;
}

/* The answer to a question. While the published ones come, it only shows that the link leads to the right trader: taken, it
 * could overtake events that are on their way. */
static int take_asked_portfolio(struct dashboard *dashboard, const uint8_t *bytes, size_t size)
{
    bool published = dashboard->view.known && dashboard_now(dashboard) - dashboard->trader_heard_ms < ASK_AFTER_MS;
    return published ? 0 : take_portfolio(dashboard, bytes, size);
}

static int take_events(struct dashboard *dashboard, const uint8_t *bytes, size_t size)
{
    struct portfolio_event event;
    int code = message_decode(RECORD_portfolio_event, bytes, size, &event);
    if (code == 0)
        note_step(dashboard, view_take_events(&dashboard->view, &event));
    return code;
}

static int take_ack(struct dashboard *dashboard, const uint8_t *bytes, size_t size)
{
    struct ack ack;
    int code = message_decode(RECORD_ack, bytes, size, &ack);
    if (code == 0)
        commands_ack(&dashboard->commands, &ack);
    return code;
}

static int take_answer(struct dashboard *dashboard, const uint8_t *bytes, size_t size)
{
    struct answer answer;
    int code = message_decode(RECORD_answer, bytes, size, &answer);
    if (code == 0) {
        dashboard->persister_heard_ms = dashboard_now(dashboard);
        history_take(dashboard, &answer);
    }
    return code;
}

/* What is taken from which link. */
static const struct {
    enum link link;
    enum record record;
    int (*take)(struct dashboard *dashboard, const uint8_t *bytes, size_t size);
} takers[] = {
    {LINK_PORTFOLIO, RECORD_portfolio, take_portfolio},
    {LINK_PORTFOLIO, RECORD_portfolio_event, take_events},
    {LINK_COMMAND, RECORD_portfolio, take_asked_portfolio},
    {LINK_COMMAND, RECORD_ack, take_ack},
    {LINK_HISTORY, RECORD_answer, take_answer},
};

static int dashboard_on_message(struct service_context *context, void *state, enum link link, const struct peer *peer,
                                enum record record, const uint8_t *bytes, size_t size)
{
    (void)context;
    (void)peer;
    if (link == LINK_COMMAND)
        ((struct dashboard *)state)->command_heard_ms = dashboard_now(state);
    for (size_t i = 0; i < sizeof takers / sizeof takers[0]; i++)
        if (takers[i].link == link && takers[i].record == record)
            return takers[i].take(state, bytes, size);
    return error_set(ERROR_PROTOCOL, "%s does not belong on the %s link", records[record].name, links[link].name);
}

/* ---- ticks ---- */

static void ask_trader(struct dashboard *dashboard, int64_t now_ms)
{
    struct portfolio_request request = {.sequence = (uint64_t)now_ms};
    bool is_due = !dashboard->view.known || now_ms - dashboard->trader_heard_ms >= ASK_AFTER_MS ||
                  now_ms - dashboard->command_heard_ms >= PROBE_MS;
    service_await(dashboard->context, LINK_COMMAND, 0, LINK_SILENCE_MS);
    service_await(dashboard->context, LINK_PORTFOLIO, 0, service_poll_silence_ms(dashboard->context));
    if (!is_due || now_ms - dashboard->trader_asked_ms < ASK_EVERY_MS)
        return;
    dashboard->trader_asked_ms = now_ms;
    if (service_send(dashboard->context, LINK_COMMAND, NULL, RECORD_portfolio_request, &request) < 0)
        log_debug("portfolio_not_asked", log_text("error", error_message()));
}

static void ask_processes(struct dashboard *dashboard, int64_t now_ms)
{
    struct process_state own = service_state(dashboard->context);
    if (now_ms - dashboard->processes_asked_ms < ASK_EVERY_MS)
        return;
    dashboard->processes_asked_ms = now_ms;
    own.work = (uint64_t)metric_value(METRIC_http_requests_total);
    view_take_process(&dashboard->view, &own);
    if (history_ask(dashboard, QUERY_KIND_PROCESSES, VIEW_PROCESSES_MAX) < 0)
        log_debug("processes_not_asked", log_text("error", error_message()));
}

/* At the start, and after a gap: what happened meanwhile is in the history, or will be soon. */
static void ask_recent(struct dashboard *dashboard, int64_t now_ms)
{
    if (!dashboard->recent_wanted || now_ms - dashboard->recent_asked_ms < RECENT_EVERY_MS)
        return;
    dashboard->recent_asked_ms = now_ms;
    int code = history_ask(dashboard, QUERY_KIND_SIGNALS, (uint32_t)recent_signals.capacity);
    if (code == 0)
        code = history_ask(dashboard, QUERY_KIND_ORDERS, (uint32_t)recent_orders.capacity);
    if (code == 0)
        code = history_ask(dashboard, QUERY_KIND_FILLS, (uint32_t)recent_fills.capacity);
    dashboard->recent_wanted = code < 0;
}

static void report_status(struct dashboard *dashboard, int64_t now_ms)
{
    bool trader_silent = now_ms - dashboard->trader_heard_ms >= SILENCE_MS;
    dashboard->persister_silent = now_ms - dashboard->persister_heard_ms >= SILENCE_MS;
    if (trader_silent != dashboard->trader_silent) {
        dashboard->trader_silent = trader_silent;
        dashboard->view.portfolio_dirty = true;
        log_warn(trader_silent ? "trader_silent" : "trader_heard");
    }
    if (trader_silent)
        service_set_status(dashboard->context, PROCESS_STATUS_DEGRADED, "the trader is silent");
    else if (dashboard->persister_silent)
        service_set_status(dashboard->context, PROCESS_STATUS_DEGRADED, "the persister is silent");
    else if (!dashboard->view.known)
        service_set_status(dashboard->context, PROCESS_STATUS_STARTING, "waiting for the trader");
    else
        service_set_status(dashboard->context, PROCESS_STATUS_READY, "");
}

static void dashboard_on_tick(struct service_context *context, void *state, int64_t now_ms)
{
    struct dashboard *dashboard = state;
    (void)context;
    report_status(dashboard, now_ms);
    ask_trader(dashboard, now_ms);
    ask_processes(dashboard, now_ms);
    ask_recent(dashboard, now_ms);
    history_tick(dashboard, now_ms);
    commands_tick(&dashboard->commands, now_ms);
    metric_set(METRIC_sessions, (double)session_sweep(&dashboard->sessions, now_ms));
    metric_set(METRIC_event_streams, (double)streams_sweep(&dashboard->streams, &dashboard->sessions, now_ms));
    streams_flush(&dashboard->streams, &dashboard->view, dashboard->trader_silent, now_ms);
}

const struct service dashboard_service = {
    .role = ROLE_DASHBOARD,
    .state_size = sizeof(struct dashboard),
    .tick_ms = TICK_MS,
    .open = dashboard_open,
    .on_message = dashboard_on_message,
    .on_tick = dashboard_on_tick,
    .close = dashboard_close,
};
