/* Answers, part by part. */
/* SPDX-License-Identifier: MIT */
#include "persister/history.h"

#include "lib/base/log.h"
#include "lib/runtime/metrics.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

/* ---- sending ---- */

static struct answer empty_answer(uint64_t id)
{
    return (struct answer){.id = id, .symbol = "-"};
}

/* What a person reads in an answer's error field: printable, cut to its size. */
static void set_error(struct answer *answer, const char *error)
{
    (void)snprintf(answer->error, sizeof answer->error, "%s", error);
    for (char *at = answer->error; *at != '\0'; at++)
        if (*at < ' ' || *at > '~')
            *at = '?';
}

bool history_flush(struct history *history, int64_t now_ms)
{
    if (history->unsent == 0)
        return true;
    int code = service_send_bytes(history->context, LINK_HISTORY, &history->unsent_to, history->bytes, history->unsent);
    if (code == ERROR_FULL && now_ms - history->unsent_since_ms < HISTORY_STUCK_MS)
        return false;
    if (history->unsent_of != NULL)
        history->unsent_of->asker_is_gone = code < 0;
    history->unsent = 0;
    return true;
}

/* Sends a message of an answer, or keeps it to be sent by history_flush. */
static void send_message(struct history_answer *answer, struct answer *message)
{
    struct history *history = answer->history;
    if (answer->asker_is_gone)
        return;
    assert(history->unsent == 0);
    int64_t now_ms = loop_now_ms(history->context->loop);
    message->part = answer->parts;
    int code = message_encode(RECORD_answer, message, history->bytes, sizeof history->bytes, &history->unsent);
    if (code < 0) { /* the database holds what no message may carry */
        log_error("answer_failed", log_text("query", query_kind_name(answer->asked.query.kind)),
                  log_text("reason", error_message()));
        history->unsent = 0;
        return;
    }
    answer->parts++;
    history->unsent_to = answer->asked.peer;
    history->unsent_of = message->last ? NULL : answer;
    history->unsent_since_ms = now_ms;
    (void)history_flush(history, now_ms);
}

void history_send_part(struct history_answer *answer, const struct store_part *part)
{
    struct answer message = empty_answer(answer->asked.query.id);
    if (part->symbol != NULL)
        (void)snprintf(message.symbol, sizeof message.symbol, "%s", part->symbol);
    message.interval_s = part->interval_s;
    message.candles = list_of(part->candles, part->candle_count);
    message.series = list_of(part->series, part->series_count);
    message.outcomes = list_of(part->outcomes, part->outcome_count);
    message.orders = list_of(part->orders, part->order_count);
    message.fills = list_of(part->fills, part->fill_count);
    message.positions = list_of(part->positions, part->position_count);
    message.accounts = list_of(part->accounts, part->account_count);
    message.coverages = list_of(part->coverages, part->coverage_count);
    message.absences = list_of(part->absences, part->absence_count);
    send_message(answer, &message);
}

void history_send_end(struct history_answer *answer, const char *error)
{
    struct answer message = empty_answer(answer->asked.query.id);
    message.last = true;
    set_error(&message, error);
    send_message(answer, &message);
    answer->history = NULL;
    metric_add(METRIC_queries_total, 1);
}

/* Answers a query that never came under way, with one message; if the link does not take it, the asker asks again. */
static void refuse(struct history *history, const struct peer *peer, uint64_t id, const char *error)
{
    struct answer answer = empty_answer(id);
    answer.last = true;
    set_error(&answer, error);
    int code = service_send(history->context, LINK_HISTORY, peer, RECORD_answer, &answer);
    (void)code;
}

void history_send_processes(struct history *history, const struct peer *peer, uint64_t id,
                            const struct process_state *rows, size_t count)
{
    struct answer answer = empty_answer(id);
    answer.last = true;
    answer.processes = list_of(rows, count);
    int code = service_send(history->context, LINK_HISTORY, peer, RECORD_answer, &answer);
    (void)code; /* it is asked again and again */
    metric_add(METRIC_queries_total, 1);
}

/* ---- the queue ---- */

void history_add(struct history *history, const struct peer *peer, const struct query *query, int64_t now_ms)
{
    if (query->kind == QUERY_KIND_OTHER) {
        refuse(history, peer, query->id, "this persister does not know that question: it is of an earlier version");
        return;
    }
    if (history->count == HISTORY_QUERIES_MAX) {
        refuse(history, peer, query->id, "too many queries wait, ask again later");
        return;
    }
    history->entries[history->count++] = (struct history_entry){.peer = *peer, .query = *query, .received_ms = now_ms};
}

static void remove_oldest(struct history *history)
{
    history->count--;
    memmove(&history->entries[0], &history->entries[1], history->count * sizeof history->entries[0]);
}

struct history_answer *history_next(struct history *history)
{
    if (history->count == 0)
        return NULL;
    for (size_t i = 0; i < HISTORY_ANSWERS_MAX; i++) {
        struct history_answer *answer = &history->answers[i];
        if (answer->history != NULL)
            continue;
        *answer = (struct history_answer){.history = history, .asked = history->entries[0]};
        remove_oldest(history);
        return answer;
    }
    return NULL;
}

void history_expire(struct history *history, int64_t now_ms, const char *why)
{
    while (history->count > 0 && now_ms - history->entries[0].received_ms > HISTORY_AWAY_MS) {
        refuse(history, &history->entries[0].peer, history->entries[0].query.id, why);
        remove_oldest(history);
    }
}
