/* Endpoints about a symbol's price now: ticker/24hr, ticker/price, ticker/bookTicker, depth. */
/* SPDX-License-Identifier: MIT */
#include "tools/simulator/api.h"

#include "lib/base/decimal.h"
#include "tools/simulator/stream_events.h"

#include <assert.h>

enum { TICKER_SIZE = 1024 }; /* of one row, at most */

/* What tickers tell, in integers; how each is written is in the tables below. */
struct ticker {
    int64_t change, change_percent, average, previous_close, last, last_quantity;
    int64_t bid, bid_quantity, ask, ask_quantity;
    int64_t open, high, low, volume, quote;
    int64_t open_time, close_time, first_trade, last_trade, count;
};

enum ticker_type {
    TICKER_PRICE,   /* ticks */
    TICKER_VOLUME,  /* lots */
    TICKER_WIRE,    /* 10^-8 */
    TICKER_PERCENT, /* thousandths, as "-1.234" */
    TICKER_INTEGER,
};

struct ticker_field {
    const char *key; /* with the comma before and the colon behind it */
    enum ticker_type type;
    size_t offset; /* in struct ticker */
    bool full_only; /* left out of type=MINI */
};

#define FIELD(key, type, member, full_only) {",\"" key "\":", TICKER_##type, offsetof(struct ticker, member), full_only}

static const struct ticker_field fields_24h[] = {
    FIELD("priceChange", PRICE, change, true),
    FIELD("priceChangePercent", PERCENT, change_percent, true),
    FIELD("weightedAvgPrice", WIRE, average, true),
    FIELD("prevClosePrice", PRICE, previous_close, true),
    FIELD("lastPrice", PRICE, last, false),
    FIELD("lastQty", VOLUME, last_quantity, true),
    FIELD("bidPrice", PRICE, bid, true),
    FIELD("bidQty", VOLUME, bid_quantity, true),
    FIELD("askPrice", PRICE, ask, true),
    FIELD("askQty", VOLUME, ask_quantity, true),
    FIELD("openPrice", PRICE, open, false),
    FIELD("highPrice", PRICE, high, false),
    FIELD("lowPrice", PRICE, low, false),
    FIELD("volume", VOLUME, volume, false),
    FIELD("quoteVolume", WIRE, quote, false),
    FIELD("openTime", INTEGER, open_time, false),
    FIELD("closeTime", INTEGER, close_time, false),
    FIELD("firstId", INTEGER, first_trade, false),
    FIELD("lastId", INTEGER, last_trade, false),
    FIELD("count", INTEGER, count, false),
};

static const struct ticker_field fields_price[] = {
    FIELD("price", PRICE, last, false),
};

static const struct ticker_field fields_book[] = {
    FIELD("bidPrice", PRICE, bid, false),
    FIELD("bidQty", VOLUME, bid_quantity, false),
    FIELD("askPrice", PRICE, ask, false),
    FIELD("askQty", VOLUME, ask_quantity, false),
};

/* Those of the streams. */
static const struct ticker_field fields_event[] = {
    FIELD("p", PRICE, change, true),
    FIELD("P", PERCENT, change_percent, true),
    FIELD("w", WIRE, average, true),
    FIELD("x", PRICE, previous_close, true),
    FIELD("c", PRICE, last, false),
    FIELD("Q", VOLUME, last_quantity, true),
    FIELD("b", PRICE, bid, true),
    FIELD("B", VOLUME, bid_quantity, true),
    FIELD("a", PRICE, ask, true),
    FIELD("A", VOLUME, ask_quantity, true),
    FIELD("o", PRICE, open, false),
    FIELD("h", PRICE, high, false),
    FIELD("l", PRICE, low, false),
    FIELD("v", VOLUME, volume, false),
    FIELD("q", WIRE, quote, false),
    FIELD("O", INTEGER, open_time, true),
    FIELD("C", INTEGER, close_time, true),
    FIELD("F", INTEGER, first_trade, true),
    FIELD("L", INTEGER, last_trade, true),
    FIELD("n", INTEGER, count, true),
};

static const struct ticker_field fields_book_event[] = {
    FIELD("b", PRICE, bid, false),
    FIELD("B", VOLUME, bid_quantity, false),
    FIELD("a", PRICE, ask, false),
    FIELD("A", VOLUME, ask_quantity, false),
};

/* A kind of ticker: its fields, and how far a struct ticker must be filled for them. */
struct ticker_kind {
    const struct ticker_field *fields;
    size_t count;
    bool needs_day;
};

