/* The life of a process: with what status it ends. */
/* SPDX-License-Identifier: MIT */
#include "lib/runtime/service.h"
#include "tests/harness.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

/* What the process of the test does, in its own memory. */
struct life {
    int stops;
};

static bool fails; /* it cannot go on; otherwise it ends as it should */

static int life_open(struct service_context *context, void *state)
{
    (void)context, (void)state;
    return 0;
}

static int life_on_message(struct service_context *context, void *state, enum link link, const struct peer *peer,
                           enum record record, const uint8_t *bytes, size_t size)
{
    (void)context, (void)state, (void)link, (void)peer, (void)record, (void)bytes, (void)size;
    return 0;
}

static void life_on_tick(struct service_context *context, void *state, int64_t now_ms)
{
    (void)state, (void)now_ms;
    if (fails)
        service_fail(context, error_set(ERROR_MEMORY, "no room"));
    else
        loop_stop(context->loop);
}

/* What goes wrong while good-bye is said changes nothing. */
static void life_on_stop(struct service_context *context, void *state)
{
    struct life *life = state;
    life->stops++;
    context->stop_ms = 20;
    (void)error_set(ERROR_CONNECTION, "nobody there");
}

static void life_close(struct service_context *context, void *state)
{
    const struct life *life = state;
    (void)context;
    if (life->stops != 1)
        _exit(99);
}

static const struct service life_service = {
    .role = ROLE_ANALYZER,
    .state_size = sizeof(struct life),
    .tick_ms = 10,
    .open = life_open,
    .on_message = life_on_message,
    .on_tick = life_on_tick,
    .on_stop = life_on_stop,
    .close = life_close,
};

/* The exit status of a process that lives this life. */
static int status_of_life(void)
{
    char data_dir[200], links_port[16], health_port[16];
    int port = 22000 + (getpid() % 900) * 10, status = -1;
    (void)snprintf(data_dir, sizeof data_dir, "%s/life", test_directory());
    (void)snprintf(links_port, sizeof links_port, "%d", port);
    (void)snprintf(health_port, sizeof health_port, "%d", port + 9);
    char *argv[] = {"life", "--process.data_dir", data_dir, "--links.base_port", links_port,
                    "--process.health_port", health_port, "--process.log_level", "error"};
    pid_t child = fork();
    if (child == 0)
        _exit(service_main(&life_service, 9, argv));
    CU_ASSERT_FATAL(child > 0 && waitpid(child, &status, 0) == child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void a_process_that_stops_has_succeeded(void)
{
    fails = false;
    CU_ASSERT_EQUAL(status_of_life(), 0);
}

static void a_process_that_cannot_go_on_has_failed(void)
{
    fails = true;
    CU_ASSERT_EQUAL(status_of_life(), 1);
}

const char *const suite_name = "service";

const struct test suite_tests[] = {
    {"a process that stops has succeeded", a_process_that_stops_has_succeeded},
    {"a process that cannot go on has failed", a_process_that_cannot_go_on_has_failed},
    {NULL, NULL},
};
