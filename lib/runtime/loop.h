/* The loop of a process: one thread, one zmq_poll over ZeroMQ sockets, file descriptors, timers and signals.
 *
 * Nothing in it blocks but the poll. Callbacks may add and remove sources, themselves too. */
/* SPDX-License-Identifier: MIT */
#ifndef WICK_RUNTIME_LOOP_H
#define WICK_RUNTIME_LOOP_H

#include "lib/base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    LOOP_SOURCES_MAX = 512, /* sockets and descriptors */
    LOOP_TIMERS_MAX = 64,
};

enum { LOOP_READ = 1, LOOP_WRITE = 2 };

struct loop; /* opaque; one a process */

/* `events` is LOOP_READ, LOOP_WRITE or both: what the source is ready for. Errors and hang-ups count as both. */
typedef void (*loop_source_fn)(void *user, int events);

/* `now_ms` is the monotonic clock when the loop woke up. */
typedef void (*loop_timer_fn)(void *user, int64_t now_ms);

/* Creates the loop; NULL and a message when memory is out. */
struct loop *loop_create(void);

/* Frees it. Sources still in it are not closed. */
void loop_destroy(struct loop *loop);

/* Watches a ZeroMQ socket. The callback must read until EAGAIN or a bound of its own. ERROR_FULL. */
int loop_add_socket(struct loop *loop, void *socket, loop_source_fn callback, void *user) MUST_CHECK;

/* Watches a descriptor for `events`. ERROR_FULL. */
int loop_add_fd(struct loop *loop, int fd, int events, loop_source_fn callback, void *user) MUST_CHECK;

/* Changes what a watched descriptor is watched for; 0 keeps it in the loop but silent. */
void loop_change_fd(struct loop *loop, int fd, int events);

/* Stops watching; does nothing if it is not watched. */
void loop_remove_fd(struct loop *loop, int fd);
void loop_remove_socket(struct loop *loop, void *socket);

/* Calls back once when `delay_ms` have passed (0: on the next turn), and then every `period_ms` if that is not 0.
 * Returns an id >= 0, or ERROR_FULL. */
int loop_add_timer(struct loop *loop, int64_t delay_ms, int64_t period_ms, loop_timer_fn callback, void *user)
    MUST_CHECK;

/* Sets when a timer fires next. The id stays valid until loop_remove_timer, also after a one-shot has fired. */
void loop_set_timer(struct loop *loop, int timer, int64_t delay_ms);

/* Silences a timer without removing it; loop_set_timer wakes it again. */
void loop_stop_timer(struct loop *loop, int timer);
void loop_remove_timer(struct loop *loop, int timer);

/* Runs until loop_stop, or until SIGTERM or SIGINT comes, which it blocks and reads itself. 0, or ERROR_SYSTEM. */
int loop_run(struct loop *loop) MUST_CHECK;

/* Makes loop_run return after the current callback. */
void loop_stop(struct loop *loop);

/* The monotonic clock at the last wake-up, ms. */
int64_t loop_now_ms(const struct loop *loop);

/* How many times the loop has turned; a health check sees by it that the process lives. */
uint64_t loop_turns(const struct loop *loop);

#endif
