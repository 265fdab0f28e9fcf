/* Coinbase Advanced Trade: the bodies of its answers. Numbers are strings, and empty where there is none. */
/* SPDX-License-Identifier: MIT */
#include "lib/exchange/coinbase.h"
#include "lib/exchange/json.h"
#include "lib/exchange/read.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* errors */

static const char *const error_names[] = {"error", "message"};

struct error_reader {
    struct members members;
    char *name, *message;
};

static int read_error_member(void *user, const char *key, size_t key_length, struct json_value value)
{
    struct error_reader *reader = user;
    int index;
    int code = members_index(&reader->members, key, key_length, &index);
    if (code != 0 || index < 0)
        return code;
    return index == 0 ? read_short_text(value, reader->name, 64) : read_short_text(value, reader->message, 128);
}

static int read_error_root(void *user, struct json_value root)
{
    return json_each_member(root, read_error_member, user);
}

int coinbase_read_error(const struct exchange_answer *answer, char name[64], char message[128])
{
    struct error_reader reader = {.members = {error_names, 2, 0}, .name = name, .message = message};
    return read_whole(answer, read_error_root, &reader);
}

/* time */

static const char *const time_names[] = {"epochMillis"};

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

int coinbase_read_time(const struct exchange_answer *answer, int64_t *exchange_ms)
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

/* {"<name>":[..],"pagination":{"next_cursor":"..","has_next":false}}: the rows of the one list of an answer. */

enum { LIST_ROWS, LIST_PAGINATION, LISTS };

struct list_reader {
    struct members members;
    const char *names[LISTS];
    int (*fn)(void *user, size_t index, struct json_value row);
    void *user;
    bool more;                        /* pages follow; */
    char cursor[EXCHANGE_CURSOR_SIZE]; /* the next begins here */
};

static int read_page_member(void *user, const char *key, size_t key_length, struct json_value value)
{
    struct list_reader *reader = user;
    if (key_is(key, key_length, "has_next"))
        return json_boolean(value, &reader->more);
    return key_is(key, key_length, "next_cursor") ? read_cursor(value, reader->cursor) : 0;
}

static int read_list_member(void *user, const char *key, size_t key_length, struct json_value value)
{
    struct list_reader *reader = user;
    int index;
    int code = members_index(&reader->members, key, key_length, &index);
    if (code != 0 || index < 0)
        return code;
    if (index == LIST_ROWS)
        return json_each_element(value, reader->fn, reader->user);
    return json_is_null(value) ? 0 : json_each_member(value, read_page_member, reader);
}

static int read_list_root(void *user, struct json_value root)
{
    struct list_reader *reader = user;
    int code = json_each_member(root, read_list_member, reader);
    return code != 0 ? code : members_check(&reader->members, 1u << LIST_ROWS);
}

/* `next` is NULL where the list is not asked for by pages. */
static int read_list(const struct exchange_answer *answer, const char *name,
                     int (*fn)(void *user, size_t index, struct json_value row), void *user, char *next)
{
    struct list_reader reader = {.names = {name, "pagination"}, .fn = fn, .user = user};
    reader.members = (struct members){reader.names, LISTS, 0};
    int code = read_whole(answer, read_list_root, &reader);
    if (code == 0 && next != NULL && reader.more && reader.cursor[0] == '\0')
        code = error_set(ERROR_PROTOCOL, "a page of a longer list that does not say where the next begins");
    if (code == 0 && next != NULL && reader.more)
        memcpy(next, reader.cursor, sizeof reader.cursor);
    return code;
}

/* products, as instruments */

enum {
    PRODUCT_ID, PRODUCT_BASE, PRODUCT_QUOTE, PRODUCT_TYPE, PRODUCT_STATUS, PRODUCT_QUOTE_STEP, PRODUCT_TICK,
    PRODUCT_STEP, PRODUCT_MINIMUM, PRODUCT_MAXIMUM, PRODUCT_NOTIONAL, PRODUCT_FLAGS, PRODUCTS = PRODUCT_FLAGS + 7
};
static const char *const product_names[PRODUCTS] = {
    "product_id",       "base_currency_id", "quote_currency_id", "product_type",   "status",        "quote_increment",
    "price_increment",  "base_increment",   "base_min_size",     "base_max_size",  "quote_min_size",
    /* each of these flags keeps some or all orders out */
    "trading_disabled", "is_disabled",      "cancel_only",       "limit_only",     "post_only",     "auction_mode",
    "view_only"};
