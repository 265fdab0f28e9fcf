/* Tickers in batches: what is asked for together, and what happens when the exchange does not know one of them.
 *
 * Exchanges refuse a batch as a whole and do not say which of its symbols it was. So half of it is asked for, and half of
 * that, until one is refused alone; then what is behind it is asked for by ones, twos, fours. The culprit rests, and is
 * asked for by itself now and then. */
/* SPDX-License-Identifier: MIT */
#include "fetcher/poll.h"

#include "fetcher/streams.h"
#include "lib/base/clock.h"
#include "lib/base/log.h"

#include <string.h>

/* ---- what is asked for ---- */

/* How many markets a chunk has, and the first of them. */
static size_t chunk_size(const struct poll *poll, uint32_t chunk, size_t *first)
{
    size_t markets = poll->market->instrument_count;
    *first = chunk * poll->chunk_size;
    size_t left = *first < markets ? markets - *first : 0;
    return left < poll->chunk_size ? left : poll->chunk_size;
}

static struct series *series_of(const struct poll *poll, const char *symbol)
{
    return market_find(poll->market, symbol, poll->market->intervals[0]);
}

static bool is_polled(const struct poll *poll, const struct instrument *instrument)
{
    return instrument->trading && !streams_bring_tickers(poll->streams, instrument->symbol);
}

/* A symbol of the chunk that has rested for long enough, or NULL. */
static const char *find_rested(const struct poll *poll, size_t first, size_t count, int64_t now_ms)
{
    for (size_t i = first; i < first + count; i++) {
        const struct instrument *instrument = &poll->market->instruments[i];
        const struct series *series = series_of(poll, instrument->symbol);
        if (series != NULL && series->tickers_rest_ms != 0 && series->tickers_rest_ms <= now_ms &&
            is_polled(poll, instrument))
            return instrument->symbol;
    }
    return NULL;
}

/* The symbols that are asked for out of `count` markets from `first` on: those that do not rest. */
static size_t collect(const struct poll *poll, size_t first, size_t count, const char **symbols)
{
    size_t collected = 0;
    for (size_t i = first; i < first + count; i++) {
        const struct instrument *instrument = &poll->market->instruments[i];
        const struct series *series = series_of(poll, instrument->symbol);
        bool rests = series != NULL && series->tickers_rest_ms != 0;
        if (!rests && is_polled(poll, instrument))
            symbols[collected++] = instrument->symbol;
    }
    return collected;
}

/* Goes on behind what was asked for last, with `next` markets. At the end of the chunk the search is over. */
static void go_on(struct ticker_chunk *chunk, size_t size, uint32_t next)
{
    chunk->first += chunk->count;
    chunk->count = chunk->first < size ? next : 0;
}

/* What the search is at, passing over markets of which nothing is to be asked. */
static size_t collect_searched(struct poll *poll, struct ticker_chunk *chunk, size_t first, size_t size,
                               const char **symbols)
{
    size_t collected = 0;
    while (chunk->count > 0 && collected == 0) {
        size_t left = size - chunk->first;
        collected = collect(poll, first + chunk->first, left < chunk->count ? left : chunk->count, symbols);
        if (collected == 0)
            go_on(chunk, size, chunk->count);
    }
    return collected;
}

size_t poll_tickers_asked(const struct poll *poll, const struct poll_flight *flight, const char *symbols[POLL_CHUNK_MAX])
{
    size_t first;
    size_t count = chunk_size(poll, flight->index, &first);
    count = count <= POLL_CHUNK_MAX ? collect(poll, first, count, symbols) : 0;
    return count == flight->asked ? count : 0;
}

int poll_request_tickers(struct poll *poll, struct poll_flight *flight)
{
    const char *symbols[POLL_CHUNK_MAX];
    size_t first, count = 0, size = chunk_size(poll, flight->index, &first);
    struct ticker_chunk *chunk = &poll->ticker_chunks[flight->index];
    if (chunk->count > 0 && chunk->first >= size)
        chunk->count = 0;
    if (chunk->count > 0)
        count = collect_searched(poll, chunk, first, size, symbols);
    if (count == 0 && (symbols[0] = find_rested(poll, first, size, clock_monotonic_ms())) != NULL)
        count = 1;
    if (count == 0)
        count = collect(poll, first, size, symbols);
    if (count == 0 && (poll->chunk_size > 0 || streams_bring_all_tickers(poll->streams)))
        return error_set(ERROR_MISSING, "none of these markets trades, or all of them come by stream");
    flight->asked = (uint32_t)count;
    if (count == 1)
        memcpy(flight->symbol, symbols[0], sizeof flight->symbol);
    return poll->exchange->tickers_request(poll->base_url, symbols, count, &poll->request);
}

