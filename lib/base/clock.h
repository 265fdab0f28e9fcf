/* Local clocks, read in one place. A decision never reads them: it uses the exchange time that a message carries.
 * They serve time-outs and pacing, and are passed on as `now_ms`. */
/* SPDX-License-Identifier: MIT */
#ifndef WICK_BASE_CLOCK_H
#define WICK_BASE_CLOCK_H

#include <stdint.h>

/* Milliseconds of a clock that never steps; its zero means nothing. */
int64_t clock_monotonic_ms(void);

/* The same in microseconds. */
int64_t clock_monotonic_us(void);

/* Milliseconds since 1970-01-01 UTC by this machine's clock. */
int64_t clock_wall_ms(void);

/* CPU time this process has used, in microseconds. */
int64_t clock_cpu_us(void);

#endif
