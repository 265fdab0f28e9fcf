/* What the tools share: files, passwords, ports, the run file and its lock, and the reading of health and metrics. */
/* SPDX-License-Identifier: MIT */
#include "tests/harness.h"
#include "tools/common/files.h"
#include "tools/common/memory.h"
#include "tools/common/password.h"
#include "tools/common/ports.h"
#include "tools/common/run_file.h"
#include "tools/common/scrape.h"

#include <arpa/inet.h>
#include <math.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

const char *const suite_name = "tools";

/* A path of this program's own directory; valid until the eighth call after. */
static const char *path_of(const char *name)
{
    static char paths[8][FILE_PATH_SIZE];
    static int next;
    char *path = paths[next++ % 8];
    CU_ASSERT_EQUAL_FATAL(file_path(test_directory(), name, path), 0);
    return path;
}

static unsigned mode_of(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0 ? status.st_mode & 07777 : 0;
}

/* ---- files ---- */

static void a_written_line_is_read_back(void)
{
    char line[32];
    const char *path = path_of("line");
    CU_ASSERT_EQUAL(file_write(path, "a line", 6), 0);
    CU_ASSERT_EQUAL(mode_of(path), 0600);
    CU_ASSERT_EQUAL(file_read_line(path, line, sizeof line), 0);
    CU_ASSERT_STRING_EQUAL(line, "a line");
    CU_ASSERT_EQUAL(file_write(path, "another", 7), 0);
    CU_ASSERT_EQUAL(file_read_line(path, line, sizeof line), 0);
    CU_ASSERT_STRING_EQUAL(line, "another");
    CU_ASSERT_EQUAL(file_write(path, "", 0), 0);
    CU_ASSERT_EQUAL(file_read_line(path, line, sizeof line), 0);
    CU_ASSERT_STRING_EQUAL(line, "");
}

static void a_line_that_does_not_fit_is_refused(void)
{
    char line[8] = "before";
    CU_ASSERT_EQUAL(file_write(path_of("seven"), "1234567", 7), 0);
    CU_ASSERT_EQUAL(file_read_line(path_of("seven"), line, sizeof line), 0);
    CU_ASSERT_EQUAL(file_write(path_of("eight"), "12345678", 8), 0);
    CU_ASSERT_EQUAL(file_read_line(path_of("eight"), line, sizeof line), ERROR_RANGE);
    CU_ASSERT_EQUAL(file_read_line(path_of("nowhere"), line, sizeof line), ERROR_MISSING);
    CU_ASSERT_EQUAL(file_read_line(test_directory(), line, sizeof line), ERROR_SYSTEM);
}

static void a_failed_write_names_the_file(void)
{
    CU_ASSERT_EQUAL(file_write(path_of("no/such/folder"), "x", 1), ERROR_SYSTEM);
    CU_ASSERT_PTR_NOT_NULL(strstr(error_message(), "no/such/folder"));
}

static void directories_are_made_for_the_owner_alone(void)
{
    CU_ASSERT_EQUAL(directory_create(path_of("a/b/c")), 0);
    CU_ASSERT_EQUAL(mode_of(path_of("a")), 0700);
    CU_ASSERT_EQUAL(mode_of(path_of("a/b/c")), 0700);
    CU_ASSERT_EQUAL(chmod(path_of("a/b"), 0750), 0);
    CU_ASSERT_EQUAL(directory_create(path_of("a/b/c/")), 0);
    CU_ASSERT_EQUAL(mode_of(path_of("a/b")), 0750);
    CU_ASSERT_EQUAL(file_write(path_of("a/file"), "x", 1), 0);
    CU_ASSERT_EQUAL(directory_create(path_of("a/file")), ERROR_SYSTEM);
    CU_ASSERT_EQUAL(directory_create(path_of("a/file/below")), ERROR_SYSTEM);
    CU_ASSERT_EQUAL(directory_create(""), ERROR_SYSTEM);
}

/* ---- passwords ---- */

static void passwords_are_drawn_and_differ(void)
{
    char one[PASSWORD_GENERATED + 1], two[PASSWORD_GENERATED + 1];
    password_generate(one);
    password_generate(two);
    CU_ASSERT_EQUAL(strlen(one), PASSWORD_GENERATED);
    CU_ASSERT_STRING_NOT_EQUAL(one, two);
    CU_ASSERT_EQUAL(strcspn(one, "0O1lI"), PASSWORD_GENERATED);
    CU_ASSERT_EQUAL(password_check(one), 0);
}

