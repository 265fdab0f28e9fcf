/* The analyzer's process struct, driven through its functions: fetcher and trader are lists of what it sent them. */
/* SPDX-License-Identifier: MIT */
#include "analyzer/analyzer.h"
#include "analyzer/membership.h"
#include "analyzer/signals.h"
#include "analyzer/stream.h"
#include "fetcher/shards.h"
#include "lib/runtime/metrics.h"
#include "tests/harness.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MINUTE_MS = 60000, SENT_MAX = 2000, CANDLES = 60, EPOCH = 500, STREAM = 9 };

static struct sent {
    enum link link;
    enum record record;
    uint8_t bytes[2048];
    size_t size;
} sent[SENT_MAX];
static size_t sent_count;
static bool subscribed[SHARDS];
static unsigned reconnected[LINKS];
static int64_t now_ms;
static enum process_status status;
static char detail[TEXT_SIZE];

/* ---- the runtime, as far as the analyzer calls it ---- */

int service_send_bytes(struct service_context *context, enum link link, const struct peer *peer, const uint8_t *bytes,
                       size_t size)
{
    (void)context;
    CU_ASSERT_PTR_NULL(peer);
    CU_ASSERT_FATAL(sent_count < SENT_MAX && size <= sizeof sent[0].bytes);
    struct sent *next = &sent[sent_count++];
    next->link = link;
    next->size = size;
    memcpy(next->bytes, bytes, size);
    CU_ASSERT_EQUAL(message_peek(bytes, size, &next->record), 0);
    return 0;
}

int service_send(struct service_context *context, enum link link, const struct peer *peer, enum record record,
                 const void *message)
{
    static uint8_t bytes[65536];
    size_t size;
    CU_ASSERT_EQUAL_FATAL(message_encode(record, message, bytes, sizeof bytes, &size), 0);
    return service_send_bytes(context, link, peer, bytes, size);
}

void service_subscribe(struct service_context *context, enum link link, enum topic_kind kind, uint16_t shard)
{
    (void)context;
    CU_ASSERT(link == LINK_MARKET && kind == TOPIC_CANDLES && !subscribed[shard]);
    subscribed[shard] = true;
}

void service_unsubscribe(struct service_context *context, enum link link, enum topic_kind kind, uint16_t shard)
{
    (void)context;
    CU_ASSERT(link == LINK_MARKET && kind == TOPIC_CANDLES && subscribed[shard]);
    subscribed[shard] = false;
}

int service_reconnect(struct service_context *context, enum link link)
{
    (void)context;
    reconnected[link]++;
    return 0;
}

void service_set_status(struct service_context *context, enum process_status new_status, const char *new_detail)
{
    (void)context;
    status = new_status;
    (void)snprintf(detail, sizeof detail, "%s", new_detail);
}

struct process_state service_state(const struct service_context *context)
{
    return (struct process_state){.role = "analyzer", .instance = context->instance, .status = status};
}

int64_t loop_now_ms(const struct loop *loop)
{
    (void)loop;
    return now_ms;
}

/* ---- one analyzer ---- */

static const struct config config = {.donchian_breakout_enabled = true, .donchian_breakout_period = 4};
static struct service_context context = {.role = ROLE_ANALYZER, .config = &config, .instance = 4711};
static void *analyzer;
static uint64_t version;

static void begin(void)
{
    sent_count = 0;
    memset(reconnected, 0, sizeof reconnected);
    now_ms = 1000000;
    for (int link = 0; link < LINKS; link++)
        context.heard_ms[link] = now_ms;
    version = 0;
    memset(subscribed, 0, sizeof subscribed);
    analyzer = calloc(1, analyzer_service.state_size);
    CU_ASSERT_PTR_NOT_NULL_FATAL(analyzer);
    CU_ASSERT_EQUAL_FATAL(analyzer_service.open(&context, analyzer), 0);
}

static void end(void)
{
    analyzer_service.close(&context, analyzer);
    free(analyzer);
}

