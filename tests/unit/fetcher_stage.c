/* The played world of the fetcher. The functions of the runtime, of the clocks and of the HTTP client are defined here
 * and so take the place of the real ones. */
/* SPDX-License-Identifier: MIT */
#include "tests/unit/fetcher_stage.h"

#include "fetcher/fetcher.h"
#include "lib/base/clock.h"
#include "tests/harness.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TIMERS = 8, MAILS = 4096, HISTORY = 200, WALL_START_MS = 1000000000, AHEAD = 10 };

struct stage stage;

static struct config config = {
    .exchange_name = "binance", .exchange_url = "http://exchange.test/", .exchange_connections = 4,
    .exchange_timeout_ms = 1000, .market_confirm_s = 300, .market_fallback_ms = 5000, .exchange_weight_share = 80, .market_symbols = "", .market_max_symbols = 100,
    .market_quote_asset = "USDT", .market_intervals = "1m", .market_tick_ms = 10000, .market_history = 120,
    .market_reread_s = 600, .market_order = "volume", .market_fill_cpu_percent = 20,
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
    uint64_t holder;
    int64_t lease_until_us;
    int64_t starts_ms[STAGE_SYMBOLS];
    int64_t published_ms[STAGE_SYMBOLS]; /* newest, in this life of the fetcher */
    uint64_t sequences[SHARDS];
    uint64_t epoch;
} world;

/* ---- chance and time ---- */

bool stage_happens(unsigned rate)
{
    return rate > 0 && test_random() % 1000 < rate;
}

int64_t stage_exchange_ms(void)
{
    return STAGE_ORIGIN_MS + stage.clock_moved_ms + (int64_t)HISTORY * STAGE_MINUTE_MS + STAGE_MINUTE_MS / 2 + (world.now_us - world.began_us) * world.speed / 1000;
}

int64_t stage_now_us(void) { return world.now_us; }
int64_t stage_speed(void) { return world.speed; }
int64_t clock_monotonic_us(void) { return world.now_us; }
int64_t clock_monotonic_ms(void) { return world.now_us / 1000; }
int64_t clock_wall_ms(void) { return WALL_START_MS + world.now_us / 1000; }
int64_t clock_cpu_us(void) { return 0; }
int64_t loop_now_ms(const struct loop *loop) { (void)loop; return world.now_us / 1000; }

int64_t stage_closed(void)
{
    return (stage_exchange_ms() - STAGE_ORIGIN_MS) / STAGE_MINUTE_MS;
}

/* ---- what the store has ---- */

void stage_list(int symbol, bool listed)
{
    stage.unlisted[symbol] = !listed;
    stage.was_unlisted[symbol] = stage.was_unlisted[symbol] || !listed;
    world.published_ms[symbol] = -1;
}

bool stage_store_has_published(void)
{
    for (int symbol = 0; symbol < STAGE_SYMBOLS; symbol++)
        for (int64_t at = world.starts_ms[symbol]; at <= world.published_ms[symbol]; at += STAGE_MINUTE_MS)
            if (stage_store_close(symbol, (at - STAGE_ORIGIN_MS) / STAGE_MINUTE_MS) == 0)
                return false;
    return true;
}

int64_t stage_start_of(int symbol)
{
    return world.starts_ms[symbol] < 0 ? -1 : (world.starts_ms[symbol] - STAGE_ORIGIN_MS) / STAGE_MINUTE_MS;
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
    if (stage_happens(stage.faults.lost))
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
    (void)snprintf(stage.detail, sizeof stage.detail, "%s", detail);
}

void service_fail(struct service_context *context, int code)
{
    (void)context;
    (void)code;
    stage.failures++;
    if (!stage.may_fail)
        CU_FAIL_FATAL("the fetcher cannot go on");
}

struct process_state service_state(const struct service_context *context)
{
    return (struct process_state){.role = "fetcher", .instance = context->instance, .status = stage.status};
}

/* ---- what is published ---- */

static void see_candle(const struct candle_event *event)
{
    int symbol = stage_symbol(event->symbol);
    int64_t open_ms = event->candle.open_time_ms;
    bool right = stage_is_true(symbol, &event->candle) && event->interval_s == 60 && world.starts_ms[symbol] >= 0 &&
                 open_ms > world.published_ms[symbol];
    /* Nothing that the exchange has is passed over. */
    for (int64_t at = world.published_ms[symbol] + STAGE_MINUTE_MS; right && world.published_ms[symbol] >= 0 && at < open_ms;
         at += STAGE_MINUTE_MS)
        right = stage_lacks(symbol, (at - STAGE_ORIGIN_MS) / STAGE_MINUTE_MS);
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
    struct absence absence;
    if (stage.persister_full)
        return;
    while (list_next(&message->rows, RECORD_candle_event, &event))
        stage_store_candle(&event);
    while (list_next(&message->absences, RECORD_absence, &absence))
        stage_store_absence(&absence);
    struct ack ack = {.sequence = message->sequence, .verdict = VERDICT_ACCEPTED};
    post_message(LINK_STORE, RECORD_ack, &ack);
}