static void passwords_have_a_length(void)
{
    char longest[PASSWORD_LENGTH_MAX + 2];
    memset(longest, 'x', sizeof longest);
    longest[PASSWORD_LENGTH_MAX + 1] = '\0';
    CU_ASSERT_EQUAL(password_check(longest), ERROR_RANGE);
    longest[PASSWORD_LENGTH_MAX] = '\0';
    CU_ASSERT_EQUAL(password_check(longest), 0);
    CU_ASSERT_EQUAL(password_check("12345678901"), ERROR_RANGE);
    CU_ASSERT_EQUAL(password_check("123456789012"), 0);
    CU_ASSERT_EQUAL(password_check(""), ERROR_RANGE);
    CU_ASSERT_EQUAL(password_check("a password with\ttabs"), ERROR_SYNTAX);
    CU_ASSERT_EQUAL(password_check("ein längeres Kennwort"), 0);
}

static void a_hash_fits_its_password_only(void)
{
    char hash[PASSWORD_HASH_SIZE], again[PASSWORD_HASH_SIZE];
    CU_ASSERT_EQUAL(password_hash("correct horse", hash), 0);
    CU_ASSERT_EQUAL(password_hash("correct horse", again), 0);
    CU_ASSERT_EQUAL(strncmp(hash, "$argon2id$v=19$m=65536,t=3,p=1$", 31), 0);
    CU_ASSERT_STRING_NOT_EQUAL(hash, again);
    CU_ASSERT_EQUAL(crypto_pwhash_str_verify(hash, "correct horse", 13), 0);
    CU_ASSERT_NOT_EQUAL(crypto_pwhash_str_verify(hash, "correct horsf", 13), 0);
}

static void a_directory_keeps_its_password(void)
{
    char first[PASSWORD_LENGTH_MAX + 1], second[PASSWORD_LENGTH_MAX + 1];
    char hash[PASSWORD_HASH_SIZE], same[PASSWORD_HASH_SIZE];
    CU_ASSERT_EQUAL(directory_create(path_of("kept")), 0);
    CU_ASSERT_EQUAL(password_of_directory(path_of("kept"), first, hash), 0);
    CU_ASSERT_EQUAL(mode_of(path_of("kept/dashboard-password")), 0600);
    CU_ASSERT_EQUAL(mode_of(path_of("kept/dashboard-password-hash")), 0600);
    CU_ASSERT_EQUAL(password_of_directory(path_of("kept"), second, same), 0);
    CU_ASSERT_STRING_EQUAL(first, second);
    CU_ASSERT_STRING_EQUAL(hash, same);
    CU_ASSERT_EQUAL(crypto_pwhash_str_verify(hash, first, strlen(first)), 0);
}

static void a_password_put_there_by_hand_counts(void)
{
    char password[PASSWORD_LENGTH_MAX + 1], hash[PASSWORD_HASH_SIZE];
    CU_ASSERT_EQUAL(directory_create(path_of("by-hand")), 0);
    CU_ASSERT_EQUAL(password_of_directory(path_of("by-hand"), password, hash), 0);
    CU_ASSERT_EQUAL(file_write(path_of("by-hand/dashboard-password"), "chosen by hand", 14), 0);
    CU_ASSERT_EQUAL(password_of_directory(path_of("by-hand"), password, hash), 0);
    CU_ASSERT_STRING_EQUAL(password, "chosen by hand");
    CU_ASSERT_EQUAL(crypto_pwhash_str_verify(hash, password, strlen(password)), 0);
    CU_ASSERT_EQUAL(file_write(path_of("by-hand/dashboard-password"), "short", 5), 0);
    CU_ASSERT_EQUAL(password_of_directory(path_of("by-hand"), password, hash), ERROR_RANGE);
    CU_ASSERT_PTR_NOT_NULL(strstr(error_message(), "dashboard-password"));
}

/* ---- ports ---- */

/* Listens on a port of the loopback address; 0: any. The descriptor, and the port. */
static int listen_on(int *port)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons((uint16_t)*port)};
    socklen_t size = sizeof at;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    CU_ASSERT_EQUAL_FATAL(bind(fd, (struct sockaddr *)&at, sizeof at), 0);
    CU_ASSERT_EQUAL_FATAL(listen(fd, 8), 0);
    CU_ASSERT_EQUAL_FATAL(getsockname(fd, (struct sockaddr *)&at, &size), 0);
    *port = ntohs(at.sin_port);
    return fd;
}

static void a_port_in_use_is_seen(void)
{
    int port = 0;
    int fd = listen_on(&port);
    CU_ASSERT_FALSE(port_is_free("127.0.0.1", port));
    CU_ASSERT_FALSE(port_is_free("0.0.0.0", port));
    (void)close(fd);
    CU_ASSERT_TRUE(port_is_free("127.0.0.1", port));
}

