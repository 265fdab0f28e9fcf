/* Metrics: one array of numbers a process, named by metrics.def, read by /metrics and `wick status`. */
/* SPDX-License-Identifier: MIT */
#ifndef WICK_RUNTIME_METRICS_H
#define WICK_RUNTIME_METRICS_H

#include "proto/links.h"

#include <stddef.h>

#define EVERY_ROLE ((1u << ROLES) - 1)

enum metric {
#define METRIC(name, type, roles, sentence) METRIC_##name,
#include "lib/runtime/metrics.def"
#undef METRIC
    METRICS
};

/* Counters only grow; gauges are set. Both are cheap: one addition or store to memory. */
void metric_add(enum metric metric, double by);
void metric_set(enum metric metric, double value);
double metric_value(enum metric metric);

/* Writes the metrics of a role in Prometheus text format 0.0.4 with a NUL; returns the length, cut at capacity. */
size_t metrics_print(enum role role, char *out, size_t capacity);

#endif
