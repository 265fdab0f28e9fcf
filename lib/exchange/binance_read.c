/* Binance spot: the bodies of its answers.
 *
 * Members are looked up by name, in whatever order they come. One that is missing or comes twice is an error. */
/* SPDX-License-Identifier: MIT */
#include "lib/exchange/binance_read.h"
#include "lib/exchange/json.h"
#include "lib/exchange/read.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* {"code":..,"msg":..} */

static const char *const error_names[] = {"code", "msg"};

struct error_reader {
    struct members members;
    int64_t code;
    char *text;
    size_t capacity;
};

static int read_error_member(void *user, const char *key, size_t key_length, struct json_value value)
{
    struct error_reader *reader = user;
    int index;
    int code = members_index(&reader->members, key, key_length, &index);
    if (code != 0 || index < 0)
        return code;
    if (index == 0)
        return json_integer(value, &reader->code);
    const char *text;
    size_t length;
    code = json_text(value, &text, &length);
    if (code == 0)
        (void)snprintf(reader->text, reader->capacity, "%.*s", (int)(length < 1000 ? length : 1000), text);
    return code;
}

static int read_error_root(void *user, struct json_value root)
{
    struct error_reader *reader = user;
    int code = json_each_member(root, read_error_member, reader);
    return code != 0 ? code : members_check(&reader->members, 3);
}

int binance_read_error(const struct exchange_answer *answer, int *code, char *text, size_t capacity)
{
    struct error_reader reader = {.members = {error_names, 2, 0}, .text = text, .capacity = capacity};
    int result = read_whole(answer, read_error_root, &reader);
    if (result != 0)
        return result;
    if (reader.code < -99999 || reader.code > 99999)
        return error_set(ERROR_PROTOCOL, "error code %" PRId64, reader.code);
    *code = (int)reader.code;
    return 0;
}

/* time */

static const char *const time_names[] = {"serverTime"};

struct time_reader {
    struct members members;
    int64_t time_ms;
};

static int read_time_member(void *user, const char *key, size_t key_length, struct json_value value)
{
    struct time_reader *reader = user;
    int index;
    int code = members_index(&reader->members, key, key_length, &index);
    return code != 0 || index < 0 ? code : json_integer(value, &reader->time_ms);
}

static int read_time_root(void *user, struct json_value root)
{
    struct time_reader *reader = user;
    int code = json_each_member(root, read_time_member, reader);
    return code != 0 ? code : members_check(&reader->members, 1);
}

int binance_read_time(const struct exchange_answer *answer, int64_t *exchange_ms)
{
    struct time_reader reader = {.members = {time_names, 1, 0}};
    int code = read_whole(answer, read_time_root, &reader);
    if (code == 0 && reader.time_ms <= 0)
        code = error_set(ERROR_PROTOCOL, "time %" PRId64, reader.time_ms);
    if (code != 0)
        return error_context(code, "server time");
    *exchange_ms = reader.time_ms;
    return 0;
}

/* exchangeInfo */

enum { FILTER_TYPE, FILTER_TICK_SIZE, FILTER_STEP_SIZE, FILTER_MIN_QTY, FILTER_MAX_QTY, FILTER_MIN_NOTIONAL, FILTERS };
static const char *const filter_names[FILTERS] = {"filterType", "tickSize", "stepSize", "minQty", "maxQty",
                                                  "minNotional"};

struct filter_reader {
    struct members members;
    char type[32];
    struct decimal values[FILTERS];
};

enum { SYMBOL_NAME, SYMBOL_STATUS, SYMBOL_BASE, SYMBOL_QUOTE, SYMBOL_FILTERS, SYMBOL_SPOT, SYMBOLS };
static const char *const symbol_names[SYMBOLS] = {"symbol",     "status",  "baseAsset",
                                                  "quoteAsset", "filters", "isSpotTradingAllowed"};
enum { SYMBOL_REQUIRED = 1u << SYMBOL_NAME | 1u << SYMBOL_STATUS | 1u << SYMBOL_BASE | 1u << SYMBOL_QUOTE |
                         1u << SYMBOL_FILTERS };

struct symbol_reader {
    struct members members;
    bool unnameable; /* its name cannot stand in a message */
    bool spot;
    char status[32];
    struct limits limits;
    struct instrument instrument;
};

struct instruments_reader {
    exchange_instrument_fn fn;
    struct passing passing;
    bool found;
};

static int copy_symbol(struct symbol_reader *reader, struct json_value value, char *out)
{
    const char *text;
    size_t length;
    int code = json_text(value, &text, &length);
    if (code != 0)
        return code;
    if (text_copy(out, SYMBOL_SIZE, text, length) != 0 || !symbol_valid(out))
        reader->unnameable = true;
    return 0;
}

