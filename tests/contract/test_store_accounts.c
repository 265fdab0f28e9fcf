/* The contract of the stores: accounts are kept apart by exchange, quote asset and mode, and what was written before
 * there were any is of one. Every engine must pass. */
/* SPDX-License-Identifier: MIT */
#include "lib/store/migration.h"
#include "tests/contract/store_rows.h"
#include "tests/harness.h"

#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    const char *exchange, *quote_asset;
    enum account_mode mode;
} keys[] = {
    {"binance", "USDT", ACCOUNT_MODE_PAPER}, {"binance", "USDT", ACCOUNT_MODE_LIVE},
    {"binance", "EUR", ACCOUNT_MODE_PAPER},  {"kraken", "USDT", ACCOUNT_MODE_PAPER},
};

enum { ACCOUNTS = sizeof keys / sizeof keys[0] };

/* Gives a row of whatever record its account. */
#define SET_ACCOUNT(row, k)                                                                                            \
    ((void)snprintf((row)->exchange, NAME_SIZE, "%s", keys[k].exchange),                                               \
     (void)snprintf((row)->quote_asset, NAME_SIZE, "%s", keys[k].quote_asset), (void)((row)->mode = keys[k].mode))

/* ---- apart ---- */

static struct query query_account(enum query_kind kind, int k)
{
    struct query query = fixture_query_of(kind, 100);
    SET_ACCOUNT(&query, k);
    return query;
}

static void check_one(struct fixture *fixture, int k, const struct account *account, const struct position *position)
{
    const struct answer_rows *answer = &fixture->answer;
    struct query query = query_account(QUERY_KIND_LEDGER, k);
    CU_ASSERT_EQUAL(fixture_query(fixture, &query), 0);
    CU_ASSERT_EQUAL_FATAL(answer->account_count, 1);
    CU_ASSERT_TRUE(same_row(RECORD_account, &answer->accounts[0], account));
    CU_ASSERT_EQUAL_FATAL(answer->position_count, 1);
    CU_ASSERT_TRUE(same_row(RECORD_position, &answer->positions[0], position));
    CU_ASSERT_EQUAL_FATAL(answer->order_count, 1);
    CU_ASSERT_EQUAL(answer->orders[0].quantity, 100 + k);
    static const enum query_kind kinds[] = {QUERY_KIND_EQUITY, QUERY_KIND_ORDERS, QUERY_KIND_FILLS};
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        query = query_account(kinds[i], k);
        CU_ASSERT_EQUAL(fixture_query(fixture, &query), 0);
        CU_ASSERT_EQUAL(answer->account_count + answer->order_count + answer->fill_count, i == 0 ? 2 : 1);
    }
    CU_ASSERT_EQUAL_FATAL(answer->fill_count, 1);
    CU_ASSERT_EQUAL(answer->fills[0].quantity, 10 + k);
}

