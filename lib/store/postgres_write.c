/* PostgreSQL: batches and leases. A batch is one flight: a statement for each table it has rows for, with the rows as
 * arrays. */
/* SPDX-License-Identifier: MIT */
#include "lib/store/postgres.h"

#include <stdlib.h>
#include <string.h>

/* ---- statements ---- */

static const char add_series_sql[] =
    "INSERT INTO series (exchange, symbol, interval_s)"
    " SELECT * FROM unnest($1, $2, $3) AS new(exchange, symbol, interval_s) ORDER BY exchange, symbol, interval_s"
    " ON CONFLICT (exchange, symbol, interval_s) DO NOTHING";

static const char start_series_sql[] =
    "INSERT INTO series (exchange, symbol, interval_s, fire_from_ms)"
    " SELECT DISTINCT ON (exchange, symbol, interval_s) exchange, symbol, interval_s, fire_from_ms"
    "  FROM unnest($1, $2, $3, $4) WITH ORDINALITY AS new(exchange, symbol, interval_s, fire_from_ms, place)"
    "  ORDER BY exchange, symbol, interval_s, place"
    " ON CONFLICT (exchange, symbol, interval_s) DO UPDATE SET fire_from_ms = excluded.fire_from_ms"
    " WHERE series.fire_from_ms IS NULL";

static const char write_candles_sql[] =
    "INSERT INTO candles (series_id, open_time_ms, open, high, low, close, volume, price_scale, volume_scale)"
    " SELECT * FROM unnest($1, $2, $3, $4, $5, $6, $7, $8, $9)"
    " ON CONFLICT (series_id, open_time_ms) DO UPDATE SET open = excluded.open, high = excluded.high,"
    "  low = excluded.low, close = excluded.close, volume = excluded.volume, price_scale = excluded.price_scale,"
    "  volume_scale = excluded.volume_scale"
    " WHERE (candles.open, candles.high, candles.low, candles.close, candles.volume, candles.price_scale,"
    "  candles.volume_scale) IS DISTINCT FROM (excluded.open, excluded.high, excluded.low, excluded.close,"
    "  excluded.volume, excluded.price_scale, excluded.volume_scale)";

static const char write_absences_sql[] =
    "INSERT INTO candle_absences (series_id, first_open_ms, last_open_ms, reason)"
    " SELECT * FROM unnest($1, $2, $3, $4)"
    " ON CONFLICT (series_id, first_open_ms) DO NOTHING";

