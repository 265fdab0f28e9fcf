/* One bad row among good ones, for each reader of each exchange: it costs itself and not its neighbours. The rows of a
 * fault are the same for all; what an exchange's answers look like is a template. */
/* SPDX-License-Identifier: MIT */
#include "lib/exchange/exchange.h"
#include "tests/harness.h"
#include "tests/unit/exchange_rows.h"
#include "tests/unit/recording.h"
#include "tests/unit/said.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/mman.h>
#include <unistd.h>

enum { BODY_SIZE = 4096, ROWS = 3, BAD = 1 /* the one in the middle */ };

/* Values by which the marks of a template, "@o", are replaced; a letter each. */
struct values {
    const char *of[128];
};

static void append(char body[BODY_SIZE], const char *text)
{
    size_t used = strlen(body);
    CU_ASSERT_FATAL(used + strlen(text) < BODY_SIZE);
    memcpy(body + used, text, strlen(text) + 1);
}

static void append_filled(char body[BODY_SIZE], const char *template, const struct values *values)
{
    for (const char *at = template; *at != '\0'; at++) {
        char one[2] = {*at, '\0'};
        bool mark = *at == '@' && at[1] != '\0' && values->of[(unsigned char)at[1]] != NULL;
        append(body, mark ? values->of[(unsigned char)*++at] : one);
    }
}

/* What becomes of a fault. */
enum fate { REFUSED, READ, FOR_THE_CHECK /* handed out, for candle_check to refuse */ };

struct shape {
    const char *exchange;
    const char *head, *row, *tail;
    const char *times[ROWS], *ends[ROWS]; /* of candles */
    const char *off_grid;                 /* the middle one's, 14.789 s late */
};

struct fault {
    const char *name;
    char mark;         /* whose value is another; 0: the whole row is */
    const char *text;  /* the value, or the row; "" for the row of no member, NULL for the row before it again */
    enum fate fate;
    const char *except; /* exchanges for which the fate is `other` */
    enum fate other;
    const char *why;   /* what the refusal says; NULL: anything */
};

static enum fate fate_of(const struct fault *fault, const struct shape *shape)
{
    return fault->except != NULL && strstr(fault->except, shape->exchange) != NULL ? fault->other : fault->fate;
}

/* The answer of three rows whose middle one has the fault; `good` are the values of the others. */
static void make_body(char body[BODY_SIZE], const struct shape *shape, const struct fault *fault,
                      const struct values *good)
{
    body[0] = '\0';
    append(body, shape->head);
    for (int i = 0; i < ROWS; i++) {
        static const char *const names[ROWS] = {"\"N1\"", "\"N2\"", "\"N3\""};
        struct values values = *good;
        bool bad = i == BAD;
        int told = bad && fault->mark == 0 && fault->text == NULL ? 0 : i; /* the one before again */
        values.of['n'] = names[told];
        values.of['t'] = shape->times[told];
        values.of['e'] = shape->ends[told];
        if (bad && fault->mark != 0)
            values.of[(unsigned char)fault->mark] = fault->mark == 't' && fault->text == NULL ? shape->off_grid : fault->text;
        append(body, i > 0 ? "," : "");
        const char *brace = shape->row[0] == '[' ? "[]" : "{}";
        bool keyed = shape->row[0] == '@'; /* Kraken's rows have their name in front */
        if (bad && fault->mark == 0 && fault->text != NULL) {
            append(body, keyed ? "\"N2\":" : "");
            append(body, fault->text[0] == '\0' ? brace : fault->text);
        } else {
            append_filled(body, shape->row, &values);
        }
    }
    append(body, shape->tail);
}

static void tell(const struct shape *shape, const char *reader, const struct fault *fault, const struct rows *rows)
{
    static const char *const outcomes[] = {"passed over", "read", "handed to the check"};
    printf("  %-9s %-11s %-22s %-20s %s\n", shape->exchange, reader, fault->name, outcomes[fate_of(fault, shape)],
           rows->refused > 0 ? rows->why : "");
}