static void two_runs_get_different_blocks(void)
{
    struct port_claims one = {.count = 0}, two = {.count = 0};
    int first, second, third;
    CU_ASSERT_EQUAL(ports_claim(&one, 27000, 7, &first), 0);
    CU_ASSERT_EQUAL(ports_claim(&two, 27000, 7, &second), 0);
    CU_ASSERT_EQUAL(first % PORTS_PER_BLOCK, 0);
    CU_ASSERT(second >= first + PORTS_PER_BLOCK);
    CU_ASSERT_EQUAL(ports_claim_exactly(&two, first, 1), ERROR_EXISTS);
    ports_release(&one);
    CU_ASSERT_EQUAL(ports_claim(&one, 27000, 26, &third), 0);
    CU_ASSERT(third + 26 <= second || third >= second + PORTS_PER_BLOCK);
    ports_release(&one);
    ports_release(&two);
}

static void a_block_with_a_busy_port_is_passed_over(void)
{
    struct port_claims claims = {.count = 0};
    int first, next;
    CU_ASSERT_EQUAL(ports_claim(&claims, 28000, 7, &first), 0);
    ports_release(&claims);
    int busy = first + 6;
    int fd = listen_on(&busy);
    CU_ASSERT_EQUAL(ports_claim_exactly(&claims, first, 7), ERROR_EXISTS);
    CU_ASSERT_EQUAL(ports_claim(&claims, first, 7, &next), 0);
    CU_ASSERT(next > first);
    (void)close(fd);
    ports_release(&claims);
    CU_ASSERT_EQUAL(ports_claim_exactly(&claims, first, 7), 0);
    ports_release(&claims);
}

static void claims_end_below_the_ports_of_connections(void)
{
    struct port_claims claims = {.count = 0};
    int out = -1;
    CU_ASSERT_EQUAL(ports_claim(&claims, PORTS_LAST - 3, 7, &out), ERROR_FULL);
    CU_ASSERT_EQUAL(out, -1);
    CU_ASSERT_EQUAL(claims.count, 0);
}

/* ---- the run file ---- */

static void a_run_file_is_read_back(void)
{
    static struct run_file run, read;
    run = (struct run_file){.pid = 17, .url = "http://127.0.0.1:8080", .market = "a \"market\" in \\ C:\tand more",
                            .speed = 600, .started_ms = 1734739200123, .process_count = 2};
    run.processes[0] = (struct run_process){"fetcher", "fetcher", 18, 5600, 0, 1734739200124, 1734739200200};
    run.processes[1] = (struct run_process){"analyzer-01", "analyzer", 0, 5601, 3, 1734739200125, 0};
    CU_ASSERT_EQUAL(run_file_write(test_directory(), &run), 0);
    CU_ASSERT_EQUAL(run_file_read(test_directory(), &read), 0);
    CU_ASSERT_EQUAL(read.pid, 17);
    CU_ASSERT_STRING_EQUAL(read.url, run.url);
    CU_ASSERT_STRING_EQUAL(read.market, run.market);
    CU_ASSERT_EQUAL(read.speed, 600);
    CU_ASSERT_EQUAL(read.started_ms, run.started_ms);
    CU_ASSERT_EQUAL_FATAL(read.process_count, 2);
    CU_ASSERT_STRING_EQUAL(read.processes[1].name, "analyzer-01");
    CU_ASSERT_STRING_EQUAL(read.processes[1].role, "analyzer");
    CU_ASSERT_EQUAL(read.processes[1].restarts, 3);
    CU_ASSERT_EQUAL(read.processes[0].health_port, 5600);
    CU_ASSERT_EQUAL(read.processes[0].started_ms, 1734739200124);
    run_file_remove(test_directory());
    CU_ASSERT_EQUAL(run_file_read(test_directory(), &read), ERROR_MISSING);
}

static void a_run_file_that_is_none_is_refused(void)
{
    static const char *const texts[] = {
        "", "[1, 2]", "{\"pid\": 1", "{\"pid\": 1}", "{\"pid\": -1, \"speed\": 1}",
        "{\"pid\": 1, \"speed\": 1, \"started_ms\": 1, \"url\": \"u\", \"market\": \"m\", \"processes\": {}}",
        "{\"pid\": 1, \"speed\": 1, \"started_ms\": 1, \"url\": \"u\", \"market\": \"m\", \"processes\": [1]}",
        "{\"pid\": 1, \"speed\": 1x, \"started_ms\": 1, \"url\": \"u\", \"market\": \"m\", \"processes\": []}",
    };
    static struct run_file read;
    read.pid = 99;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        CU_ASSERT_EQUAL(file_write(path_of("run.json"), texts[i], strlen(texts[i])), 0);
        CU_ASSERT_EQUAL(run_file_read(test_directory(), &read), ERROR_SYNTAX);
    }
    CU_ASSERT_EQUAL(read.pid, 99);
}

