/* What is taken from an answer. */
/* SPDX-License-Identifier: MIT */
#include "fetcher/intake.h"

#include "lib/base/interval.h"
#include "lib/series/candle.h"

#include <assert.h>

enum {
    REREAD_UNKNOWN = 3,
    RETRY_FIRST_MS = 50,
    RETRY_DOUBLINGS = 7,
    AGAIN_FIRST_MS = 500, /* of exchange time */
    AGAIN_LEAST_MS = 20,
    AGAIN_DOUBLINGS = 5,
};

int64_t intake_oldest_ms(uint32_t interval_s)
{
    return interval_open_time(interval_s, CANDLE_TIME_MIN_MS + (int64_t)interval_s * 1000 - 1);
}

int64_t intake_grace_ms(int64_t speed)
{
    int64_t least = INTAKE_GRACE_WALL_MS * speed;
    return least > INTAKE_GRACE_MS ? least : INTAKE_GRACE_MS;
}

int64_t intake_last_closed_ms(uint32_t interval_s, int64_t exchange_ms, int64_t grace_ms)
{
    return interval_open_time(interval_s, exchange_ms - grace_ms) - (int64_t)interval_s * 1000;
}

int64_t intake_known_ms(const struct series *series)
{
    int64_t newest_ms = ring_newest_ms(&series->ring);
    return newest_ms > series->searched_ms ? newest_ms : series->searched_ms;
}

int64_t intake_next_ms(const struct series *series, int64_t grace_ms)
{
    int64_t interval_ms = (int64_t)series->interval_s * 1000;
    int64_t known_ms = intake_known_ms(series);
    int64_t next_open_ms = known_ms >= 0 ? known_ms + interval_ms : series->history_from_ms;
    return next_open_ms + interval_ms + grace_ms;
}

int64_t intake_reread(const struct series *series, int64_t reread_s, int candles_per_call)
{
    int64_t interval_ms = (int64_t)series->interval_s * 1000, closed_ms = intake_known_ms(series) + interval_ms;
    int64_t settling_ms = series->read_ms > 0 ? reread_s * 1000 + closed_ms - series->read_ms
                                              : REREAD_UNKNOWN * reread_s * 1000;
    int64_t count = (settling_ms + interval_ms - 1) / interval_ms;
    if (count > candles_per_call / 2)
        count = candles_per_call / 2;
    return count > 1 ? count : 1;
}

int64_t intake_first_ms(const struct series *series, int64_t reread)
{
    int64_t interval_ms = (int64_t)series->interval_s * 1000, known_ms = intake_known_ms(series);
    if (known_ms < 0)
        return series->history_from_ms;
    if (series->ring.count == 0)
        return known_ms + interval_ms;
    int64_t first_ms = known_ms - (reread - 1) * interval_ms, oldest_ms = ring_at(&series->ring, 0)->open_time_ms;
    return first_ms > oldest_ms ? first_ms : oldest_ms;
}

enum intake_change intake_compare(const struct series *series, const struct candle *row)
{
    const struct candle *known = ring_find(&series->ring, row->open_time_ms);
    if (known != NULL)
        return candle_equal(known, row) ? INTAKE_SAME : INTAKE_REVISED;
    if (series->ring.count == 0 || row->open_time_ms < ring_at(&series->ring, 0)->open_time_ms)
        return INTAKE_OLDER;
    return INTAKE_LATE;
}

/* Counts an answer that lacks all between the newest candle and `through_ms`. What the last one had is lacking for the
 * first time. True when it was asked for often enough. */
static bool count_hole(struct series *series, int64_t through_ms)
{
    if (through_ms > series->hole_through_ms)
        series->hole_asks = 0;
    series->hole_through_ms = through_ms;
    return series->hole_asks++ >= INTAKE_HOLE_ASKS;
}

/* Whether `row` leaves a hole that is not yet known to be the exchange's own. Before the first candle there may be one
 * too: then the market is younger than the history that is wanted, and nothing is absent. */
static bool leaves_hole(struct series *series, const struct candle *row, struct intake *out)
{
    int64_t interval_ms = (int64_t)series->interval_s * 1000;
    bool empty = series->ring.count == 0;
    int64_t newest_ms = empty ? series->history_from_ms - interval_ms : ring_newest_ms(&series->ring);
    int64_t missing = (row->open_time_ms - newest_ms) / interval_ms - 1;
    if (missing <= 0)
        return false;
    int64_t hole_end_ms = row->open_time_ms - interval_ms;
    bool searched = series->searched_ms >= hole_end_ms || series->quiet_through_ms >= hole_end_ms;
    if (!searched && !count_hole(series, hole_end_ms))
        return true;
    out->absent += empty ? 0 : (uint32_t)missing;
    return false;
}

static void append(struct series *series, const struct candle *row, struct intake *out)
{
    const struct candle *oldest = series->ring.count > 0 ? ring_at(&series->ring, 0) : NULL;
    if (series->ring.count == series->ring.capacity && oldest->open_time_ms > series->stored_through_ms) {
        series->dropped_through_ms = oldest->open_time_ms;
        out->dropped++;
    }
    int code = ring_append_after_gap(&series->ring, row);
    assert(code == 0);
    (void)code;
    series->hole_asks = 0;
    out->appended++;
}

void intake_take(struct series *series, const struct candle *rows, size_t count, int64_t last_open_ms,
                 struct intake *out)
{
    *out = (struct intake){0};
    uint32_t room = series->ring.capacity - (series->may_drop ? 0 : series_unstored(series));
    int64_t wanted_ms = series->ring.count == 0 ? series->history_from_ms : 0;
    for (size_t i = 0; i < count && rows[i].open_time_ms <= last_open_ms; i++) {
        if (candle_check(&rows[i], series->interval_s) != 0) {
            out->refused++;
            continue;
        }
        if (rows[i].open_time_ms <= ring_newest_ms(&series->ring) || rows[i].open_time_ms < wanted_ms)
            continue;
        out->hole = leaves_hole(series, &rows[i], out);
        out->full = !out->hole && out->appended == room;
        if (out->hole || out->full)
            break;
        append(series, &rows[i], out);
    }
    out->complete = ring_newest_ms(&series->ring) >= last_open_ms;
    series->fruitless = out->appended > 0 || out->full || out->complete ? 0 : series->fruitless + 1;
}

bool intake_pass_over(struct series *series, const struct intake *intake, int64_t last_open_ms)
{
    if (intake->hole)
        return false;
    bool goes_on = series->searched_ms > ring_newest_ms(&series->ring);
    if (series->fruitless <= (goes_on ? 0 : INTAKE_FRUITLESS_ASKS))
        return false;
    series->searched_ms = last_open_ms;
    series->fruitless = 0;
    return true;
}

/* `first`, doubled `times` times, and up to a half more. */
static int64_t doubled(int64_t first, uint32_t times, uint32_t most, uint64_t random)
{
    int64_t pause = first << (times < most ? times : most);
    return pause + (int64_t)(random % (uint64_t)(pause / 2 + 1));
}

int64_t intake_retry_ms(uint32_t failures, uint64_t random)
{
    assert(failures > 0);
    return doubled(RETRY_FIRST_MS, failures - 1, RETRY_DOUBLINGS, random);
}

int64_t intake_again_ms(uint32_t fruitless, int64_t speed, uint64_t random)
{
    int64_t first = AGAIN_FIRST_MS / speed;
    return doubled(first > AGAIN_LEAST_MS ? first : AGAIN_LEAST_MS, fruitless > 0 ? fruitless - 1 : 0,
                   AGAIN_DOUBLINGS, random);
}
