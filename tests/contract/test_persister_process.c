/* The persister as a process, over its links: what it acks is in the database, whatever happens to it. */
/* SPDX-License-Identifier: MIT */
#include "lib/base/clock.h"
#include "lib/runtime/curve.h"
#include "lib/runtime/link_set.h"
#include "tests/harness.h"

#include <poll.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PATIENCE_MS = 20000, SEQUENCES = 4096 };

/* A fetcher or trader, and what the persister has told it. */
struct client {
    struct curve_keys keys;
    struct link_set *links;
    int verdicts[SEQUENCES]; /* by sequence; -1: no ack yet */
    struct lease_reply lease;
    bool lease_came;
    size_t candles, processes; /* rows of the answer */
    uint32_t parts;            /* of the newest answer */
    bool answered;             /* its last part came */
    char error[TEXT_SIZE];
};

static struct loop *loop;
static struct config *config;
static pid_t persister;
static char data_dir[128], database[160], port[16];

/* ---- the process ---- */

static void start_persister(const char *batch_ms)
{
    char path[512], url[200];
    ssize_t length = readlink("/proc/self/exe", path, sizeof path - 64);
    CU_ASSERT_FATAL(length > 0);
    path[length] = '\0';
    char *folder = strstr(path, "/tests/test_persister_process");
    CU_ASSERT_PTR_NOT_NULL_FATAL(folder);
    (void)strncpy(folder, "/bin/wick-persister", 32);
    (void)snprintf(url, sizeof url, "sqlite:%s", database);
    (void)setenv("WICK_DATABASE__URL", url, 1);
    persister = fork();
    if (persister == 0) {
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
        (void)execl(path, path, "--process.data_dir", data_dir, "--links.base_port", port, "--database.batch_ms",
                    batch_ms, "--process.log_level", "error", (char *)NULL);
        _exit(127);
    }
    CU_ASSERT_FATAL(persister > 0);
}

static int stop_persister(int signal)
{
    int status = -1;
    (void)kill(persister, signal);
    (void)waitpid(persister, &status, 0);
    persister = 0;
    return status;
}

/* ---- clients ---- */

static void take_answer(struct client *client, const struct link_input *input)
{
    struct answer answer;
    CU_ASSERT_EQUAL_FATAL(message_decode(RECORD_answer, input->bytes, input->size, &answer), 0);
    if (answer.part == 0)
        client->parts = 0;
    CU_ASSERT_EQUAL(answer.part, client->parts++);
    client->candles += answer.candles.count;
    client->processes += answer.processes.count;
    client->answered = answer.last;
    memcpy(client->error, answer.error, sizeof client->error);
}

static void on_input(void *user, const struct link_input *input)
{
    struct client *client = user;
    enum record record;
    struct ack ack;
    CU_ASSERT_EQUAL_FATAL(message_peek(input->bytes, input->size, &record), 0);
    if (record == RECORD_ack) {
        CU_ASSERT_EQUAL_FATAL(message_decode(record, input->bytes, input->size, &ack), 0);
        CU_ASSERT_FATAL(ack.sequence < SEQUENCES);
        client->verdicts[ack.sequence] = (int)ack.verdict;
    } else if (record == RECORD_lease_reply) {
        CU_ASSERT_EQUAL_FATAL(message_decode(record, input->bytes, input->size, &client->lease), 0);
        client->lease_came = true;
    } else {
        take_answer(client, input);
    }
}

static void set_up(void)
{
    if (loop != NULL)
        return;
    char *argv[] = {"test", "--process.data_dir", data_dir, "--links.base_port", port};
    (void)snprintf(data_dir, sizeof data_dir, "%s/data", test_directory());
    (void)snprintf(port, sizeof port, "%d", 22000 + (getpid() % 900) * 10);
    loop = loop_create();
    CU_ASSERT_PTR_NOT_NULL_FATAL(loop);
    CU_ASSERT_EQUAL_FATAL(config_load(EVERY_ROLE, 5, argv, stderr, &config), 0);
}

