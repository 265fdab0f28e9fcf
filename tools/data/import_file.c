/* The rows of a file are written in batches. For each, the stored candles of the same time are gone through beside it: so it is known
 * which rows are new, changed or unchanged, and which times really lack a candle. */
/* SPDX-License-Identifier: MIT */
#include "tools/data/import_file.h"

#include "lib/base/interval.h"
#include "lib/series/candle.h"
#include "tools/common/array.h"
#include "tools/common/database.h"
#include "tools/data/candle_table.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A file at work. */
struct work {
    const struct import *import;
    struct candle_table table;
    struct import_counts *counts;
    struct import_counts batch; /* what of the batch at hand is counted once it is committed */
    const struct listed_file *file;
    const char *symbol;
    uint32_t interval_s;
    int64_t step_ms;
    int64_t series_id; /* -1: the store does not have the series yet */

    struct store_candle *rows; /* IMPORT_BATCH_ROWS; owned */
    bool *follows;             /* of each row: whether the file says that nothing is missing between it and the row before
                                  but what was never there; owned */
    size_t count;

    /* While a batch is compared: */
    size_t row;         /* the first that no stored candle has passed */
    size_t kept;        /* rows that are to be written, at the front of `rows` */
    int64_t next_ms;    /* the open time behind all that is known; -1: nothing is known */
    struct store_absence *absences; /* to be written; owned */
    size_t absence_count, absence_capacity;

    struct audit_absence *known; /* absences that are stored; owned */
    size_t known_count, known_capacity, known_at;
};

/* ---- what is stored ---- */

static int find_series(void *user, const struct audit_series *series)
{
    struct work *work = user;
    if (strcmp(series->exchange, work->import->exchange) == 0 && strcmp(series->symbol, work->symbol) == 0 &&
        series->interval_s * 1000 == work->step_ms)
        work->series_id = series->id;
    return 0;
}

static int keep_absence(void *user, const struct audit_absence *absence)
{
    struct work *work = user;
    int code = array_make_room((void **)&work->known, work->known_count, &work->known_capacity, sizeof *work->known);
    if (code == 0)
        work->known[work->known_count++] = *absence;
    return code;
}

static int look_up_series(struct work *work)
{
    work->series_id = -1;
    work->known_count = work->known_at = 0;
    int code = audit_list_series(work->import->audit, find_series, work);
    if (code == 0 && work->series_id >= 0)
        code = audit_absences(work->import->audit, work->series_id, keep_absence, work);
    return code;
}

/* ---- stretches that the file lacks ---- */

static int add_absence(struct work *work, int64_t first_ms, int64_t last_ms)
{
    int code = array_make_room((void **)&work->absences, work->absence_count, &work->absence_capacity,
                         sizeof *work->absences);
    if (code != 0)
        return code;
    struct store_absence *absence = &work->absences[work->absence_count++];
    *absence = (struct store_absence){
        .exchange = work->import->exchange,
        .absence = {.interval_s = work->interval_s,
                    .first_open_ms = first_ms,
                    .last_open_ms = last_ms,
                    .reason = ABSENCE_REASON_SOURCE_LACKS},
    };
    (void)snprintf(absence->absence.symbol, sizeof absence->absence.symbol, "%s", work->symbol);
    work->batch.absent_candles += (last_ms - first_ms) / work->step_ms + 1;
    return 0;
}

/* Records the open times from first to last, but for those that are explained already. */
static int record_absence(struct work *work, int64_t first_ms, int64_t last_ms)
{
    int code = 0;
    while (work->known_at < work->known_count && work->known[work->known_at].last_open_ms < first_ms)
        work->known_at++;
    for (size_t i = work->known_at; i < work->known_count && work->known[i].first_open_ms <= last_ms && code == 0; i++) {
        if (work->known[i].first_open_ms > first_ms)
            code = add_absence(work, first_ms, work->known[i].first_open_ms - work->step_ms);
        if (work->known[i].last_open_ms >= first_ms)
            first_ms = work->known[i].last_open_ms + work->step_ms;
    }
    return code == 0 && first_ms <= last_ms ? add_absence(work, first_ms, last_ms) : code;
}

