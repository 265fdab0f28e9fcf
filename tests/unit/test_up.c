/* The parts of `wick up` that need no process: arguments, limits of dying, environments, logs, the line. */
/* SPDX-License-Identifier: MIT */
#include "tests/harness.h"
#include "tests/unit/up_parts.h"
#include "tools/common/files.h"
#include "tools/up/child.h"
#include "tools/up/child_log.h"
#include "tools/up/environment.h"
#include "tools/up/lives.h"
#include "tools/up/market.h"
#include "tools/up/options.h"
#include "tools/up/report.h"
#include "tools/up/start.h"
#include "tools/up/terminal.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

const char *const suite_name = "up";

enum { ARGUMENTS_MAX = 8, MINUTE_MS = 60000 };

/* ---- arguments ---- */

static int read_options(const char *line, struct up_options *out)
{
    static char text[256];
    char *arguments[ARGUMENTS_MAX + 2] = {text};
    int count = 1;
    (void)snprintf(text, sizeof text, "wick-up %s", line);
    for (char *at = text; (at = strchr(at, ' ')) != NULL && count <= ARGUMENTS_MAX;) {
        *at++ = '\0';
        if (*at != '\0')
            arguments[count++] = at;
    }
    return up_options_read(count, arguments, out);
}

static void nothing_given_leaves_defaults(void)
{
    struct up_options asked;
    CU_ASSERT_EQUAL(read_options("", &asked), 0);
    CU_ASSERT_EQUAL(asked.analyzers, 20);
    CU_ASSERT_PTR_NULL(asked.exchange);
    CU_ASSERT_PTR_NULL(asked.data);
    CU_ASSERT_EQUAL(asked.speed + asked.symbols + asked.port + asked.for_s, 0);
    CU_ASSERT_FALSE(asked.help);
}

static void both_spellings_of_a_value_are_read(void)
{
    struct up_options asked;
    CU_ASSERT_EQUAL(read_options("--replay dir --speed=600 --symbols 10 --analyzers=3", &asked), 0);
    CU_ASSERT_STRING_EQUAL(asked.replay, "dir");
    CU_ASSERT_EQUAL(asked.speed, 600);
    CU_ASSERT_EQUAL(asked.symbols, 10);
    CU_ASSERT_EQUAL(asked.analyzers, 3);
    CU_ASSERT_FALSE(asked.wait);
    CU_ASSERT_EQUAL(read_options("--data=a=b --wait --port 65535 --for 1 --help", &asked), 0);
    CU_ASSERT_TRUE(asked.wait);
    CU_ASSERT_STRING_EQUAL(asked.data, "a=b");
    CU_ASSERT_EQUAL(asked.port, 65535);
    CU_ASSERT_EQUAL(asked.for_s, 1);
    CU_ASSERT_TRUE(asked.help);
}

static void settings_are_kept_for_the_configuration(void)
{
    struct up_options asked;
    CU_ASSERT_EQUAL(read_options("--trader.stake 50 --speed 3 --market.symbols=A,!B --x.y z", &asked), 0);
    CU_ASSERT_EQUAL(asked.setting_count, 5);
    static const char *const settings[] = {"--trader.stake", "50", "--market.symbols=A,!B", "--x.y", "z"};
    for (int i = 0; i < 5; i++)
        CU_ASSERT_STRING_EQUAL(asked.settings[i], settings[i]);
    CU_ASSERT_EQUAL(asked.speed, 3);
}

