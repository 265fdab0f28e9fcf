/* Kraken spot: the bodies of its answers.
 *
 * Every answer is {"error":[..],"result":..}. What a list of rows is elsewhere is an object here, with the pair's name
 * as the key of each row. */
/* SPDX-License-Identifier: MIT */
#include "lib/exchange/kraken.h"
#include "lib/exchange/json.h"
#include "lib/exchange/read.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { ENVELOPE_ERROR, ENVELOPE_RESULT, ENVELOPES };
static const char *const envelope_names[ENVELOPES] = {"error", "result"};

struct error_reader {
    struct members members;
    char *text;
    size_t capacity;
    bool has_result; /* with a member at least */
};

static int note_result(void *user, const char *key, size_t key_length, struct json_value value)
{
    (void)key;
    (void)key_length;
    (void)value;
    *(bool *)user = true;
    return 0;
}

/* Errors begin with E, warnings with W: only the first error is kept. */
static int read_error_text(void *user, size_t index, struct json_value value)
{
    (void)index;
    struct error_reader *reader = user;
    const char *text;
    size_t length;
    int code = json_text(value, &text, &length);
    if (code == 0 && reader->text[0] == '\0' && length > 0 && text[0] != 'W')
        (void)snprintf(reader->text, reader->capacity, "%.*s", (int)(length < 1000 ? length : 1000), text);
    return code;
}

static int read_error_member(void *user, const char *key, size_t key_length, struct json_value value)
{
    struct error_reader *reader = user;
    int index;
    int code = members_index(&reader->members, key, key_length, &index);
    if (code == 0 && index == ENVELOPE_ERROR)
        code = json_each_element(value, read_error_text, reader);
    else if (code == 0 && index == ENVELOPE_RESULT && json_is_object(value))
        code = json_each_member(value, note_result, &reader->has_result);
    return code;
}

static int read_error_root(void *user, struct json_value root)
{
    struct error_reader *reader = user;
    int code = json_each_member(root, read_error_member, reader);
    return code != 0 ? code : members_check(&reader->members, 1u << ENVELOPE_ERROR);
}

int kraken_read_error(const struct exchange_answer *answer, char *text, size_t capacity, bool *has_result)
{
    struct error_reader reader = {.members = {envelope_names, ENVELOPES, 0}, .text = text, .capacity = capacity};
    text[0] = '\0';
    int code = read_whole(answer, read_error_root, &reader);
    *has_result = code == 0 && reader.has_result;
    return code;
}

/* The members of `result` through fn. */
struct result_reader {
    struct members members;
    int (*fn)(void *user, const char *key, size_t key_length, struct json_value value);
    void *user;
    struct passing *passing; /* where errors beside the result are told; NULL: nowhere */
};

/* An error beside a result is that of a pair which was asked for and is not in it; Kraken does not say of which. */
static int tell_error(void *user, size_t index, struct json_value value)
{
    (void)index;
    struct passing *passing = user;
    char text[128];
    int code = read_short_text(value, text, sizeof text);
    if (code != 0 || text[0] != 'E')
        return code;
    return pass_over(passing, error_set(ERROR_PROTOCOL, "%s", text), passing->good + passing->bad, "", -1);
}

static int read_result_member(void *user, const char *key, size_t key_length, struct json_value value)
{
    struct result_reader *reader = user;
    int index;
    int code = members_index(&reader->members, key, key_length, &index);
    if (code == 0 && index == ENVELOPE_RESULT)
        code = json_each_member(value, reader->fn, reader->user);
    else if (code == 0 && index == ENVELOPE_ERROR && reader->passing != NULL)
        code = json_each_element(value, tell_error, reader->passing);
    return code;
}

static int read_result_root(void *user, struct json_value root)
{
    struct result_reader *reader = user;
    int code = json_each_member(root, read_result_member, reader);
    return code != 0 ? code : members_check(&reader->members, 1u << ENVELOPE_ERROR | 1u << ENVELOPE_RESULT);
}

static int read_result(const struct exchange_answer *answer,
                       int (*fn)(void *user, const char *key, size_t key_length, struct json_value value), void *user,
                       struct passing *passing)
{
    struct result_reader reader = {
        .members = {envelope_names, ENVELOPES, 0}, .fn = fn, .user = user, .passing = passing};
    return read_whole(answer, read_result_root, &reader);
}

/* Time */

static const char *const time_names[] = {"unixtime"};

struct time_reader {
    struct members members;
    int64_t time_s;
};

