/* The analyzer without its sockets: the decisions that come out, whatever is lost, repeated, taken away or full on the
 * way. */
/* SPDX-License-Identifier: MIT */
#include "analyzer/shard_work.h"
#include "tests/harness.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- a market, and what is to be decided on it ---- */

enum {
    MINUTE_MS = 60000,
    CANDLES = 1200, /* of each series */
    RING = 31 + STRATEGY_UNATTENDED_CANDLES,
    SERIES = 3,
    SHARD = 77,
    SIGNALS_MAX = 20000,
};

static const struct config config = {
    .sma_cross_enabled = true,
    .sma_cross_fast = 3,
    .sma_cross_slow = 30,
    .donchian_breakout_enabled = true,
    .donchian_breakout_period = 10,
};

static const char *const symbols[SERIES] = {"AAAUSDT", "BBBUSDT", "CCCUSDT"};
static struct candle market[SERIES][CANDLES];

static void make_market(void)
{
    for (int s = 0; s < SERIES; s++) {
        int64_t price = 1000 * (s + 1);
        for (int i = 0; i < CANDLES; i++) {
            int64_t open = price;
            price += (int64_t)(test_random() % 7) - 3;
            price = price < 10 ? 10 : price;
            market[s][i] = (struct candle){
                .open_time_ms = (int64_t)(i + 1) * MINUTE_MS,
                .open = open,
                .close = price,
                .high = (open > price ? open : price) + (int64_t)(test_random() % 2),
                .low = (open < price ? open : price) - (int64_t)(test_random() % 2),
                .price_scale = 2,
            };
        }
    }
}

/* The signals that came, with how often each. */
static struct seen {
    struct signal signal;
    unsigned times;
} seen[SIGNALS_MAX];
static size_t seen_count;
static uint32_t room; /* signals that the sink takes still */

static bool same_signal(const struct signal *left, const struct signal *right)
{
    return left->candle_time_ms == right->candle_time_ms && left->side == right->side &&
           left->interval_s == right->interval_s && left->price == right->price &&
           left->price_scale == right->price_scale && strcmp(left->symbol, right->symbol) == 0 &&
           strcmp(left->strategy, right->strategy) == 0 && strcmp(left->exchange, right->exchange) == 0;
}

static bool test_room(void *user)
{
    const struct work *work = user;
    return room >= work->strategies.count;
}

static void test_take(void *user, const struct signal *signal)
{
    (void)user;
    CU_ASSERT_FATAL(room > 0);
    room--;
    for (size_t i = 0; i < seen_count; i++) {
        if (same_signal(&seen[i].signal, signal)) {
            seen[i].times++;
            return;
        }
    }
    CU_ASSERT_FATAL(seen_count < SIGNALS_MAX);
    seen[seen_count++] = (struct seen){.signal = *signal, .times = 1};
}

static struct work *new_work(void)
{
    struct work *work = malloc(sizeof *work);
    CU_ASSERT_PTR_NOT_NULL_FATAL(work);
    work_init(work, &config, &(struct work_sink){.user = work, .has_room = test_room, .take = test_take});
    return work;
}

static void end_work(struct work *work)
{
    work_release(work);
    free(work);
}

static void forget_seen(void)
{
    seen_count = 0;
    room = UINT32_MAX;
}

static struct signal expected_signal(int s, int i, const struct strategy *strategy, enum decision decision)
{
    struct signal signal = {
        .interval_s = 60,
        .candle_time_ms = market[s][i].open_time_ms,
        .side = decision == DECISION_BUY ? SIDE_BUY : SIDE_SELL,
        .price = market[s][i].close,
        .price_scale = 2,
    };
    (void)snprintf(signal.symbol, sizeof signal.symbol, "%s", symbols[s]);
    (void)snprintf(signal.strategy, sizeof signal.strategy, "%s", strategy->name);
    (void)snprintf(signal.exchange, sizeof signal.exchange, "binance");
    return signal;
}

static unsigned times_seen(const struct signal *signal)
{
    for (size_t i = 0; i < seen_count; i++)
        if (same_signal(&seen[i].signal, signal))
            return seen[i].times;
    return 0;
}

/* The candle of a signal, by its place in the market. */
static int64_t index_of(const struct signal *signal)
{
    return signal->candle_time_ms / MINUTE_MS - 1;
}