static int read_filter_member(void *user, const char *key, size_t key_length, struct json_value value)
{
    struct filter_reader *reader = user;
    int index;
    int code = members_index(&reader->members, key, key_length, &index);
    if (code != 0 || index < 0)
        return code;
    if (index == FILTER_TYPE)
        return read_short_text(value, reader->type, sizeof reader->type);
    return index == FILTER_MAX_QTY ? read_maximum(value, &reader->values[index])
                                   : read_not_negative(value, &reader->values[index]);
}

static int read_filter(void *user, size_t index, struct json_value value)
{
    (void)index;
    struct symbol_reader *symbol = user;
    struct filter_reader reader = {.members = {filter_names, FILTERS, 0}};
    int code = json_each_member(value, read_filter_member, &reader);
    if (code == 0)
        code = members_check(&reader.members, 1u << FILTER_TYPE);
    if (code != 0)
        return error_context(code, "filter");
    if (strcmp(reader.type, "PRICE_FILTER") == 0) {
        symbol->limits.tick = reader.values[FILTER_TICK_SIZE];
    } else if (strcmp(reader.type, "LOT_SIZE") == 0) {
        symbol->limits.step = reader.values[FILTER_STEP_SIZE];
        symbol->limits.minimum = reader.values[FILTER_MIN_QTY];
        symbol->limits.maximum = reader.values[FILTER_MAX_QTY];
    } else if (strcmp(reader.type, "MIN_NOTIONAL") == 0 || strcmp(reader.type, "NOTIONAL") == 0) {
        symbol->limits.notional = reader.values[FILTER_MIN_NOTIONAL];
    }
    return 0;
}

static int read_symbol_member(void *user, const char *key, size_t key_length, struct json_value value)
{
    struct symbol_reader *reader = user;
    int index;
    int code = members_index(&reader->members, key, key_length, &index);
    if (code != 0)
        return code;
    switch (index) {
    case SYMBOL_NAME: return copy_symbol(reader, value, reader->instrument.symbol);
    case SYMBOL_STATUS: return read_short_text(value, reader->status, sizeof reader->status);
    case SYMBOL_BASE: return copy_symbol(reader, value, reader->instrument.base_asset);
    case SYMBOL_QUOTE: return copy_symbol(reader, value, reader->instrument.quote_asset);
    case SYMBOL_FILTERS: return json_each_element(value, read_filter, reader);
    case SYMBOL_SPOT: return json_boolean(value, &reader->spot);
    default: return 0;
    }
}

static int read_symbol(void *user, size_t index, struct json_value value)
{
    struct instruments_reader *instruments = user;
    struct symbol_reader reader = {.members = {symbol_names, SYMBOLS, 0}, .spot = true};
    int code = json_each_member(value, read_symbol_member, &reader);
    if (code == 0)
        code = members_check(&reader.members, SYMBOL_REQUIRED);
    reader.instrument.trading = reader.spot && strcmp(reader.status, "TRADING") == 0;
    if (code == 0)
        code = make_limits(&reader.limits, &reader.instrument);
    if (code != 0)
        return pass_over(&instruments->passing, code, index, reader.instrument.symbol, -1);
    instruments->passing.good++;
    return reader.unnameable ? 0 : instruments->fn(instruments->passing.user, &reader.instrument);
}

static int read_info_member(void *user, const char *key, size_t key_length, struct json_value value)
{
    struct instruments_reader *reader = user;
    if (!key_is(key, key_length, "symbols"))
        return 0;
    if (reader->found)
        return error_set(ERROR_PROTOCOL, "member 'symbols' twice");
    reader->found = true;
    return json_each_element(value, read_symbol, reader);
}

static int read_info_root(void *user, struct json_value root)
{
    struct instruments_reader *reader = user;
    int code = json_each_member(root, read_info_member, reader);
    return code != 0 || reader->found ? code : error_set(ERROR_PROTOCOL, "no member 'symbols'");
}

int binance_read_instruments(const struct exchange_answer *answer, exchange_instrument_fn fn, exchange_refused_fn refused,
                             void *user, char next[EXCHANGE_CURSOR_SIZE])
{
    struct instruments_reader reader = {.fn = fn, .passing = {.refused = refused, .user = user}};
    next[0] = '\0';
    int code = read_whole(answer, read_info_root, &reader);
    if (code == 0)
        code = passing_check(&reader.passing);
    return code != 0 ? error_context(code, "exchange information") : 0;
}

/* ticker/24hr */

enum { TICKER_SYMBOL, TICKER_BID, TICKER_ASK, TICKER_LAST, TICKER_QUOTE_VOLUME, TICKERS };
static const char *const ticker_names[TICKERS] = {"symbol", "bidPrice", "askPrice", "lastPrice", "quoteVolume"};

struct ticker_reader {
    struct members members;
    char symbol[64];
    struct decimal prices[TICKERS];
    double quote_volume;
};

struct tickers_reader {
    exchange_ticker_fn fn;
    struct passing passing;
    bool alone; /* the body is the row: if that is bad, so is the answer */
};

