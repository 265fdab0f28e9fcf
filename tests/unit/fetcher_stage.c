/* The played world of the fetcher. The functions of the runtime, of the clocks and of the HTTP client are defined here
 * and so take the place of the real ones. */
/* SPDX-License-Identifier: MIT */
#include "tests/unit/fetcher_stage.h"

#include "fetcher/fetcher.h"
#include "lib/base/clock.h"
#include "lib/exchange/http_client.h"
#include "tests/harness.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TIMERS = 8, CALLS = 32, MAILS = 4096, BODY = 256 * 1024, HISTORY = 200, WALL_START_MS = 1000000000 };
static const int64_t origin_ms = 1734739200000; /* of the market: minute 0 */

struct stage stage;

static struct config config = {
    .exchange_name = "binance", .exchange_url = "http://exchange.test/", .exchange_connections = 4,
    .exchange_timeout_ms = 1000, .exchange_weight_share = 80, .market_symbols = "", .market_max_symbols = 100,
    .market_quote_asset = "USDT", .market_intervals = "1m", .market_tick_ms = 10000, .market_history = 120,
    .sma_cross_enabled = true, .sma_cross_fast = 2, .sma_cross_slow = 3,
};

/* One message on its way. */
struct mail {
    int64_t due_us;
    unsigned life; /* of the fetcher that it is from or for: another one has another address */
    bool to_fetcher;
    enum link link;
    uint8_t *bytes;
    size_t size;
};

/* One request on its way. */
struct call {
    bool used;
    int64_t sent_us, due_us;
    uint64_t tag;
    int code, status, retry_after_s;
    char *body;
    size_t size;
};

static struct {
    int64_t now_us, began_us, tick_us;
    int64_t speed;
    bool running;
    unsigned life;       /* of the fetcher: how often it was started */
    unsigned asker_life; /* of the message that the persister is working on */
    struct service_context context;
    void *state;
    struct timer {
        bool used;
        int64_t due_us; /* INT64_MAX: stopped */
        loop_timer_fn callback;
        void *user;
    } timers[TIMERS];
    struct mail mails[MAILS];
    size_t mail_count;
    struct call calls[CALLS];
    http_done_fn done;
    void *done_user;
    int room;
    int64_t stopped_from_us, stopped_until_ms; /* by the exchange */
    int weight;
    int64_t weight_minute;
    uint64_t holder;
    int64_t lease_until_us;
    bool stored[STAGE_SYMBOLS][STAGE_MINUTES];
    int64_t starts_ms[STAGE_SYMBOLS];
    int64_t published_ms[STAGE_SYMBOLS]; /* newest, in this life of the fetcher */
    uint64_t sequences[SHARDS];
    uint64_t epoch;
} world;

/* ---- chance and time ---- */

static bool happens(unsigned rate)
{
    return rate > 0 && test_random() % 1000 < rate;
}

static int64_t exchange_ms(void)
{
    return origin_ms + (int64_t)HISTORY * STAGE_MINUTE_MS + STAGE_MINUTE_MS / 2 + (world.now_us - world.began_us) * world.speed / 1000;
}

int64_t clock_monotonic_us(void) { return world.now_us; }
int64_t clock_monotonic_ms(void) { return world.now_us / 1000; }
int64_t clock_wall_ms(void) { return WALL_START_MS + world.now_us / 1000; }
int64_t clock_cpu_us(void) { return 0; }
int64_t loop_now_ms(const struct loop *loop) { (void)loop; return world.now_us / 1000; }

int64_t stage_closed(void)
{
    return (exchange_ms() - origin_ms) / STAGE_MINUTE_MS;
}

/* ---- the truth ---- */

static bool lacks(int symbol, int64_t minute)
{
    return minute < 0 || minute >= STAGE_MINUTES || (stage.faults.lacks_some && symbol == 2 && minute % 17 == 3);
}

static struct candle truth(int symbol, int64_t minute)
{
    uint64_t key[2] = {(uint64_t)symbol, (uint64_t)minute};
    int64_t noise = (int64_t)(hash64(key, sizeof key) % 100);
    return (struct candle){origin_ms + minute * STAGE_MINUTE_MS, 1000 + noise, 1200, 900, 1100 - noise, noise, 2, 0};
}

