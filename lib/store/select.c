/* What each kind of query reads. The columns are written out in the order of the record's fields. */
/* SPDX-License-Identifier: MIT */
#include "lib/store/select.h"

#include <assert.h>
#include <string.h>

#define ACCOUNT_COLUMNS                                                                                               \
    " time_ms, start, cash, inventory, realised, fees, unrealised, equity, exchange, quote_asset, mode"
#define OF_THE_ACCOUNT " WHERE exchange = $1 AND quote_asset = $8 AND mode = $9"

/* Ascending, though it is the newest that are wanted: the inner select finds the oldest of them in the index. */
static const char candles_sql[] =
    "SELECT open_time_ms, open, high, low, close, volume, price_scale, volume_scale FROM candles"
    " WHERE series_id = $7 AND open_time_ms < $5 AND open_time_ms >= coalesce("
    "  (SELECT open_time_ms FROM candles WHERE series_id = $7 AND open_time_ms >= $4 AND open_time_ms < $5"
    "   ORDER BY open_time_ms DESC LIMIT 1 OFFSET $6 - 1), $4)"
    " ORDER BY open_time_ms";

static const char series_starts_sql[] =
    "SELECT symbol, interval_s, fire_from_ms FROM series"
    " WHERE fire_from_ms IS NOT NULL AND ($1 = '' OR exchange = $1) AND ($2 = '-' OR symbol = $2)"
    "  AND ($3 = 0 OR interval_s = $3)"
    " ORDER BY symbol, interval_s";

/* A step in the index for either end of each series, however many candles there are; materialized, or each use of an
 * end would take the step anew. */
static const char coverages_sql[] =
    "WITH ends AS MATERIALIZED ("
    " SELECT id, symbol, interval_s,"
    "   (SELECT min(open_time_ms) FROM candles"
    "     WHERE series_id = series.id AND open_time_ms >= $4 AND open_time_ms < $5) AS oldest_ms,"
    "   (SELECT max(open_time_ms) FROM candles"
    "     WHERE series_id = series.id AND open_time_ms >= $4 AND open_time_ms < $5) AS newest_ms FROM series"
    "  WHERE ($1 = '' OR exchange = $1) AND ($2 = '-' OR symbol = $2) AND ($3 = 0 OR interval_s = $3))"
    "SELECT symbol, interval_s,"
    "  coalesce((SELECT min(first_open_ms) FROM candle_absences WHERE series_id = id AND first_open_ms < oldest_ms"
    "    AND first_open_ms >= $4),"
    "   oldest_ms),"
    "  newest_ms"
    " FROM ends WHERE oldest_ms IS NOT NULL ORDER BY symbol, interval_s LIMIT $6";

static const char absences_sql[] =
    "SELECT symbol, interval_s, first_open_ms, last_open_ms, reason FROM candle_absences"
    " JOIN series ON series.id = series_id"
    " WHERE last_open_ms >= $4 AND first_open_ms < $5 AND ($1 = '' OR exchange = $1) AND ($2 = '-' OR symbol = $2)"
    "  AND ($3 = 0 OR interval_s = $3)"
    " ORDER BY symbol, interval_s, first_open_ms LIMIT $6";

static const char signals_sql[] =
    "SELECT strategy, exchange, symbol, interval_s, candle_time_ms, side, price, price_scale, outcome, reason,"
    "  decided_ms FROM signals"
    " WHERE decided_ms >= $4 AND decided_ms < $5 AND ($1 = '' OR exchange = $1) AND ($2 = '-' OR symbol = $2)"
    "  AND ($3 = 0 OR interval_s = $3)"
    " ORDER BY decided_ms DESC, candle_time_ms DESC, symbol, strategy, exchange, interval_s LIMIT $6";

static const char orders_sql[] =
    "SELECT order_id, strategy, exchange, symbol, side, state, quantity, filled, quantity_scale, created_ms,"
    "  updated_ms, quote_asset, mode FROM orders"
    " WHERE created_ms >= $4 AND created_ms < $5 AND ($1 = '' OR exchange = $1) AND ($2 = '-' OR symbol = $2)"
    "  AND ($8 = '' OR quote_asset = $8 AND mode = $9)"
    " ORDER BY created_ms DESC, order_id LIMIT $6";

