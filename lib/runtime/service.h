/* A process is a struct: its role, its state, and what it does on a message and on a tick. The runtime does the rest:
 * options, log, hardening, links with their keys, metrics, health, signals, the loop. `main` is one line.
 *
 *     int main(int argc, char **argv) { return service_main(&fetcher_service, argc, argv); } */
/* SPDX-License-Identifier: MIT */
#ifndef WICK_RUNTIME_SERVICE_H
#define WICK_RUNTIME_SERVICE_H

#include "lib/base/error.h"
#include "lib/runtime/config.h"
#include "lib/runtime/loop.h"
#include "proto/links.h"
#include "proto/message.h"
#include "proto/shard.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Who a message on a ROUTER link came from, and where an answer to it goes: the routing id that libzmq drew. */
struct peer {
    uint8_t id[8];
    uint8_t size;
};

enum { LINK_SILENCE_MS = 5000 }; /* a peer that owes an answer and says nothing for so long is not the right one */

struct service_context {
    enum role role;
    const struct config *config; /* merged and checked; secrets only those of this role */
    struct loop *loop;
    uint64_t instance; /* drawn at random at start */
    int64_t started_ms; /* monotonic */
    int64_t stop_ms;    /* set by on_stop: the loop goes on for at most so long, or until loop_stop */
    int failure;        /* private to the runtime; set by service_fail */
    int64_t heard_ms[LINKS]; /* private to the runtime: monotonic, when a message came last, or it was connected anew */
    struct link_set *links;  /* private to the runtime */
    struct health *health;   /* private to the runtime */
};

struct service {
    enum role role;
    size_t state_size;   /* of the process's struct; zeroed before open */
    int64_t tick_ms;     /* between two calls of on_tick, at the least */
    /* Builds the state. The links are up, messages may be sent. A code stops the start with its message. */
    int (*open)(struct service_context *context, void *state);
    /* One message of a link that this role is on. `record` was peeked; the bytes are decoded by the callee and live
     * until it returns. `peer` is set on ROUTER links. A refusal is counted and logged by the runtime. */
    int (*on_message)(struct service_context *context, void *state, enum link link, const struct peer *peer,
                      enum record record, const uint8_t *bytes, size_t size);
    void (*on_tick)(struct service_context *context, void *state, int64_t now_ms);
    /* When on_tick has something to do next, on the monotonic clock; what is past: as soon as tick_ms allows. Asked after
     * each tick and each message. NULL: every tick_ms. A process that has nothing to do shall sleep. */
    int64_t (*next_tick_ms)(const void *state);
    /* A publishing link gained a subscriber to a topic; may be NULL. Used to send what it needs to begin. */
    void (*on_subscribe)(struct service_context *context, void *state, enum link link, const uint8_t *topic,
                         size_t size);
    /* SIGTERM came: say good-bye (release leases). Sets context->stop_ms if answers are still to be waited for. NULL:
     * nothing to say. */
    void (*on_stop)(struct service_context *context, void *state);
    void (*close)(struct service_context *context, void *state);
};

/* Runs the process to its end. Returns its exit status: 0, 1 failed, 2 usage, 4 bad configuration. */
int service_main(const struct service *service, int argc, char **argv);

/* Sends one message. On a DEALER link `peer` is NULL; on a ROUTER link it is who to send to.
 * ERROR_FULL when the queue is full, ERROR_CONNECTION when nobody is connected: keep it and try again. */
int service_send(struct service_context *context, enum link link, const struct peer *peer, enum record record,
                 const void *message) MUST_CHECK;

/* Sends bytes encoded before. */
int service_send_bytes(struct service_context *context, enum link link, const struct peer *peer, const uint8_t *bytes,
                       size_t size) MUST_CHECK;

/* Publishes one message on an XPUB link. What a subscriber cannot take is dropped for that subscriber. */
int service_publish(struct service_context *context, enum link link, enum topic_kind kind, uint16_t shard,
                    enum record record, const void *message) MUST_CHECK;

/* Subscribes a SUB link to a kind of topic: for one shard, or, with SHARDS, for all. */
void service_subscribe(struct service_context *context, enum link link, enum topic_kind kind, uint16_t shard);
void service_unsubscribe(struct service_context *context, enum link link, enum topic_kind kind, uint16_t shard);

/* Disconnects a link and connects it anew. Subscriptions stay; what was sent and not received yet may be lost. */
int service_reconnect(struct service_context *context, enum link link) MUST_CHECK;

/* Says, on each tick, that something is owed over a link since since_ms (monotonic). When nothing at all has come over it
 * for limit_ms since then, it is connected anew, and again each limit_ms: of two processes behind one address, as in each
 * rolling deploy, only one answers; and a host may have another address by now. */
void service_await(struct service_context *context, enum link link, int64_t since_ms, int64_t limit_ms);

/* For how long a link that carries something after each poll of the tickers may be silent. */
int64_t service_poll_silence_ms(const struct service_context *context);

/* What /readyz, the dashboard and `wick status` say about this process. `detail` is copied. */
void service_set_status(struct service_context *context, enum process_status status, const char *detail);

/* The process cannot go on: logs the error of `code`, which is negative, and ends the loop as SIGTERM does, on_stop
 * included; the exit status is that of a process that failed. */
void service_fail(struct service_context *context, int code);

/* This process's row for reports; `work` and `shards` are filled in by the caller. */
struct process_state service_state(const struct service_context *context);

#endif