/* The parameters of each are an array for every field of the table's record, and one for the versions. */
static const char *const write_ledger_sql[LEDGER_TABLES] = {
    [TABLE_SIGNALS] =
        "INSERT INTO signals (strategy, exchange, symbol, interval_s, candle_time_ms, side, price, price_scale,"
        "  outcome, reason, decided_ms, version)"
        " SELECT * FROM unnest($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)"
        " ON CONFLICT (strategy, exchange, symbol, interval_s, candle_time_ms) DO NOTHING",
    [TABLE_ORDERS] =
        "INSERT INTO orders (order_id, strategy, exchange, symbol, side, state, quantity, filled, quantity_scale,"
        "  created_ms, updated_ms, quote_asset, mode, version)"
        " SELECT DISTINCT ON (order_id) order_id, strategy, exchange, symbol, side, state, quantity, filled,"
        "   quantity_scale, created_ms, updated_ms, quote_asset, mode, version"
        "  FROM unnest($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14) WITH ORDINALITY"
        "   AS new(order_id, strategy, exchange, symbol, side, state, quantity, filled, quantity_scale, created_ms,"
        "    updated_ms, quote_asset, mode, version, place)"
        "  ORDER BY order_id, version DESC, place DESC"
        " ON CONFLICT (order_id) DO UPDATE SET strategy = excluded.strategy, exchange = excluded.exchange,"
        "  symbol = excluded.symbol, side = excluded.side, state = excluded.state, quantity = excluded.quantity,"
        "  filled = excluded.filled, quantity_scale = excluded.quantity_scale, created_ms = excluded.created_ms,"
        "  updated_ms = excluded.updated_ms, quote_asset = excluded.quote_asset, mode = excluded.mode,"
        "  version = excluded.version"
        " WHERE orders.version <= excluded.version AND orders.* IS DISTINCT FROM excluded.*",
    [TABLE_FILLS] =
        "INSERT INTO fills (trade_id, order_id, strategy, exchange, symbol, side, price, price_scale, quantity,"
        "  quantity_scale, notional, fee, realised, time_ms, quote_asset, mode, version)"
        " SELECT * FROM unnest($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)"
        " ON CONFLICT (exchange, symbol, trade_id) DO NOTHING",
    [TABLE_POSITIONS] =
        "INSERT INTO account_positions (exchange, symbol, strategy, quantity, quantity_scale, cost, realised,"
        "  opened_ms, updated_ms, mark, mark_scale, unrealised, quote_asset, mode, version)"
        " SELECT DISTINCT ON (exchange, quote_asset, mode, symbol) exchange, symbol, strategy, quantity,"
        "   quantity_scale, cost, realised, opened_ms, updated_ms, mark, mark_scale, unrealised, quote_asset, mode,"
        "   version"
        "  FROM unnest($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15) WITH ORDINALITY"
        "   AS new(exchange, symbol, strategy, quantity, quantity_scale, cost, realised, opened_ms, updated_ms, mark,"
        "    mark_scale, unrealised, quote_asset, mode, version, place)"
        "  ORDER BY exchange, quote_asset, mode, symbol, version DESC, place DESC"
        " ON CONFLICT (exchange, quote_asset, mode, symbol) DO UPDATE SET strategy = excluded.strategy,"
        "  quantity = excluded.quantity, quantity_scale = excluded.quantity_scale, cost = excluded.cost,"
        "  realised = excluded.realised, opened_ms = excluded.opened_ms, updated_ms = excluded.updated_ms,"
        "  mark = excluded.mark, mark_scale = excluded.mark_scale, unrealised = excluded.unrealised,"
        "  version = excluded.version"
        " WHERE account_positions.version <= excluded.version"
        "  AND account_positions.* IS DISTINCT FROM excluded.*",
    [TABLE_EQUITY] =
        "INSERT INTO account_equity (time_ms, start, cash, inventory, realised, fees, unrealised, equity, exchange,"
        "  quote_asset, mode, version)"
        " SELECT DISTINCT ON (exchange, quote_asset, mode, time_ms) time_ms, start, cash, inventory, realised, fees,"
        "   unrealised, equity, exchange, quote_asset, mode, version"
        "  FROM unnest($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) WITH ORDINALITY"
        "   AS new(time_ms, start, cash, inventory, realised, fees, unrealised, equity, exchange, quote_asset, mode,"
        "    version, place)"
        "  ORDER BY exchange, quote_asset, mode, time_ms, version DESC, place DESC"
        " ON CONFLICT (exchange, quote_asset, mode, time_ms) DO UPDATE SET start = excluded.start,"
        "  cash = excluded.cash, inventory = excluded.inventory, realised = excluded.realised, fees = excluded.fees,"
        "  unrealised = excluded.unrealised, equity = excluded.equity, version = excluded.version"
        " WHERE account_equity.version <= excluded.version AND account_equity.* IS DISTINCT FROM excluded.*",
};

static const char require_generation_sql[] = "SELECT require_generation('trader', $1)";

static const char note_clock_sql[] = "SELECT note_exchange_clock($1, $2)";

