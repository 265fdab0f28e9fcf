/* The persister's batches, its fence, its leases and its board of processes, without a database or a socket. */
/* SPDX-License-Identifier: MIT */
#include "persister/batch.h"
#include "persister/board.h"
#include "persister/lanes.h"
#include "persister/lease.h"
#include "persister/retention.h"
#include "tests/harness.h"

#include <stdio.h>
#include <string.h>

enum { CANDLE_ROWS = 100 };
#define T INT64_C(1700000040000) /* when the candles of these tests begin */

static struct batch batch;
static struct batch_door door; /* of the last delivery of candles */
static const struct peer fetcher = {.id = {1, 2, 3, 4, 5}, .size = 5};
static const struct peer trader = {.id = {9, 2, 3, 4, 5}, .size = 5};

static void begin(void)
{
    batch_release(&batch);
    CU_ASSERT_EQUAL_FATAL(batch_init(&batch, CANDLE_ROWS), 0);
}

/* ---- deliveries, through the wire as they come ---- */

static int take_message(const struct store_candles *message)
{
    static uint8_t bytes[MESSAGE_SIZE_MAX];
    size_t size;
    struct store_candles decoded;
    CU_ASSERT_EQUAL_FATAL(message_encode(RECORD_store_candles, message, bytes, sizeof bytes, &size), 0);
    CU_ASSERT_EQUAL_FATAL(message_decode(RECORD_store_candles, bytes, size, &decoded), 0);
    door = (struct batch_door){.now_ms = T + 10000000000};
    int code = batch_take_candles(&batch, &fetcher, &decoded, &door, 1000);
    memset(bytes, 0xee, size); /* nothing may point there any more */
    return code;
}

static int take_candles(uint64_t sequence, const char *exchange, const struct candle_event *rows, size_t count)
{
    struct store_candles message = {.sequence = sequence, .rows = list_of(rows, count)};
    (void)snprintf(message.exchange, sizeof message.exchange, "%s", exchange);
    return take_message(&message);
}

static int take_some_candles(uint64_t sequence, size_t count)
{
    static struct candle_event rows[2000];
    for (size_t i = 0; i < count; i++)
        rows[i] = (struct candle_event){"BTCUSDT", 60, {T + (int64_t)i * 60000, 1, 1, 1, 1, 1, 0, 0}};
    return take_candles(sequence, "binance", rows, count);
}

static int take_ledger(uint64_t sequence, uint64_t generation, size_t fill_count)
{
    static struct fill fills[64];
    static const struct account account = {.time_ms = 7, .cash = 5};
    for (size_t i = 0; i < fill_count; i++)
        fills[i] = (struct fill){.trade_id = "t", .order_id = "o", .strategy = "s", .exchange = "binance",
                                 .symbol = "BTCUSDT", .time_ms = (int64_t)sequence};
    struct store_ledger message = {.sequence = sequence, .generation = generation, .fills = list_of(fills, fill_count),
                                   .accounts = list_of(&account, 1)};
    return batch_take_ledger(&batch, &trader, &message, 1000);
}

static void a_batch_holds_what_came_in_its_order(void)
{
    const struct candle_event events[] = {{"BTCUSDT", 60, {T, 1, 2, 3, 4, 5, 6, 7}},
                                          {"ETHUSDT", 300, {T + 300000, 1, 2, 3, 4, 5, 6, 7}}};
    struct store_batch rows;
    begin();
    CU_ASSERT_EQUAL(batch_waiting(&batch), 0);
    CU_ASSERT_EQUAL(batch_next(&batch, 0, SIZE_MAX, &rows), 0);
    CU_ASSERT_EQUAL(take_candles(5, "binance", events, 2), 0);
    CU_ASSERT_EQUAL(take_candles(6, "kraken", events, 1), 0);
    CU_ASSERT_EQUAL(take_ledger(3, 2, 2), 0);
    const struct series_start start = {"BTCUSDT", 60, 120000};
    const struct store_series series = {.sequence = 7, .exchange = "kraken", .rows = list_of(&start, 1)};
    CU_ASSERT_EQUAL(batch_take_series(&batch, &fetcher, &series, 1000), 0);
    CU_ASSERT_EQUAL(batch_waiting(&batch), 4);
    CU_ASSERT_EQUAL(batch_rows(&batch), 7);
    CU_ASSERT_EQUAL(batch.oldest_ms, 1000);
    CU_ASSERT_TRUE(batch_has_ledger(&batch));

    CU_ASSERT_EQUAL_FATAL(batch_next(&batch, 0, SIZE_MAX, &rows), 4);
    CU_ASSERT_EQUAL_FATAL(rows.candle_count, 3);
    CU_ASSERT_STRING_EQUAL(rows.candles[1].exchange, "binance");
    CU_ASSERT_STRING_EQUAL(rows.candles[1].event.symbol, "ETHUSDT");
    CU_ASSERT_EQUAL(rows.candles[1].event.candle.volume_scale, 7);
    CU_ASSERT_STRING_EQUAL(rows.candles[2].exchange, "kraken");
    CU_ASSERT_EQUAL_FATAL(rows.series_count, 1);
    CU_ASSERT_STRING_EQUAL(rows.series[0].exchange, "kraken");
    CU_ASSERT_EQUAL(rows.series[0].start.fire_from_ms, 120000);
    CU_ASSERT_EQUAL_FATAL(rows.fill_count, 2);
    CU_ASSERT_EQUAL(rows.fill_versions[1], 2ULL << 32 | 3);
    CU_ASSERT_EQUAL(rows.account_count, 1);
    CU_ASSERT_EQUAL(rows.order_count + rows.position_count + rows.outcome_count, 0);
    CU_ASSERT_EQUAL(rows.ledger_generation, 2);
}

