/* The health pages, and what the kernel says about this process. */
/* SPDX-License-Identifier: MIT */
#include "lib/runtime/health.h"

#include "lib/base/clock.h"
#include "lib/runtime/http_server.h"
#include "lib/runtime/metrics.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PAGE_SIZE_MAX = 32768, MEMORY_MS = 10000 };

struct health {
    enum role role;
    struct loop *loop;
    struct http_server *server; /* NULL: no pages */
    int64_t started_ms;         /* monotonic */
    int64_t memory_ms;          /* of the last look at the memory; 0: none. The kernel walks all pages for it. */
    enum process_status status;
    char detail[TEXT_SIZE];
};

uint64_t health_memory(void)
{
    unsigned long total = 0, resident = 0;
    FILE *file = fopen("/proc/self/statm", "re");
    if (file == NULL)
        return 0;
    if (fscanf(file, "%lu %lu", &total, &resident) != 2)
        resident = 0;
    (void)fclose(file);
    return resident * (uint64_t)sysconf(_SC_PAGESIZE);
}

/* Pss of /proc/self/smaps_rollup, bytes; 0 where the kernel does not tell. */
static uint64_t proportional_memory(void)
{
    char line[160];
    unsigned long kilobytes = 0;
    FILE *file = fopen("/proc/self/smaps_rollup", "re");
    if (file == NULL)
        return 0;
    while (fgets(line, sizeof line, file) != NULL)
        if (sscanf(line, "Pss: %lu kB", &kilobytes) == 1)
            break;
    (void)fclose(file);
    return (uint64_t)kilobytes * 1024;
}

static void on_healthz(struct http_request *request, void *user)
{
    (void)user;
    http_answer_text(request, 200, "ok\n");
}

static void on_readyz(struct http_request *request, void *user)
{
    const struct health *health = user;
    char text[TEXT_SIZE + 32];
    bool ready = health->status == PROCESS_STATUS_READY || health->status == PROCESS_STATUS_STANDBY;
    (void)snprintf(text, sizeof text, "%s: %s\n", process_status_name(health->status), health->detail);
    http_answer_text(request, ready ? 200 : 503, text);
}

static void look_at_memory(struct health *health, int64_t now_ms)
{
    if (health->memory_ms != 0 && now_ms - health->memory_ms < MEMORY_MS)
        return;
    health->memory_ms = now_ms;
    metric_set(METRIC_memory_resident_bytes, (double)health_memory());
    metric_set(METRIC_memory_proportional_bytes, (double)proportional_memory());
}

static void on_metrics(struct http_request *request, void *user)
{
    struct health *health = user;
    static char page[PAGE_SIZE_MAX];
    int64_t now_ms = clock_monotonic_ms();
    look_at_memory(health, now_ms);
    metric_set(METRIC_uptime_seconds, (double)(now_ms - health->started_ms) / 1000);
    metric_set(METRIC_cpu_seconds_total, (double)clock_cpu_us() / 1e6);
    metric_set(METRIC_loop_turns_total, (double)loop_turns(health->loop));
    size_t size = metrics_print(health->role, page, sizeof page);
    http_answer(request, 200, "text/plain; version=0.0.4", page, size);
}

static const struct http_route routes[] = {
    {"GET", "/healthz", 0, on_healthz},
    {"GET", "/readyz", 0, on_readyz},
    {"GET", "/metrics", 0, on_metrics},
};

int health_open(enum role role, const struct config *config, struct loop *loop, struct health **out)
{
    enum { CONNECTIONS_MAX = 16 };
    struct health *health = calloc(1, sizeof *health);
    if (health == NULL)
        return error_set(ERROR_MEMORY, "no memory for the health pages");
    *health = (struct health){
        .role = role, .loop = loop, .started_ms = clock_monotonic_ms(), .status = PROCESS_STATUS_STARTING};
    const struct http_server_options server = {
        .address = config->process_health_address,
        .port = (int)config->process_health_port,
        .routes = routes,
        .route_count = sizeof routes / sizeof routes[0],
        .user = health,
        .connections_max = CONNECTIONS_MAX,
    };
    int code = server.port != 0 ? http_server_open(loop, &server, &health->server) : 0;
    if (code < 0) {
        free(health);
        return error_context(code, "serve the health pages");
    }
    *out = health;
    return 0;
}

void health_close(struct health *health)
{
    if (health == NULL)
        return;
    http_server_close(health->server);
    free(health);
}

void health_set(struct health *health, enum process_status status, const char *detail)
{
    health->status = status;
    (void)snprintf(health->detail, sizeof health->detail, "%s", detail);
    for (char *at = health->detail; *at != '\0'; at++)
        if (*at < ' ' || *at > '~')
            *at = '?'; /* it travels in messages as printable text */
}

enum process_status health_status(const struct health *health)
{
    return health->status;
}

const char *health_detail(const struct health *health)
{
    return health->detail;
}
