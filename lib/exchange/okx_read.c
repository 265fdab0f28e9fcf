/* OKX spot: the bodies of its answers. */
/* SPDX-License-Identifier: MIT */
#include "lib/exchange/okx_read.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* {"code":"0","msg":"","data":[..]} */

enum { ENVELOPE_CODE, ENVELOPE_MESSAGE, ENVELOPE_DATA, ENVELOPES };
static const char *const envelope_names[ENVELOPES] = {"code", "msg", "data"};

struct envelope {
    struct members members;
    char code[OKX_CODE_SIZE];
    char message[128];
    int (*read_row)(void *user, size_t index, struct json_value row); /* NULL: data is passed over */
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
    case ENVELOPE_CODE: return read_short_text(value, envelope->code, sizeof envelope->code);
    case ENVELOPE_MESSAGE: return read_short_text(value, envelope->message, sizeof envelope->message);
    case ENVELOPE_DATA: return envelope->read_row != NULL ? json_each_element(value, envelope->read_row, envelope->user) : 0;
    default: return 0;
    }
}

static int read_envelope_root(void *user, struct json_value root)
{
    struct envelope *envelope = user;
    int code = json_each_member(root, read_envelope_member, envelope);
    return code != 0 ? code : members_check(&envelope->members, 1u << ENVELOPE_CODE);
}

/* Each row of a good answer through read_row. What was handed out before the code turns out to be another is not to be
 * used, as with a body that is cut off. */
static int each_row(const struct exchange_answer *answer, int (*read_row)(void *, size_t, struct json_value), void *user)
{
    struct envelope envelope = {.members = {envelope_names, ENVELOPES, 0}, .read_row = read_row, .user = user};
    int code = read_whole(answer, read_envelope_root, &envelope);
    if (code != 0)
        return code;
    if (strcmp(envelope.code, "0") != 0)
        return error_set(ERROR_PROTOCOL, "code %s: %s", envelope.code, envelope.message);
    return members_check(&envelope.members, 1u << ENVELOPE_DATA);
}

int okx_read_error(const struct exchange_answer *answer, char code[OKX_CODE_SIZE], char *text, size_t capacity)
{
    struct envelope envelope = {.members = {envelope_names, ENVELOPES, 0}};
    int result = read_whole(answer, read_envelope_root, &envelope);
    if (result != 0)
        return result;
    (void)snprintf(code, OKX_CODE_SIZE, "%s", envelope.code);
    (void)snprintf(text, capacity, "%s", envelope.message);
    return 0;
}

/* public/time */

static const char *const time_names[] = {"ts"};

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

static int read_time_row(void *user, size_t index, struct json_value row)
{
    (void)index;
    return json_each_member(row, read_time_member, user);
}

int okx_read_time(const struct exchange_answer *answer, int64_t *exchange_ms)
{
    struct time_reader reader = {.members = {time_names, 1, 0}};
    int code = each_row(answer, read_time_row, &reader);
    if (code == 0)
        code = members_check(&reader.members, 1);
    if (code == 0 && reader.time_ms <= 0)
        code = error_set(ERROR_PROTOCOL, "time %" PRId64, reader.time_ms);
    if (code != 0)
        return error_context(code, "server time");
    *exchange_ms = reader.time_ms;
    return 0;
}

/* public/instruments */

enum { SPOT_NAME, SPOT_BASE, SPOT_QUOTE, SPOT_STATE, SPOT_TYPE, SPOT_TICK, SPOT_LOT, SPOT_MINIMUM, SPOT_MAXIMUM, SPOTS };
static const char *const spot_names[SPOTS] = {"instId", "baseCcy", "quoteCcy", "state",   "instType",
                                              "tickSz", "lotSz",   "minSz",    "maxLmtSz"};

struct spot_reader {
    struct members members;
    char state[16], type[16];
    struct limits limits;
    struct instrument instrument;
};

struct instruments_reader {
    exchange_instrument_fn fn;
    struct passing passing;
};

static int read_spot_member(void *user, const char *key, size_t key_length, struct json_value value)
{
    struct spot_reader *reader = user;
    struct limits *limits = &reader->limits;
    int index;
    int code = members_index(&reader->members, key, key_length, &index);
    if (code != 0)
        return code;
    switch (index) {
    case SPOT_NAME: return read_name(value, reader->instrument.symbol);
    case SPOT_BASE: return read_name(value, reader->instrument.base_asset);
    case SPOT_QUOTE: return read_name(value, reader->instrument.quote_asset);
    case SPOT_STATE: return read_short_text(value, reader->state, sizeof reader->state);
    case SPOT_TYPE: return read_short_text(value, reader->type, sizeof reader->type);
    case SPOT_TICK: return read_not_negative_or_none(value, &limits->tick);
    case SPOT_LOT: return read_not_negative_or_none(value, &limits->step);
    case SPOT_MINIMUM: return read_not_negative_or_none(value, &limits->minimum);
    case SPOT_MAXIMUM: return read_maximum(value, &limits->maximum);
    default: return 0;
    }
}

