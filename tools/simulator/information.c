/* Endpoints about the exchange itself: ping, time, exchangeInfo. */
/* SPDX-License-Identifier: MIT */
#include "tools/simulator/api.h"

int answer_ping(struct api_call *call)
{
    text_add(call->body, "{}");
    return 200;
}

int answer_time(struct api_call *call)
{
    text_add(call->body, "{\"serverTime\":");
    text_add_integer(call->body, call->now_ms);
    text_add(call->body, "}");
    return 200;
}

/* ---- exchangeInfo ---- */

static void add_limits(struct text *out)
{
    text_add(out, "[{\"rateLimitType\":\"REQUEST_WEIGHT\",\"interval\":\"MINUTE\",\"intervalNum\":1,\"limit\":");
    text_add_integer(out, WEIGHT_LIMIT);
    text_add(out, "},{\"rateLimitType\":\"ORDERS\",\"interval\":\"SECOND\",\"intervalNum\":10,\"limit\":100},"
                  "{\"rateLimitType\":\"ORDERS\",\"interval\":\"DAY\",\"intervalNum\":1,\"limit\":200000},"
                  "{\"rateLimitType\":\"RAW_REQUESTS\",\"interval\":\"MINUTE\",\"intervalNum\":5,\"limit\":61000}]");
}

static void add_names(struct text *out, const struct market_symbol *symbol, enum symbol_state state)
{
    text_add(out, "{\"symbol\":");
    text_add_json(out, symbol->name);
    text_add(out, state == SYMBOL_HALTED ? ",\"status\":\"BREAK\"" : ",\"status\":\"TRADING\"");
    text_add(out, ",\"baseAsset\":");
    text_add_json(out, symbol->base);
    text_add(out, ",\"baseAssetPrecision\":8,\"quoteAsset\":");
    text_add_json(out, symbol->quote);
    text_add(out, ",\"quotePrecision\":8,\"quoteAssetPrecision\":8,\"baseCommissionPrecision\":8,"
                  "\"quoteCommissionPrecision\":8,\"orderTypes\":[\"LIMIT\",\"LIMIT_MAKER\",\"MARKET\","
                  "\"STOP_LOSS\",\"STOP_LOSS_LIMIT\",\"TAKE_PROFIT\",\"TAKE_PROFIT_LIMIT\"],"
                  "\"icebergAllowed\":true,\"ocoAllowed\":true,\"otoAllowed\":true,\"opoAllowed\":true,"
                  "\"quoteOrderQtyMarketAllowed\":true,\"allowTrailingStop\":true,\"cancelReplaceAllowed\":true,"
                  "\"amendAllowed\":true,\"pegInstructionsAllowed\":true,\"isSpotTradingAllowed\":true,"
                  "\"isMarginTradingAllowed\":false,");
}

static void add_filters(struct text *out, const struct market_symbol *symbol)
{
    enum { PRICE_MAX = 100000000 };
    text_add(out, "\"filters\":[{\"filterType\":\"PRICE_FILTER\",\"minPrice\":");
    text_add_amount(out, 1, symbol->price_scale);
    text_add(out, ",\"maxPrice\":");
    text_add_amount(out, PRICE_MAX, 0);
    text_add(out, ",\"tickSize\":");
    text_add_amount(out, 1, symbol->price_scale);
    text_add(out, "},{\"filterType\":\"LOT_SIZE\",\"minQty\":");
    text_add_amount(out, 1, symbol->volume_scale);
    text_add(out, ",\"maxQty\":\"9000000000.00000000\",\"stepSize\":");
    text_add_amount(out, 1, symbol->volume_scale);
    text_add(out, "},{\"filterType\":\"ICEBERG_PARTS\",\"limit\":10},"
                  "{\"filterType\":\"MARKET_LOT_SIZE\",\"minQty\":\"0.00000000\",\"maxQty\":\"9000000000.00000000\","
                  "\"stepSize\":\"0.00000000\"},"
                  "{\"filterType\":\"TRAILING_DELTA\",\"minTrailingAboveDelta\":10,\"maxTrailingAboveDelta\":2000,"
                  "\"minTrailingBelowDelta\":10,\"maxTrailingBelowDelta\":2000},"
                  "{\"filterType\":\"PERCENT_PRICE_BY_SIDE\",\"bidMultiplierUp\":\"5\",\"bidMultiplierDown\":\"0.2\","
                  "\"askMultiplierUp\":\"5\",\"askMultiplierDown\":\"0.2\",\"avgPriceMins\":5},"
                  "{\"filterType\":\"NOTIONAL\",\"minNotional\":");
    text_add_amount(out, market_least_notional(symbol->quote), 8);
    text_add(out, ",\"applyMinToMarket\":true,\"maxNotional\":\"9000000.00000000\",\"applyMaxToMarket\":false,"
                  "\"avgPriceMins\":5},{\"filterType\":\"MAX_NUM_ORDERS\",\"maxNumOrders\":200},"
                  "{\"filterType\":\"MAX_NUM_ALGO_ORDERS\",\"maxNumAlgoOrders\":5}],");
}

static void add_symbol(struct api_call *call, size_t index)
{
    const struct market *market = call->simulator->market;
    struct text *out = call->body;
    add_names(out, &market->symbols[index], symbol_state(market, index, call->now_ms));
    add_filters(out, &market->symbols[index]);
    text_add(out, "\"permissions\":[],\"permissionSets\":[[\"SPOT\"]],"
                  "\"defaultSelfTradePreventionMode\":\"EXPIRE_MAKER\",\"allowedSelfTradePreventionModes\":"
                  "[\"EXPIRE_TAKER\",\"EXPIRE_MAKER\",\"EXPIRE_BOTH\",\"DECREMENT\"]}");
}

int answer_exchange_information(struct api_call *call)
{
    struct selection selection;
    int status = api_read_symbols(call, &selection);
    if (status != 0)
        return status;
    struct text *out = call->body;
    text_add(out, "{\"timezone\":\"UTC\",\"serverTime\":");
    text_add_integer(out, call->now_ms);
    text_add(out, ",\"rateLimits\":");
    add_limits(out);
    text_add(out, ",\"exchangeFilters\":[],\"symbols\":[");
    for (size_t i = 0; i < selection.count; i++) {
        if (i > 0)
            text_add(out, ",");
        add_symbol(call, selection.symbols[i]);
    }
    text_add(out, "]}");
    return 200;
}
