/* The copy follows the messages; what changed is marked, and the pages are told at the next flush. */
/* SPDX-License-Identifier: MIT */
#include "dashboard/view.h"

#include <string.h>

int view_init(struct view *view)
{
    memset(view, 0, sizeof *view);
    int code = recent_init(&view->signals, &recent_signals);
    if (code == 0)
        code = recent_init(&view->orders, &recent_orders);
    if (code == 0)
        code = recent_init(&view->fills, &recent_fills);
    if (code < 0)
        view_release(view);
    return code;
}

void view_release(struct view *view)
{
    recent_release(&view->signals);
    recent_release(&view->orders);
    recent_release(&view->fills);
}

/* ---- sequence ---- */

static enum view_step step(struct view *view, uint64_t epoch, uint64_t sequence)
{
    if (view->known && (epoch < view->epoch || (epoch == view->epoch && sequence < view->sequence)))
        return VIEW_OLD;
    bool follows = view->known && epoch == view->epoch && sequence - view->sequence <= 1;
    view->epoch = epoch;
    view->sequence = sequence;
    return follows ? VIEW_IN_ORDER : VIEW_GAP;
}

/* ---- positions ---- */

static bool same_market(const struct position *left, const struct position *right)
{
    return strcmp(left->symbol, right->symbol) == 0 && strcmp(left->exchange, right->exchange) == 0;
}

/* The place of a position's market, or position_count. The search begins where the last one ended. */
static size_t find_position(struct view *view, const struct position *position)
{
    for (size_t i = 0; i < view->position_count; i++) {
        size_t place = (view->position_cursor + i) % view->position_count;
        if (same_market(&view->positions[place].position, position)) {
            view->position_cursor = place + 1;
            return place;
        }
    }
    return view->position_count;
}

static void put_position(struct view *view, const struct position *position)
{
    size_t place = find_position(view, position);
    if (place == VIEW_POSITIONS_MAX)
        return;
    struct view_position *row = &view->positions[place];
    if (place == view->position_count) {
        view->position_count++;
        *row = (struct view_position){0};
    }
    if (memcmp(&row->position, position, sizeof *position) != 0) {
        row->position = *position;
        row->dirty = true;
    }
    row->listed = true;
}

static void close_unlisted(struct view *view)
{
    for (size_t i = 0; i < view->position_count; i++) {
        struct view_position *row = &view->positions[i];
        if (!row->listed && row->position.quantity != 0) {
            row->position.quantity = 0;
            row->dirty = true;
        }
        row->listed = false;
    }
}

enum view_step view_take_portfolio(struct view *view, const struct portfolio *portfolio)
{
    enum view_step result = step(view, portfolio->epoch, portfolio->sequence);
    struct list rows = portfolio->positions;
    struct position position;
    if (result == VIEW_OLD)
        return result;
    view->known = true;
    view->portfolio = *portfolio;
    view->portfolio.positions = (struct list){0};
    view->portfolio_dirty = true;
    for (memset(&position, 0, sizeof position); list_next(&rows, RECORD_position, &position);
         memset(&position, 0, sizeof position))
        if (position.quantity != 0)
            put_position(view, &position);
    close_unlisted(view);
    return result;
}

/* ---- what happens ---- */

/* Rows are compared byte by byte, so the bytes between their fields must be alike. */
static void take_rows(struct recent *recent, struct list rows, enum record record)
{
    union {
        struct signal_outcome signal;
        struct order order;
        struct fill fill;
    } row;
    for (memset(&row, 0, sizeof row); list_next(&rows, record, &row); memset(&row, 0, sizeof row))
        (void)recent_put(recent, &row);
}

void view_take_signals(struct view *view, struct list rows)
{
    take_rows(&view->signals, rows, RECORD_signal_outcome);
}

void view_take_orders(struct view *view, struct list rows)
{
    take_rows(&view->orders, rows, RECORD_order);
}

void view_take_fills(struct view *view, struct list rows)
{
    take_rows(&view->fills, rows, RECORD_fill);
}

enum view_step view_take_events(struct view *view, const struct portfolio_event *event)
{
    /* Before the first portfolio nothing is known to be in order, but an event is an event. */
    enum view_step result = view->known ? step(view, event->epoch, event->sequence) : VIEW_IN_ORDER;
    view_take_signals(view, event->outcomes);
    view_take_orders(view, event->orders);
    view_take_fills(view, event->fills);
    return result;
}

/* ---- processes ---- */

static struct view_process *place_for(struct view *view, const struct process_state *state)
{
    for (size_t i = 0; i < view->process_count; i++)
        if (view->processes[i].state.instance == state->instance &&
            strcmp(view->processes[i].state.role, state->role) == 0)
            return &view->processes[i];
    if (view->process_count == VIEW_PROCESSES_MAX)
        return NULL;
    struct view_process *row = &view->processes[view->process_count++];
    *row = (struct view_process){0};
    return row;
}

void view_take_process(struct view *view, const struct process_state *state)
{
    struct view_process *row = place_for(view, state);
    if (row == NULL)
        return;
    row->dirty = row->dirty || memcmp(&row->state, state, sizeof *state) != 0;
    row->state = *state;
    row->gone = false;
    row->listed = true;
}

static void end_unlisted(struct view *view)
{
    for (size_t i = 0; i < view->process_count; i++) {
        struct view_process *row = &view->processes[i];
        bool is_gone = !row->listed && strcmp(row->state.role, "dashboard") != 0;
        row->dirty = row->dirty || is_gone;
        row->gone = is_gone;
        row->listed = false;
    }
}

void view_take_processes(struct view *view, struct list rows, bool last)
{
    struct process_state state;
    for (memset(&state, 0, sizeof state); list_next(&rows, RECORD_process_state, &state);
         memset(&state, 0, sizeof state))
        view_take_process(view, &state);
    if (last)
        end_unlisted(view);
}

/* ---- the end of things ---- */

static void drop_closed_positions(struct view *view)
{
    size_t kept = 0;
    for (size_t i = 0; i < view->position_count; i++) {
        const struct view_position *row = &view->positions[i];
        if (row->position.quantity != 0 || row->dirty)
            view->positions[kept++] = *row;
    }
    view->position_count = kept;
    view->position_cursor = 0;
}

void view_drop_ended(struct view *view)
{
    size_t kept = 0;
    drop_closed_positions(view);
    for (size_t i = 0; i < view->process_count; i++)
        if (!view->processes[i].gone || view->processes[i].dirty)
            view->processes[kept++] = view->processes[i];
    view->process_count = kept;
}
