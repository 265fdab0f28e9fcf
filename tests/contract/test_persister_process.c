/* The persister as a process, over its links: what it acks is in the database, whatever happens to it. */
/* SPDX-License-Identifier: MIT */
#include "lib/base/clock.h"
#include "tests/contract/persister_fixture.h"
#include "tests/harness.h"

#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char database[160];

/* ---- the database ---- */

static void launch(const char *batch_ms)
{
    char url[200];
    (void)snprintf(url, sizeof url, "sqlite:%s", database);
    persister_start(url, batch_ms);
}

/* A fresh database, its persister, and a client of it. */
static void begin(struct client *client, enum role role, const char *batch_ms)
{
    static int number;
    (void)snprintf(database, sizeof database, "%s/persister-%d.db", test_directory(), number++);
    launch(batch_ms);
    client_open(client, role);
}

static void end(struct client *client)
{
    if (persister_process() > 0)
        CU_ASSERT_EQUAL(persister_stop(SIGTERM), 0);
    client_close(client);
}

static int deliver_ledger(struct client *client, uint64_t sequence, uint64_t generation)
{
    struct fill fill = {.order_id = "o", .strategy = "s", .exchange = "binance", .symbol = "BTCUSDT"};
    (void)snprintf(fill.trade_id, sizeof fill.trade_id, "t-%llu", (unsigned long long)sequence);
    const struct store_ledger message = {.sequence = sequence, .generation = generation, .fills = list_of(&fill, 1)};
    return client_deliver(client, RECORD_store_ledger, &message, sequence);
}

static struct lease_reply lease(struct client *client, uint64_t holder, bool release)
{
    struct lease_request request = {.name = "trader", .holder = holder, .duration_ms = 60000, .release = release};
    int64_t deadline_ms = clock_monotonic_ms() + PERSISTER_PATIENCE_MS, sent_ms = 0;
    client->lease_came = false;
    while (!client->lease_came && clock_monotonic_ms() < deadline_ms) {
        if (clock_monotonic_ms() - sent_ms > 300) {
            sent_ms = request.sent_ms = clock_monotonic_ms();
            client_send(client, LINK_STORE, RECORD_lease_request, &request);
        }
        client_turn();
    }
    CU_ASSERT_TRUE(client->lease_came);
    return client->lease;
}

/* One number out of the database, behind the persister's back; -1 if there is none. */
static int64_t number_of(const char *sql)
{
    sqlite3 *file;
    sqlite3_stmt *statement;
    int64_t number = -1;
    CU_ASSERT_EQUAL_FATAL(sqlite3_open(database, &file), SQLITE_OK);
    (void)sqlite3_busy_timeout(file, 5000);
    CU_ASSERT_EQUAL_FATAL(sqlite3_prepare_v2(file, sql, -1, &statement, NULL), SQLITE_OK);
    if (sqlite3_step(statement) == SQLITE_ROW)
        number = sqlite3_column_int64(statement, 0);
    (void)sqlite3_finalize(statement);
    (void)sqlite3_close(file);
    return number;
}

/* ---- tests ---- */

static void what_is_acked_is_in_the_database(void)
{
    static struct client fetcher;
    begin(&fetcher, ROLE_FETCHER, "20");
    CU_ASSERT_EQUAL(client_deliver_candles(&fetcher, 1, 0, 2000, 60), VERDICT_ACCEPTED);
    CU_ASSERT_EQUAL(number_of("SELECT count(*) FROM v_candles"), 2000);
    fetcher.verdicts[1] = -1;
    CU_ASSERT_EQUAL(client_deliver_candles(&fetcher, 1, 0, 2000, 60), VERDICT_ACCEPTED); /* the ack was lost */
    CU_ASSERT_EQUAL(number_of("SELECT count(*) FROM v_candles"), 2000);
    struct query query = {.id = 5, .kind = QUERY_KIND_RECENT_CANDLES, .exchange = "binance", .symbol = "-", .limit = 1700};
    client_ask(&fetcher, &query);
    CU_ASSERT_EQUAL(fetcher.candles, 1700);
    CU_ASSERT_STRING_EQUAL(fetcher.error, "");
    query.kind = QUERY_KIND_PROCESSES;
    client_ask(&fetcher, &query);
    CU_ASSERT_EQUAL(fetcher.processes, 1);
    query.kind = QUERY_KIND_OTHER; /* as what a later version may ask is read */
    client_ask(&fetcher, &query);
    CU_ASSERT_PTR_NOT_NULL(strstr(fetcher.error, "does not know that question"));
    end(&fetcher);
}

