/* Bybit spot: the bodies of its answers. */
/* SPDX-License-Identifier: MIT */
#include "lib/exchange/bybit_read.h"
#include "lib/exchange/read.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { NS_PER_MS = 1000000 };

/* {"retCode":0,"retMsg":"OK","result":{..},"retExtInfo":{},"time":1672025956592} */

enum { ENVELOPE_CODE, ENVELOPE_MESSAGE, ENVELOPE_RESULT, ENVELOPES };
static const char *const envelope_names[ENVELOPES] = {"retCode", "retMsg", "result"};

struct envelope {
    struct members members;
    int64_t code;
    char message[128];
    int (*read_result)(void *user, struct json_value result); /* NULL: it is passed over */
    void *user;
};

static int read_envelope_member(void *user, const char *key, size_t key_length, struct json_value value)
{
    struct envelope *envelope = user;
    int index;
    int code = members_index(&envelope->members, key, key_length, &index);
    if (code != 0)
        return code;
    switch (index) {
    case ENVELOPE_CODE: return json_integer(value, &envelope->code);
    case ENVELOPE_MESSAGE: return read_short_text(value, envelope->message, sizeof envelope->message);
    case ENVELOPE_RESULT: return envelope->read_result != NULL ? envelope->read_result(envelope->user, value) : 0;
    default: return 0;
    }
}

static int read_envelope_root(void *user, struct json_value root)
{
    struct envelope *envelope = user;
    int code = json_each_member(root, read_envelope_member, envelope);
    return code != 0 ? code : members_check(&envelope->members, 1u << ENVELOPE_CODE);
}

/* The result of a good answer through read_result. What was handed out before the code turns out not to be 0 is not to be
 * used, as with a body that is cut off. */
static int read_good(const struct exchange_answer *answer, int (*read_result)(void *, struct json_value), void *user)
{
    struct envelope envelope = {.members = {envelope_names, ENVELOPES, 0}, .read_result = read_result, .user = user};
    int code = read_whole(answer, read_envelope_root, &envelope);
    if (code != 0)
        return code;
    if (envelope.code != 0)
        return error_set(ERROR_PROTOCOL, "code %" PRId64 ": %s", envelope.code, envelope.message);
    return members_check(&envelope.members, 1u << ENVELOPE_RESULT);
}

int bybit_read_error(const struct exchange_answer *answer, int64_t *code, char *text, size_t capacity)
{
    struct envelope envelope = {.members = {envelope_names, ENVELOPES, 0}};
    int result = read_whole(answer, read_envelope_root, &envelope);
    if (result != 0)
        return result;
    *code = envelope.code;
    (void)snprintf(text, capacity, "%s", envelope.message);
    return 0;
}

/* {"category":"spot","list":[..]} */

struct list_reader {
    bool found;
    char *next; /* where the next page begins, of EXCHANGE_CURSOR_SIZE; NULL: the list is not asked for by pages */
    int (*read_row)(void *user, size_t index, struct json_value row);
    void *user;
};

static int read_list_member(void *user, const char *key, size_t key_length, struct json_value value)
{
    struct list_reader *reader = user;
    if (key_is(key, key_length, "nextPageCursor") && reader->next != NULL)
        return read_cursor(value, reader->next);
    if (!key_is(key, key_length, "list"))
        return 0;
    if (reader->found)
        return error_set(ERROR_PROTOCOL, "member 'list' twice");
    reader->found = true;
    return json_each_element(value, reader->read_row, reader->user);
}

static int read_list(void *user, struct json_value result)
{
    return json_each_member(result, read_list_member, user);
}

static int each_row(const struct exchange_answer *answer, int (*read_row)(void *, size_t, struct json_value), void *user,
                    char *next)
{
    struct list_reader reader = {.next = next, .read_row = read_row, .user = user};
    int code = read_good(answer, read_list, &reader);
    return code != 0 || reader.found ? code : error_set(ERROR_PROTOCOL, "no member 'list'");
}

/* market/time */

static const char *const time_names[] = {"timeNano"};

struct time_reader {
    struct members members;
    int64_t time_ns;
};

static int read_time_member(void *user, const char *key, size_t key_length, struct json_value value)
{
    struct time_reader *reader = user;
    int index;
    int code = members_index(&reader->members, key, key_length, &index);
    return code != 0 || index < 0 ? code : json_integer(value, &reader->time_ns);
}