static const char fills_sql[] =
    "SELECT trade_id, order_id, strategy, exchange, symbol, side, price, price_scale, quantity, quantity_scale,"
    "  notional, fee, realised, time_ms, quote_asset, mode FROM fills"
    " WHERE time_ms >= $4 AND time_ms < $5 AND ($1 = '' OR exchange = $1) AND ($2 = '-' OR symbol = $2)"
    "  AND ($8 = '' OR quote_asset = $8 AND mode = $9)"
    " ORDER BY time_ms DESC, exchange, symbol, trade_id LIMIT $6";

/* Of one account: all points where the limit allows, else those that stand at or before $6 times spread evenly over the
 * range: a few steps in the index for each, however many points there are. */
static const char equity_sql[] =
    "WITH RECURSIVE"
    " span(first_ms, last_ms) AS ("
    "  SELECT min(time_ms), max(time_ms) FROM account_equity" OF_THE_ACCOUNT " AND time_ms >= $4 AND time_ms < $5),"
    " step(number) AS (SELECT 0 UNION ALL SELECT number + 1 FROM step WHERE number < $6 - 1),"
    " few(time_ms) AS ("
    "  SELECT time_ms FROM account_equity" OF_THE_ACCOUNT " AND time_ms >= $4 AND time_ms < $5 LIMIT $6 + 1),"
    " chosen(time_ms) AS ("
    "  SELECT (SELECT max(time_ms) FROM account_equity" OF_THE_ACCOUNT " AND time_ms >= first_ms"
    "   AND time_ms <= last_ms - coalesce((last_ms - first_ms) * number / nullif($6 - 1, 0), 0))"
    "   FROM span, step"
    "  UNION SELECT time_ms FROM few WHERE (SELECT count(*) FROM few) <= $6)"
    "SELECT" ACCOUNT_COLUMNS " FROM account_equity" OF_THE_ACCOUNT
    " AND time_ms IN (SELECT time_ms FROM chosen) ORDER BY time_ms";

/* Of any account of the exchange if none is named, as by a trader of the version before: each half is one step in an
 * index of its own. */
static const char newest_account_sql[] =
    "SELECT" ACCOUNT_COLUMNS " FROM ("
    "  SELECT * FROM account_equity" OF_THE_ACCOUNT " ORDER BY time_ms DESC LIMIT 1) AS own"
    " UNION ALL"
    " SELECT" ACCOUNT_COLUMNS " FROM ("
    "  SELECT * FROM account_equity WHERE $8 = '' AND exchange = $1 ORDER BY time_ms DESC LIMIT 1) AS newest";

static const char positions_sql[] =
    "SELECT exchange, symbol, strategy, quantity, quantity_scale, cost, realised, opened_ms, updated_ms, mark,"
    "  mark_scale, unrealised, quote_asset, mode FROM account_positions"
    " WHERE ($1 = '' OR exchange = $1) AND ($8 = '' OR quote_asset = $8 AND mode = $9)"
    " ORDER BY exchange, symbol, quote_asset, mode";

static const char open_orders_sql[] =
    "SELECT order_id, strategy, exchange, symbol, side, state, quantity, filled, quantity_scale, created_ms,"
    "  updated_ms, quote_asset, mode FROM orders"
    " WHERE state NOT IN ('filled', 'cancelled', 'expired', 'rejected') AND ($1 = '' OR exchange = $1)"
    "  AND ($8 = '' OR quote_asset = $8 AND mode = $9)"
    " ORDER BY created_ms, order_id";

#define PART_OF(member) offsetof(struct store_part, member)
#define ROWS(member) PART_OF(member##s), PART_OF(member##_count)

