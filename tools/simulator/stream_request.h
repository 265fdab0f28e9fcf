/* What clients of the streams ask for: the names of streams, and requests about them. */
/* SPDX-License-Identifier: MIT */
#ifndef WICK_SIMULATOR_STREAM_REQUEST_H
#define WICK_SIMULATOR_STREAM_REQUEST_H

#include "tools/simulator/market.h"

enum { STREAMS_A_CLIENT = 1024, TOPIC_NAME_SIZE = 48, METHOD_SIZE = 32 };

enum topic_kind { TOPIC_KLINE, TOPIC_TICKER, TOPIC_MINI_TICKER, TOPIC_BOOK_TICKER, TOPIC_ALL_MINI_TICKERS };

/* One stream. */
struct topic {
    enum topic_kind kind;
    size_t symbol;       /* not of TOPIC_ALL_MINI_TICKERS */
    uint32_t interval_s; /* of TOPIC_KLINE */
    uint64_t clients;    /* a bit for each place of a client that follows it */
    uint64_t silent;     /* those that get no more of it */
    char name[TOPIC_NAME_SIZE];
};

/* Reads the name of a stream; false if this market has no such stream. Nobody follows it yet. */
bool topic_read(const struct market *market, const char *name, struct topic *topic);

/* A request; large, so it is kept. */
struct stream_request {
    char method[METHOD_SIZE];
    int64_t id;
    bool has_id, too_many; /* more than STREAMS_A_CLIENT names */
    size_t count;
    char names[STREAMS_A_CLIENT][TOPIC_NAME_SIZE]; /* longer ones, which no stream has, are left out */
};

/* Reads {"method":..,"params":[..],"id":..}. ERROR_PROTOCOL; ERROR_MEMORY. */
int stream_request_read(struct stream_request *request, const char *text, size_t size) MUST_CHECK;

#endif
