/* SQLite: batches and leases. Each is one transaction, finished when the call returns. */
/* SPDX-License-Identifier: MIT */
#include "lib/store/sqlite.h"

#include <assert.h>

/* ---- series ---- */

static const char load_series_sql[] = "SELECT id, exchange, symbol, interval_s FROM series ORDER BY id";
static const char add_series_sql[] =
    "INSERT INTO series (exchange, symbol, interval_s) VALUES (?1, ?2, ?3)"
    " ON CONFLICT (exchange, symbol, interval_s) DO NOTHING";
static const char start_series_sql[] =
    "INSERT INTO series (exchange, symbol, interval_s, fire_from_ms) VALUES (?1, ?2, ?3, ?4)"
    " ON CONFLICT (exchange, symbol, interval_s) DO UPDATE SET fire_from_ms = excluded.fire_from_ms"
    " WHERE series.fire_from_ms IS NULL";

static int read_series(sqlite3_stmt *statement, struct series_entry *out)
{
    *out = (struct series_entry){
        .id = sqlite3_column_int(statement, 0),
        .interval_s = (uint32_t)sqlite3_column_int(statement, 3),
    };
    const char *exchange = (const char *)sqlite3_column_text(statement, 1);
    const char *symbol = (const char *)sqlite3_column_text(statement, 2);
    if (exchange == NULL || symbol == NULL)
        return error_set(ERROR_CONNECTION, "a series lacks its name");
    int code = text_copy(out->exchange, sizeof out->exchange, exchange, (size_t)sqlite3_column_bytes(statement, 1));
    if (code == 0)
        code = text_copy(out->symbol, sizeof out->symbol, symbol, (size_t)sqlite3_column_bytes(statement, 2));
    return code != 0 ? error_set(ERROR_CONNECTION, "the name of a series is too long") : 0;
}

int sqlite_load_series(struct sqlite *sqlite)
{
    sqlite3_stmt *statement;
    int code = sqlite_prepare(sqlite, load_series_sql, &statement);
    if (code != 0)
        return code;
    series_map_clear(&sqlite->series);
    int stepped = SQLITE_ROW;
    while (code == 0 && (stepped = sqlite3_step(statement)) == SQLITE_ROW) {
        struct series_entry entry;
        code = read_series(statement, &entry);
        if (code == 0)
            code = series_map_put(&sqlite->series, &entry);
    }
    if (code == 0 && stepped != SQLITE_DONE)
        code = sqlite_error(sqlite, "read the series");
    (void)sqlite3_reset(statement);
    return code;
}

static void bind_series(sqlite3_stmt *statement, const char *exchange, const char *symbol, uint32_t interval_s)
{
    (void)sqlite3_bind_text(statement, 1, exchange, -1, SQLITE_STATIC);
    (void)sqlite3_bind_text(statement, 2, symbol, -1, SQLITE_STATIC);
    (void)sqlite3_bind_int64(statement, 3, interval_s);
}

static int insert_series(struct sqlite *sqlite, const struct series_map *missing)
{
    sqlite3_stmt *statement;
    int code = sqlite_prepare(sqlite, add_series_sql, &statement);
    for (size_t i = 0; i < missing->count && code == 0; i++) {
        const struct series_entry *entry = &missing->entries[i];
        bind_series(statement, entry->exchange, entry->symbol, entry->interval_s);
        code = sqlite_finish(sqlite, statement);
    }
    return code;
}

/* Gives ids to the series that have none, in a transaction of their own: the ids then hold whatever becomes of the
 * batch. */
static int add_missing_series(struct sqlite *sqlite, const struct store_batch *batch)
{
    struct series_map missing = {0};
    int code = series_map_list_missing(&sqlite->series, batch, &missing);
    if (code == 0 && missing.count > 0) {
        code = sqlite_begin(sqlite);
        if (code == 0)
            code = sqlite_end(sqlite, insert_series(sqlite, &missing));
        if (code == 0)
            code = sqlite_load_series(sqlite);
    }
    series_map_release(&missing);
    return code;
}

