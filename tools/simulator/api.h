/* The exchange's interface: a table of endpoints, each with its price in weight and its answer. Endpoints know nothing
 * of budgets, bans, faults and the journal; those are around them (simulator.c). */
/* SPDX-License-Identifier: MIT */
#ifndef WICK_SIMULATOR_API_H
#define WICK_SIMULATOR_API_H

#include "tools/simulator/simulator.h"

enum api_error {
#define API_ERROR(name, code, status, message) API_##name,
#include "tools/simulator/api_errors.def"
#undef API_ERROR
    API_ERRORS
};

/* A request at work. */
struct api_call {
    struct simulator *simulator;
    struct http_request *request;
    int64_t now_ms;    /* the exchange's clock */
    struct text *body; /* the answer goes here */
};

struct endpoint {
    const char *method, *path;
    int (*weight)(const struct http_request *request);
    /* Writes the body and returns the HTTP status. */
    int (*answer)(struct api_call *call);
};

extern const struct endpoint endpoints[];
extern const size_t endpoint_count;

/* The endpoint of a method and path, or NULL; HEAD goes to GET. */
const struct endpoint *endpoint_find(const char *method, const char *path);

/* Replaces the body by an error's and returns its status. The texts fill the message's %; NULL where it has none. */
int api_fail(struct api_call *call, enum api_error error, const char *parameter, const char *allowed);

/* The symbols that a request names. */
struct selection {
    bool single; /* by `symbol`: the answer is one object, not a list */
    size_t count;
    const uint32_t *symbols; /* indices; valid until the next request */
};

/* Reads `symbol`, `symbols` or neither. 0, or the status of the error that it wrote. */
int api_read_symbols(struct api_call *call, struct selection *out);

/* Reads the mandatory parameter `symbol`. 0, or the status of the error that it wrote. */
int api_read_symbol(struct api_call *call, size_t *out);

/* Larger whole numbers count as this one, which is beyond every time and count. */
#define API_INTEGER_MAX (INT64_MAX / 4)

/* Reads a whole number that may be missing, which leaves *value alone. 0, or the status of the error. */
int api_read_integer(struct api_call *call, const char *name, int64_t *value);

/* Reads `limit`, which may be missing; larger ones count as `most`. 0, or the status of the error. */
int api_read_limit(struct api_call *call, size_t usual, size_t most, size_t *limit);

/* How many symbols `symbols` names, by its commas; 0: it is not there. Before anything is checked. */
int api_count_symbols(const struct http_request *request);

/* The answers, a family a file. */
int answer_ping(struct api_call *call);
int answer_time(struct api_call *call);
int answer_exchange_information(struct api_call *call);
int answer_tickers_24h(struct api_call *call);
int answer_ticker_prices(struct api_call *call);
int answer_book_tickers(struct api_call *call);
int answer_depth(struct api_call *call);
int answer_klines(struct api_call *call);
int answer_trades(struct api_call *call);

#endif