static int symbol_index(const char *symbol)
{
    return symbol[0] >= 'A' && symbol[0] < 'A' + STAGE_SYMBOLS && strcmp(symbol + 1, "USDT") == 0 ? symbol[0] - 'A' : -1;
}

static bool is_true(int symbol, const struct candle *candle)
{
    int64_t minute = (candle->open_time_ms - origin_ms) / STAGE_MINUTE_MS;
    if (symbol < 0 || lacks(symbol, minute))
        return false;
    struct candle expected = truth(symbol, minute);
    struct decimal ours[] = {{candle->open, candle->price_scale}, {candle->close, candle->price_scale},
                             {candle->volume, candle->volume_scale}};
    struct decimal theirs[] = {{expected.open, 2}, {expected.close, 2}, {expected.volume, 0}};
    for (int i = 0; i < 3; i++)
        if (decimal_compare(ours[i], theirs[i]) != 0)
            return false;
    return exchange_ms() >= candle->open_time_ms + STAGE_MINUTE_MS;
}

bool stage_store_has(int64_t first, int64_t last)
{
    for (int symbol = 0; symbol < STAGE_SYMBOLS; symbol++)
        for (int64_t minute = first; minute <= last; minute++)
            if (world.stored[symbol][minute] == lacks(symbol, minute))
                return false;
    return true;
}

int64_t stage_start_of(int symbol)
{
    return world.starts_ms[symbol] < 0 ? -1 : (world.starts_ms[symbol] - origin_ms) / STAGE_MINUTE_MS;
}

/* ---- the loop ---- */

int loop_add_timer(struct loop *loop, int64_t delay_ms, int64_t period_ms, loop_timer_fn callback, void *user)
{
    (void)loop;
    CU_ASSERT_FATAL(period_ms == 0);
    for (int i = 0; i < TIMERS; i++) {
        if (!world.timers[i].used) {
            world.timers[i] = (struct timer){true, world.now_us + delay_ms * 1000, callback, user};
            return i;
        }
    }
    return ERROR_FULL;
}

void loop_set_timer(struct loop *loop, int timer, int64_t delay_ms)
{
    (void)loop;
    world.timers[timer].due_us = world.now_us + delay_ms * 1000;
}

void loop_stop_timer(struct loop *loop, int timer)
{
    (void)loop;
    world.timers[timer].due_us = INT64_MAX;
}

void loop_remove_timer(struct loop *loop, int timer)
{
    (void)loop;
    world.timers[timer].used = false;
}

void loop_stop(struct loop *loop) { (void)loop; }

/* ---- the links ---- */

static void post(bool to_fetcher, enum link link, const uint8_t *bytes, size_t size)
{
    if (happens(stage.faults.lost))
        return;
    CU_ASSERT_FATAL(world.mail_count < MAILS);
    struct mail *mail = &world.mails[world.mail_count++];
    int64_t last_us = world.now_us; /* a link keeps its order */
    for (size_t i = 0; i + 1 < world.mail_count; i++)
        if (world.mails[i].to_fetcher == to_fetcher && world.mails[i].link == link && world.mails[i].due_us > last_us)
            last_us = world.mails[i].due_us;
    *mail = (struct mail){
        .due_us = last_us + 100 + (int64_t)(test_random() % 5000),
        .life = to_fetcher ? world.asker_life : world.life,
        .to_fetcher = to_fetcher,
        .link = link,
        .bytes = malloc(size),
        .size = size,
    };
    CU_ASSERT_FATAL(mail->bytes != NULL);
    memcpy(mail->bytes, bytes, size);
}

static void post_message(enum link link, enum record record, const void *message)
{
    static uint8_t bytes[MESSAGE_SIZE_MAX];
    size_t size;
    CU_ASSERT_FATAL(message_encode(record, message, bytes, sizeof bytes, &size) == 0);
    post(true, link, bytes, size);
}

int service_send_bytes(struct service_context *context, enum link link, const struct peer *peer, const uint8_t *bytes,
                       size_t size)
{
    (void)context;
    (void)peer;
    if (stage.persister_away)
        return error_set(ERROR_CONNECTION, "nobody there");
    post(false, link, bytes, size);
    return 0;
}

int service_send(struct service_context *context, enum link link, const struct peer *peer, enum record record,
                 const void *message)
{
    static uint8_t bytes[MESSAGE_SIZE_MAX];
    size_t size;
    int code = message_encode(record, message, bytes, sizeof bytes, &size);
    return code != 0 ? code : service_send_bytes(context, link, peer, bytes, size);
}

