/* The simulated exchange's streams, followed with our own client and read by our own adapter, in one loop. */
/* SPDX-License-Identifier: MIT */
#include "lib/base/clock.h"
#include "lib/exchange/exchange.h"
#include "lib/exchange/stream.h"
#include "lib/exchange/websocket.h"
#include "tests/harness.h"
#include "tools/simulator/generate.h"
#include "tools/simulator/klines.h"
#include "tools/simulator/streams.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { MINUTE_MS = 60000, DEADLINE_MS = 60000, SYMBOLS_MAX = 100, TEXT_KEPT = 600 };

static const int64_t start_ms = 1734739200000; /* 2024-12-21T00:00Z */

/* Of one symbol, as its stream told. */
struct follow {
    int tickers, forming, closed;
    int64_t first_close_ms, last_close_ms; /* open times */
    bool in_order;
};

static struct {
    struct loop *loop;
    struct websockets *client;
    struct websocket *connection;
    struct simulator simulator;
    int opened, ended, texts, answers, goodbyes;
    char first_text[TEXT_KEPT], last_text[TEXT_KEPT], answer[TEXT_KEPT], why[256];
    struct follow follows[SYMBOLS_MAX];
    bool too_late;
    const int *counter;
    int wanted;
} stage;

static const struct exchange_stream *adapter(void)
{
    const struct exchange *exchange = NULL;
    CU_ASSERT_EQUAL_FATAL(exchange_find("binance", &exchange), 0);
    return exchange->stream;
}

/* ---- what comes ---- */

static struct follow *follow_of(const char *name)
{
    char symbol[STREAM_NAME_SIZE];
    size_t i = 0;
    for (; name[i] != '\0'; i++)
        symbol[i] = (char)(name[i] >= 'a' && name[i] <= 'z' ? name[i] - 'a' + 'A' : name[i]);
    symbol[i] = '\0';
    long index = market_find(stage.simulator.market, symbol);
    CU_ASSERT_FATAL(index >= 0 && index < SYMBOLS_MAX);
    return &stage.follows[index];
}

static void on_ticker(void *user, const char *name, const struct exchange_ticker *ticker)
{
    (void)user;
    CU_ASSERT_TRUE(ticker->quote_volume > 0);
    follow_of(name)->tickers++;
}

static void on_candle(void *user, const char *name, uint32_t interval_s, const struct candle *candle, bool closed)
{
    (void)user;
    struct follow *follow = follow_of(name);
    CU_ASSERT_TRUE(interval_s == 60 || interval_s == 300);
    if (!closed) {
        follow->forming++;
        return;
    }
    follow->in_order = follow->closed++ == 0 || (follow->in_order && candle->open_time_ms == follow->last_close_ms + MINUTE_MS);
    follow->first_close_ms = follow->closed == 1 ? candle->open_time_ms : follow->first_close_ms;
    follow->last_close_ms = candle->open_time_ms;
}

static void on_answer(void *user, uint64_t id, bool accepted, const char *why)
{
    (void)user;
    (void)id;
    (void)accepted;
    (void)why;
}

static void on_pong(void *user)
{
    (void)user;
}

static void on_goodbye(void *user)
{
    (void)user;
    stage.goodbyes++;
}

static void look(void)
{
    if (stage.counter != NULL && *stage.counter >= stage.wanted)
        loop_stop(stage.loop);
}

static void on_open(void *user)
{
    (void)user;
    stage.opened++;
    look();
}

static void on_text(void *user, const char *text, size_t size)
{
    (void)user;
    static const struct stream_events events = {on_ticker, on_candle, on_answer, on_pong, on_goodbye, NULL};
    char *kept = stage.texts++ == 0 ? stage.first_text : stage.last_text;
    (void)snprintf(kept, TEXT_KEPT, "%s", text);
    if (strstr(text, "\"id\":") != NULL) {
        (void)snprintf(stage.answer, TEXT_KEPT, "%s", text);
        stage.answers++;
    } else if (text[0] == '{' && strstr(text, "MiniTicker") == NULL && strstr(text, "{\"u\":") == NULL) {
        CU_ASSERT_EQUAL(adapter()->read(text, size, &events, NULL), 0);
    }
    look();
}

static void on_end(void *user, const char *why)
{
    (void)user;
    stage.ended++;
    (void)snprintf(stage.why, sizeof stage.why, "%s", why);
    look();
}

/* ---- the stage ---- */

static void on_deadline(void *user, int64_t now_ms)
{
    (void)user;
    (void)now_ms;
    stage.too_late = true;
    loop_stop(stage.loop);
}

static void on_poll(void *user, int64_t now_ms)
{
    (void)user;
    (void)now_ms;
    look();
}

