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

static const char erase_line[] = "\r\033[K";

static bool is_terminal;
static bool is_drawn;            /* the cursor stands behind a status line */
static int64_t last_status_ms;   /* 0: never */
static int64_t warnings_since_ms; /* when the second of the next two began */
static int warnings, untold;

void terminal_open(void)
{
    is_terminal = isatty(STDOUT_FILENO) == 1;
    (void)setvbuf(stdout, NULL, _IOLBF, 0);
}

static void erase(void)
{
    if (is_drawn)
        (void)fputs(erase_line, stdout);
    is_drawn = false;
}

void terminal_line(const char *format, ...)
{
    va_list arguments;
    erase();
    va_start(arguments, format);
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

struct text {
    char *out;
    size_t capacity, used;
};

__attribute__((format(printf, 2, 3))) static void append(struct text *text, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(text->out + text->used, text->capacity - text->used, format, arguments);
    va_end(arguments);
    if (length > 0)
        text->used += (size_t)length;
    if (text->used >= text->capacity)
        text->used = text->capacity - 1;
}

static void append_count(struct text *text, double value, const char *unit)
{
    if (!isnan(value))
        append(text, "  %.0f %s", value, unit);
}

void run_status_print(const struct run_status *status, char *out, size_t capacity)
{
    struct text text = {.out = out, .capacity = capacity};
    char number[48];
    append(&text, "%s", status->state);
    if (status->ready < status->processes)
        append(&text, "  %d of %d", status->ready, status->processes);
    if (status->waiting_for != NULL)
        append(&text, "  waiting for %s", status->waiting_for);
    append_count(&text, status->symbols, "symbols");
    append_count(&text, status->candles_per_s, "candles/s");
    append_count(&text, status->signals, "signals");
    if (!isnan(status->equity)) {
        print_grouped(status->equity, number, sizeof number);
        append(&text, "  equity %s %s", number, status->quote_asset);
    }
    append_count(&text, status->analyzers, "analyzers");
    append(&text, "  %.0f MB", status->memory_bytes / 1e6);
    print_elapsed(status->elapsed_ms, number, sizeof number);
    append(&text, "  %s", number);
}

void terminal_status(const struct run_status *status, int64_t now_ms)
{
    char line[STATUS_SIZE];
    if (last_status_ms != 0 && now_ms - last_status_ms < (is_terminal ? TERMINAL_REDRAW_MS : TERMINAL_PLAIN_MS))
        return;
    last_status_ms = now_ms;
    run_status_print(status, line, sizeof line);
    if (!is_terminal) {
        terminal_line("%s", line);
        return;
    }
    struct winsize window = {.ws_col = 0};
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &window) == 0 && window.ws_col > 1 && window.ws_col <= sizeof line)
        line[window.ws_col - 1] = '\0'; /* a line that wraps cannot be erased */
    (void)printf("%s%s", erase_line, line);
    (void)fflush(stdout);
    is_drawn = true;
}

void terminal_close(void)
{
    erase();
    (void)fflush(stdout);
}