static void a_bad_delivery_is_answered_and_the_others_are_written(void)
{
    static struct client fetcher;
    begin(&fetcher, ROLE_FETCHER, "300");
    CU_ASSERT_EQUAL(client_deliver_candles(&fetcher, 1, 0, 1, 60), VERDICT_ACCEPTED);
    for (uint64_t i = 2; i < 10; i++) { /* all in one batch */
        const struct candle_event row = {"BTCUSDT", i == 6 ? 4000000000 : 60, {PERSISTER_CANDLES_MS + (int64_t)i * 60000, 1, 1, 1, 1, 1, 0, 0}};
        const struct store_candles message = {.sequence = i, .exchange = "binance", .rows = list_of(&row, 1)};
        client_send(&fetcher, LINK_STORE, RECORD_store_candles, &message);
    }
    CU_ASSERT_EQUAL(client_deliver_candles(&fetcher, 10, 10, 1, 60), VERDICT_ACCEPTED);
    for (uint64_t i = 2; i < 10; i++)
        CU_ASSERT_EQUAL(fetcher.verdicts[i], i == 6 ? VERDICT_INVALID : VERDICT_ACCEPTED);
    CU_ASSERT_EQUAL(number_of("SELECT count(*) FROM candles"), 9);
    end(&fetcher);
}

static void a_candle_of_the_future_is_not_written(void)
{
    static struct client fetcher;
    static char page[PERSISTER_PAGE_SIZE];
    begin(&fetcher, ROLE_FETCHER, "1");
    struct candle_event rows[] = {{"BTCUSDT", 60, {PERSISTER_CANDLES_MS, 1, 1, 1, 1, 1, 0, 0}},
                                  {"BTCUSDT", 60, {PERSISTER_CANDLES_MS + 3600000, 1, 1, 1, 1, 1, 0, 0}},
                                  {"BTCUSDT", 60, {4070908800000, 1, 1, 1, 1, 1, 0, 0}}}; /* 2099 */
    struct store_candles message = {.sequence = 1, .exchange = "binance", .rows = list_of(rows, 3),
                                    .exchange_ms = PERSISTER_CANDLES_MS + 600000};
    CU_ASSERT_EQUAL(client_deliver(&fetcher, RECORD_store_candles, &message, 1), VERDICT_ACCEPTED);
    CU_ASSERT_EQUAL(number_of("SELECT count(*) FROM candles"), 1);
    CU_ASSERT_EQUAL(number_of("SELECT exchange_ms FROM exchange_clocks"), PERSISTER_CANDLES_MS + 600000);
    message.sequence = 2;
    message.exchange_ms = 0; /* then by our own clock */
    CU_ASSERT_EQUAL(client_deliver(&fetcher, RECORD_store_candles, &message, 2), VERDICT_ACCEPTED);
    CU_ASSERT_EQUAL(number_of("SELECT count(*) FROM candles"), 2);
    persister_page("/metrics", page);
    CU_ASSERT_PTR_NOT_NULL(strstr(page, "wick_store_refused_total{process=\"persister\"} 3\n"));
    end(&fetcher);
}

static void a_killed_persister_loses_nothing_that_it_acked(void)
{
    static struct client fetcher;
    begin(&fetcher, ROLE_FETCHER, "1");
    uint64_t sequence = 1;
    for (int kills = 0; kills < 5; kills++) {
        for (int i = 0; i < 20; i++, sequence++)
            CU_ASSERT_EQUAL(client_deliver_candles(&fetcher, sequence, (int64_t)sequence * 50, 50, 60), VERDICT_ACCEPTED);
        const struct candle_event row = {"ETHUSDT", 60, {PERSISTER_CANDLES_MS + 60000, 1, 1, 1, 1, 1, 0, 0}};
        const struct store_candles in_flight = {.sequence = 4000, .exchange = "binance", .rows = list_of(&row, 1)};
        client_send(&fetcher, LINK_STORE, RECORD_store_candles, &in_flight);
        (void)persister_stop(SIGKILL);
        CU_ASSERT_EQUAL(number_of("SELECT count(*) FROM v_candles WHERE symbol = 'BTCUSDT'"),
                        (int64_t)(sequence - 1) * 50);
        launch("1");
    }
    fetcher.verdicts[4000] = -1;
    CU_ASSERT_EQUAL(client_deliver_candles(&fetcher, sequence, (int64_t)sequence * 50, 50, 60), VERDICT_ACCEPTED);
    CU_ASSERT_EQUAL(number_of("SELECT count(*) FROM v_candles WHERE symbol = 'BTCUSDT'"), (int64_t)sequence * 50);
    CU_ASSERT_TRUE(number_of("SELECT count(*) FROM v_candles WHERE symbol = 'ETHUSDT'") <= 1);
    end(&fetcher);
}

