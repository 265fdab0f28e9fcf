/* The persister: holds the database, alone. It collects what fetcher and trader send until it is worth a transaction,
 * acks after the commit, answers questions to the history and grants leases. All its state is in the database: killed
 * at any moment and started again, it goes on where its senders stand.
 *
 * Work for the database is done one piece at a time. attend() is the only place that begins one; everything else
 * just queues and wakes it. */
/* SPDX-License-Identifier: MIT */
#include "persister/persister.h"

#include "lib/base/clock.h"
#include "lib/base/log.h"
#include "lib/runtime/metrics.h"
#include "lib/store/store.h"
#include "persister/batch.h"
#include "persister/board.h"
#include "persister/history.h"
#include "persister/lease.h"

#include <stdio.h>
#include <string.h>

enum {
    TICK_MS = 250,
    STOP_MS = 3000,        /* how long a stopping persister tries to commit what waits */
    RETRY_UNSENT_MS = 5,   /* pause before a part that the link did not take is sent again */
    WORK_PER_TURN = 16,    /* pieces of work that an engine without waiting may do before messages are read again */
    GENERATION_MAX = INT32_MAX,
};

struct persister {
    struct service_context *context;
    struct store store;
    struct batch batches[2];
    struct batch *filling; /* takes deliveries */
    struct batch *writing; /* is cut into transactions; filled no more until all of it is answered */
    size_t tried;          /* deliveries of the transaction under way */
    struct lease_desk desk;
    struct lease_entry lease; /* the request under way */
    struct history history;
    bool query_is_next; /* writing and answering take turns */
    struct board board;
    struct process_state processes[1 + BOARD_ROWS_MAX]; /* an answer: its own row and the board's */
    int timer;
    int watched_fd;
    bool stopping;
};

/* ---- answering deliveries ---- */

static void send_ack(struct persister *persister, const struct peer *peer, uint64_t sequence, enum verdict verdict)
{
    struct ack ack = {.sequence = sequence, .verdict = verdict};
    int code = service_send(persister->context, LINK_STORE, peer, RECORD_ack, &ack);
    (void)code; /* lost with its sender, who sends the delivery again */
}

/* Answers the first `count` deliveries of the batch that is written. */
static void settle(struct persister *persister, size_t count, enum verdict verdict)
{
    for (size_t i = 0; i < count; i++) {
        const struct delivery *delivery = batch_front(persister->writing) + i;
        persister->desk.ledger_settled += delivery->generation != 0;
        send_ack(persister, &delivery->peer, delivery->sequence, verdict);
    }
    batch_settle(persister->writing, count);
}

static void settle_fenced(struct persister *persister)
{
    while (batch_waiting(persister->writing) > 0 &&
           delivery_is_fenced(batch_front(persister->writing), persister->desk.trader_generation)) {
        log_warn("ledger_fenced", log_int("generation", (int64_t)batch_front(persister->writing)->generation),
                 log_int("current", (int64_t)persister->desk.trader_generation));
        settle(persister, 1, VERDICT_FENCED);
    }
}

/* ---- writing ---- */

static void on_written(void *user, const struct store_result *result)
{
    struct persister *persister = user;
    if (result->code == 0) {
        metric_add(METRIC_store_transactions_total, 1);
        metric_add(METRIC_store_changed_total, (double)result->changed);
        settle(persister, persister->tried, VERDICT_ACCEPTED);
        return;
    }
    metric_add(METRIC_store_failures_total, 1);
    if (result->code == ERROR_DENIED) {
        persister->desk.generation_known = false; /* another persister granted a lease: learn of it first */
    } else if (result->code == ERROR_STORE && persister->tried > 1) {
        batch_suspect(persister->writing, persister->tried);
    } else if (result->code == ERROR_STORE) {
        log_error("delivery_refused", log_int("sequence", (int64_t)batch_front(persister->writing)->sequence),
                  log_text("reason", result->message));
        settle(persister, 1, VERDICT_INVALID);
    }
}

