/* The life of a process, from argv to its exit status. */
/* SPDX-License-Identifier: MIT */
#include "lib/runtime/service.h"

#include "lib/base/clock.h"
#include "lib/base/log.h"
#include "lib/runtime/curve.h"
#include "lib/runtime/hardening.h"
#include "lib/runtime/health.h"
#include "lib/runtime/link_set.h"
#include "lib/runtime/metrics.h"

#include <assert.h>
#include <malloc.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

enum exit_status { STATUS_OK = 0, STATUS_FAILED = 1, STATUS_USAGE = 2, STATUS_CONFIGURATION = 4 };

enum { REFUSAL_LOG_MS = 1000, LINGER_MS = 500 };

/* A running process: what the callbacks of the loop need. */
struct process {
    const struct service *service;
    struct service_context context;
    struct curve_keys keys;
    void *state;
    int tick_timer;
    int64_t ticked_ms; /* monotonic, of the last tick */
    int64_t refusal_logged_ms; /* monotonic; refusals are logged once a second at most */
    uint64_t refusals;         /* since then */
};

/* One message is written at a time; a topic stands in front of it on publishing links. */
static uint8_t draft[TOPIC_SIZE + MESSAGE_SIZE_MAX];

/* ---- sending ---- */

int service_send_bytes(struct service_context *context, enum link link, const struct peer *peer, const uint8_t *bytes,
                       size_t size)
{
    int code = link_set_send(context->links, link, peer, bytes, size);
    metric_add(code == 0 ? METRIC_messages_sent_total : METRIC_messages_dropped_total, 1);
    return code;
}

int service_send(struct service_context *context, enum link link, const struct peer *peer, enum record record,
                 const void *message)
{
    size_t size;
    int code = message_encode(record, message, draft, sizeof draft, &size);
    return code < 0 ? code : service_send_bytes(context, link, peer, draft, size);
}

int service_publish(struct service_context *context, enum link link, enum topic_kind kind, uint16_t shard,
                    enum record record, const void *message)
{
    size_t size;
    topic_write(kind, shard, draft);
    int code = message_encode(record, message, draft + TOPIC_SIZE, sizeof draft - TOPIC_SIZE, &size);
    return code < 0 ? code : service_send_bytes(context, link, NULL, draft, TOPIC_SIZE + size);
}

static void change_subscription(struct service_context *context, enum link link, enum topic_kind kind, uint16_t shard,
                                bool on)
{
    uint8_t topic[TOPIC_SIZE];
    topic_write(kind, shard, topic);
    link_set_subscribe(context->links, link, topic, shard < SHARDS ? TOPIC_SIZE : 1, on);
}

void service_subscribe(struct service_context *context, enum link link, enum topic_kind kind, uint16_t shard)
{
    change_subscription(context, link, kind, shard, true);
}

void service_unsubscribe(struct service_context *context, enum link link, enum topic_kind kind, uint16_t shard)
{
    change_subscription(context, link, kind, shard, false);
}

int service_reconnect(struct service_context *context, enum link link)
{
    return link_set_reconnect(context->links, link);
}

/* ---- status ---- */

void service_set_status(struct service_context *context, enum process_status status, const char *detail)
{
    if (status != health_status(context->health))
        log_write(status == PROCESS_STATUS_DEGRADED ? LOG_LEVEL_WARN : LOG_LEVEL_INFO, "status",
                  LOG_FIELDS(log_text("status", process_status_name(status)), log_text("detail", detail)));
    health_set(context->health, status, detail);
}

void service_fail(struct service_context *context, int code)
{
    assert(code < 0);
    if (context->failure == 0) {
        log_error("failed", log_text("reason", error_message()));
        context->failure = code;
    }
    loop_stop(context->loop);
}

struct process_state service_state(const struct service_context *context)
{
    struct process_state state = {
        .instance = context->instance,
        .status = health_status(context->health),
        .uptime_ms = (uint64_t)(clock_monotonic_ms() - context->started_ms),
        .memory_bytes = health_memory(),
        .heard_ms = clock_wall_ms(),
    };
    (void)snprintf(state.role, sizeof state.role, "%s", roles[context->role].name);
    (void)snprintf(state.detail, sizeof state.detail, "%s", health_detail(context->health));
    return state;
}

/* ---- ticks ---- */

static void plan_tick(struct process *process)
{
    const struct service *service = process->service;
    if (service->next_tick_ms == NULL)
        return;
    int64_t due_ms = service->next_tick_ms(process->state), soonest_ms = process->ticked_ms + service->tick_ms;
    int64_t delay_ms = (due_ms > soonest_ms ? due_ms : soonest_ms) - loop_now_ms(process->context.loop);
    loop_set_timer(process->context.loop, process->tick_timer, delay_ms > 0 ? delay_ms : 0);
}

static void on_tick(void *user, int64_t now_ms)
{
    struct process *process = user;
    process->ticked_ms = now_ms;
    process->service->on_tick(&process->context, process->state, now_ms);
    plan_tick(process);
}

/* ---- receiving ---- */

