/* What the store knows. */
/* SPDX-License-Identifier: MIT */
#include "fetcher/hydrate.h"

#include "lib/base/log.h"
#include "lib/series/candle.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

void hydrate_init(struct hydrate *hydrate, struct service_context *context, struct market *market)
{
    *hydrate = (struct hydrate){.context = context, .market = market};
}

static void ask(struct hydrate *hydrate, int64_t now_ms)
{
    struct query query = {.id = ++hydrate->id, .kind = hydrate->kind, .symbol = "-", .limit = hydrate->limit};
    (void)snprintf(query.exchange, sizeof query.exchange, "%s", hydrate->market->exchange);
    int code = service_send(hydrate->context, LINK_HISTORY, NULL, RECORD_query, &query);
    hydrate->deadline_ms = now_ms + (code == 0 ? HYDRATE_SILENCE_MS : HYDRATE_PAUSE_MS);
}

void hydrate_begin(struct hydrate *hydrate, enum query_kind kind, uint32_t limit, int64_t now_ms)
{
    hydrate->state = HYDRATE_ASKING;
    hydrate->kind = kind;
    hydrate->limit = limit;
    ask(hydrate, now_ms);
}

bool hydrate_is_done(const struct hydrate *hydrate)
{
    return hydrate->state == HYDRATE_DONE;
}

/* Stored candles are history without holes but for what the exchange lacks: they come into the ring as they are. A
 * part that comes again brings nothing new. */
static void take_candles(struct hydrate *hydrate, struct answer *answer)
{
    struct series *series = market_find(hydrate->market, answer->symbol, answer->interval_s);
    struct candle candle;
    while (list_next(&answer->candles, RECORD_candle, &candle)) {
        if (series == NULL || candle_check(&candle, series->interval_s) != 0 ||
            ring_append_after_gap(&series->ring, &candle) != 0)
            continue;
        series->stored_through_ms = candle.open_time_ms;
        hydrate->candles++;
    }
}

static void take_starts(struct hydrate *hydrate, struct answer *answer)
{
    struct series_start start;
    while (list_next(&answer->series, RECORD_series_start, &start)) {
        struct series *series = market_find(hydrate->market, start.symbol, start.interval_s);
        if (series != NULL)
            series->fire_from_ms = start.fire_from_ms;
    }
}

int hydrate_on_answer(struct hydrate *hydrate, const uint8_t *bytes, size_t size, int64_t now_ms)
{
    struct answer answer;
    int code = message_decode(RECORD_answer, bytes, size, &answer);
    if (code != 0)
        return code;
    if (hydrate->state != HYDRATE_ASKING || answer.id != hydrate->id)
        return 0;
    if (answer.error[0] != '\0') {
        log_warn("query_failed", log_text("kind", query_kind_name(hydrate->kind)), log_text("error", answer.error));
        hydrate->id++;
        hydrate->deadline_ms = now_ms + HYDRATE_PAUSE_MS;
        return 0;
    }
    hydrate->deadline_ms = now_ms + HYDRATE_SILENCE_MS;
    if (hydrate->kind == QUERY_KIND_RECENT_CANDLES)
        take_candles(hydrate, &answer);
    else
        take_starts(hydrate, &answer);
    if (answer.last)
        hydrate->state = HYDRATE_DONE;
    return 0;
}

void hydrate_on_tick(struct hydrate *hydrate, int64_t now_ms)
{
    if (hydrate->state != HYDRATE_ASKING || now_ms < hydrate->deadline_ms)
        return;
    log_info("query_again", log_text("kind", query_kind_name(hydrate->kind)));
    ask(hydrate, now_ms);
}
