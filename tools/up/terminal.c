/* The line is erased before anything else is printed, and drawn again with the next status. */
/* SPDX-License-Identifier: MIT */
#include "tools/up/terminal.h"

#include "lib/base/clock.h"

#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { STATUS_SIZE = 240 };

static bool is_terminal;
static size_t drawn_width;       /* of the status line behind which the cursor stands; 0: there is none */
static int64_t last_status_ms;   /* 0: never */
static int64_t warnings_since_ms; /* when the second of the next two began */
static int warnings, untold;

void terminal_open(void)
{
    is_terminal = isatty(STDOUT_FILENO) == 1;
    (void)setvbuf(stdout, NULL, _IOLBF, 0);
}

/* The columns of the terminal; STATUS_SIZE where it does not say. */
static size_t columns(void)
{
    struct winsize window = {.ws_col = 0};
    bool known = ioctl(STDOUT_FILENO, TIOCGWINSZ, &window) == 0 && window.ws_col > 1 && window.ws_col < STATUS_SIZE;
    return known ? window.ws_col : STATUS_SIZE;
}

/* A terminal that became narrower has broken the line into several rows. */
static void erase(void)
{
    if (drawn_width == 0)
        return;
    size_t rows_above = (drawn_width - 1) / columns();
    if (rows_above > 0)
        (void)printf("\033[%zuA", rows_above);
    (void)fputs("\r\033[J", stdout);
    drawn_width = 0;
}

void terminal_line(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    erase();
    (void)vprintf(format, arguments);
    va_end(arguments);
    (void)putchar('\n');
    (void)fflush(stdout);
}

void terminal_warning(const char *process, const char *line)
{
    static const char marker[] = " level=";
    int64_t now_ms = clock_monotonic_ms();
    if (now_ms - warnings_since_ms >= 1000) {
        if (untold > 0)
            terminal_line("%d more warnings in the logs", untold);
        warnings_since_ms = now_ms;
        warnings = untold = 0;
    }
    if (warnings == TERMINAL_LINES_A_SECOND) {
        untold++;
        return;
    }
    warnings++;
    const char *level = strstr(line, marker);
    terminal_line("%s: %s", process, level != NULL ? level + sizeof marker - 1 : line);
}

void print_grouped(double value, char *out, size_t capacity)
{
    char digits[32];
    double hundredths = trunc(fabs(value) * 100 + 1e-6);
    int length = snprintf(digits, sizeof digits, "%.0f", trunc(hundredths / 100));
    size_t used = 0;
    if (capacity > 0)
        out[0] = '\0';
    if (value < 0 && used + 1 < capacity)
        out[used++] = '-';
    for (int i = 0; i < length && used + 2 < capacity; i++) {
        if (i > 0 && (length - i) % 3 == 0)
            out[used++] = ',';
        out[used++] = digits[i];
    }
    if (used < capacity)
        (void)snprintf(out + used, capacity - used, ".%02d", (int)fmod(hundredths, 100));
}

void print_elapsed(int64_t elapsed_ms, char *out, size_t capacity)
{
    int64_t seconds = elapsed_ms / 1000;
    if (seconds >= 3600)
        (void)snprintf(out, capacity, "%" PRId64 ":%02d:%02d", seconds / 3600, (int)(seconds / 60 % 60),
                       (int)(seconds % 60));
    else
        (void)snprintf(out, capacity, "%02d:%02d", (int)(seconds / 60), (int)(seconds % 60));
}

/* The parts of the status line in the order in which they stand. Of two the one with the larger number goes first where
 * not all fit. */
enum part { STATE, SIMULATED, PAPER, READY, WAITING, SYMBOLS, CANDLES, SIGNALS, EQUITY, ANALYZERS, MEMORY, ELAPSED, PARTS };

static const int dispensable[PARTS] = {
    [STATE] = 0, [SIMULATED] = 1, [PAPER] = 2, [READY] = 4, [WAITING] = 3, [SYMBOLS] = 9, [CANDLES] = 8,
    [SIGNALS] = 7, [EQUITY] = 5, [ANALYZERS] = 10, [MEMORY] = 11, [ELAPSED] = 6,
};

enum { PART_SIZE = 64 };

static void print_count(char out[PART_SIZE], double value, const char *unit)
{
    if (!isnan(value))
        (void)snprintf(out, PART_SIZE, "%.0f %s", value, unit);
}

