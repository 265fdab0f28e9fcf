/* Endpoints about what was: klines, aggTrades. */
/* SPDX-License-Identifier: MIT */
#include "tools/simulator/api.h"

#include "lib/base/interval.h"

/* ---- klines ---- */

static int read_interval(struct api_call *call, uint32_t *interval_s)
{
    const char *name = http_argument(call->request, "interval");
    if (name == NULL)
        return api_fail(call, API_PARAMETER_MISSING, "interval", NULL);
    if (*name == '\0')
        return api_fail(call, API_PARAMETER_EMPTY, "interval", NULL);
    if (interval_from_name(name, interval_s) != 0 || !klines_serve(call->simulator->market, *interval_s))
        return api_fail(call, API_BAD_INTERVAL, NULL, NULL);
    return 0;
}

static int read_range(struct api_call *call, int64_t *first_ms, int64_t *last_ms)
{
    int status = api_read_integer(call, "startTime", first_ms);
    return status != 0 ? status : api_read_integer(call, "endTime", last_ms);
}

/* The market's own interval: closed candles from the rows that are kept, then those that may be revised yet, then the
 * forming one. */
static void write_candles(struct api_call *call, const struct kline_query *query)
{
    struct simulator *simulator = call->simulator;
    const struct market *market = simulator->market;
    const struct market_symbol *symbol = &market->symbols[query->symbol];
    int64_t unsettled_ms = market->changes.revise_ppm > 0 ? CHANGES_REVISED_MAX_MS : 0;
    size_t first = 0;
    size_t end = klines_find(market, query, call->now_ms, &first);
    size_t settled = market->kind->locate(market, query->symbol,
                                          call->now_ms + 1 - (int64_t)market->interval_s * 1000 - unsettled_ms);
    settled = settled < end ? settled : end;
    settled = settled > first ? settled : first;
    kline_rows_write(&simulator->rows[query->symbol], market, query->symbol, first, settled, call->body);
    for (size_t index = settled; index < end; index++) {
        struct kline kline;
        market_read(market, query->symbol, index, 1, call->now_ms, &kline.candle);
        kline.quote = candle_quote(&kline.candle, symbol);
        kline.trades = candle_trades(&kline.candle);
        kline_write(call->body, &kline, symbol, query->interval_s);
    }
}

static void write_folded(struct api_call *call, const struct kline_query *query)
{
    struct simulator *simulator = call->simulator;
    const struct market_symbol *symbol = &simulator->market->symbols[query->symbol];
    size_t count = klines_read(simulator->market, query, call->now_ms, simulator->klines);
    for (size_t i = 0; i < count; i++)
        kline_write(call->body, &simulator->klines[i], symbol, query->interval_s);
}

int answer_klines(struct api_call *call)
{
    struct simulator *simulator = call->simulator;
    struct kline_query query = {.first_ms = -1, .last_ms = INT64_MAX};
    int status = api_read_symbol(call, &query.symbol);
    if (status == 0)
        status = read_interval(call, &query.interval_s);
    if (status == 0)
        status = read_range(call, &query.first_ms, &query.last_ms);
    if (status == 0)
        status = api_read_limit(call, KLINES_DEFAULT, KLINES_MAX, &query.limit);
    if (status != 0)
        return status;
    text_add(call->body, "[");
    if (query.interval_s == simulator->market->interval_s)
        write_candles(call, &query);
    else
        write_folded(call, &query);
    call->body->length -= call->body->bytes[call->body->length - 1] == ','; /* behind the last row */
    text_add(call->body, "]");
    return 200;
}

/* ---- aggTrades ---- */

enum { TRADES_DEFAULT = 500, TRADES_MAX = 1000 };

/* One trade a price of a candle: at its open, at each extreme, at its close. */
struct trade {
    int64_t id, time_ms, price, quantity;
    bool buyer_is_maker;
};