/* Feeds a strategy plainly from the first candle on; counts the signals of candles first to last that did not come, or
 * came another number of times than `times` (0: any), and adds to *expected how many there are. */
static size_t count_wrong_of(const struct strategy *strategy, int s, int first, int last, unsigned times,
                             size_t *expected)
{
    size_t wrong = 0;
    void *state = calloc(1, strategy->state_size(&config));
    strategy->init(state, &config);
    for (int i = 0; i <= last; i++) {
        struct bar bar = candle_bar(&market[s][i]);
        enum decision decision = strategy->next(state, &bar);
        if (decision == DECISION_NONE || i < first || i + 1 < (int)strategy->warm_up(&config))
            continue;
        struct signal signal = expected_signal(s, i, strategy, decision);
        unsigned came = times_seen(&signal);
        wrong += times == 0 ? came == 0 : came != times;
        ++*expected;
    }
    free(state);
    return wrong;
}

/* The same for all, and adds the signals of those candles that came and should not have. */
static size_t count_wrong(int first, int last, unsigned times)
{
    size_t wrong = 0, expected = 0, came = 0;
    for (int s = 0; s < SERIES; s++)
        for (size_t k = 0; k < strategy_count; k++)
            if (strategies[k]->enabled(&config))
                wrong += count_wrong_of(strategies[k], s, first, last, times, &expected);
    for (size_t i = 0; i < seen_count; i++)
        came += index_of(&seen[i].signal) >= first && index_of(&seen[i].signal) <= last;
    CU_ASSERT(expected > 20); /* the market does make decisions */
    return wrong + (came > expected ? came - expected : 0);
}

/* Signals of candles before the first one that may fire. */
static size_t count_before(int first)
{
    size_t count = 0;
    for (size_t i = 0; i < seen_count; i++)
        count += index_of(&seen[i].signal) < first;
    return count;
}

static size_t count_twice(void)
{
    size_t count = 0;
    for (size_t i = 0; i < seen_count; i++)
        count += seen[i].times > 1;
    return count;
}

/* ---- a fetcher for one shard ---- */

struct source {
    uint64_t epoch, sequence; /* of the stream */
    int published;            /* candles of each series */
    int64_t fire_from_ms;
};

static struct source source;

/* Publishes the next candle of every series in one message, which may be lost. */
static void publish(struct work *work, bool lose)
{
    struct candle_event events[SERIES];
    for (int s = 0; s < SERIES; s++) {
        events[s] = (struct candle_event){.interval_s = 60, .candle = market[s][source.published]};
        (void)snprintf(events[s].symbol, sizeof events[s].symbol, "%s", symbols[s]);
    }
    source.published++;
    struct candles message = {
        .epoch = source.epoch, .shard = SHARD, .sequence = ++source.sequence, .rows = list_of(events, SERIES)};
    if (!lose)
        CU_ASSERT_EQUAL(work_on_candles(work, &message, 0), 0);
}

static struct snapshot snapshot_part(const struct work *work, int s, uint32_t ring)
{
    uint32_t count = (uint32_t)source.published < ring ? (uint32_t)source.published : ring;
    struct snapshot snapshot = {
        .shard = SHARD,
        .epoch = work->shards[SHARD].epoch,
        .stream_epoch = source.epoch,
        .sequence = source.sequence,
        .part = (uint16_t)(s + 1),
        .parts = SERIES,
        .exchange = "binance",
        .interval_s = 60,
        .fire_from_ms = source.fire_from_ms,
        .rows = list_of(&market[s][(uint32_t)source.published - count], count),
    };
    (void)snprintf(snapshot.symbol, sizeof snapshot.symbol, "%s", symbols[s]);
    return snapshot;
}

/* Answers a request, if there is one; each part may be lost. */
static void answer(struct work *work, int64_t now_ms, bool lossy)
{
    struct shard_work *shard = &work->shards[SHARD];
    if (!shard->held || !stream_must_ask(&shard->stream, now_ms) || !test_room(work))
        return;
    stream_asked(&shard->stream, now_ms);
    for (int s = 0; s < SERIES; s++) {
        struct snapshot part = snapshot_part(work, s, RING);
        if (!lossy || test_random() % 8 != 0)
            CU_ASSERT_EQUAL(work_on_snapshot(work, &part, now_ms), 0);
    }
}

