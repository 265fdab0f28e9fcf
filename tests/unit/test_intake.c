/* The fetcher's pure decisions: what is due, what is taken from an answer, which markets are followed. */
/* SPDX-License-Identifier: MIT */
#include "fetcher/intake.h"
#include "fetcher/schedule.h"
#include "lib/exchange/ban.h"
#include "tests/harness.h"

#include <stdio.h>
#include <string.h>

enum { MINUTE = 60000, CAPACITY = 10 };

/* A series of one-minute candles whose ring holds those of the minutes [first, last]. */
static struct series series_of(int64_t first, int64_t last)
{
    struct series series = {.symbol = "AB", .interval_s = 60, .searched_ms = -1, .stored_through_ms = -1};
    CU_ASSERT_FATAL(ring_init(&series.ring, 60, CAPACITY) == 0);
    for (int64_t minute = first; minute <= last; minute++) {
        struct candle candle = {minute * MINUTE, 10, 12, 9, 11, 5, 0, 0};
        CU_ASSERT_FATAL(ring_append(&series.ring, &candle) == 0);
    }
    return series;
}

static struct candle candle_of(int64_t minute)
{
    return (struct candle){minute * MINUTE, 10, 12, 9, 11, 5, 0, 0};
}

/* Takes candles of these minutes, of which the list ends with -1, and which were asked for through `last`. */
static struct intake take(struct series *series, int64_t last, const int64_t *minutes)
{
    struct candle rows[32];
    struct intake intake;
    size_t count = 0;
    for (; minutes[count] >= 0; count++)
        rows[count] = candle_of(minutes[count]);
    intake_take(series, rows, count, last * MINUTE, &intake);
    return intake;
}

#define MINUTES(...) ((const int64_t[]){__VA_ARGS__, -1})

static int64_t newest(const struct series *series)
{
    return ring_newest_ms(&series->ring) / MINUTE;
}

static void a_candle_has_closed_after_its_grace(void)
{
    CU_ASSERT_EQUAL(intake_grace_ms(1), 500);
    CU_ASSERT_EQUAL(intake_grace_ms(25), 500);
    CU_ASSERT_EQUAL(intake_grace_ms(600), 12000);
    CU_ASSERT_EQUAL(intake_last_closed_ms(60, 5 * MINUTE + 499, 500), 3 * MINUTE);
    CU_ASSERT_EQUAL(intake_last_closed_ms(60, 5 * MINUTE + 500, 500), 4 * MINUTE);
    CU_ASSERT_EQUAL(intake_last_closed_ms(300, 1734739200000 + 300500, 500), 1734739200000);
    CU_ASSERT_EQUAL(intake_last_closed_ms(300, 1734739200000 + 300499, 500), 1734739200000 - 300000);
}

static void the_next_request_follows_from_the_newest(void)
{
    struct series series = series_of(3, 7);
    CU_ASSERT_EQUAL(intake_first_ms(&series, 1), 7 * MINUTE);
    CU_ASSERT_EQUAL(intake_first_ms(&series, 3), 5 * MINUTE);
    CU_ASSERT_EQUAL(intake_first_ms(&series, 99), 3 * MINUTE); /* nothing is known of what is older */
    CU_ASSERT_EQUAL(intake_next_ms(&series, 500), 9 * MINUTE + 500);
    ring_clear(&series.ring);
    series.history_from_ms = 2 * MINUTE;
    CU_ASSERT_EQUAL(intake_first_ms(&series, 3), 2 * MINUTE);
    CU_ASSERT_EQUAL(intake_next_ms(&series, 500), 3 * MINUTE + 500);
    ring_release(&series.ring);
}

static void what_may_still_change_is_read_again(void)
{
    struct series series = series_of(3, 7); /* the newest closed at minute 8 */
    series.read_ms = 8 * MINUTE + 500;
    CU_ASSERT_EQUAL(intake_reread(&series, 300, 1000), 5);
    CU_ASSERT_EQUAL(intake_reread(&series, 0, 1000), 1);
    CU_ASSERT_EQUAL(intake_reread(&series, 86400, 300), 150); /* new ones must come too */
    series.read_ms = 1 * MINUTE; /* the newest came by stream since, while requests failed */
    CU_ASSERT_EQUAL(intake_reread(&series, 300, 1000), 12);
    series.read_ms = 0;
    CU_ASSERT_EQUAL(intake_reread(&series, 300, 1000), 15);
    series.interval_s = 3600;
    CU_ASSERT_EQUAL(intake_reread(&series, 300, 1000), 1);
    ring_release(&series.ring);
}