static bool batch_is_due(const struct persister *persister, int64_t now_ms)
{
    const struct batch *batch = persister->filling;
    const struct config *config = persister->context->config;
    return batch_waiting(batch) > 0 &&
           (persister->stopping || batch_has_ledger(batch) || batch_rows(batch) >= (size_t)config->database_batch_rows ||
            now_ms - batch->oldest_ms >= config->database_batch_ms);
}

static void swap_batches(struct persister *persister)
{
    struct batch *filled = persister->filling;
    persister->filling = persister->writing;
    persister->writing = filled;
}

static bool begin_writing(struct persister *persister, int64_t now_ms)
{
    struct store_batch rows;
    settle_fenced(persister);
    if (batch_waiting(persister->writing) == 0) {
        if (!batch_is_due(persister, now_ms))
            return false;
        swap_batches(persister);
        settle_fenced(persister);
        if (batch_waiting(persister->writing) == 0)
            return false;
    }
    persister->tried = batch_next(persister->writing, persister->desk.trader_generation, &rows);
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
    struct persister *persister = user;
    history_send_part(&persister->history, part);
}

static void on_answered(void *user, const struct store_result *result)
{
    struct persister *persister = user;
    history_send_end(&persister->history, result->code == 0 ? "" : result->message);
}

static bool begin_query(struct persister *persister)
{
    if (!history_next(&persister->history))
        return false;
    persister->query_is_next = false;
    persister->store.kind->query(&persister->store, &persister->history.asked.query, on_part, on_answered, persister);
    return true;
}

/* ---- the one place where work begins ---- */

