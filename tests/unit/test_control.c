/* The fetcher's end of the control link, with a network that is only a list of what was sent. */
/* SPDX-License-Identifier: MIT */
#include "fetcher/control.h"
#include "tests/harness.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MINUTE_MS = 60000, RING = 8, SENT_MAX = 64 };

/* What was sent, and to whom. */
static struct sent {
    struct peer peer;
    enum record record;
    uint8_t bytes[16384];
    size_t size;
} sent[SENT_MAX];
static size_t sent_count;
static int send_code; /* what sending returns */
static int64_t now_ms;

int service_send(struct service_context *context, enum link link, const struct peer *peer, enum record record,
                 const void *message)
{
    (void)context;
    CU_ASSERT_EQUAL(link, LINK_CONTROL);
    CU_ASSERT_FATAL(sent_count < SENT_MAX);
    struct sent *next = &sent[sent_count++];
    next->peer = *peer;
    next->record = record;
    CU_ASSERT_EQUAL(message_encode(record, message, next->bytes, sizeof next->bytes, &next->size), 0);
    return send_code == 0 ? 0 : error_set(send_code, "the test's network");
}

int64_t loop_now_ms(const struct loop *loop)
{
    (void)loop;
    return now_ms;
}

static struct service_context context;
static struct market market;
static struct control control;
static const struct peer alice = {.id = "alice", .size = 5}, bob = {.id = "bob", .size = 3};

/* A market of four symbols at two intervals, without candles. */
static void begin(uint64_t generation)
{
    static const uint32_t intervals[] = {60, 300};
    struct instrument instruments[4] = {0};
    for (int i = 0; i < 4; i++)
        (void)snprintf(instruments[i].symbol, SYMBOL_SIZE, "%c%c%cUSDT", 'A' + i, 'A' + i, 'A' + i);
    market_init(&market, "binance");
    CU_ASSERT_EQUAL_FATAL(market_open(&market, instruments, 4, intervals, 2, RING), 0);
    market_set_generation(&market, generation);
    CU_ASSERT_EQUAL_FATAL(control_init(&control, &context, &market), 0);
    control_set_generation(&control, generation);
    sent_count = 0;
    send_code = 0;
    now_ms = 1000;
}

static void end(void)
{
    control_release(&control);
    market_release(&market);
}

static void make_ready(void)
{
    for (struct series *series = NULL; (series = market_next(&market, series)) != NULL;) {
        series->ready = true;
        series->fire_from_ms = 5 * MINUTE_MS;
    }
}

static int hand_over(const struct peer *peer, enum record record, const void *message)
{
    static uint8_t bytes[16384];
    size_t size;
    CU_ASSERT_EQUAL_FATAL(message_encode(record, message, bytes, sizeof bytes, &size), 0);
    return control_on_message(&control, peer, record, bytes, size);
}

static void renew(const struct peer *peer, uint64_t instance, bool leaving)
{
    struct renew renewal = {.sent_ms = now_ms + 777, .leaving = leaving, .state.instance = instance};
    (void)snprintf(renewal.state.role, sizeof renewal.state.role, "analyzer");
    renewal.state.work = instance * 10;
    CU_ASSERT_EQUAL(hand_over(peer, RECORD_renew, &renewal), 0);
}

/* The newest lease that was sent to a peer; its rows in rows. */
static struct lease lease_to(const struct peer *peer, struct shard_lease rows[SHARDS])
{
    struct lease lease = {0};
    for (size_t i = sent_count; i-- > 0;) {
        if (sent[i].record != RECORD_lease || memcmp(sent[i].peer.id, peer->id, peer->size) != 0)
            continue;
        CU_ASSERT_EQUAL(message_decode(RECORD_lease, sent[i].bytes, sent[i].size, &lease), 0);
        struct list list = lease.granted;
        for (size_t k = 0; list_next(&list, RECORD_shard_lease, &rows[k]); k++)
            ;
        return lease;
    }
    CU_FAIL("no lease was sent");
    return lease;
}