static void candles_are_taken_in_order_and_once(void)
{
    struct series series = series_of(1, 3);
    struct intake intake = take(&series, 5, MINUTES(3, 4, 5));
    CU_ASSERT_EQUAL(intake.appended, 2);
    CU_ASSERT(intake.complete && !intake.hole && !intake.full);
    CU_ASSERT_EQUAL(intake.refused + intake.absent, 0);
    CU_ASSERT_EQUAL(newest(&series), 5);
    intake = take(&series, 5, MINUTES(3, 4, 5));
    CU_ASSERT_EQUAL(intake.appended, 0);
    CU_ASSERT(intake.complete);
    CU_ASSERT_EQUAL(series.ring.count, 5);
    ring_release(&series.ring);
}

static void a_forming_candle_is_not_taken(void)
{
    struct series series = series_of(1, 3);
    struct intake intake = take(&series, 4, MINUTES(4, 5));
    CU_ASSERT_EQUAL(intake.appended, 1);
    CU_ASSERT_EQUAL(newest(&series), 4);
    intake = take(&series, 4, MINUTES(5, 6));
    CU_ASSERT_EQUAL(intake.appended, 0);
    CU_ASSERT_EQUAL(newest(&series), 4);
    ring_release(&series.ring);
}

static void a_missing_tail_is_asked_for_again(void)
{
    struct series series = series_of(1, 3);
    for (uint32_t i = 1; i < 6; i++) {
        struct intake intake = take(&series, 4, MINUTES(3));
        CU_ASSERT_EQUAL(intake.appended, 0);
        CU_ASSERT(!intake.complete && !intake.hole);
        CU_ASSERT_EQUAL(series.fruitless, i);
    }
    CU_ASSERT(take(&series, 4, MINUTES(3, 4)).complete);
    CU_ASSERT_EQUAL(series.fruitless, 0);
    ring_release(&series.ring);
}

static void a_hole_is_asked_for_twice_more(void)
{
    struct series series = series_of(1, 3);
    for (int i = 0; i <= INTAKE_HOLE_ASKS; i++) {
        struct intake intake = take(&series, 8, MINUTES(3, 6, 7, 8));
        bool accepted = i == INTAKE_HOLE_ASKS;
        CU_ASSERT_EQUAL(intake.hole, !accepted);
        CU_ASSERT_EQUAL(intake.absent, accepted ? 2 : 0);
        CU_ASSERT_EQUAL(intake.appended, accepted ? 3 : 0);
        CU_ASSERT_EQUAL(newest(&series), accepted ? 8 : 3);
    }
    CU_ASSERT_EQUAL(series.hole_asks, 0);
    ring_release(&series.ring);
}

static void a_quiet_time_is_not_asked_for_again(void)
{
    struct series series = series_of(1, 3);
    series.quiet_through_ms = 6 * MINUTE;
    struct intake intake = take(&series, 9, MINUTES(5, 7, 9)); /* 4 and 6 are old enough, 8 is not */
    CU_ASSERT(intake.hole && !intake.complete);
    CU_ASSERT(intake.appended == 2 && intake.absent == 2 && newest(&series) == 7);
    series.quiet_through_ms = 8 * MINUTE;
    intake = take(&series, 9, MINUTES(7, 9));
    CU_ASSERT(intake.complete && !intake.hole && intake.absent == 1 && series.hole_asks == 0);
    ring_release(&series.ring);
}