static void check_refusal(const struct shape *shape, const struct fault *fault, const struct rows *rows)
{
    bool refused = fate_of(fault, shape) == REFUSED;
    CU_ASSERT_EQUAL(rows->refused, refused ? 1 : 0);
    CU_ASSERT_EQUAL(rows->count, refused ? ROWS - 1 : ROWS);
    if (rows->count != (refused ? ROWS - 1 : ROWS))
        printf("%s: %s: %zu rows, %zu refused: %s\n", shape->exchange, fault->name, rows->count, rows->refused, rows->why);
    if (refused && fault->why != NULL && strstr(rows->why, fault->why) == NULL) {
        printf("%s: %s: '%s' lacks '%s'\n", shape->exchange, fault->name, rows->why, fault->why);
        CU_FAIL("why");
    }
}

/* ---- candles ---- */

static const struct shape candles[] = {
    {"binance", "[", "[@t,@o,@h,@l,@c,@v,@e,\"1\",2,\"1\",\"1\",\"0\"]", "]", {"60000", "120000", "180000"},
     {"119999", "179999", "239999"}, "134789"},
    {"kraken", "{\"error\":[],\"result\":{\"N\":[", "[@t,@o,@h,@l,@c,\"1\",@v,2]", "],\"last\":60}}", {"60", "120", "180"},
     {NULL}, "134"},
    {"okx", "{\"code\":\"0\",\"msg\":\"\",\"data\":[", "[@t,@o,@h,@l,@c,@v,\"1\",\"1\",\"1\"]", "]}",
     {"\"180000\"", "\"120000\"", "\"60000\""}, {NULL}, "\"134789\""},
    {"bybit", "{\"retCode\":0,\"retMsg\":\"OK\",\"result\":{\"category\":\"spot\",\"symbol\":\"N\",\"list\":[",
     "[@t,@o,@h,@l,@c,@v,\"1\"]", "]},\"retExtInfo\":{},\"time\":1}", {"\"180000\"", "\"120000\"", "\"60000\""}, {NULL},
     "\"134789\""},
    {"coinbase", "{\"candles\":[", "{\"start\":@t,\"low\":@l,\"high\":@h,\"open\":@o,\"close\":@c,\"volume\":@v}", "]}",
     {"\"180\"", "\"120\"", "\"60\""}, {NULL}, "\"134\""},
};

static const struct fault candle_faults[] = {
    {"null", 'c', "null", REFUSED, NULL, REFUSED, "null"},
    {"an empty text", 'c', "\"\"", REFUSED, NULL, REFUSED, NULL},
    {"NaN", 'v', "\"NaN\"", REFUSED, NULL, REFUSED, "NaN"},
    {"NaN without quotes", 'v', "NaN", REFUSED, NULL, REFUSED, "NaN"},
    {"a negative number", 'v', "\"-1\"", REFUSED, NULL, REFUSED, "negative"},
    {"a price above 63 bits", 'h', "\"9223372036854775808\"", REFUSED, NULL, REFUSED, "63 bits"},
    {"a volume above 63 bits", 'v', "\"98765432109876.123456789\"", REFUSED, NULL, REFUSED, "63 bits"},
    {"an object for a number", 'o', "{\"a\":[1,2]}", REFUSED, NULL, REFUSED, NULL},
    {"too few fields", 0, "", REFUSED, NULL, REFUSED, NULL},
    {"a number for the row", 0, "7", REFUSED, NULL, REFUSED, "7"},
    {"null for the row", 0, "null", REFUSED, NULL, REFUSED, "null"},
    {"the row before, twice", 0, NULL, REFUSED, NULL, REFUSED, "twice"},
    {"an exponent", 'c', "\"1.5E0\"", READ, NULL, READ, NULL},
    {"a bare exponent", 'v', "1e-8", READ, NULL, READ, NULL},
    {"off the grid", 't', NULL, FOR_THE_CHECK, "binance", REFUSED, "from"},
    {"low above open", 'l', "\"9999\"", FOR_THE_CHECK, NULL, REFUSED, NULL},
    {"a price of 0", 'c', "\"0\"", FOR_THE_CHECK, NULL, REFUSED, NULL},
};

