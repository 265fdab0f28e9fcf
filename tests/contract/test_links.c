/* The links between processes, over real sockets: who is admitted, what arrives, what is sent again. */
/* SPDX-License-Identifier: MIT */
#include "lib/base/clock.h"
#include "lib/runtime/curve.h"
#include "lib/runtime/address.h"
#include "lib/runtime/link_set.h"
#include "lib/runtime/metrics.h"
#include "lib/runtime/outbox.h"
#include "tests/harness.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zmq.h>

enum { PATIENCE_MS = 10000 };

/* One end of a link in this test: a role with its links, and the last thing it was given. */
struct end {
    struct curve_keys keys;
    struct link_set *set;
    struct service_context context;
    int received;
    enum link link;
    struct peer peer;
    uint8_t bytes[4096];
    size_t size;
    int subscriptions;
};

static struct loop *loop;
static struct config *config;

static void on_input(void *user, const struct link_input *input)
{
    struct end *end = user;
    if (input->topic != NULL) {
        end->subscriptions++;
        return;
    }
    end->received++;
    end->link = input->link;
    if (input->peer != NULL)
        end->peer = *input->peer;
    CU_ASSERT_FATAL(input->size <= sizeof end->bytes);
    memcpy(end->bytes, input->bytes, input->size);
    end->size = input->size;
}

static void stop_loop(void *user, int64_t now_ms)
{
    (void)user;
    (void)now_ms;
    loop_stop(loop);
}

/* Lets the loop turn for some 5 ms. */
static void turn(void)
{
    int timer = loop_add_timer(loop, 5, 0, stop_loop, NULL);
    CU_ASSERT_FATAL(timer >= 0);
    CU_ASSERT_EQUAL_FATAL(loop_run(loop), 0);
    loop_remove_timer(loop, timer);
}

/* Turns the loop until *counter reaches a value; false when patience ends. */
static bool turn_until(const int *counter, int value)
{
    int64_t deadline_ms = clock_monotonic_ms() + PATIENCE_MS;
    while (*counter < value && clock_monotonic_ms() < deadline_ms)
        turn();
    return *counter >= value;
}

static void set_up(void)
{
    if (loop != NULL)
        return;
    char data_dir[128], port[16];
    char *argv[] = {"test", "--process.data_dir", data_dir, "--links.base_port", port};
    (void)snprintf(data_dir, sizeof data_dir, "%s/data", test_directory());
    loop = loop_create();
    CU_ASSERT_PTR_NOT_NULL_FATAL(loop);
    (void)snprintf(port, sizeof port, "%d", 12000 + (getpid() % 1800) * 10);
    CU_ASSERT_EQUAL_FATAL(config_load(EVERY_ROLE, 5, argv, stderr, &config), 0);
}

static void open_end(struct end *end, enum role role)
{
    set_up();
    *end = (struct end){.context = {.role = role, .config = config, .loop = loop}};
    CU_ASSERT_EQUAL_FATAL(curve_keys_load(role, config, &end->keys), 0);
    int code = link_set_open(role, config, &end->keys, loop, on_input, end, &end->set);
    if (code < 0)
        CU_FAIL_FATAL("a link does not open");
    end->context.links = end->set;
}

static void close_end(struct end *end)
{
    link_set_close(end->set, 0);
    curve_keys_release(&end->keys);
}

static void keys_are_made_once_and_are_private(void)
{
    set_up();
    struct stat status;
    char path[256];
    struct curve_keys first, second;
    CU_ASSERT_EQUAL_FATAL(curve_keys_load(ROLE_TRADER, config, &first), 0);
    CU_ASSERT_EQUAL_FATAL(curve_keys_load(ROLE_TRADER, config, &second), 0);
    CU_ASSERT_STRING_EQUAL(secret_reveal(&first.secret_key), secret_reveal(&second.secret_key));
    (void)snprintf(path, sizeof path, "%s/keys/trader.secret", config->process_data_dir);
    CU_ASSERT_EQUAL(stat(path, &status), 0);
    CU_ASSERT_EQUAL(status.st_mode & 0777, 0600);
    enum role role;
    CU_ASSERT(curve_admits(&first, LINK_STORE, first.public_bytes[ROLE_FETCHER], &role) && role == ROLE_FETCHER);
    CU_ASSERT_FALSE(curve_admits(&first, LINK_STORE, first.public_bytes[ROLE_ANALYZER], &role));
    CU_ASSERT_FALSE(curve_admits(&first, LINK_COMMAND, first.public_bytes[ROLE_ANALYZER], &role));
    curve_keys_release(&first);
    curve_keys_release(&second);
}