static void open_client(struct client *client, enum role role)
{
    set_up();
    memset(client, 0, sizeof *client);
    for (int i = 0; i < SEQUENCES; i++)
        client->verdicts[i] = -1;
    CU_ASSERT_EQUAL_FATAL(curve_keys_load(role, config, &client->keys), 0);
    /* The other links of the role have nobody at their other end; the fetcher's and trader's own are bound here. */
    CU_ASSERT_EQUAL_FATAL(link_set_open(role, config, &client->keys, loop, on_input, client, &client->links), 0);
}

static void close_client(struct client *client)
{
    link_set_close(client->links, 0);
    curve_keys_release(&client->keys);
}

/* A fresh database, its persister, and a client of it. */
static void begin(struct client *client, enum role role, const char *batch_ms)
{
    static int number;
    set_up();
    (void)snprintf(database, sizeof database, "%s/persister-%d.db", test_directory(), number++);
    start_persister(batch_ms);
    open_client(client, role);
}

static void end(struct client *client)
{
    if (persister > 0)
        CU_ASSERT_EQUAL(stop_persister(SIGTERM), 0);
    close_client(client);
}

static void stop_loop(void *user, int64_t now_ms)
{
    (void)user;
    (void)now_ms;
    loop_stop(loop);
}

static void turn(void)
{
    int timer = loop_add_timer(loop, 5, 0, stop_loop, NULL);
    CU_ASSERT_FATAL(timer >= 0);
    CU_ASSERT_EQUAL_FATAL(loop_run(loop), 0);
    loop_remove_timer(loop, timer);
}

/* Sends a message; one that nobody is connected for is dropped, as on a real link. */
static void send_message(struct client *client, enum link link, enum record record, const void *message)
{
    static uint8_t bytes[MESSAGE_SIZE_MAX];
    size_t size;
    CU_ASSERT_EQUAL_FATAL(message_encode(record, message, bytes, sizeof bytes, &size), 0);
    int code = link_set_send(client->links, link, NULL, bytes, size);
    (void)code;
}

/* Sends a delivery again and again until its ack comes, and returns the verdict. */
static int deliver(struct client *client, enum record record, const void *message, uint64_t sequence)
{
    int64_t deadline_ms = clock_monotonic_ms() + PATIENCE_MS, sent_ms = 0;
    while (client->verdicts[sequence] < 0 && clock_monotonic_ms() < deadline_ms) {
        if (clock_monotonic_ms() - sent_ms > 300) {
            sent_ms = clock_monotonic_ms();
            send_message(client, LINK_STORE, record, message);
        }
        turn();
    }
    return client->verdicts[sequence];
}

static int deliver_candles(struct client *client, uint64_t sequence, int64_t first, size_t count, uint32_t interval_s)
{
    static struct candle_event rows[2000];
    for (size_t i = 0; i < count; i++)
        rows[i] = (struct candle_event){"BTCUSDT", interval_s,
                                        {(first + (int64_t)i) * 60000, 975, 976, 974, 975, 5, 1, 0}};
    const struct store_candles message = {.sequence = sequence, .exchange = "binance", .rows = list_of(rows, count)};
    return deliver(client, RECORD_store_candles, &message, sequence);
}

static int deliver_ledger(struct client *client, uint64_t sequence, uint64_t generation)
{
    struct fill fill = {.order_id = "o", .strategy = "s", .exchange = "binance", .symbol = "BTCUSDT"};
    (void)snprintf(fill.trade_id, sizeof fill.trade_id, "t-%llu", (unsigned long long)sequence);
    const struct store_ledger message = {.sequence = sequence, .generation = generation, .fills = list_of(&fill, 1)};
    return deliver(client, RECORD_store_ledger, &message, sequence);
}

static struct lease_reply lease(struct client *client, uint64_t holder, bool release)
{
    struct lease_request request = {.name = "trader", .holder = holder, .duration_ms = 60000, .release = release};
    int64_t deadline_ms = clock_monotonic_ms() + PATIENCE_MS, sent_ms = 0;
    client->lease_came = false;
    while (!client->lease_came && clock_monotonic_ms() < deadline_ms) {
        if (clock_monotonic_ms() - sent_ms > 300) {
            sent_ms = request.sent_ms = clock_monotonic_ms();
            send_message(client, LINK_STORE, RECORD_lease_request, &request);
        }
        turn();
    }
    CU_ASSERT_TRUE(client->lease_came);
    return client->lease;
}