static void on_store_series(struct store_series *message)
{
    struct series_start start;
    if (stage.persister_full)
        return;
    while (list_next(&message->rows, RECORD_series_start, &start)) {
        int symbol = stage_symbol(start.symbol);
        CU_ASSERT_FATAL(symbol >= 0);
        if (world.starts_ms[symbol] < 0)
            world.starts_ms[symbol] = start.fire_from_ms;
    }
    struct ack ack = {.sequence = message->sequence, .verdict = VERDICT_ACCEPTED};
    post_message(LINK_STORE, RECORD_ack, &ack);
}

/* The open time of the first of the candles that should not be in the store; -1: there are none. */
static int64_t ahead_from_ms(int symbol)
{
    int64_t ahead_ms = stage.ahead_ms[symbol], began_ms = STAGE_ORIGIN_MS + (int64_t)HISTORY * STAGE_MINUTE_MS;
    return ahead_ms != 0 ? began_ms + ahead_ms - ahead_ms % STAGE_MINUTE_MS : -1;
}

/* Those that a query's times let through; this store does not count them into its limit. */
static size_t add_ahead(const struct query *query, int symbol, struct candle *rows)
{
    size_t count = 0;
    int64_t from_ms = ahead_from_ms(symbol);
    for (int i = 0; i < AHEAD && from_ms >= 0; i++) {
        rows[count] = stage_truth(symbol, 0);
        rows[count].open_time_ms = from_ms + i * STAGE_MINUTE_MS;
        count += !stage.honours_times || rows[count].open_time_ms < query->to_ms;
    }
    return count;
}

static void answer_candles(const struct query *query, int symbol, uint32_t part, bool last)
{
    struct candle rows[1000 + AHEAD];
    size_t count = 0;
    for (int64_t minute = STAGE_MINUTES - 1; minute >= 0 && count < query->limit; minute--)
        count += stage_store_close(symbol, minute) != 0;
    size_t left = count;
    for (int64_t minute = STAGE_MINUTES - 1; minute >= 0 && left > 0; minute--)
        if (stage_store_close(symbol, minute) != 0) {
            rows[--left] = stage_truth(symbol, minute);
            rows[left].close = stage_store_close(symbol, minute);
        }
    struct answer answer = {.id = query->id, .part = part, .interval_s = 60, .last = last};
    (void)snprintf(answer.symbol, sizeof answer.symbol, "%cUSDT", 'A' + symbol);
    answer.candles = list_of(rows, count + add_ahead(query, symbol, rows + count));
    if (stage.loses_part == part + 1)
        stage.loses_part = 0;
    else
        post_message(LINK_HISTORY, RECORD_answer, &answer);
}

static void answer_held(const struct query *query)
{
    struct position rows[STAGE_SYMBOLS];
    for (int symbol = 0; symbol < STAGE_SYMBOLS; symbol++) {
        rows[symbol] = (struct position){.exchange = "binance", .strategy = "s", .quantity = stage.held[symbol]};
        (void)snprintf(rows[symbol].symbol, SYMBOL_SIZE, "%cUSDT", 'A' + symbol);
    }
    struct answer answer = {.id = query->id, .symbol = "-", .last = true, .positions = list_of(rows, STAGE_SYMBOLS)};
    post_message(LINK_HISTORY, RECORD_answer, &answer);
}

static void answer_coverage(const struct query *query)
{
    struct series_coverage rows[STAGE_SYMBOLS];
    size_t count = 0;
    for (int symbol = 0; symbol < STAGE_SYMBOLS; symbol++) {
        int64_t oldest_ms = stage_store_oldest_ms(symbol), ahead_ms = ahead_from_ms(symbol);
        if (oldest_ms < 0 || (stage.honours_times && query->to_ms == 0))
            oldest_ms = ahead_ms;
        if (oldest_ms < 0 || (stage.honours_times && query->to_ms != 0 && oldest_ms >= query->to_ms))
            continue;
        rows[count] = (struct series_coverage){
            .interval_s = 60, .oldest_ms = oldest_ms, .newest_ms = ahead_ms >= 0 ? ahead_ms : oldest_ms};
        (void)snprintf(rows[count++].symbol, SYMBOL_SIZE, "%cUSDT", 'A' + symbol);
    }
    struct answer answer = {.id = query->id, .symbol = "-", .last = true, .coverages = list_of(rows, count)};
    post_message(LINK_HISTORY, RECORD_answer, &answer);
}

