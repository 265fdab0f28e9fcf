/* The numbers, and their Prometheus text. */
/* SPDX-License-Identifier: MIT */
#include "lib/runtime/metrics.h"

#include <math.h>
#include <stdio.h>

static double values[METRICS];

static const struct {
    const char *name, *type, *sentence;
    unsigned roles;
} rows[METRICS] = {
#define METRIC(name, type, roles, sentence) {#name, #type, sentence, roles},
#include "lib/runtime/metrics.def"
#undef METRIC
};

void metric_add(enum metric metric, double by)
{
    values[metric] += by;
}

void metric_set(enum metric metric, double value)
{
    values[metric] = value;
}

double metric_value(enum metric metric)
{
    return values[metric];
}

size_t metrics_print(enum role role, char *out, size_t capacity)
{
    size_t length = 0;
    for (int i = 0; i < METRICS && length < capacity; i++) {
        if ((rows[i].roles & (1u << role)) == 0)
            continue;
        const char *type = rows[i].type[0] == 'C' ? "counter" : "gauge";
        char value[32] = "NaN"; /* as Prometheus spells what is not known */
        if (!isnan(values[i]))
            (void)snprintf(value, sizeof value, "%.17g", values[i]);
        int written = snprintf(out + length, capacity - length,
                               "# HELP wick_%s %s\n# TYPE wick_%s %s\nwick_%s{process=\"%s\"} %s\n", rows[i].name,
                               rows[i].sentence, rows[i].name, type, rows[i].name, roles[role].name, value);
        if (written < 0 || (size_t)written >= capacity - length)
            break; /* never half a line */
        length += (size_t)written;
    }
    out[length] = '\0';
    return length;
}