static void check_apart(struct fixture *fixture)
{
    struct account accounts[2 * ACCOUNTS];
    struct position positions[ACCOUNTS];
    struct order orders[ACCOUNTS];
    struct fill fills[ACCOUNTS];
    for (int k = 0; k < ACCOUNTS; k++) {
        char id[NAME_SIZE];
        (void)snprintf(id, sizeof id, "id-%d", k);
        accounts[k] = account_at(1000, 500 + k); /* of all at the same times, in the same market */
        accounts[ACCOUNTS + k] = account_at(2000, 600 + k);
        positions[k] = position_of("BTCUSDT", 1 + k);
        orders[k] = order_of(id, ORDER_STATE_WORKING, 7);
        orders[k].quantity = 100 + k;
        fills[k] = fill_of(id, 7, 10 + k);
        SET_ACCOUNT(&accounts[k], k);
        SET_ACCOUNT(&accounts[ACCOUNTS + k], k);
        SET_ACCOUNT(&positions[k], k);
        SET_ACCOUNT(&orders[k], k);
        SET_ACCOUNT(&fills[k], k);
    }
    struct store_batch batch = {.accounts = accounts, .account_count = 2 * ACCOUNTS, .positions = positions,
                                .position_count = ACCOUNTS, .orders = orders, .order_count = ACCOUNTS, .fills = fills,
                                .fill_count = ACCOUNTS};
    CU_ASSERT_EQUAL(fixture_write(fixture, &batch), 0);
    CU_ASSERT_EQUAL(fixture->result.changed, 5 * ACCOUNTS);
    CU_ASSERT_EQUAL(fixture_write(fixture, &batch), 0);
    CU_ASSERT_EQUAL(fixture->result.changed, 0);
    for (int k = 0; k < ACCOUNTS; k++)
        check_one(fixture, k, &accounts[ACCOUNTS + k], &positions[k]);
    expect_sql(fixture, "SELECT exchange, quote_asset, mode, cash FROM v_equity WHERE time_ms = 2000 ORDER BY 1, 2, 3",
               "binance|EUR|paper|0.00000602\nbinance|USDT|live|0.00000601\nbinance|USDT|paper|0.000006\n"
               "kraken|USDT|paper|0.00000603\n");
    expect_sql(fixture, "SELECT exchange, quote_asset, mode, quantity FROM v_positions ORDER BY 1, 2, 3",
               "binance|EUR|paper|0.003\nbinance|USDT|live|0.002\nbinance|USDT|paper|0.001\nkraken|USDT|paper|0.004\n");
    struct query any = fixture_query_of(QUERY_KIND_LEDGER, 100); /* what a fetcher asks: what is held at all? */
    any.quote_asset[0] = '\0';
    CU_ASSERT_EQUAL(fixture_query(fixture, &any), 0);
    CU_ASSERT_EQUAL(fixture->answer.position_count, 3);
    CU_ASSERT_EQUAL(fixture->answer.order_count, 3);
    CU_ASSERT_EQUAL(fixture->answer.account_count, 1);
}

static void accounts_are_kept_apart(void)
{
    for_each_engine(check_apart);
}

/* ---- from before there were accounts ---- */

/* What the version before sends, word for word but for the way in which the values come. */
static void write_as_before(const struct fixture *fixture, const char *account, const char *position)
{
    char sql[1024];
    (void)snprintf(sql, sizeof sql,
                   "INSERT INTO equity (time_ms, start, cash, inventory, realised, fees, unrealised, equity, version)"
                   " VALUES %s ON CONFLICT (time_ms) DO UPDATE SET cash = excluded.cash, version = excluded.version"
                   " WHERE equity.version <= excluded.version", account);
    fixture_execute(fixture, sql);
    (void)snprintf(sql, sizeof sql,
                   "INSERT INTO positions (exchange, symbol, strategy, quantity, quantity_scale, cost, realised,"
                   " opened_ms, updated_ms, mark, mark_scale, unrealised, version) VALUES %s ON CONFLICT"
                   " (exchange, symbol) DO UPDATE SET quantity = excluded.quantity, version = excluded.version"
                   " WHERE positions.version <= excluded.version", position);
    fixture_execute(fixture, sql);
}

static void trade_as_before(const struct fixture *fixture, const char *exchange, const char *symbol, int64_t time_ms)
{
    char sql[1024];
    (void)snprintf(sql, sizeof sql,
                   "INSERT INTO fills (trade_id, order_id, strategy, exchange, symbol, side, price, price_scale,"
                   " quantity, quantity_scale, notional, fee, realised, time_ms, version)"
                   " VALUES ('t-%d', 'o', 's', '%s', '%s', 'buy', 1, 0, 1, 0, 1, 0, 0, %d, 1)"
                   " ON CONFLICT (exchange, symbol, trade_id) DO NOTHING", (int)time_ms, exchange, symbol, (int)time_ms);
    fixture_execute(fixture, sql);
    (void)snprintf(sql, sizeof sql,
                   "INSERT INTO orders (order_id, strategy, exchange, symbol, side, state, quantity, filled,"
                   " quantity_scale, created_ms, updated_ms, version)"
                   " VALUES ('o-%d', 's', '%s', '%s', 'buy', 'filled', 1, 1, 0, %d, 1, 1)"
                   " ON CONFLICT (order_id) DO UPDATE SET state = excluded.state", (int)time_ms, exchange, symbol,
                   (int)time_ms);
    fixture_execute(fixture, sql);
}

