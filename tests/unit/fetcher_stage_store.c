/* What the played store has. */
/* SPDX-License-Identifier: MIT */
#include "tests/unit/fetcher_stage.h"

#include <string.h>

static struct {
    int64_t stored[STAGE_SYMBOLS][STAGE_MINUTES]; /* the close; 0: not there */
    bool absent[STAGE_SYMBOLS][STAGE_MINUTES];
    int64_t absent_from_ms[STAGE_SYMBOLS]; /* the first absence; 0: none */
} store;

void stage_store_clear(void)
{
    memset(&store, 0, sizeof store);
}

int64_t stage_store_close(int symbol, int64_t minute)
{
    return store.stored[symbol][minute];
}

int64_t stage_store_oldest_ms(int symbol)
{
    int64_t oldest = 0, absent_ms = store.absent_from_ms[symbol];
    while (oldest < STAGE_MINUTES && store.stored[symbol][oldest] == 0)
        oldest++;
    if (oldest == STAGE_MINUTES)
        return -1;
    int64_t oldest_ms = STAGE_ORIGIN_MS + oldest * STAGE_MINUTE_MS;
    return absent_ms != 0 && absent_ms < oldest_ms ? absent_ms : oldest_ms;
}

bool stage_symbol_has(int symbol, int64_t first, int64_t last)
{
    for (int64_t minute = first; minute <= last; minute++)
        if (store.stored[symbol][minute] != (stage_lacks(symbol, minute) ? 0 : stage_truth(symbol, minute).close))
            return false;
    return true;
}

bool stage_store_has(int64_t first, int64_t last)
{
    for (int symbol = 0; symbol < STAGE_SYMBOLS; symbol++)
        if (!stage_symbol_has(symbol, first, last))
            return false;
    return true;
}

bool stage_store_is_whole(void)
{
    for (int symbol = 0; symbol < STAGE_SYMBOLS; symbol++) {
        int64_t first = 0, last = STAGE_MINUTES - 1;
        while (first < STAGE_MINUTES && store.stored[symbol][first] == 0)
            first++;
        while (last > first && store.stored[symbol][last] == 0)
            last--;
        for (int64_t minute = first; minute <= last; minute++)
            if (store.stored[symbol][minute] == 0 && !store.absent[symbol][minute])
                return false;
    }
    return true;
}

void stage_store_candle(const struct candle_event *event)
{
    int symbol = stage_symbol(event->symbol);
    stage.stored_rows++;
    if (!stage_is_true(symbol, &event->candle)) {
        stage.stored_wrongly++;
        return;
    }
    int64_t *stored = &store.stored[symbol][(event->candle.open_time_ms - STAGE_ORIGIN_MS) / STAGE_MINUTE_MS];
    stage.revisions += *stored != 0 && *stored != stage_close_of(&event->candle);
    *stored = stage_close_of(&event->candle);
}

/* What is said to be absent is so then, by the word of the exchange. */
void stage_store_absence(const struct absence *absence)
{
    int symbol = stage_symbol(absence->symbol);
    int64_t first = (absence->first_open_ms - STAGE_ORIGIN_MS) / STAGE_MINUTE_MS;
    int64_t last = (absence->last_open_ms - STAGE_ORIGIN_MS) / STAGE_MINUTE_MS;
    stage.absences++;
    if (store.absent_from_ms[symbol] == 0 || absence->first_open_ms < store.absent_from_ms[symbol])
        store.absent_from_ms[symbol] = absence->first_open_ms;
    stage.stored_wrongly += symbol < 0 || first > last;
    for (int64_t minute = first > 0 ? first : 0; minute <= last && minute < STAGE_MINUTES; minute++) {
        stage.stored_wrongly += !stage_lacks(symbol, minute) && !stage.faults.late && !stage.was_unlisted[symbol];
        store.absent[symbol][minute] = true;
    }
}
