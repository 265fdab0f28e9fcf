/* Markets that cannot be brought up to date. */
/* SPDX-License-Identifier: MIT */
#include "fetcher/stuck.h"

#include "lib/base/interval.h"
#include "lib/base/log.h"

#include <stdio.h>
#include <string.h>

enum { WHY_SHOWN = 40, ROOM_FOR_THE_REST = 16, ENTRY_NAME_SIZE = SYMBOL_SIZE + 24 };

static const char *const part_names[STUCK_PARTS] = {"candles", "history", "tickers"};

void stuck_init(struct stuck *stuck, const struct market *market)
{
    *stuck = (struct stuck){.market = market};
}

static struct stuck_name *find_name(struct stuck *stuck, const struct series *series, enum stuck_part part)
{
    for (size_t i = 0; i < stuck->count; i++)
        if (stuck->names[i].id == series->id && stuck->names[i].part == part)
            return &stuck->names[i];
    return NULL;
}

static void remove_name(struct stuck *stuck, struct stuck_name *name)
{
    size_t behind = (size_t)(&stuck->names[--stuck->count] - name);
    memmove(name, name + 1, behind * sizeof *name);
}

void stuck_copy_why(char out[STUCK_WHY_SIZE], const char *why)
{
    (void)snprintf(out, STUCK_WHY_SIZE, "%s", why);
    for (char *at = out; *at != '\0'; at++)
        if (*at < ' ' || *at > '~')
            *at = '?';
}

static void remember(struct stuck *stuck, const struct series *series, enum stuck_part part, const char *why)
{
    struct stuck_name *name = find_name(stuck, series, part);
    if (name == NULL && stuck->count < STUCK_NAMED_MAX)
        name = &stuck->names[stuck->count++];
    if (name == NULL)
        return;
    *name = (struct stuck_name){
        .index = (uint32_t)market_index(stuck->market, series), .id = series->id, .part = part};
    stuck_copy_why(name->why, why);
}

void stuck_note(struct stuck *stuck, struct series *series, enum stuck_part part, const char *why)
{
    bool was = (series->stuck & 1u << part) != 0;
    series->stuck |= 1u << part;
    stuck->ever = true;
    remember(stuck, series, part, why);
    if (!was)
        log_warn("market_stuck", log_text("symbol", series->symbol), log_int("interval_s", series->interval_s),
                 log_text("part", part_names[part]), log_text("error", why));
}

void stuck_clear(struct stuck *stuck, struct series *series, enum stuck_part part)
{
    struct stuck_name *name = find_name(stuck, series, part);
    if ((series->stuck & 1u << part) == 0)
        return;
    series->stuck &= ~(1u << part);
    if (name != NULL)
        remove_name(stuck, name);
    log_info("market_goes_on", log_text("symbol", series->symbol), log_int("interval_s", series->interval_s),
             log_text("part", part_names[part]));
}

bool stuck_is_behind(const struct series *series, int64_t due_ms, int64_t exchange_ms)
{
    int64_t most_ms = 5 * (int64_t)series->interval_s * 1000;
    return exchange_ms - due_ms >= (most_ms < STUCK_BEHIND_MS ? most_ms : STUCK_BEHIND_MS);
}

size_t stuck_count(const struct stuck *stuck)
{
    size_t count = 0;
    for (const struct series *series = NULL; (series = market_next(stuck->market, series)) != NULL;)
        for (int part = 0; part < STUCK_PARTS; part++)
            count += (series->stuck >> part) & 1u;
    return count;
}

bool stuck_is_everything(const struct stuck *stuck)
{
    bool everything = stuck->ever;
    for (const struct series *series = NULL; everything && (series = market_next(stuck->market, series)) != NULL;)
        everything = (series->stuck & 1u << STUCK_CANDLES) != 0;
    return everything;
}

static void forget_gone(struct stuck *stuck)
{
    for (size_t i = stuck->count; i-- > 0;)
        if (market_series(stuck->market, stuck->names[i].index, stuck->names[i].id) == NULL)
            remove_name(stuck, &stuck->names[i]);
}

/* "AAAUSDT 1m", with the part if it is not the newest candles. */
static void write_name(const struct series *series, enum stuck_part part, char out[ENTRY_NAME_SIZE])
{
    if (part == STUCK_TICKERS)
        (void)snprintf(out, ENTRY_NAME_SIZE, "%s tickers", series->symbol);
    else
        (void)snprintf(out, ENTRY_NAME_SIZE, "%s %s%s", series->symbol, interval_name(series->interval_s),
                       part == STUCK_HISTORY ? " history" : "");
}

void stuck_describe(struct stuck *stuck, char *out, size_t size)
{
    size_t told = 0, length = 0;
    out[0] = '\0';
    forget_gone(stuck);
    size_t all = stuck->ever ? stuck_count(stuck) : 0;
    if (all > 0 && stuck->count == 0) /* the names went before those that there was no room for are noted again */
        (void)snprintf(out, size, "not up to date: %zu", all);
    if (all == 0 || stuck->count == 0)
        return;
    for (size_t i = 0; i < stuck->count; i++) {
        const struct stuck_name *name = &stuck->names[i];
        char text[ENTRY_NAME_SIZE], entry[ENTRY_NAME_SIZE + WHY_SHOWN + 32];
        write_name(market_series(stuck->market, name->index, name->id), name->part, text);
        int written = snprintf(entry, sizeof entry, "%s%s: %.*s", told == 0 ? "not up to date: " : ", ", text, WHY_SHOWN,
                               name->why);
        if (length + (size_t)written + ROOM_FOR_THE_REST > size && told > 0)
            break;
        (void)snprintf(out + length, size - length, "%s", entry);
        length = strlen(out);
        told++;
    }
    if (all > told)
        (void)snprintf(out + length, size - length, " and %zu more", all - told);
}