static void a_hole_that_fills_is_no_gap(void)
{
    struct series series = series_of(1, 3);
    CU_ASSERT(take(&series, 6, MINUTES(4, 6)).hole);
    CU_ASSERT_EQUAL(newest(&series), 4);
    CU_ASSERT(take(&series, 6, MINUTES(4, 6)).hole);
    struct intake intake = take(&series, 6, MINUTES(4, 5, 6));
    CU_ASSERT(intake.complete && !intake.hole);
    CU_ASSERT_EQUAL(intake.absent, 0);
    CU_ASSERT(take(&series, 9, MINUTES(6, 9)).hole); /* another hole begins its count anew */
    CU_ASSERT(take(&series, 9, MINUTES(6, 9)).hole);
    CU_ASSERT_EQUAL(take(&series, 9, MINUTES(6, 9)).absent, 2);
    ring_release(&series.ring);
}

/* Beside 4, which the exchange lacks, 5 is left out now and then. */
static void a_hole_that_grows_is_another_one(void)
{
    struct series series = series_of(1, 3);
    for (int i = 0; i < INTAKE_HOLE_ASKS; i++)
        CU_ASSERT(take(&series, 6, MINUTES(5, 6)).hole);
    for (int i = 0; i < INTAKE_HOLE_ASKS; i++)
        CU_ASSERT(take(&series, 6, MINUTES(6)).hole);
    struct intake intake = take(&series, 6, MINUTES(5, 6)); /* 4 was lacking all the time */
    CU_ASSERT(intake.complete && intake.absent == 1 && intake.appended == 2);
    CU_ASSERT(take(&series, 9, MINUTES(9)).hole);
    CU_ASSERT(take(&series, 9, MINUTES(8, 9)).hole);
    CU_ASSERT(take(&series, 9, MINUTES(9)).hole);
    CU_ASSERT(take(&series, 9, MINUTES(7, 8, 9)).complete);
    ring_release(&series.ring);
}

static void history_begins_where_the_exchange_has_it(void)
{
    struct series series = series_of(1, 0);
    series.history_from_ms = 2 * MINUTE;
    for (int i = 0; i < INTAKE_HOLE_ASKS; i++)
        CU_ASSERT(take(&series, 7, MINUTES(5, 6, 7)).hole);
    struct intake intake = take(&series, 7, MINUTES(5, 6, 7));
    CU_ASSERT(intake.complete && !intake.hole);
    CU_ASSERT_EQUAL(intake.appended, 3);
    CU_ASSERT_EQUAL(intake.absent, 0);
    ring_clear(&series.ring);
    CU_ASSERT(take(&series, 4, MINUTES(3, 4)).hole);
    CU_ASSERT_EQUAL(take(&series, 4, MINUTES(2, 3, 4)).appended, 3);
    ring_release(&series.ring);
}

static void nothing_unstored_is_rolled_over(void)
{
    struct series series = series_of(1, 4); /* four of ten, none stored */
    struct intake intake = take(&series, 15, MINUTES(5, 6, 7, 8, 9, 10, 11, 12));
    CU_ASSERT_EQUAL(intake.appended, 6);
    CU_ASSERT(intake.full && !intake.complete);
    CU_ASSERT_EQUAL(ring_at(&series.ring, 0)->open_time_ms, MINUTE);
    CU_ASSERT_EQUAL(series_unstored(&series), CAPACITY);
    CU_ASSERT_EQUAL(take(&series, 15, MINUTES(10, 11)).appended, 0);
    CU_ASSERT_EQUAL(series.fruitless, 0); /* it is us who cannot */
    series.stored_through_ms = 8 * MINUTE;
    CU_ASSERT_EQUAL(series_unstored(&series), 2);
    intake = take(&series, 15, MINUTES(10, 11, 12, 13, 14, 15));
    CU_ASSERT_EQUAL(intake.appended, 5);
    CU_ASSERT(intake.complete && !intake.full);
    CU_ASSERT_EQUAL(ring_at(&series.ring, 0)->open_time_ms, 6 * MINUTE);
    series.stored_through_ms = 15 * MINUTE;
    CU_ASSERT_EQUAL(series_unstored(&series), 0);
    ring_release(&series.ring);
}