static int read_time_result(void *user, struct json_value result)
{
    return json_each_member(result, read_time_member, user);
}

int bybit_read_time(const struct exchange_answer *answer, int64_t *exchange_ms)
{
    struct time_reader reader = {.members = {time_names, 1, 0}};
    int code = read_good(answer, read_time_result, &reader);
    if (code == 0)
        code = members_check(&reader.members, 1);
    if (code == 0 && reader.time_ns < NS_PER_MS)
        code = error_set(ERROR_PROTOCOL, "time %" PRId64 " ns", reader.time_ns);
    if (code != 0)
        return error_context(code, "server time");
    *exchange_ms = reader.time_ns / NS_PER_MS;
    return 0;
}

/* market/instruments-info */

enum { SPOT_NAME, SPOT_BASE, SPOT_QUOTE, SPOT_STATUS, SPOT_LOTS, SPOT_PRICES, SPOTS };
static const char *const spot_names[SPOTS] = {"symbol", "baseCoin",      "quoteCoin",
                                              "status", "lotSizeFilter", "priceFilter"};
enum { LIMIT_STEP, LIMIT_MINIMUM, LIMIT_NOTIONAL, LIMIT_MAXIMUM_LIMIT, LIMIT_MAXIMUM, LIMIT_TICK, LIMITS };
static const char *const limit_names[LIMITS] = {"basePrecision",    "minOrderQty", "minOrderAmt",
                                                "maxLimitOrderQty", "maxOrderQty", "tickSize"};

struct spot_reader {
    struct members members, limits; /* those of both filters */
    char status[16];
    struct decimal values[LIMITS];
    struct instrument instrument;
};

struct instruments_reader {
    exchange_instrument_fn fn;
    struct passing passing;
};

static int read_limit_member(void *user, const char *key, size_t key_length, struct json_value value)
{
    struct spot_reader *reader = user;
    int index;
    int code = members_index(&reader->limits, key, key_length, &index);
    if (code != 0 || index < 0)
        return code;
    return index == LIMIT_MAXIMUM || index == LIMIT_MAXIMUM_LIMIT
               ? read_maximum(value, &reader->values[index])
               : read_not_negative_or_none(value, &reader->values[index]);
}

static int read_spot_member(void *user, const char *key, size_t key_length, struct json_value value)
{
    struct spot_reader *reader = user;
    int index;
    int code = members_index(&reader->members, key, key_length, &index);
    if (code != 0)
        return code;
    switch (index) {
    case SPOT_NAME: return read_name(value, reader->instrument.symbol);
    case SPOT_BASE: return read_name(value, reader->instrument.base_asset);
    case SPOT_QUOTE: return read_name(value, reader->instrument.quote_asset);
    case SPOT_STATUS: return read_short_text(value, reader->status, sizeof reader->status);
    case SPOT_LOTS: case SPOT_PRICES: return json_each_member(value, read_limit_member, reader);
    default: return 0;
    }
}

static int finish_spot(struct spot_reader *reader)
{
    enum { REQUIRED = 1u << LIMIT_STEP | 1u << LIMIT_MINIMUM | 1u << LIMIT_TICK };
    int code = members_check(&reader->members, (1u << SPOTS) - 1);
    if (code == 0)
        code = members_check(&reader->limits, REQUIRED);
    if (code != 0)
        return code;
    const struct decimal *values = reader->values;
    const struct limits limits = {
        .tick = values[LIMIT_TICK],
        .step = values[LIMIT_STEP],
        .minimum = values[LIMIT_MINIMUM],
        .maximum = values[values[LIMIT_MAXIMUM_LIMIT].mantissa > 0 ? LIMIT_MAXIMUM_LIMIT : LIMIT_MAXIMUM],
        .notional = values[LIMIT_NOTIONAL],
    };
    reader->instrument.trading = strcmp(reader->status, "Trading") == 0;
    return make_limits(&limits, &reader->instrument);
}

