/* The last report of every process, in memory: what the query for processes is answered from. Pure. */
/* SPDX-License-Identifier: MIT */
#ifndef WICK_PERSISTER_BOARD_H
#define WICK_PERSISTER_BOARD_H

#include "proto/message.h"

#include <stddef.h>
#include <stdint.h>

enum {
    BOARD_ROWS_MAX = 299,    /* with the persister's own row as many as an answer holds */
    BOARD_LOST_MS = 5000,    /* a process is called lost when it was silent for so long */
    BOARD_FORGET_MS = 60000, /* and forgotten after this */
};

struct board {
    struct process_state rows[BOARD_ROWS_MAX];
    size_t count;
};

/* Puts a report in the place of the process's last one, by its instance. Its heard_ms, if it is 0, becomes `wall_ms`.
 * When the board is full of living processes a new one is left out. */
void board_put(struct board *board, const struct process_state *report, int64_t wall_ms);

/* Forgets who has been silent for too long, and writes the others to `out`, which has room for BOARD_ROWS_MAX rows,
 * with the silent ones marked lost. Returns their number. */
size_t board_read(struct board *board, int64_t wall_ms, struct process_state *out);

#endif