static int write_series_starts(struct sqlite *sqlite, const struct store_batch *batch)
{
    sqlite3_stmt *statement;
    int code = batch->series_count > 0 ? sqlite_prepare(sqlite, start_series_sql, &statement) : 0;
    for (size_t i = 0; i < batch->series_count && code == 0; i++) {
        const struct series_start *start = &batch->series[i].start;
        bind_series(statement, batch->series[i].exchange, start->symbol, start->interval_s);
        (void)sqlite3_bind_int64(statement, 4, start->fire_from_ms);
        code = sqlite_finish(sqlite, statement);
    }
    return code;
}

/* ---- candles and the ledger ---- */

/* Two statements, of which a new candle needs the first alone. As one upsert it would take half as long again: because
 * of the trigger on updates, SQLite then opens a journal of its own for every row. */
static const char add_candle_sql[] =
    "INSERT INTO candles (series_id, open_time_ms, open, high, low, close, volume, price_scale, volume_scale)"
    " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)"
    " ON CONFLICT (series_id, open_time_ms) DO NOTHING";
static const char revise_candle_sql[] =
    "UPDATE candles SET open = ?3, high = ?4, low = ?5, close = ?6, volume = ?7, price_scale = ?8, volume_scale = ?9"
    " WHERE series_id = ?1 AND open_time_ms = ?2"
    "  AND (open, high, low, close, volume, price_scale, volume_scale) IS NOT (?3, ?4, ?5, ?6, ?7, ?8, ?9)";

static const char write_absence_sql[] =
    "INSERT INTO candle_absences (series_id, first_open_ms, last_open_ms, reason) VALUES (?1, ?2, ?3, ?4)"
    " ON CONFLICT (series_id, first_open_ms) DO NOTHING";

/* Kept to the minute. */
static const char note_clock_sql[] =
    "INSERT INTO exchange_clocks (exchange, exchange_ms) VALUES (?1, ?2)"
    " ON CONFLICT (exchange) DO UPDATE SET exchange_ms = excluded.exchange_ms"
    " WHERE abs(exchange_clocks.exchange_ms - excluded.exchange_ms) >= 60000";