static void begin_source(int published)
{
    make_market();
    forget_seen();
    source = (struct source){.epoch = 1, .published = published};
}

static void test_decides_as_if_fed_plainly(void)
{
    begin_source(RING);
    struct work *work = new_work();
    CU_ASSERT(work_grant(work, SHARD, 1, 0));
    CU_ASSERT_FALSE(work_grant(work, SHARD, 1, 0));
    answer(work, 0, false);
    CU_ASSERT(work->shards[SHARD].stream.live);
    while (source.published < CANDLES)
        publish(work, false);
    CU_ASSERT_EQUAL(count_wrong(RING - STRATEGY_UNATTENDED_CANDLES, CANDLES - 1, 1), 0);
    CU_ASSERT_EQUAL(work->snapshots, 1);
    CU_ASSERT_EQUAL(work->gaps, 0);
    CU_ASSERT_EQUAL(work->candles_analysed, SERIES * CANDLES);
    for (size_t i = 0; i < seen_count; i++)
        CU_ASSERT(seen[i].signal.epoch == 1 && seen[i].signal.shard == SHARD);
    end_work(work);
}

static void test_history_does_not_fire(void)
{
    begin_source(RING);
    source.fire_from_ms = market[0][RING + 50].open_time_ms;
    struct work *work = new_work();
    (void)work_grant(work, SHARD, 1, 0);
    answer(work, 0, false);
    while (source.published < CANDLES)
        publish(work, false);
    CU_ASSERT_EQUAL(count_wrong(RING + 50, CANDLES - 1, 1), 0);
    CU_ASSERT_EQUAL(count_before(RING + 50), 0);
    end_work(work);
}

/* A series with fewer candles than the warm-up decides once it has them. */
static void test_a_young_series_warms_up(void)
{
    for (int begun = 0; begun < 40; begun += 13) {
        begin_source(begun);
        struct work *work = new_work();
        (void)work_grant(work, SHARD, 1, 0);
        answer(work, 0, false);
        while (source.published < CANDLES)
            publish(work, false);
        CU_ASSERT_EQUAL(count_wrong(0, CANDLES - 1, 1), 0);
        end_work(work);
    }
}

static void test_who_takes_over_decides_on_the_newest(void)
{
    begin_source(600);
    struct work *work = new_work();
    (void)work_grant(work, SHARD, 9, 0);
    answer(work, 0, false);
    CU_ASSERT_EQUAL(count_wrong(600 - STRATEGY_UNATTENDED_CANDLES, 599, 1), 0);
    CU_ASSERT_EQUAL(count_before(600 - STRATEGY_UNATTENDED_CANDLES), 0);
    end_work(work);
}

static void test_given_back_it_sends_nothing_twice(void)
{
    begin_source(RING);
    struct work *work = new_work();
    uint64_t epoch = 1;
    (void)work_grant(work, SHARD, epoch, 0);
    for (int64_t now_ms = 0; source.published < CANDLES; now_ms += 1000) {
        answer(work, now_ms, false);
        publish(work, false);
        if (source.published % 50 == 0)
            work_revoke(work, SHARD);
        if (source.published % 50 == 20)
            (void)work_grant(work, SHARD, ++epoch, 0);
        if (source.published % 50 == 35) { /* a new generation of the fetcher: its stream is another one */
            CU_ASSERT_FALSE(work_grant(work, SHARD, ++epoch, 0));
            CU_ASSERT(stream_must_ask(&work->shards[SHARD].stream, now_ms));
        }
    }
    (void)work_grant(work, SHARD, ++epoch, 0);
    answer(work, INT64_MAX / 2, false);
    CU_ASSERT_EQUAL(count_wrong(RING - STRATEGY_UNATTENDED_CANDLES, CANDLES - 1, 1), 0);
    end_work(work);
}