static int read_time_member(void *user, const char *key, size_t key_length, struct json_value value)
{
    struct time_reader *reader = user;
    int index;
    int code = members_index(&reader->members, key, key_length, &index);
    return code != 0 || index < 0 ? code : json_integer(value, &reader->time_s);
}

int kraken_read_time(const struct exchange_answer *answer, int64_t *exchange_ms)
{
    struct time_reader reader = {.members = {time_names, 1, 0}};
    int code = read_result(answer, read_time_member, &reader, NULL);
    if (code == 0)
        code = members_check(&reader.members, 1);
    if (code == 0 && (reader.time_s <= 0 || reader.time_s > INT64_MAX / 1000))
        code = error_set(ERROR_PROTOCOL, "time %" PRId64, reader.time_s);
    if (code != 0)
        return error_context(code, "server time");
    *exchange_ms = reader.time_s * 1000;
    return 0;
}

/* AssetPairs */

enum {
    PAIR_NAME, PAIR_BASE, PAIR_STATUS, PAIR_TICK, PAIR_PRICE_DECIMALS, PAIR_LOT_DECIMALS, PAIR_MIN_QUANTITY,
    PAIR_MIN_COST, PAIRS
};
static const char *const pair_names[PAIRS] = {"wsname",        "base",         "status",   "tick_size",
                                              "pair_decimals", "lot_decimals", "ordermin", "costmin"};
enum { PAIR_REQUIRED = 1u << PAIR_BASE | 1u << PAIR_PRICE_DECIMALS | 1u << PAIR_LOT_DECIMALS };

enum { STATE_MONEY_DECIMALS = 4 }; /* of what Kraken keeps of euros, dollars and the like */

struct pair_reader {
    struct members members;
    char name[64], base[64];
    char status[32];
    struct decimal tick, minimum, cost;
    int64_t price_decimals, lot_decimals;
};

struct instruments_reader {
    exchange_instrument_fn fn;
    struct passing passing;
};

static int read_pair_member(void *user, const char *key, size_t key_length, struct json_value value)
{
    struct pair_reader *reader = user;
    int index;
    int code = members_index(&reader->members, key, key_length, &index);
    if (code != 0)
        return code;
    switch (index) {
    case PAIR_NAME: return read_short_text(value, reader->name, sizeof reader->name);
    case PAIR_BASE: return read_short_text(value, reader->base, sizeof reader->base);
    case PAIR_STATUS: return read_short_text(value, reader->status, sizeof reader->status);
    case PAIR_TICK: return read_not_negative_or_none(value, &reader->tick);
    case PAIR_PRICE_DECIMALS: return json_integer(value, &reader->price_decimals);
    case PAIR_LOT_DECIMALS: return json_integer(value, &reader->lot_decimals);
    case PAIR_MIN_QUANTITY: return read_not_negative_or_none(value, &reader->minimum);
    case PAIR_MIN_COST: return read_not_negative_or_none(value, &reader->cost);
    default: return 0;
    }
}

int kraken_asset_name(const char *asset, size_t length, char out[SYMBOL_SIZE])
{
    static const struct {
        const char *kraken, *usual;
    } names[] = {{"XBT", "BTC"}, {"XDG", "DOGE"}};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strlen(names[i].kraken) == length && memcmp(names[i].kraken, asset, length) == 0)
            return text_copy(out, SYMBOL_SIZE, names[i].usual, strlen(names[i].usual));
    return text_copy(out, SYMBOL_SIZE, asset, length);
}

/* Fills both assets from "XBT/USD"; false if the pair cannot be named in a message. */
static bool name_assets(const char *name, struct instrument *instrument)
{
    const char *slash = strchr(name, '/');
    if (slash == NULL)
        return false;
    return kraken_asset_name(name, (size_t)(slash - name), instrument->base_asset) == 0 &&
           kraken_asset_name(slash + 1, strlen(slash + 1), instrument->quote_asset) == 0 &&
           symbol_valid(instrument->base_asset) && symbol_valid(instrument->quote_asset);
}

static int decimals_to_step(int64_t decimals, struct decimal *step)
{
    if (decimals < 0 || decimals > DECIMAL_SCALE_MAX)
        return error_set(ERROR_PROTOCOL, "%" PRId64 " decimals", decimals);
    *step = (struct decimal){1, (uint8_t)decimals};
    return 0;
}

/* Whether "ZEUR" is bought and sold in "EUR/USD": the money of a state. Its pairs claim more decimals than it has. */
static bool sells_state_money(const struct pair_reader *reader)
{
    size_t length = strcspn(reader->name, "/");
    return reader->base[0] == 'Z' && strlen(reader->base + 1) == length &&
           memcmp(reader->base + 1, reader->name, length) == 0;
}