static void one_bad_candle_costs_itself(void)
{
    static const struct values good = {.of = {['o'] = "\"1\"", ['h'] = "\"2\"", ['l'] = "\"1\"", ['c'] = "\"1.5\"", ['v'] = "\"7\""}};
    static struct rows rows;
    for (size_t i = 0; i < sizeof candles / sizeof candles[0]; i++)
        for (size_t f = 0; f < sizeof candle_faults / sizeof candle_faults[0]; f++) {
            char body[BODY_SIZE];
            rows = (struct rows){.interval_s = 60};
            make_body(body, &candles[i], &candle_faults[f], &good);
            struct exchange_answer answer = answer_of(200, body);
            const struct exchange *exchange = adapter(candles[i].exchange);
            CU_ASSERT_EQUAL(exchange->judge(&answer), EXCHANGE_OK);
            CU_ASSERT_EQUAL(exchange->read_candles(&answer, 60, keep_candle, note_refused, &rows), 0);
            check_refusal(&candles[i], &candle_faults[f], &rows);
            enum fate fate = fate_of(&candle_faults[f], &candles[i]);
            CU_ASSERT_EQUAL(rows.impossible, fate == FOR_THE_CHECK ? 1 : 0);
            CU_ASSERT(fate != REFUSED || candle_faults[f].mark == 0 || rows.refused_ms == 120000 || rows.refused_ms == 134789);
            CU_ASSERT(rows.candles[0].open_time_ms == 60000 || candle_faults[f].text == NULL);
            CU_ASSERT(rows.count == 0 || rows.candles[rows.count - 1].open_time_ms == 180000 || candle_faults[f].text == NULL);
            tell(&candles[i], "candles", &candle_faults[f], &rows);
        }
}

/* ---- tickers ---- */

static const struct shape tickers[] = {
    {.exchange = "binance", .head = "[", .tail = "]",
     .row = "{\"symbol\":@n,\"bidPrice\":@b,\"askPrice\":@a,\"lastPrice\":@l,\"quoteVolume\":@v}"},
    {.exchange = "kraken", .head = "{\"error\":[],\"result\":{", .tail = "}}",
     .row = "@n:{\"a\":[@a,\"1\"],\"b\":[@b,\"1\"],\"c\":[@l,\"1\"],\"v\":[\"1\",@v],\"p\":[\"1\",\"1\"]}"},
    {.exchange = "okx", .head = "{\"code\":\"0\",\"msg\":\"\",\"data\":[", .tail = "]}",
     .row = "{\"instId\":@n,\"last\":@l,\"askPx\":@a,\"bidPx\":@b,\"volCcy24h\":@v,\"ts\":\"1\"}"},
    {.exchange = "bybit", .head = "{\"retCode\":0,\"retMsg\":\"OK\",\"result\":{\"list\":[", .tail = "]},\"time\":1}",
     .row = "{\"symbol\":@n,\"bid1Price\":@b,\"ask1Price\":@a,\"lastPrice\":@l,\"turnover24h\":@v}"},
    {.exchange = "coinbase", .head = "{\"products\":[", .tail = "]}",
     .row = "{\"product_id\":@n,\"price\":@l,\"best_bid_price\":@b,\"best_ask_price\":@a,\"volume_24h\":@v}"},
};

static const char none_is_zero[] = "okx bybit coinbase"; /* they say so where there is no price */