/* The trades of one whole candle that happened by `now_ms`; returns how many. */
static size_t read_trades(const struct market *market, size_t symbol, size_t index, int64_t now_ms,
                          struct trade out[MARKET_TRADES_A_CANDLE])
{
    struct market_candle candle;
    market_closed(market, symbol, index, 1, &candle);
    bool rises = candle.close >= candle.open;
    const int64_t prices[] = {candle.open, rises ? candle.low : candle.high, rises ? candle.high : candle.low,
                              candle.close};
    int64_t length_ms = (int64_t)market->interval_s * 1000, trades = candle_trades(&candle);
    size_t count = 0;
    for (int64_t i = 0; i < trades; i++) {
        int64_t time_ms = candle.open_time_ms + (i < 3 ? i * (length_ms / 3) : length_ms - 1);
        if (time_ms > now_ms)
            break;
        out[count++] = (struct trade){
            .id = (int64_t)index * MARKET_TRADES_A_CANDLE + i,
            .time_ms = time_ms,
            .price = prices[i],
            .quantity = candle.volume / trades + (i == 0 ? candle.volume % trades : 0),
            .buyer_is_maker = i > 0 && prices[i] < prices[i - 1],
        };
    }
    return count;
}

static void add_trade(struct text *out, const struct trade *trade, const struct market_symbol *symbol)
{
    text_add(out, "{\"a\":");
    text_add_integer(out, trade->id);
    text_add(out, ",\"p\":");
    text_add_amount(out, trade->price, symbol->price_scale);
    text_add(out, ",\"q\":");
    text_add_amount(out, trade->quantity, symbol->volume_scale);
    text_add(out, ",\"f\":");
    text_add_integer(out, trade->id);
    text_add(out, ",\"l\":");
    text_add_integer(out, trade->id);
    text_add(out, ",\"T\":");
    text_add_integer(out, trade->time_ms);
    text_add(out, trade->buyer_is_maker ? ",\"m\":true,\"M\":true}" : ",\"m\":false,\"M\":true}");
}

/* The candle with which the newest `limit` trades before index `end` begin; *surplus of its trades are older. */
static size_t first_trades(const struct market *market, size_t symbol, size_t end, int64_t now_ms, size_t limit,
                           size_t *surplus)
{
    struct trade trades[MARKET_TRADES_A_CANDLE];
    size_t count = 0;
    while (end > 0 && count < limit)
        count += read_trades(market, symbol, --end, now_ms, trades);
    *surplus = count > limit ? count - limit : 0;
    return end;
}

/* What a request for trades asks for, within what has happened. */
struct trade_query {
    size_t symbol, limit;
    int64_t first_ms; /* -1: the newest */
    int64_t last_ms;
};

static int read_trade_query(struct api_call *call, struct trade_query *query)
{
    *query = (struct trade_query){.first_ms = -1, .last_ms = API_INTEGER_MAX};
    int status = api_read_symbol(call, &query->symbol);
    if (status == 0)
        status = read_range(call, &query->first_ms, &query->last_ms);
    if (status == 0)
        status = api_read_limit(call, TRADES_DEFAULT, TRADES_MAX, &query->limit);
    query->last_ms = query->last_ms < call->now_ms ? query->last_ms : call->now_ms;
    return status;
}

int answer_trades(struct api_call *call)
{
    const struct market *market = call->simulator->market;
    struct trade_query query;
    int status = read_trade_query(call, &query);
    if (status != 0)
        return status;
    size_t end = market_visible(market, query.symbol, query.last_ms), surplus = 0, count = 0;
    int64_t oldest_ms = query.first_ms - (int64_t)market->interval_s * 1000; /* a candle that reaches into the range */
    size_t index = query.first_ms >= 0 ? market->kind->locate(market, query.symbol, oldest_ms)
                                       : first_trades(market, query.symbol, end, query.last_ms, query.limit, &surplus);
    text_add(call->body, "[");
    for (; index < end && count < query.limit; index++, surplus = 0) {
        struct trade trades[MARKET_TRADES_A_CANDLE];
        size_t found = read_trades(market, query.symbol, index, query.last_ms, trades);
        for (size_t i = surplus; i < found && count < query.limit; i++) {
            if (trades[i].time_ms < query.first_ms)
                continue;
            text_add(call->body, count++ == 0 ? "" : ",");
            add_trade(call->body, &trades[i], &market->symbols[query.symbol]);
        }
    }
    text_add(call->body, "]");
    return 200;
}