/* As the runtime has it: only when there is something to do. */
static void tick(int64_t later_ms)
{
    now_ms += later_ms;
    if (analyzer_service.next_tick_ms(analyzer) > now_ms)
        return;
    analyzer_service.on_tick(&context, analyzer, now_ms);
}

static int receive(enum link link, enum record record, const void *message)
{
    static uint8_t bytes[65536];
    size_t size;
    CU_ASSERT_EQUAL_FATAL(message_encode(record, message, bytes, sizeof bytes, &size), 0);
    context.heard_ms[link] = now_ms;
    return analyzer_service.on_message(&context, analyzer, link, NULL, record, bytes, size);
}

/* The newest message of a kind that was sent, decoded; how many were sent since sent_count was cleared. */
static unsigned find_sent(enum link link, enum record record, void *message)
{
    unsigned count = 0;
    for (size_t i = 0; i < sent_count; i++) {
        if (sent[i].link != link || sent[i].record != record)
            continue;
        CU_ASSERT_EQUAL(message_decode(record, sent[i].bytes, sent[i].size, message), 0);
        count++;
    }
    return count;
}

static void grant(const struct shard_lease *rows, size_t count)
{
    struct lease lease = {
        .sent_ms = now_ms, .version = ++version, .duration_ms = SHARD_LEASE_MS, .granted = list_of(rows, count)};
    CU_ASSERT_EQUAL(receive(LINK_CONTROL, RECORD_lease, &lease), 0);
}

/* Candles that go up for three and down for three: a breakout now and then. */
static struct candle candle_at(int i)
{
    static const int64_t closes[] = {100, 110, 120, 110, 90, 80};
    int64_t close = closes[i % 6] + i / 6 % 2;
    return (struct candle){
        .open_time_ms = i * MINUTE_MS, .open = close, .high = close, .low = close, .close = close, .price_scale = 1};
}

static int give_snapshot(uint16_t shard, uint64_t epoch, uint64_t sequence, int count)
{
    static struct candle rows[CANDLES];
    for (int i = 0; i < count; i++)
        rows[i] = candle_at(i);
    struct snapshot snapshot = {
        .shard = shard, .epoch = epoch, .stream_epoch = STREAM, .sequence = sequence, .part = 1, .parts = 1,
        .exchange = "binance", .symbol = "BTCUSDT", .interval_s = 60, .rows = list_of(rows, (size_t)count)};
    return receive(LINK_CONTROL, RECORD_snapshot, &snapshot);
}

static int give_candle(uint16_t shard, uint64_t sequence, int i)
{
    struct candle_event event = {.symbol = "BTCUSDT", .interval_s = 60, .candle = candle_at(i)};
    struct candles candles = {.epoch = STREAM, .shard = shard, .sequence = sequence, .rows = list_of(&event, 1)};
    return receive(LINK_MARKET, RECORD_candles, &candles);
}

/* An analyzer that holds shard 5 in order, after 20 candles. */
static void begin_holding(void)
{
    begin();
    tick(0);
    grant(&(struct shard_lease){.shard = 5, .epoch = EPOCH}, 1);
    CU_ASSERT_EQUAL(give_snapshot(5, EPOCH, 7, 20), 0);
}

static void test_it_joins(void)
{
    struct renew renewal;
    struct snapshot_request request;
    begin();
    CU_ASSERT_EQUAL(status, PROCESS_STATUS_STARTING);
    tick(0);
    CU_ASSERT_EQUAL(find_sent(LINK_CONTROL, RECORD_renew, &renewal), 1);
    CU_ASSERT(renewal.sent_ms == now_ms && renewal.version == 0 && !renewal.leaving && renewal.held.count == 0);
    CU_ASSERT_EQUAL(renewal.state.instance, 4711);
    grant((struct shard_lease[]){{.shard = 5, .epoch = EPOCH}, {.shard = 1023, .epoch = EPOCH + 1}}, 2);
    CU_ASSERT(subscribed[5] && subscribed[1023]);
    CU_ASSERT_EQUAL(find_sent(LINK_CONTROL, RECORD_snapshot_request, &request), 2);
    CU_ASSERT(request.shard == 1023 && request.epoch == EPOCH + 1);
    sent_count = 0;
    tick(LEASE_RENEWAL_MS);
    CU_ASSERT_EQUAL(find_sent(LINK_CONTROL, RECORD_renew, &renewal), 1);
    CU_ASSERT(renewal.version == version && renewal.held.count == 2 && renewal.state.shards == 2);
    CU_ASSERT_EQUAL(find_sent(LINK_CONTROL, RECORD_snapshot_request, &request), 2); /* none came: asked again */
    CU_ASSERT_EQUAL(status, PROCESS_STATUS_READY);
    CU_ASSERT_STRING_EQUAL(detail, "2 shards, 0 series");
    end();
}

