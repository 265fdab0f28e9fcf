/* The simulated exchange: one market, one clock, one account of request weight, behind HTTP. */
/* SPDX-License-Identifier: MIT */
#ifndef WICK_SIMULATOR_SIMULATOR_H
#define WICK_SIMULATOR_SIMULATOR_H

#include "lib/runtime/http_server.h"
#include "lib/runtime/loop.h"
#include "tools/simulator/clock.h"
#include "tools/simulator/faults.h"
#include "tools/simulator/journal.h"
#include "tools/simulator/kline_rows.h"
#include "tools/simulator/market.h"
#include "tools/simulator/statistics.h"
#include "tools/simulator/weight.h"

enum { SIMULATOR_DELAYED_MAX = 256 }; /* answers held back at once; further ones go out in time */

/* An answer that is held back. */
struct delayed {
    struct http_request *request;
    int64_t due_ms; /* monotonic */
};

struct streams;

struct simulator {
    struct loop *loop;
    struct http_server *server;
    struct streams *streams; /* owned */
    struct market *market; /* owned */
    struct exchange_clock clock;
    struct weight_meter weight;
    struct fault_plan faults;
    int fault_delay_ms;
    int64_t stream_lifetime_ms, stream_fault_ms; /* as in streams.h */
    struct journal journal;
    int64_t chronicle_ms; /* of the exchange's clock; what happened to the market by then is in the journal */
    struct text body;   /* of the answer at work */
    struct day *days;   /* one a symbol; owned */
    struct kline_rows *rows; /* one a symbol; owned */
    uint32_t *selected; /* the symbols of the request at work, as many as there are; owned */
    uint8_t *marked;    /* whether a symbol is among them; owned */
    struct kline klines[KLINES_MAX];
    struct delayed delayed[SIMULATOR_DELAYED_MAX]; /* a ring, the oldest first */
    size_t delayed_first, delayed_count;
    int delay_timer, journal_timer;
};

/* Starts to serve, streams at a port of their own: the fields market, clock, weight, faults, fault_delay_ms, the two of
 * streams and journal are set, the rest is zeroed. An error leaves only those to be released by simulator_close. */
int simulator_open(struct simulator *simulator, struct loop *loop, const char *address, int port,
                   int stream_port) MUST_CHECK;

/* Ends all connections, closes the journal, frees the market. */
void simulator_close(struct simulator *simulator);

/* What the exchange's clock shows, ms since 1970 UTC. */
int64_t simulator_now_ms(const struct simulator *simulator);

#endif