static void impossible_candles_count_as_missing(void)
{
    struct series series = series_of(1, 3);
    struct candle rows[] = {candle_of(4), candle_of(5), candle_of(6)};
    struct intake intake;
    rows[1].high = 1; /* below its low */
    for (int i = 0; i <= INTAKE_HOLE_ASKS; i++) {
        intake_take(&series, rows, 3, 6 * MINUTE, &intake);
        CU_ASSERT_EQUAL(intake.refused, 1);
    }
    CU_ASSERT_EQUAL(intake.absent, 1);
    CU_ASSERT_EQUAL(newest(&series), 6);
    CU_ASSERT_PTR_NULL(ring_find(&series.ring, 5 * MINUTE));
    rows[0] = (struct candle){7 * MINUTE + 1, 10, 12, 9, 11, 5, 0, 0}; /* off the grid */
    intake_take(&series, rows, 1, 8 * MINUTE, &intake);
    CU_ASSERT_EQUAL(intake.refused, 1);
    CU_ASSERT_EQUAL(newest(&series), 6);
    ring_release(&series.ring);
}

static void a_revision_is_noticed_and_not_taken(void)
{
    struct series series = series_of(1, 3);
    struct candle rows[] = {candle_of(3), candle_of(4)};
    struct intake intake;
    rows[0].close = 10;
    intake_take(&series, rows, 2, 4 * MINUTE, &intake);
    CU_ASSERT_EQUAL(intake_compare(&series, &rows[0]), INTAKE_REVISED);
    CU_ASSERT_EQUAL(intake.appended, 1);
    CU_ASSERT_EQUAL(ring_find(&series.ring, 3 * MINUTE)->close, 11);
    rows[0] = (struct candle){3 * MINUTE, 100, 120, 90, 110, 50, 1, 1}; /* the same in other scales */
    CU_ASSERT_EQUAL(intake_compare(&series, &rows[0]), INTAKE_SAME);
    struct candle old = candle_of(0), gap = candle_of(6);
    CU_ASSERT_EQUAL(intake_compare(&series, &old), INTAKE_OLDER);
    CU_ASSERT_EQUAL(ring_append_after_gap(&series.ring, &(struct candle){8 * MINUTE, 10, 12, 9, 11, 5, 0, 0}), 0);
    CU_ASSERT_EQUAL(intake_compare(&series, &gap), INTAKE_LATE);
    ring_release(&series.ring);
}

/* Answers that lack what stands before their candles are asked for again; what they have is never passed over. */
static void a_hole_is_not_passed_over(void)
{
    struct series series = series_of(1, 0);
    series.history_from_ms = 1 * MINUTE;
    for (int64_t first = 3; first < 9; first++) { /* another one is lacking each time: the hole counts anew */
        struct intake intake = take(&series, 9, (const int64_t[]){first, 9, -1});
        CU_ASSERT(intake.hole && intake.appended == 0);
        CU_ASSERT(!intake_pass_over(&series, &intake, 9 * MINUTE));
    }
    CU_ASSERT_EQUAL(intake_first_ms(&series, 1), 1 * MINUTE);
    ring_release(&series.ring);
}

/* A time without trades: once it is known, each close is asked for once, and the candle behind it comes at once. */
static void a_quiet_time_is_passed_over(void)
{
    const struct intake nothing = {0};
    struct series series = series_of(1, 3);
    for (uint32_t i = 0; i <= INTAKE_FRUITLESS_ASKS; i++) {
        CU_ASSERT(!intake_pass_over(&series, &nothing, 4 * MINUTE));
        CU_ASSERT(!take(&series, 4, MINUTES(3)).complete);
    }
    CU_ASSERT(intake_pass_over(&series, &nothing, 4 * MINUTE));
    CU_ASSERT_EQUAL(intake_known_ms(&series), 4 * MINUTE);
    CU_ASSERT_EQUAL(intake_next_ms(&series, 500), 6 * MINUTE + 500);
    CU_ASSERT_EQUAL(intake_first_ms(&series, 1), 4 * MINUTE);
    CU_ASSERT_EQUAL(intake_first_ms(&series, 3), 2 * MINUTE);
    CU_ASSERT(!take(&series, 5, MINUTES(3)).complete);
    CU_ASSERT(intake_pass_over(&series, &nothing, 5 * MINUTE));
    struct intake intake = take(&series, 6, MINUTES(3, 6));
    CU_ASSERT(intake.complete && !intake.hole);
    CU_ASSERT_EQUAL(intake.absent, 2);
    CU_ASSERT_EQUAL(intake_known_ms(&series), 6 * MINUTE);
    CU_ASSERT(take(&series, 9, MINUTES(6, 9)).hole); /* of the next one nothing is known yet */
    ring_release(&series.ring);
    series = series_of(1, 0);
    series.history_from_ms = 2 * MINUTE;
    for (uint32_t i = 0; i <= INTAKE_FRUITLESS_ASKS; i++)
        CU_ASSERT(!take(&series, 9, (const int64_t[]){-1}).complete);
    CU_ASSERT(intake_pass_over(&series, &nothing, 9 * MINUTE));
    CU_ASSERT_EQUAL(intake_first_ms(&series, 3), 10 * MINUTE);
    ring_release(&series.ring);
}