static void published_keys_are_refused(void)
{
    char data_dir[128], errors[512] = "";
    char *argv[] = {"test", "--process.data_dir", data_dir, "--links.secret_key",
                    "D:)Q[IlAW!ahhC2ac:9*A}h:p?([4%wOTJ%JR%cs"};
    struct config *bad;
    FILE *stream = fmemopen(errors, sizeof errors, "w");
    (void)snprintf(data_dir, sizeof data_dir, "%s/data", test_directory());
    CU_ASSERT_EQUAL_FATAL(config_load(EVERY_ROLE, 5, argv, stream, &bad), ERROR_CONFIGURATION);
    (void)fclose(stream);
    CU_ASSERT_PTR_NOT_NULL(strstr(errors, "printed in a manual"));
    CU_ASSERT_PTR_NULL(strstr(errors, "IlAW"));
}

/* Both ends of a link by this address: the proof against strangers and a message. */
static void check_address(const char *address, const char *host)
{
    static struct end persister, trader;
    static const uint8_t hello[] = "hello";
    struct config *usual = config;
    char data_dir[128], port[16], bind_flag[80], host_flag[80];
    char *argv[] = {"test", "--process.data_dir", data_dir, "--links.base_port", port, bind_flag, host_flag};
    set_up();
    (void)snprintf(data_dir, sizeof data_dir, "%s/data", test_directory());
    (void)snprintf(port, sizeof port, "%d", (int)config->links_base_port);
    (void)snprintf(bind_flag, sizeof bind_flag, "--links.bind_address=%s", address);
    (void)snprintf(host_flag, sizeof host_flag, "--links.persister=%s", host);
    usual = config;
    CU_ASSERT_EQUAL_FATAL(config_load(EVERY_ROLE, 7, argv, stderr, &config), 0);
    open_end(&persister, ROLE_PERSISTER);
    open_end(&trader, ROLE_TRADER);
    CU_ASSERT_EQUAL(link_set_prove(persister.set), 0);
    while (link_set_send(trader.set, LINK_STORE, NULL, hello, sizeof hello) != 0)
        turn(); /* not connected yet */
    CU_ASSERT(turn_until(&persister.received, 1));
    close_end(&trader);
    close_end(&persister);
    config_destroy(config);
    config = usual;
}

static void links_are_bound_by_name_and_by_ipv6(void)
{
    struct address six;
    check_address("localhost", "localhost");
    check_address("127.0.0.1", "localhost");
    int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool has_ipv6 = fd >= 0 && address_resolve("::1", 0, &six) == 0 &&
                    bind(fd, (const struct sockaddr *)&six.storage, six.length) == 0;
    if (fd >= 0)
        (void)close(fd);
    if (!has_ipv6) {
        test_skip("there is no IPv6 here");
        return;
    }
    check_address("::1", "::1");
    check_address("::", "::1");
}

static void a_message_goes_both_ways(void)
{
    static struct end persister, trader;
    static const uint8_t hello[] = "hello", answer[] = "answer";
    open_end(&persister, ROLE_PERSISTER);
    open_end(&trader, ROLE_TRADER);
    while (link_set_send(trader.set, LINK_STORE, NULL, hello, sizeof hello) != 0)
        turn(); /* not connected yet */
    CU_ASSERT(turn_until(&persister.received, 1));
    CU_ASSERT_EQUAL(persister.link, LINK_STORE);
    CU_ASSERT_EQUAL(persister.size, sizeof hello);
    CU_ASSERT_EQUAL(link_set_send(persister.set, LINK_STORE, &persister.peer, answer, sizeof answer), 0);
    CU_ASSERT(turn_until(&trader.received, 1));
    CU_ASSERT_EQUAL(memcmp(trader.bytes, answer, sizeof answer), 0);
    close_end(&trader);
    close_end(&persister);
}

static void what_is_sent_to_nobody_is_an_error(void)
{
    static struct end persister, trader;
    open_end(&persister, ROLE_PERSISTER);
    const struct peer nobody = {.id = {0, 1, 2, 3, 4}, .size = 5};
    CU_ASSERT_EQUAL(link_set_send(persister.set, LINK_STORE, &nobody, (const uint8_t *)"x", 1), ERROR_CONNECTION);
    close_end(&persister);
    open_end(&trader, ROLE_TRADER);
    CU_ASSERT_EQUAL(link_set_send(trader.set, LINK_STORE, NULL, (const uint8_t *)"x", 1), ERROR_FULL);
    close_end(&trader);
}

