/* What a run shows: one status line that is redrawn in place on a terminal, plain lines where there is none. */
/* SPDX-License-Identifier: MIT */
#ifndef WICK_TOOLS_UP_TERMINAL_H
#define WICK_TOOLS_UP_TERMINAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    TERMINAL_NARROW = 60,     /* columns for which a status line is made to fit */
    TERMINAL_REDRAW_MS = 250, /* on a terminal */
    TERMINAL_PLAIN_MS = 5000, /* elsewhere */
    TERMINAL_LINES_A_SECOND = 10, /* of processes' warnings; the rest is counted */
};

/* What the status line says. */
struct run_status {
    const char *state;   /* "ready", "starting", "stopping" */
    int64_t speed;       /* of the simulated exchange's clock; 0: the market is real */
    bool is_paper;
    int ready, processes; /* shown unless all are ready */
    const char *waiting_for; /* a process that is not ready; NULL: none */
    double symbols, candles_per_s, signals, equity, analyzers; /* NAN: not known */
    const char *quote_asset;
    double memory_bytes;
    int64_t elapsed_ms;
};

/* Finds out whether standard output is a terminal. */
void terminal_open(void);

/* Shows an event above the status line. */
void terminal_line(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Shows a warning of a process, unless there were too many in this second: those are counted and told later. */
void terminal_warning(const char *process, const char *line);

/* Shows the status when it is time to. */
void terminal_status(const struct run_status *status, int64_t now_ms);

/* Ends the status line. */
void terminal_close(void);

/* Writes the status line, for terminal_status and the tests, in less than `capacity` characters: what matters least is
 * left out where it does not fit. With TERMINAL_NARROW columns, state, SIMULATED, PAPER and what is waited for remain. */
void run_status_print(const struct run_status *status, char *out, size_t capacity);

/* Writes what the end of a run says of it. `net` is in the quote asset; NAN where it is not known. */
void run_summary_print(const struct run_status *status, double candles, double trades, double net, char *out,
                       size_t capacity);

/* 10012.345 as "10,012.34", -0.004 as "-0.00"; cut, not rounded, so that a gain is never shown too early. */
void print_grouped(double value, char *out, size_t capacity);

/* 31000 as "00:31", 3723000 as "1:02:03". */
void print_elapsed(int64_t elapsed_ms, char *out, size_t capacity);

#endif