/* Whatever answers come, in whatever order, what is taken is the arithmetic sequence but for what was lacking in three
 * answers; each candle once. */
static void random_answers_leave_no_silent_gap(void)
{
    struct series series = series_of(0, 0);
    int64_t absent = 0, appended = 1;
    series.stored_through_ms = INT64_MAX;
    for (int round = 0; round < 20000; round++) {
        struct candle rows[6];
        size_t count = 0;
        int64_t minute = newest(&series) - (int64_t)(test_random() % 2);
        for (; count < 6 && test_random() % 8 != 0; minute++)
            if (test_random() % 5 != 0 && minute >= 0)
                rows[count++] = candle_of(minute);
        struct intake intake;
        int64_t before = newest(&series);
        intake_take(&series, rows, count, (before + (int64_t)(test_random() % 5)) * MINUTE, &intake);
        absent += intake.absent;
        appended += intake.appended;
        CU_ASSERT_FATAL(newest(&series) - before == (int64_t)intake.appended + (int64_t)intake.absent);
    }
    CU_ASSERT_EQUAL(newest(&series) + 1, appended + absent);
    CU_ASSERT(appended > 1000 && absent > 0);
    ring_release(&series.ring);
}

static void pauses_grow_and_are_bounded(void)
{
    for (uint64_t random = 0; random < 1000; random += 37) {
        CU_ASSERT(intake_retry_ms(1, random) >= 50 && intake_retry_ms(1, random) <= 75);
        CU_ASSERT(intake_retry_ms(4, random) >= 400 && intake_retry_ms(4, random) <= 600);
        CU_ASSERT(intake_retry_ms(4000000000u, random) >= 6400 && intake_retry_ms(4000000000u, random) <= 9600);
        CU_ASSERT(intake_again_ms(1, 1, random) >= 500 && intake_again_ms(1, 1, random) <= 750);
        CU_ASSERT(intake_again_ms(1, 600, random) >= 20 && intake_again_ms(1, 600, random) <= 30);
        CU_ASSERT(intake_again_ms(1000, 1, random) >= 16000 && intake_again_ms(1000, 1, random) <= 24000);
        CU_ASSERT(intake_again_ms(0, 1, random) >= 500);
    }
}

/* schedule */

static void every_due_job_gets_its_turn(void)
{
    struct schedule schedule;
    CU_ASSERT_FATAL(schedule_init(&schedule, 5) == 0);
    CU_ASSERT_EQUAL(schedule_take(&schedule, 1000), -1);
    for (size_t job = 0; job < 5; job++)
        schedule_set(&schedule, job, 100);
    unsigned seen = 0;
    for (int i = 0; i < 5; i++) {
        int64_t job = schedule_take(&schedule, 100);
        CU_ASSERT_FATAL(job >= 0 && job < 5);
        seen |= 1u << job;
        if (job == 2)
            schedule_set(&schedule, 2, 100); /* at once again: after the others */
    }
    CU_ASSERT_EQUAL(seen, 31);
    CU_ASSERT_EQUAL(schedule_take(&schedule, 100), 2);
    CU_ASSERT_EQUAL(schedule_take(&schedule, 100), -1);
    CU_ASSERT_EQUAL(schedule_earliest(&schedule), SCHEDULE_NEVER);
    schedule_release(&schedule);
}