static void ask(struct client *client, const struct query *query)
{
    int64_t deadline_ms = clock_monotonic_ms() + PATIENCE_MS, sent_ms = 0;
    client->candles = client->processes = 0;
    client->answered = false;
    while (!client->answered && clock_monotonic_ms() < deadline_ms) {
        if (clock_monotonic_ms() - sent_ms > 10000 || sent_ms == 0) {
            sent_ms = clock_monotonic_ms();
            send_message(client, LINK_HISTORY, RECORD_query, query);
        }
        turn();
    }
    CU_ASSERT_TRUE(client->answered);
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
    CU_ASSERT_EQUAL(deliver_candles(&fetcher, 1, 0, 2000, 60), VERDICT_ACCEPTED);
    CU_ASSERT_EQUAL(number_of("SELECT count(*) FROM v_candles"), 2000);
    fetcher.verdicts[1] = -1;
    CU_ASSERT_EQUAL(deliver_candles(&fetcher, 1, 0, 2000, 60), VERDICT_ACCEPTED); /* the ack was lost */
    CU_ASSERT_EQUAL(number_of("SELECT count(*) FROM v_candles"), 2000);
    struct query query = {.id = 5, .kind = QUERY_KIND_RECENT_CANDLES, .exchange = "binance", .symbol = "-", .limit = 1700};
    ask(&fetcher, &query);
    CU_ASSERT_EQUAL(fetcher.candles, 1700);
    CU_ASSERT_STRING_EQUAL(fetcher.error, "");
    query.kind = QUERY_KIND_PROCESSES;
    ask(&fetcher, &query);
    CU_ASSERT_EQUAL(fetcher.processes, 1);
    end(&fetcher);
}

static void a_bad_delivery_is_answered_and_the_others_are_written(void)
{
    static struct client fetcher;
    begin(&fetcher, ROLE_FETCHER, "300");
    CU_ASSERT_EQUAL(deliver_candles(&fetcher, 1, 0, 1, 60), VERDICT_ACCEPTED);
    for (uint64_t i = 2; i < 10; i++) { /* all in one batch */
        const struct candle_event row = {"BTCUSDT", i == 6 ? 4000000000 : 60, {(int64_t)i * 60000, 1, 1, 1, 1, 1, 0, 0}};
        const struct store_candles message = {.sequence = i, .exchange = "binance", .rows = list_of(&row, 1)};
        send_message(&fetcher, LINK_STORE, RECORD_store_candles, &message);
    }
    CU_ASSERT_EQUAL(deliver_candles(&fetcher, 10, 10, 1, 60), VERDICT_ACCEPTED);
    for (uint64_t i = 2; i < 10; i++)
        CU_ASSERT_EQUAL(fetcher.verdicts[i], i == 6 ? VERDICT_INVALID : VERDICT_ACCEPTED);
    CU_ASSERT_EQUAL(number_of("SELECT count(*) FROM candles"), 9);
    end(&fetcher);
}