/* Two rows cannot be: what the lease is after a change, or what it was when there was none. */
static const char take_lease_sql[] =
    "WITH changed AS ("
    " INSERT INTO leases (name, holder, generation, expires_ms)"
    "  VALUES ($1, $2, 1, (extract(epoch FROM now()) * 1000)::bigint + $3)"
    "  ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, expires_ms = excluded.expires_ms,"
    "   generation = leases.generation + (leases.holder <> excluded.holder)::integer"
    "  WHERE leases.holder = excluded.holder OR leases.expires_ms <= excluded.expires_ms - $3"
    "  RETURNING generation)"
    "SELECT true, generation FROM changed"
    " UNION ALL SELECT false, generation FROM leases WHERE name = $1 AND NOT EXISTS (SELECT FROM changed)";
static const char release_lease_sql[] =
    "WITH changed AS (UPDATE leases SET expires_ms = 0 WHERE name = $1 AND holder = $2)"
    "SELECT false, generation FROM leases WHERE name = $1";

/* ---- rows as arrays ---- */

static void put_cell(struct postgres_parameters *parameters, enum postgres_element element, struct cell cell)
{
    if (element == ELEMENT_TEXT)
        parameters_put_text(parameters, cell.text, cell.length);
    else
        parameters_put_integer(parameters, element, cell.integer);
}

static int send_missing_series(struct postgres_session *session, const struct series_map *missing)
{
    struct postgres_parameters *parameters = &session->parameters;
    parameters_add_array(parameters, ELEMENT_TEXT, missing->count);
    for (size_t i = 0; i < missing->count; i++)
        parameters_put_text(parameters, missing->entries[i].exchange, strlen(missing->entries[i].exchange));
    parameters_add_array(parameters, ELEMENT_TEXT, missing->count);
    for (size_t i = 0; i < missing->count; i++)
        parameters_put_text(parameters, missing->entries[i].symbol, strlen(missing->entries[i].symbol));
    parameters_add_array(parameters, ELEMENT_INT8, missing->count);
    for (size_t i = 0; i < missing->count; i++)
        parameters_put_integer(parameters, ELEMENT_INT8, missing->entries[i].interval_s);
    return postgres_send(session, add_series_sql);
}

static int send_series_starts(struct postgres_session *session, const struct store_series_start *rows, size_t count)
{
    struct postgres_parameters *parameters = &session->parameters;
    if (count == 0)
        return 0;
    parameters_add_array(parameters, ELEMENT_TEXT, count);
    for (size_t i = 0; i < count; i++)
        parameters_put_text(parameters, rows[i].exchange, strlen(rows[i].exchange));
    parameters_add_array(parameters, ELEMENT_TEXT, count);
    for (size_t i = 0; i < count; i++)
        parameters_put_text(parameters, rows[i].start.symbol, strlen(rows[i].start.symbol));
    parameters_add_array(parameters, ELEMENT_INT8, count);
    for (size_t i = 0; i < count; i++)
        parameters_put_integer(parameters, ELEMENT_INT8, rows[i].start.interval_s);
    parameters_add_array(parameters, ELEMENT_INT8, count);
    for (size_t i = 0; i < count; i++)
        parameters_put_integer(parameters, ELEMENT_INT8, rows[i].start.fire_from_ms);
    return postgres_send(session, start_series_sql);
}

static int send_candles(struct postgres_session *session, const struct store_batch *batch)
{
    struct postgres_parameters *parameters = &session->parameters;
    const struct record_row *record = &records[RECORD_candle];
    const struct candle_order *order = &session->pool->order;
    int code = candle_order_build(&session->pool->order, batch, &session->pool->series);
    if (code != 0 || order->count == 0)
        return code;
    parameters_add_array(parameters, ELEMENT_INT4, order->count);
    for (size_t i = 0; i < order->count; i++)
        parameters_put_integer(parameters, ELEMENT_INT4, order->slots[i].series_id);
    for (size_t column = 0; column < record->field_count; column++) {
        const struct field_row *field = &record->fields[column];
        enum postgres_element element = parameters_element_of(field);
        parameters_add_array(parameters, element, order->count);
        for (size_t i = 0; i < order->count; i++)
            put_cell(parameters, element, row_get(field, &batch->candles[order->slots[i].row].event.candle));
    }
    return postgres_send(session, write_candles_sql);
}

