/* What is fetched for the store alone: which piece is next, what an answer is worth, when history ends; the share of a
 * core; the lease while nobody answers. */
/* SPDX-License-Identifier: MIT */
#include "fetcher/fill.h"
#include "fetcher/intake.h"
#include "tests/harness.h"

#include <stdio.h>
#include <string.h>

enum { MINUTE = 60000, RING = 10, PER_CALL = 20, NOW = 1000, DAY = 1440 };

static struct {
    struct market market;
    struct archive archive;
    struct service_context context;
    struct filler fill;
    struct exchange exchange;
    struct series *series;
} stage;

static int64_t depth_days = 1, stage_now = NOW; /* of the next stage: its history, and its minute */

/* What went to the store last. */
static struct {
    unsigned messages;
    bool history;
    size_t rows, absences;
    int64_t first, last;    /* minutes of its candles */
    struct absence absence; /* the last one */
} sent;

/* Minutes count from one in 2023. */
static int64_t at(int64_t minute)
{
    return (28333334 + minute) * MINUTE;
}

static int64_t minute_of(int64_t time_ms)
{
    return time_ms / MINUTE - 28333334;
}

int64_t loop_now_ms(const struct loop *loop) { (void)loop; return 0; }
void loop_set_timer(struct loop *loop, int timer, int64_t delay_ms) { (void)loop, (void)timer, (void)delay_ms; }
void loop_stop_timer(struct loop *loop, int timer) { (void)loop, (void)timer; }
int loop_add_timer(struct loop *loop, int64_t delay_ms, int64_t period_ms, loop_timer_fn callback, void *user)
{
    (void)loop, (void)delay_ms, (void)period_ms, (void)callback, (void)user;
    return 0;
}

int service_reconnect(struct service_context *context, enum link link)
{
    (void)context, (void)link;
    return 0;
}

int service_send_bytes(struct service_context *context, enum link link, const struct peer *peer, const uint8_t *bytes,
                       size_t size)
{
    struct store_candles message;
    struct candle_event row;
    (void)context, (void)link, (void)peer;
    CU_ASSERT_FATAL(message_decode(RECORD_store_candles, bytes, size, &message) == 0);
    sent.messages++;
    sent.history = message.history;
    sent.rows = sent.absences = 0;
    while (list_next(&message.rows, RECORD_candle_event, &row)) {
        sent.first = sent.rows++ == 0 ? minute_of(row.candle.open_time_ms) : sent.first;
        sent.last = minute_of(row.candle.open_time_ms);
    }
    while (list_next(&message.absences, RECORD_absence, &sent.absence))
        sent.absences++;
    return 0;
}

static struct candle candle_of(int64_t minute)
{
    return (struct candle){at(minute), 10, 12, 9, 11, 5, 0, 0};
}

/* One series whose ring and store have the candles of the minutes [990, 999]; a day of history is wanted. */
static void set_stage(bool leaves_out_quiet, int reach)
{
    static const uint32_t intervals[] = {60};
    struct instrument instrument = {.symbol = "AB", .trading = true};
    memset(&stage, 0, sizeof stage);
    memset(&sent, 0, sizeof sent);
    stage.exchange = (struct exchange){
        .candles_per_call = PER_CALL, .leaves_out_quiet = leaves_out_quiet, .candles_reach = reach};
    market_init(&stage.market, "x");
    CU_ASSERT_FATAL(market_open(&stage.market, &instrument, 1, intervals, 1, RING) == 0);
    CU_ASSERT_FATAL(archive_open(&stage.archive, &stage.context, &stage.market) == 0);
    CU_ASSERT_FATAL(archive_prepare(&stage.archive) == 0);
    stage.archive.reason = leaves_out_quiet ? ABSENCE_REASON_NO_TRADES : ABSENCE_REASON_EXCHANGE_LACKS;
    fill_init(&stage.fill, &stage.archive, &stage.exchange, depth_days, 20);
    stage.series = market_find(&stage.market, "AB", 60);
    for (int64_t minute = stage_now - RING; minute < stage_now; minute++) {
        struct candle candle = candle_of(minute);
        CU_ASSERT_FATAL(ring_append(&stage.series->ring, &candle) == 0);
    }
    stage.series->stored_from_ms = at(stage_now - RING);
    stage.series->stored_through_ms = at(stage_now - 1);
    stage.series->followed = stage.series->ready = stage.series->covered = true;
    fill_look(&stage.fill, at(stage_now + 600));
}