static void run_until(const int *counter, int wanted)
{
    if (*counter >= wanted)
        return;
    stage.counter = counter;
    stage.wanted = wanted;
    CU_ASSERT_EQUAL(loop_run(stage.loop), 0);
    CU_ASSERT_FALSE_FATAL(stage.too_late);
}

static void on_pause_end(void *user, int64_t now_ms)
{
    (void)now_ms;
    *(int *)user = 1;
    look();
}

/* Lets the exchange run on for a while. */
static void run_for(int64_t delay_ms)
{
    int over = 0;
    int timer = loop_add_timer(stage.loop, delay_ms, 0, on_pause_end, &over);
    CU_ASSERT_FATAL(timer >= 0);
    run_until(&over, 1);
    loop_remove_timer(stage.loop, timer);
}

/* Opens an exchange of so many symbols whose clock runs so fast. */
static void set_stage(size_t symbols, int speed, const char *faults, int64_t lifetime_ms, const char *journal)
{
    const struct generate_options options = {.symbols = symbols, .seed = 5, .interval_s = 60, .start_ms = start_ms};
    struct simulator *simulator = &stage.simulator;
    memset(&stage, 0, sizeof stage);
    stage.loop = loop_create();
    CU_ASSERT_PTR_NOT_NULL_FATAL(stage.loop);
    CU_ASSERT_EQUAL_FATAL(generate_open(&options, &simulator->market), 0);
    simulator->clock = (struct exchange_clock){.origin_monotonic_ms = clock_monotonic_ms(),
                                               .origin_exchange_ms = start_ms,
                                               .speed_thousandths = speed * 1000};
    simulator->fault_delay_ms = 1000;
    simulator->stream_lifetime_ms = lifetime_ms;
    simulator->stream_fault_ms = 300;
    if (faults != NULL)
        CU_ASSERT_EQUAL_FATAL(faults_read(faults, &simulator->faults), 0);
    CU_ASSERT_EQUAL_FATAL(journal_open(&simulator->journal, journal), 0);
    CU_ASSERT_EQUAL_FATAL(simulator_open(simulator, stage.loop, "127.0.0.1", 0, 0), 0);
    CU_ASSERT_EQUAL_FATAL(websockets_open(&stage.client, stage.loop), 0);
    CU_ASSERT_FATAL(loop_add_timer(stage.loop, DEADLINE_MS, 0, on_deadline, NULL) >= 0);
    CU_ASSERT_FATAL(loop_add_timer(stage.loop, 0, 20, on_poll, NULL) >= 0);
}

static void clear_stage(void)
{
    websockets_close(stage.client);
    simulator_close(&stage.simulator);
    loop_destroy(stage.loop);
}

static void open_path(const char *path)
{
    static const struct websocket_events events = {on_open, on_text, on_end};
    char url[512];
    (void)snprintf(url, sizeof url, "ws://127.0.0.1:%d%s", streams_port(stage.simulator.streams), path);
    CU_ASSERT_EQUAL_FATAL(websocket_open(stage.client, url, &events, NULL, &stage.connection), 0);
    run_until(&stage.opened, stage.opened + 1);
}

static const char *ask(const char *text)
{
    CU_ASSERT_EQUAL_FATAL(websocket_send(stage.connection, text, strlen(text)), 0);
    run_until(&stage.answers, stage.answers + 1);
    return stage.answer;
}

#define DAY_MS 86400000

/* ---- what is said ---- */

static void requests_are_answered(void)
{
    set_stage(3, 1, NULL, DAY_MS, NULL);
    open_path("/ws");
    CU_ASSERT_STRING_EQUAL(ask("{\"method\":\"SUBSCRIBE\",\"params\":[\"btcusdt@ticker\",\"no@such\"],\"id\":7}"),
                           "{\"result\":null,\"id\":7}");
    CU_ASSERT_STRING_EQUAL(ask("{\"id\":8,\"method\":\"LIST_SUBSCRIPTIONS\"}"), "{\"result\":[\"btcusdt@ticker\"],\"id\":8}");
    CU_ASSERT_STRING_EQUAL(ask("{\"params\":[\"btcusdt@ticker\"],\"method\":\"UNSUBSCRIBE\",\"id\":9}"),
                           "{\"result\":null,\"id\":9}");
    run_for(1100); /* five texts a second */
    CU_ASSERT_STRING_EQUAL(ask("{\"method\":\"LIST_SUBSCRIPTIONS\",\"id\":10}"), "{\"result\":[],\"id\":10}");
    CU_ASSERT_PTR_NOT_NULL(strstr(ask("{\"method\":\"DANCE\",\"id\":11}"), "\"error\":{\"code\":2"));
    CU_ASSERT_PTR_NOT_NULL(strstr(ask("nonsense \"id\":"), "\"error\":{\"code\":3"));
    clear_stage();
}