static void test_snapshots_are_asked_a_few_at_a_time(void)
{
    enum { MANY = 100 };
    struct shard_lease rows[MANY];
    struct snapshot_request request;
    begin();
    tick(0);
    for (uint16_t i = 0; i < MANY; i++)
        rows[i] = (struct shard_lease){.shard = i, .epoch = EPOCH + i};
    grant(rows, MANY);
    unsigned asked = find_sent(LINK_CONTROL, RECORD_snapshot_request, &request);
    CU_ASSERT(asked > 0 && asked <= 8);
    for (unsigned answered = 0; answered < asked; answered++) {
        CU_ASSERT_EQUAL(give_snapshot((uint16_t)answered, EPOCH + answered, 0, 3), 0);
        asked = find_sent(LINK_CONTROL, RECORD_snapshot_request, &request);
        CU_ASSERT(asked - answered <= 9);
    }
    CU_ASSERT_EQUAL(asked, MANY);
    end();
}

static void test_signals_are_sent_until_acked(void)
{
    struct signal signal;
    begin_holding();
    unsigned count = find_sent(LINK_SIGNALS, RECORD_signal, &signal);
    CU_ASSERT(count > 0);
    sent_count = 0;
    uint64_t sequence = 7;
    for (int i = 20; i < 40; i++)
        CU_ASSERT_EQUAL(give_candle(5, ++sequence, i), 0);
    count = find_sent(LINK_SIGNALS, RECORD_signal, &signal);
    CU_ASSERT(count > 0);
    CU_ASSERT(signal.shard == 5 && signal.epoch == EPOCH && signal.interval_s == 60 && signal.price_scale == 1);
    CU_ASSERT_STRING_EQUAL(signal.strategy, "donchian_breakout");
    CU_ASSERT_STRING_EQUAL(signal.exchange, "binance");
    CU_ASSERT_STRING_EQUAL(signal.symbol, "BTCUSDT");
    CU_ASSERT_EQUAL(signal.price, candle_at((int)(signal.candle_time_ms / MINUTE_MS)).close);
    uint64_t newest = signal.sequence;
    for (uint64_t i = 1; i < newest; i++)
        CU_ASSERT_EQUAL(receive(LINK_SIGNALS, RECORD_ack, &(struct ack){.sequence = i}), 0);
    sent_count = 0;
    tick(OUTBOX_RESEND_MS);
    CU_ASSERT_EQUAL(find_sent(LINK_SIGNALS, RECORD_signal, &signal), 1);
    CU_ASSERT_EQUAL(signal.sequence, newest);
    CU_ASSERT_EQUAL(metric_value(METRIC_signals_waiting), 1);
    struct ack duplicate = {.sequence = newest, .verdict = VERDICT_DUPLICATE};
    CU_ASSERT_EQUAL(receive(LINK_SIGNALS, RECORD_ack, &duplicate), 0);
    CU_ASSERT_EQUAL(receive(LINK_SIGNALS, RECORD_ack, &duplicate), 0); /* once more: nothing */
    sent_count = 0;
    tick(OUTBOX_RESEND_MS);
    CU_ASSERT_EQUAL(find_sent(LINK_SIGNALS, RECORD_signal, &signal), 0);
    end();
}