int service_reconnect(struct service_context *context, enum link link)
{
    (void)context;
    (void)link;
    return 0;
}

void service_set_status(struct service_context *context, enum process_status status, const char *detail)
{
    (void)context;
    CU_ASSERT(strlen(detail) < TEXT_SIZE);
    stage.status = status;
}

struct process_state service_state(const struct service_context *context)
{
    return (struct process_state){.role = "fetcher", .instance = context->instance, .status = stage.status};
}

/* ---- what is published ---- */

static void see_candle(const struct candle_event *event)
{
    int symbol = symbol_index(event->symbol);
    int64_t open_ms = event->candle.open_time_ms;
    bool right = is_true(symbol, &event->candle) && event->interval_s == 60 && world.starts_ms[symbol] >= 0 &&
                 open_ms > world.published_ms[symbol];
    /* Nothing that the exchange has is passed over. */
    for (int64_t at = world.published_ms[symbol] + STAGE_MINUTE_MS; right && world.published_ms[symbol] >= 0 && at < open_ms;
         at += STAGE_MINUTE_MS)
        right = lacks(symbol, (at - origin_ms) / STAGE_MINUTE_MS);
    world.published_ms[symbol] = open_ms;
    stage.candles_published++;
    stage.published_wrongly += !right;
}

static void see_candles(uint16_t shard, struct candles *message)
{
    struct candle_event event;
    if (message->epoch != world.epoch)
        memset(world.sequences, 0, sizeof world.sequences);
    world.epoch = message->epoch;
    stage.published_wrongly += message->shard != shard || message->sequence != ++world.sequences[shard] ||
                               message->epoch != stage.generation << 32;
    while (list_next(&message->rows, RECORD_candle_event, &event)) {
        stage.published_wrongly += shard_of("binance", event.symbol) != shard;
        see_candle(&event);
    }
}

int service_publish(struct service_context *context, enum link link, enum topic_kind kind, uint16_t shard,
                    enum record record, const void *message)
{
    static uint8_t bytes[MESSAGE_SIZE_MAX];
    size_t size;
    (void)context;
    (void)kind;
    CU_ASSERT_FATAL(link == LINK_MARKET && message_encode(record, message, bytes, sizeof bytes, &size) == 0);
    struct candles candles;
    struct tickers tickers;
    if (record == RECORD_candles && message_decode(record, bytes, size, &candles) == 0)
        see_candles(shard, &candles);
    else if (record == RECORD_tickers && message_decode(record, bytes, size, &tickers) == 0)
        stage.tickers_published += tickers.rows.count;
    else
        stage.instruments_published += record == RECORD_instruments;
    return 0;
}

/* ---- the persister ---- */

static void on_lease_request(const struct lease_request *request)
{
    bool theirs = world.holder == request->holder;
    bool granted = !stage.lease_taken && (theirs || world.now_us >= world.lease_until_us);
    if (granted && !theirs)
        stage.generation++;
    if (granted) {
        world.holder = request->release ? 0 : request->holder;
        world.lease_until_us = request->release ? 0 : world.now_us + (int64_t)request->duration_ms * 1000;
    }
    struct lease_reply reply = {.sent_ms = request->sent_ms, .granted = granted, .generation = stage.generation};
    memcpy(reply.name, request->name, sizeof reply.name);
    if (!request->release)
        post_message(LINK_STORE, RECORD_lease_reply, &reply);
}

static void on_store_candles(struct store_candles *message)
{
    struct candle_event event;
    while (list_next(&message->rows, RECORD_candle_event, &event)) {
        int symbol = symbol_index(event.symbol);
        stage.stored_rows++;
        if (is_true(symbol, &event.candle))
            world.stored[symbol][(event.candle.open_time_ms - origin_ms) / STAGE_MINUTE_MS] = true;
        else
            stage.stored_wrongly++;
    }
    struct ack ack = {.sequence = message->sequence, .verdict = VERDICT_ACCEPTED};
    post_message(LINK_STORE, RECORD_ack, &ack);
}

