/* The signals on their way to the trader: each is sent until it is acked. */
/* SPDX-License-Identifier: MIT */
#ifndef WICK_ANALYZER_SIGNALS_H
#define WICK_ANALYZER_SIGNALS_H

#include "lib/runtime/outbox.h"
#include "lib/runtime/service.h"

#include <stdbool.h>
#include <stdint.h>

struct signals {
    struct service_context *context;
    struct outbox outbox;
    bool stalled; /* it was full, and is not half empty yet */
};

/* An empty outbox. The context must outlive it. */
void signals_init(struct signals *signals, struct service_context *context);
/* Drops what was not acked: who takes the shards over sends it again. */
void signals_release(struct signals *signals);

/* Whether `count` more can be taken. Once it said no, it says no until the outbox is half empty. */
bool signals_have_room(struct signals *signals, uint32_t count);

/* Takes a signal, which is sent at once; there must be room. Its `sequence` is set here. */
void signals_take(struct signals *signals, const struct signal *signal);

/* An ack came. True, and *shard, if it says that the signal came from a lease that is over: it got no outcome. */
bool signals_on_ack(struct signals *signals, const struct ack *ack, uint16_t *shard);

/* Sends again what waits for its ack for too long. */
void signals_tick(struct signals *signals, int64_t now_ms);

#endif
