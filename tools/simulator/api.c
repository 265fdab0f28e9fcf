/* The table of endpoints with their weights, and how parameters are read and errors told. */
/* SPDX-License-Identifier: MIT */
#include "tools/simulator/api.h"

#include "lib/base/decimal.h"

#include <assert.h>
#include <string.h>

/* ---- errors ---- */

static const struct {
    int code, status;
    const char *message;
} error_rows[API_ERRORS] = {
#define API_ERROR(name, code, status, message) {code, status, message},
#include "tools/simulator/api_errors.def"
#undef API_ERROR
};

int api_fail(struct api_call *call, enum api_error error, const char *parameter, const char *allowed)
{
    const char *fillings[] = {parameter, allowed};
    struct text message = {0};
    size_t filled = 0;
    for (const char *at = error_rows[error].message; *at != '\0'; at++) {
        if (*at == '%') {
            assert(filled < 2 && fillings[filled] != NULL);
            text_add(&message, fillings[filled++]);
        } else {
            text_add_bytes(&message, at, 1);
        }
    }
    text_add_bytes(&message, "", 1);
    call->body->length = 0;
    text_add(call->body, "{\"code\":");
    text_add_integer(call->body, error_rows[error].code);
    text_add(call->body, ",\"msg\":");
    text_add_json(call->body, message.bytes);
    text_add(call->body, "}");
    text_release(&message);
    return error_rows[error].status;
}

/* ---- parameters ---- */

#define LEGAL_SYMBOL "^[A-Z0-9-_.]{1,20}$"
#define LEGAL_SYMBOLS "^\\[(\"[A-Z0-9-_.]{1,20}\"(,\"[A-Z0-9-_.]{1,20}\"){0,}){0,1}\\]$"
#define LEGAL_INTEGER "^[0-9]{1,20}$"

/* How many letters of a symbol the text begins with. */
static size_t symbol_length(const char *text)
{
    return strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.");
}

/* The index of a symbol that is listed now, or -1. */
static long find_present(const struct api_call *call, const char *name)
{
    const struct market *market = call->simulator->market;
    long symbol = market_find(market, name);
    return symbol >= 0 && symbol_state(market, (size_t)symbol, call->now_ms) == SYMBOL_ABSENT ? -1 : symbol;
}

static int find_symbol(struct api_call *call, const char *name, const char *parameter, size_t *out)
{
    if (*name == '\0')
        return api_fail(call, API_PARAMETER_EMPTY, parameter, NULL);
    size_t length = symbol_length(name);
    if (name[length] != '\0' || length >= MARKET_NAME_SIZE)
        return api_fail(call, API_ILLEGAL_CHARACTERS, parameter, LEGAL_SYMBOL);
    long symbol = find_present(call, name);
    if (symbol < 0)
        return api_fail(call, API_BAD_SYMBOL, NULL, NULL);
    *out = (size_t)symbol;
    return 0;
}

int api_read_symbol(struct api_call *call, size_t *out)
{
    const char *name = http_argument(call->request, "symbol");
    if (name == NULL)
        return api_fail(call, API_PARAMETER_MISSING, "symbol", NULL);
    return find_symbol(call, name, "symbol", out);
}

/* Takes `"NAME"` at *at; false if that is not what stands there. */
static bool take_quoted(const char **at, char name[MARKET_NAME_SIZE])
{
    size_t length = **at == '"' ? symbol_length(*at + 1) : 0;
    if (length == 0 || length >= MARKET_NAME_SIZE || (*at)[length + 1] != '"')
        return false;
    memcpy(name, *at + 1, length);
    name[length] = '\0';
    *at += length + 2;
    return true;
}

static int add_selected(struct api_call *call, const char *name, size_t *count)
{
    struct simulator *simulator = call->simulator;
    long symbol = find_present(call, name);
    if (symbol < 0)
        return api_fail(call, API_BAD_SYMBOL, NULL, NULL);
    if (simulator->marked[symbol])
        return api_fail(call, API_SYMBOL_TWICE, NULL, NULL);
    simulator->marked[symbol] = 1;
    simulator->selected[(*count)++] = (uint32_t)symbol;
    return 0;
}

/* Reads ["A","B"] into simulator->selected. */
static int read_list(struct api_call *call, const char *at, size_t *count)
{
    char name[MARKET_NAME_SIZE];
    int status = 0;
    if (*at == '\0')
        return api_fail(call, API_PARAMETER_EMPTY, "symbols", NULL);
    do {
        if ((*at != '[' && *at != ',') || !take_quoted((at++, &at), name))
            return api_fail(call, API_ILLEGAL_CHARACTERS, "symbols", LEGAL_SYMBOLS);
        status = add_selected(call, name, count);
    } while (status == 0 && *at == ',');
    if (status == 0 && strcmp(at, "]") != 0)
        return api_fail(call, API_ILLEGAL_CHARACTERS, "symbols", LEGAL_SYMBOLS);
    return status;
}