static void the_proof_holds(void)
{
    static struct end fetcher, trader, persister;
    open_end(&fetcher, ROLE_FETCHER);
    open_end(&trader, ROLE_TRADER);
    open_end(&persister, ROLE_PERSISTER);
    double before = metric_value(METRIC_handshakes_refused_total);
    CU_ASSERT_EQUAL(link_set_prove(fetcher.set), 0);
    CU_ASSERT_EQUAL(link_set_prove(trader.set), 0);
    CU_ASSERT_EQUAL(link_set_prove(persister.set), 0);
    CU_ASSERT_EQUAL(metric_value(METRIC_handshakes_refused_total) - before, LINKS);
    close_end(&fetcher);
    close_end(&trader);
    close_end(&persister);
}

static void an_admitted_key_is_heard(void)
{
    static struct end trader;
    open_end(&trader, ROLE_TRADER);
    void *context = zmq_ctx_new(), *stranger = zmq_socket(context, ZMQ_DEALER);
    char public_key[CURVE_TEXT_SIZE], secret_key[CURVE_TEXT_SIZE], endpoint[64];
    int linger = 0;
    CU_ASSERT_EQUAL_FATAL(curve_pair_create(public_key, secret_key), 0);
    (void)zmq_z85_decode(trader.keys.public_bytes[ROLE_DASHBOARD], public_key);
    (void)zmq_setsockopt(stranger, ZMQ_CURVE_SERVERKEY, trader.keys.public_keys[ROLE_TRADER], CURVE_TEXT_SIZE);
    (void)zmq_setsockopt(stranger, ZMQ_CURVE_PUBLICKEY, public_key, CURVE_TEXT_SIZE);
    (void)zmq_setsockopt(stranger, ZMQ_CURVE_SECRETKEY, secret_key, CURVE_TEXT_SIZE);
    (void)zmq_setsockopt(stranger, ZMQ_LINGER, &linger, sizeof linger);
    (void)snprintf(endpoint, sizeof endpoint, "tcp://127.0.0.1:%d", (int)config->links_base_port + 4);
    CU_ASSERT_EQUAL(zmq_connect(stranger, endpoint), 0);
    CU_ASSERT_EQUAL(zmq_send(stranger, "x", 1, 0), 1);
    CU_ASSERT(turn_until(&trader.received, 1)); /* admitted by its key alone */
    (void)zmq_close(stranger);
    (void)zmq_ctx_term(context);
    close_end(&trader);
}

/* Connects a raw socket to a link of the trader with these keys (NULL: no CURVE at all), sends, and says whether
 * anything arrived before a well-behaved message that was sent after it. */
static bool stranger_is_heard(struct end *trader, struct end *dashboard, const char *public_key,
                              const char *secret_key)
{
    void *context = zmq_ctx_new(), *socket = zmq_socket(context, ZMQ_DEALER);
    char endpoint[64];
    int linger = 0;
    (void)zmq_setsockopt(socket, ZMQ_LINGER, &linger, sizeof linger);
    if (public_key != NULL) {
        (void)zmq_setsockopt(socket, ZMQ_CURVE_SERVERKEY, trader->keys.public_keys[ROLE_TRADER], CURVE_TEXT_SIZE);
        (void)zmq_setsockopt(socket, ZMQ_CURVE_PUBLICKEY, public_key, CURVE_TEXT_SIZE);
        (void)zmq_setsockopt(socket, ZMQ_CURVE_SECRETKEY, secret_key, CURVE_TEXT_SIZE);
    }
    (void)snprintf(endpoint, sizeof endpoint, "tcp://127.0.0.1:%d", (int)config->links_base_port + 4);
    CU_ASSERT_EQUAL(zmq_connect(socket, endpoint), 0);
    CU_ASSERT_EQUAL(zmq_send(socket, "stranger", 8, 0), 8);
    for (int i = 0; i < 20; i++) { /* twenty messages of somebody admitted, each awaited: time for the stranger */
        int wanted = trader->received + 1;
        while (link_set_send(dashboard->set, LINK_COMMAND, NULL, (const uint8_t *)"friend", 6) != 0)
            turn();
        CU_ASSERT(turn_until(&trader->received, wanted));
        if (trader->size == 8)
            break;
    }
    bool heard = trader->size == 8;
    (void)zmq_close(socket);
    (void)zmq_ctx_term(context);
    return heard;
}