/* As a trader of the version before sends them. */
static void rows_that_name_no_account_are_of_the_configured_one(void)
{
    static const struct fill fills[] = {{.trade_id = "1", .exchange = "binance", .symbol = "A"},
                                        {.trade_id = "2", .exchange = "kraken", .symbol = "A", .quote_asset = "BTC",
                                         .mode = ACCOUNT_MODE_LIVE}};
    static const struct account account = {.time_ms = 7};
    const struct store_ledger message = {
        .sequence = 1, .generation = 1, .fills = list_of(fills, 2), .accounts = list_of(&account, 1)};
    struct store_batch rows;
    begin();
    (void)snprintf(batch.exchange, sizeof batch.exchange, "okx");
    (void)snprintf(batch.quote_asset, sizeof batch.quote_asset, "EUR");
    CU_ASSERT_EQUAL(batch_take_ledger(&batch, &trader, &message, 1000), 0);
    CU_ASSERT_EQUAL_FATAL(batch_next(&batch, 0, SIZE_MAX, &rows), 1);
    CU_ASSERT_STRING_EQUAL(rows.fills[0].exchange, "binance");
    CU_ASSERT_STRING_EQUAL(rows.fills[0].quote_asset, "EUR");
    CU_ASSERT_EQUAL(rows.fills[0].mode, ACCOUNT_MODE_PAPER);
    CU_ASSERT_STRING_EQUAL(rows.fills[1].quote_asset, "BTC");
    CU_ASSERT_EQUAL(rows.fills[1].mode, ACCOUNT_MODE_LIVE);
    CU_ASSERT_STRING_EQUAL(rows.accounts[0].exchange, "okx");
    CU_ASSERT_STRING_EQUAL(rows.accounts[0].quote_asset, "EUR");
}

