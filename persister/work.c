/* What the persister does with the database: writing, granting leases, answering. */
/* SPDX-License-Identifier: MIT */
#include "persister/state.h"

#include "lib/base/clock.h"
#include "lib/base/log.h"
#include "lib/runtime/metrics.h"

#include <string.h>

enum {
    RETRY_UNSENT_MS = 5, /* pause before a part that the link did not take is sent again */
    WORK_PER_TURN = 16,  /* pieces of work that an engine without waiting may do before messages are read again, */
    TURN_MS = 10,        /* unless they take so long: what has come meanwhile may be more urgent than the next */
};

/* ---- answering deliveries ---- */

void persister_ack(struct persister *persister, const struct peer *peer, uint64_t sequence, enum verdict verdict)
{
    struct ack ack = {.sequence = sequence, .verdict = verdict};
    int code = service_send(persister->context, LINK_STORE, peer, RECORD_ack, &ack);
    (void)code; /* lost with its sender, who sends the delivery again */
}

/* Answers the first `count` deliveries of the batch that is written. */
static void settle(struct persister *persister, struct batch *writing, size_t count, enum verdict verdict)
{
    for (size_t i = 0; i < count; i++) {
        const struct delivery *delivery = batch_front(writing) + i;
        persister->desk.ledger_settled += delivery->generation != 0;
        persister_ack(persister, &delivery->peer, delivery->sequence, verdict);
    }
    batch_settle(writing, count);
}

static void settle_fenced(struct persister *persister, struct batch *writing)
{
    while (batch_waiting(writing) > 0 &&
           delivery_is_fenced(batch_front(writing), persister->desk.trader_generation)) {
        log_warn("ledger_fenced", log_int("generation", (int64_t)batch_front(writing)->generation),
                 log_int("current", (int64_t)persister->desk.trader_generation));
        settle(persister, writing, 1, VERDICT_FENCED);
    }
}

/* ---- writing ---- */

static void on_written(void *user, const struct store_result *result)
{
    struct persister *persister = user;
    struct batch *writing = persister->lanes[persister->written].writing;
    if (result->code == 0) {
        metric_add(METRIC_store_transactions_total, 1);
        metric_add(METRIC_store_changed_total, (double)result->changed);
        if (persister->written == LANE_CANDLES)
            lane_pace_note(&persister->pace, persister->tried_rows, clock_monotonic_ms() - persister->begun_ms);
        settle(persister, writing, persister->tried, VERDICT_ACCEPTED);
        return;
    }
    metric_add(METRIC_store_failures_total, 1);
    if (result->code == ERROR_DENIED) {
        persister->desk.generation_known = false; /* another persister granted a lease: learn of it first */
    } else if (result->code == ERROR_STORE && persister->tried > 1) {
        batch_suspect(writing, persister->tried);
    } else if (result->code == ERROR_STORE) {
        log_error("delivery_refused", log_int("sequence", (int64_t)batch_front(writing)->sequence),
                  log_text("reason", result->message));
        settle(persister, writing, 1, VERDICT_INVALID);
    }
}

struct lane_terms persister_terms(const struct persister *persister)
{
    const struct config *config = persister->context->config;
    return (struct lane_terms){.batch_rows = (size_t)config->database_batch_rows,
                               .batch_ms = config->database_batch_ms,
                               .at_once = persister->stopping};
}

size_t persister_waiting(const struct persister *persister)
{
    size_t count = 0;
    for (enum lane_kind kind = 0; kind < LANES; kind++)
        count += lane_waiting(&persister->lanes[kind]);
    return count;
}

size_t persister_rows(const struct persister *persister)
{
    size_t count = 0;
    for (enum lane_kind kind = 0; kind < LANES; kind++)
        count += lane_rows(&persister->lanes[kind]);
    return count;
}

static bool begin_writing(struct persister *persister, int64_t now_ms)
{
    struct store_batch rows;
    struct lane_terms terms = persister_terms(persister);
    bool wants[LANES];
    for (enum lane_kind kind = 0; kind < LANES; kind++) {
        struct lane *lane = &persister->lanes[kind];
        settle_fenced(persister, lane->writing);
        if (batch_waiting(lane->writing) == 0 && lane_is_due(lane, &terms, now_ms)) {
            lane_swap(lane);
            settle_fenced(persister, lane->writing);
        }
        wants[kind] = batch_waiting(lane->writing) > 0;
    }
    enum lane_kind chosen = lane_choose(wants, persister->written);
    if (chosen == LANES)
        return false;
    persister->written = chosen;
    struct batch *writing = persister->lanes[chosen].writing;
    size_t rows_max = chosen == LANE_CANDLES ? persister->pace.rows : SIZE_MAX;
    persister->tried = batch_next(writing, persister->desk.trader_generation, rows_max, &rows);
    persister->tried_rows = rows.candle_count + rows.absence_count + rows.series_count;
    persister->begun_ms = clock_monotonic_ms();
    persister->query_is_next = true;
    persister->store.kind->write(&persister->store, &rows, on_written, persister);
    return true;
}

/* ---- leases ---- */

static void on_question_answered(void *user, const struct store_result *result)
{
    struct persister *persister = user;
    struct lease_request question = lease_desk_question();
    if (result->code == 0)
        lease_desk_learn(&persister->desk, question.name, result->generation);
}