/* The parameters of each are the fields of the table's record, and the version. */
static const char *const write_ledger_sql[LEDGER_TABLES] = {
    [TABLE_SIGNALS] =
        "INSERT INTO signals (strategy, exchange, symbol, interval_s, candle_time_ms, side, price, price_scale,"
        "  outcome, reason, decided_ms, version)"
        " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)"
        " ON CONFLICT (strategy, exchange, symbol, interval_s, candle_time_ms) DO NOTHING",
    [TABLE_ORDERS] =
        "INSERT INTO orders (order_id, strategy, exchange, symbol, side, state, quantity, filled, quantity_scale,"
        "  created_ms, updated_ms, quote_asset, mode, version)"
        " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)"
        " ON CONFLICT (order_id) DO UPDATE SET strategy = excluded.strategy, exchange = excluded.exchange,"
        "  symbol = excluded.symbol, side = excluded.side, state = excluded.state, quantity = excluded.quantity,"
        "  filled = excluded.filled, quantity_scale = excluded.quantity_scale, created_ms = excluded.created_ms,"
        "  updated_ms = excluded.updated_ms, quote_asset = excluded.quote_asset, mode = excluded.mode,"
        "  version = excluded.version"
        " WHERE version <= excluded.version AND (strategy, exchange, symbol, side, state, quantity, filled,"
        "  quantity_scale, created_ms, updated_ms, quote_asset, mode, version) IS NOT (excluded.strategy,"
        "  excluded.exchange, excluded.symbol, excluded.side, excluded.state, excluded.quantity, excluded.filled,"
        "  excluded.quantity_scale, excluded.created_ms, excluded.updated_ms, excluded.quote_asset, excluded.mode,"
        "  excluded.version)",
    [TABLE_FILLS] =
        "INSERT INTO fills (trade_id, order_id, strategy, exchange, symbol, side, price, price_scale, quantity,"
        "  quantity_scale, notional, fee, realised, time_ms, quote_asset, mode, version)"
        " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17)"
        " ON CONFLICT (exchange, symbol, trade_id) DO NOTHING",
    [TABLE_POSITIONS] =
        "INSERT INTO account_positions (exchange, symbol, strategy, quantity, quantity_scale, cost, realised,"
        "  opened_ms, updated_ms, mark, mark_scale, unrealised, quote_asset, mode, version)"
        " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)"
        " ON CONFLICT (exchange, quote_asset, mode, symbol) DO UPDATE SET strategy = excluded.strategy,"
        "  quantity = excluded.quantity, quantity_scale = excluded.quantity_scale, cost = excluded.cost,"
        "  realised = excluded.realised, opened_ms = excluded.opened_ms, updated_ms = excluded.updated_ms, mark = excluded.mark,"
        "  mark_scale = excluded.mark_scale, unrealised = excluded.unrealised,"
        "  version = excluded.version"
        " WHERE version <= excluded.version AND (strategy, quantity, quantity_scale, cost, realised, opened_ms,"
        "  updated_ms, mark, mark_scale, unrealised, version) IS NOT (excluded.strategy, excluded.quantity,"
        "  excluded.quantity_scale, excluded.cost, excluded.realised, excluded.opened_ms, excluded.updated_ms,"
        "  excluded.mark, excluded.mark_scale, excluded.unrealised, excluded.version)",
    [TABLE_EQUITY] =
        "INSERT INTO account_equity (time_ms, start, cash, inventory, realised, fees, unrealised, equity, exchange,"
        "  quote_asset, mode, version)"
        " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)"
        " ON CONFLICT (exchange, quote_asset, mode, time_ms) DO UPDATE SET start = excluded.start,"
        "  cash = excluded.cash, inventory = excluded.inventory, realised = excluded.realised, fees = excluded.fees,"
        "  unrealised = excluded.unrealised, equity = excluded.equity, version = excluded.version"
        " WHERE version <= excluded.version AND (start, cash, inventory, realised, fees, unrealised, equity, version)"
        "  IS NOT (excluded.start, excluded.cash, excluded.inventory, excluded.realised, excluded.fees,"
        "  excluded.unrealised, excluded.equity, excluded.version)",
};

/* Binds the fields of a record from index `from` on to the parameters from `first` on. */
static void bind_fields(sqlite3_stmt *statement, int first, enum record record, size_t from, const void *row)
{
    for (size_t i = from; i < records[record].field_count; i++) {
        struct cell cell = row_get(&records[record].fields[i], row);
        int parameter = first + (int)(i - from);
        if (cell.text != NULL)
            (void)sqlite3_bind_text(statement, parameter, cell.text, (int)cell.length, SQLITE_STATIC);
        else
            (void)sqlite3_bind_int64(statement, parameter, cell.integer);
    }
}

static int run_candle(struct sqlite *sqlite, sqlite3_stmt *statement, int32_t series_id, const struct candle *candle)
{
    (void)sqlite3_bind_int(statement, 1, series_id);
    bind_fields(statement, 2, RECORD_candle, 0, candle);
    return sqlite_finish(sqlite, statement);
}

static int write_candles(struct sqlite *sqlite, const struct store_batch *batch)
{
    sqlite3_stmt *add, *revise;
    int code = candle_order_build(&sqlite->order, batch, &sqlite->series);
    if (code == 0)
        code = sqlite_prepare(sqlite, add_candle_sql, &add);
    if (code == 0)
        code = sqlite_prepare(sqlite, revise_candle_sql, &revise);
    for (size_t i = 0; i < sqlite->order.count && code == 0; i++) {
        const struct candle_slot *slot = &sqlite->order.slots[i];
        const struct candle *candle = &batch->candles[slot->row].event.candle;
        uint64_t before = sqlite->changed;
        code = run_candle(sqlite, add, slot->series_id, candle);
        if (code == 0 && sqlite->changed == before)
            code = run_candle(sqlite, revise, slot->series_id, candle);
    }
    return code;
}

