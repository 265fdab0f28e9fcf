/* What the dashboard knows of the system: a copy that may be lost and is asked for again. It is put together from the
 * trader's portfolio link, from its snapshots and from the history. */
/* SPDX-License-Identifier: MIT */
#ifndef WICK_DASHBOARD_VIEW_H
#define WICK_DASHBOARD_VIEW_H

#include "dashboard/recent.h"
#include "lib/base/error.h"
#include "proto/message.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    VIEW_OPEN_POSITIONS_MAX = 1000, /* as in a portfolio message */
    VIEW_POSITIONS_MAX = 2000,      /* and as many that have just closed, until every page was told */
    VIEW_PROCESSES_MAX = 300,
};

struct view_position {
    struct position position; /* quantity 0: closed */
    bool dirty;               /* changed since it was last sent to the pages */
    bool listed;              /* in the portfolio message that is being taken */
};

struct view_process {
    struct process_state state;
    bool dirty;
    bool listed; /* in the answer that is being taken */
    bool gone;   /* it is not reported any more; forgotten once the pages were told */
};

struct view {
    bool known;                 /* a portfolio has come */
    uint64_t epoch, sequence;   /* of the last message of the trader that was taken */
    struct portfolio portfolio; /* the last one; its list is empty, see positions */
    bool portfolio_dirty;
    struct view_position positions[VIEW_POSITIONS_MAX];
    size_t position_count;
    size_t position_cursor; /* where the next one is expected: traders send them in the same order each time */
    size_t position_turn;   /* where the search for changed ones goes on: each has its turn, however many change */
    struct recent signals, orders, fills;
    struct view_process processes[VIEW_PROCESSES_MAX];
    size_t process_count;
    size_t process_turn; /* as position_turn */
};

/* How a message of the trader follows the one before. */
enum view_step {
    VIEW_IN_ORDER,
    VIEW_OLD,  /* it was overtaken by a snapshot, or comes from an older trader: a portfolio is ignored then, an event is
                  taken, because its rows have keys */
    VIEW_GAP,  /* it was taken, but something before it was lost: events are to be asked from the history */
};

/* ERROR_MEMORY. */
int view_init(struct view *view) MUST_CHECK;
void view_release(struct view *view);

/* Take one decoded message each. */
enum view_step view_take_portfolio(struct view *view, const struct portfolio *portfolio);
enum view_step view_take_events(struct view *view, const struct portfolio_event *event);

/* Takes the rows of a list (of an answer or an event). */
void view_take_signals(struct view *view, struct list rows);
void view_take_orders(struct view *view, struct list rows);
void view_take_fills(struct view *view, struct list rows);

/* Takes one part of the reports of all processes; after the last part, those that were in none of them are gone. */
void view_take_processes(struct view *view, struct list rows, bool last);

/* Takes the report of one process, the dashboard's own. */
void view_take_process(struct view *view, const struct process_state *state);

/* Forgets the closed positions and the processes that are gone, if the pages were told. */
void view_drop_ended(struct view *view);

#endif