enum {
    PRODUCT_REQUIRED = 1u << PRODUCT_ID | 1u << PRODUCT_BASE | 1u << PRODUCT_QUOTE | 1u << PRODUCT_STATUS |
                       1u << PRODUCT_QUOTE_STEP | 1u << PRODUCT_STEP | 1u << PRODUCT_MINIMUM,
};

struct product_reader {
    struct members members;
    char type[16], status[32];
    bool restricted; /* one of the flags is set */
    struct decimal values[PRODUCT_FLAGS];
    struct instrument instrument;
};

struct instruments_reader {
    exchange_instrument_fn fn;
    struct passing passing;
};

static int read_product_member(void *user, const char *key, size_t key_length, struct json_value value)
{
    struct product_reader *reader = user;
    int index;
    int code = members_index(&reader->members, key, key_length, &index);
    if (code != 0 || index < 0)
        return code;
    bool flag = false;
    switch (index) {
    case PRODUCT_ID: return read_name(value, reader->instrument.symbol);
    case PRODUCT_BASE: return read_name(value, reader->instrument.base_asset);
    case PRODUCT_QUOTE: return read_name(value, reader->instrument.quote_asset);
    case PRODUCT_TYPE: return read_short_text(value, reader->type, sizeof reader->type);
    case PRODUCT_STATUS: return read_short_text(value, reader->status, sizeof reader->status);
    default: break;
    }
    if (index == PRODUCT_MAXIMUM)
        return read_maximum(value, &reader->values[index]);
    if (index < PRODUCT_FLAGS)
        return read_not_negative_or_none(value, &reader->values[index]);
    code = json_boolean(value, &flag);
    reader->restricted = reader->restricted || flag;
    return code;
}

static int fill_instrument(const struct product_reader *reader, struct instrument *instrument)
{
    const struct decimal *values = reader->values;
    const struct limits limits = {
        .tick = values[PRODUCT_TICK].mantissa != 0 ? values[PRODUCT_TICK] : values[PRODUCT_QUOTE_STEP],
        .step = values[PRODUCT_STEP],
        .minimum = values[PRODUCT_MINIMUM],
        .maximum = values[PRODUCT_MAXIMUM],
        .notional = values[PRODUCT_NOTIONAL],
    };
    instrument->trading = !reader->restricted && strcmp(reader->status, "online") == 0;
    return make_limits(&limits, instrument);
}

static int read_product(void *user, size_t index, struct json_value value)
{
    struct instruments_reader *instruments = user;
    struct product_reader reader = {.members = {product_names, PRODUCTS, 0}};
    struct instrument *instrument = &reader.instrument;
    int code = json_each_member(value, read_product_member, &reader);
    if (code == 0)
        code = members_check(&reader.members, PRODUCT_REQUIRED);
    if (code != 0)
        return pass_over(&instruments->passing, code, index, instrument->symbol, -1);
    if ((reader.type[0] != '\0' && strcmp(reader.type, "SPOT") != 0) || instrument->symbol[0] == '\0' ||
        instrument->base_asset[0] == '\0' || instrument->quote_asset[0] == '\0')
        return 0;
    code = fill_instrument(&reader, instrument);
    if (code != 0)
        return pass_over(&instruments->passing, code, index, instrument->symbol, -1);
    instruments->passing.good++;
    return instruments->fn(instruments->passing.user, instrument);
}

int coinbase_read_instruments(const struct exchange_answer *answer, exchange_instrument_fn fn, exchange_refused_fn refused,
                              void *user, char next[EXCHANGE_CURSOR_SIZE])
{
    struct instruments_reader reader = {.fn = fn, .passing = {.refused = refused, .user = user}};
    next[0] = '\0';
    int code = read_list(answer, "products", read_product, &reader, next);
    if (code == 0)
        code = passing_check(&reader.passing);
    return code != 0 ? error_context(code, "products") : 0;
}

/* products, as tickers */

enum { TICKER_SYMBOL, TICKER_PRICE, TICKER_BID, TICKER_ASK, TICKER_VOLUME, TICKER_QUOTE_VOLUME, TICKERS };
static const char *const ticker_names[TICKERS] = {"product_id",     "price",      "best_bid_price",
                                                  "best_ask_price", "volume_24h", "approximate_quote_24h_volume"};

struct ticker_reader {
    struct members members;
    char symbol[SYMBOL_SIZE];
    struct decimal values[TICKERS];
    double volume, quote_volume; /* -1: not told */
};