/* An empty database as the first version of the program makes it. */
static bool make_first_version(struct fixture *fixture, const char *engine)
{
    if (!fixture_make(fixture, engine))
        return false;
    fixture_execute(fixture, migration_find(engine, 1)->sql);
    fixture_execute(fixture, "CREATE TABLE schema_migrations (version integer PRIMARY KEY, name text NOT NULL,"
                             " applied_ms bigint NOT NULL)");
    fixture_execute(fixture, "INSERT INTO schema_migrations (version, name, applied_ms) VALUES (1, 'init', 1)");
    return true;
}

static void expect_curve(const struct fixture *fixture, const char *expected)
{
    expect_sql(fixture, "SELECT exchange, quote_asset, mode, time_ms, cash FROM account_equity ORDER BY time_ms, exchange",
               expected);
}

/* First on Binance in USDT, then on Kraken in EUR, all in one curve. */
static void check_kept(const char *engine)
{
    static struct fixture fixture;
    if (!make_first_version(&fixture, engine))
        return;
    trade_as_before(&fixture, "binance", "BTCUSDT", 100);
    write_as_before(&fixture, "(50, 9, 9, 0, 0, 0, 0, 9, 1), (100, 9, 8, 1, 0, 0, 0, 9, 2)",
                    "('binance', 'BTCUSDT', 's', 0, 0, 0, 3, 1, 100, 1, 0, 0, 2)");
    trade_as_before(&fixture, "kraken", "ETH/EUR", 500);
    write_as_before(&fixture, "(499, 9, 9, 0, 0, 0, 0, 9, 3), (500, 9, 7, 2, 0, 0, 0, 9, 4)",
                    "('kraken', 'ETH/EUR', 's', 1, 0, 2, 0, 500, 500, 1, 0, 0, 4)");
    fixture_open(&fixture);
    expect_curve(&fixture, "binance|USDT|paper|50|9\nbinance|USDT|paper|100|8\nbinance|USDT|paper|499|9\n"
                           "kraken|EUR|paper|500|7\n");
    expect_sql(&fixture, "SELECT exchange, symbol, quote_asset, mode, quantity, realised FROM account_positions ORDER BY 1",
               "binance|BTCUSDT|USDT|paper|0|3\nkraken|ETH/EUR|EUR|paper|1|0\n");
    expect_sql(&fixture, "SELECT order_id, quote_asset, mode FROM v_orders ORDER BY 1", "o-100|USDT|paper\no-500|EUR|paper\n");
    expect_sql(&fixture, "SELECT trade_id, quote_asset, mode FROM v_fills ORDER BY 1", "t-100|USDT|paper\nt-500|EUR|paper\n");

    /* The version before, still running: one change of its own, and one that was overtaken. */
    trade_as_before(&fixture, "kraken", "XBT/EUR", 700);
    write_as_before(&fixture, "(700, 9, 6, 3, 0, 0, 0, 9, 6), (500, 9, 5, 3, 0, 0, 0, 9, 5)",
                    "('kraken', 'ETH/EUR', 's', 2, 0, 2, 0, 500, 500, 1, 0, 0, 6)");
    write_as_before(&fixture, "(700, 9, 1, 3, 0, 0, 0, 9, 1)", "('kraken', 'ETH/EUR', 's', 9, 0, 2, 0, 5, 5, 1, 0, 0, 1)");
    expect_curve(&fixture, "binance|USDT|paper|50|9\nbinance|USDT|paper|100|8\nbinance|USDT|paper|499|9\n"
                           "kraken|EUR|paper|500|5\nkraken|EUR|paper|700|6\n");
    expect_sql(&fixture, "SELECT quantity FROM account_positions WHERE exchange = 'kraken'", "2\n");
    expect_sql(&fixture, "SELECT quote_asset, mode FROM fills WHERE trade_id = 't-700'", "EUR|paper\n");
    expect_sql(&fixture, "SELECT quote_asset, mode FROM orders WHERE order_id = 'o-700'", "EUR|paper\n");

    struct query query = fixture_query_of(QUERY_KIND_LEDGER, 10);
    CU_ASSERT_EQUAL(fixture_query(&fixture, &query), 0);
    CU_ASSERT_EQUAL_FATAL(fixture.answer.account_count, 1);
    CU_ASSERT_EQUAL(fixture.answer.accounts[0].cash, 9);
    query.mode = ACCOUNT_MODE_LIVE; /* paper cash is never live cash */
    CU_ASSERT_EQUAL(fixture_query(&fixture, &query), 0);
    CU_ASSERT_EQUAL(fixture.answer.account_count + fixture.answer.position_count, 0);
    query.quote_asset[0] = '\0'; /* as the version before asks */
    (void)snprintf(query.exchange, sizeof query.exchange, "kraken");
    CU_ASSERT_EQUAL(fixture_query(&fixture, &query), 0);
    CU_ASSERT_EQUAL_FATAL(fixture.answer.account_count, 1);
    CU_ASSERT_EQUAL(fixture.answer.accounts[0].time_ms, 700);
    fixture_close(&fixture);
}

