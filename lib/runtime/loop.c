/* The loop: stable slots for sources and timers; the poll's array is rebuilt when the sources have changed. */
/* SPDX-License-Identifier: MIT */
#include "lib/runtime/loop.h"

#include "lib/base/clock.h"

#include <assert.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>
#include <zmq.h>

/* One ZeroMQ socket or descriptor. */
struct source {
    void *socket; /* NULL: a descriptor */
    int fd;
    int events;     /* LOOP_READ | LOOP_WRITE */
    unsigned serial; /* of this use of the slot; 0: free */
    loop_source_fn callback;
    void *user;
};

struct timer {
    bool used;
    int64_t due_ms; /* monotonic; INT64_MAX: stopped */
    int64_t period_ms;
    loop_timer_fn callback;
    void *user;
};

struct loop {
    struct source sources[LOOP_SOURCES_MAX];
    struct timer timers[LOOP_TIMERS_MAX];
    zmq_pollitem_t items[LOOP_SOURCES_MAX];
    struct {
        int slot;
        unsigned serial;
    } item_sources[LOOP_SOURCES_MAX]; /* what each item stands for */
    int item_count;
    bool changed; /* the items are out of date */
    bool stopping;
    unsigned next_serial;
    int signal_fd;
    int64_t now_ms;
    uint64_t turns;
};

static void on_signal(void *user, int events)
{
    struct loop *loop = user;
    struct signalfd_siginfo info;
    (void)events;
    while (read(loop->signal_fd, &info, sizeof info) == (ssize_t)sizeof info)
        loop->stopping = true;
}

struct loop *loop_create(void)
{
    struct loop *loop = calloc(1, sizeof *loop);
    if (loop == NULL) {
        (void)error_set(ERROR_MEMORY, "no memory for the loop");
        return NULL;
    }
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    (void)pthread_sigmask(SIG_BLOCK, &signals, NULL); /* before libzmq's threads, which inherit it */
    (void)signal(SIGPIPE, SIG_IGN);
    loop->signal_fd = signalfd(-1, &signals, SFD_NONBLOCK | SFD_CLOEXEC);
    loop->now_ms = clock_monotonic_ms();
    if (loop->signal_fd < 0 || loop_add_fd(loop, loop->signal_fd, LOOP_READ, on_signal, loop) < 0) {
        (void)error_set(ERROR_SYSTEM, "signalfd: %s", strerror(errno));
        free(loop);
        return NULL;
    }
    return loop;
}

void loop_destroy(struct loop *loop)
{
    if (loop == NULL)
        return;
    (void)close(loop->signal_fd);
    free(loop);
}

/* ---- sources ---- */

static struct source *find_source(struct loop *loop, const void *socket, int fd)
{
    for (int i = 0; i < LOOP_SOURCES_MAX; i++) {
        struct source *source = &loop->sources[i];
        if (source->serial != 0 && source->socket == socket && source->fd == fd)
            return source;
    }
    return NULL;
}

static int add_source(struct loop *loop, struct source source)
{
    assert(find_source(loop, source.socket, source.fd) == NULL);
    for (int i = 0; i < LOOP_SOURCES_MAX; i++) {
        if (loop->sources[i].serial == 0) {
            if (++loop->next_serial == 0)
                loop->next_serial = 1;
            source.serial = loop->next_serial;
            loop->sources[i] = source;
            loop->changed = true;
            return 0;
        }
    }
    return error_set(ERROR_FULL, "the loop watches %d sources already", LOOP_SOURCES_MAX);
}

static void remove_source(struct loop *loop, const void *socket, int fd)
{
    struct source *source = find_source(loop, socket, fd);
    if (source == NULL)
        return;
    source->serial = 0;
    loop->changed = true;
}

int loop_add_socket(struct loop *loop, void *socket, loop_source_fn callback, void *user)
{
    return add_source(loop, (struct source){
                                .socket = socket, .fd = -1, .events = LOOP_READ, .callback = callback, .user = user});
}

int loop_add_fd(struct loop *loop, int fd, int events, loop_source_fn callback, void *user)
{
    return add_source(loop, (struct source){.fd = fd, .events = events, .callback = callback, .user = user});
}

void loop_change_fd(struct loop *loop, int fd, int events)
{
    struct source *source = find_source(loop, NULL, fd);
    assert(source != NULL);
    if (source->events != events) {
        source->events = events;
        loop->changed = true;
    }
}

void loop_remove_fd(struct loop *loop, int fd)
{
    remove_source(loop, NULL, fd);
}

void loop_remove_socket(struct loop *loop, void *socket)
{
    remove_source(loop, socket, -1);
}

/* ---- timers ---- */