static void what_is_wrong_is_named(void)
{
    static const struct {
        const char *line, *message;
    } cases[] = {
        {"--frob 1", "unknown option '--frob'"},
        {"--spee 1", "unknown option '--spee'; did you mean '--speed'?"},
        {"--spee=me:hidden-word", "unknown option '--spee'"},
        {"postgresql://me:hidden-word@db", "an argument is no option"},
        {"--trader.stake", "--trader.stake needs a value"},
        {"--speeds 1", "unknown option '--speeds'"},
        {"data", "'data' is no option"},
        {"-x", "'-x' is no option"},
        {"--speed", "--speed needs a value"},
        {"--speed 0", "--speed is '0'; expected a whole number from 1 to 100000"},
        {"--speed=", "--speed is ''"},
        {"--port 65536", "--port is '65536'"},
        {"--port 99999999999999999999", "--port is '99999999999999999999'"},
        {"--analyzers 2.5", "--analyzers is '2.5'"},
        {"--data=", "--data is empty"},
        {"--wait=yes", "--wait takes no value"},
        {"--exchange binance --replay dir", "exclude each other"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct up_options asked = {.port = 7};
        CU_ASSERT_EQUAL(read_options(cases[i].line, &asked), ERROR_ARGUMENT);
        CU_ASSERT_PTR_NOT_NULL(strstr(error_message(), cases[i].message));
        CU_ASSERT_PTR_NULL(strstr(error_message(), "hidden-word"));
        CU_ASSERT_EQUAL(asked.port, 7);
    }
}

/* ---- dying ---- */

static void twenty_deaths_a_minute_are_borne(void)
{
    struct lives lives = {.deaths = 0};
    for (int i = 0; i < 20; i++)
        CU_ASSERT_EQUAL(lives_died(&lives, i * 100, true), LIFE_AGAIN);
    CU_ASSERT_EQUAL(lives_died(&lives, 2000, true), LIFE_TOO_OFTEN);
}

static void slow_deaths_are_borne_for_ever(void)
{
    struct lives lives = {.deaths = 0};
    for (int i = 0; i < 500; i++)
        CU_ASSERT_EQUAL(lives_died(&lives, (int64_t)i * MINUTE_MS / 20, true), LIFE_AGAIN);
    CU_ASSERT_EQUAL(lives_died(&lives, 499 * MINUTE_MS / 20 + 1, true), LIFE_TOO_OFTEN);
}

static void five_deaths_before_readiness_are_enough(void)
{
    struct lives lives = {.deaths = 0};
    for (int i = 0; i < 4; i++)
        CU_ASSERT_EQUAL(lives_died(&lives, i * MINUTE_MS, false), LIFE_AGAIN);
    CU_ASSERT_EQUAL(lives_died(&lives, 4 * MINUTE_MS, true), LIFE_AGAIN);
    for (int i = 5; i < 9; i++)
        CU_ASSERT_EQUAL(lives_died(&lives, i * MINUTE_MS, false), LIFE_AGAIN);
    CU_ASSERT_EQUAL(lives_died(&lives, 9 * MINUTE_MS, false), LIFE_NEVER_READY);
}

/* ---- environments ---- */

static const char *value_in(const struct strings *strings, const char *name)
{
    size_t length = strlen(name);
    for (int i = 0; i < strings->count; i++)
        if (strncmp(strings->strings[i], name, length) == 0 && strings->strings[i][length] == '=')
            return strings->strings[i] + length + 1;
    return NULL;
}

static struct plan *make_plan(enum market_kind kind)
{
    static struct plan plan;
    plan = (struct plan){.links_port = 5560, .health_port = 5610, .simulator_port = 5640, .stream_port = 5641,
                         .dashboard_port = 8081};
    plan.market = (struct market){.kind = kind, .exchange = "binance", .intervals = "5m", .symbols = 7, .speed = 600};
    (void)snprintf(plan.data_dir, sizeof plan.data_dir, "/some/data");
    plan.config = load_config();
    return &plan;
}

static void each_process_is_given_its_own_options(void)
{
    static struct strings built;
    (void)setenv("WICK_LIMITS__STAKE", "123.5", 1);
    struct plan *plan = make_plan(MARKET_REPLAYED);
    (void)snprintf(plan->database_url, sizeof plan->database_url, "sqlite:/some/data/wick.db");
    CU_ASSERT_EQUAL(environment_build(plan, ROLE_TRADER, 5611, &built), 0);
    CU_ASSERT_STRING_EQUAL(value_in(&built, "WICK_LIMITS__STAKE"), "123.5");
    CU_ASSERT_STRING_EQUAL(value_in(&built, "WICK_LIMITS__OPEN_POSITIONS"), "7"); /* by a flag of ours */
    CU_ASSERT_STRING_EQUAL(value_in(&built, "WICK_PROCESS__HEALTH_PORT"), "5611");
    CU_ASSERT_STRING_EQUAL(value_in(&built, "WICK_PROCESS__DATA_DIR"), "/some/data");
    CU_ASSERT_STRING_EQUAL(value_in(&built, "WICK_LINKS__BASE_PORT"), "5560");
    CU_ASSERT_STRING_EQUAL(value_in(&built, "WICK_MARKET__INTERVALS"), "5m");
    CU_ASSERT_STRING_EQUAL(value_in(&built, "WICK_EXCHANGE__SPEED"), "600");
    CU_ASSERT_STRING_EQUAL(value_in(&built, "WICK_EXCHANGE__URL"), "http://127.0.0.1:5640");
    CU_ASSERT_STRING_EQUAL(value_in(&built, "WICK_EXCHANGE__STREAM_URL"), "ws://127.0.0.1:5641/ws");
    CU_ASSERT_PTR_NULL(value_in(&built, "WICK_DATABASE__URL"));
    CU_ASSERT_PTR_NULL(value_in(&built, "WICK_DASHBOARD__PORT"));
    CU_ASSERT_EQUAL(environment_build(plan, ROLE_PERSISTER, 5612, &built), 0);
    CU_ASSERT_STRING_EQUAL(value_in(&built, "WICK_DATABASE__URL"), "sqlite:/some/data/wick.db");
    CU_ASSERT_PTR_NULL(value_in(&built, "WICK_LIMITS__STAKE"));
    CU_ASSERT_EQUAL(environment_build(plan, ROLE_DASHBOARD, 5613, &built), 0);
    CU_ASSERT_STRING_EQUAL(value_in(&built, "WICK_DASHBOARD__PORT"), "8081");
    config_destroy(plan->config);
    (void)unsetenv("WICK_LIMITS__STAKE");
}

/* The roles whose environment contains a text. */
static unsigned roles_that_see(const struct plan *plan, const char *text)
{
    static struct strings built;
    unsigned seen = 0;
    for (int role = 0; role <= ROLES; role++) {
        CU_ASSERT_EQUAL(environment_build(plan, (enum role)role, 5610, &built), 0);
        for (int i = 0; i < built.count; i++)
            if (strstr(built.strings[i], text) != NULL)
                seen |= 1u << role;
    }
    strings_release(&built);
    return seen;
}

static void each_secret_reaches_only_its_reader(void)
{
    (void)setenv("EXCHANGE_API_KEY", "the-key", 1);
    (void)setenv("WICK_EXCHANGE__API_SECRET", "the-api-secret", 1);
    (void)setenv("DATABASE_URL", "postgresql://me:the-word@db/wick", 1);
    (void)setenv("DASHBOARD_PASSWORD", "the-owners-own", 1);
    (void)setenv("PGPASSWORD", "the-other-word", 1);
    (void)setenv("UNRELATED_TOKEN", "the-token", 1);
    struct plan *plan = make_plan(MARKET_REAL);
    CU_ASSERT_EQUAL(roles_that_see(plan, "the-key"), ROLE_BIT(TRADER));
    CU_ASSERT_EQUAL(roles_that_see(plan, "the-api-secret"), ROLE_BIT(TRADER));
    CU_ASSERT_EQUAL(roles_that_see(plan, "the-word"), ROLE_BIT(PERSISTER));
    CU_ASSERT_EQUAL(roles_that_see(plan, "the-other-word"), ROLE_BIT(PERSISTER));
    CU_ASSERT_EQUAL(roles_that_see(plan, "the-owners-own"), ROLE_BIT(DASHBOARD));
    CU_ASSERT_EQUAL(roles_that_see(plan, "the-token"), 0);
    plan->market.kind = MARKET_GENERATED;
    CU_ASSERT_EQUAL(roles_that_see(plan, "the-key"), 0);
    CU_ASSERT_EQUAL(roles_that_see(plan, "the-api-secret"), 0);
    config_destroy(plan->config);
    (void)unsetenv("PGPASSWORD");
    (void)unsetenv("UNRELATED_TOKEN");
    CU_ASSERT_PTR_NULL(getenv("EXCHANGE_API_KEY"));
    CU_ASSERT_PTR_NULL(getenv("DATABASE_URL"));
}

static void the_simulated_exchange_is_told_its_market(void)
{
    static struct strings built;
    struct plan *plan = make_plan(MARKET_GENERATED);
    plan->market.seed = 99;
    plan->market.origin_monotonic_ms = 5;
    plan->market.origin_exchange_ms = 6;
    CU_ASSERT_EQUAL(simulator_arguments(plan, &built), 0);
    CU_ASSERT_STRING_EQUAL(built.strings[0], "wick-simulator");
    CU_ASSERT_STRING_EQUAL(value_in(&built, "--generate"), "7");
    CU_ASSERT_STRING_EQUAL(value_in(&built, "--seed"), "99");
    CU_ASSERT_STRING_EQUAL(value_in(&built, "--interval"), "5m");
    CU_ASSERT_STRING_EQUAL(value_in(&built, "--origin"), "5:6");
    CU_ASSERT_PTR_NULL(built.strings[built.count]);
    plan->market.kind = MARKET_REPLAYED;
    plan->market.origin_exchange_ms = 0;
    (void)snprintf(plan->market.replay_dir, sizeof plan->market.replay_dir, "/candles");
    CU_ASSERT_EQUAL(simulator_arguments(plan, &built), 0);
    CU_ASSERT_STRING_EQUAL(value_in(&built, "--replay"), "/candles");
    CU_ASSERT_PTR_NULL(value_in(&built, "--origin"));
    CU_ASSERT_PTR_NULL(value_in(&built, "--generate"));
    config_destroy(plan->config);
}

/* ---- logs ---- */

static char collected[64 * 1024];

static void collect(void *user, const char *line)
{
    size_t length = strlen(collected);
    (void)user;
    (void)snprintf(collected + length, sizeof collected - length, "%s|", line);
}

static void ignore(void *user, const char *line)
{
    (void)user;
    (void)line;
}

static void write_log(struct child_log *log, const char *text)
{
    child_log_write(log, text, strlen(text), collect, NULL);
}

static void a_log_is_cut_into_lines(void)
{
    struct child_log log;
    (void)make_directory("logs/log", "");
    const char *data_dir = make_directory("logs", "");
    collected[0] = '\0';
    CU_ASSERT_EQUAL(child_log_open(&log, data_dir, "trader"), 0);
    write_log(&log, "one\ntw");
    write_log(&log, "o\n\nthr");
    CU_ASSERT_STRING_EQUAL(collected, "one|two||");
    write_log(&log, "ee\n");
    CU_ASSERT_STRING_EQUAL(collected, "one|two||three|");
    collected[0] = '\0';
    child_log_tail(&log, collect, NULL);
    CU_ASSERT_STRING_EQUAL(collected, "one|two||three|");
    child_log_close(&log);
}

static void a_long_line_is_looked_at_in_pieces(void)
{
    static char text[3 * CHILD_LOG_LINE];
    struct child_log log;
    memset(text, 'x', sizeof text - 1);
    collected[0] = '\0';
    CU_ASSERT_EQUAL(child_log_open(&log, make_directory("logs", ""), "long"), 0);
    write_log(&log, text);
    CU_ASSERT_EQUAL(strcspn(collected, "|"), CHILD_LOG_LINE - 1);
    CU_ASSERT_EQUAL(strlen(collected), 3 * CHILD_LOG_LINE);
    child_log_close(&log);
}

static void the_tail_is_the_last_lines(void)
{
    struct child_log log;
    char line[16];
    CU_ASSERT_EQUAL(child_log_open(&log, make_directory("logs", ""), "tail"), 0);
    for (int i = 0; i < 5000; i++) {
        (void)snprintf(line, sizeof line, "%d\n", i);
        collected[0] = '\0';
        write_log(&log, line);
    }
    collected[0] = '\0';
    child_log_tail(&log, collect, NULL);
    CU_ASSERT_EQUAL(strncmp(collected, "4980|4981|", 10), 0);
    CU_ASSERT_STRING_EQUAL(collected + strlen(collected) - 5, "4999|");
    child_log_close(&log);
}

static long size_of(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0 ? (long)status.st_size : -1;
}

static void a_log_is_bounded_and_the_one_before_is_kept(void)
{
    static char megabyte[1024 * 1024];
    struct child_log log;
    char before[FILE_PATH_SIZE + 8];
    const char *data_dir = make_directory("logs", "");
    memset(megabyte, '\n', sizeof megabyte);
    CU_ASSERT_EQUAL(child_log_open(&log, data_dir, "big"), 0);
    (void)snprintf(before, sizeof before, "%s.1", log.path);
    CU_ASSERT_EQUAL(size_of(before), -1);
    for (int i = 0; i < 10; i++) {
        child_log_write(&log, megabyte, sizeof megabyte, ignore, NULL);
        CU_ASSERT(size_of(log.path) <= CHILD_LOG_MAX);
    }
    CU_ASSERT_EQUAL(size_of(before), CHILD_LOG_MAX);
    CU_ASSERT_EQUAL(size_of(log.path), 2 * (long)sizeof megabyte);
    child_log_close(&log);
    CU_ASSERT_EQUAL(child_log_open(&log, data_dir, "big"), 0);
    CU_ASSERT_EQUAL(size_of(before), 2 * (long)sizeof megabyte);
    CU_ASSERT_EQUAL(size_of(log.path), 0);
    child_log_close(&log);
}

/* ---- the status line ---- */

static void amounts_are_grouped_and_cut(void)
{
    static const struct {
        double value;
        const char *text;
    } cases[] = {
        {0, "0.00"}, {9.999, "9.99"}, {10012.345, "10,012.34"}, {999999.99, "999,999.99"}, {1e6, "1,000,000.00"},
        {-1234.5, "-1,234.50"}, {123456789.1, "123,456,789.10"}, {0.29, "0.29"}, {-0.004, "-0.00"},
    };
    char text[48], small[4];
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        print_grouped(cases[i].value, text, sizeof text);
        CU_ASSERT_STRING_EQUAL(text, cases[i].text);
    }
    print_grouped(123456, small, sizeof small);
    CU_ASSERT(memchr(small, '\0', sizeof small) != NULL);
}

