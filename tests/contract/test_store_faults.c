/* Stores when something is wrong: URLs, passwords, locks, damaged files, servers that die, schemas of other versions. */
/* SPDX-License-Identifier: MIT */
#include "lib/base/clock.h"
#include "tests/contract/store_fixture.h"
#include "tests/harness.h"

#include <arpa/inet.h>
#include <poll.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static const struct fill some_fill = {.trade_id = "t-1", .order_id = "o-1", .strategy = "sma_cross",
                                      .exchange = "binance", .symbol = "BTCUSDT", .price = 1, .quantity = 1,
                                      .time_ms = 1};
static const struct store_batch some_batch = {.fills = &some_fill, .fill_count = 1};

static struct fixture fixture;

static bool text_contains(const char *expected)
{
    if (strstr(fixture.store.text, expected) == NULL)
        printf("expected '%s' in: %s\n", expected, fixture.store.text);
    return strstr(fixture.store.text, expected) != NULL;
}

/* Opens a store that cannot get ready, and expects its text to say why. */
static void expect_refusal(const char *url, const char *expected)
{
    CU_ASSERT_EQUAL_FATAL(store_open(&fixture.store, url), 0);
    fixture.done = false;
    CU_ASSERT_EQUAL(fixture_write(&fixture, &some_batch), ERROR_CONNECTION);
    CU_ASSERT_FALSE(fixture_is_ready(&fixture));
    CU_ASSERT_TRUE(text_contains(expected));
    fixture_close(&fixture);
}

static void fill_file(const char *path, const char *bytes, size_t size)
{
    FILE *file = fopen(path, "w");
    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    CU_ASSERT_EQUAL(fwrite(bytes, 1, size, file), size);
    CU_ASSERT_EQUAL(fclose(file), 0);
}

/* ---- URLs ---- */

static void a_url_without_sense_is_refused_without_being_quoted(void)
{
    static const char *const urls[] = {
        "", "wick.db", "mysql://user:cold-green-tea@host/db", "sqlite", "sqlite:", ":memory:",
        "postgresql://user:cold-green-tea@[::1/db",
        "postgresql://user:cold-green-tea@host/db?cold-green-tea=1",
    };
    for (size_t i = 0; i < sizeof urls / sizeof urls[0]; i++) {
        struct store store = {0};
        CU_ASSERT_EQUAL(store_open(&store, urls[i]), ERROR_ARGUMENT);
        CU_ASSERT_PTR_NULL(strstr(error_message(), "cold-green-tea"));
        CU_ASSERT_PTR_NULL(store.state);
        store_close(&store);
    }
}

/* ---- both engines ---- */

static void check_reopening(struct fixture *open)
{
    CU_ASSERT_EQUAL(fixture_write(open, &some_batch), 0);
    for (int i = 0; i < 2; i++) {
        fixture_close(open);
        fixture_open(open);
        CU_ASSERT_EQUAL(fixture_write(open, &some_batch), 0);
        CU_ASSERT_EQUAL(open->result.changed, 0);
    }
    char *versions = fixture_sql(open, "SELECT version, name FROM schema_migrations ORDER BY version");
    CU_ASSERT_STRING_EQUAL(versions, "1|init\n2|revisions\n3|months\n4|clocks\n5|accounts\n");
    free(versions);
}

static void migrations_run_once(void)
{
    for_each_engine(check_reopening);
}

/* Two processes open the same empty database at the same moment. */
static void check_race(const char *engine)
{
    if (!fixture_make(&fixture, engine))
        return;
    (void)fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        unsigned failures = CU_get_number_of_failures();
        fixture_open(&fixture);
        fixture_close(&fixture);
        _exit(CU_get_number_of_failures() == failures ? 0 : 1);
    }
    fixture_open(&fixture);
    int status = -1;
    CU_ASSERT_EQUAL(waitpid(child, &status, 0), child);
    CU_ASSERT_EQUAL(status, 0);
    CU_ASSERT_EQUAL(fixture_write(&fixture, &some_batch), 0);
    char *versions = fixture_sql(&fixture, "SELECT count(*) FROM schema_migrations");
    CU_ASSERT_STRING_EQUAL(versions, "5\n");
    free(versions);
    fixture_close(&fixture);
}