static int send_absences(struct postgres_session *session, const struct store_absence *rows, size_t count)
{
    struct postgres_parameters *parameters = &session->parameters;
    const struct record_row *record = &records[RECORD_absence];
    if (count == 0)
        return 0;
    parameters_add_array(parameters, ELEMENT_INT4, count);
    for (size_t i = 0; i < count; i++) {
        const struct absence *absence = &rows[i].absence;
        const struct series_entry *series =
            series_map_find(&session->pool->series, rows[i].exchange, absence->symbol, absence->interval_s);
        if (series == NULL)
            return error_set(ERROR_MISSING, "series %s %s has no id", rows[i].exchange, absence->symbol);
        parameters_put_integer(parameters, ELEMENT_INT4, series->id);
    }
    for (size_t column = ROW_SERIES_FIELDS; column < record->field_count; column++) {
        const struct field_row *field = &record->fields[column];
        enum postgres_element element = parameters_element_of(field);
        parameters_add_array(parameters, element, count);
        for (size_t i = 0; i < count; i++)
            put_cell(parameters, element, row_get(field, &rows[i].absence));
    }
    return postgres_send(session, write_absences_sql);
}

static int send_ledger(struct postgres_session *session, const struct store_batch *batch, enum ledger_table table)
{
    struct postgres_parameters *parameters = &session->parameters;
    const struct record_row *record = &records[ledger_tables[table].record];
    size_t count = ledger_count(batch, table);
    if (count == 0)
        return 0;
    for (size_t column = 0; column < record->field_count; column++) {
        const struct field_row *field = &record->fields[column];
        enum postgres_element element = parameters_element_of(field);
        parameters_add_array(parameters, element, count);
        for (size_t i = 0; i < count; i++)
            put_cell(parameters, element, row_get(field, ledger_row(batch, table, i)));
    }
    parameters_add_array(parameters, ELEMENT_INT8, count);
    for (size_t i = 0; i < count; i++)
        parameters_put_integer(parameters, ELEMENT_INT8, ledger_version(batch, table, i));
    return postgres_send(session, write_ledger_sql[table]);
}

/* ---- batches ---- */

/* Counts the rows of each statement. */
int postgres_count_changed(struct postgres_session *session, PGresult *result)
{
    struct decimal count;
    const char *text = PQcmdTuples(result);
    if (PQresultStatus(result) == PGRES_COMMAND_OK && decimal_parse(text, strlen(text), &count) == 0)
        session->work->result.changed += (uint64_t)count.mantissa;
    PQclear(result);
    return 0;
}

/* The lease comes last: whoever wants to renew it waits for this transaction only from there to its end, whatever it
 * had to wait for itself. */
static int send_statements(struct postgres_session *session)
{
    const struct store_batch *batch = &session->work->batch;
    int code = postgres_send_limits(session);
    if (code == 0)
        code = send_series_starts(session, batch->series, batch->series_count);
    if (code == 0)
        code = send_candles(session, batch);
    if (code == 0)
        code = send_absences(session, batch->absences, batch->absence_count);
    for (enum ledger_table table = 0; table < LEDGER_TABLES && code == 0; table++)
        code = send_ledger(session, batch, table);
    if (code == 0 && batch->clock.exchange != NULL) {
        parameters_add_text(&session->parameters, batch->clock.exchange);
        parameters_add_integer(&session->parameters, batch->clock.exchange_ms);
        code = postgres_send(session, note_clock_sql);
    }
    if (code == 0 && batch->ledger_generation > 0) {
        parameters_add_integer(&session->parameters, (int64_t)batch->ledger_generation);
        code = postgres_send(session, require_generation_sql);
    }
    return code;
}