/* Fills the steps and limits; there is no largest quantity. Pairs had no status before 2022: they traded. */
static int fill_instrument(const struct pair_reader *reader, struct instrument *instrument)
{
    struct limits limits = {.minimum = reader->minimum, .notional = reader->cost};
    int64_t lot_decimals = reader->lot_decimals;
    if (lot_decimals > STATE_MONEY_DECIMALS && sells_state_money(reader))
        lot_decimals = STATE_MONEY_DECIMALS;
    int code = decimals_to_step(reader->price_decimals, &limits.tick);
    if (code == 0)
        code = decimals_to_step(lot_decimals, &limits.step);
    if (reader->tick.mantissa != 0)
        limits.tick = reader->tick;
    instrument->trading = reader->status[0] == '\0' || strcmp(reader->status, "online") == 0;
    return code != 0 ? code : make_limits(&limits, instrument);
}

/* A row that could not be read; its name is the key. */
static int pass_over_pair(struct passing *passing, int code, const char *key, size_t key_length)
{
    char name[64];
    make_printable(key, key_length, name, sizeof name);
    return pass_over(passing, code, passing->good + passing->bad, name, -1);
}

static int read_pair(void *user, const char *key, size_t key_length, struct json_value value)
{
    struct instruments_reader *instruments = user;
    struct pair_reader reader = {.members = {pair_names, PAIRS, 0}};
    struct instrument instrument = {0};
    int code = json_each_member(value, read_pair_member, &reader);
    if (code == 0)
        code = members_check(&reader.members, PAIR_REQUIRED);
    if (code == 0)
        code = fill_instrument(&reader, &instrument);
    if (code != 0)
        return pass_over_pair(&instruments->passing, code, key, key_length);
    instruments->passing.good++;
    if (text_copy(instrument.symbol, SYMBOL_SIZE, key, key_length) != 0 || !symbol_valid(instrument.symbol) ||
        !name_assets(reader.name, &instrument))
        return 0;
    return instruments->fn(instruments->passing.user, &instrument);
}

int kraken_read_instruments(const struct exchange_answer *answer, exchange_instrument_fn fn, exchange_refused_fn refused,
                            void *user, char next[EXCHANGE_CURSOR_SIZE])
{
    struct instruments_reader reader = {.fn = fn, .passing = {.refused = refused, .user = user}};
    next[0] = '\0';
    int code = read_result(answer, read_pair, &reader, &reader.passing);
    if (code == 0)
        code = passing_check(&reader.passing);
    return code != 0 ? error_context(code, "asset pairs") : 0;
}

/* Ticker */

enum { TICKER_BID, TICKER_ASK, TICKER_LAST, TICKER_VOLUME, TICKER_AVERAGE, TICKERS };
static const char *const ticker_names[TICKERS] = {"b", "a", "c", "v", "p"};
static_assert((int)TICKER_BID == PRICE_BID && (int)TICKER_ASK == PRICE_ASK && (int)TICKER_LAST == PRICE_LAST,
              "the prices come first, as in a ticker");

struct ticker_reader {
    struct members members;
    int member;     /* whose array is being read */
    unsigned given; /* a bit a price */
    struct decimal prices[PRICES];
    double volume, average; /* of the last 24 hours; -1: not told */
};

struct tickers_reader {
    exchange_ticker_fn fn;
    struct passing passing;
};

/* A price is the first of its array; of volume and average the first is today's, the second that of 24 hours. */
static int read_ticker_column(void *user, size_t index, struct json_value value)
{
    struct ticker_reader *reader = user;
    if (reader->member < PRICES && index == 0) {
        reader->given |= 1u << reader->member;
        return read_not_negative(value, &reader->prices[reader->member]);
    }
    if (reader->member < PRICES || index != 1)
        return 0;
    return read_roughly(value, reader->member == TICKER_VOLUME ? &reader->volume : &reader->average);
}

static int read_ticker_member(void *user, const char *key, size_t key_length, struct json_value value)
{
    struct ticker_reader *reader = user;
    int code = members_index(&reader->members, key, key_length, &reader->member);
    return code != 0 || reader->member < 0 ? code : json_each_element(value, read_ticker_column, reader);
}