static void what_was_there_is_of_the_paper_account(void)
{
    for (size_t i = 0; i < store_kind_count; i++)
        check_kept(store_kinds[i]->scheme);
}

/* Trader and persister of the version before take over once more: they find what was traded meanwhile in the account that
 * is theirs, and in no other; what they write then counts. */
static void check_given_back(const char *engine)
{
    static struct fixture fixture;
    static const char theirs_sql[] = "SELECT (SELECT cash FROM equity ORDER BY time_ms DESC LIMIT 1), quantity, version"
                                     " FROM positions";
    if (!make_first_version(&fixture, engine))
        return;
    trade_as_before(&fixture, "binance", "BTCUSDT", 100);
    write_as_before(&fixture, "(100, 9, 8, 1, 0, 0, 0, 9, 2)", "('binance', 'BTCUSDT', 's', 1, 3, 2, 0, 5, 5, 1, 0, 0, 2)");
    fixture_open(&fixture);
    for (int k = ACCOUNTS - 1; k >= 0; k--) {
        struct account accounts[] = {account_at(2000 + k, 500 + k), account_at(2000 + k, 600 + k)};
        struct position position = position_of("BTCUSDT", 20 + k);
        struct fill fill = fill_of("new", 2500, 1); /* behind all that the version before traded */
        uint64_t versions[] = {5, 5};
        SET_ACCOUNT(&accounts[0], k);
        SET_ACCOUNT(&accounts[1], k);
        SET_ACCOUNT(&position, k);
        SET_ACCOUNT(&fill, k);
        struct store_batch batch = {.accounts = accounts, .account_count = 2, .account_versions = versions,
                                    .fills = &fill, .fill_count = k == ACCOUNTS - 1,
                                    .positions = &position, .position_count = 1, .position_versions = versions};
        CU_ASSERT_EQUAL(fixture_write(&fixture, &batch), 0);
        expect_sql(&fixture, theirs_sql, k > 0 ? "8|1|2\n" : "600|20|5\n");
    }
    write_as_before(&fixture, "(3000, 9, 700, 1, 0, 0, 0, 9, 6)",
                    "('binance', 'BTCUSDT', 's', 0, 3, 2, 0, 5, 5, 1, 0, 0, 6)");
    expect_sql(&fixture, theirs_sql, "700|0|6\n");
    expect_sql(&fixture, "SELECT exchange, quote_asset, mode, quantity FROM account_positions ORDER BY 1, 2, 3",
               "binance|EUR|paper|22\nbinance|USDT|live|21\nbinance|USDT|paper|0\nkraken|USDT|paper|23\n");
    expect_sql(&fixture, "SELECT exchange, cash FROM account_equity WHERE time_ms = 3000", "binance|700\n");
    fixture_close(&fixture);
}