static void refuse(struct process *process, enum link link)
{
    int64_t now_ms = loop_now_ms(process->context.loop);
    metric_add(METRIC_messages_refused_total, 1);
    process->refusals++;
    if (now_ms - process->refusal_logged_ms < REFUSAL_LOG_MS)
        return;
    log_warn("message_refused", log_text("link", links[link].name), log_text("reason", error_message()),
             log_int("count", (int64_t)process->refusals));
    process->refusal_logged_ms = now_ms;
    process->refusals = 0;
}

static void on_input(void *user, const struct link_input *input)
{
    struct process *process = user;
    const struct service *service = process->service;
    enum record record;
    if (input->topic != NULL) {
        if (service->on_subscribe != NULL)
            service->on_subscribe(&process->context, process->state, input->link, input->topic, input->topic_size);
        return;
    }
    metric_add(METRIC_messages_received_total, 1);
    process->context.heard_ms[input->link] = loop_now_ms(process->context.loop);
    int code = message_peek(input->bytes, input->size, &record);
    if (code == 0)
        code = service->on_message(&process->context, process->state, input->link, input->peer, record, input->bytes,
                                   input->size);
    if (code < 0)
        refuse(process, input->link);
    plan_tick(process);
}

static void on_stop_timer(void *user, int64_t now_ms)
{
    struct process *process = user;
    (void)now_ms;
    loop_stop(process->context.loop);
}

/* ---- life ---- */

static int open_links(struct process *process)
{
    struct service_context *context = &process->context;
    int code = curve_keys_load(context->role, context->config, &process->keys);
    if (code == 0)
        code = link_set_open(context->role, context->config, &process->keys, context->loop, on_input, process,
                             &context->links);
    if (code == 0)
        code = link_set_prove(context->links);
    return code;
}

static int open_process(struct process *process)
{
    struct service_context *context = &process->context;
    (void)mallopt(M_ARENA_MAX, 1); /* libzmq's threads allocate little; an arena for each would only cost memory */
    int code = hardening_apply();
    if (code < 0)
        return code;
    if (sodium_init() < 0)
        return error_set(ERROR_LIBRARY, "libsodium does not start");
    randombytes_buf(&context->instance, sizeof context->instance);
    context->loop = loop_create();
    process->state = calloc(1, process->service->state_size);
    if (context->loop == NULL || process->state == NULL)
        return error_set(ERROR_MEMORY, "no memory for the process");
    code = health_open(context->role, context->config, context->loop, &context->health);
    if (code == 0)
        code = open_links(process);
    if (code == 0)
        code = process->service->open(context, process->state);
    if (code < 0)
        return code;
    process->ticked_ms = loop_now_ms(context->loop);
    process->tick_timer =
        loop_add_timer(context->loop, process->service->tick_ms, process->service->tick_ms, on_tick, process);
    return process->tick_timer < 0 ? process->tick_timer : 0;
}

/* Runs until a signal, then lets the service say good-bye for as long as it asked. */
static int run(struct process *process)
{
    struct service_context *context = &process->context;
    log_info("started", log_int("instance", (int64_t)(context->instance >> 1)),
             log_text("exchange", context->config->exchange_name), log_int("speed", context->config->exchange_speed));
    int code = loop_run(context->loop);
    if (code < 0 || process->service->on_stop == NULL)
        return code;
    process->service->on_stop(context, process->state);
    if (context->stop_ms > 0) {
        code = loop_add_timer(context->loop, context->stop_ms, 0, on_stop_timer, process);
        code = code < 0 ? code : loop_run(context->loop);
    }
    return code;
}

static void close_process(struct process *process, bool opened)
{
    if (opened)
        process->service->close(&process->context, process->state);
    link_set_close(process->context.links, LINGER_MS);
    health_close(process->context.health);
    loop_destroy(process->context.loop);
    curve_keys_release(&process->keys);
    free(process->state);
}

static enum exit_status live(const struct service *service, const struct config *config)
{
    struct process process = {
        .service = service,
        .context = {.role = service->role, .config = config, .started_ms = clock_monotonic_ms()},
        .refusal_logged_ms = -REFUSAL_LOG_MS,
    };
    for (int link = 0; link < LINKS; link++)
        process.context.heard_ms[link] = process.context.started_ms;
    int code = open_process(&process);
    bool opened = code == 0;
    if (opened)
        code = run(&process);
    if (code < 0)
        log_error(opened ? "failed" : "start_failed", log_text("reason", error_message()));
    else if (process.context.failure == 0)
        log_info("stopped");
    else
        code = process.context.failure; /* it was logged when it came */
    close_process(&process, opened);
    return code == 0 ? STATUS_OK : code == ERROR_CONFIGURATION ? STATUS_CONFIGURATION : STATUS_FAILED;
}

int service_main(const struct service *service, int argc, char **argv)
{
    const char *name = roles[service->role].name;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--help") == 0) {
            config_print_help(service->role, stdout);
            return STATUS_OK;
        }
    }
    struct config *config;
    int code = config_load(1u << service->role, argc, argv, stderr, &config);
    if (code < 0) {
        (void)fprintf(stderr, "wick-%s: %s\n", name, error_message());
        return code == ERROR_ARGUMENT ? STATUS_USAGE : STATUS_CONFIGURATION;
    }
    log_open(name, (enum log_level)log_level_from_name(config->process_log_level));
    enum exit_status status = live(service, config);
    config_destroy(config);
    return (int)status;
}