static int read_spot(void *user, size_t index, struct json_value row)
{
    struct instruments_reader *instruments = user;
    struct spot_reader reader = {.members = {spot_names, SPOTS, 0}, .limits = {limit_names, LIMITS, 0}};
    const struct instrument *instrument = &reader.instrument;
    int code = json_each_member(row, read_spot_member, &reader);
    if (code == 0)
        code = finish_spot(&reader);
    if (code != 0)
        return pass_over(&instruments->passing, code, index, instrument->symbol, -1);
    instruments->passing.good++;
    if (instrument->symbol[0] == '\0' || instrument->base_asset[0] == '\0' || instrument->quote_asset[0] == '\0')
        return 0;
    return instruments->fn(instruments->passing.user, instrument);
}

int bybit_read_instruments(const struct exchange_answer *answer, exchange_instrument_fn fn, exchange_refused_fn refused,
                           void *user, char next[EXCHANGE_CURSOR_SIZE])
{
    struct instruments_reader reader = {.fn = fn, .passing = {.refused = refused, .user = user}};
    next[0] = '\0';
    int code = each_row(answer, read_spot, &reader, next);
    if (code == 0)
        code = passing_check(&reader.passing);
    return code != 0 ? error_context(code, "instruments") : 0;
}

/* market/tickers */

enum { TICKER_NAME, TICKER_QUOTE_VOLUME, TICKER_BID, TICKER_ASK, TICKER_LAST, TICKERS };
static const char *const ticker_names[TICKERS] = {"symbol", "turnover24h", "bid1Price", "ask1Price", "lastPrice"};

struct ticker_reader {
    struct members members;
    struct exchange_ticker row;
    struct decimal prices[PRICES]; /* in the order of TICKER_BID and those behind it */
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
    if (index == TICKER_NAME)
        return read_name(value, reader->row.ticker.symbol);
    return index == TICKER_QUOTE_VOLUME ? read_roughly(value, &reader->row.quote_volume)
                                        : read_not_negative_or_none(value, &reader->prices[index - TICKER_BID]);
}

static int read_ticker_row(void *user, size_t index, struct json_value value)
{
    struct tickers_reader *tickers = user;
    struct ticker_reader reader = {.members = {ticker_names, TICKERS, 0}, .row = {.quote_volume = -1}};
    const struct ticker *ticker = &reader.row.ticker;
    int code = json_each_member(value, read_ticker_member, &reader);
    if (code == 0)
        code = members_check(&reader.members, ((1u << TICKERS) - 1) & ~(1u << TICKER_QUOTE_VOLUME));
    if (code == 0)
        code = make_prices(reader.prices, &reader.row.ticker);
    if (code != 0)
        return pass_over(&tickers->passing, code, index, ticker->symbol, -1);
    tickers->passing.good++;
    return ticker->symbol[0] == '\0' ? 0 : tickers->fn(tickers->passing.user, &reader.row);
}

int bybit_read_tickers(const struct exchange_answer *answer, exchange_ticker_fn fn, exchange_refused_fn refused,
                       void *user)
{
    struct tickers_reader reader = {.fn = fn, .passing = {.refused = refused, .user = user}};
    int code = each_row(answer, read_ticker_row, &reader, NULL);
    return code != 0 ? error_context(code, "tickers") : 0;
}

/* market/kline */

static const struct interval_spelling spellings[] = {
    {60, "1"},     {180, "3"},    {300, "5"},     {900, "15"},    {1800, "30"}, {3600, "60"},
    {7200, "120"}, {14400, "240"}, {21600, "360"}, {43200, "720"}, {86400, "D"}, {604800, "W"},
    {0, NULL},
};

const char *bybit_interval(uint32_t interval_s)
{
    return interval_spell(spellings, interval_s);
}

uint32_t bybit_interval_length(const char *interval)
{
    return interval_spelled(spellings, interval);
}

static int keep_candle_row(void *user, size_t index, struct json_value row)
{
    return candle_rows_add_row(user, index, row, 0);
}

int bybit_read_candles(const struct exchange_answer *answer, uint32_t interval_s, exchange_candle_fn fn,
                       exchange_refused_fn refused, void *user)
{
    (void)interval_s;
    struct candle_rows rows;
    candle_rows_init(&rows, refused, user);
    int code = each_row(answer, keep_candle_row, &rows, NULL);
    return code != 0 ? error_context(code, "candles") : candle_rows_hand_out(&rows, fn);
}