/* Away for longer than the ring reaches: it begins anew, and what was decided stays decided. */
static void test_away_for_long_it_begins_anew(void)
{
    begin_source(RING);
    struct work *work = new_work();
    (void)work_grant(work, SHARD, 1, 0);
    answer(work, 0, false);
    source.published = RING + RING + 10;
    source.sequence = 500;
    publish(work, false); /* a gap */
    answer(work, 1000, false);
    CU_ASSERT_EQUAL(work->gaps, 1);
    CU_ASSERT(work->shards[SHARD].stream.live);
    while (source.published < CANDLES)
        publish(work, false);
    /* A hole remains: candles that left the ring before anybody could decide on them. */
    int hole_end = 2 * RING + 11 - STRATEGY_UNATTENDED_CANDLES;
    CU_ASSERT_EQUAL(count_wrong(RING - STRATEGY_UNATTENDED_CANDLES, RING - 1, 1), 0);
    CU_ASSERT_EQUAL(count_wrong(hole_end, CANDLES - 1, 1), 0);
    size_t in_hole = 0;
    for (size_t i = 0; i < seen_count; i++)
        in_hole += index_of(&seen[i].signal) >= RING && index_of(&seen[i].signal) < hole_end;
    CU_ASSERT_EQUAL(in_hole, 0);
    CU_ASSERT_EQUAL(count_twice(), 0);
    end_work(work);
}

/* A signal got no outcome because its lease was over: the newest candles are decided on once more. */
static void test_what_was_fenced_is_sent_again(void)
{
    begin_source(600);
    struct work *work = new_work();
    (void)work_grant(work, SHARD, 1, 0);
    answer(work, 0, false);
    work_forget(work, SHARD, 1000);
    CU_ASSERT_FALSE(stream_must_ask(&work->shards[SHARD].stream, 1000)); /* not at once: the lease may be over */
    answer(work, 1000 + STREAM_ASK_AGAIN_MS, false);
    CU_ASSERT_EQUAL(count_wrong(600 - STRATEGY_UNATTENDED_CANDLES, 599, 2), 0);
    /* The same while it is not held. */
    work_revoke(work, SHARD);
    work_forget(work, SHARD, 3000);
    (void)work_grant(work, SHARD, 2, 0);
    answer(work, 5000, false);
    CU_ASSERT_EQUAL(count_wrong(600 - STRATEGY_UNATTENDED_CANDLES, 599, 3), 0);
    end_work(work);
}

static void test_a_full_sink_pushes_back(void)
{
    begin_source(600);
    struct work *work = new_work();
    (void)work_grant(work, SHARD, 1, 0);
    room = 0;
    int64_t now_ms = 0;
    for (; source.published < CANDLES; now_ms += 1000) {
        if (source.published % 100 == 0)
            room = 2 + (uint32_t)(test_random() % 40);
        answer(work, now_ms, false);
        publish(work, false);
    }
    room = UINT32_MAX;
    answer(work, now_ms, false);
    CU_ASSERT(work->shards[SHARD].stream.live);
    CU_ASSERT_EQUAL(count_wrong(CANDLES - STRATEGY_UNATTENDED_CANDLES, CANDLES - 1, 1), 0);
    CU_ASSERT_EQUAL(count_twice(), 0);
    end_work(work);
}

/* Full for no longer than the ring bears: then nothing at all is lost. */
static void test_a_full_sink_loses_nothing(void)
{
    for (int run = 0; run < 20; run++) {
        begin_source(RING);
        struct work *work = new_work();
        (void)work_grant(work, SHARD, 1, 0);
        room = 30;
        answer(work, 0, false);
        for (int64_t now_ms = 1000; source.published < CANDLES; now_ms += 1000) {
            room = test_random() % 10 < 7 ? (uint32_t)(test_random() % 4) : 30;
            answer(work, now_ms, false);
            publish(work, false);
        }
        room = UINT32_MAX;
        answer(work, INT64_MAX / 2, false);
        CU_ASSERT_EQUAL(count_wrong(RING, CANDLES - 1, 1), 0);
        CU_ASSERT_EQUAL(count_twice(), 0);
        end_work(work);
    }
}

/* Two processes share a shard in turn over a bad network, both die at times, the fetcher too: together they send every
 * signal, and one that lives on sends none twice. */
