/* Most files are in order, and nothing is done about them. In others the rows that are right are the longest ascending
 * sequence that can be chosen: one wrong time, early or late, costs itself and never its neighbours. */
/* SPDX-License-Identifier: MIT */
#include "tools/data/candle_table.h"

#include "lib/base/interval.h"
#include "lib/series/candle.h"
#include "tools/common/array.h"
#include "tools/common/time_text.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    ROWS_BETWEEN_LOOKS = 4096,
    STEPS_FEW = 2,   /* fewer steps say nothing about a file's interval */
    STEPS_MANY = 10, /* so many have no common divisor by chance */
};

static int64_t time_of(const struct candle_table *table, size_t row)
{
    return table->rows[row].candle.open_time_ms;
}

/* ---- reading ---- */

/* Whether a code is about one row, and the file can be read on. */
static bool is_refusal(int code)
{
    return code == ERROR_SYNTAX || code == ERROR_RANGE || code == ERROR_PROTOCOL;
}

static void refuse(struct candle_table *table, const struct candle_table_listener *listener)
{
    table->refused++;
    listener->refused(listener->user);
}

static int keep(struct candle_table *table, const struct candle *candle, size_t line)
{
    if (table->count == CANDLE_TABLE_ROWS_MAX)
        return error_set(ERROR_FULL, "%s: more than %d rows; cut it", table->path, CANDLE_TABLE_ROWS_MAX);
    int code = array_make_room((void **)&table->rows, table->count, &table->capacity, sizeof *table->rows);
    if (code == 0)
        table->rows[table->count++] = (struct table_row){
            .candle = *candle, .line = (uint32_t)line, .refused_before = (uint32_t)table->refused};
    return code;
}

static int read_rows(struct candle_table *table, struct candle_source *source,
                     const struct candle_table_listener *listener)
{
    struct candle candle;
    for (int64_t looked = 0;; looked++) {
        bool more;
        int code = candle_source_next(source, &candle, &more);
        if (code != 0 && !is_refusal(code))
            return code;
        if (!more)
            return 0;
        if (code != 0)
            refuse(table, listener);
        else if ((code = keep(table, &candle, source->file.line)) != 0)
            return code;
        if (looked % ROWS_BETWEEN_LOOKS == 0 && !listener->goes_on(listener->user))
            return error_set(ERROR_AGAIN, "interrupted");
    }
}

/* ---- the interval ---- */

/* The interval that a length of time is, as a question; empty if there is none. */
static const char *hint(int64_t step_ms, char *out, size_t capacity)
{
    const char *name = step_ms % 1000 == 0 && step_ms / 1000 <= UINT32_MAX ? interval_name((uint32_t)(step_ms / 1000)) : NULL;
    out[0] = '\0';
    if (name != NULL)
        (void)snprintf(out, capacity, "; is this %s?", name);
    return out;
}

/* Whether the times of a file are those of its interval. Rows off the grid are refused one by one; but where most of them
 * are, those on the grid are there by chance, and say something else than a candle of this interval. */
static int check_interval(const struct candle_table *table, const struct candle_source *source, bool is_sparse)
{
    int64_t interval_ms = (int64_t)source->interval_s * 1000;
    const char *name = interval_name(source->interval_s);
    char text[40];
    if (source->steps < STEPS_FEW)
        return 0;
    if (source->off_grid > source->times / 2)
        return error_set(ERROR_ARGUMENT, "%s: %" PRId64 " of %" PRId64 " rows are off the grid of %s%s", table->path,
                         source->off_grid, source->times, name, hint(source->step_ms, text, sizeof text));
    bool is_sure = source->steps >= STEPS_MANY || *hint(source->step_ms, text, sizeof text) != '\0';
    if (!is_sparse && source->off_grid == 0 && source->step_ms > interval_ms && is_sure)
        return error_set(ERROR_ARGUMENT, "%s: the smallest step is %" PRId64 " intervals of %s%s", table->path,
                         source->step_ms / interval_ms, name, hint(source->step_ms, text, sizeof text));
    return 0;
}