static const struct fault ticker_faults[] = {
    {"null", 'b', "null", REFUSED, none_is_zero, READ, "null"},
    {"an empty text", 'b', "\"\"", REFUSED, none_is_zero, READ, NULL},
    {"NaN", 'l', "\"NaN\"", REFUSED, NULL, REFUSED, "NaN"},
    {"a negative number", 'a', "\"-1\"", REFUSED, NULL, REFUSED, "negative"},
    {"above 63 bits", 'l', "\"1e30\"", REFUSED, NULL, REFUSED, NULL},
    {"a list for a number", 'l', "[[1]]", REFUSED, NULL, REFUSED, NULL},
    {"no members", 0, "", REFUSED, NULL, REFUSED, "no member"},
    {"a number for the row", 0, "7", REFUSED, NULL, REFUSED, "7"},
    {"null for the row", 0, "null", REFUSED, NULL, REFUSED, "null"},
    {"no volume", 'v', "null", READ, NULL, READ, NULL},
    {"a volume that is none", 'v', "\"many\"", REFUSED, NULL, REFUSED, "many"},
    {"an exponent", 'l', "\"1.23E-6\"", READ, NULL, READ, NULL},
    {"a bare exponent", 'b', "1e-8", READ, NULL, READ, NULL},
    {"a volume's exponent", 'v', "\"1.2345E7\"", READ, NULL, READ, NULL},
};

static void one_bad_ticker_costs_itself(void)
{
    static const struct values good = {.of = {['b'] = "\"1\"", ['a'] = "\"2\"", ['l'] = "\"1.5\"", ['v'] = "\"7\""}};
    for (size_t i = 0; i < sizeof tickers / sizeof tickers[0]; i++)
        for (size_t f = 0; f < sizeof ticker_faults / sizeof ticker_faults[0]; f++) {
            char body[BODY_SIZE];
            struct rows rows = {.wanted = "N3"};
            make_body(body, &tickers[i], &ticker_faults[f], &good);
            struct exchange_answer answer = answer_of(200, body);
            CU_ASSERT_EQUAL(adapter(tickers[i].exchange)->read_tickers(&answer, keep_ticker, note_refused, &rows), 0);
            check_refusal(&tickers[i], &ticker_faults[f], &rows);
            CU_ASSERT_EQUAL(rows.ticker.last, 15);
            tell(&tickers[i], "tickers", &ticker_faults[f], &rows);
        }
}

/* ---- instruments ---- */

static const struct shape instruments[] = {
    {.exchange = "binance", .head = "{\"symbols\":[", .tail = "]}",
     .row = "{\"symbol\":@n,\"status\":@s,\"baseAsset\":\"A\",\"quoteAsset\":\"B\",\"filters\":[{\"filterType\":\"PRICE_FILTER\","
            "\"tickSize\":@t},{\"filterType\":\"LOT_SIZE\",\"stepSize\":\"1\",\"minQty\":@q,\"maxQty\":@m}]}"},
    {.exchange = "kraken", .head = "{\"error\":[],\"result\":{", .tail = "}}",
     .row = "@n:{\"wsname\":\"A/B\",\"base\":\"A\",\"pair_decimals\":2,\"lot_decimals\":8,\"tick_size\":@t,\"ordermin\":@q,"
            "\"status\":@s}"},
    {.exchange = "okx", .head = "{\"code\":\"0\",\"msg\":\"\",\"data\":[", .tail = "]}",
     .row = "{\"instId\":@n,\"baseCcy\":\"A\",\"quoteCcy\":\"B\",\"tickSz\":@t,\"lotSz\":\"1\",\"minSz\":@q,\"maxLmtSz\":@m,"
            "\"state\":@s,\"instType\":\"SPOT\"}"},
    {.exchange = "bybit", .head = "{\"retCode\":0,\"retMsg\":\"OK\",\"result\":{\"list\":[", .tail = "]},\"time\":1}",
     .row = "{\"symbol\":@n,\"baseCoin\":\"A\",\"quoteCoin\":\"B\",\"status\":@s,\"lotSizeFilter\":{\"basePrecision\":\"1\","
            "\"minOrderQty\":@q,\"maxOrderQty\":@m},\"priceFilter\":{\"tickSize\":@t}}"},
    {.exchange = "coinbase", .head = "{\"products\":[", .tail = "]}",
     .row = "{\"product_id\":@n,\"base_currency_id\":\"A\",\"quote_currency_id\":\"B\",\"status\":@s,\"quote_increment\":@t,"
            "\"base_increment\":\"1\",\"base_min_size\":@q,\"base_max_size\":@m}"},
};