static void test_a_renewal_is_answered(void)
{
    struct shard_lease rows[SHARDS];
    begin(3);
    make_ready();
    renew(&alice, 1, false);
    struct lease lease = lease_to(&alice, rows);
    CU_ASSERT_EQUAL(sent_count, 1);
    CU_ASSERT_EQUAL(lease.sent_ms, 1777);
    CU_ASSERT_EQUAL(lease.duration_ms, SHARD_LEASE_MS);
    CU_ASSERT_EQUAL(lease.granted.count, 0);
    now_ms += SHARD_GATHER_QUIET_MS;
    market.sequences[shard_of("binance", "AAAUSDT")] = 42;
    control_on_tick(&control, now_ms);
    CU_ASSERT_EQUAL(sent_count, 2); /* what was assigned is pushed */
    lease = lease_to(&alice, rows);
    CU_ASSERT_EQUAL(lease.sent_ms, 1777);
    CU_ASSERT_EQUAL(lease.granted.count, 4);
    for (uint32_t i = 0; i < lease.granted.count; i++)
        CU_ASSERT_EQUAL(rows[i].sequence, rows[i].shard == shard_of("binance", "AAAUSDT") ? 42 : 0);
    control_on_tick(&control, now_ms + 1);
    CU_ASSERT_EQUAL(sent_count, 2);
    end();
}

static void test_a_standby_answers_nobody(void)
{
    begin(0);
    make_ready();
    renew(&alice, 1, false);
    control_on_tick(&control, now_ms + 5000);
    CU_ASSERT_EQUAL(sent_count, 0);
    struct process_state state;
    CU_ASSERT_EQUAL(control_states(&control, &state, 1), 0);
    end();
}

/* A snapshot must have all series of its shard, so a shard waits until the last one is ready. */
static void test_only_ready_shards_are_assigned(void)
{
    struct shard_lease rows[SHARDS];
    begin(3);
    make_ready();
    struct series *late = market_find(&market, "BBBUSDT", 300), *untold = market_find(&market, "CCCUSDT", 60);
    late->ready = false;
    untold->fire_from_ms = -1;
    renew(&alice, 1, false);
    now_ms += SHARD_GATHER_MS;
    control_on_tick(&control, now_ms);
    CU_ASSERT_EQUAL(lease_to(&alice, rows).granted.count, 2);
    for (int i = 0; i < 2; i++)
        CU_ASSERT(rows[i].shard != late->shard && rows[i].shard != untold->shard);
    late->ready = true;
    control_on_tick(&control, now_ms);
    CU_ASSERT_EQUAL(lease_to(&alice, rows).granted.count, 3);
    untold->fire_from_ms = 0;
    control_on_tick(&control, now_ms);
    CU_ASSERT_EQUAL(lease_to(&alice, rows).granted.count, 4);
    end();
}

static void test_who_leaves_is_not_answered_but_the_heir_is(void)
{
    struct shard_lease rows[SHARDS];
    begin(3);
    make_ready();
    renew(&alice, 1, false);
    renew(&bob, 2, false);
    now_ms += SHARD_GATHER_MS;
    control_on_tick(&control, now_ms);
    CU_ASSERT_EQUAL(lease_to(&bob, rows).granted.count, 2);
    struct process_state states[4];
    CU_ASSERT_EQUAL(control_states(&control, states, 4), 2);
    CU_ASSERT_EQUAL(control_states(&control, states, 1), 1);
    CU_ASSERT(states[0].work == 10 && states[0].heard_ms > 0 && strcmp(states[0].role, "analyzer") == 0);
    sent_count = 0;
    renew(&alice, 1, true);
    CU_ASSERT_EQUAL(sent_count, 1);
    CU_ASSERT_EQUAL(lease_to(&bob, rows).granted.count, 4);
    CU_ASSERT_EQUAL(control_states(&control, states, 4), 1);
    end();
}

/* Puts minutes 1 to `count` into a series' ring. */
static void fill(struct series *series, int count)
{
    for (int i = 1; i <= count; i++) {
        struct candle candle = {.open_time_ms = i * MINUTE_MS, .open = i, .high = i, .low = i, .close = i};
        CU_ASSERT_EQUAL(ring_append(&series->ring, &candle), 0);
    }
}

/* Brings alice all shards, and finds the lease of AAAUSDT's. */
static struct shard_lease grant_all_to_alice(void)
{
    struct shard_lease rows[SHARDS];
    begin(3);
    make_ready();
    renew(&alice, 1, false);
    now_ms += SHARD_GATHER_MS;
    control_on_tick(&control, now_ms);
    struct lease lease = lease_to(&alice, rows);
    sent_count = 0;
    for (uint32_t i = 0; i < lease.granted.count; i++)
        if (rows[i].shard == shard_of("binance", "AAAUSDT"))
            return rows[i];
    CU_FAIL_FATAL("AAAUSDT was not granted");
    return rows[0];
}