static bool begin_work(struct persister *persister, int64_t now_ms)
{
    const struct store *store = &persister->store;
    if (!store->kind->idle(store) || !store->kind->ready(store))
        return false;
    if (begin_lease(persister, now_ms))
        return true;
    if (persister->query_is_next && begin_query(persister))
        return true;
    return begin_writing(persister, now_ms) || begin_query(persister);
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

/* Sets when attend() is called next if nothing else wakes it. */
static void set_alarm(struct persister *persister, int64_t deadline_ms, bool unsent)
{
    int64_t now_ms = clock_monotonic_ms();
    int64_t delay_ms = deadline_ms - now_ms;
    if (unsent)
        delay_ms = RETRY_UNSENT_MS;
    if (batch_waiting(persister->filling) > 0) {
        int64_t due_ms = persister->filling->oldest_ms + persister->context->config->database_batch_ms - now_ms;
        if (due_ms > 0 && due_ms < delay_ms)
            delay_ms = due_ms;
    }
    if (delay_ms > TICK_MS)
        delay_ms = TICK_MS;
    loop_set_timer(persister->context->loop, persister->timer, delay_ms > 0 ? delay_ms : 0);
}

static void attend(void *user, int64_t now_ms)
{
    struct persister *persister = user;
    struct store *store = &persister->store;
    struct store_wait wait;
    bool sent = history_flush(&persister->history, now_ms);
    if (sent) { /* else the next part has to wait, and all other work with it, for HISTORY_STUCK_MS at most */
        store->kind->advance(store, now_ms);
        sent = history_flush(&persister->history, now_ms);
    }
    int begun = 0;
    while (begun < WORK_PER_TURN && sent && begin_work(persister, now_ms)) {
        begun++;
        sent = history_flush(&persister->history, now_ms);
    }
    store->kind->wait(store, &wait);
    if (begun == WORK_PER_TURN)
        wait.deadline_ms = 0;
    if (!sent)
        wait.fd = -1;
    watch(persister, &wait);
    set_alarm(persister, wait.deadline_ms, !sent);
    if (persister->stopping && batch_waiting(persister->writing) + batch_waiting(persister->filling) == 0)
        loop_stop(persister->context->loop);
}

static void on_descriptor(void *user, int events)
{
    struct persister *persister = user;
    (void)events;
    attend(persister, loop_now_ms(persister->context->loop));
}

/* Lets attend() run once all messages that are here have been read: they share a transaction. */
static void wake(struct persister *persister)
{
    loop_set_timer(persister->context->loop, persister->timer, 0);
}

/* ---- messages ---- */

static bool is_waiting(const struct persister *persister, const struct peer *peer, uint64_t sequence)
{
    return batch_has(persister->writing, peer, sequence) || batch_has(persister->filling, peer, sequence);
}

/* What a full batch does not take is sent again by its sender. */
static int taken(struct persister *persister, int code, size_t rows)
{
    if (code == ERROR_FULL) {
        metric_add(METRIC_messages_dropped_total, 1);
        return 0;
    }
    if (code == 0) {
        metric_add(METRIC_store_rows_total, (double)rows);
        if (batch_is_due(persister, loop_now_ms(persister->context->loop)) || batch_waiting(persister->filling) == 1)
            wake(persister);
    }
    return code;
}

static int on_candles(struct persister *persister, const struct peer *peer, const uint8_t *bytes, size_t size)
{
    struct store_candles message;
    int code = message_decode(RECORD_store_candles, bytes, size, &message);
    if (code < 0 || is_waiting(persister, peer, message.sequence))
        return code;
    code = batch_take_candles(persister->filling, peer, &message, loop_now_ms(persister->context->loop));
    return taken(persister, code, message.rows.count);
}

static int on_series(struct persister *persister, const struct peer *peer, const uint8_t *bytes, size_t size)
{
    struct store_series message;
    int code = message_decode(RECORD_store_series, bytes, size, &message);
    if (code < 0 || is_waiting(persister, peer, message.sequence))
        return code;
    code = batch_take_series(persister->filling, peer, &message, loop_now_ms(persister->context->loop));
    return taken(persister, code, message.rows.count);
}

static int on_ledger(struct persister *persister, const struct peer *peer, const uint8_t *bytes, size_t size)
{
    struct store_ledger message;
    int code = message_decode(RECORD_store_ledger, bytes, size, &message);
    if (code < 0 || is_waiting(persister, peer, message.sequence))
        return code;
    if (message.generation > GENERATION_MAX || lease_desk_fences(&persister->desk, message.generation)) {
        send_ack(persister, peer, message.sequence, VERDICT_FENCED);
        return 0;
    }
    code = batch_take_ledger(persister->filling, peer, &message, loop_now_ms(persister->context->loop));
    persister->desk.ledger_taken += code == 0;
    return taken(persister, code, message.outcomes.count + message.orders.count + message.fills.count +
                                      message.positions.count + message.accounts.count);
}

static int on_lease_request(struct persister *persister, const struct peer *peer, const uint8_t *bytes, size_t size)
{
    struct lease_request request;
    int code = message_decode(RECORD_lease_request, bytes, size, &request);
    if (code == 0)
        code = lease_desk_add(&persister->desk, peer, &request, loop_now_ms(persister->context->loop));
    wake(persister);
    return code;
}

static int on_report(struct persister *persister, const struct peer *peer, const uint8_t *bytes, size_t size)
{
    struct process_report report;
    struct process_state row;
    (void)peer;
    int code = message_decode(RECORD_process_report, bytes, size, &report);
    if (code < 0)
        return code;
    while (list_next(&report.rows, RECORD_process_state, &row))
        board_put(&persister->board, &row, clock_wall_ms());
    return 0;
}

static void answer_processes(struct persister *persister, const struct peer *peer, uint64_t id)
{
    struct process_state *rows = persister->processes;
    rows[0] = service_state(persister->context);
    rows[0].work = (uint64_t)metric_value(METRIC_store_rows_total);
    size_t count = 1 + board_read(&persister->board, clock_wall_ms(), rows + 1);
    history_send_processes(&persister->history, peer, id, rows, count);
}

static int on_query(struct persister *persister, const struct peer *peer, const uint8_t *bytes, size_t size)
{
    struct query query;
    int code = message_decode(RECORD_query, bytes, size, &query);
    if (code < 0)
        return code;
    if (query.kind == QUERY_KIND_PROCESSES) {
        answer_processes(persister, peer, query.id);
        return 0;
    }
    history_add(&persister->history, peer, &query, loop_now_ms(persister->context->loop));
    wake(persister);
    return 0;
}

/* Everything that is received, and by which link. */
static const struct handler {
    enum link link;
    enum record record;
    int (*handle)(struct persister *persister, const struct peer *peer, const uint8_t *bytes, size_t size);
} handlers[] = {
    {LINK_STORE, RECORD_store_candles, on_candles},
    {LINK_STORE, RECORD_store_series, on_series},
    {LINK_STORE, RECORD_store_ledger, on_ledger},
    {LINK_STORE, RECORD_lease_request, on_lease_request},
    {LINK_STORE, RECORD_process_report, on_report},
    {LINK_HISTORY, RECORD_query, on_query},
};

static int on_message(struct service_context *context, void *state, enum link link, const struct peer *peer,
                      enum record record, const uint8_t *bytes, size_t size)
{
    (void)context;
    for (size_t i = 0; i < sizeof handlers / sizeof handlers[0]; i++)
        if (handlers[i].link == link && handlers[i].record == record)
            return handlers[i].handle(state, peer, bytes, size);
    return error_set(ERROR_PROTOCOL, "a %s does not belong on this link", records[record].name);
}

/* ---- life ---- */

static void on_tick(struct service_context *context, void *state, int64_t now_ms)
{
    struct persister *persister = state;
    const struct store *store = &persister->store;
    bool ready = store->kind->ready(store);
    service_set_status(context, ready ? PROCESS_STATUS_READY : PROCESS_STATUS_DEGRADED, store->text);
    metric_set(METRIC_store_connected, ready);
    metric_set(METRIC_store_waiting_rows, (double)(batch_rows(persister->filling) + batch_rows(persister->writing)));
    if (!ready)
        history_expire(&persister->history, now_ms, store->text);
}

static int open_persister(struct service_context *context, void *state)
{
    struct persister *persister = state;
    persister->context = context;
    persister->history.context = context;
    persister->filling = &persister->batches[0];
    persister->writing = &persister->batches[1];
    persister->watched_fd = -1;
    for (int i = 0; i < 2; i++) {
        int code = batch_init(&persister->batches[i], (size_t)context->config->database_batch_rows);
        if (code < 0)
            return code;
    }
    persister->timer = loop_add_timer(context->loop, 0, 0, attend, persister);
    if (persister->timer < 0)
        return persister->timer;
    int code = store_open(&persister->store, secret_reveal(&context->config->database_url));
    return code < 0 ? error_context(code, "database.url") : 0;
}

static void on_stop(struct service_context *context, void *state)
{
    struct persister *persister = state;
    persister->stopping = true;
    if (batch_waiting(persister->writing) + batch_waiting(persister->filling) > 0) {
        context->stop_ms = STOP_MS;
        wake(persister);
    }
}

static void close_persister(struct service_context *context, void *state)
{
    struct persister *persister = state;
    size_t unwritten = batch_rows(persister->writing) + batch_rows(persister->filling);
    if (unwritten > 0)
        log_warn("rows_unwritten", log_int("rows", (int64_t)unwritten), log_text("reason", persister->store.text));
    if (persister->watched_fd >= 0)
        loop_remove_fd(context->loop, persister->watched_fd);
    store_close(&persister->store);
    for (int i = 0; i < 2; i++)
        batch_release(&persister->batches[i]);
}

const struct service persister_service = {
    .role = ROLE_PERSISTER,
    .state_size = sizeof(struct persister),
    .tick_ms = TICK_MS,
    .open = open_persister,
    .on_message = on_message,
    .on_tick = on_tick,
    .on_stop = on_stop,
    .close = close_persister,
};