static const struct fault instrument_faults[] = {
    {"a tick size of 1E-8", 't', "\"1E-8\"", READ, NULL, READ, NULL},
    {"a bare 1e-8", 'q', "1e-8", READ, NULL, READ, NULL},
    {"a status of null", 's', "null", REFUSED, NULL, REFUSED, "null"},
    {"a limit above 63 bits", 'm', "\"92233720368547758070.00\"", READ, NULL, READ, NULL},
    {"a limit that is none", 'm', "\"lots\"", REFUSED, "kraken", READ, "lots"}, /* Kraken has no such limit */
    {"a tick size of NaN", 't', "\"NaN\"", REFUSED, NULL, REFUSED, "NaN"},
    {"a negative tick size", 't', "\"-1\"", REFUSED, NULL, REFUSED, NULL},
    {"a smallest above 63 bits", 'q', "\"92233720368547758070\"", REFUSED, NULL, REFUSED, NULL},
    {"a list for a number", 't', "[[1]]", REFUSED, NULL, REFUSED, NULL},
    {"no members", 0, "", REFUSED, NULL, REFUSED, "no member"},
    {"a number for the row", 0, "7", REFUSED, NULL, REFUSED, "7"},
    {"null for the row", 0, "null", REFUSED, NULL, REFUSED, "null"},
};

static void one_bad_market_costs_itself(void)
{
    static const struct values good = {.of = {['q'] = "\"1\"", ['m'] = "\"5\"", ['s'] = "\"TRADING\"", ['t'] = "\"0.1\""}};
    for (size_t i = 0; i < sizeof instruments / sizeof instruments[0]; i++)
        for (size_t f = 0; f < sizeof instrument_faults / sizeof instrument_faults[0]; f++) {
            char body[BODY_SIZE], next[EXCHANGE_CURSOR_SIZE];
            struct rows rows = {.wanted = "N2"};
            struct shape shape = instruments[i];
            for (int k = 0; k < ROWS; k++)
                shape.times[k] = good.of['t']; /* the mark of a candle's time is here that of the tick size */
            make_body(body, &shape, &instrument_faults[f], &good);
            struct exchange_answer answer = answer_of(200, body);
            const struct exchange *exchange = adapter(shape.exchange);
            CU_ASSERT_EQUAL(exchange->read_instruments(&answer, keep_instrument, note_refused, &rows, next), 0);
            check_refusal(&shape, &instrument_faults[f], &rows);
            CU_ASSERT_STRING_EQUAL(next, "");
            if (instrument_faults[f].mark == 'm' && rows.refused == 0)
                CU_ASSERT_EQUAL(rows.instrument.maximum_quantity, 0);
            tell(&shape, "instruments", &instrument_faults[f], &rows);
        }
}

/* A list without one good row is a format that is not known, not a list without markets. */
static void a_list_of_bad_markets_is_none(void)
{
    static const struct fault fault = {.name = "nothing", .mark = 0, .text = "7"};
    static const struct values bad = {.of = {['q'] = "[]", ['m'] = "[]", ['s'] = "[]"}};
    for (size_t i = 0; i < sizeof instruments / sizeof instruments[0]; i++) {
        char body[BODY_SIZE], next[EXCHANGE_CURSOR_SIZE];
        struct rows rows = {0};
        struct shape shape = instruments[i];
        for (int k = 0; k < ROWS; k++)
            shape.times[k] = "[]";
        make_body(body, &shape, &fault, &bad);
        struct exchange_answer answer = answer_of(200, body);
        int code = adapter(shape.exchange)->read_instruments(&answer, keep_instrument, note_refused, &rows, next);
        CU_ASSERT_EQUAL(code, ERROR_PROTOCOL);
        CU_ASSERT(rows.refused == ROWS && strstr(error_message(), "none of 3 rows") != NULL);
    }
}

/* ---- streams ---- */