static void clear_stage(void)
{
    archive_release(&stage.archive);
    market_release(&stage.market);
}

/* Answers the piece that is asked for with the candles from minute `first` to `last`, but for one. */
static enum fill_verdict answer(int64_t first, int64_t last, int64_t without)
{
    struct candle rows[PER_CALL];
    size_t count = 0;
    for (int64_t minute = first; minute <= last; minute++)
        if (minute != without)
            rows[count++] = candle_of(minute);
    return fill_take(&stage.fill, stage.series, rows, count);
}

/* Answers piece after piece with nothing until something goes to the store; how many there were. */
static int take_empty_pieces(void)
{
    for (int pieces = 1;; pieces++) {
        enum fill_verdict verdict;
        CU_ASSERT_PTR_NOT_NULL_FATAL(fill_begin(&stage.fill));
        do
            verdict = answer(1, 0, -1);
        while (verdict == FILL_AGAIN);
        if (verdict == FILL_SENT)
            return pieces;
    }
}

static bool asks_for(int64_t first, int64_t last)
{
    const struct fill_piece *piece = fill_piece_of(&stage.fill, stage.series);
    return piece != NULL && piece->first_ms == at(first) && piece->last_ms == at(last);
}

static void history_goes_backward_piece_by_piece(void)
{
    set_stage(false, 0);
    CU_ASSERT_PTR_EQUAL(fill_begin(&stage.fill), stage.series);
    CU_ASSERT(asks_for(970, 989));
    CU_ASSERT_PTR_NULL(fill_begin(&stage.fill)); /* one piece of a series at a time */
    CU_ASSERT_EQUAL(answer(970, 989, -1), FILL_SENT);
    CU_ASSERT(sent.history && sent.rows == 20 && sent.absences == 0 && sent.first == 970 && sent.last == 989);
    CU_ASSERT_PTR_NULL(fill_begin(&stage.fill)); /* not before the store has it */
    CU_ASSERT_EQUAL(stage.series->stored_from_ms, at(990));
    fill_on_ack(&stage.fill, ARCHIVE_TAG_FILL, true);
    CU_ASSERT_EQUAL(stage.series->stored_from_ms, at(970));
    CU_ASSERT_PTR_EQUAL(fill_begin(&stage.fill), stage.series);
    CU_ASSERT(asks_for(950, 969));
    clear_stage();
}

static void a_hole_is_one_in_all_answers_together(void)
{
    set_stage(false, 0);
    CU_ASSERT_PTR_NOT_NULL(fill_begin(&stage.fill));
    CU_ASSERT_EQUAL(answer(970, 989, 975), FILL_AGAIN);
    CU_ASSERT_EQUAL(answer(970, 989, 980), FILL_SENT); /* the two of them have everything */
    CU_ASSERT(sent.rows == 20 && sent.absences == 0);
    fill_on_ack(&stage.fill, ARCHIVE_TAG_FILL, true);
    CU_ASSERT_PTR_NOT_NULL(fill_begin(&stage.fill));
    for (int i = 0; i < 2; i++)
        CU_ASSERT_EQUAL(answer(950, 969, 960), FILL_AGAIN);
    CU_ASSERT_EQUAL(answer(950, 969, 960), FILL_SENT);
    CU_ASSERT(sent.rows == 19 && sent.absences == 1);
    CU_ASSERT(sent.absence.first_open_ms == at(960) && sent.absence.last_open_ms == at(960));
    CU_ASSERT_EQUAL(sent.absence.reason, ABSENCE_REASON_EXCHANGE_LACKS);
    clear_stage();
}

