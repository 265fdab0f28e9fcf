/* The journal: what the exchange really did, one JSON object a line. The ground truth of the tests. */
/* SPDX-License-Identifier: MIT */
#ifndef WICK_SIMULATOR_JOURNAL_H
#define WICK_SIMULATOR_JOURNAL_H

#include "lib/base/error.h"
#include "tools/simulator/text.h"

#include <stdbool.h>

enum {
    JOURNAL_FLUSH_MS = 100,
    JOURNAL_BUFFER = 65536, /* written at once when this is waiting */
};

struct journal {
    int fd; /* -1: no journal is kept, and all calls do nothing */
    struct text waiting;
    bool failed; /* a write failed; it was logged once */
};

/* A request as it is written down. */
struct journal_request {
    const char *method, *path, *query;
    int status;        /* as sent; 0: none was */
    int weight, used;  /* what it cost, and what the minute has cost so far */
    const char *fault; /* NULL: none */
};

/* Opens a file to append to; NULL: no journal. ERROR_SYSTEM. */
int journal_open(struct journal *journal, const char *path) MUST_CHECK;

/* Begins a line, {"t":exchange_ms,"event":"name" ; the caller adds fields and ends it with journal_end. Returns NULL
 * when no journal is kept. */
struct text *journal_begin(struct journal *journal, int64_t exchange_ms, const char *event);
void journal_end(struct journal *journal);

/* Writes down one request that was answered, or was not. */
void journal_request(struct journal *journal, int64_t exchange_ms, const struct journal_request *request);

/* Writes what waits. */
void journal_flush(struct journal *journal);

/* Flushes and closes. */
void journal_close(struct journal *journal);

#endif