static const struct shape streams[] = {
    {"binance", "", "{\"e\":\"kline\",\"E\":1,\"s\":\"N2\",\"k\":{\"t\":@t,\"T\":@e,\"i\":\"1m\",\"x\":true,\"o\":@o,\"h\":@h,"
     "\"l\":@l,\"c\":@c,\"v\":@v}}", "", {"60000", "120000", "180000"}, {"119999", "179999", "239999"}, "134789"},
    {"kraken", "{\"channel\":\"ohlc\",\"data\":[", "{\"symbol\":@n,\"open\":@o,\"high\":@h,\"low\":@l,\"close\":@c,"
     "\"volume\":@v,\"interval\":1,\"interval_begin\":@t}", "]}",
     {"\"1970-01-01T00:01:00Z\"", "\"1970-01-01T00:02:00Z\"", "\"1970-01-01T00:03:00Z\""}, {NULL}, NULL},
    {"okx", "{\"arg\":{\"channel\":\"candle1m\",\"instId\":\"N2\"},\"data\":[", "[@t,@o,@h,@l,@c,@v,\"1\",\"1\",\"1\"]", "]}",
     {"\"60000\"", "\"120000\"", "\"180000\""}, {NULL}, NULL},
    {"bybit", "{\"topic\":\"kline.1.N2\",\"data\":[", "{\"start\":@t,\"end\":@e,\"confirm\":true,\"open\":@o,\"high\":@h,"
     "\"low\":@l,\"close\":@c,\"volume\":@v}", "],\"ts\":1,\"type\":\"snapshot\"}", {"60000", "120000", "180000"},
     {"119999", "179999", "239999"}, NULL},
    {"coinbase", "{\"channel\":\"candles\",\"events\":[{\"candles\":[", "{\"product_id\":@n,\"start\":@t,\"open\":@o,"
     "\"high\":@h,\"low\":@l,\"close\":@c,\"volume\":@v}", "]}]}", {"\"300\"", "\"600\"", "\"900\""}, {NULL}, NULL},
};

static const struct fault stream_faults[] = {
    {"null", 'c', "null", REFUSED, "coinbase", READ, "null"},
    {"NaN", 'v', "\"NaN\"", REFUSED, NULL, REFUSED, "NaN"},
    {"NaN without quotes", 'v', "NaN", REFUSED, NULL, REFUSED, "NaN"},
    {"a negative number", 'v', "\"-1\"", REFUSED, NULL, REFUSED, "negative"},
    {"above 63 bits", 'h', "\"9223372036854775808\"", REFUSED, NULL, REFUSED, NULL},
    {"a list for a number", 'o', "[[1]]", REFUSED, NULL, REFUSED, NULL},
    {"a time that is none", 't', "\"soon\"", REFUSED, NULL, REFUSED, "soon"},
    {"an exponent", 'c', "\"1.5E0\"", READ, NULL, READ, NULL},
    {"a bare exponent", 'v', "1e-8", READ, NULL, READ, NULL},
};

/* Binance's messages are one event each: the bad one stands alone. */
static void one_bad_candle_of_a_stream_costs_itself(void)
{
    static const struct values good = {.of = {['o'] = "\"1\"", ['h'] = "\"2\"", ['l'] = "\"1\"", ['c'] = "\"1.5\"", ['v'] = "\"7\""}};
    for (size_t i = 0; i < sizeof streams / sizeof streams[0]; i++)
        for (size_t f = 0; f < sizeof stream_faults / sizeof stream_faults[0]; f++) {
            const struct fault *fault = &stream_faults[f];
            const struct shape *shape = &streams[i];
            char body[BODY_SIZE] = "";
            struct said said;
            struct values values = good;
            bool alone = shape->head[0] == '\0', refused = fate_of(fault, shape) == REFUSED;
            values.of['t'] = shape->times[BAD];
            values.of['e'] = shape->ends[BAD];
            values.of[(unsigned char)fault->mark] = fault->text;
            if (alone)
                append_filled(body, shape->row, &values);
            else
                make_body(body, shape, fault, &good);
            CU_ASSERT_EQUAL(hear(shape->exchange, body, &said), 0);
            CU_ASSERT_EQUAL(said.refused, refused);
            CU_ASSERT_EQUAL(said.candles, (alone ? 1 : ROWS) - refused);
            CU_ASSERT(!refused || strcasecmp(said.refused_name, "N2") == 0);
            CU_ASSERT(!refused || fault->why == NULL || strstr(said.refused_why, fault->why) != NULL);
            struct rows rows = {.refused = refused};
            (void)snprintf(rows.why, sizeof rows.why, "%s", said.refused_why);
            tell(shape, "stream", fault, &rows);
        }
}