static int read_spot(void *user, size_t index, struct json_value row)
{
    struct instruments_reader *instruments = user;
    struct spot_reader reader = {.members = {spot_names, SPOTS, 0}};
    struct instrument *instrument = &reader.instrument;
    int code = json_each_member(row, read_spot_member, &reader);
    if (code == 0)
        code = members_check(&reader.members, (1u << SPOT_MAXIMUM) - 1);
    /* before it opens, an instrument may have no limits yet */
    instrument->trading = strcmp(reader.state, "live") == 0 && reader.limits.tick.mantissa > 0 &&
                          reader.limits.step.mantissa > 0;
    if (code == 0)
        code = make_limits(&reader.limits, instrument);
    if (code != 0)
        return pass_over(&instruments->passing, code, index, instrument->symbol, -1);
    instruments->passing.good++;
    if (strcmp(reader.type, "SPOT") != 0 || instrument->symbol[0] == '\0' || instrument->base_asset[0] == '\0' ||
        instrument->quote_asset[0] == '\0')
        return 0;
    return instruments->fn(instruments->passing.user, instrument);
}

int okx_read_instruments(const struct exchange_answer *answer, exchange_instrument_fn fn, exchange_refused_fn refused,
                         void *user, char next[EXCHANGE_CURSOR_SIZE])
{
    struct instruments_reader reader = {.fn = fn, .passing = {.refused = refused, .user = user}};
    next[0] = '\0';
    int code = each_row(answer, read_spot, &reader);
    if (code == 0)
        code = passing_check(&reader.passing);
    return code != 0 ? error_context(code, "instruments") : 0;
}

/* market/tickers */

enum { TICKER_NAME, TICKER_TIME, TICKER_QUOTE_VOLUME, TICKER_BID, TICKER_ASK, TICKER_LAST, TICKERS };
static const char *const ticker_names[TICKERS] = {"instId", "ts", "volCcy24h", "bidPx", "askPx", "last"};

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
    switch (index) {
    case TICKER_NAME: return read_name(value, reader->row.ticker.symbol);
    case TICKER_TIME: return json_integer(value, &reader->row.ticker.time_ms);
    case TICKER_QUOTE_VOLUME: return read_roughly(value, &reader->row.quote_volume);
    default: return read_not_negative_or_none(value, &reader->prices[index - TICKER_BID]);
    }
}

int okx_read_ticker(struct json_value value, struct exchange_ticker *out)
{
    struct ticker_reader reader = {.members = {ticker_names, TICKERS, 0}, .row = {.quote_volume = -1}};
    int code = json_each_member(value, read_ticker_member, &reader);
    if (code == 0)
        code = members_check(&reader.members, ((1u << TICKERS) - 1) & ~(1u << TICKER_QUOTE_VOLUME));
    if (code == 0)
        code = make_prices(reader.prices, &reader.row.ticker);
    if (code == 0 && reader.row.ticker.time_ms < 0)
        code = error_set(ERROR_PROTOCOL, "time %" PRId64, reader.row.ticker.time_ms);
    *out = reader.row;
    return code;
}

/* The time of a row is when it last changed; the quote stands until now. */
static int read_ticker_row(void *user, size_t index, struct json_value value)
{
    struct tickers_reader *tickers = user;
    struct exchange_ticker row;
    int code = okx_read_ticker(value, &row);
    if (code != 0)
        return pass_over(&tickers->passing, code, index, row.ticker.symbol, -1);
    tickers->passing.good++;
    row.ticker.time_ms = 0;
    return row.ticker.symbol[0] == '\0' ? 0 : tickers->fn(tickers->passing.user, &row);
}

int okx_read_tickers(const struct exchange_answer *answer, exchange_ticker_fn fn, exchange_refused_fn refused,
                     void *user)
{
    struct tickers_reader reader = {.fn = fn, .passing = {.refused = refused, .user = user}};
    int code = each_row(answer, read_ticker_row, &reader);
    return code != 0 ? error_context(code, "tickers") : 0;
}

/* market/candles, market/history-candles */

static const struct interval_spelling bars[] = {
    {60, "1m"},     {180, "3m"},    {300, "5m"},       {900, "15m"},       {1800, "30m"},    {3600, "1H"},
    {7200, "2H"},   {14400, "4H"},  {21600, "6Hutc"},  {43200, "12Hutc"},  {86400, "1Dutc"}, {604800, "1Wutc"},
    {0, NULL},
};

const char *okx_bar(uint32_t interval_s)
{
    return interval_spell(bars, interval_s);
}

uint32_t okx_bar_interval(const char *bar)
{
    return interval_spelled(bars, bar);
}

static int keep_candle_row(void *user, size_t index, struct json_value row)
{
    return candle_rows_add_row(user, index, row, OKX_CONFIRM);
}

int okx_read_candles(const struct exchange_answer *answer, uint32_t interval_s, exchange_candle_fn fn,
                     exchange_refused_fn refused, void *user)
{
    (void)interval_s;
    struct candle_rows rows;
    candle_rows_init(&rows, refused, user);
    int code = each_row(answer, keep_candle_row, &rows);
    return code != 0 ? error_context(code, "candles") : candle_rows_hand_out(&rows, fn);
}