static void an_old_trader_is_fenced_also_after_a_restart(void)
{
    static struct client trader;
    begin(&trader, ROLE_TRADER, "20");
    CU_ASSERT_EQUAL(deliver_ledger(&trader, 1, 0), VERDICT_FENCED); /* without a lease */
    struct lease_reply reply = lease(&trader, 11, false);
    CU_ASSERT_TRUE(reply.granted);
    CU_ASSERT_EQUAL(reply.generation, 1);
    CU_ASSERT_EQUAL(deliver_ledger(&trader, 2, 1), VERDICT_ACCEPTED);
    CU_ASSERT_EQUAL(number_of("SELECT count(*) FROM v_fills"), 1);
    reply = lease(&trader, 22, false);
    CU_ASSERT_FALSE(reply.granted);
    CU_ASSERT_EQUAL(reply.generation, 1);
    reply = lease(&trader, 11, true);
    CU_ASSERT_FALSE(reply.granted);
    reply = lease(&trader, 22, false);
    CU_ASSERT_TRUE(reply.granted);
    CU_ASSERT_EQUAL(reply.generation, 2);
    CU_ASSERT_EQUAL(deliver_ledger(&trader, 3, 1), VERDICT_FENCED);
    CU_ASSERT_EQUAL(deliver_ledger(&trader, 4, 2), VERDICT_ACCEPTED);
    (void)persister_stop(SIGKILL);
    launch("20");
    CU_ASSERT_EQUAL(deliver_ledger(&trader, 5, 1), VERDICT_FENCED); /* it has to learn of the generation first */
    CU_ASSERT_EQUAL(deliver_ledger(&trader, 6, 2), VERDICT_ACCEPTED);
    CU_ASSERT_EQUAL(number_of("SELECT count(*) FROM v_fills"), 3);
    end(&trader);
}

static void a_stopped_persister_commits_what_waits(void)
{
    static struct client fetcher;
    begin(&fetcher, ROLE_FETCHER, "10000");
    const struct series_start start = {"BTCUSDT", 60, 1};
    const struct store_series series = {.sequence = 2, .exchange = "binance", .rows = list_of(&start, 1)};
    struct query query = {.id = 1, .kind = QUERY_KIND_PROCESSES, .symbol = "-"};
    client_ask(&fetcher, &query); /* it is connected now */
    client_send(&fetcher, LINK_STORE, RECORD_store_series, &series);
    query.kind = QUERY_KIND_SERIES_STARTS; /* an answer that needs the database, while the batch waits */
    query.limit = 1;
    client_ask(&fetcher, &query);
    CU_ASSERT_EQUAL(fetcher.verdicts[2], -1);
    CU_ASSERT_EQUAL(kill(persister_process(), SIGTERM), 0);
    CU_ASSERT_EQUAL(client_deliver(&fetcher, RECORD_store_series, &series, 2), VERDICT_ACCEPTED);
    CU_ASSERT_EQUAL(persister_stop(SIGTERM), 0);
    CU_ASSERT_EQUAL(number_of("SELECT fire_from_ms FROM series"), 1);
    end(&fetcher);
}