static void the_lock_is_held_by_one_and_dies_with_it(void)
{
    int ready[2], go[2], pid = 0;
    char byte;
    CU_ASSERT_EQUAL(run_lock_holder(test_directory(), &pid), ERROR_MISSING);
    CU_ASSERT_EQUAL_FATAL(pipe(ready) + pipe(go), 0);
    pid_t holder = fork();
    if (holder == 0) {
        byte = run_lock(test_directory()) == 0 ? 'y' : 'n';
        (void)!write(ready[1], &byte, 1);
        (void)!read(go[0], &byte, 1);
        _exit(0);
    }
    CU_ASSERT_EQUAL_FATAL(read(ready[0], &byte, 1), 1);
    CU_ASSERT_EQUAL(byte, 'y');
    CU_ASSERT_EQUAL(run_lock_holder(test_directory(), &pid), 0);
    CU_ASSERT_EQUAL(pid, holder);
    CU_ASSERT_EQUAL(run_lock(test_directory()), ERROR_EXISTS);
    CU_ASSERT_PTR_NOT_NULL(strstr(error_message(), "in use by another run, process"));
    CU_ASSERT_EQUAL(kill(holder, SIGKILL), 0);
    (void)waitpid(holder, NULL, 0);
    CU_ASSERT_EQUAL(run_lock_holder(test_directory(), &pid), ERROR_MISSING);
    CU_ASSERT_EQUAL(run_lock(test_directory()), 0);
    for (int i = 0; i < 2; i++) {
        (void)close(ready[i]);
        (void)close(go[i]);
    }
}

/* ---- health and metrics ---- */

static void metrics_are_read_from_their_text(void)
{
    static const char text[] = "# HELP wick_equity equity in the quote asset\n"
                               "# TYPE wick_equity gauge\n"
                               "wick_equity{process=\"trader\"} 10012.5\n"
                               "wick_symbols 250\n"
                               "wick_unheard_of 3\n"
                               "wick_equity_more 4\n"
                               "nonsense\n"
                               "\n"
                               "wick_series 99";
    double metrics[METRICS];
    for (int i = 0; i < METRICS; i++)
        metrics[i] = NAN;
    scrape_parse(text, sizeof text - 1, metrics);
    CU_ASSERT_EQUAL(metrics[METRIC_equity], 10012.5);
    CU_ASSERT_EQUAL(metrics[METRIC_symbols], 250);
    CU_ASSERT(isnan(metrics[METRIC_series])); /* its line may go on */
    CU_ASSERT(isnan(metrics[METRIC_signals_total]));
}

static void what_a_process_prints_is_what_is_read(void)
{
    static char text[64 * 1024];
    double metrics[METRICS];
    metric_set(METRIC_equity, 10012.34567);
    metric_add(METRIC_signals_total, 7);
    scrape_parse(text, metrics_print(ROLE_TRADER, text, sizeof text), metrics);
    CU_ASSERT_EQUAL(metrics[METRIC_equity], 10012.34567);
    metric_set(METRIC_equity, -NAN);
    size_t size = metrics_print(ROLE_TRADER, text, sizeof text);
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "\nwick_equity{process=\"trader\"} NaN\n"));
    scrape_parse(text, size, metrics);
    CU_ASSERT(isnan(metrics[METRIC_equity]));
    CU_ASSERT_EQUAL(metrics[METRIC_signals_total], 7);
}

/* A process that answers so many requests, each on its own connection, and ends. */
static pid_t serve(int listener, int requests, const char *ready_answer, const char *metrics_answer)
{
    pid_t pid = fork();
    if (pid != 0)
        return pid;
    for (int i = 0; i < requests; i++) {
        char request[2048] = "";
        int fd = accept(listener, NULL, NULL);
        ssize_t size = read(fd, request, sizeof request - 1);
        const char *answer = strstr(request, "GET /metrics ") != NULL ? metrics_answer : ready_answer;
        if (size > 0)
            (void)!write(fd, answer, strlen(answer));
        (void)close(fd);
    }
    _exit(0);
}

static void finish_round(struct scraper *scraper, struct scrape *scrape)
{
    unsigned rounds = scrape->rounds;
    scrape_begin(scraper, scrape);
    for (int turns = 0; scrape->rounds == rounds && turns < 600; turns++)
        CU_ASSERT_EQUAL(scraper_wait(scraper, NULL, 0, 10), 0);
    CU_ASSERT_EQUAL(scrape->rounds, rounds + 1);
}