static void a_killed_persister_loses_nothing_that_it_acked(void)
{
    static struct client fetcher;
    begin(&fetcher, ROLE_FETCHER, "1");
    uint64_t sequence = 1;
    for (int kills = 0; kills < 5; kills++) {
        for (int i = 0; i < 20; i++, sequence++)
            CU_ASSERT_EQUAL(deliver_candles(&fetcher, sequence, (int64_t)sequence * 50, 50, 60), VERDICT_ACCEPTED);
        const struct candle_event row = {"ETHUSDT", 60, {60000, 1, 1, 1, 1, 1, 0, 0}};
        const struct store_candles in_flight = {.sequence = 4000, .exchange = "binance", .rows = list_of(&row, 1)};
        send_message(&fetcher, LINK_STORE, RECORD_store_candles, &in_flight);
        (void)stop_persister(SIGKILL);
        CU_ASSERT_EQUAL(number_of("SELECT count(*) FROM v_candles WHERE symbol = 'BTCUSDT'"),
                        (int64_t)(sequence - 1) * 50);
        start_persister("1");
    }
    fetcher.verdicts[4000] = -1;
    CU_ASSERT_EQUAL(deliver_candles(&fetcher, sequence, (int64_t)sequence * 50, 50, 60), VERDICT_ACCEPTED);
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
    (void)stop_persister(SIGKILL);
    start_persister("20");
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
    ask(&fetcher, &query); /* it is connected now */
    send_message(&fetcher, LINK_STORE, RECORD_store_series, &series);
    query.kind = QUERY_KIND_SERIES_STARTS; /* an answer that needs the database, while the batch waits */
    query.limit = 1;
    ask(&fetcher, &query);
    CU_ASSERT_EQUAL(fetcher.verdicts[2], -1);
    CU_ASSERT_EQUAL(kill(persister, SIGTERM), 0);
    CU_ASSERT_EQUAL(deliver(&fetcher, RECORD_store_series, &series, 2), VERDICT_ACCEPTED);
    CU_ASSERT_EQUAL(stop_persister(SIGTERM), 0);
    CU_ASSERT_EQUAL(number_of("SELECT fire_from_ms FROM series"), 1);
    end(&fetcher);
}

static void a_locked_database_holds_acks_back_and_answers_with_an_error(void)
{
    static struct client fetcher;
    sqlite3 *file;
    begin(&fetcher, ROLE_FETCHER, "1");
    CU_ASSERT_EQUAL(deliver_candles(&fetcher, 1, 0, 1, 60), VERDICT_ACCEPTED);
    CU_ASSERT_EQUAL_FATAL(sqlite3_open(database, &file), SQLITE_OK);
    (void)sqlite3_busy_timeout(file, 5000);
    CU_ASSERT_EQUAL_FATAL(sqlite3_exec(file, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
    const struct candle_event row = {"BTCUSDT", 60, {600000, 1, 1, 1, 1, 1, 0, 0}};
    const struct store_candles message = {.sequence = 2, .exchange = "binance", .rows = list_of(&row, 1)};
    send_message(&fetcher, LINK_STORE, RECORD_store_candles, &message);
    struct query query = {.id = 5, .kind = QUERY_KIND_RECENT_CANDLES, .exchange = "binance", .symbol = "-", .limit = 10};
    int64_t deadline_ms = clock_monotonic_ms() + PATIENCE_MS;
    do { /* reading goes on until the first write has failed */
        ask(&fetcher, &query);
    } while (fetcher.error[0] == '\0' && clock_monotonic_ms() < deadline_ms);
    CU_ASSERT_PTR_NOT_NULL(strstr(fetcher.error, "database is locked"));
    CU_ASSERT_EQUAL(fetcher.verdicts[2], -1);
    CU_ASSERT_EQUAL(sqlite3_exec(file, "ROLLBACK", NULL, NULL, NULL), SQLITE_OK);
    (void)sqlite3_close(file);
    CU_ASSERT_EQUAL(deliver(&fetcher, RECORD_store_candles, &message, 2), VERDICT_ACCEPTED);
    CU_ASSERT_EQUAL(number_of("SELECT count(*) FROM candles"), 2);
    end(&fetcher);
}

const char *const suite_name = "persister process";
const struct test suite_tests[] = {
    {"what is acked is in the database", what_is_acked_is_in_the_database},
    {"a bad delivery is answered, and the others are written", a_bad_delivery_is_answered_and_the_others_are_written},
    {"a killed persister loses nothing that it acked", a_killed_persister_loses_nothing_that_it_acked},
    {"an old trader is fenced, also after a restart", an_old_trader_is_fenced_also_after_a_restart},
    {"a stopped persister commits what waits", a_stopped_persister_commits_what_waits},
    {"a locked database holds acks back and answers with an error",
     a_locked_database_holds_acks_back_and_answers_with_an_error},
    {NULL, NULL},
};