static void the_earliest_is_never_too_late(void)
{
    struct schedule schedule;
    int64_t due[50];
    CU_ASSERT_FATAL(schedule_init(&schedule, 50) == 0);
    for (int i = 0; i < 50; i++)
        due[i] = SCHEDULE_NEVER;
    for (int64_t now = 0; now < 20000; now++) {
        size_t job = test_random() % 50;
        due[job] = now + (int64_t)(test_random() % 100);
        schedule_set(&schedule, job, due[job]);
        int64_t first = SCHEDULE_NEVER;
        for (int i = 0; i < 50; i++)
            first = due[i] < first ? due[i] : first;
        CU_ASSERT_FATAL(schedule_earliest(&schedule) <= first);
        int64_t taken = schedule_take(&schedule, now);
        CU_ASSERT_FATAL((taken >= 0) == (first <= now));
        if (taken >= 0) {
            CU_ASSERT_FATAL(due[taken] <= now);
            due[taken] = SCHEDULE_NEVER;
        }
    }
    schedule_release(&schedule);
}

static void a_hurry_brings_forward_what_is_planned(void)
{
    struct schedule schedule;
    CU_ASSERT_FATAL(schedule_init(&schedule, 3) == 0);
    schedule_set(&schedule, 0, 5000);
    schedule_set(&schedule, 2, 7);
    schedule_hurry(&schedule, 10);
    CU_ASSERT_EQUAL(schedule.due_ms[0], 10);
    CU_ASSERT_EQUAL(schedule.due_ms[1], SCHEDULE_NEVER);
    CU_ASSERT_EQUAL(schedule.due_ms[2], 7);
    schedule_release(&schedule);
}

/* market */

static struct instrument instrument_of(const char *symbol, const char *quote, bool trading)
{
    struct instrument instrument = {.trading = trading, .tick_size = 1, .lot_step = 1};
    (void)snprintf(instrument.symbol, sizeof instrument.symbol, "%s", symbol);
    (void)snprintf(instrument.quote_asset, sizeof instrument.quote_asset, "%s", quote);
    (void)snprintf(instrument.base_asset, sizeof instrument.base_asset, "X");
    return instrument;
}

static void series_stand_by_shard(void)
{
    enum { SYMBOLS = 3000 };
    static struct instrument instruments[SYMBOLS];
    static const uint32_t intervals[] = {300, 60};
    struct market market;
    market_init(&market, "binance");
    for (int i = 0; i < SYMBOLS; i++) {
        char symbol[SYMBOL_SIZE];
        (void)snprintf(symbol, sizeof symbol, "S%dUSDT", i);
        instruments[i] = instrument_of(symbol, "USDT", true);
    }
    CU_ASSERT_FATAL(market_open(&market, instruments, SYMBOLS, intervals, 2, 3) == 0);
    CU_ASSERT_EQUAL(market.series_count, 2 * SYMBOLS);
    for (struct series *series = NULL; (series = market_next(&market, series)) != NULL;)
        series->fire_from_ms = 0;
    size_t total = 0;
    for (uint16_t shard = 0; shard < SHARDS; shard++) {
        const struct series *series[64];
        size_t count = market_shard_weight(&market, shard);
        CU_ASSERT_EQUAL(market_series_of_shard(&market, shard, series, 64), 0);
        for (struct series *one = market.shards[shard]; one != NULL; one = one->next)
            one->ready = true;
        CU_ASSERT_FATAL(market_series_of_shard(&market, shard, series, 64) == count && count < 64);
        for (size_t i = 0; i < count; i++) {
            CU_ASSERT_EQUAL(series[i]->shard, shard);
            CU_ASSERT_EQUAL(shard_of("binance", series[i]->symbol), shard);
        }
        total += count;
    }
    CU_ASSERT_EQUAL(total, market.series_count);
    CU_ASSERT_EQUAL(market_ready_count(&market), 2 * SYMBOLS);
    for (int i = 0; i < SYMBOLS; i += 7) {
        struct series *series = market_find(&market, instruments[i].symbol, 60);
        CU_ASSERT_FATAL(series != NULL && strcmp(series->symbol, instruments[i].symbol) == 0);
        CU_ASSERT_EQUAL(series->interval_s, 60);
        series->ready = false;
    }
    CU_ASSERT_EQUAL(market_ready_count(&market), 2 * SYMBOLS - (SYMBOLS + 6) / 7);
    CU_ASSERT_PTR_NULL(market_find(&market, "S1USDT", 900));
    CU_ASSERT_PTR_NULL(market_find(&market, "NOSUCH", 60));
    market_release(&market);
}