/* The candle of an open time is known, from the file or from the store; all between it and `next_ms` is not. */
static int pass(struct work *work, int64_t open_time_ms, bool follows)
{
    int code = 0;
    if (follows && work->import->absences && work->next_ms >= 0 && open_time_ms > work->next_ms)
        code = record_absence(work, work->next_ms, open_time_ms - work->step_ms);
    if (open_time_ms >= work->next_ms)
        work->next_ms = open_time_ms + work->step_ms;
    return code;
}

/* ---- comparing ---- */

static int keep_row(struct work *work)
{
    size_t row = work->row++;
    int code = pass(work, work->rows[row].event.candle.open_time_ms, work->follows[row]);
    work->rows[work->kept++] = work->rows[row];
    return code;
}

static bool same(const struct candle *candle, const struct audit_candle *stored)
{
    if (stored->price_scale < 0 || stored->price_scale > DECIMAL_SCALE_MAX || stored->volume_scale < 0 ||
        stored->volume_scale > DECIMAL_SCALE_MAX)
        return false;
    const struct candle other = {
        .open_time_ms = stored->open_time_ms,
        .open = stored->open,
        .high = stored->high,
        .low = stored->low,
        .close = stored->close,
        .volume = stored->volume,
        .price_scale = (uint8_t)stored->price_scale,
        .volume_scale = (uint8_t)stored->volume_scale,
    };
    return candle_equal(candle, &other);
}

static int compare_stored(void *user, const struct audit_candle *stored)
{
    struct work *work = user;
    int code = 0;
    while (code == 0 && work->row < work->count &&
           work->rows[work->row].event.candle.open_time_ms < stored->open_time_ms) {
        work->batch.added++;
        code = keep_row(work);
    }
    if (code != 0 || work->row == work->count)
        return code;
    const struct candle *candle = &work->rows[work->row].event.candle;
    bool on_grid = interval_open_time(work->interval_s, stored->open_time_ms) == stored->open_time_ms;
    if (candle->open_time_ms > stored->open_time_ms)
        return on_grid ? pass(work, stored->open_time_ms, work->follows[work->row]) : 0;
    if (!same(candle, stored)) {
        work->batch.changed++;
        return keep_row(work);
    }
    work->batch.unchanged++;
    code = pass(work, candle->open_time_ms, work->follows[work->row]);
    work->row++;
    return code;
}

static int compare(struct work *work)
{
    int64_t first_ms = work->rows[0].event.candle.open_time_ms;
    int64_t last_ms = work->rows[work->count - 1].event.candle.open_time_ms;
    int code = 0;
    work->row = work->kept = work->absence_count = 0;
    if (work->next_ms >= 0 && work->next_ms < first_ms)
        first_ms = work->next_ms;
    if (work->series_id >= 0)
        code = audit_candles(work->import->audit, work->series_id, first_ms, last_ms + 1, compare_stored, work);
    while (code == 0 && work->row < work->count) {
        work->batch.added++;
        code = keep_row(work);
    }
    return code;
}

/* ---- batches ---- */

static int write_compared(struct work *work)
{
    if (work->kept == 0 && work->absence_count == 0)
        return 0;
    const struct store_batch batch = {
        .candles = work->rows,
        .candle_count = work->kept,
        .history = true,
        .absences = work->absences,
        .absence_count = work->absence_count,
    };
    return database_write(work->import->store, &batch);
}

void import_counts_add(struct import_counts *sum, const struct import_counts *counts)
{
    sum->rows += counts->rows;
    sum->added += counts->added;
    sum->changed += counts->changed;
    sum->unchanged += counts->unchanged;
    sum->refused += counts->refused;
    sum->gaps += counts->gaps;
    sum->gap_candles += counts->gap_candles;
    sum->absent_candles += counts->absent_candles;
    sum->rounded += counts->rounded;
    sum->turned += counts->turned;
    for (int i = 0; i < TIME_UNITS; i++)
        sum->units[i] += counts->units[i];
}

static int write_batch(struct work *work)
{
    int code = work->series_id < 0 ? look_up_series(work) : 0;
    if (code == 0)
        code = compare(work);
    if (code == 0)
        code = write_compared(work);
    if (code == 0)
        import_counts_add(work->counts, &work->batch);
    work->batch = (struct import_counts){0};
    work->count = 0;
    return code;
}

/* ---- rows ---- */

