/* Faults of answers with klines: rows that are not there, though their candles are. */
/* SPDX-License-Identifier: MIT */
#ifndef WICK_SIMULATOR_KLINE_FAULTS_H
#define WICK_SIMULATOR_KLINE_FAULTS_H

#include "tools/simulator/faults.h"
#include "tools/simulator/text.h"

#include <stdbool.h>

/* Takes out of an answer what `fault` (of FAULT_WHEN_KLINES) says; which row, where it may be any, is drawn. *open_ms is
 * the open time of the (first) candle that is left out. False: there are too few closed candles for it. */
bool kline_fault_apply(struct text *body, enum fault fault, int64_t now_ms, struct fault_plan *plan, int64_t *open_ms);

#endif