/* ---- what comes of it ---- */

/* A good answer without the ticker of a market that was asked for: after some of them the status says it. */
static void note_lack(struct poll *poll, size_t index)
{
    const struct instrument *instrument = &poll->market->instruments[index];
    struct ticker_note *note = &poll->ticker_notes[index];
    struct series *series = series_of(poll, instrument->symbol);
    bool told = series == NULL || series->tickers_rest_ms != 0 || (series->stuck & 1u << STUCK_TICKERS) != 0;
    if (!told && is_polled(poll, instrument) && ++note->lacks >= STUCK_FRUITLESS)
        stuck_note(&poll->stuck, series, STUCK_TICKERS, "the exchange tells no price");
}

/* An answer to a request for a whole chunk, or for all. */
static void note_lacks(struct poll *poll, const struct poll_flight *flight)
{
    const char *symbols[POLL_CHUNK_MAX];
    size_t first = 0, count = poll->market->instrument_count;
    if (flight->asked > 0 && poll_tickers_asked(poll, flight, symbols) == 0)
        return;
    if (flight->asked > 0)
        count = chunk_size(poll, flight->index, &first);
    for (size_t i = first; i < first + count && i < poll->ticker_note_count; i++)
        if (poll->ticker_notes[i].answer != poll->ticker_answer)
            note_lack(poll, i);
        else
            poll->ticker_notes[i].lacks = 0;
}

void poll_tickers_succeeded(struct poll *poll, const struct poll_flight *flight)
{
    note_lacks(poll, flight);
    size_t first, size = chunk_size(poll, flight->index, &first);
    struct ticker_chunk *chunk = &poll->ticker_chunks[flight->index];
    struct series *series = flight->asked == 1 ? series_of(poll, flight->symbol) : NULL;
    bool rested = series != NULL && series->tickers_rest_ms != 0;
    if (rested) {
        series->tickers_rest_ms = 0;
        stuck_clear(&poll->stuck, series, STUCK_TICKERS);
    } else if (chunk->count > 0) {
        go_on(chunk, size, 2 * chunk->count);
    }
    if (rested || chunk->count > 0)
        poll_plan_again(poll, flight, 0);
    else
        poll_plan(poll, flight);
}

/* The one that was asked for alone is not known. */
static void rest(struct poll *poll, const struct poll_flight *flight)
{
    struct series *series = series_of(poll, flight->symbol);
    if (series == NULL)
        return;
    series->tickers_rest_ms = clock_monotonic_ms() + POLL_REST_MS;
    stuck_note(&poll->stuck, series, STUCK_TICKERS, error_message());
}

void poll_tickers_refused(struct poll *poll, const struct poll_flight *flight, bool by_symbol)
{
    size_t first, size = chunk_size(poll, flight->index, &first);
    struct ticker_chunk *chunk = &poll->ticker_chunks[flight->index];
    if (!by_symbol) {
        poll_plan_again(poll, flight, POLL_REFUSED_MS);
        return;
    }
    if (flight->asked > 1) {
        if (chunk->count == 0)
            *chunk = (struct ticker_chunk){.failures = chunk->failures, .count = (uint32_t)size};
        chunk->count = chunk->count > 1 ? chunk->count / 2 : 1;
    } else {
        rest(poll, flight);
        if (chunk->count > 0)
            go_on(chunk, size, 1);
        /* Where nearly all are refused it is not about them: the rest is left to the next round. */
        if (++chunk->culprits % POLL_CULPRITS == 0)
            chunk->count = 0;
    }
    poll_plan_again(poll, flight, chunk->count > 0 ? POLL_SEARCH_MS : POLL_REFUSED_TICKERS_MS);
}