static void times_are_short(void)
{
    char text[32];
    print_elapsed(31999, text, sizeof text);
    CU_ASSERT_STRING_EQUAL(text, "00:31");
    print_elapsed(3599000, text, sizeof text);
    CU_ASSERT_STRING_EQUAL(text, "59:59");
    print_elapsed(3723000, text, sizeof text);
    CU_ASSERT_STRING_EQUAL(text, "1:02:03");
}

static void the_line_says_what_is_known(void)
{
    struct run_status status = {.state = "ready", .ready = 25, .processes = 25, .symbols = 250, .candles_per_s = 412,
                                .signals = 37, .equity = 10012.34, .analyzers = 20, .quote_asset = "USDT",
                                .memory_bytes = 74e6, .elapsed_ms = 31000};
    char line[240], small[20];
    run_status_print(&status, line, sizeof line);
    CU_ASSERT_STRING_EQUAL(
        line, "ready  250 symbols  412 candles/s  37 signals  equity 10,012.34 USDT  20 analyzers  74 MB  00:31");
    status = (struct run_status){.state = "starting", .ready = 3, .processes = 25, .waiting_for = "fetcher",
                                 .symbols = NAN, .candles_per_s = NAN, .signals = NAN, .equity = NAN, .analyzers = NAN};
    run_status_print(&status, line, sizeof line);
    CU_ASSERT_STRING_EQUAL(line, "starting  3 of 25  awaits fetcher  0 MB  00:00");
    run_status_print(&status, small, sizeof small);
    CU_ASSERT_STRING_EQUAL(small, "starting");
}

