/* The exchange's own clock: it starts where it is told and runs as fast as it is told. */
/* SPDX-License-Identifier: MIT */
#ifndef WICK_SIMULATOR_CLOCK_H
#define WICK_SIMULATOR_CLOCK_H

#include "lib/base/error.h"

#include <stdint.h>

struct exchange_clock {
    int64_t origin_monotonic_ms; /* of this machine's monotonic clock */
    int64_t origin_exchange_ms;  /* what the exchange's clock showed then, since 1970 UTC */
    int64_t speed_thousandths;   /* exchange time passes this many thousandths as fast */
    int64_t offset_ms;           /* how far it is ahead of that */
};

/* Reads a speed: a decimal number from 0.001 to 1000000 with at most three decimals. ERROR_ARGUMENT. */
int exchange_clock_read_speed(const char *text, int64_t *thousandths) MUST_CHECK;

/* Reads "MONOTONIC_MS:EXCHANGE_MS". ERROR_ARGUMENT. */
int exchange_clock_read_origin(const char *text, int64_t *monotonic_ms, int64_t *exchange_ms) MUST_CHECK;

/* What the exchange's clock shows, in ms, when the machine's monotonic clock shows `monotonic_us`. */
int64_t exchange_clock_at(const struct exchange_clock *clock, int64_t monotonic_us);

#endif