static void on_store_series(struct store_series *message)
{
    struct series_start start;
    while (list_next(&message->rows, RECORD_series_start, &start)) {
        int symbol = symbol_index(start.symbol);
        CU_ASSERT_FATAL(symbol >= 0);
        if (world.starts_ms[symbol] < 0)
            world.starts_ms[symbol] = start.fire_from_ms;
    }
    struct ack ack = {.sequence = message->sequence, .verdict = VERDICT_ACCEPTED};
    post_message(LINK_STORE, RECORD_ack, &ack);
}

static void answer_candles(const struct query *query, int symbol)
{
    struct candle rows[1000];
    size_t count = 0;
    for (int64_t minute = STAGE_MINUTES - 1; minute >= 0 && count < query->limit; minute--)
        count += world.stored[symbol][minute];
    size_t left = count;
    for (int64_t minute = STAGE_MINUTES - 1; minute >= 0 && left > 0; minute--)
        if (world.stored[symbol][minute])
            rows[--left] = truth(symbol, minute);
    struct answer answer = {.id = query->id, .interval_s = 60, .last = symbol == STAGE_SYMBOLS - 1};
    (void)snprintf(answer.symbol, sizeof answer.symbol, "%cUSDT", 'A' + symbol);
    answer.candles = list_of(rows, count);
    post_message(LINK_HISTORY, RECORD_answer, &answer);
}

static void on_query(const struct query *query)
{
    if (query->kind == QUERY_KIND_RECENT_CANDLES) {
        for (int symbol = 0; symbol < STAGE_SYMBOLS; symbol++)
            answer_candles(query, symbol);
        return;
    }
    struct series_start rows[STAGE_SYMBOLS];
    size_t count = 0;
    for (int symbol = 0; symbol < STAGE_SYMBOLS; symbol++) {
        if (world.starts_ms[symbol] < 0)
            continue;
        rows[count] = (struct series_start){.interval_s = 60, .fire_from_ms = world.starts_ms[symbol]};
        (void)snprintf(rows[count++].symbol, SYMBOL_SIZE, "%cUSDT", 'A' + symbol);
    }
    struct answer answer = {.id = query->id, .symbol = "-", .last = true, .series = list_of(rows, count)};
    post_message(LINK_HISTORY, RECORD_answer, &answer);
}

static void to_persister(const uint8_t *bytes, size_t size)
{
    union {
        struct lease_request lease;
        struct store_candles candles;
        struct store_series series;
        struct query query;
        struct process_report report;
    } in;
    enum record record;
    CU_ASSERT_FATAL(message_peek(bytes, size, &record) == 0 && message_decode(record, bytes, size, &in) == 0);
    if (record == RECORD_lease_request)
        on_lease_request(&in.lease);
    else if (record == RECORD_store_candles)
        on_store_candles(&in.candles);
    else if (record == RECORD_store_series)
        on_store_series(&in.series);
    else if (record == RECORD_query)
        on_query(&in.query);
}

/* ---- the exchange ---- */

static int64_t url_number(const char *url, const char *name)
{
    const char *at = strstr(url, name);
    CU_ASSERT_FATAL(at != NULL);
    return strtoll(at + strlen(name), NULL, 10);
}

static size_t write_klines(const char *url, char *body)
{
    int symbol = strstr(url, "symbol=")[7] - 'A';
    int64_t from_ms = url_number(url, "startTime="), to_ms = url_number(url, "endTime=");
    int64_t limit = url_number(url, "limit="), rows = 0;
    size_t used = (size_t)sprintf(body, "[");
    for (int64_t minute = 0; origin_ms + minute * STAGE_MINUTE_MS <= exchange_ms() && rows < limit; minute++) {
        struct candle candle = truth(symbol, minute);
        if (lacks(symbol, minute) || candle.open_time_ms < from_ms || candle.open_time_ms > to_ms ||
            happens(stage.faults.omitted))
            continue;
        bool forming = exchange_ms() < candle.open_time_ms + STAGE_MINUTE_MS;
        used += (size_t)sprintf(body + used,
                                "%s[%" PRId64 ",\"%.2f\",\"12.00\",\"9.00\",\"%.2f\",\"%" PRId64 "\",%" PRId64
                                ",\"0\",1,\"0\",\"0\",\"0\"]",
                                rows++ > 0 ? "," : "", candle.open_time_ms, (double)candle.open / 100,
                                forming ? 9.5 : (double)candle.close / 100, candle.volume,
                                candle.open_time_ms + STAGE_MINUTE_MS - 1);
    }
    return used + (size_t)sprintf(body + used, "]");
}