static const struct ticker_kind kind_24h = {fields_24h, sizeof fields_24h / sizeof fields_24h[0], true};
static const struct ticker_kind kind_price = {fields_price, sizeof fields_price / sizeof fields_price[0], false};
static const struct ticker_kind kind_book = {fields_book, sizeof fields_book / sizeof fields_book[0], false};
static const struct ticker_kind kind_event = {fields_event, sizeof fields_event / sizeof fields_event[0], true};
static const struct ticker_kind kind_book_event = {fields_book_event,
                                                   sizeof fields_book_event / sizeof fields_book_event[0], false};

/* ---- the numbers ---- */

/* One tick around the last price; both positive, the bid below the ask. */
static void quote_book(struct ticker *ticker, const struct market_candle *newest)
{
    ticker->last = newest->close;
    ticker->last_quantity = newest->volume / MARKET_TRADES_A_CANDLE + 1;
    ticker->bid = ticker->last > 1 ? ticker->last - 1 : 1;
    ticker->ask = ticker->last + 1;
    ticker->bid_quantity = newest->volume / 8 + 1 + newest->close % 7;
    ticker->ask_quantity = newest->volume / 10 + 1 + newest->close % 5;
}

static int64_t average_price(const struct day_summary *day, const struct market_symbol *symbol)
{
    int64_t average = 0;
    __int128 quote = (__int128)day->quote * decimal_power_of_ten(symbol->volume_scale);
    if (day->volume == 0 || decimal_divide(quote, day->volume, ROUND_HALF_EVEN, &average) != 0)
        return 0;
    return average;
}

static void quote_day(struct ticker *ticker, const struct day_summary *day, const struct market_symbol *symbol,
                      int64_t now_ms)
{
    quote_book(ticker, &day->newest);
    ticker->change = ticker->last - day->open;
    ticker->change_percent = (int64_t)((__int128)ticker->change * 100000 / day->open);
    ticker->average = average_price(day, symbol);
    ticker->previous_close = day->previous_close;
    ticker->open = day->open;
    ticker->high = day->high;
    ticker->low = day->low;
    ticker->volume = day->volume;
    ticker->quote = day->quote;
    ticker->open_time = now_ms - STATISTICS_WINDOW_MS;
    ticker->close_time = now_ms;
    ticker->first_trade = day->first_trade;
    ticker->last_trade = day->last_trade;
    ticker->count = day->trades;
}

/* ---- the rows ---- */

static char *put_percent(char *at, int64_t thousandths)
{
    int64_t magnitude = thousandths < 0 ? -thousandths : thousandths;
    *at++ = '"';
    if (thousandths < 0)
        *at++ = '-';
    at = text_put_integer(at, magnitude / 1000);
    *at++ = '.';
    *at++ = (char)('0' + magnitude / 100 % 10);
    *at++ = (char)('0' + magnitude / 10 % 10);
    *at++ = (char)('0' + magnitude % 10);
    *at++ = '"';
    return at;
}

static char *put_field(char *at, const struct ticker_field *field, int64_t value, const struct market_symbol *symbol)
{
    at = text_put(at, field->key);
    switch (field->type) {
    case TICKER_PRICE: return text_put_amount(at, value, symbol->price_scale);
    case TICKER_VOLUME: return text_put_amount(at, value, symbol->volume_scale);
    case TICKER_WIRE: return text_put_amount(at, value, MARKET_SCALE_MAX);
    case TICKER_PERCENT: return put_percent(at, value);
    case TICKER_INTEGER: return text_put_integer(at, value);
    }
    return at;
}

/* Writes the fields of one kind of ticker, each with a comma before it. */
static char *put_fields(char *at, struct simulator *simulator, const struct ticker_kind *kind, bool mini, size_t symbol,
                        int64_t now_ms)
{
    const struct market *market = simulator->market;
    const struct market_symbol *names = &market->symbols[symbol];
    struct ticker ticker;
    if (kind->needs_day) {
        struct day_summary day = day_summarise(&simulator->days[symbol], market, symbol, now_ms);
        quote_day(&ticker, &day, names, now_ms);
    } else {
        struct market_candle newest = market_newest(market, symbol, now_ms);
        quote_book(&ticker, &newest);
    }
    for (size_t i = 0; i < kind->count; i++) {
        const struct ticker_field *field = &kind->fields[i];
        if (!mini || !field->full_only)
            at = put_field(at, field, *(const int64_t *)((const char *)&ticker + field->offset), names);
    }
    return at;
}