static void print_parts(const struct run_status *status, char parts[PARTS][PART_SIZE])
{
    char number[48];
    (void)snprintf(parts[STATE], PART_SIZE, "%s", status->state);
    if (status->speed > 0)
        (void)snprintf(parts[SIMULATED], PART_SIZE, "SIMULATED x%" PRId64, status->speed);
    if (status->is_paper)
        (void)snprintf(parts[PAPER], PART_SIZE, "PAPER");
    if (status->ready < status->processes)
        (void)snprintf(parts[READY], PART_SIZE, "%d of %d", status->ready, status->processes);
    if (status->waiting_for != NULL)
        (void)snprintf(parts[WAITING], PART_SIZE, "awaits %s", status->waiting_for);
    print_count(parts[SYMBOLS], status->symbols, "symbols");
    print_count(parts[CANDLES], status->candles_per_s, "candles/s");
    print_count(parts[SIGNALS], status->signals, "signals");
    if (!isnan(status->equity)) {
        print_grouped(status->equity, number, sizeof number);
        (void)snprintf(parts[EQUITY], PART_SIZE, "equity %s %s", number, status->quote_asset);
    }
    print_count(parts[ANALYZERS], status->analyzers, "analyzers");
    (void)snprintf(parts[MEMORY], PART_SIZE, "%.0f MB", status->memory_bytes / 1e6);
    print_elapsed(status->elapsed_ms, parts[ELAPSED], PART_SIZE);
}

/* How wide the line is, with two blanks in front of each part but the first. */
static size_t width_of(char parts[PARTS][PART_SIZE])
{
    size_t width = 0;
    for (int i = 0; i < PARTS; i++)
        width += parts[i][0] != '\0' ? strlen(parts[i]) + (i > 0 ? 2 : 0) : 0;
    return width;
}

void run_status_print(const struct run_status *status, char *out, size_t capacity)
{
    char parts[PARTS][PART_SIZE] = {{0}};
    print_parts(status, parts);
    for (int least = PARTS - 1; least > 0 && width_of(parts) >= capacity; least--)
        for (int i = 0; i < PARTS; i++)
            if (dispensable[i] == least)
                parts[i][0] = '\0';
    size_t used = 0;
    for (int i = 0; i < PARTS && used < capacity; i++)
        if (parts[i][0] != '\0')
            used += (size_t)snprintf(out + used, capacity - used, "%s%s", i > 0 ? "  " : "", parts[i]);
}

/* A count or an amount, "-" where it is not known. */
static void print_known(double value, bool is_amount, char out[48])
{
    if (isnan(value))
        (void)snprintf(out, 48, "-");
    else if (is_amount)
        print_grouped(value, out, 48);
    else
        (void)snprintf(out, 48, "%.0f", value);
}

void run_summary_print(const struct run_status *status, double candles, double trades, double net, char *out,
                       size_t capacity)
{
    char elapsed[48], texts[4][48];
    print_elapsed(status->elapsed_ms, elapsed, sizeof elapsed);
    print_known(candles, false, texts[0]);
    print_known(status->signals, false, texts[1]);
    print_known(trades, false, texts[2]);
    print_known(net, true, texts[3]);
    (void)snprintf(out, capacity, "ran for %s: %s candles, %s signals, %s trades, net %s%s %s%s%s", elapsed, texts[0],
                   texts[1], texts[2], net > 0 ? "+" : "", texts[3], status->quote_asset,
                   status->is_paper ? ", PAPER" : "", status->speed > 0 ? ", SIMULATED" : "");
}

void terminal_status(const struct run_status *status, int64_t now_ms)
{
    char line[STATUS_SIZE];
    if (last_status_ms != 0 && now_ms - last_status_ms < (is_terminal ? TERMINAL_REDRAW_MS : TERMINAL_PLAIN_MS))
        return;
    last_status_ms = now_ms;
    if (!is_terminal) {
        run_status_print(status, line, sizeof line);
        terminal_line("%s", line);
        return;
    }
    erase();
    run_status_print(status, line, columns()); /* a column stays free: a line that wraps by itself cannot be erased */
    (void)fputs(line, stdout);
    (void)fflush(stdout);
    drawn_width = strlen(line);
}

void terminal_close(void)
{
    erase();
    (void)fflush(stdout);
}