/* The state, that it is simulated and on paper, and what is waited for never give way to less in 60 columns. */
static void what_matters_most_stays_in_a_narrow_line(void)
{
    struct run_status status = {.state = "ready", .speed = 600, .is_paper = true, .ready = 25, .processes = 25,
                                .symbols = 250, .candles_per_s = 412, .signals = 37, .equity = 10012.34, .analyzers = 20,
                                .quote_asset = "USDT", .memory_bytes = 74e6, .elapsed_ms = 31000};
    char line[240];
    run_status_print(&status, line, sizeof line);
    CU_ASSERT_STRING_EQUAL(line, "ready  SIMULATED x600  PAPER  250 symbols  412 candles/s  37 signals  "
                                 "equity 10,012.34 USDT  20 analyzers  74 MB  00:31");
    run_status_print(&status, line, TERMINAL_NARROW);
    CU_ASSERT_STRING_EQUAL(line, "ready  SIMULATED x600  PAPER  equity 10,012.34 USDT  00:31");
    status = (struct run_status){.state = "starting", .speed = 600, .is_paper = true, .ready = 4, .processes = 25,
                                 .waiting_for = "analyzer-01", .symbols = 250, .candles_per_s = NAN, .signals = 0,
                                 .equity = NAN, .analyzers = 20, .quote_asset = "USDT"};
    run_status_print(&status, line, TERMINAL_NARROW + 1);
    CU_ASSERT_STRING_EQUAL(line, "starting  SIMULATED x600  PAPER  4 of 25  awaits analyzer-01");
    for (size_t width = 2; width < sizeof line; width++) {
        run_status_print(&status, line, width);
        CU_ASSERT(strlen(line) < width);
    }
}