static void add_ticker(struct api_call *call, const struct ticker_kind *kind, bool mini, size_t symbol)
{
    char *at = text_put(text_reserve(call->body, TICKER_SIZE), "{\"symbol\":\"");
    at = text_put(at, call->simulator->market->symbols[symbol].name);
    *at++ = '"';
    at = put_fields(at, call->simulator, kind, mini, symbol, call->now_ms);
    *at++ = '}';
    text_commit(call->body, at);
}

/* ---- the events of the streams ---- */

static void write_event(struct simulator *simulator, const char *type, bool mini, size_t symbol, int64_t now_ms,
                        struct text *out)
{
    char *at = text_put(text_put(text_reserve(out, TICKER_SIZE), "{\"e\":\""), type);
    at = text_put_integer(text_put(at, "\",\"E\":"), now_ms);
    at = text_put(text_put(text_put(at, ",\"s\":\""), simulator->market->symbols[symbol].name), "\"");
    at = put_fields(at, simulator, &kind_event, mini, symbol, now_ms);
    text_commit(out, text_put(at, "}"));
}

void event_write_ticker(struct simulator *simulator, size_t symbol, int64_t now_ms, struct text *out)
{
    write_event(simulator, "24hrTicker", false, symbol, now_ms, out);
}

void event_write_mini_ticker(struct simulator *simulator, size_t symbol, int64_t now_ms, struct text *out)
{
    write_event(simulator, "24hrMiniTicker", true, symbol, now_ms, out);
}

void event_write_book_ticker(struct simulator *simulator, size_t symbol, int64_t now_ms, struct text *out)
{
    char *at = text_put_integer(text_put(text_reserve(out, TICKER_SIZE), "{\"u\":"), now_ms);
    at = text_put(text_put(text_put(at, ",\"s\":\""), simulator->market->symbols[symbol].name), "\"");
    at = put_fields(at, simulator, &kind_book_event, false, symbol, now_ms);
    text_commit(out, text_put(at, "}"));
}

/* ---- the answers ---- */

static int answer_tickers(struct api_call *call, const struct ticker_kind *kind, bool mini)
{
    struct selection selection;
    int status = api_read_symbols(call, &selection);
    if (status != 0)
        return status;
    if (selection.single) {
        add_ticker(call, kind, mini, selection.symbols[0]);
        return 200;
    }
    for (size_t i = 0; i < selection.count; i++) {
        text_add_bytes(call->body, i == 0 ? "[" : ",", 1);
        add_ticker(call, kind, mini, selection.symbols[i]);
    }
    text_add(call->body, "]");
    return 200;
}

int answer_tickers_24h(struct api_call *call)
{
    const char *type = http_argument(call->request, "type");
    if (type != NULL && strcmp(type, "FULL") != 0 && strcmp(type, "MINI") != 0)
        return api_fail(call, API_BAD_VALUE, "type", NULL);
    return answer_tickers(call, &kind_24h, type != NULL && strcmp(type, "MINI") == 0);
}

int answer_ticker_prices(struct api_call *call)
{
    return answer_tickers(call, &kind_price, false);
}

int answer_book_tickers(struct api_call *call)
{
    return answer_tickers(call, &kind_book, false);
}

/* ---- depth ---- */

static void add_levels(struct text *out, const struct market_symbol *symbol, int64_t price, int64_t step,
                       int64_t quantity, size_t limit)
{
    for (size_t i = 0; i < limit && price > 0; i++, price += step) {
        text_add(out, i == 0 ? "[" : ",[");
        text_add_amount(out, price, symbol->price_scale);
        text_add(out, ",");
        text_add_amount(out, quantity + (int64_t)(i * 7 % 11), symbol->volume_scale);
        text_add(out, "]");
    }
}

int answer_depth(struct api_call *call)
{
    enum { USUAL = 100, MOST = 5000 };
    size_t symbol = 0, limit = 0;
    int status = api_read_symbol(call, &symbol);
    if (status == 0)
        status = api_read_limit(call, USUAL, MOST, &limit);
    if (status != 0)
        return status;
    const struct market *market = call->simulator->market;
    struct market_candle newest = market_newest(market, symbol, call->now_ms);
    struct ticker ticker;
    quote_book(&ticker, &newest);
    text_add(call->body, "{\"lastUpdateId\":");
    text_add_integer(call->body, call->now_ms);
    text_add(call->body, ",\"bids\":[");
    add_levels(call->body, &market->symbols[symbol], ticker.bid, -1, ticker.bid_quantity, limit);
    text_add(call->body, "],\"asks\":[");
    add_levels(call->body, &market->symbols[symbol], ticker.ask, 1, ticker.ask_quantity, limit);
    text_add(call->body, "]}");
    return 200;
}