static int write_absences(struct sqlite *sqlite, const struct store_absence *rows, size_t count)
{
    sqlite3_stmt *statement;
    int code = count > 0 ? sqlite_prepare(sqlite, write_absence_sql, &statement) : 0;
    for (size_t i = 0; i < count && code == 0; i++) {
        const struct absence *absence = &rows[i].absence;
        const struct series_entry *series =
            series_map_find(&sqlite->series, rows[i].exchange, absence->symbol, absence->interval_s);
        if (series == NULL)
            return error_set(ERROR_MISSING, "series %s %s has no id", rows[i].exchange, absence->symbol);
        (void)sqlite3_bind_int(statement, 1, series->id);
        bind_fields(statement, 2, RECORD_absence, ROW_SERIES_FIELDS, absence);
        code = sqlite_finish(sqlite, statement);
    }
    return code;
}

static int write_ledger(struct sqlite *sqlite, const struct store_batch *batch, enum ledger_table table)
{
    enum record record = ledger_tables[table].record;
    size_t count = ledger_count(batch, table);
    sqlite3_stmt *statement;
    int code = count > 0 ? sqlite_prepare(sqlite, write_ledger_sql[table], &statement) : 0;
    for (size_t i = 0; i < count && code == 0; i++) {
        bind_fields(statement, 1, record, 0, ledger_row(batch, table, i));
        (void)sqlite3_bind_int64(statement, (int)records[record].field_count + 1, ledger_version(batch, table, i));
        code = sqlite_finish(sqlite, statement);
    }
    return code;
}

static int note_clock(struct sqlite *sqlite, const struct store_clock *clock)
{
    sqlite3_stmt *statement;
    int code = clock->exchange != NULL ? sqlite_prepare(sqlite, note_clock_sql, &statement) : 0;
    if (code != 0 || clock->exchange == NULL)
        return code;
    (void)sqlite3_bind_text(statement, 1, clock->exchange, -1, SQLITE_STATIC);
    (void)sqlite3_bind_int64(statement, 2, clock->exchange_ms);
    uint64_t before = sqlite->changed;
    code = sqlite_finish(sqlite, statement);
    sqlite->changed = before;
    return code;
}

/* ---- leases ---- */

static const char take_lease_sql[] =
    "WITH clock(now_ms) AS (SELECT CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER))"
    "INSERT INTO leases (name, holder, generation, expires_ms)"
    " SELECT ?1, ?2, 1, now_ms + ?3 FROM clock WHERE true"
    " ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, expires_ms = excluded.expires_ms,"
    "  generation = generation + (holder <> excluded.holder)"
    " WHERE holder = excluded.holder OR expires_ms <= excluded.expires_ms - ?3";
static const char release_lease_sql[] = "UPDATE leases SET expires_ms = 0 WHERE name = ?1 AND holder = ?2";
static const char lease_generation_sql[] = "SELECT generation FROM leases WHERE name = ?1";

/* 0 for a lease that was never granted. */
static int read_generation(struct sqlite *sqlite, const char *name, uint64_t *generation)
{
    sqlite3_stmt *statement;
    int code = sqlite_prepare(sqlite, lease_generation_sql, &statement);
    if (code != 0)
        return code;
    (void)sqlite3_bind_text(statement, 1, name, -1, SQLITE_STATIC);
    int stepped = sqlite3_step(statement);
    if (stepped == SQLITE_ROW)
        *generation = (uint64_t)sqlite3_column_int64(statement, 0);
    else if (stepped == SQLITE_DONE)
        *generation = 0;
    else
        code = sqlite_error(sqlite, "read a lease");
    (void)sqlite3_reset(statement);
    return code;
}

static int change_lease(struct sqlite *sqlite, const struct lease_request *request, struct store_result *result)
{
    sqlite3_stmt *statement;
    int code = sqlite_prepare(sqlite, request->release ? release_lease_sql : take_lease_sql, &statement);
    if (code != 0)
        return code;
    (void)sqlite3_bind_text(statement, 1, request->name, -1, SQLITE_STATIC);
    (void)sqlite3_bind_int64(statement, 2, (int64_t)request->holder);
    if (!request->release)
        (void)sqlite3_bind_int64(statement, 3, request->duration_ms);
    int64_t before = sqlite3_total_changes64(sqlite->database);
    code = sqlite_finish(sqlite, statement);
    bool changed = sqlite3_total_changes64(sqlite->database) > before;
    if (code == 0)
        code = read_generation(sqlite, request->name, &result->generation);
    result->granted = code == 0 && changed && !request->release;
    return code;
}

