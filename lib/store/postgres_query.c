/* PostgreSQL: queries. Their statements are sent some at a time, and their rows handed out a part at a time. */
/* SPDX-License-Identifier: MIT */
#include "lib/store/postgres.h"

#include <assert.h>

enum { STATEMENTS_A_FLIGHT = 32 };

static void send_next(struct postgres_session *session);

/* ---- handing out ---- */

static int read_row(const PGresult *result, int row, const struct record_row *record, void *out)
{
    int code = 0;
    for (size_t i = 0; i < record->field_count && code == 0; i++)
        code = row_set(&record->fields[i], out, postgres_cell(result, row, (int)i, &record->fields[i]));
    return code;
}

static int read_rows(struct postgres_session *session, const struct record_row *record)
{
    int code = 0;
    session->pool->buffer.count = 0;
    while (code == 0 && session->pool->buffer.count < STORE_PART_ROWS && session->next_row < PQntuples(session->rows)) {
        void *out = part_buffer_next(&session->pool->buffer, record->size);
        code = read_row(session->rows, session->next_row++, record, out);
    }
    return code;
}

void postgres_hand_out(struct postgres_session *session)
{
    struct postgres_work *work = session->work;
    const struct record_row *record = &records[work->received.select->record];
    int code = read_rows(session, record);
    if (code != 0)
        postgres_fail_flight(session, code); /* the rest of it is read and forgotten */
    if (code != 0 || session->next_row == PQntuples(session->rows)) {
        PQclear(session->rows);
        session->rows = NULL;
    }
    if (code == 0) {
        struct store_part part = select_part(&work->received, &session->pool->buffer);
        session->pool->spoke = true;
        work->part(work->user, &part);
    }
}

/* ---- asking ---- */

/* Keeps the rows of the next statement to be handed out. */
static int take_rows(struct postgres_session *session, PGresult *result)
{
    struct postgres_work *work = session->work;
    bool expected = select_place_next(&work->received, &session->pool->series, &work->query);
    assert(expected && PQnfields(result) == (int)records[work->received.select->record].field_count);
    (void)expected;
    if (PQntuples(result) == 0) {
        PQclear(result);
        return 0;
    }
    session->rows = result;
    session->next_row = 0;
    return 0;
}

static void on_answered(struct postgres_session *session, int code)
{
    if (code != 0)
        postgres_end_work(session, code);
    else
        send_next(session);
}

static int send_select(struct postgres_session *session)
{
    struct postgres_work *work = session->work;
    work->parameters.series_id = work->sent.series.id;
    for (int i = 0; i < SELECT_PARAMETERS; i++) {
        struct cell cell = select_parameter(&work->parameters, i);
        if (cell.text != NULL)
            parameters_add_text(&session->parameters, cell.text);
        else
            parameters_add_integer(&session->parameters, cell.integer);
    }
    return postgres_send(session, work->sent.select->sql);
}

/* Sends the next statements of the query, or ends it when there is none left. */
static void send_next(struct postgres_session *session)
{
    struct postgres_work *work = session->work;
    int code = 0, count = 0;
    while (code == 0 && count < STATEMENTS_A_FLIGHT &&
           select_place_next(&work->sent, &session->pool->series, &work->query)) {
        if (count++ == 0)
            code = postgres_send_limits(session);
        if (code == 0)
            code = send_select(session);
    }
    if (count == 0)
        postgres_end_work(session, 0);
    else
        postgres_fly(session, code, take_rows, on_answered);
}

static void begin_query(struct postgres_session *session)
{
    struct postgres_work *work = session->work;
    work->parameters = select_parameters_of(&work->query);
    if (work->query.kind == QUERY_KIND_RECENT_CANDLES) /* somebody else may have added series */
        postgres_fly(session, postgres_send_load_series(session), postgres_take_series, on_answered);
    else
        send_next(session);
}

void postgres_query(struct store *store, const struct query *query, store_part_fn part, store_done_fn done, void *user)
{
    struct postgres *pool = store->state;
    assert(select_exists(query->kind));
    postgres_hand_over(pool, postgres_query_place(pool),
                       (struct postgres_work){.kind = STORE_QUERY,
                                              .begin = begin_query,
                                              .query = *query,
                                              .part = part,
                                              .done = done,
                                              .user = user});
}