struct tickers_reader {
    exchange_ticker_fn fn;
    struct passing passing;
};

static int read_ticker_member(void *user, const char *key, size_t key_length, struct json_value value)
{
    struct ticker_reader *reader = user;
    int index;
    int code = members_index(&reader->members, key, key_length, &index);
    if (code != 0 || index < 0)
        return code;
    switch (index) {
    case TICKER_SYMBOL: return read_name(value, reader->symbol);
    case TICKER_VOLUME: return read_roughly(value, &reader->volume);
    case TICKER_QUOTE_VOLUME: return read_roughly(value, &reader->quote_volume);
    default: return read_not_negative_or_none(value, &reader->values[index]);
    }
}

static int read_ticker(void *user, size_t index, struct json_value value)
{
    struct tickers_reader *tickers = user;
    struct ticker_reader reader = {.members = {ticker_names, TICKERS, 0}, .volume = -1, .quote_volume = -1};
    int code = json_each_member(value, read_ticker_member, &reader);
    if (code == 0)
        code = members_check(&reader.members, 1u << TICKER_SYMBOL | 1u << TICKER_PRICE);
    struct exchange_ticker row = {.quote_volume = reader.quote_volume};
    const struct decimal prices[PRICES] = {reader.values[TICKER_BID], reader.values[TICKER_ASK],
                                           reader.values[TICKER_PRICE]};
    if (code == 0)
        code = make_prices(prices, &row.ticker);
    if (code != 0)
        return pass_over(&tickers->passing, code, index, reader.symbol, -1);
    tickers->passing.good++;
    if (reader.symbol[0] == '\0')
        return 0;
    memcpy(row.ticker.symbol, reader.symbol, sizeof reader.symbol);
    if (row.quote_volume < 0 && reader.volume >= 0)
        row.quote_volume = reader.volume * decimal_to_double(reader.values[TICKER_PRICE]);
    return tickers->fn(tickers->passing.user, &row);
}

int coinbase_read_tickers(const struct exchange_answer *answer, exchange_ticker_fn fn, exchange_refused_fn refused,
                          void *user)
{
    struct tickers_reader reader = {.fn = fn, .passing = {.refused = refused, .user = user}};
    int code = read_list(answer, "products", read_ticker, &reader, NULL);
    return code != 0 ? error_context(code, "tickers") : 0;
}

/* candles */

enum { ROW_START = CANDLE_VALUES, ROWS };
static const char *const row_names[ROWS] = {"open", "high", "low", "close", "volume", "start"};

struct row_reader {
    struct members members;
    struct decimal values[CANDLE_VALUES];
    int64_t start_s;
};

static int read_row_member(void *user, const char *key, size_t key_length, struct json_value value)
{
    struct row_reader *reader = user;
    int index;
    int code = members_index(&reader->members, key, key_length, &index);
    if (code != 0 || index < 0)
        return code;
    return index == ROW_START ? json_integer(value, &reader->start_s)
                              : read_not_negative(value, &reader->values[index]);
}

static int read_row(void *user, size_t index, struct json_value value)
{
    struct row_reader reader = {.members = {row_names, ROWS, 0}, .start_s = -1};
    struct candle candle = {0};
    int code = json_each_member(value, read_row_member, &reader);
    if (code == 0)
        code = members_check(&reader.members, (1u << ROWS) - 1);
    if (code == 0 && (reader.start_s < 0 || reader.start_s > INT64_MAX / 1000))
        code = error_set(ERROR_PROTOCOL, "start %" PRId64, reader.start_s);
    candle.open_time_ms = reader.start_s >= 0 && reader.start_s <= INT64_MAX / 1000 ? reader.start_s * 1000 : -1;
    if (code == 0)
        code = make_candle(candle.open_time_ms, reader.values, &candle);
    return candle_rows_add(user, code, index, &candle);
}

int coinbase_read_candles(const struct exchange_answer *answer, uint32_t interval_s, exchange_candle_fn fn,
                          exchange_refused_fn refused, void *user)
{
    (void)interval_s; /* an answer does not say; whether times are on the grid is for candle_check */
    struct candle_rows rows;
    candle_rows_init(&rows, refused, user);
    int code = read_list(answer, "candles", read_row, &rows, NULL);
    return code != 0 ? error_context(code, "candles") : candle_rows_hand_out(&rows, fn);
}