static void test_the_holder_gets_a_snapshot(void)
{
    struct shard_lease held = grant_all_to_alice();
    fill(market_find(&market, "AAAUSDT", 60), RING + 5); /* the ring has turned */
    market.sequences[held.shard] = 42;
    struct snapshot_request request = {.shard = held.shard, .epoch = held.epoch};
    CU_ASSERT_EQUAL(hand_over(&alice, RECORD_snapshot_request, &request), 0);
    CU_ASSERT_EQUAL(sent_count, 2);
    for (uint16_t i = 0; i < 2; i++) {
        struct snapshot snapshot;
        CU_ASSERT_EQUAL(sent[i].record, RECORD_snapshot);
        CU_ASSERT_EQUAL(message_decode(RECORD_snapshot, sent[i].bytes, sent[i].size, &snapshot), 0);
        CU_ASSERT(snapshot.part == i + 1 && snapshot.parts == 2 && snapshot.shard == held.shard);
        CU_ASSERT(snapshot.epoch == held.epoch && snapshot.stream_epoch == 3ull << 32 && snapshot.sequence == 42);
        CU_ASSERT_STRING_EQUAL(snapshot.exchange, "binance");
        CU_ASSERT_STRING_EQUAL(snapshot.symbol, "AAAUSDT");
        CU_ASSERT_EQUAL(snapshot.fire_from_ms, 5 * MINUTE_MS);
        CU_ASSERT_EQUAL(snapshot.interval_s, i == 0 ? 60 : 300);
        CU_ASSERT_EQUAL(snapshot.rows.count, i == 0 ? RING : 0);
        struct candle candle;
        for (int64_t minute = 6; list_next(&snapshot.rows, RECORD_candle, &candle); minute++)
            CU_ASSERT(candle.open_time_ms == minute * MINUTE_MS && candle.close == minute);
    }
    end();
}

static void test_nobody_else_gets_one(void)
{
    struct shard_lease held = grant_all_to_alice();
    struct snapshot_request right = {.shard = held.shard, .epoch = held.epoch};
    struct snapshot_request old = {.shard = held.shard, .epoch = held.epoch - 1};
    struct snapshot_request empty = {.shard = (uint16_t)((held.shard + 1) % SHARDS), .epoch = 0};
    struct snapshot_request beyond = {.shard = SHARDS, .epoch = held.epoch};
    CU_ASSERT_EQUAL(hand_over(&bob, RECORD_snapshot_request, &right), 0);
    CU_ASSERT_EQUAL(hand_over(&alice, RECORD_snapshot_request, &old), 0);
    CU_ASSERT_EQUAL(hand_over(&alice, RECORD_snapshot_request, &empty), 0);
    CU_ASSERT_EQUAL(hand_over(&alice, RECORD_snapshot_request, &beyond), ERROR_PROTOCOL);
    CU_ASSERT_EQUAL(sent_count, 0);
    /* Under a new generation the old epoch is worth nothing, and the new lease is pushed. */
    control_set_generation(&control, 4);
    CU_ASSERT_EQUAL(sent_count, 1);
    CU_ASSERT_EQUAL(hand_over(&alice, RECORD_snapshot_request, &right), 0);
    CU_ASSERT_EQUAL(sent_count, 1);
    /* Connected anew, alice is known by her next renewal. */
    renew(&bob, 1, false);
    struct shard_lease rows[SHARDS];
    (void)lease_to(&bob, rows);
    right = (struct snapshot_request){.shard = rows[0].shard, .epoch = rows[0].epoch};
    sent_count = 0;
    CU_ASSERT_EQUAL(hand_over(&alice, RECORD_snapshot_request, &right), 0);
    CU_ASSERT_EQUAL(sent_count, 0);
    CU_ASSERT_EQUAL(hand_over(&bob, RECORD_snapshot_request, &right), 0);
    CU_ASSERT_EQUAL(sent_count, 2);
    end();
}

/* The lease of AAAUSDT's shard as alice knows it now. */
static struct shard_lease newest_lease(void)
{
    struct shard_lease rows[SHARDS];
    struct lease lease = lease_to(&alice, rows);
    for (uint32_t i = 0; i < lease.granted.count; i++)
        if (rows[i].shard == shard_of("binance", "AAAUSDT"))
            return rows[i];
    CU_FAIL_FATAL("AAAUSDT is not granted");
    return rows[0];
}

/* A symbol that shares AAAUSDT's shard. */
static struct instrument neighbour(void)
{
    struct instrument instrument = {.trading = true};
    for (int i = 0; i == 0 || shard_of("binance", instrument.symbol) != shard_of("binance", "AAAUSDT"); i++)
        (void)snprintf(instrument.symbol, sizeof instrument.symbol, "N%dUSDT", i);
    return instrument;
}