static void a_run_ends_with_what_it_came_to(void)
{
    struct run_status status = {.signals = 37, .speed = 20, .is_paper = true, .quote_asset = "USDT", .elapsed_ms = 31000};
    char line[200];
    run_summary_print(&status, 12345, 12, -3.219, line, sizeof line);
    CU_ASSERT_STRING_EQUAL(line, "ran for 00:31: 12345 candles, 37 signals, 12 trades, net -3.21 USDT, PAPER, SIMULATED");
    status.speed = 0;
    status.signals = NAN;
    run_summary_print(&status, 12345, NAN, 3.21, line, sizeof line);
    CU_ASSERT_STRING_EQUAL(line, "ran for 00:31: 12345 candles, - signals, - trades, net +3.21 USDT, PAPER");
    run_summary_print(&status, NAN, NAN, NAN, line, sizeof line);
    CU_ASSERT_STRING_EQUAL(line, "ran for 00:31: - candles, - signals, - trades, net - USDT, PAPER");
}

/* ---- a start ---- */

enum { CHILDREN = 2, BEGIN_MS = 5000 };

/* A persister that is ready and a fetcher that is not and has said this. */
static void make_start(struct child children[CHILDREN], const char *warning, int64_t warned_ms)
{
    for (int i = 0; i < CHILDREN; i++) {
        children[i] = (struct child){.kind = i == 0 ? CHILD_PERSISTER : CHILD_FETCHER, .pid = 1, .warned_ms = warned_ms};
        scrape_init(&children[i].scrape, 1, "/readyz", true);
    }
    children[0].scrape.ready = true;
    (void)snprintf(children[1].name, sizeof children[1].name, "fetcher");
    (void)snprintf(children[1].last_warning, sizeof children[1].last_warning, "%s", warning);
}