static void history_ends_where_the_market_began(void)
{
    set_stage(false, 0);
    int64_t target_ms = stage.series->fill.target_ms;
    CU_ASSERT_EQUAL(target_ms, at(NOW + 600 - DAY));
    CU_ASSERT_PTR_NOT_NULL(fill_begin(&stage.fill));
    for (int i = 0; i < 2; i++)
        CU_ASSERT_EQUAL(answer(985, 989, -1), FILL_AGAIN);
    CU_ASSERT_EQUAL(answer(985, 989, -1), FILL_SENT);
    CU_ASSERT(sent.rows == 5 && sent.absences == 0);
    fill_on_ack(&stage.fill, ARCHIVE_TAG_FILL, true);
    CU_ASSERT_PTR_NOT_NULL(fill_begin(&stage.fill));
    CU_ASSERT(asks_for(965, 984));
    for (int i = 0; i < 2; i++)
        CU_ASSERT_EQUAL(answer(1, 0, -1), FILL_AGAIN);
    for (int64_t first = 965; at(first) > target_ms; first = minute_of(stage.series->fill.searched_ms) - PER_CALL) {
        CU_ASSERT_EQUAL(answer(1, 0, -1), FILL_NEXT); /* an exchange may have been away for so long */
        CU_ASSERT_PTR_NOT_NULL(fill_begin(&stage.fill));
    }
    CU_ASSERT_EQUAL(answer(1, 0, -1), FILL_SENT);
    CU_ASSERT(sent.rows == 0 && sent.absences == 1);
    CU_ASSERT_EQUAL(sent.absence.reason, ABSENCE_REASON_BEFORE_LISTING);
    CU_ASSERT(sent.absence.first_open_ms == target_ms && sent.absence.last_open_ms == at(984));
    fill_on_ack(&stage.fill, ARCHIVE_TAG_FILL, true);
    CU_ASSERT_PTR_NULL(fill_begin(&stage.fill));
    fill_look(&stage.fill, at(NOW + 600));
    CU_ASSERT_EQUAL(stage.fill.stored, stage.fill.wanted);
    clear_stage();
}

/* Twenty minutes without a trade are none that say that there is no more. */
static void a_quiet_time_does_not_end_history(void)
{
    set_stage(true, 0);
    CU_ASSERT_PTR_NOT_NULL(fill_begin(&stage.fill));
    CU_ASSERT_EQUAL(answer(1, 0, -1), FILL_AGAIN);
    CU_ASSERT_EQUAL(answer(1, 0, -1), FILL_NEXT);
    CU_ASSERT_EQUAL(sent.messages, 0);
    CU_ASSERT_PTR_NOT_NULL(fill_begin(&stage.fill));
    CU_ASSERT(asks_for(950, 969));
    CU_ASSERT_EQUAL(answer(955, 960, -1), FILL_AGAIN);
    CU_ASSERT_EQUAL(answer(955, 960, -1), FILL_SENT);
    CU_ASSERT(sent.rows == 6 && sent.absences == 1);
    CU_ASSERT(sent.absence.first_open_ms == at(961) && sent.absence.last_open_ms == at(989));
    CU_ASSERT_EQUAL(sent.absence.reason, ABSENCE_REASON_NO_TRADES);
    fill_on_ack(&stage.fill, ARCHIVE_TAG_FILL, true);
    CU_ASSERT_EQUAL(take_empty_pieces(), (955 - 160 + PER_CALL - 1) / PER_CALL); /* down to where history is wanted from */
    CU_ASSERT_EQUAL(sent.absence.reason, ABSENCE_REASON_NO_TRADES);
    clear_stage();
}

/* Binance was away for 33 hours in February 2018: that is no listing. */
static void only_long_emptiness_ends_history(void)
{
    for (int quiet = 0; quiet < 2; quiet++) {
        depth_days = 5;
        stage_now = 10 * NOW;
        set_stage(quiet == 1, 0);
        depth_days = 1;
        stage_now = NOW;
        CU_ASSERT_EQUAL(take_empty_pieces(), FILL_EMPTY_MS / MINUTE / PER_CALL);
        CU_ASSERT_EQUAL(sent.absence.reason, ABSENCE_REASON_BEFORE_LISTING);
        CU_ASSERT_EQUAL(sent.absence.first_open_ms, stage.series->fill.target_ms);
        clear_stage();
    }
}