static void only_the_roles_of_the_row_are_heard(void)
{
    static struct end trader, dashboard;
    struct curve_keys analyzer;
    open_end(&trader, ROLE_TRADER);
    open_end(&dashboard, ROLE_DASHBOARD);
    CU_ASSERT_EQUAL_FATAL(curve_keys_load(ROLE_ANALYZER, config, &analyzer), 0);
    while (link_set_send(dashboard.set, LINK_COMMAND, NULL, (const uint8_t *)"friend", 6) != 0)
        turn();
    CU_ASSERT(turn_until(&trader.received, 1));
    CU_ASSERT_FALSE(stranger_is_heard(&trader, &dashboard, NULL, NULL));
    CU_ASSERT_FALSE(stranger_is_heard(&trader, &dashboard, analyzer.public_keys[ROLE_ANALYZER],
                                      secret_reveal(&analyzer.secret_key)));
    curve_keys_release(&analyzer);
    close_end(&dashboard);
    close_end(&trader);
}

static void subscriptions_choose_what_arrives(void)
{
    static struct end fetcher, trader;
    uint8_t topic[TOPIC_SIZE + 1];
    open_end(&fetcher, ROLE_FETCHER);
    open_end(&trader, ROLE_TRADER);
    topic_write(TOPIC_TICKERS, 0, topic);
    link_set_subscribe(trader.set, LINK_MARKET, topic, 1, true);
    CU_ASSERT(turn_until(&fetcher.subscriptions, 1));
    uint8_t message[TOPIC_SIZE + 1];
    topic_write(TOPIC_CANDLES, 7, message);
    message[TOPIC_SIZE] = 'c';
    CU_ASSERT_EQUAL(link_set_send(fetcher.set, LINK_MARKET, NULL, message, sizeof message), 0);
    topic_write(TOPIC_TICKERS, 7, message);
    message[TOPIC_SIZE] = 't';
    CU_ASSERT_EQUAL(link_set_send(fetcher.set, LINK_MARKET, NULL, message, sizeof message), 0);
    CU_ASSERT(turn_until(&trader.received, 1));
    CU_ASSERT_EQUAL(trader.size, 1); /* the topic is taken off */
    CU_ASSERT_EQUAL(trader.bytes[0], 't');
    CU_ASSERT_EQUAL(trader.received, 1);
    close_end(&trader);
    close_end(&fetcher);
}

static void a_new_connection_keeps_subscriptions(void)
{
    static struct end fetcher, trader;
    uint8_t message[TOPIC_SIZE + 1] = {0};
    open_end(&fetcher, ROLE_FETCHER);
    open_end(&trader, ROLE_TRADER);
    topic_write(TOPIC_TICKERS, 0, message);
    link_set_subscribe(trader.set, LINK_MARKET, message, 1, true);
    CU_ASSERT(turn_until(&fetcher.subscriptions, 1));
    for (int i = 1; i <= 3; i++) {
        int seen = fetcher.subscriptions;
        CU_ASSERT_EQUAL(link_set_reconnect(trader.set, LINK_MARKET), 0);
        CU_ASSERT(turn_until(&fetcher.subscriptions, seen + 1));
        CU_ASSERT_EQUAL(link_set_send(fetcher.set, LINK_MARKET, NULL, message, sizeof message), 0);
        CU_ASSERT(turn_until(&trader.received, i));
    }
    link_set_subscribe(trader.set, LINK_MARKET, message, 1, false);
    close_end(&trader);
    close_end(&fetcher);
}