static void a_start_that_does_not_get_on_is_ended_with_its_cause(void)
{
    static const struct {
        const char *warning, *cause;
    } cases[] = {
        {"time=x level=warn process=fetcher event=markets_not_chosen error=\"no market is paid in XYZ\" a=1",
         "for 60 s fetcher has not become ready: no market is paid in XYZ (--wait"},
        {"time=x level=warn process=fetcher event=strange", ": strange (--wait"},
        {"", ": starting: waiting (--wait"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct child children[CHILDREN];
        struct start start = {.stepped_ms = 0};
        make_start(children, cases[i].warning, BEGIN_MS + 50000);
        (void)snprintf(children[1].scrape.words, sizeof children[1].scrape.words, "starting: waiting");
        CU_ASSERT_EQUAL(start_check(&start, children, CHILDREN, BEGIN_MS), 0);
        CU_ASSERT_EQUAL(start_check(&start, children, CHILDREN, BEGIN_MS + START_STUCK_MS - 1), 0);
        CU_ASSERT_EQUAL(start_check(&start, children, CHILDREN, BEGIN_MS + START_STUCK_MS), ERROR_TIMEOUT);
        CU_ASSERT_PTR_NOT_NULL(strstr(error_message(), cases[i].cause));
        children[1].scrape.ready = true;
        CU_ASSERT_EQUAL(start_check(&start, children, CHILDREN, BEGIN_MS + 2 * START_STUCK_MS), 0);
    }
}

static void a_start_that_gets_on_is_left_alone(void)
{
    struct child children[CHILDREN];
    struct start start = {.stepped_ms = 0};
    int64_t now_ms = BEGIN_MS;
    make_start(children, "level=warn event=x", now_ms);
    for (int candles = 1; candles < 100; candles++, now_ms += START_STUCK_MS - 1) {
        children[1].warned_ms = now_ms;
        children[1].scrape.metrics[METRIC_candles_published_total] = candles;
        CU_ASSERT_EQUAL(start_check(&start, children, CHILDREN, now_ms), 0);
    }
    /* From here on nothing moves: the last step is behind by START_STUCK_MS - 1 already. */
    children[1].warned_ms = 0;
    CU_ASSERT_EQUAL(start_check(&start, children, CHILDREN, now_ms + START_STUCK_MS), 0);
    CU_ASSERT_EQUAL(start_check(&start, children, CHILDREN, now_ms + START_SILENT_MS), ERROR_TIMEOUT);
}

static void a_rate_is_taken_over_the_last_samples(void)
{
    struct rate rate = {.count = 0};
    CU_ASSERT(isnan(rate_per_second(&rate)));
    rate_sample(&rate, 1000, 500);
    CU_ASSERT(isnan(rate_per_second(&rate)));
    rate_sample(&rate, 3000, 700);
    CU_ASSERT_EQUAL(rate_per_second(&rate), 100);
    for (int i = 0; i < 2 * REPORT_RATE_SAMPLES; i++)
        rate_sample(&rate, 10000 + i * 1000, 1000 + i * 50);
    CU_ASSERT_EQUAL(rate_per_second(&rate), 50);
}

static void counts_go_on_over_the_lives_of_a_child(void)
{
    struct child child;
    CU_ASSERT_EQUAL(child_init(&child, CHILD_ANALYZER, 7, 5601, make_directory("logs", "")), 0);
    CU_ASSERT_STRING_EQUAL(child.name, "analyzer-07");
    CU_ASSERT(isnan(child_count(&child, METRIC_candles_analysed_total)));
    CU_ASSERT_EQUAL(child_memory(&child), 0);
    child.scrape.metrics[METRIC_candles_analysed_total] = 5;
    child.counted[METRIC_candles_analysed_total] = 100;
    CU_ASSERT_EQUAL(child_count(&child, METRIC_candles_analysed_total), 105);
    child.scrape.metrics[METRIC_memory_proportional_bytes] = 1.5e6;
    CU_ASSERT_EQUAL(child_memory(&child), 1.5e6);
    child_log_close(&child.log);
}

const struct test suite_tests[] = {
    {"nothing given leaves defaults", nothing_given_leaves_defaults},
    {"both spellings of a value are read", both_spellings_of_a_value_are_read},
    {"settings are kept for the configuration", settings_are_kept_for_the_configuration},
    {"what is wrong is named", what_is_wrong_is_named},
    {"twenty deaths a minute are borne", twenty_deaths_a_minute_are_borne},
    {"slow deaths are borne for ever", slow_deaths_are_borne_for_ever},
    {"five deaths before readiness are enough", five_deaths_before_readiness_are_enough},
    {"each process is given its own options", each_process_is_given_its_own_options},
    {"each secret reaches only its reader", each_secret_reaches_only_its_reader},
    {"the simulated exchange is told its market", the_simulated_exchange_is_told_its_market},
    {"a log is cut into lines", a_log_is_cut_into_lines},
    {"a long line is looked at in pieces", a_long_line_is_looked_at_in_pieces},
    {"the tail is the last lines", the_tail_is_the_last_lines},
    {"a log is bounded and the one before is kept", a_log_is_bounded_and_the_one_before_is_kept},
    {"amounts are grouped and cut", amounts_are_grouped_and_cut},
    {"times are short", times_are_short},
    {"the line says what is known", the_line_says_what_is_known},
    {"what matters most stays in a narrow line", what_matters_most_stays_in_a_narrow_line},
    {"a run ends with what it came to", a_run_ends_with_what_it_came_to},
    {"a start that does not get on is ended with its cause", a_start_that_does_not_get_on_is_ended_with_its_cause},
    {"a start that gets on is left alone", a_start_that_gets_on_is_left_alone},
    {"a rate is taken over the last samples", a_rate_is_taken_over_the_last_samples},
    {"counts go on over the lives of a child", counts_go_on_over_the_lives_of_a_child},
    {NULL, NULL},
};
