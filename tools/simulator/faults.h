/* Faults on request: which of them, if any, befalls the next request, answer, subscription or connection. Drawn from a
 * seed, so a run can be had again. */
/* SPDX-License-Identifier: MIT */
#ifndef WICK_SIMULATOR_FAULTS_H
#define WICK_SIMULATOR_FAULTS_H

#include "lib/base/error.h"

#include <stdint.h>
#include <stdio.h>

enum fault {
#define FAULT(name, when, sentence) FAULT_##name,
#include "tools/simulator/faults.def"
#undef FAULT
    FAULTS,
    FAULT_NONE = FAULTS
};

/* What a fault befalls. For each, at most one of its faults is drawn. */
enum fault_when {
    FAULT_WHEN_REQUEST,
    FAULT_WHEN_KLINES,       /* an answer with klines that no other fault befell */
    FAULT_WHEN_CANDLE,       /* not drawn: a function of the candle (market.h) */
    FAULT_WHEN_SUBSCRIPTION, /* to one stream */
    FAULT_WHEN_CONNECTION,   /* of streams */
    FAULT_WHENS
};

enum { FAULT_RATE_ONE = 1000000 };

struct fault_plan {
    int64_t rates[FAULTS]; /* in millionths; those of one enum fault_when sum up to at most FAULT_RATE_ONE */
    uint64_t state;        /* of the generator; at the start the seed */
};

/* Reads "name=rate,name=rate", rates from 0 to 1. ERROR_ARGUMENT with what is wrong. */
int faults_read(const char *text, struct fault_plan *plan) MUST_CHECK;

/* Draws for one request, answer, subscription or connection. */
enum fault faults_draw(struct fault_plan *plan, enum fault_when when);

/* Draws a number below `limit`, which is positive. */
int64_t faults_draw_below(struct fault_plan *plan, int64_t limit);

/* The name as in the table; not for FAULT_NONE. */
const char *fault_name(enum fault fault);

/* Writes the table, a line a fault, for --help. */
void faults_print(FILE *out);

#endif