static void send_rows(struct postgres_session *session)
{
    postgres_fly(session, send_statements(session), postgres_count_changed, postgres_end_work);
}

static void on_copied(struct postgres_session *session, int code)
{
    if (code == ERROR_EXISTS)
        send_rows(session);
    else
        postgres_end_work(session, code);
}

/* What is nothing but history goes by COPY, which cannot leave out what is there. */
static void send_batch(struct postgres_session *session)
{
    const struct store_batch *batch = &session->work->batch;
    bool alone = batch->absence_count == 0 && batch->series_count == 0 && !has_ledger_rows(batch) &&
                 batch->clock.exchange == NULL;
    if (batch->history && batch->candle_count > 0 && alone)
        postgres_copy(session, on_copied);
    else
        send_rows(session);
}

static void on_room_made(struct postgres_session *session, int code)
{
    if (code != 0)
        postgres_end_work(session, code);
    else
        send_batch(session);
}

/* Of the statements that make room, the series have four columns, the partitions two. */
static int take_room(struct postgres_session *session, PGresult *result)
{
    if (PQnfields(result) == 4)
        return postgres_take_series(session, result);
    int code = PQnfields(result) == 2 ? postgres_take_months(session->pool, result) : 0;
    PQclear(result);
    return code;
}

/* Gives ids to the series that have none, and makes partitions, in a flight of their own: they then stay whatever
 * becomes of the batch. */
static void make_room(struct postgres_session *session, const struct series_map *missing, size_t lacking)
{
    int code = postgres_send_limits(session);
    if (code == 0 && missing->count > 0)
        code = send_missing_series(session, missing);
    if (code == 0 && missing->count > 0)
        code = postgres_send_load_series(session);
    if (code == 0 && lacking > 0)
        code = postgres_send_ensure(session, lacking);
    postgres_fly(session, code, take_room, on_room_made);
}

static void begin_write(struct postgres_session *session)
{
    const struct store_batch *batch = &session->work->batch;
    struct series_map missing = {0};
    int code = series_map_list_missing(&session->pool->series, batch, &missing);
    size_t lacking = postgres_count_lacking(session->pool, batch);
    if (code != 0)
        postgres_end_work(session, code);
    else if (missing.count > 0 || lacking > 0)
        make_room(session, &missing, lacking);
    else
        send_batch(session);
    series_map_release(&missing);
}

void postgres_write(struct store *store, const struct store_batch *batch, store_done_fn done, void *user)
{
    struct postgres *pool = store->state;
    postgres_hand_over(
        pool, &pool->write,
        (struct postgres_work){.kind = STORE_WRITE, .begin = begin_write, .batch = *batch, .done = done, .user = user});
}

/* ---- leases ---- */

static int take_lease_row(struct postgres_session *session, PGresult *result)
{
    if (PQntuples(result) > 0) {
        session->work->result.granted = postgres_integer(result, 0, 0) != 0;
        session->work->result.generation = (uint64_t)postgres_integer(result, 0, 1);
    }
    PQclear(result);
    return 0;
}

static void begin_lease(struct postgres_session *session)
{
    const struct lease_request *request = &session->work->request;
    int code = postgres_send_limits(session);
    parameters_add_text(&session->parameters, request->name);
    parameters_add_integer(&session->parameters, (int64_t)request->holder);
    if (!request->release)
        parameters_add_integer(&session->parameters, request->duration_ms);
    if (code == 0)
        code = postgres_send(session, request->release ? release_lease_sql : take_lease_sql);
    postgres_fly(session, code, take_lease_row, postgres_end_work);
}

void postgres_lease(struct store *store, const struct lease_request *request, store_done_fn done, void *user)
{
    struct postgres *pool = store->state;
    postgres_hand_over(pool, &pool->lease,
                       (struct postgres_work){
                           .kind = STORE_LEASE, .begin = begin_lease, .request = *request, .done = done, .user = user});
}