/* What is there and cannot be true is absent, and no end: history goes on behind it. */
static void rows_that_cannot_be_true_do_not_end_history(void)
{
    struct candle rows[PER_CALL];
    set_stage(false, 0);
    CU_ASSERT_PTR_NOT_NULL(fill_begin(&stage.fill));
    for (int i = 0; i < PER_CALL; i++) {
        rows[i] = candle_of(970 + i);
        rows[i].open_time_ms += 14789;
    }
    for (int i = 0; i < INTAKE_HOLE_ASKS; i++)
        CU_ASSERT_EQUAL(fill_take(&stage.fill, stage.series, rows, PER_CALL - 1), FILL_AGAIN);
    CU_ASSERT_EQUAL(fill_take(&stage.fill, stage.series, rows, PER_CALL - 1), FILL_SENT);
    CU_ASSERT(sent.rows == 0 && sent.absences == 1);
    CU_ASSERT(sent.absence.first_open_ms == at(970) && sent.absence.last_open_ms == at(989));
    CU_ASSERT_EQUAL(sent.absence.reason, ABSENCE_REASON_EXCHANGE_LACKS);
    fill_on_ack(&stage.fill, ARCHIVE_TAG_FILL, true);
    CU_ASSERT_PTR_NOT_NULL(fill_begin(&stage.fill));
    CU_ASSERT(asks_for(950, 969));
    fill_refuse(&stage.fill, stage.series, at(949)); /* of another time */
    CU_ASSERT_EQUAL(answer(1, 0, -1), FILL_AGAIN);
    fill_refuse(&stage.fill, stage.series, at(969) + 14789);
    CU_ASSERT_EQUAL(answer(1, 0, -1), FILL_AGAIN);
    CU_ASSERT_EQUAL(answer(1, 0, -1), FILL_SENT);
    CU_ASSERT(sent.absence.first_open_ms == at(950) && sent.absence.last_open_ms == at(969));
    clear_stage();
}

/* The place of a market that is refused is free for others, and their history does not wait for what it lacks. */
static void what_rests_holds_up_nothing(void)
{
    set_stage(false, 0);
    stage.series->stored_through_ms = at(980);
    stage.series->dropped_through_ms = at(989);
    fill_look(&stage.fill, at(NOW + 600));
    CU_ASSERT_EQUAL(stage.fill.pressing, 1);
    CU_ASSERT_PTR_NOT_NULL(fill_begin(&stage.fill));
    fill_rest(&stage.fill, stage.series);
    CU_ASSERT_PTR_NULL(fill_piece_of(&stage.fill, stage.series));
    CU_ASSERT_PTR_NULL(fill_begin(&stage.fill));
    fill_look(&stage.fill, at(NOW + 600));
    CU_ASSERT(stage.fill.behind == 1 && stage.fill.pressing == 0);
    int64_t rest_ms = stage.series->fill.rest_ms;
    fill_rest(&stage.fill, stage.series);
    CU_ASSERT_EQUAL(stage.series->fill.rest_ms, 2 * rest_ms);
    stage.series->fill.rest_until_ms = 0;
    CU_ASSERT_PTR_NOT_NULL(fill_begin(&stage.fill));
    CU_ASSERT_EQUAL(answer(981, 989, -1), FILL_SENT);
    CU_ASSERT_EQUAL(stage.series->fill.rest_ms, 0);
    clear_stage();
}

static void an_exchange_is_asked_as_far_as_it_reaches(void)
{
    set_stage(false, 720);
    CU_ASSERT_EQUAL(stage.series->fill.target_ms, at(NOW + 600 - 720 + FILL_REACH_SPARE));
    clear_stage();
}

static void what_was_dropped_comes_first_and_forward(void)
{
    set_stage(false, 0);
    stage.series->stored_through_ms = at(950);
    stage.series->dropped_through_ms = at(989);
    archive_mark(&stage.archive, stage.series);
    archive_on_tick(&stage.archive, 0);
    CU_ASSERT_EQUAL(sent.messages, 0); /* what follows a hole waits */
    fill_look(&stage.fill, at(NOW + 600));
    CU_ASSERT_EQUAL(stage.fill.behind, 1);
    CU_ASSERT_PTR_NOT_NULL(fill_begin(&stage.fill));
    CU_ASSERT(asks_for(951, 970));
    CU_ASSERT_EQUAL(answer(951, 970, -1), FILL_SENT);
    CU_ASSERT(!sent.history && sent.rows == 20);
    fill_on_ack(&stage.fill, ARCHIVE_TAG_FILL, true);
    CU_ASSERT_PTR_NOT_NULL(fill_begin(&stage.fill));
    CU_ASSERT(asks_for(971, 989));
    for (int i = 0; i < 2; i++)
        CU_ASSERT_EQUAL(answer(971, 988, 975), FILL_AGAIN);
    CU_ASSERT_EQUAL(answer(971, 988, 975), FILL_SENT);
    CU_ASSERT(sent.rows == 17 && sent.absences == 2);
    CU_ASSERT(sent.absence.first_open_ms == at(989) && sent.absence.last_open_ms == at(989));
    fill_on_ack(&stage.fill, ARCHIVE_TAG_FILL, true);
    CU_ASSERT(!series_is_behind(stage.series));
    archive_on_tick(&stage.archive, 0);
    CU_ASSERT(sent.rows == RING && sent.first == 990 && sent.absences == 0); /* and the ring goes on */
    clear_stage();
}

