/* The fetcher's words on itself. */
/* SPDX-License-Identifier: MIT */
#include "fetcher/status.h"

#include "lib/base/clock.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum {
    WHY_SHOWN = 80,
    STOP_TOLD_MS = 5000, /* what the exchange makes us wait for longer, or has made us, is said */
};

static void append(char detail[TEXT_SIZE], const char *format, ...) __attribute__((format(printf, 2, 3)));

static void append(char detail[TEXT_SIZE], const char *format, ...)
{
    size_t length = strlen(detail);
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(detail + length, TEXT_SIZE - length, format, arguments);
    va_end(arguments);
}

static void append_stuck(char detail[TEXT_SIZE], struct stuck *stuck)
{
    char text[TEXT_SIZE];
    size_t room = TEXT_SIZE - strlen(detail);
    if (room < sizeof "; ")
        return;
    stuck_describe(stuck, text, room - strlen("; "));
    if (text[0] != '\0')
        append(detail, "; %s", text);
}

/* What is asked for again and again in vain, of the whole exchange. */
static void append_failing(char detail[TEXT_SIZE], const struct poll *poll)
{
    static const char *const names[POLL_KINDS] = {
        [POLL_TIME] = "clock", [POLL_INSTRUMENTS] = "list of markets", [POLL_SCAN] = "tickers of all markets"};
    for (int kind = 0; kind < POLL_KINDS; kind++)
        if (names[kind] != NULL && poll->whys[kind][0] != '\0' && poll->kind_failures[kind] >= STUCK_FAILURES)
            append(detail, "; no %s: %.*s", names[kind], WHY_SHOWN, poll->whys[kind]);
    const char *tickers = poll->whys[POLL_TICKERS];
    if (tickers[0] != '\0' && poll->chunk_count > 0 && poll->ticker_chunks[0].failures >= STUCK_FAILURES)
        append(detail, "; no tickers: %.*s", WHY_SHOWN, tickers);
}

/* Why there is no market yet: the kinds that the choice of markets needs. */
static void append_why_not(char detail[TEXT_SIZE], const struct poll *poll)
{
    static const enum poll_kind kinds[] = {POLL_INSTRUMENTS, POLL_SCAN, POLL_AGES, POLL_TIME};
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        if (poll->whys[kinds[i]][0] != '\0') {
            append(detail, ": %.*s", WHY_SHOWN, poll->whys[kinds[i]]);
            return;
        }
}

static enum process_status describe_without_lease(const struct lease_state *lease, char detail[TEXT_SIZE])
{
    append(detail, "%s", lease->refused ? "another fetcher holds the lease" : "waiting for the persister");
    if (lease->refused)
        return PROCESS_STATUS_STANDBY;
    return lease->generation != 0 ? PROCESS_STATUS_DEGRADED : PROCESS_STATUS_STARTING;
}

/* Whether the exchange has wanted no requests for a while, or goes on so, which is said; short pauses are its daily bread. */
static bool append_stop(char detail[TEXT_SIZE], const struct poll *poll)
{
    int64_t left_ms = poll_stop_left_ms(poll);
    int64_t since_ms = poll->stopped_ms != 0 ? clock_monotonic_ms() - poll->stopped_ms : 0;
    if (left_ms < STOP_TOLD_MS && since_ms < STOP_TOLD_MS)
        return false;
    append(detail, "; the exchange wants no requests for %" PRId64 " s", (left_ms + 999) / 1000);
    if (poll->stop_why[0] != '\0')
        append(detail, ": %.*s", WHY_SHOWN, poll->stop_why);
    return true;
}

/* Before every series is up to date. */
static enum process_status describe_start(struct poll *poll, size_t ready, char detail[TEXT_SIZE])
{
    if (poll->market->series_count > 0)
        append(detail, "%zu of %zu series are up to date", ready, poll->market->series_count);
    else
        append(detail, "waiting for the exchange");
    if (poll->market->series_count == 0)
        append_why_not(detail, poll);
    (void)append_stop(detail, poll);
    append_stuck(detail, &poll->stuck);
    return PROCESS_STATUS_STARTING;
}

/* What a fetcher that follows its series has to say. */
static enum process_status describe_following(const struct status_parts *parts, size_t settled, char detail[TEXT_SIZE])
{
    struct poll *poll = parts->poll;
    const struct market *market = poll->market;
    const struct filler *fill = poll->fill;
    bool trouble = poll->failures >= POLL_TROUBLE, nothing = stuck_is_everything(&poll->stuck);
    append(detail, "%zu symbols, %zu series", market->instrument_count, market->series_count);
    if (settled < market->series_count)
        append(detail, ", %zu of them new", market->series_count - settled);
    if (market->instruments_leaving > 0)
        append(detail, "; %zu symbols leave", market->instruments_leaving);
    if (poll->streams->stream != NULL)
        append(detail, "; streams %zu of %zu", poll->streams->alive_series, market->series_count);
    if (fill->stored < fill->wanted)
        append(detail, "; history %" PRId64 " %%", fill->stored * 100 / fill->wanted);
    if (parts->stalled)
        append(detail, "; the store does not answer");
    if (trouble)
        append(detail, "; the exchange does not answer");
    else
        append_failing(detail, poll);
    bool stopped = append_stop(detail, poll);
    append_stuck(detail, &poll->stuck);
    return parts->stalled || trouble || nothing || stopped ? PROCESS_STATUS_DEGRADED : PROCESS_STATUS_READY;
}

enum process_status status_describe(const struct status_parts *parts, bool *complete, char detail[TEXT_SIZE])
{
    const struct market *market = parts->poll->market;
    size_t ready = market_ready_count(market), settled = market_settled_count(market);
    *complete = *complete || (ready > 0 && settled == market->series_count);
    detail[0] = '\0';
    if (!parts->held)
        return describe_without_lease(parts->lease, detail);
    if (market->series_count == 0 || !*complete)
        return describe_start(parts->poll, ready, detail);
    return describe_following(parts, settled, detail);
}