static int read_ticker(void *user, const char *key, size_t key_length, struct json_value value)
{
    struct tickers_reader *tickers = user;
    struct ticker_reader reader = {.members = {ticker_names, TICKERS, 0}, .volume = -1, .average = -1};
    struct exchange_ticker row = {.quote_volume = -1};
    int code = json_each_member(value, read_ticker_member, &reader);
    if (code == 0)
        code = members_check(&reader.members, (1u << PRICES) - 1);
    if (code == 0 && reader.given != (1u << PRICES) - 1)
        code = error_set(ERROR_PROTOCOL, "an empty list of prices");
    if (code == 0)
        code = make_prices(reader.prices, &row.ticker);
    if (code != 0)
        return pass_over_pair(&tickers->passing, code, key, key_length);
    tickers->passing.good++;
    if (text_copy(row.ticker.symbol, SYMBOL_SIZE, key, key_length) != 0 || !symbol_valid(row.ticker.symbol))
        return 0;
    if (reader.volume >= 0 && reader.average >= 0)
        row.quote_volume = reader.volume * reader.average;
    return tickers->fn(tickers->passing.user, &row);
}

int kraken_read_tickers(const struct exchange_answer *answer, exchange_ticker_fn fn, exchange_refused_fn refused,
                        void *user)
{
    struct tickers_reader reader = {.fn = fn, .passing = {.refused = refused, .user = user}};
    int code = read_result(answer, read_ticker, &reader, &reader.passing);
    return code != 0 ? error_context(code, "tickers") : 0;
}

/* OHLC */

enum { OHLC_TIME, OHLC_OPEN, OHLC_HIGH, OHLC_LOW, OHLC_CLOSE, OHLC_AVERAGE, OHLC_VOLUME, OHLCS };

struct ohlc_reader {
    size_t columns; /* seen */
    int64_t time_s;
    struct decimal values[CANDLE_VALUES];
};

struct candles_reader {
    bool found; /* a pair */
    struct candle_rows rows;
};

static int read_ohlc_column(void *user, size_t index, struct json_value value)
{
    struct ohlc_reader *reader = user;
    reader->columns = index + 1;
    switch (index) {
    case OHLC_TIME: return json_integer(value, &reader->time_s);
    case OHLC_OPEN: return read_not_negative(value, &reader->values[CANDLE_OPEN]);
    case OHLC_HIGH: return read_not_negative(value, &reader->values[CANDLE_HIGH]);
    case OHLC_LOW: return read_not_negative(value, &reader->values[CANDLE_LOW]);
    case OHLC_CLOSE: return read_not_negative(value, &reader->values[CANDLE_CLOSE]);
    case OHLC_VOLUME: return read_not_negative(value, &reader->values[CANDLE_VOLUME]);
    default: return 0;
    }
}

static int check_ohlc(const struct ohlc_reader *row)
{
    if (row->columns < OHLCS)
        return error_set(ERROR_PROTOCOL, "%zu columns", row->columns);
    if (row->time_s < 0 || row->time_s > INT64_MAX / 1000)
        return error_set(ERROR_PROTOCOL, "open time %" PRId64, row->time_s);
    return 0;
}

static int read_ohlc(void *user, size_t index, struct json_value value)
{
    struct candles_reader *candles = user;
    struct ohlc_reader row = {.time_s = -1};
    struct candle candle = {0};
    int code = json_each_element(value, read_ohlc_column, &row);
    if (code == 0)
        code = check_ohlc(&row);
    candle.open_time_ms = row.time_s >= 0 && row.time_s <= INT64_MAX / 1000 ? row.time_s * 1000 : -1;
    if (code == 0)
        code = make_candle(candle.open_time_ms, row.values, &candle);
    return candle_rows_add(&candles->rows, code, index, &candle);
}

/* The pair is whatever does not stand under "last": its name may be spelled differently from what was asked for. */
static int read_candles_member(void *user, const char *key, size_t key_length, struct json_value value)
{
    struct candles_reader *reader = user;
    if (key_is(key, key_length, "last"))
        return 0;
    if (reader->found)
        return error_set(ERROR_PROTOCOL, "candles of two pairs");
    reader->found = true;
    return json_each_element(value, read_ohlc, reader);
}

int kraken_read_candles(const struct exchange_answer *answer, uint32_t interval_s, exchange_candle_fn fn,
                        exchange_refused_fn refused, void *user)
{
    (void)interval_s; /* an answer does not say; whether times are on the grid is for candle_check */
    struct candles_reader reader;
    reader.found = false;
    candle_rows_init(&reader.rows, refused, user);
    int code = read_result(answer, read_candles_member, &reader, NULL);
    if (code == 0 && !reader.found)
        code = error_set(ERROR_PROTOCOL, "no pair");
    return code != 0 ? error_context(code, "candles") : candle_rows_hand_out(&reader.rows, fn);
}