static void on_lease(void *user, const struct store_result *result)
{
    struct persister *persister = user;
    const struct lease_entry *entry = &persister->lease;
    if (result->code != 0) { /* the holder asks again */
        metric_add(METRIC_store_failures_total, 1);
        return;
    }
    lease_desk_learn(&persister->desk, entry->request.name, result->generation);
    lease_desk_grant(&persister->desk, &entry->request, result->granted);
    struct lease_reply reply = {
        .sent_ms = entry->request.sent_ms, .granted = result->granted, .generation = result->generation};
    memcpy(reply.name, entry->request.name, sizeof reply.name);
    int code = service_send(persister->context, LINK_STORE, &entry->peer, RECORD_lease_reply, &reply);
    (void)code; /* it asks again */
}

static bool begin_lease(struct persister *persister, int64_t now_ms)
{
    struct lease_request question = lease_desk_question();
    if (!persister->desk.generation_known) {
        persister->store.kind->lease(&persister->store, &question, on_question_answered, persister);
        return true;
    }
    if (!lease_desk_next(&persister->desk, now_ms, &persister->lease))
        return false;
    persister->store.kind->lease(&persister->store, &persister->lease.request, on_lease, persister);
    return true;
}

/* ---- queries ---- */

static void on_part(void *user, const struct store_part *part)
{
    history_send_part(user, part);
}

static void on_answered(void *user, const struct store_result *result)
{
    history_send_end(user, result->code == 0 ? "" : result->message);
}

static bool begin_query(struct persister *persister)
{
    struct history_answer *answer = history_next(&persister->history);
    if (answer == NULL)
        return false;
    persister->query_is_next = false;
    persister->store.kind->query(&persister->store, &answer->asked.query, on_part, on_answered, answer);
    return true;
}

/* ---- the one place where work begins ---- */

static bool begin_work(struct persister *persister, int64_t now_ms, bool sent)
{
    const struct store *store = &persister->store;
    if (store->kind->takes(store, STORE_LEASE) && begin_lease(persister, now_ms))
        return true;
    /* Nothing is written before it is known whose ledger it may be. */
    bool writes = persister->desk.generation_known && store->kind->takes(store, STORE_WRITE);
    bool answers = sent && store->kind->takes(store, STORE_QUERY);
    if (answers && (persister->query_is_next || !writes) && begin_query(persister))
        return true;
    return (writes && begin_writing(persister, now_ms)) || (answers && begin_query(persister));
}

static void on_descriptor(void *user, int events);

static void watch(struct persister *persister, const struct store_wait *wait)
{
    struct loop *loop = persister->context->loop;
    int events = (wait->read ? LOOP_READ : 0) | (wait->write ? LOOP_WRITE : 0);
    if (wait->fd != persister->watched_fd && persister->watched_fd >= 0)
        loop_remove_fd(loop, persister->watched_fd);
    if (wait->fd == persister->watched_fd && wait->fd >= 0)
        loop_change_fd(loop, wait->fd, events);
    else if (wait->fd >= 0 && loop_add_fd(loop, wait->fd, events, on_descriptor, persister) < 0)
        log_error("watch_failed", log_text("reason", error_message()));
    persister->watched_fd = wait->fd;
}

/* Sets when persister_attend() is called next if nothing else wakes it. */
static void set_alarm(struct persister *persister, int64_t deadline_ms, bool unsent)
{
    int64_t now_ms = clock_monotonic_ms();
    int64_t delay_ms = deadline_ms - now_ms;
    if (unsent)
        delay_ms = RETRY_UNSENT_MS;
    for (enum lane_kind kind = 0; kind < LANES; kind++) {
        const struct batch *batch = persister->lanes[kind].filling;
        int64_t due_ms = batch->oldest_ms + persister->context->config->database_batch_ms - now_ms;
        if (batch_waiting(batch) > 0 && due_ms > 0 && due_ms < delay_ms)
            delay_ms = due_ms;
    }
    if (delay_ms > PERSISTER_TICK_MS)
        delay_ms = PERSISTER_TICK_MS;
    loop_set_timer(persister->context->loop, persister->timer, delay_ms > 0 ? delay_ms : 0);
}

void persister_attend(void *user, int64_t now_ms)
{
    struct persister *persister = user;
    struct store *store = &persister->store;
    struct store_wait wait;
    bool sent = history_flush(&persister->history, now_ms);
    store->holds_answers = !sent; /* an asker who takes nothing holds up the others, for HISTORY_STUCK_MS at most */
    store->kind->advance(store, now_ms);
    sent = history_flush(&persister->history, now_ms);
    int64_t turn_ms = clock_monotonic_ms() + TURN_MS;
    bool turn_is_over = false;
    for (int begun = 1; !turn_is_over && begin_work(persister, now_ms, sent); begun++) {
        sent = history_flush(&persister->history, now_ms);
        turn_is_over = begun == WORK_PER_TURN || clock_monotonic_ms() >= turn_ms;
    }
    store->holds_answers = !sent;
    store->kind->wait(store, &wait);
    if (turn_is_over)
        wait.deadline_ms = 0;
    watch(persister, &wait);
    set_alarm(persister, wait.deadline_ms, !sent);
    if (persister->stopping && persister_waiting(persister) == 0)
        loop_stop(persister->context->loop);
}

static void on_descriptor(void *user, int events)
{
    struct persister *persister = user;
    (void)events;
    persister_attend(persister, loop_now_ms(persister->context->loop));
}

void persister_wake(struct persister *persister)
{
    loop_set_timer(persister->context->loop, persister->timer, 0);
}