static void the_version_before_finds_what_was_traded_since(void)
{
    for (size_t i = 0; i < store_kind_count; i++)
        check_given_back(store_kinds[i]->scheme);
}

/* Nothing was traded yet: who followed a market, and in what, tells. */
static void check_without_trades(const char *engine)
{
    static struct fixture fixture;
    static const char followed[] = "INSERT INTO series (exchange, symbol, interval_s, fire_from_ms) VALUES"
                                   " ('coinbase', 'ETH-USD', 60, 1), ('okx', 'BTC-USDC', 60, %s)";
    static const struct {
        const char *fire_from, *expected;
    } rows[] = {{"1", "okx|USDC|paper|5|9\n"}, {"NULL", "coinbase|USD|paper|5|9\n"}, {NULL, "binance|USDT|paper|5|9\n"}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char sql[sizeof followed + 8];
        if (!make_first_version(&fixture, engine))
            return;
        (void)snprintf(sql, sizeof sql, followed, rows[i].fire_from != NULL ? rows[i].fire_from : "");
        if (rows[i].fire_from != NULL)
            fixture_execute(&fixture, sql);
        fixture_execute(&fixture, "INSERT INTO equity VALUES (5, 9, 9, 0, 0, 0, 0, 9, 1)");
        fixture_open(&fixture);
        expect_curve(&fixture, rows[i].expected);
        fixture_close(&fixture);
    }
}

static void a_curve_without_trades_is_of_the_exchange_that_was_followed(void)
{
    for (size_t i = 0; i < store_kind_count; i++)
        check_without_trades(store_kinds[i]->scheme);
}

/* The version before is in the middle of a change when the tables are brought up to date. */
static void what_is_being_written_meanwhile_is_kept(void)
{
    static struct fixture fixture;
    static const char waits_sql[] = "SELECT count(*) > 0 FROM pg_stat_activity WHERE datname = current_database()"
                                    " AND wait_event_type = 'Lock'";
    static const char change_sql[] = "BEGIN; UPDATE positions SET mark = 7, version = 3;"
                                     " UPDATE equity SET equity = 8, version = 3";
    if (!make_first_version(&fixture, "postgresql"))
        return;
    trade_as_before(&fixture, "binance", "BTCUSDT", 100);
    write_as_before(&fixture, "(100, 9, 8, 1, 0, 0, 0, 9, 2)", "('binance', 'BTCUSDT', 's', 1, 0, 2, 0, 5, 5, 1, 0, 0, 2)");
    PGconn *before = PQconnectdb(fixture.url);
    PQclear(PQexec(before, change_sql));
    CU_ASSERT_EQUAL_FATAL(PQtransactionStatus(before), PQTRANS_INTRANS);
    CU_ASSERT_EQUAL_FATAL(store_open(&fixture.store, fixture.url), 0);
    for (bool waits = false; !waits;) {
        fixture_turn(&fixture);
        CU_ASSERT_FALSE_FATAL(fixture_is_ready(&fixture));
        char *text = fixture_sql(&fixture, waits_sql);
        waits = text[0] == 't';
        free(text);
    }
    PQclear(PQexec(before, "COMMIT"));
    PQfinish(before);
    CU_ASSERT_TRUE_FATAL(fixture_until(&fixture, fixture_is_ready));
    expect_sql(&fixture, "SELECT mark, version FROM account_positions", "7|3\n");
    expect_sql(&fixture, "SELECT equity, version FROM account_equity", "8|3\n");
    fixture_close(&fixture);
}

const char *const suite_name = "store accounts";
const struct test suite_tests[] = {
    {"accounts are kept apart", accounts_are_kept_apart},
    {"what was there is of the paper account", what_was_there_is_of_the_paper_account},
    {"the version before finds what was traded since", the_version_before_finds_what_was_traded_since},
    {"a curve without trades is of the exchange that was followed",
     a_curve_without_trades_is_of_the_exchange_that_was_followed},
    {"what is being written meanwhile is kept", what_is_being_written_meanwhile_is_kept},
    {NULL, NULL},
};