static size_t snapshot_parts(const struct shard_lease *held)
{
    sent_count = 0;
    struct snapshot_request request = {.shard = held->shard, .epoch = held->epoch};
    CU_ASSERT_EQUAL(hand_over(&alice, RECORD_snapshot_request, &request), 0);
    return sent_count;
}

/* The holder of a shard is told by a new epoch that a series has joined, once it is ready, and that one has left. */
static void test_a_shard_whose_series_change_gets_a_new_epoch(void)
{
    struct shard_lease before = grant_all_to_alice(), now;
    struct instrument instrument = neighbour();
    CU_ASSERT_EQUAL(market_add(&market, &instrument), 0);
    control_on_tick(&control, now_ms);
    CU_ASSERT_EQUAL(sent_count, 0);
    CU_ASSERT_EQUAL(snapshot_parts(&before), 2); /* without those that are not ready */
    sent_count = 0;
    make_ready();
    control_on_tick(&control, now_ms);
    now = newest_lease();
    CU_ASSERT(now.epoch > before.epoch);
    CU_ASSERT_EQUAL(snapshot_parts(&before), 0);
    CU_ASSERT_EQUAL(snapshot_parts(&now), 4);
    sent_count = 0;
    CU_ASSERT(market_leave(&market, "AAAUSDT"));
    control_on_tick(&control, now_ms);
    before = now;
    now = newest_lease();
    CU_ASSERT(now.epoch > before.epoch);
    CU_ASSERT_EQUAL(snapshot_parts(&now), 2);
    CU_ASSERT(market_leave(&market, instrument.symbol));
    control_on_tick(&control, now_ms);
    now = newest_lease();
    CU_ASSERT_EQUAL(snapshot_parts(&now), 1); /* which says that there are none */
    sent_count = 0;
    control_on_tick(&control, now_ms);
    CU_ASSERT_EQUAL(sent_count, 0);
    instrument = *market_instrument(&market, "AAAUSDT"); /* it stays after all */
    CU_ASSERT_EQUAL(market_add(&market, &instrument), 0);
    control_on_tick(&control, now_ms);
    now = newest_lease();
    CU_ASSERT_EQUAL(snapshot_parts(&now), 2);
    end();
}

static void test_a_full_queue_is_no_error(void)
{
    struct shard_lease held = grant_all_to_alice();
    send_code = ERROR_FULL;
    struct snapshot_request request = {.shard = held.shard, .epoch = held.epoch};
    CU_ASSERT_EQUAL(hand_over(&alice, RECORD_snapshot_request, &request), 0);
    CU_ASSERT_EQUAL(sent_count, 1); /* the rest is not even tried */
    now_ms += 1000;
    renew(&alice, 1, false);
    end();
}

static void test_what_does_not_belong_is_refused(void)
{
    begin(3);
    struct ack ack = {.sequence = 1};
    CU_ASSERT_EQUAL(hand_over(&alice, RECORD_ack, &ack), ERROR_PROTOCOL);
    static const uint8_t garbage[] = {0x92, 10, 0xc1};
    CU_ASSERT_EQUAL(control_on_message(&control, &alice, RECORD_renew, garbage, sizeof garbage), ERROR_PROTOCOL);
    CU_ASSERT_EQUAL(control_on_message(&control, &alice, RECORD_snapshot_request, garbage, sizeof garbage),
                    ERROR_PROTOCOL);
    CU_ASSERT_EQUAL(sent_count, 0);
    end();
}

const char *const suite_name = "control";
const struct test suite_tests[] = {
    {"a renewal is answered, an assignment pushed", test_a_renewal_is_answered},
    {"a standby answers nobody", test_a_standby_answers_nobody},
    {"a shard is assigned once all of its series are ready", test_only_ready_shards_are_assigned},
    {"who leaves is not answered, but the heir is", test_who_leaves_is_not_answered_but_the_heir_is},
    {"the holder gets a snapshot, one part a series", test_the_holder_gets_a_snapshot},
    {"nobody else gets a snapshot", test_nobody_else_gets_one},
    {"a shard whose series change gets a new epoch", test_a_shard_whose_series_change_gets_a_new_epoch},
    {"a full queue is no error", test_a_full_queue_is_no_error},
    {"what does not belong on the link is refused", test_what_does_not_belong_is_refused},
    {0},
};
