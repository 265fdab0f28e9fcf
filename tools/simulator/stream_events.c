/* Klines and the end of a connection; tickers are in tickers.c, beside those of REST. */
/* SPDX-License-Identifier: MIT */
#include "tools/simulator/stream_events.h"

#include "lib/base/interval.h"
#include "tools/simulator/kline_rows.h"

enum { EVENT_SIZE = 640 /* of one kline, at most */ };

static char *put_number(char *at, const char *key, int64_t value)
{
    return text_put_integer(text_put(at, key), value);
}

static char *put_price(char *at, const char *key, int64_t value, uint8_t scale)
{
    return text_put_amount(text_put(at, key), value, scale);
}

bool event_write_kline(struct simulator *simulator, size_t symbol, uint32_t interval_s, int64_t open_ms, int64_t now_ms,
                       struct text *out)
{
    const struct market *market = simulator->market;
    const struct market_symbol *names = &market->symbols[symbol];
    const struct kline_query query = {symbol, interval_s, open_ms, open_ms, 1};
    int64_t end_ms = open_ms + (int64_t)interval_s * 1000;
    struct kline *kline = simulator->klines;
    if (symbol_state(market, symbol, now_ms) == SYMBOL_ABSENT || klines_read(market, &query, now_ms, kline) == 0)
        return false;
    const struct market_candle *candle = &kline->candle;
    int64_t first_trade = (int64_t)market->kind->locate(market, symbol, open_ms) * MARKET_TRADES_A_CANDLE;
    char *at = text_put(text_reserve(out, EVENT_SIZE), "{\"e\":\"kline\"");
    at = put_number(at, ",\"E\":", now_ms);
    at = text_put(text_put(text_put(at, ",\"s\":\""), names->name), "\",\"k\":{");
    at = put_number(at, "\"t\":", open_ms);
    at = put_number(at, ",\"T\":", end_ms - 1);
    at = text_put(text_put(at, ",\"s\":\""), names->name);
    at = text_put(text_put(at, "\",\"i\":\""), interval_name(interval_s));
    at = put_number(at, "\",\"f\":", kline->trades > 0 ? first_trade : -1);
    at = put_number(at, ",\"L\":", kline->trades > 0 ? first_trade + kline->trades - 1 : -1);
    at = put_price(at, ",\"o\":", candle->open, names->price_scale);
    at = put_price(at, ",\"c\":", candle->close, names->price_scale);
    at = put_price(at, ",\"h\":", candle->high, names->price_scale);
    at = put_price(at, ",\"l\":", candle->low, names->price_scale);
    at = put_price(at, ",\"v\":", candle->volume, names->volume_scale);
    at = put_number(at, ",\"n\":", kline->trades);
    at = text_put(at, now_ms >= end_ms ? ",\"x\":true" : ",\"x\":false");
    at = put_price(at, ",\"q\":", kline->quote, MARKET_SCALE_MAX);
    at = put_price(at, ",\"V\":", kline_taker_share(candle->volume, candle), names->volume_scale);
    at = put_price(at, ",\"Q\":", kline_taker_share(kline->quote, candle), MARKET_SCALE_MAX);
    text_commit(out, text_put(at, ",\"B\":\"0\"}}"));
    return true;
}

void event_write_goodbye(int64_t now_ms, struct text *out)
{
    text_add(out, "{\"e\":\"serverShutdown\",\"E\":");
    text_add_integer(out, now_ms);
    text_add(out, "}");
}
