/* SPDX-License-Identifier: MIT */
#include "tools/common/progress.h"

#include "lib/base/clock.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { BAR_WIDTH = 24, LINE_SIZE = 200 };

void progress_open(struct progress *progress, const char *what)
{
    *progress = (struct progress){
        .what = what,
        .is_terminal = isatty(STDERR_FILENO) == 1,
        .shown_ms = clock_monotonic_ms(),
    };
}

static void draw(struct progress *progress, char *line)
{
    struct winsize window = {.ws_col = 0};
    if (ioctl(STDERR_FILENO, TIOCGWINSZ, &window) == 0 && window.ws_col > 1 && window.ws_col <= LINE_SIZE)
        line[window.ws_col - 1] = '\0'; /* a line that wraps cannot be erased */
    (void)fprintf(stderr, "\r\033[K%s", line);
    (void)fflush(stderr);
    progress->is_drawn = true;
}

void progress_show(struct progress *progress, double share, const char *format, ...)
{
    int64_t now_ms = clock_monotonic_ms();
    if (now_ms - progress->shown_ms < (progress->is_terminal ? PROGRESS_REDRAW_MS : PROGRESS_PLAIN_MS))
        return;
    progress->shown_ms = now_ms;
    char text[LINE_SIZE], line[LINE_SIZE], bar[BAR_WIDTH + 1];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    int filled = (int)(share * BAR_WIDTH);
    for (int i = 0; i < BAR_WIDTH; i++)
        bar[i] = i < filled ? '#' : '.';
    bar[BAR_WIDTH] = '\0';
    if (!progress->is_terminal) {
        (void)fprintf(stderr, "%s: %.0f %%, %s\n", progress->what, share * 100, text);
        return;
    }
    (void)snprintf(line, sizeof line, "%s [%s] %3.0f %%  %.140s", progress->what, bar, share * 100, text);
    draw(progress, line);
}

void progress_erase(struct progress *progress)
{
    if (progress->is_drawn)
        (void)fputs("\r\033[K", stderr);
    progress->is_drawn = false;
}