static void the_ledger_is_written_first_but_not_twice_in_a_row(void)
{
    static const struct {
        bool wants[LANES];
        enum lane_kind last, next;
    } rows[] = {
        {{true, true}, LANE_CANDLES, LANE_LEDGER},  {{true, true}, LANE_LEDGER, LANE_CANDLES},
        {{false, true}, LANE_CANDLES, LANE_CANDLES}, {{true, false}, LANE_LEDGER, LANE_LEDGER},
        {{false, false}, LANE_LEDGER, LANES},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        CU_ASSERT_EQUAL(lane_choose(rows[i].wants, rows[i].last), rows[i].next);
}

static void a_transaction_of_candles_is_as_long_as_the_database_is_fast(void)
{
    struct lane_pace pace;
    lane_pace_init(&pace, 5000);
    CU_ASSERT_EQUAL(pace.rows, LANE_ROWS_FIRST);
    lane_pace_note(&pace, 10, 1); /* says nothing of how fast it is */
    CU_ASSERT_EQUAL(pace.rows, LANE_ROWS_FIRST);
    lane_pace_note(&pace, LANE_ROWS_FIRST, 1);
    CU_ASSERT_EQUAL(pace.rows, 4000);
    lane_pace_note(&pace, 4000, 1);
    CU_ASSERT_EQUAL(pace.rows, 5000);
    lane_pace_note(&pace, 5000, LANE_TRANSACTION_MS * 5 / 4);
    CU_ASSERT_EQUAL(pace.rows, 4000);
    lane_pace_note(&pace, 4000, LANE_TRANSACTION_MS * 100); /* it may have been another process */
    CU_ASSERT_EQUAL(pace.rows, 2000);
    for (int i = 0; i < 10; i++)
        lane_pace_note(&pace, 1000, LANE_TRANSACTION_MS * 100);
    CU_ASSERT_EQUAL(pace.rows, LANE_ROWS_MIN);
    lane_pace_init(&pace, 7);
    CU_ASSERT_EQUAL(pace.rows, 7);
}

static void a_transaction_has_as_many_whole_deliveries_as_fit(void)
{
    struct store_batch rows;
    begin();
    for (uint64_t sequence = 1; sequence <= 5; sequence++)
        CU_ASSERT_EQUAL(take_some_candles(sequence, 50), 0);
    CU_ASSERT_EQUAL(batch_next(&batch, 0, 149, &rows), 2);
    CU_ASSERT_EQUAL(batch_next(&batch, 0, 150, &rows), 3);
    CU_ASSERT_EQUAL(rows.candle_count, 150);
    batch_settle(&batch, 3);
    CU_ASSERT_EQUAL(batch_next(&batch, 0, 100, &rows), 2);
}

static void a_lane_is_due_by_rows_by_age_or_by_the_ledger(void)
{
    static struct lane lane;
    struct lane_terms terms = {.batch_rows = 100, .batch_ms = 50};
    struct candle_event rows[100] = {0};
    CU_ASSERT_EQUAL_FATAL(lane_init(&lane, 100), 0);
    CU_ASSERT_FALSE(lane_is_due(&lane, &terms, INT64_MAX));
    for (int i = 0; i < 100; i++)
        rows[i] = (struct candle_event){"BTCUSDT", 60, {1700000000000 + i * 60000, 1, 1, 1, 1, 1, 0, 0}};
    struct batch_door open_door = {.now_ms = 1800000000000};
    struct store_candles message = {.sequence = 1, .exchange = "binance", .rows = list_of(rows, 99)};
    CU_ASSERT_EQUAL(batch_take_candles(lane.filling, &fetcher, &message, &open_door, 1000), 0);
    CU_ASSERT_FALSE(lane_is_due(&lane, &terms, 1049));
    CU_ASSERT_TRUE(lane_is_due(&lane, &terms, 1050));
    message.sequence = 2;
    message.rows = list_of(rows, 1);
    CU_ASSERT_EQUAL(batch_take_candles(lane.filling, &fetcher, &message, &open_door, 1001), 0);
    CU_ASSERT_TRUE(lane_is_due(&lane, &terms, 1001));
    lane_swap(&lane);
    CU_ASSERT_FALSE(lane_is_due(&lane, &terms, 2000));
    CU_ASSERT_TRUE(lane_has(&lane, &fetcher, 2));
    const struct account account = {.time_ms = 7};
    const struct store_ledger ledger = {.sequence = 3, .generation = 1, .accounts = list_of(&account, 1)};
    CU_ASSERT_EQUAL(batch_take_ledger(lane.filling, &trader, &ledger, 2000), 0);
    CU_ASSERT_TRUE(lane_is_due(&lane, &terms, 2000));
    lane_release(&lane);
}

static void absences_come_with_the_candles(void)
{
    const struct candle_event event = {"BTCUSDT", 60, {T, 1, 2, 3, 4, 5, 6, 7}};
    static struct absence absences[500];
    struct store_batch rows;
    for (int i = 0; i < 500; i++)
        absences[i] = (struct absence){"ETHUSDT", 60, T + i, T + i + 1, ABSENCE_REASON_NO_TRADES};
    begin();
    const struct store_candles message = {.sequence = 1, .exchange = "kraken", .rows = list_of(&event, 1),
                                          .absences = list_of(absences, 2)};
    CU_ASSERT_EQUAL(take_candles(0, "binance", &event, 1), 0);
    CU_ASSERT_EQUAL(take_message(&message), 0);
    CU_ASSERT_EQUAL(batch_rows(&batch), 4);
    CU_ASSERT_EQUAL_FATAL(batch_next(&batch, 0, SIZE_MAX, &rows), 2);
    CU_ASSERT_EQUAL_FATAL(rows.absence_count, 2);
    CU_ASSERT_STRING_EQUAL(rows.absences[1].exchange, "kraken");
    CU_ASSERT_EQUAL(rows.absences[1].absence.last_open_ms, T + 2);
    int full = 0;
    while (take_message(&(struct store_candles){.sequence = 2, .exchange = "kraken",
                                                .absences = list_of(absences, 500)}) == 0)
        full++;
    CU_ASSERT_EQUAL(full, BATCH_ABSENCES_MAX / 500 - 1);
}

static void what_is_dated_wrongly_is_left_out_alone(void)
{
    enum { DAY_MS = 86400000 };
    const struct candle_event events[] = {{"BTCUSDT", 60, {T, 1, 2, 3, 4, 5, 6, 7}},
                                          {"ETHUSDT", 300, {T + 2 * DAY_MS, 1, 2, 3, 4, 5, 6, 7}},
                                          {"BTCUSDT", 60, {1230767999999, 1, 2, 3, 4, 5, 6, 7}},
                                          {"BTCUSDT", 60, {INT64_MAX, 1, 2, 3, 4, 5, 6, 7}},
                                          {"BTCUSDT", 60, {T + DAY_MS, 1, 2, 3, 4, 5, 6, 7}}};
    const struct absence absences[] = {{"BTCUSDT", 60, T, T + 2 * DAY_MS, ABSENCE_REASON_NO_TRADES},
                                       {"BTCUSDT", 60, 0, T, ABSENCE_REASON_NO_TRADES},
                                       {"BTCUSDT", 60, T, T + DAY_MS, ABSENCE_REASON_NO_TRADES}};
    const struct store_candles message = {.sequence = 1, .exchange = "binance", .rows = list_of(events, 5),
                                          .absences = list_of(absences, 3), .exchange_ms = T + DAY_MS};
    struct batch_door strict = {.now_ms = T + DAY_MS};
    struct store_batch rows;
    begin();
    CU_ASSERT_EQUAL(batch_take_candles(&batch, &fetcher, &message, &strict, 1000), 0);
    CU_ASSERT_EQUAL(strict.refused, 5);
    CU_ASSERT_STRING_EQUAL(strict.sample.symbol, "ETHUSDT");
    CU_ASSERT_EQUAL(strict.sample.interval_s, 300);
    CU_ASSERT_EQUAL(strict.sample.first_open_ms, T + 2 * DAY_MS);
    CU_ASSERT_EQUAL_FATAL(batch_next(&batch, 0, SIZE_MAX, &rows), 1);
    CU_ASSERT_EQUAL_FATAL(rows.candle_count, 2);
    CU_ASSERT_EQUAL(rows.candles[1].event.candle.open_time_ms, T + DAY_MS);
    CU_ASSERT_EQUAL_FATAL(rows.absence_count, 1);
    CU_ASSERT_EQUAL(rows.absences[0].absence.last_open_ms, T + DAY_MS);
    strict = (struct batch_door){.now_ms = T - 1};
    CU_ASSERT_EQUAL(batch_take_candles(&batch, &fetcher, &message, &strict, 1000), 0); /* all of it: answered all the same */
    CU_ASSERT_EQUAL(strict.refused, 8);
    CU_ASSERT_EQUAL(batch_next(&batch, 0, SIZE_MAX, &rows), 2);
    CU_ASSERT_EQUAL(rows.candle_count, 2);
}

static void the_exchange_s_clock_goes_with_the_candles(void)
{
    const struct candle_event event = {"BTCUSDT", 60, {T, 1, 2, 3, 4, 5, 6, 7}};
    struct store_candles message = {.sequence = 1, .exchange = "kraken", .rows = list_of(&event, 1)};
    struct store_batch rows;
    begin();
    CU_ASSERT_EQUAL(take_message(&message), 0);
    CU_ASSERT_EQUAL(batch_next(&batch, 0, SIZE_MAX, &rows), 1);
    CU_ASSERT_PTR_NULL(rows.clock.exchange);
    message.history = true;
    message.exchange_ms = T + 1;
    CU_ASSERT_EQUAL(take_message(&message), 0);
    CU_ASSERT_EQUAL(batch_next(&batch, 0, SIZE_MAX, &rows), 2);
    CU_ASSERT_PTR_NULL(rows.clock.exchange);
    message.history = false;
    message.exchange_ms = T + 2;
    CU_ASSERT_EQUAL(take_message(&message), 0);
    CU_ASSERT_EQUAL(take_ledger(2, 1, 1), 0);
    CU_ASSERT_EQUAL(batch_next(&batch, 0, SIZE_MAX, &rows), 4);
    CU_ASSERT_STRING_EQUAL(rows.clock.exchange, "kraken");
    CU_ASSERT_EQUAL(rows.clock.exchange_ms, T + 2);
}

static void a_transaction_is_history_when_all_its_candles_are(void)
{
    const struct candle_event event = {"BTCUSDT", 60, {T, 1, 2, 3, 4, 5, 6, 7}};
    struct store_candles message = {.sequence = 1, .exchange = "binance", .history = true, .rows = list_of(&event, 1)};
    struct store_batch rows;
    begin();
    CU_ASSERT_EQUAL(take_message(&message), 0);
    CU_ASSERT_EQUAL(take_ledger(2, 1, 1), 0); /* no candles in it */
    CU_ASSERT_EQUAL(batch_next(&batch, 0, SIZE_MAX, &rows), 2);
    CU_ASSERT_TRUE(rows.history);
    message.history = false;
    message.sequence = 3;
    CU_ASSERT_EQUAL(take_message(&message), 0);
    CU_ASSERT_EQUAL(batch_next(&batch, 0, SIZE_MAX, &rows), 3);
    CU_ASSERT_FALSE(rows.history);
}

static void a_repeated_delivery_is_recognised_by_peer_and_number(void)
{
    begin();
    CU_ASSERT_EQUAL(take_some_candles(5, 1), 0);
    CU_ASSERT_TRUE(batch_has(&batch, &fetcher, 5));
    CU_ASSERT_FALSE(batch_has(&batch, &fetcher, 6));
    CU_ASSERT_FALSE(batch_has(&batch, &trader, 5));
    batch_settle(&batch, 1);
    CU_ASSERT_FALSE(batch_has(&batch, &fetcher, 5));
}

static void what_does_not_fit_is_not_taken_in_part(void)
{
    begin();
    size_t room = CANDLE_ROWS + BATCH_CANDLES_EXTRA;
    CU_ASSERT_EQUAL(take_some_candles(1, 2000), 0);
    CU_ASSERT_EQUAL(take_some_candles(2, room - 2000 + 1), ERROR_FULL);
    CU_ASSERT_EQUAL(batch_rows(&batch), 2000);
    CU_ASSERT_EQUAL(batch_waiting(&batch), 1);
    CU_ASSERT_EQUAL(take_some_candles(3, room - 2000), 0);
    CU_ASSERT_EQUAL(take_some_candles(4, 1), ERROR_FULL);
    int taken = 0;
    while (take_ledger(10 + (uint64_t)taken, 1, 64) == 0)
        taken++;
    CU_ASSERT_EQUAL(taken, BATCH_LEDGER_MAX / 64);
    CU_ASSERT_EQUAL(batch_rows(&batch), room + (size_t)taken * 65);
    batch_settle(&batch, batch_waiting(&batch));
    CU_ASSERT_EQUAL(batch_rows(&batch), 0);
    CU_ASSERT_EQUAL(take_some_candles(5, 2000), 0);
}

static void deliveries_are_bounded(void)
{
    begin();
    uint64_t sequence = 0;
    while (take_some_candles(sequence, 0) == 0)
        sequence++;
    CU_ASSERT_EQUAL(sequence, BATCH_DELIVERIES_MAX);
    CU_ASSERT_EQUAL(take_ledger(1, 1, 1), ERROR_FULL);
}

/* ---- cutting ---- */

/* Writes a batch to a database that refuses one delivery, and counts what became of each. */
static void bad_delivery_among(size_t count, size_t bad)
{
    struct store_batch rows;
    size_t accepted = 0, refused = 0, transactions = 0;
    begin();
    for (size_t i = 0; i < count; i++)
        CU_ASSERT_EQUAL(take_some_candles(i, 1 + i % 3), 0);
    while (batch_waiting(&batch) > 0) {
        size_t first = batch.settled, tried = batch_next(&batch, 0, SIZE_MAX, &rows);
        CU_ASSERT_FATAL(tried > 0 && ++transactions < 100);
        bool refuses = bad >= first && bad < first + tried;
        if (!refuses) {
            accepted += tried;
            batch_settle(&batch, tried);
        } else if (tried > 1) {
            batch_suspect(&batch, tried);
        } else {
            CU_ASSERT_EQUAL(batch_front(&batch)->sequence, bad);
            refused++;
            batch_settle(&batch, 1);
        }
    }
    CU_ASSERT_EQUAL(accepted, count - 1);
    CU_ASSERT_EQUAL(refused, 1);
    CU_ASSERT_TRUE(transactions <= 10); /* a binary search */
}

static void one_bad_delivery_is_found_and_the_others_are_written(void)
{
    for (size_t count = 1; count < 70; count += 7)
        for (size_t bad = 0; bad < count; bad++)
            bad_delivery_among(count, bad);
}

static void a_part_of_a_batch_has_the_rows_of_its_deliveries(void)
{
    struct store_batch rows;
    begin();
    for (size_t i = 1; i <= 8; i++)
        CU_ASSERT_EQUAL(take_some_candles(i, i), 0);
    batch_settle(&batch, 2);
    batch_suspect(&batch, 6);
    CU_ASSERT_EQUAL(batch_next(&batch, 0, SIZE_MAX, &rows), 3);
    CU_ASSERT_EQUAL(rows.candle_count, 3 + 4 + 5);
    CU_ASSERT_PTR_EQUAL(rows.candles, batch.candles + 3);
    CU_ASSERT_EQUAL(batch_rows(&batch), 3 + 4 + 5 + 6 + 7 + 8);
}

static void a_fenced_delivery_is_never_part_of_a_transaction(void)
{
    struct store_batch rows;
    begin();
    CU_ASSERT_EQUAL(take_some_candles(1, 1), 0);
    CU_ASSERT_EQUAL(take_ledger(2, 4, 1), 0);
    CU_ASSERT_EQUAL(take_ledger(3, 5, 1), 0);
    CU_ASSERT_EQUAL(take_some_candles(4, 1), 0);
    CU_ASSERT_EQUAL(batch_next(&batch, 4, SIZE_MAX, &rows), 4);
    CU_ASSERT_EQUAL(rows.ledger_generation, 4); /* the database refuses it if 5 has been granted meanwhile */
    CU_ASSERT_EQUAL(batch_next(&batch, 5, SIZE_MAX, &rows), 1);
    CU_ASSERT_EQUAL(rows.ledger_generation, 0);
    batch_settle(&batch, 1);
    CU_ASSERT_TRUE(delivery_is_fenced(batch_front(&batch), 5));
    CU_ASSERT_EQUAL(batch_next(&batch, 5, SIZE_MAX, &rows), 0);
    batch_settle(&batch, 1);
    CU_ASSERT_EQUAL(batch_next(&batch, 5, SIZE_MAX, &rows), 2);
    CU_ASSERT_EQUAL(rows.ledger_generation, 5);
    CU_ASSERT_EQUAL(rows.fill_count, 1);
    CU_ASSERT_EQUAL(rows.fill_versions[0], 5ULL << 32 | 3);
}

/* ---- leases ---- */

static struct lease_desk desk;

static int ask(const char *name, uint64_t holder, int64_t now_ms)
{
    struct lease_request request = {.holder = holder, .duration_ms = 3000};
    (void)snprintf(request.name, sizeof request.name, "%s", name);
    return lease_desk_add(&desk, &trader, &request, now_ms);
}

static void a_traders_request_waits_for_the_ledger_before_it(void)
{
    struct lease_entry entry;
    desk = (struct lease_desk){.ledger_taken = 7, .ledger_settled = 5};
    CU_ASSERT_EQUAL(ask("trader", 1, 0), 0);
    CU_ASSERT_EQUAL(ask("fetcher", 2, 0), 0);
    CU_ASSERT_TRUE(lease_desk_next(&desk, 10, &entry)); /* the fetcher's need not wait */
    CU_ASSERT_STRING_EQUAL(entry.request.name, "fetcher");
    CU_ASSERT_FALSE(lease_desk_next(&desk, 10, &entry));
    desk.ledger_taken = 9; /* what comes later is of no concern */
    desk.ledger_settled = 6;
    CU_ASSERT_FALSE(lease_desk_next(&desk, 10, &entry));
    CU_ASSERT_EQUAL(ask("trader", 1, 100), 0); /* asked again: it keeps its place */
    CU_ASSERT_EQUAL(desk.count, 1);
    desk.ledger_settled = 7;
    CU_ASSERT_TRUE(lease_desk_next(&desk, 110, &entry));
    CU_ASSERT_EQUAL(entry.received_ms, 100);
    CU_ASSERT_FALSE(lease_desk_next(&desk, 110, &entry));
}

static void a_request_older_than_its_lease_is_forgotten(void)
{
    struct lease_entry entry;
    desk = (struct lease_desk){0};
    CU_ASSERT_EQUAL(ask("trader", 1, 0), 0);
    CU_ASSERT_EQUAL(ask("trader", 2, 3000), 0);
    CU_ASSERT_TRUE(lease_desk_next(&desk, 3001, &entry));
    CU_ASSERT_EQUAL(entry.request.holder, 2);
    CU_ASSERT_FALSE(lease_desk_next(&desk, 3001, &entry));
    for (uint64_t i = 0; i < LEASE_REQUESTS_MAX; i++)
        CU_ASSERT_EQUAL(ask("trader", 10 + i, 4000), 0);
    CU_ASSERT_EQUAL(ask("trader", 99, 4000), ERROR_FULL);
}

static void the_fence_only_rises(void)
{
    desk = (struct lease_desk){0};
    CU_ASSERT_TRUE(lease_desk_fences(&desk, 0)); /* never granted to anybody */
    CU_ASSERT_FALSE(lease_desk_fences(&desk, 1));
    lease_desk_learn(&desk, "fetcher", 12);
    CU_ASSERT_FALSE(desk.generation_known);
    lease_desk_learn(&desk, "trader", 3);
    CU_ASSERT_TRUE(desk.generation_known);
    lease_desk_learn(&desk, "trader", 2);
    CU_ASSERT_EQUAL(desk.trader_generation, 3);
    CU_ASSERT_TRUE(lease_desk_fences(&desk, 2));
    CU_ASSERT_FALSE(lease_desk_fences(&desk, 3));
    CU_ASSERT_FALSE(lease_desk_fences(&desk, 4)); /* granted by another persister */
    struct lease_request question = lease_desk_question();
    CU_ASSERT_STRING_EQUAL(question.name, "trader");
    CU_ASSERT_TRUE(question.release);
}

/* ---- the board ---- */

static struct process_state report_of(uint64_t instance, int64_t heard_ms)
{
    return (struct process_state){.role = "analyzer", .instance = instance, .status = PROCESS_STATUS_READY,
                                  .heard_ms = heard_ms};
}

static void the_board_shows_who_is_silent_and_forgets_who_is_gone(void)
{
    static struct board board;
    static struct process_state out[BOARD_ROWS_MAX];
    struct process_state first = report_of(1, 0), second = report_of(2, 99000), ahead = report_of(3, 999999);
    memset(&board, 0, sizeof board);
    board_put(&board, &first, 100000);
    board_put(&board, &second, 100000);
    board_put(&board, &ahead, 100000); /* a clock that is ahead of ours counts as now */
    CU_ASSERT_EQUAL(board_read(&board, 100000, out), 3);
    CU_ASSERT_EQUAL(out[0].heard_ms, 100000);
    CU_ASSERT_EQUAL(out[2].heard_ms, 100000);
    CU_ASSERT_EQUAL(board_read(&board, 104500, out), 3);
    CU_ASSERT_EQUAL(out[0].status, PROCESS_STATUS_READY);
    CU_ASSERT_EQUAL(out[1].status, PROCESS_STATUS_LOST);
    first.work = 5;
    board_put(&board, &first, 110000);
    CU_ASSERT_EQUAL(board_read(&board, 110000, out), 3);
    CU_ASSERT_EQUAL(out[0].work, 5);
    CU_ASSERT_EQUAL(out[0].status, PROCESS_STATUS_READY);
    CU_ASSERT_EQUAL(board_read(&board, 165000, out), 1);
    CU_ASSERT_EQUAL(out[0].instance, 1);
}

static void the_board_is_bounded(void)
{
    static struct board board;
    static struct process_state out[BOARD_ROWS_MAX];
    memset(&board, 0, sizeof board);
    for (uint64_t i = 0; i < BOARD_ROWS_MAX + 50; i++) {
        struct process_state row = report_of(i, 0);
        board_put(&board, &row, 1000);
    }
    CU_ASSERT_EQUAL(board_read(&board, 1000, out), BOARD_ROWS_MAX);
    struct process_state late = report_of(7777, 0);
    board_put(&board, &late, 1000 + BOARD_FORGET_MS + 1); /* the others are gone by now */
    CU_ASSERT_EQUAL(board_read(&board, 1000 + BOARD_FORGET_MS + 1, out), 1);
    batch_release(&batch); /* the last test of the suite */
}

/* ---- what is kept ---- */

static void retention_is_read_by_interval(void)
{
    struct store_settings settings = {0};
    CU_ASSERT_EQUAL(retention_read("", &settings), 0);
    CU_ASSERT_EQUAL(settings.retention_count, 0);
    CU_ASSERT_EQUAL(retention_read("1m=365d, 5m=36h,1h=0", &settings), 0);
    CU_ASSERT_EQUAL_FATAL(settings.retention_count, 2);
    CU_ASSERT_EQUAL(settings.retentions[0].interval_s, 60);
    CU_ASSERT_EQUAL(settings.retentions[0].keep_ms, 365 * 86400000LL);
    CU_ASSERT_EQUAL(settings.retentions[1].interval_s, 300);
    CU_ASSERT_EQUAL(settings.retentions[1].keep_ms, 36 * 3600000LL);
    static const char *const bad[] = {"1m", "1m=", "1m=5", "1m=5x", "1m=-5d", "7m=5d", "=5d", "1m=99999d", "1m=d",
                                      "1m=5d,1m=6d", "1m=5dd", "1m=99999999999999999999d"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        CU_ASSERT_EQUAL(retention_read(bad[i], &settings), ERROR_CONFIGURATION);
        CU_ASSERT_PTR_NOT_NULL(strstr(error_message(), "database.retention"));
    }
}

/* ---- a renewal ---- */

static void who_holds_the_lease_does_not_wait_for_the_ledger(void)
{
    struct lease_entry out;
    const struct lease_request first = {.name = "trader", .holder = 5, .duration_ms = 1000};
    const struct lease_request second = {.name = "trader", .holder = 6, .duration_ms = 1000};
    struct lease_request release = first;
    desk = (struct lease_desk){.ledger_taken = 1};
    lease_desk_grant(&desk, &first, true);
    CU_ASSERT_EQUAL(lease_desk_add(&desk, &trader, &second, 0), 0);
    CU_ASSERT_EQUAL(lease_desk_add(&desk, &trader, &first, 0), 0);
    CU_ASSERT_TRUE_FATAL(lease_desk_next(&desk, 1, &out));
    CU_ASSERT_EQUAL(out.request.holder, 5);
    CU_ASSERT_FALSE(lease_desk_next(&desk, 1, &out)); /* the other waits until the ledger is final */
    release.release = true;
    CU_ASSERT_EQUAL(lease_desk_add(&desk, &trader, &release, 0), 0);
    CU_ASSERT_FALSE(lease_desk_next(&desk, 1, &out)); /* so does giving it back: the next would read too early */
    lease_desk_grant(&desk, &first, false);
    CU_ASSERT_EQUAL(desk.trader_holder, 0);
    desk.ledger_settled = 1;
    CU_ASSERT_TRUE(lease_desk_next(&desk, 1, &out));
}

const char *const suite_name = "persister";
const struct test suite_tests[] = {
    {"a batch holds what came, in its order", a_batch_holds_what_came_in_its_order},
    {"rows that name no account are of the configured one", rows_that_name_no_account_are_of_the_configured_one},
    {"the ledger is written first, but not twice in a row", the_ledger_is_written_first_but_not_twice_in_a_row},
    {"a transaction of candles is as long as the database is fast",
     a_transaction_of_candles_is_as_long_as_the_database_is_fast},
    {"a transaction has as many whole deliveries as fit", a_transaction_has_as_many_whole_deliveries_as_fit},
    {"a lane is due by rows, by age, or by the ledger", a_lane_is_due_by_rows_by_age_or_by_the_ledger},
    {"absences come with the candles", absences_come_with_the_candles},
    {"what is dated wrongly is left out alone", what_is_dated_wrongly_is_left_out_alone},
    {"the exchange's clock goes with the candles", the_exchange_s_clock_goes_with_the_candles},
    {"a transaction is history when all its candles are", a_transaction_is_history_when_all_its_candles_are},
    {"a repeated delivery is recognised by peer and number", a_repeated_delivery_is_recognised_by_peer_and_number},
    {"what does not fit is not taken in part", what_does_not_fit_is_not_taken_in_part},
    {"deliveries are bounded", deliveries_are_bounded},
    {"one bad delivery is found, and the others are written", one_bad_delivery_is_found_and_the_others_are_written},
    {"a part of a batch has the rows of its deliveries", a_part_of_a_batch_has_the_rows_of_its_deliveries},
    {"a fenced delivery is never part of a transaction", a_fenced_delivery_is_never_part_of_a_transaction},
    {"a trader's request waits for the ledger before it", a_traders_request_waits_for_the_ledger_before_it},
    {"a request older than its lease is forgotten", a_request_older_than_its_lease_is_forgotten},
    {"the fence only rises", the_fence_only_rises},
    {"the board shows who is silent and forgets who is gone", the_board_shows_who_is_silent_and_forgets_who_is_gone},
    {"the board is bounded", the_board_is_bounded},
    {"retention is read by interval", retention_is_read_by_interval},
    {"who holds the lease does not wait for the ledger", who_holds_the_lease_does_not_wait_for_the_ledger},
    {NULL, NULL},
};