static struct timer *timer_at(struct loop *loop, int timer)
{
    assert(timer >= 0 && timer < LOOP_TIMERS_MAX && loop->timers[timer].used);
    return &loop->timers[timer];
}

int loop_add_timer(struct loop *loop, int64_t delay_ms, int64_t period_ms, loop_timer_fn callback, void *user)
{
    for (int i = 0; i < LOOP_TIMERS_MAX; i++) {
        if (!loop->timers[i].used) {
            loop->timers[i] = (struct timer){.used = true,
                                             .due_ms = clock_monotonic_ms() + delay_ms,
                                             .period_ms = period_ms,
                                             .callback = callback,
                                             .user = user};
            return i;
        }
    }
    return error_set(ERROR_FULL, "the loop has %d timers already", LOOP_TIMERS_MAX);
}

void loop_set_timer(struct loop *loop, int timer, int64_t delay_ms)
{
    timer_at(loop, timer)->due_ms = clock_monotonic_ms() + delay_ms;
}

void loop_stop_timer(struct loop *loop, int timer)
{
    timer_at(loop, timer)->due_ms = INT64_MAX;
}

void loop_remove_timer(struct loop *loop, int timer)
{
    timer_at(loop, timer)->used = false;
}

static void run_timers(struct loop *loop)
{
    for (int i = 0; i < LOOP_TIMERS_MAX && !loop->stopping; i++) {
        struct timer *timer = &loop->timers[i];
        if (!timer->used || timer->due_ms > loop->now_ms)
            continue;
        /* A late timer fires once, not once for each period it missed. */
        timer->due_ms = timer->period_ms > 0 ? loop->now_ms + timer->period_ms : INT64_MAX;
        timer->callback(timer->user, loop->now_ms);
    }
}

static long poll_timeout_ms(const struct loop *loop)
{
    enum { LONGEST_MS = 1000 }; /* so that the turns tell a health check that the loop lives */
    int64_t now_ms = clock_monotonic_ms(), least = LONGEST_MS;
    for (int i = 0; i < LOOP_TIMERS_MAX; i++) {
        const struct timer *timer = &loop->timers[i];
        if (timer->used && timer->due_ms - now_ms < least)
            least = timer->due_ms > now_ms ? timer->due_ms - now_ms : 0;
    }
    return (long)least;
}

/* ---- the loop ---- */

static void rebuild_items(struct loop *loop)
{
    loop->item_count = 0;
    for (int i = 0; i < LOOP_SOURCES_MAX; i++) {
        const struct source *source = &loop->sources[i];
        if (source->serial == 0 || source->events == 0)
            continue;
        short events = (short)(((source->events & LOOP_READ) ? ZMQ_POLLIN : 0) |
                               ((source->events & LOOP_WRITE) ? ZMQ_POLLOUT : 0));
        loop->items[loop->item_count] = (zmq_pollitem_t){.socket = source->socket, .fd = source->fd, .events = events};
        loop->item_sources[loop->item_count].slot = i;
        loop->item_sources[loop->item_count].serial = source->serial;
        loop->item_count++;
    }
    loop->changed = false;
}

static void run_sources(struct loop *loop)
{
    for (int i = 0; i < loop->item_count && !loop->stopping; i++) {
        short ready = loop->items[i].revents;
        if (ready == 0)
            continue;
        const struct source *source = &loop->sources[loop->item_sources[i].slot];
        if (source->serial != loop->item_sources[i].serial)
            continue; /* removed by a callback of this turn */
        int events = ((ready & (ZMQ_POLLIN | ZMQ_POLLERR)) ? LOOP_READ : 0) |
                     ((ready & (ZMQ_POLLOUT | ZMQ_POLLERR)) ? LOOP_WRITE : 0);
        source->callback(source->user, events);
    }
}

int loop_run(struct loop *loop)
{
    loop->stopping = false;
    while (!loop->stopping) {
        if (loop->changed)
            rebuild_items(loop);
        int ready = zmq_poll(loop->items, loop->item_count, poll_timeout_ms(loop));
        if (ready < 0 && zmq_errno() != EINTR)
            return error_set(ERROR_SYSTEM, "poll: %s", zmq_strerror(zmq_errno()));
        loop->now_ms = clock_monotonic_ms();
        loop->turns++;
        run_timers(loop);
        if (ready > 0)
            run_sources(loop);
    }
    return 0;
}

void loop_stop(struct loop *loop)
{
    loop->stopping = true;
}

int64_t loop_now_ms(const struct loop *loop)
{
    return loop->now_ms;
}

uint64_t loop_turns(const struct loop *loop)
{
    return loop->turns;
}