static void play(struct work *works[2], int *holder, uint64_t *epoch, int64_t now_ms)
{
    switch (test_random() % 60) {
    case 0: /* the holder dies */
        end_work(works[*holder]);
        works[*holder] = new_work();
        *holder = 1 - *holder;
        (void)work_grant(works[*holder], SHARD, ++*epoch, source.sequence);
        break;
    case 1: /* the shard moves */
        work_revoke(works[*holder], SHARD);
        *holder = 1 - *holder;
        (void)work_grant(works[*holder], SHARD, ++*epoch, source.sequence);
        break;
    case 2: /* the fetcher is another one */
        source.epoch++;
        source.sequence = 0;
        (void)work_grant(works[*holder], SHARD, ++*epoch, source.sequence);
        break;
    default:
        (void)work_grant(works[*holder], SHARD, *epoch, source.sequence); /* the lease of each second */
    }
    answer(works[*holder], now_ms, true);
    publish(works[*holder], test_random() % 10 == 0);
}

static void test_every_signal_comes_whatever_happens(void)
{
    for (int run = 0; run < 30; run++) {
        begin_source(RING);
        struct work *works[2] = {new_work(), new_work()};
        int holder = 0;
        uint64_t epoch = 1;
        (void)work_grant(works[0], SHARD, epoch, 0);
        int64_t now_ms = 0;
        for (; source.published < CANDLES; now_ms += 1000)
            play(works, &holder, &epoch, now_ms);
        for (int i = 0; i < 3; i++)
            (void)work_grant(works[holder], SHARD, epoch, source.sequence);
        answer(works[holder], now_ms, false);
        CU_ASSERT(works[holder]->shards[SHARD].stream.live);
        CU_ASSERT_EQUAL(count_wrong(RING, CANDLES - 1, 0), 0);
        end_work(works[0]);
        end_work(works[1]);
    }
}

static void test_what_is_not_held_is_skipped(void)
{
    begin_source(600);
    struct work *work = new_work();
    struct snapshot part = snapshot_part(work, 0, RING);
    CU_ASSERT_EQUAL(work_on_snapshot(work, &part, 0), 0);
    publish(work, false);
    CU_ASSERT_EQUAL(work->candles_analysed, 0);
    (void)work_grant(work, SHARD, 5, 0);
    part.epoch = 4;
    CU_ASSERT_EQUAL(work_on_snapshot(work, &part, 0), 0);
    CU_ASSERT_EQUAL(work->candles_analysed, 0);
    CU_ASSERT_EQUAL(work->series_allocated, 0);
    end_work(work);
}

static void test_impossible_input_is_refused(void)
{
    begin_source(600);
    struct work *work = new_work();
    (void)work_grant(work, SHARD, 5, 0);
    struct candles beyond = {.shard = SHARDS};
    CU_ASSERT_EQUAL(work_on_candles(work, &beyond, 0), ERROR_PROTOCOL);
    struct snapshot part = snapshot_part(work, 0, RING);
    part.shard = SHARDS;
    CU_ASSERT_EQUAL(work_on_snapshot(work, &part, 0), ERROR_PROTOCOL);
    part = snapshot_part(work, 0, RING);
    part.interval_s = 0;
    CU_ASSERT_EQUAL(work_on_snapshot(work, &part, 0), ERROR_PROTOCOL);
    CU_ASSERT_FALSE(stream_must_ask(&work->shards[SHARD].stream, 1)); /* it pauses before it asks again */
    CU_ASSERT(stream_must_ask(&work->shards[SHARD].stream, STREAM_ASK_AGAIN_MS));
    struct candle bad = market[0][3];
    bad.low = 0;
    part = snapshot_part(work, 0, RING);
    part.rows = list_of(&bad, 1);
    CU_ASSERT_EQUAL(work_on_snapshot(work, &part, 0), ERROR_PROTOCOL);
    CU_ASSERT_EQUAL(work->candles_analysed, 0);
    answer(work, 5000, false);
    CU_ASSERT(work->shards[SHARD].stream.live);
    struct candle_event event = {.symbol = "AAAUSDT", .interval_s = 60, .candle = bad};
    event.candle.open_time_ms = market[0][source.published].open_time_ms;
    struct candles message = {.epoch = 1, .shard = SHARD, .sequence = 1, .rows = list_of(&event, 1)};
    CU_ASSERT_EQUAL(work_on_candles(work, &message, 6000), ERROR_PROTOCOL);
    CU_ASSERT_FALSE(work->shards[SHARD].stream.live);
    end_work(work);
}