static void a_locked_database_holds_acks_back_and_answers_with_an_error(void)
{
    static struct client fetcher;
    sqlite3 *file;
    begin(&fetcher, ROLE_FETCHER, "1");
    CU_ASSERT_EQUAL(client_deliver_candles(&fetcher, 1, 0, 1, 60), VERDICT_ACCEPTED);
    CU_ASSERT_EQUAL_FATAL(sqlite3_open(database, &file), SQLITE_OK);
    (void)sqlite3_busy_timeout(file, 5000);
    CU_ASSERT_EQUAL_FATAL(sqlite3_exec(file, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
    const struct candle_event row = {"BTCUSDT", 60, {PERSISTER_CANDLES_MS + 600000, 1, 1, 1, 1, 1, 0, 0}};
    const struct store_candles message = {.sequence = 2, .exchange = "binance", .rows = list_of(&row, 1)};
    client_send(&fetcher, LINK_STORE, RECORD_store_candles, &message);
    struct query query = {.id = 5, .kind = QUERY_KIND_RECENT_CANDLES, .exchange = "binance", .symbol = "-", .limit = 10};
    int64_t deadline_ms = clock_monotonic_ms() + PERSISTER_PATIENCE_MS;
    do { /* reading goes on until the first write has failed */
        client_ask(&fetcher, &query);
    } while (fetcher.error[0] == '\0' && clock_monotonic_ms() < deadline_ms);
    CU_ASSERT_PTR_NOT_NULL(strstr(fetcher.error, "database is locked"));
    CU_ASSERT_EQUAL(fetcher.verdicts[2], -1);
    CU_ASSERT_EQUAL(sqlite3_exec(file, "ROLLBACK", NULL, NULL, NULL), SQLITE_OK);
    (void)sqlite3_close(file);
    CU_ASSERT_EQUAL(client_deliver(&fetcher, RECORD_store_candles, &message, 2), VERDICT_ACCEPTED);
    CU_ASSERT_EQUAL(number_of("SELECT count(*) FROM candles"), 2);
    end(&fetcher);
}

static void wait_for_page(const char *text)
{
    static char page[PERSISTER_PAGE_SIZE];
    int64_t deadline_ms = clock_monotonic_ms() + PERSISTER_PATIENCE_MS;
    do {
        client_turn();
        persister_page("/metrics", page);
    } while (strstr(page, text) == NULL && clock_monotonic_ms() < deadline_ms);
    CU_ASSERT_PTR_NOT_NULL(strstr(page, text));
}

/* One client sends both, since acks of one link come in the order in which they were given. */
static void the_ledger_overtakes_candles_which_keep_their_order(void)
{
    enum { DELIVERIES = 4, ROWS = 1000, LEDGER = 9 };
    static struct client trader;
    sqlite3 *file;
    begin(&trader, ROLE_TRADER, "1");
    struct lease_reply reply = lease(&trader, 11, false);
    CU_ASSERT_TRUE(reply.granted);
    CU_ASSERT_EQUAL_FATAL(sqlite3_open(database, &file), SQLITE_OK);
    (void)sqlite3_busy_timeout(file, 5000);
    CU_ASSERT_EQUAL_FATAL(sqlite3_exec(file, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
    for (uint64_t i = 1; i <= DELIVERIES; i++)
        client_send_candles(&trader, i, (int64_t)i * ROWS, ROWS, 60);
    const struct fill fill = {
        .trade_id = "t", .order_id = "o", .strategy = "s", .exchange = "binance", .symbol = "BTCUSDT"};
    const struct store_ledger message = {.sequence = LEDGER, .generation = reply.generation, .fills = list_of(&fill, 1)};
    client_send(&trader, LINK_STORE, RECORD_store_ledger, &message);
    wait_for_page("wick_store_waiting_rows{process=\"persister\"} 4001\n");
    CU_ASSERT_EQUAL(trader.acks, 0);
    CU_ASSERT_EQUAL(sqlite3_exec(file, "ROLLBACK", NULL, NULL, NULL), SQLITE_OK);
    (void)sqlite3_close(file);
    int64_t deadline_ms = clock_monotonic_ms() + PERSISTER_PATIENCE_MS;
    while (trader.acks < DELIVERIES + 1 && clock_monotonic_ms() < deadline_ms)
        client_turn();
    CU_ASSERT_TRUE(trader.places[LEDGER] < trader.places[DELIVERIES]); /* at most one transaction went before it */
    for (uint64_t i = 1; i < DELIVERIES; i++)
        CU_ASSERT_TRUE(trader.places[i] < trader.places[i + 1]);
    CU_ASSERT_EQUAL(number_of("SELECT count(*) FROM candles"), DELIVERIES * ROWS);
    end(&trader);
}

const char *const suite_name = "persister process";
const struct test suite_tests[] = {
    {"what is acked is in the database", what_is_acked_is_in_the_database},
    {"a bad delivery is answered, and the others are written", a_bad_delivery_is_answered_and_the_others_are_written},
    {"a candle of the future is not written", a_candle_of_the_future_is_not_written},
    {"a killed persister loses nothing that it acked", a_killed_persister_loses_nothing_that_it_acked},
    {"an old trader is fenced, also after a restart", an_old_trader_is_fenced_also_after_a_restart},
    {"a stopped persister commits what waits", a_stopped_persister_commits_what_waits},
    {"a locked database holds acks back and answers with an error",
     a_locked_database_holds_acks_back_and_answers_with_an_error},
    {"the ledger overtakes candles, which keep their order", the_ledger_overtakes_candles_which_keep_their_order},
    {NULL, NULL},
};