static void every_path_and_stream_speaks(void)
{
    static const struct {
        const char *path, *begins;
    } rows[] = {
        {"/ws/btcusdt@kline_1m", "{\"e\":\"kline\",\"E\":"},
        {"/ws/btcusdt@kline_5m", "{\"e\":\"kline\",\"E\":"},
        {"/ws/btcusdt@ticker", "{\"e\":\"24hrTicker\",\"E\":"},
        {"/ws/btcusdt@miniTicker", "{\"e\":\"24hrMiniTicker\",\"E\":"},
        {"/ws/btcusdt@bookTicker", "{\"u\":"},
        {"/ws/!miniTicker@arr", "[{\"e\":\"24hrMiniTicker\",\"E\":"},
        {"/stream?streams=nosuch@ticker/ethusdt@bookTicker", "{\"stream\":\"ethusdt@bookTicker\",\"data\":{\"u\":"},
        {"/stream?streams=ethusdt%40miniTicker", "{\"stream\":\"ethusdt@miniTicker\",\"data\":{\"e\":"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        set_stage(3, 60, NULL, DAY_MS, NULL);
        open_path(rows[i].path);
        run_until(&stage.texts, 1);
        CU_ASSERT_EQUAL(strncmp(stage.first_text, rows[i].begins, strlen(rows[i].begins)), 0);
        clear_stage();
    }
    set_stage(3, 1, NULL, DAY_MS, NULL);
    open_path("/stream/ws/1");
    CU_ASSERT_PTR_NOT_NULL(strstr(ask("{\"method\":\"SUBSCRIBE\",\"params\":[],\"id\":1}"), "null"));
    clear_stage();
}

static void every_candle_is_closed_once_at_any_speed(void)
{
    enum { SYMBOLS = 60, CLOSES = 40 };
    set_stage(SYMBOLS, 600, NULL, DAY_MS, NULL);
    char text[STREAM_MESSAGE_SIZE] = "{\"method\":\"SUBSCRIBE\",\"id\":1,\"params\":[";
    for (size_t i = 0; i < SYMBOLS; i++) {
        char name[64], *end = text + strlen(text);
        (void)snprintf(name, sizeof name, "%s", stage.simulator.market->symbols[i].name);
        for (char *at = name; *at != '\0'; at++)
            *at = (char)(*at >= 'A' && *at <= 'Z' ? *at - 'A' + 'a' : *at);
        (void)snprintf(end, sizeof text - (size_t)(end - text), "%s\"%s@kline_1m\",\"%s@ticker\"", i == 0 ? "" : ",", name,
                       name);
    }
    (void)snprintf(text + strlen(text), sizeof text - strlen(text), "]}");
    open_path("/ws");
    (void)ask(text);
    run_until(&stage.follows[SYMBOLS - 1].closed, CLOSES);
    for (size_t i = 0; i < SYMBOLS; i++) {
        const struct follow *follow = &stage.follows[i];
        CU_ASSERT_TRUE(follow->in_order && follow->closed >= CLOSES - 1);
        CU_ASSERT_TRUE(follow->tickers > 0 && follow->forming > 0);
        CU_ASSERT_EQUAL(follow->first_close_ms, stage.follows[0].first_close_ms);
    }
    clear_stage();
}

static void a_symbol_that_is_not_listed_is_silent(void)
{
    set_stage(3, 600, NULL, DAY_MS, NULL);
    stage.simulator.market->changes = (struct market_changes){.listed = 1, .list_ms = start_ms + 30 * MINUTE_MS};
    const struct market *market = stage.simulator.market;
    char path[200], name[MARKET_NAME_SIZE];
    for (size_t i = 0; i <= strlen(market->symbols[2].name); i++)
        name[i] = (char)(market->symbols[2].name[i] | (market->symbols[2].name[i] >= 'A' ? 0x20 : 0));
    (void)snprintf(path, sizeof path, "/ws/%s@kline_1m/%s@ticker", name, name);
    open_path(path);
    run_until(&stage.follows[2].closed, 1);
    CU_ASSERT_EQUAL(stage.follows[2].first_close_ms, start_ms + 30 * MINUTE_MS);
    clear_stage();
}

/* ---- how it ends ---- */

static void too_many_texts_end_a_connection(void)
{
    set_stage(1, 1, NULL, DAY_MS, NULL);
    open_path("/ws");
    for (int i = 0; i < 12; i++) /* of any second at least six */
        CU_ASSERT_EQUAL(websocket_send(stage.connection, "{}", 2), 0);
    run_until(&stage.ended, 1);
    CU_ASSERT_PTR_NOT_NULL(strstr(stage.why, "1008 Too many requests"));
    clear_stage();
}

static void a_life_ends_after_a_warning(void)
{
    set_stage(1, 600, NULL, 20 * MINUTE_MS, NULL); /* two seconds */
    open_path("/ws");
    run_until(&stage.goodbyes, 1);
    CU_ASSERT_EQUAL(stage.ended, 0);
    run_until(&stage.ended, 1);
    CU_ASSERT_PTR_NOT_NULL(strstr(stage.why, "1001"));
    clear_stage();
}

static const char *awaited; /* by on_journal_poll */
static int told;            /* it stands in the journal */

static void on_journal_poll(void *user, int64_t now_ms)
{
    (void)now_ms;
    static char text[20000];
    FILE *file = fopen(user, "r");
    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    text[fread(text, 1, sizeof text - 1, file)] = '\0';
    (void)fclose(file);
    told = strstr(text, awaited) != NULL;
}

/* A journal of its own for each test. */
static char *journal_path(void)
{
    static char path[300];
    static int number;
    (void)snprintf(path, sizeof path, "%s/journal-%d", test_directory(), number++);
    return path;
}

static void run_until_journal(char *path, const char *text)
{
    awaited = text;
    told = 0;
    int timer = loop_add_timer(stage.loop, 0, 100, on_journal_poll, path);
    CU_ASSERT_FATAL(timer >= 0);
    run_until(&told, 1);
    loop_remove_timer(stage.loop, timer);
}

static void what_falls_silent_leaves_its_connection_alive(void)
{
    static const struct {
        const char *order, *event;
    } rows[] = {{"silent_stream=1", "\"fault\":\"silent_stream\",\"client\":0,\"stream\":\"btcusdt@kline_1m\""},
                {"silent_connection=1", "\"fault\":\"silent_connection\",\"client\":0"}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char *path = journal_path();
        set_stage(2, 600, rows[i].order, DAY_MS, path);
        open_path("/ws/btcusdt@kline_1m");
        run_until(&stage.texts, 1);
        run_until_journal(path, rows[i].event);
        CU_ASSERT_PTR_NOT_NULL(strstr(ask("{\"method\":\"LIST_SUBSCRIPTIONS\",\"id\":1}"), "btcusdt@kline_1m"));
        int texts = stage.texts; /* nothing that was sent before the answer is under way any more */
        run_for(1000);
        CU_ASSERT_EQUAL(stage.texts, texts);
        CU_ASSERT_EQUAL(stage.ended, 0);
        clear_stage();
    }
}

static void a_connection_is_cut_without_a_word(void)
{
    set_stage(2, 600, "stream_drop=1", DAY_MS, NULL);
    open_path("/ws/btcusdt@kline_1m");
    run_until(&stage.ended, 1);
    CU_ASSERT_PTR_NOT_NULL(strstr(stage.why, "cut"));
    clear_stage();
}

/* Connects a socket that asks for much and reads nothing. */
static int open_sloth(void)
{
    static const char request[] = "GET /ws/!miniTicker@arr HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n"
                                  "Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
                                  "Sec-WebSocket-Version: 13\r\n\r\n";
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)streams_port(stage.simulator.streams)),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), room = 4096;
    CU_ASSERT_FATAL(fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof room) == 0);
    CU_ASSERT_EQUAL_FATAL(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
    CU_ASSERT_EQUAL_FATAL(send(fd, request, sizeof request - 1, MSG_NOSIGNAL), (ssize_t)sizeof request - 1);
    return fd;
}