/* ---- the order ---- */

static void turn(struct candle_table *table)
{
    for (size_t i = 0, j = table->count; i + 1 < j; i++) {
        struct table_row row = table->rows[--j];
        table->rows[j] = table->rows[i];
        table->rows[i] = row;
    }
    table->turned = true;
}

/* What is known of each row while the order is made. */
enum row_verdict { KEPT, REPEATED, LATE };

struct arrangement {
    uint32_t *sorted;  /* rows by time and place */
    uint32_t *ends;    /* of the ascending sequences of each length: the row that ends the one that ends earliest */
    uint32_t *before;  /* of each row: the one before it in its sequence */
    uint8_t *verdicts; /* of each row */
};

static int compare_rows(const void *left, const void *right, void *user)
{
    const struct candle_table *table = user;
    uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;
    int64_t time_a = time_of(table, a), time_b = time_of(table, b);
    return time_a != time_b ? (time_a > time_b) - (time_a < time_b) : (a > b) - (a < b);
}

/* Rows that say what an earlier row of the same time says are left out. */
static void find_repeated(const struct candle_table *table, const struct arrangement *order)
{
    for (size_t i = 0; i < table->count; i++)
        order->sorted[i] = (uint32_t)i;
    qsort_r(order->sorted, table->count, sizeof *order->sorted, compare_rows, (void *)(uintptr_t)table);
    for (size_t i = 1, first = 0; i < table->count; i++) {
        const struct candle *kept = &table->rows[order->sorted[first]].candle;
        const struct candle *candle = &table->rows[order->sorted[i]].candle;
        if (candle->open_time_ms != kept->open_time_ms)
            first = i;
        else if (candle_equal(candle, kept))
            order->verdicts[order->sorted[i]] = REPEATED;
    }
}

