/* The exchange's streams: who has subscribed to what, when each stream speaks, and what becomes of connections. */
/* SPDX-License-Identifier: MIT */
#ifndef WICK_SIMULATOR_STREAMS_H
#define WICK_SIMULATOR_STREAMS_H

#include "tools/simulator/simulator.h"

enum {
    STREAMS_KLINE_MS = 2000, /* by the exchange's clock, as the next two */
    STREAMS_TICKER_MS = 1000,
    STREAMS_WARNING_MS = 600000, /* a connection is told of its end so long before, or at half of a shorter life */
    STREAMS_ROUND_MS = 250, /* by this machine's clock: forming candles and tickers come no more often than this */
};

/* Listens at `port`; 0 takes a free one. `lifetime_ms` of a connection by the exchange's clock, `fault_ms` how long after
 * its beginning a stream's fault befalls it at most, by this machine's. The errors of stream_server_open. */
int streams_open(struct streams **out, struct simulator *simulator, const char *address, int port, int64_t lifetime_ms,
                 int64_t fault_ms) MUST_CHECK;

/* NULL is allowed. */
void streams_close(struct streams *streams);

/* Where it listens. */
int streams_port(const struct streams *streams);

#endif