static void a_slow_reader_is_dropped_and_others_are_served(void)
{
    char *path = journal_path();
    set_stage(2500, 60, NULL, DAY_MS, path);
    int sloth = open_sloth();
    open_path("/ws/btcusdt@ticker");
    run_until_journal(path, "too slow");
    int tickers = stage.follows[0].tickers;
    CU_ASSERT_TRUE(tickers > 0);
    run_until(&stage.follows[0].tickers, tickers + 2);
    CU_ASSERT_EQUAL(stage.ended, 0);
    (void)close(sloth);
    clear_stage();
}

const char *const suite_name = "simulated exchange: streams";
const struct test suite_tests[] = {
    {"requests are answered", requests_are_answered},
    {"every path and stream speaks", every_path_and_stream_speaks},
    {"every candle is closed once, at any speed", every_candle_is_closed_once_at_any_speed},
    {"a symbol that is not listed is silent", a_symbol_that_is_not_listed_is_silent},
    {"too many texts end a connection", too_many_texts_end_a_connection},
    {"a life ends after a warning", a_life_ends_after_a_warning},
    {"what falls silent leaves its connection alive", what_falls_silent_leaves_its_connection_alive},
    {"a connection is cut without a word", a_connection_is_cut_without_a_word},
    {"a slow reader is dropped and others are served", a_slow_reader_is_dropped_and_others_are_served},
    {NULL, NULL},
};
