/* Rows are found by their brackets: [[1734739200000,"..",..],[..]]. */
/* SPDX-License-Identifier: MIT */
#include "tools/simulator/kline_faults.h"

#include "tools/simulator/klines.h"

#include <stdlib.h>

enum { CLOSE_TIME_COLUMN = 6 };

struct row {
    size_t start, end; /* in the body, with its brackets */
};

static int64_t close_time(const char *row)
{
    for (int column = 0; column < CLOSE_TIME_COLUMN; column++)
        row = strchr(row, ',') + 1;
    return strtoll(row, NULL, 10);
}

/* Finds the rows of candles that have closed; returns how many. */
static size_t find_closed(const struct text *body, int64_t now_ms, struct row rows[KLINES_MAX])
{
    size_t count = 0;
    for (size_t at = 1; count < KLINES_MAX && at < body->length && body->bytes[at] == '[';) {
        const char *end = memchr(body->bytes + at, ']', body->length - at);
        if (end == NULL || close_time(body->bytes + at) >= now_ms)
            break;
        rows[count++] = (struct row){at, (size_t)(end - body->bytes) + 1};
        at = (size_t)(end - body->bytes) + 2;
    }
    return count;
}

bool kline_fault_apply(struct text *body, enum fault fault, int64_t now_ms, struct fault_plan *plan, int64_t *open_ms)
{
    static struct row rows[KLINES_MAX];
    size_t closed = find_closed(body, now_ms, rows);
    if (closed < (fault == FAULT_missing_candle ? 2 : 1))
        return false;
    if (fault == FAULT_missing_candle) {
        const struct row *row = &rows[faults_draw_below(plan, (int64_t)closed - 1)];
        *open_ms = strtoll(body->bytes + row->start + 1, NULL, 10);
        memmove(body->bytes + row->start, body->bytes + row->end + 1, body->length - row->end - 1);
        body->length -= row->end + 1 - row->start;
        return true;
    }
    size_t start = rows[closed - 1].start;
    *open_ms = strtoll(body->bytes + start + 1, NULL, 10);
    body->length = start > 1 ? start - 1 : start; /* with the comma in front of it */
    text_add(body, "]");
    return true;
}