static size_t write_info(char *body)
{
    size_t used = (size_t)sprintf(body, "{\"symbols\":[");
    for (int symbol = 0; symbol < STAGE_SYMBOLS; symbol++)
        used += (size_t)sprintf(body + used,
                                "%s{\"symbol\":\"%cUSDT\",\"status\":\"TRADING\",\"baseAsset\":\"%c\","
                                "\"quoteAsset\":\"USDT\",\"filters\":[]}",
                                symbol > 0 ? "," : "", 'A' + symbol, 'A' + symbol);
    return used + (size_t)sprintf(body + used, "]}");
}

static size_t write_tickers(const char *url, char *body)
{
    size_t used = (size_t)sprintf(body, "["), rows = 0;
    for (int symbol = 0; symbol < STAGE_SYMBOLS; symbol++) {
        char name[16];
        (void)snprintf(name, sizeof name, "%%22%cUSDT%%22", 'A' + symbol);
        if (strstr(url, name) != NULL)
            used += (size_t)sprintf(body + used,
                                    "%s{\"symbol\":\"%cUSDT\",\"bidPrice\":\"9\",\"askPrice\":\"11\",\"lastPrice\":\"10\"}",
                                    rows++ > 0 ? "," : "", 'A' + symbol);
    }
    return used + (size_t)sprintf(body + used, "]");
}

static void answer(struct call *call, const char *url)
{
    if (strstr(url, "/klines") != NULL)
        call->size = write_klines(url, call->body);
    else if (strstr(url, "/exchangeInfo") != NULL)
        call->size = write_info(call->body);
    else if (strstr(url, "/ticker") != NULL)
        call->size = write_tickers(url, call->body);
    else
        call->size = (size_t)sprintf(call->body, "{\"serverTime\":%" PRId64 "}", exchange_ms());
    call->status = 200;
    call->code = happens(stage.faults.timeout) ? ERROR_TIMEOUT : 0;
    if (happens(stage.faults.status500))
        call->status = 500;
    if (happens(stage.faults.cut))
        call->size = test_random() % call->size;
    if (happens(stage.faults.status429)) {
        call->status = test_random() % 2 == 0 ? 429 : 418;
        call->retry_after_s = (int)(test_random() % 30);
    }
}

int http_client_open(struct http_client **out, struct loop *loop, const struct http_client_options *wanted,
                     http_done_fn done, void *user)
{
    (void)out;
    (void)loop;
    world.done = done;
    world.done_user = user;
    world.room = wanted->connections;
    return 0;
}

static void drop_calls(void)
{
    for (int i = 0; i < CALLS; i++) {
        free(world.calls[i].body);
        world.calls[i] = (struct call){0};
    }
}

void http_client_close(struct http_client *client)
{
    (void)client;
    drop_calls();
}

int http_client_room(const struct http_client *client)
{
    (void)client;
    return world.room;
}

int http_client_get(struct http_client *client, const char *url, uint64_t tag)
{
    (void)client;
    CU_ASSERT_FATAL(world.room > 0 && strncmp(url, "http://exchange.test/api/", 25) == 0);
    struct call *call = world.calls;
    while (call->used)
        call++;
    int64_t travel_us = 200 + (int64_t)(test_random() % 3000);
    *call = (struct call){true, world.now_us, world.now_us + 2 * travel_us, tag, 0, 0, -1, malloc(BODY), 0};
    CU_ASSERT_FATAL(call->body != NULL);
    stage.requests++;
    stage.requests_while_stopped += world.now_us > world.stopped_from_us && exchange_ms() < world.stopped_until_ms;
    world.room--;
    answer(call, url);
    return 0;
}

static void deliver_answer(struct call *call)
{
    struct call ended = *call;
    *call = (struct call){0};
    if (ended.code == 0 && (ended.status == 429 || ended.status == 418)) {
        stage.stops++;
        world.stopped_from_us = world.now_us;
        world.stopped_until_ms = exchange_ms() + ended.retry_after_s * 1000;
    }
    struct http_result result = {
        .code = ended.code,
        .answer = {ended.status, ended.body, ended.size, -1, ended.retry_after_s},
        .sent_us = ended.sent_us,
        .received_us = world.now_us,
        .tag = ended.tag,
    };
    world.done(world.done_user, &result);
    world.room++;
    free(ended.body);
}

