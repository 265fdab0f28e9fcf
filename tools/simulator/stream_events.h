/* The events of the streams, as the exchange writes them. Each appends one JSON object. */
/* SPDX-License-Identifier: MIT */
#ifndef WICK_SIMULATOR_STREAM_EVENTS_H
#define WICK_SIMULATOR_STREAM_EVENTS_H

#include "tools/simulator/simulator.h"

/* The candle of an interval that opens at `open_ms`, as it is told at `now_ms`. False: there is none, and nothing was
 * written. */
bool event_write_kline(struct simulator *simulator, size_t symbol, uint32_t interval_s, int64_t open_ms, int64_t now_ms,
                       struct text *out);

/* 24hrTicker, 24hrMiniTicker, and the best bid and ask, which have neither type nor time. */
void event_write_ticker(struct simulator *simulator, size_t symbol, int64_t now_ms, struct text *out);
void event_write_mini_ticker(struct simulator *simulator, size_t symbol, int64_t now_ms, struct text *out);
void event_write_book_ticker(struct simulator *simulator, size_t symbol, int64_t now_ms, struct text *out);

/* serverShutdown. */
void event_write_goodbye(int64_t now_ms, struct text *out);

#endif