/* Of two traders behind one address, the one that stands by does not ack. */
static void test_a_silent_trader_is_left(void)
{
    struct signal signal;
    begin_holding();
    unsigned count = find_sent(LINK_SIGNALS, RECORD_signal, &signal);
    CU_ASSERT_FATAL(count > 1);
    now_ms += 60000; /* a trader that was owed nothing was silent rightly */
    for (uint64_t i = 1; i < count; i++)
        CU_ASSERT_EQUAL(receive(LINK_SIGNALS, RECORD_ack, &(struct ack){.sequence = i}), 0);
    tick(LINK_SILENCE_MS - 1);
    CU_ASSERT_EQUAL(reconnected[LINK_SIGNALS], 0);
    tick(1);
    CU_ASSERT_EQUAL(reconnected[LINK_SIGNALS], 1);
    sent_count = 0;
    tick(OUTBOX_RESEND_MS);
    CU_ASSERT_EQUAL(find_sent(LINK_SIGNALS, RECORD_signal, &signal), 1);
    tick(LINK_SILENCE_MS - OUTBOX_RESEND_MS); /* it is the wrong one again */
    CU_ASSERT_EQUAL(reconnected[LINK_SIGNALS], 2);
    CU_ASSERT_EQUAL(receive(LINK_SIGNALS, RECORD_ack, &(struct ack){.sequence = count}), 0);
    tick(10 * LINK_SILENCE_MS); /* nothing is owed any more */
    CU_ASSERT_EQUAL(reconnected[LINK_SIGNALS], 2);
    end();
}

/* Of two fetchers, the one that stands by publishes nothing; the leases of the other one tell what is missing. */
static void test_a_silent_market_is_left(void)
{
    begin_holding();
    for (int i = 0; i < 10; i++) {
        now_ms += 1000;
        grant(&(struct shard_lease){.shard = 5, .epoch = EPOCH, .sequence = 7}, 1);
    }
    CU_ASSERT_EQUAL(reconnected[LINK_MARKET], 0); /* there was nothing to publish */
    grant(&(struct shard_lease){.shard = 5, .epoch = EPOCH, .sequence = 8}, 1);
    CU_ASSERT_EQUAL(reconnected[LINK_MARKET], 0);
    now_ms += 1000;
    grant(&(struct shard_lease){.shard = 5, .epoch = EPOCH, .sequence = 8}, 1);
    CU_ASSERT_EQUAL(reconnected[LINK_MARKET], 1);
    CU_ASSERT(subscribed[5]);
    end();
}

static void test_a_fenced_signal_is_decided_again(void)
{
    struct signal signal;
    struct snapshot_request request;
    begin_holding();
    unsigned before = find_sent(LINK_SIGNALS, RECORD_signal, &signal);
    struct ack fenced = {.sequence = 1, .verdict = VERDICT_FENCED};
    CU_ASSERT_EQUAL(receive(LINK_SIGNALS, RECORD_ack, &fenced), 0);
    for (uint64_t i = 2; i <= before; i++)
        CU_ASSERT_EQUAL(receive(LINK_SIGNALS, RECORD_ack, &(struct ack){.sequence = i}), 0);
    sent_count = 0;
    tick(STREAM_ASK_AGAIN_MS);
    CU_ASSERT_EQUAL(find_sent(LINK_CONTROL, RECORD_snapshot_request, &request), 1);
    CU_ASSERT_EQUAL(give_snapshot(5, EPOCH, 7, 20), 0);
    CU_ASSERT_EQUAL(find_sent(LINK_SIGNALS, RECORD_signal, &signal), before);
    end();
}