void sqlite_lease(struct store *store, const struct lease_request *request, store_done_fn done, void *user)
{
    struct sqlite *sqlite = store->state;
    struct store_result result = {0};
    int code;
    assert(!sqlite->query.active);
    if (sqlite->database == NULL) {
        code = error_set(ERROR_CONNECTION, "%s", store->text);
    } else {
        code = sqlite_begin(sqlite);
        if (code == 0)
            code = sqlite_end(sqlite, change_lease(sqlite, request, &result));
    }
    sqlite_done(sqlite, code, result, done, user);
}

/* ---- batches ---- */

/* Refuses a change of the ledger by a trader whose lease has gone on to another. */
static int check_generation(struct sqlite *sqlite, const struct store_batch *batch)
{
    uint64_t generation = 0;
    if (batch->ledger_generation == 0)
        return 0;
    int code = read_generation(sqlite, "trader", &generation);
    if (code == 0 && generation > batch->ledger_generation)
        return error_set(ERROR_DENIED, "the lease trader is at generation %llu, the writer at %llu",
                         (unsigned long long)generation, (unsigned long long)batch->ledger_generation);
    return code;
}

static int write_all(struct sqlite *sqlite, const struct store_batch *batch)
{
    int code = check_generation(sqlite, batch);
    if (code == 0)
        code = write_series_starts(sqlite, batch);
    if (code == 0 && batch->candle_count > 0)
        code = write_candles(sqlite, batch);
    if (code == 0)
        code = write_absences(sqlite, batch->absences, batch->absence_count);
    for (enum ledger_table table = 0; table < LEDGER_TABLES && code == 0; table++)
        code = write_ledger(sqlite, batch, table);
    return code == 0 ? note_clock(sqlite, &batch->clock) : code;
}

/* A deleted or replaced file would go on taking rows that nobody can find again. */
static int check_file(struct sqlite *sqlite)
{
    int moved = 0;
    (void)sqlite3_file_control(sqlite->database, "main", SQLITE_FCNTL_HAS_MOVED, &moved);
    return moved != 0 ? error_set(ERROR_CONNECTION, "the file was deleted or replaced while it was in use") : 0;
}

/* Makes commits of the ledger survive a power failure too; candles can be fetched again. */
static int flush_commits(struct sqlite *sqlite, bool flush)
{
    if (sqlite->flushes_commits == flush)
        return 0;
    int code = sqlite_run(sqlite, flush ? "PRAGMA synchronous = FULL" : "PRAGMA synchronous = NORMAL");
    if (code == 0)
        sqlite->flushes_commits = flush;
    return code;
}

static int write_batch(struct sqlite *sqlite, const struct store_batch *batch, uint64_t *changed)
{
    int code = check_file(sqlite);
    sqlite_bound_log(sqlite);
    if (code == 0)
        code = flush_commits(sqlite, has_ledger_rows(batch));
    if (code == 0)
        code = add_missing_series(sqlite, batch);
    if (code == 0)
        code = sqlite_begin(sqlite);
    if (code != 0)
        return code;
    sqlite->changed = 0;
    code = write_all(sqlite, batch);
    *changed = sqlite->changed;
    return sqlite_end(sqlite, code);
}

void sqlite_write(struct store *store, const struct store_batch *batch, store_done_fn done, void *user)
{
    struct sqlite *sqlite = store->state;
    struct store_result result = {0};
    assert(!sqlite->query.active);
    int code = sqlite->database == NULL ? error_set(ERROR_CONNECTION, "%s", store->text)
                                        : write_batch(sqlite, batch, &result.changed);
    if (code == 0)
        backoff_reset(&sqlite->backoff);
    else
        result.changed = 0;
    sqlite_done(sqlite, code, result, done, user);
}