/* ---- life ---- */

static void drop_mails(bool to_fetcher)
{
    size_t kept = 0;
    for (size_t i = 0; i < world.mail_count; i++) {
        if (world.mails[i].to_fetcher == to_fetcher)
            free(world.mails[i].bytes);
        else
            world.mails[kept++] = world.mails[i];
    }
    world.mail_count = kept;
}

void stage_set(int64_t speed)
{
    int64_t now_us = world.now_us + 1000000;
    drop_mails(true);
    drop_mails(false);
    drop_calls();
    memset(&world, 0, sizeof world);
    stage = (struct stage){0};
    world.now_us = world.began_us = now_us;
    world.speed = speed;
    config.exchange_speed = speed;
    config.process_data_dir = test_directory();
    for (int symbol = 0; symbol < STAGE_SYMBOLS; symbol++)
        world.starts_ms[symbol] = -1;
}

void stage_start(void)
{
    world.context = (struct service_context){.role = ROLE_FETCHER, .config = &config, .instance = test_random() | 1};
    world.state = calloc(1, fetcher_service.state_size);
    CU_ASSERT_FATAL(world.state != NULL && fetcher_service.open(&world.context, world.state) == 0);
    world.running = true;
    world.life++;
    world.tick_us = world.now_us;
    for (int symbol = 0; symbol < STAGE_SYMBOLS; symbol++)
        world.published_ms[symbol] = -1;
}

void stage_kill(void)
{
    world.running = false;
    fetcher_service.close(&world.context, world.state); /* only to give its memory back */
    free(world.state);
    drop_mails(true);
    memset(world.timers, 0, sizeof world.timers);
}

void stage_stop(void)
{
    fetcher_service.on_stop(&world.context, world.state);
    stage_kill();
}

/* ---- time passes ---- */

static void deliver_mail(size_t index)
{
    struct mail mail = world.mails[index];
    enum record record;
    memmove(&world.mails[index], &world.mails[index + 1], (--world.mail_count - index) * sizeof mail);
    world.asker_life = mail.life;
    if (!mail.to_fetcher && !stage.persister_away)
        to_persister(mail.bytes, mail.size);
    else if (mail.to_fetcher && world.running && mail.life == world.life && message_peek(mail.bytes, mail.size, &record) == 0)
        CU_ASSERT(fetcher_service.on_message(&world.context, world.state, mail.link, NULL, record, mail.bytes,
                                             mail.size) == 0);
    free(mail.bytes);
}

/* When the next thing happens, and what: an index of the four lists, which follow each other. */
static int64_t next_event(int *event)
{
    int64_t first_us = INT64_MAX;
    int index = 0;
    for (size_t i = 0; i < world.mail_count; i++, index++)
        if (world.mails[i].due_us < first_us)
            first_us = world.mails[i].due_us, *event = index;
    index = MAILS;
    for (int i = 0; i < CALLS; i++)
        if (world.calls[i].used && world.calls[i].due_us < first_us)
            first_us = world.calls[i].due_us, *event = index + i;
    index += CALLS;
    for (int i = 0; i < TIMERS; i++)
        if (world.timers[i].used && world.timers[i].due_us < first_us)
            first_us = world.timers[i].due_us, *event = index + i;
    if (world.running && world.tick_us < first_us)
        first_us = world.tick_us, *event = index + TIMERS;
    return first_us;
}

static void happen(int event)
{
    if (event < MAILS) {
        deliver_mail((size_t)event);
    } else if (event < MAILS + CALLS) {
        deliver_answer(&world.calls[event - MAILS]);
    } else if (event < MAILS + CALLS + TIMERS) {
        struct timer *timer = &world.timers[event - MAILS - CALLS];
        timer->due_us = INT64_MAX;
        timer->callback(timer->user, world.now_us / 1000);
    } else {
        world.tick_us = world.now_us + fetcher_service.tick_ms * 1000;
        fetcher_service.on_tick(&world.context, world.state, world.now_us / 1000);
    }
}

void stage_run(int64_t wall_ms)
{
    int64_t until_us = world.now_us + wall_ms * 1000;
    int event = 0;
    for (int64_t next_us; (next_us = next_event(&event)) <= until_us;) {
        if (next_us > world.now_us)
            world.now_us = next_us;
        happen(event);
    }
    world.now_us = until_us;
}