static void two_may_make_the_schema_at_once(void)
{
    for (int i = 0; i < 5; i++)
        check_race("sqlite");
    for (int i = 0; i < 3; i++)
        check_race("postgresql");
}

static void check_newer_schema(struct fixture *open)
{
    char *nothing = fixture_sql(open, "INSERT INTO schema_migrations (version, name, applied_ms) VALUES (99, 'x', 0)");
    free(nothing);
    fixture_close(open);
    fixture = *open;
    CU_ASSERT_EQUAL_FATAL(store_open(&fixture.store, open->url), 0);
    for (int64_t until_ms = clock_monotonic_ms() + 5000;
         strstr(fixture.store.text, "newer") == NULL && clock_monotonic_ms() < until_ms; (void)poll(NULL, 0, 5))
        fixture.store.kind->advance(&fixture.store, clock_monotonic_ms());
    CU_ASSERT_TRUE(text_contains("newer version of this program: its schema is 99, known is "));
    CU_ASSERT_FALSE(fixture_is_ready(&fixture));
    CU_ASSERT_EQUAL(fixture_write(&fixture, &some_batch), ERROR_CONNECTION);
    fixture_close(&fixture);
    nothing = fixture_sql(open, "DELETE FROM schema_migrations WHERE version = 99");
    free(nothing);
    fixture_open(open);
}

static void a_database_newer_than_the_program_is_refused(void)
{
    for_each_engine(check_newer_schema);
}

/* ---- SQLite ---- */