int api_read_symbols(struct api_call *call, struct selection *out)
{
    struct simulator *simulator = call->simulator;
    const char *single = http_argument(call->request, "symbol");
    const char *list = http_argument(call->request, "symbols");
    size_t symbol = 0, count = 0;
    int status = 0;
    if (single != NULL && list != NULL)
        return api_fail(call, API_BAD_COMBINATION, NULL, NULL);
    if (single != NULL) {
        status = find_symbol(call, single, "symbol", &symbol);
        simulator->selected[0] = (uint32_t)symbol;
        *out = (struct selection){.single = true, .count = 1, .symbols = simulator->selected};
    } else if (list != NULL) {
        status = read_list(call, list, &count);
        for (size_t i = 0; i < count; i++)
            simulator->marked[simulator->selected[i]] = 0;
        *out = (struct selection){.count = count, .symbols = simulator->selected};
    } else {
        for (size_t i = 0; i < simulator->market->symbol_count; i++)
            if (symbol_state(simulator->market, i, call->now_ms) != SYMBOL_ABSENT)
                simulator->selected[count++] = (uint32_t)i;
        *out = (struct selection){.count = count, .symbols = simulator->selected};
    }
    return status;
}

int api_count_symbols(const struct http_request *request)
{
    const char *list = http_argument(request, "symbols");
    if (list == NULL)
        return 0;
    int count = 1;
    for (; *list != '\0'; list++)
        count += *list == ',';
    return count;
}

int api_read_integer(struct api_call *call, const char *name, int64_t *value)
{
    const char *text = http_argument(call->request, name);
    if (text == NULL)
        return 0;
    if (*text == '\0')
        return api_fail(call, API_PARAMETER_EMPTY, name, NULL);
    struct decimal number;
    if (decimal_parse(text, strlen(text), &number) != 0 || number.scale != 0 || text[0] == '-' ||
        strchr(text, '.') != NULL)
        return api_fail(call, API_ILLEGAL_CHARACTERS, name, LEGAL_INTEGER);
    *value = number.mantissa < API_INTEGER_MAX ? number.mantissa : API_INTEGER_MAX;
    return 0;
}

int api_read_limit(struct api_call *call, size_t usual, size_t most, size_t *limit)
{
    int64_t value = (int64_t)usual;
    int status = api_read_integer(call, "limit", &value);
    if (status == 0 && value == 0)
        status = api_fail(call, API_BAD_VALUE, "limit", NULL);
    *limit = (size_t)value < most ? (size_t)value : most;
    return status;
}

/* ---- the table ---- */

static int weigh_1(const struct http_request *request)
{
    (void)request;
    return 1;
}

static int weigh_2(const struct http_request *request)
{
    (void)request;
    return 2;
}

static int weigh_4(const struct http_request *request)
{
    (void)request;
    return 4;
}

static int weigh_20(const struct http_request *request)
{
    (void)request;
    return 20;
}

static int weigh_tickers_24h(const struct http_request *request)
{
    int count = api_count_symbols(request);
    if (http_argument(request, "symbol") != NULL || (count >= 1 && count <= 20))
        return 2;
    return count >= 21 && count <= 100 ? 40 : 80;
}

static int weigh_tickers(const struct http_request *request)
{
    return http_argument(request, "symbol") != NULL ? 2 : 4;
}

static int weigh_depth(const struct http_request *request)
{
    const char *text = http_argument(request, "limit");
    struct decimal limit = {.mantissa = 100};
    if (text != NULL && decimal_parse(text, strlen(text), &limit) != 0)
        return 5;
    if (limit.mantissa <= 100)
        return 5;
    return limit.mantissa <= 500 ? 25 : limit.mantissa <= 1000 ? 50 : 250;
}

const struct endpoint endpoints[] = {
    {"GET", "/api/v3/ping", weigh_1, answer_ping},
    {"GET", "/api/v3/time", weigh_1, answer_time},
    {"GET", "/api/v3/exchangeInfo", weigh_20, answer_exchange_information},
    {"GET", "/api/v3/ticker/24hr", weigh_tickers_24h, answer_tickers_24h},
    {"GET", "/api/v3/ticker/price", weigh_tickers, answer_ticker_prices},
    {"GET", "/api/v3/ticker/bookTicker", weigh_tickers, answer_book_tickers},
    {"GET", "/api/v3/klines", weigh_2, answer_klines},
    {"GET", "/api/v3/aggTrades", weigh_4, answer_trades},
    {"GET", "/api/v3/depth", weigh_depth, answer_depth},
};

const size_t endpoint_count = sizeof endpoints / sizeof endpoints[0];

const struct endpoint *endpoint_find(const char *method, const char *path)
{
    const char *asked = strcmp(method, "HEAD") == 0 ? "GET" : method;
    for (size_t i = 0; i < endpoint_count; i++)
        if (strcmp(endpoints[i].path, path) == 0 && strcmp(endpoints[i].method, asked) == 0)
            return &endpoints[i];
    return NULL;
}