/* Two traders behind one address: what the first does not ack gets to the second. */
static void what_is_not_acked_is_sent_over_a_new_connection(void)
{
    static struct end standby, trader, analyzer;
    static struct outbox outbox;
    open_end(&analyzer, ROLE_ANALYZER);
    open_end(&standby, ROLE_TRADER);
    outbox_init(&outbox, LINK_SIGNALS, 1);
    struct signal signal = {.strategy = "s", .exchange = "e", .symbol = "A", .sequence = outbox_next(&outbox)};
    CU_ASSERT_EQUAL(outbox_push(&outbox, &analyzer.context, RECORD_signal, &signal, 41), 0);
    outbox.waiting_ms -= LINK_SILENCE_MS; /* time goes by */
    double reconnects = metric_value(METRIC_reconnects_total);
    analyzer.context.heard_ms[LINK_SIGNALS] = 0;
    outbox_tick(&outbox, &analyzer.context, loop_now_ms(loop));
    CU_ASSERT_EQUAL(metric_value(METRIC_reconnects_total), reconnects + 1);
    close_end(&standby); /* as a balancer would: the next connection gets to the other one */
    open_end(&trader, ROLE_TRADER);
    int64_t pretended_ms = loop_now_ms(loop);
    for (int i = 0; i < 1000 && trader.received < 1; i++) {
        pretended_ms += OUTBOX_RESEND_MS;
        outbox_tick(&outbox, &analyzer.context, pretended_ms);
        turn();
    }
    CU_ASSERT_EQUAL(trader.link, LINK_SIGNALS);
    CU_ASSERT(trader.received >= 1);
    outbox_release(&outbox);
    close_end(&analyzer);
    close_end(&trader);
}

static void a_delivery_is_repeated_until_acked(void)
{
    static struct end trader, analyzer;
    static struct outbox outbox;
    uint64_t tag = 0;
    open_end(&analyzer, ROLE_ANALYZER);
    outbox_init(&outbox, LINK_SIGNALS, 2);
    struct signal signal = {.strategy = "s", .exchange = "e", .symbol = "A", .sequence = outbox_next(&outbox)};
    CU_ASSERT_EQUAL(outbox_push(&outbox, &analyzer.context, RECORD_signal, &signal, 41), 0); /* nobody listens yet */
    signal.sequence = outbox_next(&outbox);
    CU_ASSERT_EQUAL(outbox_push(&outbox, &analyzer.context, RECORD_signal, &signal, 42), 0);
    signal.sequence = outbox_next(&outbox);
    CU_ASSERT(outbox_is_full(&outbox));
    CU_ASSERT_EQUAL(outbox_push(&outbox, &analyzer.context, RECORD_signal, &signal, 43), ERROR_FULL);
    open_end(&trader, ROLE_TRADER);
    int64_t pretended_ms = clock_monotonic_ms();
    for (int i = 0; i < 1000 && trader.received < 2; i++) {
        pretended_ms += OUTBOX_RESEND_MS;
        outbox_tick(&outbox, &analyzer.context, pretended_ms);
        turn();
    }
    CU_ASSERT(trader.received >= 2);
    struct signal seen;
    CU_ASSERT_EQUAL(message_decode(RECORD_signal, trader.bytes, trader.size, &seen), 0);
    CU_ASSERT(outbox_ack(&outbox, 1, &tag) && tag == 41);
    CU_ASSERT_FALSE(outbox_ack(&outbox, 1, &tag));
    CU_ASSERT(outbox_ack(&outbox, 2, &tag) && tag == 42);
    CU_ASSERT_EQUAL(outbox.used, 0);
    outbox_release(&outbox);
    close_end(&analyzer);
    close_end(&trader);
}

static void a_port_in_use_is_named(void)
{
    static struct end first;
    struct link_set *second;
    open_end(&first, ROLE_TRADER);
    CU_ASSERT_EQUAL(link_set_open(ROLE_TRADER, config, &first.keys, loop, on_input, &first, &second), ERROR_SYSTEM);
    CU_ASSERT_PTR_NOT_NULL(strstr(error_message(), "bind link signals to tcp://127.0.0.1:"));
    close_end(&first);
}

const char *const suite_name = "links";
const struct test suite_tests[] = {
    {"keys are made once and are private", keys_are_made_once_and_are_private},
    {"published keys are refused", published_keys_are_refused},
    {"links are bound by name and by IPv6", links_are_bound_by_name_and_by_ipv6},
    {"a message goes both ways", a_message_goes_both_ways},
    {"what is sent to nobody is an error", what_is_sent_to_nobody_is_an_error},
    {"the proof holds for every link", the_proof_holds},
    {"a key that is admitted is heard", an_admitted_key_is_heard},
    {"only the roles of a link's row are heard", only_the_roles_of_the_row_are_heard},
    {"subscriptions choose what arrives", subscriptions_choose_what_arrives},
    {"a new connection keeps subscriptions", a_new_connection_keeps_subscriptions},
    {"what is not acked is sent over a new connection", what_is_not_acked_is_sent_over_a_new_connection},
    {"a delivery is repeated until acked", a_delivery_is_repeated_until_acked},
    {"a port in use is named", a_port_in_use_is_named},
    {0},
};