/* How many of the sequences end before this time. */
static size_t count_before(const struct candle_table *table, const struct arrangement *order, size_t sequences, int64_t time_ms)
{
    size_t low = 0, high = sequences;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (time_of(table, order->ends[middle]) < time_ms)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* Chooses the longest ascending sequence; of two that end at the same time, the one whose row came first. All others are
 * late, or far too early. */
static void find_late(const struct candle_table *table, const struct arrangement *order)
{
    size_t sequences = 0;
    for (size_t i = 0; i < table->count; i++) {
        if (order->verdicts[i] == REPEATED)
            continue;
        size_t length = count_before(table, order, sequences, time_of(table, i));
        bool is_second = length < sequences && time_of(table, order->ends[length]) == time_of(table, i);
        order->verdicts[i] = LATE;
        order->before[i] = length > 0 ? order->ends[length - 1] : UINT32_MAX;
        if (!is_second)
            order->ends[length] = (uint32_t)i;
        sequences += length == sequences;
    }
    for (uint32_t at = sequences > 0 ? order->ends[sequences - 1] : UINT32_MAX; at != UINT32_MAX; at = order->before[at])
        order->verdicts[at] = KEPT;
}

static void refuse_late(struct candle_table *table, const struct table_row *row, int64_t before_ms, int64_t after_ms,
                        const struct candle_table_listener *listener)
{
    char before[TIME_TEXT_SIZE], after[TIME_TEXT_SIZE], own[TIME_TEXT_SIZE];
    time_print(row->candle.open_time_ms, own);
    time_print(before_ms, before);
    time_print(after_ms, after);
    if (before_ms < 0)
        (void)error_set(ERROR_RANGE, "open time %s, expected one before %s, the row behind it", own, after);
    else if (after_ms < 0)
        (void)error_set(ERROR_RANGE, "open time %s, expected one after %s, the row before", own, before);
    else
        (void)error_set(ERROR_RANGE, "open time %s, expected one after %s and before %s, the rows around it", own, before,
                        after);
    (void)error_context(ERROR_RANGE, "%s:%" PRIu32, table->path, row->line);
    refuse(table, listener);
}

/* The time of the next row that is kept; -1: there is none. */
static int64_t next_kept_ms(const struct candle_table *table, const struct arrangement *order, size_t row)
{
    while (row < table->count && order->verdicts[row] != KEPT)
        row++;
    return row < table->count ? time_of(table, row) : -1;
}

/* What a refused row says is not known: the rows around it do not tell what was there between them, neither where it stands
 * nor where its time would be. The latter is marked here. */
static void mark_broken(struct candle_table *table, const struct arrangement *order)
{
    bool is_broken = false;
    for (size_t i = 0; i < table->count; i++) {
        uint32_t row = order->sorted[i];
        if (order->verdicts[row] == LATE)
            is_broken = true;
        if (order->verdicts[row] != KEPT)
            continue;
        table->rows[row].is_broken = is_broken;
        is_broken = false;
    }
}

/* Takes out what is not kept. */
static void sift(struct candle_table *table, const struct arrangement *order, const struct candle_table_listener *listener)
{
    size_t kept = 0;
    bool is_broken = false;
    int64_t after_ms = next_kept_ms(table, order, 0);
    for (size_t i = 0; i < table->count; i++) {
        if (order->verdicts[i] == KEPT) {
            table->rows[kept] = table->rows[i];
            table->rows[kept++].is_broken |= is_broken;
            is_broken = false;
            after_ms = next_kept_ms(table, order, i + 1);
            continue;
        }
        table->repeated += order->verdicts[i] == REPEATED;
        if (order->verdicts[i] == REPEATED)
            continue;
        is_broken = true;
        refuse_late(table, &table->rows[i], kept > 0 ? time_of(table, kept - 1) : -1, after_ms, listener);
    }
    table->count = kept;
}

static int put_in_order(struct candle_table *table, const struct candle_table_listener *listener)
{
    struct arrangement order = {
        .sorted = malloc(table->count * sizeof *order.sorted),
        .ends = malloc(table->count * sizeof *order.ends),
        .before = malloc(table->count * sizeof *order.before),
        .verdicts = calloc(table->count, sizeof *order.verdicts),
    };
    int code = 0;
    if (order.sorted == NULL || order.ends == NULL || order.before == NULL || order.verdicts == NULL) {
        code = error_set(ERROR_MEMORY, "%s: no memory to put its rows in order", table->path);
    } else {
        find_repeated(table, &order);
        find_late(table, &order);
        mark_broken(table, &order);
        sift(table, &order, listener);
    }
    free(order.sorted);
    free(order.ends);
    free(order.before);
    free(order.verdicts);
    return code;
}

int candle_table_arrange(struct candle_table *table, const struct candle_table_listener *listener)
{
    size_t up = 0, down = 0;
    int code = 0;
    for (size_t i = 1; i < table->count; i++) {
        up += time_of(table, i) > time_of(table, i - 1);
        down += time_of(table, i) < time_of(table, i - 1);
    }
    if (down > up)
        turn(table);
    if ((down > up ? down : up) + 1 < table->count)
        code = put_in_order(table, listener);
    for (size_t i = 1; i < table->count; i++)
        if (table->rows[i].refused_before != table->rows[i - 1].refused_before)
            table->rows[i].is_broken = true;
    return code;
}

/* ---- a file ---- */

int candle_table_read(struct candle_table *table, const char *path, const struct candle_table_wish *wish,
                      const struct candle_table_listener *listener)
{
    struct candle_source source;
    *table = (struct candle_table){.path = path};
    int code = candle_source_open(&source, path, wish->interval_s, wish->now_ms);
    if (code != 0)
        return code;
    code = read_rows(table, &source, listener);
    if (code == 0)
        code = check_interval(table, &source, wish->is_sparse);
    table->rounded = source.rounded;
    memcpy(table->units, source.units, sizeof table->units);
    candle_source_close(&source);
    return code == 0 ? candle_table_arrange(table, listener) : code;
}

void candle_table_release(struct candle_table *table)
{
    free(table->rows);
    *table = (struct candle_table){.path = table->path};
}