static void a_new_generation_begins_new_sequences(void)
{
    static struct market market;
    market_init(&market, "binance");
    market_set_generation(&market, 7);
    market.sequences[5] = 12;
    CU_ASSERT_EQUAL(market_stream_epoch(&market), 7ull << 32);
    market_set_generation(&market, 7);
    CU_ASSERT_EQUAL(market_sequence(&market, 5), 12);
    market_set_generation(&market, 8);
    CU_ASSERT_EQUAL(market_sequence(&market, 5), 0);
}

/* ban */

static void a_ban_survives_a_restart(void)
{
    static const char url[] = "https://exchange.test";
    CU_ASSERT_EQUAL(ban_load(test_directory(), url), 0);
    CU_ASSERT_EQUAL(ban_save(test_directory(), url, 1734739200123), 0);
    CU_ASSERT_EQUAL(ban_load(test_directory(), url), 1734739200123);
    CU_ASSERT_EQUAL(ban_load(test_directory(), "https://exchange.other"), 0);
    CU_ASSERT_EQUAL(ban_save(test_directory(), url, 1734739299999), 0);
    CU_ASSERT_EQUAL(ban_load(test_directory(), url), 1734739299999);
    CU_ASSERT_EQUAL(ban_save("/nowhere/at/all", url, 1), ERROR_SYSTEM);
}

static void a_damaged_file_is_no_ban(void)
{
    static const char *const lines[] = {"", "\n", "17347", "17347 \n", "x https://exchange.test\n",
                                        "1734739200123 https://exchange.test", "1.5 https://exchange.test\n",
                                        "99999999999999999999 https://exchange.test\n", " https://exchange.test\n"};
    char path[256];
    (void)snprintf(path, sizeof path, "%s/fetcher-ban", test_directory());
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        FILE *file = fopen(path, "w");
        CU_ASSERT_FATAL(file != NULL);
        (void)fputs(lines[i], file);
        (void)fclose(file);
        CU_ASSERT_EQUAL(ban_load(test_directory(), "https://exchange.test"), 0);
    }
}

const char *const suite_name = "intake";

const struct test suite_tests[] = {
    {"a candle has closed after its grace", a_candle_has_closed_after_its_grace},
    {"the next request follows from the newest candle", the_next_request_follows_from_the_newest},
    {"what may still change is read again", what_may_still_change_is_read_again},
    {"a hole is not passed over", a_hole_is_not_passed_over},
    {"candles are taken in order and once", candles_are_taken_in_order_and_once},
    {"a forming candle is not taken", a_forming_candle_is_not_taken},
    {"a missing tail is asked for again", a_missing_tail_is_asked_for_again},
    {"a hole is asked for twice more", a_hole_is_asked_for_twice_more},
    {"a quiet time is not asked for again", a_quiet_time_is_not_asked_for_again},
    {"a hole that fills is no gap", a_hole_that_fills_is_no_gap},
    {"a hole that grows is another one", a_hole_that_grows_is_another_one},
    {"history begins where the exchange has it", history_begins_where_the_exchange_has_it},
    {"nothing unstored is rolled over", nothing_unstored_is_rolled_over},
    {"impossible candles count as missing", impossible_candles_count_as_missing},
    {"a revision is noticed and not taken", a_revision_is_noticed_and_not_taken},
    {"a quiet time is passed over", a_quiet_time_is_passed_over},
    {"random answers leave no silent gap", random_answers_leave_no_silent_gap},
    {"pauses grow and are bounded", pauses_grow_and_are_bounded},
    {"every due job gets its turn", every_due_job_gets_its_turn},
    {"the earliest is never too late", the_earliest_is_never_too_late},
    {"a hurry brings forward what is planned", a_hurry_brings_forward_what_is_planned},
    {"series stand by shard", series_stand_by_shard},
    {"a new generation begins new sequences", a_new_generation_begins_new_sequences},
    {"a ban survives a restart", a_ban_survives_a_restart},
    {"a damaged file is no ban", a_damaged_file_is_no_ban},
    {NULL, NULL},
};
