/* Two batches a lane, and the order of the lanes. */
/* SPDX-License-Identifier: MIT */
#include "persister/lanes.h"

#include <assert.h>

int lane_init(struct lane *lane, size_t candle_rows)
{
    *lane = (struct lane){.filling = &lane->batches[0], .writing = &lane->batches[1]};
    int code = batch_init(lane->filling, candle_rows);
    if (code == 0)
        code = batch_init(lane->writing, candle_rows);
    if (code != 0)
        lane_release(lane);
    return code;
}

void lane_release(struct lane *lane)
{
    for (int i = 0; i < 2; i++)
        batch_release(&lane->batches[i]);
}

bool lane_has(const struct lane *lane, const struct peer *peer, uint64_t sequence)
{
    return batch_has(lane->writing, peer, sequence) || batch_has(lane->filling, peer, sequence);
}

size_t lane_waiting(const struct lane *lane)
{
    return batch_waiting(lane->writing) + batch_waiting(lane->filling);
}

size_t lane_rows(const struct lane *lane)
{
    return batch_rows(lane->writing) + batch_rows(lane->filling);
}

bool lane_is_due(const struct lane *lane, const struct lane_terms *terms, int64_t now_ms)
{
    const struct batch *batch = lane->filling;
    return batch_waiting(batch) > 0 && (terms->at_once || batch_has_ledger(batch) ||
                                        batch_rows(batch) >= terms->batch_rows ||
                                        now_ms - batch->oldest_ms >= terms->batch_ms);
}

void lane_swap(struct lane *lane)
{
    assert(batch_waiting(lane->writing) == 0);
    struct batch *filled = lane->filling;
    lane->filling = lane->writing;
    lane->writing = filled;
}

enum lane_kind lane_choose(const bool wants[LANES], enum lane_kind last)
{
    if (wants[LANE_CANDLES] && (last == LANE_LEDGER || !wants[LANE_LEDGER]))
        return LANE_CANDLES;
    return wants[LANE_LEDGER] ? LANE_LEDGER : LANES;
}

void lane_pace_init(struct lane_pace *pace, size_t rows_max)
{
    *pace = (struct lane_pace){.rows = rows_max < LANE_ROWS_FIRST ? rows_max : LANE_ROWS_FIRST, .rows_max = rows_max};
}

void lane_pace_note(struct lane_pace *pace, size_t rows, int64_t took_ms)
{
    size_t least = LANE_ROWS_MIN < pace->rows_max ? LANE_ROWS_MIN : pace->rows_max;
    if (took_ms > LANE_TRANSACTION_MS) {
        size_t fitting = rows * LANE_TRANSACTION_MS / (size_t)took_ms;
        size_t fewer = fitting > pace->rows / 2 ? fitting : pace->rows / 2;
        if (fewer < pace->rows)
            pace->rows = fewer > least ? fewer : least;
    } else if (took_ms * 2 < LANE_TRANSACTION_MS && rows >= pace->rows / 2) {
        pace->rows = pace->rows * 2 < pace->rows_max ? pace->rows * 2 : pace->rows_max;
    }
}