static void test_what_is_revoked_is_let_go_at_once(void)
{
    struct renew renewal;
    begin_holding();
    sent_count = 0;
    now_ms += 100;
    grant((struct shard_lease[]){{.shard = 6, .epoch = EPOCH + 9}}, 1);
    CU_ASSERT(!subscribed[5] && subscribed[6]);
    CU_ASSERT_EQUAL(find_sent(LINK_CONTROL, RECORD_renew, &renewal), 1); /* not only when the second is over */
    CU_ASSERT_EQUAL(renewal.version, version);
    CU_ASSERT_EQUAL(renewal.held.count, 1);
    struct shard_lease row;
    CU_ASSERT(list_next(&renewal.held, RECORD_shard_lease, &row) && row.shard == 6);
    /* Candles of what is not held any more change nothing. */
    double analysed = metric_value(METRIC_candles_analysed_total);
    CU_ASSERT_EQUAL(give_candle(5, 8, 20), 0);
    tick(100);
    CU_ASSERT_EQUAL(metric_value(METRIC_candles_analysed_total) - analysed, 20); /* those of the snapshot */
    /* An older lease, late, does not bring it back. */
    struct lease old = {.sent_ms = now_ms, .version = version - 1, .duration_ms = SHARD_LEASE_MS};
    CU_ASSERT_EQUAL(receive(LINK_CONTROL, RECORD_lease, &old), 0);
    CU_ASSERT(subscribed[6]);
    end();
}

static void test_without_a_fetcher_it_stops_in_time(void)
{
    begin_holding();
    sent_count = 0;
    int64_t held_until_ms = now_ms + SHARD_LEASE_MS - LEASE_MARGIN_MS;
    /* Asleep beyond its lease: it drops what came before it even looks at the clock. */
    now_ms = held_until_ms;
    struct signal signal;
    for (uint64_t i = 0; i < 12; i++)
        CU_ASSERT_EQUAL(give_candle(5, 8 + i, 20 + (int)i), 0);
    CU_ASSERT_EQUAL(find_sent(LINK_SIGNALS, RECORD_signal, &signal), 0);
    CU_ASSERT_EQUAL(give_snapshot(5, EPOCH, 30, 40), 0);
    CU_ASSERT_EQUAL(find_sent(LINK_SIGNALS, RECORD_signal, &signal), 0);
    CU_ASSERT(subscribed[5]);
    struct renew renewal;
    struct shard_lease row;
    tick(0);
    CU_ASSERT_FALSE(subscribed[5]);
    tick(1000);
    (void)find_sent(LINK_CONTROL, RECORD_renew, &renewal); /* it would take it back */
    CU_ASSERT(renewal.version == 0 && renewal.state.shards == 0 && renewal.held.count == 1);
    CU_ASSERT(list_next(&renewal.held, RECORD_shard_lease, &row) && row.shard == 5 && row.epoch == 0);
    CU_ASSERT_EQUAL(status, PROCESS_STATUS_DEGRADED);
    CU_ASSERT_EQUAL(reconnected[LINK_CONTROL], 0);
    tick(MEMBERSHIP_SILENCE_MS);
    CU_ASSERT_EQUAL(reconnected[LINK_CONTROL], 1);
    /* Given back, it goes on where it stood: one snapshot, and no candle decided on twice. */
    sent_count = 0;
    grant(&(struct shard_lease){.shard = 5, .epoch = EPOCH + 1}, 1);
    CU_ASSERT(subscribed[5]);
    CU_ASSERT_EQUAL(give_snapshot(5, EPOCH + 1, 30, 40), 0);
    unsigned count = find_sent(LINK_SIGNALS, RECORD_signal, &signal);
    CU_ASSERT(count > 0 && signal.candle_time_ms >= 20LL * MINUTE_MS && signal.epoch == EPOCH + 1);
    /* Taken away by a lease, it is not asked for any more. */
    grant(NULL, 0);
    (void)find_sent(LINK_CONTROL, RECORD_renew, &renewal);
    CU_ASSERT_EQUAL(renewal.held.count, 0);
    end();
}

static void test_a_gap_is_asked_for(void)
{
    struct snapshot_request request;
    begin_holding();
    sent_count = 0;
    double gaps = metric_value(METRIC_gaps_total);
    CU_ASSERT_EQUAL(give_candle(5, 9, 21), 0);
    tick(10);
    CU_ASSERT_EQUAL(find_sent(LINK_CONTROL, RECORD_snapshot_request, &request), 1);
    CU_ASSERT_EQUAL(metric_value(METRIC_gaps_total), gaps + 1);
    CU_ASSERT_EQUAL(give_snapshot(5, EPOCH, 9, 22), 0);
    CU_ASSERT_EQUAL(give_candle(5, 10, 22), 0);
    tick(10);
    CU_ASSERT_EQUAL(find_sent(LINK_CONTROL, RECORD_snapshot_request, &request), 1);
    end();
}