static void a_round_tells_readiness_and_metrics(void)
{
    static const char ok[] = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok";
    static const char not_ready[] = "HTTP/1.1 503 Not Ready\r\nContent-Length: 18\r\nConnection: close\r\n\r\n"
                                    "starting: a\nsecond";
    static const char numbers[] = "HTTP/1.1 200 OK\r\nContent-Length: 17\r\nConnection: close\r\n\r\nwick_symbols 250\n";
    int port = 0;
    int listener = listen_on(&port);
    struct scraper *scraper = scraper_create();
    struct scrape scrape;
    CU_ASSERT_PTR_NOT_NULL_FATAL(scraper);
    scrape_init(&scrape, port, "/readyz", true);
    CU_ASSERT(isnan(scrape.metrics[METRIC_symbols]));
    pid_t server = serve(listener, 2, not_ready, numbers);
    finish_round(scraper, &scrape);
    CU_ASSERT_TRUE(scrape.reached);
    CU_ASSERT_FALSE(scrape.ready);
    CU_ASSERT_STRING_EQUAL(scrape.words, "starting: a");
    CU_ASSERT_EQUAL(scrape.metrics[METRIC_symbols], 250);
    (void)waitpid(server, NULL, 0);
    server = serve(listener, 2, ok, numbers);
    finish_round(scraper, &scrape);
    CU_ASSERT_TRUE(scrape.ready);
    CU_ASSERT_STRING_EQUAL(scrape.words, "ok");
    (void)waitpid(server, NULL, 0);
    (void)close(listener);
    finish_round(scraper, &scrape);
    CU_ASSERT_FALSE(scrape.reached);
    CU_ASSERT_FALSE(scrape.ready);
    CU_ASSERT_EQUAL(scrape.metrics[METRIC_symbols], 250);
    scrape_release(scraper, &scrape);
    scrape_release(scraper, &scrape);
    scraper_destroy(scraper);
}

static void a_round_can_be_given_up(void)
{
    int port = 0;
    int listener = listen_on(&port); /* accepts nothing */
    struct scraper *scraper = scraper_create();
    struct scrape scrape;
    scrape_init(&scrape, port, "/readyz", false);
    scrape_begin(scraper, &scrape);
    scrape_begin(scraper, &scrape);
    CU_ASSERT_EQUAL(scraper_wait(scraper, NULL, 0, 1), 0);
    CU_ASSERT_EQUAL(scrape.rounds, 0);
    scrape_release(scraper, &scrape);
    CU_ASSERT_EQUAL(scraper_wait(scraper, NULL, 0, 1), 0);
    scraper_destroy(scraper);
    (void)close(listener);
}

static void memory_is_told_of_those_that_show_it(void)
{
    CU_ASSERT(memory_of_pid(getpid()) > 100000);
    CU_ASSERT_EQUAL(memory_of_pid(0), 0);
}

const struct test suite_tests[] = {
    {"a written line is read back", a_written_line_is_read_back},
    {"a line that does not fit is refused", a_line_that_does_not_fit_is_refused},
    {"a failed write names the file", a_failed_write_names_the_file},
    {"directories are made for the owner alone", directories_are_made_for_the_owner_alone},
    {"passwords are drawn and differ", passwords_are_drawn_and_differ},
    {"passwords have a length", passwords_have_a_length},
    {"a hash fits its password only", a_hash_fits_its_password_only},
    {"a directory keeps its password", a_directory_keeps_its_password},
    {"a password put there by hand counts", a_password_put_there_by_hand_counts},
    {"a port in use is seen", a_port_in_use_is_seen},
    {"two runs get different blocks", two_runs_get_different_blocks},
    {"a block with a busy port is passed over", a_block_with_a_busy_port_is_passed_over},
    {"claims end below the ports of connections", claims_end_below_the_ports_of_connections},
    {"a run file is read back", a_run_file_is_read_back},
    {"a run file that is none is refused", a_run_file_that_is_none_is_refused},
    {"the lock is held by one and dies with it", the_lock_is_held_by_one_and_dies_with_it},
    {"metrics are read from their text", metrics_are_read_from_their_text},
    {"what a process prints is what is read", what_a_process_prints_is_what_is_read},
    {"a round tells readiness and metrics", a_round_tells_readiness_and_metrics},
    {"a round can be given up", a_round_can_be_given_up},
    {"memory is told of those that show it", memory_is_told_of_those_that_show_it},
    {NULL, NULL},
};