static void show_progress(const struct work *work, size_t done)
{
    const struct import *import = work->import;
    double share = (double)import->bytes_before + (double)work->file->size * (double)done / (double)work->table.count;
    progress_show(import->progress, import->bytes_all > 0 ? share / (double)import->bytes_all : 0,
                  "%s %s, %" PRId64 " rows, %" PRId64 " new", work->symbol, interval_name(work->interval_s),
                  work->counts->rows, work->counts->added);
}

static void tell_refused(void *user)
{
    struct work *work = user;
    work->counts->rows++;
    if (work->counts->refused++ >= IMPORT_REFUSALS_SHOWN)
        return;
    progress_erase(work->import->progress);
    (void)fprintf(stderr, "wick import: %s\n", error_message());
    if (work->counts->refused == IMPORT_REFUSALS_SHOWN)
        (void)fputs("wick import: further rows that are refused are only counted\n", stderr);
}

static bool goes_on(void *user)
{
    const struct work *work = user;
    return *work->import->interrupted == 0;
}

static void take_row(struct work *work, size_t number)
{
    const struct table_row *taken = &work->table.rows[number];
    const struct table_row *previous = number > 0 ? taken - 1 : NULL;
    int64_t missing = previous == NULL ? 0 : (taken->candle.open_time_ms - previous->candle.open_time_ms) / work->step_ms - 1;
    struct store_candle *row = &work->rows[work->count];
    *row = (struct store_candle){
        .exchange = work->import->exchange,
        .event = {.interval_s = work->interval_s, .candle = taken->candle},
    };
    (void)snprintf(row->event.symbol, sizeof row->event.symbol, "%s", work->symbol);
    work->follows[work->count++] = previous != NULL && !taken->is_broken;
    work->batch.rows++;
    work->batch.gaps += missing > 0;
    work->batch.gap_candles += missing;
}

static int write_rows(struct work *work)
{
    int code = 0;
    for (size_t i = 0; i < work->table.count && code == 0; i++) {
        take_row(work, i);
        if (work->count < IMPORT_BATCH_ROWS && i + 1 < work->table.count)
            continue;
        code = write_batch(work);
        show_progress(work, i + 1);
        if (code == 0 && *work->import->interrupted != 0 && i + 1 < work->table.count)
            code = error_set(ERROR_AGAIN, "interrupted");
    }
    return code;
}

/* What is known of a file as a whole, once all of it is stored. */
static void count_file(struct work *work)
{
    const struct candle_table *table = &work->table;
    const struct import_counts whole = {
        .rows = table->repeated,
        .unchanged = table->repeated,
        .rounded = table->rounded,
        .turned = table->turned,
    };
    import_counts_add(work->counts, &whole);
    memcpy(work->counts->units, table->units, sizeof work->counts->units);
}

static int read_and_write(struct work *work)
{
    const struct candle_table_wish wish = {
        .interval_s = work->interval_s,
        .now_ms = work->import->now_ms,
        .is_sparse = work->import->is_sparse,
    };
    const struct candle_table_listener listener = {.user = work, .refused = tell_refused, .goes_on = goes_on};
    int code = candle_table_read(&work->table, work->file->path, &wish, &listener);
    if (code == ERROR_ARGUMENT) { /* the file as a whole is refused */
        work->counts->refused += (int64_t)work->table.count;
        work->counts->rows += (int64_t)work->table.count;
    }
    if (code == 0)
        code = write_rows(work);
    if (code == 0)
        count_file(work);
    candle_table_release(&work->table);
    return code;
}

int import_file(const struct import *import, const struct listed_file *file, const char *symbol, uint32_t interval_s,
                struct import_counts *counts)
{
    *counts = (struct import_counts){0};
    struct work work = {
        .import = import,
        .counts = counts,
        .file = file,
        .symbol = symbol,
        .interval_s = interval_s,
        .step_ms = (int64_t)interval_s * 1000,
        .series_id = -1,
        .next_ms = -1,
        .rows = malloc(IMPORT_BATCH_ROWS * sizeof *work.rows),
        .follows = malloc(IMPORT_BATCH_ROWS * sizeof *work.follows),
    };
    int code = work.rows != NULL && work.follows != NULL ? 0 : error_set(ERROR_MEMORY, "no memory for a batch");
    if (code == 0)
        code = read_and_write(&work);
    free(work.rows);
    free(work.follows);
    free(work.absences);
    free(work.known);
    return code;
}
