/* The moments of the plan, and each edge between two candles. */
/* SPDX-License-Identifier: MIT */
#include "tools/simulator/chronicle.h"

#include "lib/base/interval.h"

static void write_symbols(struct journal *journal, const struct market *market, const char *event, int64_t time_ms,
                          size_t first, size_t count)
{
    struct text *line = journal_begin(journal, time_ms, event);
    if (line == NULL)
        return;
    text_add(line, ",\"symbols\":[");
    for (size_t i = 0; i < count; i++) {
        text_add(line, i == 0 ? "" : ",");
        text_add_json(line, market->symbols[first + i].name);
    }
    text_add(line, "]");
    journal_end(journal);
}

static void write_moments(struct journal *journal, const struct market *market, int64_t after_ms, int64_t now_ms)
{
    const struct market_changes *changes = &market->changes;
    size_t listed = market->symbol_count - changes->listed, delisted = listed - changes->delisted;
    size_t halted = delisted - changes->halted;
    const struct {
        const char *event;
        int64_t time_ms;
        size_t first, count;
    } rows[] = {{"list", changes->list_ms, listed, changes->listed},
                {"delist", changes->delist_ms, delisted, changes->delisted},
                {"halt", changes->halt_ms, halted, changes->halted},
                {"resume", changes->halt_end_ms, halted, changes->halted}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (rows[i].count > 0 && rows[i].time_ms > after_ms && rows[i].time_ms <= now_ms)
            write_symbols(journal, market, rows[i].event, rows[i].time_ms, rows[i].first, rows[i].count);
}

static void write_candle(struct text *line, const struct market_symbol *symbol, const char *key,
                         const struct market_candle *candle)
{
    text_add(line, key);
    text_add(line, "{\"close\":");
    text_add_amount(line, candle->close, symbol->price_scale);
    text_add(line, ",\"volume\":");
    text_add_amount(line, candle->volume, symbol->volume_scale);
    text_add(line, "}");
}

static void write_revision(struct journal *journal, const struct market *market, size_t symbol, int64_t edge_ms)
{
    int64_t open_ms = edge_ms - (int64_t)market->interval_s * 1000, until_ms;
    size_t index = market->kind->locate(market, symbol, open_ms);
    struct market_candle candle, first;
    if (market->kind->locate(market, symbol, open_ms + 1) == index) /* there is none */
        return;
    market_closed(market, symbol, index, 1, &candle);
    if (symbol_state(market, symbol, edge_ms) == SYMBOL_ABSENT ||
        !candle_told_first(market, symbol, &candle, &first, &until_ms))
        return;
    struct text *line = journal_begin(journal, edge_ms, "revise");
    text_add(line, ",\"symbol\":");
    text_add_json(line, market->symbols[symbol].name);
    text_add(line, ",\"open_time\":");
    text_add_integer(line, open_ms);
    text_add(line, ",\"at\":");
    text_add_integer(line, until_ms);
    write_candle(line, &market->symbols[symbol], ",\"from\":", &first);
    write_candle(line, &market->symbols[symbol], ",\"to\":", &candle);
    journal_end(journal);
}

void chronicle_write(struct journal *journal, const struct market *market, int64_t *written_ms, int64_t now_ms)
{
    int64_t length_ms = (int64_t)market->interval_s * 1000;
    if (journal->fd < 0 || now_ms <= *written_ms)
        return;
    write_moments(journal, market, *written_ms, now_ms);
    int64_t edge_ms = interval_open_time(market->interval_s, *written_ms) + length_ms;
    for (; market->changes.revise_ppm > 0 && edge_ms <= now_ms; edge_ms += length_ms)
        for (size_t symbol = 0; symbol < market->symbol_count; symbol++)
            write_revision(journal, market, symbol, edge_ms);
    *written_ms = now_ms;
}