static void on_query(const struct query *query)
{
    if (query->kind == QUERY_KIND_LEDGER) {
        answer_held(query);
        return;
    }
    if (query->kind == QUERY_KIND_COVERAGE) {
        answer_coverage(query);
        return;
    }
    if (query->kind == QUERY_KIND_RECENT_CANDLES) {
        int one = stage_symbol(query->symbol), first = one >= 0 ? one : 0, last = one >= 0 ? one : STAGE_SYMBOLS - 1;
        for (int symbol = first; symbol <= last; symbol++)
            answer_candles(query, symbol, (uint32_t)(symbol - first), symbol == last);
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
    stage_exchange_clear();
    stage_stream_clear();
    memset(&world, 0, sizeof world);
    stage_store_clear();
    stage = (struct stage){0};
    world.now_us = world.began_us = now_us;
    world.speed = speed;
    config.exchange_speed = speed;
    config.exchange_stream_url = "none";
    config.process_data_dir = test_directory();
    for (int symbol = 0; symbol < STAGE_SYMBOLS; symbol++)
        world.starts_ms[symbol] = -1;
}

void stage_start(void)
{
    config.exchange_stream_url = stage.streams ? "ws://exchange.test/ws" : "none";
    config.market_min_age_days = stage.min_age_days;
    config.market_refresh_s = stage.refresh_s > 0 ? stage.refresh_s : 3600;
    world.context = (struct service_context){.role = ROLE_FETCHER, .config = &config, .instance = test_random() | 1};
    config.market_depth_days = stage.depth_days;
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
    stage_run(world.context.stop_ms);
    stage_kill();
}

/* ---- time passes ---- */

static void deliver_mail(size_t index)
{
    struct mail mail = world.mails[index];
    enum record record;
    memmove(&world.mails[index], &world.mails[index + 1], (--world.mail_count - index) * sizeof mail);
    world.asker_life = mail.life;
    if (!mail.to_fetcher && !stage.persister_away) {
        to_persister(mail.bytes, mail.size);
    } else if (mail.to_fetcher && world.running && mail.life == world.life &&
               message_peek(mail.bytes, mail.size, &record) == 0) {
        world.context.heard_ms[mail.link] = loop_now_ms(world.context.loop);
        CU_ASSERT(fetcher_service.on_message(&world.context, world.state, mail.link, NULL, record, mail.bytes,
                                             mail.size) == 0);
    }
    free(mail.bytes);
}

static int first_mail(void)
{
    int first = -1;
    for (size_t i = 0; i < world.mail_count; i++)
        if (first < 0 || world.mails[i].due_us < world.mails[first].due_us)
            first = (int)i;
    return first;
}

static int first_timer(void)
{
    int first = -1;
    for (int i = 0; i < TIMERS; i++)
        if (world.timers[i].used && (first < 0 || world.timers[i].due_us < world.timers[first].due_us))
            first = i;
    return first;
}

static void fire(struct timer *timer)
{
    timer->due_us = INT64_MAX;
    timer->callback(timer->user, world.now_us / 1000);
}

static void tick(void)
{
    world.tick_us = world.now_us + fetcher_service.tick_ms * 1000;
    fetcher_service.on_tick(&world.context, world.state, world.now_us / 1000);
}

/* Lets the next thing happen, if it does by then. */
static bool step(int64_t until_us)
{
    int mail = first_mail(), timer = first_timer();
    int64_t due_us[] = {
        mail >= 0 ? world.mails[mail].due_us : INT64_MAX,
        timer >= 0 ? world.timers[timer].due_us : INT64_MAX,
        stage_exchange_next_us(),
        stage_stream_next_us(),
        world.running ? world.tick_us : INT64_MAX,
    };
    int first = 0;
    for (int i = 1; i < 5; i++)
        if (due_us[i] < due_us[first])
            first = i;
    if (due_us[first] > until_us)
        return false;
    if (due_us[first] > world.now_us)
        world.now_us = due_us[first];
    switch (first) {
    case 0: deliver_mail((size_t)mail); break;
    case 1: fire(&world.timers[timer]); break;
    case 2: stage_exchange_deliver(); break;
    case 3: stage_stream_deliver(); break;
    default: tick(); break;
    }
    return true;
}

void stage_run(int64_t wall_ms)
{
    int64_t until_us = world.now_us + wall_ms * 1000;
    while (step(until_us))
        ;
    world.now_us = until_us;
}
