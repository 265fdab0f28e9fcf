/* Who was heard of, and when. */
/* SPDX-License-Identifier: MIT */
#include "persister/board.h"

static void forget(struct board *board, int64_t wall_ms)
{
    size_t kept = 0;
    for (size_t i = 0; i < board->count; i++)
        if (wall_ms - board->rows[i].heard_ms <= BOARD_FORGET_MS)
            board->rows[kept++] = board->rows[i];
    board->count = kept;
}

/* The row of an instance, or the next free one, or NULL. */
static struct process_state *find_row(struct board *board, uint64_t instance)
{
    for (size_t i = 0; i < board->count; i++)
        if (board->rows[i].instance == instance)
            return &board->rows[i];
    return board->count < BOARD_ROWS_MAX ? &board->rows[board->count++] : NULL;
}

void board_put(struct board *board, const struct process_state *report, int64_t wall_ms)
{
    forget(board, wall_ms);
    struct process_state *row = find_row(board, report->instance);
    if (row == NULL)
        return;
    *row = *report;
    if (row->heard_ms == 0 || row->heard_ms > wall_ms)
        row->heard_ms = wall_ms;
}

size_t board_read(struct board *board, int64_t wall_ms, struct process_state *out)
{
    forget(board, wall_ms);
    for (size_t i = 0; i < board->count; i++) {
        out[i] = board->rows[i];
        if (wall_ms - out[i].heard_ms > BOARD_LOST_MS)
            out[i].status = PROCESS_STATUS_LOST;
    }
    return board->count;
}