/* ---- the whole answer ---- */

/* A row may be to blame only where the document goes on: one that is no JSON is refused as a whole. */
static void what_is_no_json_is_refused_as_a_whole(void)
{
    static const char *const texts[] = {"1}", "1]", "\"", "1,,", ":", "1 2"};
    static const struct values good = {.of = {['o'] = "\"1\"", ['h'] = "\"2\"", ['l'] = "\"1\"", ['v'] = "\"7\""}};
    static struct rows rows;
    for (size_t i = 0; i < sizeof candles / sizeof candles[0]; i++)
        for (size_t t = 0; t < sizeof texts / sizeof texts[0]; t++) {
            const struct fault fault = {.name = "no JSON", .mark = 'c', .text = texts[t]};
            struct values values = good;
            char body[BODY_SIZE];
            values.of['c'] = "\"1.5\"";
            rows = (struct rows){.interval_s = 60};
            make_body(body, &candles[i], &fault, &values);
            struct exchange_answer answer = answer_of(200, body);
            int code = adapter(candles[i].exchange)->read_candles(&answer, 60, keep_candle, note_refused, &rows);
            if (code == 0)
                printf("taken: %s\n", body);
            CU_ASSERT_EQUAL(code, ERROR_PROTOCOL);
            CU_ASSERT_EQUAL(rows.count, 0);
        }
}

static void pages_are_quoted(void)
{
    static const struct {
        int status;
        const char *body, *words;
    } pages[] = {
        {200, "<html><head><title>Sorry</title><style>p {x}</style></head><body>We are under\n maintenance</body></html>",
         "HTTP 200: no answer of "},
        {200, "<!DOCTYPE html><html><head><script>var a = '<p>';</script></head><body><h1>Back soon</h1>", ": Back soon"},
        {302, "<html><body>Moved</body></html>", "HTTP 302, a redirect: no answer of "},
        {302, "<html><body>Moved</body></html>", ": Moved"},
        {403, "<html><body>The request could not be satisfied.</body></html>", ": The request could not be satisfied."},
        {451, "blocked \x01\x1b[31m in your country", ": blocked ??[31m in your country"},
        {503, "upstream connect error", ": upstream connect error"},
        {202, "", ": an empty body"},
        {522, "<html></html>", ": a page without words"},
    };
    for (size_t i = 0; i < exchange_count; i++)
        for (size_t p = 0; p < sizeof pages / sizeof pages[0]; p++) {
            struct exchange_answer answer = answer_of(pages[p].status, pages[p].body);
            CU_ASSERT_NOT_EQUAL(exchanges[i]->judge(&answer), EXCHANGE_OK);
            if (strstr(error_message(), pages[p].words) == NULL) {
                printf("%s: %s\n", exchanges[i]->name, error_message());
                CU_FAIL("words");
            }
        }
}