static void test_it_says_good_bye(void)
{
    struct renew renewal;
    begin_holding();
    sent_count = 0;
    analyzer_service.on_stop(&context, analyzer);
    CU_ASSERT_EQUAL(find_sent(LINK_CONTROL, RECORD_renew, &renewal), 1);
    CU_ASSERT(renewal.leaving && renewal.held.count == 0);
    end();
}

static void test_what_does_not_belong_is_refused(void)
{
    begin();
    struct ack ack = {.sequence = 1};
    CU_ASSERT_EQUAL(receive(LINK_CONTROL, RECORD_ack, &ack), ERROR_PROTOCOL);
    CU_ASSERT_EQUAL(receive(LINK_MARKET, RECORD_ack, &ack), ERROR_PROTOCOL);
    static const uint8_t garbage[] = {0x93, 2, 0xc1};
    CU_ASSERT_EQUAL(analyzer_service.on_message(&context, analyzer, LINK_MARKET, NULL, RECORD_candles, garbage, 3),
                    ERROR_PROTOCOL);
    /* A shard that does not exist is no reason to stop. */
    tick(0);
    grant((struct shard_lease[]){{.shard = SHARDS, .epoch = 1}, {.shard = 3, .epoch = 2}}, 2);
    CU_ASSERT(subscribed[3]);
    end();
}

/* The outbox's room, with a sink that says no until it is half empty. */
static void test_room_comes_back_at_half(void)
{
    static struct signals signals;
    struct signal signal = {.shard = 9, .strategy = "s", .exchange = "e", .symbol = "S"};
    uint16_t shard;
    sent_count = 0;
    signals_init(&signals, &context);
    uint64_t pushed = 0;
    for (; signals_have_room(&signals, 3); pushed++)
        signals_take(&signals, &signal);
    CU_ASSERT_EQUAL(pushed, OUTBOX_ENTRIES_MAX - 2);
    for (uint64_t i = 1; i <= pushed; i++) {
        uint64_t waiting = pushed - i + 1;
        CU_ASSERT_EQUAL(signals_have_room(&signals, 3), waiting <= OUTBOX_ENTRIES_MAX / 2);
        struct ack ack = {.sequence = i, .verdict = i % 2 == 0 ? VERDICT_FENCED : VERDICT_ACCEPTED};
        ack.verdict = i == 1 ? VERDICT_INVALID : ack.verdict;
        CU_ASSERT_EQUAL(signals_on_ack(&signals, &ack, &shard), i % 2 == 0);
        CU_ASSERT_EQUAL(shard, 9);
    }
    signals_release(&signals);
}

const char *const suite_name = "analyzer_process";
const struct test suite_tests[] = {
    {"it joins, subscribes, and asks snapshots", test_it_joins},
    {"snapshots are asked a few at a time", test_snapshots_are_asked_a_few_at_a_time},
    {"signals are sent until they are acked", test_signals_are_sent_until_acked},
    {"a trader that does not ack is left for another one", test_a_silent_trader_is_left},
    {"a market link that lacks what was published is connected anew", test_a_silent_market_is_left},
    {"a signal that was fenced is decided again", test_a_fenced_signal_is_decided_again},
    {"what is revoked is let go at once", test_what_is_revoked_is_let_go_at_once},
    {"without a fetcher it stops in time, and goes on later", test_without_a_fetcher_it_stops_in_time},
    {"a gap makes it ask for a snapshot", test_a_gap_is_asked_for},
    {"it says good-bye", test_it_says_good_bye},
    {"what does not belong on a link is refused", test_what_does_not_belong_is_refused},
    {"a full outbox has room again when half empty", test_room_comes_back_at_half},
    {0},
};