const struct select selects[] = {
    {QUERY_KIND_RECENT_CANDLES, "recent candles", candles_sql, RECORD_candle, ROWS(candle), true},
    {QUERY_KIND_CANDLES, "candles", candles_sql, RECORD_candle, ROWS(candle), true},
    {QUERY_KIND_SIGNALS, "signals", signals_sql, RECORD_signal_outcome, ROWS(outcome), false},
    {QUERY_KIND_ORDERS, "orders", orders_sql, RECORD_order, ROWS(order), false},
    {QUERY_KIND_FILLS, "fills", fills_sql, RECORD_fill, ROWS(fill), false},
    {QUERY_KIND_EQUITY, "equity", equity_sql, RECORD_account, ROWS(account), false},
    {QUERY_KIND_LEDGER, "newest account", newest_account_sql, RECORD_account, ROWS(account), false},
    {QUERY_KIND_LEDGER, "open positions", positions_sql, RECORD_position, ROWS(position), false},
    {QUERY_KIND_LEDGER, "open orders", open_orders_sql, RECORD_order, ROWS(order), false},
    {QUERY_KIND_SERIES_STARTS, "series starts", series_starts_sql, RECORD_series_start, PART_OF(series),
     PART_OF(series_count), false},
    {QUERY_KIND_COVERAGE, "coverage", coverages_sql, RECORD_series_coverage, ROWS(coverage), false},
    {QUERY_KIND_ABSENCES, "absences", absences_sql, RECORD_absence, ROWS(absence), false},
};

const size_t select_count = sizeof selects / sizeof selects[0];

static const struct select *next_of_kind(enum query_kind kind, size_t from)
{
    for (size_t i = from; i < select_count; i++)
        if (selects[i].kind == kind)
            return &selects[i];
    return NULL;
}

bool select_exists(enum query_kind kind)
{
    return next_of_kind(kind, 0) != NULL;
}

/* Whether there is one more statement, or one more series for it. */
static bool move(struct select_place *place, const struct series_map *map, const struct query *query)
{
    if (place->select == NULL)
        place->select = next_of_kind(query->kind, 0);
    else if (!place->select->for_each_series)
        place->select = next_of_kind(query->kind, (size_t)(place->select - selects) + 1);
    if (place->select == NULL || !place->select->for_each_series)
        return place->select != NULL;
    const struct series_entry *next = series_map_next(map, query, &place->next_series);
    place->series = next != NULL ? *next : (struct series_entry){0};
    return next != NULL;
}

bool select_place_next(struct select_place *place, const struct series_map *map, const struct query *query)
{
    place->ended = place->ended || query->limit == 0 || !move(place, map, query);
    return !place->ended;
}

struct select_parameters select_parameters_of(const struct query *query)
{
    int64_t limit = query->limit < STORE_ROWS_MAX ? (int64_t)query->limit : STORE_ROWS_MAX;
    return (struct select_parameters){
        .exchange = query->exchange,
        .symbol = query->symbol,
        .interval_s = query->interval_s,
        .from_ms = query->from_ms,
        .to_ms = query->to_ms > 0 ? query->to_ms : INT64_MAX,
        .limit = limit > 0 ? limit : 1,
        .quote_asset = query->quote_asset,
        .mode = account_mode_name(query->mode),
    };
}

struct cell select_parameter(const struct select_parameters *parameters, int i)
{
    const int64_t integers[SELECT_PARAMETERS] = {
        [2] = parameters->interval_s, parameters->from_ms, parameters->to_ms, parameters->limit, parameters->series_id,
    };
    const char *const texts[SELECT_PARAMETERS] = {
        [0] = parameters->exchange, [1] = parameters->symbol, [7] = parameters->quote_asset, [8] = parameters->mode,
    };
    assert(i >= 0 && i < SELECT_PARAMETERS);
    const char *text = texts[i];
    return (struct cell){.text = text, .length = text != NULL ? strlen(text) : 0, .integer = integers[i]};
}

struct store_part select_part(const struct select_place *place, const struct part_buffer *buffer)
{
    struct store_part part = {0};
    *(const void **)(void *)((unsigned char *)&part + place->select->rows) = buffer->rows;
    *(size_t *)(void *)((unsigned char *)&part + place->select->count) = buffer->count;
    if (place->series.id != 0) {
        part.symbol = place->series.symbol;
        part.interval_s = place->series.interval_s;
    }
    return part;
}