/* Behind the body is a page that nobody may read: it ends wherever it likes, and nothing behind it is looked at. */
static void a_page_may_end_anywhere(void)
{
    static const char page[] = "<html><script>a</b</script><style>x</style>Back soon<";
    size_t size = (size_t)sysconf(_SC_PAGESIZE);
    char *pages = mmap(NULL, 2 * size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CU_ASSERT_TRUE_FATAL(pages != MAP_FAILED && mprotect(pages + size, size, PROT_NONE) == 0);
    for (size_t length = 0; length < sizeof page; length++) {
        struct exchange_answer answer = {.status = 503, .body = pages + size - length, .size = length};
        memcpy(pages + size - length, page, length);
        for (size_t i = 0; i < exchange_count; i++)
            CU_ASSERT_NOT_EQUAL(exchanges[i]->judge(&answer), EXCHANGE_OK);
    }
    CU_ASSERT_EQUAL(munmap(pages, 2 * size), 0);
}

static void an_error_beside_a_result_costs_one_pair(void)
{
    static const char body[] = "{\"error\":[\"EQuery:Unknown asset pair\"],\"result\":{\"N1\":{\"a\":[\"2\"],\"b\":[\"1\"],"
                               "\"c\":[\"1.5\"]}}}";
    struct rows rows = {.wanted = "N1"};
    struct exchange_answer answer = answer_of(200, body);
    CU_ASSERT_EQUAL(adapter("kraken")->judge(&answer), EXCHANGE_OK);
    CU_ASSERT_EQUAL(adapter("kraken")->read_tickers(&answer, keep_ticker, note_refused, &rows), 0);
    CU_ASSERT(rows.count == 1 && rows.ticker.last == 15 && rows.refused == 1);
    CU_ASSERT_STRING_EQUAL(rows.why, "EQuery:Unknown asset pair");
    answer = answer_of(200, "{\"error\":[\"EQuery:Unknown asset pair\"],\"result\":{}}");
    CU_ASSERT_EQUAL(adapter("kraken")->judge(&answer), EXCHANGE_UNKNOWN);
    answer = answer_of(200, "{\"error\":[\"EService:Busy\"],\"result\":{\"N1\":{}}}");
    CU_ASSERT_EQUAL(adapter("kraken")->judge(&answer), EXCHANGE_RETRY);
}

static void pages_of_a_list_are_followed(void)
{
    static const struct {
        const char *exchange, *body, *next, *url;
    } lists[] = {
        {"bybit", "{\"retCode\":0,\"result\":{\"list\":[],\"nextPageCursor\":\"first%3DC&x= \"},\"time\":1}", "first%3DC&x= ",
         "https://e.test/v5/market/instruments-info?category=spot&cursor=first%3DC%26x%3D%20"},
        {"bybit", "{\"retCode\":0,\"result\":{\"nextPageCursor\":\"\",\"list\":[]},\"time\":1}", "", NULL},
        {"bybit", "{\"retCode\":0,\"result\":{\"nextPageCursor\":null,\"list\":[]},\"time\":1}", "", NULL},
        {"coinbase", "{\"products\":[],\"pagination\":{\"next_cursor\":\"a+b=\",\"has_next\":true}}", "a+b=",
         "https://e.test/api/v3/brokerage/market/products?product_type=SPOT&cursor=a%2Bb%3D"},
        {"coinbase", "{\"products\":[],\"pagination\":{\"next_cursor\":\"abc\",\"has_next\":false}}", "", NULL},
    };
    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++) {
        char next[EXCHANGE_CURSOR_SIZE];
        struct rows rows = {0};
        struct exchange_request request;
        const struct exchange *exchange = adapter(lists[i].exchange);
        struct exchange_answer answer = answer_of(200, lists[i].body);
        CU_ASSERT_EQUAL(exchange->read_instruments(&answer, keep_instrument, note_refused, &rows, next), 0);
        CU_ASSERT_STRING_EQUAL(next, lists[i].next);
        CU_ASSERT_EQUAL(exchange->instruments_request("https://e.test", next, &request), 0);
        CU_ASSERT(lists[i].url == NULL || strcmp(request.url, lists[i].url) == 0);
    }
}

const char *const suite_name = "exchanges, one bad row";

const struct test suite_tests[] = {
    {"one bad candle costs itself", one_bad_candle_costs_itself},
    {"one bad ticker costs itself", one_bad_ticker_costs_itself},
    {"one bad market costs itself", one_bad_market_costs_itself},
    {"a list of bad markets is none", a_list_of_bad_markets_is_none},
    {"one bad candle of a stream costs itself", one_bad_candle_of_a_stream_costs_itself},
    {"what is no JSON is refused as a whole", what_is_no_json_is_refused_as_a_whole},
    {"pages are quoted", pages_are_quoted},
    {"a page may end anywhere", a_page_may_end_anywhere},
    {"an error beside a result costs one pair", an_error_beside_a_result_costs_one_pair},
    {"pages of a list are followed", pages_of_a_list_are_followed},
    {NULL, NULL},
};