/* Of a market that does not trade. */
static void what_is_refused_again_and_again_is_absent(void)
{
    set_stage(true, 0); /* also where quiet times are left out, this is none */
    stage.series->stored_through_ms = at(980);
    stage.series->dropped_through_ms = at(989);
    CU_ASSERT_PTR_NOT_NULL(fill_begin(&stage.fill));
    stage.series->halted = true;
    for (int i = 0; i < INTAKE_HOLE_ASKS; i++)
        CU_ASSERT_EQUAL(fill_take_refusal(&stage.fill, stage.series), FILL_AGAIN);
    CU_ASSERT_EQUAL(fill_take_refusal(&stage.fill, stage.series), FILL_SENT);
    CU_ASSERT(!sent.history && sent.rows == 0 && sent.absences == 1);
    CU_ASSERT(sent.absence.first_open_ms == at(981) && sent.absence.last_open_ms == at(989));
    CU_ASSERT_EQUAL(sent.absence.reason, ABSENCE_REASON_EXCHANGE_LACKS);
    fill_on_ack(&stage.fill, ARCHIVE_TAG_FILL, true);
    CU_ASSERT(!series_is_behind(stage.series));
    fill_look(&stage.fill, at(NOW + 600));
    CU_ASSERT_PTR_NOT_NULL(fill_begin(&stage.fill)); /* now its history, which ends where it is */
    for (int i = 0; i < INTAKE_HOLE_ASKS; i++)
        CU_ASSERT_EQUAL(fill_take_refusal(&stage.fill, stage.series), FILL_AGAIN);
    CU_ASSERT_EQUAL(fill_take_refusal(&stage.fill, stage.series), FILL_NEXT);
    CU_ASSERT_PTR_NULL(fill_begin(&stage.fill));
    CU_ASSERT_EQUAL(sent.messages, 1);
    clear_stage();
}

/* Whatever is used, work begins as often as the share of a core allows, and it is not late for ever after much work. */
static void work_takes_its_share_of_a_core(void)
{
    struct pace pace;
    int64_t now_us = 0, cpu_us = 0;
    pace_init(&pace, 20, 0, 0);
    for (int i = 0; i < 100000; i++) {
        int64_t wait_us = pace_wait_us(&pace, now_us, cpu_us);
        if (wait_us == 0)
            cpu_us += (int64_t)(test_random() % 5000);
        now_us += wait_us > 0 ? wait_us + (int64_t)(test_random() % 100) : (int64_t)(test_random() % 3000);
    }
    CU_ASSERT(cpu_us * 100 / now_us >= 18 && cpu_us * 100 / now_us <= 20);
    (void)pace_wait_us(&pace, now_us, cpu_us);
    CU_ASSERT(pace_wait_us(&pace, now_us, cpu_us + 60000000) <= (int64_t)PACE_DEBT_US * 5);
    CU_ASSERT_EQUAL(pace_wait_us(&pace, now_us + (int64_t)PACE_DEBT_US * 5, cpu_us + 60000000), 0);
}

const char *const suite_name = "fill";

const struct test suite_tests[] = {
    {"history goes backward, piece by piece", history_goes_backward_piece_by_piece},
    {"a hole is one in all answers together", a_hole_is_one_in_all_answers_together},
    {"history ends where the market began", history_ends_where_the_market_began},
    {"a quiet time does not end history", a_quiet_time_does_not_end_history},
    {"only long emptiness ends history", only_long_emptiness_ends_history},
    {"rows that cannot be true do not end history", rows_that_cannot_be_true_do_not_end_history},
    {"what rests holds up nothing", what_rests_holds_up_nothing},
    {"an exchange is asked as far as it reaches", an_exchange_is_asked_as_far_as_it_reaches},
    {"what was dropped comes first, and forward", what_was_dropped_comes_first_and_forward},
    {"what is refused again and again is absent", what_is_refused_again_and_again_is_absent},
    {"work takes its share of a core", work_takes_its_share_of_a_core},
    {NULL, NULL},
};