static void test_memory_is_bounded_and_reused(void)
{
    begin_source(600);
    struct work *work = new_work();
    work->series_limit = SERIES;
    (void)work_grant(work, SHARD, 1, 0);
    answer(work, 0, false);
    CU_ASSERT_EQUAL(work->series_allocated, SERIES);
    struct work_count count = work_count(work);
    CU_ASSERT(count.shards == 1 && count.live == 1 && count.series == SERIES && count.symbols == SERIES);
    /* A second shard is too much, until the first sleeps and gives its memory. */
    (void)work_grant(work, SHARD + 1, 2, 0);
    struct snapshot part = snapshot_part(work, 0, RING);
    part.shard = SHARD + 1, part.epoch = 2, part.parts = 1;
    CU_ASSERT_EQUAL(work_on_snapshot(work, &part, 0), ERROR_FULL);
    work_revoke(work, SHARD);
    CU_ASSERT_EQUAL(work_on_snapshot(work, &part, 1000), 0);
    CU_ASSERT(work->shards[SHARD + 1].stream.live);
    CU_ASSERT_EQUAL(work->series_allocated, SERIES);
    count = work_count(work);
    CU_ASSERT(count.shards == 1 && count.series == 1);
    /* Memory that was another series' begins with nothing seen. */
    forget_seen();
    work_revoke(work, SHARD + 1);
    (void)work_grant(work, SHARD, 3, 0);
    answer(work, 2000, false);
    CU_ASSERT_EQUAL(count_wrong(600 - STRATEGY_UNATTENDED_CANDLES, 599, 1), 0);
    CU_ASSERT_EQUAL(work->series_allocated, SERIES);
    end_work(work);
}

/* Under a new epoch the series of a shard are those of the next snapshot; what was there already goes on. */
static void test_series_join_and_leave(void)
{
    begin_source(600);
    struct work *work = new_work();
    for (int i = 0; i < 4; i++) { /* series 0 and 1, 1 and 2; then none, and part 0 says so */
        (void)work_grant(work, SHARD, (uint64_t)i / 2 + 1, 0);
        struct snapshot part = snapshot_part(work, i / 2 + i % 2, RING);
        part.part = (uint16_t)(i % 2 + 1), part.parts = 2;
        CU_ASSERT_EQUAL(work_on_snapshot(work, &part, 0), 0);
    }
    CU_ASSERT_EQUAL(work_count(work).series, 2);
    CU_ASSERT_EQUAL(work->candles_analysed, 3 * RING); /* of each once */
    publish(work, false);
    CU_ASSERT_EQUAL(work->candles_analysed, 3 * RING + 2);
    (void)work_grant(work, SHARD, 3, 0);
    struct snapshot none = snapshot_part(work, 0, RING);
    none.part = none.parts = 0;
    CU_ASSERT_EQUAL(work_on_snapshot(work, &none, 0), 0);
    CU_ASSERT(work_count(work).series == 0 && work->shards[SHARD].stream.live);
    end_work(work);
}

const char *const suite_name = "analyzer";
const struct test suite_tests[] = {
    {"decides as if each series were fed plainly", test_decides_as_if_fed_plainly},
    {"history does not fire", test_history_does_not_fire},
    {"a young series warms up live", test_a_young_series_warms_up},
    {"who takes over decides on the newest candles", test_who_takes_over_decides_on_the_newest},
    {"given back, a shard sends nothing twice", test_given_back_it_sends_nothing_twice},
    {"away for longer than the ring reaches, it begins anew", test_away_for_long_it_begins_anew},
    {"what was fenced is sent again", test_what_was_fenced_is_sent_again},
    {"a full sink pushes back", test_a_full_sink_pushes_back},
    {"a full sink loses nothing that the ring still has", test_a_full_sink_loses_nothing},
    {"every signal comes, whatever is lost and whoever dies", test_every_signal_comes_whatever_happens},
    {"what is not held is skipped", test_what_is_not_held_is_skipped},
    {"impossible input is refused", test_impossible_input_is_refused},
    {"series join and leave", test_series_join_and_leave},
    {"memory is bounded and reused", test_memory_is_bounded_and_reused},
    {0},
};
