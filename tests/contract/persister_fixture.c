/* The persister's process, and its peers. */
/* SPDX-License-Identifier: MIT */
#include "tests/contract/persister_fixture.h"

#include "lib/base/clock.h"
#include "tests/harness.h"

#include <arpa/inet.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

static struct loop *loop;
static struct config *config;
static pid_t persister;
static char data_dir[128], port[16], health_port[16];

static void set_up(void)
{
    if (loop != NULL)
        return;
    char *argv[] = {"test", "--process.data_dir", data_dir, "--links.base_port", port};
    (void)snprintf(data_dir, sizeof data_dir, "%s/data", test_directory());
    (void)snprintf(port, sizeof port, "%d", 22000 + (getpid() % 900) * 10);
    (void)snprintf(health_port, sizeof health_port, "%d", 22000 + (getpid() % 900) * 10 + 9);
    loop = loop_create();
    CU_ASSERT_PTR_NOT_NULL_FATAL(loop);
    CU_ASSERT_EQUAL_FATAL(config_load(EVERY_ROLE, 5, argv, stderr, &config), 0);
}

/* ---- the process ---- */

/* Where the programs of this build are, from where this test is. */
static void find_persister(char path[512])
{
    ssize_t length = readlink("/proc/self/exe", path, 512 - 64);
    CU_ASSERT_FATAL(length > 0);
    path[length] = '\0';
    char *folder = strstr(path, "/tests/test_persister_");
    CU_ASSERT_PTR_NOT_NULL_FATAL(folder);
    (void)strncpy(folder, "/bin/wick-persister", 32);
}

void persister_start(const char *database_url, const char *batch_ms)
{
    char path[512];
    set_up();
    find_persister(path);
    (void)setenv("WICK_DATABASE__URL", database_url, 1);
    persister = fork();
    if (persister == 0) {
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
        (void)execl(path, path, "--process.data_dir", data_dir, "--links.base_port", port, "--process.health_port",
                    health_port, "--database.batch_ms", batch_ms, "--process.log_level", "error", (char *)NULL);
        _exit(127);
    }
    CU_ASSERT_FATAL(persister > 0);
}

int persister_stop(int signal)
{
    int status = -1;
    (void)kill(persister, signal);
    (void)waitpid(persister, &status, 0);
    persister = 0;
    return status;
}

pid_t persister_process(void)
{
    return persister;
}

void persister_page(const char *path, char out[PERSISTER_PAGE_SIZE])
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    const struct timeval patience = {.tv_sec = PERSISTER_PATIENCE_MS / 1000};
    char request[128];
    ssize_t got = 0;
    size_t size = 0;
    address.sin_port = htons((uint16_t)strtol(health_port, NULL, 10));
    int length = snprintf(request, sizeof request, "GET %s HTTP/1.0\r\nHost: localhost\r\n\r\n", path);
    int descriptor = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    CU_ASSERT_FATAL(descriptor >= 0);
    (void)setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    if (connect(descriptor, (struct sockaddr *)&address, sizeof address) == 0 &&
        send(descriptor, request, (size_t)length, MSG_NOSIGNAL) == length)
        while ((got = recv(descriptor, out + size, PERSISTER_PAGE_SIZE - 1 - size, 0)) > 0)
            size += (size_t)got;
    out[size] = '\0';
    (void)close(descriptor);
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
        CU_ASSERT_FATAL(ack.sequence < PERSISTER_SEQUENCES);
        client->verdicts[ack.sequence] = (int)ack.verdict;
        client->places[ack.sequence] = ++client->acks;
    } else if (record == RECORD_lease_reply) {
        CU_ASSERT_EQUAL_FATAL(message_decode(record, input->bytes, input->size, &client->lease), 0);
        client->lease_came = true;
    } else {
        take_answer(client, input);
    }
}

void client_open(struct client *client, enum role role)
{
    set_up();
    memset(client, 0, sizeof *client);
    for (int i = 0; i < PERSISTER_SEQUENCES; i++)
        client->verdicts[i] = -1;
    CU_ASSERT_EQUAL_FATAL(curve_keys_load(role, config, &client->keys), 0);
    /* The other links of the role have nobody at their other end; the fetcher's and trader's own are bound here. */
    CU_ASSERT_EQUAL_FATAL(link_set_open(role, config, &client->keys, loop, on_input, client, &client->links), 0);
}

void client_close(struct client *client)
{
    link_set_close(client->links, 0);
    curve_keys_release(&client->keys);
}

static void stop_loop(void *user, int64_t now_ms)
{
    (void)user;
    (void)now_ms;
    loop_stop(loop);
}

void client_turn(void)
{
    int timer = loop_add_timer(loop, 5, 0, stop_loop, NULL);
    CU_ASSERT_FATAL(timer >= 0);
    CU_ASSERT_EQUAL_FATAL(loop_run(loop), 0);
    loop_remove_timer(loop, timer);
}

void client_send(struct client *client, enum link link, enum record record, const void *message)
{
    static uint8_t bytes[MESSAGE_SIZE_MAX];
    size_t size;
    CU_ASSERT_EQUAL_FATAL(message_encode(record, message, bytes, sizeof bytes, &size), 0);
    int code = link_set_send(client->links, link, NULL, bytes, size);
    (void)code;
}

int client_deliver(struct client *client, enum record record, const void *message, uint64_t sequence)
{
    int64_t deadline_ms = clock_monotonic_ms() + PERSISTER_PATIENCE_MS, sent_ms = 0;
    while (client->verdicts[sequence] < 0 && clock_monotonic_ms() < deadline_ms) {
        if (clock_monotonic_ms() - sent_ms > 300) {
            sent_ms = clock_monotonic_ms();
            client_send(client, LINK_STORE, record, message);
        }
        client_turn();
    }
    return client->verdicts[sequence];
}

/* Its rows are those of the newest call. */
static struct store_candles make_candles(uint64_t sequence, int64_t first, size_t count, uint32_t interval_s)
{
    static struct candle_event rows[2000];
    CU_ASSERT_FATAL(count <= sizeof rows / sizeof rows[0]);
    for (size_t i = 0; i < count; i++)
        rows[i] = (struct candle_event){"BTCUSDT", interval_s,
                                        {PERSISTER_CANDLES_MS + (first + (int64_t)i) * 60000, 975, 976, 974, 975, 5, 1, 0}};
    return (struct store_candles){.sequence = sequence, .exchange = "binance", .rows = list_of(rows, count)};
}

void client_send_candles(struct client *client, uint64_t sequence, int64_t first, size_t count, uint32_t interval_s)
{
    const struct store_candles message = make_candles(sequence, first, count, interval_s);
    client_send(client, LINK_STORE, RECORD_store_candles, &message);
}

int client_deliver_candles(struct client *client, uint64_t sequence, int64_t first, size_t count, uint32_t interval_s)
{
    const struct store_candles message = make_candles(sequence, first, count, interval_s);
    return client_deliver(client, RECORD_store_candles, &message, sequence);
}

void client_ask(struct client *client, const struct query *query)
{
    int64_t deadline_ms = clock_monotonic_ms() + PERSISTER_PATIENCE_MS, sent_ms = 0;
    client->candles = client->processes = 0;
    client->answered = false;
    while (!client->answered && clock_monotonic_ms() < deadline_ms) {
        if (clock_monotonic_ms() - sent_ms > 10000 || sent_ms == 0) {
            sent_ms = clock_monotonic_ms();
            client_send(client, LINK_HISTORY, RECORD_query, query);
        }
        client_turn();
    }
    CU_ASSERT_TRUE(client->answered);
}