static int read_ticker_member(void *user, const char *key, size_t key_length, struct json_value value)
{
    struct ticker_reader *reader = user;
    int index;
    int code = members_index(&reader->members, key, key_length, &index);
    if (code != 0 || index < 0)
        return code;
    if (index == TICKER_SYMBOL)
        return read_short_text(value, reader->symbol, sizeof reader->symbol);
    return index == TICKER_QUOTE_VOLUME ? read_roughly(value, &reader->quote_volume)
                                        : read_not_negative(value, &reader->prices[index]);
}

static int read_ticker(void *user, size_t index, struct json_value value)
{
    struct tickers_reader *tickers = user;
    struct ticker_reader reader = {.members = {ticker_names, TICKERS, 0}, .quote_volume = -1};
    struct exchange_ticker row = {0};
    struct ticker *ticker = &row.ticker;
    int code = json_each_member(value, read_ticker_member, &reader);
    if (code == 0)
        code = members_check(&reader.members, (1u << TICKER_QUOTE_VOLUME) - 1);
    int64_t *const prices[] = {&ticker->bid, &ticker->ask, &ticker->last};
    if (code == 0)
        code = align_decimals(&reader.prices[TICKER_BID], 3, prices, &ticker->price_scale);
    if (code != 0)
        return tickers->alone ? error_context(code, "%s", reader.symbol)
                              : pass_over(&tickers->passing, code, index, reader.symbol, -1);
    if (text_copy(ticker->symbol, SYMBOL_SIZE, reader.symbol, strlen(reader.symbol)) != 0 ||
        !symbol_valid(ticker->symbol))
        return 0;
    row.quote_volume = reader.quote_volume;
    return tickers->fn(tickers->passing.user, &row);
}

static int read_tickers_root(void *user, struct json_value root)
{
    struct tickers_reader *reader = user;
    reader->alone = json_is_object(root);
    return json_each_or_one(root, read_ticker, user);
}

int binance_read_tickers(const struct exchange_answer *answer, exchange_ticker_fn fn, exchange_refused_fn refused,
                         void *user)
{
    struct tickers_reader reader = {.fn = fn, .passing = {.refused = refused, .user = user}};
    int code = read_whole(answer, read_tickers_root, &reader);
    return code != 0 ? error_context(code, "tickers") : 0;
}

/* klines */

enum { KLINE_OPEN_TIME, KLINE_OPEN, KLINE_HIGH, KLINE_LOW, KLINE_CLOSE, KLINE_VOLUME, KLINE_CLOSE_TIME, KLINES };

struct candles_reader {
    uint32_t interval_s;
    struct candle_rows rows;
};

/* `columns` are those of one row. */
static int check_kline(const struct candles_reader *candles, const struct decimal columns[KLINES])
{
    int64_t open_ms = columns[KLINE_OPEN_TIME].mantissa, close_ms = columns[KLINE_CLOSE_TIME].mantissa;
    for (int i = 0; i < KLINES; i++)
        if (columns[i].mantissa < 0)
            return refuse_negative(columns[i]);
    if (columns[KLINE_OPEN_TIME].scale != 0 || columns[KLINE_CLOSE_TIME].scale != 0)
        return error_set(ERROR_PROTOCOL, "a time that is no integer");
    /* in February 2018 and other troubled months candles were cut short, or began off the grid */
    if (close_ms - open_ms != (int64_t)candles->interval_s * 1000 - 1)
        return error_set(ERROR_PROTOCOL, "a candle from %" PRId64 " to %" PRId64, open_ms, close_ms);
    return 0;
}

static int read_kline(void *user, size_t index, struct json_value value)
{
    struct candles_reader *candles = user;
    struct decimal columns[KLINES] = {{.mantissa = -1}};
    struct candle candle = {0};
    int code = json_decimals(value, columns, KLINES);
    if (code == 0)
        code = check_kline(candles, columns);
    candle.open_time_ms = columns[KLINE_OPEN_TIME].scale == 0 ? columns[KLINE_OPEN_TIME].mantissa : -1;
    if (code == 0)
        code = make_candle(candle.open_time_ms, &columns[KLINE_OPEN], &candle);
    return candle_rows_add(&candles->rows, code, index, &candle);
}

static int read_candles_root(void *user, struct json_value root)
{
    return json_each_element(root, read_kline, user);
}

int binance_read_candles(const struct exchange_answer *answer, uint32_t interval_s, exchange_candle_fn fn,
                         exchange_refused_fn refused, void *user)
{
    struct candles_reader reader;
    reader.interval_s = interval_s;
    candle_rows_init(&reader.rows, refused, user);
    int code = read_whole(answer, read_candles_root, &reader);
    return code != 0 ? error_context(code, "candles") : candle_rows_hand_out(&reader.rows, fn);
}