static sqlite3 *lock_file(const char *path)
{
    sqlite3 *other;
    CU_ASSERT_EQUAL_FATAL(sqlite3_open(path, &other), SQLITE_OK);
    CU_ASSERT_EQUAL(sqlite3_exec(other, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
    return other;
}

static void a_locked_sqlite_file_is_waited_for_outside(void)
{
    CU_ASSERT_TRUE_FATAL(fixture_make(&fixture, "sqlite"));
    fixture_open(&fixture);
    sqlite3 *other = lock_file(fixture.path);
    int64_t before_ms = clock_monotonic_ms();
    CU_ASSERT_EQUAL(fixture_write(&fixture, &some_batch), ERROR_CONNECTION);
    CU_ASSERT_TRUE(clock_monotonic_ms() - before_ms < 5000);
    CU_ASSERT_TRUE(text_contains("database is locked"));
    CU_ASSERT_FALSE(fixture_is_ready(&fixture));
    CU_ASSERT_EQUAL(sqlite3_exec(other, "ROLLBACK", NULL, NULL, NULL), SQLITE_OK);
    CU_ASSERT_TRUE(fixture_until(&fixture, fixture_is_ready));
    CU_ASSERT_EQUAL(fixture_write(&fixture, &some_batch), 0);
    CU_ASSERT_EQUAL(fixture.result.changed, 1);
    (void)sqlite3_close(other);
    fixture_close(&fixture);
}

static void a_missing_directory_is_named(void)
{
    char url[256], folder[128];
    (void)snprintf(folder, sizeof folder, "%s/later", test_directory());
    (void)snprintf(url, sizeof url, "sqlite:%s/wick.db", folder);
    expect_refusal(url, "No such file or directory");
    fixture = (struct fixture){.engine = "sqlite"};
    CU_ASSERT_EQUAL_FATAL(store_open(&fixture.store, url), 0);
    CU_ASSERT_FALSE(fixture_is_ready(&fixture));
    CU_ASSERT_EQUAL(mkdir(folder, 0700), 0); /* it goes on by itself once the directory is there */
    CU_ASSERT_TRUE(fixture_until(&fixture, fixture_is_ready));
    fixture_close(&fixture);
}

static void a_file_that_is_no_database_is_refused_and_left_alone(void)
{
    char url[256], path[128], kept[64] = "";
    static const char garbage[] = "this is a diary, and not a database; dear diary, ...";
    (void)snprintf(path, sizeof path, "%s/diary.db", test_directory());
    (void)snprintf(url, sizeof url, "sqlite:%s", path);
    fill_file(path, garbage, sizeof garbage);
    expect_refusal(url, "file is not a database");
    FILE *file = fopen(path, "r");
    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    CU_ASSERT_EQUAL(fread(kept, 1, sizeof kept, file), sizeof garbage);
    (void)fclose(file);
    CU_ASSERT_STRING_EQUAL(kept, garbage);
}

/* Damages a page in the middle of a good database: whatever is done with it ends in a message. */
static void a_damaged_sqlite_file_is_refused_and_does_not_crash(void)
{
    static struct fill fills[2000];
    CU_ASSERT_TRUE_FATAL(fixture_make(&fixture, "sqlite"));
    fixture_open(&fixture);
    for (int i = 0; i < 2000; i++) {
        fills[i] = some_fill;
        (void)snprintf(fills[i].trade_id, sizeof fills[i].trade_id, "trade-%d", i);
    }
    CU_ASSERT_EQUAL(fixture_write(&fixture, &(struct store_batch){.fills = fills, .fill_count = 2000}), 0);
    fixture_close(&fixture); /* the log is merged into the file */
    FILE *file = fopen(fixture.path, "r+");
    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    CU_ASSERT_EQUAL(fseek(file, 0, SEEK_END), 0);
    long size = ftell(file);
    for (long at = 8192; at < size; at += 3001) {
        CU_ASSERT_EQUAL(fseek(file, at, SEEK_SET), 0);
        (void)fputs("\xff\xff\xff\xff\xff\xff\xff\xff", file);
    }
    CU_ASSERT_EQUAL(fclose(file), 0);
    CU_ASSERT_EQUAL_FATAL(store_open(&fixture.store, fixture.url), 0);
    struct query query = fixture_query_of(QUERY_KIND_FILLS, 5000);
    CU_ASSERT_EQUAL(fixture_query(&fixture, &query), ERROR_CONNECTION);
    CU_ASSERT_TRUE(text_contains("malformed"));
    CU_ASSERT_EQUAL(fixture_write(&fixture, &some_batch), ERROR_CONNECTION);
    fixture_close(&fixture);
}

static void a_deleted_sqlite_file_is_noticed(void)
{
    CU_ASSERT_TRUE_FATAL(fixture_make(&fixture, "sqlite"));
    fixture_open(&fixture);
    CU_ASSERT_EQUAL(unlink(fixture.path), 0);
    CU_ASSERT_EQUAL(fixture_write(&fixture, &some_batch), ERROR_CONNECTION);
    CU_ASSERT_TRUE(text_contains("deleted or replaced"));
    CU_ASSERT_TRUE(fixture_until(&fixture, fixture_is_ready));
    CU_ASSERT_EQUAL(fixture_write(&fixture, &some_batch), 0);
    char *count = fixture_sql(&fixture, "SELECT count(*) FROM v_fills");
    CU_ASSERT_STRING_EQUAL(count, "1\n");
    free(count);
    fixture_close(&fixture);
}

/* The process's own limit on the size of files stands for the disk's. */
static int limit_file_size(rlim_t bytes)
{
    const struct rlimit limit = {.rlim_cur = bytes, .rlim_max = RLIM_INFINITY};
    (void)signal(SIGXFSZ, SIG_IGN);
    return setrlimit(RLIMIT_FSIZE, &limit);
}

static void a_full_disk_loses_nothing(void)
{
    static struct fill fills[4000];
    CU_ASSERT_TRUE_FATAL(fixture_make(&fixture, "sqlite"));
    fixture_open(&fixture);
    for (int i = 0; i < 4000; i++) {
        fills[i] = some_fill;
        (void)snprintf(fills[i].trade_id, sizeof fills[i].trade_id, "trade-%d", i);
    }
    struct store_batch batch = {.fills = fills, .fill_count = 4000};
    CU_ASSERT_EQUAL(fixture_write(&fixture, &some_batch), 0);
    CU_ASSERT_EQUAL(limit_file_size(256 * 1024), 0);
    CU_ASSERT_EQUAL(fixture_write(&fixture, &batch), ERROR_CONNECTION);
    CU_ASSERT_EQUAL(limit_file_size(RLIM_INFINITY), 0);
    CU_ASSERT_TRUE(fixture_until(&fixture, fixture_is_ready));
    char *count = fixture_sql(&fixture, "SELECT count(*) FROM v_fills");
    CU_ASSERT_STRING_EQUAL(count, "1\n");
    free(count);
    CU_ASSERT_EQUAL(fixture_write(&fixture, &batch), 0);
    CU_ASSERT_EQUAL(fixture.result.changed, 4000);
    fixture_close(&fixture);
}

/* ---- PostgreSQL ---- */

static bool takes_writes(const struct fixture *open)
{
    return open->store.kind->takes(&open->store, STORE_WRITE);
}

/* Lets the store try until its text says what is expected. */
static void await_text(const char *expected)
{
    int64_t until_ms = clock_monotonic_ms() + FIXTURE_TIMEOUT_MS;
    while (strstr(fixture.store.text, expected) == NULL && clock_monotonic_ms() < until_ms) {
        fixture.store.kind->advance(&fixture.store, clock_monotonic_ms());
        (void)poll(NULL, 0, 2);
    }
    CU_ASSERT_TRUE(text_contains(expected));
    CU_ASSERT_PTR_NULL(strstr(fixture.store.text, "cold-green-tea"));
}

static void a_wrong_password_or_database_is_told_without_the_password(void)
{
    char url[256];
    if (!fixture_make(&fixture, "postgresql"))
        return;
    postgres_server_url(fixture_server(), fixture.path, "cold-green-tea!", url);
    CU_ASSERT_EQUAL_FATAL(store_open(&fixture.store, url), 0);
    await_text("password authentication failed");
    CU_ASSERT_EQUAL(fixture_write(&fixture, &some_batch), ERROR_CONNECTION);
    CU_ASSERT_PTR_NULL(strstr(fixture.result.message, "cold-green-tea"));
    fixture_close(&fixture);
    postgres_server_url(fixture_server(), "cold-green-tea", POSTGRES_SERVER_PASSWORD, url);
    CU_ASSERT_EQUAL_FATAL(store_open(&fixture.store, url), 0);
    await_text("does not exist");
    fixture_close(&fixture);
}

static void a_server_that_is_away_is_tried_again(void)
{
    if (!fixture_make(&fixture, "postgresql"))
        return;
    postgres_server_stop(fixture_server(), SIGINT);
    CU_ASSERT_EQUAL_FATAL(store_open(&fixture.store, fixture.url), 0);
    await_text("refused");
    struct store_wait wait;
    fixture.store.kind->wait(&fixture.store, &wait);
    CU_ASSERT_TRUE(wait.deadline_ms <= clock_monotonic_ms() + 12500); /* ten seconds, and a quarter at random */
    CU_ASSERT_TRUE_FATAL(postgres_server_start(fixture_server()));
    CU_ASSERT_TRUE(fixture_until(&fixture, fixture_is_ready));
    CU_ASSERT_EQUAL(fixture_write(&fixture, &some_batch), 0);
    fixture_close(&fixture);
}

/* Batches are written while the server is killed again and again; each is handed over until it is committed. */
static void a_server_killed_in_the_middle_of_work_loses_nothing(void)
{
    enum { BATCHES = 40, ROWS = 500 };
    static struct fill fills[ROWS];
    if (!fixture_make(&fixture, "postgresql"))
        return;
    fixture_open(&fixture);
    for (int i = 0; i < BATCHES; i++) {
        for (int k = 0; k < ROWS; k++) {
            fills[k] = some_fill;
            (void)snprintf(fills[k].trade_id, sizeof fills[k].trade_id, "trade-%d", i * ROWS + k);
        }
        struct store_batch batch = {.fills = fills, .fill_count = ROWS};
        fixture_begin_write(&fixture, &batch);
        if (i % 10 == 5) {
            postgres_server_stop(fixture_server(), SIGQUIT);
            CU_ASSERT_TRUE(fixture_until(&fixture, fixture_is_away));
            CU_ASSERT_TRUE(fixture.done);
            CU_ASSERT_TRUE_FATAL(postgres_server_start(fixture_server()));
        }
        while (fixture_end(&fixture) != 0) {
            CU_ASSERT_EQUAL(fixture.result.code, ERROR_CONNECTION);
            CU_ASSERT_TRUE_FATAL(fixture_until(&fixture, fixture_is_ready));
            fixture_begin_write(&fixture, &batch);
        }
    }
    char *count = fixture_sql(&fixture, "SELECT count(*), count(DISTINCT trade_id) FROM fills");
    CU_ASSERT_STRING_EQUAL(count, "20000|20000\n");
    free(count);
    fixture_close(&fixture);
}

/* All connections of the pool's minimum are there: one that is still being made would not be cut. */
static bool has_its_minimum(const struct fixture *open)
{
    return open->store.pool.connections == store_settings_default.pool_min && open->store.pool.used == 0;
}

static void an_idle_connection_that_is_cut_is_noticed(void)
{
    if (!fixture_make(&fixture, "postgresql"))
        return;
    fixture_open(&fixture);
    CU_ASSERT_TRUE(fixture_until(&fixture, has_its_minimum));
    CU_ASSERT_TRUE(postgres_server_run(fixture_server(), "postgres",
                                       "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                                       " WHERE pid <> pg_backend_pid() AND application_name = 'wick'"));
    CU_ASSERT_TRUE(fixture_until(&fixture, fixture_is_away));
    CU_ASSERT_TRUE(text_contains("server closed the connection"));
    CU_ASSERT_TRUE(fixture_until(&fixture, fixture_is_ready));
    CU_ASSERT_EQUAL(fixture_write(&fixture, &some_batch), 0);
    fixture_close(&fixture);
}

static void a_server_made_read_only_is_left_for_another(void)
{
    char sql[200];
    if (!fixture_make(&fixture, "postgresql"))
        return;
    fixture_open(&fixture);
    (void)snprintf(sql, sizeof sql, "ALTER DATABASE %s SET default_transaction_read_only = on", fixture.path);
    CU_ASSERT_TRUE(postgres_server_run(fixture_server(), "postgres", sql));
    CU_ASSERT_TRUE(postgres_server_run(fixture_server(), "postgres",
                                       "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                                       " WHERE pid <> pg_backend_pid() AND application_name = 'wick'"));
    await_text("read-only");
    CU_ASSERT_FALSE(fixture_is_ready(&fixture));
    (void)snprintf(sql, sizeof sql, "ALTER DATABASE %s RESET default_transaction_read_only", fixture.path);
    CU_ASSERT_TRUE(postgres_server_run(fixture_server(), "postgres", sql));
    CU_ASSERT_TRUE(fixture_until(&fixture, fixture_is_ready));
    CU_ASSERT_EQUAL(fixture_write(&fixture, &some_batch), 0);
    fixture_close(&fixture);
}

/* The server answers, and answers everything that is written with the error of a full disk. */
static void a_server_with_a_full_disk_is_told_and_tried_again(void)
{
    if (!fixture_make(&fixture, "postgresql"))
        return;
    fixture_open(&fixture);
    fixture_execute(&fixture,
                    "CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION USING"
                    " MESSAGE = 'could not extend file: No space left on device', ERRCODE = '53100'; END $$;"
                    "CREATE TRIGGER full_disk BEFORE INSERT ON fills EXECUTE FUNCTION fail()");
    for (int i = 0; i < 3; i++) {
        CU_ASSERT_EQUAL(fixture_write(&fixture, &some_batch), ERROR_CONNECTION);
        CU_ASSERT_FALSE(fixture_is_ready(&fixture));
        CU_ASSERT_TRUE(text_contains("writing fails: could not extend file: No space left on device (SQLSTATE 53100)"));
        CU_ASSERT_FALSE(fixture.store.kind->takes(&fixture.store, STORE_WRITE)); /* not at once again */
        CU_ASSERT_EQUAL(fixture_lease(&fixture, "trader", 1, 60000, false), 0);
    }
    struct store_wait wait;
    fixture.store.kind->wait(&fixture.store, &wait);
    CU_ASSERT_TRUE(wait.deadline_ms < clock_monotonic_ms() + 2000); /* it wakes its owner for the next attempt */
    fixture_execute(&fixture, "DROP TRIGGER full_disk ON fills");
    CU_ASSERT_TRUE(fixture_until(&fixture, takes_writes));
    CU_ASSERT_EQUAL(fixture_write(&fixture, &some_batch), 0);
    CU_ASSERT_EQUAL(fixture.result.changed, 1);
    CU_ASSERT_TRUE(fixture_is_ready(&fixture));
    fixture_close(&fixture);
}

static void a_session_made_read_only_is_left_for_another(void)
{
    char sql[200];
    if (!fixture_make(&fixture, "postgresql"))
        return;
    fixture_open(&fixture);
    fixture_execute(&fixture, "CREATE FUNCTION turn() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION USING"
                              " MESSAGE = 'cannot execute INSERT in a read-only transaction', ERRCODE = '25006'; END $$;"
                              "CREATE TRIGGER replica BEFORE INSERT ON fills EXECUTE FUNCTION turn()");
    (void)snprintf(sql, sizeof sql, "ALTER DATABASE %s SET default_transaction_read_only = on", fixture.path);
    CU_ASSERT_TRUE(postgres_server_run(fixture_server(), "postgres", sql));
    CU_ASSERT_EQUAL(fixture_write(&fixture, &some_batch), ERROR_CONNECTION);
    CU_ASSERT_PTR_NOT_NULL(strstr(fixture.result.message, "read-only"));
    (void)snprintf(sql, sizeof sql, "ALTER DATABASE %s RESET default_transaction_read_only", fixture.path);
    CU_ASSERT_TRUE(postgres_server_run(fixture_server(), "postgres", sql));
    fixture_execute(&fixture, "DROP TRIGGER replica ON fills");
    CU_ASSERT_TRUE(fixture_until(&fixture, takes_writes));
    while (fixture_write(&fixture, &some_batch) != 0)
        CU_ASSERT_TRUE_FATAL(fixture_until(&fixture, takes_writes));
    CU_ASSERT_TRUE(fixture_is_ready(&fixture));
    fixture_close(&fixture);
}

/* A port that accepts and never says a word. */
static void a_silent_server_is_given_up(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    char url[128];
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    CU_ASSERT_EQUAL_FATAL(bind(listener, (struct sockaddr *)&address, size), 0);
    CU_ASSERT_EQUAL_FATAL(listen(listener, 8), 0);
    CU_ASSERT_EQUAL_FATAL(getsockname(listener, (struct sockaddr *)&address, &size), 0);
    (void)snprintf(url, sizeof url, "postgres://wick@127.0.0.1:%d/x", ntohs(address.sin_port));
    fixture = (struct fixture){.engine = "postgresql"};
    CU_ASSERT_EQUAL_FATAL(store_open(&fixture.store, url), 0);
    struct store_wait wait;
    fixture.store.kind->advance(&fixture.store, clock_monotonic_ms());
    fixture.store.kind->wait(&fixture.store, &wait);
    CU_ASSERT_TRUE(wait.fd >= 0 && wait.deadline_ms < INT64_MAX);
    CU_ASSERT_EQUAL(fixture_write(&fixture, &some_batch), ERROR_CONNECTION);
    fixture.store.kind->advance(&fixture.store, wait.deadline_ms); /* as if the time had passed */
    CU_ASSERT_TRUE(text_contains("no answer within"));
    fixture_close(&fixture);
    (void)close(listener);
}

const char *const suite_name = "store faults";
const struct test suite_tests[] = {
    {"a URL without sense is refused without being quoted", a_url_without_sense_is_refused_without_being_quoted},
    {"migrations run once", migrations_run_once},
    {"two may make the schema at once", two_may_make_the_schema_at_once},
    {"a database newer than the program is refused", a_database_newer_than_the_program_is_refused},
    {"a locked SQLite file is waited for outside", a_locked_sqlite_file_is_waited_for_outside},
    {"a missing directory is named", a_missing_directory_is_named},
    {"a file that is no database is refused and left alone", a_file_that_is_no_database_is_refused_and_left_alone},
    {"a damaged SQLite file is refused and does not crash", a_damaged_sqlite_file_is_refused_and_does_not_crash},
    {"a deleted SQLite file is noticed", a_deleted_sqlite_file_is_noticed},
    {"a full disk loses nothing", a_full_disk_loses_nothing},
    {"a wrong password or database is told, without the password",
     a_wrong_password_or_database_is_told_without_the_password},
    {"a server that is away is tried again", a_server_that_is_away_is_tried_again},
    {"a server killed in the middle of work loses nothing", a_server_killed_in_the_middle_of_work_loses_nothing},
    {"an idle connection that is cut is noticed", an_idle_connection_that_is_cut_is_noticed},
    {"a server made read-only is left for another", a_server_made_read_only_is_left_for_another},
    {"a server with a full disk is told and tried again", a_server_with_a_full_disk_is_told_and_tried_again},
    {"a session made read-only is left for another", a_session_made_read_only_is_left_for_another},
    {"a silent server is given up", a_silent_server_is_given_up},
    {NULL, NULL},
};
