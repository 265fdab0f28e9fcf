/* PostgreSQL: queries. Their statements are sent some at a time, and their rows handed out a part at a time. */
/* SPDX-License-Identifier: MIT */
#include "lib/store/postgres.h"

#include <assert.h>

enum { STATEMENTS_A_FLIGHT = 32 };

static void send_next(struct postgres *postgres);

/* ---- handing out ---- */

static int read_row(const PGresult *result, int row, const struct record_row *record, void *out)
{
    int code = 0;
    for (size_t i = 0; i < record->field_count && code == 0; i++)
        code = row_set(&record->fields[i], out, postgres_cell(result, row, (int)i, &record->fields[i]));
    return code;
}

static int read_rows(struct postgres *postgres, const struct record_row *record)
{
    int code = 0;
    postgres->buffer.count = 0;
    while (code == 0 && postgres->buffer.count < STORE_PART_ROWS && postgres->next_row < PQntuples(postgres->rows)) {
        void *out = part_buffer_next(&postgres->buffer, record->size);
        code = read_row(postgres->rows, postgres->next_row++, record, out);
    }
    return code;
}

void postgres_hand_out(struct postgres *postgres)
{
    struct postgres_work *work = &postgres->work;
    const struct record_row *record = &records[work->received.select->record];
    int code = read_rows(postgres, record);
    if (code != 0)
        postgres_fail_flight(postgres, code); /* the rest of it is read and forgotten */
    if (code != 0 || postgres->next_row == PQntuples(postgres->rows)) {
        PQclear(postgres->rows);
        postgres->rows = NULL;
    }
    if (code == 0) {
        struct store_part part = select_part(&work->received, &postgres->buffer);
        work->part(work->user, &part);
    }
}

/* ---- asking ---- */

/* Keeps the rows of the next statement to be handed out. */
static int take_rows(struct postgres *postgres, PGresult *result)
{
    struct postgres_work *work = &postgres->work;
    bool expected = select_place_next(&work->received, &postgres->series, &work->query);
    assert(expected && PQnfields(result) == (int)records[work->received.select->record].field_count);
    (void)expected;
    if (PQntuples(result) == 0) {
        PQclear(result);
        return 0;
    }
    postgres->rows = result;
    postgres->next_row = 0;
    return 0;
}

static void on_answered(struct postgres *postgres, int code)
{
    if (code != 0)
        postgres_end_work(postgres, code);
    else
        send_next(postgres);
}

static int send_select(struct postgres *postgres)
{
    struct postgres_work *work = &postgres->work;
    work->parameters.series_id = work->sent.series != NULL ? work->sent.series->id : 0;
    for (int i = 0; i < SELECT_PARAMETERS; i++) {
        struct cell cell = select_parameter(&work->parameters, i);
        if (cell.text != NULL)
            parameters_add_text(&postgres->parameters, cell.text);
        else
            parameters_add_integer(&postgres->parameters, cell.integer);
    }
    return postgres_send(postgres, work->sent.select->sql);
}

/* Sends the next statements of the query, or ends it when there is none left. */
static void send_next(struct postgres *postgres)
{
    struct postgres_work *work = &postgres->work;
    int code = 0, count = 0;
    while (code == 0 && count < STATEMENTS_A_FLIGHT &&
           select_place_next(&work->sent, &postgres->series, &work->query)) {
        code = send_select(postgres);
        count++;
    }
    if (count == 0)
        postgres_end_work(postgres, 0);
    else
        postgres_fly(postgres, code, take_rows, on_answered);
}

void postgres_query(struct store *store, const struct query *query, store_part_fn part, store_done_fn done, void *user)
{
    struct postgres *postgres = store->state;
    assert(select_exists(query->kind));
    if (!postgres_begin_work(postgres,
                             (struct postgres_work){.query = *query, .part = part, .done = done, .user = user}))
        return;
    postgres->work.parameters = select_parameters_of(&postgres->work.query);
    if (query->kind == QUERY_KIND_RECENT_CANDLES) /* somebody else may have added series */
        postgres_fly(postgres, postgres_send_load_series(postgres), postgres_take_series, on_answered);
    else
        send_next(postgres);
}
