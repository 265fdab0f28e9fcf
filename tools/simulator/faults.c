/* The table of faults, its reader and the draw. */
/* SPDX-License-Identifier: MIT */
#include "tools/simulator/faults.h"

#include "lib/base/decimal.h"
#include "tools/simulator/noise.h"

#include <assert.h>
#include <string.h>

static const struct {
    const char *name;
    enum fault_when when;
    const char *sentence;
} rows[FAULTS] = {
#define FAULT(name, when, sentence) {#name, FAULT_WHEN_##when, sentence},
#include "tools/simulator/faults.def"
#undef FAULT
};

const char *fault_name(enum fault fault)
{
    assert(fault < FAULTS);
    return rows[fault].name;
}

void faults_print(FILE *out)
{
    for (int i = 0; i < FAULTS; i++)
        (void)fprintf(out, "  %-18s %s\n", rows[i].name, rows[i].sentence);
}

static int find_fault(const char *name, size_t length)
{
    for (int i = 0; i < FAULTS; i++)
        if (strlen(rows[i].name) == length && memcmp(rows[i].name, name, length) == 0)
            return i;
    return -1;
}

/* One "name=rate" of `length` bytes. */
static int read_row(const char *text, size_t length, struct fault_plan *plan)
{
    const char *equals = memchr(text, '=', length);
    if (equals == NULL)
        return error_set(ERROR_ARGUMENT, "'%.*s' is not a fault, expected NAME=RATE", (int)length, text);
    size_t name_length = (size_t)(equals - text);
    int fault = find_fault(text, name_length);
    if (fault < 0)
        return error_set(ERROR_ARGUMENT, "there is no fault '%.*s'", (int)name_length, text);
    struct decimal rate;
    int64_t millionths = -1;
    if (decimal_parse(equals + 1, length - name_length - 1, &rate) == 0)
        (void)(decimal_rescale(rate, 6, ROUND_DOWN, &millionths) != 0);
    if (millionths < 0 || millionths > FAULT_RATE_ONE)
        return error_set(ERROR_ARGUMENT, "'%.*s' is not a rate, expected 0 to 1", (int)(length - name_length - 1),
                         equals + 1);
    plan->rates[fault] = millionths;
    return 0;
}

static int64_t sum_of(const struct fault_plan *plan, enum fault_when when)
{
    int64_t sum = 0;
    for (int i = 0; i < FAULTS; i++)
        sum += rows[i].when == when ? plan->rates[i] : 0;
    return sum;
}

int faults_read(const char *text, struct fault_plan *plan)
{
    struct fault_plan result = {.state = plan->state};
    for (const char *at = text;;) {
        size_t length = strcspn(at, ",");
        int code = read_row(at, length, &result);
        if (code != 0)
            return code;
        if (at[length] == '\0')
            break;
        at += length + 1;
    }
    for (enum fault_when when = 0; when < FAULT_WHENS; when++)
        if (sum_of(&result, when) > FAULT_RATE_ONE)
            return error_set(ERROR_ARGUMENT, "the rates of all faults together are more than 1");
    *plan = result;
    return 0;
}

int64_t faults_draw_below(struct fault_plan *plan, int64_t limit)
{
    assert(limit > 0);
    return (int64_t)(noise_mix(++plan->state) % (uint64_t)limit);
}

enum fault faults_draw(struct fault_plan *plan, enum fault_when when)
{
    if (sum_of(plan, when) == 0)
        return FAULT_NONE;
    int64_t draw = faults_draw_below(plan, FAULT_RATE_ONE);
    for (int i = 0; i < FAULTS; i++) {
        if (rows[i].when != when)
            continue;
        if (draw < plan->rates[i])
            return (enum fault)i;
        draw -= plan->rates[i];
    }
    return FAULT_NONE;
}
